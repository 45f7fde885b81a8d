/* Sentences about the ledger: short orders of one measure, what the hub says when it is asked, and
 * the warnings that members got. */
#ifndef TESTS_LEDGERBOOK_H
#define TESTS_LEDGERBOOK_H

#include "scenario/acts.h"
#include "scenario/texts.h"

#include "redress.pb.h"

#define FINE_ID "a0a1a2a3a4a5a6a7a8a9aaabacadaeaf"

/* A larger fine of the market (R10: M27, owed by the issuer itself). */
#define FINE_BODY(id, version, number, start, repair, last)                                        \
    "{\"subject\":" PUNISHED ",\"order_id\":\"" id "\",\"version\":" version ","                   \
    "\"list\":\"penalty_record\",\"trigger\":\"penalty_larger_fine\",\"severity\":\"ordinary\","   \
    "\"decision_body\":\"潮州市市场监督管理局\",\"decision_number\":\"" number "\","               \
    "\"decision_date\":\"2026-04-01\",\"start_date\":\"" start "\"," repair "\"max_date\":\"" last \
    "\",\"served_date\":\"2026-04-01\",\"remedy\":\"60日内可申请复议\","                    \
    "\"remedy_deadline_date\":\"2026-05-31\",\"facts_summary\":\"罚款\",\"contact\":\"0768-1\"," \
    "\"act_date\":\"2026-01-15\",\"public_subject\":true}"

/* Send facts to the hub (and one more); the code of the receipt. */
uint32_t book_send(struct world *w, const char *from, const char *type, const char *facts,
                   const char *basis, const char *also);
/* To the hub and nobody else, on no legal basis of its own. */
uint32_t book_tell(struct world *w, const char *from, const char *type, const char *facts);
/* Of the last document that book_send made. */
extern uint8_t book_env_id[HASH_LEN];

/* How many rows of a list the hub answers to a query, and how many have key = value. */
size_t book_count(struct world *w, const char *query, const char *list, const char *key,
                  const char *value);
/* The value of a key of the first row; "": none. Borrowed until the next call. */
const char *book_first(struct world *w, const char *query, const char *list, const char *key);

/* Warnings of a percent (0: any) about what `owes` (NULL: anybody) owes that `member` has. */
size_t book_warnings(struct world *w, const char *member, const char *owes, uint32_t percent,
                     lianshu_WarningTerm which);
/* Notices of the hub of that kind that a member has. */
size_t book_told(struct world *w, const char *member, lianshu_HubNoticeKind kind);
/* Time passes in steps, as a hub lives through it. */
void book_days(struct world *w, unsigned days);

#endif
