#include "signer/logkeys.h"

#include "keys/keyfile.h"

static enum err open_ring(struct keyring **ring, const struct signer_config *config,
                          const char *path, const char *passphrase_file, struct fault *fault)
{
    struct passphrase *passphrase = NULL;
    enum err err = passphrase_read(&passphrase, passphrase_file, fault);
    if (err == OK)
        err = keyfile_read(ring, path, passphrase, fault);
    passphrase_close(&passphrase);
    if (err != OK)
        return err;
    if (keyring_find(*ring, KEY_USE_LOG) == NULL)
        return fault_set(fault, ERR_KEY_USE, 0, path, "made with --use signer");
    if (strcmp(keyring_owner(*ring), config->member) != 0)
        return fault_set(fault, ERR_KEY_FILE, 0, path, "belongs to %s", keyring_owner(*ring));
    return OK;
}

/* From when on the registry has it as this hub's log key. */
static enum err read_moment(const struct signer_config *config, const struct key *next,
                            uint64_t now_ms, uint64_t *from_ms, struct fault *fault)
{
    struct anchor anchor;
    struct registry *registry = NULL;
    const struct registry_key *row = NULL;
    if (config->anchor[0] == '\0' || config->registry[0] == '\0')
        return fault_set(fault, ERR_FIELD_MISSING, 0, "signer.yaml",
                         "anchor and registry, for next_key_file");
    enum err err = anchor_read(&anchor, config->anchor, fault);
    if (err == OK)
        err = registry_read(&registry, &anchor, config->registry, 0, fault);
    if (err != OK)
        return err;
    if ((err = registry_key(registry, key_kid(next), &row)) == OK) {
        *from_ms = row->valid_from_ms;
        err = registry_key_check(row, config->member, KEY_USE_LOG,
                                 now_ms < row->valid_from_ms ? row->valid_from_ms : now_ms);
    }
    registry_close(&registry);
    return err == OK ? OK
                     : fault_set(fault, err, 0, config->next_key_file,
                                 "the registry has no such log key of %s", config->member);
}

enum err logkeys_open(struct logkeys *out, const struct signer_config *config, uint64_t now_ms,
                      struct fault *fault)
{
    *out = (struct logkeys){.ring = {NULL, NULL}};
    enum err err =
        open_ring(&out->ring[0], config, config->key_file, config->passphrase_file, fault);
    if (err == OK && config->next_key_file[0] != '\0') {
        err = open_ring(&out->ring[1], config, config->next_key_file,
                        config->next_passphrase_file[0] != '\0' ? config->next_passphrase_file
                                                                : config->passphrase_file,
                        fault);
        if (err == OK)
            err = read_moment(config, keyring_find(out->ring[1], KEY_USE_LOG), now_ms,
                              &out->next_from_ms, fault);
    }
    if (err != OK)
        logkeys_close(out);
    return err;
}

void logkeys_close(struct logkeys *keys)
{
    keyring_close(&keys->ring[0]);
    keyring_close(&keys->ring[1]);
}

const struct key *logkeys_at(const struct logkeys *keys, uint64_t now_ms)
{
    const bool next = keys->ring[1] != NULL && now_ms >= keys->next_from_ms;
    return keyring_find(keys->ring[next], KEY_USE_LOG);
}
