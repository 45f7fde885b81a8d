/*
 * reader - a view whose answers are noted: everything a decision read, as one SHA-256.
 *
 * Guarantees:
 *   1. Each look-up adds its kind, its arguments (tokens, never identifiers), every row and its
 *      result to the hash; two runs that read the same have the same hash. PROTOCOL 16.1.
 *   2. An iteration gives at most VIEW_ROWS_MAX rows.
 *   3. With view.notes the same bytes are written down, and so are the tokens of identifiers.
 *
 * Used by decide, event and gate only. Thread rule: plain value of its caller.
 */
#ifndef POLICY_READER_H
#define POLICY_READER_H

#include "policy/view.h"

#include "keys/hash.h"

/* How the notes of a look-up begin, and where they end. */
enum read_kind {
    READ_END = 0, /* no row (more); the result follows */
    READ_ORDER = 1,
    READ_CONFLICT,
    READ_RESTRICTIONS,
    READ_RELATIONS,
    READ_HOLDINGS,
    READ_RATING,
    READ_ROW = 1, /* a row follows */
};

struct reader {
    const struct view *view; /* borrowed */
    struct sha256 notes;
};

void reader_init(struct reader *r, const struct view *view);
void reader_done(struct reader *r, uint8_t out[static HASH_LEN]);

MUST_USE enum err reader_token(struct reader *r, lianshu_SubjectKind kind, const char *id,
                               uint8_t out[static VIEW_TOKEN_LEN]);
MUST_USE enum err reader_order(struct reader *r, const uint8_t id[static VIEW_ORDER_ID_LEN],
                               struct view_order *out);
/* Is the subject that a document names the order's? */
MUST_USE enum err reader_same_subject(struct reader *r, const struct view_order *order,
                                      const lianshu_Subject *subject, bool *same);
MUST_USE enum err reader_conflict(struct reader *r, const uint8_t token[static VIEW_TOKEN_LEN],
                                  const char *list, const char *decision_number,
                                  uint8_t order_id[static VIEW_ORDER_ID_LEN]);
MUST_USE enum err reader_restrictions(struct reader *r, const uint8_t token[static VIEW_TOKEN_LEN],
                                      uint32_t date, view_restriction_fn *fn, void *arg);
MUST_USE enum err reader_relations(struct reader *r, const uint8_t token[static VIEW_TOKEN_LEN],
                                   uint32_t date, view_relation_fn *fn, void *arg);
MUST_USE enum err reader_holdings(struct reader *r, const uint8_t token[static VIEW_TOKEN_LEN],
                                  uint32_t date, view_relation_fn *fn, void *arg);
MUST_USE enum err reader_rating(struct reader *r, const uint8_t token[static VIEW_TOKEN_LEN],
                                struct view_rating *out);

#endif
