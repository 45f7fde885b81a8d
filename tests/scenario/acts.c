#include "scenario/acts.h"

#include "base/clock.h"
#include "base/hex.h"
#include "policy/view.h"
#include "scenario/texts.h"
#include "wire.h"

#include <stdio.h>

const char *const acts_everybody[ACTS_EVERYBODY] = {
    "market.445100", "health.445100", "insurance.445100", "police.445100", "procuratorate.445100"};

void acts_connect(struct world *w)
{
    for (size_t i = 0; i < ACTS_EVERYBODY; i++)
        world_hello(w, acts_everybody[i]);
}

void acts_connect_both(struct world *w)
{
    world_hello(w, "health.445100");
    world_hello(w, "market.445100");
}

struct mail acts_application(const char *conversation)
{
    return (struct mail){.from = "health.445100",
                         .type = "licence.application",
                         .to = {"market.445100"},
                         .facts = LICENCE_BODY(CLEAN),
                         .conversation = conversation};
}

struct mail acts_numbered_application(const char *conversation, uint64_t sequence)
{
    struct mail mail = acts_application(conversation);
    mail.sequence = sequence;
    return mail;
}

struct mail acts_appointment(void)
{
    return (struct mail){.from = "health.445100",
                         .type = "appointment",
                         .to = {"market.445100"},
                         .facts = APPOINTMENT_BODY(CLEAN, HEAD_PERSON)};
}

struct mail acts_referral(void)
{
    return (struct mail){.from = "market.445100",
                         .type = "case.referral",
                         .to = {"police.445100", "procuratorate.445100"},
                         .facts = CLOCK_OF(CASE_ID, "police.445100"),
                         .sealed = REFERRAL_OF(CASE_ID)};
}

void acts_order(struct world *w, uint8_t env_id[HASH_LEN])
{
    const struct mail mail = {.from = "market.445100",
                              .type = "sanction.order",
                              .to = {"hub.445100"},
                              .facts = ORDER_BODY("1"),
                              .basis = {"DL116", "DL118"},
                              .conversation = ORDER_ID};
    world_send(w, &mail, env_id);
}

void acts_annul(struct world *w, uint8_t env_id[HASH_LEN])
{
    const struct mail mail = {.from = "market.445100",
                              .type = "sanction.annul",
                              .to = {"hub.445100"},
                              .facts = ANNUL_BODY("2"),
                              .basis = {"AP48"},
                              .conversation = ORDER_ID};
    world_send(w, &mail, env_id);
}

size_t acts_notices(struct world *w)
{
    size_t count = 0;
    for (size_t i = 0; i < ACTS_EVERYBODY; i++)
        count += world_has(w, acts_everybody[i], "sanction.notice");
    return count;
}

void acts_read_notice(const struct got *got, lianshu_SanctionNotice *out)
{
    assert_int_equal(
        wire_decode(&lianshu_SanctionNotice_msg, span_of(got->facts, got->facts_len), out), OK);
}

void acts_answer(struct world *w, const char *member, const lianshu_SanctionNotice *notice,
                 const char *what, uint8_t env_id[HASH_LEN])
{
    char id[33];
    char body[512];
    hex_encode(span_of(notice->obligation_id, 16), id);
    snprintf(body, sizeof body, "{\"obligation_id\":\"%s\",\"answer\":\"%s\",%s}", id, what,
             strcmp(what, "declined") == 0 ? "\"legal_reason\":\"依据不足\""
                                           : "\"decision\":\"同意\",\"reference\":\"R-1\"");
    const struct mail mail = {
        .from = member, .type = "sanction.answer", .to = {"hub.445100"}, .facts = body};
    world_send(w, &mail, env_id);
}

void acts_executed(struct world *w, const char *member, const lianshu_SanctionNotice *notice,
                   const char *stage, uint8_t env_id[HASH_LEN])
{
    char id[33];
    char when[CLOCK_TEXT_LEN + 1];
    char body[512];
    hex_encode(span_of(notice->obligation_id, 16), id);
    clock_format(w->now_ms, when);
    snprintf(body, sizeof body,
             "{\"obligation_id\":\"%s\",\"stage\":\"%s\",\"reference\":\"X-1\","
             "\"executed_ms\":\"%s\"}",
             id, stage, when);
    const struct mail mail = {
        .from = member, .type = "sanction.executed", .to = {"hub.445100"}, .facts = body};
    world_send(w, &mail, env_id);
}

/* Everybody does what the notices of one stage say. */
void acts_obey(struct world *w, lianshu_NoticeStage stage)
{
    static lianshu_SanctionNotice notice;
    for (size_t m = 0; m < ACTS_EVERYBODY; m++) {
        size_t count = world_has(w, acts_everybody[m], "sanction.notice");
        for (size_t i = 0; i < count; i++) {
            uint8_t env_id[HASH_LEN];
            acts_read_notice(world_got(w, acts_everybody[m], "sanction.notice", i), &notice);
            if (notice.stage != stage)
                continue;
            if (stage == lianshu_NoticeStage_STAGE_IMPOSE) {
                acts_answer(w, acts_everybody[m], &notice, "accepted", env_id);
                assert_int_equal(world_verdict(w, acts_everybody[m], env_id),
                                 lianshu_ReceiptKind_RECEIPT_ACCEPTED);
            }
            acts_executed(w, acts_everybody[m], &notice,
                          stage == lianshu_NoticeStage_STAGE_IMPOSE ? "impose" : "lift", env_id);
            assert_int_equal(world_verdict(w, acts_everybody[m], env_id),
                             lianshu_ReceiptKind_RECEIPT_ACCEPTED);
        }
    }
}

struct order_row acts_old_order(void)
{
    static const uint8_t sealed[1] = {1};
    return (struct order_row){
        .seq = 1,
        .version = 1,
        .state = ORDER_ACTIVE,
        .issuer = "market.445100",
        .list = "serious_dishonesty",
        .rule = "R09",
        .changed_by = "market.445100",
        .start_date = 20200101,
        .sealed = span_of(sealed, sizeof sealed),
    };
}
