/*
 * twice - two documents that one issuer signed under one number: one of us has been told another
 * story than somebody else. PROTOCOL 5.1.
 *
 *   revocations of a registrar   numbered 1, 2, …      found by registry_amend (amend.h)
 *   key records of a member      numbered 1, 2, …      found by registry_amend
 *   documents of a registrar     rising                found by registrar_follows
 *
 * Guarantees:
 *   1. registrar_follows lets the document of a registrar be followed by itself and by one of a
 *      higher number, by nothing else: who was replaced stays replaced.
 *   2. Both documents are verified by their signatures before they count as evidence, and are kept
 *      as they were signed.
 *
 * Errors: ERR_REGISTRY_ROLLBACK (433) a lower number; ERR_NUMBER_TWICE (440). Ownership: plain
 * values. Bounds: documents of TWICE_DOCUMENT_MAX bytes; of a longer one its hash is kept alone.
 * Thread rule: none.
 */
#ifndef KEYS_TWICE_H
#define KEYS_TWICE_H

#include "keys/registry.h"

enum { TWICE_DOCUMENT_MAX = 2048 };

struct twice_document {
    uint8_t hash[HASH_LEN]; /* SHA-256(D) */
    size_t len;             /* 0: too long to be kept */
    uint8_t lsd1[TWICE_DOCUMENT_MAX];
};

struct twice {
    char issuer[MEMBER_MAX + 1];
    uint32_t type; /* DocumentType */
    uint64_t number;
    struct twice_document held; /* in effect */
    struct twice_document offered;
};

/* Copy one in. */
void twice_keep(struct twice_document *out, const uint8_t hash[static HASH_LEN], struct span lsd1);

/* May the registrar document `next` take the place of `held`? Both are verified LSD1 of one
 * registrar. *twice is written with ERR_NUMBER_TWICE. ERR_REGISTRY when either is none. */
MUST_USE enum err registrar_follows(struct span held, struct span next, struct twice *twice,
                                    struct fault *fault);

#endif
