#include "cli/joint.h"

#include "base/yaml.h"
#include "check.h"
#include "keys/document.h"
#include "net/place.h"
#include "wire.h"

#include <stdlib.h>
#include <string.h>

/* ---- the desk ---- */

struct places {
    char key[PLACE_MAX];
    char passphrase[PLACE_MAX];
    char anchor[PLACE_MAX];
    char registry[PLACE_MAX];
};

static enum err read_text(const struct yaml_node *root, const char *key, char *out, size_t cap,
                          struct fault *fault)
{
    const struct yaml_node *node;
    enum err err = yaml_need(root, key, YAML_KIND_SCALAR, &node, fault);
    return err == OK ? yaml_copy(node, out, cap, fault) : err;
}

static enum err read_conf(struct joint_desk *desk, struct places *at, const char *path,
                          struct fault *fault)
{
    struct yaml *y = NULL;
    enum err err = yaml_open(&y, path, fault);
    if (err != OK)
        return err;
    const struct yaml_node *root = yaml_root(y);
    if ((err = read_text(root, "realm", desk->realm, sizeof desk->realm, fault)) == OK &&
        (err = read_text(root, "member", desk->member, sizeof desk->member, fault)) == OK &&
        (err = read_text(root, "hub", desk->hub, sizeof desk->hub, fault)) == OK &&
        (err = place_read(root, "key_file", false, path, at->key, PLACE_MAX, fault)) == OK &&
        (err = place_read(root, "passphrase_file", false, path, at->passphrase, PLACE_MAX,
                          fault)) == OK &&
        (err = place_read(root, "anchor", false, path, at->anchor, PLACE_MAX, fault)) == OK)
        err = place_read(root, "registry", false, path, at->registry, PLACE_MAX, fault);
    yaml_close(&y);
    return err;
}

static enum err read_key(struct joint_desk *desk, const struct places *at, struct fault *fault)
{
    struct passphrase *passphrase = NULL;
    enum err err = passphrase_read(&passphrase, at->passphrase, fault);
    if (err == OK)
        err = keyfile_read(&desk->keys, at->key, passphrase, fault);
    passphrase_close(&passphrase);
    if (err != OK)
        return err;
    desk->key = keyring_find(desk->keys, KEY_USE_SIGN);
    if (desk->key == NULL || strcmp(keyring_owner(desk->keys), desk->member) != 0)
        return fault_set(fault, ERR_KEY_USE, 0, at->key, "not an adapter's keys of this member");
    return OK;
}

enum err joint_desk_open(struct joint_desk *out, const char *adapter, uint64_t now_ms,
                         struct fault *fault)
{
    struct places at;
    struct anchor anchor;
    *out = (struct joint_desk){.now_ms = now_ms};
    enum err err = read_conf(out, &at, adapter, fault);
    if (err == OK)
        err = anchor_read(&anchor, at.anchor, fault);
    if (err == OK)
        err = registry_read(&out->registry, &anchor, at.registry, 0, fault);
    if (err == OK && strcmp(registry_realm(out->registry), out->realm) != 0)
        err = fault_set(fault, ERR_REALM, 0, adapter, "the registry is of another realm");
    if (err == OK)
        err = read_key(out, &at, fault);
    if (err != OK)
        joint_desk_close(out);
    return err;
}

void joint_desk_close(struct joint_desk *desk)
{
    registry_close(&desk->registry);
    keyring_close(&desk->keys);
    desk->key = NULL;
}

/* ---- the file ---- */

/* Each signature belongs to the next issuer that its key id names; what is left over is a
 * stranger's, a second one, or in the wrong place. */
static enum err place_signatures(struct joint_file *file, struct fault *fault)
{
    const lianshu_Document *d = file->document;
    size_t next = 0;
    for (unsigned i = 0; i < file->frame.count; i++) {
        struct frame_signature s;
        enum err err = frame_parse_signature(file->frame.signatures[i], &s);
        if (err != OK)
            return fault_set(fault, err, 0, file->path, "signature %u", i + 1);
        while (next < d->issuers_count && memcmp(d->issuers[next].kid, s.kid, KID_LEN) != 0)
            next++;
        if (next == d->issuers_count)
            return fault_set(fault, ERR_SIGNATURE, 0, file->path,
                             "signature %u is by none of its issuers, or not in their order",
                             i + 1);
        file->signature[next++] = &file->frame.signatures[i];
    }
    return OK;
}

static enum err decode(struct joint_file *file, struct span lsd1)
{
    enum err err = frame_parse_document(lsd1, &file->frame);
    if (err == OK)
        err = wire_decode(&lianshu_Document_msg, file->frame.document, file->document);
    if (err == OK)
        err = document_check(file->document);
    if (err != OK)
        return err;
    const lianshu_Document *d = file->document;
    if (d->type != lianshu_DocumentType_TYPE_JOINT_NOTICE)
        return ERR_TYPE_UNKNOWN;
    if (d->issuers_count < 2 || file->frame.count > d->issuers_count)
        return ERR_HEADER;
    return wire_decode(&lianshu_JointNotice_msg, span_of(d->body.bytes, d->body.size), &file->body);
}

enum err joint_read(struct joint_file *out, struct span lsd1, const char *path, struct fault *fault)
{
    *out = (struct joint_file){.path = path, .document = calloc(1, sizeof *out->document)};
    enum err err = out->document == NULL ? ERR_NO_MEMORY : decode(out, lsd1);
    if (err != OK)
        fault_set(fault, err, 0, path, "not a joint notice of several members");
    else
        err = place_signatures(out, fault);
    if (err != OK)
        joint_close(out);
    return err;
}

void joint_close(struct joint_file *file)
{
    free(file->document);
    file->document = NULL;
}

static enum err verify_one(const struct joint_file *file, const struct joint_desk *desk, size_t i,
                           struct verifier *verifier)
{
    const lianshu_Issuer *issuer = &file->document->issuers[i];
    const struct registry_key *key;
    uint8_t hash[HASH_LEN];
    merkle_hash leaf;
    enum err err = registry_signer(desk->registry, issuer->member, issuer->kid, KEY_USE_SIGN,
                                   desk->now_ms, &key);
    if (err != OK)
        return err;
    hash_bytes(hash, file->frame.document);
    document_leaf(leaf, hash);
    return verifier_check(verifier, key->public_key, leaf, *file->signature[i]);
}

enum err joint_verify(const struct joint_file *file, const struct joint_desk *desk,
                      struct fault *fault)
{
    const lianshu_Document *d = file->document;
    struct verifier *verifier = NULL;
    if (strcmp(d->realm, desk->realm) != 0)
        return fault_set(fault, ERR_REALM, 0, file->path, "of another realm than the adapter");
    if (d->valid_until_ms != 0 && d->valid_until_ms <= desk->now_ms)
        return fault_set(fault, ERR_EXPIRED, 0, file->path, "drafted too long ago: draft it anew");
    enum err err = verifier_open(&verifier, VERIFIER_NODES_MIN);
    for (size_t i = 0; err == OK && i < d->issuers_count; i++) {
        if (file->signature[i] == NULL)
            continue;
        err = verify_one(file, desk, i, verifier);
        if (err != OK)
            fault_set(fault, err, 0, file->path, "signature of %s", d->issuers[i].member);
    }
    verifier_close(&verifier);
    return err;
}

/* The place of the desk's member among the issuers. */
static enum err own_place(const struct joint_file *file, const struct joint_desk *desk,
                          size_t *place, struct fault *fault)
{
    const lianshu_Document *d = file->document;
    size_t i = 0;
    while (i < d->issuers_count && strcmp(d->issuers[i].member, desk->member) != 0)
        i++;
    *place = i;
    if (i == d->issuers_count)
        return fault_set(fault, ERR_NOT_ADDRESSED, 0, file->path, "%s is none of its issuers",
                         desk->member);
    if (file->signature[i] != NULL)
        return fault_set(fault, ERR_EXISTS, 0, file->path, "%s has signed it", desk->member);
    if (memcmp(d->issuers[i].kid, key_kid(desk->key), KID_LEN) != 0)
        return fault_set(fault, ERR_KEY_ROTATED, 0, file->path, "it names another key of %s",
                         desk->member);
    return OK;
}

enum err joint_sign(const struct joint_file *file, const struct joint_desk *desk, struct writer *w,
                    struct fault *fault)
{
    struct span signatures[FRAME_ISSUERS_MAX];
    struct frame_document alone;
    size_t place;
    size_t count = 0;
    enum err err = own_place(file, desk, &place, fault);
    if (err != OK)
        return err;
    uint8_t *bytes = malloc(FRAME_DOCUMENT_FRAME_MAX);
    struct writer one = writer_of(bytes, FRAME_DOCUMENT_FRAME_MAX);
    err = bytes == NULL ? ERR_NO_MEMORY : document_sign(file->frame.document, &desk->key, 1, &one);
    if (err == OK)
        err = frame_parse_document(writer_span(&one), &alone);
    for (size_t i = 0; err == OK && i < file->document->issuers_count; i++) {
        if (i == place)
            signatures[count++] = alone.signatures[0];
        else if (file->signature[i] != NULL)
            signatures[count++] = *file->signature[i];
    }
    if (err == OK)
        err = document_write(file->frame.document, signatures, count, w);
    free(bytes);
    return err == OK ? OK : fault_set(fault, err, 0, file->path, "signing");
}
