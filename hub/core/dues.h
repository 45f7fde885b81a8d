/* dues - the end of the term that was counted last: all obligations of one duty have the same.
 * Thread rule: a value. */
#ifndef CORE_DUES_H
#define CORE_DUES_H

#include "core/core.h"
#include "policy/term.h"

struct due_memo {
    struct term term;
    uint64_t from_ms; /* it runs from here … */
    uint64_t due_ms;  /* … to here */
    bool set;
};

#endif
