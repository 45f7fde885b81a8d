/* Who reported an offence stays unknown: the name travels sealed to one unit, and leaves it only
 * after a request and by an act of two officials of that unit, which stands in the log. */
#include "scenario/officials.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define HOLDER    "market.445100"
#define ASKER     "police.445100"
#define DESK      "insurance.445100"
#define PSEUDONYM "b0b1b2b3b4b5b6b7b8b9babbbcbdbebf"
#define OTHER     "c0c1c2c3c4c5c6c7c8c9cacbcccdcecf"

#define WHO                                                                                        \
    "{\"pseudonym\":\"" PSEUDONYM "\",\"name\":\"示例丁\",\"contact\":\"0768-0000000\","        \
    "\"wishes\":\"不公开\"}"

static const struct mail identity = {.from = DESK,
                                     .type = "reporter.identity",
                                     .to = {HOLDER},
                                     .facts = "{\"pseudonym\":\"" PSEUDONYM
                                              "\",\"reference\":\"举字1号\"}",
                                     .sealed = WHO};
static const struct mail request = {.from = ASKER,
                                    .type = "reporter.request",
                                    .to = {HOLDER},
                                    .facts = "{\"pseudonym\":\"" PSEUDONYM "\"}",
                                    .sealed = "{\"text\":\"需核实证言\"}"};

static int setup(void **state)
{
    int failed = world_setup(state);
    struct world *w = *state;
    world_widen(w);
    world_desk(w, HOLDER);
    static const char *const members[] = {HOLDER, ASKER, DESK, "health.445100"};
    for (size_t i = 0; i < T_COUNT(members); i++)
        world_hello(w, members[i]);
    return failed;
}

static uint32_t send(struct world *w, const struct mail *mail, struct sent *sent)
{
    *sent = world_post(w, mail);
    return world_code(w, mail->from, sent->env_id);
}

static void pass(struct world *w, const struct mail *mail, struct sent *sent)
{
    assert_int_equal(send(w, mail, sent), 0);
}

/* What two officials of the holder sign about that request. */
static struct act act_about(struct world *w, const struct sent *asked)
{
    return (struct act){.verb = lianshu_OfficialVerb_OFFICIAL_UNMASK,
                        .recipient = HOLDER,
                        .sender = ASKER,
                        .message_id = asked->id,
                        .member = HOLDER,
                        .first = keyring_find(w->desk[0], KEY_USE_OFFICIAL),
                        .second = keyring_find(w->desk[1], KEY_USE_OFFICIAL)};
}

/* The answer with that act, from the holder to the asker unless the mail says otherwise. */
static uint32_t answer(struct world *w, const struct sent *asked, const struct act *act,
                       const struct mail *like)
{
    static char facts[4096];
    char text[2700];
    char id[33];
    uint8_t bytes[2048];
    struct writer lsd1 = writer_of(bytes, sizeof bytes);
    struct sent sent;
    officials_make(w, act, &lsd1);
    sodium_bin2base64(text, sizeof text, bytes, lsd1.len, sodium_base64_VARIANT_ORIGINAL);
    sodium_bin2hex(id, sizeof id, asked->id, sizeof asked->id);
    snprintf(facts, sizeof facts,
             "{\"pseudonym\":\"" PSEUDONYM "\",\"request_id\":\"%s\",\"act_document\":\"%s\"}", id,
             text);
    struct mail mail = {.from = HOLDER, .to = {ASKER}};
    if (like != NULL)
        mail = *like;
    mail.type = "reporter.unmask";
    mail.facts = facts;
    mail.sealed = WHO;
    return send(w, &mail, &sent);
}

static void a_name_reaches_one_unit_and_leaves_it_by_an_act_of_two_officials(void **state)
{
    struct world *w = *state;
    struct sent sent;
    struct sent asked;
    pass(w, &identity, &sent);
    assert_int_equal(world_got(w, HOLDER, "reporter.identity", 0)->parts_open, 2);
    pass(w, &request, &asked);
    assert_int_equal(world_has(w, HOLDER, "reporter.request"), 1);
    assert_int_equal(world_has(w, ASKER, "reporter.unmask"), 0);
    const struct act act = act_about(w, &asked);
    assert_int_equal(answer(w, &asked, &act, NULL), 0);
    assert_int_equal(world_got(w, ASKER, "reporter.unmask", 0)->parts_open, 2);
    assert_int_equal(world_status(w, "acts.unmask"), 1); /* a leaf of the log */
}

static void an_answer_without_two_officials_of_the_holder_is_refused(void **state)
{
    struct world *w = *state;
    struct sent sent;
    struct sent asked;
    pass(w, &identity, &sent);
    pass(w, &request, &asked);
    const struct act right = act_about(w, &asked);
    struct act one = right;
    one.issuers = 1;
    struct act unsigned_yet = right;
    unsigned_yet.signatures = 1;
    struct act twice = right;
    twice.second = twice.first;
    struct act hubs = right; /* officials of another member */
    hubs.member = NULL;
    hubs.first = NULL;
    hubs.second = NULL;
    struct act strangers = right; /* keys of the hub's officials in the holder's name */
    strangers.first = NULL;
    strangers.second = NULL;
    struct act release = right;
    release.verb = lianshu_OfficialVerb_OFFICIAL_RELEASE;
    struct act elsewhere = right; /* for somebody else */
    elsewhere.sender = DESK;
    struct act another = right; /* about another request */
    another.message_id = sent.id;
    struct act stale = right;
    stale.issued_ms = w->now_ms - 1;
    stale.valid_ms = 1;
    const struct {
        const struct act *act;
        enum err code;
    } rows[] = {
        {&one, ERR_TWO_OFFICIALS},
        {&unsigned_yet, ERR_TWO_OFFICIALS},
        {&twice, ERR_TWO_OFFICIALS},
        {&hubs, ERR_TWO_OFFICIALS},
        {&strangers, ERR_KEY_NOT_SENDERS},
        {&release, ERR_HEADER},
        {&elsewhere, ERR_TWO_OFFICIALS},
        {&another, ERR_TWO_OFFICIALS},
        {&stale, ERR_EXPIRED},
    };
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        print_message("row %zu\n", i);
        assert_int_equal(answer(w, &asked, rows[i].act, NULL), rows[i].code);
        assert_int_equal(world_has(w, ASKER, "reporter.unmask"), 0);
    }
    assert_int_equal(world_status(w, "acts.unmask"), 0);
    assert_int_equal(answer(w, &asked, &right, NULL), 0); /* and it still can be given */
}

static void only_the_holder_answers_and_only_who_asked_and_once(void **state)
{
    struct world *w = *state;
    static const struct mail desk = {.from = DESK, .to = {ASKER}};
    static const struct mail both = {.from = HOLDER, .to = {"health.445100", ASKER}};
    static const struct mail other = {.from = HOLDER, .to = {"health.445100"}};
    struct sent sent;
    struct sent asked;
    pass(w, &identity, &sent);
    struct sent nothing = {.id = {1}};
    const struct act early = act_about(w, &nothing);
    assert_int_equal(answer(w, &nothing, &early, NULL), ERR_REPORTER); /* nobody asked */
    pass(w, &request, &asked);
    const struct act act = act_about(w, &asked);
    assert_int_equal(answer(w, &asked, &act, &desk), ERR_REPORTER);
    assert_int_equal(answer(w, &asked, &act, &both), ERR_REPORTER);
    assert_int_equal(answer(w, &asked, &act, &other), ERR_REPORTER);
    assert_int_equal(answer(w, &asked, &act, NULL), 0);
    const struct act again = act_about(w, &asked);
    assert_int_equal(answer(w, &asked, &again, NULL), ERR_REPORTER);
    assert_int_equal(world_has(w, ASKER, "reporter.unmask"), 1);
    assert_int_equal(world_has(w, "health.445100", "reporter.unmask"), 0);
}

static void a_name_goes_to_one_unit_only_and_a_pseudonym_has_one(void **state)
{
    struct world *w = *state;
    struct sent sent;
    struct mail two = identity;
    two.to[0] = "health.445100";
    two.to[1] = HOLDER;
    assert_int_equal(send(w, &two, &sent), ERR_REPORTER);
    pass(w, &identity, &sent);
    struct mail elsewhere = identity;
    elsewhere.to[0] = "health.445100";
    assert_int_equal(send(w, &elsewhere, &sent), ERR_REPORTER);
    assert_int_equal(world_has(w, "health.445100", "reporter.identity"), 0);
}

static void a_request_goes_to_the_unit_that_knows_and_to_nobody_else(void **state)
{
    struct world *w = *state;
    struct sent sent;
    struct mail unknown = request;
    unknown.facts = "{\"pseudonym\":\"" OTHER "\"}";
    assert_int_equal(send(w, &request, &sent), ERR_REPORTER); /* no such pseudonym yet */
    pass(w, &identity, &sent);
    assert_int_equal(send(w, &unknown, &sent), ERR_REPORTER);
    struct mail wrong = request;
    wrong.to[0] = "health.445100";
    assert_int_equal(send(w, &wrong, &sent), ERR_REPORTER);
    struct mail two = request;
    two.to[0] = "health.445100";
    two.to[1] = HOLDER;
    assert_int_equal(send(w, &two, &sent), ERR_REPORTER);
    assert_int_equal(world_has(w, HOLDER, "reporter.request"), 0);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_name_reaches_one_unit_and_leaves_it_by_an_act_of_two_officials),
        CASE(an_answer_without_two_officials_of_the_holder_is_refused),
        CASE(only_the_holder_answers_and_only_who_asked_and_once),
        CASE(a_name_goes_to_one_unit_only_and_a_pseudonym_has_one),
        CASE(a_request_goes_to_the_unit_that_knows_and_to_nobody_else),
    };
    return cmocka_run_group_tests_name("reporters", tests, NULL, NULL);
}
