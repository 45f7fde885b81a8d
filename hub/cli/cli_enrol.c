/* Enrolment: the registrar invites, the member asks with proof of possession of its keys, two
 * officials of the registrar look at it and approve. */
#include "cli/cli.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/hex.h"
#include "check.h"
#include "cli/ledger.h"
#include "cli/pubfile.h"
#include "cli/show.h"
#include "keys/guard.h"
#include "keys/roles.h"

#include <stdlib.h>
#include <unistd.h>

enum {
    INVITE_DAYS_DEFAULT = 7,
    INVITE_DAYS_MAX = 30,
    PATH_BYTES = 1024,
};

/* ---- the registrar invites ---- */

static enum err read_desk(const char *path, uint8_t out[static KEY_PUBLIC_LEN], struct fault *fault)
{
    struct pubfile pub;
    const enum err err = pubfile_read(&pub, path, fault);
    if (err != OK)
        return err;
    if (strcmp(pub.use, "enrolment") != 0 || pub.key_count != 1 || pub.key[0].use != KEY_USE_SEAL)
        return fault_set(fault, ERR_KEY_USE, 0, path, "made with --use enrolment");
    memcpy(out, pub.key[0].public_key, KEY_PUBLIC_LEN);
    return OK;
}

static enum err read_role(const struct args *args, struct enrol_invitation *in, struct fault *fault)
{
    const char *role = args_value(args, "role");
    const bool official = strcmp(in->use, "official") == 0;
    in->role = role == NULL ? 0 : roles_of_word(role);
    if (official != (role != NULL) || (role != NULL && in->role == 0))
        return fault_set(fault, ERR_USAGE, 0, "--role",
                         "with --use official, and only then: operator, security or auditor");
    return OK;
}

static enum err read_invitee(const struct cli *cli, struct enrol_invitation *in,
                             struct fault *fault)
{
    const struct args *args = cli->args;
    const char *adapter = args_value(args, "adapter");
    const char *member;
    uint64_t days;

    enum err err = args_member(args, "member", &member, fault);
    if (err == OK)
        err = args_number(args, "days", 1, INVITE_DAYS_MAX, INVITE_DAYS_DEFAULT, &days, fault);
    if (err != OK)
        return err;
    if (!enrol_use_known(args_value(args, "use")))
        return fault_set(fault, ERR_USAGE, 0, "--use",
                         "one of adapter, hub, signer, official, witness");
    if (adapter != NULL && !pubfile_name_valid(adapter))
        return fault_set(fault, ERR_USAGE, 0, "--adapter", "letters, digits, _ and -, at most %d",
                         PUBFILE_NAME_MAX);
    if (!realm_valid(args_value(args, "realm")))
        return fault_set(fault, ERR_REALM, 0, "--realm", "a name like demo");
    snprintf(in->member, sizeof in->member, "%s", member);
    snprintf(in->use, sizeof in->use, "%s", args_value(args, "use"));
    snprintf(in->adapter, sizeof in->adapter, "%s", adapter == NULL ? "" : adapter);
    snprintf(in->realm, sizeof in->realm, "%s", args_value(args, "realm"));
    in->expires_ms = cli->world->now_ms() + days * (uint64_t)DAY_MS;
    err = read_role(args, in, fault);
    return err == OK ? read_desk(args_value(args, "desk"), in->desk, fault) : err;
}

/* The code leaves guarded memory into a private file, and nowhere else. */
static enum err write_code(const struct enrol_code *code, const char *path, struct fault *fault)
{
    char *text = guard_alloc(ENROL_CODE_TEXT_LEN + 2);
    if (text == NULL)
        return ERR_NO_MEMORY;
    enrol_code_text(code, text);
    text[ENROL_CODE_TEXT_LEN] = '\n';
    const enum err err =
        file_write(path, span_of(text, ENROL_CODE_TEXT_LEN + 1), 0600, FILE_NEW, fault);
    guard_free(text);
    return err;
}

static enum err say_invited(const struct cli *cli, const struct enrol_invitation *in)
{
    struct json *j = json_map();
    json_put_hex(j, "invitation", span_of(in->id, FRAME_ID_LEN));
    json_put_text(j, "member", in->member);
    json_put_text(j, "use", in->use);
    json_put_ms(j, "expires", in->expires_ms);
    json_put_text(j, "file", args_value(cli->args, "out"));
    json_put_text(j, "code_file", args_value(cli->args, "code-out"));
    const enum err err = show_result(cli, j);
    json_close(&j);
    return err;
}

enum err cli_enrol_invite(const struct cli *cli, struct fault *fault)
{
    const char *out = args_value(cli->args, "out");
    const char *code_out = args_value(cli->args, "code-out");
    const struct entropy entropy = entropy_system();
    struct enrol_entry entry = {.wrong = 0};
    struct enrol_code *code = NULL;
    struct ledger *ledger = NULL;

    enum err err = read_invitee(cli, &entry.invitation, fault);
    if (err == OK && (access(out, F_OK) == 0 || access(code_out, F_OK) == 0))
        err = fault_set(fault, ERR_EXISTS, 0, access(out, F_OK) == 0 ? out : code_out,
                        "an invitation is never replaced");
    if (err == OK)
        err = ledger_open(&ledger, args_value(cli->args, "ledger"), true, fault);
    if (err == OK)
        err = enrol_code_make(&code, &entropy);
    if (err != OK)
        goto out;
    entropy_id(&entropy, cli->world->now_ms(), entry.invitation.id);
    /* The ledger first: what it does not know is worth nothing, and can be made again. */
    if ((err = enrol_code_hash(code, &entry.invitation, entry.code_hash)) != OK ||
        (err = ledger_add(ledger, &entry, fault)) != OK ||
        (err = ledger_save(ledger, fault)) != OK ||
        (err = write_code(code, code_out, fault)) != OK ||
        (err = invitation_write(&entry.invitation, out, fault)) != OK)
        goto out;
    err = say_invited(cli, &entry.invitation);
out:
    enrol_code_close(&code);
    ledger_close(&ledger);
    return err;
}

/* ---- the member asks ---- */

static enum err read_code(const struct cli *cli, struct enrol_code **out, struct fault *fault)
{
    const char *path = args_value(cli->args, "code-file");
    struct passphrase *typed = NULL;
    enum err err = strcmp(path, "-") == 0 ? passphrase_read_fd(&typed, cli->world->in, fault)
                                          : passphrase_read(&typed, path, fault);
    if (err == OK && (err = enrol_code_of(out, typed)) != OK)
        err = fault_set(fault, err, 1, path, "six groups of four, as on the paper");
    passphrase_close(&typed);
    return err;
}

/* The dates of the keys stand beside the key file. */
static enum err read_public(const struct args *args, struct pubfile *pub, struct fault *fault)
{
    const char *path = args_value(args, "public");
    char beside[PATH_BYTES];
    if (path == NULL) {
        if (snprintf(beside, sizeof beside, "%s.pub", args_value(args, "key")) >=
            (int)sizeof beside)
            return fault_set(fault, ERR_FIELD_LONG, 0, "--key", "path: at most %d bytes",
                             PATH_BYTES - 5);
        path = beside;
    }
    return pubfile_read(pub, path, fault);
}

static enum err check_public(const struct pubfile *pub, const struct enrol_invitation *in,
                             struct fault *fault)
{
    if (strcmp(pub->member, in->member) == 0 && strcmp(pub->use, in->use) == 0 &&
        strcmp(pub->adapter, in->adapter) == 0)
        return OK;
    return fault_set(fault, ERR_ENROL_CODE, 0, "--key", "the invitation is for %s, %s%s%s",
                     in->member, in->use, in->adapter[0] == '\0' ? "" : " ", in->adapter);
}

static enum err write_request(const struct cli *cli, const struct enrol_invitation *in,
                              const struct enrol_code *code, const struct pubfile *pub,
                              const struct keyring *ring, struct fault *fault)
{
    const struct entropy entropy = entropy_system();
    const char *out = args_value(cli->args, "out");
    lianshu_MemberKey keys[PUBFILE_KEYS_MAX];
    uint8_t bytes[ENROL_FRAME_MAX];
    struct writer w = writer_of(bytes, sizeof bytes);
    struct enrol_request made;

    for (size_t i = 0; i < pub->key_count; i++) {
        keys[i] = (lianshu_MemberKey){.use = (lianshu_KeyUse)pub->key[i].use,
                                      .valid_from_ms = pub->key[i].valid_from_ms,
                                      .valid_until_ms = pub->key[i].valid_until_ms};
        memcpy(keys[i].public_key, pub->key[i].public_key, KEY_PUBLIC_LEN);
    }
    const struct enrol_wish wish = {.invitation = in,
                                    .code = code,
                                    .ring = ring,
                                    .keys = keys,
                                    .key_count = pub->key_count,
                                    .now_ms = cli->world->now_ms(),
                                    .entropy = &entropy};
    enum err err = enrol_request_make(&wish, &w, fault);
    if (err == OK)
        err = enrol_request_read(&made, writer_span(&w), fault);
    if (err == OK)
        err = file_write(out, writer_span(&w), 0644, FILE_NEW, fault);
    if (err != OK)
        return err;
    struct json *j = json_map();
    json_put_text(j, "file", out);
    json_put_hex(j, "fingerprint", span_of(made.hash, HASH_LEN));
    err = show_result(cli, j);
    json_close(&j);
    return err;
}

enum err cli_enrol_request(const struct cli *cli, struct fault *fault)
{
    const struct args *args = cli->args;
    struct enrol_invitation invitation;
    struct enrol_code *code = NULL;
    struct keyring *ring = NULL;
    struct pubfile pub;

    enum err err = invitation_read(&invitation, args->operand[0], fault);
    if (err == OK)
        err = read_public(args, &pub, fault);
    if (err == OK)
        err = check_public(&pub, &invitation, fault);
    if (err == OK)
        err = read_code(cli, &code, fault);
    if (err == OK)
        err = keyfile_open(&ring, args_value(args, "key"), args_value(args, "passphrase-file"),
                           fault);
    if (err == OK)
        err = write_request(cli, &invitation, code, &pub, ring, fault);
    keyring_close(&ring);
    enrol_code_close(&code);
    return err;
}
