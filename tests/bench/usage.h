/*
 * usage - what a process has cost so far, as /proc tells it.
 *
 * Guarantee: what cannot be read (no such process, another user's) is 0.
 * Thread rule: no state.
 */
#ifndef BENCH_USAGE_H
#define BENCH_USAGE_H

#include <stdint.h>

struct usage {
    uint64_t cpu_us;  /* user and system time */
    uint64_t rss_kib; /* resident now */
    uint64_t written; /* bytes that it caused to be written to disks */
};

struct usage usage_of(int pid);

#endif
