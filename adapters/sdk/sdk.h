/*
 * sdk - the public C interface to Lianshu: send signed and sealed messages, receive them, each
 * exactly once, whatever is killed in between.
 *
 * One struct sdk is one adapter of one member: its keys, its durable outbox and inbox (one
 * SQLite file in state_dir), and its connection to the member's hub. What it does on the
 * network it does inside sdk_step; everything else touches the disk only.
 *
 *   sending                                             receiving
 *   sdk_send ─> sdk_commit ─> QUEUED                    hub ─> verified, opened, in order
 *                               │ sdk_step                       │
 *                               v                                v
 *      ┌──────── HELD <──── SENT ──> REJECTED (final)   handler.apply, in a transaction
 *      │ released           │                                    │
 *      └──────────> ACCEPTED (final for messages to              v
 *                     │       the hub alone)            commit ─> receipt `delivered`
 *                     v                                          │
 *      for each destination: DELIVERED, OPENED, ACTED            v
 *      (good)  RETURNED, EXPIRED, SUPERSEDED, REFUSED   sdk_receipt: `opened`, `acted`
 *      (bad): when all have one, the message is FINAL
 *
 * Guarantees, in the order they matter:
 *   1. When sdk_commit answers OK, every message of sdk_send since the last commit is on
 *      disk, signed, and will be sent until a receipt says what became of it, in this
 *      process or after any number of kills. The same bytes are sent each time.
 *   2. A key (idempotency) names a message until it is forgotten (keep_days after it was final):
 *      the same key with the same content is the first message again, with the receipts it has
 *      (*repeat set, nothing sent), also when it was rejected; with other content ERR_CONFLICT.
 *   3. An incoming message is handed to handler.apply at most once in a committed
 *      transaction. What apply does through sdk_send, sdk_receipt and sdk_db is committed
 *      with it or not at all. What it does outside (files) may be done twice after a kill:
 *      name it by env_id.
 *   4. Within a conversation, messages come to apply in the order of the hub's delivery
 *      numbers, without a gap that the hub has not declared (tombstone).
 *   5. No receipt `delivered` leaves before the transaction of apply is on disk.
 *   6. apply sees only what is verified: the hub's statement under its log key, the hubs passed a
 *      way from the sender's hub to ours, the sender's
 *      signature with a key valid when the hub accepted, rights of the sender towards us,
 *      every part of ours opened, documents addressed to us by the sender, sealed
 *      documents that name exactly these facts, attachments complete and hashed.
 *   7. What cannot be used is answered with a receipt `returned` (one code for everything that
 *      does not open) and kept as ids and inner code in quarantine.
 *   8. Receipts about our messages are verified before they count, each once however often it
 *      comes; handler.outcome is called in the transaction that stores them. `held`, `released`,
 *      `parked` and `warned` may come several times and end nothing: a parked message is never
 *      dropped. `opened` and `acted` come after `delivered`, also when the message is final.
 *      A hub further on counts under its own log key, when it lies between us and the recipient
 *      that it speaks of; `relayed` shows that it has the message, and ends nothing.
 *   9. Attachments of any size pass in constant memory, and go on after a kill where they were.
 *  10. What was taken back before it came is never shown; what was shown and not opened is told
 *      to apply as withdrawn and cannot be opened any more; what was opened stays, and the
 *      withdrawal goes back (ERR_WITHDRAW_LATE).
 *  11. A message that its hub refuses (E405, E411, E412) because a key it was sealed to is no
 * longer good, while the registry has the reader's next one, is sealed again to that, the same
 * signed documents under another message id: nobody is told, and its caller goes on seeing one
 * message under the id that sdk_send gave. In its conversation it then comes after what was sent
 *      meanwhile. Not what is being withdrawn or is over, nor what may have been taken by a disk
 *      that its hub has lost since, nor without a storage key.
 *
 * Several adapters of one member, each with keys and a state_dir of its own (two processes on one
 * state_dir: ERR_BUSY_ELSEWHERE), share the member's queue; set `shared` in each. The hub gives a
 * conversation to one of them at a time. Guarantee 3 then holds for each inbox: a message whose
 * receipt was lost with its adapter is applied once more by the next, under the same env_id, so a
 * sink that names its file or row by env_id has it once. Guarantee 4 holds as long as a
 * conversation stays with one adapter; numbers that another has taken are waited for
 * SDK_GAP_WAIT_S seconds, then passed with a line in the log. Receipts that the other has
 * acknowledged are asked for by a new hello, at most each 30 s. Keys are scoped to the outbox.
 *
 * Errors: REJECT errors are the caller's input, with a fault that names the field. RETRY
 * errors (disk full, busy): try again later, nothing was kept. FATAL and INTERNAL: end the
 * process; it continues where it stopped when started again.
 *
 * Ownership: strings and spans in arguments are borrowed for the call; what handlers are given
 * is borrowed until they return.
 * Time: now_ms is Unix time in milliseconds, given by the caller.
 * Thread rule: one struct sdk belongs to one thread. No mutex, no thread of its own (but
 * ZeroMQ's).
 * PROTOCOL: documents, envelopes, receipts, frames on the wire.
 */
#ifndef ADAPTERS_SDK_SDK_H
#define ADAPTERS_SDK_SDK_H

#include "base/err.h"
#include "base/span.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    SDK_ID_LEN = 16, /* message, document, conversation, order, obligation */
    SDK_ENV_ID_LEN = 32,
    SDK_KEY_MAX = 96,         /* idempotency key, bytes */
    SDK_MEMBER_MAX = 41,      /* member id with NUL */
    SDK_DESTINATION_MAX = 31, /* members besides the hub: with it, an audience is at most 32 */
    SDK_FILE_MAX = 16,        /* attachments of a message */
    SDK_FILE_NAME_MAX = 193,
    SDK_BASIS_MAX = 16,
    SDK_GROUND_MAX = 4,
    SDK_REFERENCE_MAX = 65,
    SDK_KEEP_DAYS = 400,     /* how long what is final is remembered, unless configured */
    SDK_KEEP_DAYS_MIN = 100, /* longer than any message lives */
    SDK_GAP_WAIT_S = 45,     /* with `shared`: a lease of the hub, and more */
    SDK_BATCH_MAX = 256,     /* messages sealed and signed at once */
    SDK_BODY_MAX = 61440,    /* canonical bytes of a facts or sealed body */
    SDK_FILE_BYTES_MAX_GIB = 10,
};

struct sdk;
struct db;
struct registry;
struct keyring;

/* An attachment to send. Reads fd from its beginning to its end, during sdk_send. */
struct sdk_file {
    const char *name;       /* shown to the reader: no path, not empty */
    const char *media_type; /* "application/pdf" */
    const char *role;       /* document code (D04 …) or "" */
    int fd;                 /* regular file, borrowed */
};

/* A message to send. Zeroed members mean "none". */
struct sdk_message {
    const char *key;       /* idempotency key, chosen by the caller; required */
    uint32_t type;         /* lianshu_DocumentType; required */
    const char *const *to; /* destination members, any order, hub included where it is one; or
                            * groups, a member id with slash and star behind it: that
                            * department in that region and all below it */
    size_t to_count;
    struct span facts;    /* canonical bytes of the type's facts body; required */
    struct span document; /* LSD1 of the facts document when it is signed already, by us and others
                           * (a joint notice): goes as it is, facts is its body, `to` among its
                           * addressees, and nothing is sealed or attached. Else none */
    struct span sealed;   /* canonical bytes of the sealed body, for `to` without the hub */
    const struct sdk_file *files;
    size_t file_count;
    struct span conversation; /* 16 bytes: order or case; none: unordered, of its own */
    struct span in_reply_to;  /* env_id */
    const char *const *basis; /* legal basis codes of the document */
    size_t basis_count;
    const char *purpose;    /* NULL or "": the first word of the type's name */
    uint64_t expires_ms;    /* 0: the most that the class allows */
    uint64_t not_before_ms; /* the hub delivers it then; 0: at once */
};

/* What became of a message. */
enum sdk_state {
    SDK_QUEUED,   /* on disk, signed */
    SDK_SENT,     /* handed to the connection at least once: a hint, no promise */
    SDK_ACCEPTED, /* on the hub's disk and decided */
    SDK_HELD,     /* waits for two officials */
    SDK_REJECTED, /* final */
    SDK_FINAL,    /* every destination has a final receipt; see them one by one */
    SDK_LAPSED,   /* expired here before the hub took it; final */
};

/* Why a gate acted. */
struct sdk_ground {
    char measure[5];
    uint8_t order_id[SDK_ID_LEN];
    uint32_t order_version;
    char rule[17];
    char basis[49];
};

/* One receipt about a message of ours. kind is lianshu_ReceiptKind. */
struct sdk_receipt {
    uint32_t kind;
    uint32_t code; /* of err.h; 0 when there is nothing to say */
    uint64_t time_ms;
    char by[SDK_MEMBER_MAX];
    char about[SDK_MEMBER_MAX]; /* the destination it concerns; "": all */
    char reference[SDK_REFERENCE_MAX];
    struct sdk_ground grounds[SDK_GROUND_MAX];
    size_t ground_count;
};

struct sdk_outcome {
    uint8_t
        message_id[SDK_ID_LEN]; /* of the envelope; a group's message has several under its key */
    uint8_t env_id[SDK_ENV_ID_LEN];
    const char *key;
    uint32_t type;
    enum sdk_state state; /* of this envelope, after this receipt */
    struct sdk_receipt receipt;
};

/* A sender takes one of its messages back. */
struct sdk_withdrawal {
    uint8_t message_id[SDK_ID_LEN];
    uint8_t env_id[SDK_ENV_ID_LEN];
    uint32_t reason; /* code of err.h; 0: none was given */
    uint32_t type;   /* of the message taken back; 0: it never came */
    bool shown;      /* apply was given it: mark it. false: it is not shown any more */
};

/* An attachment received; its bytes by sdk_file_save. */
struct sdk_incoming_file {
    char name[SDK_FILE_NAME_MAX];
    char media_type[65];
    char role[9];
    uint64_t byte_count;
};

/* A message received, verified and opened. */
struct sdk_incoming {
    uint8_t env_id[SDK_ENV_ID_LEN];
    uint8_t message_id[SDK_ID_LEN];
    uint32_t type;
    const char *sender;
    uint64_t created_ms;
    uint64_t accepted_ms; /* by the hub: keys and rights were judged as of then */
    struct span conversation;
    uint64_t delivery_number;   /* within the conversation */
    struct span in_reply_to;    /* env_id, or empty */
    struct span facts;          /* canonical body; empty: none */
    struct span sealed;         /* canonical body; empty: none */
    struct span facts_document; /* LSD1, to pass on or to archive */
    const struct sdk_incoming_file *files;
    size_t file_count;
    const struct sdk_ground *advisories; /* flags: a person must see them */
    size_t advisory_count;
    const struct sdk_withdrawal *withdrawal; /* type withdraw; NULL: of any other type */
};

/* How far an attachment is. */
enum sdk_phase {
    SDK_SEALING,  /* inside sdk_send */
    SDK_SENDING,  /* to the hub; ended when the hub has all of it */
    SDK_FETCHING, /* from the hub */
    SDK_SAVING,   /* inside sdk_file_save, or being checked before apply */
};
struct sdk_progress {
    enum sdk_phase phase;
    uint8_t root[SDK_ENV_ID_LEN]; /* names the attachment; zeros while it is being sealed */
    uint64_t bytes, total;        /* of the file; equal: this phase is over */
};

struct sdk_handler {
    void *ctx;
    /* Inside the transaction. OK: committed and receipted `delivered`. REJECT: undone, and
     * receipted `returned` with this code. RETRY: undone, comes again later. Else: sdk_step
     * ends with the error. */
    enum err (*apply)(void *ctx, struct sdk *sdk, const struct sdk_incoming *message,
                      uint64_t now_ms);
    /* Inside the transaction that stores the receipt. May send. Same errors, REJECT is ignored. */
    enum err (*outcome)(void *ctx, struct sdk *sdk, const struct sdk_outcome *outcome,
                        uint64_t now_ms);
    /* The hub welcomed us (true) or the connection was lost (false). May be NULL. */
    void (*connected)(void *ctx, bool up);
    /* An attachment has come further. Called for each chunk, so it must be quick. May be NULL. */
    void (*progress)(void *ctx, const struct sdk_progress *progress);
};

struct sdk_config {
    const char *realm;
    const char *member;   /* market.445100 */
    const char *adapter;  /* name of this adapter, for logs */
    const char *hub;      /* hub.445100 */
    const char *endpoint; /* tcp://host:port of the hub; NULL: no connection (tools, tests) */
    const char *key_file;
    const char *passphrase_file;
    const char *anchor;       /* anchor.yaml */
    const char *registry;     /* LSG1 file */
    const char *state_dir;    /* 0700, made when missing */
    uint32_t window_messages; /* deliveries in flight towards us; 0: 64 */
    uint32_t window_bytes;    /* 0: 16 MiB */
    uint32_t keep_days;       /* 0: SDK_KEEP_DAYS */
    bool shared;              /* other adapters of this member work on the same queue */
};

/* Opens keys, registry and state (E404…E434, E440, E021…E023, E410 and others with a fault).
 * The handler is copied, its ctx borrowed until sdk_close. */
MUST_USE enum err sdk_open(struct sdk **out, const struct sdk_config *config,
                           const struct sdk_handler *handler, uint64_t now_ms, struct fault *fault);
/* Commits nothing; waits at most a second for the connection. */
void sdk_close(struct sdk **sdk);

/* Stage a message. Its id goes to id; *repeat (may be NULL) says that it was known. Durable
 * after sdk_commit; inside apply or outcome, with their transaction. */
MUST_USE enum err sdk_send(struct sdk *sdk, const struct sdk_message *message, uint64_t now_ms,
                           uint8_t id[static SDK_ID_LEN], bool *repeat, struct fault *fault);
/* Ask the hub what it would answer to this message if it came now; the message is not sent, its
 * sealed body, files, destinations and conversation are not looked at. As sdk_send otherwise; the
 * key must not be that of a message. The answer comes as preview.answer (guarantee 3), in_reply_to
 * the question and in its conversation, which is the id given here. PROTOCOL: Preview. */
MUST_USE enum err sdk_preview(struct sdk *sdk, const struct sdk_message *message, uint64_t now_ms,
                              uint8_t id[static SDK_ID_LEN], bool *repeat, struct fault *fault);
/* Messages that are held, because a key that signed them is revoked and their acceptance was not
 * before its doubt: not shown to apply, and not receipted, until two officials (of this member or
 * its hub) have decided. From *cursor 0 on; ERR_NOT_FOUND: no more. */
struct sdk_held {
    uint8_t message_id[SDK_ID_LEN];
    char sender[SDK_MEMBER_MAX];
    uint32_t type;
    uint64_t held_ms;
};
MUST_USE enum err sdk_held(struct sdk *sdk, uint64_t *cursor, struct sdk_held *out);
/* The same beside a running adapter, from its state_dir, without its keys; nothing is changed. An
 * error of `each` ends it. *fault is empty before. */
typedef enum err sdk_held_fn(void *ctx, const struct sdk_held *row);
MUST_USE enum err sdk_held_beside(const char *state_dir, sdk_held_fn *each, void *ctx,
                                  struct fault *fault);
/* An official.act (LSD1) that releases one to apply, or returns it (E411). Staged, as sdk_send;
 * kept. ERR_TWO_OFFICIALS, ERR_EXPIRED, ERR_HEADER, ERR_NOT_FOUND, those of document_verify. */
MUST_USE enum err sdk_act(struct sdk *sdk, struct span lsd1, uint64_t now_ms, struct fault *fault);
/* A key record of our own (LSD1, lianshu key rotate) for the hub: staged, as sdk_send, and said at
 * each connection until the hub tells everybody that it is in effect; only then it counts here,
 * too. ERR_KEY_NOT_SENDERS, ERR_REGISTRY_ROLLBACK (its number is taken), those of document_verify.
 */
MUST_USE enum err sdk_key_record(struct sdk *sdk, struct span lsd1, uint64_t now_ms,
                                 struct fault *fault);
/* The type that a signed document says it is; 0: it is none. Nothing of it is verified. */
uint32_t sdk_paper_type(struct span lsd1);
/* Begin a transaction for the caller's own rows in sdk_db, when none is open. */
MUST_USE enum err sdk_begin(struct sdk *sdk);
MUST_USE enum err sdk_commit(struct sdk *sdk, uint64_t now_ms);
/* Forget what was staged since the last commit. */
void sdk_rollback(struct sdk *sdk);

/* Take the message with that key back from readers that have not opened it; reason is a code of
 * err.h or 0. Staged, as sdk_send; a second call is a repetition. id: of the withdrawal, of the
 * first when a group's message had several envelopes. ERR_NOT_FOUND: nothing under way has this
 * key; ERR_WITHDRAW_LATE: every reader has said that it opened it. What a reader answers comes as
 * an outcome of the key "withdraw:<message id>". */
MUST_USE enum err sdk_withdraw(struct sdk *sdk, const char *key, uint32_t reason, uint64_t now_ms,
                               uint8_t id[static SDK_ID_LEN], struct fault *fault);
/* The key of a message by its id. ERR_NOT_FOUND. */
MUST_USE enum err sdk_key_of(struct sdk *sdk, const uint8_t id[static SDK_ID_LEN],
                             char key[static SDK_KEY_MAX + 1]);

/* Say that an incoming message was taken by a person or system (lianshu RECEIPT_OPENED) or
 * carried out (RECEIPT_ACTED, with reference). Staged, as sdk_send; once for each kind.
 * ERR_NOT_FOUND: not applied here; ERR_WITHDRAWN: its sender took it back. */
MUST_USE enum err sdk_receipt(struct sdk *sdk, const uint8_t message_id[static SDK_ID_LEN],
                              const uint8_t env_id[static SDK_ENV_ID_LEN], uint32_t kind,
                              const char *reference, uint64_t now_ms);

/* Write the plaintext of attachment i to fd (its offset moves). Inside apply only. */
MUST_USE enum err sdk_file_save(struct sdk *sdk, const struct sdk_incoming *message, size_t i,
                                int fd);

/* The state of a message by its key; id and env_id are those of its first envelope. Of several
 * envelopes to a group, what is still to come counts before what ended badly, and that before what
 * ended well. ERR_NOT_FOUND. */
MUST_USE enum err sdk_status(struct sdk *sdk, const char *key, enum sdk_state *state,
                             uint8_t id[static SDK_ID_LEN], uint8_t env_id[static SDK_ENV_ID_LEN]);

/* A descriptor of the caller's to wake sdk_step, e.g. inotify. */
struct sdk_watch {
    int fd;     /* -1: none */
    bool ready; /* set when it can be read */
};

/* One turn: wait at most wait_ms for the network, the watch, or what is due; then read, apply,
 * commit, and send. Bounded work per turn. */
MUST_USE enum err sdk_step(struct sdk *sdk, uint64_t now_ms, uint32_t wait_ms,
                           struct sdk_watch *watch);

/* The caller's own tables live in the same database: a row written while a transaction is
 * open is committed with it. Names beginning with outbox, inbox and sdk are ours. */
struct db *sdk_db(struct sdk *sdk);
const struct registry *sdk_registry(const struct sdk *sdk);
const char *sdk_member(const struct sdk *sdk);
const char *sdk_hub(const struct sdk *sdk);

struct sdk_counts {
    uint64_t queued; /* not yet answered by the hub */
    uint64_t open;   /* accepted, waiting for destinations */
    uint64_t held;   /* waiting for two officials */
    uint64_t final;
    uint64_t rejected;
    uint64_t lapsed;
    uint64_t received; /* applied */
    uint64_t waiting;  /* received, waiting for a gap or for attachments */
    uint64_t returned;
    uint64_t withdrawn; /* applied, then taken back by their senders */
    uint64_t owed;      /* receipts of ours that the hub has not acknowledged yet */
    uint32_t busy_code; /* why the hub put us off last; 0: it takes what we send */
    bool connected;
};
MUST_USE enum err sdk_counts(struct sdk *sdk, struct sdk_counts *out);

/* Verify a signed document (LSD1) found inside a message, such as the order in a notice: issuers'
 * signatures with keys valid at as_of_ms. *d (struct of the document's fields) stays the
 * caller's; body is lent from `frame`. */
struct _lianshu_Document;
MUST_USE enum err sdk_document_verify(struct sdk *sdk, struct span frame, uint64_t as_of_ms,
                                      struct _lianshu_Document *d);

#endif
