/* What the files of the simulated world share. */
#ifndef TESTS_WORLD_INNER_H
#define TESTS_WORLD_INNER_H

#include "scenario/world.h"

/* world_keys.c: keys of all members, the signed registry, the signer. */
void world_make_keys(struct world *w);
void world_add_later(struct world *w, const char *member);
void world_make_registry(struct world *w);
/* Records of everybody in this world, appended to those that are there. */
size_t world_add_records(struct world *w, lianshu_MemberRecord *records, size_t count);
/* Key of the ring's own, made now. */
struct key *world_add_key(struct world *w, struct keyring *ring, enum key_use use);
/* The parts of world_new, for a world whose registry is made together with others'. */
struct world *world_prepare(const uint8_t seed[static ENTROPY_SEED_LEN], const char *region,
                            uint64_t now_ms);
void world_begin(struct world *w);
core_sign_fn world_sign;
core_head_fn world_head;
/* Everything but mirrors, from and to everywhere. */
void world_all_rights(lianshu_MemberRecord *record);

#endif
