/*
 * signing - who signs a document of the registry on this machine, and who signs it elsewhere later.
 *
 *   --registrar a.key --registrar b.key --passphrase-file a.pass --passphrase-file b.pass
 *   --with c.key.pub                                            # c signs later, on another machine
 *
 * Guarantees: keys are of roots, or of officials of one registrar, each once; the i-th key file is
 * opened with the i-th passphrase file, or with the last; a public key file is one of such a key.
 * Secrets stay in guarded memory until signing_close.
 *
 * Ownership: a struct signing owns its key rings. Thread rule: no state.
 */
#ifndef CLI_SIGNING_H
#define CLI_SIGNING_H

#include "cli/cli.h"
#include "ident.h"
#include "keys/keyfile.h"
#include "keys/registrar.h"

struct signing {
    struct keyring *ring[FRAME_ISSUERS_MAX];
    const struct key *key[FRAME_ISSUERS_MAX];
    size_t key_count;
    uint8_t later[FRAME_ISSUERS_MAX][KEY_PUBLIC_LEN];
    size_t later_count;
    enum key_use use;            /* KEY_USE_ROOT or KEY_USE_REGISTRAR */
    char member[MEMBER_MAX + 1]; /* of officials: registrar.<region> */
};

/* The key files of an option, and with `with` those of --with. use: KEY_USE_NONE takes either.
 * ERR_USAGE, ERR_KEY_USE, ERR_KEY_REUSED, and those of keyfile_read and pubfile_read. */
MUST_USE enum err signing_open(struct signing *out, const struct args *args, const char *option,
                               enum key_use use, bool with, struct fault *fault);
void signing_close(struct signing *signing);

/* Public keys of an option's .pub files. ERR_USAGE more than max, ERR_KEY_USE, ERR_KEY_REUSED. */
MUST_USE enum err signing_public(const struct args *args, const char *option, enum key_use use,
                                 uint8_t (*out)[KEY_PUBLIC_LEN], size_t max, size_t *count,
                                 struct fault *fault);

/* The first digits of SHA-256(D), by which an official says that he has seen what he signs. */
enum { SIGNING_CODE_LEN = 8 };
MUST_USE enum err signing_code(struct span lsd1, char out[static SIGNING_CODE_LEN + 1]);

#endif
