/*
 * state - what the files of the core share: the open batch, the envelope under examination
 * and what was decided about it. Nothing outside hub/core includes this.
 *
 *   ingest.c    frame -> checks -> struct incoming
 *   judge.c     incoming -> struct judgement (reads only)
 *   apply.c     judgement -> rows, leaves, receipts
 *   orders.c    orders and their changes   obligations.c   expansion, notices, answers
 *   deliver.c   queue -> outputs           receipts.c      receipts in and out
 *   session.c   hello, credit              view.c          the policy's look-ups
 *   attach.c    attachments, in and out
 *   query.c     answers for people         outgoing.c      envelopes of the hub itself
 */
#ifndef CORE_STATE_H
#define CORE_STATE_H

#include "base/clock.h"
#include "case.pb.h"
#include "catalogue.h"
#include "check.h"
#include "core/core.h"
#include "core/output.h"
#include "core/peers.h"
#include "document.pb.h"
#include "frame.h"
#include "ident.h"
#include "keys/envelope.h"
#include "keys/receipt.h"
#include "keys/rest.h"
#include "log.pb.h"
#include "policy/casebook.h"
#include "policy/decide.h"
#include "policy/gate.h"
#include "sanction.pb.h"
#include "store/store.h"
#include "subject.pb.h"
#include "wire.h"
#include "wire.pb.h"

enum {
    LEASE_MS = 30 * 1000,
    BACKOFF_MS = 1000,
    BACKOFF_MAX_MS = 300 * 1000,
    RATE_PER_S = 20000,
    ATTEMPTS_MAX = 20,
    FUTURE_MAX_MS = 300 * 1000, /* PROTOCOL, order of checks: created at most so far ahead */
    BUSY_RETRY_MS = 1000,
    EXPAND_ROWS_MAX = 256, /* obligations of one transaction */
    PREPARE_MAX = 64,      /* rows prepared in one transaction */
    CLAIM_MAX = 64,        /* rows of one look into a queue */
    SIGN_LEAVES_MAX = 4096,
};

/* What a queue row needs before it can go: column `form`. */
enum queue_form {
    FORM_FRAME = 0,  /* of the frame of message_frame(seq), the recipient's parts */
    FORM_IMPOSE = 1, /* a notice to be sealed; ref is the obligation */
    FORM_LIFT = 2,   /* the same, that it ends */
    FORM_WHOLE = 3,  /* the frame as it is: the recipient reads every part */
};

/* Any facts body that the hub reads. */
union facts_body {
    lianshu_SubjectRegister subject_register;
    lianshu_SubjectRelation subject_relation;
    lianshu_Licence licence;
    lianshu_Appointment appointment;
    lianshu_Honour honour;
    lianshu_SanctionOrder order;
    lianshu_SanctionChange change;
    lianshu_SanctionAnswer answer;
    lianshu_SanctionExecuted executed;
    lianshu_CreditCheck check;
    lianshu_CaseClock clock;
    lianshu_BatchFacts batch;
    lianshu_Withdraw withdraw;
};

/* The envelope under examination. Spans point into the caller's frame. */
struct incoming {
    uint32_t peer;
    struct span frame;
    struct frame_envelope env;
    lianshu_Header header;
    const struct document_type *type;
    uint8_t header_hash[HASH_LEN];
    uint8_t env_id[HASH_LEN];
    struct message_row known; /* the row under this message id, when there is one */
    bool has_facts;
    struct span facts_frame; /* LSD1 in core->plain */
    uint8_t facts_hash[HASH_LEN];
    lianshu_Document document;
    union facts_body body;
    const lianshu_Subject *subject; /* NULL or empty: the hub does not learn it */
    const lianshu_Person *persons;
    size_t person_count;
};

/* What was decided about it. */
struct judgement {
    enum err err;
    lianshu_ReceiptKind kind;
    struct verdict verdict;
    struct decision decision;
    struct case_result step;
    struct obligation obligation; /* that an answer is about */
    enum change_kind change;
    bool recorded;
    lianshu_DecisionRecord record;
};

/* The walk over the queue for what time alone ends. */
struct sweep {
    struct queue_row row; /* the cursor */
    bool walking;
    uint64_t next_ms;  /* when the next walk begins */
    uint64_t found_ms; /* the earliest moment met on this walk */
    uint64_t pause_ms; /* no walk before that */
    uint64_t met;      /* rows on this walk */
};

struct core {
    struct core_options opt;
    struct store *store;
    struct peers peers;
    struct output output;
    struct attach *attach; /* owns; attach.c */
    bool output_ready;
    struct verifier *verifier;
    struct opener *opener;
    struct envelope_batch *envelopes;
    const struct key *sign_key;
    const struct key *storage_key;
    const struct key *token_key;
    char region[REGION_LEN + 1];

    bool open_batch;
    enum err poison;      /* why the open transaction must not be committed; OK: it may */
    bool refusing;        /* the last batch was given up */
    bool expansion_stuck; /* an order that the rule set no longer explains: until the next start */
    uint64_t stuck_seq;   /* expansions up to here are not tried again until the next start */
    size_t batch_count;
    uint64_t now_ms;             /* max(clock, highest ever committed) */
    uint64_t due_ms;             /* of core_due_ms */
    uint32_t acks_waiting;       /* acknowledgements that wait for a batch */
    uint64_t acks_due_ms;        /* when they make one */
    bool disk_low;               /* core_disk said so */
    bool reserve_spent;          /* the reserve file was given to the disk */
    uint64_t disk_full_until_ms; /* the last commit found it full */
    uint64_t sweep_ms;           /* when chunks are looked through next */
    uint64_t scrub_ms;           /* when the next tile of the log is read again */
    uint64_t scrub_tile;
    uint64_t retain_ms; /* when what was kept long enough is looked for next */
    bool work_waiting;  /* expansion or sealing goes on at the next tick */
    uint64_t signed_size;
    uint8_t checkpoint[NOTE_LEN_MAX];
    size_t checkpoint_len;

    /* The plan of the order that is being expanded. */
    bool plan_loaded;
    uint8_t plan_order[STORE_ID_LEN];
    struct decision plan;
    lianshu_SanctionOrder plan_body;

    /* Leased rows that cannot go as they are. */
    size_t to_prepare_count;
    struct queue_row *to_prepare; /* owns PREPARE_MAX */
    struct queue_row *claimed;    /* owns CLAIM_MAX */
    struct sweep sweep;

    struct incoming in;
    struct judgement judged;
    lianshu_Document stored; /* last document opened from rest */
    lianshu_DecisionRecord stored_record;
    lianshu_Receipt stored_receipt;
    lianshu_Statement stored_statement;
    lianshu_SanctionNotice notice; /* the one being made */
    lianshu_Header out_header;
    uint8_t *plain;              /* owns ENVELOPE plaintext room, SEAL_PLAIN_MAX */
    uint8_t *frame;              /* owns FRAME_MAX */
    uint8_t (*leaves)[HASH_LEN]; /* owns SIGN_LEAVES_MAX */
};

/* ---- core.c ---- */
MUST_USE enum err core_begin(struct core *core);
static inline struct peer *core_peer_at(struct core *core, uint32_t number)
{
    return &core->peers.rows[number];
}
/* now of the order of checks: a clock that was set back revives nothing. */
void core_set_now(struct core *core, uint64_t now_ms);
/* Have leaves from signed_size on signed, in bounded requests. */
MUST_USE enum err core_sign_log(struct core *core);
/* It said hello and is not paused. */
bool core_peer_takes(const struct core *core, uint32_t number);
/* Keep *core due no later than at_ms. */
void core_wake_at(struct core *core, uint64_t at_ms);

/* ---- ingest.c ---- */
MUST_USE enum err ingest_envelope(struct core *core, uint32_t peer, struct span frame);
/* A stored envelope as it was accepted then: header and facts, into *in. */
MUST_USE enum err ingest_reopen(struct core *core, struct incoming *in, struct span frame,
                                uint64_t accepted_ms);
/* Count what failed before a signature, and say so without a signature. id may be NULL. */
void ingest_refuse(struct core *core, uint32_t peer, enum err code, const uint8_t *message_id);

/* ---- room.c ---- */
/* OK, or why a new envelope must wait at its sender (RETRY). */
MUST_USE enum err room_for(struct core *core, const struct incoming *in);
/* A commit found the disk full: its reserve is for receipts and deliveries, from now on. */
MUST_USE enum err room_disk_full(struct core *core);
/* OK, or ERR_DISK_FULL for anything new that is no repair. */
MUST_USE enum err room_disk(const struct core *core, bool repair);

/* ---- judge.c ---- */
MUST_USE enum err judge(struct core *core, struct incoming *in, struct judgement *out);

/* ---- apply.c ---- */
MUST_USE enum err apply(struct core *core, struct incoming *in, struct judgement *judged);
/* What a held message does once it is released; seq is its own. */
MUST_USE enum err apply_released(struct core *core, struct incoming *in, uint64_t seq);
/* A leaf with a canonical message as its body. */
MUST_USE enum err apply_leaf(struct core *core, enum log_kind kind, const pb_msgdesc_t *desc,
                             const void *body, uint64_t *index);
/* A receipt of the hub: leaf, and its place in the sender's stream unless the hub is the sender. */
struct receipt_about {
    lianshu_ReceiptKind kind;
    const char *sender;
    const uint8_t *message_id;
    const uint8_t *env_id;
    const char *about;
    enum err code;
    const lianshu_Ground *grounds;
    size_t ground_count;
    const uint64_t *previous; /* leaf of the receipt before it; NULL: the message's first */
};
MUST_USE enum err apply_receipt(struct core *core, const struct receipt_about *what,
                                uint64_t *index);
/* The statement that will precede an envelope to a recipient. */
struct statement_about {
    const char *recipient;
    const uint8_t *env_id;
    struct span conversation;
    uint64_t number;
    const lianshu_Ground *advisories;
    size_t advisory_count;
};
MUST_USE enum err apply_statement(struct core *core, const struct statement_about *what,
                                  uint64_t *index);

/* The statement of a row again, with this number and the gaps below it; what it said of
 * acceptance and advisories stays. */
MUST_USE enum err apply_restate(struct core *core, const struct queue_row *row, uint64_t number,
                                uint64_t *index);

/* ---- effects.c ---- */
/* decision_seq: the log leaf of the decision record, 0: none; seq: of the acceptance. */
MUST_USE enum err effects_run(struct core *core, struct incoming *in, struct judgement *judged,
                              uint64_t decision_seq, uint64_t seq);

/* ---- ending.c ---- */
/* What the hub declares about an envelope that waits for a recipient. */
struct ending {
    lianshu_ReceiptKind kind;
    enum err code;
    const lianshu_Ground *grounds;
    size_t ground_count;
};
MUST_USE enum err ending_close(struct core *core, const struct queue_row *row,
                               const struct ending *what);
MUST_USE enum err ending_park(struct core *core, const struct queue_row *row, enum err code);
MUST_USE enum err ending_warn(struct core *core, const struct queue_row *row);

/* ---- sweep.c ---- */
/* One bounded step; expires and warns. */
MUST_USE enum err sweep_step(struct core *core);
/* A row that was queued: its end is not overlooked. */
void sweep_note(struct core *core, const struct queue_row *row);
/* One bounded step of erasing what was kept long enough. */
MUST_USE enum err sweep_retention(struct core *core);
/* Compare one tile of the log with the tree. */
MUST_USE enum err sweep_log(struct core *core);
/* When it cannot be delivered any more; STORE_NEVER. */
uint64_t sweep_ends_ms(const struct queue_row *row);
/* That moment has come. */
MUST_USE enum err sweep_end(struct core *core, const struct queue_row *row);

/* ---- prepare.c ---- */
/* Must this claimed row be changed before it can go? */
MUST_USE enum err prepare_needed(struct core *core, const struct queue_row *row, bool *needed);
/* Keep it for prepare_rows; false, and given back, when there are enough. */
bool prepare_add(struct core *core, const struct queue_row *row);
MUST_USE enum err prepare_rows(struct core *core);

/* ---- withdraw.c ---- */
/* May it be taken back? Reads only. */
MUST_USE enum err withdraw_judge(struct core *core, const struct incoming *in,
                                 struct judgement *out);
MUST_USE enum err withdraw_apply(struct core *core, const struct incoming *in);

/* ---- chain.c ---- */
/* The receipts of a message, each with the leaf of the one before it kept beside its own. */
#define CHAIN_END UINT64_MAX
enum {
    CHAIN_HEAD_LEN = 8, /* beside a receipt of the hub */
    /* beside one of a member */
    CHAIN_MEMBER_MAX = CHAIN_HEAD_LEN + 2 + FRAME_RECEIPT_MAX + 2 + FRAME_SIGNATURE_MAX,
};
struct chain_receipt {
    uint64_t leaf;
    uint64_t previous; /* CHAIN_END: it is the first */
    bool by_member;    /* q and s; else the body of the leaf and its path are the receipt */
    struct span q;     /* borrowed until the next call on the log */
    struct span s;
};
/* What goes beside the leaf; q and s are empty for a receipt of the hub. */
void chain_encode(struct writer *w, uint64_t previous, struct span q, struct span s);
/* The receipt at *leaf, and *leaf moves to the one before it: message_row.last_leaf begins the
 * walk. ERR_NOT_FOUND at CHAIN_END. */
MUST_USE enum err chain_next(struct core *core, uint64_t *leaf, struct chain_receipt *out);

/* ---- orders.c ---- */
/* The basis codes of a duty, separated by spaces, as the store keeps them. */
void orders_basis(const struct duty *duty, char out[static STORE_BASIS_MAX + 1]);
MUST_USE enum err orders_impose(struct core *core, struct incoming *in,
                                const struct judgement *judged, uint64_t seq);
MUST_USE enum err orders_change(struct core *core, struct incoming *in,
                                const struct judgement *judged);
/* Token of the subject (index 0) or of a person of a facts body. */
MUST_USE enum err orders_token(struct core *core, const lianshu_Subject *subject,
                               const lianshu_Person *persons, size_t person_count, uint32_t index,
                               uint8_t token[static STORE_TOKEN_LEN]);
/* The signed document of a row, opened from rest into *lsd1, decoded into core->stored and its
 * body into *body. */
MUST_USE enum err orders_unseal(struct core *core, const struct order_row *row, struct writer *lsd1,
                                const pb_msgdesc_t *desc, void *body);
/* Load core->plan and core->plan_body: what the order was decided to cause. */
MUST_USE enum err orders_plan(struct core *core, const uint8_t id[static STORE_ID_LEN]);

/* ---- obligations.c ---- */
/* One bounded step of expanding orders or their changes. *more: there is more to do. */
MUST_USE enum err obligations_expand(struct core *core, bool *more);
MUST_USE enum err obligations_answer(struct core *core, const struct incoming *in,
                                     const struct judgement *judged);
MUST_USE enum err obligations_executed(struct core *core, const struct incoming *in,
                                       const struct judgement *judged);
/* The member has the notice, or cannot use it. */
MUST_USE enum err obligations_delivered(struct core *core, const struct queue_row *row);
/* Move the state, with its leaf. */
MUST_USE enum err obligations_move(struct core *core, const struct obligation *row, uint32_t to,
                                   uint32_t cause, struct span sealed, const char *by,
                                   const uint8_t *document);

/* ---- notices.c ---- */
/* Queue the notice of an obligation; seq is a leaf of its own. */
MUST_USE enum err notices_queue(struct core *core, const struct obligation *row, uint64_t seq,
                                enum queue_form form);
/* A row whose envelope is made when it is leased. */
static inline bool notices_is(const struct queue_row *row)
{
    return row->form == FORM_IMPOSE || row->form == FORM_LIFT;
}
/* A notice that was queued and not sealed yet has no message id. */
bool notices_sealed(const uint8_t message_id[static STORE_ID_LEN]);
MUST_USE enum err notices_seal(struct core *core, const struct queue_row *queued);
/* Its envelope has come to its end undelivered: another one takes its place. */
MUST_USE enum err notices_renew(struct core *core, const struct queue_row *queued);

/* ---- outgoing.c ---- */
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
};
/* Make one envelope of the hub with one facts document; the frame is in core->frame. */
MUST_USE enum err outgoing_make(struct core *core, const struct outgoing *what,
                                lianshu_Header *header, uint8_t env_id[static HASH_LEN],
                                struct span *frame);
/* The message row of an envelope of ours, and its frame. */
MUST_USE enum err outgoing_store(struct core *core, const lianshu_Header *header,
                                 const uint8_t env_id[static HASH_LEN], uint64_t seq,
                                 struct span frame);
/* Make it, store it and queue it to its recipient. */
MUST_USE enum err outgoing_send(struct core *core, const struct outgoing *what);

/* ---- proof.c ---- */
/* A leaf of the log with its way to the signed head. Spans point into it and into core. */
struct leaf_proof {
    uint8_t bytes[FRAME_STATEMENT_MAX];
    merkle_hash hashes[MERKLE_PATH_MAX];
    struct span body;
    struct span path;
    struct span checkpoint;
};
MUST_USE enum err proof_of(struct core *core, uint64_t leaf, struct leaf_proof *out);

/* ---- deliver.c ---- */
/* Queue a row and wake who can take it. */
MUST_USE enum err deliver_put(struct core *core, const struct queue_row *row);
/* The row is about to leave its lessee's hands: its share of the window is free. */
void deliver_released(struct core *core, const char *recipient, uint64_t seq, uint32_t bytes);
/* Hand out what is due to ready peers; what must be prepared first goes to core->to_prepare. */
MUST_USE enum err deliver_all(struct core *core);
MUST_USE enum err deliver_overdue(struct core *core);

/* ---- receipts.c ---- */
MUST_USE enum err receipts_take(struct core *core, uint32_t peer, struct span frame);
/* What waits in the streams of ready peers. */
MUST_USE enum err receipts_send(struct core *core);
/* Everything that was ever receipted about a message again, outside the stream. */
MUST_USE enum err receipts_repeat(struct core *core, uint32_t peer,
                                  const struct message_row *known);

/* ---- session.c ---- */
MUST_USE enum err session_control(struct core *core, uint32_t peer, struct span frame);
/* Write what adapters have acknowledged; a batch is open. */
MUST_USE enum err session_acknowledge(struct core *core);
bool session_say(struct core *core, uint32_t peer, const lianshu_Control *control);

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

/* ---- view.c ---- */
struct view_ctx {
    struct core *core;
    uint64_t as_of;
};
struct view view_of(struct view_ctx *ctx);
MUST_USE enum err view_token(struct core *core, uint8_t kind, struct span id,
                             uint8_t out[static STORE_TOKEN_LEN]);

/* ---- rest of the core's own keys ---- */
MUST_USE enum err rest_put(struct core *core, const char *table, struct span row,
                           const char *column, struct span value, struct writer *w);
MUST_USE enum err rest_get(struct core *core, const char *table, struct span row,
                           const char *column, struct span sealed, struct writer *w);

#endif
