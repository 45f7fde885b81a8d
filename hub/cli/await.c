#include "cli/await.h"

#include "base/file.h"
#include "base/hex.h"
#include "keys/hash.h"
#include "net/local.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    RECHECK_MS = 500, /* inotify may miss what another machine does on a shared file system */
    DIGEST_CHARS = 8,
    NAME_BYTES = 256,
};

static enum err join(char out[static AWAIT_PATH_MAX], const char *dir, const char *sub,
                     const char *name, const char *suffix, struct fault *fault)
{
    int wanted = snprintf(out, AWAIT_PATH_MAX, "%s/%s/%s%s", dir, sub, name, suffix);
    return wanted < AWAIT_PATH_MAX ? OK
                                   : fault_set(fault, ERR_FIELD_LONG, 0, dir,
                                               "path: at most %d bytes", AWAIT_PATH_MAX - 1);
}

/* Nanoseconds of last change; 0 when there is no such file. */
static int64_t changed_at(const char *path)
{
    struct stat st;
    if (stat(path, &st) != 0)
        return 0;
    return (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec;
}

static enum err set_name(struct await_name *n, const char *site, const char *stored,
                         struct fault *fault)
{
    enum err err = join(n->done, site, "done", stored, "", fault);
    if (err != OK || (err = join(n->receipt, site, "done", stored, ".receipt.json", fault)) != OK ||
        (err = join(n->refused, site, "refused", stored, "", fault)) != OK ||
        (err = join(n->reason, site, "refused", stored, ".reason.json", fault)) != OK)
        return err;
    n->reason_before = changed_at(n->reason);
    return OK;
}

/* The name that the adapter gives it when another file has its own. */
static void other_name(const char *name, struct span content, char out[static NAME_BYTES])
{
    const struct span parts[] = {span_str(name), span_of("", 1), content};
    uint8_t digest[HASH_LEN];
    char hex[2 * HASH_LEN + 1];
    const char *dot = strrchr(name, '.');
    int stem = dot == NULL ? (int)strlen(name) : (int)(dot - name);
    hash_spans(digest, parts, sizeof parts / sizeof parts[0]);
    hex_encode(span_of(digest, sizeof digest), hex);
    snprintf(out, NAME_BYTES, "%.*s.%.*s%s", stem, name, DIGEST_CHARS, hex, dot == NULL ? "" : dot);
}

enum err await_open(struct await *a, const char *site, const char *name, struct span content,
                    struct fault *fault)
{
    static const char *const DIRS[] = {"done", "refused"};
    char dir[AWAIT_PATH_MAX];
    char other[NAME_BYTES];

    *a = (struct await){.fd = -1};
    hash_bytes(a->sha256, content);
    other_name(name, content, other);
    enum err err = join(a->source, site, "source", name, "", fault);
    if (err != OK || (err = set_name(&a->name[0], site, name, fault)) != OK ||
        (err = set_name(&a->name[1], site, other, fault)) != OK)
        return err;
    a->fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    for (size_t i = 0; i < sizeof DIRS / sizeof DIRS[0]; i++) {
        if ((err = join(dir, site, DIRS[i], "", "", fault)) != OK)
            return err;
        if (a->fd >= 0 && inotify_add_watch(a->fd, dir, IN_MOVED_TO | IN_CLOSE_WRITE) < 0)
            return fault_set(fault, ERR_NOT_FOUND, 0, dir, "is this the directory of an adapter?");
    }
    return OK;
}

void await_close(struct await *a)
{
    if (a->fd >= 0)
        close(a->fd);
    a->fd = -1;
}

static bool is_ours(const struct await *a, const char *path)
{
    uint8_t sha256[HASH_LEN];
    uint8_t *bytes = NULL;
    size_t len;
    if (file_read(path, JSON_TEXT_MAX, 0, &bytes, &len, NULL) != OK)
        return false;
    hash_bytes(sha256, span_of(bytes, len));
    free(bytes);
    return memcmp(sha256, a->sha256, sizeof sha256) == 0;
}

/* Every message has been taken by the hub. One that it rejected is about to move to refused/. */
static bool is_taken(const struct json *receipt)
{
    static const char *const NOT_YET[] = {"queued", "sent", "rejected", "expired"};
    const struct json *messages = json_get(receipt, "messages");
    for (size_t i = 0; i < json_count(messages); i++) {
        const char *state = json_get_text(json_item(messages, i), "state");
        for (size_t k = 0; k < sizeof NOT_YET / sizeof NOT_YET[0]; k++) {
            if (state == NULL || strcmp(state, NOT_YET[k]) == 0)
                return false;
        }
    }
    return json_count(messages) > 0;
}

static enum await_outcome look(const struct await *a, struct json **answer, const char **place)
{
    struct stat st;
    for (size_t i = 0; i < AWAIT_NAMES; i++) {
        const struct await_name *n = &a->name[i];
        if (changed_at(n->reason) != n->reason_before && is_ours(a, n->refused) &&
            json_open(answer, n->reason, NULL) == OK) {
            *place = n->reason;
            return AWAIT_REFUSED;
        }
    }
    for (size_t i = 0; i < AWAIT_NAMES && lstat(a->source, &st) != 0; i++) {
        const struct await_name *n = &a->name[i];
        if (!is_ours(a, n->done) || json_open(answer, n->receipt, NULL) != OK)
            continue;
        *place = n->receipt;
        if (is_taken(*answer))
            return AWAIT_DONE;
        json_close(answer);
    }
    return AWAIT_WAITING;
}

static void wait_for_change(const struct await *a, uint64_t left_ms)
{
    char events[4096];
    struct pollfd item = {.fd = a->fd, .events = POLLIN};
    if (poll(&item, 1, (int)(left_ms < RECHECK_MS ? left_ms : RECHECK_MS)) <= 0)
        return;
    while (read(a->fd, events, sizeof events) > 0)
        continue;
}

static void tell(const struct await_watch *watch, uint64_t waited_ms)
{
    if (watch->look != NULL)
        watch->look(watch->ctx, waited_ms);
}

static enum err too_late(const char *place, struct fault *fault)
{
    return fault_set(fault, ERR_TIMEOUT, 0, place,
                     "nothing is lost: the adapter goes on; see done/ and refused/");
}

enum err await_result(const struct await *a, uint64_t wait_ms, const struct await_watch *watch,
                      enum await_outcome *outcome, struct json **answer, const char **place,
                      struct fault *fault)
{
    const uint64_t start = local_monotonic_ms();
    uint64_t now = start;
    *answer = NULL;
    while ((*outcome = look(a, answer, place)) == AWAIT_WAITING && now - start < wait_ms) {
        tell(watch, now - start);
        wait_for_change(a, wait_ms - (now - start));
        now = local_monotonic_ms();
    }
    return *outcome != AWAIT_WAITING ? OK : too_late(a->source, fault);
}

enum err await_file(const struct await *a, const char *path, uint64_t wait_ms,
                    const struct await_watch *watch, struct json **answer, struct fault *fault)
{
    const uint64_t start = local_monotonic_ms();
    uint64_t now = start;
    enum err err;
    while ((err = json_open(answer, path, NULL)) != OK && now - start < wait_ms) {
        tell(watch, now - start);
        wait_for_change(a, wait_ms - (now - start));
        now = local_monotonic_ms();
    }
    return err == OK ? OK : too_late(path, fault);
}
