#include "store/handle_memory.h"

#include <stdlib.h>
#include <string.h>

enum { BUCKETS = 1 << 16 };

/* Tokens are keyed hashes: buckets are even. */
static uint32_t bucket_of(const uint8_t *token)
{
    return (uint32_t)token[0] << 8 | token[1];
}

enum err handle_memory_open(struct handle_memory *m, uint64_t rows)
{
    const size_t cap = rows < HANDLE_MEMORY_ROWS ? (size_t)rows : HANDLE_MEMORY_ROWS;
    *m = (struct handle_memory){.cap = cap};
    enum err err = bloom_open(&m->filter, rows);
    if (err != OK || cap == 0)
        return err;
    m->row = calloc(cap, sizeof *m->row);
    m->first = calloc(BUCKETS + 1, sizeof *m->first);
    return m->row == NULL || m->first == NULL ? ERR_NO_MEMORY : OK;
}

void handle_memory_close(struct handle_memory *m)
{
    handle_memory_forget(m);
    bloom_close(&m->filter);
}

void handle_memory_add(struct handle_memory *m, const struct handle_memory_row *row)
{
    bloom_add(&m->filter, row->token);
    if (m->count == m->cap)
        return;
    m->row[m->count++] = *row;
    m->first[bucket_of(row->token) + 1] = (uint32_t)m->count;
}

void handle_memory_seal(struct handle_memory *m)
{
    for (size_t i = 1; m->first != NULL && i <= BUCKETS; i++) {
        if (m->first[i] == 0) /* nobody in it: it ends where it begins */
            m->first[i] = m->first[i - 1];
    }
}

const struct handle_memory_row *handle_memory_find(const struct handle_memory *m,
                                                   const uint8_t token[static STORE_TOKEN_LEN])
{
    if (m->first == NULL)
        return NULL;
    const uint32_t bucket = bucket_of(token);
    for (uint32_t i = m->first[bucket]; i < m->first[bucket + 1]; i++) {
        if (memcmp(m->row[i].token, token, STORE_TOKEN_LEN) == 0)
            return &m->row[i];
    }
    return NULL;
}

bool handle_memory_may(const struct handle_memory *m, const uint8_t token[static STORE_TOKEN_LEN])
{
    return bloom_may(&m->filter, token);
}

void handle_memory_put(struct handle_memory *m, const uint8_t token[static STORE_TOKEN_LEN])
{
    bloom_add(&m->filter, token);
}

void handle_memory_forget(struct handle_memory *m)
{
    free(m->row);
    free(m->first);
    m->row = NULL;
    m->first = NULL;
    m->count = m->cap = 0;
}
