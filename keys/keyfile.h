/*
 * keyfile - a keyring on disk, under a passphrase: argon2id + XChaCha20-Poly1305.
 *
 *   "LSKF" ‖ u16 version ‖ u32 ops ‖ u64 memory ‖ salt 16 ‖ nonce 24 ‖ u32|c| ‖ c
 *   c = AEAD(argon2id(passphrase, salt, ops, memory), nonce, aad = all before c, plain)
 *   plain = u8|owner| ‖ owner ‖ u8|name| ‖ name ‖ u16 n ‖ n × (u16 use ‖ u64 created_ms ‖ secret
 * 32); version 2 has a key on a token, too, and behind that: u16|URI| ‖ URI ‖ u16|PIN| ‖ PIN
 *
 * Guarantees:
 *   1. A file that is not a regular file of this user with no access for others (0600, 0400),
 *      or lies in a folder where others write, is refused (ERR_PERMISSION); the open descriptor is
 *      asked, not the path.
 *   2. A file that is truncated, too long, or asks for more work than KEYFILE_*_MAX is refused
 *      (ERR_KEY_FILE) before any memory is taken for it.
 *   3. A wrong passphrase and an altered file are the same ERR_PASSPHRASE.
 *   4. keyfile_write either leaves the whole new file, on disk, or the old one.
 *   5. Secrets and passphrases are in guarded memory only.
 *   6. Where a path begins with "pkcs11:" it names one Ed25519 key on a token instead (pkcs11.h);
 *      the passphrase is the token's PIN, the ring holds that key, its owner stands on the token.
 *      A ring of such a key is never written (ERR_KEY_USE).
 *   7. One key of a ring may be on a token while the others are in the file (keyring_link_token):
 *      the file then holds the URI and the PIN, and reading it opens the token, too. The PIN is
 *      forgotten once it has served, and such a ring is not written (ERR_KEY_USE): what is to be
 *      written again is read by keyfile_read_again, which keeps it.
 *
 * Errors: ERR_NOT_FOUND, ERR_PERMISSION, ERR_KEY_FILE, ERR_PASSPHRASE, ERR_EXISTS, ERR_IO; and
 * those of key_import. Thread rule: none of its own.
 */
#ifndef KEYS_KEYFILE_H
#define KEYS_KEYFILE_H

#include "keys/key.h"

enum {
    KEYFILE_LEN_MAX = 4096,
    KEYFILE_OPS_DEFAULT = 3,
    KEYFILE_OPS_MAX = 8,
    KEYFILE_MEMORY_MIN = 8 << 10,
    KEYFILE_MEMORY_DEFAULT = 64 << 20,
    KEYFILE_MEMORY_MAX = 512 << 20,
    PASSPHRASE_MIN = 8,
    PASSPHRASE_MAX = 1024,
};

struct passphrase;

/* Is it the path of a file? Not a `credential:NAME` (systemd's, private_file.h), nor a pkcs11: URI,
 * which both stand where paths of key and passphrase files do. */
bool private_file_is_path(const char *text);
/* What a sandbox must leave readable for it: the path itself, the directory of credentials, or NULL
 * when there is none (a token says in its own configuration what its module needs). */
const char *private_file_place(const char *text);

/* The first line of a file of this user, 0600 or 0400, or of a credential; its newline does not
 * count. */
MUST_USE enum err passphrase_read(struct passphrase **out, const char *path, struct fault *fault);
/* The same from a descriptor (pipe, terminal, file); not closed. */
MUST_USE enum err passphrase_read_fd(struct passphrase **out, int fd, struct fault *fault);
MUST_USE enum err passphrase_of(struct passphrase **out, struct span text);
void passphrase_close(struct passphrase **passphrase);

struct keyfile_cost {
    uint32_t ops;    /* 0: KEYFILE_OPS_DEFAULT */
    uint64_t memory; /* bytes; 0: KEYFILE_MEMORY_DEFAULT */
};

/* On success *out is the caller's to close. */
MUST_USE enum err keyfile_read(struct keyring **out, const char *path,
                               const struct passphrase *passphrase, struct fault *fault);

/* The same with the passphrase from a file, which is not kept. */
MUST_USE enum err keyfile_open(struct keyring **out, const char *path, const char *passphrase_path,
                               struct fault *fault);

/* The same to be written again: under another passphrase, cost or format, or with other keys. pin:
 * of the token, in the place of the one that the file has (it was changed); NULL: that one. */
MUST_USE enum err keyfile_read_again(struct keyring **out, const char *path,
                                     const struct passphrase *passphrase,
                                     const struct passphrase *pin, struct fault *fault);
/* The link of a ring that was read again, and the key it leads to, in another ring of that owner;
 * OK when it has none. */
MUST_USE enum err keyring_link_again(struct keyring *to, const struct keyring *from,
                                     struct fault *fault);

/* The ring has this key of its owner, too, and remembers where it is. ERR_EXISTS when it has a link
 * already, ERR_KEY_REUSED a key of this use, ERR_KEY_FILE when the key is another member's; errors
 * of pkcs11.h. */
MUST_USE enum err keyring_link_token(struct keyring *ring, const char *uri,
                                     const struct passphrase *pin, struct fault *fault);
/* Make the key that a pkcs11: URI names on its token, never to leave it. ERR_EXISTS. */
MUST_USE enum err keyfile_make_on_token(const char *uri, const struct passphrase *pin,
                                        struct fault *fault);

/* `replace` false: ERR_EXISTS when there is a file. */
MUST_USE enum err keyfile_write(const struct keyring *ring, const char *path, bool replace,
                                const struct passphrase *passphrase, struct keyfile_cost cost,
                                const struct entropy *entropy, struct fault *fault);

#endif
