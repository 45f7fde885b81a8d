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
 *   3. Nothing blocks except local_connect, local_read_all and local_write_all, which end at
 *      their deadline with ERR_TIMEOUT.
 *
 * Thread rule: plain descriptors; no shared state.
 */
#ifndef NET_LOCAL_H
#define NET_LOCAL_H

#include "base/err.h"
#include "base/span.h"

#include <sys/types.h>

enum { LOCAL_PATH_MAX = 107 };

#define LOCAL_NO_UID ((uid_t)-1)

/* A listening, non-blocking descriptor at path. With extra_uid the group may connect too. */
MUST_USE enum err local_listen(int *fd, const char *path, uid_t extra_uid, struct fault *fault);

/* The next connection, non-blocking. ERR_NOT_FOUND: none waits; ERR_PERMISSION: one was
 * refused and closed. */
MUST_USE enum err local_accept(int listener, uid_t extra_uid, int *fd);

/* Connect within wait_ms, waiting also for the socket to appear. */
MUST_USE enum err local_connect(int *fd, const char *path, int wait_ms, struct fault *fault);

/* All of len bytes or an error; ERR_UNREACHABLE when the other end is gone. */
MUST_USE enum err local_read_all(int fd, void *data, size_t len, int wait_ms);
MUST_USE enum err local_write_all(int fd, struct span data, int wait_ms);

/* Milliseconds of a clock that never steps, for deadlines of blocking calls. */
uint64_t local_monotonic_ms(void);

/* Close and remove the path. Accepts -1. */
void local_unlisten(int *fd, const char *path);

#endif
