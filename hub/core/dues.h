/* dues - the end of the term that was counted last: all obligations of one duty have the same; and
 * how far the terms are counted anew by another calendar (recount.c). Thread rule: values. */
#ifndef CORE_DUES_H
#define CORE_DUES_H

#include "core/core.h"
#include "policy/term.h"
#include "store/ids.h"

struct due_memo {
    struct term term;
    uint64_t from_ms; /* it runs from here … */
    uint64_t due_ms;  /* … to here */
    bool set;
};

enum recounted { RECOUNT_OBLIGATIONS = 0, RECOUNT_REQUESTS, RECOUNT_CASES };

struct recount {
    uint64_t mark;                 /* of the calendar in use */
    bool running;                  /* not every term was counted by it yet … */
    enum recounted kind;           /* … those of the kinds before this one were, … */
    uint64_t at;                   /* … and rows before this one, … */
    uint8_t case_id[STORE_ID_LEN]; /* … or cases up to this one */
};

#endif
