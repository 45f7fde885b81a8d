/*
 * fold - a bundle or a list of receipts on a socket, without the proofs that stand in it twice.
 * PROTOCOL 3.10.
 *
 * The statements of one batch repeat its signature and most of their way to its root, those of
 * one log its checkpoint and most of the way to it: a third of all bytes that travel, and of what
 * both ciphers cost. What is signed, hashed, kept and counted is the whole frame.
 *
 * Guarantees:
 *   1. unfold gives back exactly the frame that was folded.
 *   2. Only signatures, hashes and checkpoints are ever left out: the length of a folded frame
 *      tells nothing of what is sealed in it, nor of its headers.
 *   3. unfold writes a bundle or receipts (ERR_NESTING), no longer than FRAME_MAX and FOLD_RATIO
 *      times its input, else ERR_FRAME_LENGTH; it is still to be parsed. Nothing is read or
 *      written outside of input and writer whatever the input is.
 *
 * Thread rule: no state.
 */
#ifndef SCHEMAS_FOLD_H
#define SCHEMAS_FOLD_H

#include "frame.h"

enum { FOLD_RATIO = 8 }; /* proofs are at most six sevenths of a receipt */

/* Append the frame folded. False, and nothing is appended: it is not of these kinds, is not
 * well-formed, gains nothing, or has no room; then it travels as it is. */
bool fold(struct span frame, struct writer *w);

/* Append the frame that was folded; on an error what was appended is to be thrown away. */
MUST_USE enum err unfold(struct span folded, struct writer *w);

/* What is to travel for this frame: folded in room, or as it is. */
struct span fold_out(struct span frame, uint8_t room[static FRAME_MAX]);
/* The frame that travelled: unfolded in room, or as it is; one that does not unfold stays folded,
 * which no parser takes. */
struct span fold_in(struct span frame, uint8_t room[static FRAME_MAX]);

#endif
