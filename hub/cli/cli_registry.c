#include "cli/cli.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/hex.h"
#include "catalogue.h"
#include "cli/show.h"
#include "json.h"
#include "keys/registry_proof.h"

#include <stdlib.h>

enum { WARN_DAYS = 30 };

static enum err open_checked(const struct cli *cli, struct registry **out, struct fault *fault)
{
    struct anchor anchor;
    enum err err = anchor_read(&anchor, args_value(cli->args, "anchor"), fault);
    return err != OK ? err : registry_read(out, &anchor, cli->args->operand[0], 0, fault);
}

static struct json *registrar_json(const struct registry_registrar *r)
{
    struct json *row = json_map();
    struct json *keys = json_list();
    for (unsigned i = 0; i < r->key_count; i++) {
        char kid[2 * KID_LEN + 1];
        hex_encode(span_of(r->kid[i], KID_LEN), kid);
        json_add_text(keys, kid);
    }
    json_put_text(row, "member", r->member);
    json_put_text(row, "by", r->issuer[0] == '\0' ? "root" : r->issuer);
    json_put_text(row, "region", r->region);
    json_put_uint(row, "threshold", r->threshold);
    json_put_uint(row, "number", r->number);
    json_put(row, "officials", keys);
    json_put_ms(row, "valid_until", r->valid_until_ms);
    json_put_uint(row, "version", r->version);
    json_put_uint(row, "members", r->member_count);
    return row;
}

static void show_registrar(FILE *to, const struct registry_registrar *r)
{
    char until[CLOCK_TEXT_LEN + 1];
    clock_format(r->valid_until_ms, until);
    fprintf(
        to,
        "%*s%s ← %s：%u 人中 %u 人签署，%u 个成员，第 %llu 版，有效至 %.10s / %u of %u officials, "
        "%u members, version %llu, until %.10s\n",
        (int)(2 * r->depth), "", r->member, r->issuer[0] == '\0' ? "root" : r->issuer, r->key_count,
        r->threshold, r->member_count, (unsigned long long)r->version, until, r->threshold,
        r->key_count, r->member_count, (unsigned long long)r->version, until);
    for (unsigned i = 0; i < r->key_count; i++) {
        char kid[2 * KID_LEN + 1];
        hex_encode(span_of(r->kid[i], KID_LEN), kid);
        fprintf(to, "%*s%s\n", (int)(2 * r->depth + 2), "", kid);
    }
}

enum err cli_registry_show(const struct cli *cli, struct fault *fault)
{
    struct registry *r = NULL;
    const struct registry_registrar *row;
    enum err err = open_checked(cli, &r, fault);
    if (err != OK)
        return err;
    if (cli->json) {
        struct json *j = json_map();
        struct json *list = json_list();
        for (size_t i = 0; (row = registry_registrar_at(r, i)) != NULL; i++)
            json_add(list, registrar_json(row));
        json_put_text(j, "realm", registry_realm(r));
        json_put_uint(j, "version", registry_version(r));
        json_put_ms(j, "valid_until", registry_valid_until_ms(r));
        json_put_uint(j, "members", registry_member_count(r));
        json_put_uint(j, "least_suite", registry_least_suite(r));
        json_put_hex(j, "sha256", span_of(registry_hash(r), HASH_LEN));
        json_put(j, "registrars", list);
        err = show_json(cli->world->out, j);
        json_close(&j);
    } else {
        char until[CLOCK_TEXT_LEN + 1];
        char hash[2 * HASH_LEN + 1];
        clock_format(registry_valid_until_ms(r), until);
        hex_encode(span_of(registry_hash(r), HASH_LEN), hash);
        fprintf(cli->world->out,
                "域 / realm: %s\n版本 / version: %llu\n有效至 / valid until: %s\n"
                "成员 / members: %zu\n最低套件 / least suite: %u\nSHA-256: %s\n"
                "登记机构 / registrars:\n",
                registry_realm(r), (unsigned long long)registry_version(r), until,
                registry_member_count(r), registry_least_suite(r), hash);
        for (size_t i = 0; (row = registry_registrar_at(r, i)) != NULL; i++)
            show_registrar(cli->world->out, row);
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

/* What comes to its end, and when. */
struct ends {
    const struct cli *cli;
    uint64_t now_ms;
    struct json *warnings;
    size_t dead;   /* keys that are over, or not yet valid: the registry verifies all the same */
    size_t ending; /* keys with few days left */
};

static long long days_left(const struct ends *e, uint64_t until_ms)
{
    return until_ms <= e->now_ms ? 0 : (long long)((until_ms - e->now_ms) / (uint64_t)DAY_MS);
}

static void warn(struct ends *e, const char *what, uint64_t until_ms)
{
    const long long days = days_left(e, until_ms);
    if (days >= WARN_DAYS)
        return;
    if (e->cli->json) {
        struct json *row = json_map();
        json_put_text(row, "what", what);
        json_put_int(row, "days_left", days);
        json_put_ms(row, "until", until_ms);
        json_add(e->warnings, row);
    } else {
        char until[CLOCK_TEXT_LEN + 1];
        clock_format(until_ms, until);
        fprintf(e->cli->world->out, "%s：还有 %lld 天（%.10s）/ %lld days left\n", what, days,
                until, days);
    }
}

static void check_keys(struct ends *e, const struct registry *r)
{
    for (size_t i = 0; i < registry_member_count(r); i++) {
        const struct registry_member *m = registry_member_at(r, i);
        const struct registry_key *key;
        for (size_t k = 0; (key = registry_member_key(r, m, k)) != NULL; k++) {
            enum err err = registry_key_check(key, m->id, key->use, e->now_ms);
            char what[MEMBER_MAX + 32];
            snprintf(what, sizeof what, "%s %s", m->id, key_use_name(key->use));
            if (err == OK) {
                e->ending += days_left(e, key->valid_until_ms) < WARN_DAYS;
                warn(e, what, key->valid_until_ms);
                continue;
            }
            e->dead++;
            if (!e->cli->json)
                fprintf(e->cli->world->out, "%s: %s / %s\n", what, err_zh(err), err_en(err));
        }
    }
}

static void check_ends(struct ends *e, const struct registry *r)
{
    const struct registry_registrar *row;
    warn(e, "登记册 / registry", registry_valid_until_ms(r));
    for (size_t i = 0; (row = registry_registrar_at(r, i)) != NULL; i++)
        warn(e, row->member, row->valid_until_ms);
    check_keys(e, r);
}

static enum err tell_check(const struct ends *e, const struct registry *r)
{
    FILE *to = e->cli->world->out;
    const long long days = days_left(e, registry_valid_until_ms(r));
    const size_t members = registry_member_count(r);
    if (!e->cli->json) {
        fprintf(to,
                "验证通过：%zu 个成员，%zu 个密钥不在有效期，还有 %lld 天 / verified: %zu members, "
                "%zu keys not valid now, %lld days left\n",
                members, e->dead, days, members, e->dead, days);
        return OK;
    }
    struct json *j = json_map();
    json_put_uint(j, "members", members);
    json_put_uint(j, "keys_not_valid", e->dead);
    json_put_uint(j, "keys_ending", e->ending);
    json_put_int(j, "days_left", days);
    json_put(j, "warnings", json_clone(e->warnings));
    enum err err = show_json(to, j);
    json_close(&j);
    return err;
}

/* A proof, which stands for itself. */
static enum err check_proof(const struct cli *cli, struct span file, struct fault *fault)
{
    struct anchor anchor;
    struct registry_proof *proof = malloc(sizeof *proof);
    enum err err = proof == NULL ? ERR_NO_MEMORY
                                 : anchor_read(&anchor, args_value(cli->args, "anchor"), fault);
    if (err == OK)
        err = registry_proof_open(file, &anchor, proof, fault);
    if (err == OK && cli->world->now_ms() >= proof->valid_until_ms)
        err = fault_set(fault, ERR_REGISTRY_STALE, 0, cli->args->operand[0], "its time is over");
    if (err == OK && cli->json)
        fprintf(cli->world->out, "{\"member\":\"%s\",\"version\":%llu,\"registrar\":\"%s\"}\n",
                proof->record.member, (unsigned long long)proof->version, proof->registrar);
    else if (err == OK)
        fprintf(cli->world->out,
                "证明成立：%s（%s），登记册第 %llu 版，%s / proven: a member in version %llu\n",
                proof->record.member, proof->record.name_zh, (unsigned long long)proof->version,
                proof->registrar, (unsigned long long)proof->version);
    free(proof);
    return err;
}

static enum err check_registry(const struct cli *cli, struct fault *fault)
{
    struct registry *r = NULL;
    struct ends e = {.cli = cli, .now_ms = cli->world->now_ms()};
    enum err err = open_checked(cli, &r, fault);
    if (err != OK)
        return err;
    e.warnings = json_list();
    err = registry_fresh(r, e.now_ms);
    if (err != OK)
        err = fault_set(fault, err, 0, cli->args->operand[0], "its time is over or has not begun");
    if (err == OK) {
        check_ends(&e, r);
        err = tell_check(&e, r);
    }
    json_close(&e.warnings);
    registry_close(&r);
    return err;
}

enum err cli_registry_check(const struct cli *cli, struct fault *fault)
{
    uint8_t *data = NULL;
    size_t len;
    enum frame_kind kind;
    enum err err = file_read(cli->args->operand[0], REGISTRY_FILE_MAX, 0, &data, &len, fault);
    if (err != OK)
        return err;
    if (frame_kind(span_of(data, len), &kind) == OK && kind == FRAME_PROOF)
        err = check_proof(cli, span_of(data, len), fault);
    else
        err = check_registry(cli, fault);
    free(data);
    return err;
}

enum err cli_registry_prove(const struct cli *cli, struct fault *fault)
{
    struct anchor anchor;
    struct registry *r = NULL;
    const char *member = cli->args->operand[0];
    const char *path = args_value(cli->args, "out");
    enum err err = anchor_read(&anchor, args_value(cli->args, "anchor"), fault);
    if (err == OK)
        err = registry_read(&r, &anchor, args_value(cli->args, "registry"), 0, fault);
    uint8_t *bytes = malloc(FRAME_PROOF_MAX);
    struct writer w = writer_of(bytes, FRAME_PROOF_MAX);
    if (err == OK)
        err = bytes == NULL ? ERR_NO_MEMORY : registry_prove(r, member, &w);
    if (err == ERR_MEMBER_UNKNOWN)
        (void)fault_set(fault, err, 0, member, "not in this registry");
    if (err == OK)
        err = file_write(path, writer_span(&w), 0644, FILE_NEW, fault);
    if (err == OK && cli->json)
        fprintf(cli->world->out, "{\"bytes\":%zu}\n", w.len);
    else if (err == OK)
        fprintf(cli->world->out, "%s：%zu 字节 / bytes\n", path, w.len);
    free(bytes);
    registry_close(&r);
    return err;
}
