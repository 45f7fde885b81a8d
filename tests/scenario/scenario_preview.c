/* Asking before acting: the answer says what would happen, and nothing happens. */
#include "scenario/acts.h"
#include "scenario/texts.h"

#include "catalogue.h"
#include "message.h"
#include "redress.pb.h"
#include "wire.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#define HEALTH "health.445100"
#define MARKET "market.445100"
#define HUB    "hub.445100"

/* A facts body in JSON as its canonical bytes in base64. */
static void body_text(const struct document_type *type, const char *facts, char *out, size_t cap)
{
    static uint8_t msg[64 << 10];
    static uint8_t bytes[WORLD_FACTS_MAX];
    struct writer w = writer_of(bytes, sizeof bytes);
    struct json *json = NULL;
    struct fault fault = {0};
    memset(msg, 0, sizeof msg);
    assert_int_equal(json_parse(&json, span_str(facts), "facts", &fault), OK);
    assert_int_equal(json_to_message(json, type->facts, msg, &fault), OK);
    json_close(&json);
    assert_int_equal(wire_encode(type->facts, msg, &w), OK);
    assert_non_null(sodium_bin2base64(out, cap, bytes, w.len, sodium_base64_VARIANT_ORIGINAL));
}

static void ask(struct world *w, const char *from, const char *name, const char *facts,
                uint8_t env_id[HASH_LEN])
{
    static char body[2 * WORLD_FACTS_MAX + 1];
    static char text[2 * WORLD_FACTS_MAX + 128];
    const struct document_type *type = type_by_name(name);
    assert_non_null(type);
    body_text(type, facts, body, sizeof body);
    snprintf(text, sizeof text, "{\"type\":%u,\"body\":\"%s\"}", (unsigned)type->number, body);
    const struct mail mail = {
        .from = from, .type = "preview", .to = {HUB}, .facts = text, .basis = {"DL116", "DL118"}};
    world_send(w, &mail, env_id);
}

/* The newest answer that a member has. */
static const lianshu_PreviewAnswer *answer(struct world *w, const char *member)
{
    static lianshu_PreviewAnswer a;
    const size_t count = world_has(w, member, "preview.answer");
    assert_true(count > 0);
    const struct got *got = world_got(w, member, "preview.answer", count - 1);
    assert_int_equal(
        wire_decode(&lianshu_PreviewAnswer_msg, span_of(got->facts, got->facts_len), &a), OK);
    return &a;
}

static void begin(struct world *w)
{
    acts_connect(w);
    world_widen(w);
}

static void an_order_is_asked_about_and_nothing_comes_of_it(void **state)
{
    struct world *w = *state;
    begin(w);
    ask(w, MARKET, "sanction.order", ORDER_BODY("1"), NULL);
    const lianshu_PreviewAnswer *a = answer(w, MARKET);
    assert_int_equal(a->code, 0);
    assert_true(a->obligations > 0);
    assert_true(a->members_count > 0);
    assert_true(a->unassigned_count > 0);
    const uint32_t foretold = a->obligations;
    assert_int_equal(world_status(w, "orders"), 0);
    assert_int_equal(world_status(w, "restrictions"), 0);
    assert_int_equal(world_status(w, "obligations.total"), 0);
    assert_int_equal(world_status(w, "decisions"), 0);
    acts_order(w, NULL);
    world_settle(w);
    assert_int_equal(world_status(w, "obligations.total"), foretold);
}

static void the_answer_is_what_the_receipt_would_be(void **state)
{
    static const struct {
        const char *type;
        const char *facts;
        uint32_t code;
    } rows[] = {
        {"honour", HONOUR_BODY(CLEAN), 0},
        {"honour", HONOUR_BODY(PUNISHED), ERR_FLAGGED},
        {"licence.application", LICENCE_BODY(PUNISHED), ERR_RESTRICTED},
        {"licence.application", LICENCE_BODY(CLEAN), 0},
        {"appointment", APPOINTMENT_BODY(CLEAN, HEAD_PERSON), ERR_RESTRICTED},
    };
    struct world *w = *state;
    begin(w);
    acts_order(w, NULL);
    const uint64_t decisions = world_status(w, "decisions");
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        print_message("row %zu\n", i);
        ask(w, HEALTH, rows[i].type, rows[i].facts, NULL);
        const lianshu_PreviewAnswer *a = answer(w, HEALTH);
        assert_int_equal(a->code, rows[i].code);
        assert_true((a->grounds_count > 0) == (rows[i].code != 0));
        assert_int_equal(a->at_ms, w->now_ms);
    }
    assert_int_equal(world_status(w, "decisions"), decisions);
    assert_int_equal(world_has(w, MARKET, "honour"), 0);
}

static void the_same_act_twice_is_a_conflict_that_is_named(void **state)
{
    struct world *w = *state;
    static char facts[2048];
    begin(w);
    acts_order(w, NULL);
    snprintf(facts, sizeof facts, "%s", ORDER_BODY("1"));
    char *id = strstr(facts, ORDER_ID);
    assert_non_null(id);
    id[0] = 'f'; /* another order for the same decision */
    ask(w, MARKET, "sanction.order", facts, NULL);
    const lianshu_PreviewAnswer *a = answer(w, MARKET);
    assert_int_equal(a->code, ERR_ORDER_CONFLICT);
    assert_int_equal(a->obligations, 0);
    assert_int_equal(a->conflicts_count, 1);
}

static void who_may_not_send_it_may_not_ask_about_it(void **state)
{
    struct world *w = *state;
    uint8_t env_id[HASH_LEN];
    begin(w);
    /* What only the hub says, what nobody can say, and asking about asking. */
    static const struct {
        const char *body;
        enum err code;
    } rows[] = {
        {"{\"type\":20000,\"body\":\"AA==\"}", ERR_TYPE_UNKNOWN},
        {"{\"type\":96,\"body\":\"AA==\"}", ERR_FIELD_VALUE},
        {"{\"type\":97,\"body\":\"AA==\"}", ERR_FIELD_VALUE},
    };
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        const struct mail mail = {
            .from = HEALTH, .type = "preview", .to = {HUB}, .facts = rows[i].body};
        print_message("row %zu\n", i);
        world_send(w, &mail, env_id);
        assert_int_equal(world_verdict(w, HEALTH, env_id), lianshu_ReceiptKind_RECEIPT_REJECTED);
        assert_int_equal(world_code(w, HEALTH, env_id), rows[i].code);
    }
    assert_int_equal(world_has(w, HEALTH, "preview.answer"), 0);
}

/* Each department has its grants: asking about a document needs the right to send it. */
static void a_member_asks_only_about_what_it_may_send(void **state)
{
    static const struct {
        const char *from, *type, *facts;
        enum err code;
    } rows[] = {
        {HEALTH, "honour", HONOUR_BODY(CLEAN), OK},
        {HEALTH, "licence.application", LICENCE_BODY(CLEAN), OK},
        {HEALTH, "sanction.order", ORDER_BODY("1"), ERR_NO_RIGHT},
        {HEALTH, "sanction.annul", ANNUL_BODY("2"), ERR_NO_RIGHT},
        {MARKET, "sanction.order", ORDER_BODY("1"), ERR_NO_RIGHT}, /* may send it, not ask */
    };
    struct world *w = *state;
    acts_connect(w);
    size_t answered = 0;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        uint8_t env_id[HASH_LEN];
        print_message("row %zu\n", i);
        ask(w, rows[i].from, rows[i].type, rows[i].facts, env_id);
        assert_int_equal(world_code(w, rows[i].from, env_id), rows[i].code);
        answered += rows[i].code == OK;
        assert_int_equal(world_has(w, HEALTH, "preview.answer"), answered);
        assert_int_equal(world_has(w, MARKET, "preview.answer"), 0);
    }
    assert_int_equal(world_status(w, "orders"), 0);
    assert_int_equal(world_status(w, "decisions"), 0);
}

/* An order by somebody who may send orders, but not this one: the refusal's own code. */
static void a_body_that_would_be_refused_is_answered_with_its_code(void **state)
{
    struct world *w = *state;
    begin(w);
    ask(w, HEALTH, "sanction.order", ORDER_BODY("1"), NULL);
    const lianshu_PreviewAnswer *a = answer(w, HEALTH);
    assert_int_not_equal(a->code, 0);
    assert_int_equal(a->obligations, 0);
    assert_int_equal(a->members_count, 0);
    ask(w, MARKET, "sanction.order", ORDER_BODY("4"), NULL);
    assert_int_equal(answer(w, MARKET)->code, ERR_ORDER_VERSION);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, world_setup, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(an_order_is_asked_about_and_nothing_comes_of_it),
        CASE(the_answer_is_what_the_receipt_would_be),
        CASE(the_same_act_twice_is_a_conflict_that_is_named),
        CASE(who_may_not_send_it_may_not_ask_about_it),
        CASE(a_member_asks_only_about_what_it_may_send),
        CASE(a_body_that_would_be_refused_is_answered_with_its_code),
    };
    return cmocka_run_group_tests_name("preview", tests, NULL, NULL);
}
