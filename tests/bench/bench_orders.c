/* bench_orders [ROUNDS [ORDERS]]: an order that every member of the nation owes, and its end, while
 * other messages flow; and ordinary orders one after another, none when ORDERS is 0. The database
 * lies in $TMPDIR, else in /tmp. */
#include "bench/nation.h"
#include "bench/usage.h"
#include "core/state.h"
#include "scenario/texts.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { ROUNDS = 5, ORDERS = 4000, FLOW_PER_S = 200, FLOW_COUNT = 4000, QUIET_MS = 200 };

#define FINE                                                                                       \
    "{\"subject\":{\"kind\":\"enterprise\",\"id\":\"%s\",\"name\":\"示例公司\",\"region\":"    \
    "\"445102\"},\"order_id\":\"%032llx\",\"version\":1,\"list\":\"penalty_record\","              \
    "\"trigger\":\"penalty_larger_fine\",\"severity\":\"ordinary\",\"decision_body\":"             \
    "\"潮州市市场监督管理局\",\"decision_number\":\"潮市监罚〔2026〕%llu号\","    \
    "\"decision_date\":\"2026-04-01\",\"start_date\":\"2026-04-01\",\"max_date\":\"2026-10-01\","  \
    "\"served_date\":\"2026-04-01\",\"remedy\":\"60日内可申请复议\","                       \
    "\"remedy_deadline_date\":\"2026-05-31\",\"facts_summary\":\"罚款\",\"contact\":\"0768-1\"," \
    "\"act_date\":\"2026-01-15\",\"public_subject\":true}"
#define ANNUL                                                                                      \
    "{\"subject\":{\"kind\":\"enterprise\",\"id\":\"%s\",\"name\":\"示例公司\",\"region\":"    \
    "\"445102\"},\"order_id\":\"%032llx\",\"version\":2,\"decision_body\":"                        \
    "\"潮州市市场监督管理局\",\"decision_number\":\"潮市监撤〔2026〕%llu号\","    \
    "\"decision_date\":\"2026-04-01\",\"reason\":\"原决定撤销\"}"

enum { SUBJECTS = 30 * 30 * 30 * 30 };

/* The n-th code of a synthetic company that passes the check of GB 32100-2015. */
static void subject_of(unsigned n, char out[static USCC_LEN + 1])
{
    static const char digits[] = "0123456789ABCDEFGHJKLMNPQRTUWXY";
    snprintf(out, USCC_LEN + 1, "91445100DEMB%c%c%c%c00", digits[n % 30], digits[n / 30 % 30],
             digits[n / 900 % 30], digits[n / 27000 % 30]);
    for (size_t inner = 0; inner < 31; inner++) {
        for (size_t outer = 0; outer < 31; outer++) {
            bool inner_ok;
            out[USCC_LEN - 2] = digits[inner];
            out[USCC_LEN - 1] = digits[outer];
            if (uscc_check(out, &inner_ok) == OK && inner_ok)
                return;
        }
    }
    fail_msg("no code %u", n);
}

/* What the market has to say, under one signature when it is POST_MAX documents. */
static void feed(struct nation *n, struct post *post)
{
    const size_t count = post_seal(post);
    for (size_t i = 0; i < count; i++)
        nation_feed(n, post_frame(post, i));
}

static void impose(struct post *post, unsigned subject, unsigned long long order)
{
    char code[USCC_LEN + 1];
    char body[2048];
    subject_of(subject % SUBJECTS, code);
    snprintf(body, sizeof body, FINE, code, order, order);
    post_add(post, "sanction.order", "AP48", body);
}

static void annul(struct post *post, unsigned subject, unsigned long long order)
{
    char code[USCC_LEN + 1];
    char body[2048];
    subject_of(subject % SUBJECTS, code);
    snprintf(body, sizeof body, ANNUL, code, order, order);
    post_add(post, "sanction.annul", "AP48", body);
}

static bool expanding(struct nation *n)
{
    struct expansion e;
    return expansion_pending(n->w->store->obligations, 0, &e) == OK;
}

/* Wait until those from `first` to here are delivered; their delays. */
static void take_delays(struct nation *n, size_t first, struct rounds *delays)
{
    const size_t last = n->flow.sent;
    while (n->flow.taken < last)
        nation_turn(n);
    for (size_t i = first; i < last; i++)
        rounds_add(delays, (double)n->flow.message[i].took_ns / 1e3);
}

/* What was due while the bench itself counted or sealed is not late by the hub. */
static void flow_on(struct nation *n)
{
    const uint64_t now = rounds_wall_ns();
    if (n->flow.next_ns < now)
        n->flow.next_ns = now;
}

/* Nothing but other messages: their delays are what the disk and the machine make them. */
static void quiet(struct nation *n, struct rounds *other)
{
    flow_on(n);
    const size_t first = n->flow.sent;
    const uint64_t until = rounds_wall_ns() + (uint64_t)QUIET_MS * 1000000;
    while (rounds_wall_ns() < until)
        nation_turn(n);
    take_delays(n, first, other);
}

/* From the frame at the hub until every obligation is aligned, on disk and under the signed head;
 * microseconds. The delays of other messages that were due meanwhile go to *other. */
static double align(struct nation *n, struct rounds *other, struct rounds *cpu)
{
    flow_on(n);
    const size_t first = n->flow.sent;
    const uint64_t members = n->members_ns;
    const uint64_t began_cpu = rounds_cpu_ns();
    const uint64_t began = rounds_wall_ns();
    uint64_t end = 0;
    while (end == 0 || n->landed < end) {
        nation_turn(n);
        if (end == 0 && n->feed.sent == n->feed.count && !expanding(n) && !n->w->core->work_waiting)
            end = log_size(n->w->store->log);
    }
    const double us = (double)(rounds_wall_ns() - began) / 1e3;
    rounds_add(cpu, (double)(rounds_cpu_ns() - began_cpu - (n->members_ns - members)) / 1e3);
    take_delays(n, first, other);
    return us;
}

static struct obligation_counts {
    uint64_t at[OBLIGATION_STATES];
} counts_of(struct nation *n)
{
    struct obligation_counts counts;
    assert_int_equal(obligation_counts(n->w->store->obligations, NULL, counts.at), OK);
    return counts;
}

static uint64_t live(const struct obligation_counts *c)
{
    return c->at[OBLIGATION_CREATED] + c->at[OBLIGATION_DELIVERED];
}

static void print_nation(const char *key, struct rounds *wall, struct rounds *cpu,
                         struct rounds *other)
{
    printf("\"%s_ms\": %.0f, \"%s_cpu_ms\": %.0f, ", key, rounds_median(wall) / 1e3, key,
           rounds_median(cpu) / 1e3);
    printf("\"%s_other_p50_ms\": %.2f, \"%s_other_p99_ms\": %.2f, \"%s_other_count\": %zu, ", key,
           rounds_share(other, 50) / 1e3, key, rounds_share(other, 99) / 1e3, key, other->count);
}

static void nation(const char *name, uint64_t rounds)
{
    static const uint8_t seed[ENTROPY_SEED_LEN] = {13};
    static struct rounds order_us, order_cpu, order_other, lift_us, lift_cpu, lift_other, still;
    uint64_t turn_ns = 0;
    struct nation *n = nation_open(seed);
    struct ruleset *rules = nation_rules(n->w);
    assert_int_equal(core_rules(n->w->core, rules, n->w->retention, n->w->volume, n->w->calendar),
                     OK);
    struct post *post = post_open(n->w, "market.445100");
    nation_flow(n, FLOW_COUNT, FLOW_PER_S);
    quiet(n, &still);
    for (uint64_t round = 1; round <= rounds; round++) {
        impose(post, 0, round);
        feed(n, post);
        n->turn_max_ns = 0;
        rounds_add(&order_us, align(n, &order_other, &order_cpu));
        turn_ns = n->turn_max_ns > turn_ns ? n->turn_max_ns : turn_ns;
        struct obligation_counts counts = counts_of(n);
        assert_int_equal(live(&counts), nation_members(n));
        quiet(n, &still);
        annul(post, 0, round);
        feed(n, post);
        rounds_add(&lift_us, align(n, &lift_other, &lift_cpu));
        counts = counts_of(n);
        assert_int_equal(live(&counts), 0);
        quiet(n, &still);
    }
    n->flow.stopped = true;
    printf("{\"order_nation_obligations\": %zu, ", nation_members(n));
    print_nation(name, &order_us, &order_cpu, &order_other);
    print_nation("lift_nation", &lift_us, &lift_cpu, &lift_other);
    printf("\"order_none_other_p50_ms\": %.2f, \"order_none_other_p99_ms\": %.2f, ",
           rounds_share(&still, 50) / 1e3, rounds_share(&still, 99) / 1e3);
    printf("\"order_nation_turn_max_ms\": %.2f, ", (double)turn_ns / 1e6);
    printf("\"order_nation_rss_kib\": %llu", (unsigned long long)n->rss_kib);
    const struct ruleset *shipped = n->w->rules;
    n->w->core->opt.rules = shipped;
    post_close(&post);
    nation_close(n);
    ruleset_close(&rules);
}

/* Ordinary orders, each against somebody else, each with its obligation, its restriction and its
 * notice to whoever owes it, which that member takes. `together` of them under one signature. */
static void steady(const char *key, uint64_t orders, unsigned together)
{
    static const uint8_t seed[ENTROPY_SEED_LEN] = {14};
    struct nation *n = nation_open(seed);
    struct post *post = post_open(n->w, "market.445100");
    for (uint64_t i = 0; i < orders; i++) {
        impose(post, (unsigned)i + 1, i + 1);
        if ((i + 1) % together == 0 || i + 1 == orders)
            feed(n, post);
    }
    const uint64_t cpu = rounds_cpu_ns();
    const uint64_t began = rounds_wall_ns();
    const uint64_t members = n->members_ns;
    nation_rest(n);
    const double wall_s = (double)(rounds_wall_ns() - began) / 1e9;
    const double others_s = (double)(n->members_ns - members) / 1e9;
    const double cpu_s = (double)(rounds_cpu_ns() - cpu) / 1e9;
    const struct obligation_counts counts = counts_of(n);
    assert_int_equal(live(&counts), orders);
    assert_int_equal(n->notices, orders);
    printf("\"%s_per_s\": %.0f, \"%s_per_cpu_s\": %.0f, \"%s_whole_s\": %.2f, "
           "\"%s_rss_kib\": %llu",
           key, (double)orders / (wall_s - others_s), key, (double)orders / (cpu_s - others_s), key,
           wall_s, key, (unsigned long long)n->rss_kib);
    post_close(&post);
    nation_close(n);
}

int main(int argc, char **argv)
{
    const uint64_t rounds = argc > 1 ? strtoull(argv[1], NULL, 10) : ROUNDS;
    const uint64_t orders = argc > 2 ? strtoull(argv[2], NULL, 10) : ORDERS;
    nation("order_nation", rounds);
    if (orders > 0) {
        printf(", ");
        steady("orders", orders, POST_MAX);
        printf(", ");
        steady("orders_alone", orders / 4, 1);
    }
    printf("}\n");
    return 0;
}
