#include "store/message_memory.h"

#include <stdlib.h>

_Static_assert((ROWS & (ROWS - 1)) == 0 && (TOPS & (TOPS - 1)) == 0, "the tables are masked");

enum err kept_init(struct message_memory *m)
{
    *m = (struct message_memory){.transaction = 1};
    m->row = malloc(ROWS * sizeof *m->row);
    m->row_time = calloc(ROWS, sizeof *m->row_time);
    m->top = calloc(TOPS, sizeof *m->top);
    return m->row != NULL && m->row_time != NULL && m->top != NULL ? OK : ERR_NO_MEMORY;
}

void kept_fini(struct message_memory *m)
{
    free(m->row);
    free(m->row_time);
    free(m->top);
    *m = (struct message_memory){0};
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
    m->transaction++;
}

void kept_rolled_back(struct message_memory *m)
{
    rows_drop(m);
    m->transaction++;
}
