/*
 * vfs - SQLite's file system with failures: counts writes, syncs and truncations of every file,
 * and makes the n-th of them fail.
 *
 * Guarantees:
 *   1. Unarmed it changes nothing and counts; syncs are counted and not done.
 *   2. Armed, the n-th operation of the mask fails (and with `sticky` each later one), without
 *      having had any effect on the file; or, `torn`, after half of a write.
 *   3. vfs_power_on: from here on it knows what a disk that loses its power would still have: of
 *      each file what was there at a sync that said OK, and of what came later as little as
 *      vfs_power_off says. What a sync that failed should have brought to disk never gets there,
 *      whatever later syncs say. A removed file is gone at once.
 *
 * A power cut: vfs_power_on, vfs_arm with every operation and `sticky`, close, vfs_power_off.
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

/* What is left of what was written since a file's last sync. */
enum vfs_tail {
    VFS_TAIL_LOST,      /* nothing */
    VFS_TAIL_PREFIX,    /* the first so many writes */
    VFS_TAIL_TORN,      /* those, and a part of the next */
    VFS_TAIL_SCATTERED, /* some writes, and others not */
    VFS_TAILS,
};

/* Make it the file system of every database opened from here on. */
void vfs_install(void);
void vfs_arm(const struct vfs_plan *plan);
void vfs_disarm(void);
bool vfs_fired(void);
/* Lives with one write or sync that fails, the first eight ones and then each step-th, until none
 * is left to fail. A life arms the plan, says at its end whether that happened, and disarms. How
 * many did. */
typedef bool vfs_life_fn(const struct vfs_plan *plan);
unsigned vfs_each_life(uint64_t step, vfs_life_fn *life);
uint64_t vfs_count(enum vfs_op op); /* since the last vfs_arm or vfs_disarm */

/* Of files opened from here on; what they hold then is on disk. */
void vfs_power_on(void);
/* Make all files what the disk has of them, when nobody has them open; then as if it were never
 * said. `seed` chooses how much, for each file anew. */
void vfs_power_off(enum vfs_tail tail, uint64_t seed);

#endif
