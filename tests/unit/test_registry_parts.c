/* Checks what keys/registry.h promises of parts that other registrars made: a part that is none, or
 * that says of itself what it may not, is refused by who puts a registry together, by who opens it,
 * and by who reads it under the registry above. */
#include "unit/registry_offices.h"

#include "keys/document.h"

typedef void bend_fn(lianshu_Document *document);

/* The document with one thing changed, under the old signatures; NULL: its bytes are none. */
static struct span bent(struct span lsd1, bend_fn *bend)
{
    static uint8_t out[PART_CAP], bytes[FRAME_DOCUMENT_MAX];
    static lianshu_Document d;
    struct frame_document frame;
    uint8_t hash[HASH_LEN];
    struct writer d_w = writer_of(bytes, sizeof bytes), lsd_w = writer_of(out, sizeof out);
    assert_int_equal(frame_parse_document(lsd1, &frame), OK);
    if (bend == NULL) {
        write_span(&d_w, span_str("\xff"));
    } else {
        assert_int_equal(wire_decode(&lianshu_Document_msg, frame.document, &d), OK);
        bend(&d);
        assert_int_equal(document_encode(&d, &d_w, hash), OK);
    }
    frame.document = writer_span(&d_w);
    frame_write_document(&lsd_w, &frame);
    return writer_span(&lsd_w);
}

static void as_it_is(lianshu_Document *document)
{
    (void)document;
}

static void of_nobody(lianshu_Document *document)
{
    document->issuers_count = 0;
}

static void without_body(lianshu_Document *document)
{
    document->body.size = 1;
    document->body.bytes[0] = 0xff;
}

/* A part of these, with one record or none. */
static struct span part_of(const struct frame_registrar *registrar, const char *record)
{
    static uint8_t bytes[2 * PART_CAP];
    struct writer out = writer_of(bytes, sizeof bytes);
    begin_file(&out, registrar->document, registrar->version, record != NULL);
    if (record != NULL)
        frame_registry_add(&out, 0, span_str(record));
    return writer_span(&out);
}

static struct frame_registrar registrar_of(struct span part)
{
    struct frame_registry frame;
    assert_int_equal(frame_parse_registry(part, &frame), OK);
    return first_of(&frame);
}

/* The province's part, with its appointment or its version bent. */
static struct frame_registrar province(bend_fn *document, bend_fn *version)
{
    struct frame_registrar own =
        registrar_of(raw_part(0, &w.province, 2, NULL, 0, REALM_NOW_MS + 30 * REALM_DAY_MS));
    if (document != as_it_is)
        own.document = bent(own.document, document);
    if (version != as_it_is)
        own.version = bent(own.version, version);
    return own;
}

static void a_part_that_is_none_is_not_put_in(void **state)
{
    static const struct {
        bend_fn *document;
        bend_fn *version;
        const char *record;
        enum err want;
        const char *says;
    } rows[] = {
        {as_it_is, as_it_is, NULL, OK, ""},
        {NULL, as_it_is, NULL, ERR_REGISTRY, "number 1: "},
        {of_nobody, as_it_is, NULL, ERR_REGISTRY, "number 1: "},
        {without_body, as_it_is, NULL, ERR_REGISTRY, "number 1: "},
        {as_it_is, NULL, NULL, ERR_REGISTRY, "number 1: "},
        {as_it_is, of_nobody, NULL, ERR_REGISTRY, "number 1: "},
        {as_it_is, without_body, NULL, ERR_REGISTRY, "number 1: "},
        {as_it_is, as_it_is, "\xff", ERR_REGISTRY, "record: "},
    };
    (void)state;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        const struct frame_registrar own = province(rows[i].document, rows[i].version);
        const struct span part = part_of(&own, rows[i].record);
        print_message("row %zu\n", i);
        assert_int_equal(build_with(&part, 1), rows[i].want);
        assert_non_null(strstr(f.fault.detail, rows[i].says));
    }
}

static void what_is_no_file_or_has_other_parts_is_no_part(void **state)
{
    static uint8_t chain[FILE_CAP];
    (void)state;
    assert_int_equal(build_chain(), OK);
    memcpy(chain, f.file, f.len);
    const struct span wrong[] = {span_str(""), span_str("LSG1"), span_of(chain, f.len)};
    for (size_t i = 0; i < T_COUNT(wrong); i++) {
        print_message("row %zu\n", i);
        assert_int_equal(build_with(&wrong[i], 1), ERR_REGISTRY);
        assert_non_null(strstr(f.fault.detail, "number 1: "));
    }
}

static void an_appointment_that_is_none_makes_no_registry(void **state)
{
    static bend_fn *const bends[] = {NULL, of_nobody, without_body};
    (void)state;
    for (size_t i = 0; i < T_COUNT(bends); i++) {
        struct registry_make make = version_of(&w.realm, 1);
        make.registrar_document = bent(make.registrar_document, bends[i]);
        print_message("row %zu\n", i);
        assert_int_equal(make_file(&make, f.realm->records, REALM_MEMBERS), ERR_REGISTRY);
        assert_string_equal(f.fault.where, "registrar document");
    }
}

/* It has all its signatures; what it is for lies elsewhere. */
static void an_appointment_for_another_region_is_refused_below_the_root_as_well(void **state)
{
    struct registrar_make make = appointment(&w.province);
    (void)state;
    make.region = "450000";
    appoint(&w.province, &make, &w.realm);
    const struct span part = raw_part(0, &w.province, 2, NULL, 0, REALM_NOW_MS + REALM_DAY_MS);
    assert_int_equal(build_with(&part, 1), ERR_REGISTRY);
    assert_non_null(strstr(f.fault.detail, "member, region, types or times"));
}

/* ---- who opens it ---- */

static void an_appointment_in_a_chain_names_who_signed_it(void **state)
{
    static uint8_t file[FILE_CAP];
    static const struct {
        bend_fn *document;
        enum err want;
        const char *says;
    } rows[] = {
        {as_it_is, OK, ""},
        {NULL, ERR_REGISTRY, "registrar document: "},
        {of_nobody, ERR_CHAIN, "is signed by , which"},
        {without_body, ERR_REGISTRY, "registrar document: "},
    };
    struct mix good, m;
    (void)state;
    assert_int_equal(build_chain(), OK);
    memcpy(file, f.file, f.len);
    read_mix(&good, span_of(file, f.len));
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        m = good;
        if (rows[i].document != as_it_is)
            m.registrar[1].document = bent(m.registrar[1].document, rows[i].document);
        print_message("row %zu\n", i);
        assert_int_equal(open_mix(&m), rows[i].want);
        assert_non_null(strstr(f.fault.detail, rows[i].says));
    }
}

static void with_parts(lianshu_RegistryVersion *version, struct office_paper *paper)
{
    (void)paper;
    version->parts_count = 1;
}

static void with_suite(lianshu_RegistryVersion *version, struct office_paper *paper)
{
    (void)paper;
    version->least_suite = SUITE_CURRENT;
}

static void later_than_the_whole(lianshu_RegistryVersion *version, struct office_paper *paper)
{
    (void)version;
    paper->now_ms++;
}

static void of_another_type(lianshu_RegistryVersion *version, struct office_paper *paper)
{
    (void)version;
    paper->type = lianshu_DocumentType_TYPE_REGISTRAR;
}

static void a_part_speaks_of_itself_alone(void **state)
{
    static const struct {
        void (*bend)(lianshu_RegistryVersion *version, struct office_paper *paper);
        const char *says;
    } rows[] = {
        {with_parts, "the part of registrar.440000: parts, suite or time"},
        {with_suite, "the part of registrar.440000: parts, suite or time"},
        {later_than_the_whole, "the part of registrar.440000: parts, suite or time"},
        {of_another_type, "registry document has another type"},
    };
    (void)state;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        w.bend = rows[i].bend;
        const struct span part =
            raw_part(0, &w.province, 2, NULL, 0, REALM_NOW_MS + 30 * REALM_DAY_MS);
        print_message("row %zu\n", i);
        assert_int_equal(build_with(&part, 1), ERR_REGISTRY);
        assert_non_null(strstr(f.fault.detail, rows[i].says));
    }
}

/* ---- under the registry above ---- */

static enum err open_part(struct span part, struct registry **out)
{
    uint32_t signed_by;
    f.fault.detail[0] = '\0';
    return registry_open_part(out, &f.realm->anchor, w.above, part, &signed_by, &f.fault);
}

static void what_is_no_part_is_not_read_as_one(void **state)
{
    static bend_fn *const bends[] = {NULL, without_body, of_nobody};
    struct registry *r = NULL;
    (void)state;
    make_above();
    for (size_t i = 0; i < T_COUNT(bends); i++) {
        const struct frame_registrar own = province(bends[i], as_it_is);
        print_message("row %zu\n", i);
        assert_int_equal(open_part(part_of(&own, NULL), &r),
                         bends[i] == of_nobody ? ERR_CHAIN : ERR_REGISTRY);
        assert_null(r);
    }
    assert_int_equal(build_chain(), OK);
    assert_int_equal(open_part(span_of(f.file, f.len), &r), ERR_REGISTRY);
    assert_null(r);
}

static void a_part_of_a_registrar_that_is_there_stands_in_its_place(void **state)
{
    struct registry *r = NULL;
    (void)state;
    assert_int_equal(build_chain(), OK);
    assert_int_equal(registry_open(&w.above, &f.realm->anchor, span_of(f.file, f.len), 1, &f.fault),
                     OK);
    const struct frame_registrar own = province(as_it_is, as_it_is);
    assert_int_equal(open_part(part_of(&own, NULL), &r), OK);
    assert_int_equal(registry_registrar_count(r), 3);
    assert_string_equal(registry_registrar_at(r, 0)->member, "registrar.000000");
    assert_string_equal(registry_registrar_at(r, 1)->member, "registrar.445100");
    assert_string_equal(registry_registrar_at(r, 2)->member, "registrar.440000");
    registry_close(&r);
}

/* ---- limits ---- */

static void more_than_there_is_room_for_is_refused_unread(void **state)
{
    static const struct span parts[FRAME_REGISTRARS_MAX];
    static uint8_t room[FRAME_MEMBERS_MAX * 4 + PART_CAP];
    struct registry_make make = version_of(&w.realm, 1);
    struct registry *r = NULL;
    (void)state;
    assert_int_equal(make_file(&make, NULL, REGISTRY_MEMBER_MAX + 1), ERR_TOO_LARGE);
    make.parts = parts;
    make.part_count = FRAME_REGISTRARS_MAX;
    assert_int_equal(make_file(&make, NULL, 0), ERR_TOO_LARGE);
    const struct frame_registrar own = province(as_it_is, as_it_is);
    struct writer many = writer_of(room, sizeof room);
    begin_file(&many, own.document, own.version, FRAME_MEMBERS_MAX);
    for (size_t i = 0; i < FRAME_MEMBERS_MAX; i++)
        frame_registry_add(&many, 0, span_str("x"));
    const struct span part = writer_span(&many);
    assert_int_equal(build_with(&part, 1), ERR_TOO_LARGE); /* with the own ones too many */
    assert_int_equal(
        registry_open(&r, &f.realm->anchor, span_of(f.file, REGISTRY_FILE_MAX + 1), 1, &f.fault),
        ERR_REGISTRY);
    assert_non_null(strstr(f.fault.detail, "longer than"));
    assert_null(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHAIN_CASE(a_part_that_is_none_is_not_put_in),
        CHAIN_CASE(what_is_no_file_or_has_other_parts_is_no_part),
        CHAIN_CASE(an_appointment_that_is_none_makes_no_registry),
        CHAIN_CASE(an_appointment_for_another_region_is_refused_below_the_root_as_well),
        CHAIN_CASE(an_appointment_in_a_chain_names_who_signed_it),
        CHAIN_CASE(a_part_speaks_of_itself_alone),
        CHAIN_CASE(what_is_no_part_is_not_read_as_one),
        CHAIN_CASE(a_part_of_a_registrar_that_is_there_stands_in_its_place),
        CHAIN_CASE(more_than_there_is_room_for_is_refused_unread),
    };
    return cmocka_run_group_tests_name("registry_parts", tests, NULL, NULL);
}
