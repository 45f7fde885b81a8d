/* Moving files where they belong, after the row that says so is on disk. */
#include "adapters/runtime/source_inner.h"
#include "base/file.h"
#include "base/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct unmoved {
    uint64_t id;
    uint8_t digest[HASH_LEN];
    char name[SOURCE_NAME_MAX + 1], stored[STORED_MAX];
    enum source_state state;
    struct json *report, *files; /* owned */
};

static enum err parse_column(struct stmt *q, int column, struct json **out)
{
    return json_parse(out, stmt_blob(q, column), "source_file", NULL);
}

static enum err next_unmoved(struct source *s, struct unmoved *u)
{
    struct stmt *q = s->sql[SOURCE_SQL_UNMOVED];
    enum err err = stmt_step(q);

    if (err == OK) {
        u->id = stmt_u64(q, 0);
        stmt_copy_text(q, 1, u->name, sizeof u->name);
        stmt_copy_text(q, 2, u->stored, sizeof u->stored);
        u->state = (enum source_state)stmt_u64(q, 3);
        stmt_copy(q, 6, u->digest, HASH_LEN);
        if ((err = parse_column(q, 4, &u->report)) == OK)
            err = parse_column(q, 5, &u->files);
    }
    return stmt_end(q, err);
}

/* Attachments follow their record into <file>.files/. One that is missing is no error here: a
 * refused record may name what was never there. */
static enum err move_files(struct source *s, const struct unmoved *u, const char *from,
                           const char *folder)
{
    char a[SITE_PATH_MAX], b[SITE_PATH_MAX];

    for (size_t i = 0; i < json_count(u->files); i++) {
        const char *path = json_text(json_item(u->files, i));
        if (path == NULL)
            continue;
        if (strlen(path) >= DRAFT_PATH_MAX)
            continue;
        (void)snprintf(a, sizeof a, "%.256s/%.256s", from, path);
        (void)snprintf(b, sizeof b, "%s/%s.files/%.256s", folder, u->stored, path);
        const enum err err = site_move(s->o.site, a, b);
        if (err != OK && err != ERR_NOT_FOUND)
            return err;
    }
    return OK;
}

/* Is it what we took? A file that cannot be read was refused for that. */
static bool same_file(struct source *s, const struct unmoved *u, const char *path)
{
    char full[SITE_PATH_MAX];
    uint8_t *bytes = NULL, digest[HASH_LEN];
    size_t len = 0;

    if (site_path(s->o.site, full, "%s", path) != OK ||
        file_read(full, SOURCE_FILE_MAX, FILE_NOFOLLOW, &bytes, &len, NULL) != OK)
        return true;
    const struct span parts[] = {span_str(u->name), span_of("", 1), span_of(bytes, len)};
    hash_spans(digest, parts, sizeof parts / sizeof parts[0]);
    free(bytes);
    return memcmp(digest, u->digest, HASH_LEN) == 0;
}

static enum err move_record(struct source *s, const struct unmoved *u, const char *from,
                            const char *to)
{
    enum err err = site_move(s->o.site, from, to);

    if (err == ERR_NOT_FOUND)
        return OK; /* its owner took it away: nothing of ours is lost */
    if (err == OK && !same_file(s, u, to)) {
        /* A newer file of that name was put in its place meanwhile: that one is still to be taken.
         */
        log_warn("file_replaced", "file=%s", u->name);
        s->again = true;
        err = site_move(s->o.site, to, from);
    }
    return err;
}

static enum err settle_one(struct source *s, const struct unmoved *u)
{
    enum err err;
    char from[SITE_PATH_MAX], to[SITE_PATH_MAX], base[SITE_PATH_MAX], beside[SITE_PATH_MAX];
    const char *folder = u->state == SOURCE_TAKEN ? "done" : "refused";

    if (u->state == SOURCE_REFUSED_BY_HUB) {
        (void)snprintf(from, sizeof from, "done/%s", u->stored);
        (void)snprintf(base, sizeof base, "done/%s.files", u->stored);
    } else {
        (void)snprintf(from, sizeof from, "source/%s", u->name);
        (void)snprintf(base, sizeof base, "source");
    }
    (void)snprintf(to, sizeof to, "%s/%s", folder, u->stored);
    if (u->state != SOURCE_TAKEN) {
        (void)snprintf(beside, sizeof beside, "refused/%s.reason.json", u->stored);
        if ((err = site_write(s->o.site, beside, u->report)) != OK)
            return err;
        (void)snprintf(beside, sizeof beside, "done/%s.receipt.json", u->stored);
        if (u->state == SOURCE_REFUSED_BY_HUB)
            site_remove(s->o.site, beside);
    }
    if ((err = move_files(s, u, base, folder)) != OK)
        return err;
    return move_record(s, u, from, to);
}

enum err source_settle(struct source *s)
{
    enum err err = OK;
    struct stmt *q = s->sql[SOURCE_SQL_MOVED];

    for (int i = 0; i < SOURCE_TURN_FILES * 2 && err == OK; i++) {
        struct unmoved u = {0};
        if ((err = next_unmoved(s, &u)) == OK && (err = settle_one(s, &u)) == OK &&
            (err = sdk_begin(s->o.sdk)) == OK) {
            stmt_bind_u64(q, 1, u.id);
            if ((err = stmt_run(q)) != OK)
                sdk_rollback(s->o.sdk);
            else
                err = sdk_commit(s->o.sdk, 0);
        }
        json_close(&u.report);
        json_close(&u.files);
    }
    return err == ERR_NOT_FOUND ? OK : err;
}
