/* newyear - working days that are announced when terms run already. Those of 2027 are invented: 1
 * to 3 January, Friday to Sunday, are holidays; the shipped calendar ends with 2026. */
#ifndef TESTS_NEWYEAR_H
#define TESTS_NEWYEAR_H

#include "scenario/world.h"

#include "base/calendar.h"

#define NEW_YEAR                                                                                   \
    "date,kind,name\n2026-10-10,workday,国庆节\n2027-01-01,holiday,元旦\n"                    \
    "2027-01-02,holiday,元旦\n2027-01-03,holiday,元旦\n"
#define WORKING_SATURDAY "date,kind,name\n2026-10-10,workday,国庆节\n2027-01-02,workday,元旦\n"

/* Each returns what the world borrows from now on, for the caller to close. */
/* With the next start. */
struct calendar *newyear_calendar(struct world *w, const char *text);
/* The hub takes it, as with a reload, and does nothing yet. */
struct calendar *newyear_take(struct world *w, const char *text);
/* The same, and it goes on. */
struct calendar *newyear_reload(struct world *w, const char *text);
/* The hub starts anew with it. */
struct calendar *newyear_restart(struct world *w, const char *text);

#endif
