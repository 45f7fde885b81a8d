/* What changes with keys: amendments of the registry, our own records, sealing again. A part of
 * inner.h, which includes it; nobody else does. */
#ifndef ADAPTERS_SDK_INNER_KEYS_H
#define ADAPTERS_SDK_INNER_KEYS_H

/* ---- reseal.c ---- */
/* Was it refused for a reader's key that has been replaced? Then it is sealed to the keys of now
 * and goes under a new message id (*again), and nobody is told. Row and receipt are verified. Not
 * what may have been taken into a log that the hub has lost since: its reader would have it twice.
 */
MUST_USE enum err reseal(struct sdk *s, struct outbox_row *row, const lianshu_Receipt *r,
                         uint64_t now_ms, bool *again);

/* The hub has a new log: what stands in the outbox by now may have gone to the one before. */
MUST_USE enum err reseal_from(struct sdk *s);

/* ---- own_record.c ---- */
/* A key record of our own that the hub has not said back, as a frame into s->out, each once a
 * connection; ERR_NOT_FOUND: none. */
MUST_USE enum err own_record_say(struct sdk *s);
/* The registry has what it has now: such records are forgotten. */
MUST_USE enum err own_record_settle(struct sdk *s);

/* ---- amended.c ---- */
MUST_USE enum err amends_open(struct sdk *s, uint64_t now_ms, struct fault *fault);
MUST_USE enum err amends_take(struct sdk *s, const lianshu_Amendments *body, uint64_t now_ms);
/* Of our own keys for that use the one that counts by now. */
const struct key *amends_key(const struct sdk *s, enum key_use use, uint64_t now_ms);

#endif
