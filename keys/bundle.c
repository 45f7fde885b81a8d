#include "keys/bundle.h"

#include "base/hex.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    STEPS_MAX = 3, /* of a name: two folders and the file */
    HEX_LEN = 2 * HASH_LEN,
    GAP_LEN = 2, /* of sha256sum between hash and name */
    BLOCK = 512, /* of tar */
    END_BLOCKS = 2,
    ROOM_MIN = 64,
};

struct bundle {
    size_t count;
    size_t room;
    size_t bytes; /* of all files */
    struct bundle_file *file;
};

enum err bundle_open(struct bundle **out)
{
    *out = calloc(1, sizeof **out);
    return *out == NULL ? ERR_NO_MEMORY : OK;
}

void bundle_close(struct bundle **bundle)
{
    if (*bundle == NULL)
        return;
    for (size_t i = 0; i < (*bundle)->count; i++)
        free((*bundle)->file[i].own);
    free((*bundle)->file);
    free(*bundle);
    *bundle = NULL;
}

/* ---- the set ---- */

static bool name_valid(const char *name)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-/";
    const size_t len = strlen(name);
    size_t steps = 0;
    if (len == 0 || len > BUNDLE_NAME_MAX || strspn(name, letters) != len)
        return false;
    for (const char *at = name;; at++) {
        if (*at == '.' || *at == '/' || *at == '\0')
            return false; /* a step begins with neither, and is not empty */
        steps++;
        at = strchr(at, '/');
        if (at == NULL)
            return steps <= STEPS_MAX;
    }
}

/* Where the name stands, or would. */
static size_t place_of(const struct bundle *b, const char *name, bool *there)
{
    size_t low = 0;
    size_t high = b->count;
    *there = false;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const int order = strcmp(b->file[middle].name, name);
        if (order == 0) {
            *there = true;
            return middle;
        }
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static enum err make_room(struct bundle *b)
{
    if (b->count < b->room)
        return OK;
    const size_t room = b->room == 0 ? ROOM_MIN : 2 * b->room;
    struct bundle_file *file = realloc(b->file, room * sizeof *file);
    if (file == NULL)
        return ERR_NO_MEMORY;
    b->file = file;
    b->room = room;
    return OK;
}

enum err bundle_lend(struct bundle *b, const char *name, struct span bytes)
{
    bool there;
    if (!name_valid(name))
        return ERR_FIELD_VALUE;
    if (bytes.len > BUNDLE_FILE_MAX || bytes.len > BUNDLE_BYTES_MAX - b->bytes ||
        b->count == BUNDLE_FILES_MAX)
        return ERR_TOO_LARGE;
    const size_t at = place_of(b, name, &there);
    if (there)
        return ERR_EXISTS;
    const enum err err = make_room(b);
    if (err != OK)
        return err;
    memmove(&b->file[at + 1], &b->file[at], (b->count - at) * sizeof *b->file);
    b->file[at] = (struct bundle_file){.bytes = bytes};
    memcpy(b->file[at].name, name, strlen(name) + 1);
    b->count++;
    b->bytes += bytes.len;
    return OK;
}

enum err bundle_add(struct bundle *b, const char *name, struct span bytes)
{
    bool there;
    uint8_t *own = malloc(bytes.len + 1);
    if (own == NULL)
        return ERR_NO_MEMORY;
    if (bytes.len > 0)
        memcpy(own, bytes.data, bytes.len);
    const enum err err = bundle_lend(b, name, span_of(own, bytes.len));
    if (err != OK) {
        free(own);
        return err;
    }
    b->file[place_of(b, name, &there)].own = own;
    return OK;
}

size_t bundle_count(const struct bundle *b)
{
    return b->count;
}

const struct bundle_file *bundle_at(const struct bundle *b, size_t index)
{
    return index < b->count ? &b->file[index] : NULL;
}

const struct bundle_file *bundle_find(const struct bundle *b, const char *name)
{
    bool there;
    const size_t at = place_of(b, name, &there);
    return there ? &b->file[at] : NULL;
}

/* ---- the list ---- */

/* "hash  name\n" */
static size_t write_line(char *out, size_t cap, const struct bundle_file *file)
{
    uint8_t hash[HASH_LEN];
    char hex[HEX_LEN + 1];
    hash_bytes(hash, file->bytes);
    hex_encode(span_of(hash, sizeof hash), hex);
    return (size_t)snprintf(out, cap, "%s  %s\n", hex, file->name);
}

void bundle_drop(struct bundle *b, const char *name)
{
    bool there;
    const size_t at = place_of(b, name, &there);
    if (!there)
        return;
    b->bytes -= b->file[at].bytes.len;
    free(b->file[at].own);
    b->count--;
    memmove(&b->file[at], &b->file[at + 1], (b->count - at) * sizeof *b->file);
}

enum err bundle_seal(struct bundle *b)
{
    bundle_drop(b, BUNDLE_MANIFEST);
    const size_t cap = b->count * (HEX_LEN + GAP_LEN + BUNDLE_NAME_MAX + 1) + 1;
    size_t len = 0;
    char *text = malloc(cap);
    if (text == NULL)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < b->count; i++)
        len += write_line(text + len, cap - len, &b->file[i]);
    const enum err err = bundle_add(b, BUNDLE_MANIFEST, span_of(text, len));
    free(text);
    return err;
}

static enum err bad(struct fault *fault, const char *name, const char *detail)
{
    return fault_set(fault, ERR_EVIDENCE, 0, name, "%s", detail);
}

enum err bundle_check(const struct bundle *b, struct fault *fault)
{
    const struct bundle_file *list = bundle_find(b, BUNDLE_MANIFEST);
    char line[HEX_LEN + GAP_LEN + BUNDLE_NAME_MAX + 2];
    if (list == NULL)
        return bad(fault, BUNDLE_MANIFEST, "it is missing");
    struct span rest = list->bytes;
    struct span got;
    for (size_t i = 0; i < b->count; i++) {
        const struct bundle_file *file = &b->file[i];
        if (file == list)
            continue;
        const size_t len = write_line(line, sizeof line, file);
        if (!span_take(&rest, len, &got))
            return bad(fault, file->name, "the list does not name it");
        if (memcmp(got.data, line, len) == 0)
            continue;
        if (memcmp(got.data + HEX_LEN, line + HEX_LEN, len - HEX_LEN) != 0)
            return bad(fault, BUNDLE_MANIFEST, "its names are not those of the files");
        return bad(fault, file->name, "its bytes are not those of the list");
    }
    return rest.len == 0 ? OK : bad(fault, BUNDLE_MANIFEST, "it names files that are not here");
}

/* ---- tar ---- */

/* One header of ustar, by its bytes. */
struct tar_head {
    char name[100];
    char mode[8];
    char uid[8];
    char gid[8];
    char size[12];
    char mtime[12];
    char sum[8];
    char type;
    char link[100];
    char magic[6];
    char version[2];
    char rest[247];
};
_Static_assert(sizeof(struct tar_head) == BLOCK, "a header is a block");

static size_t blocks_of(size_t len)
{
    return (len + BLOCK - 1) / BLOCK;
}

static void make_head(struct tar_head *h, const char *name, size_t size)
{
    unsigned sum = 0;
    memset(h, 0, sizeof *h);
    memcpy(h->name, name, strlen(name));
    memcpy(h->mode, "0000644", sizeof h->mode);
    memcpy(h->uid, "0000000", sizeof h->uid);
    memcpy(h->gid, "0000000", sizeof h->gid);
    snprintf(h->size, sizeof h->size, "%011o", (unsigned)size);
    memcpy(h->mtime, "00000000000", sizeof h->mtime);
    memset(h->sum, ' ', sizeof h->sum);
    h->type = '0';
    memcpy(h->magic, "ustar", sizeof h->magic);
    memset(h->version, '0', sizeof h->version);
    for (size_t i = 0; i < sizeof *h; i++)
        sum += ((const uint8_t *)h)[i];
    snprintf(h->sum, sizeof h->sum - 1, "%06o", sum);
}

size_t bundle_tar_len(const struct bundle *b)
{
    size_t blocks = END_BLOCKS;
    for (size_t i = 0; i < b->count; i++)
        blocks += 1 + blocks_of(b->file[i].bytes.len);
    return blocks * BLOCK;
}

void bundle_tar(const struct bundle *b, struct writer *w)
{
    static const uint8_t zeros[BLOCK] = {0};
    struct tar_head head;
    for (size_t i = 0; i < b->count; i++) {
        const struct bundle_file *file = &b->file[i];
        make_head(&head, file->name, file->bytes.len);
        write_bytes(w, &head, sizeof head);
        write_span(w, file->bytes);
        write_bytes(w, zeros, blocks_of(file->bytes.len) * BLOCK - file->bytes.len);
    }
    for (int i = 0; i < END_BLOCKS; i++)
        write_bytes(w, zeros, sizeof zeros);
}

static bool is_zero(struct span s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (s.data[i] != 0)
            return false;
    }
    return true;
}

/* A header is what make_head writes for its name and size. */
static bool take_head(struct span *tar, struct tar_head *head, size_t *size)
{
    struct tar_head again;
    unsigned value = 0;
    assert(tar->len >= BLOCK); /* more than the blocks of the end is left */
    memcpy(head, tar->data, sizeof *head);
    *tar = span_of(tar->data + BLOCK, tar->len - BLOCK);
    if (memchr(head->name, '\0', sizeof head->name) == NULL)
        return false;
    for (size_t i = 0; i + 1 < sizeof head->size; i++) {
        if (head->size[i] < '0' || head->size[i] > '7' || value > BUNDLE_FILE_MAX)
            return false;
        value = value * 8 + (unsigned)(head->size[i] - '0');
    }
    if (value > BUNDLE_FILE_MAX)
        return false;
    make_head(&again, head->name, value);
    *size = value;
    return memcmp(&again, head, sizeof again) == 0;
}

static enum err take_file(struct bundle *b, struct span *tar, struct fault *fault)
{
    struct tar_head head;
    struct span bytes;
    struct span fill;
    size_t size;
    if (!take_head(tar, &head, &size) || !span_take(tar, size, &bytes) ||
        !span_take(tar, blocks_of(size) * BLOCK - size, &fill) || !is_zero(fill))
        return bad(fault, "tar", "it is not an archive of this form");
    if (b->count > 0 && strcmp(b->file[b->count - 1].name, head.name) >= 0)
        return bad(fault, "tar", "its files are not sorted");
    const enum err err = bundle_lend(b, head.name, bytes);
    return err == ERR_FIELD_VALUE ? bad(fault, "tar", "a name in it is none") : err;
}

enum err bundle_untar(struct bundle **out, struct span tar, struct fault *fault)
{
    enum err err = bundle_open(out);
    while (err == OK && tar.len > (size_t)END_BLOCKS * BLOCK)
        err = take_file(*out, &tar, fault);
    if (err == OK && (tar.len != (size_t)END_BLOCKS * BLOCK || !is_zero(tar)))
        err = bad(fault, "tar", "its end is missing");
    if (err != OK)
        bundle_close(out);
    return err;
}
