/*
 * lander - one worker beside the loop, for what waits: the disk and the signer.
 *
 *   (idle) ──lander_begin(job)──> (working, in the worker's thread) ──> (done) ──lander_take──>
 * (idle)
 *                                                                        |
 *                                                          lander_fd becomes readable
 *
 * Guarantees:
 *   1. The job runs in the worker's thread, once, and is not touched by anybody else between
 *      lander_begin and the lander_take that says true: no lock, and nothing shared but the job,
 *      which is handed over and handed back.
 *   2. lander_take and lander_begin never wait.
 *   3. lander_close waits for a job that runs; its end is told to nobody.
 *
 * Thread rule: all calls from the thread that opened it. Signals are blocked in the worker.
 */
#ifndef NET_LANDER_H
#define NET_LANDER_H

#include "base/err.h"

#include <stdbool.h>

struct lander;

/* Runs in the worker's thread. */
typedef void lander_fn(void *job);

MUST_USE enum err lander_open(struct lander **out, lander_fn *run);
void lander_close(struct lander **lander);

/* Readable when a job is done. */
int lander_fd(const struct lander *lander);

/* Give the worker its next job, when it has none. */
MUST_USE enum err lander_begin(struct lander *lander, void *job);
/* True, once: the job is done, and the caller's again. */
bool lander_take(struct lander *lander);

#endif
