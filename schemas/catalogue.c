#include "catalogue.h"

#include "base/clock.h"

#include "case.pb.h"
#include "credit.pb.h"
#include "federation.pb.h"
#include "mirror.pb.h"
#include "redress.pb.h"
#include "safety.pb.h"
#include "sanction.pb.h"

#include <assert.h>
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
     NULL, NULL, BODY(Registrar), TYPE_OFFICIALS, LANE_NORMAL, LIFE_OTHER},
    {NUMBER(REGISTRY), "registry.version", "成员登记册版本", "registry version",
     NULL, NULL, BODY(RegistryVersion), TYPE_OFFICIALS, LANE_NORMAL, LIFE_OTHER},
    {NUMBER(KEY_REVOCATION), "key.revocation", "密钥吊销", "key revocation",
     NULL, NULL, BODY(Revocation), TYPE_OFFICIALS, LANE_NORMAL, LIFE_OTHER},
    {NUMBER(KEY_RECORD), "key.record", "成员密钥记录", "key record of a member",
     NULL, NULL, BODY(KeyRecord), 0, LANE_NORMAL, LIFE_OTHER},
    {NUMBER(ROOT), "registry.root", "根密钥更换", "rotation of the root",
     NULL, NULL, BODY(Root), TYPE_OFFICIALS, LANE_NORMAL, LIFE_OTHER},
    {NUMBER(ENROLMENT), "enrolment.request", "登记申请", "enrolment request",
     NULL, NULL, BODY(Enrolment), TYPE_OFFICIALS, LANE_NORMAL, LIFE_OTHER},
    {NUMBER(ENROLMENT_APPROVAL), "enrolment.approval", "登记核准", "enrolment approval",
     NULL, NULL, BODY(EnrolmentApproval), TYPE_OFFICIALS, LANE_NORMAL, LIFE_OTHER},
    {NUMBER(SUBJECT_REGISTER), "subject.register", "主体登记", "subject registration",
     BODY(SubjectRegister), NULL, NULL, TYPE_FACTS | TYPE_GATED | TYPE_TO_HUB | TYPE_SPREAD, LANE_NORMAL, LIFE_OTHER},
    {NUMBER(SUBJECT_RELATION), "subject.relation", "主体关系", "subject relation",
     BODY(SubjectRelation), NULL, NULL, TYPE_FACTS | TYPE_GATED | TYPE_TO_HUB | TYPE_SPREAD, LANE_NORMAL, LIFE_OTHER},
    {NUMBER(LICENCE_APPLICATION), "licence.application", "许可申请", "licence application",
     BODY(Licence), BODY(Particulars), NULL, TYPE_FACTS | TYPE_GATED | TYPE_ATTACHMENTS,
     LANE_NORMAL, LIFE_OTHER},
    {NUMBER(LICENCE_GRANTED), "licence.granted", "许可决定", "licence granted",
     BODY(Licence), BODY(Particulars), NULL, TYPE_FACTS | TYPE_GATED | TYPE_TO_HUB,
     LANE_NORMAL, LIFE_OTHER},
    {NUMBER(APPOINTMENT), "appointment", "任职登记", "appointment",
     BODY(Appointment), NULL, NULL, TYPE_FACTS | TYPE_GATED, LANE_NORMAL, LIFE_OTHER},
    {NUMBER(HONOUR), "honour", "表彰奖励", "honour",
     BODY(Honour), NULL, NULL, TYPE_FACTS | TYPE_GATED, LANE_NORMAL, LIFE_OTHER},
    {NUMBER(EMPLOYMENT), "employment", "关键岗位聘用", "employment in a key post",
     BODY(Appointment), NULL, NULL, TYPE_FACTS | TYPE_GATED, LANE_NORMAL, LIFE_OTHER},
    {NUMBER(LICENCE_CHANGED), "licence.changed", "许可变更", "licence changed",
     BODY(Licence), BODY(Particulars), NULL,
     TYPE_FACTS | TYPE_GATED | TYPE_TO_HUB, LANE_NORMAL, LIFE_OTHER},
    {NUMBER(LICENCE_REVOKED), "licence.revoked", "许可吊销注销", "licence revoked",
     BODY(Licence), BODY(Particulars), NULL,
     TYPE_FACTS | TYPE_GATED | TYPE_TO_HUB | TYPE_SPREAD, LANE_NORMAL, LIFE_OTHER},
    {NUMBER(SUBSIDY), "subsidy", "财政补助", "subsidy",
     BODY(Honour), NULL, NULL, TYPE_FACTS | TYPE_GATED, LANE_NORMAL, LIFE_OTHER},
    {NUMBER(SANCTION_ORDER), "sanction.order", "惩戒决定", "sanction order",
     BODY(SanctionOrder), BODY(Evidence), NULL,
     TYPE_FACTS | TYPE_RULES | TYPE_TO_HUB | TYPE_ATTACHMENTS | TYPE_SPREAD, LANE_ORDER, LIFE_ORDER},
    {NUMBER(SANCTION_LIFT), "sanction.lift", "惩戒解除", "sanction lift",
     BODY(SanctionChange), NULL, NULL, TYPE_FACTS | TYPE_RULES | TYPE_TO_HUB | TYPE_SPREAD, LANE_REPAIR, LIFE_REPAIR},
    {NUMBER(SANCTION_ANNUL), "sanction.annul", "惩戒撤销", "sanction annulment",
     BODY(SanctionChange), NULL, NULL, TYPE_FACTS | TYPE_RULES | TYPE_TO_HUB | TYPE_SPREAD, LANE_REPAIR, LIFE_REPAIR},
    {NUMBER(SANCTION_SUSPEND), "sanction.suspend", "惩戒中止", "sanction stay",
     BODY(SanctionChange), NULL, NULL, TYPE_FACTS | TYPE_RULES | TYPE_TO_HUB | TYPE_SPREAD, LANE_REPAIR, LIFE_REPAIR},
    {NUMBER(SANCTION_RESUME), "sanction.resume", "惩戒恢复执行", "sanction resumed",
     BODY(SanctionChange), NULL, NULL, TYPE_FACTS | TYPE_RULES | TYPE_TO_HUB | TYPE_SPREAD, LANE_ORDER, LIFE_ORDER},
    {NUMBER(SANCTION_RESTORE), "sanction.restore", "恢复惩戒（撤销修复）", "repair revoked, order stands again",
     BODY(SanctionChange), NULL, NULL, TYPE_FACTS | TYPE_RULES | TYPE_TO_HUB | TYPE_SPREAD, LANE_ORDER, LIFE_ORDER},
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
    {NUMBER(CREDIT_RECORD), "credit.record", "信用记录", "credit record",
     BODY(CreditRecord), BODY(Particulars), NULL,
     TYPE_FACTS | TYPE_TO_HUB | TYPE_ATTACHMENTS, LANE_NORMAL, LIFE_OTHER},
    {NUMBER(CREDIT_RATING), "credit.rating", "信用评级", "credit rating",
     BODY(CreditRating), NULL, NULL, TYPE_FACTS | TYPE_TO_HUB | TYPE_SPREAD, LANE_NORMAL, LIFE_OTHER},
    {NUMBER(CREDIT_INCENTIVE), "credit.incentive", "信用激励", "credit incentive",
     BODY(CreditIncentive), NULL, NULL, TYPE_FACTS | TYPE_TO_HUB, LANE_NORMAL, LIFE_OTHER},
    {NUMBER(PROJECT_APPROVAL), "project_approval", "项目立项", "project approval",
     BODY(Honour), NULL, NULL, TYPE_FACTS | TYPE_GATED, LANE_NORMAL, LIFE_OTHER},
    {NUMBER(PROCUREMENT_AWARD), "procurement.award", "采购中标", "procurement award",
     BODY(Procurement), BODY(Particulars), NULL, TYPE_FACTS | TYPE_GATED, LANE_NORMAL, LIFE_OTHER},
    {NUMBER(PROCUREMENT_DISHONESTY), "procurement.dishonesty", "采购失信", "dishonesty in procurement",
     BODY(Procurement), BODY(Particulars), NULL,
     TYPE_FACTS | TYPE_GATED | TYPE_TO_HUB, LANE_NORMAL, LIFE_OTHER},
    {NUMBER(INSURANCE_DESIGNATION), "insurance.designation", "医保定点", "insurance designation",
     BODY(Insurance), BODY(Particulars), NULL, TYPE_FACTS | TYPE_GATED, LANE_NORMAL, LIFE_OTHER},
    {NUMBER(INSURANCE_QUALIFICATION), "insurance.qualification", "医保支付资格", "insurance payment qualification",
     BODY(Insurance), BODY(Particulars), NULL,
     TYPE_FACTS | TYPE_GATED | TYPE_TO_HUB, LANE_NORMAL, LIFE_OTHER},
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
    {NUMBER(INSURANCE_SETTLEMENT_STOP), "insurance.settlement_stop", "医保结算暂停", "insurance settlement stopped",
     BODY(Insurance), BODY(Particulars), NULL,
     TYPE_FACTS | TYPE_GATED | TYPE_TO_HUB, LANE_NORMAL, LIFE_OTHER},
    {NUMBER(CASE_FORWARD), "case.forward", "案件转送", "case forwarded",
     BODY(CaseClock), BODY(CaseReferral), NULL,
     TYPE_FACTS | TYPE_CASE | TYPE_ATTACHMENTS, LANE_NORMAL, LIFE_ORDER},
    {NUMBER(CASE_RECONSIDER), "case.reconsider", "提请复议", "reconsideration requested",
     BODY(CaseClock), BODY(CaseAnswer), NULL,
     TYPE_FACTS | TYPE_CASE | TYPE_ATTACHMENTS, LANE_NORMAL, LIFE_ORDER},
    {NUMBER(CASE_SUPERVISE), "case.supervise", "立案监督", "supervision of filing",
     BODY(CaseClock), BODY(CaseAnswer), NULL,
     TYPE_FACTS | TYPE_CASE | TYPE_ATTACHMENTS, LANE_NORMAL, LIFE_ORDER},
    {NUMBER(CASE_RESULT), "case.result", "案件处理结果", "case result",
     BODY(CaseClock), BODY(CaseAnswer), NULL,
     TYPE_FACTS | TYPE_CASE | TYPE_ATTACHMENTS, LANE_NORMAL, LIFE_ORDER},
    {NUMBER(CASE_HANDOVER), "case.handover", "涉案物品交接", "hand-over of goods and files",
     BODY(CaseClock), BODY(CaseAnswer), NULL,
     TYPE_FACTS | TYPE_CASE | TYPE_ATTACHMENTS, LANE_NORMAL, LIFE_ORDER},
    {NUMBER(AEFI_REPORT), "aefi.report", "疑似预防接种异常反应报告", "adverse event after immunisation",
     BODY(BatchFacts), BODY(AefiReport), NULL, TYPE_FACTS | TYPE_ATTACHMENTS, LANE_NORMAL, LIFE_OTHER},
    {NUMBER(ADR_REPORT), "adr.report", "药品不良反应报告", "adverse drug reaction",
     BODY(BatchFacts), BODY(AdverseEvent), NULL,
     TYPE_FACTS | TYPE_ATTACHMENTS, LANE_NORMAL, LIFE_OTHER},
    {NUMBER(DEVICE_EVENT), "device.event", "医疗器械不良事件报告", "adverse event of a device",
     BODY(BatchFacts), BODY(AdverseEvent), NULL,
     TYPE_FACTS | TYPE_ATTACHMENTS, LANE_NORMAL, LIFE_OTHER},
    {NUMBER(COSMETIC_EVENT), "cosmetic.event", "化妆品不良反应报告", "adverse reaction to a cosmetic",
     BODY(BatchFacts), BODY(AdverseEvent), NULL,
     TYPE_FACTS | TYPE_ATTACHMENTS, LANE_NORMAL, LIFE_OTHER},
    {NUMBER(EVENT_FEEDBACK), "event.feedback", "不良事件反馈", "feedback on an adverse event",
     BODY(BatchFacts), BODY(Particulars), NULL, TYPE_FACTS, LANE_NORMAL, LIFE_OTHER},
    {NUMBER(RECALL_NOTICE), "recall.notice", "召回通知", "recall notice",
     BODY(Recall), BODY(Particulars), NULL, TYPE_FACTS | TYPE_TO_HUB, LANE_ORDER, LIFE_OTHER},
    {NUMBER(RECALL_PLAN), "recall.plan", "召回计划", "recall plan",
     BODY(Recall), BODY(Particulars), NULL, TYPE_FACTS, LANE_NORMAL, LIFE_OTHER},
    {NUMBER(RECALL_PROGRESS), "recall.progress", "召回进展", "recall progress",
     BODY(Recall), BODY(Particulars), NULL, TYPE_FACTS, LANE_NORMAL, LIFE_OTHER},
    {NUMBER(RECALL_REPORT), "recall.report", "召回总结", "recall report",
     BODY(Recall), BODY(Particulars), NULL, TYPE_FACTS, LANE_NORMAL, LIFE_OTHER},
    {NUMBER(WITHDRAW), "withdraw", "撤回", "withdrawal of a message",
     BODY(Withdraw), NULL, NULL, TYPE_FACTS | TYPE_TO_HUB, LANE_REPAIR, LIFE_OTHER},
    {NUMBER(BATCH_BLOCK), "batch.block", "批次停售停用", "batch blocked",
     BODY(BatchFacts), NULL, NULL, TYPE_FACTS | TYPE_GATED | TYPE_TO_HUB, LANE_ORDER, LIFE_ORDER},
    {NUMBER(BATCH_RELEASE), "batch.release", "批次放行", "batch released",
     BODY(BatchFacts), NULL, NULL, TYPE_FACTS | TYPE_GATED | TYPE_TO_HUB, LANE_ORDER, LIFE_ORDER},
    {NUMBER(TRACE_EVENT), "trace.event", "追溯事件", "trace event",
     BODY(Trace), BODY(Particulars), NULL, TYPE_FACTS, LANE_BULK, LIFE_OTHER},
    {NUMBER(TRACE_QUERY), "trace.query", "追溯查询", "trace query",
     BODY(Trace), BODY(Particulars), NULL, TYPE_FACTS, LANE_NORMAL, LIFE_OTHER},
    {NUMBER(TRACE_DUPLICATE), "trace.duplicate", "追溯码重复", "trace code used twice",
     BODY(Trace), BODY(Particulars), NULL, TYPE_FACTS | TYPE_TO_HUB, LANE_NORMAL, LIFE_OTHER},
    {NUMBER(INSPECTION_RESULT), "inspection.result", "检查结果", "inspection result",
     BODY(Finding), BODY(Particulars), NULL,
     TYPE_FACTS | TYPE_ATTACHMENTS, LANE_NORMAL, LIFE_OTHER},
    {NUMBER(SAMPLING_RESULT), "sampling.result", "抽检结果", "sampling result",
     BODY(Finding), BODY(Particulars), NULL,
     TYPE_FACTS | TYPE_ATTACHMENTS, LANE_NORMAL, LIFE_OTHER},
    {NUMBER(PENALTY_DECISION), "penalty.decision", "行政处罚决定", "penalty decision",
     BODY(Penalty), BODY(Particulars), NULL,
     TYPE_FACTS | TYPE_TO_HUB | TYPE_ATTACHMENTS, LANE_NORMAL, LIFE_OTHER},
    {NUMBER(OFFICIAL_ACT), "official.act", "两人办理", "act of two officials",
     NULL, NULL, BODY(OfficialAct), TYPE_OFFICIALS, LANE_NORMAL, LIFE_OTHER},
    {NUMBER(RISK_ALERT), "risk.alert", "风险预警", "risk alert",
     BODY(Risk), BODY(Particulars), NULL, TYPE_FACTS, LANE_NORMAL, LIFE_OTHER},
    {NUMBER(RISK_DISPOSAL), "risk.disposal", "风险处置", "risk disposal",
     BODY(Risk), BODY(Particulars), NULL, TYPE_FACTS, LANE_NORMAL, LIFE_OTHER},
    {NUMBER(RISK_FEEDBACK), "risk.feedback", "风险反馈", "risk feedback",
     BODY(Risk), BODY(Particulars), NULL, TYPE_FACTS, LANE_NORMAL, LIFE_OTHER},
    {NUMBER(EMERGENCY_REPORT), "emergency.report", "突发事件报告", "emergency report",
     NULL, BODY(Emergency), NULL, 0, LANE_ORDER, LIFE_OTHER},
    {NUMBER(SHORTAGE_ALERT), "shortage.alert", "短缺预警", "shortage alert",
     NULL, BODY(Shortage), NULL, 0, LANE_NORMAL, LIFE_OTHER},
    {NUMBER(PRICE_RECORD), "price.record", "价格记录", "price record",
     NULL, BODY(PriceRecord), NULL, 0, LANE_BULK, LIFE_OTHER},
    {NUMBER(JOINT_NOTICE), "joint.notice", "联合公告告诫", "joint notice",
     BODY(JointNotice), NULL, NULL, TYPE_FACTS | TYPE_JOINT, LANE_NORMAL, LIFE_OTHER},
    {NUMBER(CLUE), "clue", "线索通报", "clue",
     NULL, BODY(Clue), NULL, TYPE_ATTACHMENTS, LANE_NORMAL, LIFE_OTHER},
    {NUMBER(CASE_REVERSE), "case.reverse", "反向移送", "case sent back",
     BODY(CaseClock), BODY(CaseReferral), NULL,
     TYPE_FACTS | TYPE_CASE | TYPE_ATTACHMENTS, LANE_NORMAL, LIFE_ORDER},
    {NUMBER(ASSIST_REQUEST), "assist.request", "协查请求", "assistance requested",
     BODY(CaseClock), BODY(CaseReferral), NULL,
     TYPE_FACTS | TYPE_CASE | TYPE_ATTACHMENTS, LANE_NORMAL, LIFE_ORDER},
    {NUMBER(ASSIST_ACCEPT), "assist.accept", "协查受理", "assistance accepted or refused",
     BODY(CaseClock), BODY(CaseAnswer), NULL,
     TYPE_FACTS | TYPE_CASE | TYPE_ATTACHMENTS, LANE_NORMAL, LIFE_ORDER},
    {NUMBER(ASSIST_EXTEND), "assist.extend", "协查延期", "assistance extended",
     BODY(CaseClock), BODY(CaseAnswer), NULL,
     TYPE_FACTS | TYPE_CASE | TYPE_ATTACHMENTS, LANE_NORMAL, LIFE_ORDER},
    {NUMBER(ASSIST_REPLY), "assist.reply", "协查回复", "assistance reply",
     BODY(CaseClock), BODY(CaseAnswer), NULL,
     TYPE_FACTS | TYPE_CASE | TYPE_ATTACHMENTS, LANE_NORMAL, LIFE_ORDER},
    {NUMBER(ASSIST_CLOSE), "assist.close", "协查办结", "assistance closed",
     BODY(CaseClock), BODY(CaseAnswer), NULL,
     TYPE_FACTS | TYPE_CASE | TYPE_ATTACHMENTS, LANE_NORMAL, LIFE_ORDER},
    {NUMBER(MANIFEST), "manifest", "附件清单", "attachment manifest",
     NULL, BODY(Manifest), NULL, TYPE_PART_ONLY, LANE_BULK, LIFE_ORDER},
    {NUMBER(REPAIR_REQUEST), "repair.request", "信用修复申请", "repair requested",
     BODY(Redress), BODY(Particulars), NULL, TYPE_FACTS | TYPE_TO_HUB, LANE_NORMAL, LIFE_OTHER},
    {NUMBER(REPAIR_DECISION), "repair.decision", "信用修复决定", "repair decided",
     BODY(Redress), BODY(Particulars), NULL, TYPE_FACTS | TYPE_TO_HUB, LANE_REPAIR, LIFE_REPAIR},
    {NUMBER(OBJECTION_REQUEST), "objection.request", "异议申请", "objection raised",
     BODY(Redress), BODY(Particulars), NULL, TYPE_FACTS | TYPE_TO_HUB, LANE_NORMAL, LIFE_OTHER},
    {NUMBER(OBJECTION_DECISION), "objection.decision", "异议处理决定", "objection decided",
     BODY(Redress), BODY(Particulars), NULL, TYPE_FACTS | TYPE_TO_HUB, LANE_REPAIR, LIFE_REPAIR},
    {NUMBER(EVIDENCE_REQUEST), "evidence.request", "证据调取", "evidence requested",
     BODY(EvidenceRequest), BODY(Particulars), NULL,
     TYPE_FACTS | TYPE_ATTACHMENTS, LANE_NORMAL, LIFE_OTHER},
    {NUMBER(PREVIEW), "preview", "预查", "asking before acting",
     BODY(Preview), NULL, NULL, TYPE_FACTS | TYPE_TO_HUB, LANE_NORMAL, LIFE_QUERY},
    {NUMBER(PREVIEW_ANSWER), "preview.answer", "预查答复", "answer to a preview",
     BODY(PreviewAnswer), NULL, NULL, TYPE_FACTS | TYPE_BY_HUB, LANE_NORMAL, LIFE_QUERY},
    {NUMBER(OBLIGATION_WARNING), "obligation.warning", "义务期限预警", "warning of a term",
     BODY(ObligationWarning), NULL, NULL, TYPE_FACTS | TYPE_BY_HUB, LANE_ORDER, LIFE_ORDER},
    {NUMBER(HUB_NOTICE), "hub.notice", "枢纽告知", "notice of the hub",
     BODY(HubNotice), NULL, NULL, TYPE_FACTS | TYPE_BY_HUB, LANE_ORDER, LIFE_ORDER},
    {NUMBER(MIRROR_UPDATE), "mirror.update", "限制镜像更新", "mirror of restrictions, an update",
     BODY(MirrorUpdate), NULL, NULL, TYPE_FACTS | TYPE_BY_HUB, LANE_BULK, LIFE_OTHER},
    {NUMBER(RELAY_FACTS), "relay.facts", "转告事实", "facts handed on to another hub",
     BODY(RelayFacts), NULL, NULL, TYPE_FACTS | TYPE_BY_HUB | TYPE_TO_HUB | TYPE_HUB_ONLY,
     LANE_ORDER, LIFE_REPAIR},
    {NUMBER(RELAY_ROLL), "relay.roll", "名录核对", "comparison of what two hubs know",
     BODY(RelayRoll), NULL, NULL, TYPE_FACTS | TYPE_BY_HUB | TYPE_TO_HUB | TYPE_HUB_ONLY,
     LANE_NORMAL, LIFE_OTHER},
    {NUMBER(PROBE), "probe", "通路测试", "probe of a way through the hubs",
     BODY(Probe), NULL, NULL, TYPE_FACTS | TYPE_BY_HUB | TYPE_TO_HUB | TYPE_HUB_ONLY, LANE_NORMAL,
     LIFE_QUERY},
    {NUMBER(REPORTER_IDENTITY), "reporter.identity", "举报人身份", "identity of a reporter",
     BODY(ReporterFacts), BODY(Reporter), NULL, TYPE_FACTS, LANE_NORMAL, LIFE_OTHER},
    {NUMBER(REPORTER_REQUEST), "reporter.request", "申请查明举报人", "request to learn who reported",
     BODY(ReporterFacts), BODY(Particulars), NULL, TYPE_FACTS, LANE_NORMAL, LIFE_OTHER},
    {NUMBER(REPORTER_UNMASK), "reporter.unmask", "告知举报人身份", "reporter unmasked",
     BODY(ReporterFacts), BODY(Reporter), NULL, TYPE_FACTS, LANE_NORMAL, LIFE_OTHER},
    {NUMBER(CASE_RECORD), "case.record", "案内文书", "paper within a case",
     BODY(CaseClock), BODY(CaseAnswer), NULL,
     TYPE_FACTS | TYPE_CASE | TYPE_TO_HUB | TYPE_ATTACHMENTS, LANE_NORMAL, LIFE_ORDER},
    {NUMBER(RELAY_TALLY), "relay.tally", "执行进度", "how far an order is at another hub",
     BODY(RelayTally), NULL, NULL, TYPE_FACTS | TYPE_BY_HUB | TYPE_TO_HUB | TYPE_HUB_ONLY, LANE_BULK,
     LIFE_OTHER},
    {NUMBER(RELAY_FORK), "relay.fork", "日志分叉证据", "evidence of a forked log",
     BODY(RelayFork), NULL, NULL, TYPE_FACTS | TYPE_BY_HUB | TYPE_TO_HUB | TYPE_HUB_ONLY,
     LANE_ORDER, LIFE_REPAIR},
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

bool grant_names(const uint8_t set[static GRANT_TYPES_LEN], uint32_t number)
{
    return number < GRANT_TYPES_LEN * 8 && (set[number / 8] >> (number % 8) & 1) != 0;
}

void grant_add(uint8_t set[static GRANT_TYPES_LEN], uint32_t number)
{
    assert(number < GRANT_TYPES_LEN * 8);
    set[number / 8] |= (uint8_t)(1u << (number % 8));
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
    [lianshu_ReceiptKind_RECEIPT_RELAYED] = {"relayed", "已转交",
                                             "relayed: the next hub has taken it over", true,
                                             false},
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
    const bool begun = pb_field_iter_begin_const(at, desc, msg);
    assert(begun); /* a body has fields */
    (void)begun;
    return pb_field_iter_find(at, tag) && PB_LTYPE_IS_SUBMSG(at->type) && at->submsg_desc == type;
}

const lianshu_Subject *facts_subject(const pb_msgdesc_t *desc, const void *msg)
{
    pb_field_iter_t at;
    if (desc == NULL || !find_field(&at, desc, msg, 1, &lianshu_Subject_msg))
        return NULL;
    assert(at.pSize != NULL); /* a submessage is there or not */
    return *(const bool *)at.pSize ? at.pData : NULL;
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
