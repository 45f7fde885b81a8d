#include "net/federation.h"

#include <stdio.h>
#include <string.h>

enum { QUOTA_MAX = 1000000 };

static const char *const KEYS[] = {"superior", "subordinates", "peers",
                                   "groups",   "quota_per_s",  NULL};
static const char *const LINK_KEYS[] = {"hub", "address", NULL};

/* A link with the hub that stands there. */
static enum err add(struct federation *f, const struct yaml_node *node, enum link_kind kind,
                    const char *self, struct fault *fault)
{
    if (f->count >= TOPOLOGY_LINKS_MAX)
        return yaml_fault(node, ERR_TOO_LARGE, fault, "federation: at most %d links",
                          TOPOLOGY_LINKS_MAX);
    struct federation_link *link = &f->link[f->count];
    *link = (struct federation_link){.kind = kind, .line = yaml_line(node)};
    enum err err = yaml_copy(node, link->member, sizeof link->member, fault);
    if (err != OK)
        return err;
    if (!member_is_hub(link->member))
        return yaml_fault(node, ERR_FIELD_VALUE, fault, "federation: a hub, like hub.440000");
    if (strcmp(link->member, self) == 0)
        return yaml_fault(node, ERR_FIELD_VALUE, fault, "federation: this is the hub itself");
    for (size_t i = 0; i < f->count; i++) {
        if (strcmp(f->link[i].member, link->member) == 0)
            return yaml_fault(node, ERR_FIELD_VALUE, fault, "federation: it is named in line %u",
                              f->link[i].line);
    }
    f->count++;
    return OK;
}

/* {hub: …, address: …} */
static enum err add_map(struct federation *f, const struct yaml_node *node, enum link_kind kind,
                        const char *self, struct fault *fault)
{
    const struct yaml_node *hub;
    if (yaml_kind(node) != YAML_KIND_MAP)
        return yaml_fault(node, ERR_FIELD_VALUE, fault,
                          "federation: like {hub: hub.440000, address: \"tcp://10.44.0.1:7445\"}");
    enum err err = yaml_only_keys(node, LINK_KEYS, fault);
    if (err != OK || (err = yaml_need(node, "hub", YAML_KIND_SCALAR, &hub, fault)) != OK ||
        (err = add(f, hub, kind, self, fault)) != OK)
        return err;
    const struct yaml_node *address = yaml_get(node, "address");
    if (address == NULL && kind == LINK_PEER)
        return OK;
    struct federation_link *link = &f->link[f->count - 1];
    if ((err = yaml_need(node, "address", YAML_KIND_SCALAR, &address, fault)) != OK ||
        (err = yaml_copy(address, link->address, sizeof link->address, fault)) != OK)
        return err;
    size_t dialled = 0;
    for (size_t i = 0; i < f->count; i++)
        dialled += f->link[i].address[0] != '\0';
    if (dialled > FEDERATION_DIALLED_MAX)
        return yaml_fault(address, ERR_TOO_LARGE, fault, "federation: at most %d to be dialled",
                          FEDERATION_DIALLED_MAX);
    if (strncmp(link->address, "tcp://", 6) != 0 || strrchr(link->address + 6, ':') == NULL)
        return yaml_fault(address, ERR_FIELD_VALUE, fault,
                          "address: where that hub is bound, like tcp://10.44.0.1:7445");
    return OK;
}

static enum err add_list(struct federation *f, const struct yaml_node *list, enum link_kind kind,
                         const char *self, struct fault *fault)
{
    if (list != NULL && yaml_kind(list) != YAML_KIND_LIST)
        return yaml_fault(list, ERR_FIELD_VALUE, fault, "federation: a list of hubs");
    for (size_t i = 0; i < yaml_count(list); i++) {
        const struct yaml_node *item = yaml_item(list, i);
        enum err err = kind == LINK_PEER ? add_map(f, item, kind, self, fault)
                                         : add(f, item, kind, self, fault);
        if (err != OK)
            return err;
    }
    return OK;
}

static enum err read_quota(struct federation *f, const struct yaml_node *quota, struct fault *fault)
{
    uint64_t per_s = 0;
    if (quota == NULL)
        return OK;
    enum err err = yaml_uint(quota, QUOTA_MAX, &per_s, fault);
    if (err == OK && per_s == 0)
        err = yaml_fault(quota, ERR_FIELD_VALUE, fault,
                         "quota_per_s: at least 1; leave it out for the default");
    f->quota_per_s = (uint32_t)per_s;
    return err;
}

enum err federation_read(struct federation *out, const struct yaml_node *root, const char *self,
                         const char *file, struct fault *fault)
{
    out->count = 0;
    out->quota_per_s = 0;
    out->groups[0] = '\0';
    const struct yaml_node *node = yaml_get(root, "federation");
    if (node == NULL)
        return OK;
    if (yaml_kind(node) != YAML_KIND_MAP)
        return yaml_fault(node, ERR_FIELD_VALUE, fault, "federation: a mapping");
    const struct yaml_node *superior = yaml_get(node, "superior");
    const struct yaml_node *peers = yaml_get(node, "peers");
    enum err err = yaml_only_keys(node, KEYS, fault);
    if (err == OK && superior != NULL)
        err = add_map(out, superior, LINK_SUPERIOR, self, fault);
    if (err == OK)
        err = add_list(out, yaml_get(node, "subordinates"), LINK_SUBORDINATE, self, fault);
    if (err == OK)
        err = add_list(out, peers, LINK_PEER, self, fault);
    if (err == OK)
        err = place_read(node, "groups", yaml_count(peers) == 0, file, out->groups,
                         sizeof out->groups, fault);
    return err == OK ? read_quota(out, yaml_get(node, "quota_per_s"), fault) : err;
}

static bool has_link(const struct federation *f, const struct federation_link *link)
{
    for (size_t i = 0; i < f->count; i++) {
        if (strcmp(f->link[i].member, link->member) == 0)
            return f->link[i].kind == link->kind && strcmp(f->link[i].address, link->address) == 0;
    }
    return false;
}

enum err federation_take(const struct federation *in_use, const struct federation *now,
                         const char *file, struct fault *fault)
{
    for (size_t i = 0; i < now->count; i++) {
        if (!has_link(in_use, &now->link[i]))
            return fault_set(fault, ERR_LINKS_AT_START, now->link[i].line, file,
                             "%s is linked otherwise now", now->link[i].member);
    }
    for (size_t i = 0; i < in_use->count; i++) {
        if (!has_link(now, &in_use->link[i]))
            return fault_set(fault, ERR_LINKS_AT_START, 0, file, "%s is still linked",
                             in_use->link[i].member);
    }
    return strcmp(in_use->groups, now->groups) == 0
               ? OK
               : fault_set(fault, ERR_LINKS_AT_START, 0, file, "groups: %s is in use",
                           in_use->groups[0] == '\0' ? "none" : in_use->groups);
}

bool federation_confirms(const struct federation_link *link, const struct registry *registry,
                         const struct region_groups *groups, const char *self)
{
    const struct registry_member *at = topology_hub(registry, self);
    const struct registry_member *other = topology_hub(registry, link->member);
    return at != NULL && other != NULL && topology_link(registry, groups, at, other) == link->kind;
}

enum err federation_check(const struct federation *f, const struct registry *registry,
                          const struct region_groups *groups, const char *self, const char *file,
                          struct fault *fault)
{
    for (size_t i = 0; i < f->count; i++) {
        const struct federation_link *link = &f->link[i];
        if (!federation_confirms(link, registry, groups, self))
            return fault_set(fault, ERR_NOT_FEDERATED, link->line, file,
                             "%s is no %s of %s by the registry", link->member,
                             link_kind_name(link->kind), self);
    }
    return OK;
}
