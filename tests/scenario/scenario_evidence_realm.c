/* Evidence where there are several hubs: their receipts, their cosignatures, and revocations that
 * came after the version of the registry. By both verifiers. */
#include "scenario/casehubs.h"
#include "scenario/evidencebook.h"
#include "scenario/realm.h"
#include "scenario/texts.h"
#include "scenario/world_inner.h"

#include "base/clock.h"
#include "base/hex.h"
#include "keys/registrar.h"
#include "wire.h"

#include <stdio.h>
#include <stdlib.h>

#define TOP    "000000"
#define CITY   "445100"
#define SENDER "health.445100"
#define READER "market.445100"
#define FAR    "market.000000"
#define VERIFY "evidence verify b --anchor anchor.yaml"

static const struct realm_hub plan[] = {{.region = TOP}, {.region = "440000"}, {.region = CITY}};

struct fixture {
    struct realm *realm;
    struct book book;
};

static struct fixture f;

static int start(void **state, bool witnesses)
{
    static uint8_t file[256 << 10];
    void *terminal;
    struct realm *r = f.realm = realm_new(plan, T_COUNT(plan));
    *state = &f;
    if (terminal_open(&terminal) != 0)
        return -1;
    f.book = (struct book){.world = realm_world(r, CITY), .terminal = terminal};
    for (size_t i = 0; witnesses && i < r->count; i++)
        (void)world_add_key(r->world[i], r->world[i]->sites[0].keys, KEY_USE_WITNESS);
    if (witnesses) {
        const size_t len = realm_registry(r, 2, 0, file, sizeof file);
        for (size_t i = 0; i < r->count; i++)
            realm_reload(r, plan[i].region, span_of(file, len));
        realm_turn(r);
    }
    return anchor_write(&r->anchor, "anchor.yaml", false, NULL) == OK ? 0 : -1;
}

static int setup(void **state)
{
    return start(state, false);
}

static int setup_witnesses(void **state)
{
    return start(state, true);
}

static int end(void **state)
{
    void *terminal = f.book.terminal;
    (void)state;
    const int closed = terminal_close(&terminal);
    realm_free(f.realm);
    return closed;
}

static struct sent apply(const char *to)
{
    const struct mail mail = {
        .from = SENDER, .type = "licence.application", .to = {to}, .facts = LICENCE_BODY(CLEAN)};
    return realm_send(f.realm, &mail);
}

/* A revocation of SENDER's signing key, in effect at its hub. */
static void revoke_key(uint64_t number, uint64_t since_ms)
{
    static uint8_t answer[4096];
    uint8_t paper[4096];
    struct realm *r = f.realm;
    lianshu_Revocation body = {.number = number,
                               .reason = lianshu_RevocationReason_REVOCATION_COMPROMISED,
                               .compromised_since_ms = since_ms};
    const struct key *key = keyring_find(r->root, KEY_USE_REGISTRAR);
    const struct keyring *of = world_site(f.book.world, SENDER)->keys;
    const struct office_paper what = {.realm = "demo",
                                      .type = lianshu_DocumentType_TYPE_KEY_REVOCATION,
                                      .desc = &lianshu_Revocation_msg,
                                      .body = &body,
                                      .now_ms = r->now_ms,
                                      .entropy = &r->world[0]->entropy};
    const struct office_signers by = {.member = "registrar.000000", .keys = &key, .key_count = 1};
    struct writer w = writer_of(paper, sizeof paper);
    struct writer out = writer_of(answer, sizeof answer);
    strcpy(body.member, SENDER);
    memcpy(body.kid, key_kid(keyring_find(of, KEY_USE_SIGN)), KID_LEN);
    assert_int_equal(office_document(&what, &by, &w), OK);
    world_land(f.book.world);
    assert_int_equal(core_amend(f.book.world->core, writer_span(&w), r->now_ms, &out), OK);
    assert_null(memmem(answer, out.len, "\"error\"", 7));
    realm_turn(r);
}

static void export_envelope(const struct sent *sent)
{
    char hex[2 * HASH_LEN + 1];
    char line[512];
    hex_encode(span_of(sent->env_id, HASH_LEN), hex);
    book_serve(&f.book);
    snprintf(line, sizeof line, "evidence export %s --anchor anchor.yaml --control control --out b",
             hex);
    must(f.book.terminal, line);
}

/* Both verifiers accept it; what ours says stays in the terminal. */
static void both_accept(void)
{
    assert_int_equal(book_script(&f.book, "b", "anchor.yaml"), 0);
    must(f.book.terminal, VERIFY);
}

static void script_says(const char *what)
{
    char *text = read_text("script.out");
    if (strstr(text, what) == NULL)
        fail_msg("%s: %s", what, text);
    free(text);
}

/* Both refuse it. */
static void both_refuse(const char *label)
{
    refused(f.book.terminal, VERIFY, CLI_REFUSED, label, "");
    assert_int_equal(book_script(&f.book, "b", "anchor.yaml"), 1);
}

/* The frame stays with the hub while its reader is silent. */
static struct sent keep_frame(void)
{
    world_site(f.book.world, READER)->silent = true;
    const struct sent sent = apply(READER);
    realm_pass(f.realm, 60 * 1000);
    return sent;
}

/* ---- revocations ---- */

static void a_revocation_that_came_later_leaves_what_was_taken_before_it(void **state)
{
    (void)state;
    const struct sent sent = keep_frame();
    revoke_key(1, 0);
    export_envelope(&sent);
    both_accept();
    assert_says(f.book.terminal, "by registrar.000000 up to number 1 are taken into account");
    assert_says(f.book.terminal, "Envelopes: 1 are signed by their senders");
    assert_null(strstr(f.book.terminal->out, "NOT proven by that signature"));
    script_says("by registrar.000000 up to number 1");
    script_says("1 envelopes are signed");
}

static void a_key_that_was_doubted_before_the_act_proves_nothing_and_both_say_so(void **state)
{
    (void)state;
    const uint64_t before_ms = f.realm->now_ms;
    realm_pass(f.realm, 60 * 1000);
    const struct sent sent = keep_frame();
    revoke_key(1, before_ms);
    export_envelope(&sent);
    both_accept();
    assert_says(f.book.terminal, "NOT proven by that signature");
    assert_says(f.book.terminal, "registrar.000000 1");
    assert_null(strstr(f.book.terminal->out, "are signed by their senders"));
    script_says("NOT proven by that signature");
    script_says("0 envelopes are signed");
}

/* The second revocation doubts the act: without the first one it is not believed, and without both
 * the bundle says that it knows of none. */
static void a_revocation_that_was_taken_out_is_a_gap_or_is_told(void **state)
{
    (void)state;
    const uint64_t before_ms = f.realm->now_ms;
    realm_pass(f.realm, 60 * 1000);
    const struct sent sent = keep_frame();
    revoke_key(1, 0);
    revoke_key(2, before_ms);
    export_envelope(&sent);
    assert_int_equal(remove("b/revocations/registrar.000000-00000001.lsd"), 0);
    book_fit("b");
    both_refuse("E439 revocations/");
    assert_int_equal(remove("b/revocations/registrar.000000-00000002.lsd"), 0);
    book_fit("b");
    both_accept();
    assert_says(f.book.terminal, "by registrar.000000 after number 0 are not known here");
    script_says("by registrar.000000 after number 0 are not known here");
}

static void a_revocation_that_was_changed_or_renamed_is_refused(void **state)
{
    (void)state;
    const struct sent sent = keep_frame();
    revoke_key(1, 0);
    export_envelope(&sent);
    book_flip(&f.book, "b", "revocations/registrar.000000-00000001.lsd");
    assert_int_equal(rename("b/revocations/registrar.000000-00000001.lsd",
                            "b/revocations/registrar.000000-00000002.lsd"),
                     0);
    book_fit("b");
    both_refuse("E814 revocations/");
}

/* ---- other hubs ---- */

static void receipts_of_other_hubs_stand_in_their_own_logs(void **state)
{
    (void)state;
    const struct sent sent = apply(FAR);
    realm_live(f.realm, 60 * 1000, 1000);
    export_envelope(&sent);
    both_accept();
    assert_says(f.book.terminal, "receipts stand in the logs of the hubs that gave them");
    char *text = read_text("script.out");
    assert_null(strstr(text, "0 stand in logs of other hubs"));
    free(text);
    assert_true(book_flip_each(&f.book, "b", BOOK_LIST_FITS) > 10);
}

static void witnesses_are_counted_by_their_own_keys_alone(void **state)
{
    size_t len;
    (void)state;
    const struct sent sent = apply(READER);
    realm_live(f.realm, 60 * 1000, 1000);
    export_envelope(&sent);
    both_accept();
    assert_says(f.book.terminal, "Witnesses: 1 independent witnesses cosigned");
    script_says("by 1 witnesses");
    /* A line of a name that no record is of counts nothing; nor does one that was changed. */
    char *note = book_read("b/checkpoint.txt", &len);
    char *line = strstr(note, "hub.440000.demo/witness");
    assert_non_null(line);
    memcpy(line, "hub.350000", 10);
    book_add_file("b", "checkpoint.txt", span_of(note, len));
    free(note);
    both_accept();
    assert_says(f.book.terminal, "No witness has cosigned");
    script_says("by 0 witnesses");
}

/* ---- cases ---- */

static const struct work ASKED = {.from = READER,
                                  .to = {FAR},
                                  .type = "assist.request",
                                  .transition = "A02",
                                  .outcome = "case",
                                  .owner = FAR,
                                  .papers = "\"D29\""};
static const struct work TAKEN = {.from = FAR,
                                  .to = {READER},
                                  .type = "assist.accept",
                                  .transition = "A04",
                                  .outcome = "accepted",
                                  .owner = FAR};
static const struct work WITHDRAWN = {.from = READER,
                                      .to = {FAR},
                                      .type = "assist.close",
                                      .transition = "A08",
                                      .outcome = "withdrawn"};
static const struct work AGAIN = {.from = READER, /* the state does not allow it */
                                  .to = {FAR},
                                  .type = "assist.close",
                                  .transition = "A08"};

#define OTHER_TALK "c0c1c2c3c4c5c6c7c8c9cacbcccdcecf"

static uint32_t say_step(const struct work *work, const char *conversation)
{
    struct world *home = realm_home(f.realm, work->from);
    struct mail mail = work_mail(home, work);
    mail.conversation = conversation;
    const struct sent sent = realm_send(f.realm, &mail);
    realm_live(f.realm, SECOND_MS, SECOND_MS);
    return world_code(home, work->from, sent.env_id);
}

static uint32_t step(const struct work *work)
{
    return say_step(work, CASE_ID); /* as adapters do */
}

static size_t how_often(const char *text, const char *what)
{
    size_t count = 0;
    for (const char *at = text; (at = strstr(at, what)) != NULL; at += strlen(what))
        count++;
    return count;
}

/* It is found by the case that it names, whatever its envelope says. */
static void what_was_refused_outside_of_the_cases_conversation_is_in_the_bundle_too(void **state)
{
    static const char *const talks[] = {NULL, OTHER_TALK, CASE_ID};
    (void)state;
    assert_int_equal(step(&ASKED), 0);
    casehubs_settle(f.realm);
    assert_int_equal(step(&WITHDRAWN), 0);
    for (size_t i = 0; i < T_COUNT(talks); i++)
        assert_int_equal(say_step(&AGAIN, talks[i]), ERR_CASE_STATE);
    book_serve(&f.book);
    must(f.book.terminal,
         "evidence export " CASE_ID " --anchor anchor.yaml --control control --out b");
    both_accept();
    char *text = read_text("b/report.txt");
    assert_int_equal(how_often(text, "rejected E644"), T_COUNT(talks));
    free(text);
}

/* Nobody knew the case then. */
static void what_was_refused_before_the_case_began_is_in_its_bundle(void **state)
{
    static const char *const talks[] = {NULL, OTHER_TALK, CASE_ID};
    (void)state;
    for (size_t i = 0; i < T_COUNT(talks); i++)
        assert_int_equal(say_step(&AGAIN, talks[i]), ERR_CASE_STATE);
    realm_live(f.realm, 3 * (uint64_t)DAY_MS, 6 * HOUR_MS);
    assert_int_equal(step(&ASKED), 0);
    casehubs_settle(f.realm);
    book_serve(&f.book);
    must(f.book.terminal,
         "evidence export " CASE_ID " --anchor anchor.yaml --control control --out b");
    both_accept();
    char *text = read_text("b/report.txt");
    assert_int_equal(how_often(text, "rejected E644"), T_COUNT(talks));
    free(text);
}

static void
a_step_that_lost_and_one_that_was_refused_are_in_the_bundle_with_the_reason(void **state)
{
    struct realm *r = f.realm;
    (void)state;
    assert_int_equal(step(&ASKED), 0);
    casehubs_settle(r);
    realm_cut(r, "440000", CITY);
    assert_int_equal(step(&TAKEN), 0);
    assert_int_equal(step(&WITHDRAWN), 0);
    realm_heal(r, "440000", CITY);
    casehubs_settle(r);
    assert_int_equal(step(&AGAIN), ERR_CASE_STATE);
    book_serve(&f.book);
    must(f.book.terminal,
         "evidence export " CASE_ID " --anchor anchor.yaml --control control --out b");
    both_accept();
    assert_says(f.book.terminal, "Without effect: 1 documents of the case");
    char *text = read_text("b/report.txt");
    const char *lost = strstr(text, "LOST, without effect: another document of this number stands; "
                                    "E644");
    assert_non_null(lost);
    assert_non_null(strstr(lost, "; envelope "));
    assert_non_null(strstr(text, "in effect; envelope "));
    assert_non_null(strstr(text, "rejected E644")); /* the last one, by its receipt */
    free(text);
}

#define EACH(fn) cmocka_unit_test_setup_teardown(fn, setup, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        EACH(a_revocation_that_came_later_leaves_what_was_taken_before_it),
        EACH(a_key_that_was_doubted_before_the_act_proves_nothing_and_both_say_so),
        EACH(a_revocation_that_was_taken_out_is_a_gap_or_is_told),
        EACH(a_revocation_that_was_changed_or_renamed_is_refused),
        EACH(receipts_of_other_hubs_stand_in_their_own_logs),
        EACH(what_was_refused_outside_of_the_cases_conversation_is_in_the_bundle_too),
        EACH(what_was_refused_before_the_case_began_is_in_its_bundle),
        EACH(a_step_that_lost_and_one_that_was_refused_are_in_the_bundle_with_the_reason),
        cmocka_unit_test_setup_teardown(witnesses_are_counted_by_their_own_keys_alone,
                                        setup_witnesses, end),
    };
    return cmocka_run_group_tests_name("evidence_realm", tests, NULL, NULL);
}
