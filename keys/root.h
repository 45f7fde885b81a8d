/*
 * root - a realm gets other roots: the old ones name the new ones, the new ones agree.
 * PROTOCOL 5.1.
 *
 *   anchor number n ── registry.root number n + 1, signed by the thresholds of both ──> anchor n +
 * 1
 *
 * Guarantees:
 *   1. root_accept moves an anchor by one only: on a document that the old threshold of old roots
 * and the new threshold of new roots signed. New keys alone, too few of either, a number that does
 *      not follow, or another realm leave it as it is.
 *   2. root_rotate never hands out a whole document that root_accept would refuse.
 *
 * Errors: ERR_ROOT_ROTATION (432) with the reason in *fault; ERR_KEY_NOT_YET, ERR_KEY_EXPIRED
 * before or after the time of the new roots; ERR_KEY_WEAK, ERR_KEY_PUBLIC, ERR_KEY_REUSED of them.
 * Ownership: plain values. Bounds: ANCHOR_ROOT_MAX roots, FRAME_ISSUERS_MAX signers together.
 * Thread rule: no state.
 */
#ifndef KEYS_ROOT_H
#define KEYS_ROOT_H

#include "keys/registrar.h"

struct root_make {
    const struct anchor *from;
    const struct anchor *to;       /* its number is not read */
    const struct key *const *keys; /* KEY_USE_ROOT, of either: sign now */
    size_t key_count;
    const uint8_t (*later)[KEY_PUBLIC_LEN]; /* sign later: document_add_signature */
    size_t later_count;
    uint64_t now_ms;
    uint64_t valid_until_ms;
    const struct entropy *entropy;
};

/* Append LSD1. Also ERR_KEY_NOT_SENDERS a key that is in neither anchor. */
MUST_USE enum err root_rotate(const struct root_make *make, struct writer *w, struct fault *fault);

/* *out is filled only when OK; it may be from. */
MUST_USE enum err root_accept(const struct anchor *from, struct span lsd1, uint64_t now_ms,
                              struct anchor *out, struct fault *fault);
/* The same of what waits for signatures: what would be accepted, and who has signed (bits). */
MUST_USE enum err root_draft(const struct anchor *from, struct span lsd1, struct anchor *out,
                             lianshu_Document *document, uint32_t *signed_by, struct fault *fault);

#endif
