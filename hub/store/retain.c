#include "store/retain.h"

#include "store/columns.h"
#include "store/store.h"

#include <stdlib.h>

enum query {
    DECISION_TO,
    DECISION_ERASE,
    PACK_TO,
    PACK_ERASE,
    OBLIGATION_TO,
    OBLIGATION_ERASE,
    SUBJECT_TO,
    SUBJECT_ERASE,
    RELATION_TO,
    RELATION_ERASE,
    ORDER_TO,
    ORDER_ERASE,
    ORDER_RECORDS,
    ORDER_NAMES,
    ORDER_ACTS,
    ROLL_TO,
    ROLL_ERASE,
    CASE_TO,
    CASE_STEPS,
    CASE_CLOCKS,
    CASE_HOLDERS,
    CASE_ITEMS,
    CASE_PAPERS,
    SENDER_NEXT,
    MESSAGE_DROP,
    ISSUER_NEXT,
    DOCUMENT_DROP,
    REPORTER_TO,
    REPORTER_ASKS,
    REPORTER_DROP,
    QUERY_COUNT,
    NONE = QUERY_COUNT,
};

/* ?1 where the step begins, ?2 its last key, ?3 the moment or log index before which a
 * thing must have ended. *_TO: the step's last key, ?2 rows on. */
static const char *const queries[QUERY_COUNT] = {
    [DECISION_TO] = "SELECT seq FROM decision WHERE seq >= ?1 ORDER BY seq LIMIT 1 OFFSET ?2",
    [DECISION_ERASE] =
        "UPDATE decision SET record = x'00', facts = x'' WHERE seq >= ?1 AND seq <= ?2 AND time_ms "
        "< ?3 "
        "AND length(record) > 1 "
        "AND NOT EXISTS (SELECT 1 FROM sanction s WHERE s.document = decision.document) "
        "AND NOT EXISTS (SELECT 1 FROM sanction s WHERE s.change_document = decision.document)",
    [PACK_TO] = "SELECT last FROM decision_pack WHERE last >= ?1 ORDER BY last LIMIT 1 OFFSET ?2",
    [PACK_ERASE] = "UPDATE decision_pack SET bodies = x'00' WHERE last >= ?1 AND last <= ?2 "
                   "AND time_ms < ?3 AND length(bodies) > 1",
    [OBLIGATION_TO] = "SELECT seq FROM obligation WHERE seq >= ?1 ORDER BY seq LIMIT 1 OFFSET ?2",
    [OBLIGATION_ERASE] = "UPDATE obligation SET sealed = x'00' WHERE seq >= ?1 AND seq <= ?2 "
                         "AND changed_ms < ?3 AND state IN (6, 8) AND length(sealed) > 1",
    [SUBJECT_TO] = "SELECT token FROM subject WHERE token > ?1 ORDER BY token LIMIT 1 OFFSET ?2",
    [SUBJECT_ERASE] =
        "UPDATE subject SET sealed = x'00' WHERE token > ?1 AND token <= ?2 AND length(sealed) > 1 "
        "AND EXISTS (SELECT 1 FROM subject n WHERE n.token = subject.token "
        "AND n.seq > subject.seq AND n.seq < ?3)",
    [RELATION_TO] =
        "SELECT subject FROM relation WHERE subject > ?1 ORDER BY subject LIMIT 1 OFFSET ?2",
    [RELATION_ERASE] = "UPDATE relation SET sealed = x'00' WHERE subject > ?1 AND subject <= ?2 "
                       "AND length(sealed) > 1 AND EXISTS (SELECT 1 FROM relation n "
                       "WHERE n.subject = relation.subject AND n.person = relation.person "
                       "AND n.role = relation.role AND n.from_date = relation.from_date "
                       "AND n.seq > relation.seq AND n.seq < ?3)",
    [ORDER_TO] = "SELECT id FROM sanction WHERE id > ?1 ORDER BY id LIMIT 1 OFFSET ?2",
    [ORDER_ERASE] =
        "UPDATE sanction SET sealed = x'00' WHERE id > ?1 AND id <= ?2 AND length(sealed) > 1 "
        "AND (SELECT n.state > 3 AND n.seq < ?3 FROM sanction n WHERE n.id = sanction.id "
        "ORDER BY n.seq DESC LIMIT 1) AND NOT EXISTS (SELECT 1 FROM obligation b "
        "WHERE b.order_id = sanction.id AND b.state NOT IN (4, 6, 8))",
    [ORDER_RECORDS] =
        "UPDATE decision SET record = x'00', facts = x'' WHERE length(record) > 1 AND document IN "
        "(SELECT document FROM sanction WHERE id > ?1 AND id <= ?2 AND seq < ?3 "
        "AND length(sealed) = 1 "
        "UNION ALL SELECT change_document FROM sanction WHERE id > ?1 AND id <= ?2 AND seq < ?3 "
        "AND length(sealed) = 1)",
    /* Of who an erased order was about, when nothing that is kept is about them. */
    [ORDER_NAMES] =
        "UPDATE handle SET sealed = x'00' WHERE seq < ?3 AND length(sealed) > 1 AND handle IN "
        "(SELECT subject FROM sanction WHERE id > ?1 AND id <= ?2 AND length(sealed) = 1 "
        "UNION SELECT b.subject FROM obligation b WHERE b.order_id > ?1 AND b.order_id <= ?2 "
        "AND EXISTS (SELECT 1 FROM sanction s WHERE s.id = b.order_id AND length(s.sealed) = 1)) "
        "AND NOT EXISTS (SELECT 1 FROM sanction s WHERE s.subject = handle.handle "
        "AND length(s.sealed) > 1) "
        "AND NOT EXISTS (SELECT 1 FROM justification j, sanction s "
        "WHERE j.subject = handle.handle AND s.id = j.order_id AND length(s.sealed) > 1) "
        "AND NOT EXISTS (SELECT 1 FROM subject n WHERE n.token = handle.handle "
        "AND length(n.sealed) > 1) "
        "AND NOT EXISTS (SELECT 1 FROM relation n WHERE n.subject = handle.handle "
        "AND length(n.sealed) > 1) "
        "AND NOT EXISTS (SELECT 1 FROM relation n WHERE n.person = handle.handle "
        "AND length(n.sealed) > 1)",
    /* Numbers of decisions that no order is kept of: they lead to what was published, by name. */
    [ORDER_ACTS] = "UPDATE handle SET sealed = x'00' WHERE seq < ?3 AND length(sealed) > 1 AND "
                   "handle IN (SELECT act FROM sanction WHERE id > ?1 AND id <= ?2 "
                   "AND length(sealed) = 1) "
                   "AND NOT EXISTS (SELECT 1 FROM sanction s WHERE s.act = handle.handle "
                   "AND length(s.sealed) > 1)",
    [ROLL_TO] = "SELECT seq FROM roll WHERE seq >= ?1 ORDER BY seq LIMIT 1 OFFSET ?2",
    /* Of an order that nothing is kept of, or that never was one here; or what else was kept as
     * one. */
    [ROLL_ERASE] =
        "UPDATE roll_text SET sealed = x'00' WHERE seq >= ?1 AND seq <= ?2 AND length(sealed) > 1 "
        "AND EXISTS (SELECT 1 FROM roll r WHERE r.seq = roll_text.seq AND r.accepted_ms < ?3 AND "
        "((r.version > 0 AND NOT EXISTS (SELECT 1 FROM sanction s WHERE s.id = r.about "
        "AND length(s.sealed) > 1)) OR (r.version = 0 "
        "AND EXISTS (SELECT 1 FROM sanction s WHERE s.document = r.hash) "
        "AND NOT EXISTS (SELECT 1 FROM sanction s WHERE s.document = r.hash "
        "AND length(s.sealed) > 1))))",
    [CASE_TO] = "SELECT id FROM casefile WHERE id > ?1 ORDER BY id LIMIT 1 OFFSET ?2",
    [CASE_STEPS] = "DELETE FROM case_step WHERE id IN (SELECT id FROM casefile "
                   "WHERE id > ?1 AND id <= ?2 AND closed = 1 AND changed_ms < ?3)",
    [CASE_CLOCKS] = "DELETE FROM case_clock WHERE id IN (SELECT id FROM casefile "
                    "WHERE id > ?1 AND id <= ?2 AND closed = 1 AND changed_ms < ?3)",
    [CASE_HOLDERS] = "DELETE FROM case_holder WHERE id IN (SELECT id FROM casefile "
                     "WHERE id > ?1 AND id <= ?2 AND closed = 1 AND changed_ms < ?3)",
    [CASE_ITEMS] = "DELETE FROM case_item WHERE id IN (SELECT id FROM casefile "
                   "WHERE id > ?1 AND id <= ?2 AND closed = 1 AND changed_ms < ?3)",
    [CASE_PAPERS] = "DELETE FROM case_paper WHERE id IN (SELECT id FROM casefile "
                    "WHERE id > ?1 AND id <= ?2 AND closed = 1 AND changed_ms < ?3)",
    [SENDER_NEXT] = "SELECT sender FROM message WHERE sender > ?1 ORDER BY sender LIMIT 1",
    [MESSAGE_DROP] = "DELETE FROM message WHERE sender = ?1 AND accepted_ms < ?2 AND open = 0 "
                     "AND id IN (SELECT id FROM message WHERE sender = ?1 ORDER BY id LIMIT ?3)",
    [ISSUER_NEXT] = "SELECT issuer FROM document WHERE issuer > ?1 ORDER BY issuer LIMIT 1",
    [DOCUMENT_DROP] = "DELETE FROM document WHERE issuer = ?1 AND seq < ?2 "
                      "AND id IN (SELECT id FROM document WHERE issuer = ?1 ORDER BY id LIMIT ?3)",
    [REPORTER_TO] =
        "SELECT pseudonym FROM reporter WHERE pseudonym > ?1 ORDER BY pseudonym LIMIT 1 OFFSET ?2",
    /* A request that is open, or was answered lately, keeps the pseudonym and all about it. */
    [REPORTER_ASKS] =
        "DELETE FROM reporter_ask WHERE pseudonym IN (SELECT r.pseudonym FROM reporter r "
        "WHERE r.pseudonym > ?1 AND r.pseudonym <= ?2 AND r.seq < ?3 AND NOT EXISTS "
        "(SELECT 1 FROM reporter_ask a WHERE a.pseudonym = r.pseudonym "
        "AND (a.told_seq = 0 OR a.told_seq >= ?3)))",
    [REPORTER_DROP] = "DELETE FROM reporter WHERE pseudonym > ?1 AND pseudonym <= ?2 AND seq < ?3 "
                      "AND NOT EXISTS (SELECT 1 FROM reporter_ask a "
                      "WHERE a.pseudonym = reporter.pseudonym)",
};

enum walk { BY_SEQ, BY_ID, BY_NAME, BY_QUEUE };

/* The round, part by part. */
static const struct part {
    enum retain_class class;
    enum walk walk;
    enum query to; /* BY_NAME: the next name */
    enum query erase;
    enum query also;
    bool by_leaf;  /* ended before a log index, not a moment */
    unsigned rows; /* of a step; 0: RETAIN_STEP_ROWS */
} parts[] = {
    {RETAIN_PARKED, BY_QUEUE, NONE, NONE, NONE, false, 0},
    {RETAIN_DECISION, BY_SEQ, DECISION_TO, DECISION_ERASE, NONE, false, 0},
    {RETAIN_DECISION, BY_SEQ, PACK_TO, PACK_ERASE, NONE, false, RETAIN_STEP_PACKS},
    {RETAIN_SUBJECT, BY_ID, SUBJECT_TO, SUBJECT_ERASE, NONE, true, 0},
    {RETAIN_SUBJECT, BY_ID, RELATION_TO, RELATION_ERASE, NONE, true, 0},
    {RETAIN_ORDER, BY_ID, ORDER_TO, ORDER_ERASE, ORDER_RECORDS, true, 0},
    {RETAIN_ORDER, BY_ID, ORDER_TO, ORDER_NAMES, ORDER_ACTS, true, 0},
    {RETAIN_ORDER, BY_SEQ, ROLL_TO, ROLL_ERASE, NONE, false, 0},
    {RETAIN_OBLIGATION, BY_SEQ, OBLIGATION_TO, OBLIGATION_ERASE, NONE, false, 0},
    {RETAIN_CASE, BY_ID, CASE_TO, CASE_STEPS, CASE_CLOCKS, false, 0},
    {RETAIN_CASE, BY_ID, CASE_TO, CASE_HOLDERS, CASE_ITEMS, false, 0},
    {RETAIN_CASE, BY_ID, CASE_TO, CASE_PAPERS, NONE, false, 0},
    {RETAIN_MESSAGE, BY_NAME, SENDER_NEXT, MESSAGE_DROP, NONE, false, 0},
    {RETAIN_MESSAGE, BY_NAME, ISSUER_NEXT, DOCUMENT_DROP, NONE, true, 0},
    {RETAIN_REPORTER, BY_ID, REPORTER_TO, REPORTER_ASKS, REPORTER_DROP, true, 0},
};

enum { PARTS = sizeof parts / sizeof parts[0] };

struct retainer {
    struct stmt *q[QUERY_COUNT];
    unsigned part;
    bool begun;     /* the cursor of this part is set */
    uint64_t limit; /* moment or log index */
    uint64_t seq;   /* cursors */
    uint8_t id[STORE_ID_LEN];
    char name[STORE_MEMBER_MAX + 1];
    struct queue_row row;
};

enum err retainer_open(struct retainer **out, struct db *db, struct fault *f)
{
    *out = NULL;
    struct retainer *r = calloc(1, sizeof *r);
    if (r == NULL)
        return fault_set(f, ERR_NO_MEMORY, 0, "retain", "open");
    enum err err = db_prepare(db, queries, QUERY_COUNT, r->q, f);
    if (err != OK)
        retainer_close(&r);
    *out = r;
    return err;
}

void retainer_close(struct retainer **r)
{
    free(*r);
    *r = NULL;
}

/* How many leaves are older than the moment: times of leaves never go back. */
static enum err leaf_before(struct leaf_log *log, uint64_t before_ms, uint64_t *index)
{
    uint64_t low = 0;
    uint64_t high = log_size(log);
    while (low < high) {
        struct log_entry entry;
        uint64_t middle = low + (high - low) / 2;
        enum err err = log_get(log, middle, &entry);
        if (err != OK)
            return err;
        if (entry.time_ms < before_ms)
            low = middle + 1;
        else
            high = middle;
    }
    *index = low;
    return OK;
}

static void bind_cursor(const struct retainer *r, struct stmt *s, enum walk walk)
{
    if (walk == BY_SEQ)
        stmt_bind_u64(s, 1, r->seq);
    else
        bind_id(s, 1, r->id);
}

/* Where this step ends; ERR_NOT_FOUND: with the last row of all. */
static enum err step_to(const struct retainer *r, const struct part *part, uint64_t *seq,
                        uint8_t id[static STORE_ID_LEN])
{
    struct stmt *s = r->q[part->to];
    *seq = STORE_NEVER;
    memset(id, 0xff, STORE_ID_LEN);
    bind_cursor(r, s, part->walk);
    stmt_bind_u64(s, 2, (part->rows != 0 ? part->rows : RETAIN_STEP_ROWS) - 1);
    enum err err = stmt_step(s);
    if (err == OK && part->walk == BY_SEQ)
        *seq = stmt_u64(s, 0);
    if (err == OK && part->walk == BY_ID)
        stmt_copy(s, 0, id, STORE_ID_LEN);
    return stmt_end(s, err);
}

static enum err step_range(struct retainer *r, const struct part *part, uint64_t *erased,
                           bool *over)
{
    const enum query erase[] = {part->erase, part->also};
    uint8_t id[STORE_ID_LEN];
    uint64_t seq;
    enum err err = step_to(r, part, &seq, id);

    *over = err == ERR_NOT_FOUND;
    if (*over)
        err = OK;
    for (size_t i = 0; i < 2 && err == OK && erase[i] != NONE; i++) {
        struct stmt *s = r->q[erase[i]];
        uint64_t changed;
        bind_cursor(r, s, part->walk);
        if (part->walk == BY_SEQ)
            stmt_bind_u64(s, 2, seq);
        else
            bind_id(s, 2, id);
        stmt_bind_u64(s, 3, r->limit);
        err = stmt_run_changed(s, &changed);
        *erased += changed;
    }
    r->seq = seq + 1;
    memcpy(r->id, id, sizeof r->id);
    return err;
}

/* Rows are in order of time for each name: only the oldest are looked at. */
static enum err step_name(struct retainer *r, const struct part *part, uint64_t *erased, bool *over)
{
    struct stmt *s = r->q[part->to];
    char after[sizeof r->name];
    uint64_t changed;

    memcpy(after, r->name, sizeof after);
    stmt_bind_text(s, 1, after);
    enum err err = stmt_step(s);
    if (err == OK)
        stmt_copy_text(s, 0, r->name, sizeof r->name);
    err = stmt_end(s, err);
    *over = err == ERR_NOT_FOUND;
    if (err != OK)
        return *over ? OK : err;
    s = r->q[part->erase];
    stmt_bind_text(s, 1, r->name);
    stmt_bind_u64(s, 2, r->limit);
    stmt_bind_u64(s, 3, RETAIN_NAME_ROWS);
    err = stmt_run_changed(s, &changed);
    *erased += changed;
    if (changed == RETAIN_NAME_ROWS)
        memcpy(r->name, after, sizeof r->name); /* there may be more of them */
    return err;
}

/* Parked envelopes whose frame nobody will open any more. */
static enum err step_parked(struct store *s, struct retainer *r, uint64_t *erased, bool *over)
{
    enum err err = OK;
    for (unsigned i = 0; err == OK && i < RETAIN_STEP_ROWS; i++) {
        err = queue_next_in(s->queue, QUEUE_PARKED, &r->row);
        if (err != OK || r->row.expires_ms >= r->limit)
            continue;
        enum err gone = message_erase(s->messages, r->row.seq);
        *erased += gone == OK;
        err = gone == ERR_NOT_FOUND ? OK : gone;
    }
    *over = err == ERR_NOT_FOUND;
    return *over ? OK : err;
}

static enum err part_begin(struct store *s, struct retainer *r, const struct part *part,
                           uint64_t before_ms)
{
    r->seq = 0;
    memset(r->id, 0, sizeof r->id);
    r->name[0] = '\0';
    r->row = (struct queue_row){.seq = 0};
    r->limit = before_ms;
    return part->by_leaf ? leaf_before(s->log, before_ms, &r->limit) : OK;
}

enum err store_retain_step(struct store *s, const uint64_t before_ms[RETAIN_CLASSES],
                           struct retain_report *out)
{
    struct retainer *r = s->retainer;
    const struct part *part = &parts[r->part];
    bool over = before_ms[part->class] == 0;
    enum err err = OK;

    *out = (struct retain_report){.more = true};
    if (!over && !r->begun)
        err = part_begin(s, r, part, before_ms[part->class]);
    if (err != OK)
        return err;
    r->begun = true;
    /* Rows of messages are looked for in their table. */
    if (!over && part->class == RETAIN_MESSAGE)
        err = fresh_drain(s->fresh);
    if (err != OK)
        return err;
    if (!over && part->walk == BY_QUEUE)
        err = step_parked(s, r, &out->erased, &over);
    else if (!over && part->walk == BY_NAME)
        err = step_name(r, part, &out->erased, &over);
    else if (!over)
        err = step_range(r, part, &out->erased, &over);
    if (part->class == RETAIN_DECISION)
        decisions_forget(s->decisions);
    out->full = err == OK && !over;
    if (err != OK || !over)
        return err;
    r->begun = false;
    r->part = (r->part + 1) % PARTS;
    out->more = r->part != 0;
    return OK;
}
