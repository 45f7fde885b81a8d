/* What the hub itself declares about an envelope that waits: expired, superseded, refused, parked,
 * warned. Each is a receipt to the sender, a tombstone for the recipient's count, and the end of
 * the row, in the open transaction. */
#include "core/state.h"

#include <string.h>

/* The receipt and its place in the message's chain. */
static enum err tell(struct core *core, const struct queue_row *row, const struct ending *what,
                     struct message_row *message, uint64_t *leaf)
{
    enum err err = message_get(core->store->messages, row->sender, row->message_id, message);
    if (err != OK)
        return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
    const struct receipt_about receipt = {
        .kind = what->kind,
        .sender = row->sender,
        .message_id = row->message_id,
        .env_id = message->env_id,
        .about = row->recipient,
        .code = what->code,
        .grounds = what->grounds,
        .ground_count = what->ground_count,
        .previous = &message->last_leaf,
    };
    return apply_receipt(core, &receipt, leaf);
}

enum err ending_close(struct core *core, const struct queue_row *row, const struct ending *what)
{
    struct message_row message;
    uint64_t leaf;
    enum err err = tell(core, row, what, &message, &leaf);
    if (err != OK)
        return err;
    deliver_released(core, row->recipient, row->seq, row->bytes);
    err = queue_close(core->store->queue, row->recipient, row->seq, (uint8_t)what->kind, leaf);
    if (err == OK)
        err = message_settle(core->store->messages, row->sender, row->message_id,
                             (uint8_t)what->kind, leaf, NULL);
    peers_wake(&core->peers, row->recipient, WAKE_QUEUE); /* what waited behind it may go */
    if (err == OK && row->type == lianshu_DocumentType_TYPE_MIRROR_UPDATE)
        err = mirror_answered(core, row, true);
    return err;
}

enum err ending_park(struct core *core, const struct queue_row *row, enum err code)
{
    const struct ending what = {.kind = lianshu_ReceiptKind_RECEIPT_PARKED, .code = code};
    const struct ending given_up = {.kind = lianshu_ReceiptKind_RECEIPT_SUPERSEDED, .code = code};
    struct message_row message;
    uint64_t leaf;
    if (row->type == lianshu_DocumentType_TYPE_MIRROR_UPDATE)
        return ending_close(core, row, &given_up); /* a new snapshot takes its place */
    enum err err = tell(core, row, &what, &message, &leaf);
    if (err != OK)
        return err;
    deliver_released(core, row->recipient, row->seq, row->bytes);
    err = queue_park(core->store->queue, row->recipient, row->seq, (uint32_t)code, leaf);
    if (err == OK)
        err = message_stage(core->store->messages, row->sender, row->message_id, (uint8_t)what.kind,
                            leaf);
    peers_wake(&core->peers, row->recipient, WAKE_QUEUE);
    return err;
}

enum err ending_warn(struct core *core, const struct queue_row *row)
{
    const struct ending what = {.kind = lianshu_ReceiptKind_RECEIPT_WARNED,
                                .code = row->state == QUEUE_HELD ? ERR_HELD : ERR_UNDELIVERED};
    struct message_row message;
    uint64_t leaf;
    enum err err = tell(core, row, &what, &message, &leaf);
    if (err == OK)
        err =
            message_stage(core->store->messages, row->sender, row->message_id, message.stage, leaf);
    return err == OK ? queue_warned(core->store->queue, row->recipient, row->seq) : err;
}
