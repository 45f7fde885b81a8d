/* Questions to the hub through the command-line tool, as an official would ask them. */
#include "day/day.h"

#include "json.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ANSWER_MAX = 1 << 20, ARGUMENTS_MAX = 12 };

extern char **environ;

/* Everything that comes out of fd, up to the bound; the result is free()d by the caller. */
static char *read_all(int fd, size_t *len)
{
    char *text = malloc(ANSWER_MAX + 1);

    *len = 0;
    while (text != NULL && *len < ANSWER_MAX) {
        const ssize_t got = read(fd, text + *len, ANSWER_MAX - *len);
        if (got == -1 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
        *len += (size_t)got;
    }
    return text;
}

static bool spawn(struct day *d, char *const argv[], int in, int out, pid_t *pid)
{
    posix_spawn_file_actions_t files;
    char log[DESK_PATH_MAX];

    snprintf(log, sizeof log, "%s/log/ask.log", d->options->dir);
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_adddup2(&files, in, 0);
    posix_spawn_file_actions_adddup2(&files, out, 1);
    posix_spawn_file_actions_addopen(&files, 2, log, O_WRONLY | O_CREAT | O_APPEND, 0644);
    const bool started = posix_spawn(pid, argv[0], &files, NULL, argv, environ) == 0;
    posix_spawn_file_actions_destroy(&files);
    return started;
}

struct json *day_ask(struct day *d, const char *const *arguments, const char *input)
{
    char program[DESK_PATH_MAX];
    char socket[DESK_PATH_MAX];
    char *argv[ARGUMENTS_MAX + 5] = {program};
    size_t count = 1;
    int in[2] = {-1, -1};
    int out[2] = {-1, -1};
    pid_t pid = 0;
    int status = 1;
    struct json *answer = NULL;

    snprintf(program, sizeof program, "%s/lianshu", d->options->bin);
    snprintf(socket, sizeof socket, "%s/run/control.sock", d->options->dir);
    for (size_t i = 0; arguments[i] != NULL && i < ARGUMENTS_MAX; i++)
        argv[count++] = (char *)(uintptr_t)arguments[i]; /* posix_spawn does not write to them */
    argv[count++] = (char[]){"--control"};
    argv[count++] = socket;
    argv[count++] = (char[]){"--json"};

    if (pipe2(in, O_CLOEXEC) == -1 || pipe2(out, O_CLOEXEC) == -1 ||
        !spawn(d, argv, in[0], out[1], &pid))
        goto out;
    close(in[0]);
    close(out[1]);
    in[0] = out[1] = -1;
    if (input != NULL && write(in[1], input, strlen(input)) == -1)
        status = 1; /* it may have ended already; its exit code tells */
    close(in[1]);
    in[1] = -1;

    size_t len;
    char *text = read_all(out[0], &len);
    if (waitpid(pid, &status, 0) == pid && status == 0 && text != NULL &&
        json_parse(&answer, (struct span){(const uint8_t *)text, len}, "lianshu", NULL) != OK)
        answer = NULL;
    free(text);

out:
    for (size_t i = 0; i < 2; i++) {
        if (in[i] != -1)
            close(in[i]);
        if (out[i] != -1)
            close(out[i]);
    }
    return answer;
}

uint64_t day_status(struct day *d, const char *path)
{
    struct json *answer = day_ask(d, (const char *const[]){"status", NULL}, NULL);
    const struct json *at = answer;
    char key[64];
    uint64_t value = DAY_UNKNOWN;

    for (const char *p = path; at != NULL && *p != '\0';) {
        const size_t len = strcspn(p, ".");
        snprintf(key, sizeof key, "%.*s", (int)len, p);
        at = json_get(at, key);
        p += len + (p[len] == '.' ? 1 : 0);
    }
    if (!json_uint(at, &value))
        value = DAY_UNKNOWN;
    json_close(&answer);
    return value;
}
