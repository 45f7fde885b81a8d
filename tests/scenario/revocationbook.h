/* Revocations written by the registrar of a realm of three hubs, and what their logs have of them.
 */
#ifndef TESTS_SCENARIO_REVOCATIONBOOK_H
#define TESTS_SCENARIO_REVOCATIONBOOK_H

#include "scenario/realm.h"
#include "scenario/texts.h"

#include "base/clock.h"
#include "base/hex.h"
#include "core/state.h"
#include "keys/amend.h"
#include "keys/registrar.h"
#include "log.pb.h"
#include "wire.h"

#include <stdio.h>
#include <stdlib.h>

#define TOP "000000"

#define CITY "445100"

#define SENDER "health.445100"

#define READER "market.445100"

#define FAR "market.000000"

static const struct realm_hub plan[] = {{.region = TOP}, {.region = "440000"}, {.region = CITY}};

static inline int setup(void **state)
{
    *state = realm_new(plan, T_COUNT(plan));
    return 0;
}

static inline int end(void **state)
{
    realm_free(*state);
    return 0;
}

/* ---- documents ---- */

static uint8_t paper[4096];

static inline const struct key *key_of(struct realm *r, const char *member, enum key_use use)
{
    return keyring_find(world_site(realm_home(r, member), member)->keys, use);
}

static inline struct span write_paper(struct realm *r, uint32_t type, const pb_msgdesc_t *desc,
                                      const void *body, const char *issuer, const struct key *key)
{
    const struct office_paper what = {.realm = "demo",
                                      .type = type,
                                      .desc = desc,
                                      .body = body,
                                      .now_ms = r->now_ms,
                                      .entropy = &r->world[0]->entropy};
    const struct office_signers by = {.member = issuer, .keys = &key, .key_count = 1};
    struct writer w = writer_of(paper, sizeof paper);
    assert_int_equal(office_document(&what, &by, &w), OK);
    return writer_span(&w);
}

struct revoke {
    uint64_t number;
    const char *member;
    enum key_use use;
    uint64_t since_ms;
};

static inline struct span revocation(struct realm *r, const struct revoke *what)
{
    lianshu_Revocation body = {.number = what->number,
                               .reason = lianshu_RevocationReason_REVOCATION_COMPROMISED,
                               .compromised_since_ms = what->since_ms};
    snprintf(body.member, sizeof body.member, "%s", what->member);
    memcpy(body.kid, key_kid(key_of(r, what->member, what->use)), KID_LEN);
    return write_paper(r, lianshu_DocumentType_TYPE_KEY_REVOCATION, &lianshu_Revocation_msg, &body,
                       "registrar.000000", keyring_find(r->root, KEY_USE_REGISTRAR));
}

/* What the hub answers over its control socket: 0 when it is done, else the code. */
static inline uint64_t amend(struct world *w, struct span lsd1)
{
    static uint8_t answer[4096];
    struct writer out = writer_of(answer, sizeof answer);
    struct json *j = NULL;
    uint64_t code = 0;
    world_land(w);
    assert_int_equal(core_amend(w->core, lsd1, w->now_ms, &out), OK);
    assert_int_equal(json_parse(&j, writer_span(&out), "answer", NULL), OK);
    const struct json *error = json_get(j, "error");
    if (error != NULL)
        code = strtoul(json_get_text(error, "code") + 1, NULL, 10);
    else
        assert_true(json_get(j, "amendment") != NULL || json_get(j, "repeated") != NULL);
    json_close(&j);
    return code;
}

/* ---- the log ---- */

static inline size_t leaves(const struct world *w, unsigned kind)
{
    struct leaf_log *log = w->store->log;
    size_t count = 0;
    for (uint64_t i = 0; i < log_size(log); i++) {
        struct log_entry entry;
        assert_int_equal(log_get(log, i, &entry), OK);
        count += entry.kind == kind;
    }
    return count;
}

/* Of all leaves of refusals, how many with this code. */
static inline uint64_t counted(const struct world *w, enum err code)
{
    struct leaf_log *log = w->store->log;
    uint64_t count = 0;
    for (uint64_t i = 0; i < log_size(log); i++) {
        lianshu_Refusals body;
        struct log_entry entry;
        assert_int_equal(log_get(log, i, &entry), OK);
        if (entry.kind != LOG_REFUSALS)
            continue;
        assert_int_equal(wire_decode(&lianshu_Refusals_msg, entry.body, &body), OK);
        for (pb_size_t c = 0; c < body.counts_count; c++)
            count += body.counts[c].code == (uint32_t)code ? body.counts[c].count : 0;
    }
    return count;
}

static inline struct mail application(const char *to)
{
    return (struct mail){
        .from = SENDER, .type = "licence.application", .to = {to}, .facts = LICENCE_BODY(CLEAN)};
}

/* As a connection that has proven its transport key: the number of that peer. */
static inline struct site *connect(struct realm *r, const char *member)
{
    struct world *w = realm_home(r, member);
    struct site *site = world_site(w, member);
    char user[CORE_USER_ID_MAX];
    char kid[17];
    hex_encode(span_of(key_kid(keyring_find(site->keys, KEY_USE_TRANSPORT)), 8), kid);
    snprintf(user, sizeof user, "%s/%s", member, kid);
    world_leave(w, member);
    assert_int_equal(core_peer(w->core, user, &site->peer), OK);
    world_hello(w, member);
    site->busy_count = 0;
    return site;
}

static inline bool revoked_at(struct realm *r, const char *region, const char *member,
                              enum key_use use)
{
    const struct registry_key *key;
    const struct world *w = realm_world(r, region);
    return registry_signer(w->registry, member, key_kid(key_of(r, member, use)), use, w->now_ms,
                           &key) == ERR_REVOKED;
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, end)

#endif
