/*
 * span - borrowed bytes, and a writer into a buffer of fixed size.
 *
 * A span never owns. A writer writes into memory of its caller, never beyond it: the
 * first write that does not fit sets `full`, and every later write is ignored, so a
 * caller checks once at the end.
 *
 * Thread rule: plain values; no shared state.
 */
#ifndef BASE_SPAN_H
#define BASE_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct span {
    const uint8_t *data;
    size_t len;
};

struct writer {
    uint8_t *data; /* borrowed from the caller */
    size_t cap;
    size_t len;
    bool full; /* something did not fit; data up to len is still whole writes */
};

static inline struct span span_of(const void *data, size_t len)
{
    return (struct span){(const uint8_t *)data, len};
}

static inline struct span span_str(const char *text)
{
    return (struct span){(const uint8_t *)text, strlen(text)};
}

static inline bool span_eq(struct span a, struct span b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

/* Split the first n bytes off *from. False, and nothing moves, when fewer are left. */
static inline bool span_take(struct span *from, size_t n, struct span *out)
{
    if (from->len < n)
        return false;
    *out = (struct span){from->data, n};
    from->data += n;
    from->len -= n;
    return true;
}

/* Read a big-endian integer of n <= 8 bytes off *from. */
static inline bool span_take_uint(struct span *from, size_t n, uint64_t *out)
{
    struct span bytes;
    if (n > sizeof *out || !span_take(from, n, &bytes))
        return false;
    *out = 0;
    for (size_t i = 0; i < n; i++)
        *out = *out << 8 | bytes.data[i];
    return true;
}

static inline struct writer writer_of(void *data, size_t cap)
{
    return (struct writer){(uint8_t *)data, cap, 0, false};
}

static inline struct span writer_span(const struct writer *w)
{
    return (struct span){w->data, w->len};
}

static inline void write_bytes(struct writer *w, const void *data, size_t len)
{
    if (w->full || len > w->cap - w->len) {
        w->full = true;
        return;
    }
    if (len > 0)
        memcpy(w->data + w->len, data, len);
    w->len += len;
}

static inline void write_span(struct writer *w, struct span s)
{
    write_bytes(w, s.data, s.len);
}

/* Append value as n <= 8 big-endian bytes. */
static inline void write_uint(struct writer *w, uint64_t value, size_t n)
{
    uint8_t bytes[8];
    for (size_t i = 0; i < n; i++)
        bytes[i] = (uint8_t)(value >> (8 * (n - 1 - i)));
    write_bytes(w, bytes, n);
}

#endif
