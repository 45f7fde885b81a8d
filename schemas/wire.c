#include "wire.h"

#include "base/utf8.h"
#include "message.h"

#include <assert.h>
#include <pb_common.h>
#include <pb_decode.h>
#include <pb_encode.h>

/*
 * One walk over all fields of a decoded message, submessages included, without recursion: a
 * level is a message that is being walked, and its `next` element of a repeated submessage.
 */
struct level {
    const struct message *type;
    pb_field_iter_t at;
    size_t next;
    bool more;
};

struct walk {
    struct level levels[MESSAGE_DEPTH_MAX];
    size_t depth;
};

static void walk_enter(struct walk *w, const struct message *type, const void *msg)
{
    assert(w->depth < MESSAGE_DEPTH_MAX);
    struct level *level = &w->levels[w->depth++];
    level->type = type;
    level->next = 0;
    level->more = pb_field_iter_begin_const(&level->at, type->desc, msg);
}

static void walk_on(struct level *level)
{
    level->next = 0;
    level->more = pb_field_iter_next(&level->at);
}

/* How many values the field holds now. */
static size_t field_count(const pb_field_iter_t *at)
{
    switch (PB_HTYPE(at->type)) {
    case PB_HTYPE_REPEATED:
        return *(const pb_size_t *)at->pSize;
    case PB_HTYPE_ONEOF:
        return *(const pb_size_t *)at->pSize == at->tag ? 1 : 0;
    default:
        /* A singular submessage has its presence beside it; a scalar is always there. */
        return PB_LTYPE_IS_SUBMSG(at->type) && at->pSize != NULL ? *(const bool *)at->pSize : 1;
    }
}

static enum err check_text(const pb_field_iter_t *at, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const char *text = (const char *)at->pData + i * at->data_size;
        size_t len = strnlen(text, at->data_size);
        if (len == at->data_size || !utf8_allowed(span_of(text, len)))
            return ERR_WIRE_TEXT;
    }
    return OK;
}

/* Enumerations have the size of an int, as nanopb generates them here. */
static enum err check_enum(const pb_field_iter_t *at, const struct message_enum *values)
{
    int value;
    assert(at->data_size == sizeof value);
    memcpy(&value, at->pData, sizeof value);
    return value >= 0 && value <= values->max ? OK : ERR_WIRE_ENUM;
}

/* Texts and enumerations, the two things that nanopb takes from a peer unseen. */
static enum err check_values(const struct message *type, const void *msg)
{
    struct walk w = {.depth = 0};
    walk_enter(&w, type, msg);
    while (w.depth > 0) {
        struct level *level = &w.levels[w.depth - 1];
        if (!level->more) {
            w.depth--;
            continue;
        }
        const pb_field_iter_t *at = &level->at;
        const struct message_field *field = &level->type->fields[at->index];
        enum err err = OK;
        if (field->sub != NULL) {
            if (level->next < field_count(at)) {
                size_t i = level->next++;
                walk_enter(&w, field->sub, (const uint8_t *)at->pData + i * at->data_size);
            } else {
                walk_on(level);
            }
            continue;
        }
        if (PB_LTYPE(at->type) == PB_LTYPE_STRING)
            err = check_text(at, field_count(at));
        else if (field->values != NULL)
            err = check_enum(at, field->values);
        if (err != OK)
            return err;
        walk_on(level);
    }
    return OK;
}

/* nanopb says in words what it refused. The words are those of 0.4; a test holds them. */
static enum err decode_refusal(const char *why)
{
    static const struct {
        const char *why;
        enum err err;
    } rows[] = {
        {"varint overflow", ERR_VARINT}, {"integer too large", ERR_VARINT},
        {"array overflow", ERR_NESTING}, {"string overflow", ERR_NESTING},
        {"bytes overflow", ERR_NESTING}, {"incorrect fixed length bytes size", ERR_NESTING},
        {"size too large", ERR_NESTING}, {"wrong size for fixed count field", ERR_NESTING},
    };
    for (size_t i = 0; why != NULL && i < sizeof rows / sizeof rows[0]; i++) {
        if (strcmp(rows[i].why, why) == 0)
            return rows[i].err;
    }
    return ERR_NOT_CANONICAL;
}

/* Output that is compared with the input instead of being kept. */
static bool compare(pb_ostream_t *stream, const pb_byte_t *bytes, size_t count)
{
    struct span *expected = stream->state;
    struct span head;
    return span_take(expected, count, &head) &&
           (count == 0 || memcmp(head.data, bytes, count) == 0);
}

static bool encodes_to(const pb_msgdesc_t *desc, const void *msg, struct span in)
{
    struct span left = in;
    pb_ostream_t out = {.callback = compare, .state = &left, .max_size = in.len};
    return pb_encode(&out, desc, msg) && left.len == 0;
}

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
        if (m->fields[i].sub == NULL || wire_type != PB_WT_STRING || depth == MESSAGE_DEPTH_MAX) {
            if (!pb_skip_field(s, wire_type))
                return false;
            continue;
        }
        uint32_t len;
        if (!pb_decode_varint32(s, &len) || len > s->bytes_left)
            return false;
        /* A buffer stream keeps its place in `state`; the child reads from there. */
        sub = pb_istream_from_buffer(s->state, len);
        if (!pb_read(s, NULL, len))
            return false;
        levels[depth].type = m->fields[i].sub;
        levels[depth++].stream = sub;
    }
    return false;
}

enum err wire_decode(const pb_msgdesc_t *desc, struct span in, void *msg)
{
    const struct message *type = message_of(desc);
    pb_istream_t stream = pb_istream_from_buffer(in.data, in.len);
    if (!pb_decode(&stream, desc, msg)) {
        enum err err = decode_refusal(PB_GET_ERROR(&stream));
        return err == ERR_NOT_CANONICAL && has_unknown_field(type, in) ? ERR_WIRE_FIELD : err;
    }
    enum err err = check_values(type, msg);
    if (err != OK)
        return err;
    if (!encodes_to(desc, msg, in))
        return has_unknown_field(type, in) ? ERR_WIRE_FIELD : ERR_NOT_CANONICAL;
    return OK;
}

/* Counts and lengths inside msg are ours; a wrong one is a bug, not a peer's doing. */
enum err wire_encode(const pb_msgdesc_t *desc, const void *msg, struct writer *w)
{
    enum err err = check_values(message_of(desc), msg);
    if (err != OK)
        return err;
    if (w->full)
        return ERR_TOO_LARGE;
    pb_ostream_t out = pb_ostream_from_buffer(w->data + w->len, w->cap - w->len);
    if (!pb_encode(&out, desc, msg)) {
        w->full = true;
        return ERR_TOO_LARGE;
    }
    w->len += out.bytes_written;
    return OK;
}

size_t wire_size(const pb_msgdesc_t *desc, const void *msg)
{
    size_t size;
    return pb_get_encoded_size(&size, desc, msg) ? size : 0;
}

void wire_clear(const pb_msgdesc_t *desc, void *msg)
{
    /* Decoding nothing is nanopb's own way to set defaults. */
    pb_istream_t nothing = pb_istream_from_buffer(NULL, 0);
    bool done = pb_decode(&nothing, desc, msg);
    assert(done);
    (void)done;
}
