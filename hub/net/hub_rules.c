#include "net/hub_rules.h"

#include "base/calendar.h"
#include "base/clock.h"
#include "base/log.h"
#include "json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define META_RULES "rules.active"

enum { META_RULES_LEN = RULESET_HASH_LEN + 8 }; /* hash, activation */

struct hub_rules {
    struct rulesets *sets;        /* owns */
    struct retention *retention;  /* owns */
    struct volume *volume;        /* owns */
    struct calendar *calendar;    /* owns */
    const struct ruleset *active; /* one of sets */
    struct ruleset *trial;        /* owns; of the latest question */
};

/* rulesign_find_fn: an official of this hub, by the registry. */
struct officials {
    const struct registry *registry;
    const char *hub;
};

static enum err find_official(void *ctx, const char *member, const uint8_t kid[static KID_LEN],
                              uint64_t at_ms, uint8_t public_key[static KEY_PUBLIC_LEN],
                              uint32_t *role)
{
    const struct officials *officials = ctx;
    const struct registry_key *key = NULL;
    if (strcmp(member, officials->hub) != 0)
        return ERR_OTHER_HUB;
    enum err err = registry_signer(officials->registry, member, kid, KEY_USE_OFFICIAL, at_ms, &key);
    if (err != OK)
        return err;
    memcpy(public_key, key->public_key, KEY_PUBLIC_LEN);
    *role = key->roles;
    return OK;
}

static enum err open_sets(struct hub_rules *r, const struct hub_config *config,
                          const struct registry *registry, uint64_t now_ms,
                          struct ruleset_faults *faults, struct fault *fault)
{
    struct officials officials = {registry, config->member};
    const struct rulesets_terms terms = {
        .realm = config->realm,
        .signatures = (unsigned)config->rule_signatures,
        .notice_ms = config->rule_notice_days * (uint64_t)DAY_MS,
        .find = find_official,
        .find_ctx = &officials,
    };
    enum err err = rulesets_open(&r->sets, config->rules, &terms, faults);
    if (err != OK)
        return err;
    r->active = rulesets_at(r->sets, now_ms);
    if (r->active == NULL)
        return fault_set(fault, ERR_RULE_NOTICE, 0, config->rules,
                         "尚无已启用的规则集 / no set is active yet");
    const char *dir = rulesets_dir(r->sets, r->active);
    err = retention_open(&r->retention, dir, faults);
    if (err == OK)
        err = volume_open(&r->volume, dir, faults);
    return err == OK ? calendar_open(&r->calendar, config->calendar, fault) : err;
}

enum err hub_rules_open(struct hub_rules **out, const struct hub_config *config,
                        const struct registry *registry, uint64_t now_ms, struct fault *fault)
{
    *out = NULL;
    struct hub_rules *r = calloc(1, sizeof *r);
    struct ruleset_faults *faults = calloc(1, sizeof *faults);
    enum err err = r == NULL || faults == NULL
                       ? ERR_NO_MEMORY
                       : open_sets(r, config, registry, now_ms, faults, fault);
    if (err != OK && faults != NULL && faults->count > 0)
        *fault = faults->fault[0];
    else if (err != OK && fault->err != err)
        (void)fault_set(fault, err, 0, config->rules, "rules");
    for (size_t i = 1; err != OK && faults != NULL && i < faults->count; i++)
        log_fault("rule_set_refused", &faults->fault[i]);
    free(faults);
    if (err != OK)
        hub_rules_close(&r);
    *out = r;
    return err;
}

void hub_rules_close(struct hub_rules **rules)
{
    if (*rules == NULL)
        return;
    ruleset_close(&(*rules)->trial);
    retention_close(&(*rules)->retention);
    volume_close(&(*rules)->volume);
    calendar_close(&(*rules)->calendar);
    rulesets_close(&(*rules)->sets);
    free(*rules);
    *rules = NULL;
}

static enum err remember(const struct hub_rules *r, struct store *store, uint64_t now_ms)
{
    uint8_t bytes[META_RULES_LEN];
    uint8_t hash[RULESET_HASH_LEN];
    struct writer w = writer_of(bytes, sizeof bytes);
    ruleset_hash(r->active, hash);
    write_bytes(&w, hash, sizeof hash);
    write_uint(&w, ruleset_activate_at_ms(r->active), 8);
    enum err err = store_begin(store, now_ms);
    if (err != OK)
        return err;
    err = store_meta_put(store, META_RULES, writer_span(&w));
    if (err != OK) {
        store_rollback(store);
        return err;
    }
    return store_commit(store);
}

enum err hub_rules_note(const struct hub_rules *r, struct store *store, uint64_t now_ms,
                        struct fault *fault)
{
    uint8_t last[META_RULES_LEN];
    uint8_t hash[RULESET_HASH_LEN];
    uint64_t active_ms = 0;
    size_t len = 0;
    enum err err = store_meta_get(store, META_RULES, last, sizeof last, &len);
    if (err == ERR_NOT_FOUND)
        return remember(r, store, now_ms);
    if (err == OK && len != sizeof last)
        err = ERR_CORRUPT;
    if (err != OK)
        return err;
    for (size_t i = RULESET_HASH_LEN; i < sizeof last; i++)
        active_ms = active_ms << 8 | last[i];
    err = rulesets_follow(r->sets, r->active, last, active_ms, fault);
    ruleset_hash(r->active, hash);
    if (err != OK || memcmp(hash, last, sizeof hash) == 0)
        return err;
    return remember(r, store, now_ms);
}

enum err hub_rules_archive(struct rulearchive **out, const char *state_dir, struct fault *fault)
{
    char path[PLACE_MAX + 8];
    snprintf(path, sizeof path, "%s/rules", state_dir);
    return archive_open(out, path, fault);
}

enum err hub_rules_keep(const struct hub_rules *r, struct rulearchive *archive, struct fault *fault)
{
    return archive_keep(archive, rulesets_dir(r->sets, r->active), r->active, fault);
}

enum err hub_rules_renew(struct hub_rules **out, const struct hub_config *config,
                         const struct registry *registry, struct store *store,
                         struct rulearchive *archive, struct fault *fault)
{
    const uint64_t now_ms = clock_real_ms();
    enum err err = hub_rules_open(out, config, registry, now_ms, fault);
    if (err == OK)
        err = hub_rules_keep(*out, archive, fault);
    if (err == OK)
        err = hub_rules_note(*out, store, now_ms, fault);
    if (err != OK)
        hub_rules_close(out);
    return err;
}

const struct ruleset *hub_rules_active(const struct hub_rules *r)
{
    return r->active;
}

const struct retention *hub_rules_retention(const struct hub_rules *r)
{
    return r->retention;
}

const struct volume *hub_rules_volume(const struct hub_rules *r)
{
    return r->volume;
}

const struct calendar *hub_rules_calendar(const struct hub_rules *r)
{
    return r->calendar;
}

enum err hub_rules_trial(struct hub_rules *r, struct span request, const struct ruleset **out,
                         struct fault *fault)
{
    struct json *j = NULL;
    *out = NULL;
    ruleset_close(&r->trial);
    enum err err = json_parse(&j, request, "request", fault);
    const char *dir = err == OK ? json_get_text(j, "rules") : NULL;
    if (err == OK && dir != NULL) {
        struct ruleset_faults *faults = calloc(1, sizeof *faults);
        err = faults == NULL ? ERR_NO_MEMORY : ruleset_open(&r->trial, dir, faults);
        if (err == ERR_PERMISSION || err == ERR_NOT_FOUND)
            err = fault_set(fault, err, 0, "rules",
                            "the hub cannot read %s: put the set beside the hub's own rules", dir);
        else if (err != OK && faults != NULL && faults->count > 0)
            *fault = faults->fault[0];
        free(faults);
    }
    json_close(&j);
    *out = r->trial;
    return err;
}

bool hub_rules_due(const struct hub_rules *r, uint64_t now_ms)
{
    return rulesets_at(r->sets, now_ms) != r->active;
}
