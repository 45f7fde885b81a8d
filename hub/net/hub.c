#include "net/hub.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/hex.h"
#include "core/core.h"
#include "keys/amend.h"
#include "keys/entropy.h"
#include "keys/keyfile.h"
#include "keys/registry.h"
#include "keys/twice.h"
#include "net/config.h"
#include "net/control.h"
#include "net/hub_links.h"
#include "net/hub_registry.h"
#include "net/hub_rules.h"
#include "net/loop.h"
#include "net/measure.h"
#include "net/process.h"
#include "net/routes.h"
#include "net/signer_client.h"
#include "net/users.h"
#include "net/zap.h"
#include "store/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum { MIB_SHIFT = 20 };

struct hub {
    struct hub_config config;
    char config_path[PLACE_MAX];
    struct core_measured measured;
    struct entropy entropy;
    struct passphrase *passphrase;
    struct keyring *keys;
    struct anchor anchor;
    struct registry *registry;
    struct hub_links *links;
    struct hub_rules *rules;
    struct rulearchive *archive;
    struct regions *regions;
    struct store *store;
    struct signer_client *signer;
    struct core *core;
    struct net_context *net;
    struct zap *zap;
    struct endpoint *endpoint;
    struct routes *routes;
    struct control *control;
    struct local_readers auditors;
    struct loop *loop;
    int signal_fd;
};

void hub_close(struct hub **hub)
{
    if (hub == NULL || *hub == NULL)
        return;
    struct hub *h = *hub;
    loop_close(&h->loop);
    control_close(&h->control);
    routes_close(&h->routes);
    hub_links_hang_up(h->links);
    endpoint_close(&h->endpoint);
    zap_close(&h->zap);
    net_context_close(&h->net);
    core_close(&h->core);
    signer_client_close(&h->signer);
    store_close(&h->store);
    regions_close(&h->regions);
    hub_links_close(&h->links);
    hub_rules_close(&h->rules);
    archive_close(&h->archive);
    registry_close(&h->registry);
    keyring_close(&h->keys);
    passphrase_close(&h->passphrase);
    if (h->signal_fd >= 0)
        close(h->signal_fd);
    free(h);
    *hub = NULL;
}

/* ---- what the sockets ask ---- */

/* zap_lookup_fn */
static enum err lookup_key(void *ctx, const uint8_t public_key[static ENDPOINT_KEY_LEN],
                           uint64_t now_ms, char user[static ENDPOINT_USER_MAX])
{
    const struct hub *hub = ctx;
    const enum err err = users_lookup(hub->registry, public_key, now_ms, user);
    return err == OK ? core_admits(hub->core, user, now_ms) : err;
}

/* routes_valid_fn: the key that a User-Id names, in the registry of this moment. */
static enum err check_user(void *ctx, const char *user, uint64_t now_ms)
{
    const struct hub *hub = ctx;
    return users_check(hub->registry, user, now_ms);
}

/* routes_number_fn */
static enum err number_user(void *ctx, const char *user, uint32_t *peer)
{
    const struct hub *hub = ctx;
    return core_peer(hub->core, user, peer);
}

/* core_sign_fn, core_head_fn: in the thread that lands, or at the start */
static enum err sign_log(void *ctx, uint64_t old_size, const uint8_t (*leaves)[32],
                         size_t leaf_count, struct writer *checkpoint)
{
    return signer_client_sign(ctx, old_size, leaves, leaf_count, checkpoint);
}

static enum err head_of_log(void *ctx, uint64_t *size, uint8_t root[static 32],
                            struct writer *statement)
{
    return signer_client_head(ctx, size, root, statement);
}

/* What the core answers; an error of it that ends the process ends it from here, too. */
static enum err answer_core(struct hub *hub, enum control_verb verb, struct span request,
                            struct writer *answer, struct fault *fault)
{
    uint8_t document[CONTROL_DOCUMENT_MAX];
    size_t len = 0;
    const struct ruleset *trial = NULL;
    const bool act = verb == CONTROL_ACT || verb == CONTROL_AMEND;
    enum err err = act ? control_document(request, document, sizeof document, &len, fault)
                       : hub_rules_trial(hub->rules, request, &trial, fault);
    if (err != OK)
        return err;
    core_trial(hub->core, trial);
    err = loop_settle(hub->loop);
    if (err == OK && verb == CONTROL_QUERY) {
        err = core_query(hub->core, request, clock_real_ms(), answer);
    } else if (err == OK) {
        const uint64_t now_ms = clock_real_ms();
        const struct span given = span_of(document, len);
        err = verb == CONTROL_PROBE     ? core_probe(hub->core, request, now_ms, answer)
              : verb == CONTROL_RELEASE ? core_release(hub->core, request, now_ms, answer)
              : verb == CONTROL_AMEND   ? core_amend(hub->core, given, now_ms, answer)
                                        : core_act(hub->core, given, now_ms, answer);
        const enum err sent = loop_settle(hub->loop); /* what the act has caused */
        err = sent == OK ? err : sent;
    }
    if (err_class(err) == ERR_CLASS_FATAL || err_class(err) == ERR_CLASS_INTERNAL)
        loop_fail(hub->loop, err);
    return err;
}

/* control_fn */
static enum err answer_control(void *ctx, enum control_verb verb, struct span request,
                               struct writer *answer, struct fault *fault)
{
    struct hub *hub = ctx;
    if (verb >= CONTROL_QUERY)
        return answer_core(hub, verb, request, answer, fault);
    if (verb == CONTROL_STOP)
        loop_stop(hub->loop);
    if (verb == CONTROL_RELOAD)
        loop_reload(hub->loop);
    struct fault links = {.err = OK};
    if (verb == CONTROL_RELOAD && hub_links_take(hub->links, hub->config_path, &links) != OK)
        control_but("federation", &links, answer);
    else
        write_span(answer, span_str("{\"ok\":true}"));
    return OK;
}

/* ---- what it is made of ---- */

static enum err open_keys(struct hub *hub, struct fault *fault)
{
    static const enum key_use NEEDED[] = {KEY_USE_SIGN, KEY_USE_SEAL, KEY_USE_TRANSPORT,
                                          KEY_USE_STORAGE, KEY_USE_TOKEN};
    const struct hub_config *config = &hub->config;
    enum err err = passphrase_read(&hub->passphrase, config->passphrase_file, fault);
    if (err != OK ||
        (err = keyfile_read(&hub->keys, config->key_file, hub->passphrase, fault)) != OK)
        return err;
    passphrase_close(&hub->passphrase);
    if (strcmp(keyring_owner(hub->keys), config->member) != 0)
        return fault_set(fault, ERR_KEY_FILE, 0, config->key_file, "belongs to %s",
                         keyring_owner(hub->keys));
    for (size_t i = 0; i < sizeof NEEDED / sizeof NEEDED[0]; i++) {
        if (keyring_find(hub->keys, NEEDED[i]) == NULL)
            return fault_set(fault, ERR_KEY_FILE, 0, config->key_file,
                             "holds no %s key: made with --use hub", key_use_name(NEEDED[i]));
    }
    return OK;
}

/* Whose registry, and by whose keys: for hub_registry.h. */
static struct hub_trust trust_of(const struct hub *hub)
{
    return (struct hub_trust){.config = &hub->config,
                              .anchor = &hub->anchor,
                              .keys = hub->keys,
                              .in_use = hub->registry,
                              .store = hub->store};
}

/* Everything that is read and not written. */
static enum err open_inputs(struct hub *hub, const char *config_path, struct fault *fault)
{
    enum err err = hub_config_read(&hub->config, config_path, fault);
    if (err != OK)
        return err;
    const struct hub_config *config = &hub->config;
    snprintf(hub->config_path, sizeof hub->config_path, "%s", config_path);
    log_open(STDERR_FILENO, config->log_level);
    if ((err = open_keys(hub, fault)) != OK ||
        (err = anchor_read(&hub->anchor, config->anchor, fault)) != OK)
        return err;
    if (strcmp(hub->anchor.realm, config->realm) != 0)
        return fault_set(fault, ERR_REALM, 0, config->anchor, "the anchor is of realm %s",
                         hub->anchor.realm);
    const struct hub_trust trust = trust_of(hub);
    if ((err = hub_registry_open(&trust, 0, &hub->registry, fault)) != OK ||
        (err = hub_links_open(&hub->links, config, config_path, hub->registry, fault)) != OK ||
        (err = hub_rules_open(&hub->rules, config, hub->registry, clock_real_ms(), fault)) != OK)
        return err;
    return regions_open(&hub->regions, config->regions, fault);
}

static enum err open_store(struct hub *hub, struct fault *fault)
{
    char path[PLACE_MAX + 8];
    const struct store_options options = {.path = path,
                                          .alone = true,
                                          .reserve_bytes = hub->config.disk_reserve_mib
                                                           << MIB_SHIFT,
                                          .chunk_quota = hub->config.attachments_mib << MIB_SHIFT};
    snprintf(path, sizeof path, "%s/hub.db", hub->config.state_dir);
    enum err err = file_private_dir(hub->config.state_dir, 0700, fault);
    if (err != OK || (err = store_open(&hub->store, &options, fault)) != OK)
        return err;
    const struct hub_trust trust = trust_of(hub);
    if ((err = core_amended(hub->store, hub->registry, fault)) == OK &&
        (err = hub_registry_own_keys(&trust, hub->registry, fault)) == OK)
        err = hub_registry_note(&trust, hub->store, fault);
    if (err != OK || (err = hub_rules_archive(&hub->archive, hub->config.state_dir, fault)) != OK ||
        (err = hub_rules_keep(hub->rules, hub->archive, fault)) != OK)
        return err;
    return hub_rules_note(hub->rules, hub->store, clock_real_ms(), fault);
}

static enum err open_core(struct hub *hub, struct fault *fault)
{
    size_t links;
    const struct link *list = hub_links_list(hub->links, &links);
    const struct core_options options = {
        .realm = hub->config.realm,
        .member = hub->config.member,
        .store = hub->store,
        .registry = hub->registry,
        .keys = hub->keys,
        .rules = hub_rules_active(hub->rules),
        .archive = hub->archive,
        .retention = hub_rules_retention(hub->rules),
        .volume = hub_rules_volume(hub->rules),
        .calendar = hub_rules_calendar(hub->rules),
        .regions = hub->regions,
        .entropy = &hub->entropy,
        .links = list,
        .link_count = links,
        .groups = hub_links_groups(hub->links),
        .sign = sign_log,
        .head = head_of_log,
        .sign_ctx = hub->signer,
        .measured = &hub->measured,
        .scrub_ms = hub->config.scrub_hours * (uint64_t)HOUR_MS,
        .witness = {.needed = (unsigned)hub->config.witness_needed,
                    .every_ms = hub->config.witness_every_s * SECOND_MS,
                    .within_ms = hub->config.witness_within_s * SECOND_MS,
                    .start_wait_ms = hub->config.witness_start_wait_s * SECOND_MS},
        .lease_ms = (uint32_t)hub->config.lease_ms,
        .backoff_ms = (uint32_t)hub->config.backoff_ms,
        .rate_per_s = (uint32_t)hub->config.rate_per_s,
        .attempts_max = (uint32_t)hub->config.attempts,
        .sender_rows_max = hub->config.sender_rows,
        .sender_bytes_max = hub->config.sender_mib << MIB_SHIFT,
        .backlog_rows_max = hub->config.backlog_rows,
        .backlog_bytes_max = hub->config.backlog_mib << MIB_SHIFT,
    };
    return core_open(&hub->core, &options, clock_real_ms(), fault);
}

static enum err open_sockets(struct hub *hub, struct fault *fault)
{
    const struct zap_policy policy = {lookup_key, hub};
    const struct routes_source source = {check_user, number_user, hub};
    const struct key *transport = registry_own_key(hub->registry, hub->keys, hub->config.member,
                                                   KEY_USE_TRANSPORT, clock_real_ms());

    enum err err = net_context_open(&hub->net, fault);
    if (err != OK || (err = zap_open(&hub->zap, hub->net, &policy, fault)) != OK ||
        (err = endpoint_listen(&hub->endpoint, hub->net, hub->config.bind, key_secret(transport),
                               fault)) != OK ||
        (err = zap_selftest(hub->zap, hub->net, hub->endpoint, key_public(transport),
                            clock_real_ms(), fault)) != OK ||
        (err = routes_open(&hub->routes, &source)) != OK ||
        (err = hub_links_dial(hub->links, hub->net, hub->core, transport)) != OK)
        return err;
    return control_open(&hub->control, hub->config.control_socket, &hub->auditors, answer_control,
                        hub, fault);
}

/* The rule sets as they are now; refused, those in use stay. */
static enum err reload_rules(struct hub *hub, struct fault *fault)
{
    struct hub_rules *fresh = NULL;
    enum err err =
        hub_rules_renew(&fresh, &hub->config, hub->registry, hub->store, hub->archive, fault);
    if (err != OK)
        return err;
    err = core_rules(hub->core, hub_rules_active(fresh), hub_rules_retention(fresh),
                     hub_rules_volume(fresh), hub_rules_calendar(fresh));
    if (err == OK)
        err = loop_settle(hub->loop);
    if (err != OK)
        return ERR_INTERNAL; /* the core may hold either: the process ends */
    hub_rules_close(&hub->rules);
    hub->rules = fresh;
    log_info("rules_loaded", "set=%s", ruleset_name(hub_rules_active(fresh)));
    return OK;
}

/* loop_call_fn */
static enum err reload(void *ctx, struct fault *fault)
{
    struct hub *hub = ctx;
    struct registry *fresh = NULL;
    uint64_t version;
    const struct span offered = core_registry_offered(hub->core, &version);
    struct hub_trust trust = trust_of(hub);
    struct twice twice = {.number = 0};
    trust.twice = &twice;
    enum err err = offered.len > 0
                       ? hub_registry_take(&trust, offered, version, &fresh, fault)
                       : hub_registry_open(&trust, registry_version(hub->registry), &fresh, fault);
    if (offered.len > 0)
        core_registry_judged(hub->core, err);
    if (err == ERR_NUMBER_TWICE && twice.issuer[0] != '\0')
        core_number_twice(hub->core, &twice);
    if (err != OK)
        return err;
    err =
        measure_take(&hub->measured, &hub->config, hub->config_path, fresh, clock_real_ms(), fault);
    if (err != OK) {
        registry_close(&fresh);
        return err;
    }
    err = core_registry(hub->core, fresh);
    if (err == OK)
        err = loop_settle(hub->loop);
    if (err != OK) {
        /* The core may hold either: only the class tells, and then the process ends. */
        registry_close(&fresh);
        return ERR_INTERNAL;
    }
    registry_close(&hub->registry);
    hub->registry = fresh;
    hub_links_registry(hub->links, fresh, hub->config.registry);
    struct fault links = {.err = OK};
    if (offered.len == 0 && hub_links_take(hub->links, hub->config_path, &links) != OK)
        log_fault("federation_not_taken", &links);
    log_info("registry_loaded", "version=%llu members=%zu",
             (unsigned long long)registry_version(fresh), registry_member_count(fresh));
    trust = trust_of(hub);
    err = hub_registry_note(&trust, hub->store, fault);
    return err == OK ? reload_rules(hub, fault) : err;
}

/* loop_call_fn */
static enum err pause_store(void *ctx, struct fault *fault)
{
    struct hub *hub = ctx;
    (void)fault;
    return store_pause(hub->store);
}

/* loop_call_fn */
static enum err idle(void *ctx, struct fault *fault)
{
    struct hub *hub = ctx;
    (void)fault;
    return store_idle(hub->store);
}

/* loop_call_fn: whether the disk has room for what is new; free pages go back to it. */
static enum err watch_disk(void *ctx, struct fault *fault)
{
    struct hub *hub = ctx;
    struct statvfs disk;
    enum err err = OK;
    (void)fault;
    if (hub_rules_due(hub->rules, clock_real_ms()))
        loop_reload(hub->loop);
    if (statvfs(hub->config.state_dir, &disk) == 0) /* otherwise the next write tells more */
        err = core_disk(hub->core, (uint64_t)disk.f_bavail * disk.f_frsize,
                        (uint64_t)disk.f_blocks * disk.f_frsize);
    return err == OK ? store_shrink(hub->store) : err;
}

static enum err open_loop(struct hub *hub)
{
    const struct loop_options options = {
        .core = hub->core,
        .endpoint = hub->endpoint,
        .zap = hub->zap,
        .routes = hub->routes,
        .links = hub_links_dialled(hub->links),
        .control = hub->control,
        .signal_fd = hub->signal_fd,
        .now_ms = clock_real_ms,
        .reload = reload,
        .pause = pause_store,
        .idle = idle,
        .second = watch_disk,
        .ctx = hub,
    };
    return loop_open(&hub->loop, &options);
}

static enum err hub_new(struct hub **out)
{
    *out = calloc(1, sizeof **out);
    if (*out == NULL)
        return ERR_NO_MEMORY;
    (*out)->signal_fd = -1;
    (*out)->entropy = entropy_system();
    return OK;
}

enum err hub_open(struct hub **out, const char *config_path, const struct local_readers *auditors,
                  struct fault *fault)
{
    struct hub *hub = NULL;
    *out = NULL;
    enum err err = hub_new(&hub);
    if (err == OK)
        hub->auditors = *auditors;
    /* Before the first socket: threads of the library inherit the mask, and a signal that
     * reached one of them would end the process out of order. */
    if (err != OK || (err = process_signals(&hub->signal_fd)) != OK ||
        (err = open_inputs(hub, config_path, fault)) != OK ||
        (err = measure_take(&hub->measured, &hub->config, config_path, hub->registry,
                            clock_real_ms(), fault)) != OK ||
        (err = open_store(hub, fault)) != OK ||
        (err = signer_client_open(&hub->signer, hub->config.signer_socket, fault)) != OK ||
        (err = open_core(hub, fault)) != OK || (err = open_sockets(hub, fault)) != OK ||
        (err = open_loop(hub)) != OK) {
        hub_close(&hub);
        return err;
    }
    *out = hub;
    return OK;
}

enum err hub_check(const char *config_path, struct fault *fault)
{
    struct hub *hub = NULL;
    enum err err = hub_new(&hub);
    if (err == OK)
        err = open_inputs(hub, config_path, fault);
    if (err == OK) {
        const struct hub_trust trust = trust_of(hub);
        err = hub_registry_own_keys(&trust, hub->registry, fault);
    }
    hub_close(&hub);
    return err;
}

enum err hub_run(struct hub *hub, struct fault *fault)
{
    char address[ENDPOINT_ADDRESS_MAX];
    enum err err = endpoint_address(hub->endpoint, address);
    if (err != OK)
        return err;
    log_info("ready", "program=lianshu-hub member=%s bind=%s registry=%llu", hub->config.member,
             address, (unsigned long long)registry_version(hub->registry));
    err = loop_run(hub->loop);
    if (err == OK)
        log_info("stopped", "program=lianshu-hub");
    else
        fault_set(fault, err, 0, hub->config.state_dir, "the process ends; start it again");
    return err;
}
