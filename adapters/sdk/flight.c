/* What goes to the hub next: first sending, repetition with back-off, bundles. */
#include "adapters/sdk/inner.h"
#include "adapters/sdk/inner_sql.h"

enum {
    OFFER_SOON_MS = 5, /* between offers when receipts may have been missed */
    BUNDLE_HEAD = FRAME_MAGIC_LEN + 1 + 4,
};

static uint64_t backoff_ms(uint32_t attempt)
{
    const uint64_t ms = (uint64_t)SDK_RETRY_MS << (attempt < 16 ? attempt : 16);
    return ms < SDK_RETRY_MAX_MS ? ms : SDK_RETRY_MAX_MS;
}

static uint64_t later(uint64_t ms, uint8_t by)
{
    return ms + ms * by / 1024;
}

uint64_t flight_jitter(struct sdk *s, uint64_t ms)
{
    uint8_t byte;
    entropy_fill(&s->entropy, &byte, sizeof byte);
    return later(ms, byte);
}

/* ---- the ring ---- */

static struct flight *place(const struct sdk *s, size_t i)
{
    return &s->flight[(s->flight_head + i) % SDK_FLIGHT_RING];
}

void flight_forget(struct sdk *s)
{
    s->flight_head = s->flight_len = s->flight_count = s->flight_urgent = 0;
    s->flight_cursor = s->urgent_cursor = 0;
    s->flight_due_ms = 0;
    s->answer_ms = s->answered_ms = 0;
    s->board_more = s->board_urgent = true;
}

static struct flight *find(const struct sdk *s, const uint8_t message_id[static SDK_ID_LEN])
{
    /* Answers come nearly in the order of sending: the oldest first. */
    for (size_t i = 0; i < s->flight_len; i++) {
        struct flight *f = place(s, i);
        if (f->id != 0 && memcmp(f->message_id, message_id, SDK_ID_LEN) == 0)
            return f;
    }
    return NULL;
}

static void leave(struct sdk *s, struct flight *f)
{
    s->flight_count--;
    s->flight_urgent -= f->urgent;
    f->id = 0;
    while (s->flight_len > 0 && place(s, 0)->id == 0) {
        s->flight_head = (s->flight_head + 1) % SDK_FLIGHT_RING;
        s->flight_len--;
    }
}

/* Close up: places of those that were answered out of turn. */
static void compact(struct sdk *s)
{
    size_t kept = 0;

    for (size_t i = 0; i < s->flight_len; i++)
        if (place(s, i)->id != 0)
            *place(s, kept++) = *place(s, i);
    s->flight_len = kept;
}

bool flight_sent(const struct sdk *s, const uint8_t message_id[static SDK_ID_LEN])
{
    const struct flight *f = find(s, message_id);
    return f != NULL && f->attempt > 0;
}

/* How far the hub is: it answers in the order of sending, repairs aside. */
static void note_answer(struct sdk *s, const struct flight *f, uint64_t now_ms)
{
    if (f->attempt == 0 || f->urgent)
        return;
    s->answer_ms = now_ms;
    if (f->attempt == 1 && f->sent_ms > s->answered_ms) /* else: which sending was it? */
        s->answered_ms = f->sent_ms;
}

void flight_land(struct sdk *s, const uint8_t message_id[static SDK_ID_LEN], uint64_t now_ms)
{
    struct flight *f = find(s, message_id);

    if (f == NULL)
        return;
    note_answer(s, f, now_ms);
    leave(s, f);
    s->board_more = true;
    s->board_urgent = true; /* a repair may have waited for this answer */
    s->busy_code = 0;
}

void flight_busy(struct sdk *s, const uint8_t message_id[static SDK_ID_LEN], uint64_t due_ms)
{
    struct flight *f = find(s, message_id);

    if (f == NULL)
        return;
    f->due_ms = due_ms;
    f->sent_ms = 0;
    if (due_ms < s->flight_due_ms)
        s->flight_due_ms = due_ms;
}

static void all_due(struct sdk *s, uint64_t due_ms)
{
    for (size_t i = 0; i < s->flight_len; i++) {
        place(s, i)->due_ms = due_ms;
        place(s, i)->sent_ms = 0;
    }
    s->flight_due_ms = due_ms;
}

void flight_quiet(struct sdk *s, uint64_t due_ms)
{
    s->quiet_until_ms = due_ms;
    all_due(s, due_ms);
}

void flight_offer_all(struct sdk *s, uint64_t now_ms, bool soon)
{
    s->offer_ms = soon ? now_ms : now_ms + SDK_OFFER_GRACE_MS;
    s->offer_every_ms = soon ? OFFER_SOON_MS : SDK_OFFER_EVERY_MS;
    s->offer_cursor = 0;
}

void flight_reconnected(struct sdk *s, uint64_t now_ms)
{
    all_due(s, now_ms);
    s->answer_ms = s->answered_ms = 0;
    s->quiet_until_ms = 0;
    flight_offer_all(s, now_ms, false);
}

/* ---- boarding ---- */

/* Unanswered rows after the cursor, as many as there is room for. */
static enum err board_some(struct sdk *s, enum sql which, uint64_t *cursor, size_t room,
                           bool urgent, uint64_t now_ms)
{
    struct stmt *q = s->sql[which];
    enum err err;

    if (s->flight_len + room > SDK_FLIGHT_RING)
        compact(s);
    stmt_bind_u64(q, 1, *cursor);
    stmt_bind_u64(q, 2, room);
    for (err = stmt_step(q); err == OK; err = stmt_step(q)) {
        struct flight *f = place(s, s->flight_len++);
        *f = (struct flight){.id = stmt_u64(q, 0), .due_ms = now_ms, .urgent = urgent};
        stmt_copy(q, 1, f->message_id, SDK_ID_LEN);
        *cursor = f->id;
        s->flight_count++;
        s->flight_urgent += urgent;
        s->flight_due_ms = 0;
    }
    return stmt_end(q, err);
}

/* A repair that waits for an earlier answer is passed over by its cursor and found again later. */
static enum err board_urgent(struct sdk *s, uint64_t now_ms)
{
    struct stmt *q = s->sql[SQL_LIVE_URGENT];
    enum err err;
    uint64_t cursor = 0;

    for (size_t i = 0; i < SDK_FLIGHT_RESERVED && s->flight_urgent < SDK_FLIGHT_RESERVED; i++) {
        uint8_t id[SDK_ID_LEN];
        uint64_t before = cursor;
        stmt_bind_u64(q, 1, cursor);
        stmt_bind_u64(q, 2, 1);
        err = stmt_step(q);
        if (err == OK) {
            cursor = stmt_u64(q, 0);
            stmt_copy(q, 1, id, sizeof id);
        }
        if ((err = stmt_end(q, err)) != OK)
            return err == ERR_NOT_FOUND ? OK : err;
        if (find(s, id) == NULL &&
            (err = board_some(s, SQL_LIVE_URGENT, &before, 1, true, now_ms)) != OK &&
            err != ERR_NOT_FOUND)
            return err;
    }
    return OK;
}

static enum err board(struct sdk *s, uint64_t now_ms)
{
    enum err err;
    const size_t ordinary = s->flight_count - s->flight_urgent;
    const size_t max = SDK_FLIGHT_MAX - SDK_FLIGHT_RESERVED;

    if (s->board_urgent) {
        s->board_urgent = false;
        if ((err = board_urgent(s, now_ms)) != OK)
            return err;
    }
    if (!s->board_more || ordinary >= max)
        return OK;
    const size_t before = s->flight_count;
    err = board_some(s, SQL_LIVE_NEXT, &s->flight_cursor, max - ordinary, false, now_ms);
    s->board_more = s->flight_count - before == max - ordinary;
    return err == ERR_NOT_FOUND ? OK : err;
}

/* ---- sending ---- */

struct load {
    struct writer w;
    unsigned count;
    bool full;
    uint8_t jitter; /* one for all of it: they go again together */
};

/* Add the frame of a flight; a long one goes alone. ERR_NOT_FOUND: it has none any more. */
static enum err add(struct sdk *s, struct load *l, uint64_t id)
{
    enum err err;
    struct span frame;

    if ((err = frames_get(s, id, &frame)) != OK)
        return err;
    if (frame.len + BUNDLE_HEAD > FRAME_BUNDLE_MAX) {
        l->full = true;
        if (l->count > 0)
            return ERR_BUSY;
        l->w = writer_of(s->out, FRAME_MAX);
        write_span(&l->w, frame);
        return l->w.full ? ERR_CORRUPT : OK;
    }
    if (l->count == 0)
        frame_bundle_begin(&l->w);
    l->full = !frame_bundle_add(&l->w, 0, frame);
    if (l->full)
        return ERR_BUSY;
    l->count++;
    l->full = l->count == FRAME_BUNDLE_FRAMES_MAX;
    return OK;
}

/* What went before it is being answered just now and nothing that went after it was: the hub has
 * not come to it yet. To send it again would only add to what the hub has to do first. */
static bool in_line(const struct sdk *s, struct flight *f, uint64_t now_ms)
{
    const uint64_t due_ms = s->answer_ms + backoff_ms(f->attempt);

    if (f->sent_ms == 0 || f->sent_ms < s->answered_ms || due_ms <= now_ms)
        return false;
    f->due_ms = due_ms;
    return true;
}

static void sent(struct flight *f, uint8_t jitter, uint64_t now_ms)
{
    f->sent_ms = now_ms;
    f->due_ms = now_ms + later(backoff_ms(f->attempt++), jitter);
}

/* What is due, oldest first: that keeps conversations in order. */
static enum err load_due(struct sdk *s, struct load *l, bool urgent, uint64_t now_ms)
{
    uint64_t due = UINT64_MAX;

    for (size_t i = 0; i < s->flight_len; i++) {
        struct flight *f = place(s, i);
        if (f->id == 0)
            continue;
        if (f->due_ms <= now_ms && !l->full && (!urgent || f->urgent) && !in_line(s, f, now_ms)) {
            const enum err err = add(s, l, f->id);
            if (err == ERR_NOT_FOUND) { /* done, or undone, since it was taken aboard */
                s->flight_count--;
                s->flight_urgent -= f->urgent;
                f->id = 0;
                continue;
            }
            if (err == OK)
                sent(f, l->jitter, now_ms);
            else if (err != ERR_BUSY)
                return err;
        }
        if (f->due_ms < due)
            due = f->due_ms;
    }
    s->flight_due_ms = due;
    return OK;
}

static enum err finish(struct sdk *s, struct load *l)
{
    if (l->w.len == 0)
        return ERR_NOT_FOUND;
    s->out_len = l->w.len;
    if (l->count == 1) { /* a bundle of one is the frame itself */
        s->out_len -= BUNDLE_HEAD;
        memmove(s->out, s->out + BUNDLE_HEAD, s->out_len);
    }
    return OK;
}

/* What was accepted and has no end yet is offered again some time after a welcome: a hub that
 * was restored from a backup learns of it, any other answers with the receipts it has. */
static enum err offer(struct sdk *s, uint64_t now_ms)
{
    struct stmt *q = s->sql[SQL_LIVE_OPEN];
    struct load l = {.w = writer_of(s->out, FRAME_MAX)};

    if (s->offer_ms == 0 || now_ms < s->offer_ms)
        return ERR_NOT_FOUND;
    stmt_bind_u64(q, 1, s->offer_cursor);
    enum err err = stmt_step(q);
    if (err == OK)
        s->offer_cursor = stmt_u64(q, 0);
    if ((err = stmt_end(q, err)) == ERR_NOT_FOUND)
        s->offer_ms = 0;
    if (err != OK)
        return err;
    s->offer_ms = now_ms + s->offer_every_ms;
    if ((err = add(s, &l, s->offer_cursor)) != OK)
        return err;
    return finish(s, &l);
}

enum err flight_next(struct sdk *s, uint64_t now_ms)
{
    enum err err;
    struct load l = {.w = writer_of(s->out, FRAME_MAX)};

    if (now_ms < s->quiet_until_ms)
        return ERR_NOT_FOUND;
    if ((err = board(s, now_ms)) != OK)
        return err;
    if (now_ms < s->flight_due_ms)
        return offer(s, now_ms);
    entropy_fill(&s->entropy, &l.jitter, sizeof l.jitter);
    if (s->flight_urgent > 0 && (err = load_due(s, &l, true, now_ms)) != OK)
        return err;
    if ((err = load_due(s, &l, false, now_ms)) != OK)
        return err;
    err = finish(s, &l);
    return err == ERR_NOT_FOUND ? offer(s, now_ms) : err;
}

uint64_t flight_due_ms(const struct sdk *s)
{
    uint64_t due = s->offer_ms == 0 ? UINT64_MAX : s->offer_ms;

    if (s->flight_len > 0 && s->flight_due_ms < due)
        due = s->flight_due_ms;
    return due < s->quiet_until_ms ? s->quiet_until_ms : due;
}
