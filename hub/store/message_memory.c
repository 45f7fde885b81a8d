#include "store/message_memory.h"

#include <stdlib.h>

_Static_assert((FRAME_RING_FRAMES & (FRAME_RING_FRAMES - 1)) == 0, "the ring is masked");
_Static_assert((ROWS & (ROWS - 1)) == 0 && (TOPS & (TOPS - 1)) == 0, "the tables are masked");
_Static_assert(STORE_FRAME_MAX < FRAME_RING_BYTES / 2, "the ring holds more than the largest");

enum err kept_init(struct message_memory *m)
{
    *m = (struct message_memory){.transaction = 1};
    m->ring.bytes = malloc(FRAME_RING_BYTES); /* touched only as far as frames come */
    m->ring.frame = malloc(FRAME_RING_FRAMES * sizeof *m->ring.frame);
    m->row = malloc(ROWS * sizeof *m->row);
    m->row_time = calloc(ROWS, sizeof *m->row_time);
    m->top = calloc(TOPS, sizeof *m->top);
    return m->ring.bytes != NULL && m->ring.frame != NULL && m->row != NULL &&
                   m->row_time != NULL && m->top != NULL
               ? OK
               : ERR_NO_MEMORY;
}

void kept_fini(struct message_memory *m)
{
    free(m->ring.bytes);
    free(m->ring.frame);
    free(m->row);
    free(m->row_time);
    free(m->top);
    *m = (struct message_memory){0};
}

static struct ring_frame *frame_slot(const struct frame_ring *r, uint64_t put)
{
    return &r->frame[put & (FRAME_RING_FRAMES - 1)];
}

/* Room for len bytes in one piece behind the newest; false when the oldest is in the way. */
static bool ring_fits(const struct frame_ring *r, size_t len, uint32_t *at)
{
    *at = 0;
    if (r->first == r->next)
        return true;
    if (r->next - r->first == FRAME_RING_FRAMES)
        return false;
    const struct ring_frame *newest = frame_slot(r, r->next - 1);
    uint32_t head = newest->at + newest->len;
    uint32_t tail = frame_slot(r, r->first)->at;
    *at = head;
    if (tail >= head)
        return len <= tail - head;
    if (len <= FRAME_RING_BYTES - head)
        return true;
    *at = 0;
    return len <= tail;
}

void kept_frame_put(struct message_memory *m, uint64_t seq, struct span frame)
{
    struct frame_ring *r = &m->ring;
    uint32_t at;
    /* They come in the order of their leaves; one that does not is read from its row. */
    if (frame.len == 0 || (r->first < r->next && seq <= frame_slot(r, r->next - 1)->seq))
        return;
    while (!ring_fits(r, frame.len, &at))
        r->first++;
    memcpy(r->bytes + at, frame.data, frame.len);
    *frame_slot(r, r->next++) = (struct ring_frame){seq, at, (uint32_t)frame.len, false};
}

static struct ring_frame *frame_at(const struct frame_ring *r, uint64_t seq)
{
    uint64_t low = r->first;
    uint64_t high = r->next;
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        if (frame_slot(r, middle)->seq < seq)
            low = middle + 1;
        else
            high = middle;
    }
    struct ring_frame *f = frame_slot(r, low);
    return low < r->next && f->seq == seq ? f : NULL;
}

bool kept_frame_find(const struct message_memory *m, uint64_t seq, struct span *frame)
{
    const struct ring_frame *f = frame_at(&m->ring, seq);
    if (f == NULL || f->dropped)
        return false;
    *frame = span_of(m->ring.bytes + f->at, f->len);
    return true;
}

void kept_frame_drop(struct message_memory *m, uint64_t seq)
{
    struct ring_frame *f = frame_at(&m->ring, seq);
    if (f != NULL)
        f->dropped = true;
}

static void ring_cut(struct frame_ring *r, uint64_t next)
{
    r->next = next;
    if (r->first > next)
        r->first = next;
}

static uint32_t hash_text(const char *text)
{
    uint32_t h = 2166136261u; /* FNV-1a; names come from the registry, not from an attacker */
    for (; *text != '\0'; text++)
        h = (h ^ (uint8_t)*text) * 16777619u;
    return h;
}

/* The first of the two places where a row may be. Ids are the sender's choice: at worst they push
 * each other out of memory. */
static size_t row_place(const char *sender, const uint8_t id[static STORE_ID_LEN])
{
    uint64_t a;
    uint64_t b;
    memcpy(&a, id, sizeof a);
    memcpy(&b, id + sizeof a, sizeof b);
    uint64_t h = (a ^ hash_text(sender)) * 0x9e3779b97f4a7c15u;
    h = (h ^ h >> 29 ^ b) * 0xbf58476d1ce4e5b9u;
    return (size_t)(h >> 40) & (ROWS - 2);
}

static bool row_is(const struct message_memory *m, size_t i, const char *sender,
                   const uint8_t id[static STORE_ID_LEN])
{
    return m->row_time[i] != 0 && memcmp(m->row[i].id, id, STORE_ID_LEN) == 0 &&
           strcmp(m->row[i].sender, sender) == 0;
}

void kept_row_put(struct message_memory *m, const struct message_row *row)
{
    size_t i = row_place(row->sender, row->id);
    /* Its own place, or the one that is free or older. */
    if (!row_is(m, i, row->sender, row->id) &&
        (row_is(m, i + 1, row->sender, row->id) || m->row_time[i + 1] < m->row_time[i]))
        i++;
    m->row[i] = *row;
    m->row_time[i] = m->transaction;
}

const struct message_row *kept_row_find(const struct message_memory *m, const char *sender,
                                        const uint8_t id[static STORE_ID_LEN])
{
    size_t i = row_place(sender, id);
    if (row_is(m, i, sender, id))
        return &m->row[i];
    return row_is(m, i + 1, sender, id) ? &m->row[i + 1] : NULL;
}

void kept_row_drop(struct message_memory *m, const char *sender,
                   const uint8_t id[static STORE_ID_LEN])
{
    const struct message_row *row = kept_row_find(m, sender, id);
    if (row != NULL)
        m->row_time[row - m->row] = 0;
}

const struct sender_top *kept_top_find(const struct message_memory *m, const char *sender)
{
    const struct sender_top *top = &m->top[hash_text(sender) & (TOPS - 1)];
    return strcmp(top->sender, sender) == 0 ? top : NULL;
}

void kept_top_put(struct message_memory *m, const char *sender,
                  const uint8_t id[static STORE_ID_LEN])
{
    struct sender_top *top = &m->top[hash_text(sender) & (TOPS - 1)];
    size_t len = strlen(sender);
    if (len == 0 || len > STORE_MEMBER_MAX)
        return;
    if (strcmp(top->sender, sender) == 0 && memcmp(top->id, id, STORE_ID_LEN) >= 0)
        return;
    memcpy(top->sender, sender, len + 1);
    memcpy(top->id, id, STORE_ID_LEN);
}

/* Rows that this transaction put or changed; what was read in it goes along. */
static void rows_drop(struct message_memory *m)
{
    for (size_t i = 0; i < ROWS; i++) {
        if (m->row_time[i] == m->transaction)
            m->row_time[i] = 0;
    }
}

void kept_committed(struct message_memory *m)
{
    m->ring.committed = m->ring.next;
    m->transaction++;
}

void kept_savepoint(struct message_memory *m)
{
    m->ring.mark = m->ring.next;
}

void kept_rolled_back(struct message_memory *m)
{
    rows_drop(m);
    ring_cut(&m->ring, m->ring.committed);
    m->transaction++;
}

void kept_rolled_back_to(struct message_memory *m)
{
    rows_drop(m);
    ring_cut(&m->ring, m->ring.mark);
}
