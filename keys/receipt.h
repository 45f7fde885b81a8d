/*
 * receipt - proven statements about envelopes. PROTOCOL: receipts, log.
 *
 *   a member's receipt   Q ‖ S          E = L("receipt") ‖ SHA-256(Q), batch-signed
 *   a hub's receipt      Q ‖ path       leaf kind 1 at index Q.log_index under a checkpoint
 *   a hub's statement    V ‖ path       leaf kind 2 at index V.log_index under a checkpoint
 *
 * Guarantees:
 *   1. OK only if the statement is canonical, of this realm, and proven by the party in `by`
 *      (a member) or by the log of the hub whose checkpoint it comes with.
 *   2. A log leaf is L("log") ‖ u8 kind ‖ u64 time_ms ‖ u16|body| ‖ body, and its hash is the
 *      RFC 6962 leaf hash of that.
 *
 * Errors: ERR_REALM, ERR_RECEIPT_BY (521), ERR_CHECKPOINT, ERR_INCLUSION, of decoding, of
 * verifier_check. Thread rule: that of the verifier.
 */
#ifndef KEYS_RECEIPT_H
#define KEYS_RECEIPT_H

#include "keys/log_path.h"
#include "keys/note.h"
#include "keys/registry.h"
#include "wire.pb.h"

enum {
    LOG_BODY_MAX = 0xff00,
    LOG_LEAF_MAX = 0xffff, /* an entry of a bundle, C2SP tlog-tiles */
};

enum log_kind {
    LOG_RECEIPT = 1,
    LOG_STATEMENT = 2,
    LOG_MEMBER_RECEIPT = 3,
    LOG_DECISION = 4,
    LOG_ORDER_STATE = 5,
    LOG_OBLIGATION_STATE = 6,
    LOG_REFUSALS = 7,
    LOG_EQUIVOCATION = 8,
    LOG_REGISTRY = 9,
    LOG_ADMIN = 10,
    LOG_OTHER_RECEIPT = 11, /* of another hub; its proof is kept beside it */
    LOG_RESTORED = 12,      /* the first entry that a restored hub's new log has of its own */
    LOG_FORK_EVIDENCE = 13, /* two checkpoints of another log that do not fit */
    LOG_NUMBER_TWICE = 14,  /* two documents of one issuer under one number */
    LOG_UNUSUAL = 15,       /* a member did far more in a day than it is used to */
};

/* ERR_TOO_LARGE when the body is longer than LOG_BODY_MAX. */
MUST_USE enum err log_leaf(merkle_hash out, enum log_kind kind, uint64_t time_ms, struct span body);
/* Append its bytes, of which log_leaf gives the hash. And back: ERR_LOG_ENTRY when they are none.
 */
MUST_USE enum err log_leaf_write(struct writer *w, enum log_kind kind, uint64_t time_ms,
                                 struct span body);
MUST_USE enum err log_leaf_read(struct span leaf, unsigned *kind, uint64_t *time_ms,
                                struct span *body);

/* Append Q, canonical. */
MUST_USE enum err receipt_encode(const lianshu_Receipt *receipt, struct writer *w);

/* The leaf of a member's receipt, for batch_add. */
void receipt_leaf(merkle_hash leaf, struct span q);
/* Verify a member's receipt: decode Q into *out, find the key of Q.by at at_ms, check S.
 * S names the key by its kid. */
MUST_USE enum err receipt_verify(struct span q, struct span s, const struct registry *registry,
                                 uint64_t at_ms, struct verifier *verifier, lianshu_Receipt *out);

/* The log that a reader trusts, the last checkpoint it has verified, and nodes of its tree: a
 * checkpoint seen again costs no signature, a path only what is new of it. Plain value; zeros but
 * for the first three. */
struct log_reader {
    const struct registry *registry;
    const char *hub;    /* member id whose log key signs */
    const char *origin; /* NULL: any log number of this hub and realm */
    uint64_t at_ms;     /* moment for which the log key must be valid */
    struct checkpoint last;
    size_t last_len; /* of its note */
    uint8_t last_note[NOTE_LEN_MAX];
    uint8_t last_kid[KID_LEN];
    struct log_nodes nodes;
};
/* Verify a checkpoint by the hub's log key. */
MUST_USE enum err log_reader_checkpoint(struct log_reader *reader, struct span note,
                                        struct checkpoint *out);
/* Verify a hub's receipt against a checkpoint of log_reader_checkpoint. Q.by must be the hub. */
MUST_USE enum err receipt_verify_hub(struct log_reader *reader, const struct checkpoint *checkpoint,
                                     struct span q, const merkle_hash *path, size_t path_len,
                                     lianshu_Receipt *out);
MUST_USE enum err statement_verify(struct log_reader *reader, const struct checkpoint *checkpoint,
                                   struct span v, const merkle_hash *path, size_t path_len,
                                   lianshu_Statement *out);

#endif
