/* Where an envelope goes on: routes, rows of next hops, and what the hub it came from is told. */
#include "core/state.h"

#include <string.h>

/* ---- where it goes ---- */

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
        in->share = relay_all(h);
    in->here = in->share;
    if (core->opt.link_count == 0)
        return OK;
    const struct registry_member *self = topology_hub(r, core->opt.member);
    if (self == NULL)
        return ERR_NO_HUB;
    if (in->share == 0 || (in->share & ~relay_all(h)) != 0)
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
    in->said = &core->stored_statement;
    in->accepted_ms = message->accepted_ms;
    if (message->origin[0] != '\0') {
        in->link = link_of_member(core, message->origin);
        in->share = message->share;
        if (in->link == NULL)
            return ERR_NOT_FEDERATED;
        err = said_then(core, message, &core->stored_statement);
        in->case_step = core->stored_statement.case_step;
    } else {
        wire_clear(&lianshu_Statement_msg, &core->stored_statement);
        core->stored_statement.accepted_ms = message->accepted_ms;
        err = cases_said_then(core, in, &in->case_step, &core->stored_statement.accepted_ms);
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
    const uint32_t bits = in->share & relay_all(&in->header);
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
