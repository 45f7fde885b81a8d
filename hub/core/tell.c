/* What the hub itself says to a member: a notice of the hub, sent like any envelope. */
#include "core/state.h"

#include <string.h>

enum { TELL_STEP = 32 /* notices of one transaction */ };

enum err tell_notice(struct core *core, const char *recipient, const lianshu_HubNotice *body)
{
    const bool of_case = body->case_id.size > 0;
    const struct outgoing what = {
        .type = lianshu_DocumentType_TYPE_HUB_NOTICE,
        .recipient = recipient,
        .conversation = of_case ? span_of(body->case_id.bytes, body->case_id.size)
                                : span_of(body->order_id.bytes, body->order_id.size),
        .purpose = of_case ? "case" : "sanction",
        .body = body,
    };
    enum err err = outgoing_send(core, &what);
    /* A member whose key the registry does not hold any more cannot be told. */
    bool untold = err != OK && err_class(err) == ERR_CLASS_REJECT;
    return untold ? store_count(core->store, "notices.untold", 1) : err;
}

void tell_order(lianshu_HubNotice *body, const uint8_t order_id[static STORE_ID_LEN])
{
    body->order_id.size = STORE_ID_LEN;
    memcpy(body->order_id.bytes, order_id, STORE_ID_LEN);
}

enum err tell_refusal(struct core *core, const char *sender, const uint8_t env_id[static HASH_LEN],
                      const lianshu_Ground *grounds, size_t ground_count)
{
    enum err err = OK;
    for (size_t i = 0; err == OK && i < ground_count; i++) {
        struct refusal row = {0};
        memcpy(row.order_id, grounds[i].order_id, sizeof row.order_id);
        memcpy(row.env_id, env_id, sizeof row.env_id);
        memcpy(row.member, sender, strnlen(sender, sizeof row.member - 1));
        err = refusal_put(core->store->refusals, &row);
    }
    return err;
}

enum err tell_annulled(struct core *core, const uint8_t order_id[static STORE_ID_LEN])
{
    core->work_waiting = true;
    return refusal_due(core->store->refusals, order_id);
}

enum err tell_step(struct core *core, bool *more)
{
    *more = false;
    for (size_t i = 0; i < TELL_STEP; i++) {
        struct refusal row;
        enum err err = refusal_next_due(core->store->refusals, &row);
        if (err == ERR_NOT_FOUND)
            return OK;
        if (err == OK)
            err = core_begin(core);
        lianshu_HubNotice body = {.kind = lianshu_HubNoticeKind_HUBNOTICE_REFUSED_ANNULLED};
        tell_order(&body, row.order_id);
        body.env_id.size = HASH_LEN;
        memcpy(body.env_id.bytes, row.env_id, HASH_LEN);
        if (err == OK)
            err = tell_notice(core, row.member, &body);
        if (err == OK)
            err = refusal_told(core->store->refusals, &row);
        if (err != OK)
            return err;
    }
    *more = true;
    return OK;
}
