/* What the hub certifies: of now, of a moment that is past, and of some measures only. */
#include "scenario/acts.h"
#include "scenario/texts.h"

#include "base/clock.h"
#include "wire.h"

#include <stdio.h>
#include <string.h>

static lianshu_CreditCertificate certificate;

/* Ask with the rest of the facts; the answer, or NULL when it was refused. */
static const lianshu_CreditCertificate *ask(struct world *w, const char *subject, const char *rest,
                                            uint32_t *code)
{
    char facts[1024];
    uint8_t env_id[HASH_LEN];
    const size_t before = world_has(w, "health.445100", "credit.certificate");
    (void)snprintf(facts, sizeof facts, "{\"subject\":%s,\"question\":\"q\"%s}", subject, rest);
    const struct mail mail = {
        .from = "health.445100", .type = "credit.check", .to = {"hub.445100"}, .facts = facts};
    world_send(w, &mail, env_id);
    *code = world_code(w, "health.445100", env_id);
    if (*code != OK)
        return NULL;
    const struct got *got = world_got(w, "health.445100", "credit.certificate", before);
    assert_non_null(got);
    assert_int_equal(wire_decode(&lianshu_CreditCertificate_msg,
                                 span_of(got->facts, got->facts_len), &certificate),
                     OK);
    return &certificate;
}

/* ",\"at_ms\":…" of a moment. */
static const char *at(uint64_t ms)
{
    static char text[64];
    char iso[CLOCK_TEXT_LEN + 1];
    clock_format(ms, iso);
    (void)snprintf(text, sizeof text, ",\"at_ms\":\"%s\"", iso);
    return text;
}

static void the_past_is_answered_as_it_was(void **state)
{
    struct world *w = *state;
    uint32_t code;
    acts_connect(w);
    const uint64_t before = w->now_ms;
    world_pass(w, HOUR_MS);
    acts_order(w, NULL);
    const uint64_t during = w->now_ms;
    world_pass(w, HOUR_MS);
    acts_annul(w, NULL);
    world_pass(w, HOUR_MS);
    assert_true(ask(w, PUNISHED, "", &code)->clean);
    const uint64_t size_now = certificate.log_size;
    assert_true(ask(w, PUNISHED, at(before), &code)->clean);
    assert_int_equal(certificate.at_ms, before);
    assert_false(ask(w, PUNISHED, at(during), &code)->clean);
    assert_true(certificate.restrictions_count > 0);
    assert_true(certificate.log_size < size_now);
    assert_true(certificate.restrictions[0].scope[0] != '\0');
    assert_true(ask(w, CLEAN, at(during), &code)->clean);
}

static void a_question_about_some_measures_is_answered_for_these_alone(void **state)
{
    struct world *w = *state;
    uint32_t code;
    acts_connect(w);
    acts_order(w, NULL);
    assert_false(ask(w, PUNISHED, ",\"measures\":[\"M01\"]", &code)->clean);
    for (pb_size_t i = 0; i < certificate.restrictions_count; i++)
        assert_string_equal(certificate.restrictions[i].measure, "M01");
    assert_int_equal(certificate.measures_count, 1);
    assert_true(ask(w, PUNISHED, ",\"measures\":[\"M04\",\"M05\"]", &code)->clean);
    assert_int_equal(certificate.measures_count, 2);
}

static void persons_of_the_question_are_looked_at_too(void **state)
{
    struct world *w = *state;
    uint32_t code;
    acts_connect(w);
    acts_order(w, NULL);
    assert_true(ask(w, CLEAN, "", &code)->clean);
    assert_false(ask(w, CLEAN, ",\"persons\":[" HEAD_PERSON "]", &code)->clean);
    for (pb_size_t i = 0; i < certificate.restrictions_count; i++)
        assert_int_equal(certificate.restrictions[i].subject_index, 1);
}

static void the_future_and_an_unknown_measure_are_refused(void **state)
{
    struct world *w = *state;
    uint32_t code;
    acts_connect(w);
    assert_null(ask(w, CLEAN, at(w->now_ms + 1), &code));
    assert_int_equal(code, ERR_FUTURE);
    assert_null(ask(w, CLEAN, ",\"measures\":[\"M99\"]", &code));
    assert_int_equal(code, ERR_FIELD_VALUE);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, world_setup, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(the_past_is_answered_as_it_was),
        CASE(a_question_about_some_measures_is_answered_for_these_alone),
        CASE(persons_of_the_question_are_looked_at_too),
        CASE(the_future_and_an_unknown_measure_are_refused),
    };
    return cmocka_run_group_tests_name("certificates", tests, NULL, NULL);
}
