/* Sentences about facts that go to every hub: five hubs, what each knows, what stands there, and a
 * hub that says what is not so. */
#ifndef TESTS_FACTSBOOK_H
#define TESTS_FACTSBOOK_H

#include "scenario/realm.h"
#include "scenario/texts.h"

#include "policy/view.h"
#include "redress.pb.h"

enum { FACTS_HUBS = 5 };
extern const char *const facts_regions[FACTS_HUBS];

int facts_setup(void **state);
int facts_teardown(void **state);
/* The same realm as a value. */
struct realm *facts_realm(void);

/* Nobody hears anybody; then the roads heal in an order, and after pauses, that follow from the
 * seed.
 */
void facts_cut_all(struct realm *r);
void facts_heal_all(struct realm *r, uint32_t seed);
/* The same in one of all the orders that there are, with a pause after each. */
enum { FACTS_HEALINGS = 24 };
void facts_heal_by(struct realm *r, unsigned order);

/* What happens where nobody hears anybody, in hubs made by the plan; after all the roads are
 * healed, in each of the orders that there are, what must stand is looked at. */
typedef void facts_story(struct realm *r);
void facts_in_every_order(const struct realm_hub plan[static FACTS_HUBS], facts_story *happens,
                          facts_story *stands);

/* Facts of a member to its own hub. */
struct sent facts_send(struct realm *r, const char *from, const char *type, const char *facts);
/* Such a text under another order id than ORDER_ID; valid until the next call. */
const char *facts_with_id(const char *text, const char *order_id);
/* ORDER_BODY under that id: its sender's hub takes it. */
struct sent facts_impose(struct realm *r, const char *from, const char *order_id);
/* The code of the last receipt that its sender holds. */
uint32_t facts_code(struct realm *r, const char *from, const struct sent *sent);

/* The order as it stands at this hub; version 0: it does not know it. */
struct order_row facts_order(struct realm *r, const char *region, const char *order_id);
/* At every hub it stands in this version and state, by the same document. */
void facts_assert_order(struct realm *r, const char *order_id, uint32_t version,
                        enum order_state state);
/* What it is in everywhere: a hash over version, state and document at each hub, all equal. */
void facts_everywhere(struct realm *r, const char *order_id, uint8_t out[static HASH_LEN]);
/* It is in force at every hub, and the other one at none. */
void facts_assert_stands(struct realm *r, const char *stands, const char *lost);
/* Obligations in force of the order at this hub. */
size_t facts_owed(struct realm *r, const char *region, const char *order_id);
/* Do all hubs have the same roll, and does each say so of each of its neighbours? */
bool facts_rolls_equal(struct realm *r);
void facts_assert_rolls_equal(struct realm *r);
uint64_t facts_roll_size(struct realm *r, const char *region);
/* Receipts of a kind with that code in the log of this hub. */
size_t facts_said(struct realm *r, const char *region, lianshu_ReceiptKind kind, enum err code);
/* Counter of this hub's store. */
uint64_t facts_count(struct realm *r, const char *region, const char *name);
/* hub.notice of that kind that a member has. */
size_t facts_told(struct realm *r, const char *member, lianshu_HubNoticeKind kind);

/* The first text of the order from the roll of one hub, put into that of another as if it had come
 * by `hops`: what that hub hands on then is a lie. */
void facts_forge(struct realm *r, const char *from, const char *liar, const char *order_id,
                 const char *hops);
/* One byte of it is another one at this hub. */
void facts_forge_byte(struct realm *r, const char *liar, const char *order_id);
/* The texts of the order that this hub has for others are erased, as of documents that were
 * accepted so long ago. */
void facts_erase(struct realm *r, const char *region, const char *order_id, unsigned days);
/* The hub does not know the order any more, nor any document of it. */
void facts_lose(struct realm *r, const char *region, const char *order_id);

#endif
