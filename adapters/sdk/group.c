/* Groups: a department in a region and all below it, resolved when a message is sent. */
#include "adapters/sdk/inner.h"

#include <stdlib.h>
#include <string.h>

static int by_name(const void *a, const void *b)
{
    return strcmp(a, b);
}

static bool is_group(const char *name)
{
    const size_t len = strlen(name);
    return len > 2 && strcmp(name + len - 2, "/*") == 0;
}

enum err group_check(const struct sdk *s, const char *name, struct fault *fault)
{
    enum err err;
    size_t cursor = 0;
    const struct registry_member *member;

    if (strlen(name) >= SDK_MEMBER_MAX)
        return fault_set(fault, ERR_MEMBER_UNKNOWN, 0, "to", "no member id");
    if (!is_group(name)) {
        if (member_valid(name) && registry_member(s->registry, name) != NULL)
            return OK;
        return fault_set(fault, ERR_MEMBER_UNKNOWN, 0, "to", "%.40s is not registered", name);
    }
    err = registry_group(s->registry, name, &cursor, &member);
    if (err == OK && member != NULL && strcmp(member->id, s->member) == 0)
        err = registry_group(s->registry, name, &cursor, &member); /* we are no reader */
    if (err != OK || member == NULL)
        return fault_set(fault, ERR_MEMBER_UNKNOWN, 0, "to", "%.40s names no member", name);
    return OK;
}

static enum err add(struct sdk *s, const char *member)
{
    if (strcmp(member, s->member) == 0 || strcmp(member, s->hub) == 0)
        return OK; /* the hub is named, or not, by itself */
    if (s->group.count == SDK_GROUP_MAX)
        return ERR_TOO_LARGE;
    memcpy(s->group.member[s->group.count++], member, strlen(member) + 1);
    return OK;
}

static enum err expand(struct sdk *s, const char *name)
{
    enum err err;
    size_t cursor = 0;
    const struct registry_member *member;

    if (!is_group(name))
        return add(s, name);
    for (;;) {
        if ((err = registry_group(s->registry, name, &cursor, &member)) != OK || member == NULL)
            return err;
        if ((err = add(s, member->id)) != OK)
            return err;
    }
}

/* All members that the destinations name, sorted, each once; *parts envelopes carry them. */
enum err group_resolve(struct sdk *s, const struct stage *stage, size_t *parts, struct fault *fault)
{
    enum err err;
    struct group *g = &s->group;

    *parts = 1;
    g->count = 0;
    bool groups = false;
    for (size_t i = 0; i < stage->to_count; i++)
        groups = groups || is_group(stage->to[i]);
    if (!groups)
        return OK;
    for (size_t i = 0; i < stage->to_count; i++)
        if ((err = expand(s, stage->to[i])) != OK)
            return fault_set(fault, err, 0, "to", "at most %d members", SDK_GROUP_MAX);
    qsort(g->member, g->count, sizeof g->member[0], by_name);
    size_t n = 1;
    for (size_t i = 1; i < g->count; i++)
        if (strcmp(g->member[i], g->member[n - 1]) != 0)
            memmove(g->member[n++], g->member[i], SDK_MEMBER_MAX);
    g->count = n;
    *parts = 0;
    for (size_t from = 0; from < n; from += audience_cut(s, g->member + from, n - from))
        ++*parts;
    return OK;
}

/* The readers of one envelope of a group, part after part. A hub that was named is so in the first.
 */
void group_part(struct sdk *s, struct stage *stage, size_t part, bool hub)
{
    struct group *g = &s->group;
    const size_t from = part == 0 ? 0 : g->next;

    g->next = from + audience_cut(s, g->member + from, g->count - from);
    stage->to_count = 0;
    for (size_t i = from; i < g->next; i++)
        memcpy(stage->to[stage->to_count++], g->member[i], SDK_MEMBER_MAX);
    if (part == 0 && hub) {
        memcpy(stage->to[stage->to_count++], s->hub, sizeof s->hub);
        qsort(stage->to, stage->to_count, sizeof stage->to[0], by_name);
    }
}
