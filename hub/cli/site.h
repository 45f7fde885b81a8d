/*
 * site - the directory of the adapter that a command means: --spool SITE_DIR, or `directory` of
 * --adapter ADAPTER.yaml, relative to that file.
 *
 * Guarantee: exactly one of the two, else ERR_USAGE. And, for commands that open what is the
 * adapter's, the places that its configuration names; other keys of it are not judged.
 * Thread rule: no state.
 */
#ifndef CLI_SITE_H
#define CLI_SITE_H

#include "cli/args.h"
#include "ident.h"
#include "net/place.h"

enum { SITE_PATH_MAX = 1024 };

MUST_USE enum err site_dir(const struct args *args, char out[static SITE_PATH_MAX],
                           struct fault *fault);

struct site_adapter {
    char member[MEMBER_MAX + 1];
    char key_file[PLACE_MAX];
    char passphrase_file[PLACE_MAX];
    char state_dir[PLACE_MAX];
};
MUST_USE enum err site_adapter_read(const char *path, struct site_adapter *out,
                                    struct fault *fault);

#endif
