#include "adapters/sdk/sdk.h"

#include "adapters/sdk/inner.h"
#include "adapters/sdk/inner_sql.h"
#include "base/file.h"
#include "base/log.h"
#include "keys/guard.h"
#include "keys/init.h"
#include "sdk_sql.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    APPLICATION_ID = 0x4c534144, /* "LSAD" */
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
    s->sql = calloc(SQL_COUNT, sizeof(struct stmt *));
    if (s->stage == NULL || s->stage_bytes == NULL || s->receipt_stage == NULL ||
        s->receipt_bytes == NULL || s->document == NULL || s->header == NULL ||
        s->control == NULL || s->receipt == NULL || s->manifest == NULL || s->message == NULL ||
        s->plain[0] == NULL || s->plain[1] == NULL || s->plain[2] == NULL || s->frame == NULL ||
        s->chunk == NULL || s->chunk_plain == NULL || s->body == NULL ||
        s->last_statement == NULL || s->stored_statement == NULL || s->stored_frame == NULL || s->out == NULL || s->sql == NULL)
        return ERR_NO_MEMORY;
    return OK;
}

static enum err open_keys(struct sdk *s, const struct sdk_config *c, struct fault *fault)
{
    enum err err;
    struct passphrase *passphrase = NULL;

    if ((err = keys_init()) != OK)
        return fault_set(fault, err, 0, "keys", "the cryptographic libraries do not start");
    s->entropy = entropy_system();
    if ((err = passphrase_read(&passphrase, c->passphrase_file, fault)) != OK)
        return err;
    err = keyfile_read(&s->keys, c->key_file, passphrase, fault);
    passphrase_close(&passphrase);
    if (err != OK)
        return err;
    if (strcmp(keyring_owner(s->keys), s->member) != 0)
        return fault_set(fault, ERR_KEY_NOT_SENDERS, 0, c->key_file, "the keys are another member's");
    if (keyring_find(s->keys, KEY_USE_SIGN) == NULL || keyring_find(s->keys, KEY_USE_SEAL) == NULL ||
        keyring_find(s->keys, KEY_USE_TRANSPORT) == NULL)
        return fault_set(fault, ERR_KEY_FILE, 0, c->key_file, "sign, seal and transport are needed");
    return OK;
}

static enum err open_tools(struct sdk *s)
{
    enum err err;

    if ((err = verifier_open(&s->verifier, VERIFIER_NODES_DEFAULT)) != OK ||
        (err = opener_open(&s->opener, OPENER_SECRETS_DEFAULT)) != OK ||
        (err = batch_open(&s->batch)) != OK ||
        (err = envelope_batch_open(&s->envelopes, ENVELOPE_BATCH_BYTES_DEFAULT)) != OK)
        return err;
    return OK;
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
    if (registry_member(s->registry, s->member) == NULL || registry_member(s->registry, s->hub) == NULL)
        return fault_set(fault, ERR_MEMBER_UNKNOWN, 0, c->registry, "%s or %s is not registered",
                         s->member, s->hub);
    if (registry_version(s->registry) != seen) {
        if ((err = inner_begin(s)) != OK ||
            (err = inner_value_set(s, "registry_version", registry_version(s->registry))) != OK ||
            (err = db_commit(s->db)) != OK)
            return err;
    }
    s->log = (struct log_reader){.registry = s->registry, .hub = s->hub, .at_ms = now_ms};
    return OK;
}

static enum err open_state(struct sdk *s, struct fault *fault)
{
    enum err err;
    char path[SDK_FILE_PATH_MAX];
    struct db_options options = {
        .path = path,
        .application_id = APPLICATION_ID,
        .migrations = sdk_sql,
        .migration_count = sdk_sql_count,
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
    if ((err = inner_value(s, "receipt_stream", &s->stream)) != OK)
        return err;
    return file_sweep(s);
}

static enum err open_link(struct sdk *s, const char *endpoint, uint64_t now_ms, struct fault *fault)
{
    enum err err;
    const struct registry_key *server;
    const struct key *own = keyring_find(s->keys, KEY_USE_TRANSPORT);

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
        (err = open_state(s, fault)) != OK ||
        (err = open_registry(s, config, now_ms, fault)) != OK)
        goto out;
    if (config->endpoint != NULL &&
        (err = open_link(s, config->endpoint, now_ms, fault)) != OK)
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
    db_close(&s->db);
    envelope_batch_close(&s->envelopes);
    batch_close(&s->batch);
    opener_close(&s->opener);
    verifier_close(&s->verifier);
    registry_close(&s->registry);
    keyring_close(&s->keys);
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
    free(s->sql);
    free(s);
    *sdk = NULL;
}

enum err inner_value(struct sdk *s, const char *name, uint64_t *value)
{
    struct stmt *q = s->sql[SQL_VALUE];

    *value = 0;
    stmt_bind_text(q, 1, name);
    enum err err = stmt_step(q);
    if (err == OK)
        *value = stmt_u64(q, 0);
    return stmt_end(q, err == ERR_NOT_FOUND ? OK : err);
}

enum err inner_value_set(struct sdk *s, const char *name, uint64_t value)
{
    struct stmt *q = s->sql[SQL_VALUE_SET];

    stmt_bind_text(q, 1, name);
    stmt_bind_u64(q, 2, value);
    return stmt_run(q);
}

enum err inner_begin(struct sdk *s)
{
    return db_in_transaction(s->db) ? OK : db_begin(s->db);
}

enum err inner_savepoint(struct sdk *s, struct mark *mark)
{
    enum err err;

    if ((err = inner_begin(s)) != OK || (err = db_savepoint(s->db)) != OK)
        return err;
    *mark = (struct mark){s->stage_count, s->stage_len, s->receipt_stage_count, s->receipt_len};
    s->in_savepoint = true;
    return OK;
}

enum err inner_release(struct sdk *s)
{
    s->in_savepoint = false;
    return db_release(s->db);
}

enum err inner_rollback_to(struct sdk *s, const struct mark *mark)
{
    s->in_savepoint = false;
    s->stage_count = mark->stage_count;
    s->stage_len = mark->stage_len;
    s->receipt_stage_count = mark->receipt_stage_count;
    s->receipt_len = mark->receipt_len;
    return db_rollback_to(s->db);
}

void inner_drop(struct sdk *s, const uint8_t root[static HASH_LEN], bool out)
{
    if (s->drop_count == SDK_DROP_MAX)
        return; /* the sweep at the next start takes it */
    memcpy(s->drop[s->drop_count].root, root, HASH_LEN);
    s->drop[s->drop_count++].out = out;
}

enum err sdk_begin(struct sdk *s)
{
    return inner_begin(s);
}

/* What is volatile follows the disk again: whatever is unanswered goes out anew. */
static void forget(struct sdk *s)
{
    s->stage_count = s->stage_len = 0;
    s->receipt_stage_count = s->receipt_len = 0;
    s->in_savepoint = false;
    s->drop_count = 0;
    s->flight_count = 0;
    s->flight_cursor = 0;
    s->receipt_cursor = 0;
    s->sent_count = 0;
    s->ack_due = 0;
    if (inner_value(s, "receipt_stream", &s->stream) != OK)
        s->stream = 0; /* the hub then sends receipts again; they are known */
}

void sdk_rollback(struct sdk *s)
{
    db_rollback(s->db);
    forget(s);
}

enum err sdk_commit(struct sdk *s, uint64_t now_ms)
{
    enum err err;

    (void)now_ms; /* part of the interface: retention will need it */
    if (!db_in_transaction(s->db))
        return OK;
    if ((err = pack_flush(s)) != OK || (err = inbox_sign(s)) != OK) {
        sdk_rollback(s);
        return err;
    }
    s->stage_count = s->stage_len = 0;
    s->receipt_stage_count = s->receipt_len = 0;
    if ((err = db_commit(s->db)) != OK) {
        forget(s);
        return err;
    }
    for (size_t i = 0; i < s->drop_count; i++)
        file_drop(s, s->drop[i].root, s->drop[i].out ? ".out" : ".in");
    s->drop_count = 0;
    return OK;
}

struct db *sdk_db(struct sdk *s)
{
    return s->db;
}

const struct registry *sdk_registry(const struct sdk *s)
{
    return s->registry;
}

const char *sdk_member(const struct sdk *s)
{
    return s->member;
}

const char *sdk_hub(const struct sdk *s)
{
    return s->hub;
}

const char *sdk_realm(const struct sdk *s)
{
    return s->realm;
}

enum err sdk_document_verify(struct sdk *s, struct span frame, uint64_t as_of_ms,
                             lianshu_Document *d)
{
    uint8_t hash[HASH_LEN];

    return registry_verify_document(s->registry, as_of_ms, frame, s->verifier, d, hash);
}

static enum err count(struct sdk *s, enum sql which, uint64_t state, uint64_t *out)
{
    struct stmt *q = s->sql[which];
    uint64_t n = 0;

    stmt_bind_u64(q, 1, state);
    enum err err = stmt_step(q);
    if (err == OK)
        n = stmt_u64(q, 0);
    *out += n;
    return stmt_end(q, err);
}

enum err sdk_counts(struct sdk *s, struct sdk_counts *out)
{
    enum err err;

    *out = (struct sdk_counts){.connected = s->greeted};
    if ((err = count(s, SQL_OUTBOX_COUNT, SDK_QUEUED, &out->queued)) != OK ||
        (err = count(s, SQL_OUTBOX_COUNT, SDK_ACCEPTED, &out->open)) != OK ||
        (err = count(s, SQL_OUTBOX_COUNT, SDK_HELD, &out->open)) != OK ||
        (err = count(s, SQL_OUTBOX_COUNT, SDK_FINAL, &out->final)) != OK ||
        (err = count(s, SQL_OUTBOX_COUNT, SDK_REJECTED, &out->rejected)) != OK ||
        (err = count(s, SQL_INBOX_COUNT, 1, &out->waiting)) != OK ||
        (err = count(s, SQL_INBOX_COUNT, 2, &out->waiting)) != OK ||
        (err = count(s, SQL_INBOX_COUNT, 3, &out->received)) != OK ||
        (err = count(s, SQL_INBOX_COUNT, 4, &out->returned)) != OK)
        return err;
    return OK;
}

/* Move what has arrived into the engine. */
static enum err read_frames(struct sdk *s, uint64_t now_ms)
{
    enum err err = OK;
    struct span frame;

    for (int i = 0; i < SDK_INPUT_TURN_MAX && err == OK && link_recv(s->link, &frame); i++) {
        err = turn_input(s, frame, now_ms);
        /* Leave room: what apply sends must fit into the open batch. */
        if (s->stage_count > SDK_BATCH_MAX / 2 || s->stage_len > SDK_STAGE_BYTES / 2 ||
            s->receipt_stage_count > SDK_RECEIPT_STAGE_MAX / 2)
            break;
    }
    return err;
}

static enum err write_frames(struct sdk *s, uint64_t now_ms, bool *more)
{
    *more = false;
    for (int i = 0; i < SDK_OUTPUT_TURN_MAX; i++) {
        struct span frame;
        enum err err = turn_output(s, now_ms, &frame);
        if (err == ERR_NOT_FOUND)
            return OK;
        if (err != OK)
            return err;
        err = link_send(s->link, frame);
        if (err == ERR_BUSY) {
            *more = true; /* the frame stays; it goes when the socket can take it */
            return OK;
        }
        if (err != OK)
            return err;
        s->out_len = 0;
    }
    *more = true;
    return OK;
}

/* How long a turn may sleep: until something of ours is due. */
static uint32_t sleep_ms(const struct sdk *s, uint64_t now_ms, uint32_t wait_ms)
{
    uint64_t due = outbox_due_ms(s);

    if (s->out_len > 0 || !s->greeted)
        return wait_ms;
    if (due <= now_ms)
        return 0;
    return due - now_ms < wait_ms ? (uint32_t)(due - now_ms) : wait_ms;
}

enum err sdk_step(struct sdk *s, uint64_t now_ms, uint32_t wait_ms, struct sdk_watch *watch)
{
    enum err err;
    bool ready = false;
    bool more;

    if (s->link == NULL)
        return ERR_NOT_READY;
    if (watch != NULL)
        watch->ready = false;
    /* What was committed since the last turn goes before we sleep. */
    if ((err = write_frames(s, now_ms, &more)) != OK ||
        (err = link_wait(s->link, s->up && s->out_len > 0, watch == NULL ? -1 : watch->fd,
                         more && s->out_len == 0 ? 0 : sleep_ms(s, now_ms, wait_ms), &ready)) != OK)
        return err;
    if (watch != NULL)
        watch->ready = ready;
    struct link_events events = link_events(s->link);
    if (events.down)
        turn_connection(s, false, now_ms);
    if (events.up)
        turn_connection(s, true, now_ms);
    if ((err = read_frames(s, now_ms)) != OK || (err = turn_tick(s, now_ms)) != OK) {
        sdk_rollback(s);
        return err;
    }
    if ((err = sdk_commit(s, now_ms)) != OK)
        return err;
    return write_frames(s, now_ms, &more);
}
