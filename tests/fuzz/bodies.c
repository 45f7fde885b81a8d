#include "fuzz/bodies.h"

#include "case.pb.h"
#include "credit.pb.h"
#include "federation.pb.h"
#include "mirror.pb.h"
#include "redress.pb.h"
#include "safety.pb.h"
#include "sanction.pb.h"

#define BODY(name)   &lianshu_##name##_msg
#define NUMBER(name) lianshu_DocumentType_TYPE_##name

/* Rows of one type before those of any. */
/* clang-format off */
static const struct {
    uint32_t type; /* 0: any with this body */
    const pb_msgdesc_t *desc;
    const char *json;
} bodies[] = {
    {NUMBER(PROCUREMENT_DISHONESTY), BODY(Procurement),
     "{\"subject\":{\"kind\":\"enterprise\",\"id\":\"91445100DEMA00013Q\","
     "\"name\":\"潮州示范医药有限公司\",\"region\":\"445102\"},\"persons\":[{"
     "\"role\":\"legal_representative\",\"id\":\"999999199001010016\",\"name\":\"示范甲\","
     "\"responsible\":true}],\"kind\":\"province\",\"reference\":\"粤采1号\","
     "\"date\":\"2026-11-22\",\"trigger\":\"late_delivery\"}"},
    {NUMBER(INSURANCE_QUALIFICATION), BODY(Insurance),
     "{\"subject\":{\"kind\":\"enterprise\",\"id\":\"91445100DEMA00013Q\","
     "\"name\":\"潮州示范医药有限公司\",\"region\":\"445102\"},\"persons\":[{"
     "\"role\":\"legal_representative\",\"id\":\"999999199001010016\",\"name\":\"示范甲\","
     "\"responsible\":true}],\"points\":12,\"period_from_date\":\"2026-01-01\","
     "\"period_until_date\":\"2026-12-31\",\"reference\":\"记分1号\","
     "\"date\":\"2026-11-22\",\"single\":true}"},
    {NUMBER(SAMPLING_RESULT), BODY(Finding),
     "{\"subject\":{\"kind\":\"product\",\"id\":\"国药准字H20067255\","
     "\"name\":\"示范片\"},\"kind\":\"sampling\",\"outcome\":\"failed\","
     "\"reference\":\"抽字1号\",\"date\":\"2026-11-22\"}"},
    {NUMBER(TRACE_QUERY), BODY(Trace),
     "{\"subject\":{\"kind\":\"batch\",\"id\":\"国药准字S20200001/A1\","
     "\"name\":\"示范疫苗\"},"
     "\"code_sha256\":\"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\","
     "\"reference\":\"追字1号\"}"},
    {NUMBER(REPAIR_DECISION), BODY(Redress),
     "{\"subject\":{\"kind\":\"enterprise\",\"id\":\"91445100DEMA00013Q\","
     "\"name\":\"潮州示范医药有限公司\",\"region\":\"445102\"},\"persons\":[{"
     "\"role\":\"legal_representative\",\"id\":\"999999199001010016\",\"name\":\"示范甲\","
     "\"responsible\":true}],\"order_id\":\"000102030405060708090a0b0c0d0e0f\","
     "\"reference\":\"修字1号\",\"date\":\"2026-11-22\",\"commitment\":true,"
     "\"decision\":\"accepted\",\"request_doc\":\"101112131415161718191a1b1c1d1e1f\"}"},
    {NUMBER(OBJECTION_DECISION), BODY(Redress),
     "{\"subject\":{\"kind\":\"enterprise\",\"id\":\"91445100DEMA00013Q\","
     "\"name\":\"潮州示范医药有限公司\",\"region\":\"445102\"},\"persons\":[{"
     "\"role\":\"legal_representative\",\"id\":\"999999199001010016\",\"name\":\"示范甲\","
     "\"responsible\":true}],\"order_id\":\"000102030405060708090a0b0c0d0e0f\","
     "\"reference\":\"修字1号\",\"date\":\"2026-11-22\",\"commitment\":true,"
     "\"decision\":\"accepted\",\"request_doc\":\"101112131415161718191a1b1c1d1e1f\"}"},
    {0, BODY(SubjectRegister),
     "{\"subject\":{\"kind\":\"enterprise\",\"id\":\"91445100DEMA00013Q\","
     "\"name\":\"潮州示范医药有限公司\",\"region\":\"445102\"},\"persons\":[{"
     "\"role\":\"legal_representative\",\"id\":\"999999199001010016\",\"name\":\"示范甲\","
     "\"responsible\":true}],\"trade\":\"wholesaler\",\"registered_date\":\"2026-01-02\","
     "\"reference\":\"粤潮登字1号\"}"},
    {0, BODY(SubjectRelation),
     "{\"subject\":{\"kind\":\"enterprise\",\"id\":\"91445100DEMA00013Q\","
     "\"name\":\"潮州示范医药有限公司\",\"region\":\"445102\"},\"persons\":[{"
     "\"role\":\"legal_representative\",\"id\":\"999999199001010016\",\"name\":\"示范甲\","
     "\"responsible\":true}],\"from_date\":\"2026-01-02\",\"to_date\":\"2027-01-02\","
     "\"reference\":\"任字1号\"}"},
    {0, BODY(Licence),
     "{\"subject\":{\"kind\":\"enterprise\",\"id\":\"91445100DEMA00013Q\","
     "\"name\":\"潮州示范医药有限公司\",\"region\":\"445102\"},\"persons\":[{"
     "\"role\":\"legal_representative\",\"id\":\"999999199001010016\",\"name\":\"示范甲\","
     "\"responsible\":true}],\"licence_kind\":\"药品经营许可证\","
     "\"number\":\"粤AA0000001\",\"date\":\"2026-01-02\",\"expires_date\":\"2031-01-01\","
     "\"notice_and_commitment\":true}"},
    {0, BODY(Appointment),
     "{\"subject\":{\"kind\":\"enterprise\",\"id\":\"91445100DEMA00013Q\","
     "\"name\":\"潮州示范医药有限公司\",\"region\":\"445102\"},\"persons\":[{"
     "\"role\":\"legal_representative\",\"id\":\"999999199001010016\",\"name\":\"示范甲\","
     "\"responsible\":true}],\"from_date\":\"2026-11-22\",\"reference\":\"任字2号\"}"},
    {0, BODY(Honour),
     "{\"subject\":{\"kind\":\"enterprise\",\"id\":\"91445100DEMA00013Q\","
     "\"name\":\"潮州示范医药有限公司\",\"region\":\"445102\"},\"persons\":[{"
     "\"role\":\"legal_representative\",\"id\":\"999999199001010016\",\"name\":\"示范甲\","
     "\"responsible\":true}],\"title\":\"诚信示范\",\"date\":\"2026-11-22\"}"},
    {0, BODY(SanctionOrder),
     "{\"subject\":{\"kind\":\"enterprise\",\"id\":\"91445100DEMA00013Q\","
     "\"name\":\"潮州示范医药有限公司\",\"region\":\"445102\"},\"persons\":[{"
     "\"role\":\"legal_representative\",\"id\":\"999999199001010016\",\"name\":\"示范甲\","
     "\"responsible\":true}],\"order_id\":\"000102030405060708090a0b0c0d0e0f\","
     "\"version\":1,\"list\":\"L01\",\"trigger\":\"DL116\",\"severity\":\"serious\","
     "\"decision_body\":\"潮州市市场监督管理局\",\"decision_number\":\"潮市监列字1号\","
     "\"decision_date\":\"2026-11-01\",\"start_date\":\"2026-11-22\","
     "\"earliest_repair_date\":\"2027-11-22\",\"max_date\":\"2029-11-22\","
     "\"prior_notice_date\":\"2026-10-10\",\"consent_number\":\"粤函1号\","
     "\"served_date\":\"2026-11-05\",\"remedy\":\"六十日内可申请行政复议\","
     "\"remedy_deadline_date\":\"2027-01-04\",\"facts_summary\":\"销售假药\","
     "\"public_subject\":true,\"public_persons\":true,"
     "\"evidence_sha256\":\"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\","
     "\"contact\":\"0768-0000000\",\"act_date\":\"2026-08-01\"}"},
    {0, BODY(Evidence),
     "{\"order_id\":\"000102030405060708090a0b0c0d0e0f\",\"summary\":\"现场检查笔录等\","
     "\"exhibits\":[\"检查笔录\",\"检验报告\"]}"},
    {0, BODY(SanctionChange),
     "{\"subject\":{\"kind\":\"enterprise\",\"id\":\"91445100DEMA00013Q\","
     "\"name\":\"潮州示范医药有限公司\",\"region\":\"445102\"},\"persons\":[{"
     "\"role\":\"legal_representative\",\"id\":\"999999199001010016\",\"name\":\"示范甲\","
     "\"responsible\":true}],\"order_id\":\"000102030405060708090a0b0c0d0e0f\","
     "\"version\":2,\"decision_body\":\"潮州市市场监督管理局\","
     "\"decision_number\":\"潮市监解字1号\",\"decision_date\":\"2027-11-22\","
     "\"reason\":\"修复完成\"}"},
    {0, BODY(SanctionNotice),
     "{\"subject\":{\"kind\":\"enterprise\",\"id\":\"91445100DEMA00013Q\","
     "\"name\":\"潮州示范医药有限公司\",\"region\":\"445102\"},\"persons\":[{"
     "\"role\":\"legal_representative\",\"id\":\"999999199001010016\",\"name\":\"示范甲\","
     "\"responsible\":true}],\"obligation_id\":\"101112131415161718191a1b1c1d1e1f\","
     "\"stage\":\"impose\",\"order_id\":\"000102030405060708090a0b0c0d0e0f\","
     "\"order_version\":1,\"measure\":\"M03\",\"force\":\"must\",\"rule\":\"R01\","
     "\"basis\":[\"drug-law-2019-art-118\"],\"start_date\":\"2026-11-22\","
     "\"end_date\":\"2036-11-22\",\"answer_due_ms\":\"2026-11-22T10:00:00.000+08:00\","
     "\"execute_due_ms\":\"2026-11-22T10:00:00.000+08:00\",\"still_restricted\":true,"
     "\"still_orders\":[\"000102030405060708090a0b0c0d0e0f\"],"
     "\"issuer_document\":\"TFNEMQ==\"}"},
    {0, BODY(SanctionAnswer),
     "{\"subject\":{\"kind\":\"enterprise\",\"id\":\"91445100DEMA00013Q\","
     "\"name\":\"潮州示范医药有限公司\",\"region\":\"445102\"},\"persons\":[{"
     "\"role\":\"legal_representative\",\"id\":\"999999199001010016\",\"name\":\"示范甲\","
     "\"responsible\":true}],\"obligation_id\":\"101112131415161718191a1b1c1d1e1f\","
     "\"answer\":\"declined\",\"decision\":\"不予采取\",\"reference\":\"复字1号\","
     "\"legal_reason\":\"该主体已注销\"}"},
    {0, BODY(SanctionExecuted),
     "{\"subject\":{\"kind\":\"enterprise\",\"id\":\"91445100DEMA00013Q\","
     "\"name\":\"潮州示范医药有限公司\",\"region\":\"445102\"},\"persons\":[{"
     "\"role\":\"legal_representative\",\"id\":\"999999199001010016\",\"name\":\"示范甲\","
     "\"responsible\":true}],\"obligation_id\":\"101112131415161718191a1b1c1d1e1f\","
     "\"stage\":\"impose\",\"reference\":\"执字1号\","
     "\"executed_ms\":\"2026-11-22T10:00:00.000+08:00\"}"},
    {0, BODY(CreditCheck),
     "{\"subject\":{\"kind\":\"enterprise\",\"id\":\"91445100DEMA00013Q\","
     "\"name\":\"潮州示范医药有限公司\",\"region\":\"445102\"},\"persons\":[{"
     "\"role\":\"legal_representative\",\"id\":\"999999199001010016\",\"name\":\"示范甲\","
     "\"responsible\":true}],\"question\":\"招标资格审查\",\"measures\":[\"M08\"],"
     "\"at_ms\":\"2026-11-22T10:00:00.000+08:00\"}"},
    {0, BODY(CreditCertificate),
     "{\"subject\":{\"kind\":\"enterprise\",\"id\":\"91445100DEMA00013Q\","
     "\"name\":\"潮州示范医药有限公司\",\"region\":\"445102\"},\"persons\":[{"
     "\"role\":\"legal_representative\",\"id\":\"999999199001010016\",\"name\":\"示范甲\","
     "\"responsible\":true}],\"at_ms\":\"2026-11-22T10:00:00.000+08:00\",\"log_size\":7,"
     "\"clean\":true}"},
    {0, BODY(CreditRecord),
     "{\"subject\":{\"kind\":\"enterprise\",\"id\":\"91445100DEMA00013Q\","
     "\"name\":\"潮州示范医药有限公司\",\"region\":\"445102\"},\"persons\":[{"
     "\"role\":\"legal_representative\",\"id\":\"999999199001010016\",\"name\":\"示范甲\","
     "\"responsible\":true}],\"record_kind\":\"penalty\",\"reference\":\"潮市监罚字1号\","
     "\"date\":\"2026-11-22\",\"list\":\"L01\"}"},
    {0, BODY(CreditRating),
     "{\"subject\":{\"kind\":\"enterprise\",\"id\":\"91445100DEMA00013Q\","
     "\"name\":\"潮州示范医药有限公司\",\"region\":\"445102\"},\"indices\":[{"
     "\"code\":\"integrity\",\"value\":1000},{\"code\":\"industry_risk\",\"value\":1},{"
     "\"code\":\"region_weight\",\"value\":500},{\"code\":\"dynamic_alert\","
     "\"value\":20}],\"class\":\"trustworthy\",\"from_date\":\"2026-01-02\","
     "\"until_date\":\"2027-01-01\",\"reference\":\"信评1号\"}"},
    {0, BODY(CreditIncentive),
     "{\"subject\":{\"kind\":\"enterprise\",\"id\":\"91445100DEMA00013Q\","
     "\"name\":\"潮州示范医药有限公司\",\"region\":\"445102\"},\"measure\":\"I01\","
     "\"from_date\":\"2026-11-22\",\"until_date\":\"2027-11-21\","
     "\"reference\":\"激励1号\"}"},
    {0, BODY(Procurement),
     "{\"subject\":{\"kind\":\"enterprise\",\"id\":\"91445100DEMA00013Q\","
     "\"name\":\"潮州示范医药有限公司\",\"region\":\"445102\"},\"persons\":[{"
     "\"role\":\"legal_representative\",\"id\":\"999999199001010016\",\"name\":\"示范甲\","
     "\"responsible\":true}],\"kind\":\"province\",\"reference\":\"粤采1号\","
     "\"date\":\"2026-11-22\"}"},
    {0, BODY(Insurance),
     "{\"subject\":{\"kind\":\"enterprise\",\"id\":\"91445100DEMA00013Q\","
     "\"name\":\"潮州示范医药有限公司\",\"region\":\"445102\"},\"persons\":[{"
     "\"role\":\"legal_representative\",\"id\":\"999999199001010016\",\"name\":\"示范甲\","
     "\"responsible\":true}],\"period_from_date\":\"2026-11-22\","
     "\"period_until_date\":\"2027-05-21\",\"reference\":\"医保定点1号\","
     "\"date\":\"2026-11-22\"}"},
    {0, BODY(CaseClock),
     "{\"case_id\":\"000102030405060708090a0b0c0d0e0f\",\"transition\":\"T07\","
     "\"event_ms\":\"2026-11-22T10:00:00.000+08:00\",\"outcome\":\"filed\","
     "\"owner\":\"police.445100\",\"complexity\":\"ordinary\"}"},
    {0, BODY(CaseReferral),
     "{\"case_id\":\"000102030405060708090a0b0c0d0e0f\",\"case_number\":\"潮市监移1号\","
     "\"cause\":\"涉嫌销售假药\",\"suspect\":{\"kind\":\"enterprise\","
     "\"id\":\"91445100DEMA00013Q\",\"name\":\"潮州示范医药有限公司\","
     "\"region\":\"445102\"},\"persons\":[{\"role\":\"legal_representative\","
     "\"id\":\"999999199001010016\",\"name\":\"示范甲\",\"responsible\":true}],"
     "\"offence\":\"销售假药罪\",\"facts\":\"经查\",\"value_fen\":100,"
     "\"officer\":\"示范乙\",\"officer_contact\":\"0768-0000000\"}"},
    {0, BODY(CaseAnswer),
     "{\"case_id\":\"000102030405060708090a0b0c0d0e0f\",\"number\":\"潮公受1号\","
     "\"decision\":\"受理\",\"reason\":\"材料齐全\",\"date\":\"2026-11-22\","
     "\"officer\":\"示范丙\",\"items\":[\"检验报告\"]}"},
    {0, BODY(BatchFacts),
     "{\"subject\":{\"kind\":\"batch\",\"id\":\"国药准字S20200001/A1\","
     "\"name\":\"示范疫苗\"},\"product_name\":\"示范疫苗\","
     "\"approval_number\":\"国药准字S20200001\",\"batch_number\":\"A1\","
     "\"report_date\":\"2026-11-22\",\"insured_until_date\":\"2027-11-22\","
     "\"reference\":\"批控1号\",\"vaccine\":true}"},
    {0, BODY(AefiReport),
     "{\"report_number\":\"AEFI-1\",\"classification\":\"异常反应\",\"severity\":\"严重\","
     "\"patient_name\":\"示范丁\",\"patient_id\":\"999999199001010016\","
     "\"patient_birth_date\":\"1990-01-01\",\"patient_sex\":\"男\","
     "\"vaccination_date\":\"2026-11-20\",\"onset_ms\":\"2026-11-22T10:00:00.000+08:00\","
     "\"symptoms\":\"发热\",\"outcome\":\"好转\",\"site\":\"示范接种点\","
     "\"reporter\":\"示范戊\",\"reporter_contact\":\"0768-0000000\"}"},
    {0, BODY(AdverseEvent),
     "{\"report_number\":\"ADR-1\",\"classification\":\"新的\",\"severity\":\"严重\","
     "\"patient_name\":\"示范丁\",\"patient_id\":\"999999199001010016\","
     "\"patient_birth_date\":\"1990-01-01\",\"patient_sex\":\"女\","
     "\"use_date\":\"2026-11-20\",\"onset_ms\":\"2026-11-22T10:00:00.000+08:00\","
     "\"symptoms\":\"皮疹\",\"outcome\":\"好转\",\"site\":\"示范医院\","
     "\"reporter\":\"示范戊\",\"reporter_contact\":\"0768-0000000\","
     "\"device_id\":\"06901234567892\"}"},
    {0, BODY(Finding),
     "{\"subject\":{\"kind\":\"enterprise\",\"id\":\"91445100DEMA00013Q\","
     "\"name\":\"潮州示范医药有限公司\",\"region\":\"445102\"},\"persons\":[{"
     "\"role\":\"legal_representative\",\"id\":\"999999199001010016\",\"name\":\"示范甲\","
     "\"responsible\":true}],\"kind\":\"unannounced\",\"outcome\":\"rectify\","
     "\"reference\":\"检字1号\",\"date\":\"2026-11-22\"}"},
    {lianshu_DocumentType_TYPE_PENALTY_DECISION, BODY(Penalty), /* of no case that the hub knows */
     "{\"subject\":{\"kind\":\"enterprise\",\"id\":\"91445100DEMA00013Q\","
     "\"name\":\"潮州示范医药有限公司\",\"region\":\"445102\"},\"persons\":[{"
     "\"role\":\"legal_representative\",\"id\":\"999999199001010016\",\"name\":\"示范甲\","
     "\"responsible\":true}],\"trigger\":\"DL116\",\"decision_number\":\"潮市监罚字1号\","
     "\"decision_date\":\"2026-11-22\",\"severity\":\"serious\",\"reference\":\"案字1号\"}"},
    {0, BODY(Penalty),
     "{\"subject\":{\"kind\":\"enterprise\",\"id\":\"91445100DEMA00013Q\","
     "\"name\":\"潮州示范医药有限公司\",\"region\":\"445102\"},\"persons\":[{"
     "\"role\":\"legal_representative\",\"id\":\"999999199001010016\",\"name\":\"示范甲\","
     "\"responsible\":true}],\"trigger\":\"DL116\",\"decision_number\":\"潮市监罚字1号\","
     "\"decision_date\":\"2026-11-22\",\"severity\":\"serious\",\"reference\":\"案字1号\","
     "\"case_id\":\"202122232425262728292a2b2c2d2e2f\"}"},
    {0, BODY(Risk),
     "{\"subject\":{\"kind\":\"enterprise\",\"id\":\"91445100DEMA00013Q\","
     "\"name\":\"潮州示范医药有限公司\",\"region\":\"445102\"},\"persons\":[{"
     "\"role\":\"legal_representative\",\"id\":\"999999199001010016\",\"name\":\"示范甲\","
     "\"responsible\":true}],\"level\":1,\"reference\":\"险字1号\","
     "\"date\":\"2026-11-22\"}"},
    {0, BODY(Recall),
     "{\"subject\":{\"kind\":\"product\",\"id\":\"国药准字H20067255\","
     "\"name\":\"示范片\"},\"class\":1,\"reference\":\"召字1号\",\"date\":\"2026-11-22\","
     "\"batches\":[\"A1\",\"A2\"]}"},
    {0, BODY(Trace),
     "{\"subject\":{\"kind\":\"batch\",\"id\":\"国药准字S20200001/A1\","
     "\"name\":\"示范疫苗\"},"
     "\"code_sha256\":\"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\","
     "\"event\":\"sold\",\"event_ms\":\"2026-11-22T10:00:00.000+08:00\","
     "\"reference\":\"追字1号\"}"},
    {0, BODY(JointNotice),
     "{\"subject\":{\"kind\":\"enterprise\",\"id\":\"91445100DEMA00013Q\","
     "\"name\":\"潮州示范医药有限公司\",\"region\":\"445102\"},\"persons\":[{"
     "\"role\":\"legal_representative\",\"id\":\"999999199001010016\",\"name\":\"示范甲\","
     "\"responsible\":true}],\"title\":\"联合告诫\",\"text\":\"停止发布违法广告\","
     "\"reference\":\"联字1号\",\"date\":\"2026-11-22\"}"},
    {0, BODY(Particulars),
     "{\"number\":\"字1号\",\"title\":\"事由\",\"text\":\"详情\",\"date\":\"2026-11-22\","
     "\"value_fen\":100,\"officer\":\"示范乙\",\"officer_contact\":\"0768-0000000\","
     "\"items\":[\"笔录\"]}"},
    {0, BODY(Clue),
     "{\"number\":\"线字1号\",\"source\":\"advertising\",\"suspect\":{"
     "\"kind\":\"enterprise\",\"id\":\"91445100DEMA00013Q\","
     "\"name\":\"潮州示范医药有限公司\",\"region\":\"445102\"},\"persons\":[{"
     "\"role\":\"legal_representative\",\"id\":\"999999199001010016\",\"name\":\"示范甲\","
     "\"responsible\":true}],\"facts\":\"发布违法药品广告\",\"date\":\"2026-11-22\","
     "\"place\":\"示范网站\",\"officer\":\"示范乙\",\"officer_contact\":\"0768-0000000\"}"},
    {0, BODY(Emergency),
     "{\"number\":\"急字1号\",\"stage\":\"initial\",\"grade\":1,\"region\":\"445102\","
     "\"event_ms\":\"2026-11-22T10:00:00.000+08:00\",\"title\":\"群体反应\","
     "\"facts\":\"经过\",\"affected\":3,\"measures\":\"封存\",\"reporter\":\"示范戊\","
     "\"reporter_contact\":\"0768-0000000\"}"},
    {0, BODY(Shortage),
     "{\"number\":\"缺字1号\",\"product_name\":\"示范片\","
     "\"approval_number\":\"国药准字H20067255\",\"since_date\":\"2026-11-01\","
     "\"region\":\"445100\",\"cause\":\"原料不足\",\"measures\":\"协调\","
     "\"reporter\":\"示范戊\",\"reporter_contact\":\"0768-0000000\"}"},
    {0, BODY(PriceRecord),
     "{\"number\":\"价字1号\",\"product_name\":\"示范片\","
     "\"approval_number\":\"国药准字H20067255\",\"unit\":\"盒\",\"price_fen\":1250,"
     "\"from_date\":\"2026-11-01\",\"region\":\"445100\",\"source\":\"procurement\","
     "\"seller\":{\"kind\":\"enterprise\",\"id\":\"91445100DEMA00013Q\","
     "\"name\":\"潮州示范医药有限公司\",\"region\":\"445102\"}}"},
    {0, BODY(Redress),
     "{\"subject\":{\"kind\":\"enterprise\",\"id\":\"91445100DEMA00013Q\","
     "\"name\":\"潮州示范医药有限公司\",\"region\":\"445102\"},\"persons\":[{"
     "\"role\":\"legal_representative\",\"id\":\"999999199001010016\",\"name\":\"示范甲\","
     "\"responsible\":true}],\"order_id\":\"000102030405060708090a0b0c0d0e0f\","
     "\"reference\":\"修字1号\",\"date\":\"2026-11-22\",\"commitment\":true}"},
    {0, BODY(EvidenceRequest),
     "{\"order_id\":\"000102030405060708090a0b0c0d0e0f\","
     "\"obligation_id\":\"101112131415161718191a1b1c1d1e1f\",\"reason\":\"需核对事实\"}"},
    {0, BODY(ObligationWarning),
     "{\"obligation_id\":\"101112131415161718191a1b1c1d1e1f\",\"percent\":50,"
     "\"which\":\"execute\",\"due_ms\":\"2026-11-22T10:00:00.000+08:00\","
     "\"order_id\":\"000102030405060708090a0b0c0d0e0f\",\"measure\":\"M03\","
     "\"member\":\"health.445100\"}"},
    {0, BODY(HubNotice),
     "{\"subject\":{\"kind\":\"enterprise\",\"id\":\"91445100DEMA00013Q\","
     "\"name\":\"潮州示范医药有限公司\",\"region\":\"445102\"},\"persons\":[{"
     "\"role\":\"legal_representative\",\"id\":\"999999199001010016\",\"name\":\"示范甲\","
     "\"responsible\":true}],\"kind\":\"alert\","
     "\"env_id\":\"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\","
     "\"order_id\":\"000102030405060708090a0b0c0d0e0f\",\"rule\":\"R27\","
     "\"basis\":\"drug-law-2019-art-140\",\"reference\":\"告字1号\","
     "\"due_ms\":\"2026-11-22T10:00:00.000+08:00\",\"measure\":\"M01\","
     "\"case_id\":\"202122232425262728292a2b2c2d2e2f\",\"percent\":50,"
     "\"member\":\"police.445100\"}"},
    {lianshu_DocumentType_TYPE_REPORTER_UNMASK, BODY(ReporterFacts),
     "{\"pseudonym\":\"000102030405060708090a0b0c0d0e0f\",\"reference\":\"举字1号\","
     "\"request_id\":\"101112131415161718191a1b1c1d1e1f\",\"act_document\":\"TFNE\"}"},
    {0, BODY(ReporterFacts),
     "{\"pseudonym\":\"000102030405060708090a0b0c0d0e0f\",\"reference\":\"举字1号\"}"},
    {0, BODY(Reporter),
     "{\"pseudonym\":\"000102030405060708090a0b0c0d0e0f\",\"name\":\"示范己\","
     "\"id\":\"999999199001010016\",\"contact\":\"0768-0000000\",\"wishes\":\"书面告知\","
     "\"date\":\"2026-11-22\"}"},
    {0, BODY(Preview),
     "{\"type\":\"honour\",\"body\":\"CgA=\"}"},
    {0, BODY(RelayFacts),
     "{\"document\":\"TFNEMQ==\",\"accepted_ms\":\"2026-11-22T10:00:00.000+08:00\","
     "\"hops\":[\"hub.445100\",\"hub.440000\"],\"case_step\":2,"
     "\"message_id\":\"202122232425262728292a2b2c2d2e2f\","
     "\"destination\":[\"police.445100\"],\"envelope\":\"4c534531\",\"receipts\":\"4c535231\"}"},
    {0, BODY(RelayRoll),
     "{\"stage\":\"list\",\"at_ms\":\"2026-11-22T10:00:00.000+08:00\",\"count\":2,"
     "\"root\":\"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\","
     "\"buckets\":\"0001\",\"bucket\":7,\"piece\":1,\"pieces\":2,\"hashes\":\"0001\"}"},
    {0, BODY(RelayTally),
     "{\"at_ms\":\"2026-11-22T10:00:00.000+08:00\",\"orders\":[{"
     "\"order_id\":\"000102030405060708090a0b0c0d0e0f\",\"version\":2,\"state\":3,\"created\":4,"
     "\"delivered\":5,\"accepted\":6,\"declined\":7,\"executed\":8,\"cancelled\":9,"
     "\"lift_due\":10,\"lifted\":11,\"unassigned\":12,\"overdue\":13}]}"},
    {0, BODY(RelayFork), "{\"held\":\"616263\",\"offered\":\"616264\"}"},
    {0, BODY(Probe), "{\"target\":\"health.445100\"}"},
    {0, BODY(PreviewAnswer),
     "{\"code\":660,\"grounds\":[{\"measure\":\"M03\","
     "\"order_id\":\"000102030405060708090a0b0c0d0e0f\",\"order_version\":1,"
     "\"rule\":\"R01\",\"basis\":\"drug-law-2019-art-118\"}],\"obligations\":3,"
     "\"members\":[\"health.445100\"],\"unassigned\":[\"M08\"],\"conflicts\":["
     "\"000102030405060708090a0b0c0d0e0f\"],\"more\":true,"
     "\"at_ms\":\"2026-11-22T10:00:00.000+08:00\"}"},
    {0, BODY(MirrorUpdate),
     "{\"member\":\"health.445100\",\"generation\":1,\"to_size\":7,\"page\":1,"
     "\"last\":true,\"as_of_ms\":\"2026-11-22T10:00:00.000+08:00\","
     "\"fresh_until_ms\":\"2026-11-22T10:00:00.000+08:00\","
     "\"valid_until_ms\":\"2026-11-22T10:00:00.000+08:00\","
     "\"previous\":\"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\","
     "\"head\":\"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\"}"},
    {0, BODY(Withdraw),
     "{\"message_id\":\"000102030405060708090a0b0c0d0e0f\","
     "\"env_id\":\"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\","
     "\"reason\":711}"},
    {0, BODY(Manifest),
     "{\"files\":[{\"name\":\"a.pdf\",\"media_type\":\"application/pdf\",\"byte_count\":1,"
     "\"sha256\":\"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\","
     "\"file_key\":\"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\","
     "\"chunk_count\":1,"
     "\"root\":\"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\","
     "\"role\":\"D04\"}]}"},
};
/* clang-format on */

const char *body_sample(const struct document_type *type, const pb_msgdesc_t *desc)
{
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        if (bodies[i].desc == desc && (bodies[i].type == 0 || bodies[i].type == type->number))
            return bodies[i].json;
    }
    return NULL;
}
