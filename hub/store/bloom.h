/*
 * bloom - a set of tokens that says no for certain and yes perhaps: what saves a look into a table
 * for those who are not in it.
 *
 * Guarantees:
 *   1. bloom_may is true of every token that was added, and of every one before bloom_open.
 *   2. Nothing is ever taken out: what a rollback undid costs a look and no more.
 *
 * Memory: BLOOM_BITS_EACH bits for each row it was opened for, at most BLOOM_BITS_MAX. Thread rule:
 * plain values.
 */
#ifndef STORE_BLOOM_H
#define STORE_BLOOM_H

#include "base/err.h"
#include "store/ids.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    BLOOM_BITS_EACH = 12,
    BLOOM_BITS_MIN = 1 << 16,
    BLOOM_BITS_MAX = 1 << 25, /* 4 MiB */
};

/* Zeroed: there is none, and everything may be in it. */
struct bloom {
    uint8_t *bits; /* owns */
    uint32_t mask; /* of a bit's number */
};

MUST_USE enum err bloom_open(struct bloom *b, uint64_t rows);
void bloom_close(struct bloom *b);
/* A token is a keyed hash or drawn at random: its words are the hashes. */
void bloom_add(struct bloom *b, const uint8_t token[static STORE_TOKEN_LEN]);
bool bloom_may(const struct bloom *b, const uint8_t token[static STORE_TOKEN_LEN]);

#endif
