/*
 * amending - revocations and members' key records, live: applied, logged, kept, told, and held
 * against whom they concern.
 *
 *   a control, another hub, a member ─> registry_amend ─> in effect ─> leaf and row, in one
 *                                                            |         transaction
 *                                                            +─> who is barred; every peer is told
 *
 * Guarantees:
 *   1. An amendment is in effect from the next frame on. Its leaf (LOG_REGISTRY) and its row are in
 *      one transaction; a batch that is given up is written again, until it is there.
 *   2. Frames on a connection whose transport key is revoked are answered E411 once, then counted
 *      per second (ingest_refuse); nothing goes out on it any more.
 *   3. Of the envelopes that a member signs with a revoked key one a second is refused with a
 *      receipt; the others are counted, before their signature is looked at.
 *   4. Adapters are told what they lack by their hello, hubs also by each registry_have; all of it
 *      when the digests differ, the new ones as they come.
 *
 * A part of state.h, which includes it; nobody else does. PROTOCOL: registry documents, control.
 * Thread rule: the core's.
 */
#ifndef CORE_AMENDING_H
#define CORE_AMENDING_H

/* Another registry: it keeps what this one was amended by. Refused, this one stays. */
MUST_USE enum err amending_registry(struct core *core, struct registry *next);
/* Write what is not there yet. */
MUST_USE enum err amending_step(struct core *core, bool *more);
/* The open batch was given up. */
void amending_given_up(struct core *core);
/* Say what peers lack. */
void amending_speak(struct core *core);
/* A peer said hello, or a hub what it has: all of it when it has something else. */
void amending_heard(struct core *core, uint32_t peer, struct span digest);
/* It did not take what it was sent. */
void amending_again(struct core *core, uint32_t peer);
/* Documents that a peer hands over. */
MUST_USE enum err amending_take(struct core *core, uint32_t peer, const lianshu_Amendments *body);

/* The connection must not be used: its frame is counted, and answered when it is the first. */
bool amending_barred(struct core *core, uint32_t peer);
/* The envelope's signing key is revoked as of now, and one was refused within this second. */
bool amending_counts(struct core *core, const struct incoming *in);

#endif
