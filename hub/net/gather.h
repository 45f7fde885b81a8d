/*
 * gather - when the open batch is committed.
 *
 * A commit costs the same whether it holds one message or hundreds: a write and a sync here, a
 * signature at the signer, and at every site that hears of it the check of a new log head. At half
 * of the peak that would be most of all work, and those who pay it fall behind. So behind a batch
 * the next one is left open for as long as that batch was worth, a millisecond for GATHER_LEAVES;
 * what has landed is told meanwhile. Where fewer than GATHER_LEAVES come in a millisecond, each
 * batch is smaller than the one before and soon none waits; where more come, it grows to GATHER_MS.
 *
 *   commit of few leaves   ──> the next one as soon as there is something and nothing is in flight
 *   commit of many leaves  ──> the next one so much later at the earliest, or once it is full
 *
 * Guarantees:
 *   1. Behind a commit of fewer than GATHER_LEAVES nothing waits: a lone message pays nothing, nor
 *      does a burst of a few.
 *   2. Nothing waits longer than GATHER_MS, also when the clock steps back.
 *   3. A full batch does not wait, nor one that has something to say. Under full load a batch takes
 *      longer than that anyway.
 *
 * Thread rule: plain values.
 */
#ifndef NET_GATHER_H
#define NET_GATHER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    GATHER_LEAVES = 8, /* worth a millisecond: four messages, accepted and delivered */
    GATHER_MS = 4,
};

/* Zeroed: nothing was committed yet. */
struct gather {
    uint64_t since_ms;
    uint64_t wait_ms;
};

/* A batch of so many leaves was committed at now_ms. */
void gather_committed(struct gather *g, size_t leaves, uint64_t now_ms);
/* How long the open batch is left open yet; 0: commit it. at_once: it is full, or must not wait. */
uint64_t gather_left_ms(const struct gather *g, bool at_once, uint64_t now_ms);

#endif
