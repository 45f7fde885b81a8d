/* Opening and closing: keys, room, and the log against its signed head. */
#include "core/mirror_inner.h"
#include "core/renewal.h"
#include "core/state.h"
#include "keys/amend.h"

#include "keys/restored.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OPENER_SECRETS = 1024 };

/* The newest that the registry has by now: a key that is not in it yet signs nothing. */
void core_own_keys(struct core *core)
{
    core->sign_key = registry_own_key(core->opt.registry, core->opt.keys, core->opt.member,
                                      KEY_USE_SIGN, core->now_ms);
    if (core->sign_key == NULL)
        core->sign_key = keyring_find(core->opt.keys, KEY_USE_SIGN);
}

static enum err take_keys(struct core *core, struct fault *fault)
{
    core_own_keys(core);
    if (core->sign_key == NULL || keyring_find(core->opt.keys, KEY_USE_STORAGE) == NULL ||
        keyring_find(core->opt.keys, KEY_USE_TOKEN) == NULL ||
        keyring_find(core->opt.keys, KEY_USE_SEAL) == NULL)
        return fault_set(fault, ERR_KEY_FILE, 0, core->opt.member,
                         "the key file of a hub holds sign, seal, storage and token keys");
    struct member member;
    enum err err = rekey_open(core, fault);
    if (err != OK)
        return err;
    if ((err = member_parse(core->opt.member, &member)) != OK)
        return fault_set(fault, err, 0, core->opt.member, "hub.<region>");
    memcpy(core->region, member.region, sizeof core->region);
    return OK;
}

static enum err take_room(struct core *core)
{
    core->plain = malloc(SEAL_PLAIN_MAX + SEAL_TAG_LEN);
    core->frame = malloc(FRAME_MAX);
    core->flight.leaves = malloc(SIGN_LEAVES_MAX * sizeof *core->flight.leaves);
    core->to_prepare = malloc(PREPARE_MAX * sizeof *core->to_prepare);
    core->claimed = malloc(CLAIM_MAX * sizeof *core->claimed);
    if (core->plain == NULL || core->frame == NULL || core->flight.leaves == NULL ||
        core->to_prepare == NULL || core->claimed == NULL)
        return ERR_NO_MEMORY;
    enum err err = peers_open(&core->peers);
    if (err == OK)
        err = attach_open(core);
    if (err == OK)
        err = mirror_open(core);
    if (err == OK)
        err = outgoing_open(core);
    if (err == OK)
        err = spread_open(core);
    if (err == OK)
        err = links_book_open(core);
    if (err == OK)
        err = again_open(core);
    if (err == OK)
        err = relay_open(core);
    if (err == OK)
        err = cosigning_open(core);
    if (err == OK)
        err = doubled_open(core);
    if (err == OK)
        err = volumes_open(core);
    if (err == OK)
        err = witnessing_open(core);
    if (err == OK)
        err = output_open(&core->output, CORE_OUTPUT_BYTES);
    if (err == OK)
        err = verifier_open(&core->verifier, VERIFIER_NODES_DEFAULT);
    if (err == OK)
        err = log_readers_open(&core->readers);
    if (err == OK)
        err = opener_open(&core->opener, OPENER_SECRETS);
    if (err == OK)
        err = envelope_batch_open(&core->envelopes, ENVELOPE_BATCH_BYTES_DEFAULT);
    return err;
}

/* The signer's last head must be a prefix of our log; what it lacks it gets. */
static enum err check_head(struct core *core, struct fault *fault)
{
    uint64_t size = 0;
    uint8_t root[HASH_LEN];
    uint8_t bytes[RESTORED_MAX];
    struct writer statement = writer_of(bytes, sizeof bytes);
    enum err err = core->opt.head(core->opt.sign_ctx, &size, root, &statement);
    if (err != OK)
        return fault_set(fault, err, 0, "signer", "its last head could not be read");
    uint64_t ours = log_size(core->store->log);
    if (size > ours)
        return fault_set(fault, ERR_LOG_ROLLBACK, 0, "log", "%llu entries here, %llu signed",
                         (unsigned long long)ours, (unsigned long long)size);
    uint64_t seen = 0;
    struct span text;
    err = log_checkpoint(core->store->log, &seen, &text);
    if (err == OK && size < seen && statement.len == 0)
        return fault_set(fault, ERR_LOG_ROLLBACK, 0, "signer",
                         "it knows %llu entries and has signed %llu: its state was lost",
                         (unsigned long long)size, (unsigned long long)seen);
    if (err != OK && err != ERR_NOT_FOUND)
        return fault_set(fault, err, 0, "log", "its checkpoint could not be read");
    uint8_t here[HASH_LEN];
    err = log_root(core->store->log, size, here);
    if (err != OK)
        return fault_set(fault, err, 0, "log", "the root could not be computed");
    if (memcmp(here, root, HASH_LEN) != 0)
        return fault_set(fault, ERR_LOG_FORK, 0, "log", "at size %llu", (unsigned long long)size);
    core->signed_size = size;
    queue_landed(core->store->queue, size);
    if (statement.len > 0 && (err = renewal_begin(core, writer_span(&statement), fault)) != OK)
        return err;
    struct core_flight *rest;
    err = flight_begin(core, true, &rest);
    if (err == OK)
        err = flight_wait(core, rest);
    return err == OK ? OK : fault_set(fault, err, 0, "signer", "it does not sign the log");
}

static void put_measured(lianshu_Admin *body, const struct core_measured *measured)
{
    if (measured == NULL)
        return;
    body->program_sha256.size = body->config_sha256.size = HASH_LEN;
    memcpy(body->program_sha256.bytes, measured->program, HASH_LEN);
    memcpy(body->config_sha256.bytes, measured->config, HASH_LEN);
}

static enum err write_start(struct core *core, const char *event)
{
    const struct core_measured *measured = core->opt.measured;
    lianshu_Admin body = {.registry_version = registry_version(core->opt.registry)};
    snprintf(body.event, sizeof body.event, "%s", event);
    snprintf(body.by, sizeof body.by, "%s", core->opt.member);
    body.registry_sha256.size = HASH_LEN;
    memcpy(body.registry_sha256.bytes, registry_hash(core->opt.registry), HASH_LEN);
    body.rule_set_sha256.size = HASH_LEN;
    ruleset_hash(core->opt.rules, body.rule_set_sha256.bytes);
    put_measured(&body, measured);
    uint64_t index;
    enum err err = core_begin(core);
    if (err == OK)
        err = apply_leaf(core, LOG_ADMIN, &lianshu_Admin_msg, &body, &index);
    if (err == OK && measured != NULL && measured->unlisted != OK) { /* I-03 */
        snprintf(body.event, sizeof body.event, "program.unlisted");
        err = apply_leaf(core, LOG_ADMIN, &lianshu_Admin_msg, &body, &index);
    }
    if (err == OK)
        err = rekey_note(core);
    if (err == OK)
        err = backfill_note(core);
    if (err == OK)
        err = recount_note(core);
    core->work_waiting = true;
    return err;
}

static uint64_t limit_or(uint64_t asked, uint64_t standard)
{
    return asked != 0 ? asked : standard;
}

static void set_limits(struct core *core, const struct core_options *options)
{
    struct core_options *opt = &core->opt;
    opt->attempts_max = options->attempts_max != 0 ? options->attempts_max : ATTEMPTS_MAX;
    opt->sender_rows_max = limit_or(options->sender_rows_max, 2000000);
    opt->sender_bytes_max = limit_or(options->sender_bytes_max, UINT64_C(8) << 30);
    opt->backlog_rows_max = limit_or(options->backlog_rows_max, 4000000);
    opt->backlog_bytes_max = limit_or(options->backlog_bytes_max, UINT64_C(16) << 30);
}

enum err core_open(struct core **out, const struct core_options *options, uint64_t now_ms,
                   struct fault *fault)
{
    *out = NULL;
    struct core *core = calloc(1, sizeof *core);
    if (core == NULL)
        return fault_set(fault, ERR_NO_MEMORY, 0, "core", "state");
    core->opt = *options;
    core->opt.scrub_ms = options->scrub_ms != 0 ? options->scrub_ms : DAY_MS;
    core->opt.lease_ms = options->lease_ms != 0 ? options->lease_ms : LEASE_MS;
    core->opt.backoff_ms = options->backoff_ms != 0 ? options->backoff_ms : BACKOFF_MS;
    core->opt.piece_bytes = options->piece_bytes != 0 ? options->piece_bytes : CORE_EVIDENCE_PIECE;
    core->opt.reads_max = options->reads_max != 0 ? options->reads_max : CORE_EVIDENCE_READS;
    core->opt.rekey_rows = options->rekey_rows != 0 ? options->rekey_rows : REKEY_ROWS;
    core->opt.doubt_leaves = options->doubt_leaves != 0 ? options->doubt_leaves : DOUBT_LEAVES;
    set_limits(core, options);
    core->opt.rate_per_s = options->rate_per_s != 0 ? options->rate_per_s : RATE_PER_S;
    core->store = options->store;
    core->due_ms = now_ms;
    core->work_waiting = true; /* an expansion may have been interrupted */
    core_set_now(core, now_ms);
    enum err err = core_amended(core->store, core->opt.registry, fault);
    if (err == OK)
        err = take_keys(core, fault);
    if (err == OK) {
        err = take_room(core);
        if (err != OK)
            (void)fault_set(fault, err, 0, "core", "buffers");
    }
    if (err == OK)
        err = check_head(core, fault);
    if (err == OK && (err = gates_open(core)) != OK)
        (void)fault_set(fault, err, 0, "core", "gates");
    if (err == OK) {
        err = write_start(core, "start");
        if (err == OK)
            err = core_commit(core, now_ms);
        if (err != OK)
            (void)fault_set(fault, err, 0, "log", "the start could not be recorded");
    }
    if (err != OK) {
        core_close(&core);
        return err;
    }
    *out = core;
    return OK;
}

void core_close(struct core **core)
{
    struct core *c = *core;
    if (c == NULL)
        return;
    flight_close(c);
    if (c->open_batch)
        store_rollback(c->store);
    envelope_batch_close(&c->envelopes);
    opener_close(&c->opener);
    verifier_close(&c->verifier);
    log_readers_close(&c->readers);
    output_close(&c->output);
    attach_close(c);
    mirror_close(c);
    outgoing_close(c);
    spread_close(c);
    links_book_close(c);
    again_close(c);
    relay_close(c);
    cosigning_close(c);
    doubled_close(c);
    volumes_close(c);
    witnessing_close(c);
    gates_close(c);
    peers_close(&c->peers);
    free(c->claimed);
    free(c->to_prepare);
    free(c->flight.leaves);
    free(c->frame);
    free(c->plain);
    free(c);
    *core = NULL;
}

enum err core_rules(struct core *core, const struct ruleset *rules,
                    const struct retention *retention, const struct volume *volume,
                    const struct calendar *calendar)
{
    memset(core->dues, 0, sizeof core->dues); /* counted by the other calendar */
    core->workdays_date = 0;
    core->opt.calendar = calendar;
    core->opt.rules = rules;
    core->opt.retention = retention;
    volumes_renew(core, volume);
    enum err err = mirror_concerns_load(core);
    return err == OK ? write_start(core, "rules") : err;
}

enum err core_registry(struct core *core, struct registry *registry)
{
    enum err err = amending_registry(core, registry);
    if (err != OK)
        return err;
    links_registry(core);
    err = mirror_concerns_load(core);
    return err == OK ? write_start(core, "registry") : err;
}
