/* Links that are down for long: everything waits, nothing is lost, doubled or put out of order, and
 * when they are there again repairs go first. */
#include "scenario/realm.h"
#include "scenario/texts.h"

#include "base/clock.h"

#include <stdio.h>

enum { HOURS = 72 };

#define CONVERSATION "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static const struct realm_hub plan[] = {
    {.region = "000000"},
    {.region = "440000"},
    {.region = "445100"},
    {.region = "220000"},
};

static int begin(void **state)
{
    *state = realm_new(plan, T_COUNT(plan));
    return 0;
}

static int end(void **state)
{
    realm_free(*state);
    return 0;
}

static struct mail application(const struct realm *r, const char *from, const char *to)
{
    return (struct mail){.from = from,
                         .type = "licence.application",
                         .to = {to},
                         .facts = LICENCE_BODY(CLEAN),
                         .expires_ms = r->now_ms + 10 * (uint64_t)DAY_MS};
}

static size_t undelivered(struct realm *r)
{
    size_t count = 0;
    for (size_t i = 0; i < r->count; i++)
        count += world_status(r->world[i], "undelivered");
    return count;
}

/* The log leaf under which this hub took a message over. */
static uint64_t taken_at(struct realm *r, const char *region, const char *sender,
                         const struct sent *sent)
{
    struct message_row row;
    assert_int_equal(message_get(realm_world(r, region)->store->messages, sender, sent->id, &row),
                     OK);
    return row.seq;
}

struct lives {
    struct sent ordered[HOURS]; /* one conversation, from the coast to the north */
    struct sent loose[HOURS];
    struct sent back[HOURS];
    struct sent annul;
};

/* One hour of work on both sides. */
static void work(struct realm *r, struct lives *lives, unsigned hour)
{
    struct mail ordered = application(r, "health.445100", "market.220000");
    const struct mail loose = application(r, "police.445100", "insurance.220000");
    const struct mail back = application(r, "health.220000", "market.445100");
    const struct mail local = application(r, "insurance.445100", "procuratorate.445100");
    ordered.conversation = CONVERSATION;
    ordered.sequence = hour + 1;
    lives->ordered[hour] = realm_send(r, &ordered);
    lives->loose[hour] = realm_send(r, &loose);
    lives->back[hour] = realm_send(r, &back);
    (void)realm_send(r, &local);
    /* Whatever is down elsewhere: neighbours hear each other at once. */
    assert_int_equal(realm_has(r, "procuratorate.445100", "licence.application"), hour + 1);
}

static void impose(struct realm *r)
{
    const struct mail order = {.from = "market.445100",
                               .type = "sanction.order",
                               .to = {"hub.445100"},
                               .facts = ORDER_BODY("1"),
                               .basis = {"DL116", "DL118"},
                               .conversation = ORDER_ID};
    (void)realm_send(r, &order);
}

static struct sent annul(struct realm *r)
{
    const struct mail mail = {.from = "market.445100",
                              .type = "sanction.annul",
                              .to = {"hub.445100", "market.220000"},
                              .facts = ANNUL_BODY("2"),
                              .basis = {"AP48"},
                              .conversation = ORDER_ID,
                              .expires_ms = r->now_ms + 10 * (uint64_t)DAY_MS};
    return realm_send(r, &mail);
}

static void each_once(struct realm *r, const char *member, size_t count)
{
    assert_int_equal(realm_has(r, member, "licence.application"), count);
    for (size_t i = 0; i < count; i++) {
        const struct got *got = world_got(realm_home(r, member), member, "licence.application", i);
        assert_int_equal(got->seen, 1);
    }
}

static void everything_arrived(struct realm *r, const struct lives *lives, unsigned hours)
{
    each_once(r, "market.220000", hours);
    each_once(r, "insurance.220000", hours);
    each_once(r, "market.445100", hours);
    for (unsigned h = 0; h < hours; h++) {
        const lianshu_ReceiptKind delivered = lianshu_ReceiptKind_RECEIPT_DELIVERED;
        assert_int_equal(realm_heard(r, "health.445100", &lives->ordered[h], delivered), 1);
        assert_int_equal(realm_heard(r, "police.445100", &lives->loose[h], delivered), 1);
        assert_int_equal(realm_heard(r, "health.220000", &lives->back[h], delivered), 1);
        if (h > 0)
            assert_true(taken_at(r, "220000", "health.445100", &lives->ordered[h - 1]) <
                        taken_at(r, "220000", "health.445100", &lives->ordered[h]));
    }
    assert_int_equal(undelivered(r), 0);
}

static void three_days_of_partition_drain_completely_with_repairs_first(void **state)
{
    static struct lives lives;
    struct realm *r = *state;
    impose(r);
    realm_cut(r, "440000", "000000");
    for (unsigned h = 0; h < HOURS; h++) {
        work(r, &lives, h);
        if (h == HOURS / 2)
            lives.annul = annul(r);
        realm_live(r, HOUR_MS, HOUR_MS);
    }
    assert_int_equal(realm_has(r, "market.220000", "licence.application"), 0);
    assert_int_equal(world_status(realm_world(r, "440000"), "parked"), 0);
    realm_heal(r, "440000", "000000");
    everything_arrived(r, &lives, HOURS);
    assert_int_equal(realm_has(r, "market.220000", "sanction.annul"), 1);
    /* It overtook what had waited for a day and a half. */
    for (unsigned h = 0; h < HOURS; h++)
        assert_true(taken_at(r, "000000", "market.445100", &lives.annul) <
                    taken_at(r, "000000", "police.445100", &lives.loose[h]));
}

static void a_link_that_only_seems_to_stand_parks_nothing_and_drains_too(void **state)
{
    enum { DAY_HOURS = 24 };
    static struct lives lives;
    struct realm *r = *state;
    realm_mute(r, "440000", "000000");
    for (unsigned h = 0; h < DAY_HOURS; h++) {
        work(r, &lives, h);
        realm_live(r, HOUR_MS, 30 * MINUTE_MS);
    }
    assert_int_equal(world_status(realm_world(r, "440000"), "parked"), 0);
    realm_heal(r, "440000", "000000");
    everything_arrived(r, &lives, DAY_HOURS);
}

static void links_that_come_and_go_lose_and_double_nothing(void **state)
{
    enum { ROUNDS = 40 };
    static struct lives lives;
    struct realm *r = *state;
    for (unsigned h = 0; h < ROUNDS; h++) {
        static const char *const ends[][2] = {
            {"440000", "000000"}, {"445100", "440000"}, {"220000", "000000"}};
        const char *const *road = ends[h % T_COUNT(ends)];
        realm_road(r, road[0], road[1])->delay_ms = h % 5 * 100;
        if (h % 4 == 1)
            realm_cut(r, road[0], road[1]);
        if (h % 4 == 3)
            realm_mute(r, road[0], road[1]);
        work(r, &lives, h);
        if (h % 7 == 5)
            realm_restart(r, road[0]);
        realm_live(r, 2 * (uint64_t)MINUTE_MS, 30 * SECOND_MS);
        realm_heal(r, road[0], road[1]);
    }
    for (size_t i = 0; i < r->road_count; i++)
        r->road[i]->delay_ms = 0;
    realm_live(r, 10 * (uint64_t)MINUTE_MS, 30 * SECOND_MS);
    assert_int_equal(realm_has(r, "market.220000", "licence.application"), ROUNDS);
    assert_int_equal(realm_has(r, "insurance.220000", "licence.application"), ROUNDS);
    assert_int_equal(realm_has(r, "market.445100", "licence.application"), ROUNDS);
    assert_int_equal(undelivered(r), 0);
}

static void what_waits_for_a_link_still_expires(void **state)
{
    struct realm *r = *state;
    struct mail mail = application(r, "health.445100", "market.220000");
    mail.expires_ms = r->now_ms + HOUR_MS;
    realm_cut(r, "445100", "440000");
    const struct sent sent = realm_send(r, &mail);
    realm_live(r, 2 * (uint64_t)HOUR_MS, 10 * MINUTE_MS);
    assert_int_equal(realm_heard(r, "health.445100", &sent, lianshu_ReceiptKind_RECEIPT_EXPIRED),
                     1);
    realm_heal(r, "445100", "440000");
    assert_int_equal(realm_has(r, "market.220000", "licence.application"), 0);
    assert_int_equal(undelivered(r), 0);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(three_days_of_partition_drain_completely_with_repairs_first),
        CASE(a_link_that_only_seems_to_stand_parks_nothing_and_drains_too),
        CASE(links_that_come_and_go_lose_and_double_nothing),
        CASE(what_waits_for_a_link_still_expires),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
