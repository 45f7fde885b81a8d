/* bench_gate [ORDERS [ROUNDS]]: what a gate adds to a message while a million restrictions are in
 * force: the same messages through the real core and store, with the gate and without it, in turn.
 * Each message is about another enterprise, so that nothing of it was looked at just before.
 * CPU time of the one thread, the commit included; the wait for the disk is the same for both. */
#include "bench/rounds.h"
#include "bench/usage.h"
#include "core/state.h"
#include "scenario/acts.h"
#include "scenario/gatebook.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { ORDERS = 200000, MEASURES = 5, ROUNDS = 100, PER_BATCH = 64, PER_COMMIT = 25000 };

#define CLEAN_FROM UINT64_C(50000000)
#define HONOUR                                                                                     \
    "{\"subject\":{\"kind\":\"enterprise\",\"id\":\"91445100DEMA00021K\",\"name\":"                \
    "\"潮州样本药店\",\"region\":\"445103\"},\"title\":\"诚信单位\",\"date\":\"2026-04-01\"}"

static const char *const measures[MEASURES] = {"M01", "M21", "M22", "M23", "M24"};

/* One order with its restrictions, as if it had been imposed long ago. */
static enum err put_order(struct world *w, uint64_t n, const uint8_t token[static STORE_TOKEN_LEN])
{
    struct order_row order = acts_old_order();
    entropy_fill(&w->entropy, order.id, sizeof order.id);
    memcpy(order.id, &n, sizeof n / 2); /* never twice */
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
    char id[ROUNDS_ID_LEN + 1];
    for (uint64_t n = 0; n < orders; n++) {
        if (n % PER_COMMIT == 0)
            assert_int_equal(store_begin(w->store, w->now_ms), OK);
        rounds_enterprise(n, id);
        assert_int_equal(
            names_give(w->core, lianshu_SubjectKind_SUBJECT_ENTERPRISE, span_str(id), token), OK);
        assert_int_equal(put_order(w, n, token), OK);
        if ((n + 1) % PER_COMMIT == 0 || n + 1 == orders)
            assert_int_equal(store_commit(w->store), OK);
    }
}

/* Some enterprises, no two rounds the same. */
static double send(struct world *w, uint64_t orders, bool restricted, uint64_t round)
{
    static const struct mail mail = {
        .from = "health.445100", .type = "honour", .to = {"market.445100"}};
    static char id[PER_BATCH][ROUNDS_ID_LEN + 1];
    struct rounds_facts facts[PER_BATCH];
    for (uint64_t i = 0; i < PER_BATCH; i++) {
        const uint64_t n = (round * PER_BATCH + i) * UINT64_C(7919);
        rounds_enterprise(restricted ? n % orders : CLEAN_FROM + n % CLEAN_FROM, id[i]);
        facts[i] = (struct rounds_facts){HONOUR, id[i]};
    }
    return rounds_send(w, &mail, facts, PER_BATCH);
}

int main(int argc, char **argv)
{
    static const uint8_t seed[ENTROPY_SEED_LEN] = {11};
    const uint64_t orders = argc > 1 ? strtoull(argv[1], NULL, 10) : ORDERS;
    const uint64_t rounds = argc > 2 ? strtoull(argv[2], NULL, 10) : ROUNDS;
    struct world *w = world_new(seed);
    fill(w, orders);
    world_restart(w);
    world_hello(w, "health.445100");
    const struct ruleset *without =
        gatebook_open(w, "  - {id: G01, zh: 关口, en: a gate, type: subsidy, look: subject, "
                         "measure: M21, action: flag, basis: BASIC-LIST, mark: D}\n");
    const struct ruleset *sets[] = {without, w->rules};
    static struct rounds us[2][2]; /* clean or restricted, gate */
    for (uint64_t round = 0; round < rounds; round++) {
        for (unsigned restricted = 0; restricted < 2; restricted++) {
            for (unsigned gate = 0; gate < 2; gate++) {
                const unsigned asked = (gate + round) % 2;
                w->core->opt.rules = sets[asked];
                rounds_add(&us[restricted][asked],
                           send(w, orders, restricted != 0, 2 * round + gate));
            }
        }
    }
    printf("{\"gate_added_us\": %.2f, \"gate_added_clean_us\": %.2f, \"gate_message_us\": %.2f, "
           "\"gate_restrictions\": %llu, \"gate_rss_kib\": %llu}\n",
           rounds_median(&us[1][1]) - rounds_median(&us[1][0]),
           rounds_median(&us[0][1]) - rounds_median(&us[0][0]), rounds_median(&us[0][0]),
           (unsigned long long)(orders * MEASURES), (unsigned long long)usage_of(getpid()).rss_kib);
    w->core->opt.rules = w->rules;
    world_free(w);
    return 0;
}
