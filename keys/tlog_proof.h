/*
 * tlog_proof - the proof that one entry is in a log, as a file: C2SP tlog-proof.
 *
 *   c2sp.org/tlog-proof@v1\n
 *   extra base64(leaf)\n
 *   index N\n
 *   base64(32 bytes)\n …          the path of RFC 6962
 *   \n
 *   the signed checkpoint, with its cosignatures
 *
 * Guarantees:
 *   1. What tlog_proof_read takes, tlog_proof_write writes, byte for byte; anything else is
 *      ERR_INCLUSION, and *out is then not to be used.
 *   2. Reading says nothing of the truth of it: note and path are to be verified (receipt.h,
 *      merkle.h; whole for a release: release_log.h).
 *
 * Bounds: TLOG_PROOF_MAX bytes of a file. Thread rule: plain values. PROTOCOL 8.2.
 */
#ifndef KEYS_TLOG_PROOF_H
#define KEYS_TLOG_PROOF_H

#include "keys/receipt.h"

enum { TLOG_PROOF_MAX = 128 << 10 };

struct tlog_proof {
    uint64_t index;
    size_t count;
    merkle_hash path[MERKLE_PATH_MAX];
    struct span note; /* borrowed of the file */
    size_t leaf_len;
    uint8_t leaf[LOG_LEAF_MAX];
};

/* Append the file. ERR_TOO_LARGE. */
MUST_USE enum err tlog_proof_write(struct writer *w, struct span leaf, uint64_t index,
                                   const merkle_hash *path, size_t count, struct span note);
MUST_USE enum err tlog_proof_read(struct tlog_proof *out, struct span file);

/* The leaf is at its index in this tree. ERR_INCLUSION. */
MUST_USE enum err tlog_proof_verify(const struct tlog_proof *proof,
                                    const struct checkpoint *checkpoint);

#endif
