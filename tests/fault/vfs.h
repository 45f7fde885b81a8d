/*
 * vfs - SQLite's file system with failures: counts writes, syncs and truncations of every file,
 * and makes the n-th of them fail.
 *
 * Guarantees:
 *   1. Unarmed it changes nothing and counts; syncs are counted and not done, since no power is
 *      cut here.
 *   2. Armed, the n-th operation of the mask fails (and with `sticky` each later one), without
 *      having had any effect on the file; or, `torn`, after half of a write.
 *
 * Thread rule: one thread; the countdown is the one global of the tests.
 */
#ifndef TESTS_FAULT_VFS_H
#define TESTS_FAULT_VFS_H

#include <stdbool.h>
#include <stdint.h>

enum vfs_op {
    VFS_WRITE = 1,
    VFS_SYNC = 2,
    VFS_TRUNCATE = 4,
    VFS_READ = 8,
    VFS_OPEN = 16,
    VFS_LOCK = 32
};

enum vfs_kind { VFS_NO_SPACE, VFS_BROKEN };

struct vfs_plan {
    unsigned ops; /* mask of enum vfs_op */
    uint64_t nth; /* from 1 */
    enum vfs_kind kind;
    bool sticky;    /* and every later one */
    uint64_t times; /* and so many later ones */
    bool torn;
};

/* Make it the file system of every database opened from here on. */
void vfs_install(void);
void vfs_arm(const struct vfs_plan *plan);
void vfs_disarm(void);
bool vfs_fired(void);
uint64_t vfs_count(enum vfs_op op); /* since the last vfs_arm or vfs_disarm */

#endif
