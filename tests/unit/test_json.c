/* Checks the promises in json.h. */
#include "json.h"
#include "message.h"
#include "wire.h"

#include "t.h"

#include "fuzz/samples.h"

#include "case.pb.h"
#include "redress.pb.h"

#include <stdlib.h>
#include <string.h>

static struct json *parse(const char *text)
{
    struct json *j;
    assert_int_equal(json_parse(&j, span_str(text), "a.json", NULL), OK);
    return j;
}

/* Message to JSON text to message: the same bytes. */
static void goes_both_ways(const pb_msgdesc_t *desc, const void *msg)
{
    static uint8_t first[96 << 10];
    static uint8_t second[96 << 10];
    struct json *j;
    struct json *read;
    char *text;
    size_t len;
    struct fault f = {.where = ""};
    void *back = malloc(message_of(desc)->size);
    assert_non_null(back);
    assert_int_equal(json_from_message(&j, desc, msg), OK);
    assert_int_equal(json_print(j, true, &text, &len), OK);
    assert_int_equal(json_parse(&read, span_of(text, len), "back", &f), OK);
    enum err err = json_to_message(read, desc, back, &f);
    if (err != OK)
        print_message("%s: %s\n%s", f.where, f.detail, text);
    assert_int_equal(err, OK);
    struct writer a = writer_of(first, sizeof first);
    struct writer b = writer_of(second, sizeof second);
    assert_int_equal(wire_encode(desc, msg, &a), OK);
    assert_int_equal(wire_encode(desc, back, &b), OK);
    assert_true(span_eq(writer_span(&a), writer_span(&b)));
    free(text);
    free(back);
    json_close(&j);
    json_close(&read);
}

static void every_kind_of_message_goes_both_ways(void **state)
{
    static lianshu_Document document;
    static lianshu_Control control;
    static lianshu_DecisionRecord empty;
    lianshu_Header header;
    lianshu_SanctionOrder order;
    lianshu_Receipt receipt;
    lianshu_Statement statement;
    lianshu_MemberRecord record;
    (void)state;
    sample_header(&header);
    goes_both_ways(&lianshu_Header_msg, &header);
    sample_document(&document);
    goes_both_ways(&lianshu_Document_msg, &document);
    sample_hello(&control);
    goes_both_ways(&lianshu_Control_msg, &control);
    sample_order(&order);
    goes_both_ways(&lianshu_SanctionOrder_msg, &order);
    sample_receipt(&receipt);
    goes_both_ways(&lianshu_Receipt_msg, &receipt);
    sample_statement(&statement);
    goes_both_ways(&lianshu_Statement_msg, &statement);
    sample_record(&record);
    goes_both_ways(&lianshu_MemberRecord_msg, &record);
    goes_both_ways(&lianshu_DecisionRecord_msg, &empty);
}

static void fields_look_as_the_header_says(void **state)
{
    static lianshu_Document document;
    lianshu_SanctionOrder order;
    struct json *j;
    (void)state;
    sample_order(&order);
    assert_int_equal(json_from_message(&j, &lianshu_SanctionOrder_msg, &order), OK);
    const struct json *person = json_item(json_get(j, "persons"), 0);
    assert_string_equal(json_get_text(json_get(j, "subject"), "kind"), "enterprise");
    assert_string_equal(json_get_text(person, "role"), "legal_representative");
    assert_true(json_flag(json_get(person, "responsible")));
    assert_string_equal(json_get_text(j, "decision_date"), "2026-11-01");
    assert_int_equal(strlen(json_get_text(j, "order_id")), 32);
    assert_int_equal(json_kind(json_get(j, "public_persons")), JSON_KIND_BOOL);
    assert_null(json_get(j, "served_date"));
    json_close(&j);

    sample_document(&document);
    assert_int_equal(json_from_message(&j, &lianshu_Document_msg, &document), OK);
    assert_string_equal(json_get_text(j, "type"), "sanction.order");
    assert_string_equal(json_get_text(j, "issued_ms"), "2026-11-22T10:00:00.123+08:00");
    assert_int_equal(strlen(json_get_text(j, "body")), (document.body.size + 2u) / 3 * 4);
    json_close(&j);
}

static void missing_and_null_are_defaults(void **state)
{
    lianshu_Licence licence;
    (void)state;
    memset(&licence, 0x5a, sizeof licence);
    struct json *j = parse("{\"subject\":null,\"persons\":null,\"date\":null,\"number\":\"7\"}");
    assert_int_equal(json_to_message(j, &lianshu_Licence_msg, &licence, NULL), OK);
    assert_false(licence.has_subject);
    assert_int_equal(licence.persons_count, 0);
    assert_int_equal(licence.date, 0);
    assert_string_equal(licence.number, "7");
    json_close(&j);
}

static const struct {
    const pb_msgdesc_t *desc;
    const char *text;
    enum err want;
    const char *path;
} fault_rows[] = {
#define ORDER &lianshu_SanctionOrder_msg
    {ORDER, "[]", ERR_FIELD_VALUE, ""},
    {ORDER, "{\"colour\":1}", ERR_FIELD_UNKNOWN, "colour"},
    {ORDER, "{\"subject\":{\"colour\":1}}", ERR_FIELD_UNKNOWN, "subject.colour"},
    {ORDER, "{\"subject\":[]}", ERR_FIELD_VALUE, "subject"},
    {ORDER, "{\"subject\":{\"id\":7}}", ERR_FIELD_VALUE, "subject.id"},
    {ORDER, "{\"subject\":{\"kind\":\"castle\"}}", ERR_FIELD_VALUE, "subject.kind"},
    {ORDER, "{\"subject\":{\"kind\":1}}", ERR_FIELD_VALUE, "subject.kind"},
    {ORDER, "{\"subject\":{\"region\":\"4451020\"}}", ERR_FIELD_LONG, "subject.region"},
    {ORDER, "{\"subject\":{\"name\":\"a\\u202e\"}}", ERR_UTF8, "subject.name"},
    {ORDER, "{\"subject\":{\"name\":\"a\\u0007\"}}", ERR_UTF8, "subject.name"},
    {ORDER, "{\"persons\":{}}", ERR_FIELD_VALUE, "persons"},
    {ORDER, "{\"persons\":[{},7]}", ERR_FIELD_VALUE, "persons[1]"},
    {ORDER, "{\"persons\":[{},{\"id\":true}]}", ERR_FIELD_VALUE, "persons[1].id"},
    {ORDER, "{\"persons\":[{},{\"responsible\":1}]}", ERR_FIELD_VALUE, "persons[1].responsible"},
    {ORDER, "{\"persons\":[{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}]}", ERR_FIELD_LONG,
     "persons"},
    {ORDER, "{\"persons\":[{}],\"list\":7}", ERR_FIELD_VALUE, "list"},
    {ORDER, "{\"order_id\":\"00\"}", ERR_FIELD_VALUE, "order_id"},
    {ORDER, "{\"order_id\":\"0102030405060708090A0B0C0D0E0F10\"}", ERR_FIELD_VALUE, "order_id"},
    {ORDER, "{\"order_id\":\"010203040506070809000102030405060708\"}", ERR_FIELD_VALUE, "order_id"},
    {ORDER, "{\"evidence_sha256\":\"0\"}", ERR_FIELD_VALUE, "evidence_sha256"},
    {ORDER, "{\"version\":-1}", ERR_FIELD_VALUE, "version"},
    {ORDER, "{\"version\":1.0}", ERR_FIELD_VALUE, "version"},
    {ORDER, "{\"version\":\"1\"}", ERR_FIELD_VALUE, "version"},
    {ORDER, "{\"version\":4294967296}", ERR_FIELD_VALUE, "version"},
    {ORDER, "{\"decision_date\":20261101}", ERR_FIELD_VALUE, "decision_date"},
    {ORDER, "{\"decision_date\":0}", OK, "decision_date"},
    {ORDER, "{\"decision_date\":[]}", ERR_FIELD_VALUE, "decision_date"},
    {ORDER, "{\"order_id\":7}", ERR_FIELD_VALUE, "order_id"},
    {ORDER,
     "{\"a-name-that-is-longer-than-any-field-of-any-message-and-is-not-shown-as-it-stands\":1}",
     ERR_FIELD_UNKNOWN, "?"},
    {ORDER, "{\"a\u202e\":1}", ERR_FIELD_UNKNOWN, "?"},
    {ORDER, "{\"decision_date\":\"2026-02-30\"}", ERR_FIELD_VALUE, "decision_date"},
    {ORDER, "{\"decision_date\":\"20261101\"}", ERR_FIELD_VALUE, "decision_date"},
    {ORDER, "{\"public_subject\":\"true\"}", ERR_FIELD_VALUE, "public_subject"},
#undef ORDER
    {&lianshu_Document_msg, "{\"type\":\"sanction.joke\"}", ERR_TYPE_UNKNOWN, "type"},
    {&lianshu_Document_msg, "{\"issued_ms\":1795312800123}", ERR_FIELD_VALUE, "issued_ms"},
    {&lianshu_Document_msg, "{\"issued_ms\":\"2026-11-22\"}", ERR_FIELD_VALUE, "issued_ms"},
    {&lianshu_Document_msg, "{\"issued_ms\":0}", OK, "issued_ms"},
    {&lianshu_Document_msg, "{\"issued_ms\":true}", ERR_FIELD_VALUE, "issued_ms"},
    {&lianshu_Document_msg, "{\"body\":\"AB==\"}", ERR_FIELD_VALUE, "body"},
    {&lianshu_Document_msg, "{\"addressees\":[\"a\",7]}", ERR_FIELD_VALUE, "addressees[1]"},
    {&lianshu_Document_msg, "{\"conversation\":\"0102030405060708090001020304050607\"}",
     ERR_FIELD_LONG, "conversation"},
    {&lianshu_Control_msg, "{\"ack\":{},\"credit\":{}}", ERR_FIELD_VALUE, "credit"},
    {&lianshu_Control_msg, "{\"body\":{}}", ERR_FIELD_UNKNOWN, "body"},
};

static void faults_name_their_path_and_never_the_value(void **state)
{
    static lianshu_Document room;
    (void)state;
    assert_true(sizeof room > sizeof(lianshu_SanctionOrder));
    for (size_t i = 0; i < T_COUNT(fault_rows); i++) {
        struct fault f = {.where = ""};
        struct json *j = parse(fault_rows[i].text);
        print_message("row %zu: %s\n", i, fault_rows[i].text);
        assert_int_equal(json_to_message(j, fault_rows[i].desc, &room, &f), fault_rows[i].want);
        if (fault_rows[i].want != OK)
            assert_string_equal(f.where, fault_rows[i].path);
        assert_null(strstr(f.detail, "castle"));
        assert_null(strstr(f.detail, "4451020"));
        json_close(&j);
    }
}

static void long_values_name_their_bound(void **state)
{
    lianshu_SanctionOrder order;
    struct fault f;
    (void)state;
    struct json *j = parse("{\"subject\":{\"region\":\"4451020\"}}");
    assert_int_equal(json_to_message(j, &lianshu_SanctionOrder_msg, &order, &f), ERR_FIELD_LONG);
    assert_string_equal(f.detail, "at most 6 bytes");
    json_close(&j);
}

static void text_that_is_not_json_is_refused_with_its_line(void **state)
{
    static const struct {
        const char *text;
        enum err want;
        unsigned line;
    } rows[] = {
        {"", ERR_SYNTAX, 1},
        {"{\n\"a\": 1,\n}", ERR_SYNTAX, 3},
        {"{\"a\":1,\n\"a\":2}", ERR_SYNTAX, 2},
        {"{} {}", ERR_SYNTAX, 1},
        {"{\"a\":\"\\u0000\"}", ERR_SYNTAX, 1},
        {"{\"a\":99999999999999999999}", ERR_SYNTAX, 1},
        {"{\"a\":\n\"\xff\"}", ERR_UTF8, 2},
        {"{\"a\":\"\xc1\x81\"}", ERR_UTF8, 1},
        {"{a:1}", ERR_SYNTAX, 1},
        {"{\"a\":NaN}", ERR_SYNTAX, 1},
    };
    (void)state;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        struct json *j;
        struct fault f;
        print_message("row %zu\n", i);
        assert_int_equal(json_parse(&j, span_str(rows[i].text), "a.json", &f), rows[i].want);
        assert_int_equal(f.line, rows[i].line);
        assert_string_equal(f.where, "a.json");
        assert_null(j);
    }
}

static void deep_text_is_refused_or_read_without_harm(void **state)
{
    static char text[200000];
    struct json *j;
    (void)state;
    memset(text, '[', sizeof text);
    assert_int_equal(json_parse(&j, span_of(text, sizeof text), "deep", NULL), ERR_SYNTAX);
}

static void trees_are_built_printed_and_walked(void **state)
{
    char *text;
    size_t len;
    void *at = NULL;
    const char *key;
    const struct json *value;
    uint64_t number;
    (void)state;
    struct json *map = json_map();
    struct json *list = json_list();
    assert_true(json_add_text(list, "潮州"));
    assert_true(json_put_text(map, "name", "a"));
    assert_true(json_put_uint(map, "n", 7));
    assert_true(json_put_int(map, "i", -7));
    assert_true(json_put_flag(map, "f", false));
    assert_true(json_put_hex(map, "h", span_of("\x00\xff", 2)));
    assert_true(json_put_date(map, "d", 20261122));
    assert_true(json_put_ms(map, "t", 0));
    assert_true(json_put(map, "list", list));
    assert_false(json_put_uint(map, "big", UINT64_MAX));
    assert_int_equal(json_print(map, false, &text, &len), OK);
    assert_string_equal(text, "{\"name\":\"a\",\"n\":7,\"i\":-7,\"f\":false,\"h\":\"00ff\","
                              "\"d\":\"2026-11-22\",\"t\":null,\"list\":[\"潮州\"]}\n");
    assert_int_equal(len, strlen(text));
    free(text);
    assert_int_equal(json_count(map), 8);
    assert_true(json_entry(map, &at, &key, &value));
    assert_string_equal(key, "name");
    assert_true(json_uint(json_get(map, "n"), &number));
    assert_false(json_uint(json_get(map, "i"), &number));
    assert_false(json_uint(NULL, &number));
    struct json *copy = json_clone(map);
    json_close(&map);
    assert_string_equal(json_text(json_item(json_get(copy, "list"), 0)), "潮州");
    assert_int_equal(json_kind(json_get(json_get(copy, "none"), "x")), JSON_KIND_NONE);
    json_close(&copy);
    json_close(&copy);
    assert_int_equal(json_print(NULL, false, &text, &len), ERR_NO_MEMORY);
}

static void values_that_do_not_exist_are_written_so_that_reading_refuses(void **state)
{
    lianshu_Licence licence = {.date = 20261399};
    lianshu_Header header = {.sequence = UINT64_MAX, .created_ms = UINT64_MAX};
    lianshu_Header back;
    lianshu_Preview preview = {.type = 9999}; /* of no catalogue */
    uint64_t number = 0;
    struct json *j;
    (void)state;
    assert_int_equal(json_from_message(&j, &lianshu_Licence_msg, &licence), OK);
    assert_int_equal(json_to_message(j, &lianshu_Licence_msg, &licence, NULL), ERR_FIELD_VALUE);
    json_close(&j);
    assert_int_equal(json_from_message(&j, &lianshu_Header_msg, &header), OK);
    assert_string_equal(json_get_text(j, "sequence"), "18446744073709551615");
    assert_int_equal(json_to_message(j, &lianshu_Header_msg, &back, NULL), ERR_FIELD_VALUE);
    json_close(&j);
    assert_int_equal(json_from_message(&j, &lianshu_Preview_msg, &preview), OK);
    assert_true(json_uint(json_get(j, "type"), &number));
    assert_int_equal(number, 9999);
    json_close(&j);
}

static void a_text_that_is_too_long_is_refused_unread(void **state)
{
    struct json *j;
    struct fault f;
    char *text = malloc(JSON_TEXT_MAX + 1);
    (void)state;
    assert_non_null(text);
    memset(text, ' ', JSON_TEXT_MAX + 1);
    assert_int_equal(json_parse(&j, span_of(text, JSON_TEXT_MAX + 1), "a", &f), ERR_TOO_LARGE);
    assert_null(j);
    assert_int_equal(json_parse(&j, span_of(text, JSON_TEXT_MAX), "a", &f), ERR_SYNTAX);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_of_message_goes_both_ways),
        cmocka_unit_test(fields_look_as_the_header_says),
        cmocka_unit_test(missing_and_null_are_defaults),
        cmocka_unit_test(faults_name_their_path_and_never_the_value),
        cmocka_unit_test(long_values_name_their_bound),
        cmocka_unit_test(text_that_is_not_json_is_refused_with_its_line),
        cmocka_unit_test(a_text_that_is_too_long_is_refused_unread),
        cmocka_unit_test(deep_text_is_refused_or_read_without_harm),
        cmocka_unit_test(trees_are_built_printed_and_walked),
        cmocka_unit_test(values_that_do_not_exist_are_written_so_that_reading_refuses),
    };
    return cmocka_run_group_tests_name("json", tests, NULL, NULL);
}
