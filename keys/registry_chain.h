/*
 * registry_chain - who signed a registry: from the anchor down to every registrar of the file, and
 * what each of them says of its records. Internal to keys/, for registry_load.c.
 *
 * Errors: those of registry.h. Thread rule: that of registry.h.
 */
#ifndef KEYS_REGISTRY_CHAIN_H
#define KEYS_REGISTRY_CHAIN_H

#include "keys/registry_load.h"

/* What one registrar said of its records, and what they are. */
struct vouching {
    merkle_hash root;
    uint32_t count;
    uint32_t seen;
    struct merkle_frontier f;
};

/* What one load needs and drops again. */
struct loading {
    struct registry *registry;
    const struct registry_source *source;
    const struct anchor *anchor;
    struct fault *fault;
    struct verifier *verifier;
    lianshu_Document *document;
    lianshu_RegistryVersion *head;    /* of registrar 0 */
    lianshu_RegistryVersion *version; /* of another one */
    uint64_t head_issued_ms;
    size_t first; /* the number that 0 in the file stands for: behind those of `above` */
    struct vouching *vouching; /* one a registrar of the file */
};

MUST_USE enum err loading_open(struct loading *l);
void loading_close(struct loading *l);

/* Registrar 0 alone, without what others vouch for. */
MUST_USE enum err loading_registrar(struct loading *l, const struct frame_registrar *first);
/* All registrars of a file, into the registry's table and l->vouching. */
MUST_USE enum err loading_registrars(struct loading *l, struct frame_registry frame);

#endif
