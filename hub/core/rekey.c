/* The job that seals everything again and moves handles to tokens of another key. */
#include "core/rekey_job.h"

#include "base/hex.h"
#include "base/log.h"
#include "keys/guard.h"

#include <stdio.h>
#include <string.h>

static bool same_ids(const struct rekey_ids *a, const struct rekey_ids *b)
{
    return memcmp(a->storage, b->storage, REST_KEY_ID_LEN) == 0 &&
           memcmp(a->token, b->token, REST_KEY_ID_LEN) == 0;
}

enum err rekey_begin(struct core *core, struct span object)
{
    struct rekey_job job = {.begun_ms = core->now_ms};
    struct rekey_job running;
    struct rekey_ids used;
    struct rekey_pair pair;
    uint8_t named[HASH_LEN];
    enum err err = rekey_job_get(core, &running);
    if (err != ERR_NOT_FOUND)
        return err == OK ? ERR_EXISTS : err;
    err = rekey_ids_get(core, &used);
    if (err != OK)
        return err;
    rekey_newest(core, &pair, &job.next);
    rekey_object(&job.next, named);
    if (same_ids(&used, &job.next) || !span_eq(object, span_of(named, sizeof named)))
        return ERR_KEY_FILE;
    err = rekey_job_put(core, &job);
    if (err == OK && memcmp(used.token, job.next.token, REST_KEY_ID_LEN) != 0)
        err = rekey_since_put(core);
    return err;
}

/* ---- one value ---- */

/* Seal again what is under the key before, into the same bytes. */
static enum err seal_again(struct core *core, const struct sealed_value *v, struct rekey_job *job,
                           bool *changed)
{
    const struct rest_place place = {v->table, v->place, v->column};
    const struct span value = span_of(v->bytes, v->len);
    struct writer plain = writer_of(core->frame, FRAME_MAX);
    struct writer sealed = writer_of(v->bytes, v->len);
    enum err err = rest_open(core->storage_key, &place, value, &plain);
    const bool moved = err == OK;
    if (!moved)
        err = rest_open(core->storage_before, &place, value, &plain);
    if (err == ERR_CORRUPT) {
        log_warn("rekey_unreadable", "table=%s", v->table);
        job->unreadable++;
        return OK;
    }
    if (err == OK && !moved)
        err = rest_seal(core->storage_key, &place, writer_span(&plain), core->opt.entropy, &sealed);
    guard_wipe(core->frame, plain.len);
    *changed = err == OK && !moved;
    return err;
}

struct visit {
    struct core *core;
    struct rekey_job *job;
};

static enum err visit_value(void *ctx, const struct sealed_value *value, bool *changed)
{
    const struct visit *v = ctx;
    return seal_again(v->core, value, v->job, changed);
}

/* One handle to its token of the next key; its identifier tells which. */
static enum err move_handle(struct core *core, struct rekey_job *job, const struct handle_row *row)
{
    uint8_t plain[HANDLE_SEALED_MAX];
    uint8_t sealed[HANDLE_SEALED_MAX];
    uint8_t token[STORE_TOKEN_LEN];
    struct writer p = writer_of(plain, sizeof plain);
    struct writer w = writer_of(sealed, sizeof sealed);
    if (store_is_erased(row->sealed))
        return OK; /* nobody can say whose it was: it stays under the token of before */
    enum err err =
        rest_get(core, "handle", span_of(row->handle, STORE_TOKEN_LEN), "id", row->sealed, &p);
    if (err == ERR_CORRUPT || (err == OK && p.len < 2)) {
        job->unreadable++;
        return OK;
    }
    if (err == OK)
        err = rest_token(token, core->token_key, plain[0], span_of(plain + 1, p.len - 1));
    if (err == OK)
        err = names_seal(core, row->handle, writer_span(&p), &w);
    guard_wipe(plain, sizeof plain);
    return err == OK ? handle_move(core->store->handles, row->token, token, writer_span(&w)) : err;
}

/* ---- steps ---- */

static enum err step_handle(struct core *core, struct rekey_job *job)
{
    struct handle_row row;
    enum err err = handle_next(core->store->handles, span_of(job->handle, job->handle_len), &row);
    if (err == ERR_NOT_FOUND) {
        job->handles_done = true;
        return OK;
    }
    if (err != OK)
        return err;
    job->handle_len = STORE_TOKEN_LEN;
    memcpy(job->handle, row.token, STORE_TOKEN_LEN);
    job->rows++;
    return move_handle(core, job, &row);
}

/* Nothing is under the keys before any more. */
static enum err finish(struct core *core, const struct rekey_job *job)
{
    lianshu_Admin body = {.registry_version = registry_version(core->opt.registry)};
    uint64_t index;
    snprintf(body.event, sizeof body.event, "rekey.done");
    snprintf(body.by, sizeof body.by, "%s", core->opt.member);
    enum err err = rekey_ids_put(core, &job->next);
    if (err == OK)
        err = rekey_job_put(core, NULL);
    if (err == OK)
        err = apply_leaf(core, LOG_ADMIN, &lianshu_Admin_msg, &body, &index);
    if (err == OK)
        err = store_count(core->store, "rekey.unreadable", job->unreadable);
    log_info("rekey_done", "rows=%llu unreadable=%llu", (unsigned long long)job->rows,
             (unsigned long long)job->unreadable);
    return err;
}

static enum err some(struct core *core, struct rekey_job *job, bool *over)
{
    struct visit visit = {core, job};
    size_t bytes = 0;
    size_t row = 0;
    enum err err = OK;
    for (; err == OK && row < core->opt.rekey_rows && bytes < REKEY_BYTES; row++) {
        size_t more = 0;
        if (!job->handles_done) {
            err = step_handle(core, job);
            continue;
        }
        err = sealed_step(core->store->sealed, &job->cursor, visit_value, &visit, &more);
        bytes += more;
        job->rows += err == OK;
    }
    *over = err == ERR_NOT_FOUND;
    return *over ? OK : err;
}

enum err rekey_step(struct core *core, bool *more)
{
    struct rekey_job job;
    bool over = false;
    *more = false;
    if (!core->rekey.look)
        return OK;
    enum err err = rekey_look(core); /* the batch before may have been given up */
    if (err != OK || !core->rekey.running)
        return err;
    err = core_begin(core);
    if (err == OK)
        err = rekey_job_get(core, &job);
    if (err == OK)
        err = some(core, &job, &over);
    if (err == OK)
        err = over ? finish(core, &job) : rekey_job_put(core, &job);
    core->rekey.look = true;
    *more = true;
    return err;
}

/* ---- for people ---- */

/* Tokens are spread evenly, tables are taken for equally large: near enough to wait by. */
static uint64_t rekey_percent(const struct core *core, const struct rekey_job *job)
{
    const uint64_t parts = SEALED_TABLES + 1;
    if (!job->handles_done)
        return job->handle_len == 0 ? 0 : job->handle[0] * UINT64_C(100) / 256 / parts;
    return (100 + sealed_percent(&job->cursor, log_size(core->store->log))) / parts;
}

static void put_ids(struct json *to, const char *name, const struct rekey_ids *ids)
{
    struct json *map = json_map();
    json_put_hex(map, "storage", span_of(ids->storage, REST_KEY_ID_LEN));
    json_put_hex(map, "token", span_of(ids->token, REST_KEY_ID_LEN));
    json_put(to, name, map);
}

enum err query_rekey(struct query *q)
{
    struct core *core = q->core;
    struct rekey_ids used;
    struct rekey_ids next;
    struct rekey_pair pair;
    struct rekey_job job;
    uint8_t object[HASH_LEN];
    enum err err = rekey_ids_get(core, &used);
    if (err != OK)
        return err;
    put_ids(q->answer, "keys", &used);
    rekey_newest(core, &pair, &next);
    if (!same_ids(&used, &next)) {
        rekey_object(&next, object);
        put_ids(q->answer, "next", &next);
        json_put_hex(q->answer, "object", span_of(object, sizeof object));
    }
    err = rekey_job_get(core, &job);
    json_put_flag(q->answer, "running", err == OK);
    if (err == ERR_NOT_FOUND)
        json_put_uint(q->answer, "unreadable", store_counter(core->store, "rekey.unreadable"));
    if (err == OK) {
        json_put_text(q->answer, "phase", job.handles_done ? "values" : "identifiers");
        json_put_uint(q->answer, "percent", rekey_percent(core, &job));
        json_put_uint(q->answer, "rows", job.rows);
        json_put_uint(q->answer, "unreadable", job.unreadable);
        json_put_ms(q->answer, "begun", job.begun_ms);
    }
    return err == ERR_NOT_FOUND ? OK : err;
}
