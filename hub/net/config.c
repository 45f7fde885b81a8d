#include "net/config.h"

#include "base/clock.h"
#include "check.h"
#include "keys/note.h"

#include <grp.h>
#include <pwd.h>
#include <stddef.h>
#include <stdlib.h>

enum { NAMES_BYTES = 16 << 10 };

static const char *const KEYS[] = {
    "realm",          "member",    "bind",   "state_dir",  "key_file", "passphrase_file",
    "anchor",         "registry",  "rules",  "regions",    "calendar", "signer_socket",
    "control_socket", "log_level", "limits", "federation", "witness",  "release",
    "token_paths",    "auditors",  NULL};

/* The entries that are paths, and where they go. */
#define PATH_ROW(name)                                                                             \
    {                                                                                              \
#name, offsetof(struct hub_config, name), sizeof(((struct hub_config *)0)->name)           \
    }
static const struct {
    const char *key;
    size_t offset;
    size_t cap;
} PATHS[] = {
    PATH_ROW(state_dir),      PATH_ROW(key_file), PATH_ROW(passphrase_file),
    PATH_ROW(anchor),         PATH_ROW(registry), PATH_ROW(rules),
    PATH_ROW(regions),        PATH_ROW(calendar), PATH_ROW(signer_socket),
    PATH_ROW(control_socket),
};
#undef PATH_ROW

static enum err read_text(const struct yaml_node *root, const char *key, char *out, size_t cap,
                          const struct yaml_node **node, struct fault *fault)
{
    enum err err = yaml_need(root, key, YAML_KIND_SCALAR, node, fault);
    return err != OK ? err : yaml_copy(*node, out, cap, fault);
}

static enum err read_names(const struct yaml_node *root, struct hub_config *out,
                           struct fault *fault)
{
    const struct yaml_node *node;

    enum err err = read_text(root, "realm", out->realm, sizeof out->realm, &node, fault);
    if (err != OK)
        return err;
    if (!realm_valid(out->realm))
        return yaml_fault(node, ERR_FIELD_VALUE, fault, "realm: letters, digits and -, at most 16");
    if ((err = read_text(root, "member", out->member, sizeof out->member, &node, fault)) != OK)
        return err;
    if (!member_is_hub(out->member))
        return yaml_fault(node, ERR_FIELD_VALUE, fault, "member: the hub's, like hub.445100");
    if ((err = read_text(root, "bind", out->bind, sizeof out->bind, &node, fault)) != OK)
        return err;
    if (strncmp(out->bind, "tcp://", 6) != 0 || strrchr(out->bind + 6, ':') == NULL)
        return yaml_fault(node, ERR_FIELD_VALUE, fault, "bind: like tcp://127.0.0.1:45100");
    const struct yaml_node *level = yaml_get(root, "log_level");
    out->log_level = LOG_LEVEL_INFO;
    if (level != NULL &&
        (yaml_text(level) == NULL || log_level_parse(yaml_text(level), &out->log_level) != OK))
        return yaml_fault(level, ERR_FIELD_VALUE, fault, "log_level: error, warn, info or debug");
    return OK;
}

/* The optional numbers, their place and their bounds. */
#define LIMIT_ROW(name, min, max)                                                                  \
    {                                                                                              \
#name, offsetof(struct hub_config, name), min, max                                         \
    }
static const struct {
    const char *key;
    size_t offset;
    uint64_t min;
    uint64_t max;
} LIMITS[] = {
    LIMIT_ROW(lease_ms, 1, HOUR_MS),        LIMIT_ROW(backoff_ms, 1, HOUR_MS),
    LIMIT_ROW(rate_per_s, 1, 1000000),      LIMIT_ROW(attempts, 1, 1000),
    LIMIT_ROW(sender_rows, 1, 1000000000),  LIMIT_ROW(sender_mib, 1, 1 << 24),
    LIMIT_ROW(backlog_rows, 1, 1000000000), LIMIT_ROW(backlog_mib, 1, 1 << 24),
    LIMIT_ROW(attachments_mib, 1, 1 << 24), LIMIT_ROW(disk_reserve_mib, 0, 64 << 10),
    LIMIT_ROW(rule_signatures, 0, 8),       LIMIT_ROW(rule_notice_days, 0, 365),
    LIMIT_ROW(scrub_hours, 1, 8784),
};
#undef LIMIT_ROW

enum { LIMIT_COUNT = sizeof LIMITS / sizeof LIMITS[0] };

static enum err read_limit(const struct yaml_node *limits, size_t i, struct hub_config *out,
                           struct fault *fault)
{
    uint64_t value = 0;
    const struct yaml_node *node = yaml_get(limits, LIMITS[i].key);
    if (node == NULL)
        return OK;
    enum err err = yaml_uint(node, LIMITS[i].max, &value, fault);
    if (err != OK)
        return err;
    if (value < LIMITS[i].min)
        return yaml_fault(node, ERR_FIELD_VALUE, fault,
                          "%s: at least 1; leave it out for the default", LIMITS[i].key);
    memcpy((char *)out + LIMITS[i].offset, &value, sizeof value);
    return OK;
}

static enum err read_limits(const struct yaml_node *root, struct hub_config *out,
                            struct fault *fault)
{
    const char *keys[LIMIT_COUNT + 1] = {NULL};
    const struct yaml_node *limits = yaml_get(root, "limits");
    out->disk_reserve_mib = HUB_RESERVE_MIB;
    out->rule_signatures = HUB_RULE_SIGNATURES;
    out->rule_notice_days = HUB_RULE_NOTICE_DAYS;
    if (limits == NULL)
        return OK;
    if (yaml_kind(limits) != YAML_KIND_MAP)
        return yaml_fault(limits, ERR_FIELD_VALUE, fault, "limits: a mapping");
    for (size_t i = 0; i < LIMIT_COUNT; i++)
        keys[i] = LIMITS[i].key;
    enum err err = yaml_only_keys(limits, keys, fault);
    for (size_t i = 0; err == OK && i < LIMIT_COUNT; i++)
        err = read_limit(limits, i, out, fault);
    return err;
}

/* How many witnesses cosign the log, and when they are asked. */
static enum err read_witness(const struct yaml_node *root, struct hub_config *out,
                             struct fault *fault)
{
    static const char *const keys[] = {"needed", "every_s", "within_s", "start_wait_s", NULL};
    uint64_t *const values[] = {&out->witness_needed, &out->witness_every_s, &out->witness_within_s,
                                &out->witness_start_wait_s};
    static const uint64_t most[] = {NOTE_EXTRA_MAX, 3600, 86400, 3600};
    const struct yaml_node *witness = yaml_get(root, "witness");
    if (witness == NULL)
        return OK;
    if (yaml_kind(witness) != YAML_KIND_MAP)
        return yaml_fault(witness, ERR_FIELD_VALUE, fault, "witness: a mapping");
    enum err err = yaml_only_keys(witness, keys, fault);
    for (size_t i = 0; err == OK && keys[i] != NULL; i++) {
        const struct yaml_node *node = yaml_get(witness, keys[i]);
        err = node == NULL ? OK : yaml_uint(node, most[i], values[i], fault);
    }
    if (err == OK && out->witness_every_s > 0 && out->witness_within_s > 0 &&
        out->witness_within_s < out->witness_every_s)
        err = yaml_fault(witness, ERR_FIELD_VALUE, fault, "within_s: not less than every_s");
    return err;
}

/* auditors: {users: [name, …], group: name} */
static enum err read_auditors(const struct yaml_node *root, struct hub_config *out,
                              struct fault *fault)
{
    static const char *const keys[] = {"users", "group", NULL};
    const struct yaml_node *auditors = yaml_get(root, "auditors");
    if (auditors == NULL)
        return OK;
    if (yaml_kind(auditors) != YAML_KIND_MAP)
        return yaml_fault(auditors, ERR_FIELD_VALUE, fault, "auditors: {users: […], group: …}");
    const struct yaml_node *users = yaml_get(auditors, "users");
    const struct yaml_node *group = yaml_get(auditors, "group");
    enum err err = yaml_only_keys(auditors, keys, fault);
    if (err == OK && users == NULL && group == NULL)
        err = yaml_fault(auditors, ERR_FIELD_MISSING, fault, "auditors: users or group");
    if (err == OK && users != NULL &&
        (yaml_kind(users) != YAML_KIND_LIST || yaml_count(users) == 0 ||
         yaml_count(users) > LOCAL_READERS_MAX))
        err = yaml_fault(users, ERR_FIELD_VALUE, fault, "users: a list of 1 to %d",
                         LOCAL_READERS_MAX);
    for (size_t i = 0; err == OK && users != NULL && i < yaml_count(users); i++)
        err = yaml_copy(yaml_item(users, i), out->auditor[out->auditor_count++],
                        sizeof out->auditor[0], fault);
    if (err == OK && group != NULL)
        err = yaml_copy(group, out->auditor_group, sizeof out->auditor_group, fault);
    return err;
}

static bool is_number(const char *text, uint32_t *number)
{
    char *end = NULL;
    const unsigned long value = strtoul(text, &end, 10);
    *number = (uint32_t)value;
    return text[0] >= '0' && text[0] <= '9' && *end == '\0' && value < INT32_MAX;
}

enum err hub_config_auditors(const struct hub_config *config, struct local_readers *out,
                             struct fault *fault)
{
    char room[NAMES_BYTES];
    struct passwd user;
    struct passwd *found_user = NULL;
    struct group group;
    struct group *found_group = NULL;

    memset(out, 0, sizeof *out);
    for (size_t i = 0; i < config->auditor_count; i++) {
        uid_t *uid = &out->user[out->user_count++];
        if (is_number(config->auditor[i], uid))
            continue;
        if (getpwnam_r(config->auditor[i], &user, room, sizeof room, &found_user) != 0 ||
            found_user == NULL)
            return fault_set(fault, ERR_FIELD_VALUE, 0, "auditors", "no such user: %s",
                             config->auditor[i]);
        *uid = user.pw_uid;
    }
    out->has_group = config->auditor_group[0] != '\0';
    if (!out->has_group || is_number(config->auditor_group, &out->group))
        return OK;
    if (getgrnam_r(config->auditor_group, &group, room, sizeof room, &found_group) != 0 ||
        found_group == NULL)
        return fault_set(fault, ERR_FIELD_VALUE, 0, "auditors", "no such group: %s",
                         config->auditor_group);
    out->group = group.gr_gid;
    return OK;
}

enum err hub_config_read(struct hub_config *out, const char *path, struct fault *fault)
{
    struct yaml *y = NULL;

    /* The table of links stays as it is as far as nobody is named: pages that cost nothing. */
    memset(out, 0, offsetof(struct hub_config, federation));
    out->federation.count = 0;
    enum err err = yaml_open(&y, path, fault);
    if (err != OK)
        return err;
    const struct yaml_node *root = yaml_root(y);
    if ((err = yaml_only_keys(root, KEYS, fault)) != OK ||
        (err = read_names(root, out, fault)) != OK)
        goto out;
    for (size_t i = 0; i < sizeof PATHS / sizeof PATHS[0]; i++) {
        err = place_read(root, PATHS[i].key, false, path, (char *)out + PATHS[i].offset,
                         PATHS[i].cap, fault);
        if (err != OK)
            goto out;
    }
    err = place_read(root, "release", true, path, out->release, sizeof out->release, fault);
    if (err == OK)
        err = place_list_read(root, "token_paths", path, &out->token_paths, fault);
    if (err == OK)
        err = read_limits(root, out, fault);
    if (err == OK)
        err = read_witness(root, out, fault);
    if (err == OK)
        err = read_auditors(root, out, fault);
    if (err == OK)
        err = federation_read(&out->federation, root, out->member, path, fault);

out:
    yaml_close(&y);
    return err;
}
