/* A receipt that this hub gives as a member: for what another hub sends to it, not through it. */
#include "core/state.h"

#include "base/text.h"

#include <string.h>

static enum err sign(struct core *core, struct span q, struct writer *s)
{
    struct batch *batch = NULL;
    merkle_hash leaf;
    size_t index;
    receipt_leaf(leaf, q);
    enum err err = batch_open(&batch);
    if (err == OK)
        err = batch_add(batch, leaf, &index);
    if (err == OK)
        err = batch_sign(batch, core->sign_key);
    if (err == OK)
        err = batch_write(batch, index, s);
    batch_close(&batch);
    return err;
}

enum err receipts_own(struct core *core, const struct incoming *in, lianshu_ReceiptKind kind,
                      enum err code, uint64_t *leaf)
{
    struct message_row message = {.last_leaf = CHAIN_END};
    lianshu_Receipt q = {.kind = kind, .code = (uint32_t)code, .time_ms = core->now_ms};
    uint8_t bytes[FRAME_RECEIPT_MAX];
    uint8_t signature[BATCH_SIGNATURE_MAX];
    struct writer w = writer_of(bytes, sizeof bytes);
    struct writer s = writer_of(signature, sizeof signature);
    text_copy(q.realm, sizeof q.realm, core->opt.realm);
    text_copy(q.sender, sizeof q.sender, in->header.sender);
    text_copy(q.by, sizeof q.by, core->opt.member);
    memcpy(q.message_id, in->header.message_id, sizeof q.message_id);
    memcpy(q.env_id, in->env_id, sizeof q.env_id);
    enum err err = receipt_encode(&q, &w);
    if (err == OK)
        err = sign(core, writer_span(&w), &s);
    if (err != OK)
        return err;
    const struct frame_receipt entry = {
        .form = FRAME_RECEIPT_MEMBER, .receipt = writer_span(&w), .signature = writer_span(&s)};
    text_copy(message.sender, sizeof message.sender, in->header.sender);
    text_copy(message.origin, sizeof message.origin, core_peer_at(core, in->peer)->member);
    return receipts_keep(core, &message, &entry, leaf);
}
