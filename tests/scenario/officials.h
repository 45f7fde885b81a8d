/* What two officials of the hub's member do about what a gate holds or the hub has parked: one act
 * as a sentence, signed by whom it says, with anything about it made wrong that a test wants. */
#ifndef TESTS_OFFICIALS_H
#define TESTS_OFFICIALS_H

#include "scenario/world.h"

enum { OFFICIALS_ANSWER_MAX = 4096 };

struct act {
    lianshu_OfficialVerb verb;
    const char *recipient;
    const char *sender;
    const uint8_t *message_id;
    uint32_t reason;
    struct span object;         /* of an act that names one; empty: none */
    const char *realm;          /* NULL: that of the world */
    const char *member;         /* whose officials; NULL: the hub's */
    const struct key *first;    /* NULL: the first official */
    const struct key *second;   /* NULL: the second */
    size_t issuers;             /* 0: 2 */
    size_t signatures;          /* 0: as many as issuers */
    uint32_t type;              /* 0: official.act */
    uint64_t issued_ms;         /* 0: now */
    uint64_t valid_ms;          /* from then; 0: a day; UINT64_MAX: no end */
    const uint8_t *document_id; /* NULL: a new one */
};

/* The answer of the last act: JSON with NUL. */
extern char officials_answer[OFFICIALS_ANSWER_MAX];

/* Make it and have it signed. */
void officials_make(struct world *w, const struct act *act, struct writer *lsd1);
/* OK, or the code that the hub's answer names. */
enum err officials_code(struct span answer);
/* Give a document to the hub: OK, or the code of its answer; and let the hub turn. */
enum err officials_give(struct world *w, struct span lsd1);
/* Both. */
enum err officials_act(struct world *w, const struct act *act);

#endif
