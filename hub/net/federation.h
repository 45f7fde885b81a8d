/*
 * federation - `federation` of hub.yaml: the hubs that this one is linked with.
 *
 *   federation:
 *     superior: {hub: hub.440000, address: "tcp://10.44.0.1:7445"}   # dialled from here
 *     subordinates: [hub.445102, hub.445103]                         # they dial
 *     peers:                                                         # of one region group
 *       - {hub: hub.350000, address: "tcp://10.35.0.1:7445"}         # one of the two dials
 *       - {hub: hub.360000}
 *     groups: region_groups.csv                                      # with peers
 *     quota_per_s: 500
 *
 * Guarantees:
 *   1. Left out: the hub is linked with nobody. Every refusal of federation_read names the file and
 *      the line: an unknown key, a value that is no hub or no address, this hub itself, a hub named
 *      twice, peers without a table of groups, more than TOPOLOGY_LINKS_MAX links or
 *      FEDERATION_DIALLED_MAX to be dialled.
 *   2. federation_check answers ERR_NOT_FEDERATED (E904) with the line of the first link that the
 *      tree of the registry does not confirm (keys/topology.h): a superior or subordinate must be
 *      that in the tree, a peer must share a region group.
 *
 * PROTOCOL: hubs. Thread rule: plain values.
 */
#ifndef NET_FEDERATION_H
#define NET_FEDERATION_H

#include "base/yaml.h"
#include "ident.h"
#include "keys/topology.h"
#include "net/endpoint.h"
#include "net/place.h"

enum { FEDERATION_DIALLED_MAX = 32 };

struct federation_link {
    char member[MEMBER_MAX + 1];
    char address[ENDPOINT_ADDRESS_MAX]; /* "": it dials us */
    enum link_kind kind;
    unsigned line;
};

struct federation {
    size_t count;
    uint32_t quota_per_s;   /* 0: the core's */
    char groups[PLACE_MAX]; /* "": none */
    struct federation_link link[TOPOLOGY_LINKS_MAX];
};

/* root: that of the file; self: this hub. */
MUST_USE enum err federation_read(struct federation *out, const struct yaml_node *root,
                                  const char *self, const char *file, struct fault *fault);

/* May what the file says now be taken while the hub runs? OK: the same links by the same addresses,
 * in whatever order, and the same groups; the quota may be another. ERR_LINKS_AT_START (E906), with
 * the line of the first link that is not in use, or the name of the first one that is gone. */
MUST_USE enum err federation_take(const struct federation *in_use, const struct federation *now,
                                  const char *file, struct fault *fault);

/* Does the tree confirm this link? */
bool federation_confirms(const struct federation_link *link, const struct registry *registry,
                         const struct region_groups *groups, const char *self);
MUST_USE enum err federation_check(const struct federation *f, const struct registry *registry,
                                   const struct region_groups *groups, const char *self,
                                   const char *file, struct fault *fault);

#endif
