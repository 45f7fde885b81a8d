#include "wire.h"

#include "message.h"
#include "wire_walk.h"

#include <assert.h>
#include <pb_decode.h>
#include <pb_encode.h>

/* Fields that the message does not have, at any depth: an open submessage is a stream that ends
 * where its parent goes on. Only refused input comes here. */
static bool has_unknown_field(const struct message *type, struct span in)
{
    struct {
        const struct message *type;
        pb_istream_t stream;
    } levels[MESSAGE_DEPTH_MAX];
    size_t depth = 1;
    levels[0].type = type;
    levels[0].stream = pb_istream_from_buffer(in.data, in.len);
    while (depth > 0) {
        pb_istream_t *s = &levels[depth - 1].stream;
        const struct message *m = levels[depth - 1].type;
        pb_wire_type_t wire_type;
        uint32_t tag;
        bool eof;
        if (!pb_decode_tag(s, &wire_type, &tag, &eof)) {
            depth--;
            continue;
        }
        size_t i = 0;
        while (i < m->field_count && m->fields[i].tag != tag)
            i++;
        if (i == m->field_count)
            return true;
        pb_istream_t sub;
        if (m->fields[i].sub == NULL || wire_type != PB_WT_STRING) {
            if (!pb_skip_field(s, wire_type))
                return false;
            continue;
        }
        uint32_t len;
        if (!pb_decode_varint32(s, &len) || len > s->bytes_left)
            return false;
        /* A buffer stream keeps its place in `state`; the child reads from there. */
        sub = pb_istream_from_buffer(s->state, len);
        const bool passed = pb_read(s, NULL, len);
        assert(passed); /* so much is left */
        (void)passed;
        assert(depth < MESSAGE_DEPTH_MAX); /* no type holds itself */
        levels[depth].type = m->fields[i].sub;
        levels[depth++].stream = sub;
    }
    return false;
}

enum err wire_decode(const pb_msgdesc_t *desc, struct span in, void *msg)
{
    const struct message *type = message_of(desc);
    const enum err err = wire_take(type, in, msg);
    return err == ERR_NOT_CANONICAL && has_unknown_field(type, in) ? ERR_WIRE_FIELD : err;
}

/* Counts and lengths inside msg are ours; a wrong one is a bug, not a peer's doing. */
enum err wire_encode(const pb_msgdesc_t *desc, const void *msg, struct writer *w)
{
    struct wire_sink sink = {.out = w->data + w->len, .cap = w->full ? 0 : w->cap - w->len};
    const enum err err = wire_put(message_of(desc), msg, &sink);
    if (err != OK)
        return err;
    if (w->full || sink.full) {
        w->full = true;
        return ERR_TOO_LARGE;
    }
    w->len += sink.at;
    return OK;
}

size_t wire_size(const pb_msgdesc_t *desc, const void *msg)
{
    size_t size;
    const bool sized = pb_get_encoded_size(&size, desc, msg);
    assert(sized); /* its counts and lengths are ours */
    (void)sized;
    return size;
}

void wire_clear(const pb_msgdesc_t *desc, void *msg)
{
    wire_reset(message_of(desc), msg);
}
