/*
 * renewal - a restored hub's new log begins (PROTOCOL 8.3).
 *
 * Guarantee: the database is the copy that two officials of this hub have named (ERR_LOG_FORK), and
 * before anything else is accepted the entry that follows from their statement stands in the log,
 * signed. Once: interrupted, it goes on with what is there.
 * Thread rule: that of the core, at its opening.
 */
#ifndef CORE_RENEWAL_H
#define CORE_RENEWAL_H

#include "base/err.h"
#include "base/span.h"

struct core;

/* statement: what the signer holds for us, until the new log has an entry of its own. */
MUST_USE enum err renewal_begin(struct core *core, struct span statement, struct fault *fault);

#endif
