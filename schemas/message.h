/*
 * message - names of messages, fields and enumeration values, taken from nanopb's own field
 * lists, so that nothing about a message is written down twice.
 *
 * Guarantees:
 *   1. fields[i] describes the field at pb_field_iter_t.index == i of desc.
 *   2. message_enum_name and message_enum_value invert each other on 0..max.
 *
 * Adding a message: its .proto, its .options, one line in MESSAGES of message.c.
 *
 * Thread rule: const tables.
 */
#ifndef SCHEMAS_MESSAGE_H
#define SCHEMAS_MESSAGE_H

#include <pb.h>
#include <stdbool.h>
#include <stddef.h>

enum { MESSAGE_DEPTH_MAX = 4 }; /* messages within messages, the outermost counted */

/* An enumeration with values 0..max without holes. name(v) is e.g. "ROLE_AGENT". */
struct message_enum {
    const char *title; /* "Role" */
    const char *(*name)(int value);
    int max;
};

/* How often a field occurs, and what says so at struct offset `count`. */
enum message_rule {
    MESSAGE_ALWAYS,   /* a scalar: its value says whether it is on the wire */
    MESSAGE_OPTIONAL, /* a submessage: bool */
    MESSAGE_REPEATED, /* pb_size_t elements, at most max */
    MESSAGE_ONEOF,    /* a submessage of a union: pb_size_t holds the tag of the one there */
};

enum message_type {
    MESSAGE_NUMBER, /* enumeration, uint32, uint64, bool: told by size */
    MESSAGE_TEXT,   /* char[size], NUL-terminated */
    MESSAGE_BYTES,  /* nanopb's pb_size_t size, bytes */
    MESSAGE_FIXED,  /* size bytes, always there */
    MESSAGE_SUB,
};

struct message_field {
    uint32_t tag;
    const char *name;
    const struct message_enum *values; /* enumerations only */
    const struct message *sub;         /* messages only */
    uint8_t rule;                      /* enum message_rule */
    uint8_t type;                      /* enum message_type */
    uint32_t offset;                   /* in the struct, of the (first) value */
    uint32_t size;                     /* of one value */
    uint32_t count;                    /* offset; 0 for MESSAGE_ALWAYS */
    uint32_t max;
};

struct message {
    const char *name; /* "Header" */
    const pb_msgdesc_t *desc;
    size_t size;                        /* of the struct */
    const struct message_field *fields; /* in the order of pb_field_iter_t.index */
    size_t field_count;
};

/* The message of a descriptor; asserts that it is one of ours. */
const struct message *message_of(const pb_msgdesc_t *desc);
const struct message *message_at(size_t i); /* NULL beyond the end */
const struct message_field *message_field(const struct message *m, const char *name);

/* Value name without its prefix, in lower case: ROLE_LEGAL_REPRESENTATIVE is
 * "legal_representative". Into out[cap]; "" for a value outside. */
void message_enum_name(const struct message_enum *e, int value, char *out, size_t cap);
bool message_enum_value(const struct message_enum *e, const char *name, int *value);

#endif
