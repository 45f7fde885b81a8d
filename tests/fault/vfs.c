#include "fault/vfs.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

static struct {
    struct vfs_plan plan;
    bool armed;
    bool fired;
    uint64_t seen; /* operations of the mask */
    uint64_t count[6];
    sqlite3_vfs *real;
    sqlite3_vfs own;
} g;

struct shim {
    sqlite3_file base;
    sqlite3_file *real; /* lies behind this struct */
};

static sqlite3_file *real_of(sqlite3_file *f)
{
    return ((struct shim *)f)->real;
}

static bool fails(enum vfs_op op)
{
    for (unsigned i = 0; i < 6; i++)
        g.count[i] += (unsigned)op == 1u << i;
    if (!g.armed || (g.plan.ops & (unsigned)op) == 0)
        return false;
    g.seen++;
    bool now = g.seen >= g.plan.nth && (g.plan.sticky || g.seen <= g.plan.nth + g.plan.times);
    g.fired = g.fired || now;
    return now;
}

static int code(int broken)
{
    return g.plan.kind == VFS_NO_SPACE ? SQLITE_FULL : broken;
}

static int x_close(sqlite3_file *f)
{
    return real_of(f)->pMethods->xClose(real_of(f));
}

static int x_read(sqlite3_file *f, void *to, int len, sqlite3_int64 at)
{
    return fails(VFS_READ) ? SQLITE_IOERR_READ
                           : real_of(f)->pMethods->xRead(real_of(f), to, len, at);
}

static int x_write(sqlite3_file *f, const void *from, int len, sqlite3_int64 at)
{
    if (!fails(VFS_WRITE))
        return real_of(f)->pMethods->xWrite(real_of(f), from, len, at);
    if (g.plan.torn && len > 1)
        (void)real_of(f)->pMethods->xWrite(real_of(f), from, len / 2, at);
    return code(SQLITE_IOERR_WRITE);
}

static int x_truncate(sqlite3_file *f, sqlite3_int64 size)
{
    return fails(VFS_TRUNCATE) ? SQLITE_IOERR_TRUNCATE
                               : real_of(f)->pMethods->xTruncate(real_of(f), size);
}

static int x_sync(sqlite3_file *f, int flags)
{
    (void)f;
    (void)flags;
    return fails(VFS_SYNC) ? code(SQLITE_IOERR_FSYNC) : SQLITE_OK;
}

static int x_size(sqlite3_file *f, sqlite3_int64 *size)
{
    return real_of(f)->pMethods->xFileSize(real_of(f), size);
}

static int x_lock(sqlite3_file *f, int level)
{
    return fails(VFS_LOCK) ? SQLITE_IOERR_LOCK : real_of(f)->pMethods->xLock(real_of(f), level);
}

static int x_unlock(sqlite3_file *f, int level)
{
    return real_of(f)->pMethods->xUnlock(real_of(f), level);
}

static int x_check(sqlite3_file *f, int *out)
{
    return real_of(f)->pMethods->xCheckReservedLock(real_of(f), out);
}

static int x_control(sqlite3_file *f, int op, void *arg)
{
    return real_of(f)->pMethods->xFileControl(real_of(f), op, arg);
}

static int x_sector(sqlite3_file *f)
{
    return real_of(f)->pMethods->xSectorSize(real_of(f));
}

static int x_device(sqlite3_file *f)
{
    return real_of(f)->pMethods->xDeviceCharacteristics(real_of(f));
}

static int x_shm_map(sqlite3_file *f, int page, int size, int extend, void volatile **out)
{
    return real_of(f)->pMethods->xShmMap(real_of(f), page, size, extend, out);
}

static int x_shm_lock(sqlite3_file *f, int at, int n, int flags)
{
    if ((flags & SQLITE_SHM_LOCK) != 0 && fails(VFS_LOCK))
        return SQLITE_IOERR_SHMLOCK;
    return real_of(f)->pMethods->xShmLock(real_of(f), at, n, flags);
}

static void x_shm_barrier(sqlite3_file *f)
{
    real_of(f)->pMethods->xShmBarrier(real_of(f));
}

static int x_shm_unmap(sqlite3_file *f, int wipe)
{
    return real_of(f)->pMethods->xShmUnmap(real_of(f), wipe);
}

static const sqlite3_io_methods methods = {
    .iVersion = 2,
    .xClose = x_close,
    .xRead = x_read,
    .xWrite = x_write,
    .xTruncate = x_truncate,
    .xSync = x_sync,
    .xFileSize = x_size,
    .xLock = x_lock,
    .xUnlock = x_unlock,
    .xCheckReservedLock = x_check,
    .xFileControl = x_control,
    .xSectorSize = x_sector,
    .xDeviceCharacteristics = x_device,
    .xShmMap = x_shm_map,
    .xShmLock = x_shm_lock,
    .xShmBarrier = x_shm_barrier,
    .xShmUnmap = x_shm_unmap,
};

static int x_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *f, int flags, int *out_flags)
{
    struct shim *shim = (struct shim *)f;
    (void)vfs;
    *shim = (struct shim){.real = (sqlite3_file *)(void *)(shim + 1)};
    if (fails(VFS_OPEN))
        return SQLITE_CANTOPEN;
    int rc = g.real->xOpen(g.real, name, shim->real, flags, out_flags);
    if (shim->real->pMethods != NULL)
        shim->base.pMethods = &methods;
    return rc;
}

void vfs_install(void)
{
    if (g.real != NULL)
        return;
    g.real = sqlite3_vfs_find(NULL);
    g.own = *g.real;
    g.own.zName = "fault";
    g.own.pNext = NULL;
    g.own.szOsFile = (int)sizeof(struct shim) + g.real->szOsFile;
    g.own.xOpen = x_open;
    if (sqlite3_vfs_register(&g.own, 1) != SQLITE_OK)
        abort();
}

static void reset(void)
{
    g.armed = false;
    g.fired = false;
    g.seen = 0;
    memset(g.count, 0, sizeof g.count);
}

void vfs_arm(const struct vfs_plan *plan)
{
    reset();
    g.plan = *plan;
    g.armed = true;
}

void vfs_disarm(void)
{
    reset();
}

bool vfs_fired(void)
{
    return g.fired;
}

uint64_t vfs_count(enum vfs_op op)
{
    for (unsigned i = 0; i < 6; i++) {
        if ((unsigned)op == 1u << i)
            return g.count[i];
    }
    return 0;
}
