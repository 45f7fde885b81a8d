/* A log whose leaves follow from their index, and its root made without it. */
#ifndef TESTS_UNIT_LOG_PLACE_H
#define TESTS_UNIT_LOG_PLACE_H

#include "unit/store_place.h"

#include "keys/receipt.h"

/* A leaf whose body and time follow from its index. */
static inline struct span body_of(uint64_t i, uint8_t out[static 64])
{
    memset(out, (int)(i * 31 & 0xff), 64);
    return span_of(out, 1 + i % 64);
}

/* Every third leaf has nothing beside it. */
static inline struct span beside_of(uint64_t i, uint8_t out[static 64])
{
    memset(out, (int)(i * 17 & 0xff), 64);
    return span_of(out, i % 3 * 13);
}

static inline void append(struct place *p, uint64_t count)
{
    for (uint64_t n = 0; n < count; n++) {
        uint8_t body[64];
        uint8_t beside[64];
        uint64_t at = log_size(p->s->log);
        uint64_t index;
        assert_int_equal(log_append(p->s->log, (unsigned)(LOG_RECEIPT + at % 10), 1000 + at,
                                    body_of(at, body), beside_of(at, beside), &index),
                         OK);
        assert_int_equal(index, at);
    }
}

static inline void append_committed(struct place *p, uint64_t count)
{
    begin(p);
    append(p, count);
    commit(p);
}

static inline void leaf_hash(uint64_t i, merkle_hash out)
{
    uint8_t body[64];
    assert_int_equal(
        log_leaf(out, (enum log_kind)(LOG_RECEIPT + i % 10), 1000 + i, body_of(i, body)), OK);
}

/* The root of the first n leaves, made without the log. */
static inline void true_root(uint64_t n, merkle_hash out)
{
    struct merkle_frontier f;
    frontier_init(&f);
    for (uint64_t i = 0; i < n; i++) {
        merkle_hash leaf;
        leaf_hash(i, leaf);
        frontier_append(&f, leaf);
    }
    frontier_root(&f, out);
}

static inline void assert_root(struct place *p, uint64_t n)
{
    merkle_hash want;
    merkle_hash root;
    assert_int_equal(log_size(p->s->log), n);
    true_root(n, want);
    assert_int_equal(log_root(p->s->log, n, root), OK);
    assert_memory_equal(root, want, sizeof want);
}

#endif
