/* Checks the promises in keys/hpke.h. */
#include "keys/hpke.h"
#include "keys/init.h"

#include "vectors.h"

#include <string.h>

enum { BUFFER = 256 };

static struct span hpke_vector(const char *name, uint8_t *buffer)
{
    return vector_get("hpke.txt", name, buffer, BUFFER);
}

static void fill_fixed(void *ctx, uint8_t *out, size_t len)
{
    assert_int_equal(len, KEY_SECRET_LEN);
    memcpy(out, ctx, len);
}

struct vectors {
    uint8_t b[8][BUFFER];
    struct span info, ephemeral, secret, public_key, enc, plain, aad, ct;
};

static void load(struct vectors *v)
{
    v->info = hpke_vector("info", v->b[0]);
    v->ephemeral = hpke_vector("ephemeral.secret", v->b[1]);
    v->secret = hpke_vector("recipient.secret", v->b[2]);
    v->public_key = hpke_vector("recipient.public", v->b[3]);
    v->enc = hpke_vector("enc", v->b[4]);
    v->plain = hpke_vector("plain", v->b[5]);
    v->aad = hpke_vector("aad", v->b[6]);
    v->ct = hpke_vector("ct", v->b[7]);
}

static void sealing_matches_rfc_9180(void **state)
{
    struct vectors v;
    uint8_t out[BUFFER];
    struct writer w = writer_of(out, sizeof out);
    (void)state;
    load(&v);
    const struct entropy fixed = {v.b[1], fill_fixed};
    assert_int_equal(hpke_seal(v.public_key.data, v.info, v.aad, v.plain, &fixed, &w), OK);
    assert_int_equal(w.len, v.enc.len + v.ct.len);
    assert_memory_equal(out, v.enc.data, v.enc.len);
    assert_memory_equal(out + v.enc.len, v.ct.data, v.ct.len);
}

static void opening_matches_rfc_9180(void **state)
{
    struct vectors v;
    uint8_t out[BUFFER];
    (void)state;
    load(&v);
    assert_int_equal(
        hpke_open(v.secret.data, v.public_key.data, v.enc.data, v.info, v.aad, v.ct, out), OK);
    assert_memory_equal(out, v.plain.data, v.plain.len);
}

static void any_changed_byte_is_refused(void **state)
{
    struct vectors v;
    uint8_t out[BUFFER];
    (void)state;
    load(&v);
    static const int fields[] = {0, 4, 6, 7}; /* info, enc, aad, ct */
    const size_t lens[] = {v.info.len, v.enc.len, v.aad.len, v.ct.len};
    for (size_t f = 0; f < T_COUNT(fields); f++) {
        for (size_t i = 0; i < lens[f]; i++) {
            v.b[fields[f]][i] ^= 0x10;
            assert_int_equal(
                hpke_open(v.secret.data, v.public_key.data, v.enc.data, v.info, v.aad, v.ct, out),
                ERR_UNWRAP);
            v.b[fields[f]][i] ^= 0x10;
        }
    }
    v.ct.len = HPKE_TAG_LEN - 1;
    assert_int_equal(
        hpke_open(v.secret.data, v.public_key.data, v.enc.data, v.info, v.aad, v.ct, out),
        ERR_UNWRAP);
}

static void points_of_small_order_are_refused(void **state)
{
    static const char *const names[] = {"small1.public",         "small2.public",
                                        "small3.public",         "small4.public",
                                        "not_canonical1.public", "not_canonical2.public"};
    struct vectors v;
    struct entropy system = entropy_system();
    uint8_t point[BUFFER], out[BUFFER];
    static const uint8_t zero[32];
    (void)state;
    load(&v);
    for (size_t i = 0; i <= T_COUNT(names); i++) {
        struct writer w = writer_of(out, sizeof out);
        const uint8_t *p = zero;
        if (i < T_COUNT(names))
            p = vector_get("x25519.txt", names[i], point, sizeof point).data;
        assert_int_equal(hpke_seal(p, v.info, v.aad, v.plain, &system, &w), ERR_KEY_WEAK);
        assert_int_equal(w.len, 0);
        assert_int_equal(hpke_open(v.secret.data, v.public_key.data, p, v.info, v.aad, v.ct, out),
                         ERR_UNWRAP);
    }
}

static void what_does_not_fit_is_not_written(void **state)
{
    struct vectors v;
    struct entropy system = entropy_system();
    uint8_t out[BUFFER];
    (void)state;
    load(&v);
    struct writer w = writer_of(out, HPKE_ENC_LEN + v.plain.len + HPKE_TAG_LEN - 1);
    assert_int_equal(hpke_seal(v.public_key.data, v.info, v.aad, v.plain, &system, &w),
                     ERR_TOO_LARGE);
    assert_int_equal(w.len, 0);
    w = writer_of(out, sizeof out);
    assert_int_equal(hpke_seal(v.public_key.data, v.info, v.aad,
                               span_of(v.plain.data, HPKE_PLAIN_MAX + 1), &system, &w),
                     ERR_TOO_LARGE); /* unread */
    w.full = true;
    assert_int_equal(hpke_seal(v.public_key.data, v.info, v.aad, v.plain, &system, &w),
                     ERR_TOO_LARGE);
    assert_int_equal(w.len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sealing_matches_rfc_9180),
        cmocka_unit_test(opening_matches_rfc_9180),
        cmocka_unit_test(any_changed_byte_is_refused),
        cmocka_unit_test(points_of_small_order_are_refused),
        cmocka_unit_test(what_does_not_fit_is_not_written),
    };
    return keys_init() == OK ? cmocka_run_group_tests_name("hpke", tests, NULL, NULL) : 1;
}
