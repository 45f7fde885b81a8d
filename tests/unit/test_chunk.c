/* Checks the promises of store/chunk.h, each by its number. */
#include "base/hex.h"
#include "keys/hash.h"
#include "unit/store_place.h"

#include <dirent.h>

#define MARKET "market.445100"

enum { PATH_LEN = FOLDER_PATH_MAX + 48 };

static const uint8_t ROOT[STORE_HASH_LEN] = {1};
static const uint8_t OTHER[STORE_HASH_LEN] = {2};

static enum err put(struct place *p, const uint8_t *root, uint64_t i, uint64_t count)
{
    char text[32];
    snprintf(text, sizeof text, "chunk %llu", (unsigned long long)i);
    return chunk_put(p->s->chunks, MARKET, root, i, count, span_str(text), 1000);
}

static uint64_t have(struct place *p, const uint8_t *root)
{
    uint64_t n;
    uint64_t count;
    assert_int_equal(chunk_have(p->s->chunks, MARKET, root, &n, &count), OK);
    return n;
}

/* As many chunks as fit between two records, and a few more. */
static void put_first(struct place *p, const uint8_t *root, uint64_t n, uint64_t count)
{
    begin(p);
    for (uint64_t i = 0; i < n; i++)
        assert_int_equal(put(p, root, i, count), OK);
    commit(p);
}

static void path_of(struct place *p, const uint8_t *root, char out[static PATH_LEN])
{
    struct sha256 h;
    uint8_t hash[STORE_HASH_LEN];
    char hex[33];
    sha256_init(&h);
    sha256_add(&h, span_of(MARKET, sizeof MARKET));
    sha256_add(&h, span_of(root, STORE_HASH_LEN));
    sha256_done(&h, hash);
    hex_encode(span_of(hash, 16), hex);
    snprintf(out, PATH_LEN, "%s/chunks/%s", p->dir, hex);
}

static size_t files(struct place *p)
{
    char dir[FOLDER_PATH_MAX + 16];
    size_t n = 0;
    snprintf(dir, sizeof dir, "%s/chunks", p->dir);
    DIR *d = opendir(dir);
    assert_non_null(d);
    for (const struct dirent *e = readdir(d); e != NULL; e = readdir(d))
        n += e->d_name[0] != '.';
    closedir(d);
    return n;
}

/* ---- promise 1 ---- */

static void chunks_are_taken_in_order_and_kept_as_they_came(void **state)
{
    static const struct {
        uint64_t i;
        enum err want;
        uint64_t have;
    } rows[] = {
        {1, ERR_SEQUENCE_GAP, 0},
        {0, OK, 1},
        {2, ERR_SEQUENCE_GAP, 1},
        {1, OK, 2},
        {0, OK, 2},
        {2, OK, 3},
    };
    struct place *p = *state;
    struct span frame;
    uint64_t n;
    uint64_t count;

    assert_int_equal(have(p, ROOT), 0);
    for (size_t r = 0; r < T_COUNT(rows); r++) {
        print_message("row %zu\n", r);
        begin(p);
        assert_int_equal(put(p, ROOT, rows[r].i, 3), rows[r].want);
        assert_true(put(p, OTHER, rows[r].i, 9) != ERR_CONFLICT); /* files do not mix */
        commit(p);
        assert_int_equal(have(p, ROOT), rows[r].have);
    }
    place_reopen(p); /* what is complete is recorded at once */
    for (uint64_t i = 0; i < 3; i++) {
        char text[32];
        snprintf(text, sizeof text, "chunk %llu", (unsigned long long)i);
        assert_int_equal(chunk_get(p->s->chunks, MARKET, ROOT, i, &frame), OK);
        assert_true(span_eq(frame, span_str(text)));
    }
    assert_int_equal(chunk_have(p->s->chunks, MARKET, ROOT, &n, &count), OK);
    assert_int_equal(n, count);
    assert_int_equal(chunk_get(p->s->chunks, MARKET, ROOT, 3, &frame), ERR_NOT_FOUND);
    assert_int_equal(chunk_get(p->s->chunks, "health.445100", ROOT, 0, &frame), ERR_NOT_FOUND);
}

static void putting_again_changes_nothing(void **state)
{
    struct place *p = *state;
    struct span frame;
    begin(p);
    assert_int_equal(put(p, ROOT, 0, 3), OK);
    assert_int_equal(chunk_put(p->s->chunks, MARKET, ROOT, 0, 3, span_str("other"), 1000), OK);
    commit(p);
    assert_int_equal(chunk_get(p->s->chunks, MARKET, ROOT, 0, &frame), OK);
    assert_true(span_eq(frame, span_str("chunk 0")));
    assert_int_equal(have(p, ROOT), 1);
}

static void impossible_chunks_are_refused(void **state)
{
    struct place *p = *state;
    static uint8_t big[STORE_CHUNK_FRAME_MAX + 1];
    static const uint64_t most = STORE_CHUNK_COUNT_MAX;

    begin(p);
    assert_int_equal(put(p, ROOT, 0, 3), OK);
    assert_int_equal(put(p, ROOT, 1, 4), ERR_CONFLICT);
    assert_int_equal(put(p, ROOT, 3, 3), ERR_TOO_LARGE);
    assert_int_equal(put(p, OTHER, 0, 0), ERR_TOO_LARGE);
    assert_int_equal(put(p, OTHER, 0, most + 1), ERR_TOO_LARGE);
    assert_int_equal(chunk_put(p->s->chunks, MARKET, ROOT, 1, 3, span_of(big, sizeof big), 1),
                     ERR_TOO_LARGE);
    assert_int_equal(chunk_put(p->s->chunks, MARKET, ROOT, 1, 3, span_of(big, 0), 1),
                     ERR_TOO_LARGE);
    assert_int_equal(
        chunk_put(p->s->chunks, MARKET, ROOT, 1, 3, span_of(big, STORE_CHUNK_FRAME_MAX), 1), OK);
    assert_int_equal(chunk_refer(p->s->chunks, "health.445100", ROOT, 5), ERR_NOT_FOUND);
    commit(p);
}

/* ---- promise 2 ---- */

static void a_kill_costs_only_what_was_not_recorded(void **state)
{
    struct place *p = *state;
    put_first(p, ROOT, CHUNK_RECORD_EVERY, 100);
    put_first(p, ROOT, CHUNK_RECORD_EVERY + 5, 100);
    assert_int_equal(have(p, ROOT), CHUNK_RECORD_EVERY + 5);
    place_reopen(p);
    assert_int_equal(have(p, ROOT), CHUNK_RECORD_EVERY);
    put_first(p, ROOT, 100, 100); /* it goes on where it was */
    place_reopen(p);
    assert_int_equal(have(p, ROOT), 100);
}

static void a_rollback_leaves_the_chunks_and_takes_the_rows(void **state)
{
    struct place *p = *state;
    struct span frame;
    begin(p);
    for (uint64_t i = 0; i < 3; i++)
        assert_int_equal(put(p, ROOT, i, 3), OK);
    assert_int_equal(chunk_refer(p->s->chunks, MARKET, ROOT, 7), OK);
    store_rollback(p->s);
    assert_int_equal(have(p, ROOT), 3);
    assert_int_equal(chunk_get(p->s->chunks, MARKET, ROOT, 2, &frame), OK);
    begin(p); /* the next commit records them */
    commit(p);
    place_reopen(p);
    assert_int_equal(have(p, ROOT), 3);
}

/* More growing files than stay open: none of them loses what it has. */
static void many_files_grow_side_by_side(void **state)
{
    enum { FILES = CHUNK_OPEN_MAX + 9 };
    struct place *p = *state;
    uint8_t root[STORE_HASH_LEN] = {0};
    for (uint64_t i = 0; i < 3; i++)
        for (uint8_t f = 0; f < FILES; f++) {
            root[0] = f;
            begin(p);
            assert_int_equal(put(p, root, i, 4), OK);
            commit(p);
        }
    for (uint8_t f = 0; f < FILES; f++) {
        root[0] = f;
        assert_true(have(p, root) <= 3);
        put_first(p, root, 4, 4);
        assert_int_equal(have(p, root), 4);
    }
}

/* ---- promise 3 ---- */

static void a_damaged_file_costs_its_chunks_and_nothing_else(void **state)
{
    struct place *p = *state;
    struct span frame;
    char path[PATH_LEN];
    path_of(p, ROOT, path);
    put_first(p, ROOT, 5, 5);
    put_first(p, OTHER, 5, 5);
    assert_int_equal(truncate(path, 2 * SLOT_BYTES + 6), 0); /* the third is torn */
    assert_int_equal(chunk_get(p->s->chunks, MARKET, ROOT, 3, &frame), ERR_NOT_FOUND);
    place_reopen(p);
    assert_int_equal(have(p, ROOT), 2);
    assert_int_equal(chunk_get(p->s->chunks, MARKET, ROOT, 1, &frame), OK);
    put_first(p, ROOT, 5, 5);
    place_reopen(p);
    assert_int_equal(have(p, ROOT), 5);
    assert_int_equal(unlink(path), 0);
    place_reopen(p);
    assert_int_equal(have(p, ROOT), 0);
    assert_int_equal(chunk_get(p->s->chunks, MARKET, ROOT, 0, &frame), ERR_NOT_FOUND);
    put_first(p, ROOT, 5, 5);
    assert_int_equal(have(p, ROOT), 5);
    assert_int_equal(have(p, OTHER), 5);
}

static void a_spoilt_chunk_is_wanted_again(void **state)
{
    struct place *p = *state;
    struct span frame;
    put_first(p, ROOT, 5, 5);
    chunk_spoilt(p->s->chunks, MARKET, ROOT, 3);
    assert_int_equal(have(p, ROOT), 3);
    assert_int_equal(chunk_get(p->s->chunks, MARKET, ROOT, 3, &frame), ERR_NOT_FOUND);
    begin(p);
    commit(p);
    place_reopen(p);
    assert_int_equal(have(p, ROOT), 3);
}

static void files_of_others_are_not_opened(void **state)
{
    struct place *p = *state;
    struct span frame;
    char path[PATH_LEN];
    struct stat st;
    path_of(p, ROOT, path);
    put_first(p, ROOT, 2, 2);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    store_close(&p->s);
    assert_int_equal(chmod(path, 0644), 0);
    assert_int_equal(place_try_open(p), OK); /* not the death of the hub */
    assert_int_equal(chunk_get(p->s->chunks, MARKET, ROOT, 0, &frame), ERR_PERMISSION);
}

/* ---- promise 4 and 6 ---- */

static void sweep_all(struct place *p, uint64_t now_ms)
{
    bool more = true;
    for (int i = 0; more && i < 100; i++) {
        begin(p);
        assert_int_equal(chunk_sweep(p->s->chunks, now_ms, &more), OK);
        commit(p);
    }
    assert_false(more);
}

static void refer(struct place *p, uint32_t n)
{
    struct message_row row = {.seq = n, .open = 1, .attachments = true};
    snprintf(row.sender, sizeof row.sender, MARKET);
    id_of(row.id, n);
    assert_int_equal(message_put(p->s->messages, &row, span_str("frame")), OK);
    assert_int_equal(chunk_refer(p->s->chunks, MARKET, ROOT, n), OK);
    assert_int_equal(chunk_refer(p->s->chunks, MARKET, ROOT, n), OK); /* again is fine */
}

static void settle(struct place *p, uint32_t n)
{
    begin(p);
    assert_int_equal(message_settle(p->s->messages, MARKET, ID(n), 5, 0, NULL), OK);
    commit(p);
}

/* A file two messages need goes when both are final, without another day's wait. */
static void files_live_as_long_as_a_message_needs_them(void **state)
{
    struct place *p = *state;

    put_first(p, ROOT, 40, 40);
    begin(p);
    refer(p, 1);
    refer(p, 2);
    commit(p);
    sweep_all(p, 2000 + CHUNK_ORPHAN_MS);
    settle(p, 1);
    sweep_all(p, 2000 + CHUNK_ORPHAN_MS);
    assert_int_equal(have(p, ROOT), 40);
    settle(p, 2);
    begin(p);
    bool more;
    assert_int_equal(chunk_sweep(p->s->chunks, 2000, &more), OK);
    store_rollback(p->s); /* what is not committed removes nothing */
    assert_int_equal(have(p, ROOT), 40);
    sweep_all(p, 2000);
    assert_int_equal(have(p, ROOT), 0);
    assert_int_equal(files(p), 0);
    put_first(p, ROOT, 1, 40); /* and it may come again */
    assert_int_equal(have(p, ROOT), 1);
}

/* More than one step takes away: no step does more, and in the end nothing is left. */
static void a_long_file_goes_piece_by_piece(void **state)
{
    enum { SLOTS = 2 * CHUNK_CUT_SLOTS + 10 };
    struct place *p = *state;
    unsigned steps = 0;
    put_first(p, ROOT, SLOTS, SLOTS);
    assert_int_equal(files(p), 1);
    for (bool more = true; files(p) > 0 && steps < 100; steps++) {
        begin(p);
        assert_int_equal(chunk_sweep(p->s->chunks, 1000 + CHUNK_ORPHAN_MS, &more), OK);
        commit(p);
        assert_true(more || files(p) == 0);
    }
    assert_int_equal(files(p), 0);
    assert_true(steps > 3);
}

/* The drop is committed; it is not on disk yet. */
static void drop_in_flight(struct place *p)
{
    bool more;
    bool wrote;
    begin(p);
    assert_int_equal(chunk_sweep(p->s->chunks, 1000 + CHUNK_ORPHAN_MS, &more), OK);
    assert_int_equal(store_write(p->s, &wrote), OK);
    assert_true(wrote);
    assert_int_equal(have(p, ROOT), 0);
}

static off_t length(struct place *p)
{
    char path[PATH_LEN];
    struct stat st;
    path_of(p, ROOT, path);
    return stat(path, &st) == 0 ? st.st_size : 0;
}

static void a_file_stays_until_the_transaction_that_dropped_it_has_landed(void **state)
{
    struct place *p = *state;
    bool more = false;
    bool wrote;
    put_first(p, ROOT, 3, 3);
    drop_in_flight(p);
    begin(p); /* the next batch, while that one is synced */
    for (int i = 0; i < 3; i++)
        assert_int_equal(chunk_sweep(p->s->chunks, 1000 + CHUNK_ORPHAN_MS, &more), OK);
    assert_true(more); /* there is something to come back for */
    assert_int_equal(files(p), 1);
    assert_int_equal(store_landed(p->s, store_sync(p->s)), OK);
    assert_int_equal(chunk_sweep(p->s->chunks, 1000 + CHUNK_ORPHAN_MS, &more), OK);
    assert_int_equal(files(p), 0);
    assert_int_equal(store_write(p->s, &wrote), OK);
}

static void a_file_that_was_dropped_in_vain_is_whole(void **state)
{
    struct place *p = *state;
    const struct {
        const char *name;
        bool lost; /* with the power: the transaction that dropped it is not on disk */
    } rows[] = {{"undone", false}, {"lost", true}};
    for (size_t r = 0; r < T_COUNT(rows); r++) {
        bool more;
        print_message("row %zu: %s\n", r, rows[r].name);
        put_first(p, ROOT, 3, 3);
        const off_t before = length(p);
        if (rows[r].lost)
            drop_in_flight(p);
        begin(p);
        if (!rows[r].lost)
            assert_int_equal(chunk_sweep(p->s->chunks, 1000 + CHUNK_ORPHAN_MS, &more), OK);
        assert_int_equal(put(p, ROOT, 0, 3), OK); /* and it comes again */
        assert_int_equal(length(p), before);
        store_rollback(p->s);
        assert_int_equal(length(p), before);
        assert_int_equal(store_landed(p->s, store_sync(p->s)), OK);
    }
}

static void a_refused_message_does_not_keep_the_files_that_were_dropped_before(void **state)
{
    struct place *p = *state;
    bool more;
    put_first(p, ROOT, 3, 3);
    begin(p);
    assert_int_equal(chunk_sweep(p->s->chunks, 1000 + CHUNK_ORPHAN_MS, &more), OK);
    assert_int_equal(store_savepoint(p->s), OK);
    assert_int_equal(store_rollback_to(p->s), OK);
    commit(p);
    sweep_all(p, 1000 + CHUNK_ORPHAN_MS);
    assert_int_equal(files(p), 0);
}

static void abandoned_upload_goes_after_its_time(void **state)
{
    struct place *p = *state;
    put_first(p, ROOT, CHUNK_RECORD_EVERY, 100);
    sweep_all(p, 999 + CHUNK_ORPHAN_MS);
    assert_int_equal(have(p, ROOT), CHUNK_RECORD_EVERY);
    sweep_all(p, 1000 + CHUNK_ORPHAN_MS);
    assert_int_equal(have(p, ROOT), 0);
    assert_int_equal(files(p), 0);
}

static void rests_of_a_kill_are_removed_at_the_next_start(void **state)
{
    struct place *p = *state;
    put_first(p, ROOT, 3, 100); /* never recorded */
    put_first(p, OTHER, 2, 2);
    assert_int_equal(files(p), 2);
    place_reopen(p);
    assert_int_equal(files(p), 1);
    assert_int_equal(have(p, OTHER), 2);
}

static void the_database_does_not_carry_the_chunks(void **state)
{
    enum { CHUNKS = 64 };
    static uint8_t big[STORE_CHUNK_FRAME_MAX];
    struct place *p = *state;
    char wal[FOLDER_PATH_MAX + 16];
    struct stat st;
    off_t bytes = 0;

    for (uint64_t i = 0; i < CHUNKS; i++) {
        begin(p);
        assert_int_equal(
            chunk_put(p->s->chunks, MARKET, ROOT, i, CHUNKS, span_of(big, sizeof big), 1), OK);
        commit(p);
    }
    snprintf(wal, sizeof wal, "%s-wal", p->path);
    assert_int_equal(stat(p->path, &st), 0);
    bytes += st.st_size;
    assert_int_equal(stat(wal, &st), 0);
    bytes += st.st_size;
    assert_true(bytes < 2 << 20);
}

/* ---- promise 5 ---- */

static void a_sender_has_its_quota(void **state)
{
    struct place *p = *state;
    static const uint64_t all = ((uint64_t)64 << 30) / SLOT_BYTES;

    begin(p);
    assert_int_equal(put(p, ROOT, 0, all - 10), OK);
    assert_int_equal(put(p, OTHER, 0, 11), ERR_QUOTA);
    commit(p);
    assert_int_equal(files(p), 1); /* refused before it was written */
    assert_int_equal(chunk_admit(p->s->chunks, MARKET, OTHER, 11), ERR_QUOTA);
    assert_int_equal(chunk_admit(p->s->chunks, MARKET, OTHER, 10), OK);
    assert_int_equal(chunk_admit(p->s->chunks, MARKET, ROOT, all - 10), OK); /* known */
    assert_int_equal(chunk_admit(p->s->chunks, "health.445100", OTHER, 11), OK);
    for (uint64_t i = 1; i < CHUNK_RECORD_EVERY; i++)
        put_first(p, ROOT, i + 1, all - 10);
    place_reopen(p); /* from rows as from memory */
    assert_int_equal(chunk_admit(p->s->chunks, MARKET, OTHER, 11), ERR_QUOTA);
    sweep_all(p, 1000 + CHUNK_ORPHAN_MS);
    assert_int_equal(chunk_admit(p->s->chunks, MARKET, OTHER, 11), OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(chunks_are_taken_in_order_and_kept_as_they_came),
        CASE(putting_again_changes_nothing),
        CASE(impossible_chunks_are_refused),
        CASE(a_kill_costs_only_what_was_not_recorded),
        CASE(a_rollback_leaves_the_chunks_and_takes_the_rows),
        CASE(many_files_grow_side_by_side),
        CASE(a_damaged_file_costs_its_chunks_and_nothing_else),
        CASE(a_spoilt_chunk_is_wanted_again),
        CASE(files_of_others_are_not_opened),
        CASE(files_live_as_long_as_a_message_needs_them),
        CASE(a_long_file_goes_piece_by_piece),
        CASE(a_file_stays_until_the_transaction_that_dropped_it_has_landed),
        CASE(a_file_that_was_dropped_in_vain_is_whole),
        CASE(a_refused_message_does_not_keep_the_files_that_were_dropped_before),
        CASE(abandoned_upload_goes_after_its_time),
        CASE(rests_of_a_kill_are_removed_at_the_next_start),
        CASE(the_database_does_not_carry_the_chunks),
        CASE(a_sender_has_its_quota),
    };
    return cmocka_run_group_tests_name("chunk", tests, NULL, NULL);
}
