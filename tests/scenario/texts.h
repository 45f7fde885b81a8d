/* Documents that the scenarios send. Subjects are made up: numbers that pass their checks and are
 * nobody's. */
#ifndef TESTS_TEXTS_H
#define TESTS_TEXTS_H

#define PUNISHED                                                                                          \
    "{\"kind\":\"enterprise\",\"id\":\"91445100DEMA00013Q\",\"name\":\"潮州示例医药批发公司\"," \
    "\"region\":\"445102\"}"
#define CLEAN                                                                                            \
    "{\"kind\":\"enterprise\",\"id\":\"91445100DEMA00021K\",\"name\":\"潮州样本药店\",\"region\":" \
    "\"445103\"}"
#define BATCH                                                                                      \
    "{\"kind\":\"batch\",\"id\":\"国药准字S20200001/"                                          \
    "A1\",\"name\":\"样本疫苗\",\"region\":\"445102\"}"
#define HEAD_PERSON                                                                                \
    "{\"role\":\"legal_representative\",\"id\":\"999999199001010016\",\"name\":\"示例甲\","     \
    "\"responsible\":true}"
#define MANAGER_PERSON                                                                             \
    "{\"role\":\"directly_responsible\",\"id\":\"440524188001010014\",\"name\":\"示例乙\"}"
#define ORDER_ID "00112233445566778899aabbccddeeff"

/* An entry for fake drugs against these persons. */
#define LISTING_BODY(persons, version)                                                                         \
    "{\"subject\":" PUNISHED ",\"persons\":[" persons "],"                                                     \
    "\"order_id\":\"" ORDER_ID "\",\"version\":" version ","                                                   \
    "\"list\":\"serious_dishonesty\",\"trigger\":\"DL116_118\",\"severity\":\"serious\","                      \
    "\"decision_body\":\"潮州市市场监督管理局\",\"decision_number\":\"潮市监罚〔2026〕1号\"," \
    "\"decision_date\":\"2026-04-01\",\"start_date\":\"2026-04-01\",\"max_date\":\"2029-04-01\","              \
    "\"prior_notice_date\":\"2026-03-10\",\"consent_number\":\"粤市监〔2026〕9号\","                     \
    "\"served_date\":\"2026-04-01\",\"remedy\":\"60日内可申请复议\","                                   \
    "\"remedy_deadline_date\":\"2026-05-31\",\"facts_summary\":\"销售假药\","                              \
    "\"public_subject\":true,\"contact\":\"0768-0000000\",\"act_date\":\"2026-01-15\"}"
#define ORDER_BODY(version) LISTING_BODY(HEAD_PERSON "," MANAGER_PERSON, version)
/* Its correction: without the manager. */
#define CORRECTED_BODY(version) LISTING_BODY(HEAD_PERSON, version)

/* What the market decides about an order of its own later. */
#define CHANGE_BODY(id, version, number, date, reason)                                             \
    "{\"subject\":" PUNISHED ",\"order_id\":\"" id "\",\"version\":" version ","                   \
    "\"decision_body\":\"潮州市市场监督管理局\",\"decision_number\":\"" number "\","               \
    "\"decision_date\":\"" date "\",\"reason\":\"" reason "\"}"
#define ANNUL_BODY(version)                                                                        \
    CHANGE_BODY(ORDER_ID, version, "潮市监撤〔2026〕1号", "2026-04-01", "原决定撤销")

#define APPOINTMENT_BODY(subject, person)                                                          \
    "{\"subject\":" subject ",\"persons\":[" person "],\"from_date\":\"2026-04-02\","              \
    "\"reference\":\"A-1\"}"

#define REGISTER_BODY(subject, person)                                                             \
    "{\"subject\":" subject ",\"persons\":[" person                                                \
    "],\"trade\":\"pharmacy\",\"registered_date\":\"2026-03-01\",\"reference\":\"R-1\"}"

#define LICENCE_BODY(subject)                                                                      \
    "{\"subject\":" subject ",\"licence_kind\":\"drug_wholesale\",\"number\":\"L-1\","             \
    "\"date\":\"2026-04-01\"}"

#define HONOUR_BODY(subject)                                                                       \
    "{\"subject\":" subject ",\"title\":\"诚信单位\",\"date\":\"2026-04-01\"}"

/* A case that the market refers to the police. */
#define CLOCK_OF(id, owner)                                                                        \
    "{\"case_id\":\"" id "\",\"transition\":\"T07\",\"event_ms\":\"2026-04-01T10:00:00+08:00\","   \
    "\"owner\":\"" owner "\",\"documents\":[\"D04\",\"D05\",\"D06\"]}"
#define REFERRAL_OF(id)                                                                                        \
    "{\"case_id\":\"" id "\",\"case_number\":\"潮市监移〔2026〕1号\",\"cause\":\"涉嫌销售假药\"," \
    "\"suspect\":" PUNISHED ",\"offence\":\"销售假药罪\",\"facts\":\"略\",\"officer\":\"承办人\"}"
#define CASE_ID "0102030405060708090a0b0c0d0e0f10"

#endif
