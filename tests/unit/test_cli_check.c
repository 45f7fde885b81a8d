/*
 * Checks `lianshu check` in-process: who may be asked about, and the mirror's answer as text, as
 * JSON and as exit code. The mirror is one that an adapter of the paper exchange has filled.
 */
#include "exchange.h"
#include "mirror_paper.h"
#include "terminal.h"

#include <stdio.h>

#define ADAPTER "member: market.445100\nkey_file: m.key\npassphrase_file: p\nstate_dir: state\n"

static void a_check_refuses_what_is_no_subject_before_it_opens_anything(void **state)
{
    static const struct {
        const char *input;
        enum err code;
    } rows[] = {
        {"", ERR_FIELD_VALUE},
        {"\n", ERR_FIELD_VALUE},
        {"firm " FIRM "\n", ERR_FIELD_VALUE},
        {"enterprise 91445100DEMA00013R\n", ERR_CHECK_DIGIT},
        {"person 440524188001010015\n", ERR_CHECK_DIGIT},
        {"somebody\n", ERR_CHECK_DIGIT},
    };
    struct terminal *t = *state;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        print_message("row %zu\n", i);
        assert_int_equal(run_with(t, rows[i].input, "check - --adapter none.yaml"), CLI_REFUSED);
        char label[ERR_LABEL_LEN + 1];
        err_label(rows[i].code, label);
        assert_told(t, label, "standard input");
        assert_null(strstr(t->err, "91445100"));
        assert_null(strstr(t->err, "440524"));
        assert_null(strstr(t->err, "none.yaml"));
    }
    assert_int_equal(run_with(t, "enterprise " FIRM "\n", "check - --adapter none.yaml"),
                     CLI_REFUSED);
    assert_told(t, "E002 ", "none.yaml");
    write_text("a.yaml", ADAPTER);
    assert_int_equal(run_with(t, "enterprise " FIRM "\n", "check - --adapter a.yaml"), CLI_REFUSED);
    /* Its key cannot be opened: no answer, above all not `clean`. */
    assert_told(t, "E002 p: ", "");
}

/* Each line that is missing has its code, and the file its name. */
static void a_configuration_that_says_too_little_is_refused(void **state)
{
    static const struct {
        const char *config;
        const char *says;
    } rows[] = {
        {"key_file: m.key\n", "the key member is missing"},
        {"member: market.445100\n", "key_file"},
        {"member: market.445100\nkey_file: k\n", "passphrase_file"},
        {"member: market.445100\nkey_file: k\npassphrase_file: p\n", "state_dir"},
    };
    struct terminal *t = *state;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        print_message("row %zu\n", i);
        write_text("a.yaml", rows[i].config);
        assert_int_equal(run_with(t, "enterprise " FIRM "\n", "check - --adapter a.yaml"),
                         CLI_REFUSED);
        assert_told(t, "E010 a.yaml:1", rows[i].says);
    }
}

/* ---- answers ---- */

struct mirror {
    struct terminal *t;
    struct exchange *e;
    struct sdk *s;
    struct paper paper;
};

/* An adapter with an empty mirror, and its configuration in a.yaml. */
static void mirror_open(struct mirror *m, struct terminal *t)
{
    char yaml[1024];
    *m = (struct mirror){.t = t, .e = exchange_open(9)};
    m->s = exchange_sdk(m->e, REALM_HEALTH, NULL);
    m->paper.member = REALM_HEALTH;
    memcpy(m->paper.adapter, key_kid(keyring_find(m->s->keys, KEY_USE_TRANSPORT)),
           sizeof m->paper.adapter);
    m->paper.now_ms = m->e->now_ms;
    t->now_ms = m->e->now_ms;
    paper_begin(&m->paper, REALM_NOW_MS - 1000);
    const struct sdk_config c = exchange_config(m->e, REALM_HEALTH);
    snprintf(yaml, sizeof yaml, "member: %s\nkey_file: %s\npassphrase_file: %s\nstate_dir: %s\n",
             REALM_HEALTH, c.key_file, c.passphrase_file, c.state_dir);
    write_text("a.yaml", yaml);
}

static void mirror_close(struct mirror *m)
{
    paper_end(&m->paper);
    sdk_close(&m->s);
    exchange_close(&m->e);
}

/* The adapter takes one page with a restriction on that company; the last one makes it whole. */
static void take(struct mirror *m, unsigned company, bool last)
{
    (void)paper_row(&m->paper, company, paper_company(company), false);
    assert_int_equal(sdk_begin(m->s), OK);
    assert_int_equal(
        mirror_take(m->s->mirror_in, paper_page(&m->paper, 100, last), m->e->now_ms, m->e->now_ms),
        OK);
    assert_int_equal(sdk_commit(m->s, m->e->now_ms), OK);
}

/* Ask about a company; the exit code. */
static int check(struct mirror *m, unsigned company, const char *line)
{
    char subject[64];
    snprintf(subject, sizeof subject, "enterprise %s\n", paper_company(company));
    const int code = run_with(m->t, subject, line);
    assert_null(strstr(m->t->out, paper_company(company)));
    return code;
}

static void what_half_a_mirror_knows_is_not_known(void **state)
{
    struct mirror m;
    mirror_open(&m, *state);
    assert_int_equal(check(&m, 1, "check - --adapter a.yaml --json"), CLI_UNKNOWN);
    assert_json(m.t);
    assert_says(m.t, "\"verdict\":\"unknown\",\"mirror\":\"absent\"");
    take(&m, 1, false);
    assert_int_equal(check(&m, 1, "check - --adapter a.yaml"), CLI_UNKNOWN);
    assert_int_equal(check(&m, 2, "check - --adapter a.yaml"), CLI_UNKNOWN); /* never clean */
    assert_says(m.t, "结论 verdict: 不知道 unknown\n");
    mirror_close(&m);
}

static void a_whole_mirror_answers_by_exit_code_and_names_what_holds(void **state)
{
    struct mirror m;
    mirror_open(&m, *state);
    take(&m, 1, false);
    take(&m, 3, true);
    assert_int_equal(check(&m, 2, "check - --adapter a.yaml --json"), CLI_DONE);
    assert_json(m.t);
    assert_says(m.t, "\"verdict\":\"clean\",\"mirror\":\"fresh\"");
    assert_says(m.t, "\"restrictions\":[]");
    assert_int_equal(check(&m, 3, "check - --adapter a.yaml --json"), CLI_RESTRICTED);
    assert_json(m.t);
    assert_says(m.t, "\"verdict\":\"restricted\"");
    assert_says(m.t, "\"restrictions\":[{\"measure\":\"M");
    assert_int_equal(check(&m, 3, "check - --adapter a.yaml"), CLI_RESTRICTED);
    assert_says(m.t, "结论 verdict: 有限制 restricted\n");
    assert_says(m.t, "镜像 mirror: 最新 fresh\n");
    assert_labels(m.t);
    assert_string_equal(m.t->err, "");
    mirror_close(&m);
}

/* What was heard of a day ago is no answer: the department must ask the hub. */
static void a_mirror_that_is_too_old_knows_nothing(void **state)
{
    struct mirror m;
    mirror_open(&m, *state);
    take(&m, 1, true);
    m.t->now_ms += 25 * 3600 * 1000;
    assert_int_equal(check(&m, 2, "check - --adapter a.yaml --json"), CLI_UNKNOWN);
    assert_says(m.t, "\"mirror\":\"expired\"");
    mirror_close(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_check_refuses_what_is_no_subject_before_it_opens_anything),
        CASE(a_configuration_that_says_too_little_is_refused),
        CASE(what_half_a_mirror_knows_is_not_known),
        CASE(a_whole_mirror_answers_by_exit_code_and_names_what_holds),
        CASE(a_mirror_that_is_too_old_knows_nothing),
    };
    return cmocka_run_group_tests_name("cli_check", tests, NULL, NULL);
}
