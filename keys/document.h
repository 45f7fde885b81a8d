/*
 * document - one typed statement signed by its issuers. PROTOCOL: document.
 *
 *   LSD1 = "LSD1" ‖ u32|D| ‖ D ‖ u8 m ‖ m × (u16|S| ‖ S),   E = L("document") ‖ SHA-256(D)
 *
 *   one document       document_make
 *   many at once       document_encode* -> batch_add* -> batch_sign -> document_write*
 *   verifying          document_verify, or registry_verify_document (keys/registry.h)
 *
 * Guarantees:
 *   1. document_verify answers OK only for canonical bytes of this realm, signed by every
 *      issuer that they name, in that order, with keys that `signers` vouches for.
 *   2. *out is filled only then; *hash is SHA-256(D), by which others refer to it.
 *
 * Errors: those of the frame (ERR_FRAME_*), of canonical decoding (ERR_NOT_CANONICAL …),
 * ERR_REALM, of `signers` (ERR_KID_UNKNOWN, ERR_KEY_*), of verifier_check.
 * Ownership: spans inside *out do not exist: it is a copy. Thread rule: that of the verifier.
 */
#ifndef KEYS_DOCUMENT_H
#define KEYS_DOCUMENT_H

#include "document.pb.h"
#include "keys/batch.h"

enum {
    DOCUMENT_SALT_LEN = 16,
    DOCUMENT_FRAME_MAX = FRAME_DOCUMENT_FRAME_MAX,
};

/* Sets salt, and issuer 0 = (member, key). The caller fills the rest. id when it is zeros. */
void document_prepare(lianshu_Document *document, const char *realm, const char *member,
                      const struct key *key, uint64_t now_ms, const struct entropy *entropy);

/* Append D (canonical) to w; hash = SHA-256(D). */
MUST_USE enum err document_encode(const lianshu_Document *document, struct writer *w,
                                  uint8_t hash[static HASH_LEN]);
/* The leaf that an issuer signs. */
void document_leaf(merkle_hash leaf, const uint8_t hash[static HASH_LEN]);
/* Append LSD1. */
MUST_USE enum err document_write(struct span d, const struct span *signatures,
                                 size_t signature_count, struct writer *w);

/* All issuers at hand, in their order, each signing D alone: append LSD1. */
MUST_USE enum err document_sign(struct span d, const struct key *const *keys, size_t key_count,
                                struct writer *w);
/* One issuer, signed alone: encode, sign, append LSD1. */
MUST_USE enum err document_make(const lianshu_Document *document, const struct key *key,
                                struct writer *w, uint8_t hash[static HASH_LEN]);

/* Whose key is this? OK and the public key, or why it may not sign for that member. */
typedef enum err document_signer_fn(void *ctx, const char *member,
                                    const uint8_t kid[static KID_LEN],
                                    uint8_t public_key[static KEY_PUBLIC_LEN]);
struct document_signers {
    document_signer_fn *find;
    void *ctx;
};

MUST_USE enum err document_verify(struct span lsd1, const char *realm,
                                  const struct document_signers *signers, struct verifier *verifier,
                                  lianshu_Document *out, uint8_t hash[static HASH_LEN]);

/* A document that not every issuer has signed yet: OK when every signature that is there is that of
 * an issuer, in their order, and verifies. Bit i of *signed_by: issuer i has signed. */
MUST_USE enum err document_verify_draft(struct span lsd1, const char *realm,
                                        const struct document_signers *signers,
                                        struct verifier *verifier, lianshu_Document *out,
                                        uint8_t hash[static HASH_LEN], uint32_t *signed_by);
/* Append it with the signature of one issuer more: ERR_KEY_NOT_SENDERS it names no such key,
 * ERR_EXISTS that one has signed. What is there is not verified. */
MUST_USE enum err document_add_signature(struct span lsd1, const struct key *key, struct writer *w);
/* How many different keys issue it. */
unsigned document_key_count(const lianshu_Document *document);

/* Is it for this member, from this sender? ERR_NOT_ADDRESSED otherwise. `relayable` types may
 * be carried by a sender that is no issuer; `by_rule` documents are addressed by the hub. */
MUST_USE enum err document_check_addressed(const lianshu_Document *document, const char *reader,
                                           const char *sender, bool relayable);

#endif
