#include "adapters/runtime/config.h"

#include "base/yaml.h"
#include "ident.h"
#include "keys/keyfile.h"

#include <stdio.h>
#include <string.h>

enum { WINDOW_MESSAGES_MAX = 4096, WINDOW_BYTES_MAX = 256 << 20, KEEP_DAYS_MAX = 36500 };

/* A path relative to the folder of the configuration. */
static enum err take_path(const struct yaml_node *node, const char *config,
                          char out[CONFIG_TEXT_MAX], struct fault *f)
{
    char text[CONFIG_TEXT_MAX];
    const char *slash = strrchr(config, '/');
    enum err err = yaml_copy(node, text, sizeof text, f);

    if (err != OK)
        return err;
    const bool whole = text[0] == '/' || !private_file_is_path(text);
    const int folder = whole || slash == NULL ? 0 : (int)(slash - config) + 1;
    const int n = snprintf(out, CONFIG_TEXT_MAX, "%.*s%s", folder, config, text);
    return n > 0 && n < CONFIG_TEXT_MAX ? OK : yaml_fault(node, ERR_FIELD_LONG, f, "path too long");
}

static enum err take_texts(struct config *c, const struct yaml_node *root, const char *path,
                           struct fault *f)
{
    enum err err;
    const struct {
        const char *key;
        bool is_path;
        const char **out;
    } texts[CONFIG_TEXTS] = {
        {"realm", false, &c->sdk.realm},
        {"member", false, &c->sdk.member},
        {"adapter", false, &c->sdk.adapter},
        {"hub", false, &c->sdk.hub},
        {"endpoint", false, &c->sdk.endpoint},
        {"key_file", true, &c->sdk.key_file},
        {"passphrase_file", true, &c->sdk.passphrase_file},
        {"anchor", true, &c->sdk.anchor},
        {"registry", true, &c->sdk.registry},
        {"regions", true, &c->regions},
        {"state_dir", true, &c->sdk.state_dir},
        {"directory", true, &c->directory},
        {"department", true, &c->department},
    };

    for (size_t i = 0; i < CONFIG_TEXTS; i++) {
        const struct yaml_node *node;
        if ((err = yaml_need(root, texts[i].key, YAML_KIND_SCALAR, &node, f)) != OK)
            return err;
        err = texts[i].is_path ? take_path(node, path, c->text[i], f)
                               : yaml_copy(node, c->text[i], CONFIG_TEXT_MAX, f);
        if (err != OK)
            return err;
        if (c->text[i][0] == '\0')
            return yaml_fault(node, ERR_CONFIG, f, "%s is empty", texts[i].key);
        *texts[i].out = c->text[i];
    }
    return OK;
}

static enum err take_token_paths(struct config *c, const struct yaml_node *list, const char *path,
                                 struct fault *f)
{
    if (list != NULL && yaml_kind(list) != YAML_KIND_LIST)
        return yaml_fault(list, ERR_CONFIG, f, "token_paths is a list of paths");
    if (yaml_count(list) > CONFIG_TOKEN_PATHS_MAX)
        return yaml_fault(list, ERR_CONFIG, f, "token_paths: at most %d", CONFIG_TOKEN_PATHS_MAX);
    for (size_t i = 0; i < yaml_count(list); i++) {
        const enum err err = take_path(yaml_item(list, i), path, c->token_path[i], f);
        if (err != OK)
            return err;
        c->token_path_count++;
    }
    return OK;
}

static enum err take_number(const struct yaml_node *node, uint64_t max, uint32_t *out,
                            struct fault *f)
{
    uint64_t value = 0;

    if (node == NULL)
        return OK;
    const enum err err = yaml_uint(node, max, &value, f);
    *out = (uint32_t)value;
    return err;
}

static enum err check(const struct config *c, const struct yaml_node *root, struct fault *f)
{
    if (!member_valid(c->sdk.member) || member_is_hub(c->sdk.member))
        return yaml_fault(yaml_get(root, "member"), ERR_CONFIG, f,
                          "a member id such as market.445100");
    if (!member_is_hub(c->sdk.hub))
        return yaml_fault(yaml_get(root, "hub"), ERR_CONFIG, f, "a hub's id such as hub.445100");
    if (strncmp(c->sdk.endpoint, "tcp://", 6) != 0)
        return yaml_fault(yaml_get(root, "endpoint"), ERR_CONFIG, f, "tcp://host:port");
    return OK;
}

enum err config_read(struct config *out, const char *path, struct fault *f)
{
    static const char *const keys[] = {
        "realm",      "member",          "adapter",         "hub",
        "endpoint",   "key_file",        "passphrase_file", "anchor",
        "registry",   "regions",         "state_dir",       "directory",
        "department", "window_messages", "window_bytes",    "keep_days",
        "shared",     "log_level",       "token_paths",     NULL};
    enum err err;
    struct yaml *yaml = NULL;

    *out = (struct config){.log_level = LOG_LEVEL_INFO};
    if ((err = yaml_open(&yaml, path, f)) != OK)
        return err;
    const struct yaml_node *root = yaml_root(yaml);
    const struct yaml_node *level = yaml_get(root, "log_level");
    if ((err = yaml_only_keys(root, keys, f)) != OK ||
        (err = take_texts(out, root, path, f)) != OK ||
        (err = take_token_paths(out, yaml_get(root, "token_paths"), path, f)) != OK ||
        (err = take_number(yaml_get(root, "window_messages"), WINDOW_MESSAGES_MAX,
                           &out->sdk.window_messages, f)) != OK ||
        (err = take_number(yaml_get(root, "window_bytes"), WINDOW_BYTES_MAX, &out->sdk.window_bytes,
                           f)) != OK ||
        (err = take_number(yaml_get(root, "keep_days"), KEEP_DAYS_MAX, &out->sdk.keep_days, f)) !=
            OK ||
        (yaml_get(root, "shared") != NULL &&
         (err = yaml_bool(yaml_get(root, "shared"), &out->sdk.shared, f)) != OK) ||
        (err = check(out, root, f)) != OK)
        goto out;
    if (level != NULL &&
        log_level_parse(yaml_text(level) == NULL ? "" : yaml_text(level), &out->log_level) != OK)
        err = yaml_fault(level, ERR_CONFIG, f, "debug, info, warn, error or off");

out:
    yaml_close(&yaml);
    return err;
}
