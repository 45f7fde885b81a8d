/*
 * json - JSON text, and the mapping between JSON and any of our messages (jansson below).
 *
 * Mapping, both ways, from nanopb's field lists (message.h):
 *   message        object; fields by their .proto name; a field of a oneof stands as itself
 *   repeated       array
 *   string         string
 *   bytes          lower-case hex; base64 when the field is `body` or ends in `document`
 *   bool           true, false
 *   integer        number without fraction, at most 2^63 - 1; *_date and `date` "YYYY-MM-DD";
 * 64-bit
 *                  *_ms ISO 8601 with +08:00; `type` the catalogue's name
 *   enumeration    name without prefix, lower case: "legal_representative"
 * A field that is missing or null has its default; a default is not written, but for bool.
 *
 * Guarantees:
 *   1. Refused with the JSON path ("persons[1].id"): unknown fields (ERR_FIELD_UNKNOWN), wrong
 *      kinds and values (ERR_FIELD_VALUE), what is over its bound (ERR_FIELD_LONG, the bound in
 *      the detail), text that base/utf8.h does not allow (ERR_UTF8). No value is quoted.
 *   2. json_to_message(json_from_message(m)) gives m, which encodes to the same bytes, when its
 *      dates exist, its instants end with the year 9999 and its integers with 2^63 - 1; other
 *      values are written so that reading refuses them.
 *   3. Parsing refuses repeated keys, trailing text, NUL, more than JSON_TEXT_MAX bytes, with
 *      the line (ERR_SYNTAX).
 *
 * Ownership: json_close frees a tree; what is put into a tree is owned by it. Results of get
 * and item, and texts, are borrowed and live as long as the tree.
 * Thread rule: a tree belongs to one thread.
 */
#ifndef SCHEMAS_JSON_H
#define SCHEMAS_JSON_H

#include "base/err.h"
#include "base/span.h"

#include <pb.h>

enum { JSON_TEXT_MAX = 8 << 20, JSON_PATH_MAX = 192 };

enum json_kind {
    JSON_KIND_NONE, /* absent */
    JSON_KIND_NULL,
    JSON_KIND_BOOL,
    JSON_KIND_NUMBER,
    JSON_KIND_TEXT,
    JSON_KIND_LIST,
    JSON_KIND_MAP,
};

struct json;

/* name stands in faults. */
MUST_USE enum err json_parse(struct json **out, struct span text, const char *name,
                             struct fault *f);
MUST_USE enum err json_open(struct json **out, const char *path, struct fault *f);
void json_close(struct json **j);

/* Reading. A NULL node is absent, so look-ups can be chained. */
enum json_kind json_kind(const struct json *j);
size_t json_count(const struct json *j); /* items of a list, entries of a map */
const struct json *json_get(const struct json *map, const char *key);
const struct json *json_item(const struct json *list, size_t i);
/* Entries of a map in the order of the text: start with *at = NULL; false at the end. */
bool json_entry(const struct json *map, void **at, const char **key, const struct json **value);
const char *json_text(const struct json *j);                        /* NULL: not a text */
const char *json_get_text(const struct json *map, const char *key); /* NULL: absent */
bool json_uint(const struct json *j, uint64_t *out);                /* whole numbers from 0 */
bool json_int(const struct json *j, int64_t *out);
bool json_flag(const struct json *j); /* true; all else is false */

/* Building. What is new is NULL without memory; put and add into NULL, or of NULL, do
 * nothing. A value that could not be added is freed, and false is returned. */
struct json *json_map(void);
struct json *json_list(void);
struct json *json_clone(const struct json *j);
struct json *json_new_text(const char *text);
struct json *json_new_uint(uint64_t value); /* at most 2^63 - 1 */
struct json *json_new_flag(bool value);
bool json_put(struct json *map, const char *key, struct json *value); /* takes value */
bool json_put_text(struct json *map, const char *key, const char *text);
bool json_put_hex(struct json *map, const char *key, struct span bytes);
bool json_put_uint(struct json *map, const char *key, uint64_t value);
bool json_put_int(struct json *map, const char *key, int64_t value);
bool json_put_flag(struct json *map, const char *key, bool value);
bool json_put_ms(struct json *map, const char *key, uint64_t ms);     /* ISO 8601; 0: null */
bool json_put_date(struct json *map, const char *key, uint32_t date); /* 0: null */
bool json_add(struct json *list, struct json *value);                 /* takes value */
bool json_add_text(struct json *list, const char *text);

/* UTF-8 text with a line feed at the end; pretty is indented by two. *out is the caller's to
 * free(). */
MUST_USE enum err json_print(const struct json *j, bool pretty, char **out, size_t *len);

/* Mapping. msg is set whole; after a refusal it holds nothing to rely on. */
MUST_USE enum err json_to_message(const struct json *map, const pb_msgdesc_t *desc, void *msg,
                                  struct fault *f);
MUST_USE enum err json_from_message(struct json **out, const pb_msgdesc_t *desc, const void *msg);

#endif
