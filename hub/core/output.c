#include "core/output.h"

#include <assert.h>
#include <stdlib.h>

enum err output_open(struct output *out, size_t cap)
{
    *out = (struct output){.cap = cap};
    out->bytes = malloc(cap);
    out->entries = calloc(OUTPUT_FRAME_MAX, sizeof *out->entries);
    if (out->bytes == NULL || out->entries == NULL) {
        output_close(out);
        return ERR_NO_MEMORY;
    }
    return OK;
}

void output_close(struct output *out)
{
    free(out->bytes);
    free(out->entries);
    *out = (struct output){0};
}

bool output_has_room(const struct output *out, size_t frames, size_t bytes)
{
    return frames <= OUTPUT_FRAME_MAX - out->count && bytes <= out->cap - out->len;
}

bool output_begin(struct output *out, size_t max, struct writer *w)
{
    if (!output_has_room(out, 1, max))
        return false;
    *w = writer_of(out->bytes + out->len, max);
    return true;
}

void output_end(struct output *out, uint32_t peer, const struct writer *w)
{
    assert(!w->full && w->data == out->bytes + out->len);
    out->entries[out->count++] = (struct output_entry){peer, (uint32_t)out->len, (uint32_t)w->len};
    out->len += w->len;
}

bool output_put(struct output *out, uint32_t peer, struct span frame)
{
    struct writer w;
    if (!output_begin(out, frame.len, &w))
        return false;
    write_span(&w, frame);
    output_end(out, peer, &w);
    return true;
}

bool output_next(struct output *out, uint32_t *peer, struct span *frame)
{
    if (out->next == out->count)
        return false;
    const struct output_entry *entry = &out->entries[out->next++];
    *peer = entry->peer;
    *frame = span_of(out->bytes + entry->offset, entry->len);
    return true;
}

void output_clear(struct output *out)
{
    out->len = 0;
    out->count = 0;
    out->next = 0;
}
