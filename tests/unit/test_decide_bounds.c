/* Checks what policy/decide.h promises to take: what lies just within the bounds of an order, and
 * beside it the refusals that depend on more than the order. */
#include "policy_spoil.h"

#include "base/file.h"

#include "folder.h"

SPOIL(decided_and_served_today)
{
    o->decision_date = o->start_date = o->served_date = 20260421;
}
SPOIL(act_of_that_day)
{
    o->act_date = o->decision_date;
}
SPOIL(told_on_that_day)
{
    o->prior_notice_date = o->decision_date;
}
SPOIL(redress_for_a_day)
{
    o->remedy_deadline_date = o->served_date;
}
SPOIL(start_on_the_ninetieth_day)
{
    o->start_date = 20260719;
}
SPOIL(r09_for_a_year)
{
    r09(o, in, w), o->max_date = 20270420;
}
SPOIL(r09_repaired_at_the_end)
{
    r09(o, in, w), o->earliest_repair_date = o->max_date;
}
SPOIL(r05_repaired_after_a_year)
{
    r05(o, in, w), o->persons_count = 0, o->earliest_repair_date = 20270420;
}
SPOIL(correction_of_that_day)
{
    known_again(o, in, w), o->version = 2;
    w->order.decision_date = o->decision_date;
    world_token_of(COMPANY, w->order.token);
}

static void what_is_just_within_the_bounds_is_taken(void **state)
{
    spoil_fn *const rows[] = {
        decided_and_served_today,
        act_of_that_day,
        told_on_that_day,
        redress_for_a_day,
        r09_for_a_year,
        r09_repaired_at_the_end,
        start_on_the_ninetieth_day,
        r05_repaired_after_a_year,
        correction_of_that_day,
    };
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        struct world *w = *state;
        world_reset(w);
        struct decide_input in = input_r01(w);
        lianshu_SanctionOrder order = order_r01();
        struct decision out;
        rows[i](&order, &in, w);
        print_message("row %zu\n", i);
        assert_int_equal(decide(w, &in, &order, &out, NULL), OK);
        assert_string_equal(out.why, "");
        assert_int_equal(out.err, OK);
        assert_int_not_equal(out.duty_count, 0);
    }
}

static void what_is_withheld_by_name_is_taken(void **state)
{
    struct decide_input in = input_r01(*state);
    lianshu_SanctionOrder order = order_r01();
    struct decision out;
    order.withheld_count = 2;
    snprintf(order.withheld[0], sizeof order.withheld[0], "persons");
    snprintf(order.withheld[1], sizeof order.withheld[1], "facts_summary");
    order.public_subject = true;
    assert_int_equal(decide(*state, &in, &order, &out, NULL), OK);
    assert_int_equal(out.err, OK);
    snprintf(order.withheld[0], sizeof order.withheld[0], "facts_summary");
    order.public_persons = true;
    assert_int_equal(decide(*state, &in, &order, &out, NULL), OK);
    assert_int_equal(out.err, OK);
}

static void what_a_province_decides_needs_no_consent(void **state)
{
    struct decide_input in = input_r01(*state);
    lianshu_SanctionOrder order = order_r01();
    struct decision out;
    in.issuer = "market.440000";
    order.consent_number[0] = '\0';
    assert_int_equal(decide(*state, &in, &order, &out, NULL), OK);
    assert_int_equal(out.err, OK);
}

static void a_correction_follows_its_version(void **state)
{
    struct world *w = *state;
    struct decide_input in = input_r01(w);
    lianshu_SanctionOrder order = order_r01();
    struct decision out;
    known_again(&order, &in, w);
    world_token_of(COMPANY, w->order.token);
    order.version = 2;
    assert_int_equal(decide(w, &in, &order, &out, NULL), OK);
    assert_int_equal(out.err, OK);
    assert_int_equal(out.version, 2);
    assert_int_equal(out.duty_count, 13);
}

static void r09_reaches_the_enterprise_alone(void **state)
{
    struct world *w = *state;
    struct decide_input in = input_r01(w);
    lianshu_SanctionOrder order = order_r01();
    struct decision out;
    r09(&order, &in, w);
    order.persons_count = 2; /* named, but no law reaches them */
    order.earliest_repair_date = 20270420;
    assert_int_equal(decide(w, &in, &order, &out, NULL), OK);
    assert_int_equal(out.err, OK);
    assert_string_equal(out.rule->id, "R09");
    assert_int_equal(out.duty_count, 6);
    for (uint32_t i = 0; i < out.duty_count; i++)
        assert_int_equal(out.duty[i].subject_index, 0);
    assert_int_equal(out.end_date, 20290420);
    assert_int_equal(duty_find(&out, "M21", 0)->force, lianshu_Force_FORCE_MUST);
    assert_false(duty_owed_by(duty_find(&out, "M21", 0), ISSUER, "health.445100"));
}

/* The shipped rules, but that entries of serious dishonesty are for one's own region alone. */
static void open_narrow(struct world *w, const char *dir)
{
    static const char from[] = "    consent: [city, county]\n";
    static const char to[] = "    consent: [city, county]\n    subject_region: own\n";
    static const char *const files[] = {"bases", "cases", "clocks",   "credit",
                                        "gates", "lists", "measures", "rules"};
    for (size_t i = 0; i < T_COUNT(files); i++) {
        char path[FOLDER_PATH_MAX];
        uint8_t *text = NULL;
        size_t len = 0;
        snprintf(path, sizeof path, RULES_DIR "/%s.yaml", files[i]);
        assert_int_equal(file_read(path, RULESET_FILE_MAX, 0, &text, &len, NULL), OK);
        const char *at = strcmp(files[i], "lists") == 0 ? strstr((char *)text, from) : NULL;
        const size_t head = at == NULL ? len : (size_t)(at - (char *)text);
        snprintf(path, sizeof path, "%s/%s.yaml", dir, files[i]);
        FILE *out = fopen(path, "we");
        assert_non_null(out);
        (void)fwrite(text, 1, head, out);
        if (at != NULL)
            (void)fprintf(out, "%s%s", to, at + strlen(from));
        assert_int_equal(fclose(out), 0);
        free(text);
    }
    world_open(w, dir);
}

static void a_list_for_ones_own_region_takes_no_subject_of_another(void **state)
{
    static struct world narrow;
    static const struct {
        const char *region;
        enum err want;
    } rows[] = {
        {"445102", OK}, {"445100", OK}, {"440300", ERR_LIST_RIGHT}, {"440000", ERR_LIST_RIGHT}};
    char dir[FOLDER_MAX];
    (void)state;
    folder_make(dir, "narrow");
    open_narrow(&narrow, dir);
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        const struct decide_input in = input_r01(&narrow);
        lianshu_SanctionOrder order = order_r01();
        struct decision out;
        snprintf(order.subject.region, sizeof order.subject.region, "%s", rows[i].region);
        print_message("%s\n", rows[i].region);
        assert_int_equal(decide(&narrow, &in, &order, &out, NULL), OK);
        assert_int_equal(out.err, rows[i].want);
        assert_string_equal(out.why, rows[i].want == OK ? "" : "subject_elsewhere");
    }
    world_close(&narrow);
    folder_remove(dir);
}

static void an_unknown_answer_decides_nothing(void **state)
{
    struct world *w = *state;
    struct decide_input in = input_r01(w);
    lianshu_SanctionOrder order = order_r01();
    struct decision out;
    w->broken = ERR_IO;
    assert_int_equal(decide(w, &in, &order, &out, NULL), ERR_IO);
    assert_int_equal(out.err, ERR_IO);
    assert_int_equal(out.duty_count, 0);
}

static void with_a_region_table_the_region_must_exist(void **state)
{
    struct decide_input in = input_r01(*state);
    lianshu_SanctionOrder order = order_r01();
    struct regions *regions = NULL;
    struct fault fault = {0};
    struct decision out;
    assert_int_equal(regions_open(&regions, "schemas/data/regions.csv", &fault), OK);
    in.regions = regions;
    assert_int_equal(decide(*state, &in, &order, &out, NULL), OK);
    assert_int_equal(out.err, OK);
    snprintf(order.subject.region, sizeof order.subject.region, "445199");
    assert_int_equal(decide(*state, &in, &order, &out, NULL), OK);
    assert_int_equal(out.err, ERR_REGION);
    regions_close(&regions);
}

#define CASE(fn) cmocka_unit_test_setup(fn, world_setup)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(what_is_just_within_the_bounds_is_taken),
        CASE(what_is_withheld_by_name_is_taken),
        CASE(what_a_province_decides_needs_no_consent),
        CASE(a_correction_follows_its_version),
        CASE(r09_reaches_the_enterprise_alone),
        CASE(with_a_region_table_the_region_must_exist),
        CASE(a_list_for_ones_own_region_takes_no_subject_of_another),
        CASE(an_unknown_answer_decides_nothing),
    };
    return cmocka_run_group_tests_name("decide_bounds", tests, world_group_open, world_group_close);
}
