#include "keys/entropy.h"

#include "check.h"

#include "keys/guard.h"

#include <sodium.h>
#include <string.h>

static void fill_system(void *ctx, uint8_t *out, size_t len)
{
    (void)ctx;
    randombytes_buf(out, len);
}

struct entropy entropy_system(void)
{
    return (struct entropy){NULL, fill_system};
}

/* Salts and ids of a message: a call of the system for each costs more than making the message's
 * keys. */
static void fill_pooled(void *ctx, uint8_t *out, size_t len)
{
    struct entropy_pool *pool = ctx;
    if (len >= ENTROPY_SECRET_MIN) {
        randombytes_buf(out, len);
        return;
    }
    if (pool->left < len) {
        randombytes_buf(pool->bytes, sizeof pool->bytes);
        pool->left = sizeof pool->bytes;
    }
    uint8_t *from = pool->bytes + sizeof pool->bytes - pool->left;
    memcpy(out, from, len);
    guard_wipe(from, len);
    pool->left -= len;
}

struct entropy entropy_pooled(struct entropy_pool *pool)
{
    return (struct entropy){pool, fill_pooled};
}

/* One ChaCha20 stream per fill, told apart by its number. */
static void fill_replay(void *ctx, uint8_t *out, size_t len)
{
    struct entropy_replay *replay = ctx;
    uint8_t nonce[crypto_stream_chacha20_NONCEBYTES];

    _Static_assert(sizeof nonce == sizeof replay->drawn, "the number is the nonce");
    for (size_t i = 0; i < sizeof nonce; i++)
        nonce[i] = (uint8_t)(replay->drawn >> (8 * i));
    replay->drawn++;
    crypto_stream_chacha20(out, len, nonce, replay->seed);
}

struct entropy entropy_replay_init(struct entropy_replay *replay,
                                   const uint8_t seed[static ENTROPY_SEED_LEN])
{
    _Static_assert(ENTROPY_SEED_LEN == crypto_stream_chacha20_KEYBYTES, "seed is the key");
    memcpy(replay->seed, seed, ENTROPY_SEED_LEN);
    replay->drawn = 0;
    return (struct entropy){replay, fill_replay};
}

void entropy_fill(const struct entropy *e, void *out, size_t len)
{
    e->fill(e->ctx, out, len);
}

void entropy_id(const struct entropy *e, uint64_t created_ms, uint8_t out[static ENTROPY_ID_LEN])
{
    uint8_t random[ENTROPY_ID_LEN - 6];
    entropy_fill(e, random, sizeof random);
    message_id_make(created_ms, random, out);
}
