/*
 * private_file - opens files that hold secrets, and lends passphrases inside keys/. Internal.
 *
 * Thread rule: no state.
 */
#ifndef KEYS_PRIVATE_FILE_H
#define KEYS_PRIVATE_FILE_H

#include "keys/keyfile.h"

/* A regular file of this user or of root, without access for group and others; no symbolic
 * link; in a folder of this user or of root where nobody else writes, or a sticky one.
 * `credential:NAME` is the file of that name in $CREDENTIALS_DIRECTORY, where systemd puts what a
 * unit's LoadCredential= or LoadCredentialEncrypted= names. *fd is the caller's to close.
 * ERR_NOT_FOUND, ERR_PERMISSION, ERR_FIELD_VALUE, ERR_IO. */
MUST_USE enum err private_file_open(int *fd, const char *path, struct fault *fault);

/* Borrowed until the passphrase closes. */
struct span passphrase_text(const struct passphrase *passphrase);

#endif
