/* Earlier checkpoints of the hub's log, and time stamps over them. */
#include "base/file.h"
#include "cli/ask.h"
#include "cli/evidence_make.h"
#include "cli/logbook.h"
#include "keys/note.h"
#include "keys/stamp.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/stat.h>

/* Takes the place of another with that size: what is put in last is what a stamp is about. */
enum err evidence_take_seen(const struct cli *cli, struct bundle *bundle, struct span note,
                            uint64_t size, struct fault *fault)
{
    char name[BUNDLE_NAME_MAX + 1];
    char *text = NULL;
    struct checkpoint old;
    struct json *answer = NULL;
    enum err err = note_parse(note, &old);
    if (err != OK)
        return fault_set(fault, err, 0, "checkpoint", "no checkpoint");
    if (old.size > size)
        return fault_set(fault, ERR_CONSISTENCY, 0, "checkpoint", "it is newer than the hub's");
    struct json *request = ask_request("evidence.consistency");
    json_put_uint(request, "old", old.size);
    json_put_uint(request, "size", size);
    err = ask_hub(cli, request, &text, &answer, fault);
    snprintf(name, sizeof name, "seen/%" PRIu64 ".txt", old.size);
    bundle_drop(bundle, name);
    if (err == OK)
        err = bundle_add(bundle, name, note);
    snprintf(name, sizeof name, "seen/%" PRIu64 ".path", old.size);
    bundle_drop(bundle, name);
    if (err == OK)
        err = evidence_put_hex(bundle, answer, "path", name, fault);
    json_close(&answer);
    free(text);
    return err;
}

enum err evidence_take_kept(const struct cli *cli, struct bundle *bundle, const char *path,
                            uint64_t size, struct fault *fault)
{
    uint8_t *bytes = NULL;
    size_t len;
    enum err err = file_read(path, NOTE_LEN_MAX, 0, &bytes, &len, fault);
    if (err == OK)
        err = evidence_take_seen(cli, bundle, span_of(bytes, len), size, fault);
    free(bytes);
    return err;
}

/* ---- time stamps ---- */

/* Of those that an exported log keeps. */
static enum err find_stamp(const char *dir, struct evidence_reach reach, uint64_t *found,
                           struct fault *fault)
{
    char path[TILES_PATH_MAX];
    const struct dirent *row;
    bool any = false;
    if (snprintf(path, sizeof path, "%s/checkpoints", dir) >= (int)sizeof path)
        return fault_set(fault, ERR_FIELD_LONG, 0, "--stamp", "too long");
    DIR *folder = opendir(path);
    while (folder != NULL && (row = readdir(folder)) != NULL) {
        char *end = NULL;
        const uint64_t size = strtoull(row->d_name, &end, 10);
        if (end == row->d_name || strcmp(end, ".tsr") != 0 || size > reach.size)
            continue;
        const bool covers = size > reach.last;
        const bool covered = any && *found > reach.last;
        if (!any || (covers && (!covered || size < *found)) || (!covered && size > *found))
            *found = size;
        any = true;
    }
    if (folder != NULL)
        closedir(folder);
    return any ? OK : fault_set(fault, ERR_NOT_FOUND, 0, path, "no time stamp of this log so far");
}

static enum err name_stamp(const char *path, struct evidence_reach reach,
                           char answer[static TILES_PATH_MAX], char note[static TILES_PATH_MAX],
                           struct fault *fault)
{
    struct stat st;
    uint64_t size = 0;
    const size_t len = strlen(path);
    if (stat(path, &st) == 0 && S_ISDIR(st.st_mode)) {
        const enum err err = find_stamp(path, reach, &size, fault);
        logbook_name(answer, path, size, ".tsr");
        logbook_name(note, path, size, ".stamped");
        return err;
    }
    if (len < sizeof ".tsr" || strcmp(path + len - 4, ".tsr") != 0 || len + 4 >= TILES_PATH_MAX)
        return fault_set(fault, ERR_USAGE, 0, "--stamp", "FILE.tsr, or the folder of a log");
    snprintf(answer, TILES_PATH_MAX, "%s", path);
    snprintf(note, TILES_PATH_MAX, "%.*s.stamped", (int)(len - 4), path);
    return OK;
}

enum err evidence_take_stamp(const struct cli *cli, struct bundle *bundle, const char *path,
                             struct evidence_reach reach, struct fault *fault)
{
    char answer_path[TILES_PATH_MAX];
    char note_path[TILES_PATH_MAX];
    char name[BUNDLE_NAME_MAX + 1];
    uint8_t *answer = NULL;
    uint8_t *note = NULL;
    size_t answer_len = 0;
    size_t note_len = 0;
    struct stamp stamp;
    struct checkpoint old;
    enum err err = name_stamp(path, reach, answer_path, note_path, fault);
    if (err == OK)
        err = file_read(answer_path, STAMP_LEN_MAX, 0, &answer, &answer_len, fault);
    if (err == OK)
        err = file_read(note_path, NOTE_LEN_MAX, 0, &note, &note_len, fault);
    if (err == OK)
        err = stamp_read(span_of(answer, answer_len), span_of(note, note_len), &stamp, fault);
    if (err == OK)
        err = evidence_take_seen(cli, bundle, span_of(note, note_len), reach.size, fault);
    if (err == OK)
        err = note_parse(span_of(note, note_len), &old);
    if (err == OK) {
        snprintf(name, sizeof name, "seen/%" PRIu64 ".tsr", old.size);
        err = bundle_add(bundle, name, span_of(answer, answer_len));
    }
    free(answer);
    free(note);
    return err;
}
