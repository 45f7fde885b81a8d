#include "cli/tiles.h"

#include "base/file.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { WIDTH = MERKLE_TILE_WIDTH, NAME_BASE = 1000, NAME_PARTS = 8 };

/* ---- names ---- */

void tiles_name(char out[static TILES_PATH_MAX], const char *dir, int level, uint64_t index,
                unsigned width)
{
    uint64_t part_of[NAME_PARTS]; /* from the last to the first */
    unsigned parts = 0;
    char level_text[16] = "entries";
    char part[16];
    for (uint64_t left = index; parts == 0 || left > 0; left /= NAME_BASE)
        part_of[parts++] = left % NAME_BASE;
    if (level >= 0)
        snprintf(level_text, sizeof level_text, "%d", level);
    snprintf(part, sizeof part, ".p/%u", width);
    struct writer w = writer_of(out, TILES_PATH_MAX - 1);
    char text[32];
    write_bytes(&w, dir, strlen(dir));
    write_bytes(&w, "/tile/", 6);
    write_bytes(&w, level_text, strlen(level_text));
    while (parts-- > 0) {
        const int len =
            snprintf(text, sizeof text, "/%s%03u", parts > 0 ? "x" : "", (unsigned)part_of[parts]);
        write_bytes(&w, text, (size_t)len);
    }
    if (width != WIDTH)
        write_bytes(&w, part, strlen(part));
    out[w.len] = '\0';
}

/* The folders above a file. */
static enum err make_folders(const char *path, size_t from, struct fault *fault)
{
    char folder[TILES_PATH_MAX];
    for (size_t i = from; path[i] != '\0'; i++) {
        if (path[i] != '/' || i == 0)
            continue;
        memcpy(folder, path, i);
        folder[i] = '\0';
        if (mkdir(folder, 0755) != 0 && errno != EEXIST)
            return fault_set(fault, file_errno(errno), 0, folder, "the folder cannot be made");
    }
    return OK;
}

static enum err put_file(const char *dir, const char *path, struct span data, struct fault *fault)
{
    enum err err = make_folders(path, strlen(dir), fault);
    return err == OK ? file_write(path, data, 0644, 0, fault) : err;
}

/* Width of tile `index` of a level in a tree of this size; 0: it is not there. */
static unsigned width_of(uint64_t size, unsigned level, uint64_t index)
{
    const uint64_t count =
        level * MERKLE_TILE_LEVELS >= 64 ? 0 : size >> (level * MERKLE_TILE_LEVELS);
    const uint64_t first = index * WIDTH;
    if (first >= count)
        return 0;
    return count - first >= WIDTH ? WIDTH : (unsigned)(count - first);
}

/* The hashes of a tile as this tree has it; also from a wider file. ERR_LOG_TRUNCATED: none. */
static enum err read_tile(const char *dir, uint64_t size, unsigned level, uint64_t index,
                          merkle_hash out[static WIDTH], unsigned *width, struct fault *fault)
{
    char path[TILES_PATH_MAX];
    uint8_t *data = NULL;
    size_t len;
    *width = width_of(size, level, index);
    tiles_name(path, dir, (int)level, index, *width);
    enum err err = file_read(path, WIDTH * HASH_LEN, 0, &data, &len, NULL);
    if (err == ERR_NOT_FOUND && *width < WIDTH) {
        tiles_name(path, dir, (int)level, index, WIDTH);
        err = file_read(path, WIDTH * HASH_LEN, 0, &data, &len, NULL);
    }
    if (err == ERR_NOT_FOUND)
        return fault_set(fault, ERR_LOG_TRUNCATED, 0, path, "the tile is missing");
    if (err == OK && (len % HASH_LEN != 0 || len < *width * (size_t)HASH_LEN))
        err = ERR_LOG_ENTRY;
    if (err == OK)
        memcpy(out, data, *width * (size_t)HASH_LEN);
    free(data);
    return err == OK ? OK : fault_set(fault, err, 0, path, "not the hashes of a tile");
}

enum err tiles_subtree(void *ctx, unsigned level, uint64_t index, merkle_hash out)
{
    const struct tiles_tree *tree = ctx;
    const struct merkle_tile at = merkle_tile_at(level, index);
    merkle_hash hash[WIDTH];
    unsigned width;
    enum err err =
        read_tile(tree->dir, tree->size, at.tile_level, at.tile_index, hash, &width, NULL);
    if (err != OK)
        return err;
    if (at.first + at.count > width)
        return ERR_LOG_TRUNCATED;
    merkle_root(out, (const merkle_hash *)&hash[at.first], at.count);
    return OK;
}

static enum err prefix_root(const char *dir, uint64_t size, uint64_t of, merkle_hash out)
{
    struct tiles_tree tree = {dir, of};
    return merkle_prefix_root(out, size, tiles_subtree, &tree);
}

/* ---- the checkpoint ---- */

enum err tiles_checkpoint(const char *dir, struct checkpoint *out,
                          uint8_t note[static NOTE_LEN_MAX], size_t *len, struct fault *fault)
{
    char path[TILES_PATH_MAX];
    uint8_t *data = NULL;
    snprintf(path, sizeof path, "%s/checkpoint", dir);
    enum err err = file_read(path, NOTE_LEN_MAX, 0, &data, len, NULL);
    if (err == ERR_TOO_LARGE)
        err = ERR_CHECKPOINT;
    if (err == OK)
        err = note_parse(span_of(data, *len), out);
    if (err == OK)
        memcpy(note, data, *len);
    free(data);
    return err == OK ? OK : fault_set(fault, err, 0, path, "the checkpoint");
}

/* ---- writing ---- */

enum err tiles_begin(struct tiles_writer *t, const char *dir, uint64_t from, struct fault *fault)
{
    memset(t, 0, sizeof *t);
    t->dir = dir;
    t->next = from;
    t->bundle = malloc(TILES_BUNDLE_MAX);
    if (t->bundle == NULL)
        return fault_set(fault, ERR_NO_MEMORY, 0, dir, "a bundle");
    return OK;
}

void tiles_end(struct tiles_writer *t)
{
    free(t->bundle);
    t->bundle = NULL;
}

/* The bundle and the tile of hashes that end at t->next. */
static enum err flush(struct tiles_writer *t, struct fault *fault)
{
    char path[TILES_PATH_MAX];
    const uint64_t index = (t->next - 1) / WIDTH;
    if (t->count == 0)
        return OK;
    tiles_name(path, t->dir, TILES_ENTRIES, index, t->count);
    enum err err = put_file(t->dir, path, span_of(t->bundle, t->len), fault);
    if (err != OK)
        return err;
    tiles_name(path, t->dir, 0, index, t->count);
    err = put_file(t->dir, path, span_of(t->hash, t->count * sizeof t->hash[0]), fault);
    t->count = 0;
    t->len = 0;
    return err;
}

enum err tiles_add(struct tiles_writer *t, struct span leaf, struct fault *fault)
{
    struct writer w = writer_of(t->bundle + t->len, TILES_BUNDLE_MAX - t->len);
    if (leaf.len > UINT16_MAX)
        return fault_set(fault, ERR_TOO_LARGE, 0, "log", "entry %" PRIu64, t->next);
    write_uint(&w, leaf.len, 2);
    write_span(&w, leaf);
    merkle_leaf(t->hash[t->count], leaf);
    t->len += w.len;
    t->count++;
    t->next++;
    return t->next % WIDTH == 0 ? flush(t, fault) : OK;
}

/* Tiles of a level from the full tiles below, from `from` on. */
static enum err build_level(const char *dir, uint64_t size, unsigned level, uint64_t from,
                            struct fault *fault)
{
    merkle_hash hash[WIDTH];
    merkle_hash below[WIDTH];
    char path[TILES_PATH_MAX];
    unsigned width;
    enum err err = OK;
    for (uint64_t index = from; err == OK && (width = width_of(size, level, index)) > 0; index++) {
        for (unsigned i = 0; err == OK && i < width; i++) {
            unsigned full;
            err = read_tile(dir, size, level - 1, index * WIDTH + i, below, &full, fault);
            merkle_root(hash[i], (const merkle_hash *)below, err == OK ? full : 0);
        }
        tiles_name(path, dir, (int)level, index, width);
        if (err == OK)
            err = put_file(dir, path, span_of(hash, width * sizeof hash[0]), fault);
    }
    return err;
}

/* What the growth has made into other files. */
static void remove_partial(const char *dir, uint64_t before, uint64_t now)
{
    char path[TILES_PATH_MAX];
    for (unsigned level = 0; level < TILES_TOP; level++) {
        const uint64_t index = (before >> (level * MERKLE_TILE_LEVELS)) / WIDTH;
        const unsigned old = width_of(before, level, index);
        if (old == 0 || old == WIDTH || old == width_of(now, level, index))
            continue;
        tiles_name(path, dir, (int)level, index, old);
        (void)unlink(path); /* it may have gone before */
        tiles_name(path, dir, TILES_ENTRIES, index, old);
        if (level == 0)
            (void)unlink(path);
    }
}

static enum err check_root(const char *dir, uint64_t of, const struct checkpoint *checkpoint,
                           struct fault *fault)
{
    merkle_hash root;
    enum err err = prefix_root(dir, checkpoint->size, of, root);
    if (err == OK && memcmp(root, checkpoint->root, HASH_LEN) != 0)
        err = ERR_LOG_FORK;
    return err == OK ? OK
                     : fault_set(fault, err, 0, dir, "the tree of %" PRIu64 " entries is another",
                                 checkpoint->size);
}

enum err tiles_seal(struct tiles_writer *t, const struct checkpoint *before, struct span note,
                    struct fault *fault)
{
    char path[TILES_PATH_MAX];
    struct checkpoint checkpoint;
    const uint64_t old = before == NULL ? 0 : before->size;
    enum err err = note_parse(note, &checkpoint);
    if (err != OK)
        return fault_set(fault, err, 0, t->dir, "the checkpoint");
    if (checkpoint.size != t->next)
        return fault_set(fault, ERR_LOG_TRUNCATED, 0, t->dir, "entry %" PRIu64 " is missing",
                         t->next);
    err = flush(t, fault);
    for (unsigned level = 1; err == OK && level < TILES_TOP; level++)
        err = build_level(t->dir, checkpoint.size, level,
                          (old >> (level * MERKLE_TILE_LEVELS)) / WIDTH, fault);
    if (err == OK)
        err = check_root(t->dir, checkpoint.size, &checkpoint, fault);
    if (err == OK && before != NULL)
        err = check_root(t->dir, checkpoint.size, before, fault);
    snprintf(path, sizeof path, "%s/checkpoint", t->dir);
    if (err == OK)
        err = file_write(path, note, 0644, 0, fault);
    if (err == OK && old < checkpoint.size)
        remove_partial(t->dir, old, checkpoint.size);
    return err;
}

/* ---- reading ---- */

static enum err read_bundle(const char *dir, uint64_t size, uint64_t index, uint8_t **data,
                            size_t *len, struct fault *fault)
{
    char path[TILES_PATH_MAX];
    tiles_name(path, dir, TILES_ENTRIES, index, width_of(size, 0, index));
    enum err err = file_read(path, TILES_BUNDLE_MAX, 0, data, len, NULL);
    if (err == ERR_NOT_FOUND && width_of(size, 0, index) < WIDTH) {
        tiles_name(path, dir, TILES_ENTRIES, index, WIDTH);
        err = file_read(path, TILES_BUNDLE_MAX, 0, data, len, NULL);
    }
    if (err == ERR_NOT_FOUND)
        return fault_set(fault, ERR_LOG_TRUNCATED, 0, path, "entry %" PRIu64 " is missing",
                         index * WIDTH);
    return err == OK ? OK : fault_set(fault, err, 0, path, "the entries");
}

static bool take_leaf(struct span *from, struct span *leaf)
{
    uint64_t len = 0;
    return span_take_uint(from, 2, &len) && span_take(from, (size_t)len, leaf);
}

struct walk {
    const char *dir;
    const struct checkpoint *checkpoint;
    tiles_leaf_fn *each;
    void *ctx;
};

/* The entries of a bundle against its tile of hashes. */
static enum err verify_bundle(const struct walk *walk, uint64_t index, struct fault *fault)
{
    merkle_hash hash[WIDTH];
    merkle_hash leaf_hash;
    unsigned width;
    uint8_t *data = NULL;
    size_t len = 0;
    enum err err = read_tile(walk->dir, walk->checkpoint->size, 0, index, hash, &width, fault);
    if (err == OK)
        err = read_bundle(walk->dir, walk->checkpoint->size, index, &data, &len, fault);
    struct span from = span_of(data, len);
    for (unsigned i = 0; err == OK && i < width; i++) {
        const uint64_t at = index * WIDTH + i;
        struct span leaf;
        if (!take_leaf(&from, &leaf)) {
            err = fault_set(fault, from.len == 0 ? ERR_LOG_TRUNCATED : ERR_LOG_ENTRY, 0, walk->dir,
                            "entry %" PRIu64, at);
            break;
        }
        merkle_leaf(leaf_hash, leaf);
        if (memcmp(leaf_hash, hash[i], HASH_LEN) != 0)
            err = fault_set(fault, ERR_LOG_ENTRY, 0, walk->dir, "entry %" PRIu64, at);
        else if (walk->each != NULL)
            err = walk->each(walk->ctx, at, leaf, fault);
    }
    if (err == OK && from.len > 0 && width == WIDTH)
        err = fault_set(fault, ERR_LOG_ENTRY, 0, walk->dir, "bytes behind entry %" PRIu64,
                        index * WIDTH + width - 1);
    free(data);
    return err;
}

/* Each hash of a tile against the full tile below it. */
static enum err verify_level(const char *dir, uint64_t size, unsigned level, struct fault *fault)
{
    merkle_hash hash[WIDTH];
    merkle_hash below[WIDTH];
    merkle_hash root;
    unsigned width;
    enum err err = OK;
    for (uint64_t index = 0; err == OK && width_of(size, level, index) > 0; index++) {
        err = read_tile(dir, size, level, index, hash, &width, fault);
        for (unsigned i = 0; err == OK && i < width; i++) {
            unsigned full;
            const uint64_t at = index * WIDTH + i;
            err = read_tile(dir, size, level - 1, at, below, &full, fault);
            if (err != OK)
                break;
            merkle_root(root, (const merkle_hash *)below, full);
            if (memcmp(root, hash[i], HASH_LEN) != 0)
                err = fault_set(fault, ERR_LOG_ENTRY, 0, dir,
                                "tile %u/%" PRIu64 ", over entry %" PRIu64, level, index,
                                at << (level * MERKLE_TILE_LEVELS));
        }
    }
    return err;
}

enum err tiles_verify(const char *dir, const struct checkpoint *checkpoint, tiles_leaf_fn *each,
                      void *ctx, struct fault *fault)
{
    const struct walk walk = {dir, checkpoint, each, ctx};
    enum err err = OK;
    for (uint64_t index = 0; err == OK && width_of(checkpoint->size, 0, index) > 0; index++)
        err = verify_bundle(&walk, index, fault);
    for (unsigned level = 1; err == OK && level < TILES_TOP; level++)
        err = verify_level(dir, checkpoint->size, level, fault);
    return err == OK ? check_root(dir, checkpoint->size, checkpoint, fault) : err;
}

enum err tiles_leaf(const char *dir, uint64_t size, uint64_t index, uint8_t **bundle,
                    struct span *leaf, struct fault *fault)
{
    size_t len = 0;
    *bundle = NULL;
    if (index >= size)
        return fault_set(fault, ERR_INCLUSION, 0, dir, "the checkpoint has %" PRIu64 " entries",
                         size);
    enum err err = read_bundle(dir, size, index / WIDTH, bundle, &len, fault);
    struct span from = span_of(*bundle, len);
    for (uint64_t i = 0; err == OK && i <= index % WIDTH; i++) {
        if (!take_leaf(&from, leaf))
            err = fault_set(fault, ERR_LOG_ENTRY, 0, dir, "entry %" PRIu64, index);
    }
    if (err != OK) {
        free(*bundle);
        *bundle = NULL;
    }
    return err;
}
