/*
 * registry_proof - one member's record, proven to whoever has the anchor: LSP1. PROTOCOL 3.10.
 *
 *   anchor (roots) > L registrar of the realm > G its registry version > path > record
 *
 * Guarantees: registry_proof_open is OK only for a record under the root that a version names which
 * the threshold of the realm's registrar signed, whom the threshold of the anchor's roots
 * appointed. Any changed byte is refused. Whether its time is over is for the caller to judge.
 *
 * Errors: of frames (E201 E202 E203 E218), those of registry_open. Ownership: *out is a copy.
 * Bounds: FRAME_PROOF_MAX bytes. Thread rule: no state.
 */
#ifndef KEYS_REGISTRY_PROOF_H
#define KEYS_REGISTRY_PROOF_H

#include "keys/registry.h"

struct registry_proof {
    lianshu_MemberRecord record;
    uint64_t index; /* of the record among member_count */
    uint32_t member_count;
    uint64_t version;
    uint64_t valid_from_ms; /* of the version */
    uint64_t valid_until_ms;
    char registrar[MEMBER_MAX + 1];
};

/* Append LSP1. ERR_MEMBER_UNKNOWN. */
MUST_USE enum err registry_prove(const struct registry *registry, const char *member,
                                 struct writer *w);

MUST_USE enum err registry_proof_open(struct span lsp1, const struct anchor *anchor,
                                      struct registry_proof *out, struct fault *fault);

#endif
