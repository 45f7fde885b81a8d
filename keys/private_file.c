#include "keys/private_file.h"

#include "keys/pkcs11.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CREDENTIAL_NAME_MAX = 64 };

static const char CREDENTIAL[] = "credential:";

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

/* Takes `opened`, which may be -1 with errno. `others`: bits of the mode that must not be set. */
static enum err take_open(int *fd, int opened, mode_t others, const char *path, struct fault *fault)
{
    enum err err = ERR_PERMISSION;
    struct stat st;

    *fd = -1;
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
    if ((st.st_mode & others) != 0) {
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

bool private_file_is_path(const char *text)
{
    return strncmp(text, CREDENTIAL, sizeof CREDENTIAL - 1) != 0 && !pkcs11_is_uri(text);
}

const char *private_file_place(const char *text)
{
    if (private_file_is_path(text))
        return text;
    return pkcs11_is_uri(text) ? NULL : getenv("CREDENTIALS_DIRECTORY");
}

static bool name_valid(const char *name)
{
    static const char signs[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    const size_t len = strlen(name);
    return len > 0 && len <= CREDENTIAL_NAME_MAX && name[0] != '.' && strspn(name, signs) == len;
}

/* The service manager's directory of this unit: root's or ours, and nobody else writes there. */
static enum err open_directory(int *dir, const char *name, struct fault *fault)
{
    struct stat st;
    const char *path = getenv("CREDENTIALS_DIRECTORY");
    *dir = -1;
    if (path == NULL || path[0] != '/')
        return fault_set(fault, ERR_NOT_FOUND, 0, name,
                         "not started with LoadCredential= (CREDENTIALS_DIRECTORY)");
    *dir = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_DIRECTORY);
    if (*dir == -1)
        return refuse_open(name, fault);
    if (fstat(*dir, &st) == 0 && (st.st_uid == geteuid() || st.st_uid == 0) &&
        (st.st_mode & (S_IWGRP | S_IRWXO)) == 0)
        return OK;
    close(*dir);
    *dir = -1;
    return fault_set(fault, ERR_PERMISSION, 0, name, "the directory of credentials");
}

static enum err open_credential(int *fd, const char *text, struct fault *fault)
{
    const char *name = text + sizeof CREDENTIAL - 1;
    int dir;
    *fd = -1;
    if (!name_valid(name))
        return fault_set(fault, ERR_FIELD_VALUE, 0, text, "credential: and a name, no path");
    enum err err = open_directory(&dir, text, fault);
    if (err != OK)
        return err;
    const int opened = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    /* The group's bits are the mask of the list by which systemd lets this user read. */
    err = take_open(fd, opened, S_IWGRP | S_IXGRP | S_IRWXO, text, fault);
    close(dir);
    return err;
}

/* The folder that a path lies in, to open files in and no more. Whoever writes there could put
 * another of our files in the place of this one; in a sticky folder he cannot. */
static enum err open_folder(int *folder, const char *path, const char **name, struct fault *fault)
{
    char text[PATH_MAX];
    struct stat st;
    const char *slash = strrchr(path, '/');
    const size_t len = slash == NULL ? 0 : (size_t)(slash - path) + 1;
    *folder = -1;
    *name = path + len;
    if (len >= sizeof text) {
        errno = ENAMETOOLONG;
        return refuse_open(path, fault);
    }
    memcpy(text, path, len);
    text[len] = '\0';
    *folder = open(len == 0 ? "." : text, O_PATH | O_CLOEXEC | O_DIRECTORY);
    if (*folder == -1)
        return refuse_open(path, fault);
    if (fstat(*folder, &st) == 0 && (st.st_uid == geteuid() || st.st_uid == 0) &&
        ((st.st_mode & (S_IWGRP | S_IWOTH)) == 0 || (st.st_mode & S_ISVTX) != 0))
        return OK;
    close(*folder);
    *folder = -1;
    return fault_set(fault, ERR_PERMISSION, 0, path,
                     "its folder must be ours or root's, not writable for group and others");
}

enum err private_file_open(int *fd, const char *path, struct fault *fault)
{
    int folder;
    const char *name;
    if (strncmp(path, CREDENTIAL, sizeof CREDENTIAL - 1) == 0)
        return open_credential(fd, path, fault);
    *fd = -1;
    enum err err = open_folder(&folder, path, &name, fault);
    if (err != OK)
        return err;
    err = take_open(
        fd,
        openat(folder, *name == '\0' ? "." : name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK),
        S_IRWXG | S_IRWXO, path, fault);
    close(folder);
    return err;
}
