/* Checks net/hub_registry.h where it remembers registrars: a later version of the registry by who
 * was in office before is refused, over restarts too, and another document under a number that was
 * seen is found. K-04 */
#include "net/hub_registry.h"

#include "unit/registry_world.h"

#undef CASE

#include "unit/store_place.h"

#include "base/clock.h"
#include "keys/twice.h"

enum { PAPER_CAP = 4096 };

static struct hub_config config;
static struct place place;
static struct twice twice;

static struct span appoint(uint64_t number)
{
    static uint8_t bytes[PAPER_CAP];
    struct writer w = writer_of(bytes, sizeof bytes);
    return appoint_registrar(&w, number, clock_real_ms() - REALM_DAY_MS,
                             clock_real_ms() + 30 * REALM_DAY_MS);
}

/* This version by this appointment. */
static struct registry *version(uint64_t number, struct span appointment)
{
    struct registry *r = NULL;
    struct registry_make make = realm_make(f.realm, number);
    make.registrar_document = appointment;
    make.root_count = 0;
    make.now_ms = clock_real_ms();
    make.valid_until_ms = make.now_ms + REALM_DAY_MS;
    assert_int_equal(write_file(&make, REALM_MEMBERS), OK);
    assert_int_equal(registry_open(&r, &f.realm->anchor, span_of(f.file, f.len), 0, &f.fault), OK);
    return r;
}

/* What the hub says of it at a start: then it remembers it. */
static enum err start(struct registry *r)
{
    const struct hub_trust trust = {
        .config = &config, .anchor = &f.realm->anchor, .in_use = r, .store = place.s};
    return hub_registry_note(&trust, place.s, &f.fault);
}

/* While `in_use` is in use, another hub hands this file over. */
static enum err offered(struct registry *in_use, const struct registry *next)
{
    struct registry *out = NULL;
    const struct hub_trust trust = {.config = &config,
                                    .anchor = &f.realm->anchor,
                                    .in_use = in_use,
                                    .store = place.s,
                                    .twice = &twice};
    memset(&twice, 0, sizeof twice);
    const enum err err =
        hub_registry_take(&trust, registry_file(next), registry_version(next), &out, &f.fault);
    registry_close(&out);
    return err;
}

static int stage_open(void **state)
{
    setup(state);
    memset(&place, 0, sizeof place);
    place_open(&place);
    memset(&config, 0, sizeof config);
    snprintf(config.member, sizeof config.member, "%s", REALM_HUB);
    snprintf(config.registry, sizeof config.registry, "%s/registry.lsg", place.dir);
    return 0;
}

static int stage_close(void **state)
{
    store_close(&place.s);
    folder_remove(place.dir);
    return teardown(state);
}

static void who_was_replaced_stays_replaced_over_restarts(void **state)
{
    uint8_t first[PAPER_CAP];
    (void)state;
    const struct span one = appoint(1);
    memcpy(first, one.data, one.len);
    const struct span old = span_of(first, one.len);
    struct registry *v1 = version(1, old);
    struct registry *v2 = version(2, appoint(2));
    struct registry *v3 = version(3, old); /* by the officials of before */
    assert_int_equal(start(v1), OK);
    assert_int_equal(start(v1), OK);
    assert_int_equal(start(v2), OK);
    assert_int_equal(start(v3), ERR_REGISTRY_ROLLBACK);
    store_close(&place.s);
    assert_int_equal(place_try_open(&place), OK);
    assert_int_equal(start(v3), ERR_REGISTRY_ROLLBACK);
    assert_int_equal(start(v2), OK);
    registry_close(&v1);
    registry_close(&v2);
    registry_close(&v3);
}

/* A file that was swapped for another one of the same number has taught the hub as much. */
static void who_was_replaced_within_a_version_stays_replaced(void **state)
{
    uint8_t first[PAPER_CAP];
    (void)state;
    const struct span one = appoint(1);
    memcpy(first, one.data, one.len);
    const struct span old = span_of(first, one.len);
    struct registry *v1 = version(1, old);
    struct registry *other = version(1, appoint(2));
    struct registry *v2 = version(2, old);
    assert_int_equal(start(v1), OK);
    assert_int_equal(start(other), OK);
    assert_int_equal(start(v1), ERR_REGISTRY_ROLLBACK);
    assert_int_equal(start(v2), ERR_REGISTRY_ROLLBACK);
    assert_int_equal(start(other), OK);
    registry_close(&v1);
    registry_close(&other);
    registry_close(&v2);
}

/* Two documents under one number, told to two hubs: seen when the second one comes over a link. */
static void another_document_under_a_number_that_was_seen_is_found_with_both(void **state)
{
    uint8_t first[PAPER_CAP];
    (void)state;
    const struct span one = appoint(2);
    memcpy(first, one.data, one.len);
    struct registry *v1 = version(1, span_of(first, one.len));
    const struct span other = appoint(2);
    struct registry *v2 = version(2, other);
    assert_int_equal(start(v1), OK);
    assert_int_equal(offered(v1, v2), ERR_NUMBER_TWICE);
    assert_string_equal(twice.issuer, "registrar.445100");
    assert_int_equal(twice.number, 2);
    assert_true(span_eq(span_of(twice.held.lsd1, twice.held.len), span_of(first, one.len)));
    assert_true(span_eq(span_of(twice.offered.lsd1, twice.offered.len), other));
    assert_int_not_equal(access(config.registry, F_OK), 0); /* it did not take the place */
    assert_int_equal(start(v2), ERR_NUMBER_TWICE);
    registry_close(&v1);
    registry_close(&v2);
}

#define STAGE(fn) cmocka_unit_test_setup_teardown(fn, stage_open, stage_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STAGE(who_was_replaced_stays_replaced_over_restarts),
        STAGE(who_was_replaced_within_a_version_stays_replaced),
        STAGE(another_document_under_a_number_that_was_seen_is_found_with_both),
    };
    return cmocka_run_group_tests_name("hub_registry", tests, NULL, NULL);
}
