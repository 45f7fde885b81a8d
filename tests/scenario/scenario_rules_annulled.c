/* What a court or a superior has annulled is not imposed again under its number: by no other order,
 * no version of one, however the number is written, and not after a restart. A new decision has a
 * number of its own; and what its issuer took back itself, it may put right (行政诉讼法 71,
 * 行政复议法 64). Today is 2026-04-01. */
#include "scenario/rulebook.h"

#include "base/clock.h"

#define MARKET   "market.445100"
#define SUPERIOR "market.440000"
#define COURT    "court.440000"
#define ID       FINE_ID
#define OTHER_ID "b0b1b2b3b4b5b6b7b8b9babbbcbdbebf"
#define THIRD_ID "c0c1c2c3c4c5c6c7c8c9cacbcccdcecf"
#define NUMBER   "潮市监罚〔2026〕8号"
#define ANOTHER  "潮市监罚〔2026〕9号"

static uint32_t fines(struct world *w, const char *id, uint32_t version, const char *number)
{
    return rulebook_fine(w, (struct paper){.order_id = id,
                                           .version = version,
                                           .number = number,
                                           .decided = "2026-04-01",
                                           .max = "2027-03-31",
                                           .repair = "2026-07-01"});
}

static void fined_and_annulled(struct world *w, const char *by)
{
    assert_int_equal(fines(w, ID, 1, NUMBER), 0);
    assert_int_equal(rulebook_change(w, by, "sanction.annul", ID, 2, NULL), 0);
    rulebook_obey(w, lianshu_NoticeStage_STAGE_LIFT);
    rulebook_assert_nothing_left(w);
}

static void assert_refused(struct world *w, const char *id, uint32_t version, const char *number,
                           const char *article)
{
    assert_int_equal(fines(w, id, version, number), ERR_ACT_ANNULLED);
    const lianshu_Receipt *refusal = world_receipt(w, MARKET, book_env_id);
    assert_int_equal(refusal->grounds_count, 1);
    assert_string_equal(refusal->grounds[0].basis, article);
}

static uint64_t differing(struct world *w)
{
    uint64_t count = 0;
    struct json *json = world_ask(w, "{\"cmd\":\"decision.verify\",\"count\":1024}");
    assert_true(json_uint(json_get(json, "differing"), &count));
    assert_true(json_flag(json_get(json, "end")));
    json_close(&json);
    return count;
}

static void what_a_court_annulled_is_not_imposed_again_under_its_number(void **state)
{
    struct world *w = *state;
    fined_and_annulled(w, COURT);
    assert_refused(w, OTHER_ID, 1, NUMBER, "XS71");
    assert_refused(w, OTHER_ID, 1, "潮市监罚［2026］ 8号", "XS71");
    assert_int_equal(fines(w, ID, 3, NUMBER), ERR_ORDER_STATE); /* nor as a version of it */
    world_restart(w);
    world_pass(w, 30 * (uint64_t)DAY_MS);
    assert_refused(w, OTHER_ID, 1, NUMBER, "XS71");
    rulebook_assert_nothing_left(w);
    assert_int_equal(differing(w), 0);
}

static void what_a_superior_annulled_is_not_imposed_again_under_its_number(void **state)
{
    struct world *w = *state;
    fined_and_annulled(w, SUPERIOR);
    assert_refused(w, OTHER_ID, 1, NUMBER, "FY64");
    assert_int_equal(differing(w), 0);
}

static void a_new_decision_with_a_number_of_its_own_is_taken(void **state)
{
    struct world *w = *state;
    fined_and_annulled(w, COURT);
    assert_int_equal(fines(w, OTHER_ID, 1, ANOTHER), 0);
    /* … and is not corrected to what was annulled. */
    assert_refused(w, OTHER_ID, 2, NUMBER, "XS71");
    assert_int_equal(fines(w, OTHER_ID, 2, ANOTHER), 0);
    assert_int_equal(differing(w), 0);
}

static void what_its_issuer_took_back_it_may_put_right_under_the_same_number(void **state)
{
    struct world *w = *state;
    fined_and_annulled(w, MARKET);
    assert_int_equal(fines(w, OTHER_ID, 1, NUMBER), 0);
    /* That one is annulled by a court: now there is an end to it. */
    assert_int_equal(rulebook_change(w, COURT, "sanction.annul", OTHER_ID, 2, NULL), 0);
    assert_refused(w, THIRD_ID, 1, NUMBER, "XS71");
}

/* A court says which order it annuls: another one that was imposed before is not touched. */
static void what_stands_when_an_earlier_order_is_annulled_goes_on_to_stand(void **state)
{
    struct world *w = *state;
    assert_int_equal(fines(w, ID, 1, NUMBER), 0);
    rulebook_until(w, "2026-07-01", 0);
    assert_int_equal(rulebook_change(w, MARKET, "sanction.lift", ID, 2, NULL), 0);
    world_pass(w, DAY_MS);
    assert_int_equal(fines(w, OTHER_ID, 1, NUMBER), 0);
    world_pass(w, DAY_MS);
    assert_int_equal(rulebook_change(w, COURT, "sanction.annul", ID, 3, NULL), 0);
    assert_int_equal(world_status(w, "restrictions"), 1);
    assert_int_equal(fines(w, OTHER_ID, 2, NUMBER), 0);
    assert_int_equal(rulebook_change(w, MARKET, "sanction.annul", OTHER_ID, 3, NULL), 0);
    assert_refused(w, THIRD_ID, 1, NUMBER, "XS71");
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, rulebook_setup, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(what_a_court_annulled_is_not_imposed_again_under_its_number),
        CASE(what_a_superior_annulled_is_not_imposed_again_under_its_number),
        CASE(a_new_decision_with_a_number_of_its_own_is_taken),
        CASE(what_its_issuer_took_back_it_may_put_right_under_the_same_number),
        CASE(what_stands_when_an_earlier_order_is_annulled_goes_on_to_stand),
    };
    return cmocka_run_group_tests_name("annulled", tests, NULL, NULL);
}
