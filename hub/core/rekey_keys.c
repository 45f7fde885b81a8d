/* Which storage and token keys are in use: what the database says, found in the key file. */
#include "core/rekey_job.h"

#include <string.h>

static const char KEYS[] = "rekey.keys"; /* in use: storage, token */
static const char SINCE[] = "rekey.since";
static const char JOB[] = "rekey.job";

static const struct key *find(const struct core *core, enum key_use use,
                              const uint8_t id[static REST_KEY_ID_LEN])
{
    for (size_t i = 0; i < keyring_count(core->opt.keys); i++) {
        const struct key *key = keyring_at(core->opt.keys, i);
        uint8_t own[REST_KEY_ID_LEN];
        if (key_use(key) != use)
            continue;
        rest_key_id(key, own);
        if (memcmp(own, id, REST_KEY_ID_LEN) == 0)
            return key;
    }
    return NULL;
}

static bool find_pair(const struct core *core, const struct rekey_ids *ids, struct rekey_pair *out)
{
    out->storage = find(core, KEY_USE_STORAGE, ids->storage);
    out->token = find(core, KEY_USE_TOKEN, ids->token);
    return out->storage != NULL && out->token != NULL;
}

void rekey_newest(const struct core *core, struct rekey_pair *pair, struct rekey_ids *ids)
{
    pair->storage = keyring_find(core->opt.keys, KEY_USE_STORAGE);
    pair->token = keyring_find(core->opt.keys, KEY_USE_TOKEN);
    if (pair->storage != NULL)
        rest_key_id(pair->storage, ids->storage);
    if (pair->token != NULL)
        rest_key_id(pair->token, ids->token);
}

void rekey_object(const struct rekey_ids *ids, uint8_t out[static HASH_LEN])
{
    const struct span spans[] = {span_of(ids->storage, REST_KEY_ID_LEN),
                                 span_of(ids->token, REST_KEY_ID_LEN)};
    hash_spans(out, spans, 2);
}

/* ---- what the database says ---- */

enum err rekey_ids_get(struct core *core, struct rekey_ids *out)
{
    uint8_t bytes[2 * REST_KEY_ID_LEN];
    size_t len;
    enum err err = store_meta_get(core->store, KEYS, bytes, sizeof bytes, &len);
    if (err == OK && len != sizeof bytes)
        err = ERR_CORRUPT;
    if (err != OK)
        return err;
    memcpy(out->storage, bytes, REST_KEY_ID_LEN);
    memcpy(out->token, bytes + REST_KEY_ID_LEN, REST_KEY_ID_LEN);
    return OK;
}

enum err rekey_ids_put(struct core *core, const struct rekey_ids *ids)
{
    uint8_t bytes[2 * REST_KEY_ID_LEN];
    memcpy(bytes, ids->storage, REST_KEY_ID_LEN);
    memcpy(bytes + REST_KEY_ID_LEN, ids->token, REST_KEY_ID_LEN);
    return store_meta_put(core->store, KEYS, span_of(bytes, sizeof bytes));
}

enum err rekey_since_put(struct core *core)
{
    uint8_t bytes[16];
    struct writer w = writer_of(bytes, sizeof bytes);
    write_uint(&w, log_size(core->store->log), 8);
    write_uint(&w, core->now_ms, 8);
    return store_meta_put(core->store, SINCE, writer_span(&w));
}

static enum err since_get(struct core *core)
{
    uint8_t bytes[16];
    size_t len;
    enum err err = store_meta_get(core->store, SINCE, bytes, sizeof bytes, &len);
    struct span from = {bytes, len};
    core->rekey.size = core->rekey.begun_ms = 0;
    if (err == OK && !(span_take_uint(&from, 8, &core->rekey.size) &&
                       span_take_uint(&from, 8, &core->rekey.begun_ms)))
        err = ERR_CORRUPT;
    return err == ERR_NOT_FOUND ? OK : err;
}

enum err rekey_job_put(struct core *core, const struct rekey_job *job)
{
    uint8_t bytes[REKEY_JOB_LEN];
    uint8_t cursor[SEALED_CURSOR_LEN];
    struct writer w = writer_of(bytes, sizeof bytes);
    if (job == NULL)
        return store_meta_put(core->store, JOB, span_of(NULL, 0));
    sealed_cursor_write(&job->cursor, cursor);
    write_bytes(&w, job->next.storage, REST_KEY_ID_LEN);
    write_bytes(&w, job->next.token, REST_KEY_ID_LEN);
    write_uint(&w, job->handles_done, 1);
    write_uint(&w, job->handle_len, 1);
    write_bytes(&w, job->handle, sizeof job->handle);
    write_bytes(&w, cursor, sizeof cursor);
    write_uint(&w, job->rows, 8);
    write_uint(&w, job->unreadable, 8);
    write_uint(&w, job->begun_ms, 8);
    return store_meta_put(core->store, JOB, writer_span(&w));
}

enum err rekey_job_get(struct core *core, struct rekey_job *out)
{
    uint8_t bytes[REKEY_JOB_LEN];
    size_t len;
    struct span id[2];
    struct span handle;
    struct span cursor;
    uint64_t done;
    uint64_t handle_len;
    enum err err = store_meta_get(core->store, JOB, bytes, sizeof bytes, &len);
    struct span from = {bytes, len};
    *out = (struct rekey_job){0};
    if (err == OK && len == 0)
        err = ERR_NOT_FOUND;
    if (err != OK)
        return err;
    if (!span_take(&from, REST_KEY_ID_LEN, &id[0]) || !span_take(&from, REST_KEY_ID_LEN, &id[1]) ||
        !span_take_uint(&from, 1, &done) || !span_take_uint(&from, 1, &handle_len) ||
        handle_len > STORE_TOKEN_LEN || !span_take(&from, STORE_TOKEN_LEN, &handle) ||
        !span_take(&from, SEALED_CURSOR_LEN, &cursor) || !span_take_uint(&from, 8, &out->rows) ||
        !span_take_uint(&from, 8, &out->unreadable) || !span_take_uint(&from, 8, &out->begun_ms))
        return ERR_CORRUPT;
    memcpy(out->next.storage, id[0].data, REST_KEY_ID_LEN);
    memcpy(out->next.token, id[1].data, REST_KEY_ID_LEN);
    out->handles_done = done != 0;
    out->handle_len = (uint8_t)handle_len;
    memcpy(out->handle, handle.data, STORE_TOKEN_LEN);
    return sealed_cursor_read(&out->cursor, cursor);
}

/* ---- the keys in use ---- */

static enum err missing(const struct core *core, struct fault *fault)
{
    return fault_set(fault, ERR_KEY_FILE, 0, core->opt.member,
                     "the database is under other storage and token keys than the key file holds");
}

static enum err take(struct core *core, struct fault *fault)
{
    struct rekey_ids ids;
    struct rekey_job job;
    struct rekey_pair used;
    struct rekey_pair next;
    enum err err = rekey_ids_get(core, &ids);
    core->rekey.known = err == OK;
    if (err == ERR_NOT_FOUND) {
        rekey_newest(core, &used, &ids);
        err = used.storage != NULL && used.token != NULL ? OK : missing(core, fault);
    } else if (err == OK && !find_pair(core, &ids, &used)) {
        err = missing(core, fault);
    }
    if (err == OK)
        err = since_get(core);
    if (err != OK)
        return err;
    err = rekey_job_get(core, &job);
    core->rekey.running = err == OK;
    core->storage_before = core->token_before = NULL;
    if (err == OK && !find_pair(core, &job.next, &next))
        return missing(core, fault);
    if (err == OK) {
        core->storage_before = used.storage;
        core->token_before = used.token;
    }
    core->storage_key = err == OK ? next.storage : used.storage;
    core->token_key = err == OK ? next.token : used.token;
    return err == ERR_NOT_FOUND ? OK : err;
}

enum err rekey_open(struct core *core, struct fault *fault)
{
    enum err err = take(core, fault);
    core->rekey.look = core->rekey.running;
    return err;
}

enum err rekey_look(struct core *core)
{
    const bool was = core->rekey.running;
    enum err err = take(core, NULL);
    core->rekey.look = core->rekey.running;
    if (err == OK && !was && core->rekey.running)
        mirror_wake(core);
    core->work_waiting = core->work_waiting || core->rekey.running;
    return err;
}

enum err rekey_note(struct core *core)
{
    struct rekey_pair pair;
    struct rekey_ids ids;
    if (core->rekey.known)
        return OK;
    rekey_newest(core, &pair, &ids);
    core->rekey.known = true;
    return rekey_ids_put(core, &ids);
}
