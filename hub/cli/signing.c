#include "cli/signing.h"

#include "base/hex.h"
#include "cli/pubfile.h"

#include <stdio.h>
#include <string.h>

static const char *passphrase_at(const struct args *args, size_t i)
{
    const char *path = args_value_at(args, "passphrase-file", i);
    for (; path == NULL && i > 0; i--)
        path = args_value_at(args, "passphrase-file", i - 1);
    return path;
}

static bool has_key(const struct signing *s, const uint8_t public_key[static KEY_PUBLIC_LEN])
{
    for (size_t i = 0; i < s->key_count; i++) {
        if (memcmp(key_public(s->key[i]), public_key, KEY_PUBLIC_LEN) == 0)
            return true;
    }
    for (size_t i = 0; i < s->later_count; i++) {
        if (memcmp(s->later[i], public_key, KEY_PUBLIC_LEN) == 0)
            return true;
    }
    return false;
}

static enum err check_owner(struct signing *s, const char *owner, const char *path,
                            struct fault *fault)
{
    struct member member;
    if (s->use == KEY_USE_ROOT)
        return OK;
    if (member_parse(owner, &member) != OK || member.department != DEPARTMENT_REGISTRAR)
        return fault_set(fault, ERR_KEY_USE, 0, path, "made with --member registrar.<region>");
    if (s->member[0] != '\0' && strcmp(s->member, owner) != 0)
        return fault_set(fault, ERR_KEY_USE, 0, path, "of %s, the first is of %s", owner,
                         s->member);
    snprintf(s->member, sizeof s->member, "%s", owner);
    return OK;
}

static enum err open_one(struct signing *s, const char *path, const char *passphrase,
                         enum key_use use, struct fault *fault)
{
    const size_t i = s->key_count;
    if (i >= FRAME_ISSUERS_MAX)
        return fault_set(fault, ERR_USAGE, 0, path, "at most %d sign", FRAME_ISSUERS_MAX);
    enum err err = keyfile_open(&s->ring[i], path, passphrase, fault);
    if (err != OK)
        return err;
    const struct key *key = keyring_find(s->ring[i], use == KEY_USE_NONE ? KEY_USE_ROOT : use);
    if (key == NULL && use == KEY_USE_NONE)
        key = keyring_find(s->ring[i], KEY_USE_REGISTRAR);
    if (key == NULL || (i > 0 && key_use(key) != s->use))
        return fault_set(fault, ERR_KEY_USE, 0, path, "made with --use %s",
                         key_use_name(use == KEY_USE_NONE ? KEY_USE_REGISTRAR : use));
    if (has_key(s, key_public(key)))
        return fault_set(fault, ERR_KEY_REUSED, 0, path, "one key for two");
    s->use = key_use(key);
    s->key[i] = key;
    s->key_count++;
    return check_owner(s, keyring_owner(s->ring[i]), path, fault);
}

enum err signing_public(const struct args *args, const char *option, enum key_use use,
                        uint8_t (*out)[KEY_PUBLIC_LEN], size_t max, size_t *count,
                        struct fault *fault)
{
    const char *path;
    *count = 0;
    for (size_t i = 0; (path = args_value_at(args, option, i)) != NULL; i++) {
        struct pubfile pub;
        size_t k = 0;
        enum err err = pubfile_read(&pub, path, fault);
        if (err != OK)
            return err;
        while (k < pub.key_count && pub.key[k].use != use)
            k++;
        if (k == pub.key_count)
            return fault_set(fault, ERR_KEY_USE, 0, path, "made with --use %s", key_use_name(use));
        if (i >= max)
            return fault_set(fault, ERR_USAGE, 0, path, "at most %zu", max);
        for (size_t j = 0; j < i; j++) {
            if (memcmp(out[j], pub.key[k].public_key, KEY_PUBLIC_LEN) == 0)
                return fault_set(fault, ERR_KEY_REUSED, 0, path, "one key for two");
        }
        memcpy(out[i], pub.key[k].public_key, KEY_PUBLIC_LEN);
        *count = i + 1;
    }
    return OK;
}

enum err signing_open(struct signing *out, const struct args *args, const char *option,
                      enum key_use use, bool with, struct fault *fault)
{
    uint8_t later[FRAME_ISSUERS_MAX][KEY_PUBLIC_LEN];
    size_t later_count = 0;
    const char *path;
    enum err err = OK;
    *out = (struct signing){.key_count = 0};
    for (size_t i = 0; err == OK && (path = args_value_at(args, option, i)) != NULL; i++)
        err = open_one(out, path, passphrase_at(args, i), use, fault);
    if (err == OK && with)
        err = signing_public(args, "with", out->use, later, FRAME_ISSUERS_MAX - out->key_count,
                             &later_count, fault);
    for (size_t i = 0; err == OK && i < later_count; i++) {
        if (has_key(out, later[i]))
            err = fault_set(fault, ERR_KEY_REUSED, 0, "--with", "signs already");
        else
            memcpy(out->later[out->later_count++], later[i], KEY_PUBLIC_LEN);
    }
    if (err != OK)
        signing_close(out);
    return err;
}

void signing_close(struct signing *signing)
{
    for (size_t i = 0; i < FRAME_ISSUERS_MAX; i++)
        keyring_close(&signing->ring[i]);
    signing->key_count = 0;
}

enum err signing_code(struct span lsd1, char out[static SIGNING_CODE_LEN + 1])
{
    struct frame_document frame;
    uint8_t hash[HASH_LEN];
    enum err err = frame_parse_document(lsd1, &frame);
    if (err != OK)
        return err;
    hash_bytes(hash, frame.document);
    hex_encode(span_of(hash, SIGNING_CODE_LEN / 2), out);
    return OK;
}
