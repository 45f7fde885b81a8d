/* bench_decisions [COUNT]: records made by the real engine, and all of them made again through the
 * query that `lianshu decision verify` asks. */
#include "bench/rounds.h"
#include "bench/usage.h"
#include "core/state.h"
#include "scenario/acts.h"
#include "scenario/texts.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { COUNT = 1000000, PER_BATCH = 256, STEP = 128, PROGRESS = 65536 };

/* A gate that passes what a restriction that is there does not concern, gates that find nothing and
 * gates that refuse, and orders that are judged and refused: the version does not follow. */
static const struct {
    struct mail mail;
    const char *json;
    unsigned share; /* batches in a turn */
} kinds[] = {
    {{.from = "health.445100", .type = "honour", .to = {"market.445100"}},
     HONOUR_BODY(PUNISHED),
     2},
    {{.from = "health.445100", .type = "licence.application", .to = {"market.445100"}},
     LICENCE_BODY(CLEAN),
     3},
    {{.from = "health.445100", .type = "licence.application", .to = {"market.445100"}},
     LICENCE_BODY(PUNISHED),
     2},
    {{.from = "market.445100",
      .type = "sanction.order",
      .to = {"hub.445100"},
      .basis = {"DL116", "DL118"}},
     ORDER_BODY("3"),
     1},
};

/* Every kind in its turn until there are enough. */
static void make(struct world *w, uint64_t count)
{
    struct rounds_facts facts[PER_BATCH];
    uint64_t shown = 0;
    for (uint64_t made = 0; made < count;) {
        for (size_t k = 0; k < T_COUNT(kinds); k++) {
            for (size_t i = 0; i < PER_BATCH; i++)
                facts[i] = (struct rounds_facts){kinds[k].json, NULL};
            for (unsigned i = 0; i < kinds[k].share; i++)
                (void)rounds_send(w, &kinds[k].mail, facts, PER_BATCH);
        }
        made = world_status(w, "decisions");
        if (isatty(STDERR_FILENO) && made / PROGRESS > shown) {
            shown = made / PROGRESS;
            fprintf(stderr, "\r%llu / %llu", (unsigned long long)made, (unsigned long long)count);
        }
    }
}

static uint64_t number_of(const struct json *answer, const char *key)
{
    uint64_t value = UINT64_MAX;
    assert_true(json_uint(json_get(answer, key), &value));
    return value;
}

struct verified {
    uint64_t checked, differing, apart;
};

static void verify(struct world *w, struct verified *v)
{
    static uint8_t room[CORE_QUERY_BYTES];
    uint64_t next = 0;
    for (bool end = false; !end;) {
        char request[96];
        struct json *answer = NULL;
        struct writer out = writer_of(room, sizeof room);
        snprintf(request, sizeof request,
                 "{\"cmd\":\"decision.verify\",\"since\":%llu,\"count\":%d}",
                 (unsigned long long)next, STEP);
        assert_int_equal(core_query(w->core, span_str(request), w->now_ms, &out), OK);
        assert_int_equal(json_parse(&answer, writer_span(&out), "answer", NULL), OK);
        const uint64_t checked = number_of(answer, "checked");
        v->checked += checked;
        v->differing += number_of(answer, "differing");
        v->apart += number_of(answer, "erased") + number_of(answer, "other_rules");
        next = number_of(answer, "next");
        end = checked < STEP;
        json_close(&answer);
    }
}

int main(int argc, char **argv)
{
    static const uint8_t seed[ENTROPY_SEED_LEN] = {12};
    const uint64_t count = argc > 1 ? strtoull(argv[1], NULL, 10) : COUNT;
    struct world *w = world_new(seed);
    acts_connect(w);
    acts_order(w, NULL);
    const uint64_t began = rounds_wall_ns();
    world_leave(w, "market.445100"); /* what waits is not taken; only the decisions matter */
    w->limits.backlog_rows_max = w->limits.sender_rows_max = UINT64_MAX >> 1;
    w->limits.backlog_bytes_max = w->limits.sender_bytes_max = UINT64_MAX >> 1;
    world_restart(w);
    world_hello(w, "health.445100");
    make(w, count);
    const uint64_t made = rounds_wall_ns();
    struct verified v = {0};
    const uint64_t cpu = rounds_cpu_ns();
    verify(w, &v);
    const double cpu_s = (double)(rounds_cpu_ns() - cpu) / 1e9;
    const double wall_s = (double)(rounds_wall_ns() - made) / 1e9;
    printf(
        "{\"decisions_reexecuted_per_s\": %.0f, \"decisions_reexecuted_per_cpu_s\": %.0f, "
        "\"decisions_differing\": %llu, \"decisions_erased_or_apart\": %llu, "
        "\"decisions_checked\": %llu, \"decisions_made_s\": %.1f, \"decisions_rss_kib\": %llu}\n",
        (double)v.checked / wall_s, (double)v.checked / cpu_s, (unsigned long long)v.differing,
        (unsigned long long)v.apart, (unsigned long long)v.checked, (double)(made - began) / 1e9,
        (unsigned long long)usage_of(getpid()).rss_kib);
    world_free(w);
    return v.differing == 0 ? 0 : 1;
}
