/* What nothing needs any more: rows first, files after the commit, in steps. */
#include "store/chunk_own.h"

#include "base/hex.h"

#include <dirent.h>
#include <stdio.h>

enum { LISTED_MAX = 1 << 20 };

bool chunk_remove(struct chunks *c, const uint8_t name[static CHUNK_NAME_LEN], uint64_t max)
{
    char path[DB_PATH_MAX];
    struct slots *slots = NULL;
    uint64_t left = 0;
    chunk_path(c, name, path);
    enum err err = slots_open(&slots, c->db, path, false);
    if (err == OK)
        err = slots_cut(slots, max, &left);
    slots_close(&slots);
    if (err == OK && left > 0)
        return false;
    slots_remove(path); /* what stays is removed at the next start */
    return true;
}

static void remove_gone(struct chunks *c, size_t i, uint64_t max)
{
    if (chunk_remove(c, c->gone[i].name, max))
        c->gone[i] = c->gone[--c->gone_count];
}

void chunk_remove_now(struct chunks *c, const uint8_t name[static CHUNK_NAME_LEN])
{
    for (size_t i = 0; i < c->gone_count; i++) {
        if (memcmp(c->gone[i].name, name, CHUNK_NAME_LEN) != 0)
            continue;
        /* Before it has landed the file is needed should the transaction be undone or lost; what
         * is put under its name again are the same bytes. */
        if (c->gone[i].landed)
            remove_gone(c, i, UINT64_MAX);
        else
            c->gone[i] = c->gone[--c->gone_count];
        return;
    }
}

enum err chunk_remove_rests(struct chunks *c)
{
    const struct dirent *one;
    enum err err = OK;
    DIR *dir = opendir(c->dir);
    if (dir == NULL)
        return ERR_IO;
    for (int i = 0; i < LISTED_MAX && err == OK && (one = readdir(dir)) != NULL; i++) {
        uint8_t name[CHUNK_NAME_LEN];
        uint64_t row, count, have;
        if (strlen(one->d_name) != CHUNK_HEX_LEN || !hex_decode(one->d_name, name, CHUNK_NAME_LEN))
            continue;
        err = chunk_row(c, name, &row, &count, &have);
        if (err == ERR_NOT_FOUND) {
            (void)chunk_remove(c, name, UINT64_MAX);
            err = OK;
        }
    }
    closedir(dir);
    return err;
}

/* ---- removal ---- */

struct swept {
    uint64_t row;
    uint8_t name[CHUNK_NAME_LEN];
    bool referred;
    uint64_t touched_ms;
};

static enum err sweep_next(struct chunks *c, struct swept *one)
{
    struct stmt *q = c->q[CHUNK_Q_NEXT];
    stmt_bind_u64(q, 1, c->cursor);
    enum err err = stmt_step(q);
    if (err == OK) {
        one->row = stmt_u64(q, 0);
        stmt_copy(q, 1, one->name, CHUNK_NAME_LEN);
        one->referred = stmt_u64(q, 2) == 1;
        one->touched_ms = stmt_u64(q, 3);
    }
    return stmt_end(q, err);
}

static enum err sweep_one(struct chunks *c, const struct swept *one, uint64_t now_ms)
{
    if (!one->referred && one->touched_ms + CHUNK_ORPHAN_MS > now_ms)
        return OK;
    stmt_bind_u64(c->q[CHUNK_Q_NEEDED], 1, one->row);
    enum err err = stmt_end(c->q[CHUNK_Q_NEEDED], stmt_step(c->q[CHUNK_Q_NEEDED]));
    if (err != ERR_NOT_FOUND)
        return err;
    stmt_bind_u64(c->q[CHUNK_Q_DROP], 1, one->row);
    if ((err = stmt_run(c->q[CHUNK_Q_DROP])) != OK)
        return err;
    struct chunk_entry *e = chunk_entry_find(c, one->name);
    if (e != NULL) {
        slots_close(&e->slots);
        *e = (struct chunk_entry){.used = false};
    }
    struct chunk_gone *gone = &c->gone[c->gone_count++];
    *gone = (struct chunk_gone){.committed = false};
    memcpy(gone->name, one->name, CHUNK_NAME_LEN);
    return OK;
}

enum err chunk_sweep(struct chunks *c, uint64_t now_ms, bool *more)
{
    *more = false;
    if (c->gone_count > 0 && c->gone[0].landed)
        remove_gone(c, 0, CHUNK_CUT_SLOTS);
    for (int i = 0; i < CHUNK_SWEEP_ROWS && c->gone_count < CHUNK_GONE_MAX; i++) {
        struct swept one;
        enum err err = sweep_next(c, &one);
        if (err == ERR_NOT_FOUND) {
            c->rows = c->cursor > 0 || c->gone_count > 0;
            c->cursor = 0;
            *more = c->gone_count > 0;
            return OK;
        }
        if (err == OK)
            err = sweep_one(c, &one, now_ms);
        if (err != OK)
            return err;
        c->cursor = one.row;
    }
    *more = true;
    return OK;
}
