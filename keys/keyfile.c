#include "keys/keyfile.h"

#include "keys/guard.h"
#include "keys/key_token.h"
#include "keys/pkcs11.h"
#include "keys/private_file.h"

#include "base/file.h"
#include "ident.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    MAGIC_LEN = 4,
    VERSION = 1,
    VERSION_LINKED = 2, /* a key on a token, too */
    SALT_LEN = 16,
    NONCE_LEN = 24,
    TAG_LEN = 16,
    HEAD_LEN = MAGIC_LEN + 2 + 4 + 8 + SALT_LEN + NONCE_LEN + 4,
    ENTRY_LEN = 2 + 8 + KEY_SECRET_LEN,
    LINK_MAX = 2 + KEY_LINK_URI_MAX + 2 + KEY_LINK_PIN_MAX,
    PLAIN_MAX = 1 + MEMBER_MAX + 1 + KEYRING_NAME_MAX + 2 + KEYRING_MAX * ENTRY_LEN + LINK_MAX,
};

static const char magic[MAGIC_LEN + 1] = "LSKF";

_Static_assert(SALT_LEN == crypto_pwhash_SALTBYTES, "salt length drifted");
_Static_assert(NONCE_LEN == crypto_aead_xchacha20poly1305_ietf_NPUBBYTES, "nonce drifted");
_Static_assert(TAG_LEN == crypto_aead_xchacha20poly1305_ietf_ABYTES, "tag length drifted");
_Static_assert(HEAD_LEN + PLAIN_MAX + TAG_LEN <= KEYFILE_LEN_MAX, "a full ring must fit");

/* The clear part of the file. */
struct head {
    struct span bytes; /* all of it: associated data */
    uint64_t version;
    uint32_t ops;
    uint64_t memory;
    const uint8_t *salt;
    const uint8_t *nonce;
    struct span c;
};

/* Everything is judged here, before memory is taken for anything in the file. */
static enum err parse_head(struct span file, struct head *out)
{
    struct span rest = file;
    struct span part;
    uint64_t ops;
    uint64_t len;

    if (!span_take(&rest, MAGIC_LEN, &part) || memcmp(part.data, magic, MAGIC_LEN) != 0 ||
        !span_take_uint(&rest, 2, &out->version) ||
        (out->version != VERSION && out->version != VERSION_LINKED))
        return ERR_KEY_FILE;
    if (!span_take_uint(&rest, 4, &ops) || ops == 0 || ops > KEYFILE_OPS_MAX ||
        !span_take_uint(&rest, 8, &out->memory) || out->memory < KEYFILE_MEMORY_MIN ||
        out->memory > KEYFILE_MEMORY_MAX)
        return ERR_KEY_FILE;
    out->ops = (uint32_t)ops;
    if (!span_take(&rest, SALT_LEN, &part))
        return ERR_KEY_FILE;
    out->salt = part.data;
    if (!span_take(&rest, NONCE_LEN, &part))
        return ERR_KEY_FILE;
    out->nonce = part.data;
    if (!span_take_uint(&rest, 4, &len) || len != rest.len || len < TAG_LEN ||
        len > PLAIN_MAX + TAG_LEN)
        return ERR_KEY_FILE;
    out->c = rest;
    out->bytes = span_of(file.data, HEAD_LEN);
    return OK;
}

/* The file's own key from the passphrase, in guarded memory. */
static enum err stretch(uint8_t **out, const struct passphrase *passphrase,
                        const uint8_t salt[static SALT_LEN], uint32_t ops, uint64_t memory)
{
    const struct span text = passphrase_text(passphrase);
    *out = guard_alloc(crypto_aead_xchacha20poly1305_ietf_KEYBYTES);
    if (*out == NULL)
        return ERR_NO_MEMORY;
    if (crypto_pwhash(*out, crypto_aead_xchacha20poly1305_ietf_KEYBYTES, (const char *)text.data,
                      text.len, salt, ops, (size_t)memory, crypto_pwhash_ALG_ARGON2ID13) == 0)
        return OK;
    guard_free(*out);
    *out = NULL;
    return ERR_NO_MEMORY;
}

static bool take_name(struct span *from, char *out, size_t max)
{
    uint64_t len;
    struct span name;
    if (!span_take_uint(from, 1, &len) || len > max || !span_take(from, (size_t)len, &name))
        return false;
    if (len > 0)
        memcpy(out, name.data, len);
    out[len] = '\0';
    return strlen(out) == len;
}

/* What a file with a link is read for. */
struct opening {
    bool again;                   /* to be written again: the ring keeps the PIN */
    const struct passphrase *pin; /* in the place of the one in the file; NULL: that */
    struct fault *fault;          /* of the token */
};

/* The tail of a file with a link: the token is opened as the key file says. */
static enum err parse_link(struct span rest, struct keyring *ring, const struct opening *how)
{
    char uri[KEY_LINK_URI_MAX + 1];
    struct passphrase *pin = NULL;
    struct span part;
    uint64_t len;
    if (!span_take_uint(&rest, 2, &len) || len == 0 || len > KEY_LINK_URI_MAX ||
        !span_take(&rest, (size_t)len, &part))
        return ERR_KEY_FILE;
    memcpy(uri, part.data, part.len);
    uri[part.len] = '\0';
    if (strlen(uri) != part.len || !span_take_uint(&rest, 2, &len) || len != rest.len)
        return ERR_KEY_FILE;
    enum err err = passphrase_of(&pin, rest);
    if (err == OK)
        err = keyring_link_token(ring, uri, how->pin != NULL ? how->pin : pin, how->fault);
    if (!how->again)
        keyring_keep_link(ring, NULL); /* a process that only signs has no use for the PIN */
    passphrase_close(&pin);
    return err;
}

/* The ring from the opened text. */
static enum err parse_ring(struct span plain, uint64_t version, struct keyring **out,
                           const struct opening *how)
{
    char owner[MEMBER_MAX + 1];
    char name[KEYRING_NAME_MAX + 1];
    uint64_t count;
    enum err err = ERR_KEY_FILE;
    struct keyring *ring = NULL;
    struct key *key = NULL;

    *out = NULL;
    if (!take_name(&plain, owner, MEMBER_MAX) || !take_name(&plain, name, KEYRING_NAME_MAX) ||
        !span_take_uint(&plain, 2, &count) || count > KEYRING_MAX ||
        plain.len < count * ENTRY_LEN || (version == VERSION && plain.len != count * ENTRY_LEN))
        return err;
    if ((err = keyring_open(&ring, owner, name)) != OK)
        return err;
    for (uint64_t i = 0; i < count; i++) {
        uint64_t use;
        uint64_t created_ms;
        struct span secret;
        err = ERR_KEY_FILE;
        if (!span_take_uint(&plain, 2, &use) || !span_take_uint(&plain, 8, &created_ms) ||
            !span_take(&plain, KEY_SECRET_LEN, &secret))
            goto out;
        if ((err = key_import(&key, (enum key_use)use, created_ms, secret.data)) != OK)
            goto out;
        if ((err = keyring_add(ring, &key)) != OK)
            goto out;
    }
    if (version == VERSION_LINKED && (err = parse_link(plain, ring, how)) != OK)
        goto out;
    *out = ring;
    ring = NULL;
    err = OK;
out:
    key_close(&key);
    keyring_close(&ring);
    return err;
}

static enum err open_ring(struct span file, const struct passphrase *passphrase,
                          struct keyring **out, const struct opening *how)
{
    struct head head;
    uint8_t *key = NULL;
    uint8_t *plain = NULL;

    enum err err = parse_head(file, &head);
    if (err != OK)
        return err;
    if ((err = stretch(&key, passphrase, head.salt, head.ops, head.memory)) != OK)
        goto out;
    err = ERR_NO_MEMORY;
    plain = guard_alloc(PLAIN_MAX);
    if (plain == NULL)
        goto out;
    err = ERR_PASSPHRASE;
    if (crypto_aead_xchacha20poly1305_ietf_decrypt(plain, NULL, NULL, head.c.data, head.c.len,
                                                   head.bytes.data, head.bytes.len, head.nonce,
                                                   key) != 0)
        goto out;
    err = parse_ring(span_of(plain, head.c.len - TAG_LEN), head.version, out, how);
out:
    guard_free(plain);
    guard_free(key);
    return err;
}

/* Read fd to its end; one spare byte in cap makes an overlong file visible. */
static enum err read_all(int fd, uint8_t *out, size_t cap, size_t *len)
{
    *len = 0;
    while (*len < cap) {
        ssize_t n = read(fd, out + *len, cap - *len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return ERR_IO;
        if (n == 0)
            return OK;
        *len += (size_t)n;
    }
    return ERR_KEY_FILE;
}

static enum err read_file(struct keyring **out, const char *path,
                          const struct passphrase *passphrase, struct opening how,
                          struct fault *fault)
{
    uint8_t file[KEYFILE_LEN_MAX + 1];
    size_t len;
    struct fault inner = {.err = OK};
    int fd = -1;
    how.fault = &inner;
    enum err err = private_file_open(&fd, path, fault);
    if (err != OK)
        return err;
    err = read_all(fd, file, sizeof file, &len);
    if (err == OK)
        err = open_ring(span_of(file, len), passphrase, out, &how);
    close(fd);
    if (err == OK || inner.err == OK)
        return err == OK ? OK : fault_set(fault, err, 0, path, "key file");
    if (fault != NULL)
        *fault = inner; /* of the token that the file names */
    return err;
}

enum err keyfile_read(struct keyring **out, const char *path, const struct passphrase *passphrase,
                      struct fault *fault)
{
    *out = NULL;
    return pkcs11_is_uri(path)
               ? key_token_ring(out, path, passphrase, fault)
               : read_file(out, path, passphrase, (struct opening){.again = false}, fault);
}

enum err keyfile_read_again(struct keyring **out, const char *path,
                            const struct passphrase *passphrase, const struct passphrase *pin,
                            struct fault *fault)
{
    *out = NULL;
    if (!private_file_is_path(path))
        return fault_set(fault, ERR_KEY_USE, 0, path,
                         "it is no file that is written again: systemd's credentials and keys on a "
                         "token are renewed where they are made");
    enum err err =
        read_file(out, path, passphrase, (struct opening){.again = true, .pin = pin}, fault);
    if (err != OK || pin == NULL || keyring_link(*out) != NULL)
        return err;
    keyring_close(out);
    return fault_set(fault, ERR_KEY_USE, 0, path, "it names no key on a token, and needs no PIN");
}

enum err keyfile_open(struct keyring **out, const char *path, const char *passphrase_path,
                      struct fault *fault)
{
    struct passphrase *passphrase = NULL;
    *out = NULL;
    enum err err = passphrase_read(&passphrase, passphrase_path, fault);
    if (err == OK)
        err = keyfile_read(out, path, passphrase, fault);
    passphrase_close(&passphrase);
    return err;
}

static void write_name(struct writer *w, const char *name)
{
    write_uint(w, strlen(name), 1);
    write_bytes(w, name, strlen(name));
}

static void write_ring(struct writer *w, const struct keyring *ring)
{
    write_name(w, keyring_owner(ring));
    write_name(w, keyring_name(ring));
    const struct key_link *link = keyring_link(ring);
    write_uint(w, keyring_count(ring) - (link != NULL), 2);
    for (size_t i = 0; i < keyring_count(ring); i++) {
        const struct key *key = keyring_at(ring, i);
        if (key_secret(key) == NULL)
            continue; /* the link's */
        write_uint(w, (uint64_t)key_use(key), 2);
        write_uint(w, key_created_ms(key), 8);
        write_bytes(w, key_secret(key), KEY_SECRET_LEN);
    }
    if (link == NULL)
        return;
    write_uint(w, strlen(link->uri), 2);
    write_bytes(w, link->uri, strlen(link->uri));
    write_uint(w, link->pin_len, 2);
    write_bytes(w, link->pin, link->pin_len);
}

/* The whole file into w. */
static enum err seal_ring(const struct keyring *ring, const struct passphrase *passphrase,
                          struct keyfile_cost cost, const struct entropy *entropy, struct writer *w)
{
    uint8_t salt[SALT_LEN];
    uint8_t nonce[NONCE_LEN];
    uint8_t *key = NULL;
    enum err err = ERR_NO_MEMORY;
    uint8_t *memory = guard_alloc(PLAIN_MAX);
    if (memory == NULL)
        return err;
    struct writer plain = writer_of(memory, PLAIN_MAX);
    write_ring(&plain, ring);

    entropy_fill(entropy, salt, sizeof salt);
    entropy_fill(entropy, nonce, sizeof nonce);
    write_bytes(w, magic, MAGIC_LEN);
    write_uint(w, keyring_link(ring) == NULL ? VERSION : VERSION_LINKED, 2);
    write_uint(w, cost.ops, 4);
    write_uint(w, cost.memory, 8);
    write_bytes(w, salt, sizeof salt);
    write_bytes(w, nonce, sizeof nonce);
    write_uint(w, plain.len + TAG_LEN, 4);
    if ((err = stretch(&key, passphrase, salt, cost.ops, cost.memory)) != OK)
        goto out;
    err = ERR_INTERNAL;
    if (crypto_aead_xchacha20poly1305_ietf_encrypt(w->data + HEAD_LEN, NULL, plain.data, plain.len,
                                                   w->data, HEAD_LEN, NULL, nonce, key) != 0)
        goto out;
    w->len += plain.len + TAG_LEN;
    err = OK;
out:
    guard_free(key);
    guard_free(memory);
    return err;
}

enum err keyfile_write(const struct keyring *ring, const char *path, bool replace,
                       const struct passphrase *passphrase, struct keyfile_cost cost,
                       const struct entropy *entropy, struct fault *fault)
{
    uint8_t file[KEYFILE_LEN_MAX];
    struct writer w = writer_of(file, sizeof file);

    if (cost.ops == 0)
        cost.ops = KEYFILE_OPS_DEFAULT;
    if (cost.memory == 0)
        cost.memory = KEYFILE_MEMORY_DEFAULT;
    if (cost.ops > KEYFILE_OPS_MAX || cost.memory < KEYFILE_MEMORY_MIN ||
        cost.memory > KEYFILE_MEMORY_MAX)
        return fault_set(fault, ERR_KEY_FILE, 0, path, "cost out of bounds");
    for (size_t i = 0; keyring_link(ring) == NULL && i < keyring_count(ring); i++) {
        if (key_secret(keyring_at(ring, i)) == NULL)
            return fault_set(fault, ERR_KEY_USE, 0, path, "a key on a token stays there");
    }
    enum err err = seal_ring(ring, passphrase, cost, entropy, &w);
    if (err != OK)
        return fault_set(fault, err, 0, path, "key file");
    return file_write(path, writer_span(&w), 0600, replace ? 0 : FILE_NEW, fault);
}
