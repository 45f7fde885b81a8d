/* Orders, gates and rules under attack: tests/attacks O-*, A-01, D-03. Who is restricted is
 * restricted under every name, who is not is left alone, and no order ends the hub. */
#include "scenario/acts.h"
#include "scenario/forge.h"
#include "scenario/gatebook.h"
#include "scenario/texts.h"

#include "base/clock.h"

#include <stdio.h>

#define OTHER_HEAD                                                                                 \
    "{\"role\":\"legal_representative\",\"id\":\"440524188001010014\",\"name\":\"示例乙\","     \
    "\"responsible\":true}"

/* The text with the first `from` replaced. */
static const char *with(const char *body, const char *from, const char *to)
{
    static char text[8192];
    const char *at = strstr(body, from);
    assert_non_null(at);
    snprintf(text, sizeof text, "%.*s%s%s", (int)(at - body), body, to, at + strlen(from));
    return text;
}

static uint32_t change(struct world *w, const char *from, const char *type, const char *version)
{
    uint8_t env_id[HASH_LEN];
    const struct mail mail = {.from = from,
                              .type = type,
                              .to = {"hub.445100"},
                              .facts = with(ANNUL_BODY("9"), "\"version\":9", version),
                              .basis = {"AP48"}};
    world_send(w, &mail, env_id);
    return world_code(w, from, env_id);
}

static uint32_t impose_from(struct world *w, const char *from, const char *facts)
{
    uint8_t env_id[HASH_LEN];
    const struct mail mail = {.from = from,
                              .type = "sanction.order",
                              .to = {"hub.445100"},
                              .facts = facts,
                              .basis = {"DL116", "DL118"}};
    world_send(w, &mail, env_id);
    return world_code(w, from, env_id);
}

static uint32_t impose(struct world *w, const char *facts)
{
    return impose_from(w, "market.445100", facts);
}

static uint32_t appoint(struct world *w, const char *facts)
{
    uint8_t env_id[HASH_LEN];
    const struct mail mail = {
        .from = "health.445100", .type = "appointment", .to = {"market.445100"}, .facts = facts};
    world_send(w, &mail, env_id);
    return world_code(w, "health.445100", env_id);
}

static uint32_t apply_for(struct world *w, const char *facts)
{
    uint8_t env_id[HASH_LEN];
    const struct mail mail = {.from = "health.445100",
                              .type = "licence.application",
                              .to = {"market.445100"},
                              .facts = facts};
    world_send(w, &mail, env_id);
    return world_code(w, "health.445100", env_id);
}

/* O-01, O-02, O-03, O-07: nothing is restricted by what is refused. */
static void orders_that_the_law_does_not_know_restrict_nobody(void **state)
{
    static const struct {
        const char *from;
        const char *to;
        enum err code;
    } rows[] = {
        {"\"DL116_118\"", "\"DL999\"", ERR_LIST_RIGHT},
        {"\"version\":1", "\"version\":4294967295", ERR_ORDER_VERSION},
        {"\"start_date\":\"2026-04-01\"", "\"start_date\":\"2026-03-31\"", ERR_FIELD_VALUE},
        {"\"max_date\":\"2029-04-01\"", "\"max_date\":\"2026-03-01\"", ERR_FIELD_VALUE},
        {"\"decision_date\":\"2026-04-01\",\"start_date\":\"2026-04-01\"",
         "\"decision_date\":\"2026-04-09\",\"start_date\":\"2026-04-09\"", ERR_TERM},
        {"\"severity\":\"serious\"", "\"severity\":\"light\"", ERR_FIELD_VALUE},
    };
    struct world *w = *state;
    acts_connect(w);
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        print_message("row %zu\n", i);
        assert_int_equal(impose(w, with(ORDER_BODY("1"), rows[i].from, rows[i].to)), rows[i].code);
        assert_int_equal(world_status(w, "restrictions"), 0);
        assert_int_equal(world_status(w, "obligations.total"), 0);
    }
    attack_hub_works(w);
}

/* O-03, O-04, O-05 */
static void changes_out_of_turn_change_nothing(void **state)
{
    struct world *w = *state;
    uint8_t env_id[HASH_LEN];
    acts_connect(w);
    assert_int_equal(change(w, "market.445100", "sanction.annul", "\"version\":2"),
                     ERR_ORDER_STATE); /* no such order */
    acts_order(w, env_id);
    uint64_t before = world_status(w, "restrictions");
    assert_int_equal(change(w, "market.445100", "sanction.annul", "\"version\":1"),
                     ERR_ORDER_VERSION);
    assert_int_equal(change(w, "market.445100", "sanction.annul", "\"version\":3"),
                     ERR_ORDER_VERSION);
    assert_int_equal(change(w, "market.445100", "sanction.resume", "\"version\":2"),
                     ERR_ORDER_STATE);
    assert_int_equal(change(w, "market.445100", "sanction.lift", "\"version\":2"), ERR_TERM);
    assert_int_equal(change(w, "health.445100", "sanction.annul", "\"version\":2"), ERR_NO_RIGHT);
    assert_int_equal(world_status(w, "restrictions"), before);
    assert_int_equal(change(w, "market.445100", "sanction.annul", "\"version\":2"), OK);
    assert_int_equal(impose(w, ORDER_BODY("3")), ERR_ORDER_STATE); /* O-04: it is over */
    assert_int_equal(change(w, "market.445100", "sanction.resume", "\"version\":3"),
                     ERR_ORDER_STATE);
    assert_int_equal(world_status(w, "restrictions"), 0);
    attack_hub_works(w);
}

/* A USCC is one firm, whatever kind of firm the sender calls it. */
static void a_restriction_holds_under_every_kind_of_subject(void **state)
{
    static const char *const kinds[] = {"enterprise", "individual_business", "institution"};
    struct world *w = *state;
    uint8_t env_id[HASH_LEN];
    acts_connect(w);
    acts_order(w, env_id);
    for (size_t i = 0; i < T_COUNT(kinds); i++) {
        char kind[64];
        print_message("%s\n", kinds[i]);
        snprintf(kind, sizeof kind, "\"kind\":\"%s\"", kinds[i]);
        assert_int_equal(
            apply_for(w, with(LICENCE_BODY(PUNISHED), "\"kind\":\"enterprise\"", kind)),
            ERR_RESTRICTED);
    }
    assert_int_equal(world_has(w, "market.445100", "licence.application"), 0);
}

/* The issuer corrects whom his order names: who is named no longer is free, who is named now is
 * restricted, the firm is as before. */
static void a_correction_frees_whom_it_drops_and_restricts_whom_it_names(void **state)
{
    struct world *w = *state;
    uint8_t env_id[HASH_LEN];
    acts_connect(w);
    acts_order(w, env_id);
    assert_int_equal(appoint(w, APPOINTMENT_BODY(CLEAN, HEAD_PERSON)), ERR_RESTRICTED);
    assert_int_equal(impose(w, with(ORDER_BODY("2"), HEAD_PERSON "," MANAGER_PERSON, OTHER_HEAD)),
                     OK);
    assert_int_equal(appoint(w, APPOINTMENT_BODY(CLEAN, HEAD_PERSON)), OK);
    assert_int_equal(appoint(w, APPOINTMENT_BODY(CLEAN, OTHER_HEAD)), ERR_RESTRICTED);
    assert_int_equal(apply_for(w, LICENCE_BODY(PUNISHED)), ERR_RESTRICTED);
    attack_hub_works(w);
}

static void assert_nobody_corrects(struct world *w, const char *version)
{
    char order[8192];
    snprintf(order, sizeof order, "%s", with(ORDER_BODY("2"), "\"version\":2", version));
    assert_int_not_equal(impose_from(w, "health.445100", order), OK);
    assert_int_equal(impose(w, with(order, PUNISHED, CLEAN)), ERR_ORDER_VERSION);
    assert_int_equal(impose(w, with(order, "\"serious_dishonesty\",\"trigger\":\"DL116_118\"",
                                    "\"penalty_record\",\"trigger\":\"penalty_larger_fine\"")),
                     ERR_ORDER_VERSION);
}

/* O-03, O-04: an order is not turned against another firm, onto another list, by anybody else or
 * out of its turn, and what has ended is not corrected back into force. */
static void a_correction_of_anything_else_changes_nothing(void **state)
{
    struct world *w = *state;
    uint8_t env_id[HASH_LEN];
    acts_connect(w);
    acts_order(w, env_id);
    uint64_t before = world_status(w, "restrictions");
    assert_nobody_corrects(w, "\"version\":2");
    assert_int_equal(impose(w, ORDER_BODY("1")), ERR_ORDER_VERSION);
    assert_int_equal(impose(w, ORDER_BODY("3")), ERR_ORDER_VERSION);
    assert_int_equal(world_status(w, "restrictions"), before);
    assert_int_equal(apply_for(w, LICENCE_BODY(CLEAN)), OK);
    assert_int_equal(change(w, "market.445100", "sanction.annul", "\"version\":2"), OK);
    assert_nobody_corrects(w, "\"version\":3");
    assert_int_equal(impose(w, ORDER_BODY("3")), ERR_ORDER_STATE);
    assert_int_equal(world_status(w, "restrictions"), 0);
    assert_int_equal(appoint(w, APPOINTMENT_BODY(CLEAN, HEAD_PERSON)), OK);
    attack_hub_works(w);
}

/* D-03: the stay is over before the member hears of it. */
static void a_notice_names_the_change_that_caused_it_and_not_the_newest(void **state)
{
    struct world *w = *state;
    uint8_t env_id[HASH_LEN];
    static lianshu_SanctionNotice notice;
    acts_connect(w);
    acts_order(w, env_id);
    world_leave(w, "police.445100");
    assert_int_equal(change(w, "market.445100", "sanction.suspend", "\"version\":2"), OK);
    assert_int_equal(change(w, "market.445100", "sanction.resume", "\"version\":3"), OK);
    size_t before = world_has(w, "police.445100", "sanction.notice");
    world_hello(w, "police.445100"); /* now the notice of the stay is sealed */
    assert_true(world_has(w, "police.445100", "sanction.notice") > before);
    acts_read_notice(world_got(w, "police.445100", "sanction.notice", before), &notice);
    assert_int_equal(notice.stage, lianshu_NoticeStage_STAGE_LIFT);
    assert_int_equal(notice.order_version, 2);
    attack_hub_works(w);
}

static uint64_t standing(struct world *w)
{
    return world_status(w, "obligations.created") + world_status(w, "obligations.delivered") +
           world_status(w, "obligations.accepted");
}

/* A stay and its end in one batch: nobody owes the same thing twice. */
static void a_stay_that_ends_in_its_own_batch_doubles_no_obligation(void **state)
{
    static uint8_t stay[16 << 10];
    struct world *w = *state;
    uint8_t env_id[HASH_LEN];
    acts_connect(w);
    acts_order(w, env_id);
    uint64_t before = standing(w);
    struct mail mail = {.from = "market.445100",
                        .type = "sanction.suspend",
                        .to = {"hub.445100"},
                        .facts = ANNUL_BODY("2"),
                        .basis = {"AP48"}};
    world_make(w, &mail, NULL, NULL);
    size_t len = w->frame_len;
    assert_true(len < sizeof stay);
    memcpy(stay, w->frame, len);
    mail.type = "sanction.resume";
    mail.facts = ANNUL_BODY("3");
    world_make(w, &mail, NULL, NULL);
    forge_give(w, "market.445100", span_of(stay, len));
    forge_give(w, "market.445100", span_of(w->frame, w->frame_len));
    world_turn(w);
    /* Those of the first episode or those of the new one, not both. */
    assert_int_equal(standing(w), before);
}

/* Architecture, Order and priority: a lift waits for nothing else. */
static void a_strangers_envelope_in_the_conversation_holds_up_no_lift(void **state)
{
    struct world *w = *state;
    uint8_t env_id[HASH_LEN];
    acts_connect(w);
    acts_order(w, env_id);
    size_t before = world_has(w, "market.445100", "sanction.notice");
    const struct mail plug = {.from = "health.445100",
                              .type = "honour",
                              .to = {"market.445100"},
                              .facts = HONOUR_BODY(CLEAN),
                              .conversation = ORDER_ID, /* health has its notice and knows it */
                              .expires_ms = w->now_ms + 14 * (uint64_t)DAY_MS,
                              .not_before_ms = w->now_ms + 13 * (uint64_t)DAY_MS};
    world_send(w, &plug, env_id);
    acts_annul(w, env_id);
    world_pass(w, DAY_MS);
    assert_int_equal(world_has(w, "market.445100", "sanction.notice"), 2 * before);
}

/* A citizen's number of a made-up person: ISO 7064 MOD 11-2. */
static void citizen(unsigned n, char out[static 19])
{
    static const int weights[17] = {7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2};
    int sum = 0;
    snprintf(out, 19, "99999919900101%03u", n % 1000);
    for (size_t i = 0; i < 17; i++)
        sum += weights[i] * (out[i] - '0');
    out[17] = "10X98765432"[sum % 11];
    out[18] = '\0';
}

static void register_principals(struct world *w, unsigned first, unsigned count)
{
    static char facts[8192];
    uint8_t env_id[HASH_LEN];
    size_t len = (size_t)snprintf(facts, sizeof facts, "{\"subject\":" CLEAN ",\"persons\":[");
    for (unsigned i = 0; i < count; i++) {
        char id[19];
        citizen(first + i, id);
        len += (size_t)snprintf(facts + len, sizeof facts - len,
                                "%s{\"role\":\"principal\",\"id\":\"%s\",\"name\":\"示\"}",
                                i > 0 ? "," : "", id);
    }
    snprintf(facts + len, sizeof facts - len, "],\"from_date\":\"2026-01-01\"}");
    const struct mail mail = {
        .from = "market.445100", .type = "subject.relation", .to = {"hub.445100"}, .facts = facts};
    world_send(w, &mail, env_id);
    assert_int_equal(world_code(w, "market.445100", env_id), OK);
}

/* D-03: an answer that is not known is a refusal, never the end of the hub. */
static void more_relations_than_a_gate_reads_are_a_refusal(void **state)
{
    struct world *w = *state;
    acts_connect(w);
    for (unsigned i = 0; i < 5; i++)
        register_principals(w, 16 * i, 16);
    assert_int_equal(apply_for(w, LICENCE_BODY(CLEAN)), ERR_TOO_LARGE);
    assert_int_equal(world_has(w, "market.445100", "licence.application"), 0);
    attack_hub_works(w);
}

/* O-11, O-15: an order that newer rules no longer explain is refused its resumption; the sender
 * hears why, and everybody else is served. */
static void rules_that_no_longer_explain_an_order_do_not_end_the_hub(void **state)
{
    struct world *w = *state;
    uint8_t env_id[HASH_LEN];
    acts_connect(w);
    acts_order(w, env_id);
    assert_int_equal(change(w, "market.445100", "sanction.suspend", "\"version\":2"), OK);
    gatebook_reword(w, "triggers: [DL116_118]", "triggers: [DL116_119]");
    world_turn(w);
    (void)change(w, "market.445100", "sanction.resume", "\"version\":3");
    attack_hub_works(w);
}

/* Rule 8: an order that cannot be expanded keeps no other order from its members. */
static void an_order_that_cannot_be_expanded_holds_up_no_other(void **state)
{
    struct world *w = *state;
    char other[8192];
    acts_connect(w);
    const struct mail mail = {.from = "market.445100",
                              .type = "sanction.order",
                              .to = {"hub.445100"},
                              .facts = ORDER_BODY("1"),
                              .basis = {"DL116", "DL118"}};
    world_make(w, &mail, NULL, NULL);
    forge_give(w, "market.445100", span_of(w->frame, w->frame_len));
    assert_int_equal(core_commit(w->core, w->now_ms), OK); /* decided, not all of it expanded */
    gatebook_reword(w, "triggers: [DL116_118]", "triggers: [DL116_119]");
    world_turn(w);
    uint64_t begun = world_status(w, "obligations.total");
    assert_true(begun < 22);
    snprintf(other, sizeof other, "%s", with(ORDER_BODY("1"), ORDER_ID, CASE_ID));
    snprintf(other, sizeof other, "%s", with(other, "DL116_118", "DL116_119"));
    snprintf(other, sizeof other, "%s", with(other, "2026〕1号", "2026〕2号"));
    assert_int_equal(impose(w, other), OK);
    assert_int_equal(world_status(w, "obligations.total"), begun + 22);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, world_setup, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(orders_that_the_law_does_not_know_restrict_nobody),
        CASE(changes_out_of_turn_change_nothing),
        CASE(a_restriction_holds_under_every_kind_of_subject),
        CASE(a_correction_frees_whom_it_drops_and_restricts_whom_it_names),
        CASE(a_correction_of_anything_else_changes_nothing),
        CASE(a_notice_names_the_change_that_caused_it_and_not_the_newest),
        CASE(a_stay_that_ends_in_its_own_batch_doubles_no_obligation),
        CASE(a_strangers_envelope_in_the_conversation_holds_up_no_lift),
        CASE(more_relations_than_a_gate_reads_are_a_refusal),
        CASE(rules_that_no_longer_explain_an_order_do_not_end_the_hub),
        CASE(an_order_that_cannot_be_expanded_holds_up_no_other),
    };
    return cmocka_run_group_tests_name("attacks on orders", tests, NULL, NULL);
}
