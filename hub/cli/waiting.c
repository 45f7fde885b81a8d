#include "cli/waiting.h"

#include "base/file.h"
#include "base/hex.h"
#include "catalogue.h"
#include "cli/registry_diff.h"
#include "cli/show.h"
#include "keys/root.h"
#include "wire.h"

#include <stdlib.h>
#include <string.h>

void waiting_fini(struct waiting *w)
{
    json_close(&w->told);
    registry_close(&w->draft);
    registry_close(&w->before);
    free(w->document);
    free(w->data);
}

enum err waiting_decode(struct waiting *w, struct span lsd1, struct fault *fault)
{
    struct frame_document frame;
    enum err err = frame_parse_document(lsd1, &frame);
    if (err == OK)
        err = wire_decode(&lianshu_Document_msg, frame.document, w->document);
    if (err == OK && w->document->issuers_count == 0)
        err = ERR_HEADER;
    return err == OK ? OK : fault_set(fault, err, 0, w->path, "no document that could be signed");
}

enum err waiting_read(struct waiting *w, struct fault *fault)
{
    const struct args *args = w->cli->args;
    const char *before = args_value(args, "before");
    struct frame_registrar first;
    enum frame_kind kind;
    size_t len;
    enum err err = anchor_read(&w->anchor, args_value(args, "anchor"), fault);
    if (err == OK && before != NULL)
        err = registry_read(&w->before, &w->anchor, before, 0, fault);
    if (err == OK)
        err = file_read(w->path, REGISTRY_FILE_MAX, 0, &w->data, &len, fault);
    if (err != OK)
        return err;
    w->file = span_of(w->data, len);
    w->document = calloc(1, sizeof *w->document);
    if (w->document == NULL)
        return ERR_NO_MEMORY;
    err = frame_kind(w->file, &kind);
    w->registry = kind == FRAME_REGISTRY;
    w->lsd1 = w->file;
    if (err == OK && w->registry)
        err = frame_parse_registry(w->file, &w->frame);
    if (err == OK && !w->registry && kind != FRAME_DOCUMENT)
        err = ERR_FRAME_EMPTY;
    if (err != OK)
        return fault_set(fault, err, 0, w->path, "neither a registry nor a document");
    if (!w->registry)
        return waiting_decode(w, w->file, fault);
    struct frame_registry rest = w->frame;
    if (!frame_registry_registrar(&rest, &first))
        return ERR_INTERNAL;
    w->lsd1 = first.version;
    err = waiting_decode(w, first.document, fault);
    w->part = err == OK && strncmp(w->document->issuers[0].member, "root", 4) != 0;
    return err == OK ? waiting_decode(w, first.version, fault) : err;
}

/* ---- what it says ---- */

static enum err tell_registry(struct waiting *w, struct fault *fault)
{
    const struct registry_registrar *own;
    enum err err;
    if (w->part && w->before == NULL)
        return fault_set(fault, ERR_USAGE, 0, "--before", "the registry that the part is for");
    if (w->part)
        err = registry_open_part(&w->draft, &w->anchor, w->before, w->file, &w->signed_by, fault);
    else
        err = registry_open_draft(&w->draft, &w->anchor, w->file, &w->signed_by, fault);
    if (err != OK)
        return err;
    own = registry_registrar_at(w->draft, w->part ? registry_registrar_count(w->draft) - 1 : 0);
    if (!w->part && w->before == NULL && own->version > 1)
        return fault_set(fault, ERR_USAGE, 0, "--before",
                         "the registry before: who signs sees what changes");
    if (!w->part && w->before != NULL && own->version <= registry_version(w->before))
        return fault_set(fault, ERR_REGISTRY_ROLLBACK, 0, w->path, "version %llu after %llu",
                         (unsigned long long)own->version,
                         (unsigned long long)registry_version(w->before));
    const struct registry_diff diff = {w->before, w->draft, w->part ? own->member : NULL};
    if ((err = registry_diff_json(&diff, &w->told)) != OK)
        return err;
    json_put_text(w->told, "registrar", own->member);
    json_put_uint(w->told, "version", own->version);
    json_put_ms(w->told, "valid_until", registry_valid_until_ms(w->draft));
    json_put_uint(w->told, "members", registry_member_count(w->draft));
    return OK;
}

static struct json *type_names(const struct registry_registrar *r)
{
    struct json *names = json_list();
    for (size_t i = 0; type_at(i) != NULL; i++) {
        if (grant_names(r->types, type_at(i)->number))
            json_add_text(names, type_at(i)->name);
    }
    return names;
}

static void tell_keys(struct json *j, const uint8_t (*key)[KEY_PUBLIC_LEN], size_t count)
{
    struct json *list = json_list();
    for (size_t i = 0; i < count; i++) {
        char text[2 * KEY_PUBLIC_LEN + 1];
        hex_encode(span_of(key[i], KEY_PUBLIC_LEN), text);
        json_add_text(list, text);
    }
    json_put(j, "keys", list);
}

const struct registry_registrar *registrar_named(const struct registry *r, const char *id)
{
    const struct registry_registrar *row = NULL;
    for (size_t i = 0; r != NULL && (row = registry_registrar_at(r, i)) != NULL; i++) {
        if (strcmp(row->member, id) == 0)
            return row;
    }
    return NULL;
}

/* An appointment: signed so far by roots, or by officials of a registrar of --before. */
static enum err verify_appointment(struct waiting *w, struct registry_registrar *r,
                                   struct fault *fault)
{
    uint8_t hash[HASH_LEN];
    struct verifier *verifier = NULL;
    const bool by_root = r->issuer[0] == '\0';
    const struct document_signers roots = anchor_signers(&w->anchor);
    const struct registry_registrar *issuer =
        by_root ? NULL : registrar_named(w->before, r->issuer);
    if (!by_root && issuer == NULL)
        return fault_set(fault, ERR_CHAIN, 0, w->path, "%s is no registrar of --before", r->issuer);
    enum err err = verifier_open(&verifier, VERIFIER_NODES_MIN);
    if (err == OK && by_root)
        err = document_verify_draft(w->lsd1, w->anchor.realm, &roots, verifier, w->document, hash,
                                    &w->signed_by);
    else if (err == OK)
        err = registrar_verify_draft(issuer, w->anchor.realm, w->lsd1, verifier, w->document, hash,
                                     &w->signed_by);
    verifier_close(&verifier);
    if (err == OK && by_root && document_key_count(w->document) < w->anchor.threshold)
        err = ERR_TWO_OFFICIALS;
    if (err != OK)
        return fault_set(fault, err, 0, w->path, "the appointment");
    return by_root ? OK : registrar_within(r, issuer, w->path, fault);
}

enum err waiting_appointment(struct waiting *w, struct fault *fault)
{
    struct registry_registrar r;
    enum err err = registrar_read(&r, w->document, w->path, fault);
    if (err == OK)
        err = verify_appointment(w, &r, fault);
    if (err != OK)
        return err;
    w->told = json_map();
    json_put_text(w->told, "registrar", r.member);
    json_put_text(w->told, "by", r.issuer[0] == '\0' ? "root" : r.issuer);
    json_put_text(w->told, "region", r.region);
    json_put_uint(w->told, "threshold", r.threshold);
    tell_keys(w->told, (const uint8_t(*)[KEY_PUBLIC_LEN])r.public_key, r.key_count);
    json_put_ms(w->told, "valid_from", r.valid_from_ms);
    json_put_ms(w->told, "valid_until", r.valid_until_ms);
    json_put(w->told, "types", type_names(&r));
    return OK;
}

static enum err tell_root(struct waiting *w, struct fault *fault)
{
    struct anchor to;
    enum err err = root_draft(&w->anchor, w->lsd1, &to, w->document, &w->signed_by, fault);
    if (err != OK)
        return err;
    w->told = json_map();
    json_put_uint(w->told, "number", to.number);
    json_put_uint(w->told, "threshold", to.threshold);
    tell_keys(w->told, (const uint8_t(*)[KEY_PUBLIC_LEN])to.root, to.root_count);
    return OK;
}

enum err waiting_tell(struct waiting *w, struct fault *fault)
{
    if (w->registry)
        return tell_registry(w, fault);
    if (w->document->type == lianshu_DocumentType_TYPE_REGISTRAR)
        return waiting_appointment(w, fault);
    if (w->document->type == lianshu_DocumentType_TYPE_ROOT)
        return tell_root(w, fault);
    return fault_set(fault, ERR_TYPE_UNKNOWN, 0, w->path,
                     "a registry, an appointment or a rotation of the root");
}

static void put_signers(struct waiting *w)
{
    struct json *list = json_list();
    for (pb_size_t i = 0; i < w->document->issuers_count; i++) {
        struct json *row = json_map();
        json_put_text(row, "member", w->document->issuers[i].member);
        json_put_hex(row, "kid", span_of(w->document->issuers[i].kid, KID_LEN));
        json_put_flag(row, "signed", (w->signed_by >> i & 1) != 0);
        json_add(list, row);
    }
    json_put(w->told, "signers", list);
    json_put_text(w->told, "agree", w->code);
}

/* Nearly a hundred lines would hide what matters. */
static void show_types(const struct json *types, FILE *to)
{
    size_t all = 0;
    while (type_at(all) != NULL)
        all++;
    if (types != NULL && json_count(types) == all) {
        fprintf(to, "单据类型 / document types: 全部 / all\n");
        return;
    }
    for (size_t i = 0; i < json_count(types); i++)
        fprintf(to, "  单据类型 / document type: %s\n", json_text(json_item(types, i)));
}

static void show_told(const struct waiting *w, FILE *to)
{
    static const struct {
        const char *key, *label;
    } lines[] = {
        {"registrar", "登记机构 / registrar"},
        {"by", "授权者 / appointed by"},
        {"region", "区域 / region"},
        {"number", "根编号 / root number"},
        {"version", "版本 / version"},
        {"threshold", "须签人数 / must sign"},
        {"members", "成员 / members"},
        {"valid_from", "生效 / valid from"},
        {"valid_until", "有效至 / valid until"},
    };
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        const struct json *value = json_get(w->told, lines[i].key);
        uint64_t number;
        if (json_text(value) != NULL)
            fprintf(to, "%s: %s\n", lines[i].label, json_text(value));
        else if (json_uint(value, &number))
            fprintf(to, "%s: %llu\n", lines[i].label, (unsigned long long)number);
    }
    const struct json *keys = json_get(w->told, "keys");
    for (size_t i = 0; i < json_count(keys); i++)
        fprintf(to, "  公钥 / key: %s\n", json_text(json_item(keys, i)));
    show_types(json_get(w->told, "types"), to);
    if (w->registry)
        registry_diff_show(to, w->told);
    for (pb_size_t i = 0; i < w->document->issuers_count; i++) {
        char kid[2 * KID_LEN + 1];
        hex_encode(span_of(w->document->issuers[i].kid, KID_LEN), kid);
        fprintf(to, "  %s %s  %s\n", w->document->issuers[i].member, kid,
                (w->signed_by >> i & 1) != 0 ? "已签 / signed" : "未签 / not yet");
    }
}

enum err waiting_answer(struct waiting *w, bool done)
{
    FILE *to = w->cli->world->out;
    const unsigned all = w->document->issuers_count;
    unsigned count = 0;
    for (unsigned i = 0; i < all; i++)
        count += w->signed_by >> i & 1;
    if (w->cli->json) {
        put_signers(w);
        json_put_flag(w->told, "complete", count == all);
        return show_json(to, w->told);
    }
    show_told(w, to);
    if (done)
        fprintf(to, "已签署；共 %u 人中的 %u 人已签 / signed; %u of %u have\n", all, count, count,
                all);
    else
        fprintf(to,
                "以上即所签内容。同意者请加 --agree %s / This is what is signed. To agree: --agree "
                "%s\n",
                w->code, w->code);
    return OK;
}
