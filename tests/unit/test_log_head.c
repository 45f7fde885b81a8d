/* Checks what store/log.h promises when somebody changed the file: the signed head and the checks.
 */
#include "unit/log_place.h"
#include "unit/store_beside.h"

/* What a kill leaves of the signed head; size 0: nothing. */
static void assert_head_after_kill(const struct place *p, uint64_t want)
{
    struct place copy;
    uint64_t size;
    struct span text;
    place_kill_copy(p, &copy);
    assert_int_equal(place_try_open(&copy), OK);
    assert_int_equal(log_checkpoint(copy.s->log, &size, &text), want == 0 ? ERR_NOT_FOUND : OK);
    assert_int_equal(size, want);
    place_close(&copy);
}

static void checkpoint_is_kept_with_the_first_commit(void **state)
{
    struct place *p = *state;
    uint64_t size;
    struct span text;

    assert_int_equal(log_checkpoint(p->s->log, &size, &text), ERR_NOT_FOUND);
    append_committed(p, 10);
    assert_int_equal(log_checkpoint_set(p->s->log, 10, span_str("ten")), OK);
    assert_int_equal(log_checkpoint(p->s->log, &size, &text), OK);
    assert_int_equal(size, 10);
    begin(p);
    commit(p); /* writes nothing, so it does not touch the disk */
    assert_head_after_kill(p, 0);
    begin(p);
    append(p, 1);
    store_rollback(p->s); /* and it is not lost with the transaction */
    append_committed(p, 1);
    assert_head_after_kill(p, 10);
}

static void checkpoint_row_is_written_now_and_then(void **state)
{
    struct place *p = *state;
    append_committed(p, 1);
    for (uint64_t size = 1; size <= 2 * LOG_HEAD_COMMITS; size++) {
        uint64_t old = size < 2 ? 0 : 1 + (size - 2) / LOG_HEAD_COMMITS * LOG_HEAD_COMMITS;
        assert_int_equal(log_checkpoint_set(p->s->log, size, span_str("head")), OK);
        if (size % 16 < 4)
            assert_head_after_kill(p, old);
        append_committed(p, 1);
    }
    place_reopen(p); /* closed in order: the newest */
    struct span text;
    uint64_t size;
    assert_int_equal(log_checkpoint(p->s->log, &size, &text), OK);
    assert_int_equal(size, 2 * LOG_HEAD_COMMITS);
    assert_true(span_eq(text, span_str("head")));
}

static void checkpoint_never_goes_back_or_ahead(void **state)
{
    struct place *p = *state;
    append_committed(p, 10);
    assert_int_equal(log_checkpoint_set(p->s->log, 11, span_str("x")), ERR_LOG_ROLLBACK);
    assert_int_equal(log_checkpoint_set(p->s->log, 0, span_str("x")), ERR_LOG_ROLLBACK);
    assert_int_equal(log_checkpoint_set(p->s->log, 9, span_str("x")), OK);
    assert_int_equal(log_checkpoint_set(p->s->log, 8, span_str("x")), ERR_LOG_ROLLBACK);
    assert_int_equal(log_checkpoint_set(p->s->log, 9, span_str("y")), OK); /* a cosigned one */
    assert_int_equal(log_checkpoint_set(p->s->log, 9, (struct span){NULL, 0}), ERR_TOO_LARGE);
    begin(p);
    append(p, 1);
    assert_int_equal(log_checkpoint_set(p->s->log, 11, span_str("x")), ERR_LOG_ROLLBACK);
    commit(p);
}

/* Where in the packed leaf: its head, then body, then what is beside it. */
enum { AT_KIND = 0, AT_TIME = 1, AT_BODY_LEN = 9, AT_BESIDE_LEN = 11, AT_SUM = 13, AT_BODY = 17 };

/* Flip one bit of leaf `index`, `at` bytes into it, in its row. */
static void flip(const struct place *p, uint64_t index, size_t at)
{
    sqlite3 *raw;
    sqlite3_stmt *q;
    sqlite3_blob *blob;
    uint8_t head[AT_BODY];
    int offset = 0;

    assert_int_equal(sqlite3_open(p->path, &raw), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(raw, "SELECT max(first) FROM leaf_block WHERE first <= ?1",
                                        -1, &q, NULL),
                     SQLITE_OK);
    sqlite3_bind_int64(q, 1, (int64_t)index);
    assert_int_equal(sqlite3_step(q), SQLITE_ROW);
    int64_t first = sqlite3_column_int64(q, 0);
    sqlite3_finalize(q);
    assert_int_equal(sqlite3_blob_open(raw, "main", "leaf_block", "leaves", first, 1, &blob),
                     SQLITE_OK);
    for (int64_t i = first; i < (int64_t)index; i++) {
        assert_int_equal(sqlite3_blob_read(blob, head, sizeof head, offset), SQLITE_OK);
        offset += AT_BODY + head[AT_BODY_LEN] * 256 + head[AT_BODY_LEN + 1] +
                  head[AT_BESIDE_LEN] * 256 + head[AT_BESIDE_LEN + 1];
    }
    offset += (int)at;
    assert_int_equal(sqlite3_blob_read(blob, head, 1, offset), SQLITE_OK);
    head[0] ^= 0x04;
    assert_int_equal(sqlite3_blob_write(blob, head, 1, offset), SQLITE_OK);
    sqlite3_blob_close(blob);
    sqlite3_close(raw);
}

/* A signed head of 600 leaves, then something is done to the file. */
static void start_refuses_a_log_without_its_signed_head(void **state)
{
    enum { NO = -1 };
    static const struct {
        const char *sql;
        int leaf; /* to flip a bit of */
        size_t at;
        enum err want;
    } rows[] = {
        {"SELECT 1", NO, 0, OK},
        {"DELETE FROM leaf_block WHERE first >= 595", NO, 0, ERR_LOG_TRUNCATED},
        {"DELETE FROM leaf_block", NO, 0, ERR_LOG_TRUNCATED},
        {"DELETE FROM leaf_block WHERE first = 590", NO, 0, ERR_LOG_ENTRY}, /* a gap in the tail */
        {"UPDATE leaf_block SET leaves = substr(leaves, 1, length(leaves) - 1) WHERE first = 595",
         NO, 0, ERR_LOG_ENTRY},
        {"SELECT 1", 595, AT_BODY, ERR_LOG_FORK},
        {"SELECT 1", 512, AT_TIME + 7, ERR_LOG_FORK},
        {"SELECT 1", 513, AT_KIND, ERR_LOG_FORK},
        {"SELECT 1", 599, AT_BODY_LEN, ERR_LOG_ENTRY},
        {"UPDATE tile SET hashes = zeroblob(8192) WHERE key = 1", NO, 0, ERR_LOG_FORK},
        {"DELETE FROM tile WHERE key = 0", NO, 0, ERR_LOG_ENTRY},
        {"UPDATE checkpoint SET root = zeroblob(32)", NO, 0, ERR_LOG_FORK},
        {"UPDATE checkpoint SET size = 599", NO, 0, ERR_LOG_FORK},
        {"UPDATE checkpoint SET size = 601", NO, 0, ERR_LOG_TRUNCATED},
    };
    struct place *p = *state;

    for (size_t i = 0; i < T_COUNT(rows); i++) {
        print_message("row %zu\n", i);
        store_close(&p->s);
        folder_remove(p->dir);
        assert_int_equal(place_try_open(p), OK);
        append_committed(p, 590);
        append_committed(p, 5);
        append_committed(p, 5);
        assert_int_equal(log_checkpoint_set(p->s->log, 600, span_str("head")), OK);
        begin(p);
        assert_int_equal(store_meta_put_u64(p->s, "x", 1), OK);
        commit(p);
        store_close(&p->s);
        place_tamper(p, rows[i].sql);
        if (rows[i].leaf != NO)
            flip(p, (uint64_t)rows[i].leaf, rows[i].at);
        assert_int_equal(place_try_open(p), rows[i].want);
        if (rows[i].want != OK)
            assert_int_equal(err_class(p->f.err), ERR_CLASS_FATAL);
    }
}

/* The tree went on and the row did not: up to the row it convicts, above it the signer does. */
static void an_old_checkpoint_row_still_convicts_a_changed_tree(void **state)
{
    static const struct {
        const char *sql;
        enum err want;
    } rows[] = {
        {"SELECT 1", OK},
        {"DELETE FROM leaf_block WHERE first >= 9", ERR_LOG_TRUNCATED},
        {"UPDATE leaf_block SET leaves = (SELECT leaves FROM leaf_block WHERE first = 0) "
         "WHERE first = 9",
         ERR_LOG_FORK},
        {"DELETE FROM leaf_block WHERE first >= 10", OK},
        {"DELETE FROM checkpoint", OK},
    };
    struct place *p = *state;
    for (unsigned i = 0; i < 12; i++) {
        append_committed(p, 1);
        assert_int_equal(log_checkpoint_set(p->s->log, i + 1, span_str("head")), OK);
        if (i < 9)
            place_reopen(p); /* the row is written then */
    }
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        struct place copy;
        print_message("row %zu\n", i);
        place_kill_copy(p, &copy);
        place_tamper(&copy, rows[i].sql);
        assert_int_equal(place_try_open(&copy), rows[i].want);
        place_close(&copy);
    }
}

/* What is beside a leaf is no part of the tree, and is found all the same. */
static void scrub_finds_every_changed_leaf_and_tile(void **state)
{
    enum { NO = -1 };
    static const struct {
        const char *sql;
        int leaf;
        size_t at;
        uint64_t tile;
        const char *where;
    } rows[] = {
        {"SELECT 1", 0, AT_BODY, 0, "leaf 0"},
        {"SELECT 1", 255, AT_TIME, 0, "leaf 255"},
        {"SELECT 1", 300, AT_KIND, 1, "leaf 300"},
        {"SELECT 1", 301, AT_BODY_LEN, 1, "leaf 301"},
        {"SELECT 1", 302, AT_BODY_LEN + 1, 1, "leaf 302"},
        {"SELECT 1", 303, AT_BESIDE_LEN + 1, 1, "leaf 303"},
        {"SELECT 1", 304, AT_SUM + 2, 1, "leaf 304"},
        {"SELECT 1", 304, AT_BODY + 1 + 304 % 64 + 12, 1, "leaf 304"}, /* beside, its last byte */
        {"SELECT 1", 305, AT_BODY + 1 + 305 % 64, 1, "leaf 305"},      /* beside, its first */
        {"SELECT 1", 599, AT_BODY + 10, 2, "leaf 599"},
        {"DELETE FROM leaf_block WHERE first = 256", NO, 0, 1, "leaf 256"},
        {"UPDATE tile SET hashes = CAST(x'01' || substr(hashes, 2) AS BLOB) WHERE key = 0", NO, 0,
         0, "leaf 0"},
        {"UPDATE tile SET hashes = CAST(substr(hashes, 1, 8191) || x'01' AS BLOB) WHERE key = 1",
         NO, 0, 1, "leaf 511"},
        /* leaves and tile changed together: the tile above gives it away */
        {"UPDATE tile SET hashes = (SELECT hashes FROM tile WHERE key = 1) WHERE key = 0; "
         "UPDATE leaf_block SET leaves = (SELECT leaves FROM leaf_block WHERE first = 256) "
         "WHERE first = 0",
         NO, 0, 0, "tile 0 of level 0"},
    };
    struct place *p = *state;
    struct place copy;

    append_committed(p, 600);
    for (uint64_t t = 0; t < 3; t++)
        assert_int_equal(log_scrub(p->s->log, t, &p->f), OK);
    assert_int_equal(log_scrub(p->s->log, 3, &p->f), ERR_NOT_FOUND);
    assert_int_equal(store_idle(p->s), OK);
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        print_message("row %zu\n", i);
        place_kill_copy(p, &copy);
        assert_int_equal(place_try_open(&copy), OK); /* opened before the change, as a hub is */
        place_tamper(&copy, rows[i].sql);
        if (rows[i].leaf != NO)
            flip(&copy, (uint64_t)rows[i].leaf, rows[i].at);
        assert_int_equal(log_scrub(copy.s->log, rows[i].tile, &copy.f), ERR_LOG_ENTRY);
        assert_string_equal(copy.f.detail, rows[i].where);
        place_close(&copy);
    }
}

static void any_flipped_bit_of_a_leaf_is_found_and_named(void **state)
{
    struct place *p = *state;
    append_committed(p, 520);
    for (uint64_t i = 0; i < 520; i += 7) {
        uint8_t bytes[64];
        size_t len = AT_BODY + body_of(i, bytes).len + beside_of(i, bytes).len;
        struct place copy;
        char want[40];
        place_kill_copy(p, &copy);
        assert_int_equal(place_try_open(&copy), OK);
        flip(&copy, i, i * 31 % len);
        snprintf(want, sizeof want, "leaf %llu", (unsigned long long)i);
        assert_int_equal(log_scrub(copy.s->log, i / 256, &copy.f), ERR_LOG_ENTRY);
        assert_string_equal(copy.f.detail, want);
        place_close(&copy);
    }
}

static void a_changed_leaf_is_not_given_out(void **state)
{
    static const size_t at[] = {AT_KIND, AT_TIME + 3, AT_BODY, AT_BODY + 1 + 100 % 64 + 3};
    struct place *p = *state;
    struct log_entry e;
    struct span body;

    append_committed(p, 300);
    for (size_t i = 0; i < T_COUNT(at); i++) {
        struct place copy;
        print_message("row %zu\n", i);
        place_kill_copy(p, &copy);
        assert_int_equal(place_try_open(&copy), OK);
        flip(&copy, 100, at[i]);
        db_refresh(copy.s->db);
        assert_int_equal(log_get(copy.s->log, 100, &e), ERR_LOG_ENTRY);
        assert_int_equal(log_body(copy.s->log, 100, &body), ERR_LOG_ENTRY);
        assert_int_equal(log_get(copy.s->log, 99, &e), OK);
        place_close(&copy);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(checkpoint_is_kept_with_the_first_commit),
        CASE(checkpoint_row_is_written_now_and_then),
        CASE(checkpoint_never_goes_back_or_ahead),
        CASE(start_refuses_a_log_without_its_signed_head),
        CASE(an_old_checkpoint_row_still_convicts_a_changed_tree),
        CASE(scrub_finds_every_changed_leaf_and_tile),
        CASE(any_flipped_bit_of_a_leaf_is_found_and_named),
        CASE(a_changed_leaf_is_not_given_out),
    };
    return cmocka_run_group_tests_name("log_head", tests, NULL, NULL);
}
