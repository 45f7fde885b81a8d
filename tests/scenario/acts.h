/* What members do about the sanction of the texts: the market imposes and annuls it, everybody
 * obeys. Each sentence is repeated until the hub has answered, as adapters repeat it. */
#ifndef TESTS_ACTS_H
#define TESTS_ACTS_H

#include "scenario/world.h"

#include "store/order.h"

enum { ACTS_EVERYBODY = 5 };
extern const char *const acts_everybody[ACTS_EVERYBODY];

void acts_connect(struct world *w);
/* The health commission, which applies, and the market regulator alone. */
void acts_connect_both(struct world *w);
/* The health commission asks the market regulator for a licence of CLEAN; it appoints HEAD_PERSON
 * at CLEAN. */
struct mail acts_application(const char *conversation);
struct mail acts_numbered_application(const char *conversation, uint64_t sequence);
struct mail acts_appointment(void);
/* The market refers a case to the police, with a copy to the procuratorate. */
struct mail acts_referral(void);
void acts_order(struct world *w, uint8_t env_id[HASH_LEN]);
void acts_annul(struct world *w, uint8_t env_id[HASH_LEN]);
size_t acts_notices(struct world *w);
void acts_read_notice(const struct got *got, lianshu_SanctionNotice *out);
void acts_answer(struct world *w, const char *member, const lianshu_SanctionNotice *notice,
                 const char *what, uint8_t env_id[HASH_LEN]);
void acts_executed(struct world *w, const char *member, const lianshu_SanctionNotice *notice,
                   const char *stage, uint8_t env_id[HASH_LEN]);
void acts_obey(struct world *w, lianshu_NoticeStage stage);
/* A row as one that was imposed long ago left it; without id and subject. */
struct order_row acts_old_order(void);

#endif
