/* Which messages meet a gate because of the lines of a play. */
#include "scenario/rulebook.h"

#include "scenario/naive.h"

#include <stdio.h>

enum { BODY_MAX = 4096 };

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
    {"M01", SUBJECT_OF_IT, MUST, "licence.application", 0, false, ERR_RESTRICTED},
    {"M01", SUBJECT_OF_IT, CONSIDER, "licence.application", 0, false, ERR_HELD},
    {"M01", PERSON_IN_IT, 0, "subject.register", 'L', false, ERR_RESTRICTED},
    {"M02", PERSON_IN_IT, 0, "employment", 'E', false, ERR_RESTRICTED},
    {"M03", PERSON_IN_IT, 0, "appointment", 'L', false, ERR_RESTRICTED},
    {"M06", PERSON_IN_IT, 0, "employment", 'E', false, ERR_HELD},
    {"M06", SUBJECT_OF_IT, MUST, "insurance.designation", 0, false, ERR_RESTRICTED},
    {"M06", SUBJECT_OF_IT, CONSIDER, "insurance.designation", 0, false, ERR_HELD},
    {"M07", PERSON_IN_IT, 0, "employment", 'E', false, ERR_FLAGGED},
    {"M07", SUBJECT_OF_IT, MUST, "insurance.designation", 0, false, ERR_RESTRICTED},
    {"M07", SUBJECT_OF_IT, CONSIDER, "insurance.designation", 0, false, ERR_HELD},
    {"M08", SUBJECT_OF_IT, CONSIDER, "procurement.award", 0, false, ERR_HELD},
    {"M09", SUBJECT_OF_IT, MUST, "procurement.award", 0, false, ERR_RESTRICTED},
    {"M09", SUBJECT_OF_IT, CONSIDER, "procurement.award", 0, false, ERR_HELD},
    {"M10", SUBJECT_OF_IT, 0, "licence.application", 0, false, ERR_HELD},
    {"M20", SUBJECT_OF_IT, CONSIDER, "subsidy", 0, false, ERR_HELD},
    {"M21", SUBJECT_OF_IT, MUST, "honour", 0, false, ERR_RESTRICTED},
    {"M21", SUBJECT_OF_IT, CONSIDER, "honour", 0, false, ERR_FLAGGED},
    {"M22", SUBJECT_OF_IT, 0, "licence.application", 0, true, ERR_RESTRICTED},
    {"M22", SUBJECT_OF_IT, 0, "subsidy", 0, false, ERR_FLAGGED},
    {"M24", SUBJECT_OF_IT, 0, "licence.application", 0, false, ERR_FLAGGED},
    {"M24", PERSON_IN_IT, 0, "subject.register", 'S', false, ERR_FLAGGED},
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

/* DL126, MD93 and MD94 close studies and trials to an institution, not every licence: two officials
 * look. */
static uint32_t code_of(const struct play *play, const struct probe *p)
{
    bool studies = (strcmp(play->rule, "R06-GLP-GCP") == 0 || strcmp(play->rule, "MD93") == 0) &&
                   strcmp(p->measure, "M01") == 0;
    return studies ? (uint32_t)ERR_HELD : p->code;
}

/* What the strictest line about the same one makes of this message. */
static uint32_t expected(const struct play *play, const struct owed_line *about,
                         const struct probe *p, uint32_t today)
{
    uint32_t code = 0;
    for (const struct owed_line *l = play->line; l->measure != NULL; l++) {
        for (size_t i = 0; i < T_COUNT(probes); i++) {
            const struct probe *q = &probes[i];
            if (l->on == about->on && !rulebook_over(l, today) && q->face == p->face &&
                strcmp(q->type, p->type) == 0 && (!q->commitment || p->commitment) &&
                meets(play, l, q) && strictness(code_of(play, q)) > strictness(code))
                code = code_of(play, q);
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
            (any && !rulebook_over(l, naive_day(w->now_ms)) && !rulebook_named(w, l->measure)))
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
    if (strcmp(l->measure, "M23") != 0 || rulebook_over(l, naive_day(w->now_ms)))
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
