/* The shipped rule set with other gates, for scenarios of what gates do. */
#ifndef TESTS_GATEBOOK_H
#define TESTS_GATEBOOK_H

#include "scenario/world.h"

/* Those rules, for the caller to close. */
struct ruleset *gatebook_open(struct world *w, const char *rows);
/* The hub starts anew under the shipped rules, with these rows of gates.yaml in place of its own.
 */
void gatebook_use(struct world *w, const char *rows);

#endif
