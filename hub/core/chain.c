/* The receipts of a message, newest first, through what is kept beside their leaves:
 *
 *   u64 leaf of the receipt before it                        a receipt of the hub
 *   u64 leaf of the receipt before it ‖ u16|Q| Q ‖ u16|S| S   a receipt of a member
 */
#include "core/state.h"

_Static_assert((int)CHAIN_MEMBER_MAX <= (int)LOG_BESIDE_MAX,
               "what a frame may hold fits beside a leaf");

static void write_part(struct writer *w, struct span part)
{
    write_uint(w, part.len, 2);
    write_span(w, part);
}

void chain_encode(struct writer *w, uint64_t previous, struct span q, struct span s)
{
    write_uint(w, previous, 8);
    if (q.len == 0)
        return;
    write_part(w, q);
    write_part(w, s);
}

static bool take_part(struct span *from, struct span *part)
{
    uint64_t len;
    return span_take_uint(from, 2, &len) && span_take(from, len, part);
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
    out->by_member = entry.kind == LOG_MEMBER_RECEIPT;
    if (entry.kind != LOG_RECEIPT && !out->by_member)
        return ERR_NOT_FOUND; /* a notice begins with the leaf of its obligation */
    if (!span_take_uint(&from, CHAIN_HEAD_LEN, &out->previous))
        return ERR_CORRUPT;
    if (out->by_member && (!take_part(&from, &out->q) || !take_part(&from, &out->s)))
        return ERR_CORRUPT;
    /* Only backwards: a walk ends whatever is stored. */
    if (from.len != 0 || (out->previous != CHAIN_END && out->previous >= *leaf))
        return ERR_CORRUPT;
    *leaf = out->previous;
    return OK;
}
