#include "scenario/stamper.h"

#include "keys/stamp.h"
#include "t.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ts.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

enum { BEGAN_S = 1577836800, ENDS_S = 1893456000 }; /* 2020 to 2030: whatever a test's time is */

struct stamper {
    EVP_PKEY *key;
    X509 *certificate;
    long now_s;
};

static void extend(X509 *certificate, int nid, const char *value)
{
    X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, NULL, nid, value);
    assert_non_null(e);
    assert_int_equal(X509_add_ext(certificate, e, -1), 1);
    X509_EXTENSION_free(e);
}

struct stamper *stamper_open(const char *roots)
{
    struct stamper *s = calloc(1, sizeof *s);
    assert_non_null(s);
    s->key = EVP_EC_gen("P-256");
    s->certificate = X509_new();
    X509 *c = s->certificate;
    assert_non_null(s->key);
    assert_int_equal(X509_set_version(c, 2), 1);
    ASN1_INTEGER_set(X509_get_serialNumber(c), 1);
    ASN1_TIME_set(X509_getm_notBefore(c), BEGAN_S);
    ASN1_TIME_set(X509_getm_notAfter(c), ENDS_S);
    X509_NAME *name = X509_get_subject_name(c);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const uint8_t *)"stamps of a test", -1,
                               -1, 0);
    X509_set_issuer_name(c, name);
    X509_set_pubkey(c, s->key);
    extend(c, NID_basic_constraints, "critical,CA:FALSE");
    extend(c, NID_ext_key_usage, "critical,timeStamping");
    assert_true(X509_sign(c, s->key, EVP_sha256()) > 0);
    FILE *f = fopen(roots, "w");
    assert_non_null(f);
    assert_int_equal(PEM_write_X509(f, c), 1);
    assert_int_equal(fclose(f), 0);
    return s;
}

void stamper_close(struct stamper *s)
{
    EVP_PKEY_free(s->key);
    X509_free(s->certificate);
    free(s);
}

static int tell_time(TS_RESP_CTX *ctx, void *arg, long *seconds, long *micros)
{
    const struct stamper *s = arg;
    (void)ctx;
    *seconds = s->now_s;
    *micros = 0;
    return 1;
}

static ASN1_INTEGER *tell_serial(TS_RESP_CTX *ctx, void *arg)
{
    ASN1_INTEGER *one = ASN1_INTEGER_new();
    (void)ctx, (void)arg;
    ASN1_INTEGER_set(one, 1);
    return one;
}

static void write_answer(TS_RESP *response, const char *path)
{
    uint8_t *der = NULL;
    const int len = i2d_TS_RESP(response, &der);
    FILE *f = fopen(path, "w");
    assert_true(len > 0);
    assert_non_null(f);
    assert_int_equal(fwrite(der, 1, (size_t)len, f), len);
    assert_int_equal(fclose(f), 0);
    OPENSSL_free(der);
}

void stamper_answer(struct stamper *s, struct span data, uint64_t time_ms, const char *path)
{
    const struct entropy entropy = entropy_system();
    uint8_t request[STAMP_REQUEST_MAX];
    struct writer w = writer_of(request, sizeof request);
    assert_int_equal(stamp_request(data, &entropy, &w), OK);
    stamper_grant(s,
                  &(struct stamper_wish){.request = writer_span(&w),
                                         .time_s = (int64_t)(time_ms / 1000),
                                         .seconds = 1},
                  path);
}

void stamper_grant(struct stamper *s, const struct stamper_wish *wish, const char *path)
{
    TS_RESP_CTX *ctx = TS_RESP_CTX_new();
    ASN1_OBJECT *policy = OBJ_txt2obj("1.2.3.4.1", 1);
    s->now_s = wish->time_s;
    BIO *asked = BIO_new_mem_buf(wish->request.data, (int)wish->request.len);
    assert_int_equal(TS_RESP_CTX_set_signer_cert(ctx, s->certificate), 1);
    assert_int_equal(TS_RESP_CTX_set_signer_key(ctx, s->key), 1);
    assert_int_equal(TS_RESP_CTX_set_signer_digest(ctx, EVP_sha256()), 1);
    assert_int_equal(TS_RESP_CTX_set_def_policy(ctx, policy), 1);
    assert_int_equal(TS_RESP_CTX_add_md(ctx, EVP_sha256()), 1);
    if (wish->seconds != 0 || wish->millis != 0)
        assert_int_equal(TS_RESP_CTX_set_accuracy(ctx, wish->seconds, wish->millis, 0), 1);
    TS_RESP_CTX_set_time_cb(ctx, tell_time, s);
    TS_RESP_CTX_set_serial_cb(ctx, tell_serial, s);
    TS_RESP *response = TS_RESP_create_response(ctx, asked);
    assert_non_null(response);
    write_answer(response, path);
    TS_RESP_free(response);
    BIO_free(asked);
    ASN1_OBJECT_free(policy);
    TS_RESP_CTX_free(ctx);
}
