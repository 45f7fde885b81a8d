#include "fault/vfs.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { DISK_FILES_MAX = 128, DISK_PATH_MAX = 256, SECTOR = 512 };

/* A write, or (no bytes) a truncation to `at`. */
struct change {
    uint8_t *bytes; /* owns */
    size_t len;
    size_t at;
};

/* A file as the disk has it, and what was done to it since. */
struct disk {
    char path[DISK_PATH_MAX];
    uint8_t *bytes; /* owns */
    size_t len;
    size_t cap;
    struct change *change; /* owns */
    size_t count;
    size_t room;
    bool removed;
};

static struct {
    struct vfs_plan plan;
    bool armed;
    bool fired;
    uint64_t seen; /* operations of the mask */
    uint64_t count[6];
    sqlite3_vfs *real;
    sqlite3_vfs own;
    bool power;
    struct disk disk[DISK_FILES_MAX];
    size_t disks;
} g;

struct shim {
    sqlite3_file base;
    struct disk *disk;  /* NULL: nobody asks */
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

/* ---- the disk ---- */

static void *grown(void *old, size_t len)
{
    void *p = realloc(old, len);
    if (p == NULL)
        abort();
    return p;
}

static void apply(struct disk *d, const struct change *c, size_t len)
{
    size_t end = c->at + len;
    if (end > d->cap) {
        d->cap = 2 * end;
        d->bytes = grown(d->bytes, d->cap);
    }
    if (end > d->len)
        memset(d->bytes + d->len, 0, end - d->len);
    if (c->bytes == NULL || end > d->len)
        d->len = end;
    if (c->bytes != NULL)
        memcpy(d->bytes + c->at, c->bytes, len);
}

static void forget(struct disk *d)
{
    for (size_t i = 0; i < d->count; i++)
        free(d->change[i].bytes);
    d->count = 0;
}

static void changed(struct disk *d, const void *from, size_t len, sqlite3_int64 at)
{
    if (d == NULL)
        return;
    if (d->count == d->room) {
        d->room = d->room == 0 ? 64 : 2 * d->room;
        d->change = grown(d->change, d->room * sizeof *d->change);
    }
    struct change *c = &d->change[d->count++];
    *c = (struct change){.len = len, .at = (size_t)at};
    if (from != NULL) {
        c->bytes = grown(NULL, len + 1);
        memcpy(c->bytes, from, len);
    }
}

static void synced(struct disk *d)
{
    for (size_t i = 0; d != NULL && i < d->count; i++)
        apply(d, &d->change[i], d->change[i].len);
    if (d != NULL)
        forget(d);
}

/* The disk's file of that name; when it is new, as it is now. */
static struct disk *disk_of(const char *path)
{
    if (!g.power || path == NULL)
        return NULL;
    for (size_t i = 0; i < g.disks; i++) {
        if (strcmp(g.disk[i].path, path) == 0)
            return &g.disk[i];
    }
    if (g.disks == DISK_FILES_MAX || strlen(path) >= DISK_PATH_MAX)
        abort();
    struct disk *d = &g.disk[g.disks++];
    *d = (struct disk){.removed = false};
    strcpy(d->path, path);
    uint8_t some[4096];
    ssize_t len;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    while (fd != -1 && (len = read(fd, some, sizeof some)) > 0) {
        const struct change c = {.bytes = some, .len = (size_t)len, .at = d->len};
        apply(d, &c, c.len);
    }
    if (fd != -1)
        close(fd);
    return d;
}

static uint64_t some(uint64_t *seed, uint64_t bound)
{
    *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (*seed >> 33) % bound;
}

static void lose(struct disk *d, enum vfs_tail tail, uint64_t *seed)
{
    size_t whole = tail == VFS_TAIL_LOST ? 0 : (size_t)some(seed, d->count + 1);
    for (size_t i = 0; i < d->count; i++) {
        const struct change *c = &d->change[i];
        if (tail == VFS_TAIL_SCATTERED ? some(seed, 2) == 0 : i < whole)
            apply(d, c, c->len);
        else if (tail == VFS_TAIL_TORN && i == whole && c->bytes != NULL)
            apply(d, c, (size_t)some(seed, c->len / SECTOR + 1) * SECTOR);
    }
}

void vfs_power_on(void)
{
    vfs_power_off(VFS_TAIL_LOST, 0);
    g.power = true;
}

void vfs_power_off(enum vfs_tail tail, uint64_t seed)
{
    for (size_t i = 0; i < g.disks; i++) {
        struct disk *d = &g.disk[i];
        lose(d, tail, &seed);
        int fd = g.power && !d->removed
                     ? open(d->path, O_WRONLY | O_TRUNC | O_CREAT | O_CLOEXEC, 0600)
                     : -1;
        if (fd != -1 && write(fd, d->bytes, d->len) != (ssize_t)d->len)
            abort();
        if (fd != -1)
            close(fd);
        forget(d);
        free(d->change);
        free(d->bytes);
    }
    g.disks = 0;
    g.power = false;
}

/* ---- what SQLite calls ---- */

static int x_close(sqlite3_file *f)
{
    return real_of(f)->pMethods->xClose(real_of(f));
}

static int x_read(sqlite3_file *f, void *to, int len, sqlite3_int64 at)
{
    return fails(VFS_READ) ? SQLITE_IOERR_READ
                           : real_of(f)->pMethods->xRead(real_of(f), to, len, at);
}

static int do_write(sqlite3_file *f, const void *from, int len, sqlite3_int64 at)
{
    int rc = real_of(f)->pMethods->xWrite(real_of(f), from, len, at);
    if (rc == SQLITE_OK)
        changed(((struct shim *)f)->disk, from, (size_t)len, at);
    return rc;
}

static int x_write(sqlite3_file *f, const void *from, int len, sqlite3_int64 at)
{
    if (!fails(VFS_WRITE))
        return do_write(f, from, len, at);
    if (g.plan.torn && len > 1)
        (void)do_write(f, from, len / 2, at);
    return code(SQLITE_IOERR_WRITE);
}

static int x_truncate(sqlite3_file *f, sqlite3_int64 size)
{
    if (fails(VFS_TRUNCATE))
        return SQLITE_IOERR_TRUNCATE;
    int rc = real_of(f)->pMethods->xTruncate(real_of(f), size);
    if (rc == SQLITE_OK)
        changed(((struct shim *)f)->disk, NULL, 0, size);
    return rc;
}

static int x_sync(sqlite3_file *f, int flags)
{
    struct disk *disk = ((struct shim *)f)->disk;
    (void)flags;
    if (!fails(VFS_SYNC)) {
        synced(disk);
        return SQLITE_OK;
    }
    if (disk != NULL)
        forget(disk);
    return code(SQLITE_IOERR_FSYNC);
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
    shim->disk = disk_of(name);
    if (shim->disk != NULL)
        shim->disk->removed = false;
    int rc = g.real->xOpen(g.real, name, shim->real, flags, out_flags);
    if (shim->real->pMethods != NULL)
        shim->base.pMethods = &methods;
    return rc;
}

/* Nothing is removed once all that was armed fails for good. */
static int x_delete(sqlite3_vfs *vfs, const char *name, int sync_dir)
{
    (void)vfs;
    if (g.fired && g.plan.sticky)
        return SQLITE_IOERR_DELETE;
    struct disk *disk = disk_of(name);
    int rc = g.real->xDelete(g.real, name, sync_dir);
    if (disk != NULL && rc == SQLITE_OK) {
        forget(disk);
        disk->len = 0;
        disk->removed = true;
    }
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
    g.own.xDelete = x_delete;
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

unsigned vfs_each_life(uint64_t step, vfs_life_fn *life)
{
    static const struct vfs_plan plans[] = {{.ops = VFS_WRITE, .kind = VFS_NO_SPACE},
                                            {.ops = VFS_WRITE, .kind = VFS_BROKEN, .torn = true},
                                            {.ops = VFS_SYNC, .kind = VFS_BROKEN}};
    unsigned faults = 0;
    for (size_t p = 0; p < sizeof plans / sizeof plans[0]; p++) {
        struct vfs_plan plan = plans[p];
        bool fired = true;
        for (plan.nth = 1; fired; plan.nth += plan.nth < 8 ? 1 : step) {
            fired = life(&plan);
            faults += fired;
        }
    }
    return faults;
}

uint64_t vfs_count(enum vfs_op op)
{
    for (unsigned i = 0; i < 6; i++) {
        if ((unsigned)op == 1u << i)
            return g.count[i];
    }
    return 0;
}
