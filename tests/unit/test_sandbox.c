/*
 * Whoever takes a daemon over finds more than twenty doors shut: each action runs in a process of
 * its own, confined as the daemon is, and must be refused or end it. Each is also done by a process
 * that is not confined, as far as it harms nobody, to see that it is the sandbox that refuses.
 */
#include "base/sandbox.h"
#include "folder.h"
#include "t.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum { DONE = 0, REFUSED = 1, NOT_CONFINED = 2, PATH_BYTES = 256 };

static char place[PATH_BYTES]; /* what the daemon may write */

static bool run_a_program(void)
{
    char *const argv[] = {"true", NULL};
    return execv("/bin/true", argv) == 0;
}

static bool make_a_process(void)
{
    const pid_t pid = (pid_t)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
    if (pid == 0)
        _exit(0);
    return pid > 0;
}

static bool trace_its_parent(void)
{
    return ptrace(PTRACE_SEIZE, getppid(), NULL, NULL) == 0;
}

static bool read_its_parents_memory(void)
{
    char byte;
    struct iovec here = {&byte, 1};
    struct iovec there = {place, 1};
    return process_vm_readv(getppid(), &here, 1, &there, 1, 0) == 1;
}

static bool signal_its_parent(void)
{
    return kill(getppid(), 0) == 0;
}

static bool signal_a_thread_of_its_parent(void)
{
    return syscall(SYS_tgkill, getppid(), getppid(), SIGCONT) == 0;
}

static bool make_memory_executable(void)
{
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return page != MAP_FAILED && mprotect(page, 4096, PROT_READ | PROT_EXEC) == 0;
}

static bool map_writable_code(void)
{
    return mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1,
                0) != MAP_FAILED;
}

static bool become_another_user(void)
{
    return syscall(SYS_setresuid, geteuid(), geteuid(), geteuid()) == 0;
}

static bool make_a_namespace(void)
{
    return unshare(CLONE_NEWUSER) == 0 || unshare(CLONE_NEWNS) == 0;
}

static bool mount_something(void)
{
    return syscall(SYS_mount, "none", place, "tmpfs", 0, NULL) == 0;
}

static bool load_a_kernel_program(void)
{
    return syscall(SYS_bpf, 0, NULL, 0) == 0 || errno != EPERM;
}

static bool watch_the_kernel(void)
{
    return syscall(SYS_perf_event_open, NULL, 0, -1, -1, 0) >= 0 || errno != EPERM;
}

static bool use_io_uring(void)
{
    return syscall(SYS_io_uring_setup, 1, NULL) >= 0 || errno != EPERM;
}

static bool keep_keys_in_the_kernel(void)
{
    return syscall(SYS_keyctl, 0, -1, 0) != -1 || errno != EPERM;
}

static bool open_a_raw_socket(void)
{
    const int fd = socket(AF_PACKET, SOCK_RAW, 0);
    return fd >= 0 || errno != EPERM;
}

static bool type_at_its_terminal(void)
{
    const char c = 'x';
    return ioctl(STDIN_FILENO, TIOCSTI, &c) == 0 || errno != EPERM;
}

static bool read_the_users_of_the_machine(void)
{
    return open("/etc/passwd", O_RDONLY | O_CLOEXEC) >= 0;
}

static bool write_beside_its_place(void)
{
    char path[PATH_BYTES + 16];
    (void)snprintf(path, sizeof path, "%s.beside", place);
    const int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (fd >= 0)
        (void)unlink(path);
    return fd >= 0;
}

static bool make_a_device(void)
{
    char path[PATH_BYTES + 16];
    (void)snprintf(path, sizeof path, "%s/fifo", place);
    const bool made = mkfifo(path, 0600) == 0;
    if (made)
        (void)unlink(path);
    return made;
}

static bool open_itself_to_others(void)
{
    return prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) == 0;
}

static bool take_a_tracer(void)
{
    return prctl(PR_SET_PTRACER, getppid(), 0, 0, 0) == 0 || errno != EPERM;
}

static bool change_its_own_bounds(void)
{
    return prctl(PR_SET_MM, PR_SET_MM_BRK, 0, 0, 0) == 0 || errno != EPERM;
}

/* No user but root can do these anyway, or the kernel may have switched them off. */
enum who { ANYBODY, NOT_EVERYBODY };

static const struct door {
    const char *name;
    bool (*act)(void);
    enum who plain;
} DOORS[] = {
    {"run a program", run_a_program, ANYBODY},
    {"make a process", make_a_process, ANYBODY},
    {"trace its parent", trace_its_parent, NOT_EVERYBODY},
    {"read its parent's memory", read_its_parents_memory, NOT_EVERYBODY},
    {"signal its parent", signal_its_parent, ANYBODY},
    {"signal a thread of its parent", signal_a_thread_of_its_parent, ANYBODY},
    {"make memory executable", make_memory_executable, ANYBODY},
    {"map writable code", map_writable_code, ANYBODY},
    {"become another user", become_another_user, ANYBODY},
    {"make a namespace", make_a_namespace, NOT_EVERYBODY},
    {"mount something", mount_something, NOT_EVERYBODY},
    {"load a kernel program", load_a_kernel_program, NOT_EVERYBODY},
    {"watch the kernel", watch_the_kernel, NOT_EVERYBODY},
    {"use io_uring", use_io_uring, NOT_EVERYBODY},
    {"keep keys in the kernel", keep_keys_in_the_kernel, NOT_EVERYBODY},
    {"open a raw socket", open_a_raw_socket, NOT_EVERYBODY},
    {"type at its terminal", type_at_its_terminal, NOT_EVERYBODY},
    {"read the users of the machine", read_the_users_of_the_machine, ANYBODY},
    {"write beside its place", write_beside_its_place, ANYBODY},
    {"make a fifo in its place", make_a_device, ANYBODY},
    {"open itself to others", open_itself_to_others, ANYBODY},
    {"take a tracer", take_a_tracer, NOT_EVERYBODY},
    {"change its own bounds", change_its_own_bounds, NOT_EVERYBODY},
};
enum { DOOR_COUNT = sizeof DOORS / sizeof *DOORS };
_Static_assert(DOOR_COUNT >= 20, "as many as are promised");

static bool confine(enum sandbox_kind kind)
{
    const struct sandbox_place places[] = {{place, SANDBOX_WRITE}};
    struct fault fault = {.err = OK};
    return sandbox_enter(kind, places, 1, &fault) == OK;
}

/* What became of it in a process of its own; -1: ended by SIGSYS. */
static int in_a_child(bool (*act)(void), int kind)
{
    int status = 0;
    const pid_t pid = fork();
    assert_int_not_equal(pid, -1);
    if (pid == 0) {
        const struct rlimit none = {0, 0};
        (void)setrlimit(RLIMIT_CORE, &none);
        if (kind >= 0 && !confine((enum sandbox_kind)kind))
            _exit(NOT_CONFINED);
        _exit(act() ? DONE : REFUSED);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (WIFSIGNALED(status)) {
        assert_int_equal(WTERMSIG(status), SIGSYS);
        return -1;
    }
    return WEXITSTATUS(status);
}

static int open_place(void **state)
{
    (void)state;
    folder_make(place, "sandbox");
    return 0;
}

static int remove_place(void **state)
{
    (void)state;
    return rmdir(place);
}

static void forbidden_actions_are_refused_to_every_daemon(void **state)
{
    (void)state;
    for (size_t i = 0; i < DOOR_COUNT; i++) {
        for (int kind = 0; kind < SANDBOX_KINDS; kind++) {
            const int outcome = in_a_child(DOORS[i].act, kind);
            if (outcome != REFUSED && outcome != -1)
                fail_msg("%s: %s by kind %d", DOORS[i].name,
                         outcome == DONE ? "done" : "not confined", kind);
        }
    }
}

static void what_anybody_may_do_is_refused_by_the_sandbox_alone(void **state)
{
    (void)state;
    for (size_t i = 0; i < DOOR_COUNT; i++) {
        if (DOORS[i].plain == ANYBODY && in_a_child(DOORS[i].act, -1) != DONE)
            fail_msg("%s is refused without a sandbox, too", DOORS[i].name);
    }
}

static bool its_own_work(void)
{
    char path[PATH_BYTES + 16];
    char text[4];
    (void)snprintf(path, sizeof path, "%s/file", place);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0 || write(fd, "text", 4) != 4 || fdatasync(fd) != 0 || pread(fd, text, 4, 0) != 4 ||
        ftruncate(fd, 0) != 0 || close(fd) != 0 || unlink(path) != 0)
        return false;
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || close(fd) != 0)
        return false;
    fd = open("/dev/urandom", O_RDONLY | O_CLOEXEC);
    return fd >= 0 && read(fd, text, 4) == 4 && prctl(PR_SET_NAME, "named", 0, 0, 0) == 0;
}

static void files_in_its_place_local_sockets_and_randomness_are_left_to_it(void **state)
{
    (void)state;
    for (int kind = 0; kind < SANDBOX_KINDS; kind++)
        assert_int_equal(in_a_child(its_own_work, kind), DONE);
}

static bool open_the_network(void)
{
    return socket(AF_INET, SOCK_STREAM, 0) >= 0;
}

static void *nothing(void *arg)
{
    return arg;
}

static bool start_a_thread(void)
{
    pthread_t thread;
    return pthread_create(&thread, NULL, nothing, NULL) == 0 && pthread_join(thread, NULL) == 0;
}

static void the_signer_has_neither_network_nor_threads_the_others_have_both(void **state)
{
    (void)state;
    assert_int_equal(in_a_child(open_the_network, SANDBOX_SIGNER), REFUSED);
    assert_int_equal(in_a_child(start_a_thread, SANDBOX_SIGNER), REFUSED);
    assert_int_equal(in_a_child(open_the_network, SANDBOX_HUB), DONE);
    assert_int_equal(in_a_child(start_a_thread, SANDBOX_HUB), DONE);
    assert_int_equal(in_a_child(open_the_network, SANDBOX_ADAPTER), DONE);
    assert_int_equal(in_a_child(start_a_thread, SANDBOX_ADAPTER), DONE);
}

static bool set_its_scheduling(void)
{
    const struct sched_param param = {.sched_priority = 0};
    return sched_setscheduler(0, SCHED_BATCH, &param) == 0 && sched_getscheduler(0) == SCHED_OTHER;
}

static void scheduling_is_said_to_be_set_and_stays(void **state)
{
    (void)state;
    assert_int_equal(in_a_child(set_its_scheduling, SANDBOX_HUB), DONE);
}

static char beside[PATH_BYTES + 16];

static bool replace_a_file(void)
{
    char fresh[PATH_BYTES + 32];
    (void)snprintf(fresh, sizeof fresh, "%s.new", beside);
    const int fd = open(fresh, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    return fd >= 0 && close(fd) == 0 && rename(fresh, beside) == 0 && unlink(beside) == 0;
}

static bool replace_a_file_confined(void)
{
    const struct sandbox_place places[] = {{beside, SANDBOX_WRITE | SANDBOX_BESIDE}};
    struct fault fault = {.err = OK};
    return sandbox_enter(SANDBOX_HUB, places, 1, &fault) == OK && replace_a_file();
}

static bool read_only_confined(void)
{
    const struct sandbox_place places[] = {{beside, SANDBOX_READ | SANDBOX_BESIDE}};
    struct fault fault = {.err = OK};
    return sandbox_enter(SANDBOX_HUB, places, 1, &fault) != OK || replace_a_file();
}

static void
a_file_is_replaced_where_its_directory_is_given_and_not_where_it_is_only_read(void **state)
{
    (void)state;
    (void)snprintf(beside, sizeof beside, "%s/registry.lsg", place);
    assert_int_equal(in_a_child(replace_a_file_confined, -1), DONE);
    assert_int_equal(in_a_child(read_only_confined, -1), REFUSED);
}

static bool enter_with_places_that_are_not_there(void)
{
    const struct sandbox_place places[] = {
        {NULL, SANDBOX_WRITE}, {"", SANDBOX_READ}, {"/no/such/place", SANDBOX_WRITE}};
    struct fault fault = {.err = OK};
    return sandbox_enter(SANDBOX_HUB, places, 3, &fault) == OK;
}

static bool enter_with_a_path_that_is_too_long(void)
{
    char path[2048];
    memset(path, 'a', sizeof path - 1);
    path[sizeof path - 1] = '\0';
    const struct sandbox_place places[] = {{path, SANDBOX_READ}};
    struct fault fault = {.err = OK};
    return sandbox_enter(SANDBOX_HUB, places, 1, &fault) == ERR_FIELD_LONG;
}

static void places_that_are_not_there_are_left_out_and_one_too_long_is_refused(void **state)
{
    (void)state;
    assert_int_equal(in_a_child(enter_with_places_that_are_not_there, -1), DONE);
    assert_int_equal(in_a_child(enter_with_a_path_that_is_too_long, -1), DONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forbidden_actions_are_refused_to_every_daemon),
        cmocka_unit_test(what_anybody_may_do_is_refused_by_the_sandbox_alone),
        cmocka_unit_test(files_in_its_place_local_sockets_and_randomness_are_left_to_it),
        cmocka_unit_test(the_signer_has_neither_network_nor_threads_the_others_have_both),
        cmocka_unit_test(scheduling_is_said_to_be_set_and_stays),
        cmocka_unit_test(
            a_file_is_replaced_where_its_directory_is_given_and_not_where_it_is_only_read),
        cmocka_unit_test(places_that_are_not_there_are_left_out_and_one_too_long_is_refused),
    };
    return cmocka_run_group_tests(tests, open_place, remove_place);
}
