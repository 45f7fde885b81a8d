#include "adapters/runtime/site.h"

#include "base/file.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FOLDER_MODE = 0750, FILE_MODE = 0640 };

static enum err make_folder(const char *path)
{
    if (mkdir(path, FOLDER_MODE) == 0 || errno == EEXIST)
        return OK;
    return file_errno(errno);
}

enum err site_open(struct site *site, const char *base, struct fault *f)
{
    static const char *const folders[] = {"", "/source", "/done", "/refused", "/sink", "/register"};
    char path[SITE_PATH_MAX];
    struct stat st;

    if (strlen(base) + 32 >= sizeof site->base)
        return fault_set(f, ERR_FIELD_LONG, 0, "directory", "at most %zu bytes", sizeof site->base);
    memcpy(site->base, base, strlen(base) + 1);
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        (void)snprintf(path, sizeof path, "%s%s", base, folders[i]);
        const enum err err = make_folder(path);
        if (err != OK)
            return fault_set(f, err, 0, path, "the folder cannot be made");
        if (stat(path, &st) != 0 || !S_ISDIR(st.st_mode) || access(path, R_OK | W_OK | X_OK) != 0)
            return fault_set(f, ERR_PERMISSION, 0, path, "a folder that this user may write");
    }
    return OK;
}

enum err site_path(const struct site *site, char out[static SITE_PATH_MAX], const char *fmt, ...)
{
    va_list args;
    const int head = snprintf(out, SITE_PATH_MAX, "%s/", site->base);

    if (head < 0 || head >= SITE_PATH_MAX)
        return ERR_FIELD_LONG;
    va_start(args, fmt);
    const int n = vsnprintf(out + head, (size_t)(SITE_PATH_MAX - head), fmt, args);
    va_end(args);
    return n >= 0 && n < SITE_PATH_MAX - head ? OK : ERR_FIELD_LONG;
}

enum err site_make_parent(const struct site *site, const char *path)
{
    enum err err;
    char full[SITE_PATH_MAX];

    for (const char *slash = strchr(path, '/'); slash != NULL; slash = strchr(slash + 1, '/'))
        if ((err = site_path(site, full, "%.*s", (int)(slash - path), path)) != OK ||
            (err = make_folder(full)) != OK)
            return err;
    return OK;
}

enum err site_write(const struct site *site, const char *path, const struct json *j)
{
    enum err err;
    char full[SITE_PATH_MAX];
    char *text = NULL;
    size_t len;

    if ((err = json_print(j, true, &text, &len)) != OK)
        return err;
    if ((err = site_make_parent(site, path)) == OK &&
        (err = site_path(site, full, "%s", path)) == OK)
        err = file_write(full, span_of(text, len), FILE_MODE, 0, NULL);
    free(text);
    return err;
}

void site_note(const struct site *site, const char *name, const struct json *j)
{
    char path[SITE_PATH_MAX], temporary[SITE_PATH_MAX];
    char *text = NULL;
    size_t len;

    if (json_print(j, false, &text, &len) != OK || site_path(site, path, "%s", name) != OK ||
        site_path(site, temporary, ".%s.tmp", name) != OK) {
        free(text);
        return;
    }
    FILE *to = fopen(temporary, "we");
    const bool whole = to != NULL && fwrite(text, 1, len, to) == len;
    if (to != NULL && fclose(to) == 0 && whole)
        (void)rename(temporary, path); /* the older note stays */
    free(text);
}

enum err site_read(const struct site *site, const char *path, struct json **out)
{
    char full[SITE_PATH_MAX];
    const enum err err = site_path(site, full, "%s", path);

    *out = NULL;
    return err == OK ? json_open(out, full, NULL) : err;
}

bool site_exists(const struct site *site, const char *path)
{
    char full[SITE_PATH_MAX];
    struct stat st;

    return site_path(site, full, "%s", path) == OK && lstat(full, &st) == 0;
}

enum err site_move(const struct site *site, const char *from, const char *to)
{
    enum err err;
    char a[SITE_PATH_MAX], b[SITE_PATH_MAX];

    if ((err = site_path(site, a, "%s", from)) != OK ||
        (err = site_path(site, b, "%s", to)) != OK || (err = site_make_parent(site, to)) != OK)
        return err;
    if (!site_exists(site, from))
        return site_exists(site, to) ? OK : ERR_NOT_FOUND;
    return file_rename(a, b, NULL);
}

void site_remove(const struct site *site, const char *path)
{
    char full[SITE_PATH_MAX];

    if (site_path(site, full, "%s", path) == OK)
        (void)unlink(full); /* absent is as good as removed */
}
