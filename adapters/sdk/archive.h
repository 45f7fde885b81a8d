/* What the archive takes. Inside adapters/sdk only; sdk_archive.h says what it promises. */
#ifndef ADAPTERS_SDK_ARCHIVE_H
#define ADAPTERS_SDK_ARCHIVE_H

#include "adapters/sdk/inner.h"

struct archived {
    const uint8_t *message_id; /* SDK_ID_LEN */
    const uint8_t *env_id;     /* HASH_LEN */
    uint64_t time_ms;
    struct span frame;
    unsigned known; /* bit i: the key of part i is at hand */
    const uint8_t (*deks)[SEAL_DEK_LEN];
};

/* In the open transaction. Without a storage key nothing is kept. */
MUST_USE enum err archive_put(struct sdk *s, const struct archived *what);
/* Keys of one frame of ours, bit i of *known for part i, into room for FRAME_PARTS_MAX of them
 * (guarded, wiped by the caller). ERR_NOT_FOUND: none are kept. */
MUST_USE enum err archive_get(struct sdk *s, const uint8_t message_id[static SDK_ID_LEN],
                              const uint8_t env_id[static HASH_LEN], uint8_t (*deks)[SEAL_DEK_LEN],
                              unsigned *known);
/* A bounded number of what is older. */
MUST_USE enum err archive_trim(struct sdk *s, uint64_t before_ms);

#endif
