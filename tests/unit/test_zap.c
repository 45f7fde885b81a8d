/*
 * Checks guarantees 1 and 2 of net/zap.h: what shape a request must have, and that everything
 * else is refused. No sockets here; test_endpoint.c has them.
 */
#include "net/zap.h"

#include "t.h"

#include <stdio.h>

enum { PARTS = 7, NOW = 1000 };

static const char KEY[ENDPOINT_KEY_LEN + 1] = "0123456789abcdef0123456789abcdef";

struct door {
    enum err answer;
    const char *user;
    unsigned asked;
};

static enum err look(void *ctx, const uint8_t key[static ENDPOINT_KEY_LEN], uint64_t now_ms,
                     char user[static ENDPOINT_USER_MAX])
{
    struct door *door = ctx;
    door->asked++;
    assert_int_equal(now_ms, NOW);
    assert_memory_equal(key, KEY, ENDPOINT_KEY_LEN);
    snprintf(user, ENDPOINT_USER_MAX, "%s", door->user);
    return door->answer;
}

static void good_request(struct span parts[static ZAP_PARTS_MAX])
{
    parts[0] = span_str("1.0");
    parts[1] = span_of("\0\0\0\7", 4);
    parts[2] = span_str("lianshu");
    parts[3] = span_str("127.0.0.1");
    parts[4] = span_of("\0abcd", 5);
    parts[5] = span_str("CURVE");
    parts[6] = span_of(KEY, ENDPOINT_KEY_LEN);
    parts[7] = span_str("");
}

static void a_known_key_gets_200_and_its_user_id(void **state)
{
    struct door door = {OK, "market.445100/0011223344556677", 0};
    const struct zap_policy policy = {look, &door};
    struct span parts[ZAP_PARTS_MAX];
    struct zap_answer answer;

    (void)state;
    good_request(parts);
    zap_decide(&policy, parts, PARTS, NOW, &answer);
    assert_int_equal(answer.status, 200);
    assert_string_equal(answer.user, "market.445100/0011223344556677");
    assert_true(span_eq(answer.request_id, parts[1]));
}

/* One row per way to be wrong: the part that is replaced, and by what. */
static void malformed_requests_are_refused_without_a_look_up(void **state)
{
    static const char LONG[ZAP_PART_BYTES_MAX + 1];
    static const struct {
        const char *what;
        size_t part;
        const char *bytes;
        size_t len;
    } rows[] = {
        {"version missing", 0, "", 0},
        {"version of the future", 0, "2.0", 3},
        {"version with a NUL behind", 0, "1.0", 4},
        {"version short", 0, "1", 1},
        {"no request id", 1, "", 0},
        {"request id too long", 1, LONG, sizeof LONG},
        {"empty domain", 2, "", 0},
        {"other domain", 2, "global", 6},
        {"domain with a NUL behind", 2, "lianshu", 8},
        {"domain in capitals", 2, "LIANSHU", 7},
        {"domain cut", 2, "lianshu", 6},
        {"no mechanism", 5, "", 0},
        {"NULL", 5, "NULL", 4},
        {"PLAIN", 5, "PLAIN", 5},
        {"GSSAPI", 5, "GSSAPI", 6},
        {"CURVE in small letters", 5, "curve", 5},
        {"no credential", 6, "", 0},
        {"credential of 31 bytes", 6, KEY, 31},
        {"credential of 33 bytes", 6, KEY, 33},
        {"credential in Z85", 6, "0123456789012345678901234567890123456789", 40},
    };
    struct door door = {OK, "market.445100/0011223344556677", 0};
    const struct zap_policy policy = {look, &door};

    (void)state;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        struct span parts[ZAP_PARTS_MAX];
        struct zap_answer answer;
        print_message("row %zu: %s\n", i, rows[i].what);
        good_request(parts);
        parts[rows[i].part] = span_of(rows[i].bytes, rows[i].len);
        zap_decide(&policy, parts, PARTS, NOW, &answer);
        assert_int_equal(answer.status, 400);
        assert_string_equal(answer.user, "");
        assert_string_not_equal(answer.reason, "");
    }
    assert_int_equal(door.asked, 0);
}

static void any_other_number_of_parts_is_refused(void **state)
{
    struct door door = {OK, "market.445100/0011223344556677", 0};
    const struct zap_policy policy = {look, &door};

    (void)state;
    for (size_t count = 0; count <= ZAP_PARTS_MAX; count++) {
        struct span parts[ZAP_PARTS_MAX];
        struct zap_answer answer;
        if (count == PARTS)
            continue;
        good_request(parts);
        zap_decide(&policy, parts, count, NOW, &answer);
        assert_int_equal(answer.status, 400);
        assert_string_equal(answer.user, "");
    }
    assert_int_equal(door.asked, 0);
}

/* Also RETRY and FATAL errors of the look-up: nobody is let in because we have a problem. */
static void any_failure_of_the_look_up_is_a_refusal(void **state)
{
    static const enum err ERRORS[] = {ERR_KID_UNKNOWN, ERR_KEY_EXPIRED, ERR_KEY_NOT_YET,
                                      ERR_KEY_USE,     ERR_REVOKED,     ERR_NO_MEMORY,
                                      ERR_IO,          ERR_CORRUPT,     ERR_REPEAT};
    (void)state;
    for (size_t i = 0; i < T_COUNT(ERRORS); i++) {
        struct door door = {ERRORS[i], "market.445100/0011223344556677", 0};
        const struct zap_policy policy = {look, &door};
        struct span parts[ZAP_PARTS_MAX];
        struct zap_answer answer;
        good_request(parts);
        zap_decide(&policy, parts, PARTS, NOW, &answer);
        assert_int_equal(answer.status, 400);
        assert_string_equal(answer.user, "");
    }
}

static void a_look_up_without_a_user_is_a_refusal(void **state)
{
    struct door door = {OK, "", 0};
    const struct zap_policy policy = {look, &door};
    struct span parts[ZAP_PARTS_MAX];
    struct zap_answer answer;

    (void)state;
    good_request(parts);
    zap_decide(&policy, parts, PARTS, NOW, &answer);
    assert_int_equal(answer.status, 400);
    assert_int_equal(door.asked, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_known_key_gets_200_and_its_user_id),
        cmocka_unit_test(malformed_requests_are_refused_without_a_look_up),
        cmocka_unit_test(any_other_number_of_parts_is_refused),
        cmocka_unit_test(any_failure_of_the_look_up_is_a_refusal),
        cmocka_unit_test(a_look_up_without_a_user_is_a_refusal),
    };
    return cmocka_run_group_tests_name("zap", tests, NULL, NULL);
}
