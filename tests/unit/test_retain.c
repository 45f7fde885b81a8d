/* Checks the promises of store/retain.h, each class by itself, and that the file gets smaller. Leaf
 * n of the log is written at moment 1000 n, so moments and log indexes say the same. */
#include "keys/receipt.h"
#include "unit/store_place.h"

#define HEALTH "health.445100"
#define MARKET "market.445100"

enum { MOMENT = 1000, LEAVES = 40 };

static const struct span SEALED = {(const uint8_t *)"a sealed value", 14};

/* Leaves 0 … LEAVES - 1. */
static void write_log(struct place *p)
{
    for (uint64_t n = 0; n < LEAVES; n++) {
        uint64_t index;
        begin(p);
        assert_int_equal(log_append(p->s->log, LOG_RECEIPT, n * MOMENT, span_str("leaf"),
                                    (struct span){NULL, 0}, &index),
                         OK);
        commit(p);
    }
}

/* One round with everything of a class that ended before leaf `before`; rows erased. */
static uint64_t round_of(struct place *p, enum retain_class class, uint64_t before)
{
    uint64_t moments[RETAIN_CLASSES] = {0};
    struct retain_report report;
    uint64_t erased = 0;
    unsigned steps = 0;
    moments[class] = before * MOMENT;
    do {
        begin(p);
        assert_int_equal(store_retain_step(p->s, moments, &report), OK);
        commit(p);
        erased += report.erased;
        assert_true(++steps < 1000);
    } while (report.more);
    return erased;
}

static void put_message(struct place *p, uint32_t n, uint64_t seq, uint32_t open)
{
    struct message_row m = {.seq = seq,
                            .type = 7,
                            .open = open,
                            .accepted_ms = seq * MOMENT,
                            .expires_ms = seq * MOMENT};
    snprintf(m.sender, sizeof m.sender, MARKET);
    id_of(m.id, n);
    begin(p);
    assert_int_equal(message_put(p->s->messages, &m, open > 0 ? SEALED : (struct span){NULL, 0}),
                     OK);
    commit(p);
}

static void frames_of_parked_envelopes_go_and_their_rows_stay(void **state)
{
    struct place *p = *state;
    struct span frame;
    struct message_row message;
    struct queue_row row;
    for (uint32_t n = 1; n <= 3; n++) {
        put_message(p, n, n, 1);
        row = (struct queue_row){.seq = n, .expires_ms = n * MOMENT};
        snprintf(row.recipient, sizeof row.recipient, HEALTH);
        snprintf(row.sender, sizeof row.sender, MARKET);
        begin(p);
        assert_int_equal(queue_put(p->s->queue, &row), OK);
        if (n != 2)
            assert_int_equal(queue_park(p->s->queue, HEALTH, n, ERR_ATTEMPTS, 1), OK);
        commit(p);
    }
    assert_int_equal(round_of(p, RETAIN_PARKED, 3), 1); /* 2 is not parked, 3 not old enough */
    assert_int_equal(round_of(p, RETAIN_PARKED, 3), 0);
    for (int restart = 0; restart < 2; restart++) {
        assert_int_equal(message_frame(p->s->messages, 1, &frame), ERR_ERASED);
        assert_int_equal(message_frame(p->s->messages, 2, &frame), OK);
        assert_int_equal(message_frame(p->s->messages, 3, &frame), OK);
        assert_int_equal(message_get(p->s->messages, MARKET, ID(1), &message), OK);
        assert_int_equal(queue_get(p->s->queue, HEALTH, 1, &row), OK);
        place_reopen(p);
    }
    begin(p); /* and it may still be settled */
    assert_int_equal(message_settle(p->s->messages, MARKET, ID(1), 12, 5, NULL), OK);
    commit(p);
    assert_int_equal(message_frame(p->s->messages, 1, &frame), ERR_NOT_FOUND);
}

static void put_decision(struct place *p, uint64_t seq, uint8_t document)
{
    struct decision_row row = {.seq = seq, .message_seq = STORE_NEVER, .time_ms = seq * MOMENT};
    memset(row.document, document, sizeof row.document);
    row.record = SEALED;
    begin(p);
    assert_int_equal(decision_put(p->s->decisions, &row), OK);
    commit(p);
}

static void put_order(struct place *p, uint32_t id, uint64_t seq, uint32_t order_state)
{
    struct order_row row = {.seq = seq, .version = 1, .state = order_state, .sealed = SEALED};
    id_of(row.id, id);
    id_of(row.subject, 500);
    id_of(row.act, 600 + id);
    snprintf(row.issuer, sizeof row.issuer, MARKET);
    memset(row.document, (int)id, sizeof row.document);
    if (order_state > 3)
        memset(row.change_document, (int)id + 100, sizeof row.change_document);
    else
        memset(row.change_document, (int)id, sizeof row.change_document);
    begin(p);
    assert_int_equal(order_put(p->s->orders, &row), OK);
    commit(p);
}

static void decision_records_go_by_age_but_not_those_of_orders(void **state)
{
    struct place *p = *state;
    struct decision_row row;
    uint64_t cursor = 0;
    write_log(p);
    put_order(p, 1, 2, 2);
    put_order(p, 2, 3, 4);
    put_decision(p, 2, 1);   /* the order's */
    put_decision(p, 3, 102); /* the change's */
    put_decision(p, 4, 9);
    put_decision(p, 5, 9);
    put_decision(p, 20, 9);
    assert_int_equal(round_of(p, RETAIN_DECISION, 20), 2);
    assert_int_equal(decision_get(p->s->decisions, 2, &row), OK);
    assert_int_equal(decision_get(p->s->decisions, 3, &row), OK);
    assert_int_equal(decision_get(p->s->decisions, 4, &row), ERR_ERASED);
    assert_int_equal(row.record.len, 0);
    assert_int_equal(row.time_ms, 4 * MOMENT); /* what is no content stays */
    assert_int_equal(decision_get(p->s->decisions, 20, &row), OK);
    static const uint64_t all[] = {2, 3, 4, 5, 20};
    for (size_t i = 0; i < T_COUNT(all); i++) {
        assert_int_equal(decision_next(p->s->decisions, &cursor, &row), OK);
        assert_int_equal(row.seq, all[i]);
        assert_true((row.record.len > 0) == (all[i] != 4 && all[i] != 5));
    }
    assert_int_equal(decision_next(p->s->decisions, &cursor, &row), ERR_NOT_FOUND);
}

static void put_subject(struct place *p, uint32_t token, uint64_t seq)
{
    struct subject_row row = {.seq = seq, .sealed = SEALED};
    struct relation_row relation = {.seq = seq, .role = 1, .from_date = 20260101, .sealed = SEALED};
    id_of(row.token, token);
    id_of(relation.subject, token);
    id_of(relation.person, 900);
    begin(p);
    assert_int_equal(subject_put(p->s->subjects, &row), OK);
    assert_int_equal(relation_put(p->s->subjects, &relation), OK);
    commit(p);
}

static void only_what_was_replaced_long_ago_goes(void **state)
{
    struct place *p = *state;
    struct subject_row row;
    struct relation_row relation;
    struct relation_cursor cursor = {.started = false};
    static const struct {
        uint64_t as_of;
        bool erased;
    } rows[] = {{2, true}, {6, true}, {11, false}, {31, false}};
    write_log(p);
    put_subject(p, 1, 1);
    put_subject(p, 1, 5);
    put_subject(p, 1, 10);
    put_subject(p, 1, 30);
    put_subject(p, 2, 1);                                 /* never replaced */
    assert_int_equal(round_of(p, RETAIN_SUBJECT, 20), 4); /* two, and two relations */
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        print_message("row %zu\n", i);
        assert_int_equal(subject_get(p->s->subjects, ID(1), rows[i].as_of, &row), OK);
        assert_int_equal(store_is_erased(row.sealed), rows[i].erased);
    }
    assert_int_equal(subject_get(p->s->subjects, ID(2), STORE_NEVER, &row), OK);
    assert_true(span_eq(row.sealed, SEALED));
    assert_int_equal(relation_next_of_subject(p->s->subjects, ID(1), 2, &cursor, &relation), OK);
    assert_true(store_is_erased(relation.sealed));
    assert_int_equal(relation.role, 1);
}

static void put_obligation(struct place *p, uint32_t id, uint32_t order, uint64_t seq)
{
    struct obligation row = {.seq = seq, .order_version = 1, .state = OBLIGATION_CREATED};
    id_of(row.id, id);
    id_of(row.order_id, order);
    id_of(row.subject, 500);
    snprintf(row.measure, sizeof row.measure, "M01");
    snprintf(row.member, sizeof row.member, HEALTH);
    row.sealed = SEALED;
    begin(p);
    assert_int_equal(obligation_put(p->s->obligations, &row), OK);
    commit(p);
}

static void move(struct place *p, uint32_t id, enum obligation_state to, uint64_t at)
{
    begin(p);
    assert_int_equal(
        obligation_move(p->s->obligations, ID(id), to, 0, (struct span){NULL, 0}, at * MOMENT), OK);
    commit(p);
}

static void an_order_goes_when_it_is_over_and_every_lift_answered(void **state)
{
    struct place *p = *state;
    struct order_row row;
    struct decision_row record;
    write_log(p);
    for (uint32_t id = 1; id <= 4; id++)
        put_order(p, id, id, 2);
    for (uint32_t id = 2; id <= 4; id++)
        put_order(p, id, id == 4 ? 30 : 10 + id, 5);
    put_decision(p, 2, 2);
    put_obligation(p, 70, 3, 15);
    move(p, 70, OBLIGATION_DELIVERED, 16);
    /* 1 stands, 3 owes a lift, 4 ended too late. */
    assert_int_equal(round_of(p, RETAIN_ORDER, 20), 3);
    for (uint32_t id = 1; id <= 4; id++) {
        print_message("order %u\n", id);
        assert_int_equal(order_text(p->s->orders, ID(id), UINT32_MAX, STORE_NEVER, &row), OK);
        assert_int_equal(store_is_erased(row.sealed), id == 2);
        assert_int_equal(row.document[0], id);
    }
    assert_int_equal(decision_get(p->s->decisions, 2, &record), ERR_ERASED);
    move(p, 70, OBLIGATION_LIFT_DUE, 17);
    assert_int_equal(round_of(p, RETAIN_ORDER, 20), 0);
    move(p, 70, OBLIGATION_LIFTED, 18);
    assert_int_equal(round_of(p, RETAIN_ORDER, 20), 2);
}

/* Who is named: token 900 + id, handle id. */
static void put_name(struct place *p, uint32_t id, uint64_t seq)
{
    static const uint8_t text[HANDLE_SEALED_MAX / 4] = {7};
    struct handle_row row = {.seq = seq, .sealed = span_of(text, sizeof text)};
    id_of(row.token, 900 + id);
    id_of(row.handle, id);
    begin(p);
    assert_int_equal(handle_put(p->s->handles, &row), OK);
    commit(p);
}

static bool name_is_erased(struct place *p, uint32_t id)
{
    uint8_t handle[STORE_TOKEN_LEN];
    bool erased;
    assert_int_equal(handle_find(p->s->handles, ID(900 + id), STORE_NEVER, handle, &erased), OK);
    assert_memory_equal(handle, ID(id), sizeof handle); /* the row stays */
    return erased;
}

static void put_order_about(struct place *p, uint32_t id, uint64_t seq, uint32_t order_state,
                            uint32_t subject)
{
    struct order_row row = {.seq = seq, .version = 1, .state = order_state, .sealed = SEALED};
    id_of(row.id, id);
    id_of(row.subject, subject);
    snprintf(row.issuer, sizeof row.issuer, MARKET);
    begin(p);
    assert_int_equal(order_put(p->s->orders, &row), OK);
    commit(p);
}

/* 500: of order 1, which goes; 501: of order 2, which stands, and of order 3, which goes; 502: a
 * person whom order 1 puts an obligation on; 503: of order 4, and registered; 504: of order 5, and
 * a person of a firm; 505: of nothing here; 506: of order 6, named too late. */
static void a_sealed_identifier_goes_with_the_last_order_about_it(void **state)
{
    static const struct {
        uint32_t id, subject;
        bool over;
    } orders[] = {{1, 500, true}, {2, 501, false}, {3, 501, true},
                  {4, 503, true}, {5, 504, true},  {6, 506, true}};
    struct place *p = *state;
    write_log(p);
    for (uint32_t id = 500; id <= 506; id++)
        put_name(p, id, id == 506 ? 30 : 1);
    for (size_t i = 0; i < T_COUNT(orders); i++) {
        put_order_about(p, orders[i].id, orders[i].id, 2, orders[i].subject);
        if (orders[i].over)
            put_order_about(p, orders[i].id, 10 + orders[i].id, 5, orders[i].subject);
    }
    struct obligation owed = {.seq = 17, .order_version = 1, .state = OBLIGATION_CREATED};
    id_of(owed.id, 70);
    id_of(owed.order_id, 1);
    id_of(owed.subject, 502);
    snprintf(owed.measure, sizeof owed.measure, "M01");
    owed.sealed = SEALED;
    begin(p);
    assert_int_equal(obligation_put(p->s->obligations, &owed), OK);
    commit(p);
    put_subject(p, 503, 2);
    struct relation_row firm = {.seq = 3, .role = 1, .sealed = SEALED};
    id_of(firm.subject, 503);
    id_of(firm.person, 504);
    begin(p);
    assert_int_equal(relation_put(p->s->subjects, &firm), OK);
    commit(p);

    (void)round_of(p, RETAIN_ORDER, 20);
    for (uint32_t id = 500; id <= 506; id++)
        assert_false(name_is_erased(p, id) && id != 500); /* order 1 owes a lift: not yet */
    move(p, 70, OBLIGATION_DELIVERED, 17);
    move(p, 70, OBLIGATION_LIFT_DUE, 17);
    move(p, 70, OBLIGATION_LIFTED, 18);
    (void)round_of(p, RETAIN_ORDER, 20);
    for (uint32_t id = 500; id <= 506; id++) {
        print_message("name %u\n", id);
        assert_int_equal(name_is_erased(p, id), id == 500 || id == 502);
    }
    /* the order that stood has gone, too */
    put_order_about(p, 2, 18, 5, 501);
    (void)round_of(p, RETAIN_ORDER, 20);
    assert_true(name_is_erased(p, 501));
    /* who is named again has its identifier again */
    begin(p);
    static const uint8_t text[HANDLE_SEALED_MAX / 4] = {9};
    assert_int_equal(handle_reseal(p->s->handles, ID(500), span_of(text, sizeof text)), OK);
    commit(p);
    assert_false(name_is_erased(p, 500));
}

static void put_order_by(struct place *p, uint32_t id, uint64_t seq, uint32_t order_state,
                         uint32_t act)
{
    struct order_row row = {.seq = seq, .version = 1, .state = order_state, .sealed = SEALED};
    id_of(row.id, id);
    id_of(row.act, act);
    snprintf(row.issuer, sizeof row.issuer, MARKET);
    begin(p);
    assert_int_equal(order_put(p->s->orders, &row), OK);
    commit(p);
}

/* 600: the decision of order 1, which goes; 601: of order 2, which stands, and of order 3 about
 * another party, which goes; 602: of order 4, numbered too late; 603: of no order. */
static void the_number_of_a_decision_goes_with_the_last_order_by_it(void **state)
{
    static const struct {
        uint32_t id, act;
        bool over;
    } orders[] = {{1, 600, true}, {2, 601, false}, {3, 601, true}, {4, 602, true}};
    struct place *p = *state;
    write_log(p);
    for (uint32_t id = 600; id <= 603; id++)
        put_name(p, id, id == 602 ? 30 : 1);
    for (size_t i = 0; i < T_COUNT(orders); i++) {
        put_order_by(p, orders[i].id, orders[i].id, 2, orders[i].act);
        if (orders[i].over)
            put_order_by(p, orders[i].id, 10 + orders[i].id, 5, orders[i].act);
    }
    (void)round_of(p, RETAIN_ORDER, 20);
    for (uint32_t id = 600; id <= 603; id++) {
        print_message("decision %u\n", id);
        assert_int_equal(name_is_erased(p, id), id == 600);
    }
    /* the order that stood has gone, too */
    put_order_by(p, 2, 18, 5, 601);
    (void)round_of(p, RETAIN_ORDER, 20);
    assert_true(name_is_erased(p, 601));
    assert_int_equal(round_of(p, RETAIN_ORDER, 20), 0);
}

/* The same texts once more, for other hubs: of an order (id) or, of none, by its hash alone. */
static void put_text(struct place *p, uint64_t seq, uint32_t order, uint32_t version, uint8_t hash)
{
    struct roll_row row = {.seq = seq,
                           .type = 7,
                           .version = version,
                           .accepted_ms = seq * MOMENT,
                           .stands = ROLL_STANDS};
    snprintf(row.issuer, sizeof row.issuer, MARKET);
    memset(row.hash, hash, sizeof row.hash);
    if (order != 0)
        id_of(row.about, order);
    begin(p);
    assert_int_equal(roll_put(p->s->roll, &row, SEALED), OK);
    commit(p);
}

static bool text_erased(struct place *p, uint64_t seq)
{
    struct span sealed;
    assert_int_equal(roll_text(p->s->roll, seq, &sealed), OK);
    return store_is_erased(sealed);
}

static void the_texts_of_an_order_for_other_hubs_go_with_the_order(void **state)
{
    struct place *p = *state;
    const struct roll_digest *digest;
    uint8_t root[STORE_HASH_LEN];
    write_log(p);
    for (uint32_t id = 1; id <= 3; id++)
        put_order(p, id, id, 2);
    put_order(p, 2, 12, 5);
    put_order(p, 3, 13, 5);
    put_obligation(p, 70, 3, 15);
    move(p, 70, OBLIGATION_DELIVERED, 16);
    put_text(p, 1, 1, 1, 1);    /* stands */
    put_text(p, 2, 2, 1, 2);    /* over */
    put_text(p, 12, 2, 2, 102); /* its end */
    put_text(p, 3, 3, 1, 3);    /* over, and owes a lift */
    put_text(p, 4, 9, 1, 90);   /* never stood here */
    put_text(p, 30, 9, 2, 91);  /* lately */
    put_text(p, 5, 0, 0, 80);   /* nobody's order */
    assert_int_equal(roll_digest(p->s->roll, &digest), OK);
    memcpy(root, digest->root, sizeof root);
    (void)round_of(p, RETAIN_ORDER, 20);
    for (int restart = 0; restart < 2; restart++) {
        static const uint64_t gone[] = {2, 12, 4};
        static const uint64_t kept[] = {1, 3, 30, 5};
        for (size_t i = 0; i < T_COUNT(gone); i++)
            assert_true(text_erased(p, gone[i]));
        for (size_t i = 0; i < T_COUNT(kept); i++)
            assert_false(text_erased(p, kept[i]));
        /* That there was a text stays, so that lists of hubs stay equal. */
        assert_int_equal(roll_digest(p->s->roll, &digest), OK);
        assert_memory_equal(root, digest->root, sizeof root);
        place_reopen(p);
    }
    move(p, 70, OBLIGATION_LIFT_DUE, 17);
    move(p, 70, OBLIGATION_LIFTED, 18);
    (void)round_of(p, RETAIN_ORDER, 20);
    assert_true(text_erased(p, 3));
    assert_int_equal(round_of(p, RETAIN_ORDER, 20), 0);
}

static void references_go_with_the_last_step(void **state)
{
    struct place *p = *state;
    struct obligation row;
    for (uint32_t id = 1; id <= 3; id++)
        put_obligation(p, id, 5, id);
    move(p, 1, OBLIGATION_CANCELLED, 4);
    move(p, 2, OBLIGATION_CANCELLED, 30);
    assert_int_equal(round_of(p, RETAIN_OBLIGATION, 20), 1);
    for (uint32_t id = 1; id <= 3; id++) {
        assert_int_equal(obligation_get(p->s->obligations, ID(id), &row), OK);
        assert_int_equal(store_is_erased(row.sealed), id == 1);
    }
}

static void steps_of_closed_cases_go_and_the_case_stays(void **state)
{
    struct place *p = *state;
    struct casefile_step step;
    struct casefile row;
    for (uint32_t id = 1; id <= 3; id++) {
        row = (struct casefile){.opened_ms = MOMENT, .changed_ms = id * MOMENT, .closed = id != 2};
        id_of(row.id, id);
        snprintf(row.state, sizeof row.state, "CLOSED");
        step = (struct casefile_step){.number = 1, .seq = id, .time_ms = MOMENT};
        id_of(step.id, id);
        snprintf(step.transition, sizeof step.transition, "T07");
        begin(p);
        assert_int_equal(casefile_put(p->s->casefiles, &row, &step), OK);
        commit(p);
    }
    static const enum err want[] = {ERR_ERASED, OK, OK};
    assert_int_equal(round_of(p, RETAIN_CASE, 3), 1);
    for (uint32_t id = 1; id <= 3; id++) {
        uint64_t cursor = 0;
        assert_int_equal(casefile_step_next(p->s->casefiles, ID(id), &cursor, &step), want[id - 1]);
        assert_int_equal(casefile_get(p->s->casefiles, ID(id), &row), OK);
    }
}

static void put_reporter(struct place *p, uint32_t id, uint64_t seq, bool asked, uint64_t told_seq)
{
    struct reporter row = {.seq = seq};
    struct reporter_ask ask = {.told_seq = told_seq};
    id_of(row.pseudonym, id);
    snprintf(row.holder, sizeof row.holder, HEALTH);
    id_of(ask.pseudonym, id);
    id_of(ask.message_id, 100 + id);
    snprintf(ask.asker, sizeof ask.asker, MARKET);
    begin(p);
    assert_int_equal(reporter_put(p->s->reporters, &row), OK);
    if (asked)
        assert_int_equal(reporter_ask_put(p->s->reporters, &ask), OK);
    if (told_seq != 0)
        assert_int_equal(reporter_ask_told(p->s->reporters, &ask), OK);
    commit(p);
}

static void a_pseudonym_goes_with_its_requests_when_none_is_open_or_new(void **state)
{
    struct place *p = *state;
    struct reporter row;
    struct reporter_ask ask;
    static const struct {
        uint64_t seq;
        bool asked;
        uint64_t told_seq;
        bool gone;
    } rows[] = {
        {1, false, 0, true},                        /* nobody ever asked */
        {2, true, 5, true},    {3, true, 0, false}, /* open: it may still be answered */
        {4, true, 30, false},                       /* answered lately */
        {25, false, 0, false},
    };
    write_log(p);
    for (uint32_t i = 0; i < T_COUNT(rows); i++)
        put_reporter(p, i + 1, rows[i].seq, rows[i].asked, rows[i].told_seq);
    assert_int_equal(round_of(p, RETAIN_REPORTER, 20), 2 + 1); /* and a request */
    for (uint32_t i = 0; i < T_COUNT(rows); i++) {
        const enum err want = rows[i].gone ? ERR_NOT_FOUND : OK;
        print_message("row %u\n", i);
        assert_int_equal(reporter_get(p->s->reporters, ID(i + 1), &row), want);
        if (rows[i].asked)
            assert_int_equal(reporter_ask_get(p->s->reporters, MARKET, ID(101 + i), &ask), want);
    }
    assert_int_equal(round_of(p, RETAIN_REPORTER, 20), 0);
    assert_int_equal(round_of(p, RETAIN_REPORTER, 40), 3 - 1 + 1); /* all but the open one */
    assert_int_equal(reporter_get(p->s->reporters, ID(3), &row), OK);
}

static void a_repeat_is_recognised_until_its_retention_is_over(void **state)
{
    struct place *p = *state;
    struct message_row row;
    uint8_t hash[STORE_HASH_LEN] = {1};
    write_log(p);
    for (uint32_t n = 1; n <= 30; n++)
        put_message(p, n, n, n == 5 ? 1 : 0); /* 5 is not settled */
    begin(p);
    assert_int_equal(document_put(p->s->documents, MARKET, ID(1), hash, 3), OK);
    assert_int_equal(document_put(p->s->documents, MARKET, ID(2), hash, 20), OK);
    commit(p);
    assert_int_equal(round_of(p, RETAIN_MESSAGE, 20), 19 - 1 + 1);
    place_reopen(p);
    for (uint32_t n = 1; n <= 30; n++)
        assert_int_equal(message_get(p->s->messages, MARKET, ID(n), &row),
                         n < 20 && n != 5 ? ERR_NOT_FOUND : OK);
    assert_int_equal(document_get(p->s->documents, MARKET, ID(1), hash), ERR_NOT_FOUND);
    assert_int_equal(document_get(p->s->documents, MARKET, ID(2), hash), OK);
}

/* Payloads go, leaves stay: roots, paths and consistency proofs are byte for byte as they were, and
 * every entry is read back whole, also after a restart. */
static void what_is_erased_changes_no_root_no_path_and_no_consistency_proof(void **state)
{
    struct place *p = *state;
    merkle_hash root[2];
    merkle_hash path[2][LEAVES][MERKLE_PATH_MAX] = {0};
    merkle_hash proof[2][LEAVES][MERKLE_CONSISTENCY_MAX] = {0};
    uint64_t erased = 0;
    write_log(p);
    put_message(p, 1, 1, 1);
    for (uint64_t n = 2; n < 30; n++)
        put_decision(p, n, 9);
    for (int after = 0; after < 2; after++) {
        unsigned len;
        assert_int_equal(log_root(p->s->log, LEAVES, root[after]), OK);
        for (uint64_t i = 0; i < LEAVES; i++) {
            assert_int_equal(log_path(p->s->log, i, LEAVES, path[after][i], &len), OK);
            assert_int_equal(log_consistency(p->s->log, i, LEAVES, proof[after][i], &len), OK);
        }
        for (int class = 0; class < RETAIN_CLASSES; class ++)
            erased += round_of(p, (enum retain_class) class, LEAVES);
        place_reopen(p);
    }
    assert_true(erased >= 28);
    assert_int_equal(log_scrub(p->s->log, 0, &p->f), OK);
    assert_memory_equal(root[0], root[1], sizeof root[0]);
    assert_memory_equal(path[0], path[1], sizeof path[0]);
    assert_memory_equal(proof[0], proof[1], sizeof proof[0]);
}

static void a_class_without_a_moment_keeps_everything(void **state)
{
    struct place *p = *state;
    static const uint64_t never[RETAIN_CLASSES] = {0};
    struct retain_report report;
    write_log(p);
    put_message(p, 1, 1, 0);
    put_decision(p, 4, 9);
    put_subject(p, 1, 1);
    put_subject(p, 1, 5);
    do {
        begin(p);
        assert_int_equal(store_retain_step(p->s, never, &report), OK);
        commit(p);
        assert_int_equal(report.erased, 0);
    } while (report.more);
}

static void a_step_is_bounded_and_a_round_reaches_everything(void **state)
{
    enum { RECORDS = 5 * RETAIN_STEP_ROWS + 7 };
    struct place *p = *state;
    const uint64_t moments[RETAIN_CLASSES] = {[RETAIN_DECISION] = STORE_NEVER};
    struct retain_report report;
    uint64_t erased = 0;
    begin(p);
    for (uint64_t seq = 0; seq < RECORDS; seq++) {
        struct decision_row row = {.seq = seq, .message_seq = STORE_NEVER, .record = SEALED};
        assert_int_equal(decision_put(p->s->decisions, &row), OK);
    }
    commit(p);
    do {
        begin(p);
        assert_int_equal(store_retain_step(p->s, moments, &report), OK);
        commit(p);
        assert_true(report.erased <= RETAIN_STEP_ROWS);
        erased += report.erased;
    } while (report.more);
    assert_int_equal(erased, RECORDS);
}

static long size_of(const struct place *p)
{
    struct stat st;
    assert_int_equal(stat(p->path, &st), 0);
    return (long)st.st_size;
}

/* A backlog that was delivered leaves a file of what is still kept, not of what once was. */
static void the_file_shrinks_when_a_backlog_is_settled(void **state)
{
    enum { MESSAGES = 20000, FRAME = 4096, BATCH = 500 };
    static uint8_t frame[FRAME];
    struct place *p = *state;
    for (uint32_t n = 0; n < MESSAGES; n++) {
        if (n % BATCH == 0)
            begin(p);
        struct message_row m = {.seq = n, .type = 7, .open = 1};
        snprintf(m.sender, sizeof m.sender, MARKET);
        id_of(m.id, n);
        memset(frame, (int)n, sizeof frame);
        assert_int_equal(message_put(p->s->messages, &m, span_of(frame, sizeof frame)), OK);
        if (n % BATCH == BATCH - 1)
            commit(p);
    }
    assert_int_equal(store_idle(p->s), OK);
    long high = size_of(p);
    assert_true(high > (long)MESSAGES * FRAME);
    for (uint32_t n = 0; n < MESSAGES; n++) {
        if (n % BATCH == 0)
            begin(p);
        assert_int_equal(message_settle(p->s->messages, MARKET, ID(n), 5, 1, NULL), OK);
        if (n % BATCH == BATCH - 1)
            commit(p);
    }
    for (long before = high + 1, at = high; at < before; at = size_of(p)) {
        before = at;
        assert_int_equal(store_idle(p->s), OK);
        /* Bounded each time; SQLite's own map of pages comes on top. */
        assert_true(before - size_of(p) <= (long)(DB_SHRINK_PAGES + 8) * DB_PAGE_BYTES);
    }
    print_message("%ld -> %ld KiB\n", high / 1024, size_of(p) / 1024);
    assert_true(size_of(p) * 10 < high);
    place_reopen(p);
    struct message_row row;
    assert_int_equal(message_get(p->s->messages, MARKET, ID(MESSAGES - 1), &row), OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(frames_of_parked_envelopes_go_and_their_rows_stay),
        CASE(decision_records_go_by_age_but_not_those_of_orders),
        CASE(only_what_was_replaced_long_ago_goes),
        CASE(an_order_goes_when_it_is_over_and_every_lift_answered),
        CASE(a_sealed_identifier_goes_with_the_last_order_about_it),
        CASE(the_number_of_a_decision_goes_with_the_last_order_by_it),
        CASE(the_texts_of_an_order_for_other_hubs_go_with_the_order),
        CASE(references_go_with_the_last_step),
        CASE(steps_of_closed_cases_go_and_the_case_stays),
        CASE(a_pseudonym_goes_with_its_requests_when_none_is_open_or_new),
        CASE(a_repeat_is_recognised_until_its_retention_is_over),
        CASE(what_is_erased_changes_no_root_no_path_and_no_consistency_proof),
        CASE(a_class_without_a_moment_keeps_everything),
        CASE(a_step_is_bounded_and_a_round_reaches_everything),
        CASE(the_file_shrinks_when_a_backlog_is_settled),
    };
    return cmocka_run_group_tests_name("retain", tests, NULL, NULL);
}
