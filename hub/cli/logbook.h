/*
 * logbook - what makes an exported log believable: the log's key and the witnesses by the registry,
 * the cosigned checkpoints and time stamps that bound the times its entries claim.
 *
 *   DIR/checkpoints/<size>           a cosigned checkpoint, kept by each export
 *   DIR/checkpoints/<size>.stamped   a checkpoint as it was stamped, .tsq the request, .tsr the
 * answer
 *
 * A cosigned checkpoint of n entries, dated t: entry i < n was there at t, so it claims no later
 * time; entry i >= n was not, so it claims no time before t, but for LOGBOOK_SLACK_MS. A statement
 * (kind 2) repeats a time of before and has no lower bound. A time stamp is an upper bound alone.
 *
 * Guarantees:
 *   1. logbook_note is OK only for a checkpoint of the log of the hub that its origin names, signed
 * by a log key of that hub, with as many cosignatures as --needed asks for (E812).
 *   2. logbook_verify is tiles_verify, the same for the checkpoint, and every bound (E809 with the
 *      entry's index); kept checkpoints that are of no prefix are E803.
 *
 * Options: --anchor, --registry; --policy or --needed; --roots for time stamps. Thread rule: none.
 */
#ifndef CLI_LOGBOOK_H
#define CLI_LOGBOOK_H

#include "cli/cli.h"
#include "cli/tiles.h"
#include "keys/cosign.h"
#include "keys/stamp.h"

enum { LOGBOOK_SLACK_MS = 120 * 1000, LOGBOOK_KEPT_MAX = 65536 };

/* The policy that --policy and --needed say; *given: the witnesses stand in it, else they are those
 * of the registry (cosign_policy). */
MUST_USE enum err logbook_policy(const struct args *args, struct witness_policy *policy,
                                 bool *given, struct fault *fault);

struct logbook;

MUST_USE enum err logbook_open(struct logbook **out, const struct cli *cli, struct fault *fault);
void logbook_close(struct logbook **book);

struct logbook_result {
    struct checkpoint checkpoint;
    unsigned cosigners;
    unsigned needed;
    size_t bounds; /* cosigned checkpoints that bound times */
    size_t stamps;
};
MUST_USE enum err logbook_note(struct logbook *book, struct span note, struct logbook_result *out,
                               struct fault *fault);
MUST_USE enum err logbook_verify(struct logbook *book, const char *dir, struct logbook_result *out,
                                 struct fault *fault);

/* "DIR/checkpoints/<size><end>" */
void logbook_name(char out[static TILES_PATH_MAX], const char *dir, uint64_t size, const char *end);
MUST_USE enum err logbook_keep(const char *dir, uint64_t size, const char *end, struct span data,
                               struct fault *fault);
/* Verify an answer to the request of that size (UINT64_MAX: of the newest checkpoint) and keep it.
 */
MUST_USE enum err logbook_stamp(const char *dir, uint64_t *size, const char *answer,
                                const char *roots, struct stamp *out, struct fault *fault);

#endif
