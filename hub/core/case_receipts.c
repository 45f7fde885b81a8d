/* What the recipients of an earlier step of a case signed, for a hub that joins: from the chain of
 * the envelope where that is, else as it came from another hub. */
#include "core/state.h"

#include <string.h>

enum {
    LIST_MAX = sizeof((lianshu_RelayFacts *)0)->receipts.bytes,
    LIST_HEAD = 4 + 8 + 2, /* of an LSR1, … */
    LIST_END = 2,          /* … and its checkpoint, of which there is none */
};

_Static_assert((int)LIST_MAX == (int)sizeof((struct spread *)0)->receipts, "what came fits");

/* ---- a list of them ---- */

struct list {
    struct writer w;
    uint8_t *bytes;
    unsigned count;
};

static void list_begin(struct list *list, uint8_t *bytes)
{
    *list = (struct list){.w = writer_of(bytes, LIST_MAX), .bytes = bytes};
    frame_receipts_begin(&list->w, 0, 0);
}

/* Of too many the rest is left out. */
static void list_add(struct list *list, const struct frame_receipt *entry)
{
    const size_t len = 1 + 4 + entry->receipt.len + 2 + entry->signature.len;
    if (list->w.len + len + LIST_END > LIST_MAX)
        return;
    frame_receipts_add(&list->w, entry);
    list->count++;
}

/* Its length; 0: it has none. */
static size_t list_end(struct list *list)
{
    struct writer head = writer_of(list->bytes, LIST_HEAD);
    frame_receipts_begin(&head, 0, list->count);
    frame_receipts_end(&list->w, span_of(NULL, 0));
    return list->count == 0 ? 0 : list->w.len;
}

/* ---- out ---- */

enum err case_receipts_collect(struct core *core, const struct casefile_step *step,
                               lianshu_RelayFacts *facts)
{
    struct message_row message;
    struct list list;
    struct chain_receipt at;
    enum err err = message_get(core->store->messages, step->by, step->message_id, &message);
    if (err != OK)
        return err == ERR_NOT_FOUND ? OK : err; /* as they came here themselves */
    uint64_t leaf = message.last_leaf;
    list_begin(&list, facts->receipts.bytes);
    while ((err = chain_next(core, &leaf, &at)) == OK) {
        if (at.entry.form == FRAME_RECEIPT_MEMBER)
            list_add(&list, &at.entry);
    }
    facts->receipts.size = (pb_size_t)list_end(&list);
    return err == ERR_NOT_FOUND ? OK : err;
}

/* ---- in ---- */

/* Of that envelope, by one of those it went to, and signed with a key good then. */
static bool holds(struct core *core, const struct incoming *doc, const struct frame_receipt *entry)
{
    const lianshu_Header *h = &doc->header;
    lianshu_Receipt *q = &core->stored_receipt;
    bool went = false;
    if (entry->form != FRAME_RECEIPT_MEMBER ||
        wire_decode(&lianshu_Receipt_msg, entry->receipt, q) != OK ||
        q->time_ms > core->now_ms + FUTURE_MAX_MS || !receipts_of_member(q->kind) ||
        memcmp(q->env_id, doc->env_id, HASH_LEN) != 0 || strcmp(q->sender, h->sender) != 0)
        return false;
    for (pb_size_t i = 0; i < h->destination_count; i++)
        went = went || strcmp(h->destination[i], q->by) == 0;
    return went && receipt_verify(entry->receipt, entry->signature, core->opt.registry, q->time_ms,
                                  core->verifier, q) == OK;
}

void case_receipts_check(struct core *core, const lianshu_RelayFacts *facts, struct incoming *doc)
{
    struct frame_receipts frame;
    struct frame_receipt entry;
    struct list list;
    const struct span came = span_of(facts->receipts.bytes, facts->receipts.size);
    doc->receipts = span_of(NULL, 0);
    if (doc->env.part_count == 0 || came.len == 0 || frame_parse_receipts(came, &frame) != OK)
        return;
    list_begin(&list, core->spread->receipts);
    while (frame_receipts_next(&frame, &entry)) {
        if (holds(core, doc, &entry))
            list_add(&list, &entry);
    }
    doc->receipts = span_of(core->spread->receipts, list_end(&list));
}

/* ---- shown ---- */

enum err case_receipts_open(struct core *core, const struct casefile_step *step,
                            struct frame_receipts *out)
{
    const lianshu_RelayFacts *facts = &core->spread->facts;
    enum err err = case_history_read(core, step);
    if (err != OK)
        return err;
    if (facts->receipts.size == 0)
        return ERR_NOT_FOUND;
    err = frame_parse_receipts(span_of(facts->receipts.bytes, facts->receipts.size), out);
    return err == OK ? OK : ERR_CORRUPT;
}
