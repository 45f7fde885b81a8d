/* The shipped rule set with other gates or another text, for scenarios of what rules do. */
#ifndef TESTS_GATEBOOK_H
#define TESTS_GATEBOOK_H

#include "scenario/world.h"

/* Those rules, lent by the lawbook. */
const struct ruleset *gatebook_open(struct world *w, const char *rows);
/* The same into the archive of the world, which is made; NULL: the shipped rules as they are. */
void gatebook_keep(struct world *w, const char *rows);
/* The hub starts anew under the shipped rules, with these rows of gates.yaml in place of its own.
 */
void gatebook_use(struct world *w, const char *rows);
/* The hub starts anew under the shipped rules, with one text of them replaced wherever it stands;
 * it stands somewhere. */
void gatebook_reword(struct world *w, const char *from, const char *to);

#endif
