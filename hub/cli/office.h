/*
 * office - the witness of an office that has no hub: its keys, the registry, and a folder with what
 * it has cosigned (`lianshu witness`).
 *
 *   state_dir/witness            whose folder it is; locked while it is in use
 *   state_dir/<hub>-<n>.note     the latest checkpoint of that log that was cosigned
 *   state_dir/<hub>-<n>.E803     evidence: the held note and the offered one
 *   state_dir/amendments         revocations and key records of the version in use, and since when:
 *                                u64 applied_ms ‖ u32 length ‖ LSD1, of each
 *
 * Guarantees:
 *   1. A head is on disk under its name before office_take gives a cosignature of it; a crash
 * leaves the old one or the new one.
 *   2. One process at a time uses a folder (ERR_BUSY_ELSEWHERE), so no two asks are judged by one
 * held head. A folder that is missing is not made silently (ERR_NOT_FOUND): office_init makes it,
 * once.
 *   3. Only the logs of the hubs that are named are cosigned, and the number of a log only rises.
 *   4. A key that a registrar has revoked counts for nothing from the frame on that says so, also
 *      after a restart and under a later registry; what is not on disk yet is not in effect at the
 *      next start, and is told again by the hub.
 *
 * Bounds: OFFICE_HUBS_MAX hubs, one piece of evidence of a kind a log. Thread rule: one thread.
 */
#ifndef CLI_OFFICE_H
#define CLI_OFFICE_H

#include "ident.h"
#include "keys/keyfile.h"
#include "keys/witness.h"

enum { OFFICE_HUBS_MAX = 32, OFFICE_PATH_MAX = 1024, OFFICE_ADDRESS_MAX = 256 };

struct office_config {
    char realm[17];
    char member[MEMBER_MAX + 1];
    char key_file[OFFICE_PATH_MAX];
    char passphrase_file[OFFICE_PATH_MAX];
    char anchor[OFFICE_PATH_MAX];
    char registry[OFFICE_PATH_MAX];
    char state_dir[OFFICE_PATH_MAX];
    size_t hub_count;
    struct office_hub {
        char hub[MEMBER_MAX + 1];
        char address[OFFICE_ADDRESS_MAX];
    } hubs[OFFICE_HUBS_MAX];
};

/* witness.yaml. ERR_CONFIG and others with file and line. */
MUST_USE enum err office_config_read(struct office_config *out, const char *path,
                                     struct fault *fault);

/* Make the folder, once. ERR_EXISTS. */
MUST_USE enum err office_init(const struct office_config *config, struct fault *fault);

struct office;

/* The config is borrowed. */
MUST_USE enum err office_open(struct office **out, const struct office_config *config,
                              struct fault *fault);
void office_close(struct office **office);

const struct registry *office_registry(const struct office *office);
const struct keyring *office_keys(const struct office *office);

/* Revocations and key records that a hub hands over: the registry's own signatures count, not who
 * brings them; what is refused is said in the log. Errors are of this process. */
MUST_USE enum err office_amend(struct office *office, const lianshu_Amendments *body,
                               uint64_t now_ms, struct fault *fault);

/* Read the registry file again; one that does not verify, is older, or would lose a revocation is
 * not used. */
void office_refresh(struct office *office);

/* What `hub` asks, and the answer to it. Errors are of this process: then nothing is answered. */
MUST_USE enum err office_take(struct office *office, const char *hub, const lianshu_WitnessAsk *ask,
                              uint64_t now_ms, lianshu_WitnessAnswer *answer, struct fault *fault);

/* The latest head of a hub's newest log; note_len 0: none. */
MUST_USE enum err office_held(struct office *office, const char *hub, struct witness_head *out,
                              struct fault *fault);

#endif
