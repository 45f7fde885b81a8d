/*
 * back - what comes back about a message, and what is fetched for it: the chain of its receipts,
 * receipts in and out, attachments, and what goes again once a hub has lost what it had.
 *
 * A part of state.h, which includes it; nobody else does. Thread rule: the core's. PROTOCOL:
 * 7, 7.2.
 */
#ifndef CORE_BACK_H
#define CORE_BACK_H

/* ---- chain.c ---- */
/* The receipts of a message, each with the leaf of the one before it kept beside its own. */
#define CHAIN_END UINT64_MAX
enum {
    CHAIN_HEAD_LEN = 8, /* beside a receipt of the hub */
    /* beside one of a member, or of another hub, the longer of which is the hub's */
    CHAIN_BESIDE_MAX = CHAIN_HEAD_LEN + 2 + FRAME_RECEIPT_MAX + 2 + FRAME_LOG_PATH_MAX * HASH_LEN +
                       2 + FRAME_CHECKPOINT_MAX,
};
struct chain_receipt {
    uint64_t leaf;
    uint64_t previous; /* CHAIN_END: it is the first */
    /* As it goes out, borrowed until the next call on the log. Of one of this hub
     * (FRAME_RECEIPT_HUB) the body of the leaf is the receipt, and its path is made when it is
     * asked for. */
    struct frame_receipt entry;
};
/* What goes beside the leaf; entry is NULL for a receipt of this hub. */
void chain_encode(struct writer *w, uint64_t previous, const struct frame_receipt *entry);
/* The receipt at *leaf, and *leaf moves to the one before it: message_row.last_leaf begins the
 * walk. ERR_NOT_FOUND at CHAIN_END. */
MUST_USE enum err chain_next(struct core *core, uint64_t *leaf, struct chain_receipt *out);
/* Its Q, decoded. */
MUST_USE enum err chain_read(struct core *core, const struct chain_receipt *at,
                             lianshu_Receipt *out);

/* ---- receipts.c ---- */
MUST_USE enum err receipts_take(struct core *core, uint32_t peer, struct span frame);
enum { RECEIPT_CODE_MAX = 999 };
/* What a member may say. */
bool receipts_of_member(lianshu_ReceiptKind kind);
/* Put the leaf of a receipt into the stream of whom it goes back to: the link by which the message
 * came, else its sender; our own messages have nobody. */
MUST_USE enum err receipts_hand(struct core *core, const char *sender, const char *origin,
                                uint64_t leaf);
/* Keep a receipt that is not ours with its proof, behind those of the message, and hand it on. */
MUST_USE enum err receipts_keep(struct core *core, const struct message_row *message,
                                const struct frame_receipt *entry, uint64_t *leaf);
/* A final receipt of the recipient itself for an envelope that waits in its queue. */
MUST_USE enum err receipts_settle_row(struct core *core, const struct queue_row *row,
                                      const struct message_row *message, const lianshu_Receipt *q,
                                      const struct frame_receipt *entry);
/* How far a recipient has gone with it; a later stage implies the earlier ones. */
unsigned receipts_rank(lianshu_ReceiptKind kind);
/* One that came by a link: verified, about what went out by it, from behind it. Returns as
 * receipts_take of one entry. */
struct frame_receipts;
MUST_USE enum err receipts_back(struct core *core, uint32_t peer,
                                const struct frame_receipts *frame,
                                const struct frame_receipt *entry);
enum { RECEIPTS_BEHIND_MAX = 32 };
/* The recipients of a message that are reached by a link; 0 once it is settled. */
size_t receipts_behind(struct core *core, const struct message_row *message, const char *link,
                       char out[static RECEIPTS_BEHIND_MAX][STORE_MEMBER_MAX + 1]);
/* Has a recipient come to an end, by what was receipted? */
MUST_USE enum err receipts_ended(struct core *core, const struct message_row *message,
                                 const char *who, bool *ended);
/* A row whose recipient has it. */
MUST_USE enum err receipts_row_done(struct core *core, const struct queue_row *row);
/* Our receipt as a member for an envelope of another hub to us: receipts_own.c. */
MUST_USE enum err receipts_own(struct core *core, const struct incoming *in,
                               lianshu_ReceiptKind kind, enum err code, uint64_t *leaf);
/* What waits in the streams of ready peers. */
MUST_USE enum err receipts_send(struct core *core);
/* Everything that was ever receipted about a message again, outside the stream; told together with
 * that of other messages by receipts_repeated, at the end of the frame that asked for it. */
MUST_USE enum err receipts_repeat(struct core *core, uint32_t peer,
                                  const struct message_row *known);
MUST_USE enum err receipts_repeated(struct core *core);

/* ---- again.c ---- */
MUST_USE enum err again_open(struct core *core);
void again_close(struct core *core);
/* A link has said hello, with the origin of its log: another than last time, it was restored. */
void again_hello(struct core *core, const char *member, const char *log);
/* One bounded step of sending again what a restored hub has forgotten. */
MUST_USE enum err again_step(struct core *core, bool *more);

/* ---- attach.c ---- */
MUST_USE enum err attach_open(struct core *core);
void attach_close(struct core *core);
MUST_USE enum err attach_chunk(struct core *core, uint32_t peer, struct span frame);
/* Ask the sender for chunks that an envelope needs; *missing: it needs some. ERR_BUSY, ERR_QUOTA.
 */
MUST_USE enum err attach_want(struct core *core, const struct incoming *in, bool *missing);
/* A reader asks for chunks; a sender asks what is here. */
MUST_USE enum err attach_serve(struct core *core, uint32_t peer, const lianshu_ChunkWanted *want);
MUST_USE enum err attach_tell(struct core *core, uint32_t peer, const lianshu_ChunkWanted *asked);
/* After the commit: the next ranges for senders, the next chunks for readers. */
MUST_USE enum err attach_pump(struct core *core);
/* The peer's connection is another one now; it did not take what was sent. */
void attach_gone(struct core *core, uint32_t peer);
void attach_full(struct core *core, uint32_t peer);
/* A bounded step of removing what no message needs. */
MUST_USE enum err attach_sweep(struct core *core);

#endif
