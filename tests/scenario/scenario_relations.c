/* Who holds which role when, and what documents that are no orders set off. */
#include "core/state.h"
#include "scenario/ledgerbook.h"

#include <stdio.h>

#define MARKET "market.445100"
#define HEALTH "health.445100"
#define OTHER_PERSON                                                                               \
    "{\"role\":\"legal_representative\",\"id\":\"440524188001010014\",\"name\":\"示例乙\"}"
#define ORDERS      "{\"cmd\":\"orders\"}"
#define OBLIGATIONS "{\"cmd\":\"obligations\"}"

static int wide_setup(void **state)
{
    world_setup(state);
    world_widen(*state);
    acts_connect(*state);
    return 0;
}

static uint32_t registers(struct world *w, const char *person, const char *date)
{
    char body[1024];
    snprintf(body, sizeof body,
             "{\"subject\":" CLEAN ",\"persons\":[%s],\"trade\":\"pharmacy\","
             "\"registered_date\":\"%s\",\"reference\":\"S-1\"}",
             person, date);
    return book_send(w, MARKET, "subject.register", body, NULL, NULL);
}

/* Relations of CLEAN on a day, straight from the store: role and whether it is this person. */
struct holders {
    size_t count;
    bool head; /* HEAD_PERSON is one of them */
};

static struct holders who(struct world *w, uint32_t date)
{
    struct holders found = {0};
    uint8_t subject[STORE_TOKEN_LEN];
    uint8_t head[STORE_TOKEN_LEN];
    assert_int_equal(view_token(w->core, lianshu_SubjectKind_SUBJECT_ENTERPRISE,
                                span_str("91445100DEMA00021K"), subject),
                     OK);
    assert_int_equal(view_token(w->core, lianshu_SubjectKind_SUBJECT_PERSON,
                                span_str("999999199001010016"), head),
                     OK);
    struct relation_cursor cursor = {0};
    struct relation_row row;
    while (relation_next_of_subject(w->store->subjects, subject, STORE_NEVER, &cursor, &row) ==
           OK) {
        if (row.from_date > date || (row.to_date != 0 && row.to_date < date))
            continue;
        found.count++;
        found.head = found.head || memcmp(row.person, head, sizeof head) == 0;
    }
    return found;
}

static void a_transfer_ends_the_former_holders_time_and_does_not_unsay_it(void **state)
{
    struct world *w = *state;
    assert_int_equal(registers(w, HEAD_PERSON, "2025-01-01"), 0);
    assert_int_equal(registers(w, OTHER_PERSON, "2026-03-01"), 0);
    assert_int_equal(who(w, 20260115).count, 1); /* at the act */
    assert_true(who(w, 20260115).head);
    assert_int_equal(who(w, 20260301).count, 1);
    assert_false(who(w, 20260301).head);
    assert_int_equal(who(w, 20241231).count, 0);
}

/* Whoever a document names in a role that one holds at a time is believed, twice named once. */
static void two_heads_in_one_document_are_both_looked_at_until_the_next_one(void **state)
{
    struct world *w = *state;
    assert_int_equal(registers(w, HEAD_PERSON, "2025-01-01"), 0);
    assert_int_equal(registers(w, OTHER_PERSON "," HEAD_PERSON "," OTHER_PERSON, "2025-01-01"), 0);
    assert_int_equal(who(w, 20260401).count, 2);
    assert_true(who(w, 20260401).head);
    assert_int_equal(registers(w, HEAD_PERSON "," OTHER_PERSON, "2026-03-01"), 0);
    assert_true(who(w, 20260401).head);
    assert_int_equal(registers(w, OTHER_PERSON, "2026-03-15"), 0);
    assert_false(who(w, 20260401).head);
    assert_true(who(w, 20260310).head);
    assert_true(who(w, 20260401).count > 0);
}

static void an_accepted_appointment_begins_the_role_on_its_day(void **state)
{
    struct world *w = *state;
    uint8_t env_id[HASH_LEN];
    const struct mail mail = acts_appointment();
    world_send(w, &mail, env_id);
    assert_int_equal(world_code(w, HEALTH, env_id), 0);
    assert_int_equal(who(w, 20260401).count, 0);
    assert_int_equal(who(w, 20260402).count, 1);
}

static void a_refused_appointment_begins_nothing(void **state)
{
    struct world *w = *state;
    uint8_t env_id[HASH_LEN];
    const struct mail mail = acts_appointment();
    acts_order(w, env_id);
    world_send(w, &mail, env_id);
    assert_int_equal(world_code(w, HEALTH, env_id), ERR_RESTRICTED);
    assert_int_equal(who(w, 20260402).count, 0);
}

/* R07 (M03 of R01 reaches the nation): a revoked licence locks its head out of every registry. */
static void the_head_of_a_revoked_firm_takes_no_post_in_another_region(void **state)
{
    struct world *w = *state;
    uint8_t env_id[HASH_LEN];
    acts_order(w, env_id);
    world_enrol(w, "market.440000");
    const struct mail mail = {.from = HEALTH,
                              .type = "appointment",
                              .to = {"market.440000"},
                              .facts = APPOINTMENT_BODY(CLEAN, HEAD_PERSON)};
    world_send(w, &mail, env_id);
    assert_int_equal(world_code(w, HEALTH, env_id), ERR_RESTRICTED);
    assert_int_equal(world_has(w, "market.440000", "appointment"), 0);
}

/* ---- documents that are no orders ---- */

/* The three other indices are risks: the lower the better. */
static uint32_t rates(struct world *w, const char *subject, const char *class, unsigned value)
{
    char body[1024];
    unsigned risk = 1000 - value;
    snprintf(body, sizeof body,
             "{\"subject\":%s,\"indices\":[{\"code\":\"integrity\",\"value\":%u},"
             "{\"code\":\"industry_risk\",\"value\":%u},{\"code\":\"region_weight\",\"value\":%u},"
             "{\"code\":\"dynamic_alert\",\"value\":%u}],\"class\":\"%s\","
             "\"from_date\":\"2026-04-01\",\"until_date\":\"2027-03-31\",\"reference\":\"C-1\"}",
             subject, value, risk, risk, risk, class);
    world_pass(w, 1); /* of one day stands what was issued last */
    return book_send(w, MARKET, "credit.rating", body, NULL, NULL);
}

static void a_warned_class_is_a_duty_until_the_class_is_another(void **state)
{
    struct world *w = *state;
    assert_int_equal(rates(w, CLEAN, "warned", 700), 0);
    uint64_t owed = world_status(w, "obligations.total");
    assert_true(owed > 0);
    assert_true(book_count(w, OBLIGATIONS, "obligations", "rule", "R24") == owed);
    assert_true(world_has(w, MARKET, "sanction.notice") > 0);
    assert_int_equal(world_status(w, "obligations.lift_due"), 0);
    world_restart(w);
    world_turn(w);
    assert_int_equal(world_status(w, "obligations.total"), owed);
    assert_int_equal(rates(w, CLEAN, "trustworthy", 900), 0);
    assert_int_equal(book_count(w, OBLIGATIONS, "obligations", "state", "lift_due"), owed);
}

static void the_red_list_is_lost_on_any_listing(void **state)
{
    struct world *w = *state;
    uint8_t env_id[HASH_LEN];
    assert_int_equal(rates(w, PUNISHED, "trustworthy", 900), 0);
    uint64_t offered = world_status(w, "obligations.total");
    assert_true(offered > 0);
    assert_int_equal(book_count(w, OBLIGATIONS, "obligations", "rule", "R25"),
                     offered + world_status(w, "unassigned"));
    acts_order(w, env_id);
    assert_int_equal(world_code(w, MARKET, env_id), 0);
    assert_int_equal(world_status(w, "obligations.lift_due"), offered);
}

static void a_class_that_does_not_follow_from_its_indices_makes_nobody_owe(void **state)
{
    struct world *w = *state;
    assert_int_equal(rates(w, CLEAN, "trustworthy", 100), ERR_CREDIT_CLASS);
    assert_int_equal(world_status(w, "obligations.total"), 0);
    assert_int_equal(book_count(w, ORDERS, "orders", NULL, ""), 0);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, wide_setup, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_transfer_ends_the_former_holders_time_and_does_not_unsay_it),
        CASE(two_heads_in_one_document_are_both_looked_at_until_the_next_one),
        CASE(an_accepted_appointment_begins_the_role_on_its_day),
        CASE(a_refused_appointment_begins_nothing),
        CASE(the_head_of_a_revoked_firm_takes_no_post_in_another_region),
        CASE(a_warned_class_is_a_duty_until_the_class_is_another),
        CASE(the_red_list_is_lost_on_any_listing),
        CASE(a_class_that_does_not_follow_from_its_indices_makes_nobody_owe),
    };
    return cmocka_run_group_tests_name("relations", tests, NULL, NULL);
}
