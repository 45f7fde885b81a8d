/* Taking up again what waits: no room when its turn came, put off by apply, or a hole before it. */
#include "adapters/sdk/inbox_inner.h"
#include "base/hex.h"
#include "base/log.h"

/* The lowest number that waits in a conversation. */
static enum err lowest(struct sdk *s, const uint8_t conversation[static SDK_ID_LEN], uint64_t *out)
{
    struct stmt *q = s->sql[SQL_INBOX_LOWEST];

    *out = 0;
    stmt_bind_bytes(q, 1, conversation, SDK_ID_LEN);
    enum err err = stmt_step(q);
    if (err == OK && !stmt_is_null(q, 0))
        *out = stmt_u64(q, 0);
    return stmt_end(q, err);
}

/* sdk.h, several adapters: what came has waited so long that its hole is no loss; another adapter
 * of this member was given those numbers. */
static enum err pass_elsewhere(struct sdk *s, const struct delivery *d, uint64_t since_ms,
                               uint64_t last, uint64_t now_ms, bool *passed)
{
    enum err err;
    uint64_t first;
    char hex[2 * SDK_ID_LEN + 1];

    *passed = false;
    if (since_ms < s->together_ms)
        since_ms = s->together_ms;
    if (!s->shared || !s->greeted || now_ms < since_ms + SDK_GAP_WAIT_MS ||
        now_ms < s->up_ms + SDK_GAP_CUT_MS)
        return OK;
    if ((err = lowest(s, d->conversation, &first)) != OK || first != d->number)
        return err;
    hex_encode(span_of(d->conversation, SDK_ID_LEN), hex);
    log_warn("gap_taken_elsewhere", "conversation=%s first=%llu last=%llu", hex,
             (unsigned long long)last + 1, (unsigned long long)d->number - 1);
    *passed = true;
    if ((err = inner_begin(s)) != OK)
        return err;
    return inbox_set_received(s, d->conversation, d->number - 1);
}

static enum err next_stuck(struct sdk *s, struct delivery *d, uint64_t *since_ms)
{
    struct stmt *q = s->sql[SQL_INBOX_STUCK];
    uint8_t message_id[SDK_ID_LEN];

    stmt_bind_u64(q, 1, s->resume_cursor);
    enum err err = stmt_step(q);
    if (err == OK) {
        s->resume_cursor = d->row = stmt_u64(q, 0);
        stmt_copy(q, 1, d->conversation, SDK_ID_LEN);
        d->number = stmt_u64(q, 2);
        stmt_copy(q, 3, message_id, SDK_ID_LEN);
        *since_ms = stmt_u64(q, 4);
        d->ordered = memcmp(message_id, d->conversation, SDK_ID_LEN) != 0;
    }
    err = stmt_end(q, err);
    if (err == ERR_NOT_FOUND)
        s->resume_cursor = 0;
    return err;
}

/* Messages whose turn came while there was no room for what they cause, or that apply put off. */
enum err inbox_resume(struct sdk *s, uint64_t now_ms)
{
    enum err err;

    for (int i = 0; i < SDK_RESUME_MAX; i++) {
        struct delivery d = {0};
        uint64_t last = 0, since_ms = 0;
        bool passed = false;
        if ((err = next_stuck(s, &d, &since_ms)) != OK)
            return err == ERR_NOT_FOUND ? OK : err;
        if (d.ordered && (err = inbox_received(s, d.conversation, &last)) != OK)
            return err;
        if (d.ordered && d.number > last + 1 &&
            (err = pass_elsewhere(s, &d, since_ms, last, now_ms, &passed)) != OK)
            return err;
        if (d.ordered && d.number != last + 1 && !passed)
            continue; /* not its turn: nothing to write */
        if ((err = inner_begin(s)) != OK)
            return err;
        return inbox_ready(s, &d, now_ms);
    }
    return OK;
}
