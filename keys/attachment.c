#include "keys/attachment.h"

#include "keys/guard.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TAG_LEN = FRAME_CHUNK_TAG_LEN, NONCE_LEN = 12, LEVELS = CHUNK_PATH_MAX + 1 };

_Static_assert(TAG_LEN == crypto_aead_chacha20poly1305_ietf_ABYTES, "tag length drifted");
_Static_assert(NONCE_LEN == crypto_aead_chacha20poly1305_ietf_NPUBBYTES, "nonce length drifted");

/* Key, nonce and associated data of one chunk. */
struct chunk_cipher {
    uint8_t key[crypto_aead_chacha20poly1305_ietf_KEYBYTES];
    uint8_t nonce[NONCE_LEN];
    uint8_t aad[HASH_LABEL_MAX + 8 + 8];
    size_t aad_len;
};

static void chunk_init(struct chunk_cipher *c, const uint8_t file_key[static FILE_KEY_LEN],
                       uint64_t index, uint64_t count)
{
    const struct span info = LABEL("chunk");
    hkdf_expand(c->key, sizeof c->key, file_key, &info, 1);

    struct writer nonce = writer_of(c->nonce, sizeof c->nonce);
    write_uint(&nonce, 0, 4);
    write_uint(&nonce, index, 8);
    struct writer aad = writer_of(c->aad, sizeof c->aad);
    write_span(&aad, info);
    write_uint(&aad, index, 8);
    write_uint(&aad, count, 8);
    c->aad_len = aad.len;
}

enum err chunk_seal(const uint8_t file_key[static FILE_KEY_LEN], uint64_t index, uint64_t count,
                    struct span plain, struct writer *w)
{
    struct chunk_cipher c;
    if (plain.len > CHUNK_PLAIN_LEN || w->full || w->cap - w->len < plain.len + TAG_LEN)
        return ERR_TOO_LARGE;
    chunk_init(&c, file_key, index, count);
    int failed = crypto_aead_chacha20poly1305_ietf_encrypt(
        w->data + w->len, NULL, plain.data, plain.len, c.aad, c.aad_len, NULL, c.nonce, c.key);
    guard_wipe(&c, sizeof c);
    if (failed != 0)
        return ERR_INTERNAL;
    w->len += plain.len + TAG_LEN;
    return OK;
}

enum err chunk_open(const uint8_t file_key[static FILE_KEY_LEN], uint64_t index, uint64_t count,
                    struct span c, uint8_t *out)
{
    struct chunk_cipher cipher;
    if (c.len < TAG_LEN || c.len > CHUNK_LEN_MAX)
        return ERR_CIPHERTEXT;
    chunk_init(&cipher, file_key, index, count);
    int failed = crypto_aead_chacha20poly1305_ietf_decrypt(
        out, NULL, NULL, c.data, c.len, cipher.aad, cipher.aad_len, cipher.nonce, cipher.key);
    guard_wipe(&cipher, sizeof cipher);
    return failed == 0 ? OK : ERR_CIPHERTEXT;
}

enum err chunk_verify(const merkle_hash root, uint64_t index, uint64_t count,
                      const merkle_hash *path, size_t path_len, struct span c)
{
    merkle_hash leaf;
    merkle_leaf(leaf, c);
    return merkle_verify(leaf, index, count, path, path_len, root);
}

uint64_t chunk_count_of(uint64_t byte_count)
{
    return byte_count == 0 ? 1 : (byte_count - 1) / CHUNK_PLAIN_LEN + 1;
}

struct attachment {
    int fd; /* borrowed */
    bool measured;
    bool resumed;
    uint64_t byte_count;
    uint64_t count;
    uint8_t sha256[HASH_LEN];
    merkle_hash root;
    uint8_t *file_key;    /* guarded */
    uint8_t *plain;       /* one chunk */
    uint8_t *sealed;      /* one chunk */
    merkle_hash *nodes;   /* all complete subtrees, level by level */
    size_t begin[LEVELS]; /* of each level in nodes */
};

enum err attachment_open(struct attachment **out, int fd, const lianshu_ManifestFile *resume,
                         const struct entropy *entropy)
{
    enum err err = ERR_NO_MEMORY;
    *out = NULL;
    struct attachment *a = calloc(1, sizeof *a);
    if (a == NULL)
        return err;
    a->fd = fd;
    a->file_key = guard_alloc(FILE_KEY_LEN);
    a->plain = malloc(CHUNK_PLAIN_LEN);
    a->sealed = malloc(CHUNK_LEN_MAX);
    if (a->file_key == NULL || a->plain == NULL || a->sealed == NULL)
        goto out;
    if (resume != NULL) {
        a->resumed = true;
        memcpy(a->file_key, resume->file_key, FILE_KEY_LEN);
        memcpy(a->root, resume->root, HASH_LEN);
    } else {
        entropy_fill(entropy, a->file_key, FILE_KEY_LEN);
    }
    *out = a;
    a = NULL;
    err = OK;
out:
    attachment_close(&a);
    return err;
}

void attachment_close(struct attachment **attachment)
{
    if (attachment == NULL || *attachment == NULL)
        return;
    struct attachment *a = *attachment;
    if (a->plain != NULL)
        guard_wipe(a->plain, CHUNK_PLAIN_LEN);
    free(a->plain);
    free(a->sealed);
    free(a->nodes);
    guard_free(a->file_key);
    free(a);
    *attachment = NULL;
}

/* Length of the chunk's plaintext. */
static size_t plain_len(const struct attachment *a, uint64_t index)
{
    const uint64_t left = a->byte_count - index * CHUNK_PLAIN_LEN;
    return left < CHUNK_PLAIN_LEN ? (size_t)left : CHUNK_PLAIN_LEN;
}

/* Read and seal one chunk into a->sealed. ERR_CONFLICT when the file became shorter. */
static enum err seal_chunk(struct attachment *a, uint64_t index, struct span *sealed)
{
    const size_t want = plain_len(a, index);
    size_t have = 0;
    while (have < want) {
        const off_t at = (off_t)(index * CHUNK_PLAIN_LEN + have);
        ssize_t n = pread(a->fd, a->plain + have, want - have, at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return ERR_IO;
        if (n == 0)
            return ERR_CONFLICT;
        have += (size_t)n;
    }
    struct writer w = writer_of(a->sealed, CHUNK_LEN_MAX);
    enum err err = chunk_seal(a->file_key, index, a->count, span_of(a->plain, want), &w);
    *sealed = writer_span(&w);
    return err;
}

static enum err take_nodes(struct attachment *a)
{
    struct stat st;
    if (fstat(a->fd, &st) != 0)
        return ERR_IO;
    a->byte_count = (uint64_t)st.st_size;
    a->count = chunk_count_of(a->byte_count);
    if (a->count > CHUNK_COUNT_MAX)
        return ERR_TOO_LARGE;
    size_t total = 0;
    for (unsigned level = 0; level < LEVELS; level++) {
        a->begin[level] = total;
        total += (size_t)(a->count >> level);
    }
    free(a->nodes);
    a->nodes = malloc(total * sizeof a->nodes[0]);
    return a->nodes != NULL ? OK : ERR_NO_MEMORY;
}

static enum err subtree(void *ctx, unsigned level, uint64_t index, merkle_hash out)
{
    const struct attachment *a = ctx;
    memcpy(out, a->nodes[a->begin[level] + index], HASH_LEN);
    return OK;
}

/* Everything above the leaves, and the root. */
static enum err build_nodes(struct attachment *a)
{
    merkle_hash root;
    for (unsigned level = 1; level < LEVELS; level++) {
        for (uint64_t i = 0; i < a->count >> level; i++) {
            const merkle_hash *below = &a->nodes[a->begin[level - 1] + 2 * i];
            merkle_node(a->nodes[a->begin[level] + i], below[0], below[1]);
        }
    }
    enum err err = merkle_prefix_root(root, a->count, subtree, a);
    if (err != OK)
        return err;
    if (a->resumed && memcmp(a->root, root, HASH_LEN) != 0)
        return ERR_CONFLICT; /* another content under the old key */
    memcpy(a->root, root, HASH_LEN);
    return OK;
}

enum err attachment_measure(struct attachment *attachment)
{
    struct attachment *a = attachment;
    struct sha256 whole;
    enum err err = take_nodes(a);
    if (err != OK)
        return err;
    a->measured = false;
    sha256_init(&whole);
    for (uint64_t i = 0; i < a->count; i++) {
        struct span sealed;
        if ((err = seal_chunk(a, i, &sealed)) != OK) {
            guard_wipe(&whole, sizeof whole);
            return err;
        }
        merkle_leaf(a->nodes[i], sealed);
        sha256_add(&whole, span_of(a->plain, plain_len(a, i)));
    }
    sha256_done(&whole, a->sha256);
    if ((err = build_nodes(a)) != OK)
        return err;
    a->measured = true;
    return OK;
}

void attachment_manifest(const struct attachment *attachment, lianshu_ManifestFile *file)
{
    file->byte_count = attachment->byte_count;
    file->chunk_count = attachment->count;
    memcpy(file->sha256, attachment->sha256, HASH_LEN);
    memcpy(file->file_key, attachment->file_key, FILE_KEY_LEN);
    memcpy(file->root, attachment->root, HASH_LEN);
}

enum err attachment_chunk(struct attachment *attachment, uint64_t index, struct writer *w)
{
    struct attachment *a = attachment;
    merkle_hash path[MERKLE_PATH_MAX];
    merkle_hash leaf;
    unsigned path_len;
    struct span sealed;

    if (!a->measured || index >= a->count)
        return ERR_INTERNAL;
    enum err err = seal_chunk(a, index, &sealed);
    if (err != OK)
        return err;
    merkle_leaf(leaf, sealed);
    if (memcmp(leaf, a->nodes[index], HASH_LEN) != 0)
        return ERR_CONFLICT;
    if ((err = merkle_inclusion(index, a->count, subtree, a, path, &path_len)) != OK)
        return err;
    const struct frame_chunk frame = {
        .root = a->root,
        .index = index,
        .count = a->count,
        .path = span_of(path, (size_t)path_len * HASH_LEN),
        .cipher = sealed,
    };
    frame_write_chunk(w, &frame);
    return w->full ? ERR_TOO_LARGE : OK;
}
