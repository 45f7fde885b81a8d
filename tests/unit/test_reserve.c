/* Checks the promises of store/reserve.h and what the store makes of them. A disk without room is a
 * limit on the size of files, set in a child process. */
#include "unit/store_place.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

enum { RESERVE = 1 << 20, LIMIT = RESERVE / 2, BLOCK = 512 };

static enum err open_with(struct place *p, uint64_t bytes)
{
    const struct store_options options = {.path = p->path, .reserve_bytes = bytes};
    store_close(&p->s);
    return store_open(&p->s, &options, &p->f);
}

/* Bytes that the reserve really takes; 0 when there is none. */
static uint64_t taken(const struct place *p)
{
    char name[FOLDER_PATH_MAX + 16];
    struct stat st;
    snprintf(name, sizeof name, "%s.reserve", p->path);
    if (stat(name, &st) == -1)
        return 0;
    assert_int_equal(st.st_mode & 07777u, 0600);
    return (uint64_t)st.st_blocks * BLOCK;
}

static void a_reserve_is_really_there(void **state)
{
    struct place *p = *state;
    assert_int_equal(taken(p), 0);
    assert_false(store_reserve_held(p->s));
    assert_int_equal(store_reserve_restore(p->s), OK); /* none is asked for: none is made */
    assert_false(store_reserve_held(p->s));
    for (int restart = 0; restart < 2; restart++) {
        assert_int_equal(open_with(p, RESERVE), OK);
        assert_true(store_reserve_held(p->s));
        assert_true(taken(p) >= RESERVE);
    }
    assert_int_equal(open_with(p, 0), OK); /* not wanted any more */
    assert_int_equal(taken(p), 0);
}

static void its_space_comes_back_and_is_taken_again(void **state)
{
    struct place *p = *state;
    assert_int_equal(open_with(p, RESERVE), OK);
    for (int round = 0; round < 2; round++) {
        assert_int_equal(store_reserve_release(p->s), OK);
        assert_false(store_reserve_held(p->s));
        assert_int_equal(taken(p), 0);
        assert_int_equal(store_reserve_release(p->s), OK); /* twice is no harm */
        assert_int_equal(store_reserve_restore(p->s), OK);
        assert_int_equal(store_reserve_restore(p->s), OK);
        assert_true(store_reserve_held(p->s) && taken(p) >= RESERVE);
    }
}

static void a_long_file_without_blocks_is_no_reserve(void **state)
{
    struct place *p = *state;
    char name[FOLDER_PATH_MAX + 16];
    snprintf(name, sizeof name, "%s.reserve", p->path);
    int fd = open(name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_int_equal(ftruncate(fd, RESERVE), 0);
    close(fd);
    assert_int_equal(open_with(p, RESERVE), OK);
    assert_true(taken(p) >= RESERVE);
}

static void a_reserve_of_others_is_refused(void **state)
{
    struct place *p = *state;
    char name[FOLDER_PATH_MAX + 16];
    snprintf(name, sizeof name, "%s.reserve", p->path);
    assert_int_equal(symlink(p->path, name), 0);
    assert_int_equal(open_with(p, RESERVE), ERR_PERMISSION);
    assert_int_equal(unlink(name), 0);
    int fd = open(name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_int_equal(fchmod(fd, 0644), 0);
    close(fd);
    assert_int_equal(open_with(p, RESERVE), ERR_PERMISSION);
    assert_int_equal(unlink(name), 0);
    assert_int_equal(open_with(p, 0), OK);
}

static void limit_files(rlim_t bytes)
{
    const struct rlimit limit = {bytes, RLIM_INFINITY};
    const struct sigaction ignore = {.sa_handler = SIG_IGN};
    if (sigaction(SIGXFSZ, &ignore, NULL) != 0 || setrlimit(RLIMIT_FSIZE, &limit) != 0)
        _exit(90);
}

#define CHILD(condition, code)                                                                     \
    do {                                                                                           \
        if (!(condition))                                                                          \
            _exit(code);                                                                           \
    } while (0)

/* Opening goes on without it; nothing half made stays; with room it is there. */
static void live_without_room(struct place *p)
{
    limit_files(LIMIT);
    CHILD(open_with(p, RESERVE) == OK, 1);
    CHILD(!store_reserve_held(p->s) && taken(p) == 0, 2);
    CHILD(store_reserve_restore(p->s) == ERR_DISK_FULL, 3);
    CHILD(taken(p) == 0, 4);
    CHILD(store_begin(p->s, 5) == OK && store_meta_put_u64(p->s, "a", 1) == OK, 5);
    CHILD(store_commit(p->s) == OK, 6);
    limit_files(RLIM_INFINITY);
    CHILD(store_reserve_restore(p->s) == OK && store_reserve_held(p->s), 7);
    store_close(&p->s);
    _exit(0);
}

/* A disk that is full for the log and then has room again: no restart, nothing lost. */
static void live_on_after_a_full_disk(struct place *p)
{
    static const uint8_t value[STORE_META_MAX];
    uint64_t got;
    unsigned refused = 0;
    limit_files(LIMIT);
    for (uint64_t i = 0; refused < 3; i++) {
        char name[STORE_NAME_MAX];
        CHILD(store_begin(p->s, 5 + i) == OK, 1);
        enum err err = store_meta_put_u64(p->s, "count", i - refused);
        for (int k = 0; k < 8 && err == OK; k++) {
            snprintf(name, sizeof name, "value.%llu.%d", (unsigned long long)i, k);
            err = store_meta_put(p->s, name, span_of(value, sizeof value));
        }
        err = err == OK ? store_commit(p->s) : (store_rollback(p->s), err);
        CHILD(err == OK || err == ERR_DISK_FULL, 2);
        refused += err == ERR_DISK_FULL;
        CHILD(i < 1000, 3);
        CHILD(refused == 0 || store_meta_get_u64(p->s, "count", &got) == OK, 4);
    }
    limit_files(RLIM_INFINITY);
    CHILD(store_begin(p->s, 9999) == OK && store_meta_put_u64(p->s, "after", 1) == OK, 5);
    CHILD(store_commit(p->s) == OK, 6);
    CHILD(store_idle(p->s) == OK, 7);
    store_close(&p->s);
    _exit(0);
}

static void in_a_child(struct place *p, void (*live)(struct place *p))
{
    int status;
    store_close(&p->s); /* a database is no child's to inherit */
    fflush(stdout);
    pid_t child = fork();
    assert_int_not_equal(child, -1);
    if (child == 0) {
        CHILD(place_try_open(p) == OK, 80);
        live(p);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    assert_int_equal(place_try_open(p), OK);
}

static void no_room_for_it_is_no_reason_not_to_start(void **state)
{
    in_a_child(*state, live_without_room);
}

static void a_full_disk_is_over_without_a_restart(void **state)
{
    struct place *p = *state;
    uint64_t value;
    in_a_child(p, live_on_after_a_full_disk);
    assert_int_equal(store_meta_get_u64(p->s, "after", &value), OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_reserve_is_really_there),
        CASE(its_space_comes_back_and_is_taken_again),
        CASE(a_long_file_without_blocks_is_no_reserve),
        CASE(a_reserve_of_others_is_refused),
        CASE(no_room_for_it_is_no_reason_not_to_start),
        CASE(a_full_disk_is_over_without_a_restart),
    };
    return cmocka_run_group_tests_name("reserve", tests, NULL, NULL);
}
