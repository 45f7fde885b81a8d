/* What the queue knows of members: opened, written with the commit, undone with a rollback. */
#include "store/columns.h"
#include "store/queue_own.h"

#include <stdlib.h>

enum { TALLY_MAX = (4 * QUEUE_LANES + 4) * 10 };

static const char *const queries[QUEUE_SQL_COUNT] = {
    [QUEUE_SQL_MEMBER_NEXT] =
        "SELECT no, name, value FROM state WHERE kind = 3 AND no > ?1 ORDER BY no LIMIT 1",
    [QUEUE_SQL_MEMBER_PUT] = "INSERT INTO state (kind, no, name, value) VALUES (3, ?1, ?2, ?3) "
                             "ON CONFLICT DO UPDATE SET value = ?3",
    [QUEUE_SQL_NUMBER_GET] = "SELECT last FROM delivery WHERE conversation = ?1",
    [QUEUE_SQL_NUMBER_PUT] = "INSERT OR REPLACE INTO delivery (conversation, last) VALUES (?1, ?2)",
    [QUEUE_SQL_NUMBER_TOP] = "SELECT conversation FROM delivery WHERE conversation >= ?1 "
                             "AND conversation <= ?2 ORDER BY conversation DESC LIMIT 1",
    [QUEUE_SQL_PUT] = "INSERT INTO queue (key, place, wake, body) VALUES (?1, ?2, ?3, ?4)",
    [QUEUE_SQL_KEEP] = "INSERT INTO queue (key, body) VALUES (?1, ?2)",
    [QUEUE_SQL_GET] = "SELECT key, place, body FROM queue WHERE key = ?1",
    [QUEUE_SQL_RANGE] =
        "SELECT key, place, body FROM queue WHERE key >= ?1 AND key < ?2 ORDER BY key",
    [QUEUE_SQL_WAITING] = "SELECT key, place, body FROM queue INDEXED BY queue_wake "
                          "WHERE wake >= ?1 AND wake < ?2 ORDER BY wake",
    [QUEUE_SQL_NUMBERED] = "SELECT key FROM queue INDEXED BY queue_place "
                           "WHERE place >= ?1 AND place < ?2 ORDER BY place",
    [QUEUE_SQL_MAX] =
        "SELECT key FROM queue WHERE key >= ?1 AND key < ?2 ORDER BY key DESC LIMIT 1",
    [QUEUE_SQL_DROP] = "DELETE FROM queue WHERE key = ?1",
    [QUEUE_SQL_MOVE] = "UPDATE queue SET key = ?2, place = ?3, wake = ?4, body = ?5 WHERE key = ?1",
    [QUEUE_SQL_TOMB_PUT] =
        "INSERT INTO tombstone (place, count, kind, leaf) VALUES (?1, ?2, ?3, ?4)",
    [QUEUE_SQL_TOMB_BELOW] = "SELECT place, count, kind, leaf FROM tombstone "
                             "WHERE place >= ?1 AND place < ?2 ORDER BY place DESC LIMIT 1",
    [QUEUE_SQL_TOMB_DROP] = "DELETE FROM tombstone WHERE place = ?1",
    [QUEUE_SQL_TOMB_DONE] = "DELETE FROM tombstone WHERE place >= ?1 AND place < ?2",
};

static enum err tally_read(struct span load, struct tally *out)
{
    uint64_t n;
    *out = (struct tally){0};
    for (unsigned i = 0; i < 4 * QUEUE_LANES; i++) {
        if (!varint_take(&load, &n) || n > UINT32_MAX)
            return ERR_CORRUPT;
        out->count[i / QUEUE_LANES][i % QUEUE_LANES] = (uint32_t)n;
    }
    return varint_take(&load, &out->bytes_in) && varint_take(&load, &out->rows_out) &&
                   varint_take(&load, &out->bytes_out) && varint_take(&load, &out->tombstones) &&
                   load.len == 0
               ? OK
               : ERR_CORRUPT;
}

static void tally_write(struct writer *w, const struct tally *t)
{
    for (unsigned i = 0; i < 4 * QUEUE_LANES; i++)
        varint_write(w, t->count[i / QUEUE_LANES][i % QUEUE_LANES]);
    varint_write(w, t->bytes_in);
    varint_write(w, t->rows_out);
    varint_write(w, t->bytes_out);
    varint_write(w, t->tombstones);
}

static uint64_t tally_total(const struct tally *t)
{
    return tally_rows(t, QUEUE_READY) + tally_rows(t, QUEUE_WAITING) + tally_rows(t, QUEUE_HELD) +
           tally_rows(t, QUEUE_PARKED);
}

static enum err members_load(struct queue *q)
{
    struct stmt *s = q->q[QUEUE_SQL_MEMBER_NEXT];
    uint64_t number = 0;
    enum err err = OK;

    while (err == OK) {
        char name[STORE_MEMBER_MAX + 1];
        struct tally tally;
        stmt_bind_u64(s, 1, number);
        err = stmt_step(s);
        if (err == OK) {
            number = stmt_u64(s, 0);
            stmt_copy_text(s, 1, name, sizeof name);
            err = tally_read(stmt_blob(s, 2), &tally);
        }
        err = stmt_end(s, err);
        if (err == OK)
            err = member_restore(&q->memory, number, name, &tally);
    }
    return err == ERR_NOT_FOUND ? OK : err;
}

enum err queue_open(struct queue **out, struct db *db, struct fresh *fresh, struct fault *f)
{
    *out = NULL;
    struct queue *q = calloc(1, sizeof *q);
    if (q == NULL)
        return fault_set(f, ERR_NO_MEMORY, 0, "queue", "open");
    q->leaf_end = UINT64_MAX;
    q->fresh = fresh;
    fresh_home(fresh, FRESH_QUEUE, row_keep, q);
    enum err err = queue_memory_init(&q->memory);
    if (err == OK) {
        err = db_prepare(db, queries, QUEUE_SQL_COUNT, q->q, f);
        if (err == OK && (err = members_load(q)) != OK)
            fault_set(f, err, 0, "queue", "members");
    } else {
        fault_set(f, err, 0, "queue", "open");
    }
    if (err != OK)
        queue_free(&q);
    *out = q;
    return err;
}

void queue_free(struct queue **q)
{
    if (*q != NULL)
        queue_memory_fini(&(*q)->memory);
    free(*q);
    *q = NULL;
}

enum err queue_counts(struct queue *q, const char *recipient, struct queue_counts *out)
{
    uint32_t i;
    *out = (struct queue_counts){0};
    if (!member_find(&q->memory, recipient, &i))
        return OK;
    const struct queue_member *m = &q->memory.member[i];
    out->ready = tally_rows(&m->now, QUEUE_READY) + tally_rows(&m->now, QUEUE_WAITING);
    out->held = tally_rows(&m->now, QUEUE_HELD);
    out->parked = tally_rows(&m->now, QUEUE_PARKED);
    for (unsigned lane = 0; lane < QUEUE_LANES; lane++)
        out->leased += m->leased[QUEUE_READY][lane] + m->leased[QUEUE_WAITING][lane];
    return OK;
}

enum err queue_load(struct queue *q, const char *member, struct queue_load *in,
                    struct queue_load *out)
{
    uint32_t i;
    *in = (struct queue_load){0};
    *out = (struct queue_load){0};
    if (!member_find(&q->memory, member, &i))
        return OK;
    const struct tally *t = &q->memory.member[i].now;
    *in = (struct queue_load){tally_total(t), t->bytes_in};
    *out = (struct queue_load){t->rows_out, t->bytes_out};
    return OK;
}

/* The first key behind a cursor; 0 for a cursor at the start. ERR_NOT_FOUND: of no member. */
static enum err key_behind(const struct queue *q, const struct queue_row *row, uint64_t *key)
{
    uint32_t i;
    *key = 0;
    if (row->recipient[0] == '\0')
        return OK;
    if (!member_find(&q->memory, row->recipient, &i))
        return ERR_NOT_FOUND;
    *key = key_of(i, row->state, row->lane, row->seq) + 1;
    return OK;
}

enum err queue_next(struct queue *q, struct queue_row *row)
{
    uint64_t from;
    enum err err = key_behind(q, row, &from);
    return err == OK ? row_first(q, from, STORE_NEVER, row) : err;
}

enum err queue_next_in(struct queue *q, enum queue_state state, struct queue_row *row)
{
    const struct queue_memory *m = &q->memory;
    uint64_t from;
    enum err err = key_behind(q, row, &from);
    if (err != OK)
        return err;
    for (uint32_t i = from == 0 ? 0 : (uint32_t)key_member(from); i < m->member_count; i++) {
        uint64_t begin = key_of(i, state, 0, 0);
        if (tally_rows(&m->member[i].now, state) == 0)
            continue;
        err = row_first(q, from > begin ? from : begin,
                        key_of(i, state, QUEUE_LANES - 1, KEY_SEQ_MAX), row);
        if (err != ERR_NOT_FOUND)
            return err;
    }
    return ERR_NOT_FOUND;
}

enum err queue_next_recipient(struct queue *q, char recipient[static STORE_MEMBER_MAX + 1])
{
    const struct queue_memory *m = &q->memory;
    uint32_t i = 0;
    if (recipient[0] != '\0') {
        if (!member_find(m, recipient, &i))
            return ERR_NOT_FOUND;
        i++;
    }
    for (; i < m->member_count; i++) {
        if (tally_total(&m->member[i].now) == 0)
            continue;
        memcpy(recipient, m->member[i].name, STORE_MEMBER_MAX + 1);
        return OK;
    }
    return ERR_NOT_FOUND;
}

enum err queue_before_commit(struct queue *q)
{
    struct queue_memory *m = &q->memory;
    struct stmt *s = q->q[QUEUE_SQL_MEMBER_PUT];
    enum err err = OK;

    for (uint32_t k = 0; err == OK && k < m->touched_count; k++) {
        const struct queue_member *member = &m->member[m->touched[k]];
        uint8_t load[TALLY_MAX];
        struct writer w = writer_of(load, sizeof load);
        if (member->saved && memcmp(&member->now, &member->committed, sizeof member->now) == 0)
            continue;
        tally_write(&w, &member->now);
        stmt_bind_u64(s, 1, (uint64_t)m->touched[k] + 1);
        stmt_bind_text(s, 2, member->name);
        stmt_bind_blob(s, 3, writer_span(&w));
        err = stmt_run(s);
    }
    return err;
}

static void transaction_ends(struct queue_memory *m)
{
    m->touched_count = 0;
    m->number_touched_count = 0;
    m->epoch++;
    m->save++;
}

void queue_committed(struct queue *q)
{
    struct queue_memory *m = &q->memory;
    for (uint32_t k = 0; k < m->touched_count; k++)
        m->member[m->touched[k]].saved = true;
    transaction_ends(m);
}

/* Leases given within the transaction may be on rows that are not there any more. */
static void check_leases(struct queue *q, uint32_t member)
{
    struct queue_memory *m = &q->memory;
    struct stmt *s = q->q[QUEUE_SQL_GET];
    uint32_t at = 0;

    while (at < LEASE_TABLE && m->member[member].claimed == m->epoch && m->lease_count > 0) {
        struct lease *l = &m->lease[at];
        enum err err = OK;
        if (l->lessee != 0 && l->member == member) {
            uint64_t key = key_of(member, l->state, l->lane, l->seq);
            struct span body;
            if (!row_fresh(q, key, &body)) {
                stmt_bind_u64(s, 1, key);
                err = stmt_step(s);
                err = stmt_end(s, err);
            }
        }
        if (err != ERR_NOT_FOUND) {
            at++;
            continue;
        }
        order_leave(m, l, false);
        node_free(m, l->node);
        lease_remove(m, l); /* another may have moved up: look again */
    }
}

void queue_rolled_back(struct queue *q)
{
    struct queue_memory *m = &q->memory;
    for (uint32_t k = 0; k < m->touched_count; k++) {
        struct queue_member *member = &m->member[m->touched[k]];
        member->now = member->committed;
        member_forget(m, member);
        check_leases(q, m->touched[k]);
    }
    numbers_forget(m);
    transaction_ends(m);
}

void queue_savepoint(struct queue *q)
{
    q->memory.save++;
}

void queue_rolled_back_to(struct queue *q)
{
    struct queue_memory *m = &q->memory;
    for (uint32_t k = 0; k < m->touched_count; k++) {
        struct queue_member *member = &m->member[m->touched[k]];
        if (member->save != m->save)
            continue;
        member->now = member->marked;
        member_forget(m, member);
        check_leases(q, m->touched[k]);
    }
    numbers_forget(m);
    m->save++;
}
