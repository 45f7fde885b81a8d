#include "frame.h"

#include "frame_take.h"

/* ---- LSR1 ---- */

static enum err take_receipt(struct span *in, struct frame_receipt *out)
{
    uint64_t form;
    struct frame_signature signature;
    *out = (struct frame_receipt){0};
    if (!span_take_uint(in, 1, &form))
        return ERR_FRAME_LENGTH;
    if (form < FRAME_RECEIPT_MEMBER || form > FRAME_RECEIPT_OTHER_HUB)
        return ERR_FORM;
    out->form = (unsigned)form;
    if (!frame_take_sized(in, 4, 1, FRAME_RECEIPT_MAX, &out->receipt))
        return ERR_FRAME_LENGTH;
    if (form != FRAME_RECEIPT_MEMBER) {
        bool whole = frame_take_path(in, FRAME_LOG_PATH_MAX, &out->path) &&
                     (form == FRAME_RECEIPT_HUB ||
                      frame_take_sized(in, 2, 1, FRAME_CHECKPOINT_MAX, &out->checkpoint));
        return whole ? OK : ERR_FRAME_LENGTH;
    }
    if (!frame_take_sized(in, 2, FRAME_SIGNATURE_MIN, FRAME_SIGNATURE_MAX, &out->signature))
        return ERR_FRAME_LENGTH;
    return frame_parse_signature(out->signature, &signature);
}

enum err frame_parse_receipts(struct span frame, struct frame_receipts *out)
{
    uint64_t count;
    size_t whole = frame.len;
    bool by_hub = false;
    enum err err = frame_take_magic(&frame, FRAME_RECEIPTS);
    if (err != OK)
        return err;
    if (whole > FRAME_MAX || !span_take_uint(&frame, 8, &out->first) ||
        !span_take_uint(&frame, 2, &count) || count == 0)
        return ERR_FRAME_LENGTH;
    if (count > FRAME_RECEIPTS_MAX)
        return ERR_NESTING;
    out->count = (unsigned)count;
    out->rest = frame;
    for (unsigned i = 0; i < out->count; i++) {
        struct frame_receipt one;
        if ((err = take_receipt(&frame, &one)) != OK)
            return err;
        by_hub |= one.form == FRAME_RECEIPT_HUB;
    }
    if (!frame_take_sized(&frame, 2, 0, FRAME_CHECKPOINT_MAX, &out->checkpoint) || frame.len != 0)
        return ERR_FRAME_LENGTH;
    /* A hub's receipt is proven by the checkpoint alone. */
    if (by_hub && out->checkpoint.len == 0)
        return ERR_FRAME_LENGTH;
    out->rest.len -= 2 + out->checkpoint.len;
    return OK;
}

bool frame_receipts_next(struct frame_receipts *r, struct frame_receipt *out)
{
    return r->rest.len > 0 && take_receipt(&r->rest, out) == OK;
}

void frame_receipts_begin(struct writer *w, uint64_t first, unsigned count)
{
    frame_write_magic(w, FRAME_RECEIPTS);
    write_uint(w, first, 8);
    write_uint(w, count, 2);
}

void frame_receipts_add(struct writer *w, const struct frame_receipt *r)
{
    write_uint(w, r->form, 1);
    frame_write_sized(w, 4, r->receipt);
    if (r->form == FRAME_RECEIPT_MEMBER)
        frame_write_sized(w, 2, r->signature);
    else
        frame_write_path(w, r->path);
    if (r->form == FRAME_RECEIPT_OTHER_HUB)
        frame_write_sized(w, 2, r->checkpoint);
}

void frame_receipts_end(struct writer *w, struct span checkpoint)
{
    frame_write_sized(w, 2, checkpoint);
}

/* ---- LSV1 ---- */

enum err frame_parse_statement(struct span frame, struct frame_statement *out)
{
    enum err err = frame_take_magic(&frame, FRAME_STATEMENT);
    if (err != OK)
        return err;
    if (!frame_take_sized(&frame, 4, 1, FRAME_STATEMENT_MAX, &out->statement) ||
        !frame_take_path(&frame, FRAME_LOG_PATH_MAX, &out->path) ||
        !frame_take_sized(&frame, 2, 1, FRAME_CHECKPOINT_MAX, &out->checkpoint) || frame.len != 0)
        return ERR_FRAME_LENGTH;
    return OK;
}

void frame_write_statement(struct writer *w, const struct frame_statement *s)
{
    frame_write_magic(w, FRAME_STATEMENT);
    frame_write_sized(w, 4, s->statement);
    frame_write_path(w, s->path);
    frame_write_sized(w, 2, s->checkpoint);
}

/* ---- LSC1 ---- */

enum err frame_parse_chunk(struct span frame, struct frame_chunk *out)
{
    uint64_t n;
    struct span root;
    enum err err = frame_take_magic(&frame, FRAME_CHUNK);
    if (err != OK)
        return err;
    if (!span_take(&frame, FRAME_HASH_LEN, &root) || !span_take_uint(&frame, 8, &out->index) ||
        !span_take_uint(&frame, 8, &out->count) || !span_take_uint(&frame, 1, &n))
        return ERR_FRAME_LENGTH;
    if (out->count == 0 || out->count > FRAME_CHUNKS_MAX || out->index >= out->count ||
        n != frame_path_len(out->index, out->count))
        return ERR_PATH_SHAPE;
    const size_t full = FRAME_CHUNK_TEXT_LEN + FRAME_CHUNK_TAG_LEN;
    bool last = out->index == out->count - 1;
    if (!span_take(&frame, n * FRAME_HASH_LEN, &out->path) ||
        !frame_take_sized(&frame, 4, last ? FRAME_CHUNK_TAG_LEN : full, full, &out->cipher) ||
        frame.len != 0)
        return ERR_FRAME_LENGTH;
    out->root = root.data;
    return OK;
}

void frame_write_chunk(struct writer *w, const struct frame_chunk *c)
{
    frame_write_magic(w, FRAME_CHUNK);
    write_bytes(w, c->root, FRAME_HASH_LEN);
    write_uint(w, c->index, 8);
    write_uint(w, c->count, 8);
    frame_write_path(w, c->path);
    frame_write_sized(w, 4, c->cipher);
}

_Static_assert(lianshu_Receipt_size <= FRAME_RECEIPT_MAX, "bound of .options");
_Static_assert(lianshu_Statement_size <= FRAME_STATEMENT_MAX, "bound of .options");
_Static_assert(lianshu_Control_size <= FRAME_CONTROL_MAX, "bound of .options");
_Static_assert(lianshu_Document_size <= FRAME_DOCUMENT_MAX, "bound of .options");
