/*
 * registrar - who registers members: k of n officials of a registrar, within a region and types.
 * PROTOCOL 5.1.
 *
 *   root ──signs──> registrar ──signs──> registrar ──signs──> registrar      at most three
 *                                 region, types and time of each lie within those of the one before
 *
 * Guarantees:
 *   1. registrar_verify_document is OK only for a document that at least `threshold` different keys
 *      of this registrar signed, while it was one.
 *   2. registrar_within refuses whatever is wider than its issuer in region, types or time.
 *   3. office_document names every issuer, also those who sign later: nobody who is not named in
 *      what is signed can sign it (document_add_signature).
 *
 * Errors stand with each. Ownership: plain values. Thread rule: that of the verifier.
 */
#ifndef KEYS_REGISTRAR_H
#define KEYS_REGISTRAR_H

#include "catalogue.h"
#include "keys/anchor.h"

enum { REGISTRAR_KEYS_MAX = 7, REGISTRAR_CHAIN_MAX = 3 };

struct registry_registrar {
    char member[MEMBER_MAX + 1]; /* registrar.<region> */
    char issuer[MEMBER_MAX + 1]; /* the registrar above; "": the root */
    char region[REGION_LEN + 1];
    uint8_t types[GRANT_TYPES_LEN]; /* every bit when it may grant any */
    unsigned threshold;
    unsigned key_count;
    uint8_t public_key[REGISTRAR_KEYS_MAX][KEY_PUBLIC_LEN];
    uint8_t kid[REGISTRAR_KEYS_MAX][KID_LEN];
    uint64_t valid_from_ms;
    uint64_t valid_until_ms;
    unsigned depth;  /* 1: appointed by the root */
    uint64_t number; /* rises with each document that appoints it */
    /* Of what it vouches for in a registry file: */
    uint64_t version;
    uint64_t version_until_ms;
    uint32_t member_count;
    uint64_t revocations; /* number of its last one: moves with amendments (amend.h) */
};

/* From the body of a document of its type, and its issuer's name; depth and version are 0. With
 * the reason in *fault: ERR_REGISTRY, ERR_KEY_REUSED (a key twice), ERR_KEY_WEAK, ERR_KEY_PUBLIC.
 */
MUST_USE enum err registrar_read(struct registry_registrar *out, const lianshu_Document *document,
                                 const char *name, struct fault *fault);
/* ERR_DELEGATION, and which of the three it is in *fault. */
MUST_USE enum err registrar_within(const struct registry_registrar *inner,
                                   const struct registry_registrar *outer, const char *name,
                                   struct fault *fault);
/* Lie all the types of the set within the registrar's? */
bool registrar_grants(const struct registry_registrar *registrar,
                      const uint8_t types[static GRANT_TYPES_LEN]);
/* The registrar has this key. */
bool registrar_has(const struct registry_registrar *registrar, const uint8_t kid[static KID_LEN]);

/* Those of document_verify; ERR_TWO_OFFICIALS fewer keys than the threshold; ERR_KEY_NOT_YET,
 * ERR_KEY_EXPIRED issued outside the registrar's time. */
MUST_USE enum err registrar_verify_document(const struct registry_registrar *registrar,
                                            const char *realm, struct span lsd1,
                                            struct verifier *verifier, lianshu_Document *out,
                                            uint8_t hash[static HASH_LEN]);
/* The same of what waits for signatures: those that are there verify, and those that it names would
 * be enough. Bit i of *signed_by: issuer i has signed. */
MUST_USE enum err registrar_verify_draft(const struct registry_registrar *registrar,
                                         const char *realm, struct span lsd1,
                                         struct verifier *verifier, lianshu_Document *out,
                                         uint8_t hash[static HASH_LEN], uint32_t *signed_by);

/* ---- making ---- */

/* A document that roots or officials of one registrar sign. */
struct office_paper {
    const char *realm;
    uint32_t type;
    const pb_msgdesc_t *desc;
    const void *body;
    uint64_t now_ms;
    uint64_t valid_until_ms;
    const struct entropy *entropy;
};

/* Who signs it, in this order. */
struct office_signers {
    const char *member; /* of a registrar's officials; NULL: roots, by their place in */
    const struct anchor *anchor;
    const struct anchor *next; /* or in this one; or NULL */
    const struct key *const *keys;
    size_t key_count;                       /* sign now: at least one */
    const uint8_t (*later)[KEY_PUBLIC_LEN]; /* are named, and sign later */
    size_t later_count;
};

/* Append LSD1. ERR_KEY_NOT_SENDERS a root that no anchor names, ERR_TOO_LARGE more than
 * FRAME_ISSUERS_MAX signers, ERR_KEY_REUSED one twice. */
MUST_USE enum err office_document(const struct office_paper *paper,
                                  const struct office_signers *signers, struct writer *w);

/* A registrar document: the officials are those whose keys are here, then `more`. */
struct registrar_make {
    const char *realm;
    const char *member; /* registrar.<region> */
    const char *region;
    const uint8_t *types;          /* GRANT_TYPES_LEN bytes; NULL: all */
    const struct key *const *keys; /* KEY_USE_REGISTRAR */
    size_t key_count;
    const uint8_t (*more)[KEY_PUBLIC_LEN];
    size_t more_count;
    unsigned threshold;     /* 0: all of them */
    uint64_t number;        /* higher than that of the document before (twice.h) */
    uint64_t valid_from_ms; /* 0: now_ms */
    uint64_t valid_until_ms;
    uint64_t now_ms;
    const struct entropy *entropy;
};

/* Append LSD1. Those of office_document; ERR_TOO_LARGE more than REGISTRAR_KEYS_MAX officials. */
MUST_USE enum err registrar_appoint(const struct registrar_make *make,
                                    const struct office_signers *signers, struct writer *w);

#endif
