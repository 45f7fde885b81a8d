/* rounds - messages through the real core in batches, in CPU time of the one thread: what others do
 * on the machine and what the disk makes us wait does not count. They are made as an adapter makes
 * what waits: one signature for the documents of a batch, one for its envelopes, one key agreement.
 * Thread rule: one thread. */
#ifndef BENCH_ROUNDS_H
#define BENCH_ROUNDS_H

#include "scenario/world.h"

enum { ROUNDS_MAX = 4096, ROUNDS_BATCH_MAX = 256, ROUNDS_ID_LEN = 18 };

struct rounds {
    size_t count;
    double us[ROUNDS_MAX];
};

uint64_t rounds_cpu_ns(void);
uint64_t rounds_wall_ns(void);
/* The n-th of many enterprises. */
void rounds_enterprise(uint64_t n, char id[static ROUNDS_ID_LEN + 1]);
/* One facts document of a message; the sender and the recipient are of the whole batch. */
struct rounds_facts {
    const char *json;
    const char *enterprise; /* takes the place of its subject's id; NULL: as it is */
};
/* Make `count` envelopes like this mail, then give them to the hub and commit; microseconds of
 * each. */
double rounds_send(struct world *w, const struct mail *mail, const struct rounds_facts *facts,
                   size_t count);
void rounds_add(struct rounds *r, double us);
double rounds_median(struct rounds *r);
/* So many in a hundred are at most this. */
double rounds_share(struct rounds *r, unsigned percent);

#endif
