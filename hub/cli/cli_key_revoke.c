/* Keys between two versions of the registry: revoked by officials of the registrar, renewed by
 * their member, given to a hub; and what a hub says of them. */
#include "cli/ask.h"
#include "cli/show.h"
#include "cli/signing.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/hex.h"
#include "keys/amend.h"
#include "keys/document.h"
#include "wire.h"

#include <stdlib.h>
#include <unistd.h>

enum { ROTATE_DAYS_MAX = 400, ROTATE_HOURS_MAX = 24 * 30, NUMBER_MAX = 1 << 30 };

static enum err read_time(const struct args *args, const char *name, uint64_t *ms,
                          struct fault *fault)
{
    const char *text = args_value(args, name);
    *ms = 0;
    return text == NULL || clock_parse(text, ms)
               ? OK
               : fault_set(fault, ERR_USAGE, 0, name, "a time: 2026-04-01T08:00:00.000Z");
}

static enum err open_registry(const struct cli *cli, struct registry **out, struct fault *fault)
{
    struct anchor anchor;
    enum err err = anchor_read(&anchor, args_value(cli->args, "anchor"), fault);
    return err != OK ? err
                     : registry_read(out, &anchor, args_value(cli->args, "registry"), 0, fault);
}

/* The document as a file, and what is to be done with it. */
static enum err write_out(const struct cli *cli, struct span lsd1, const char *zh, const char *en,
                          struct fault *fault)
{
    const char *path = args_value(cli->args, "out");
    enum err err = file_write(path, lsd1, 0644, FILE_NEW, fault);
    if (err != OK || !cli->json) {
        if (err == OK)
            fprintf(cli->world->out, "%s %s / %s: %s\n", zh, path, en, path);
        return err;
    }
    struct json *j = json_map();
    json_put_text(j, "file", path);
    json_put_text(j, "document", en);
    err = show_json(cli->world->out, j);
    json_close(&j);
    return err;
}

/* ---- key revoke, key sign ---- */

static lianshu_RevocationReason reason_of(const char *word)
{
    static const char *const words[] = {"", "compromised", "lost", "replaced", "ended"};
    for (size_t i = 1; i < sizeof words / sizeof words[0]; i++) {
        if (strcmp(word, words[i]) == 0)
            return (lianshu_RevocationReason)i;
    }
    return lianshu_RevocationReason_REVOCATION_NONE;
}

/* Which key, of whom, and which number comes next. */
static enum err fill_revocation(const struct cli *cli, const struct registry *r,
                                const char *registrar, lianshu_Revocation *body,
                                struct fault *fault)
{
    const char *kid = cli->args->operand[0];
    const struct registry_key *key;
    uint64_t number = 0;
    uint64_t last = 0;
    if (!hex_decode(kid, body->kid, sizeof body->kid))
        return fault_set(fault, ERR_USAGE, 0, "KID", "32 lower-case hexadecimal digits");
    body->reason = reason_of(args_value(cli->args, "reason"));
    if (body->reason == lianshu_RevocationReason_REVOCATION_NONE)
        return fault_set(fault, ERR_USAGE, 0, "--reason", "compromised, lost, replaced or ended");
    enum err err = read_time(cli->args, "compromised-since", &body->compromised_since_ms, fault);
    if (err == OK)
        err = args_number(cli->args, "number", 1, NUMBER_MAX, 0, &number, fault);
    if (err != OK)
        return err;
    if (body->compromised_since_ms > cli->world->now_ms())
        return fault_set(fault, ERR_USAGE, 0, "--compromised-since", "it lies in the future");
    if ((err = registry_key(r, body->kid, &key)) != OK)
        return fault_set(fault, err, 0, kid, "the registry has no such key");
    if ((err = registry_revocations(r, registrar, &last)) != OK)
        return fault_set(fault, err, 0, registrar, "is no registrar of this registry");
    body->number = number != 0 ? number : last + 1;
    snprintf(body->member, sizeof body->member, "%s", key->member->id);
    return OK;
}

enum err cli_key_revoke(const struct cli *cli, struct fault *fault)
{
    const struct entropy entropy = entropy_system();
    struct registry *r = NULL;
    struct signing own;
    lianshu_Revocation body = {.number = 0};
    uint8_t bytes[AMEND_DOCUMENT_MAX];
    struct writer w = writer_of(bytes, sizeof bytes);

    enum err err = open_registry(cli, &r, fault);
    if (err != OK)
        return err;
    err = signing_open(&own, cli->args, "key", KEY_USE_REGISTRAR, true, fault);
    if (err == OK && (err = fill_revocation(cli, r, own.member, &body, fault)) == OK) {
        const struct office_paper paper = {.realm = registry_realm(r),
                                           .type = lianshu_DocumentType_TYPE_KEY_REVOCATION,
                                           .desc = &lianshu_Revocation_msg,
                                           .body = &body,
                                           .now_ms = cli->world->now_ms(),
                                           .entropy = &entropy};
        const struct office_signers by = {.member = own.member,
                                          .keys = own.key,
                                          .key_count = own.key_count,
                                          .later = own.later,
                                          .later_count = own.later_count};
        err = office_document(&paper, &by, &w);
        if (err != OK)
            (void)fault_set(fault, err, 0, own.member, "%s", err_en(err));
        else
            err = write_out(cli, writer_span(&w), "吊销文书", "revocation", fault);
    }
    signing_close(&own);
    registry_close(&r);
    return err;
}

/* What the official has signed. */
static enum err tell_revocation(const struct cli *cli, struct span lsd1, struct fault *fault)
{
    static lianshu_Document d;
    struct frame_document frame;
    lianshu_Revocation body;
    char kid[2 * KID_LEN + 1];
    char since[CLOCK_TEXT_LEN + 1] = "";
    enum err err = frame_parse_document(lsd1, &frame);
    if (err == OK)
        err = wire_decode(&lianshu_Document_msg, frame.document, &d);
    if (err == OK && d.type != lianshu_DocumentType_TYPE_KEY_REVOCATION)
        err = ERR_TYPE_UNKNOWN;
    if (err == OK)
        err = wire_decode(&lianshu_Revocation_msg, span_of(d.body.bytes, d.body.size), &body);
    if (err != OK)
        return fault_set(fault, err, 0, cli->args->operand[0], "no revocation");
    hex_encode(span_of(body.kid, KID_LEN), kid);
    if (body.compromised_since_ms != 0)
        clock_format(body.compromised_since_ms, since);
    if (!cli->json)
        fprintf(cli->world->out,
                "吊销第 %llu 号 / revocation %llu\n成员 / member: %s\n密钥 / key: %s\n"
                "存疑自 / doubted since: %s\n",
                (unsigned long long)body.number, (unsigned long long)body.number, body.member, kid,
                since[0] != '\0' ? since : "签发 / its issue");
    return OK;
}

enum err cli_key_sign(const struct cli *cli, struct fault *fault)
{
    const char *path = cli->args->operand[0];
    struct signing own;
    uint8_t bytes[AMEND_DOCUMENT_MAX];
    struct writer w = writer_of(bytes, sizeof bytes);
    uint8_t *data = NULL;
    size_t len;
    enum err err = file_read(path, AMEND_DOCUMENT_MAX, 0, &data, &len, fault);
    if (err != OK)
        return err;
    err = signing_open(&own, cli->args, "key", KEY_USE_REGISTRAR, false, fault);
    if (err == OK && (err = document_add_signature(span_of(data, len), own.key[0], &w)) != OK)
        (void)fault_set(fault, err, 0, path,
                        err == ERR_EXISTS ? "this key has signed it"
                                          : "this key is not named in it");
    if (err == OK)
        err = tell_revocation(cli, span_of(data, len), fault);
    if (err == OK)
        err = write_out(cli, writer_span(&w), "已签署", "signed", fault);
    signing_close(&own);
    free(data);
    return err;
}

/* ---- key rotate ---- */

/* One renewal at the member. */
struct rotation {
    const struct cli *cli;
    struct registry *registry;
    struct passphrase *passphrase;
    struct keyring *old;
    struct keyring *ring; /* that takes its place */
    const char *member;
    uint64_t now_ms, from_ms;
    lianshu_KeyRecord body;
};

/* The registry's row of a key that this file holds; NULL: it has none. */
static const struct registry_key *row_of(const struct rotation *r, const struct key *key)
{
    const struct registry_key *row;
    return registry_key(r->registry, key_kid(key), &row) == OK &&
                   strcmp(row->member->id, r->member) == 0
               ? row
               : NULL;
}

static void put_key(struct rotation *r, const uint8_t public_key[static KEY_PUBLIC_LEN],
                    enum key_use use, uint64_t from_ms, uint64_t until_ms)
{
    lianshu_MemberKey *to = &r->body.keys[r->body.keys_count++];
    *to = (lianshu_MemberKey){
        .use = (lianshu_KeyUse)use, .valid_from_ms = from_ms, .valid_until_ms = until_ms};
    memcpy(to->public_key, public_key, KEY_PUBLIC_LEN);
}

/* A new key of that use; the one in force ends after the overlap. */
static enum err renew(struct rotation *r, enum key_use use, uint64_t days,
                      const struct entropy *entropy)
{
    struct key *fresh = NULL;
    const uint64_t overlap_ms = r->from_ms + AMEND_OVERLAP_MS;
    const struct key *current = registry_own_key(r->registry, r->old, r->member, use, r->now_ms);
    enum err err = key_make(&fresh, use, r->now_ms, entropy);
    if (err != OK)
        return err;
    put_key(r, key_public(fresh), use, r->from_ms, r->from_ms + days * (uint64_t)DAY_MS);
    if (current != NULL) {
        const struct registry_key *row = row_of(r, current);
        put_key(r, row->public_key, use, row->valid_from_ms,
                row->valid_until_ms < overlap_ms ? row->valid_until_ms : overlap_ms);
    }
    err = keyring_add(r->ring, &fresh);
    key_close(&fresh);
    return err;
}

/* What the new file keeps: everything but seal and transport keys that nobody needs any more. */
static bool kept(const struct rotation *r, const struct key *key)
{
    const struct registry_key *row = row_of(r, key);
    const enum key_use use = key_use(key);
    const uint64_t read_ms =
        use == KEY_USE_SEAL ? AMEND_KEEP_MS - AMEND_OVERLAP_MS : (uint64_t)DAY_MS;
    if ((use != KEY_USE_SEAL && use != KEY_USE_TRANSPORT) || row == NULL)
        return true;
    return r->now_ms < row->valid_until_ms + read_ms;
}

static enum err copy_kept(struct rotation *r)
{
    enum err err = keyring_open(&r->ring, r->member, keyring_name(r->old));
    for (size_t i = 0; err == OK && i < keyring_count(r->old); i++) {
        const struct key *key = keyring_at(r->old, i);
        struct key *copy = NULL;
        if (!kept(r, key))
            continue;
        err = key_import(&copy, key_use(key), key_created_ms(key), key_secret(key));
        if (err == OK)
            err = keyring_add(r->ring, &copy);
        key_close(&copy);
    }
    return err;
}

static enum err open_rotation(struct rotation *r, struct fault *fault)
{
    const struct args *args = r->cli->args;
    uint64_t hours = 0;
    uint64_t number = 0;
    enum err err = args_number(args, "in-hours", 0, ROTATE_HOURS_MAX, 1, &hours, fault);
    if (err == OK)
        err = args_number(args, "number", 1, NUMBER_MAX, 0, &number, fault);
    if (err == OK)
        err = open_registry(r->cli, &r->registry, fault);
    if (err == OK)
        err = passphrase_read(&r->passphrase, args_value(args, "passphrase-file"), fault);
    if (err == OK)
        err = keyfile_read(&r->old, args_value(args, "key"), r->passphrase, fault);
    if (err != OK)
        return err;
    r->member = keyring_owner(r->old);
    const struct registry_member *member = registry_member(r->registry, r->member);
    if (member == NULL)
        return fault_set(fault, ERR_MEMBER_UNKNOWN, 0, r->member, "is not in the registry");
    r->now_ms = r->cli->world->now_ms();
    r->from_ms = r->now_ms + hours * (uint64_t)HOUR_MS;
    r->body.number = number != 0 ? number : member->key_records + 1;
    return copy_kept(r);
}

static enum err sign_record(const struct rotation *r, const struct entropy *entropy,
                            struct writer *w, struct fault *fault)
{
    const struct key *sign =
        registry_own_key(r->registry, r->old, r->member, KEY_USE_SIGN, r->now_ms);
    if (sign == NULL)
        return fault_set(fault, ERR_KEY_EXPIRED, 0, args_value(r->cli->args, "key"),
                         "holds no signing key that the registry has now");
    const struct office_paper paper = {.realm = registry_realm(r->registry),
                                       .type = lianshu_DocumentType_TYPE_KEY_RECORD,
                                       .desc = &lianshu_KeyRecord_msg,
                                       .body = &r->body,
                                       .now_ms = r->now_ms,
                                       .entropy = entropy};
    const struct office_signers by = {.member = r->member, .keys = &sign, .key_count = 1};
    const enum err err = office_document(&paper, &by, w);
    return err == OK ? OK : fault_set(fault, err, 0, r->member, "%s", err_en(err));
}

/* First the record is made, then the keys are in the file, then the record goes out: whoever gets
 * it finds a member that can read what is sealed to it. */
static enum err rotate(struct rotation *r, struct fault *fault)
{
    const struct args *args = r->cli->args;
    const struct entropy entropy = entropy_system();
    const struct keyfile_cost cost = {0, r->cli->world->kdf_memory};
    const char *only = args_value(args, "use");
    uint8_t bytes[AMEND_DOCUMENT_MAX];
    struct writer w = writer_of(bytes, sizeof bytes);
    uint64_t days = 0;
    enum err err = args_number(args, "days", 1, ROTATE_DAYS_MAX, 120, &days, fault);
    if (err == OK && only != NULL && strcmp(only, "seal") != 0 && strcmp(only, "transport") != 0)
        err =
            fault_set(fault, ERR_USAGE, 0, "--use", "seal or transport; both when it is left out");
    if (err == OK && access(args_value(args, "out"), F_OK) == 0)
        err = fault_set(fault, ERR_EXISTS, 0, args_value(args, "out"), "is there already");
    if (err == OK)
        err = open_rotation(r, fault);
    if (err == OK && (only == NULL || strcmp(only, "seal") == 0))
        err = renew(r, KEY_USE_SEAL, days, &entropy);
    if (err == OK && (only == NULL || strcmp(only, "transport") == 0))
        err = renew(r, KEY_USE_TRANSPORT, days, &entropy);
    if (err == OK)
        err = sign_record(r, &entropy, &w, fault);
    if (err == OK)
        err = keyfile_write(r->ring, args_value(args, "key"), true, r->passphrase, cost, &entropy,
                            fault);
    return err != OK
               ? err
               : write_out(r->cli, writer_span(&w),
                           "新密钥已入密钥文件，请重启适配器并提交密钥记录",
                           "keys renewed; restart the adapter, then submit the key record", fault);
}

enum err cli_key_rotate(const struct cli *cli, struct fault *fault)
{
    struct rotation r = {.cli = cli};
    const enum err err = rotate(&r, fault);
    keyring_close(&r.ring);
    keyring_close(&r.old);
    passphrase_close(&r.passphrase);
    registry_close(&r.registry);
    return err;
}

/* ---- at the hub ---- */

enum err cli_hub_amend(const struct cli *cli, struct fault *fault)
{
    char hex[2 * AMEND_DOCUMENT_MAX + 1];
    uint8_t *data = NULL;
    size_t len;
    enum err err = file_read(cli->args->operand[0], AMEND_DOCUMENT_MAX, 0, &data, &len, fault);
    if (err != OK)
        return err;
    struct json *request = ask_request("amend");
    hex_encode(span_of(data, len), hex);
    json_put_text(request, "document", hex);
    free(data);
    return ask_print(cli, request, fault);
}

static enum err put_kid(const char *text, struct json *request, struct fault *fault)
{
    uint8_t kid[KID_LEN];
    if (!hex_decode(text, kid, sizeof kid)) {
        json_close(&request);
        return fault_set(fault, ERR_USAGE, 0, "KID", "32 lower-case hexadecimal digits");
    }
    json_put_text(request, "kid", text);
    return OK;
}

enum err cli_key_history(const struct cli *cli, struct fault *fault)
{
    const char *who = cli->args->operand[0];
    uint64_t at_ms = 0;
    enum err err = read_time(cli->args, "at", &at_ms, fault);
    if (err != OK)
        return err;
    struct json *request = ask_request("key.history");
    if (strchr(who, '.') != NULL)
        json_put_text(request, "member", who);
    else if ((err = put_kid(who, request, fault)) != OK)
        return err;
    if (at_ms != 0)
        json_put_uint(request, "at_ms", at_ms);
    return ask_print(cli, request, fault);
}

enum err cli_revocation_effects(const struct cli *cli, struct fault *fault)
{
    struct json *request = ask_request("revocation.effects");
    uint64_t from = 0;
    enum err err = args_number(cli->args, "from", 0, UINT32_MAX, 0, &from, fault);
    if (err != OK) {
        json_close(&request);
        return err;
    }
    if ((err = put_kid(cli->args->operand[0], request, fault)) != OK)
        return err;
    if (from != 0)
        json_put_uint(request, "from", from);
    return ask_print(cli, request, fault);
}
