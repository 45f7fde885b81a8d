/*
 * handle_memory - the handles that were there at the start, so that a gate does not look for a
 * subject on the disk. Internal to handle.c.
 *
 * Guarantees:
 *   1. What is found is a row of the table: rows are never changed but by handle_move, which
 *      forgets all of them; those put since the start are in the table alone, so that a rollback
 *      makes nothing false.
 *   2. handle_memory_may is false only of a token that was never put.
 *
 * Memory: HANDLE_MEMORY_ROWS, and a filter. Thread rule: that of the db.
 */
#ifndef STORE_HANDLE_MEMORY_H
#define STORE_HANDLE_MEMORY_H

#include "store/bloom.h"
#include "store/handle.h"

enum { HANDLE_MEMORY_ROWS = 1 << 18 /* 10 MiB; what is beyond is in the table alone */ };

struct handle_memory_row {
    uint8_t token[STORE_TOKEN_LEN];
    uint8_t handle[STORE_TOKEN_LEN];
    uint64_t seq;
};

struct handle_memory {
    struct handle_memory_row *row; /* owns; in order of token */
    uint32_t *first;               /* owns; by the first two bytes of a token, and one more */
    size_t count, cap;
    struct bloom filter;
};

/* Room for those of a table of so many rows; they come in order of token, then it is sealed. */
MUST_USE enum err handle_memory_open(struct handle_memory *m, uint64_t rows);
void handle_memory_close(struct handle_memory *m);
void handle_memory_add(struct handle_memory *m, const struct handle_memory_row *row);
void handle_memory_seal(struct handle_memory *m);

/* NULL: ask the table. */
const struct handle_memory_row *handle_memory_find(const struct handle_memory *m,
                                                   const uint8_t token[static STORE_TOKEN_LEN]);
bool handle_memory_may(const struct handle_memory *m, const uint8_t token[static STORE_TOKEN_LEN]);
/* A row that is put, and the rows as a whole. */
void handle_memory_put(struct handle_memory *m, const uint8_t token[static STORE_TOKEN_LEN]);
void handle_memory_forget(struct handle_memory *m);

/* Of a store that is alone with its file: read the table into memory. */
MUST_USE enum err handles_remember(struct handles *h, struct fault *f);

#endif
