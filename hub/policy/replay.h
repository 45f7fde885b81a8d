/*
 * replay - a view that answers from what a decision read: the decision is made again by whoever
 * has its rules, its document and these notes, far from the hub and without its keys.
 *
 *   notes of view_notes (view.h) -> replay_view -> hearing_again -> the same record, or not
 *
 * Guarantees:
 *   1. Each look-up has to be the next one of the notes, with the same arguments; its rows and its
 *      result are those of the notes. Another one strays: it is answered ERR_REEXECUTION, and so is
 *      every later one.
 *   2. An identifier is given the next token of the notes: the same one the same, another one
 *      another, or zeros. That a token is that of an identifier is the word of the hub, whose
 *      tokens follow from it to nobody else.
 *   3. replay_done says whether all of the notes were read and nothing strayed.
 *   4. Notes from anybody are safe to replay: whatever is not as PROTOCOL 16.1 says strays.
 *
 * Ownership: notes are borrowed. Bounds: REPLAY_TOKENS_MAX. Thread rule: a value of its caller.
 */
#ifndef POLICY_REPLAY_H
#define POLICY_REPLAY_H

#include "policy/view.h"

#include "keys/hash.h"

enum { REPLAY_TOKENS_MAX = 512 };

struct replay {
    struct span tokens; /* what is left of the notes */
    struct span reads;
    bool strayed;
    size_t known_count;
    struct {
        uint8_t identifier[HASH_LEN]; /* its SHA-256 */
        uint8_t token[VIEW_TOKEN_LEN];
    } known[REPLAY_TOKENS_MAX];
};

void replay_init(struct replay *r, struct span tokens, struct span reads);
/* Lives as long as *r. */
struct view replay_view(struct replay *r);
bool replay_done(const struct replay *r);

#endif
