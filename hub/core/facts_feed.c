/* What this hub knows, to its neighbours: what is new by a cursor for each link, lifts first, and
 * what a comparison found missing. Nothing is queued for a link on which nobody listens. */
#include "core/state.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>

enum {
    HOPS_MAX = sizeof((lianshu_RelayFacts *)0)->hops / sizeof((lianshu_RelayFacts *)0)->hops[0]
};

/* Did it come by that hub? */
static bool came_by(const struct roll_row *row, const char *hub)
{
    const size_t len = strlen(hub);
    for (const char *at = row->hops; (at = strstr(at, hub)) != NULL; at += len)
        if ((at == row->hops || at[-1] == ' ') && (at[len] == ' ' || at[len] == '\0'))
            return true;
    return false;
}

/* relay.facts of the row, in core->spread->facts. */
static enum err fill_facts(struct core *core, const struct roll_row *row)
{
    lianshu_RelayFacts *facts = &core->spread->facts;
    struct span sealed;
    wire_clear(&lianshu_RelayFacts_msg, facts);
    struct writer lsd1 = writer_of(facts->document.bytes, sizeof facts->document.bytes);
    enum err err = roll_text(core->store->roll, row->seq, &sealed);
    if (err == OK)
        err =
            rest_get(core, "roll", span_of(row->hash, sizeof row->hash), "document", sealed, &lsd1);
    if (err == ERR_ERASED) { /* kept long enough: that there was one is all that is said */
        facts->erased.size = HASH_LEN;
        memcpy(facts->erased.bytes, row->hash, HASH_LEN);
    } else if (err != OK) {
        return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
    }
    facts->document.size = (pb_size_t)lsd1.len;
    facts->accepted_ms = row->accepted_ms;
    for (const char *at = row->hops; *at != '\0' && facts->hops_count < HOPS_MAX - 1;) {
        const size_t len = strcspn(at, " ");
        snprintf(facts->hops[facts->hops_count++], sizeof facts->hops[0], "%.*s", (int)len, at);
        at += len + (at[len] == ' ');
    }
    text_copy(facts->hops[facts->hops_count++], sizeof facts->hops[0], core->opt.member);
    return OK;
}

static enum err add_row(struct core *core, const char *member, const struct roll_row *row)
{
    static const enum lane repair = LANE_REPAIR;
    static const enum lane order = LANE_ORDER;
    const struct outgoing what = {
        .type = lianshu_DocumentType_TYPE_RELAY_FACTS,
        .recipient = member,
        .purpose = "federation",
        .body = &core->spread->facts,
        .lane = row->urgent ? &repair : &order,
    };
    enum err err = fill_facts(core, row);
    return err == OK ? outgoing_add(core, &what) : err;
}

/* What is new since the link was told last: lifts first. */
static enum err add_new(struct core *core, const char *member, uint64_t *cursor, bool urgent,
                        bool anew, size_t *count)
{
    while (*count < SPREAD_STEP) {
        struct roll_row row;
        enum err err = roll_next(core->store->roll, urgent, *cursor, &row);
        if (err == OK && (anew || !came_by(&row, member))) {
            err = add_row(core, member, &row);
            if (err == ERR_BUSY) /* no more room under one signature */
                return OK;
            *count += err == OK;
        }
        if (err != OK)
            return err == ERR_NOT_FOUND ? OK : err;
        *cursor = row.seq + 1;
    }
    return OK;
}

/* What it was found to lack, whatever way that came. */
static enum err add_owed(struct core *core, const char *member, size_t *count)
{
    while (*count < SPREAD_STEP) {
        struct roll_row row;
        uint64_t seq;
        enum err err = roll_owed_next(core->store->roll, member, &seq);
        if (err == OK)
            err = roll_at(core->store->roll, seq, &row);
        else if (err == ERR_NOT_FOUND)
            return OK;
        if (err == OK)
            err = add_row(core, member, &row);
        if (err == ERR_BUSY)
            return OK;
        *count += err == OK;
        if (err == OK)
            err = roll_owed_done(core->store->roll, member, seq);
        if (err != OK)
            return err;
    }
    return OK;
}

/* ---- what is out ---- */

enum err spread_is_out(struct core *core, const uint8_t id[static STORE_ID_LEN], bool *out)
{
    struct message_row message;
    enum err err = message_get(core->store->messages, core->opt.member, id, &message);
    *out = err == OK && message.open > 0;
    return err == ERR_NOT_FOUND ? OK : err;
}

void spread_note_made(struct core *core, size_t index, uint8_t id[static STORE_ID_LEN])
{
    struct message_row *row;
    struct span frame;
    if (outgoing_made(core, index, &row, &frame) == OK)
        memcpy(id, row->id, STORE_ID_LEN);
}

/* May there be another step of this kind? */
static enum err has_room(struct core *core, const struct spread_link *link, bool urgent, bool *room)
{
    bool out;
    enum err err = spread_is_out(core, link->told[urgent][link->next[urgent]], &out);
    *room = !out;
    if (out)
        core_wake_at(core, core->now_ms + SPREAD_LOOK_MS);
    return err;
}

static void note_step(struct core *core, struct spread_link *link, bool urgent, size_t last)
{
    spread_note_made(core, last, link->told[urgent][link->next[urgent]]);
    link->next[urgent] = (link->next[urgent] + 1) % SPREAD_WINDOW;
}

/* ---- a step ---- */

static enum err load_link(struct core *core, const char *member, struct roll_link *at, bool *first)
{
    enum err err = roll_link_get(core->store->roll, member, at);
    *first = err == ERR_NOT_FOUND;
    if (*first) { /* what it knows already is found by comparing */
        text_copy(at->member, sizeof at->member, member);
        at->urgent = at->normal = log_size(core->store->log);
    }
    return *first ? OK : err;
}

/* What was found missing, behind what is new. */
static enum err add_missing(struct core *core, const char *member, size_t *count)
{
    uint64_t seq;
    enum err err = roll_owed_next(core->store->roll, member, &seq);
    if (err == OK)
        err = core_begin(core);
    if (err == OK)
        err = add_owed(core, member, count);
    return err == ERR_NOT_FOUND ? OK : err;
}

/* *urgent of *count: lifts, and the first ones. */
static enum err collect(struct core *core, const char *member, struct spread_link *link,
                        size_t *urgent, size_t *count)
{
    struct roll_link at;
    bool first;
    bool lifts = false;
    bool others = false;
    *count = 0;
    enum err err = load_link(core, member, &at, &first);
    const struct roll_link before = at;
    outgoing_begin(core);
    if (err == OK)
        err = has_room(core, link, true, &lifts);
    if (err == OK && lifts)
        err = add_new(core, member, &at.urgent, true, link->anew, count);
    *urgent = *count;
    if (err == OK)
        err = has_room(core, link, false, &others);
    if (err == OK && others)
        err = add_new(core, member, &at.normal, false, link->anew, count);
    const bool moved = first || at.urgent != before.urgent || at.normal != before.normal;
    if (err == OK && moved)
        err = core_begin(core);
    if (err == OK && moved)
        err = roll_link_put(core->store->roll, &at);
    if (err == OK && others && *count < SPREAD_STEP)
        err = add_missing(core, member, count);
    link->anew = link->anew && (*count > 0 || !lifts || !others);
    return err;
}

static enum err tell_link(struct core *core, const char *member, struct spread_link *link,
                          size_t *count)
{
    size_t urgent = 0;
    enum err err = collect(core, member, link, &urgent, count);
    if (err != OK || *count == 0)
        return err;
    err = core_begin(core);
    if (err == OK)
        err = outgoing_queue(core);
    if (err == OK && urgent > 0)
        note_step(core, link, true, urgent - 1);
    if (err == OK && *count > urgent)
        note_step(core, link, false, *count - 1);
    return err == OK ? store_count(core->store, "facts.relayed", *count) : err;
}

/* Which links have somebody who listens. */
static void find_here(struct core *core)
{
    for (size_t k = 0; k < core->opt.link_count; k++)
        core->spread->link[k].here = false;
    for (uint32_t i = 0; i < core->peers.count; i++) {
        const struct peer *peer = core_peer_at(core, i);
        enum link_kind kind;
        struct spread_link *link = !peer->ready || !member_is_hub(peer->member)
                                       ? NULL
                                       : spread_link_of(core, peer->member, &kind);
        if (link != NULL)
            link->here = true;
    }
}

static enum err tell_one(struct core *core, const char *member, struct spread_link *link,
                         bool *more)
{
    size_t count = 0;
    if (!link->ready)
        link->due_ms = core->now_ms;
    link->ready = true;
    enum err err = tell_link(core, member, link, &count);
    *more = *more || count > 0;
    if (err == OK && count == 0 && core->now_ms >= link->due_ms) {
        link->due_ms = core->now_ms + ROLL_INTERVAL_MS;
        err = core_begin(core);
        if (err == OK)
            err = roll_say(core, member, NULL);
    }
    core_wake_at(core, link->due_ms);
    return err;
}

enum err spread_step(struct core *core, bool *more)
{
    enum err err = OK;
    *more = false;
    if (core->opt.link_count == 0)
        return OK;
    find_here(core);
    for (size_t i = 0; err == OK && i < core->opt.link_count; i++) {
        struct spread_link *link = &core->spread->link[i];
        if (link->here)
            err = tell_one(core, core->opt.links[i].member, link, more);
        else
            link->ready = false;
    }
    return err;
}
