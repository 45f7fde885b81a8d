/*
 * restored - the statement of two officials that their hub was set back to a copy, and the entry
 * with which its next log begins to be one of its own. PROTOCOL 8.3.
 *
 *   log n     0 … S-1 | S …          lost with the disk from S on
 *   log n+1   0 … S-1 | LOG_RESTORED | …
 *                 the copy's entries   what the old log's signer had signed last, and who says so
 *
 * Guarantees:
 *   1. restored_read is OK only for an official.act of verb OFFICIAL_RESTORED about this hub, with
 *      an end, signed by two of its officials whose roles suffice, with keys that were good when
 *      it was issued.
 *   2. The entry follows from the statement alone, its time too, so that the signer knows the one
 *      hash which may come at S.
 *
 * Errors: those of frames, documents and keys; ERR_REALM, ERR_TYPE_UNKNOWN, ERR_OTHER_HUB,
 * ERR_TWO_OFFICIALS, ERR_HEADER, ERR_LIFE; restored_timely: ERR_FUTURE, ERR_EXPIRED.
 * Thread rule: that of the verifier.
 */
#ifndef KEYS_RESTORED_H
#define KEYS_RESTORED_H

#include "document.pb.h"
#include "keys/receipt.h"
#include "log.pb.h"

enum {
    RESTORED_OFFICIALS = 2,
    RESTORED_MAX = 1536, /* bytes of a statement */
};

struct restored {
    char realm[REALM_LEN_MAX + 1];
    char hub[MEMBER_MAX + 1];
    uint32_t log_number; /* of the log that begins, above 1 */
    uint64_t size;       /* of the copy, above 0 */
    merkle_hash root;
    uint64_t signed_size; /* of the old log */
    merkle_hash signed_root;
    uint64_t issued_ms;
    uint64_t valid_until_ms;
    uint8_t challenge[16]; /* of a signer that has lost its state; zeros: it has it */
    uint8_t document[HASH_LEN];
    uint8_t kid[RESTORED_OFFICIALS][KID_LEN];
};

struct restored_reader {
    const struct registry *registry;
    const char *realm;
    const char *hub;
    struct verifier *verifier;
};

MUST_USE enum err restored_read(const struct restored_reader *reader, struct span lsd1,
                                struct restored *out);
/* Is this its time? */
MUST_USE enum err restored_timely(const struct restored *r, uint64_t now_ms);

/* The body of the entry of kind LOG_RESTORED, appended, and the hash of the leaf with it, whose
 * time is issued_ms. */
MUST_USE enum err restored_leaf(const struct restored *r, struct writer *body, merkle_hash leaf);

#endif
