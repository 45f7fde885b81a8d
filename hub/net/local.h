/*
 * local - AF_UNIX stream sockets between processes of one machine: the hub's control socket
 * and the signer's socket. Who is at the other end is asked of the kernel.
 *
 * Guarantees:
 *   1. local_listen refuses a directory that others can write to (ERR_PERMISSION) and a
 *      path where a live process already listens (ERR_ADDRESS_IN_USE); it replaces the
 *      socket of a dead one, and never anything that is not a socket (ERR_EXISTS).
 *   2. local_accept closes a connection whose user is neither the process's own, nor root,
 *      nor the extra one, before a byte is read.
 *      local_accept_reader tells those who may only ask from those who own the process.
 *   3. Nothing blocks except local_connect, local_read_all and local_write_all, which end at
 *      their deadline with ERR_TIMEOUT.
 *
 * Thread rule: plain descriptors; no shared state.
 */
#ifndef NET_LOCAL_H
#define NET_LOCAL_H

#include "base/err.h"
#include "base/span.h"

#include <stdbool.h>
#include <sys/types.h>

enum { LOCAL_PATH_MAX = 107 };

#define LOCAL_NO_UID ((uid_t)-1)

/* A listening, non-blocking descriptor at path. With extra_uid the group may connect too. */
MUST_USE enum err local_listen(int *fd, const char *path, uid_t extra_uid, struct fault *fault);

/* The next connection, non-blocking. ERR_NOT_FOUND: none waits; ERR_PERMISSION: one was
 * refused and closed. */
MUST_USE enum err local_accept(int listener, uid_t extra_uid, int *fd);

/* Connect within wait_ms, waiting also for the socket to appear. ERR_PERMISSION: also when whoever
 * listens is neither root, nor this user, nor the owner of the directory, or others write there. */
MUST_USE enum err local_connect(int *fd, const char *path, int wait_ms, struct fault *fault);

/* Users and a group that may ask and do nothing more: the auditors of a hub. */
enum { LOCAL_READERS_MAX = 8, LOCAL_GROUPS_MAX = 256 };
struct local_readers {
    size_t user_count;
    uid_t user[LOCAL_READERS_MAX];
    bool has_group;
    gid_t group; /* its own or one of its supplementary groups */
};
enum local_peer { LOCAL_STRANGER, LOCAL_READER, LOCAL_OWNER };

/* Who somebody with this user and these groups is to a process of user `own`. */
enum local_peer local_peer_of(uid_t own, const struct local_readers *readers, uid_t user,
                              const gid_t *groups, size_t group_count);

/* As local_accept, for owners and readers; `reader` says which. Readers may be NULL. */
MUST_USE enum err local_accept_reader(int listener, const struct local_readers *readers, int *fd,
                                      bool *reader);

/* All of len bytes or an error; ERR_UNREACHABLE when the other end is gone. */
MUST_USE enum err local_read_all(int fd, void *data, size_t len, int wait_ms);
MUST_USE enum err local_write_all(int fd, struct span data, int wait_ms);

/* Milliseconds of a clock that never steps, for deadlines of blocking calls. */
uint64_t local_monotonic_ms(void);
/* For who asks again and again; a signal may end it early. */
void local_pause(unsigned ms);

/* Close and remove the path. Accepts -1. */
void local_unlisten(int *fd, const char *path);

#endif
