/*
 * Every document type of the catalogue, part by part, from one valid sample each: it encodes and
 * decodes, is validated, is written as JSON and read back; and it is refused for every required
 * field that is missing, every field beyond its bound, every word outside an enumeration, every
 * unknown field and every date that does not exist. Nothing here is listed by hand but the samples:
 * fields, bounds and rules come from the tables that the program works with.
 */
#include "base/span.h"
#include "fuzz/bodies.h"
#include "json.h"
#include "message.h"
#include "validate.h"
#include "validate_rule.h"
#include "wire.h"

#include "t.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROOM = 96 << 10 };

static struct regions *regions;
static uint8_t room[ROOM];
static uint8_t again[ROOM];

static int setup(void **state)
{
    (void)state;
    return regions_open(&regions, "schemas/data/regions.csv", NULL) == OK ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    regions_close(&regions);
    return 0;
}

/* ---- one part of one type ---- */

struct part {
    const struct document_type *type;
    const struct message *m;
    struct json *json; /* of the sample */
    void *msg;
};

typedef void part_fn(struct part *p);

static void read_sample(struct part *p)
{
    struct fault f = {.where = ""};
    enum err err = json_to_message(p->json, p->m->desc, p->msg, &f);
    if (err != OK)
        print_message("%s %s: %s %s\n", p->type->name, p->m->name, f.where, f.detail);
    assert_int_equal(err, OK);
}

static void with_part(const struct document_type *type, const pb_msgdesc_t *desc, part_fn *run)
{
    const char *text = body_sample(type, desc);
    struct part p = {.type = type, .m = message_of(desc)};
    if (text == NULL)
        print_message("no sample: %s %s\n", type->name, p.m->name);
    assert_non_null(text);
    assert_int_equal(json_parse(&p.json, span_str(text), type->name, NULL), OK);
    p.msg = calloc(1, p.m->size);
    assert_non_null(p.msg);
    read_sample(&p);
    run(&p);
    free(p.msg);
    json_close(&p.json);
}

/* Facts and sealed bodies of all types. */
static void each_part(part_fn *run)
{
    size_t parts = 0;
    for (size_t i = 0; type_at(i) != NULL; i++) {
        const struct document_type *type = type_at(i);
        if (type->facts != NULL && ++parts > 0)
            with_part(type, type->facts, run);
        if (type->sealed != NULL && ++parts > 0)
            with_part(type, type->sealed, run);
    }
    assert_true(parts > 100);
}

static struct span encode(const struct part *p, const void *msg, uint8_t *out)
{
    struct writer w = writer_of(out, ROOM);
    assert_int_equal(wire_encode(p->m->desc, msg, &w), OK);
    return writer_span(&w);
}

static void check(const struct part *p, enum err want, const char *where)
{
    struct fault f = {.where = ""};
    enum err err = body_validate(p->type, p->m->desc, p->msg, regions, &f);
    if (err != want || strcmp(f.where, where) != 0)
        print_message("%s %s: %d at %s, not %d at %s\n", p->type->name, p->m->name, (int)err,
                      f.where, (int)want, where);
    assert_int_equal(err, want);
    assert_string_equal(f.where, where);
}

static uint8_t *value_at(const struct part *p, const struct message_field *f)
{
    return (uint8_t *)p->msg + f->offset;
}

static const struct message_field *field_named(const struct part *p, const char *name)
{
    const struct message_field *f = message_field(p->m, name);
    assert_non_null(f);
    return f;
}

/* As if it had not been written. */
static void clear_field(struct part *p, const struct message_field *f)
{
    if (f->rule == MESSAGE_OPTIONAL)
        *((uint8_t *)p->msg + f->count) = 0;
    else if (f->rule == MESSAGE_REPEATED)
        memset((uint8_t *)p->msg + f->count, 0, sizeof(pb_size_t));
    else
        memset(value_at(p, f), 0, f->size);
}

/* ---- acceptance ---- */

static void accept_part(struct part *p)
{
    struct json *back = NULL;
    struct fault f = {.where = ""};
    void *copy = calloc(1, p->m->size);
    assert_non_null(copy);
    check(p, OK, "");
    struct span bytes = encode(p, p->msg, room);
    assert_int_equal(wire_decode(p->m->desc, bytes, copy), OK);
    assert_true(span_eq(encode(p, copy, again), bytes));

    assert_int_equal(json_from_message(&back, p->m->desc, copy), OK);
    memset(copy, 0, p->m->size);
    assert_int_equal(json_to_message(back, p->m->desc, copy, &f), OK);
    assert_true(span_eq(encode(p, copy, again), bytes));
    json_close(&back);
    free(copy);
}

static void every_type_is_encoded_validated_and_mapped_both_ways(void **state)
{
    (void)state;
    each_part(accept_part);
}

/* ---- required fields, and those of other types ---- */

static void miss_each_required(struct part *p)
{
    const struct body_rule *rule = body_rule_of(p->type, p->m->desc);
    for (size_t i = 0; i < RULE_REQUIRED_MAX && rule->required[i] != NULL; i++) {
        clear_field(p, field_named(p, rule->required[i]));
        check(p, ERR_FIELD_MISSING, rule->required[i]);
        read_sample(p);
    }
    if (rule->subject) {
        clear_field(p, field_named(p, "subject"));
        check(p, ERR_FIELD_MISSING, "subject");
        read_sample(p);
    }
    if (rule->persons_min > 0) {
        clear_field(p, field_named(p, "persons"));
        check(p, ERR_FIELD_MISSING, "persons");
    }
}

static void every_required_field_that_is_missing_is_named(void **state)
{
    (void)state;
    each_part(miss_each_required);
}

static void give_each_forbidden(struct part *p)
{
    const struct body_rule *rule = body_rule_of(p->type, p->m->desc);
    for (size_t i = 0; i < RULE_FORBIDDEN_MAX && rule->forbidden[i] != NULL; i++) {
        const struct message_field *f = field_named(p, rule->forbidden[i]);
        if (f->type == MESSAGE_BYTES)
            memset(value_at(p, f), 1, sizeof(pb_size_t));
        else
            *value_at(p, f) = 1;
        check(p, ERR_FIELD_VALUE, f->name);
        read_sample(p);
    }
    if (rule->level.field != NULL) {
        const uint32_t beyond = rule->level.max + 1;
        memcpy(value_at(p, field_named(p, rule->level.field)), &beyond, sizeof beyond);
        check(p, ERR_FIELD_VALUE, rule->level.field);
    }
}

static void a_field_of_another_type_or_a_level_beyond_is_refused(void **state)
{
    (void)state;
    each_part(give_each_forbidden);
}

/* ---- subjects ---- */

static void name_wrong_subjects(struct part *p)
{
    const struct body_rule *rule = body_rule_of(p->type, p->m->desc);
    const struct message_field *f = message_field(p->m, "subject");
    if (f == NULL)
        return;
    lianshu_Subject *s = (lianshu_Subject *)value_at(p, f);
    if (rule->subject_none) {
        *((uint8_t *)p->msg + f->count) = 1;
        check(p, ERR_PERSONAL_DATA, "subject");
        return;
    }
    if (*((uint8_t *)p->msg + f->count) == 0)
        return;
    *s = (lianshu_Subject){lianshu_SubjectKind_SUBJECT_ENTERPRISE, "91445100DEMA00013R", "x",
                           "445102"};
    check(p, ERR_CHECK_DIGIT, "subject.id");
    s->kind = lianshu_SubjectKind_SUBJECT_PERSON;
    check(p, ERR_IDENTIFIER, "subject.id");
    *s = (lianshu_Subject){lianshu_SubjectKind_SUBJECT_ENTERPRISE, "91445100DEMA00013Q", "x",
                           "445199"};
    check(p, ERR_REGION, "subject.region");
    if (rule->kinds != KINDS_ANY) {
        memcpy(s->region, "445102", sizeof "445102");
        check(p, ERR_FIELD_VALUE, "subject.kind");
    }
    /* A trace code is never a subject: only its hash travels. */
    *s = (lianshu_Subject){lianshu_SubjectKind_SUBJECT_BATCH, "81234567890123456789", "x", ""};
    check(p, ERR_IDENTIFIER, "subject.id");
}

static void every_subject_is_checked_by_its_kind(void **state)
{
    (void)state;
    each_part(name_wrong_subjects);
}

static void count_persons(struct part *p)
{
    const struct body_rule *rule = body_rule_of(p->type, p->m->desc);
    const struct message_field *f = message_field(p->m, "persons");
    const pb_size_t one = 1;
    if (f == NULL || rule->persons_max > 0)
        return;
    memcpy((uint8_t *)p->msg + f->count, &one, sizeof one);
    check(p, rule->subject_none ? ERR_PERSONAL_DATA : ERR_FIELD_LONG, "persons");
}

static void bodies_that_name_nobody_refuse_persons(void **state)
{
    (void)state;
    each_part(count_persons);
}

/* ---- dates, codes ---- */

static bool ends_with(const char *text, const char *tail)
{
    size_t len = strlen(text);
    return len >= strlen(tail) && strcmp(text + len - strlen(tail), tail) == 0;
}

static void put_date(struct part *p, const char *name, uint32_t date)
{
    memcpy(value_at(p, field_named(p, name)), &date, sizeof date);
}

static void break_dates(struct part *p)
{
    const struct body_rule *rule = body_rule_of(p->type, p->m->desc);
    for (size_t i = 0; i < p->m->field_count; i++) {
        const struct message_field *f = &p->m->fields[i];
        if (f->type != MESSAGE_NUMBER || f->size != 4 || !ends_with(f->name, "date"))
            continue;
        put_date(p, f->name, 20260230);
        check(p, ERR_FIELD_VALUE, f->name);
        read_sample(p);
    }
    for (size_t i = 0; i < RULE_ORDERED_MAX && rule->ordered[i].first != NULL; i++) {
        for (size_t k = 0; k < RULE_ORDERED_MAX && rule->ordered[k].first != NULL; k++) {
            if (k != i) { /* one pair at a time */
                put_date(p, rule->ordered[k].first, 0);
                put_date(p, rule->ordered[k].second, 0);
            }
        }
        put_date(p, rule->ordered[i].first, 20261123);
        put_date(p, rule->ordered[i].second, 20261122);
        struct fault f = {.where = ""};
        enum err err = body_validate(p->type, p->m->desc, p->msg, regions, &f);
        assert_true(err == ERR_FIELD_VALUE || err == ERR_FIELD_MISSING); /* a required one is 0 */
        if (err == ERR_FIELD_VALUE)
            assert_string_equal(f.where, rule->ordered[i].second);
        read_sample(p);
    }
}

static void dates_exist_and_are_in_order(void **state)
{
    (void)state;
    each_part(break_dates);
}

static void write_sentences(struct part *p)
{
    const struct body_rule *rule = body_rule_of(p->type, p->m->desc);
    for (size_t i = 0; i < RULE_CODES_MAX && rule->codes[i] != NULL; i++) {
        memcpy(value_at(p, field_named(p, rule->codes[i])), "张", sizeof "张");
        check(p, ERR_FIELD_VALUE, rule->codes[i]);
        read_sample(p);
    }
}

static void codes_have_no_room_for_a_name(void **state)
{
    (void)state;
    each_part(write_sentences);
}

/* ---- bounds ---- */

/* A JSON body with one field replaced. */
static enum err read_with(const struct part *p, const char *name, struct json *value,
                          struct fault *f)
{
    struct json *j = json_clone(p->json);
    assert_true(json_put(j, name, value));
    void *msg = calloc(1, p->m->size);
    assert_non_null(msg);
    enum err err = json_to_message(j, p->m->desc, msg, f);
    if (err == OK) {
        struct span bytes = encode(p, msg, again);
        assert_int_equal(wire_decode(p->m->desc, bytes, msg), OK);
    }
    free(msg);
    json_close(&j);
    return err;
}

static struct json *text_of(size_t len, char c)
{
    char *text = malloc(len + 1);
    assert_non_null(text);
    memset(text, c, len);
    text[len] = '\0';
    struct json *j = json_new_text(text);
    free(text);
    return j;
}

static struct json *list_of(size_t count, const struct json *one)
{
    struct json *list = json_list();
    for (size_t i = 0; i < count; i++)
        assert_true(json_add(list, json_clone(one)));
    return list;
}

/* At its bound a value passes, one beyond it does not. */
static void expect_bound(const struct part *p, const struct message_field *f, struct json *at,
                         struct json *beyond, enum err want)
{
    struct fault fault = {.where = ""};
    enum err err = read_with(p, f->name, at, &fault);
    if (err != OK)
        print_message("%s %s.%s\n", p->type->name, p->m->name, f->name);
    assert_int_equal(err, OK);
    err = read_with(p, f->name, beyond, &fault);
    if (err != want)
        print_message("%s %s.%s: %d\n", p->type->name, p->m->name, f->name, (int)err);
    assert_int_equal(err, want);
    assert_memory_equal(fault.where, f->name, strlen(f->name));
}

static struct json *in_list(const struct message_field *f, struct json *value)
{
    if (f->rule != MESSAGE_REPEATED)
        return value;
    struct json *list = json_list();
    assert_true(json_add(list, value));
    return list;
}

static bool is_base64(const struct message_field *f)
{
    return strcmp(f->name, "body") == 0 || ends_with(f->name, "document");
}

static void stretch_field(const struct part *p, const struct message_field *f)
{
    enum { HEAD = offsetof(pb_bytes_array_t, bytes) };
    size_t len = f->type == MESSAGE_BYTES ? f->size - HEAD : f->size;
    if (f->type == MESSAGE_TEXT)
        expect_bound(p, f, in_list(f, text_of(f->size - 1, 'x')), in_list(f, text_of(f->size, 'x')),
                     ERR_FIELD_LONG);
    else if (f->type == MESSAGE_BYTES && is_base64(f)) /* four characters are three bytes */
        expect_bound(p, f, text_of(len / 3 * 4, 'A'), text_of(len / 3 * 4 + 8, 'A'),
                     ERR_FIELD_LONG);
    else if (f->type == MESSAGE_BYTES)
        expect_bound(p, f, in_list(f, text_of(2 * len, 'a')), in_list(f, text_of(2 * len + 2, 'a')),
                     ERR_FIELD_LONG);
    else if (f->type == MESSAGE_FIXED) /* exactly as long, neither longer nor shorter */
        expect_bound(p, f, in_list(f, text_of(2 * len, 'a')), in_list(f, text_of(2 * len + 2, 'a')),
                     ERR_FIELD_VALUE);
}

static void stretch_part(struct part *p)
{
    for (size_t i = 0; i < p->m->field_count; i++) {
        const struct message_field *f = &p->m->fields[i];
        stretch_field(p, f);
        if (f->rule != MESSAGE_REPEATED)
            continue;
        struct json *one = f->sub != NULL            ? json_map()
                           : f->type == MESSAGE_TEXT ? text_of(1, 'x')
                                                     : text_of(2 * f->size, 'a');
        expect_bound(p, f, list_of(f->max, one), list_of(f->max + 1, one), ERR_FIELD_LONG);
        json_close(&one);
    }
}

static void every_bound_holds_at_its_limit_and_one_beyond(void **state)
{
    (void)state;
    each_part(stretch_part);
}

/* ---- closed enumerations, unknown fields ---- */

static void leave_enumerations(struct part *p)
{
    struct fault fault = {.where = ""};
    for (size_t i = 0; i < p->m->field_count; i++) {
        const struct message_field *f = &p->m->fields[i];
        if (f->values == NULL)
            continue;
        assert_int_equal(read_with(p, f->name, json_new_text("other"), &fault), ERR_FIELD_VALUE);
        assert_string_equal(fault.where, f->name);

        *value_at(p, f) = (uint8_t)(f->values->max + 1);
        struct writer w = writer_of(room, sizeof room);
        assert_int_equal(wire_encode(p->m->desc, p->msg, &w), ERR_WIRE_ENUM);
        *value_at(p, f) = (uint8_t)f->values->max;
        struct span bytes = encode(p, p->msg, room);
        uint8_t key[2] = {(uint8_t)(f->tag << 3), (uint8_t)f->values->max};
        uint8_t *at = memmem(room, bytes.len, key, sizeof key);
        assert_non_null(at);
        at[1]++;
        void *copy = calloc(1, p->m->size);
        assert_non_null(copy);
        assert_int_equal(wire_decode(p->m->desc, bytes, copy), ERR_WIRE_ENUM);
        free(copy);
        read_sample(p);
    }
}

static void enumerations_are_closed(void **state)
{
    (void)state;
    each_part(leave_enumerations);
}

static void add_unknown(struct part *p)
{
    struct fault fault = {.where = ""};
    assert_int_equal(read_with(p, "remark", json_new_text("x"), &fault), ERR_FIELD_UNKNOWN);
    assert_string_equal(fault.where, "remark");

    struct span bytes = encode(p, p->msg, room);
    static const uint8_t unknown[] = {0xa2, 0x06, 0x01, 'x'}; /* field 100 */
    memcpy(room + bytes.len, unknown, sizeof unknown);
    void *copy = calloc(1, p->m->size);
    assert_non_null(copy);
    assert_int_equal(wire_decode(p->m->desc, span_of(room, bytes.len + sizeof unknown), copy),
                     ERR_WIRE_FIELD);
    free(copy);
}

static void unknown_fields_are_refused_in_json_and_on_the_wire(void **state)
{
    (void)state;
    each_part(add_unknown);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_type_is_encoded_validated_and_mapped_both_ways),
        cmocka_unit_test(every_required_field_that_is_missing_is_named),
        cmocka_unit_test(a_field_of_another_type_or_a_level_beyond_is_refused),
        cmocka_unit_test(every_subject_is_checked_by_its_kind),
        cmocka_unit_test(bodies_that_name_nobody_refuse_persons),
        cmocka_unit_test(dates_exist_and_are_in_order),
        cmocka_unit_test(codes_have_no_room_for_a_name),
        cmocka_unit_test(every_bound_holds_at_its_limit_and_one_beyond),
        cmocka_unit_test(enumerations_are_closed),
        cmocka_unit_test(unknown_fields_are_refused_in_json_and_on_the_wire),
    };
    return cmocka_run_group_tests_name("types", tests, setup, teardown);
}
