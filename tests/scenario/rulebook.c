#include "scenario/rulebook.h"

#include "scenario/naive.h"

#include "base/clock.h"
#include "wire.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#define ID    "d0d1d2d3d4d5d6d7d8d9dadbdcdddedf"
#define QUERY "{\"cmd\":\"order\",\"id\":\"" ID "\"}"

enum { BODY_MAX = 4096, YEARS = 12 };

const char *const rulebook_members[RULEBOOK_MEMBERS] = {
    "market.445100",        "health.445100",    "insurance.445100", "police.445100",
    "procuratorate.445100", "market.440000",    "drug.440000",      "health.440000",
    "procurement.445100",   "credit.445100",    "court.440000",     "finance.445100",
    "procurement.440000",   "insurance.440000", "market.310000",    "procurement.310000",
};

int rulebook_setup(void **state)
{
    world_setup(state);
    world_enrol_all(*state, rulebook_members + ACTS_EVERYBODY, RULEBOOK_MEMBERS - ACTS_EVERYBODY,
                    YEARS);
    acts_connect(*state);
    return 0;
}

void rulebook_put_away(struct world *w)
{
    for (size_t i = 0; i < RULEBOOK_MEMBERS; i++)
        world_put_away(w, rulebook_members[i]);
}

/* ---- texts ---- */

void rulebook_subject(const char *kind, size_t i, char out[static 256])
{
    char id[NAIVE_ID_LEN + 1];
    if (kind == NULL)
        kind = "enterprise";
    if (strcmp(kind, "person") == 0)
        naive_person_id(i, id);
    else
        naive_subject_id(i, id);
    snprintf(out, 256, "{\"kind\":\"%s\",\"id\":\"%s\",\"name\":\"样本%zu\",\"region\":\"445102\"}",
             kind, id, i);
}

void rulebook_person(char letter, size_t i, char out[static 160])
{
    static const struct {
        char letter;
        const char *role;
    } roles[] = {
        {'L', "legal_representative"}, {'P', "principal"}, {'D', "directly_responsible"},
        {'O', "other_responsible"},    {'K', "key_post"},  {'H', "licence_holder"},
        {'S', "sole_shareholder"},     {'E', "employee"},
    };
    char id[NAIVE_ID_LEN + 1];
    size_t r = 0;
    while (r < T_COUNT(roles) && roles[r].letter != letter)
        r++;
    assert_true(r < T_COUNT(roles));
    naive_person_id(i, id);
    /* The decision finds the head personally responsible. */
    snprintf(out, 160, "{\"role\":\"%s\",\"id\":\"%s\",\"name\":\"样本\"%s}", roles[r].role, id,
             letter == 'L' ? ",\"responsible\":true" : "");
}

void rulebook_date(const struct world *w, char out[static 16])
{
    uint32_t day = naive_day(w->now_ms);
    snprintf(out, 16, "%04u-%02u-%02u", day / 10000 % 10000, day / 100 % 100, day % 100);
}

uint32_t rulebook_number(const char *date)
{
    uint32_t out = 0;
    assert_true(date_parse(date, &out));
    return out;
}

/* ---- what members do ---- */

size_t rulebook_obey(struct world *w, lianshu_NoticeStage stage)
{
    static lianshu_SanctionNotice notice;
    size_t done = 0;
    bool impose = stage == lianshu_NoticeStage_STAGE_IMPOSE;
    for (size_t m = 0; m < RULEBOOK_MEMBERS; m++) {
        const char *member = rulebook_members[m];
        size_t count = world_has(w, member, "sanction.notice");
        for (size_t i = 0; i < count; i++) {
            uint8_t env_id[HASH_LEN];
            acts_read_notice(world_got(w, member, "sanction.notice", i), &notice);
            if (notice.stage != stage)
                continue;
            if (impose) {
                acts_answer(w, member, &notice, "accepted", env_id);
                assert_int_equal(world_code(w, member, env_id), 0);
            }
            acts_executed(w, member, &notice, impose ? "impose" : "lift", env_id);
            assert_int_equal(world_code(w, member, env_id), 0);
            done++;
        }
    }
    rulebook_put_away(w);
    return done;
}

void rulebook_on(struct world *w, uint32_t day)
{
    const uint64_t at = date_start_ms(day) + 10 * (uint64_t)HOUR_MS;
    assert_true(at >= w->now_ms);
    world_pass(w, at - w->now_ms);
}

void rulebook_until(struct world *w, const char *date, uint64_t less_ms)
{
    const uint64_t at = date_end_ms(rulebook_number(date)) - less_ms;
    assert_true(at >= w->now_ms);
    world_pass(w, at - w->now_ms);
}

/* ---- alerts ---- */

static bool is_alerted(struct world *w, const char *member, const char *rule)
{
    static lianshu_HubNotice body;
    const struct got *got;
    for (size_t i = 0; (got = world_got(w, member, "hub.notice", i)) != NULL; i++) {
        const struct span facts = span_of(got->facts, got->facts_len);
        assert_int_equal(wire_decode(&lianshu_HubNotice_msg, facts, &body), OK);
        if (body.kind != lianshu_HubNoticeKind_HUBNOTICE_ALERT || strcmp(body.rule, rule) != 0)
            continue;
        assert_true(body.due_ms > w->now_ms);
        return true;
    }
    return false;
}

void rulebook_assert_told(struct world *w, const char *rule, const char *who)
{
    size_t known = 0;
    for (size_t m = 0; m < RULEBOOK_MEMBERS; m++) {
        const char *member = rulebook_members[m];
        char word[48];
        snprintf(word, sizeof word, "%s ", member);
        const bool wanted = strstr(who, word) != NULL;
        known += wanted ? strlen(word) : 0;
        if (is_alerted(w, member, rule) != wanted)
            fail_msg("%s: %s is %stold", rule, member, wanted ? "not " : "");
    }
    assert_int_equal(known, strlen(who)); /* nobody else is named */
}

/* ---- what a member says of the subject ---- */

uint32_t rulebook_says(struct world *w, const char *from, const char *type, const char *format, ...)
{
    char body[BODY_MAX];
    char subject[256];
    va_list args;
    rulebook_subject(NULL, 0, subject);
    int len = snprintf(body, sizeof body, "{\"subject\":%s,", subject);
    va_start(args, format);
    len += vsnprintf(body + len, sizeof body - (size_t)len, format, args);
    va_end(args);
    assert_in_range(len, 1, BODY_MAX - 2);
    strcat(body, "}");
    return book_tell(w, from, type, body);
}

/* ---- a play ---- */

uint32_t rulebook_order(struct world *w, const char *from, const struct paper *paper,
                        const char *basis, const char *basis_too)
{
    char body[PAPER_MAX];
    paper_order(paper, body);
    const struct mail mail = {.from = from,
                              .type = "sanction.order",
                              .to = {"hub.445100"},
                              .facts = body,
                              .basis = {basis, basis_too}};
    world_send(w, &mail, book_env_id);
    return world_code(w, from, book_env_id);
}

uint32_t rulebook_fine(struct world *w, struct paper paper)
{
    char subject[256];
    char today[16];
    char number[64];
    rulebook_subject(NULL, 0, subject);
    rulebook_date(w, today);
    paper.subject = subject;
    paper.list = "penalty_record";
    paper.trigger = "penalty_larger_fine";
    paper.severity = "ordinary";
    if (paper.order_id == NULL)
        paper.order_id = FINE_ID;
    if (paper.decided == NULL)
        paper.decided = today;
    snprintf(number, sizeof number, "潮市监罚〔2026〕%.8s号", paper.order_id);
    if (paper.number == NULL)
        paper.number = number;
    return rulebook_order(w, "market.445100", &paper, "AP48", NULL);
}

void rulebook_assert_due(struct world *w, uint32_t last, size_t count)
{
    char due[CLOCK_TEXT_LEN + 1];
    clock_format(date_end_ms(last), due);
    struct json *json = world_ask(w, "{\"cmd\":\"obligations\"}");
    const struct json *rows = json_get(json, "obligations");
    size_t found = 0;
    for (size_t i = 0; i < json_count(rows); i++) {
        const struct json *row = json_item(rows, i);
        if (strcmp(json_get_text(row, "state"), "delivered") != 0)
            continue;
        assert_string_equal(json_get_text(row, "answer_due"), due);
        found++;
    }
    json_close(&json);
    assert_int_equal(found, count);
}

uint32_t rulebook_change(struct world *w, const char *from, const char *type, const char *order_id,
                         uint32_t version, const char *decided)
{
    char subject[256];
    char today[16];
    char body[PAPER_MAX];
    rulebook_subject(NULL, 0, subject);
    rulebook_date(w, today);
    const struct paper paper = {.subject = subject,
                                .order_id = order_id,
                                .version = version,
                                .decided = decided != NULL ? decided : today};
    paper_change(&paper, body);
    return book_tell(w, from, type, body);
}

static uint32_t impose(struct world *w, const struct play *play)
{
    char subject[256];
    char persons[1024] = "";
    rulebook_subject(play->kind, 0, subject);
    for (size_t i = 0; play->persons != NULL && play->persons[i] != '\0'; i++) {
        char one[160];
        rulebook_person(play->persons[i], i + 1, one);
        snprintf(persons + strlen(persons), sizeof persons - strlen(persons), "%s%s",
                 i > 0 ? "," : "", one);
    }
    const struct paper paper = {.subject = subject,
                                .persons = persons,
                                .order_id = ID,
                                .list = play->list,
                                .trigger = play->trigger,
                                .severity = play->ordinary ? "ordinary" : "serious",
                                .decided = play->decided != NULL ? play->decided : "2026-04-01",
                                .max = play->max,
                                .repair = play->repair};
    return rulebook_order(w, play->issuer, &paper, play->basis[0], play->basis[1]);
}

static uint32_t change(struct world *w, const struct play *play, const char *from, const char *type)
{
    char subject[256];
    char date[16];
    char body[PAPER_MAX];
    struct json *json = world_ask(w, QUERY);
    uint64_t version = 0;
    assert_true(json_uint(json_get(json, "version"), &version));
    json_close(&json);
    rulebook_date(w, date);
    rulebook_subject(play->kind, 0, subject);
    const struct paper paper = {
        .subject = subject, .order_id = ID, .version = (uint32_t)version + 1, .decided = date};
    paper_change(&paper, body);
    return book_tell(w, from, type, body);
}

/* The first day on which something runs out; NULL: nothing does. */
static const char *next_end(const struct play *play, uint32_t today)
{
    const char *first = NULL;
    for (const struct owed_line *l = play->line; l->measure != NULL; l++) {
        if (l->until[0] == '\0' || rulebook_over(l, today))
            continue;
        if (first == NULL || strcmp(l->until, first) < 0)
            first = l->until;
    }
    return first;
}

static size_t live_lines(const struct play *play, uint32_t today)
{
    size_t count = 0;
    for (const struct owed_line *l = play->line; l->measure != NULL; l++)
        count += !rulebook_over(l, today);
    return count;
}

/* The day has come on which the law lets the entry be repaired, not a day before. */
static void repaired(struct world *w, const struct play *play)
{
    const uint32_t day = rulebook_number(play->repair);
    if (naive_day(w->now_ms) < day) {
        const uint64_t eve = date_start_ms(day) - 1;
        world_pass(w, eve - w->now_ms);
        rulebook_assert_restricted(w, play, true);
        assert_int_equal(change(w, play, play->issuer, "sanction.lift"), ERR_TERM);
        world_pass(w, 1);
    }
    assert_int_equal(change(w, play, play->issuer, "sanction.lift"), 0);
}

/* The last days of what runs out are lived through; what outlives everybody is annulled. */
static void runs_out(struct world *w, const struct play *play, const char *before)
{
    const char *end;
    while ((end = next_end(play, naive_day(w->now_ms))) != NULL &&
           (before == NULL || strcmp(end, before) < 0)) {
        rulebook_until(w, end, 1);
        rulebook_assert_restricted(w, play, true);
        rulebook_assert_owed(w, play);
        world_pass(w, 1);
        rulebook_assert_restricted(w, play, true);
        assert_true(rulebook_obey(w, lianshu_NoticeStage_STAGE_LIFT) > 0);
        rulebook_assert_owed(w, play);
    }
}

void rulebook_play(struct world *w, const struct play *play)
{
    const uint32_t code = impose(w, play);
    if (code != play->refused)
        fail_msg("%s: answered with E%03u", play->rule, code);
    if (code != 0) {
        rulebook_assert_nothing_left(w);
        return;
    }
    struct json *json = world_ask(w, QUERY);
    assert_string_equal(json_get_text(json, "rule"), play->rule);
    json_close(&json);
    rulebook_assert_owed(w, play);
    assert_int_equal(world_status(w, "unassigned"), 0);
    rulebook_assert_restricted(w, play, true);
    rulebook_obey(w, lianshu_NoticeStage_STAGE_IMPOSE);
    rulebook_assert_gates(w, play, true);
    runs_out(w, play, play->repair);
    const size_t left = live_lines(play, naive_day(w->now_ms));
    if (play->repair != NULL) {
        repaired(w, play);
    } else if (left > 0) { /* for life: never repaired, ended by the court alone */
        const char *court =
            strcmp(play->issuer, "court.440000") == 0 ? play->issuer : "court.440000";
        assert_int_equal(change(w, play, play->issuer, "sanction.lift"), ERR_TERM);
        assert_int_equal(change(w, play, court, "sanction.annul"), 0);
    }
    if (left > 0)
        assert_true(rulebook_obey(w, lianshu_NoticeStage_STAGE_LIFT) > 0);
    rulebook_assert_restricted(w, play, false);
    rulebook_assert_nothing_left(w);
    rulebook_assert_gates(w, play, false);
}

static const struct play *current;

static int play_setup(void **state)
{
    current = *state;
    return rulebook_setup(state);
}

static void plays_from_its_trigger_to_the_last_lift(void **state)
{
    rulebook_play(*state, current);
}

int rulebook_run(const char *name, const struct play *plays, size_t count)
{
    static struct CMUnitTest tests[RULEBOOK_PLAYS_MAX];
    assert(count <= RULEBOOK_PLAYS_MAX);
    for (size_t i = 0; i < count; i++) {
        union {
            const struct play *play;
            void *state;
        } at = {.play = &plays[i]};
        tests[i] = (struct CMUnitTest){.name = plays[i].name,
                                       .test_func = plays_from_its_trigger_to_the_last_lift,
                                       .setup_func = play_setup,
                                       .teardown_func = world_teardown,
                                       .initial_state = at.state};
    }
    return _cmocka_run_group_tests(name, tests, count, NULL, NULL);
}
