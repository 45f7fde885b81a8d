/*
 * rulesign - who vouches for a rule set: rules.sig beside its files.
 *
 *   set: national-2026-04
 *   sha256: 64 hex digits                 # ruleset_hash
 *   signatures:
 *     - {member: hub.445100, kid: 32 hex digits, signed_ms: 1774972800000, signature: 128 hex
 * digits}
 *
 *   signed: L("ruleset") ‖ u8|realm| ‖ realm ‖ sha256 ‖ u64 activate_at_ms ‖ u64 signed_ms
 *
 * Guarantees:
 *   1. rulesign_check is OK only when at least `threshold` different keys, each vouched for by
 *      `find` as an official's at the moment of signing, signed this set for this realm; one
 *      signature that does not verify spoils the file, whatever the others are. From two on,
 *      two of them have the roles that roles.h asks for a rule set.
 *   2. *signed_ms is the moment at which the threshold was reached: the notice counts from it.
 *   3. A file that is missing, malformed or for another set is never OK (threshold above 0).
 *
 * Errors: ERR_TWO_OFFICIALS too few; ERR_SIGNATURE; ERR_RULE_SET malformed or of another set; those
 * of `find`; ERR_IO and the like of the file. Bounds: RULESIGN_MAX signatures.
 * Thread rule: no state.
 */
#ifndef POLICY_RULESIGN_H
#define POLICY_RULESIGN_H

#include "policy/ruleset.h"

#include "ident.h"
#include "keys/document.h"

enum { RULESIGN_MAX = 8, RULESIGN_FILE_MAX = 8192 };

#define RULESIGN_FILE "rules.sig"

/* Whose key is this, at that moment? OK, the public key of an official and the role, or why not. */
typedef enum err rulesign_find_fn(void *ctx, const char *member, const uint8_t kid[static KID_LEN],
                                  uint64_t at_ms, uint8_t public_key[static KEY_PUBLIC_LEN],
                                  uint32_t *role);

MUST_USE enum err rulesign_check(const struct ruleset *rs, const char *dir, const char *realm,
                                 unsigned threshold, rulesign_find_fn *find, void *ctx,
                                 uint64_t *signed_ms, struct fault *fault);

/* Add one signature to <dir>/rules.sig, beginning the file if need be. ERR_EXISTS when this key
 * has signed this set; a file for an earlier content of the set is begun anew. */
MUST_USE enum err rulesign_add(const struct ruleset *rs, const char *dir, const char *realm,
                               const char *member, const struct key *key, uint64_t now_ms,
                               struct fault *fault);

/* How many have signed this content; 0 without a file. */
MUST_USE enum err rulesign_count(const struct ruleset *rs, const char *dir, unsigned *count,
                                 struct fault *fault);

#endif
