/* A desk, its officials, an invitation, and a member that asks with three keys; requests that are
 * not as they should be. */
#ifndef TESTS_UNIT_ENROL_DESK_H
#define TESTS_UNIT_ENROL_DESK_H

#include "keys/enrol.h"

#include "realm.h"
#include "t.h"
#include "wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEYS = 3 };

static const uint64_t NOW = REALM_NOW_MS;

struct fixture {
    struct entropy entropy;
    struct key *desk;
    struct key *official[3];
    struct keyring *ring;
    struct enrol_code *code;
    struct enrol_entry entry;
    lianshu_MemberKey keys[KEYS];
    uint8_t bytes[ENROL_FRAME_MAX];
    struct writer file;
    uint8_t approval_bytes[ENROL_FRAME_MAX];
    struct writer approval;
    uint8_t trusted[3][KEY_PUBLIC_LEN];
    struct enrol_officials officials;
    struct fault fault;
};

static struct fixture f;

static inline struct key *make(enum key_use use)
{
    struct key *key = NULL;
    assert_int_equal(key_make(&key, use, NOW, &f.entropy), OK);
    return key;
}

static inline void row_of(lianshu_MemberKey *row, const struct key *key)
{
    *row = (lianshu_MemberKey){.use = (lianshu_KeyUse)key_use(key),
                               .valid_from_ms = NOW,
                               .valid_until_ms = NOW + 90 * REALM_DAY_MS};
    memcpy(row->public_key, key_public(key), KEY_PUBLIC_LEN);
}

static inline struct enrol_invitation invite(const char *member)
{
    struct enrol_invitation invitation = {.realm = REALM_NAME, .adapter = "a1", .use = "adapter"};
    snprintf(invitation.member, sizeof invitation.member, "%s", member);
    entropy_fill(&f.entropy, invitation.id, FRAME_ID_LEN);
    memcpy(invitation.desk, key_public(f.desk), KEY_PUBLIC_LEN);
    invitation.expires_ms = NOW + 7 * REALM_DAY_MS;
    return invitation;
}

static inline int setup(void **state)
{
    static const enum key_use uses[KEYS] = {KEY_USE_SIGN, KEY_USE_SEAL, KEY_USE_TRANSPORT};
    (void)state;
    f = (struct fixture){.entropy = entropy_system()};
    f.file = writer_of(f.bytes, sizeof f.bytes);
    f.approval = writer_of(f.approval_bytes, sizeof f.approval_bytes);
    f.desk = make(KEY_USE_SEAL);
    for (size_t i = 0; i < T_COUNT(f.official); i++) {
        f.official[i] = make(KEY_USE_REGISTRAR);
        memcpy(f.trusted[i], key_public(f.official[i]), KEY_PUBLIC_LEN);
    }
    f.officials = (struct enrol_officials){2, f.trusted};
    assert_int_equal(keyring_open(&f.ring, REALM_MARKET, "a1"), OK);
    for (size_t i = 0; i < KEYS; i++) {
        struct key *key = make(uses[i]);
        row_of(&f.keys[i], key);
        assert_int_equal(keyring_add(f.ring, &key), OK);
    }
    assert_int_equal(enrol_code_make(&f.code, &f.entropy), OK);
    f.entry.invitation = invite(REALM_MARKET);
    assert_int_equal(enrol_code_hash(f.code, &f.entry.invitation, f.entry.code_hash), OK);
    return 0;
}

static inline int teardown(void **state)
{
    (void)state;
    enrol_code_close(&f.code);
    keyring_close(&f.ring);
    for (size_t i = 0; i < T_COUNT(f.official); i++)
        key_close(&f.official[i]);
    key_close(&f.desk);
    return 0;
}

static inline struct enrol_wish wish(void)
{
    return (struct enrol_wish){.invitation = &f.entry.invitation,
                               .code = f.code,
                               .ring = f.ring,
                               .keys = f.keys,
                               .key_count = KEYS,
                               .now_ms = NOW,
                               .entropy = &f.entropy};
}

static inline enum err ask(const struct enrol_wish *w)
{
    f.file.len = 0;
    return enrol_request_make(w, &f.file, &f.fault);
}

static inline void asked(void)
{
    const struct enrol_wish w = wish();
    assert_int_equal(ask(&w), OK);
}

static inline struct enrol_request request(void)
{
    struct enrol_request r;
    assert_int_equal(enrol_request_read(&r, writer_span(&f.file), &f.fault), OK);
    return r;
}

static inline enum err admit(uint64_t now)
{
    const struct enrol_request r = request();
    return enrol_admit(&f.entry, &r, now, &f.fault);
}

static inline enum err verify(void)
{
    const struct enrol_request r = request();
    return enrol_request_verify(&r, &f.entry.invitation, f.desk, NOW, &f.fault);
}

/* The request as an attacker writes it: the body changed, signed by whom he has. */
typedef void change_fn(lianshu_Document *d, lianshu_Enrolment *body);

static inline void forge(change_fn *change, const struct key *const *signers, size_t signer_count)
{
    struct frame_document frame;
    lianshu_Enrolment body;
    uint8_t bytes[ENROL_FRAME_MAX];
    uint8_t hash[HASH_LEN];
    struct writer w = writer_of(bytes, sizeof bytes);
    lianshu_Document *d = calloc(1, sizeof *d);
    assert_non_null(d);
    assert_int_equal(frame_parse_document(writer_span(&f.file), &frame), OK);
    assert_int_equal(wire_decode(&lianshu_Document_msg, frame.document, d), OK);
    assert_int_equal(
        wire_decode(&lianshu_Enrolment_msg, span_of(d->body.bytes, d->body.size), &body), OK);
    change(d, &body);
    if (signer_count > 0) {
        d->issuers_count = (pb_size_t)signer_count;
        for (size_t i = 0; i < signer_count; i++) {
            snprintf(d->issuers[i].member, sizeof d->issuers[i].member, "%s", body.member);
            memcpy(d->issuers[i].kid, key_kid(signers[i]), KID_LEN);
        }
    }
    struct writer body_w = writer_of(d->body.bytes, sizeof d->body.bytes);
    assert_int_equal(wire_encode(&lianshu_Enrolment_msg, &body, &body_w), OK);
    d->body.size = (pb_size_t)body_w.len;
    assert_int_equal(document_encode(d, &w, hash), OK);
    f.file.len = 0;
    if (signer_count > 0)
        assert_int_equal(document_sign(writer_span(&w), signers, signer_count, &f.file), OK);
    else
        assert_int_equal(document_write(writer_span(&w), frame.signatures, frame.count, &f.file),
                         OK);
    free(d);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

#endif
