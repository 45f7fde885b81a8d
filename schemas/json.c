#include "json.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/hex.h"

#include <jansson.h>

#include <stdlib.h>

/* struct json is jansson's json_t under our name; nobody ever looks inside it. */
static json_t *raw(const struct json *j)
{
    return (json_t *)(uintptr_t)j;
}

static struct json *own(json_t *j)
{
    return (struct json *)j;
}

/* jansson's own words may quote the text, so only its code is used. */
static enum err parse_refusal(const json_error_t *error, const char *name, struct fault *f)
{
    unsigned line = error->line > 0 ? (unsigned)error->line : 0;
    switch (json_error_code(error)) {
    case json_error_unknown: /* it names whatever else is wrong */
    case json_error_out_of_memory:
        return fault_set(f, ERR_NO_MEMORY, line, name, "JSON");
    case json_error_invalid_utf8:
        return fault_set(f, ERR_UTF8, line, name, "JSON is written in UTF-8");
    case json_error_duplicate_key:
        return fault_set(f, ERR_SYNTAX, line, name, "a name stands twice in one object");
    case json_error_end_of_input_expected:
        return fault_set(f, ERR_SYNTAX, line, name, "text after the end of the value");
    case json_error_premature_end_of_input:
        return fault_set(f, ERR_SYNTAX, line, name, "the text ends too early");
    case json_error_numeric_overflow:
        return fault_set(f, ERR_SYNTAX, line, name, "a number is out of range");
    case json_error_stack_overflow:
        return fault_set(f, ERR_SYNTAX, line, name, "nested too deep");
    default:
        return fault_set(f, ERR_SYNTAX, line, name, "not JSON near column %d", error->column);
    }
}

enum err json_parse(struct json **out, struct span text, const char *name, struct fault *f)
{
    json_error_t error;
    *out = NULL;
    if (text.len > JSON_TEXT_MAX)
        return fault_set(f, ERR_TOO_LARGE, 0, name, "at most %d bytes", JSON_TEXT_MAX);
    json_t *j = json_loadb(text.len == 0 ? "" : (const char *)text.data, text.len,
                           JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
    if (j == NULL)
        return parse_refusal(&error, name, f);
    *out = own(j);
    return OK;
}

enum err json_open(struct json **out, const char *path, struct fault *f)
{
    uint8_t *data;
    size_t len;
    *out = NULL;
    enum err err = file_read(path, JSON_TEXT_MAX, 0, &data, &len, f);
    if (err != OK)
        return err;
    err = json_parse(out, span_of(data, len), path, f);
    free(data);
    return err;
}

void json_close(struct json **j)
{
    json_decref(raw(*j));
    *j = NULL;
}

enum json_kind json_kind(const struct json *j)
{
    if (j == NULL)
        return JSON_KIND_NONE;
    switch (json_typeof(raw(j))) {
    case JSON_OBJECT:
        return JSON_KIND_MAP;
    case JSON_ARRAY:
        return JSON_KIND_LIST;
    case JSON_STRING:
        return JSON_KIND_TEXT;
    case JSON_INTEGER:
    case JSON_REAL:
        return JSON_KIND_NUMBER;
    case JSON_TRUE:
    case JSON_FALSE:
        return JSON_KIND_BOOL;
    default:
        return JSON_KIND_NULL;
    }
}

size_t json_count(const struct json *j)
{
    /* jansson answers 0 for what is no list or map, and for NULL. */
    return json_kind(j) == JSON_KIND_LIST ? json_array_size(raw(j)) : json_object_size(raw(j));
}

const struct json *json_get(const struct json *map, const char *key)
{
    return own(json_object_get(raw(map), key));
}

const struct json *json_item(const struct json *list, size_t i)
{
    return own(json_array_get(raw(list), i));
}

bool json_entry(const struct json *map, void **at, const char **key, const struct json **value)
{
    *at = *at == NULL ? json_object_iter(raw(map)) : json_object_iter_next(raw(map), *at);
    if (*at == NULL)
        return false;
    *key = json_object_iter_key(*at);
    *value = own(json_object_iter_value(*at));
    return true;
}

const char *json_text(const struct json *j)
{
    return json_string_value(raw(j));
}

const char *json_get_text(const struct json *map, const char *key)
{
    return json_text(json_get(map, key));
}

bool json_int(const struct json *j, int64_t *out)
{
    if (!json_is_integer(raw(j)))
        return false;
    *out = json_integer_value(raw(j));
    return true;
}

bool json_uint(const struct json *j, uint64_t *out)
{
    int64_t value;
    if (!json_int(j, &value) || value < 0)
        return false;
    *out = (uint64_t)value;
    return true;
}

bool json_flag(const struct json *j)
{
    return json_is_true(raw(j));
}

struct json *json_map(void)
{
    return own(json_object());
}

struct json *json_list(void)
{
    return own(json_array());
}

struct json *json_clone(const struct json *j)
{
    return own(json_deep_copy(raw(j)));
}

struct json *json_new_text(const char *text)
{
    return own(json_string(text));
}

struct json *json_new_uint(uint64_t value)
{
    return value > INT64_MAX ? NULL : own(json_integer((json_int_t)value));
}

struct json *json_new_flag(bool value)
{
    return own(json_boolean(value));
}

bool json_put(struct json *map, const char *key, struct json *value)
{
    return json_object_set_new(raw(map), key, raw(value)) == 0;
}

bool json_put_text(struct json *map, const char *key, const char *text)
{
    return json_put(map, key, json_new_text(text));
}

bool json_put_hex(struct json *map, const char *key, struct span bytes)
{
    char *text = malloc(2 * bytes.len + 1);
    if (text == NULL)
        return false;
    hex_encode(bytes, text);
    bool done = json_put_text(map, key, text);
    free(text);
    return done;
}

bool json_put_uint(struct json *map, const char *key, uint64_t value)
{
    return json_put(map, key, json_new_uint(value));
}

bool json_put_int(struct json *map, const char *key, int64_t value)
{
    return json_put(map, key, own(json_integer(value)));
}

bool json_put_flag(struct json *map, const char *key, bool value)
{
    return json_put(map, key, json_new_flag(value));
}

bool json_put_ms(struct json *map, const char *key, uint64_t ms)
{
    char text[CLOCK_TEXT_LEN + 1];
    clock_format(ms, text);
    return json_put(map, key, own(ms == 0 ? json_null() : json_string(text)));
}

bool json_put_date(struct json *map, const char *key, uint32_t date)
{
    char text[DATE_TEXT_LEN + 1];
    date_format(date, text);
    return json_put(map, key, own(date == 0 ? json_null() : json_string(text)));
}

bool json_add(struct json *list, struct json *value)
{
    return json_array_append_new(raw(list), raw(value)) == 0;
}

bool json_add_text(struct json *list, const char *text)
{
    return json_add(list, json_new_text(text));
}

enum err json_print(const struct json *j, bool pretty, char **out, size_t *len)
{
    *out = NULL;
    *len = 0;
    char *text = json_dumps(raw(j), JSON_ENCODE_ANY |
                                        (pretty ? (size_t)JSON_INDENT(2) : (size_t)JSON_COMPACT));
    if (text == NULL)
        return ERR_NO_MEMORY;
    size_t text_len = strlen(text);
    char *more = realloc(text, text_len + 2);
    if (more == NULL) {
        free(text);
        return ERR_NO_MEMORY;
    }
    memcpy(more + text_len, "\n", 2);
    *out = more;
    *len = text_len + 1;
    return OK;
}
