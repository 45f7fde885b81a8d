/* Opening and closing: configuration, memory, keys, registry, state, connection. */
#include "adapters/sdk/beside.h"
#include "adapters/sdk/inner.h"
#include "adapters/sdk/inner_sql.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/hex.h"
#include "keys/guard.h"
#include "keys/init.h"
#include "sdk_sql.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    WINDOW_MESSAGES = 64,
    WINDOW_BYTES = 16 << 20,
};

static bool copy_text(char *out, size_t cap, const char *text)
{
    size_t len = text == NULL ? 0 : strlen(text);
    if (len >= cap)
        return false;
    memcpy(out, text == NULL ? "" : text, len + 1);
    return true;
}

static enum err take_config(struct sdk *s, const struct sdk_config *c, struct fault *fault)
{
    if (!copy_text(s->realm, sizeof s->realm, c->realm) ||
        !copy_text(s->member, sizeof s->member, c->member) ||
        !copy_text(s->adapter, sizeof s->adapter, c->adapter) ||
        !copy_text(s->hub, sizeof s->hub, c->hub) ||
        !copy_text(s->state_dir, sizeof s->state_dir, c->state_dir))
        return fault_set(fault, ERR_FIELD_LONG, 0, "adapter", "realm, member, adapter, hub");
    if (!member_valid(s->member) || !member_is_hub(s->hub))
        return fault_set(fault, ERR_CONFIG, 0, "adapter", "member or hub is no member id");
    s->window_messages = c->window_messages == 0 ? WINDOW_MESSAGES : c->window_messages;
    s->window_bytes = c->window_bytes == 0 ? WINDOW_BYTES : c->window_bytes;
    if (c->keep_days != 0 && c->keep_days < SDK_KEEP_DAYS_MIN)
        return fault_set(fault, ERR_CONFIG, 0, "keep_days", "at least %d: no message lives longer",
                         SDK_KEEP_DAYS_MIN);
    s->keep_ms = (c->keep_days == 0 ? SDK_KEEP_DAYS : c->keep_days) * (uint64_t)DAY_MS;
    s->shared = c->shared;
    return OK;
}

static enum err take_memory(struct sdk *s)
{
    s->stage = calloc(SDK_BATCH_MAX, sizeof *s->stage);
    s->stage_bytes = malloc(SDK_STAGE_BYTES);
    s->receipt_stage = calloc(SDK_RECEIPT_STAGE_MAX, sizeof *s->receipt_stage);
    s->receipt_bytes = malloc(SDK_RECEIPT_BYTES);
    s->document = calloc(1, sizeof *s->document);
    s->header = calloc(1, sizeof *s->header);
    s->control = calloc(1, sizeof *s->control);
    s->receipt = calloc(1, sizeof *s->receipt);
    s->manifest = calloc(1, sizeof *s->manifest);
    s->message = calloc(1, sizeof *s->message);
    for (size_t i = 0; i < 3; i++)
        s->plain[i] = malloc(FRAME_DOCUMENT_FRAME_MAX);
    s->frame = malloc(FRAME_MAX);
    s->chunk = malloc(CHUNK_FRAME_MAX);
    s->chunk_plain = malloc(CHUNK_PLAIN_LEN);
    s->body = aligned_alloc(16, SDK_BODY_STRUCT_MAX);
    s->last_statement = malloc(SDK_STATEMENT_MAX);
    s->stored_statement = malloc(SDK_STATEMENT_MAX);
    s->stored_frame = malloc(FRAME_MAX);
    s->out = malloc(FRAME_MAX);
    s->frame_row = malloc(FRAME_MAX + 4);
    s->flight = calloc(SDK_FLIGHT_RING, sizeof *s->flight);
    s->recent = calloc(SDK_RECENT_MAX, sizeof *s->recent);
    s->pack_bytes = malloc((size_t)(SDK_PACK_SLOTS + 1) * SDK_PACK_BYTES);
    s->group.member = calloc(SDK_GROUP_MAX, sizeof *s->group.member);
    s->sql = calloc(SQL_COUNT, sizeof(struct stmt *));
    if (s->stage == NULL || s->stage_bytes == NULL || s->receipt_stage == NULL ||
        s->receipt_bytes == NULL || s->document == NULL || s->header == NULL ||
        s->control == NULL || s->receipt == NULL || s->manifest == NULL || s->message == NULL ||
        s->plain[0] == NULL || s->plain[1] == NULL || s->plain[2] == NULL || s->frame == NULL ||
        s->chunk == NULL || s->chunk_plain == NULL || s->body == NULL ||
        s->last_statement == NULL || s->stored_statement == NULL || s->stored_frame == NULL ||
        s->out == NULL || s->sql == NULL || s->frame_row == NULL || s->flight == NULL ||
        s->recent == NULL || s->pack_bytes == NULL || s->group.member == NULL)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i <= SDK_PACK_SLOTS; i++)
        s->pack[i].bytes = s->pack_bytes + i * SDK_PACK_BYTES;
    return OK;
}

/* sdk_rekey.h: one that was interrupted is brought to its end first. */
static enum err check_storage(const struct sdk *s, const char *key_file, struct fault *fault)
{
    size_t storage = 0;
    for (size_t i = 0; i < keyring_count(s->keys); i++)
        storage += key_use(keyring_at(s->keys, i)) == KEY_USE_STORAGE;
    return storage <= 1 ? OK
                        : fault_set(fault, ERR_KEY_FILE, 0, key_file,
                                    "two storage keys: lianshu adapter rekey was interrupted, and "
                                    "comes first");
}

static enum err open_keys(struct sdk *s, const struct sdk_config *c, struct fault *fault)
{
    enum err err = beside_keys(&s->keys, c->key_file, c->passphrase_file, s->member, fault);

    if (err != OK)
        return err;
    s->entropy = entropy_pooled(&s->pool);
    if (keyring_find(s->keys, KEY_USE_SIGN) == NULL ||
        keyring_find(s->keys, KEY_USE_SEAL) == NULL ||
        keyring_find(s->keys, KEY_USE_TRANSPORT) == NULL)
        return fault_set(fault, ERR_KEY_FILE, 0, c->key_file,
                         "sign, seal and transport are needed");
    return check_storage(s, c->key_file, fault);
}

static enum err open_tools(struct sdk *s)
{
    enum err err;

    s->deks = guard_alloc(FRAME_PARTS_MAX * sizeof *s->deks);
    s->sealed_deks = guard_alloc((size_t)SDK_BATCH_MAX * SDK_PARTS * sizeof *s->sealed_deks);
    s->pack_keys = guard_alloc(SDK_PACK_KEYS);
    for (size_t i = 0; i < FRAME_SIDES; i++)
        if ((s->pack_open[i].keys = guard_alloc(SDK_PACK_KEYS)) == NULL)
            return ERR_NO_MEMORY;
    if (s->deks == NULL || s->sealed_deks == NULL || s->pack_keys == NULL)
        return ERR_NO_MEMORY;
    if ((err = verifier_open(&s->verifier, VERIFIER_NODES_DEFAULT)) != OK ||
        (err = opener_open(&s->opener, OPENER_SECRETS_DEFAULT)) != OK ||
        (err = batch_open(&s->batch)) != OK || (err = log_readers_open(&s->logs)) != OK ||
        (err = envelope_batch_open(&s->envelopes, ENVELOPE_BATCH_BYTES_DEFAULT)) != OK)
        return err;
    return OK;
}

enum { HASH_NAME = 10 + 2 * HASH_LEN }; /* "registrar " and the hash */

/* What is remembered of a registrar's document beside its number: that it is this very one. */
static enum err name_document(struct span lsd1, char out[static HASH_NAME + 1])
{
    struct frame_document frame;
    uint8_t hash[HASH_LEN];
    if (frame_parse_document(lsd1, &frame) != OK)
        return ERR_REGISTRY;
    hash_bytes(hash, frame.document);
    memcpy(out, "registrar ", HASH_NAME - 2 * HASH_LEN);
    hex_encode(span_of(hash, sizeof hash), out + HASH_NAME - 2 * HASH_LEN);
    return OK;
}

/* Higher than what was seen, or that very document: keys/twice.h, guarantee 1. */
static enum err check_registrar(struct sdk *s, const struct registry_registrar *row,
                                const char *document, struct fault *fault)
{
    uint64_t seen;
    uint64_t same;
    enum err err = inner_value(s, row->member, &seen);
    if (err == OK)
        err = inner_value(s, document, &same);
    if (err != OK)
        return err;
    if (row->number < seen)
        return fault_set(fault, ERR_REGISTRY_ROLLBACK, 0, row->member,
                         "its document %llu, but %llu has taken its place",
                         (unsigned long long)row->number, (unsigned long long)seen);
    return seen == 0 || row->number > seen || same == seen
               ? OK
               : fault_set(fault, ERR_NUMBER_TWICE, 0, row->member,
                           "another document %llu was seen", (unsigned long long)seen);
}

/* Who was replaced as a registrar makes no registry for us any more. remember: they are ours from
 * now on. */
static enum err check_registrars(struct sdk *s, bool remember, struct fault *fault)
{
    const struct registry_registrar *row;
    enum err err = OK;
    for (size_t i = 0; err == OK && (row = registry_registrar_at(s->registry, i)) != NULL; i++) {
        char document[HASH_NAME + 1];
        err = name_document(registry_registrar_document(s->registry, i), document);
        if (err == OK && !remember)
            err = check_registrar(s, row, document, fault);
        if (err == OK && remember)
            err = inner_value_set(s, row->member, row->number);
        if (err == OK && remember)
            err = inner_value_set(s, document, row->number);
    }
    return err;
}

static enum err open_registry(struct sdk *s, const struct sdk_config *c, uint64_t now_ms,
                              struct fault *fault)
{
    enum err err;
    struct anchor anchor;
    uint64_t seen;

    if ((err = anchor_read(&anchor, c->anchor, fault)) != OK)
        return err;
    if (strcmp(anchor.realm, s->realm) != 0)
        return fault_set(fault, ERR_REALM, 0, c->anchor, "realm");
    if ((err = inner_value(s, "registry_version", &seen)) != OK)
        return err;
    if ((err = registry_read(&s->registry, &anchor, c->registry, seen, fault)) != OK)
        return err;
    if ((err = registry_fresh(s->registry, now_ms)) != OK)
        return fault_set(fault, err, 0, c->registry, "validity");
    if ((err = check_registrars(s, false, fault)) != OK)
        return err;
    if (registry_member(s->registry, s->member) == NULL ||
        registry_member(s->registry, s->hub) == NULL)
        return fault_set(fault, ERR_MEMBER_UNKNOWN, 0, c->registry, "%s or %s is not registered",
                         s->member, s->hub);
    if (registry_version(s->registry) != seen) {
        if ((err = inner_begin(s)) != OK ||
            (err = inner_value_set(s, "registry_version", registry_version(s->registry))) != OK ||
            (err = check_registrars(s, true, fault)) != OK || (err = db_commit(s->db)) != OK)
            return err;
    }
    s->log = (struct log_reader){.registry = s->registry, .hub = s->hub, .at_ms = now_ms};
    return amends_open(s, now_ms, fault);
}

static enum err last_id(struct sdk *s, enum sql which, uint64_t *id)
{
    struct stmt *q = s->sql[which];
    enum err err = stmt_step(q);

    if (err == OK)
        *id = stmt_u64(q, 0);
    return stmt_end(q, err);
}

static enum err open_state(struct sdk *s, struct fault *fault)
{
    enum err err;
    char path[SDK_FILE_PATH_MAX];
    /* What they hold is signed, or checked against what is. */
    static const char *const growing[] = {"outbox",       "outbox_pack", "outbox_receipt",
                                          "outbox_proof", "inbox",       "inbox_pack"};
    struct db_options options = {
        .path = path,
        .application_id = SDK_APPLICATION_ID,
        .migrations = sdk_sql,
        .migration_count = sdk_sql_count,
        .growing = growing,
        .growing_count = sizeof growing / sizeof growing[0],
        .shrinks = true,
    };

    if ((err = file_private_dir(s->state_dir, 0700, fault)) != OK)
        return err;
    (void)snprintf(path, sizeof path, "%s/files", s->state_dir);
    if ((err = file_private_dir(path, 0700, fault)) != OK)
        return err;
    (void)snprintf(path, sizeof path, "%s/adapter.db", s->state_dir);
    if ((err = db_open(&s->db, &options, fault)) != OK)
        return err;
    if ((err = db_prepare(s->db, sql_text, SQL_COUNT, s->sql, fault)) != OK)
        return err;
    if ((err = inner_value(s, "receipt_stream", &s->stream_stored)) != OK ||
        (err = inner_value(s, "receipt_log", &s->log_number_stored)) != OK ||
        (err = inner_totals(s, true)) != OK || (err = recall_load(s)) != OK ||
        (err = last_id(s, SQL_OUTBOX_LAST, &s->outbox_last)) != OK ||
        (err = last_id(s, SQL_PROOF_LAST, &s->proof_last)) != OK ||
        (err = last_id(s, SQL_INBOX_LAST, &s->inbox_last)) != OK ||
        (err = last_id(s, SQL_OWED_LAST, &s->owed_last)) != OK)
        return err;
    s->stream = s->stream_stored;
    s->log_number = s->log_number_stored;
    frames_forget(s);
    flight_forget(s);
    struct mirror_in_options mirror = {.db = s->db,
                                       .member = s->member,
                                       .storage = keyring_find(s->keys, KEY_USE_STORAGE),
                                       .entropy = &s->entropy};
    memcpy(mirror.adapter, key_kid(keyring_find(s->keys, KEY_USE_TRANSPORT)),
           sizeof mirror.adapter);
    if ((err = mirror_in_open(&s->mirror_in, &mirror, fault)) != OK)
        return err;
    s->mirror_trims = true;
    return file_sweep(s);
}

static enum err open_link(struct sdk *s, const char *endpoint, uint64_t now_ms, struct fault *fault)
{
    enum err err;
    const struct registry_key *server;
    const struct key *own = amends_key(s, KEY_USE_TRANSPORT, now_ms);

    if ((err = registry_current(s->registry, s->hub, KEY_USE_TRANSPORT, now_ms, &server)) != OK)
        return fault_set(fault, err, 0, s->hub, "transport key of the hub");
    if ((err = link_open(&s->link, endpoint, key_secret(own), key_public(own),
                         server->public_key)) != OK)
        return fault_set(fault, err, 0, "endpoint", "%s", endpoint);
    return OK;
}

enum err sdk_open(struct sdk **out, const struct sdk_config *config,
                  const struct sdk_handler *handler, uint64_t now_ms, struct fault *fault)
{
    enum err err = ERR_INTERNAL;
    struct sdk *s = calloc(1, sizeof *s);

    *out = NULL;
    if (s == NULL)
        return ERR_NO_MEMORY;
    s->outgoing.fd = s->fetch.fd = -1;
    if (handler != NULL)
        s->handler = *handler;
    if ((err = take_config(s, config, fault)) != OK || (err = take_memory(s)) != OK ||
        (err = open_keys(s, config, fault)) != OK || (err = open_tools(s)) != OK ||
        (err = open_state(s, fault)) != OK || (err = open_registry(s, config, now_ms, fault)) != OK)
        goto out;
    if (config->endpoint != NULL && (err = open_link(s, config->endpoint, now_ms, fault)) != OK)
        goto out;
    *out = s;
    s = NULL;
    err = OK;

out:
    sdk_close(&s);
    return err;
}

void sdk_close(struct sdk **sdk)
{
    struct sdk *s = *sdk;

    if (s == NULL)
        return;
    link_close(&s->link);
    file_close_all(s);
    sdk_mirror_close(&s->mirror);
    mirror_in_close(&s->mirror_in);
    db_close(&s->db);
    envelope_batch_close(&s->envelopes);
    batch_close(&s->batch);
    log_readers_close(&s->logs);
    opener_close(&s->opener);
    verifier_close(&s->verifier);
    registry_close(&s->registry);
    keyring_close(&s->keys);
    guard_free(s->deks);
    guard_free(s->sealed_deks);
    guard_free(s->pack_keys);
    for (size_t i = 0; i < FRAME_SIDES; i++)
        guard_free(s->pack_open[i].keys);
    free(s->stage);
    free(s->stage_bytes);
    free(s->receipt_stage);
    free(s->receipt_bytes);
    free(s->document);
    free(s->header);
    free(s->control);
    free(s->receipt);
    if (s->manifest != NULL)
        guard_wipe(s->manifest, sizeof *s->manifest); /* file keys */
    free(s->manifest);
    if (s->message != NULL)
        guard_wipe(s->message, sizeof *s->message);
    free(s->message);
    for (size_t i = 0; i < 3; i++)
        free(s->plain[i]);
    free(s->frame);
    free(s->chunk);
    free(s->chunk_plain);
    free(s->body);
    free(s->last_statement);
    free(s->stored_statement);
    free(s->stored_frame);
    free(s->out);
    free(s->frame_row);
    free(s->flight);
    free(s->recent);
    free(s->pack_bytes);
    free(s->group.member);
    free(s->sql);
    free(s);
    *sdk = NULL;
}
