/*
 * site - the directory of the adapter that a command means: --spool SITE_DIR, or `directory` of
 * --adapter ADAPTER.yaml, relative to that file.
 *
 * Guarantee: exactly one of the two, else ERR_USAGE. Thread rule: no state.
 */
#ifndef CLI_SITE_H
#define CLI_SITE_H

#include "cli/args.h"

enum { SITE_PATH_MAX = 1024 };

MUST_USE enum err site_dir(const struct args *args, char out[static SITE_PATH_MAX],
                           struct fault *fault);

#endif
