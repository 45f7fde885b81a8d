#include "adapters/sdk/mirror_rows.h"

#define STATE                                                                                      \
    "generation, current, whole, page, step, size, target, count, unnamed, step_count, "           \
    "step_unnamed, as_of_ms, fresh_until_ms, valid_until_ms, known_ms, head, step_head, key"

const char *const mirror_sql_text[MIRROR_SQL_COUNT] = {
    [MIRROR_SQL_CURRENT] = "SELECT " STATE " FROM mirror WHERE current = 1",
    [MIRROR_SQL_OF] = "SELECT " STATE " FROM mirror WHERE generation = ?1",
    [MIRROR_SQL_NEWEST] = "SELECT " STATE " FROM mirror ORDER BY generation DESC LIMIT 1",
    [MIRROR_SQL_PAGE] = "SELECT body FROM mirror_page WHERE generation = ?1 AND page = ?2",
    [MIRROR_SQL_PAGE_HEAD] = "SELECT head FROM mirror_page WHERE generation = ?1 AND page = ?2",
    [MIRROR_SQL_PUT] = "INSERT OR REPLACE INTO mirror (" STATE ") VALUES (?1, ?2, ?3, ?4, ?5, ?6,"
                       " ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)",
    [MIRROR_SQL_DROP_BELOW] =
        "DELETE FROM mirror WHERE generation < ?1 AND (current = 0 OR ?2 = 1)",
    [MIRROR_SQL_FLOOR] = "SELECT value FROM sdk_value WHERE name = 'mirror_floor'",
    [MIRROR_SQL_FORGET] = "DELETE FROM mirror",
    [MIRROR_SQL_FORGET_PAGES] = "DELETE FROM mirror_page",
    [MIRROR_SQL_PAGE_PUT] = "INSERT INTO mirror_page (generation, page, head, body)"
                            " VALUES (?1, ?2, ?3, ?4)",
    [MIRROR_SQL_PAGE_DROP] = "DELETE FROM mirror_page WHERE row IN (SELECT row FROM mirror_page"
                             " WHERE generation < (SELECT min(generation) FROM mirror) LIMIT 16)",
};

enum { NUMBERS = 15 };

enum err mirror_state_get(struct stmt *q, const uint64_t *generation, struct mirror_state *out)
{
    uint64_t n[NUMBERS] = {0};

    *out = (struct mirror_state){0};
    if (generation != NULL)
        stmt_bind_u64(q, 1, *generation);
    enum err err = stmt_step(q);
    if (err == OK) {
        for (int i = 0; i < NUMBERS; i++)
            n[i] = stmt_u64(q, i);
        stmt_copy(q, NUMBERS, out->head, sizeof out->head);
        stmt_copy(q, NUMBERS + 1, out->step_head, sizeof out->step_head);
        stmt_copy(q, NUMBERS + 2, out->key, sizeof out->key);
    }
    err = stmt_end(q, err);
    out->generation = n[0];
    out->current = n[1] != 0;
    out->whole = n[2] != 0;
    out->page = n[3];
    out->step = n[4];
    out->size = n[5];
    out->target = n[6];
    out->count = n[7];
    out->unnamed = n[8];
    out->step_count = n[9];
    out->step_unnamed = n[10];
    out->as_of_ms = n[11];
    out->fresh_until_ms = n[12];
    out->valid_until_ms = n[13];
    out->known_ms = n[14];
    return err;
}

enum err mirror_state_put(struct stmt *q, const struct mirror_state *s)
{
    const uint64_t n[NUMBERS] = {s->generation,     s->current,        s->whole,        s->page,
                                 s->step,           s->size,           s->target,       s->count,
                                 s->unnamed,        s->step_count,     s->step_unnamed, s->as_of_ms,
                                 s->fresh_until_ms, s->valid_until_ms, s->known_ms};

    for (int i = 0; i < NUMBERS; i++)
        stmt_bind_u64(q, i + 1, n[i]);
    stmt_bind_bytes(q, NUMBERS + 1, s->head, sizeof s->head);
    stmt_bind_bytes(q, NUMBERS + 2, s->step_head, sizeof s->step_head);
    stmt_bind_bytes(q, NUMBERS + 3, s->key, sizeof s->key);
    return stmt_run(q);
}

enum err mirror_page_get(struct stmt *q, uint64_t generation, uint64_t page, uint8_t *room,
                         size_t cap, size_t *len)
{
    *len = 0;
    stmt_bind_u64(q, 1, generation);
    stmt_bind_u64(q, 2, page);
    enum err err = stmt_step(q);
    if (err == OK) {
        const struct span body = stmt_blob(q, 0);
        if (body.len > cap)
            err = ERR_CORRUPT;
        else if (body.len > 0)
            memcpy(room, body.data, body.len);
        *len = body.len;
    }
    return stmt_end(q, err);
}

struct rest_place mirror_key_place(uint64_t generation, uint8_t bytes[static 8])
{
    struct writer w = writer_of(bytes, 8);

    write_uint(&w, generation, 8);
    return (struct rest_place){"mirror", writer_span(&w), "key"};
}
