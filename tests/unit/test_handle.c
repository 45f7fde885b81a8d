/* Checks the promises of store/handle.h, each by its number, and the walk of store/sealed.h. */
#include "unit/store_place.h"

static const char TEXT[] = "as long as the least that can be sealed, 41";

static void name(struct place *p, uint32_t token, uint32_t handle, uint64_t seq)
{
    struct handle_row row = {.seq = seq, .sealed = span_str(TEXT)};
    id_of(row.token, token);
    id_of(row.handle, handle);
    assert_int_equal(handle_put(p->s->handles, &row), OK);
}

/* Promise 1 */
static void a_token_has_one_handle_as_of_when_it_was_named(void **state)
{
    struct place *p = *state;
    uint8_t got[STORE_TOKEN_LEN];
    bool erased;
    bool named = true;
    struct handle_row again = {.seq = 9, .sealed = span_str(TEXT)};
    begin(p);
    name(p, 1, 10, 5);
    id_of(again.token, 1);
    id_of(again.handle, 11);
    assert_int_equal(handle_put(p->s->handles, &again), ERR_EXISTS);
    id_of(again.token, 2);
    id_of(again.handle, 10);
    assert_int_equal(handle_put(p->s->handles, &again), ERR_EXISTS);
    commit(p);
    place_reopen(p);
    assert_int_equal(handle_find(p->s->handles, ID(1), 5, got, &erased), ERR_NOT_FOUND);
    assert_int_equal(handle_find(p->s->handles, ID(1), 6, got, &erased), OK);
    assert_memory_equal(got, ID(10), sizeof got);
    assert_int_equal(handle_find(p->s->handles, ID(2), STORE_NEVER, got, &erased), ERR_NOT_FOUND);
    assert_int_equal(handle_since(p->s->handles, ID(1), 6, &named), OK);
    assert_false(named);
    assert_int_equal(handle_since(p->s->handles, ID(1), 5, &named), OK);
    assert_true(named);
}

static void assert_found(struct place *p, uint32_t token, uint64_t as_of, uint32_t handle)
{
    uint8_t got[STORE_TOKEN_LEN];
    bool erased;
    for (unsigned asked = 0; asked < 2; asked++) { /* of memory, and of the table */
        const enum err err =
            handle_find(p->s->handles, ID(token), as_of, got, asked == 0 ? NULL : &erased);
        assert_int_equal(err, handle == 0 ? ERR_NOT_FOUND : OK);
        if (handle != 0)
            assert_memory_equal(got, ID(handle), sizeof got);
    }
}

/* Promise 1; handle_memory.h 1 and 2 */
static void what_memory_says_is_what_the_table_says(void **state)
{
    enum { NAMED = 300 };
    struct place *p = *state;
    begin(p);
    for (uint32_t i = 0; i < NAMED; i++)
        name(p, 7 * i + 1, 7 * i + 2, i);
    commit(p);
    for (unsigned opened = 0; opened < 2; opened++) {
        for (uint32_t i = 0; i < NAMED; i++) {
            assert_found(p, 7 * i + 1, STORE_NEVER, 7 * i + 2);
            assert_found(p, 7 * i + 1, i, 0);
            assert_found(p, 7 * i + 1, i + 1, 7 * i + 2);
            assert_found(p, 7 * i + 3, STORE_NEVER, 0);
        }
        place_reopen(p);
    }
    begin(p);
    name(p, 3, 4, 9); /* since the start, … */
    assert_found(p, 3, STORE_NEVER, 4);
    store_rollback(p->s); /* … and it never was */
    assert_found(p, 3, STORE_NEVER, 0);
    begin(p);
    assert_int_equal(handle_move(p->s->handles, ID(1), ID(5), span_str(TEXT)), OK);
    assert_found(p, 1, STORE_NEVER, 0);
    assert_found(p, 5, STORE_NEVER, 2);
    store_rollback(p->s);
    assert_found(p, 1, STORE_NEVER, 2);
    assert_found(p, 5, STORE_NEVER, 0);
}

/* Promise 3 */
static void a_handle_that_moves_keeps_everything_but_its_token(void **state)
{
    struct place *p = *state;
    static const char other[] = "sealed under the next key, of the same length";
    struct handle_row row;
    begin(p);
    name(p, 1, 10, 5);
    name(p, 3, 30, 7);
    assert_int_equal(handle_move(p->s->handles, ID(1), ID(2), span_str(other)), OK);
    assert_int_equal(handle_move(p->s->handles, ID(1), ID(4), span_str(other)), ERR_NOT_FOUND);
    assert_int_equal(handle_move(p->s->handles, ID(2), ID(3), span_str(other)), ERR_EXISTS);
    commit(p);
    place_reopen(p);
    assert_int_equal(handle_next(p->s->handles, span_of(NULL, 0), &row), OK);
    assert_memory_equal(row.token, ID(2), sizeof row.token);
    assert_memory_equal(row.handle, ID(10), sizeof row.handle);
    assert_int_equal(row.seq, 5);
    assert_true(span_eq(row.sealed, span_str(other)));
    assert_int_equal(handle_next(p->s->handles, span_of(ID(2), STORE_TOKEN_LEN), &row), OK);
    assert_int_equal(row.seq, 7);
    assert_int_equal(handle_next(p->s->handles, span_of(ID(3), STORE_TOKEN_LEN), &row),
                     ERR_NOT_FOUND);
}

/* ---- store/sealed.h ---- */

static enum err shout(void *ctx, const struct sealed_value *value, bool *changed)
{
    size_t *count = ctx;
    assert_string_equal(value->table, "subject");
    assert_string_equal(value->column, "body");
    assert_int_equal(value->place.len, STORE_TOKEN_LEN);
    value->bytes[0] = '!';
    *changed = true;
    (*count)++;
    return OK;
}

static void a_walk_goes_on_behind_a_cursor_that_was_kept_and_replaces_each_value_once(void **state)
{
    struct place *p = *state;
    struct sealed_cursor cursor = {0};
    struct sealed_cursor read;
    uint8_t bytes[SEALED_CURSOR_LEN];
    struct subject_row row = {.kind = 1, .region = "445100", .sealed = span_str("value")};
    size_t count = 0;
    size_t len;
    for (uint32_t i = 1; i <= 3; i++) {
        static const uint8_t erased = 0;
        id_of(row.token, i);
        row.seq = i;
        row.sealed = i == 2 ? span_of(&erased, 1) : span_str("value");
        begin(p);
        assert_int_equal(subject_put(p->s->subjects, &row), OK);
        commit(p);
    }
    enum err err = OK;
    while (err == OK) {
        begin(p);
        err = sealed_step(p->s->sealed, &cursor, shout, &count, &len);
        commit(p);
        sealed_cursor_write(&cursor, bytes);
        assert_int_equal(sealed_cursor_read(&read, span_of(bytes, sizeof bytes)), OK);
        assert_memory_equal(&read, &cursor, sizeof read);
        place_reopen(p);
    }
    assert_int_equal(err, ERR_NOT_FOUND);
    assert_int_equal(count, 2); /* an erased one is nobody's */
    assert_int_equal(subject_get(p->s->subjects, ID(3), STORE_NEVER, &row), OK);
    assert_true(span_eq(row.sealed, span_str("!alue")));
    assert_int_equal(sealed_percent(&cursor, 9), 100 * SEALED_TABLES);
}

static void a_cursor_that_was_changed_is_refused(void **state)
{
    struct sealed_cursor cursor = {.table = 3, .started = 1};
    uint8_t bytes[SEALED_CURSOR_LEN];
    (void)state;
    sealed_cursor_write(&cursor, bytes);
    assert_int_equal(sealed_cursor_read(&cursor, span_of(bytes, sizeof bytes - 1)), ERR_CORRUPT);
    bytes[1] = 2;
    assert_int_equal(sealed_cursor_read(&cursor, span_of(bytes, sizeof bytes)), ERR_CORRUPT);
    bytes[1] = 1;
    bytes[0] = SEALED_TABLES + 1;
    assert_int_equal(sealed_cursor_read(&cursor, span_of(bytes, sizeof bytes)), ERR_CORRUPT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_token_has_one_handle_as_of_when_it_was_named),
        CASE(what_memory_says_is_what_the_table_says),
        CASE(a_handle_that_moves_keeps_everything_but_its_token),
        CASE(a_walk_goes_on_behind_a_cursor_that_was_kept_and_replaces_each_value_once),
        CASE(a_cursor_that_was_changed_is_refused),
    };
    return cmocka_run_group_tests_name("handle", tests, NULL, NULL);
}
