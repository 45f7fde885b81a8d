#include "keys/hash.h"

#include "base/scratch.h"
#include "keys/guard.h"

#include <openssl/sha.h>

#include <assert.h>

/* TAIL_MAX: what is gathered before the library is called; with HMAC's block before it, its
 * length still fits any of our statements. */
enum { BLOCK_LEN = 64, LENGTH_LEN = 8, TAIL_BLOCKS = 4, TAIL_MAX = TAIL_BLOCKS * BLOCK_LEN };

_Static_assert(sizeof(SHA256_CTX) <= HASH_STATE_LEN, "SHA-256 state outgrew its room");
_Static_assert(SHA256_DIGEST_LENGTH == HASH_LEN, "hash length drifted");
_Static_assert(sizeof((SHA256_CTX *)0)->h == HASH_LEN, "a chaining value is as long as a hash");

static SHA256_CTX *ctx_of(struct sha256 *s)
{
    return (SHA256_CTX *)(void *)s->state;
}

void sha256_init(struct sha256 *s)
{
    SHA256_Init(ctx_of(s));
}

void sha256_add(struct sha256 *s, struct span bytes)
{
    if (bytes.len > 0)
        SHA256_Update(ctx_of(s), bytes.data, bytes.len);
}

void sha256_done(struct sha256 *s, uint8_t out[static HASH_LEN])
{
    SHA256_Final(out, ctx_of(s));
    guard_wipe(s, sizeof *s);
}

/*
 * Most of what is hashed is a few dozen bytes in several spans. The library's calls for each of
 * them, and its own end, cost more than the compression: so they are gathered in whole blocks,
 * padded here, and given to the library at once.
 */
struct gather {
    SHA256_CTX ctx;
    uint64_t total; /* bytes hashed before this, and by it */
    size_t len;     /* of tail */
    uint8_t tail[TAIL_MAX];
};

/* From a chaining value after `before` bytes, whole blocks. */
static void gather_from(struct gather *g, const uint32_t state[static HASH_LEN / 4],
                        uint64_t before)
{
    memcpy(g->ctx.h, state, sizeof g->ctx.h);
    g->ctx.Nl = 0;
    g->ctx.Nh = 0;
    g->ctx.num = 0; /* whole blocks only: the library never keeps a rest */
    g->ctx.md_len = HASH_LEN;
    g->total = before;
    g->len = 0;
}

static void gather_add(struct gather *g, struct span s)
{
    g->total += s.len;
    if (s.len > sizeof g->tail - g->len) {
        const size_t rest = g->len % BLOCK_LEN;
        const size_t fill = rest == 0 ? 0 : BLOCK_LEN - rest; /* less than what fits in tail */
        memcpy(g->tail + g->len, s.data, fill);
        if (g->len + fill > 0)
            SHA256_Update(&g->ctx, g->tail, g->len + fill);
        const size_t whole = (s.len - fill) / BLOCK_LEN * BLOCK_LEN;
        if (whole > 0)
            SHA256_Update(&g->ctx, s.data + fill, whole);
        s = span_of(s.data + fill + whole, s.len - fill - whole);
        g->len = 0;
    }
    if (s.len > 0)
        memcpy(g->tail + g->len, s.data, s.len);
    g->len += s.len;
}

static void put_word(uint8_t *out, uint32_t word)
{
    out[0] = (uint8_t)(word >> 24);
    out[1] = (uint8_t)(word >> 16);
    out[2] = (uint8_t)(word >> 8);
    out[3] = (uint8_t)word;
}

/* FIPS 180-4, 5.1.1: a 1 bit, zeros, the length in bits. */
static void gather_done(struct gather *g, uint8_t out[static HASH_LEN])
{
    if (g->len > TAIL_MAX - 1 - LENGTH_LEN) {
        const size_t whole = g->len / BLOCK_LEN * BLOCK_LEN;
        SHA256_Update(&g->ctx, g->tail, whole);
        g->len -= whole;
        memcpy(g->tail, g->tail + whole, g->len);
    }
    const size_t end = (g->len + LENGTH_LEN) / BLOCK_LEN * BLOCK_LEN + BLOCK_LEN;
    g->tail[g->len++] = 0x80;
    memset(g->tail + g->len, 0, end - LENGTH_LEN - g->len);
    const uint64_t bits = g->total * 8;
    put_word(g->tail + end - LENGTH_LEN, (uint32_t)(bits >> 32));
    put_word(g->tail + end - LENGTH_LEN / 2, (uint32_t)bits);
    SHA256_Update(&g->ctx, g->tail, end);
    for (size_t i = 0; i < HASH_LEN / 4; i++)
        put_word(out + 4 * i, g->ctx.h[i]);
}

static const uint32_t initial[HASH_LEN / 4] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                               0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

static void gather_all(struct gather *g, uint8_t out[static HASH_LEN], const struct span *spans,
                       size_t span_count)
{
    gather_from(g, initial, 0);
    for (size_t i = 0; i < span_count; i++)
        gather_add(g, spans[i]);
    gather_done(g, out);
}

void hash_spans(uint8_t out[static HASH_LEN], const struct span *spans, size_t span_count)
{
    SCRATCH struct gather g;
    gather_all(&g, out, spans, span_count);
}

void hash_secret(uint8_t out[static HASH_LEN], const struct span *spans, size_t span_count)
{
    SCRATCH struct gather g;
    gather_all(&g, out, spans, span_count);
    guard_wipe(&g, sizeof g);
}

void hash_bytes(uint8_t out[static HASH_LEN], struct span bytes)
{
    hash_spans(out, &bytes, 1);
}

/* The chaining value after one of HMAC's two keyed blocks. */
static void begin_padded(uint32_t state[static HASH_LEN / 4], const uint8_t key[static BLOCK_LEN],
                         uint8_t pad)
{
    SCRATCH struct gather g;
    gather_from(&g, initial, 0);
    for (size_t i = 0; i < BLOCK_LEN; i++)
        g.tail[i] = key[i] ^ pad;
    SHA256_Update(&g.ctx, g.tail, BLOCK_LEN);
    memcpy(state, g.ctx.h, sizeof g.ctx.h);
    guard_wipe(&g, sizeof g);
}

void hmac_key_init(struct hmac_key *k, struct span key)
{
    uint8_t block[BLOCK_LEN] = {0};

    if (key.len > BLOCK_LEN)
        hash_secret(block, &key, 1);
    else if (key.len > 0)
        memcpy(block, key.data, key.len);
    begin_padded(k->inner, block, 0x36);
    begin_padded(k->outer, block, 0x5c);
    guard_wipe(block, sizeof block);
}

void hmac_key_spans(uint8_t out[static HASH_LEN], const struct hmac_key *k,
                    const struct span *spans, size_t span_count)
{
    SCRATCH struct gather g;
    uint8_t inner[HASH_LEN];

    gather_from(&g, k->inner, BLOCK_LEN);
    for (size_t i = 0; i < span_count; i++)
        gather_add(&g, spans[i]);
    gather_done(&g, inner);
    gather_from(&g, k->outer, BLOCK_LEN);
    gather_add(&g, span_of(inner, sizeof inner));
    gather_done(&g, out);

    guard_wipe(&g, sizeof g);
    guard_wipe(inner, sizeof inner);
}
void hmac_spans(uint8_t out[static HASH_LEN], struct span key, const struct span *spans,
                size_t span_count)
{
    struct hmac_key k;
    hmac_key_init(&k, key);
    hmac_key_spans(out, &k, spans, span_count);
    guard_wipe(&k, sizeof k);
}

void hkdf_extract(uint8_t prk[static HASH_LEN], struct span salt, const struct span *ikm,
                  size_t ikm_count)
{
    hmac_spans(prk, salt, ikm, ikm_count);
}

void hkdf_expand_key(uint8_t *out, size_t out_len, const struct hmac_key *prk,
                     const struct span *info, size_t info_count)
{
    enum { INFO_MAX = 6 };
    uint8_t t[HASH_LEN];
    uint8_t counter = 0;
    struct span spans[INFO_MAX + 2];

    assert(out_len <= HKDF_OUT_MAX && info_count <= INFO_MAX);
    for (size_t i = 0; i < info_count; i++)
        spans[i + 1] = info[i];
    spans[info_count + 1] = span_of(&counter, 1);

    for (size_t done = 0; done < out_len;) {
        spans[0] = span_of(t, counter == 0 ? 0 : sizeof t);
        counter++;
        hmac_key_spans(t, prk, spans, info_count + 2);
        size_t n = out_len - done < sizeof t ? out_len - done : sizeof t;
        memcpy(out + done, t, n);
        done += n;
    }
    guard_wipe(t, sizeof t);
}

void hkdf_expand(uint8_t *out, size_t out_len, const uint8_t prk[static HASH_LEN],
                 const struct span *info, size_t info_count)
{
    struct hmac_key k;
    hmac_key_init(&k, span_of(prk, HASH_LEN));
    hkdf_expand_key(out, out_len, &k, info, info_count);
    guard_wipe(&k, sizeof k);
}

void kid_of(uint8_t out[static KID_LEN], enum key_alg alg, const uint8_t public_key[static 32])
{
    uint8_t hash[HASH_LEN];
    const uint8_t head[3] = {(uint8_t)alg, 0, 32};
    const struct span spans[] = {LABEL("key"), span_of(head, sizeof head), span_of(public_key, 32)};
    hash_spans(hash, spans, 3);
    memcpy(out, hash, KID_LEN);
}
