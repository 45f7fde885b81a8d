#include "scenario/heldbook.h"

#include "scenario/acts.h"
#include "scenario/gatebook.h"

/* What is about a banned person waits for two officials; who is headed by one is flagged. */
#define PERSON_GATE(id, type, look, action)                                                        \
    "  - {id: " id ", zh: 关口, en: a gate, type: " type ", look: " look                           \
    ", roles: [legal_representative], measure: M02, action: " action                               \
    ", basis: BASIC-LIST, mark: D}\n"
#define HOLD "hold, deadline: 3 working_days, breach: refuse"

static const char gates[] = PERSON_GATE("G01", "honour", "persons", HOLD)
    PERSON_GATE("G02", "subject.register", "persons", HOLD)
        PERSON_GATE("G03", "licence.application", "related", "flag");

void held_ban(struct world *w)
{
    acts_connect(w);
    gatebook_use(w, gates);
    acts_order(w, NULL);
    world_settle(w);
    assert_true(world_status(w, "restrictions") > 0);
    assert_int_equal(world_status(w, "held"), 0);
}

struct sent held_honour(struct world *w)
{
    const struct mail mail = {.from = HEALTH, .type = "honour", .to = {MARKET}, .facts = HONOURED};
    return world_post(w, &mail);
}

struct sent held_register(struct world *w)
{
    const struct mail mail = {.from = MARKET,
                              .type = "subject.register",
                              .to = {HUB},
                              .facts = REGISTER_BODY(CLEAN, HEAD_PERSON)};
    return world_post(w, &mail);
}

struct act held_act(lianshu_OfficialVerb verb, const struct sent *sent)
{
    return (struct act){
        .verb = verb, .recipient = MARKET, .sender = HEALTH, .message_id = sent->id};
}

size_t held_heard(struct world *w, const char *member, const struct sent *sent,
                  lianshu_ReceiptKind kind)
{
    return world_heard(w, member, sent->env_id, kind);
}

const lianshu_Receipt *held_last(struct world *w, const char *member, const struct sent *sent)
{
    const lianshu_Receipt *receipt = world_receipt(w, member, sent->env_id);
    assert_non_null(receipt);
    return receipt;
}

void held_assert_still(struct world *w, const struct sent *sent)
{
    assert_int_equal(world_status(w, "held"), 1);
    assert_int_equal(held_last(w, HEALTH, sent)->kind, lianshu_ReceiptKind_RECEIPT_HELD);
    assert_int_equal(world_has(w, MARKET, "honour"), 0);
}
