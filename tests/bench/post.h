/* post - what a department's adapter sends, made as it makes it: what waits goes under one
 * signature of the documents, one of the envelopes and one key agreement; the receipts of what came
 * together go in one frame under one signature. Members are those of the simulated world. Thread
 * rule: one thread. */
#ifndef BENCH_POST_H
#define BENCH_POST_H

#include "scenario/world_inner.h"

enum { POST_MAX = 64 /* under one signature */ };

struct post;

struct post *post_open(struct world *w, const char *member);
void post_close(struct post **p);
/* One document to the hub of the world, with facts in JSON; at most POST_MAX until they are sealed.
 */
void post_add(struct post *p, const char *type, const char *basis, const char *facts);
/* Sign and seal all that was added; how many. The envelopes lie in the world's batch. */
size_t post_seal(struct post *p);
/* The frame of number `index`; the last one empties the post. Borrowed until the next call. */
struct span post_frame(struct post *p, size_t index);

/* Signed receipts `delivered` for these, at most POST_MAX, in one frame. */
void post_receipts(struct world *w, const struct site *site, const struct got *got, size_t count,
                   struct writer *frame);

#endif
