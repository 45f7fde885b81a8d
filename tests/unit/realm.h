/*
 * realm - a whole small realm for tests: anchor, signed registry, and the keys of
 * hub, market, health, insurance, police and procuratorate of 445100, all from one seed.
 *
 * Every member may send and receive every type of REALM_TYPES to and from every other.
 */
#ifndef TESTS_UNIT_REALM_H
#define TESTS_UNIT_REALM_H

#include "keys/registry.h"

#define REALM_NAME          "test"
#define REALM_NOW_MS        UINT64_C(1764000000000)
#define REALM_DAY_MS        UINT64_C(86400000)
#define REALM_HUB           "hub.445100"
#define REALM_MARKET        "market.445100"
#define REALM_HEALTH        "health.445100"
#define REALM_INSURANCE     "insurance.445100"
#define REALM_POLICE        "police.445100"
#define REALM_PROCURATORATE "procuratorate.445100"

enum { REALM_MEMBERS = 6, REALM_TYPES = 11, REALM_OFFICIALS = 2 };

struct realm {
    struct entropy_replay replay;
    struct entropy entropy;
    struct key *root;
    struct key *registrar;
    struct keyring *rings[REALM_MEMBERS];
    lianshu_MemberRecord records[REALM_MEMBERS];
    struct anchor anchor;
    uint8_t *file; /* LSG1, version 1 */
    size_t file_len;
    struct registry *registry;
};

/* Asserts on any failure. */
struct realm *realm_open(uint8_t seed);
void realm_close(struct realm **realm);
/* Borrowed; asserts that the member is there. */
const struct keyring *realm_ring(const struct realm *realm, const char *member);
const struct key *realm_key(const struct realm *realm, const char *member, enum key_use use);
/* The hub's officials. */
const struct key *realm_official(const struct realm *realm, size_t index);
/* What registry_write needs for this realm. */
struct registry_make realm_make(const struct realm *realm, uint64_t version);
/* A registry file of these records; asserts. */
void realm_write(const struct registry_make *make, const lianshu_MemberRecord *records,
                 size_t count, const char *path);

#endif
