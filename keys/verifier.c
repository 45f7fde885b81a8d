#include "keys/batch.h"

#include "base/scratch.h"
#include "keys/batch_statement.h"

#include <stdlib.h>
#include <string.h>

/*
 * Two tables. A batch row says: this key made this signature, and it is good for this root. A
 * node row says: this hash stands at this place of the tree of that batch. Rows name the batch
 * by a serial number that is never given twice, so replacing a batch row makes its nodes
 * unreachable, and nodes of one batch cannot serve another.
 */
enum { WAYS = 4, NODES_PER_BATCH = 16, BATCHES_MIN = 16 };

struct batch_row {
    uint64_t serial; /* 0: empty */
    uint64_t size;
    uint8_t kid[KID_LEN];
    uint8_t public_key[KEY_PUBLIC_LEN]; /* whose kid it is */
    uint8_t signature[FRAME_SIG_LEN];
    merkle_hash root;
};

struct node_row {
    uint64_t serial;
    uint32_t place;
    uint8_t level;
    merkle_hash hash;
};

struct verifier {
    uint64_t serial; /* last one given */
    size_t batch_mask;
    size_t node_mask;
    struct batch_row *batches;
    struct node_row *nodes;
    struct verifier_stats stats;
};

static size_t power_above(size_t n)
{
    size_t power = 1;
    while (power < n)
        power *= 2;
    return power;
}

enum err verifier_open(struct verifier **out, size_t node_count)
{
    *out = NULL;
    struct verifier *v = calloc(1, sizeof *v);
    if (v == NULL)
        return ERR_NO_MEMORY;
    const size_t nodes =
        power_above(node_count < VERIFIER_NODES_MIN ? VERIFIER_NODES_MIN : node_count);
    const size_t batches =
        nodes / NODES_PER_BATCH < BATCHES_MIN ? BATCHES_MIN : nodes / NODES_PER_BATCH;
    v->nodes = calloc(nodes, sizeof v->nodes[0]);
    v->batches = calloc(batches, sizeof v->batches[0]);
    v->node_mask = nodes - 1;
    v->batch_mask = batches - 1;
    if (v->nodes == NULL || v->batches == NULL) {
        verifier_close(&v);
        return ERR_NO_MEMORY;
    }
    *out = v;
    return OK;
}

void verifier_close(struct verifier **verifier)
{
    if (verifier == NULL || *verifier == NULL)
        return;
    free((*verifier)->nodes);
    free((*verifier)->batches);
    free(*verifier);
    *verifier = NULL;
}

struct verifier_stats verifier_stats(const struct verifier *verifier)
{
    return verifier->stats;
}

/* First of the WAYS rows in which this signature may stand. */
static struct batch_row *batch_set(const struct verifier *v, const uint8_t *signature)
{
    uint64_t head;
    memcpy(&head, signature, sizeof head);
    return &v->batches[(size_t)head & v->batch_mask & ~(size_t)(WAYS - 1)];
}

static const struct batch_row *batch_find(const struct verifier *v, const struct frame_signature *s)
{
    const struct batch_row *set = batch_set(v, s->sig);
    for (int i = 0; i < WAYS; i++) {
        if (set[i].serial != 0 && set[i].size == s->size &&
            memcmp(set[i].kid, s->kid, KID_LEN) == 0 &&
            memcmp(set[i].signature, s->sig, FRAME_SIG_LEN) == 0)
            return &set[i];
    }
    return NULL;
}

static const struct batch_row *batch_put(struct verifier *v, const struct frame_signature *s,
                                         const uint8_t *public_key, const merkle_hash root)
{
    struct batch_row *set = batch_set(v, s->sig);
    struct batch_row *row = set;
    for (int i = 1; i < WAYS; i++) {
        if (set[i].serial < row->serial)
            row = &set[i];
    }
    row->serial = ++v->serial;
    row->size = s->size;
    memcpy(row->kid, s->kid, KID_LEN);
    memcpy(row->public_key, public_key, KEY_PUBLIC_LEN);
    memcpy(row->signature, s->sig, FRAME_SIG_LEN);
    memcpy(row->root, root, HASH_LEN);
    return row;
}

static struct node_row *node_slot(const struct verifier *v, uint64_t serial, unsigned level,
                                  uint64_t place)
{
    uint64_t mix = serial * UINT64_C(0x9e3779b97f4a7c15) + (place << 5 | level);
    mix = (mix ^ mix >> 29) * UINT64_C(0xbf58476d1ce4e5b9);
    return &v->nodes[(size_t)(mix >> 20) & v->node_mask];
}

static const uint8_t *node_find(const struct verifier *v, uint64_t serial, unsigned level,
                                uint64_t place)
{
    const struct node_row *row = node_slot(v, serial, level, place);
    if (row->serial != serial || row->level != level || row->place != place)
        return NULL;
    return row->hash;
}

static void node_put(struct verifier *v, uint64_t serial, unsigned level, uint64_t place,
                     const merkle_hash hash)
{
    struct node_row *row = node_slot(v, serial, level, place);
    row->serial = serial;
    row->level = (uint8_t)level;
    row->place = (uint32_t)place;
    memcpy(row->hash, hash, HASH_LEN);
}

/* A path as it was walked: at each level the node, and its sibling where there is one. */
struct walk {
    unsigned levels;
    uint32_t fresh; /* bit n: what stands at level n was not known before */
    merkle_hash node[BATCH_PATH_MAX + 2];
    const uint8_t *sibling[BATCH_PATH_MAX + 2]; /* NULL: promoted */
};

/* Remember what a good path has shown. */
static void remember(struct verifier *v, uint64_t serial, uint64_t index, const struct walk *walk)
{
    for (unsigned level = 0; level <= walk->levels; level++, index >>= 1) {
        if ((walk->fresh >> level & 1) == 0)
            continue;
        node_put(v, serial, level, index, walk->node[level]);
        if (level < walk->levels && walk->sibling[level] != NULL)
            node_put(v, serial, level, index ^ 1, walk->sibling[level]);
    }
}

static void step_up(struct verifier *v, uint64_t place, const uint8_t *node, const uint8_t *sibling,
                    merkle_hash up)
{
    if ((place & 1) != 0)
        merkle_node(up, sibling, node);
    else
        merkle_node(up, node, sibling);
    v->stats.nodes++;
}

/* Walk from the leaf to the root. With a known batch, nodes that are known are compared and not
 * hashed; ERR_BATCH_PATH as soon as one differs. */
static enum err walk_path(struct verifier *v, const struct frame_signature *s,
                          const struct batch_row *known, const merkle_hash leaf, struct walk *walk)
{
    const uint8_t *path = s->path.data;
    uint64_t place = s->index;
    unsigned level = 0;
    const uint8_t *here = known ? node_find(v, known->serial, 0, place) : NULL;

    walk->fresh = 0;
    memcpy(walk->node[0], leaf, HASH_LEN);
    for (uint64_t last = s->size - 1; last > 0; last >>= 1, place >>= 1, level++) {
        const uint8_t *node = walk->node[level];
        uint8_t *up = walk->node[level + 1];
        const bool alone = (place & 1) == 0 && place == last;

        if (here != NULL && memcmp(here, node, HASH_LEN) != 0)
            return ERR_BATCH_PATH;
        walk->sibling[level] = NULL;
        if (alone) {
            memcpy(up, node, HASH_LEN);
            walk->fresh |= (uint32_t)(here == NULL) << level;
            here = known ? node_find(v, known->serial, level + 1, place >> 1) : NULL;
            continue;
        }
        walk->sibling[level] = path;
        path += HASH_LEN;

        const uint8_t *beside = here ? node_find(v, known->serial, level, place ^ 1) : NULL;
        const uint8_t *above = beside ? node_find(v, known->serial, level + 1, place >> 1) : NULL;
        if (beside != NULL && memcmp(beside, walk->sibling[level], HASH_LEN) != 0)
            return ERR_BATCH_PATH;
        if (above != NULL)
            memcpy(up, above, HASH_LEN);
        else
            step_up(v, place, node, walk->sibling[level], up);
        walk->fresh |= (uint32_t)(beside == NULL) << level;
        here = above != NULL || known == NULL ? above
                                              : node_find(v, known->serial, level + 1, place >> 1);
    }
    walk->fresh |= (uint32_t)(here == NULL) << level;
    walk->levels = level;
    return OK;
}

/* Is the kid in S this key's? A known batch has answered that before. */
static bool names_key(const struct frame_signature *sig, const uint8_t *public_key,
                      const struct batch_row *known)
{
    uint8_t kid[KID_LEN];
    if (known != NULL && memcmp(known->public_key, public_key, KEY_PUBLIC_LEN) == 0)
        return true; /* batch_find compared the kid */
    kid_of(kid, ALG_ED25519, public_key);
    return memcmp(kid, sig->kid, KID_LEN) == 0;
}

enum err verifier_check(struct verifier *verifier, const uint8_t public_key[static KEY_PUBLIC_LEN],
                        const merkle_hash leaf, struct span s)
{
    struct frame_signature sig;
    SCRATCH struct walk walk;
    enum err err = frame_parse_signature(s, &sig);
    if (err != OK)
        return err;

    const struct batch_row *known = batch_find(verifier, &sig);
    if (!names_key(&sig, public_key, known))
        return ERR_SIGNATURE;
    if ((err = walk_path(verifier, &sig, known, leaf, &walk)) != OK)
        return err;
    const uint8_t *root = walk.node[walk.levels];

    if (known != NULL) {
        if (memcmp(known->root, root, HASH_LEN) != 0)
            return ERR_BATCH_PATH;
        verifier->stats.known++;
    } else {
        uint8_t statement[BATCH_STATEMENT_MAX];
        struct writer w = writer_of(statement, sizeof statement);
        batch_statement(&w, sig.kid, sig.size, root);
        verifier->stats.signatures++;
        if ((err = key_verify(public_key, writer_span(&w), sig.sig)) != OK)
            return err;
        if (sig.size == 1)
            return OK; /* nothing else can share this signature */
        known = batch_put(verifier, &sig, public_key, root);
    }
    remember(verifier, known->serial, sig.index, &walk);
    return OK;
}
