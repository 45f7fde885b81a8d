/*
 * entropy - where random bytes come from, as an argument, so that a run can be replayed.
 *
 *   entropy_system          the system's generator: every process that runs for real
 *   entropy_pooled          the same, a few hundred bytes at a time: whoever draws per message
 *   entropy_replay_init     a stream from a seed: scenario tests and benchmarks only
 *
 * Guarantees:
 *   1. fill never fails and never gives the same bytes twice from one stream.
 *   2. What a pool has given is wiped from it. Keys and secrets (ENTROPY_SECRET_MIN bytes or more)
 *      never pass through it: they come from the system at once.
 *   3. Two replays of one seed give the same bytes for the same sequence of lengths.
 *
 * Ownership: a struct entropy borrows its ctx. Thread rule: one thread per stream; a pool is not
 * used on both sides of a fork.
 */
#ifndef KEYS_ENTROPY_H
#define KEYS_ENTROPY_H

#include <stddef.h>
#include <stdint.h>

enum { ENTROPY_SEED_LEN = 32, ENTROPY_POOL_LEN = 512, ENTROPY_SECRET_MIN = 32 };

struct entropy {
    void *ctx;
    void (*fill)(void *ctx, uint8_t *out, size_t len);
};

struct entropy_replay {
    uint8_t seed[ENTROPY_SEED_LEN];
    uint64_t drawn; /* fills so far */
};

struct entropy entropy_system(void);

struct entropy_pool {
    size_t left; /* at the end of bytes; 0 to begin with */
    uint8_t bytes[ENTROPY_POOL_LEN];
};

/* `pool` is borrowed as long as the result is used; it begins as zeros. */
struct entropy entropy_pooled(struct entropy_pool *pool);

/* `replay` is borrowed as long as the result is used. */
struct entropy entropy_replay_init(struct entropy_replay *replay,
                                   const uint8_t seed[static ENTROPY_SEED_LEN]);

void entropy_fill(const struct entropy *e, void *out, size_t len);

/* Message or document id: u48 created_ms ‖ 80 random bits. */
enum { ENTROPY_ID_LEN = 16 };
void entropy_id(const struct entropy *e, uint64_t created_ms, uint8_t out[static ENTROPY_ID_LEN]);

#endif
