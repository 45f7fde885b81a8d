/* What the hub itself declares about an envelope that waits: expired, superseded, refused, parked,
 * warned. Each is a receipt to the sender, a tombstone for the recipient's count, and the end of
 * the row, in the open transaction. The row of a next hub stands for every recipient behind it:
 * each has a receipt and an end of its own. */
#include "core/state.h"

#include <string.h>

/* Whom a row is for: one recipient, or those behind a link that are not at their end. */
struct readers {
    size_t count;
    char member[RECEIPTS_BEHIND_MAX][STORE_MEMBER_MAX + 1];
};

static enum err find_readers(struct core *core, const struct queue_row *row, struct readers *out)
{
    struct message_row message;
    struct readers behind;
    out->count = 0;
    enum err err = message_get(core->store->messages, row->sender, row->message_id, &message);
    if (err != OK)
        return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
    behind.count = link_of_member(core, row->recipient) == NULL
                       ? 0
                       : receipts_behind(core, &message, row->recipient, behind.member);
    for (size_t i = 0; err == OK && i < behind.count; i++) {
        bool ended;
        err = receipts_ended(core, &message, behind.member[i], &ended);
        if (err == OK && !ended)
            memcpy(out->member[out->count++], behind.member[i], sizeof behind.member[i]);
    }
    if (behind.count == 0)
        memcpy(out->member[out->count++], row->recipient, sizeof row->recipient);
    return err;
}

/* The receipt and its place in the message's chain. */
static enum err tell(struct core *core, const struct queue_row *row, const char *about,
                     const struct ending *what, uint64_t *leaf)
{
    struct message_row message;
    enum err err = message_get(core->store->messages, row->sender, row->message_id, &message);
    if (err != OK)
        return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
    const struct receipt_about receipt = {
        .kind = what->kind,
        .sender = row->sender,
        .origin = message.origin,
        .message_id = row->message_id,
        .env_id = message.env_id,
        .about = about,
        .code = what->code,
        .grounds = what->grounds,
        .ground_count = what->ground_count,
        .previous = &message.last_leaf,
    };
    err = apply_receipt(core, &receipt, leaf);
    if (err != OK)
        return err;
    const bool warns = what->kind == lianshu_ReceiptKind_RECEIPT_WARNED;
    const uint8_t stage = warns ? message.stage : (uint8_t)what->kind;
    return receipt_kind_final(what->kind)
               ? message_settle(core->store->messages, row->sender, row->message_id, stage, *leaf,
                                NULL)
               : message_stage(core->store->messages, row->sender, row->message_id, stage, *leaf);
}

/* *leaf: of the last one. */
static enum err tell_all(struct core *core, const struct queue_row *row, const struct ending *what,
                         const struct readers *readers, uint64_t *leaf)
{
    enum err err = OK;
    *leaf = row->seq;
    for (size_t i = 0; err == OK && i < readers->count; i++)
        err = tell(core, row, readers->member[i], what, leaf);
    return err;
}

/* Behind what closes the row, which is said to the next hub with what is sent now. */
static enum err show_ended(struct core *core, const struct queue_row *row,
                           const struct readers *readers)
{
    struct message_row message;
    enum err err = message_get(core->store->messages, row->sender, row->message_id, &message);
    for (size_t i = 0; err == OK && i < readers->count; i++)
        err = case_share_ended(core, &message, readers->member[i]);
    return err;
}

enum err ending_close(struct core *core, const struct queue_row *row, const struct ending *what)
{
    struct readers readers;
    uint64_t leaf;
    enum err err = find_readers(core, row, &readers);
    if (err == OK)
        err = tell_all(core, row, what, &readers, &leaf);
    if (err != OK)
        return err;
    deliver_released(core, row->recipient, row->seq, row->bytes);
    err = queue_close(core->store->queue, row->recipient, row->seq, (uint8_t)what->kind, leaf);
    peers_wake(&core->peers, row->recipient, WAKE_QUEUE); /* what waited behind it may go */
    if (err == OK && row->type == lianshu_DocumentType_TYPE_MIRROR_UPDATE)
        err = mirror_answered(core, row, true);
    return err == OK ? show_ended(core, row, &readers) : err;
}

enum err ending_park(struct core *core, const struct queue_row *row, enum err code)
{
    const struct ending what = {.kind = lianshu_ReceiptKind_RECEIPT_PARKED, .code = code};
    const struct ending given_up = {.kind = lianshu_ReceiptKind_RECEIPT_SUPERSEDED, .code = code};
    struct readers readers;
    uint64_t leaf;
    if (row->type == lianshu_DocumentType_TYPE_MIRROR_UPDATE)
        return ending_close(core, row, &given_up); /* a new snapshot takes its place */
    enum err err = find_readers(core, row, &readers);
    if (err == OK)
        err = tell_all(core, row, &what, &readers, &leaf);
    if (err != OK)
        return err;
    deliver_released(core, row->recipient, row->seq, row->bytes);
    err = queue_park(core->store->queue, row->recipient, row->seq, (uint32_t)code, leaf);
    peers_wake(&core->peers, row->recipient, WAKE_QUEUE);
    return err;
}

enum err ending_warn(struct core *core, const struct queue_row *row)
{
    const struct ending what = {.kind = lianshu_ReceiptKind_RECEIPT_WARNED,
                                .code = row->state == QUEUE_HELD ? ERR_HELD : ERR_UNDELIVERED};
    struct readers readers;
    uint64_t leaf;
    enum err err = find_readers(core, row, &readers);
    if (err == OK)
        err = tell_all(core, row, &what, &readers, &leaf);
    return err == OK ? queue_warned(core->store->queue, row->recipient, row->seq) : err;
}
