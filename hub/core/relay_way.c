/* How an envelope of a link came: what that hub says of it, the hubs passed, its turn. */
#include "core/state.h"

#include <stdlib.h>
#include <string.h>

enum {
    SAID_MAX = FRAME_STATEMENT_MAX + MERKLE_PATH_MAX * HASH_LEN + FRAME_CHECKPOINT_MAX + 64,
    GAPS_MAX = 256, /* conversations behind a gap that are remembered, over all links */
};

/* What a link said of the envelope that comes next, and what it may still give. */
struct said {
    struct bucket bucket; /* all its connections share it */
    size_t len;           /* of the frame; 0: nothing */
    uint8_t bytes[SAID_MAX];
};

/* A number that came before its turn. */
struct gap {
    const struct link *link; /* NULL: free */
    uint8_t conversation[STORE_ID_LEN];
    uint64_t number;
};

struct relay {
    struct said *said; /* owns one a link, in the order of core_options.links */
    struct gap gap[GAPS_MAX];
    size_t next_gap;        /* which is forgotten next */
    lianshu_Statement read; /* of the envelope under examination */
};

enum err relay_open(struct core *core)
{
    struct relay *r = calloc(1, sizeof *r);
    core->relay = r;
    if (r == NULL)
        return ERR_NO_MEMORY;
    r->said = calloc(core->opt.link_count + 1, sizeof *r->said);
    return r->said != NULL ? OK : ERR_NO_MEMORY;
}

void relay_close(struct core *core)
{
    if (core->relay != NULL)
        free(core->relay->said);
    free(core->relay);
    core->relay = NULL;
}

/* ---- the statement in front ---- */

static struct said *said_by(struct core *core, const struct link *link)
{
    return &core->relay->said[link - core->opt.links];
}

enum err relay_statement(struct core *core, uint32_t peer, struct span frame)
{
    const struct link *link = core->opt.link_count == 0 ? NULL : link_of_peer(core, peer);
    if (link == NULL || frame.len > SAID_MAX) {
        ingest_refuse(core, peer, link == NULL ? ERR_FRAME_EMPTY : ERR_FRAME_LENGTH, NULL);
        return OK;
    }
    struct said *said = said_by(core, link);
    memcpy(said->bytes, frame.data, frame.len);
    said->len = frame.len;
    return OK;
}

static void forget_gaps(struct core *core, const struct link *link)
{
    for (size_t i = 0; i < GAPS_MAX; i++) {
        if (core->relay->gap[i].link == link)
            core->relay->gap[i].link = NULL;
    }
}

void relay_hello(struct core *core, uint32_t peer)
{
    const struct link *link = core->opt.link_count == 0 ? NULL : link_of_peer(core, peer);
    if (link == NULL)
        return;
    said_by(core, link)->len = 0;
    forget_gaps(core, link);
}

enum err relay_busy(struct core *core, uint32_t peer, const lianshu_Busy *busy)
{
    enum { PAUSE_MAX_MS = 60 * 1000 };
    if (core->opt.link_count == 0 || link_of_peer(core, peer) == NULL) {
        ingest_refuse(core, peer, ERR_WIRE_ENUM, NULL);
        return OK;
    }
    if (err_class(err_from_code(busy->code)) != ERR_CLASS_RETRY)
        return OK; /* its own count of what it did not take; the lease runs out */
    enum err err = core_peer_full(core, peer, core->now_ms);
    struct peer *p = core_peer_at(core, peer);
    const uint32_t pause_ms =
        busy->retry_after_ms < PAUSE_MAX_MS ? busy->retry_after_ms : PAUSE_MAX_MS;
    if (core->now_ms + pause_ms > p->paused_until_ms)
        p->paused_until_ms = core->now_ms + pause_ms;
    core_wake_at(core, p->paused_until_ms);
    return err;
}

/* The statement, verified in that hub's log, is about this envelope and for us. */
static enum err read_said(struct core *core, struct incoming *in)
{
    struct said *said = said_by(core, in->link);
    lianshu_Statement *v = &core->relay->read;
    struct frame_statement s;
    struct checkpoint c;
    const size_t len = said->len;
    said->len = 0;
    if (len == 0)
        return ERR_HOPS;
    enum err err = frame_parse_statement(span_of(said->bytes, len), &s);
    if (err != OK)
        return err;
    struct log_reader *reader =
        log_readers_of(core->readers, core->opt.registry, in->link->member, core->now_ms);
    err = log_reader_checkpoint(reader, s.checkpoint, &c);
    if (err == OK)
        err = statement_verify(reader, &c, s.statement, (const merkle_hash *)s.path.data,
                               s.path.len / HASH_LEN, v);
    if (err != OK)
        return err;
    if (v->env_id.size != HASH_LEN || memcmp(v->env_id.bytes, in->env_id, HASH_LEN) != 0 ||
        strcmp(v->recipient, core->opt.member) != 0)
        return ERR_HOPS;
    if (v->accepted_ms > core->now_ms + FUTURE_MAX_MS)
        return ERR_FUTURE;
    in->said = v;
    in->accepted_ms = v->accepted_ms;
    in->share = v->share;
    in->case_step = v->case_step;
    return OK;
}

/* ---- the way it came ---- */

/* Is it, or was it when the envelope was taken, the sender's own? */
static bool is_first(const struct core *core, const struct incoming *in,
                     const struct registry_member *hub)
{
    const struct registry *r = core->opt.registry;
    return topology_home_of(r, in->header.sender) == hub ||
           topology_home_at(r, in->header.sender, in->accepted_ms) == hub;
}

static bool are_linked(const struct core *core, const struct incoming *in,
                       const struct registry_member *one, const struct registry_member *other)
{
    const struct registry *r = core->opt.registry;
    return topology_link(r, core->opt.groups, one, other) != LINK_NONE ||
           topology_next_to(r, one, other, in->accepted_ms);
}

/* Hub by hub from the sender's own to the one that speaks, each linked with the next. */
static enum err check_hops(const struct core *core, const struct incoming *in)
{
    const struct registry *r = core->opt.registry;
    const lianshu_Statement *v = in->said;
    const struct registry_member *before = NULL;
    enum { MAX = sizeof v->hops / sizeof v->hops[0] };
    if (v->hops_count == 0 || v->hops_count >= MAX ||
        strcmp(v->hops[v->hops_count - 1], in->link->member) != 0)
        return ERR_HOPS;
    for (pb_size_t i = 0; i < v->hops_count; i++) {
        if (strcmp(v->hops[i], core->opt.member) == 0)
            return ERR_HOPS_LOOP;
        for (pb_size_t j = 0; j < i; j++) {
            if (strcmp(v->hops[i], v->hops[j]) == 0)
                return ERR_HOPS_LOOP;
        }
    }
    for (pb_size_t i = 0; i < v->hops_count; i++) {
        const struct registry_member *hub = topology_hub(r, v->hops[i]);
        if (hub == NULL || !(i == 0 ? is_first(core, in, hub) : are_linked(core, in, before, hub)))
            return ERR_HOPS;
        before = hub;
    }
    return OK;
}

/* A superior speaks for what lies outside our region, everybody else for its own. */
static enum err check_speaks(const struct core *core, const struct incoming *in)
{
    const struct registry *r = core->opt.registry;
    const struct registry_member *self = topology_hub(r, core->opt.member);
    const struct registry_member *peer = topology_hub(r, in->link->member);
    const struct registry_member *home = topology_home_of(r, in->header.sender);
    const struct registry_member *then = topology_home_at(r, in->header.sender, in->accepted_ms);
    if (self == NULL || peer == NULL || home == NULL)
        return ERR_REGION_NOT_OWNED;
    const bool speaks =
        in->link->kind == LINK_SUPERIOR
            ? !topology_under(home, self) || (then != NULL && !topology_under(then, self))
            : topology_under(home, peer);
    return speaks ? OK : ERR_REGION_NOT_OWNED;
}

enum err relay_came(struct core *core, struct incoming *in)
{
    const uint32_t rate = in->link->rate_per_s != 0 ? in->link->rate_per_s : core->opt.rate_per_s;
    struct said *said = said_by(core, in->link);
    if (bucket_take(&said->bucket, rate, 0, core->now_ms) != OK) {
        said->len = 0;
        return ERR_QUOTA;
    }
    enum err err = read_said(core, in);
    if (err == OK)
        err = check_hops(core, in);
    if (err == OK)
        err = check_speaks(core, in);
    return err == OK ? relay_route(core, in) : err;
}

/* ---- its turn ---- */

static struct gap *gap_of(struct core *core, const struct incoming *in)
{
    for (size_t i = 0; i < GAPS_MAX; i++) {
        struct gap *gap = &core->relay->gap[i];
        if (gap->link == in->link &&
            memcmp(gap->conversation, in->said->conversation.bytes, STORE_ID_LEN) == 0)
            return gap;
    }
    return NULL;
}

static bool is_numbered(const struct incoming *in)
{
    return in->said->delivery_number > 0 && in->said->conversation.size == STORE_ID_LEN;
}

/* The first number that neither came nor is declared void. */
static uint64_t wanted(const struct incoming *in, uint64_t last)
{
    uint64_t next = last + 1;
    for (pb_size_t i = 0; i < in->said->tombstones_count; i++) {
        const lianshu_Tombstone *t = &in->said->tombstones[i];
        if (t->number <= next && next - t->number < t->count)
            next = t->number + t->count;
    }
    return next;
}

enum err relay_in_turn(struct core *core, const struct incoming *in)
{
    uint64_t last;
    if (!is_numbered(in))
        return OK;
    enum err err = message_sequence(core->store->messages, in->link->member,
                                    in->said->conversation.bytes, &last);
    if (err != OK || in->said->delivery_number <= wanted(in, last))
        return err;
    struct gap *gap = gap_of(core, in);
    if (gap != NULL && gap->number == in->said->delivery_number)
        return OK; /* given again, and nothing before it: nothing is */
    if (gap == NULL) {
        gap = &core->relay->gap[core->relay->next_gap++ % GAPS_MAX];
        *gap = (struct gap){.link = in->link, .number = UINT64_MAX};
        memcpy(gap->conversation, in->said->conversation.bytes, STORE_ID_LEN);
    }
    if (in->said->delivery_number < gap->number)
        gap->number = in->said->delivery_number;
    return ERR_SEQUENCE_GAP;
}

void relay_put_off(struct core *core, const struct incoming *in)
{
    struct gap *gap = in->said != NULL && is_numbered(in) ? gap_of(core, in) : NULL;
    if (gap != NULL && gap->number > in->said->delivery_number)
        gap->link = NULL;
}

enum err relay_took_turn(struct core *core, const struct incoming *in)
{
    if (!is_numbered(in))
        return OK;
    struct gap *gap = gap_of(core, in);
    if (gap != NULL && gap->number <= in->said->delivery_number)
        gap->link = NULL;
    return message_sequence_put(core->store->messages, in->link->member,
                                in->said->conversation.bytes, in->said->delivery_number);
}
