/* Who is told of what a gate found: the authority that listed, and the departments that the gate's
 * rule names, at the place where the message would take effect or the next one above that has them.
 * They get the envelope's id and the grounds, never what it says. */
#include "core/state.h"

#include "base/text.h"

#include <string.h>

enum { MEMBERS_MAX = 16 /* of one department */, TOLD_MAX = GATE_COPIES_MAX + MEMBERS_MAX };

struct told {
    const char *member[TOLD_MAX];
    const lianshu_Ground *ground[TOLD_MAX];
    size_t count;
    size_t left; /* there was no room for */
};

/* Everybody once, and nobody about what it sent or gets itself. */
static void add(struct told *told, const struct incoming *in, const char *member,
                const lianshu_Ground *ground)
{
    bool known = strcmp(member, in->header.sender) == 0;
    for (pb_size_t i = 0; i < in->header.destination_count; i++)
        known = known || strcmp(member, in->header.destination[i]) == 0;
    for (size_t i = 0; i < told->count; i++)
        known = known || strcmp(member, told->member[i]) == 0;
    if (known)
        return;
    if (told->count == TOLD_MAX) {
        told->left++;
        return;
    }
    told->ground[told->count] = ground;
    told->member[told->count++] = member;
}

bool copies_step_up(char region[static REGION_LEN + 1])
{
    for (size_t at = REGION_LEN - 2;; at -= 2) {
        if (memcmp(region + at, "00", 2) != 0) {
            memset(region + at, '0', 2);
            return true;
        }
        if (at == 0)
            return false;
    }
}

size_t copies_nearest(const struct core *core, uint32_t department, const char *where,
                      const char **member, size_t cap)
{
    const struct registry *registry = core->opt.registry;
    char region[REGION_LEN + 1];
    text_copy(region, sizeof region, where);
    size_t found = 0;
    do {
        for (size_t at = 0;
             found < cap && (at = registry_next(registry, at, department, region)) != SIZE_MAX;
             at++) {
            const struct registry_member *m = registry_member_at(registry, at);
            if (strcmp(m->region, region) == 0)
                member[found++] = m->id;
        }
    } while (found == 0 && copies_step_up(region));
    return found;
}

static void add_department(struct core *core, const struct incoming *in, uint32_t bit,
                           const char *where, const lianshu_Ground *ground, struct told *told)
{
    const char *member[MEMBERS_MAX];
    size_t count = copies_nearest(core, bit, where, member, MEMBERS_MAX);
    for (size_t i = 0; i < count; i++)
        add(told, in, member[i], ground);
}

static enum err tell_one(struct core *core, const struct incoming *in, const char *member,
                         enum gate_action action, const lianshu_Ground *ground)
{
    lianshu_HubNotice body = {.kind = lianshu_HubNoticeKind_HUBNOTICE_COPY};
    body.env_id.size = HASH_LEN;
    memcpy(body.env_id.bytes, in->env_id, HASH_LEN);
    if (ground != NULL) {
        tell_order(&body, ground->order_id);
        text_copy(body.rule, sizeof body.rule, ground->rule);
        text_copy(body.basis, sizeof body.basis, ground->basis);
        text_copy(body.measure, sizeof body.measure, ground->measure);
    }
    text_copy(body.reference, sizeof body.reference, gate_action_word(action));
    return tell_notice(core, member, &body);
}

enum err copies_send(struct core *core, const struct incoming *in, const struct verdict *verdict)
{
    struct told told = {.left = verdict->copies_left};
    const lianshu_Ground *strictest = verdict->ground_count > 0 ? &verdict->ground[0] : NULL;
    struct member first;
    if (verdict->copy_count == 0 && verdict->copy_departments == 0)
        return OK;
    if (member_parse(in->header.destination[0], &first) != OK)
        return ERR_INTERNAL; /* it was parsed to ask the gate */
    for (uint32_t i = 0; i < verdict->copy_count; i++)
        add(&told, in, verdict->copy[i].member, &verdict->copy[i].ground);
    for (unsigned bit = 0; bit < 32; bit++) {
        if ((verdict->copy_departments >> bit & 1) != 0)
            add_department(core, in, UINT32_C(1) << bit, first.region, strictest, &told);
    }
    enum err err = OK;
    for (size_t i = 0; err == OK && i < told.count; i++)
        err = tell_one(core, in, told.member[i], verdict->action, told.ground[i]);
    if (err == OK && told.count > 0)
        err = store_count(core->store, "gate.copied", told.count);
    return err == OK && told.left > 0 ? store_count(core->store, "gate.uncopied", told.left) : err;
}
