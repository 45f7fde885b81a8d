/*
 * registry_table - the tables behind registry.h, shared by its loader and its look-ups. Internal
 * to keys/. Thread rule: that of registry.h.
 */
#ifndef KEYS_REGISTRY_TABLE_H
#define KEYS_REGISTRY_TABLE_H

#include "catalogue.h"
#include "keys/registry.h"

enum {
    AMEND_KEY_MAX = 2048, /* keys that amendments add to one version */
};

struct registry_grant {
    uint8_t types[GRANT_TYPES_LEN];
    uint32_t departments;
    lianshu_GrantDirection direction;
    char region[REGION_LEN + 1];
};

/* A hub of the tree: topology.h. */
struct topology_hub {
    const struct registry_member *member;
    const struct registry_member *superior; /* NULL: none */
    uint32_t code;                          /* of its region, as a number */
};

struct topology {
    size_t count;
    struct topology_hub *hubs; /* owns; sorted by id */
    size_t slot_mask;
    uint32_t *slots; /* owns; hub index + 1 by region; 0: free */
};

struct registry {
    char realm[REALM_LEN_MAX + 1];
    uint64_t version;
    uint64_t valid_from_ms;  /* of version and registrar, the later */
    uint64_t valid_until_ms; /* the earlier */
    unsigned least_suite;    /* 0: any */
    uint8_t hash[HASH_LEN];
    uint8_t *file; /* records are spans of it */
    size_t file_len;
    size_t member_count;
    size_t key_count;
    size_t grant_count;
    struct registry_member *members; /* sorted by id */
    struct registry_key *keys;
    struct registry_grant *grants;
    size_t slot_mask;
    uint32_t *slots; /* key index + 1 by kid; 0: free */
    struct topology topology;
    size_t registrar_count;
    struct registry_registrar *registrars; /* owns; 0: the realm's */
    struct amendments *amendments;         /* owns; NULL: none yet. amend_table.h */
};

/* The tree of its hubs, once its members are known. topology.c */
MUST_USE enum err topology_load(struct registry *registry);
void topology_fini(struct registry *registry);

/* By member id; NULL: none. amend_rows.c */
struct registry_registrar *registrar_of(const struct registry *registry, const char *member);

/* Slot where the kid stands or would stand. */
size_t registry_slot(const struct registry *registry, const uint8_t kid[static KID_LEN]);

#endif
