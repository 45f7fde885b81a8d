/*
 * value - one field's value, from a department's own form to ours and back.
 *
 *   as       department                              ours
 *   text     text                                    the same
 *   id       text, full-width and lower case too     normalised (ident_normalise)
 *   date     text in the department's date form      "2026-11-22"
 *   time     text in the department's time form      ISO 8601, +08:00
 *   yuan     "12345.60", whole number                fen
 *   whole    whole number or digits                  number
 *   flag     true, false, 是, 否, Y, N, 1, 0          true, false
 *   list     list of texts, or text split at ; 、    list of texts
 *   derive   text                                    16 bytes of SHA-256(member, text), hex;
 *                                                    32 hex digits stand as they are
 * With a code table the department's word is looked up first.
 *
 * A form is written with runs of Y M D h m s; a run of n letters is exactly n digits, a run of one
 * is one or two; everything else stands for itself.
 *
 * Guarantees:
 *   1. value_in(value_out(x)) gives x again where the form allows it (derive does not).
 *   2. A refusal tells what was expected and never quotes what was found.
 *
 * Thread rule: no state.
 */
#ifndef ADAPTERS_RUNTIME_VALUE_H
#define ADAPTERS_RUNTIME_VALUE_H

#include "base/yaml.h"
#include "json.h"

enum {
    VALUE_TEXT_MAX = 16 << 10,
    VALUE_LIST_MAX = 64,
};

enum value_kind {
    VALUE_TEXT,
    VALUE_ID,
    VALUE_DATE,
    VALUE_TIME,
    VALUE_YUAN,
    VALUE_WHOLE,
    VALUE_FLAG,
    VALUE_LIST,
    VALUE_DERIVE,
};

struct value_rule {
    enum value_kind as;
    const struct yaml_node *codes; /* department's word: ours; NULL: none */
    const char *date, *time;       /* forms */
    const char *member;            /* for derive */
};

MUST_USE enum err value_kind_of(const char *name, enum value_kind *out); /* ERR_CONFIG */

/* Is this a date or time form? It must give a whole date (and, for a time, at least hours). */
bool value_form_valid(const char *form, bool time);

/* Put `in`, converted, under key of map. *expected says what was wanted on a refusal. */
MUST_USE enum err value_out(const struct value_rule *rule, const struct json *in, struct json *map,
                            const char *key, const char **expected);

/* Back. What cannot be said in the department's form stands as it is in ours. */
void value_in(const struct value_rule *rule, const struct json *in, struct json *map,
              const char *key);

#endif
