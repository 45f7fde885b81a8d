/*
 * sdk_rekey - everything that an adapter's state holds sealed, under another storage key.
 *
 *   old key ──lianshu adapter rekey: a new key beside it──> both ──sdk_rekey──> new key alone
 *
 * Guarantees:
 *   1. The adapter is stopped: of one that runs ERR_BUSY_ELSEWHERE, and nothing changes.
 *   2. When it returns OK nothing is sealed under another storage key of the ring than its newest.
 *   3. It goes in bounded transactions: killed at any moment, with both keys in the ring it is
 *      simply called again. A value that no key of the ring opens is ERR_CORRUPT, and stays.
 *
 * The keys of files that may be sent again to the same readers are forgotten: what names them
 * follows from the old key. Such a file is sealed and sent as a new one.
 *
 * Errors: those of db_open; ERR_KEY_FILE no storage key. Thread rule: no state.
 */
#ifndef ADAPTERS_SDK_SDK_REKEY_H
#define ADAPTERS_SDK_SDK_REKEY_H

#include "keys/key.h"

MUST_USE enum err sdk_rekey(const char *state_dir, const struct keyring *keys,
                            const struct entropy *entropy, uint64_t *count, struct fault *fault);

#endif
