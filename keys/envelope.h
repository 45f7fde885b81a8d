/*
 * envelope - what travels: a clear signed header and sealed parts. PROTOCOL: envelope frame.
 *
 *   sender      envelope_batch_add* -> envelope_batch_finish -> envelope_batch_frame(i)*
 *   hub         frame_envelope (schemas) -> header -> envelope_check_sender -> envelope_id
 *               -> verifier_check(public key, env_id, S) -> envelope_forward(reader)
 *   recipient   … -> envelope_check_reader -> envelope_id -> verifier_check -> envelope_open
 *
 * The core keeps its own order of checks, so each step is a function of its own.
 *
 * Guarantees:
 *   1. One signature for all envelopes of a batch, one key wrap per reader and exact audience.
 *   2. env_id = SHA-256(0x00 ‖ E) is the leaf that is signed: a frame forwarded with parts
 *      withheld (form 0) has the same env_id and verifies with the same S.
 *   3. A reader refuses a frame that withholds a part whose audience names it.
 *   4. envelope_open answers ERR_CANNOT_OPEN for whatever is wrong; the reason stays inside.
 *
 * Bounds: ENVELOPE_BATCH_MAX envelopes and the bytes given at open. Thread rule: one thread.
 */
#ifndef KEYS_ENVELOPE_H
#define KEYS_ENVELOPE_H

#include "frame.h"
#include "keys/registry.h"
#include "wire.pb.h"

enum {
    ENVELOPE_ID_LEN = HASH_LEN,
    ENVELOPE_PART_MAX = 8,
    ENVELOPE_BATCH_MAX = 256,
    ENVELOPE_BATCH_BYTES_DEFAULT = 4 << 20,
};

struct envelope_batch;

struct envelope_options {
    const char *realm;
    const char *sender;
    const struct key *key; /* KEY_USE_SIGN of the sender */
    const struct registry *registry;
    const struct entropy *entropy;
};

/* Room for `bytes` of envelopes, at least for one of FRAME_MAX. */
MUST_USE enum err envelope_batch_open(struct envelope_batch **out, size_t bytes);
void envelope_batch_close(struct envelope_batch **batch);
/* Forget all envelopes and secrets. *options and what it names are borrowed until the next. */
MUST_USE enum err envelope_batch_begin(struct envelope_batch *batch,
                                       const struct envelope_options *options);

/* Add one envelope. The caller fills type, created, expires, destination, conversation and so
 * on, and for each part its kind and the *members* of its audience, sorted; filled in here are
 * suite, realm, sender, sender_kid, registry_version, message_id when it is zeros, the kids of
 * the audience as of created_ms, and the commitments. plain[i] is the plaintext of part i.
 * ERR_BUSY: the batch is full; finish it, begin another and add again. ERR_TOO_LARGE: the
 * envelope fits into no frame. ERR_AUDIENCE, ERR_MEMBER_UNKNOWN, ERR_KEY_EXPIRED, those of
 * header_check; after an error the batch is as it was before.
 * deks, when not NULL, gets one DEK a part (guarded memory, for the archive). */
MUST_USE enum err envelope_batch_add(struct envelope_batch *batch, lianshu_Header *header,
                                     const struct span *plain, uint8_t (*deks)[SEAL_DEK_LEN],
                                     uint8_t env_id[static ENVELOPE_ID_LEN]);
size_t envelope_batch_count(const struct envelope_batch *batch);
/* Sign all that was added. */
MUST_USE enum err envelope_batch_finish(struct envelope_batch *batch);
/* Length of frame `index`, known once finished: for an adapter that makes room for it. */
size_t envelope_batch_frame_len(const struct envelope_batch *batch, size_t index);
/* Append the LSE1 frame. Only after finish, until the next begin. */
MUST_USE enum err envelope_batch_frame(const struct envelope_batch *batch, size_t index,
                                       struct writer *w);

/* SHA-256(H) and env_id of a frame, whatever forms its parts have. */
void envelope_id(const struct frame_envelope *frame, uint8_t header_hash[static HASH_LEN],
                 uint8_t env_id[static ENVELOPE_ID_LEN]);
/* The same where H was hashed before. */
void envelope_id_under(const struct frame_envelope *frame,
                       const uint8_t header_hash[static HASH_LEN],
                       uint8_t env_id[static ENVELOPE_ID_LEN]);

/* Shape of a frame against its header (ERR_WRAP_COUNT); and a sender's frame has form 1 only
 * (ERR_FORM). What the header says of itself is header_check's (check.h). */
MUST_USE enum err envelope_check_sender(const lianshu_Header *header,
                                        const struct frame_envelope *frame);
/* A delivered frame: withheld parts only where the reader is not in the audience
 * (ERR_PART_WITHHELD), and the reader in the audience of one part at least
 * (ERR_NOT_IN_AUDIENCE). */
MUST_USE enum err envelope_check_reader(const lianshu_Header *header,
                                        const struct frame_envelope *frame, const char *reader);

/* Append the reader's version of the frame: own parts form 1, the rest form 0. */
MUST_USE enum err envelope_forward(const lianshu_Header *header, const struct frame_envelope *frame,
                                   const char *reader, struct writer *w);

/* Open one part. `buffer` of cap >= |C|, *plain inside it; dek may be NULL.
 * ERR_NOT_IN_AUDIENCE, ERR_CANNOT_OPEN with *inner. */
MUST_USE enum err envelope_open(struct opener *opener, const struct keyring *keys,
                                const char *reader, const lianshu_Header *header,
                                const struct frame_envelope *frame,
                                const uint8_t header_hash[static HASH_LEN], size_t part,
                                uint8_t *buffer, size_t cap, struct span *plain,
                                uint8_t dek[SEAL_DEK_LEN], enum err *inner);

#endif
