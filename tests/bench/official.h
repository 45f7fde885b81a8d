/*
 * official - market.445100 of the bench realm: one sanction order, and its annulment, which goes
 * to the hub in lane repair and reaches the obliged members as notices that their duty ends.
 *
 * The subject is made up. Thread rule: the senders' thread.
 */
#ifndef BENCH_OFFICIAL_H
#define BENCH_OFFICIAL_H

#include "bench/bench.h"

struct official;

MUST_USE enum err official_open(struct official **out, struct bench *b);
void official_close(struct official **o);
/* Greet, send when the plan's moment has come, acknowledge. */
MUST_USE enum err official_turn(struct official *o, uint64_t now_ms);
void *official_zmq(struct official *o);

#endif
