#include "net/local.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { BACKLOG = 16, CONNECT_RETRY_MS = 50 };

uint64_t local_monotonic_ms(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static enum err address_of(struct sockaddr_un *address, const char *path, struct fault *fault)
{
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    size_t len = strlen(path);
    if (len == 0 || len > LOCAL_PATH_MAX)
        return fault_set(fault, ERR_FIELD_LONG, 0, path, "socket path: 1 to %d bytes",
                         LOCAL_PATH_MAX);
    memcpy(address->sun_path, path, len + 1);
    return OK;
}

/* Whoever can write to the directory can put his own socket there: its owner alone may, who is
 * told. */
static enum err check_directory(const char *path, uid_t *owner, struct fault *fault)
{
    char dir[LOCAL_PATH_MAX + 1];
    struct stat st;
    const char *slash = strrchr(path, '/');
    size_t len = slash == NULL ? 0 : (size_t)(slash - path);
    memcpy(dir, path, len);
    dir[len] = '\0';
    if (len == 0)
        snprintf(dir, sizeof dir, "%s", slash == NULL ? "." : "/");
    if (stat(dir, &st) != 0 || !S_ISDIR(st.st_mode))
        return fault_set(fault, ERR_NOT_FOUND, 0, dir, "directory of the socket");
    *owner = st.st_uid;
    return (st.st_mode & (S_IWGRP | S_IWOTH)) == 0
               ? OK
               : fault_set(fault, ERR_PERMISSION, 0, dir,
                           "not writable for group and others: mode 0700 or 0750");
}

/* Remove the socket of a dead process; keep everything else. */
static enum err clear_path(const struct sockaddr_un *address, struct fault *fault)
{
    const char *path = address->sun_path;
    struct stat st;
    if (lstat(path, &st) != 0)
        return OK;
    if (!S_ISSOCK(st.st_mode))
        return fault_set(fault, ERR_EXISTS, 0, path, "not a socket");
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return fault_set(fault, ERR_IO, 0, path, "socket");
    bool live = connect(fd, (const struct sockaddr *)address, sizeof *address) == 0 ||
                errno == EAGAIN || errno == EINPROGRESS;
    close(fd);
    if (live)
        return fault_set(fault, ERR_ADDRESS_IN_USE, 0, path, "a process listens there");
    if (unlink(path) != 0)
        return fault_set(fault, ERR_PERMISSION, 0, path, "the old socket cannot be removed");
    return OK;
}

enum err local_listen(int *out, const char *path, uid_t extra_uid, struct fault *fault)
{
    struct sockaddr_un address;
    uid_t owner;
    int fd = -1;

    *out = -1;
    enum err err = address_of(&address, path, fault);
    if (err != OK || (err = check_directory(path, &owner, fault)) != OK)
        return err;
    if (owner != geteuid() && owner != 0)
        return fault_set(fault, ERR_PERMISSION, 0, path, "its directory: own user, or root");
    if ((err = clear_path(&address, fault)) != OK)
        return err;

    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    /* The mode of the socket itself is from the umask at bind. */
    mode_t before = umask(extra_uid == LOCAL_NO_UID ? 0177 : 0117);
    bool bound = fd >= 0 && bind(fd, (const struct sockaddr *)&address, sizeof address) == 0;
    umask(before);
    if (!bound || listen(fd, BACKLOG) != 0) {
        err = fault_set(fault, ERR_IO, 0, path, "the socket cannot be made: errno %d", errno);
        goto out;
    }
    *out = fd;
    fd = -1;
    err = OK;

out:
    if (fd >= 0)
        close(fd);
    return err;
}

enum err local_accept(int listener, uid_t extra_uid, int *out)
{
    struct ucred peer;
    socklen_t len = sizeof peer;

    *out = -1;
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0)
        return errno == EAGAIN || errno == EINTR || errno == ECONNABORTED ? ERR_NOT_FOUND : ERR_IO;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) != 0 ||
        (peer.uid != 0 && peer.uid != geteuid() &&
         (extra_uid == LOCAL_NO_UID || peer.uid != extra_uid))) {
        close(fd);
        return ERR_PERMISSION;
    }
    *out = fd;
    return OK;
}

enum local_peer local_peer_of(uid_t own, const struct local_readers *readers, uid_t user,
                              const gid_t *groups, size_t group_count)
{
    if (user == 0 || user == own)
        return LOCAL_OWNER;
    for (size_t i = 0; readers != NULL && i < readers->user_count; i++) {
        if (readers->user[i] == user)
            return LOCAL_READER;
    }
    for (size_t i = 0; readers != NULL && readers->has_group && i < group_count; i++) {
        if (groups[i] == readers->group)
            return LOCAL_READER;
    }
    return LOCAL_STRANGER;
}

enum err local_accept_reader(int listener, const struct local_readers *readers, int *out,
                             bool *reader)
{
    struct ucred peer;
    socklen_t len = sizeof peer;
    gid_t groups[LOCAL_GROUPS_MAX + 1];
    socklen_t bytes = LOCAL_GROUPS_MAX * sizeof groups[0];

    *out = -1;
    *reader = false;
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0)
        return errno == EAGAIN || errno == EINTR || errno == ECONNABORTED ? ERR_NOT_FOUND : ERR_IO;
    enum local_peer who = LOCAL_STRANGER;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0) {
        /* More groups than there is room for count as none. */
        if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &bytes) != 0)
            bytes = 0;
        size_t count = bytes / sizeof groups[0];
        groups[count++] = peer.gid;
        who = local_peer_of(geteuid(), readers, peer.uid, groups, count);
    }
    if (who == LOCAL_STRANGER) {
        close(fd);
        return ERR_PERMISSION;
    }
    *reader = who == LOCAL_READER;
    *out = fd;
    return OK;
}

/* Wait for one descriptor (-1: only for time to pass) until the deadline. */
static enum err wait_for(int fd, short events, uint64_t deadline_ms)
{
    for (;;) {
        uint64_t now = local_monotonic_ms();
        if (now >= deadline_ms)
            return ERR_TIMEOUT;
        struct pollfd item = {.fd = fd, .events = events};
        int ready = poll(&item, 1, (int)(deadline_ms - now));
        if (ready > 0)
            return OK;
        if (ready < 0 && errno != EINTR)
            return ERR_IO;
    }
}

static enum err connect_once(const struct sockaddr_un *address, int *out)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return ERR_IO;
    if (connect(fd, (const struct sockaddr *)address, sizeof *address) == 0) {
        *out = fd;
        return OK;
    }
    int number = errno;
    close(fd);
    return number == EACCES || number == EPERM ? ERR_PERMISSION : ERR_UNREACHABLE;
}

/* Is it the process that the directory is for who listens, and not whoever took the path first? */
static enum err check_listener(int fd, const char *path, struct fault *fault)
{
    struct ucred peer;
    socklen_t len = sizeof peer;
    uid_t owner;
    enum err err = check_directory(path, &owner, fault);
    if (err == OK && (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) != 0 ||
                      (peer.uid != 0 && peer.uid != owner && peer.uid != geteuid())))
        err = fault_set(fault, ERR_PERMISSION, 0, path, "another user listens there");
    return err;
}

void local_pause(unsigned ms)
{
    (void)wait_for(-1, 0, local_monotonic_ms() + ms); /* nothing is waited for but the time */
}

enum err local_connect(int *fd, const char *path, int wait_ms, struct fault *fault)
{
    struct sockaddr_un address;

    *fd = -1;
    const uint64_t deadline = local_monotonic_ms() + (uint64_t)wait_ms;
    enum err err = address_of(&address, path, fault);
    if (err != OK)
        return err;
    for (;;) {
        err = connect_once(&address, fd);
        uint64_t now = local_monotonic_ms();
        if (err != ERR_UNREACHABLE || now >= deadline)
            break;
        /* There is no event for "a socket appears here"; the deadline bounds the waiting. */
        uint64_t next = now + CONNECT_RETRY_MS < deadline ? now + CONNECT_RETRY_MS : deadline;
        if (wait_for(-1, 0, next) == ERR_IO)
            break;
    }
    if (err != OK)
        return fault_set(fault, err, 0, path, "no process answers on this socket");
    if ((err = check_listener(*fd, path, fault)) != OK) {
        close(*fd);
        *fd = -1;
    }
    return err;
}

enum err local_read_all(int fd, void *data, size_t len, int wait_ms)
{
    const uint64_t deadline = local_monotonic_ms() + (uint64_t)wait_ms;
    uint8_t *at = data;
    while (len > 0) {
        ssize_t got = read(fd, at, len);
        if (got > 0) {
            at += got;
            len -= (size_t)got;
            continue;
        }
        if (got == 0 || (errno != EAGAIN && errno != EINTR))
            return ERR_UNREACHABLE;
        enum err err = wait_for(fd, POLLIN, deadline);
        if (err != OK)
            return err;
    }
    return OK;
}

enum err local_write_all(int fd, struct span data, int wait_ms)
{
    const uint64_t deadline = local_monotonic_ms() + (uint64_t)wait_ms;
    while (data.len > 0) {
        ssize_t put = send(fd, data.data, data.len, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (put > 0) {
            data.data += put;
            data.len -= (size_t)put;
            continue;
        }
        if (put < 0 && errno != EAGAIN && errno != EINTR)
            return ERR_UNREACHABLE;
        enum err err = wait_for(fd, POLLOUT, deadline);
        if (err != OK)
            return err;
    }
    return OK;
}

void local_unlisten(int *fd, const char *path)
{
    if (*fd < 0)
        return;
    close(*fd);
    unlink(path);
    *fd = -1;
}
