/* Claims, leases and walks of the queue: everything that only reads rows. */
#include "store/columns.h"
#include "store/queue_own.h"

/* Is every earlier outstanding number of the conversation in flight to the same lessee? */
static enum err may_go(struct queue *q, uint32_t member, uint64_t lessee,
                       const struct queue_row *row, bool *may)
{
    struct stmt *s = q->q[QUEUE_SQL_EARLIER];
    enum err err = OK;

    *may = true;
    if (row->number == 0)
        return OK;
    stmt_bind_text(s, 1, row->recipient);
    bind_id(s, 2, row->conversation);
    stmt_bind_u64(s, 3, row->number);
    for (unsigned n = 0; *may; n++) {
        err = stmt_step(s);
        if (err != OK)
            break;
        const struct lease *l = lease_find(&q->memory, member, stmt_u64(s, 0));
        *may = l != NULL && l->lessee == lessee && n + 1 < QUEUE_CONVERSATION_MAX;
    }
    return stmt_end(s, err == ERR_NOT_FOUND ? OK : err);
}

struct claim {
    uint32_t member;
    struct view *view;
    uint64_t lessee;
    uint64_t now_ms;
    uint64_t until_ms;
    struct queue_row *rows;
    size_t cap;
    size_t count;
    unsigned budget; /* rows it may still look at in vain */
    bool again;      /* a lease opened rows that lie behind: begin there with the next claim */
};

static enum err lease_row(struct queue *q, struct claim *c, const struct queue_row *row)
{
    uint64_t conversation = row->number > 0 ? conversation_bit(row->conversation) : 0;
    enum err err = lease_add(&q->memory, &(struct lease){.seq = row->seq,
                                                         .lessee = c->lessee,
                                                         .until_ms = c->until_ms,
                                                         .due_ms = row->due_ms,
                                                         .conversation = conversation,
                                                         .member = c->member,
                                                         .state = (uint8_t)row->state,
                                                         .lane = row->lane});
    /* What was passed over because this row was still there is open to the same lessee now. */
    if (err == OK && conversation != 0)
        c->again = view_unblock(c->view, conversation);
    return err;
}

/* One row of the scan: lease it, or remember that it was passed over. */
static enum err claim_row(struct queue *q, struct claim *c, struct lane *lane)
{
    struct queue_row *row = &c->rows[c->count];
    struct place place = {row->state == QUEUE_WAITING ? row->due_ms : 0, row->seq};
    bool leased = lease_find(&q->memory, c->member, row->seq) != NULL;
    bool may = false;
    enum err err = OK;

    if (!leased)
        err = may_go(q, c->member, c->lessee, row, &may);
    struct place from = lane->at;
    lane->at = (struct place){place.due_ms, place.seq + 1};
    if (err == OK && may)
        err = lease_row(q, c, row);
    if (err != OK) {
        lane->at = from;
        return err;
    }
    if (may)
        c->count++;
    else
        c->budget--;
    if (!may && !leased)
        lane_skip(lane, place, conversation_bit(row->conversation));
    return OK;
}

/* The moment before which a lane that has been looked through gives nothing. */
static enum err lane_dry(struct queue *q, const struct claim *c, unsigned state, uint8_t number,
                         struct lane *lane)
{
    struct stmt *s = q->q[QUEUE_SQL_FIRST_DUE];
    lane->dry_until_ms = STORE_NEVER;
    if (state == QUEUE_READY)
        return OK;
    stmt_bind_text(s, 1, q->memory.member[c->member].name);
    stmt_bind_u64(s, 2, number);
    stmt_bind_u64(s, 3, c->now_ms);
    enum err err = stmt_step(s);
    if (err == OK)
        lane->dry_until_ms = stmt_u64(s, 0);
    return stmt_end(s, err == ERR_NOT_FOUND ? OK : err);
}

static enum err claim_lane(struct queue *q, struct claim *c, unsigned state, uint8_t number)
{
    struct queue_member *m = &q->memory.member[c->member];
    struct lane *lane = &c->view->lanes[state][number];
    struct stmt *s = q->q[state == QUEUE_READY ? QUEUE_SQL_CLAIM_READY : QUEUE_SQL_CLAIM_WAITING];
    enum err err = OK;

    if (c->now_ms < lane->dry_until_ms || c->count == c->cap || c->budget == 0 || c->again)
        return OK;
    stmt_bind_text(s, 1, m->name);
    stmt_bind_u64(s, 2, number);
    if (state == QUEUE_READY) {
        stmt_bind_u64(s, 3, lane->at.seq);
    } else {
        stmt_bind_u64(s, 3, lane->at.due_ms);
        stmt_bind_u64(s, 4, lane->at.seq);
        stmt_bind_u64(s, 5, c->now_ms);
    }
    while (err == OK && c->count < c->cap && c->budget > 0 && !c->again) {
        err = stmt_step(s);
        if (err == OK)
            err = queue_read_row(s, &c->rows[c->count]);
        if (err == OK)
            err = claim_row(q, c, lane);
    }
    bool end = err == ERR_NOT_FOUND;
    err = stmt_end(s, end ? OK : err);
    return err == OK && end ? lane_dry(q, c, state, number, lane) : err;
}

enum err queue_claim(struct queue *q, const char *recipient, uint64_t lessee, uint64_t now_ms,
                     uint64_t until_ms, struct queue_row *rows, size_t cap, size_t *count)
{
    struct claim c = {.lessee = lessee,
                      .now_ms = now_ms,
                      .until_ms = until_ms,
                      .rows = rows,
                      .cap = cap,
                      .budget = QUEUE_SCAN};

    *count = 0;
    if (lessee == 0 || cap == 0)
        return ERR_FIELD_VALUE;
    enum err err = member_index(&q->memory, recipient, &c.member);
    if (err == OK)
        err = member_view(&q->memory, &q->memory.member[c.member], lessee, &c.view);
    for (uint8_t lane = 0; err == OK && lane < QUEUE_LANES; lane++) {
        err = claim_lane(q, &c, QUEUE_WAITING, lane);
        if (err == OK)
            err = claim_lane(q, &c, QUEUE_READY, lane);
    }
    *count = c.count;
    if (err != OK && err != ERR_QUOTA)
        return err; /* fatal for the handle: what was leased does not matter any more */
    if (c.count > 0)
        return OK;
    if (err == ERR_QUOTA)
        return ERR_NOT_FOUND; /* every lease is out: the next one back lets others go */
    return c.budget == 0 ? ERR_BUSY : ERR_NOT_FOUND;
}

static void unlease(struct queue *q, struct lease *l)
{
    struct queue_member *m = &q->memory.member[l->member];
    struct lease was = *l;
    lease_remove(&q->memory, l);
    lane_offer(m, was.state, was.lane, (struct place){was.due_ms, was.seq});
    views_unblock(m, was.conversation);
}

void queue_unlease(struct queue *q, const char *recipient, uint64_t seq)
{
    uint32_t i;
    struct lease *l = NULL;
    if (member_find(&q->memory, recipient, &i))
        l = lease_find(&q->memory, i, seq);
    if (l != NULL)
        unlease(q, l);
}

/* Counts of rows are known from here on; needed before the first answer about them. */
static enum err count_member(struct queue *q, struct queue_member *m)
{
    struct stmt *s = q->q[QUEUE_SQL_COUNTS];

    if (m->counted)
        return OK;
    for (unsigned state = QUEUE_READY; state <= QUEUE_PARKED; state++) {
        stmt_bind_text(s, 1, m->name);
        stmt_bind_u64(s, 2, state);
        enum err err = stmt_step(s);
        if (err == OK)
            m->count[state] = stmt_u64(s, 0);
        err = stmt_end(s, err);
        if (err != OK)
            return err;
    }
    m->counted = true;
    return OK;
}

size_t queue_unlease_all(struct queue *q, uint64_t lessee)
{
    size_t ended = 0;
    uint32_t i = 0;
    while (i < LEASE_TABLE && lessee != 0 && q->memory.lease_count > 0) {
        if (q->memory.lease[i].lessee != lessee) {
            i++;
            continue;
        }
        unlease(q, &q->memory.lease[i]); /* another may have moved up to i: look again */
        ended++;
    }
    return ended;
}

bool queue_overdue(struct queue *q, uint64_t now_ms, char recipient[static STORE_MEMBER_MAX + 1],
                   uint64_t *seq)
{
    const struct lease *l = lease_overdue(&q->memory, now_ms);
    if (l == NULL)
        return false;
    memcpy(recipient, q->memory.member[l->member].name, STORE_MEMBER_MAX + 1);
    *seq = l->seq;
    return true;
}

uint64_t queue_lease_due(const struct queue *q)
{
    return q->memory.lease_due_ms;
}

enum err queue_next(struct queue *q, struct queue_row *row)
{
    struct stmt *s = q->q[QUEUE_SQL_NEXT];
    struct queue_row after = *row;
    stmt_bind_text(s, 1, after.recipient);
    stmt_bind_u64(s, 2, after.state);
    stmt_bind_u64(s, 3, after.lane);
    stmt_bind_u64(s, 4, after.seq);
    enum err err = stmt_step(s);
    if (err == OK)
        err = queue_read_row(s, row);
    return stmt_end(s, err);
}

enum err queue_next_recipient(struct queue *q, char recipient[static STORE_MEMBER_MAX + 1])
{
    struct stmt *s = q->q[QUEUE_SQL_NEXT_RECIPIENT];
    char after[STORE_MEMBER_MAX + 1];
    memcpy(after, recipient, sizeof after);
    stmt_bind_text(s, 1, after);
    enum err err = stmt_step(s);
    if (err == OK)
        stmt_copy_text(s, 0, recipient, STORE_MEMBER_MAX + 1);
    return stmt_end(s, err);
}

enum err queue_due(struct queue *q, const char *recipient, uint64_t *due_ms)
{
    struct stmt *s = q->q[QUEUE_SQL_DUE];
    *due_ms = STORE_NEVER;
    stmt_bind_text(s, 1, recipient);
    enum err err = stmt_step(s);
    if (err == OK)
        *due_ms = stmt_u64(s, 0);
    return stmt_end(s, err);
}

enum err queue_counts(struct queue *q, const char *recipient, struct queue_counts *out)
{
    uint32_t i;
    *out = (struct queue_counts){0};
    enum err err = member_index(&q->memory, recipient, &i);
    if (err != OK)
        return err;
    struct queue_member *m = &q->memory.member[i];
    err = count_member(q, m);
    if (err != OK)
        return err;
    *out = (struct queue_counts){.ready = m->count[QUEUE_READY] + m->count[QUEUE_WAITING],
                                 .held = m->count[QUEUE_HELD],
                                 .parked = m->count[QUEUE_PARKED],
                                 .leased = m->leased};
    return OK;
}
