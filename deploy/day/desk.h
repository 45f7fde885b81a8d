/*
 * desk - a department's own system, as far as its adapter sees it: a directory with source/,
 * done/, refused/, sink/ and register/. The player puts files in and reads what comes out;
 * an official's decision is a file as well.
 *
 * Guarantees:
 *   1. desk_put never shows a half-written file: temporary name, then rename.
 *   2. Nothing is ever changed or removed in a directory that the adapter writes.
 *   3. The ledger knows every file that was put in, so that desk_open_files tells what has
 *      neither arrived in done/ nor in refused/.
 *
 * Ownership: JSON trees handed out are the caller's. Thread rule: one thread.
 */
#ifndef DAY_DESK_H
#define DAY_DESK_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

struct json;

enum { DESK_PATH_MAX = 512, DESK_NAME_MAX = 64, DESK_FILES_MAX = 256 };

struct desk {
    char dir[DESK_PATH_MAX]; /* the site */
    const char *member;      /* market.445100 */
    const char *zh;          /* 市场监管 */
    const char *en;
    unsigned file_count;
    char files[DESK_FILES_MAX][DESK_NAME_MAX]; /* the ledger */
};

void desk_open(struct desk *d, const char *dir, const char *member, const char *zh, const char *en);

/* Write a file for the adapter to find. `attachment` files have been put before. */
MUST_USE enum err desk_put(struct desk *d, const char *name, const char *text, struct fault *f);
MUST_USE enum err desk_put_json(struct desk *d, const char *name, const struct json *j,
                                struct fault *f);
/* An attachment: no record, so it is not in the ledger. */
MUST_USE enum err desk_put_attachment(struct desk *d, const char *name, const void *bytes,
                                      size_t len, struct fault *f);

bool desk_done(const struct desk *d, const char *name);
bool desk_refused(const struct desk *d, const char *name);
/* NULL while there is none. */
struct json *desk_reason(const struct desk *d, const char *name);
/* How many messages of a file have reached this state or a later one: "accepted", "delivered". */
size_t desk_reached(const struct desk *d, const char *name, const char *state);

/* JSON files directly in a folder of the site, "sink/appointment"; 0 when there is no folder. */
size_t desk_count(const struct desk *d, const char *folder);
/* Every JSON file of the folder, in the order of their names; stops when visit says false. */
typedef bool desk_visit(void *ctx, const char *name, const struct json *j);
void desk_each(const struct desk *d, const char *folder, desk_visit *visit, void *ctx);

/* Does an attachment of this name, of the one message in the folder, hold exactly this text? */
bool desk_holds(const struct desk *d, const char *folder, const char *attachment, const char *text);

size_t desk_open_files(const struct desk *d);

#endif
