/* Checks the promises of store/message.h, each by its number. */
#include "unit/store_place.h"

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
    assert_int_equal(message_frame(p->s->messages, 5, &frame), OK);
    assert_true(span_eq(frame, span_str("frame")));
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
    assert_int_equal(message_settle(p->s->messages, row.sender, row.id, 5, &open), OK);
    assert_int_equal(open, 1);
    assert_int_equal(message_frame(p->s->messages, 5, &frame), OK); /* one still needs it */
    assert_int_equal(message_settle(p->s->messages, row.sender, row.id, 8, &open), OK);
    assert_int_equal(open, 0);
    assert_int_equal(message_frame(p->s->messages, 5, &frame), ERR_NOT_FOUND);
    assert_int_equal(message_settle(p->s->messages, row.sender, row.id, 8, &open), ERR_FIELD_VALUE);
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
    assert_int_equal(message_settle(p->s->messages, row.sender, row.id, 5, NULL), OK);
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
    assert_int_equal(message_settle(p->s->messages, "market.445100", ID(1), 5, NULL),
                     ERR_NOT_FOUND);
    assert_int_equal(message_stage(p->s->messages, "market.445100", ID(1), 5), ERR_NOT_FOUND);
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

static void stage_never_goes_back_by_itself(void **state)
{
    struct place *p = *state;
    struct message_row row = message(5, 1);
    struct message_row got;
    begin(p);
    assert_int_equal(message_put(p->s->messages, &row, span_str("x")), OK);
    assert_int_equal(message_stage(p->s->messages, row.sender, row.id, 7), OK);
    assert_int_equal(message_stage(p->s->messages, row.sender, row.id, 5), OK);
    assert_int_equal(message_get(p->s->messages, row.sender, row.id, &got), OK);
    assert_int_equal(got.stage, 7);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(put_survives_restart),
        CASE(second_put_is_refused_and_changes_nothing),
        CASE(repeat_is_recognised_after_the_frame_is_gone),
        CASE(rolled_back_settle_keeps_the_frame),
        CASE(unknown_messages_are_not_found),
        CASE(rejected_message_has_no_frame),
        CASE(values_outside_their_bounds_are_refused),
        CASE(stage_never_goes_back_by_itself),
        CASE(sequence_is_the_highest_of_its_conversation),
        CASE(people_find_by_either_id),
    };
    return cmocka_run_group_tests_name("message", tests, NULL, NULL);
}
