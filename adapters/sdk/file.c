/*
 * Attachments at rest: files/<root>.out holds the sealed chunks of one we sent, followed by
 * their leaf hashes; files/<root>.in the sealed chunks fetched so far, in order (file_in.c).
 *
 * A sealed copy and not the source again: the source is the department's, which may write to it,
 * move or remove it while the message is on its way, and sdk.h promises the same bytes each time.
 */
#include "adapters/sdk/file_inner.h"
#include "adapters/sdk/inner_sql.h"
#include "base/hex.h"
#include "keys/guard.h"
#include "keys/rest.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    TOP_LEAVES = 256,
    TOP_LEVEL = 8,
    SWEEP_MAX = 1 << 20,
    DIGEST_BLOCK = 128 << 10,
    DAY_MS = 24 * 3600 * 1000,
};

enum err file_path(const struct sdk *s, const uint8_t root[static HASH_LEN], const char *suffix,
                   char out[static SDK_FILE_PATH_MAX])
{
    char hex[2 * HASH_LEN + 1];

    hex_encode(span_of(root, HASH_LEN), hex);
    const int n = snprintf(out, SDK_FILE_PATH_MAX, "%s/files/%s%s", s->state_dir, hex, suffix);
    return n > 0 && n < SDK_FILE_PATH_MAX ? OK : ERR_TOO_LARGE;
}

enum err file_io_error(void)
{
    return errno == ENOSPC || errno == EDQUOT ? ERR_DISK_FULL : ERR_IO;
}

enum err file_read_at(int fd, void *out, size_t len, uint64_t offset)
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

enum err file_write_all(int fd, struct span bytes)
{
    while (bytes.len > 0) {
        const ssize_t n = write(fd, bytes.data, bytes.len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return file_io_error();
        bytes.data += n;
        bytes.len -= (size_t)n;
    }
    return OK;
}

enum err file_sync_dir(const struct sdk *s)
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

size_t file_plain_len(uint64_t bytes, uint64_t index)
{
    const uint64_t at = index * CHUNK_PLAIN_LEN;
    const uint64_t left = bytes > at ? bytes - at : 0;
    return left < CHUNK_PLAIN_LEN ? (size_t)left : (size_t)CHUNK_PLAIN_LEN;
}

void file_progress(struct sdk *s, enum sdk_phase phase, const uint8_t *root, uint64_t bytes,
                   uint64_t total)
{
    struct sdk_progress p = {
        .phase = phase, .bytes = bytes < total ? bytes : total, .total = total};

    if (s->handler.progress == NULL)
        return;
    if (root != NULL)
        memcpy(p.root, root, HASH_LEN);
    s->handler.progress(s->handler.ctx, &p);
}

enum err file_digest(int fd, uint64_t *bytes, uint8_t sha256[static HASH_LEN])
{
    enum err err;
    struct sha256 h;
    uint8_t block[DIGEST_BLOCK];

    if ((err = size_of(fd, bytes)) != OK)
        return err;
    (void)posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL); /* only a hint */
    sha256_init(&h);
    for (uint64_t at = 0; at < *bytes;) {
        const uint64_t left = *bytes - at;
        const size_t n = left < sizeof block ? (size_t)left : sizeof block;
        if ((err = file_read_at(fd, block, n, at)) != OK)
            return err;
        sha256_add(&h, span_of(block, n));
        at += n;
    }
    sha256_done(&h, sha256);
    return OK;
}

/* ---- the key of a file for its readers ---- */

/* What names (file, exact audience of its part) at rest, to nobody without the storage key. */
static void key_token(const struct sdk *s, const struct key *storage, const struct stage *stage,
                      const uint8_t sha256[static HASH_LEN], uint8_t token[static HASH_LEN])
{
    struct span spans[SDK_DESTINATION_MAX + 3];
    size_t n = 0;

    spans[n++] = LABEL("file");
    spans[n++] = span_of(sha256, HASH_LEN);
    for (size_t i = 0; i < stage->to_count; i++)
        if (strcmp(stage->to[i], s->hub) != 0)
            spans[n++] = span_of(stage->to[i], strlen(stage->to[i]) + 1);
    hmac_spans(token, span_of(key_secret(storage), FILE_KEY_LEN), spans, n);
}

static struct rest_place key_place(const uint8_t token[static HASH_LEN])
{
    return (struct rest_place){"outbox_key", span_of(token, HASH_LEN), "key"};
}

/* Key and root of the entry, as they were the last time. ERR_NOT_FOUND. */
static enum err key_known(struct sdk *s, const struct key *storage,
                          const uint8_t token[static HASH_LEN], lianshu_ManifestFile *entry)
{
    struct stmt *q = s->sql[SQL_KEY_GET];
    const struct rest_place place = key_place(token);

    stmt_bind_bytes(q, 1, token, HASH_LEN);
    enum err err = stmt_step(q);
    if (err == OK) {
        struct writer w = writer_of(entry->file_key, FILE_KEY_LEN);
        stmt_copy(q, 0, entry->root, HASH_LEN);
        err = rest_open(storage, &place, stmt_blob(q, 1), &w);
    }
    return stmt_end(q, err);
}

static enum err key_keep(struct sdk *s, const struct key *storage,
                         const uint8_t token[static HASH_LEN], const lianshu_ManifestFile *entry,
                         uint64_t now_ms)
{
    enum err err;
    struct stmt *put = s->sql[SQL_KEY_PUT];
    struct stmt *trim = s->sql[SQL_KEY_TRIM];
    const struct rest_place place = key_place(token);
    const uint64_t keep_ms = (uint64_t)SDK_FILE_KEY_KEEP_DAYS * DAY_MS;
    uint8_t sealed[FILE_KEY_LEN + REST_OVERHEAD];
    struct writer w = writer_of(sealed, sizeof sealed);

    if ((err = rest_seal(storage, &place, span_of(entry->file_key, FILE_KEY_LEN), &s->entropy,
                         &w)) != OK)
        return err;
    stmt_bind_bytes(put, 1, token, HASH_LEN);
    stmt_bind_bytes(put, 2, entry->root, HASH_LEN);
    stmt_bind_blob(put, 3, writer_span(&w));
    stmt_bind_u64(put, 4, now_ms);
    if ((err = stmt_run(put)) != OK)
        return err;
    stmt_bind_u64(trim, 1, now_ms > keep_ms ? now_ms - keep_ms : 0);
    return stmt_run(trim);
}

/* ---- sealing ---- */

/* Seal every chunk to `out`; leaves and the hash of the plaintext on the way. */
static enum err seal_chunks(struct sdk *s, int fd, int out, const lianshu_ManifestFile *entry,
                            merkle_hash *leaves, uint8_t sha256[static HASH_LEN])
{
    enum err err;
    struct sha256 h;

    sha256_init(&h);
    for (uint64_t i = 0; i < entry->chunk_count; i++) {
        const size_t n = file_plain_len(entry->byte_count, i);
        struct writer w = writer_of(s->chunk, CHUNK_FRAME_MAX);
        if ((err = file_read_at(fd, s->chunk_plain, n, i * CHUNK_PLAIN_LEN)) != OK ||
            (err = chunk_seal(entry->file_key, i, entry->chunk_count, span_of(s->chunk_plain, n),
                              &w)) != OK ||
            (err = file_write_all(out, writer_span(&w))) != OK)
            return err;
        sha256_add(&h, span_of(s->chunk_plain, n));
        merkle_leaf(leaves[i], writer_span(&w));
        file_progress(s, SDK_SEALING, NULL, i * CHUNK_PLAIN_LEN + n, entry->byte_count);
    }
    sha256_done(&h, sha256);
    return file_write_all(out, span_of(leaves, (size_t)entry->chunk_count * HASH_LEN));
}

/* Into the open temporary file, and to the disk. */
static enum err seal_to(struct sdk *s, int fd, int out, lianshu_ManifestFile *entry)
{
    enum err err;
    uint8_t sha256[HASH_LEN];
    merkle_hash *leaves = calloc((size_t)entry->chunk_count, sizeof *leaves);

    if (leaves == NULL)
        return ERR_NO_MEMORY;
    err = seal_chunks(s, fd, out, entry, leaves, sha256);
    if (err == OK && memcmp(sha256, entry->sha256, HASH_LEN) != 0)
        err = ERR_CONFLICT; /* it was written to while we read it */
    if (err == OK)
        merkle_root(entry->root, (const merkle_hash *)leaves, (size_t)entry->chunk_count);
    free(leaves);
    if (err == OK && fsync(out) != 0)
        err = ERR_FSYNC;
    return err;
}

static enum err seal_file(struct sdk *s, int fd, lianshu_ManifestFile *entry)
{
    enum err err;
    char temporary[SDK_FILE_PATH_MAX], path[SDK_FILE_PATH_MAX];

    (void)snprintf(temporary, sizeof temporary, "%s/files/sealing.tmp", s->state_dir);
    const int out = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (out < 0)
        return file_io_error();
    err = seal_to(s, fd, out, entry);
    (void)close(out); /* fsynced, or of no use */
    if (err == OK)
        err = file_path(s, entry->root, ".out", path);
    if (err == OK && rename(temporary, path) != 0)
        err = ERR_IO;
    if (err != OK)
        (void)unlink(temporary); /* the sweep at the next start takes what is left */
    return err == OK ? file_sync_dir(s) : err;
}

static bool is_here(const struct sdk *s, const lianshu_ManifestFile *entry)
{
    char path[SDK_FILE_PATH_MAX];
    struct stat st;
    const uint64_t each = FRAME_CHUNK_TAG_LEN + HASH_LEN;

    return file_path(s, entry->root, ".out", path) == OK && stat(path, &st) == 0 &&
           (uint64_t)st.st_size == entry->byte_count + entry->chunk_count * each;
}

enum err file_seal(struct sdk *s, const struct stage *stage, size_t i, int fd,
                   lianshu_ManifestFile *entry)
{
    enum err err = ERR_NOT_FOUND;
    uint8_t token[HASH_LEN];
    const struct key *storage = keyring_find(s->keys, KEY_USE_STORAGE);

    entry->byte_count = s->file_facts[i].bytes;
    entry->chunk_count = chunk_count_of(entry->byte_count);
    memcpy(entry->sha256, s->file_facts[i].sha256, HASH_LEN);
    if (storage != NULL) {
        key_token(s, storage, stage, entry->sha256, token);
        err = key_known(s, storage, token, entry);
    }
    if (err != OK && err != ERR_NOT_FOUND)
        return err;
    if (err == ERR_NOT_FOUND)
        entropy_fill(&s->entropy, entry->file_key, FILE_KEY_LEN);
    if ((err != OK || !is_here(s, entry)) && (err = seal_file(s, fd, entry)) != OK)
        return err;
    return storage == NULL ? OK : key_keep(s, storage, token, entry, stage->created_ms);
}

void file_drop(struct sdk *s, const uint8_t root[static HASH_LEN], const char *suffix)
{
    char path[SDK_FILE_PATH_MAX];

    if (file_path(s, root, suffix, path) == OK)
        (void)unlink(path); /* the sweep at the next start takes what is left */
}

void file_release(struct sdk *s, const uint8_t root[static HASH_LEN], bool out)
{
    if (out ? !outbox_known_root(s, root) : !inbox_known_root(s, root))
        file_drop(s, root, out ? ".out" : ".in");
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
    if ((err = file_read_at(f->fd, f->leaves, (size_t)f->count * HASH_LEN, f->bytes)) != OK)
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
    if ((err = file_read_at(f->fd, s->chunk, n, at)) != OK ||
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
    file_fetch_close(s);
    guard_free(s->fetch.key);
    s->fetch.key = NULL;
}
