#include "signer/slots.h"

#include <assert.h>

enum { SLOT_VERSION = 1, BODY_LEN = STATE_SLOT_LEN - HASH_LEN };

_Static_assert(4 + 2 + 8 + 1 + NOTE_ORIGIN_MAX + 2 + MERKLE_FRONTIER_BYTES_MAX + HASH_LEN + 8 +
                       HASH_LEN + 2 + RESTORED_MAX <=
                   BODY_LEN,
               "the largest slot fits");

void slot_write(const struct slot *slot, uint8_t out[static STATE_SLOT_LEN])
{
    uint8_t frontier[MERKLE_FRONTIER_BYTES_MAX];
    struct writer f = writer_of(frontier, sizeof frontier);
    struct writer w = writer_of(out, BODY_LEN);
    const struct span origin = span_str(slot->origin);

    memset(out, 0, STATE_SLOT_LEN);
    frontier_write(&slot->frontier, &f);
    write_bytes(&w, "LSSS", 4);
    write_uint(&w, SLOT_VERSION, 2);
    write_uint(&w, slot->generation, 8);
    write_uint(&w, origin.len, 1);
    write_span(&w, origin);
    write_uint(&w, f.len, 2);
    write_span(&w, writer_span(&f));
    write_bytes(&w, slot->root, HASH_LEN);
    write_uint(&w, slot->copy.size, 8);
    write_bytes(&w, slot->copy.first, HASH_LEN);
    write_uint(&w, slot->copy.statement_len, 2);
    write_bytes(&w, slot->copy.statement, slot->copy.statement_len);
    assert(!w.full && !f.full);
    hash_bytes(out + BODY_LEN, span_of(out, BODY_LEN));
}

enum err slot_read(struct slot *slot, const uint8_t in[static STATE_SLOT_LEN])
{
    uint8_t sum[HASH_LEN];
    struct span from = span_of(in, BODY_LEN);
    struct span magic;
    struct span origin;
    struct span frontier;
    struct span root;
    struct span first;
    struct span statement;
    merkle_hash again;
    uint64_t n;

    hash_bytes(sum, from);
    if (memcmp(sum, in + BODY_LEN, HASH_LEN) != 0)
        return ERR_CORRUPT;
    if (!span_take(&from, 4, &magic) || !span_eq(magic, span_str("LSSS")) ||
        !span_take_uint(&from, 2, &n) || n != SLOT_VERSION ||
        !span_take_uint(&from, 8, &slot->generation) || slot->generation == 0 ||
        !span_take_uint(&from, 1, &n) || n > NOTE_ORIGIN_MAX || !span_take(&from, n, &origin) ||
        !span_take_uint(&from, 2, &n) || !span_take(&from, n, &frontier) ||
        !span_take(&from, HASH_LEN, &root) || !span_take_uint(&from, 8, &slot->copy.size) ||
        !span_take(&from, HASH_LEN, &first) || !span_take_uint(&from, 2, &n) || n > RESTORED_MAX ||
        !span_take(&from, n, &statement))
        return ERR_CORRUPT;
    memcpy(slot->copy.first, first.data, HASH_LEN);
    memcpy(slot->copy.statement, statement.data, statement.len);
    slot->copy.statement_len = statement.len;
    enum err err = frontier_read(&slot->frontier, frontier);
    if (err != OK)
        return ERR_CORRUPT;
    memcpy(slot->origin, origin.data, origin.len);
    slot->origin[origin.len] = '\0';
    memcpy(slot->root, root.data, HASH_LEN);
    frontier_root(&slot->frontier, again);
    return memcmp(again, slot->root, HASH_LEN) == 0 ? OK : ERR_CORRUPT;
}
