/*
 * measure - what runs here: SHA-256 of the program's own file and of its configuration, for the
 * log; and whether officials have released this program.
 *
 * Guarantees:
 *   1. The program measured is the one that runs, not what stands under its name by now.
 *   2. With a release file in the configuration, a program that it does not list, or a file that
 *      two officials have not signed, is an alarm: an event, `program_unlisted` of status, and a
 *      leaf of its own. It does not stop the hub: who can swap the program can leave out the check.
 *
 * Thread rule: the loop's thread. keys/release.h.
 */
#ifndef NET_MEASURE_H
#define NET_MEASURE_H

#include "core/core.h"
#include "net/config.h"

MUST_USE enum err measure_take(struct core_measured *out, const struct hub_config *config,
                               const char *config_path, const struct registry *registry,
                               uint64_t now_ms, struct fault *fault);

#endif
