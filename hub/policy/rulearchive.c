#include "policy/rulearchive.h"

#include "policy/load.h"

#include "base/file.h"
#include "base/hex.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { HEX_LEN = 2 * RULESET_HASH_LEN, PATH_LEN = ARCHIVE_DIR_MAX + HEX_LEN + 64 };

/* What was looked up; set NULL: it is not here. */
struct found {
    uint8_t hash[RULESET_HASH_LEN];
    struct ruleset *set; /* owned */
};

struct rulearchive {
    char dir[ARCHIVE_DIR_MAX];
    struct found row[ARCHIVE_OPEN_MAX];
    size_t count;
    size_t next; /* to make room */
};

enum err archive_open(struct rulearchive **out, const char *dir, struct fault *fault)
{
    *out = NULL;
    if (strlen(dir) >= ARCHIVE_DIR_MAX)
        return fault_set(fault, ERR_FIELD_LONG, 0, dir, "at most %d bytes", ARCHIVE_DIR_MAX - 1);
    enum err err = file_private_dir(dir, 0700, fault);
    if (err != OK)
        return err;
    struct rulearchive *a = calloc(1, sizeof *a);
    if (a == NULL)
        return fault_set(fault, ERR_NO_MEMORY, 0, dir, "rule archive");
    snprintf(a->dir, sizeof a->dir, "%s", dir);
    *out = a;
    return OK;
}

static void forget(struct rulearchive *a)
{
    for (size_t i = 0; i < a->count; i++)
        ruleset_close(&a->row[i].set);
    a->count = a->next = 0;
}

void archive_close(struct rulearchive **archive)
{
    if (*archive == NULL)
        return;
    forget(*archive);
    free(*archive);
    *archive = NULL;
}

static void set_path(const struct rulearchive *a, const uint8_t hash[static RULESET_HASH_LEN],
                     char out[static PATH_LEN])
{
    char hex[HEX_LEN + 1];
    hex_encode(span_of(hash, RULESET_HASH_LEN), hex);
    snprintf(out, PATH_LEN, "%s/%s", a->dir, hex);
}

/* ERR_NOT_FOUND, ERR_RULE_SET when it does not load or is another one, or what is missing here. */
static enum err load_exact(const struct rulearchive *a, const uint8_t hash[static RULESET_HASH_LEN],
                           struct ruleset **out)
{
    uint8_t have[RULESET_HASH_LEN];
    char path[PATH_LEN];
    struct stat st;
    *out = NULL;
    set_path(a, hash, path);
    if (stat(path, &st) != 0)
        return ERR_NOT_FOUND;
    struct ruleset_faults *faults = calloc(1, sizeof *faults);
    if (faults == NULL)
        return ERR_NO_MEMORY;
    enum err err = ruleset_open(out, path, faults);
    free(faults);
    if (err != OK)
        return err;
    ruleset_hash(*out, have);
    if (memcmp(have, hash, sizeof have) == 0)
        return OK;
    ruleset_close(out);
    return ERR_RULE_SET;
}

static enum err copy_file(const char *from_dir, const char *to_dir, const char *name,
                          struct fault *fault)
{
    char path[PATH_LEN + 64];
    uint8_t *bytes = NULL;
    size_t len = 0;
    const int n = snprintf(path, sizeof path, "%s/%s", from_dir, name);
    if ((size_t)n >= sizeof path)
        return fault_set(fault, ERR_FIELD_LONG, 0, from_dir, "too long");
    enum err err = file_read(path, RULESET_FILE_MAX, 0, &bytes, &len, fault);
    if (err != OK)
        return err;
    snprintf(path, sizeof path, "%s/%s", to_dir, name);
    err = file_write(path, span_of(bytes, len), 0600, 0, fault);
    free(bytes);
    return err;
}

enum err archive_keep(struct rulearchive *a, const char *set_dir, const struct ruleset *set,
                      struct fault *fault)
{
    uint8_t hash[RULESET_HASH_LEN];
    char path[PATH_LEN];
    ruleset_hash(set, hash);
    struct ruleset *kept = NULL;
    enum err err = load_exact(a, hash, &kept);
    ruleset_close(&kept);
    if (err == OK || err == ERR_NO_MEMORY)
        return err;
    forget(a);
    set_path(a, hash, path);
    if (mkdir(path, 0700) != 0 && errno != EEXIST)
        return fault_set(fault, file_errno(errno), 0, path, "the set's directory");
    for (unsigned i = 0; i < FILE_COUNT; i++) {
        err = copy_file(set_dir, path, load_file_name(i), fault);
        if (err != OK)
            return err;
    }
    err = load_exact(a, hash, &kept);
    ruleset_close(&kept);
    return err == OK || err == ERR_NO_MEMORY
               ? err
               : fault_set(fault, ERR_RULE_SET, 0, set_dir,
                           "加载后已被改动 / it was changed since it was loaded");
}

const struct ruleset *archive_find(struct rulearchive *a,
                                   const uint8_t hash[static RULESET_HASH_LEN])
{
    for (size_t i = 0; i < a->count; i++)
        if (memcmp(a->row[i].hash, hash, RULESET_HASH_LEN) == 0)
            return a->row[i].set;
    struct ruleset *set;
    if (load_exact(a, hash, &set) == ERR_NO_MEMORY)
        return NULL; /* it may be there: nothing is remembered */
    const size_t at = a->count < ARCHIVE_OPEN_MAX ? a->count++ : a->next++ % ARCHIVE_OPEN_MAX;
    struct found *row = &a->row[at];
    ruleset_close(&row->set);
    memcpy(row->hash, hash, RULESET_HASH_LEN);
    row->set = set;
    return set;
}
