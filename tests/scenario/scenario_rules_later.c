/* What becomes known of an order later: that somebody objects to it, and who held which role when
 * it happened. */
#include "scenario/gatebook.h"
#include "scenario/rulebook.h"

#include "wire.h"

#include <stdio.h>

#define MARKET "market.445100"

enum { BODY_MAX = 4096 };

/* ---- the mark of an objection (B.8, local parameters) ---- */

/* Does the certificate of the listed firm mark its restrictions? */
static bool marked(struct world *w)
{
    static lianshu_CreditCertificate certificate;
    rulebook_put_away(w);
    assert_int_equal(rulebook_says(w, "police.445100", "credit.check", "\"question\":\"demo\""), 0);
    const struct got *got = world_got(w, "police.445100", "credit.certificate", 0);
    assert_non_null(got);
    assert_int_equal(wire_decode(&lianshu_CreditCertificate_msg,
                                 span_of(got->facts, got->facts_len), &certificate),
                     OK);
    assert_true(certificate.restrictions_count > 0);
    for (pb_size_t i = 1; i < certificate.restrictions_count; i++)
        assert_int_equal(certificate.restrictions[i].disputed,
                         certificate.restrictions[0].disputed);
    return certificate.restrictions[0].disputed;
}

static uint32_t fines(struct world *w, const char *issuer)
{
    char subject[256];
    rulebook_subject(NULL, 0, subject);
    const struct paper paper = {.subject = subject,
                                .order_id = FINE_ID,
                                .list = "serious_dishonesty",
                                .trigger = "SAMR44_6_1",
                                .severity = "serious",
                                .decided = "2026-04-01",
                                .max = "2029-04-01",
                                .noticed = "2026-03-01"};
    return rulebook_order(w, issuer, &paper, "SAMR44-6", NULL);
}

static void objects(struct world *w, const char *issuer)
{
    char subject[256];
    char body[BODY_MAX];
    rulebook_subject(NULL, 0, subject);
    snprintf(body, sizeof body,
             "{\"subject\":%s,\"order_id\":\"" FINE_ID "\",\"reference\":\"O-1\","
             "\"date\":\"2026-04-01\"}",
             subject);
    assert_int_equal(book_send(w, "police.445100", "objection.request", body, NULL, issuer), 0);
}

/* Shanghai marks an entry that is objected to (2017, art. 35) until the objection is decided. */
static void an_entry_under_objection_in_shanghai_is_shown_as_such_until_it_is_decided(void **state)
{
    struct world *w = *state;
    char subject[256];
    char request[64];
    char body[BODY_MAX];
    assert_int_equal(fines(w, "market.310000"), 0);
    assert_false(marked(w));
    objects(w, "market.310000");
    assert_true(marked(w));
    world_restart(w);
    assert_true(marked(w));
    /* who is told of it only now is told that it is disputed */
    static lianshu_SanctionNotice notice;
    world_enrol(w, "tax.310000");
    acts_read_notice(world_got(w, "tax.310000", "sanction.notice", 0), &notice);
    assert_true(notice.disputed);
    rulebook_subject(NULL, 0, subject);
    snprintf(request, sizeof request, "%s",
             book_first(w, "{\"cmd\":\"order\",\"id\":\"" FINE_ID "\"}", "redress", "document_id"));
    snprintf(body, sizeof body,
             "{\"subject\":%s,\"order_id\":\"" FINE_ID "\",\"reference\":\"D-1\","
             "\"date\":\"2026-04-01\",\"decision\":\"refused\",\"request_doc\":\"%s\"}",
             subject, request);
    assert_int_equal(
        book_send(w, "market.310000", "objection.decision", body, NULL, "police.445100"), 0);
    assert_false(marked(w));
}

/* Guangdong outside Shenzhen has no such rule: the national clock runs, and nothing is shown. */
static void an_entry_under_objection_in_chaozhou_is_not_marked(void **state)
{
    struct world *w = *state;
    assert_int_equal(fines(w, "drug.440000"), 0);
    objects(w, "drug.440000");
    assert_false(marked(w));
}

/* ---- roles that the register must know (B.8, propagation 1 and 4) ---- */

#define VERIFY "{\"cmd\":\"decision.verify\",\"count\":1024}"

/* The shipped set, but DL125 reaches only whom the register knows in that role. */
static void use_register(struct world *w)
{
    gatebook_reword(w, "required: true, term: order, least: 10 years, basis: [DL125]",
                    "required: true, registered: true, term: order, least: 10 years, "
                    "basis: [DL125]");
}

static uint32_t relates(struct world *w, char role, size_t person, const char *from, const char *to)
{
    char who[160];
    rulebook_person(role, person, who);
    return rulebook_says(w, MARKET, "subject.relation",
                         "\"persons\":[%s],\"from_date\":\"%s\",%s\"reference\":\"S-1\"", who, from,
                         to);
}

static uint32_t punishes(struct world *w)
{
    char subject[256];
    char head[160];
    char other[160];
    char both[400];
    rulebook_subject(NULL, 0, subject);
    rulebook_person('L', 1, head);
    rulebook_person('L', 2, other);
    snprintf(both, sizeof both, "%s,%s", head, other);
    const struct paper paper = {.subject = subject,
                                .persons = both,
                                .order_id = FINE_ID,
                                .list = "statute_ban",
                                .trigger = "DL125",
                                .severity = "serious",
                                .decided = "2026-04-01",
                                .noticed = "2026-03-01",
                                .act_date = "2026-01-15"};
    return rulebook_order(w, "drug.440000", &paper, "DL125", NULL);
}

static void
a_role_is_judged_by_the_register_as_of_the_act_also_when_it_learns_of_it_later(void **state)
{
    struct world *w = *state;
    static const struct play one = {
        .rule = "DL125", .persons = "LL", .line = {{"M02", 1, MUST, N_MPA, "", false}}};
    static const struct play both = {
        .rule = "DL125",
        .persons = "LL",
        .line = {{"M02", 1, MUST, N_MPA, "", false}, {"M02", 2, MUST, N_MPA, "", false}}};
    use_register(w);
    assert_int_equal(relates(w, 'L', 1, "2025-01-01", ""), 0);
    assert_int_equal(punishes(w), 0); /* 2 held the role as well, as far as nobody said */
    rulebook_assert_owed(w, &one);
    rulebook_assert_restricted(w, &one, true);
    /* a transfer after the act does not clear the former one, nor reach the next */
    const uint64_t first = world_status(w, "decisions");
    assert_int_equal(relates(w, 'L', 3, "2026-02-01", ""), 0);
    rulebook_assert_owed(w, &one);
    const uint64_t before = world_status(w, "decisions");
    const uint64_t of_relation = before - first;
    /* the register learns who else it was on the day of the act */
    assert_int_equal(relates(w, 'L', 2, "2026-01-01", "\"to_date\":\"2026-01-31\","), 0);
    rulebook_assert_owed(w, &both);
    rulebook_assert_restricted(w, &both, true);
    /* it says so of itself, and can be proven */
    assert_int_equal(world_status(w, "decisions"), before + of_relation + 1);
    assert_int_equal(book_count(w, VERIFY, "differences", NULL, NULL), 0);
    world_restart(w);
    world_turn(w);
    rulebook_assert_owed(w, &both);
    assert_int_equal(book_count(w, VERIFY, "differences", NULL, NULL), 0);
}

static void a_required_person_whom_the_register_does_not_know_is_no_person(void **state)
{
    struct world *w = *state;
    use_register(w);
    assert_int_equal(relates(w, 'L', 1, "2026-02-01", ""), 0); /* after the act */
    assert_int_equal(punishes(w), ERR_NO_PERSON);
    assert_int_equal(world_status(w, "restrictions"), 0);
}

/* ---- the authority that listed (M23) ---- */

static uint32_t lists_as(struct world *w, const char *issuer, const char *id, const char *number)
{
    char subject[256];
    rulebook_subject(NULL, 0, subject);
    const struct paper paper = {.subject = subject,
                                .order_id = id,
                                .list = "serious_dishonesty",
                                .trigger = "SAMR44_6_1",
                                .severity = "serious",
                                .number = number,
                                .decided = "2026-04-01",
                                .max = "2029-04-01"};
    return rulebook_order(w, issuer, &paper, "SAMR44-6", NULL);
}

/* The one notice of a gate that it has names this order. */
static void assert_told_of(struct world *w, const char *member, uint8_t first_byte)
{
    static lianshu_HubNotice body;
    const struct got *got = world_got(w, member, "hub.notice", 0);
    assert_int_equal(book_told(w, member, lianshu_HubNoticeKind_HUBNOTICE_COPY), 1);
    assert_int_equal(
        wire_decode(&lianshu_HubNotice_msg, span_of(got->facts, got->facts_len), &body), OK);
    assert_int_equal(body.order_id.bytes[0], first_byte);
    assert_string_equal(body.measure, "M23");
}

static void two_authorities_that_listed_are_each_told_of_their_own_order(void **state)
{
    struct world *w = *state;
    char subject[256];
    char facts[512];
    assert_int_equal(lists_as(w, MARKET, "a1000000000000000000000000000000", "甲1号"), 0);
    assert_int_equal(lists_as(w, "drug.440000", "b2000000000000000000000000000000", "乙1号"), 0);
    rulebook_subject(NULL, 0, subject);
    snprintf(facts, sizeof facts,
             "{\"subject\":%s,\"licence_kind\":\"drug_wholesale\",\"number\":\"L-1\","
             "\"date\":\"2026-04-01\"}",
             subject);
    (void)rulebook_send(w, "licence.changed", facts, "police.445100");
    assert_told_of(w, MARKET, 0xa1);
    assert_told_of(w, "drug.440000", 0xb2);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, rulebook_setup, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(an_entry_under_objection_in_shanghai_is_shown_as_such_until_it_is_decided),
        CASE(an_entry_under_objection_in_chaozhou_is_not_marked),
        CASE(a_role_is_judged_by_the_register_as_of_the_act_also_when_it_learns_of_it_later),
        CASE(two_authorities_that_listed_are_each_told_of_their_own_order),
        CASE(a_required_person_whom_the_register_does_not_know_is_no_person),
    };
    return cmocka_run_group_tests_name("later", tests, NULL, NULL);
}
