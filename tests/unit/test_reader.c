/* Checks the promises in policy/reader.h: how much of a view is read, and what of it is noted. */
#include "policy/reader.h"
#include "policy_world.h"

#include "document.pb.h"

/* How many rows an iteration of the view below gives. */
static size_t rows_given;

static enum err many_people(void *ctx, const uint8_t token[static VIEW_TOKEN_LEN], uint32_t date,
                            view_relation_fn *fn, void *arg)
{
    const struct view_relation row = {.role = *(const lianshu_Role *)ctx};
    (void)token, (void)date;
    for (size_t i = 0; i < rows_given && fn(arg, &row); i++)
        ;
    return OK;
}

static enum err many_restrictions(void *ctx, const uint8_t token[static VIEW_TOKEN_LEN],
                                  uint32_t date, view_restriction_fn *fn, void *arg)
{
    const struct view_restriction row = {.measure = "M99", .scope = "000000"};
    (void)ctx, (void)token, (void)date;
    for (size_t i = 0; i < rows_given && fn(arg, &row); i++)
        ;
    return OK;
}

static bool count_restriction(void *arg, const struct view_restriction *row)
{
    (void)row;
    ++*(size_t *)arg;
    return true;
}

static bool count_relation(void *arg, const struct view_relation *row)
{
    (void)row;
    ++*(size_t *)arg;
    return true;
}

/* reader.h, promise 2 */
static void an_iteration_gives_as_many_rows_as_are_read(void **state)
{
    static const uint8_t token[VIEW_TOKEN_LEN] = {1};
    lianshu_Role role = lianshu_Role_ROLE_PRINCIPAL;
    const struct view view = {.ctx = &role,
                              .restrictions = many_restrictions,
                              .relations = many_people,
                              .holdings = many_people};
    (void)state;
    for (int more = 0; more <= 1; more++) {
        const enum err want = more ? ERR_TOO_LARGE : OK;
        struct reader r;
        size_t seen[3] = {0};
        rows_given = VIEW_ROWS_MAX + (size_t)more;
        reader_init(&r, &view);
        assert_int_equal(reader_restrictions(&r, token, 1, count_restriction, &seen[0]), want);
        assert_int_equal(reader_relations(&r, token, 1, count_relation, &seen[1]), want);
        assert_int_equal(reader_holdings(&r, token, 1, count_relation, &seen[2]), want);
        for (size_t i = 0; i < T_COUNT(seen); i++)
            assert_int_equal(seen[i], VIEW_ROWS_MAX);
    }
}

static enum err relations_of(void *ctx, const uint8_t token[static VIEW_TOKEN_LEN], uint32_t date,
                             view_relation_fn *fn, void *arg)
{
    lianshu_Role role = lianshu_Role_ROLE_PRINCIPAL;
    (void)ctx;
    return many_people(&role, token, date, fn, arg);
}

/* Of more people than a gate looks at nobody is left out silently. */
static void a_gate_that_cannot_look_at_everybody_is_shut(void **state)
{
    enum { PEOPLE_MAX = 64 };
    struct world *w = *state;
    lianshu_Subject subject = {.kind = lianshu_SubjectKind_SUBJECT_ENTERPRISE, .id = CLEAN};
    const struct gate_message message = {.type = lianshu_DocumentType_TYPE_LICENCE_GRANTED,
                                         .subject = &subject,
                                         .region = "445100",
                                         .now_ms = noon(20260501),
                                         .calendar = w->calendar};
    for (int more = 0; more <= 1; more++) {
        struct verdict v;
        struct view view = w->view;
        view.relations = relations_of;
        rows_given = PEOPLE_MAX + (size_t)more;
        assert_int_equal(gate_check(w->rules, &view, &message, &v, NULL),
                         more ? ERR_TOO_LARGE : OK);
        assert_int_equal(v.err, more ? ERR_TOO_LARGE : OK);
        assert_int_equal(v.action, more ? GATE_REFUSE : GATE_PASS);
    }
}

#define CASE(fn) cmocka_unit_test_setup(fn, world_setup)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(an_iteration_gives_as_many_rows_as_are_read),
        CASE(a_gate_that_cannot_look_at_everybody_is_shut),
    };
    return cmocka_run_group_tests_name("reader", tests, world_group_open, world_group_close);
}
