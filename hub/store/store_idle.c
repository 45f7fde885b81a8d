/* What is done between transactions: rows to their tables, the log folded back, space given back
 * and kept back. */
#include "store/store.h"

/* Everything to its table: there is time now, and a start has nothing to read. Of a backlog there
 * would be too much for one step, and it is well where it is. */
static enum err settle_fresh(struct store *s)
{
    enum err err = store_begin(s, store_now_high(s));
    if (err == OK)
        err = fresh_drain(s->fresh);
    if (err == OK)
        return store_commit(s);
    store_rollback(s);
    return err;
}

enum err store_pause(struct store *s)
{
    return db_pause(s->db, DB_PAUSE_PAGES);
}

enum err store_step(struct store *s)
{
    return db_pause(s->db, DB_STEP_PAGES);
}

enum err store_idle(struct store *s)
{
    enum err err = db_in_transaction(s->db) || !fresh_few(s->fresh) ? OK : settle_fresh(s);
    return err == OK || err == ERR_DISK_FULL ? db_idle(s->db) : err;
}

enum err store_shrink(struct store *s)
{
    return db_shrink(s->db);
}

enum err store_reserve_release(struct store *s)
{
    return s->reserve == NULL ? ERR_PERMISSION : reserve_release(s->reserve);
}

enum err store_reserve_restore(struct store *s)
{
    return s->reserve == NULL ? ERR_PERMISSION : reserve_restore(s->reserve);
}

bool store_reserve_held(const struct store *s)
{
    return s->reserve != NULL && reserve_held(s->reserve);
}
