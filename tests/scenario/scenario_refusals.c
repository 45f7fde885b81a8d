/* What the hub refuses, with which code, and that it changes nothing but a receipt or a count. */
#include "scenario/acts.h"
#include "scenario/texts.h"
#include "scenario/world.h"

#include "base/clock.h"
#include "base/hex.h"
#include "catalogue.h"

#include <stdio.h>
#include <stdlib.h>

/* Refused with a signed receipt: the code, and nobody got anything. */
static void assert_rejected(struct world *w, const struct mail *mail, enum err code)
{
    uint8_t env_id[HASH_LEN];
    world_send(w, mail, env_id);
    assert_int_equal(world_verdict(w, mail->from, env_id), lianshu_ReceiptKind_RECEIPT_REJECTED);
    assert_int_equal(world_code(w, mail->from, env_id), code);
    assert_int_equal(world_status(w, "undelivered"), 0);
    assert_int_equal(world_has(w, "market.445100", mail->type), 0);
}

/* Refused before its signature: counted, no row, no receipt. */
static void assert_counted(struct world *w, const char *from, enum err code)
{
    struct site *site = world_site(w, from);
    size_t receipts = site->receipt_count;
    uint64_t envelopes = world_status(w, "envelopes");
    char name[32];
    site->last_busy_code = 0;
    snprintf(name, sizeof name, "unverified.%d", (int)code);
    uint64_t before = world_status(w, name);
    world_push(w, from);
    world_turn(w);
    world_pass(w, 1000); /* the second is over: one leaf */
    assert_int_equal(world_status(w, name), before + 1);
    assert_int_equal(world_status(w, "envelopes"), envelopes);
    assert_int_equal(site->receipt_count, receipts);
    assert_int_equal(site->last_busy_code, code);
}

static void every_part_of_a_frame_is_covered_by_the_signature(void **state)
{
    struct world *w = *state;
    acts_connect_both(w);
    const struct mail mail = acts_application(NULL);
    world_make(w, &mail, NULL, NULL);
    uint64_t envelopes = world_status(w, "envelopes");
    for (size_t i = 0; i < w->frame_len; i += 7) {
        w->frame[i] ^= 0x40;
        world_push(w, "health.445100");
        w->frame[i] ^= 0x40;
    }
    world_turn(w);
    assert_int_equal(world_status(w, "envelopes"), envelopes);
    assert_int_equal(world_site(w, "health.445100")->receipt_count, 0);
    world_push(w, "health.445100"); /* and the untouched one passes */
    world_turn(w);
    assert_int_equal(world_has(w, "market.445100", "licence.application"), 1);
}

static void an_altered_ciphertext_is_E303(void **state)
{
    struct world *w = *state;
    acts_connect_both(w);
    const struct mail mail = acts_application(NULL);
    world_make(w, &mail, NULL, NULL);
    w->frame[w->frame_len - 300] ^= 1;
    assert_counted(w, "health.445100", ERR_SIGNATURE);
}

static void another_members_connection_is_E103(void **state)
{
    struct world *w = *state;
    acts_connect_both(w);
    world_hello(w, "police.445100");
    const struct mail mail = acts_application(NULL);
    world_make(w, &mail, NULL, NULL);
    assert_counted(w, "police.445100", ERR_WRONG_SENDER);
}

static void malformed_frames_are_counted_by_their_code(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
        enum err code;
    } rows[] = {
        {"", 0, ERR_FRAME_EMPTY},
        {"X", 1, ERR_FRAME_EMPTY},
        {"NOPE", 4, ERR_FRAME_EMPTY},
        {"LSE2", 4, ERR_FRAME_VERSION},
        {"LSE1", 4, ERR_FRAME_LENGTH},
        {"LSE1\xff\xff\xff\xff", 8, ERR_FRAME_LENGTH},
        {"LSB1\x01\x00\x00\x00\x09", 9, ERR_FRAME_LENGTH},
        {"LSK1\x00\x00\x00\x02\x08\x00", 10, ERR_NOT_CANONICAL},
        {"LSG1", 4, ERR_FRAME_EMPTY},
    };
    struct world *w = *state;
    acts_connect_both(w);
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        print_message("row %zu\n", i);
        memcpy(w->frame, rows[i].bytes, rows[i].len);
        w->frame_len = rows[i].len;
        assert_counted(w, "health.445100", rows[i].code);
    }
}

static void a_thousand_bad_frames_are_one_leaf(void **state)
{
    struct world *w = *state;
    acts_connect_both(w);
    uint64_t size = world_status(w, "log_size");
    memcpy(w->frame, "NOPE", 4);
    w->frame_len = 4;
    for (int i = 0; i < 1000; i++)
        world_push(w, "health.445100");
    world_turn(w);
    world_pass(w, 1000);
    assert_int_equal(world_status(w, "log_size"), size + 1);
    assert_int_equal(world_status(w, "unverified.201"), 1000);
}

static void times_are_judged(void **state)
{
    struct world *w = *state;
    acts_connect_both(w);
    world_pass(w, 30 * (uint64_t)DAY_MS); /* keys are as old as that */
    const uint64_t now = w->now_ms;
    const uint64_t life = type_by_name("licence.application")->life_ms;
    const struct {
        uint64_t created_ms;
        uint64_t expires_ms;
        enum err code;
    } rows[] = {
        {now + 300001, now + 400000, ERR_FUTURE},
        {now - 10000, now - 5000, ERR_EXPIRED},
        {now - 10000, now, ERR_EXPIRED},
        {now - life + 1, now - 1, ERR_EXPIRED},
        {now - life, now - 1, ERR_TOO_OLD},
        {now - life, now + 60000, ERR_TOO_OLD}, /* whatever end it names */
        {now, now + 15 * (uint64_t)DAY_MS, ERR_LIFE},
        {now, now - 1, ERR_LIFE},
    };
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        struct mail mail = acts_application(NULL);
        mail.created_ms = rows[i].created_ms;
        mail.expires_ms = rows[i].expires_ms;
        print_message("row %zu\n", i);
        assert_rejected(w, &mail, rows[i].code);
    }
    struct mail mail = acts_application(NULL); /* ahead, but within what clocks may differ */
    mail.created_ms = now + 300000;
    uint8_t env_id[HASH_LEN];
    world_send(w, &mail, env_id);
    assert_int_equal(world_code(w, "health.445100", env_id), 0);
}

static void a_clock_set_back_revives_nothing(void **state)
{
    struct world *w = *state;
    acts_connect_both(w);
    struct mail mail = acts_application(NULL);
    mail.expires_ms = w->now_ms + 30 * 1000;
    world_make(w, &mail, NULL, NULL);
    uint8_t frame[65536];
    size_t len = w->frame_len;
    memcpy(frame, w->frame, len);
    world_pass(w, 45 * 1000);
    const struct mail other = acts_application(NULL);
    world_send(w, &other, NULL); /* a commit at that time */
    w->now_ms -= 45 * 1000;
    memcpy(w->frame, frame, len);
    w->frame_len = len;
    world_push(w, "health.445100");
    world_turn(w);
    const struct site *health = world_site(w, "health.445100");
    assert_int_equal(health->receipts[health->receipt_count - 1].code, ERR_EXPIRED);
}

/* The code of the hub's answer to a new application: of its receipt, or why it takes none. */
static uint32_t say_at_once(struct world *w)
{
    struct site *health = world_site(w, "health.445100");
    const struct mail mail = acts_application(NULL);
    uint8_t env_id[HASH_LEN];
    health->last_busy_code = 0;
    world_make(w, &mail, env_id, NULL);
    world_push(w, "health.445100");
    world_turn(w);
    return health->last_busy_code != 0 ? health->last_busy_code
                                       : world_code(w, "health.445100", env_id);
}

static bool clock_is_back(struct world *w)
{
    struct json *status = world_ask(w, "{\"cmd\":\"status\"}");
    const bool back = json_flag(json_get(status, "clock_back"));
    json_close(&status);
    return back;
}

/* A day back: nobody knows what time it is, so nothing new is accepted; what was goes on. */
static void while_the_clock_is_not_to_be_trusted_nothing_new_is_accepted(void **state)
{
    struct world *w = *state;
    const struct mail mail = acts_application(NULL);
    uint8_t env_id[HASH_LEN];
    acts_connect_both(w);
    world_site(w, "market.445100")->silent = true;
    world_send(w, &mail, env_id); /* a commit at that time */
    const uint64_t committed = w->now_ms;
    w->now_ms = committed - 60 * 1000;
    assert_int_equal(say_at_once(w), 0);
    w->now_ms = committed - 60 * 1000 - 1;
    const uint64_t size = world_status(w, "log_size");
    assert_int_equal(say_at_once(w), ERR_CLOCK);
    assert_int_equal(world_status(w, "log_size"), size);
    assert_true(clock_is_back(w));
    world_restart(w);
    w->now_ms = committed - DAY_MS;
    acts_connect_both(w);
    assert_int_equal(say_at_once(w), ERR_CLOCK);
    world_site(w, "market.445100")->silent = false;
    world_hello(w, "market.445100");
    world_turn(w);
    assert_true(world_has(w, "market.445100", "licence.application") >= 1);
    assert_int_equal(world_heard(w, "health.445100", env_id, lianshu_ReceiptKind_RECEIPT_DELIVERED),
                     1);
    w->now_ms = committed;
    assert_int_equal(say_at_once(w), 0);
    assert_false(clock_is_back(w));
}

static void rights_are_default_deny(void **state)
{
    struct world *w = *state;
    acts_connect_both(w);
    world_hello(w, "police.445100");
    const struct mail type = {.from = "police.445100",
                              .type = "honour",
                              .to = {"market.445100"},
                              .facts = HONOUR_BODY(CLEAN)};
    assert_rejected(w, &type, ERR_NO_RIGHT);
    const struct mail recipient = {.from = "health.445100",
                                   .type = "licence.application",
                                   .to = {"police.445100"},
                                   .facts = LICENCE_BODY(CLEAN)};
    assert_rejected(w, &recipient, ERR_RECIPIENT_RIGHT);
    const struct mail hubs = {.from = "health.445100",
                              .type = "credit.certificate",
                              .to = {"market.445100"},
                              .facts = "{\"subject\":" CLEAN
                                       ",\"at_ms\":\"2026-04-01T10:00:00+08:00\"}"};
    assert_rejected(w, &hubs, ERR_NO_RIGHT);
    const struct mail imposes = {.from = "health.445100",
                                 .type = "sanction.order",
                                 .to = {"hub.445100"},
                                 .facts = ORDER_BODY("1"),
                                 .basis = {"DL116", "DL118"}};
    assert_rejected(w, &imposes, ERR_NO_RIGHT);
}

static void a_known_id_with_other_content_is_kept_as_evidence(void **state)
{
    struct world *w = *state;
    acts_connect_both(w);
    uint8_t id[16];
    uint8_t env_id[HASH_LEN];
    struct mail mail = acts_application(NULL);
    world_make(w, &mail, env_id, id);
    world_push(w, "health.445100");
    world_turn(w);
    uint64_t size = world_status(w, "log_size");
    mail.message_id = id;
    mail.facts = LICENCE_BODY(PUNISHED);
    world_make(w, &mail, NULL, NULL);
    world_push(w, "health.445100");
    world_turn(w);
    assert_int_equal(world_site(w, "health.445100")->last_busy_code, ERR_EQUIVOCATION);
    assert_int_equal(world_status(w, "log_size"), size + 1);
    assert_int_equal(world_has(w, "market.445100", "licence.application"), 1);
    assert_int_equal(world_verdict(w, "health.445100", env_id),
                     lianshu_ReceiptKind_RECEIPT_DELIVERED);
}

static void documents_with_wrong_check_digits_take_no_effect(void **state)
{
    struct world *w = *state;
    acts_connect_both(w);
    const struct mail uscc = {
        .from = "health.445100",
        .type = "licence.application",
        .to = {"market.445100"},
        .facts = LICENCE_BODY("{\"kind\":\"enterprise\",\"id\":\"91445100DEMA00013A\","
                              "\"name\":\"x\",\"region\":\"445102\"}")};
    assert_rejected(w, &uscc, ERR_CHECK_DIGIT);
    const struct mail region = {
        .from = "health.445100",
        .type = "licence.application",
        .to = {"market.445100"},
        .facts = LICENCE_BODY("{\"kind\":\"enterprise\",\"id\":\"91445100DEMA00013Q\","
                              "\"name\":\"x\",\"region\":\"445199\"}")};
    assert_rejected(w, &region, ERR_REGION);
}

#define ORDER_WITH(from, to) order_with(ORDER_BODY("1"), from, to)

static const char *order_with(const char *body, const char *from, const char *to)
{
    static char text[4096];
    const char *at = strstr(body, from);
    assert_non_null(at);
    snprintf(text, sizeof text, "%.*s%s%s", (int)(at - body), body, to, at + strlen(from));
    return text;
}

static void unlawful_orders_are_refused_and_restrict_nobody(void **state)
{
    static const struct {
        const char *from;
        const char *to;
        enum err code;
    } rows[] = {
        {"\"serious_dishonesty\"", "\"no_such_list\"", ERR_LIST_RIGHT},
        {"\"version\":1", "\"version\":2", ERR_ORDER_VERSION},
        {"\"max_date\":\"2029-04-01\"", "\"max_date\":\"2026-06-01\"", ERR_TERM},
        {",\"consent_number\":\"粤市监〔2026〕9号\"", "", ERR_CONSENT},
        {",\"prior_notice_date\":\"2026-03-10\"", "", ERR_CONSENT},
        {"\"persons\":[" HEAD_PERSON "," MANAGER_PERSON "],", "", ERR_NO_PERSON},
    };
    struct world *w = *state;
    acts_connect_both(w);
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        const struct mail mail = {.from = "market.445100",
                                  .type = "sanction.order",
                                  .to = {"hub.445100"},
                                  .facts = ORDER_WITH(rows[i].from, rows[i].to),
                                  .basis = {"DL116", "DL118"}};
        print_message("row %zu\n", i);
        assert_rejected(w, &mail, rows[i].code);
        assert_int_equal(world_status(w, "restrictions"), 0);
        assert_int_equal(world_status(w, "obligations.total"), 0);
    }
    const struct mail basis = {.from = "market.445100",
                               .type = "sanction.order",
                               .to = {"hub.445100"},
                               .facts = ORDER_BODY("1"),
                               .basis = {"XX999"}};
    assert_rejected(w, &basis, ERR_BASIS);
}

static void receipts_by_others_and_for_others_are_counted(void **state)
{
    struct world *w = *state;
    acts_connect_both(w);
    world_hello(w, "police.445100");
    world_site(w, "market.445100")->silent = true;
    const struct mail mail = acts_application(NULL);
    world_send(w, &mail, NULL);
    struct got stolen = *world_got(w, "market.445100", "licence.application", 0);
    world_push_receipt(w, "police.445100", &stolen); /* never its recipient */
    world_turn(w);
    assert_int_equal(world_status(w, "undelivered"), 1);
    stolen.env_id[0] ^= 1;
    world_push_receipt(w, "market.445100", &stolen); /* another envelope */
    world_turn(w);
    assert_int_equal(world_status(w, "undelivered"), 1);
    stolen.env_id[0] ^= 1;
    world_push_receipt(w, "market.445100", &stolen);
    world_turn(w);
    assert_int_equal(world_status(w, "undelivered"), 0);
    world_push_receipt(w, "market.445100", &stolen); /* again: no second effect */
    world_turn(w);
    world_pass(w, 1000);
    assert_int_equal(world_status(w, "unverified.520"), 1);
    assert_int_equal(world_status(w, "receipts.delivered"), 1);
}

/* Late and signed by who may: it is taken off the wire, and nothing is changed by it. */
static void a_receipt_that_comes_too_late_to_matter_changes_nothing(void **state)
{
    static const struct {
        lianshu_ReceiptKind kind;
        uint32_t code;
    } late[] = {
        {lianshu_ReceiptKind_RECEIPT_DELIVERED, 0},
        {lianshu_ReceiptKind_RECEIPT_RETURNED, ERR_CANNOT_OPEN},
        {lianshu_ReceiptKind_RECEIPT_OPENED, 0},
        {lianshu_ReceiptKind_RECEIPT_ACTED, 0},
    };
    struct world *w = *state;
    uint8_t env_id[HASH_LEN];
    acts_connect_both(w);
    const struct mail mail = acts_application(NULL);
    world_send(w, &mail, env_id);
    const struct got *got = world_got(w, "market.445100", "licence.application", 0);
    world_say(w, "market.445100", got, lianshu_ReceiptKind_RECEIPT_OPENED, 0);
    world_say(w, "market.445100", got, lianshu_ReceiptKind_RECEIPT_ACTED, 0);
    world_turn(w);
    assert_int_equal(world_verdict(w, "health.445100", env_id), lianshu_ReceiptKind_RECEIPT_ACTED);
    const uint64_t size = world_status(w, "log_size");
    const size_t heard = world_site(w, "health.445100")->receipt_count;
    for (size_t i = 0; i < T_COUNT(late); i++) {
        print_message("row %zu\n", i);
        world_say(w, "market.445100", got, late[i].kind, late[i].code);
        world_turn(w);
        world_pass(w, 1000);
        assert_int_equal(world_status(w, "log_size"), size);
        assert_int_equal(world_site(w, "health.445100")->receipt_count, heard);
        assert_int_equal(world_status(w, "unverified.522"), 0);
    }
    assert_int_equal(world_status(w, "receipts.returned"), 0);
}

static void a_log_that_the_signer_does_not_know_does_not_start(void **state)
{
    struct world *w = *state;
    acts_connect_both(w);
    const struct mail mail = acts_application(NULL);
    world_send(w, &mail, NULL);
    merkle_hash leaf = {9};
    struct merkle_frontier good = w->log;
    frontier_append(&w->log, leaf); /* the signer signed more than the database holds */
    assert_int_equal(world_try_restart(w), ERR_LOG_ROLLBACK);
    frontier_init(&w->log);
    for (uint64_t i = 0; i < good.size; i++)
        frontier_append(&w->log, leaf); /* as long, but another tree */
    assert_int_equal(world_try_restart(w), ERR_LOG_FORK);
    w->log = good;
    assert_int_equal(world_try_restart(w), OK);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, world_setup, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(every_part_of_a_frame_is_covered_by_the_signature),
        CASE(an_altered_ciphertext_is_E303),
        CASE(another_members_connection_is_E103),
        CASE(malformed_frames_are_counted_by_their_code),
        CASE(a_thousand_bad_frames_are_one_leaf),
        CASE(times_are_judged),
        CASE(a_clock_set_back_revives_nothing),
        CASE(while_the_clock_is_not_to_be_trusted_nothing_new_is_accepted),
        CASE(rights_are_default_deny),
        CASE(a_known_id_with_other_content_is_kept_as_evidence),
        CASE(documents_with_wrong_check_digits_take_no_effect),
        CASE(unlawful_orders_are_refused_and_restrict_nobody),
        CASE(receipts_by_others_and_for_others_are_counted),
        CASE(a_receipt_that_comes_too_late_to_matter_changes_nothing),
        CASE(a_log_that_the_signer_does_not_know_does_not_start),
    };
    return cmocka_run_group_tests_name("refusals", tests, NULL, NULL);
}
