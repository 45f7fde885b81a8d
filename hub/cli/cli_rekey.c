/* The keys of a database: new ones put into the key file beside the old, and the old ones taken out
 * when nothing is under them any more. The hub changes over by two officials (`hub rekey`). */
#include "cli/ask.h"
#include "cli/show.h"

#include "adapters/sdk/sdk_rekey.h"
#include "base/hex.h"
#include "cli/site.h"
#include "ident.h"
#include "keys/keyfile.h"
#include "keys/rest.h"

#include <stdlib.h>
#include <string.h>

/* A key file that is read and written again. */
struct renewal {
    const struct cli *cli;
    const char *path;
    struct passphrase *passphrase;
    struct keyring *old;
    struct keyring *ring;
};

static enum err open_file(struct renewal *r, const struct cli *cli, const char *path,
                          const char *passphrase_path, struct fault *fault)
{
    *r = (struct renewal){.cli = cli, .path = path};
    enum err err = passphrase_read(&r->passphrase, passphrase_path, fault);
    if (err == OK)
        err = keyfile_read_again(&r->old, r->path, r->passphrase, NULL, fault);
    if (err == OK && keyring_find(r->old, KEY_USE_STORAGE) == NULL)
        err = fault_set(fault, ERR_KEY_USE, 0, r->path, "holds no storage key");
    if (err == OK)
        err = keyring_open(&r->ring, keyring_owner(r->old), keyring_name(r->old));
    return err;
}

/* Of a hub, as --key and --passphrase-file name it. */
static enum err open_hubs(struct renewal *r, const struct cli *cli, struct fault *fault)
{
    enum err err = open_file(r, cli, args_value(cli->args, "key"),
                             args_value(cli->args, "passphrase-file"), fault);
    if (err == OK && !member_is_hub(keyring_owner(r->old)))
        err = fault_set(fault, ERR_OTHER_HUB, 0, r->path, "of an adapter: lianshu adapter rekey");
    return err;
}

static void close_file(struct renewal *r)
{
    keyring_close(&r->ring);
    keyring_close(&r->old);
    passphrase_close(&r->passphrase);
}

static bool at_rest(enum key_use use)
{
    return use == KEY_USE_STORAGE || use == KEY_USE_TOKEN;
}

static enum err keep(struct renewal *r, const struct key *key)
{
    struct key *copy = NULL;
    if (key_secret(key) == NULL)
        return OK; /* on its token: the new file says where, as the old one did (write_file) */
    enum err err = key_import(&copy, key_use(key), key_created_ms(key), key_secret(key));
    if (err == OK)
        err = keyring_add(r->ring, &copy);
    key_close(&copy);
    return err;
}

static enum err write_file(struct renewal *r, struct fault *fault)
{
    const struct entropy entropy = entropy_system();
    const struct keyfile_cost cost = {0, r->cli->world->kdf_memory};
    const enum err err = keyring_link_again(r->ring, r->old, fault);
    return err == OK ? keyfile_write(r->ring, r->path, true, r->passphrase, cost, &entropy, fault)
                     : err;
}

static enum err tell(const struct renewal *r, const char *zh, const char *en)
{
    struct json *list = json_list();
    struct json *j = json_map();
    FILE *to = r->cli->world->out;
    enum err err = OK;
    if (!r->cli->json)
        fprintf(to, "%s / %s\n", zh, en);
    for (size_t i = 0; i < keyring_count(r->ring); i++) {
        const struct key *key = keyring_at(r->ring, i);
        uint8_t id[REST_KEY_ID_LEN];
        char text[2 * REST_KEY_ID_LEN + 1];
        if (!at_rest(key_use(key)))
            continue;
        rest_key_id(key, id);
        hex_encode(span_of(id, sizeof id), text);
        struct json *row = json_map();
        json_put_text(row, "use", key_use_name(key_use(key)));
        json_put_text(row, "id", text);
        json_put_ms(row, "made", key_created_ms(key));
        json_add(list, row);
        if (!r->cli->json)
            fprintf(to, "  %s %s\n", key_use_name(key_use(key)), text);
    }
    json_put(j, "keys", list);
    if (r->cli->json)
        err = show_json(to, j);
    json_close(&j);
    return err;
}

/* One more of each use that the file has. */
static enum err add_new(struct renewal *r, struct fault *fault)
{
    static const enum key_use uses[] = {KEY_USE_STORAGE, KEY_USE_TOKEN};
    const struct entropy entropy = entropy_system();
    uint64_t now_ms = r->cli->world->now_ms();
    size_t storage = 0;
    enum err err = OK;
    for (size_t i = 0; err == OK && i < keyring_count(r->old); i++) {
        storage += key_use(keyring_at(r->old, i)) == KEY_USE_STORAGE;
        err = keep(r, keyring_at(r->old, i));
        if (key_created_ms(keyring_at(r->old, i)) >= now_ms)
            now_ms = key_created_ms(keyring_at(r->old, i)) + 1; /* the newest is the next */
    }
    if (err == OK && storage > 1)
        return fault_set(fault, ERR_EXISTS, 0, r->path,
                         "a new key is there already: hub rekey, then key forget");
    for (size_t i = 0; err == OK && i < sizeof uses / sizeof uses[0]; i++) {
        struct key *key = NULL;
        if (keyring_find(r->old, uses[i]) == NULL)
            continue;
        err = key_make(&key, uses[i], now_ms, &entropy);
        if (err == OK)
            err = keyring_add(r->ring, &key);
        key_close(&key);
    }
    return err == OK ? OK : fault_set(fault, err, 0, r->path, "%s", err_en(err));
}

enum err cli_key_renew(const struct cli *cli, struct fault *fault)
{
    struct renewal r;
    enum err err = open_hubs(&r, cli, fault);
    if (err == OK)
        err = add_new(&r, fault);
    if (err == OK)
        err = write_file(&r, fault);
    if (err == OK)
        err = tell(
            &r,
            "新的存储密钥已入密钥文件；枢纽：重启后由两名人员 lianshu hub rekey；适配器：停止后 "
            "lianshu-adapter --rekey",
            "new keys are in the file; a hub: start it again, then two officials: lianshu "
            "hub rekey; an adapter: stop it, then lianshu-adapter --rekey");
    close_file(&r);
    return err;
}

/* Which keys the database is under, from the hub itself. */
static enum err ask_used(const struct cli *cli, uint8_t storage[static REST_KEY_ID_LEN],
                         uint8_t token[static REST_KEY_ID_LEN], struct fault *fault)
{
    char *text = NULL;
    struct json *answer = NULL;
    enum err err = ask_hub(cli, ask_request("rekey"), &text, &answer, fault);
    if (err != OK)
        return err;
    const struct json *keys = json_get(answer, "keys");
    const char *s = json_get_text(keys, "storage");
    const char *t = json_get_text(keys, "token");
    if (json_flag(json_get(answer, "running")))
        err = fault_set(fault, ERR_BUSY, 0, "hub", "values are still under the old keys");
    else if (s == NULL || t == NULL || !hex_decode(s, storage, REST_KEY_ID_LEN) ||
             !hex_decode(t, token, REST_KEY_ID_LEN))
        err = fault_set(fault, ERR_KEY_FILE, 0, "hub", "does not say which keys it uses");
    free(text);
    json_close(&answer);
    return err;
}

/* Everything but storage and token keys that the hub does not use and that are older than those. */
static enum err keep_used(struct renewal *r, const uint8_t storage[static REST_KEY_ID_LEN],
                          const uint8_t token[static REST_KEY_ID_LEN], struct fault *fault)
{
    size_t used = 0;
    enum err err = OK;
    for (size_t i = 0; err == OK && i < keyring_count(r->old); i++) {
        const struct key *key = keyring_at(r->old, i);
        uint8_t id[REST_KEY_ID_LEN];
        if (at_rest(key_use(key))) {
            rest_key_id(key, id);
            if (memcmp(id, key_use(key) == KEY_USE_STORAGE ? storage : token, sizeof id) != 0)
                continue;
            used++;
        }
        err = keep(r, key);
    }
    if (err == OK && used != 2)
        return fault_set(fault, ERR_KEY_FILE, 0, r->path, "it is not the key file of this hub");
    return err == OK ? OK : fault_set(fault, err, 0, r->path, "%s", err_en(err));
}

enum err cli_key_forget(const struct cli *cli, struct fault *fault)
{
    struct renewal r;
    uint8_t storage[REST_KEY_ID_LEN];
    uint8_t token[REST_KEY_ID_LEN];
    enum err err = open_hubs(&r, cli, fault);
    if (err == OK)
        err = ask_used(cli, storage, token, fault);
    if (err == OK)
        err = keep_used(&r, storage, token, fault);
    if (err == OK && keyring_count(r.ring) == keyring_count(r.old))
        err = fault_set(fault, ERR_NOT_FOUND, 0, r.path, "it holds no key that is not used");
    if (err == OK)
        err = write_file(&r, fault);
    if (err == OK)
        err = tell(&r, "旧密钥已从密钥文件移除", "the old keys are out of the file");
    close_file(&r);
    return err;
}

enum err cli_hub_keys(const struct cli *cli, struct fault *fault)
{
    return ask_print(cli, ask_request("rekey"), fault);
}

/* ---- an adapter ---- */

/* The newest storage key alone, and everything else. */
static enum err keep_newest(struct renewal *r, struct fault *fault)
{
    struct keyring *both = r->ring;
    const struct key *newest = keyring_find(both, KEY_USE_STORAGE);
    r->ring = NULL;
    enum err err = keyring_open(&r->ring, keyring_owner(both), keyring_name(both));
    for (size_t i = 0; err == OK && i < keyring_count(both); i++) {
        const struct key *key = keyring_at(both, i);
        if (key_use(key) != KEY_USE_STORAGE || key == newest)
            err = keep(r, key);
    }
    keyring_close(&both);
    return err == OK ? OK : fault_set(fault, err, 0, r->path, "%s", err_en(err));
}

/* Two storage keys in the file: it was interrupted, and goes on with those. */
static enum err take_both(struct renewal *r, struct fault *fault)
{
    size_t storage = 0;
    enum err err = OK;
    for (size_t i = 0; i < keyring_count(r->old); i++)
        storage += key_use(keyring_at(r->old, i)) == KEY_USE_STORAGE;
    if (storage == 1) {
        err = add_new(r, fault);
        return err == OK ? write_file(r, fault) : err;
    }
    for (size_t i = 0; err == OK && i < keyring_count(r->old); i++)
        err = keep(r, keyring_at(r->old, i));
    return err == OK ? OK : fault_set(fault, err, 0, r->path, "%s", err_en(err));
}

enum err cli_adapter_rekey(const struct cli *cli, struct fault *fault)
{
    const struct entropy entropy = entropy_system();
    struct site_adapter conf;
    struct renewal r = {.cli = cli};
    uint64_t count = 0;
    enum err err = site_adapter_read(args_value(cli->args, "adapter"), &conf, fault);
    if (err != OK)
        return err;
    err = open_file(&r, cli, conf.key_file, conf.passphrase_file, fault);
    if (err == OK)
        err = take_both(&r, fault);
    if (err == OK)
        err = sdk_rekey(conf.state_dir, r.ring, &entropy, &count, fault);
    if (err == OK)
        err = keep_newest(&r, fault);
    if (err == OK)
        err = write_file(&r, fault);
    if (err == OK)
        err = tell(&r, "已全部重新封存，旧存储密钥已移除；可启动适配器",
                   "everything is sealed again and the old storage key is gone; start the adapter");
    close_file(&r);
    return err;
}
