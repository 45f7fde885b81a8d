#include "store/restriction.h"

#include "store/restricted.h"

#include "store/columns.h"
#include "store/justification_own.h"

#include <stdlib.h>

#define LIVE "ended_seq = 9223372036854775807"

enum query {
    ADD,
    FIRST_OF_ORDER,
    END,
    ALIVE,
    CHANGED,
    NEXT,
    EACH,
    LIVING,
    ISSUER,
    NEXT_OF_ORDER,
    COUNTS,
    VERSION_GET,
    VERSION_PUT,
    QUERY_COUNT
};

static const char *const queries[QUERY_COUNT] = {
    [ADD] = "INSERT INTO justification (subject, measure, scope, order_id, order_version, "
            "subject_index, rule, force, basis, list, start_date, end_date, begun_seq, ended_seq) "
            "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, 9223372036854775807)",
    [FIRST_OF_ORDER] = "SELECT " JUSTIFICATION " FROM justification WHERE order_id = ?1 AND " LIVE
                       " ORDER BY subject, measure, scope, rule, force LIMIT 1",
    [END] = "UPDATE justification SET ended_seq = ?2 WHERE row = ?1 AND " LIVE,
    [ALIVE] = "SELECT 1 FROM justification WHERE subject = ?1 AND measure = ?2 AND scope = ?3 "
              "AND " LIVE " LIMIT 1",
    [CHANGED] = "SELECT 1 FROM justification WHERE subject = ?1 "
                "AND (begun_seq >= ?2 OR (ended_seq >= ?2 AND NOT " LIVE ")) LIMIT 1",
    [NEXT] = "SELECT " JUSTIFICATION " FROM justification WHERE subject = ?1 "
             "AND (measure, row) > (?2, ?3) AND begun_seq < ?4 AND ended_seq >= ?4 "
             "AND (?5 = 0 OR (start_date <= ?5 AND (end_date = 0 OR end_date >= ?5))) "
             "ORDER BY measure, row LIMIT 1",
    [EACH] = "SELECT " JUSTIFICATION " FROM justification WHERE subject = ?1 "
             "AND begun_seq < ?2 AND ended_seq >= ?2 "
             "AND start_date <= ?3 AND (end_date = 0 OR end_date >= ?3) ORDER BY measure, row",
    [LIVING] = "SELECT " JUSTIFICATION " FROM justification WHERE subject = ?1 AND " LIVE
               " ORDER BY measure, row",
    [ISSUER] = "SELECT issuer FROM sanction WHERE id = ?1 ORDER BY seq LIMIT 1",
    [NEXT_OF_ORDER] =
        "SELECT " JUSTIFICATION " FROM justification WHERE order_id = ?1 AND row >= ?2 "
        "AND " LIVE " ORDER BY row LIMIT 1",
    [COUNTS] = "SELECT (SELECT count(*) FROM (SELECT DISTINCT subject, measure, scope "
               "FROM justification WHERE " LIVE ")), "
               "(SELECT count(*) FROM justification WHERE " LIVE ")",
    [VERSION_GET] = "SELECT value FROM meta WHERE name = 'restriction.version'",
    [VERSION_PUT] = ("INSERT INTO meta (name, value) VALUES ('restriction.version', ?1) "
                     "ON CONFLICT DO UPDATE SET value = ?1"),
};

struct restrictions {
    struct stmt *q[QUERY_COUNT];
    struct restricted *now; /* owns */
    uint64_t version;
    uint64_t committed;
};

static enum err version_load(struct restrictions *r)
{
    struct stmt *q = r->q[VERSION_GET];
    uint8_t bytes[sizeof r->version];
    enum err err = stmt_step(q);
    if (err == OK) {
        stmt_copy(q, 0, bytes, sizeof bytes);
        struct span from = {bytes, sizeof bytes};
        if (!span_take_uint(&from, sizeof bytes, &r->committed))
            err = ERR_CORRUPT;
    }
    r->version = r->committed;
    return stmt_end(q, err == ERR_NOT_FOUND ? OK : err);
}

enum err restrictions_open(struct restrictions **out, struct db *db, bool writes, struct fault *f)
{
    *out = NULL;
    struct restrictions *r = calloc(1, sizeof *r);
    if (r == NULL)
        return fault_set(f, ERR_NO_MEMORY, 0, "restriction", "open");
    enum err err = db_prepare(db, queries, QUERY_COUNT, r->q, f);
    if (err == OK && (err = version_load(r)) != OK)
        fault_set(f, err, 0, "restriction", "version");
    if (err == OK)
        err = restricted_open(&r->now, db, writes, f);
    if (err != OK)
        restrictions_close(&r);
    *out = r;
    return err;
}

void restrictions_close(struct restrictions **r)
{
    if (*r != NULL)
        restricted_close(&(*r)->now);
    free(*r);
    *r = NULL;
}

enum err restriction_add(struct restrictions *r, const struct justification *row)
{
    struct stmt *q = r->q[ADD];
    bind_id(q, 1, row->subject);
    stmt_bind_text(q, 2, row->measure);
    stmt_bind_text(q, 3, row->scope);
    bind_id(q, 4, row->order_id);
    stmt_bind_u64(q, 5, row->order_version);
    stmt_bind_u64(q, 6, row->subject_index);
    stmt_bind_text(q, 7, row->rule);
    stmt_bind_u64(q, 8, row->force);
    stmt_bind_text(q, 9, row->basis);
    stmt_bind_text(q, 10, row->list);
    stmt_bind_u64(q, 11, row->start_date);
    stmt_bind_u64(q, 12, row->end_date);
    stmt_bind_u64(q, 13, row->begun_seq);
    enum err err = stmt_run(q);
    if (err != OK)
        return err;
    r->version++;
    return restricted_touch(r->now, row->subject);
}

enum err justification_read(struct stmt *q, struct justification *out)
{
    enum err err = OK;
    out->row = stmt_u64(q, 0);
    stmt_copy(q, 1, out->subject, sizeof out->subject);
    stmt_copy_text(q, 2, out->measure, sizeof out->measure);
    stmt_copy_text(q, 3, out->scope, sizeof out->scope);
    stmt_copy(q, 4, out->order_id, sizeof out->order_id);
    out->order_version = stmt_u32(q, 5, &err);
    out->subject_index = stmt_u32(q, 6, &err);
    stmt_copy_text(q, 7, out->rule, sizeof out->rule);
    out->force = stmt_u32(q, 8, &err);
    stmt_copy_text(q, 9, out->basis, sizeof out->basis);
    stmt_copy_text(q, 10, out->list, sizeof out->list);
    out->start_date = stmt_u32(q, 11, &err);
    out->end_date = stmt_u32(q, 12, &err);
    out->begun_seq = stmt_u64(q, 13);
    out->ended_seq = stmt_u64(q, 14);
    return err;
}

enum err justification_take(struct stmt *q, struct justification *out)
{
    *out = (struct justification){0};
    enum err err = stmt_step(q);
    if (err == OK)
        err = justification_read(q, out);
    return stmt_end(q, err);
}

enum err restriction_alive(struct restrictions *r, const uint8_t subject[static STORE_TOKEN_LEN],
                           const char *measure, const char *scope, bool *alive)
{
    struct stmt *q = r->q[ALIVE];
    bind_id(q, 1, subject);
    stmt_bind_text(q, 2, measure);
    stmt_bind_text(q, 3, scope);
    enum err err = stmt_step(q);
    *alive = err == OK;
    return stmt_end(q, err == ERR_NOT_FOUND ? OK : err);
}

enum err restriction_changed(struct restrictions *r, const uint8_t subject[static STORE_TOKEN_LEN],
                             uint64_t since, bool *changed)
{
    struct stmt *q = r->q[CHANGED];
    bind_id(q, 1, subject);
    stmt_bind_u64(q, 2, since);
    enum err err = stmt_step(q);
    *changed = err == OK;
    return stmt_end(q, err == ERR_NOT_FOUND ? OK : err);
}

enum err restriction_end(struct restrictions *r, const struct justification *row,
                         uint64_t ended_seq, bool *last)
{
    bool alive = false;

    *last = false;
    stmt_bind_u64(r->q[END], 1, row->row);
    stmt_bind_u64(r->q[END], 2, ended_seq);
    enum err err = stmt_run_one(r->q[END]);
    if (err != OK)
        return err;
    r->version++;
    err = restricted_touch(r->now, row->subject);
    if (err == OK)
        err = restriction_alive(r, row->subject, row->measure, row->scope, &alive);
    *last = err == OK && !alive;
    return err;
}

enum err restriction_end_next(struct restrictions *r, const uint8_t order_id[static STORE_ID_LEN],
                              uint64_t ended_seq, struct justification *out, bool *last)
{
    *last = false;
    bind_id(r->q[FIRST_OF_ORDER], 1, order_id);
    enum err err = justification_take(r->q[FIRST_OF_ORDER], out);
    if (err == OK)
        err = restriction_end(r, out, ended_seq, last);
    if (err == OK)
        out->ended_seq = ended_seq;
    return err;
}

enum err restriction_next(struct restrictions *r, const uint8_t subject[static STORE_TOKEN_LEN],
                          uint32_t date, uint64_t as_of, struct restriction_cursor *cursor,
                          struct justification *out)
{
    struct stmt *q = r->q[NEXT];

    bind_id(q, 1, subject);
    stmt_bind_text(q, 2, cursor->measure);
    stmt_bind_u64(q, 3, cursor->row);
    stmt_bind_u64(q, 4, as_of);
    stmt_bind_u64(q, 5, date);
    enum err err = justification_take(q, out);
    if (err != OK)
        return err;
    memcpy(cursor->measure, out->measure, sizeof cursor->measure);
    cursor->row = out->row;
    return OK;
}

/* Who imposed the order of a row; the rows of one order mostly follow each other. */
static enum err name_issuer(struct restrictions *r, struct justification *row,
                            uint8_t order_id[static STORE_ID_LEN])
{
    struct stmt *q = r->q[ISSUER];
    if (row->issuer[0] != '\0' && memcmp(order_id, row->order_id, STORE_ID_LEN) == 0)
        return OK;
    memcpy(order_id, row->order_id, STORE_ID_LEN);
    row->issuer[0] = '\0';
    bind_id(q, 1, row->order_id);
    enum err err = stmt_step(q);
    if (err == OK)
        stmt_copy_text(q, 0, row->issuer, sizeof row->issuer);
    return stmt_end(q, err == ERR_NOT_FOUND ? OK : err);
}

/* The rows of a statement that is bound. */
static enum err each_row(struct restrictions *r, struct stmt *q, restriction_fn *fn, void *arg)
{
    struct justification row = {.row = 0};
    uint8_t order_id[STORE_ID_LEN];
    enum err err = OK;
    bool more = true;
    while (more && (err = stmt_step(q)) == OK) {
        err = justification_read(q, &row);
        if (err == OK)
            err = name_issuer(r, &row, order_id);
        if (err == OK)
            err = fn(arg, &row, &more);
        if (err != OK)
            break;
    }
    return stmt_end(q, err == ERR_NOT_FOUND ? OK : err);
}

enum err restriction_each(struct restrictions *r, const uint8_t subject[static STORE_TOKEN_LEN],
                          uint32_t date, uint64_t as_of, restriction_fn *fn, void *arg)
{
    if (as_of == STORE_NEVER && !restricted_may(r->now, subject))
        return OK;
    enum err err =
        as_of == STORE_NEVER ? restricted_find(r->now, subject, date, fn, arg) : ERR_NOT_FOUND;
    if (err != ERR_NOT_FOUND)
        return err;
    struct stmt *q = r->q[EACH];
    bind_id(q, 1, subject);
    stmt_bind_u64(q, 2, as_of);
    stmt_bind_u64(q, 3, date);
    return each_row(r, q, fn, arg);
}

/* restricted_each_fn */
static enum err each_living(void *ctx, const uint8_t subject[static STORE_TOKEN_LEN],
                            restriction_fn *fn, void *arg)
{
    struct restrictions *r = ctx;
    bind_id(r->q[LIVING], 1, subject);
    return each_row(r, r->q[LIVING], fn, arg);
}

enum err restriction_next_of_order(struct restrictions *r,
                                   const uint8_t order_id[static STORE_ID_LEN], uint64_t *cursor,
                                   struct justification *out)
{
    bind_id(r->q[NEXT_OF_ORDER], 1, order_id);
    stmt_bind_u64(r->q[NEXT_OF_ORDER], 2, *cursor);
    enum err err = justification_take(r->q[NEXT_OF_ORDER], out);
    if (err == OK)
        *cursor = out->row + 1;
    return err;
}

enum err restriction_counts(struct restrictions *r, uint64_t *restriction_count,
                            uint64_t *justification_count)
{
    struct stmt *q = r->q[COUNTS];
    enum err err = stmt_step(q);
    if (err == OK) {
        *restriction_count = stmt_u64(q, 0);
        *justification_count = stmt_u64(q, 1);
    }
    return stmt_end(q, err);
}

uint64_t restriction_version(const struct restrictions *r)
{
    return r->version;
}

enum err restriction_before_commit(struct restrictions *r)
{
    uint8_t bytes[sizeof r->version];
    struct writer w = writer_of(bytes, sizeof bytes);

    enum err err = restricted_before_commit(r->now, each_living, r);
    if (err != OK || r->version == r->committed)
        return err;
    write_uint(&w, r->version, sizeof bytes);
    stmt_bind_bytes(r->q[VERSION_PUT], 1, bytes, sizeof bytes);
    return stmt_run(r->q[VERSION_PUT]);
}

void restriction_committed(struct restrictions *r)
{
    r->committed = r->version;
    restricted_settled(r->now);
}

/* A rollback to a savepoint leaves it as it is: it may run ahead of the rows, never behind. */
void restriction_rolled_back(struct restrictions *r)
{
    r->version = r->committed;
    restricted_settled(r->now);
}
