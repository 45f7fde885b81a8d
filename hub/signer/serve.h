/*
 * serve - the signer's one conversation: read a request, extend the state, sign, answer.
 *
 * Guarantees:
 *   1. Nothing is signed that state_extend did not accept and persist.
 *   2. A request of the wrong shape, a slow or a dead client costs its connection, nothing else.
 *   3. FATAL errors (the state could not be forced to disk) are answered and then returned: the
 *      process ends.
 *
 * Thread rule: one thread.
 */
#ifndef SIGNER_SERVE_H
#define SIGNER_SERVE_H

#include "signer/logkeys.h"
#include "signer/state.h"

#include <sys/types.h>

enum { SERVE_WAIT_MS = 5000 };

struct signer {
    struct state *state;        /* borrowed */
    const struct logkeys *keys; /* borrowed */
    merkle_hash *leaves;        /* borrowed: room for SIGNER_LEAVES_MAX */
    uint64_t (*now_ms)(void);   /* Unix time: which of the keys signs */
};

/* One request on a connection. ERR_UNREACHABLE: close it. Otherwise the answer was sent; a FATAL
 * error ends the process. */
MUST_USE enum err signer_serve_one(const struct signer *signer, int fd);

/* Serve the listening socket, one client at a time (a new one takes the place of the old), until
 * signal_fd is readable. */
MUST_USE enum err signer_serve(const struct signer *signer, int listener, uid_t client_uid,
                               int signal_fd);

#endif
