/* Envelopes from hub to hub: what holds when every hub is honest. */
#include "scenario/realm.h"
#include "scenario/texts.h"

#include "base/clock.h"

#include <stdio.h>

#define CONVERSATION "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static const struct realm_hub plan[] = {
    {.region = "000000"},
    {.region = "440000", .extra = {"market.440600"}},
    {.region = "445100", .extra = {"health.445122"}},
    {.region = "220000"},
    {.region = "220100"},
};

static const struct realm_hub bay[] = {
    {.region = "000000"},
    {.region = "110000"},
    {.region = "130000", .peer = {"110000"}},
};

static int tree(void **state)
{
    *state = realm_new(plan, T_COUNT(plan));
    return 0;
}

static int group(void **state)
{
    *state = realm_new(bay, T_COUNT(bay));
    return 0;
}

static int end(void **state)
{
    realm_free(*state);
    return 0;
}

static struct mail application(const char *from, const char *to)
{
    return (struct mail){
        .from = from, .type = "licence.application", .to = {to}, .facts = LICENCE_BODY(CLEAN)};
}

static size_t undelivered(struct realm *r)
{
    size_t count = 0;
    for (size_t i = 0; i < r->count; i++)
        count += world_status(r->world[i], "undelivered");
    return count;
}

static void a_message_crosses_the_country_with_its_bytes_untouched(void **state)
{
    struct realm *r = *state;
    struct world *home = realm_world(r, "220100");
    struct site *market = world_site(home, "market.220100");
    const struct mail mail = application("health.445100", "market.220100");
    market->silent = true; /* so that the frame is still there to look at */
    const struct sent sent = realm_send(r, &mail);
    struct message_row row;
    struct span frame;
    assert_int_equal(message_get(home->store->messages, "health.445100", sent.id, &row), OK);
    assert_int_equal(message_frame(home->store->messages, row.seq, &frame), OK);
    const struct world *sender = realm_world(r, "445100");
    assert_true(span_eq(frame, span_of(sender->frame, sender->frame_len)));
    assert_string_equal(row.origin, "hub.220000");
    /* The recipient has verified the sender's own signature and seal: world_take.c. */
    struct got *got = world_got(home, "market.220100", "licence.application", 0);
    assert_non_null(got);
    assert_int_equal(got->parts_open, 1);
    market->silent = false;
    world_push_receipt(home, "market.220100", got);
    realm_turn(r);
    assert_int_equal(realm_heard(r, "health.445100", &sent, lianshu_ReceiptKind_RECEIPT_DELIVERED),
                     1);
    assert_int_equal(undelivered(r), 0);
}

static void the_statement_names_the_hubs_passed_and_the_first_hubs_time(void **state)
{
    static const char *const way[] = {"hub.445100", "hub.440000", "hub.000000", "hub.220000",
                                      "hub.220100"};
    struct realm *r = *state;
    const struct mail mail = application("health.445100", "market.220100");
    realm_road(r, "445100", "440000")->delay_ms = 2000;
    const uint64_t accepted_ms = r->now_ms;
    (void)realm_send(r, &mail);
    assert_int_equal(realm_has(r, "market.220100", "licence.application"), 0);
    realm_pass(r, 2000);
    const struct got *got =
        world_got(realm_world(r, "220100"), "market.220100", "licence.application", 0);
    assert_non_null(got);
    assert_int_equal(got->accepted_ms, accepted_ms);
    assert_int_equal(got->hop_count, T_COUNT(way));
    for (size_t i = 0; i < T_COUNT(way); i++)
        assert_string_equal(got->hop[i], way[i]);
}

static void a_local_message_names_no_hubs_and_touches_no_road(void **state)
{
    struct realm *r = *state;
    uint64_t carried = 0;
    const struct mail mail = application("health.445100", "market.445100");
    for (size_t i = 0; i < r->road_count; i++)
        carried += r->road[i]->carried;
    (void)realm_send(r, &mail);
    const struct got *got =
        world_got(realm_world(r, "445100"), "market.445100", "licence.application", 0);
    assert_non_null(got);
    assert_int_equal(got->hop_count, 0);
    for (size_t i = 0; i < r->road_count; i++)
        carried -= r->road[i]->carried;
    assert_int_equal(carried, 0);
}

static void a_region_without_a_hub_is_served_by_its_nearest_ancestor(void **state)
{
    struct realm *r = *state;
    const struct mail there = application("health.220100", "market.440600");
    const struct mail back = application("health.445122", "market.220100");
    (void)realm_send(r, &there);
    assert_int_equal(realm_has(r, "market.440600", "licence.application"), 1);
    assert_ptr_equal(realm_home(r, "market.440600"), realm_world(r, "440000"));
    (void)realm_send(r, &back);
    assert_int_equal(realm_has(r, "market.220100", "licence.application"), 1);
}

static void recipients_here_and_there_get_it_once_each_over_one_row_a_hop(void **state)
{
    struct realm *r = *state;
    const struct mail mail = {
        .from = "health.445100",
        .type = "licence.application",
        .to = {"market.220000", "market.220100", "market.440600", "market.445100"},
        .facts = LICENCE_BODY(CLEAN)};
    const uint64_t before = realm_road(r, "445100", "440000")->carried;
    realm_mute(r, "440000", "000000");
    const struct sent sent = realm_send(r, &mail);
    struct queue_counts counts;
    assert_int_equal(queue_counts(realm_world(r, "440000")->store->queue, "hub.000000", &counts),
                     OK);
    assert_int_equal(counts.ready, 1); /* for two recipients behind it */
    assert_true(realm_road(r, "445100", "440000")->carried > before);
    realm_heal(r, "440000", "000000");
    for (size_t i = 0; i < T_COUNT(mail.to); i++)
        assert_int_equal(realm_has(r, mail.to[i], "licence.application"), 1);
    assert_int_equal(realm_heard(r, "health.445100", &sent, lianshu_ReceiptKind_RECEIPT_DELIVERED),
                     4);
    assert_int_equal(undelivered(r), 0);
}

static void hubs_of_a_group_that_are_linked_need_no_superior(void **state)
{
    struct realm *r = *state;
    const struct mail mail = application("health.110000", "market.130000");
    realm_cut(r, "000000", "110000");
    realm_cut(r, "000000", "130000");
    (void)realm_send(r, &mail);
    assert_int_equal(realm_has(r, "market.130000", "licence.application"), 1);
    assert_int_equal(undelivered(r), 0);
}

/* The superior hears of a recipient that is reached over the group's link, and leaves it alone. */
static void who_is_reached_across_is_not_reached_from_above_as_well(void **state)
{
    struct realm *r = *state;
    const struct mail mail = {.from = "health.110000",
                              .type = "licence.application",
                              .to = {"market.000000", "market.130000"},
                              .facts = LICENCE_BODY(CLEAN)};
    const struct sent sent = realm_send(r, &mail);
    assert_int_equal(realm_has(r, "market.000000", "licence.application"), 1);
    const struct got *got =
        world_got(realm_world(r, "130000"), "market.130000", "licence.application", 0);
    assert_int_equal(got->seen, 1);
    assert_int_equal(got->hop_count, 2);
    assert_int_equal(realm_heard(r, "health.110000", &sent, lianshu_ReceiptKind_RECEIPT_DELIVERED),
                     2);
    assert_int_equal(undelivered(r), 0);
}

static void each_hub_on_the_way_says_that_it_has_taken_it_over(void **state)
{
    struct realm *r = *state;
    const struct mail mail = application("health.445100", "market.220100");
    const struct sent sent = realm_send(r, &mail);
    assert_int_equal(realm_heard(r, "health.445100", &sent, lianshu_ReceiptKind_RECEIPT_ACCEPTED),
                     1);
    assert_int_equal(realm_heard(r, "health.445100", &sent, lianshu_ReceiptKind_RECEIPT_RELAYED),
                     4);
}

static void a_gate_at_the_recipients_hub_refuses_what_the_senders_hub_let_pass(void **state)
{
    struct realm *r = *state;
    const struct mail order = {.from = "market.220100",
                               .type = "sanction.order",
                               .to = {"hub.220100"},
                               .facts = ORDER_BODY("1"),
                               .basis = {"DL116", "DL118"},
                               .conversation = ORDER_ID};
    const struct mail mail = {.from = "health.445100",
                              .type = "licence.application",
                              .to = {"market.220000", "market.220100"},
                              .facts = LICENCE_BODY(PUNISHED)};
    realm_cut(r, "220000", "220100");
    const struct sent sent = realm_send(r, &mail); /* no restriction anywhere yet */
    const struct sent ordered = realm_send(r, &order);
    assert_int_equal(world_verdict(realm_world(r, "220100"), "market.220100", ordered.env_id),
                     lianshu_ReceiptKind_RECEIPT_ACCEPTED);
    assert_int_equal(realm_has(r, "market.220000", "licence.application"), 1);
    realm_heal(r, "220000", "220100");
    assert_int_equal(realm_has(r, "market.220100", "licence.application"), 0);
    assert_int_equal(realm_heard(r, "health.445100", &sent, lianshu_ReceiptKind_RECEIPT_REFUSED),
                     1);
    assert_int_equal(world_code(realm_world(r, "445100"), "health.445100", sent.env_id),
                     ERR_RESTRICTED);
    assert_int_equal(undelivered(r), 0);
}

static void order_within_a_conversation_is_kept_from_end_to_end(void **state)
{
    enum { COUNT = 40 };
    struct realm *r = *state;
    for (uint64_t n = 1; n <= COUNT; n++) {
        struct mail mail = application("health.445100", "market.220100");
        mail.conversation = CONVERSATION;
        mail.sequence = n;
        if (n % 10 == 4)
            realm_cut(r, n % 20 == 4 ? "440000" : "220000", "000000");
        if (n % 10 == 8)
            realm_heal(r, n % 20 == 8 ? "440000" : "220000", "000000");
        (void)realm_send(r, &mail);
    }
    realm_live(r, 120 * (uint64_t)SECOND_MS, 10 * SECOND_MS);
    /* That their numbers come without a gap is asserted for each: world_take.c. */
    assert_int_equal(realm_has(r, "market.220100", "licence.application"), COUNT);
    assert_int_equal(undelivered(r), 0);
}

static void a_hub_that_is_killed_on_the_way_neither_loses_nor_doubles(void **state)
{
    struct realm *r = *state;
    for (int n = 0; n < 12; n++) {
        const struct mail mail = application("health.445100", "market.220100");
        realm_road(r, "440000", "000000")->delay_ms = n % 3 == 0 ? 500 : 0;
        (void)realm_send(r, &mail);
        realm_restart(r, n % 2 == 0 ? "440000" : "000000");
        realm_pass(r, 1000);
    }
    realm_live(r, 120 * (uint64_t)SECOND_MS, 10 * SECOND_MS);
    assert_int_equal(realm_has(r, "market.220100", "licence.application"), 12);
    assert_int_equal(undelivered(r), 0);
}

#define TREE(fn)  cmocka_unit_test_setup_teardown(fn, tree, end)
#define GROUP(fn) cmocka_unit_test_setup_teardown(fn, group, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TREE(a_message_crosses_the_country_with_its_bytes_untouched),
        TREE(the_statement_names_the_hubs_passed_and_the_first_hubs_time),
        TREE(a_local_message_names_no_hubs_and_touches_no_road),
        TREE(a_region_without_a_hub_is_served_by_its_nearest_ancestor),
        TREE(recipients_here_and_there_get_it_once_each_over_one_row_a_hop),
        GROUP(hubs_of_a_group_that_are_linked_need_no_superior),
        GROUP(who_is_reached_across_is_not_reached_from_above_as_well),
        TREE(each_hub_on_the_way_says_that_it_has_taken_it_over),
        TREE(a_gate_at_the_recipients_hub_refuses_what_the_senders_hub_let_pass),
        TREE(order_within_a_conversation_is_kept_from_end_to_end),
        TREE(a_hub_that_is_killed_on_the_way_neither_loses_nor_doubles),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
