/* What the registry was amended by, as the hub tells it: kept, and in effect again at each start.
 * And the acts of two officials on what is held for it. keys/amend.h. */
#include "adapters/sdk/beside.h"
#include "adapters/sdk/inbox_inner.h"
#include "base/hex.h"
#include "base/log.h"
#include "keys/amend.h"
#include "keys/roles.h"

#include <stdlib.h>

static enum err put_amendment(struct sdk *s, const struct amendment *row)
{
    struct stmt *q = s->sql[SQL_AMENDED_PUT];

    stmt_bind_bytes(q, 1, row->hash, HASH_LEN);
    stmt_bind_u64(q, 2, row->applied_ms);
    stmt_bind_blob(q, 3, row->lsd1);
    return stmt_run(q);
}

const struct key *amends_key(const struct sdk *s, enum key_use use, uint64_t now_ms)
{
    const struct key *key = registry_own_key(s->registry, s->keys, s->member, use, now_ms);

    return key != NULL ? key : keyring_find(s->keys, use);
}

enum err amends_open(struct sdk *s, uint64_t now_ms, struct fault *fault)
{
    enum err err = OK;
    uint64_t cursor = 0;
    struct stmt *q = s->sql[SQL_AMENDED_NEXT];

    while (err == OK) {
        uint8_t lsd1[AMEND_DOCUMENT_MAX];
        uint64_t applied_ms = 0;
        size_t len = 0;
        stmt_bind_u64(q, 1, cursor);
        err = stmt_step(q);
        if (err == OK) {
            const struct span bytes = stmt_blob(q, 2);
            cursor = stmt_u64(q, 0);
            applied_ms = stmt_u64(q, 1);
            len = bytes.len <= sizeof lsd1 ? bytes.len : 0;
            memcpy(lsd1, bytes.data, len);
        }
        err = stmt_end(q, err);
        if (err == OK)
            err = registry_amend_again(s->registry, span_of(lsd1, len), applied_ms, fault);
    }
    s->sign = amends_key(s, KEY_USE_SIGN, now_ms);
    return err == ERR_NOT_FOUND ? OK : err;
}

enum err amends_take(struct sdk *s, const lianshu_Amendments *body, uint64_t now_ms)
{
    for (pb_size_t i = 0; i < body->documents_count; i++) {
        const struct amendment *row;
        struct fault fault = {.err = OK};
        const struct span lsd1 = span_of(body->documents[i].bytes, body->documents[i].size);
        enum err err = registry_amend(s->registry, lsd1, now_ms, true, &row, &fault);
        if (err == ERR_REPEAT)
            continue;
        if (err_class(err) == ERR_CLASS_REJECT) {
            log_warn("amendment_refused", "code=%d what=%s", (int)err, fault.detail);
            continue;
        }
        if (err != OK || (err = inner_begin(s)) != OK || (err = put_amendment(s, row)) != OK)
            return err;
        log_info("amended", "by=%s number=%llu member=%s", row->issuer,
                 (unsigned long long)row->number, row->member);
    }
    s->sign = amends_key(s, KEY_USE_SIGN, now_ms);
    return own_record_settle(s);
}

/* ---- what is held ---- */

enum err held_allowed(struct sdk *s, uint64_t row, bool *allowed)
{
    struct stmt *q = s->sql[SQL_ACT_OF];

    stmt_bind_u64(q, 1, row);
    const enum err err = stmt_step(q);
    *allowed = err == OK;
    const enum err ended = stmt_end(q, err);
    return ended == ERR_NOT_FOUND ? OK : ended;
}

enum err held_put(struct sdk *s, struct delivery *d, uint64_t now_ms)
{
    log_warn("held", "sender=%s type=%u code=%d", s->message->header.sender,
             (unsigned)s->message->header.type, (int)ERR_REVOKED);
    return d->row == 0 ? inbox_put_row(s, d, HELD, ERR_REVOKED, now_ms)
                       : inbox_set_state(s, d->row, HELD, ERR_REVOKED, now_ms);
}

static enum err next_held(struct stmt *q, uint64_t *cursor, struct sdk_held *out)
{
    *out = (struct sdk_held){0};
    stmt_bind_u64(q, 1, *cursor);
    const enum err err = stmt_step(q);
    if (err == OK) {
        *cursor = stmt_u64(q, 0);
        stmt_copy(q, 1, out->message_id, SDK_ID_LEN);
        stmt_copy_text(q, 2, out->sender, sizeof out->sender);
        out->type = (uint32_t)stmt_u64(q, 3);
        out->held_ms = stmt_u64(q, 4);
    }
    return stmt_end(q, err);
}

enum err sdk_held(struct sdk *s, uint64_t *cursor, struct sdk_held *out)
{
    return next_held(s->sql[SQL_HELD_NEXT], cursor, out);
}

enum err sdk_held_beside(const char *state_dir, sdk_held_fn *each, void *ctx, struct fault *fault)
{
    struct db *db;
    struct stmt *sql[1];
    struct sdk_held row;
    uint64_t cursor = 0;
    enum err err;

    if ((err = beside_db(&db, state_dir, fault)) == OK &&
        (err = db_prepare(db, &sql_text[SQL_HELD_NEXT], 1, sql, fault)) == OK)
        while ((err = next_held(sql[0], &cursor, &row)) == OK && (err = each(ctx, &row)) == OK)
            ;
    db_close(&db);
    return err == ERR_NOT_FOUND && fault->err == OK ? OK : err;
}

/* Two officials of ours, or of our hub; not the one who is doubted. */
static enum err check_act(struct sdk *s, struct span lsd1, uint64_t now_ms,
                          lianshu_OfficialAct *act, struct fault *fault)
{
    uint8_t hash[HASH_LEN];
    lianshu_Document *d = s->document;
    struct registry_at at = {.registry = s->registry, .at_ms = now_ms, .use = KEY_USE_OFFICIAL};
    const struct document_signers signers = registry_signers(&at);
    enum err err = document_verify(lsd1, s->realm, &signers, s->verifier, d, hash);

    if (err != OK)
        return fault_set(fault, err, 0, "act", "%s", err_en(err));
    if (d->type != lianshu_DocumentType_TYPE_OFFICIAL_ACT || d->issuers_count != 2)
        return fault_set(fault, ERR_TWO_OFFICIALS, 0, "act", "not an act of two officials");
    for (size_t i = 0; i < 2; i++)
        if (strcmp(d->issuers[i].member, s->member) != 0 &&
            strcmp(d->issuers[i].member, s->hub) != 0)
            return fault_set(fault, ERR_TWO_OFFICIALS, 0, "act", "officials of %s",
                             d->issuers[i].member);
    if (d->valid_until_ms == 0 || d->valid_until_ms <= now_ms)
        return fault_set(fault, ERR_EXPIRED, 0, "act", "valid_until");
    if (wire_decode(&lianshu_OfficialAct_msg, span_of(d->body.bytes, d->body.size), act) != OK ||
        (act->verb != lianshu_OfficialVerb_OFFICIAL_RELEASE &&
         act->verb != lianshu_OfficialVerb_OFFICIAL_RETURN) ||
        strcmp(act->recipient, s->member) != 0)
        return fault_set(fault, ERR_HEADER, 0, "act", "verb or recipient");
    if ((err = roles_check(s->registry, d, act->verb)) != OK)
        return fault_set(fault, err, 0, "act", "%s", roles_needed(act->verb));
    return OK;
}

static enum err find_held(struct sdk *s, const lianshu_OfficialAct *act, struct delivery *d)
{
    struct stmt *q = s->sql[SQL_HELD_FIND];

    stmt_bind_bytes(q, 1, act->message_id, SDK_ID_LEN);
    stmt_bind_text(q, 2, act->sender);
    const enum err err = stmt_step(q);
    if (err == OK) {
        d->row = stmt_u64(q, 0);
        stmt_copy(q, 1, d->conversation, SDK_ID_LEN);
        d->number = stmt_u64(q, 2);
        d->ordered = memcmp(act->message_id, d->conversation, SDK_ID_LEN) != 0;
    }
    return stmt_end(q, err);
}

static enum err keep_act(struct sdk *s, const struct delivery *d, struct span lsd1, uint64_t now_ms)
{
    struct stmt *q = s->sql[SQL_ACT_PUT];

    stmt_bind_u64(q, 1, d->row);
    stmt_bind_u64(q, 2, now_ms);
    stmt_bind_blob(q, 3, lsd1);
    return stmt_run(q);
}

enum err sdk_act(struct sdk *s, struct span lsd1, uint64_t now_ms, struct fault *fault)
{
    lianshu_OfficialAct act;
    struct delivery d = {0};
    enum err err = check_act(s, lsd1, now_ms, &act, fault);

    if (err != OK)
        return err;
    if ((err = find_held(s, &act, &d)) != OK)
        return fault_set(fault, err, 0, "act", "nothing under this id is held");
    if ((err = inner_begin(s)) != OK || (err = keep_act(s, &d, lsd1, now_ms)) != OK)
        return err;
    log_info("act", "verb=%d sender=%s", (int)act.verb, act.sender);
    err = act.verb == lianshu_OfficialVerb_OFFICIAL_RELEASE ? inbox_release(s, &d, now_ms)
                                                            : inbox_reject(s, &d, now_ms);
    return err == OK ? OK : fault_set(fault, err, 0, "act", "%s", err_en(err));
}

uint32_t sdk_paper_type(struct span lsd1)
{
    struct frame_document frame;
    uint32_t type = 0;
    lianshu_Document *d = malloc(sizeof *d);

    if (d != NULL && frame_parse_document(lsd1, &frame) == OK &&
        wire_decode(&lianshu_Document_msg, frame.document, d) == OK)
        type = d->type;
    free(d);
    return type;
}
