/* Checks the promises in catalogue.h, and that PROTOCOL.md says what the program does. */
#include "base/file.h"
#include "catalogue.h"
#include "ident.h"
#include "message.h"

#include "t.h"

#include "case.pb.h"
#include "sanction.pb.h"

#include <pb_common.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *protocol;

static int setup(void **state)
{
    uint8_t *data;
    size_t len;
    (void)state;
    if (file_read("schemas/PROTOCOL.md", 1 << 20, 0, &data, &len, NULL) != OK)
        return -1;
    protocol = (char *)data;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    free(protocol);
    return 0;
}

/* The page holds this text after `from`. */
static const char *page_says(const char *from, const char *text)
{
    const char *at = strstr(from, text);
    if (at == NULL)
        print_message("PROTOCOL.md lacks: %s\n", text);
    assert_non_null(at);
    return at;
}

static void types_are_sorted_and_found_both_ways(void **state)
{
    (void)state;
    for (size_t i = 0; type_at(i) != NULL; i++) {
        const struct document_type *type = type_at(i);
        assert_ptr_equal(type_find(type->number), type);
        assert_ptr_equal(type_by_name(type->name), type);
        assert_true(i == 0 || type_at(i - 1)->number < type->number);
        assert_true(type->lane < LANE_COUNT && type->life_ms > 0);
        /* Gated needs facts to gate; a type that requires facts has their body. */
        assert_true((type->flags & TYPE_GATED) == 0 || (type->flags & TYPE_FACTS) != 0);
        assert_int_equal((type->flags & TYPE_FACTS) != 0, type->facts != NULL);
        assert_true(type->alone == NULL || (type->facts == NULL && type->sealed == NULL));
    }
    assert_null(type_find(0));
    assert_null(type_find(9999));
    assert_null(type_by_name("sanction"));
    assert_null(type_by_name(""));
}

static void lifts_go_first_and_live_longest(void **state)
{
    const struct document_type *lift = type_by_name("sanction.lift");
    (void)state;
    assert_int_equal(lift->lane, LANE_REPAIR);
    assert_int_equal(lift->life_ms, UINT64_C(90) * 86400000);
    assert_int_equal(type_by_name("sanction.order")->life_ms, UINT64_C(30) * 86400000);
    assert_int_equal(type_by_name("credit.check")->life_ms, 3600000);
    assert_int_equal(type_by_name("honour")->life_ms, UINT64_C(14) * 86400000);
}

/* Every facts body has its subject as field 1 and its persons as field 2. */
static void subject_and_persons_of_any_facts_are_found(void **state)
{
    static lianshu_SanctionOrder order = {
        .has_subject = true,
        .subject = {.id = "x"},
        .persons_count = 2,
        .persons = {{.id = "a"}, {.id = "b"}},
    };
    static lianshu_Document zeros;
    size_t count = 9;
    (void)state;
    assert_string_equal(facts_subject(&lianshu_SanctionOrder_msg, &order)->id, "x");
    assert_string_equal(facts_persons(&lianshu_SanctionOrder_msg, &order, &count)[1].id, "b");
    assert_int_equal(count, 2);
    for (size_t i = 0; type_at(i) != NULL; i++) {
        const pb_msgdesc_t *facts = type_at(i)->facts;
        if (facts == NULL)
            continue;
        assert_string_equal(message_of(facts)->fields[0].name, "subject");
        assert_string_equal(message_of(facts)->fields[1].name, "persons");
        assert_null(facts_subject(facts, &zeros));
        assert_null(facts_persons(facts, &zeros, &count));
        assert_int_equal(count, 0);
    }
    assert_null(facts_subject(&lianshu_Evidence_msg, &zeros));
    assert_null(facts_persons(&lianshu_Manifest_msg, &zeros, &count));
    assert_null(facts_subject(NULL, &zeros));
    assert_null(facts_persons(NULL, &zeros, &count));
    assert_null(facts_subject(&lianshu_Statement_msg, &zeros)); /* other fields in their places */
    assert_null(facts_persons(&lianshu_Statement_msg, &zeros, &count));
}

static void receipts_have_texts_makers_and_ends(void **state)
{
    (void)state;
    assert_string_equal(receipt_kind_name(lianshu_ReceiptKind_RECEIPT_DELIVERED), "delivered");
    assert_true(receipt_kind_final(lianshu_ReceiptKind_RECEIPT_DELIVERED));
    assert_false(receipt_kind_final(lianshu_ReceiptKind_RECEIPT_ACCEPTED));
    assert_false(receipt_kind_final(lianshu_ReceiptKind_RECEIPT_PARKED));
    assert_true(receipt_kind_by_hub(lianshu_ReceiptKind_RECEIPT_ACCEPTED));
    assert_false(receipt_kind_by_hub(lianshu_ReceiptKind_RECEIPT_OPENED));
    assert_string_equal(receipt_kind_name((lianshu_ReceiptKind)99), "unknown");
    assert_false(receipt_kind_final((lianshu_ReceiptKind)99));
    assert_false(receipt_kind_by_hub((lianshu_ReceiptKind)99));
    assert_string_equal(receipt_kind_zh((lianshu_ReceiptKind)99), "未知");
    assert_string_equal(receipt_kind_en((lianshu_ReceiptKind)99), "unknown");
    static const uint8_t all[GRANT_TYPES_LEN] = {[0 ... GRANT_TYPES_LEN - 1] = 0xff};
    assert_true(grant_names(all, GRANT_TYPES_LEN * 8 - 1));
    assert_false(grant_names(all, GRANT_TYPES_LEN * 8));
}

/* ---- the page ---- */

static void the_page_lists_every_code(void **state)
{
    static const char *const classes[] = {"OK", "REJECT", "RETRY", "INTERNAL", "FATAL"};
    static const enum err all[] = {
#define VALUE(name, number, class, en, zh, todo_en, todo_zh) name,
        ERR_TABLE(VALUE)
#undef VALUE
    };
    char row[512];
    char label[ERR_LABEL_LEN + 1];
    (void)state;
    for (size_t i = 0; i < T_COUNT(all); i++) {
        err_label(all[i], label);
        snprintf(row, sizeof row, "\n| %s | `%s` | %s | %s | %s |\n", label, err_name(all[i]),
                 classes[err_class(all[i])], err_zh(all[i]), err_en(all[i]));
        page_says(protocol, row);
    }
}

static const char *body_name(const pb_msgdesc_t *desc)
{
    return desc == NULL ? "–" : message_of(desc)->name;
}

static void the_page_lists_every_type(void **state)
{
    static const char *const flags[] = {
        "gated", "relayable", "facts",  "attachments", "by hub", "to hub",   "rules",
        "case",  "part only", "spread", "hub only",    "joint",  "officials"};
    static const char *const lanes[LANE_COUNT] = {"repair", "order", "normal", "bulk"};
    (void)state;
    for (size_t i = 0; type_at(i) != NULL; i++) {
        const struct document_type *type = type_at(i);
        char row[512];
        char words[128] = "";
        for (unsigned bit = 0; bit < T_COUNT(flags); bit++) {
            if ((type->flags & (1u << bit)) == 0)
                continue;
            size_t len = strlen(words);
            snprintf(words + len, sizeof words - len, "%s%s", len > 0 ? ", " : "", flags[bit]);
        }
        assert_int_equal(type->flags >> T_COUNT(flags), 0);
        snprintf(row, sizeof row, "\n| %u | `%s` | %s | %s | %s | %s | %s | %s | %llu h |\n",
                 (unsigned)type->number, type->name, type->zh, type->en, body_name(type->facts),
                 body_name(type->alone != NULL ? type->alone : type->sealed), words,
                 lanes[type->lane], (unsigned long long)(type->life_ms / 3600000));
        page_says(protocol, row);
    }
}

static void the_page_lists_receipts_and_departments(void **state)
{
    char row[512];
    (void)state;
    for (int k = 1; k <= (int)_lianshu_ReceiptKind_MAX; k++) {
        lianshu_ReceiptKind kind = (lianshu_ReceiptKind)k;
        snprintf(row, sizeof row, "\n| %d | %s | %s | %s | %s | %s |\n", k, receipt_kind_name(kind),
                 receipt_kind_zh(kind), receipt_kind_en(kind),
                 receipt_kind_by_hub(kind) ? "hub" : "recipient",
                 receipt_kind_final(kind) ? "final" : "");
        page_says(protocol, row);
    }
    for (unsigned i = 0; i < 32; i++) {
        snprintf(row, sizeof row, "\n| %u | `%s` | %s | %s |\n", i, department_name(i),
                 department_zh(i), department_en(i));
        page_says(protocol, row);
    }
}

/* "≤ 8 × text ≤ 40" */
static void describe(const pb_field_iter_t *at, const struct message_field *field, char *out,
                     size_t cap)
{
    char many[32] = "";
    char form[64];
    if (PB_HTYPE(at->type) == PB_HTYPE_REPEATED)
        snprintf(many, sizeof many, "≤ %u × ", (unsigned)at->array_size);
    if (PB_HTYPE(at->type) == PB_HTYPE_ONEOF)
        snprintf(many, sizeof many, "one of: ");
    if (field->sub != NULL)
        snprintf(form, sizeof form, "%s", field->sub->name);
    else if (field->values != NULL)
        snprintf(form, sizeof form, "%s", field->values->title);
    else if (PB_LTYPE(at->type) == PB_LTYPE_STRING)
        snprintf(form, sizeof form, "text ≤ %u", (unsigned)at->data_size - 1);
    else if (PB_LTYPE(at->type) == PB_LTYPE_FIXED_LENGTH_BYTES)
        snprintf(form, sizeof form, "bytes = %u", (unsigned)at->data_size);
    else if (PB_LTYPE(at->type) == PB_LTYPE_BYTES)
        snprintf(form, sizeof form, "bytes ≤ %zu",
                 at->data_size - offsetof(pb_bytes_array_t, bytes));
    else if (PB_LTYPE(at->type) == PB_LTYPE_BOOL)
        snprintf(form, sizeof form, "bool");
    else
        snprintf(form, sizeof form, "uint%u", (unsigned)at->data_size * 8);
    snprintf(out, cap, "%s%s", many, form);
}

static void the_page_lists_every_field_with_its_bound(void **state)
{
    static lianshu_Document room;
    (void)state;
    for (size_t i = 0; message_at(i) != NULL; i++) {
        const struct message *m = message_at(i);
        pb_field_iter_t at;
        char row[256];
        char form[128];
        snprintf(row, sizeof row, "\n**%s**\n", m->name);
        const char *section = page_says(protocol, row);
        assert_true(pb_field_iter_begin_const(&at, m->desc, &room));
        do {
            const struct message_field *field = &m->fields[at.index];
            describe(&at, field, form, sizeof form);
            snprintf(row, sizeof row, "\n| %u | `%s` | %s | ", (unsigned)field->tag, field->name,
                     form);
            section = page_says(section, row);
            for (int v = 0; field->values != NULL && v <= field->values->max; v++) {
                snprintf(row, sizeof row, "`%s` %d", field->values->name(v), v);
                page_says(protocol, row);
            }
        } while (pb_field_iter_next(&at));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(types_are_sorted_and_found_both_ways),
        cmocka_unit_test(lifts_go_first_and_live_longest),
        cmocka_unit_test(subject_and_persons_of_any_facts_are_found),
        cmocka_unit_test(receipts_have_texts_makers_and_ends),
        cmocka_unit_test(the_page_lists_every_code),
        cmocka_unit_test(the_page_lists_every_type),
        cmocka_unit_test(the_page_lists_receipts_and_departments),
        cmocka_unit_test(the_page_lists_every_field_with_its_bound),
    };
    return cmocka_run_group_tests_name("catalogue", tests, setup, teardown);
}
