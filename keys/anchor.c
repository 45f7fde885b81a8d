#include "keys/anchor.h"

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
    static const char *const keys[] = {"realm", "number", "threshold", "roots", NULL};
    const struct yaml_node *node;
    uint64_t threshold;
    uint64_t number = 1;

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
    node = yaml_get(root, "number");
    if (node != NULL && (err = yaml_uint(node, UINT32_MAX, &number, fault)) != OK)
        return err;
    if (number == 0)
        return yaml_fault(node, ERR_CONFIG, fault, "1, and one more with each rotation");
    out->number = (unsigned)number;
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
    int len = snprintf(text, sizeof text, "realm: %s\nnumber: %u\nthreshold: %u\nroots:\n",
                       anchor->realm, anchor->number == 0 ? 1 : anchor->number, anchor->threshold);
    for (unsigned i = 0; i < anchor->root_count; i++) {
        char hex[2 * KEY_PUBLIC_LEN + 1];
        hex_encode(span_of(anchor->root[i], KEY_PUBLIC_LEN), hex);
        len += snprintf(text + len, sizeof text - (size_t)len, "  - \"%s\"\n", hex);
    }
    return file_write(path, span_of(text, (size_t)len), 0644, replace ? 0 : FILE_NEW, fault);
}

unsigned anchor_place(const struct anchor *anchor, const uint8_t public_key[static KEY_PUBLIC_LEN])
{
    for (unsigned i = 0; i < anchor->root_count; i++) {
        if (memcmp(anchor->root[i], public_key, KEY_PUBLIC_LEN) == 0)
            return i + 1;
    }
    return 0;
}

void anchor_member(unsigned place, char out[static MEMBER_MAX + 1])
{
    if (place == 1)
        snprintf(out, MEMBER_MAX + 1, "root.000000");
    else
        snprintf(out, MEMBER_MAX + 1, "root-%u.000000", place);
}

/* Root keys of the anchor sign for any id of department root. */
static enum err find_root(void *ctx, const char *member, const uint8_t kid[static KID_LEN],
                          uint8_t public_key[static KEY_PUBLIC_LEN])
{
    const struct anchor *anchor = ctx;
    struct member parsed;
    if (member_parse(member, &parsed) != OK || parsed.department != DEPARTMENT_ROOT)
        return ERR_KEY_NOT_SENDERS;
    for (unsigned i = 0; i < anchor->root_count; i++) {
        uint8_t root_kid[KID_LEN];
        kid_of(root_kid, ALG_ED25519, anchor->root[i]);
        if (memcmp(root_kid, kid, KID_LEN) == 0) {
            memcpy(public_key, anchor->root[i], KEY_PUBLIC_LEN);
            return OK;
        }
    }
    return ERR_KID_UNKNOWN;
}

struct document_signers anchor_signers(const struct anchor *anchor)
{
    return (struct document_signers){find_root, (void *)(uintptr_t)anchor};
}

enum err anchor_verify_document(const struct anchor *anchor, struct span lsd1,
                                struct verifier *verifier, lianshu_Document *out,
                                uint8_t hash[static HASH_LEN])
{
    const struct document_signers signers = anchor_signers(anchor);
    enum err err = document_verify(lsd1, anchor->realm, &signers, verifier, out, hash);
    if (err == OK && document_key_count(out) < anchor->threshold)
        err = ERR_TWO_OFFICIALS;
    return err;
}
