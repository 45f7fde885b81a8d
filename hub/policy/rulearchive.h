/*
 * rulearchive - every rule set that this hub ever used, by its hash: a decision can be made again
 * by the rules that it names, however many sets came after them.
 *
 *   <dir>/<64 hex of the hash>/NAME.yaml   the files that the hash is over, byte by byte
 *
 * Guarantees:
 *   1. archive_find answers a set only when the files there have that very hash: what was changed
 * or lost counts as missing (ERR_RULE_ARCHIVE, E613, where somebody asks for it).
 *   2. archive_keep returns OK only when the set is there, on disk, and loads; a kill on the way is
 *      made good by the next call. Nothing is ever removed.
 *   3. Signatures are not kept: they were checked before the set was used, and the hash in the
 * log's `rules` leaves says which sets those were.
 *
 * Ownership: a found set is lent until the next archive_find, archive_keep or archive_close.
 * Bounds: ARCHIVE_OPEN_MAX sets are held open. Thread rule: one thread.
 */
#ifndef POLICY_RULEARCHIVE_H
#define POLICY_RULEARCHIVE_H

#include "policy/ruleset.h"

enum { ARCHIVE_OPEN_MAX = 8, ARCHIVE_DIR_MAX = 1024 };

struct rulearchive;

/* dir is made when missing (0700). ERR_FIELD_LONG, ERR_PERMISSION, ERR_NO_MEMORY. */
MUST_USE enum err archive_open(struct rulearchive **out, const char *dir, struct fault *fault);
void archive_close(struct rulearchive **archive);

/* Keep the set that was loaded from set_dir. ERR_RULE_SET: the files have changed since. */
MUST_USE enum err archive_keep(struct rulearchive *archive, const char *set_dir,
                               const struct ruleset *set, struct fault *fault);

/* NULL: not here, or not as it was. */
const struct ruleset *archive_find(struct rulearchive *archive,
                                   const uint8_t hash[static RULESET_HASH_LEN]);

#endif
