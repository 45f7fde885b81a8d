#include "net/hub_links.h"

#include "base/log.h"
#include "core/core.h"
#include "net/users.h"

#include <stdlib.h>

struct hub_links {
    const struct federation *federation;
    const char *self;
    const struct registry *registry;
    struct region_groups *groups; /* owns; NULL: none */
    struct link *list;            /* owns federation->count */
    uint32_t quota_per_s;         /* of each of them; 0: the core's */
    struct links *dialled;        /* owns */
    struct core *core;
};

static enum err open_groups(struct hub_links *h, struct fault *fault)
{
    return h->federation->groups[0] == '\0'
               ? OK
               : region_groups_open(&h->groups, h->federation->groups, fault);
}

enum err hub_links_open(struct hub_links **out, const struct hub_config *config,
                        const char *config_path, const struct registry *registry,
                        struct fault *fault)
{
    *out = NULL;
    struct hub_links *h = calloc(1, sizeof *h);
    if (h == NULL)
        return ERR_NO_MEMORY;
    h->federation = &config->federation;
    h->quota_per_s = config->federation.quota_per_s;
    h->self = config->member;
    h->registry = registry;
    h->list = calloc(h->federation->count + 1, sizeof *h->list);
    enum err err = h->list == NULL ? ERR_NO_MEMORY : open_groups(h, fault);
    if (err == OK)
        err = federation_check(h->federation, registry, h->groups, h->self, config_path, fault);
    if (err != OK) {
        hub_links_close(&h);
        return err;
    }
    for (size_t i = 0; i < h->federation->count; i++) {
        const struct federation_link *link = &h->federation->link[i];
        h->list[i] = (struct link){link->member, link->kind, h->quota_per_s};
    }
    *out = h;
    return OK;
}

void hub_links_close(struct hub_links **hub_links)
{
    if (hub_links == NULL || *hub_links == NULL)
        return;
    links_close(&(*hub_links)->dialled);
    region_groups_close(&(*hub_links)->groups);
    free((*hub_links)->list);
    free(*hub_links);
    *hub_links = NULL;
}

const struct link *hub_links_list(const struct hub_links *h, size_t *count)
{
    *count = h->federation->count;
    return h->list;
}

const struct region_groups *hub_links_groups(const struct hub_links *h)
{
    return h->groups;
}

/* links_key_fn: by the registry of this moment */
static enum err key_of(void *ctx, const struct federation_link *link, uint64_t now_ms,
                       uint8_t key[static ENDPOINT_KEY_LEN], char user[static ENDPOINT_USER_MAX])
{
    const struct hub_links *h = ctx;
    return federation_confirms(link, h->registry, h->groups, h->self)
               ? users_dial(h->registry, link->member, now_ms, key, user)
               : ERR_NOT_FEDERATED;
}

/* routes_number_fn */
static enum err number_of(void *ctx, const char *user, uint32_t *peer)
{
    const struct hub_links *h = ctx;
    return core_peer(h->core, user, peer);
}

enum err hub_links_dial(struct hub_links *h, struct net_context *net, struct core *core,
                        const struct key *transport)
{
    const struct links_source source = {
        .federation = h->federation,
        .self = h->self,
        .secret = key_secret(transport),
        .public = key_public(transport),
        .key = key_of,
        .number = number_of,
        .ctx = h,
    };
    h->core = core;
    return links_open(&h->dialled, net, &source);
}

void hub_links_hang_up(struct hub_links *h)
{
    if (h != NULL)
        links_close(&h->dialled);
}

struct links *hub_links_dialled(struct hub_links *h)
{
    return h->dialled;
}

static void take_quota(struct hub_links *h, uint32_t per_s)
{
    if (h->quota_per_s == per_s)
        return;
    h->quota_per_s = per_s;
    for (size_t i = 0; i < h->federation->count; i++)
        h->list[i].rate_per_s = per_s;
    log_info("federation_taken", "quota_per_s=%u", (unsigned)per_s); /* 0: the default */
}

enum err hub_links_take(struct hub_links *h, const char *config_path, struct fault *fault)
{
    struct hub_config *config = malloc(sizeof *config);
    if (config == NULL)
        return fault_set(fault, ERR_NO_MEMORY, 0, config_path, "federation");
    enum err err = hub_config_read(config, config_path, fault);
    if (err == OK)
        err = federation_take(h->federation, &config->federation, config_path, fault);
    if (err == OK)
        take_quota(h, config->federation.quota_per_s);
    free(config);
    return err;
}

void hub_links_registry(struct hub_links *h, const struct registry *registry, const char *file)
{
    struct fault fault = {.err = OK};
    h->registry = registry;
    if (federation_check(h->federation, registry, h->groups, h->self, file, &fault) != OK)
        log_fault("link_closed", &fault);
}
