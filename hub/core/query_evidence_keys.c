/* Whose keys an evidence bundle rests on: members with their proofs, registrars, and revocations
 * since the version. Read only. PROTOCOL 16. */
#include "core/query.h"

#include "keys/amend.h"
#include "keys/registry_proof.h"

#include <string.h>

enum { REVOCATIONS_ANSWERED = 64 };

enum err query_evidence_member(struct query *q)
{
    const char *member = json_get_text(q->args, "member");
    struct writer w = writer_of(q->core->frame, FRAME_PROOF_MAX);
    if (member == NULL)
        return ERR_FIELD_VALUE;
    const enum err err = registry_prove(q->core->opt.registry, member, &w);
    if (err == OK)
        json_put_hex(q->answer, "proof", writer_span(&w));
    return err;
}

/* In the order of their application, from that place among all amendments on. */
enum err query_evidence_revocations(struct query *q)
{
    const struct registry *registry = q->core->opt.registry;
    const struct amendment *row;
    struct json *list = json_list();
    uint64_t from = 0;
    size_t i = 0;
    (void)json_uint(json_get(q->args, "from"), &from); /* may be left out */
    for (; (row = registry_amendment(registry, i)) != NULL; i++) {
        if (i < from || row->type != lianshu_DocumentType_TYPE_KEY_REVOCATION)
            continue;
        if (json_count(list) == REVOCATIONS_ANSWERED)
            break;
        struct json *said = json_map();
        json_put_text(said, "registrar", row->issuer);
        json_put_uint(said, "number", row->number);
        json_put_hex(said, "document", row->lsd1);
        json_add(list, said);
    }
    json_put(q->answer, "revocations", list);
    json_put_uint(q->answer, "next", i);
    json_put_flag(q->answer, "end", row == NULL);
    return OK;
}

/* The appointment of a registrar below the realm's, what it vouched for, and who appointed it. */
enum err query_evidence_registrar(struct query *q)
{
    const struct registry *registry = q->core->opt.registry;
    const char *member = json_get_text(q->args, "registrar");
    struct frame_registry frame;
    struct frame_registrar row;
    enum err err = frame_parse_registry(registry_file(registry), &frame);
    if (member == NULL)
        err = ERR_FIELD_VALUE;
    for (size_t i = 0; err == OK && frame_registry_registrar(&frame, &row); i++) {
        const struct registry_registrar *own = registry_registrar_at(registry, i);
        if (own == NULL || strcmp(own->member, member) != 0)
            continue;
        json_put_text(q->answer, "issuer", own->issuer);
        json_put_hex(q->answer, "document", row.document);
        json_put_hex(q->answer, "version", row.version);
        return OK;
    }
    return err == OK ? ERR_NOT_FOUND : err;
}
