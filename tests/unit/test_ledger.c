/* Checks the promises of subject.h, order.h, obligation.h, restriction.h, decision.h and
 * casefile.h, each by its number. */
#include "unit/store_place.h"

static struct order_row order_of(uint32_t id, uint64_t seq, uint32_t version, uint32_t state)
{
    struct order_row row = {.seq = seq,
                            .version = version,
                            .state = state,
                            .severity = 3,
                            .act_date = 20260101,
                            .decision_date = 20260201,
                            .start_date = 20260202,
                            .repair_date = 20260502,
                            .max_date = 20290202,
                            .end_date = 20290201};
    id_of(row.id, id);
    id_of(row.subject, 500);
    id_of(row.act, 600);
    snprintf(row.issuer, sizeof row.issuer, "market.445100");
    snprintf(row.list, sizeof row.list, "serious");
    snprintf(row.trigger, sizeof row.trigger, "fake-drugs");
    snprintf(row.rule, sizeof row.rule, "R01");
    memset(row.document, (int)id, sizeof row.document);
    if (version == 1) /* a text; later versions are changes */
        memset(row.change_document, (int)id, sizeof row.change_document);
    row.sealed = span_str("sealed document");
    return row;
}

static void put_order(struct place *p, const struct order_row *row)
{
    begin(p);
    assert_int_equal(order_put(p->s->orders, row), OK);
    commit(p);
}

static void orders_answer_as_of_any_size(void **state)
{
    static const struct {
        uint64_t as_of;
        enum err err;
        uint32_t state;
    } rows[] = {{0, ERR_NOT_FOUND, 0}, {10, ERR_NOT_FOUND, 0},
                {11, OK, 1},           {20, OK, 1},
                {21, OK, 2},           {30, OK, 2},
                {31, OK, 6},           {STORE_NEVER, OK, 6}};
    struct place *p = *state;
    struct order_row got;
    struct order_row row = order_of(1, 10, 1, 1);
    uint64_t cursor = 0;

    put_order(p, &row);
    row = order_of(1, 20, 1, 2);
    put_order(p, &row);
    row = order_of(1, 30, 2, 6);
    snprintf(row.changed_by, sizeof row.changed_by, "court.445100");
    row.sealed = span_str("sealed change");
    put_order(p, &row);
    place_reopen(p);
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        print_message("row %zu\n", i);
        assert_int_equal(order_get(p->s->orders, ID(1), rows[i].as_of, &got), rows[i].err);
        if (rows[i].err == OK)
            assert_int_equal(got.state, rows[i].state);
    }
    assert_string_equal(got.changed_by, "court.445100");
    assert_true(span_eq(got.sealed, span_str("sealed change")));
    assert_int_equal(got.repair_date, 20260502);
    assert_int_equal(got.end_date, 20290201);
    assert_string_equal(got.trigger, "fake-drugs");
    assert_memory_equal(got.act, row.act, sizeof got.act);
    assert_int_equal(order_text(p->s->orders, ID(1), 2, &got), OK);
    assert_true(span_eq(got.sealed, span_str("sealed document")));
    for (uint64_t seq = 10; seq <= 30; seq += 10) {
        assert_int_equal(order_history(p->s->orders, ID(1), &cursor, &got), OK);
        assert_int_equal(got.seq, seq);
    }
    assert_int_equal(order_history(p->s->orders, ID(1), &cursor, &got), ERR_NOT_FOUND);
}

static void versions_never_go_back(void **state)
{
    struct place *p = *state;
    struct order_row row = order_of(1, 10, 2, 2);
    put_order(p, &row);
    begin(p);
    row = order_of(1, 20, 1, 4);
    assert_int_equal(order_put(p->s->orders, &row), ERR_ORDER_VERSION);
    row = order_of(1, 10, 3, 4);
    assert_int_equal(order_put(p->s->orders, &row), ERR_ORDER_VERSION); /* same moment */
    row = order_of(1, 9, 3, 4);
    assert_int_equal(order_put(p->s->orders, &row), ERR_ORDER_VERSION);
    row = order_of(1, 20, 2, 4); /* expiry by the clock keeps the version */
    assert_int_equal(order_put(p->s->orders, &row), OK);
    row = order_of(2, 21, 1, 9);
    assert_int_equal(order_put(p->s->orders, &row), ERR_FIELD_VALUE);
    commit(p);
}

static void conflict_is_the_same_act_that_is_not_over(void **state)
{
    static const uint32_t over[] = {4, 5, 6};
    struct place *p = *state;
    struct order_row row = order_of(1, 10, 1, 1);
    struct order_row got;

    put_order(p, &row);
    assert_int_equal(
        order_conflict(p->s->orders, row.subject, "serious", row.act, NULL, STORE_NEVER, &got), OK);
    assert_memory_equal(got.id, row.id, STORE_ID_LEN);
    assert_int_equal(
        order_conflict(p->s->orders, row.subject, "serious", row.act, ID(2), STORE_NEVER, &got),
        OK);
    assert_int_equal(
        order_conflict(p->s->orders, row.subject, "serious", row.act, ID(1), STORE_NEVER, &got),
        ERR_NOT_FOUND); /* itself */
    assert_int_equal(
        order_conflict(p->s->orders, row.subject, "light", row.act, NULL, STORE_NEVER, &got),
        ERR_NOT_FOUND);
    assert_int_equal(
        order_conflict(p->s->orders, row.subject, "serious", ID(601), NULL, STORE_NEVER, &got),
        ERR_NOT_FOUND);
    assert_int_equal(
        order_conflict(p->s->orders, ID(501), "serious", row.act, NULL, STORE_NEVER, &got),
        ERR_NOT_FOUND);
    uint64_t seq = 20;
    for (size_t i = 0; i < T_COUNT(over); i++) {
        struct order_row next = order_of(1, seq++, 2, over[i]);
        put_order(p, &next);
        assert_int_equal(
            order_conflict(p->s->orders, row.subject, "serious", row.act, NULL, STORE_NEVER, &got),
            ERR_NOT_FOUND);
        next = order_of(1, seq++, 2, 3); /* suspended: not over */
        put_order(p, &next);
        assert_int_equal(
            order_conflict(p->s->orders, row.subject, "serious", row.act, NULL, STORE_NEVER, &got),
            OK);
    }
}

static void orders_are_walked_as_they_stand(void **state)
{
    struct place *p = *state;
    struct order_row got;
    uint8_t id[STORE_ID_LEN] = {0};
    uint64_t all;
    uint64_t active;

    for (uint32_t n = 1; n <= 4; n++) {
        struct order_row row = order_of(n, 10 * n, 1, 1);
        if (n == 4)
            id_of(row.subject, 501);
        put_order(p, &row);
        row.seq++;
        row.state = n == 3 ? 6 : 2;
        put_order(p, &row);
    }
    for (uint32_t n = 1; n <= 3; n++) {
        assert_int_equal(order_next_of_subject(p->s->orders, ID(500), STORE_NEVER, id, &got), OK);
        assert_memory_equal(got.id, ID(n), STORE_ID_LEN);
        assert_int_equal(got.state, n == 3 ? 6 : 2);
    }
    assert_int_equal(order_next_of_subject(p->s->orders, ID(500), STORE_NEVER, id, &got),
                     ERR_NOT_FOUND);
    memset(id, 0, sizeof id);
    assert_int_equal(order_next_of_subject(p->s->orders, ID(500), 21, id, &got), OK);
    assert_int_equal(got.seq, 11);
    assert_int_equal(order_next_of_subject(p->s->orders, ID(500), 21, id, &got), OK);
    assert_int_equal(got.seq, 20);
    assert_int_equal(order_next_of_subject(p->s->orders, ID(500), 21, id, &got), ERR_NOT_FOUND);
    memset(id, 0, sizeof id);
    for (uint32_t n = 1; n <= 4; n++) {
        assert_int_equal(order_next(p->s->orders, id, &got), OK);
        assert_int_equal(got.seq, 10 * n + 1);
    }
    assert_int_equal(order_next(p->s->orders, id, &got), ERR_NOT_FOUND);
    assert_int_equal(order_counts(p->s->orders, &all, &active), OK);
    assert_int_equal(all, 4);
    assert_int_equal(active, 3);
}

static void subjects_answer_as_of_any_size(void **state)
{
    struct place *p = *state;
    struct subject_row row = {.seq = 5, .kind = 1, .region = "445100", .sealed = span_str("old")};
    struct subject_row got;

    id_of(row.token, 1);
    begin(p);
    assert_int_equal(subject_put(p->s->subjects, &row), OK);
    row.seq = 9;
    row.sealed = span_str("newer");
    assert_int_equal(subject_put(p->s->subjects, &row), OK);
    assert_int_equal(subject_put(p->s->subjects, &row), ERR_EXISTS);
    commit(p);
    place_reopen(p);
    assert_int_equal(subject_get(p->s->subjects, ID(1), 5, &got), ERR_NOT_FOUND);
    assert_int_equal(subject_get(p->s->subjects, ID(1), 9, &got), OK);
    assert_true(span_eq(got.sealed, span_str("old")));
    assert_int_equal(subject_get(p->s->subjects, ID(1), STORE_NEVER, &got), OK);
    assert_true(span_eq(got.sealed, span_str("newer")));
    assert_string_equal(got.region, "445100");
    assert_int_equal(got.kind, 1);
    assert_int_equal(subject_get(p->s->subjects, ID(2), STORE_NEVER, &got), ERR_NOT_FOUND);
}

static void put_relation(struct place *p, uint32_t subject, uint32_t person, uint32_t role,
                         uint32_t from, uint32_t to, uint64_t seq)
{
    struct relation_row row = {
        .role = role, .from_date = from, .to_date = to, .seq = seq, .sealed = span_str("sealed")};
    id_of(row.subject, subject);
    id_of(row.person, person);
    begin(p);
    assert_int_equal(relation_put(p->s->subjects, &row), OK);
    commit(p);
}

static void relations_are_found_from_both_ends_in_their_newest_state(void **state)
{
    struct place *p = *state;
    struct relation_cursor c = {.started = false};
    struct relation_row r;

    put_relation(p, 1, 10, 1, 20200101, 0, 1);
    put_relation(p, 1, 10, 2, 20200101, 0, 2);
    put_relation(p, 1, 11, 1, 20210101, 0, 3);
    put_relation(p, 2, 10, 1, 20220101, 0, 4);
    put_relation(p, 1, 10, 1, 20200101, 20231231, 5); /* ended */
    put_relation(p, 1, 10, 1, 20240101, 0, 6);        /* and begun again */
    place_reopen(p);
    static const uint64_t of_subject[] = {5, 6, 2, 3};
    for (size_t i = 0; i < T_COUNT(of_subject); i++) {
        assert_int_equal(relation_next_of_subject(p->s->subjects, ID(1), STORE_NEVER, &c, &r), OK);
        assert_int_equal(r.seq, of_subject[i]);
        assert_true(span_eq(r.sealed, span_str("sealed")));
    }
    assert_int_equal(relation_next_of_subject(p->s->subjects, ID(1), STORE_NEVER, &c, &r),
                     ERR_NOT_FOUND);
    c = (struct relation_cursor){.started = false};
    static const uint64_t of_person[] = {5, 6, 2, 4};
    for (size_t i = 0; i < T_COUNT(of_person); i++) {
        assert_int_equal(relation_next_of_person(p->s->subjects, ID(10), STORE_NEVER, &c, &r), OK);
        assert_int_equal(r.seq, of_person[i]);
    }
    assert_int_equal(relation_next_of_person(p->s->subjects, ID(10), STORE_NEVER, &c, &r),
                     ERR_NOT_FOUND);
    c = (struct relation_cursor){.started = false};
    assert_int_equal(relation_next_of_person(p->s->subjects, ID(10), 2, &c, &r), OK);
    assert_int_equal(r.seq, 1); /* as it was before it ended */
    assert_int_equal(r.to_date, 0);
    assert_int_equal(relation_next_of_person(p->s->subjects, ID(10), 2, &c, &r), ERR_NOT_FOUND);
}

static struct obligation obligation_of_(uint32_t n, uint32_t order, const char *member)
{
    struct obligation o = {.seq = n,
                           .order_version = 1,
                           .force = 1,
                           .state = OBLIGATION_CREATED,
                           .start_date = 20260101,
                           .next_due_ms = 1000 - n,
                           .created_ms = 5,
                           .changed_ms = 5};
    id_of(o.id, 1000 - n); /* ids and creation order differ */
    id_of(o.order_id, order);
    id_of(o.subject, 500);
    snprintf(o.measure, sizeof o.measure, "M%02u", n % 30 + 1);
    snprintf(o.member, sizeof o.member, "%s", member);
    snprintf(o.rule, sizeof o.rule, "R01");
    snprintf(o.basis, sizeof o.basis, "a b c");
    return o;
}

static void put_obligation(struct place *p, uint32_t n, uint32_t order, const char *member)
{
    struct obligation o = obligation_of_(n, order, member);
    begin(p);
    assert_int_equal(obligation_put(p->s->obligations, &o), OK);
    commit(p);
}

static void obligation_survives_restart_and_is_stored_once(void **state)
{
    struct place *p = *state;
    struct obligation o = obligation_of_(1, 7, "health.445100");
    struct obligation got;

    put_obligation(p, 1, 7, "health.445100");
    place_reopen(p);
    begin(p);
    o.seq = 2;
    assert_int_equal(obligation_put(p->s->obligations, &o), ERR_EXISTS);
    commit(p);
    assert_int_equal(obligation_get(p->s->obligations, o.id, &got), OK);
    assert_int_equal(got.seq, 1);
    assert_string_equal(got.member, "health.445100");
    assert_string_equal(got.measure, o.measure);
    assert_string_equal(got.basis, "a b c");
    assert_int_equal(got.next_due_ms, 999);
    assert_int_equal(got.start_date, 20260101);
    assert_int_equal(got.sealed.len, 0);
    assert_int_equal(obligation_get(p->s->obligations, ID(1), &got), ERR_NOT_FOUND);
}

/* Every pair of states against the picture in the header. */
static void obligations_move_only_along_the_picture(void **state)
{
    static const char *const may[OBLIGATION_STATES] = {
        [OBLIGATION_CREATED] = "26", [OBLIGATION_DELIVERED] = "347", [OBLIGATION_ACCEPTED] = "57",
        [OBLIGATION_DECLINED] = "7", [OBLIGATION_EXECUTED] = "7",    [OBLIGATION_CANCELLED] = "",
        [OBLIGATION_LIFT_DUE] = "8", [OBLIGATION_LIFTED] = "",
    };
    struct place *p = *state;
    struct obligation got;
    uint32_t n = 1;

    for (int from = OBLIGATION_CREATED; from < OBLIGATION_STATES; from++) {
        for (int to = 0; to < OBLIGATION_STATES; to++, n++) {
            struct obligation o = obligation_of_(n, 7, "health.445100");
            o.state = (enum obligation_state)from;
            bool want = strchr(may[from], '0' + to) != NULL;
            begin(p);
            assert_int_equal(obligation_put(p->s->obligations, &o), OK);
            assert_int_equal(obligation_move(p->s->obligations, o.id, (enum obligation_state)to, 9,
                                             span_str("reference"), 77),
                             want ? OK : ERR_OBLIGATION);
            commit(p);
            assert_int_equal(obligation_get(p->s->obligations, o.id, &got), OK);
            assert_int_equal(got.state, want ? to : from);
            assert_int_equal(got.changed_ms, want ? 77 : 5);
            assert_int_equal(got.cause, want ? 9 : 0);
            assert_int_equal(got.sealed.len, want ? 9 : 0);
        }
    }
    begin(p);
    assert_int_equal(
        obligation_move(p->s->obligations, ID(5), OBLIGATION_DELIVERED, 0, span_str(""), 1),
        ERR_NOT_FOUND);
    commit(p);
}

static void moving_without_a_reference_keeps_the_old_one(void **state)
{
    struct place *p = *state;
    struct obligation got;
    static uint8_t big[OBLIGATION_SEALED_MAX + 1];
    const uint8_t *id = ID(999);

    put_obligation(p, 1, 7, "health.445100");
    begin(p);
    struct obligations *o = p->s->obligations;
    assert_int_equal(obligation_move(o, id, OBLIGATION_DELIVERED, 0, span_str(""), 6), OK);
    assert_int_equal(obligation_move(o, id, OBLIGATION_ACCEPTED, 0, span_of(big, sizeof big), 6),
                     ERR_TOO_LARGE);
    assert_int_equal(
        obligation_move(o, id, OBLIGATION_ACCEPTED, 0, span_of(big, sizeof big - 1), 6), OK);
    assert_int_equal(obligation_move(o, id, OBLIGATION_EXECUTED, 0, span_str(""), 7), OK);
    commit(p);
    assert_int_equal(obligation_get(o, id, &got), OK);
    assert_int_equal(got.sealed.len, OBLIGATION_SEALED_MAX);
    begin(p);
    assert_int_equal(obligation_notice(o, id, 44, ID(3)), OK);
    struct obligation due = {.warned = 80, .answer_warned = 50};
    memcpy(due.id, id, sizeof due.id);
    assert_int_equal(obligation_due(o, &due), OK);
    assert_int_equal(obligation_notice(o, ID(5), 44, ID(3)), ERR_NOT_FOUND);
    id_of(due.id, 5);
    assert_int_equal(obligation_due(o, &due), ERR_NOT_FOUND);
    assert_int_equal(obligation_ended(o, &due), ERR_NOT_FOUND);
    commit(p);
    assert_int_equal(obligation_get(o, id, &got), OK);
    assert_int_equal(got.notice_seq, 44);
    assert_memory_equal(got.notice_id, ID(3), STORE_ID_LEN);
    assert_int_equal(got.warned, 80);
}

static void obligations_are_walked_by_order_member_due_and_counted(void **state)
{
    struct place *p = *state;
    struct obligation got;
    uint64_t cursor = 0;
    uint64_t counts[OBLIGATION_STATES];
    uint64_t due;

    assert_int_equal(obligation_first_due(p->s->obligations, &due), OK);
    assert_int_equal(due, STORE_NEVER);
    for (uint32_t n = 1; n <= 12; n++)
        put_obligation(p, n, n % 2 + 1,
                       n % 4 == 0   ? ""
                       : n % 3 == 0 ? "health.445100"
                                    : "police.445100");
    place_reopen(p);
    struct obligations *o = p->s->obligations;
    for (uint64_t n = 1; n <= 12; n++) {
        assert_int_equal(obligation_next(o, &cursor, &got), OK);
        assert_int_equal(got.seq, n);
    }
    assert_int_equal(obligation_next(o, &cursor, &got), ERR_NOT_FOUND);
    cursor = 0;
    for (uint64_t n = 2; n <= 12; n += 2) {
        assert_int_equal(obligation_next_of_order(o, ID(1), &cursor, &got), OK);
        assert_int_equal(got.seq, n);
    }
    assert_int_equal(obligation_next_of_order(o, ID(1), &cursor, &got), ERR_NOT_FOUND);
    cursor = 0;
    for (uint64_t n = 3; n <= 9; n += 3) {
        assert_int_equal(obligation_next_of_member(o, "health.445100", &cursor, &got), OK);
        assert_int_equal(got.seq, n);
    }
    assert_int_equal(obligation_next_of_member(o, "health.445100", &cursor, &got), ERR_NOT_FOUND);
    assert_int_equal(obligation_counts(o, NULL, counts), OK);
    assert_int_equal(counts[OBLIGATION_CREATED], 12);
    assert_int_equal(counts[0], 3);
    assert_int_equal(obligation_counts(o, ID(1), counts), OK);
    assert_int_equal(counts[OBLIGATION_CREATED], 6);
    assert_int_equal(obligation_counts(o, ID(9), counts), OK);
    assert_int_equal(counts[OBLIGATION_CREATED], 0);

    assert_int_equal(obligation_first_due(o, &due), OK);
    assert_int_equal(due, 988);
    for (uint64_t n = 12; n >= 11; n--) { /* due 988 and 989, earliest first */
        assert_int_equal(obligation_next_due(o, 989, &got), OK);
        assert_int_equal(got.seq, n);
        begin(p);
        got.next_due_ms = n == 12 ? 0 : 5000;
        got.warned = 50;
        assert_int_equal(obligation_due(o, &got), OK);
        commit(p);
    }
    assert_int_equal(obligation_next_due(o, 989, &got), ERR_NOT_FOUND);
}

static void expansion_resumes_where_it_stopped(void **state)
{
    struct place *p = *state;
    struct expansion e = {.seq = 10, .time_ms = 77};
    struct expansion got;

    assert_int_equal(expansion_pending(p->s->obligations, 0, &got), ERR_NOT_FOUND);
    begin(p);
    id_of(e.order_id, 2);
    e.seq = 20;
    assert_int_equal(expansion_put(p->s->obligations, &e), OK);
    id_of(e.order_id, 1);
    e.seq = 10;
    assert_int_equal(expansion_put(p->s->obligations, &e), OK);
    commit(p);
    assert_int_equal(expansion_pending(p->s->obligations, 0, &got), OK);
    assert_int_equal(got.seq, 10); /* the oldest */
    begin(p);
    e.duty = 3;
    snprintf(e.last_member, sizeof e.last_member, "health.445100");
    assert_int_equal(expansion_put(p->s->obligations, &e), OK);
    commit(p);
    begin(p); /* a batch that does not reach the disk moves nothing */
    e.duty = 4;
    assert_int_equal(expansion_put(p->s->obligations, &e), OK);
    struct obligation o = obligation_of_(1, 1, "health.445100");
    assert_int_equal(obligation_put(p->s->obligations, &o), OK);
    store_rollback(p->s);
    place_reopen(p);
    assert_int_equal(expansion_get(p->s->obligations, 10, &got), OK);
    assert_int_equal(got.duty, 3);
    assert_int_equal(got.time_ms, 77);
    assert_string_equal(got.last_member, "health.445100");
    assert_int_equal(expansion_get(p->s->obligations, 11, &got), ERR_NOT_FOUND);
    begin(p);
    e.done = true;
    assert_int_equal(expansion_put(p->s->obligations, &e), OK);
    commit(p);
    assert_int_equal(expansion_pending(p->s->obligations, 0, &got), OK);
    assert_int_equal(got.seq, 20);
}

static struct justification justification_of(uint32_t order, const char *measure, uint64_t seq)
{
    struct justification j = {.order_version = 1,
                              .force = 1,
                              .start_date = 20260101,
                              .end_date = 20261231,
                              .begun_seq = seq};
    id_of(j.subject, 500);
    id_of(j.order_id, order);
    snprintf(j.measure, sizeof j.measure, "%s", measure);
    snprintf(j.scope, sizeof j.scope, "445100");
    snprintf(j.rule, sizeof j.rule, "R01");
    snprintf(j.basis, sizeof j.basis, "article 1");
    snprintf(j.list, sizeof j.list, "serious");
    return j;
}

static void add(struct place *p, uint32_t order, const char *measure, uint64_t seq)
{
    struct justification j = justification_of(order, measure, seq);
    begin(p);
    assert_int_equal(restriction_add(p->s->restrictions, &j), OK);
    commit(p);
}

static unsigned count_live(struct place *p, uint32_t date, uint64_t as_of)
{
    struct restriction_cursor c = {.row = 0};
    struct justification j;
    unsigned n = 0;
    while (restriction_next(p->s->restrictions, ID(500), date, as_of, &c, &j) == OK)
        n++;
    return n;
}

/* Two orders justify M03; it ends with the second, never earlier, never later. */
static void a_restriction_lives_exactly_while_a_justification_does(void **state)
{
    struct place *p = *state;
    struct justification j;
    struct restriction_cursor c = {.row = 0};
    bool last;
    bool alive;
    uint64_t restrictions;
    uint64_t justifications;

    add(p, 1, "M03", 10);
    add(p, 1, "M07", 10);
    add(p, 2, "M03", 20);
    place_reopen(p);
    struct restrictions *r = p->s->restrictions;
    assert_int_equal(restriction_counts(r, &restrictions, &justifications), OK);
    assert_int_equal(restrictions, 2);
    assert_int_equal(justifications, 3);
    assert_int_equal(restriction_next(r, ID(500), 0, STORE_NEVER, &c, &j), OK);
    assert_string_equal(j.measure, "M03");
    assert_string_equal(j.basis, "article 1");
    assert_string_equal(j.list, "serious");
    assert_int_equal(j.ended_seq, STORE_NEVER);

    begin(p);
    assert_int_equal(restriction_end_next(r, ID(1), 30, &j, &last), OK);
    assert_string_equal(j.measure, "M03");
    assert_false(last); /* order 2 keeps it */
    assert_int_equal(restriction_end_next(r, ID(1), 30, &j, &last), OK);
    assert_string_equal(j.measure, "M07");
    assert_true(last);
    assert_int_equal(restriction_end_next(r, ID(1), 30, &j, &last), ERR_NOT_FOUND);
    assert_int_equal(restriction_alive(r, ID(500), "M03", "445100", &alive), OK);
    assert_true(alive);
    assert_int_equal(restriction_alive(r, ID(500), "M03", "445102", &alive), OK);
    assert_false(alive);
    commit(p);
    begin(p);
    assert_int_equal(restriction_end_next(r, ID(2), 40, &j, &last), OK);
    assert_true(last);
    commit(p);
    place_reopen(p);
    assert_int_equal(restriction_counts(p->s->restrictions, &restrictions, &justifications), OK);
    assert_int_equal(restrictions, 0);
    assert_int_equal(justifications, 0);

    static const struct {
        uint64_t as_of;
        unsigned live;
    } rows[] = {{10, 0}, {11, 2}, {20, 2}, {21, 3}, {30, 3}, {31, 1}, {40, 1}, {41, 0}};
    for (size_t i = 0; i < T_COUNT(rows); i++)
        assert_int_equal(count_live(p, 0, rows[i].as_of), rows[i].live);
}

static void restrictions_are_asked_at_a_date(void **state)
{
    struct place *p = *state;
    struct justification j = justification_of(1, "M03", 10);
    add(p, 1, "M03", 10);
    j.end_date = 0; /* for life */
    id_of(j.order_id, 2);
    begin(p);
    assert_int_equal(restriction_add(p->s->restrictions, &j), OK);
    commit(p);
    static const struct {
        uint32_t date;
        unsigned live;
    } rows[] = {{20251231, 0}, {20260101, 2}, {20261231, 2}, {20270101, 1}, {20991231, 1}, {0, 2}};
    for (size_t i = 0; i < T_COUNT(rows); i++)
        assert_int_equal(count_live(p, rows[i].date, STORE_NEVER), rows[i].live);
}

static void a_justification_lives_once_and_may_come_again(void **state)
{
    struct place *p = *state;
    struct justification j = justification_of(1, "M03", 10);
    struct restrictions *r = p->s->restrictions;
    bool last;
    uint64_t cursor = 0;

    begin(p);
    assert_int_equal(restriction_add(r, &j), OK);
    assert_int_equal(restriction_add(r, &j), ERR_EXISTS);
    snprintf(j.rule, sizeof j.rule, "R02");
    assert_int_equal(restriction_add(r, &j), OK); /* another rule of the order */
    assert_int_equal(restriction_end_next(r, ID(1), 20, &j, &last), OK);
    assert_false(last);
    assert_int_equal(restriction_end_next(r, ID(1), 20, &j, &last), OK);
    assert_true(last);
    j = justification_of(1, "M03", 30); /* restored */
    assert_int_equal(restriction_add(r, &j), OK);
    commit(p);
    assert_int_equal(restriction_next_of_order(r, ID(1), &cursor, &j), OK);
    assert_int_equal(j.begun_seq, 30);
    assert_int_equal(restriction_next_of_order(r, ID(1), &cursor, &j), ERR_NOT_FOUND);
    begin(p);
    assert_int_equal(restriction_end_next(r, ID(1), 29, &j, &last),
                     ERR_FIELD_VALUE); /* before it began */
    store_rollback(p->s);
}

static void the_restriction_version_grows_and_survives(void **state)
{
    struct place *p = *state;
    struct justification j = justification_of(1, "M03", 10);
    bool last;

    assert_int_equal(restriction_version(p->s->restrictions), 0);
    add(p, 1, "M03", 10);
    assert_int_equal(restriction_version(p->s->restrictions), 1);
    begin(p);
    assert_int_equal(restriction_end_next(p->s->restrictions, ID(1), 20, &j, &last), OK);
    assert_int_equal(restriction_version(p->s->restrictions), 2); /* seen inside */
    store_rollback(p->s);
    assert_int_equal(restriction_version(p->s->restrictions), 1);
    begin(p);
    assert_int_equal(restriction_end_next(p->s->restrictions, ID(1), 20, &j, &last), OK);
    commit(p);
    place_reopen(p);
    assert_int_equal(restriction_version(p->s->restrictions), 2);
}

static void decisions_are_found_by_leaf_document_and_message(void **state)
{
    struct place *p = *state;
    struct decision_row row = {
        .type = 3, .time_ms = 5, .record = span_str("record"), .facts = span_str("facts")};
    struct decision_row got;
    uint64_t cursor = 0;

    begin(p);
    for (uint64_t n = 1; n <= 3; n++) {
        row.seq = 10 * n;
        row.message_seq = n == 3 ? STORE_NEVER : 10 * n + 1;
        row.code = n == 2 ? ERR_RESTRICTED : OK;
        memset(row.document, n == 3 ? 1 : (int)n, sizeof row.document);
        assert_int_equal(decision_put(p->s->decisions, &row), OK);
        assert_int_equal(decision_put(p->s->decisions, &row), ERR_EXISTS);
    }
    commit(p);
    place_reopen(p);
    struct decisions *d = p->s->decisions;
    assert_int_equal(decision_get(d, 20, &got), OK);
    assert_int_equal(got.code, ERR_RESTRICTED);
    assert_true(span_eq(got.record, span_str("record")));
    assert_int_equal(decision_get(d, 21, &got), ERR_NOT_FOUND);
    assert_int_equal(decision_of_message(d, 21, &got), OK);
    assert_int_equal(got.seq, 20);
    assert_int_equal(decision_of_message(d, 20, &got), ERR_NOT_FOUND);
    memset(row.document, 1, sizeof row.document);
    assert_int_equal(decision_of_document(d, row.document, &got), OK);
    assert_int_equal(got.seq, 30); /* the latest */
    assert_int_equal(got.message_seq, STORE_NEVER);
    memset(row.document, 9, sizeof row.document);
    assert_int_equal(decision_of_document(d, row.document, &got), ERR_NOT_FOUND);
    for (uint64_t n = 1; n <= 3; n++) {
        assert_int_equal(decision_next(d, &cursor, &got), OK);
        assert_int_equal(got.seq, 10 * n);
        assert_true(span_eq(got.record, span_str("record")));
        assert_true(span_eq(got.facts, span_str("facts")));
    }
    assert_int_equal(decision_next(d, &cursor, &got), ERR_NOT_FOUND);
}

static void cases_keep_every_step(void **state)
{
    struct place *p = *state;
    struct casefile row = {.state = "referred", .owner = "police.445100", .opened_ms = 1};
    struct casefile_step step = {.seq = 5, .transition = "T07", .by = "market.445100"};
    struct casefile got;
    struct casefile_step seen;
    uint64_t cursor = 0;
    bool is_seen;

    id_of(row.id, 1);
    id_of(step.id, 1);
    begin(p);
    assert_int_equal(casefile_put(p->s->casefiles, &row, &step), OK);
    assert_int_equal(casefile_put(p->s->casefiles, &row, &step), ERR_EXISTS); /* same leaf */
    step.seq = 6;
    snprintf(step.transition, sizeof step.transition, "T08");
    snprintf(row.state, sizeof row.state, "accepted");
    assert_int_equal(casefile_put(p->s->casefiles, &row, &step), OK);
    row.closed = true;
    assert_int_equal(casefile_put(p->s->casefiles, &row, NULL), OK);
    id_of(step.id, 2);
    assert_int_equal(casefile_put(p->s->casefiles, &row, &step), ERR_FIELD_VALUE);
    commit(p);
    place_reopen(p);
    struct casefiles *c = p->s->casefiles;
    assert_int_equal(casefile_get(c, ID(1), &got), OK);
    assert_string_equal(got.state, "accepted");
    assert_string_equal(got.owner, "police.445100");
    assert_true(got.closed);
    assert_int_equal(casefile_get(c, ID(2), &got), ERR_NOT_FOUND);
    assert_int_equal(casefile_step_next(c, ID(1), &cursor, &seen), OK);
    assert_string_equal(seen.transition, "T07");
    assert_int_equal(casefile_step_next(c, ID(1), &cursor, &seen), OK);
    assert_string_equal(seen.transition, "T08");
    assert_int_equal(casefile_step_next(c, ID(1), &cursor, &seen), ERR_NOT_FOUND);
    assert_int_equal(casefile_step_seen(c, ID(1), "T07", &is_seen), OK);
    assert_true(is_seen);
    assert_int_equal(casefile_step_seen(c, ID(1), "T09", &is_seen), OK);
    assert_false(is_seen);
    uint8_t id[STORE_ID_LEN] = {0};
    assert_int_equal(casefile_next(c, id, &got), OK);
    assert_int_equal(casefile_next(c, id, &got), ERR_NOT_FOUND);
}

static void one_clock_of_a_code_runs_at_a_time(void **state)
{
    struct place *p = *state;
    struct casefile row = {.state = "referred"};
    struct casefile_clock clock = {.code = "T08", .started_ms = 10, .due_ms = 100, .next_ms = 50};
    struct casefile_clock got;
    struct casefiles *c = p->s->casefiles;
    uint64_t due;

    id_of(row.id, 1);
    id_of(clock.id, 1);
    begin(p);
    assert_int_equal(casefile_clock_start(c, &clock), ERR_NOT_FOUND); /* no such case */
    assert_int_equal(casefile_put(c, &row, NULL), OK);
    assert_int_equal(casefile_clock_start(c, &clock), OK);
    clock.started_ms = 11;
    assert_int_equal(casefile_clock_start(c, &clock), ERR_EXISTS);
    assert_int_equal(casefile_clock_next_due(c, 49, &got), ERR_NOT_FOUND);
    assert_int_equal(casefile_clock_next_due(c, 50, &got), OK);
    assert_int_equal(casefile_clock_warned(c, ID(1), "T08", 50, 80), OK);
    assert_int_equal(casefile_clock_next_due(c, 79, &got), ERR_NOT_FOUND);
    assert_int_equal(casefile_clock_first_due(c, &due), OK);
    assert_int_equal(due, 80);
    assert_int_equal(casefile_clock_stop(c, ID(1), "T08", 0), ERR_FIELD_VALUE);
    assert_int_equal(casefile_clock_stop(c, ID(1), "T08", 60), OK);
    assert_int_equal(casefile_clock_stop(c, ID(1), "T08", 61), ERR_NOT_FOUND);
    assert_int_equal(casefile_clock_warned(c, ID(1), "T08", 80, 90), ERR_NOT_FOUND);
    assert_int_equal(casefile_clock_next_due(c, 1000, &got), ERR_NOT_FOUND);
    assert_int_equal(casefile_clock_first_due(c, &due), OK);
    assert_int_equal(due, STORE_NEVER);
    clock.started_ms = 70;
    assert_int_equal(casefile_clock_start(c, &clock), OK); /* supplemented: it starts anew */
    commit(p);
    place_reopen(p);
    assert_int_equal(casefile_clock_get(p->s->casefiles, ID(1), "T08", &got), OK);
    assert_int_equal(got.started_ms, 70);
    assert_int_equal(got.stopped_ms, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(orders_answer_as_of_any_size),
        CASE(versions_never_go_back),
        CASE(conflict_is_the_same_act_that_is_not_over),
        CASE(orders_are_walked_as_they_stand),
        CASE(subjects_answer_as_of_any_size),
        CASE(relations_are_found_from_both_ends_in_their_newest_state),
        CASE(obligation_survives_restart_and_is_stored_once),
        CASE(obligations_move_only_along_the_picture),
        CASE(moving_without_a_reference_keeps_the_old_one),
        CASE(obligations_are_walked_by_order_member_due_and_counted),
        CASE(expansion_resumes_where_it_stopped),
        CASE(a_restriction_lives_exactly_while_a_justification_does),
        CASE(restrictions_are_asked_at_a_date),
        CASE(a_justification_lives_once_and_may_come_again),
        CASE(the_restriction_version_grows_and_survives),
        CASE(decisions_are_found_by_leaf_document_and_message),
        CASE(cases_keep_every_step),
        CASE(one_clock_of_a_code_runs_at_a_time),
    };
    return cmocka_run_group_tests_name("ledger", tests, NULL, NULL);
}
