/* Revocations and members' key records, live: amending.h. */
#include "scenario/realm.h"
#include "scenario/texts.h"

#include "base/clock.h"
#include "base/hex.h"
#include "core/state.h"
#include "frame.h"
#include "keys/amend.h"
#include "keys/registrar.h"
#include "log.pb.h"
#include "wire.h"

#include <stdio.h>
#include <stdlib.h>

#define TOP    "000000"
#define CITY   "445100"
#define SENDER "health.445100"
#define READER "market.445100"
#define FAR    "market.000000"

static const struct realm_hub plan[] = {{.region = TOP}, {.region = "440000"}, {.region = CITY}};

static int setup(void **state)
{
    *state = realm_new(plan, T_COUNT(plan));
    return 0;
}

static int end(void **state)
{
    realm_free(*state);
    return 0;
}

/* ---- documents ---- */

static uint8_t paper[4096];

static const struct key *key_of(struct realm *r, const char *member, enum key_use use)
{
    return keyring_find(world_site(realm_home(r, member), member)->keys, use);
}

static struct span write_paper(struct realm *r, uint32_t type, const pb_msgdesc_t *desc,
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

static struct span revocation(struct realm *r, const struct revoke *what)
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
static uint64_t amend(struct world *w, struct span lsd1)
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

static size_t leaves(const struct world *w, unsigned kind)
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
static uint64_t counted(const struct world *w, enum err code)
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

static struct mail application(const char *to)
{
    return (struct mail){
        .from = SENDER, .type = "licence.application", .to = {to}, .facts = LICENCE_BODY(CLEAN)};
}

/* As a connection that has proven its transport key: the number of that peer. */
static struct site *connect(struct realm *r, const char *member)
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

/* ---- in effect ---- */

static void a_revocation_counts_from_the_next_frame_on_and_has_its_leaf(void **state)
{
    struct realm *r = *state;
    struct world *w = realm_world(r, CITY);
    const struct mail mail = application(READER);
    const struct sent before = realm_send(r, &mail);
    assert_int_equal(world_verdict(w, SENDER, before.env_id),
                     lianshu_ReceiptKind_RECEIPT_DELIVERED);
    const size_t had = leaves(w, LOG_REGISTRY);
    assert_int_equal(amend(w, revocation(r, &(struct revoke){1, SENDER, KEY_USE_SIGN, 0})), 0);
    assert_int_equal(leaves(w, LOG_REGISTRY), had + 1);
    const struct sent after = realm_send(r, &mail);
    assert_int_equal(world_verdict(w, SENDER, after.env_id), lianshu_ReceiptKind_RECEIPT_REJECTED);
    assert_int_equal(world_code(w, SENDER, after.env_id), ERR_REVOKED);
    assert_int_equal(realm_has(r, READER, "licence.application"), 1);
    /* and nobody else is concerned, but that its receipts are not taken either */
    const struct mail other = {.from = READER,
                               .type = "licence.application",
                               .to = {SENDER, FAR},
                               .facts = LICENCE_BODY(CLEAN)};
    const struct sent its = realm_send(r, &other);
    assert_int_equal(world_heard(w, READER, its.env_id, lianshu_ReceiptKind_RECEIPT_DELIVERED), 1);
}

static void the_same_document_again_changes_nothing(void **state)
{
    struct realm *r = *state;
    struct world *w = realm_world(r, CITY);
    const struct span lsd1 = revocation(r, &(struct revoke){1, SENDER, KEY_USE_SIGN, 0});
    assert_int_equal(amend(w, lsd1), 0);
    const uint64_t size = log_size(w->store->log);
    assert_int_equal(amend(w, lsd1), 0);
    assert_int_equal(log_size(w->store->log), size);
}

/* K-04 */
static void what_does_not_hold_is_refused_and_leaves_nothing(void **state)
{
    struct realm *r = *state;
    struct world *w = realm_world(r, CITY);
    const struct key *health = key_of(r, SENDER, KEY_USE_SIGN);
    lianshu_Revocation body = {.number = 1, .reason = lianshu_RevocationReason_REVOCATION_LOST};
    snprintf(body.member, sizeof body.member, "%s", READER);
    memcpy(body.kid, key_kid(key_of(r, READER, KEY_USE_SIGN)), KID_LEN);
    const uint64_t size = log_size(w->store->log);
    /* by a member, under its own name and under the registrar's */
    assert_int_equal(amend(w, write_paper(r, lianshu_DocumentType_TYPE_KEY_REVOCATION,
                                          &lianshu_Revocation_msg, &body, SENDER, health)),
                     ERR_REGISTRY);
    assert_int_equal(
        amend(w, write_paper(r, lianshu_DocumentType_TYPE_KEY_REVOCATION, &lianshu_Revocation_msg,
                             &body, "registrar.000000", health)),
        ERR_REGISTRY);
    assert_int_equal(amend(w, revocation(r, &(struct revoke){2, READER, KEY_USE_SIGN, 0})),
                     ERR_AMENDMENT_GAP);
    assert_int_equal(amend(w, revocation(r, &(struct revoke){0, READER, KEY_USE_SIGN, 0})),
                     ERR_REGISTRY_ROLLBACK);
    assert_int_equal(
        amend(w, revocation(r, &(struct revoke){1, READER, KEY_USE_SIGN, r->now_ms + 1})),
        ERR_FIELD_VALUE);
    assert_int_equal(amend(w, span_str("LSD1 nothing")), ERR_FRAME_LENGTH);
    assert_int_equal(log_size(w->store->log), size);
    assert_int_equal(registry_amendment_count(w->registry), 0);
    assert_int_equal(amend(w, revocation(r, &(struct revoke){1, READER, KEY_USE_SIGN, 0})), 0);
}

/* T-05 */
static void a_connection_whose_key_is_revoked_is_told_once_and_then_counted(void **state)
{
    struct realm *r = *state;
    struct world *w = realm_world(r, CITY);
    const struct mail mail = application(READER);
    struct site *site = connect(r, SENDER);
    const struct sent before = realm_send(r, &mail);
    assert_int_equal(world_verdict(w, SENDER, before.env_id),
                     lianshu_ReceiptKind_RECEIPT_DELIVERED);
    assert_int_equal(amend(w, revocation(r, &(struct revoke){1, SENDER, KEY_USE_TRANSPORT, 0})), 0);
    realm_turn(r);
    const size_t receipts = site->receipt_count;
    const size_t told = site->amendments_seen;
    site->busy_count = 0;
    for (int i = 0; i < 50; i++) {
        world_make(w, &mail, NULL, NULL);
        world_push(w, SENDER);
    }
    world_hello(w, SENDER);
    realm_turn(r);
    assert_int_equal(site->busy_count, 1);
    assert_int_equal(site->last_busy_code, ERR_REVOKED);
    const size_t leaves_before = leaves(w, LOG_REFUSALS);
    realm_pass(r, 2 * SECOND_MS);
    assert_int_equal(leaves(w, LOG_REFUSALS), leaves_before + 1);
    assert_int_equal(counted(w, ERR_REVOKED), 51);
    assert_int_equal(site->receipt_count, receipts);
    assert_int_equal(site->amendments_seen, told);
    assert_int_equal(realm_has(r, READER, "licence.application"), 1);
    /* and so in the next second, without another word */
    world_push(w, SENDER);
    realm_pass(r, 2 * SECOND_MS);
    assert_int_equal(site->busy_count, 1);
    assert_int_equal(counted(w, ERR_REVOKED), 52);
    /* everybody else goes on */
    const struct mail other = {
        .from = READER, .type = "licence.application", .to = {FAR}, .facts = LICENCE_BODY(CLEAN)};
    const struct sent its = realm_send(r, &other);
    assert_int_equal(world_verdict(w, READER, its.env_id), lianshu_ReceiptKind_RECEIPT_DELIVERED);
}

static void nothing_goes_out_to_a_connection_whose_key_is_revoked(void **state)
{
    struct realm *r = *state;
    struct world *w = realm_world(r, CITY);
    struct site *site = connect(r, SENDER);
    const struct mail mail = {.from = READER,
                              .type = "licence.application",
                              .to = {SENDER},
                              .facts = LICENCE_BODY(CLEAN)};
    assert_int_equal(amend(w, revocation(r, &(struct revoke){1, SENDER, KEY_USE_TRANSPORT, 0})), 0);
    const size_t got = site->got_count;
    const struct sent sent = realm_send(r, &mail);
    realm_live(r, 5 * MINUTE_MS, 20 * SECOND_MS);
    assert_int_equal(site->got_count, got);
    assert_int_equal(world_verdict(w, READER, sent.env_id), lianshu_ReceiptKind_RECEIPT_ACCEPTED);
}

/* T-05 */
static void a_flood_signed_with_a_revoked_key_is_answered_once_a_second(void **state)
{
    struct realm *r = *state;
    struct world *w = realm_world(r, CITY);
    const struct mail mail = application(READER);
    const struct site *site = world_site(w, SENDER);
    assert_int_equal(amend(w, revocation(r, &(struct revoke){1, SENDER, KEY_USE_SIGN, 0})), 0);
    realm_turn(r);
    const size_t receipts = site->receipt_count;
    const size_t had = leaves(w, LOG_RECEIPT);
    for (int i = 0; i < 40; i++) {
        world_make(w, &mail, NULL, NULL);
        world_push(w, SENDER);
    }
    realm_turn(r);
    assert_int_equal(site->receipt_count, receipts + 1);
    assert_int_equal(site->receipts[receipts].code, ERR_REVOKED);
    assert_int_equal(leaves(w, LOG_RECEIPT), had + 1);
    realm_pass(r, 2 * SECOND_MS);
    assert_int_equal(counted(w, ERR_REVOKED), 39);
    world_push(w, SENDER);
    realm_turn(r);
    assert_int_equal(site->receipt_count, receipts + 2);
    assert_int_equal(realm_has(r, READER, "licence.application"), 0);
}

/* K-06 */
static void of_a_batch_what_came_before_the_revocation_stands(void **state)
{
    struct realm *r = *state;
    struct world *w = realm_world(r, CITY);
    const struct mail mail = application(READER);
    uint8_t early[3][HASH_LEN];
    uint8_t late[HASH_LEN];
    for (size_t i = 0; i < T_COUNT(early); i++) {
        world_make(w, &mail, early[i], NULL);
        world_push(w, SENDER);
    }
    /* in the open batch, before any of it is on disk */
    r->now_ms += SECOND_MS;
    w->now_ms = r->now_ms;
    lianshu_Control c = {.kind = lianshu_ControlKind_CONTROL_AMENDMENTS,
                         .which_body = lianshu_Control_amendments_tag};
    static uint8_t bytes[8192];
    struct writer out = writer_of(bytes, sizeof bytes);
    const struct span lsd1 = revocation(r, &(struct revoke){1, SENDER, KEY_USE_SIGN, 0});
    c.body.amendments.documents_count = 1;
    c.body.amendments.documents[0].size = (pb_size_t)lsd1.len;
    memcpy(c.body.amendments.documents[0].bytes, lsd1.data, lsd1.len);
    assert_int_equal(frame_put_control(&out, &c), OK);
    world_give(w, world_site(w, READER)->peer, writer_span(&out));
    world_make(w, &mail, late, NULL);
    world_push(w, SENDER);
    realm_turn(r);
    for (size_t i = 0; i < T_COUNT(early); i++)
        assert_int_equal(world_verdict(w, SENDER, early[i]), lianshu_ReceiptKind_RECEIPT_DELIVERED);
    assert_int_equal(world_verdict(w, SENDER, late), lianshu_ReceiptKind_RECEIPT_REJECTED);
    assert_int_equal(world_code(w, SENDER, late), ERR_REVOKED);
    assert_int_equal(realm_has(r, READER, "licence.application"), 3);
}

static void who_seals_to_a_revoked_key_is_refused_and_told_the_records(void **state)
{
    struct realm *r = *state;
    struct world *w = realm_world(r, CITY);
    const struct mail mail = application(READER);
    uint8_t env_id[HASH_LEN];
    world_make(w, &mail, env_id, NULL);
    assert_int_equal(amend(w, revocation(r, &(struct revoke){1, READER, KEY_USE_SEAL, 0})), 0);
    realm_turn(r);
    const size_t told = world_site(w, SENDER)->amendments_seen;
    world_push(w, SENDER);
    realm_turn(r);
    assert_int_equal(world_verdict(w, SENDER, env_id), lianshu_ReceiptKind_RECEIPT_REJECTED);
    assert_int_equal(world_code(w, SENDER, env_id), ERR_REVOKED);
    assert_int_equal(world_site(w, SENDER)->amendments_seen, told + 1);
    assert_int_equal(realm_has(r, READER, "licence.application"), 0);
}

/* ---- what the hub says of it ---- */

static size_t listed(struct world *w, const char *kid, const char *list)
{
    char request[128];
    snprintf(request, sizeof request, "{\"cmd\":\"revocation.effects\",\"kid\":\"%s\"}", kid);
    struct json *answer = world_ask(w, request);
    const size_t count = json_count(json_get(answer, list));
    json_close(&answer);
    return count;
}

static void what_was_done_since_the_doubt_is_listed_and_nothing_else(void **state)
{
    struct realm *r = *state;
    struct world *w = realm_world(r, CITY);
    const struct mail mail = application(READER);
    const struct mail other = {
        .from = READER, .type = "licence.application", .to = {FAR}, .facts = LICENCE_BODY(CLEAN)};
    char kid[2 * KID_LEN + 1];
    hex_encode(span_of(key_kid(key_of(r, SENDER, KEY_USE_SIGN)), KID_LEN), kid);
    (void)realm_send(r, &mail); /* before */
    realm_pass(r, MINUTE_MS);
    const uint64_t since = r->now_ms;
    realm_pass(r, MINUTE_MS);
    (void)realm_send(r, &mail);
    (void)realm_send(r, &mail);
    (void)realm_send(r, &other); /* another member's */
    assert_int_equal(amend(w, revocation(r, &(struct revoke){1, SENDER, KEY_USE_SIGN, since})), 0);
    (void)realm_send(r, &mail); /* refused */
    assert_int_equal(listed(w, kid, "messages"), 2);
    assert_int_equal(listed(w, kid, "orders"), 0);
}

static void the_history_of_a_key_answers_for_every_moment(void **state)
{
    struct realm *r = *state;
    struct world *w = realm_world(r, CITY);
    const uint64_t since = r->now_ms - HOUR_MS;
    char kid[2 * KID_LEN + 1];
    char request[160];
    hex_encode(span_of(key_kid(key_of(r, SENDER, KEY_USE_SIGN)), KID_LEN), kid);
    assert_int_equal(amend(w, revocation(r, &(struct revoke){1, SENDER, KEY_USE_SIGN, since})), 0);
    const struct {
        uint64_t at;
        const char *code; /* NULL: valid */
    } rows[] = {{since - 1, NULL},
                {since, "E411"},
                {r->now_ms, "E411"},
                {r->now_ms - 2 * (uint64_t)DAY_MS, "E406"}};
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        print_message("row %zu\n", i);
        snprintf(request, sizeof request, "{\"cmd\":\"key.history\",\"kid\":\"%s\",\"at_ms\":%llu}",
                 kid, (unsigned long long)rows[i].at);
        struct json *answer = world_ask(w, request);
        const struct json *row = json_item(json_get(answer, "keys"), 0);
        const char *code = json_get_text(row, "code");
        assert_true((code == NULL) == (rows[i].code == NULL));
        if (code != NULL)
            assert_string_equal(code, rows[i].code);
        assert_string_equal(json_get_text(row, "reason"), "compromised");
        assert_string_equal(json_get_text(row, "revocation"), "registrar.000000 1");
        assert_string_equal(json_get_text(row, "origin"), "registry 1");
        json_close(&answer);
    }
}

/* ---- to everybody ---- */

static bool revoked_at(struct realm *r, const char *region, const char *member, enum key_use use)
{
    const struct registry_key *key;
    const struct world *w = realm_world(r, region);
    return registry_signer(w->registry, member, key_kid(key_of(r, member, use)), use, w->now_ms,
                           &key) == ERR_REVOKED;
}

static void every_hub_and_adapter_knows_at_once(void **state)
{
    struct realm *r = *state;
    assert_int_equal(
        amend(realm_world(r, TOP), revocation(r, &(struct revoke){1, SENDER, KEY_USE_SIGN, 0})), 0);
    realm_turn(r);
    for (size_t i = 0; i < T_COUNT(plan); i++) {
        struct world *w = realm_world(r, plan[i].region);
        assert_true(revoked_at(r, plan[i].region, SENDER, KEY_USE_SIGN));
        assert_int_equal(leaves(w, LOG_REGISTRY), 1);
        for (size_t s = 1; s < WORLD_MEMBERS; s++)
            assert_int_equal(w->sites[s].amendments_seen, 1);
    }
    const struct mail mail = application(FAR);
    const struct sent sent = realm_send(r, &mail);
    assert_int_equal(world_code(realm_world(r, CITY), SENDER, sent.env_id), ERR_REVOKED);
}

static void who_was_cut_off_knows_once_it_is_back(void **state)
{
    struct realm *r = *state;
    realm_cut(r, CITY, "440000");
    world_leave(realm_world(r, TOP), FAR);
    assert_int_equal(
        amend(realm_world(r, TOP), revocation(r, &(struct revoke){1, SENDER, KEY_USE_SIGN, 0})), 0);
    realm_turn(r);
    assert_false(revoked_at(r, CITY, SENDER, KEY_USE_SIGN));
    assert_int_equal(world_site(realm_world(r, TOP), FAR)->amendments_seen, 0);
    realm_heal(r, CITY, "440000");
    world_hello(realm_world(r, TOP), FAR);
    realm_turn(r);
    assert_true(revoked_at(r, CITY, SENDER, KEY_USE_SIGN));
    assert_int_equal(world_site(realm_world(r, TOP), FAR)->amendments_seen, 1);
}

/* The road carries nothing for a while, and nobody notices: within the minute all the same. */
static void a_mute_road_delays_it_by_less_than_a_minute(void **state)
{
    struct realm *r = *state;
    realm_mute(r, CITY, "440000");
    assert_int_equal(
        amend(realm_world(r, TOP), revocation(r, &(struct revoke){1, SENDER, KEY_USE_SIGN, 0})), 0);
    realm_turn(r);
    assert_false(revoked_at(r, CITY, SENDER, KEY_USE_SIGN));
    realm_road(r, CITY, "440000")->mute = false;
    realm_live(r, 20 * SECOND_MS, SECOND_MS);
    assert_true(revoked_at(r, CITY, SENDER, KEY_USE_SIGN));
}

static void what_two_hubs_learn_apart_both_know_together(void **state)
{
    struct realm *r = *state;
    struct world *top = realm_world(r, TOP);
    struct world *city = realm_world(r, CITY);
    lianshu_KeyRecord body = {.number = 1, .keys_count = 1};
    struct key *fresh = NULL;
    assert_int_equal(key_make(&fresh, KEY_USE_SEAL, r->now_ms, &top->entropy), OK);
    body.keys[0] = (lianshu_MemberKey){.use = lianshu_KeyUse_KEY_SEAL,
                                       .valid_from_ms = r->now_ms,
                                       .valid_until_ms = r->now_ms + 60 * (uint64_t)DAY_MS};
    memcpy(body.keys[0].public_key, key_public(fresh), KEY_PUBLIC_LEN);
    realm_cut(r, CITY, "440000");
    assert_int_equal(
        amend(top, revocation(r, &(struct revoke){1, "police.445100", KEY_USE_SIGN, 0})), 0);
    assert_int_equal(
        amend(city, write_paper(r, lianshu_DocumentType_TYPE_KEY_RECORD, &lianshu_KeyRecord_msg,
                                &body, SENDER, key_of(r, SENDER, KEY_USE_SIGN))),
        0);
    realm_heal(r, CITY, "440000");
    realm_live(r, 30 * SECOND_MS, SECOND_MS);
    const struct registry_key *found;
    for (size_t i = 0; i < T_COUNT(plan); i++) {
        const struct world *w = realm_world(r, plan[i].region);
        assert_int_equal(registry_amendment_count(w->registry), 2);
        assert_memory_equal(registry_amended(w->registry).data,
                            registry_amended(top->registry).data, HASH_LEN);
        assert_int_equal(registry_current(w->registry, SENDER, KEY_USE_SEAL, r->now_ms, &found),
                         OK);
        assert_memory_equal(found->kid, key_kid(fresh), KID_LEN);
    }
    key_close(&fresh);
}

/* Accepted before the doubt, on its way when the revocation came: it is as good as it was. */
static void what_was_accepted_before_the_doubt_arrives(void **state)
{
    struct realm *r = *state;
    const struct mail mail = application(FAR);
    realm_road(r, CITY, "440000")->delay_ms = 5 * MINUTE_MS;
    const struct sent sent = realm_send(r, &mail);
    realm_pass(r, 10 * SECOND_MS);
    assert_int_equal(amend(realm_world(r, TOP),
                           revocation(r, &(struct revoke){1, SENDER, KEY_USE_SIGN, r->now_ms})),
                     0);
    realm_turn(r);
    realm_live(r, 20 * MINUTE_MS, 30 * SECOND_MS);
    assert_int_equal(realm_has(r, FAR, "licence.application"), 1);
    assert_int_equal(realm_heard(r, SENDER, &sent, lianshu_ReceiptKind_RECEIPT_DELIVERED), 1);
}

static void what_was_accepted_after_the_doubt_does_not(void **state)
{
    struct realm *r = *state;
    const struct mail mail = application(FAR);
    const uint64_t since = r->now_ms;
    realm_pass(r, SECOND_MS);
    realm_road(r, CITY, "440000")->delay_ms = 5 * MINUTE_MS;
    const struct sent sent = realm_send(r, &mail);
    realm_pass(r, 10 * SECOND_MS);
    assert_int_equal(
        amend(realm_world(r, TOP), revocation(r, &(struct revoke){1, SENDER, KEY_USE_SIGN, since})),
        0);
    realm_live(r, 20 * MINUTE_MS, 30 * SECOND_MS);
    assert_int_equal(realm_has(r, FAR, "licence.application"), 0);
    assert_int_equal(realm_heard(r, SENDER, &sent, lianshu_ReceiptKind_RECEIPT_DELIVERED), 0);
}

/* ---- kept ---- */

static void a_start_puts_it_into_effect_again(void **state)
{
    struct realm *r = *state;
    struct world *w = realm_world(r, CITY);
    static uint8_t file[256 << 10];
    struct registry *fresh = NULL;
    const struct registry_key *key;
    assert_int_equal(amend(w, revocation(r, &(struct revoke){1, SENDER, KEY_USE_SIGN, 0})), 0);
    const struct span old = registry_file(w->registry);
    memcpy(file, old.data, old.len);
    assert_int_equal(registry_open(&fresh, &r->anchor, span_of(file, old.len), 0, NULL), OK);
    assert_int_equal(registry_signer(fresh, SENDER, key_kid(key_of(r, SENDER, KEY_USE_SIGN)),
                                     KEY_USE_SIGN, r->now_ms, &key),
                     OK);
    assert_int_equal(core_amended(w->store, fresh, NULL), OK);
    assert_int_equal(registry_signer(fresh, SENDER, key_kid(key_of(r, SENDER, KEY_USE_SIGN)),
                                     KEY_USE_SIGN, r->now_ms, &key),
                     ERR_REVOKED);
    assert_memory_equal(registry_amended(fresh).data, registry_amended(w->registry).data, HASH_LEN);
    registry_close(&fresh);
    realm_restart(r, CITY);
    const struct mail mail = application(READER);
    const struct sent sent = realm_send(r, &mail);
    assert_int_equal(world_code(w, SENDER, sent.env_id), ERR_REVOKED);
    assert_int_equal(leaves(w, LOG_REGISTRY), 1);
}

static void a_new_version_does_not_undo_it(void **state)
{
    struct realm *r = *state;
    struct world *w = realm_world(r, CITY);
    static uint8_t file[256 << 10];
    assert_int_equal(amend(w, revocation(r, &(struct revoke){1, SENDER, KEY_USE_SIGN, 0})), 0);
    const size_t len = realm_registry(r, 2, 0, file, sizeof file);
    realm_reload(r, CITY, span_of(file, len));
    realm_turn(r);
    assert_int_equal(registry_version(w->registry), 2);
    assert_true(revoked_at(r, CITY, SENDER, KEY_USE_SIGN));
    assert_int_equal(leaves(w, LOG_REGISTRY), 1);
}

/* ---- another story for somebody else ---- */

/* The bodies of all leaves about one number with two documents; the last one's in *out. */
static size_t told_twice(const struct world *w, lianshu_NumberTwice *out, uint8_t *both,
                         size_t *len)
{
    struct leaf_log *log = w->store->log;
    uint64_t index = 0;
    size_t count = 0;
    while (log_find(log, LOG_NUMBER_TWICE, index, log_size(log), &index) == OK) {
        struct log_entry entry;
        assert_int_equal(log_get(log, index++, &entry), OK);
        assert_int_equal(wire_decode(&lianshu_NumberTwice_msg, entry.body, out), OK);
        memcpy(both, entry.beside.data, entry.beside.len);
        *len = entry.beside.len;
        count++;
    }
    return count;
}

/* The officials of a registrar tell one hub that a key is revoked, and another hub, under the same
 * number, that it is another key. Both hubs notice as soon as they speak to each other; each keeps
 * what it has, and both documents. */
static void two_hubs_that_were_told_two_revocations_under_one_number_notice_it(void **state)
{
    static uint8_t both[2 * 4096];
    struct realm *r = *state;
    struct world *city = realm_world(r, CITY);
    struct world *above = realm_world(r, "440000");
    lianshu_NumberTwice body;
    size_t len = 0;
    realm_cut(r, "440000", CITY);
    assert_int_equal(amend(city, revocation(r, &(struct revoke){1, SENDER, KEY_USE_SIGN, 0})), 0);
    const struct span other = revocation(r, &(struct revoke){1, READER, KEY_USE_SIGN, 0});
    assert_int_equal(amend(above, other), 0);
    realm_turn(r);
    assert_int_equal(told_twice(city, &body, both, &len), 0);
    realm_heal(r, "440000", CITY);
    realm_live(r, 2 * LINK_TELL_MS, SECOND_MS);
    for (size_t i = 0; i < 2; i++) {
        struct world *w = i == 0 ? city : above;
        assert_int_equal(told_twice(w, &body, both, &len), 1);
        assert_string_equal(body.issuer, "registrar.000000");
        assert_int_equal(body.type, lianshu_DocumentType_TYPE_KEY_REVOCATION);
        assert_int_equal(body.number, 1);
        assert_int_equal(strncmp(body.by, i == 0 ? "hub.440000" : "hub." CITY, 10), 0);
        assert_memory_equal(body.held, registry_amendment(w->registry, 0)->hash, HASH_LEN);
        assert_memory_not_equal(body.held, body.offered, HASH_LEN);
        assert_int_equal(world_status(w, "numbers_twice"), 1);
    }
    /* the evidence beside the leaf: both documents, as they were signed */
    const struct span held = registry_amendment(above->registry, 0)->lsd1;
    struct span rest = span_of(both, len);
    uint64_t held_len;
    assert_true(span_take_uint(&rest, 4, &held_len));
    assert_int_equal(held_len, held.len);
    assert_memory_equal(rest.data, held.data, held.len);
    /* once, however often it is said again, also after a restart of the neighbour */
    realm_restart(r, CITY);
    realm_live(r, 30 * SECOND_MS, SECOND_MS);
    assert_int_equal(told_twice(above, &body, both, &len), 1);
    /* what was revoked stays revoked at each, and mail goes on */
    const struct registry_key *key;
    assert_int_equal(registry_key(above->registry, key_kid(key_of(r, READER, KEY_USE_SIGN)), &key),
                     OK);
    assert_true(key->revoked_ms != 0);
}

/* An official who hands the other document to the hub himself is told so, and it is kept too. */
static void a_second_document_under_a_number_is_refused_as_such(void **state)
{
    static uint8_t both[2 * 4096];
    struct realm *r = *state;
    struct world *w = realm_world(r, CITY);
    lianshu_NumberTwice body;
    size_t len;
    assert_int_equal(amend(w, revocation(r, &(struct revoke){1, SENDER, KEY_USE_SIGN, 0})), 0);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(amend(w, revocation(r, &(struct revoke){1, READER, KEY_USE_SIGN, i})),
                         ERR_NUMBER_TWICE);
    assert_int_equal(told_twice(w, &body, both, &len), 1);
    assert_string_equal(body.by, "");
    assert_int_equal(amend(w, revocation(r, &(struct revoke){2, READER, KEY_USE_SIGN, 0})), 0);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(two_hubs_that_were_told_two_revocations_under_one_number_notice_it),
        CASE(a_second_document_under_a_number_is_refused_as_such),
        CASE(a_revocation_counts_from_the_next_frame_on_and_has_its_leaf),
        CASE(the_same_document_again_changes_nothing),
        CASE(what_does_not_hold_is_refused_and_leaves_nothing),
        CASE(a_connection_whose_key_is_revoked_is_told_once_and_then_counted),
        CASE(nothing_goes_out_to_a_connection_whose_key_is_revoked),
        CASE(a_flood_signed_with_a_revoked_key_is_answered_once_a_second),
        CASE(of_a_batch_what_came_before_the_revocation_stands),
        CASE(who_seals_to_a_revoked_key_is_refused_and_told_the_records),
        CASE(what_was_done_since_the_doubt_is_listed_and_nothing_else),
        CASE(the_history_of_a_key_answers_for_every_moment),
        CASE(every_hub_and_adapter_knows_at_once),
        CASE(who_was_cut_off_knows_once_it_is_back),
        CASE(a_mute_road_delays_it_by_less_than_a_minute),
        CASE(what_two_hubs_learn_apart_both_know_together),
        CASE(what_was_accepted_before_the_doubt_arrives),
        CASE(what_was_accepted_after_the_doubt_does_not),
        CASE(a_start_puts_it_into_effect_again),
        CASE(a_new_version_does_not_undo_it),
    };
    return cmocka_run_group_tests_name("revocation", tests, NULL, NULL);
}
