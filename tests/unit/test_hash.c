/* Checks the promises in keys/hash.h and keys/entropy.h against published vectors. */
#include "keys/entropy.h"
#include "keys/guard.h"
#include "keys/hash.h"
#include "keys/init.h"

#include "vectors.h"

#include <string.h>

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
    const struct label l = label_of("batch");
    (void)state;
    assert_int_equal(l.len, sizeof want - 1);
    assert_memory_equal(l.bytes, want, l.len);
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
        cmocka_unit_test(hmac_matches_rfc_4231),
        cmocka_unit_test(hkdf_matches_rfc_5869),
        cmocka_unit_test(labels_are_the_bytes_of_the_protocol),
        cmocka_unit_test(kid_depends_on_algorithm_and_key),
        cmocka_unit_test(replay_gives_the_same_bytes_and_never_repeats),
        cmocka_unit_test(ids_begin_with_their_time),
        cmocka_unit_test(guarded_memory_begins_as_zeros),
    };
    return keys_init() == OK ? cmocka_run_group_tests_name("hash", tests, NULL, NULL) : 1;
}
