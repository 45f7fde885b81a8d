/*
 * Whatever the policy asks of its view and is not answered it says so, decides nothing, and can be
 * asked again: each look-up of each kind of decision in turn (policy/view.h, promise 3). Nothing
 * found is no fault.
 */
#include "event_world.h"

#include "catalogue.h"
#include "keys/hash.h"
#include "policy/hearing.h"

/* A view that stops answering at one look-up: before it gives a row, or after the last one. */
struct faulty {
    const struct view *view;
    unsigned calls;
    unsigned nth; /* 0: never */
    bool late;
};

static bool fails(struct faulty *f, bool late)
{
    f->calls += !late;
    return f->calls == f->nth && f->late == late;
}

static enum err ask_token(void *ctx, lianshu_SubjectKind kind, const char *id,
                          uint8_t out[static VIEW_TOKEN_LEN])
{
    struct faulty *f = ctx;
    if (fails(f, false))
        return ERR_IO;
    enum err err = f->view->token(f->view->ctx, kind, id, out);
    return fails(f, true) ? ERR_IO : err;
}

static enum err ask_order(void *ctx, const uint8_t id[static VIEW_ORDER_ID_LEN],
                          struct view_order *out)
{
    struct faulty *f = ctx;
    if (fails(f, false))
        return ERR_IO;
    enum err err = f->view->order(f->view->ctx, id, out);
    return fails(f, true) ? ERR_IO : err;
}

static enum err ask_conflict(void *ctx, const uint8_t token[static VIEW_TOKEN_LEN],
                             const char *list, const char *number,
                             uint8_t order_id[static VIEW_ORDER_ID_LEN])
{
    struct faulty *f = ctx;
    if (fails(f, false))
        return ERR_IO;
    enum err err = f->view->conflict(f->view->ctx, token, list, number, order_id);
    return fails(f, true) ? ERR_IO : err;
}

static enum err ask_rating(void *ctx, const uint8_t token[static VIEW_TOKEN_LEN],
                           struct view_rating *out)
{
    struct faulty *f = ctx;
    if (fails(f, false))
        return ERR_IO;
    enum err err = f->view->rating(f->view->ctx, token, out);
    return fails(f, true) ? ERR_IO : err;
}

static enum err ask_restrictions(void *ctx, const uint8_t token[static VIEW_TOKEN_LEN],
                                 uint32_t date, view_restriction_fn *fn, void *arg)
{
    struct faulty *f = ctx;
    if (fails(f, false))
        return ERR_IO;
    enum err err = f->view->restrictions(f->view->ctx, token, date, fn, arg);
    return fails(f, true) ? ERR_IO : err;
}

static enum err ask_relations(void *ctx, const uint8_t token[static VIEW_TOKEN_LEN], uint32_t date,
                              view_relation_fn *fn, void *arg)
{
    struct faulty *f = ctx;
    if (fails(f, false))
        return ERR_IO;
    enum err err = f->view->relations(f->view->ctx, token, date, fn, arg);
    return fails(f, true) ? ERR_IO : err;
}

static enum err ask_holdings(void *ctx, const uint8_t token[static VIEW_TOKEN_LEN], uint32_t date,
                             view_relation_fn *fn, void *arg)
{
    struct faulty *f = ctx;
    if (fails(f, false))
        return ERR_IO;
    enum err err = f->view->holdings(f->view->ctx, token, date, fn, arg);
    return fails(f, true) ? ERR_IO : err;
}

static struct view view_of(struct faulty *f)
{
    return (struct view){.ctx = f,
                         .token = ask_token,
                         .order = ask_order,
                         .conflict = ask_conflict,
                         .rating = ask_rating,
                         .restrictions = ask_restrictions,
                         .relations = ask_relations,
                         .holdings = ask_holdings};
}

/* ---- the decisions ---- */

/* One decision about the world, and what came of it. */
struct trying {
    struct world *w;
    const struct view *view;
    lianshu_DecisionRecord record;
    unsigned owed; /* duties, consequences, grounds */
    enum err said; /* by the decision itself */
};

static enum err try_order(struct trying *t, const lianshu_SanctionOrder *order)
{
    static struct decision out;
    const struct decide_input in = input_r01(t->w);
    const enum err err = decide_order(t->w->rules, t->view, &in, order, &out, &t->record);
    t->owed = out.duty_count;
    t->said = out.err;
    return err;
}

static enum err new_order(struct trying *t)
{
    const lianshu_SanctionOrder order = order_r01();
    return try_order(t, &order);
}

static void know_order(struct world *w, const lianshu_SanctionOrder *o)
{
    w->has_order = true;
    w->order = (struct view_order){.state = ORDER_ACTIVE,
                                   .version = 1,
                                   .issuer = ISSUER,
                                   .changed_by = ISSUER,
                                   .list = "serious_dishonesty",
                                   .rule = "R01",
                                   .decision_date = 20260420,
                                   .start_date = 20260420};
    memcpy(w->order.id, o->order_id, sizeof w->order.id);
    world_token_of(COMPANY, w->order.token);
}

static enum err corrected_order(struct trying *t)
{
    lianshu_SanctionOrder order = order_r01();
    know_order(t->w, &order);
    order.version = 2;
    return try_order(t, &order);
}

/* There is one like it, which was annulled. */
static enum err order_annulled_before(struct trying *t)
{
    const lianshu_SanctionOrder order = order_r01();
    t->w->has_conflict = true;
    memset(t->w->conflict, 7, sizeof t->w->conflict);
    t->w->other.state = ORDER_ANNULLED;
    return try_order(t, &order);
}

static lianshu_SanctionChange suspension(void)
{
    lianshu_SanctionChange c = lianshu_SanctionChange_init_zero;
    const lianshu_SanctionOrder order = order_r01();
    name_subject(&c.subject, lianshu_SubjectKind_SUBJECT_ENTERPRISE, COMPANY);
    memcpy(c.order_id, order.order_id, sizeof c.order_id);
    c.version = 2;
    c.decision_date = 20260421;
    snprintf(c.decision_body, sizeof c.decision_body, "潮州市市场监督管理局");
    snprintf(c.decision_number, sizeof c.decision_number, "1");
    snprintf(c.reason, sizeof c.reason, "r");
    return c;
}

static enum err change(struct trying *t)
{
    static struct decision out;
    const lianshu_SanctionOrder order = order_r01();
    const lianshu_SanctionChange c = suspension();
    const struct decide_input in = input_r01(t->w);
    know_order(t->w, &order);
    const enum err err =
        decide_change(t->w->rules, t->view, &in, CHANGE_SUSPEND, &c, &out, &t->record);
    t->owed = out.state != ORDER_NONE;
    t->said = out.err;
    return err;
}

static enum err try_event(struct trying *t, uint32_t type, const union body *body)
{
    static struct event_decision out;
    const uint8_t id[VIEW_ORDER_ID_LEN] = {1};
    const struct decide_input in = {.issuer = ISSUER,
                                    .issued_ms = noon(20260421),
                                    .document_id = id,
                                    .now_ms = noon(20260421),
                                    .calendar = t->w->calendar};
    const enum err err = decide_event(t->w->rules, t->view, &in, type, body, &out, &t->record);
    t->owed = out.count + out.end_count;
    t->said = out.err;
    return err;
}

static enum err second_company(struct trying *t)
{
    union body body = {0};
    NAME_SUBJECT(body.registration, lianshu_SubjectKind_SUBJECT_ENTERPRISE, COMPANY);
    body.registration.registered_date = 20260420;
    body.registration.persons_count = 2;
    name_person(&body.registration.persons[0], lianshu_Role_ROLE_SOLE_SHAREHOLDER, BOSS);
    name_person(&body.registration.persons[1], lianshu_Role_ROLE_SOLE_SHAREHOLDER, MANAGER);
    t->w->relation_count = 1;
    t->w->relation[0].of = CLEAN;
    t->w->relation[0].person = MANAGER;
    t->w->relation[0].role = lianshu_Role_ROLE_SOLE_SHAREHOLDER;
    t->w->relation[0].from = 20200101;
    return try_event(t, TYPE(SUBJECT_REGISTER), &body);
}

static void ban(struct world *w, const char *of, const char *measure)
{
    w->restriction_count = 1;
    w->restriction[0].of = of;
    w->restriction[0].row = restriction(measure, 20200101, 0);
}

static enum err banned_hired(struct trying *t)
{
    union body body = {0};
    NAME_SUBJECT(body.appointment, lianshu_SubjectKind_SUBJECT_ENTERPRISE, COMPANY);
    body.appointment.persons_count = 1;
    name_person(&body.appointment.persons[0], lianshu_Role_ROLE_EMPLOYEE, BOSS);
    body.appointment.from_date = 20260420;
    ban(t->w, BOSS, "M02");
    return try_event(t, TYPE(EMPLOYMENT), &body);
}

static enum err rating(struct trying *t)
{
    const union body body = rating_of(GOOD, lianshu_CreditClass_CLASS_TRUSTWORTHY, 0);
    return try_event(t, TYPE(CREDIT_RATING), &body);
}

static enum err offer(struct trying *t)
{
    union body body = {0};
    NAME_SUBJECT(body.incentive, lianshu_SubjectKind_SUBJECT_ENTERPRISE, COMPANY);
    snprintf(body.incentive.measure, sizeof body.incentive.measure, "I01");
    body.incentive.from_date = 20260420;
    return try_event(t, TYPE(CREDIT_INCENTIVE), &body);
}

static enum err try_gate(struct trying *t, uint32_t type, const char *person)
{
    static struct verdict out;
    lianshu_Subject subject = {0};
    lianshu_Person persons[1] = {0};
    name_subject(&subject, lianshu_SubjectKind_SUBJECT_ENTERPRISE, CLEAN);
    name_person(&persons[0], lianshu_Role_ROLE_LEGAL_REPRESENTATIVE, person);
    const struct gate_message message = {.type = type,
                                         .subject = &subject,
                                         .persons = persons,
                                         .person_count = 1,
                                         .region = "445100",
                                         .now_ms = noon(20260501),
                                         .calendar = t->w->calendar};
    ban(t->w, BOSS, "M02");
    t->w->relation_count = 1;
    t->w->relation[0].of = CLEAN;
    t->w->relation[0].person = BOSS;
    t->w->relation[0].role = lianshu_Role_ROLE_PRINCIPAL;
    t->w->relation[0].from = 20200101;
    const enum err err = gate_check(t->w->rules, t->view, &message, &out, &t->record);
    t->owed = out.ground_count + out.copy_count;
    t->said = out.err;
    return err;
}

static enum err gate_of_persons(struct trying *t)
{
    return try_gate(t, TYPE(APPOINTMENT), BOSS);
}

static enum err gate_of_relations(struct trying *t)
{
    return try_gate(t, TYPE(LICENCE_GRANTED), MANAGER);
}

/* ---- the same, heard and heard again ---- */

/* What a record of that kind says was decided. */
static enum err hear(struct trying *t, const char *kind, uint32_t type, const void *facts,
                     const lianshu_Subject *subject)
{
    static struct decision decision;
    static struct event_decision events;
    static struct verdict verdict;
    static const uint8_t sha256[HASH_LEN] = {7};
    static lianshu_Document document;
    static lianshu_DecisionRecord then;
    const struct hearing_room room = {&decision, &events, &verdict};
    const struct hearing h = {.rules = t->w->rules,
                              .view = t->view,
                              .calendar = t->w->calendar,
                              .now_ms = noon(20260421),
                              .log_size = 11};
    const struct matter m = {.type = type_find(type),
                             .document = &document,
                             .sha256 = sha256,
                             .facts = facts,
                             .subject = subject};
    document = (lianshu_Document)lianshu_Document_init_zero;
    document.issued_ms = noon(20260421);
    decision.err = events.err = verdict.err = OK;
    snprintf(document.issuers[0].member, sizeof document.issuers[0].member, "%s", ISSUER);
    document.basis_count = 2;
    for (size_t i = 0; i < 2; i++)
        snprintf(document.basis[i], sizeof document.basis[i], "%s", BASIS_R01[i]);
    then = (lianshu_DecisionRecord)lianshu_DecisionRecord_init_zero;
    snprintf(then.kind, sizeof then.kind, "%s", kind);
    snprintf(then.region, sizeof then.region, "445100");
    snprintf(then.member, sizeof then.member, "%s", ISSUER);
    then.known_size = 5;
    const enum err err = hearing_again(&h, &m, &then, &room, &t->record);
    const bool whole = strcmp(t->record.kind, kind) == 0 && t->record.type == type &&
                       t->record.log_size == 11 && t->record.known_size == 5 &&
                       memcmp(t->record.document_sha256, sha256, HASH_LEN) == 0 &&
                       strcmp(t->record.member, ISSUER) == 0;
    const bool named = t->record.kind[0] != '\0' || t->record.member[0] != '\0';
    assert_true(err == OK ? whole : !named);
    t->said = decision.err != OK ? decision.err : events.err != OK ? events.err : verdict.err;
    return err;
}

static enum err hear_order(struct trying *t)
{
    const lianshu_SanctionOrder order = order_r01();
    return hear(t, "order", TYPE(SANCTION_ORDER), &order, &order.subject);
}

static enum err hear_change(struct trying *t)
{
    const lianshu_SanctionChange c = suspension();
    const lianshu_SanctionOrder order = order_r01();
    know_order(t->w, &order);
    return hear(t, "change", TYPE(SANCTION_SUSPEND), &c, &c.subject);
}

static enum err hear_event(struct trying *t)
{
    const union body body = rating_of(GOOD, lianshu_CreditClass_CLASS_TRUSTWORTHY, 0);
    return hear(t, "event", TYPE(CREDIT_RATING), &body, &body.rating.subject);
}

static enum err hear_gate(struct trying *t)
{
    lianshu_Licence licence = lianshu_Licence_init_zero;
    name_subject(&licence.subject, lianshu_SubjectKind_SUBJECT_ENTERPRISE, CLEAN);
    return hear(t, "gate", TYPE(LICENCE_GRANTED), &licence, &licence.subject);
}

static const struct {
    const char *name;
    enum err (*live)(struct trying *t);
    unsigned calls; /* look-ups, at least */
    bool dated;     /* working days are counted */
} lives[] = {
    {"order", new_order, 3, true},
    {"order annulled before", order_annulled_before, 4, true},
    {"correction", corrected_order, 4, true},
    {"change", change, 2, false},
    {"registration", second_company, 5, true},
    {"employment", banned_hired, 2, true},
    {"rating", rating, 2, true},
    {"incentive", offer, 2, true},
    {"gate of persons", gate_of_persons, 3, false},
    {"gate of relations", gate_of_relations, 4, true},
    {"order heard", hear_order, 3, true},
    {"change heard", hear_change, 2, false},
    {"event heard", hear_event, 2, true},
    {"gate heard", hear_gate, 2, false},
};

/* A decision whose nth look-up fails; how many it made. */
static unsigned decide_with_fault(struct world *w, size_t life, unsigned nth, bool late,
                                  struct trying *t)
{
    world_reset(w);
    struct faulty f = {.view = &w->view, .nth = nth, .late = late};
    const struct view view = view_of(&f);
    *t = (struct trying){.w = w, .view = &view};
    const enum err err = lives[life].live(t);
    assert_int_equal(err, nth == 0 ? OK : ERR_IO);
    t->view = NULL;
    return f.calls;
}

static void a_look_up_without_an_answer_decides_nothing(void **state)
{
    static struct trying whole, t;
    struct world *w = *state;
    for (size_t i = 0; i < T_COUNT(lives); i++) {
        const unsigned calls = decide_with_fault(w, i, 0, false, &whole);
        print_message("%s: %u look-ups\n", lives[i].name, calls);
        assert_true(calls >= lives[i].calls);
        assert_int_equal(whole.record.code, whole.said);
        for (unsigned k = 0; k < 2 * calls; k++) {
            (void)decide_with_fault(w, i, k / 2 + 1, k % 2 == 1, &t);
            assert_int_equal(t.owed, 0);
            assert_int_equal(t.record.code, ERR_IO);
        }
        (void)decide_with_fault(w, i, 0, false, &t);
        assert_memory_equal(&t.record, &whole.record, sizeof t.record);
    }
}

static enum err nothing_found(void *ctx, const uint8_t token[static VIEW_TOKEN_LEN], uint32_t date,
                              view_relation_fn *fn, void *arg)
{
    (void)ctx, (void)token, (void)date, (void)fn, (void)arg;
    return ERR_NOT_FOUND;
}

static enum err nothing_stands(void *ctx, const uint8_t token[static VIEW_TOKEN_LEN], uint32_t date,
                               view_restriction_fn *fn, void *arg)
{
    (void)ctx, (void)token, (void)date, (void)fn, (void)arg;
    return ERR_NOT_FOUND;
}

static enum err no_relation(void *ctx, const uint8_t token[static VIEW_TOKEN_LEN], uint32_t date,
                            view_relation_fn *fn, void *arg)
{
    (void)nothing_found(ctx, token, date, fn, arg);
    return OK;
}

static enum err no_restriction(void *ctx, const uint8_t token[static VIEW_TOKEN_LEN], uint32_t date,
                               view_restriction_fn *fn, void *arg)
{
    (void)nothing_stands(ctx, token, date, fn, arg);
    return OK;
}

/* Whether a view says that there is no row or only gives none, is one answer. */
static void nothing_found_is_an_iteration_without_rows(void **state)
{
    static struct trying empty, none;
    struct world *w = *state;
    for (size_t i = 0; i < T_COUNT(lives); i++) {
        print_message("%s\n", lives[i].name);
        for (int k = 0; k < 2; k++) {
            struct trying *t = k == 0 ? &empty : &none;
            struct view view = w->view;
            view.restrictions = nothing_stands;
            view.relations = view.holdings = nothing_found;
            struct view bare = w->view;
            bare.restrictions = no_restriction;
            bare.relations = bare.holdings = no_relation;
            world_reset(w);
            *t = (struct trying){.w = w, .view = k == 0 ? &bare : &view};
            assert_int_equal(lives[i].live(t), OK);
            t->view = NULL;
        }
        assert_memory_equal(&empty.record, &none.record, sizeof none.record);
        assert_int_equal(empty.owed, none.owed);
    }
}

/* A term of working days without a calendar is no term of other days. */
static void without_a_calendar_nothing_is_owed(void **state)
{
    static struct trying t;
    struct world *w = *state;
    struct calendar *calendar = w->calendar;
    for (size_t i = 0; i < T_COUNT(lives); i++) {
        print_message("%s\n", lives[i].name);
        world_reset(w);
        w->calendar = NULL;
        t = (struct trying){.w = w, .view = &w->view};
        const enum err err = lives[i].live(&t);
        w->calendar = calendar;
        assert_int_equal(err != OK ? err : t.said, lives[i].dated ? ERR_TERM : t.said);
        if (lives[i].dated)
            assert_int_equal(t.owed, 0);
        else
            assert_int_not_equal(t.said, ERR_TERM);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_look_up_without_an_answer_decides_nothing),
        CASE(nothing_found_is_an_iteration_without_rows),
        CASE(without_a_calendar_nothing_is_owed),
    };
    return cmocka_run_group_tests_name("view_faults", tests, world_group_open, world_group_close);
}
