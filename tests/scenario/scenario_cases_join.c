/* A hub that joins a case later is given the steps before: its card, history and clocks are those
 * of the hubs that had it from the beginning, and nobody is told anything twice. */
#include "scenario/casehubs.h"

#include "base/clock.h"
#include "base/hex.h"
#include "core/state.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define THERE   "police.220100"
#define FURTHER "police.445200"
#define OTHER   "0123456789abcdef0123456789abcdef"

static const struct work TO_THERE = {.from = CASE_POLICE,
                                     .to = {CASE_MARKET, THERE},
                                     .type = "case.forward",
                                     .transition = "T24",
                                     .outcome = "filed_case",
                                     .owner = THERE,
                                     .papers = "\"D11\""};
static const struct work TAKEN_THERE = {.from = THERE,
                                        .to = {CASE_MARKET},
                                        .type = "case.acknowledged",
                                        .transition = "T08",
                                        .outcome = "filed_case",
                                        .owner = THERE,
                                        .papers = "\"D09\""};
static const struct work TO_FURTHER = {.from = THERE,
                                       .to = {CASE_MARKET, FURTHER},
                                       .type = "case.forward",
                                       .transition = "T24",
                                       .outcome = "filed_case",
                                       .owner = FURTHER,
                                       .papers = "\"D11\""};

static void take(struct realm *r, const struct work *step)
{
    casehubs_take(r, step);
    casehubs_settle(r);
}

/* Three steps of which no other hub hears. */
static void begin(struct realm *r)
{
    take(r, &WORK_REFERRED);
    take(r, &WORK_TAKEN);
    take(r, &WORK_FILED);
}

static uint64_t counted(struct realm *r, const char *region, const char *name)
{
    return store_counter(realm_world(r, region)->store, name);
}

static void knows_nothing(struct realm *r, const char *region)
{
    struct casefile row;
    uint8_t none[STORE_ID_LEN] = {0};
    assert_int_equal(casefile_next(realm_world(r, region)->store->casefiles, none, &row),
                     ERR_NOT_FOUND);
}

/* ---- joining ---- */

static void a_hub_that_a_case_is_handed_to_shows_its_whole_card(void **state)
{
    struct realm *r = *state;
    begin(r);
    take(r, &TO_THERE);
    casehubs_same(r, "445100", "220100", 4);
    assert_string_equal(work_clock(realm_world(r, "220100"), "T08", "state"), "running");
    assert_int_equal(counted(r, "445100", "cases.handed_on"), 3);
    assert_int_equal(counted(r, "220100", "cases.joined"), 3);
    knows_nothing(r, "000000");
    knows_nothing(r, "440000");
    knows_nothing(r, "220000");
}

static void a_further_hub_gets_it_from_the_one_that_got_it(void **state)
{
    struct realm *r = *state;
    begin(r);
    take(r, &TO_THERE);
    take(r, &TAKEN_THERE);
    take(r, &TO_FURTHER);
    casehubs_same(r, "445100", "220100", 6);
    casehubs_same(r, "445100", "445200", 6);
    assert_int_equal(counted(r, "220100", "cases.handed_on"), 5);
    assert_int_equal(counted(r, "445100", "cases.handed_on"), 3); /* and nothing twice */
}

static void assistance_that_a_superior_designates_comes_with_what_went_before(void **state)
{
    struct realm *r = *state;
    static const struct work steps[] = {
        {.from = "market.445100",
         .to = {"health.445100"},
         .type = "case.record",
         .transition = "A01",
         .outcome = "drafted"},
        {.from = "market.445100",
         .to = {"market.445200"},
         .type = "assist.request",
         .transition = "A02",
         .outcome = "case",
         .owner = "market.445200",
         .papers = "\"D29\""},
        {.from = "market.445200",
         .to = {"market.445100"},
         .type = "assist.accept",
         .transition = "A03",
         .outcome = "rejected",
         .owner = "market.445100"},
        {.from = "market.445100",
         .to = {"market.440000", "market.445200"},
         .type = "assist.request",
         .transition = "A09",
         .outcome = "disputed",
         .owner = "market.445200"},
    };
    static const size_t after[] = {0, 2, 3, 4};
    for (size_t i = 0; i < T_COUNT(steps); i++) {
        take(r, &steps[i]);
        if (after[i] != 0)
            casehubs_same(r, "445100", "445200", after[i]);
    }
    casehubs_same(r, "445100", "440000", 4); /* joined with the dispute */
    assert_string_equal(work_clock(realm_world(r, "440000"), "ASSIST-DISPUTE", "state"), "running");
}

static void a_cut_road_delays_the_steps_and_loses_none(void **state)
{
    struct realm *r = *state;
    begin(r);
    realm_cut(r, "220000", "220100");
    take(r, &TO_THERE);
    realm_live(r, 30 * MINUTE_MS, 10 * MINUTE_MS);
    knows_nothing(r, "220100");
    realm_restart(r, "445100");
    realm_restart(r, "220000");
    realm_heal(r, "220000", "220100");
    casehubs_settle(r);
    casehubs_same(r, "445100", "220100", 4);
}

static void steps_that_ended_on_their_way_are_shown_by_the_hub_that_took_them(void **state)
{
    struct realm *r = *state;
    const struct work late = {.from = CASE_MARKET,
                              .to = {THERE},
                              .type = "case.result",
                              .transition = "S02",
                              .outcome = "reported",
                              .owner = THERE,
                              .papers = "\"D27\""};
    struct sent sent[2];
    begin(r);
    take(r, &TO_THERE);
    take(r, &TAKEN_THERE);
    realm_cut(r, "220000", "220100");
    for (size_t i = 0; i < T_COUNT(sent); i++) {
        struct mail mail = work_mail(realm_home(r, CASE_MARKET), &late);
        mail.expires_ms = r->now_ms + HOUR_MS;
        sent[i] = realm_send(r, &mail);
    }
    realm_live(r, 3 * (uint64_t)HOUR_MS, 10 * MINUTE_MS);
    for (size_t i = 0; i < T_COUNT(sent); i++)
        assert_int_equal(realm_heard(r, CASE_MARKET, &sent[i], lianshu_ReceiptKind_RECEIPT_EXPIRED),
                         1);
    realm_heal(r, "220000", "220100");
    casehubs_settle(r);
    casehubs_same(r, "445100", "220100", 7);
    assert_int_equal(realm_has(r, THERE, late.type), 0); /* nothing is delivered by that */
    take(r, &late);
    casehubs_same(r, "445100", "220100", 8);
}

static void steps_that_cross_on_the_way_end_in_one_card(void **state)
{
    struct realm *r = *state;
    static const struct work noted = {.from = CASE_MARKET,
                                      .to = {THERE, CASE_POLICE},
                                      .type = "case.result",
                                      .transition = "S02",
                                      .outcome = "reported",
                                      .owner = THERE,
                                      .papers = "\"D27\""};
    begin(r);
    realm_cut(r, "220000", "220100");
    take(r, &TO_THERE);
    take(r, &noted);
    realm_heal(r, "220000", "220100");
    casehubs_settle(r);
    casehubs_same(r, "445100", "220100", 5);
    take(r, &TAKEN_THERE);
    casehubs_same(r, "445100", "220100", 6);
    assert_int_equal(counted(r, "445100", "cases.handed_on"), 3);
}

static void what_was_said_before_is_not_said_again_by_a_hub_that_joins(void **state)
{
    struct realm *r = *state;
    take(r, &WORK_REFERRED);
    realm_live(r, 26 * (uint64_t)HOUR_MS, HOUR_MS); /* T08 is over: everybody has heard */
    const size_t heard = work_told(realm_world(r, "445100"), CASE_MARKET,
                                   lianshu_HubNoticeKind_HUBNOTICE_UNANSWERED, "T08");
    assert_int_equal(heard, 1);
    take(r, &WORK_TAKEN);
    take(r, &WORK_FILED);
    take(r, &TO_THERE);
    casehubs_same(r, "445100", "220100", 4);
    assert_int_equal(realm_has(r, THERE, "hub.notice"), 0);
    assert_int_equal(realm_has(r, "police.220000", "hub.notice"), 0);
    assert_int_equal(realm_has(r, "procuratorate.220100", "hub.notice"), 0);
    assert_int_equal(work_told(realm_world(r, "445100"), CASE_MARKET,
                               lianshu_HubNoticeKind_HUBNOTICE_UNANSWERED, "T08"),
                     1);
    realm_live(r, 26 * (uint64_t)HOUR_MS, HOUR_MS); /* the term that began with the hand-over */
    casehubs_settle(r);
    assert_int_equal(
        work_told(realm_world(r, "220100"), THERE, lianshu_HubNoticeKind_HUBNOTICE_REMINDER, "T08"),
        3);
}

/* A receipt of that member is in the chain. */
static bool signed_by(const struct json *chain, const char *member)
{
    bool found = false;
    for (size_t i = 0; i < json_count(chain); i++) {
        const struct json *event = json_item(chain, i);
        found = found || (strcmp(json_get_text(event, "event"), "sent") != 0 &&
                          strcmp(json_get_text(event, "by"), member) == 0);
    }
    return found;
}

/* The first step's file: whom it went to is known by its sender's own signature, and who got it by
 * theirs. */
static void a_hub_that_joins_knows_who_held_which_file(void **state)
{
    struct realm *r = *state;
    lianshu_ManifestFile file;
    int fd;
    struct world *w = realm_home(r, CASE_MARKET);
    struct attachment *a = work_file(w, &file, &fd);
    struct work referred = WORK_REFERRED;
    referred.file = &file;
    work_send_file(w, &referred, a);
    casehubs_settle(r);
    take(r, &WORK_TAKEN);
    take(r, &WORK_FILED);
    take(r, &TO_THERE);
    take(r, &TAKEN_THERE);
    take(r, &TO_FURTHER);
    static const char *const regions[] = {"220100", "445200"}; /* the second by way of the first */
    for (size_t i = 0; i < T_COUNT(regions); i++) {
        struct json *json = world_ask(realm_world(r, regions[i]),
                                      "{\"cmd\":\"case.custody\",\"id\":\"" CASE_ID "\"}");
        const struct json *item = json_item(json_get(json, "items"), 0);
        const struct json *sent = json_item(json_get(item, "custody"), 0);
        char root[2 * HASH_LEN + 1];
        assert_int_equal(json_count(json_get(json, "items")), 1);
        hex_encode(span_of(file.root, HASH_LEN), root);
        assert_string_equal(json_get_text(item, "root"), root);
        assert_string_equal(json_get_text(sent, "by"), CASE_MARKET);
        assert_string_equal(json_get_text(sent, "to"), CASE_POLICE " " CASE_PP);
        assert_true(signed_by(json_get(item, "custody"), CASE_POLICE));
        assert_true(signed_by(json_get(item, "custody"), CASE_PP));
        json_close(&json);
    }
    attachment_close(&a);
    close(fd);
}

/* ---- what another hub may claim ---- */

/* A step as that hub keeps it, to be said by any hub. */
static void paper(struct realm *r, const char *region, const char *case_id, uint64_t number,
                  lianshu_RelayFacts *out)
{
    struct core *core = realm_world(r, region)->core;
    uint8_t key[STORE_ID_LEN + 8 + HASH_LEN];
    uint8_t id[STORE_ID_LEN];
    struct casefile_step step;
    uint64_t cursor = number;
    struct span sealed;
    struct writer row = writer_of(key, sizeof key);
    struct writer w = writer_of(core->spread->text, sizeof core->spread->text);
    assert_true(hex_decode(case_id, id, sizeof id));
    assert_int_equal(casefile_step_next(core->store->casefiles, id, &cursor, &step), OK);
    assert_int_equal(casefile_paper(core->store->casefiles, &step, &sealed), OK);
    write_bytes(&row, id, sizeof id);
    write_uint(&row, number, 8);
    write_bytes(&row, step.document, HASH_LEN);
    assert_int_equal(rest_get(core, "case_paper", writer_span(&row), "sealed", sealed, &w), OK);
    assert_int_equal(wire_decode(&lianshu_RelayFacts_msg, writer_span(&w), out), OK);
}

/* With which code the hub of `to` refuses it; 0: not at all. */
static uint32_t said_by(struct realm *r, const char *region, const char *to,
                        lianshu_RelayFacts *facts)
{
    struct world *by = realm_world(r, region);
    struct world *at = realm_home(r, to);
    const uint64_t from = log_size(at->store->log);
    const struct outgoing what = {.type = lianshu_DocumentType_TYPE_RELAY_FACTS,
                                  .recipient = to,
                                  .purpose = "federation",
                                  .body = facts};
    facts->hops_count = 1;
    strcpy(facts->hops[0], by->ids[0]);
    core_set_now(by->core, r->now_ms);
    assert_int_equal(core_begin(by->core), OK);
    assert_int_equal(outgoing_send(by->core, &what), OK);
    by->core->work_waiting = true;
    casehubs_settle(r);
    return realm_refused(r, at->ids[0] + strlen("hub."), from, by->ids[0]);
}

static void steps_that_are_given_again_change_nothing(void **state)
{
    struct realm *r = *state;
    static lianshu_RelayFacts facts;
    begin(r);
    take(r, &TO_THERE);
    take(r, &TAKEN_THERE);
    char *before = casehubs_card(r, "220100");
    for (uint64_t number = 3; number > 0; number--) {
        paper(r, "445100", CASE_ID, number, &facts);
        assert_int_equal(said_by(r, "445100", "hub.220100", &facts), 0);
    }
    char *now = casehubs_card(r, "220100");
    assert_string_equal(before, now);
    assert_int_equal(counted(r, "220100", "cases.joined"), 3);
    free(before);
    free(now);
}

static void a_gap(struct realm *r, lianshu_RelayFacts *facts)
{
    (void)r;
    facts->case_step = 9;
}

static void another_number(struct realm *r, lianshu_RelayFacts *facts)
{
    (void)r;
    facts->case_step = 2; /* the third step's document */
}

static void a_forged_issuer(struct realm *r, lianshu_RelayFacts *facts)
{
    (void)r;
    facts->document.bytes[facts->document.size - 1] ^= 1;
}

static void another_case(struct realm *r, lianshu_RelayFacts *facts)
{
    struct work other = WORK_REFERRED;
    other.id = OTHER;
    take(r, &other);
    paper(r, "445100", OTHER, 1, facts);
}

static void no_recipient(struct realm *r, lianshu_RelayFacts *facts)
{
    (void)r;
    facts->destination_count = 0;
}

static void another_header(struct realm *r, lianshu_RelayFacts *facts)
{
    static lianshu_RelayFacts other;
    paper(r, "445100", CASE_ID, 2, &other);
    memcpy(&facts->envelope, &other.envelope, sizeof other.envelope);
}

static void a_forged_header(struct realm *r, lianshu_RelayFacts *facts)
{
    (void)r;
    facts->envelope.bytes[facts->envelope.size - 1] ^= 1;
}

static void a_time_to_come(struct realm *r, lianshu_RelayFacts *facts)
{
    facts->accepted_ms = r->now_ms + HOUR_MS;
}

static void what_is_not_an_earlier_step_of_the_case_is_refused(void **state)
{
    static const struct {
        const char *what;
        void (*bend)(struct realm *r, lianshu_RelayFacts *facts);
        enum err code;
    } rows[] = {
        {"a gap", a_gap, ERR_CASE_STATE},
        {"a number that another document has", another_number, ERR_CASE_STATE},
        {"a forged issuer", a_forged_issuer, ERR_SIGNATURE},
        {"another case", another_case, ERR_REGION_NOT_OWNED},
        {"nobody to whom it went", no_recipient, ERR_NOT_ADDRESSED},
        {"another message's header", another_header, ERR_POISON},
        {"a forged header", a_forged_header, ERR_SIGNATURE},
        {"a time to come", a_time_to_come, ERR_FUTURE},
    };
    struct realm *r = *state;
    static lianshu_RelayFacts facts;
    begin(r);
    take(r, &TO_THERE);
    char *before = casehubs_card(r, "220100");
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        print_message("%s\n", rows[i].what);
        paper(r, "445100", CASE_ID, 3, &facts);
        rows[i].bend(r, &facts);
        assert_int_equal(said_by(r, "445100", "hub.220100", &facts), (uint32_t)rows[i].code);
        assert_int_equal(counted(r, "220100", "cases.joined"), 3);
        char *now = casehubs_card(r, "220100");
        assert_string_equal(before, now);
        free(now);
    }
    free(before);
}

/* It knows the last step alone: what came before it was lost with the papers of the first hub. */
static void a_hub_that_does_not_hold_the_case_may_not_say_what_went_before(void **state)
{
    struct realm *r = *state;
    static lianshu_RelayFacts kept[3];
    begin(r);
    for (uint64_t number = 1; number <= 3; number++)
        paper(r, "445100", CASE_ID, number, &kept[number - 1]);
    casehubs_lose_papers(r, "445100");
    take(r, &TO_THERE);
    assert_int_equal(counted(r, "220100", "cases.joined"), 0);
    assert_int_equal(said_by(r, "220000", "hub.220100", &kept[2]), ERR_REGION_NOT_OWNED);
    assert_int_equal(counted(r, "220100", "cases.joined"), 0);
    static const size_t order[] = {1, 2, 0};
    for (size_t i = 0; i < T_COUNT(order); i++)
        assert_int_equal(said_by(r, "445100", "hub.220100", &kept[order[i]]), 0);
    casehubs_same(r, "445100", "220100", 4);
}

/* Closed for longer than steps are kept. */
static void erase(struct realm *r, const char *region)
{
    static const char *const sql[] = {"UPDATE casefile SET closed = 1", "DELETE FROM case_step",
                                      "DELETE FROM case_holder", "DELETE FROM case_paper"};
    struct core *core = realm_world(r, region)->core;
    struct stmt *q[T_COUNT(sql)];
    struct fault fault = {0};
    assert_int_equal(core_begin(core), OK);
    assert_int_equal(db_prepare(core->store->db, sql, T_COUNT(sql), q, &fault), OK);
    for (size_t i = 0; i < T_COUNT(sql); i++)
        assert_int_equal(stmt_run(q[i]), OK);
}

static void a_case_whose_steps_are_not_kept_any_more_takes_no_earlier_one(void **state)
{
    struct realm *r = *state;
    static lianshu_RelayFacts facts;
    begin(r);
    take(r, &TO_THERE);
    take(r, &TAKEN_THERE);
    erase(r, "220100");
    for (uint64_t number = 3; number <= 4; number++) { /* shared once, and gone there */
        paper(r, "445100", CASE_ID, number, &facts);
        assert_int_equal(said_by(r, "445100", "hub.220100", &facts),
                         number == 3 ? ERR_REGION_NOT_OWNED : ERR_CASE_STATE);
    }
    assert_int_equal(counted(r, "220100", "cases.joined"), 3);
}

/* What the recipients of that step have signed by now, as its hub tells it. */
static void receipts_of(struct realm *r, uint64_t number, lianshu_RelayFacts *out)
{
    struct core *core = realm_world(r, "445100")->core;
    uint8_t id[STORE_ID_LEN];
    struct casefile_step step;
    uint64_t cursor = number;
    assert_true(hex_decode(CASE_ID, id, sizeof id));
    assert_int_equal(casefile_step_next(core->store->casefiles, id, &cursor, &step), OK);
    assert_int_equal(case_receipts_collect(core, &step, out), OK);
    assert_true(out->receipts.size > 0);
}

static void a_receipt_that_does_not_hold_is_left_out_and_the_step_stands(void **state)
{
    enum { FORGED = 3, OF_ANOTHER = 2, GOOD = 1 };
    struct realm *r = *state;
    static lianshu_RelayFacts kept[3];
    static lianshu_RelayFacts now;
    begin(r);
    for (uint64_t number = 1; number <= 3; number++)
        paper(r, "445100", CASE_ID, number, &kept[number - 1]);
    receipts_of(r, FORGED, &kept[FORGED - 1]);
    const pb_size_t end = kept[FORGED - 1].receipts.size - 2; /* an empty checkpoint stands there */
    kept[FORGED - 1].receipts.bytes[end - 1] ^= 1;
    receipts_of(r, GOOD, &kept[OF_ANOTHER - 1]);
    receipts_of(r, GOOD, &kept[GOOD - 1]);
    casehubs_lose_papers(r, "445100");
    take(r, &TO_THERE);
    for (uint64_t number = 3; number > 0; number--) {
        assert_int_equal(said_by(r, "445100", "hub.220100", &kept[number - 1]), 0);
        paper(r, "220100", CASE_ID, number, &now);
        assert_true(number == FORGED || (now.receipts.size > 0) == (number == GOOD));
        assert_true(number != FORGED || now.receipts.size < kept[FORGED - 1].receipts.size);
    }
    casehubs_same(r, "445100", "220100", 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_hub_that_a_case_is_handed_to_shows_its_whole_card,
                                        casehubs_tree, casehubs_end),
        cmocka_unit_test_setup_teardown(a_further_hub_gets_it_from_the_one_that_got_it,
                                        casehubs_tree, casehubs_end),
        cmocka_unit_test_setup_teardown(
            assistance_that_a_superior_designates_comes_with_what_went_before, casehubs_tree,
            casehubs_end),
        cmocka_unit_test_setup_teardown(a_cut_road_delays_the_steps_and_loses_none, casehubs_tree,
                                        casehubs_end),
        cmocka_unit_test_setup_teardown(
            steps_that_ended_on_their_way_are_shown_by_the_hub_that_took_them, casehubs_tree,
            casehubs_end),
        cmocka_unit_test_setup_teardown(steps_that_cross_on_the_way_end_in_one_card, casehubs_tree,
                                        casehubs_end),
        cmocka_unit_test_setup_teardown(what_was_said_before_is_not_said_again_by_a_hub_that_joins,
                                        casehubs_tree, casehubs_end),
        cmocka_unit_test_setup_teardown(a_hub_that_joins_knows_who_held_which_file, casehubs_tree,
                                        casehubs_end),
        cmocka_unit_test_setup_teardown(steps_that_are_given_again_change_nothing, casehubs_tree,
                                        casehubs_end),
        cmocka_unit_test_setup_teardown(what_is_not_an_earlier_step_of_the_case_is_refused,
                                        casehubs_tree, casehubs_end),
        cmocka_unit_test_setup_teardown(
            a_case_whose_steps_are_not_kept_any_more_takes_no_earlier_one, casehubs_tree,
            casehubs_end),
        cmocka_unit_test_setup_teardown(
            a_receipt_that_does_not_hold_is_left_out_and_the_step_stands, casehubs_tree,
            casehubs_end),
        cmocka_unit_test_setup_teardown(
            a_hub_that_does_not_hold_the_case_may_not_say_what_went_before, casehubs_tree,
            casehubs_end),
    };
    return cmocka_run_group_tests_name("cases_join", tests, NULL, NULL);
}
