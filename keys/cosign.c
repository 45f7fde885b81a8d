#include "keys/cosign.h"

#include "base/hex.h"
#include "base/yaml.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
    TIME_LEN = 8,
    SIGNATURE_LEN = 64,
    PROOF_LEN = NOTE_KEY_HASH_LEN + TIME_LEN + SIGNATURE_LEN,
    TEXT_MAX = NOTE_SIGNED_MAX + 64,
};

enum err cosign_name(char out[static WITNESS_NAME_MAX + 1], const char *member, const char *realm)
{
    if (!member_valid(member))
        return ERR_MEMBER_UNKNOWN;
    const int len = snprintf(out, WITNESS_NAME_MAX + 1, "%s.%s/witness", member, realm);
    assert(len > 0 && len <= WITNESS_NAME_MAX);
    return OK;
}

void cosign_policy(struct witness_policy *policy, const struct registry *registry, const char *hub)
{
    policy->count = 0;
    for (size_t i = 0; i < registry_member_count(registry); i++) {
        const struct registry_member *member = registry_member_at(registry, i);
        for (size_t k = 0; k < member->key_count && strcmp(member->id, hub) != 0; k++) {
            const struct registry_key *key = registry_member_key(registry, member, k);
            struct witness_key *row = &policy->row[policy->count];
            if (key->use != KEY_USE_WITNESS || policy->count == WITNESSES_MAX)
                continue;
            const enum err named = cosign_name(row->name, member->id, registry_realm(registry));
            assert(named == OK); /* a registry has no other members */
            memcpy(row->public_key, key->public_key, KEY_PUBLIC_LEN);
            row->valid_from_ms = key->valid_from_ms;
            row->valid_until_ms = key->valid_until_ms;
            policy->count++;
        }
    }
}

static enum err read_witness(const struct yaml_node *node, struct witness_key *out,
                             struct fault *fault)
{
    static const char *const KEYS[] = {"name", "key", NULL};
    const struct yaml_node *name;
    const struct yaml_node *key;
    enum err err = yaml_only_keys(node, KEYS, fault);
    if (err != OK || (err = yaml_need(node, "name", YAML_KIND_SCALAR, &name, fault)) != OK ||
        (err = yaml_copy(name, out->name, sizeof out->name, fault)) != OK ||
        (err = yaml_need(node, "key", YAML_KIND_SCALAR, &key, fault)) != OK)
        return err;
    if (!hex_decode(yaml_text(key), out->public_key, KEY_PUBLIC_LEN) ||
        key_check_public(KEY_USE_WITNESS, out->public_key) != OK)
        return yaml_fault(key, ERR_FIELD_VALUE, fault, "key: 64 hexadecimal digits of Ed25519");
    out->valid_from_ms = 0;
    out->valid_until_ms = UINT64_MAX;
    return OK;
}

enum err cosign_policy_read(struct witness_policy *policy, const char *path, struct fault *fault)
{
    static const char *const KEYS[] = {"needed", "within_s", "witnesses", NULL};
    struct yaml *y = NULL;
    const struct yaml_node *needed;
    const struct yaml_node *list;
    uint64_t number = 0;
    uint64_t within_s = 60;

    memset(policy, 0, sizeof *policy);
    enum err err = yaml_open(&y, path, fault);
    if (err != OK)
        return err;
    const struct yaml_node *root = yaml_root(y);
    if ((err = yaml_only_keys(root, KEYS, fault)) != OK ||
        (err = yaml_need(root, "needed", YAML_KIND_SCALAR, &needed, fault)) != OK ||
        (err = yaml_uint(needed, NOTE_EXTRA_MAX, &number, fault)) != OK ||
        (err = yaml_need(root, "witnesses", YAML_KIND_LIST, &list, fault)) != OK)
        goto out;
    const struct yaml_node *within = yaml_get(root, "within_s");
    if (within != NULL && (err = yaml_uint(within, 86400, &within_s, fault)) != OK)
        goto out;
    for (size_t i = 0; err == OK && i < yaml_count(list); i++) {
        if (policy->count == WITNESSES_MAX)
            err = yaml_fault(list, ERR_TOO_LARGE, fault, "witnesses: at most %d", WITNESSES_MAX);
        else
            err = read_witness(yaml_item(list, i), &policy->row[policy->count++], fault);
    }
    policy->needed = (unsigned)number;
    policy->within_ms = within_s * 1000;

out:
    yaml_close(&y);
    return err;
}

/* What is signed. */
static size_t statement(char out[static TEXT_MAX], uint64_t time_s, struct span text)
{
    const int len = snprintf(out, TEXT_MAX, "cosignature/v1\ntime %" PRIu64 "\n", time_s);
    memcpy(out + len, text.data, text.len);
    return (size_t)len + text.len;
}

enum err cosign(struct span note, const char *name, const struct key *key, uint64_t time_s,
                struct writer *w)
{
    struct checkpoint checkpoint;
    struct span text;
    struct span lines;
    char message[TEXT_MAX];
    uint8_t proof[PROOF_LEN];
    if (key_use(key) != KEY_USE_WITNESS)
        return ERR_KEY_USE;
    enum err err = note_open(note, &checkpoint, &text, &lines);
    if (err != OK)
        return err;
    note_key_hash(proof, name, NOTE_COSIGNATURE, key_public(key));
    struct writer time = writer_of(proof + NOTE_KEY_HASH_LEN, TIME_LEN);
    write_uint(&time, time_s, TIME_LEN);
    const size_t len = statement(message, time_s, text);
    err = key_sign(key, span_of(message, len), proof + NOTE_KEY_HASH_LEN + TIME_LEN);
    if (err != OK)
        return err;
    note_put_line(w, name, span_of(proof, sizeof proof));
    return w->full ? ERR_TOO_LARGE : OK;
}

/* The key of the policy that has made this line; NULL: none. */
static const struct witness_key *signer_of(const struct note_line *line, struct span text,
                                           const struct witness_policy *policy, uint64_t now_ms,
                                           uint64_t *time_ms)
{
    uint8_t hash[NOTE_KEY_HASH_LEN];
    char message[TEXT_MAX];
    uint64_t time_s = 0;
    struct span from = span_of(line->proof + NOTE_KEY_HASH_LEN, TIME_LEN);
    if (line->proof_len != PROOF_LEN)
        return NULL;
    (void)span_take_uint(&from, TIME_LEN, &time_s); /* as many bytes are there */
    if (time_s > now_ms / 1000 + COSIGN_AHEAD_S)
        return NULL;
    *time_ms = time_s * 1000;
    const size_t len = statement(message, time_s, text);
    for (size_t i = 0; i < policy->count; i++) {
        const struct witness_key *key = &policy->row[i];
        note_key_hash(hash, key->name, NOTE_COSIGNATURE, key->public_key);
        /* The time of a line has whole seconds; a key may begin within one. */
        if (strcmp(key->name, line->name) == 0 && *time_ms + 999 >= key->valid_from_ms &&
            *time_ms < key->valid_until_ms && memcmp(hash, line->proof, sizeof hash) == 0 &&
            key_verify(key->public_key, span_of(message, len),
                       line->proof + NOTE_KEY_HASH_LEN + TIME_LEN) == OK)
            return key;
    }
    return NULL;
}

static bool counted(const struct cosigners *cosigners, const char *name)
{
    for (unsigned i = 0; i < cosigners->count; i++) {
        if (strcmp(cosigners->by[i].name, name) == 0)
            return true;
    }
    return false;
}

enum err cosign_count(struct span note, const struct witness_policy *policy, uint64_t now_ms,
                      struct cosigners *out)
{
    struct checkpoint checkpoint;
    struct span text;
    struct span lines;
    struct note_line line;
    memset(out, 0, sizeof *out);
    enum err err = note_open(note, &checkpoint, &text, &lines);
    while (err == OK && note_line(&lines, &line)) {
        uint64_t time_ms = 0;
        const struct witness_key *key = signer_of(&line, text, policy, now_ms, &time_ms);
        if (key != NULL && !counted(out, key->name))
            out->by[out->count++] = (struct cosigner){key->name, time_ms};
    }
    return err;
}

bool cosign_met(const struct witness_policy *policy, const struct cosigners *cosigners)
{
    return cosigners->count >= policy->needed;
}

enum err cosign_check(struct span note, struct span line, const char *name,
                      const struct witness_policy *policy, uint64_t now_ms, uint64_t *time_ms)
{
    struct checkpoint checkpoint;
    struct span text;
    struct span lines;
    struct note_line read;
    enum err err = note_open(note, &checkpoint, &text, &lines);
    if (err != OK)
        return err;
    if (!note_line(&line, &read) || line.len != 0)
        return ERR_CHECKPOINT;
    const struct witness_key *key = signer_of(&read, text, policy, now_ms, time_ms);
    return key != NULL && strcmp(key->name, name) == 0 ? OK : ERR_CHECKPOINT;
}
