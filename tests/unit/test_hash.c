/* Checks the promises in keys/hash.h and keys/entropy.h against published vectors. */
#include "keys/entropy.h"
#include "keys/guard.h"
#include "keys/hash.h"
#include "keys/init.h"

#include "vectors.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BUFFER = 256 };

static void sha256_matches_its_vectors(void **state)
{
    static const struct {
        const char *name;
        const char *text;
    } rows[] = {
        {"sha256.empty", ""},
        {"sha256.abc", "abc"},
        {"sha256.two_blocks", "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"},
    };
    uint8_t want[BUFFER];
    uint8_t got[HASH_LEN];
    (void)state;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        struct span w = vector_get("hash.txt", rows[i].name, want, sizeof want);
        hash_bytes(got, span_str(rows[i].text));
        assert_memory_equal(got, w.data, HASH_LEN);
    }
}

static void joined_spans_and_streams_hash_alike(void **state)
{
    uint8_t data[300];
    uint8_t whole[HASH_LEN];
    uint8_t got[HASH_LEN];
    (void)state;
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)(i * 7);
    hash_bytes(whole, span_of(data, sizeof data));
    for (size_t cut = 0; cut <= sizeof data; cut += 13) {
        const struct span spans[] = {span_of(data, cut), span_of(data + cut, sizeof data - cut)};
        struct sha256 s;
        hash_spans(got, spans, 2);
        assert_memory_equal(got, whole, HASH_LEN);
        sha256_init(&s);
        sha256_add(&s, spans[0]);
        sha256_add(&s, spans[1]);
        sha256_done(&s, got);
        assert_memory_equal(got, whole, HASH_LEN);
    }
}

/* Is it anywhere on the stack, also where a function has returned from? */
static bool on_stack(struct span what)
{
    enum { LINE = 256 };
    char line[LINE];
    unsigned long from = 0;
    unsigned long to = 0;
    FILE *maps = fopen("/proc/self/maps", "r");
    assert_non_null(maps);
    while (fgets(line, sizeof line, maps) != NULL && strstr(line, "[stack]") == NULL)
        continue;
    assert_int_equal(sscanf(line, "%lx-%lx", &from, &to), 2);
    assert_int_equal(fclose(maps), 0);
    uint8_t *copy = malloc(to - from);
    const int memory = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
    assert_non_null(copy);
    assert_true(memory >= 0);
    assert_int_equal(pread(memory, copy, to - from, (off_t)from), to - from);
    assert_int_equal(close(memory), 0);
    const bool found = memmem(copy, to - from, what.data, what.len) != NULL;
    free(copy);
    return found;
}

static void of_a_secret_that_was_hashed_nothing_is_left(void **state)
{
    enum { SECRET = 32 };
    uint8_t *secret = guard_alloc(SECRET);
    uint8_t out[HASH_LEN];
    uint8_t want[HASH_LEN];
    (void)state;
    assert_non_null(secret);
    for (uint8_t i = 0; i < SECRET; i++)
        secret[i] = (uint8_t)(i * 37 + 11);
    const struct span spans[] = {span_str("before"), span_of(secret, SECRET)};
    hash_secret(out, spans, 2);
    assert_false(on_stack(spans[1]));
    assert_true(on_stack(span_of(out, sizeof out))); /* what is there is found */
    hash_spans(want, spans, 2);
    assert_memory_equal(out, want, HASH_LEN);
    guard_free(secret);
}

/* Short and long, whole blocks and a byte beside them: what is gathered is what a stream hashes. */
static void every_length_and_cut_hashes_alike(void **state)
{
    enum { MAX = 800 };
    uint8_t data[MAX], want[HASH_LEN], got[HASH_LEN];
    (void)state;
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)(i * 11 + i / 251);
    for (size_t len = 0; len <= MAX; len++) {
        struct sha256 s;
        sha256_init(&s);
        sha256_add(&s, span_of(data, len));
        sha256_done(&s, want);
        const size_t cuts[] = {0, 1, len / 3, len / 2, len - (len > 0), len};
        for (size_t a = 0; a < T_COUNT(cuts); a++) {
            for (size_t b = 0; b < T_COUNT(cuts); b++) {
                const size_t first = cuts[a] < cuts[b] ? cuts[a] : cuts[b];
                const size_t second = cuts[a] < cuts[b] ? cuts[b] : cuts[a];
                if (second > len)
                    continue;
                const struct span spans[] = {span_of(data, first),
                                             span_of(data + first, second - first),
                                             span_of(data + second, len - second)};
                hash_spans(got, spans, 3);
                assert_memory_equal(got, want, HASH_LEN);
            }
        }
    }
}

/* RFC 2104 in its own words, for messages of every length. */
static void hmac_is_its_definition(void **state)
{
    uint8_t key[32], data[400], block[64 + 400], inner[HASH_LEN], want[HASH_LEN], got[HASH_LEN];
    (void)state;
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)(i * 3 + 1);
    for (size_t i = 0; i < sizeof key; i++)
        key[i] = (uint8_t)(200 - i);
    for (size_t len = 0; len <= sizeof data; len++) {
        struct sha256 s;
        for (size_t i = 0; i < 64; i++)
            block[i] = (uint8_t)((i < sizeof key ? key[i] : 0) ^ 0x36);
        memcpy(block + 64, data, len);
        sha256_init(&s);
        sha256_add(&s, span_of(block, 64 + len));
        sha256_done(&s, inner);
        for (size_t i = 0; i < 64; i++)
            block[i] = (uint8_t)((i < sizeof key ? key[i] : 0) ^ 0x5c);
        memcpy(block + 64, inner, sizeof inner);
        sha256_init(&s);
        sha256_add(&s, span_of(block, 64 + sizeof inner));
        sha256_done(&s, want);
        const struct span spans[] = {span_of(data, len / 2),
                                     span_of(data + len / 2, len - len / 2)};
        hmac_spans(got, span_of(key, sizeof key), spans, 2);
        assert_memory_equal(got, want, HASH_LEN);
    }
}

static void hmac_matches_rfc_4231(void **state)
{
    static const char *const rows[] = {"hmac1", "hmac2", "hmac6"};
    (void)state;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        char name[32];
        uint8_t key[BUFFER], data[BUFFER], mac[BUFFER], got[HASH_LEN];
        snprintf(name, sizeof name, "%s.key", rows[i]);
        struct span k = vector_get("hash.txt", name, key, sizeof key);
        snprintf(name, sizeof name, "%s.data", rows[i]);
        struct span d = vector_get("hash.txt", name, data, sizeof data);
        snprintf(name, sizeof name, "%s.mac", rows[i]);
        struct span m = vector_get("hash.txt", name, mac, sizeof mac);
        hmac_spans(got, k, &d, 1);
        assert_memory_equal(got, m.data, HASH_LEN);
    }
}

static void hkdf_matches_rfc_5869(void **state)
{
    static const char *const rows[] = {"hkdf1", "hkdf2", "hkdf3"};
    (void)state;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        char name[32];
        uint8_t b[5][BUFFER];
        struct span v[5];
        static const char *const fields[] = {"ikm", "salt", "info", "prk", "okm"};
        for (size_t f = 0; f < 5; f++) {
            snprintf(name, sizeof name, "%s.%s", rows[i], fields[f]);
            v[f] = vector_get("hash.txt", name, b[f], BUFFER);
        }
        uint8_t prk[HASH_LEN], okm[BUFFER];
        hkdf_extract(prk, v[1], &v[0], 1);
        assert_memory_equal(prk, v[3].data, HASH_LEN);
        hkdf_expand(okm, v[4].len, prk, &v[2], 1);
        assert_memory_equal(okm, v[4].data, v[4].len);
    }
}

static void labels_are_the_bytes_of_the_protocol(void **state)
{
    static const uint8_t want[] = "lianshu.batch.v1\0\0\1"; /* …\0 ‖ u16 suite */
    const struct span l = LABEL("batch");
    (void)state;
    assert_int_equal(l.len, sizeof want - 1);
    assert_memory_equal(l.data, want, l.len);
}

static void kid_depends_on_algorithm_and_key(void **state)
{
    uint8_t pk[32] = {1};
    uint8_t a[KID_LEN], b[KID_LEN], c[KID_LEN], hash[HASH_LEN];
    uint8_t text[128];
    struct writer w = writer_of(text, sizeof text);
    (void)state;
    kid_of(a, ALG_ED25519, pk);
    kid_of(b, ALG_X25519, pk);
    assert_memory_not_equal(a, b, KID_LEN);
    /* SHA-256(L("key") ‖ u8 alg ‖ u16|pk| ‖ pk)[0..16) */
    write_bytes(&w, "lianshu.key.v1\0\0\1\1\0\x20", 20);
    write_bytes(&w, pk, sizeof pk);
    hash_bytes(hash, writer_span(&w));
    assert_memory_equal(a, hash, KID_LEN);
    pk[31] = 1;
    kid_of(c, ALG_ED25519, pk);
    assert_memory_not_equal(a, c, KID_LEN);
}

static void replay_gives_the_same_bytes_and_never_repeats(void **state)
{
    static const uint8_t seed[ENTROPY_SEED_LEN] = {9};
    struct entropy_replay r1, r2;
    struct entropy a = entropy_replay_init(&r1, seed);
    struct entropy b = entropy_replay_init(&r2, seed);
    uint8_t x[40], y[40], z[40];
    (void)state;
    entropy_fill(&a, x, sizeof x);
    entropy_fill(&b, y, sizeof y);
    entropy_fill(&a, z, sizeof z);
    assert_memory_equal(x, y, sizeof x);
    assert_memory_not_equal(x, z, sizeof x);
}

/* Guarantees 1 and 2 of keys/entropy.h. */
static void pool_never_repeats_and_keeps_nothing_it_gave(void **state)
{
    enum { DRAWS = 200, LEN = 16 };
    static uint8_t given[DRAWS][LEN];
    struct entropy_pool pool = {0};
    const struct entropy e = entropy_pooled(&pool);
    (void)state;
    for (size_t i = 0; i < DRAWS; i++) {
        entropy_fill(&e, given[i], LEN);
        for (size_t j = 0; j < i; j++)
            assert_memory_not_equal(given[i], given[j], LEN);
        assert_null(memmem(pool.bytes, sizeof pool.bytes, given[i], LEN));
    }
    uint8_t secret[ENTROPY_SECRET_MIN];
    const size_t left = pool.left;
    entropy_fill(&e, secret, sizeof secret);
    assert_int_equal(pool.left, left); /* not out of the pool */
    assert_null(memmem(pool.bytes, sizeof pool.bytes, secret, sizeof secret));
}

static void ids_begin_with_their_time(void **state)
{
    struct entropy e = entropy_system();
    uint8_t id[ENTROPY_ID_LEN], other[ENTROPY_ID_LEN];
    (void)state;
    entropy_id(&e, UINT64_C(0x010203040506), id);
    entropy_id(&e, UINT64_C(0x010203040506), other);
    assert_memory_equal(id, "\1\2\3\4\5\6", 6);
    assert_memory_not_equal(id, other, sizeof id);
}

static void guarded_memory_begins_as_zeros(void **state)
{
    static const uint8_t zeros[100];
    uint8_t *memory = guard_alloc(sizeof zeros);
    (void)state;
    assert_non_null(memory);
    assert_true(guard_equal(memory, zeros, sizeof zeros));
    memory[99] = 1;
    assert_false(guard_equal(memory, zeros, sizeof zeros));
    guard_wipe(memory, sizeof zeros);
    assert_true(guard_equal(memory, zeros, sizeof zeros));
    guard_free(memory);
    guard_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sha256_matches_its_vectors),
        cmocka_unit_test(joined_spans_and_streams_hash_alike),
        cmocka_unit_test(of_a_secret_that_was_hashed_nothing_is_left),
        cmocka_unit_test(every_length_and_cut_hashes_alike),
        cmocka_unit_test(hmac_is_its_definition),
        cmocka_unit_test(hmac_matches_rfc_4231),
        cmocka_unit_test(hkdf_matches_rfc_5869),
        cmocka_unit_test(labels_are_the_bytes_of_the_protocol),
        cmocka_unit_test(kid_depends_on_algorithm_and_key),
        cmocka_unit_test(replay_gives_the_same_bytes_and_never_repeats),
        cmocka_unit_test(pool_never_repeats_and_keeps_nothing_it_gave),
        cmocka_unit_test(ids_begin_with_their_time),
        cmocka_unit_test(guarded_memory_begins_as_zeros),
    };
    return keys_init() == OK ? cmocka_run_group_tests_name("hash", tests, NULL, NULL) : 1;
}
