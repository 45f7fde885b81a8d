/* Checks what policy/event.h and policy/rating.h promise of credit: classes that follow from the
 * indices, and what R24 and R25 make of them. */
#include "unit/event_world.h"

static void the_class_follows_from_the_indices(void **state)
{
    static const struct {
        const uint32_t *value;
        lianshu_CreditClass class;
    } rows[] = {
        {GOOD, lianshu_CreditClass_CLASS_TRUSTWORTHY},
        {EDGE, lianshu_CreditClass_CLASS_TRUSTWORTHY},
        {BELOW, lianshu_CreditClass_CLASS_WARNED},
        {WARN_LOW, lianshu_CreditClass_CLASS_WARNED},
        {DISHONEST, lianshu_CreditClass_CLASS_DISHONEST},
        {LOWEST, lianshu_CreditClass_CLASS_SERIOUSLY},
    };
    struct world *w = *state;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        for (int class = 1; class <= 4; class ++) {
            struct event_decision out;
            union body body = rating_of(rows[i].value, (lianshu_CreditClass) class, 0);
            print_message("row %zu, class %d\n", i, class);
            ask(w, TYPE(CREDIT_RATING), &body, 20260421, &out);
            bool right = (int)rows[i].class == class;
            assert_int_equal(out.err, right ? OK : ERR_CREDIT_CLASS);
            assert_int_equal(count(&out, CONSEQUENCE_CLASS), right ? 1 : 0);
            if (right)
                assert_int_equal(out.consequence[0].class, class);
            else
                assert_int_equal(out.count + out.end_count, 0);
        }
    }
}

static void indices_are_each_given_once_and_in_bounds(void **state)
{
    struct world *w = *state;
    struct rating_index index[5] = {{"integrity", 900},
                                    {"industry_risk", 1},
                                    {"region_weight", 1},
                                    {"dynamic_alert", 1},
                                    {"weather", 1}};
    lianshu_CreditClass class;
    uint32_t score;
    assert_int_equal(rating_class(w->rules, index, 4, &class), OK);
    assert_int_equal(rating_score(w->rules, index, 4, &score), OK);
    assert_int_equal(score, 949); /* 450 + 499.5, rounded down */
    assert_int_equal(rating_class(w->rules, index, 3, &class), ERR_FIELD_MISSING);
    assert_int_equal(rating_class(w->rules, index, 5, &class), ERR_FIELD_VALUE);
    index[4].code = "integrity";
    assert_int_equal(rating_class(w->rules, index, 5, &class), ERR_FIELD_VALUE);
    index[0].value = RATING_VALUE_MAX + 1;
    assert_int_equal(rating_class(w->rules, index, 4, &class), ERR_FIELD_VALUE);
}

static void a_class_begins_on_the_day_of_its_issue_or_before(void **state)
{
    struct world *w = *state;
    struct event_decision out;
    union body body = rating_of(BELOW, lianshu_CreditClass_CLASS_WARNED, 0);
    ask(w, TYPE(CREDIT_RATING), &body, 20260419, &out);
    assert_int_equal(out.err, ERR_RATING_AHEAD);
    assert_string_equal(out.why, "rated_ahead");
    assert_int_equal(out.count + out.end_count, 0);
    ask(w, TYPE(CREDIT_RATING), &body, 20260420, &out);
    assert_int_equal(out.err, OK);
}

/* The rating asked about begins on the 20th and is issued at noon of the 21st under id 5. */
static void
of_two_ratings_stands_which_begins_later_then_was_issued_later_then_has_the_higher_id(void **state)
{
    const struct {
        struct view_rating stands;
        enum err err;
    } rows[] = {
        {{20260419, noon(20260422), {9}}, OK},
        {{20260421, noon(20260419), {1}}, ERR_RATING_OLDER},
        {{20260420, noon(20260421) - 1, {9}}, OK},
        {{20260420, noon(20260421) + 1, {1}}, ERR_RATING_OLDER},
        {{20260420, noon(20260421), {4}}, OK},
        {{20260420, noon(20260421), {6}}, ERR_RATING_OLDER},
        {{20260420, noon(20260421), {5}}, OK}, /* itself */
    };
    struct world *w = *state;
    w->has_rating = true;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        struct event_decision out;
        union body body = rating_of(BELOW, lianshu_CreditClass_CLASS_WARNED, 0);
        print_message("row %zu\n", i);
        w->rating = rows[i].stands;
        ask(w, TYPE(CREDIT_RATING), &body, 20260421, &out);
        assert_int_equal(out.err, rows[i].err);
        if (rows[i].err == OK)
            continue;
        assert_string_equal(out.why, "rated_since");
        assert_int_equal(out.count + out.end_count, 0);
    }
}

static void r24_warns_until_the_class_changes(void **state)
{
    struct world *w = *state;
    struct event_decision out;
    union body body = rating_of(BELOW, lianshu_CreditClass_CLASS_WARNED, 0);
    ask(w, TYPE(CREDIT_RATING), &body, 20260421, &out);
    const struct consequence *alert = find(&out, CONSEQUENCE_ALERT, "R24");
    assert_string_equal(whom(alert), "mMdh");
    assert_int_equal(alert->duty.answer_due_ms, date_end_ms(20260508)); /* ten working days */
    const struct consequence *duty = find(&out, CONSEQUENCE_DUTY, "R24");
    assert_string_equal(duty->duty.measure, "M23");
    assert_int_equal(duty->duty.force, lianshu_Force_FORCE_CONSIDER);
    assert_int_equal(duty->duty.end_date, 0); /* until the next rating */
    assert_string_equal(whom(duty), "mMd");   /* the province, and nobody beyond it */
    /* Whatever the next class is, it ends what this one caused. */
    body = rating_of(DISHONEST, lianshu_CreditClass_CLASS_DISHONEST, 0);
    ask(w, TYPE(CREDIT_RATING), &body, 20260421, &out);
    assert_int_equal(out.count, 1);
    assert_int_equal(out.end_count, 2);
    assert_string_equal(out.ends[0], "R24");
    assert_string_equal(out.ends[1], "R25");
}

static void r25_gives_incentives_to_whoever_is_not_listed(void **state)
{
    struct world *w = *state;
    struct event_decision out;
    union body body = rating_of(GOOD, lianshu_CreditClass_CLASS_TRUSTWORTHY, 20300101);
    ask(w, TYPE(CREDIT_RATING), &body, 20260421, &out);
    assert_int_equal(count(&out, CONSEQUENCE_INCENTIVE), 6);
    bool procurement = false;
    for (uint32_t i = 0; i < out.count; i++) {
        const struct consequence *c = &out.consequence[i];
        if (c->kind != CONSEQUENCE_INCENTIVE)
            continue;
        assert_int_equal(c->duty.force, lianshu_Force_FORCE_CONSIDER);
        assert_int_equal(c->duty.end_date, 20290420); /* three years at most */
        assert_false(c->duty.restricts);
        if (strcmp(c->duty.measure, "I05") == 0)
            procurement = strcmp(whom(c), "ib") == 0;
    }
    assert_true(procurement);
    w->restriction_count = 1;
    w->restriction[0].of = COMPANY;
    w->restriction[0].row = restriction("M22", 20260101, 20290101);
    ask(w, TYPE(CREDIT_RATING), &body, 20260421, &out);
    assert_int_equal(out.err, OK);
    assert_int_equal(count(&out, CONSEQUENCE_INCENTIVE), 0);
    w->restriction[0].row.end_date = 20260419; /* over */
    ask(w, TYPE(CREDIT_RATING), &body, 20260421, &out);
    assert_int_equal(count(&out, CONSEQUENCE_INCENTIVE), 6);
    /* What the class before brought ends with it, and bars no better one. */
    w->restriction[0].row = restriction("M23", 20260101, 20290101);
    snprintf(w->restriction[0].row.rule, sizeof w->restriction[0].row.rule, "R24");
    ask(w, TYPE(CREDIT_RATING), &body, 20260421, &out);
    assert_int_equal(count(&out, CONSEQUENCE_INCENTIVE), 6);
}

static void a_single_incentive_is_refused_to_the_listed(void **state)
{
    struct world *w = *state;
    struct event_decision out;
    union body body = {0};
    NAME_SUBJECT(body.incentive, lianshu_SubjectKind_SUBJECT_ENTERPRISE, COMPANY);
    snprintf(body.incentive.measure, sizeof body.incentive.measure, "I03");
    body.incentive.from_date = 20260420;
    body.incentive.until_date = 20270420;
    ask(w, TYPE(CREDIT_INCENTIVE), &body, 20260421, &out);
    assert_int_equal(out.count, 1);
    const struct consequence *c = find(&out, CONSEQUENCE_INCENTIVE, "R25-OFFER");
    assert_string_equal(c->duty.measure, "I03");
    assert_int_equal(c->duty.end_date, 20270420);
    snprintf(body.incentive.measure, sizeof body.incentive.measure, "M22");
    ask(w, TYPE(CREDIT_INCENTIVE), &body, 20260421, &out);
    assert_int_equal(out.err, ERR_FIELD_VALUE);
    assert_int_equal(out.count, 0);
    snprintf(body.incentive.measure, sizeof body.incentive.measure, "I03");
    w->restriction_count = 1;
    w->restriction[0].of = COMPANY;
    w->restriction[0].row = restriction("M22", 20260101, 0);
    ask(w, TYPE(CREDIT_INCENTIVE), &body, 20260421, &out);
    assert_int_equal(out.err, ERR_RESTRICTED);
    assert_string_equal(out.why, "listed");
    /* Also by a rule that nobody knows any more. */
    snprintf(w->restriction[0].row.rule, sizeof w->restriction[0].row.rule, "R00");
    ask(w, TYPE(CREDIT_INCENTIVE), &body, 20260421, &out);
    assert_int_equal(out.err, ERR_RESTRICTED);
    /* A warned class stands when one is offered. */
    snprintf(w->restriction[0].row.rule, sizeof w->restriction[0].row.rule, "R24");
    ask(w, TYPE(CREDIT_INCENTIVE), &body, 20260421, &out);
    assert_int_equal(out.err, ERR_RESTRICTED);
}

static void an_order_ends_the_red_list(void **state)
{
    const struct world *w = *state;
    const char *ends[EVENT_ENDS_MAX];
    assert_int_equal(event_ends_on_order(w->rules, ends), 2);
    assert_string_equal(ends[0], "R25");
    assert_string_equal(ends[1], "R25-OFFER");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(the_class_follows_from_the_indices),
        CASE(indices_are_each_given_once_and_in_bounds),
        CASE(a_class_begins_on_the_day_of_its_issue_or_before),
        CASE(of_two_ratings_stands_which_begins_later_then_was_issued_later_then_has_the_higher_id),
        CASE(r24_warns_until_the_class_changes),
        CASE(r25_gives_incentives_to_whoever_is_not_listed),
        CASE(a_single_incentive_is_refused_to_the_listed),
        CASE(an_order_ends_the_red_list),
    };
    return cmocka_run_group_tests_name("event_credit", tests, world_group_open, world_group_close);
}
