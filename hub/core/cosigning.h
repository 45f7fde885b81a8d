/*
 * cosigning - checkpoints and witnesses: this hub's checkpoints cosigned by others (cosigning.c),
 * and this hub as the witness of those it is linked with (witnessing.c).
 *
 *   round:  checkpoint frozen ─ask─> every witness that is connected ─answer─> line verified, kept
 *                              enough lines ─> the newest cosigned checkpoint, stored
 *
 *   asked:  ask ─> judged (keys/witness.h) ─> head stored, open ─> in flight ─> landed ─> cosigned
 *
 * A witness is a member with a key of use KEY_WITNESS: a hub that is linked with this one, or an
 * office that connects as members do and is asked over its own connection (`lianshu witness
 * serve`).
 *
 * Guarantees:
 *   1. A head that this hub cosigns is on its disk before the cosignature leaves, and asks are
 * judged one after the other.
 *   2. A line counts in the policy only when cosign_count counts it.
 *   3. An answer that shows that our own key has signed what our log is not ends the process: E803,
 *      E804. Until as many witnesses as are needed have confirmed our head, or the wait is over,
 * new envelopes are answered `busy` E812.
 *   4. What another hub offers and what is held do not fit (E803, E806): both notes are kept in the
 *      log, once an hour for each log, and the other hub is given the one that is held.
 *   5. E803 proves itself: when it is seen first it goes to every other hub that we are linked
 * with. Each verifies both notes, keeps them, and hands them on once; so it ends whatever the ways.
 *   6. A checkpoint without enough cosignatures for longer than within_ms is an alarm.
 *
 * A part of state.h, which includes it; nobody else does. PROTOCOL 8. Thread rule: the core's.
 */
#ifndef CORE_COSIGNING_H
#define CORE_COSIGNING_H

MUST_USE enum err cosigning_open(struct core *core);
void cosigning_close(struct core *core);

/* What time alone causes: rounds. */
MUST_USE enum err cosigning_step(struct core *core, bool *more);
/* It said hello: it is asked in this round. */
void cosigning_hello(struct core *core, uint32_t peer);
void cosigning_gone(struct core *core, uint32_t peer);
MUST_USE enum err cosigning_answer(struct core *core, uint32_t peer,
                                   const lianshu_WitnessAnswer *answer);
/* New envelopes may be taken. */
bool cosigning_confirmed(const struct core *core);

/* For people. */
struct cosigning_state {
    unsigned needed;
    bool met;               /* the newest cosigned checkpoint is young enough */
    uint64_t cosigned_ms;   /* when it had its last needed cosignature; 0: never */
    uint64_t size;          /* of it */
    struct span checkpoint; /* with its cosignatures; empty: none */
};
struct cosigning_state cosigning_state(const struct core *core);
/* The i-th witness that was asked since the start; false: there is none. */
struct cosigning_witness {
    const char *member;
    uint64_t size;    /* what it cosigned last */
    uint64_t time_ms; /* and when, by its clock; 0: never */
    enum err refused; /* what it answered last instead */
};
bool cosigning_witness(const struct core *core, size_t i, struct cosigning_witness *out);

MUST_USE enum err witnessing_open(struct core *core);
void witnessing_close(struct core *core);
/* A linked hub asks us. */
MUST_USE enum err witnessing_asked(struct core *core, uint32_t peer, const lianshu_WitnessAsk *ask);
/* A relay.fork of a linked hub. judge reads only. */
MUST_USE enum err witnessing_judge(struct core *core, const struct incoming *in,
                                   struct judgement *out);
MUST_USE enum err witnessing_take(struct core *core, const struct incoming *in);
/* The open batch is on its way, has landed, or was given up. */
void witnessing_flying(struct core *core);
void witnessing_landed(struct core *core);
void witnessing_given_up(struct core *core);
/* Say what has landed. */
void witnessing_speak(struct core *core);
/* What is known of another hub's log. */
struct witnessed {
    uint64_t size; /* cosigned last; 0: nothing */
    enum err fork; /* evidence that is kept; OK: none */
    uint64_t leaf; /* of the evidence */
    uint64_t fork_ms;
};
MUST_USE enum err witnessing_known(struct core *core, const char *hub, struct witnessed *out);

#endif
