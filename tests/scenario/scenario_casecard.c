/* What the hub does with a case: the card, who may act, its clocks when it changes hands, what
 * follows when a term is over, and who held which file. */
#include "scenario/casework.h"

#include "base/clock.h"
#include "keys/attachment.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define REMINDER   lianshu_HubNoticeKind_HUBNOTICE_REMINDER
#define OVERDUE    lianshu_HubNoticeKind_HUBNOTICE_OVERDUE
#define UNANSWERED lianshu_HubNoticeKind_HUBNOTICE_UNANSWERED
#define LISTING    lianshu_HubNoticeKind_HUBNOTICE_LISTING

static void all_connect(struct world *w)
{
    static const char *const later[] = {"police.440000", "police.445102", "market.440000",
                                        "procuratorate.440000"};
    world_enrol_all(w, later, T_COUNT(later), 1);
    world_hello(w, CASE_MARKET);
    world_hello(w, CASE_POLICE);
    world_hello(w, CASE_PP);
    world_hello(w, "health.445100");
}

/* ---- the card ---- */

static const struct json *step_at(const struct json *card, size_t i)
{
    return json_item(json_get(card, "steps"), i);
}

static void the_card_shows_steps_documents_clocks_regions_and_what_is_due_next(void **state)
{
    struct world *w = *state;
    all_connect(w);
    work_take(w, &WORK_REFERRED);
    world_pass(w, HOUR_MS);
    work_take(w, &WORK_TAKEN);
    struct json *card = work_card(w);
    assert_string_equal(json_get_text(card, "state"), "RECEIVED");
    assert_string_equal(json_get_text(card, "state_zh"), "已接受");
    assert_string_equal(json_get_text(card, "owner"), CASE_POLICE);
    assert_string_equal(json_get_text(card, "opener"), CASE_MARKET);
    assert_int_equal(json_count(json_get(card, "regions")), 1);
    assert_int_equal(json_count(json_get(card, "steps")), 2);
    const struct json *first = step_at(card, 0);
    assert_string_equal(json_get_text(first, "transition"), "T07");
    assert_string_equal(json_get_text(first, "type_zh"), "案件移送");
    assert_string_equal(json_get_text(first, "type_en"), "case referral");
    assert_string_equal(json_get_text(first, "papers"), "D04 D05 D06");
    assert_string_equal(json_get_text(first, "by"), CASE_MARKET);
    assert_int_equal(strlen(json_get_text(first, "document")), 64);
    assert_true(json_flag(json_get(step_at(card, 1), "in_time")));
    const struct json *paper = json_item(json_get(card, "papers"), 0);
    assert_string_equal(json_get_text(paper, "paper_zh"), "涉嫌犯罪案件移送书");
    assert_string_equal(json_get_text(paper, "paper_en"), "letter of transfer");
    const struct json *next = json_get(card, "next");
    assert_string_equal(json_get_text(next, "clock"), "T13");
    assert_string_equal(json_get_text(next, "by"), CASE_POLICE);
    assert_false(json_flag(json_get(next, "overdue")));
    json_close(&card);
    assert_string_equal(work_clock(w, "T08", "state"), "stopped");
    assert_string_equal(work_clock(w, "T03", "state"), "suspended");
    assert_string_equal(work_clock(w, "T13", "waits"), CASE_MARKET);
}

static void cases_are_listed_by_who_takes_part_and_by_what_is_overdue(void **state)
{
    struct world *w = *state;
    struct work other = WORK_REFERRED;
    other.id = "0202030405060708090a0b0c0d0e0f10";
    other.owner = "police.445102";
    other.to[0] = "police.445102";
    all_connect(w);
    work_take(w, &WORK_REFERRED);
    work_take(w, &other);
    work_take(w, &WORK_TAKEN);
    world_pass(w, 25 * (uint64_t)HOUR_MS); /* the other one is not acknowledged */
    static const struct {
        const char *query;
        size_t count;
    } rows[] = {
        {"{\"cmd\":\"cases\"}", 2},
        {"{\"cmd\":\"cases\",\"member\":\"" CASE_MARKET "\"}", 2},
        {"{\"cmd\":\"cases\",\"member\":\"" CASE_POLICE "\"}", 1},
        {"{\"cmd\":\"cases\",\"member\":\"health.445100\"}", 0},
        {"{\"cmd\":\"cases\",\"overdue\":\"yes\"}", 1},
        {"{\"cmd\":\"cases\",\"overdue\":\"yes\",\"member\":\"" CASE_POLICE "\"}", 0},
    };
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        print_message("row %zu: %s\n", i, rows[i].query);
        assert_int_equal(book_count(w, rows[i].query, "cases", NULL, NULL), rows[i].count);
    }
    assert_string_equal(book_first(w, rows[4].query, "cases", "clock"), "T08");
}

static void the_table_of_steps_is_answered_as_rows_and_as_drawings(void **state)
{
    struct world *w = *state;
    struct json *json = world_ask(w, "{\"cmd\":\"case.graph\"}");
    assert_true(json_count(json_get(json, "graph")) > 60);
    assert_true(json_count(json_get(json, "states")) > 30);
    json_close(&json);
    static const char *const forms[] = {"table", "mermaid", "dot"};
    for (size_t i = 0; i < T_COUNT(forms); i++) {
        char query[64];
        snprintf(query, sizeof query, "{\"cmd\":\"case.graph\",\"form\":\"%s\"}", forms[i]);
        json = world_ask(w, query);
        assert_non_null(strstr(json_get_text(json, "text"), "PS_REVIEW"));
        json_close(&json);
    }
    static uint8_t room[1024];
    struct writer out = writer_of(room, sizeof room - 1);
    static const char SVG[] = "{\"cmd\":\"case.graph\",\"form\":\"svg\"}";
    assert_int_equal(core_query(w->core, span_str(SVG), w->now_ms, &out), OK);
    assert_non_null(strstr((const char *)room, "E011"));
}

static void the_card_is_the_same_after_a_restart(void **state)
{
    struct world *w = *state;
    all_connect(w);
    work_take(w, &WORK_REFERRED);
    work_take(w, &WORK_TAKEN);
    char *before = NULL;
    char *after = NULL;
    size_t len;
    struct json *card = work_card(w);
    assert_int_equal(json_print(card, false, &before, &len), OK);
    json_close(&card);
    world_restart(w);
    card = work_card(w);
    assert_int_equal(json_print(card, false, &after, &len), OK);
    assert_string_equal(before, after);
    json_close(&card);
    free(before);
    free(after);
}

/* ---- who may act ---- */

static void only_a_member_with_a_part_in_the_case_moves_it(void **state)
{
    struct world *w = *state;
    struct work stranger = WORK_TAKEN;
    stranger.from = "police.445102";
    struct work superior = WORK_TAKEN;
    superior.from = "police.440000";
    struct work early = WORK_FILED; /* it is not acknowledged */
    all_connect(w);
    assert_int_equal(work_send(w, &WORK_TAKEN), ERR_CASE_STATE); /* no such case */
    work_take(w, &WORK_REFERRED);
    assert_int_equal(work_send(w, &stranger), ERR_CASE_STATE);
    assert_int_equal(work_send(w, &superior), ERR_CASE_STATE);
    assert_int_equal(work_send(w, &early), ERR_CASE_STATE);
    struct work market = WORK_TAKEN;
    market.from = CASE_MARKET; /* no police */
    market.to[0] = CASE_POLICE;
    assert_int_equal(work_send(w, &market), ERR_CASE_STATE);
    work_take(w, &WORK_TAKEN);
    assert_string_equal(work_says(w, "state"), "RECEIVED");
}

static void a_step_that_has_not_happened_yet_or_names_an_unknown_trigger_is_refused(void **state)
{
    struct world *w = *state;
    struct work future = WORK_REFERRED;
    future.ago_h = -1;
    struct work unknown = WORK_REFERRED;
    unknown.more = ",\"trigger\":\"NOSUCH\"";
    all_connect(w);
    assert_int_equal(work_send(w, &future), ERR_FUTURE);
    assert_int_equal(work_send(w, &unknown), ERR_FIELD_VALUE);
    assert_int_equal(book_count(w, "{\"cmd\":\"cases\"}", "cases", NULL, NULL), 0);
}

static void a_copy_gives_a_part_only_where_the_table_says_so(void **state)
{
    struct world *w = *state;
    struct work refused = WORK_FILED;
    refused.from = CASE_PP; /* it has a copy; the decision is not its own */
    struct work supervised = {.from = "police.440000",
                              .to = {CASE_POLICE},
                              .type = "case.supervise",
                              .transition = "S01",
                              .outcome = "supervised",
                              .owner = CASE_POLICE,
                              .papers = "\"D31\""};
    struct work low = supervised;
    low.from = "police.445102"; /* not above the police of the case */
    all_connect(w);
    work_take(w, &WORK_REFERRED);
    work_take(w, &WORK_TAKEN);
    assert_int_equal(work_send(w, &refused), ERR_CASE_STATE);
    assert_int_equal(work_send(w, &low), ERR_CASE_STATE);
    work_take(w, &supervised); /* the superior, which had no part */
    assert_string_equal(work_says(w, "state"), "RECEIVED");
    assert_string_equal(work_clock(w, "SUPERVISED", "owner"), CASE_POLICE);
    assert_string_equal(work_clock(w, "SUPERVISED", "waits"), "police.440000");
}

/* ---- hands ---- */

static void a_case_that_changes_hands_keeps_its_id_history_and_clocks(void **state)
{
    struct world *w = *state;
    static const struct work forwarded = {.from = CASE_POLICE,
                                          .to = {CASE_MARKET, "police.445102"},
                                          .type = "case.forward",
                                          .transition = "T11",
                                          .outcome = "competent",
                                          .owner = "police.445102",
                                          .papers = "\"D11\""};
    struct work taken = WORK_TAKEN;
    taken.from = "police.445102";
    taken.owner = "police.445102";
    all_connect(w);
    work_take(w, &WORK_REFERRED);
    work_take(w, &WORK_TAKEN);
    work_take(w, &forwarded);
    assert_string_equal(work_says(w, "owner"), "police.445102");
    assert_string_equal(work_clock(w, "T08", "owner"), "police.445102");
    char suspended[32];
    snprintf(suspended, sizeof suspended, "%s", work_clock(w, "T03", "suspended"));
    world_pass(w, HOUR_MS);
    work_take(w, &taken);
    struct json *card = work_card(w);
    assert_int_equal(json_count(json_get(card, "steps")), 4);
    assert_int_equal(json_count(json_get(card, "regions")), 2);
    json_close(&card);
    assert_string_equal(work_clock(w, "T13", "owner"), "police.445102");
    assert_string_equal(work_clock(w, "T03", "suspended"), suspended); /* its rest is as it was */
    struct work filed = WORK_FILED;
    assert_int_equal(work_send(w, &filed), 0); /* the first police acted in it: still a party */
}

static void
the_ninety_days_rest_while_the_police_look_and_run_on_when_they_do_not_file(void **state)
{
    struct world *w = *state;
    all_connect(w);
    work_take(w, &WORK_REFERRED);
    work_take(w, &WORK_TAKEN);
    char due[32];
    snprintf(due, sizeof due, "%s", work_clock(w, "T03", "due"));
    world_pass(w, 48 * (uint64_t)HOUR_MS);
    work_take(w, &WORK_NOT_FILED);
    assert_string_equal(work_clock(w, "T03", "state"), "running");
    assert_true(strcmp(work_clock(w, "T03", "due"), due) > 0); /* two days later */
    assert_string_equal(work_clock(w, "T16", "owner"), CASE_MARKET);
}

/* ---- a term is over ---- */

static void who_must_act_is_reminded_and_a_breach_is_told_to_those_the_clock_names(void **state)
{
    struct world *w = *state;
    all_connect(w);
    work_take(w, &WORK_REFERRED); /* T08: 24 hours of the police */
    for (int h = 0; h < 23; h++)
        world_pass(w, HOUR_MS);
    assert_int_equal(work_told(w, CASE_POLICE, REMINDER, "T08"), 2); /* 50, 80 */
    assert_int_equal(work_told(w, CASE_PP, OVERDUE, ""), 0);
    assert_int_equal(work_told(w, CASE_MARKET, UNANSWERED, ""), 0);
    world_pass(w, 2 * (uint64_t)HOUR_MS);
    assert_int_equal(work_told(w, CASE_POLICE, REMINDER, "T08"), 3);
    assert_int_equal(work_told(w, CASE_PP, OVERDUE, "T08"), 1);
    assert_int_equal(work_told(w, "police.440000", OVERDUE, "T08"), 1);
    assert_int_equal(work_told(w, CASE_MARKET, UNANSWERED, "T08"), 1); /* a negative receipt */
    assert_int_equal(work_told(w, "procuratorate.440000", OVERDUE, ""), 0);
    book_days(w, 3);
    assert_int_equal(work_told(w, CASE_MARKET, UNANSWERED, ""), 1); /* once */
    assert_string_equal(work_says(w, "state"), "TRANSFERRED");      /* silence moves nothing */
}

static void a_step_in_time_silences_its_clock(void **state)
{
    struct world *w = *state;
    all_connect(w);
    work_take(w, &WORK_REFERRED);
    world_pass(w, HOUR_MS);
    work_take(w, &WORK_TAKEN);
    world_pass(w, 24 * (uint64_t)HOUR_MS);
    assert_int_equal(work_told(w, CASE_POLICE, REMINDER, "T08"), 0);
    assert_int_equal(work_told(w, CASE_POLICE, REMINDER, "T09"), 0); /* due only if it is done */
    work_take(w, &WORK_FILED);
    book_days(w, 10);
    assert_int_equal(work_told(w, CASE_PP, OVERDUE, "T13"), 0);
    assert_int_equal(work_told(w, CASE_MARKET, REMINDER, "T15"), 3); /* goods not handed over */
    assert_int_equal(work_told(w, "market.440000", OVERDUE, "T15"), 1);
}

static void a_right_that_lapses_is_told_and_cannot_be_used_after_its_term(void **state)
{
    struct world *w = *state;
    static const struct work reconsider = {.from = CASE_MARKET,
                                           .to = {CASE_POLICE},
                                           .type = "case.reconsider",
                                           .transition = "T16",
                                           .owner = CASE_POLICE,
                                           .papers = "\"D15\""};
    all_connect(w);
    work_take(w, &WORK_REFERRED);
    work_take(w, &WORK_TAKEN);
    work_take(w, &WORK_NOT_FILED);
    book_days(w, 8);
    assert_true(work_told(w, CASE_MARKET, REMINDER, "T16") >= 2);
    assert_int_equal(work_told(w, "market.440000", OVERDUE, "T16"), 0);
    assert_int_equal(work_send(w, &reconsider), ERR_CASE_LAPSED);
}

/* ---- documents outside of cases ---- */

static const struct mail severe = {
    .from = "health.445100",
    .type = "aefi.report",
    .to = {CASE_MARKET},
    .conversation = "a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5",
    .facts = "{\"subject\":{\"kind\":\"batch\",\"id\":\"国药准字S20200001/B-7\","
             "\"name\":\"疫苗\",\"region\":\"445100\"},\"product_name\":\"疫苗\","
             "\"approval_number\":\"国药准字S20200001\",\"batch_number\":\"B-7\","
             "\"report_date\":\"2026-04-01\",\"grade\":\"severe\","
             "\"event_ms\":\"2026-04-01T01:00:00+08:00\"}",
    .sealed = "{\"report_number\":\"AEFI-1\",\"classification\":\"异常反应\","
              "\"severity\":\"严重\",\"patient_name\":\"示例丙\","
              "\"patient_id\":\"999999199001010016\",\"vaccination_date\":\"2026-03-30\","
              "\"onset_ms\":\"2026-03-31T10:00:00+08:00\",\"symptoms\":\"发热\","
              "\"outcome\":\"好转\",\"site\":\"示例接种点\",\"reporter\":\"示例丁\"}"};

static void a_report_of_an_adverse_event_runs_on_the_same_clocks(void **state)
{
    struct world *w = *state;
    uint8_t env_id[HASH_LEN];
    static const char ALL[] = "{\"cmd\":\"cases\"}";
    all_connect(w);
    world_enrol(w, "health.440000");
    world_send(w, &severe, env_id);
    assert_int_equal(world_code(w, severe.from, env_id), 0);
    assert_int_equal(book_count(w, ALL, "cases", "type", "aefi.report"), 1);
    assert_string_equal(book_first(w, ALL, "cases", "clock"), "AEFI-START");
    /* Two hours from when the reporter learned of it; it came later. */
    assert_int_equal(work_told(w, "health.440000", OVERDUE, "AEFI-SEVERE"), 1);
    book_days(w, 3); /* nobody begins to investigate within 48 hours */
    assert_string_equal(book_first(w, "{\"cmd\":\"cases\",\"overdue\":\"yes\"}", "cases", "clock"),
                        "AEFI-START");
    struct mail begun = severe;
    begun.from = CASE_MARKET;
    begun.to[0] = "health.445100";
    begun.type = "event.feedback";
    begun.facts = "{\"subject\":{\"kind\":\"batch\",\"id\":\"国药准字S20200001/B-7\","
                  "\"name\":\"疫苗\",\"region\":\"445100\"},\"product_name\":\"疫苗\","
                  "\"approval_number\":\"国药准字S20200001\",\"batch_number\":\"B-7\","
                  "\"report_date\":\"2026-04-04\",\"grade\":\"preliminary\"}";
    begun.sealed = "{\"text\":\"初步报告\"}";
    world_send(w, &begun, env_id);
    assert_int_equal(world_code(w, begun.from, env_id), 0);
    assert_int_equal(book_count(w, "{\"cmd\":\"cases\",\"overdue\":\"yes\"}", "cases", NULL, NULL),
                     0);
}

static void another_conversation_stops_no_clock(void **state)
{
    struct world *w = *state;
    uint8_t env_id[HASH_LEN];
    all_connect(w);
    world_send(w, &severe, env_id);
    struct mail stray = severe;
    stray.from = CASE_MARKET;
    stray.to[0] = "health.445100";
    stray.type = "event.feedback";
    stray.conversation = "b5b5b5b5b5b5b5b5b5b5b5b5b5b5b5b5";
    stray.facts = "{\"subject\":{\"kind\":\"batch\",\"id\":\"国药准字S20200001/B-7\","
                  "\"name\":\"疫苗\",\"region\":\"445100\"},\"product_name\":\"疫苗\","
                  "\"approval_number\":\"国药准字S20200001\",\"batch_number\":\"B-7\","
                  "\"report_date\":\"2026-04-04\",\"grade\":\"preliminary\"}";
    stray.sealed = "{\"text\":\"初步报告\"}";
    world_send(w, &stray, env_id);
    assert_int_equal(book_count(w, "{\"cmd\":\"cases\"}", "cases", NULL, NULL), 1);
    struct mail outsider = stray; /* the right conversation, but no part in it */
    outsider.from = CASE_POLICE;
    outsider.conversation = severe.conversation;
    world_send(w, &outsider, env_id);
    book_days(w, 3);
    assert_int_equal(book_count(w, "{\"cmd\":\"cases\",\"overdue\":\"yes\"}", "cases", NULL, NULL),
                     1);
}

/* ---- T30 ---- */

static void a_result_with_a_trigger_tells_who_may_list_under_which_rule(void **state)
{
    struct world *w = *state;
    static const struct work withdrawn = {.from = CASE_POLICE,
                                          .to = {CASE_MARKET},
                                          .type = "case.result",
                                          .transition = "T23",
                                          .outcome = "withdrawn",
                                          .owner = CASE_MARKET,
                                          .papers = "\"D22\"",
                                          .more = ",\"trigger\":\"DL116_118\""};
    all_connect(w);
    work_take(w, &WORK_REFERRED);
    work_take(w, &WORK_TAKEN);
    work_take(w, &WORK_FILED);
    assert_int_equal(work_told(w, CASE_MARKET, LISTING, ""), 0);
    work_take(w, &withdrawn);
    assert_int_equal(work_told(w, CASE_MARKET, LISTING, "R01"), 1);
    assert_int_equal(work_told(w, CASE_MARKET, LISTING, ""), 1);
    assert_int_equal(work_told(w, CASE_POLICE, LISTING, ""), 0);
}

/* Of an administrative case: registered, accepted, filed. */
static void file_here(struct world *w)
{
    static const char *const steps[][3] = {
        {"C01", "registered", ""}, {"T01", "accepted", ""}, {"T02", "filed", "\"D02\""}};
    for (size_t i = 0; i < T_COUNT(steps); i++) {
        const struct work step = {.from = CASE_MARKET,
                                  .to = {"hub.445100"},
                                  .type = "case.record",
                                  .transition = steps[i][0],
                                  .outcome = steps[i][1],
                                  .owner = CASE_MARKET,
                                  .papers = steps[i][2][0] == '\0' ? NULL : steps[i][2]};
        struct mail mail = work_mail(w, &step);
        uint8_t env_id[HASH_LEN];
        mail.sealed = NULL;
        world_send(w, &mail, env_id);
        assert_int_equal(world_code(w, CASE_MARKET, env_id), 0);
    }
}

static uint32_t penalize(struct world *w, const char *from, const char *case_id)
{
    char facts[512];
    uint8_t env_id[HASH_LEN];
    snprintf(facts, sizeof facts,
             "{\"subject\":" PUNISHED ",\"trigger\":\"DL116_118\",\"severity\":\"serious\","
             "\"decision_number\":\"示罚〔2026〕1号\",\"decision_date\":\"2026-04-01\","
             "\"case_id\":\"%s\"}",
             case_id);
    const struct mail mail = {
        .from = from, .type = "penalty.decision", .to = {"hub.445100"}, .facts = facts};
    world_send(w, &mail, env_id);
    return world_code(w, from, env_id);
}

static void
a_penalty_decision_stands_on_the_card_of_its_case_and_starts_the_evaluation(void **state)
{
    struct world *w = *state;
    all_connect(w);
    file_here(w);
    assert_int_equal(penalize(w, "health.445100", CASE_ID), ERR_CASE_STATE); /* no part in it */
    assert_int_equal(penalize(w, CASE_MARKET, "0102"), ERR_FIELD_VALUE);
    assert_int_equal(penalize(w, CASE_MARKET, "0123456789abcdef0123456789abcdef"), ERR_CASE_STATE);
    assert_string_equal(work_clock(w, "T30", "state"), "");
    assert_int_equal(penalize(w, CASE_MARKET, CASE_ID), 0);
    assert_string_equal(work_says(w, "state"), "ADMIN_DECISION");
    assert_string_equal(work_clock(w, "T03", "state"), "stopped");
    assert_string_equal(work_clock(w, "T30", "state"), "running");
    assert_string_equal(work_clock(w, "T30", "owner"), CASE_MARKET);
    struct json *card = work_card(w);
    const struct json *step = json_item(json_get(card, "steps"), 3);
    assert_string_equal(json_get_text(step, "type"), "penalty.decision");
    assert_string_equal(json_get_text(step, "transition"), "T03");
    assert_string_equal(json_get_text(step, "outcome"), "serious");
    json_close(&card);
}

static void a_penalty_in_place_of_the_transfer_is_refused(void **state)
{
    struct world *w = *state;
    all_connect(w);
    work_take(w, &WORK_REFERRED);
    assert_int_equal(penalize(w, CASE_MARKET, CASE_ID), ERR_CASE_BARRED);
    assert_string_equal(work_says(w, "state"), "TRANSFERRED");
}

/* ---- custody ---- */

static void the_chain_of_custody_says_who_held_which_file_when(void **state)
{
    struct world *w = *state;
    lianshu_ManifestFile file;
    int fd;
    all_connect(w);
    struct attachment *a = work_file(w, &file, &fd);
    struct work referred = WORK_REFERRED;
    referred.file = &file;
    work_send_file(w, &referred, a);
    work_take(w, &WORK_TAKEN);
    work_take(w, &WORK_FILED);
    static const struct work handed = {.from = CASE_MARKET,
                                       .to = {CASE_POLICE},
                                       .type = "case.handover",
                                       .transition = "T15",
                                       .owner = CASE_POLICE,
                                       .papers = "\"D21\""};
    work_take(w, &handed);
    struct json *json = world_ask(w, "{\"cmd\":\"case.custody\",\"id\":\"" CASE_ID "\"}");
    assert_int_equal(json_count(json_get(json, "items")), 1);
    const struct json *item = json_item(json_get(json, "items"), 0);
    int64_t bytes = 0;
    assert_true(json_int(json_get(item, "bytes"), &bytes));
    assert_int_equal(bytes, 8);
    static const char *const events[] = {"sent", "delivered", "delivered"};
    const struct json *chain = json_get(item, "custody");
    assert_int_equal(json_count(chain), T_COUNT(events));
    for (size_t i = 0; i < T_COUNT(events); i++)
        assert_string_equal(json_get_text(json_item(chain, i), "event"), events[i]);
    assert_string_equal(json_get_text(json_item(chain, 0), "by"), CASE_MARKET);
    assert_string_equal(json_get_text(json_item(chain, 0), "to"), CASE_POLICE " " CASE_PP);
    const struct json *handover = json_item(json_get(json, "handovers"), 0);
    assert_string_equal(json_get_text(handover, "by"), CASE_MARKET);
    assert_string_equal(json_get_text(handover, "to"), CASE_POLICE);
    json_close(&json);
    attachment_close(&a);
    close(fd);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, world_setup, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(the_card_shows_steps_documents_clocks_regions_and_what_is_due_next),
        CASE(cases_are_listed_by_who_takes_part_and_by_what_is_overdue),
        CASE(the_table_of_steps_is_answered_as_rows_and_as_drawings),
        CASE(the_card_is_the_same_after_a_restart),
        CASE(only_a_member_with_a_part_in_the_case_moves_it),
        CASE(a_step_that_has_not_happened_yet_or_names_an_unknown_trigger_is_refused),
        CASE(a_copy_gives_a_part_only_where_the_table_says_so),
        CASE(a_case_that_changes_hands_keeps_its_id_history_and_clocks),
        CASE(the_ninety_days_rest_while_the_police_look_and_run_on_when_they_do_not_file),
        CASE(who_must_act_is_reminded_and_a_breach_is_told_to_those_the_clock_names),
        CASE(a_step_in_time_silences_its_clock),
        CASE(a_right_that_lapses_is_told_and_cannot_be_used_after_its_term),
        CASE(a_report_of_an_adverse_event_runs_on_the_same_clocks),
        CASE(another_conversation_stops_no_clock),
        CASE(a_result_with_a_trigger_tells_who_may_list_under_which_rule),
        CASE(a_penalty_decision_stands_on_the_card_of_its_case_and_starts_the_evaluation),
        CASE(a_penalty_in_place_of_the_transfer_is_refused),
        CASE(the_chain_of_custody_says_who_held_which_file_when),
    };
    return cmocka_run_group_tests_name("casecard", tests, NULL, NULL);
}
