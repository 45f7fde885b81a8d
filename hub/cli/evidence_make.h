/* What only the making of a bundle needs. Inside hub/cli only. */
#ifndef CLI_EVIDENCE_MAKE_H
#define CLI_EVIDENCE_MAKE_H

#include "cli/evidence.h"

/* A hexadecimal field of an answer, free() it; NULL: it is not there, or no such text. */
uint8_t *evidence_hex(const struct json *row, const char *key, size_t *len);
MUST_USE enum err evidence_put_hex(struct bundle *bundle, const struct json *row, const char *key,
                                   const char *name, struct fault *fault);
/* The proof of a member. */
MUST_USE enum err evidence_take_member(const struct cli *cli, struct bundle *bundle,
                                       const char *member, struct fault *fault);
/* Every revocation since the version, with the registrars that signed them. */
MUST_USE enum err evidence_take_revocations(const struct cli *cli, struct bundle *bundle,
                                            struct fault *fault);
/* The rule sets that records of the bundle name, as far as the archive has them. */
MUST_USE enum err evidence_take_rules(struct bundle *bundle, const char *archive,
                                      struct fault *fault);
/* An earlier checkpoint of the hub's log with the proof that `size` entries go on from it. */
MUST_USE enum err evidence_take_seen(const struct cli *cli, struct bundle *bundle, struct span note,
                                     uint64_t size, struct fault *fault);
/* The same from a file. */
MUST_USE enum err evidence_take_kept(const struct cli *cli, struct bundle *bundle, const char *path,
                                     uint64_t size, struct fault *fault);
/* A time stamp, and the checkpoint that it is about: of FILE.tsr in FILE.stamped, as `log anchor`
 * keeps them; of an exported log the first that covers the bundle, else the latest. */
struct evidence_reach {
    uint64_t last; /* entry of the bundle */
    uint64_t size; /* of its checkpoint */
};
MUST_USE enum err evidence_take_stamp(const struct cli *cli, struct bundle *bundle,
                                      const char *path, struct evidence_reach reach,
                                      struct fault *fault);
/* The tables that decisions were made with. */
MUST_USE enum err evidence_take_tables(struct bundle *bundle, const char *regions,
                                       const char *calendar, struct fault *fault);
/* Files of a directory that `evidence disclose` wrote. */
MUST_USE enum err evidence_take_disclosed(struct bundle *bundle, const char *dir,
                                          struct fault *fault);
/* Members whose keys are needed for what is there: each is told, also more than once. */
typedef enum err evidence_name_fn(void *ctx, const char *member);
MUST_USE enum err evidence_names(const struct bundle *bundle, const char *realm,
                                 evidence_name_fn *add, void *ctx);
/* The .json beside frames and records; README, verify.py, anchor; report and manifest. */
MUST_USE enum err evidence_finish(struct bundle *bundle, const struct anchor *anchor,
                                  const char *anchor_path, struct fault *fault);

#endif
