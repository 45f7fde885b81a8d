/*
 * site - the folders in which a department's system and the adapter meet.
 *
 *   source/    the department writes here (temporary name, then rename in); we take from here
 *   done/      what was taken, with <file>.receipt.json
 *   refused/   what was not, with <file>.reason.json
 *   sink/      what came, sink/<type>/<env_id>.json
 *   register/  the department's own list of restrictions in force
 *
 * Guarantees:
 *   1. A file appears whole under its name or not at all, and is on disk when the call returns.
 *   2. Moving is idempotent: done already is done.
 *
 * Paths are relative to the base. Thread rule: plain values.
 */
#ifndef ADAPTERS_RUNTIME_SITE_H
#define ADAPTERS_RUNTIME_SITE_H

#include "base/err.h"
#include "json.h"

#include <stdbool.h>

enum { SITE_PATH_MAX = 1024 };

struct site {
    char base[SITE_PATH_MAX / 2];
};

/* Makes the folders that are missing. */
MUST_USE enum err site_open(struct site *site, const char *base, struct fault *f);

/* base/<printf of the rest> into out; ERR_FIELD_LONG. */
MUST_USE enum err site_path(const struct site *site, char out[static SITE_PATH_MAX],
                            const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Write JSON; folders on the way are made. */
MUST_USE enum err site_write(const struct site *site, const char *path, const struct json *j);
/* Write what is only shown: whole under its name, not forced to disk. Failing is harmless. */
void site_note(const struct site *site, const char *name, const struct json *j);
/* ERR_NOT_FOUND. */
MUST_USE enum err site_read(const struct site *site, const char *path, struct json **out);
/* Rename, over what is there. Gone from `from` and present at `to` is OK; gone from both is
 * ERR_NOT_FOUND. */
MUST_USE enum err site_move(const struct site *site, const char *from, const char *to);
bool site_exists(const struct site *site, const char *path);
/* Remove if there. */
void site_remove(const struct site *site, const char *path);
/* Make the folder that `path` lies in. */
MUST_USE enum err site_make_parent(const struct site *site, const char *path);

#endif
