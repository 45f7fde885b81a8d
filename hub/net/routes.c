#include "net/routes.h"

#include <stdlib.h>

struct row {
    char user[ENDPOINT_USER_MAX]; /* "" when free */
    struct route route;           /* len 0: not connected */
    uint32_t peer;
};

struct routes {
    struct routes_source source;
    uint64_t refused;
    size_t count;
    struct row row[ROUTES_MAX];
    uint16_t slot[ROUTES_SLOTS];  /* open addressing by user: index into row + 1; 0 free */
    uint16_t by_peer[ROUTES_MAX]; /* peer number: index into row + 1 */
};

_Static_assert((ROUTES_SLOTS & (ROUTES_SLOTS - 1)) == 0 && ROUTES_SLOTS >= 2 * ROUTES_MAX,
               "probing ends at a free slot");

enum err routes_open(struct routes **out, const struct routes_source *source)
{
    *out = calloc(1, sizeof **out);
    if (*out == NULL)
        return ERR_NO_MEMORY;
    (*out)->source = *source;
    return OK;
}

void routes_close(struct routes **routes)
{
    if (routes == NULL)
        return;
    free(*routes);
    *routes = NULL;
}

/* FNV-1a. Users come from the registry, so nobody can choose them to collide. */
static size_t slot_of(const char *user)
{
    uint32_t hash = 2166136261u;
    for (const char *c = user; *c != '\0'; c++)
        hash = (hash ^ (uint8_t)*c) * 16777619u;
    return hash & (ROUTES_SLOTS - 1);
}

static struct row *find(struct routes *routes, const char *user, size_t *slot)
{
    for (*slot = slot_of(user); routes->slot[*slot] != 0; *slot = (*slot + 1) % ROUTES_SLOTS) {
        struct row *row = &routes->row[routes->slot[*slot] - 1];
        if (strcmp(row->user, user) == 0)
            return row;
    }
    return NULL;
}

static enum err add(struct routes *routes, const char *user, size_t slot, struct row **out)
{
    uint32_t peer;
    if (routes->count >= ROUTES_MAX)
        return ERR_BUSY;
    enum err err = routes->source.number(routes->source.ctx, user, &peer);
    if (err != OK)
        return err;
    if (peer >= ROUTES_MAX || routes->by_peer[peer] != 0)
        return ERR_INTERNAL; /* the core gave a number out of range, or twice */

    struct row *row = &routes->row[routes->count++];
    memcpy(row->user, user, strlen(user) + 1);
    row->peer = peer;
    routes->slot[slot] = (uint16_t)routes->count;
    routes->by_peer[peer] = (uint16_t)routes->count;
    *out = row;
    return OK;
}

enum err routes_admit(struct routes *routes, const struct endpoint_in *in, uint64_t now_ms,
                      uint32_t *peer)
{
    size_t slot;
    /* libzmq asks at the handshake only; a session outlives its key's revocation. */
    enum err err = routes->source.valid(routes->source.ctx, in->user, now_ms);
    struct row *row = find(routes, in->user, &slot);
    *peer = row != NULL ? row->peer : ROUTES_MAX;
    if (err != OK) {
        routes->refused++;
        return err_class(err) == ERR_CLASS_OK ? ERR_REVOKED : err;
    }
    if (row == NULL && (err = add(routes, in->user, slot, &row)) != OK)
        return err;
    row->route = in->route;
    *peer = row->peer;
    return OK;
}

static struct row *row_of(struct routes *routes, uint32_t peer)
{
    if (peer >= ROUTES_MAX || routes->by_peer[peer] == 0)
        return NULL;
    return &routes->row[routes->by_peer[peer] - 1];
}

const struct route *routes_find(struct routes *routes, uint32_t peer)
{
    const struct row *row = row_of(routes, peer);
    return row == NULL || row->route.len == 0 ? NULL : &row->route;
}

void routes_gone(struct routes *routes, uint32_t peer)
{
    struct row *row = row_of(routes, peer);
    if (row != NULL)
        row->route.len = 0;
}

uint64_t routes_refused(const struct routes *routes)
{
    return routes->refused;
}
