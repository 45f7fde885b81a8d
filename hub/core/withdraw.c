/* Taking an envelope back: what still waits here for its recipients is superseded at once, by the
 * hub of each. The withdrawal itself goes to every recipient all the same, over the hubs that the
 * envelope takes: after a lost connection nobody here knows whether the envelope
 * had arrived. PROTOCOL.md, Withdrawal. */
#include "core/state.h"

#include <string.h>

enum err withdraw_judge(struct core *core, const struct incoming *in, struct judgement *out)
{
    const lianshu_Withdraw *body = &in->body.withdraw;
    struct message_row message;
    enum err err =
        message_get(core->store->messages, in->header.sender, body->message_id, &message);
    if (err != OK && err != ERR_NOT_FOUND)
        return err;
    /* It may have overtaken what it takes back; that is then passed over where both arrive. */
    if (err == ERR_NOT_FOUND && in->link != NULL)
        return OK;
    if (err == ERR_NOT_FOUND || memcmp(message.env_id, body->env_id, HASH_LEN) != 0) {
        out->err = ERR_NOT_FOUND;
        return OK;
    }
    const struct document_type *type = type_find(message.type);
    /* What has taken effect here is ended by its own counterpart, not by this. */
    if (type == NULL || (type->flags & (TYPE_RULES | TYPE_CASE | TYPE_TO_HUB)) != 0)
        out->err = ERR_WITHDRAW_LATE;
    return OK;
}

enum err withdraw_apply(struct core *core, const struct incoming *in)
{
    const struct ending what = {.kind = lianshu_ReceiptKind_RECEIPT_SUPERSEDED,
                                .code = ERR_WITHDRAWN};
    struct message_row message;
    enum err err = message_get(core->store->messages, in->header.sender,
                               in->body.withdraw.message_id, &message);
    if (err == ERR_NOT_FOUND)
        return OK; /* not here (yet): it came by a link */
    for (pb_size_t i = 0; err == OK && i < in->header.destination_count; i++) {
        struct queue_row row;
        err = queue_get(core->store->queue, in->header.destination[i], message.seq, &row);
        if (err == OK) {
            err = ending_close(core, &row, &what);
            err = err == OK ? store_count(core->store, "withdrawn", 1) : err;
        } else if (err == ERR_NOT_FOUND) {
            err = OK; /* it has it, or was never a recipient */
        }
    }
    return err;
}
