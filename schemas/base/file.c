#include "base/file.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_BYTES_MAX = 4096, TEMP_TRIES_MAX = 100 };

enum err file_errno(int number)
{
    switch (number) {
    case ENOENT:
    case ENOTDIR:
        return ERR_NOT_FOUND;
    case EACCES:
    case EPERM:
    case EROFS:
    case ELOOP:
        return ERR_PERMISSION;
    case ENOSPC:
    case EDQUOT:
        return ERR_DISK_FULL;
    case EFBIG:
    case ENAMETOOLONG:
        return ERR_TOO_LARGE;
    case EEXIST:
        return ERR_EXISTS;
    case ENOMEM:
        return ERR_NO_MEMORY;
    default:
        return ERR_IO;
    }
}

static enum err errno_fault(struct fault *f, const char *path, const char *what)
{
    char text[64];
    int number = errno;
    return fault_set(f, file_errno(number), 0, path, "%s: %s", what,
                     strerror_r(number, text, sizeof text));
}

/* What a descriptor must be. */
static enum err check_open(int fd, const char *path, size_t max, unsigned flags, size_t *size,
                           struct fault *f)
{
    struct stat st;
    if (fstat(fd, &st) == -1)
        return errno_fault(f, path, "stat");
    if (!S_ISREG(st.st_mode))
        return fault_set(f, ERR_FIELD_VALUE, 0, path,
                         "a file is needed: a directory or a device stands there");
    if ((flags & FILE_PRIVATE) != 0 &&
        (st.st_uid != geteuid() || (st.st_mode & (S_IRWXG | S_IRWXO)) != 0))
        return fault_set(f, ERR_PERMISSION, 0, path, "must be ours alone: chmod 600");
    if ((uint64_t)st.st_size > max)
        return fault_set(f, ERR_TOO_LARGE, 0, path, "at most %zu bytes", max);
    *size = (size_t)st.st_size;
    return OK;
}

/* Read to the end; the file may have grown since it was measured, but not beyond max. */
static enum err read_all(int fd, const char *path, size_t max, size_t size, uint8_t **out,
                         size_t *len, struct fault *f)
{
    enum err err = ERR_IO;
    size_t cap = size + 1;
    uint8_t *data = malloc(cap + 1);
    size_t got = 0;
    if (data == NULL)
        return fault_set(f, ERR_NO_MEMORY, 0, path, "%zu bytes", cap);
    for (;;) {
        ssize_t n = read(fd, data + got, cap - got);
        if (n == -1 && errno == EINTR)
            continue;
        if (n == -1) {
            err = errno_fault(f, path, "read");
            goto out;
        }
        got += (size_t)n;
        if (n == 0)
            break;
        if (got < cap)
            continue;
        if (got > max) {
            err = fault_set(f, ERR_TOO_LARGE, 0, path, "at most %zu bytes", max);
            goto out;
        }
        cap = cap * 2 < max + 1 ? cap * 2 : max + 1;
        uint8_t *more = realloc(data, cap + 1);
        if (more == NULL) {
            err = fault_set(f, ERR_NO_MEMORY, 0, path, "%zu bytes", cap);
            goto out;
        }
        data = more;
    }
    data[got] = 0;
    *out = data; /* ownership leaves here */
    *len = got;
    data = NULL;
    err = OK;
out:
    free(data);
    return err;
}

enum err file_read(const char *path, size_t max, unsigned flags, uint8_t **out, size_t *len,
                   struct fault *f)
{
    size_t size = 0;
    *out = NULL;
    *len = 0;
    /* O_NONBLOCK: opening a FIFO must not wait for its writer; it is refused below. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY |
                            ((flags & FILE_NOFOLLOW) != 0 ? O_NOFOLLOW : 0));
    if (fd == -1)
        return errno_fault(f, path, "open");
    enum err err = check_open(fd, path, max, flags, &size, f);
    if (err == OK)
        err = read_all(fd, path, max, size, out, len, f);
    close(fd);
    return err;
}

/* fsync the directory that path lies in. */
static enum err sync_dir(const char *path, struct fault *f)
{
    char dir[PATH_BYTES_MAX] = ".";
    const char *slash = strrchr(path, '/');
    if (slash != NULL) {
        const size_t len = (size_t)(slash - path) + 1; /* with it: of "/x" it is all there is */
        assert(len < sizeof dir);                      /* a file has just come to stand there */
        memcpy(dir, path, len);
        dir[len] = '\0';
    }
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd == -1)
        return errno_fault(f, dir, "open");
    int synced = fsync(fd);
    close(fd);
    return synced == 0 ? OK : fault_set(f, ERR_FSYNC, 0, dir, "fsync of the directory");
}

static enum err write_all(int fd, const char *path, struct span data, struct fault *f)
{
    for (size_t done = 0; done < data.len;) {
        ssize_t n = write(fd, data.data + done, data.len - done);
        if (n == -1 && errno == EINTR)
            continue;
        if (n == -1)
            return errno_fault(f, path, "write");
        done += (size_t)n;
    }
    return fsync(fd) == 0 ? OK : fault_set(f, ERR_FSYNC, 0, path, "fsync");
}

/* Create a temporary file beside path. Several writers may try at once. */
static int open_temp(const char *path, mode_t mode, char temp[static PATH_BYTES_MAX])
{
    for (unsigned i = 0; i < TEMP_TRIES_MAX; i++) {
        int n = snprintf(temp, PATH_BYTES_MAX, "%s.%ld-%u.tmp", path, (long)getpid(), i);
        if (n < 0 || n >= PATH_BYTES_MAX) {
            errno = ENAMETOOLONG;
            return -1;
        }
        int fd = open(temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
        if (fd != -1 || errno != EEXIST)
            return fd;
    }
    return -1;
}

enum err file_write(const char *path, struct span data, mode_t mode, unsigned flags,
                    struct fault *f)
{
    char temp[PATH_BYTES_MAX];
    int fd = open_temp(path, mode, temp);
    if (fd == -1)
        return errno_fault(f, path, "create");
    /* The umask must not decide who may read it. */
    enum err err =
        fchmod(fd, mode) == 0 ? write_all(fd, path, data, f) : errno_fault(f, path, "chmod");
    const bool closed = close(fd) == 0;
    if (err == OK && !closed)
        err = errno_fault(f, path, "close");
    if (err == OK) {
        bool fresh = (flags & FILE_NEW) != 0;
        /* link refuses an existing name, rename replaces it; both are atomic. */
        if ((fresh ? link(temp, path) : rename(temp, path)) == -1)
            err = errno_fault(f, path, fresh ? "link" : "rename");
        if (fresh || err != OK)
            unlink(temp);
        if (err == OK)
            err = sync_dir(path, f);
        return err;
    }
    unlink(temp);
    return err;
}

enum err file_rename(const char *from, const char *to, struct fault *f)
{
    if (rename(from, to) == -1)
        return errno_fault(f, from, "rename");
    enum err err = sync_dir(to, f);
    return err == OK ? sync_dir(from, f) : err;
}

enum err file_private_dir(const char *path, mode_t mode, struct fault *f)
{
    struct stat st;
    if (mkdir(path, mode) == -1 && errno != EEXIST)
        return errno_fault(f, path, "mkdir");
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (fd == -1)
        return errno_fault(f, path, "open");
    enum err err = fstat(fd, &st) == 0 ? OK : errno_fault(f, path, "stat");
    close(fd);
    if (err != OK)
        return err;
    if (st.st_uid != geteuid() || (st.st_mode & 0777 & ~mode) != 0)
        return fault_set(f, ERR_PERMISSION, 0, path, "must be ours with mode %03o or less",
                         (unsigned)mode);
    return OK;
}
