#include "day/records.h"

#include "base/clock.h"
#include "day/day.h"
#include "json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    TEXT_MAX = 1024,
    RECORD_DATE_MAX = 32,
    ACT_DAYS = 90,
    YEARS_REGISTERED = 5,
    LICENCE_YEARS = 5
};

static const struct {
    const char *word;    /* market's name of the trade */
    const char *licence; /* the licence it holds */
    const char *letter;  /* of its number */
} trades[TRADE_COUNT] = {
    [TRADE_DRUG_MAKER] = {"药品生产", "药品生产许可证", "SC"},
    [TRADE_WHOLESALER] = {"药品批发", "药品经营许可证", "PF"},
    [TRADE_CHAIN] = {"药品零售连锁", "药品经营许可证", "LS"},
    [TRADE_PHARMACY] = {"药品零售", "药品经营许可证", "LD"},
    [TRADE_DEVICE_MAKER] = {"医疗器械生产", "医疗器械生产许可证", "XS"},
    [TRADE_DEVICE_DEALER] = {"医疗器械经营", "医疗器械经营许可证", "XJ"},
    [TRADE_COSMETIC_MAKER] = {"化妆品生产", "化妆品生产许可证", "HZ"},
};

/* ---- forms of a date ---- */

static void market_date(uint32_t date, char out[static RECORD_DATE_MAX])
{
    snprintf(out, RECORD_DATE_MAX, "%04u年%02u月%02u日", date / 10000, date / 100 % 100,
             date % 100);
}

static void put_market_date(struct json *map, const char *key, uint32_t date)
{
    char text[RECORD_DATE_MAX];

    market_date(date, text);
    json_put_text(map, key, text);
}

static void put_slash_date(struct json *map, const char *key, uint32_t date)
{
    char text[RECORD_DATE_MAX];

    snprintf(text, sizeof text, "%04u/%02u/%02u", date / 10000, date / 100 % 100, date % 100);
    json_put_text(map, key, text);
}

static void put_plain_date(struct json *map, const char *key, uint32_t date)
{
    char text[RECORD_DATE_MAX];

    snprintf(text, sizeof text, "%08u", date);
    json_put_text(map, key, text);
}

/* Hours and minutes of now, in the civil time of the country, in front of `suffix`. */
static void put_now(struct json *map, const char *key, const char *date, const char *suffix)
{
    const uint64_t day = (clock_real_ms() + 8 * (uint64_t)HOUR_MS) % (uint64_t)DAY_MS;
    char text[RECORD_DATE_MAX + 16];

    snprintf(text, sizeof text, "%s %02u:%02u%s", date, (unsigned)(day / HOUR_MS),
             (unsigned)(day % HOUR_MS / MINUTE_MS), suffix);
    json_put_text(map, key, text);
}

/* ---- market regulation ---- */

static struct json *market_person(const struct citizen *who, const char *role, bool responsible)
{
    struct json *person = json_map();

    json_put_text(person, "姓名", who->name);
    json_put_text(person, "证件号码", who->id);
    json_put_text(person, "职务", role);
    if (responsible)
        json_put_flag(person, "本人负有责任", true);
    return person;
}

static struct json *market_people(const struct company *c, bool punished)
{
    struct json *people = json_list();

    json_add(people, market_person(&c->representative, "法定代表人", punished));
    json_add(people, market_person(&c->manager, "直接负责的主管人员", punished));
    return people;
}

static struct json *market_record(const char *kind, const struct company *c)
{
    struct json *map = json_map();

    json_put_text(map, "单据类型", kind);
    json_put_text(map, "主体类别", c->uscc[1] == '2' ? "个体工商户" : "企业");
    json_put_text(map, "统一社会信用代码", c->uscc);
    json_put_text(map, "名称", c->name);
    json_put_text(map, "区划", c->region);
    return map;
}

struct json *records_register(const struct company *c, uint32_t today)
{
    struct json *map = market_record("主体登记", c);

    json_put_text(map, "行业", trades[c->trade].word);
    put_market_date(map, "登记日期", date_add_years(today, -YEARS_REGISTERED));
    json_put(map, "人员", market_people(c, false));
    return map;
}

struct json *records_relation(const struct company *c, uint32_t today)
{
    struct json *map = market_record("主体关系", c);

    put_market_date(map, "开始日期", date_add_years(today, -YEARS_REGISTERED));
    json_put(map, "人员", market_people(c, false));
    return map;
}

struct json *records_licence(const struct company *c, uint32_t today)
{
    struct json *map = market_record("许可授予", c);
    char number[32];

    snprintf(number, sizeof number, "粤演示%s%.4s", trades[c->trade].letter, c->uscc + 12);
    json_put_text(map, "许可种类", trades[c->trade].licence);
    json_put_text(map, "许可证号", number);
    put_market_date(map, "发证日期", date_add_days(today, -1));
    put_market_date(map, "有效期至", date_add_years(today, LICENCE_YEARS));
    return map;
}

static struct json *texts(const char *const *items)
{
    struct json *list = json_list();

    for (size_t i = 0; items[i] != NULL; i++)
        json_add_text(list, items[i]);
    return list;
}

struct json *records_order(const struct company *c, const char *number, uint32_t today,
                           const char *const *attachments)
{
    struct json *map = market_record("惩戒决定", c);

    json_put(map, "人员", market_people(c, true));
    json_put_text(map, "决定书文号", number);
    json_put_text(map, "文号", number);
    json_put_text(map, "名单", "serious_dishonesty");
    json_put_text(map, "事由", "DL116_118");
    json_put_text(map, "失信程度", "严重");
    json_put_text(map, "决定机关", "潮州市市场监督管理局");
    put_market_date(map, "决定日期", today);
    put_market_date(map, "违法行为日期", date_add_days(today, -ACT_DAYS));
    put_market_date(map, "开始日期", today);
    put_market_date(map, "事先告知日期", date_add_days(today, -30));
    json_put_text(map, "上级同意文号", "粤药监演示函1号");
    put_market_date(map, "送达日期", today);
    json_put_text(map, "救济途径", "六十日内申请行政复议，或六个月内提起行政诉讼");
    put_market_date(map, "救济期限", date_add_days(today, 60));
    json_put_text(map, "事实摘要", "销售假药（演示）");
    json_put_flag(map, "主体公示", true);
    json_put_flag(map, "人员公示", false);
    json_put_text(map, "联系方式", "0768-0000000");
    json_put(map, "法律依据", texts((const char *const[]){"DL116", "DL118", NULL}));
    json_put(map, "证据送达", texts((const char *const[]){"health", "insurance", NULL}));
    json_put_text(map, "证据说明", "检验报告与购销凭证 " CANARY);
    json_put(map, "证据目录", texts((const char *const[]){"检验报告 " CANARY, "购销凭证", NULL}));
    json_put(map, "证据附件", texts(attachments));
    return map;
}

struct json *records_annul(const struct company *c, const char *number, uint32_t today)
{
    struct json *map = market_record("惩戒撤销", c);

    json_put_text(map, "原决定书文号", number);
    json_put_uint(map, "版本", 2);
    json_put_text(map, "决定机关", "潮州市市场监督管理局");
    json_put_text(map, "文号", "潮市监演示撤1号");
    put_market_date(map, "决定日期", today);
    json_put_text(map, "理由", "复查认定原决定事实不清（演示）");
    return map;
}

struct json *records_referral(const struct company *c, const char *case_number, uint32_t today,
                              const char *const *attachments)
{
    static const char *const keys[RECORDS_ATTACHMENTS_MAX] = {"移送书", "调查报告", "物品清单",
                                                              "检验报告"};
    struct json *map = json_map();
    char date[RECORD_DATE_MAX];

    json_put_text(map, "单据类型", "案件移送");
    json_put_text(map, "案件编号", case_number);
    json_put_text(map, "移送文号", case_number);
    market_date(today, date);
    put_now(map, "移送时间", date, "");
    json_put_text(map, "案情", "一般");
    json_put_text(map, "案由", "涉嫌销售假药 " CANARY);
    json_put_text(map, "涉嫌罪名", "生产、销售、提供假药罪 " CANARY);
    json_put_text(map, "涉嫌主体代码", c->uscc);
    json_put_text(map, "涉嫌主体名称", c->name);
    json_put_text(map, "涉嫌主体区划", c->region);
    struct json *people = json_list();
    json_add(people, market_person(&c->representative, "法定代表人", false));
    json_put(map, "涉嫌人员", people);
    json_put_text(map, "案件事实", "抽检不合格，账册与实物不符 " CANARY);
    json_put_text(map, "涉案金额元", "123456.70");
    json_put_text(map, "承办人", "演示承办人 " CANARY);
    for (size_t i = 0; i < RECORDS_ATTACHMENTS_MAX; i++)
        json_put_text(map, keys[i], attachments[i]);
    return map;
}

/* ---- health ---- */

static struct json *health_record(const char *kind, const struct company *c)
{
    struct json *map = json_map();

    json_put_text(map, "业务种类", kind);
    json_put_text(map, "单位类别", c->uscc[1] == '2' ? "个体工商户" : "企业");
    json_put_text(map, "统一社会信用代码", c->uscc);
    json_put_text(map, "单位名称", c->name);
    json_put_text(map, "行政区划", c->region);
    return map;
}

struct json *records_appointment(const struct citizen *who, const struct company *at,
                                 const char *reference, uint32_t today)
{
    struct json *map = health_record("任职", at);

    json_put_text(map, "任职人", who->name);
    json_put_text(map, "身份证号", who->id);
    json_put_text(map, "职务", "法定代表人");
    put_slash_date(map, "任职日期", today);
    json_put_text(map, "文号", reference);
    return map;
}

struct json *records_application(const struct company *c, const char *number, uint32_t today)
{
    struct json *map = health_record("许可申请", c);

    json_put_text(map, "许可种类", trades[c->trade].licence);
    json_put_text(map, "受理号", number);
    put_slash_date(map, "申请日期", today);
    json_put_flag(map, "告知承诺", false);
    return map;
}

char *records_aefi(const struct citizen *patient, const char *number, uint32_t today)
{
    char *text = malloc(TEXT_MAX);

    if (text == NULL)
        return NULL;
    snprintf(text, TEXT_MAX,
             "报告编号,疫苗名称,批准文号,疫苗批号,报告日期,反应分类,严重程度,姓名,身份证号,性别,"
             "接种日期,发生时间,临床表现,转归,接种单位,报告人,联系电话\n"
             "%s,演示疫苗,国药准字S20200001,DEMO%s,%04u/%02u/%02u,一般反应,轻,%s,%s,男,"
             "%04u/%02u/%02u,%04u/%02u/%02u 00:30,发热 %s,好转,演示接种门诊 %s,演示医生 "
             "%s,0768-0000001\n",
             number, number, today / 10000, today / 100 % 100, today % 100, patient->name,
             patient->id, today / 10000, today / 100 % 100, today % 100, today / 10000,
             today / 100 % 100, today % 100, CANARY, CANARY, CANARY);
    return text;
}

/* ---- insurance ---- */

static struct json *insurance_record(const char *kind, const struct company *c)
{
    struct json *map = json_map();

    json_put_text(map, "ywlx", kind);
    json_put_text(map, "dxlb", c->uscc[1] == '2' ? "2" : "1");
    json_put_text(map, "tyshxydm", c->uscc);
    json_put_text(map, "dwmc", c->name);
    json_put_text(map, "xzqh", c->region);
    return map;
}

struct json *records_honour(const struct company *c, uint32_t today)
{
    struct json *map = insurance_record("RYBZ", c);

    json_put_text(map, "rymc", "医保诚信示范单位（演示）");
    put_plain_date(map, "bzrq", today);
    return map;
}

struct json *records_check(const struct company *c, const char *purpose)
{
    struct json *map = insurance_record("XYCX", c);

    json_put_text(map, "cxsy", purpose);
    return map;
}

/* ---- answers to obligations ---- */

static const struct {
    const char *kind_key;
    const char *kind;
    const char *obligation;
    const char *answer;
    const char *accepted;
    const char *decision;
    const char *reference;
} answers[DESK_COUNT - 1] = {
    [MARKET] = {"单据类型", "惩戒答复", "义务编号", "办理结果", "接受", "决定内容", "决定文号"},
    [HEALTH] = {"业务种类", "惩戒办理意见", "义务编号", "处理意见", "同意", "处理内容", "处理文号"},
    [INSURANCE] = {"ywlx", "CJDF", "ywbh", "cljg", "1", "jdnr", "jdwh"},
    [POLICE] = {"文书种类", "惩戒答复", "义务编号", "办理", "采取", "内容", "文号"},
};

struct json *records_answer(int office, const char *obligation_id, const char *decision,
                            const char *reference)
{
    struct json *map = json_map();

    if (office == PROCURATORATE) {
        /* The generic adapter speaks our own words. */
        struct json *facts = json_map();
        json_put_text(facts, "obligation_id", obligation_id);
        json_put_text(facts, "answer", "accepted");
        json_put_text(facts, "decision", decision);
        json_put_text(facts, "reference", reference);
        json_put_text(map, "type", "sanction.answer");
        json_put(map, "facts", facts);
        return map;
    }
    json_put_text(map, answers[office].kind_key, answers[office].kind);
    json_put_text(map, answers[office].obligation, obligation_id);
    json_put_text(map, answers[office].answer, answers[office].accepted);
    json_put_text(map, answers[office].decision, decision);
    json_put_text(map, answers[office].reference, reference);
    return map;
}

/* ---- police ---- */

static void police_date(uint32_t date, char out[static RECORD_DATE_MAX])
{
    snprintf(out, RECORD_DATE_MAX, "%04u-%02u-%02u", date / 10000, date / 100 % 100, date % 100);
}

struct json *records_acknowledged(const char *case_id, const char *number, uint32_t today)
{
    struct json *map = json_map();
    char date[RECORD_DATE_MAX];

    police_date(today, date);
    json_put_text(map, "文书种类", "接受案件回执");
    json_put_text(map, "案件标识", case_id);
    put_now(map, "接受时间", date, ":00");
    json_put_text(map, "回执文号", number);
    json_put_text(map, "意见", "受理 " CANARY);
    json_put_text(map, "接受日期", date);
    json_put_text(map, "民警", "演示民警 " CANARY);
    return map;
}

struct json *records_decision(const char *case_id, const char *number, uint32_t today)
{
    struct json *map = json_map();
    char date[RECORD_DATE_MAX];

    police_date(today, date);
    json_put_text(map, "文书种类", "立案决定");
    json_put_text(map, "案件标识", case_id);
    put_now(map, "决定时间", date, ":00");
    json_put_text(map, "结果", "立案");
    json_put_text(map, "案情", "一般");
    json_put_text(map, "文号", number);
    json_put_text(map, "决定", "立案侦查 " CANARY);
    json_put_text(map, "理由", "有犯罪事实，需要追究刑事责任 " CANARY);
    json_put_text(map, "日期", date);
    json_put_text(map, "民警", "演示民警 " CANARY);
    return map;
}

char *records_report(const char *title)
{
    enum { REPORT_BYTES = 300 * 1024 }; /* two chunks */
    char *text = malloc(REPORT_BYTES + 1);
    size_t len = 0;

    if (text == NULL)
        return NULL;
    while (len < REPORT_BYTES - TEXT_MAX)
        len += (size_t)snprintf(text + len, REPORT_BYTES - len, "%s（演示） " CANARY " %zu\n",
                                title, len);
    return text;
}
