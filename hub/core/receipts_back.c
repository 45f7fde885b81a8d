/* Receipts that come back by a link: about what went out by it, from recipients and hubs beyond.
 * Each is verified before it is kept; each goes on towards the sender with its own proof. */
#include "core/state.h"

#include <stdio.h>
#include <string.h>

/* What is known of one recipient of a message. */
struct past {
    bool same;  /* this very receipt came before */
    bool known; /* it has said something, or a hub has about it */
    bool ended;
    unsigned rank;
    unsigned times; /* how often that hub said the like of it */
};

enum { HUB_SAYS_MAX = 16 /* held again by the next rule, and released */ };

/* ---- is it what it says ---- */

static enum err verify_member(struct core *core, const struct frame_receipt *entry,
                              lianshu_Receipt *q)
{
    enum err err = wire_decode(&lianshu_Receipt_msg, entry->receipt, q);
    if (err != OK)
        return err;
    /* It may have been long on its way: its key is judged as of when it was signed. */
    const uint64_t at_ms = q->time_ms;
    if (at_ms > core->now_ms + FUTURE_MAX_MS)
        return ERR_FUTURE;
    err = receipt_verify(entry->receipt, entry->signature, core->opt.registry, at_ms,
                         core->verifier, q);
    if (err != OK)
        return err;
    return receipts_of_member(q->kind) ? OK : ERR_RECEIPT_BY;
}

/* What another hub may say: what a first hub answers to its sender is none of it, and an end is
 * that of a recipient who is named. */
static bool may_say(const lianshu_Receipt *q)
{
    if (!receipt_kind_by_hub(q->kind) || q->kind == lianshu_ReceiptKind_RECEIPT_ACCEPTED ||
        q->kind == lianshu_ReceiptKind_RECEIPT_REJECTED)
        return false;
    return q->about[0] != '\0' || !receipt_kind_final(q->kind);
}

static enum err verify_hub(struct core *core, const char *link, const struct frame_receipt *entry,
                           lianshu_Receipt *q)
{
    enum err err = log_readers_receipt(core->readers, core->opt.registry, core->now_ms,
                                       entry->receipt, entry->path, entry->checkpoint, q);
    if (err != OK)
        return err;
    const char *hop = relay_hop(core, q->by);
    bool reached = hop != NULL && strcmp(hop, link) == 0;
    return reached && may_say(q) ? OK : ERR_RECEIPT_BY;
}

/* ---- does it concern what went out by this link ---- */

static bool went_by(const struct core *core, const struct message_row *message, const char *link,
                    const char *destination)
{
    const char *hop = relay_hop(core, destination);
    return hop != NULL && strcmp(hop, link) == 0 && strcmp(message->origin, link) != 0;
}

size_t receipts_behind(struct core *core, const struct message_row *message, const char *link,
                       char out[static RECEIPTS_BEHIND_MAX][STORE_MEMBER_MAX + 1])
{
    struct span frame;
    struct frame_envelope env;
    lianshu_Header *h = &core->out_header;
    size_t count = 0;
    if (message_frame(core->store->messages, message->seq, &frame) != OK ||
        frame_parse_envelope(frame, &env) != OK ||
        wire_decode(&lianshu_Header_msg, env.header, h) != OK)
        return 0;
    for (pb_size_t i = 0; i < h->destination_count; i++) {
        bool ours = message->origin[0] == '\0' || (message->share >> i & 1) != 0;
        if (ours && went_by(core, message, link, h->destination[i]))
            memcpy(out[count++], h->destination[i], STORE_MEMBER_MAX + 1);
    }
    return count;
}

/* entry, of which q is the receipt, is what is said now; NULL: nothing is. */
static enum err look_back(struct core *core, const struct message_row *message,
                          const struct frame_receipt *entry, const lianshu_Receipt *q,
                          const char *who, struct past *out)
{
    uint64_t leaf = message->last_leaf;
    struct chain_receipt at;
    enum err err;
    *out = (struct past){.rank = 0};
    while ((err = chain_next(core, &leaf, &at)) == OK) {
        lianshu_Receipt *r = &core->stored_receipt;
        out->same = out->same || (entry != NULL && at.entry.receipt.len > 0 &&
                                  span_eq(at.entry.receipt, entry->receipt));
        if ((err = chain_read(core, &at, r)) != OK)
            return err;
        if (strcmp(receipt_kind_by_hub(r->kind) ? r->about : r->by, who) != 0)
            continue;
        out->known = true;
        out->times += q != NULL && r->kind == q->kind && strcmp(r->by, q->by) == 0;
        out->ended = out->ended || receipt_kind_final(r->kind);
        if (receipts_rank(r->kind) > out->rank)
            out->rank = receipts_rank(r->kind);
    }
    return err == ERR_NOT_FOUND ? OK : err;
}

enum err receipts_ended(struct core *core, const struct message_row *message, const char *who,
                        bool *ended)
{
    struct past past;
    enum err err = look_back(core, message, NULL, NULL, who, &past);
    *ended = past.ended;
    return err;
}

/* Of a message that is settled only those are known who have said something. */
static bool is_behind(struct core *core, const struct message_row *message, const char *link,
                      const char *who, const struct past *past)
{
    char behind[RECEIPTS_BEHIND_MAX][STORE_MEMBER_MAX + 1];
    if (message->open == 0)
        return past->known && went_by(core, message, link, who);
    size_t count = receipts_behind(core, message, link, behind);
    bool is = false;
    for (size_t i = 0; i < count; i++)
        is = is || strcmp(behind[i], who) == 0;
    return is;
}

/* A hub speaks of what passes through it: that lies between the sender and whom it speaks of, or
 * somebody behind this link when it speaks of all. */
static bool on_the_way(struct core *core, const struct message_row *message, const char *link,
                       const lianshu_Receipt *q)
{
    const struct registry *r = core->opt.registry;
    char behind[RECEIPTS_BEHIND_MAX][STORE_MEMBER_MAX + 1];
    if (q->about[0] != '\0')
        return topology_speaks(r, q->by, message->sender, q->about);
    size_t count = receipts_behind(core, message, link, behind);
    bool is = false;
    for (size_t i = 0; i < count; i++)
        is = is || topology_speaks(r, q->by, message->sender, behind[i]);
    return is;
}

/* A restored hub says relayed again, in another log: the sender has it already. */
static unsigned may_repeat(lianshu_ReceiptKind kind)
{
    return kind == lianshu_ReceiptKind_RECEIPT_RELAYED ? 1 : HUB_SAYS_MAX;
}

static enum err check_about(struct core *core, const struct message_row *message, const char *link,
                            const struct frame_receipt *entry, const lianshu_Receipt *q,
                            struct past *past)
{
    const bool member = entry->form == FRAME_RECEIPT_MEMBER;
    const char *who = member ? q->by : q->about;
    enum err err = look_back(core, message, entry, q, who, past);
    if (err != OK)
        return err;
    if (past->same)
        return ERR_RECEIPT_STALE;
    if (who[0] == '\0' && message->open == 0)
        return ERR_RECEIPT_STALE;
    if (who[0] != '\0' && !is_behind(core, message, link, who, past))
        return ERR_RECEIPT_BY;
    if (!member && !on_the_way(core, message, link, q))
        return ERR_RECEIPT_BY;
    if (!member)
        return past->times >= may_repeat(q->kind) ? ERR_RECEIPT_STALE : OK;
    const unsigned rank = receipts_rank(q->kind);
    bool further = past->rank > 0 && rank > past->rank;
    return past->ended && !further ? ERR_RECEIPT_STALE : OK;
}

/* ---- what it changes ---- */

enum err receipts_row_done(struct core *core, const struct queue_row *row)
{
    struct queue *queue = core->store->queue;
    deliver_released(core, row->recipient, row->seq, row->bytes);
    enum err err = queue_done(queue, row->recipient, row->seq);
    if (err == OK && row->number > 0 && queue_tombstones_any(queue, row->recipient))
        err = queue_tombstones_done(queue, row->recipient, row->conversation, row->number);
    return err;
}

/* What ends nothing shows as the stage of its recipient's own making only. */
static uint8_t stage_of(const struct message_row *message, const lianshu_Receipt *q)
{
    return receipt_kind_by_hub(q->kind) ? message->stage : (uint8_t)q->kind;
}

/* Not said by the recipient, nor by his hub, which had it. */
static bool ended_on_the_way(const struct core *core, const lianshu_Receipt *q)
{
    const struct registry_member *home = topology_home_of(core->opt.registry, q->about);
    return receipt_kind_by_hub(q->kind) && home != NULL && strcmp(home->id, q->by) != 0;
}

static enum err take(struct core *core, const struct message_row *message,
                     const struct frame_receipt *entry, const lianshu_Receipt *q,
                     const struct past *past)
{
    char name[STORE_NAME_MAX];
    uint64_t leaf;
    bool ends = receipt_kind_final(q->kind) && !past->ended;
    bool over = past->ended && receipt_kind_by_hub(q->kind) && receipt_kind_final(q->kind);
    if (over || (ends && message->open == 0))
        return ERR_RECEIPT_STALE;
    enum err err = receipts_keep(core, message, entry, &leaf);
    if (err != OK)
        return err;
    struct messages *m = core->store->messages;
    err = ends ? message_settle(m, message->sender, message->id, (uint8_t)q->kind, leaf, NULL)
               : message_stage(m, message->sender, message->id, stage_of(message, q), leaf);
    if (err != OK)
        return err;
    snprintf(name, sizeof name, "receipt.%s", receipt_kind_name(q->kind));
    err = store_count(core->store, name, 1);
    return err == OK && ends && ended_on_the_way(core, q)
               ? case_share_ended(core, message, q->about)
               : err;
}

/* The row of the next hop: that hub has it, or has said why not. What it says of a row that is not
 * out to it speaks of another time: before one of us was restored, it had it. */
static enum err close_row(struct core *core, uint32_t peer, const struct queue_row *row,
                          const struct frame_receipt *entry, const lianshu_Receipt *q)
{
    bool answered = entry->form != FRAME_RECEIPT_MEMBER &&
                    (q->kind == lianshu_ReceiptKind_RECEIPT_RELAYED || receipt_kind_final(q->kind));
    answered = answered && strcmp(q->by, row->recipient) == 0 &&
               queue_lessee(core->store->queue, row->recipient, row->seq) == (uint64_t)peer + 1;
    return answered ? receipts_row_done(core, row) : OK;
}

/* Everybody behind it has come to an end while it waited to be sent again: its frame is gone. */
static enum err close_settled(struct core *core, const struct message_row *before,
                              const struct queue_row *row)
{
    struct message_row message;
    struct queue_row still;
    enum err err = message_get(core->store->messages, before->sender, before->id, &message);
    if (err != OK || message.open > 0)
        return err;
    err = queue_get(core->store->queue, row->recipient, row->seq, &still);
    if (err == ERR_NOT_FOUND)
        return OK;
    return err == OK ? receipts_row_done(core, &still) : err;
}

static enum err verify(struct core *core, const char *link, const struct frame_receipts *frame,
                       struct frame_receipt *entry, lianshu_Receipt *q)
{
    if (entry->form == FRAME_RECEIPT_MEMBER)
        return verify_member(core, entry, q);
    if (entry->form == FRAME_RECEIPT_HUB)
        entry->checkpoint = frame->checkpoint;
    enum err err = verify_hub(core, link, entry, q);
    /* Each form for its own: one who speaks here says so under the frame's head. */
    if (err == OK && (entry->form == FRAME_RECEIPT_HUB) != (strcmp(q->by, link) == 0))
        err = ERR_RECEIPT_BY;
    entry->form = FRAME_RECEIPT_OTHER_HUB;
    return err;
}

enum err receipts_back(struct core *core, uint32_t number, const struct frame_receipts *frame,
                       const struct frame_receipt *came)
{
    struct peer *peer = core_peer_at(core, number);
    const char *link = peer->member;
    struct frame_receipt entry = *came;
    struct message_row message;
    struct queue_row row;
    struct past past;
    lianshu_Receipt q;
    enum err err = verify(core, link, frame, &entry, &q);
    if (err != OK)
        return err;
    err = message_get(core->store->messages, q.sender, q.message_id, &message);
    if (err != OK)
        return err == ERR_NOT_FOUND ? ERR_RECEIPT_OTHER : err;
    if (memcmp(message.env_id, q.env_id, HASH_LEN) != 0)
        return ERR_RECEIPT_OTHER;
    if (q.code > RECEIPT_CODE_MAX)
        return ERR_FIELD_VALUE;
    peer_answered(peer);
    peer->wake |= WAKE_QUEUE;
    enum err waits = queue_get(core->store->queue, link, message.seq, &row);
    if (waits != OK && waits != ERR_NOT_FOUND)
        return waits;
    /* The next hub may be the recipient itself. */
    if (waits == OK && entry.form == FRAME_RECEIPT_MEMBER && strcmp(q.by, link) == 0)
        return receipts_settle_row(core, &row, &message, &q, &entry);
    err = check_about(core, &message, link, &entry, &q, &past);
    if (err == OK)
        err = take(core, &message, &entry, &q, &past);
    /* Also one that says nothing new ends the row: it was sent again. */
    if ((err == OK || err == ERR_RECEIPT_STALE) && waits == OK) {
        enum err closed = close_row(core, number, &row, &entry, &q);
        if (closed == OK)
            closed = close_settled(core, &message, &row);
        err = closed == OK ? err : closed;
    }
    return err;
}
