/*
 * mirror_in - pages of the mirror as they come: judged against what is here, and kept.
 *
 *   page 1 ─> … ─> last page: the snapshot is whole, and in force from this commit on
 *                  │ increment: one or more pages, the last of which puts them in force
 *
 * Guarantees:
 *   1. A page is kept only if it is the next one of its generation, chained to the page before,
 *      made for this adapter, plausible and not expired, and its counts and its head are right.
 *   2. What is in force changes with a page marked `last` alone, in the transaction of its message.
 *   3. A refusal changes nothing: E620 older than what was seen, E621 expired, E622 implausible,
 *      E623 a page is missing, or from another snapshot, or altered, E624 another page in the place
 *      of one that is here, E630 without its key or with one too many, E316 another member's or
 * adapter's, E220 a row that is none.
 *   4. The key of a generation is kept sealed under the adapter's storage key, and nowhere else.
 *
 * Thread rule: that of the db. PROTOCOL: mirror.
 */
#ifndef ADAPTERS_SDK_MIRROR_IN_H
#define ADAPTERS_SDK_MIRROR_IN_H

#include "keys/entropy.h"
#include "keys/key.h"
#include "keys/mirror.h"
#include "store/db.h"

struct mirror_in;

struct mirror_in_options {
    struct db *db;             /* adapter-001.sql */
    const char *member;        /* borrowed, as all */
    const struct key *storage; /* NULL: no mirror can be kept (ERR_KEY_FILE) */
    const struct entropy *entropy;
    uint8_t adapter[MIRROR_ADAPTER_LEN]; /* of the kid of the own transport key */
};

MUST_USE enum err mirror_in_open(struct mirror_in **out, const struct mirror_in_options *options,
                                 struct fault *fault);
void mirror_in_close(struct mirror_in **in);

/* A canonical MirrorUpdate of the own hub, inside a transaction. */
MUST_USE enum err mirror_take(struct mirror_in *in, struct span body, uint64_t accepted_ms,
                              uint64_t now_ms);
/* Forget everything: nothing is known until the next snapshot is whole. In a transaction of the
 * caller's. */
MUST_USE enum err mirror_forget(struct mirror_in *in);
/* Forget some pages of generations that are no more; a bounded step in a transaction of the
 * caller's. *more: there are others. */
MUST_USE enum err mirror_trim(struct mirror_in *in, bool *more);

#endif
