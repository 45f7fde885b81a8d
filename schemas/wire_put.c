/* Encoding: one walk forward. The length of a submessage is written when its end is known. */
#include "base/utf8.h"
#include "wire_walk.h"

#include <assert.h>

enum { VARINT_MAX = 10, WIRE_VARINT = 0, WIRE_LENGTH = 2 };

struct level {
    const struct message *type;
    const uint8_t *msg;
    size_t field;
    size_t element;
    size_t len_at; /* where its length stands */
};

static void put_bytes(struct wire_sink *s, const void *data, size_t len)
{
    if (s->full || len > s->cap - s->at) {
        s->full = true;
        return;
    }
    memcpy(s->out + s->at, data, len);
    s->at += len;
}

static size_t varint_of(uint64_t value, uint8_t out[static VARINT_MAX])
{
    size_t n = 0;
    for (; value >= 0x80; value >>= 7)
        out[n++] = (uint8_t)(value | 0x80);
    out[n++] = (uint8_t)value;
    return n;
}

/* Keys, lengths and small numbers are a byte or two: no call for them. */
static inline void put_varint(struct wire_sink *s, uint64_t value)
{
    for (; !s->full; value >>= 7) {
        if (s->at == s->cap) {
            s->full = true;
            return;
        }
        s->out[s->at++] = (uint8_t)(value < 0x80 ? value : value | 0x80);
        if (value < 0x80)
            return;
    }
}

static void put_key(struct wire_sink *s, const struct message_field *f, unsigned wire_type)
{
    put_varint(s, (uint64_t)f->tag << 3 | wire_type);
}

static void put_block(struct wire_sink *s, const struct message_field *f, const void *data,
                      size_t len)
{
    put_key(s, f, WIRE_LENGTH);
    put_varint(s, len);
    put_bytes(s, data, len);
}

static uint64_t number_at(const struct message_field *f, const uint8_t *value)
{
    uint32_t small;
    uint64_t large;
    switch (f->size) {
    case sizeof(bool):
        return *value != 0;
    case sizeof small:
        memcpy(&small, value, sizeof small);
        return small;
    default:
        memcpy(&large, value, sizeof large);
        return large;
    }
}

static enum err put_number(struct wire_sink *s, const struct message_field *f, const uint8_t *value)
{
    const uint64_t number = number_at(f, value);
    if (f->values != NULL && number > (uint64_t)f->values->max)
        return ERR_WIRE_ENUM;
    if (number != 0) {
        put_key(s, f, WIRE_VARINT);
        put_varint(s, number);
    }
    return OK;
}

static enum err put_text(struct wire_sink *s, const struct message_field *f, const uint8_t *value)
{
    const size_t len = strnlen((const char *)value, f->size);
    if (len == f->size || !utf8_allowed(span_of(value, len)))
        return ERR_WIRE_TEXT;
    if (len > 0 || f->rule == MESSAGE_REPEATED)
        put_block(s, f, value, len);
    return OK;
}

static void put_sized(struct wire_sink *s, const struct message_field *f, const uint8_t *value)
{
    enum { HEAD = offsetof(pb_bytes_array_t, bytes) };
    pb_size_t size;
    memcpy(&size, value, sizeof size);
    if (size > f->size - HEAD)
        s->full = true; /* a wrong length inside msg is a bug of ours, and never read beyond */
    else if (size > 0 || f->rule == MESSAGE_REPEATED)
        put_block(s, f, value + HEAD, size);
}

static enum err put_scalar(struct wire_sink *s, const struct message_field *f, const uint8_t *value)
{
    switch (f->type) {
    case MESSAGE_NUMBER:
        return put_number(s, f, value);
    case MESSAGE_TEXT:
        return put_text(s, f, value);
    case MESSAGE_BYTES:
        put_sized(s, f, value);
        return OK;
    default:
        put_block(s, f, value, f->size);
        return OK;
    }
}

static size_t count_at(struct wire_sink *s, const struct message_field *f, const uint8_t *msg)
{
    pb_size_t count;
    switch (f->rule) {
    case MESSAGE_OPTIONAL:
        return msg[f->count] != 0;
    case MESSAGE_ONEOF:
        memcpy(&count, msg + f->count, sizeof count);
        return count == f->tag;
    default:
        memcpy(&count, msg + f->count, sizeof count);
        if (count <= f->max)
            return count;
        s->full = true;
        return 0;
    }
}

static void enter(struct wire_sink *s, struct level *level, const struct message *type,
                  const uint8_t *msg)
{
    *level = (struct level){.type = type, .msg = msg, .len_at = s->at};
    put_bytes(s, "", 1); /* one byte, mostly enough */
}

static void leave(struct wire_sink *s, const struct level *level)
{
    uint8_t bytes[VARINT_MAX];
    if (s->full)
        return;
    const size_t begin = level->len_at + 1;
    const size_t len = s->at - begin;
    const size_t n = varint_of(len, bytes);
    if (n - 1 > s->cap - s->at) {
        s->full = true;
        return;
    }
    memmove(s->out + begin + n - 1, s->out + begin, n == 1 ? 0 : len);
    memcpy(s->out + level->len_at, bytes, n);
    s->at += n - 1;
}

enum err wire_put(const struct message *type, const void *msg, struct wire_sink *sink)
{
    struct level levels[MESSAGE_DEPTH_MAX];
    size_t depth = 1;
    levels[0] = (struct level){.type = type, .msg = msg};
    for (;;) {
        struct level *level = &levels[depth - 1];
        if (level->field == level->type->field_count) {
            if (--depth == 0)
                return OK;
            leave(sink, level);
            continue;
        }
        const struct message_field *f = &level->type->fields[level->field];
        if (f->rule == MESSAGE_ALWAYS) { /* most fields: no counting */
            assert(f->type != MESSAGE_SUB);
            level->field++;
            const enum err one = put_scalar(sink, f, level->msg + f->offset);
            if (one != OK)
                return one;
            continue;
        }
        if (level->element == count_at(sink, f, level->msg)) {
            level->field++;
            level->element = 0;
            continue;
        }
        const uint8_t *value = level->msg + f->offset + level->element++ * f->size;
        if (f->type == MESSAGE_SUB) {
            assert(depth < MESSAGE_DEPTH_MAX);
            put_key(sink, f, WIRE_LENGTH);
            enter(sink, &levels[depth++], f->sub, value);
            continue;
        }
        const enum err err = put_scalar(sink, f, value);
        if (err != OK)
            return err;
    }
}
