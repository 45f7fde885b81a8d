/* After the next hub was restored it says hello with another log: what it had taken over and did
 * not bring to an end is with nobody. It is sent again; whoever has it knows it (PROTOCOL: hubs).
 */
#include "core/state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { AGAIN_STEP = 32 /* messages of one transaction */ };

struct again { /* of one link */
    bool waiting;
    uint64_t at; /* messages up to here were looked at */
    char log[NOTE_ORIGIN_MAX + 1];
};

enum err again_open(struct core *core)
{
    core->again = calloc(core->opt.link_count + 1, sizeof *core->again);
    return core->again == NULL ? ERR_NO_MEMORY : OK;
}

void again_close(struct core *core)
{
    free(core->again);
    core->again = NULL;
}

void again_hello(struct core *core, const char *member, const char *log)
{
    const struct link *link = link_of_member(core, member);
    if (link == NULL || log[0] == '\0')
        return;
    struct again *walk = &core->again[link - core->opt.links];
    *walk = (struct again){.waiting = true};
    snprintf(walk->log, sizeof walk->log, "%s", log);
    core->work_waiting = true;
    core_wake_at(core, core->now_ms);
}

static enum err known_log(struct core *core, const char *name, char out[static NOTE_ORIGIN_MAX + 1])
{
    size_t len = 0;
    enum err err = store_meta_get(core->store, name, (uint8_t *)out, NOTE_ORIGIN_MAX, &len);
    out[err == OK ? len : 0] = '\0';
    return err == ERR_NOT_FOUND ? OK : err;
}

/* One message whose frame is still here: again, if somebody behind the link is not at the end. */
static enum err send_again(struct core *core, uint64_t seq, const char *link)
{
    char behind[RECEIPTS_BEHIND_MAX][STORE_MEMBER_MAX + 1];
    struct message_row message;
    struct span frame;
    bool all = true;
    enum err err = message_frame(core->store->messages, seq, &frame);
    if (err == OK) /* at a hub on the way the facts are not for it, nor needed */
        err = ingest_reopen(core, &core->in, frame, core->now_ms);
    if (err_class(err) == ERR_CLASS_REJECT || err == ERR_NOT_FOUND)
        err = OK;
    if (err == OK)
        err = message_get(core->store->messages, core->in.header.sender, core->in.header.message_id,
                          &message);
    if (err != OK || message.seq != seq)
        return err == ERR_NOT_FOUND || err == ERR_ERASED ? OK : err;
    const size_t count = receipts_behind(core, &message, link, behind);
    for (size_t i = 0; err == OK && all && i < count; i++)
        err = receipts_ended(core, &message, behind[i], &all);
    if (err != OK || all)
        return err;
    err = relay_queue(core, &core->in, &message, link);
    /* It waits there, or goes no more: what cannot go is ended by its own time. */
    if (err == ERR_EXISTS || err_class(err) == ERR_CLASS_REJECT)
        return OK;
    return err == OK ? store_count(core->store, "relay.again", 1) : err;
}

static enum err walk_step(struct core *core, const char *link, struct again *walk)
{
    char name[STORE_NAME_MAX + 1];
    char known[NOTE_ORIGIN_MAX + 1];
    snprintf(name, sizeof name, "log.%s", link);
    enum err err = known_log(core, name, known);
    if (err != OK || strcmp(known, walk->log) == 0) {
        walk->waiting = false;
        return err;
    }
    err = core_begin(core);
    /* One that is met for the first time has nothing of ours. */
    for (size_t i = 0; err == OK && known[0] != '\0' && i < AGAIN_STEP; i++) {
        err = message_next_open(core->store->messages, &walk->at);
        if (err == OK)
            err = send_again(core, walk->at, link);
        else if (err == ERR_NOT_FOUND)
            known[0] = '\0';
        err = err == ERR_NOT_FOUND ? OK : err;
    }
    if (err != OK || known[0] != '\0')
        return err;
    walk->waiting = false;
    return store_meta_put(core->store, name, span_str(walk->log));
}

enum err again_step(struct core *core, bool *more)
{
    enum err err = OK;
    *more = false;
    for (size_t i = 0; err == OK && i < core->opt.link_count; i++) {
        struct again *walk = &core->again[i];
        if (walk->waiting)
            err = walk_step(core, core->opt.links[i].member, walk);
        *more = *more || walk->waiting;
    }
    return err;
}
