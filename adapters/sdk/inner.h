/*
 * inner - what the files of the SDK share. Nothing here is for applications.
 *
 *   sdk.c     open, close, transactions          pack.c    documents, sealing, signing
 *   outbox.c  messages and what became of them   unpack.c  verifying and opening
 *   inbox.c   order, dedupe, apply, receipts     file.c    attachments, both ways
 *   turn.c    frames in, frames out              link.c    the connection
 *
 * turn_input and turn_output are the whole protocol without a socket: tests feed and read
 * frames directly, sdk_step moves them through a link.
 */
#ifndef ADAPTERS_SDK_INNER_H
#define ADAPTERS_SDK_INNER_H

#include "adapters/sdk/link.h"
#include "adapters/sdk/sdk.h"
#include "catalogue.h"
#include "frame.h"
#include "keys/attachment.h"
#include "keys/document.h"
#include "keys/envelope.h"
#include "keys/keyfile.h"
#include "keys/receipt.h"
#include "keys/registry.h"
#include "store/db.h"
#include "wire.h"

#include "document.pb.h"
#include "wire.pb.h"

enum {
    SDK_PATH_MAX = 1024,
    SDK_STAGE_BYTES = 4 << 20,   /* documents staged between two commits */
    SDK_RECEIPT_STAGE_MAX = 256, /* receipts staged between two commits */
    SDK_RECEIPT_BYTES = SDK_RECEIPT_STAGE_MAX * FRAME_RECEIPT_MAX,
    SDK_FLIGHT_MAX = 512,                                 /* messages sent and not answered yet */
    SDK_PART_MAX = FRAME_DOCUMENT_FRAME_MAX + (16 << 10), /* sealed part, padded */
    SDK_BODY_STRUCT_MAX = 96 << 10,
    SDK_WANT_MAX = 32, /* ranges of chunks that the hub has asked for */
    SDK_ACK_MAX = 128, /* receipt frames sent and not acknowledged */
    SDK_RECEIPTS_PER_FRAME = 64,
    SDK_CHUNK_WINDOW = 16,     /* chunks asked for at once */
    SDK_INPUT_TURN_MAX = 256,  /* frames read a turn */
    SDK_OUTPUT_TURN_MAX = 256, /* frames sent a turn */
    SDK_DESTINATIONS_TEXT_MAX = SDK_DESTINATION_MAX * SDK_MEMBER_MAX + 2,
    SDK_RETRY_MS = 1000, /* first repetition; doubles */
    SDK_RETRY_MAX_MS = 60 * 1000,
    SDK_OFFER_GRACE_MS = 60 * 1000, /* after a welcome: then what is open is offered again */
    SDK_OFFER_EVERY_MS = 125,
    SDK_REASK_MS = 5000, /* chunks asked for that did not come */
    SDK_LAPSE_EVERY_MS = 1000,
    SDK_HELLO_AGAIN_MS = 5000,
    SDK_DRAIN_MAX = 256, /* waiting messages applied at once when a gap closes */
    SDK_DROP_MAX = 64,
    SDK_STATEMENT_MAX =
        FRAME_STATEMENT_MAX + FRAME_CHECKPOINT_MAX + FRAME_LOG_PATH_MAX * 32 + 16, /* LSV1 */
    SDK_FILE_PATH_MAX = SDK_PATH_MAX + 96,
};

/* A message staged by sdk_send: its documents are encoded, not signed yet. */
struct stage_document {
    size_t at, len; /* D, in the stage buffer */
    size_t leaf;    /* index in the batch of signatures */
};
struct stage {
    char key[SDK_KEY_MAX + 1];
    uint8_t content[HASH_LEN];
    uint8_t message_id[SDK_ID_LEN];
    uint32_t type;
    char to[SDK_DESTINATION_MAX + 1][SDK_MEMBER_MAX]; /* sorted, the hub included when named */
    size_t to_count;
    uint64_t created_ms, expires_ms;
    uint8_t conversation[SDK_ID_LEN];
    uint64_t sequence;
    uint8_t in_reply_to[SDK_ENV_ID_LEN];
    bool replies;
    char purpose[17];
    struct stage_document facts, sealed, manifest; /* len 0: none */
    lianshu_AttachmentHeader files[SDK_FILE_MAX];
    size_t file_count;
};

/* A receipt of ours, staged: signed at commit. */
struct stage_receipt {
    uint64_t inbox_id;
    uint32_t kind;
    size_t at, len; /* Q, in receipt_bytes */
};

/* A message on its way to the hub. Volatile: after a restart everything unanswered goes again. */
struct flight {
    uint64_t id; /* outbox row; 0: free */
    uint8_t message_id[SDK_ID_LEN];
    uint64_t due_ms;
    uint32_t attempt;
};

/* Chunks that the hub wants. */
struct want {
    uint8_t root[HASH_LEN];
    uint8_t message_id[SDK_ID_LEN];
    uint64_t next, end;
    bool used;
};

/* The attachment of which chunks are being sent: its leaves are in memory. */
struct outgoing_file {
    uint8_t root[HASH_LEN];
    int fd; /* -1: none */
    uint64_t count, bytes;
    merkle_hash *leaves;
    merkle_hash *tops; /* roots of 256 leaves each */
};

/* The attachment that is being fetched. */
struct incoming_fetch {
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
    bool has_facts, has_sealed, has_manifest;
    lianshu_Manifest files;
    enum err inner; /* why it did not open; never leaves */
    uint8_t facts_plain[SDK_PART_MAX], sealed_plain[SDK_PART_MAX], manifest_plain[SDK_PART_MAX];
    _Alignas(16) uint8_t body[SDK_BODY_STRUCT_MAX];
};

struct outbox;
struct inbox;

struct sdk {
    char realm[17], member[SDK_MEMBER_MAX], adapter[32], hub[SDK_MEMBER_MAX];
    char state_dir[SDK_PATH_MAX];
    uint32_t window_messages, window_bytes;
    struct sdk_handler handler;
    struct entropy entropy;
    struct keyring *keys;
    struct registry *registry;
    struct verifier *verifier;
    struct opener *opener;
    struct log_reader log;
    struct batch *batch; /* of documents, then of receipts */
    struct envelope_batch *envelopes;
    struct db *db;
    struct stmt **sql; /* inner_sql.h */
    struct link *link;

    /* staged since the last commit */
    struct stage *stage;
    size_t stage_count;
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
    const struct sdk_incoming *applying; /* inside apply */
    uint8_t *plain[3];                   /* LSD1 of the parts while sealing */
    uint8_t *frame;                      /* FRAME_MAX: one envelope while packing or loading */
    uint8_t *chunk;                      /* CHUNK_FRAME_MAX */
    uint8_t *chunk_plain;                /* CHUNK_PLAIN_LEN */
    uint8_t *body;                       /* SDK_BODY_STRUCT_MAX: a body being checked */

    /* conversation with the hub, volatile */
    bool up, greeted;
    uint64_t hello_ms;       /* when to say hello (again); while not greeted */
    uint8_t *last_statement; /* LSV1 that waits for its envelope */
    size_t last_statement_len;
    uint8_t *stored_statement, *stored_frame; /* a delivery that waited, while it is applied */
    uint64_t resume_cursor;
    struct flight flight[SDK_FLIGHT_MAX];
    size_t flight_count;
    uint64_t flight_cursor; /* outbox rows up to here are in flight or answered */
    struct want want[SDK_WANT_MAX];
    struct outgoing_file outgoing;
    struct incoming_fetch fetch;
    uint64_t ack_due;        /* receipt stream number to acknowledge; 0: none */
    uint64_t stream;         /* highest receipt number stored */
    uint64_t receipt_cursor; /* own receipts up to this row were sent on this connection */
    uint64_t sent_receipts[SDK_ACK_MAX][2]; /* first and last row of each LSR1, oldest first */
    size_t sent_count;
    uint64_t repeat[SDK_RECEIPT_STAGE_MAX]; /* inbox rows whose receipt the hub lacks */
    size_t repeat_count;
    uint64_t offer_ms, offer_cursor;
    uint64_t lapse_ms;

    uint8_t *out; /* the frame to send next, whole or empty */
    size_t out_len;
};

/* ---- sdk.c ---- */
MUST_USE enum err inner_begin(struct sdk *s); /* begins when none is open */
MUST_USE enum err inner_value(struct sdk *s, const char *name, uint64_t *value);
MUST_USE enum err inner_value_set(struct sdk *s, const char *name, uint64_t value);
/* Forget the sealed file of an attachment once the transaction is committed. */
void inner_drop(struct sdk *s, const uint8_t root[static HASH_LEN], bool out);
/* Everything staged since the mark is forgotten with the savepoint. */
struct mark {
    size_t stage_count, stage_len, receipt_stage_count, receipt_len;
};
MUST_USE enum err inner_savepoint(struct sdk *s, struct mark *mark);
MUST_USE enum err inner_release(struct sdk *s);
MUST_USE enum err inner_rollback_to(struct sdk *s, const struct mark *mark);

/* ---- pack.c ---- */
MUST_USE enum err pack_document(struct sdk *s, struct stage *stage, struct stage_document *out,
                                const struct sdk_message *m, uint32_t type, struct span body,
                                const uint8_t *facts_hash, uint8_t hash[static HASH_LEN]);
/* Sign, seal and store what is staged. Inside the open transaction. */
MUST_USE enum err pack_flush(struct sdk *s);

/* ---- outbox.c ---- */
MUST_USE enum err outbox_store(struct sdk *s, const struct stage *stage,
                               const uint8_t env_id[static HASH_LEN], struct span frame);
/* One receipt, verified. Calls handler.outcome. */
MUST_USE enum err outbox_receipt(struct sdk *s, const lianshu_Receipt *r, struct span q,
                                 struct span proof, uint64_t now_ms);
MUST_USE enum err outbox_lapse(struct sdk *s, uint64_t now_ms);
void outbox_busy(struct sdk *s, const uint8_t message_id[static SDK_ID_LEN], uint64_t due_ms);
/* Copy the next frame that is due into s->out; ERR_NOT_FOUND: nothing is due. */
MUST_USE enum err outbox_next(struct sdk *s, uint64_t now_ms);
void outbox_reconnected(struct sdk *s, uint64_t now_ms);
uint64_t outbox_due_ms(const struct sdk *s);
bool outbox_known_root(struct sdk *s, const uint8_t root[static HASH_LEN]);

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
MUST_USE enum err inbox_acked(struct sdk *s, uint64_t first, uint64_t last);
/* An LSR1 of receipts owed into s->out; ERR_NOT_FOUND: none. */
MUST_USE enum err inbox_receipts_next(struct sdk *s);
/* One waiting message whose turn may have come. Called now and then. */
MUST_USE enum err inbox_resume(struct sdk *s, uint64_t now_ms);
bool inbox_known_root(struct sdk *s, const uint8_t root[static HASH_LEN]);
/* The root of an attachment still to be fetched. ERR_NOT_FOUND: none. */
MUST_USE enum err inbox_fetch_next(struct sdk *s, uint8_t root[static HASH_LEN], uint64_t *count,
                                   uint8_t message_id[static SDK_ID_LEN]);

/* ---- file.c ---- */
MUST_USE enum err file_digest(int fd, uint64_t *bytes, uint8_t sha256[static HASH_LEN]);
/* Seal fd into files/<root>.out; fills the manifest's entry. */
MUST_USE enum err file_seal(struct sdk *s, int fd, lianshu_ManifestFile *entry);
/* The LSC1 frame of one chunk into s->out. ERR_NOT_FOUND: no such attachment. */
MUST_USE enum err file_chunk(struct sdk *s, const uint8_t root[static HASH_LEN], uint64_t index);
void file_drop(struct sdk *s, const uint8_t root[static HASH_LEN], const char *suffix);
/* Begin or go on fetching. */
MUST_USE enum err file_fetch(struct sdk *s, const uint8_t root[static HASH_LEN], uint64_t count);
/* A chunk came; *complete: the file is whole and on disk. */
MUST_USE enum err file_take(struct sdk *s, const struct frame_chunk *chunk, bool *complete);
/* Decrypt a complete attachment to fd (-1: check only). ERR_CIPHERTEXT: fetch it again. */
MUST_USE enum err file_open(struct sdk *s, const lianshu_ManifestFile *entry, int fd);
/* Remove files of attachments that no row names: rests of what was never committed. */
MUST_USE enum err file_sweep(struct sdk *s);
void file_close_all(struct sdk *s);

/* ---- turn.c ---- */
/* One frame of the hub. Joins the open transaction. */
MUST_USE enum err turn_input(struct sdk *s, struct span frame, uint64_t now_ms);
/* The next frame for the hub, lent until the next call; ERR_NOT_FOUND: none now. */
MUST_USE enum err turn_output(struct sdk *s, uint64_t now_ms, struct span *frame);
/* The connection came up, or was lost. */
void turn_connection(struct sdk *s, bool up, uint64_t now_ms);
/* What time alone causes. */
MUST_USE enum err turn_tick(struct sdk *s, uint64_t now_ms);

#endif
