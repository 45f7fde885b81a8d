#include "net/parcel.h"

enum { HEAD_LEN = FRAME_MAGIC_LEN + 1, LEN_LEN = 4 };

/* How many frames this one is inside a bundle, and its bytes there. 0: it travels alone. */
static unsigned share_of(struct span frame, size_t *len)
{
    enum frame_kind kind;
    if (frame_kind(frame, &kind) != OK || kind != FRAME_BUNDLE) {
        *len = LEN_LEN + frame.len;
        return frame.len > FRAME_BUNDLE_MAX - HEAD_LEN - LEN_LEN ? 0 : 1;
    }
    *len = frame.len - HEAD_LEN;
    return frame.data[FRAME_MAGIC_LEN]; /* our own bundle: no need to walk it */
}

bool parcel_add(struct parcel *p, uint32_t peer, struct span frame)
{
    size_t len;
    const unsigned count = share_of(frame, &len);
    if (p->piece_count > 0 && (p->peer != peer || count == 0 || p->frame_count == 0 ||
                               p->frame_count + count > FRAME_BUNDLE_FRAMES_MAX ||
                               p->bundle_len + len > FRAME_BUNDLE_MAX))
        return false;
    if (p->piece_count == 0)
        *p = (struct parcel){.peer = peer, .bundle_len = HEAD_LEN};
    p->frame_count += count;
    p->bundle_len += len;
    p->pieces[p->piece_count++] = frame;
    return true;
}

size_t parcel_len(const struct parcel *p)
{
    if (p->piece_count <= 1)
        return p->piece_count == 0 ? 0 : p->pieces[0].len;
    return p->bundle_len;
}

void parcel_write(const struct parcel *p, struct writer *w)
{
    if (p->piece_count <= 1) {
        if (p->piece_count == 1)
            write_span(w, p->pieces[0]);
        return;
    }
    write_bytes(w, frame_kind_name(FRAME_BUNDLE), FRAME_MAGIC_LEN);
    write_uint(w, p->frame_count, 1);
    for (size_t i = 0; i < p->piece_count; i++) {
        const struct span piece = p->pieces[i];
        enum frame_kind kind;
        if (frame_kind(piece, &kind) == OK && kind == FRAME_BUNDLE) {
            write_bytes(w, piece.data + HEAD_LEN, piece.len - HEAD_LEN);
        } else {
            write_uint(w, piece.len, LEN_LEN);
            write_span(w, piece);
        }
    }
}

void parcel_clear(struct parcel *p)
{
    p->piece_count = 0;
    p->frame_count = 0;
}
