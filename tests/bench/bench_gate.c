/* bench_gate [ORDERS [ROUNDS]]: what a gate adds to a message while a million restrictions are in
 * force: the same messages through the real core and store, with the gate and without it, in turn.
 * CPU time of the one thread, the commit included; the wait for the disk is the same for both. */
#include "bench/rounds.h"
#include "core/state.h"
#include "scenario/gatebook.h"
#include "scenario/texts.h"

#include <stdio.h>
#include <stdlib.h>

enum { ORDERS = 200000, MEASURES = 5, ROUNDS = 60, BATCH = 64, PER_COMMIT = 25000 };

static const char *const measures[MEASURES] = {"M01", "M21", "M22", "M23", "M24"};

/* One order with its restrictions, as if it had been imposed long ago. */
static enum err put_order(struct world *w, uint64_t n, const uint8_t token[static STORE_TOKEN_LEN])
{
    static const uint8_t sealed[1] = {1};
    struct order_row order = {
        .seq = 1,
        .version = 1,
        .state = ORDER_ACTIVE,
        .issuer = "market.445100",
        .list = "serious_dishonesty",
        .rule = "R09",
        .changed_by = "market.445100",
        .start_date = 20200101,
        .sealed = span_of(sealed, sizeof sealed),
    };
    memcpy(order.id, &n, sizeof n);
    memcpy(order.subject, token, sizeof order.subject);
    enum err err = order_put(w->store->orders, &order);
    for (size_t i = 0; err == OK && i < MEASURES; i++) {
        struct justification row = {
            .scope = "000000",
            .order_version = 1,
            .rule = "R09",
            .force = lianshu_Force_FORCE_CONSIDER,
            .basis = "SAMR44-15",
            .list = "serious_dishonesty",
            .start_date = 20200101,
            .begun_seq = 1,
        };
        memcpy(row.subject, token, sizeof row.subject);
        memcpy(row.order_id, order.id, sizeof row.order_id);
        memcpy(row.measure, measures[i], strlen(measures[i]) + 1);
        err = restriction_add(w->store->restrictions, &row);
    }
    return err;
}

static void fill(struct world *w, uint64_t orders)
{
    uint8_t token[STORE_TOKEN_LEN];
    assert_int_equal(view_token(w->core, lianshu_SubjectKind_SUBJECT_ENTERPRISE,
                                span_str("91445100DEMA00013Q"), token),
                     OK);
    for (uint64_t n = 0; n < orders; n++) {
        if (n % PER_COMMIT == 0)
            assert_int_equal(store_begin(w->store, w->now_ms), OK);
        if (n > 0) /* the first is against the subject of the messages */
            entropy_fill(&w->entropy, token, sizeof token);
        assert_int_equal(put_order(w, n, token), OK);
        if ((n + 1) % PER_COMMIT == 0 || n + 1 == orders)
            assert_int_equal(store_commit(w->store), OK);
    }
}

static const struct mail honours[] = {
    {.from = "health.445100",
     .type = "honour",
     .to = {"market.445100"},
     .facts = HONOUR_BODY(PUNISHED)},
    {.from = "health.445100",
     .type = "honour",
     .to = {"market.445100"},
     .facts = HONOUR_BODY(CLEAN)},
};

int main(int argc, char **argv)
{
    static const uint8_t seed[ENTROPY_SEED_LEN] = {11};
    const uint64_t orders = argc > 1 ? strtoull(argv[1], NULL, 10) : ORDERS;
    const uint64_t rounds = argc > 2 ? strtoull(argv[2], NULL, 10) : ROUNDS;
    struct world *w = world_new(seed);
    world_hello(w, "health.445100");
    fill(w, orders);
    struct ruleset *without =
        gatebook_open(w, "  - {id: G01, zh: 关口, en: a gate, type: subsidy, look: subject, "
                         "measure: M21, action: flag, basis: BASIC-LIST, mark: D}\n");
    const struct ruleset *sets[] = {without, w->rules};
    static struct rounds us[2][2]; /* mail, gate */
    for (uint64_t round = 0; round < rounds; round++) {
        for (unsigned mail = 0; mail < 2; mail++) {
            for (unsigned gate = 0; gate < 2; gate++) {
                w->core->opt.rules = sets[(gate + round) % 2];
                rounds_add(&us[mail][(gate + round) % 2], rounds_send(w, &honours[mail], BATCH));
            }
        }
    }
    const double restricted = rounds_median(&us[0][1]) - rounds_median(&us[0][0]);
    const double clean = rounds_median(&us[1][1]) - rounds_median(&us[1][0]);
    printf("{\"gate_added_us\": %.2f, \"gate_added_clean_us\": %.2f, \"gate_message_us\": %.2f, "
           "\"gate_restrictions\": %llu}\n",
           restricted, clean, rounds_median(&us[0][0]), (unsigned long long)(orders * MEASURES));
    w->core->opt.rules = w->rules;
    world_free(w);
    ruleset_close(&without);
    return 0;
}
