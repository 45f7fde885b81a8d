#include "scenario/casehubs.h"

#include "base/clock.h"
#include "core/state.h"

#include <stdlib.h>

const struct work WORK_ASKED = {.from = CASE_ASKS,
                                .to = {CASE_GIVES},
                                .type = "assist.request",
                                .transition = "A02",
                                .outcome = "case",
                                .owner = CASE_GIVES,
                                .papers = "\"D29\""};
const struct work WORK_ACCEPTED = {.from = CASE_GIVES,
                                   .to = {CASE_ASKS},
                                   .type = "assist.accept",
                                   .transition = "A04",
                                   .outcome = "accepted",
                                   .owner = CASE_GIVES};
const struct work WORK_REPLIED = {.from = CASE_GIVES,
                                  .to = {CASE_ASKS},
                                  .type = "assist.reply",
                                  .transition = "A06",
                                  .owner = CASE_ASKS,
                                  .papers = "\"D30\""};
const struct work WORK_WITHDRAWN = {.from = CASE_ASKS,
                                    .to = {CASE_GIVES},
                                    .type = "assist.close",
                                    .transition = "A08",
                                    .outcome = "withdrawn"};
const struct work WORK_REPORTED = {.from = CASE_GIVES,
                                   .to = {CASE_ASKS},
                                   .type = "case.result",
                                   .transition = "S02",
                                   .outcome = "reported",
                                   .owner = CASE_GIVES,
                                   .papers = "\"D27\""};

int casehubs_tree(void **state)
{
    static const struct realm_hub plan[] = {{.region = "000000"}, {.region = "440000"},
                                            {.region = "445100"}, {.region = "445200"},
                                            {.region = "220000"}, {.region = "220100"}};
    *state = realm_new(plan, T_COUNT(plan));
    return 0;
}

int casehubs_end(void **state)
{
    realm_free(*state);
    return 0;
}

void casehubs_take(struct realm *r, const struct work *step)
{
    struct world *home = realm_home(r, step->from);
    const struct mail mail = work_mail(home, step);
    const struct sent sent = realm_send(r, &mail);
    const uint32_t code = world_code(home, step->from, sent.env_id);
    print_message("%s by %s: %u\n", step->transition, step->from, code);
    assert_int_equal(code, 0);
}

void casehubs_settle(struct realm *r)
{
    realm_live(r, MINUTE_MS, 10 * SECOND_MS);
}

char *casehubs_card(struct realm *r, const char *region)
{
    char *text = NULL;
    size_t len;
    struct json *card = work_card(realm_world(r, region));
    assert_int_equal(json_print(card, false, &text, &len), OK);
    json_close(&card);
    return text;
}

size_t casehubs_steps(struct realm *r, const char *region)
{
    struct json *card = work_card(realm_world(r, region));
    const size_t count = json_count(json_get(card, "steps"));
    json_close(&card);
    return count;
}

void casehubs_same(struct realm *r, const char *one, const char *other, size_t steps)
{
    char *a = casehubs_card(r, one);
    char *b = casehubs_card(r, other);
    assert_int_equal(casehubs_steps(r, other), steps);
    assert_string_equal(a, b);
    free(a);
    free(b);
}

void casehubs_lose_papers(struct realm *r, const char *region)
{
    static const char *const sql[] = {"DELETE FROM case_paper"};
    struct core *core = realm_world(r, region)->core;
    struct stmt *q[1];
    struct fault fault = {0};
    assert_int_equal(core_begin(core), OK);
    assert_int_equal(db_prepare(core->store->db, sql, 1, q, &fault), OK);
    assert_int_equal(stmt_run(q[0]), OK);
}
