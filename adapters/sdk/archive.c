/* The keys beside the frames: gathered with a pack, sealed with it, found again. */
#include "adapters/sdk/archive.h"

#include "adapters/sdk/inner_sql.h"
#include "keys/guard.h"

#include <string.h>

_Static_assert(FRAME_PARTS_MAX <= 8, "a byte says which parts are known");

struct rest_place archive_place(enum frame_side side, uint64_t first, uint8_t bytes[static 8])
{
    struct writer w = writer_of(bytes, 8);
    write_uint(&w, first, 8);
    return (struct rest_place){side == FRAME_SENT ? "outbox_pack" : "inbox_pack", writer_span(&w),
                               "keys"};
}

void archive_add(struct pack_open *o, const struct kept_frame *kept)
{
    struct writer w = writer_of(o->keys + o->keys_len, SDK_PACK_KEYS - o->keys_len);
    write_uint(&w, kept->known, 1);
    for (unsigned i = 0; i < FRAME_PARTS_MAX; i++)
        if ((kept->known >> i & 1) != 0)
            write_bytes(&w, kept->deks[i], SEAL_DEK_LEN);
    o->keys_len += w.len;
    o->time_ms = kept->time_ms;
}

void archive_clear(struct pack_open *o)
{
    guard_wipe(o->keys, o->keys_len);
    o->keys_len = 0;
}

enum err archive_seal(struct sdk *s, enum frame_side side, uint64_t first, struct writer *w)
{
    uint8_t bytes[8];
    const struct pack_open *o = &s->pack_open[side];
    const struct rest_place place = archive_place(side, first, bytes);
    const struct key *storage = keyring_find(s->keys, KEY_USE_STORAGE);
    return storage == NULL
               ? OK
               : rest_seal(storage, &place, span_of(o->keys, o->keys_len), &s->entropy, w);
}

enum err archive_at(struct span keys, uint64_t index, unsigned *known, struct span *deks)
{
    for (uint64_t i = 0; i <= index; i++) {
        uint64_t bits = 0;
        size_t count = 0;
        if (!span_take_uint(&keys, 1, &bits))
            return ERR_CORRUPT;
        for (uint64_t rest = bits; rest != 0; rest >>= 1)
            count += rest & 1;
        if (!span_take(&keys, count * SEAL_DEK_LEN, deks))
            return ERR_CORRUPT;
        *known = (unsigned)bits;
    }
    return OK;
}

/* The opened keys of the pack that has the row, in s->pack_keys, and the row's place in it. */
static enum err open_pack(struct sdk *s, const struct key *storage, uint64_t row, uint64_t *index,
                          struct span *keys)
{
    uint8_t bytes[8];
    struct writer w = writer_of(s->pack_keys, SDK_PACK_KEYS);
    struct stmt *q = s->sql[SQL_SENT_KEYS];

    stmt_bind_u64(q, 1, row);
    enum err err = stmt_step(q);
    if (err == OK) {
        const uint64_t first = stmt_u64(q, 0);
        const struct span sealed = stmt_blob(q, 2);
        const struct rest_place place = archive_place(FRAME_SENT, first, bytes);
        *index = row - first;
        err = row > stmt_u64(q, 1) || sealed.len == 0 ? ERR_NOT_FOUND
                                                      : rest_open(storage, &place, sealed, &w);
    }
    *keys = writer_span(&w);
    return stmt_end(q, err);
}

enum err archive_get(struct sdk *s, uint64_t row, uint8_t (*deks)[SEAL_DEK_LEN], unsigned *known)
{
    uint64_t index = 0;
    struct span keys;
    struct span own;
    const struct key *storage = keyring_find(s->keys, KEY_USE_STORAGE);

    *known = 0;
    if (storage == NULL)
        return ERR_NOT_FOUND;
    enum err err = open_pack(s, storage, row, &index, &keys);
    if (err == OK)
        err = archive_at(keys, index, known, &own);
    for (unsigned i = 0; err == OK && i < FRAME_PARTS_MAX; i++) {
        struct span one;
        if ((*known >> i & 1) != 0 && span_take(&own, SEAL_DEK_LEN, &one))
            memcpy(deks[i], one.data, SEAL_DEK_LEN);
    }
    guard_wipe(s->pack_keys, SDK_PACK_KEYS);
    return err;
}
