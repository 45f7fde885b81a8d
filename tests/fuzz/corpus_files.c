#include "fuzz/corpus_files.h"

#include "fuzz/again.h"

#include "base/file.h"
#include "keys/cosign.h"
#include "keys/init.h"
#include "keys/keyfile.h"
#include "keys/merkle.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { PART_MAX = 4096, LEAVES = 13, PATH_BYTES = 512 };

static struct entropy fixed(struct entropy_replay *replay)
{
    static const uint8_t seed[ENTROPY_SEED_LEN] = {7};
    return entropy_replay_init(replay, seed);
}

static struct key *made(enum key_use use)
{
    struct entropy_replay replay;
    const struct entropy entropy = fixed(&replay);
    struct key *key = NULL;
    must(keys_init() == OK && key_make(&key, use, 0, &entropy) == OK);
    return key;
}

static void note(struct writer *w)
{
    struct key *log = made(KEY_USE_LOG);
    struct key *witness = made(KEY_USE_WITNESS);
    struct checkpoint c = {.size = 1234, .root = {0xa5}};
    must(note_origin(c.origin, "hub.445100", "test", 1) == OK);
    must(note_sign(&c, log, w) == OK);
    must(cosign(writer_span(w), "hub.440000.test/witness", witness, 1780000000, w) == OK);
    key_close(&log);
    key_close(&witness);
}

static void leaves(merkle_hash out[LEAVES])
{
    for (uint8_t i = 0; i < LEAVES; i++)
        memset(out[i], i, sizeof out[i]);
}

/* merkle_subtree_fn */
static enum err subtree(void *ctx, unsigned level, uint64_t index, merkle_hash out)
{
    const merkle_hash *all = ctx;
    merkle_root(out, all + (index << level), (size_t)1 << level);
    return OK;
}

static void head(struct writer *w, uint64_t a, uint64_t b, const uint8_t *one, const uint8_t *two)
{
    write_uint(w, a, 8);
    write_uint(w, b, 8);
    write_bytes(w, one, HASH_LEN);
    write_bytes(w, two, HASH_LEN);
}

static void inclusion(struct writer *w)
{
    merkle_hash all[LEAVES];
    merkle_hash root;
    merkle_hash path[MERKLE_PATH_MAX];
    unsigned count;
    leaves(all);
    merkle_root(root, (const merkle_hash *)all, LEAVES);
    must(merkle_inclusion(5, LEAVES, subtree, all, path, &count) == OK);
    head(w, 5, LEAVES, all[5], root);
    write_bytes(w, path, count * sizeof *path);
}

static void consistency(struct writer *w)
{
    merkle_hash all[LEAVES];
    merkle_hash before;
    merkle_hash after;
    merkle_hash proof[MERKLE_CONSISTENCY_MAX];
    unsigned count;
    leaves(all);
    merkle_root(before, (const merkle_hash *)all, 6);
    merkle_root(after, (const merkle_hash *)all, LEAVES);
    must(merkle_consistency(6, LEAVES, subtree, all, proof, &count) == OK);
    head(w, 6, LEAVES, before, after);
    write_bytes(w, proof, count * sizeof *proof);
}

static void frontier(struct writer *w)
{
    struct merkle_frontier f;
    merkle_hash all[LEAVES];
    leaves(all);
    frontier_init(&f);
    for (size_t i = 0; i < LEAVES; i++)
        frontier_append(&f, all[i]);
    frontier_write(&f, w);
}

static void keyfile(struct writer *w)
{
    static const struct keyfile_cost least = {.ops = 1, .memory = KEYFILE_MEMORY_MIN};
    char path[PATH_BYTES];
    const char *base = getenv("TMPDIR");
    struct entropy_replay replay;
    const struct entropy entropy = fixed(&replay);
    struct passphrase *passphrase;
    struct keyring *ring;
    struct key *key = made(KEY_USE_SIGN);
    uint8_t *data = NULL;
    size_t len = 0;
    int n = snprintf(path, sizeof path, "%s/lianshu-corpus-%d", base == NULL ? "/tmp" : base,
                     (int)getpid());
    must(n > 0 && (size_t)n < sizeof path);
    must(passphrase_of(&passphrase, span_str("correct horse battery")) == OK &&
         keyring_open(&ring, "market.445100", "desk") == OK && keyring_add(ring, &key) == OK &&
         keyfile_write(ring, path, true, passphrase, least, &entropy, NULL) == OK &&
         file_read(path, PART_MAX, 0, &data, &len, NULL) == OK);
    write_bytes(w, data, len);
    free(data);
    (void)unlink(path); /* it was only on its way */
    keyring_close(&ring);
    passphrase_close(&passphrase);
}

static const struct sample {
    const char *target;
    const char *name;
    void (*make)(struct writer *w);
    uint8_t loader;   /* of a file: the byte in front of it */
    const char *file; /* in the tree, its first bytes */
} SAMPLES[] = {
    {"note", "cosigned", note, 0, NULL},
    {"proof", "inclusion", inclusion, 0, NULL},
    {"proof", "consistency", consistency, 0, NULL},
    {"proof", "frontier", frontier, 0, NULL},
    {"keyfile", "one", keyfile, 0, NULL},
    {"settings", "hub", NULL, 0, "deploy/conf/hub.yaml"},
    {"settings", "signer", NULL, 1, "deploy/conf/signer.yaml"},
    {"settings", "adapter", NULL, 2, "deploy/conf/adapter.yaml"},
    {"settings", "map", NULL, 3, "adapters/insurance/map.yaml"},
    {"settings", "calendar", NULL, 5, "schemas/data/calendar.csv"},
};

static void put_file(const char *tree, const struct sample *s, struct writer *w)
{
    char path[PATH_BYTES];
    uint8_t *data;
    size_t len;
    int n = snprintf(path, sizeof path, "%s/%s", tree, s->file);
    must(n > 0 && (size_t)n < sizeof path);
    must(file_read(path, 1 << 20, 0, &data, &len, NULL) == OK);
    write_uint(w, s->loader, 1);
    write_bytes(w, data, len < PART_MAX ? len : PART_MAX);
    free(data);
}

bool corpus_file(size_t i, const char *tree, const char **target, const char **name,
                 struct writer *w)
{
    if (i >= sizeof SAMPLES / sizeof *SAMPLES)
        return false;
    const struct sample *s = &SAMPLES[i];
    *target = s->target;
    *name = s->name;
    if (s->make != NULL)
        s->make(w);
    else
        put_file(tree, s, w);
    return true;
}
