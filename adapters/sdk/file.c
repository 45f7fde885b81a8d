/*
 * Attachments at rest: files/<root>.out holds the sealed chunks of one we sent, followed by
 * their leaf hashes; files/<root>.in the sealed chunks fetched so far, in order.
 */
#include "adapters/sdk/inner.h"
#include "base/hex.h"
#include "keys/guard.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TOP_LEAVES = 256, TOP_LEVEL = 8, SWEEP_MAX = 1 << 20 };

static enum err file_path(const struct sdk *s, const uint8_t root[static HASH_LEN],
                          const char *suffix, char out[static SDK_FILE_PATH_MAX])
{
    char hex[2 * HASH_LEN + 1];

    hex_encode(span_of(root, HASH_LEN), hex);
    const int n = snprintf(out, SDK_FILE_PATH_MAX, "%s/files/%s%s", s->state_dir, hex, suffix);
    return n > 0 && n < SDK_FILE_PATH_MAX ? OK : ERR_TOO_LARGE;
}

static enum err io_error(void)
{
    return errno == ENOSPC || errno == EDQUOT ? ERR_DISK_FULL : ERR_IO;
}

static enum err read_at(int fd, void *out, size_t len, uint64_t offset)
{
    for (size_t got = 0; got < len;) {
        const ssize_t n = pread(fd, (uint8_t *)out + got, len - got, (off_t)(offset + got));
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n == 0 ? ERR_CONFLICT : ERR_IO; /* shorter than it was */
        got += (size_t)n;
    }
    return OK;
}

static enum err write_all(int fd, struct span bytes)
{
    while (bytes.len > 0) {
        const ssize_t n = write(fd, bytes.data, bytes.len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return io_error();
        bytes.data += n;
        bytes.len -= (size_t)n;
    }
    return OK;
}

static enum err sync_dir(const struct sdk *s)
{
    char path[SDK_FILE_PATH_MAX];

    (void)snprintf(path, sizeof path, "%s/files", s->state_dir);
    const int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return ERR_IO;
    const int failed = fsync(fd);
    (void)close(fd); /* read only */
    return failed == 0 ? OK : ERR_FSYNC;
}

static enum err size_of(int fd, uint64_t *bytes)
{
    struct stat st;

    if (fstat(fd, &st) != 0)
        return ERR_IO;
    if (!S_ISREG(st.st_mode))
        return ERR_PERMISSION;
    if (st.st_size > (off_t)SDK_FILE_BYTES_MAX_GIB << 30)
        return ERR_TOO_LARGE;
    *bytes = (uint64_t)st.st_size;
    return OK;
}

static size_t plain_len(uint64_t bytes, uint64_t index)
{
    const uint64_t at = index * CHUNK_PLAIN_LEN;
    const uint64_t left = bytes > at ? bytes - at : 0;
    return left < CHUNK_PLAIN_LEN ? (size_t)left : (size_t)CHUNK_PLAIN_LEN;
}

enum err file_digest(int fd, uint64_t *bytes, uint8_t sha256[static HASH_LEN])
{
    enum err err;
    struct sha256 h;
    uint8_t block[16 << 10];

    if ((err = size_of(fd, bytes)) != OK)
        return err;
    sha256_init(&h);
    for (uint64_t at = 0; at < *bytes;) {
        const uint64_t left = *bytes - at;
        const size_t n = left < sizeof block ? (size_t)left : sizeof block;
        if ((err = read_at(fd, block, n, at)) != OK)
            return err;
        sha256_add(&h, span_of(block, n));
        at += n;
    }
    sha256_done(&h, sha256);
    return OK;
}

/* Seal every chunk to `out`; leaves and the hash of the plaintext on the way. */
static enum err seal_chunks(struct sdk *s, int fd, int out, lianshu_ManifestFile *entry,
                            merkle_hash *leaves)
{
    enum err err;
    struct sha256 h;

    sha256_init(&h);
    for (uint64_t i = 0; i < entry->chunk_count; i++) {
        const size_t n = plain_len(entry->byte_count, i);
        struct writer w = writer_of(s->chunk, CHUNK_FRAME_MAX);
        if ((err = read_at(fd, s->chunk_plain, n, i * CHUNK_PLAIN_LEN)) != OK ||
            (err = chunk_seal(entry->file_key, i, entry->chunk_count, span_of(s->chunk_plain, n),
                              &w)) != OK ||
            (err = write_all(out, writer_span(&w))) != OK)
            return err;
        sha256_add(&h, span_of(s->chunk_plain, n));
        merkle_leaf(leaves[i], writer_span(&w));
    }
    sha256_done(&h, entry->sha256);
    return write_all(out, span_of(leaves, (size_t)entry->chunk_count * HASH_LEN));
}

enum err file_seal(struct sdk *s, int fd, lianshu_ManifestFile *entry)
{
    enum err err;
    char temporary[SDK_FILE_PATH_MAX], path[SDK_FILE_PATH_MAX];
    merkle_hash *leaves = NULL;
    uint8_t sha256[HASH_LEN];
    int out = -1;

    (void)snprintf(temporary, sizeof temporary, "%s/files/sealing.tmp", s->state_dir);
    if ((err = file_digest(fd, &entry->byte_count, sha256)) != OK)
        return err;
    entry->chunk_count = chunk_count_of(entry->byte_count);
    entropy_fill(&s->entropy, entry->file_key, FILE_KEY_LEN);
    leaves = calloc((size_t)entry->chunk_count, sizeof *leaves);
    if (leaves == NULL)
        return ERR_NO_MEMORY;
    out = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (out < 0) {
        err = io_error();
        goto out;
    }
    if ((err = seal_chunks(s, fd, out, entry, leaves)) != OK)
        goto out;
    err = ERR_CONFLICT; /* it was written to while we read it */
    if (memcmp(sha256, entry->sha256, HASH_LEN) != 0)
        goto out;
    merkle_root(entry->root, (const merkle_hash *)leaves, (size_t)entry->chunk_count);
    err = ERR_FSYNC;
    if (fsync(out) != 0)
        goto out;
    if ((err = file_path(s, entry->root, ".out", path)) != OK)
        goto out;
    err = ERR_IO;
    if (rename(temporary, path) != 0)
        goto out;
    err = sync_dir(s);

out:
    if (out >= 0)
        (void)close(out); /* fsynced, or of no use */
    free(leaves);
    return err;
}

void file_drop(struct sdk *s, const uint8_t root[static HASH_LEN], const char *suffix)
{
    char path[SDK_FILE_PATH_MAX];

    if (file_path(s, root, suffix, path) == OK)
        (void)unlink(path); /* the sweep at the next start takes what is left */
}

/* ---- sending chunks ---- */

static void outgoing_close(struct sdk *s)
{
    struct outgoing_file *f = &s->outgoing;

    if (f->fd >= 0)
        (void)close(f->fd); /* read only */
    free(f->leaves);
    free(f->tops);
    *f = (struct outgoing_file){.fd = -1};
}

static uint64_t sealed_len(uint64_t total, uint64_t count)
{
    return total - count * HASH_LEN;
}

/* Chunks of a .out file of that size: each but the last is full, and each has its leaf. */
static bool count_of(uint64_t total, uint64_t *count)
{
    const uint64_t each = CHUNK_LEN_MAX + HASH_LEN;

    *count = (total + each - 1) / each;
    return *count > 0 && *count <= CHUNK_COUNT_MAX && total >= *count * HASH_LEN + 16 &&
           sealed_len(total, *count) >= (*count - 1) * CHUNK_LEN_MAX + 16;
}

static enum err outgoing_load(struct outgoing_file *f)
{
    enum err err;
    struct stat st;
    merkle_hash root;

    if (fstat(f->fd, &st) != 0)
        return ERR_IO;
    if (!count_of((uint64_t)st.st_size, &f->count))
        return ERR_CORRUPT;
    f->bytes = sealed_len((uint64_t)st.st_size, f->count);
    f->leaves = calloc((size_t)f->count, sizeof *f->leaves);
    const size_t tops = (size_t)f->count / TOP_LEAVES;
    f->tops = calloc(tops + 1, sizeof *f->tops);
    if (f->leaves == NULL || f->tops == NULL)
        return ERR_NO_MEMORY;
    if ((err = read_at(f->fd, f->leaves, (size_t)f->count * HASH_LEN, f->bytes)) != OK)
        return err;
    merkle_root(root, (const merkle_hash *)f->leaves, (size_t)f->count);
    if (memcmp(root, f->root, HASH_LEN) != 0)
        return ERR_CORRUPT;
    for (size_t i = 0; i < tops; i++)
        merkle_root(f->tops[i], (const merkle_hash *)f->leaves + i * TOP_LEAVES, TOP_LEAVES);
    return OK;
}

static enum err outgoing_open(struct sdk *s, const uint8_t root[static HASH_LEN])
{
    enum err err;
    char path[SDK_FILE_PATH_MAX];
    struct outgoing_file *f = &s->outgoing;

    if (f->fd >= 0 && memcmp(f->root, root, HASH_LEN) == 0)
        return OK;
    outgoing_close(s);
    if (!outbox_known_root(s, root))
        return ERR_NOT_FOUND;
    if ((err = file_path(s, root, ".out", path)) != OK)
        return err;
    f->fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (f->fd < 0)
        return ERR_NOT_FOUND;
    memcpy(f->root, root, HASH_LEN);
    if ((err = outgoing_load(f)) != OK)
        outgoing_close(s);
    return err;
}

static enum err subtree(void *ctx, unsigned level, uint64_t index, merkle_hash out)
{
    const struct outgoing_file *f = ctx;

    if (level >= TOP_LEVEL)
        merkle_root(out, (const merkle_hash *)f->tops + (index << (level - TOP_LEVEL)),
                    (size_t)1 << (level - TOP_LEVEL));
    else
        merkle_root(out, (const merkle_hash *)f->leaves + (index << level), (size_t)1 << level);
    return OK;
}

enum err file_chunk(struct sdk *s, const uint8_t root[static HASH_LEN], uint64_t index)
{
    enum err err;
    merkle_hash path[MERKLE_PATH_MAX];
    unsigned path_len;

    if ((err = outgoing_open(s, root)) != OK)
        return err;
    struct outgoing_file *f = &s->outgoing;
    if (index >= f->count)
        return ERR_NOT_FOUND;
    const uint64_t at = index * CHUNK_LEN_MAX;
    const size_t n = index + 1 < f->count ? (size_t)CHUNK_LEN_MAX : (size_t)(f->bytes - at);
    if (n > CHUNK_LEN_MAX)
        return ERR_CORRUPT;
    if ((err = read_at(f->fd, s->chunk, n, at)) != OK ||
        (err = merkle_inclusion(index, f->count, subtree, f, path, &path_len)) != OK)
        return err;
    const struct frame_chunk chunk = {
        .root = f->root,
        .index = index,
        .count = f->count,
        .path = span_of(path, (size_t)path_len * HASH_LEN),
        .cipher = span_of(s->chunk, n),
    };
    struct writer w = writer_of(s->out, FRAME_MAX);
    frame_write_chunk(&w, &chunk);
    if (w.full)
        return ERR_TOO_LARGE;
    s->out_len = w.len;
    return OK;
}

/* ---- fetching ---- */

static void fetch_close(struct sdk *s)
{
    if (s->fetch.fd >= 0)
        (void)close(s->fetch.fd); /* what is not on disk is fetched again */
    s->fetch = (struct incoming_fetch){.fd = -1};
}

enum err file_fetch(struct sdk *s, const uint8_t root[static HASH_LEN], uint64_t count)
{
    enum err err;
    char path[SDK_FILE_PATH_MAX];
    struct stat st;
    struct incoming_fetch *f = &s->fetch;

    if (f->fd >= 0 && memcmp(f->root, root, HASH_LEN) == 0)
        return OK;
    fetch_close(s);
    if ((err = file_path(s, root, ".in", path)) != OK)
        return err;
    f->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (f->fd < 0)
        return io_error();
    if (fstat(f->fd, &st) != 0)
        return ERR_IO;
    memcpy(f->root, root, HASH_LEN);
    f->count = count;
    /* Whole chunks only; the last, which may be short, comes again. */
    f->have = (uint64_t)st.st_size / CHUNK_LEN_MAX;
    if (f->have >= count)
        f->have = count - 1;
    f->asked = f->have;
    if (ftruncate(f->fd, (off_t)(f->have * CHUNK_LEN_MAX)) != 0 || lseek(f->fd, 0, SEEK_END) < 0)
        return ERR_IO;
    return OK;
}

enum err file_take(struct sdk *s, const struct frame_chunk *chunk, bool *complete)
{
    enum err err;
    struct incoming_fetch *f = &s->fetch;

    *complete = false;
    if (f->fd < 0 || memcmp(chunk->root, f->root, HASH_LEN) != 0 || chunk->index != f->have ||
        chunk->count != f->count)
        return OK; /* late, early or twice: it is asked for again when needed */
    if ((err = chunk_verify(f->root, chunk->index, chunk->count,
                            (const merkle_hash *)chunk->path.data, chunk->path.len / HASH_LEN,
                            chunk->cipher)) != OK)
        return err;
    if ((err = write_all(f->fd, chunk->cipher)) != OK) {
        /* Half a chunk must not stay in front of the next. */
        if (ftruncate(f->fd, (off_t)(f->have * CHUNK_LEN_MAX)) != 0 ||
            lseek(f->fd, 0, SEEK_END) < 0)
            fetch_close(s);
        return err;
    }
    if (++f->have < f->count)
        return OK;
    if (fsync(f->fd) != 0)
        return ERR_FSYNC;
    fetch_close(s);
    *complete = true;
    return sync_dir(s);
}

static enum err open_chunks(struct sdk *s, int in, const lianshu_ManifestFile *entry, int fd)
{
    enum err err;
    struct sha256 h;
    uint8_t sha256[HASH_LEN];

    sha256_init(&h);
    for (uint64_t i = 0; i < entry->chunk_count; i++) {
        const size_t n = plain_len(entry->byte_count, i);
        err = read_at(in, s->chunk, n + 16, i * CHUNK_LEN_MAX);
        if (err != OK)
            return err == ERR_CONFLICT ? ERR_CIPHERTEXT : err;
        if ((err = chunk_open(entry->file_key, i, entry->chunk_count, span_of(s->chunk, n + 16),
                              s->chunk_plain)) != OK)
            return err;
        sha256_add(&h, span_of(s->chunk_plain, n));
        if (fd >= 0 && (err = write_all(fd, span_of(s->chunk_plain, n))) != OK)
            return err;
    }
    sha256_done(&h, sha256);
    guard_wipe(s->chunk_plain, CHUNK_PLAIN_LEN);
    return memcmp(sha256, entry->sha256, HASH_LEN) == 0 ? OK : ERR_POISON;
}

enum err file_open(struct sdk *s, const lianshu_ManifestFile *entry, int fd)
{
    enum err err;
    char path[SDK_FILE_PATH_MAX];

    if ((err = file_path(s, entry->root, ".in", path)) != OK)
        return err;
    const int in = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (in < 0)
        return errno == ENOENT ? ERR_CIPHERTEXT : ERR_IO;
    err = open_chunks(s, in, entry, fd);
    (void)close(in); /* read only */
    return err;
}

/* ---- rests ---- */

static bool wanted(struct sdk *s, const char *name)
{
    uint8_t root[HASH_LEN];
    char hex[2 * HASH_LEN + 1];

    if (strlen(name) < 2 * HASH_LEN)
        return false;
    memcpy(hex, name, 2 * HASH_LEN);
    hex[2 * HASH_LEN] = '\0';
    if (!hex_decode(hex, root, HASH_LEN))
        return false;
    if (strcmp(name + 2 * HASH_LEN, ".out") == 0)
        return outbox_known_root(s, root);
    return strcmp(name + 2 * HASH_LEN, ".in") == 0 && inbox_known_root(s, root);
}

enum err file_sweep(struct sdk *s)
{
    char path[SDK_FILE_PATH_MAX];
    const struct dirent *entry;

    (void)snprintf(path, sizeof path, "%s/files", s->state_dir);
    DIR *dir = opendir(path);
    if (dir == NULL)
        return ERR_IO;
    for (int i = 0; i < SWEEP_MAX && (entry = readdir(dir)) != NULL; i++)
        if (entry->d_name[0] != '.' && !wanted(s, entry->d_name))
            (void)unlinkat(dirfd(dir), entry->d_name, 0); /* the next sweep tries again */
    (void)closedir(dir);
    return OK;
}

void file_close_all(struct sdk *s)
{
    outgoing_close(s);
    fetch_close(s);
}
