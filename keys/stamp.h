/*
 * stamp - time stamps of RFC 3161 over a checkpoint: the request that a time-stamping authority is
 * sent, and its answer verified. How it travels is not our business (curl, a courier).
 *
 * Guarantees:
 *   1. stamp_request makes a TimeStampReq of version 1 over SHA-256 of the note, with a nonce and
 * the wish for the authority's certificate.
 *   2. stamp_verify is OK only if the answer is granted, is about these very bytes, carries the
 * nonce of the request when that is given, and is signed by a certificate for time stamping that
 * leads to one of the given roots.
 *   3. stamp_read is OK for whatever stamp_verify is OK for, and for nothing about other bytes.
 *
 * Built on libcrypto's TS functions. Errors: ERR_STAMP (813), ERR_NO_MEMORY. Bounds: STAMP_LEN_MAX.
 * Thread rule: no state. PROTOCOL 8.
 */
#ifndef KEYS_STAMP_H
#define KEYS_STAMP_H

#include "base/err.h"
#include "base/span.h"
#include "keys/entropy.h"

enum { STAMP_LEN_MAX = 64 << 10, STAMP_REQUEST_MAX = 256 };

/* Append the DER of a TimeStampReq about these bytes. */
MUST_USE enum err stamp_request(struct span data, const struct entropy *entropy, struct writer *w);

struct stamp {
    uint64_t time_ms; /* that the authority states */
    uint64_t accuracy_ms;
};
/* What an answer says of these very bytes; by whom it is signed is not looked at. */
MUST_USE enum err stamp_read(struct span answer, struct span data, struct stamp *out,
                             struct fault *fault);
/* answer: a TimeStampResp; request: the TimeStampReq, or empty; roots: PEM file of certificates. */
MUST_USE enum err stamp_verify(struct span answer, struct span request, struct span data,
                               const char *roots, struct stamp *out, struct fault *fault);

#endif
