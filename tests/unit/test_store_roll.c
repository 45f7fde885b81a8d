/* Checks the promises of store/roll.h, each by its number. */
#include "unit/store_place.h"

/* A hash whose first bytes are these; the last four say which. */
static const uint8_t *hash_of(uint8_t out[static STORE_HASH_LEN], uint32_t first, uint32_t second,
                              uint32_t n)
{
    memset(out, 0, STORE_HASH_LEN);
    out[0] = (uint8_t)first;
    out[1] = (uint8_t)second;
    for (int i = 0; i < 4; i++)
        out[28 + i] = (uint8_t)(n >> (24 - 8 * i));
    return out;
}

#define HASH(first, second, n) hash_of((uint8_t[STORE_HASH_LEN]){0}, first, second, n)

static struct roll_row row_of(uint64_t seq, const uint8_t *hash)
{
    struct roll_row row = {
        .seq = seq, .type = 20, .accepted_ms = 1000 + seq, .stands = ROLL_STANDS};
    memcpy(row.hash, hash, sizeof row.hash);
    snprintf(row.issuer, sizeof row.issuer, "market.445100");
    snprintf(row.hops, sizeof row.hops, "hub.445100 hub.440000");
    return row;
}

static void put(struct place *p, uint64_t seq, const uint8_t *hash)
{
    const struct roll_row row = row_of(seq, hash);
    assert_int_equal(roll_put(p->s->roll, &row, span_str("sealed")), OK);
}

static struct roll_digest digest_of(struct place *p)
{
    const struct roll_digest *digest;
    assert_int_equal(roll_digest(p->s->roll, &digest), OK);
    return *digest;
}

static void a_document_is_in_the_roll_once_whatever_comes_again(void **state)
{
    struct place *p = *state;
    struct roll_row row = row_of(7, HASH(1, 2, 3));
    struct roll_row got;
    struct span sealed;
    begin(p);
    row.urgent = true;
    row.version = 2;
    id_of(row.about, 9);
    assert_int_equal(roll_put(p->s->roll, &row, span_str("the first text")), OK);
    row.seq = 8;
    assert_int_equal(roll_put(p->s->roll, &row, span_str("another text")), ERR_EXISTS);
    commit(p);
    place_reopen(p);
    assert_int_equal(roll_get(p->s->roll, HASH(1, 2, 3), &got), OK);
    assert_int_equal(got.seq, 7);
    assert_true(got.urgent);
    assert_int_equal(got.version, 2);
    assert_memory_equal(got.about, ID(9), STORE_ID_LEN);
    assert_string_equal(got.hops, "hub.445100 hub.440000");
    assert_int_equal(roll_text(p->s->roll, 7, &sealed), OK);
    assert_true(span_eq(sealed, span_str("the first text")));
    assert_int_equal(roll_text(p->s->roll, 8, &sealed), ERR_NOT_FOUND);
    assert_int_equal(roll_get(p->s->roll, HASH(1, 2, 4), &got), ERR_NOT_FOUND);
    assert_int_equal(roll_at(p->s->roll, 8, &got), ERR_NOT_FOUND);
}

static void a_state_that_is_none_is_refused(void **state)
{
    struct place *p = *state;
    begin(p);
    put(p, 1, HASH(1, 0, 1));
    assert_int_equal(roll_stand(p->s->roll, HASH(1, 0, 1), (enum roll_stand)5, 0), ERR_FIELD_VALUE);
    assert_int_equal(roll_stand(p->s->roll, HASH(9, 0, 1), ROLL_LOST, 608), ERR_NOT_FOUND);
    assert_int_equal(roll_stand(p->s->roll, HASH(1, 0, 1), ROLL_LOST, 608), OK);
    struct roll_row got;
    assert_int_equal(roll_get(p->s->roll, HASH(1, 0, 1), &got), OK);
    assert_int_equal(got.stands, ROLL_LOST);
    assert_int_equal(got.code, 608);
    commit(p);
}

static void two_rolls_with_the_same_hashes_have_one_digest_however_they_came(void **state)
{
    struct place *p = *state;
    enum { COUNT = 300 };
    begin(p);
    for (uint32_t i = 0; i < COUNT; i++)
        put(p, i, HASH(i * 37 % 256, i % 256, i));
    commit(p);
    const struct roll_digest forward = digest_of(p);
    struct place other = {.s = NULL};
    place_open(&other);
    begin(&other);
    for (uint32_t i = COUNT; i-- > 0;)
        put(&other, 1000 - i, HASH(i * 37 % 256, i % 256, i));
    commit(&other);
    const struct roll_digest backward = digest_of(&other);
    assert_int_equal(forward.count, COUNT);
    assert_memory_equal(&forward, &backward, sizeof forward);
    /* One more, and exactly its bucket and the root differ. */
    begin(&other);
    put(&other, 5000, HASH(9, 9, 77));
    commit(&other);
    const struct roll_digest more = digest_of(&other);
    assert_memory_not_equal(more.root, forward.root, sizeof more.root);
    for (size_t i = 0; i < ROLL_BUCKETS; i++)
        assert_int_equal(memcmp(more.bucket[i], forward.bucket[i], ROLL_DIGEST_LEN) == 0, i != 9);
    place_close(&other);
}

static void what_was_rolled_back_is_in_no_digest(void **state)
{
    struct place *p = *state;
    begin(p);
    put(p, 1, HASH(3, 0, 1));
    commit(p);
    const struct roll_digest before = digest_of(p);
    begin(p);
    put(p, 2, HASH(3, 0, 2));
    assert_int_equal(digest_of(p).count, 2);
    store_rollback(p->s);
    struct roll_digest after = digest_of(p);
    assert_memory_equal(&before, &after, sizeof after);
    begin(p);
    assert_int_equal(store_savepoint(p->s), OK);
    put(p, 2, HASH(3, 0, 2));
    assert_int_equal(digest_of(p).count, 2);
    assert_int_equal(store_rollback_to(p->s), OK);
    after = digest_of(p);
    assert_memory_equal(&before, &after, sizeof after);
    commit(p);
}

static void the_pieces_of_a_bucket_are_a_partition_of_it(void **state)
{
    struct place *p = *state;
    enum { COUNT = 1300 };
    static uint8_t got[ROLL_PIECE_MAX][STORE_HASH_LEN];
    uint8_t last[STORE_HASH_LEN] = {0};
    uint32_t pieces;
    size_t all = 0;
    begin(p);
    for (uint32_t i = 0; i < COUNT; i++)
        put(p, i, HASH(200, i % 256, i));
    put(p, COUNT, HASH(199, 255, 1));
    put(p, COUNT + 1, HASH(201, 0, 1));
    commit(p);
    assert_int_equal(roll_pieces(p->s->roll, 200, &pieces), OK);
    assert_int_equal(pieces, 4); /* 1300 hashes, at most 512 in each, halved */
    for (uint32_t i = 0; i < pieces; i++) {
        size_t count;
        assert_int_equal(roll_piece(p->s->roll, 200, i, pieces, got, ROLL_PIECE_MAX, &count), OK);
        for (size_t k = 0; k < count; k++) {
            assert_int_equal(got[k][0], 200);
            assert_int_equal(got[k][1] * pieces / 256, i);
            assert_true(memcmp(got[k], last, sizeof last) > 0);
            memcpy(last, got[k], sizeof last);
        }
        all += count;
    }
    assert_int_equal(all, COUNT);
}

static void a_piece_that_there_is_not_is_refused(void **state)
{
    struct place *p = *state;
    static uint8_t got[2][STORE_HASH_LEN];
    size_t count;
    static const uint32_t bad[][2] = {{0, 0}, {1, 1}, {0, 3}, {4, 4}, {0, 512}};
    for (size_t i = 0; i < T_COUNT(bad); i++)
        assert_int_equal(roll_piece(p->s->roll, 1, bad[i][0], bad[i][1], got, 2, &count),
                         ERR_FIELD_VALUE);
    begin(p);
    for (uint32_t i = 0; i < 3; i++)
        put(p, i, HASH(1, 1, i));
    commit(p);
    assert_int_equal(roll_piece(p->s->roll, 1, 0, 1, got, 2, &count), ERR_TOO_LARGE);
    assert_int_equal(count, 2);
    assert_int_equal(roll_piece(p->s->roll, 2, 0, 1, got, 2, &count), OK);
    assert_int_equal(count, 0);
}

static void versions_of_an_order_are_found_by_number_and_nothing_else(void **state)
{
    struct place *p = *state;
    struct roll_row got;
    uint8_t hash[STORE_HASH_LEN] = {0};
    begin(p);
    for (uint32_t i = 0; i < 4; i++) {
        struct roll_row row = row_of(i, HASH(9 - i, 0, i));
        id_of(row.about, i < 3 ? 5 : 6);
        row.version = i == 2 ? 4 : 2;
        assert_int_equal(roll_put(p->s->roll, &row, span_str("sealed")), OK);
    }
    put(p, 10, HASH(1, 0, 0)); /* of no order */
    commit(p);
    assert_int_equal(roll_next_of_version(p->s->roll, ID(5), 2, hash, &got), OK);
    assert_int_equal(got.seq, 1);
    assert_int_equal(roll_next_of_version(p->s->roll, ID(5), 2, hash, &got), OK);
    assert_int_equal(got.seq, 0);
    assert_int_equal(roll_next_of_version(p->s->roll, ID(5), 2, hash, &got), ERR_NOT_FOUND);
    memset(hash, 0, sizeof hash);
    assert_int_equal(roll_next_of_version(p->s->roll, ID(5), 3, hash, &got), ERR_NOT_FOUND);
    assert_int_equal(roll_next_of_version(p->s->roll, (uint8_t[STORE_ID_LEN]){0}, 0, hash, &got),
                     ERR_NOT_FOUND);
}

static void a_link_is_told_of_lifts_apart_from_the_rest(void **state)
{
    struct place *p = *state;
    struct roll_row got;
    begin(p);
    for (uint32_t i = 0; i < 6; i++) {
        struct roll_row row = row_of(i, HASH(i, 0, i));
        row.urgent = i % 3 == 2;
        assert_int_equal(roll_put(p->s->roll, &row, span_str("sealed")), OK);
    }
    commit(p);
    assert_int_equal(roll_next(p->s->roll, true, 0, &got), OK);
    assert_int_equal(got.seq, 2);
    assert_int_equal(roll_next(p->s->roll, true, 3, &got), OK);
    assert_int_equal(got.seq, 5);
    assert_int_equal(roll_next(p->s->roll, true, 6, &got), ERR_NOT_FOUND);
    assert_int_equal(roll_next(p->s->roll, false, 2, &got), OK);
    assert_int_equal(got.seq, 3);
}

static void what_is_owed_is_owed_once_and_answered_in_its_order(void **state)
{
    struct place *p = *state;
    struct roll_link link;
    uint64_t seq;
    uint64_t left;
    begin(p);
    for (uint32_t i = 0; i < 10; i++)
        put(p, i, HASH(99 - i, 0, i));
    assert_int_equal(roll_link_get(p->s->roll, "hub.440000", &link), ERR_NOT_FOUND);
    snprintf(link.member, sizeof link.member, "hub.440000");
    link.normal = 8;
    link.equal_ms = 77;
    link.known_ms = 66;
    assert_int_equal(roll_link_put(p->s->roll, &link), OK);
    assert_int_equal(roll_owe(p->s->roll, "hub.440000", 4), OK);
    assert_int_equal(roll_owe(p->s->roll, "hub.440000", 2), OK);
    assert_int_equal(roll_owe(p->s->roll, "hub.440000", 4), OK);
    commit(p);
    place_reopen(p);
    assert_int_equal(roll_left(p->s->roll, "hub.440000", &left), OK);
    assert_int_equal(left, 2 + 2);
    begin(p);
    assert_int_equal(roll_owed_next(p->s->roll, "hub.440000", &seq), OK);
    assert_int_equal(seq, 2);
    assert_int_equal(roll_owed_done(p->s->roll, "hub.440000", 2), OK);
    assert_int_equal(roll_owed_done(p->s->roll, "hub.440000", 2), ERR_NOT_FOUND);
    assert_int_equal(roll_owed_next(p->s->roll, "hub.440000", &seq), OK);
    assert_int_equal(seq, 4);
    assert_int_equal(roll_owed_next(p->s->roll, "hub.220000", &seq), ERR_NOT_FOUND);
    assert_int_equal(roll_link_get(p->s->roll, "hub.440000", &link), OK);
    assert_int_equal(link.equal_ms, 77);
    assert_int_equal(link.known_ms, 66);
    commit(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_document_is_in_the_roll_once_whatever_comes_again),
        CASE(a_state_that_is_none_is_refused),
        CASE(two_rolls_with_the_same_hashes_have_one_digest_however_they_came),
        CASE(what_was_rolled_back_is_in_no_digest),
        CASE(the_pieces_of_a_bucket_are_a_partition_of_it),
        CASE(a_piece_that_there_is_not_is_refused),
        CASE(versions_of_an_order_are_found_by_number_and_nothing_else),
        CASE(a_link_is_told_of_lifts_apart_from_the_rest),
        CASE(what_is_owed_is_owed_once_and_answered_in_its_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
