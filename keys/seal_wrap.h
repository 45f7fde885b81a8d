/*
 * seal_wrap - the context of a key wrap, shared by sealer and opener. Internal to keys/.
 *
 * Thread rule: plain values.
 */
#ifndef KEYS_SEAL_WRAP_H
#define KEYS_SEAL_WRAP_H

#include "keys/hash.h"

enum { WRAP_REALM_MAX = 16, WRAP_INFO_MAX = HASH_LABEL_MAX + 1 + WRAP_REALM_MAX + 2 * KID_LEN };

/* info = L("wrap") ‖ u8|realm| ‖ realm ‖ sender kid ‖ reader's kid */
static inline void wrap_info(struct writer *w, const char *realm,
                             const uint8_t sender_kid[static KID_LEN],
                             const uint8_t reader_kid[static KID_LEN])
{
    write_span(w, LABEL("wrap"));
    write_uint(w, strlen(realm), 1);
    write_bytes(w, realm, strlen(realm));
    write_bytes(w, sender_kid, KID_LEN);
    write_bytes(w, reader_kid, KID_LEN);
}

#endif
