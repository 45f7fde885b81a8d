#include "json.h"

#include "base/clock.h"
#include "base/hex.h"
#include "catalogue.h"
#include "json_rule.h"

#include <assert.h>
#include <pb_common.h>
#include <stdio.h>
#include <stdlib.h>

/* Message to JSON, without recursion: a level is a message that is being written. */
struct level {
    const struct message *type;
    pb_field_iter_t at;
    bool more;
    size_t next;       /* element of a repeated submessage */
    struct json *map;  /* owned by the tree, but for the outermost */
    struct json *list; /* likewise */
};

struct printer {
    struct level levels[MESSAGE_DEPTH_MAX];
    size_t depth;
};

static struct json *text_of_bytes(const struct message_field *field, struct span bytes)
{
    bool base64 = json_is_base64(field);
    struct json *holder = NULL;
    size_t chars = base64 ? base64_text_len(bytes.len) : 2 * bytes.len;
    char *text = malloc(chars + 1);
    if (text == NULL)
        return NULL;
    if (base64)
        base64_encode(bytes, text);
    else
        hex_encode(bytes, text);
    holder = json_new_text(text);
    free(text);
    return holder;
}

static struct json *value_of_number(const struct message_field *field, const pb_field_iter_t *at,
                                    uint64_t number)
{
    char text[CLOCK_TEXT_LEN + 1];
    /* A date or instant that does not exist is shown as the number it is: json_to_message refuses
     * it instead of reading another one. */
    if (json_is_date(field, at) && date_valid((uint32_t)number)) {
        date_format((uint32_t)number, text);
        return json_new_text(text);
    }
    if (json_is_instant(field, at) && date_from_ms(number) != 0) {
        clock_format(number, text);
        return json_new_text(text);
    }
    if (number > INT64_MAX) {
        snprintf(text, sizeof text, "%llu", (unsigned long long)number);
        return json_new_text(text);
    }
    const struct document_type *type = json_is_type(field, at) ? type_find((uint32_t)number) : NULL;
    return type != NULL ? json_new_text(type->name) : json_new_uint(number);
}

static uint64_t number_at(const pb_field_iter_t *at, const void *data)
{
    if (at->data_size == sizeof(uint64_t))
        return *(const uint64_t *)data;
    assert(at->data_size == sizeof(uint32_t));
    return *(const uint32_t *)data;
}

static bool all_zero(const uint8_t *data, size_t len)
{
    size_t i = 0;
    while (i < len && data[i] == 0)
        i++;
    return i == len;
}

/* The value is what a reader assumes when nothing is written. */
static bool is_default(const pb_field_iter_t *at, const void *data)
{
    switch (PB_LTYPE(at->type)) {
    case PB_LTYPE_BOOL:
        return false; /* a flag is always said */
    case PB_LTYPE_STRING:
        return *(const char *)data == '\0';
    case PB_LTYPE_BYTES:
        return ((const pb_bytes_array_t *)data)->size == 0;
    case PB_LTYPE_FIXED_LENGTH_BYTES:
        return all_zero(data, at->data_size);
    default:
        return number_at(at, data) == 0;
    }
}

static struct json *value_of(const struct message_field *field, const pb_field_iter_t *at,
                             const void *data)
{
    const pb_bytes_array_t *bytes = data;
    char name[64];
    if (field->values != NULL) {
        message_enum_name(field->values, (int)number_at(at, data), name, sizeof name);
        return json_new_text(name);
    }
    switch (PB_LTYPE(at->type)) {
    case PB_LTYPE_BOOL:
        return json_new_flag(*(const bool *)data);
    case PB_LTYPE_STRING:
        return json_new_text(data);
    case PB_LTYPE_BYTES:
        return text_of_bytes(field, span_of(bytes->bytes, bytes->size));
    case PB_LTYPE_FIXED_LENGTH_BYTES:
        return text_of_bytes(field, span_of(data, at->data_size));
    default:
        return value_of_number(field, at, number_at(at, data));
    }
}

static void enter(struct printer *p, const struct message *type, const void *msg, struct json *map)
{
    assert(p->depth < MESSAGE_DEPTH_MAX);
    struct level *level = &p->levels[p->depth++];
    *level = (struct level){.type = type, .map = map};
    level->more = pb_field_iter_begin_const(&level->at, type->desc, msg);
}

static size_t message_count(const pb_field_iter_t *at)
{
    switch (PB_HTYPE(at->type)) {
    case PB_HTYPE_REPEATED:
        return *(const pb_size_t *)at->pSize;
    case PB_HTYPE_ONEOF:
        return *(const pb_size_t *)at->pSize == at->tag ? 1 : 0;
    default:
        return *(const bool *)at->pSize ? 1 : 0;
    }
}

/* Scalars of one field. */
static bool put_scalars(struct level *level, const struct message_field *field)
{
    const pb_field_iter_t *at = &level->at;
    if (PB_HTYPE(at->type) != PB_HTYPE_REPEATED)
        return is_default(at, at->pData) ||
               json_put(level->map, field->name, value_of(field, at, at->pData));
    size_t count = *(const pb_size_t *)at->pSize;
    if (count == 0)
        return true;
    struct json *list = json_list();
    bool done = json_put(level->map, field->name, list);
    for (size_t i = 0; done && i < count; i++)
        done = json_add(list, value_of(field, at, (const uint8_t *)at->pData + i * at->data_size));
    return done;
}

/* The next submessage of the field goes into a map of its own, in the list if repeated. */
static bool put_message(struct printer *p, struct level *level, const struct message_field *field)
{
    const pb_field_iter_t *at = &level->at;
    struct json *map = json_map();
    size_t i = level->next++;
    bool done;
    if (PB_HTYPE(at->type) != PB_HTYPE_REPEATED) {
        done = json_put(level->map, field->name, map);
    } else {
        if (i == 0) {
            level->list = json_list();
            if (!json_put(level->map, field->name, level->list)) {
                json_close(&map);
                return false;
            }
        }
        done = json_add(level->list, map);
    }
    if (done)
        enter(p, field->sub, (const uint8_t *)at->pData + i * at->data_size, map);
    return done;
}

static bool step(struct printer *p)
{
    struct level *level = &p->levels[p->depth - 1];
    if (!level->more) {
        p->depth--;
        return true;
    }
    const struct message_field *field = &level->type->fields[level->at.index];
    if (field->sub != NULL && level->next < message_count(&level->at))
        return put_message(p, level, field);
    bool done = field->sub != NULL || put_scalars(level, field);
    level->next = 0;
    level->more = pb_field_iter_next(&level->at);
    return done;
}

enum err json_from_message(struct json **out, const pb_msgdesc_t *desc, const void *msg)
{
    struct printer p = {.depth = 0};
    *out = NULL;
    struct json *root = json_map();
    bool done = root != NULL;
    enter(&p, message_of(desc), msg, root);
    while (done && p.depth > 0)
        done = step(&p);
    if (!done) {
        json_close(&root);
        return ERR_NO_MEMORY;
    }
    *out = root;
    return OK;
}
