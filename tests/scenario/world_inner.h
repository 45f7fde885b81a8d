/* What the files of the simulated world share. */
#ifndef TESTS_WORLD_INNER_H
#define TESTS_WORLD_INNER_H

#include "scenario/world.h"

/* world_keys.c: keys of all members, the signed registry, the signer. */
extern const char *const world_ids[WORLD_MEMBERS];
void world_make_keys(struct world *w);
void world_add_later(struct world *w, const char *member);
void world_make_registry(struct world *w);
core_sign_fn world_sign;
core_head_fn world_head;

#endif
