#include "adapters/sdk/beside.h"

#include "adapters/sdk/inner_bounds.h"
#include "keys/init.h"
#include "sdk_sql.h"

#include <stdio.h>
#include <string.h>

enum err beside_keys(struct keyring **keys, const char *key_file, const char *passphrase_file,
                     const char *member, struct fault *fault)
{
    enum err err = keys_init();

    if (err != OK)
        return fault_set(fault, err, 0, "keys", "the cryptographic libraries do not start");
    if ((err = keyfile_open(keys, key_file, passphrase_file, fault)) != OK)
        return err;
    if (strcmp(keyring_owner(*keys), member) != 0)
        return fault_set(fault, ERR_KEY_NOT_SENDERS, 0, key_file, "the keys are another member's");
    return OK;
}

enum err beside_db(struct db **db, const char *state_dir, struct fault *fault)
{
    char path[SDK_PATH_MAX];
    const struct db_options options = {
        .path = path,
        .application_id = SDK_APPLICATION_ID,
        .migrations = sdk_sql,
        .migration_count = sdk_sql_count,
        .read_only = true,
    };

    *db = NULL;
    if ((size_t)snprintf(path, sizeof path, "%s/adapter.db", state_dir) >= sizeof path)
        return fault_set(fault, ERR_FIELD_LONG, 0, "state_dir", "too long");
    return db_open(db, &options, fault);
}

enum err beside_open(struct beside *b, const struct sdk_mirror_config *c,
                     const struct key **storage, struct fault *fault)
{
    enum err err;

    *b = (struct beside){NULL, NULL};
    if ((err = beside_keys(&b->keys, c->key_file, c->passphrase_file, c->member, fault)) != OK)
        return err;
    if ((*storage = keyring_find(b->keys, KEY_USE_STORAGE)) == NULL)
        return fault_set(fault, ERR_KEY_FILE, 0, c->key_file, "no storage key");
    return beside_db(&b->db, c->state_dir, fault);
}

void beside_close(struct beside *b)
{
    db_close(&b->db);
    keyring_close(&b->keys);
}
