/* Revocations and key records for the registry of the realm, as they should be and otherwise. */
#ifndef TESTS_UNIT_AMEND_PAPERS_H
#define TESTS_UNIT_AMEND_PAPERS_H

#include "keys/amend.h"

#include "realm.h"
#include "t.h"
#include "wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HOUR = 3600 * 1000 };

#define NOW REALM_NOW_MS

struct fixture {
    struct realm *realm;
    struct registry *r;
    struct key *key[4]; /* new ones: seal, seal, transport, transport */
    uint8_t bytes[4096];
    struct span lsd1;
    struct fault fault;
};

static struct fixture f;

static inline int setup(void **state)
{
    (void)state;
    memset(&f, 0, sizeof f);
    f.realm = realm_open(5);
    f.r = f.realm->registry;
    for (size_t i = 0; i < T_COUNT(f.key); i++)
        assert_int_equal(
            key_make(&f.key[i], i < 2 ? KEY_USE_SEAL : KEY_USE_TRANSPORT, NOW, &f.realm->entropy),
            OK);
    return 0;
}

static inline int teardown(void **state)
{
    (void)state;
    for (size_t i = 0; i < T_COUNT(f.key); i++)
        key_close(&f.key[i]);
    realm_close(&f.realm);
    return 0;
}

/* What a test writes otherwise than it should be. */
struct craft {
    uint32_t type; /* 0: that of the body */
    const char *issuer;
    const struct key *const *keys;
    size_t key_count;
    uint64_t issued_ms; /* 0: NOW */
    const char *realm;
};

/* issuers: one for each key; NULL: all are the one of c. */
static inline struct span document_by(const struct craft *c, const char *const *issuers,
                                      const pb_msgdesc_t *desc, const void *body)
{
    static lianshu_Document d;
    uint8_t encoded[2048];
    uint8_t hash[HASH_LEN];
    wire_clear(&lianshu_Document_msg, &d);
    document_prepare(&d, c->realm != NULL ? c->realm : REALM_NAME, c->issuer, c->keys[0],
                     c->issued_ms != 0 ? c->issued_ms : NOW, &f.realm->entropy);
    d.type = c->type;
    for (size_t i = 1; i < c->key_count; i++) {
        snprintf(d.issuers[i].member, sizeof d.issuers[i].member, "%s",
                 issuers != NULL ? issuers[i] : c->issuer);
        memcpy(d.issuers[i].kid, key_kid(c->keys[i]), KID_LEN);
    }
    d.issuers_count = (pb_size_t)c->key_count;
    struct writer b = writer_of(d.body.bytes, sizeof d.body.bytes);
    assert_int_equal(wire_encode(desc, body, &b), OK);
    d.body.size = (pb_size_t)b.len;
    struct writer e = writer_of(encoded, sizeof encoded);
    assert_int_equal(document_encode(&d, &e, hash), OK);
    struct writer w = writer_of(f.bytes, sizeof f.bytes);
    assert_int_equal(document_sign(writer_span(&e), c->keys, c->key_count, &w), OK);
    return f.lsd1 = writer_span(&w);
}

static inline struct span document(const struct craft *c, const pb_msgdesc_t *desc,
                                   const void *body)
{
    return document_by(c, NULL, desc, body);
}

static inline lianshu_Revocation of_key(uint64_t number, const char *member, const struct key *key,
                                        uint64_t since_ms)
{
    lianshu_Revocation body = {.number = number,
                               .reason = lianshu_RevocationReason_REVOCATION_COMPROMISED,
                               .compromised_since_ms = since_ms};
    snprintf(body.member, sizeof body.member, "%s", member);
    memcpy(body.kid, key_kid(key), KID_LEN);
    return body;
}

static inline struct span revocation(const lianshu_Revocation *body, const struct craft *other)
{
    const struct key *const registrar = f.realm->registrar;
    struct craft c = {.type = lianshu_DocumentType_TYPE_KEY_REVOCATION,
                      .issuer = "registrar.445100",
                      .keys = &registrar,
                      .key_count = 1};
    return document(other != NULL ? other : &c, &lianshu_Revocation_msg, body);
}

static inline lianshu_MemberKey entry(const struct key *key, uint64_t from_ms, uint64_t until_ms)
{
    lianshu_MemberKey k = {
        .use = (lianshu_KeyUse)key_use(key), .valid_from_ms = from_ms, .valid_until_ms = until_ms};
    memcpy(k.public_key, key_public(key), KEY_PUBLIC_LEN);
    return k;
}

static inline struct span record_of(const char *member, uint64_t number,
                                    const lianshu_MemberKey *keys, size_t count, uint64_t issued_ms)
{
    lianshu_KeyRecord body = {.number = number, .keys_count = (pb_size_t)count};
    const struct key *sign = realm_key(f.realm, member, KEY_USE_SIGN);
    const struct craft c = {.type = lianshu_DocumentType_TYPE_KEY_RECORD,
                            .issuer = member,
                            .keys = &sign,
                            .key_count = 1,
                            .issued_ms = issued_ms};
    memcpy(body.keys, keys, count * sizeof keys[0]);
    return document(&c, &lianshu_KeyRecord_msg, &body);
}

static inline struct span record(uint64_t number, const lianshu_MemberKey *keys, size_t count,
                                 uint64_t issued_ms)
{
    return record_of(REALM_MARKET, number, keys, count, issued_ms);
}

/* Nothing of it is in effect. */
static inline void refused(struct span lsd1, enum err want)
{
    const size_t count = registry_amendment_count(f.r);
    uint8_t digest[HASH_LEN] = {0};
    if (count > 0)
        memcpy(digest, registry_amended(f.r).data, HASH_LEN);
    const struct amendment *out;
    assert_int_equal(registry_amend(f.r, lsd1, NOW, false, &out, &f.fault), want);
    assert_null(out);
    assert_int_equal(registry_amendment_count(f.r), count);
    if (count > 0)
        assert_memory_equal(digest, registry_amended(f.r).data, HASH_LEN);
}

static inline void applied(struct span lsd1)
{
    const enum err err = registry_amend(f.r, lsd1, NOW, false, NULL, &f.fault);
    if (err != OK)
        print_message("%s: %s\n", f.fault.where, f.fault.detail);
    assert_int_equal(err, OK);
}

static inline enum err judged(const struct key *key, const char *member, uint64_t at_ms)
{
    const struct registry_key *found;
    return registry_signer(f.r, member, key_kid(key), key_use(key), at_ms, &found);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

#endif
