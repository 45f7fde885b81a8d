#include "keys/log_path.h"

#include "base/scratch.h"

#include <string.h>

/* A path as it was walked: at each level the node, and its sibling where there is one. */
struct walk {
    unsigned levels;
    uint64_t fresh; /* bit n: what stands at level n was not known before */
    merkle_hash node[MERKLE_PATH_MAX + 1];
    const uint8_t *sibling[MERKLE_PATH_MAX + 1]; /* NULL: promoted */
};

static struct log_node *slot_of(struct log_nodes *n, unsigned level, uint64_t place)
{
    uint64_t mix = (place << 6 | level) * UINT64_C(0x9e3779b97f4a7c15);
    return &n->node[(size_t)(mix >> 40) % LOG_NODES];
}

static const uint8_t *find(struct log_nodes *n, unsigned level, uint64_t place)
{
    const struct log_node *row = slot_of(n, level, place);
    return row->serial == n->serial && row->level == level && row->place == place ? row->hash
                                                                                  : NULL;
}

static void put(struct log_nodes *n, unsigned level, uint64_t place, const uint8_t *hash)
{
    struct log_node *row = slot_of(n, level, place);
    row->serial = n->serial;
    row->level = level;
    row->place = place;
    memcpy(row->hash, hash, HASH_LEN);
}

static bool is_other(const uint8_t *known, const uint8_t *hash)
{
    return known != NULL && memcmp(known, hash, HASH_LEN) != 0;
}

/* From the leaf to the root. Where node, sibling and parent are known the parent is not hashed,
 * but each hash of the path is still compared. */
static enum err walk_path(struct log_nodes *n, const merkle_hash leaf, uint64_t place,
                          uint64_t size, const merkle_hash *path, struct walk *walk)
{
    unsigned level = 0;
    const uint8_t *here = find(n, 0, place);
    walk->fresh = 0;
    memcpy(walk->node[0], leaf, HASH_LEN);
    for (uint64_t last = size - 1; last > 0; last >>= 1, place >>= 1, level++) {
        const uint8_t *node = walk->node[level];
        uint8_t *up = walk->node[level + 1];
        walk->sibling[level] = NULL;
        if (is_other(here, node))
            return ERR_INCLUSION;
        if ((place & 1) == 0 && place == last) {
            memcpy(up, node, HASH_LEN);
            walk->fresh |= (uint64_t)(here == NULL) << level;
            here = find(n, level + 1, place >> 1);
            continue;
        }
        const uint8_t *sibling = *path++;
        const uint8_t *beside = here == NULL ? NULL : find(n, level, place ^ 1);
        const uint8_t *above = beside == NULL ? NULL : find(n, level + 1, place >> 1);
        if (is_other(beside, sibling))
            return ERR_INCLUSION;
        walk->sibling[level] = sibling;
        if (above != NULL)
            memcpy(up, above, HASH_LEN);
        else if ((place & 1) != 0)
            merkle_node(up, sibling, node);
        else
            merkle_node(up, node, sibling);
        walk->fresh |= (uint64_t)(beside == NULL) << level;
        here = above != NULL ? above : find(n, level + 1, place >> 1);
    }
    walk->fresh |= (uint64_t)(here == NULL) << level;
    walk->levels = level;
    return OK;
}

static void remember(struct log_nodes *n, uint64_t place, const struct walk *walk)
{
    for (unsigned level = 0; level <= walk->levels; level++, place >>= 1) {
        if ((walk->fresh >> level & 1) == 0)
            continue;
        put(n, level, place, walk->node[level]);
        if (level < walk->levels && walk->sibling[level] != NULL)
            put(n, level, place ^ 1, walk->sibling[level]);
    }
}

enum err log_path_verify(struct log_nodes *nodes, const merkle_hash leaf, uint64_t index,
                         uint64_t size, const merkle_hash *path, size_t path_len,
                         const merkle_hash root)
{
    SCRATCH struct walk walk;
    if (index >= size || size > MERKLE_SIZE_MAX || path_len != merkle_path_len(index, size))
        return ERR_INCLUSION;
    if (nodes->serial == 0 || nodes->size != size || memcmp(nodes->root, root, HASH_LEN) != 0) {
        if (++nodes->serial == 0) { /* after four thousand million roots: begin anew */
            memset(nodes->node, 0, sizeof nodes->node);
            nodes->serial = 1;
        }
        nodes->size = size;
        memcpy(nodes->root, root, HASH_LEN);
    }
    const enum err err = walk_path(nodes, leaf, index, size, path, &walk);
    if (err != OK)
        return err;
    if (memcmp(walk.node[walk.levels], root, HASH_LEN) != 0)
        return ERR_INCLUSION;
    remember(nodes, index, &walk);
    return OK;
}
