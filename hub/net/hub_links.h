/*
 * hub_links - what the hub makes of `federation`: its links checked against the tree of the
 * registry, the table of region groups, and the connections that are dialled from here.
 *
 *   hub_links_open ─> core_options ─> hub_links_dial ─> in use ─> hub_links_registry (reload)
 *
 * Guarantees:
 *   1. hub_links_open refuses a link that the tree does not confirm (E904), with file and line.
 *   2. A registry that comes later and no longer confirms one is used all the same, for it may
 *      revoke a key: the link is closed and said so, once, and the next start is refused.
 *   3. Of what was changed in the file since the start hub_links_take takes the quota; of other
 *      links it says that they are taken at the next start (E906).
 *
 * Ownership: config and registry are borrowed. Thread rule: main only.
 */
#ifndef NET_HUB_LINKS_H
#define NET_HUB_LINKS_H

#include "keys/key.h"
#include "net/config.h"
#include "net/links.h"

struct core;
struct hub_links;

MUST_USE enum err hub_links_open(struct hub_links **out, const struct hub_config *config,
                                 const char *config_path, const struct registry *registry,
                                 struct fault *fault);
void hub_links_close(struct hub_links **hub_links);

/* For the core, lent until hub_links_close. */
const struct link *hub_links_list(const struct hub_links *h, size_t *count);
const struct region_groups *hub_links_groups(const struct hub_links *h);

/* Begin to dial; `transport` is this hub's key, borrowed. */
MUST_USE enum err hub_links_dial(struct hub_links *h, struct net_context *net, struct core *core,
                                 const struct key *transport);
/* Hang up, before the context of the sockets is closed. */
void hub_links_hang_up(struct hub_links *h);
/* NULL before hub_links_dial. */
struct links *hub_links_dialled(struct hub_links *h);

/* What the file says of `federation` now: its quota is in use from here on. Links are what the hub
 * trusts, and what waits for one has its place among them: others are taken at a start alone, where
 * a mistake stops it (ERR_LINKS_AT_START, with file and line); until then those of the last start
 * serve, with the quota that they have. A file that does not read says why, and changes nothing. */
MUST_USE enum err hub_links_take(struct hub_links *h, const char *config_path, struct fault *fault);

/* The registry that is in use from now on. */
void hub_links_registry(struct hub_links *h, const struct registry *registry, const char *file);

#endif
