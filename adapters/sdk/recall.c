/* Taking a message back: sdk_withdraw, and what a withdrawal that comes does here. */
#include "adapters/sdk/inbox_inner.h"
#include "base/hex.h"

#include <stdio.h>

/* ---- ours ---- */

/* Readers that have told us that they opened it. */
static enum err opened(struct sdk *s, uint64_t row, uint64_t *count)
{
    struct stmt *q = s->sql[SQL_RECEIPT_OPENED];

    stmt_bind_u64(q, 1, row);
    enum err err = stmt_step(q);
    if (err == OK)
        *count = stmt_u64(q, 0);
    return stmt_end(q, err);
}

/* ",a,b," to pointers, in place. */
static size_t split(char *destinations, const char *to[static SDK_DESTINATION_MAX])
{
    size_t count = 0;

    for (char *p = destinations; *p != '\0' && count < SDK_DESTINATION_MAX; p++) {
        if (*p != ',')
            continue;
        *p = '\0';
        if (p[1] != '\0')
            to[count++] = p + 1;
    }
    return count;
}

static enum err send_one(struct sdk *s, struct sent_part *part, uint32_t reason, uint64_t now_ms,
                         uint8_t id[static SDK_ID_LEN], struct fault *fault)
{
    enum err err;
    const char *to[SDK_DESTINATION_MAX];
    char key[SDK_KEY_MAX + 1], hex[2 * SDK_ID_LEN + 1];
    uint8_t bytes[256];
    struct writer w = writer_of(bytes, sizeof bytes);
    bool repeat;
    lianshu_Withdraw *body = (lianshu_Withdraw *)s->body;

    _Static_assert(sizeof *body <= SDK_BODY_STRUCT_MAX, "a withdrawal fits");
    wire_clear(&lianshu_Withdraw_msg, body);
    memcpy(body->message_id, part->message_id, SDK_ID_LEN);
    memcpy(body->env_id, part->env_id, HASH_LEN);
    body->reason = reason;
    if ((err = wire_encode(&lianshu_Withdraw_msg, body, &w)) != OK)
        return err;
    hex_encode(span_of(part->message_id, SDK_ID_LEN), hex);
    (void)snprintf(key, sizeof key, "withdraw:%s", hex);
    const struct sdk_message m = {
        .key = key,
        .type = lianshu_DocumentType_TYPE_WITHDRAW,
        .to = to,
        .to_count = split(part->destinations, to),
        .facts = writer_span(&w),
        .in_reply_to = span_of(part->env_id, HASH_LEN),
    };
    /* The hub must have met the message before it is told to forget it. */
    const bool waits = part->state == SDK_QUEUED || part->state == SDK_SENT;
    return send_message(s, &m, waits ? part->row : 0, now_ms, id, &repeat, fault);
}

enum err sdk_withdraw(struct sdk *s, const char *key, uint32_t reason, uint64_t now_ms,
                      uint8_t id[static SDK_ID_LEN], struct fault *fault)
{
    enum err err;
    struct sent_part part;
    bool late = false, sent = false;
    uint8_t other[SDK_ID_LEN];

    if (s->stage_count > 0 && (err = s->in_savepoint ? ERR_BUSY : pack_flush(s)) != OK)
        return fault_set(fault, err, 0, "outbox", "commit first");
    for (uint64_t i = 0; (err = send_part(s, key, i, &part)) == OK; i++) {
        uint64_t count = 0, readers = 0;
        for (const char *p = part.destinations; *p != '\0'; p++)
            readers += *p == ',';
        if (part.state == SDK_REJECTED || part.state == SDK_LAPSED)
            continue;
        if ((err = opened(s, part.row, &count)) != OK)
            return err;
        late = late || count + 1 >= readers; /* one comma more than readers */
        if (count + 1 >= readers)
            continue;
        if ((err = send_one(s, &part, reason, now_ms, sent ? other : id, fault)) != OK)
            return err;
        sent = true;
    }
    if (err != ERR_NOT_FOUND)
        return err;
    if (sent)
        return OK;
    return late ? fault_set(fault, ERR_WITHDRAW_LATE, 0, "key", "every reader has opened it")
                : fault_set(fault, ERR_NOT_FOUND, 0, "key", "nothing under way has this key");
}

/* ---- others' ---- */

struct original {
    uint64_t row, state, time_ms;
    uint32_t type;
};

static enum err find_original(struct sdk *s, const lianshu_Withdraw *body, struct original *o)
{
    struct stmt *q = s->sql[SQL_INBOX_BY_MESSAGE];
    char sender[SDK_MEMBER_MAX] = "";

    stmt_bind_bytes(q, 1, body->message_id, SDK_ID_LEN);
    stmt_bind_bytes(q, 2, body->env_id, HASH_LEN);
    enum err err = stmt_step(q);
    if (err == OK) {
        o->row = stmt_u64(q, 0);
        stmt_copy_text(q, 1, sender, sizeof sender);
        o->state = stmt_u64(q, 3);
        o->time_ms = stmt_u64(q, 4);
        o->type = (uint32_t)stmt_u64(q, 5);
    }
    if ((err = stmt_end(q, err)) != OK)
        return err;
    /* Only what is the sender's own. */
    return strcmp(sender, s->message->header.sender) == 0 ? OK : ERR_NO_RIGHT;
}

static enum err was_opened(struct sdk *s, uint64_t row, bool *is)
{
    struct stmt *q = s->sql[SQL_MARKS_OF];

    stmt_bind_u64(q, 1, row);
    stmt_bind_u64(q, 2, 0);
    enum err err = stmt_step(q);
    *is = err == OK;
    err = stmt_end(q, err);
    return err == ERR_NOT_FOUND ? OK : err;
}

/* Not shown yet: when its turn comes it is given back. */
static enum err remember(struct sdk *s, const lianshu_Withdraw *body, uint64_t now_ms)
{
    struct stmt *q = s->sql[SQL_WITHDRAWN_PUT];

    s->any_withdrawn = true;
    stmt_bind_bytes(q, 1, body->message_id, SDK_ID_LEN);
    stmt_bind_text(q, 2, s->message->header.sender);
    stmt_bind_bytes(q, 3, body->env_id, HASH_LEN);
    stmt_bind_u64(q, 4, now_ms);
    return stmt_run(q);
}

enum err recall_take(struct sdk *s, struct sdk_withdrawal *w, uint64_t now_ms)
{
    enum err err;
    struct original o = {0};
    bool late = false;
    lianshu_Withdraw *body = (lianshu_Withdraw *)s->message->body;
    const lianshu_Document *facts = &s->message->facts;

    if (wire_decode(&lianshu_Withdraw_msg, span_of(facts->body.bytes, facts->body.size), body) !=
        OK)
        return ERR_POISON;
    *w = (struct sdk_withdrawal){.reason = body->reason};
    memcpy(w->message_id, body->message_id, SDK_ID_LEN);
    memcpy(w->env_id, body->env_id, HASH_LEN);
    err = find_original(s, body, &o);
    if (err == ERR_NOT_FOUND || (err == OK && (o.state <= FETCHING || o.state == HELD)))
        return remember(s, body, now_ms);
    if (err != OK || o.state != APPLIED)
        return err;
    if ((err = was_opened(s, o.row, &late)) != OK)
        return err;
    if (late)
        return ERR_WITHDRAW_LATE;
    w->shown = true;
    w->type = o.type;
    return inbox_set_state(s, o.row, WITHDRAWN, OK, o.time_ms);
}

enum err recall_known(struct sdk *s, bool *withdrawn)
{
    struct stmt *q = s->sql[SQL_WITHDRAWN_FIND];
    uint8_t env_id[HASH_LEN];

    *withdrawn = false;
    if (!s->any_withdrawn)
        return OK;
    stmt_bind_bytes(q, 1, s->message->header.message_id, SDK_ID_LEN);
    stmt_bind_text(q, 2, s->message->header.sender);
    enum err err = stmt_step(q);
    if (err == OK) {
        stmt_copy(q, 0, env_id, sizeof env_id);
        *withdrawn = memcmp(env_id, s->message->env_id, HASH_LEN) == 0;
    }
    err = stmt_end(q, err);
    return err == ERR_NOT_FOUND ? OK : err;
}

enum err recall_load(struct sdk *s)
{
    struct stmt *q = s->sql[SQL_WITHDRAWN_ANY];
    enum err err = stmt_step(q);

    s->any_withdrawn = err == OK;
    err = stmt_end(q, err);
    return err == ERR_NOT_FOUND ? OK : err;
}
