#include "store/sealed.h"

#include "keys/hash.h"
#include "store/box.h"
#include "store/columns.h"
#include "store/decision_pack.h"

enum table {
    SUBJECT,
    RELATION,
    SANCTION,
    OBLIGATION,
    DECISION,
    DECISION_PACK,
    ROLL,
    CASE_PAPER,
    TABLE_COUNT,
};

enum { KEY_NUMBERS = 3, PLACE_MAX = STORE_ID_LEN + 8 + HASH_LEN };

/* Columns of NEXT: id, id, no, no, no of the key, then what the place is made of, then the value.
 * ?1 and ?2 are the ids of the cursor, ?3 to ?5 its numbers; an empty id sorts before every other.
 * PUT: the value is ?6. */
static const char *const next[TABLE_COUNT] = {
    [SUBJECT] = "SELECT token, token, seq, 0, 0, token, sealed FROM subject "
                "WHERE (token, seq) > (?1, ?3) ORDER BY token, seq LIMIT 1",
    [RELATION] = "SELECT subject, person, role, from_date, seq, person, sealed FROM relation "
                 "WHERE (subject, person, role, from_date, seq) > (?1, ?2, ?3, ?4, ?5) "
                 "ORDER BY subject, person, role, from_date, seq LIMIT 1",
    [SANCTION] = "SELECT id, id, seq, version, 0, id, sealed FROM sanction "
                 "WHERE (id, seq) > (?1, ?3) ORDER BY id, seq LIMIT 1",
    [OBLIGATION] = "SELECT id, id, seq, 0, 0, id, sealed FROM obligation "
                   "WHERE seq >= ?3 + ?5 ORDER BY seq LIMIT 1",
    [DECISION] = "SELECT x'00', x'00', seq, 0, 0, record, facts FROM decision "
                 "WHERE seq >= ?3 + ?5 ORDER BY seq LIMIT 1",
    [DECISION_PACK] = "SELECT x'00', x'00', last, 0, 0, heads, bodies FROM decision_pack "
                      "WHERE last >= ?3 + ?5 ORDER BY last LIMIT 1",
    [ROLL] = "SELECT x'00', x'00', t.seq, 0, 0, r.hash, t.sealed FROM roll_text t "
             "JOIN roll r ON r.seq = t.seq WHERE t.seq >= ?3 + ?5 ORDER BY t.seq LIMIT 1",
    [CASE_PAPER] = "SELECT id, id, rowid, number, 0, document, sealed FROM case_paper "
                   "WHERE rowid >= ?3 + ?5 ORDER BY rowid LIMIT 1",
};

static const char *const put[TABLE_COUNT] = {
    [SUBJECT] = "UPDATE subject SET sealed = ?6 WHERE token = ?1 AND seq = ?3",
    [RELATION] = ("UPDATE relation SET sealed = ?6 WHERE subject = ?1 AND person = ?2 "
                  "AND role = ?3 AND from_date = ?4 AND seq = ?5"),
    [SANCTION] = "UPDATE sanction SET sealed = ?6 WHERE id = ?1 AND seq = ?3",
    [OBLIGATION] = "UPDATE obligation SET sealed = ?6 WHERE seq = ?3",
    [DECISION] = "UPDATE decision SET facts = ?6 WHERE seq = ?3",
    [DECISION_PACK] = "UPDATE decision_pack SET bodies = ?6 WHERE last = ?3",
    [ROLL] = "UPDATE roll_text SET sealed = ?6 WHERE seq = ?3",
    [CASE_PAPER] = "UPDATE case_paper SET sealed = ?6 WHERE rowid = ?3",
};

/* By what rest.h knows them. */
static const struct {
    const char *table;
    const char *column;
    bool numbered; /* the key is one number */
} names[TABLE_COUNT] = {
    [SUBJECT] = {"subject", "body", false},    [RELATION] = {"relation", "person", false},
    [SANCTION] = {"order", "document", false}, [OBLIGATION] = {"obligation", "reference", true},
    [DECISION] = {"decision", "facts", true},  [DECISION_PACK] = {"decision", "facts", true},
    [ROLL] = {"roll", "document", true},       [CASE_PAPER] = {"case_paper", "sealed", true},
};

_Static_assert((int)TABLE_COUNT == (int)SEALED_TABLES, "as many as are told");

struct sealed_walk {
    struct stmt *next[TABLE_COUNT];
    struct stmt *put[TABLE_COUNT];
    struct decisions *decisions; /* borrowed */
    struct box value;
    struct pack pack;
    uint8_t place[PLACE_MAX];
};

enum err sealed_open(struct sealed_walk **out, struct db *db, struct decisions *decisions,
                     struct fault *f)
{
    *out = NULL;
    struct sealed_walk *w = calloc(1, sizeof *w);
    if (w == NULL)
        return fault_set(f, ERR_NO_MEMORY, 0, "sealed", "open");
    w->decisions = decisions;
    enum err err = db_prepare(db, next, TABLE_COUNT, w->next, f);
    if (err == OK)
        err = db_prepare(db, put, TABLE_COUNT, w->put, f);
    if (err != OK)
        sealed_close(&w);
    *out = w;
    return err;
}

void sealed_close(struct sealed_walk **w)
{
    if (*w != NULL) {
        box_fini(&(*w)->value);
        pack_fini(&(*w)->pack);
    }
    free(*w);
    *w = NULL;
}

/* numbers: as many as the statement has. */
static void bind_key(struct stmt *q, const struct sealed_cursor *c, int numbers)
{
    const size_t len = c->started ? STORE_ID_LEN : 0;
    stmt_bind_bytes(q, 1, c->id[0], len);
    stmt_bind_bytes(q, 2, c->id[1], len);
    for (int i = 0; i < numbers; i++)
        stmt_bind_u64(q, 3 + i, c->no[i]);
}

/* What follows from the row's key, and of a decision from its record: where rest.h has the value.
 */
static struct span place_of(struct sealed_walk *w, enum table t, const struct sealed_cursor *c,
                            struct span from)
{
    struct writer k = writer_of(w->place, sizeof w->place);
    if (t == DECISION) {
        hash_bytes(w->place, from);
        return span_of(w->place, HASH_LEN);
    }
    if (t == CASE_PAPER) {
        write_bytes(&k, c->id[0], STORE_ID_LEN);
        write_uint(&k, c->no[1], 8);
    }
    write_span(&k, from);
    if (t == SANCTION)
        write_uint(&k, c->no[1], 4);
    return writer_span(&k);
}

/* Read the row behind the cursor, which is moved to it. */
static enum err read_row(struct sealed_walk *w, struct sealed_cursor *c, struct span *place,
                         struct span *value)
{
    const enum table t = c->table;
    struct stmt *q = w->next[t];
    bind_key(q, c, names[t].numbered || t == RELATION ? KEY_NUMBERS : 1);
    if (names[t].numbered)
        stmt_bind_u64(q, 5, c->started);
    enum err err = stmt_step(q);
    if (err != OK)
        return stmt_end(q, err);
    if (!names[t].numbered || t == CASE_PAPER) {
        stmt_copy(q, 0, c->id[0], STORE_ID_LEN);
        stmt_copy(q, 1, c->id[1], STORE_ID_LEN);
    }
    for (int i = 0; i < 3; i++)
        c->no[i] = stmt_u64(q, 2 + i);
    c->started = 1;
    if (t == DECISION_PACK)
        err = pack_take(&w->pack, c->no[0], stmt_blob(q, 5), stmt_blob(q, 6));
    else if ((t == DECISION || stmt_blob(q, 5).len <= HASH_LEN))
        *place = place_of(w, t, c, stmt_blob(q, 5));
    else
        err = ERR_CORRUPT;
    if (err == OK)
        err = box_keep(&w->value, stmt_blob(q, 6), value);
    return stmt_end(q, err);
}

static enum err give(const struct sealed_walk *w, enum table t, struct span place,
                     struct span value, sealed_fn *fn, void *ctx, bool *changed)
{
    bool this = false;
    const struct sealed_value v = {names[t].table, names[t].column, place,
                                   w->value.data + (value.data - w->value.data), value.len};
    if (value.len == 0 || store_is_erased(value))
        return OK;
    enum err err = fn(ctx, &v, &this);
    *changed = *changed || this;
    return err;
}

/* Facts of the records of a pack, each beside its record. */
static enum err give_pack(struct sealed_walk *w, struct span bodies, sealed_fn *fn, void *ctx,
                          bool *changed)
{
    size_t offset = 0;
    enum err err = OK;
    if (w->pack.erased || w->pack.broken)
        return OK;
    for (size_t i = 0; err == OK && i < pack_count(&w->pack); i++) {
        struct decision_row row;
        pack_get(&w->pack, i, &offset, &row);
        hash_bytes(w->place, row.record);
        const struct span facts = {bodies.data + offset - row.facts.len, row.facts.len};
        err = give(w, DECISION, span_of(w->place, HASH_LEN), facts, fn, ctx, changed);
    }
    return err;
}

static enum err replace(struct sealed_walk *w, const struct sealed_cursor *c, struct span value)
{
    struct stmt *q = w->put[c->table];
    bind_key(q, c, KEY_NUMBERS);
    stmt_bind_blob(q, 6, value);
    if (c->table == DECISION || c->table == DECISION_PACK)
        decisions_forget(w->decisions);
    return stmt_run_one(q);
}

enum err sealed_step(struct sealed_walk *w, struct sealed_cursor *c, sealed_fn *fn, void *ctx,
                     size_t *bytes)
{
    struct span place = {NULL, 0};
    struct span value = {NULL, 0};
    bool changed = false;
    enum err err = ERR_NOT_FOUND;
    *bytes = 0;
    while (err == ERR_NOT_FOUND && c->table < TABLE_COUNT) {
        err = read_row(w, c, &place, &value);
        if (err == ERR_NOT_FOUND)
            *c = (struct sealed_cursor){.table = (uint8_t)(c->table + 1)};
    }
    if (err != OK)
        return err;
    *bytes = value.len;
    err = c->table == DECISION_PACK
              ? give_pack(w, value, fn, ctx, &changed)
              : give(w, (enum table)c->table, place, value, fn, ctx, &changed);
    return err == OK && changed ? replace(w, c, value) : err;
}

uint64_t sealed_percent(const struct sealed_cursor *cursor, uint64_t log_size)
{
    uint64_t here = 0;
    if (cursor->started && cursor->table < TABLE_COUNT)
        here = names[cursor->table].numbered
                   ? cursor->no[0] * 100 / (log_size > cursor->no[0] ? log_size : cursor->no[0] + 1)
                   : cursor->id[0][0] * UINT64_C(100) / 256;
    return cursor->table * UINT64_C(100) + here;
}

void sealed_cursor_write(const struct sealed_cursor *cursor, uint8_t out[static SEALED_CURSOR_LEN])
{
    struct writer w = writer_of(out, SEALED_CURSOR_LEN);
    write_uint(&w, cursor->table, 1);
    write_uint(&w, cursor->started, 1);
    write_bytes(&w, cursor->id, sizeof cursor->id);
    for (int i = 0; i < 3; i++)
        write_uint(&w, cursor->no[i], 8);
}

enum err sealed_cursor_read(struct sealed_cursor *out, struct span bytes)
{
    struct span ids;
    uint64_t table;
    uint64_t started;
    *out = (struct sealed_cursor){0};
    if (!span_take_uint(&bytes, 1, &table) || table > TABLE_COUNT ||
        !span_take_uint(&bytes, 1, &started) || started > 1 ||
        !span_take(&bytes, sizeof out->id, &ids))
        return ERR_CORRUPT;
    out->table = (uint8_t)table;
    out->started = (uint8_t)started;
    memcpy(out->id, ids.data, sizeof out->id);
    for (int i = 0; i < 3; i++) {
        if (!span_take_uint(&bytes, 8, &out->no[i]) || out->no[i] > STORE_NEVER)
            return ERR_CORRUPT;
    }
    return bytes.len == 0 ? OK : ERR_CORRUPT;
}
