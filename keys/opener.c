#include "keys/seal.h"

#include "base/scratch.h"
#include "keys/guard.h"
#include "keys/seal_wrap.h"

#include <stdlib.h>
#include <string.h>

enum { WAYS = 4, NAME_MAX_LEN = WRAP_INFO_MAX + SEAL_WRAP_LEN };

/* tags[i] names extracts[i], of what was unwrapped. A row is one of the WAYS rows that the tag's
 * first bytes choose; the oldest of them gives way. A batch's messages come in a row: the name of
 * the one used last is kept as it is, and compared instead of hashed. */
struct opener {
    size_t mask;
    uint64_t clock;
    uint64_t unwraps;
    size_t last_at; /* the row used last */
    size_t last_len;
    uint8_t last[NAME_MAX_LEN]; /* its name: info ‖ enc ‖ ct */
    uint8_t (*tags)[HASH_LEN];
    uint64_t *used;            /* 0: empty */
    struct hmac_key *extracts; /* guarded; behind the last one R, while it is unwrapped */
};

enum err opener_open(struct opener **out, size_t secret_count)
{
    size_t rows = WAYS;
    *out = NULL;
    while (rows < secret_count)
        rows *= 2;
    struct opener *o = calloc(1, sizeof *o);
    if (o == NULL)
        return ERR_NO_MEMORY;
    o->mask = rows - 1;
    o->tags = calloc(rows, sizeof o->tags[0]);
    o->used = calloc(rows, sizeof o->used[0]);
    o->extracts = guard_alloc((rows + 1) * sizeof o->extracts[0]);
    if (o->tags == NULL || o->used == NULL || o->extracts == NULL) {
        opener_close(&o);
        return ERR_NO_MEMORY;
    }
    *out = o;
    return OK;
}

void opener_close(struct opener **opener)
{
    if (opener == NULL || *opener == NULL)
        return;
    free((*opener)->tags);
    free((*opener)->used);
    guard_free((*opener)->extracts);
    free(*opener);
    *opener = NULL;
}

uint64_t opener_unwraps(const struct opener *opener)
{
    return opener->unwraps;
}

/* The row of this tag, or the one that it may replace; *found tells which. */
static size_t row_of(const struct opener *o, const uint8_t tag[static HASH_LEN], bool *found)
{
    uint64_t head;
    memcpy(&head, tag, sizeof head);
    const size_t first = (size_t)head & o->mask & ~(size_t)(WAYS - 1);
    size_t oldest = first;
    *found = true;
    for (size_t i = first; i < first + WAYS; i++) {
        if (o->used[i] != 0 && memcmp(o->tags[i], tag, HASH_LEN) == 0)
            return i;
        if (o->used[i] < o->used[oldest])
            oldest = i;
    }
    *found = false;
    return oldest;
}

/* By HPKE, into this row. */
static enum err fill_row(struct opener *o, size_t at, const struct seal_opening *what,
                         struct span info)
{
    uint8_t *secret = (uint8_t *)&o->extracts[o->mask + 1];
    o->used[at] = 0;
    o->unwraps++;
    const enum err err = hpke_open(
        key_secret(what->key), key_public(what->key), what->wrap.data, info, (struct span){NULL, 0},
        span_of(what->wrap.data + HPKE_ENC_LEN, SEAL_WRAP_LEN - HPKE_ENC_LEN), secret);
    if (err == OK)
        seal_extract(&o->extracts[at], secret);
    guard_wipe(secret, SEAL_SECRET_LEN);
    return err;
}

/* The extract of this wrap, from memory or by HPKE; lent until the next call. */
static enum err unwrap(struct opener *o, const struct seal_opening *what,
                       const struct hmac_key **extract)
{
    SCRATCH uint8_t name[NAME_MAX_LEN];
    uint8_t tag[HASH_LEN];
    struct writer w = writer_of(name, sizeof name);

    if (what->wrap.len != SEAL_WRAP_LEN)
        return ERR_UNWRAP;
    wrap_info(&w, what->realm, what->sender_kid, key_kid(what->key));
    const struct span info = writer_span(&w);
    write_span(&w, what->wrap);
    if (w.full)
        return ERR_UNWRAP;
    if (!span_eq(writer_span(&w), span_of(o->last, o->last_len))) {
        bool found;
        hash_bytes(tag, writer_span(&w));
        const size_t at = row_of(o, tag, &found);
        o->last_len = 0;
        if (!found) {
            enum err err = fill_row(o, at, what, info);
            if (err != OK)
                return err;
            memcpy(o->tags[at], tag, HASH_LEN);
        }
        o->last_at = at;
        o->last_len = w.len;
        memcpy(o->last, name, w.len);
    }
    o->used[o->last_at] = ++o->clock;
    *extract = &o->extracts[o->last_at];
    return OK;
}

/* Inner code of one opening. */
static enum err open_part(struct opener *o, const struct seal_opening *what, uint8_t *buffer,
                          size_t cap, struct span *plain, uint8_t dek[static SEAL_DEK_LEN])
{
    const struct hmac_key *extract;
    uint8_t commitment[SEAL_COMMITMENT_LEN];

    enum err err = unwrap(o, what, &extract);
    if (err != OK)
        return err;
    seal_dek(dek, extract, &what->place);
    seal_commitment(commitment, dek);
    if (!guard_equal(commitment, what->commitment, SEAL_COMMITMENT_LEN))
        return ERR_COMMITMENT;
    return seal_open_dek(dek, what->header_hash, what->place.part, what->c, buffer, cap, plain);
}

enum err opener_part(struct opener *opener, const struct seal_opening *what, uint8_t *buffer,
                     size_t cap, struct span *plain, uint8_t dek[SEAL_DEK_LEN], enum err *inner)
{
    uint8_t own_dek[SEAL_DEK_LEN];
    *plain = (struct span){NULL, 0};
    *inner = ERR_TOO_LARGE;
    if (cap < what->c.len)
        return ERR_TOO_LARGE;

    *inner = open_part(opener, what, buffer, cap, plain, own_dek);
    if (*inner == OK && dek != NULL)
        memcpy(dek, own_dek, SEAL_DEK_LEN);
    guard_wipe(own_dek, sizeof own_dek);
    return *inner == OK ? OK : ERR_CANNOT_OPEN;
}
