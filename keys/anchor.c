#include "keys/registry.h"

#include "base/file.h"
#include "base/hex.h"
#include "base/yaml.h"
#include "check.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static enum err read_root(const struct yaml_node *node, uint8_t out[static KEY_PUBLIC_LEN],
                          struct fault *fault)
{
    const char *text = yaml_text(node);
    if (text == NULL || strlen(text) != 2 * KEY_PUBLIC_LEN ||
        !hex_decode(text, out, KEY_PUBLIC_LEN))
        return yaml_fault(node, ERR_CONFIG, fault, "64 lower-case hex digits");
    enum err err = key_check_public(KEY_USE_ROOT, out);
    return err == OK ? OK : yaml_fault(node, err, fault, "root key");
}

static enum err read_roots(const struct yaml_node *root, struct anchor *out, struct fault *fault)
{
    const struct yaml_node *list;
    enum err err = yaml_need(root, "roots", YAML_KIND_LIST, &list, fault);
    if (err != OK)
        return err;
    if (yaml_count(list) == 0 || yaml_count(list) > ANCHOR_ROOT_MAX)
        return yaml_fault(list, ERR_CONFIG, fault, "1 to %d root keys", ANCHOR_ROOT_MAX);
    for (unsigned i = 0; i < yaml_count(list); i++) {
        if ((err = read_root(yaml_item(list, i), out->root[i], fault)) != OK)
            return err;
        for (unsigned j = 0; j < i; j++) {
            if (memcmp(out->root[i], out->root[j], KEY_PUBLIC_LEN) == 0)
                return yaml_fault(yaml_item(list, i), ERR_CONFIG, fault, "the same key twice");
        }
    }
    out->root_count = (unsigned)yaml_count(list);
    return OK;
}

static enum err read_anchor(const struct yaml_node *root, struct anchor *out, struct fault *fault)
{
    static const char *const keys[] = {"realm", "threshold", "roots", NULL};
    const struct yaml_node *node;
    uint64_t threshold;

    enum err err = yaml_only_keys(root, keys, fault);
    if (err != OK)
        return err;
    if ((err = yaml_need(root, "realm", YAML_KIND_SCALAR, &node, fault)) != OK ||
        (err = yaml_copy(node, out->realm, sizeof out->realm, fault)) != OK)
        return err;
    if (!realm_valid(out->realm))
        return yaml_fault(node, ERR_CONFIG, fault, "[a-z0-9][a-z0-9-]{0,15}");
    if ((err = read_roots(root, out, fault)) != OK)
        return err;
    if ((err = yaml_need(root, "threshold", YAML_KIND_SCALAR, &node, fault)) != OK ||
        (err = yaml_uint(node, ANCHOR_ROOT_MAX, &threshold, fault)) != OK)
        return err;
    if (threshold == 0 || threshold > out->root_count)
        return yaml_fault(node, ERR_CONFIG, fault, "1 to %u", out->root_count);
    out->threshold = (unsigned)threshold;
    return OK;
}

enum err anchor_read(struct anchor *out, const char *path, struct fault *fault)
{
    struct yaml *yaml = NULL;
    memset(out, 0, sizeof *out);
    enum err err = yaml_open(&yaml, path, fault);
    if (err == OK)
        err = read_anchor(yaml_root(yaml), out, fault);
    yaml_close(&yaml);
    if (err != OK)
        memset(out, 0, sizeof *out);
    return err;
}

enum err anchor_write(const struct anchor *anchor, const char *path, bool replace,
                      struct fault *fault)
{
    char text[256 + ANCHOR_ROOT_MAX * (2 * KEY_PUBLIC_LEN + 16)];
    int len = snprintf(text, sizeof text, "realm: %s\nthreshold: %u\nroots:\n", anchor->realm,
                       anchor->threshold);
    for (unsigned i = 0; i < anchor->root_count; i++) {
        char hex[2 * KEY_PUBLIC_LEN + 1];
        hex_encode(span_of(anchor->root[i], KEY_PUBLIC_LEN), hex);
        len += snprintf(text + len, sizeof text - (size_t)len, "  - \"%s\"\n", hex);
    }
    return file_write(path, span_of(text, (size_t)len), 0644, replace ? 0 : FILE_NEW, fault);
}
