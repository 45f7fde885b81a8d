/* Revocations between hubs: who knows when, what was under way, and a number that was given to two
 * documents: amending.h, doubled.h. */
#include "scenario/revocationbook.h"

/* ---- to everybody ---- */

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(two_hubs_that_were_told_two_revocations_under_one_number_notice_it),
        CASE(a_second_document_under_a_number_is_refused_as_such),
        CASE(every_hub_and_adapter_knows_at_once),
        CASE(who_was_cut_off_knows_once_it_is_back),
        CASE(a_mute_road_delays_it_by_less_than_a_minute),
        CASE(what_two_hubs_learn_apart_both_know_together),
        CASE(what_was_accepted_before_the_doubt_arrives),
        CASE(what_was_accepted_after_the_doubt_does_not),
    };
    return cmocka_run_group_tests_name("revocation_hubs", tests, NULL, NULL);
}
