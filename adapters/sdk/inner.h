/*
 * inner - what the files of the SDK share. Nothing here is for applications.
 *
 *   sdk.c     open, close, transactions          pack.c    documents, sealing, signing
 *   outbox.c  messages and what became of them   unpack.c  verifying and opening
 *   reseal.c  what was refused for a key         lapse.c   what is over before it went
 *   flight.c  what is sent next, and again       trim.c    what is forgotten, and when
 *   send.c    sdk_send                           group.c   members that a group has
 *   frames.c  frames on disk, sent and applied   recall.c  taking back, both ways
 *   audience.c  who reads what                 outbox_by.c  whose receipts count
 *   archive.c   the keys beside those frames
 *   inbox.c   order, dedupe, apply, receipts     file.c    attachments, both ways
 *   turn.c    frames in, frames out              link.c    the connection
 *
 * turn_input and turn_output are the whole protocol without a socket: tests feed and read
 * frames directly, sdk_step moves them through a link.
 */
#ifndef ADAPTERS_SDK_INNER_H
#define ADAPTERS_SDK_INNER_H

#include "adapters/sdk/inner_bounds.h"
#include "adapters/sdk/inner_frames.h"
#include "adapters/sdk/link.h"
#include "adapters/sdk/mirror_in.h"
#include "adapters/sdk/sdk.h"
#include "adapters/sdk/sdk_mirror.h"
#include "catalogue.h"
#include "frame.h"
#include "keys/attachment.h"
#include "keys/document.h"
#include "keys/envelope.h"
#include "keys/keyfile.h"
#include "keys/log_readers.h"
#include "keys/receipt.h"
#include "keys/topology.h"
#include "store/db.h"
#include "wire.h"

#include "document.pb.h"
#include "wire.pb.h"

/* A message staged by sdk_send: its documents are encoded, not signed yet. */
struct stage_document {
    size_t at, len; /* D, in the stage buffer */
    size_t leaf;    /* index in the batch of signatures */
    bool whole;     /* an LSD1 that others signed too: it is not signed again */
};
struct stage {
    char key[SDK_KEY_MAX + 1];
    uint32_t part; /* 0, or which envelope of a group's */
    bool by_rule;  /* the documents name no reader: all parts share them */
    uint8_t content[HASH_LEN];
    uint8_t message_id[SDK_ID_LEN];
    uint32_t type;
    uint64_t after; /* outbox row that must be answered first; 0: none */
    char to[SDK_DESTINATION_MAX + 1][SDK_MEMBER_MAX]; /* sorted, the hub included when named */
    size_t to_count;
    uint64_t created_ms, expires_ms, not_before_ms;
    uint8_t conversation[SDK_ID_LEN];
    uint64_t sequence;
    uint8_t in_reply_to[SDK_ENV_ID_LEN];
    bool replies;
    char purpose[17];
    struct stage_document facts, sealed, manifest; /* len 0: none */
    uint8_t facts_hash[HASH_LEN];
    lianshu_AttachmentHeader files[SDK_FILE_MAX];
    size_t file_count;
    unsigned parts; /* of its envelope, once that is made */
};

/* A receipt of ours, staged: signed at commit. */
struct stage_receipt {
    size_t at, len; /* Q, in receipt_bytes */
};

/* A message on its way to the hub. Volatile: after a restart everything unanswered goes again. */
struct flight {
    uint64_t id; /* outbox row; 0: answered, the place is free once it is the oldest */
    uint8_t message_id[SDK_ID_LEN];
    uint64_t due_ms;
    uint64_t sent_ms; /* when it went last; 0: it goes at due_ms whatever is answered */
    uint32_t attempt;
    bool urgent;
};

/* What a receipt needs of a row. One destination stands here, more are read when needed. */
struct outbox_row {
    uint64_t id;
    uint8_t message_id[SDK_ID_LEN];
    uint8_t told[SDK_ID_LEN]; /* what its caller knows it by */
    uint8_t env_id[HASH_LEN];
    char key[SDK_KEY_MAX + 1];
    char destination[SDK_MEMBER_MAX]; /* "" unless it is the only one */
    uint32_t type, destination_count, files;
    enum sdk_state state;
};

/* The members that a message to groups goes to, sorted. */
struct group {
    char (*member)[SDK_MEMBER_MAX];
    size_t count;
    size_t next; /* the first of the next envelope */
};

/* Chunks that the hub wants. */
struct want {
    uint8_t root[HASH_LEN];
    uint8_t message_id[SDK_ID_LEN];
    uint64_t next, end;
    bool used; /* until the last chunk of the file went; the envelope follows it */
};

/* The attachment of which chunks are being sent: its leaves are in memory. */
struct outgoing_file {
    uint8_t root[HASH_LEN];
    int fd; /* -1: none */
    uint64_t count, bytes;
    merkle_hash *leaves;
    merkle_hash *tops; /* roots of 256 leaves each */
};

/* The attachment that is being fetched. What comes is opened and hashed at once, unless a part of
 * it was here before: then all of it is, once it is complete. */
struct incoming_fetch {
    bool hashing;
    enum err verdict; /* of the chunks so far, while hashing */
    struct sha256 sha;
    uint8_t *key; /* guarded, FILE_KEY_LEN; owned, kept for the next one */
    uint8_t sha256[HASH_LEN];
    uint64_t byte_count;
    uint8_t root[HASH_LEN];
    uint8_t message_id[SDK_ID_LEN]; /* the envelope that waits for it */
    uint64_t count, have, asked;
    uint64_t reask_ms;
    int fd; /* -1: none */
};

/* Everything of one incoming message while it is looked at. Spans point into the buffers. */
struct unpacked {
    lianshu_Header header;
    lianshu_Statement statement;
    struct frame_envelope frame;
    uint8_t header_hash[HASH_LEN];
    uint8_t env_id[HASH_LEN];
    lianshu_Document facts, sealed, manifest;
    uint8_t facts_hash[HASH_LEN], sealed_hash[HASH_LEN], manifest_hash[HASH_LEN];
    struct span facts_document; /* LSD1 */
    bool doubted; /* keys that are revoked as of then are taken all the same: it is only held */
    bool has_facts, has_sealed, has_manifest;
    unsigned opened; /* bit i: part i; its key is in sdk.deks */
    lianshu_Manifest files;
    enum err inner; /* why it did not open; never leaves */
    uint8_t facts_plain[SDK_PART_MAX], sealed_plain[SDK_PART_MAX], manifest_plain[SDK_PART_MAX];
    _Alignas(16) uint8_t body[SDK_BODY_STRUCT_MAX];
};

/* An attachment that was opened and hashed whole while it came: it need not be read for that. */
struct checked {
    uint8_t root[HASH_LEN];
    enum err verdict;
    bool used;
};

struct outbox;
struct inbox;

struct sdk {
    char realm[17], member[SDK_MEMBER_MAX], adapter[32], hub[SDK_MEMBER_MAX];
    char state_dir[SDK_PATH_MAX];
    uint32_t window_messages, window_bytes;
    struct sdk_handler handler;
    struct entropy_pool pool;
    struct entropy entropy; /* of the pool */
    struct keyring *keys;
    const struct key *sign;    /* of the keys: the one that counts by now */
    struct registry *registry; /* amendments are applied to it */
    struct verifier *verifier;
    struct opener *opener;
    struct log_reader log;
    struct log_readers *logs; /* of other hubs */
    struct batch *batch;      /* of documents, then of receipts */
    struct envelope_batch *envelopes;
    struct db *db;
    struct stmt **sql; /* inner_sql.h */
    struct link *link;
    struct mirror_in *mirror_in;
    struct sdk_mirror *mirror; /* NULL until it is asked for */
    bool mirror_trims;         /* pages of a generation that is no more may be here */

    /* staged since the last commit */
    struct stage *stage;
    size_t stage_count;
    struct group group;
    uint8_t *stage_bytes;
    size_t stage_len;
    struct stage_receipt *receipt_stage;
    size_t receipt_stage_count;
    uint8_t *receipt_bytes;
    size_t receipt_len;
    bool in_savepoint;
    struct drop {
        uint8_t root[HASH_LEN];
        bool out;
    } drop[SDK_DROP_MAX]; /* attachments that go once this is committed */
    size_t drop_count;

    /* scratch, taken once */
    lianshu_Document *document;
    lianshu_Header *header;
    lianshu_Control *control;
    lianshu_Receipt *receipt;
    lianshu_Manifest *manifest;
    struct unpacked *message;
    uint8_t (*deks)[SEAL_DEK_LEN];        /* guarded: of the message at hand, by part */
    uint8_t (*sealed_deks)[SEAL_DEK_LEN]; /* guarded: of those being sealed, SDK_PARTS each */
    uint8_t *pack_keys;                   /* guarded, SDK_PACK_KEYS: of a pack that is looked at */
    const struct sdk_incoming *applying;  /* inside apply */
    uint8_t *plain[3];                    /* LSD1 of the parts while sealing */
    uint8_t *frame;                       /* FRAME_MAX: one envelope while packing or loading */
    uint8_t *chunk;                       /* CHUNK_FRAME_MAX */
    uint8_t *chunk_plain;                 /* CHUNK_PLAIN_LEN */
    uint8_t *body;                        /* SDK_BODY_STRUCT_MAX: a body being checked */

    /* conversation with the hub, volatile */
    bool up, greeted;
    uint64_t hello_ms;       /* when to say hello (again); while not greeted */
    uint8_t *last_statement; /* LSV1 that waits for its envelope */
    size_t last_statement_len;
    uint8_t *stored_statement, *stored_frame; /* a delivery that waited, while it is applied */
    uint64_t resume_cursor;
    struct flight *flight;                 /* ring of SDK_FLIGHT_RING, oldest first */
    size_t flight_head, flight_len;        /* places in use */
    size_t flight_count;                   /* of them in the air */
    size_t flight_urgent;                  /* of these repairs */
    uint64_t flight_cursor, urgent_cursor; /* outbox rows up to here are in flight or answered */
    uint64_t flight_due_ms;                /* none is due before this */
    uint64_t answer_ms;                    /* when a message was answered last */
    uint64_t answered_ms;                  /* when the last sent of the answered ones went */
    bool board_more, board_urgent;         /* there may be rows to take aboard */
    uint64_t quiet_until_ms;               /* the hub is busy as a whole */
    uint32_t busy_code;                    /* why it was busy last; 0: it takes what we send */
    struct outbox_row *recent;             /* SDK_RECENT_MAX, by message id */
    struct pack pack[SDK_PACK_SLOTS + 1];  /* of what was sent; the last: of what is applied */
    uint8_t *pack_bytes;
    uint64_t pack_clock;
    struct pack_open pack_open[FRAME_SIDES];
    uint8_t *frame_row; /* a row of frames that is longer than a pack in memory */
    uint64_t outbox_last, proof_last, inbox_last, owed_last; /* highest ids given */
    bool proof_used; /* the LSR1 at hand has proven something new */
    uint32_t proof_place;
    struct totals {
        uint64_t final, rejected, lapsed, received, returned, withdrawn;
    } totals, totals_stored;
    struct want want[SDK_WANT_MAX];
    struct outgoing_file outgoing;
    struct incoming_fetch fetch;
    struct checked checked[SDK_CHECKED_MAX];
    size_t checked_next;
    struct file_facts {
        uint64_t bytes;
        uint8_t sha256[HASH_LEN];
    } file_facts[SDK_FILE_MAX];             /* of the message being sent */
    uint64_t record_cursor;                 /* own key records up to here were said */
    bool records_more;                      /* there may be more of them */
    uint64_t ack_due;                       /* receipt stream number to acknowledge; 0: none */
    uint64_t stream, stream_stored;         /* highest receipt number taken, and on disk */
    uint64_t log_number, log_number_stored; /* of the hub's log in which it counts; 0: not known */
    uint64_t receipt_cursor; /* own receipts up to this row were sent on this connection */
    uint64_t sent_receipts[SDK_ACK_MAX]; /* inbox_owed rows sent and not acknowledged; 0: repeats */
    size_t sent_count;
    uint64_t repeat[SDK_REPEAT_MAX]; /* inbox rows whose receipt the hub lacks */
    size_t repeat_count;
    uint64_t offer_ms, offer_cursor, unfinished_cursor;
    uint32_t offer_every_ms;
    uint64_t gap_hello_ms; /* when a gap in the receipt stream asks for a new hello; 0: never */
    uint64_t gap_allowed_ms;
    uint32_t hello_attempt;
    uint64_t up_ms;       /* since when the hub has welcomed us */
    uint64_t down_ms;     /* when it last ceased to; 0: never */
    uint64_t together_ms; /* since when, but for short cuts */
    uint64_t linked_ms;   /* when the connection came up last */
    uint32_t flaps;       /* connections in a row that did not last */
    uint64_t lapse_ms, trim_ms, idle_ms;
    uint64_t trim_outbox, trim_inbox; /* cursors */
    uint64_t trim_pack[FRAME_SIDES];
    uint64_t keep_ms; /* how long what is final is remembered */
    bool shared;
    bool any_withdrawn; /* inbox_withdrawn has a row */

    uint8_t *out; /* the frame to send next, whole or empty */
    size_t out_len;
};

/* ---- sdk.c ---- */
MUST_USE enum err inner_begin(struct sdk *s); /* begins when none is open */
MUST_USE enum err inner_value(struct sdk *s, const char *name, uint64_t *value);
MUST_USE enum err inner_value_set(struct sdk *s, const char *name, uint64_t value);
MUST_USE enum err inner_totals(struct sdk *s, bool load); /* or store what has changed */
/* Forget the sealed file of an attachment once the transaction is committed. */
void inner_drop(struct sdk *s, const uint8_t root[static HASH_LEN], bool out);
/* Everything staged since the mark is forgotten with the savepoint. */
struct mark {
    size_t stage_count, stage_len, receipt_stage_count, receipt_len;
    struct totals totals;
};
MUST_USE enum err inner_savepoint(struct sdk *s, struct mark *mark);
MUST_USE enum err inner_release(struct sdk *s);
MUST_USE enum err inner_rollback_to(struct sdk *s, const struct mark *mark);

/* ---- send.c ---- */
/* As sdk_send; `after`: an outbox row that must be answered before this is sent. */
MUST_USE enum err send_message(struct sdk *s, const struct sdk_message *m, uint64_t after,
                               uint64_t now_ms, uint8_t id[static SDK_ID_LEN], bool *repeat,
                               struct fault *fault);
/* One envelope of a message by its key. ERR_NOT_FOUND: there is no such part. */
struct sent_part {
    uint64_t row;
    uint8_t message_id[SDK_ID_LEN];
    uint8_t told[SDK_ID_LEN]; /* what its caller knows it by */
    uint8_t env_id[HASH_LEN];
    uint32_t type;
    enum sdk_state state;
    char destinations[SDK_DESTINATIONS_TEXT_MAX];
};
MUST_USE enum err send_part(struct sdk *s, const char *key, uint64_t part, struct sent_part *out);
/* Numbers of a conversation: the last that was given; one more. */
MUST_USE enum err send_last_number(struct sdk *s, const uint8_t conversation[static SDK_ID_LEN],
                                   uint64_t *last);
MUST_USE enum err send_next_number(struct sdk *s, const uint8_t conversation[static SDK_ID_LEN],
                                   uint64_t *number);

/* ---- group.c ---- */
/* A registered member, or a group with one member at least; else a fault that names it. */
MUST_USE enum err group_check(const struct sdk *s, const char *name, struct fault *fault);
/* All members that the destinations name, sorted, each once; *parts envelopes carry them. */
MUST_USE enum err group_resolve(struct sdk *s, const struct stage *stage, size_t *parts,
                                struct fault *fault);
/* The readers of one envelope of a group, part after part from 0 on. A hub that was named is so in
 * the first. */
void group_part(struct sdk *s, struct stage *stage, size_t part, bool hub);

/* ---- audience.c ---- */
/* The readers of a part, sorted; lent by the stage and the registry. A count beyond the bound: they
 * are too many for one envelope. */
struct audience {
    size_t count;
    const char *member[SDK_AUDIENCE_MAX];
};
/* `facts`: with the hub of each reader. */
void audience_of(const struct sdk *s, const struct stage *stage, bool facts, struct audience *out);
/* How many of these one envelope can go to, from the first on; 0 only of none. */
size_t audience_cut(const struct sdk *s, char (*members)[SDK_MEMBER_MAX], size_t count);

/* ---- pack.c ---- */
MUST_USE enum err pack_document(struct sdk *s, struct stage *stage, struct stage_document *out,
                                const struct sdk_message *m, uint32_t type, struct span body,
                                const uint8_t *facts_hash, uint8_t hash[static HASH_LEN]);
/* Stage a facts document that is signed by all its issuers, of whom we are one. */
MUST_USE enum err pack_signed(struct sdk *s, struct stage *stage, const struct sdk_message *m,
                              struct fault *fault);
/* Sign, seal and store what is staged. Inside the open transaction. */
MUST_USE enum err pack_flush(struct sdk *s);

/* ---- outbox.c ---- */
/* The rows of one message; frames_put keeps its frame. *row is the id it gets. */
MUST_USE enum err outbox_put(struct sdk *s, const struct stage *stage,
                             const uint8_t env_id[static HASH_LEN], uint64_t *row);
/* One receipt, verified. Calls handler.outcome. */
MUST_USE enum err outbox_receipt(struct sdk *s, const lianshu_Receipt *r, uint64_t now_ms);
/* A message that the hub never took is over: told like a receipt of our own. */
MUST_USE enum err outbox_over(struct sdk *s, const uint8_t id[static SDK_ID_LEN], uint64_t now_ms,
                              struct outbox_row **out);
/* The row goes last, as another envelope; *row is forgotten. */
MUST_USE enum err outbox_replace(struct sdk *s, struct outbox_row *row,
                                 const uint8_t message_id[static SDK_ID_LEN],
                                 const uint8_t env_id[static HASH_LEN]);
MUST_USE enum err outbox_drop_files(struct sdk *s, uint64_t row);

/* ---- lapse.c ---- */
/* Some of what is over by now and was not taken. */
MUST_USE enum err outbox_lapse(struct sdk *s, uint64_t now_ms);

/* ---- kept.c: what the hub itself has taken, for as long as a copy of its disk may be old ---- */
MUST_USE enum err kept_put(struct sdk *s, uint64_t row, const uint8_t message_id[static SDK_ID_LEN],
                           uint64_t now_ms);
/* It was kept long enough. */
MUST_USE enum err kept_release(struct sdk *s, uint64_t now_ms);
/* The hub was set back to a copy: all of it counts as unfinished again, until the hub has spoken
 * of it. */
MUST_USE enum err kept_again(struct sdk *s);
MUST_USE enum err kept_known(struct sdk *s, uint64_t row);
bool outbox_known_root(struct sdk *s, const uint8_t root[static HASH_LEN]);
/* Destinations of a row, comma before and after each, into out. */
MUST_USE enum err outbox_destinations(struct sdk *s, uint64_t row,
                                      char out[static SDK_DESTINATIONS_TEXT_MAX]);

/* ---- outbox_by.c ---- */
/* Our hub, another hub on the way, or a member that the message went to; else ERR_RECEIPT_BY. */
MUST_USE enum err outbox_check_by(struct sdk *s, const struct outbox_row *row,
                                  const lianshu_Receipt *r);

/* ---- flight.c ---- */
void flight_busy(struct sdk *s, const uint8_t message_id[static SDK_ID_LEN], uint64_t due_ms);
/* The hub takes nothing before due_ms. */
void flight_quiet(struct sdk *s, uint64_t due_ms);
/* The message was answered. */
void flight_land(struct sdk *s, const uint8_t message_id[static SDK_ID_LEN], uint64_t now_ms);
/* It was handed to the connection at least once. */
bool flight_sent(const struct sdk *s, const uint8_t message_id[static SDK_ID_LEN]);
/* The next frames that are due into s->out, bundled; ERR_NOT_FOUND: nothing is due. */
MUST_USE enum err flight_next(struct sdk *s, uint64_t now_ms);
void flight_reconnected(struct sdk *s, uint64_t now_ms);
/* Ask again about everything that is open, soon: receipts about it may have been missed. */
void flight_offer_all(struct sdk *s, uint64_t now_ms, bool soon);
void flight_forget(struct sdk *s);
uint64_t flight_due_ms(const struct sdk *s);
/* Up to a quarter later, so that adapters do not return in step. */
uint64_t flight_jitter(struct sdk *s, uint64_t ms);

/* ---- trim.c ---- */
/* Forget a few of what is older than keep_ms. */
MUST_USE enum err trim_some(struct sdk *s, uint64_t now_ms);
/* Pages of mirrors that are no more, a bounded step. */
MUST_USE enum err trim_mirror(struct sdk *s);

/* ---- recall.c ---- */
/* A withdrawal came (s->message): what it takes back is marked. OK: apply is told, with *w. */
MUST_USE enum err recall_take(struct sdk *s, struct sdk_withdrawal *w, uint64_t now_ms);
/* Was the message at hand taken back before it came? */
MUST_USE enum err recall_known(struct sdk *s, bool *withdrawn);
MUST_USE enum err recall_load(struct sdk *s);

/* ---- unpack.c ---- */
/* The statement and the frame belong together; *u->statement, header and ids are filled. */
MUST_USE enum err unpack_statement(struct sdk *s, struct unpacked *u, struct span statement,
                                   struct span frame, uint64_t now_ms);
/* Keys, rights, times, parts, documents. */
MUST_USE enum err unpack_open(struct sdk *s, struct unpacked *u);

/* ---- inbox.c ---- */
MUST_USE enum err inbox_take(struct sdk *s, struct span statement, struct span frame,
                             uint64_t now_ms);
/* Attachments of `root` are complete: what waited for them may go on. */
MUST_USE enum err inbox_complete(struct sdk *s, const uint8_t root[static HASH_LEN],
                                 uint64_t now_ms);
/* Sign staged receipts and store them. Inside the transaction, before it is committed. */
MUST_USE enum err inbox_sign(struct sdk *s);
MUST_USE enum err inbox_acked(struct sdk *s, uint64_t owed);
/* An LSR1 of receipts owed into s->out; ERR_NOT_FOUND: none. */
MUST_USE enum err inbox_receipts_next(struct sdk *s);
/* One waiting message whose turn may have come. Called now and then. */
MUST_USE enum err inbox_resume(struct sdk *s, uint64_t now_ms);
bool inbox_known_root(struct sdk *s, const uint8_t root[static HASH_LEN]);
/* The root of an attachment still to be fetched. ERR_NOT_FOUND: none. */
MUST_USE enum err inbox_fetch_next(struct sdk *s, uint8_t root[static HASH_LEN],
                                   lianshu_ManifestFile *entry,
                                   uint8_t message_id[static SDK_ID_LEN], uint64_t now_ms);

/* ---- turn.c ---- */
/* s->control as a frame into s->out. */
MUST_USE enum err turn_put_control(struct sdk *s);
/* One frame of the hub. Joins the open transaction. */
MUST_USE enum err turn_input(struct sdk *s, struct span frame, uint64_t now_ms);
/* The next frame for the hub, lent until the next call; ERR_NOT_FOUND: none now. */
MUST_USE enum err turn_output(struct sdk *s, uint64_t now_ms, struct span *frame);
/* The connection came up, or was lost. */
void turn_connection(struct sdk *s, bool up, uint64_t now_ms);
/* What time alone causes. */
MUST_USE enum err turn_tick(struct sdk *s, uint64_t now_ms);

#include "adapters/sdk/inner_files.h"
#include "adapters/sdk/inner_keys.h"

#endif
