#include "cli/cli.h"

#include "base/file.h"
#include "json.h"
#include "net/local.h"
#include "net/place.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    PATH_BYTES = 1024,
    NAME_BYTES = 200,
    COPY_BYTES = 64 << 10,
    WAIT_SECONDS_DEFAULT = 60,
    WAIT_SECONDS_MAX = 86400,
    RECHECK_MS = 500, /* inotify may miss what another file system does */
    SOURCE_FILE_MAX = 8 << 20,
};

struct site {
    char dir[PATH_BYTES];
    char name[NAME_BYTES + 1]; /* of the document file */
};

enum outcome { WAITING, DONE, REFUSED };

static enum err join(char out[static PATH_BYTES], const char *dir, const char *sub,
                     const char *name, const char *suffix, struct fault *fault)
{
    int wanted = snprintf(out, PATH_BYTES, "%s/%s/%s%s", dir, sub, name, suffix);
    return wanted < PATH_BYTES
               ? OK
               : fault_set(fault, ERR_FIELD_LONG, 0, dir, "path: at most %d bytes", PATH_BYTES - 1);
}

/* --spool, or `directory` of the adapter's configuration, relative to that file. */
static enum err site_dir(const struct args *args, char out[static PATH_BYTES], struct fault *fault)
{
    const char *spool = args_value(args, "spool");
    const char *config = args_value(args, "adapter");
    struct yaml *y = NULL;

    if ((spool == NULL) == (config == NULL))
        return fault_set(fault, ERR_USAGE, 0, "--spool",
                         "either --spool SITE_DIR or --adapter ADAPTER.yaml");
    if (spool != NULL)
        return snprintf(out, PATH_BYTES, "%s", spool) < PATH_BYTES
                   ? OK
                   : fault_set(fault, ERR_USAGE, 0, "--spool", "at most %d bytes", PATH_BYTES - 1);
    enum err err = yaml_open(&y, config, fault);
    if (err != OK)
        return err;
    err = place_read(yaml_root(y), "directory", false, config, out, PATH_BYTES, fault);
    yaml_close(&y);
    return err;
}

/* The last element of a path, which must be a plain visible name. */
static enum err base_name(const char *path, char out[static NAME_BYTES + 1], struct fault *fault)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash == NULL ? path : slash + 1;
    if (name[0] == '\0' || name[0] == '.' || strlen(name) > NAME_BYTES)
        return fault_set(fault, ERR_USAGE, 0, "FILE",
                         "a file with a name of 1 to %d bytes, no leading dot", NAME_BYTES);
    memcpy(out, name, strlen(name) + 1);
    return OK;
}

static enum err copy_bytes(int from, int to)
{
    static const int WAIT_MS = 60000; /* of a stuck file system */
    uint8_t buffer[COPY_BYTES];
    for (;;) {
        ssize_t got = read(from, buffer, sizeof buffer);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return got == 0 ? OK : file_errno(errno);
        for (ssize_t at = 0; at < got;) {
            ssize_t put = write(to, buffer + at, (size_t)(got - at));
            if (put < 0 && errno == EAGAIN) {
                struct pollfd item = {.fd = to, .events = POLLOUT};
                if (poll(&item, 1, WAIT_MS) <= 0)
                    return ERR_TIMEOUT;
                continue;
            }
            if (put < 0 && errno != EINTR)
                return file_errno(errno);
            at += put < 0 ? 0 : put;
        }
    }
}

/* Copy into the source directory under a name the adapter does not look at, then rename: it sees
 * the whole file or none. */
static enum err put_file(const char *path, const struct site *site, const char *name,
                         struct fault *fault)
{
    char hidden[PATH_BYTES];
    char target[PATH_BYTES];
    char dotted[NAME_BYTES + 2];
    struct stat st;
    int to = -1;

    snprintf(dotted, sizeof dotted, ".%s", name);
    enum err err = join(target, site->dir, "source", name, "", fault);
    if (err != OK || (err = join(hidden, site->dir, "source", dotted, ".tmp", fault)) != OK)
        return err;
    if (lstat(target, &st) == 0)
        return fault_set(fault, ERR_EXISTS, 0, target, "an earlier file still waits there");
    int from = open(path, O_RDONLY | O_CLOEXEC);
    if (from < 0)
        return fault_set(fault, file_errno(errno), 0, path, "file to send");
    if (fstat(from, &st) != 0 || !S_ISREG(st.st_mode)) {
        err = fault_set(fault, ERR_FIELD_VALUE, 0, path, "a regular file");
        goto out;
    }
    to = open(hidden, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0640);
    if (to < 0) {
        err = fault_set(fault, file_errno(errno), 0, hidden, "the adapter's source directory");
        goto out;
    }
    err = copy_bytes(from, to);
    if (err == OK && fsync(to) != 0)
        err = ERR_IO;
    if (err != OK) {
        unlink(hidden);
        err = fault_set(fault, err, 0, hidden, "copy");
        goto out;
    }
    err = file_rename(hidden, target, fault);

out:
    if (to >= 0)
        close(to);
    close(from);
    return err;
}

/* Nanoseconds of last change; 0 when there is no such file. */
static int64_t changed_at(const char *path)
{
    struct stat st;
    if (stat(path, &st) != 0)
        return 0;
    return (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec;
}

static bool exists(const char *path)
{
    struct stat st;
    return lstat(path, &st) == 0;
}

/* Everything the wait looks at. */
struct watch {
    char source[PATH_BYTES];
    char receipt[PATH_BYTES];
    char reason[PATH_BYTES];
    int64_t receipt_before;
    int64_t reason_before;
    int fd; /* inotify of done/ and refused/; -1: none, the recheck does */
};

static enum err watch_open(struct watch *w, const struct site *site, struct fault *fault)
{
    char dir[PATH_BYTES];
    *w = (struct watch){.fd = -1};
    enum err err = join(w->source, site->dir, "source", site->name, "", fault);
    if (err != OK ||
        (err = join(w->receipt, site->dir, "done", site->name, ".receipt.json", fault)) != OK ||
        (err = join(w->reason, site->dir, "refused", site->name, ".reason.json", fault)) != OK)
        return err;
    w->receipt_before = changed_at(w->receipt);
    w->reason_before = changed_at(w->reason);
    w->fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    static const char *const DIRS[] = {"done", "refused"};
    for (size_t i = 0; i < 2; i++) {
        if ((err = join(dir, site->dir, DIRS[i], "", "", fault)) != OK)
            return err;
        if (w->fd >= 0 && inotify_add_watch(w->fd, dir, IN_MOVED_TO | IN_CLOSE_WRITE) < 0)
            return fault_set(fault, ERR_NOT_FOUND, 0, dir, "is this the directory of an adapter?");
    }
    return OK;
}

/* A message has been answered by the hub once it is more than put into the outbox. */
static bool answered(const struct json *receipt)
{
    const struct json *messages = json_get(receipt, "messages");
    for (size_t i = 0; i < json_count(messages); i++) {
        const char *state = json_get_text(json_item(messages, i), "state");
        if (state == NULL || strcmp(state, "sent") == 0 || strcmp(state, "queued") == 0)
            return false;
    }
    return json_count(messages) > 0;
}

static enum outcome look(const struct watch *w, struct json **answer)
{
    struct json *j = NULL;
    if (changed_at(w->reason) != w->reason_before && json_open(&j, w->reason, NULL) == OK) {
        *answer = j;
        return REFUSED;
    }
    if (exists(w->source) || changed_at(w->receipt) == 0 || json_open(&j, w->receipt, NULL) != OK)
        return WAITING;
    if (!answered(j)) {
        json_close(&j);
        return WAITING;
    }
    *answer = j;
    return DONE;
}

static enum err await_outcome(const struct cli *cli, const struct watch *w, uint64_t seconds,
                              enum outcome *outcome, struct json **answer, struct fault *fault)
{
    const uint64_t start = local_monotonic_ms();
    const uint64_t deadline = start + seconds * 1000;
    const bool progress = isatty(fileno(cli->world->err)) == 1 && !cli->json;
    for (;;) {
        *outcome = look(w, answer);
        uint64_t now = local_monotonic_ms();
        if (*outcome != WAITING || now >= deadline)
            break;
        if (progress)
            fprintf(cli->world->err, "\r等待 / waiting … %llus",
                    (unsigned long long)(now - start) / 1000);
        struct pollfd item = {.fd = w->fd, .events = POLLIN};
        uint64_t left = deadline - now;
        if (poll(&item, 1, (int)(left < RECHECK_MS ? left : RECHECK_MS)) > 0) {
            char events[4096];
            while (read(w->fd, events, sizeof events) > 0)
                continue;
        }
    }
    if (progress)
        fprintf(cli->world->err, "\n");
    if (*outcome == WAITING)
        return fault_set(fault, ERR_TIMEOUT, 0, w->source,
                         "nothing is lost: the adapter goes on; see done/ and refused/");
    return OK;
}

static void say_done(const struct cli *cli, const struct json *receipt)
{
    const struct json *messages = json_get(receipt, "messages");
    for (size_t i = 0; i < json_count(messages); i++) {
        const struct json *m = json_item(messages, i);
        const char *state = json_get_text(m, "state");
        const char *envelope = json_get_text(m, "envelope");
        fprintf(cli->world->out, "已发送 / sent: %s %s\n", state == NULL ? "" : state,
                envelope == NULL ? "" : envelope);
    }
}

/* The adapter's reason becomes this command's refusal. */
static enum err say_refused(const struct json *reason, const struct watch *w, struct fault *fault)
{
    const char *code = json_get_text(reason, "code");
    const struct json *problem = json_item(json_get(reason, "problems"), 0);
    const char *field = json_get_text(problem, "field");
    const char *detail = json_get_text(problem, "detail");
    uint64_t line = 0;
    (void)json_uint(json_get(problem, "line"), &line);
    unsigned long number = code != NULL && code[0] == 'E' ? strtoul(code + 1, NULL, 10) : 0;
    enum err err = err_from_code((uint32_t)number);
    const struct json *ground = json_item(json_get(reason, "grounds"), 0);
    if (ground != NULL) {
        const char *measure = json_get_text(ground, "measure");
        const char *basis = json_get_text(ground, "basis");
        return fault_set(fault, err == OK ? ERR_RESTRICTED : err, 0, w->reason,
                         "measure %s basis %s", measure == NULL ? "?" : measure,
                         basis == NULL ? "?" : basis);
    }
    return fault_set(fault, err == OK ? ERR_INTERNAL : err, (unsigned)line, w->reason, "%s%s%s",
                     field == NULL ? "" : field, field != NULL && detail != NULL ? ": " : "",
                     detail == NULL ? "" : detail);
}

static enum err send_files(const struct args *args, const struct site *site, struct fault *fault)
{
    enum err err = OK;
    const char *path;
    /* Attachments first: the adapter takes the document the moment it is there. */
    for (size_t i = 0; (path = args_value_at(args, "attach", i)) != NULL; i++) {
        char name[NAME_BYTES + 1];
        if ((err = base_name(path, name, fault)) != OK ||
            (err = put_file(path, site, name, fault)) != OK)
            return err;
    }
    return put_file(args->operand[0], site, site->name, fault);
}

enum err cli_send(const struct cli *cli, struct fault *fault)
{
    struct site site;
    struct watch w = {.fd = -1};
    struct json *answer = NULL;
    enum outcome outcome;
    uint64_t seconds;

    enum err err = args_number(cli->args, "timeout", 1, WAIT_SECONDS_MAX, WAIT_SECONDS_DEFAULT,
                               &seconds, fault);
    if (err != OK || (err = site_dir(cli->args, site.dir, fault)) != OK ||
        (err = base_name(cli->args->operand[0], site.name, fault)) != OK)
        return err;
    if ((err = watch_open(&w, &site, fault)) != OK ||
        (err = send_files(cli->args, &site, fault)) != OK ||
        (err = await_outcome(cli, &w, seconds, &outcome, &answer, fault)) != OK)
        goto out;
    if (cli->json) {
        char *text = NULL;
        size_t len;
        if (json_print(answer, false, &text, &len) == OK)
            fwrite(text, 1, len, cli->world->out);
        free(text);
    }
    if (outcome == DONE && !cli->json)
        say_done(cli, answer);
    err = outcome == DONE ? OK : say_refused(answer, &w, fault);

out:
    if (w.fd >= 0)
        close(w.fd);
    json_close(&answer);
    return err;
}
