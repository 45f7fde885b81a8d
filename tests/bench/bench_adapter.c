/*
 * bench_adapter - one whole adapter under load: sender or receiver, with its durable outbox or
 * inbox.
 *
 *   bench_adapter send    --config adapter.yaml --to MEMBER --count N [--window W] [--batch B]
 *                         [--facts]
 *   bench_adapter receive --config adapter.yaml --count N
 *
 * The sender keeps at most W messages without a final receipt and commits every B; it ends when the
 * recipient's receipt of the last one is on its disk. The receiver commits a row of its own for
 * each message with the SDK's, and ends when the hub has acknowledged its last receipt. Both print
 * one JSON object on standard output, and `ready` on standard error once the hub has welcomed them.
 *
 * A message is what lianshu-bench-client sends: one document with a body of 1,024 bytes, sealed to
 * its reader. With --facts it is one that the hub reads too, decides and records: an honour of
 * about 1 KiB (document).
 */
#include "adapters/runtime/config.h"
#include "adapters/sdk/sdk.h"
#include "adapters/sdk/tables.h"
#include "base/clock.h"
#include "base/log.h"
#include "wire.h"

#include "document.pb.h"
#include "sanction.pb.h"
#include "subject.pb.h"
#include "wire.pb.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
    WINDOW = 4096,
    BATCH = 256,
    BASIS = 12, /* codes of 48 bytes: they make the document about 1 KiB long */
    BODY_LEN = 1024,
    WAIT_MS = 100,
    IDLE_MS = 10000, /* nothing moved for so long: give up */
};

enum { SQL_PUT, SQL_COUNT };

struct bench {
    struct sdk *sdk;
    struct stmt *sql[SQL_COUNT];
    uint64_t count, window, batch;
    const char *to;
    uint64_t run; /* names this run's keys */
    uint64_t sent, done, bad;
    bool facts, up;
    uint64_t began_ms, moved_ms;
    uint8_t body[BODY_LEN];
    size_t body_len;
    char basis[BASIS][49];
};

static void fail(const char *what, enum err err, const struct fault *fault)
{
    (void)fprintf(stderr, "bench_adapter: %s: E%03d %s %s\n", what, (int)err,
                  fault == NULL ? "" : fault->where, fault == NULL ? "" : fault->detail);
    exit(1);
}

static void must(const char *what, enum err err)
{
    if (err != OK)
        fail(what, err, NULL);
}

static enum err apply(void *ctx, struct sdk *sdk, const struct sdk_incoming *m, uint64_t now_ms)
{
    struct bench *b = ctx;
    struct stmt *q = b->sql[SQL_PUT];

    (void)sdk;
    stmt_bind_bytes(q, 1, m->env_id, SDK_ENV_ID_LEN);
    stmt_bind_u64(q, 2, m->facts.len + m->sealed.len);
    const enum err err = stmt_run(q);
    if (err == OK && b->done++ == 0)
        b->began_ms = now_ms;
    b->moved_ms = now_ms;
    return err;
}

static enum err outcome(void *ctx, struct sdk *sdk, const struct sdk_outcome *o, uint64_t now_ms)
{
    struct bench *b = ctx;

    (void)sdk;
    if (o->state == SDK_FINAL && o->receipt.kind == lianshu_ReceiptKind_RECEIPT_DELIVERED)
        b->done++;
    else if (o->state == SDK_FINAL || o->state == SDK_REJECTED || o->state == SDK_LAPSED)
        b->bad++;
    b->moved_ms = now_ms;
    return OK;
}

static void connected(void *ctx, bool up)
{
    struct bench *b = ctx;

    b->up = up;
    if (up)
        (void)fprintf(stderr, "ready\n");
}

/* Exactly BODY_LEN bytes for the reader alone. */
static void make_sealed(struct bench *b)
{
    static lianshu_Evidence e;
    struct writer w = writer_of(b->body, sizeof b->body);

    wire_clear(&lianshu_Evidence_msg, &e);
    memset(e.order_id, 'o', sizeof e.order_id);
    memset(e.summary, '.', BODY_LEN - (2 + sizeof e.order_id) - 3);
    must("body", wire_encode(&lianshu_Evidence_msg, &e, &w));
    b->body_len = w.len;
}

static void make_facts(struct bench *b)
{
    static lianshu_Honour h;
    struct writer w = writer_of(b->body, sizeof b->body);

    wire_clear(&lianshu_Honour_msg, &h);
    h.has_subject = true;
    h.subject.kind = lianshu_SubjectKind_SUBJECT_ENTERPRISE;
    (void)snprintf(h.subject.id, sizeof h.subject.id, "91445100DEMA00013Q");
    (void)snprintf(h.subject.name, sizeof h.subject.name, "潮州示例药业有限公司");
    (void)snprintf(h.subject.region, sizeof h.subject.region, "445100");
    (void)snprintf(h.title, sizeof h.title, "%0120d", 0);
    h.date = 20251101;
    must("body", wire_encode(&lianshu_Honour_msg, &h, &w));
    b->body_len = w.len;
    for (size_t i = 0; i < BASIS; i++)
        (void)snprintf(b->basis[i], sizeof b->basis[i], "DL%046zu", i);
}

static void send_one(struct bench *b, uint64_t now_ms)
{
    char key[SDK_KEY_MAX + 1];
    const char *basis[BASIS];
    uint8_t id[SDK_ID_LEN];
    struct fault fault = {0};
    const struct sdk_message m = {
        .key = key,
        .type = b->facts ? lianshu_DocumentType_TYPE_HONOUR : lianshu_DocumentType_TYPE_EVIDENCE,
        .to = &b->to,
        .to_count = 1,
        .facts = span_of(b->body, b->facts ? b->body_len : 0),
        .sealed = span_of(b->body, b->facts ? 0 : b->body_len),
        .basis = basis,
        .basis_count = b->facts ? BASIS : 0,
    };

    for (size_t i = 0; i < BASIS; i++)
        basis[i] = b->basis[i];
    (void)snprintf(key, sizeof key, "bench:%llu:%llu", (unsigned long long)b->run,
                   (unsigned long long)b->sent);
    const enum err err = sdk_send(b->sdk, &m, now_ms, id, NULL, &fault);
    if (err != OK)
        fail("send", err, &fault);
    b->sent++;
}

static void step(struct bench *b, uint32_t wait_ms)
{
    const uint64_t now_ms = clock_real_ms();

    must("step", sdk_step(b->sdk, now_ms, wait_ms, NULL));
    if (b->moved_ms != 0 && now_ms > b->moved_ms + IDLE_MS)
        fail("nothing moves", ERR_TIMEOUT, NULL);
}

static void run_sender(struct bench *b)
{
    while (!b->up)
        step(b, WAIT_MS);
    b->began_ms = b->moved_ms = clock_real_ms();
    while (b->done + b->bad < b->count) {
        const uint64_t now_ms = clock_real_ms();
        uint64_t room = b->window - (b->sent - b->done - b->bad);
        if (room > b->count - b->sent)
            room = b->count - b->sent;
        if (room > b->batch)
            room = b->batch;
        /* Whole batches but for the last: one signature serves a batch. */
        if (room == b->batch || (room > 0 && b->sent + room == b->count)) {
            for (uint64_t i = 0; i < room; i++)
                send_one(b, now_ms);
            must("commit", sdk_commit(b->sdk, now_ms));
            step(b, 0);
        } else {
            step(b, WAIT_MS);
        }
    }
}

static void run_receiver(struct bench *b)
{
    struct sdk_counts counts;

    while (b->done < b->count)
        step(b, WAIT_MS);
    do {
        step(b, WAIT_MS);
        must("counts", sdk_counts(b->sdk, &counts));
    } while (counts.owed > 0);
}

static void prepare(struct bench *b)
{
    static const char *const table[] = {
        "CREATE TABLE IF NOT EXISTS bench_row (id INTEGER PRIMARY KEY, env_id BLOB NOT NULL,"
        " bytes INTEGER NOT NULL) STRICT"};
    static const char *const sql[SQL_COUNT] = {
        [SQL_PUT] = "INSERT INTO bench_row (env_id, bytes) VALUES (?1, ?2)"};
    struct stmt *create = NULL;

    must("table", db_prepare(sdk_db(b->sdk), table, 1, &create, NULL));
    must("table", sdk_begin(b->sdk));
    must("table", stmt_run(create));
    must("table", sdk_commit(b->sdk, clock_real_ms()));
    must("statements", db_prepare(sdk_db(b->sdk), sql, SQL_COUNT, b->sql, NULL));
}

static double seconds(const struct timeval *t)
{
    return (double)t->tv_sec + (double)t->tv_usec / 1e6;
}

static void print_result(const struct bench *b, const char *role, const struct rusage *before)
{
    struct rusage after;
    const uint64_t ended_ms = clock_real_ms();

    (void)getrusage(RUSAGE_SELF, &after); /* cannot fail for these arguments */
    const double took = (double)(ended_ms - b->began_ms) / 1e3;
    const double cpu = seconds(&after.ru_utime) + seconds(&after.ru_stime) -
                       seconds(&before->ru_utime) - seconds(&before->ru_stime);
    (void)printf("{\"role\": \"%s\", \"count\": %llu, \"bad\": %llu, \"began_ms\": %llu,"
                 " \"ended_ms\": %llu, \"msgs_per_s\": %.0f, \"cpu_us_per_msg\": %.1f,"
                 " \"max_rss_kib\": %ld}\n",
                 role, (unsigned long long)b->done, (unsigned long long)b->bad,
                 (unsigned long long)b->began_ms, (unsigned long long)ended_ms,
                 took > 0 ? (double)b->done / took : 0.0, cpu * 1e6 / (double)b->count,
                 after.ru_maxrss);
}

static uint64_t number(const char *text)
{
    char *end;
    const unsigned long long n = strtoull(text, &end, 10);

    if (*end != '\0' || n == 0) {
        (void)fprintf(stderr, "bench_adapter: %s is no number\n", text);
        exit(2);
    }
    return n;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {{"config", required_argument, NULL, 'c'},
                                            {"to", required_argument, NULL, 't'},
                                            {"count", required_argument, NULL, 'n'},
                                            {"window", required_argument, NULL, 'w'},
                                            {"batch", required_argument, NULL, 'b'},
                                            {"facts", no_argument, NULL, 'f'},
                                            {NULL, 0, NULL, 0}};
    static struct bench b = {.window = WINDOW, .batch = BATCH};
    static struct config config;
    const char *path = NULL;
    struct fault fault = {0};
    struct rusage before;

    for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (c == 'c')
            path = optarg;
        else if (c == 't')
            b.to = optarg;
        else if (c == 'n')
            b.count = number(optarg);
        else if (c == 'w')
            b.window = number(optarg);
        else if (c == 'b')
            b.batch = number(optarg);
        else if (c == 'f')
            b.facts = true;
        else
            return 2;
    }
    const char *role = optind < argc ? argv[optind] : "";
    const bool sends = strcmp(role, "send") == 0;
    if (path == NULL || b.count == 0 || b.window < b.batch || sends != (b.to != NULL) ||
        (!sends && strcmp(role, "receive") != 0)) {
        (void)fprintf(stderr, "bench_adapter send|receive --config FILE --count N [--to MEMBER]\n");
        return 2;
    }
    log_open(STDERR_FILENO, LOG_LEVEL_WARN);
    enum err err = config_read(&config, path, &fault);
    if (err != OK)
        fail("configuration", err, &fault);
    const struct sdk_handler handler = {
        .ctx = &b, .apply = apply, .outcome = outcome, .connected = connected};
    if ((err = sdk_open(&b.sdk, &config.sdk, &handler, clock_real_ms(), &fault)) != OK)
        fail("open", err, &fault);
    b.run = clock_real_ms();
    if (b.facts)
        make_facts(&b);
    else
        make_sealed(&b);
    prepare(&b);
    (void)getrusage(RUSAGE_SELF, &before);
    if (sends)
        run_sender(&b);
    else
        run_receiver(&b);
    print_result(&b, role, &before);
    sdk_close(&b.sdk);
    return b.bad == 0 ? 0 : 1;
}
