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

static void append(struct place *p, uint64_t count)
{
    for (uint64_t n = 0; n < count; n++) {
        uint8_t body[64];
        uint64_t at = log_size(p->s->log);
        uint64_t index;
        assert_int_equal(log_append(p->s->log, (unsigned)(LOG_RECEIPT + at % 10), 1000 + at,
                                    body_of(at, body), &index),
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
    assert_int_equal(log_append(p->s->log, LOG_RECEIPT, 1, span_of(big, LOG_BODY_MAX + 1), &index),
                     ERR_TOO_LARGE);
    assert_int_equal(log_append(p->s->log, LOG_RECEIPT, 1, span_of(big, LOG_BODY_MAX), &index), OK);
    assert_int_equal(log_append(p->s->log, LOG_RECEIPT, 1, span_of(NULL, 0), &index), OK);
    commit(p);
    assert_int_equal(log_size(p->s->log), 2);
    free(big);
}

static void append_outside_a_transaction_is_refused(void **state)
{
    struct place *p = *state;
    uint64_t index;
    assert_int_equal(log_append(p->s->log, LOG_RECEIPT, 1, span_of("x", 1), &index), ERR_INTERNAL);
    assert_int_equal(log_size(p->s->log), 0);
}

static void checkpoint_is_kept_with_the_next_commit(void **state)
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
    place_reopen(p);
    assert_int_equal(log_checkpoint(p->s->log, &size, &text), ERR_NOT_FOUND);

    assert_int_equal(log_checkpoint_set(p->s->log, 10, span_str("ten")), OK);
    begin(p);
    append(p, 1);
    store_rollback(p->s); /* and it is not lost with the transaction */
    append_committed(p, 1);
    place_reopen(p);
    assert_int_equal(log_checkpoint(p->s->log, &size, &text), OK);
    assert_int_equal(size, 10);
    assert_true(span_eq(text, span_str("ten")));
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

/* A signed head of 600 leaves, then something is done to the file. */
static void start_refuses_a_log_without_its_signed_head(void **state)
{
    static const struct {
        const char *sql;
        enum err want;
    } rows[] = {
        {"SELECT 1", OK},
        {"DELETE FROM leaf WHERE seq >= 599", ERR_LOG_TRUNCATED},
        {"DELETE FROM leaf", ERR_LOG_TRUNCATED},
        {"DELETE FROM leaf WHERE seq = 590", ERR_LOG_ENTRY}, /* a gap in the tail */
        {"UPDATE leaf SET body = x'00' WHERE seq = 595", ERR_LOG_FORK},
        {"UPDATE leaf SET time_ms = 1 WHERE seq = 512", ERR_LOG_FORK},
        {"UPDATE leaf SET kind = 9 WHERE seq = 513", ERR_LOG_FORK},
        {"UPDATE tile SET hashes = zeroblob(8192) WHERE key = 1", ERR_LOG_FORK},
        {"DELETE FROM tile WHERE key = 0", ERR_LOG_ENTRY},
        {"UPDATE checkpoint SET root = zeroblob(32)", ERR_LOG_FORK},
        {"UPDATE checkpoint SET size = 599", ERR_LOG_FORK},
        {"UPDATE checkpoint SET size = 601", ERR_LOG_TRUNCATED},
    };
    struct place *p = *state;

    for (size_t i = 0; i < T_COUNT(rows); i++) {
        print_message("row %zu\n", i);
        store_close(&p->s);
        place_wipe(p->dir);
        assert_int_equal(place_try_open(p), OK);
        append_committed(p, 600);
        assert_int_equal(log_checkpoint_set(p->s->log, 600, span_str("head")), OK);
        begin(p);
        assert_int_equal(store_meta_put_u64(p->s, "x", 1), OK);
        commit(p);
        store_close(&p->s);
        tamper(p, rows[i].sql);
        assert_int_equal(place_try_open(p), rows[i].want);
        if (rows[i].want != OK)
            assert_int_equal(err_class(p->f.err), ERR_CLASS_FATAL);
    }
}

static void scrub_finds_every_changed_leaf_and_tile(void **state)
{
    static const struct {
        const char *sql;
        uint64_t tile;
        const char *where;
    } rows[] = {
        {"UPDATE leaf SET body = CAST(body || x'00' AS BLOB) WHERE seq = 0", 0, "leaf 0"},
        {"UPDATE leaf SET time_ms = time_ms + 1 WHERE seq = 255", 0, "leaf 255"},
        {"UPDATE leaf SET kind = kind % 10 + 1 WHERE seq = 300", 1, "leaf 300"},
        {"DELETE FROM leaf WHERE seq = 256", 1, "leaf 256"},
        {"UPDATE tile SET hashes = CAST(x'01' || substr(hashes, 2) AS BLOB) WHERE key = 0", 0,
         "leaf 0"},
        {"UPDATE tile SET hashes = CAST(substr(hashes, 1, 8191) || x'01' AS BLOB) WHERE key = 1", 1,
         "leaf 511"},
        /* leaf and tile changed together: the tile above gives it away */
        {"UPDATE tile SET hashes = (SELECT hashes FROM tile WHERE key = 1) WHERE key = 0; "
         "UPDATE leaf SET kind = (SELECT kind FROM leaf l WHERE l.seq = leaf.seq + 256), "
         "time_ms = (SELECT time_ms FROM leaf l WHERE l.seq = leaf.seq + 256), "
         "body = (SELECT body FROM leaf l WHERE l.seq = leaf.seq + 256) WHERE seq < 256",
         0, "tile 0 of level 0"},
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
        assert_int_equal(log_scrub(copy.s->log, rows[i].tile, &copy.f), ERR_LOG_ENTRY);
        assert_string_equal(copy.f.detail, rows[i].where);
        place_close(&copy);
    }
}

static void random_changed_bytes_in_leaves_are_found(void **state)
{
    struct place *p = *state;
    append_committed(p, 520);
    for (uint64_t i = 0; i < 520; i += 7) {
        char sql[200];
        snprintf(sql, sizeof sql,
                 "UPDATE leaf SET body = CAST(x'ff' || substr(body, 2) AS BLOB) "
                 "WHERE seq = %llu",
                 (unsigned long long)i);
        struct place copy;
        place_kill_copy(p, &copy);
        assert_int_equal(place_try_open(&copy), OK);
        tamper(&copy, sql);
        char want[40];
        snprintf(want, sizeof want, "leaf %llu", (unsigned long long)i);
        uint8_t body[64];
        enum err found = body_of(i, body).data[0] == 0xff ? OK : ERR_LOG_ENTRY;
        assert_int_equal(log_scrub(copy.s->log, i / 256, &copy.f), found);
        if (found != OK)
            assert_string_equal(copy.f.detail, want);
        place_close(&copy);
    }
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
        CASE(checkpoint_is_kept_with_the_next_commit),
        CASE(checkpoint_never_goes_back_or_ahead),
        CASE(start_refuses_a_log_without_its_signed_head),
        CASE(scrub_finds_every_changed_leaf_and_tile),
        CASE(random_changed_bytes_in_leaves_are_found),
    };
    return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
