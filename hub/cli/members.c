#include "cli/members.h"

#include "base/yaml.h"
#include "catalogue.h"
#include "cli/pubfile.h"
#include "keys/registry.h"
#include "keys/roles.h"
#include "wire.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    KEYS_MAX = sizeof((lianshu_MemberRecord *)0)->keys / sizeof(lianshu_MemberKey),
    GRANTS_MAX = sizeof((lianshu_MemberRecord *)0)->grants / sizeof(lianshu_Grant),
    PATH_BYTES = 1024,
};

_Static_assert((int)KEY_USE_SIGN == (int)lianshu_KeyUse_KEY_SIGN &&
                   (int)KEY_USE_WITNESS == (int)lianshu_KeyUse_KEY_WITNESS,
               "key uses of a record are those of a key file");

static const char *const FILE_KEYS[] = {"members", NULL};
static const char *const MEMBER_KEYS[] = {"member", "name_zh",   "name_en", "keys",
                                          "grants", "officials", NULL};
static const char *const ROLE_KEYS[] = {"operator", "security", "auditor", NULL};
static const char *const GRANT_KEYS[] = {"types", "direction", "departments", "region", NULL};

static bool has_key(const lianshu_MemberRecord *record, const struct pubfile_key *key)
{
    for (size_t i = 0; i < record->keys_count; i++) {
        if (memcmp(record->keys[i].public_key, key->public_key, KEY_PUBLIC_LEN) == 0 &&
            (int)record->keys[i].use == (int)key->use)
            return true;
    }
    return false;
}

/* role: of the official whose key this is; 0: no official's. */
static enum err add_keys(lianshu_MemberRecord *record, const struct yaml_node *node,
                         const char *dir, uint32_t role, struct fault *fault)
{
    char path[PATH_BYTES];
    struct pubfile pub;
    const char *name = yaml_text(node);
    if (name == NULL || name[0] == '\0')
        return yaml_fault(node, ERR_FIELD_VALUE, fault, "keys: names of .pub files");
    int wanted = name[0] == '/' ? snprintf(path, sizeof path, "%s", name)
                                : snprintf(path, sizeof path, "%s%s", dir, name);
    if (wanted >= (int)sizeof path)
        return yaml_fault(node, ERR_FIELD_LONG, fault, "keys: path of at most %d bytes",
                          PATH_BYTES - 1);
    enum err err = pubfile_read(&pub, path, fault);
    if (err != OK)
        return err;
    if (strcmp(pub.member, record->member) != 0)
        return yaml_fault(node, ERR_FIELD_VALUE, fault, "keys: this file belongs to %s",
                          pub.member);
    for (size_t i = 0; i < pub.key_count; i++) {
        const struct pubfile_key *key = &pub.key[i];
        if (key->use > KEY_USE_WITNESS)
            return yaml_fault(node, ERR_KEY_USE, fault, "keys: %s keys are no member's",
                              key_use_name(key->use));
        if ((key->use == KEY_USE_OFFICIAL) != (role != 0))
            return yaml_fault(
                node, ERR_KEY_USE, fault,
                "keys of officials stand under officials, with a role, and no others");
        if (has_key(record, key) && role != 0)
            return yaml_fault(node, ERR_KEY_REUSED, fault, "an official has one role");
        if (has_key(record, key))
            continue;
        if (record->keys_count >= KEYS_MAX)
            return yaml_fault(node, ERR_TOO_LARGE, fault, "keys: at most %d a member", KEYS_MAX);
        lianshu_MemberKey *row = &record->keys[record->keys_count++];
        row->use = (lianshu_KeyUse)key->use;
        memcpy(row->public_key, key->public_key, KEY_PUBLIC_LEN);
        row->valid_from_ms = key->valid_from_ms;
        row->valid_until_ms = key->valid_until_ms;
        row->roles = role;
    }
    return OK;
}

/* officials: {operator: [FILE.pub], security: [FILE.pub], auditor: [FILE.pub]} */
static enum err add_officials(lianshu_MemberRecord *record, const struct yaml_node *node,
                              const char *dir, struct fault *fault)
{
    enum err err = node == NULL ? OK : yaml_only_keys(node, ROLE_KEYS, fault);
    for (size_t k = 0; node != NULL && err == OK && ROLE_KEYS[k] != NULL; k++) {
        const struct yaml_node *files = yaml_get(node, ROLE_KEYS[k]);
        for (size_t i = 0; err == OK && i < yaml_count(files); i++)
            err = add_keys(record, yaml_item(files, i), dir, roles_of_word(ROLE_KEYS[k]), fault);
    }
    return err;
}

static enum err read_departments(const struct yaml_node *node, uint32_t *bits, struct fault *fault)
{
    *bits = 0;
    for (size_t i = 0; i < yaml_count(node); i++) {
        const struct yaml_node *item = yaml_item(node, i);
        const char *name = yaml_text(item);
        unsigned bit;
        if (name != NULL && strcmp(name, "all") == 0) {
            *bits = UINT32_MAX;
            continue;
        }
        if (name == NULL || !department_find(name, &bit))
            return yaml_fault(item, ERR_FIELD_VALUE, fault, "departments: unknown department");
        *bits |= (uint32_t)1 << bit;
    }
    if (*bits == 0)
        return yaml_fault(node, ERR_FIELD_VALUE, fault, "departments: names at least one, or all");
    return OK;
}

/* Bit 0: send, bit 1: receive. */
static enum err read_direction(const struct yaml_node *node, unsigned *out, struct fault *fault)
{
    static const char *const NAMES[] = {"send", "receive", "both"};
    for (unsigned i = 0; i < 3; i++) {
        if (strcmp(yaml_text(node), NAMES[i]) == 0) {
            *out = i + 1;
            return OK;
        }
    }
    return yaml_fault(node, ERR_FIELD_VALUE, fault, "direction: send, receive or both");
}

static enum err add_grant(lianshu_MemberRecord *record, const uint8_t types[static GRANT_TYPES_LEN],
                          unsigned directions, uint32_t departments, const struct yaml_node *region,
                          struct fault *fault)
{
    for (unsigned bit = 1; bit <= 2; bit <<= 1) {
        if ((directions & bit) == 0)
            continue;
        if (record->grants_count >= GRANTS_MAX)
            return yaml_fault(region, ERR_TOO_LARGE, fault, "grants: at most %d a member",
                              GRANTS_MAX);
        lianshu_Grant *grant = &record->grants[record->grants_count++];
        memcpy(grant->types, types, GRANT_TYPES_LEN);
        grant->direction =
            bit == 1 ? lianshu_GrantDirection_GRANT_SEND : lianshu_GrantDirection_GRANT_RECEIVE;
        grant->departments = departments;
        enum err err = yaml_copy(region, grant->region, sizeof grant->region, fault);
        if (err != OK)
            return err;
    }
    return OK;
}

/* Whatever may be in an envelope. */
static void add_all(uint8_t set[static GRANT_TYPES_LEN])
{
    for (size_t i = 0; type_at(i) != NULL; i++) {
        const struct document_type *type = type_at(i);
        if (type->alone == NULL && (type->flags & (TYPE_PART_ONLY | TYPE_HUB_ONLY)) == 0)
            grant_add(set, type->number);
    }
}

static enum err read_types(const struct yaml_node *types, uint8_t set[static GRANT_TYPES_LEN],
                           struct fault *fault)
{
    if (yaml_count(types) == 0)
        return yaml_fault(types, ERR_FIELD_VALUE, fault, "types: names at least one, or all");
    for (size_t i = 0; i < yaml_count(types); i++) {
        const char *name = yaml_text(yaml_item(types, i));
        const struct document_type *type = name == NULL ? NULL : type_by_name(name);
        if (name != NULL && strcmp(name, "all") == 0)
            add_all(set);
        else if (type != NULL)
            grant_add(set, type->number);
        else
            return yaml_fault(yaml_item(types, i), ERR_TYPE_UNKNOWN, fault,
                              "types: names of the catalogue, like sanction.order, or all");
    }
    return OK;
}

/* One row of grants: every type it names. */
static enum err add_grants(lianshu_MemberRecord *record, const struct yaml_node *row,
                           struct fault *fault)
{
    const struct yaml_node *types;
    const struct yaml_node *direction;
    const struct yaml_node *departments;
    const struct yaml_node *region;
    unsigned directions;
    uint32_t bits;

    enum err err = yaml_only_keys(row, GRANT_KEYS, fault);
    if (err != OK || (err = yaml_need(row, "types", YAML_KIND_LIST, &types, fault)) != OK ||
        (err = yaml_need(row, "direction", YAML_KIND_SCALAR, &direction, fault)) != OK ||
        (err = yaml_need(row, "departments", YAML_KIND_LIST, &departments, fault)) != OK ||
        (err = yaml_need(row, "region", YAML_KIND_SCALAR, &region, fault)) != OK ||
        (err = read_direction(direction, &directions, fault)) != OK ||
        (err = read_departments(departments, &bits, fault)) != OK)
        return err;
    if (!region_valid(yaml_text(region)))
        return yaml_fault(region, ERR_REGION, fault, "region: six digits, in quotes");
    uint8_t set[GRANT_TYPES_LEN] = {0};
    if ((err = read_types(types, set, fault)) != OK)
        return err;
    return add_grant(record, set, directions, bits, region, fault);
}

static enum err read_name(const struct yaml_node *member, const char *key, char *out, size_t cap,
                          struct fault *fault)
{
    const struct yaml_node *node;
    enum err err = yaml_need(member, key, YAML_KIND_SCALAR, &node, fault);
    return err != OK ? err : yaml_copy(node, out, cap, fault);
}

static enum err read_member(lianshu_MemberRecord *record, const struct yaml_node *node,
                            const char *dir, struct fault *fault)
{
    const struct yaml_node *keys;

    enum err err = yaml_only_keys(node, MEMBER_KEYS, fault);
    if (err != OK ||
        (err = read_name(node, "member", record->member, sizeof record->member, fault)) != OK ||
        (err = read_name(node, "name_zh", record->name_zh, sizeof record->name_zh, fault)) != OK ||
        (err = read_name(node, "name_en", record->name_en, sizeof record->name_en, fault)) != OK ||
        (err = yaml_need(node, "keys", YAML_KIND_LIST, &keys, fault)) != OK)
        return err;
    struct member member;
    if ((err = member_parse(record->member, &member)) != OK)
        return yaml_fault(yaml_get(node, "member"), err, fault, "member: like market.445100");
    for (size_t i = 0; i < yaml_count(keys); i++) {
        if ((err = add_keys(record, yaml_item(keys, i), dir, 0, fault)) != OK)
            return err;
    }
    if ((err = add_officials(record, yaml_get(node, "officials"), dir, fault)) != OK)
        return err;
    const struct yaml_node *grants = yaml_get(node, "grants");
    for (size_t i = 0; i < yaml_count(grants); i++) {
        if ((err = add_grants(record, yaml_item(grants, i), fault)) != OK)
            return err;
    }
    if (wire_size(&lianshu_MemberRecord_msg, record) > FRAME_RECORD_MAX)
        return yaml_fault(node, ERR_TOO_LARGE, fault,
                          "this member's record is longer than %d bytes: fewer keys or grants",
                          FRAME_RECORD_MAX);
    return OK;
}

static void directory_of(const char *path, char out[static PATH_BYTES])
{
    const char *slash = strrchr(path, '/');
    size_t len = slash == NULL ? 0 : (size_t)(slash - path) + 1;
    if (len >= PATH_BYTES)
        len = 0;
    memcpy(out, path, len);
    out[len] = '\0';
}

enum err members_read(lianshu_MemberRecord **records, size_t *count, const char *path,
                      struct fault *fault)
{
    struct yaml *y = NULL;
    const struct yaml_node *members;
    char dir[PATH_BYTES];
    lianshu_MemberRecord *rows = NULL;

    *records = NULL;
    *count = 0;
    directory_of(path, dir);
    enum err err = yaml_open(&y, path, fault);
    if (err != OK)
        return err;
    if ((err = yaml_only_keys(yaml_root(y), FILE_KEYS, fault)) != OK ||
        (err = yaml_need(yaml_root(y), "members", YAML_KIND_LIST, &members, fault)) != OK)
        goto out;
    const size_t n = yaml_count(members);
    if (n == 0 || n > REGISTRY_MEMBER_MAX) {
        err = yaml_fault(members, ERR_FIELD_VALUE, fault, "members: 1 to %d", REGISTRY_MEMBER_MAX);
        goto out;
    }
    rows = calloc(n, sizeof *rows);
    if (rows == NULL) {
        err = ERR_NO_MEMORY;
        goto out;
    }
    for (size_t i = 0; i < n; i++) {
        if ((err = read_member(&rows[i], yaml_item(members, i), dir, fault)) != OK)
            goto out;
    }
    *records = rows;
    *count = n;
    rows = NULL;
    err = OK;

out:
    free(rows);
    yaml_close(&y);
    return err;
}
