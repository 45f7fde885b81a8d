/*
 * registry_load - from bytes to the tables of registry_table.h. Internal to keys/.
 *
 * A file is a whole registry; a draft of one, of which signatures of its first registrar are
 * missing; or a part, by a registrar of the registry `above`. The last two are read by those who
 * make registries, and believed by nobody else.
 *
 * Errors: those of registry.h. Thread rule: that of registry.h.
 */
#ifndef KEYS_REGISTRY_LOAD_H
#define KEYS_REGISTRY_LOAD_H

#include "keys/registry_table.h"

struct registry_source {
    const char *name; /* in faults */
    uint64_t min_version;
    const struct registry *above; /* a part: signed by a registrar of this one; or NULL */
    uint32_t *draft;              /* a draft: gets the bits of the issuers who signed; or NULL */
};

/* Take everything in *file over. The span is borrowed; *registry owns its copy. */
MUST_USE enum err registry_load(struct registry *registry, const struct anchor *anchor,
                                struct span file, const struct registry_source *source,
                                struct fault *fault);

/* One record of a registry that is not here as a whole: the chain from the anchor to it. *head gets
 * registrar, version and times, no tables; registry_close frees what is in it. */
MUST_USE enum err registry_load_proof(struct registry *head, const struct anchor *anchor,
                                      const struct frame_proof *proof, lianshu_MemberRecord *out,
                                      struct fault *fault);

#endif
