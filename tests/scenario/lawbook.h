/*
 * lawbook - what worlds read from the tree's files: the shipped rules, terms, bounds of volume,
 * calendar and regions, and rule sets that differ from the shipped one in a text. Reading them
 * takes longer than most scenarios do, and nobody changes what was read, so each is read once in a
 * process and lent to every world. It lives as long as the process.
 */
#ifndef TESTS_LAWBOOK_H
#define TESTS_LAWBOOK_H

#include "base/calendar.h"
#include "ident.h"
#include "policy/retention.h"
#include "policy/ruleset.h"
#include "policy/volume.h"

enum { LAWBOOK_SETS_MAX = 64 }; /* of rules, under names */

struct lawbook {
    struct ruleset *rules;
    struct retention *retention;
    struct volume *volume;
    struct calendar *calendar;
    struct regions *regions;
};

const struct lawbook *lawbook_shipped(void);

/* The rules that were lent under this name before; NULL: none. */
const struct ruleset *lawbook_find(const char *name);
/* Takes them over under a name that has none. */
const struct ruleset *lawbook_keep(const char *name, struct ruleset *rules);

#endif
