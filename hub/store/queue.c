#include "store/queue.h"

#include "store/columns.h"
#include "store/queue_own.h"

enum err queue_get(struct queue *q, const char *recipient, uint64_t seq, struct queue_row *out)
{
    struct queue_memory *m = &q->memory;
    uint32_t i;
    if (!member_find(m, recipient, &i))
        return ERR_NOT_FOUND;
    const struct lease *l = lease_find(m, i, seq);
    if (l == NULL || l->node == 0 || m->node[l->node - 1].generation != m->member[i].generation)
        return row_find(q, i, seq, out);
    const struct node *n = &m->node[l->node - 1];
    return row_unpack(m, key_of(i, l->state, l->lane, seq), node_place(n), node_body(n), out);
}

/* The highest fresh key of a lane; 0: none. Looks at all that is fresh: for a start. */
static uint64_t fresh_max(struct queue *q, uint64_t from, uint64_t to)
{
    struct fresh_row row;
    uint64_t max = 0;
    uint32_t at = 0;
    while (fresh_walk(q->fresh, FRESH_QUEUE, &at, &row)) {
        uint64_t key = 0;
        (void)span_take_uint(&row.key, ROW_KEY_LEN, &key);
        max = key >= from && key < to && key > max ? key : max;
    }
    return max;
}

/* The highest seq queued for the member, so that a higher one needs no look for a duplicate. */
static enum err learn_max(struct queue *q, uint32_t member)
{
    struct stmt *s = q->q[QUEUE_SQL_MAX];
    struct queue_member *m = &q->memory.member[member];

    for (unsigned i = 0; i < 4 * QUEUE_LANES && !m->max_known; i++) {
        if (m->now.count[i / QUEUE_LANES][i % QUEUE_LANES] == 0)
            continue;
        uint64_t from = key_of(member, i / QUEUE_LANES, i % QUEUE_LANES, 0);
        stmt_bind_u64(s, 1, from);
        stmt_bind_u64(s, 2, from + KEY_SEQ_MAX);
        uint64_t max = fresh_max(q, from, from + KEY_SEQ_MAX);
        enum err err = stmt_step(s);
        if (err == OK && stmt_u64(s, 0) > max)
            max = stmt_u64(s, 0);
        err = stmt_end(s, err == ERR_NOT_FOUND && max > 0 ? OK : err);
        if (err != OK)
            return err == ERR_NOT_FOUND ? ERR_CORRUPT : err; /* it was counted */
        m->max_seq = key_seq(max) > m->max_seq ? key_seq(max) : m->max_seq;
    }
    m->max_known = true;
    return OK;
}

/* What stands in the columns beside the key. `first`: number of the first of them. */
static void bind_row(struct stmt *s, int first, uint64_t key, const struct packed *p,
                     const uint8_t wake[static WAKE_LEN])
{
    if (p->place_len > 0)
        stmt_bind_bytes(s, first, p->bytes, p->place_len);
    if (key_state(key) == QUEUE_WAITING)
        stmt_bind_bytes(s, first + 1, wake, WAKE_LEN);
    stmt_bind_bytes(s, first + 2, p->bytes + p->place_len, p->len - p->place_len);
}

static void wake_of(uint8_t out[static WAKE_LEN], uint32_t member, const struct queue_row *row)
{
    wake_write(out, member, row->lane, (struct place){row->due_ms, row->seq});
}

static void tally_put(struct tally *recipient, struct tally *sender, const struct queue_row *row)
{
    recipient->count[row->state][row->lane]++;
    recipient->bytes_in += row->bytes;
    if (sender == NULL)
        return;
    sender->rows_out++;
    sender->bytes_out += row->bytes;
}

static enum err put_members(struct queue *q, const struct queue_row *row, uint32_t *recipient,
                            uint32_t *sender)
{
    struct queue_row other;
    *sender = 0;
    enum err err = member_index(&q->memory, row->recipient, recipient);
    if (err == OK && row->sender[0] != '\0') {
        err = member_index(&q->memory, row->sender, sender);
        ++*sender;
    }
    if (err == OK)
        err = learn_max(q, *recipient);
    if (err != OK || row->seq > q->memory.member[*recipient].max_seq)
        return err;
    err = row_find(q, *recipient, row->seq, &other);
    return err == OK ? ERR_EXISTS : err == ERR_NOT_FOUND ? OK : err;
}

static bool row_fits(const struct queue_row *row)
{
    return row->state < QUEUE_PARKED && row->lane < QUEUE_LANES &&
           row->ref_len <= sizeof row->ref && row->token_count <= QUEUE_TOKENS_MAX &&
           row->seq < KEY_SEQ_MAX && row->due_ms <= STORE_NEVER && row->expires_ms <= STORE_NEVER &&
           row->statement_leaf <= STORE_NEVER && row->gated_at <= STORE_NEVER &&
           row->number <= STORE_NEVER && (row->number == 0 || !id_is_zero(row->conversation));
}

static enum err insert(struct queue *q, uint64_t key, const struct packed *p,
                       const uint8_t wake[static WAKE_LEN])
{
    struct stmt *s = q->q[QUEUE_SQL_PUT];
    stmt_later(s);
    stmt_bind_u64(s, 1, key);
    bind_row(s, 2, key, p, wake);
    return stmt_run(s);
}

/* A new row: fresh when it is likely to be claimed and forgotten soon, and found by its key only.
 */
static enum err put_row(struct queue *q, struct queue_member *member, uint64_t key,
                        const struct packed *p, const uint8_t wake[static WAKE_LEN])
{
    struct span place = span_of(p->bytes, p->place_len);
    struct span body = span_of(p->bytes + p->place_len, p->len - p->place_len);
    unsigned lane = key_lane(key);
    uint64_t seq = key_seq(key);
    bool ready = key_state(key) == QUEUE_READY;
    bool kept = ready && recent_put(&q->memory, member, lane, seq, place, body);
    enum err err = kept && place.len == 0 && fresh_room(q->fresh, body.len)
                       ? row_fresh_put(q, key, body)
                       : insert(q, key, p, wake);
    if (err != OK && kept)
        recent_without(&q->memory, member, lane, seq);
    return err;
}

enum err queue_put(struct queue *q, const struct queue_row *row)
{
    struct queue_memory *m = &q->memory;
    struct packed p;
    uint8_t wake[WAKE_LEN];
    uint32_t i;
    uint32_t sender;

    if (!row_fits(row))
        return ERR_FIELD_VALUE;
    enum err err = put_members(q, row, &i, &sender);
    if (err != OK)
        return err;
    uint64_t key = key_of(i, row->state, row->lane, row->seq);
    row_pack(row, i, sender, &p);
    wake_of(wake, i, row);
    struct queue_member *member = member_touch(m, i);
    err = put_row(q, member, key, &p, wake);
    if (err != OK)
        return err;
    if (row->seq > member->max_seq)
        member->max_seq = row->seq;
    tally_put(&member->now, sender == 0 ? NULL : &member_touch(m, sender - 1)->now, row);
    if (row->number > 0 && row->state <= QUEUE_WAITING)
        order_number(m, i, row->conversation, row->number);
    lane_offer(member, row->state, row->lane, (struct place){row->due_ms, row->seq});
    return OK;
}

/* A row as it is now, its recipient and its lease if it has one. */
struct hold {
    uint32_t member;
    struct lease *lease;
    struct queue_row row;
};

static enum err hold_row(struct queue *q, const char *recipient, uint64_t seq, struct hold *h)
{
    h->lease = NULL;
    if (!member_find(&q->memory, recipient, &h->member))
        return ERR_NOT_FOUND;
    h->lease = lease_find(&q->memory, h->member, seq);
    return queue_get(q, recipient, seq, &h->row);
}

/* The row leaves its place for good or is outstanding elsewhere (`back`): its lease ends, and
 * whoever waited for its conversation may look again. */
static void let_go(struct queue *q, struct hold *h, bool back)
{
    struct queue_memory *m = &q->memory;
    struct queue_member *member = member_touch(m, h->member);
    uint64_t bit = h->row.number > 0 ? conversation_bit(h->row.conversation) : 0;

    if (h->lease != NULL) {
        if (h->lease->order != 0)
            bit |= conversation_bit(m->order[h->lease->order - 1].conversation);
        order_leave(m, h->lease, back);
        node_free(m, h->lease->node);
        lease_remove(m, h->lease);
        h->lease = NULL;
    } else if (h->row.state == QUEUE_READY) {
        recent_without(m, member, h->row.lane, h->row.seq);
    }
    views_unblock(member, bit);
}

static void tally_done(struct queue *q, uint32_t recipient, unsigned state, unsigned lane,
                       uint32_t sender, uint64_t bytes)
{
    struct tally *in = &member_touch(&q->memory, recipient)->now;
    in->count[state][lane] -= in->count[state][lane] > 0;
    in->bytes_in -= bytes < in->bytes_in ? bytes : in->bytes_in;
    if (sender == 0)
        return;
    struct tally *out = &member_touch(&q->memory, sender - 1)->now;
    out->rows_out -= out->rows_out > 0;
    out->bytes_out -= bytes < out->bytes_out ? bytes : out->bytes_out;
}

static enum err drop(struct queue *q, struct hold *h, uint32_t sender)
{
    struct stmt *s = q->q[QUEUE_SQL_DROP];
    uint64_t key = key_of(h->member, h->row.state, h->row.lane, h->row.seq);
    enum err err = row_fresh_drop(q, key);
    if (err == ERR_NOT_FOUND) {
        stmt_later(s); /* it is there: read just now, or under a lease */
        stmt_bind_u64(s, 1, key);
        err = stmt_run(s);
    }
    if (err != OK)
        return err;
    tally_done(q, h->member, h->row.state, h->row.lane, sender, h->row.bytes);
    let_go(q, h, false);
    return OK;
}

static uint32_t sender_of(const struct queue *q, const struct queue_row *row)
{
    uint32_t i;
    return row->sender[0] != '\0' && member_find(&q->memory, row->sender, &i) ? i + 1 : 0;
}

enum err queue_done(struct queue *q, const char *recipient, uint64_t seq)
{
    struct hold h = {0};

    if (!member_find(&q->memory, recipient, &h.member))
        return ERR_NOT_FOUND;
    h.lease = lease_find(&q->memory, h.member, seq);
    if (h.lease == NULL) {
        enum err err = row_find(q, h.member, seq, &h.row);
        return err == OK ? drop(q, &h, sender_of(q, &h.row)) : err;
    }
    /* In flight, as nearly always: the lease knows all that is needed. */
    h.row.seq = seq;
    h.row.state = (enum queue_state)h.lease->state;
    h.row.lane = h.lease->lane;
    h.row.bytes = (uint32_t)h.lease->bytes;
    return drop(q, &h, h.lease->sender);
}

enum err queue_close(struct queue *q, const char *recipient, uint64_t seq, uint8_t kind,
                     uint64_t leaf)
{
    struct hold h;
    enum err err = hold_row(q, recipient, seq, &h);
    if (err != OK)
        return err;
    struct queue_row row = h.row;
    err = drop(q, &h, sender_of(q, &h.row));
    /* A parked one left its tombstone when it was parked. */
    return err == OK && row.state != QUEUE_PARKED ? queue_tombstone_put(q, &row, kind, leaf) : err;
}

/* Write the row as it shall be: h->row is as it was. */
static enum err rewrite(struct queue *q, struct hold *h, const struct queue_row *row)
{
    struct queue_memory *m = &q->memory;
    struct stmt *s = q->q[QUEUE_SQL_MOVE];
    struct packed p;
    uint8_t wake[WAKE_LEN];
    uint64_t key = key_of(h->member, row->state, row->lane, row->seq);

    row_pack(row, h->member, sender_of(q, row), &p);
    wake_of(wake, h->member, row);
    uint64_t was = key_of(h->member, h->row.state, h->row.lane, h->row.seq);
    enum err err = row_fresh_drop(q, was);
    if (err == OK) {
        err = insert(q, key, &p, wake); /* it will last longer than what is fresh */
    } else if (err == ERR_NOT_FOUND) {
        stmt_bind_u64(s, 1, was);
        stmt_bind_u64(s, 2, key);
        bind_row(s, 3, key, &p, wake);
        err = stmt_run(s);
    }
    if (err != OK)
        return err;
    struct tally *now = &member_touch(m, h->member)->now;
    now->count[h->row.state][h->row.lane] -= now->count[h->row.state][h->row.lane] > 0;
    now->count[row->state][row->lane]++;
    if (h->lease != NULL) {
        node_free(m, h->lease->node); /* it is what the row was */
        h->lease->node = 0;
    }
    return OK;
}

/* The row changes its state, and nobody has it any more. */
static enum err move(struct queue *q, struct hold *h, const struct queue_row *row)
{
    struct queue_memory *m = &q->memory;
    enum err err = rewrite(q, h, row);
    if (err != OK)
        return err;
    bool out = row->state <= QUEUE_WAITING;
    let_go(q, h, out);
    struct queue_member *member = &m->member[h->member];
    if (out && row->number > 0)
        order_number(m, h->member, row->conversation, row->number);
    if (row->state == QUEUE_READY)
        recent_back(m, member, row->lane, row->seq, 0);
    lane_offer(member, row->state, row->lane, (struct place){row->due_ms, row->seq});
    return OK;
}

enum err queue_defer(struct queue *q, const char *recipient, uint64_t seq, uint64_t due_ms,
                     uint32_t code, uint32_t *attempts)
{
    struct hold h;
    enum err err = hold_row(q, recipient, seq, &h);
    if (err != OK)
        return err;
    if (h.row.state > QUEUE_WAITING || due_ms > STORE_NEVER)
        return ERR_FIELD_VALUE;
    struct queue_row row = h.row;
    row.state = QUEUE_WAITING;
    row.due_ms = due_ms;
    row.code = code;
    row.attempts += row.attempts < UINT32_MAX;
    err = move(q, &h, &row);
    if (err == OK && attempts != NULL)
        *attempts = row.attempts;
    return err;
}

uint64_t queue_backoff_ms(uint64_t now_ms, uint32_t attempts, uint32_t first_ms, uint32_t max_ms,
                          uint16_t jitter)
{
    uint64_t interval = first_ms;
    for (uint32_t i = 1; i < attempts && interval < max_ms; i++)
        interval *= 2;
    if (interval > max_ms)
        interval = max_ms;
    return now_ms + interval / 2 + (interval - interval / 2) * jitter / UINT16_MAX;
}

static enum err set_aside(struct queue *q, struct hold *h, const struct queue_row *row,
                          uint64_t leaf)
{
    enum err err = move(q, h, row);
    return err == OK ? queue_tombstone_put(q, row, QUEUE_TOMBSTONE_PARKED, leaf) : err;
}

enum err queue_park(struct queue *q, const char *recipient, uint64_t seq, uint32_t code,
                    uint64_t leaf)
{
    struct hold h;
    enum err err = hold_row(q, recipient, seq, &h);
    if (err != OK)
        return err;
    if (h.row.state == QUEUE_PARKED)
        return ERR_FIELD_VALUE;
    struct queue_row row = h.row;
    row.state = QUEUE_PARKED;
    row.code = code;
    return set_aside(q, &h, &row, leaf);
}

enum err queue_hold(struct queue *q, const char *recipient, uint64_t seq, uint32_t code,
                    uint64_t leaf, struct span ref)
{
    struct hold h;
    enum err err = hold_row(q, recipient, seq, &h);
    if (err != OK)
        return err;
    if (h.row.state > QUEUE_WAITING || ref.len > QUEUE_REF_MAX)
        return ERR_FIELD_VALUE;
    struct queue_row row = h.row;
    row.state = QUEUE_HELD;
    row.code = code;
    row.warned = false;
    row.ref_len = (uint8_t)ref.len;
    if (ref.len > 0)
        memcpy(row.ref, ref.data, ref.len);
    return set_aside(q, &h, &row, leaf);
}

enum err queue_release(struct queue *q, const char *recipient, uint64_t seq, uint64_t number,
                       uint64_t statement_leaf)
{
    struct hold h;
    enum err err = hold_row(q, recipient, seq, &h);
    if (err != OK)
        return err;
    struct queue_row row = h.row;
    row.state = row.due_ms > 0 ? QUEUE_WAITING : QUEUE_READY; /* a moment not yet come stays one */
    row.number = number;
    row.statement_leaf = statement_leaf;
    row.attempts = 0;
    row.code = 0;
    row.warned = false; /* that was about the hold */
    return h.row.state >= QUEUE_HELD && row_fits(&row) ? move(q, &h, &row) : ERR_FIELD_VALUE;
}

/* The row stays where it is. */
static enum err change(struct queue *q, struct hold *h, const struct queue_row *row)
{
    enum err err = rewrite(q, h, row);
    if (err == OK && row->state == QUEUE_READY && h->lease == NULL)
        recent_without(&q->memory, &q->memory.member[h->member], row->lane, row->seq);
    return err;
}

enum err queue_seal(struct queue *q, const char *recipient, uint64_t seq,
                    const uint8_t message_id[static STORE_ID_LEN], uint64_t number,
                    uint64_t statement_leaf)
{
    struct hold h;
    enum err err = hold_row(q, recipient, seq, &h);
    if (err != OK)
        return err;
    struct queue_row row = h.row;
    memcpy(row.message_id, message_id, sizeof row.message_id);
    row.number = number;
    row.statement_leaf = statement_leaf;
    if (h.row.state > QUEUE_WAITING || !row_fits(&row))
        return ERR_FIELD_VALUE;
    err = change(q, &h, &row);
    if (err != OK || number == h.row.number)
        return err;
    if (h.lease != NULL)
        order_leave(&q->memory, h.lease, true);
    if (number > 0)
        order_number(&q->memory, h.member, row.conversation, number);
    if (h.lease == NULL)
        return OK;
    h.lease->number = number;
    if (number > 0)
        order_join(&q->memory, h.lease, row.conversation, false);
    return OK;
}

enum err queue_gated(struct queue *q, const char *recipient, uint64_t seq, uint64_t gated_at,
                     const uint8_t (*tokens)[STORE_TOKEN_LEN], size_t token_count)
{
    struct hold h;
    enum err err = hold_row(q, recipient, seq, &h);
    if (err != OK)
        return err;
    if (gated_at > STORE_NEVER || token_count > QUEUE_TOKENS_MAX)
        return ERR_FIELD_VALUE;
    struct queue_row row = h.row;
    row.gated_at = gated_at;
    row.token_count = (uint8_t)token_count;
    if (token_count > 0)
        memcpy(row.tokens, tokens, token_count * sizeof tokens[0]);
    return change(q, &h, &row);
}

enum err queue_refer(struct queue *q, const char *recipient, uint64_t seq, struct span ref)
{
    struct hold h;
    enum err err = hold_row(q, recipient, seq, &h);
    if (err != OK)
        return err;
    if (ref.len > QUEUE_REF_MAX)
        return ERR_FIELD_VALUE;
    struct queue_row row = h.row;
    row.ref_len = (uint8_t)ref.len;
    if (ref.len > 0)
        memcpy(row.ref, ref.data, ref.len);
    return change(q, &h, &row);
}

enum err queue_warned(struct queue *q, const char *recipient, uint64_t seq)
{
    struct hold h;
    enum err err = hold_row(q, recipient, seq, &h);
    if (err != OK)
        return err;
    struct queue_row row = h.row;
    row.warned = true;
    return change(q, &h, &row);
}
