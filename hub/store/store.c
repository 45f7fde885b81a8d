#include "store/store.h"

#include "hub_sql.h"
#include "store/handle_memory.h"

#include <stdlib.h>

enum { COUNTER_SLOTS = 2 * STORE_COUNTERS_MAX };

_Static_assert((COUNTER_SLOTS & (COUNTER_SLOTS - 1)) == 0, "the table is masked");

enum query { META_PUT, META_GET, COUNTER_PUT, COUNTER_NEXT, QUERY_COUNT };

static const char *const queries[QUERY_COUNT] = {
    [META_PUT] = "INSERT INTO meta (name, value) VALUES (?1, ?2) "
                 "ON CONFLICT DO UPDATE SET value = ?2",
    [META_GET] = "SELECT value FROM meta WHERE name = ?1",
    [COUNTER_PUT] = "INSERT INTO state (kind, no, name, value) VALUES (1, 0, ?1, ?2) "
                    "ON CONFLICT DO UPDATE SET value = ?2",
    [COUNTER_NEXT] = "SELECT name, value FROM state WHERE kind = 1 AND no = 0 AND name > ?1 "
                     "ORDER BY name LIMIT 1",
};

/* What is in them is compared with a hash or a sum when it is read, or is found by its key. */
static const char *const growing[] = {"leaf_block", "tile",         "message",  "frame",
                                      "queue",      "delivery",     "sequence", "document",
                                      "decision",   "decision_pack"};

static const char NOW_HIGH[] = "now.high";

struct counter {
    char name[STORE_NAME_MAX + 1];
    uint64_t value;
    uint64_t mark;      /* at the savepoint */
    uint64_t committed; /* on disk */
};

struct store_cache {
    struct stmt *q[QUERY_COUNT];
    uint64_t now_high;  /* committed */
    uint64_t now_meta;  /* what the disk says of it; the last leaf's time says the rest */
    uint64_t now_begun; /* of the open transaction */
    bool now_written;   /* by the open transaction */
    size_t counter_count;
    bool counted;                 /* a counter differs from the disk */
    uint16_t slot[COUNTER_SLOTS]; /* index + 1 */
    struct counter counter[STORE_COUNTERS_MAX];
};

/* The slot that holds the name, or the free one where it belongs. */
static uint16_t *counter_slot(struct store_cache *c, const char *name)
{
    uint32_t h = 2166136261u;
    for (const char *p = name; *p != '\0'; p++)
        h = (h ^ (uint8_t)*p) * 16777619u;
    h &= COUNTER_SLOTS - 1;
    while (c->slot[h] != 0 && strcmp(c->counter[c->slot[h] - 1].name, name) != 0)
        h = (h + 1) & (COUNTER_SLOTS - 1);
    return &c->slot[h];
}

static enum err counter_make(struct store_cache *c, const char *name, struct counter **out)
{
    size_t len = strlen(name);
    uint16_t *slot = counter_slot(c, name);
    if (*slot == 0) {
        if (len == 0 || len > STORE_NAME_MAX)
            return ERR_FIELD_VALUE;
        if (c->counter_count == STORE_COUNTERS_MAX)
            return ERR_TOO_LARGE;
        c->counter[c->counter_count] = (struct counter){.value = 0};
        memcpy(c->counter[c->counter_count].name, name, len + 1);
        *slot = (uint16_t)++c->counter_count;
    }
    *out = &c->counter[*slot - 1];
    return OK;
}

static enum err counters_load(struct store_cache *c)
{
    struct stmt *q = c->q[COUNTER_NEXT];
    char name[STORE_NAME_MAX + 1] = "";
    for (;;) {
        struct counter *counter = NULL;
        uint64_t value = 0;
        char after[sizeof name];
        memcpy(after, name, sizeof after);
        stmt_bind_text(q, 1, after);
        enum err err = stmt_step(q);
        if (err == OK) {
            stmt_copy_text(q, 0, name, sizeof name);
            value = stmt_u64(q, 1);
        }
        err = stmt_end(q, err);
        if (err == OK)
            err = counter_make(c, name, &counter);
        if (err != OK)
            return err == ERR_NOT_FOUND ? OK : err;
        counter->value = counter->mark = counter->committed = value;
    }
}

static enum err cache_open(struct store *s, struct fault *f)
{
    s->cache = calloc(1, sizeof *s->cache);
    if (s->cache == NULL)
        return fault_set(f, ERR_NO_MEMORY, 0, "store", "open");
    enum err err = db_prepare(s->db, queries, QUERY_COUNT, s->cache->q, f);
    if (err != OK)
        return err;
    err = store_meta_get_u64(s, NOW_HIGH, &s->cache->now_meta);
    if (err == OK || err == ERR_NOT_FOUND)
        err = counters_load(s->cache);
    return err == OK ? OK : fault_set(f, err, 0, "store", "counters");
}

static uint64_t later(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* What a restart would take for now_high. */
static uint64_t now_kept(const struct store *s)
{
    return later(s->cache->now_meta, log_time(s->log));
}

static enum err modules_open(struct store *s, const struct store_options *options, struct fault *f)
{
    const struct chunks_options chunks = {options->path, options->read_only, options->chunk_quota};
    enum err err = cache_open(s, f);
    if (err == OK)
        err = log_load(&s->log, s->db, f);
    if (err == OK)
        s->cache->now_high = now_kept(s);
    if (err == OK)
        err = fresh_open(&s->fresh, s->db, options->fresh_window, options->read_only, f);
    if (err == OK)
        err = messages_open(&s->messages, s->db, s->fresh, f);
    if (err == OK)
        err = queue_open(&s->queue, s->db, s->fresh, f);
    if (err == OK)
        err = fresh_load(s->fresh, f);
    if (err == OK)
        err = stream_open(&s->stream, s->db, f);
    if (err == OK)
        err = chunks_open(&s->chunks, s->db, &chunks, f);
    if (err == OK)
        err = handles_open(&s->handles, s->db, f);
    if (err == OK && !options->read_only)
        err = handles_remember(s->handles, f);
    if (err == OK)
        err = subjects_open(&s->subjects, s->db, f);
    if (err == OK)
        err = orders_open(&s->orders, s->db, f);
    if (err == OK)
        err = obligations_open(&s->obligations, s->db, f);
    if (err == OK)
        err = restrictions_open(&s->restrictions, s->db, !options->read_only, f);
    if (err == OK)
        err = mirrors_open(&s->mirrors, s->db, f);
    if (err == OK)
        err = decisions_open(&s->decisions, s->db, f);
    if (err == OK)
        err = documents_open(&s->documents, s->db, f);
    if (err == OK)
        err = casefiles_open(&s->casefiles, s->db, f);
    if (err == OK)
        err = enrolments_open(&s->enrolments, s->db, f);
    if (err == OK)
        err = amended_open(&s->amended, s->db, f);
    if (err == OK)
        err = requests_open(&s->requests, s->db, f);
    if (err == OK)
        err = refusals_open(&s->refusals, s->db, f);
    if (err == OK)
        err = reporters_open(&s->reporters, s->db, f);
    if (err == OK)
        err = roll_open(&s->roll, s->db, f);
    if (err == OK)
        err = tallies_open(&s->tallies, s->db, f);
    if (err == OK)
        err = twins_open(&s->twins, s->db, f);
    if (err == OK)
        err = sealed_open(&s->sealed, s->db, s->decisions, f);
    return err == OK ? retainer_open(&s->retainer, s->db, f) : err;
}

enum err store_open(struct store **out, const struct store_options *options, struct fault *f)
{
    *out = NULL;
    struct store *s = calloc(1, sizeof *s);
    if (s == NULL)
        return fault_set(f, ERR_NO_MEMORY, 0, options->path, "open");
    const struct db_options db = {.path = options->path,
                                  .application_id = STORE_APPLICATION_ID,
                                  .migrations = hub_sql,
                                  .migration_count = hub_sql_count,
                                  .growing = growing,
                                  .growing_count = sizeof growing / sizeof growing[0],
                                  .cache_kib = options->cache_kib,
                                  .checkpoint_pages = options->checkpoint_pages,
                                  .read_only = options->read_only,
                                  .shrinks = true,
                                  .syncs_apart = true,
                                  .alone = options->alone};
    enum err err = db_open(&s->db, &db, f);
    if (err == OK && !options->read_only)
        err = reserve_open(&s->reserve, options->path, options->reserve_bytes, f);
    if (err == OK)
        err = modules_open(s, options, f);
    if (err != OK)
        store_close(&s);
    *out = s;
    return err;
}

void store_close(struct store **out)
{
    struct store *s = *out;
    *out = NULL;
    if (s == NULL)
        return;
    retainer_close(&s->retainer);
    sealed_close(&s->sealed);
    reporters_close(&s->reporters);
    refusals_close(&s->refusals);
    twins_close(&s->twins);
    tallies_close(&s->tallies);
    roll_close(&s->roll);
    requests_close(&s->requests);
    amended_close(&s->amended);
    enrolments_close(&s->enrolments);
    casefiles_close(&s->casefiles);
    documents_close(&s->documents);
    decisions_close(&s->decisions);
    mirrors_close(&s->mirrors);
    restrictions_close(&s->restrictions);
    obligations_close(&s->obligations);
    orders_close(&s->orders);
    subjects_close(&s->subjects);
    handles_close(&s->handles);
    chunks_close(&s->chunks);
    stream_close(&s->stream);
    queue_free(&s->queue);
    messages_close(&s->messages);
    fresh_close(&s->fresh);
    log_unload(&s->log);
    free(s->cache);
    reserve_close(&s->reserve);
    db_close(&s->db);
    free(s);
}

enum err store_begin(struct store *s, uint64_t now_ms)
{
    if (now_ms > STORE_NEVER)
        return ERR_TOO_LARGE;
    enum err err = db_begin(s->db);
    if (err == OK)
        s->cache->now_begun = now_ms;
    s->cache->now_written = false;
    return err;
}

static enum err counters_write(struct store_cache *c)
{
    struct stmt *q = c->q[COUNTER_PUT];
    for (size_t i = 0; i < c->counter_count && c->counted; i++) {
        const struct counter *counter = &c->counter[i];
        if (counter->value == counter->committed)
            continue;
        stmt_bind_text(q, 1, counter->name);
        stmt_bind_u64(q, 2, counter->value);
        enum err err = stmt_run(q);
        if (err != OK)
            return err;
    }
    return OK;
}

/* What the modules kept in memory goes into the transaction now. */
static enum err before_commit(struct store *s)
{
    enum err err = counters_write(s->cache);
    if (err == OK)
        err = queue_before_commit(s->queue);
    if (err == OK)
        err = restriction_before_commit(s->restrictions);
    if (err == OK)
        err = decisions_before_commit(s->decisions);
    if (err == OK)
        err = stream_before_commit(s->stream);
    if (err == OK)
        err = chunk_before_commit(s->chunks);
    if (err == OK)
        err = log_before_commit(s->log);
    if (err == OK)
        err = fresh_before_commit(s->fresh);
    if (err != OK || !db_wrote(s->db))
        return err;
    uint64_t high = later(s->cache->now_high, s->cache->now_begun);
    if (high <= now_kept(s))
        return OK;
    s->cache->now_written = true;
    return store_meta_put_u64(s, NOW_HIGH, high);
}

static void committed(struct store *s, bool wrote)
{
    struct store_cache *c = s->cache;
    for (size_t i = 0; i < c->counter_count && c->counted; i++)
        c->counter[i].committed = c->counter[i].value;
    c->counted = false;
    if (wrote) {
        c->now_high = later(c->now_high, later(c->now_begun, log_time(s->log)));
        c->now_meta = c->now_written ? c->now_high : c->now_meta;
    }
    log_committed(s->log);
    fresh_committed(s->fresh);
    messages_committed(s->messages);
    stream_committed(s->stream);
    queue_committed(s->queue);
    chunk_committed(s->chunks);
    restriction_committed(s->restrictions);
    decisions_committed(s->decisions);
}

enum err store_write(struct store *s, bool *wrote)
{
    enum err err = before_commit(s);
    *wrote = db_wrote(s->db);
    if (err == OK)
        err = db_commit(s->db);
    if (err != OK) {
        *wrote = false;
        store_rollback(s);
        return err;
    }
    committed(s, *wrote);
    return OK;
}

enum err store_sync(const struct store *s)
{
    return db_sync(s->db);
}

enum err store_landed(struct store *s, enum err synced)
{
    if (synced == OK)
        chunk_landed(s->chunks);
    return db_synced(s->db, synced);
}

enum err store_commit(struct store *s)
{
    bool wrote;
    enum err err = store_write(s, &wrote);
    return err == OK ? store_landed(s, wrote ? store_sync(s) : OK) : err;
}

void store_rollback(struct store *s)
{
    struct store_cache *c = s->cache;
    db_rollback(s->db);
    for (size_t i = 0; i < c->counter_count; i++)
        c->counter[i].value = c->counter[i].committed;
    c->counted = false;
    fresh_rolled_back(s->fresh);
    queue_rolled_back(s->queue);
    chunk_rolled_back(s->chunks);
    messages_rolled_back(s->messages);
    stream_rolled_back(s->stream);
    restriction_rolled_back(s->restrictions);
    decisions_rolled_back(s->decisions);
    roll_rolled_back(s->roll);
    tally_rolled_back(s->tallies);
    log_rolled_back(s->log);
}

enum err store_savepoint(struct store *s)
{
    struct store_cache *c = s->cache;
    enum err err = db_savepoint(s->db);
    if (err != OK)
        return err;
    for (size_t i = 0; i < c->counter_count; i++)
        c->counter[i].mark = c->counter[i].value;
    fresh_savepoint(s->fresh);
    chunk_savepoint(s->chunks);
    stream_savepoint(s->stream);
    decisions_savepoint(s->decisions);
    queue_savepoint(s->queue);
    return log_savepoint(s->log);
}

enum err store_release(struct store *s)
{
    log_released(s->log);
    return db_release(s->db);
}

enum err store_rollback_to(struct store *s)
{
    struct store_cache *c = s->cache;
    enum err err = db_rollback_to(s->db);
    if (err != OK)
        return err;
    for (size_t i = 0; i < c->counter_count; i++)
        c->counter[i].value = c->counter[i].mark;
    fresh_rolled_back_to(s->fresh);
    queue_rolled_back_to(s->queue);
    chunk_rolled_back_to(s->chunks);
    messages_rolled_back(s->messages);
    stream_rolled_back_to(s->stream);
    decisions_rolled_back_to(s->decisions);
    roll_rolled_back(s->roll);
    tally_rolled_back(s->tallies);
    return log_rolled_back_to(s->log);
}

uint64_t store_now_high(const struct store *s)
{
    return s->cache->now_high;
}

enum err store_meta_put(struct store *s, const char *name, struct span value)
{
    if (value.len > STORE_META_MAX)
        return ERR_TOO_LARGE;
    stmt_bind_text(s->cache->q[META_PUT], 1, name);
    stmt_bind_blob(s->cache->q[META_PUT], 2, value);
    return stmt_run(s->cache->q[META_PUT]);
}

enum err store_meta_get(struct store *s, const char *name, uint8_t *out, size_t cap, size_t *len)
{
    struct stmt *q = s->cache->q[META_GET];
    *len = 0;
    stmt_bind_text(q, 1, name);
    enum err err = stmt_step(q);
    if (err == OK) {
        struct span value = stmt_blob(q, 0);
        if (value.len > cap)
            return stmt_end(q, ERR_TOO_LARGE);
        if (value.len > 0)
            memcpy(out, value.data, value.len);
        *len = value.len;
    }
    return stmt_end(q, err);
}

enum err store_meta_put_u64(struct store *s, const char *name, uint64_t value)
{
    uint8_t bytes[sizeof value];
    struct writer w = writer_of(bytes, sizeof bytes);
    write_uint(&w, value, sizeof value);
    return store_meta_put(s, name, writer_span(&w));
}

enum err store_meta_get_u64(struct store *s, const char *name, uint64_t *value)
{
    uint8_t bytes[sizeof *value];
    size_t len;
    *value = 0;
    enum err err = store_meta_get(s, name, bytes, sizeof bytes, &len);
    struct span from = {bytes, len};
    if (err == OK && !(len == sizeof bytes && span_take_uint(&from, len, value)))
        err = ERR_FIELD_VALUE;
    return err;
}

enum err store_count(struct store *s, const char *name, uint64_t more)
{
    struct counter *counter;
    if (!db_in_transaction(s->db))
        return ERR_INTERNAL;
    enum err err = counter_make(s->cache, name, &counter);
    if (err != OK)
        return err;
    counter->value += more;
    s->cache->counted = true;
    return OK;
}

uint64_t store_counter(const struct store *s, const char *name)
{
    uint16_t i = *counter_slot(s->cache, name);
    return i == 0 ? 0 : s->cache->counter[i - 1].value;
}

bool store_counter_at(const struct store *s, size_t i, const char **name, uint64_t *value)
{
    if (i >= s->cache->counter_count)
        return false;
    *name = s->cache->counter[i].name;
    *value = s->cache->counter[i].value;
    return true;
}
