/* Checks the promises of store/log.h, each by its number. Proofs are judged by keys/merkle. */
#include "keys/receipt.h"
#include "unit/store_place.h"

#include <sqlite3.h>

/* A leaf whose body and time follow from its index. */
static struct span body_of(uint64_t i, uint8_t out[static 64])
{
    memset(out, (int)(i * 31 & 0xff), 64);
    return span_of(out, 1 + i % 64);
}

/* Every third leaf has nothing beside it. */
static struct span beside_of(uint64_t i, uint8_t out[static 64])
{
    memset(out, (int)(i * 17 & 0xff), 64);
    return span_of(out, i % 3 * 13);
}

static const struct span NONE = {NULL, 0};

static void append(struct place *p, uint64_t count)
{
    for (uint64_t n = 0; n < count; n++) {
        uint8_t body[64];
        uint8_t beside[64];
        uint64_t at = log_size(p->s->log);
        uint64_t index;
        assert_int_equal(log_append(p->s->log, (unsigned)(LOG_RECEIPT + at % 10), 1000 + at,
                                    body_of(at, body), beside_of(at, beside), &index),
                         OK);
        assert_int_equal(index, at);
    }
}

static void append_committed(struct place *p, uint64_t count)
{
    begin(p);
    append(p, count);
    commit(p);
}

static void leaf_hash(uint64_t i, merkle_hash out)
{
    uint8_t body[64];
    assert_int_equal(
        log_leaf(out, (enum log_kind)(LOG_RECEIPT + i % 10), 1000 + i, body_of(i, body)), OK);
}

/* The root of the first n leaves, made without the log. */
static void true_root(uint64_t n, merkle_hash out)
{
    struct merkle_frontier f;
    frontier_init(&f);
    for (uint64_t i = 0; i < n; i++) {
        merkle_hash leaf;
        leaf_hash(i, leaf);
        frontier_append(&f, leaf);
    }
    frontier_root(&f, out);
}

static void assert_root(struct place *p, uint64_t n)
{
    merkle_hash want;
    merkle_hash root;
    assert_int_equal(log_size(p->s->log), n);
    true_root(n, want);
    assert_int_equal(log_root(p->s->log, n, root), OK);
    assert_memory_equal(root, want, sizeof want);
}

static void verify_path(struct place *p, uint64_t i, uint64_t n, const merkle_hash root)
{
    merkle_hash path[MERKLE_PATH_MAX];
    merkle_hash leaf;
    unsigned len;
    assert_int_equal(log_path(p->s->log, i, n, path, &len), OK);
    assert_int_equal(log_leaf_hash(p->s->log, i, leaf), OK);
    assert_int_equal(merkle_verify(leaf, i, n, (const merkle_hash *)path, len, root), OK);
}

static void leaves_are_kept_as_appended(void **state)
{
    struct place *p = *state;
    struct log_entry e;
    struct span body;
    uint8_t want[64];

    append_committed(p, 300);
    place_reopen(p);
    for (uint64_t i = 0; i < 300; i++) {
        merkle_hash a;
        merkle_hash b;
        assert_int_equal(log_get(p->s->log, i, &e), OK);
        assert_int_equal(e.index, i);
        assert_int_equal(e.kind, LOG_RECEIPT + i % 10);
        assert_int_equal(e.time_ms, 1000 + i);
        assert_true(span_eq(e.body, body_of(i, want)));
        assert_true(span_eq(e.beside, beside_of(i, want)));
        assert_int_equal(log_body(p->s->log, i, &body), OK);
        leaf_hash(i, a);
        assert_int_equal(log_leaf_hash(p->s->log, i, b), OK);
        assert_memory_equal(a, b, sizeof a);
    }
    assert_int_equal(log_get(p->s->log, 300, &e), ERR_NOT_FOUND);
    assert_int_equal(log_body(p->s->log, UINT64_MAX, &body), ERR_NOT_FOUND);
}

static void paths_hold_for_all_sizes_to_300(void **state)
{
    struct place *p = *state;
    append_committed(p, 300);
    for (uint64_t n = 1; n <= 300; n++) {
        merkle_hash root;
        true_root(n, root);
        for (uint64_t i = 0; i < n; i++)
            verify_path(p, i, n, root);
    }
}

static void consistency_holds_for_all_sizes_to_300(void **state)
{
    struct place *p = *state;
    static merkle_hash roots[301];
    merkle_hash proof[MERKLE_CONSISTENCY_MAX];
    unsigned len;

    append_committed(p, 300);
    for (uint64_t n = 0; n <= 300; n++)
        assert_int_equal(log_root(p->s->log, n, roots[n]), OK);
    for (uint64_t n = 0; n <= 300; n++) {
        for (uint64_t m = 0; m <= n; m++) {
            assert_int_equal(log_consistency(p->s->log, m, n, proof, &len), OK);
            assert_int_equal(merkle_verify_consistency(m, roots[m], n, roots[n],
                                                       (const merkle_hash *)proof, len),
                             OK);
        }
    }
}

/* Past two levels of tiles: 65536 leaves fill the first tile of level 1. */
static void random_paths_hold_in_a_large_tree(void **state)
{
    struct place *p = *state;
    uint64_t seed = 7;

    append_committed(p, 66000);
    for (int restart = 0; restart < 2; restart++) {
        for (int k = 0; k < 200; k++) {
            merkle_hash root;
            merkle_hash old;
            merkle_hash proof[MERKLE_CONSISTENCY_MAX];
            unsigned len;
            seed = seed * 6364136223846793005u + 1442695040888963407u;
            uint64_t n = 1 + (seed >> 33) % 66000;
            seed = seed * 6364136223846793005u + 1442695040888963407u;
            uint64_t i = (seed >> 33) % n;
            assert_int_equal(log_root(p->s->log, n, root), OK);
            verify_path(p, i, n, root);
            assert_int_equal(log_root(p->s->log, i, old), OK);
            assert_int_equal(log_consistency(p->s->log, i, n, proof, &len), OK);
            assert_int_equal(
                merkle_verify_consistency(i, old, n, root, (const merkle_hash *)proof, len), OK);
        }
        assert_root(p, 66000);
        place_reopen(p);
    }
}

static void proofs_beyond_the_tree_are_refused(void **state)
{
    struct place *p = *state;
    merkle_hash path[MERKLE_PATH_MAX];
    merkle_hash root;
    unsigned len;

    append_committed(p, 5);
    assert_int_equal(log_path(p->s->log, 5, 5, path, &len), ERR_NOT_FOUND);
    assert_int_equal(log_path(p->s->log, 0, 6, path, &len), ERR_NOT_FOUND);
    assert_int_equal(log_path(p->s->log, 0, 0, path, &len), ERR_NOT_FOUND);
    assert_int_equal(log_root(p->s->log, 6, root), ERR_NOT_FOUND);
    assert_int_equal(log_consistency(p->s->log, 4, 6, path, &len), ERR_NOT_FOUND);
    assert_int_equal(log_consistency(p->s->log, 4, 3, path, &len), ERR_NOT_FOUND);
}

/* Every place where a tile may or may not fill. */
static void rollback_restores_size_and_root(void **state)
{
    static const struct {
        uint64_t before;
        uint64_t more;
    } rows[] = {{0, 1},   {0, 256}, {0, 700},   {255, 1}, {255, 2},
                {256, 0}, {256, 1}, {256, 256}, {511, 1}, {100, 100}};
    struct place *p = *state;

    for (size_t i = 0; i < T_COUNT(rows); i++) {
        print_message("row %zu\n", i);
        store_close(&p->s);
        place_wipe(p->dir);
        assert_int_equal(place_try_open(p), OK);
        append_committed(p, rows[i].before);
        begin(p);
        append(p, rows[i].more);
        store_rollback(p->s);
        assert_root(p, rows[i].before);
        append_committed(p, 300);
        assert_root(p, rows[i].before + 300);
        place_reopen(p);
        assert_root(p, rows[i].before + 300);
    }
}

static void rollback_to_savepoint_restores_size_and_root(void **state)
{
    struct place *p = *state;
    append_committed(p, 250);
    for (uint64_t more = 0; more <= 520; more += 13) {
        uint64_t size = log_size(p->s->log);
        begin(p);
        append(p, 3);
        assert_int_equal(store_savepoint(p->s), OK);
        append(p, more);
        assert_int_equal(store_rollback_to(p->s), OK);
        assert_root(p, size + 3);
        assert_int_equal(store_savepoint(p->s), OK);
        append(p, 2);
        assert_int_equal(store_release(p->s), OK);
        commit(p);
        assert_root(p, size + 5);
    }
    place_reopen(p);
    assert_root(p, 250 + 41 * 5);
}

static void rollback_over_a_level_one_tile(void **state)
{
    struct place *p = *state;
    append_committed(p, 65530);
    begin(p);
    append(p, 300);
    store_rollback(p->s);
    assert_root(p, 65530);
    append_committed(p, 10);
    assert_root(p, 65540);
}

static void leaves_too_long_are_refused(void **state)
{
    struct place *p = *state;
    uint8_t *big = calloc(1, LOG_BODY_MAX + 1);
    uint64_t index;
    begin(p);
    assert_int_equal(
        log_append(p->s->log, LOG_RECEIPT, 1, span_of(big, LOG_BODY_MAX + 1), NONE, &index),
        ERR_TOO_LARGE);
    assert_int_equal(
        log_append(p->s->log, LOG_RECEIPT, 1, span_of(big, LOG_BODY_MAX), NONE, &index), OK);
    assert_int_equal(log_append(p->s->log, LOG_RECEIPT, 1, NONE, NONE, &index), OK);
    commit(p);
    assert_int_equal(log_size(p->s->log), 2);
    free(big);
}

static void append_outside_a_transaction_is_refused(void **state)
{
    struct place *p = *state;
    uint64_t index;
    assert_int_equal(log_append(p->s->log, LOG_RECEIPT, 1, span_of("x", 1), NONE, &index),
                     ERR_INTERNAL);
    assert_int_equal(log_size(p->s->log), 0);
}

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

static void tamper(const struct place *p, const char *sql)
{
    sqlite3 *raw;
    assert_int_equal(sqlite3_open(p->path, &raw), SQLITE_OK);
    assert_int_equal(sqlite3_exec(raw, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(raw);
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
        place_wipe(p->dir);
        assert_int_equal(place_try_open(p), OK);
        append_committed(p, 590);
        append_committed(p, 5);
        append_committed(p, 5);
        assert_int_equal(log_checkpoint_set(p->s->log, 600, span_str("head")), OK);
        begin(p);
        assert_int_equal(store_meta_put_u64(p->s, "x", 1), OK);
        commit(p);
        store_close(&p->s);
        tamper(p, rows[i].sql);
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
        tamper(&copy, rows[i].sql);
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
        tamper(&copy, rows[i].sql);
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

/* The leaves of the open transaction are in no row yet. */
static void a_pending_leaf_is_readable_and_goes_with_the_rollback(void **state)
{
    struct place *p = *state;
    struct log_entry e;
    uint8_t want[64];

    append_committed(p, 10);
    begin(p);
    append(p, 3);
    assert_int_equal(store_savepoint(p->s), OK);
    append(p, 300);
    assert_int_equal(log_get(p->s->log, 300, &e), OK);
    assert_true(span_eq(e.body, body_of(300, want)));
    assert_true(span_eq(e.beside, beside_of(300, want)));
    assert_int_equal(store_rollback_to(p->s), OK);
    assert_int_equal(log_get(p->s->log, 13, &e), ERR_NOT_FOUND);
    append(p, 2); /* checks that the indexes are given again */
    assert_int_equal(log_get(p->s->log, 14, &e), OK);
    store_rollback(p->s);
    assert_int_equal(log_get(p->s->log, 10, &e), ERR_NOT_FOUND);
    assert_int_equal(log_get(p->s->log, 9, &e), OK);
    place_reopen(p);
    assert_root(p, 10);
}

/* A transaction with far more leaves than memory holds, big ones among them. */
static void a_long_transaction_is_written_as_it_goes(void **state)
{
    enum { COUNT = 400 };
    struct place *p = *state;
    uint8_t *big = calloc(1, LOG_BODY_MAX);
    uint64_t index;
    struct log_entry e;

    for (int round = 0; round < 3; round++) {
        begin(p);
        for (uint64_t i = 0; i < COUNT; i++) {
            memset(big, (int)i, LOG_BODY_MAX);
            assert_int_equal(log_append(p->s->log, LOG_ADMIN, i, span_of(big, i * 163 % 65536),
                                        span_of(big, i * 91 % LOG_BESIDE_MAX), &index),
                             OK);
            if (i % 50 == 49) {
                assert_int_equal(store_savepoint(p->s), OK);
                for (int k = 0; k < 9; k++)
                    assert_int_equal(log_append(p->s->log, LOG_ADMIN, 1, span_of(big, LOG_BODY_MAX),
                                                span_of(big, LOG_BESIDE_MAX), &index),
                                     OK);
                assert_int_equal(store_rollback_to(p->s), OK);
            }
        }
        if (round == 0)
            store_rollback(p->s);
        else
            commit(p);
        assert_int_equal(log_size(p->s->log), COUNT * round);
        if (round == 1)
            place_reopen(p);
    }
    for (uint64_t i = 0; i < 2 * COUNT; i++) {
        uint64_t n = i % COUNT;
        memset(big, (int)n, LOG_BODY_MAX);
        assert_int_equal(log_get(p->s->log, i, &e), OK);
        assert_true(span_eq(e.body, span_of(big, n * 163 % 65536)));
        assert_true(span_eq(e.beside, span_of(big, n * 91 % LOG_BESIDE_MAX)));
    }
    for (uint64_t t = 0; t < 4; t++)
        assert_int_equal(log_scrub(p->s->log, t, &p->f), OK);
    free(big);
}

static void one_savepoint_takes_a_bounded_number_of_bytes(void **state)
{
    struct place *p = *state;
    uint8_t *big = calloc(1, LOG_BODY_MAX);
    uint64_t index;
    unsigned count = 0;
    enum err err = OK;

    append_committed(p, 5);
    begin(p);
    append(p, 5);
    assert_int_equal(store_savepoint(p->s), OK);
    for (; err == OK && count < 1000; count++)
        err = log_append(p->s->log, LOG_ADMIN, 1, span_of(big, LOG_BODY_MAX), NONE, &index);
    assert_int_equal(err, ERR_BUSY);
    assert_true(count > 16); /* a mebibyte */
    assert_int_equal(store_rollback_to(p->s), OK);
    append(p, 5);
    commit(p);
    place_reopen(p);
    assert_root(p, 15);
    free(big);
}

static void too_much_beside_is_refused(void **state)
{
    struct place *p = *state;
    uint8_t *big = calloc(1, LOG_BESIDE_MAX + 1);
    uint64_t index;
    begin(p);
    assert_int_equal(
        log_append(p->s->log, LOG_RECEIPT, 1, NONE, span_of(big, LOG_BESIDE_MAX + 1), &index),
        ERR_TOO_LARGE);
    commit(p);
    assert_int_equal(log_size(p->s->log), 0);
    free(big);
}

static int64_t rows_of(const struct place *p, const char *sql)
{
    sqlite3 *raw;
    sqlite3_stmt *q;
    assert_int_equal(sqlite3_open(p->path, &raw), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(raw, sql, -1, &q, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(q), SQLITE_ROW);
    int64_t n = sqlite3_column_int64(q, 0);
    sqlite3_finalize(q);
    sqlite3_close(raw);
    return n;
}

static void the_leaves_of_a_commit_share_rows(void **state)
{
    struct place *p = *state;
    append_committed(p, 200);
    assert_int_equal(rows_of(p, "SELECT count(*) FROM leaf_block"), 1);
    append_committed(p, 100); /* over the end of a tile */
    assert_int_equal(rows_of(p, "SELECT count(*) FROM leaf_block"), 3);
    assert_int_equal(rows_of(p, "SELECT max(first) FROM leaf_block"), 256);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(leaves_are_kept_as_appended),
        CASE(paths_hold_for_all_sizes_to_300),
        CASE(consistency_holds_for_all_sizes_to_300),
        CASE(random_paths_hold_in_a_large_tree),
        CASE(proofs_beyond_the_tree_are_refused),
        CASE(rollback_restores_size_and_root),
        CASE(rollback_to_savepoint_restores_size_and_root),
        CASE(rollback_over_a_level_one_tile),
        CASE(leaves_too_long_are_refused),
        CASE(append_outside_a_transaction_is_refused),
        CASE(checkpoint_is_kept_with_the_first_commit),
        CASE(checkpoint_row_is_written_now_and_then),
        CASE(an_old_checkpoint_row_still_convicts_a_changed_tree),
        CASE(checkpoint_never_goes_back_or_ahead),
        CASE(start_refuses_a_log_without_its_signed_head),
        CASE(scrub_finds_every_changed_leaf_and_tile),
        CASE(any_flipped_bit_of_a_leaf_is_found_and_named),
        CASE(a_changed_leaf_is_not_given_out),
        CASE(a_pending_leaf_is_readable_and_goes_with_the_rollback),
        CASE(a_long_transaction_is_written_as_it_goes),
        CASE(one_savepoint_takes_a_bounded_number_of_bytes),
        CASE(too_much_beside_is_refused),
        CASE(the_leaves_of_a_commit_share_rows),
    };
    return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
