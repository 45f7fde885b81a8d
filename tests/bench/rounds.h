/* rounds - messages through the real core in batches, in CPU time of the one thread: what others do
 * on the machine and what the disk makes us wait does not count. Thread rule: one thread. */
#ifndef BENCH_ROUNDS_H
#define BENCH_ROUNDS_H

#include "scenario/world.h"

enum { ROUNDS_MAX = 4096 };

struct rounds {
    size_t count;
    double us[ROUNDS_MAX];
};

uint64_t rounds_cpu_ns(void);
uint64_t rounds_wall_ns(void);
/* Make `batch` envelopes, then give them to the hub and commit; microseconds of each. */
double rounds_send(struct world *w, const struct mail *mail, size_t batch);
void rounds_add(struct rounds *r, double us);
double rounds_median(struct rounds *r);
/* So many in a hundred are at most this. */
double rounds_share(struct rounds *r, unsigned percent);

#endif
