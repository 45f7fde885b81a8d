/*
 * output - frames that wait for the commit that justifies them, in one fixed arena.
 *
 * Guarantees:
 *   1. Nothing is allocated after output_open; a frame that does not fit is refused and the
 *      caller leaves its row for the next commit.
 *   2. Frames come out in the order they went in.
 *
 * Thread rule: the core's thread.
 */
#ifndef CORE_OUTPUT_H
#define CORE_OUTPUT_H

#include "base/err.h"
#include "base/span.h"

#include <stdbool.h>

enum { OUTPUT_FRAME_MAX = 8192 };

struct output_entry {
    uint32_t peer;
    uint32_t offset;
    uint32_t len;
};

struct output {
    uint8_t *bytes; /* owns */
    size_t cap;
    size_t len;
    struct output_entry *entries; /* owns OUTPUT_FRAME_MAX */
    size_t count;
    size_t next;
};

MUST_USE enum err output_open(struct output *out, size_t cap);
void output_close(struct output *out);

/* Room for a frame of at most max bytes; write into *w, then output_end. False when full. */
bool output_begin(struct output *out, size_t max, struct writer *w);
void output_end(struct output *out, uint32_t peer, const struct writer *w);

/* Is there room for so many frames of so many bytes together? */
bool output_has_room(const struct output *out, size_t frames, size_t bytes);

/* Copy one whole frame. False when full. */
bool output_put(struct output *out, uint32_t peer, struct span frame);

bool output_next(struct output *out, uint32_t *peer, struct span *frame);
void output_clear(struct output *out);

#endif
