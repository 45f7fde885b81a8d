/* Checks the guarantees of net/lander.h. The worker stands still where a test wants it to: it reads
 * a pipe that the test writes. */
#include "net/lander.h"

#include "t.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

struct job {
    int gate[2]; /* the worker waits for a byte of it */
    pthread_t in;
    unsigned times;
    bool signals_blocked;
    char heard;
};

static void job_run(void *arg)
{
    struct job *job = arg;
    sigset_t mask;
    job->in = pthread_self();
    job->times++;
    job->signals_blocked = pthread_sigmask(SIG_SETMASK, NULL, &mask) == 0 &&
                           sigismember(&mask, SIGTERM) == 1 && sigismember(&mask, SIGHUP) == 1;
    if (read(job->gate[0], &job->heard, 1) != 1)
        job->heard = '?';
}

static void job_init(struct job *job)
{
    *job = (struct job){.times = 0};
    assert_int_equal(pipe(job->gate), 0);
}

static void job_fini(struct job *job)
{
    close(job->gate[0]);
    close(job->gate[1]);
}

static void open_gate(const struct job *job, char with)
{
    assert_int_equal(write(job->gate[1], &with, 1), 1);
}

static void take(struct lander *l)
{
    struct pollfd fd = {.fd = lander_fd(l), .events = POLLIN};
    assert_int_equal(poll(&fd, 1, 10000), 1);
    assert_true(lander_take(l));
}

static void a_job_runs_once_in_another_thread_and_comes_back(void **state)
{
    (void)state;
    struct lander *l;
    struct job job;
    job_init(&job);
    assert_int_equal(lander_open(&l, job_run), OK);
    assert_false(lander_take(l)); /* nothing was begun */
    for (unsigned i = 1; i <= 100; i++) {
        const char sign = (char)('a' + i % 26);
        assert_int_equal(lander_begin(l, &job), OK);
        open_gate(&job, sign);
        take(l);
        assert_int_equal(job.times, i);
        assert_int_equal(job.heard, sign);
        assert_false(lander_take(l)); /* once */
    }
    assert_false(pthread_equal(job.in, pthread_self()));
    assert_true(job.signals_blocked);
    lander_close(&l);
    assert_null(l);
    job_fini(&job);
}

static void while_a_job_runs_nothing_is_readable_and_no_other_begins(void **state)
{
    (void)state;
    struct lander *l;
    struct job job;
    struct job other;
    job_init(&job);
    job_init(&other);
    assert_int_equal(lander_open(&l, job_run), OK);
    assert_int_equal(lander_begin(l, NULL), ERR_INTERNAL);
    assert_int_equal(lander_begin(l, &job), OK);
    struct pollfd fd = {.fd = lander_fd(l), .events = POLLIN};
    assert_int_equal(poll(&fd, 1, 0), 0);
    assert_false(lander_take(l));
    assert_int_equal(lander_begin(l, &other), ERR_INTERNAL);
    open_gate(&job, 'x');
    take(l);
    assert_int_equal(poll(&fd, 1, 0), 0);
    assert_int_equal(other.times, 0);
    lander_close(&l);
    job_fini(&job);
    job_fini(&other);
}

static void closing_waits_for_the_job_that_runs(void **state)
{
    (void)state;
    struct lander *l;
    struct job job;
    job_init(&job);
    assert_int_equal(lander_open(&l, job_run), OK);
    assert_int_equal(lander_begin(l, &job), OK);
    open_gate(&job, 'y');
    lander_close(&l);
    assert_int_equal(job.heard, 'y');
    lander_close(&l);
    lander_close(NULL);
    job_fini(&job);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_job_runs_once_in_another_thread_and_comes_back),
        cmocka_unit_test(while_a_job_runs_nothing_is_readable_and_no_other_begins),
        cmocka_unit_test(closing_waits_for_the_job_that_runs),
    };
    return cmocka_run_group_tests_name("lander", tests, NULL, NULL);
}
