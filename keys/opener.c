#include "keys/seal.h"

#include "keys/guard.h"
#include "keys/seal_wrap.h"

#include <stdlib.h>
#include <string.h>

enum { WAYS = 4 };

/* tags[i] names secrets[i], the extract of what was unwrapped. A row is one of the WAYS rows that
 * the tag's first bytes choose; the oldest of them gives way. */
struct opener {
    size_t mask;
    uint64_t clock;
    uint64_t unwraps;
    uint8_t (*tags)[HASH_LEN];
    uint64_t *used;                      /* 0: empty */
    uint8_t (*secrets)[SEAL_SECRET_LEN]; /* guarded */
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
    o->secrets = guard_alloc(rows * sizeof o->secrets[0]);
    if (o->tags == NULL || o->used == NULL || o->secrets == NULL) {
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
    guard_free((*opener)->secrets);
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

/* The extract of this wrap, from memory or by HPKE; lent until the next call. */
static enum err unwrap(struct opener *o, const struct seal_opening *what, const uint8_t **extract)
{
    uint8_t info[WRAP_INFO_MAX];
    uint8_t tag[HASH_LEN];
    struct writer w = writer_of(info, sizeof info);
    bool found;

    wrap_info(&w, what->realm, what->sender_kid, key_kid(what->key));
    if (w.full || what->wrap.len != SEAL_WRAP_LEN)
        return ERR_UNWRAP;
    const struct span spans[] = {writer_span(&w), what->wrap};
    hash_spans(tag, spans, 2);

    const size_t at = row_of(o, tag, &found);
    if (!found) {
        o->used[at] = 0;
        o->unwraps++;
        enum err err = hpke_open(
            key_secret(what->key), key_public(what->key), what->wrap.data, writer_span(&w),
            (struct span){NULL, 0},
            span_of(what->wrap.data + HPKE_ENC_LEN, SEAL_WRAP_LEN - HPKE_ENC_LEN), o->secrets[at]);
        if (err != OK)
            return err;
        seal_extract(o->secrets[at]);
        memcpy(o->tags[at], tag, HASH_LEN);
    }
    o->used[at] = ++o->clock;
    *extract = o->secrets[at];
    return OK;
}

/* Inner code of one opening. */
static enum err open_part(struct opener *o, const struct seal_opening *what, uint8_t *buffer,
                          size_t cap, struct span *plain, uint8_t dek[static SEAL_DEK_LEN])
{
    const uint8_t *extract;
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
