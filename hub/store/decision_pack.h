/* decision_pack - decision records of one commit in two pieces of bytes: what is told of each for
 * ever, and what goes with its retention. Internal to decision.c.
 *
 *   heads   n × (seq ‖ document ‖ env_id ‖ message_seq ‖ type ‖ time_ms ‖ code ‖ u32 |record| ‖
 *                u32 |facts|), ascending
 *   bodies  n × (record ‖ facts)
 *
 * Thread rule: plain values of their owner. */
#ifndef STORE_DECISION_PACK_H
#define STORE_DECISION_PACK_H

#include "store/box.h"
#include "store/decision.h"

enum {
    PACK_HEAD_LEN = 8 + STORE_HASH_LEN + STORE_HASH_LEN + 8 + 4 + 8 + 2 + 4 + 4,
    PACK_BYTES_MAX = 1 << 20, /* of bodies that wait for a commit */
    PACK_ROW_BYTES = 64 << 10 /* of bodies, after which a row of the table ends */
};

struct pack {
    struct box heads;
    struct box bodies;
    size_t heads_len;
    size_t bodies_len;
    bool erased;   /* bodies are gone */
    bool broken;   /* not what was written: it counts as one record that nothing can fit */
    uint64_t last; /* of a broken one: its seq */
};

static inline size_t pack_count(const struct pack *p)
{
    return p->broken ? 1 : p->heads_len / PACK_HEAD_LEN;
}

void pack_fini(struct pack *p);
MUST_USE enum err pack_add(struct pack *p, const struct decision_row *row);
/* Take what a row of the table holds, under the seq of its last record. */
MUST_USE enum err pack_take(struct pack *p, uint64_t last, struct span heads, struct span bodies);
uint64_t pack_seq(const struct pack *p, size_t i);
/* The first with this seq or a later one; pack_count: none. */
size_t pack_find(const struct pack *p, uint64_t seq);
/* Where the bodies of the i-th begin. */
size_t pack_offset(const struct pack *p, size_t i);
/* The i-th, whose bodies begin there; *offset moves to the next one. Spans are borrowed. */
void pack_get(const struct pack *p, size_t i, size_t *offset, struct decision_row *out);

#endif
