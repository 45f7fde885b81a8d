/*
 * bench - what the client's threads share: the plan, and counters of what happened.
 *
 * Words as in the protocol: accepted (the hub has it on disk and says so), opened (the receiver
 * verified and opened it), final (the sender holds the recipient's `delivered` receipt).
 * Thread rule: the plan is read-only while threads run; counters are atomic.
 */
#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H

#include "bench/site.h"

#include <stdatomic.h>

enum {
    BENCH_BODY_LEN = 1024, /* of each document: what a broker would carry as its payload */
    BENCH_BATCH_MAX = 256,
    BENCH_WINDOW_MAX = 1 << 16,
    BENCH_SITES_MAX = 64,
    BENCH_SAMPLES_MAX = 1 << 20,
    BENCH_SEEN_BITS = 1 << 22, /* messages of one sender that are told apart */
};

struct bench_plan {
    const char *dir;
    const char *address;
    unsigned sender_first, sender_count;
    unsigned receiver_first, receiver_count;
    unsigned target_first, target_count; /* to whom; by default the receivers */
    bool spread;                         /* each sender to all targets in turn, else i to i */
    unsigned deaf_count;                 /* the first receivers say hello and never read */
    unsigned slow_count;                 /* the next ones open one message a second */
    uint32_t window;                     /* unfinished messages of a sender */
    uint32_t batch;                      /* most messages signed at once */
    uint32_t credit;
    uint64_t rate_per_s; /* of all senders together; 0: as fast as the window lets */
    uint64_t count;      /* of all senders together; 0: until time is over */
    uint32_t warm_ms, run_ms;
    bool until_accepted;  /* `accepted` ends a message: nobody may be there to receive */
    bool order, lift;     /* market.445100 sends its order, or the end of it */
    uint32_t official_ms; /* after it was welcomed */
    int hub_pid, signer_pid;
};

struct bench_counters {
    _Atomic uint64_t sent, accepted, final, opened;
    _Atomic uint64_t repeated; /* opened before */
    _Atomic uint64_t notices;  /* of the hub, opened */
    _Atomic uint64_t busy, resent, failed, lost;
    _Atomic uint32_t first_code; /* of the first failure */
};

/* Latencies in microseconds; filled by one thread, read when it has ended. */
struct bench_samples {
    uint32_t *us; /* owns */
    size_t count;
};

struct bench {
    struct bench_plan plan;
    struct place place;
    struct net_context *net;
    struct bench_counters counters;
    int failure_fd;                 /* eventfd: readable once something failed */
    uint8_t *seen[BENCH_SITES_MAX]; /* owns; of each sender, the receivers' thread's */
    struct bench_samples to_accepted, to_opened, to_final, to_notice;
    _Atomic uint64_t official_ns; /* when the order, or its end, was sent */
    _Atomic bool measuring;       /* samples count */
    _Atomic bool stop_sending;    /* finish what is out */
    _Atomic bool stop;            /* end now */
    _Atomic unsigned ready;       /* sites that were welcomed */
    _Atomic uint64_t in_flight;   /* unfinished messages of all senders */
};

uint64_t bench_now_ns(void); /* monotonic */
void bench_sample(struct bench *b, struct bench_samples *s, uint64_t since_ns);
void bench_failed(struct bench *b, enum err err, const char *what);

/* Thread functions: all senders, all receivers. Argument: struct bench. */
void *bench_senders(void *bench);
void *bench_receivers(void *bench);

#endif
