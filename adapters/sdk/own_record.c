/* Key records of our own: kept until the hub has them, which it says to everybody. They do not
 * count before: with a key that nobody knows the hub would not let us in. PROTOCOL 5.1. */
#include "adapters/sdk/inner.h"
#include "adapters/sdk/inner_sql.h"
#include "base/log.h"
#include "keys/amend.h"

#include <stdlib.h>

static enum err check(struct sdk *s, struct span lsd1, uint64_t now_ms, lianshu_KeyRecord *body,
                      struct fault *fault)
{
    uint8_t hash[HASH_LEN];
    lianshu_Document *d = s->document;
    const struct registry_member *own = registry_member(s->registry, s->member);

    if (lsd1.len > AMEND_DOCUMENT_MAX)
        return fault_set(fault, ERR_TOO_LARGE, 0, "record", "at most %d bytes", AMEND_DOCUMENT_MAX);
    enum err err = registry_verify_document(s->registry, now_ms, lsd1, s->verifier, d, hash);
    if (err != OK)
        return fault_set(fault, err, 0, "record", "%s", err_en(err));
    if (d->type != lianshu_DocumentType_TYPE_KEY_RECORD || d->issuers_count != 1 ||
        strcmp(d->issuers[0].member, s->member) != 0)
        return fault_set(fault, ERR_KEY_NOT_SENDERS, 0, "record", "a key record of %s", s->member);
    if ((err = wire_decode(&lianshu_KeyRecord_msg, span_of(d->body.bytes, d->body.size), body)) !=
        OK)
        return fault_set(fault, err, 0, "record", "%s", err_en(err));
    if (own == NULL || body->number <= own->key_records)
        return fault_set(fault, ERR_REGISTRY_ROLLBACK, 0, "record", "number %llu is in effect",
                         (unsigned long long)body->number);
    return OK;
}

enum err sdk_key_record(struct sdk *s, struct span lsd1, uint64_t now_ms, struct fault *fault)
{
    lianshu_KeyRecord body;
    struct stmt *q = s->sql[SQL_RECORD_PUT];
    enum err err = check(s, lsd1, now_ms, &body, fault);

    if (err != OK || (err = inner_begin(s)) != OK)
        return err;
    stmt_bind_u64(q, 1, body.number);
    stmt_bind_blob(q, 2, lsd1);
    if ((err = stmt_run(q)) != OK)
        return err;
    s->record_cursor = 0;
    s->records_more = true;
    return OK;
}

enum err own_record_say(struct sdk *s)
{
    lianshu_Control *c = s->control;
    lianshu_Amendments *body = &c->body.amendments;
    struct stmt *q = s->sql[SQL_RECORD_NEXT];

    if (!s->records_more)
        return ERR_NOT_FOUND;
    wire_clear(&lianshu_Control_msg, c);
    c->kind = lianshu_ControlKind_CONTROL_AMENDMENTS;
    c->which_body = lianshu_Control_amendments_tag;
    body->documents_count = 0;
    stmt_bind_u64(q, 1, s->record_cursor);
    enum err err = stmt_step(q);
    if (err == OK) {
        const struct span lsd1 = stmt_blob(q, 1);
        s->record_cursor = stmt_u64(q, 0);
        if (lsd1.len <= sizeof body->documents[0].bytes) {
            body->documents_count = 1;
            body->documents[0].size = (pb_size_t)lsd1.len;
            memcpy(body->documents[0].bytes, lsd1.data, lsd1.len);
        }
    }
    err = stmt_end(q, err);
    s->records_more = err == OK;
    return err == OK ? turn_put_control(s) : err;
}

enum err own_record_settle(struct sdk *s)
{
    const struct registry_member *own = registry_member(s->registry, s->member);
    struct stmt *q = s->sql[SQL_RECORD_DROP];

    if (own == NULL)
        return OK;
    const enum err err = inner_begin(s);
    if (err != OK)
        return err;
    stmt_bind_u64(q, 1, own->key_records);
    return stmt_run(q);
}
