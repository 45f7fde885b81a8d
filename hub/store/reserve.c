#include "store/reserve.h"

#include "base/file.h"
#include "store/db.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BLOCK = 512 }; /* unit of st_blocks */

struct reserve {
    char path[DB_PATH_MAX + sizeof ".reserve"];
    uint64_t bytes;
    bool held;
};

static enum err err_of(int number)
{
    return number == EFBIG ? ERR_DISK_FULL /* a limit on files is a quota as well */
                           : file_errno(number);
}

/* Does a reserve of this size stand there, allocated and not only long? */
static enum err look(const struct reserve *r, bool *held)
{
    struct stat st;
    *held = false;
    if (lstat(r->path, &st) == -1)
        return errno == ENOENT ? OK : err_of(errno);
    if (!S_ISREG(st.st_mode) || st.st_uid != geteuid() || (st.st_mode & (S_IRWXG | S_IRWXO)) != 0)
        return ERR_PERMISSION;
    *held = r->bytes > 0 && (uint64_t)st.st_size == r->bytes &&
            (uint64_t)st.st_blocks * BLOCK >= r->bytes;
    return OK;
}

enum err reserve_open(struct reserve **out, const char *database, uint64_t bytes, struct fault *f)
{
    *out = NULL;
    struct reserve *r = calloc(1, sizeof *r);
    if (r == NULL)
        return fault_set(f, ERR_NO_MEMORY, 0, database, "reserve");
    if (strlen(database) > DB_PATH_MAX || bytes > INT64_MAX) {
        free(r);
        return fault_set(f, ERR_CONFIG, 0, database, "path or reserve too long");
    }
    snprintf(r->path, sizeof r->path, "%s.reserve", database);
    r->bytes = bytes;
    enum err err = look(r, &r->held);
    if (err == OK && bytes == 0)
        err = reserve_release(r);
    else if (err == OK && !r->held)
        err = reserve_restore(r);
    if (err == ERR_DISK_FULL)
        err = OK;
    if (err != OK) {
        fault_set(f, err, 0, r->path, "reserve: must be a regular file, 0600, one's own");
        reserve_close(&r);
    }
    *out = r;
    return err;
}

void reserve_close(struct reserve **r)
{
    free(*r);
    *r = NULL;
}

enum err reserve_release(struct reserve *r)
{
    r->held = false;
    /* Another name or an open descriptor would keep the blocks of a file that is only unlinked. */
    if (truncate(r->path, 0) == -1 && errno != ENOENT)
        return err_of(errno);
    return unlink(r->path) == 0 || errno == ENOENT ? OK : err_of(errno);
}

static enum err allocate(const struct reserve *r)
{
    int fd = open(r->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd == -1)
        return err_of(errno);
    int number = posix_fallocate(fd, 0, (off_t)r->bytes);
    if (number == 0 && fsync(fd) == -1)
        number = errno;
    close(fd);
    return number == 0 ? OK : err_of(number);
}

enum err reserve_restore(struct reserve *r)
{
    if (r->held || r->bytes == 0)
        return OK;
    enum err err = reserve_release(r); /* what an earlier process left half made */
    if (err == OK)
        err = allocate(r);
    r->held = err == OK;
    if (err == OK)
        return OK;
    enum err left = reserve_release(r);
    return left == OK ? err : left;
}

bool reserve_held(const struct reserve *r)
{
    return r->held;
}
