#include "frame.h"

#include "frame_take.h"
#include "wire.h"

static const char *const magics[] = {
    [FRAME_NONE] = "",          [FRAME_ENVELOPE] = "LSE1", [FRAME_BUNDLE] = "LSB1",
    [FRAME_RECEIPTS] = "LSR1",  [FRAME_CHUNK] = "LSC1",    [FRAME_CONTROL] = "LSK1",
    [FRAME_STATEMENT] = "LSV1", [FRAME_DOCUMENT] = "LSD1", [FRAME_REGISTRY] = "LSG1",
    [FRAME_FOLDED] = "LSF1",    [FRAME_PROOF] = "LSP1",
};

enum { KIND_COUNT = sizeof magics / sizeof magics[0] };

const char *frame_kind_name(enum frame_kind kind)
{
    return (unsigned)kind < KIND_COUNT ? magics[kind] : "";
}

enum err frame_kind(struct span frame, enum frame_kind *kind)
{
    *kind = FRAME_NONE;
    if (frame.len < FRAME_MAGIC_LEN)
        return ERR_FRAME_EMPTY;
    for (unsigned i = FRAME_NONE + 1; i < KIND_COUNT; i++) {
        if (memcmp(frame.data, magics[i], FRAME_MAGIC_LEN - 1) != 0)
            continue;
        if (frame.data[FRAME_MAGIC_LEN - 1] != (uint8_t)magics[i][FRAME_MAGIC_LEN - 1])
            return ERR_FRAME_VERSION;
        *kind = (enum frame_kind)i;
        return OK;
    }
    return ERR_FRAME_EMPTY;
}

/* Siblings on the way up: below the split of index from the last leaf every level has one, above
 * it only the levels where the last, incomplete subtree is a right child. */
unsigned frame_path_len(uint64_t index, uint64_t size)
{
    unsigned n = 0;
    uint64_t last = size - 1;
    for (; index != last; index >>= 1, last >>= 1)
        n++;
    for (; index != 0; index >>= 1)
        n += (unsigned)(index & 1);
    return n;
}

/* ---- S ---- */

enum err frame_parse_signature(struct span s, struct frame_signature *out)
{
    uint64_t alg;
    uint64_t n;
    struct span kid;
    struct span sig;
    if (!span_take_uint(&s, 1, &alg) || !span_take(&s, FRAME_KID_LEN, &kid) ||
        !span_take_uint(&s, 8, &out->size) || !span_take_uint(&s, 8, &out->index) ||
        !span_take_uint(&s, 1, &n))
        return ERR_FRAME_LENGTH;
    if (alg != FRAME_ALG_ED25519)
        return ERR_SUITE;
    if (out->size == 0 || out->size > FRAME_BATCH_MAX || out->index >= out->size ||
        n != frame_path_len(out->index, out->size))
        return ERR_PATH_SHAPE;
    if (!span_take(&s, n * FRAME_HASH_LEN, &out->path) || !span_take(&s, FRAME_SIG_LEN, &sig) ||
        s.len != 0)
        return ERR_FRAME_LENGTH;
    out->alg = (uint8_t)alg;
    out->kid = kid.data;
    out->n = (unsigned)n;
    out->sig = sig.data;
    return OK;
}

void frame_write_signature(struct writer *w, const struct frame_signature *s)
{
    write_uint(w, s->alg, 1);
    write_bytes(w, s->kid, FRAME_KID_LEN);
    write_uint(w, s->size, 8);
    write_uint(w, s->index, 8);
    write_uint(w, s->n, 1);
    write_span(w, s->path);
    write_bytes(w, s->sig, FRAME_SIG_LEN);
}

/* ---- LSB1 ---- */

/* One frame of a bundle: of our kinds, and no bundle, folded frame or file of the registry. */
static enum err take_bundled(struct span *in, struct span *frame)
{
    enum frame_kind kind;
    if (!frame_take_sized(in, 4, FRAME_MAGIC_LEN, FRAME_BUNDLE_MAX, frame))
        return ERR_FRAME_LENGTH;
    enum err err = frame_kind(*frame, &kind);
    if (err != OK)
        return err;
    const bool alone = kind == FRAME_BUNDLE || kind == FRAME_FOLDED || kind == FRAME_REGISTRY ||
                       kind == FRAME_PROOF;
    return alone ? ERR_NESTING : OK;
}

enum err frame_parse_bundle(struct span frame, struct frame_bundle *out)
{
    uint64_t count;
    size_t whole = frame.len;
    enum err err = frame_take_magic(&frame, FRAME_BUNDLE);
    if (err != OK)
        return err;
    if (whole > FRAME_BUNDLE_MAX || !span_take_uint(&frame, 1, &count) || count == 0)
        return ERR_FRAME_LENGTH;
    if (count > FRAME_BUNDLE_FRAMES_MAX)
        return ERR_NESTING;
    *out = (struct frame_bundle){.count = (unsigned)count, .rest = frame};
    for (uint64_t i = 0; i < count; i++) {
        struct span one;
        if ((err = take_bundled(&frame, &one)) != OK)
            return err;
    }
    return frame.len == 0 ? OK : ERR_FRAME_LENGTH;
}

bool frame_bundle_next(struct frame_bundle *b, struct span *frame)
{
    return b->rest.len > 0 && take_bundled(&b->rest, frame) == OK;
}

void frame_bundle_begin(struct writer *w)
{
    frame_write_magic(w, FRAME_BUNDLE);
    write_uint(w, 0, 1);
}

bool frame_bundle_add(struct writer *w, size_t begin, struct span frame)
{
    if (w->full || w->data[begin + FRAME_MAGIC_LEN] == FRAME_BUNDLE_FRAMES_MAX)
        return false;
    size_t room = w->cap - w->len < FRAME_BUNDLE_MAX - (w->len - begin)
                      ? w->cap - w->len
                      : FRAME_BUNDLE_MAX - (w->len - begin);
    if (room < 4 || frame.len > room - 4)
        return false;
    frame_write_sized(w, 4, frame);
    w->data[begin + FRAME_MAGIC_LEN]++;
    return true;
}

/* ---- LSK1 ---- */

enum err frame_parse_control(struct span frame, struct span *control)
{
    enum err err = frame_take_magic(&frame, FRAME_CONTROL);
    if (err != OK)
        return err;
    if (!frame_take_sized(&frame, 4, 1, FRAME_CONTROL_MAX, control) || frame.len != 0)
        return ERR_FRAME_LENGTH;
    return OK;
}

/* The kind says the same as the body: a control of one kind never carries another's. */
static enum err control_check(const lianshu_Control *control)
{
    static const pb_size_t bodies[] = {
        [lianshu_ControlKind_CONTROL_HELLO] = lianshu_Control_hello_tag,
        [lianshu_ControlKind_CONTROL_WELCOME] = lianshu_Control_welcome_tag,
        [lianshu_ControlKind_CONTROL_CREDIT] = lianshu_Control_credit_tag,
        [lianshu_ControlKind_CONTROL_BUSY] = lianshu_Control_busy_tag,
        [lianshu_ControlKind_CONTROL_ACK] = lianshu_Control_ack_tag,
        [lianshu_ControlKind_CONTROL_CHUNK_WANTED] = lianshu_Control_chunk_wanted_tag,
        [lianshu_ControlKind_CONTROL_CHUNK_HAVE] = lianshu_Control_chunk_have_tag,
        [lianshu_ControlKind_CONTROL_REGISTRY_HAVE] = lianshu_Control_registry_have_tag,
        [lianshu_ControlKind_CONTROL_REGISTRY_WANTED] = lianshu_Control_registry_wanted_tag,
        [lianshu_ControlKind_CONTROL_REGISTRY_PART] = lianshu_Control_registry_part_tag,
        [lianshu_ControlKind_CONTROL_AMENDMENTS] = lianshu_Control_amendments_tag,
        [lianshu_ControlKind_CONTROL_WITNESS_ASK] = lianshu_Control_witness_ask_tag,
        [lianshu_ControlKind_CONTROL_WITNESS_ANSWER] = lianshu_Control_witness_answer_tag,
    };
    _Static_assert(sizeof bodies / sizeof bodies[0] == _lianshu_ControlKind_ARRAYSIZE,
                   "a body for every kind");
    if (control->kind == lianshu_ControlKind_CONTROL_NONE)
        return ERR_WIRE_ENUM;
    return control->which_body == bodies[control->kind] ? OK : ERR_HEADER;
}

enum err frame_read_control(struct span frame, lianshu_Control *out)
{
    struct span control;
    enum err err = frame_parse_control(frame, &control);
    if (err == OK)
        err = wire_decode(&lianshu_Control_msg, control, out);
    return err == OK ? control_check(out) : err;
}

enum err frame_put_control(struct writer *w, const lianshu_Control *control)
{
    frame_write_magic(w, FRAME_CONTROL);
    write_uint(w, wire_size(&lianshu_Control_msg, control), 4);
    return wire_encode(&lianshu_Control_msg, control, w);
}

/* ---- LSD1 ---- */

enum err frame_parse_document(struct span frame, struct frame_document *out)
{
    uint64_t count;
    size_t whole = frame.len;
    enum err err = frame_take_magic(&frame, FRAME_DOCUMENT);
    if (err != OK)
        return err;
    if (whole > FRAME_DOCUMENT_FRAME_MAX ||
        !frame_take_sized(&frame, 4, 1, FRAME_DOCUMENT_MAX, &out->document) ||
        !span_take_uint(&frame, 1, &count) || count == 0)
        return ERR_FRAME_LENGTH;
    if (count > FRAME_ISSUERS_MAX)
        return ERR_NESTING;
    out->count = (unsigned)count;
    for (unsigned i = 0; i < out->count; i++) {
        struct frame_signature s;
        if (!frame_take_sized(&frame, 2, FRAME_SIGNATURE_MIN, FRAME_SIGNATURE_MAX,
                              &out->signatures[i]))
            return ERR_FRAME_LENGTH;
        if ((err = frame_parse_signature(out->signatures[i], &s)) != OK)
            return err;
    }
    return frame.len == 0 ? OK : ERR_FRAME_LENGTH;
}

void frame_write_document(struct writer *w, const struct frame_document *d)
{
    frame_write_magic(w, FRAME_DOCUMENT);
    frame_write_sized(w, 4, d->document);
    write_uint(w, d->count, 1);
    for (unsigned i = 0; i < d->count; i++)
        frame_write_sized(w, 2, d->signatures[i]);
}
