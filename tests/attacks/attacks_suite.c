/* Signatures of the suite that is reserved (SM2 over SM3, 0x0101), made by libcrypto, with the
 * distinguishing id of the standard and with another one: catalogue.csv C-18. There is no such
 * suite here, so none of them may pass, under whatever number they come and whatever is said of
 * the key. */
#include "scenario/forge.h"
#include "scenario/texts.h"

#include "base/clock.h"
#include "t.h"
#include "wire.h"

#include <openssl/ec.h>
#include <openssl/evp.h>

enum { RESERVED = 0x0101, HALF = 32, SIGNATURE_LEN = 2 * HALF };

static struct forge f;

/* SM2 over SM3 of `text` under a new key: r ‖ s. */
static void sm2_sign(struct span text, const char *distid, uint8_t out[static SIGNATURE_LEN])
{
    uint8_t der[128];
    size_t der_len = sizeof der;
    EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "SM2");
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    assert_non_null(key);
    assert_non_null(md);
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
    assert_non_null(ctx);
    assert_true(EVP_PKEY_CTX_set1_id(ctx, distid, (int)strlen(distid)) > 0);
    EVP_MD_CTX_set_pkey_ctx(md, ctx);
    assert_int_equal(EVP_DigestSignInit(md, NULL, EVP_sm3(), NULL, key), 1);
    assert_int_equal(EVP_DigestSign(md, der, &der_len, text.data, text.len), 1);
    const uint8_t *from = der;
    ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &from, (long)der_len);
    assert_non_null(sig);
    assert_int_equal(BN_bn2binpad(ECDSA_SIG_get0_r(sig), out, HALF), HALF);
    assert_int_equal(BN_bn2binpad(ECDSA_SIG_get0_s(sig), out + HALF, HALF), HALF);
    ECDSA_SIG_free(sig);
    EVP_MD_CTX_free(md);
    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(key);
}

/* S = alg 1 ‖ kid 16 ‖ size 8 ‖ index 8 ‖ n 1 ‖ signature: that of the forged envelope, with this
 * algorithm and with an SM2 signature in its place. */
static void forge_sm2(struct world *w, uint8_t alg, const char *distid)
{
    uint8_t s[FRAME_SIGNATURE_MAX];
    const size_t len = f.env.signature.len;
    memcpy(s, f.env.signature.data, len);
    s[0] = alg;
    sm2_sign(span_of(f.env_id, sizeof f.env_id), distid, s + len - SIGNATURE_LEN);
    forge_write(w, &f, span_of(s, len));
}

static void a_signature_of_the_reserved_suite_passes_under_no_distid_and_no_number(void **state)
{
    static const char *const distids[] = {"1234567812345678", "another distid", "A"};
    static const struct {
        uint32_t suite; /* 0: as it is */
        uint8_t alg;
        enum err code;
    } rows[] = {
        {0, 1, ERR_SIGNATURE}, /* said to be Ed25519 */
        {0, 3, ERR_SUITE},        {0, 0x81, ERR_SUITE},
        {RESERVED, 1, ERR_SUITE}, {RESERVED, 3, ERR_SUITE},
    };
    struct world *w = *state;
    attack_connect(w);
    for (size_t i = 0; i < T_COUNT(rows) * T_COUNT(distids); i++) {
        const size_t row = i / T_COUNT(distids);
        print_message("row %zu, distid %zu\n", row, i % T_COUNT(distids));
        forge_application(w, &f);
        if (rows[row].suite != 0) {
            f.h.suite = rows[row].suite;
            forge_header(&f);
        }
        forge_sign(w, &f, "health.445100");
        forge_sm2(w, rows[row].alg, distids[i % T_COUNT(distids)]);
        attack_is_counted(w, "health.445100", rows[row].code);
    }
    attack_hub_works(w);
}

/* The other way round: our own signature, said to be of the reserved suite. */
static void our_own_signature_under_the_reserved_suite_is_refused(void **state)
{
    struct world *w = *state;
    attack_connect(w);
    forge_application(w, &f);
    f.h.suite = RESERVED;
    forge_header(&f);
    forge_sign(w, &f, "health.445100");
    attack_is_counted(w, "health.445100", ERR_SUITE);
    attack_hub_works(w);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, world_setup, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_signature_of_the_reserved_suite_passes_under_no_distid_and_no_number),
        CASE(our_own_signature_under_the_reserved_suite_is_refused),
    };
    return cmocka_run_group_tests_name("attacks on the suite", tests, NULL, NULL);
}
