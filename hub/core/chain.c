/* The receipts of a message, newest first, through what is kept beside their leaves:
 *
 *   u64 leaf of the receipt before it                             a receipt of this hub
 *   u64 leaf of the receipt before it ‖ u16|Q| Q ‖ u16|S| S        a receipt of a member
 *   u64 leaf of the receipt before it ‖ u16|Q| Q ‖ u16|path| path ‖ u16|checkpoint| checkpoint
 *                                                                 a receipt of another hub
 */
#include "core/state.h"

_Static_assert((int)CHAIN_BESIDE_MAX <= (int)LOG_BESIDE_MAX,
               "what a frame may hold fits beside a leaf");
_Static_assert((int)FRAME_SIGNATURE_MAX <= (int)FRAME_LOG_PATH_MAX * HASH_LEN,
               "a member's receipt is the shorter one");

static void write_part(struct writer *w, struct span part)
{
    write_uint(w, part.len, 2);
    write_span(w, part);
}

void chain_encode(struct writer *w, uint64_t previous, const struct frame_receipt *entry)
{
    write_uint(w, previous, CHAIN_HEAD_LEN);
    if (entry == NULL)
        return;
    write_part(w, entry->receipt);
    if (entry->form == FRAME_RECEIPT_MEMBER) {
        write_part(w, entry->signature);
        return;
    }
    write_part(w, entry->path);
    write_part(w, entry->checkpoint);
}

static bool take_part(struct span *from, struct span *part)
{
    uint64_t len;
    return span_take_uint(from, 2, &len) && span_take(from, len, part);
}

static bool take_entry(struct span *from, struct frame_receipt *entry)
{
    switch (entry->form) {
    case FRAME_RECEIPT_MEMBER:
        return take_part(from, &entry->receipt) && take_part(from, &entry->signature);
    case FRAME_RECEIPT_OTHER_HUB:
        return take_part(from, &entry->receipt) && take_part(from, &entry->path) &&
               take_part(from, &entry->checkpoint);
    default:
        return true;
    }
}

/* 0: no receipt. */
static unsigned form_of(unsigned kind)
{
    switch (kind) {
    case LOG_RECEIPT:
        return FRAME_RECEIPT_HUB;
    case LOG_MEMBER_RECEIPT:
        return FRAME_RECEIPT_MEMBER;
    case LOG_OTHER_RECEIPT:
        return FRAME_RECEIPT_OTHER_HUB;
    default:
        return 0;
    }
}

enum err chain_next(struct core *core, uint64_t *leaf, struct chain_receipt *out)
{
    struct log_entry entry;

    *out = (struct chain_receipt){.leaf = *leaf};
    if (*leaf == CHAIN_END)
        return ERR_NOT_FOUND;
    enum err err = log_get(core->store->log, *leaf, &entry);
    if (err != OK)
        return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
    struct span from = entry.beside;
    out->entry.form = form_of(entry.kind);
    if (out->entry.form == 0)
        return ERR_NOT_FOUND; /* a notice begins with the leaf of its obligation */
    if (!span_take_uint(&from, CHAIN_HEAD_LEN, &out->previous) || !take_entry(&from, &out->entry))
        return ERR_CORRUPT;
    /* Only backwards: a walk ends whatever is stored. */
    if (from.len != 0 || (out->previous != CHAIN_END && out->previous >= *leaf))
        return ERR_CORRUPT;
    *leaf = out->previous;
    return OK;
}

enum err chain_read(struct core *core, const struct chain_receipt *at, lianshu_Receipt *out)
{
    struct span q = at->entry.receipt;
    if (at->entry.form == FRAME_RECEIPT_HUB) {
        enum err err = log_body(core->store->log, at->leaf, &q);
        if (err != OK)
            return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
    }
    return wire_decode(&lianshu_Receipt_msg, q, out) == OK ? OK : ERR_CORRUPT;
}
