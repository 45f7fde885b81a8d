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
