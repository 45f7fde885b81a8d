#include "keys/hash.h"

#include "keys/guard.h"

#include <openssl/sha.h>

#include <assert.h>

enum { BLOCK_LEN = 64, GATHER_MAX = 256 };

_Static_assert(sizeof(SHA256_CTX) <= HASH_STATE_LEN, "SHA-256 state outgrew its room");
_Static_assert(SHA256_DIGEST_LENGTH == HASH_LEN, "hash length drifted");

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

/* Many calls of the library for a few bytes cost more than the hash: gather them first. Returns
 * how much of `bytes` was written. */
static size_t add_spans(struct sha256 *s, const struct span *spans, size_t span_count,
                        uint8_t bytes[static GATHER_MAX])
{
    struct writer w = writer_of(bytes, GATHER_MAX);
    size_t next = 0;

    while (span_count > 1 && next < span_count && spans[next].len <= w.cap - w.len)
        write_span(&w, spans[next++]);
    sha256_add(s, writer_span(&w));
    for (; next < span_count; next++)
        sha256_add(s, spans[next]);
    return w.len;
}

void hash_spans(uint8_t out[static HASH_LEN], const struct span *spans, size_t span_count)
{
    struct sha256 s;
    uint8_t bytes[GATHER_MAX];
    sha256_init(&s);
    (void)add_spans(&s, spans, span_count, bytes);
    SHA256_Final(out, ctx_of(&s));
}

void hash_bytes(uint8_t out[static HASH_LEN], struct span bytes)
{
    hash_spans(out, &bytes, 1);
}

/* Begin one of HMAC's two hashes with the key xored into the pad. */
static void begin_padded(struct sha256 *s, const uint8_t key[static BLOCK_LEN], uint8_t pad)
{
    uint8_t block[BLOCK_LEN];
    for (size_t i = 0; i < BLOCK_LEN; i++)
        block[i] = key[i] ^ pad;
    sha256_init(s);
    sha256_add(s, span_of(block, sizeof block));
    guard_wipe(block, sizeof block);
}

void hmac_key_init(struct hmac_key *k, struct span key)
{
    uint8_t block[BLOCK_LEN] = {0};

    if (key.len > BLOCK_LEN)
        hash_bytes(block, key);
    else if (key.len > 0)
        memcpy(block, key.data, key.len);
    begin_padded(&k->inner, block, 0x36);
    begin_padded(&k->outer, block, 0x5c);
    guard_wipe(block, sizeof block);
}

void hmac_key_spans(uint8_t out[static HASH_LEN], const struct hmac_key *k,
                    const struct span *spans, size_t span_count)
{
    struct sha256 s = k->inner;
    uint8_t inner[HASH_LEN];
    uint8_t bytes[GATHER_MAX];

    const size_t gathered = add_spans(&s, spans, span_count, bytes);
    SHA256_Final(inner, ctx_of(&s));
    s = k->outer;
    sha256_add(&s, span_of(inner, sizeof inner));
    sha256_done(&s, out);

    guard_wipe(bytes, gathered);
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

void hkdf_expand(uint8_t *out, size_t out_len, const uint8_t prk[static HASH_LEN],
                 const struct span *info, size_t info_count)
{
    enum { INFO_MAX = 6 };
    uint8_t t[HASH_LEN];
    uint8_t counter = 0;
    struct span spans[INFO_MAX + 2];
    struct hmac_key k;

    assert(out_len <= HKDF_OUT_MAX && info_count <= INFO_MAX);
    hmac_key_init(&k, span_of(prk, HASH_LEN));
    for (size_t i = 0; i < info_count; i++)
        spans[i + 1] = info[i];
    spans[info_count + 1] = span_of(&counter, 1);

    for (size_t done = 0; done < out_len;) {
        spans[0] = span_of(t, counter == 0 ? 0 : sizeof t);
        counter++;
        hmac_key_spans(t, &k, spans, info_count + 2);
        size_t n = out_len - done < sizeof t ? out_len - done : sizeof t;
        memcpy(out + done, t, n);
        done += n;
    }
    guard_wipe(t, sizeof t);
    guard_wipe(&k, sizeof k);
}

void label_write(struct writer *w, const char *name)
{
    static const char prefix[] = "lianshu.";
    static const char suffix[] = ".v1"; /* its NUL is part of the label */
    write_bytes(w, prefix, sizeof prefix - 1);
    write_bytes(w, name, strlen(name));
    write_bytes(w, suffix, sizeof suffix);
    write_uint(w, SUITE_CURRENT, 2);
}

struct label label_of(const char *name)
{
    struct label l;
    struct writer w = writer_of(l.bytes, sizeof l.bytes);
    label_write(&w, name);
    assert(!w.full); /* names are ours */
    l.len = w.len;
    return l;
}

void kid_of(uint8_t out[static KID_LEN], enum key_alg alg, const uint8_t public_key[static 32])
{
    uint8_t hash[HASH_LEN];
    const uint8_t head[3] = {(uint8_t)alg, 0, 32};
    const struct label l = label_of("key");
    const struct span spans[] = {label_span(&l), span_of(head, sizeof head),
                                 span_of(public_key, 32)};
    hash_spans(hash, spans, 3);
    memcpy(out, hash, KID_LEN);
}
