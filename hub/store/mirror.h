/*
 * mirror - how far each member's local mirror of restrictions has been told, and the walk over
 * what to tell it next.
 *
 *   MIRROR_REST ──begin──> SNAPSHOT ──walk ends──> REST ──begin──> ENDED ─> BEGUN ──> REST
 *
 * Guarantees:
 *   1. mirror_put and mirror_get keep every field as it was given; one row an adapter of a member.
 *   2. mirror_next_row gives every justification once, in the order in which they were added, ended
 *      ones too: the caller judges, so that a walk over many dead rows has bounded steps.
 *   3. mirror_next_ended gives each that ended before `to`, once, in order of (end, row).
 *
 * Sizes are log sizes. Rows of justifications are those of restriction.h; nothing is written there.
 * Thread rule: that of the db. PROTOCOL: mirror.
 */
#ifndef STORE_MIRROR_H
#define STORE_MIRROR_H

#include "store/restriction.h"

struct mirrors;

enum { MIRROR_ADAPTER_KEY_LEN = 8 };

enum mirror_phase { MIRROR_REST = 0, MIRROR_SNAPSHOT, MIRROR_ENDED, MIRROR_BEGUN };

struct mirror_row {
    char member[STORE_MEMBER_MAX + 1];
    uint8_t adapter[MIRROR_ADAPTER_KEY_LEN];
    uint8_t head[STORE_HASH_LEN];    /* of the last page */
    uint8_t concern[STORE_HASH_LEN]; /* of what concerned the member when it began */
    uint64_t generation;
    enum mirror_phase phase;
    uint64_t size;       /* told up to here */
    uint64_t seen;       /* and up to here nothing else concerns the member */
    uint64_t target;     /* of the walk under way */
    uint64_t cursor_seq; /* of it; ENDED only */
    uint64_t cursor_row;
    uint64_t last_row; /* rows up to here were looked at when they began */
    uint64_t page;
    uint64_t count;   /* rows in the mirror */
    uint64_t first;   /* rows in it after the snapshot */
    uint64_t told;    /* rows told since then */
    uint64_t unnamed; /* restrictions without a token */
    uint64_t as_of_ms;
    uint64_t sent_ms;
    uint64_t waiting; /* updates without a receipt */
    uint64_t version; /* of restrictions, when it was looked at last */
    bool open;        /* the increment under way has a page already */
    bool urgent;      /* and ends something */
    bool broken;      /* an update was refused or lost: begin anew */
};

MUST_USE enum err mirrors_open(struct mirrors **out, struct db *db, struct fault *f);
void mirrors_close(struct mirrors **m);

/* ERR_NOT_FOUND. */
MUST_USE enum err mirror_get(struct mirrors *m, const char *member,
                             const uint8_t adapter[static MIRROR_ADAPTER_KEY_LEN],
                             struct mirror_row *out);
MUST_USE enum err mirror_put(struct mirrors *m, const struct mirror_row *row);

/* None of them goes on: each begins anew as soon as it can be told. */
MUST_USE enum err mirror_break_all(struct mirrors *m);

/* The cursor moves on to the row that is given; ERR_NOT_FOUND at the end. */
MUST_USE enum err mirror_next_row(struct mirrors *m, uint64_t *row, struct justification *out);
MUST_USE enum err mirror_next_ended(struct mirrors *m, uint64_t to, uint64_t *seq, uint64_t *row,
                                    struct justification *out);

#endif
