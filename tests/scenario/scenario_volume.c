/* A member within its rate and its rights that does far more than it is used to: volumes.h. A-09 */
#include "scenario/evidencebook.h"
#include "scenario/texts.h"

#include "base/clock.h"
#include "core/state.h"
#include "folder.h"
#include "log.pb.h"
#include "t.h"
#include "wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define ASKER "health.445100"

enum { USUAL = 3, FLOOR = 10, FACTOR = 4, FIRST = 20, LEAST_DAYS = 5 };

/* A table with small numbers, in the place of the one that is shipped. */
static void small_table(struct world *w)
{
    static struct ruleset_faults faults;
    struct volume *volume;
    char dir[FOLDER_MAX];
    char path[FOLDER_PATH_MAX];
    folder_make(dir, "volume");
    snprintf(path, sizeof path, "%s/volume.yaml", dir);
    FILE *f = fopen(path, "we");
    assert_non_null(f);
    assert_true(fprintf(f,
                        "volume:\n"
                        "  - {measure: queries, zh: 查询, en: queries, days: 28, least_days: %d, "
                        "floor: %d, factor: %d, first: %d, basis: b, mark: D,\n"
                        "     weights: [{type: credit.check, weight: 1}]}\n",
                        LEAST_DAYS, FLOOR, FACTOR, FIRST) > 0);
    assert_int_equal(fclose(f), 0);
    assert_int_equal(volume_open(&volume, dir, &faults), OK);
    assert_int_equal(core_rules(w->core, w->rules, w->retention, volume, w->calendar), OK);
    w->volume = volume;
    folder_remove(dir);
    world_turn(w);
}

static int setup(void **state)
{
    const int err = world_setup(state);
    small_table(*state);
    return err;
}

/* So many credit checks of a member; each is answered as if nothing were. */
static void ask(struct world *w, const char *member, unsigned count)
{
    const struct mail mail = {.from = member,
                              .type = "credit.check",
                              .to = {"hub.445100"},
                              .facts = "{\"subject\":" CLEAN ",\"question\":\"q\"}"};
    for (unsigned i = 0; i < count; i++) {
        uint8_t env_id[HASH_LEN];
        world_send(w, &mail, env_id);
        assert_int_not_equal(world_verdict(w, member, env_id),
                             lianshu_ReceiptKind_RECEIPT_REJECTED);
    }
}

static void days(struct world *w, unsigned count, unsigned each)
{
    for (unsigned i = 0; i < count; i++) {
        ask(w, ASKER, each);
        world_pass(w, DAY_MS);
    }
}

/* Leaves that tell of it; the last one's body. */
static size_t told(const struct world *w, lianshu_Unusual *out)
{
    struct leaf_log *log = w->store->log;
    uint64_t index = 0;
    size_t count = 0;
    while (log_find(log, LOG_UNUSUAL, index, log_size(log), &index) == OK) {
        struct log_entry entry;
        assert_int_equal(log_get(log, index++, &entry), OK);
        assert_int_equal(wire_decode(&lianshu_Unusual_msg, entry.body, out), OK);
        count++;
    }
    return count;
}

/* What `lianshu volume` says of the member. */
static uint64_t shown(struct world *w, const char *key, bool *unusual)
{
    struct json *answer = world_ask(w, "{\"cmd\":\"volume\"}");
    const struct json *list = json_get(answer, "volume");
    uint64_t value = UINT64_MAX;
    for (size_t i = 0; json_item(list, i) != NULL; i++) {
        const struct json *row = json_item(list, i);
        if (strcmp(json_get_text(row, "member"), ASKER) != 0)
            continue;
        assert_string_equal(json_get_text(row, "counted"), "queries");
        assert_true(json_uint(json_get(row, key), &value));
        *unusual = json_flag(json_get(row, "unusual"));
    }
    json_close(&answer);
    return value;
}

static void far_more_than_usual_is_told_once_a_day_and_refused_to_nobody(void **state)
{
    struct world *w = *state;
    lianshu_Unusual body;
    bool unusual;
    days(w, LEAST_DAYS, USUAL);
    ask(w, ASKER, FACTOR * USUAL);
    world_turn(w);
    assert_int_equal(told(w, &body), 0);
    assert_int_equal(shown(w, "usual", &unusual), USUAL);
    assert_int_equal(shown(w, "limit", &unusual), FACTOR * USUAL);
    assert_false(unusual);
    ask(w, ASKER, 1);
    world_turn(w);
    assert_int_equal(told(w, &body), 1);
    assert_string_equal(body.member, ASKER);
    assert_string_equal(body.measure, "queries");
    assert_int_equal(body.date, date_from_ms(w->now_ms));
    assert_int_equal(body.count, FACTOR * USUAL + 1);
    assert_int_equal(body.usual, USUAL);
    assert_int_equal(world_status(w, "unusual"), 1);
    assert_int_equal(shown(w, "unusual_days", &unusual), 1);
    assert_true(unusual);
    ask(w, ASKER, FACTOR * USUAL);
    world_turn(w);
    assert_int_equal(told(w, &body), 1);
    world_pass(w, DAY_MS);
    assert_int_equal(shown(w, "count", &unusual), 0);
    assert_false(unusual);
    /* and again on another day */
    ask(w, ASKER, 3 * FACTOR * USUAL);
    world_turn(w);
    assert_int_equal(told(w, &body), 2);
}

/* Whoever has no days behind it is held to the number for beginners; few a day are never unusual.
 */
static void a_beginner_and_a_member_that_does_little_have_their_own_bounds(void **state)
{
    struct world *w = *state;
    lianshu_Unusual body;
    ask(w, ASKER, FIRST);
    world_turn(w);
    assert_int_equal(told(w, &body), 0);
    ask(w, ASKER, 1);
    world_turn(w);
    assert_int_equal(told(w, &body), 1);
    days(w, 40, 0);
    ask(w, ASKER, FLOOR);
    world_turn(w);
    assert_int_equal(told(w, &body), 1);
    ask(w, ASKER, 1);
    world_turn(w);
    assert_int_equal(told(w, &body), 2);
    assert_int_equal(body.usual, 0);
}

static void the_usual_day_outlives_a_restart(void **state)
{
    struct world *w = *state;
    lianshu_Unusual body;
    bool unusual;
    days(w, LEAST_DAYS, 2 * USUAL);
    ask(w, ASKER, 2);
    world_pass(w, VOLUMES_WRITE_MS + 1);
    world_pass(w, VOLUMES_WRITE_MS + 1);
    world_restart(w);
    assert_int_equal(shown(w, "usual", &unusual), 2 * USUAL);
    assert_int_equal(shown(w, "count", &unusual), 2);
    assert_int_equal(shown(w, "days", &unusual), LEAST_DAYS);
    ask(w, ASKER, FACTOR * 2 * USUAL - 1);
    world_turn(w);
    assert_int_equal(told(w, &body), 1);
    world_restart(w);
    assert_int_equal(shown(w, "unusual_days", &unusual), 1);
    ask(w, ASKER, 1);
    world_turn(w);
    assert_int_equal(told(w, &body), 1); /* still that day */
}

/* A harvest every day would make itself usual; it grows by its limit at most, and is told. */
static void a_harvest_does_not_make_itself_usual_in_a_day(void **state)
{
    struct world *w = *state;
    bool unusual;
    lianshu_Unusual body;
    days(w, LEAST_DAYS, USUAL);
    days(w, 1, 100);
    assert_int_equal(told(w, &body), 1);
    assert_true(shown(w, "usual", &unusual) <= USUAL + FACTOR * USUAL / (LEAST_DAYS + 1));
}

/* ---- as an auditor types it ---- */

static int open_desk(void **state)
{
    const int err = book_open(state);
    const struct book *b = *state;
    small_table(b->world);
    return err;
}

static void lianshu_volume_shows_who_did_something_in_both_languages_or_as_json(void **state)
{
    struct book *b = *state;
    struct terminal *t = b->terminal;
    days(b->world, LEAST_DAYS, USUAL);
    ask(b->world, ASKER, FACTOR * USUAL + 1);
    world_turn(b->world);
    book_serve(b);
    must(t, "volume --control control");
    assert_labels(t);
    assert_says(t, "用量 volume:");
    assert_says(t, "告警线 limit");
    assert_says(t, ASKER);
    assert_says(t, "用量异常 unusual: 1");
    must(t, "volume --json --control control");
    assert_json(t);
    assert_says(t, "{\"member\":\"" ASKER "\",\"counted\":\"queries\",\"counted_zh\":\"查询\"");
    assert_says(t, "\"count\":13,\"usual\":3,\"days\":5,\"limit\":12,\"unusual\":true");
    assert_says(t, "\"unusual\":1}");
    must(t, "log admin --json --control control");
    assert_says(t, "\"event\":\"unusual\",\"by\":\"" ASKER "\",\"measure\":\"queries\"");
    must(t, "volume --help");
    assert_says(t, "各成员今日用量");
    assert_says(t, "What each member did today");
}

static void lianshu_volume_refuses_what_it_does_not_know(void **state)
{
    struct book *b = *state;
    struct terminal *t = b->terminal;
    refused(t, "volume " ASKER " --control control", CLI_USAGE, "E001", "");
    refused(t, "volume --member " ASKER " --control control", CLI_USAGE, "E001", "");
    refused(t, "volume --control", CLI_USAGE, "E001", "--control");
    refused(t, "volume --config none.yaml", CLI_REFUSED, "E002 none.yaml", "");
    assert_int_equal(run(t, "volume --json --config none.yaml"), CLI_REFUSED);
    assert_json(t);
    assert_says(t, "{\"error\":{\"code\":\"E002\"");
}

#define DAY_CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        DAY_CASE(far_more_than_usual_is_told_once_a_day_and_refused_to_nobody),
        DAY_CASE(a_beginner_and_a_member_that_does_little_have_their_own_bounds),
        DAY_CASE(the_usual_day_outlives_a_restart),
        DAY_CASE(a_harvest_does_not_make_itself_usual_in_a_day),
        cmocka_unit_test_setup_teardown(
            lianshu_volume_shows_who_did_something_in_both_languages_or_as_json, open_desk,
            book_close),
        cmocka_unit_test_setup_teardown(lianshu_volume_refuses_what_it_does_not_know, open_desk,
                                        book_close),
    };
    return cmocka_run_group_tests_name("volume", tests, NULL, NULL);
}
