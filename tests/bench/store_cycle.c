/* lianshu-bench-store DIR [BATCHES]: what one message costs the hub's store from put to settled,
 * beside a plain SQLite row of the same size that is inserted and deleted, as one JSON object in
 * microseconds of CPU. Both do the same work per commit; the ratio stays comparable where machines
 * drift. */
#include "base/clock.h"
#include "keys/init.h"
#include "keys/receipt.h"
#include "store/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

enum { BATCH = 64, LAG = 4, MEMBERS = 4, FRAME = 1400, BODY = 200, BESIDE = 300, BATCHES = 400 };

struct cycle {
    struct store *s;
    uint64_t seq[LAG + 1][BATCH];
    uint8_t frame[FRAME];
};

static void id_make(uint64_t n, uint8_t id[static STORE_ID_LEN])
{
    struct writer w = writer_of(id, STORE_ID_LEN);
    write_uint(&w, n, 8);
    write_uint(&w, n * 0x9e3779b97f4a7c15u, 8);
}

static void member_name(uint64_t n, const char *kind, char out[static STORE_MEMBER_MAX + 1])
{
    (void)snprintf(out, STORE_MEMBER_MAX + 1, "%s.44%04u", kind, (unsigned)(n % MEMBERS));
}

/* As the core does for an envelope that is accepted. */
static enum err put(struct cycle *c, uint64_t n, uint64_t *seq)
{
    struct message_row m = {.type = 7, .open = 1, .created_ms = n, .accepted_ms = n};
    struct queue_row q = {.bytes = FRAME, .expires_ms = STORE_NEVER, .type = 7};
    uint64_t number;
    enum err err = log_append(c->s->log, LOG_RECEIPT, n, span_of(c->frame, BODY),
                              span_of(c->frame, 8), &m.seq);
    if (err == OK)
        err = log_append(c->s->log, LOG_STATEMENT, n, span_of(c->frame, BODY), span_of(NULL, 0),
                         &q.statement_leaf);
    member_name(n, "market", m.sender);
    id_make(n, m.id);
    m.last_leaf = m.seq;
    *seq = m.seq;
    q.seq = m.seq;
    memcpy(q.sender, m.sender, sizeof q.sender);
    memcpy(q.message_id, m.id, sizeof q.message_id);
    member_name(n, "health", q.recipient);
    if (err == OK)
        err = message_put(c->s->messages, &m, span_of(c->frame, FRAME));
    if (err == OK)
        err = queue_put(c->s->queue, &q);
    return err == OK ? stream_put(c->s->stream, m.sender, m.seq, &number) : err;
}

/* As the core does for the receipt that settles it. */
static enum err done(struct cycle *c, uint64_t n, uint64_t seq)
{
    char sender[STORE_MEMBER_MAX + 1];
    char recipient[STORE_MEMBER_MAX + 1];
    uint8_t id[STORE_ID_LEN];
    uint64_t leaf;
    uint64_t number;
    struct queue_row row;
    struct message_row m;
    member_name(n, "market", sender);
    member_name(n, "health", recipient);
    id_make(n, id);
    enum err err = message_get(c->s->messages, sender, id, &m);
    if (err == OK)
        err = queue_get(c->s->queue, recipient, seq, &row);
    if (err == OK)
        err = log_append(c->s->log, LOG_MEMBER_RECEIPT, n, span_of(c->frame, 32),
                         span_of(c->frame, BESIDE), &leaf);
    if (err == OK)
        err = stream_put(c->s->stream, sender, leaf, &number);
    if (err == OK)
        err = stream_ack(c->s->stream, sender, number - 1);
    if (err == OK)
        err = queue_done(c->s->queue, recipient, seq);
    return err == OK ? message_settle(c->s->messages, sender, id, 5, leaf, NULL) : err;
}

static enum err deliver(struct cycle *c)
{
    static struct queue_row rows[BATCH];
    enum err err = OK;
    for (unsigned i = 0; err == OK && i < MEMBERS; i++) {
        char recipient[STORE_MEMBER_MAX + 1];
        size_t count;
        member_name(i, "health", recipient);
        err = queue_claim(c->s->queue, recipient, i + 1, 0, STORE_NEVER, 3, rows, BATCH, &count);
        for (size_t k = 0; err == OK && k < count; k++) {
            struct span frame;
            err = message_frame(c->s->messages, rows[k].seq, &frame);
        }
        err = err == ERR_NOT_FOUND ? OK : err;
    }
    return err;
}

static enum err batch(struct cycle *c, uint64_t at)
{
    enum err err = store_begin(c->s, at);
    for (uint64_t i = 0; err == OK && i < BATCH; i++) {
        err = store_savepoint(c->s);
        if (err == OK)
            err = put(c, at * BATCH + i, &c->seq[at % (LAG + 1)][i]);
        if (err == OK)
            err = store_release(c->s);
    }
    for (uint64_t i = 0; err == OK && at >= LAG && i < BATCH; i++)
        err = done(c, (at - LAG) * BATCH + i, c->seq[(at - LAG) % (LAG + 1)][i]);
    if (err == OK)
        err = store_commit(c->s);
    return err == OK ? deliver(c) : err;
}

static enum err run_store(const char *path, uint64_t batches)
{
    static struct cycle c;
    const struct store_options options = {.path = path};
    enum err err = store_open(&c.s, &options, NULL);
    for (uint64_t at = 0; err == OK && at < batches; at++)
        err = batch(&c, at);
    store_close(&c.s);
    return err;
}

enum { INSERT, DELETE, QUERIES };

static enum err run_plain(const char *path, uint64_t batches)
{
    static const char *const schema[] = {"CREATE TABLE t (k INTEGER PRIMARY KEY, b BLOB) STRICT;"};
    static const char *const sql[QUERIES] = {
        [INSERT] = "INSERT INTO t (k, b) VALUES (?1, ?2)", [DELETE] = "DELETE FROM t WHERE k = ?1"};
    static uint8_t frame[FRAME];
    const struct db_options options = {
        .path = path, .application_id = 1, .migrations = schema, .migration_count = 1};
    struct stmt *q[QUERIES];
    struct db *db;
    enum err err = db_open(&db, &options, NULL);
    if (err == OK)
        err = db_prepare(db, sql, QUERIES, q, NULL);
    for (uint64_t at = 0; err == OK && at < batches; at++) {
        err = db_begin(db);
        for (uint64_t i = 0; err == OK && i < BATCH; i++) {
            stmt_bind_u64(q[INSERT], 1, at * BATCH + i);
            stmt_bind_bytes(q[INSERT], 2, frame, sizeof frame);
            err = stmt_run(q[INSERT]);
        }
        for (uint64_t i = 0; err == OK && at >= LAG && i < BATCH; i++) {
            stmt_bind_u64(q[DELETE], 1, (at - LAG) * BATCH + i);
            err = stmt_run(q[DELETE]);
        }
        if (err == OK)
            err = db_commit(db);
    }
    db_close(&db);
    return err;
}

static double cpu_us(void)
{
    struct rusage u;
    (void)getrusage(RUSAGE_SELF, &u); /* cannot fail for oneself */
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e6 +
           (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

static enum err measure(const char *dir, const char *name,
                        enum err (*run)(const char *path, uint64_t batches), uint64_t batches,
                        double *us)
{
    char path[DB_PATH_MAX];
    (void)snprintf(path, sizeof path, "%.800s/%s/x.db", dir, name);
    double begin = cpu_us();
    enum err err = run(path, batches);
    *us = (cpu_us() - begin) / (double)(batches * BATCH);
    return err;
}

int main(int argc, char **argv)
{
    double store;
    double plain;
    if (argc < 2) {
        fprintf(stderr, "lianshu-bench-store DIR [BATCHES]\n");
        return 2;
    }
    uint64_t batches = argc > 2 ? strtoull(argv[2], NULL, 10) : BATCHES;
    enum err err = keys_init();
    if (err == OK)
        err = measure(argv[1], "plain", run_plain, batches, &plain);
    if (err == OK)
        err = measure(argv[1], "store", run_store, batches, &store);
    if (err != OK) {
        fprintf(stderr, "lianshu-bench-store: E%03d %s\n", (int)err, err_en(err));
        return 1;
    }
    printf("{\"store_cycle_us\": %.2f, \"sqlite_row_us\": %.2f, \"store_cycle_ratio\": %.2f}\n",
           store, plain, store / plain);
    return 0;
}
