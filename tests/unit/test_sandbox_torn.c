/* Checks base/sandbox.h with a kernel that we are: what it is asked for, on each version of
 * Landlock, and that a process is not shut in by half when it refuses. Nobody is confined here. */
#include "base/log.h"
#include "base/sandbox.h"

#include "fault/refusal.h"

#include "folder.h"
#include "t.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
    PLACES = 64,
    READ = 1 << 2 | 1 << 3, /* LANDLOCK_ACCESS_FS_READ_FILE, _READ_DIR */
    READ_FILE = 1 << 2,
    WRITE_FILE = 1 << 1,
    EXECUTE = 1 << 0,
    MAKE_SYM = 1 << 12,
    REFER = 1 << 13,
    TRUNCATE = 1 << 14,
    FIRST = (1 << 13) - 1,
};

/* How the kernel answers, and what it was asked. */
static struct {
    long abi;
    bool no_privs, no_ruleset, no_rule, no_self, no_seccomp;
    uint64_t files, scope;
    size_t asked_len;
    size_t count;
    struct {
        char path[256];
        uint64_t access;
    } place[PLACES];
    unsigned selves, filters;
    unsigned short filter_len;
} k;

static long answer(bool refused, long said)
{
    errno = EPERM;
    return refused ? -1 : said;
}

static void note_place(const uint64_t *rule)
{
    int fd = -1;
    char link[64];
    assert_true(k.count < PLACES);
    memcpy(&fd, rule + 1, sizeof fd);
    k.place[k.count].access = rule[0];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    const ssize_t len = readlink(link, k.place[k.count].path, sizeof k.place[0].path - 1);
    assert_true(len > 0);
    k.place[k.count++].path[len] = '\0';
}

long __wrap_syscall(long number, ...);
int __wrap_prctl(int option, ...);

long __wrap_syscall(long number, ...)
{
    va_list rest;
    va_start(rest, number);
    const long first = va_arg(rest, long);
    const long second = va_arg(rest, long);
    const long third = va_arg(rest, long);
    va_end(rest);
    switch (number) {
    case SYS_landlock_create_ruleset:
        if (first == 0)
            return k.abi;
        memcpy(&k.files, (const void *)first, sizeof k.files);
        k.asked_len = (size_t)second;
        if ((size_t)second > sizeof k.files)
            memcpy(&k.scope, (const uint64_t *)first + 2, sizeof k.scope);
        return k.no_ruleset ? answer(true, 0) : eventfd(0, EFD_CLOEXEC);
    case SYS_landlock_add_rule:
        note_place((const uint64_t *)third);
        return answer(k.no_rule, 0);
    case SYS_landlock_restrict_self:
        k.selves++;
        return answer(k.no_self, 0);
    case SYS_seccomp:
        k.filters++;
        memcpy(&k.filter_len, (const void *)third, sizeof k.filter_len);
        return answer(k.no_seccomp, 0);
    default:
        fail_msg("system call %ld", number);
        return -1;
    }
}

int __wrap_prctl(int option, ...)
{
    assert_int_equal(option, PR_SET_NO_NEW_PRIVS);
    return (int)answer(k.no_privs, 0);
}

static char place[FOLDER_MAX];
static char file[FOLDER_PATH_MAX];

static int setup(void **state)
{
    (void)state;
    memset(&k, 0, sizeof k);
    k.abi = 7;
    folder_make(place, "sandbox");
    snprintf(file, sizeof file, "%s/file", place);
    close(creat(file, 0600));
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    folder_remove(place);
    return 0;
}

static enum err enter(const struct sandbox_place *places, size_t count)
{
    struct fault fault = {.err = OK};
    k.count = 0;
    k.selves = k.filters = 0;
    return sandbox_enter(SANDBOX_HUB, places, count, &fault);
}

/* The last place that was allowed. */
static void allowed(const char *path, uint64_t some, uint64_t none)
{
    assert_true(k.count > 0);
    assert_string_equal(k.place[k.count - 1].path, path);
    assert_int_equal(k.place[k.count - 1].access & some, some);
    assert_int_equal(k.place[k.count - 1].access & none, 0);
}

static void each_version_of_landlock_is_asked_for_what_it_knows(void **state)
{
    static const struct {
        long abi;
        uint64_t files;
        size_t len;
        uint64_t scope;
    } rows[] = {
        {1, FIRST, 8, 0},
        {2, FIRST | REFER, 8, 0},
        {3, FIRST | REFER | TRUNCATE, 8, 0},
        {5, FIRST | REFER | TRUNCATE, 8, 0},
        {6, FIRST | REFER | TRUNCATE, 24, 3},
        {9, FIRST | REFER | TRUNCATE, 24, 3},
    };
    (void)state;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        print_message("version %ld\n", rows[i].abi);
        k.abi = rows[i].abi;
        k.scope = 0;
        assert_int_equal(enter(NULL, 0), OK);
        assert_int_equal(k.files, rows[i].files);
        assert_int_equal(k.asked_len, rows[i].len);
        assert_int_equal(k.scope, rows[i].scope);
        assert_int_equal(k.selves, 1);
        assert_int_equal(k.filters, 1);
        assert_true(k.filter_len > 10);
    }
}

/* Then files are kept by their modes alone, and calls by the filter. */
static void without_landlock_calls_are_restricted_all_the_same(void **state)
{
    (void)state;
    for (k.abi = -1; k.abi <= 0; k.abi++) {
        assert_int_equal(enter(NULL, 0), OK);
        assert_int_equal(k.selves, 0);
        assert_int_equal(k.filters, 1);
    }
}

static void whatever_the_kernel_refuses_the_process_is_told(void **state)
{
    bool *const refusals[] = {&k.no_privs, &k.no_ruleset, &k.no_rule, &k.no_self, &k.no_seccomp};
    const struct sandbox_place places[] = {{place, SANDBOX_READ}};
    (void)state;
    for (size_t i = 0; i < T_COUNT(refusals); i++) {
        print_message("refusal %zu\n", i);
        *refusals[i] = true;
        assert_int_equal(enter(places, 1), ERR_SANDBOX);
        assert_int_equal(k.filters, i + 1 == T_COUNT(refusals));
        *refusals[i] = false;
        assert_int_equal(enter(places, 1), OK);
    }
}

static enum err shut_in(void)
{
    const struct sandbox_place places[] = {{place, SANDBOX_READ}};
    return enter(places, 1);
}

/* Nor does it go on with fewer places than it was told. */
static void a_place_that_cannot_be_looked_at_is_not_passed_over(void **state)
{
    (void)state;
    refusal_hold("shut in", shut_in);
}

/* Nobody else is asked whether it is there. */
static void a_place_that_we_may_not_reach_is_left_out(void **state)
{
    enum { NOBODY = 65534 };
    const struct sandbox_place places[] = {{file, SANDBOX_READ}};
    const bool root = geteuid() == 0;
    (void)state;
    assert_int_equal(enter(NULL, 0), OK);
    const size_t own = k.count;
    assert_int_equal(chmod(place, 0), 0);
    assert_int_equal(root ? seteuid(NOBODY) : 0, 0);
    const enum err err = enter(places, 1);
    assert_int_equal(root ? seteuid(0) : 0, 0);
    assert_int_equal(chmod(place, 0700), 0);
    assert_int_equal(err, OK);
    assert_int_equal(k.count, own);
}

static void a_place_is_itself_or_all_that_lies_beside_it(void **state)
{
    char here[FOLDER_PATH_MAX];
    char loop[FOLDER_PATH_MAX];
    char below[FOLDER_PATH_MAX + 8];
    char longer[2000];
    (void)state;
    assert_int_equal(enter((const struct sandbox_place[]){{place, SANDBOX_READ}}, 1), OK);
    allowed(place, READ, WRITE_FILE | EXECUTE);
    assert_int_equal(enter((const struct sandbox_place[]){{place, SANDBOX_WRITE}}, 1), OK);
    allowed(place, READ | WRITE_FILE | TRUNCATE, EXECUTE | MAKE_SYM);
    assert_int_equal(enter((const struct sandbox_place[]){{file, SANDBOX_WRITE}}, 1), OK);
    allowed(file, READ_FILE | WRITE_FILE | TRUNCATE, READ & ~READ_FILE);
    const unsigned beside = SANDBOX_READ | SANDBOX_BESIDE;
    assert_int_equal(enter((const struct sandbox_place[]){{file, beside}}, 1), OK);
    allowed(place, READ, WRITE_FILE);
    assert_int_equal(enter((const struct sandbox_place[]){{"/none", beside}}, 1), OK);
    allowed("/", READ, WRITE_FILE);
    assert_non_null(getcwd(here, sizeof here));
    assert_int_equal(enter((const struct sandbox_place[]){{"none", beside}}, 1), OK);
    allowed(here, READ, WRITE_FILE);
    /* what is left out */
    const size_t own = k.count - 1;
    snprintf(below, sizeof below, "%s/below", file);
    const struct sandbox_place none[] = {
        {NULL, SANDBOX_READ}, {"", SANDBOX_READ}, {"/none", SANDBOX_READ}, {below, SANDBOX_READ}};
    assert_int_equal(enter(none, T_COUNT(none)), OK);
    assert_int_equal(k.count, own);
    /* and what is refused */
    snprintf(loop, sizeof loop, "%s/loop/x", place);
    *strrchr(loop, '/') = '\0';
    assert_int_equal(symlink(loop, loop), 0);
    snprintf(loop, sizeof loop, "%s/loop/x", place);
    assert_int_equal(enter((const struct sandbox_place[]){{loop, SANDBOX_READ}}, 1), ERR_SANDBOX);
    assert_int_equal(k.selves, 0);
    memset(longer, 'a', sizeof longer);
    longer[sizeof longer - 1] = '\0';
    assert_int_equal(enter((const struct sandbox_place[]){{longer, SANDBOX_READ}}, 1),
                     ERR_FIELD_LONG);
    assert_int_equal(k.filters, 0);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(each_version_of_landlock_is_asked_for_what_it_knows),
        CASE(without_landlock_calls_are_restricted_all_the_same),
        CASE(whatever_the_kernel_refuses_the_process_is_told),
        CASE(a_place_that_cannot_be_looked_at_is_not_passed_over),
        CASE(a_place_that_we_may_not_reach_is_left_out),
        CASE(a_place_is_itself_or_all_that_lies_beside_it),
    };
    log_open(-1, LOG_LEVEL_OFF);
    return cmocka_run_group_tests_name("sandbox_torn", tests, NULL, NULL);
}
