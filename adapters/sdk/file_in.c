/* Attachments for us: fetched chunk by chunk, opened and hashed as they come, saved. */
#include "adapters/sdk/file_inner.h"
#include "keys/guard.h"

enum { TAG_LEN = FRAME_CHUNK_TAG_LEN };

/* ---- what was found good while it came ---- */

static void checked_put(struct sdk *s, const uint8_t root[static HASH_LEN], enum err verdict)
{
    struct checked *c = &s->checked[s->checked_next++ % SDK_CHECKED_MAX];

    *c = (struct checked){.used = true, .verdict = verdict};
    memcpy(c->root, root, HASH_LEN);
}

static struct checked *checked_find(struct sdk *s, const uint8_t root[static HASH_LEN])
{
    for (size_t i = 0; i < SDK_CHECKED_MAX; i++)
        if (s->checked[i].used && memcmp(s->checked[i].root, root, HASH_LEN) == 0)
            return &s->checked[i];
    return NULL;
}

/* ---- fetching ---- */

void file_fetch_close(struct sdk *s)
{
    uint8_t *key = s->fetch.key;

    if (s->fetch.fd >= 0)
        (void)close(s->fetch.fd); /* what is not on disk is fetched again */
    if (key != NULL)
        guard_wipe(key, FILE_KEY_LEN);
    s->fetch = (struct incoming_fetch){.fd = -1, .key = key};
}

/* Hash from the first chunk on, or not at all. */
static void hashing_begin(struct incoming_fetch *f, const lianshu_ManifestFile *entry)
{
    f->hashing = f->have == 0 && entry->chunk_count == chunk_count_of(entry->byte_count);
    f->verdict = OK;
    f->byte_count = entry->byte_count;
    memcpy(f->sha256, entry->sha256, HASH_LEN);
    memcpy(f->key, entry->file_key, FILE_KEY_LEN);
    sha256_init(&f->sha);
}

enum err file_fetch(struct sdk *s, const lianshu_ManifestFile *entry)
{
    enum err err;
    char path[SDK_FILE_PATH_MAX];
    struct stat st;
    struct incoming_fetch *f = &s->fetch;

    if (f->fd >= 0 && memcmp(f->root, entry->root, HASH_LEN) == 0)
        return OK;
    file_fetch_close(s);
    if (f->key == NULL && (f->key = guard_alloc(FILE_KEY_LEN)) == NULL)
        return ERR_NO_MEMORY;
    if ((err = file_path(s, entry->root, ".in", path)) != OK)
        return err;
    f->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (f->fd < 0)
        return file_io_error();
    if (fstat(f->fd, &st) != 0)
        return ERR_IO;
    memcpy(f->root, entry->root, HASH_LEN);
    f->count = entry->chunk_count;
    /* Whole chunks only; the last, which may be short, comes again. */
    f->have = (uint64_t)st.st_size / CHUNK_LEN_MAX;
    if (f->have >= f->count)
        f->have = f->count - 1;
    f->asked = f->have;
    hashing_begin(f, entry);
    if (ftruncate(f->fd, (off_t)(f->have * CHUNK_LEN_MAX)) != 0 || lseek(f->fd, 0, SEEK_END) < 0)
        return ERR_IO;
    return OK;
}

/* The root commits to this chunk: if it does not open, its sender made it so. */
static void hash_chunk(struct sdk *s, const struct frame_chunk *chunk)
{
    struct incoming_fetch *f = &s->fetch;
    const size_t n = file_plain_len(f->byte_count, chunk->index);

    if (!f->hashing || f->verdict != OK)
        return;
    if (chunk->cipher.len != n + TAG_LEN ||
        chunk_open(f->key, chunk->index, chunk->count, chunk->cipher, s->chunk_plain) != OK) {
        f->verdict = ERR_POISON;
        return;
    }
    sha256_add(&f->sha, span_of(s->chunk_plain, n));
    guard_wipe(s->chunk_plain, n);
}

static enum err complete(struct sdk *s)
{
    struct incoming_fetch *f = &s->fetch;
    uint8_t sha256[HASH_LEN];

    if (fsync(f->fd) != 0)
        return ERR_FSYNC;
    sha256_done(&f->sha, sha256);
    if (f->verdict == OK && memcmp(sha256, f->sha256, HASH_LEN) != 0)
        f->verdict = ERR_POISON;
    if (f->hashing)
        checked_put(s, f->root, f->verdict);
    file_fetch_close(s);
    return file_sync_dir(s);
}

enum err file_take(struct sdk *s, const struct frame_chunk *chunk, bool *whole)
{
    enum err err;
    struct incoming_fetch *f = &s->fetch;

    *whole = false;
    if (f->fd < 0 || memcmp(chunk->root, f->root, HASH_LEN) != 0 || chunk->index != f->have ||
        chunk->count != f->count)
        return OK; /* late, early or twice: it is asked for again when needed */
    if ((err = chunk_verify(f->root, chunk->index, chunk->count,
                            (const merkle_hash *)chunk->path.data, chunk->path.len / HASH_LEN,
                            chunk->cipher)) != OK)
        return err;
    if ((err = file_write_all(f->fd, chunk->cipher)) != OK) {
        /* Half a chunk must not stay in front of the next. */
        if (ftruncate(f->fd, (off_t)(f->have * CHUNK_LEN_MAX)) != 0 ||
            lseek(f->fd, 0, SEEK_END) < 0)
            file_fetch_close(s);
        return err;
    }
    hash_chunk(s, chunk);
    f->have++;
    file_progress(s, SDK_FETCHING, f->root, f->have * CHUNK_PLAIN_LEN, f->count * CHUNK_PLAIN_LEN);
    if (f->have < f->count)
        return OK;
    *whole = true;
    return complete(s);
}

/* ---- opening ---- */

/* Every chunk opened, to fd unless that is -1; `h` NULL: not hashed. */
static enum err open_chunks(struct sdk *s, int in, const lianshu_ManifestFile *entry, int fd,
                            struct sha256 *h)
{
    enum err err = OK;

    for (uint64_t i = 0; err == OK && i < entry->chunk_count; i++) {
        const size_t n = file_plain_len(entry->byte_count, i);
        err = file_read_at(in, s->chunk, n + TAG_LEN, i * CHUNK_LEN_MAX);
        if (err == OK)
            err = chunk_open(entry->file_key, i, entry->chunk_count, span_of(s->chunk, n + TAG_LEN),
                             s->chunk_plain);
        else if (err == ERR_CONFLICT)
            err = ERR_CIPHERTEXT; /* shorter than it was */
        if (err == OK && h != NULL)
            sha256_add(h, span_of(s->chunk_plain, n));
        if (err == OK && fd >= 0)
            err = file_write_all(fd, span_of(s->chunk_plain, n));
        file_progress(s, SDK_SAVING, entry->root, i * CHUNK_PLAIN_LEN + n, entry->byte_count);
    }
    guard_wipe(s->chunk_plain, CHUNK_PLAIN_LEN);
    return err;
}

static enum err open_file(struct sdk *s, const lianshu_ManifestFile *entry, int fd,
                          struct sha256 *h)
{
    enum err err;
    char path[SDK_FILE_PATH_MAX];

    if ((err = file_path(s, entry->root, ".in", path)) != OK)
        return err;
    const int in = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (in < 0)
        return errno == ENOENT ? ERR_CIPHERTEXT : ERR_IO;
    (void)posix_fadvise(in, 0, 0, POSIX_FADV_SEQUENTIAL); /* only a hint */
    err = open_chunks(s, in, entry, fd, h);
    (void)close(in); /* read only */
    return err;
}

enum err file_check(struct sdk *s, const lianshu_ManifestFile *entry)
{
    struct sha256 h;
    uint8_t sha256[HASH_LEN];
    const struct checked *known = checked_find(s, entry->root);

    if (known != NULL)
        return known->verdict;
    sha256_init(&h);
    enum err err = open_file(s, entry, -1, &h);
    sha256_done(&h, sha256);
    if (err == OK && memcmp(sha256, entry->sha256, HASH_LEN) != 0)
        err = ERR_POISON;
    return err;
}

enum err file_save(struct sdk *s, const lianshu_ManifestFile *entry, int fd)
{
    enum err err = open_file(s, entry, fd, NULL);

    if (err != ERR_CIPHERTEXT)
        return err;
    struct checked *known = checked_find(s, entry->root);
    if (known != NULL)
        known->used = false;
    return ERR_BUSY;
}
