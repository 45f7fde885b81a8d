/*
 * message - every envelope the hub has answered, for ever; its frame only while it is needed.
 *
 *               message_put             message_settle (open reaches 0)
 *   (nothing) -------------> known, open = n ------------------> known, frame gone
 *
 * Guarantees:
 *   1. (sender, message id) is stored at most once: a second put is ERR_EXISTS and changes
 *      nothing, so the caller answers the stored receipt or proves equivocation.
 *   2. The frame is stored once whatever the number of recipients, and removed in the transaction
 *      that settles the last of them.
 *   3. The row outlives its frame: a repeat is recognised for ever.
 *   4. What was put lately is `fresh` (fresh.h): its frame and the changes of its row never become
 *      rows when it is settled soon, and no look at a table is needed for it. Rows read lately are
 *      kept in memory (message_memory.h).
 *   5. Rows are keyed in order of time (message ids begin with it); there is no index over
 *      random hashes.
 *
 * seq: log index of the verdict's receipt (accepted, rejected or held), the number by which
 * queue, stream and chunks refer to the message.
 * Ownership: frames are borrowed until the next call on messages.
 * Thread rule: that of the db. PROTOCOL.md 10.
 */
#ifndef STORE_MESSAGE_H
#define STORE_MESSAGE_H

#include "store/fresh.h"
#include "store/ids.h"

struct messages;

struct message_row {
    char sender[STORE_MEMBER_MAX + 1];
    uint8_t id[STORE_ID_LEN];
    uint8_t env_id[STORE_HASH_LEN];
    uint64_t seq; /* = receipt leaf */
    uint32_t type;
    uint32_t code; /* verdict: OK accepted, ERR_HELD, else why it was rejected */
    uint8_t stage; /* latest ReceiptKind, as the caller gives it */
    uint8_t lane;
    uint64_t created_ms;
    uint64_t expires_ms;
    uint64_t accepted_ms;
    uint8_t conversation[STORE_ID_LEN]; /* zeros: none; of a refused paper of a case: the case */
    uint64_t sequence;                  /* the sender's own, 0: none */
    uint32_t open;                      /* recipients without a final receipt */
    bool attachments;
    uint64_t last_leaf;                /* newest receipt about it: the end of its chain */
    char origin[STORE_MEMBER_MAX + 1]; /* the hub that handed it on; "": its sender is ours */
    uint32_t share; /* with an origin: bit i: destination i is reached through us */
};

MUST_USE enum err messages_open(struct messages **out, struct db *db, struct fresh *fresh,
                                struct fault *f);
void messages_close(struct messages **m);

/* Store a message, and its frame unless that is empty (a rejected one). */
MUST_USE enum err message_put(struct messages *m, const struct message_row *row, struct span frame);

/* ERR_NOT_FOUND when never seen. */
MUST_USE enum err message_get(struct messages *m, const char *sender,
                              const uint8_t id[static STORE_ID_LEN], struct message_row *out);

/* ERR_NOT_FOUND when settled or rejected, ERR_ERASED after its retention; ERR_CORRUPT when the
 * bytes on the disk are not those that were put. */
MUST_USE enum err message_frame(struct messages *m, uint64_t seq, struct span *frame);

/* Walk the messages that are not settled, by their seq: *seq is the cursor, 0 to start, and moves
 * to the next above it. Those put since the walk began may be left out. ERR_NOT_FOUND at the end.
 * In a transaction. */
MUST_USE enum err message_next_open(struct messages *m, uint64_t *seq);

/* Erase the frame of a message that is not settled; the row stays. ERR_NOT_FOUND when there is
 * none. */
MUST_USE enum err message_erase(struct messages *m, uint64_t seq);

/* A receipt that ends nothing: the new stage and its leaf. */
MUST_USE enum err message_stage(struct messages *m, const char *sender,
                                const uint8_t id[static STORE_ID_LEN], uint8_t stage,
                                uint64_t last_leaf);

/* A held message is decided: new verdict code, and how many recipients are open now. */
MUST_USE enum err message_decide(struct messages *m, const char *sender,
                                 const uint8_t id[static STORE_ID_LEN], uint32_t code,
                                 uint32_t open);

/* One recipient is final, at this stage, by the receipt at last_leaf. With the last one the frame
 * and the message's references to chunks go; *open (may be NULL) is what is left. ERR_FIELD_VALUE
 * when none was. */
MUST_USE enum err message_settle(struct messages *m, const char *sender,
                                 const uint8_t id[static STORE_ID_LEN], uint8_t stage,
                                 uint64_t last_leaf, uint32_t *open);

/* Highest sequence accepted or rejected in (sender, conversation); 0: none yet. */
MUST_USE enum err message_sequence(struct messages *m, const char *sender,
                                   const uint8_t conversation[static STORE_ID_LEN], uint64_t *last);

/* The same without a message: what another hub gave last of (its member id, conversation). */
MUST_USE enum err message_sequence_put(struct messages *m, const char *sender,
                                       const uint8_t conversation[static STORE_ID_LEN],
                                       uint64_t last);

/* For people: find by message id (16 bytes, any sender) or env_id (32 bytes; walks the table,
 * newest last, so it is slow by design). */
/* The messages of all senders under one id: *sender is the cursor, "" to start. */
MUST_USE enum err message_next_of_id(struct messages *m, const uint8_t id[static STORE_ID_LEN],
                                     char sender[static STORE_MEMBER_MAX + 1],
                                     struct message_row *out);
MUST_USE enum err message_find(struct messages *m, struct span id, struct message_row *out);

/* Messages known, and frames held. Counted by walking: for tools and tests. */
MUST_USE enum err message_counts(struct messages *m, uint64_t *known, uint64_t *frames);

/* For store.c only. */
void messages_committed(struct messages *m);
void messages_rolled_back(struct messages *m); /* also to the savepoint */

#endif
