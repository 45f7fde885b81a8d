/*
 * batch_statement - B, the bytes that a batch signature signs; shared by signer and verifier.
 * Internal to keys/. Thread rule: no state.
 */
#ifndef KEYS_BATCH_STATEMENT_H
#define KEYS_BATCH_STATEMENT_H

#include "keys/merkle.h"

enum { BATCH_STATEMENT_MAX = HASH_LABEL_MAX + KID_LEN + 8 + HASH_LEN };

/* B = L("batch") ‖ kid ‖ u64 size ‖ root */
void batch_statement(struct writer *w, const uint8_t kid[static KID_LEN], uint64_t size,
                     const merkle_hash root);

#endif
