/* How a field of a message looks in JSON where its protobuf type does not say it all. */
#ifndef SCHEMAS_JSON_RULE_H
#define SCHEMAS_JSON_RULE_H

#include "message.h"

#include <string.h>

static inline bool json_name_ends(const struct message_field *field, const char *tail)
{
    size_t len = strlen(field->name);
    size_t tail_len = strlen(tail);
    return len >= tail_len && strcmp(field->name + len - tail_len, tail) == 0;
}

static inline bool json_is_date(const struct message_field *field, const pb_field_iter_t *at)
{
    return at->data_size == sizeof(uint32_t) &&
           (json_name_ends(field, "_date") || strcmp(field->name, "date") == 0);
}

static inline bool json_is_instant(const struct message_field *field, const pb_field_iter_t *at)
{
    return at->data_size == sizeof(uint64_t) && json_name_ends(field, "_ms");
}

static inline bool json_is_type(const struct message_field *field, const pb_field_iter_t *at)
{
    return at->data_size == sizeof(uint32_t) && strcmp(field->name, "type") == 0;
}

static inline bool json_is_base64(const struct message_field *field)
{
    return strcmp(field->name, "body") == 0 || json_name_ends(field, "document");
}

#endif
