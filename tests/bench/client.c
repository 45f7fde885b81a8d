/* lianshu-bench-client: senders and receivers in memory against a running hub; prints one JSON
 * object. One process, two threads: one for all senders, one for all receivers. */
#include "base/clock.h"
#include "bench/bench.h"
#include "bench/usage.h"
#include "keys/init.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

enum { READY_MS = 20000, DRAIN_MS = 60000, TICK_MS = 20, MEMORY_MS = 200 };

uint64_t bench_now_ns(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t); /* always there */
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

void bench_sample(struct bench *b, struct bench_samples *s, uint64_t since_ns)
{
    if (!atomic_load(&b->measuring) || s->count == BENCH_SAMPLES_MAX)
        return;
    s->us[s->count++] = (uint32_t)((bench_now_ns() - since_ns) / 1000);
}

void bench_failed(struct bench *b, enum err err, const char *what)
{
    const uint64_t one = 1;
    if (atomic_fetch_add(&b->counters.failed, 1) == 0) {
        if (write(b->failure_fd, &one, sizeof one) != (ssize_t)sizeof one)
            return; /* the counter says the same a tick later */
        atomic_store(&b->counters.first_code, (uint32_t)err);
        fprintf(stderr, "lianshu-bench-client: %s: E%03d %s\n", what, (int)err, err_en(err));
    }
}

/* ---- arguments ---- */

static const struct {
    const char *name;
    size_t offset;
    int width; /* 32, 64, or 0 for text; 1 for a flag */
    const char *text;
} options[] = {
#define ROW(name, field, width, text)                                                              \
    {                                                                                              \
        name, offsetof(struct bench_plan, field), width, text                                      \
    }
    ROW("--dir", dir, 0, "realm of lianshu-bench-realm"),
    ROW("--endpoint", address, 0, "tcp://… of the hub"),
    ROW("--senders", sender_count, 32, "how many"),
    ROW("--sender-first", sender_first, 32, "number of the first member that sends"),
    ROW("--receivers", receiver_count, 32, "how many"),
    ROW("--receiver-first", receiver_first, 32, "number of the first member that receives"),
    ROW("--targets", target_count, 32, "to how many members (default: the receivers)"),
    ROW("--target-first", target_first, 32, "number of the first of them"),
    ROW("--spread", spread, 1, "every sender to all targets in turn"),
    ROW("--deaf", deaf_count, 32, "so many receivers never read"),
    ROW("--slow", slow_count, 32, "so many open one message a second"),
    ROW("--window", window, 32, "unfinished messages of one sender"),
    ROW("--batch", batch, 32, "most messages under one signature"),
    ROW("--credit", credit, 32, "messages in flight towards a receiver"),
    ROW("--rate", rate_per_s, 64, "messages a second of all senders; 0: as many as go"),
    ROW("--count", count, 64, "messages of all senders; 0: until time is over"),
    ROW("--warm-ms", warm_ms, 32, "before measuring"),
    ROW("--run-ms", run_ms, 32, "measuring"),
    ROW("--until-accepted", until_accepted, 1, "a message is finished when it is accepted"),
    ROW("--order", order, 1, "market.445100 sends a sanction order"),
    ROW("--lift", lift, 1, "or the end of it, in lane repair"),
    ROW("--official-ms", official_ms, 32, "so long after it was welcomed"),
    ROW("--hub-pid", hub_pid, 32, "whose cost is measured"),
    ROW("--signer-pid", signer_pid, 32, "and whose"),
#undef ROW
};

static bool take_option(struct bench_plan *plan, size_t i, const char *value)
{
    char *field = (char *)plan + options[i].offset;
    char *end = NULL;
    const uint64_t number = options[i].width == 0 ? 0 : strtoull(value, &end, 10);
    if (options[i].width != 0 && (*value == '\0' || *end != '\0'))
        return false;
    if (options[i].width == 0)
        memcpy(field, &value, sizeof value);
    else if (options[i].width == 64)
        memcpy(field, &number, sizeof number);
    else
        memcpy(field, &(uint32_t){(uint32_t)number}, sizeof(uint32_t));
    return options[i].width != 32 || number <= UINT32_MAX;
}

static bool read_arguments(struct bench_plan *plan, int argc, char **argv)
{
    enum { COUNT = sizeof options / sizeof options[0] };
    for (int a = 1; a < argc; a++) {
        size_t i = 0;
        while (i < COUNT && strcmp(argv[a], options[i].name) != 0)
            i++;
        if (i == COUNT)
            return false;
        if (options[i].width == 1)
            *((bool *)plan + options[i].offset) = true;
        else if (++a == argc || !take_option(plan, i, argv[a]))
            return false;
    }
    if (plan->target_count == 0) {
        plan->target_first = plan->receiver_first;
        plan->target_count = plan->receiver_count;
    }
    return plan->dir != NULL && plan->address != NULL && plan->sender_count >= 1 &&
           plan->sender_count <= BENCH_SITES_MAX && plan->receiver_count <= BENCH_SITES_MAX &&
           plan->target_count >= 1 && plan->window >= 1 && plan->window <= BENCH_WINDOW_MAX &&
           plan->batch >= 1 && plan->batch <= BENCH_BATCH_MAX &&
           (plan->count > 0 || plan->run_ms > 0);
}

static int usage_text(void)
{
    fprintf(stderr, "lianshu-bench-client OPTIONS:\n");
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++)
        fprintf(stderr, "  %-18s %s\n", options[i].name, options[i].text);
    return 2;
}

/* ---- measuring ---- */

struct mark {
    uint64_t ns;
    uint64_t done; /* messages finished */
    struct usage hub, signer, self;
};

static uint64_t done_of(struct bench *b)
{
    return b->plan.until_accepted ? atomic_load(&b->counters.accepted)
                                  : atomic_load(&b->counters.final);
}

static struct mark mark_now(struct bench *b)
{
    return (struct mark){.ns = bench_now_ns(),
                         .done = done_of(b),
                         .hub = usage_of(b->plan.hub_pid),
                         .signer = usage_of(b->plan.signer_pid),
                         .self = usage_of((int)getpid())};
}

/* Until something failed, a little while at most. */
static void tick(struct bench *b)
{
    struct pollfd p = {b->failure_fd, POLLIN, 0};
    (void)poll(&p, 1, TICK_MS); /* what happened stands in the counters */
}

static void progress(struct bench *b, uint64_t *last_ns)
{
    const uint64_t now = bench_now_ns();
    if (isatty(STDERR_FILENO) != 1 || now < *last_ns + 500000000)
        return;
    *last_ns = now;
    fprintf(stderr, "\r  %" PRIu64 " 已发 sent  %" PRIu64 " 完成 done   ",
            atomic_load(&b->counters.sent), done_of(b));
}

/* Reading it costs as much as several messages: not at every tick. */
static void watch_memory(struct bench *b, uint64_t *peak_kib, uint64_t *last_ns)
{
    const uint64_t now = bench_now_ns();
    if (now < *last_ns + (uint64_t)MEMORY_MS * 1000000)
        return;
    *last_ns = now;
    const uint64_t rss = usage_of(b->plan.hub_pid).rss_kib;
    if (rss > *peak_kib)
        *peak_kib = rss;
}

static bool failed(struct bench *b)
{
    return atomic_load(&b->counters.failed) > 0;
}

/* From the first message on, for so long or so many. */
static void measure(struct bench *b, struct mark *from, struct mark *to, uint64_t *peak_kib)
{
    const struct bench_plan *plan = &b->plan;
    const uint64_t begin = bench_now_ns();
    uint64_t told = begin, looked = 0;
    bool warm = false;

    for (;;) {
        const uint64_t ms = (bench_now_ns() - begin) / 1000000;
        if (!warm && ms >= plan->warm_ms) {
            warm = true;
            *from = mark_now(b);
            atomic_store(&b->measuring, true);
        }
        if (failed(b) || (plan->count > 0 && done_of(b) >= plan->count) ||
            (plan->run_ms > 0 && ms >= (uint64_t)plan->warm_ms + plan->run_ms))
            break;
        watch_memory(b, peak_kib, &looked);
        progress(b, &told);
        tick(b);
    }
    *to = mark_now(b);
    if (!warm)
        *from = *to;
    atomic_store(&b->measuring, false);
    atomic_store(&b->stop_sending, true);
}

/* What was sent must still arrive, unless nobody is there to take it. */
static void drain(struct bench *b)
{
    const struct bench_plan *plan = &b->plan;
    const bool all_there = plan->deaf_count + plan->slow_count == 0;
    const uint64_t end = bench_now_ns() + (uint64_t)(all_there ? DRAIN_MS : 100) * 1000000;
    while (!failed(b) && atomic_load(&b->in_flight) > 0 && bench_now_ns() < end)
        tick(b);
    if (all_there)
        atomic_store(&b->counters.lost, atomic_load(&b->in_flight));
}

/* ---- telling ---- */

static int by_value(const void *a, const void *b)
{
    const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static void print_latency(const char *name, struct bench_samples *s)
{
    qsort(s->us, s->count, sizeof s->us[0], by_value);
    const uint32_t p50 = s->count == 0 ? 0 : s->us[s->count / 2];
    const uint32_t p99 = s->count == 0 ? 0 : s->us[s->count * 99 / 100];
    printf(", \"%s\": {\"n\": %zu, \"p50_us\": %u, \"p99_us\": %u}", name, s->count, p50, p99);
}

static void print_result(struct bench *b, const struct mark *from, const struct mark *to,
                         uint64_t peak_kib)
{
    const struct bench_counters *c = &b->counters;
    const double seconds = (double)(to->ns - from->ns) / 1e9;
    const uint64_t done = to->done - from->done;
    const double each = done == 0 ? 0 : 1.0 / (double)done;

    printf("{\"seconds\": %.3f, \"done\": %" PRIu64 ", \"per_s\": %.1f", seconds, done,
           seconds > 0 ? (double)done / seconds : 0);
    printf(", \"hub_cpu_us\": %.2f, \"signer_cpu_us\": %.2f, \"client_cpu_us\": %.2f",
           (double)(to->hub.cpu_us - from->hub.cpu_us) * each,
           (double)(to->signer.cpu_us - from->signer.cpu_us) * each,
           (double)(to->self.cpu_us - from->self.cpu_us) * each);
    printf(
        ", \"written_bytes\": %.1f, \"hub_rss_peak_kib\": %" PRIu64,
        (double)(to->hub.written - from->hub.written + to->signer.written - from->signer.written) *
            each,
        peak_kib);
    printf(", \"sent\": %" PRIu64 ", \"accepted\": %" PRIu64 ", \"opened\": %" PRIu64
           ", \"final\": %" PRIu64 ", \"repeated\": %" PRIu64 ", \"busy\": %" PRIu64
           ", \"resent\": %" PRIu64 ", \"failed\": %" PRIu64 ", \"lost\": %" PRIu64
           ", \"notices\": %" PRIu64 ", \"code\": %u",
           atomic_load(&c->sent), atomic_load(&c->accepted), atomic_load(&c->opened),
           atomic_load(&c->final), atomic_load(&c->repeated), atomic_load(&c->busy),
           atomic_load(&c->resent), atomic_load(&c->failed), atomic_load(&c->lost),
           atomic_load(&c->notices), atomic_load(&c->first_code));
    print_latency("accepted_us", &b->to_accepted);
    print_latency("opened_us", &b->to_opened);
    print_latency("final_us", &b->to_final);
    print_latency("notice_us", &b->to_notice);
    printf("}\n");
}

/* ---- the whole ---- */

static enum err open_all(struct bench *b, struct fault *fault)
{
    struct bench_samples *const all[] = {&b->to_accepted, &b->to_opened, &b->to_final,
                                         &b->to_notice};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if ((all[i]->us = malloc(BENCH_SAMPLES_MAX * sizeof *all[i]->us)) == NULL)
            return ERR_NO_MEMORY;
    for (unsigned i = 0; i < b->plan.sender_count; i++)
        if ((b->seen[i] = calloc(1, BENCH_SEEN_BITS / 8)) == NULL)
            return ERR_NO_MEMORY;
    if ((b->failure_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) < 0)
        return ERR_NO_MEMORY;
    enum err err = keys_init();
    if (err == OK)
        err = place_open(&b->place, b->plan.dir, fault);
    return err == OK ? net_context_open(&b->net, fault) : err;
}

static void close_all(struct bench *b)
{
    free(b->to_accepted.us);
    free(b->to_opened.us);
    free(b->to_final.us);
    free(b->to_notice.us);
    for (unsigned i = 0; i < BENCH_SITES_MAX; i++)
        free(b->seen[i]);
    if (b->failure_fd >= 0)
        close(b->failure_fd);
    net_context_close(&b->net);
    place_close(&b->place);
}

static void run(struct bench *b)
{
    pthread_t senders, receivers;
    struct mark from = {0}, to = {0};
    uint64_t peak_kib = 0;
    const uint64_t end = bench_now_ns() + (uint64_t)READY_MS * 1000000;

    if (pthread_create(&receivers, NULL, bench_receivers, b) != 0) {
        bench_failed(b, ERR_NO_MEMORY, "threads");
        return;
    }
    /* Receivers first: what is sent finds them there. */
    while (!failed(b) && atomic_load(&b->ready) < b->plan.receiver_count && bench_now_ns() < end)
        tick(b);
    if (pthread_create(&senders, NULL, bench_senders, b) != 0) {
        bench_failed(b, ERR_NO_MEMORY, "threads");
    } else {
        const unsigned all = b->plan.receiver_count + b->plan.sender_count;
        while (!failed(b) && atomic_load(&b->ready) < all && bench_now_ns() < end)
            tick(b);
        if (atomic_load(&b->ready) < all)
            bench_failed(b, ERR_UNREACHABLE, "the hub does not answer");
        measure(b, &from, &to, &peak_kib);
        drain(b);
        atomic_store(&b->stop, true);
        (void)pthread_join(senders, NULL); /* ends by `stop` */
    }
    atomic_store(&b->stop, true);
    (void)pthread_join(receivers, NULL);
    if (isatty(STDERR_FILENO) == 1)
        fprintf(stderr, "\r\033[K");
    print_result(b, &from, &to, peak_kib);
}

int main(int argc, char **argv)
{
    static struct bench b = {.failure_fd = -1};
    struct fault fault = {.err = OK};

    b.plan = (struct bench_plan){.window = 1024,
                                 .batch = BENCH_BATCH_MAX,
                                 .credit = 1024,
                                 .sender_count = 1,
                                 .receiver_count = 1,
                                 .receiver_first = BENCH_SITES_MAX};
    if (!read_arguments(&b.plan, argc, argv))
        return usage_text();
    const enum err err = open_all(&b, &fault);
    if (err != OK)
        fprintf(stderr, "lianshu-bench-client: E%03d %s %s\n", (int)err, fault.where, fault.detail);
    else
        run(&b);
    const bool good = err == OK && !failed(&b) && atomic_load(&b.counters.lost) == 0;
    close_all(&b);
    return good ? 0 : 1;
}
