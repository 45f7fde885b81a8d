#include "base/sandbox.h"

#include "base/log.h"
#include "base/sandbox_filter.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { PATH_BYTES = 1024 };

/* Of later kernels than the header's: its struct with the fields that follow, and what they say. */
struct ruleset {
    uint64_t files;
    uint64_t ports;
    uint64_t scope;
};
enum {
    ABI_REFER = 2,
    ABI_TRUNCATE = 3,
    ABI_SCOPE = 6,
    FS_TRUNCATE = 1 << 14,
    SCOPE_ABSTRACT_SOCKETS = 1 << 0,
    SCOPE_SIGNALS = 1 << 1,
};

/* Everything that the first version knows: bits 0 to 12. */
enum { FS_FIRST = (1 << 13) - 1 };

static const struct sandbox_place SYSTEM_PLACES[] = {
    /* names and addresses */
    {"/etc/resolv.conf", SANDBOX_READ},
    {"/run/systemd/resolve", SANDBOX_READ},
    {"/etc/hosts", SANDBOX_READ},
    {"/etc/host.conf", SANDBOX_READ},
    {"/etc/nsswitch.conf", SANDBOX_READ},
    {"/etc/gai.conf", SANDBOX_READ},
    {"/etc/services", SANDBOX_READ},
    {"/etc/ld.so.cache", SANDBOX_READ},
    {"/usr/lib", SANDBOX_READ},
    {"/lib", SANDBOX_READ},
    /* zones, settings of libcrypto, and what every process has */
    {"/etc/localtime", SANDBOX_READ},
    {"/usr/share/zoneinfo", SANDBOX_READ},
    {"/etc/ssl/openssl.cnf", SANDBOX_READ},
    {"/dev/urandom", SANDBOX_READ},
    {"/dev/null", SANDBOX_READ},
    {"/proc/self", SANDBOX_READ},
    {"/proc/sys/vm/overcommit_memory", SANDBOX_READ},
};

static enum err refuse(struct fault *fault, const char *what)
{
    return fault_set(fault, ERR_SANDBOX, 0, "", "%s: %s", what, strerror(errno));
}

/* What may be done beneath a directory, and to a single file. */
static uint64_t rights(uint64_t handled, unsigned access, bool directory)
{
    const uint64_t read = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
    const uint64_t never = LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_MAKE_CHAR |
                           LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO |
                           LANDLOCK_ACCESS_FS_MAKE_SYM;
    const uint64_t of_files =
        LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | FS_TRUNCATE;
    const uint64_t wanted = (access & SANDBOX_WRITE) != 0 ? ~never : read;
    return handled & wanted & (directory ? UINT64_MAX : of_files);
}

static enum err allow(int rules, uint64_t handled, const char *path, unsigned access,
                      struct fault *fault)
{
    struct stat st;
    const int fd = open(path, O_PATH | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT || errno == ENOTDIR || errno == EACCES ? OK : refuse(fault, path);
    long rc = fstat(fd, &st);
    if (rc == 0) {
        const struct landlock_path_beneath_attr beneath = {
            .allowed_access = rights(handled, access, S_ISDIR(st.st_mode)), .parent_fd = fd};
        rc = syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &beneath, 0U);
    }
    const enum err err = rc == 0 ? OK : refuse(fault, path);
    close(fd);
    return err;
}

/* The place itself, or the directory that holds it. */
static enum err allow_place(int rules, uint64_t handled, const struct sandbox_place *place,
                            struct fault *fault)
{
    char path[PATH_BYTES];
    if (place->path == NULL || place->path[0] == '\0')
        return OK;
    if (strlen(place->path) >= sizeof path)
        return fault_set(fault, ERR_FIELD_LONG, 0, place->path, "a path");
    memcpy(path, place->path, strlen(place->path) + 1);
    if ((place->access & SANDBOX_BESIDE) == 0)
        return allow(rules, handled, path, place->access, fault);
    char *slash = strrchr(path, '/');
    if (slash == NULL)
        return allow(rules, handled, ".", place->access, fault);
    slash[slash == path] = '\0';
    return allow(rules, handled, path, place->access, fault);
}

static enum err allow_all(int rules, uint64_t handled, const struct sandbox_place *places,
                          size_t count, struct fault *fault)
{
    enum err err = OK;
    for (size_t i = 0; err == OK && i < count; i++)
        err = allow_place(rules, handled, &places[i], fault);
    return err;
}

/* Files beneath the places; signals and abstract sockets stay among our own. */
static enum err restrict_files(const struct sandbox_place *places, size_t count, bool *done,
                               struct fault *fault)
{
    struct ruleset set = {.files = FS_FIRST};
    const long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    *done = abi > 0;
    if (!*done)
        return OK;
    if (abi >= ABI_REFER)
        set.files |= LANDLOCK_ACCESS_FS_REFER;
    if (abi >= ABI_TRUNCATE)
        set.files |= FS_TRUNCATE;
    if (abi >= ABI_SCOPE)
        set.scope = SCOPE_ABSTRACT_SOCKETS | SCOPE_SIGNALS;
    const size_t known = abi >= ABI_SCOPE ? sizeof set : sizeof set.files;
    const int rules = (int)syscall(SYS_landlock_create_ruleset, &set, known, 0U);
    if (rules < 0)
        return refuse(fault, "landlock");
    enum err err = allow_all(rules, set.files, SYSTEM_PLACES,
                             sizeof SYSTEM_PLACES / sizeof *SYSTEM_PLACES, fault);
    if (err == OK)
        err = allow_all(rules, set.files, places, count, fault);
    if (err == OK && syscall(SYS_landlock_restrict_self, rules, 0U) != 0)
        err = refuse(fault, "landlock");
    close(rules);
    return err;
}

#define FILTER(table)                                                                              \
    {                                                                                              \
        .len = sizeof(table) / sizeof *(table), .filter = (struct sock_filter *)(table)            \
    }

static enum err restrict_calls(enum sandbox_kind kind, struct fault *fault)
{
    /* The kernel reads the tables and takes them as not const. */
    const struct sock_fprog filters[SANDBOX_KINDS][2] = {
        [SANDBOX_SIGNER] = {FILTER(SANDBOX_SIGNER_CALLS), FILTER(SANDBOX_SIGNER_CALLS_TRACED)},
        [SANDBOX_HUB] = {FILTER(SANDBOX_HUB_CALLS), FILTER(SANDBOX_HUB_CALLS_TRACED)},
        [SANDBOX_ADAPTER] = {FILTER(SANDBOX_ADAPTER_CALLS), FILTER(SANDBOX_ADAPTER_CALLS_TRACED)},
    };
    const long rc =
        syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0U, &filters[kind][LIANSHU_TRACED]);
    return rc == 0 ? OK : refuse(fault, "seccomp");
}

enum err sandbox_enter(enum sandbox_kind kind, const struct sandbox_place *places, size_t count,
                       struct fault *fault)
{
    bool files;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return refuse(fault, "no_new_privs");
    enum err err = restrict_files(places, count, &files, fault);
    if (err == OK && !files)
        log_warn("files_open", "this kernel has no Landlock: files are kept by their modes alone");
    return err == OK ? restrict_calls(kind, fault) : err;
}
