/* Checks of keys/private_file.h what test_keyfile.c does not: the folder that a secret lies in. */
#include "keys/private_file.h"

#include "folder.h"
#include "t.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SOMEBODY_ELSE = 12345 };

struct fixture {
    char dir[FOLDER_MAX];
    char path[FOLDER_PATH_MAX];
    struct fault fault;
};

static struct fixture f;

static int setup(void **state)
{
    (void)state;
    f = (struct fixture){.fault = {.err = OK}};
    folder_make(f.dir, "private");
    snprintf(f.path, sizeof f.path, "%s/key", f.dir);
    return close(open(f.path, O_WRONLY | O_CREAT | O_EXCL, 0600));
}

static int teardown(void **state)
{
    (void)state;
    folder_remove(f.dir);
    return 0;
}

static enum err opens(const char *path)
{
    int fd = -1;
    const enum err err = private_file_open(&fd, path, &f.fault);
    assert_int_equal(fd >= 0, err == OK);
    if (fd >= 0)
        close(fd);
    return err;
}

/* He could put another of our files in its place, such as a key that was replaced. */
static void a_file_in_a_folder_that_others_write_to_is_refused(void **state)
{
    static const struct {
        mode_t mode;
        enum err expected;
    } rows[] = {{0770, ERR_PERMISSION},
                {0702, ERR_PERMISSION},
                {0720, ERR_PERMISSION},
                {0755, OK},
                {01777, OK},
                {0500, OK}};
    (void)state;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        print_message("row %zu\n", i);
        assert_int_equal(chmod(f.dir, rows[i].mode), 0);
        assert_int_equal(opens(f.path), rows[i].expected);
    }
}

static void a_name_alone_lies_in_the_folder_where_we_are(void **state)
{
    char here[FOLDER_PATH_MAX];
    (void)state;
    assert_non_null(getcwd(here, sizeof here));
    assert_int_equal(chdir(f.dir), 0);
    assert_int_equal(opens("key"), OK);
    assert_int_equal(opens("none"), ERR_NOT_FOUND);
    assert_int_equal(chmod(f.dir, 0770), 0);
    assert_int_equal(opens("key"), ERR_PERMISSION);
    assert_int_equal(chdir(here), 0);
}

static void a_folder_of_somebody_else_is_refused(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip(); /* nobody else can give a folder away */
    assert_int_equal(chown(f.dir, SOMEBODY_ELSE, (gid_t)-1), 0);
    assert_int_equal(opens(f.path), ERR_PERMISSION);
    assert_non_null(strstr(f.fault.detail, "folder"));
    assert_int_equal(chown(f.dir, 0, (gid_t)-1), 0);
    assert_int_equal(opens(f.path), OK);
}

/* What root puts before a program that is not root: a folder of its own keys, and credentials. */
static void what_root_keeps_for_us_serves(void **state)
{
    enum { NOBODY = 65534 };
    static const char credential[] = "credential:key";
    (void)state;
    if (geteuid() != 0)
        skip();
    assert_int_equal(chown(f.dir, 0, NOBODY), 0);
    assert_int_equal(chmod(f.dir, 0710), 0);
    assert_int_equal(chown(f.path, NOBODY, NOBODY), 0);
    assert_int_equal(setegid(NOBODY), 0);
    assert_int_equal(seteuid(NOBODY), 0);
    const enum err own = opens(f.path);
    assert_int_equal(seteuid(0), 0);
    assert_int_equal(chmod(f.dir, 0550), 0);
    assert_int_equal(chown(f.path, 0, NOBODY), 0);
    assert_int_equal(chmod(f.path, 0640), 0);
    assert_int_equal(setenv("CREDENTIALS_DIRECTORY", f.dir, 1), 0);
    assert_int_equal(seteuid(NOBODY), 0);
    const enum err given = opens(credential);
    assert_int_equal(seteuid(0), 0);
    assert_int_equal(setegid(0), 0);
    assert_int_equal(unsetenv("CREDENTIALS_DIRECTORY"), 0);
    assert_int_equal(own, OK);
    assert_int_equal(given, OK);
}

static void a_folder_that_is_none_or_has_no_end_is_refused(void **state)
{
    char far[8192];
    char path[FOLDER_PATH_MAX + 16];
    (void)state;
    memset(far, 'a', sizeof far);
    far[0] = '/';
    far[sizeof far - 2] = '/';
    far[sizeof far - 1] = '\0';
    assert_int_equal(opens(far), ERR_IO);
    snprintf(path, sizeof path, "%s/key", f.path);
    assert_int_equal(opens(path), ERR_NOT_FOUND);
    snprintf(path, sizeof path, "%s/none/key", f.dir);
    assert_int_equal(opens(path), ERR_NOT_FOUND);
    assert_int_equal(opens("/"), ERR_PERMISSION);
}

static void a_text_is_a_path_a_credential_or_a_token(void **state)
{
    (void)state;
    assert_int_equal(setenv("CREDENTIALS_DIRECTORY", f.dir, 1), 0);
    assert_true(private_file_is_path("key"));
    assert_string_equal(private_file_place("key"), "key");
    assert_false(private_file_is_path("credential:key"));
    assert_string_equal(private_file_place("credential:key"), f.dir);
    assert_false(private_file_is_path("pkcs11:token=a"));
    assert_null(private_file_place("pkcs11:token=a"));
    assert_int_equal(unsetenv("CREDENTIALS_DIRECTORY"), 0);
    assert_null(private_file_place("credential:key"));
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_file_in_a_folder_that_others_write_to_is_refused),
        CASE(a_name_alone_lies_in_the_folder_where_we_are),
        CASE(a_folder_of_somebody_else_is_refused),
        CASE(what_root_keeps_for_us_serves),
        CASE(a_folder_that_is_none_or_has_no_end_is_refused),
        CASE(a_text_is_a_path_a_credential_or_a_token),
    };
    return cmocka_run_group_tests_name("private_file", tests, NULL, NULL);
}
