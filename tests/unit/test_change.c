/*
 * Checks the state machine of orders in policy/decide.h, exhaustively: every state with every
 * change, every authority with every change.
 */
#include "policy_change.h"

#include "document.pb.h"
#include "wire.h"

static const enum order_state table[ORDER_STATES][CHANGE_KINDS] = {
    /* clang-format off */
    /*                   lift            annul            suspend          resume        restore */
    [ORDER_NONE]      = {ORDER_NONE,     ORDER_NONE,      ORDER_NONE,      ORDER_NONE,   ORDER_NONE},
    [ORDER_PENDING]   = {ORDER_NONE,     ORDER_ANNULLED,  ORDER_SUSPENDED, ORDER_NONE,   ORDER_NONE},
    [ORDER_ACTIVE]    = {ORDER_LIFTED,   ORDER_ANNULLED,  ORDER_SUSPENDED, ORDER_NONE,   ORDER_NONE},
    [ORDER_SUSPENDED] = {ORDER_LIFTED,   ORDER_ANNULLED,  ORDER_NONE,      ORDER_ACTIVE, ORDER_NONE},
    [ORDER_LIFTED]    = {ORDER_NONE,     ORDER_ANNULLED,  ORDER_NONE,      ORDER_NONE,   ORDER_ACTIVE},
    [ORDER_EXPIRED]   = {ORDER_NONE,     ORDER_ANNULLED,  ORDER_NONE,      ORDER_NONE,   ORDER_NONE},
    [ORDER_ANNULLED]  = {ORDER_NONE,     ORDER_NONE,      ORDER_NONE,      ORDER_NONE,   ORDER_NONE},
    /* clang-format on */
};

static void every_state_meets_every_change(void **state)
{
    for (unsigned s = ORDER_PENDING; s < ORDER_STATES; s++) {
        for (unsigned k = 0; k < CHANGE_KINDS; k++) {
            struct decision out;
            (void)change_setup(state);
            struct decide_input in = input_change(&world);
            lianshu_SanctionChange change = change_ok();
            world.order.state = (enum order_state)s;
            if (s == ORDER_PENDING) {
                /* Pending needs a start that lies ahead. */
                world.order.start_date = 20270601;
                world.order.earliest_repair_date = 20270420;
            }
            print_message("state %u change %u\n", s, k);
            assert_int_equal(change_next((enum order_state)s, (enum change_kind)k), table[s][k]);
            assert_int_equal(decide_change(world.rules, &world.view, &in, (enum change_kind)k,
                                           &change, &out, NULL),
                             OK);
            assert_int_equal(out.err, table[s][k] == ORDER_NONE ? ERR_ORDER_STATE : OK);
            assert_int_equal(out.state, table[s][k]);
            assert_int_equal(out.version, table[s][k] == ORDER_NONE ? 0 : 2);
        }
    }
    assert_int_equal(change_next(ORDER_STATES, CHANGE_LIFT), ORDER_NONE);
    assert_int_equal(change_next(ORDER_ACTIVE, CHANGE_KINDS), ORDER_NONE);
}

static void only_issuer_superior_or_court_change_an_order(void **state)
{
    static const struct {
        const char *member;
        bool allowed[CHANGE_KINDS];
    } rows[] = {
        {"market.445100", {true, true, true, true, true}}, /* issuer */
        {"market.440000", {true, true, true, true, true}}, /* its province */
        {"market.000000", {true, true, true, true, true}}, /* the nation */
        {"court.445100", {true, true, true, true, false}}, /* a court of the province */
        {"court.440300", {true, true, true, true, false}},
        {"court.000000", {true, true, true, true, false}},
        {"court.310000", {false, false, false, false, false}},  /* another province */
        {"market.445102", {false, false, false, false, false}}, /* below */
        {"market.445200", {false, false, false, false, false}}, /* beside */
        {"market.310000", {false, false, false, false, false}},
        {"market-law.440000", {false, false, false, false, false}}, /* a part of one */
        {"health.440000", {false, false, false, false, false}},
        {"health.445100", {false, false, false, false, false}},
        {"procuratorate.445100", {false, false, false, false, false}},
        {"hub.445100", {false, false, false, false, false}},
        {"", {false, false, false, false, false}},
    };
    static const enum order_state from[CHANGE_KINDS] = {ORDER_ACTIVE, ORDER_ACTIVE, ORDER_ACTIVE,
                                                        ORDER_SUSPENDED, ORDER_LIFTED};
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        for (unsigned k = 0; k < CHANGE_KINDS; k++) {
            struct decision out;
            (void)change_setup(state);
            struct decide_input in = input_change(&world);
            lianshu_SanctionChange change = change_ok();
            world.order.state = from[k];
            in.issuer = rows[i].member;
            print_message("%s change %u\n", rows[i].member, k);
            assert_int_equal(decide_change(world.rules, &world.view, &in, (enum change_kind)k,
                                           &change, &out, NULL),
                             OK);
            assert_int_equal(out.err, rows[i].allowed[k] ? OK : ERR_ORDER_AUTHORITY);
        }
    }
}

static void a_stay_by_a_higher_authority_ends_only_there(void **state)
{
    static const struct {
        const char *stayed_by;
        const char *resumed_by;
        enum err want;
    } rows[] = {
        {"market.445100", "market.445100", OK},
        {"market.440000", "market.445100", ERR_ORDER_AUTHORITY},
        {"market.440000", "market.440000", OK},
        {"court.445100", "market.445100", ERR_ORDER_AUTHORITY},
        {"court.445100", "market.440000", ERR_ORDER_AUTHORITY},
        {"court.445100", "court.440000", OK},
        {"", "market.445100", OK},
    };
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        struct decision out;
        (void)change_setup(state);
        struct decide_input in = input_change(&world);
        lianshu_SanctionChange change = change_ok();
        world.order.state = ORDER_SUSPENDED;
        snprintf(world.order.changed_by, sizeof world.order.changed_by, "%s", rows[i].stayed_by);
        in.issuer = rows[i].resumed_by;
        print_message("row %zu\n", i);
        assert_int_equal(
            decide_change(world.rules, &world.view, &in, CHANGE_RESUME, &change, &out, NULL), OK);
        assert_int_equal(out.err, rows[i].want);
    }
}

/* Repair by deceit is undone by who was deceived: nobody restores what a higher authority lifted.
 */
static void what_a_higher_authority_lifted_is_restored_by_nobody_below(void **state)
{
    static const struct {
        const char *lifted_by;
        const char *restored_by;
        enum err want;
    } rows[] = {
        {"market.445100", "market.445100", OK},
        {"market.445100", "market.440000", OK},
        {"market.440000", "market.440000", OK},
        {"market.440000", "market.445100", ERR_ORDER_AUTHORITY},
        {"court.445100", "market.445100", ERR_ORDER_AUTHORITY},
        {"court.445100", "market.440000", ERR_ORDER_AUTHORITY},
    };
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        struct decision out;
        (void)change_setup(state);
        struct decide_input in = input_change(&world);
        lianshu_SanctionChange change = change_ok();
        world.order.state = ORDER_LIFTED;
        snprintf(world.order.changed_by, sizeof world.order.changed_by, "%s", rows[i].lifted_by);
        in.issuer = rows[i].restored_by;
        print_message("row %zu\n", i);
        assert_int_equal(
            decide_change(world.rules, &world.view, &in, CHANGE_RESTORE, &change, &out, NULL), OK);
        assert_int_equal(out.err, rows[i].want);
        assert_string_equal(out.why, rows[i].want == OK ? "" : "lifted_by_higher");
    }
}

typedef void spoil_fn(lianshu_SanctionChange *c, struct decide_input *in);

#define SPOIL(name)                                                                                \
    static void name(lianshu_SanctionChange *c __attribute__((unused)),                            \
                     struct decide_input *in __attribute__((unused)))

static const char *const unknown[] = {"XX1"};
static const char *const repealed[] = {"NDRC58"};

SPOIL(no_number)
{
    c->decision_number[0] = '\0';
}
SPOIL(no_body)
{
    c->decision_body[0] = '\0';
}
SPOIL(no_reason)
{
    c->reason[0] = '\0';
}
SPOIL(no_date)
{
    c->decision_date = 0;
}
SPOIL(no_day)
{
    c->decision_date = 20270230;
}
SPOIL(tomorrow)
{
    c->decision_date = 20270503;
}
SPOIL(same_version)
{
    c->version = 1;
}
SPOIL(skipped_version)
{
    c->version = 3;
}
SPOIL(other_order)
{
    c->order_id[0] ^= 1;
}
SPOIL(other_subject)
{
    snprintf(c->subject.id, sizeof c->subject.id, "%s", CLEAN);
}
SPOIL(too_early)
{
    c->decision_date = 20270419;
}
SPOIL(unknown_basis)
{
    in->basis = unknown, in->basis_count = 1;
}
SPOIL(repealed_basis)
{
    in->basis = repealed, in->basis_count = 1;
}
SPOIL(never)
{
    world.order.earliest_repair_date = 0;
}
SPOIL(past_the_last_version)
{
    world.order.version = UINT32_MAX, c->version = 0;
}
SPOIL(older)
{
    c->decision_date = 20260419;
}

SPOIL(older_than_the_last_change)
{
    world.order.changed_date = 20270502, c->decision_date = 20270501;
}

static void every_refusal_of_a_lift_has_its_code(void **state)
{
    static const struct {
        spoil_fn *spoil;
        enum err want;
        const char *why;
    } rows[] = {
        {no_number, ERR_FIELD_MISSING, "decision_number"},
        {no_body, ERR_FIELD_MISSING, "decision_number"},
        {no_reason, ERR_FIELD_MISSING, "reason"},
        {no_date, ERR_FIELD_MISSING, "dates"},
        {no_day, ERR_FIELD_MISSING, "dates"},
        {tomorrow, ERR_TERM, "decision_in_future"},
        {same_version, ERR_ORDER_VERSION, "version"},
        {skipped_version, ERR_ORDER_VERSION, "version"},
        {past_the_last_version, ERR_ORDER_VERSION, "version"},
        {other_order, ERR_ORDER_STATE, "order_unknown"},
        {other_subject, ERR_ORDER_VERSION, "other_subject"},
        {too_early, ERR_TERM, "repair_too_early"},
        {never, ERR_TERM, "no_early_repair"},
        {older, ERR_TERM, "before_order"},
        {older_than_the_last_change, ERR_TERM, "before_change"},
        {unknown_basis, ERR_BASIS, "basis_unknown"},
        {repealed_basis, ERR_BASIS, "basis_not_in_force"},
    };
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        struct decision out;
        lianshu_DecisionRecord record;
        (void)change_setup(state);
        struct decide_input in = input_change(&world);
        lianshu_SanctionChange change = change_ok();
        rows[i].spoil(&change, &in);
        print_message("row %zu: %s\n", i, rows[i].why);
        assert_int_equal(
            decide_change(world.rules, &world.view, &in, CHANGE_LIFT, &change, &out, &record), OK);
        assert_string_equal(out.why, rows[i].why);
        assert_int_equal(out.err, rows[i].want);
        assert_int_equal(out.state, ORDER_NONE);
        assert_int_equal(record.code, rows[i].want);
        assert_int_equal(record.outcome_count, 0);
    }
}

SPOIL(decided_today)
{
    c->decision_date = 20270502;
}
SPOIL(on_the_first_day)
{
    c->decision_date = 20270420;
}
SPOIL(on_the_day_of_its_order)
{
    c->decision_date = world.order.earliest_repair_date = 20260420;
}
SPOIL(on_the_day_of_the_last_change)
{
    world.order.changed_date = c->decision_date;
}
SPOIL(without_its_subject)
{
    c->subject = (lianshu_Subject)lianshu_Subject_init_zero;
}

static void what_is_just_within_the_bounds_is_taken(void **state)
{
    static spoil_fn *const rows[] = {decided_today, on_the_first_day, on_the_day_of_its_order,
                                     on_the_day_of_the_last_change, without_its_subject};
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        struct decision out;
        (void)change_setup(state);
        struct decide_input in = input_change(&world);
        lianshu_SanctionChange change = change_ok();
        rows[i](&change, &in);
        print_message("row %zu\n", i);
        assert_int_equal(
            decide_change(world.rules, &world.view, &in, CHANGE_LIFT, &change, &out, NULL), OK);
        assert_string_equal(out.why, "");
        assert_int_equal(out.state, ORDER_LIFTED);
        assert_int_equal(out.end_date, 20290420);
    }
}

static void a_basis_holds_from_its_first_day_to_its_last(void **state)
{
    static const struct {
        const char *basis;
        uint32_t decided;
        enum err want;
    } rows[] = {
        {"NDRC58", 20230430, ERR_BASIS},  {"NDRC58", 20230501, OK},
        {"NDRC58", 20260331, OK},         {"NDRC58", 20260401, ERR_BASIS},
        {"CL146-4", 20181025, ERR_BASIS}, {"CL146-4", 20181026, OK},
        {"CL146-4", 20240630, OK},        {"CL146-4", 20240701, ERR_BASIS},
    };
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        struct decision out;
        (void)change_setup(state);
        struct decide_input in = input_change(&world);
        lianshu_SanctionChange change = change_ok();
        in.basis = &rows[i].basis, in.basis_count = 1;
        change.decision_date = rows[i].decided;
        world.order.decision_date = world.order.start_date = 20180101;
        print_message("%s on %u\n", rows[i].basis, (unsigned)rows[i].decided);
        assert_int_equal(
            decide_change(world.rules, &world.view, &in, CHANGE_ANNUL, &change, &out, NULL), OK);
        assert_int_equal(out.err, rows[i].want);
        assert_string_equal(out.basis, rows[i].want == OK ? "" : rows[i].basis);
    }
}

static void an_annulment_waits_for_no_date(void **state)
{
    struct decision out;
    struct decide_input in = input_change(*state);
    lianshu_SanctionChange change = change_ok();
    world.order.earliest_repair_date = 0;
    change.decision_date = 20260421;
    assert_int_equal(
        decide_change(world.rules, &world.view, &in, CHANGE_ANNUL, &change, &out, NULL), OK);
    assert_int_equal(out.err, OK);
    assert_int_equal(out.state, ORDER_ANNULLED);
}

/* The clock: state and dates of an order, a day, and what it makes of them. */
static void the_clock_starts_and_expires(void **state)
{
    static const struct {
        enum order_state from;
        uint32_t today;
        enum order_state want;
    } rows[] = {
        {ORDER_PENDING, 20260419, ORDER_PENDING},   {ORDER_PENDING, 20260420, ORDER_ACTIVE},
        {ORDER_ACTIVE, 20260419, ORDER_PENDING},    {ORDER_ACTIVE, 20290420, ORDER_ACTIVE},
        {ORDER_ACTIVE, 20290421, ORDER_EXPIRED},    {ORDER_SUSPENDED, 20290420, ORDER_SUSPENDED},
        {ORDER_SUSPENDED, 20290421, ORDER_EXPIRED}, {ORDER_PENDING, 20290421, ORDER_EXPIRED},
        {ORDER_LIFTED, 20290421, ORDER_LIFTED},     {ORDER_ANNULLED, 20290421, ORDER_ANNULLED},
        {ORDER_EXPIRED, 20260420, ORDER_EXPIRED},   {ORDER_NONE, 20260420, ORDER_NONE},
    };
    (void)state;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        print_message("row %zu\n", i);
        assert_int_equal(order_state_on(rows[i].from, 20260420, 20290420, rows[i].today),
                         rows[i].want);
    }
    /* For life: it never expires. */
    assert_int_equal(order_state_on(ORDER_ACTIVE, 20260420, 0, 99991231), ORDER_ACTIVE);
}

static void what_expired_meanwhile_is_not_changed(void **state)
{
    struct decision out;
    struct decide_input in = input_change(*state);
    lianshu_SanctionChange change = change_ok();
    in.now_ms = noon(20290421);
    assert_int_equal(decide_change(world.rules, &world.view, &in, CHANGE_LIFT, &change, &out, NULL),
                     OK);
    assert_int_equal(out.err, ERR_ORDER_STATE);
    world.order.state = ORDER_LIFTED;
    assert_int_equal(
        decide_change(world.rules, &world.view, &in, CHANGE_RESTORE, &change, &out, NULL), OK);
    assert_int_equal(out.err, ERR_ORDER_STATE);
    assert_string_equal(out.why, "term_over");
}

static void a_stay_before_the_start_resumes_to_pending(void **state)
{
    struct decision out;
    struct decide_input in = input_change(*state);
    lianshu_SanctionChange change = change_ok();
    world.order.state = ORDER_SUSPENDED;
    world.order.start_date = 20270601;
    assert_int_equal(
        decide_change(world.rules, &world.view, &in, CHANGE_RESUME, &change, &out, NULL), OK);
    assert_int_equal(out.state, ORDER_PENDING);
}

static void document_types_carry_their_change(void **state)
{
    enum change_kind kind = CHANGE_KINDS;
    (void)state;
    assert_true(change_of_type(lianshu_DocumentType_TYPE_SANCTION_LIFT, &kind));
    assert_int_equal(kind, CHANGE_LIFT);
    assert_true(change_of_type(lianshu_DocumentType_TYPE_SANCTION_ANNUL, &kind));
    assert_int_equal(kind, CHANGE_ANNUL);
    assert_true(change_of_type(lianshu_DocumentType_TYPE_SANCTION_SUSPEND, &kind));
    assert_int_equal(kind, CHANGE_SUSPEND);
    assert_true(change_of_type(lianshu_DocumentType_TYPE_SANCTION_RESUME, &kind));
    assert_int_equal(kind, CHANGE_RESUME);
    assert_true(change_of_type(lianshu_DocumentType_TYPE_SANCTION_RESTORE, &kind));
    assert_int_equal(kind, CHANGE_RESTORE);
    assert_false(change_of_type(lianshu_DocumentType_TYPE_SANCTION_ORDER, &kind));
    assert_false(change_of_type(0, &kind));
}

static void an_unknown_answer_decides_nothing(void **state)
{
    struct decision out;
    struct decide_input in = input_change(*state);
    lianshu_SanctionChange change = change_ok();
    world.broken = ERR_IO;
    assert_int_equal(decide_change(world.rules, &world.view, &in, CHANGE_LIFT, &change, &out, NULL),
                     ERR_IO);
    assert_int_equal(out.state, ORDER_NONE);
}

static void same_inputs_same_bytes(void **state)
{
    uint8_t bytes[2][4096];
    size_t len[2];
    for (int i = 0; i < 2; i++) {
        struct decision out;
        lianshu_DecisionRecord record;
        struct decide_input in = input_change(*state);
        lianshu_SanctionChange change = change_ok();
        memset(&record, i, sizeof record);
        assert_int_equal(
            decide_change(world.rules, &world.view, &in, CHANGE_LIFT, &change, &out, &record), OK);
        assert_string_equal(record.outcome[0].action, "lift");
        struct writer w = writer_of(bytes[i], sizeof bytes[i]);
        assert_int_equal(wire_encode(&lianshu_DecisionRecord_msg, &record, &w), OK);
        len[i] = w.len;
    }
    assert_int_equal(len[0], len[1]);
    assert_memory_equal(bytes[0], bytes[1], len[0]);
}

#define CASE(fn) cmocka_unit_test_setup(fn, change_setup)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(every_state_meets_every_change),
        CASE(only_issuer_superior_or_court_change_an_order),
        CASE(a_stay_by_a_higher_authority_ends_only_there),
        CASE(what_a_higher_authority_lifted_is_restored_by_nobody_below),
        CASE(every_refusal_of_a_lift_has_its_code),
        CASE(what_is_just_within_the_bounds_is_taken),
        CASE(a_basis_holds_from_its_first_day_to_its_last),
        CASE(an_annulment_waits_for_no_date),
        CASE(the_clock_starts_and_expires),
        CASE(what_expired_meanwhile_is_not_changed),
        CASE(a_stay_before_the_start_resumes_to_pending),
        CASE(document_types_carry_their_change),
        CASE(an_unknown_answer_decides_nothing),
        CASE(same_inputs_same_bytes),
    };
    return cmocka_run_group_tests_name("change", tests, world_group_open, world_group_close);
}
