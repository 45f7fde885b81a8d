/*
 * log_readers - the logs of several hubs, as one who reads them knows them: for receipts and
 * statements that come on from hubs further away.
 *
 * Guarantees:
 *   1. What log_readers_receipt takes was said by the hub that its Q names and stands in that
 *      hub's log: the checkpoint is signed by a log key that the registry gives this very hub.
 *   2. The key must be good now, or have been at the time of the statement: what was on its way
 *      while the key was changed stays proven.
 *   3. At most LOG_READERS logs are remembered, those used last; one that is not is read anew.
 *
 * Errors: ERR_MEMBER_UNKNOWN (the hub is not in the registry), and those of receipt.h.
 * Ownership: the caller owns the readers; a reader lent by log_readers_of is good until the next
 * call.
 * Thread rule: one thread at a time. PROTOCOL.md 3.4, 8.
 */
#ifndef KEYS_LOG_READERS_H
#define KEYS_LOG_READERS_H

#include "keys/receipt.h"

enum { LOG_READERS = 8 };

struct log_readers;

MUST_USE enum err log_readers_open(struct log_readers **out);
void log_readers_close(struct log_readers **readers);

/* The reader of this hub's log under this registry, its keys judged as of at_ms. */
struct log_reader *log_readers_of(struct log_readers *readers, const struct registry *registry,
                                  const char *hub, uint64_t at_ms);

/* Verify a receipt of the hub that it names; path: hashes. */
MUST_USE enum err log_readers_receipt(struct log_readers *readers, const struct registry *registry,
                                      uint64_t now_ms, struct span q, struct span path,
                                      struct span checkpoint, lianshu_Receipt *out);

#endif
