/* Checks of net/local.h what test_control.c does not: whose socket it is that one connects to. */
#include "net/local.h"

#include "folder.h"
#include "t.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WAIT_MS = 2000, OTHER = 12345 };

/* Another user listens at that path, until he is stopped. */
static pid_t listen_as(const char *path, uid_t user)
{
    int ready[2];
    char byte;
    assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
    const pid_t pid = fork();
    if (pid == 0) {
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
        memcpy(address.sun_path, path, strlen(path) + 1);
        if (setresuid(user, user, user) != 0 ||
            bind(fd, (struct sockaddr *)&address, sizeof address) != 0 || listen(fd, 4) != 0 ||
            write(ready[1], "r", 1) != 1)
            _exit(1);
        for (;;)
            pause();
    }
    close(ready[1]);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    return pid;
}

/* Whoever took the path first hears nothing of what was meant for the hub. */
static void a_socket_of_another_user_than_its_folder_is_hung_up_on(void **state)
{
    static const struct {
        uid_t folder;
        mode_t mode;
        enum err expected;
    } rows[] = {{0, 01777, ERR_PERMISSION}, /* where everybody may put his socket */
                {0, 0777, ERR_PERMISSION},
                {OTHER, 0777, ERR_PERMISSION},
                {OTHER, 0770, ERR_PERMISSION},
                {OTHER, 0755, OK}}; /* it is his */
    char dir[FOLDER_MAX];
    char path[LOCAL_PATH_MAX + 1];
    (void)state;
    if (geteuid() != 0)
        skip(); /* only root can become another user */
    folder_make(dir, "local");
    snprintf(path, sizeof path, "%s/his", dir);
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        int fd = -1;
        print_message("row %zu\n", i);
        assert_int_equal(chown(dir, rows[i].folder, (gid_t)-1), 0);
        assert_int_equal(chmod(dir, rows[i].mode), 0);
        const pid_t pid = listen_as(path, OTHER);
        assert_int_equal(local_connect(&fd, path, WAIT_MS, NULL), rows[i].expected);
        assert_int_equal(fd >= 0, rows[i].expected == OK);
        if (fd >= 0)
            close(fd);
        assert_int_equal(kill(pid, SIGKILL), 0);
        assert_int_equal(waitpid(pid, NULL, 0), pid);
        assert_int_equal(unlink(path), 0);
    }
    folder_remove(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_socket_of_another_user_than_its_folder_is_hung_up_on),
    };
    return cmocka_run_group_tests_name("local", tests, NULL, NULL);
}
