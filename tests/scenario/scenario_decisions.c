/* Every decision is recorded so that it can be made again: the same bytes come out, whatever has
 * changed since, and a byte that somebody changed is found. PROTOCOL.md 16.1. */
#include "scenario/acts.h"
#include "scenario/gatebook.h"
#include "scenario/pen.h"
#include "scenario/texts.h"

#include "base/clock.h"

#include <dirent.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define HEALTH "health.445100"
#define MARKET "market.445100"
#define HUB    "hub.445100"

struct verified {
    uint64_t checked, same, erased, other_rules, differing, next;
    char text[CORE_QUERY_BYTES + 1];
};

static uint64_t number_of(const struct json *answer, const char *key)
{
    uint64_t value = UINT64_MAX;
    assert_true(json_uint(json_get(answer, key), &value));
    return value;
}

static struct verified *verify(struct world *w, const char *request)
{
    static struct verified v;
    struct json *answer = NULL;
    struct writer out = writer_of((uint8_t *)v.text, CORE_QUERY_BYTES);
    assert_int_equal(core_query(w->core, span_str(request), w->now_ms, &out), OK);
    v.text[out.len] = '\0';
    assert_int_equal(json_parse(&answer, writer_span(&out), "answer", NULL), OK);
    v.checked = number_of(answer, "checked");
    v.same = number_of(answer, "same");
    v.erased = number_of(answer, "erased");
    v.other_rules = number_of(answer, "other_rules");
    v.differing = number_of(answer, "differing");
    v.next = number_of(answer, "next");
    json_close(&answer);
    return &v;
}

#define ALL "{\"cmd\":\"decision.verify\",\"count\":1024}"

static void send(struct world *w, const char *from, const char *type, const char *facts)
{
    const struct mail mail = {.from = from, .type = type, .to = {MARKET}, .facts = facts};
    world_send(w, &mail, NULL);
}

/* Orders taken and refused, changes, gates that pass, flag and refuse. */
static void live(struct world *w)
{
    acts_connect(w);
    send(w, HEALTH, "honour", HONOUR_BODY(PUNISHED));
    acts_order(w, NULL);
    acts_order(w, NULL); /* refused: the version does not follow */
    send(w, HEALTH, "honour", HONOUR_BODY(PUNISHED));
    send(w, HEALTH, "appointment", APPOINTMENT_BODY(CLEAN, HEAD_PERSON));
    send(w, HEALTH, "licence.application", LICENCE_BODY(PUNISHED));
    send(w, HEALTH, "licence.application", LICENCE_BODY(CLEAN));
    acts_annul(w, NULL);
    send(w, HEALTH, "honour", HONOUR_BODY(PUNISHED));
    world_settle(w);
}

static void everything_that_was_decided_is_decided_the_same_again(void **state)
{
    struct world *w = *state;
    live(w);
    const struct verified *v = verify(w, ALL);
    assert_int_equal(v->checked, world_status(w, "decisions"));
    assert_true(v->checked >= 9);
    if (v->same != v->checked)
        fail_msg("%s", v->text);
    assert_int_equal(v->differing, 0);
    world_restart(w);
    world_pass(w, 400 * (uint64_t)DAY_MS); /* long after, with keys that have ended */
    v = verify(w, ALL);
    assert_int_equal(v->same, v->checked);
}

static void it_goes_in_steps_and_from_anywhere(void **state)
{
    struct world *w = *state;
    char request[96];
    uint64_t sum = 0;
    live(w);
    const uint64_t all = verify(w, ALL)->checked;
    const struct verified *v = NULL;
    for (uint64_t since = 0; sum < all; since = v->next) {
        snprintf(request, sizeof request,
                 "{\"cmd\":\"decision.verify\",\"since\":%llu,\"count\":2}",
                 (unsigned long long)since);
        v = verify(w, request);
        assert_in_range(v->checked, 1, 2);
        sum += v->checked;
    }
    assert_int_equal(sum, all);
    snprintf(request, sizeof request, "{\"cmd\":\"decision.verify\",\"since\":%llu}",
             (unsigned long long)v->next);
    assert_int_equal(verify(w, request)->checked, 0);
}

static void decisions_by_other_rules_are_counted_apart(void **state)
{
    struct world *w = *state;
    live(w);
    gatebook_use(w, "  - {id: G01, zh: 关口, en: a gate, type: honour, look: subject, "
                    "measure: M21, action: refuse, basis: BASIC-LIST, mark: D}\n");
    const struct verified *v = verify(w, ALL);
    assert_int_equal(v->other_rules, v->checked);
    assert_int_equal(v->differing, 0);
}

#define OTHER_GATES                                                                                \
    "  - {id: G01, zh: 关口, en: a gate, type: honour, look: subject, measure: M21, action: "    \
    "refuse, "                                                                                     \
    "basis: BASIC-LIST, mark: D}\n"

/* The archive, a directory of directories. */
static void each_kept(struct world *w, bool spoil)
{
    char path[512];
    snprintf(path, sizeof path, "%s/archive", w->dir);
    DIR *sets = opendir(path);
    assert_non_null(sets);
    for (const struct dirent *set; (set = readdir(sets)) != NULL;) {
        if (set->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "%s/archive/%.64s", w->dir, set->d_name);
        DIR *files = opendir(path);
        assert_non_null(files);
        for (const struct dirent *file; (file = readdir(files)) != NULL;) {
            if (file->d_name[0] == '.')
                continue;
            snprintf(path, sizeof path, "%s/archive/%.64s/%.64s", w->dir, set->d_name,
                     file->d_name);
            FILE *f = spoil && strcmp(file->d_name, "gates.yaml") == 0 ? fopen(path, "a") : NULL;
            if (f != NULL)
                assert_true(fputs("# changed\n", f) >= 0 && fclose(f) == 0);
            if (!spoil)
                assert_int_equal(unlink(path), 0);
        }
        closedir(files);
        snprintf(path, sizeof path, "%s/archive/%.64s", w->dir, set->d_name);
        if (!spoil)
            assert_int_equal(rmdir(path), 0);
    }
    closedir(sets);
    snprintf(path, sizeof path, "%s/archive", w->dir);
    if (!spoil)
        assert_int_equal(rmdir(path), 0);
}

static void decisions_of_an_earlier_set_are_made_again_by_that_set(void **state)
{
    struct world *w = *state;
    live(w);
    const uint64_t before = verify(w, ALL)->checked;
    gatebook_keep(w, NULL);
    gatebook_use(w, OTHER_GATES);
    send(w, HEALTH, "honour", HONOUR_BODY(PUNISHED));
    acts_order(w, NULL);
    const struct verified *v = verify(w, ALL);
    assert_true(v->checked > before);
    if (v->same != v->checked)
        fail_msg("%s", v->text);
    assert_int_equal(v->other_rules, 0);
    /* One byte of a kept file: then nobody can say any more what those rules were. */
    each_kept(w, true);
    archive_close(&w->archive);
    gatebook_keep(w, OTHER_GATES); /* another set, which is not asked for */
    world_restart(w);
    v = verify(w, ALL);
    assert_int_equal(v->other_rules, before);
    assert_int_equal(v->same, v->checked - before);
    assert_non_null(strstr(v->text, "\"missing_rules\":[\""));
    archive_close(&w->archive);
    each_kept(w, false);
}

static void a_new_set_is_tried_on_what_was_decided_and_the_difference_shown(void **state)
{
    struct world *w = *state;
    static const char ask[] = "{\"cmd\":\"rule.replay\",\"count\":1024}";
    char later[96];
    live(w);
    const uint64_t decisions = world_status(w, "decisions");
    core_trial(w->core, w->rules);
    const struct verified *v = verify(w, ask);
    assert_int_equal(v->checked, decisions);
    assert_int_equal(v->differing, 0); /* the same rules change nothing */
    const struct ruleset *other = gatebook_open(w, OTHER_GATES);
    core_trial(w->core, other);
    v = verify(w, ask);
    assert_int_equal(v->checked, decisions);
    /* Flagged then and refused now; the other gates' types pass. Orders stay as they are. */
    assert_true(v->differing >= 3);
    assert_int_equal(v->same + v->differing, decisions);
    assert_non_null(strstr(v->text, "\"type\":\"honour\""));
    assert_non_null(strstr(v->text, "\"type\":\"licence.application\""));
    assert_null(strstr(v->text, "\"type\":\"sanction.order\""));
    snprintf(later, sizeof later, "{\"cmd\":\"rule.replay\",\"count\":1024,\"from_ms\":%llu}",
             (unsigned long long)(w->now_ms + DAY_MS));
    assert_int_equal(verify(w, later)->differing, 0);
    core_trial(w->core, NULL);
    assert_int_equal(verify(w, ALL)->same, decisions); /* and nothing was changed by it */
}

/* What is decided again because a member came later is recorded and can be made again. */
static void a_plan_for_a_member_enrolled_later_leaves_a_record(void **state)
{
    struct world *w = *state;
    acts_connect(w);
    acts_order(w, NULL);
    world_settle(w);
    const uint64_t before = world_status(w, "decisions");
    world_enrol(w, "procurement.445100");
    world_settle(w);
    assert_int_equal(world_status(w, "decisions"), before + 1);
    const struct verified *v = verify(w, ALL);
    assert_int_equal(v->checked, before + 1);
    if (v->same != v->checked)
        fail_msg("%s", v->text);
    world_restart(w);
    assert_int_equal(verify(w, ALL)->same, before + 1);
}

/* Nobody owes anything because of it: nothing was decided. */
static void a_member_whom_no_order_concerns_leaves_no_record(void **state)
{
    struct world *w = *state;
    acts_connect(w);
    world_enrol(w, "procurement.445100");
    world_settle(w);
    assert_int_equal(world_status(w, "decisions"), 0);
    acts_order(w, NULL);
    acts_annul(w, NULL);
    world_settle(w);
    const uint64_t before = world_status(w, "decisions");
    world_enrol(w, "credit.445100");
    world_settle(w);
    assert_int_equal(world_status(w, "decisions"), before);
}

static void tamper(struct world *w, const char *sql)
{
    assert_int_equal(pen(w, sql), 1);
}

/* One byte of a blob, counted from 1, in the row that stands behind it. */
#define FLIP(table, column, at)                                                                    \
    "UPDATE " table " SET " column " = CAST(substr(" column ", 1, " at " - 1) || "                 \
    "iif(substr(" column ", " at ", 1) = x'01', x'02', x'01') || substr(" column ", " at           \
    " + 1) AS BLOB) WHERE "
#define ORDER "seq = (SELECT min(seq) FROM decision WHERE type = 20)"
/* Of one on which no order rests: store/decision_pack.h. */
#define PACKED(column, at)                                                                         \
    FLIP("decision_pack", column, at) "last = (SELECT min(last) FROM decision_pack)"
#define CHANGED(what) "UPDATE decision SET " what " WHERE " ORDER
#define REFUSED       "seq = (SELECT min(seq) FROM decision WHERE type = 20 AND length(facts) > 0)"

static void a_byte_that_somebody_changed_is_found(void **state)
{
    static const char *const changes[] = {
        FLIP("decision", "record", "40") ORDER,
        FLIP("decision", "record", "length(record)") ORDER,
        FLIP("decision", "document", "7") ORDER,
        FLIP("decision", "env_id", "7") ORDER,
        CHANGED("code = 1"),
        CHANGED("time_ms = time_ms + 1"),
        CHANGED("type = type + 1"),
        CHANGED("message_seq = message_seq + 1"),
        CHANGED("seq = seq - 1"),
        FLIP("decision", "facts", "60") REFUSED,
        "UPDATE decision SET facts = x'' WHERE " REFUSED,
        PACKED("heads", "8"),   /* seq */
        PACKED("heads", "20"),  /* document */
        PACKED("heads", "60"),  /* env_id */
        PACKED("heads", "80"),  /* message */
        PACKED("heads", "84"),  /* type */
        PACKED("heads", "92"),  /* time */
        PACKED("heads", "94"),  /* code */
        PACKED("heads", "98"),  /* length of the record */
        PACKED("heads", "102"), /* length of the facts */
        PACKED("bodies", "40"),
        PACKED("bodies", "length(bodies)"),
        "UPDATE decision_pack SET bodies = CAST(substr(bodies, 2) AS BLOB) WHERE last = "
        "(SELECT min(last) FROM decision_pack)",
        "UPDATE decision_pack SET last = last + 1 WHERE last = "
        "(SELECT min(last) FROM decision_pack)",
        "UPDATE justification SET measure = 'M19' WHERE row = "
        "(SELECT min(row) FROM justification WHERE measure = 'M21')",
    };
    (void)state;
    for (size_t i = 0; i < T_COUNT(changes); i++) {
        static const uint8_t seed[ENTROPY_SEED_LEN] = {7};
        struct world *w = world_new(seed);
        print_message("change %zu\n", i);
        live(w);
        assert_int_equal(verify(w, ALL)->differing, 0);
        tamper(w, changes[i]);
        world_restart(w);
        const struct verified *v = verify(w, ALL);
        if (v->differing == 0)
            fail_msg("%s", v->text);
        world_free(w);
    }
}

/* How many of them the hub names, and that each stands with code and place. */
static size_t named(struct world *w, const char *why, const char *code, uint64_t *first)
{
    struct json *answer = world_ask(w, ALL);
    const struct json *list = json_get(answer, "differences");
    size_t count = 0;
    for (size_t i = json_count(list); i > 0; i--) {
        const struct json *row = json_item(list, i - 1);
        if (strcmp(json_get_text(row, "why"), why) != 0)
            continue;
        assert_string_equal(json_get_text(row, "code"), code);
        *first = number_of(row, "seq");
        count++;
    }
    json_close(&answer);
    return count;
}

static uint64_t number_in(struct world *w, const char *sql)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *q = NULL;
    char path[160];
    snprintf(path, sizeof path, "%s/hub.db", w->dir);
    assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &q, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(q), SQLITE_ROW);
    const uint64_t number = (uint64_t)sqlite3_column_int64(q, 0);
    sqlite3_finalize(q);
    sqlite3_close(db);
    return number;
}

static void a_record_that_is_gone_altogether_is_named_by_its_leaf(void **state)
{
    struct world *w = *state;
    uint64_t at = 0;
    live(w);
    const uint64_t all = verify(w, ALL)->checked;
    const uint64_t row = number_in(w, "SELECT min(seq) FROM decision WHERE type = 20");
    tamper(w, "DELETE FROM decision WHERE " ORDER);
    world_restart(w);
    const struct verified *v = verify(w, ALL);
    assert_int_equal(v->checked, all);
    assert_int_equal(v->differing, 1);
    assert_int_equal(named(w, "record_missing", "E706", &at), 1);
    assert_int_equal(at, row);
}

static void records_that_are_gone_with_their_pack_are_each_named(void **state)
{
    struct world *w = *state;
    uint64_t at = 0;
    live(w);
    const uint64_t all = verify(w, ALL)->checked;
    const uint64_t rest = number_in(w, "SELECT count(*) FROM decision");
    assert_true(all > rest);
    assert_true(pen(w, "DELETE FROM decision_pack") > 0);
    world_restart(w);
    const struct verified *v = verify(w, ALL);
    assert_int_equal(v->checked, all);
    assert_int_equal(v->differing, all - rest);
    assert_int_equal(named(w, "record_missing", "E706", &at), all - rest);
}

static void every_record_gone_is_every_leaf_named(void **state)
{
    struct world *w = *state;
    uint64_t at = 0;
    live(w);
    const uint64_t all = verify(w, ALL)->checked;
    (void)pen(w, "DELETE FROM decision_pack");
    (void)pen(w, "DELETE FROM decision");
    world_restart(w);
    assert_int_equal(named(w, "record_missing", "E706", &at), all);
    /* One of each answer is enough to come to all of them. */
    uint64_t steps = 0;
    char request[96];
    bool end = false;
    for (uint64_t since = 0; !end; steps++) {
        snprintf(request, sizeof request,
                 "{\"cmd\":\"decision.verify\",\"since\":%llu,\"count\":1}",
                 (unsigned long long)since);
        const struct verified *v = verify(w, request);
        assert_int_equal(v->differing, v->checked);
        since = v->next;
        end = strstr(v->text, "\"end\":true") != NULL;
    }
    assert_int_equal(steps, all + 1);
}

static void a_record_without_a_leaf_is_named(void **state)
{
    struct world *w = *state;
    uint64_t at = 0;
    live(w);
    const uint64_t row = number_in(w, "SELECT min(seq) FROM decision WHERE type = 20");
    tamper(w, CHANGED("seq = seq - 1")); /* where the receipt stands */
    world_restart(w);
    assert_int_equal(named(w, "leaf_missing", "E706", &at), 1);
    assert_int_equal(at, row - 1);
    assert_int_equal(named(w, "record_missing", "E706", &at), 1);
    assert_int_equal(at, row);
}

static void a_record_beyond_the_log_is_named(void **state)
{
    struct world *w = *state;
    uint64_t at = 0;
    live(w);
    tamper(w, "INSERT INTO decision SELECT seq + 100000, document, env_id, NULL, type, time_ms, "
              "code, record, facts FROM decision WHERE " ORDER);
    world_restart(w);
    assert_int_equal(verify(w, ALL)->differing, 1);
    assert_int_equal(named(w, "leaf_missing", "E706", &at), 1);
    assert_true(at > 100000);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, world_setup, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(everything_that_was_decided_is_decided_the_same_again),
        CASE(it_goes_in_steps_and_from_anywhere),
        CASE(decisions_by_other_rules_are_counted_apart),
        CASE(decisions_of_an_earlier_set_are_made_again_by_that_set),
        CASE(a_new_set_is_tried_on_what_was_decided_and_the_difference_shown),
        CASE(a_plan_for_a_member_enrolled_later_leaves_a_record),
        CASE(a_member_whom_no_order_concerns_leaves_no_record),
        CASE(a_record_that_is_gone_altogether_is_named_by_its_leaf),
        CASE(records_that_are_gone_with_their_pack_are_each_named),
        CASE(every_record_gone_is_every_leaf_named),
        CASE(a_record_without_a_leaf_is_named),
        CASE(a_record_beyond_the_log_is_named),
        cmocka_unit_test(a_byte_that_somebody_changed_is_found),
    };
    return cmocka_run_group_tests_name("decisions", tests, NULL, NULL);
}
