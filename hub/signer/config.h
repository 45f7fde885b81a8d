/*
 * config - signer.yaml.
 *
 * Guarantee: an unknown key, a missing one and a wrong value are refused with file and line;
 * relative paths are relative to the file. Thread rule: plain values.
 */
#ifndef SIGNER_CONFIG_H
#define SIGNER_CONFIG_H

#include "base/log.h"
#include "ident.h"
#include "net/local.h"
#include "net/place.h"

struct signer_config {
    char realm[17];
    char member[MEMBER_MAX + 1]; /* of the hub */
    char anchor[PLACE_MAX];      /* for --restore and next_key_file; may be empty */
    char registry[PLACE_MAX];    /* the same */
    char key_file[PLACE_MAX];
    char passphrase_file[PLACE_MAX];
    char next_key_file[PLACE_MAX];        /* may be empty */
    char next_passphrase_file[PLACE_MAX]; /* empty: passphrase_file */
    struct place_list token_paths;
    char state_file[PLACE_MAX];
    char socket[LOCAL_PATH_MAX + 1];
    uid_t client_uid; /* LOCAL_NO_UID: only the signer's own user */
    enum log_level log_level;
};

MUST_USE enum err signer_config_read(struct signer_config *out, const char *path,
                                     struct fault *fault);

#endif
