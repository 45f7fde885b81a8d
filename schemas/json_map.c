#include "json.h"

#include "base/clock.h"
#include "base/hex.h"
#include "base/utf8.h"
#include "catalogue.h"
#include "json_rule.h"
#include "wire.h"

#include <assert.h>
#include <pb_common.h>
#include <stdio.h>
#include <string.h>

/*
 * JSON to message, without recursion: a level is an object that is being read into a message, or
 * between two elements of a repeated submessage of it.
 */
struct level {
    const struct message *type;
    void *msg;
    const struct json *map;
    void *entry; /* where the walk over map stands */
    size_t path_len;
    const struct message_field *field; /* a repeated submessage: its elements are read one by one */
    const struct json *list;
    size_t next;
    size_t field_path_len;
};

struct reader {
    struct level levels[MESSAGE_DEPTH_MAX];
    size_t depth;
    char path[JSON_PATH_MAX];
    struct fault *fault;
};

static void path_cut(struct reader *r, size_t len)
{
    r->path[len] = '\0';
}

/* The path is for people: what does not fit is left out. */
static void path_name(struct reader *r, const char *name)
{
    size_t len = strlen(r->path);
    const char *shown = strlen(name) < 64 && utf8_allowed(span_str(name)) ? name : "?";
    snprintf(r->path + len, sizeof r->path - len, "%s%s", len == 0 ? "" : ".", shown);
}

static void path_index(struct reader *r, size_t i)
{
    size_t len = strlen(r->path);
    snprintf(r->path + len, sizeof r->path - len, "[%zu]", i);
}

#define REFUSE(r, err, ...) fault_set((r)->fault, err, 0, (r)->path, __VA_ARGS__)

/* ---- scalars ---- */

static enum err read_text(struct reader *r, const struct json *value, char *out, size_t cap)
{
    const char *text = json_text(value);
    if (text == NULL)
        return REFUSE(r, ERR_FIELD_VALUE, "a text");
    size_t len = strlen(text);
    if (!utf8_allowed(span_of(text, len)))
        return REFUSE(r, ERR_UTF8, "control or invisible characters");
    if (len >= cap)
        return REFUSE(r, ERR_FIELD_LONG, "at most %zu bytes", cap - 1);
    memcpy(out, text, len + 1);
    return OK;
}

/* Hex or base64 into out[cap]; all of it when exact. */
static enum err read_bytes(struct reader *r, const struct message_field *field,
                           const struct json *value, uint8_t *out, size_t cap, bool exact,
                           size_t *len)
{
    const char *text = json_text(value);
    if (text == NULL)
        return REFUSE(r, ERR_FIELD_VALUE, "bytes as text");
    size_t chars = strlen(text);
    if (json_is_base64(field)) {
        if (chars > base64_text_len(cap))
            return REFUSE(r, ERR_FIELD_LONG, "at most %zu bytes", cap);
        return base64_decode(text, out, cap, len) ? OK : REFUSE(r, ERR_FIELD_VALUE, "base64");
    }
    *len = exact ? cap : chars / 2;
    if (*len > cap)
        return REFUSE(r, ERR_FIELD_LONG, "at most %zu bytes", cap);
    if (chars != 2 * *len || !hex_decode(text, out, *len))
        return REFUSE(r, ERR_FIELD_VALUE, "lower-case hexadecimal of %zu bytes", *len);
    return OK;
}

static enum err read_enum(struct reader *r, const struct message_enum *values,
                          const struct json *value, void *out)
{
    int number;
    const char *text = json_text(value);
    if (text == NULL || !message_enum_value(values, text, &number))
        return REFUSE(r, ERR_FIELD_VALUE, "a word of this field's list");
    memcpy(out, &number, sizeof number);
    return OK;
}

/* A number, or what stands for one. */
static enum err read_number(struct reader *r, const struct message_field *field,
                            const pb_field_iter_t *at, const struct json *value, uint64_t *out)
{
    const char *text = json_text(value);
    if (json_is_date(field, at) && !json_uint(value, out)) {
        uint32_t date = 0;
        if (text == NULL || !date_parse(text, &date))
            return REFUSE(r, ERR_FIELD_VALUE, "a date YYYY-MM-DD");
        *out = date;
        return OK;
    }
    if (json_is_date(field, at))
        return *out == 0 ? OK : REFUSE(r, ERR_FIELD_VALUE, "a date YYYY-MM-DD");
    if (json_is_instant(field, at)) {
        if (text != NULL ? clock_parse(text, out) : json_uint(value, out) && *out == 0)
            return OK;
        return REFUSE(r, ERR_FIELD_VALUE, "a time such as 2026-11-22T10:00:00.000+08:00");
    }
    if (json_is_type(field, at) && text != NULL) {
        const struct document_type *type = type_by_name(text);
        if (type == NULL)
            return REFUSE(r, ERR_TYPE_UNKNOWN, "a name of the catalogue");
        *out = type->number;
        return OK;
    }
    return json_uint(value, out) ? OK : REFUSE(r, ERR_FIELD_VALUE, "a whole number from 0");
}

static enum err read_uint(struct reader *r, const struct message_field *field,
                          const pb_field_iter_t *at, const struct json *value, void *out)
{
    uint64_t number = 0;
    enum err err = read_number(r, field, at, value, &number);
    if (err != OK)
        return err;
    if (at->data_size == sizeof(uint64_t)) {
        memcpy(out, &number, sizeof number);
        return OK;
    }
    assert(at->data_size == sizeof(uint32_t));
    if (number > UINT32_MAX)
        return REFUSE(r, ERR_FIELD_VALUE, "at most %u", UINT32_MAX);
    uint32_t narrow = (uint32_t)number;
    memcpy(out, &narrow, sizeof narrow);
    return OK;
}

static enum err read_bool(struct reader *r, const struct json *value, void *out)
{
    if (json_kind(value) != JSON_KIND_BOOL)
        return REFUSE(r, ERR_FIELD_VALUE, "true or false");
    *(bool *)out = json_flag(value);
    return OK;
}

/* One value of the field into out, which has room for at->data_size bytes. */
static enum err read_value(struct reader *r, const struct message_field *field,
                           const pb_field_iter_t *at, const struct json *value, void *out)
{
    pb_bytes_array_t *bytes = out;
    size_t len = 0;
    enum err err;
    if (field->values != NULL)
        return read_enum(r, field->values, value, out);
    switch (PB_LTYPE(at->type)) {
    case PB_LTYPE_BOOL:
        return read_bool(r, value, out);
    case PB_LTYPE_STRING:
        return read_text(r, value, out, at->data_size);
    case PB_LTYPE_FIXED_LENGTH_BYTES:
        return read_bytes(r, field, value, out, at->data_size, true, &len);
    case PB_LTYPE_BYTES:
        err = read_bytes(r, field, value, bytes->bytes,
                         at->data_size - offsetof(pb_bytes_array_t, bytes), false, &len);
        bytes->size = (pb_size_t)len;
        return err;
    default:
        return read_uint(r, field, at, value, out);
    }
}

/* ---- structure ---- */

static enum err enter(struct reader *r, const struct message *type, void *msg,
                      const struct json *map)
{
    if (json_kind(map) != JSON_KIND_MAP)
        return REFUSE(r, ERR_FIELD_VALUE, "an object");
    assert(r->depth < MESSAGE_DEPTH_MAX);
    wire_clear(type->desc, msg);
    r->levels[r->depth++] = (struct level){
        .type = type,
        .msg = msg,
        .map = map,
        .path_len = strlen(r->path),
    };
    return OK;
}

/* A list for a repeated field: of scalars at once, of messages one by one in `step`. */
static enum err read_list(struct reader *r, struct level *level, const struct message_field *field,
                          const pb_field_iter_t *at, const struct json *value)
{
    if (json_kind(value) != JSON_KIND_LIST)
        return REFUSE(r, ERR_FIELD_VALUE, "a list");
    size_t count = json_count(value);
    if (count > at->array_size)
        return REFUSE(r, ERR_FIELD_LONG, "at most %u elements", (unsigned)at->array_size);
    *(pb_size_t *)at->pSize = (pb_size_t)count;
    if (field->sub != NULL) {
        level->field = field;
        level->list = value;
        level->next = 0;
        level->field_path_len = strlen(r->path);
        return OK;
    }
    size_t path_len = strlen(r->path);
    for (size_t i = 0; i < count; i++) {
        path_index(r, i);
        enum err err =
            read_value(r, field, at, json_item(value, i), (uint8_t *)at->pData + i * at->data_size);
        if (err != OK)
            return err;
        path_cut(r, path_len);
    }
    return OK;
}

static bool find_field(struct level *level, const char *key, const struct message_field **field,
                       pb_field_iter_t *at)
{
    *field = message_field(level->type, key);
    if (*field == NULL)
        return false;
    const bool begun = pb_field_iter_begin(at, level->type->desc, level->msg);
    const bool found = pb_field_iter_find(at, (*field)->tag);
    assert(begun && found); /* the tables are of one list */
    return begun;
}

static enum err read_entry(struct reader *r, struct level *level, const char *key,
                           const struct json *value)
{
    const struct message_field *field;
    pb_field_iter_t at;
    path_cut(r, level->path_len);
    path_name(r, key);
    if (!find_field(level, key, &field, &at))
        return REFUSE(r, ERR_FIELD_UNKNOWN, "%s has no such field", level->type->name);
    if (json_kind(value) == JSON_KIND_NULL)
        return OK;
    if (PB_HTYPE(at.type) == PB_HTYPE_REPEATED)
        return read_list(r, level, field, &at, value);
    if (field->sub == NULL)
        return read_value(r, field, &at, value, at.pData);
    if (PB_HTYPE(at.type) == PB_HTYPE_ONEOF) {
        if (*(pb_size_t *)at.pSize != 0)
            return REFUSE(r, ERR_FIELD_VALUE, "one of these fields at a time");
        *(pb_size_t *)at.pSize = (pb_size_t)at.tag;
    } else {
        *(bool *)at.pSize = true;
    }
    return enter(r, field->sub, at.pData, value);
}

static enum err next_element(struct reader *r, struct level *level)
{
    pb_field_iter_t at;
    const struct message_field *field;
    bool found = find_field(level, level->field->name, &field, &at);
    assert(found);
    (void)found;
    path_cut(r, level->field_path_len);
    path_index(r, level->next);
    size_t i = level->next++;
    return enter(r, level->field->sub, (uint8_t *)at.pData + i * at.data_size,
                 json_item(level->list, i));
}

static enum err step(struct reader *r)
{
    const char *key;
    const struct json *value;
    struct level *level = &r->levels[r->depth - 1];
    if (level->list != NULL) {
        if (level->next < json_count(level->list))
            return next_element(r, level);
        level->list = NULL;
    }
    if (json_entry(level->map, &level->entry, &key, &value))
        return read_entry(r, level, key, value);
    r->depth--; /* at once: after the end, json_entry would begin anew */
    return OK;
}

enum err json_to_message(const struct json *map, const pb_msgdesc_t *desc, void *msg,
                         struct fault *f)
{
    struct reader r = {.fault = f};
    enum err err = enter(&r, message_of(desc), msg, map);
    while (err == OK && r.depth > 0)
        err = step(&r);
    return err;
}
