/* Checks the promises of store/message.h, each by its number. */
#include "unit/store_beside.h"

static struct message_row message(uint32_t n, uint32_t open)
{
    struct message_row row = {.seq = n,
                              .type = 7,
                              .stage = 1,
                              .lane = 2,
                              .created_ms = 1,
                              .expires_ms = STORE_NEVER,
                              .accepted_ms = 3,
                              .open = open};
    snprintf(row.sender, sizeof row.sender, "market.445100");
    id_of(row.id, n);
    memset(row.env_id, (int)n, sizeof row.env_id);
    return row;
}

static void put_survives_restart(void **state)
{
    struct place *p = *state;
    struct message_row row = message(5, 1);
    struct message_row got;
    struct span frame;

    id_of(row.conversation, 9);
    row.sequence = 4;
    row.attachments = true;
    row.last_leaf = 12;
    begin(p);
    assert_int_equal(message_put(p->s->messages, &row, span_str("frame")), OK);
    commit(p);
    place_reopen(p);
    assert_int_equal(message_get(p->s->messages, "market.445100", row.id, &got), OK);
    assert_string_equal(got.sender, row.sender);
    assert_memory_equal(got.env_id, row.env_id, sizeof got.env_id);
    assert_memory_equal(got.conversation, row.conversation, sizeof got.conversation);
    assert_int_equal(got.seq, 5);
    assert_int_equal(got.type, 7);
    assert_int_equal(got.stage, 1);
    assert_int_equal(got.lane, 2);
    assert_int_equal(got.created_ms, 1);
    assert_int_equal(got.expires_ms, STORE_NEVER);
    assert_int_equal(got.accepted_ms, 3);
    assert_int_equal(got.sequence, 4);
    assert_int_equal(got.open, 1);
    assert_true(got.attachments);
    assert_int_equal(got.last_leaf, 12);
    assert_int_equal(message_frame(p->s->messages, 5, &frame), OK);
    assert_true(span_eq(frame, span_str("frame")));
}

/* The longest name there is, in memory, in a block and in the table. */
static void one_that_a_hub_handed_on_keeps_from_whom_and_for_whom(void **state)
{
    struct place *p = *state;
    struct message_row row = message(5, 1);
    struct message_row last = message(6, 0); /* final at once: written to the table */
    struct message_row got;
    memset(row.origin, 'h', STORE_MEMBER_MAX);
    row.share = 0x80000001;
    strcpy(last.origin, "hub.440000");
    last.share = 6;
    begin(p);
    assert_int_equal(message_put(p->s->messages, &row, span_str("frame")), OK);
    assert_int_equal(message_put(p->s->messages, &last, span_of(NULL, 0)), OK);
    commit(p);
    place_reopen(p);
    assert_int_equal(message_get(p->s->messages, row.sender, row.id, &got), OK);
    assert_string_equal(got.origin, row.origin);
    assert_int_equal(got.share, 0x80000001);
    assert_int_equal(message_get(p->s->messages, last.sender, last.id, &got), OK);
    assert_string_equal(got.origin, "hub.440000");
    assert_int_equal(got.share, 6);
    begin(p);
    assert_int_equal(message_settle(p->s->messages, row.sender, row.id, 5, 20, NULL), OK);
    commit(p);
    place_reopen(p);
    assert_int_equal(message_get(p->s->messages, row.sender, row.id, &got), OK);
    assert_string_equal(got.origin, row.origin);
    assert_int_equal(got.open, 0);
}

static void second_put_is_refused_and_changes_nothing(void **state)
{
    struct place *p = *state;
    struct message_row row = message(5, 1);
    struct message_row other = message(6, 1);
    struct message_row got;
    uint64_t known;
    uint64_t frames;

    memcpy(other.id, row.id, sizeof other.id);
    begin(p);
    assert_int_equal(message_put(p->s->messages, &row, span_str("frame")), OK);
    assert_int_equal(message_put(p->s->messages, &other, span_str("other")), ERR_EXISTS);
    commit(p);
    assert_int_equal(message_get(p->s->messages, row.sender, row.id, &got), OK);
    assert_int_equal(got.seq, 5);
    assert_int_equal(message_counts(p->s->messages, &known, &frames), OK);
    assert_int_equal(known, 1);
    assert_int_equal(frames, 1);

    /* the same id by another sender is another message */
    snprintf(other.sender, sizeof other.sender, "health.445100");
    begin(p);
    assert_int_equal(message_put(p->s->messages, &other, span_str("other")), OK);
    commit(p);
}

static void repeat_is_recognised_after_the_frame_is_gone(void **state)
{
    struct place *p = *state;
    struct message_row row = message(5, 2);
    struct message_row got;
    struct span frame;
    uint32_t open;

    begin(p);
    assert_int_equal(message_put(p->s->messages, &row, span_str("frame")), OK);
    assert_int_equal(message_settle(p->s->messages, row.sender, row.id, 5, 77, &open), OK);
    assert_int_equal(open, 1);
    assert_int_equal(message_frame(p->s->messages, 5, &frame), OK); /* one still needs it */
    assert_int_equal(message_settle(p->s->messages, row.sender, row.id, 8, 77, &open), OK);
    assert_int_equal(open, 0);
    assert_int_equal(message_frame(p->s->messages, 5, &frame), ERR_NOT_FOUND);
    assert_int_equal(message_settle(p->s->messages, row.sender, row.id, 8, 77, &open),
                     ERR_FIELD_VALUE);
    commit(p);
    place_reopen(p);
    assert_int_equal(message_get(p->s->messages, row.sender, row.id, &got), OK);
    assert_int_equal(got.stage, 8);
    assert_int_equal(got.open, 0);
    begin(p);
    assert_int_equal(message_put(p->s->messages, &row, span_str("frame")), ERR_EXISTS);
    commit(p);
}

static void rolled_back_settle_keeps_the_frame(void **state)
{
    struct place *p = *state;
    struct message_row row = message(5, 1);
    struct span frame;

    begin(p);
    assert_int_equal(message_put(p->s->messages, &row, span_str("frame")), OK);
    commit(p);
    begin(p);
    assert_int_equal(message_settle(p->s->messages, row.sender, row.id, 5, 77, NULL), OK);
    store_rollback(p->s);
    assert_int_equal(message_frame(p->s->messages, 5, &frame), OK);
}

static void unknown_messages_are_not_found(void **state)
{
    struct place *p = *state;
    struct message_row got;
    struct span frame;

    begin(p);
    assert_int_equal(message_get(p->s->messages, "market.445100", ID(1), &got), ERR_NOT_FOUND);
    assert_int_equal(message_settle(p->s->messages, "market.445100", ID(1), 5, 77, NULL),
                     ERR_NOT_FOUND);
    assert_int_equal(message_stage(p->s->messages, "market.445100", ID(1), 5, 78), ERR_NOT_FOUND);
    assert_int_equal(message_decide(p->s->messages, "market.445100", ID(1), 0, 1), ERR_NOT_FOUND);
    assert_int_equal(message_frame(p->s->messages, 1, &frame), ERR_NOT_FOUND);
    commit(p);
}

static void rejected_message_has_no_frame(void **state)
{
    struct place *p = *state;
    struct message_row row = message(5, 0);
    struct span frame;
    row.code = ERR_RESTRICTED;
    begin(p);
    assert_int_equal(message_put(p->s->messages, &row, (struct span){NULL, 0}), OK);
    commit(p);
    assert_int_equal(message_frame(p->s->messages, 5, &frame), ERR_NOT_FOUND);
}

static void values_outside_their_bounds_are_refused(void **state)
{
    struct place *p = *state;
    struct message_row row = message(5, 1);
    uint8_t *big = calloc(1, STORE_FRAME_MAX + 1);

    begin(p);
    assert_int_equal(message_put(p->s->messages, &row, span_of(big, STORE_FRAME_MAX + 1)),
                     ERR_TOO_LARGE);
    row.code = 1000;
    assert_int_equal(message_put(p->s->messages, &row, span_str("x")), ERR_FIELD_VALUE);
    row.code = 0;
    row.lane = 4;
    assert_int_equal(message_put(p->s->messages, &row, span_str("x")), ERR_FIELD_VALUE);
    row.lane = 0;
    row.sender[0] = '\0';
    assert_int_equal(message_put(p->s->messages, &row, span_str("x")), ERR_FIELD_VALUE);
    row = message(5, 1);
    row.expires_ms = UINT64_MAX;
    assert_int_equal(message_put(p->s->messages, &row, span_str("x")), ERR_TOO_LARGE);
    row = message(5, 1);
    assert_int_equal(message_put(p->s->messages, &row, span_of(big, STORE_FRAME_MAX)), OK);
    commit(p);
    free(big);
}

static void stage_and_last_receipt_are_as_given(void **state)
{
    struct place *p = *state;
    struct message_row row = message(5, 1);
    struct message_row got;
    begin(p);
    assert_int_equal(message_put(p->s->messages, &row, span_str("x")), OK);
    assert_int_equal(message_stage(p->s->messages, row.sender, row.id, 10, 78), OK);
    assert_int_equal(message_stage(p->s->messages, row.sender, row.id, 4, 79), OK);
    assert_int_equal(message_get(p->s->messages, row.sender, row.id, &got), OK);
    assert_int_equal(got.stage, 4); /* parked, then released */
    assert_int_equal(got.last_leaf, 79);
    assert_int_equal(got.open, 1);
    assert_int_equal(message_decide(p->s->messages, row.sender, row.id, ERR_HELD, 3), OK);
    assert_int_equal(message_get(p->s->messages, row.sender, row.id, &got), OK);
    assert_int_equal(got.code, ERR_HELD);
    assert_int_equal(got.open, 3);
    commit(p);
}

static void sequence_is_the_highest_of_its_conversation(void **state)
{
    struct place *p = *state;
    static const uint64_t order[] = {2, 5, 3};
    uint64_t last;

    begin(p);
    for (uint32_t i = 0; i < T_COUNT(order); i++) {
        struct message_row row = message(i + 1, 1);
        id_of(row.conversation, 9);
        row.sequence = order[i];
        assert_int_equal(message_put(p->s->messages, &row, span_str("x")), OK);
    }
    commit(p);
    place_reopen(p);
    assert_int_equal(message_sequence(p->s->messages, "market.445100", ID(9), &last), OK);
    assert_int_equal(last, 5);
    assert_int_equal(message_sequence(p->s->messages, "market.445100", ID(8), &last), OK);
    assert_int_equal(last, 0);
    assert_int_equal(message_sequence(p->s->messages, "health.445100", ID(9), &last), OK);
    assert_int_equal(last, 0);
}

static void people_find_by_either_id(void **state)
{
    struct place *p = *state;
    struct message_row got;
    static const char *const senders[] = {"a.445100", "b.445100", "z.445100"};
    uint8_t env[STORE_HASH_LEN];

    begin(p);
    for (uint32_t i = 0; i < 30; i++) {
        struct message_row row = message(i + 1, 1);
        snprintf(row.sender, sizeof row.sender, "%s", senders[i % 3]);
        assert_int_equal(message_put(p->s->messages, &row, span_str("x")), OK);
    }
    commit(p);
    for (uint32_t i = 0; i < 30; i++) {
        memset(env, (int)i + 1, sizeof env);
        assert_int_equal(message_find(p->s->messages, span_of(ID(i + 1), STORE_ID_LEN), &got), OK);
        assert_int_equal(got.seq, i + 1);
        assert_int_equal(message_find(p->s->messages, span_of(env, sizeof env), &got), OK);
        assert_int_equal(got.seq, i + 1);
    }
    assert_int_equal(message_find(p->s->messages, span_of(ID(99), STORE_ID_LEN), &got),
                     ERR_NOT_FOUND);
    memset(env, 0xee, sizeof env);
    assert_int_equal(message_find(p->s->messages, span_of(env, sizeof env), &got), ERR_NOT_FOUND);
    assert_int_equal(message_find(p->s->messages, span_of(env, 5), &got), ERR_FIELD_VALUE);
}

/* More frames than memory holds, settled and rolled back here and there: what is given is always
 * what the rows say. */
static void frames_are_given_from_memory_or_disk_alike(void **state)
{
    enum { COUNT = 40, LEN = 500 * 1000 };
    struct place *p = *state;
    uint8_t *bytes = malloc(LEN);
    struct span frame;

    for (uint32_t n = 1; n <= COUNT; n++) {
        struct message_row row = message(n, 1);
        memset(bytes, (int)n, LEN);
        begin(p);
        assert_int_equal(message_put(p->s->messages, &row, span_of(bytes, LEN - n)), OK);
        assert_int_equal(message_frame(p->s->messages, n, &frame), OK); /* before the commit */
        commit(p);
        begin(p);
        struct message_row lost = message(COUNT + n, 1);
        assert_int_equal(store_savepoint(p->s), OK);
        assert_int_equal(message_put(p->s->messages, &lost, span_of(bytes, 100)), OK);
        assert_int_equal(message_settle(p->s->messages, row.sender, row.id, 5, 9, NULL), OK);
        assert_int_equal(message_frame(p->s->messages, n, &frame), ERR_NOT_FOUND);
        if (n % 2 == 0)
            assert_int_equal(store_rollback_to(p->s), OK);
        store_rollback(p->s);
        assert_int_equal(message_frame(p->s->messages, COUNT + n, &frame), ERR_NOT_FOUND);
        assert_int_equal(message_get(p->s->messages, lost.sender, lost.id, &lost), ERR_NOT_FOUND);
    }
    for (int restart = 0; restart < 2; restart++) {
        for (uint32_t n = 1; n <= COUNT; n++) {
            struct message_row got;
            memset(bytes, (int)n, LEN);
            assert_int_equal(message_frame(p->s->messages, n, &frame), OK);
            assert_true(span_eq(frame, span_of(bytes, LEN - n)));
            assert_int_equal(message_get(p->s->messages, "market.445100", ID(n), &got), OK);
            assert_int_equal(got.open, 1);
            assert_int_equal(got.stage, 1);
        }
        place_reopen(p);
    }
    free(bytes);
}

/* Ids nearly always rise; one that does not is known or new all the same. */
static void ids_in_any_order_are_known_or_new(void **state)
{
    static const uint32_t order[] = {50, 90, 70, 10, 60, 95, 94, 1};
    struct place *p = *state;
    for (size_t i = 0; i < T_COUNT(order); i++) {
        struct message_row row = message(order[i], 1);
        struct message_row got;
        row.seq = i;
        begin(p);
        assert_int_equal(message_get(p->s->messages, row.sender, row.id, &got), ERR_NOT_FOUND);
        assert_int_equal(message_put(p->s->messages, &row, span_str("x")), OK);
        assert_int_equal(message_put(p->s->messages, &row, span_str("x")), ERR_EXISTS);
        if (i == 2 || i == 5) { /* the highest of all among them */
            store_rollback(p->s);
            begin(p);
            assert_int_equal(message_get(p->s->messages, row.sender, row.id, &got), ERR_NOT_FOUND);
            assert_int_equal(message_put(p->s->messages, &row, span_str("x")), OK);
        }
        commit(p);
        if (i % 3 == 0)
            place_reopen(p);
    }
    for (size_t i = 0; i < T_COUNT(order); i++) {
        struct message_row got;
        begin(p);
        assert_int_equal(message_get(p->s->messages, "market.445100", ID(order[i]), &got), OK);
        assert_int_equal(got.seq, i);
        commit(p);
    }
}

/* What changed a row is what is read, in the transaction, after it and after its rollback. */
static void a_rolled_back_change_of_a_row_is_not_remembered(void **state)
{
    struct place *p = *state;
    struct message_row row = message(5, 2);
    struct message_row got;
    begin(p);
    assert_int_equal(message_put(p->s->messages, &row, span_str("x")), OK);
    commit(p);
    begin(p);
    assert_int_equal(message_settle(p->s->messages, row.sender, row.id, 5, 30, NULL), OK);
    assert_int_equal(store_savepoint(p->s), OK);
    assert_int_equal(message_settle(p->s->messages, row.sender, row.id, 8, 31, NULL), OK);
    assert_int_equal(message_stage(p->s->messages, row.sender, row.id, 9, 32), OK);
    assert_int_equal(message_get(p->s->messages, row.sender, row.id, &got), OK);
    assert_int_equal(got.last_leaf, 32);
    assert_int_equal(got.open, 0);
    assert_int_equal(store_rollback_to(p->s), OK);
    assert_int_equal(message_get(p->s->messages, row.sender, row.id, &got), OK);
    assert_int_equal(got.last_leaf, 30);
    assert_int_equal(got.open, 1);
    store_rollback(p->s);
    assert_int_equal(message_get(p->s->messages, row.sender, row.id, &got), OK);
    assert_int_equal(got.open, 2);
    assert_int_equal(got.stage, 1);
    assert_int_equal(got.last_leaf, 0);
}

static void a_changed_frame_is_not_given_out(void **state)
{
    struct place *p = *state;
    struct message_row row = message(5, 1);
    struct span frame;
    begin(p);
    assert_int_equal(message_put(p->s->messages, &row, span_str("a frame of some length")), OK);
    commit(p);
    assert_int_equal(store_idle(p->s), OK); /* so that it is in its table */
    store_close(&p->s);
    place_tamper(p, "UPDATE frame SET bytes = CAST('a frAme of some length' AS BLOB)");
    assert_int_equal(place_try_open(p), OK);
    assert_int_equal(message_frame(p->s->messages, 5, &frame), ERR_CORRUPT);
}

static void open_messages_are_walked_by_their_number(void **state)
{
    static const uint32_t numbers[] = {3, 5, 9};
    struct place *p = *state;
    uint64_t seq = 0;
    begin(p);
    for (size_t i = 0; i < T_COUNT(numbers); i++) {
        const struct message_row row = message(numbers[i], 1);
        assert_int_equal(message_put(p->s->messages, &row, span_str("frame")), OK);
    }
    const struct message_row over = message(7, 0); /* settled from the start */
    assert_int_equal(message_put(p->s->messages, &over, span_of(NULL, 0)), OK);
    commit(p);
    begin(p);
    const struct message_row five = message(5, 1);
    assert_int_equal(message_settle(p->s->messages, five.sender, five.id, 5, 6, NULL), OK);
    assert_int_equal(message_next_open(p->s->messages, &seq), OK);
    assert_int_equal(seq, 3);
    assert_int_equal(message_next_open(p->s->messages, &seq), OK);
    assert_int_equal(seq, 9);
    assert_int_equal(message_next_open(p->s->messages, &seq), ERR_NOT_FOUND);
    commit(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(put_survives_restart),
        CASE(one_that_a_hub_handed_on_keeps_from_whom_and_for_whom),
        CASE(second_put_is_refused_and_changes_nothing),
        CASE(repeat_is_recognised_after_the_frame_is_gone),
        CASE(rolled_back_settle_keeps_the_frame),
        CASE(unknown_messages_are_not_found),
        CASE(rejected_message_has_no_frame),
        CASE(values_outside_their_bounds_are_refused),
        CASE(stage_and_last_receipt_are_as_given),
        CASE(frames_are_given_from_memory_or_disk_alike),
        CASE(ids_in_any_order_are_known_or_new),
        CASE(a_rolled_back_change_of_a_row_is_not_remembered),
        CASE(a_changed_frame_is_not_given_out),
        CASE(sequence_is_the_highest_of_its_conversation),
        CASE(people_find_by_either_id),
        CASE(open_messages_are_walked_by_their_number),
    };
    return cmocka_run_group_tests_name("message", tests, NULL, NULL);
}
