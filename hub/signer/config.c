#include "signer/config.h"

#include "check.h"

#include <pwd.h>
#include <stdlib.h>

enum { PASSWD_BYTES = 4096, USER_NAME_MAX = 64 };

static const char *const KEYS[] = {"realm",
                                   "member",
                                   "key_file",
                                   "passphrase_file",
                                   "state_file",
                                   "socket",
                                   "anchor",
                                   "registry",
                                   "client_user",
                                   "log_level",
                                   "token_paths",
                                   "next_key_file",
                                   "next_passphrase_file",
                                   NULL};

static enum err read_user(const struct yaml_node *node, uid_t *uid, struct fault *fault)
{
    char name[USER_NAME_MAX + 1];
    char room[PASSWD_BYTES];
    struct passwd row;
    struct passwd *found = NULL;
    uint64_t number;

    *uid = LOCAL_NO_UID;
    if (node == NULL)
        return OK;
    if (yaml_uint(node, INT32_MAX, &number, NULL) == OK) {
        *uid = (uid_t)number;
        return OK;
    }
    enum err err = yaml_copy(node, name, sizeof name, fault);
    if (err != OK)
        return err;
    if (getpwnam_r(name, &row, room, sizeof room, &found) != 0 || found == NULL)
        return yaml_fault(node, ERR_FIELD_VALUE, fault, "client_user: no such user");
    *uid = row.pw_uid;
    return OK;
}

static enum err read_names(const struct yaml_node *root, struct signer_config *out,
                           struct fault *fault)
{
    const struct yaml_node *realm;
    const struct yaml_node *member;

    enum err err = yaml_need(root, "realm", YAML_KIND_SCALAR, &realm, fault);
    if (err != OK || (err = yaml_copy(realm, out->realm, sizeof out->realm, fault)) != OK ||
        (err = yaml_need(root, "member", YAML_KIND_SCALAR, &member, fault)) != OK ||
        (err = yaml_copy(member, out->member, sizeof out->member, fault)) != OK)
        return err;
    if (!realm_valid(out->realm))
        return yaml_fault(realm, ERR_FIELD_VALUE, fault,
                          "realm: letters, digits and -, at most 16");
    if (!member_is_hub(out->member))
        return yaml_fault(member, ERR_FIELD_VALUE, fault, "member: the hub's, like hub.445100");
    return OK;
}

static enum err read_level(const struct yaml_node *node, enum log_level *out, struct fault *fault)
{
    *out = LOG_LEVEL_INFO;
    if (node == NULL)
        return OK;
    const char *text = yaml_text(node);
    if (text == NULL || log_level_parse(text, out) != OK)
        return yaml_fault(node, ERR_FIELD_VALUE, fault, "log_level: error, warn, info or debug");
    return OK;
}

enum err signer_config_read(struct signer_config *out, const char *path, struct fault *fault)
{
    struct yaml *y = NULL;

    *out = (struct signer_config){.client_uid = LOCAL_NO_UID};
    enum err err = yaml_open(&y, path, fault);
    if (err != OK)
        return err;
    const struct yaml_node *root = yaml_root(y);
    if ((err = yaml_only_keys(root, KEYS, fault)) != OK ||
        (err = read_names(root, out, fault)) != OK ||
        (err = place_read(root, "key_file", false, path, out->key_file, PLACE_MAX, fault)) != OK ||
        (err = place_read(root, "passphrase_file", false, path, out->passphrase_file, PLACE_MAX,
                          fault)) != OK ||
        (err = place_read(root, "next_key_file", true, path, out->next_key_file, PLACE_MAX,
                          fault)) != OK ||
        (err = place_read(root, "next_passphrase_file", true, path, out->next_passphrase_file,
                          PLACE_MAX, fault)) != OK ||
        (err = place_read(root, "state_file", false, path, out->state_file, PLACE_MAX, fault)) !=
            OK ||
        (err = place_read(root, "anchor", true, path, out->anchor, PLACE_MAX, fault)) != OK ||
        (err = place_read(root, "registry", true, path, out->registry, PLACE_MAX, fault)) != OK ||
        (err = place_read(root, "socket", false, path, out->socket, sizeof out->socket, fault)) !=
            OK ||
        (err = place_list_read(root, "token_paths", path, &out->token_paths, fault)) != OK ||
        (err = read_user(yaml_get(root, "client_user"), &out->client_uid, fault)) != OK ||
        (err = read_level(yaml_get(root, "log_level"), &out->log_level, fault)) != OK)
        goto out;
    err = OK;

out:
    yaml_close(&y);
    return err;
}
