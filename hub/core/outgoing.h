/*
 * outgoing - envelopes of the hub itself: each one facts document, sealed to one member.
 *
 *   one        outgoing_send
 *   several    outgoing_begin -> outgoing_add* -> outgoing_queue
 *   by hand    outgoing_begin -> outgoing_add* -> outgoing_sign -> (outgoing_made ->
 * outgoing_store)*
 *
 * Guarantees:
 *   1. Several made together share two signatures, one of their documents and one of their
 *      envelopes, and one key agreement for each member; each verifies and opens alone.
 *   2. One that cannot be made (no valid key) is no fault of the others.
 *   3. Nothing is written before outgoing_store; what is not stored by then is forgotten by the
 *      next begin, also by that of outgoing_send.
 *
 * A part of state.h, which includes it; nobody else does. Bounds: OUTGOING_MAX envelopes, 512 KiB
 * of documents. Thread rule: the core's. PROTOCOL.md 3.1.
 */
#ifndef CORE_OUTGOING_H
#define CORE_OUTGOING_H

struct outgoing {
    uint32_t type;
    const char *recipient;
    struct span conversation;
    struct span in_reply_to;     /* env_id */
    struct span in_reply_to_doc; /* document id */
    const char *purpose;
    const char *const *basis;
    size_t basis_count;
    const void *body;
    uint64_t valid_until_ms; /* of the document; 0: without end */
    const enum lane *lane;   /* NULL: the type's */
};

enum { OUTGOING_MAX = PREPARE_MAX };

MUST_USE enum err outgoing_open(struct core *core);
void outgoing_close(struct core *core);
void outgoing_begin(struct core *core);
/* *what is copied; its recipient, conversation, purpose and in_reply_to are borrowed until signed.
 * ERR_BUSY: sign these first, begin and add again. */
MUST_USE enum err outgoing_add(struct core *core, const struct outgoing *what);
MUST_USE enum err outgoing_sign(struct core *core);
/* What was added as number `index`: its row, and its frame in core->frame; or why it cannot be
 * made. */
MUST_USE enum err outgoing_made(struct core *core, size_t index, struct message_row **row,
                                struct span *frame);
/* The message row of an envelope of ours under this seq, and its frame. */
MUST_USE enum err outgoing_store(struct core *core, struct message_row *row, uint64_t seq,
                                 struct span frame);
/* Sign what was added, store it and queue it to its recipients; what cannot be made is counted. */
MUST_USE enum err outgoing_queue(struct core *core);
/* Make it, store it and queue it to its recipient. */
MUST_USE enum err outgoing_send(struct core *core, const struct outgoing *what);

#endif
