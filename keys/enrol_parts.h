/*
 * enrol_parts - what the three files of enrolment share. Internal to keys/.
 *
 * Thread rule: no state.
 */
#ifndef KEYS_ENROL_PARTS_H
#define KEYS_ENROL_PARTS_H

#include "keys/enrol.h"

/* The Ed25519 key that follows from a code, for that invitation and its member. */
MUST_USE enum err enrol_code_key(const struct enrol_code *code,
                                 const struct enrol_invitation *invitation, struct key **out);
void enrol_code_key_hash(const uint8_t code_key[static KEY_PUBLIC_LEN],
                         uint8_t out[static HASH_LEN]);

/* Acceptable points, whole lives, none twice: what a request and an approval have in common. */
MUST_USE enum err enrol_key_check(const lianshu_MemberKey *key, uint64_t now_ms,
                                  struct fault *fault);
MUST_USE enum err enrol_keys_differ(const lianshu_MemberKey *a, const lianshu_MemberKey *b,
                                    struct fault *fault);

#endif
