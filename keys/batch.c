#include "keys/batch.h"

#include "base/scratch.h"
#include "keys/batch_statement.h"

#include <stdlib.h>
#include <string.h>

enum { LEVELS = 11, NODES = 2 * BATCH_LEAF_MAX }; /* 1024 leaves: levels of 1024, 512, … 1 */

struct batch {
    size_t count;
    bool is_signed;
    uint8_t kid[KID_LEN];
    uint8_t signature[FRAME_SIG_LEN];
    unsigned level_count;
    size_t begin[LEVELS]; /* of each level in node */
    merkle_hash node[NODES];
};

enum err batch_open(struct batch **out)
{
    *out = calloc(1, sizeof **out);
    return *out == NULL ? ERR_NO_MEMORY : OK;
}

void batch_close(struct batch **batch)
{
    if (batch == NULL)
        return;
    free(*batch);
    *batch = NULL;
}

void batch_reset(struct batch *batch)
{
    batch->count = 0;
    batch->is_signed = false;
}

enum err batch_add(struct batch *batch, const merkle_hash leaf, size_t *index)
{
    if (batch->is_signed)
        return ERR_INTERNAL;
    if (batch->count == BATCH_LEAF_MAX)
        return ERR_TOO_LARGE;
    memcpy(batch->node[batch->count], leaf, HASH_LEN);
    *index = batch->count++;
    return OK;
}

size_t batch_count(const struct batch *batch)
{
    return batch->count;
}

static size_t level_width(const struct batch *batch, unsigned level)
{
    const size_t round_up = ((size_t)1 << level) - 1;
    return (batch->count + round_up) >> level;
}

/* All levels at once; the last node of an odd level is promoted, which is RFC 6962's tree. */
static void build_levels(struct batch *batch)
{
    size_t begin = 0;
    unsigned level = 0;
    batch->begin[0] = 0;
    for (size_t width = batch->count; width > 1; width = (width + 1) / 2) {
        const size_t above = begin + width;
        for (size_t i = 0; i + 1 < width; i += 2)
            merkle_node(batch->node[above + i / 2], batch->node[begin + i],
                        batch->node[begin + i + 1]);
        if (width % 2 == 1)
            memcpy(batch->node[above + width / 2], batch->node[begin + width - 1], HASH_LEN);
        begin = above;
        batch->begin[++level] = begin;
    }
    batch->level_count = level + 1;
}

void batch_statement(struct writer *w, const uint8_t kid[static KID_LEN], uint64_t size,
                     const merkle_hash root)
{
    write_span(w, LABEL("batch"));
    write_bytes(w, kid, KID_LEN);
    write_uint(w, size, 8);
    write_bytes(w, root, HASH_LEN);
}

enum err batch_sign(struct batch *batch, const struct key *key)
{
    uint8_t statement[BATCH_STATEMENT_MAX];
    struct writer w = writer_of(statement, sizeof statement);

    if (batch->count == 0 || batch->is_signed)
        return ERR_INTERNAL;
    build_levels(batch);
    memcpy(batch->kid, key_kid(key), KID_LEN);
    batch_statement(&w, batch->kid, batch->count,
                    batch->node[batch->begin[batch->level_count - 1]]);
    enum err err = key_sign(key, writer_span(&w), batch->signature);
    batch->is_signed = err == OK;
    return err;
}

size_t batch_signature_len(const struct batch *batch, size_t index)
{
    return FRAME_SIGNATURE_MIN + (size_t)merkle_path_len(index, batch->count) * HASH_LEN;
}

enum err batch_write(const struct batch *batch, size_t index, struct writer *w)
{
    SCRATCH merkle_hash path[BATCH_PATH_MAX];
    unsigned n = 0;
    size_t at = index;

    if (!batch->is_signed || index >= batch->count)
        return ERR_INTERNAL;
    for (unsigned level = 0; level + 1 < batch->level_count; level++, at /= 2) {
        const size_t sibling = at ^ 1;
        if (sibling < level_width(batch, level))
            memcpy(path[n++], batch->node[batch->begin[level] + sibling], HASH_LEN);
    }
    const struct frame_signature s = {
        .alg = FRAME_ALG_ED25519,
        .kid = batch->kid,
        .size = batch->count,
        .index = index,
        .n = n,
        .path = span_of(path, (size_t)n * HASH_LEN),
        .sig = batch->signature,
    };
    frame_write_signature(w, &s);
    return w->full ? ERR_TOO_LARGE : OK;
}
