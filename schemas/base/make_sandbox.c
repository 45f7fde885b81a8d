/*
 * make_sandbox - runs when the project is built: writes the system call filters of sandbox.c as C
 * tables, so that the daemons carry neither libseccomp nor its memory. What stands in no list is
 * EPERM.
 */
#include <errno.h>
#include <sched.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include <linux/filter.h>

enum { KINDS = 3, SIGNER = 0, FILTER_MAX = 4096 };

static const char *const kind_name[KINDS] = {"SIGNER", "HUB", "ADAPTER"};

/* Files, memory, waiting, time: what each of the three does or its libraries do. */
static const char *const allowed[] = {
    "access", "brk", "clock_getres", "clock_gettime", "clock_nanosleep", "close", "dup", "dup2",
    "dup3", "epoll_create1", "epoll_ctl", "epoll_pwait", "epoll_wait", "eventfd2", "exit",
    "exit_group", "faccessat", "faccessat2", "fadvise64", "fallocate", "fchmod", "fchown", "fcntl",
    "fdatasync", "flock", "fstat", "fstatfs", "fsync", "ftruncate", "futex", "getcpu", "getcwd",
    "getdents64", "getegid", "geteuid", "getgid", "getpid", "getppid", "getrandom", "getrlimit",
    "getrusage", "gettid", "gettimeofday", "getuid", "inotify_add_watch", "inotify_init1",
    "inotify_rm_watch", "link", "linkat", "lseek", "lstat", "madvise", "membarrier", "mkdir",
    "mkdirat", "mlock", "mlock2", "mremap", "munlock", "munmap", "nanosleep", "newfstatat", "open",
    "openat", "pipe2", "poll", "ppoll", "pread64", "preadv", "pselect6", "pwrite64", "pwritev",
    "read", "readlink", "readlinkat", "readv", "rename", "renameat", "renameat2", "restart_syscall",
    "rmdir", "rseq", "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "rt_sigtimedwait",
    "sched_getaffinity", "sched_getparam", "sched_getscheduler", "sched_yield", "select",
    "set_robust_list", "set_tid_address", "sigaltstack", "signalfd4", "stat", "statfs", "statx",
    "sysinfo", "tgkill", "time", "timerfd_create", "timerfd_settime", "times", "truncate", "umask",
    "uname", "unlink", "unlinkat", "write", "writev",
    /* of sockets; which families is asked at "socket" */
    "accept", "accept4", "bind", "connect", "getpeername", "getsockname", "getsockopt", "listen",
    "recvfrom", "recvmmsg", "recvmsg", "sendmmsg", "sendmsg", "sendto", "setsockopt", "shutdown"};

/* The first calls of somebody who has taken a process over: it ends. */
static const char *const deadly[] = {"acct",
                                     "add_key",
                                     "adjtimex",
                                     "bpf",
                                     "capset",
                                     "chroot",
                                     "clock_adjtime",
                                     "clock_settime",
                                     "delete_module",
                                     "execve",
                                     "execveat",
                                     "finit_module",
                                     "fsconfig",
                                     "fsmount",
                                     "fsopen",
                                     "init_module",
                                     "io_uring_enter",
                                     "io_uring_register",
                                     "io_uring_setup",
                                     "ioperm",
                                     "iopl",
                                     "kcmp",
                                     "kexec_file_load",
                                     "kexec_load",
                                     "keyctl",
                                     "mount",
                                     "mount_setattr",
                                     "move_mount",
                                     "open_by_handle_at",
                                     "open_tree",
                                     "perf_event_open",
                                     "pidfd_getfd",
                                     "pidfd_open",
                                     "pidfd_send_signal",
                                     "pivot_root",
                                     "process_madvise",
                                     "process_vm_readv",
                                     "process_vm_writev",
                                     "ptrace",
                                     "quotactl",
                                     "reboot",
                                     "request_key",
                                     "setgid",
                                     "setgroups",
                                     "setns",
                                     "setregid",
                                     "setresgid",
                                     "setresuid",
                                     "setreuid",
                                     "settimeofday",
                                     "setuid",
                                     "swapoff",
                                     "swapon",
                                     "syslog",
                                     "umount2",
                                     "unshare",
                                     "userfaultfd"};

/* What a leak checker needs at the end: it stops the threads from a process of its own. */
static const char *const of_leak_checker[] = {"clone",  "getdents", "personality",
                                              "ptrace", "wait4",    "waitid"};

static void must(int rc, const char *what)
{
    if (rc == 0)
        return;
    fprintf(stderr, "make_sandbox: %s: error %d\n", what, -rc);
    exit(1);
}

static void rule(scmp_filter_ctx ctx, uint32_t action, const char *name)
{
    const int number = seccomp_syscall_resolve_name(name);
    if (number != __NR_SCMP_ERROR) /* another architecture's, or newer than the library */
        must(seccomp_rule_add(ctx, action, number, 0), name);
}

static void rule_if(scmp_filter_ctx ctx, const char *name, struct scmp_arg_cmp cmp)
{
    must(seccomp_rule_add_array(ctx, SCMP_ACT_ALLOW, seccomp_syscall_resolve_name(name), 1, &cmp),
         name);
}

static void sockets(scmp_filter_ctx ctx, int kind)
{
    static const int families[] = {AF_UNIX, AF_INET, AF_INET6, AF_NETLINK};
    const size_t count = kind == SIGNER ? 1 : sizeof families / sizeof *families;
    for (size_t i = 0; i < count; i++)
        rule_if(ctx, "socket", SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)families[i]));
    rule_if(ctx, "socketpair", SCMP_A0(SCMP_CMP_EQ, AF_UNIX));
}

static void memory(scmp_filter_ctx ctx)
{
    const scmp_datum_t both = PROT_WRITE | PROT_EXEC;
    rule_if(ctx, "mprotect", SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
    rule_if(ctx, "mmap", SCMP_A2(SCMP_CMP_MASKED_EQ, both, 0));
    rule_if(ctx, "mmap", SCMP_A2(SCMP_CMP_MASKED_EQ, both, PROT_WRITE));
    rule_if(ctx, "mmap", SCMP_A2(SCMP_CMP_MASKED_EQ, both, PROT_EXEC)); /* libraries of names */
}

/* The names of threads, and whether the process can be read by others, but for making it so. What
 * else the call can do (loosen a filter, take a tracer, survive its parent, move its own memory) no
 * daemon needs. */
static void own_process(scmp_filter_ctx ctx, int traced)
{
    static const scmp_datum_t options[] = {PR_SET_NAME, PR_GET_NAME, PR_GET_DUMPABLE};
    static const scmp_datum_t of_tracer[] = {PR_SET_PTRACER, PR_SET_PDEATHSIG, PR_SET_DUMPABLE};
    for (size_t i = 0; i < sizeof options / sizeof *options; i++)
        rule_if(ctx, "prctl", SCMP_A0(SCMP_CMP_EQ, options[i]));
    for (size_t i = 0; traced && i < sizeof of_tracer / sizeof *of_tracer; i++)
        rule_if(ctx, "prctl", SCMP_A0(SCMP_CMP_EQ, of_tracer[i]));
}

static void others(scmp_filter_ctx ctx, int kind, int traced)
{
    static const scmp_datum_t requests[] = {FIONREAD, FIONBIO, TCGETS, TIOCGWINSZ};
    for (size_t i = 0; i < sizeof requests / sizeof *requests; i++)
        rule_if(ctx, "ioctl", SCMP_A1(SCMP_CMP_EQ, requests[i]));
    rule_if(ctx, "prlimit64", SCMP_A0(SCMP_CMP_EQ, 0)); /* its own */
    /* clone3 keeps its flags where a filter cannot look; without it the C library takes clone. */
    must(seccomp_rule_add(ctx, SCMP_ACT_ERRNO(ENOSYS), seccomp_syscall_resolve_name("clone3"), 0),
         "clone3");
    if (kind != SIGNER && !traced)
        rule_if(ctx, "clone", SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD));
    /* libzmq sets the ordinary scheduling of its threads once more, and ends when it may not. */
    must(seccomp_rule_add(ctx, SCMP_ACT_ERRNO(0),
                          seccomp_syscall_resolve_name("sched_setscheduler"), 0),
         "sched_setscheduler");
}

static void print(scmp_filter_ctx ctx, int kind, int traced)
{
    static struct sock_filter code[FILTER_MAX];
    FILE *file = tmpfile();
    if (file == NULL)
        must(-errno, "tmpfile");
    must(seccomp_export_bpf(ctx, fileno(file)), "export");
    rewind(file);
    const size_t count = fread(code, sizeof *code, FILTER_MAX, file);
    fclose(file);
    if (count == 0 || count == FILTER_MAX)
        must(-EFBIG, "filter");
    printf("static const struct sock_filter SANDBOX_%s_CALLS%s[] = {\n", kind_name[kind],
           traced ? "_TRACED" : "");
    for (size_t i = 0; i < count; i++)
        printf("    {0x%04x, %u, %u, 0x%08x},\n", code[i].code, code[i].jt, code[i].jf, code[i].k);
    printf("};\n");
}

static void filter(int kind, int traced)
{
    scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ERRNO(EPERM));
    if (ctx == NULL)
        must(-ENOMEM, "init");
    must(seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS), "bad architecture");
    must(seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2), "binary tree");
    for (size_t i = 0; i < sizeof allowed / sizeof *allowed; i++)
        rule(ctx, SCMP_ACT_ALLOW, allowed[i]);
    for (size_t i = 0; traced && i < sizeof of_leak_checker / sizeof *of_leak_checker; i++)
        rule(ctx, SCMP_ACT_ALLOW, of_leak_checker[i]);
    for (size_t i = 0; i < sizeof deadly / sizeof *deadly; i++) {
        if (!traced || strcmp(deadly[i], "ptrace") != 0)
            rule(ctx, SCMP_ACT_KILL_PROCESS, deadly[i]);
    }
    sockets(ctx, kind);
    memory(ctx);
    own_process(ctx, traced);
    others(ctx, kind, traced);
    print(ctx, kind, traced);
    seccomp_release(ctx);
}

int main(void)
{
    printf("/* Made by base/make_sandbox.c. */\n#include <linux/filter.h>\n\n");
    for (int kind = 0; kind < KINDS; kind++) {
        filter(kind, 0);
        filter(kind, 1);
    }
    return fflush(stdout) == 0 ? 0 : 1;
}
