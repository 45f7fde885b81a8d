/* What an act of officials is about, from the command that makes it. */
#include "cli/ask.h"
#include "cli/copy.h"
#include "cli/desk.h"

#include "base/file.h"
#include "base/hex.h"
#include "keys/note.h"

#include <stdlib.h>

static enum err read_member(const struct args *args, const char *name, char *out,
                            struct fault *fault)
{
    const char *member;
    const enum err err = args_member(args, name, &member, fault);
    if (err == OK && member != NULL)
        snprintf(out, MEMBER_MAX + 1, "%s", member);
    return err;
}

/* "E646" or "646". */
static enum err read_reason(const struct args *args, uint32_t *out, struct fault *fault)
{
    const char *text = args_value(args, "reason");
    *out = 0;
    if (text == NULL)
        return OK;
    const char *digits = text[0] == 'E' ? text + 1 : text;
    if (strlen(digits) != 3 || strspn(digits, "0123456789") != 3)
        return fault_set(fault, ERR_USAGE, 0, "--reason", "a code like E646");
    *out = (uint32_t)strtoul(digits, NULL, 10);
    return (uint32_t)err_from_code(*out) == *out
               ? OK
               : fault_set(fault, ERR_USAGE, 0, "--reason", "no code of the table of codes");
}

/* The one row of the hub's list that begins like this, and its sender. */
static enum err find_row(const struct cli *cli, const char *prefix, struct desk *desk,
                         struct fault *fault)
{
    const char *group = cli->args->command->group;
    char *text = NULL;
    struct json *answer = NULL;
    struct json *request = json_map();
    const struct json *found = NULL;
    size_t count = 0;

    json_put_text(request, "cmd", group);
    json_put_text(request, "recipient", desk->body.recipient);
    json_put_text(request, "sender", desk->body.sender);
    enum err err = ask_hub(cli, request, &text, &answer, fault);
    if (err != OK)
        return err;
    const struct json *list = json_get(answer, group);
    for (size_t i = 0; i < json_count(list); i++) {
        const char *id = json_get_text(json_item(list, i), "message_id");
        if (id == NULL || strncmp(id, prefix, strlen(prefix)) != 0)
            continue;
        found = json_item(list, i);
        count++;
    }
    const char *id = json_get_text(found, "message_id");
    const char *sender = json_get_text(found, "sender");
    err = ERR_NOT_FOUND;
    if (count == 1 && id != NULL && sender != NULL && member_valid(sender) &&
        hex_decode(id, desk->body.message_id, sizeof desk->body.message_id)) {
        snprintf(desk->body.sender, sizeof desk->body.sender, "%s", sender);
        err = OK;
    }
    free(text);
    json_close(&answer);
    return err == OK ? OK
                     : fault_set(fault, err, 0, "MESSAGE_ID",
                                 "none for this recipient, or more than one, begins like this");
}

/* The realm and the number of the log whose head this is. */
static enum err read_origin(struct desk *desk, const char *origin, const char *path,
                            struct fault *fault)
{
    const size_t hub = strlen(desk->member);
    const char *realm = strncmp(origin, desk->member, hub) == 0 ? origin + hub : "";
    const size_t len = strcspn(realm, "/");
    uint32_t number = 0;
    if (realm[0] == '.' && len <= sizeof desk->realm) {
        memcpy(desk->realm, realm + 1, len - 1);
        desk->realm[len - 1] = '\0';
    }
    if (!note_origin_number(origin, desk->member, desk->realm, &number) || number == UINT32_MAX)
        return fault_set(fault, ERR_CHECKPOINT, 0, path, "of another log: %s", origin);
    desk->body.log_number = number + 1;
    return OK;
}

/* What the signer of the log that ends has signed last. */
static enum err read_head(const char *path, struct desk *desk, struct fault *fault)
{
    lianshu_OfficialAct *body = &desk->body;
    struct checkpoint head;
    uint8_t *note = NULL;
    size_t len;
    enum err err = file_read(path, NOTE_LEN_MAX, 0, &note, &len, fault);
    if (err != OK)
        return err;
    err = note_parse(span_of(note, len), &head);
    free(note);
    if (err != OK)
        return fault_set(fault, err, 0, path,
                         "lianshu-signer --head, or a checkpoint that was kept");
    body->signed_size = head.size;
    body->signed_root.size = HASH_LEN;
    memcpy(body->signed_root.bytes, head.root, HASH_LEN);
    return read_origin(desk, head.origin, path, fault);
}

/* A signer that has lost its state takes nothing but an answer to what it printed then. */
static enum err read_challenge(const struct args *args, lianshu_OfficialAct *body,
                               struct fault *fault)
{
    const char *text = args_value(args, "challenge");
    if (text == NULL || hex_decode(text, body->message_id, sizeof body->message_id))
        return OK;
    return fault_set(fault, ERR_USAGE, 0, "--challenge", "what lianshu-signer --lost printed");
}

/* The officials' own hub was set back to a copy: for its signer and the adapters. */
static enum err read_restored(const struct args *args, struct desk *desk, struct fault *fault)
{
    lianshu_OfficialAct *body = &desk->body;
    enum err err = OK;
    if (!member_is_hub(desk->member))
        return fault_set(fault, ERR_OTHER_HUB, 0, "--key", "the officials are not of a hub");
    if ((err = read_challenge(args, body, fault)) != OK ||
        (err = read_head(args_value(args, "head"), desk, fault)) != OK ||
        (err = copy_tree(args_value(args, "backup"), &desk->copy, fault)) != OK)
        return err;
    if (desk->copy.size == 0)
        return fault_set(fault, ERR_LOG_TRUNCATED, 0, "--backup", "its log is empty");
    body->verb = lianshu_OfficialVerb_OFFICIAL_RESTORED;
    body->log_size = desk->copy.size;
    body->object.size = HASH_LEN;
    frontier_root(&desk->copy, body->object.bytes);
    snprintf(body->recipient, sizeof body->recipient, "%s", desk->member);
    snprintf(body->sender, sizeof body->sender, "%s", desk->member);
    return OK;
}

/* A member has asked theirs who stands behind a pseudonym: for the answer, not for the hub. */
static enum err read_unmask(const struct args *args, struct desk *desk, struct fault *fault)
{
    const char *id = args->operand[0];
    lianshu_OfficialAct *body = &desk->body;
    enum err err = read_member(args, "asker", body->sender, fault);
    if (err == OK)
        err = args_id(id, ARGS_ID_LEN, ARGS_ID_LEN, "MESSAGE_ID",
                      "of the request: 32 lower-case hexadecimal digits", fault);
    if (err == OK && strcmp(body->sender, desk->member) == 0)
        err = fault_set(fault, ERR_REPORTER, 0, "--asker", "the officials' own member");
    if (err != OK)
        return err;
    body->verb = lianshu_OfficialVerb_OFFICIAL_UNMASK;
    snprintf(body->recipient, sizeof body->recipient, "%s", desk->member);
    return hex_decode(id, body->message_id, sizeof body->message_id) ? OK : ERR_INTERNAL;
}

/* The hub's own keys at rest: it says which pair its key file holds for it. */
static enum err read_rekey(const struct cli *cli, struct desk *desk, struct fault *fault)
{
    lianshu_OfficialAct *body = &desk->body;
    char *text = NULL;
    struct json *answer = NULL;
    enum err err = ask_hub(cli, ask_request("rekey"), &text, &answer, fault);
    if (err != OK)
        return err;
    const char *object = json_get_text(answer, "object");
    if (object == NULL || !hex_decode(object, body->object.bytes, HASH_LEN))
        err = fault_set(fault, ERR_KEY_FILE, 0, "hub",
                        "it has read no other pair: lianshu key renew, then start it again");
    free(text);
    json_close(&answer);
    body->verb = lianshu_OfficialVerb_OFFICIAL_REKEY;
    body->object.size = HASH_LEN;
    snprintf(body->recipient, sizeof body->recipient, "%s", desk->member);
    snprintf(body->sender, sizeof body->sender, "%s", desk->member);
    return err;
}

/* A revoked key, and whose it is. */
static enum err read_doubt(const struct cli *cli, struct desk *desk, struct fault *fault)
{
    lianshu_OfficialAct *body = &desk->body;
    const char *kid = cli->args->operand[0];
    enum err err = read_member(cli->args, "member", body->sender, fault);
    if (err == OK && !hex_decode(kid, body->message_id, sizeof body->message_id))
        err = fault_set(fault, ERR_USAGE, 0, "KID", "32 lower-case hexadecimal digits");
    body->verb = lianshu_OfficialVerb_OFFICIAL_DOUBT;
    snprintf(body->recipient, sizeof body->recipient, "%s", desk->member);
    return err;
}

enum err desk_body(const struct cli *cli, struct desk *desk, struct fault *fault)
{
    if (strcmp(cli->args->command->group, "revocation") == 0)
        return read_doubt(cli, desk, fault);
    if (strcmp(cli->args->command->group, "hub") == 0)
        return read_rekey(cli, desk, fault);
    if (strcmp(cli->args->command->group, "restore") == 0)
        return read_restored(cli->args, desk, fault);
    if (strcmp(cli->args->command->verb, "unmask") == 0)
        return read_unmask(cli->args, desk, fault);
    const struct args *args = cli->args;
    const char *id = args->operand[0];
    lianshu_OfficialAct *body = &desk->body;

    body->verb = strcmp(args->command->verb, "release") == 0 ? lianshu_OfficialVerb_OFFICIAL_RELEASE
                                                             : lianshu_OfficialVerb_OFFICIAL_RETURN;
    enum err err = read_member(args, "for", body->recipient, fault);
    if (err == OK)
        err = read_member(args, "sender", body->sender, fault);
    if (err == OK)
        err = read_reason(args, &body->reason, fault);
    if (err == OK)
        err = args_id(id, ARGS_ID_PREFIX_MIN, ARGS_ID_LEN, "MESSAGE_ID",
                      "32 lower-case hexadecimal digits, or the first 6 or more of them", fault);
    if (err != OK)
        return err;
    if (strlen(id) < ARGS_ID_LEN || body->sender[0] == '\0')
        return find_row(cli, id, desk, fault);
    return hex_decode(id, body->message_id, sizeof body->message_id) ? OK : ERR_INTERNAL;
}
