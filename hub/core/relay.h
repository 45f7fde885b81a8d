/*
 * relay - envelopes from hub to hub: whose part of one is ours, whether it came by a way, and where
 * the rest of it goes on.
 *
 *   link ─> LSV1 kept ─> LSE1: bucket > its statement > its way > (as any envelope) > rows
 *                                                                  own recipients: one each
 *                                                                  others: one a next hub
 *
 * Guarantees:
 *   1. An envelope of a link is taken only behind that hub's own statement about it, and only when
 *      the hubs passed are a way from the sender's to that hub over links that the tree and the
 *      groups allow (E902), none twice and not us (E903), when that hub may speak for the sender's
 *      region and every destination of our share is reached through us from there (E901).
 *   2. The frame goes on as it came. A next hub gets one row whatever the number of recipients
 *      behind it, and its statement names them, the hubs passed and the first hub's time.
 *   3. Only recipients of our own are judged by our rules; what is refused for them goes on to
 *      others all the same.
 *   4. Numbers of a conversation over a link are taken in order: one behind a gap is answered busy
 *      (E508) until what lies before it has come, or the hub has shown by giving it again that
 *      nothing does.
 *   5. What a link gives beyond its quota is answered busy (E704), before any signature is checked.
 *   6. Without links nothing here runs: every destination is ours.
 *
 * A part of state.h, which includes it; nobody else does. Thread rule: the core's. PROTOCOL: hubs.
 */
#ifndef CORE_RELAY_H
#define CORE_RELAY_H

MUST_USE enum err relay_open(struct core *core);
void relay_close(struct core *core);

/* A statement of a link: about the envelope that comes next. From a member it is refused. */
MUST_USE enum err relay_statement(struct core *core, uint32_t peer, struct span frame);
/* The link says hello anew: what it said before is nothing. */
void relay_hello(struct core *core, uint32_t peer);
/* The link is busy: what it holds is due again after its pause. */
MUST_USE enum err relay_busy(struct core *core, uint32_t peer, const lianshu_Busy *busy);

/* Bucket, statement and way of an envelope of a link (in->link); fills in->said, accepted_ms, share
 * and hops. REJECT: E901 to E903, or why the statement does not hold; RETRY: busy. */
MUST_USE enum err relay_came(struct core *core, struct incoming *in);
/* It came by no way: refused to that hub for each destination that it gave us. */
MUST_USE enum err relay_turn_back(struct core *core, const struct incoming *in, enum err why);
/* Is it its turn in its conversation? ERR_SEQUENCE_GAP (busy). */
MUST_USE enum err relay_in_turn(struct core *core, const struct incoming *in);
/* It was answered busy: what follows it waits, too. */
void relay_put_off(struct core *core, const struct incoming *in);
/* It is taken or refused for good: the next of its conversation may come. */
MUST_USE enum err relay_took_turn(struct core *core, const struct incoming *in);

/* Where each destination of in->share goes: in->here, in->hop. ERR_NO_HUB, ERR_NOT_FEDERATED,
 * ERR_REGION_NOT_OWNED: the sender is served by another hub, or a destination is not reached
 * through us from where it came. */
MUST_USE enum err relay_route(struct core *core, struct incoming *in);
/* The hub of each recipient reads the facts: else ERR_FACTS_MISSING. */
MUST_USE enum err relay_facts_reach(const struct core *core, const lianshu_Header *h);
/* Does this hub read facts by its office, as the home of a destination? */
bool relay_is_office(const struct core *core, const lianshu_Header *h, const char *member);
/* The next hub for a destination, which is a link's member; NULL: it is ours, or nobody's. */
const char *relay_hop(const struct core *core, const char *destination);

static inline uint32_t relay_all(const lianshu_Header *h)
{
    return (uint32_t)((UINT64_C(1) << h->destination_count) - 1);
}

/* Bits of destinations that are not ours but another hub's: in->share without in->here. */
static inline uint32_t relay_onward(const struct incoming *in)
{
    return in->share & ~in->here;
}
/* One row for each next hub. */
MUST_USE enum err relay_queue_all(struct core *core, const struct incoming *in,
                                  const struct judgement *judged,
                                  const struct message_row *message);
/* The row of one next hub again; `in` as ingest_reopen gives it. ERR_EXISTS when it waits there,
 * ERR_NOT_FOUND when nothing goes that way. */
MUST_USE enum err relay_queue(struct core *core, struct incoming *in,
                              const struct message_row *message, const char *link);

/* The first receipts of an envelope of a link: taken over, or refused for each of `bits`. The leaf
 * of the first is message->seq. */
MUST_USE enum err relay_receipts(struct core *core, const struct incoming *in,
                                 const struct judgement *judged, struct message_row *message);
/* Refused for our own recipients alone, behind those. */
MUST_USE enum err relay_refuse_ours(struct core *core, const struct incoming *in,
                                    const struct judgement *judged,
                                    const struct message_row *message);

#endif
