/* Checks the promises of store/chunk.h, each by its number. */
#include "unit/store_place.h"

#define MARKET "market.445100"

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

static void have_counts_without_a_gap_in_any_order(void **state)
{
    static const struct {
        uint64_t i;
        uint64_t have;
    } rows[] = {{2, 0}, {1, 0}, {0, 3}, {5, 3}, {3, 4}, {4, 6}, {6, 7}};
    struct place *p = *state;
    struct span frame;
    uint64_t n;
    uint64_t count;

    assert_int_equal(have(p, ROOT), 0);
    for (size_t r = 0; r < T_COUNT(rows); r++) {
        begin(p);
        assert_int_equal(put(p, ROOT, rows[r].i, 7), OK);
        assert_int_equal(put(p, OTHER, rows[r].i, 9), OK); /* files do not mix */
        commit(p);
        place_reopen(p);
        assert_int_equal(have(p, ROOT), rows[r].have);
        assert_int_equal(chunk_get(p->s->chunks, MARKET, ROOT, rows[r].i, &frame), OK);
    }
    assert_int_equal(chunk_have(p->s->chunks, MARKET, ROOT, &n, &count), OK);
    assert_int_equal(n, count);
    assert_int_equal(chunk_have(p->s->chunks, MARKET, OTHER, &n, &count), OK);
    assert_int_equal(n, 7);
    assert_int_equal(count, 9);
    assert_int_equal(chunk_get(p->s->chunks, MARKET, OTHER, 7, &frame), ERR_NOT_FOUND);
    assert_int_equal(chunk_get(p->s->chunks, MARKET, ROOT, 7, &frame), ERR_NOT_FOUND);
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

    begin(p);
    assert_int_equal(put(p, ROOT, 0, 3), OK);
    assert_int_equal(put(p, ROOT, 1, 4), ERR_CONFLICT);
    assert_int_equal(put(p, ROOT, 3, 3), ERR_TOO_LARGE);
    assert_int_equal(put(p, OTHER, 0, 0), ERR_TOO_LARGE);
    assert_int_equal(put(p, OTHER, 0, (uint64_t)STORE_CHUNK_COUNT_MAX + 1), ERR_TOO_LARGE);
    assert_int_equal(put(p, OTHER, STORE_CHUNK_COUNT_MAX - 1, STORE_CHUNK_COUNT_MAX), OK);
    assert_int_equal(chunk_put(p->s->chunks, MARKET, ROOT, 1, 3, span_of(big, sizeof big), 1),
                     ERR_TOO_LARGE);
    assert_int_equal(chunk_put(p->s->chunks, MARKET, ROOT, 1, 3, span_of(big, 0), 1),
                     ERR_TOO_LARGE);
    assert_int_equal(
        chunk_put(p->s->chunks, MARKET, ROOT, 1, 3, span_of(big, STORE_CHUNK_FRAME_MAX), 1), OK);
    assert_int_equal(chunk_refer(p->s->chunks, "health.445100", ROOT, 5), ERR_NOT_FOUND);
    commit(p);
}

static uint64_t sweep_all(struct place *p, uint64_t now_ms)
{
    uint64_t total = 0;
    uint64_t removed;
    do {
        begin(p);
        assert_int_equal(chunk_sweep(p->s->chunks, now_ms, &removed), OK);
        commit(p);
        place_reopen(p);
        assert_true(removed <= CHUNK_SWEEP_MAX);
        total += removed;
    } while (removed > 0);
    return total;
}

/* A file two messages need goes when both are final, in bounded steps. */
static void files_live_as_long_as_a_message_needs_them(void **state)
{
    struct place *p = *state;
    uint64_t late = 2000 + CHUNK_ORPHAN_MS;

    begin(p);
    for (uint64_t i = 0; i < 150; i++)
        assert_int_equal(put(p, ROOT, i, 150), OK);
    for (uint32_t n = 1; n <= 2; n++) {
        struct message_row row = {.seq = n, .open = 1, .attachments = true};
        snprintf(row.sender, sizeof row.sender, MARKET);
        id_of(row.id, n);
        assert_int_equal(message_put(p->s->messages, &row, span_str("frame")), OK);
        assert_int_equal(chunk_refer(p->s->chunks, MARKET, ROOT, n), OK);
        assert_int_equal(chunk_refer(p->s->chunks, MARKET, ROOT, n), OK); /* again is fine */
    }
    commit(p);
    assert_int_equal(sweep_all(p, late), 0);
    begin(p);
    assert_int_equal(message_settle(p->s->messages, MARKET, ID(1), 5, NULL), OK);
    commit(p);
    assert_int_equal(sweep_all(p, late), 0);
    assert_int_equal(have(p, ROOT), 150);
    begin(p);
    assert_int_equal(message_settle(p->s->messages, MARKET, ID(2), 5, NULL), OK);
    commit(p);
    assert_int_equal(sweep_all(p, 1500), 0); /* too early: a sender may be uploading again */
    assert_int_equal(sweep_all(p, late), 151);
    assert_int_equal(have(p, ROOT), 0);
    begin(p);
    assert_int_equal(put(p, ROOT, 0, 150), OK); /* and it may come again */
    commit(p);
    assert_int_equal(have(p, ROOT), 1);
}

static void abandoned_upload_goes_after_its_time(void **state)
{
    struct place *p = *state;
    begin(p);
    assert_int_equal(put(p, ROOT, 0, 3), OK);
    commit(p);
    assert_int_equal(sweep_all(p, 999 + CHUNK_ORPHAN_MS), 0);
    assert_int_equal(sweep_all(p, 1000 + CHUNK_ORPHAN_MS), 2);
    assert_int_equal(have(p, ROOT), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(have_counts_without_a_gap_in_any_order),
        CASE(putting_again_changes_nothing),
        CASE(impossible_chunks_are_refused),
        CASE(files_live_as_long_as_a_message_needs_them),
        CASE(abandoned_upload_goes_after_its_time),
    };
    return cmocka_run_group_tests_name("chunk", tests, NULL, NULL);
}
