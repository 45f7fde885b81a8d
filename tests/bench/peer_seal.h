/*
 * peer_seal - what a client must do for each message to promise through another broker what ours
 * promise: sign it and seal it to its reader; verify it and open it there. With keys/, as an
 * envelope of its own: one signature and one key agreement a message, for there is no batch that a
 * broker would carry together.
 *
 * Guarantee: peer_seal_take answers true only for a message that was signed by its pair's sender,
 * sealed to this reader, and holds the body that was made.
 *
 * Thread rule: a maker or reader belongs to one thread; the place is read by all.
 */
#ifndef BENCH_PEER_SEAL_H
#define BENCH_PEER_SEAL_H

#include "base/span.h"
#include "bench/place.h"

enum { PEER_SEALED_MAX = 4096 };

struct peer_seal;

/* A maker (the sender of that pair) or a reader (its receiver). NULL: keys are missing. */
struct peer_seal *peer_seal_open(const struct place *place, unsigned pair, bool reader);
void peer_seal_close(struct peer_seal **seal);
/* *message is lent until the next call. */
bool peer_seal_make(struct peer_seal *seal, struct span body, struct span *message);
/* ctx: a reader. */
bool peer_seal_take(void *ctx, struct span message);

#endif
