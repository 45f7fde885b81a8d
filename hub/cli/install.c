#include "cli/install.h"

#include "base/file.h"
#include "keys/tlog_proof.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_BYTES_MAX = 256 << 20, DESCRIPTORS = 16 };

static const char LIST[] = INSTALL_LIST;
static const char PROOF[] = INSTALL_LIST RELEASE_PROOF;

/* What a release comes with beside its files. */
struct papers {
    struct span list;
    struct span proof;
};

static enum err path_of(char out[static PATH_MAX], const char *dir, const char *name,
                        struct fault *fault)
{
    const int len = snprintf(out, PATH_MAX, "%s/%s", dir, name);
    return len > 0 && len < PATH_MAX
               ? OK
               : fault_set(fault, ERR_TOO_LARGE, 0, name, "the path is too long");
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *walk)
{
    (void)st;
    (void)kind;
    (void)walk;
    return remove(path);
}

/* A folder that an earlier run left, with all that is in it. */
static enum err remove_folder(const char *path, struct fault *fault)
{
    if (access(path, F_OK) != 0)
        return OK;
    return nftw(path, remove_one, DESCRIPTORS, FTW_DEPTH | FTW_PHYS) == 0
               ? OK
               : fault_set(fault, file_errno(errno), 0, path, "it cannot be removed");
}

/* The folders above a file. */
static enum err make_folders(char path[static PATH_MAX], size_t from, struct fault *fault)
{
    for (char *slash = strchr(path + from, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        const bool made = mkdir(path, 0755) == 0 || errno == EEXIST;
        const int why = errno;
        *slash = '/';
        if (!made)
            return fault_set(fault, file_errno(why), 0, path, "its folder");
    }
    return OK;
}

static enum err copy_one(const struct install *what, const char *staging, const char *name,
                         const uint8_t hash[static HASH_LEN], struct fault *fault)
{
    static const char programs[] = "bin/";
    char path[PATH_MAX];
    uint8_t *bytes = NULL;
    uint8_t own[HASH_LEN];
    size_t len;
    enum err err = path_of(path, what->from, name, fault);
    if (err == OK)
        err = file_read(path, FILE_BYTES_MAX, FILE_NOFOLLOW, &bytes, &len, fault);
    if (err != OK)
        return err;
    hash_bytes(own, span_of(bytes, len));
    if (memcmp(own, hash, HASH_LEN) != 0)
        err = fault_set(fault, ERR_RELEASE_FILE, 0, path, "another hash than the list has");
    if (err == OK)
        err = path_of(path, staging, name, fault);
    if (err == OK)
        err = make_folders(path, strlen(staging) + 1, fault);
    if (err == OK)
        err = file_write(path, span_of(bytes, len),
                         strncmp(name, programs, sizeof programs - 1) == 0 ? 0755 : 0644, 0, fault);
    free(bytes);
    return err;
}

/* Beside the files, as it came. */
static enum err keep(const char *staging, const char *name, struct span bytes, struct fault *fault)
{
    char path[PATH_MAX];
    const enum err err = path_of(path, staging, name, fault);
    return err == OK ? file_write(path, bytes, 0644, 0, fault) : err;
}

static enum err stage(const struct install *what, const struct release *release,
                      const struct papers *papers, const char *staging, struct fault *fault)
{
    char name[RELEASE_NAME_MAX + 1];
    uint8_t hash[HASH_LEN];
    enum err err = remove_folder(staging, fault);
    if (err == OK && mkdir(staging, 0755) != 0)
        err = fault_set(fault, file_errno(errno), 0, staging, "it cannot be made");
    for (struct span rows = release->rows; err == OK && release_next(&rows, name, hash);)
        err = copy_one(what, staging, name, hash, fault);
    if (err == OK)
        err = keep(staging, LIST, papers->list, fault);
    return err == OK ? keep(staging, PROOF, papers->proof, fault) : err;
}

/* The folder gets its number, and then `current` its name: each by one rename. */
static enum err change_over(const struct install *what, const char *staging, uint64_t version,
                            struct fault *fault)
{
    char number[24];
    char place[PATH_MAX];
    char link[PATH_MAX];
    char current[PATH_MAX];
    snprintf(number, sizeof number, "%llu", (unsigned long long)version);
    enum err err = path_of(place, what->into, number, fault);
    if (err == OK)
        err = path_of(link, what->into, ".current", fault);
    if (err == OK)
        err = path_of(current, what->into, "current", fault);
    if (err == OK)
        err = remove_folder(place, fault); /* of a run that ended here */
    if (err == OK)
        err = file_rename(staging, place, fault);
    if (err != OK)
        return err;
    if ((unlink(link) != 0 && errno != ENOENT) || symlink(number, link) != 0)
        return fault_set(fault, file_errno(errno), 0, link, "it cannot be made");
    return file_rename(link, current, fault);
}

/* Is it newer than what is there? */
static enum err check_newer(const struct install *what, struct span list, uint64_t version,
                            struct fault *fault)
{
    char path[PATH_MAX];
    uint8_t *bytes = NULL;
    size_t len;
    enum err err = path_of(path, what->into, "current/release.txt", fault);
    if (err == OK)
        err = file_read(path, RELEASE_MAX, 0, &bytes, &len, NULL);
    if (err == ERR_NOT_FOUND)
        return OK; /* the first */
    if (err != OK)
        return fault_set(fault, err, 0, path, "what is installed cannot be read");
    const uint64_t here = release_version(span_of(bytes, len));
    if (span_eq(list, span_of(bytes, len)))
        err = fault_set(fault, ERR_REPEAT, 0, path, "version %llu", (unsigned long long)here);
    else if (here == 0 || version <= here)
        err = fault_set(fault, ERR_RELEASE_OLD, 0, path, "version %llu after %llu",
                        (unsigned long long)version, (unsigned long long)here);
    free(bytes);
    return err;
}

/* Is it signed, and an entry of the log? */
static enum err check_papers(const struct install *what, const struct papers *papers,
                             struct release *release, struct installed *out, struct fault *fault)
{
    enum err err = release_open(what->reader, papers->list, release);
    out->version = release->version;
    if (err != OK)
        return fault_set(fault, err, 0, LIST, "the list, or who signed it");
    err = release_proven(what->reader, what->policy, papers->list, papers->proof, &out->place);
    if (err == ERR_WITNESSES)
        return fault_set(fault, err, 0, PROOF, "%u of %u cosignatures", out->place.cosigners,
                         what->policy->needed);
    return err == OK
               ? OK
               : fault_set(fault, err, 0, PROOF, "that this list is an entry of the log of %s",
                           what->reader->member);
}

static enum err read_papers(const struct install *what, uint8_t *bytes[static 2],
                            struct papers *papers, struct fault *fault)
{
    char path[PATH_MAX];
    size_t len = 0;
    enum err err = path_of(path, what->from, LIST, fault);
    if (err == OK)
        err = file_read(path, RELEASE_MAX, FILE_NOFOLLOW, &bytes[0], &len, fault);
    papers->list = span_of(bytes[0], len);
    if (err == OK)
        err = path_of(path, what->from, PROOF, fault);
    if (err != OK)
        return err;
    err = file_read(path, TLOG_PROOF_MAX, FILE_NOFOLLOW, &bytes[1], &len, fault);
    papers->proof = span_of(bytes[1], len);
    return err == ERR_NOT_FOUND ? fault_set(fault, ERR_RELEASE_LOG, 0, path, "it is missing") : err;
}

static enum err put_in_place(const struct install *what, const struct papers *papers,
                             const struct release *release, struct fault *fault)
{
    char staging[PATH_MAX];
    enum err err = path_of(staging, what->into, ".staging", fault);
    if (err == OK)
        err = check_newer(what, papers->list, release->version, fault);
    if (err != OK)
        return err;
    err = stage(what, release, papers, staging, fault);
    if (err == OK)
        err = change_over(what, staging, release->version, fault);
    if (err != OK)
        (void)remove_folder(staging, NULL); /* the reason above is what is told */
    return err;
}

enum err install_release(const struct install *what, struct installed *out, struct fault *fault)
{
    struct release release;
    struct papers papers;
    uint8_t *bytes[2] = {NULL, NULL};
    *out = (struct installed){.version = 0};
    enum err err = read_papers(what, bytes, &papers, fault);
    if (err == OK)
        err = check_papers(what, &papers, &release, out, fault);
    if (err == OK)
        err = put_in_place(what, &papers, &release, fault);
    free(bytes[1]);
    free(bytes[0]);
    return err;
}
