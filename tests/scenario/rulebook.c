#include "scenario/rulebook.h"

#include "scenario/naive.h"

#include "base/clock.h"
#include "base/hex.h"
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

static uint32_t number_of(const char *date)
{
    uint32_t out = 0;
    assert_true(date_parse(date, &out));
    return out;
}

/* ---- what members do ---- */

static bool over(const struct owed_line *line, uint32_t today)
{
    return line->until[0] != '\0' && number_of(line->until) < today;
}

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

void rulebook_until(struct world *w, const char *date, uint64_t less_ms)
{
    const uint64_t at = date_end_ms(number_of(date)) - less_ms;
    assert_true(at >= w->now_ms);
    world_pass(w, at - w->now_ms);
}

static struct json *ask(struct world *w, const char *request)
{
    static uint8_t answer[CORE_QUERY_BYTES];
    struct writer out = writer_of(answer, sizeof answer);
    struct json *json = NULL;
    assert_int_equal(core_query(w->core, span_str(request), w->now_ms, &out), OK);
    assert_int_equal(json_parse(&json, writer_span(&out), "answer", NULL), OK);
    assert_null(json_get(json, "error"));
    return json;
}

/* ---- what must be the case ---- */

static const char *text(const struct json *row, const char *key)
{
    const char *value = json_get_text(row, key);
    return value != NULL ? value : "";
}

static bool ended(const char *state)
{
    return strcmp(state, "lift_due") == 0 || strcmp(state, "lifted") == 0 ||
           strcmp(state, "cancelled") == 0;
}

static bool owes(const struct owed_line *line, const struct json *row)
{
    static const char *const words[] = {"", "must", "consider", "notify"};
    char member[48];
    uint64_t on = 99;
    snprintf(member, sizeof member, "%s ", text(row, "member"));
    (void)json_uint(json_get(row, "subject_index"), &on);
    return strcmp(line->measure, text(row, "measure")) == 0 && on == line->on &&
           strcmp(words[line->force], text(row, "force")) == 0 && strlen(member) > 1 &&
           strstr(line->who, member) != NULL && strcmp(line->until, text(row, "end_date")) == 0;
}

static size_t members_of(const struct owed_line *line)
{
    size_t count = 0;
    for (const char *at = line->who; (at = strchr(at, ' ')) != NULL; at++)
        count++;
    return count;
}

void rulebook_assert_owed(struct world *w, const struct play *play)
{
    struct json *json = ask(w, "{\"cmd\":\"obligations\"}");
    const struct json *rows = json_get(json, "obligations");
    const uint32_t today = naive_day(w->now_ms);
    size_t expected = 0;
    size_t live = 0;
    for (size_t i = 0; i < json_count(rows); i++) {
        const struct json *row = json_item(rows, i);
        bool caused = false;
        if (ended(text(row, "state")) || text(row, "member")[0] == '\0')
            continue;
        live++;
        for (const struct owed_line *l = play->line; l->measure != NULL; l++)
            caused = caused || (!over(l, today) && owes(l, row));
        if (!caused)
            fail_msg("%s: %s owes %s (%s) until %s", play->rule, text(row, "member"),
                     text(row, "measure"), text(row, "force"), text(row, "end_date"));
    }
    for (const struct owed_line *l = play->line; l->measure != NULL; l++)
        expected += over(l, today) ? 0 : members_of(l);
    json_close(&json);
    if (live != expected)
        fail_msg("%s: owed %zu times, by the law %zu", play->rule, live, expected);
}

static bool restricts(const struct owed_line *line)
{
    return line->measure[0] == 'M' && line->measure[1] != '3';
}

/* The subject or the n-th person of a play. */
static void identity(const struct play *play, unsigned on, const char **kind,
                     char id[static NAIVE_ID_LEN + 1])
{
    *kind = on > 0 ? "person" : play->kind != NULL ? play->kind : "enterprise";
    if (strcmp(*kind, "person") == 0)
        naive_person_id(on, id);
    else
        naive_subject_id(0, id);
}

static void assert_against(struct world *w, const struct play *play, unsigned on, bool any)
{
    const uint32_t today = naive_day(w->now_ms);
    const char *kind;
    char id[NAIVE_ID_LEN + 1];
    char request[128];
    size_t expected = 0;
    identity(play, on, &kind, id);
    snprintf(request, sizeof request, "{\"cmd\":\"restrictions\",\"kind\":\"%s\",\"id\":\"%s\"}",
             kind, id);
    struct json *json = ask(w, request);
    const struct json *rows = json_get(json, "restrictions");
    for (const struct owed_line *l = play->line; l->measure != NULL; l++) {
        size_t found = 0;
        if (!any || l->on != on || !restricts(l) || over(l, today))
            continue;
        expected++;
        for (size_t i = 0; i < json_count(rows); i++)
            found += strcmp(text(json_item(rows, i), "measure"), l->measure) == 0 &&
                     strcmp(text(json_item(rows, i), "end_date"), l->until) == 0;
        if (found != 1)
            fail_msg("%s: %s against %u until %s is in force %zu times on %u", play->rule,
                     l->measure, on, l->until, found, today);
    }
    if (json_count(rows) != expected)
        fail_msg("%s: %zu restrictions against %u on %u, by the law %zu", play->rule,
                 json_count(rows), on, today, expected);
    json_close(&json);
}

void rulebook_assert_restricted(struct world *w, const struct play *play, bool any)
{
    const size_t persons = play->persons != NULL ? strlen(play->persons) : 0;
    for (unsigned on = 0; on <= persons; on++)
        assert_against(w, play, on, any);
}

void rulebook_assert_nothing_left(struct world *w)
{
    struct json *json = ask(w, "{\"cmd\":\"obligations\"}");
    const struct json *rows = json_get(json, "obligations");
    for (size_t i = 0; i < json_count(rows); i++) {
        const char *state = text(json_item(rows, i), "state");
        bool unassigned = text(json_item(rows, i), "member")[0] == '\0';
        if (strcmp(state, unassigned ? "cancelled" : "lifted") != 0)
            fail_msg("%s of %s is %s", text(json_item(rows, i), "measure"),
                     text(json_item(rows, i), "member"), state);
    }
    json_close(&json);
    assert_int_equal(world_status(w, "restrictions"), 0);
    world_settle(w);
    assert_int_equal(world_status(w, "undelivered"), 0);
    rulebook_put_away(w);
}

/* ---- gates ---- */

enum face { SUBJECT_OF_IT, PERSON_IN_IT };

/* What the hub does with a message about whom that measure stands against (domain B.7, design:
 * Enforcement on the way through). M04, M05 (courts, borders) and M27 (publicity) have no document
 * on this network that gives what they take; M31 to M33 are not the state's. */
static const struct probe {
    const char *measure;
    enum face face;
    enum force force; /* 0: any */
    const char *type;
    char role;       /* of the person in it */
    bool commitment; /* 告知承诺 */
    uint32_t code;
} probes[] = {
    {"M01", SUBJECT_OF_IT, 0, "licence.application", 0, false, ERR_RESTRICTED},
    {"M01", PERSON_IN_IT, 0, "subject.register", 'L', false, ERR_RESTRICTED},
    {"M02", PERSON_IN_IT, 0, "employment", 'E', false, ERR_RESTRICTED},
    {"M03", PERSON_IN_IT, 0, "appointment", 'L', false, ERR_RESTRICTED},
    {"M06", PERSON_IN_IT, 0, "employment", 'E', false, ERR_HELD},
    {"M06", SUBJECT_OF_IT, 0, "insurance.designation", 0, false, ERR_RESTRICTED},
    {"M07", PERSON_IN_IT, 0, "employment", 'E', false, ERR_FLAGGED},
    {"M07", SUBJECT_OF_IT, MUST, "insurance.designation", 0, false, ERR_RESTRICTED},
    {"M07", SUBJECT_OF_IT, CONSIDER, "insurance.designation", 0, false, ERR_HELD},
    {"M08", SUBJECT_OF_IT, CONSIDER, "procurement.award", 0, false, ERR_HELD},
    {"M09", SUBJECT_OF_IT, 0, "procurement.award", 0, false, ERR_RESTRICTED},
    {"M10", SUBJECT_OF_IT, 0, "licence.application", 0, false, ERR_HELD},
    {"M20", SUBJECT_OF_IT, CONSIDER, "subsidy", 0, false, ERR_HELD},
    {"M21", SUBJECT_OF_IT, MUST, "honour", 0, false, ERR_RESTRICTED},
    {"M21", SUBJECT_OF_IT, CONSIDER, "honour", 0, false, ERR_FLAGGED},
    {"M22", SUBJECT_OF_IT, 0, "licence.application", 0, true, ERR_RESTRICTED},
    {"M22", SUBJECT_OF_IT, 0, "subsidy", 0, false, ERR_FLAGGED},
    {"M24", SUBJECT_OF_IT, 0, "licence.application", 0, false, ERR_FLAGGED},
    {"M25", SUBJECT_OF_IT, MUST, "procurement.award", 0, false, ERR_RESTRICTED},
    {"M25", SUBJECT_OF_IT, CONSIDER, "procurement.award", 0, false, ERR_FLAGGED},
};

static unsigned strictness(uint32_t code)
{
    return code == ERR_RESTRICTED ? 3 : code == ERR_HELD ? 2 : code == ERR_FLAGGED ? 1 : 0;
}

static uint8_t sent_id[HASH_LEN];
static const char *sent_to;
static const char *sent_type;

uint32_t rulebook_send(struct world *w, const char *type, const char *facts, const char *to)
{
    static const char from[] = "procuratorate.445100";
    const struct mail mail = {.from = from, .type = type, .to = {to}, .facts = facts};
    rulebook_put_away(w);
    world_send(w, &mail, sent_id);
    sent_to = to;
    sent_type = type;
    uint32_t code = world_code(w, from, sent_id);
    const struct got *got = world_got(w, to, type, 0);
    assert_true(got == NULL || code == 0);
    return got != NULL && got->advisory_count > 0 ? (uint32_t)ERR_FLAGGED : code;
}

bool rulebook_named(struct world *w, const char *measure)
{
    const lianshu_Receipt *q = world_receipt(w, "procuratorate.445100", sent_id);
    const struct got *got = world_got(w, sent_to, sent_type, 0);
    const size_t count = got != NULL ? got->advisory_count : q->grounds_count;
    bool named = false;
    for (size_t i = 0; i < count; i++) {
        const lianshu_Ground *g = got != NULL ? &got->advisory[i] : &q->grounds[i];
        named = named || strcmp(g->measure, measure) == 0;
    }
    return named;
}

static void probe_text(const struct world *w, const struct play *play, const struct probe *p,
                       unsigned on, char out[static BODY_MAX])
{
    char subject[256];
    char person[160] = "";
    char date[16];
    const char *extra = "";
    const bool inside = p->face == PERSON_IN_IT;
    rulebook_date(w, date);
    rulebook_subject(inside ? NULL : play->kind, inside ? 1 : 0, subject);
    if (inside)
        rulebook_person(p->role, on, person);
    if (strcmp(p->type, "licence.application") == 0)
        extra = p->commitment ? "\"licence_kind\":\"drug_wholesale\",\"number\":\"L-1\","
                                "\"notice_and_commitment\":true,\"date\""
                              : "\"licence_kind\":\"drug_wholesale\",\"number\":\"L-1\",\"date\"";
    else if (strcmp(p->type, "honour") == 0 || strcmp(p->type, "subsidy") == 0)
        extra = "\"title\":\"T\",\"date\"";
    else if (strcmp(p->type, "procurement.award") == 0)
        extra = "\"kind\":\"province\",\"reference\":\"T-1\",\"date\"";
    else if (strcmp(p->type, "insurance.designation") == 0)
        extra = "\"reference\":\"T-1\",\"date\"";
    else if (strcmp(p->type, "subject.register") == 0)
        extra = "\"trade\":\"pharmacy\",\"reference\":\"S-1\",\"registered_date\"";
    else
        extra = "\"reference\":\"A-1\",\"from_date\"";
    int len = snprintf(out, BODY_MAX, "{\"subject\":%s,\"persons\":[%s],%s:\"%s\"}", subject,
                       person, extra, date);
    assert_true(len > 0 && len < BODY_MAX);
}

static bool meets(const struct play *play, const struct owed_line *l, const struct probe *p)
{
    const bool person = l->on > 0 || (play->kind != NULL && strcmp(play->kind, "person") == 0);
    if (strcmp(l->measure, p->measure) != 0 || (p->force != 0 && p->force != l->force))
        return false;
    if (p->face == SUBJECT_OF_IT) /* of a person only what it applies for itself */
        return l->on == 0 && (!person || strcmp(p->type, "licence.application") == 0);
    return person && (l->on > 0 || strcmp(p->measure, "M01") != 0);
}

/* What the strictest line about the same one makes of this message. */
static uint32_t expected(const struct play *play, const struct owed_line *about,
                         const struct probe *p, uint32_t today)
{
    uint32_t code = 0;
    for (const struct owed_line *l = play->line; l->measure != NULL; l++) {
        for (size_t i = 0; i < T_COUNT(probes); i++) {
            const struct probe *q = &probes[i];
            if (l->on == about->on && !over(l, today) && q->face == p->face &&
                strcmp(q->type, p->type) == 0 && (!q->commitment || p->commitment) &&
                meets(play, l, q) && strictness(q->code) > strictness(code))
                code = q->code;
        }
    }
    return code;
}

static void probe_line(struct world *w, const struct play *play, const struct owed_line *l,
                       bool any)
{
    static char facts[BODY_MAX];
    for (size_t i = 0; i < T_COUNT(probes); i++) {
        const struct probe *p = &probes[i];
        if (!meets(play, l, p))
            continue;
        const uint32_t code = any ? expected(play, l, p, naive_day(w->now_ms)) : 0;
        probe_text(w, play, p, l->on, facts);
        const uint32_t got = rulebook_send(w, p->type, facts, "police.445100");
        if (got != code ||
            (any && !over(l, naive_day(w->now_ms)) && !rulebook_named(w, l->measure)))
            fail_msg("%s: %s under %s is answered E%03u, by the law E%03u", play->rule, p->type,
                     l->measure, got, code);
        if (any && l->province && code == ERR_HELD) /* elsewhere nothing stands against it */
            assert_int_not_equal(rulebook_send(w, p->type, facts, "procurement.310000"), code);
    }
}

/* M23: every change of a licence is delivered, and who listed is told of it. */
static void probe_supervised(struct world *w, const struct play *play, const struct owed_line *l,
                             bool any)
{
    char subject[256];
    char date[16];
    char facts[BODY_MAX];
    if (strcmp(l->measure, "M23") != 0 || over(l, naive_day(w->now_ms)))
        return;
    rulebook_date(w, date);
    rulebook_subject(play->kind, 0, subject);
    snprintf(
        facts, sizeof facts,
        "{\"subject\":%s,\"licence_kind\":\"drug_wholesale\",\"number\":\"L-1\",\"date\":\"%s\"}",
        subject, date);
    const uint32_t code = rulebook_send(w, "licence.changed", facts, "police.445100");
    assert_true(any || code == 0);
    assert_int_equal(book_told(w, play->issuer, lianshu_HubNoticeKind_HUBNOTICE_COPY), any);
}

void rulebook_assert_gates(struct world *w, const struct play *play, bool any)
{
    for (const struct owed_line *l = play->line; l->measure != NULL; l++) {
        probe_line(w, play, l, any);
        probe_supervised(w, play, l, any);
    }
    rulebook_put_away(w);
}

/* ---- alerts ---- */

void rulebook_alerted(struct world *w, const char *rule, char out[static 512])
{
    static lianshu_HubNotice body;
    const char *told[RULEBOOK_MEMBERS];
    size_t count = 0;
    for (size_t m = 0; m < RULEBOOK_MEMBERS; m++) {
        const struct got *got;
        for (size_t i = 0; (got = world_got(w, rulebook_members[m], "hub.notice", i)) != NULL;
             i++) {
            assert_int_equal(
                wire_decode(&lianshu_HubNotice_msg, span_of(got->facts, got->facts_len), &body),
                OK);
            if (body.kind != lianshu_HubNoticeKind_HUBNOTICE_ALERT || strcmp(body.rule, rule) != 0)
                continue;
            assert_true(body.due_ms > w->now_ms);
            told[count++] = rulebook_members[m];
            break;
        }
    }
    out[0] = '\0';
    for (size_t k = 1; k < count; k++) {
        for (size_t i = k; i > 0 && strcmp(told[i - 1], told[i]) > 0; i--) {
            const char *swap = told[i];
            told[i] = told[i - 1];
            told[i - 1] = swap;
        }
    }
    for (size_t k = 0; k < count; k++)
        strcat(strcat(out, told[k]), " ");
}

/* ---- a play ---- */

static uint32_t impose(struct world *w, const struct play *play)
{
    char subject[256];
    char persons[1024] = "";
    char more[128] = "";
    char body[BODY_MAX];
    const char *decided = play->decided != NULL ? play->decided : "2026-04-01";
    rulebook_subject(play->kind, 0, subject);
    for (size_t i = 0; play->persons != NULL && play->persons[i] != '\0'; i++) {
        char one[160];
        rulebook_person(play->persons[i], i + 1, one);
        snprintf(persons + strlen(persons), sizeof persons - strlen(persons), "%s%s",
                 i > 0 ? "," : "", one);
    }
    if (play->max[0] != '\0')
        snprintf(more, sizeof more, "\"max_date\":\"%s\",", play->max);
    if (play->repair != NULL)
        snprintf(more + strlen(more), sizeof more - strlen(more),
                 "\"earliest_repair_date\":\"%s\",", play->repair);
    int len = snprintf(
        body, sizeof body,
        "{\"subject\":%s,\"persons\":[%s],\"order_id\":\"" ID "\",\"version\":1,\"list\":\"%s\","
        "\"trigger\":\"%s\",\"severity\":\"%s\",\"decision_body\":\"示例机关\","
        "\"decision_number\":\"示〔2026〕1号\",\"decision_date\":\"%s\",\"start_date\":\"%s\","
        "%s\"prior_notice_date\":\"%s\",\"consent_number\":\"粤市监〔2026〕9号\","
        "\"served_date\":\"%s\",\"remedy\":\"60日内可申请复议\",\"facts_summary\":\"样本\","
        "\"contact\":\"0768-0000000\",\"public_subject\":true}",
        subject, persons, play->list, play->trigger, play->ordinary ? "ordinary" : "serious",
        decided, decided, more, decided, decided);
    assert_true(len > 0 && len < BODY_MAX);
    const struct mail mail = {.from = play->issuer,
                              .type = "sanction.order",
                              .to = {"hub.445100"},
                              .facts = body,
                              .basis = {play->basis[0], play->basis[1]}};
    world_send(w, &mail, book_env_id);
    return world_code(w, play->issuer, book_env_id);
}

static uint32_t change(struct world *w, const struct play *play, const char *from, const char *type)
{
    char subject[256];
    char date[16];
    char body[BODY_MAX];
    char version[24];
    struct json *json = ask(w, QUERY);
    uint64_t now = 0;
    (void)json_uint(json_get(json, "version"), &now);
    json_close(&json);
    snprintf(version, sizeof version, "%llu", (unsigned long long)now + 1);
    rulebook_date(w, date);
    rulebook_subject(play->kind, 0, subject);
    snprintf(
        body, sizeof body,
        "{\"subject\":%s,\"order_id\":\"" ID "\",\"version\":%s,\"decision_body\":\"示例机关\","
        "\"decision_number\":\"示变〔2026〕1号\",\"decision_date\":\"%s\",\"reason\":\"样本\"}",
        subject, version, date);
    return book_send(w, from, type, body, NULL, NULL);
}

/* The first day on which something runs out; NULL: nothing does. */
static const char *next_end(const struct play *play, uint32_t today)
{
    const char *first = NULL;
    for (const struct owed_line *l = play->line; l->measure != NULL; l++) {
        if (l->until[0] == '\0' || over(l, today))
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
        count += !over(l, today);
    return count;
}

/* The day has come on which the law lets the entry be repaired, not a day before. */
static void repaired(struct world *w, const struct play *play)
{
    const uint32_t day = number_of(play->repair);
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
    struct json *json = ask(w, QUERY);
    assert_string_equal(text(json, "rule"), play->rule);
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
