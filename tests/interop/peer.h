/*
 * peer - our code as the counterpart of the Python client: questions come on standard input, each
 * is answered on standard output before the next is read. peer.py speaks to it.
 *
 *   question  u8 op ‖ u32 len ‖ len bytes          answer  u16 code ‖ u32 len ‖ len bytes
 *
 * What is made is drawn from a seed: the same question has the same answer but for padding of time.
 */
#ifndef TESTS_INTEROP_PEER_H
#define TESTS_INTEROP_PEER_H

#include "keys/envelope.h"
#include "keys/receipt.h"

enum {
    PEER_MEMBERS_MAX = 64,
    PEER_IN_MAX = 4 << 20,
    PEER_OUT_MAX = 32 << 20,
    PEER_DAY_MS = 24 * 3600 * 1000,
};

struct peer {
    struct registry *registry;
    struct anchor anchor;
    size_t member_count;
    struct keyring *ring[PEER_MEMBERS_MAX]; /* of each member whose keys we were given */
    struct verifier *verifier;
    struct opener *opener;
    struct envelope_batch *envelopes;
    struct batch *batch;
    struct entropy_replay replay;
    struct entropy entropy;
    uint64_t now_ms; /* of what is made */
};

/* NULL when we have no keys of this member. */
const struct keyring *peer_ring(const struct peer *p, const char *member);
/* Begin to draw from a seed: u64 seed at the front of *in. */
bool peer_seed(struct peer *p, struct span *in);
/* 0 … below - 1. */
size_t peer_pick(struct peer *p, size_t below);
void peer_fill(struct peer *p, uint8_t *out, size_t len);
/* u8|text| ‖ text, into out[cap]. */
bool peer_text(struct span *in, char *out, size_t cap);
void peer_block(struct writer *w, struct span s); /* u32|s| ‖ s */

typedef enum err peer_op(struct peer *p, struct span in, struct writer *out);

/* peer_envelope.c */
peer_op peer_envelope_open, peer_envelopes_make;
/* peer_paper.c: documents, chunks, receipts */
peer_op peer_document_verify, peer_documents_make, peer_chunk_open, peer_file_make;
peer_op peer_receipts_verify, peer_receipts_make, peer_hub_receipts_verify;
/* peer_log.c */
peer_op peer_note_verify, peer_note_make, peer_inclusion_verify, peer_inclusion_make;
peer_op peer_consistency_verify, peer_consistency_make;

#endif
