/*
 * respond - obligations of this member: from the hub's notice to the department's own register, and
 * the answers that the law wants.
 *
 *   notice (impose)   must, notify: answer `accepted` ─> register/<measure>/<id>.json ─> executed
 *                     consider:     register/pending/<id>.json, until an official's answer
 *   official's answer accepted ─> register/<measure>/<id>.json ─> executed
 *                     declined (with legal reason) ─> register/declined/<id>.json
 *   notice (lift)     register/ended/<id>.json, or the entry stays because another order keeps
 *                     it; in both cases executed (lift)
 *
 *   duty.state:       PENDING ─> IN_FORCE ─> ENDED       PENDING ─> DECLINED, ENDED
 *
 * Guarantees:
 *   1. The embedded document is verified by the issuer's own signature, and is about the order that
 *      the notice names; otherwise the notice goes back (E220, or why it does not verify).
 *   2. Answers and entries are committed with the notice or the official's file: a kill at any
 * point repeats the same steps with the same keys and the same file names.
 *   3. An obligation is answered once: a second answer is ERR_OBLIGATION.
 *   4. Who is concerned stands in register/ only; the database has ids, measures and states.
 *
 * Thread rule: that of the sdk.
 */
#ifndef ADAPTERS_RUNTIME_RESPOND_H
#define ADAPTERS_RUNTIME_RESPOND_H

#include "adapters/runtime/draft.h"
#include "adapters/runtime/site.h"
#include "adapters/sdk/sdk.h"

struct respond;

MUST_USE enum err respond_open(struct respond **out, struct sdk *sdk, const struct site *site,
                               struct fault *f);
void respond_close(struct respond **r);

/* A sanction.notice, inside apply. record is the department's form of it. */
MUST_USE enum err respond_notice(struct respond *r, const struct sdk_incoming *message,
                                 const struct json *record, uint64_t now_ms);

/* An official's sanction.answer: may it be given? Fills conversation and in_reply_to. */
MUST_USE enum err respond_check(struct respond *r, struct draft *draft, struct report *report);
/* It was staged by sdk_send: the register follows, in the same transaction. */
MUST_USE enum err respond_answered(struct respond *r, const struct draft *draft, uint64_t now_ms);

#endif
