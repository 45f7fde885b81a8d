/*
 * signer_frame - what hub and signer say to each other, in bytes of fixed layout.
 *
 *   request  "LSGQ" ‖ u8 op ‖ u64 old_size ‖ u32 n ‖ n × leaf hash 32    op 1 head (n = 0), 2 sign
 *   answer   "LSGA" ‖ u32 code ‖ u64 size ‖ root 32 ‖ u16|note| ‖ note
 *
 * The note of a head is the statement of two officials with which a restored log begins, until it
 * has begun; else empty.
 *
 * Guarantee: what signer_request_read and signer_answer_read accept, the other side's write made;
 * n and |note| are bounded before anything is read for them.
 * Thread rule: plain values.
 */
#ifndef NET_SIGNER_FRAME_H
#define NET_SIGNER_FRAME_H

#include "base/err.h"
#include "base/span.h"

enum {
    SIGNER_LEAVES_MAX = 1 << 15,
    SIGNER_NOTE_MAX = 2048,
    SIGNER_REQUEST_LEN = 4 + 1 + 8 + 4,
    SIGNER_ANSWER_LEN = 4 + 4 + 8 + 32 + 2,
};

enum signer_op { SIGNER_HEAD = 1, SIGNER_SIGN = 2 };

struct signer_request {
    enum signer_op op;
    uint64_t old_size;
    uint32_t leaf_count;
};

struct signer_answer {
    enum err err;
    uint64_t size;
    uint8_t root[32];
    uint16_t note_len;
};

static inline void signer_request_write(const struct signer_request *r,
                                        uint8_t out[static SIGNER_REQUEST_LEN])
{
    struct writer w = writer_of(out, SIGNER_REQUEST_LEN);
    write_bytes(&w, "LSGQ", 4);
    write_uint(&w, (uint64_t)r->op, 1);
    write_uint(&w, r->old_size, 8);
    write_uint(&w, r->leaf_count, 4);
}

MUST_USE static inline enum err signer_request_read(const uint8_t in[static SIGNER_REQUEST_LEN],
                                                    struct signer_request *out)
{
    struct span from = span_of(in, SIGNER_REQUEST_LEN);
    struct span magic;
    uint64_t op;
    uint64_t count;
    if (!span_take(&from, 4, &magic) || !span_eq(magic, span_str("LSGQ")) ||
        !span_take_uint(&from, 1, &op) || !span_take_uint(&from, 8, &out->old_size) ||
        !span_take_uint(&from, 4, &count))
        return ERR_FRAME_EMPTY;
    if (count > SIGNER_LEAVES_MAX)
        return ERR_TOO_LARGE;
    if ((op != SIGNER_HEAD && op != SIGNER_SIGN) || (op == SIGNER_HEAD && count != 0))
        return ERR_WIRE_ENUM;
    out->op = (enum signer_op)op;
    out->leaf_count = (uint32_t)count;
    return OK;
}

static inline void signer_answer_write(const struct signer_answer *a,
                                       uint8_t out[static SIGNER_ANSWER_LEN])
{
    struct writer w = writer_of(out, SIGNER_ANSWER_LEN);
    write_bytes(&w, "LSGA", 4);
    write_uint(&w, (uint64_t)a->err, 4);
    write_uint(&w, a->size, 8);
    write_bytes(&w, a->root, sizeof a->root);
    write_uint(&w, a->note_len, 2);
}

MUST_USE static inline enum err signer_answer_read(const uint8_t in[static SIGNER_ANSWER_LEN],
                                                   struct signer_answer *out)
{
    struct span from = span_of(in, SIGNER_ANSWER_LEN);
    struct span magic;
    struct span root;
    uint64_t code;
    uint64_t note_len;
    if (!span_take(&from, 4, &magic) || !span_eq(magic, span_str("LSGA")) ||
        !span_take_uint(&from, 4, &code) || !span_take_uint(&from, 8, &out->size) ||
        !span_take(&from, sizeof out->root, &root) || !span_take_uint(&from, 2, &note_len))
        return ERR_FRAME_EMPTY;
    if (note_len > SIGNER_NOTE_MAX)
        return ERR_TOO_LARGE;
    memcpy(out->root, root.data, sizeof out->root);
    out->err = err_from_code((uint32_t)code);
    out->note_len = (uint16_t)note_len;
    return OK;
}

#endif
