/* Enrolment at the registrar's desk: what a request says and proves, and the approval of two
 * officials, each of whom gives the fingerprint that he has compared with the member. */
#include "cli/cli.h"

#include "base/file.h"
#include "base/hex.h"
#include "cli/ledger.h"
#include "cli/pubfile.h"
#include "cli/show.h"
#include "keys/roles.h"

#include <stdlib.h>

enum { FINGERPRINT_MIN = 16 /* hexadecimal digits: 64 bits that people compare */ };

/* One request on the desk. */
struct desk {
    uint8_t *data;
    struct enrol_request request;
    struct ledger *ledger;
    struct enrol_entry *entry; /* of the ledger */
    struct keyring *ring;      /* of the desk's X25519 key */
    struct keyring *official[ENROL_OFFICIALS];
    const struct key *key[ENROL_OFFICIALS];
    char registrar[MEMBER_MAX + 1];
};

static void desk_close(struct desk *desk)
{
    for (size_t i = 0; i < ENROL_OFFICIALS; i++)
        keyring_close(&desk->official[i]);
    keyring_close(&desk->ring);
    ledger_close(&desk->ledger);
    free(desk->data);
}

/* Faults of keys/enrol know no file. */
static enum err about(struct fault *fault, const char *path, enum err err)
{
    if (err != OK && fault != NULL && fault->err == err && fault->where[0] == '\0')
        snprintf(fault->where, sizeof fault->where, "%s", path);
    return err;
}

/* The ledger is asked, and keeps what it was asked, before anything else is done. */
static enum err admit(const struct cli *cli, struct desk *desk, const char *path,
                      struct fault *fault)
{
    enum err err = ledger_open(&desk->ledger, args_value(cli->args, "ledger"), false, fault);
    if (err != OK)
        return err;
    desk->entry = ledger_find(desk->ledger, desk->request.body.invitation);
    err = enrol_admit(desk->entry, &desk->request, cli->world->now_ms(), fault);
    if (err == OK)
        return OK;
    const enum err saved = desk->entry == NULL ? OK : ledger_save(desk->ledger, NULL);
    return saved == OK ? about(fault, path, err)
                       : fault_set(fault, saved, 0, args_value(cli->args, "ledger"),
                                   "the wrong code could not be counted");
}

/* Read, admitted, every proof verified. */
static enum err desk_open(const struct cli *cli, struct desk *desk, const char *desk_passphrase,
                          struct fault *fault)
{
    const char *path = cli->args->operand[0];
    const char *desk_path = args_value(cli->args, "desk");
    size_t len;
    enum err err = file_read(path, ENROL_FRAME_MAX, 0, &desk->data, &len, fault);
    if (err == OK)
        err =
            about(fault, path, enrol_request_read(&desk->request, span_of(desk->data, len), fault));
    if (err == OK)
        err = admit(cli, desk, path, fault);
    if (err == OK)
        err = keyfile_open(&desk->ring, desk_path, desk_passphrase, fault);
    if (err != OK)
        return err;
    const struct key *key = keyring_find(desk->ring, KEY_USE_SEAL);
    if (key == NULL)
        return fault_set(fault, ERR_KEY_USE, 0, desk_path, "made with --use enrolment");
    return about(fault, path,
                 enrol_request_verify(&desk->request, &desk->entry->invitation, key,
                                      cli->world->now_ms(), fault));
}

/* ---- what it says ---- */

static void add_keys(struct json *j, const lianshu_Enrolment *body)
{
    struct json *keys = json_list();
    for (pb_size_t i = 0; i < body->keys_count; i++) {
        const lianshu_MemberKey *key = &body->keys[i].key;
        uint8_t kid[KID_LEN];
        struct json *row = json_map();
        kid_of(kid, key_use_alg((enum key_use)key->use), key->public_key);
        json_put_text(row, "use", key_use_name((enum key_use)key->use));
        json_put_hex(row, "kid", span_of(kid, KID_LEN));
        json_put_ms(row, "from", key->valid_from_ms);
        json_put_ms(row, "valid_until", key->valid_until_ms);
        if (key->roles != 0)
            json_put_text(row, "role", roles_word(key->roles));
        json_add(keys, row);
    }
    json_put(j, "keys", keys);
}

static enum err show_request(const struct cli *cli, const struct desk *desk, const char *approval)
{
    const lianshu_Enrolment *body = &desk->request.body;
    struct json *j = json_map();
    json_put_hex(j, "fingerprint", span_of(desk->request.hash, HASH_LEN));
    json_put_text(j, "realm", desk->request.realm);
    json_put_text(j, "member", body->member);
    if (body->adapter[0] != '\0')
        json_put_text(j, "adapter", body->adapter);
    json_put_text(j, "use", body->use);
    json_put_hex(j, "invitation", span_of(body->invitation, FRAME_ID_LEN));
    json_put_ms(j, "issued", desk->request.issued_ms);
    json_put_ms(j, "expires", desk->entry->invitation.expires_ms);
    add_keys(j, body);
    if (approval != NULL)
        json_put_text(j, "file", approval);
    const enum err err = show_result(cli, j);
    json_close(&j);
    return err;
}

enum err cli_enrol_show(const struct cli *cli, struct fault *fault)
{
    struct desk desk = {.data = NULL};
    enum err err = desk_open(cli, &desk, args_value(cli->args, "passphrase-file"), fault);
    if (err == OK)
        err = show_request(cli, &desk, NULL);
    desk_close(&desk);
    return err;
}

/* ---- approval ---- */

/* He gives what he has seen: nobody approves unread. */
static enum err check_fingerprint(const struct cli *cli, const struct desk *desk,
                                  struct fault *fault)
{
    const char *given = args_value(cli->args, "fingerprint");
    char hex[2 * HASH_LEN + 1];
    enum err err = args_id(given, FINGERPRINT_MIN, 2 * HASH_LEN, "--fingerprint",
                           "the first 16 digits or more, as lianshu enrol show has them", fault);
    if (err != OK)
        return err;
    hex_encode(span_of(desk->request.hash, HASH_LEN), hex);
    return strncmp(hex, given, strlen(given)) == 0
               ? OK
               : fault_set(fault, ERR_FIELD_VALUE, 0, "--fingerprint",
                           "not that of this request: compare it with the member");
}

static enum err open_official(const struct args *args, struct desk *desk, size_t i,
                              struct fault *fault)
{
    const char *path = args_value_at(args, "key", i);
    const char *passphrase = args_value_at(args, "passphrase-file", i);
    if (passphrase == NULL)
        return fault_set(fault, ERR_USAGE, 0, "--passphrase-file",
                         "one for each --key, in the same order");
    enum err err = keyfile_open(&desk->official[i], path, passphrase, fault);
    if (err != OK)
        return err;
    desk->key[i] = keyring_find(desk->official[i], KEY_USE_REGISTRAR);
    if (desk->key[i] == NULL)
        return fault_set(fault, ERR_KEY_USE, 0, path, "made with --use registrar");
    if (i > 0 && strcmp(desk->registrar, keyring_owner(desk->official[i])) != 0)
        return fault_set(fault, ERR_TWO_OFFICIALS, 0, path, "of another registrar than the first");
    snprintf(desk->registrar, sizeof desk->registrar, "%s", keyring_owner(desk->official[i]));
    return OK;
}

static enum err open_officials(const struct args *args, struct desk *desk, struct fault *fault)
{
    enum err err = OK;
    size_t count = 0;
    while (args_value_at(args, "key", count) != NULL)
        count++;
    if (count > ENROL_OFFICIALS)
        return fault_set(fault, ERR_USAGE, 0, "--key", "at most two");
    for (size_t i = 0; err == OK && i < count; i++)
        err = open_official(args, desk, i, fault);
    return err;
}

/* The official who will sign at another desk. */
static enum err read_second(const struct args *args, const struct desk *desk,
                            struct enrol_approving *a, struct fault *fault)
{
    const char *path = args_value(args, "second");
    struct pubfile pub;
    if (desk->key[1] != NULL || args_flag(args, "add"))
        return path == NULL ? OK : fault_set(fault, ERR_USAGE, 0, "--second", "both sign already");
    if (path == NULL)
        return fault_set(fault, ERR_TWO_OFFICIALS, 0, "--key",
                         "a second --key, or --second FILE.pub for the other desk");
    const enum err err = pubfile_read(&pub, path, fault);
    if (err != OK)
        return err;
    if (pub.key_count != 1 || pub.key[0].use != KEY_USE_REGISTRAR ||
        strcmp(pub.member, desk->registrar) != 0)
        return fault_set(fault, ERR_KEY_USE, 0, path, "no key of an official of this registrar");
    kid_of(a->second_kid, ALG_ED25519, pub.key[0].public_key);
    return OK;
}

/* Is none of the keys in service for somebody else, or for something else? */
static enum err check_registry(const struct cli *cli, const struct desk *desk, struct fault *fault)
{
    const char *path = args_value(cli->args, "registry");
    const char *anchor_path = args_value(cli->args, "anchor");
    struct registry *registry = NULL;
    struct anchor anchor;
    if (path == NULL && anchor_path == NULL)
        return OK;
    if (path == NULL || anchor_path == NULL)
        return fault_set(fault, ERR_USAGE, 0, "--registry", "together with --anchor");
    enum err err = anchor_read(&anchor, anchor_path, fault);
    if (err == OK)
        err = registry_read(&registry, &anchor, path, 0, fault);
    if (err == OK)
        err = about(fault, cli->args->operand[0],
                    enrol_request_new_to(&desk->request, registry, fault));
    registry_close(&registry);
    return err;
}

static enum err sign_approval(const struct cli *cli, const struct enrol_approving *a,
                              struct writer *w, struct fault *fault)
{
    const char *add = args_value(cli->args, "add");
    uint8_t *half = NULL;
    size_t len;
    if (add == NULL)
        return about(fault, cli->args->operand[0], enrol_approval_make(a, w, fault));
    enum err err = file_read(add, ENROL_FRAME_MAX, 0, &half, &len, fault);
    if (err == OK)
        err = about(fault, add, enrol_approval_sign(span_of(half, len), a, w, fault));
    free(half);
    return err;
}

/* Signed, noted as used, and only then given out. */
static enum err approve(const struct cli *cli, struct desk *desk, struct fault *fault)
{
    const struct entropy entropy = entropy_system();
    const char *out = args_value(cli->args, "out");
    uint8_t bytes[ENROL_FRAME_MAX];
    struct writer w = writer_of(bytes, sizeof bytes);
    struct enrol_approving a = {.request = &desk->request,
                                .realm = desk->entry->invitation.realm,
                                .registrar = desk->registrar,
                                .keys = {desk->key[0], desk->key[1]},
                                .now_ms = cli->world->now_ms(),
                                .entropy = &entropy};
    enum err err = read_second(cli->args, desk, &a, fault);
    if (err == OK)
        err = sign_approval(cli, &a, &w, fault);
    if (err != OK)
        return err;
    enrol_use(desk->entry, &desk->request);
    err = ledger_save(desk->ledger, fault);
    if (err == OK)
        err = file_write(out, writer_span(&w), 0644, FILE_NEW, fault);
    return err == OK ? show_request(cli, desk, out) : err;
}

enum err cli_enrol_approve(const struct cli *cli, struct fault *fault)
{
    struct desk desk = {.data = NULL};
    enum err err = desk_open(cli, &desk, args_value(cli->args, "desk-passphrase-file"), fault);
    if (err == OK)
        err = check_fingerprint(cli, &desk, fault);
    if (err == OK)
        err = check_registry(cli, &desk, fault);
    if (err == OK)
        err = open_officials(cli->args, &desk, fault);
    if (err == OK)
        err = approve(cli, &desk, fault);
    desk_close(&desk);
    return err;
}
