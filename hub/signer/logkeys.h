/*
 * logkeys - the log key, and the one that takes its place.
 *
 *   key_file alone                 signs
 *   key_file and next_key_file     signs, until valid_from of the next one has come; then that does
 *
 * Guarantees:
 *   1. The next key signs from the moment that the registry gives for it, and not if the registry
 *      does not know it as this hub's log key, or has revoked it, or its time is over.
 *   2. Readers who have that version of the registry verify what either signed: the old key is
 * judged as of its time.
 *   3. The moment is read once: a registry that changes it needs the signer started anew.
 *
 * Errors: those of keyfile_read and registry_read; ERR_KEY_USE, ERR_KEY_FILE not a signer's keys of
 * this hub; ERR_FIELD_MISSING anchor and registry; those of registry_signer for the next key.
 * Ownership: keys are lent until logkeys_close. Thread rule: one thread.
 * PROTOCOL.md 8; deploy/README.md: another log key.
 */
#ifndef SIGNER_LOGKEYS_H
#define SIGNER_LOGKEYS_H

#include "keys/registry.h"
#include "signer/config.h"

struct logkeys {
    struct keyring *ring[2]; /* owned; the second: of the next key, or NULL */
    uint64_t next_from_ms;
};

MUST_USE enum err logkeys_open(struct logkeys *out, const struct signer_config *config,
                               uint64_t now_ms, struct fault *fault);
void logkeys_close(struct logkeys *keys);
/* The one that signs by then. */
const struct key *logkeys_at(const struct logkeys *keys, uint64_t now_ms);

#endif
