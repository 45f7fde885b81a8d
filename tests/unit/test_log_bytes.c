/*
 * L-01: any byte of the stored log that is changed is found, and the entry named. Every byte of the
 * entries and of the tiles of a log of 10,000 entries:
 *
 *   test_log_bytes        every 1,009th byte (a sample)
 *   test_log_bytes 1      all of them, and their count
 */
#include "unit/log_place.h"

#include <sqlite3.h>

enum { ENTRIES = 10000, HEAD = 17, AT_BODY_LEN = 9, AT_BESIDE_LEN = 11, LEVEL_SHIFT = 48 };

static uint64_t stride = 1009;

struct bytes {
    struct place *p;
    sqlite3 *raw;
    uint64_t seen;
    uint64_t changed;
};

struct column {
    const char *table;
    const char *name;
};
static const struct column LEAVES = {"leaf_block", "leaves"};
static const struct column HASHES = {"tile", "hashes"};

static sqlite3_blob *open_blob(const struct bytes *b, const struct column *c, int64_t key)
{
    sqlite3_blob *blob;
    assert_int_equal(sqlite3_blob_open(b->raw, "main", c->table, c->name, key, 1, &blob),
                     SQLITE_OK);
    return blob;
}

static void flip(const struct bytes *b, const struct column *c, int64_t key, int at)
{
    sqlite3_blob *blob = open_blob(b, c, key);
    uint8_t byte;
    assert_int_equal(sqlite3_blob_read(blob, &byte, 1, at), SQLITE_OK);
    byte ^= 0x10;
    assert_int_equal(sqlite3_blob_write(blob, &byte, 1, at), SQLITE_OK);
    assert_int_equal(sqlite3_blob_close(blob), SQLITE_OK); /* commits */
}

/* Change one byte, have the tile of that entry read again, put the byte back. */
static void change(struct bytes *b, const struct column *c, int64_t key, int at, uint64_t leaf)
{
    char want[40];
    if (b->seen++ % stride != 0)
        return;
    snprintf(want, sizeof want, "leaf %llu", (unsigned long long)leaf);
    flip(b, c, key, at);
    assert_int_equal(log_scrub(b->p->s->log, leaf / MERKLE_TILE_WIDTH, &b->p->f), ERR_LOG_ENTRY);
    assert_string_equal(b->p->f.detail, want);
    flip(b, c, key, at);
    b->changed++;
}

/* Each entry of one row, byte by byte. */
static void change_leaves(struct bytes *b, int64_t first)
{
    sqlite3_blob *blob = open_blob(b, &LEAVES, first);
    const int len = sqlite3_blob_bytes(blob);
    uint8_t *row = malloc((size_t)len);
    assert_non_null(row);
    assert_int_equal(sqlite3_blob_read(blob, row, len, 0), SQLITE_OK);
    sqlite3_blob_close(blob);
    uint64_t leaf = (uint64_t)first;
    for (int at = 0; at < len; leaf++) {
        const uint8_t *head = row + at;
        const int end = at + HEAD + head[AT_BODY_LEN] * 256 + head[AT_BODY_LEN + 1] +
                        head[AT_BESIDE_LEN] * 256 + head[AT_BESIDE_LEN + 1];
        for (; at < end; at++)
            change(b, &LEAVES, first, at, leaf);
    }
    free(row);
}

/* A hash of level 0 is its leaf's; the leaves are right, so the tile is what was changed. */
static void change_tile(struct bytes *b, int64_t key)
{
    const uint64_t number = (uint64_t)key & ((UINT64_C(1) << LEVEL_SHIFT) - 1);
    for (int at = 0; at < MERKLE_TILE_WIDTH * HASH_LEN; at++)
        change(b, &HASHES, key, at, number * MERKLE_TILE_WIDTH + (unsigned)at / HASH_LEN);
}

static void each_row(struct bytes *b, const char *sql, void (*run)(struct bytes *, int64_t))
{
    static int64_t keys[ENTRIES];
    size_t count = 0;
    sqlite3_stmt *q;
    assert_int_equal(sqlite3_prepare_v2(b->raw, sql, -1, &q, NULL), SQLITE_OK);
    while (sqlite3_step(q) == SQLITE_ROW)
        keys[count++] = sqlite3_column_int64(q, 0);
    sqlite3_finalize(q);
    assert_true(count > 0);
    for (size_t i = 0; i < count; i++)
        run(b, keys[i]);
}

static void any_changed_byte_of_the_stored_log_is_found_and_named(void **state)
{
    struct bytes b = {.p = *state};
    append_committed(b.p, ENTRIES);
    assert_int_equal(store_idle(b.p->s), OK);
    assert_int_equal(sqlite3_open(b.p->path, &b.raw), SQLITE_OK);
    assert_int_equal(sqlite3_exec(b.raw, "PRAGMA synchronous=OFF", NULL, NULL, NULL), SQLITE_OK);
    each_row(&b, "SELECT first FROM leaf_block ORDER BY first", change_leaves);
    each_row(&b, "SELECT key FROM tile WHERE key >> 48 = 0 ORDER BY key", change_tile);
    sqlite3_close(b.raw);
    for (uint64_t t = 0; t * MERKLE_TILE_WIDTH < ENTRIES; t++)
        assert_int_equal(log_scrub(b.p->s->log, t, &b.p->f), OK);
    print_message("%llu of %llu bytes changed, each found and its entry named\n",
                  (unsigned long long)b.changed, (unsigned long long)b.seen);
    assert_true(b.changed > 500);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(any_changed_byte_of_the_stored_log_is_found_and_named,
                                        place_setup, place_teardown),
    };
    if (argc > 1)
        stride = strtoull(argv[1], NULL, 10);
    return stride == 0 ? 2 : cmocka_run_group_tests_name("log_bytes", tests, NULL, NULL);
}
