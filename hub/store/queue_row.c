/* Rows of the queue as bytes. */
#include "store/columns.h"
#include "store/queue_own.h"

enum {
    FLAG_WARNED = 1,
    FLAG_CONVERSATION = 2, /* without a number: else it stands in the place */
    FLAG_REF = 4,
    FLAG_TOKENS = 8,
    FLAGS_ALL = 15,
    VARINT_MAX = 9, /* bytes of a value below 2^63 */
};

void place_write(uint8_t out[static PLACE_LEN], uint32_t member,
                 const uint8_t conversation[static STORE_ID_LEN], uint64_t number)
{
    struct writer w = writer_of(out, PLACE_LEN);
    write_uint(&w, member, 2);
    write_bytes(&w, conversation, STORE_ID_LEN);
    write_uint(&w, number, 8);
}

void wake_write(uint8_t out[static WAKE_LEN], uint32_t member, unsigned lane, struct place at)
{
    struct writer w = writer_of(out, WAKE_LEN);
    write_uint(&w, member, 2);
    write_uint(&w, lane, 1);
    write_uint(&w, at.due_ms, 8);
    write_uint(&w, at.seq, 5);
}

void varint_write(struct writer *w, uint64_t value)
{
    while (value >= 0x80) {
        write_uint(w, (value & 0x7f) | 0x80, 1);
        value >>= 7;
    }
    write_uint(w, value, 1);
}

bool varint_take(struct span *from, uint64_t *value)
{
    *value = 0;
    for (unsigned i = 0; i < VARINT_MAX && i < from->len; i++) {
        uint8_t byte = from->data[i];
        *value |= (uint64_t)(byte & 0x7f) << (7 * i);
        if (byte < 0x80) {
            *from = span_of(from->data + i + 1, from->len - i - 1);
            return byte > 0 || i == 0;
        }
    }
    return false;
}

static bool take_u32(struct span *from, uint32_t *out)
{
    uint64_t value;
    bool ok = varint_take(from, &value) && value <= UINT32_MAX;
    *out = (uint32_t)value;
    return ok;
}

static bool take_bytes(struct span *from, void *out, size_t len)
{
    if (from->len < len)
        return false;
    memcpy(out, from->data, len);
    *from = span_of(from->data + len, from->len - len);
    return true;
}

void row_pack(const struct queue_row *row, uint32_t member, uint32_t sender, struct packed *out)
{
    struct writer w = writer_of(out->bytes, sizeof out->bytes);
    bool ordered = row->number > 0;
    bool conversation = !ordered && !id_is_zero(row->conversation);
    size_t tokens = (size_t)row->token_count * STORE_TOKEN_LEN;

    out->place_len = ordered ? PLACE_LEN : 0;
    if (ordered) {
        place_write(out->bytes, member, row->conversation, row->number);
        w.len = PLACE_LEN;
    }
    write_uint(&w,
               (row->warned ? FLAG_WARNED : 0u) | (conversation ? FLAG_CONVERSATION : 0u) |
                   (row->ref_len > 0 ? FLAG_REF : 0u) | (tokens > 0 ? FLAG_TOKENS : 0u),
               1);
    write_uint(&w, row->form, 1);
    write_bytes(&w, row->message_id, STORE_ID_LEN);
    if (conversation)
        write_bytes(&w, row->conversation, STORE_ID_LEN);
    const uint64_t numbers[] = {sender,        row->statement_leaf, row->type,
                                row->due_ms,   row->expires_ms,     row->gated_at,
                                row->attempts, row->code,           row->bytes};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        varint_write(&w, numbers[i]);
    if (row->ref_len > 0) {
        write_uint(&w, row->ref_len, 1);
        write_bytes(&w, row->ref, row->ref_len);
    }
    if (tokens > 0) {
        write_uint(&w, row->token_count, 1);
        write_bytes(&w, row->tokens, tokens);
    }
    out->len = w.len;
}

static bool take_place(struct span place, uint64_t member, struct queue_row *out)
{
    uint64_t named;
    if (place.len == 0)
        return true;
    return place.len == PLACE_LEN && span_take_uint(&place, 2, &named) && named == member &&
           take_bytes(&place, out->conversation, STORE_ID_LEN) &&
           span_take_uint(&place, 8, &out->number) && out->number > 0;
}

/* Reference and tokens, to the end. */
static bool take_tail(struct span *from, uint64_t flags, struct queue_row *out)
{
    uint64_t count = 0;
    if ((flags & FLAG_REF) != 0) {
        if (!span_take_uint(from, 1, &count) || count == 0 || count > sizeof out->ref ||
            !take_bytes(from, out->ref, count))
            return false;
        out->ref_len = (uint8_t)count;
    }
    if ((flags & FLAG_TOKENS) != 0) {
        if (!span_take_uint(from, 1, &count) || count == 0 || count > QUEUE_TOKENS_MAX ||
            !take_bytes(from, out->tokens, count * STORE_TOKEN_LEN))
            return false;
        out->token_count = (uint8_t)count;
    }
    return from->len == 0;
}

static bool take_numbers(struct span *from, uint32_t *sender, struct queue_row *out)
{
    return take_u32(from, sender) && varint_take(from, &out->statement_leaf) &&
           take_u32(from, &out->type) && varint_take(from, &out->due_ms) &&
           varint_take(from, &out->expires_ms) && varint_take(from, &out->gated_at) &&
           take_u32(from, &out->attempts) && take_u32(from, &out->code) &&
           take_u32(from, &out->bytes);
}

enum err row_unpack(const struct queue_memory *m, uint64_t key, struct span place, struct span body,
                    struct queue_row *out)
{
    uint64_t flags;
    uint64_t form;
    uint32_t sender;
    uint64_t member = key_member(key);

    *out = (struct queue_row){.seq = key_seq(key),
                              .state = (enum queue_state)key_state(key),
                              .lane = (uint8_t)key_lane(key)};
    if (member >= m->member_count || !take_place(place, member, out) ||
        !span_take_uint(&body, 1, &flags) || flags > FLAGS_ALL ||
        !span_take_uint(&body, 1, &form) || !take_bytes(&body, out->message_id, STORE_ID_LEN))
        return ERR_CORRUPT;
    if ((flags & FLAG_CONVERSATION) != 0 &&
        (place.len > 0 || !take_bytes(&body, out->conversation, STORE_ID_LEN)))
        return ERR_CORRUPT;
    if (!take_numbers(&body, &sender, out) || sender > m->member_count ||
        !take_tail(&body, flags, out))
        return ERR_CORRUPT;
    out->form = (uint8_t)form;
    out->warned = (flags & FLAG_WARNED) != 0;
    memcpy(out->recipient, m->member[member].name, sizeof out->recipient);
    if (sender > 0)
        memcpy(out->sender, m->member[sender - 1].name, sizeof out->sender);
    return OK;
}

enum err row_read(struct queue *q, struct stmt *s, struct queue_row *out)
{
    uint64_t key = stmt_u64(s, 0);
    struct span place = {NULL, 0};
    if (!stmt_is_null(s, 1))
        place = stmt_blob(s, 1);
    return row_unpack(&q->memory, key, place, stmt_blob(s, 2), out);
}

enum err row_first(struct queue *q, uint64_t from, uint64_t to, struct queue_row *out)
{
    struct row_scan scan;
    struct row_at at;
    scan_begin(q, &scan, from, to);
    enum err err = scan_next(&scan, &at);
    if (err == OK)
        err = row_unpack(&q->memory, at.key, at.place, at.body, out);
    return scan_end(&scan, err);
}

enum err row_find(struct queue *q, uint32_t member, uint64_t seq, struct queue_row *out)
{
    struct stmt *s = q->q[QUEUE_SQL_GET];
    const struct queue_member *m = &q->memory.member[member];
    if (seq > KEY_SEQ_MAX)
        return ERR_NOT_FOUND;
    for (unsigned i = 0; i < 4 * QUEUE_LANES; i++) {
        if (m->now.count[i / QUEUE_LANES][i % QUEUE_LANES] == 0)
            continue;
        uint64_t key = key_of(member, i / QUEUE_LANES, i % QUEUE_LANES, seq);
        struct span body;
        if (i < QUEUE_LANES && row_fresh(q, key, &body))
            return row_unpack(&q->memory, key, (struct span){NULL, 0}, body, out);
        stmt_bind_u64(s, 1, key);
        enum err err = stmt_step(s);
        if (err == OK)
            err = row_read(q, s, out);
        err = stmt_end(s, err);
        if (err != ERR_NOT_FOUND)
            return err;
    }
    return ERR_NOT_FOUND;
}
