/* Receipts in, from members, and out, through each member's numbered stream. */
#include "core/state.h"

#include <string.h>

enum {
    RECEIPT_CODE_MAX = 999, /* hub-001.sql */
    STREAM_FRAME_ENTRIES = 64,
    STREAM_FRAME_BYTES = 128 << 10,
    ENTRY_BYTES_MAX = FRAME_RECEIPT_MAX + FRAME_SIGNATURE_MAX + MERKLE_PATH_MAX * HASH_LEN + 64,
};

/* What a final receipt does for an envelope that waits in the recipient's queue. */
static enum err settle_row(struct core *core, const struct queue_row *row, const lianshu_Receipt *q,
                           struct span entry_q, struct span entry_s)
{
    bool returned = q->kind == lianshu_ReceiptKind_RECEIPT_RETURNED;
    if (q->code > RECEIPT_CODE_MAX)
        return ERR_FIELD_VALUE;
    if (returned && row->state == QUEUE_PARKED)
        return ERR_RECEIPT_STALE; /* it was returned before */
    uint8_t hash[HASH_LEN];
    const struct span both[] = {entry_q, entry_s};
    hash_spans(hash, both, 2);
    uint64_t index;
    enum err err = log_append(core->store->log, LOG_MEMBER_RECEIPT, core->now_ms,
                              span_of(hash, sizeof hash), &index);
    if (err != OK)
        return err;
    if (strcmp(row->sender, core->opt.member) == 0) {
        /* Nobody at a desk waits for our own: it stays, parked, until somebody looks. */
        if (returned)
            return queue_park(core->store->queue, row->recipient, row->seq, q->code);
        if (row->ref_len > 0)
            err = obligations_delivered(core, row);
    } else {
        uint64_t number;
        err = stream_put_receipt(core->store->stream, row->sender, entry_q, entry_s, &number);
    }
    if (err == OK)
        err = queue_done(core->store->queue, row->recipient, row->seq);
    if (err == OK)
        err = message_settle(core->store->messages, row->sender, row->message_id, (uint8_t)q->kind,
                             NULL);
    return err == OK
               ? store_count(core->store, returned ? "receipt.returned" : "receipt.delivered", 1)
               : err;
}

static bool kind_of_member(lianshu_ReceiptKind kind)
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
    if (strcmp(q.by, peer->member) != 0 || !kind_of_member(q.kind))
        return ERR_RECEIPT_BY;
    struct message_row message;
    err = message_get(core->store->messages, q.sender, q.message_id, &message);
    if (err == ERR_NOT_FOUND)
        return ERR_RECEIPT_OTHER;
    if (err != OK)
        return err;
    if (memcmp(message.env_id, q.env_id, HASH_LEN) != 0)
        return ERR_RECEIPT_OTHER;
    struct queue_row row;
    err = queue_get(core->store->queue, peer->member, message.seq, &row);
    if (err == ERR_NOT_FOUND)
        return ERR_RECEIPT_STALE; /* settled before, or never its recipient */
    if (err != OK)
        return err;
    uint64_t lessee = queue_lessee(core->store->queue, peer->member, message.seq);
    err = settle_row(core, &row, &q, entry->receipt, entry->signature);
    if (err == OK && lessee > 0 && core_peer_at(core, (uint32_t)lessee - 1)->out_messages > 0)
        core_peer_at(core, (uint32_t)lessee - 1)->out_messages--;
    return err;
}

enum err receipts_take(struct core *core, uint32_t number, struct span frame)
{
    struct frame_receipts receipts;
    enum err err = frame_parse_receipts(frame, &receipts);
    if (err != OK || receipts.first != 0 || receipts.checkpoint.len != 0) {
        ingest_refuse(core, number, err != OK ? err : ERR_FRAME_LENGTH, NULL);
        return OK;
    }
    err = core_begin(core);
    struct frame_receipt entry;
    while (err == OK && frame_receipts_next(&receipts, &entry)) {
        err = take_one(core, number, &entry);
        enum err_class class = err_class(err);
        if (class == ERR_CLASS_REJECT) {
            peer_count_refusal(core_peer_at(core, number), err, core->now_ms);
            core_wake_at(core, core->now_ms + SECOND_MS);
        }
        if (class == ERR_CLASS_REJECT || class == ERR_CLASS_OK)
            err = OK;
        core->batch_count++;
    }
    core_peer_at(core, number)->acks_due++;
    return err;
}

/* One entry of a stream frame: a member's receipt, or a leaf of the log with its path. */
static enum err add_leaf(struct core *core, uint64_t leaf, struct writer *w)
{
    struct leaf_proof proof;
    enum err err = proof_of(core, leaf, &proof);
    if (err != OK)
        return err;
    const struct frame_receipt entry = {
        .form = FRAME_RECEIPT_HUB, .receipt = proof.body, .path = proof.path};
    frame_receipts_add(w, &entry);
    return OK;
}

static enum err add_entry(struct core *core, const struct stream_entry *from, struct writer *w)
{
    if (from->is_leaf)
        return add_leaf(core, from->leaf, w);
    const struct frame_receipt entry = {
        .form = FRAME_RECEIPT_MEMBER,
        .receipt = from->q,
        .signature = from->s,
    };
    frame_receipts_add(w, &entry);
    return OK;
}

/* Entries that go into the next frame: how many of those that wait. */
static enum err count_entries(struct core *core, const struct peer *peer, unsigned *count)
{
    uint64_t last;
    enum err err = stream_last(core->store->stream, peer->member, &last);
    uint64_t waiting = err == OK && last > peer->stream_sent ? last - peer->stream_sent : 0;
    *count = waiting > STREAM_FRAME_ENTRIES ? STREAM_FRAME_ENTRIES : (unsigned)waiting;
    return err;
}

static enum err send_frame(struct core *core, uint32_t number, bool *more)
{
    struct peer *peer = core_peer_at(core, number);
    unsigned count;
    *more = false;
    enum err err = count_entries(core, peer, &count);
    if (err != OK || count == 0)
        return err;
    struct stream_entry entry;
    err = stream_next(core->store->stream, peer->member, peer->stream_sent, &entry);
    if (err != OK)
        return err == ERR_NOT_FOUND ? OK : err;
    if (entry.number != peer->stream_sent + 1) {
        peer->stream_sent = entry.number - 1; /* acknowledged by another adapter */
        *more = true;
        return OK;
    }
    struct writer w;
    if (!output_begin(&core->output, count * (size_t)ENTRY_BYTES_MAX + NOTE_LEN_MAX + 64, &w)) {
        core->work_waiting = true;
        return OK;
    }
    frame_receipts_begin(&w, entry.number, count);
    for (unsigned i = 0; i < count; i++) {
        err = stream_next(core->store->stream, peer->member, peer->stream_sent + i, &entry);
        if (err == OK)
            err = add_entry(core, &entry, &w);
        if (err != OK)
            return err;
    }
    frame_receipts_end(&w, span_of(core->checkpoint, core->checkpoint_len));
    if (w.full)
        return ERR_INTERNAL;
    output_end(&core->output, number, &w);
    peer->stream_sent += count;
    *more = true;
    return OK;
}

enum err receipts_send(struct core *core)
{
    for (uint32_t i = 0; i < core->peers.count; i++) {
        bool more = core_peer_takes(core, i);
        while (more) {
            enum err err = send_frame(core, i, &more);
            if (err != OK)
                return err;
        }
    }
    return OK;
}

enum err receipts_repeat(struct core *core, uint32_t number, const struct message_row *known)
{
    if (core->signed_size <= known->seq)
        return OK; /* still in the open batch: its receipt is on the way */
    struct writer w;
    if (!output_begin(&core->output, ENTRY_BYTES_MAX + NOTE_LEN_MAX + 64, &w))
        return OK;
    frame_receipts_begin(&w, 0, 1);
    enum err err = add_leaf(core, known->seq, &w);
    if (err != OK)
        return err;
    frame_receipts_end(&w, span_of(core->checkpoint, core->checkpoint_len));
    output_end(&core->output, number, &w);
    return OK;
}
