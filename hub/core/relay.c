#include "core/state.h"

#include "base/text.h"

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
        const bool linked =
            hub != NULL && (i == 0 || topology_link(r, core->opt.groups, before, hub) != LINK_NONE);
        if (!linked || (i == 0 && topology_home_of(r, in->header.sender) != hub))
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
    if (self == NULL || peer == NULL || home == NULL)
        return ERR_REGION_NOT_OWNED;
    const bool speaks =
        in->link->kind == LINK_SUPERIOR ? !topology_under(home, self) : topology_under(home, peer);
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

/* ---- where it goes ---- */

static uint32_t all_of(const lianshu_Header *h)
{
    return (uint32_t)((UINT64_C(1) << h->destination_count) - 1);
}

static int16_t link_index(const struct core *core, const struct registry_member *hub)
{
    for (size_t i = 0; i < core->opt.link_count; i++) {
        if (strcmp(core->opt.links[i].member, hub->id) == 0)
            return (int16_t)i;
    }
    return RELAY_HERE;
}

/* One destination: ours, or the link it goes by. */
static enum err route_one(const struct core *core, const struct registry_member *self,
                          const struct link *from, const char *destination, int16_t *hop)
{
    const struct registry *r = core->opt.registry;
    const struct registry_member *home = topology_home_of(r, destination);
    const struct registry_member *next;
    enum err err = topology_next(r, self, home, core->opt.links, core->opt.link_count, &next);
    if (err != OK)
        return err;
    *hop = RELAY_HERE;
    /* From above or across only what lies below us; from below whatever does not lie there. */
    if (from != NULL && from->kind != LINK_SUBORDINATE && !topology_under(home, self))
        return ERR_REGION_NOT_OWNED;
    if (next == self)
        return OK;
    *hop = link_index(core, next);
    return from != NULL && strcmp(next->id, from->member) == 0 ? ERR_REGION_NOT_OWNED : OK;
}

enum err relay_route(struct core *core, struct incoming *in)
{
    const lianshu_Header *h = &in->header;
    const struct registry *r = core->opt.registry;
    if (in->link == NULL)
        in->share = all_of(h);
    in->here = in->share;
    if (core->opt.link_count == 0)
        return OK;
    const struct registry_member *self = topology_hub(r, core->opt.member);
    if (self == NULL)
        return ERR_NO_HUB;
    if (in->share == 0 || (in->share & ~all_of(h)) != 0)
        return ERR_REGION_NOT_OWNED;
    if (in->link == NULL && topology_home_of(r, h->sender) != self)
        return ERR_REGION_NOT_OWNED;
    in->here = 0;
    for (pb_size_t i = 0; i < h->destination_count; i++) {
        const uint32_t bit = UINT32_C(1) << i;
        in->hop[i] = RELAY_HERE;
        if ((in->share & bit) == 0)
            continue;
        enum err err = route_one(core, self, in->link, h->destination[i], &in->hop[i]);
        if (err != OK)
            return err;
        if (in->hop[i] == RELAY_HERE)
            in->here |= bit;
    }
    return OK;
}

const char *relay_hop(const struct core *core, const char *destination)
{
    int16_t hop;
    if (core->opt.link_count == 0)
        return NULL;
    const struct registry_member *self = topology_hub(core->opt.registry, core->opt.member);
    if (self == NULL || route_one(core, self, NULL, destination, &hop) != OK || hop == RELAY_HERE)
        return NULL;
    return core->opt.links[hop].member;
}

bool relay_is_office(const struct core *core, const lianshu_Header *h, const char *member)
{
    if (strcmp(member, core->opt.member) == 0)
        return true;
    if (core->opt.link_count == 0)
        return false;
    const struct registry_member *hub = topology_hub(core->opt.registry, member);
    for (pb_size_t i = 0; hub != NULL && i < h->destination_count; i++) {
        if (topology_home_of(core->opt.registry, h->destination[i]) == hub)
            return true;
    }
    return false;
}

enum err relay_facts_reach(const struct core *core, const lianshu_Header *h)
{
    const int part = header_facts_part(h);
    for (pb_size_t i = 0; part >= 0 && core->opt.link_count > 0 && i < h->destination_count; i++) {
        const struct registry_member *home =
            topology_home_of(core->opt.registry, h->destination[i]);
        if (home == NULL)
            return ERR_NO_HUB;
        if (part_reader(&h->parts[part], home->id) < 0)
            return ERR_FACTS_MISSING;
    }
    return OK;
}

/* ---- rows of next hubs ---- */

static enum err queue_hop(struct core *core, const struct incoming *in,
                          const struct judgement *judged, const struct message_row *message,
                          int16_t hop)
{
    uint32_t share = 0;
    for (pb_size_t i = 0; i < in->header.destination_count; i++) {
        if ((relay_onward(in) >> i & 1) != 0 && in->hop[i] == hop)
            share |= UINT32_C(1) << i;
    }
    if (share == 0)
        return ERR_NOT_FOUND;
    const struct addressee to = {core->opt.links[hop].member, share};
    return apply_queue(core, in, judged, message, &to);
}

enum err relay_queue_all(struct core *core, const struct incoming *in,
                         const struct judgement *judged, const struct message_row *message)
{
    enum err err = OK;
    if (relay_onward(in) == 0)
        return OK;
    for (size_t hop = 0; err == OK && hop < core->opt.link_count; hop++) {
        err = queue_hop(core, in, judged, message, (int16_t)hop);
        err = err == ERR_NOT_FOUND ? OK : err;
    }
    return err;
}

/* What was said when it came stands in the statements of its rows, close behind its first leaf. */
static enum err said_then(struct core *core, const struct message_row *message,
                          lianshu_Statement *v)
{
    const uint64_t end = log_size(core->store->log);
    for (uint64_t at = message->seq + 1; at < end && at <= message->seq + CORE_ENVELOPE_LEAVES_MAX;
         at++) {
        struct log_entry entry;
        enum err err = log_get(core->store->log, at, &entry);
        if (err != OK)
            return err;
        if (entry.kind != LOG_STATEMENT)
            continue;
        if (wire_decode(&lianshu_Statement_msg, entry.body, v) != OK)
            return ERR_CORRUPT;
        if (v->env_id.size == HASH_LEN && memcmp(v->env_id.bytes, message->env_id, HASH_LEN) == 0 &&
            v->hops_count > 0) {
            v->hops_count--; /* ours, which is appended again */
            return OK;
        }
    }
    return ERR_NOT_FOUND;
}

enum err relay_queue(struct core *core, struct incoming *in, const struct message_row *message,
                     const char *link)
{
    struct judgement *judged = &core->judged;
    enum err err = OK;
    if (message->origin[0] != '\0') {
        in->link = link_of_member(core, message->origin);
        in->share = message->share;
        in->said = &core->relay->read;
        in->accepted_ms = message->accepted_ms;
        if (in->link == NULL)
            return ERR_NOT_FEDERATED;
        err = said_then(core, message, &core->relay->read);
        in->case_step = core->relay->read.case_step;
    }
    if (err == OK)
        err = relay_route(core, in);
    if (err != OK)
        return err;
    judge_none(judged);
    for (size_t hop = 0; hop < core->opt.link_count; hop++) {
        if (strcmp(core->opt.links[hop].member, link) == 0)
            return queue_hop(core, in, judged, message, (int16_t)hop);
    }
    return ERR_NOT_FOUND;
}

/* ---- receipts to the hub it came from ---- */

static struct receipt_about about(const struct incoming *in, lianshu_ReceiptKind kind,
                                  const char *recipient, enum err code)
{
    return (struct receipt_about){
        .kind = kind,
        .sender = in->header.sender,
        .origin = in->link->member,
        .message_id = in->header.message_id,
        .env_id = in->env_id,
        .about = recipient,
        .code = code,
    };
}

/* Refused for each of these destinations; *last: the leaf before, and then the newest. */
static enum err refuse_each(struct core *core, const struct incoming *in, uint32_t bits,
                            enum err code, const struct verdict *verdict, const uint64_t *first,
                            uint64_t *last)
{
    enum err err = OK;
    const uint64_t *previous = first;
    for (pb_size_t i = 0; err == OK && i < in->header.destination_count; i++) {
        if ((bits >> i & 1) == 0)
            continue;
        struct receipt_about what =
            about(in, lianshu_ReceiptKind_RECEIPT_REFUSED, in->header.destination[i], code);
        uint64_t leaf;
        what.previous = previous;
        what.grounds = verdict == NULL ? NULL : verdict->ground;
        what.ground_count = verdict == NULL ? 0 : verdict->ground_count;
        err = apply_receipt(core, &what, &leaf);
        *last = leaf;
        previous = last;
    }
    return err;
}

enum err relay_turn_back(struct core *core, const struct incoming *in, enum err why)
{
    const uint32_t bits = in->share & all_of(&in->header);
    uint64_t last;
    /* Without a statement that holds nobody is known to have said anything. */
    if (in->said == NULL || bits == 0) {
        ingest_refuse(core, in->peer, why, in->header.message_id);
        return OK;
    }
    enum err err = core_begin(core);
    if (err == OK)
        err = refuse_each(core, in, bits, why, NULL, NULL, &last);
    if (err == OK)
        err = relay_took_turn(core, in);
    core->batch_count++;
    return err;
}

enum err relay_receipts(struct core *core, const struct incoming *in,
                        const struct judgement *judged, struct message_row *message)
{
    if (judged->whole) {
        /* The first one's leaf is the message's. */
        message->seq = log_size(core->store->log);
        return refuse_each(core, in, in->share, judged->err, &judged->verdict, NULL,
                           &message->last_leaf);
    }
    const struct receipt_about what = about(in, lianshu_ReceiptKind_RECEIPT_RELAYED, "", OK);
    enum err err = apply_receipt(core, &what, &message->seq);
    message->last_leaf = message->seq;
    return err;
}

enum err relay_refuse_ours(struct core *core, const struct incoming *in,
                           const struct judgement *judged, const struct message_row *message)
{
    uint64_t last = message->last_leaf;
    enum err err =
        refuse_each(core, in, in->here, judged->err, &judged->verdict, &message->last_leaf, &last);
    return err == OK ? message_stage(core->store->messages, message->sender, message->id,
                                     (uint8_t)lianshu_ReceiptKind_RECEIPT_REFUSED, last)
                     : err;
}
