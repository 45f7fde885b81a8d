#include "fold.h"

#include "frame_take.h"

#include <assert.h>

enum {
    RECENT_MAX = 4, /* batches that take turns in one frame: several senders to one recipient */
    STEP_LEN = 4 + 4 + 2,
    COPY_MAX = 0xffff,
};

_Static_assert((int)FRAME_CHECKPOINT_MAX <= (int)COPY_MAX &&
                   (int)FRAME_LOG_PATH_MAX * (int)FRAME_HASH_LEN <= (int)COPY_MAX &&
                   (int)FRAME_SIGNATURE_MAX <= (int)COPY_MAX,
               "what repeats is one copy");

/* ---- folding ---- */

struct folding {
    struct span frame;
    struct writer *w;
    size_t done;                               /* bytes of the frame that are written */
    struct frame_signature recent[RECENT_MAX]; /* the last of each batch; n 0 and no sig: none */
    unsigned next;                             /* to be replaced */
    struct span path;                          /* the last way into the log */
    struct span checkpoint;                    /* the last one */
};

static size_t at_of(const struct folding *f, const uint8_t *data)
{
    return (size_t)(data - f->frame.data);
}

/* Write the frame up to `at`; the next `count` bytes are those at `from`. */
static void write_step(struct folding *f, size_t at, size_t from, size_t count)
{
    frame_write_sized(f->w, 4, span_of(f->frame.data + f->done, at - f->done));
    write_uint(f->w, from, 4);
    write_uint(f->w, count, 2);
    f->done = at + count;
}

/* `bytes` of the frame stand at `before` already. */
static void leave_out(struct folding *f, struct span bytes, const uint8_t *before)
{
    const size_t at = at_of(f, bytes.data);
    if (bytes.len <= STEP_LEN)
        return;
    write_step(f, at, at_of(f, before), bytes.len);
}

/* How many hashes at the upper ends of two paths are the same. */
static size_t common_top(struct span a, struct span b)
{
    size_t n = 0;
    while ((n + 1) * FRAME_HASH_LEN <= a.len && (n + 1) * FRAME_HASH_LEN <= b.len &&
           memcmp(a.data + a.len - (n + 1) * FRAME_HASH_LEN,
                  b.data + b.len - (n + 1) * FRAME_HASH_LEN, FRAME_HASH_LEN) == 0)
        n++;
    return n;
}

/* The top of the path and the signature behind it are those of the same batch before. */
static void fold_signature(struct folding *f, struct span s)
{
    struct frame_signature one;
    const enum err err = frame_parse_signature(s, &one);
    assert(err == OK); /* with the frame that it stands in */
    for (unsigned i = 0; i < RECENT_MAX; i++) {
        struct frame_signature *old = &f->recent[i];
        if (old->sig == NULL || memcmp(old->sig, one.sig, FRAME_SIG_LEN) != 0)
            continue;
        const size_t top = common_top(one.path, old->path) * FRAME_HASH_LEN;
        leave_out(f, span_of(one.sig - top, top + FRAME_SIG_LEN), old->sig - top);
        *old = one;
        return;
    }
    f->recent[f->next++ % RECENT_MAX] = one;
}

static void fold_path(struct folding *f, struct span path)
{
    const size_t top = common_top(path, f->path) * FRAME_HASH_LEN;
    if (top > 0)
        leave_out(f, span_of(path.data + path.len - top, top), f->path.data + f->path.len - top);
    f->path = path;
}

static void fold_checkpoint(struct folding *f, struct span checkpoint)
{
    if (checkpoint.len > 0 && span_eq(checkpoint, f->checkpoint))
        leave_out(f, checkpoint, f->checkpoint.data);
    f->checkpoint = checkpoint;
}

static void fold_receipts(struct folding *f, struct span frame)
{
    struct frame_receipts all;
    struct frame_receipt one;
    if (frame_parse_receipts(frame, &all) != OK)
        return;
    while (frame_receipts_next(&all, &one)) {
        if (one.form == FRAME_RECEIPT_MEMBER)
            fold_signature(f, one.signature);
        else
            fold_path(f, one.path);
    }
    fold_checkpoint(f, all.checkpoint);
}

static void fold_frame(struct folding *f, struct span frame)
{
    struct frame_envelope envelope;
    struct frame_statement statement;
    enum frame_kind kind;
    const enum err err = frame_kind(frame, &kind);
    assert(err == OK); /* with the bundle */
    if (kind == FRAME_RECEIPTS)
        fold_receipts(f, frame);
    if (kind == FRAME_ENVELOPE && frame_parse_envelope(frame, &envelope) == OK)
        fold_signature(f, envelope.signature);
    if (kind == FRAME_STATEMENT && frame_parse_statement(frame, &statement) == OK) {
        fold_path(f, statement.path);
        fold_checkpoint(f, statement.checkpoint);
    }
}

bool fold(struct span frame, struct writer *w)
{
    struct folding f = {.frame = frame, .w = w};
    struct frame_bundle bundle;
    struct span one;
    enum frame_kind kind;
    const struct writer before = *w;

    if (frame.len > FRAME_MAX || frame_kind(frame, &kind) != OK)
        return false;
    frame_write_magic(w, FRAME_FOLDED);
    write_uint(w, frame.len, 4);
    if (kind == FRAME_RECEIPTS)
        fold_receipts(&f, frame);
    else if (kind == FRAME_BUNDLE && frame_parse_bundle(frame, &bundle) == OK)
        while (frame_bundle_next(&bundle, &one))
            fold_frame(&f, one);
    const bool gain = f.done > 0;
    if (f.done < frame.len)
        write_step(&f, frame.len, 0, 0);
    const size_t len = w->len - before.len;
    if (gain && !w->full && len < frame.len && frame.len <= len * FOLD_RATIO)
        return true;
    *w = before;
    return false;
}

/* ---- unfolding ---- */

/* Bytes that stand here, then bytes that stand before them. */
static bool take_step(struct span *in, struct writer *w, size_t begin, size_t len)
{
    struct span here;
    uint64_t from;
    uint64_t count;
    if (!frame_take_sized(in, 4, 0, len - (w->len - begin), &here))
        return false;
    write_span(w, here);
    const size_t have = w->len - begin;
    if (!span_take_uint(in, 4, &from) || !span_take_uint(in, 2, &count) || from > have ||
        count > have - from || count > len - have)
        return false;
    write_bytes(w, w->data + begin + from, count);
    return !w->full;
}

enum err unfold(struct span folded, struct writer *w)
{
    const size_t whole = folded.len;
    const size_t begin = w->len;
    uint64_t len;
    enum frame_kind kind;
    enum err err = frame_take_magic(&folded, FRAME_FOLDED);
    if (err != OK)
        return err;
    if (!span_take_uint(&folded, 4, &len) || len > FRAME_MAX || len > whole * FOLD_RATIO ||
        len > w->cap - w->len)
        return ERR_FRAME_LENGTH;
    while (folded.len > 0)
        if (!take_step(&folded, w, begin, len))
            return ERR_FRAME_LENGTH;
    if (w->len - begin != len)
        return ERR_FRAME_LENGTH;
    err = frame_kind(span_of(w->data + begin, len), &kind);
    if (err != OK)
        return err;
    return kind == FRAME_BUNDLE || kind == FRAME_RECEIPTS ? OK : ERR_NESTING;
}

/* ---- at a socket ---- */

struct span fold_out(struct span frame, uint8_t room[static FRAME_MAX])
{
    struct writer w = writer_of(room, FRAME_MAX);
    return fold(frame, &w) ? writer_span(&w) : frame;
}

struct span fold_in(struct span frame, uint8_t room[static FRAME_MAX])
{
    struct writer w = writer_of(room, FRAME_MAX);
    enum frame_kind kind;
    if (frame_kind(frame, &kind) != OK || kind != FRAME_FOLDED)
        return frame;
    return unfold(frame, &w) == OK ? writer_span(&w) : frame;
}
