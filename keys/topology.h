/*
 * topology - the tree of hubs that follows from the registry, and the ways through it.
 *
 *   hub.000000 ── hub.440000 ── hub.445100          home(445122) = hub.445100
 *             └── hub.220000 ── hub.220100          home(440300) = hub.440000, no hub is nearer
 *
 * Nothing of the tree is configured. A hub serves its region and what lies below, except what a
 * nearer hub serves; its superior is the home of the region above its own.
 *
 * Guarantees:
 *   1. topology_home answers the hub whose region is the longest prefix of the one asked for, by
 *      at most four probes of one table, without allocating.
 *   2. superior, next and way are functions of the registry, of the hubs asked about and of the
 *      links given, nothing else: two hubs with one registry agree on the tree.
 *   3. topology_next never leads round: from hub to hub by its answers a way climbs, crosses at
 *      most one group link, and then descends to the hub asked for.
 *   4. Two hubs may be linked when one is the superior of the other, or when a region group holds
 *      both regions; nothing else is a link.
 *
 * Only "hub.RRRRRR" is a node of the tree; a part of a hub (hub-x.445100) is a member like others.
 * Errors: ERR_NO_HUB (905) nobody serves the region, ERR_NOT_FEDERATED (904) the way leads over a
 * link that there is not; ERR_REGION (16) and ERR_SYNTAX for the table of groups, with the line.
 * Ownership: what is returned is lent by the registry until registry_close.
 * Thread rule: that of registry.h; groups are read-only once open. PROTOCOL: federation.
 */
#ifndef KEYS_TOPOLOGY_H
#define KEYS_TOPOLOGY_H

#include "keys/registry.h"

enum {
    TOPOLOGY_DEPTH_MAX = 4, /* nation, province, prefecture, county */
    TOPOLOGY_WAY_MAX =
        2 * TOPOLOGY_DEPTH_MAX - 1, /* hubs from one end to the other, both counted */
    TOPOLOGY_LINKS_MAX = 256,       /* of one hub */
    REGION_GROUPS_MAX = 16,
    REGION_GROUP_REGIONS_MAX = 40,
    REGION_GROUP_NAME_MAX = 64, /* bytes of UTF-8 */
};

enum link_kind {
    LINK_NONE = 0,
    LINK_SUPERIOR = 1,    /* it is ours */
    LINK_SUBORDINATE = 2, /* we are its superior */
    LINK_PEER = 3,        /* of a region group of ours */
};

/* One hub that this one exchanges envelopes with; both name each other in their hub.yaml. */
struct link {
    const char *member; /* hub.440000 */
    enum link_kind kind;
    uint32_t rate_per_s; /* envelopes taken from it; 0: as from an adapter */
};

/* "superior", "subordinate", "peer"; NULL for anything else. */
const char *link_kind_name(enum link_kind kind);

/* Hubs of the tree, in the order of their ids; NULL when index is too large. */
size_t topology_count(const struct registry *r);
const struct registry_member *topology_at(const struct registry *r, size_t index);
/* The hub with this id; NULL: none, or no node of the tree. */
const struct registry_member *topology_hub(const struct registry *r, const char *id);

/* Who serves a region; NULL: nobody does. */
const struct registry_member *topology_home(const struct registry *r, const char *region);
/* Who serves a member, known or not; a hub serves itself. NULL: nobody, or no member id. */
const struct registry_member *topology_home_of(const struct registry *r, const char *member);
/* NULL: it is the root, or the root of its own tree. */
const struct registry_member *topology_superior(const struct registry *r,
                                                const struct registry_member *hub);
/* The same as it was then: a hub that had no key yet was none, and what stands above it was in its
 * place. What waited or was kept while a hub was added came by the tree of its own time. */
const struct registry_member *topology_home_at(const struct registry *r, const char *member,
                                               uint64_t at_ms);
const struct registry_member *
topology_superior_at(const struct registry *r, const struct registry_member *hub, uint64_t at_ms);
/* Is one of the two the superior of the other, now or then? */
bool topology_next_to(const struct registry *r, const struct registry_member *one,
                      const struct registry_member *other, uint64_t at_ms);
/* Is `hub` the other one, or does it lie below it? */
bool topology_under(const struct registry_member *hub, const struct registry_member *above);

/* What stands between `at` and `other` when `at` looks: LINK_NONE when they cannot be linked. */
struct region_groups;
enum link_kind topology_link(const struct registry *r, const struct region_groups *groups,
                             const struct registry_member *at, const struct registry_member *other);

/* The next hub from `at` on the way to `home`: `at` itself when that is where it is, the child on
 * the way down, a linked peer whose subtree holds it, else the superior. ERR_NO_HUB: `home` is NULL
 * or the tree has no way up; ERR_NOT_FEDERATED: the hub on the way is not among the links. */
MUST_USE enum err topology_next(const struct registry *r, const struct registry_member *at,
                                const struct registry_member *home, const struct link *links,
                                size_t link_count, const struct registry_member **next);

/* All hubs from one to the other over the tree, both counted; 0: there is no way. */
size_t topology_way(const struct registry *r, const struct registry_member *from,
                    const struct registry_member *to,
                    const struct registry_member *way[static TOPOLOGY_WAY_MAX]);

/* May this hub speak of an envelope on its way from sender to recipient? A way climbs from the
 * sender's home, and descends to the recipient's: the homes and what stands above one of them. */
bool topology_speaks(const struct registry *r, const char *hub, const char *sender,
                     const char *recipient);

/* ---- region groups: schemas/data/region_groups.csv ---- */

struct region_group {
    char code[17];
    char zh[REGION_GROUP_NAME_MAX + 1];
    char en[REGION_GROUP_NAME_MAX + 1];
    size_t region_count;
    char region[REGION_GROUP_REGIONS_MAX][REGION_LEN + 1];
};

/* CSV "code,zh,en,regions", regions divided by one space. Faults name file and line. */
MUST_USE enum err region_groups_open(struct region_groups **out, const char *path,
                                     struct fault *fault);
MUST_USE enum err region_groups_parse(struct region_groups **out, struct span text,
                                      const char *name, struct fault *fault);
void region_groups_close(struct region_groups **groups);
/* Does some group hold both regions? NULL groups: none does. */
bool region_groups_share(const struct region_groups *groups, const char *a, const char *b);

#endif
