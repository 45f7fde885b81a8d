/* Who reads what of an envelope: its recipients the parts that are sealed to them, and the hubs
 * that decide about them the facts. PROTOCOL: facts; hubs. */
#include "adapters/sdk/inner.h"

#include <string.h>

/* Sorted, each once. What is beyond the bound is counted, and not there. */
static void add(struct audience *a, const char *member)
{
    size_t at = 0;
    while (at < a->count && at < SDK_AUDIENCE_MAX && strcmp(a->member[at], member) < 0)
        at++;
    if (at < a->count && at < SDK_AUDIENCE_MAX && strcmp(a->member[at], member) == 0)
        return;
    if (a->count < SDK_AUDIENCE_MAX) {
        memmove(a->member + at + 1, a->member + at, (a->count - at) * sizeof a->member[0]);
        a->member[at] = member;
    }
    a->count++;
}

/* The hub that serves a member; ours when nobody nearer does. */
static const char *hub_of(const struct sdk *s, const char *member)
{
    const struct registry_member *home = topology_home_of(s->registry, member);
    return home == NULL ? s->hub : home->id;
}

void audience_of(const struct sdk *s, const struct stage *stage, bool facts, struct audience *out)
{
    out->count = 0;
    for (size_t i = 0; i < stage->to_count; i++)
        if (strcmp(stage->to[i], s->hub) != 0)
            add(out, stage->to[i]);
    if (!facts)
        return;
    add(out, s->hub);
    for (size_t i = 0; i < stage->to_count; i++)
        add(out, hub_of(s, stage->to[i]));
}

size_t audience_cut(const struct sdk *s, char (*members)[SDK_MEMBER_MAX], size_t count)
{
    struct audience a = {.count = 0};
    size_t n = 0;

    add(&a, s->hub);
    while (n < count && n < SDK_DESTINATION_MAX) {
        add(&a, members[n]);
        add(&a, hub_of(s, members[n]));
        if (a.count > SDK_AUDIENCE_MAX)
            break;
        n++;
    }
    return n;
}
