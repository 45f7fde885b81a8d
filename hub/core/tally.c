/* How far an order is at hubs other than its issuer's: each tells that one how many obligations of
 * its members are in which state. Numbers alone; who owes what stays where it is owed. */
#include "core/state.h"

#include "base/text.h"

#include <string.h>

enum {
    TALLY_ORDERS_MAX = sizeof((lianshu_RelayTally *)0)->orders / sizeof(lianshu_Tally),
};

enum err tally_note(struct core *core, const uint8_t order_id[static STORE_ID_LEN])
{
    struct tallies *tallies = core->store->tallies;
    char issuer[STORE_MEMBER_MAX + 1];
    if (core->opt.link_count == 0 || tally_noted(tallies, order_id))
        return OK;
    enum err err = order_issuer(core->store->orders, order_id, issuer);
    if (err != OK) /* it is being written: noted with its first obligation */
        return err == ERR_NOT_FOUND ? OK : err;
    const struct registry_member *home = topology_home_of(core->opt.registry, issuer);
    const bool theirs = home != NULL && !spread_ours(core, issuer);
    core_wake_at(core, core->now_ms + TALLY_SETTLE_MS);
    return tally_due_put(tallies, theirs ? home->id : NULL, order_id,
                         core->now_ms + TALLY_SETTLE_MS);
}

enum err tally_count(struct core *core, const uint8_t order_id[static STORE_ID_LEN],
                     struct tally_row *row)
{
    uint64_t counts[OBLIGATION_STATES];
    uint64_t overdue = 0;
    struct order_row order = {.version = 0};
    enum err err = order_get(core->store->orders, order_id, STORE_NEVER, &order);
    if (err == OK || err == ERR_NOT_FOUND)
        err = obligation_counts(core->store->obligations, order_id, counts);
    if (err == OK)
        err = obligation_overdue(core->store->obligations, order_id, core->now_ms, &overdue);
    if (err != OK)
        return err;
    *row = (struct tally_row){.at_ms = core->now_ms,
                              .version = order.version,
                              .state = order.state,
                              .overdue = (uint32_t)overdue};
    memcpy(row->order_id, order_id, sizeof row->order_id);
    text_copy(row->hub, sizeof row->hub, core->opt.member);
    for (size_t i = 0; i < OBLIGATION_STATES; i++)
        row->count[i] = (uint32_t)counts[i];
    return OK;
}

static void put_wire(const struct tally_row *row, lianshu_Tally *out)
{
    *out = (lianshu_Tally){
        .version = row->version,
        .state = row->state,
        .created = row->count[OBLIGATION_CREATED],
        .delivered = row->count[OBLIGATION_DELIVERED],
        .accepted = row->count[OBLIGATION_ACCEPTED],
        .declined = row->count[OBLIGATION_DECLINED],
        .executed = row->count[OBLIGATION_EXECUTED],
        .cancelled = row->count[OBLIGATION_CANCELLED],
        .lift_due = row->count[OBLIGATION_LIFT_DUE],
        .lifted = row->count[OBLIGATION_LIFTED],
        .unassigned = row->count[0],
        .overdue = row->overdue,
    };
    memcpy(out->order_id, row->order_id, sizeof out->order_id);
}

static void take_wire(const lianshu_Tally *said, struct tally_row *row)
{
    *row = (struct tally_row){
        .version = said->version,
        .state = said->state,
        .count = {[0] = said->unassigned,
                  [OBLIGATION_CREATED] = said->created,
                  [OBLIGATION_DELIVERED] = said->delivered,
                  [OBLIGATION_ACCEPTED] = said->accepted,
                  [OBLIGATION_DECLINED] = said->declined,
                  [OBLIGATION_EXECUTED] = said->executed,
                  [OBLIGATION_CANCELLED] = said->cancelled,
                  [OBLIGATION_LIFT_DUE] = said->lift_due,
                  [OBLIGATION_LIFTED] = said->lifted},
        .overdue = said->overdue,
    };
    memcpy(row->order_id, said->order_id, sizeof row->order_id);
}

/* ---- out ---- */

static enum err tell(struct core *core, const char *hub)
{
    lianshu_RelayTally *body = &core->spread->tally;
    uint8_t order_id[STORE_ID_LEN] = {0};
    struct tally_row row;
    enum err err = OK;
    wire_clear(&lianshu_RelayTally_msg, body);
    body->at_ms = core->now_ms;
    while (body->orders_count < TALLY_ORDERS_MAX &&
           (err = tally_due_next(core->store->tallies, hub, core->now_ms, order_id)) == OK) {
        err = tally_count(core, order_id, &row);
        if (err == OK)
            err = tally_due_done(core->store->tallies, hub, order_id);
        if (err != OK)
            return err;
        put_wire(&row, &body->orders[body->orders_count++]);
    }
    if (err != OK && err != ERR_NOT_FOUND)
        return err;
    const struct outgoing what = {
        .type = lianshu_DocumentType_TYPE_RELAY_TALLY,
        .recipient = hub,
        .purpose = "federation",
        .body = body,
    };
    err = outgoing_send(core, &what);
    /* A hub without a usable key is told with the next change. */
    return err_class(err) == ERR_CLASS_REJECT ? store_count(core->store, "tally.untold", 1)
           : err == OK                        ? store_count(core->store, "tally.told", 1)
                                              : err;
}

/* Can something be said to it now? Numbers that nobody hears are old when they are heard. */
static bool heard_by(const struct core *core, const char *hub)
{
    const char *hop = relay_hop(core, hub);
    return hop != NULL && link_state(core, hop).up;
}

enum err tally_step(struct core *core, bool *more)
{
    char hub[STORE_MEMBER_MAX + 1];
    uint64_t due_ms;
    *more = false;
    if (core->opt.link_count == 0)
        return OK;
    enum err err = tally_due_first(core->store->tallies, hub, &due_ms);
    if (err != OK)
        return err == ERR_NOT_FOUND ? OK : err;
    if (due_ms > core->now_ms) {
        core_wake_at(core, due_ms);
        return OK;
    }
    core_wake_at(core, core->now_ms + TALLY_SETTLE_MS);
    err = core_begin(core);
    if (err != OK)
        return err;
    *more = true;
    return heard_by(core, hub) ? tell(core, hub)
                               : tally_due_defer(core->store->tallies, hub, core->now_ms,
                                                 core->now_ms + TALLY_SETTLE_MS);
}

/* ---- in ---- */

enum err tally_judge(struct core *core, const struct incoming *in, struct judgement *out)
{
    const lianshu_RelayTally *body = &in->body.relay_tally;
    if (in->link == NULL || topology_hub(core->opt.registry, in->header.sender) == NULL)
        out->err = ERR_NO_RIGHT;
    else if (body->at_ms > core->now_ms + FUTURE_MAX_MS)
        out->err = ERR_FUTURE;
    for (pb_size_t i = 0; i < body->orders_count; i++)
        if (body->orders[i].state >= ORDER_STATES)
            out->err = ERR_FIELD_VALUE;
    return OK;
}

/* Of orders of our own members alone: what another hub's issuer would know is not ours to keep. */
enum err tally_take(struct core *core, const struct incoming *in, uint64_t seq)
{
    const lianshu_RelayTally *body = &in->body.relay_tally;
    enum err err = OK;
    for (pb_size_t i = 0; err == OK && i < body->orders_count; i++) {
        char issuer[STORE_MEMBER_MAX + 1];
        struct tally_row row;
        take_wire(&body->orders[i], &row);
        text_copy(row.hub, sizeof row.hub, in->header.sender);
        row.seq = seq;
        row.at_ms = body->at_ms;
        err = order_issuer(core->store->orders, row.order_id, issuer);
        const bool ours = err == OK && spread_ours(core, issuer);
        if (err == OK && ours)
            err = tally_put(core->store->tallies, &row);
        if (err == ERR_NOT_FOUND || err == ERR_REPEAT || (err == OK && !ours))
            err = store_count(core->store, "tally.unused", 1);
    }
    uint64_t leaf;
    return err == OK ? receipts_own(core, in, lianshu_ReceiptKind_RECEIPT_DELIVERED, OK, &leaf)
                     : err;
}
