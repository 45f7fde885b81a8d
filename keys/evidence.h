/*
 * evidence - what an evidence bundle proves, by the anchor of its realm alone: offline, no hub.
 *
 *   anchor > registry proofs > keys > checkpoint > leaves of the log > receipts, states, decisions
 *                                   > envelopes and documents > parts that were opened
 *
 *   bundle.json                    what it is about: kind, id, hub, realm
 *   anchor.yaml                    a copy; whoever verifies has his own
 *   registry/<member>.lsp          proof of a member's record, all of one version
 *   registrars/<member>.lsd .version    a registrar below the realm's: its appointment, its part of
 *                                  that version
 *   revocations/<registrar>-<number>.lsd     since that version, 8 digits
 *   checkpoint.txt                 the hub's signed note
 *   seen/<size>.txt  .path         an earlier checkpoint, and the consistency proof from it
 *   checkpoint.tsr seen/<size>.tsr    a time stamp (RFC 3161) over the bytes of the .txt beside it
 *   log/<index>.leaf  .path        a leaf as it is hashed, and its way to the checkpoint
 *   receipts/<index>.lsr           LSR1 with the one receipt that the leaf commits to
 *   decisions/<index>.bin  .json   DecisionRecord whose SHA-256 the leaf is; the same to read
 *   envelopes/<env id>.lse  .json  the frame, parts as form 1 or 0; its header to read
 *   documents/<hash>.lsd           a signed document that was disclosed
 *   disclosed/<env id>-<part>.dek  the key of one part, 32 bytes
 *   reads/<index>.bin              what that decision read, by read_set_sha256 of its record
 *   rules/<hash>/<name>.yaml       a rule set that a record names; 16 digits of its hash
 *   tables/regions.csv calendar.csv    those that decisions were made with; proven by nothing
 *   README.md verify.py report.* custody.json     for people; the caller's
 *
 * <index> is 12 decimal digits, <hash> and <env id> 64 hexadecimal ones.
 *
 * Guarantees:
 *   1. evidence_verify is OK only when each of these files verifies, and no file is there that is
 *      none of them: keys under the anchor and good for their moment, every leaf under the
 *      checkpoint, every receipt, record and frame spoken of by a leaf, every document referred to
 *      by a leaf, a record or an opened part, every opened part of a frame that is there.
 *   2. A statement by a key that was revoked from before the hub took it is a doubt, whatever time
 *      it bears itself: its signature verifies, and proves nothing (struct evidence_doubt).
 *      Revocations of a registrar are here without a gap from the version on, as far as `known`.
 *   3. What is refused is refused with the code of what is wrong, and *fault names the file.
 *   4. A disclosed key opens the one part that its sender committed to; the plaintext is what the
 *      sender sealed. Nothing else is opened.
 *   5. A time stamp is about the checkpoint that it stands beside; with roots it is signed under
 *      them, and no entry of that checkpoint claims a later time (ERR_TIME_BOUND).
 *   6. A reader may be used for many bundles: what it remembers of one (chains of the registry) is
 *      used for the same bytes only.
 *
 * Errors: ERR_EVIDENCE (814), ERR_REALM, ERR_REGISTRY, ERR_MEMBER_UNKNOWN, ERR_KID_UNKNOWN,
 * ERR_KEY_*, ERR_TWO_OFFICIALS, ERR_REGION_RIGHT, ERR_AMENDMENT_GAP, ERR_SIGNATURE, ERR_BATCH_PATH,
 * ERR_CHECKPOINT, ERR_INCLUSION, ERR_CONSISTENCY, ERR_RECEIPT_BY, ERR_COMMITMENT, ERR_CIPHERTEXT,
 * ERR_PADDING, those of frames and of the codec. Ownership: *out borrows from the bundle;
 * evidence_close frees the rest. Bounds: those of the bundle. Thread rule: a reader belongs to one
 * thread. PROTOCOL.md 16.
 */
#ifndef KEYS_EVIDENCE_H
#define KEYS_EVIDENCE_H

#include "keys/bundle.h"
#include "keys/note.h"
#include "keys/registry.h"

#include "log.pb.h"

enum {
    EVIDENCE_KIND_MAX = 8,          /* "envelope" */
    EVIDENCE_ID_MAX = 2 * HASH_LEN, /* hexadecimal digits */
    EVIDENCE_INDEX_DIGITS = 12,
};

struct evidence_member {
    const struct bundle_file *file;
    uint64_t registry_version;
    const lianshu_MemberRecord *record; /* of the reader, until it verifies another bundle */
};

/* One that vouches for members: which of its revocations are here. */
struct evidence_registrar {
    char member[MEMBER_MAX + 1];
    uint64_t known; /* number of the last one that is here, or in the version */
};

struct evidence_revocation {
    const struct bundle_file *file;
    char registrar[MEMBER_MAX + 1];
    uint64_t number;
    char member[MEMBER_MAX + 1];
    uint8_t kid[KID_LEN];
    uint64_t from_ms; /* it counts from here on */
};

/* A signature that verifies and proves nothing. */
struct evidence_doubt {
    const struct bundle_file *file; /* what was signed */
    char member[MEMBER_MAX + 1];    /* whose key */
    uint64_t from_ms;               /* revoked from here on … */
    uint64_t taken_ms;              /* … and the hub took it then */
    char registrar[MEMBER_MAX + 1]; /* whose revocation; "": it stands in the version */
    uint64_t number;
};

struct evidence_leaf {
    const struct bundle_file *file;
    uint64_t index;
    unsigned kind; /* enum log_kind */
    uint64_t time_ms;
    struct span body;
    uint8_t env_id[HASH_LEN];   /* that a receipt of a hub or a statement names; zeros: none */
    uint8_t id[FRAME_ID_LEN];   /* of a state: whose */
    uint8_t document[HASH_LEN]; /* that a state or record refers to; zeros: none */
    uint8_t rule_set[HASH_LEN]; /* that a record names; zeros: it is not here */
    struct span text;   /* what it says: Receipt, Statement, StateChange, DecisionRecord; else body.
                           Empty: of a record that was erased */
    struct span reads;  /* of a decision: what it read; NULL: it is not here (PROTOCOL 16.1) */
    struct span tokens; /* … and the tokens that identifiers were given for it */
    const struct bundle_file *by; /* the file that text stands in; NULL: the leaf itself */
};

struct evidence_envelope {
    const struct bundle_file *file;
    uint8_t env_id[HASH_LEN];
    uint64_t accepted_ms;
    lianshu_Header header;
};

struct evidence_document {
    const struct bundle_file *file; /* the document's, or the key's of the part that it is */
    uint8_t hash[HASH_LEN];         /* SHA-256(D) */
    uint8_t env_id[HASH_LEN];       /* of an opened part; zeros: it stands alone */
    unsigned part;
    uint64_t taken_ms; /* when the hub first took what refers to it */
    struct span lsd1;
    uint8_t *plain; /* owns, what was opened; NULL: lsd1 lies in its file */
    lianshu_Document document;
};

/* Something was there at that time: the entries of a checkpoint. */
struct evidence_stamp {
    const struct bundle_file *file;
    uint64_t size; /* of the checkpoint */
    uint64_t time_ms;
    uint64_t accuracy_ms;
    bool proven; /* signed under the reader's roots; else it only claims the time */
};

struct evidence {
    char realm[REALM_LEN_MAX + 1];
    char hub[MEMBER_MAX + 1];
    char kind[EVIDENCE_KIND_MAX + 1];
    char id[EVIDENCE_ID_MAX + 1];
    uint64_t exported_ms; /* as it says; proven by nothing */
    struct checkpoint checkpoint;
    size_t cosignatures; /* by witnesses whose keys are proven here, of it or of one it continues */
    size_t seen;         /* earlier checkpoints that it continues */
    size_t rule_sets;    /* whose files are here */
    size_t member_count, leaf_count, envelope_count, document_count;
    size_t registrar_count, revocation_count, doubt_count;
    size_t registrars_elsewhere; /* in that version, and nothing of them here */
    struct evidence_registrar *registrars;
    struct evidence_revocation *revocations;
    size_t stamp_count;
    struct evidence_stamp *stamps;
    struct evidence_doubt *doubts; /* of one file one after another */
    struct evidence_member *members;
    struct evidence_leaf *leaves; /* by index */
    struct evidence_envelope *envelopes;
    struct evidence_document *documents;
};

struct evidence_reader;
/* The anchor is borrowed. */
MUST_USE enum err evidence_reader_open(struct evidence_reader **out, const struct anchor *anchor);
void evidence_reader_close(struct evidence_reader **reader);
/* Root certificates of time-stamping authorities (PEM), borrowed; NULL, as at first: stamps are
 * compared with what they are about, and prove no time. */
void evidence_reader_roots(struct evidence_reader *reader, const char *roots);

/* bundle_check is part of it. */
MUST_USE enum err evidence_verify(struct evidence_reader *reader, const struct bundle *bundle,
                                  struct evidence **out, struct fault *fault);
void evidence_close(struct evidence **evidence);

/* A header or record as its .json file has it. *out is the caller's, free() it. */
MUST_USE enum err evidence_json(const pb_msgdesc_t *desc, const void *message, char **out,
                                size_t *len);

#endif
