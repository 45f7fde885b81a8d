#include "net/hub_registry.h"

#include "base/clock.h"
#include "base/file.h"
#include "keys/amend.h"
#include "store/store.h"

#include <stdio.h>
#include <stdlib.h>

#define META_REGISTRY "registry.version"

enum err hub_registry_own_keys(const struct hub_trust *trust, const struct registry *registry,
                               struct fault *fault)
{
    static const enum key_use PUBLISHED[] = {KEY_USE_SIGN, KEY_USE_SEAL, KEY_USE_TRANSPORT};
    const uint64_t now = clock_real_ms();
    const struct registry_key *found;
    for (size_t i = 0; i < sizeof PUBLISHED / sizeof PUBLISHED[0]; i++) {
        const struct key *key = keyring_find(trust->keys, PUBLISHED[i]);
        enum err err = registry_signer(registry, trust->config->member, key_kid(key), PUBLISHED[i],
                                       now, &found);
        if (err != OK && registry_own_key(registry, trust->keys, trust->config->member,
                                          PUBLISHED[i], now) == NULL)
            return fault_set(fault, err, 0, trust->config->registry,
                             "this hub's %s key is not registered or not valid now",
                             key_use_name(PUBLISHED[i]));
    }
    enum err err = registry_current(registry, trust->config->member, KEY_USE_LOG, now, &found);
    return err == OK ? OK
                     : fault_set(fault, err, 0, trust->config->registry,
                                 "this hub's log key is not registered: add signer.key.pub");
}

/* Under which name the document of a registrar is remembered. */
static void seen_name(const struct registry_registrar *registrar, char out[static STORE_NAME_MAX])
{
    snprintf(out, STORE_NAME_MAX, "seen.%.*s", STORE_NAME_MAX - (int)sizeof "seen.",
             registrar->member);
}

/* Its registrars are those that were in use here, or have newer documents; *news: one has. */
static enum err check_registrars(struct store *store, const struct registry *registry,
                                 struct twice *twice, bool *news, struct fault *fault)
{
    uint8_t seen[STORE_META_MAX];
    char name[STORE_NAME_MAX];
    const struct registry_registrar *registrar;
    *news = false;
    for (size_t i = 0; (registrar = registry_registrar_at(registry, i)) != NULL; i++) {
        const struct span document = registry_registrar_document(registry, i);
        size_t len = 0;
        seen_name(registrar, name);
        enum err err = store_meta_get(store, name, seen, sizeof seen, &len);
        *news = *news || err != OK || !span_eq(span_of(seen, len), document);
        if (err == OK)
            err = registrar_follows(span_of(seen, len), document, twice, fault);
        if (err != OK && err != ERR_NOT_FOUND)
            return err;
    }
    return OK;
}

static enum err note_registrars(struct store *store, const struct registry *registry)
{
    char name[STORE_NAME_MAX];
    const struct registry_registrar *registrar;
    for (size_t i = 0; (registrar = registry_registrar_at(registry, i)) != NULL; i++) {
        seen_name(registrar, name);
        enum err err = store_meta_put(store, name, registry_registrar_document(registry, i));
        if (err != OK)
            return err;
    }
    return OK;
}

/* Is it one that this hub can run by now? */
static enum err check_registry(const struct hub_trust *trust, struct registry *registry,
                               struct fault *fault)
{
    enum err err = registry_fresh(registry, clock_real_ms());
    if (err != OK)
        return fault_set(fault, err, 0, trust->config->registry,
                         "its time is over or has not begun");
    if (trust->in_use == NULL) /* what it is amended by is in the store: open_store */
        return OK;
    bool news;
    if ((err = check_registrars(trust->store, registry, trust->twice, &news, fault)) != OK)
        return err;
    err = registry_amend_from(registry, trust->in_use, fault);
    return err == OK ? hub_registry_own_keys(trust, registry, fault) : err;
}

enum err hub_registry_open(const struct hub_trust *trust, uint64_t min_version,
                           struct registry **out, struct fault *fault)
{
    enum err err = registry_read(out, trust->anchor, trust->config->registry, min_version, fault);
    if (err == OK && (err = check_registry(trust, *out, fault)) != OK)
        registry_close(out);
    return err;
}

enum err hub_registry_take(const struct hub_trust *trust, struct span file, uint64_t version,
                           struct registry **out, struct fault *fault)
{
    enum err err = hub_registry_open(trust, version, out, NULL);
    if (err != OK && (err = registry_open(out, trust->anchor, file, version, fault)) == OK) {
        if ((err = check_registry(trust, *out, fault)) == OK)
            err = file_write(trust->config->registry, file, 0644, 0, fault);
        if (err != OK)
            registry_close(out);
    }
    return err;
}

enum err hub_registry_note(const struct hub_trust *trust, struct store *store, struct fault *fault)
{
    uint64_t seen = 0;
    const uint64_t version = registry_version(trust->in_use);
    enum err err = store_meta_get_u64(store, META_REGISTRY, &seen);
    if (err != OK && err != ERR_NOT_FOUND)
        return err;
    if (version < seen)
        return fault_set(fault, ERR_REGISTRY_ROLLBACK, 0, trust->config->registry,
                         "version %llu, but %llu was in use here", (unsigned long long)version,
                         (unsigned long long)seen);
    struct twice *twice = calloc(1, sizeof *twice);
    bool news = false;
    err =
        twice == NULL ? ERR_NO_MEMORY : check_registrars(store, trust->in_use, twice, &news, fault);
    free(twice);
    if (err != OK || (version == seen && !news))
        return err;
    if ((err = store_begin(store, clock_real_ms())) != OK)
        return err;
    err = store_meta_put_u64(store, META_REGISTRY, version);
    if (err == OK)
        err = note_registrars(store, trust->in_use);
    if (err != OK)
        store_rollback(store);
    return err == OK ? store_commit(store) : err;
}
