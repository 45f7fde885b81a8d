/*
 * evidence_again - the decisions of a bundle made again, by this program's engine, the bundle's
 * rules, documents and notes of what was read: identical, or where not.
 *
 * Guarantees:
 *   1. AGAIN_SAME only when the record comes out the same to the byte, which its leaf commits to.
 *   2. What is not in the bundle is not guessed: such a decision is AGAIN_NOT, and why.
 *
 * Ownership: evidence_again_close frees the rows; their texts are constants. Bounds: those of the
 * bundle. Thread rule: no state. Inside hub/cli only. PROTOCOL 16.1.
 */
#ifndef CLI_EVIDENCE_AGAIN_H
#define CLI_EVIDENCE_AGAIN_H

#include "keys/evidence.h"
#include "policy/ruleset.h"

/* Rule sets of the bundle, opened. evidence_rules.c */
enum { RULES_SHOWN_MAX = 4 };
struct rules_shown {
    size_t count;
    struct ruleset *set[RULES_SHOWN_MAX]; /* owns */
};
void rules_shown_open(struct rules_shown *out, const struct bundle *bundle);
void rules_shown_close(struct rules_shown *rules);
/* NULL: not in the bundle. */
const struct ruleset *rules_shown_find(const struct rules_shown *rules,
                                       const uint8_t hash[static RULESET_HASH_LEN]);

enum { REPORT_BODY_MAX = 96 << 10 }; /* a decoded body of any type */

enum again { AGAIN_SAME, AGAIN_DIFFERS, AGAIN_NOT };

/* Of AGAIN_NOT: what is missing. Of AGAIN_DIFFERS: the first of these that does. */
enum again_where {
    AGAIN_RECORD,  /* it was erased */
    AGAIN_PAPER,   /* its document is not disclosed */
    AGAIN_READS,   /* what it read: is not disclosed; is asked for otherwise */
    AGAIN_RULES,   /* its rule set is not here; other rules matched, or for other reasons */
    AGAIN_TABLES,  /* regions or calendar are not here */
    AGAIN_CODE,    /* it refuses, or refuses otherwise */
    AGAIN_OUTCOME, /* other measures, subjects, dates or bases follow */
    AGAIN_WHERES,
};

struct again_row {
    const struct evidence_leaf *leaf;
    enum again is;
    enum again_where where; /* not of AGAIN_SAME */
};

struct evidence_again {
    size_t count;
    size_t same;
    size_t differing;
    struct again_row *row; /* owns; in the order of the log */
};

MUST_USE enum err evidence_again(const struct evidence *e, const struct bundle *b,
                                 const struct rules_shown *rules, struct evidence_again *out);
void evidence_again_close(struct evidence_again *again);
/* NULL: no decision stands there. */
const struct again_row *evidence_again_of(const struct evidence_again *again,
                                          const struct evidence_leaf *leaf);
/* "outcome"; what it says of a decision that differs, and of one that is not made again. */
const char *again_word(enum again_where where);
const char *again_zh(const struct again_row *row);
const char *again_en(const struct again_row *row);

#endif
