/* A hub that has its log key and signs what its holder likes: the bundle in `b/` over other entries
 * than those that the log has. */
#ifndef TESTS_RELOG_H
#define TESTS_RELOG_H

#include "scenario/evidencebook.h"

#include "keys/bundle.h"
#include "keys/receipt.h"

struct relog_entry {
    char name[BUNDLE_NAME_MAX + 1]; /* log/….leaf */
    unsigned kind;
    uint64_t index;
    uint64_t time_ms;
    size_t len;
    uint8_t body[LOG_BODY_MAX];
};

/* The nth entry of that kind, from 0; asserts that there is one. */
void relog_find(unsigned kind, unsigned nth, struct relog_entry *out);
/* It stands in the bundle as it is here. */
void relog_put(const struct relog_entry *entry);
/* Paths, checkpoint and list are made anew; of what is not here the hub says zeros. */
void relog_sign(struct book *b);

#endif
