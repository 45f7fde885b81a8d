/* Checks the promises in keys/key.h. */
#include "keys/attachment.h"
#include "keys/batch.h"
#include "keys/enrol.h"
#include "keys/envelope.h"
#include "keys/init.h"
#include "keys/key.h"
#include "keys/keyfile.h"
#include "keys/pkcs11.h"
#include "keys/registry.h"
#include "keys/seal.h"

#include "ident.h"
#include "vectors.h"

#include <sodium.h>

#include <string.h>

enum { BUFFER = 256 };

static struct span ed_vector(const char *test, const char *field, uint8_t *buffer)
{
    char name[64];
    snprintf(name, sizeof name, "%s.%s", test, field);
    return vector_get("ed25519.txt", name, buffer, BUFFER);
}

static void signatures_of_rfc_8032_verify(void **state)
{
    static const char *const tests[] = {"test1", "test2", "test3"};
    (void)state;
    for (size_t i = 0; i < T_COUNT(tests); i++) {
        uint8_t pk[BUFFER], m[BUFFER], s[BUFFER];
        struct span key = ed_vector(tests[i], "public", pk);
        struct span message = ed_vector(tests[i], "message", m);
        struct span signature = ed_vector(tests[i], "signature", s);
        assert_int_equal(key_verify(key.data, message, signature.data), OK);
        for (size_t at = 0; at < 64; at++) {
            s[at] ^= 1;
            assert_int_equal(key_verify(key.data, message, s), ERR_SIGNATURE);
            s[at] ^= 1;
        }
    }
}

/* C-03: S + L is the same number modulo L, and another signature of the same message. */
static void malleated_signature_is_refused(void **state)
{
    static const uint8_t order[32] = {0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58,
                                      0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
                                      0,    0,    0,    0,    0,    0,    0,    0,
                                      0,    0,    0,    0,    0,    0,    0,    0x10};
    uint8_t pk[BUFFER], m[BUFFER], s[BUFFER];
    unsigned carry = 0;
    (void)state;
    struct span key = ed_vector("test2", "public", pk);
    struct span message = ed_vector("test2", "message", m);
    (void)ed_vector("test2", "signature", s); /* its bytes are in s */
    for (size_t i = 0; i < 32; i++) {
        carry += s[32 + i] + (unsigned)order[i];
        s[32 + i] = (uint8_t)carry;
        carry >>= 8;
    }
    assert_int_equal(key_verify(key.data, message, s), ERR_SIGNATURE);
}

/* A signature whose R and key are of small order verifies any message in careless libraries. */
static void small_order_key_verifies_nothing(void **state)
{
    uint8_t signature[64] = {1};
    uint8_t pk[BUFFER];
    (void)state;
    (void)ed_vector("small1", "public", pk); /* its bytes are in pk */
    assert_int_equal(key_verify(pk, span_str("any message"), signature), ERR_SIGNATURE);
}

static void weak_public_keys_are_refused(void **state)
{
    static const struct {
        const char *file;
        const char *name;
        enum key_use use;
    } rows[] = {
        {"ed25519.txt", "small1.public", KEY_USE_SIGN},
        {"ed25519.txt", "small2.public", KEY_USE_SIGN},
        {"ed25519.txt", "small3.public", KEY_USE_LOG},
        {"ed25519.txt", "small4.public", KEY_USE_ROOT},
        {"ed25519.txt", "not_canonical1.public", KEY_USE_SIGN},
        {"ed25519.txt", "not_canonical2.public", KEY_USE_REGISTRAR},
        {"x25519.txt", "small1.public", KEY_USE_SEAL},
        {"x25519.txt", "small2.public", KEY_USE_SEAL},
        {"x25519.txt", "small3.public", KEY_USE_TRANSPORT},
        {"x25519.txt", "small4.public", KEY_USE_SEAL},
        {"x25519.txt", "not_canonical1.public", KEY_USE_SEAL},
        {"x25519.txt", "not_canonical2.public", KEY_USE_TRANSPORT},
        {"x25519.txt", "not_canonical3.public", KEY_USE_SEAL},
    };
    (void)state;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        uint8_t pk[BUFFER];
        print_message("%s %s\n", rows[i].file, rows[i].name);
        struct span key = vector_get(rows[i].file, rows[i].name, pk, sizeof pk);
        assert_int_equal(key_check_public(rows[i].use, key.data), ERR_KEY_WEAK);
    }
}

/* C-04: a point of mixed order: a good key plus a point of order 2, (x, y) -> (-x, -y). */
static void key_of_mixed_order_is_refused(void **state)
{
    struct key *key = NULL;
    struct entropy e = entropy_system();
    uint8_t pk[32];
    unsigned borrow = 0;
    (void)state;
    assert_int_equal(key_make(&key, KEY_USE_SIGN, 0, &e), OK);
    memcpy(pk, key_public(key), sizeof pk);
    const uint8_t sign = pk[31] & 0x80;
    pk[31] &= 0x7f;
    for (size_t i = 0; i < 32; i++) { /* p - y */
        const unsigned p = i == 0 ? 0xed : i == 31 ? 0x7f : 0xff;
        const unsigned have = pk[i] + borrow;
        borrow = have > p;
        pk[i] = (uint8_t)(p + 256 * borrow - have);
    }
    pk[31] |= sign ^ 0x80;
    assert_int_equal(key_check_public(KEY_USE_SIGN, pk), ERR_KEY_WEAK);
    assert_int_equal(key_check_public(KEY_USE_SIGN, key_public(key)), OK);
    assert_int_equal(key_check_public(KEY_USE_STORAGE, key_public(key)), ERR_KEY_USE);
    key_close(&key);
}

/* K-12 */
static void published_keys_are_refused_in_either_half(void **state)
{
    static const struct {
        const char *file;
        const char *name;
        enum key_use use;
    } rows[] = {
        {"ed25519.txt", "test1", KEY_USE_SIGN},
        {"ed25519.txt", "test2", KEY_USE_LOG},
        {"ed25519.txt", "test3", KEY_USE_ROOT},
        {"x25519.txt", "alice", KEY_USE_SEAL},
        {"x25519.txt", "bob", KEY_USE_SEAL},
        {"x25519.txt", "zmq_server", KEY_USE_TRANSPORT},
        {"x25519.txt", "zmq_client", KEY_USE_TRANSPORT},
        {"hpke.txt", "recipient", KEY_USE_SEAL},
    };
    static const uint8_t zero[32];
    struct key *key = NULL;
    (void)state;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        char name[64];
        uint8_t buffer[BUFFER];
        print_message("%s\n", rows[i].name);
        snprintf(name, sizeof name, "%s.public", rows[i].name);
        struct span v = vector_get(rows[i].file, name, buffer, sizeof buffer);
        assert_int_equal(key_check_public(rows[i].use, v.data), ERR_KEY_PUBLIC);
        snprintf(name, sizeof name, "%s.secret", rows[i].name);
        v = vector_get(rows[i].file, name, buffer, sizeof buffer);
        assert_int_equal(key_import(&key, rows[i].use, 0, v.data), ERR_KEY_PUBLIC);
        assert_null(key);
    }
    assert_int_equal(key_check_public(KEY_USE_SEAL, zero), ERR_KEY_PUBLIC);
    assert_int_equal(key_import(&key, KEY_USE_STORAGE, 0, zero), ERR_KEY_PUBLIC);
    assert_int_equal(key_import(&key, KEY_USE_SIGN, 0, zero), ERR_KEY_PUBLIC);
}

static void same_secret_gives_the_same_key(void **state)
{
    const struct entropy e = entropy_system();
    struct key *a = NULL, *b = NULL;
    (void)state;
    assert_int_equal(key_make(&a, KEY_USE_SEAL, 7, &e), OK);
    assert_int_equal(key_import(&b, KEY_USE_SEAL, 7, key_secret(a)), OK);
    assert_memory_equal(key_public(a), key_public(b), KEY_PUBLIC_LEN);
    assert_memory_equal(key_kid(a), key_kid(b), KID_LEN);
    assert_int_equal(key_created_ms(b), 7);
    key_close(&a);
    key_close(&b);
    key_close(&b);
    key_close(NULL);
}

static void only_signing_keys_sign(void **state)
{
    const struct entropy e = entropy_system();
    struct key *key = NULL;
    uint8_t signature[64];
    (void)state;
    assert_int_equal(key_make(&key, KEY_USE_SEAL, 0, &e), OK);
    assert_int_equal(key_sign(key, span_str("m"), signature), ERR_KEY_USE);
    key_close(&key);
    assert_int_equal(key_make(&key, KEY_USE_LOG, 0, &e), OK);
    assert_int_equal(key_sign(key, span_str("m"), signature), OK);
    assert_int_equal(key_verify(key_public(key), span_str("m"), signature), OK);
    assert_int_equal(key_verify(key_public(key), span_str("n"), signature), ERR_SIGNATURE);
    key_close(&key);
    assert_int_equal(key_make(&key, (enum key_use)99, 0, &e), ERR_KEY_USE);
}

static void use_names_are_inverted(void **state)
{
    (void)state;
    for (int use = 0; use < 40; use++) {
        const char *name = key_use_name((enum key_use)use);
        if (name != NULL)
            assert_int_equal(key_use_of(name), use);
    }
    assert_int_equal(key_use_of("nothing"), KEY_USE_NONE);
}

static void ring_gives_the_newest_key_of_a_use(void **state)
{
    const struct entropy e = entropy_system();
    struct keyring *ring = NULL;
    struct key *key = NULL;
    uint8_t kid[KID_LEN];
    (void)state;
    assert_int_equal(keyring_open(&ring, "market.445100", "a"), OK);
    assert_null(keyring_find(ring, KEY_USE_SEAL));
    for (uint64_t created = 1; created <= 3; created++) {
        assert_int_equal(key_make(&key, KEY_USE_SEAL, created == 2 ? 9 : created, &e), OK);
        memcpy(kid, key_kid(key), sizeof kid);
        assert_int_equal(keyring_add(ring, &key), OK);
        assert_null(key);
    }
    assert_int_equal(key_created_ms(keyring_find(ring, KEY_USE_SEAL)), 9);
    assert_int_equal(key_created_ms(keyring_kid(ring, kid)), 3);
    kid[0] ^= 1;
    assert_null(keyring_kid(ring, kid));
    assert_null(keyring_at(ring, 3));
    keyring_close(&ring);
}

static void a_ring_is_of_a_member_and_a_key_has_a_use(void **state)
{
    static const uint8_t secret[KEY_SECRET_LEN] = {1};
    char name[MEMBER_MAX + KEYRING_NAME_MAX + 2];
    struct keyring *ring = NULL;
    struct key *key = NULL;
    (void)state;
    memset(name, 'a', sizeof name);
    name[MEMBER_MAX + 1] = '\0';
    assert_int_equal(keyring_open(&ring, name, ""), ERR_TOO_LARGE);
    assert_null(ring);
    assert_int_equal(keyring_open(&ring, name + 1, ""), OK);
    keyring_close(&ring);
    memset(name, 'a', sizeof name);
    name[KEYRING_NAME_MAX + 1] = '\0';
    assert_int_equal(keyring_open(&ring, "", name), ERR_TOO_LARGE);
    assert_null(ring);
    assert_int_equal(keyring_open(&ring, "", name + 1), OK);
    keyring_close(&ring);
    assert_int_equal(key_import(&key, KEY_USE_NONE, 0, secret), ERR_KEY_USE);
    assert_null(key);
    assert_int_equal(key_import(&key, (enum key_use)99, 0, secret), ERR_KEY_USE);
    assert_null(key);
}

/* K-07 */
static void one_secret_for_two_uses_is_refused(void **state)
{
    const struct entropy e = entropy_system();
    struct keyring *ring = NULL;
    struct key *key = NULL, *other = NULL;
    (void)state;
    assert_int_equal(keyring_open(&ring, "", ""), OK);
    assert_int_equal(key_make(&key, KEY_USE_SEAL, 0, &e), OK);
    assert_int_equal(key_import(&other, KEY_USE_TRANSPORT, 0, key_secret(key)), OK);
    assert_int_equal(keyring_add(ring, &key), OK);
    assert_int_equal(keyring_add(ring, &other), ERR_KEY_REUSED);
    assert_non_null(other); /* still the caller's */
    key_close(&other);
    for (size_t i = 1; i < KEYRING_MAX; i++) {
        assert_int_equal(key_make(&key, KEY_USE_STORAGE, 0, &e), OK);
        assert_int_equal(keyring_add(ring, &key), OK);
    }
    assert_int_equal(key_make(&key, KEY_USE_STORAGE, 0, &e), OK);
    assert_int_equal(keyring_add(ring, &key), ERR_TOO_LARGE);
    key_close(&key);
    keyring_close(&ring);
}

/* The secret of a signing key gives a sealing key, too; of what is no key, none is told apart. */
static void a_sealing_key_from_a_signing_keys_secret_is_known_as_such(void **state)
{
    const struct entropy e = entropy_system();
    static const uint8_t weak[KEY_PUBLIC_LEN] = {1};
    uint8_t follows[KEY_PUBLIC_LEN];
    struct key *sign = NULL, *seal = NULL;
    (void)state;
    assert_int_equal(key_make(&sign, KEY_USE_SIGN, 0, &e), OK);
    assert_int_equal(key_make(&seal, KEY_USE_SEAL, 0, &e), OK);
    assert_int_equal(crypto_sign_ed25519_pk_to_curve25519(follows, key_public(sign)), 0);
    assert_true(key_same_secret(key_public(sign), follows));
    assert_false(key_same_secret(key_public(sign), key_public(seal)));
    assert_true(key_same_secret(weak, key_public(seal)));
    key_close(&sign);
    key_close(&seal);
}

static void what_was_never_opened_is_closed(void **state)
{
    (void)state;
    attachment_close(NULL);
    batch_close(NULL);
    enrol_code_close(NULL);
    envelope_batch_close(NULL);
    key_close(NULL);
    keyring_close(NULL);
    opener_close(NULL);
    passphrase_close(NULL);
    pkcs11_key_close(NULL);
    registry_close(NULL);
    verifier_close(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signatures_of_rfc_8032_verify),
        cmocka_unit_test(malleated_signature_is_refused),
        cmocka_unit_test(small_order_key_verifies_nothing),
        cmocka_unit_test(weak_public_keys_are_refused),
        cmocka_unit_test(key_of_mixed_order_is_refused),
        cmocka_unit_test(published_keys_are_refused_in_either_half),
        cmocka_unit_test(same_secret_gives_the_same_key),
        cmocka_unit_test(only_signing_keys_sign),
        cmocka_unit_test(use_names_are_inverted),
        cmocka_unit_test(ring_gives_the_newest_key_of_a_use),
        cmocka_unit_test(a_ring_is_of_a_member_and_a_key_has_a_use),
        cmocka_unit_test(one_secret_for_two_uses_is_refused),
        cmocka_unit_test(a_sealing_key_from_a_signing_keys_secret_is_known_as_such),
        cmocka_unit_test(what_was_never_opened_is_closed),
    };
    return keys_init() == OK ? cmocka_run_group_tests_name("key", tests, NULL, NULL) : 1;
}
