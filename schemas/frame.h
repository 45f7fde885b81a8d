/*
 * frame - the bytes on a socket and in files: one magic, exact lengths, no slack.
 *
 *   LSE1 envelope   LSB1 bundle    LSR1 receipts   LSC1 chunk      LSK1 control
 *   LSV1 statement  LSD1 document  LSG1 registry    LSP1 one record of it, proven
 *   S batch signature
 *
 * Guarantees:
 *   1. A parser accepts only what the writer of the same frame writes; whatever it accepts
 *      writes back to the same bytes. Every length is checked before it is used; bytes left
 *      over are ERR_FRAME_LENGTH.
 *   2. A parser proves structure and bounds, nothing else: no hash, no signature, no message
 *      is looked into. Messages (header, receipt, …) are decoded by wire_decode.
 *   3. A signature's path has exactly the length that RFC 6962 gives for (index, size), and
 *      so has a chunk's (ERR_PATH_SHAPE).
 *   4. Parsers allocate nothing and copy nothing: spans are borrowed from the input and live
 *      as long as it does.
 *
 * Errors: ERR_FRAME_EMPTY (no or unknown magic), ERR_FRAME_VERSION (our magic, another version),
 * ERR_FRAME_LENGTH, ERR_FORM, ERR_WRAP_COUNT, ERR_PATH_SHAPE, ERR_SUITE (signature algorithm),
 * ERR_WIRE_ENUM (record of a registrar that is not there).
 * Writers report through writer.full only; what they are given is the caller's invariant.
 *
 * Thread rule: no state. PROTOCOL.md 3.
 */
#ifndef SCHEMAS_FRAME_H
#define SCHEMAS_FRAME_H

#include "base/err.h"
#include "base/span.h"

#include "document.pb.h"
#include "wire.pb.h"

enum {
    FRAME_MAGIC_LEN = 4,
    FRAME_MAX = (1 << 20) + (64 << 10),  /* any frame on a socket */
    FRAME_HEADER_MAX = 16 << 10,         /* |H| */
    FRAME_DOCUMENT_MAX = 64 << 10,       /* |D| */
    FRAME_DOCUMENT_FRAME_MAX = 80 << 10, /* LSD1 with all its signatures */
    FRAME_RECEIPT_MAX = 1 << 10,         /* |Q| */
    FRAME_STATEMENT_MAX = 2 << 10,       /* |V| */
    FRAME_CONTROL_MAX = 20 << 10,        /* |K| */
    FRAME_RECORD_MAX = 1 << 10,          /* one member record */
    FRAME_CHECKPOINT_MAX = 4 << 10,
    FRAME_BUNDLE_MAX = 256 << 10,
    FRAME_BUNDLE_FRAMES_MAX = 64,
    FRAME_RECEIPTS_MAX = 1024, /* entries of one LSR1 */
    FRAME_PARTS_MAX = 8,
    FRAME_AUDIENCE_MAX = 32,
    FRAME_ISSUERS_MAX = 8,
    FRAME_HASH_LEN = 32,
    FRAME_KID_LEN = 16,
    FRAME_ID_LEN = 16,           /* message, document, case and order ids */
    FRAME_WRAP_LEN = 80,         /* enc 32, ct 32 + 16 */
    FRAME_CIPHER_MIN = 256 + 16, /* smallest padded text and its tag */
    FRAME_SIG_LEN = 64,
    FRAME_BATCH_MAX = 1 << 20, /* leaves of one batch */
    FRAME_BATCH_PATH_MAX = 20,
    FRAME_SIGNATURE_MIN = 1 + 16 + 8 + 8 + 1 + 64,
    FRAME_SIGNATURE_MAX = FRAME_SIGNATURE_MIN + FRAME_BATCH_PATH_MAX * 32,
    FRAME_LOG_PATH_MAX = 63,
    FRAME_CHUNK_TEXT_LEN = 256 << 10, /* plaintext of every chunk but the last */
    FRAME_CHUNK_TAG_LEN = 16,
    FRAME_CHUNKS_MAX = 1 << 20,
    FRAME_MEMBERS_MAX = 65536,
    FRAME_MEMBERS_PATH_MAX = 16,
    FRAME_REGISTRARS_MAX = 255,
    FRAME_PROOF_MAX = 2 * FRAME_DOCUMENT_FRAME_MAX + FRAME_RECORD_MAX + 1024,
    FRAME_REGISTRY_MAX = 72 << 20,
    FRAME_SUITE = 0x0001,
    FRAME_ALG_ED25519 = 1,
    FRAME_ALG_X25519 = 2,
};

enum frame_kind {
    FRAME_NONE,
    FRAME_ENVELOPE,
    FRAME_BUNDLE,
    FRAME_RECEIPTS,
    FRAME_CHUNK,
    FRAME_CONTROL,
    FRAME_STATEMENT,
    FRAME_DOCUMENT,
    FRAME_REGISTRY,
    FRAME_FOLDED,
    FRAME_PROOF,
};

/* What a frame says it is. ERR_FRAME_EMPTY, ERR_FRAME_VERSION. */
MUST_USE enum err frame_kind(struct span frame, enum frame_kind *kind);
const char *frame_kind_name(enum frame_kind kind); /* "LSE1" */

/* Hashes on the way from leaf `index` to the root of a tree of `size` leaves (RFC 6962 2.1.1).
 * index < size. */
unsigned frame_path_len(uint64_t index, uint64_t size);

/* ---- batch signature S ---- */

struct frame_signature {
    uint8_t alg;
    const uint8_t *kid; /* FRAME_KID_LEN */
    uint64_t size;
    uint64_t index;
    unsigned n;
    struct span path;   /* n hashes */
    const uint8_t *sig; /* FRAME_SIG_LEN */
};

MUST_USE enum err frame_parse_signature(struct span s, struct frame_signature *out);
void frame_write_signature(struct writer *w, const struct frame_signature *s);

/* ---- LSE1 ---- */

struct frame_part {
    unsigned form;              /* 1: wraps and cipher are here; 0: only their hashes */
    struct span wraps;          /* R, form 1 */
    struct span cipher;         /* C, form 1 */
    const uint8_t *wraps_hash;  /* SHA-256(R), form 0; form 1: NULL, or known to its maker */
    const uint8_t *cipher_hash; /* SHA-256(C), form 0 */
};

struct frame_envelope {
    struct span header; /* H */
    unsigned part_count;
    struct frame_part parts[FRAME_PARTS_MAX];
    struct span signature; /* S, parsed by frame_parse_signature */
};

MUST_USE enum err frame_parse_envelope(struct span frame, struct frame_envelope *out);
void frame_write_envelope(struct writer *w, const struct frame_envelope *e);
size_t frame_envelope_size(const struct frame_envelope *e);

/* The frame and its header agree: as many parts, as many wraps as readers (ERR_WRAP_COUNT). */
MUST_USE enum err frame_matches_header(const struct frame_envelope *e, const lianshu_Header *h);

/* A sender's frame has form 1 only (ERR_FORM). */
MUST_USE enum err frame_all_here(const struct frame_envelope *e);

/* ---- LSB1 ---- */

struct frame_bundle {
    unsigned count;
    struct span rest; /* moves with frame_bundle_next */
};

/* Checks all of it; frame_bundle_next then gives each frame once and answers false at the end. */
MUST_USE enum err frame_parse_bundle(struct span frame, struct frame_bundle *out);
bool frame_bundle_next(struct frame_bundle *b, struct span *frame);

/* Writing: begin, then add each frame. */
void frame_bundle_begin(struct writer *w);
/* false, and nothing written, when the bundle is full. begin: w->len before frame_bundle_begin. */
bool frame_bundle_add(struct writer *w, size_t begin, struct span frame);

/* ---- LSR1 ---- */

/* A member's; of the hub that sends the frame; of another hub, on from where it was said. */
enum { FRAME_RECEIPT_MEMBER = 1, FRAME_RECEIPT_HUB = 2, FRAME_RECEIPT_OTHER_HUB = 3 };

struct frame_receipt {
    unsigned form;          /* FRAME_RECEIPT_… */
    struct span receipt;    /* Q */
    struct span signature;  /* S, a member's */
    struct span path;       /* hashes, a hub's */
    struct span checkpoint; /* of another hub's log, not empty */
};

struct frame_receipts {
    uint64_t first; /* number of the first entry in the receipt stream; 0 from adapters */
    unsigned count;
    struct span checkpoint; /* empty from adapters */
    struct span rest;
};

MUST_USE enum err frame_parse_receipts(struct span frame, struct frame_receipts *out);
bool frame_receipts_next(struct frame_receipts *r, struct frame_receipt *out);
/* Writing: begin, each of count entries, end. */
void frame_receipts_begin(struct writer *w, uint64_t first, unsigned count);
void frame_receipts_add(struct writer *w, const struct frame_receipt *r);
void frame_receipts_end(struct writer *w, struct span checkpoint);

/* ---- LSV1 ---- */

struct frame_statement {
    struct span statement; /* V */
    struct span path;
    struct span checkpoint;
};

MUST_USE enum err frame_parse_statement(struct span frame, struct frame_statement *out);
void frame_write_statement(struct writer *w, const struct frame_statement *s);

/* ---- LSC1 ---- */

struct frame_chunk {
    const uint8_t *root; /* FRAME_HASH_LEN */
    uint64_t index;
    uint64_t count;
    struct span path;
    struct span cipher; /* full but for the last chunk */
};

MUST_USE enum err frame_parse_chunk(struct span frame, struct frame_chunk *out);
void frame_write_chunk(struct writer *w, const struct frame_chunk *c);

/* ---- LSK1 ---- */

MUST_USE enum err frame_parse_control(struct span frame, struct span *control);

/* Both layers at once: decode the control message in the frame, or append a whole frame. */
MUST_USE enum err frame_read_control(struct span frame, lianshu_Control *out);
MUST_USE enum err frame_put_control(struct writer *w, const lianshu_Control *control);

/* ---- LSD1 ---- */

struct frame_document {
    struct span document; /* D */
    unsigned count;
    struct span signatures[FRAME_ISSUERS_MAX]; /* in the order of issuers */
};

MUST_USE enum err frame_parse_document(struct span frame, struct frame_document *out);
void frame_write_document(struct writer *w, const struct frame_document *d);

/* ---- LSG1 ---- */

/* One registrar and what it vouches for. */
struct frame_registrar {
    struct span document; /* L, LSD1: signed by the root, or by a registrar that stands before it */
    struct span version;  /* G, LSD1: signed by this registrar */
};

struct frame_registry {
    unsigned registrar_count; /* 1 … FRAME_REGISTRARS_MAX; number 0 is the realm's */
    uint32_t count;           /* of records */
    struct span registrars;   /* moves with frame_registry_registrar */
    struct span rest;         /* records, each canonical lianshu_MemberRecord */
};

MUST_USE enum err frame_parse_registry(struct span file, struct frame_registry *out);
/* The registrars by number, then false; the records, each with its registrar's number. */
bool frame_registry_registrar(struct frame_registry *r, struct frame_registrar *out);
bool frame_registry_next(struct frame_registry *r, unsigned *registrar, struct span *record);
/* Writing: begin, put each registrar, records, add each record. */
void frame_registry_begin(struct writer *w, unsigned registrar_count);
void frame_registry_put(struct writer *w, const struct frame_registrar *registrar);
void frame_registry_records(struct writer *w, uint32_t count);
void frame_registry_add(struct writer *w, unsigned registrar, struct span record);

/* ---- LSP1 ---- */

/* One record of a registry, for who has the anchor alone. */
struct frame_proof {
    struct frame_registrar registrar; /* number 0 */
    uint64_t index;
    struct span path; /* hashes up to the root that G names */
    struct span record;
};

MUST_USE enum err frame_parse_proof(struct span file, struct frame_proof *out);
void frame_write_proof(struct writer *w, const struct frame_proof *proof);

#endif
