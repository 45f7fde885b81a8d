/*
 * certificate - a credit certificate with all that is needed to believe it, in one file: LSQ1.
 * PROTOCOL: certificates.
 *
 *   "LSQ1" ‖ u32|C| ‖ C ‖ LSP1 of the hub that issued it
 *
 *   anchor (root keys) > L registrar > G registry version > record of the hub > key > C certificate
 *
 * Guarantees:
 *   1. certificate_verify is OK only for a document of type credit.certificate of this realm,
 * signed by a hub with a key that its record, proven under a registry version signed by a registrar
 * of this anchor, gives it for the moment of signing.
 *   2. A byte changed anywhere, left out or added, is refused.
 *   3. A certificate says what was true at its moment; after `valid_until` it is ERR_EXPIRED all
 * the same, so that nobody shows an old one for today.
 *   4. No network, no hub, no adapter: anchor and file are enough.
 *
 * Errors: of frames (E201 E202 E203), ERR_REGISTRY (410) with the reason in *fault, ERR_REALM,
 * ERR_DELEGATION, ERR_SIGNATURE, ERR_BATCH_PATH, ERR_KID_UNKNOWN, ERR_KEY_*, ERR_NO_RIGHT (issuer
 * is no hub), ERR_TYPE_UNKNOWN (another document), ERR_POISON (no certificate in it), ERR_FUTURE
 * signed or speaking of a time that has not come, ERR_EXPIRED. Thread rule: no state.
 */
#ifndef KEYS_CERTIFICATE_H
#define KEYS_CERTIFICATE_H

#include "keys/registry.h"
#include "sanction.pb.h"

enum {
    CERTIFICATE_FILE_MAX = 8 + FRAME_DOCUMENT_FRAME_MAX + FRAME_PROOF_MAX,
};

struct certificate {
    char issuer[MEMBER_MAX + 1];
    uint8_t hash[HASH_LEN]; /* of the document */
    uint64_t registry_version;
    lianshu_Document document;
    lianshu_CreditCertificate body;
};

/* Append LSQ1 for a certificate (LSD1) by a member of this registry. */
MUST_USE enum err certificate_write(const struct registry *registry, struct span lsd1,
                                    struct writer *w);

MUST_USE enum err certificate_verify(struct span file, const struct anchor *anchor, uint64_t now_ms,
                                     struct certificate *out, struct fault *fault);

#endif
