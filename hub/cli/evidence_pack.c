/* A bundle on disk: a directory, or one archive. */
#include "base/file.h"
#include "cli/evidence.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

enum {
    PATH_ROOM = 1024,
    FOLDERS_MAX = 64, /* of a directory that is read, all levels */
    DEPTH_MAX = 2,    /* rules/<hash>/NAME.yaml */
};

static bool is_tar(const char *path)
{
    const size_t len = strlen(path);
    return len > 4 && strcmp(path + len - 4, ".tar") == 0;
}

/* ---- writing ---- */

static enum err make_folders(const char *path, const char *name, struct fault *fault)
{
    char folder[PATH_ROOM];
    for (const char *at = name; (at = strchr(at, '/')) != NULL; at++) {
        if (snprintf(folder, sizeof folder, "%s/%.*s", path, (int)(at - name), name) >=
            (int)sizeof folder)
            return fault_set(fault, ERR_FIELD_LONG, 0, path, "too long");
        if (mkdir(folder, 0755) != 0 && errno != EEXIST)
            return fault_set(fault, file_errno(errno), 0, folder, "%s", "");
    }
    return OK;
}

static enum err write_dir(const struct bundle *b, const char *path, struct fault *fault)
{
    char full[PATH_ROOM];
    const struct bundle_file *file;
    if (mkdir(path, 0755) != 0)
        return fault_set(fault, errno == EEXIST ? ERR_EXISTS : file_errno(errno), 0, path, "%s",
                         "a new directory is made");
    enum err err = OK;
    for (size_t i = 0; err == OK && (file = bundle_at(b, i)) != NULL; i++) {
        err = make_folders(path, file->name, fault);
        if (err == OK && snprintf(full, sizeof full, "%s/%s", path, file->name) >= (int)sizeof full)
            err = fault_set(fault, ERR_FIELD_LONG, 0, path, "too long");
        if (err == OK)
            err = file_write(full, file->bytes, 0644, FILE_NEW, fault);
    }
    return err;
}

static enum err write_tar(const struct bundle *b, const char *path, struct fault *fault)
{
    const size_t len = bundle_tar_len(b);
    uint8_t *bytes = malloc(len);
    if (bytes == NULL)
        return ERR_NO_MEMORY;
    struct writer w = writer_of(bytes, len);
    bundle_tar(b, &w);
    const enum err err =
        w.full ? ERR_INTERNAL : file_write(path, writer_span(&w), 0644, FILE_NEW, fault);
    free(bytes);
    return err;
}

enum err evidence_pack_write(const struct bundle *b, const char *path, struct fault *fault)
{
    return is_tar(path) ? write_tar(b, path, fault) : write_dir(b, path, fault);
}

/* ---- reading ---- */

static enum err keep(struct evidence_pack *pack, uint8_t *bytes)
{
    uint8_t **more = realloc(pack->buffer, (pack->buffer_count + 1) * sizeof *more);
    if (more == NULL) {
        free(bytes);
        return ERR_NO_MEMORY;
    }
    pack->buffer = more;
    pack->buffer[pack->buffer_count++] = bytes;
    return OK;
}

/* Folders that are still to be looked at, relative to the bundle. */
struct walk {
    const char *path;
    size_t count;
    size_t at;
    char folder[FOLDERS_MAX][BUNDLE_NAME_MAX + 1];
};

static size_t depth_of(const char *folder)
{
    size_t depth = folder[0] != '\0';
    for (; *folder != '\0'; folder++)
        depth += *folder == '/';
    return depth;
}

static enum err take_entry(struct evidence_pack *pack, struct walk *walk, const char *name,
                           struct fault *fault)
{
    char full[PATH_ROOM];
    struct stat st;
    uint8_t *bytes = NULL;
    size_t len;
    if (snprintf(full, sizeof full, "%s/%s", walk->path, name) >= (int)sizeof full ||
        strlen(name) > BUNDLE_NAME_MAX)
        return fault_set(fault, ERR_FIELD_LONG, 0, walk->path, "too long");
    if (lstat(full, &st) != 0)
        return fault_set(fault, file_errno(errno), 0, full, "%s", "");
    if (S_ISDIR(st.st_mode)) {
        if (walk->count == FOLDERS_MAX || depth_of(name) > DEPTH_MAX)
            return fault_set(fault, ERR_EVIDENCE, 0, name, "no such folder belongs to a bundle");
        memcpy(walk->folder[walk->count++], name, strlen(name) + 1);
        return OK;
    }
    enum err err = file_read(full, BUNDLE_FILE_MAX, FILE_NOFOLLOW, &bytes, &len, fault);
    if (err == OK)
        err = keep(pack, bytes);
    if (err == OK)
        err = bundle_lend(pack->bundle, name, span_of(bytes, len));
    return err == ERR_FIELD_VALUE ? fault_set(fault, ERR_EVIDENCE, 0, full, "its name") : err;
}

static enum err read_folder(struct evidence_pack *pack, struct walk *walk, const char *folder,
                            struct fault *fault)
{
    char full[PATH_ROOM];
    char name[2 * BUNDLE_NAME_MAX + 258];
    const struct dirent *entry;
    snprintf(full, sizeof full, "%s/%s", walk->path, folder);
    DIR *dir = opendir(full);
    enum err err = OK;
    if (dir == NULL)
        return fault_set(fault, file_errno(errno), 0, full, "%s", "");
    while (err == OK && (entry = readdir(dir)) != NULL) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        snprintf(name, sizeof name, "%s%s%s", folder, folder[0] == '\0' ? "" : "/", entry->d_name);
        err = take_entry(pack, walk, name, fault);
    }
    closedir(dir);
    return err;
}

static enum err read_dir(struct evidence_pack *pack, const char *path, struct fault *fault)
{
    struct walk *walk = calloc(1, sizeof *walk);
    enum err err = walk == NULL ? ERR_NO_MEMORY : bundle_open(&pack->bundle);
    if (err == OK) {
        walk->path = path;
        walk->count = 1; /* the bundle itself */
    }
    while (err == OK && walk->at < walk->count) {
        char folder[BUNDLE_NAME_MAX + 1];
        memcpy(folder, walk->folder[walk->at++], sizeof folder);
        err = read_folder(pack, walk, folder, fault);
    }
    free(walk);
    return err;
}

static enum err read_tar(struct evidence_pack *pack, const char *path, struct fault *fault)
{
    uint8_t *bytes = NULL;
    size_t len;
    struct fault why = {.err = OK};
    enum err err = file_read(path, BUNDLE_BYTES_MAX, 0, &bytes, &len, fault);
    if (err == OK)
        err = keep(pack, bytes);
    if (err != OK)
        return err;
    err = bundle_untar(&pack->bundle, span_of(bytes, len), &why);
    return err == OK ? OK : fault_set(fault, err, 0, path, "%s", why.detail);
}

enum err evidence_pack_read(struct evidence_pack *out, const char *path, struct fault *fault)
{
    struct stat st;
    *out = (struct evidence_pack){.bundle = NULL};
    if (stat(path, &st) != 0)
        return fault_set(fault, file_errno(errno), 0, path, "%s", "");
    const enum err err =
        S_ISDIR(st.st_mode) ? read_dir(out, path, fault) : read_tar(out, path, fault);
    if (err != OK)
        evidence_pack_close(out);
    return err;
}

void evidence_pack_close(struct evidence_pack *pack)
{
    bundle_close(&pack->bundle);
    for (size_t i = 0; i < pack->buffer_count; i++)
        free(pack->buffer[i]);
    free(pack->buffer);
    *pack = (struct evidence_pack){.bundle = NULL};
}
