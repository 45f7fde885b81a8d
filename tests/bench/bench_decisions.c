/* bench_decisions [COUNT]: records made by the real engine, and all of them made again through the
 * query that `lianshu decision verify` asks. */
#include "bench/rounds.h"
#include "core/state.h"
#include "scenario/acts.h"
#include "scenario/texts.h"

#include <stdio.h>
#include <stdlib.h>

enum { COUNT = 1000000, BATCH = 256, STEP = 128 };

static const struct mail mails[] = {
    {.from = "health.445100",
     .type = "honour",
     .to = {"market.445100"},
     .facts = HONOUR_BODY(PUNISHED)},
    {.from = "health.445100",
     .type = "licence.application",
     .to = {"market.445100"},
     .facts = LICENCE_BODY(CLEAN)},
    {.from = "health.445100",
     .type = "licence.application",
     .to = {"market.445100"},
     .facts = LICENCE_BODY(PUNISHED)},
    {.from = "market.445100",
     .type = "sanction.order",
     .to = {"hub.445100"},
     .facts = ORDER_BODY("3"), /* judged, and refused: the version does not follow */
     .basis = {"DL116", "DL118"}},
};

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
    for (size_t i = 0; world_status(w, "decisions") < count; i++)
        (void)rounds_send(w, &mails[i % T_COUNT(mails)], BATCH);
    const uint64_t made = rounds_wall_ns();
    struct verified v = {0};
    const uint64_t cpu = rounds_cpu_ns();
    verify(w, &v);
    const double cpu_s = (double)(rounds_cpu_ns() - cpu) / 1e9;
    const double wall_s = (double)(rounds_wall_ns() - made) / 1e9;
    printf("{\"decisions_reexecuted_per_s\": %.0f, \"decisions_reexecuted_per_cpu_s\": %.0f, "
           "\"decisions_differing\": %llu, \"decisions_erased_or_apart\": %llu, "
           "\"decisions_checked\": %llu, \"decisions_made_s\": %.1f}\n",
           (double)v.checked / wall_s, (double)v.checked / cpu_s, (unsigned long long)v.differing,
           (unsigned long long)v.apart, (unsigned long long)v.checked,
           (double)(made - began) / 1e9);
    world_free(w);
    return v.differing == 0 ? 0 : 1;
}
