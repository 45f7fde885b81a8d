/*
 * err - the one error vocabulary: stable codes, their class, what they mean in Chinese
 * and English, and what to do about them.
 *
 * The value of an error is its public number: ERR_SIGNATURE is 303 and is shown as E303.
 * Families: E0xx this machine (files, configuration, usage), E1xx transport, E2xx
 * parsing, E3xx cryptography, E4xx authorisation, E5xx time and replay, E6xx orders and
 * rules, E7xx capacity and storage, E8xx log and evidence, E9xx federation.
 * Numbers are never reused. PROTOCOL.md prints the same table; a test compares them.
 *
 * Guarantees:
 *   1. Every value has a name, a class and non-empty texts in both languages.
 *   2. err_from_code inverts the number and answers ERR_INTERNAL for an unknown one.
 *   3. A fault never holds payload bytes: `where` names a place (file, field, line, key),
 *      `detail` says what was expected there. Neither may hold a subject's identifier.
 *
 * Thread rule: const tables only.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <stddef.h>
#include <stdint.h>

#define MUST_USE __attribute__((warn_unused_result))

enum err_class {
    ERR_CLASS_OK,
    ERR_CLASS_REJECT,   /* the other side is wrong: refuse with the code, never retry */
    ERR_CLASS_RETRY,    /* the moment is wrong: keep it and try later */
    ERR_CLASS_INTERNAL, /* we are wrong: log, stop touching this object */
    ERR_CLASS_FATAL,    /* disk or memory can no longer be trusted: the process ends */
};

#include "base/err_table.h"

#define ERR_ENUM(name, number, class, en, zh, todo_en, todo_zh) name = number,
enum err { ERR_TABLE(ERR_ENUM) };
#undef ERR_ENUM

enum { ERR_WHERE_MAX = 256, ERR_DETAIL_MAX = 256, ERR_LABEL_LEN = 5 };

/* One refusal with its place. Plain value. */
struct fault {
    enum err err;
    unsigned line; /* 1-based; 0 where a line makes no sense */
    char where[ERR_WHERE_MAX];
    char detail[ERR_DETAIL_MAX];
};

enum err_class err_class(enum err err);
const char *err_name(enum err err); /* "ERR_SIGNATURE" */
const char *err_en(enum err err);   /* static strings, never NULL */
const char *err_zh(enum err err);
const char *err_todo_en(enum err err); /* what to do; "" when there is nothing to say */
const char *err_todo_zh(enum err err);
enum err err_from_code(uint32_t number);

/* "E303" into out. */
void err_label(enum err err, char out[static ERR_LABEL_LEN + 1]);

/* Fill *f (may be NULL) and return err, so that a caller writes
 * `return fault_set(f, ERR_FIELD, line, file, "field %s is unknown", name)`. Over-long text is
 * cut at a UTF-8 boundary. */
enum err fault_set(struct fault *f, enum err err, unsigned line, const char *where,
                   const char *detail_fmt, ...) __attribute__((format(printf, 5, 6)));

/* "E210 place:12: 中文。该做什么。 / English. What to do. (detail)" into out; always
 * NUL-terminated. */
void fault_print(const struct fault *f, char *out, size_t cap);

#endif
