/*
 * sdk_archive - what was sent and received, so that it can be shown later: each frame with the keys
 * of those of its parts that this member may read, sealed under the adapter's storage key.
 *
 *   sealed or opened ──frames_put, in the transaction of its effect──> kept ──keep_days──> gone
 *
 * Frames of neighbouring rows of the outbox (or of the inbox) share a row, with one sealing of
 * their keys. It is the row that the frame is sent from: there is no second copy.
 *
 * Guarantees:
 *   1. What an adapter sent or applied is in its archive from the commit of its effect on, whatever
 *      is killed or loses its power, until its retention is over; what was sealed again under
 *      another id is there under both. Pages of the mirror are not.
 *   2. No key stands there in clear: without the storage key there is nothing but ciphertext.
 *   3. sdk_archive_key gives the key of the one part that is asked for, which opens that part and
 *      nothing else; the sender committed to it in the header.
 *   4. Reading changes nothing, beside a running adapter too.
 *
 * Errors: those of sdk_mirror_open; ERR_NOT_FOUND no such message, or not any more;
 * ERR_NOT_IN_AUDIENCE not a part that this member may read; ERR_CORRUPT.
 * Ownership: what is found is lent until the next look-up. Thread rule: one thread.
 * PROTOCOL.md 4.1 and 16.
 */
#ifndef ADAPTERS_SDK_SDK_ARCHIVE_H
#define ADAPTERS_SDK_SDK_ARCHIVE_H

#include "adapters/sdk/sdk_mirror.h"
#include "keys/seal.h"

struct sdk_archive;

MUST_USE enum err sdk_archive_open(struct sdk_archive **out, const struct sdk_mirror_config *config,
                                   struct fault *fault);
void sdk_archive_close(struct sdk_archive **archive);

struct sdk_archived {
    uint8_t env_id[SDK_ENV_ID_LEN];
    struct span frame; /* LSE1, as it was sent or came */
};
/* By message id; of several senders' the first. */
MUST_USE enum err sdk_archive_find(struct sdk_archive *archive,
                                   const uint8_t message_id[static SDK_ID_LEN],
                                   struct sdk_archived *out);
/* The key of a part of what was found last. */
MUST_USE enum err sdk_archive_key(struct sdk_archive *archive, unsigned part,
                                  uint8_t dek[static SEAL_DEK_LEN]);

#endif
