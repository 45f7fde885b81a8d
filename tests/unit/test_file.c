/* Checks the promises in base/file.h, on a directory of its own. */
#include "base/file.h"

#include "folder.h"
#include "t.h"

#include <dirent.h>
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

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(what_is_written_is_read_with_its_mode),
        CASE(a_new_file_never_replaces),
        CASE(unsafe_files_are_refused),
        CASE(a_failed_write_leaves_nothing),
        CASE(rename_moves_and_private_directories_are_checked),
    };
    return cmocka_run_group_tests_name("file", tests, NULL, NULL);
}
