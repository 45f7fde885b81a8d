/* Decoding: one walk over the input, which keeps memory safe and sees whatever encoding again would
 * have written otherwise. */
#include "base/utf8.h"
#include "wire_walk.h"

#include <assert.h>

enum { WIRE_VARINT = 0, WIRE_64 = 1, WIRE_LENGTH = 2, WIRE_32 = 5, KEEP_MAX = 256 };

struct level {
    const struct message *type;
    uint8_t *msg;
    const uint8_t *end;
    size_t next; /* where the search for a field begins: they come in order */
    size_t done; /* fields before this one have come, or need not */
};

struct taker {
    const uint8_t *at;
    size_t depth;
    enum err wrong; /* so far: nobody would have written it so */
    struct level levels[MESSAGE_DEPTH_MAX];
};

/* ---- defaults ---- */

/* Most fields are numbers and ids: no call for them. */
static inline void zero(uint8_t *at, size_t len)
{
    switch (len) {
    case 1:
        *at = 0;
        return;
    case 4:
        memset(at, 0, 4);
        return;
    case 8:
        memset(at, 0, 8);
        return;
    case 16:
        memset(at, 0, 16);
        return;
    case 32:
        memset(at, 0, 32);
        return;
    default:
        memset(at, 0, len);
    }
}

static void reset_field(const struct message_field *f, uint8_t *msg)
{
    switch (f->rule) {
    case MESSAGE_OPTIONAL:
        msg[f->count] = 0;
        return;
    case MESSAGE_REPEATED:
    case MESSAGE_ONEOF:
        memset(msg + f->count, 0, sizeof(pb_size_t));
        return;
    default:
        /* A long byte string is as long as its length says: clearing 60 KiB takes longer than all
         * the rest. */
        zero(msg + f->offset,
             f->type == MESSAGE_BYTES && f->size > KEEP_MAX ? sizeof(pb_size_t) : f->size);
    }
}

void wire_reset(const struct message *type, void *msg)
{
    struct {
        const struct message *type;
        uint8_t *msg;
        size_t field;
    } levels[MESSAGE_DEPTH_MAX];
    size_t depth = 1;
    levels[0].type = type;
    levels[0].msg = msg;
    levels[0].field = 0;
    while (depth > 0) {
        const size_t top = depth - 1;
        if (levels[top].field == levels[top].type->field_count) {
            depth--;
            continue;
        }
        const struct message_field *f = &levels[top].type->fields[levels[top].field++];
        reset_field(f, levels[top].msg);
        if (f->rule != MESSAGE_OPTIONAL)
            continue;
        /* What is not there reads as defaults too. */
        assert(depth < MESSAGE_DEPTH_MAX);
        levels[depth].type = f->sub;
        levels[depth].msg = levels[top].msg + f->offset;
        levels[depth++].field = 0;
    }
}

/* ---- pieces ---- */

/* What breaks a bound is said at once; this at the end, and of texts and numbers what they are. */
static void find_wrong(struct taker *t, enum err err)
{
    if (t->wrong == OK || t->wrong == ERR_NOT_CANONICAL)
        t->wrong = err;
}

static enum err take_varint(struct taker *t, const uint8_t *end, uint64_t *out)
{
    uint64_t value = 0;
    for (unsigned shift = 0; t->at < end; shift += 7) {
        const uint8_t byte = *t->at++;
        if (shift == 63 && byte > 1)
            return ERR_VARINT;
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            if (byte == 0 && shift > 0)
                find_wrong(t, ERR_NOT_CANONICAL);
            *out = value;
            return OK;
        }
    }
    return ERR_NOT_CANONICAL;
}

static enum err take_small(struct taker *t, const uint8_t *end, uint32_t *out)
{
    uint64_t value;
    const enum err err = take_varint(t, end, &value);
    if (err != OK)
        return err;
    *out = (uint32_t)value;
    return value > UINT32_MAX ? ERR_VARINT : OK;
}

/* The bytes of a length-delimited field, at most max of them. */
static enum err take_block(struct taker *t, const uint8_t *end, size_t max, struct span *out)
{
    uint32_t len;
    const enum err err = take_small(t, end, &len);
    if (err != OK)
        return err;
    if (len > max)
        return ERR_NESTING;
    if (len > (size_t)(end - t->at))
        return ERR_NOT_CANONICAL;
    *out = span_of(t->at, len);
    t->at += len;
    return OK;
}

static enum err pass_over(struct taker *t, const uint8_t *end, unsigned wire_type)
{
    struct span block;
    uint64_t value;
    const size_t fixed = wire_type == WIRE_64 ? 8 : 4;
    switch (wire_type) {
    case WIRE_VARINT:
        return take_varint(t, end, &value);
    case WIRE_LENGTH:
        return take_block(t, end, SIZE_MAX, &block);
    case WIRE_64:
    case WIRE_32:
        if (fixed > (size_t)(end - t->at))
            return ERR_NOT_CANONICAL;
        t->at += fixed;
        return OK;
    default:
        return ERR_NOT_CANONICAL;
    }
}

/* ---- values ---- */

static enum err take_number(struct taker *t, const uint8_t *end, const struct message_field *f,
                            uint8_t *value)
{
    uint64_t number;
    const enum err err = take_varint(t, end, &number);
    if (err != OK)
        return err;
    if (number == 0 || (f->size == sizeof(bool) && number > 1))
        find_wrong(t, ERR_NOT_CANONICAL);
    if (f->values != NULL && number > (uint64_t)f->values->max)
        find_wrong(t, ERR_WIRE_ENUM);
    if (f->size == sizeof number) {
        memcpy(value, &number, sizeof number);
        return OK;
    }
    if (number > UINT32_MAX)
        return ERR_VARINT;
    if (f->size == sizeof(bool))
        *value = number != 0;
    else
        memcpy(value, &(uint32_t){(uint32_t)number}, sizeof(uint32_t));
    return OK;
}

static enum err take_scalar(struct taker *t, const uint8_t *end, const struct message_field *f,
                            uint8_t *value)
{
    enum { HEAD = offsetof(pb_bytes_array_t, bytes) };
    struct span block;
    enum err err;
    switch (f->type) {
    case MESSAGE_NUMBER:
        return take_number(t, end, f, value);
    case MESSAGE_TEXT:
        if ((err = take_block(t, end, f->size - 1, &block)) != OK)
            return err;
        memcpy(value, block.data, block.len);
        value[block.len] = '\0';
        if (block.len == 0 && f->rule != MESSAGE_REPEATED)
            find_wrong(t, ERR_NOT_CANONICAL);
        if (!utf8_allowed(block))
            find_wrong(t, memchr(block.data, 0, block.len) == NULL ? ERR_WIRE_TEXT
                                                                   : ERR_NOT_CANONICAL);
        return OK;
    case MESSAGE_BYTES:
        if ((err = take_block(t, end, f->size - HEAD, &block)) != OK)
            return err;
        memcpy(value, &(pb_size_t){(pb_size_t)block.len}, sizeof(pb_size_t));
        memcpy(value + HEAD, block.data, block.len);
        if (block.len == 0 && f->rule != MESSAGE_REPEATED)
            find_wrong(t, ERR_NOT_CANONICAL);
        return OK;
    default:
        if ((err = take_block(t, end, f->size, &block)) != OK)
            return err;
        if (block.len != f->size)
            return ERR_NESTING;
        memcpy(value, block.data, block.len);
        return OK;
    }
}

/* Where the value goes. A submessage that begins is set to its defaults. */
static enum err place_of(const struct message_field *f, uint8_t *msg, uint8_t **value)
{
    pb_size_t count;
    bool begins = false;
    *value = msg + f->offset;
    switch (f->rule) {
    case MESSAGE_OPTIONAL:
        msg[f->count] = 1;
        break;
    case MESSAGE_ONEOF:
        memcpy(&count, msg + f->count, sizeof count);
        begins = count != f->tag;
        memcpy(msg + f->count, &(pb_size_t){(pb_size_t)f->tag}, sizeof count);
        break;
    case MESSAGE_REPEATED:
        memcpy(&count, msg + f->count, sizeof count);
        if (count >= f->max)
            return ERR_NESTING;
        *value += count++ * (size_t)f->size;
        memcpy(msg + f->count, &count, sizeof count);
        begins = true;
        break;
    default:
        break;
    }
    if (begins && f->type == MESSAGE_SUB)
        wire_reset(f->sub, *value);
    return OK;
}

static const struct message_field *find(struct level *level, uint32_t tag)
{
    const struct message *m = level->type;
    size_t i = level->next;
    for (size_t tried = 0; tried < m->field_count; tried++, i++) {
        if (i == m->field_count)
            i = 0;
        if (m->fields[i].tag == tag) {
            level->next = i;
            return &m->fields[i];
        }
    }
    return NULL;
}

/* May these be missing, from level->done on? */
static bool may_miss(struct level *level, size_t upto)
{
    for (; level->done < upto; level->done++) {
        const struct message_field *f = &level->type->fields[level->done];
        if (f->rule == MESSAGE_ALWAYS && (f->type == MESSAGE_FIXED || f->type == MESSAGE_SUB))
            return false;
    }
    return true;
}

/* Is this the place of the field, and its only one? */
static bool in_place(struct level *level, const struct message_field *f)
{
    const size_t i = (size_t)(f - level->type->fields);
    pb_size_t tag = 0;
    if (f->rule == MESSAGE_ONEOF)
        memcpy(&tag, level->msg + f->count, sizeof tag);
    if (i < level->done)
        return i + 1 == level->done && f->rule == MESSAGE_REPEATED;
    if (tag != 0 || !may_miss(level, i))
        return false;
    level->done = i + 1;
    return true;
}

static enum err take_field(struct taker *t)
{
    struct level *level = &t->levels[t->depth - 1];
    uint32_t key;
    uint8_t *value;
    struct span sub;
    enum err err = take_small(t, level->end, &key);
    if (err != OK)
        return err;
    const unsigned wire_type = key & 7;
    const struct message_field *f = find(level, key >> 3);
    if (f == NULL || !in_place(level, f))
        find_wrong(t, ERR_NOT_CANONICAL);
    if (f == NULL)
        return key >> 3 == 0 ? ERR_NOT_CANONICAL : pass_over(t, level->end, wire_type);
    if (wire_type != (f->type == MESSAGE_NUMBER ? (unsigned)WIRE_VARINT : (unsigned)WIRE_LENGTH))
        return ERR_NOT_CANONICAL;
    if ((err = place_of(f, level->msg, &value)) != OK)
        return err;
    if (f->type != MESSAGE_SUB)
        return take_scalar(t, level->end, f, value);
    if ((err = take_block(t, level->end, SIZE_MAX, &sub)) != OK)
        return err;
    assert(t->depth < MESSAGE_DEPTH_MAX);
    t->levels[t->depth++] = (struct level){f->sub, value, sub.data + sub.len, 0, 0};
    t->at = sub.data;
    return OK;
}

enum err wire_take(const struct message *type, struct span in, void *msg)
{
    static const uint8_t nothing[1];
    const uint8_t *begin = in.len == 0 ? nothing : in.data; /* no arithmetic on NULL */
    struct taker t = {.at = begin, .depth = 1, .wrong = OK};
    t.levels[0] = (struct level){type, msg, begin + in.len, 0, 0};
    wire_reset(type, msg);
    while (t.depth > 0) {
        struct level *level = &t.levels[t.depth - 1];
        if (t.at == level->end) {
            if (!may_miss(level, level->type->field_count))
                find_wrong(&t, ERR_NOT_CANONICAL);
            t.depth--;
            continue;
        }
        const enum err err = take_field(&t);
        if (err != OK)
            return err;
    }
    return t.wrong;
}
