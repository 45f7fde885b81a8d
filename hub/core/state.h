/*
 * state - what the files of the core share: the open batch, the envelope under examination
 * and what was decided about it. Nothing outside hub/core includes this.
 *
 *   ingest.c    frame -> checks -> struct incoming
 *   judge.c     incoming -> struct judgement (reads only)
 *   apply.c     judgement -> rows, leaves, receipts
 *   ledger.h    orders and what follows from them
 *   relay.c     from hub to hub
 *   deliver.c   queue -> outputs           receipts*.c     receipts in and out, also of links
 *   again.c     what a restored hub lost
 *   session.c   hello, credit              view.c          the policy's look-ups
 *   gates.c     who may be concerned by a change            regate.c   asking the gate again
 *   holds.c     what a gate holds, until it goes or not
 *   attach.c    attachments, in and out
 *   query.c     answers for people         outgoing.c      envelopes of the hub itself
 *   facts_relay.c, contest.c, roll.c   facts to every hub
 *   mirror.c    the members' mirrors       certificate.c   answers to credit checks
 *   cosigning.c, witnessing.c  witnesses of our log, and we as that of others
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
#include "core/rekey.h"
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

#include "core/state_incoming.h"

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
    } repeats;                     /* receipts to be told again */
    struct attach *attach;         /* owns; attach.c */
    struct again *again;           /* owns one a link; again.c */
    struct gates *gates;           /* owns; gates.c */
    struct mirror *mirror;         /* owns; mirror.c */
    struct outgoings *outgoings;   /* owns; outgoing.c */
    struct spread *spread;         /* owns; facts_relay.c */
    struct link_book *links;       /* owns; links.c */
    struct relay *relay;           /* owns; relay.c */
    struct cosigning *cosigning;   /* owns; cosigning.c */
    struct witnessing *witnessing; /* owns; witnessing.c */
    bool output_ready;
    struct verifier *verifier;
    struct log_readers *readers; /* owns; the logs of other hubs */
    struct opener *opener;
    struct envelope_batch *envelopes;
    const struct key *sign_key;
    const struct key *storage_key; /* and the ones before, while they are replaced: rekey.h */
    const struct key *token_key;
    const struct key *storage_before;
    const struct key *token_before;
    struct rekey rekey;
    bool doubt_settled; /* no review of a revoked key is under way, as the database was read last */
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
    uint32_t workdays_date;      /* when workdays_step looked last; 0: it is to look again */
    bool clock_back;             /* the clock stands well before what was committed: E510 */
    bool disk_low;               /* core_disk said so */
    bool reserve_spent;          /* the reserve file was given to the disk */
    uint64_t disk_full_until_ms; /* the last commit found it full */
    uint64_t sweep_ms;           /* when chunks are looked through next */
    uint64_t scrub_ms;           /* when the next tile of the log is read again */
    uint64_t scrub_tile;
    uint64_t scrub_began_ms;   /* this round */
    uint64_t scrub_ended_ms;   /* the last one; 0: none since the start */
    uint64_t retain_ms;        /* when what was kept long enough is looked for next */
    size_t amendments_written; /* of the registry's, in order: they have their rows */
    struct doubled *doubled;   /* owns */
    struct volumes *volumes;   /* owns */
    bool work_waiting;         /* expansion or sealing goes on at the next tick */
    uint64_t signed_size;
    uint8_t checkpoint[NOTE_LEN_MAX];
    size_t checkpoint_len;

    /* The plan of the order that was looked at last: plans.c. */
    bool plan_loaded;
    uint8_t plan_order[STORE_ID_LEN];
    uint32_t plan_version;
    struct due_memo dues[2]; /* to answer, to execute */
    struct recount recount;
    uint64_t plan_known; /* relations as of this size; 0: as of the decision */
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
/* Those of its own keys that it uses by now: core_open.c. */
void core_own_keys(struct core *core);
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
/* Count it, and say nothing. */
void ingest_count(struct core *core, uint32_t peer, enum err code);

/* ---- room.c ---- */
/* OK, or why a new envelope must wait at its sender (RETRY). */
MUST_USE enum err room_for(struct core *core, const struct incoming *in);
/* A commit found the disk full: its reserve is for receipts and deliveries, from now on. */
MUST_USE enum err room_disk_full(struct core *core);

/* ---- apply.c ---- */
MUST_USE enum err apply(struct core *core, struct incoming *in, struct judgement *judged);
/* What a held message does once it is released; of a step of a case core->judged has its number. */
MUST_USE enum err apply_released(struct core *core, struct incoming *in,
                                 const struct message_row *message);
/* A leaf with a canonical message as its body. */
MUST_USE enum err apply_leaf(struct core *core, enum log_kind kind, const pb_msgdesc_t *desc,
                             const void *body, uint64_t *index);
/* The same as of another moment, and with what is kept beside it. */
MUST_USE enum err apply_leaf_at(struct core *core, enum log_kind kind, uint64_t time_ms,
                                const pb_msgdesc_t *desc, const void *body, struct span beside,
                                uint64_t *index);
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
/* ---- statement.c ---- */
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
/* The same to the next hub, with the number and the moment that a step of a case has now. */
MUST_USE enum err apply_restep(struct core *core, const struct queue_row *row, uint64_t case_step,
                               uint64_t *index);
/* ---- apply_queue.c ---- */
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
/* Accepted, but two officials must let it go first. */
static inline bool apply_holds(const struct judgement *judged)
{
    return judged->err == OK && judged->verdict.action == GATE_HOLD;
}
/* Must the recipient see the grounds? */
static inline bool apply_advises(const struct verdict *v)
{
    return v->action == GATE_FLAG || v->action == GATE_HOLD;
}

/* ---- effects.c ---- */
/* decision_seq: the log leaf of the decision record, 0: none; seq: of the acceptance. */
MUST_USE enum err effects_run(struct core *core, struct incoming *in, struct judgement *judged,
                              uint64_t decision_seq, uint64_t seq);

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

/* ---- session.c ---- */
MUST_USE enum err session_control(struct core *core, uint32_t peer, struct span frame);
/* Write what adapters have acknowledged; a batch is open. */
MUST_USE enum err session_acknowledge(struct core *core);
bool session_say(struct core *core, uint32_t peer, const lianshu_Control *control);

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
/* names_look as of now. */
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

#include "core/amending.h"
#include "core/back.h"

#include "core/cosigning.h"

#include "core/doubled.h"

#include "core/ledger.h"

#include "core/links.h"
#include "core/names.h"
#include "core/outgoing.h"

#include "core/relay.h"

#include "core/spread.h"

#include "core/state_cases.h"
#include "core/state_gates.h"

#include "core/volumes.h"

#endif
