#include "day/stage.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LOG_READ = 1 << 16, LOG_SHOWN = 4096, STOP_WAIT_S = 20 };

extern char **environ;

void stage_open(struct stage *s, const char *bin, const char *dir)
{
    memset(s, 0, sizeof *s);
    snprintf(s->bin, sizeof s->bin, "%s", bin);
    snprintf(s->dir, sizeof s->dir, "%s", dir);
}

struct stage_process *stage_add(struct stage *s, const char *name, const char *program)
{
    assert(s->count < STAGE_PROCESSES_MAX);
    struct stage_process *p = &s->processes[s->count++];
    snprintf(p->name, sizeof p->name, "%s", name);
    snprintf(p->program, sizeof p->program, "%s", program);
    return p;
}

struct stage_process *stage_find(struct stage *s, const char *name)
{
    for (unsigned i = 0; i < s->count; i++)
        if (strcmp(s->processes[i].name, name) == 0)
            return &s->processes[i];
    return NULL;
}

static void log_path(const struct stage *s, const struct stage_process *p, char *out, size_t cap)
{
    snprintf(out, cap, "%s/log/%s.log", s->dir, p->name);
}

enum err stage_start(struct stage *s, struct stage_process *p, struct fault *f)
{
    enum err err = ERR_IO;
    char program[STAGE_PATH_MAX + 32];
    char config[STAGE_PATH_MAX + 32];
    char log[STAGE_PATH_MAX + 40];
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attr;
    sigset_t none;

    assert(p->state == STAGE_DOWN);
    snprintf(program, sizeof program, "%s/%s", s->bin, p->program);
    snprintf(config, sizeof config, "%s/%s.yaml", s->dir, p->name);
    log_path(s, p, log, sizeof log);
    char *const argv[] = {program, (char[]){"--config"}, config, NULL};

    sigemptyset(&none);
    posix_spawnattr_init(&attr);
    posix_spawnattr_setsigmask(&attr, &none);
    posix_spawnattr_setpgroup(&attr, 0); /* Ctrl-C at the terminal is for us, not for them */
    posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&files, 1, log, O_WRONLY | O_CREAT | O_APPEND, 0644);
    posix_spawn_file_actions_adddup2(&files, 1, 2);

    const int fd = open(log, O_RDONLY | O_CREAT | O_CLOEXEC, 0644);
    if (fd == -1)
        goto out;
    p->log_seen = lseek(fd, 0, SEEK_END);
    close(fd);
    if (posix_spawn(&p->pid, program, &files, &attr, argv, environ) != 0) {
        err = ERR_NOT_FOUND;
        goto out;
    }
    p->state = STAGE_STARTING;
    p->ending = false;
    p->starts++;
    p->started_ms = 0;
    err = OK;

out:
    if (err != OK)
        err = fault_set(f, err, 0, program, "cannot be started / 无法启动");
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attr);
    return err;
}

void stage_stop(struct stage_process *p)
{
    if (p->state == STAGE_DOWN)
        return;
    p->ending = true;
    kill(p->pid, SIGTERM);
}

void stage_kill(struct stage_process *p)
{
    if (p->state == STAGE_DOWN)
        return;
    p->ending = true;
    kill(p->pid, SIGKILL);
}

/* True when the log gained a ready line since the start. */
static bool became_ready(const struct stage *s, struct stage_process *p)
{
    static const char mark[] = "event=ready";
    char path[STAGE_PATH_MAX + 40];
    static char text[LOG_READ + 1];
    bool found = false;

    log_path(s, p, path, sizeof path);
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd == -1)
        return false;
    const ssize_t got = pread(fd, text, LOG_READ, p->log_seen);
    if (got > 0) {
        text[got] = '\0';
        found = strstr(text, mark) != NULL;
        /* Keep a mark's length, so one that is split over two looks is still found. */
        if (!found && got > (ssize_t)sizeof mark)
            p->log_seen += got - (ssize_t)sizeof mark;
    }
    close(fd);
    return found;
}

void stage_look(struct stage *s, uint64_t now_ms)
{
    for (unsigned i = 0; i < s->count; i++) {
        struct stage_process *p = &s->processes[i];
        if (p->state == STAGE_DOWN)
            continue;
        if (waitpid(p->pid, &p->exit_status, WNOHANG) == p->pid) {
            if (!p->ending)
                s->accident = p;
            p->state = STAGE_DOWN;
            p->pid = 0;
            continue;
        }
        if (p->started_ms == 0)
            p->started_ms = now_ms;
        if (p->state == STAGE_STARTING && became_ready(s, p)) {
            p->state = STAGE_READY;
            if (now_ms - p->started_ms > p->ready_longest_ms)
                p->ready_longest_ms = now_ms - p->started_ms;
        }
    }
}

void stage_close(struct stage *s)
{
    if (s->released)
        return;
    for (unsigned i = s->count; i-- > 0;) {
        struct stage_process *p = &s->processes[i];
        if (p->state == STAGE_DOWN)
            continue;
        stage_stop(p);
        /* SIGCHLD is blocked, so it can be waited for; a process that hangs is killed. */
        sigset_t child;
        const struct timespec limit = {STOP_WAIT_S, 0};
        sigemptyset(&child);
        sigaddset(&child, SIGCHLD);
        while (waitpid(p->pid, &p->exit_status, WNOHANG) == 0) {
            if (sigtimedwait(&child, NULL, &limit) == -1 && errno == EAGAIN) {
                kill(p->pid, SIGKILL);
                waitpid(p->pid, &p->exit_status, 0);
                break;
            }
        }
        p->state = STAGE_DOWN;
    }
}

enum err stage_release(struct stage *s, struct fault *f)
{
    char path[STAGE_PATH_MAX + 16];

    snprintf(path, sizeof path, "%s/pids", s->dir);
    FILE *out = fopen(path, "we");
    if (out == NULL)
        return fault_set(f, ERR_IO, 0, path, "cannot be written / 无法写入");
    for (unsigned i = s->count; i-- > 0;)
        if (s->processes[i].state != STAGE_DOWN)
            fprintf(out, "%d %s\n", (int)s->processes[i].pid, s->processes[i].name);
    fclose(out);
    s->released = true;
    return OK;
}

void stage_show_log(const struct stage *s, const struct stage_process *p)
{
    char path[STAGE_PATH_MAX + 40];
    char text[LOG_SHOWN];

    log_path(s, p, path, sizeof path);
    FILE *in = fopen(path, "re");
    if (in == NULL)
        return;
    if (fseek(in, -(long)sizeof text, SEEK_END) != 0)
        rewind(in);
    const size_t got = fread(text, 1, sizeof text, in);
    fclose(in);
    fprintf(stderr, "---- %s\n", path);
    fwrite(text, 1, got, stderr);
}
