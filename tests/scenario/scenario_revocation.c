/* Revocations and members' key records, live, at one hub: amending.h. */
#include "scenario/revocationbook.h"

#include "frame.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
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
        CASE(a_start_puts_it_into_effect_again),
        CASE(a_new_version_does_not_undo_it),
    };
    return cmocka_run_group_tests_name("revocation", tests, NULL, NULL);
}
