/*
 * anchor - whom everybody trusts: the roots of a realm, and how many of them must sign.
 *
 *   realm: demo
 *   number: 1             # 1 when it is not there; one more with each rotation of the root
 * (root.h) threshold: 2 roots:
 *     - "64 lower-case hexadecimal digits"
 *
 * The first root issues as member root.000000, the n-th as root-<n>.000000.
 *
 * Guarantees:
 *   1. anchor_read refuses, with file and line: weak, published and repeated keys, a threshold of
 *      none or of more than there are, unknown keys of the file.
 *   2. anchor_verify_document is OK only for a document that at least `threshold` different roots
 *      signed; names do not count, keys do.
 *
 * Errors: ERR_CONFIG, ERR_KEY_*; anchor_verify_document: those of document_verify, and
 * ERR_TWO_OFFICIALS (fewer roots than the threshold). Thread rule: plain values.
 */
#ifndef KEYS_ANCHOR_H
#define KEYS_ANCHOR_H

#include "keys/document.h"

#include "ident.h"

enum {
    ANCHOR_ROOT_MAX = 8,
    REALM_LEN_MAX = 16,
};

struct anchor {
    char realm[REALM_LEN_MAX + 1];
    unsigned number;    /* 1, and one more with each rotation; 0 counts as 1 */
    unsigned threshold; /* root signatures needed, 1 … root_count */
    unsigned root_count;
    uint8_t root[ANCHOR_ROOT_MAX][KEY_PUBLIC_LEN];
};

/* ERR_CONFIG with line. */
MUST_USE enum err anchor_read(struct anchor *out, const char *path, struct fault *fault);
MUST_USE enum err anchor_write(const struct anchor *anchor, const char *path, bool replace,
                               struct fault *fault);

/* The number of a root by its public key, from 1; 0 when it is none. */
unsigned anchor_place(const struct anchor *anchor, const uint8_t public_key[static KEY_PUBLIC_LEN]);
/* Member id of root `place`. */
void anchor_member(unsigned place, char out[static MEMBER_MAX + 1]);

/* Keys of this anchor, for ids of department root. anchor must outlive what uses them. */
struct document_signers anchor_signers(const struct anchor *anchor);
MUST_USE enum err anchor_verify_document(const struct anchor *anchor, struct span lsd1,
                                         struct verifier *verifier, lianshu_Document *out,
                                         uint8_t hash[static HASH_LEN]);

#endif
