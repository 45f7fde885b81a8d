#include "catalogue.h"

#include "base/clock.h"

#include "case.pb.h"
#include "sanction.pb.h"

#include <pb_common.h>
#include <string.h>

/* Class maximum lives of the design: lift and stay 90 days, orders and cases 30, queries 1 hour,
 * others 14 days. */
#define LIFE_REPAIR (90 * (uint64_t)DAY_MS)
#define LIFE_ORDER  (30 * (uint64_t)DAY_MS)
#define LIFE_QUERY  ((uint64_t)HOUR_MS)
#define LIFE_OTHER  (14 * (uint64_t)DAY_MS)

#define NUMBER(name) lianshu_DocumentType_TYPE_##name
#define BODY(name)   &lianshu_##name##_msg

/* Sorted by number. */
/* clang-format off */
static const struct document_type types[] = {
    {NUMBER(REGISTRAR), "registry.registrar", "登记员授权", "registrar appointment",
     NULL, NULL, BODY(Registrar), 0, LANE_NORMAL, LIFE_OTHER},
    {NUMBER(REGISTRY), "registry.version", "成员登记册版本", "registry version",
     NULL, NULL, BODY(RegistryVersion), 0, LANE_NORMAL, LIFE_OTHER},
    {NUMBER(SUBJECT_REGISTER), "subject.register", "主体登记", "subject registration",
     BODY(SubjectRegister), NULL, NULL, TYPE_FACTS | TYPE_GATED | TYPE_TO_HUB, LANE_NORMAL, LIFE_OTHER},
    {NUMBER(SUBJECT_RELATION), "subject.relation", "主体关系", "subject relation",
     BODY(SubjectRelation), NULL, NULL, TYPE_FACTS | TYPE_GATED | TYPE_TO_HUB, LANE_NORMAL, LIFE_OTHER},
    {NUMBER(LICENCE_APPLICATION), "licence.application", "许可申请", "licence application",
     BODY(Licence), NULL, NULL, TYPE_FACTS | TYPE_GATED | TYPE_ATTACHMENTS, LANE_NORMAL, LIFE_OTHER},
    {NUMBER(LICENCE_GRANTED), "licence.granted", "许可决定", "licence granted",
     BODY(Licence), NULL, NULL, TYPE_FACTS | TYPE_GATED | TYPE_TO_HUB, LANE_NORMAL, LIFE_OTHER},
    {NUMBER(APPOINTMENT), "appointment", "任职登记", "appointment",
     BODY(Appointment), NULL, NULL, TYPE_FACTS | TYPE_GATED, LANE_NORMAL, LIFE_OTHER},
    {NUMBER(HONOUR), "honour", "表彰奖励", "honour",
     BODY(Honour), NULL, NULL, TYPE_FACTS | TYPE_GATED, LANE_NORMAL, LIFE_OTHER},
    {NUMBER(SANCTION_ORDER), "sanction.order", "惩戒决定", "sanction order",
     BODY(SanctionOrder), BODY(Evidence), NULL,
     TYPE_FACTS | TYPE_RULES | TYPE_TO_HUB | TYPE_ATTACHMENTS, LANE_ORDER, LIFE_ORDER},
    {NUMBER(SANCTION_LIFT), "sanction.lift", "惩戒解除", "sanction lift",
     BODY(SanctionChange), NULL, NULL, TYPE_FACTS | TYPE_RULES | TYPE_TO_HUB, LANE_REPAIR, LIFE_REPAIR},
    {NUMBER(SANCTION_ANNUL), "sanction.annul", "惩戒撤销", "sanction annulment",
     BODY(SanctionChange), NULL, NULL, TYPE_FACTS | TYPE_RULES | TYPE_TO_HUB, LANE_REPAIR, LIFE_REPAIR},
    {NUMBER(SANCTION_SUSPEND), "sanction.suspend", "惩戒中止", "sanction stay",
     BODY(SanctionChange), NULL, NULL, TYPE_FACTS | TYPE_RULES | TYPE_TO_HUB, LANE_REPAIR, LIFE_REPAIR},
    {NUMBER(SANCTION_RESUME), "sanction.resume", "惩戒恢复执行", "sanction resumed",
     BODY(SanctionChange), NULL, NULL, TYPE_FACTS | TYPE_RULES | TYPE_TO_HUB, LANE_ORDER, LIFE_ORDER},
    {NUMBER(SANCTION_RESTORE), "sanction.restore", "恢复惩戒（撤销修复）", "repair revoked, order stands again",
     BODY(SanctionChange), NULL, NULL, TYPE_FACTS | TYPE_RULES | TYPE_TO_HUB, LANE_ORDER, LIFE_ORDER},
    {NUMBER(SANCTION_NOTICE), "sanction.notice", "惩戒通知", "sanction notice",
     BODY(SanctionNotice), NULL, NULL, TYPE_FACTS | TYPE_BY_HUB | TYPE_RELAYABLE, LANE_ORDER, LIFE_ORDER},
    {NUMBER(SANCTION_ANSWER), "sanction.answer", "惩戒答复", "sanction answer",
     BODY(SanctionAnswer), NULL, NULL, TYPE_FACTS | TYPE_TO_HUB, LANE_NORMAL, LIFE_ORDER},
    {NUMBER(SANCTION_EXECUTED), "sanction.executed", "惩戒执行回报", "sanction executed",
     BODY(SanctionExecuted), NULL, NULL, TYPE_FACTS | TYPE_TO_HUB, LANE_NORMAL, LIFE_ORDER},
    {NUMBER(EVIDENCE), "evidence.supply", "证据提供", "evidence supplied",
     NULL, BODY(Evidence), NULL, TYPE_RELAYABLE | TYPE_ATTACHMENTS, LANE_BULK, LIFE_OTHER},
    {NUMBER(CREDIT_CHECK), "credit.check", "信用查询", "credit check",
     BODY(CreditCheck), NULL, NULL, TYPE_FACTS | TYPE_TO_HUB, LANE_NORMAL, LIFE_QUERY},
    {NUMBER(CREDIT_CERTIFICATE), "credit.certificate", "信用证明", "credit certificate",
     BODY(CreditCertificate), NULL, NULL, TYPE_FACTS | TYPE_BY_HUB, LANE_NORMAL, LIFE_OTHER},
    {NUMBER(CASE_REFERRAL), "case.referral", "案件移送", "case referral",
     BODY(CaseClock), BODY(CaseReferral), NULL,
     TYPE_FACTS | TYPE_CASE | TYPE_ATTACHMENTS, LANE_NORMAL, LIFE_ORDER},
    {NUMBER(CASE_ACKNOWLEDGED), "case.acknowledged", "移送签收", "case acknowledged",
     BODY(CaseClock), BODY(CaseAnswer), NULL, TYPE_FACTS | TYPE_CASE, LANE_NORMAL, LIFE_ORDER},
    {NUMBER(CASE_SUPPLEMENT), "case.supplement", "补充材料", "case supplement",
     BODY(CaseClock), BODY(CaseAnswer), NULL,
     TYPE_FACTS | TYPE_CASE | TYPE_ATTACHMENTS, LANE_NORMAL, LIFE_ORDER},
    {NUMBER(CASE_DECISION), "case.decision", "立案决定", "case decision",
     BODY(CaseClock), BODY(CaseAnswer), NULL,
     TYPE_FACTS | TYPE_CASE | TYPE_ATTACHMENTS, LANE_NORMAL, LIFE_ORDER},
    {NUMBER(AEFI_REPORT), "aefi.report", "疑似预防接种异常反应报告", "adverse event after immunisation",
     BODY(BatchFacts), BODY(AefiReport), NULL, TYPE_FACTS | TYPE_ATTACHMENTS, LANE_NORMAL, LIFE_OTHER},
    {NUMBER(WITHDRAW), "withdraw", "撤回", "withdrawal of a message",
     BODY(Withdraw), NULL, NULL, TYPE_FACTS | TYPE_TO_HUB, LANE_REPAIR, LIFE_OTHER},
    {NUMBER(OFFICIAL_ACT), "official.act", "两人办理", "act of two officials",
     NULL, NULL, BODY(OfficialAct), 0, LANE_NORMAL, LIFE_OTHER},
    {NUMBER(MANIFEST), "manifest", "附件清单", "attachment manifest",
     NULL, BODY(Manifest), NULL, TYPE_PART_ONLY, LANE_BULK, LIFE_ORDER},
};
/* clang-format on */

enum { TYPE_COUNT = sizeof types / sizeof types[0] };

const struct document_type *type_at(size_t i)
{
    return i < TYPE_COUNT ? &types[i] : NULL;
}

const struct document_type *type_find(uint32_t number)
{
    size_t low = 0;
    size_t high = TYPE_COUNT;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (types[middle].number == number)
            return &types[middle];
        if (types[middle].number < number)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

const struct document_type *type_by_name(const char *name)
{
    for (size_t i = 0; i < TYPE_COUNT; i++) {
        if (strcmp(types[i].name, name) == 0)
            return &types[i];
    }
    return NULL;
}

/* ---- receipts ---- */

static const struct {
    const char *name;
    const char *zh;
    const char *en;
    bool by_hub;
    bool final;
} receipt_kinds[] = {
    [lianshu_ReceiptKind_RECEIPT_NONE] = {"none", "无", "none", false, false},
    [lianshu_ReceiptKind_RECEIPT_ACCEPTED] = {"accepted", "已受理", "accepted: on disk and decided",
                                              true, false},
    [lianshu_ReceiptKind_RECEIPT_REJECTED] = {"rejected", "不予受理", "rejected: not taken", true,
                                              true},
    [lianshu_ReceiptKind_RECEIPT_HELD] = {"held", "待审", "held for two officials", true, false},
    [lianshu_ReceiptKind_RECEIPT_RELEASED] = {"released", "已放行", "released by two officials",
                                              true, false},
    [lianshu_ReceiptKind_RECEIPT_DELIVERED] = {"delivered", "已送达",
                                               "delivered: verified and in the recipient's inbox",
                                               false, true},
    [lianshu_ReceiptKind_RECEIPT_OPENED] = {"opened", "已签收",
                                            "opened: taken by a person or system", false, true},
    [lianshu_ReceiptKind_RECEIPT_ACTED] = {"acted", "已办理", "acted: done, with reference", false,
                                           true},
    [lianshu_ReceiptKind_RECEIPT_RETURNED] = {"returned", "已退回", "returned: cannot be used",
                                              false, true},
    [lianshu_ReceiptKind_RECEIPT_EXPIRED] = {"expired", "已过期", "expired before delivery", true,
                                             true},
    [lianshu_ReceiptKind_RECEIPT_PARKED] = {"parked", "已搁置", "parked: kept, not delivered", true,
                                            false},
    [lianshu_ReceiptKind_RECEIPT_SUPERSEDED] = {"superseded", "已被取代",
                                                "superseded by a later decision", true, true},
    [lianshu_ReceiptKind_RECEIPT_REFUSED] = {"refused", "已拒绝", "refused after acceptance", true,
                                             true},
    [lianshu_ReceiptKind_RECEIPT_WARNED] = {"warned", "将到期", "about to expire", true, false},
};

_Static_assert(sizeof receipt_kinds / sizeof receipt_kinds[0] == _lianshu_ReceiptKind_ARRAYSIZE,
               "every receipt kind has its row");

static bool receipt_known(lianshu_ReceiptKind kind)
{
    return (unsigned)kind < sizeof receipt_kinds / sizeof receipt_kinds[0];
}

const char *receipt_kind_name(lianshu_ReceiptKind kind)
{
    return receipt_known(kind) ? receipt_kinds[kind].name : "unknown";
}

const char *receipt_kind_zh(lianshu_ReceiptKind kind)
{
    return receipt_known(kind) ? receipt_kinds[kind].zh : "未知";
}

const char *receipt_kind_en(lianshu_ReceiptKind kind)
{
    return receipt_known(kind) ? receipt_kinds[kind].en : "unknown";
}

bool receipt_kind_final(lianshu_ReceiptKind kind)
{
    return receipt_known(kind) && receipt_kinds[kind].final;
}

bool receipt_kind_by_hub(lianshu_ReceiptKind kind)
{
    return receipt_known(kind) && receipt_kinds[kind].by_hub;
}

/* ---- fields 1 and 2 of facts bodies ---- */

/* The field with this tag, if it is a submessage of that type. */
static bool find_field(pb_field_iter_t *at, const pb_msgdesc_t *desc, const void *msg, uint32_t tag,
                       const pb_msgdesc_t *type)
{
    return pb_field_iter_begin_const(at, desc, msg) && pb_field_iter_find(at, tag) &&
           PB_LTYPE_IS_SUBMSG(at->type) && at->submsg_desc == type;
}

const lianshu_Subject *facts_subject(const pb_msgdesc_t *desc, const void *msg)
{
    pb_field_iter_t at;
    if (desc == NULL || !find_field(&at, desc, msg, 1, &lianshu_Subject_msg) || at.pSize == NULL ||
        !*(const bool *)at.pSize)
        return NULL;
    return at.pData;
}

const lianshu_Person *facts_persons(const pb_msgdesc_t *desc, const void *msg, size_t *count)
{
    pb_field_iter_t at;
    *count = 0;
    if (desc == NULL || !find_field(&at, desc, msg, 2, &lianshu_Person_msg))
        return NULL;
    *count = *(const pb_size_t *)at.pSize;
    return *count == 0 ? NULL : at.pData;
}
