/*
 * state - what the files of the core share: the open batch, the envelope under examination
 * and what was decided about it. Nothing outside hub/core includes this.
 *
 *   ingest.c    frame -> checks -> struct incoming
 *   judge.c     incoming -> struct judgement (reads only)
 *   apply.c     judgement -> rows, leaves, receipts
 *   ledger.h    orders and what follows from them
 *   relay.c     from hub to hub
 *   deliver.c   queue -> outputs           receipts.c      receipts in and out
 *   session.c   hello, credit              view.c          the policy's look-ups
 *   gates.c     who may be concerned by a change            regate.c   asking the gate again
 *   holds.c     what a gate holds, until it goes or not
 *   attach.c    attachments, in and out
 *   query.c     answers for people         outgoing.c      envelopes of the hub itself
 *   facts_relay.c, contest.c, roll.c   facts to every hub
 *   mirror.c    the members' mirrors       certificate.c   answers to credit checks
 *   cases.c     steps of cases             case_clocks.c   their terms, case_flows.c of others
 */
#ifndef CORE_STATE_H
#define CORE_STATE_H

#include "base/clock.h"
#include "case.pb.h"
#include "catalogue.h"
#include "check.h"
#include "core/dues.h"
#include "core/output.h"
#include "core/peers.h"
#include "credit.pb.h"
#include "document.pb.h"
#include "federation.pb.h"
#include "frame.h"
#include "ident.h"
#include "keys/envelope.h"
#include "keys/log_readers.h"
#include "keys/receipt.h"
#include "keys/rest.h"
#include "keys/topology.h"
#include "keys/topology.h"
#include "log.pb.h"
#include "policy/casebook.h"
#include "policy/decide.h"
#include "policy/event.h"
#include "policy/gate.h"
#include "redress.pb.h"
#include "safety.pb.h"
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
    FUTURE_MAX_MS = 300 * 1000,    /* PROTOCOL, order of checks: created at most so far ahead */
    CLOCK_BACK_MAX_MS = 60 * 1000, /* before the last commit: then nothing is accepted, E510 */
    BUSY_RETRY_MS = 1000,
    PREPARE_MAX = 64, /* rows prepared in one transaction */
    CLAIM_MAX = 64,   /* rows of one look into a queue */
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
    lianshu_ReporterFacts reporter;
    lianshu_BatchFacts batch;
    lianshu_CreditRecord credit_record;
    lianshu_CreditRating rating;
    lianshu_CreditIncentive incentive;
    lianshu_Procurement procurement;
    lianshu_Insurance insurance;
    lianshu_Finding finding;
    lianshu_Penalty penalty;
    lianshu_Risk risk;
    lianshu_Recall recall;
    lianshu_Trace trace;
    lianshu_JointNotice joint_notice;
    lianshu_Redress redress;
    lianshu_EvidenceRequest evidence_request;
    lianshu_Preview preview;
    lianshu_Withdraw withdraw;
    lianshu_RelayFacts relay_facts;
    lianshu_RelayRoll relay_roll;
};

enum {
    RELAY_DESTINATIONS_MAX = sizeof((lianshu_Header *)0)->destination /
                             sizeof((lianshu_Header *)0)->destination[0],
    RELAY_HERE = -1, /* no hop: the destination is ours */
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
    uint64_t accepted_ms;     /* by the first hub, when that is another one; 0: now */
    uint64_t as_of;           /* log size that it is judged on; 0: now */
    bool has_facts;
    struct span facts_frame; /* LSD1 in core->plain */
    uint8_t facts_hash[HASH_LEN];
    lianshu_Document document;
    union facts_body body;
    const lianshu_Subject *subject; /* NULL or empty: the hub does not learn it */
    const lianshu_Person *persons;
    size_t person_count;
    uint64_t case_step; /* of a relayed case document, by its first hub; 0: ours to give */
    const struct link *link;       /* the hub that handed it on; NULL: its sender is ours */
    const lianshu_Statement *said; /* by that hub, verified; NULL: nothing (yet) */
    uint32_t share;                /* bit i: destination i is reached through us */
    uint32_t here;                 /* of these: our own, and we ourselves */
    int16_t hop[RELAY_DESTINATIONS_MAX]; /* index of core_options.links, or RELAY_HERE */
};

/* Whose restrictions and relations a gate looked at: a change elsewhere does not concern it. */
struct view_asked {
    uint8_t token[QUEUE_TOKENS_MAX][STORE_TOKEN_LEN];
    uint8_t count;
    bool more; /* there are more than can be kept */
};

/* What was decided about it. */
struct judgement {
    enum err err;
    bool whole; /* err is of all its recipients, not of ours alone */
    lianshu_ReceiptKind kind;
    bool gated;        /* the gate was asked, … */
    uint64_t gated_at; /* … at this log size */
    struct view_asked asked;
    struct verdict verdict;
    struct decision decision;
    struct case_result step;
    uint64_t case_step;            /* its number in the case; 0: it is no step */
    struct obligation obligation; /* that an answer is about */
    enum change_kind change;
    bool recorded;
    lianshu_DecisionRecord record; /* of the order, the change or the gate */
    struct event_decision events;  /* what else the rules make of it */
    bool event_recorded;
    uint64_t event_seq; /* log leaf of its record */
    lianshu_DecisionRecord event_record;
};

/* The walk over the queue for what time alone ends. */
struct sweep {
    struct queue_row row; /* the cursor */
    bool walking;
    uint64_t next_ms;  /* when the next walk begins, … */
    uint64_t step_ms;  /* … and the next step of this one */
    uint64_t found_ms; /* the earliest moment met on this walk */
    uint64_t pause_ms; /* no walk before that */
    uint64_t met;      /* rows on this walk */
};

/* What is to be synced and signed of a committed batch, and what became of it. */
struct core_flight {
    const struct store *store;
    core_sign_fn *sign;
    void *sign_ctx;
    bool unsynced;
    bool signs; /* leaf_count leaves follow the tree of old_size */
    uint64_t old_size;
    size_t leaf_count;
    uint8_t (*leaves)[HASH_LEN]; /* owns SIGN_LEAVES_MAX */
    enum err synced;
    enum err err; /* of both */
    uint8_t checkpoint[NOTE_LEN_MAX];
    size_t checkpoint_len;
};

enum { RECEIPTS_REPEAT_ENTRIES = 64 }; /* of one frame */

struct core {
    struct core_options opt;
    const struct ruleset *trial; /* of the next question: other rules to try; NULL: opt.rules */
    struct store *store;
    struct peers peers;
    struct output output;
    struct repeats {
        uint32_t peer;
        unsigned count;
        uint64_t leaves[RECEIPTS_REPEAT_ENTRIES];
    } repeats;                   /* receipts to be told again */
    struct attach *attach;       /* owns; attach.c */
    struct again *again;         /* owns one a link; again.c */
    struct gates *gates;         /* owns; gates.c */
    struct mirror *mirror;       /* owns; mirror.c */
    struct outgoings *outgoings; /* owns; outgoing.c */
    struct spread *spread;       /* owns; facts_relay.c */
    struct link_book *links;     /* owns; links.c */
    struct relay *relay;         /* owns; relay.c */
    bool output_ready;
    struct verifier *verifier;
    struct log_readers *readers; /* owns; the logs of other hubs */
    struct opener *opener;
    struct envelope_batch *envelopes;
    const struct key *sign_key;
    const struct key *storage_key;
    const struct key *token_key;
    char region[REGION_LEN + 1];

    bool open_batch;
    bool gave_up;         /* the last core_write did, for want of disk */
    bool flying;          /* `flight` is with who lands it */
    uint64_t flight_size; /* of the log, once it has landed */
    uint64_t flight_began_ms;
    uint64_t flight_ms; /* what the last one took: how slow the disk is */
    bool flight_over;   /* it has landed, and nobody has said yet when */
    struct core_flight flight;
    enum err poison;      /* why the open transaction must not be committed; OK: it may */
    bool refusing;        /* the last batch was given up */
    bool expansion_stuck; /* an order that the rule set no longer explains: until the next start */
    uint64_t stuck_seq;   /* expansions up to here are not tried again until the next start */
    size_t batch_count, at_once; /* frames; obligations aligned outside steps */
    uint64_t now_ms;             /* max(clock, highest ever committed) */
    uint64_t due_ms;             /* of core_due_ms */
    uint32_t acks_waiting;       /* acknowledgements that wait for a batch */
    uint64_t acks_due_ms;        /* when they make one */
    bool clock_back;             /* the clock stands well before what was committed: E510 */
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

    /* The plan of the order that was looked at last: plans.c. */
    bool plan_loaded;
    uint8_t plan_order[STORE_ID_LEN];
    uint32_t plan_version;
    struct due_memo dues[2]; /* to answer, to execute */
    uint64_t plan_known;     /* relations as of this size; 0: as of the decision */
    struct decision plan;
    lianshu_SanctionOrder plan_body;
    uint8_t plan_token[DECIDE_DUTIES_MAX][STORE_TOKEN_LEN]; /* whom each duty is about */
    union facts_body root_body;                             /* of a document that is no order */
    struct event_decision root_events;
    lianshu_SanctionOrder root_order; /* its subject and persons */

    /* Leased rows that cannot go as they are. */
    size_t to_prepare_count;
    struct queue_row *to_prepare; /* owns PREPARE_MAX */
    size_t sealing_count;         /* notices that are being sealed together */
    const struct queue_row *sealing[PREPARE_MAX];
    struct queue_row *claimed; /* owns CLAIM_MAX */
    struct sweep sweep;

    struct incoming in;
    struct judgement judged;
    lianshu_Document stored; /* last document opened from rest */
    lianshu_DecisionRecord stored_record;
    lianshu_Receipt stored_receipt;
    lianshu_Statement stored_statement;
    lianshu_SanctionNotice notice; /* the one being made */
    lianshu_CreditCertificate certificate;
    lianshu_Header out_header;
    struct incoming previewed; /* a document that is only tried, and what it came to: preview.c */
    struct judgement tried;
    lianshu_PreviewAnswer preview;
    uint8_t *plain; /* owns ENVELOPE plaintext room, SEAL_PLAIN_MAX */
    uint8_t *frame; /* owns FRAME_MAX */
};

/* ---- core.c ---- */
MUST_USE enum err core_begin(struct core *core);
static inline struct peer *core_peer_at(struct core *core, uint32_t number)
{
    return &core->peers.rows[number];
}
/* now of the order of checks: a clock that was set back revives nothing. */
void core_set_now(struct core *core, uint64_t now_ms);
/* It said hello and is not paused. */
bool core_peer_takes(const struct core *core, uint32_t number);
/* Keep *core due no later than at_ms. */
void core_wake_at(struct core *core, uint64_t at_ms);

/* ---- flight.c ---- */
/* What was committed just now is to land; NULL: nothing of it need. */
MUST_USE enum err flight_begin(struct core *core, bool wrote, struct core_flight **flight);
/* Land it here and now. */
MUST_USE enum err flight_wait(struct core *core, struct core_flight *flight);
/* Nobody is going to land what is in flight: the store hears what became of its sync. */
void flight_close(struct core *core);

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

/* ---- apply.c ---- */
MUST_USE enum err apply(struct core *core, struct incoming *in, struct judgement *judged);
/* What a held message does once it is released; seq is its own. */
MUST_USE enum err apply_released(struct core *core, struct incoming *in, uint64_t seq);
/* A leaf with a canonical message as its body. */
MUST_USE enum err apply_leaf(struct core *core, enum log_kind kind, const pb_msgdesc_t *desc,
                             const void *body, uint64_t *index);
/* A receipt of the hub: leaf, and its place in the stream of whom it goes back to. */
struct receipt_about {
    lianshu_ReceiptKind kind;
    const char *sender;
    const char *origin; /* message_row.origin; NULL or "": it goes to the sender */
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
    const lianshu_Statement *came; /* by the hub that handed it on; NULL: it is accepted now */
    uint32_t share;                /* the recipient is a hub: Statement.share; 0: it is not */
    uint64_t case_step;
};
MUST_USE enum err apply_statement(struct core *core, const struct statement_about *what,
                                  uint64_t *index);

/* The statement of a row again, with this number and the gaps below it; what it said of
 * acceptance stays, and of advisories unless there is a newer verdict (NULL: there is none). */
MUST_USE enum err apply_restate(struct core *core, const struct queue_row *row, uint64_t number,
                                const struct verdict *newer, uint64_t *index);
/* Who gets a row. */
struct addressee {
    const char *member;
    uint32_t share; /* a next hub: which destinations are behind it; 0: a recipient of our own */
};
MUST_USE enum err apply_queue(struct core *core, const struct incoming *in,
                              const struct judgement *judged, const struct message_row *message,
                              const struct addressee *to);
/* The records of what was decided, each with its leaf; *seq: of the order, change or gate. */
MUST_USE enum err apply_records(struct core *core, const struct incoming *in, uint64_t message_seq,
                                struct judgement *judged, uint64_t *seq);
/* Must the recipient see the grounds? */
static inline bool apply_advises(const struct verdict *v)
{
    return v->action == GATE_FLAG || v->action == GATE_HOLD;
}

/* ---- effects.c ---- */
/* decision_seq: the log leaf of the decision record, 0: none; seq: of the acceptance. */
MUST_USE enum err effects_run(struct core *core, struct incoming *in, struct judgement *judged,
                              uint64_t decision_seq, uint64_t seq);

/* ---- cases.c ---- */
enum { CASE_PARTIES_MAX = 32 };
/* Who opened a case and who has acted in it, each once. */
struct case_parties {
    char member[CASE_PARTIES_MAX][STORE_MEMBER_MAX + 1];
    size_t count;
};
/* Is it a step of the case table, by who may take it? Sets out->case_step. Reads only. */
MUST_USE enum err cases_judge(struct core *core, const struct incoming *in, struct judgement *out);
MUST_USE enum err cases_take(struct core *core, const struct incoming *in,
                             const struct judgement *judged, uint64_t seq);
/* ERR_QUOTA: more than CASE_PARTIES_MAX. */
MUST_USE enum err cases_parties(struct core *core, const struct casefile *row,
                                struct case_parties *out);
bool cases_party(const struct case_parties *parties, const char *member);
/* When the hub took it at which it came first: every hub counts from there. */
uint64_t cases_moment(const struct core *core, const struct incoming *in);
/* Did a document of the case go to the member? */
MUST_USE enum err cases_copied(struct core *core, const struct casefile *row, const char *member,
                               bool *got);
/* Keep whom the step went to, and which files went with it: roots and sizes, no more is seen. */
MUST_USE enum err cases_custody(struct core *core, const struct incoming *in,
                                const uint8_t id[static STORE_ID_LEN], uint64_t seq);
/* What the document itself says of the step. */
struct casefile_step cases_step_of(const struct core *core, const struct incoming *in);

/* ---- reporters.c ---- */
/* Who reports: is this type one of theirs? */
bool reporters_apply(uint32_t type);
/* Reads only. */
MUST_USE enum err reporters_judge(struct core *core, const struct incoming *in,
                                  struct judgement *out);
MUST_USE enum err reporters_take(struct core *core, const struct incoming *in, uint64_t seq);

/* ---- acts.c ---- */
/* An act that two officials of a member signed, carried by a document of that member. */
struct act_about {
    struct span lsd1;
    lianshu_OfficialVerb verb;
    const char *member;    /* whose officials */
    const char *recipient; /* what the act must say */
    const char *sender;
    const uint8_t *message_id;
};
/* Does it stand? Reads only. */
MUST_USE enum err acts_judge(struct core *core, const struct act_about *what, enum err *refusal);
/* Keep it: its leaf, with the signed act beside it. It was judged in this transaction. */
MUST_USE enum err acts_keep(struct core *core, const struct act_about *what, uint64_t *leaf);

/* ---- case_flows.c ---- */
/* The clocks that an accepted document of another type starts or stops in its conversation. */
MUST_USE enum err cases_flow(struct core *core, const struct incoming *in, uint64_t seq);

/* ---- case_clocks.c ---- */
struct case_change {
    const struct incoming *in;
    const struct casefile *row; /* as it stands now */
    const struct case_result *result;
    char owner_before[STORE_MEMBER_MAX + 1];
    uint64_t event_ms;
};
MUST_USE enum err case_clocks_take(struct core *core, const struct case_change *change);
/* One bounded step of reminding, and of telling that a term is over. */
MUST_USE enum err case_clocks_step(struct core *core, bool *more);

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
    /* As it goes out, borrowed until the next call on the log. Of one of this hub (FRAME_RECEIPT_HUB)
     * the body of the leaf is the receipt, and its path is made when it is asked for. */
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
/* The peer, a link, could not take what it was sent: again from its last acknowledgement on. */
MUST_USE enum err receipts_again(struct core *core, uint32_t peer);
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
    struct view_asked *asked; /* noted here; may be NULL */
    uint64_t known;           /* relations as of this size; 0: as of as_of */
};
struct view view_of(struct view_ctx *ctx);
/* One USCC is one body, whatever kind of body the sender calls it. */
uint8_t view_kind(uint8_t kind);
MUST_USE enum err view_token(struct core *core, uint8_t kind, struct span id,
                             uint8_t out[static STORE_TOKEN_LEN]);

/* ---- certificate.c ---- */
/* May it be asked? Reads only. */
MUST_USE enum err certificate_judge(struct core *core, const struct incoming *in,
                                    struct judgement *out);
/* The signed answer to a credit check. */
MUST_USE enum err certificate_send(struct core *core, const struct incoming *in);

/* ---- mirror.c ---- */
MUST_USE enum err mirror_open(struct core *core);
void mirror_close(struct core *core);
/* One bounded step of telling members what restricts whom: at most one page. */
MUST_USE enum err mirror_step(struct core *core);
/* Something of it changed, or was rolled back: look at all members again. */
void mirror_wake(struct core *core);
/* An adapter has said hello. */
void mirror_peers_changed(struct core *core);
/* An update of ours has come to its end; refused: not by being taken. */
MUST_USE enum err mirror_answered(struct core *core, const struct queue_row *row, bool refused);

/* ---- rest of the core's own keys ---- */
MUST_USE enum err rest_put(struct core *core, const char *table, struct span row,
                           const char *column, struct span value, struct writer *w);
MUST_USE enum err rest_get(struct core *core, const char *table, struct span row,
                           const char *column, struct span sealed, struct writer *w);

#include "core/ledger.h"

#include "core/links.h"
#include "core/outgoing.h"

#include "core/relay.h"

#include "core/spread.h"

#include "core/state_gates.h"

#endif
