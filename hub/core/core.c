#include "core/state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OPENER_SECRETS = 1024, IDLE_TICK_MS = 60 * 1000, PEER_PAUSE_MS = 100 };

void core_wake_at(struct core *core, uint64_t at_ms)
{
    if (at_ms < core->due_ms)
        core->due_ms = at_ms;
}

enum err core_begin(struct core *core)
{
    if (core->open_batch)
        return OK;
    enum err err = store_begin(core->store, core->now_ms);
    core->open_batch = err == OK;
    return err;
}

/* now of the order of checks: a clock that was set back revives nothing. */
static void set_now(struct core *core, uint64_t now_ms)
{
    uint64_t high = store_now_high(core->store);
    core->now_ms = now_ms > high ? now_ms : high;
}

/* ---- opening ---- */

static enum err take_keys(struct core *core, struct fault *fault)
{
    core->sign_key = keyring_find(core->opt.keys, KEY_USE_SIGN);
    core->storage_key = keyring_find(core->opt.keys, KEY_USE_STORAGE);
    core->token_key = keyring_find(core->opt.keys, KEY_USE_TOKEN);
    if (core->sign_key == NULL || core->storage_key == NULL || core->token_key == NULL ||
        keyring_find(core->opt.keys, KEY_USE_SEAL) == NULL)
        return fault_set(fault, ERR_KEY_FILE, 0, core->opt.member,
                         "the key file of a hub holds sign, seal, storage and token keys");
    struct member member;
    enum err err = member_parse(core->opt.member, &member);
    if (err != OK)
        return fault_set(fault, err, 0, core->opt.member, "hub.<region>");
    memcpy(core->region, member.region, sizeof core->region);
    return OK;
}

static enum err take_room(struct core *core)
{
    core->plain = malloc(SEAL_PLAIN_MAX + SEAL_TAG_LEN);
    core->frame = malloc(FRAME_MAX);
    core->leaves = malloc(SIGN_LEAVES_MAX * sizeof *core->leaves);
    core->to_seal = malloc(NOTICE_BATCH_MAX * sizeof *core->to_seal);
    core->claimed = malloc(CLAIM_MAX * sizeof *core->claimed);
    if (core->plain == NULL || core->frame == NULL || core->leaves == NULL ||
        core->to_seal == NULL || core->claimed == NULL)
        return ERR_NO_MEMORY;
    enum err err = peers_open(&core->peers);
    if (err == OK)
        err = output_open(&core->output, CORE_OUTPUT_BYTES);
    if (err == OK)
        err = verifier_open(&core->verifier, VERIFIER_NODES_DEFAULT);
    if (err == OK)
        err = opener_open(&core->opener, OPENER_SECRETS);
    if (err == OK)
        err = envelope_batch_open(&core->envelopes, ENVELOPE_BATCH_BYTES_DEFAULT);
    return err;
}

/* Have leaves from signed_size on signed, in bounded requests. */
static enum err sign_log(struct core *core)
{
    uint64_t size = log_size(core->store->log);
    while (core->signed_size < size || (core->checkpoint_len == 0 && size > 0)) {
        uint64_t count = size - core->signed_size;
        if (count > SIGN_LEAVES_MAX)
            count = SIGN_LEAVES_MAX;
        for (uint64_t i = 0; i < count; i++) {
            enum err err = log_leaf_hash(core->store->log, core->signed_size + i, core->leaves[i]);
            if (err != OK)
                return err;
        }
        struct writer w = writer_of(core->checkpoint, sizeof core->checkpoint);
        enum err err = core->opt.sign(core->opt.sign_ctx, core->signed_size,
                                      (const uint8_t(*)[HASH_LEN])core->leaves, (size_t)count, &w);
        if (err != OK)
            return err;
        core->checkpoint_len = w.len;
        core->signed_size += count;
    }
    if (size == 0)
        return OK; /* nothing to sign before the first leaf */
    return log_checkpoint_set(core->store->log, core->signed_size,
                              span_of(core->checkpoint, core->checkpoint_len));
}

/* The signer's last head must be a prefix of our log; what it lacks it gets. */
static enum err check_head(struct core *core, struct fault *fault)
{
    uint64_t size = 0;
    uint8_t root[HASH_LEN];
    enum err err = core->opt.head(core->opt.sign_ctx, &size, root);
    if (err != OK)
        return fault_set(fault, err, 0, "signer", "its last head could not be read");
    uint64_t ours = log_size(core->store->log);
    if (size > ours)
        return fault_set(fault, ERR_LOG_ROLLBACK, 0, "log", "%llu entries here, %llu signed",
                         (unsigned long long)ours, (unsigned long long)size);
    uint8_t here[HASH_LEN];
    err = log_root(core->store->log, size, here);
    if (err != OK)
        return fault_set(fault, err, 0, "log", "the root could not be computed");
    if (memcmp(here, root, HASH_LEN) != 0)
        return fault_set(fault, ERR_LOG_FORK, 0, "log", "at size %llu", (unsigned long long)size);
    core->signed_size = size;
    err = sign_log(core);
    return err == OK ? OK : fault_set(fault, err, 0, "signer", "it does not sign the log");
}

static enum err write_start(struct core *core, const char *event)
{
    lianshu_Admin body = {.registry_version = registry_version(core->opt.registry)};
    snprintf(body.event, sizeof body.event, "%s", event);
    snprintf(body.by, sizeof body.by, "%s", core->opt.member);
    body.registry_sha256.size = HASH_LEN;
    memcpy(body.registry_sha256.bytes, registry_hash(core->opt.registry), HASH_LEN);
    body.rule_set_sha256.size = HASH_LEN;
    ruleset_hash(core->opt.rules, body.rule_set_sha256.bytes);
    uint64_t index;
    enum err err = core_begin(core);
    if (err == OK)
        err = apply_leaf(core, LOG_ADMIN, &lianshu_Admin_msg, &body, &index);
    return err;
}

enum err core_open(struct core **out, const struct core_options *options, uint64_t now_ms,
                   struct fault *fault)
{
    *out = NULL;
    struct core *core = calloc(1, sizeof *core);
    if (core == NULL)
        return fault_set(fault, ERR_NO_MEMORY, 0, "core", "state");
    core->opt = *options;
    core->opt.lease_ms = options->lease_ms != 0 ? options->lease_ms : LEASE_MS;
    core->opt.backoff_ms = options->backoff_ms != 0 ? options->backoff_ms : BACKOFF_MS;
    core->opt.rate_per_s = options->rate_per_s != 0 ? options->rate_per_s : RATE_PER_S;
    core->store = options->store;
    core->due_ms = now_ms;
    core->work_waiting = true; /* an expansion may have been interrupted */
    set_now(core, now_ms);
    enum err err = take_keys(core, fault);
    if (err == OK) {
        err = take_room(core);
        if (err != OK)
            (void)fault_set(fault, err, 0, "core", "buffers");
    }
    if (err == OK)
        err = check_head(core, fault);
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
    if (c->open_batch)
        store_rollback(c->store);
    envelope_batch_close(&c->envelopes);
    opener_close(&c->opener);
    verifier_close(&c->verifier);
    output_close(&c->output);
    peers_close(&c->peers);
    free(c->claimed);
    free(c->to_seal);
    free(c->leaves);
    free(c->frame);
    free(c->plain);
    free(c);
    *core = NULL;
}

enum err core_registry(struct core *core, const struct registry *registry)
{
    core->opt.registry = registry;
    return write_start(core, "registry");
}

/* ---- frames in ---- */

enum err core_peer(struct core *core, const char *user_id, uint32_t *peer)
{
    return peers_find(&core->peers, user_id, peer);
}

bool core_full(const struct core *core)
{
    return core->batch_count >= CORE_BATCH_MAX ||
           core->output.cap - core->output.len < 2 * (size_t)FRAME_MAX;
}

/* The disk may refuse at any write. Outside a savepoint nobody knows what was written, so the
 * whole batch is given up; its senders hear `busy` or nothing, and send again. */
static enum err survive(struct core *core, enum err err)
{
    if (err_class(err) != ERR_CLASS_RETRY)
        return err;
    core->poisoned = true;
    core_wake_at(core, core->now_ms + BUSY_RETRY_MS);
    return OK;
}

static enum err take_frame(struct core *core, uint32_t peer, struct span frame,
                           enum frame_kind kind)
{
    switch (kind) {
    case FRAME_ENVELOPE:
        return ingest_envelope(core, peer, frame);
    case FRAME_RECEIPTS:
        return survive(core, receipts_take(core, peer, frame));
    case FRAME_CHUNK:
        return survive(core, session_chunk(core, peer, frame));
    case FRAME_CONTROL:
        return survive(core, session_control(core, peer, frame));
    default:
        ingest_refuse(core, peer, ERR_FRAME_EMPTY, NULL);
        return OK;
    }
}

enum err core_frame(struct core *core, uint32_t peer, struct span frame, uint64_t now_ms)
{
    set_now(core, now_ms);
    core->output_ready = false;
    enum frame_kind kind;
    enum err err = frame_kind(frame, &kind);
    if (err != OK) {
        ingest_refuse(core, peer, err, NULL);
        return OK;
    }
    if (kind != FRAME_BUNDLE)
        return take_frame(core, peer, frame, kind);
    struct frame_bundle bundle;
    err = frame_parse_bundle(frame, &bundle);
    if (err != OK) {
        ingest_refuse(core, peer, err, NULL);
        return OK;
    }
    struct span inner;
    while (err == OK && frame_bundle_next(&bundle, &inner)) {
        if (frame_kind(inner, &kind) != OK)
            kind = FRAME_NONE;
        err = take_frame(core, peer, inner, kind);
    }
    return err;
}

/* ---- time ---- */

static enum err write_refusals(struct core *core, uint32_t number)
{
    struct peer *peer = core_peer_at(core, number);
    struct refusal_count counts[PEER_REFUSAL_CODES];
    size_t count;
    uint64_t since_ms = peer->refused_since_ms;
    if (!peer_take_refusals(peer, core->now_ms, counts, &count))
        return OK;
    lianshu_Refusals body = {.since_ms = since_ms, .counts_count = (pb_size_t)count};
    snprintf(body.peer, sizeof body.peer, "%s", peer->user_id);
    enum err err = core_begin(core);
    for (size_t i = 0; err == OK && i < count; i++) {
        char name[STORE_NAME_MAX];
        body.counts[i] = (lianshu_RefusalCount){(uint32_t)counts[i].code, counts[i].count};
        snprintf(name, sizeof name, "unverified.%u", (unsigned)counts[i].code);
        err = store_count(core->store, name, counts[i].count);
    }
    uint64_t index;
    return err == OK ? apply_leaf(core, LOG_REFUSALS, &lianshu_Refusals_msg, &body, &index) : err;
}

enum err core_tick(struct core *core, uint64_t now_ms)
{
    set_now(core, now_ms);
    core->output_ready = false;
    core->due_ms = core->now_ms + IDLE_TICK_MS;
    core->work_waiting = false;
    enum err err = deliver_overdue(core);
    for (uint32_t i = 0; err == OK && i < core->peers.count; i++) {
        err = write_refusals(core, i);
        const struct peer *peer = core_peer_at(core, i);
        if (peer->refused_count > 0)
            core_wake_at(core, peer->refused_since_ms + SECOND_MS);
        if (peer->paused_until_ms > core->now_ms)
            core_wake_at(core, peer->paused_until_ms);
    }
    bool more = false;
    if (err == OK && !core->expansion_stuck)
        err = obligations_expand(core, &more);
    core->work_waiting = core->work_waiting || more;
    if (err == OK)
        err = notices_seal(core);
    return survive(core, err);
}

/* ---- commit and outputs ---- */

static void send_acks(struct core *core)
{
    for (uint32_t i = 0; i < core->peers.count; i++) {
        struct peer *peer = core_peer_at(core, i);
        const lianshu_Control control = {.kind = lianshu_ControlKind_CONTROL_ACK,
                                         .which_body = lianshu_Control_ack_tag};
        while (peer->acks_due > 0 && session_say(core, i, &control))
            peer->acks_due--;
    }
}

/* Nothing of the batch is on disk, so nothing of it is said: senders try again. */
static void give_up_batch(struct core *core)
{
    store_rollback(core->store);
    output_clear(&core->output);
    for (uint32_t i = 0; i < core->peers.count; i++)
        core_peer_at(core, i)->acks_due = 0;
    core->poisoned = false;
    core->plan_loaded = false;
    core->work_waiting = true;
}

static enum err commit_batch(struct core *core)
{
    core->open_batch = false;
    core->batch_count = 0;
    enum err err = core->poisoned ? ERR_BUSY : store_commit(core->store);
    if (err_class(err) == ERR_CLASS_RETRY) {
        give_up_batch(core);
        core_wake_at(core, core->now_ms + BUSY_RETRY_MS);
        return err;
    }
    return err == OK ? sign_log(core) : err;
}

enum err core_commit(struct core *core, uint64_t now_ms)
{
    set_now(core, now_ms);
    enum err err = core->open_batch ? commit_batch(core) : OK;
    if (err_class(err) == ERR_CLASS_RETRY) {
        core->output_ready = true;
        return OK;
    }
    core->poisoned = false;
    if (err == OK)
        err = receipts_send(core);
    if (err == OK)
        err = deliver_all(core);
    send_acks(core);
    if (core->work_waiting)
        core_wake_at(core, core->now_ms);
    core->output_ready = err == OK;
    return err;
}

bool core_output(struct core *core, struct core_output *out)
{
    if (!core->output_ready)
        return false;
    if (output_next(&core->output, &out->peer, &out->frame))
        return true;
    output_clear(&core->output);
    return false;
}

void core_peer_gone(struct core *core, uint32_t number, uint64_t now_ms)
{
    set_now(core, now_ms);
    struct peer *peer = core_peer_at(core, number);
    peer->ready = false;
    peer->paused_until_ms = 0;
    peer->out_messages = 0;
    peer->acks_due = 0;
    (void)queue_unlease_all(core->store->queue, (uint64_t)number + 1);
}

enum err core_peer_full(struct core *core, uint32_t number, uint64_t now_ms)
{
    set_now(core, now_ms);
    struct peer *peer = core_peer_at(core, number);
    peer->out_messages = 0;
    peer->paused_until_ms = core->now_ms + PEER_PAUSE_MS;
    core_wake_at(core, peer->paused_until_ms);
    (void)queue_unlease_all(core->store->queue, (uint64_t)number + 1);
    return stream_acked(core->store->stream, peer->member, &peer->stream_sent);
}

bool core_peer_takes(const struct core *core, uint32_t number)
{
    const struct peer *peer = &core->peers.rows[number];
    return peer->ready && peer->paused_until_ms <= core->now_ms;
}

uint64_t core_due_ms(const struct core *core)
{
    return core->due_ms;
}
