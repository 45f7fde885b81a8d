/*
 * sandbox - what a daemon gives up for good before it opens its first socket or database: system
 * calls that it never makes (seccomp), files that are none of its business (Landlock).
 *
 *   process_harden ─> configuration ─> sandbox_enter ─> keys, database, sockets, threads
 *
 * Guarantees, after OK, for every thread made later, until the process ends:
 *   1. No program can be run, no process made, traced, read or sent a signal to that is not its
 *      own, no identity changed, nothing mounted, no code loaded into the kernel, and no memory be
 *      both written and executed. What an attacker would call first ends the process (SIGSYS),
 *      everything else that a daemon never calls is EPERM (base/make_sandbox.c has both lists).
 *   2. Sockets are of the families of its kind: the signer's local only.
 *   3. Files are reached beneath the given places alone, by their access, and those that the C
 *      library reads to find names and zones. Nothing is executed.
 *   4. A kernel without seccomp: ERR_SANDBOX (105). One without Landlock: a warning in the log,
 *      files_open, and the rest holds.
 *
 * A place that is not there is left out. The paths are looked up once: what is put in their place
 * later is not reached, so replaced files need their directory.
 * Thread rule: main only, before any other thread.
 */
#ifndef BASE_SANDBOX_H
#define BASE_SANDBOX_H

#include "base/err.h"

#include <stddef.h>

enum sandbox_kind {
    SANDBOX_SIGNER, /* AF_UNIX, one thread */
    SANDBOX_HUB,    /* AF_UNIX, AF_INET, AF_INET6, AF_NETLINK (libzmq asks for the interfaces) */
    SANDBOX_ADAPTER,
    SANDBOX_KINDS,
};

/* Flags; SANDBOX_BESIDE goes with one of the others. */
enum sandbox_access {
    SANDBOX_READ = 1,
    SANDBOX_WRITE = 2,  /* read, write, make and remove beneath it */
    SANDBOX_BESIDE = 4, /* not the place, but all in the directory that holds it */
};

struct sandbox_place {
    const char *path; /* NULL or "": left out */
    unsigned access;  /* enum sandbox_access */
};

/* In builds with sanitizers a leak checker may still look at the process when it ends. */
MUST_USE enum err sandbox_enter(enum sandbox_kind kind, const struct sandbox_place *places,
                                size_t count, struct fault *fault);

#endif
