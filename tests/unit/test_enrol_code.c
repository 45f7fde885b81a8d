/* Checks what keys/enrol.h promises of the one-time code. */
#include "keys/enrol.h"
#include "keys/init.h"

#include "t.h"

#include <stdio.h>
#include <string.h>

struct fixture {
    struct entropy entropy;
    struct enrol_code *code;
    struct enrol_invitation invitation;
};

static struct fixture f;

static int setup(void **state)
{
    (void)state;
    f = (struct fixture){
        .entropy = entropy_system(),
        .invitation = {.realm = "test", .member = "market.445100", .use = "adapter"}};
    entropy_fill(&f.entropy, f.invitation.id, FRAME_ID_LEN);
    assert_int_equal(enrol_code_make(&f.code, &f.entropy), OK);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    enrol_code_close(&f.code);
    return 0;
}

static void a_code_is_read_back_however_it_is_written(void **state)
{
    char text[ENROL_CODE_TEXT_LEN + 1];
    char again[ENROL_CODE_TEXT_LEN + 1];
    char written[2 * ENROL_CODE_TEXT_LEN];
    struct enrol_code *code = NULL;
    (void)state;
    enrol_code_text(f.code, text);
    assert_int_equal(strlen(text), ENROL_CODE_TEXT_LEN);
    size_t n = 0;
    for (size_t i = 0; text[i] != '\0'; i++) {
        char c = text[i] == '-' ? ' ' : text[i];
        c = c == '0' ? 'o' : c == '1' ? 'l' : c;
        written[n++] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
    }
    assert_int_equal(enrol_code_read(&code, span_of(written, n)), OK);
    enrol_code_text(code, again);
    assert_string_equal(again, text);
    enrol_code_close(&code);
}

static void a_slip_of_the_pen_is_refused_where_it_is_typed(void **state)
{
    static const char *const bad[] = {"",
                                      "-",
                                      "0000",
                                      "not a code at all!",
                                      "0000-0000-0000-0000-0000-0000",
                                      "UUUU-UUUU-UUUU-UUUU-UUUU-UUUU"};
    char text[ENROL_CODE_TEXT_LEN + 2];
    struct enrol_code *code = NULL;
    (void)state;
    for (size_t i = 0; i < T_COUNT(bad); i++)
        assert_int_equal(enrol_code_read(&code, span_str(bad[i])), ERR_ENROL_CODE);
    enrol_code_text(f.code, text);
    for (size_t i = 0; i < ENROL_CODE_TEXT_LEN; i++) {
        const char was = text[i];
        if (was == '-')
            continue;
        text[i] = was == 'A' ? 'B' : 'A';
        assert_int_equal(enrol_code_read(&code, span_str(text)), ERR_ENROL_CODE);
        assert_null(code);
        text[i] = was;
    }
    assert_int_equal(enrol_code_read(&code, span_of(text, ENROL_CODE_TEXT_LEN - 1)),
                     ERR_ENROL_CODE);
    text[ENROL_CODE_TEXT_LEN] = '0';
    assert_int_equal(enrol_code_read(&code, span_of(text, ENROL_CODE_TEXT_LEN + 1)),
                     ERR_ENROL_CODE);
}

/* A sign that is missing is no zero. */
static void a_code_without_its_last_sign_is_refused_also_when_that_says_nothing(void **state)
{
    enum { TRIES = 10000 }; /* one in 32 ends so */
    char text[ENROL_CODE_TEXT_LEN + 1];
    struct enrol_code *code = NULL;
    (void)state;
    enrol_code_text(f.code, text);
    for (unsigned i = 0; i < TRIES && text[ENROL_CODE_TEXT_LEN - 1] != '0'; i++) {
        enrol_code_close(&f.code);
        assert_int_equal(enrol_code_make(&f.code, &f.entropy), OK);
        enrol_code_text(f.code, text);
    }
    assert_int_equal(text[ENROL_CODE_TEXT_LEN - 1], '0');
    assert_int_equal(enrol_code_read(&code, span_of(text, ENROL_CODE_TEXT_LEN - 1)),
                     ERR_ENROL_CODE);
    assert_null(code);
}

static void the_ledger_keeps_a_hash_that_is_of_one_invitation(void **state)
{
    uint8_t hash[HASH_LEN];
    uint8_t other[HASH_LEN];
    struct enrol_invitation invitation = f.invitation;
    (void)state;
    assert_int_equal(enrol_code_hash(f.code, &f.invitation, hash), OK);
    invitation.id[0] ^= 1;
    assert_int_equal(enrol_code_hash(f.code, &invitation, other), OK);
    assert_memory_not_equal(other, hash, HASH_LEN);
    invitation = f.invitation;
    snprintf(invitation.member, sizeof invitation.member, "health.445100");
    assert_int_equal(enrol_code_hash(f.code, &invitation, other), OK);
    assert_memory_not_equal(other, hash, HASH_LEN);
}

static void every_code_is_another(void **state)
{
    struct enrol_code *other = NULL;
    char a[ENROL_CODE_TEXT_LEN + 1];
    char b[ENROL_CODE_TEXT_LEN + 1];
    (void)state;
    assert_int_equal(enrol_code_make(&other, &f.entropy), OK);
    enrol_code_text(f.code, a);
    enrol_code_text(other, b);
    assert_string_not_equal(a, b);
    enrol_code_close(&other);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_code_is_read_back_however_it_is_written),
        CASE(a_slip_of_the_pen_is_refused_where_it_is_typed),
        CASE(a_code_without_its_last_sign_is_refused_also_when_that_says_nothing),
        CASE(the_ledger_keeps_a_hash_that_is_of_one_invitation),
        CASE(every_code_is_another),
    };
    if (keys_init() != OK)
        return 1;
    return cmocka_run_group_tests_name("enrol_code", tests, NULL, NULL);
}
