#include "store/dbfile.h"

#include "base/file.h"
#include "store/db.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static const char FILE_MAGIC[16] = "SQLite format 3";

static enum err refuse_errno(struct fault *f, const char *path, const char *doing)
{
    int number = errno;
    return fault_set(f, file_errno(number), 0, path, "%s: %s", doing, strerror(number));
}

static enum err check_owner(const struct stat *st, const char *path, const char *want,
                            struct fault *f)
{
    if (st->st_uid != geteuid() || (st->st_mode & (S_IRWXG | S_IRWXO)) != 0)
        return fault_set(
            f, ERR_PERMISSION, 0, path, "must belong to uid %u with mode %s, has uid %u mode %04o",
            (unsigned)geteuid(), want, (unsigned)st->st_uid, (unsigned)(st->st_mode & 07777u));
    return OK;
}

static enum err check_directory(const char *path, bool read_only, struct fault *f)
{
    char dir[DB_PATH_MAX];
    const char *slash = strrchr(path, '/');
    size_t len = slash == NULL ? 0 : (size_t)(slash - path);

    if (slash == NULL)
        snprintf(dir, sizeof dir, ".");
    else
        snprintf(dir, sizeof dir, "%.*s", len == 0 ? 1 : (int)len, path);

    struct stat st;
    if (!read_only && mkdir(dir, 0700) == -1 && errno != EEXIST)
        return refuse_errno(f, dir, "mkdir");
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (fd == -1)
        return refuse_errno(f, dir, "open");
    enum err err =
        fstat(fd, &st) == -1 ? refuse_errno(f, dir, "stat") : check_owner(&st, dir, "0700", f);
    close(fd);
    return err;
}

/* Ask the descriptor, not the path: the path may have been swapped since. */
static enum err check_file(int fd, const char *path, struct fault *f)
{
    struct stat st;
    char head[sizeof FILE_MAGIC];

    if (fstat(fd, &st) == -1)
        return refuse_errno(f, path, "stat");
    if (!S_ISREG(st.st_mode))
        return fault_set(f, ERR_DB_FOREIGN, 0, path, "not a regular file");
    enum err err = check_owner(&st, path, "0600", f);
    if (err != OK || st.st_size == 0)
        return err;
    if (pread(fd, head, sizeof head, 0) != (ssize_t)sizeof head ||
        memcmp(head, FILE_MAGIC, sizeof head) != 0)
        return fault_set(f, ERR_DB_FOREIGN, 0, path, "not an SQLite file");
    return OK;
}

enum err dbfile_check(const char *path, bool read_only, struct fault *f)
{
    if (path == NULL || path[0] == '\0' || strlen(path) > DB_PATH_MAX - sizeof ".lock")
        return fault_set(f, ERR_CONFIG, 0, path, "path is empty or too long");
    enum err err = check_directory(path, read_only, f);
    if (err != OK)
        return err;

    /* Made here and not by SQLite, so that it never has a wider mode; -wal and -shm inherit it. */
    int flags = read_only ? O_RDONLY : O_RDWR | O_CREAT;
    int fd = open(path, flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
    if (fd == -1)
        return refuse_errno(f, path, "open");
    err = check_file(fd, path, f);
    close(fd); /* before SQLite opens it: closing later would drop SQLite's own locks */
    return err;
}

enum err dbfile_lock(int *fd, const char *path, struct fault *f)
{
    char name[DB_PATH_MAX + sizeof ".lock"];
    struct stat st;

    *fd = -1;
    snprintf(name, sizeof name, "%s.lock", path);
    int lock = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
    if (lock == -1)
        return refuse_errno(f, name, "open");
    enum err err =
        fstat(lock, &st) == -1 ? refuse_errno(f, name, "stat") : check_owner(&st, name, "0600", f);
    if (err == OK && flock(lock, LOCK_EX | LOCK_NB) == -1)
        err = errno == EWOULDBLOCK ? fault_set(f, ERR_BUSY_ELSEWHERE, 0, path, "%s is held", name)
                                   : refuse_errno(f, name, "lock");
    if (err != OK) {
        close(lock);
        return err;
    }
    *fd = lock;
    return OK;
}

void dbfile_unlock(int *fd)
{
    if (*fd != -1)
        close(*fd);
    *fd = -1;
}
