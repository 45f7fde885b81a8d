#include "cli/pubfile.h"

#include "base/file.h"
#include "base/hex.h"
#include "base/yaml.h"

#include <inttypes.h>
#include <stdio.h>

enum { PUBFILE_TEXT_MAX = 8192 };

static const char *const FILE_KEYS[] = {"member", "adapter", "use", "keys", NULL};
static const char *const KEY_KEYS[] = {"use",           "public",         "kid",
                                       "valid_from_ms", "valid_until_ms", NULL};

bool pubfile_name_valid(const char *name)
{
    size_t len = strlen(name);
    if (len == 0 || len > PUBFILE_NAME_MAX)
        return false;
    for (size_t i = 0; i < len; i++) {
        char c = name[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!letter && (i == 0 || (c != '_' && c != '-')))
            return false;
    }
    return true;
}

static enum err read_key(const struct yaml_node *node, struct pubfile_key *out, struct fault *fault)
{
    const struct yaml_node *use;
    const struct yaml_node *public_key;
    const struct yaml_node *from;
    const struct yaml_node *until;
    uint8_t kid[KID_LEN];
    uint8_t said[KID_LEN];

    enum err err = yaml_only_keys(node, KEY_KEYS, fault);
    if (err != OK || (err = yaml_need(node, "use", YAML_KIND_SCALAR, &use, fault)) != OK ||
        (err = yaml_need(node, "public", YAML_KIND_SCALAR, &public_key, fault)) != OK ||
        (err = yaml_need(node, "valid_from_ms", YAML_KIND_SCALAR, &from, fault)) != OK ||
        (err = yaml_need(node, "valid_until_ms", YAML_KIND_SCALAR, &until, fault)) != OK)
        return err;
    out->use = key_use_of(yaml_text(use));
    if (key_use_alg(out->use) == ALG_NONE)
        return yaml_fault(use, ERR_FIELD_VALUE, fault,
                          "use: sign, seal, transport, log, official, root, registrar");
    if (!hex_decode(yaml_text(public_key), out->public_key, KEY_PUBLIC_LEN))
        return yaml_fault(public_key, ERR_FIELD_VALUE, fault, "public: 64 hexadecimal digits");
    err = key_check_public(out->use, out->public_key);
    if (err != OK)
        return yaml_fault(public_key, err, fault, "public");
    if ((err = yaml_uint(from, INT64_MAX, &out->valid_from_ms, fault)) != OK ||
        (err = yaml_uint(until, INT64_MAX, &out->valid_until_ms, fault)) != OK)
        return err;
    if (out->valid_until_ms <= out->valid_from_ms)
        return yaml_fault(until, ERR_FIELD_VALUE, fault, "valid_until_ms: after valid_from_ms");
    const struct yaml_node *kid_node = yaml_get(node, "kid");
    if (kid_node == NULL)
        return OK;
    kid_of(kid, key_use_alg(out->use), out->public_key);
    const char *text = yaml_text(kid_node);
    if (text == NULL || !hex_decode(text, said, KID_LEN) || memcmp(kid, said, KID_LEN) != 0)
        return yaml_fault(kid_node, ERR_FIELD_VALUE, fault, "kid: not that of the key");
    return OK;
}

static enum err read_head(const struct yaml_node *root, struct pubfile *out, struct fault *fault)
{
    const struct yaml_node *member;
    const struct yaml_node *use;

    enum err err = yaml_only_keys(root, FILE_KEYS, fault);
    if (err != OK || (err = yaml_need(root, "member", YAML_KIND_SCALAR, &member, fault)) != OK ||
        (err = yaml_copy(member, out->member, sizeof out->member, fault)) != OK ||
        (err = yaml_need(root, "use", YAML_KIND_SCALAR, &use, fault)) != OK ||
        (err = yaml_copy(use, out->use, sizeof out->use, fault)) != OK)
        return err;
    if (!member_valid(out->member))
        return yaml_fault(member, ERR_IDENTIFIER, fault, "member: like market.445100");
    const struct yaml_node *adapter = yaml_get(root, "adapter");
    if (adapter == NULL)
        return OK;
    if ((err = yaml_copy(adapter, out->adapter, sizeof out->adapter, fault)) != OK)
        return err;
    if (!pubfile_name_valid(out->adapter))
        return yaml_fault(adapter, ERR_FIELD_VALUE, fault, "adapter: letters, digits, _ and -");
    return OK;
}

enum err pubfile_read(struct pubfile *out, const char *path, struct fault *fault)
{
    struct yaml *y = NULL;
    const struct yaml_node *keys;

    *out = (struct pubfile){.key_count = 0};
    enum err err = yaml_open(&y, path, fault);
    if (err != OK)
        return err;
    if ((err = read_head(yaml_root(y), out, fault)) != OK ||
        (err = yaml_need(yaml_root(y), "keys", YAML_KIND_LIST, &keys, fault)) != OK)
        goto out;
    if (yaml_count(keys) == 0 || yaml_count(keys) > PUBFILE_KEYS_MAX) {
        err = yaml_fault(keys, ERR_FIELD_VALUE, fault, "keys: 1 to %d", PUBFILE_KEYS_MAX);
        goto out;
    }
    for (size_t i = 0; i < yaml_count(keys); i++) {
        if ((err = read_key(yaml_item(keys, i), &out->key[i], fault)) != OK)
            goto out;
        out->key_count++;
    }
    err = OK;

out:
    yaml_close(&y);
    return err;
}

enum err pubfile_write(const struct pubfile *p, const char *path, struct fault *fault)
{
    char text[PUBFILE_TEXT_MAX];
    FILE *to = fmemopen(text, sizeof text, "w");
    if (to == NULL)
        return fault_set(fault, ERR_NO_MEMORY, 0, path, "public key file");
    fprintf(to,
            "# 公钥文件，可以公开，交登记机构登记。\n"
            "# Public keys; may be published; goes to the registrar.\nmember: %s\n",
            p->member);
    if (p->adapter[0] != '\0')
        fprintf(to, "adapter: %s\n", p->adapter);
    fprintf(to, "use: %s\nkeys:\n", p->use);
    for (size_t i = 0; i < p->key_count; i++) {
        const struct pubfile_key *key = &p->key[i];
        uint8_t kid[KID_LEN];
        char kid_text[2 * KID_LEN + 1];
        char key_text[2 * KEY_PUBLIC_LEN + 1];
        kid_of(kid, key_use_alg(key->use), key->public_key);
        hex_encode(span_of(kid, KID_LEN), kid_text);
        hex_encode(span_of(key->public_key, KEY_PUBLIC_LEN), key_text);
        fprintf(to,
                "  - use: %s\n    public: \"%s\"\n    kid: \"%s\"\n    valid_from_ms: %" PRIu64
                "\n    valid_until_ms: %" PRIu64 "\n",
                key_use_name(key->use), key_text, kid_text, key->valid_from_ms,
                key->valid_until_ms);
    }
    long len = ftell(to);
    bool good = fflush(to) == 0 && ferror(to) == 0 && len > 0 && len < PUBFILE_TEXT_MAX;
    fclose(to);
    if (!good)
        return fault_set(fault, ERR_INTERNAL, 0, path, "public key file");
    return file_write(path, span_of(text, (size_t)len), 0644, FILE_NEW, fault);
}
