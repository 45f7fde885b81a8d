/* What a gate holds until two officials decide: an honour with a banned person in it, from the
 * health commission to the market regulator. */
#ifndef TESTS_HELDBOOK_H
#define TESTS_HELDBOOK_H

#include "scenario/officials.h"
#include "scenario/texts.h"

#define HEALTH  "health.445100"
#define MARKET  "market.445100"
#define HUB     "hub.445100"
#define RELEASE lianshu_OfficialVerb_OFFICIAL_RELEASE
#define RETURN  lianshu_OfficialVerb_OFFICIAL_RETURN
#define HONOURED                                                                                   \
    "{\"subject\":" CLEAN ",\"persons\":[" HEAD_PERSON "],\"title\":\"先进个人\","             \
    "\"date\":\"2026-04-01\"}"

/* The head of an enterprise is banned; everybody has the notices, nothing is on its way. */
void held_ban(struct world *w);
struct sent held_honour(struct world *w);
/* To the hub alone: only its effects wait. */
struct sent held_register(struct world *w);
/* Release it or return it. */
struct act held_act(lianshu_OfficialVerb verb, const struct sent *sent);
size_t held_heard(struct world *w, const char *member, const struct sent *sent,
                  lianshu_ReceiptKind kind);
/* The last receipt about it that a member holds; there is one. */
const lianshu_Receipt *held_last(struct world *w, const char *member, const struct sent *sent);
/* It is held as before, whatever was tried. */
void held_assert_still(struct world *w, const struct sent *sent);

#endif
