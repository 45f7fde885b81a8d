#include "store/mirror.h"

#include "store/columns.h"
#include "store/justification_own.h"

#include <stdlib.h>

enum query { GET, PUT, NEXT_ROW, NEXT_ENDED, BREAK_ALL, QUERY_COUNT };

#define COLUMNS                                                                                    \
    "member, head, concern, generation, phase, size, seen, target, cursor_seq, cursor_row, "       \
    "last_row, page, count, first, told, unnamed, as_of_ms, sent_ms, waiting, open, urgent, "      \
    "broken, version, adapter"

static const char *const queries[QUERY_COUNT] = {
    [GET] = "SELECT " COLUMNS " FROM mirror WHERE member = ?1 AND adapter = ?2",
    [PUT] = "INSERT OR REPLACE INTO mirror (" COLUMNS ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, "
            "?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24)",
    [NEXT_ROW] = "SELECT " JUSTIFICATION " FROM justification WHERE row > ?1 ORDER BY row LIMIT 1",
    [NEXT_ENDED] = "SELECT " JUSTIFICATION " FROM justification "
                   "WHERE (ended_seq, row) > (?2, ?3) AND ended_seq < ?1 "
                   "AND ended_seq < 9223372036854775807 ORDER BY ended_seq, row LIMIT 1",
    [BREAK_ALL] = "UPDATE mirror SET broken = 1, sent_ms = 0",
};

struct mirrors {
    struct stmt *q[QUERY_COUNT];
};

enum err mirrors_open(struct mirrors **out, struct db *db, struct fault *f)
{
    *out = NULL;
    struct mirrors *m = calloc(1, sizeof *m);
    if (m == NULL)
        return fault_set(f, ERR_NO_MEMORY, 0, "mirror", "open");
    enum err err = db_prepare(db, queries, QUERY_COUNT, m->q, f);
    if (err != OK)
        mirrors_close(&m);
    *out = m;
    return err;
}

void mirrors_close(struct mirrors **m)
{
    free(*m);
    *m = NULL;
}

/* The numbers of a row, in the order of their columns from `generation` on. */
enum { NUMBERS = 20, FIRST_NUMBER = 3 };

enum err mirror_get(struct mirrors *m, const char *member,
                    const uint8_t adapter[static MIRROR_ADAPTER_KEY_LEN], struct mirror_row *out)
{
    struct stmt *q = m->q[GET];
    uint64_t n[NUMBERS] = {0};

    *out = (struct mirror_row){0};
    stmt_bind_text(q, 1, member);
    stmt_bind_bytes(q, 2, adapter, MIRROR_ADAPTER_KEY_LEN);
    enum err err = stmt_step(q);
    if (err == OK) {
        stmt_copy_text(q, 0, out->member, sizeof out->member);
        stmt_copy(q, 1, out->head, sizeof out->head);
        stmt_copy(q, 2, out->concern, sizeof out->concern);
        for (int i = 0; i < NUMBERS; i++)
            n[i] = stmt_u64(q, FIRST_NUMBER + i);
        stmt_copy(q, FIRST_NUMBER + NUMBERS, out->adapter, sizeof out->adapter);
    }
    err = stmt_end(q, err);
    if (err == OK && n[1] > MIRROR_BEGUN)
        err = ERR_CORRUPT;
    out->generation = n[0];
    out->phase = (enum mirror_phase)n[1];
    out->size = n[2];
    out->seen = n[3];
    out->target = n[4];
    out->cursor_seq = n[5];
    out->cursor_row = n[6];
    out->last_row = n[7];
    out->page = n[8];
    out->count = n[9];
    out->first = n[10];
    out->told = n[11];
    out->unnamed = n[12];
    out->as_of_ms = n[13];
    out->sent_ms = n[14];
    out->waiting = n[15];
    out->open = n[16] != 0;
    out->urgent = n[17] != 0;
    out->broken = n[18] != 0;
    out->version = n[19];
    return err;
}

enum err mirror_put(struct mirrors *m, const struct mirror_row *row)
{
    struct stmt *q = m->q[PUT];
    const uint64_t n[NUMBERS] = {
        row->generation, (uint64_t)row->phase, row->size,       row->seen,
        row->target,     row->cursor_seq,      row->cursor_row, row->last_row,
        row->page,       row->count,           row->first,      row->told,
        row->unnamed,    row->as_of_ms,        row->sent_ms,    row->waiting,
        row->open,       row->urgent,          row->broken,     row->version,
    };

    stmt_bind_text(q, 1, row->member);
    stmt_bind_bytes(q, 2, row->head, sizeof row->head);
    stmt_bind_bytes(q, 3, row->concern, sizeof row->concern);
    for (int i = 0; i < NUMBERS; i++)
        stmt_bind_u64(q, FIRST_NUMBER + 1 + i, n[i]);
    stmt_bind_bytes(q, FIRST_NUMBER + 1 + NUMBERS, row->adapter, sizeof row->adapter);
    return stmt_run(q);
}

enum err mirror_next_row(struct mirrors *m, uint64_t *row, struct justification *out)
{
    struct stmt *q = m->q[NEXT_ROW];
    stmt_bind_u64(q, 1, *row);
    const enum err err = justification_take(q, out);
    if (err == OK)
        *row = out->row;
    return err;
}

enum err mirror_next_ended(struct mirrors *m, uint64_t to, uint64_t *seq, uint64_t *row,
                           struct justification *out)
{
    struct stmt *q = m->q[NEXT_ENDED];
    stmt_bind_u64(q, 1, to);
    stmt_bind_u64(q, 2, *seq);
    stmt_bind_u64(q, 3, *row);
    const enum err err = justification_take(q, out);
    if (err == OK) {
        *seq = out->ended_seq;
        *row = out->row;
    }
    return err;
}

enum err mirror_break_all(struct mirrors *m)
{
    return stmt_run(m->q[BREAK_ALL]);
}
