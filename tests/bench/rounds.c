#include "bench/rounds.h"

#include <stdlib.h>
#include <time.h>

enum { BATCH_MAX = 256 };

static uint64_t clock_ns(clockid_t clock)
{
    struct timespec t;
    (void)clock_gettime(clock, &t); /* always there */
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

uint64_t rounds_cpu_ns(void)
{
    return clock_ns(CLOCK_PROCESS_CPUTIME_ID);
}

uint64_t rounds_wall_ns(void)
{
    return clock_ns(CLOCK_MONOTONIC);
}

static void drain(struct world *w)
{
    struct core_output out;
    while (core_output(w->core, &out))
        continue;
}

double rounds_send(struct world *w, const struct mail *mail, size_t batch)
{
    uint8_t *frame[BATCH_MAX];
    size_t len[BATCH_MAX];
    const uint32_t peer = world_site(w, mail->from)->peer;
    assert_true(batch <= BATCH_MAX);
    w->now_ms += 1000; /* nobody sends more than the hub takes in a second */
    for (size_t i = 0; i < batch; i++) {
        world_make(w, mail, NULL, NULL);
        len[i] = w->frame_len;
        frame[i] = malloc(len[i]);
        memcpy(frame[i], w->frame, len[i]);
    }
    const uint64_t begin = rounds_cpu_ns();
    for (size_t i = 0; i < batch; i++)
        assert_int_equal(core_frame(w->core, peer, span_of(frame[i], len[i]), w->now_ms), OK);
    assert_int_equal(core_commit(w->core, w->now_ms), OK);
    const uint64_t end = rounds_cpu_ns();
    drain(w);
    for (size_t i = 0; i < batch; i++)
        free(frame[i]);
    return (double)(end - begin) / 1000 / (double)batch;
}

void rounds_add(struct rounds *r, double us)
{
    assert_true(r->count < ROUNDS_MAX);
    r->us[r->count++] = us;
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double rounds_share(struct rounds *r, unsigned percent)
{
    qsort(r->us, r->count, sizeof r->us[0], by_value);
    return r->count == 0 ? 0 : r->us[r->count * percent / 100];
}

double rounds_median(struct rounds *r)
{
    return rounds_share(r, 50);
}
