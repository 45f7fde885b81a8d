/*
 * The departments' tables hold every document type: what one department sends as a JSON record or
 * as a row of text reaches the hub as the same body, and is shown to the other in words. Samples
 * are those of fuzz/bodies.h; what is walked are the tables themselves.
 */
#include "adapters/runtime/draft.h"
#include "adapters/runtime/map_table.h"
#include "adapters/sdk/inner_bounds.h"
#include "fuzz/bodies.h"
#include "message.h"
#include "wire.h"

#include "t.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HUB "hub.445100"

static const char *const departments[] = {"market", "health", "insurance", "police"};
enum { DEPARTMENTS = 4 };

static struct {
    struct map *maps[DEPARTMENTS];
    struct regions *regions;
    struct draft draft;
    struct report report;
    uint8_t want[SDK_BODY_MAX];
} f;

static int setup(void **state)
{
    (void)state;
    for (size_t i = 0; i < DEPARTMENTS; i++) {
        char dir[64], member[64];
        struct fault fault = {0};
        (void)snprintf(dir, sizeof dir, "adapters/%s", departments[i]);
        (void)snprintf(member, sizeof member, "%s.445100", departments[i]);
        if (map_open(&f.maps[i], dir, member, &fault) != OK) {
            print_message("%s:%u %s\n", fault.where, fault.line, fault.detail);
            return -1;
        }
    }
    return regions_open(&f.regions, "schemas/data/regions.csv", NULL) == OK ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    for (size_t i = 0; i < DEPARTMENTS; i++)
        map_close(&f.maps[i]);
    regions_close(&f.regions);
    return 0;
}

static const struct record *record_of(const struct record *records, size_t count, uint32_t type)
{
    for (size_t i = 0; i < count; i++)
        if (records[i].type->number == type)
            return &records[i];
    return NULL;
}

/* What a department sends: not the hub's own, nothing that travels in files. */
static bool is_sent(const struct document_type *type)
{
    return type->alone == NULL && (type->flags & (TYPE_BY_HUB | TYPE_PART_ONLY)) == 0 &&
           type->number != lianshu_DocumentType_TYPE_WITHDRAW; /* written in our own form */
}

static void every_type_that_is_sent_has_a_record_in_some_department(void **state)
{
    (void)state;
    for (size_t t = 0; type_at(t) != NULL; t++) {
        size_t senders = 0;
        for (size_t i = 0; i < DEPARTMENTS; i++)
            senders +=
                record_of(f.maps[i]->records, f.maps[i]->record_count, type_at(t)->number) != NULL;
        if (is_sent(type_at(t)) && senders == 0)
            print_message("nobody sends %s\n", type_at(t)->name);
        assert_int_equal(is_sent(type_at(t)), senders > 0);
    }
}

static struct json *parsed(const char *text)
{
    struct json *j = NULL;
    assert_int_equal(json_parse(&j, span_str(text), "sample", NULL), OK);
    return j;
}

/* The canonical document of the sample. */
static struct json *document_of(const struct document_type *type)
{
    struct json *document = json_map();
    assert_true(json_put_text(document, "type", type->name));
    if (type->facts != NULL)
        assert_true(json_put(document, "facts", parsed(body_sample(type, type->facts))));
    if (type->sealed != NULL)
        assert_true(json_put(document, "sealed", parsed(body_sample(type, type->sealed))));
    return document;
}

static void every_type_that_comes_is_shown_in_words(void **state)
{
    (void)state;
    for (size_t i = 0; i < DEPARTMENTS; i++) {
        for (size_t t = 0; type_at(t) != NULL; t++) {
            const struct document_type *type = type_at(t);
            if (record_of(f.maps[i]->incoming, f.maps[i]->incoming_count, type->number) == NULL)
                continue;
            struct json *document = document_of(type), *record = NULL;
            assert_int_equal(map_in(f.maps[i], document, &record), OK);
            assert_non_null(json_get_text(record, f.maps[i]->kind));
            assert_null(json_get(record, "facts"));
            assert_null(json_get(record, "sealed"));
            assert_true(json_count(record) >= 3);
            json_close(&record);
            json_close(&document);
        }
    }
}

/* A type of the shared table: the same name says it both ways. */
static bool is_shared(const struct map *map, const struct document_type *type)
{
    const struct record *out = record_of(map->records, map->record_count, type->number);
    const struct record *in = record_of(map->incoming, map->incoming_count, type->number);
    return out != NULL && in != NULL && out->name == in->name; /* one entry of one file */
}

static enum err send_record(size_t at, const char *kind, const struct json *record)
{
    struct json *document = NULL;
    const struct draft_context context = {HUB, "445100", f.regions, f.maps[at], kind, record};
    f.report.count = 0;
    f.report.more = false;
    enum err err = map_out(f.maps[at], kind, record, &f.report, &document);
    if (err == OK)
        err = draft_make(&f.draft, document, &context, &f.report);
    for (size_t i = 0; i < f.report.count; i++)
        print_message("  %s %s: %d %s: %s\n", departments[at], kind == NULL ? "" : kind,
                      (int)f.report.item[i].err, f.report.item[i].field, f.report.item[i].detail);
    json_close(&document);
    return err;
}

static void assert_body(const pb_msgdesc_t *desc, const struct json *body, const uint8_t *got,
                        size_t got_len)
{
    struct fault fault = {0};
    void *msg = calloc(1, message_of(desc)->size);
    struct writer w = writer_of(f.want, sizeof f.want);
    assert_non_null(msg);
    assert_int_equal(json_to_message(body, desc, msg, &fault), OK);
    assert_int_equal(wire_encode(desc, msg, &w), OK);
    assert_int_equal(got_len, w.len);
    assert_memory_equal(got, f.want, w.len);
    free(msg);
}

static bool has_field(const struct record *r, const char *name)
{
    size_t i = 0;
    while (i < r->field_count && strcmp(r->fields[i].name, name) != 0)
        i++;
    return i < r->field_count;
}

/* What came, as the record of one who sends it; what the table does not name is not said again. */
static struct json *record_again(size_t at, const struct json *document, bool *whole)
{
    struct json *record = NULL;
    struct json *again = json_map();
    void *entry = NULL;
    const char *key;
    const struct json *value;

    assert_int_equal(map_in(f.maps[at], document, &record), OK);
    *whole = json_get(record, "其他") == NULL;
    while (json_entry(record, &entry, &key, &value))
        if (strcmp(key, "其他") != 0)
            assert_true(json_put(again, key, json_clone(value)));
    json_close(&record);
    const struct document_type *type = type_by_name(json_get_text(document, "type"));
    if (has_field(map_record(f.maps[at], type->zh), "送达")) {
        struct json *to = json_list();
        assert_true(json_add_text(to, at == 0 ? "health" : "market"));
        assert_true(json_put(again, "送达", to));
    }
    return again;
}

static void what_a_department_reads_it_can_send_and_it_is_the_same(void **state)
{
    size_t sent = 0;
    size_t same = 0;
    (void)state;
    for (size_t i = 0; i < DEPARTMENTS; i++) {
        for (size_t t = 0; type_at(t) != NULL; t++) {
            const struct document_type *type = type_at(t);
            bool whole;
            if (!is_shared(f.maps[i], type))
                continue;
            struct json *document = document_of(type);
            struct json *record = record_again(i, document, &whole);
            assert_int_equal(send_record(i, NULL, record), OK);
            assert_ptr_equal(f.draft.type, type);
            sent++;
            if (whole) {
                same++;
                if (type->facts != NULL)
                    assert_body(type->facts, json_get(document, "facts"), f.draft.facts,
                                f.draft.facts_len);
                if (type->sealed != NULL)
                    assert_body(type->sealed, json_get(document, "sealed"), f.draft.sealed,
                                f.draft.sealed_len);
            }
            json_close(&record);
            json_close(&document);
        }
    }
    assert_true(sent > 120 && same > 60);
}

/* Sent by its four names, shown as a list: which is which does not hang on an order. */
static void a_rating_is_written_flat_and_read_as_a_list(void **state)
{
    const struct document_type *type = type_find(lianshu_DocumentType_TYPE_CREDIT_RATING);
    (void)state;
    struct json *record =
        parsed("{\"单据类型\":\"信用评级\",\"标识码\":\"91445100DEMA00013Q\","
               "\"名称\":\"潮州示范医药有限公司\",\"区划\":\"445102\",\"守法诚信度\":1000,"
               "\"行业风险度\":1,\"区域重要度\":500,\"动态警示度\":20,\"信用等级\":\"守信\","
               "\"起始日期\":\"2026年01月02日\",\"截止日期\":\"2027年01月01日\","
               "\"文号\":\"信评1号\"}");
    assert_int_equal(send_record(0, NULL, record), OK);
    json_close(&record);
    struct json *document = document_of(type);
    assert_body(type->facts, json_get(document, "facts"), f.draft.facts, f.draft.facts_len);
    assert_int_equal(map_in(f.maps[1], document, &record), OK);
    const struct json *second = json_item(json_get(record, "指标"), 1);
    assert_string_equal(json_get_text(second, "指标名称"), "行业风险度");
    json_close(&record);
    json_close(&document);
}

/* A list as one cell; what is no text as text. Lists of persons do not fit into a row. */
static void put_cell(struct json *row, const char *key, const struct json *value)
{
    char text[512] = "";
    int64_t number;
    switch (json_kind(value)) {
    case JSON_KIND_TEXT:
        assert_true(json_put_text(row, key, json_text(value)));
        return;
    case JSON_KIND_BOOL:
        assert_true(json_put_text(row, key, json_flag(value) ? "是" : "否"));
        return;
    case JSON_KIND_NUMBER:
        assert_true(json_int(value, &number));
        (void)snprintf(text, sizeof text, "%lld", (long long)number);
        assert_true(json_put_text(row, key, text));
        return;
    default:
        break;
    }
    for (size_t i = 0; i < json_count(value); i++) {
        const char *item = json_text(json_item(value, i));
        if (item == NULL)
            return;
        const size_t len = strlen(text);
        (void)snprintf(text + len, sizeof text - len, "%s%s", i > 0 ? "、" : "", item);
    }
    assert_true(json_put_text(row, key, text));
}

static void a_row_of_text_says_it_as_well(void **state)
{
    (void)state;
    for (size_t i = 0; i < DEPARTMENTS; i++) {
        for (size_t t = 0; type_at(t) != NULL; t++) {
            const struct document_type *type = type_at(t);
            bool whole;
            void *entry = NULL;
            const char *key;
            const struct json *value;
            if (!is_shared(f.maps[i], type))
                continue;
            struct json *document = document_of(type), *row = json_map();
            struct json *record = record_again(i, document, &whole);
            while (json_entry(record, &entry, &key, &value))
                if (strcmp(key, f.maps[i]->kind) != 0)
                    put_cell(row, key, value);
            char name[128];
            (void)snprintf(name, sizeof name, "%s-1.csv", type->zh);
            assert_string_equal(map_csv_kind(f.maps[i], name), type->zh);
            if (type->facts != &lianshu_Appointment_msg) /* its person stands in the row itself */
                assert_int_equal(send_record(i, type->zh, row), OK);
            json_close(&record);
            json_close(&row);
            json_close(&document);
        }
    }
}

static void a_record_that_lacks_a_field_names_it(void **state)
{
    size_t refused = 0;
    (void)state;
    for (size_t t = 0; type_at(t) != NULL; t++) {
        const struct document_type *type = type_at(t);
        if (!is_shared(f.maps[0], type))
            continue;
        const struct record *r = map_record(f.maps[0], type->zh);
        for (size_t k = 0; k < r->field_count; k++) {
            if (!r->fields[k].need)
                continue;
            struct json *document = NULL;
            struct json *record = json_map();
            assert_true(json_put_text(record, f.maps[0]->kind, type->zh));
            f.report.count = 0;
            assert_int_not_equal(map_out(f.maps[0], NULL, record, &f.report, &document), OK);
            bool named = false;
            for (size_t n = 0; n < f.report.count; n++)
                named = named || (f.report.item[n].err == ERR_FIELD_MISSING &&
                                  strcmp(f.report.item[n].field, r->fields[k].name) == 0);
            assert_true(named);
            refused++;
            json_close(&record);
            json_close(&document);
        }
    }
    assert_true(refused > 100);
}

/* The SDK decodes every body into one room. */
static void every_body_fits_the_room_of_the_sdk(void **state)
{
    (void)state;
    for (size_t t = 0; type_at(t) != NULL; t++) {
        if (type_at(t)->facts != NULL)
            assert_true(message_of(type_at(t)->facts)->size <= SDK_BODY_STRUCT_MAX);
        if (type_at(t)->sealed != NULL)
            assert_true(message_of(type_at(t)->sealed)->size <= SDK_BODY_STRUCT_MAX);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_type_that_is_sent_has_a_record_in_some_department),
        cmocka_unit_test(every_type_that_comes_is_shown_in_words),
        cmocka_unit_test(what_a_department_reads_it_can_send_and_it_is_the_same),
        cmocka_unit_test(a_rating_is_written_flat_and_read_as_a_list),
        cmocka_unit_test(a_row_of_text_says_it_as_well),
        cmocka_unit_test(a_record_that_lacks_a_field_names_it),
        cmocka_unit_test(every_body_fits_the_room_of_the_sdk),
    };
    return cmocka_run_group_tests_name("forms", tests, setup, teardown);
}
