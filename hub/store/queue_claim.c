/* Claims and leases of the queue: everything that only reads rows. */
#include "store/columns.h"
#include "store/queue_own.h"

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
    bool stop;       /* the lane has come to a row that has not landed */
};

static bool claim_ends(const struct claim *c)
{
    return c->count == c->cap || c->budget == 0 || c->again;
}

/* Is every outstanding number above `upto` and below the row's in flight to the same lessee? */
static enum err walk_earlier(struct queue *q, const struct claim *c, const struct queue_row *row,
                             uint64_t upto, bool *may)
{
    struct stmt *s = q->q[QUEUE_SQL_NUMBERED];
    uint8_t from[PLACE_LEN];
    uint8_t to[PLACE_LEN];
    enum err err = OK;

    place_write(from, c->member, row->conversation, upto + 1);
    place_write(to, c->member, row->conversation, row->number);
    stmt_bind_bytes(s, 1, from, sizeof from);
    stmt_bind_bytes(s, 2, to, sizeof to);
    while (*may && (err = stmt_step(s)) == OK) {
        uint64_t key = stmt_u64(s, 0);
        if (key_state(key) > QUEUE_WAITING)
            continue;
        const struct lease *l = lease_find(&q->memory, c->member, key_seq(key));
        *may = l != NULL && l->lessee == c->lessee;
    }
    return stmt_end(s, err == ERR_NOT_FOUND ? OK : err);
}

static enum err may_go(struct queue *q, const struct claim *c, const struct queue_row *row,
                       bool *may)
{
    *may = q->fits == NULL || q->fits(q->fits_ctx, c->lessee, row);
    if (!*may || row->number == 0)
        return OK;
    const struct order *o = order_find(&q->memory, c->member, row->conversation, c->lessee);
    uint64_t upto = order_upto(&q->memory, o);
    *may = o == NULL || o->count < QUEUE_CONVERSATION_MAX;
    if (!*may || row->number <= upto + 1)
        return OK;
    return walk_earlier(q, c, row, upto, may);
}

static enum err lease_row(struct queue *q, struct claim *c, const struct queue_row *row,
                          uint32_t node)
{
    struct lease *lease;
    uint32_t sender = 0;
    if (row->sender[0] != '\0' && member_find(&q->memory, row->sender, &sender))
        sender++;
    enum err err = lease_add(&q->memory,
                             &(struct lease){.seq = row->seq,
                                             .lessee = c->lessee,
                                             .until_ms = c->until_ms,
                                             .due_ms = row->due_ms,
                                             .number = row->number,
                                             .bytes = row->bytes,
                                             .member = c->member,
                                             .sender = sender,
                                             .node = node,
                                             .state = (uint8_t)row->state,
                                             .lane = row->lane},
                             &lease);
    if (err != OK || row->number == 0)
        return err;
    order_join(&q->memory, lease, row->conversation, true);
    /* What was passed over because this row was still there is open to the same lessee now. */
    c->again = view_unblock(c->view, conversation_bit(row->conversation));
    return OK;
}

/* One row of a scan, at rows[count]: lease it, or remember that it was passed over. The node, if
 * any, is the lease's with *taken. */
static enum err claim_row(struct queue *q, struct claim *c, struct lane *lane, uint32_t node,
                          bool *taken)
{
    struct queue_row *row = &c->rows[c->count];
    struct place place = {row->state == QUEUE_WAITING ? row->due_ms : 0, row->seq};
    bool leased = lease_find(&q->memory, c->member, row->seq) != NULL;
    bool may = false;
    enum err err = OK;

    *taken = false;
    if (!leased)
        err = may_go(q, c, row, &may);
    struct place from = lane->at;
    lane->at = (struct place){place.due_ms, place.seq + 1};
    if (err == OK && may)
        err = lease_row(q, c, row, node);
    if (err != OK) {
        lane->at = from;
        return err;
    }
    *taken = may;
    if (may)
        c->count++;
    else
        c->budget--;
    if (!may && !leased)
        lane_skip(lane, place, conversation_bit(row->conversation));
    return OK;
}

/* A row or its statement may not be spoken of yet: neither may those behind it in the lane. */
static bool holds_back(struct queue *q, struct claim *c, const struct queue_row *row)
{
    c->stop = row->seq >= q->leaf_end || row->statement_leaf >= q->leaf_end;
    q->held_back = q->held_back || c->stop;
    return c->stop;
}

/* Rows that came lately, without reading. */
static enum err claim_recent(struct queue *q, struct claim *c, unsigned number, struct lane *lane)
{
    struct queue_memory *m = &q->memory;
    struct queue_member *member = &m->member[c->member];
    struct recent *r = &member->recent[number];
    enum err err = OK;

    while (err == OK && !claim_ends(c) && r->head != 0) {
        const struct node *n = &m->node[r->head - 1];
        uint64_t seq = n->seq;
        bool taken = false;
        err = row_unpack(m, key_of(c->member, QUEUE_READY, number, seq), node_place(n),
                         node_body(n), &c->rows[c->count]);
        if (err == OK && holds_back(q, c, &c->rows[c->count]))
            return OK;
        if (err == OK)
            err = claim_row(q, c, lane, r->head, &taken);
        if (err != OK)
            return err;
        uint32_t node = recent_take(m, r);
        if (taken)
            continue;
        r->from = seq + 1; /* passed over: read again once its conversation moves on */
        node_free(m, node);
    }
    return err;
}

/* The row a scan stands at. */
static enum err claim_stored(struct queue *q, struct claim *c, const struct row_at *at,
                             struct lane *lane)
{
    struct queue_memory *m = &q->memory;
    struct queue_row *row = &c->rows[c->count];
    bool taken = false;
    enum err err = row_unpack(m, at->key, at->place, at->body, row);
    if (err != OK || holds_back(q, c, row))
        return err;
    uint32_t node = node_make(m, &m->member[c->member], row->seq, at->place, at->body);
    err = claim_row(q, c, lane, node, &taken);
    if (!taken)
        node_free(m, node);
    return err;
}

static enum err claim_ready(struct queue *q, struct claim *c, unsigned number)
{
    struct queue_member *member = &q->memory.member[c->member];
    struct recent *r = &member->recent[number];
    struct lane *lane = &c->view->lanes[QUEUE_READY][number];
    uint32_t free = lane_free(member, QUEUE_READY, number);
    enum err err = OK;

    if (free == 0 || claim_ends(c))
        return OK;
    if (lane->at.seq < r->from && free != r->count && lane->at.seq <= KEY_SEQ_MAX) {
        uint64_t to = r->from < KEY_SEQ_MAX ? r->from : KEY_SEQ_MAX;
        struct row_scan scan;
        struct row_at at;
        scan_begin(q, &scan, key_of(c->member, QUEUE_READY, number, lane->at.seq),
                   key_of(c->member, QUEUE_READY, number, to));
        while (!claim_ends(c) && !c->stop && (err = scan_next(&scan, &at)) == OK) {
            err = claim_stored(q, c, &at, lane);
            if (err != OK)
                break;
        }
        bool end = err == ERR_NOT_FOUND;
        err = scan_end(&scan, end ? OK : err);
        if (err != OK || !end)
            return err;
        lane->at.seq = r->from;
    }
    return claim_recent(q, c, number, lane);
}

static enum err claim_waiting(struct queue *q, struct claim *c, unsigned number)
{
    struct queue_member *member = &q->memory.member[c->member];
    struct lane *lane = &c->view->lanes[QUEUE_WAITING][number];
    struct stmt *s = q->q[QUEUE_SQL_WAITING];
    uint8_t from[WAKE_LEN];
    uint8_t to[WAKE_LEN];
    enum err err = OK;

    if (lane_free(member, QUEUE_WAITING, number) == 0 || c->now_ms < lane->dry_until_ms ||
        claim_ends(c))
        return OK;
    wake_write(from, c->member, number, lane->at);
    wake_write(to, c->member, number, (struct place){STORE_NEVER, 0});
    stmt_bind_bytes(s, 1, from, sizeof from);
    stmt_bind_bytes(s, 2, to, sizeof to);
    bool end = false;
    while (err == OK && !end && !claim_ends(c) && !c->stop) {
        struct queue_row row;
        err = stmt_step(s);
        end = err == ERR_NOT_FOUND;
        if (end)
            lane->dry_until_ms = STORE_NEVER;
        if (err == OK)
            err = row_read(q, s, &row);
        if (err != OK)
            break;
        if (row.due_ms > c->now_ms) {
            lane->dry_until_ms = row.due_ms;
            end = true;
            break;
        }
        struct row_at at = {stmt_u64(s, 0), (struct span){NULL, 0}, stmt_blob(s, 2)};
        if (!stmt_is_null(s, 1))
            at.place = stmt_blob(s, 1);
        err = claim_stored(q, c, &at, lane);
    }
    return stmt_end(s, end ? OK : err);
}

enum err queue_claim(struct queue *q, const char *recipient, uint64_t lessee, uint64_t now_ms,
                     uint64_t until_ms, unsigned lane_max, struct queue_row *rows, size_t cap,
                     size_t *count)
{
    struct claim c = {.lessee = lessee,
                      .now_ms = now_ms,
                      .until_ms = until_ms,
                      .rows = rows,
                      .cap = cap,
                      .budget = QUEUE_SCAN};

    *count = 0;
    q->held_back = false;
    if (lessee == 0 || cap == 0)
        return ERR_FIELD_VALUE;
    if (!member_find(&q->memory, recipient, &c.member))
        return ERR_NOT_FOUND;
    enum err err = member_view(&q->memory, &q->memory.member[c.member], lessee, &c.view);
    for (unsigned lane = 0; err == OK && lane < QUEUE_LANES && lane <= lane_max; lane++) {
        c.stop = false;
        err = claim_waiting(q, &c, lane);
        c.stop = false;
        if (err == OK)
            err = claim_ready(q, &c, lane);
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

void queue_fits(struct queue *q, queue_fits_fn *fits, void *ctx)
{
    q->fits = fits;
    q->fits_ctx = ctx;
}

void queue_landed(struct queue *q, uint64_t leaf_end)
{
    q->leaf_end = leaf_end;
}

bool queue_held_back(const struct queue *q)
{
    return q->held_back;
}

static void unlease(struct queue *q, struct lease *l)
{
    struct queue_memory *m = &q->memory;
    struct queue_member *member = &m->member[l->member];
    uint64_t conversation =
        l->order != 0 ? conversation_bit(m->order[l->order - 1].conversation) : 0;
    order_leave(m, l, true);
    struct lease was = *l;
    lease_remove(m, l);
    if (was.state == QUEUE_READY)
        recent_back(m, member, was.lane, was.seq, was.node);
    else
        node_free(m, was.node);
    lane_offer(member, was.state, was.lane, (struct place){was.due_ms, was.seq});
    views_unblock(member, conversation);
}

void queue_extend(struct queue *q, const char *recipient, uint64_t seq, uint64_t until_ms)
{
    uint32_t i;
    struct lease *l = NULL;
    if (member_find(&q->memory, recipient, &i))
        l = lease_find(&q->memory, i, seq);
    if (l != NULL && l->until_ms < until_ms)
        l->until_ms = until_ms;
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

uint64_t queue_lessee(const struct queue *q, const char *recipient, uint64_t seq)
{
    uint32_t i;
    const struct lease *l = NULL;
    if (member_find(&q->memory, recipient, &i))
        l = lease_find(&q->memory, i, seq);
    return l != NULL ? l->lessee : 0;
}

/* The first row of a waiting lane that nobody has in flight. */
static enum err lane_due(struct queue *q, uint32_t member, unsigned number, uint64_t *due_ms)
{
    struct stmt *s = q->q[QUEUE_SQL_WAITING];
    uint8_t from[WAKE_LEN];
    uint8_t to[WAKE_LEN];
    struct queue_row row;
    bool free = false;
    enum err err = OK;

    wake_write(from, member, number, (struct place){0, 0});
    wake_write(to, member, number, (struct place){STORE_NEVER, 0});
    stmt_bind_bytes(s, 1, from, sizeof from);
    stmt_bind_bytes(s, 2, to, sizeof to);
    while (!free && (err = stmt_step(s)) == OK) {
        err = row_read(q, s, &row);
        if (err != OK)
            break;
        free = lease_find(&q->memory, member, row.seq) == NULL;
        if (free && row.due_ms < *due_ms)
            *due_ms = row.due_ms;
    }
    return stmt_end(s, err == ERR_NOT_FOUND ? OK : err);
}

enum err queue_due(struct queue *q, const char *recipient, uint64_t *due_ms)
{
    uint32_t i;
    enum err err = OK;
    *due_ms = STORE_NEVER;
    if (!member_find(&q->memory, recipient, &i))
        return OK;
    for (unsigned lane = 0; err == OK && lane < QUEUE_LANES; lane++) {
        if (lane_free(&q->memory.member[i], QUEUE_WAITING, lane) > 0)
            err = lane_due(q, i, lane, due_ms);
    }
    return err;
}
