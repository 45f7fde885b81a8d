/* The plan of an order made again, because something else is known of relations or a member was
 * enrolled: what was decided then, with the relations of now. It leaves a record like the decision
 * itself, by which it can be proven. */
#include "core/state.h"

#include "base/text.h"

#include <string.h>

/* The document of the order's text, into core->in, and what was decided about it. */
static enum err open_text(struct core *core, const struct order_row *order,
                          lianshu_DecisionRecord *decided)
{
    struct order_row text;
    struct decision_row row;
    struct writer lsd1 = writer_of(core->plain, SEAL_PLAIN_MAX);
    enum err err = order_text(core->store->orders, order->id, order->version, STORE_NEVER, &text);
    if (err == OK)
        err = decision_get(core->store->decisions, text.decision_seq, &row);
    if (err == OK)
        err = wire_decode(&lianshu_DecisionRecord_msg, row.record, decided);
    if (err == OK)
        err = plans_unseal(core, &text, &lsd1, NULL, NULL);
    if (err == OK)
        err = evaluate_open(&core->in, writer_span(&lsd1));
    return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
}

enum err replan_record(struct core *core, struct order_row *order, const char *member)
{
    lianshu_DecisionRecord *decided = &core->stored_record;
    enum err err = open_text(core, order, decided);
    if (err != OK)
        return err;
    decided->known_size = order->known_seq;
    text_copy(decided->member, sizeof decided->member, member);
    const struct redecision what = {core->opt.rules, &core->in, decided, NULL};
    err = evaluate_again(core, &what, &core->judged.record);
    return err == OK
               ? apply_record_again(core, &core->in, &core->judged.record, &order->decision_seq)
               : err;
}
