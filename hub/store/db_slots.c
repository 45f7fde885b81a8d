#include "store/db_slots.h"

#include "base/file.h"
#include "store/db_own.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    LEN_BYTES = 4,
    PIECE_BYTES = 64 * 1024, /* the VFS moves less than 128 KiB at once */
};

struct slots {
    struct db *db;          /* borrowed */
    char path[DB_PATH_MAX]; /* the VFS borrows it while the file is open */
    sqlite3_file *file;     /* lies behind this struct; of the VFS's own size */
};

static sqlite3_int64 offset_of(uint64_t slot)
{
    return (sqlite3_int64)(slot * SLOT_BYTES);
}

/* Made here and not by the VFS, so that it never has a wider mode. */
static enum err check_file(const char *path, bool make)
{
    struct stat st;
    int fd = open(path, O_RDWR | (make ? O_CREAT : 0) | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
    if (fd == -1)
        return file_errno(errno);
    enum err err = OK;
    if (fstat(fd, &st) == -1)
        err = ERR_IO;
    else if (!S_ISREG(st.st_mode) || st.st_uid != geteuid() ||
             (st.st_mode & (S_IRWXG | S_IRWXO)) != 0)
        err = ERR_PERMISSION;
    close(fd);
    return err;
}

enum err slots_open(struct slots **out, struct db *db, const char *path, bool make)
{
    sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);
    size_t len = strlen(path);

    *out = NULL;
    if (vfs == NULL || len >= DB_PATH_MAX)
        return ERR_INTERNAL;
    enum err err = check_file(path, make);
    if (err != OK)
        return err;
    struct slots *s = calloc(1, sizeof *s + (size_t)vfs->szOsFile);
    if (s == NULL)
        return ERR_NO_MEMORY;
    s->db = db;
    memcpy(s->path, path, len + 1);
    s->file = (sqlite3_file *)(void *)(s + 1);
    /* As a journal of its own kind: no locks, and the first sync syncs the directory too. */
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_SUPER_JOURNAL;
    if (vfs->xOpen(vfs, s->path, s->file, flags, NULL) != SQLITE_OK) {
        slots_close(&s);
        return ERR_IO;
    }
    *out = s;
    return OK;
}

void slots_close(struct slots **slots)
{
    struct slots *s = *slots;
    *slots = NULL;
    if (s != NULL && s->file->pMethods != NULL)
        s->file->pMethods->xClose(s->file);
    free(s);
}

enum err slots_write(struct slots *s, uint64_t slot, struct span bytes, uint8_t *room)
{
    if (bytes.len == 0 || bytes.len > SLOT_FRAME_MAX)
        return ERR_TOO_LARGE;
    if (s->db->fatal != OK)
        return s->db->fatal;
    struct writer w = writer_of(room, SLOT_BYTES);
    write_uint(&w, bytes.len, LEN_BYTES);
    write_span(&w, bytes);
    int rc = w.full ? SQLITE_TOOBIG : SQLITE_OK;
    for (size_t at = 0; rc == SQLITE_OK && at < w.len; at += PIECE_BYTES) {
        size_t n = w.len - at < PIECE_BYTES ? w.len - at : PIECE_BYTES;
        rc = s->file->pMethods->xWrite(s->file, room + at, (int)n,
                                       offset_of(slot) + (sqlite3_int64)at);
    }
    return db_note(s->db, rc);
}

static bool read_bytes(struct slots *s, uint64_t slot, size_t at, uint8_t *to, size_t len)
{
    sqlite3_int64 from = offset_of(slot) + (sqlite3_int64)at;
    int rc = SQLITE_OK;
    for (size_t got = 0; rc == SQLITE_OK && got < len; got += PIECE_BYTES) {
        size_t n = len - got < PIECE_BYTES ? len - got : PIECE_BYTES;
        rc = s->file->pMethods->xRead(s->file, to + got, (int)n, from + (sqlite3_int64)got);
    }
    return rc == SQLITE_OK;
}

static bool read_len(struct slots *s, uint64_t slot, size_t *len)
{
    uint8_t head[LEN_BYTES];
    uint64_t value = 0;
    struct span from = {head, sizeof head};
    if (!read_bytes(s, slot, 0, head, sizeof head) || !span_take_uint(&from, LEN_BYTES, &value))
        return false;
    *len = (size_t)value;
    return *len > 0 && *len <= SLOT_FRAME_MAX;
}

enum err slots_read(struct slots *s, uint64_t slot, uint8_t *room, struct span *bytes)
{
    size_t len = 0;
    *bytes = (struct span){NULL, 0};
    if (!read_len(s, slot, &len) || !read_bytes(s, slot, LEN_BYTES, room, len))
        return ERR_NOT_FOUND;
    *bytes = span_of(room, len);
    return OK;
}

enum err slots_present(struct slots *s, uint64_t *count)
{
    sqlite3_int64 size = 0;
    size_t len = 0;
    *count = 0;
    if (s->file->pMethods->xFileSize(s->file, &size) != SQLITE_OK || size < 0)
        return ERR_IO;
    *count = (uint64_t)size / SLOT_BYTES;
    size_t rest = (size_t)((uint64_t)size % SLOT_BYTES);
    if (rest > LEN_BYTES && read_len(s, *count, &len) && len + LEN_BYTES <= rest)
        *count += 1;
    return OK;
}

enum err slots_sync(struct slots *s)
{
    int flags = SQLITE_SYNC_NORMAL | SQLITE_SYNC_DATAONLY;
    if (s->db->fatal != OK)
        return s->db->fatal;
    return db_note(s->db, s->file->pMethods->xSync(s->file, flags));
}

enum err slots_cut(struct slots *s, uint64_t max, uint64_t *left)
{
    sqlite3_int64 size = 0;
    *left = 0;
    if (s->file->pMethods->xFileSize(s->file, &size) != SQLITE_OK || size <= 0)
        return OK;
    uint64_t count = ((uint64_t)size - 1) / SLOT_BYTES + 1;
    *left = count > max ? count - max : 0;
    return db_note(s->db, s->file->pMethods->xTruncate(s->file, offset_of(*left)));
}

void slots_remove(const char *path)
{
    sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);
    if (vfs != NULL)
        vfs->xDelete(vfs, path, 0);
}
