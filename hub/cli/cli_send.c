#include "cli/cli.h"

#include "base/file.h"
#include "cli/await.h"
#include "cli/preview.h"
#include "cli/show.h"
#include "cli/site.h"
#include "cli/steps.h"
#include "json.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define REASON_END ".reason.json" /* await.h */

enum {
    PATH_BYTES = SITE_PATH_MAX,
    NAME_BYTES = 200,
    COPY_BYTES = 64 << 10,
    WAIT_SECONDS_DEFAULT = 60,
    WAIT_SECONDS_MAX = 86400,
};

struct site {
    char dir[PATH_BYTES];
    char name[NAME_BYTES + 1]; /* of the document file */
};

static enum err join(char out[static PATH_BYTES], const char *dir, const char *sub,
                     const char *name, const char *suffix, struct fault *fault)
{
    int wanted = snprintf(out, PATH_BYTES, "%s/%s/%s%s", dir, sub, name, suffix);
    return wanted < PATH_BYTES
               ? OK
               : fault_set(fault, ERR_FIELD_LONG, 0, dir, "path: at most %d bytes", PATH_BYTES - 1);
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

/* A regular file to read from. O_NONBLOCK: a FIFO would wait for its writer. */
static enum err open_file(const char *path, int *fd, struct fault *fault)
{
    struct stat st;
    *fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (*fd < 0)
        return fault_set(fault, file_errno(errno), 0, path, "file to send");
    if (fstat(*fd, &st) == 0 && S_ISREG(st.st_mode))
        return OK;
    close(*fd);
    *fd = -1;
    return fault_set(fault, ERR_FIELD_VALUE, 0, path,
                     "a file is needed: a directory or a device stands there");
}

/* Bytes until the buffer is full or the file ends; -1: it cannot be read. */
static ssize_t fill(int fd, uint8_t *buffer)
{
    ssize_t len = 0;
    while (len < COPY_BYTES) {
        const ssize_t got = read(fd, buffer + len, (size_t)(COPY_BYTES - len));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -1;
        if (got == 0)
            break;
        len += got;
    }
    return len;
}

/* Do both files hold the same bytes? `from` is where it was afterwards. */
static bool same_bytes(int from, const char *path)
{
    uint8_t ours[COPY_BYTES];
    uint8_t theirs[COPY_BYTES];
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
    bool same = fd >= 0;
    for (ssize_t len = 1; same && len > 0;) {
        len = fill(from, ours);
        same = len >= 0 && fill(fd, theirs) == len && memcmp(ours, theirs, (size_t)len) == 0;
    }
    if (fd >= 0)
        close(fd);
    return lseek(from, 0, SEEK_SET) == 0 && same;
}

/* Copy into the source directory under a name the adapter does not look at, then rename: it sees
 * the whole file or none. What an earlier try left there and is the same stays; *put is whether
 * the file is new there. */
static enum err put_file(const char *path, const struct site *site, const char *name, bool *put,
                         struct fault *fault)
{
    char hidden[PATH_BYTES];
    char target[PATH_BYTES];
    char dotted[NAME_BYTES + 2];
    struct stat st;
    int from = -1;
    int to = -1;

    *put = false;
    snprintf(dotted, sizeof dotted, ".%s", name);
    enum err err = join(target, site->dir, "source", name, "", fault);
    if (err != OK || (err = join(hidden, site->dir, "source", dotted, ".tmp", fault)) != OK ||
        (err = open_file(path, &from, fault)) != OK)
        return err;
    if (lstat(target, &st) == 0) {
        err = same_bytes(from, target)
                  ? OK
                  : fault_set(fault, ERR_EXISTS, 0, target, "another file still waits there");
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
    *put = err == OK;

out:
    if (to >= 0)
        close(to);
    close(from);
    return err;
}

static enum err say_done(const struct cli *cli, const struct json *receipt)
{
    const struct json *messages = json_get(receipt, "messages");

    if (cli->json)
        return show_json(cli->world->out, receipt);
    for (size_t i = 0; i < json_count(messages); i++) {
        const struct json *m = json_item(messages, i);
        const char *state = json_get_text(m, "state");
        const char *envelope = json_get_text(m, "envelope");
        fprintf(cli->world->out, "已发送 / sent: %s %s\n", state == NULL ? "" : state,
                envelope == NULL ? "" : envelope);
    }
    return OK;
}

/* The adapter's reason becomes this command's refusal. */
static enum err say_refused(const struct json *reason, const char *place, struct fault *fault)
{
    char document[PATH_BYTES];
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
        return fault_set(fault, err == OK ? ERR_RESTRICTED : err, 0, place, "measure %s basis %s",
                         measure == NULL ? "?" : measure, basis == NULL ? "?" : basis);
    }
    /* The line is one of the document, which lies beside the reason. */
    snprintf(document, sizeof document, "%.*s", (int)(strlen(place) - strlen(REASON_END)), place);
    const bool both = field != NULL && field[0] != '\0' && detail != NULL && detail[0] != '\0';
    return fault_set(fault, err == OK ? ERR_INTERNAL : err, (unsigned)line, document, "%s%s%s",
                     field == NULL ? "" : field, both ? ": " : "", detail == NULL ? "" : detail);
}

static uint64_t size_of(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 ? (uint64_t)st.st_size : 0;
}

/* The attachments that this run put there are taken back: nothing will ask for them. */
static void take_back(const struct args *args, const struct site *site, size_t count,
                      const bool put[static ARGS_VALUES_MAX])
{
    char name[NAME_BYTES + 1];
    char target[PATH_BYTES];
    for (size_t i = 0; i < count; i++) {
        if (put[i] && base_name(args_value_at(args, "attach", i), name, NULL) == OK &&
            join(target, site->dir, "source", name, "", NULL) == OK)
            unlink(target);
    }
}

static enum err send_files(const struct args *args, const struct site *site, struct steps *steps,
                           struct fault *fault)
{
    bool put[ARGS_VALUES_MAX];
    bool document;
    size_t count = 0;
    enum err err = OK;
    const char *path;
    /* Attachments first: the adapter takes the document the moment it is there. */
    for (; err == OK && (path = args_value_at(args, "attach", count)) != NULL; count++) {
        char name[NAME_BYTES + 1];
        put[count] = false;
        if ((err = base_name(path, name, fault)) == OK &&
            (err = put_file(path, site, name, &put[count], fault)) == OK)
            steps_put(steps, name, size_of(path));
    }
    if (err == OK)
        err = put_file(args->operand[0], site, site->name, &document, fault);
    if (err == OK)
        steps_put(steps, site->name, size_of(args->operand[0]));
    else
        take_back(args, site, count, put);
    return err;
}

/* Put the files there and wait. */
static enum err deliver(const struct cli *cli, const struct site *site, struct span content,
                        uint64_t seconds, struct fault *fault)
{
    enum await_outcome outcome;
    struct steps steps;
    const struct await_watch watch = {&steps, steps_look, steps_over};
    const char *place = NULL;
    struct json *answer = NULL;
    struct await a;

    steps_open(&steps, cli, site->dir, site->name);
    enum err err = await_open(&a, site->dir, site->name, content, fault);
    if (err != OK || (err = send_files(cli->args, site, &steps, fault)) != OK ||
        (err = await_result(&a, seconds * 1000, &watch, &outcome, &answer, &place, fault)) != OK)
        goto out;
    if (outcome == AWAIT_DONE && args_flag(cli->args, "preview")) {
        err = preview_show(cli, &a, &watch, seconds * 1000, answer, place, fault);
        goto out;
    }
    steps_over(&steps);
    if (outcome == AWAIT_REFUSED)
        err = say_refused(answer, place, fault);
    else
        err = say_done(cli, answer);

out:
    steps_over(&steps);
    await_close(&a);
    json_close(&answer);
    return err;
}

/* Under which name the adapter is to have it. */
static enum err choose_name(const struct cli *cli, char out[static NAME_BYTES + 1],
                            struct fault *fault)
{
    char name[NAME_BYTES + 1];
    enum err err = base_name(cli->args->operand[0], name, fault);
    if (err != OK)
        return err;
    const char *dot = strrchr(name, '.');
    if (dot == NULL ||
        (strcmp(dot, ".json") != 0 && strcmp(dot, ".csv") != 0 && strcmp(dot, ".lsd") != 0))
        return fault_set(fault, ERR_USAGE, 0, "FILE",
                         "a .json, .csv or .lsd file; anything else goes with --attach");
    if (!args_flag(cli->args, "preview")) {
        memcpy(out, name, sizeof name);
        return OK;
    }
    if (args_value(cli->args, "attach") != NULL)
        return fault_set(fault, ERR_USAGE, 0, "--attach", "not with --preview: nothing is sent");
    return preview_name(name, cli->world->now_ms(), out, NAME_BYTES + 1, fault);
}

enum err cli_send(const struct cli *cli, struct fault *fault)
{
    struct site site;
    uint8_t *content = NULL;
    size_t len = 0;
    uint64_t seconds;

    enum err err = args_number(cli->args, "timeout", 1, WAIT_SECONDS_MAX, WAIT_SECONDS_DEFAULT,
                               &seconds, fault);
    if (err != OK || (err = site_dir(cli->args, site.dir, fault)) != OK ||
        (err = choose_name(cli, site.name, fault)) != OK ||
        (err = file_read(cli->args->operand[0], JSON_TEXT_MAX, 0, &content, &len, fault)) != OK)
        return err;
    err = deliver(cli, &site, span_of(content, len), seconds, fault);
    free(content);
    return err;
}
