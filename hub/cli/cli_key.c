#include "cli/cli.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/hex.h"
#include "cli/pubfile.h"
#include "cli/show.h"
#include "json.h"
#include "keys/guard.h"
#include "keys/keyfile.h"

#include <stdlib.h>
#include <unistd.h>

enum { PASSPHRASE_BYTES = 32, LIFE_DAYS_MAX = 3660, PATH_BYTES = 1024 };

/* Days that a key of this use lives unless --days says otherwise (crypto: keys). */
static uint64_t life_days(enum key_use use)
{
    switch (use) {
    case KEY_USE_TRANSPORT:
        return 90;
    case KEY_USE_SEAL:
        return 120;
    case KEY_USE_ROOT:
        return 5 * 365;
    default:
        return 365;
    }
}

/* A new key, or the encryption key of another adapter of the member. */
static enum err make_key(struct key **out, enum key_use use, const struct keyring *seal_from,
                         uint64_t now_ms, const struct entropy *entropy, struct fault *fault)
{
    if (use != KEY_USE_SEAL || seal_from == NULL)
        return key_make(out, use, now_ms, entropy);
    const struct key *shared = keyring_find(seal_from, KEY_USE_SEAL);
    if (shared == NULL)
        return fault_set(fault, ERR_KEY_FILE, 0, "--seal-from", "the file holds no encryption key");
    return key_import(out, KEY_USE_SEAL, key_created_ms(shared), key_secret(shared));
}

/* The keys of one file, as they come to be. */
struct making {
    struct keyring *ring;
    struct pubfile *pub;
    const struct keyring *seal_from; /* NULL: the encryption key is made, too */
    const char *sign_token;          /* NULL: so is the signing key */
    uint64_t days;
    uint64_t now_ms;
};

static void add_row(const struct making *m, const struct key *key, uint64_t from_ms)
{
    struct pubfile_key *row = &m->pub->key[m->pub->key_count++];
    row->use = key_use(key);
    memcpy(row->public_key, key_public(key), KEY_PUBLIC_LEN);
    row->valid_from_ms = from_ms;
    row->valid_until_ms =
        from_ms + (m->days > 0 ? m->days : life_days(row->use)) * (uint64_t)DAY_MS;
}

static enum err fill_ring(const struct making *m, const enum key_use *uses, struct fault *fault)
{
    const struct entropy entropy = entropy_system();
    for (size_t i = 0; uses[i] != KEY_USE_NONE; i++) {
        struct key *key = NULL;
        if (uses[i] == KEY_USE_SIGN && m->sign_token != NULL)
            continue;
        enum err err = make_key(&key, uses[i], m->seal_from, m->now_ms, &entropy, fault);
        if (err != OK)
            return err;
        if (key_use_alg(uses[i]) != ALG_NONE)
            add_row(m, key, key_created_ms(key));
        err = keyring_add(m->ring, &key);
        if (err != OK) {
            key_close(&key);
            return err;
        }
    }
    return OK;
}

/* The signing key stays on its token; the key file says where, and how it is opened. */
static enum err link_token(const struct making *m, const char *pin_path, struct fault *fault)
{
    struct passphrase *pin = NULL;
    if (m->sign_token == NULL)
        return OK;
    enum err err = passphrase_read(&pin, pin_path, fault);
    if (err == OK)
        err = keyring_link_token(m->ring, m->sign_token, pin, fault);
    passphrase_close(&pin);
    const struct key *key = keyring_find(m->ring, KEY_USE_SIGN);
    if (err == OK && key == NULL)
        return fault_set(fault, ERR_KEY_USE, 0, "--sign-token", "object=MEMBER:sign");
    if (err == OK)
        add_row(m, key, m->now_ms);
    return err;
}

static enum err fill_keys(const struct args *args, const struct making *m, const enum key_use *uses,
                          struct fault *fault)
{
    const enum err err = fill_ring(m, uses, fault);
    return err == OK ? link_token(m, args_value(args, "sign-pin-file"), fault) : err;
}

static enum err check_names(const struct args *args, const enum key_use **uses, struct fault *fault)
{
    const char *adapter = args_value(args, "adapter");
    *uses = key_purpose(args_value(args, "use"));
    if (*uses == NULL)
        return fault_set(
            fault, ERR_USAGE, 0, "--use",
            "one of adapter, hub, signer, official, witness, registrar, enrolment, root, "
            "storage");
    struct member member;
    enum err err = member_parse(args_value(args, "member"), &member);
    if (err != OK)
        return fault_set(fault, err, 0, "--member", "a department and a region: market.445100");
    if (adapter != NULL && !pubfile_name_valid(adapter))
        return fault_set(fault, ERR_USAGE, 0, "--adapter", "letters, digits, _ and -, at most %d",
                         PUBFILE_NAME_MAX);
    if (args_flag(args, "seal-from") && strcmp(args_value(args, "use"), "adapter") != 0)
        return fault_set(fault, ERR_USAGE, 0, "--seal-from", "only with --use adapter");
    if (args_flag(args, "sign-token") != args_flag(args, "sign-pin-file") ||
        (args_flag(args, "sign-token") && (*uses)[0] != KEY_USE_SIGN))
        return fault_set(fault, ERR_USAGE, 0, "--sign-token",
                         "with --sign-pin-file, and --use adapter or hub");
    return OK;
}

static enum err say_made(const struct cli *cli, const struct pubfile *pub, const char *path,
                         const char *pub_path)
{
    FILE *to = cli->world->out;
    if (cli->json) {
        struct json *j = json_map();
        json_put_text(j, "member", pub->member);
        json_put_text(j, "use", pub->use);
        json_put_text(j, "file", path);
        if (pub->key_count > 0)
            json_put_text(j, "public", pub_path);
        const enum err err = show_json(to, j);
        json_close(&j);
        return err;
    }
    fprintf(to, "已生成密钥文件 %s（0600，请勿外传） / key file made: %s (0600, keep it)\n", path,
            path);
    if (pub->key_count > 0)
        fprintf(to, "公钥文件 %s，请交登记机构 / public keys: %s, for the registrar\n", pub_path,
                pub_path);
    return OK;
}

enum err cli_key_generate(const struct cli *cli, struct fault *fault)
{
    const struct args *args = cli->args;
    const char *path = args_value(args, "out");
    const char *adapter = args_value(args, "adapter");
    const struct keyfile_cost cost = {0, cli->world->kdf_memory};
    const struct entropy entropy = entropy_system();
    const enum key_use *uses;
    struct passphrase *passphrase = NULL;
    struct keyring *seal_from = NULL;
    struct keyring *ring = NULL;
    struct pubfile pub = {.key_count = 0};
    char pub_path[PATH_BYTES];
    uint64_t days;

    enum err err = check_names(args, &uses, fault);
    if (err != OK || (err = args_number(args, "days", 1, LIFE_DAYS_MAX, 0, &days, fault)) != OK)
        return err;
    if (snprintf(pub_path, sizeof pub_path, "%s.pub", path) >= (int)sizeof pub_path)
        return fault_set(fault, ERR_FIELD_LONG, 0, "--out", "path: at most %d bytes",
                         PATH_BYTES - 5);
    if (access(pub_path, F_OK) == 0)
        return fault_set(fault, ERR_EXISTS, 0, pub_path, "a key file is never replaced");
    snprintf(pub.member, sizeof pub.member, "%s", args_value(args, "member"));
    snprintf(pub.adapter, sizeof pub.adapter, "%s", adapter == NULL ? "" : adapter);
    snprintf(pub.use, sizeof pub.use, "%s", args_value(args, "use"));

    err = passphrase_read(&passphrase, args_value(args, "passphrase-file"), fault);
    if (err == OK && args_flag(args, "seal-from"))
        err = keyfile_read(&seal_from, args_value(args, "seal-from"), passphrase, fault);
    if (err == OK)
        err = keyring_open(&ring, pub.member, pub.adapter);
    if (err == OK)
        err = fill_keys(args,
                        &(struct making){ring, &pub, seal_from, args_value(args, "sign-token"),
                                         days, cli->world->now_ms()},
                        uses, fault);
    if (err == OK)
        err = keyfile_write(ring, path, false, passphrase, cost, &entropy, fault);
    if (err == OK && pub.key_count > 0 && (err = pubfile_write(&pub, pub_path, fault)) != OK)
        unlink(path); /* nobody has used it yet, and without its public half nobody can */
    if (err == OK)
        err = say_made(cli, &pub, path, pub_path);
    keyring_close(&ring);
    keyring_close(&seal_from);
    passphrase_close(&passphrase);
    return err;
}

/* What a key file with this one key would be for. */
static const char *purpose_of(enum key_use use, const char *member)
{
    switch (use) {
    case KEY_USE_LOG:
        return "signer";
    case KEY_USE_SIGN:
        return member_is_hub(member) ? "hub" : "adapter";
    default:
        return key_use_name(use);
    }
}

/* The public half of the one key of a ring, with its dates. */
static void public_of(const struct keyring *ring, uint64_t now_ms, uint64_t days,
                      struct pubfile *pub)
{
    const struct key *key = keyring_at(ring, 0);
    struct pubfile_key *row = &pub->key[pub->key_count++];
    snprintf(pub->member, sizeof pub->member, "%s", keyring_owner(ring));
    snprintf(pub->use, sizeof pub->use, "%s", purpose_of(key_use(key), pub->member));
    row->use = key_use(key);
    memcpy(row->public_key, key_public(key), KEY_PUBLIC_LEN);
    row->valid_from_ms = now_ms;
    row->valid_until_ms = now_ms + (days > 0 ? days : life_days(row->use)) * (uint64_t)DAY_MS;
}

enum err cli_key_token(const struct cli *cli, struct fault *fault)
{
    const struct args *args = cli->args;
    const char *uri = args->operand[0];
    const char *out = args_value(args, "out");
    struct passphrase *pin = NULL;
    struct keyring *ring = NULL;
    struct pubfile pub = {.key_count = 0};
    uint64_t days;

    enum err err = args_number(args, "days", 1, LIFE_DAYS_MAX, 0, &days, fault);
    if (err == OK && private_file_is_path(uri))
        err = fault_set(fault, ERR_USAGE, 0, "PKCS11_URI", "pkcs11:token=…;object=…?module-path=…");
    if (err == OK && access(out, F_OK) == 0)
        err = fault_set(fault, ERR_EXISTS, 0, out, "a file of public keys is never replaced");
    if (err == OK)
        err = passphrase_read(&pin, args_value(args, "passphrase-file"), fault);
    if (err == OK && !args_flag(args, "found"))
        err = keyfile_make_on_token(uri, pin, fault);
    if (err == OK)
        err = keyfile_read(&ring, uri, pin, fault);
    if (err == OK) {
        public_of(ring, cli->world->now_ms(), days, &pub);
        err = pubfile_write(&pub, out, fault);
    }
    if (err == OK) {
        struct json *j = json_map();
        json_put_text(j, "member", pub.member);
        json_put_text(j, "use", key_use_name(pub.key[0].use));
        json_put_text(j, "file", out);
        err = show_result(cli, j);
        json_close(&j);
    }
    keyring_close(&ring);
    passphrase_close(&pin);
    return err;
}

static enum err public_json(const struct cli *cli, const struct pubfile *pub)
{
    struct json *j = json_map();
    struct json *keys = json_list();

    json_put_text(j, "member", pub->member);
    json_put_text(j, "adapter", pub->adapter);
    json_put_text(j, "use", pub->use);
    for (size_t i = 0; i < pub->key_count; i++) {
        const struct pubfile_key *key = &pub->key[i];
        struct json *row = json_map();
        uint8_t kid[KID_LEN];
        kid_of(kid, key_use_alg(key->use), key->public_key);
        json_put_text(row, "use", key_use_name(key->use));
        json_put_hex(row, "kid", span_of(kid, sizeof kid));
        json_put_hex(row, "public", span_of(key->public_key, KEY_PUBLIC_LEN));
        json_put_ms(row, "valid_from", key->valid_from_ms);
        json_put_ms(row, "valid_until", key->valid_until_ms);
        json_add(keys, row);
    }
    json_put(j, "keys", keys);
    const enum err err = show_json(cli->world->out, j);
    json_close(&j);
    return err;
}

enum err cli_key_show(const struct cli *cli, struct fault *fault)
{
    struct pubfile pub;
    FILE *to = cli->world->out;

    enum err err = pubfile_read(&pub, cli->args->operand[0], fault);
    if (err != OK || cli->json)
        return err != OK ? err : public_json(cli, &pub);
    fprintf(to, "成员 / member: %s%s%s  用途 / use: %s\n", pub.member,
            pub.adapter[0] == '\0' ? "" : "  适配器 / adapter: ", pub.adapter, pub.use);
    for (size_t i = 0; i < pub.key_count; i++) {
        const struct pubfile_key *key = &pub.key[i];
        uint8_t kid[KID_LEN];
        char kid_text[2 * KID_LEN + 1];
        char from[CLOCK_TEXT_LEN + 1];
        char until[CLOCK_TEXT_LEN + 1];
        kid_of(kid, key_use_alg(key->use), key->public_key);
        hex_encode(span_of(kid, sizeof kid), kid_text);
        clock_format(key->valid_from_ms, from);
        clock_format(key->valid_until_ms, until);
        fprintf(to, "  %-10s kid %s  %.10s … %.10s\n", key_use_name(key->use), kid_text, from,
                until);
    }
    return OK;
}

static enum err say_file(const struct cli *cli, const char *path)
{
    if (!cli->json) {
        fprintf(cli->world->out, "已生成口令文件 %s（0600） / passphrase file made: %s (0600)\n",
                path, path);
        return OK;
    }
    struct json *j = json_map();
    json_put_text(j, "file", path);
    const enum err err = show_json(cli->world->out, j);
    json_close(&j);
    return err;
}

enum err cli_key_passphrase(const struct cli *cli, struct fault *fault)
{
    const char *path = cli->args->operand[0];
    const struct entropy entropy = entropy_system();
    enum err err = ERR_NO_MEMORY;

    uint8_t *bytes = guard_alloc(PASSPHRASE_BYTES);
    char *text = guard_alloc(2 * PASSPHRASE_BYTES + 2);
    if (bytes == NULL || text == NULL)
        goto out;
    entropy_fill(&entropy, bytes, PASSPHRASE_BYTES);
    hex_encode(span_of(bytes, PASSPHRASE_BYTES), text);
    text[2 * PASSPHRASE_BYTES] = '\n';
    err = file_write(path, span_of(text, 2 * PASSPHRASE_BYTES + 1), 0600, FILE_NEW, fault);
    if (err == OK)
        err = say_file(cli, path);

out:
    guard_free(text);
    guard_free(bytes);
    return err;
}

/* What a command says of a file that it wrote. */
static enum err say_written(const struct cli *cli, const char *path, const struct keyring *ring)
{
    struct json *j = json_map();
    json_put_text(j, "file", path);
    json_put_text(j, "member", keyring_owner(ring));
    json_put_uint(j, "count", keyring_count(ring));
    const enum err err = show_result(cli, j);
    json_close(&j);
    return err;
}

enum err cli_key_rewrap(const struct cli *cli, struct fault *fault)
{
    const struct args *args = cli->args;
    const char *path = args->operand[0];
    const char *next_path = args_value(args, "new-passphrase-file");
    const char *pin_path = args_value(args, "new-pin-file");
    const struct entropy entropy = entropy_system();
    const struct keyfile_cost cost = {0, cli->world->kdf_memory};
    struct passphrase *passphrase = NULL;
    struct passphrase *next = NULL;
    struct passphrase *pin = NULL;
    struct keyring *ring = NULL;
    enum err err = passphrase_read(&passphrase, args_value(args, "passphrase-file"), fault);
    if (err == OK && next_path != NULL)
        err = passphrase_read(&next, next_path, fault);
    if (err == OK && pin_path != NULL)
        err = passphrase_read(&pin, pin_path, fault);
    if (err == OK)
        err = keyfile_read_again(&ring, path, passphrase, pin, fault);
    if (err == OK)
        err = keyfile_write(ring, path, true, next != NULL ? next : passphrase, cost, &entropy,
                            fault);
    if (err == OK)
        err = say_written(cli, path, ring);
    keyring_close(&ring);
    passphrase_close(&pin);
    passphrase_close(&next);
    passphrase_close(&passphrase);
    return err;
}
