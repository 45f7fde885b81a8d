/* Checks the promises in keys/rest.h. */
#include "keys/init.h"
#include "keys/mirror.h"
#include "keys/rest.h"

#include "t.h"

#include <string.h>

struct fixture {
    struct entropy entropy;
    struct key *storage;
    struct key *token;
    uint8_t sealed[256];
    size_t len;
    uint8_t out[256];
};

static struct fixture f;

static const struct rest_place place = {"order", {(const uint8_t *)"row1", 4}, "facts"};

static int setup(void **state)
{
    (void)state;
    memset(&f, 0, sizeof f);
    f.entropy = entropy_system();
    assert_int_equal(key_make(&f.storage, KEY_USE_STORAGE, 0, &f.entropy), OK);
    assert_int_equal(key_make(&f.token, KEY_USE_TOKEN, 0, &f.entropy), OK);
    struct writer w = writer_of(f.sealed, sizeof f.sealed);
    assert_int_equal(rest_seal(f.storage, &place, span_str("a value"), &f.entropy, &w), OK);
    f.len = w.len;
    assert_int_equal(f.len, 7 + REST_OVERHEAD);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    key_close(&f.storage);
    key_close(&f.token);
    return 0;
}

static enum err open_at(const struct rest_place *at)
{
    struct writer w = writer_of(f.out, sizeof f.out);
    enum err err = rest_open(f.storage, at, span_of(f.sealed, f.len), &w);
    assert_int_equal(w.len, err == OK ? 7 : 0);
    return err;
}

static void value_comes_back_where_it_was_put(void **state)
{
    (void)state;
    assert_int_equal(open_at(&place), OK);
    assert_memory_equal(f.out, "a value", 7);
}

/* Guarantee 1 */
static void moved_value_does_not_open(void **state)
{
    static const struct rest_place rows[] = {
        {"orders", {(const uint8_t *)"row1", 4}, "facts"},
        {"order", {(const uint8_t *)"row2", 4}, "facts"},
        {"order", {(const uint8_t *)"row1", 4}, "fact"},
        {"order", {(const uint8_t *)"row1f", 5}, "acts"}, /* the same bytes, cut elsewhere */
        {"orderr", {(const uint8_t *)"ow1", 3}, "facts"},
    };
    (void)state;
    for (size_t i = 0; i < T_COUNT(rows); i++)
        assert_int_equal(open_at(&rows[i]), ERR_CORRUPT);
}

static void altered_or_cut_value_does_not_open(void **state)
{
    const size_t whole = f.len;
    (void)state;
    for (size_t at = 0; at < whole; at++) {
        f.sealed[at] ^= 1;
        assert_int_equal(open_at(&place), ERR_CORRUPT);
        f.sealed[at] ^= 1;
    }
    for (f.len = 0; f.len < whole; f.len++)
        assert_int_equal(open_at(&place), ERR_CORRUPT);
}

static void equal_values_look_different(void **state)
{
    uint8_t again[256];
    struct writer w = writer_of(again, sizeof again);
    (void)state;
    assert_int_equal(rest_seal(f.storage, &place, span_str("a value"), &f.entropy, &w), OK);
    assert_memory_not_equal(again, f.sealed, f.len);
    assert_memory_not_equal(again + 24, f.sealed + 24, f.len - 24);
}

/* Guarantee 2 */
static void token_is_a_keyed_name_of_kind_and_id(void **state)
{
    uint8_t a[REST_TOKEN_LEN], b[REST_TOKEN_LEN];
    struct key *other = NULL;
    (void)state;
    assert_int_equal(rest_token(a, f.token, 1, span_str("91445100MA0000000X")), OK);
    assert_int_equal(rest_token(b, f.token, 1, span_str("91445100MA0000000X")), OK);
    assert_memory_equal(a, b, sizeof a);
    assert_int_equal(rest_token(b, f.token, 4, span_str("91445100MA0000000X")), OK);
    assert_memory_not_equal(a, b, sizeof a);
    assert_int_equal(rest_token(b, f.token, 1, span_str("91445100MA0000000Y")), OK);
    assert_memory_not_equal(a, b, sizeof a);
    assert_int_equal(key_make(&other, KEY_USE_TOKEN, 0, &f.entropy), OK);
    assert_int_equal(rest_token(b, other, 1, span_str("91445100MA0000000X")), OK);
    assert_memory_not_equal(a, b, sizeof a);
    key_close(&other);
}

static void each_key_serves_its_own_use(void **state)
{
    struct writer w = writer_of(f.out, sizeof f.out);
    uint8_t token[REST_TOKEN_LEN];
    (void)state;
    assert_int_equal(rest_seal(f.token, &place, span_str("v"), &f.entropy, &w), ERR_KEY_USE);
    assert_int_equal(rest_open(f.token, &place, span_of(f.sealed, f.len), &w), ERR_KEY_USE);
    assert_int_equal(rest_token(token, f.storage, 1, span_str("id")), ERR_KEY_USE);
    struct key *mirror = NULL;
    static const uint8_t adapter[MIRROR_ADAPTER_LEN] = {1};
    assert_int_equal(mirror_key(&mirror, f.storage, "market.445100", adapter, 1), ERR_KEY_USE);
    assert_null(mirror);
}

static void the_mirror_of_each_member_has_a_key_of_its_own(void **state)
{
    static const char *const members[] = {"market.445100", "health.445100", ""};
    static const uint8_t adapter[MIRROR_ADAPTER_LEN] = {1};
    struct key *key[T_COUNT(members)] = {NULL};
    (void)state;
    for (size_t i = 0; i < T_COUNT(members); i++) {
        assert_int_equal(mirror_key(&key[i], f.token, members[i], adapter, 1), OK);
        for (size_t k = 0; k < i; k++)
            assert_memory_not_equal(key_secret(key[i]), key_secret(key[k]), KEY_SECRET_LEN);
    }
    for (size_t i = 0; i < T_COUNT(members); i++)
        key_close(&key[i]);
}

static void what_does_not_fit_is_not_written(void **state)
{
    struct writer w = writer_of(f.out, REST_OVERHEAD + 6);
    (void)state;
    assert_int_equal(rest_seal(f.storage, &place, span_str("a value"), &f.entropy, &w),
                     ERR_TOO_LARGE);
    w = writer_of(f.out, 6);
    assert_int_equal(rest_open(f.storage, &place, span_of(f.sealed, f.len), &w), ERR_TOO_LARGE);
}

static void a_place_that_is_too_long_is_refused(void **state)
{
    static const char text[UINT16_MAX + 2];
    char table[UINT8_MAX + 2];
    memset(table, 't', sizeof table - 1);
    table[sizeof table - 1] = '\0';
    const struct rest_place rows[] = {
        {table, span_str("row"), "column"},
        {"table", span_str("row"), table},
        {"table", span_of(text, UINT16_MAX + 1), "column"},
        {"table", span_of(text, 1024), "column"},
    };
    (void)state;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        struct writer w = writer_of(f.out, sizeof f.out);
        print_message("row %zu\n", i);
        assert_int_equal(rest_seal(f.storage, &rows[i], span_str("v"), &f.entropy, &w),
                         ERR_TOO_LARGE);
        assert_int_equal(rest_open(f.storage, &rows[i], span_of(f.sealed, f.len), &w),
                         ERR_TOO_LARGE);
        assert_int_equal(w.len, 0);
    }
}

static void nothing_follows_what_did_not_fit(void **state)
{
    struct writer w = writer_of(f.out, sizeof f.out);
    (void)state;
    w.full = true;
    assert_int_equal(rest_seal(f.storage, &place, span_str("v"), &f.entropy, &w), ERR_TOO_LARGE);
    assert_int_equal(rest_open(f.storage, &place, span_of(f.sealed, f.len), &w), ERR_TOO_LARGE);
    assert_int_equal(w.len, 0);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(value_comes_back_where_it_was_put),
        CASE(moved_value_does_not_open),
        CASE(altered_or_cut_value_does_not_open),
        CASE(equal_values_look_different),
        CASE(token_is_a_keyed_name_of_kind_and_id),
        CASE(each_key_serves_its_own_use),
        CASE(the_mirror_of_each_member_has_a_key_of_its_own),
        CASE(what_does_not_fit_is_not_written),
        CASE(a_place_that_is_too_long_is_refused),
        CASE(nothing_follows_what_did_not_fit),
    };
    return keys_init() == OK ? cmocka_run_group_tests_name("rest", tests, NULL, NULL) : 1;
}
