#include "adapters/runtime/source.h"

#include "adapters/runtime/source_inner.h"
#include "base/file.h"
#include "base/hex.h"
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

enum { DIRECTORY_TURN = 4096, EVENT_BYTES = 16 << 10 };

const char *const source_sql_text[SOURCE_SQL_COUNT] = {
    [SOURCE_SQL_FIND] = "SELECT id, attempt, state, moved FROM source_file WHERE digest = ?1"
                        " ORDER BY attempt DESC LIMIT 1",
    [SOURCE_SQL_STORED] = "SELECT 1 FROM source_file WHERE stored = ?1 AND digest <> ?2 LIMIT 1",
    [SOURCE_SQL_PUT] =
        "INSERT INTO source_file (digest, attempt, name, stored, state, moved, version,"
        " shown, report, files) VALUES (?1, ?2, ?3, ?4, ?5, 0, ?6, 0, ?7, ?8)"
        " RETURNING id",
    [SOURCE_SQL_MESSAGE] = "INSERT INTO source_message (message_id, file_id, row)"
                           " VALUES (?1, ?2, ?3)",
    [SOURCE_SQL_AGAIN] = "UPDATE source_file SET moved = 0 WHERE id = ?1",
    [SOURCE_SQL_UNMOVED] = "SELECT id, name, stored, state, CAST(report AS BLOB),"
                           " CAST(files AS BLOB), digest FROM source_file"
                           " WHERE moved = 0 ORDER BY id LIMIT 1",
    [SOURCE_SQL_MOVED] = "UPDATE source_file SET moved = 1 WHERE id = ?1",
    /* A message to a group has several envelopes; the first one's id names it. */
    [SOURCE_SQL_CHANGED] =
        "UPDATE source_file SET version = version + 1 WHERE id ="
        " (SELECT m.file_id FROM outbox o JOIN outbox f ON f.key = o.key AND f.part = 0"
        " JOIN source_message m ON m.message_id = f.message_id WHERE o.message_id = ?1)",
    [SOURCE_SQL_DUE] = "SELECT id, stored, version, state FROM source_file"
                       " WHERE moved = 1 AND shown < version ORDER BY id LIMIT 1",
    [SOURCE_SQL_SHOWN] = "UPDATE source_file SET shown = ?2 WHERE id = ?1",
    [SOURCE_SQL_REFUSE] = "UPDATE source_file SET state = 3, moved = 0, shown = version,"
                          " report = ?2 WHERE id = ?1",
    [SOURCE_SQL_MESSAGES] =
        "SELECT m.row, o.id, o.message_id, o.env_id, o.type,"
        " coalesce(nullif(o.state, 0), l.state, 0), o.part"
        " FROM source_message m JOIN outbox f ON f.message_id = m.message_id"
        " JOIN outbox o ON o.key = f.key LEFT JOIN outbox_live l ON l.id = o.id"
        " WHERE m.file_id = ?1 AND (m.row, o.part) > (?2, ?3) ORDER BY m.row, o.part LIMIT 1",
    [SOURCE_SQL_RECEIPTS] = "SELECT r.place, p.frame FROM outbox_receipt r"
                            " JOIN outbox_proof p ON p.id = r.proof WHERE r.outbox_id = ?1"
                            " ORDER BY r.time_ms, r.kind, r.by LIMIT 128",
    [SOURCE_SQL_ASKED] = "SELECT m.row, f.stored FROM source_message m"
                         " JOIN outbox o ON o.message_id = m.message_id"
                         " JOIN source_file f ON f.id = m.file_id"
                         " WHERE m.message_id = ?1 AND o.env_id = ?2",
    [SOURCE_SQL_ROOT] = "SELECT s.name FROM outbox_file x JOIN outbox o ON o.id = x.outbox_id"
                        " JOIN outbox f ON f.key = o.key AND f.part = 0"
                        " JOIN source_message m ON m.message_id = f.message_id"
                        " JOIN source_file s ON s.id = m.file_id"
                        " WHERE x.root = ?1 ORDER BY x.outbox_id DESC LIMIT 1",
};

/* ---- open, close ---- */

enum err source_open(struct source **out, const struct source_options *options, struct fault *f)
{
    enum err err = ERR_NO_MEMORY;
    char path[SITE_PATH_MAX];
    struct member own;
    struct source *s = calloc(1, sizeof *s);

    *out = NULL;
    if (s == NULL)
        return err;
    s->o = *options;
    s->inotify = -1;
    s->again = s->changed = true;
    s->draft = calloc(1, sizeof *s->draft);
    if (s->draft == NULL)
        goto out;
    if ((err = member_parse(sdk_member(options->sdk), &own)) != OK)
        goto out;
    memcpy(s->own_region, own.region, sizeof s->own_region);
    if ((err = db_prepare(sdk_db(options->sdk), source_sql_text, SOURCE_SQL_COUNT, s->sql, f)) !=
            OK ||
        (err = site_path(options->site, path, "source")) != OK)
        goto out;
    s->inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (s->inotify < 0 || inotify_add_watch(s->inotify, path, IN_MOVED_TO | IN_CLOSE_WRITE) < 0) {
        err = fault_set(f, ERR_IO, 0, path, "cannot be watched");
        goto out;
    }
    *out = s;
    s = NULL;
    err = OK;

out:
    source_close(&s);
    return err;
}

void source_close(struct source **source)
{
    struct source *s = *source;

    if (s == NULL)
        return;
    if (s->inotify >= 0)
        (void)close(s->inotify);
    if (s->dir != NULL)
        (void)closedir(s->dir);
    free(s->draft);
    free(s);
    *source = NULL;
}

int source_fd(const struct source *s)
{
    return s->inotify;
}

/* ---- taking ---- */

static bool is_record(const char *name)
{
    const size_t n = strlen(name);

    if (name[0] == '.' || n > SOURCE_NAME_MAX)
        return false;
    return (n > 5 && strcmp(name + n - 5, ".json") == 0) ||
           (n > 4 && (strcmp(name + n - 4, ".csv") == 0 || strcmp(name + n - 4, ".lsd") == 0));
}

/* x.preview.json, x.preview.csv */
static bool is_preview(const char *name)
{
    const char *dot = strrchr(name, '.');
    const size_t stem = (size_t)(dot - name);

    return stem > sizeof ".preview" - 1 &&
           memcmp(dot - (sizeof ".preview" - 1), ".preview", sizeof ".preview" - 1) == 0;
}

struct earlier {
    uint64_t id, attempt;
    enum source_state state;
    bool moved;
};

static enum err find_earlier(struct source *s, const uint8_t digest[static HASH_LEN],
                             struct earlier *e)
{
    struct stmt *q = s->sql[SOURCE_SQL_FIND];

    stmt_bind_bytes(q, 1, digest, HASH_LEN);
    enum err err = stmt_step(q);
    if (err == OK)
        *e = (struct earlier){stmt_u64(q, 0), stmt_u64(q, 1), (enum source_state)stmt_u64(q, 2),
                              stmt_u64(q, 3) == 1};
    return stmt_end(q, err);
}

/* The name in done/ or refused/: the file's own, unless another file has it. */
static enum err choose_stored(struct source *s, const struct intake *in,
                              char out[static STORED_MAX])
{
    struct stmt *q = s->sql[SOURCE_SQL_STORED];
    char hex[2 * HASH_LEN + 1];
    const char *dot = strrchr(in->name, '.');

    stmt_bind_text(q, 1, in->name);
    stmt_bind_bytes(q, 2, in->digest, HASH_LEN);
    enum err err = stmt_step(q);
    err = stmt_end(q, err);
    if (err == ERR_NOT_FOUND) {
        (void)snprintf(out, STORED_MAX, "%s", in->name);
        return OK;
    }
    hex_encode(span_of(in->digest, HASH_LEN), hex);
    (void)snprintf(out, STORED_MAX, "%.*s.%.8s%s", (int)(dot - in->name), in->name, hex, dot);
    return err;
}

static enum err put_file(struct source *s, const struct intake *in, enum source_state state,
                         uint64_t *id)
{
    enum err err;
    struct stmt *q = s->sql[SOURCE_SQL_PUT];
    char stored[STORED_MAX], *report = NULL, *files = NULL;
    size_t len;
    struct json *problems = state == SOURCE_TAKEN ? json_map() : report_json(&s->report, in->name);

    if ((err = choose_stored(s, in, stored)) == OK &&
        (err = json_print(problems, false, &report, &len)) == OK &&
        (err = json_print(in->files, false, &files, &len)) == OK) {
        stmt_bind_bytes(q, 1, in->digest, HASH_LEN);
        stmt_bind_u64(q, 2, in->attempt);
        stmt_bind_text(q, 3, in->name);
        stmt_bind_text(q, 4, stored);
        stmt_bind_u64(q, 5, (uint64_t)state);
        stmt_bind_u64(q, 6, state == SOURCE_TAKEN);
        stmt_bind_text(q, 7, report);
        stmt_bind_text(q, 8, files);
        err = stmt_step(q);
        if (err == OK)
            *id = stmt_u64(q, 0);
        err = stmt_end(q, err);
    }
    free(report);
    free(files);
    json_close(&problems);
    return err;
}

/* Refused here: the reasons are on disk before the file moves. */
static enum err refuse(struct source *s, struct intake *in, uint64_t now_ms)
{
    enum err err;
    uint64_t id;
    char label[ERR_LABEL_LEN + 1];

    err_label(s->report.item[0].err, label);
    log_warn("file_refused", "file=%s code=%s problems=%zu", in->name, label, s->report.count);
    if ((err = sdk_begin(s->o.sdk)) != OK || (err = put_file(s, in, SOURCE_REFUSED, &id)) != OK) {
        sdk_rollback(s->o.sdk);
        return err;
    }
    return sdk_commit(s->o.sdk, now_ms);
}

/* Two officials release or return what is held; or the member renews its keys. */
static enum err decide(struct source *s, const struct intake *in, uint64_t now_ms)
{
    struct fault fault = {0};
    const struct span paper = span_of(in->document, in->document_len);
    const enum err err = in->act ? sdk_act(s->o.sdk, paper, now_ms, &fault)
                                 : sdk_key_record(s->o.sdk, paper, now_ms, &fault);

    return err_class(err) == ERR_CLASS_REJECT ? report_fault(&s->report, err, "", &fault) : err;
}

/* All messages of the file and its row, in one transaction. */
static enum err accept(struct source *s, struct intake *in, uint64_t now_ms)
{
    enum err err;
    uint64_t id = 0;

    if ((err = sdk_begin(s->o.sdk)) == OK && (err = put_file(s, in, SOURCE_TAKEN, &id)) == OK)
        err =
            in->act || in->record ? decide(s, in, now_ms) : source_records(s, in, true, id, now_ms);
    if (err != OK || s->report.count > 0) {
        sdk_rollback(s->o.sdk);
        return err_class(err) == ERR_CLASS_REJECT ? OK : err;
    }
    err = sdk_commit(s->o.sdk, now_ms);
    s->changed = true; /* its receipt file */
    if (err == OK)
        log_info("file_taken", "file=%s messages=%zu", in->name, json_count(in->records));
    return err;
}

/* Known by name and content? *done: nothing more to take. */
static enum err recognise(struct source *s, struct intake *in, uint64_t now_ms, bool *done)
{
    enum err err;
    struct earlier e = {0};
    struct stmt *q = s->sql[SOURCE_SQL_AGAIN];

    err = find_earlier(s, in->digest, &e);
    if (err == ERR_NOT_FOUND)
        return OK;
    if (err != OK)
        return err;
    /* What was refused may be sent again; an answer is of its moment, so a question is new. */
    if (e.moved && (e.state != SOURCE_TAKEN || in->preview)) {
        in->attempt = e.attempt + 1;
        return OK;
    }
    *done = true;
    if (!e.moved)
        return OK; /* killed before it was moved: settling goes on */
    log_info("file_repeated", "file=%s", in->name);
    if ((err = sdk_begin(s->o.sdk)) != OK)
        return err;
    stmt_bind_u64(q, 1, e.id);
    if ((err = stmt_run(q)) != OK) {
        sdk_rollback(s->o.sdk);
        return err;
    }
    return sdk_commit(s->o.sdk, now_ms);
}

enum err source_take(struct source *s, const char *name, uint64_t now_ms)
{
    enum err err;
    struct intake in = {0};
    bool done = false;

    if (!is_record(name))
        return OK;
    memcpy(in.name, name, strlen(name) + 1);
    in.preview = is_preview(name);
    s->report.count = 0;
    s->report.more = false;
    s->report.row = s->report.line = 0;
    in.files = json_list();
    s->taking = in.name;
    err = source_read(s, &in);
    if (err == ERR_NOT_FOUND)
        err = OK; /* taken back by its writer */
    else if (err == OK && (err = recognise(s, &in, now_ms, &done)) == OK && !done) {
        if (s->report.count == 0 && !in.act && !in.record)
            err = source_records(s, &in, false, 0, now_ms);
        if (err == OK && s->report.count == 0)
            err = accept(s, &in, now_ms);
        if (s->report.count > 0 && (err == OK || err_class(err) == ERR_CLASS_REJECT))
            err = refuse(s, &in, now_ms);
    }
    s->taking = NULL;
    intake_fini(&in);
    return err;
}

/* ---- scanning ---- */

static void drain_events(struct source *s)
{
    uint8_t events[EVENT_BYTES];

    /* What happened does not matter, only that something did: the folder itself is the truth. */
    while (read(s->inotify, events, sizeof events) > 0)
        s->again = true;
}

static enum err begin_scan(struct source *s)
{
    char path[SITE_PATH_MAX];
    enum err err;

    if (s->dir != NULL || !s->again)
        return OK;
    if ((err = site_path(s->o.site, path, "source")) != OK)
        return err;
    s->again = false;
    s->dir = opendir(path);
    return s->dir == NULL ? file_errno(errno) : OK;
}

enum err source_scan(struct source *s, bool ready, uint64_t now_ms, bool *more)
{
    enum err err;
    int taken = 0;

    if (ready)
        drain_events(s);
    if ((err = begin_scan(s)) != OK)
        return err;
    for (int i = 0; i < DIRECTORY_TURN && s->dir != NULL && taken < SOURCE_TURN_FILES; i++) {
        const struct dirent *entry = readdir(s->dir);
        if (entry == NULL) {
            (void)closedir(s->dir);
            s->dir = NULL;
            break;
        }
        if (!is_record(entry->d_name))
            continue;
        taken++;
        err = source_take(s, entry->d_name, now_ms);
        if (err_class(err) == ERR_CLASS_RETRY) {
            log_warn("file_later", "file=%s code=%d", entry->d_name, (int)err);
            s->again = true; /* it stays where it is */
            err = OK;
        }
        if (err != OK)
            return err;
    }
    *more = s->dir != NULL;
    err = source_settle(s);
    return err_class(err) == ERR_CLASS_RETRY ? OK : err;
}
