/* Checks the promises in base/file.h, on a directory of its own. */
#include "base/file.h"

#include "fault/memory.h"
#include "fault/refusal.h"

#include "folder.h"
#include "t.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct fixture {
    char dir[FOLDER_MAX];
    char path[FOLDER_PATH_MAX];
    char other[FOLDER_PATH_MAX];
};

static int setup(void **state)
{
    static struct fixture f;
    folder_make(f.dir, "file");
    snprintf(f.path, sizeof f.path, "%s/a", f.dir);
    snprintf(f.other, sizeof f.other, "%s/b", f.dir);
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    unlink(f->path);
    unlink(f->other);
    return rmdir(f->dir); /* fails when a temporary file was left */
}

static void what_is_written_is_read_with_its_mode(void **state)
{
    struct fixture *f = *state;
    uint8_t *data;
    size_t len;
    struct stat st;
    assert_int_equal(file_write(f->path, span_str("hello"), 0600, 0, NULL), OK);
    assert_int_equal(file_read(f->path, 5, FILE_PRIVATE | FILE_NOFOLLOW, &data, &len, NULL), OK);
    assert_int_equal(len, 5);
    assert_string_equal((char *)data, "hello");
    free(data);
    assert_int_equal(file_write(f->path, span_str(""), 0640, 0, NULL), OK);
    assert_int_equal(stat(f->path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0640);
    assert_int_equal(file_read(f->path, 0, 0, &data, &len, NULL), OK);
    assert_int_equal(len, 0);
    free(data);
}

static void a_new_file_never_replaces(void **state)
{
    struct fixture *f = *state;
    uint8_t *data;
    size_t len;
    assert_int_equal(file_write(f->path, span_str("one"), 0600, FILE_NEW, NULL), OK);
    assert_int_equal(file_write(f->path, span_str("two"), 0600, FILE_NEW, NULL), ERR_EXISTS);
    assert_int_equal(file_read(f->path, 10, 0, &data, &len, NULL), OK);
    assert_string_equal((char *)data, "one");
    free(data);
}

static void unsafe_files_are_refused(void **state)
{
    struct fixture *f = *state;
    uint8_t *data;
    size_t len;
    struct fault fault;
    assert_int_equal(file_read(f->path, 10, 0, &data, &len, &fault), ERR_NOT_FOUND);
    assert_string_equal(fault.where, f->path);
    assert_int_equal(file_write(f->path, span_str("12345678901"), 0644, 0, NULL), OK);
    assert_int_equal(file_read(f->path, 10, 0, &data, &len, NULL), ERR_TOO_LARGE);
    assert_int_equal(file_read(f->path, 11, FILE_PRIVATE, &data, &len, NULL), ERR_PERMISSION);
    assert_int_equal(symlink(f->path, f->other), 0);
    assert_int_equal(file_read(f->other, 11, FILE_NOFOLLOW, &data, &len, NULL), ERR_PERMISSION);
    assert_int_equal(file_read(f->dir, 11, 0, &data, &len, NULL), ERR_FIELD_VALUE);
    assert_null(data);
    assert_int_equal(unlink(f->other), 0);
    assert_int_equal(mkfifo(f->other, 0600), 0);
    assert_int_equal(file_read(f->other, 11, 0, &data, &len, NULL), ERR_FIELD_VALUE);
}

static void a_failed_write_leaves_nothing(void **state)
{
    struct fixture *f = *state;
    char path[FOLDER_PATH_MAX + 16];
    snprintf(path, sizeof path, "%s/none/a", f->dir);
    assert_int_equal(file_write(path, span_str("x"), 0600, 0, NULL), ERR_NOT_FOUND);
    /* A directory in the way: rename fails, the temporary file is gone (teardown checks). */
    assert_int_equal(mkdir(f->path, 0700), 0);
    assert_int_not_equal(file_write(f->path, span_str("x"), 0600, 0, NULL), OK);
    assert_int_equal(rmdir(f->path), 0);
}

static void rename_moves_and_private_directories_are_checked(void **state)
{
    struct fixture *f = *state;
    char dir[FOLDER_PATH_MAX + 16];
    assert_int_equal(file_write(f->path, span_str("x"), 0600, 0, NULL), OK);
    assert_int_equal(file_rename(f->path, f->other, NULL), OK);
    assert_int_equal(access(f->other, F_OK), 0);
    assert_int_equal(file_rename(f->path, f->other, NULL), ERR_NOT_FOUND);
    snprintf(dir, sizeof dir, "%s/state", f->dir);
    assert_int_equal(file_private_dir(dir, 0700, NULL), OK);
    assert_int_equal(file_private_dir(dir, 0700, NULL), OK);
    assert_int_equal(chmod(dir, 0755), 0);
    assert_int_equal(file_private_dir(dir, 0700, NULL), ERR_PERMISSION);
    assert_int_equal(rmdir(dir), 0);
}

/* ---- what the system refuses ---- */

static struct fixture *live;

static bool is_empty(const char *dir)
{
    size_t count = 0;
    DIR *d = opendir(dir);
    assert_non_null(d);
    while (readdir(d) != NULL)
        count++;
    closedir(d);
    return count == 2;
}

/* Written under its name and read back; nothing stays when it is not. */
static enum err written(void)
{
    uint8_t *data = NULL;
    size_t len = 0;
    enum err err = file_write(live->path, span_str("hello"), 0600, FILE_NEW, NULL);
    const bool there = access(live->path, F_OK) == 0;
    if (err == OK)
        err = file_read(live->path, 5, FILE_PRIVATE, &data, &len, NULL);
    if (err == OK)
        assert_true(span_eq(span_of(data, len), span_str("hello")));
    free(data);
    if (there)
        assert_int_equal(unlink(live->path), 0);
    assert_true(is_empty(live->dir));
    return err;
}

static enum err renamed(void)
{
    char other[FOLDER_PATH_MAX + 16];
    const int fd = creat(live->path, 0600);
    enum err err = fd < 0 || mkdir(live->other, 0700) != 0 ? ERR_IO : OK;
    if (fd >= 0 && close(fd) != 0)
        err = ERR_IO;
    snprintf(other, sizeof other, "%s/b", live->other);
    if (err == OK)
        err = file_rename(live->path, other, NULL);
    unlink(live->path);
    unlink(other);
    rmdir(live->other);
    return err;
}

static enum err private_place(void)
{
    const enum err err = file_private_dir(live->other, 0700, NULL);
    rmdir(live->other);
    return err;
}

static void whatever_the_system_refuses_is_said_and_leaves_nothing(void **state)
{
    live = *state;
    refusal_hold("written", written);
    refusal_hold("renamed", renamed);
    refusal_hold("private place", private_place);
    refusal_interrupt("written", written);
    memory_hold("written", written);
}

/* In the system's own words, by what is to be done about them. */
static void an_error_of_the_system_has_its_code(void **state)
{
    static const struct {
        int number;
        enum err want;
    } rows[] = {
        {ENOENT, ERR_NOT_FOUND},
        {ENOTDIR, ERR_NOT_FOUND},
        {EACCES, ERR_PERMISSION},
        {EPERM, ERR_PERMISSION},
        {EROFS, ERR_PERMISSION},
        {ELOOP, ERR_PERMISSION},
        {ENOSPC, ERR_DISK_FULL},
        {EDQUOT, ERR_DISK_FULL},
        {EFBIG, ERR_TOO_LARGE},
        {EEXIST, ERR_EXISTS},
        {ENAMETOOLONG, ERR_TOO_LARGE},
        {ENOMEM, ERR_NO_MEMORY},
        {EIO, ERR_IO},
        {0, ERR_IO},
    };
    (void)state;
    for (size_t i = 0; i < T_COUNT(rows); i++)
        assert_int_equal(file_errno(rows[i].number), rows[i].want);
}

/* The system's own files say that they have no bytes, and have. */
static enum err grown(void)
{
    uint8_t *data = NULL;
    size_t len = 0;
    const enum err err = file_read("/proc/self/status", 64 << 10, 0, &data, &len, NULL);
    assert_true(err != OK || (len > 100 && data[len] == 0));
    free(data);
    return err;
}

static void a_file_that_grows_is_read_within_its_bound(void **state)
{
    uint8_t *data = NULL;
    size_t len = 0;
    (void)state;
    assert_int_equal(grown(), OK);
    memory_hold("grown", grown);
    assert_int_equal(file_read("/proc/self/status", 100, 0, &data, &len, NULL), ERR_TOO_LARGE);
    assert_null(data);
}

static void anothers_files_are_not_taken_for_ours(void **state)
{
    struct fixture *f = *state;
    uint8_t *data;
    size_t len;
    if (geteuid() != 0)
        return; /* nobody else can give a file away */
    assert_int_equal(file_write(f->path, span_str("x"), 0600, 0, NULL), OK);
    assert_int_equal(chown(f->path, 65534, (gid_t)-1), 0);
    assert_int_equal(file_read(f->path, 1, FILE_PRIVATE, &data, &len, NULL), ERR_PERMISSION);
    assert_int_equal(mkdir(f->other, 0700), 0);
    assert_int_equal(chown(f->other, 65534, (gid_t)-1), 0);
    assert_int_equal(file_private_dir(f->other, 0700, NULL), ERR_PERMISSION);
    assert_int_equal(rmdir(f->other), 0);
}

static void names_that_are_taken_or_too_long_are_said(void **state)
{
    struct fixture *f = *state;
    char temp[FOLDER_PATH_MAX + 32];
    char longer[4096 + 2];
    (void)state;
    for (unsigned i = 0; i < 100; i++) {
        snprintf(temp, sizeof temp, "%s.%ld-%u.tmp", f->path, (long)getpid(), i);
        const int fd = creat(temp, 0600);
        assert_true(fd >= 0);
        close(fd);
    }
    assert_int_equal(file_write(f->path, span_str("x"), 0600, 0, NULL), ERR_EXISTS);
    for (unsigned i = 0; i < 100; i++) {
        snprintf(temp, sizeof temp, "%s.%ld-%u.tmp", f->path, (long)getpid(), i);
        assert_int_equal(unlink(temp), 0);
    }
    memset(longer, 'a', sizeof longer);
    longer[4090] = '\0';
    assert_int_equal(file_write(longer, span_str("x"), 0600, 0, NULL), ERR_TOO_LARGE);
    snprintf(temp, sizeof temp, "%s/none/state", f->dir);
    assert_int_equal(file_private_dir(temp, 0700, NULL), ERR_NOT_FOUND);
}

static void a_name_without_a_folder_lies_where_we_are(void **state)
{
    struct fixture *f = *state;
    char here[PATH_MAX];
    assert_non_null(getcwd(here, sizeof here));
    assert_int_equal(chdir(f->dir), 0);
    assert_int_equal(file_write("a", span_str("x"), 0600, 0, NULL), OK);
    assert_int_equal(chdir(here), 0);
    assert_int_equal(access(f->path, F_OK), 0);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(what_is_written_is_read_with_its_mode),
        CASE(a_new_file_never_replaces),
        CASE(unsafe_files_are_refused),
        CASE(a_failed_write_leaves_nothing),
        CASE(rename_moves_and_private_directories_are_checked),
        CASE(whatever_the_system_refuses_is_said_and_leaves_nothing),
        CASE(an_error_of_the_system_has_its_code),
        CASE(a_file_that_grows_is_read_within_its_bound),
        CASE(anothers_files_are_not_taken_for_ours),
        CASE(names_that_are_taken_or_too_long_are_said),
        CASE(a_name_without_a_folder_lies_where_we_are),
    };
    return cmocka_run_group_tests_name("file", tests, NULL, NULL);
}
