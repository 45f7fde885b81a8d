#include "day/desk.h"

#include "base/file.h"
#include "json.h"

#include <assert.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_CAP = DESK_PATH_MAX + 640 };

void desk_open(struct desk *d, const char *dir, const char *member, const char *zh, const char *en)
{
    memset(d, 0, sizeof *d);
    snprintf(d->dir, sizeof d->dir, "%s", dir);
    d->member = member;
    d->zh = zh;
    d->en = en;
}

static enum err put(struct desk *d, const char *name, const void *bytes, size_t len,
                    struct fault *f)
{
    char hidden[PATH_CAP];
    char path[PATH_CAP];

    snprintf(hidden, sizeof hidden, "%s/source/.%s.tmp", d->dir, name);
    snprintf(path, sizeof path, "%s/source/%s", d->dir, name);
    FILE *out = fopen(hidden, "we");
    if (out == NULL)
        return fault_set(f, ERR_IO, 0, hidden, "cannot be written / 无法写入");
    const bool whole = fwrite(bytes, 1, len, out) == len;
    if (fclose(out) != 0 || !whole || rename(hidden, path) != 0)
        return fault_set(f, ERR_IO, 0, path, "cannot be written / 无法写入");
    return OK;
}

enum err desk_put(struct desk *d, const char *name, const char *text, struct fault *f)
{
    assert(d->file_count < DESK_FILES_MAX);
    snprintf(d->files[d->file_count++], DESK_NAME_MAX, "%s", name);
    return put(d, name, text, strlen(text), f);
}

enum err desk_put_json(struct desk *d, const char *name, const struct json *j, struct fault *f)
{
    enum err err;
    char *text = NULL;
    size_t len;

    if ((err = json_print(j, true, &text, &len)) != OK)
        return fault_set(f, err, 0, name, "cannot be written / 无法写入");
    err = desk_put(d, name, text, f);
    free(text);
    return err;
}

enum err desk_put_attachment(struct desk *d, const char *name, const void *bytes, size_t len,
                             struct fault *f)
{
    return put(d, name, bytes, len, f);
}

static bool exists(const struct desk *d, const char *folder, const char *name, const char *ending)
{
    char path[PATH_CAP];
    struct stat st;

    snprintf(path, sizeof path, "%s/%s/%s%s", d->dir, folder, name, ending);
    return stat(path, &st) == 0;
}

bool desk_done(const struct desk *d, const char *name)
{
    return exists(d, "done", name, "");
}

bool desk_refused(const struct desk *d, const char *name)
{
    return exists(d, "refused", name, ".reason.json");
}

static struct json *read_json(const struct desk *d, const char *folder, const char *name,
                              const char *ending)
{
    char path[PATH_CAP];
    struct json *j = NULL;

    snprintf(path, sizeof path, "%s/%s/%s%s", d->dir, folder, name, ending);
    if (json_open(&j, path, NULL) != OK)
        return NULL;
    return j;
}

struct json *desk_reason(const struct desk *d, const char *name)
{
    return read_json(d, "refused", name, ".reason.json");
}

static int rank(const char *state)
{
    static const char *const order[] = {"queued",    "sent",   "held",  "accepted",
                                        "delivered", "opened", "acted", "final"};

    for (int i = 0; i < (int)(sizeof order / sizeof order[0]); i++)
        if (state != NULL && strcmp(order[i], state) == 0)
            return i;
    return -1;
}

size_t desk_reached(const struct desk *d, const char *name, const char *state)
{
    struct json *j = read_json(d, "done", name, ".receipt.json");
    const struct json *messages = json_get(j, "messages");
    const int least = rank(state);
    size_t count = 0;

    for (size_t i = 0; i < json_count(messages); i++)
        if (rank(json_get_text(json_item(messages, i), "state")) >= least)
            count++;
    json_close(&j);
    return count;
}

static int is_json(const struct dirent *entry)
{
    const char *dot = strrchr(entry->d_name, '.');
    return entry->d_name[0] != '.' && dot != NULL && strcmp(dot, ".json") == 0;
}

size_t desk_count(const struct desk *d, const char *folder)
{
    char path[PATH_CAP];
    size_t count = 0;
    const struct dirent *entry;

    snprintf(path, sizeof path, "%s/%s", d->dir, folder);
    DIR *dir = opendir(path);
    if (dir == NULL)
        return 0;
    while ((entry = readdir(dir)) != NULL)
        count += is_json(entry) ? 1 : 0;
    closedir(dir);
    return count;
}

void desk_each(const struct desk *d, const char *folder, desk_visit *visit, void *ctx)
{
    char path[PATH_CAP];
    struct dirent **names = NULL;
    bool more = true;

    snprintf(path, sizeof path, "%s/%s", d->dir, folder);
    const int count = scandir(path, &names, is_json, alphasort);
    for (int i = 0; i < count; i++) {
        struct json *j = more ? read_json(d, folder, names[i]->d_name, "") : NULL;
        if (j != NULL)
            more = visit(ctx, names[i]->d_name, j);
        json_close(&j);
        free(names[i]);
    }
    free(names);
}

/* Compare one file with a text. */
static bool file_is(const char *path, const char *text)
{
    const size_t len = strlen(text);
    uint8_t *bytes = NULL;
    size_t got = 0;

    if (file_read(path, len + 1, 0, &bytes, &got, NULL) != OK)
        return false;
    const bool same = got == len && memcmp(bytes, text, len) == 0;
    free(bytes);
    return same;
}

bool desk_holds(const struct desk *d, const char *folder, const char *attachment, const char *text)
{
    char path[PATH_CAP];
    const struct dirent *entry;
    bool same = false;

    snprintf(path, sizeof path, "%s/%s", d->dir, folder);
    DIR *dir = opendir(path);
    while (dir != NULL && !same && (entry = readdir(dir)) != NULL) {
        char inside[2 * PATH_CAP + 64];
        snprintf(inside, sizeof inside, "%s/%s/%s", path, entry->d_name, attachment);
        same = strstr(entry->d_name, ".files") != NULL && file_is(inside, text);
    }
    if (dir != NULL)
        closedir(dir);
    return same;
}

size_t desk_open_files(const struct desk *d)
{
    size_t open = 0;

    for (unsigned i = 0; i < d->file_count; i++)
        if (!desk_done(d, d->files[i]) && !desk_refused(d, d->files[i]))
            open++;
    return open;
}
