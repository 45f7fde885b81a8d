/* Checks the promises in keys/document.h. */
#include "keys/document.h"
#include "keys/init.h"
#include "realm.h"

#include "wire.h"

#include "t.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct fixture {
    struct realm *realm;
    struct verifier *verifier;
    lianshu_Document *in;
    lianshu_Document *out;
    uint8_t *frame;
    size_t len;
    uint8_t hash[HASH_LEN];
};

static struct fixture f;

static void make(const char *member)
{
    const struct key *key = realm_key(f.realm, member, KEY_USE_SIGN);
    struct writer w = writer_of(f.frame, DOCUMENT_FRAME_MAX);
    document_prepare(f.in, REALM_NAME, member, key, REALM_NOW_MS, &f.realm->entropy);
    assert_int_equal(document_make(f.in, key, &w, f.hash), OK);
    f.len = w.len;
}

static int setup(void **state)
{
    (void)state;
    f.realm = realm_open(1);
    assert_int_equal(verifier_open(&f.verifier, 0), OK);
    f.in = calloc(1, sizeof *f.in);
    f.out = calloc(1, sizeof *f.out);
    f.frame = malloc(DOCUMENT_FRAME_MAX);
    f.in->type = lianshu_DocumentType_TYPE_HONOUR;
    f.in->addressees_count = 2;
    snprintf(f.in->addressees[0], sizeof f.in->addressees[0], REALM_HEALTH);
    snprintf(f.in->addressees[1], sizeof f.in->addressees[1], REALM_HUB);
    f.in->body.size = 40;
    memset(f.in->body.bytes, 0x5a, 40);
    make(REALM_MARKET);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    realm_close(&f.realm);
    verifier_close(&f.verifier);
    free(f.in);
    free(f.out);
    free(f.frame);
    return 0;
}

static enum err verify_at(uint64_t at_ms)
{
    uint8_t hash[HASH_LEN];
    return registry_verify_document(f.realm->registry, at_ms, span_of(f.frame, f.len), f.verifier,
                                    f.out, hash);
}

static void what_was_made_verifies(void **state)
{
    struct frame_document frame;
    uint8_t hash[HASH_LEN];
    (void)state;
    assert_int_equal(registry_verify_document(f.realm->registry, REALM_NOW_MS,
                                              span_of(f.frame, f.len), f.verifier, f.out, hash),
                     OK);
    assert_memory_equal(hash, f.hash, HASH_LEN);
    assert_string_equal(f.out->issuers[0].member, REALM_MARKET);
    assert_memory_equal(f.out->body.bytes, f.in->body.bytes, 40);
    /* The frame is what the codec would write. */
    assert_int_equal(frame_parse_document(span_of(f.frame, f.len), &frame), OK);
    hash_bytes(hash, frame.document);
    assert_memory_equal(hash, f.hash, HASH_LEN);
}

static void every_changed_byte_is_refused(void **state)
{
    static const uint8_t flips[] = {0x01, 0x80, 0xff};
    (void)state;
    for (size_t at = 0; at < f.len; at++) {
        for (size_t i = 0; i < T_COUNT(flips); i++) {
            f.frame[at] ^= flips[i];
            assert_int_not_equal(verify_at(REALM_NOW_MS), OK);
            assert_int_equal(f.out->body.size, 0); /* nothing to read in what did not verify */
            f.frame[at] ^= flips[i];
        }
    }
    assert_int_equal(verify_at(REALM_NOW_MS), OK);
    f.len--;
    assert_int_not_equal(verify_at(REALM_NOW_MS), OK);
}

static void two_documents_of_one_content_have_two_hashes(void **state)
{
    uint8_t first[HASH_LEN];
    (void)state;
    memcpy(first, f.hash, sizeof first);
    make(REALM_MARKET); /* the salt is drawn anew */
    assert_memory_not_equal(first, f.hash, HASH_LEN);
}

/* C-17 */
static void other_realm_is_313(void **state)
{
    const struct key *key = realm_key(f.realm, REALM_MARKET, KEY_USE_SIGN);
    struct writer w = writer_of(f.frame, DOCUMENT_FRAME_MAX);
    (void)state;
    snprintf(f.in->realm, sizeof f.in->realm, "prod");
    assert_int_equal(document_make(f.in, key, &w, f.hash), OK);
    f.len = w.len;
    assert_int_equal(verify_at(REALM_NOW_MS), ERR_REALM);
}

static void keys_are_judged_through_the_registry(void **state)
{
    const struct key *market = realm_key(f.realm, REALM_MARKET, KEY_USE_SIGN);
    const struct key *health = realm_key(f.realm, REALM_HEALTH, KEY_USE_SIGN);
    struct key *unknown = NULL;
    struct writer w = writer_of(f.frame, DOCUMENT_FRAME_MAX);
    (void)state;
    assert_int_equal(verify_at(REALM_NOW_MS - 2 * REALM_DAY_MS), ERR_KEY_NOT_YET);
    assert_int_equal(verify_at(REALM_NOW_MS + 365 * REALM_DAY_MS), ERR_KEY_EXPIRED);

    /* C-06: Mallory signs as market with a key of her own */
    memcpy(f.in->issuers[0].kid, key_kid(health), KID_LEN);
    assert_int_equal(document_make(f.in, health, &w, f.hash), OK);
    f.len = w.len;
    assert_int_equal(verify_at(REALM_NOW_MS), ERR_KEY_NOT_SENDERS);

    /* C-02: right kid, other key */
    w = writer_of(f.frame, DOCUMENT_FRAME_MAX);
    memcpy(f.in->issuers[0].kid, key_kid(market), KID_LEN);
    assert_int_equal(document_make(f.in, health, &w, f.hash), OK);
    f.len = w.len;
    assert_int_equal(verify_at(REALM_NOW_MS), ERR_SIGNATURE);

    /* C-02: a kid that nobody knows */
    assert_int_equal(key_make(&unknown, KEY_USE_SIGN, 0, &f.realm->entropy), OK);
    w = writer_of(f.frame, DOCUMENT_FRAME_MAX);
    memcpy(f.in->issuers[0].kid, key_kid(unknown), KID_LEN);
    assert_int_equal(document_make(f.in, unknown, &w, f.hash), OK);
    f.len = w.len;
    assert_int_equal(verify_at(REALM_NOW_MS), ERR_KID_UNKNOWN);
    key_close(&unknown);

    /* A key of another use */
    const struct key *log = realm_key(f.realm, REALM_HUB, KEY_USE_LOG);
    w = writer_of(f.frame, DOCUMENT_FRAME_MAX);
    snprintf(f.in->issuers[0].member, sizeof f.in->issuers[0].member, REALM_HUB);
    memcpy(f.in->issuers[0].kid, key_kid(log), KID_LEN);
    assert_int_equal(document_make(f.in, log, &w, f.hash), OK);
    f.len = w.len;
    assert_int_equal(verify_at(REALM_NOW_MS), ERR_KEY_USE);
}

/* Keys of officials sign acts, and nothing else; two of one member sign one act. */
static void officials_of_one_member_verify_by_their_own_use(void **state)
{
    const struct key *official[] = {realm_official(f.realm, 0), realm_official(f.realm, 1)};
    struct registry_at at = {
        .registry = f.realm->registry, .at_ms = REALM_NOW_MS, .use = KEY_USE_OFFICIAL};
    const struct document_signers officials = registry_signers(&at);
    static uint8_t d[FRAME_DOCUMENT_MAX];
    struct writer encoded = writer_of(d, sizeof d);
    struct writer w = writer_of(f.frame, DOCUMENT_FRAME_MAX);
    (void)state;
    f.in->type = lianshu_DocumentType_TYPE_OFFICIAL_ACT;
    f.in->issuers_count = 2;
    for (size_t i = 0; i < 2; i++) {
        snprintf(f.in->issuers[i].member, sizeof f.in->issuers[i].member, REALM_HUB);
        memcpy(f.in->issuers[i].kid, key_kid(official[i]), KID_LEN);
    }
    assert_int_equal(document_encode(f.in, &encoded, f.hash), OK);
    assert_int_equal(document_sign(writer_span(&encoded), official, 2, &w), OK);
    f.len = w.len;
    assert_int_equal(
        document_verify(writer_span(&w), REALM_NAME, &officials, f.verifier, f.out, f.hash), OK);
    assert_int_equal(verify_at(REALM_NOW_MS), ERR_KEY_USE);
    at.at_ms = REALM_NOW_MS + 365 * REALM_DAY_MS;
    assert_int_equal(
        document_verify(writer_span(&w), REALM_NAME, &officials, f.verifier, f.out, f.hash),
        ERR_KEY_EXPIRED);
}

/* Two issuers; take one's signature away, or give one twice. */
static void every_issuer_must_have_signed_in_order(void **state)
{
    const struct key *keys[2] = {realm_key(f.realm, REALM_HEALTH, KEY_USE_SIGN),
                                 realm_key(f.realm, REALM_MARKET, KEY_USE_SIGN)};
    const char *const members[2] = {REALM_HEALTH, REALM_MARKET};
    struct frame_document frame;
    uint8_t *d = malloc(FRAME_DOCUMENT_MAX);
    uint8_t *again = malloc(DOCUMENT_FRAME_MAX);
    struct writer d_w = writer_of(d, FRAME_DOCUMENT_MAX);
    struct writer w = writer_of(f.frame, DOCUMENT_FRAME_MAX);
    (void)state;
    f.in->issuers_count = 2;
    for (int i = 0; i < 2; i++) {
        snprintf(f.in->issuers[i].member, sizeof f.in->issuers[i].member, "%s", members[i]);
        memcpy(f.in->issuers[i].kid, key_kid(keys[i]), KID_LEN);
    }
    assert_int_equal(document_encode(f.in, &d_w, f.hash), OK);
    assert_int_equal(document_sign(writer_span(&d_w), keys, 2, &w), OK);
    f.len = w.len;
    assert_int_equal(verify_at(REALM_NOW_MS), OK);

    assert_int_equal(frame_parse_document(span_of(f.frame, f.len), &frame), OK);
    const struct {
        struct span s[3];
        size_t count;
        enum err want;
    } rows[] = {
        {{frame.signatures[0]}, 1, ERR_FRAME_LENGTH},
        {{frame.signatures[1], frame.signatures[0]}, 2, ERR_SIGNATURE},
        {{frame.signatures[0], frame.signatures[0]}, 2, ERR_SIGNATURE},
        {{frame.signatures[0], frame.signatures[1], frame.signatures[1]}, 3, ERR_FRAME_LENGTH},
        {{frame.signatures[0], frame.signatures[1]}, 2, OK},
    };
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        uint8_t hash[HASH_LEN];
        struct writer out = writer_of(again, DOCUMENT_FRAME_MAX);
        assert_int_equal(document_write(frame.document, rows[i].s, rows[i].count, &out), OK);
        assert_int_equal(registry_verify_document(f.realm->registry, REALM_NOW_MS,
                                                  writer_span(&out), f.verifier, f.out, hash),
                         rows[i].want);
    }
    free(d);
    free(again);
}

static void batch_of_documents_has_one_signature(void **state)
{
    enum { COUNT = 5 };
    const struct key *key = realm_key(f.realm, REALM_MARKET, KEY_USE_SIGN);
    struct batch *batch = NULL;
    uint8_t *arena = malloc(COUNT * DOCUMENT_FRAME_MAX);
    struct writer d = writer_of(arena, COUNT * DOCUMENT_FRAME_MAX);
    struct span ds[COUNT];
    (void)state;
    assert_int_equal(batch_open(&batch), OK);
    for (size_t i = 0; i < COUNT; i++) {
        uint8_t hash[HASH_LEN];
        merkle_hash leaf;
        size_t index, begin = d.len;
        memset(f.in->id, 0, sizeof f.in->id);
        document_prepare(f.in, REALM_NAME, REALM_MARKET, key, REALM_NOW_MS, &f.realm->entropy);
        assert_int_equal(document_encode(f.in, &d, hash), OK);
        ds[i] = span_of(arena + begin, d.len - begin);
        document_leaf(leaf, hash);
        assert_int_equal(batch_add(batch, leaf, &index), OK);
    }
    assert_int_equal(batch_sign(batch, key), OK);
    for (size_t i = 0; i < COUNT; i++) {
        uint8_t s[BATCH_SIGNATURE_MAX];
        struct writer s_w = writer_of(s, sizeof s);
        struct writer w = writer_of(f.frame, DOCUMENT_FRAME_MAX);
        assert_int_equal(batch_write(batch, i, &s_w), OK);
        const struct span signature = writer_span(&s_w);
        assert_int_equal(document_write(ds[i], &signature, 1, &w), OK);
        f.len = w.len;
        assert_int_equal(verify_at(REALM_NOW_MS), OK);
    }
    assert_int_equal(verifier_stats(f.verifier).signatures, 1);
    batch_close(&batch);
    free(arena);
}

/* C-07 */
static void document_for_another_reader_or_by_another_sender_is_316(void **state)
{
    (void)state;
    assert_int_equal(document_check_addressed(f.in, REALM_HEALTH, REALM_MARKET, false), OK);
    assert_int_equal(document_check_addressed(f.in, REALM_POLICE, REALM_MARKET, false),
                     ERR_NOT_ADDRESSED);
    assert_int_equal(document_check_addressed(f.in, REALM_HEALTH, REALM_HUB, false),
                     ERR_NOT_ADDRESSED);
    assert_int_equal(document_check_addressed(f.in, REALM_HEALTH, REALM_HUB, true), OK);
    /* What stands behind the last of them is none. */
    const unsigned keys = document_key_count(f.in);
    lianshu_Issuer *behind = &f.in->issuers[f.in->issuers_count];
    snprintf(behind->member, sizeof behind->member, "%s", REALM_HUB);
    memset(behind->kid, 0xee, sizeof behind->kid);
    snprintf(f.in->addressees[f.in->addressees_count], sizeof f.in->addressees[0], "%s",
             REALM_POLICE);
    assert_int_equal(document_check_addressed(f.in, REALM_POLICE, REALM_MARKET, false),
                     ERR_NOT_ADDRESSED);
    assert_int_equal(document_check_addressed(f.in, REALM_HEALTH, REALM_HUB, false),
                     ERR_NOT_ADDRESSED);
    assert_int_equal(document_key_count(f.in), keys);
    f.in->addressees_count = 0;
    f.in->by_rule = true;
    assert_int_equal(document_check_addressed(f.in, REALM_POLICE, REALM_MARKET, false), OK);
}

static void what_does_not_fit_is_not_written(void **state)
{
    const struct key *key = realm_key(f.realm, REALM_MARKET, KEY_USE_SIGN);
    (void)state;
    for (size_t cap = 0; cap < f.len; cap += 7) {
        struct writer w = writer_of(f.frame, cap);
        assert_int_equal(document_make(f.in, key, &w, f.hash), ERR_TOO_LARGE);
        assert_int_equal(w.len, 0);
    }
}

static void nobody_signs_and_no_more_than_fit_do(void **state)
{
    const struct key *keys[FRAME_ISSUERS_MAX + 1];
    struct span signatures[FRAME_ISSUERS_MAX + 1] = {0};
    struct writer w = writer_of(f.frame, DOCUMENT_FRAME_MAX);
    (void)state;
    for (size_t i = 0; i < T_COUNT(keys); i++)
        keys[i] = realm_key(f.realm, REALM_MARKET, KEY_USE_SIGN);
    const struct span d = span_str("document");
    assert_int_equal(document_sign(d, keys, 0, &w), ERR_TOO_LARGE);
    assert_int_equal(document_sign(d, keys, T_COUNT(keys), &w), ERR_TOO_LARGE);
    assert_int_equal(document_write(d, signatures, T_COUNT(keys), &w), ERR_TOO_LARGE);
    assert_int_equal(w.len, 0);
    assert_int_equal(document_sign(d, keys, FRAME_ISSUERS_MAX, &w), OK);
}

static void a_signature_is_added_to_a_document_and_to_nothing_else(void **state)
{
    const struct key *key = realm_key(f.realm, REALM_MARKET, KEY_USE_SIGN);
    uint8_t bytes[DOCUMENT_FRAME_MAX];
    struct writer w = writer_of(bytes, sizeof bytes);
    struct frame_document frame;
    (void)state;
    assert_int_equal(document_add_signature(span_str("none"), key, &w), ERR_FRAME_EMPTY);
    assert_int_equal(frame_parse_document(span_of(f.frame, f.len), &frame), OK);
    const struct span d = frame.document;
    frame.document = span_str("none");
    frame_write_document(&w, &frame);
    const struct span no_document = writer_span(&w);
    assert_int_not_equal(document_add_signature(no_document, key, &w), OK);
    /* one of the signatures that are there is of nobody whom it names */
    uint8_t other[DOCUMENT_FRAME_MAX];
    struct writer o = writer_of(other, sizeof other);
    const struct key *stranger = realm_key(f.realm, REALM_HEALTH, KEY_USE_SIGN);
    assert_int_equal(document_sign(d, &stranger, 1, &o), OK);
    assert_int_not_equal(document_add_signature(writer_span(&o), key, &w), OK);
    assert_int_equal(document_add_signature(span_of(f.frame, f.len), key, &w), ERR_EXISTS);
    assert_int_equal(document_add_signature(span_of(f.frame, f.len), stranger, &w),
                     ERR_KEY_NOT_SENDERS);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(what_was_made_verifies),
        CASE(every_changed_byte_is_refused),
        CASE(two_documents_of_one_content_have_two_hashes),
        CASE(other_realm_is_313),
        CASE(keys_are_judged_through_the_registry),
        CASE(officials_of_one_member_verify_by_their_own_use),
        CASE(every_issuer_must_have_signed_in_order),
        CASE(batch_of_documents_has_one_signature),
        CASE(document_for_another_reader_or_by_another_sender_is_316),
        CASE(what_does_not_fit_is_not_written),
        CASE(nobody_signs_and_no_more_than_fit_do),
        CASE(a_signature_is_added_to_a_document_and_to_nothing_else),
    };
    return cmocka_run_group_tests_name("document", tests, NULL, NULL);
}
