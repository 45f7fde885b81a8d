/* Rule texts: into a bundle from the hub's archive, and out of it to be read. */
#include "base/file.h"
#include "base/hex.h"
#include "cli/evidence_again.h"
#include "cli/evidence_make.h"
#include "wire.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_ROOM = 1024, FOLDER_DIGITS = 16, HEX_LEN = 2 * RULESET_HASH_LEN };

/* ---- into ---- */

static enum err take_set(struct bundle *b, const char *dir, const char *hex, struct fault *fault)
{
    char path[PATH_ROOM];
    char name[BUNDLE_NAME_MAX + 1];
    const struct dirent *entry;
    enum err err = OK;
    snprintf(path, sizeof path, "%s/%s", dir, hex);
    DIR *d = opendir(path);
    if (d == NULL) /* the archive of another hub has it */
        return errno == ENOENT ? OK : fault_set(fault, file_errno(errno), 0, path, "%s", "");
    while (err == OK && (entry = readdir(d)) != NULL) {
        uint8_t *bytes = NULL;
        size_t len;
        const char *dot = strrchr(entry->d_name, '.');
        if (entry->d_name[0] == '.' || dot == NULL || strcmp(dot, ".yaml") != 0 ||
            strlen(entry->d_name) > BUNDLE_NAME_MAX / 2)
            continue;
        snprintf(path, sizeof path, "%s/%s/%s", dir, hex, entry->d_name);
        snprintf(name, sizeof name, "rules/%.*s/%.48s", FOLDER_DIGITS, hex, entry->d_name);
        err = file_read(path, RULESET_FILE_MAX, 0, &bytes, &len, fault);
        if (err == OK)
            err = bundle_add(b, name, span_of(bytes, len));
        err = err == ERR_EXISTS ? OK : err;
        free(bytes);
    }
    closedir(d);
    return err;
}

enum err evidence_take_rules(struct bundle *b, const char *archive, struct fault *fault)
{
    char hex[HEX_LEN + 1];
    lianshu_DecisionRecord *record = malloc(sizeof *record);
    enum err err = record == NULL ? ERR_NO_MEMORY : OK;
    char last[HEX_LEN + 1] = "";
    for (size_t i = 0; err == OK && i < bundle_count(b); i++) {
        const struct bundle_file *file = bundle_at(b, i);
        if (strncmp(file->name, "decisions/", 10) != 0 ||
            wire_decode(&lianshu_DecisionRecord_msg, file->bytes, record) != OK)
            continue;
        hex_encode(span_of(record->rule_set_sha256, RULESET_HASH_LEN), hex);
        if (strcmp(hex, last) != 0)
            err = take_set(b, archive, hex, fault);
        memcpy(last, hex, sizeof last);
    }
    free(record);
    return err;
}

/* ---- out of ---- */

/* Files of one set in a directory of their own; its name is in dir. */
static bool write_set(const struct bundle *b, const char *folder, const char *dir)
{
    char path[PATH_ROOM];
    const size_t len = strlen(folder);
    const struct bundle_file *file;
    for (size_t i = 0; (file = bundle_at(b, i)) != NULL; i++) {
        if (strncmp(file->name, folder, len) != 0)
            continue;
        snprintf(path, sizeof path, "%s/%s", dir, file->name + len);
        if (file_write(path, file->bytes, 0600, FILE_NEW, NULL) != OK)
            return false;
    }
    return true;
}

static void remove_set(const char *dir)
{
    char path[PATH_ROOM];
    const struct dirent *entry;
    DIR *d = opendir(dir);
    while (d != NULL && (entry = readdir(d)) != NULL) {
        snprintf(path, sizeof path, "%s/%s", dir, entry->d_name);
        (void)unlink(path); /* the two dots stay */
    }
    if (d != NULL)
        closedir(d);
    (void)rmdir(dir);
}

static void open_set(struct rules_shown *out, const struct bundle *b, const char *folder)
{
    char dir[] = "/tmp/lianshu-rules-XXXXXX";
    struct ruleset_faults *faults = calloc(1, sizeof *faults);
    if (faults == NULL || mkdtemp(dir) == NULL) {
        free(faults);
        return;
    }
    if (write_set(b, folder, dir) && ruleset_open(&out->set[out->count], dir, faults) == OK)
        out->count++;
    remove_set(dir);
    free(faults);
}

void rules_shown_open(struct rules_shown *out, const struct bundle *b)
{
    char folder[BUNDLE_NAME_MAX + 1] = "";
    const struct bundle_file *file;
    *out = (struct rules_shown){.count = 0};
    for (size_t i = 0; (file = bundle_at(b, i)) != NULL && out->count < RULES_SHOWN_MAX; i++) {
        const char *slash = strrchr(file->name, '/');
        if (strncmp(file->name, "rules/", 6) != 0 ||
            strncmp(file->name, folder, (size_t)(slash - file->name) + 1) == 0)
            continue;
        snprintf(folder, sizeof folder, "%.*s", (int)(slash - file->name) + 1, file->name);
        open_set(out, b, folder);
    }
}

void rules_shown_close(struct rules_shown *rules)
{
    for (size_t i = 0; i < rules->count; i++)
        ruleset_close(&rules->set[i]);
    rules->count = 0;
}

const struct ruleset *rules_shown_find(const struct rules_shown *rules,
                                       const uint8_t hash[static RULESET_HASH_LEN])
{
    uint8_t have[RULESET_HASH_LEN];
    for (size_t i = 0; i < rules->count; i++) {
        ruleset_hash(rules->set[i], have);
        if (memcmp(have, hash, sizeof have) == 0)
            return rules->set[i];
    }
    return NULL;
}
