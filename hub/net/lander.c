#include "net/lander.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct lander {
    pthread_t thread;
    bool started;
    bool busy; /* a job is out */
    int ask;   /* eventfd: `job` is the worker's now; it waits here */
    int done;  /* eventfd: it is the owner's again */
    lander_fn *run;
    void *job; /* NULL: end */
};

/* The counter's increment is also what orders the memory of both threads. */
static void ring(int fd)
{
    const uint64_t one = 1;
    ssize_t len;
    do
        len = write(fd, &one, sizeof one);
    while (len == -1 && errno == EINTR);
    assert(len == (ssize_t)sizeof one); /* at most one is out: the counter cannot be full */
}

static bool rung(int fd)
{
    uint64_t count;
    ssize_t len;
    do
        len = read(fd, &count, sizeof count);
    while (len == -1 && errno == EINTR);
    return len == (ssize_t)sizeof count;
}

static void *work(void *arg)
{
    struct lander *l = arg;
    while (rung(l->ask) && l->job != NULL) {
        l->run(l->job);
        ring(l->done);
    }
    return NULL;
}

static bool start(struct lander *l)
{
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    if (pthread_sigmask(SIG_SETMASK, &all, &before) != 0)
        return false;
    l->started = pthread_create(&l->thread, NULL, work, l) == 0;
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL); /* what it was cannot be invalid */
    return l->started;
}

enum err lander_open(struct lander **out, lander_fn *run)
{
    *out = NULL;
    struct lander *l = calloc(1, sizeof *l);
    if (l == NULL)
        return ERR_NO_MEMORY;
    l->run = run;
    l->ask = eventfd(0, EFD_CLOEXEC);
    l->done = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (l->ask == -1 || l->done == -1 || !start(l)) {
        lander_close(&l);
        return ERR_NO_MEMORY;
    }
    *out = l;
    return OK;
}

void lander_close(struct lander **lander)
{
    if (lander == NULL || *lander == NULL)
        return;
    struct lander *l = *lander;
    if (l->started) {
        struct pollfd done = {.fd = l->done, .events = POLLIN};
        while (l->busy && !lander_take(l))
            (void)poll(&done, 1, -1); /* interrupted or not: lander_take tells */
        l->job = NULL;
        ring(l->ask);
        (void)pthread_join(l->thread, NULL); /* it was started and is joined once */
    }
    if (l->ask != -1)
        close(l->ask);
    if (l->done != -1)
        close(l->done);
    free(l);
    *lander = NULL;
}

int lander_fd(const struct lander *l)
{
    return l->done;
}

enum err lander_begin(struct lander *l, void *job)
{
    if (l->busy || job == NULL)
        return ERR_INTERNAL;
    l->busy = true;
    l->job = job;
    ring(l->ask);
    return OK;
}

bool lander_take(struct lander *l)
{
    if (!l->busy || !rung(l->done))
        return false;
    l->busy = false;
    return true;
}
