/*
 * signer_client - the hub's end of the signer's socket: one request, one answer.
 *
 * Guarantees:
 *   1. Every call ends within its deadline. A signer that restarts in between is connected to
 *      again and asked again: repeating a request is safe (signer/state.h, guarantee 3).
 *   2. A refusal of the signer comes back as the signer's own code (E803, E804, E806); everything
 *      else, including an answer of the wrong shape, is ERR_SIGNER. Both end the hub.
 *
 * Thread rule: one thread at a time: the loop's at the start and in loop_settle, else the worker's.
 * Calls block (bounded).
 */
#ifndef NET_SIGNER_CLIENT_H
#define NET_SIGNER_CLIENT_H

#include "base/err.h"
#include "base/span.h"

enum {
    SIGNER_WAIT_MS = 10000, /* until it is there, when the hub starts */
    /* Until it answers, later: one that was killed pays for its passphrase again before it does,
     * on a busy machine for many seconds, and meanwhile nothing is lost by waiting. */
    SIGNER_AWAY_MS = 30000,
};

struct signer_client;

MUST_USE enum err signer_client_open(struct signer_client **out, const char *path,
                                     struct fault *fault);
void signer_client_close(struct signer_client **c);

/* The signer's present head, and in *statement that of two officials while a restored log has
 * nothing of its own; else nothing is appended. */
MUST_USE enum err signer_client_head(struct signer_client *c, uint64_t *size,
                                     uint8_t root[static 32], struct writer *statement);

/* Have the tree extended and signed; the checkpoint's text goes to *checkpoint. n may be 0. */
MUST_USE enum err signer_client_sign(struct signer_client *c, uint64_t old_size,
                                     const uint8_t (*leaves)[32], size_t leaf_count,
                                     struct writer *checkpoint);

#endif
