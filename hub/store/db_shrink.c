/* What is done when there is nothing else to do: the log folded back, free pages given back. */
#include "store/db_own.h"

static enum err read_count(struct db *db, enum db_control which, uint64_t *out)
{
    struct stmt *s = db->control[which];
    enum err err = stmt_step(s);
    if (err == OK)
        *out = stmt_u64(s, 0);
    return stmt_end(s, err);
}

/* Later, then, when the disk is full. Nothing is folded back to make room: a sync may be under way
 * in another thread, and of two the kernel tells one alone that it failed. */
static enum err shrink_not(struct db *db, enum err err)
{
    db->full = false;
    db_rollback(db);
    return err == ERR_DISK_FULL ? OK : err;
}

/* Outside of any transaction of the caller. SQLite moves the last pages into free ones, or drops
 * them when they are free themselves. */
static enum err shrink_step(struct db *db)
{
    enum err err = stmt_run(db->control[CONTROL_BEGIN]);
    while (err == OK)
        err = stmt_step(db->control[CONTROL_SHRINK]);
    if (err != ERR_NOT_FOUND) {
        err = stmt_end(db->control[CONTROL_SHRINK], err);
        return shrink_not(db, err);
    }
    err = stmt_end(db->control[CONTROL_SHRINK], OK);
    if (err == OK)
        err = stmt_run(db->control[CONTROL_COMMIT]);
    return err == OK ? OK : shrink_not(db, err);
}

enum err db_shrink(struct db *db)
{
    uint64_t pages = 0;
    uint64_t unused = 0;
    if (db->fatal != OK)
        return db->fatal;
    if (!db->shrinks || !db->freed || db_in_transaction(db))
        return OK;
    db_let_go(db);
    enum err err = read_count(db, CONTROL_PAGES, &pages);
    if (err == OK)
        err = read_count(db, CONTROL_FREE, &unused);
    if (err != OK)
        return err;
    /* Begun only when half the file is free, and then done thoroughly: pages that come and go with
     * the load are not worth moving. */
    db->shrinking = unused > DB_FREE_PAGES && unused > pages / (db->shrinking ? 8 : 2);
    db->freed = db->shrinking;
    return db->shrinking ? shrink_step(db) : OK;
}

enum err db_pause(struct db *db, uint32_t pages)
{
    if (db->fatal != OK)
        return db->fatal;
    return db->read_only || db_in_transaction(db) || db->wal_pages < pages
               ? OK
               : db_checkpoint(db, SQLITE_CHECKPOINT_PASSIVE);
}

enum err db_idle(struct db *db)
{
    if (db->fatal != OK)
        return db->fatal;
    if (db->read_only || db_in_transaction(db))
        return OK;
    enum err err = db_shrink(db);
    if (err != OK || db->wal_pages == 0)
        return err;
    return db_checkpoint(db, SQLITE_CHECKPOINT_TRUNCATE);
}
