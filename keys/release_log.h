/*
 * release_log - a release is an entry of the log of the hub whose officials have signed it, before
 * it is installed anywhere: who takes in a list that nobody else was shown finds no proof for it.
 *
 *   leaf    kind 10 (Admin): event "release", by the hub, document = the list's hash (release.h),
 *           officials = two that suffice
 *   proof   LIST.tlog-proof beside the list (tlog_proof.h)
 *
 * Guarantees:
 *   1. release_proven is OK only for a proof of such a leaf, about this very list and by that hub,
 *      under a checkpoint of a log of that hub, signed by a log key of it that is valid now, with
 *      as many cosignatures as the policy needs.
 *   2. What it says of the list's signatures is nothing: release_open does.
 *
 * Errors: ERR_RELEASE_LOG (443) another list, another kind of entry, or by another hub;
 * ERR_INCLUSION (808) no proof, or not of this tree; ERR_CHECKPOINT (807) another log, or not
 * signed; ERR_WITNESSES (812); of the registry. Offline: it reads what it is given. U-04.
 * Thread rule: no state. PROTOCOL 8.2.
 */
#ifndef KEYS_RELEASE_LOG_H
#define KEYS_RELEASE_LOG_H

#include "keys/cosign.h"
#include "keys/release.h"
#include "log.pb.h"

#define RELEASE_EVENT "release"
#define RELEASE_PROOF ".tlog-proof" /* behind the name of the list */

/* The leaf's body; officials: two key ids. */
void release_entry(lianshu_Admin *out, const char *hub, const uint8_t hash[static HASH_LEN],
                   const uint8_t officials[static 2][KID_LEN]);
/* Is it that, of a release with this hash by this hub? */
bool release_entry_is(const lianshu_Admin *body, const char *hub,
                      const uint8_t hash[static HASH_LEN]);

/* Where it stands, for people. */
struct release_place {
    char origin[NOTE_ORIGIN_MAX + 1];
    uint64_t index;
    unsigned cosigners;
};

/* reader->member: the hub. policy: the witnesses, and how many are needed. */
MUST_USE enum err release_proven(const struct release_reader *reader,
                                 const struct witness_policy *policy, struct span list,
                                 struct span proof, struct release_place *out);

#endif
