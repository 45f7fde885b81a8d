/*
 * await - what became of a file that was put into an adapter's source directory.
 *
 *   source/NAME ─> done/STORED + done/STORED.receipt.json        accepted, or still on its way
 *              └─> refused/STORED + refused/STORED.reason.json   refused, here or by the hub
 *
 * STORED is NAME or, when another file has that name there, NAME with eight characters of a
 * digest before its extension.
 *
 * Guarantees:
 *   1. An outcome is told only for a stored file with the very bytes that were sent, so an
 *      older file of the same name is never mistaken for it.
 *   2. It ends at its deadline with ERR_TIMEOUT, and nothing is lost by that.
 *
 * Thread rule: one thread; nothing is written to disk.
 */
#ifndef CLI_AWAIT_H
#define CLI_AWAIT_H

#include "base/err.h"
#include "base/span.h"
#include "json.h"

enum { AWAIT_PATH_MAX = 1024, AWAIT_NAMES = 2 };

struct await_name {
    char done[AWAIT_PATH_MAX];
    char receipt[AWAIT_PATH_MAX];
    char refused[AWAIT_PATH_MAX];
    char reason[AWAIT_PATH_MAX];
    int64_t reason_before; /* time of change before the file was put there */
};

struct await {
    char source[AWAIT_PATH_MAX];
    struct await_name name[AWAIT_NAMES];
    uint8_t sha256[32]; /* of the file's bytes */
    int fd;             /* inotify of done/ and refused/ */
};

enum await_outcome { AWAIT_WAITING, AWAIT_DONE, AWAIT_REFUSED };

/* Begin before the file is put there. ERR_NOT_FOUND when site is no adapter's directory. */
MUST_USE enum err await_open(struct await *a, const char *site, const char *name,
                             struct span content, struct fault *fault);
void await_close(struct await *a);

/* Who is told that it still waits. */
struct await_watch {
    void *ctx;
    void (*look)(void *ctx, uint64_t waited_ms); /* each RECHECK_MS or more often; NULL: nobody */
    void (*over)(void *ctx);                     /* once, before the result is shown; NULL */
};

/* Until an outcome; *answer is the receipt or the reason, the caller's to close, and *place
 * its path, borrowed from a. */
MUST_USE enum err await_result(const struct await *a, uint64_t wait_ms,
                               const struct await_watch *watch, enum await_outcome *outcome,
                               struct json **answer, const char **place, struct fault *fault);

/* Until the file is there, in done/ or refused/; *answer as above. */
MUST_USE enum err await_file(const struct await *a, const char *path, uint64_t wait_ms,
                             const struct await_watch *watch, struct json **answer,
                             struct fault *fault);

#endif
