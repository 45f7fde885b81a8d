/* Receipts in: kept beside their leaf for ever, and on towards the sender. Here those of our own
 * members; receipts_back.c has what comes by links. */
#include "core/state.h"

#include <string.h>

enum err receipts_keep(struct core *core, const struct message_row *message,
                       const struct frame_receipt *entry, uint64_t *leaf)
{
    uint8_t bytes[CHAIN_BESIDE_MAX];
    struct writer beside = writer_of(bytes, sizeof bytes);
    uint8_t hash[HASH_LEN];
    const struct span both[] = {entry->receipt, entry->signature}; /* a hub's has no S */
    hash_spans(hash, both, 2);
    chain_encode(&beside, message->last_leaf, entry);
    if (beside.full)
        return ERR_TOO_LARGE;
    const enum log_kind kind =
        entry->form == FRAME_RECEIPT_MEMBER ? LOG_MEMBER_RECEIPT : LOG_OTHER_RECEIPT;
    enum err err = log_append(core->store->log, kind, core->now_ms, span_of(hash, sizeof hash),
                              writer_span(&beside), leaf);
    return err == OK ? receipts_hand(core, message->sender, message->origin, *leaf) : err;
}

enum err receipts_settle_row(struct core *core, const struct queue_row *row,
                             const struct message_row *message, const lianshu_Receipt *q,
                             const struct frame_receipt *entry)
{
    bool returned = q->kind == lianshu_ReceiptKind_RECEIPT_RETURNED;
    /* A page that was not taken is of no use to anybody: the mirror begins anew. */
    bool mirror = row->type == lianshu_DocumentType_TYPE_MIRROR_UPDATE;
    bool ours = !mirror && strcmp(row->sender, core->opt.member) == 0;
    if (returned && ours && row->state == QUEUE_PARKED)
        return ERR_RECEIPT_STALE; /* it was returned before */
    uint64_t leaf;
    enum err err = receipts_keep(core, message, entry, &leaf);
    if (err != OK)
        return err;
    /* Nobody at a desk waits for our own: it stays, parked, until somebody looks. */
    if (returned && ours) {
        deliver_released(core, row->recipient, row->seq, row->bytes);
        err = queue_park(core->store->queue, row->recipient, row->seq, q->code, leaf);
        return err == OK ? message_stage(core->store->messages, row->sender, row->message_id,
                                         (uint8_t)q->kind, leaf)
                         : err;
    }
    if (notices_is(row)) /* other rows note there how a hold of theirs ended */
        err = obligations_delivered(core, row);
    if (err == OK && mirror)
        err = mirror_answered(core, row, returned);
    if (err == OK)
        err = receipts_row_done(core, row);
    if (err == OK)
        err = message_settle(core->store->messages, row->sender, row->message_id, (uint8_t)q->kind,
                             leaf, NULL);
    return err == OK
               ? store_count(core->store, returned ? "receipt.returned" : "receipt.delivered", 1)
               : err;
}

unsigned receipts_rank(lianshu_ReceiptKind kind)
{
    switch (kind) {
    case lianshu_ReceiptKind_RECEIPT_DELIVERED:
        return 1;
    case lianshu_ReceiptKind_RECEIPT_OPENED:
        return 2;
    case lianshu_ReceiptKind_RECEIPT_ACTED:
        return 3;
    default:
        return 0;
    }
}

/* The highest stage that this member has receipted; 0: none. */
static enum err rank_of(struct core *core, const struct message_row *message, const char *member,
                        unsigned *highest)
{
    uint64_t leaf = message->last_leaf;
    struct chain_receipt link;
    enum err err;
    *highest = 0;
    while ((err = chain_next(core, &leaf, &link)) == OK) {
        lianshu_Receipt *q = &core->stored_receipt;
        if (link.entry.form != FRAME_RECEIPT_MEMBER)
            continue;
        if ((err = chain_read(core, &link, q)) != OK)
            return err;
        if (strcmp(q->by, member) == 0 && receipts_rank(q->kind) > *highest)
            *highest = receipts_rank(q->kind);
    }
    return err == ERR_NOT_FOUND ? OK : err;
}

/* Opened and acted come after delivered, when the row is gone; they reach the sender too. */
static enum err follow_up(struct core *core, const struct message_row *message,
                          const lianshu_Receipt *q, const struct frame_receipt *entry)
{
    if (receipts_rank(q->kind) < 2)
        return ERR_RECEIPT_STALE; /* settled before, or never its recipient */
    unsigned highest;
    enum err err = rank_of(core, message, q->by, &highest);
    if (err != OK)
        return err;
    if (highest == 0 || highest >= receipts_rank(q->kind))
        return ERR_RECEIPT_STALE;
    uint64_t leaf;
    err = receipts_keep(core, message, entry, &leaf);
    if (err == OK)
        err = message_stage(core->store->messages, message->sender, message->id, (uint8_t)q->kind,
                            leaf);
    return err == OK ? store_count(core->store,
                                   q->kind == lianshu_ReceiptKind_RECEIPT_OPENED ? "receipt.opened"
                                                                                 : "receipt.acted",
                                   1)
                     : err;
}

bool receipts_of_member(lianshu_ReceiptKind kind)
{
    return kind == lianshu_ReceiptKind_RECEIPT_DELIVERED ||
           kind == lianshu_ReceiptKind_RECEIPT_OPENED ||
           kind == lianshu_ReceiptKind_RECEIPT_ACTED ||
           kind == lianshu_ReceiptKind_RECEIPT_RETURNED;
}

/* Returns the refusal for the peer's counters, or what ends the process. */
static enum err take_one(struct core *core, uint32_t number, const struct frame_receipt *entry)
{
    struct peer *peer = core_peer_at(core, number);
    lianshu_Receipt q;
    if (entry->form != FRAME_RECEIPT_MEMBER)
        return ERR_RECEIPT_BY;
    enum err err = receipt_verify(entry->receipt, entry->signature, core->opt.registry,
                                  core->now_ms, core->verifier, &q);
    if (err != OK)
        return err;
    if (strcmp(q.by, peer->member) != 0 || !receipts_of_member(q.kind))
        return ERR_RECEIPT_BY;
    struct message_row message;
    err = message_get(core->store->messages, q.sender, q.message_id, &message);
    if (err == ERR_NOT_FOUND)
        return ERR_RECEIPT_OTHER;
    if (err != OK)
        return err;
    if (memcmp(message.env_id, q.env_id, HASH_LEN) != 0)
        return ERR_RECEIPT_OTHER;
    if (q.code > RECEIPT_CODE_MAX)
        return ERR_FIELD_VALUE;
    peer_answered(peer);
    peer->wake |= WAKE_QUEUE;
    struct queue_row row;
    err = queue_get(core->store->queue, peer->member, message.seq, &row);
    if (err == ERR_NOT_FOUND)
        return follow_up(core, &message, &q, entry);
    return err == OK ? receipts_settle_row(core, &row, &message, &q, entry) : err;
}

/* The stream of a link: what follows what was taken before is acknowledged once it has landed. */
static void note_stream(struct peer *peer, const struct frame_receipts *receipts, bool withheld)
{
    struct peer_stream *in = &peer->in;
    const uint64_t last = receipts->first + receipts->count - 1;
    if (!in->known)
        in->acked = in->landed = in->flying = in->taken = receipts->first - 1;
    in->known = true;
    if (!withheld && receipts->first <= in->taken + 1 && last > in->taken)
        in->taken = last;
}

/* A key may be news that is on its way: the stream of a link goes no further for as long as news
 * take to reach every hub, and is asked for again meanwhile. After that such a receipt is refused,
 * for as long again. */
static bool withhold(struct core *core, struct peer *peer, enum err err)
{
    enum { KEY_WAIT_MS = 60 * 1000, AGAIN_MS = 5 * 1000 };
    if (err != ERR_KID_UNKNOWN)
        return false;
    if (peer->unknown_ms == 0 || core->now_ms > peer->unknown_ms + (uint64_t)2 * KEY_WAIT_MS)
        peer->unknown_ms = core->now_ms;
    if (core->now_ms > peer->unknown_ms + KEY_WAIT_MS)
        return false;
    if (peer->again_ms == 0)
        peer->again_ms = core->now_ms + AGAIN_MS;
    core_wake_at(core, peer->again_ms);
    return true;
}

enum err receipts_take(struct core *core, uint32_t number, struct span frame)
{
    struct frame_receipts receipts;
    const bool link = link_of_peer(core, number) != NULL;
    enum err err = frame_parse_receipts(frame, &receipts);
    if (err != OK || (!link && (receipts.first != 0 || receipts.checkpoint.len != 0))) {
        ingest_refuse(core, number, err != OK ? err : ERR_FRAME_LENGTH, NULL);
        return OK;
    }
    err = core_begin(core);
    struct frame_receipt entry;
    bool withheld = false;
    while (err == OK && frame_receipts_next(&receipts, &entry)) {
        err =
            link ? receipts_back(core, number, &receipts, &entry) : take_one(core, number, &entry);
        enum err_class class = err_class(err);
        withheld = withheld ||
                   (link && receipts.first != 0 && withhold(core, core_peer_at(core, number), err));
        if (class == ERR_CLASS_REJECT) {
            peer_count_refusal(core_peer_at(core, number), err, core->now_ms);
            core_wake_at(core, core->now_ms + SECOND_MS);
        }
        if (class == ERR_CLASS_REJECT || class == ERR_CLASS_OK)
            err = OK;
        core->batch_count++;
    }
    if (!link)
        core_peer_at(core, number)->acks_open++;
    else if (err == OK && receipts.first != 0)
        note_stream(core_peer_at(core, number), &receipts, withheld);
    return err;
}
