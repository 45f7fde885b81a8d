/*
 * measure - what runs here: SHA-256 of the program's own file and of its configuration, for the
 * log; and whether officials have released this program.
 *
 * Guarantees:
 *   1. The program measured is the one that runs, not what stands under its name by now.
 *   2. With a release list in the configuration, it counts as released only if two officials have
 *      signed the list, it has this program's hash, and the proof beside it shows that the list is
 *      an entry of this hub's log, with as many cosignatures as the hub's `witness` needs: all that
 *      an installation asks (release_log.h). Whatever is missing, wrong or cannot be read is an
 *      alarm: an event, `program_unlisted` of status with the code, and a leaf of its own. It does
 *      not stop the hub: who can swap the program can leave out the check, and a hub that stood
 *      still could not enter its own release.
 *   3. The code says what it is: ERR_NOT_FOUND no list, ERR_RELEASE_FILE another program,
 *      ERR_RELEASE_LOG no proof or another list's, else those of release_check and release_proven.
 *
 * Thread rule: the loop's thread. keys/release.h, keys/release_log.h. I-03, U-04.
 */
#ifndef NET_MEASURE_H
#define NET_MEASURE_H

#include "core/core.h"
#include "net/config.h"

MUST_USE enum err measure_take(struct core_measured *out, const struct hub_config *config,
                               const char *config_path, const struct registry *registry,
                               uint64_t now_ms, struct fault *fault);

#endif
