#include "cli/cli.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/hex.h"
#include "catalogue.h"
#include "cli/members.h"
#include "cli/show.h"
#include "ident.h"
#include "json.h"
#include "keys/keyfile.h"
#include "keys/registry.h"

#include <stdlib.h>
#include <unistd.h>

enum { VALID_DAYS_DEFAULT = 365, VALID_DAYS_MAX = 3660, FILE_HEAD_MAX = 256 << 10 };

/* The keys of one build, opened. */
struct build {
    struct passphrase *passphrase;
    struct keyring *root[ANCHOR_ROOT_MAX];
    const struct key *root_key[ANCHOR_ROOT_MAX];
    size_t root_count;
    struct keyring *registrar;
    struct anchor anchor;
    struct member registrar_member;
    lianshu_MemberRecord *records;
    size_t record_count;
};

static void build_fini(struct build *b)
{
    free(b->records);
    keyring_close(&b->registrar);
    for (size_t i = 0; i < ANCHOR_ROOT_MAX; i++)
        keyring_close(&b->root[i]);
    passphrase_close(&b->passphrase);
}

static enum err open_roots(struct build *b, const struct args *args, struct fault *fault)
{
    for (const char *path; (path = args_value_at(args, "root", b->root_count)) != NULL;) {
        if (b->root_count >= ANCHOR_ROOT_MAX)
            return fault_set(fault, ERR_USAGE, 0, "--root", "at most %d", ANCHOR_ROOT_MAX);
        const size_t i = b->root_count;
        enum err err = keyfile_read(&b->root[i], path, b->passphrase, fault);
        if (err != OK)
            return err;
        b->root_key[i] = keyring_find(b->root[i], KEY_USE_ROOT);
        if (b->root_key[i] == NULL)
            return fault_set(fault, ERR_KEY_USE, 0, path, "made with --use root");
        memcpy(b->anchor.root[i], key_public(b->root_key[i]), KEY_PUBLIC_LEN);
        b->root_count++;
    }
    b->anchor.root_count = (unsigned)b->root_count;
    b->anchor.threshold = (unsigned)b->root_count;
    return OK;
}

static enum err open_registrar(struct build *b, const char *path, struct fault *fault)
{
    enum err err = keyfile_read(&b->registrar, path, b->passphrase, fault);
    if (err != OK)
        return err;
    if (keyring_find(b->registrar, KEY_USE_REGISTRAR) == NULL)
        return fault_set(fault, ERR_KEY_USE, 0, path, "made with --use registrar");
    err = member_parse(keyring_owner(b->registrar), &b->registrar_member);
    if (err != OK || b->registrar_member.department != DEPARTMENT_REGISTRAR)
        return fault_set(fault, ERR_KEY_USE, 0, path, "made with --member registrar.<region>");
    return OK;
}

/* The file, on disk under its name, and read back as everybody else will read it. */
static enum err build_file(const struct build *b, const struct registry_make *make,
                           const char *path, unsigned flags, struct fault *fault)
{
    struct registry *back = NULL;
    size_t cap = FILE_HEAD_MAX + b->record_count * (FRAME_RECORD_MAX + 2);
    uint8_t *bytes = malloc(cap);
    if (bytes == NULL)
        return ERR_NO_MEMORY;
    struct writer w = writer_of(bytes, cap);
    enum err err = registry_write(make, b->records, b->record_count, &w, fault);
    if (err == OK && w.full)
        err = ERR_INTERNAL;
    if (err == OK)
        err = registry_open(&back, &b->anchor, writer_span(&w), make->version, fault);
    registry_close(&back);
    if (err == OK)
        err = file_write(path, writer_span(&w), 0644, flags, fault);
    free(bytes);
    return err;
}

enum err cli_registry_build(const struct cli *cli, struct fault *fault)
{
    const struct args *args = cli->args;
    const struct entropy entropy = entropy_system();
    const unsigned flags = args_flag(args, "replace") ? 0 : FILE_NEW;
    struct build b = {.root_count = 0};
    uint64_t version;
    uint64_t days;

    const char *realm = args_value(args, "realm");
    const char *anchor_path = args_value(args, "anchor-out");
    const char *path = args_value(args, "out");
    if (strlen(realm) > REALM_LEN_MAX)
        return fault_set(fault, ERR_USAGE, 0, "--realm", "at most %d characters", REALM_LEN_MAX);
    snprintf(b.anchor.realm, sizeof b.anchor.realm, "%s", realm);
    enum err err = args_number(args, "version", 1, UINT32_MAX, 1, &version, fault);
    if (err != OK || (err = args_number(args, "valid-days", 1, VALID_DAYS_MAX, VALID_DAYS_DEFAULT,
                                        &days, fault)) != OK)
        return err;
    /* Both or none: a new registry under an old anchor would be believed by nobody. */
    if (flags == FILE_NEW && (access(path, F_OK) == 0 || access(anchor_path, F_OK) == 0))
        return fault_set(fault, ERR_EXISTS, 0, access(path, F_OK) == 0 ? path : anchor_path,
                         "--replace writes over it");

    /* The members first: to open a key file takes seconds. */
    err = members_read(&b.records, &b.record_count, args_value(args, "members"), fault);
    if (err != OK ||
        (err = passphrase_read(&b.passphrase, args_value(args, "passphrase-file"), fault)) != OK ||
        (err = open_roots(&b, args, fault)) != OK ||
        (err = open_registrar(&b, args_value(args, "registrar"), fault)) != OK)
        goto out;

    const uint64_t now = cli->world->now_ms();
    const struct registry_make make = {
        .anchor = &b.anchor,
        .roots = b.root_key,
        .root_count = b.root_count,
        .registrar = keyring_find(b.registrar, KEY_USE_REGISTRAR),
        .region = b.registrar_member.region,
        .version = version,
        .now_ms = now,
        .valid_until_ms = now + days * (uint64_t)DAY_MS,
        .entropy = &entropy,
    };
    if ((err = build_file(&b, &make, path, flags, fault)) != OK ||
        (err = anchor_write(&b.anchor, anchor_path, flags == 0, fault)) != OK)
        goto out;
    if (cli->json)
        fprintf(cli->world->out, "{\"members\":%zu,\"version\":%llu}\n", b.record_count,
                (unsigned long long)version);
    else
        fprintf(cli->world->out,
                "成员登记册 %s：%zu 个成员，第 %llu 版 / registry: %zu members, version %llu\n",
                path, b.record_count, (unsigned long long)version, b.record_count,
                (unsigned long long)version);
    err = OK;

out:
    build_fini(&b);
    return err;
}

static enum err open_checked(const struct cli *cli, struct registry **out, struct fault *fault)
{
    struct anchor anchor;
    enum err err = anchor_read(&anchor, args_value(cli->args, "anchor"), fault);
    return err != OK ? err : registry_read(out, &anchor, cli->args->operand[0], 0, fault);
}

enum err cli_registry_show(const struct cli *cli, struct fault *fault)
{
    struct registry *r = NULL;
    enum err err = open_checked(cli, &r, fault);
    if (err != OK)
        return err;
    if (cli->json) {
        struct json *j = json_map();
        json_put_text(j, "realm", registry_realm(r));
        json_put_uint(j, "version", registry_version(r));
        json_put_ms(j, "valid_until", registry_valid_until_ms(r));
        json_put_uint(j, "members", registry_member_count(r));
        json_put_hex(j, "sha256", span_of(registry_hash(r), HASH_LEN));
        err = show_json(cli->world->out, j);
        json_close(&j);
    } else {
        char until[CLOCK_TEXT_LEN + 1];
        char hash[2 * HASH_LEN + 1];
        clock_format(registry_valid_until_ms(r), until);
        hex_encode(span_of(registry_hash(r), HASH_LEN), hash);
        fprintf(cli->world->out,
                "域 / realm: %s\n版本 / version: %llu\n有效至 / valid until: %s\n"
                "成员 / members: %zu\nSHA-256: %s\n",
                registry_realm(r), (unsigned long long)registry_version(r), until,
                registry_member_count(r), hash);
    }
    registry_close(&r);
    return err;
}

/* The types of a grant by their names, not as the bit set they are. */
static void name_types(struct json *row, const lianshu_MemberRecord *record)
{
    struct json *grants = json_list();
    const struct json *plain = json_get(row, "grants");
    for (size_t g = 0; g < record->grants_count; g++) {
        struct json *grant = json_clone(json_item(plain, g));
        struct json *names = json_list();
        for (size_t i = 0; type_at(i) != NULL; i++) {
            if (grant_names(record->grants[g].types, type_at(i)->number))
                json_add_text(names, type_at(i)->name);
        }
        json_put(grant, "types", names);
        json_add(grants, grant);
    }
    json_put(row, "grants", grants);
}

enum err cli_registry_list(const struct cli *cli, struct fault *fault)
{
    struct registry *r = NULL;
    lianshu_MemberRecord record;
    struct json *list = cli->json ? json_list() : NULL;

    enum err err = open_checked(cli, &r, fault);
    for (size_t i = 0; err == OK && i < registry_member_count(r); i++) {
        err = registry_record(registry_member_at(r, i), &record);
        if (err != OK)
            break;
        if (!cli->json) {
            fprintf(cli->world->out, "%-28s %s / %s  (%u 密钥 keys, %u 授权 grants)\n",
                    record.member, record.name_zh, record.name_en, (unsigned)record.keys_count,
                    (unsigned)record.grants_count);
            continue;
        }
        struct json *row = NULL;
        if ((err = json_from_message(&row, &lianshu_MemberRecord_msg, &record)) == OK) {
            name_types(row, &record);
            json_add(list, row);
        }
    }
    if (err == OK && cli->json) {
        struct json *j = json_map();
        json_put(j, "members", list);
        list = NULL;
        err = show_json(cli->world->out, j);
        json_close(&j);
    }
    json_close(&list);
    registry_close(&r);
    return err;
}

/* Keys that are over, or not yet valid: the registry verifies all the same. */
static size_t list_dead_keys(const struct cli *cli, const struct registry *r, uint64_t now_ms)
{
    size_t dead = 0;
    for (size_t i = 0; i < registry_member_count(r); i++) {
        const struct registry_member *m = registry_member_at(r, i);
        for (size_t k = 0; k < m->key_count; k++) {
            const struct registry_key *key = registry_member_key(r, m, k);
            enum err err = registry_key_check(key, m->id, key->use, now_ms);
            if (err == OK)
                continue;
            dead++;
            if (!cli->json)
                fprintf(cli->world->out, "%s %s: %s / %s\n", m->id, key_use_name(key->use),
                        err_zh(err), err_en(err));
        }
    }
    return dead;
}

enum err cli_registry_check(const struct cli *cli, struct fault *fault)
{
    struct registry *r = NULL;
    const uint64_t now = cli->world->now_ms();

    enum err err = open_checked(cli, &r, fault);
    if (err != OK)
        return err;
    size_t dead = list_dead_keys(cli, r, now);
    err = registry_fresh(r, now);
    if (err != OK)
        err = fault_set(fault, err, 0, cli->args->operand[0], "its time is over or has not begun");
    else if (cli->json)
        fprintf(cli->world->out, "{\"members\":%zu,\"keys_not_valid\":%zu}\n",
                registry_member_count(r), dead);
    else
        fprintf(cli->world->out,
                "验证通过：%zu 个成员，%zu 个密钥不在有效期 / verified: %zu members, %zu keys not "
                "valid now\n",
                registry_member_count(r), dead, registry_member_count(r), dead);
    registry_close(&r);
    return err;
}
