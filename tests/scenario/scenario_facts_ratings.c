/* Credit classes of one subject that several members issue apart: the same one stands at every hub,
 * whatever the order in which they come there. */
#include "scenario/factsbook.h"

#include "base/clock.h"

#include <stdio.h>
#include <string.h>

enum { BODY_MAX = 1024 };

static void rate(struct realm *r, const char *from, const char *class, unsigned value,
                 const char *date)
{
    char body[BODY_MAX];
    const unsigned risk = 1000 - value;
    snprintf(body, sizeof body,
             "{\"subject\":" PUNISHED ",\"indices\":[{\"code\":\"integrity\",\"value\":%u},"
             "{\"code\":\"industry_risk\",\"value\":%u},"
             "{\"code\":\"region_weight\",\"value\":%u},"
             "{\"code\":\"dynamic_alert\",\"value\":%u}],\"class\":\"%s\",\"from_date\":\"%s\","
             "\"until_date\":\"2028-03-31\",\"reference\":\"C-1\"}",
             value, risk, risk, risk, class, date);
    const struct sent sent = facts_send(r, from, "credit.rating", body);
    assert_int_equal(facts_code(r, from, &sent), OK);
    realm_live(r, SECOND_MS, SECOND_MS);
}

/* Rows in force of a measure at this hub. */
static size_t owed(struct realm *r, const char *region, const char *measure)
{
    struct json *json = world_ask(realm_world(r, region), "{\"cmd\":\"obligations\"}");
    const struct json *rows = json_get(json, "obligations");
    size_t count = 0;
    for (size_t i = 0; i < json_count(rows); i++) {
        const char *state = json_get_text(json_item(rows, i), "state");
        count += strcmp(json_get_text(json_item(rows, i), "measure"), measure) == 0 &&
                 (strcmp(state, "created") == 0 || strcmp(state, "delivered") == 0);
    }
    json_close(&json);
    return count;
}

/* M23 of those who are warned is owed in the province of the issuer only, I02 to I05 everywhere. */
static void assert_class(struct realm *r, const char *class)
{
    for (size_t i = 0; i < FACTS_HUBS; i++) {
        print_message("hub.%s\n", facts_regions[i]);
        const bool red = strcmp(class, "trustworthy") == 0;
        assert_int_equal(owed(r, facts_regions[i], "I01") > 0, red);
        if (strcmp(class, "warned") != 0)
            assert_int_equal(owed(r, facts_regions[i], "M23"), 0);
    }
    assert_int_equal(owed(r, "445100", "M23") > 0, strcmp(class, "warned") == 0);
    facts_assert_rolls_equal(r);
}

typedef void story_fn(struct realm *r);

static void in_every_order_of_healing(story_fn *happens, const char *class)
{
    for (unsigned order = 0; order < FACTS_HEALINGS; order++) {
        struct realm *r = facts_realm();
        facts_cut_all(r);
        happens(r);
        facts_heal_by(r, order);
        realm_live(r, 2 * MINUTE_MS, 10 * SECOND_MS);
        assert_class(r, class);
        realm_free(r);
    }
}

/* The later one is issued first. */
static void the_later_begins_in_changchun(struct realm *r)
{
    rate(r, "market.220100", "trustworthy", 900, "2026-03-25");
    rate(r, "market.445100", "warned", 700, "2026-03-20");
}

static void the_rating_that_begins_later_stands_everywhere(void **state)
{
    (void)state;
    in_every_order_of_healing(the_later_begins_in_changchun, "trustworthy");
}

static void one_day(struct realm *r)
{
    rate(r, "market.220100", "trustworthy", 900, "2026-03-20");
    rate(r, "market.445100", "warned", 700, "2026-03-20");
}

static void of_one_day_the_rating_that_was_issued_later_stands_everywhere(void **state)
{
    (void)state;
    in_every_order_of_healing(one_day, "warned");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_rating_that_begins_later_stands_everywhere),
        cmocka_unit_test(of_one_day_the_rating_that_was_issued_later_stands_everywhere),
    };
    return cmocka_run_group_tests_name("facts_ratings", tests, NULL, NULL);
}
