/* casehubs - the work of a case over several hubs: a step taken at its sender's own, and what each
 * hub's card says afterwards. */
#ifndef TESTS_CASEHUBS_H
#define TESTS_CASEHUBS_H

#include "scenario/casework.h"
#include "scenario/realm.h"

/* The setup of a test: nation, two provinces, two cities of the one and one of the other; and the
 * teardown. */
int casehubs_tree(void **state);
int casehubs_end(void **state);

/* A city asks one of another province for assistance; the neighbour of the first. */
#define CASE_ASKS  "market.445100"
#define CASE_GIVES "market.220100"
#define CASE_THIRD "market.445200"
extern const struct work WORK_ASKED, WORK_ACCEPTED, WORK_REPLIED, WORK_WITHDRAWN;
/* By who gives it; the state of the case allows it always. */
extern const struct work WORK_REPORTED;

/* The step is accepted by its sender's hub; what follows elsewhere is for casehubs_settle. */
void casehubs_take(struct realm *r, const struct work *step);
void casehubs_settle(struct realm *r);

/* What a joining hub would be given of earlier steps is gone there. */
void casehubs_lose_papers(struct realm *r, const char *region);

/* The card as text, for free(). */
char *casehubs_card(struct realm *r, const char *region);
size_t casehubs_steps(struct realm *r, const char *region);
/* Both hubs show one card, and it has so many steps. */
void casehubs_same(struct realm *r, const char *one, const char *other, size_t steps);

#endif
