#include "keys/topology.h"

#include "keys/registry_table.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum {
    HUB_PREFIX_LEN = 4, /* "hub." */
    PAIR = 100,         /* a code is three pairs of digits, a level each */
};

const char *link_kind_name(enum link_kind kind)
{
    static const char *const names[] = {NULL, "superior", "subordinate", "peer"};
    return (size_t)kind < sizeof names / sizeof names[0] ? names[kind] : NULL;
}

static uint32_t code_of(const char *region)
{
    uint32_t code = 0;
    for (size_t i = 0; i < REGION_LEN; i++)
        code = code * 10 + (uint32_t)(region[i] - '0');
    return code;
}

/* The region above; the nation has none. */
static uint32_t code_above(uint32_t code)
{
    uint32_t unit = 1;
    assert(code != 0);
    while (code % (unit * PAIR) == 0)
        unit *= PAIR;
    return code - code % (unit * PAIR);
}

/* The slot where the hub of a region stands or would stand. */
static size_t slot_of(const struct topology *t, uint32_t code)
{
    size_t slot = (code * UINT32_C(2654435761)) & t->slot_mask; /* Knuth's multiplier */
    while (t->slots[slot] != 0 && t->hubs[t->slots[slot] - 1].code != code)
        slot = (slot + 1) & t->slot_mask;
    return slot;
}

static const struct topology_hub *home_of_code(const struct topology *t, uint32_t code)
{
    if (t->count == 0)
        return NULL;
    for (;;) {
        const uint32_t at = t->slots[slot_of(t, code)];
        if (at != 0)
            return &t->hubs[at - 1];
        if (code == 0)
            return NULL;
        code = code_above(code);
    }
}

static bool is_node(const struct registry_member *m)
{
    return m->department == DEPARTMENT_HUB && strncmp(m->id, "hub.", HUB_PREFIX_LEN) == 0;
}

enum err topology_load(struct registry *r)
{
    struct topology *t = &r->topology;
    size_t slots = 4;
    size_t count = 0;
    for (size_t i = 0; i < r->member_count; i++)
        count += is_node(&r->members[i]);
    while (slots < 2 * count)
        slots *= 2;
    t->slot_mask = slots - 1;
    t->slots = calloc(slots, sizeof t->slots[0]);
    t->hubs = calloc(count + 1, sizeof t->hubs[0]);
    if (t->slots == NULL || t->hubs == NULL)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < r->member_count; i++) {
        if (!is_node(&r->members[i]))
            continue;
        struct topology_hub *hub = &t->hubs[t->count++];
        *hub = (struct topology_hub){&r->members[i], NULL, code_of(r->members[i].region)};
        t->slots[slot_of(t, hub->code)] = (uint32_t)t->count;
    }
    for (size_t i = 0; i < t->count; i++) {
        struct topology_hub *hub = &t->hubs[i];
        const struct topology_hub *above =
            hub->code == 0 ? NULL : home_of_code(t, code_above(hub->code));
        hub->superior = above == NULL ? NULL : above->member;
    }
    return OK;
}

void topology_fini(struct registry *r)
{
    free(r->topology.slots);
    free(r->topology.hubs);
    r->topology = (struct topology){0};
}

static const struct topology_hub *row_of(const struct registry *r,
                                         const struct registry_member *hub)
{
    const struct topology_hub *row = home_of_code(&r->topology, code_of(hub->region));
    return row != NULL && row->member == hub ? row : NULL;
}

size_t topology_count(const struct registry *r)
{
    return r->topology.count;
}

const struct registry_member *topology_at(const struct registry *r, size_t index)
{
    return index < r->topology.count ? r->topology.hubs[index].member : NULL;
}

const struct registry_member *topology_hub(const struct registry *r, const char *id)
{
    if (strncmp(id, "hub.", HUB_PREFIX_LEN) != 0)
        return NULL;
    const struct registry_member *home = topology_home(r, id + HUB_PREFIX_LEN);
    return home != NULL && strcmp(home->id, id) == 0 ? home : NULL;
}

const struct registry_member *topology_home(const struct registry *r, const char *region)
{
    if (!region_valid(region))
        return NULL;
    const struct topology_hub *hub = home_of_code(&r->topology, code_of(region));
    return hub == NULL ? NULL : hub->member;
}

const struct registry_member *topology_home_of(const struct registry *r, const char *member)
{
    const char *dot = strchr(member, '.');
    return dot == NULL ? NULL : topology_home(r, dot + 1);
}

const struct registry_member *topology_superior(const struct registry *r,
                                                const struct registry_member *hub)
{
    const struct topology_hub *row = row_of(r, hub);
    return row == NULL ? NULL : row->superior;
}

static bool had_key(const struct registry *r, const struct registry_member *hub, uint64_t at_ms)
{
    const struct registry_key *key;
    for (size_t i = 0; (key = registry_member_key(r, hub, i)) != NULL; i++) {
        if (key->valid_from_ms <= at_ms)
            return true;
    }
    return false;
}

/* The hub, or the nearest above it that was one then. */
static const struct registry_member *climb(const struct registry *r,
                                           const struct registry_member *hub, uint64_t at_ms)
{
    while (hub != NULL && !had_key(r, hub, at_ms))
        hub = topology_superior(r, hub);
    return hub;
}

const struct registry_member *topology_home_at(const struct registry *r, const char *member,
                                               uint64_t at_ms)
{
    return climb(r, topology_home_of(r, member), at_ms);
}

const struct registry_member *
topology_superior_at(const struct registry *r, const struct registry_member *hub, uint64_t at_ms)
{
    return climb(r, topology_superior(r, hub), at_ms);
}

bool topology_next_to(const struct registry *r, const struct registry_member *one,
                      const struct registry_member *other, uint64_t at_ms)
{
    return topology_superior(r, one) == other || topology_superior(r, other) == one ||
           topology_superior_at(r, one, at_ms) == other ||
           topology_superior_at(r, other, at_ms) == one;
}

bool topology_under(const struct registry_member *hub, const struct registry_member *above)
{
    return region_contains(above->region, hub->region);
}

bool topology_speaks(const struct registry *r, const char *hub, const char *sender,
                     const char *recipient)
{
    const struct registry_member *at = topology_hub(r, hub);
    const struct registry_member *from = topology_home_of(r, sender);
    const struct registry_member *to = topology_home_of(r, recipient);
    return at != NULL &&
           ((from != NULL && topology_under(from, at)) || (to != NULL && topology_under(to, at)));
}

enum link_kind topology_link(const struct registry *r, const struct region_groups *groups,
                             const struct registry_member *at, const struct registry_member *other)
{
    if (at == other || row_of(r, at) == NULL || row_of(r, other) == NULL)
        return LINK_NONE;
    if (topology_superior(r, at) == other)
        return LINK_SUPERIOR;
    if (topology_superior(r, other) == at)
        return LINK_SUBORDINATE;
    return region_groups_share(groups, at->region, other->region) ? LINK_PEER : LINK_NONE;
}

static bool has_link(const struct link *links, size_t count, const char *member)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(links[i].member, member) == 0)
            return true;
    }
    return false;
}

/* The child of `at` in whose subtree `below` lies. Each step up leaves two digits of the region. */
static const struct registry_member *child_towards(const struct registry *r,
                                                   const struct registry_member *at,
                                                   const struct registry_member *below)
{
    while (below != NULL) {
        const struct registry_member *above = topology_superior(r, below);
        if (above == at)
            return below;
        below = above;
    }
    return NULL;
}

/* Of several linked peers that hold it the nearest, so that the way is the same at any time. */
static const struct registry_member *peer_towards(const struct registry *r,
                                                  const struct registry_member *home,
                                                  const struct link *links, size_t count)
{
    const struct registry_member *best = NULL;
    for (size_t i = 0; i < count; i++) {
        const struct registry_member *peer =
            links[i].kind == LINK_PEER ? topology_hub(r, links[i].member) : NULL;
        if (peer != NULL && topology_under(home, peer) &&
            (best == NULL || topology_under(peer, best)))
            best = peer;
    }
    return best;
}

enum err topology_next(const struct registry *r, const struct registry_member *at,
                       const struct registry_member *home, const struct link *links,
                       size_t link_count, const struct registry_member **next)
{
    *next = NULL;
    if (home == NULL)
        return ERR_NO_HUB;
    if (home == at) {
        *next = at;
        return OK;
    }
    const bool below = topology_under(home, at);
    const struct registry_member *to =
        below ? child_towards(r, at, home) : peer_towards(r, home, links, link_count);
    if (to == NULL && !below)
        to = topology_superior(r, at);
    if (to == NULL)
        return ERR_NO_HUB;
    if (!has_link(links, link_count, to->id))
        return ERR_NOT_FEDERATED;
    *next = to;
    return OK;
}

size_t topology_way(const struct registry *r, const struct registry_member *from,
                    const struct registry_member *to,
                    const struct registry_member *way[static TOPOLOGY_WAY_MAX])
{
    size_t count = 0;
    const struct registry_member *at = from;
    while (at != NULL && !topology_under(to, at)) {
        way[count++] = at;
        at = topology_superior(r, at);
    }
    if (at == NULL)
        return 0;
    way[count++] = at;
    while (at != to) {
        at = child_towards(r, at, to);
        if (at == NULL)
            return 0;
        way[count++] = at;
    }
    return count;
}
