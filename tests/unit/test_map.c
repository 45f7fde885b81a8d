/* Checks the promises in adapters/runtime/map.h and draft.h. */
#include "adapters/runtime/draft.h"
#include "adapters/runtime/map.h"

#include "case.pb.h"
#include "t.h"
#include "wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MEMBER "market.445100"
#define HUB    "hub.445100"

/* A company with valid check digits, and a person of the standard's own example. */
#define USCC "91445100DEMA00013Q"
#define ID   "440524188001010014"

struct fixture {
    struct map *map;
    struct report report;
    struct draft draft;
    struct regions *regions;
};

static struct fixture f;

static int setup(void **state)
{
    (void)state;
    memset(&f, 0, sizeof f);
    assert_int_equal(regions_open(&f.regions, "schemas/data/regions.csv", NULL), OK);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    map_close(&f.map);
    regions_close(&f.regions);
    return 0;
}

static void open_department(const char *department, const char *member)
{
    char dir[64];
    struct fault fault = {0};

    map_close(&f.map);
    (void)snprintf(dir, sizeof dir, "adapters/%s", department);
    const enum err err = map_open(&f.map, dir, member, &fault);
    if (err != OK)
        print_message("%s:%u %s\n", fault.where, fault.line, fault.detail);
    assert_int_equal(err, OK);
}

/* Record to draft; answers the first problem's code. */
static enum err make(const char *kind, const char *text)
{
    struct json *record = NULL, *document = NULL;
    struct fault fault = {0};
    enum err err = json_parse(&record, span_str(text), "test", &fault);

    assert_int_equal(err, OK);
    f.report.count = 0;
    f.report.more = false;
    if ((err = map_out(f.map, kind, record, &f.report, &document)) == OK) {
        const struct draft_context context = {HUB, "445100", f.regions, f.map, kind, record};
        err = draft_make(&f.draft, document, &context, &f.report);
    }
    json_close(&document);
    json_close(&record);
    for (size_t i = 0; err != OK && i < f.report.count; i++)
        print_message("  %d %s: %s\n", (int)f.report.item[i].err, f.report.item[i].field,
                      f.report.item[i].detail);
    assert_true((err == OK) == (f.report.count == 0));
    return err;
}

#define PERSONS "\"人员\":[{\"姓名\":\"张三\",\"证件号码\":\"" ID "\",\"职务\":\"法定代表人\"}]"
#define SUBJECT                                                                                    \
    "\"统一社会信用代码\":\"" USCC "\",\"名称\":\"潮州示例药业有限公司\",\"区划\":\"445102\""

static const char REGISTER[] = "{\"单据类型\":\"主体登记\"," SUBJECT ",\"行业\":\"药品批发\","
                               "\"登记日期\":\"2020年01月02日\"," PERSONS "}";
static const char ORDER[] =
    "{\"单据类型\":\"惩戒决定\"," SUBJECT ",\"人员\":[{\"姓名\":\"张三\",\"证件号码\":\"" ID
    "\",\"职务\":\"法定代表人\",\"本人负有责任\":\"是\"}],"
    "\"决定书文号\":\"潮市监罚〔2026〕1号\",\"文号\":\"潮市监罚〔2026〕1号\","
    "\"名单\":\"serious_dishonesty\",\"事由\":\"DL116_118\",\"失信程度\":\"严重\","
    "\"决定机关\":\"潮州市市场监督管理局\",\"决定日期\":\"2025年11月20日\","
    "\"违法行为日期\":\"2025年06月01日\",\"开始日期\":\"2025年11月20日\","
    "\"事先告知日期\":\"2025年11月01日\",\"上级同意文号\":\"粤市监〔2025〕9号\","
    "\"送达日期\":\"2025年11月21日\",\"救济途径\":\"行政复议\",\"救济期限\":\"2026年01月20日\","
    "\"事实摘要\":\"销售假药\",\"联系方式\":\"0768-0000000\",\"法律依据\":[\"DL116\",\"DL118\"]";

static void every_department_loads(void **state)
{
    (void)state;
    open_department("market", MEMBER);
    open_department("health", "health.445100");
    open_department("insurance", "insurance.445100");
    open_department("police", "police.445100");
    open_department("directory", "procuratorate.445100");
}

static void a_market_record_becomes_a_document(void **state)
{
    (void)state;
    open_department("market", MEMBER);
    assert_int_equal(make(NULL, REGISTER), OK);
    assert_string_equal(f.draft.type->name, "subject.register");
    assert_int_equal(f.draft.to_count, 1);
    assert_string_equal(f.draft.to[0], HUB);
    assert_true(f.draft.facts_len > 0);
    assert_int_equal(f.draft.sealed_len, 0);
    assert_false(f.draft.converses);
}

static void an_order_without_evidence_has_no_sealed_part(void **state)
{
    (void)state;
    char text[4096];
    uint8_t conversation[SDK_ID_LEN];

    open_department("market", MEMBER);
    (void)snprintf(text, sizeof text, "%s}", ORDER);
    assert_int_equal(make(NULL, text), OK);
    assert_int_equal(f.draft.sealed_len, 0);
    assert_int_equal(f.draft.basis_count, 2);
    assert_string_equal(f.draft.basis[1], "DL118");
    assert_true(f.draft.converses);
    memcpy(conversation, f.draft.conversation, SDK_ID_LEN);

    (void)snprintf(text, sizeof text,
                   "%s,\"证据送达\":[\"health\",\"insurance\"],\"证据说明\":\"检验不合格\","
                   "\"证据附件\":[\"a.pdf\",\"b/c.jpg\"]}",
                   ORDER);
    assert_int_equal(make(NULL, text), OK);
    assert_true(f.draft.sealed_len > 0);
    assert_int_equal(f.draft.to_count, 3);
    assert_int_equal(f.draft.file_count, 2);
    assert_string_equal(f.draft.files[0].path, "a.pdf");
    assert_string_equal(f.draft.files[0].media_type, "application/pdf");
    assert_string_equal(f.draft.files[1].name, "c.jpg");
    assert_string_equal(f.draft.files[1].role, "D08");
    assert_memory_equal(f.draft.conversation, conversation, SDK_ID_LEN);

    /* The annulment of the same decision is about the same order. */
    assert_int_equal(make(NULL, "{\"单据类型\":\"惩戒撤销\"," SUBJECT
                                ",\"原决定书文号\":\"潮市监罚〔2026〕1号\",\"版本\":2,"
                                "\"决定机关\":\"潮州市市场监督管理局\",\"文号\":\"x\","
                                "\"决定日期\":\"2025年12月01日\",\"理由\":\"事实不清\"}"),
                     OK);
    assert_memory_equal(f.draft.conversation, conversation, SDK_ID_LEN);
}

static void a_referral_goes_to_police_with_the_mandatory_copy(void **state)
{
    (void)state;
    open_department("market", MEMBER);
    assert_int_equal(make(NULL,
                          "{\"单据类型\":\"案件移送\",\"案件编号\":\"1\",\"移送文号\":\"2\","
                          "\"移送时间\":\"2025年11月20日 09:05\",\"案由\":\"销售假药\","
                          "\"涉嫌罪名\":\"销售假药罪\",\"涉嫌主体代码\":\"" USCC "\","
                          "\"涉嫌主体名称\":\"n\",\"涉嫌主体区划\":\"445102\","
                          "\"案件事实\":\"…\",\"涉案金额元\":\"12345.6\",\"承办人\":\"李四\","
                          "\"移送书\":\"a.pdf\",\"调查报告\":\"b.pdf\",\"物品清单\":\"c.pdf\","
                          "\"检验报告\":\"d.pdf\"}"),
                     OK);
    assert_int_equal(f.draft.to_count, 2);
    assert_string_equal(f.draft.to[0], "police.445100");
    assert_string_equal(f.draft.to[1], "procuratorate.445100");
    assert_int_equal(f.draft.file_count, 4);
    assert_string_equal(f.draft.files[3].role, "D07");
    assert_true(f.draft.sealed_len > 0 && f.draft.converses);
    lianshu_CaseClock clock; /* a list of constants keeps its order */
    assert_int_equal(
        wire_decode(&lianshu_CaseClock_msg, span_of(f.draft.facts, f.draft.facts_len), &clock), OK);
    assert_int_equal(clock.documents_count, 3);
    assert_string_equal(clock.documents[0], "D04");
    assert_string_equal(clock.documents[1], "D05");
    assert_string_equal(clock.documents[2], "D06");
}

static void the_other_departments_write_in_their_own_way(void **state)
{
    (void)state;
    open_department("health", "health.445100");
    assert_int_equal(make("任职", "{\"统一社会信用代码\":\"" USCC "\",\"单位名称\":\"n\","
                                  "\"行政区划\":\"445102\",\"任职人\":\"张三\",\"身份证号\":\"" ID
                                  "\",\"职务\":\"主要负责人\",\"任职日期\":\"2025/11/22\"}"),
                     OK);
    assert_string_equal(f.draft.type->name, "appointment");
    assert_string_equal(f.draft.to[0], MEMBER);
    assert_int_equal(
        make("疑似预防接种异常反应",
             "{\"报告编号\":\"R1\",\"疫苗名称\":\"流感疫苗\",\"批准文号\":\"国药准字S20200001\","
             "\"疫苗批号\":\"20251101\",\"报告日期\":\"2025/11/22\",\"反应分类\":\"异常反应\","
             "\"严重程度\":\"严重\",\"姓名\":\"王五\",\"接种日期\":\"2025/11/20\","
             "\"发生时间\":\"2025/11/21 "
             "08:30\",\"临床表现\":\"高热\",\"接种单位\":\"x\",\"报告人\":\"y\"}"),
        OK);
    assert_true(f.draft.sealed_len > 0);
    open_department("insurance", "insurance.445100");
    assert_int_equal(make(NULL, "{\"ywlx\":\"CJDF\",\"ywbh\":\"000102030405060708090a0b0c0d0e0f\","
                                "\"cljg\":\"1\",\"jdnr\":\"停止结算\",\"jdwh\":\"医保〔2025〕3\"}"),
                     OK);
    assert_string_equal(f.draft.type->name, "sanction.answer");
    open_department("police", "police.445100");
    assert_int_equal(make(NULL, "{\"文书种类\":\"立案决定\",\"案件标识\":"
                                "\"000102030405060708090a0b0c0d0e0f\",\"决定时间\":"
                                "\"2025-11-22 10:00:00\",\"结果\":\"立案\",\"文号\":\"x\","
                                "\"决定\":\"立案侦查\",\"日期\":\"2025-11-22\",\"民警\":\"赵\"}"),
                     OK);
    assert_int_equal(f.draft.to_count, 2);
}

static void a_canonical_document_passes_everywhere(void **state)
{
    (void)state;
    static const char text[] =
        "{\"type\":\"honour\",\"to\":[\"market\",\"health.445100\"],\"facts\":{\"subject\":{"
        "\"kind\":\"enterprise\",\"id\":\"" USCC "\",\"name\":\"n\",\"region\":\"445102\"},"
        "\"title\":\"t\",\"date\":\"2025-11-22\"}}";
    open_department("directory", "procuratorate.445100");
    assert_int_equal(make(NULL, text), OK);
    assert_int_equal(f.draft.to_count, 2);
    open_department("market", MEMBER);
    assert_int_equal(make(NULL, text), OK);
}

/* One change to a good record: the code, and the field as the department calls it. */
static void a_bad_record_is_refused_with_the_departments_own_field_name(void **state)
{
    (void)state;
    static const struct {
        const char *find, *put;
        enum err want;
        const char *field;
    } rows[] = {
        {"\"单据类型\":\"主体登记\"", "\"单据类型\":\"不存在\"", ERR_TYPE_UNKNOWN, "单据类型"},
        {"\"单据类型\":\"主体登记\",", "", ERR_FIELD_MISSING, "单据类型"},
        {"\"行业\":\"药品批发\"", "\"行业\":\"卖药\"", ERR_FIELD_VALUE, "行业"},
        {"\"行业\":\"药品批发\",", "", ERR_FIELD_MISSING, "行业"},
        {"\"行业\"", "\"行 业\"", ERR_FIELD_UNKNOWN, "行 业"},
        {"2020年01月02日", "2020-01-02", ERR_FIELD_VALUE, "登记日期"},
        {"2020年01月02日", "2020年13月02日", ERR_FIELD_VALUE, "登记日期"},
        {"2020年01月02日", "2021年02月29日", ERR_FIELD_VALUE, "登记日期"},
        {"2020年01月02日", "2020年1月2日", ERR_FIELD_VALUE, "登记日期"},
        {USCC, "91445100DEMA00013X", ERR_CHECK_DIGIT, "统一社会信用代码"},
        {USCC, "91445100DEMAO0013Q", ERR_IDENTIFIER, "统一社会信用代码"},
        {USCC, "9144510", ERR_IDENTIFIER, "统一社会信用代码"},
        {"445102", "445199", ERR_REGION, "区划"},
        {"445102", "999999", ERR_REGION, "区划"},
        {ID, "440524188001010015", ERR_CHECK_DIGIT, "人员[1].证件号码"},
        {ID, "44052418800101001", ERR_IDENTIFIER, "人员[1].证件号码"},
        {"\"姓名\":\"张三\"", "\"姓名\":5", ERR_FIELD_VALUE, "人员[1].姓名"},
        {"\"姓名\":\"张三\",", "", ERR_FIELD_MISSING, "人员[1].姓名"},
        {"\"姓名\":\"张三\"", "\"姓名\":\"张三\",\"年龄\":\"5\"", ERR_FIELD_UNKNOWN,
         "人员[1].年龄"},
        {"法定代表人", "老板", ERR_FIELD_VALUE, "人员[1].职务"},
        {"[{", "[5,{", ERR_FIELD_VALUE, "人员"},
        {"\"区划\":\"445102\"", "\"区划\":445102", ERR_FIELD_VALUE, "区划"},
        {"\"区划\":\"445102\"", "\"区划\":null", ERR_FIELD_MISSING, "区划"},
    };
    open_department("market", MEMBER);
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        char text[4096];
        const char *at = strstr(REGISTER, rows[i].find);
        assert_non_null(at);
        (void)snprintf(text, sizeof text, "%.*s%s%s", (int)(at - REGISTER), REGISTER, rows[i].put,
                       at + strlen(rows[i].find));
        print_message("row %zu: %s\n", i, rows[i].put);
        assert_int_equal(make(NULL, text), rows[i].want);
        assert_string_equal(f.report.item[0].field, rows[i].field);
        assert_null(strstr(f.report.item[0].detail, USCC)); /* no value is quoted */
        assert_null(strstr(f.report.item[0].detail, ID));
    }
}

static void all_problems_of_a_record_are_reported(void **state)
{
    (void)state;
    open_department("market", MEMBER);
    assert_int_equal(make(NULL, "{\"单据类型\":\"主体登记\",\"行业\":\"x\",\"无此字段\":1}"),
                     ERR_FIELD_UNKNOWN);
    /* unknown field; four of the subject, trade and date missing or wrong */
    assert_int_equal(f.report.count, 6);
}

static void an_overlong_value_names_its_bound(void **state)
{
    (void)state;
    char text[4096], title[600];

    memset(title, 'x', sizeof title - 1);
    title[sizeof title - 1] = '\0';
    open_department("market", MEMBER);
    (void)snprintf(text, sizeof text,
                   "{\"单据类型\":\"荣誉表彰\"," SUBJECT ",\"送达部门\":\"health\","
                   "\"荣誉名称\":\"%s\",\"表彰日期\":\"2025年11月22日\"}",
                   title);
    assert_int_equal(make(NULL, text), ERR_FIELD_LONG);
    assert_string_equal(f.report.item[0].field, "荣誉名称");
    assert_non_null(strstr(f.report.item[0].detail, "128"));
}

static void a_bad_document_is_refused(void **state)
{
    (void)state;
#define FACTS                                                                                      \
    "\"facts\":{\"subject\":{\"kind\":\"enterprise\",\"id\":\"" USCC                               \
    "\",\"name\":\"n\",\"region\":\"445102\"},\"title\":\"t\",\"date\":\"2025-11-22\"}"
    static const struct {
        const char *text;
        enum err want;
        const char *field;
    } rows[] = {
        {"{\"type\":\"nothing\"}", ERR_TYPE_UNKNOWN, "type"},
        {"{\"type\":\"sanction.notice\",\"to\":[\"hub\"],\"facts\":{}}", ERR_TYPE_UNKNOWN, "type"},
        {"{\"type\":\"registrar\"}", ERR_TYPE_UNKNOWN, "type"},
        {"{\"type\":\"honour\",\"to\":[\"market\"]}", ERR_FIELD_MISSING, "facts"},
        {"{\"type\":\"honour\"," FACTS "}", ERR_FIELD_MISSING, "to"},
        {"{\"type\":\"honour\",\"to\":[\"markt\"]," FACTS "}", ERR_MEMBER_UNKNOWN, "to"},
        {"{\"type\":\"honour\",\"to\":[5]," FACTS "}", ERR_MEMBER_UNKNOWN, "to"},
        {"{\"type\":\"honour\",\"to\":[\"market\"],\"extra\":1," FACTS "}", ERR_FIELD_UNKNOWN,
         "extra"},
        {"{\"type\":\"honour\",\"to\":[\"market\"],\"sealed\":{}," FACTS "}", ERR_FIELD_UNKNOWN,
         "sealed"},
        {"{\"type\":\"honour\",\"to\":[\"market\"],\"attachments\":[{\"file\":\"a.pdf\"}]," FACTS
         "}",
         ERR_FIELD_UNKNOWN, "attachments"},
        {"{\"type\":\"honour\",\"to\":[\"market\"],\"conversation\":\"xyz\"," FACTS "}",
         ERR_FIELD_VALUE, "conversation"},
        {"{\"type\":\"honour\",\"to\":[\"market\"],\"in_reply_to\":\"00\"," FACTS "}",
         ERR_FIELD_VALUE, "in_reply_to"},
        {"{\"type\":\"honour\",\"to\":[\"market\"],\"purpose\":\"12345678901234567\"," FACTS "}",
         ERR_FIELD_LONG, "purpose"},
        {"{\"type\":\"honour\",\"to\":[\"market\"],\"facts\":{\"title\":\"t\",\"nothing\":1}}",
         ERR_FIELD_UNKNOWN, "facts.nothing"},
        {"{\"type\":\"honour\",\"to\":[\"market\"],\"facts\":{\"title\":\"t\",\"date\":\"2025-11-"
         "22\"}}",
         ERR_FIELD_MISSING, "facts.subject"},
    };
    open_department("directory", "procuratorate.445100");
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        print_message("row %zu: %s\n", i, rows[i].field);
        assert_int_equal(make(NULL, rows[i].text), rows[i].want);
        assert_string_equal(f.report.item[0].field, rows[i].field);
    }
}

static void an_attachment_cannot_leave_the_folder(void **state)
{
    (void)state;
    static const char *const good[] = {"a.pdf", "案件1/移送书.pdf", "a b.pdf"};
    static const char *const bad[] = {"",     "/etc/passwd", "../a", "a/../b", ".hidden", "a/.b",
                                      "a//b", "a/b/c",       "a/",   "a\nb",   "./a",     ".."};
    for (size_t i = 0; i < T_COUNT(good); i++)
        assert_true(draft_path_valid(good[i]));
    for (size_t i = 0; i < T_COUNT(bad); i++) {
        print_message("row %zu\n", i);
        assert_false(draft_path_valid(bad[i]));
    }
}

/* ---- map files ---- */

static void a_map_that_could_not_work_is_refused_with_its_line(void **state)
{
    (void)state;
#define HEAD "department: x\nkind: k\ndate: YYYYMMDD\nrecords:\n  - name: r\n    type: honour\n"
    static const struct {
        const char *text;
        enum err want;
        unsigned line;
    } rows[] = {
        {HEAD "    fields:\n      - {name: a, to: facts.title}\n", OK, 0},
        {"unknown: 1\n", ERR_FIELD_UNKNOWN, 1},
        {"date: YYMMDD\n", ERR_CONFIG, 1},
        {"date: YYYYMM\n", ERR_CONFIG, 1},
        {"time: YYYYMMDD\n", ERR_CONFIG, 1},
        {"kind: k\nrecords:\n  - name: r\n    type: nothing\n    fields: []\n", ERR_TYPE_UNKNOWN,
         3},
        {"kind: k\nrecords:\n  - type: honour\n    fields: []\n", ERR_CONFIG, 3},
        {"kind: k\nrecords:\n  - name: r\n    type: honour\n", ERR_FIELD_MISSING, 3},
        {HEAD "    fields: []\n", ERR_CONFIG, 7},
        {HEAD "    fields:\n      - {name: a, to: facts.nothing}\n", ERR_CONFIG, 8},
        {HEAD "    fields:\n      - {name: a, to: title}\n", ERR_CONFIG, 8},
        {HEAD "    fields:\n      - {name: a, to: sealed.title}\n", ERR_CONFIG, 8},
        {HEAD "    fields:\n      - {name: a, to: facts.title, as: nothing}\n", ERR_CONFIG, 8},
        {HEAD "    fields:\n      - {name: a, to: facts.title, as: time}\n", ERR_CONFIG, 8},
        {HEAD "    fields:\n      - {name: a, to: facts.title, codes: none}\n", ERR_CONFIG, 8},
        {HEAD "    fields:\n      - {name: a, to: facts.title, codes: {x: y, z: y}}\n", ERR_CONFIG,
         8},
        {HEAD "    fields:\n      - {name: a, to: facts.title, colour: red}\n", ERR_FIELD_UNKNOWN,
         8},
        {HEAD "    fields:\n      - {name: a, to: facts.title, need: maybe}\n", ERR_FIELD_VALUE, 8},
        {HEAD
         "    fields:\n      - {name: a, to: facts.title}\n      - {name: a, to: facts.date}\n",
         ERR_CONFIG, 8},
        {HEAD "    set: {facts.nothing: 1}\n    fields:\n      - {name: a, to: facts.title}\n",
         ERR_CONFIG, 7},
        {HEAD "    set: [facts.title]\n    fields:\n      - {name: a, to: facts.title}\n",
         ERR_CONFIG, 7},
        {HEAD "    set: facts.title\n    fields:\n      - {name: a, to: facts.title}\n", ERR_CONFIG,
         7},
        {HEAD "    fields:\n      - {name: a, to: facts.title, as: [text]}\n", ERR_CONFIG, 8},
        {HEAD "    fields:\n      - {name: a, to: facts.persons, each: [{name: b, to: nothing}]}\n",
         ERR_CONFIG, 8},
        {"records:\n  - name: r\n    type: honour\n    fields:\n      - {name: a, to: "
         "facts.title}\n",
         ERR_CONFIG, 0},
    };
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        struct fault fault = {0};
        struct map *map = NULL;
        print_message("row %zu\n", i);
        const enum err err = map_parse(&map, span_str(rows[i].text), "map.yaml", MEMBER, &fault);
        if (rows[i].want ==
            ERR_FIELD_VALUE) /* the YAML reader's own code for a flag that is none */
            assert_int_equal(err_class(err), ERR_CLASS_REJECT);
        else
            assert_int_equal(err, rows[i].want);
        if (rows[i].line != 0)
            assert_int_equal(fault.line, rows[i].line);
        assert_true((map != NULL) == (err == OK));
        map_close(&map);
    }
}

static void what_comes_is_written_in_the_departments_words_and_loses_nothing(void **state)
{
    (void)state;
    static const char document[] =
        "{\"type\":\"sanction.notice\",\"facts\":{\"subject\":{\"kind\":\"enterprise\",\"id\":"
        "\"" USCC
        "\",\"name\":\"n\",\"region\":\"445102\"},\"obligation_id\":\"00\",\"stage\":\"impose\","
        "\"measure\":\"M07\",\"force\":\"consider\",\"basis\":[\"DL118\"],"
        "\"start_date\":\"2026-11-22\",\"answer_due_ms\":\"2026-11-29T10:00:00.000+08:00\","
        "\"rule\":\"R01\"}}";
    struct json *in = NULL, *out = NULL;

    open_department("insurance", "insurance.445100");
    assert_int_equal(json_parse(&in, span_str(document), "t", NULL), OK);
    assert_int_equal(map_in(f.map, in, &out), OK);
    assert_string_equal(json_get_text(out, "ywlx"), "CJTZ");
    assert_string_equal(json_get_text(out, "dxlb"), "1");
    assert_string_equal(json_get_text(out, "bsm"), USCC);
    assert_string_equal(json_get_text(out, "ysl"), "2");
    assert_string_equal(json_get_text(out, "ksrq"), "20261122");
    assert_string_equal(json_get_text(out, "dfqx"), "20261129100000");
    assert_string_equal(json_get_text(json_get(json_get(out, "其他"), "facts"), "rule"), "R01");
    json_close(&out);
    /* A type that the table does not know comes as it is. */
    open_department("directory", "procuratorate.445100");
    assert_int_equal(map_in(f.map, in, &out), OK);
    assert_string_equal(json_get_text(out, "type"), "sanction.notice");
    json_close(&out);
    json_close(&in);
}

static void csv_files_are_told_by_the_first_word_of_their_name(void **state)
{
    (void)state;
    open_department("health", "health.445100");
    assert_string_equal(map_csv_kind(f.map, "任职-2026.csv"), "任职");
    assert_string_equal(map_csv_kind(f.map, "异常反应.csv"), "疑似预防接种异常反应");
    assert_null(map_csv_kind(f.map, "其他.csv"));
    open_department("police", "police.445100");
    assert_null(map_csv_kind(f.map, "任职.csv"));
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(every_department_loads),
        CASE(a_market_record_becomes_a_document),
        CASE(an_order_without_evidence_has_no_sealed_part),
        CASE(a_referral_goes_to_police_with_the_mandatory_copy),
        CASE(the_other_departments_write_in_their_own_way),
        CASE(a_canonical_document_passes_everywhere),
        CASE(a_bad_record_is_refused_with_the_departments_own_field_name),
        CASE(all_problems_of_a_record_are_reported),
        CASE(an_overlong_value_names_its_bound),
        CASE(a_bad_document_is_refused),
        CASE(an_attachment_cannot_leave_the_folder),
        CASE(a_map_that_could_not_work_is_refused_with_its_line),
        CASE(what_comes_is_written_in_the_departments_words_and_loses_nothing),
        CASE(csv_files_are_told_by_the_first_word_of_their_name),
    };
    return cmocka_run_group_tests_name("map", tests, NULL, NULL);
}
