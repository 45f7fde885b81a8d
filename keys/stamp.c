#include "keys/stamp.h"

#include "keys/hash.h"

#include <openssl/ts.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { NONCE_LEN = 8 };

/* ---- asking ---- */

static bool fill_imprint(TS_REQ *request, struct span data)
{
    uint8_t hash[HASH_LEN];
    TS_MSG_IMPRINT *imprint = TS_MSG_IMPRINT_new();
    X509_ALGOR *algorithm = X509_ALGOR_new();
    bool done = imprint != NULL && algorithm != NULL;
    hash_bytes(hash, data);
    if (done)
        done = X509_ALGOR_set0(algorithm, OBJ_nid2obj(NID_sha256), V_ASN1_NULL, NULL) == 1 &&
               TS_MSG_IMPRINT_set_algo(imprint, algorithm) == 1 &&
               TS_MSG_IMPRINT_set_msg(imprint, hash, HASH_LEN) == 1 &&
               TS_REQ_set_msg_imprint(request, imprint) == 1; /* each copies */
    X509_ALGOR_free(algorithm);
    TS_MSG_IMPRINT_free(imprint);
    return done;
}

static bool fill_nonce(TS_REQ *request, const struct entropy *entropy)
{
    uint8_t bytes[NONCE_LEN];
    uint64_t number = 0;
    entropy_fill(entropy, bytes, sizeof bytes);
    memcpy(&number, bytes, sizeof number);
    ASN1_INTEGER *nonce = ASN1_INTEGER_new();
    const bool done = nonce != NULL && ASN1_INTEGER_set_uint64(nonce, number) == 1 &&
                      TS_REQ_set_nonce(request, nonce) == 1;
    ASN1_INTEGER_free(nonce);
    return done;
}

enum err stamp_request(struct span data, const struct entropy *entropy, struct writer *w)
{
    enum err err = ERR_NO_MEMORY;
    uint8_t *der = NULL;
    TS_REQ *request = TS_REQ_new();
    if (request == NULL || TS_REQ_set_version(request, 1) != 1 || !fill_imprint(request, data) ||
        !fill_nonce(request, entropy))
        goto out;
    (void)TS_REQ_set_cert_req(request, 1); /* a flag */
    const int len = i2d_TS_REQ(request, &der);
    if (len <= 0)
        goto out;
    write_bytes(w, der, (size_t)len);
    err = w->full ? ERR_TOO_LARGE : OK;

out:
    OPENSSL_free(der);
    TS_REQ_free(request);
    return err;
}

/* ---- the answer: what d2i has read has the fields that are not OPTIONAL ---- */

static TS_RESP *read_answer(struct span answer)
{
    const uint8_t *at = answer.data;
    if (answer.len == 0 || answer.len > STAMP_LEN_MAX)
        return NULL;
    TS_RESP *response = d2i_TS_RESP(NULL, &at, (long)answer.len);
    if (response != NULL && at == answer.data + answer.len &&
        TS_RESP_get_tst_info(response) != NULL)
        return response;
    TS_RESP_free(response);
    return NULL;
}

static bool is_about(TS_MSG_IMPRINT *imprint, const uint8_t hash[static HASH_LEN])
{
    const ASN1_OBJECT *algorithm = NULL;
    const ASN1_OCTET_STRING *said = TS_MSG_IMPRINT_get_msg(imprint);
    X509_ALGOR_get0(&algorithm, NULL, NULL, TS_MSG_IMPRINT_get_algo(imprint));
    return OBJ_obj2nid(algorithm) == NID_sha256 && ASN1_STRING_length(said) == HASH_LEN &&
           memcmp(ASN1_STRING_get0_data(said), hash, HASH_LEN) == 0;
}

/* The request as it was sent, if it was about this data. */
static TS_REQ *read_request(struct span request, const uint8_t hash[static HASH_LEN])
{
    const uint8_t *at = request.data;
    TS_REQ *out = d2i_TS_REQ(NULL, &at, (long)request.len);
    if (out != NULL && is_about(TS_REQ_get_msg_imprint(out), hash))
        return out;
    TS_REQ_free(out);
    return NULL;
}

static bool read_time(TS_RESP *response, struct stamp *out)
{
    TS_TST_INFO *info = TS_RESP_get_tst_info(response);
    const ASN1_GENERALIZEDTIME *time = TS_TST_INFO_get_time(info);
    TS_ACCURACY *accuracy = TS_TST_INFO_get_accuracy(info);
    struct tm tm;
    if (ASN1_TIME_to_tm(time, &tm) != 1)
        return false;
    const time_t seconds = timegm(&tm);
    if (seconds < 0)
        return false;
    *out = (struct stamp){.time_ms = (uint64_t)seconds * 1000};
    if (accuracy == NULL)
        return true;
    const ASN1_INTEGER *whole = TS_ACCURACY_get_seconds(accuracy);
    const ASN1_INTEGER *millis = TS_ACCURACY_get_millis(accuracy);
    const int64_t s = whole == NULL ? 0 : ASN1_INTEGER_get(whole);
    const int64_t ms = millis == NULL ? 0 : ASN1_INTEGER_get(millis);
    out->accuracy_ms = s < 0 || ms < 0 ? 0 : (uint64_t)s * 1000 + (uint64_t)ms;
    return true;
}

/* The roots, asked as of the time that is stated: a stamp outlives its authority's certificate. */
static X509_STORE *open_roots(const char *path, const struct stamp *stamp)
{
    X509_STORE *store = X509_STORE_new();
    if (store != NULL && X509_STORE_load_file(store, path) == 1) {
        X509_VERIFY_PARAM_set_time(X509_STORE_get0_param(store), (time_t)(stamp->time_ms / 1000));
        return store;
    }
    X509_STORE_free(store);
    return NULL;
}

/* Takes store over. */
static bool verify(TS_RESP *response, TS_REQ *request, const uint8_t hash[static HASH_LEN],
                   X509_STORE *store)
{
    TS_VERIFY_CTX *ctx = TS_VERIFY_CTX_new();
    uint8_t *imprint = OPENSSL_memdup(hash, HASH_LEN);
    bool done = ctx != NULL && imprint != NULL;
    if (done && request != NULL)
        done = TS_REQ_to_TS_VERIFY_CTX(request, ctx) != NULL;
    if (done) {
        (void)TS_VERIFY_CTX_add_flags(ctx, TS_VFY_SIGNATURE | TS_VFY_VERSION | TS_VFY_IMPRINT);
        /* The context owns both from here on. */
        (void)TS_VERIFY_CTX_set_store(ctx, store);
        store = NULL;
        if (request == NULL) {
            (void)TS_VERIFY_CTX_set_imprint(ctx, imprint, HASH_LEN);
            imprint = NULL;
        }
        done = TS_RESP_verify_response(ctx, response) == 1;
    }
    OPENSSL_free(imprint);
    X509_STORE_free(store);
    TS_VERIFY_CTX_free(ctx);
    return done;
}

enum err stamp_verify(struct span answer, struct span request, struct span data, const char *roots,
                      struct stamp *out, struct fault *fault)
{
    uint8_t hash[HASH_LEN];
    const char *what = "not an answer of a time-stamping authority, or refused by it";
    enum err err = ERR_STAMP;
    TS_REQ *asked = NULL;
    X509_STORE *store = NULL;
    memset(out, 0, sizeof *out);
    hash_bytes(hash, data);
    TS_RESP *response = read_answer(answer);
    if (response == NULL || !read_time(response, out))
        goto out;
    what = "the request is about other bytes";
    if (request.len > 0 && (asked = read_request(request, hash)) == NULL)
        goto out;
    what = "no file of root certificates";
    if ((store = open_roots(roots, out)) == NULL)
        goto out;
    what = "about other bytes, or not signed for time stamping under these roots";
    if (verify(response, asked, hash, store))
        err = OK;

out:
    TS_REQ_free(asked);
    TS_RESP_free(response);
    return err == OK ? OK : fault_set(fault, err, 0, "stamp", "%s", what);
}

enum err stamp_read(struct span answer, struct span data, struct stamp *out, struct fault *fault)
{
    uint8_t hash[HASH_LEN];
    memset(out, 0, sizeof *out);
    hash_bytes(hash, data);
    TS_RESP *response = read_answer(answer);
    const bool granted = response != NULL && read_time(response, out);
    const bool about =
        granted && is_about(TS_TST_INFO_get_msg_imprint(TS_RESP_get_tst_info(response)), hash);
    TS_RESP_free(response);
    return about ? OK
                 : fault_set(fault, ERR_STAMP, 0, "stamp", "%s",
                             granted ? "about other bytes"
                                     : "not an answer of a time-stamping authority, or refused");
}
