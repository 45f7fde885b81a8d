/* Asking before acting: a message that is not sent goes to the hub as a question. */
#include "adapters/sdk/inner.h"

#include "redress.pb.h"

#include <stdlib.h>
#include <string.h>

struct question {
    lianshu_Preview body;
    uint8_t facts[sizeof(lianshu_Preview)]; /* canonical: shorter than the struct */
};

static enum err ask(struct sdk *s, struct question *q, const struct sdk_message *m, uint64_t now_ms,
                    uint8_t id[static SDK_ID_LEN], bool *repeat, struct fault *fault)
{
    const char *to[] = {s->hub};
    struct writer w = writer_of(q->facts, sizeof q->facts);

    wire_clear(&lianshu_Preview_msg, &q->body);
    q->body.type = m->type;
    q->body.body.size = (pb_size_t)m->facts.len;
    memcpy(q->body.body.bytes, m->facts.data, m->facts.len);
    const enum err err = wire_encode(&lianshu_Preview_msg, &q->body, &w);
    if (err != OK)
        return err;
    const struct sdk_message question = {
        .key = m->key,
        .type = lianshu_DocumentType_TYPE_PREVIEW,
        .to = to,
        .to_count = 1,
        .facts = writer_span(&w),
        .basis = m->basis,
        .basis_count = m->basis_count,
    };
    return sdk_send(s, &question, now_ms, id, repeat, fault);
}

enum err sdk_preview(struct sdk *s, const struct sdk_message *m, uint64_t now_ms,
                     uint8_t id[static SDK_ID_LEN], bool *repeat, struct fault *fault)
{
    const struct document_type *type = type_find(m->type);

    if (type == NULL || type->facts == NULL || type->alone != NULL ||
        (type->flags & TYPE_BY_HUB) != 0 || m->type == lianshu_DocumentType_TYPE_PREVIEW)
        return fault_set(fault, ERR_TYPE_UNKNOWN, 0, "type",
                         "a type with facts that a department sends");
    if (m->facts.len == 0 || m->facts.len > sizeof((lianshu_Preview *)0)->body.bytes)
        return fault_set(fault, ERR_TOO_LARGE, 0, "facts", "1 to %zu bytes",
                         sizeof((lianshu_Preview *)0)->body.bytes);
    struct question *q = malloc(sizeof *q);
    if (q == NULL)
        return fault_set(fault, ERR_NO_MEMORY, 0, "facts", "the question");
    const enum err err = ask(s, q, m, now_ms, id, repeat, fault);
    free(q);
    return err;
}
