/*
 * subject - who documents are about, by token, how subjects relate and how they are rated.
 *
 * Guarantees:
 *   1. Nothing here is readable without the storage and token keys: tokens and sealed blobs only.
 *   2. Rows are appended, never overwritten: *_get and *_next answer as of any log size.
 *   3. A relation is current as of a size when its newest row below that size says so.
 *   4. Of the ratings of a subject that stands which begins last, then was issued last, then has
 *      the higher id, whatever the order in which they were put.
 *
 * `as_of`: log size; STORE_NEVER for now. Dates are yyyymmdd, 0: open.
 * Ownership: sealed spans borrowed until the next call on subjects.
 * Thread rule: that of the db. What is sealed and how: keys/rest.h.
 */
#ifndef STORE_SUBJECT_H
#define STORE_SUBJECT_H

#include "store/db.h"
#include "store/ids.h"

struct subjects;

struct subject_row {
    uint8_t token[STORE_TOKEN_LEN];
    uint64_t seq;
    uint32_t kind;
    char region[STORE_REGION_LEN + 1];
    struct span sealed;
    uint8_t document[STORE_HASH_LEN];
};

struct relation_row {
    uint8_t subject[STORE_TOKEN_LEN];
    uint8_t person[STORE_TOKEN_LEN];
    uint32_t role;
    uint32_t from_date;
    uint32_t to_date; /* 0: open */
    uint64_t seq;
    struct span sealed;
    uint8_t document[STORE_HASH_LEN];
};

struct rating_row {
    uint8_t subject[STORE_TOKEN_LEN];
    uint32_t from_date;
    uint64_t issued_ms;
    uint8_t id[STORE_ID_LEN]; /* of its document */
    uint64_t seq;
};

/* Cursor of a walk over relations; zeroed to start. */
struct relation_cursor {
    uint8_t other[STORE_TOKEN_LEN];
    uint32_t role;
    uint32_t from_date;
    bool started;
};

MUST_USE enum err subjects_open(struct subjects **out, struct db *db, struct fault *f);
void subjects_close(struct subjects **s);

MUST_USE enum err subject_put(struct subjects *s, const struct subject_row *row);
MUST_USE enum err subject_get(struct subjects *s, const uint8_t token[static STORE_TOKEN_LEN],
                              uint64_t as_of, struct subject_row *out);

/* A new state of (subject, person, role, from_date). */
MUST_USE enum err relation_put(struct subjects *s, const struct relation_row *row);

/* Was a relation of the subject put at this log size or later? */
MUST_USE enum err relation_changed(struct subjects *s,
                                   const uint8_t subject[static STORE_TOKEN_LEN], uint64_t since,
                                   bool *changed);

/* Relations of a subject; of a person. Every period, also ended ones: the caller judges dates. */
MUST_USE enum err relation_next_of_subject(struct subjects *s,
                                           const uint8_t subject[static STORE_TOKEN_LEN],
                                           uint64_t as_of, struct relation_cursor *cursor,
                                           struct relation_row *out);
MUST_USE enum err relation_next_of_person(struct subjects *s,
                                          const uint8_t person[static STORE_TOKEN_LEN],
                                          uint64_t as_of, struct relation_cursor *cursor,
                                          struct relation_row *out);

/* ERR_EXISTS: that document is known. */
MUST_USE enum err rating_put(struct subjects *s, const struct rating_row *row);
/* The one that stands as of that size. */
MUST_USE enum err rating_get(struct subjects *s, const uint8_t subject[static STORE_TOKEN_LEN],
                             uint64_t as_of, struct rating_row *out);

#endif
