/*
 * report - what is wrong with a file, place by place, for the person who wrote it.
 *
 * Guarantees:
 *   1. Names places (field, row, line) and bounds, never a value.
 *   2. At most REPORT_MAX problems are kept; report_more says that there were more.
 *
 * Thread rule: plain values.
 */
#ifndef ADAPTERS_RUNTIME_REPORT_H
#define ADAPTERS_RUNTIME_REPORT_H

#include "base/err.h"
#include "json.h"

#include <stdbool.h>

enum { REPORT_MAX = 64 };

struct problem {
    enum err err;
    unsigned row;  /* of an array or CSV file, from 1; 0: the file */
    unsigned line; /* from 1; 0: not known */
    char field[ERR_WHERE_MAX];
    char detail[ERR_DETAIL_MAX];
};

struct report {
    unsigned row, line; /* of the record being looked at */
    struct problem item[REPORT_MAX];
    size_t count;
    bool more;
};

/* Note a problem; answers err. */
enum err report_add(struct report *r, enum err err, const char *field, const char *detail_fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* Note a fault: its line when it has one, else that of the record. */
enum err report_fault(struct report *r, enum err err, const char *field, const struct fault *f);

/* {"file","code","zh","en","todo_zh","todo_en","problems":[…]}; NULL without memory. */
struct json *report_json(const struct report *r, const char *file);

/* The texts of one code under the keys above. */
void report_put_code(struct json *map, enum err err);

#endif
