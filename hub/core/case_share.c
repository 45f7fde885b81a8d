/* How far this hub and each other one share a case, and what it shows them of it: up to the highest
 * number of a step that went from the one to the other both come to know the same documents, so
 * that the same ones stand at both. Checked in tests/model/meet.pml. PROTOCOL.md 15, Cases. */
#include "core/state.h"

#include <string.h>

enum { HUBS_MAX = 256 /* that one case has to do with; further ones are counted and not shown */ };

/* Another hub, and the document in question. */
struct sharer {
    const struct registry_member *hub;
    uint64_t most; /* number that is shared with it, but for that document */
    bool went;     /* it went there, or was taken there */
    bool between;  /* it went from here to there, or from there to here */
};

struct sharers {
    const struct casefile_step *about;
    uint64_t until; /* by steps with lower numbers alone */
    bool too_many;
    size_t count;
    struct sharer hub[HUBS_MAX];
};

static bool same(const struct casefile_step *a, const struct casefile_step *b)
{
    return a->number == b->number && memcmp(a->document, b->document, sizeof a->document) == 0;
}

static bool serves(const struct core *core, const char *hub, const char *member)
{
    const struct registry_member *home = topology_home_of(core->opt.registry, member);
    return home != NULL && strcmp(home->id, hub) == 0;
}

static enum err went_to(struct core *core, const struct casefile_step *step, const char *hub,
                        bool *yes)
{
    char holder[STORE_MEMBER_MAX + 1] = "";
    enum err err = OK;
    *yes = serves(core, hub, step->by);
    while (!*yes &&
           (err = casefile_holder_next(core->store->casefiles, step->id, step->seq, holder)) == OK)
        *yes = serves(core, hub, holder);
    return err == ERR_NOT_FOUND ? OK : err;
}

enum err case_share_holds(struct core *core, const uint8_t id[static STORE_ID_LEN], const char *hub,
                          bool *yes)
{
    struct casefile_step step = {.number = 0};
    enum err err = OK;
    *yes = false;
    while (!*yes && (err = casefile_step_each(core->store->casefiles, id, &step)) == OK)
        err = went_to(core, &step, hub, yes);
    return err == ERR_NOT_FOUND ? OK : err;
}

/* ---- with whom ---- */

static struct sharer *sharer_of(struct sharers *all, const struct registry_member *hub)
{
    for (size_t i = 0; i < all->count; i++) {
        if (all->hub[i].hub == hub)
            return &all->hub[i];
    }
    if (all->count == HUBS_MAX) {
        all->too_many = true;
        return NULL;
    }
    all->hub[all->count] = (struct sharer){.hub = hub};
    return &all->hub[all->count++];
}

/* One end of that step is at another hub. */
static void note(const struct core *core, struct sharers *all, const struct casefile_step *step,
                 const char *member, bool between)
{
    const struct registry_member *home = topology_home_of(core->opt.registry, member);
    const bool about = same(step, all->about);
    if (home == NULL || strcmp(home->id, core->opt.member) == 0 || (!about && !between))
        return;
    struct sharer *hub = sharer_of(all, home);
    if (hub == NULL)
        return;
    if (about) {
        hub->went = true;
        hub->between = hub->between || between;
    } else if (step->number > hub->most) {
        hub->most = step->number;
    }
}

static enum err note_step(struct core *core, struct sharers *all, const struct casefile_step *step)
{
    struct casefiles *files = core->store->casefiles;
    char holder[STORE_MEMBER_MAX + 1] = "";
    const bool taken_here = spread_ours(core, step->by);
    bool got_here = false;
    enum err err;
    while ((err = casefile_holder_next(files, step->id, step->seq, holder)) == OK) {
        got_here = got_here || spread_ours(core, holder);
        note(core, all, step, holder, taken_here);
    }
    note(core, all, step, step->by, got_here);
    return err == ERR_NOT_FOUND ? OK : err;
}

static enum err find_sharers(struct core *core, const struct casefile_step *about,
                             struct sharers *all)
{
    struct casefile_step step = {.number = 0};
    enum err err;
    all->about = about;
    all->too_many = false;
    all->count = 0;
    while ((err = casefile_step_each(core->store->casefiles, about->id, &step)) == OK &&
           step.number < all->until) {
        err = note_step(core, all, &step);
        if (err != OK)
            return err;
    }
    return err == ERR_NOT_FOUND ? OK : err;
}

/* The highest number below that one; 0: nothing went between the two. */
static enum err most_until(struct core *core, const uint8_t id[static STORE_ID_LEN],
                           const char *hub, uint64_t until, uint64_t *most)
{
    struct casefile_step none = {.number = 0};
    struct sharers all = {.until = until};
    memcpy(none.id, id, sizeof none.id);
    *most = 0;
    enum err err = find_sharers(core, &none, &all);
    for (size_t i = 0; err == OK && i < all.count; i++) {
        if (strcmp(all.hub[i].hub->id, hub) == 0)
            *most = all.hub[i].most;
    }
    return err;
}

enum err case_share_most(struct core *core, const uint8_t id[static STORE_ID_LEN], const char *hub,
                         uint64_t *most)
{
    return most_until(core, id, hub, STORE_NEVER, most);
}

/* ---- shown ---- */

static enum err show(struct core *core, const struct casefile_step *step, const char *hub)
{
    enum err err = case_history_send(core, step, hub);
    return err == OK ? store_count(core->store, "cases.handed_on", 1) : err;
}

/* Which of the documents that are known. */
struct range {
    uint64_t above, to; /* numbers */
    bool came;          /* those that went there, too, but for what was taken there … */
    bool others;        /* … and those that did not */
};

static enum err show_range(struct core *core, const uint8_t id[static STORE_ID_LEN],
                           const char *hub, const struct range *range)
{
    struct casefile_step step = {.number = range->above};
    enum err err;
    while ((err = casefile_step_each(core->store->casefiles, id, &step)) == OK &&
           step.number <= range->to) {
        bool went;
        if (step.number == range->above)
            continue;
        err = went_to(core, &step, hub, &went);
        const bool wanted = went ? range->came && !serves(core, hub, step.by) : range->others;
        if (err == OK && wanted)
            err = show(core, &step, hub);
        if (err != OK)
            return err;
    }
    return err == ERR_NOT_FOUND ? OK : err;
}

enum err case_share_kept(struct core *core, const struct casefile_step *step, const char *giver)
{
    struct sharers all = {.until = STORE_NEVER};
    if (core->opt.link_count == 0)
        return OK;
    enum err err = find_sharers(core, step, &all);
    if (err == OK && all.too_many)
        err = store_count(core->store, "alerts.case_hubs", 1);
    for (size_t i = 0; err == OK && i < all.count; i++) {
        const struct sharer *s = &all.hub[i];
        const struct range more = {.above = s->most, .to = step->number, .others = true};
        if (s->between)
            err = show_range(core, step->id, s->hub->id, &more);
        else if (!s->went && step->number <= s->most && strcmp(s->hub->id, giver) != 0)
            err = show(core, step, s->hub->id);
    }
    return err;
}

enum err case_share_ask(struct core *core, const struct casefile_step *step)
{
    struct casefile_step before;
    const struct registry_member *home = topology_home_of(core->opt.registry, step->by);
    if (step->number == 1 || home == NULL || spread_ours(core, step->by))
        return OK;
    enum err err = case_history_step(core, step->id, step->number - 1, &before);
    return err == ERR_NOT_FOUND ? case_history_send(core, step, home->id) : err;
}

enum err case_share_answer(struct core *core, const struct casefile_step *step, const char *hub)
{
    bool went = false;
    uint64_t old = 0; /* what was shown behind the step is above it */
    enum err err = spread_ours(core, step->by) ? went_to(core, step, hub, &went) : OK;
    if (err == OK && went)
        err = most_until(core, step->id, hub, step->number, &old);
    if (err != OK || !went)
        return err;
    const struct range before = {.to = old, .came = true, .others = true};
    const struct range behind = {.above = old, .to = step->number - 1, .came = true};
    err = show_range(core, step->id, hub, &before);
    return err == OK ? show_range(core, step->id, hub, &behind) : err;
}

enum err case_share_ended(struct core *core, const struct message_row *message, const char *member)
{
    struct casefile_step step;
    uint64_t most = 0;
    const struct registry_member *home = topology_home_of(core->opt.registry, member);
    if (core->opt.link_count == 0 || message->origin[0] != '\0' || home == NULL ||
        spread_ours(core, member))
        return OK;
    enum err err = casefile_step_at(core->store->casefiles, message->seq, &step);
    if (err != OK)
        return err == ERR_NOT_FOUND ? OK : err; /* no step, or one that officials kept */
    err = show(core, &step, home->id);
    if (err == OK)
        err = case_share_most(core, step.id, home->id, &most);
    const struct range all = {.to = most, .others = true};
    return err == OK ? show_range(core, step.id, home->id, &all) : err;
}
