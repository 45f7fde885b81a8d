#include "keys/private_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static enum err refuse_open(const char *path, struct fault *fault)
{
    switch (errno) {
    case ENOENT:
    case ENOTDIR:
        return fault_set(fault, ERR_NOT_FOUND, 0, path, "%s", strerror(errno));
    case EACCES:
    case EPERM:
    case ELOOP:
        return fault_set(fault, ERR_PERMISSION, 0, path, "%s", strerror(errno));
    default:
        return fault_set(fault, ERR_IO, 0, path, "%s", strerror(errno));
    }
}

enum err private_file_open(int *fd, const char *path, struct fault *fault)
{
    enum err err = ERR_PERMISSION;
    struct stat st;

    *fd = -1;
    int opened = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (opened == -1)
        return refuse_open(path, fault);
    /* Ask the descriptor, not the path: the path may have been swapped since. */
    if (fstat(opened, &st) == -1) {
        err = refuse_open(path, fault);
        goto out;
    }
    if (!S_ISREG(st.st_mode)) {
        err = fault_set(fault, err, 0, path, "not a regular file");
        goto out;
    }
    if (st.st_uid != geteuid() && st.st_uid != 0) {
        err = fault_set(fault, err, 0, path, "owner must be uid %u", (unsigned)geteuid());
        goto out;
    }
    if ((st.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
        err = fault_set(fault, err, 0, path, "mode must be 0600, is %04o",
                        (unsigned)(st.st_mode & 07777));
        goto out;
    }
    *fd = opened;
    opened = -1;
    err = OK;
out:
    if (opened != -1)
        close(opened);
    return err;
}
