#include "store/decision_pack.h"

#include <string.h>

void pack_fini(struct pack *p)
{
    box_fini(&p->heads);
    box_fini(&p->bodies);
    *p = (struct pack){.heads_len = 0};
}

enum err pack_add(struct pack *p, const struct decision_row *row)
{
    uint8_t head[PACK_HEAD_LEN];
    struct writer w = writer_of(head, sizeof head);
    struct span kept;
    write_uint(&w, row->seq, 8);
    write_bytes(&w, row->document, STORE_HASH_LEN);
    write_bytes(&w, row->env_id, STORE_HASH_LEN);
    write_uint(&w, row->message_seq, 8);
    write_uint(&w, row->type, 4);
    write_uint(&w, row->time_ms, 8);
    write_uint(&w, row->code, 2);
    write_uint(&w, row->record.len, 4);
    write_uint(&w, row->facts.len, 4);
    enum err err = box_add(&p->heads, p->heads_len, writer_span(&w), &kept);
    if (err == OK)
        err = box_add(&p->bodies, p->bodies_len, row->record, &kept);
    if (err == OK)
        err = box_add(&p->bodies, p->bodies_len + row->record.len, row->facts, &kept);
    if (err != OK)
        return err;
    p->heads_len += sizeof head;
    p->bodies_len += row->record.len + row->facts.len;
    return OK;
}

static uint64_t number(const uint8_t *at, size_t len)
{
    struct span from = {at, len};
    uint64_t value = 0;
    (void)span_take_uint(&from, len, &value); /* it is there */
    return value;
}

static const uint8_t *head_at(const struct pack *p, size_t i)
{
    return p->heads.data + i * PACK_HEAD_LEN;
}

static size_t body_len(const struct pack *p, size_t i)
{
    const uint8_t *lens = head_at(p, i) + PACK_HEAD_LEN - 8;
    return number(lens, 4) + number(lens + 4, 4);
}

static bool is_whole(const struct pack *p, uint64_t last)
{
    const size_t count = p->heads_len / PACK_HEAD_LEN;
    size_t sum = 0;
    if (count == 0 || p->heads_len % PACK_HEAD_LEN != 0 || pack_seq(p, count - 1) != last)
        return false;
    for (size_t i = 0; i < count; i++) {
        if (i > 0 && pack_seq(p, i - 1) >= pack_seq(p, i))
            return false;
        sum += body_len(p, i);
    }
    return p->erased || sum == p->bodies_len;
}

enum err pack_take(struct pack *p, uint64_t last, struct span heads, struct span bodies)
{
    struct span kept;
    enum err err = box_keep(&p->heads, heads, &kept);
    if (err == OK)
        err = box_keep(&p->bodies, bodies, &kept);
    p->heads_len = heads.len;
    p->bodies_len = bodies.len;
    p->last = last;
    p->erased = store_is_erased(bodies);
    p->broken = false;
    if (err == OK)
        p->broken = !is_whole(p, last);
    return err;
}

uint64_t pack_seq(const struct pack *p, size_t i)
{
    return p->broken ? p->last : number(head_at(p, i), 8);
}

size_t pack_find(const struct pack *p, uint64_t seq)
{
    size_t low = 0;
    size_t high = pack_count(p);
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (pack_seq(p, middle) < seq)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

size_t pack_offset(const struct pack *p, size_t i)
{
    size_t offset = 0;
    for (size_t k = 0; k < i && !p->broken; k++)
        offset += body_len(p, k);
    return offset;
}

void pack_get(const struct pack *p, size_t i, size_t *offset, struct decision_row *out)
{
    *out = (struct decision_row){.seq = pack_seq(p, i), .message_seq = STORE_NEVER};
    if (p->broken) {
        out->record = span_of("?", 1);
        return;
    }
    const uint8_t *at = head_at(p, i) + 8;
    memcpy(out->document, at, STORE_HASH_LEN);
    at += STORE_HASH_LEN;
    memcpy(out->env_id, at, STORE_HASH_LEN);
    at += STORE_HASH_LEN;
    out->message_seq = number(at, 8);
    out->type = (uint32_t)number(at + 8, 4);
    out->time_ms = number(at + 12, 8);
    out->code = (uint32_t)number(at + 20, 2);
    const size_t record_len = number(at + 22, 4);
    const size_t facts_len = number(at + 26, 4);
    if (!p->erased) {
        out->record = span_of(p->bodies.data + *offset, record_len);
        out->facts = span_of(p->bodies.data + *offset + record_len, facts_len);
    }
    *offset += record_len + facts_len;
}
