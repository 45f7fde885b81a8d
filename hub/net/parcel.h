/*
 * parcel - frames to one peer, sent as one: consecutive outputs travel in one bundle (LSB1), so
 * that a message costs the library, the kernel and both ciphers once for many.
 *
 *   parcel_add … parcel_add -> parcel_len, parcel_write -> parcel_clear
 *
 * Guarantees:
 *   1. What the peer reads is exactly the frames that were added, in their order; a bundle that
 *      is added gives its frames, for bundles do not nest. One frame alone stays as it is.
 *   2. parcel_add answers false, and nothing changed, when the frame is another peer's or would
 *      make the bundle longer than the protocol allows: send what is there, clear, add again.
 *      An empty parcel takes any frame.
 *
 * Frames are borrowed until parcel_clear. PROTOCOL 3.3. Thread rule: plain value.
 */
#ifndef NET_PARCEL_H
#define NET_PARCEL_H

#include "base/span.h"
#include "frame.h"

struct parcel {
    uint32_t peer;
    unsigned frame_count; /* as the peer counts them */
    size_t piece_count;
    size_t bundle_len; /* of all pieces in one bundle */
    struct span pieces[FRAME_BUNDLE_FRAMES_MAX];
};

bool parcel_add(struct parcel *p, uint32_t peer, struct span frame);
/* Bytes that parcel_write writes; 0 when empty. */
size_t parcel_len(const struct parcel *p);
void parcel_write(const struct parcel *p, struct writer *w);
void parcel_clear(struct parcel *p);

#endif
