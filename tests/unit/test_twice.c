/* Checks keys/twice.h, and what registry.h promises of the least suite: a registrar's document that
 * was replaced stays replaced, two under one number are evidence, and a registry that demands a
 * suite lets no lower one pass. */
#include "unit/registry_world.h"

#include "keys/twice.h"
#include "wire.h"

enum { PAPERS = 3, PAPER_CAP = 4096 };

static struct {
    uint8_t bytes[PAPER_CAP];
    size_t len;
} papers[PAPERS];

static struct twice twice;

static struct span appoint(size_t slot, uint64_t number)
{
    struct writer w = writer_of(papers[slot].bytes, sizeof papers[slot].bytes);
    const struct span paper =
        appoint_registrar(&w, number, REALM_NOW_MS, REALM_NOW_MS + REALM_DAY_MS);
    papers[slot].len = paper.len;
    return paper;
}

static void a_registrars_document_is_followed_by_itself_and_by_a_newer_one_alone(void **state)
{
    static const struct {
        uint64_t held, next;
        enum err code;
    } rows[] = {
        {1, 2, OK},
        {1, 900, OK},
        {0, 1, OK},
        {2, 1, ERR_REGISTRY_ROLLBACK},
        {1, 0, ERR_REGISTRY_ROLLBACK},
        {2, 2, ERR_NUMBER_TWICE},
        {0, 0, ERR_NUMBER_TWICE},
    };
    (void)state;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        print_message("row %zu\n", i);
        const struct span held = appoint(0, rows[i].held);
        const struct span next = appoint(1, rows[i].next);
        assert_int_equal(registrar_follows(held, next, &twice, &f.fault), rows[i].code);
        assert_int_equal(registrar_follows(held, held, &twice, &f.fault), OK);
    }
}

static void both_documents_are_kept_as_evidence(void **state)
{
    (void)state;
    const struct span held = appoint(0, 7);
    const struct span next = appoint(1, 7);
    assert_int_equal(registrar_follows(held, next, &twice, &f.fault), ERR_NUMBER_TWICE);
    assert_string_equal(twice.issuer, "registrar.445100");
    assert_int_equal(twice.type, lianshu_DocumentType_TYPE_REGISTRAR);
    assert_int_equal(twice.number, 7);
    assert_true(span_eq(span_of(twice.held.lsd1, twice.held.len), held));
    assert_true(span_eq(span_of(twice.offered.lsd1, twice.offered.len), next));
    assert_memory_not_equal(twice.held.hash, twice.offered.hash, HASH_LEN);
}

static void what_is_no_registrars_document_follows_nothing(void **state)
{
    (void)state;
    const struct span held = appoint(0, 1);
    assert_int_equal(registrar_follows(held, span_str("LSD1"), &twice, &f.fault), ERR_REGISTRY);
    assert_int_equal(registrar_follows(span_of(NULL, 0), held, &twice, &f.fault), ERR_REGISTRY);
    for (size_t cut = 1; cut < held.len; cut += 7)
        assert_int_equal(
            registrar_follows(held, span_of(held.data, held.len - cut), &twice, &f.fault),
            ERR_REGISTRY);
}

/* The file of a later version is signed by who was in office before: its roots have signed both. */
static void a_registry_names_the_document_and_its_number(void **state)
{
    struct registry *r = NULL;
    struct registry_make make = realm_make(f.realm, 9);
    (void)state;
    assert_int_equal(write_file(&make, REALM_MEMBERS), OK);
    assert_int_equal(registry_open(&r, &f.realm->anchor, span_of(f.file, f.len), 0, &f.fault), OK);
    assert_int_equal(registry_registrar_at(r, 0)->number, 9);
    const struct span now = registry_registrar_document(r, 0);
    assert_int_equal(registrar_follows(now, now, &twice, &f.fault), OK);
    assert_int_equal(
        registrar_follows(now, registry_registrar_document(f.realm->registry, 0), &twice, &f.fault),
        ERR_REGISTRY_ROLLBACK);
    assert_int_equal(registry_registrar_document(r, 1).len, 0);
    registry_close(&r);
}

static void a_registry_that_demands_a_suite_lets_no_lower_one_pass_from_its_issue_on(void **state)
{
    static const struct {
        unsigned least;
        uint32_t suite;
        enum err before, since;
    } rows[] = {
        {0, SUITE_CURRENT, OK, OK},
        {0, 2, ERR_SUITE, ERR_SUITE},
        {0, 0, ERR_SUITE, ERR_SUITE},
        {SUITE_CURRENT, SUITE_CURRENT, OK, OK},
        {SUITE_CURRENT, 0, ERR_SUITE, ERR_SUITE},
        {0x0101, SUITE_CURRENT, OK, ERR_SUITE_LEAST},
        {0x0101, 2, ERR_SUITE, ERR_SUITE_LEAST},
        {0x0101, 0x0101, ERR_SUITE, ERR_SUITE},
        {0x0101, UINT32_MAX, ERR_SUITE, ERR_SUITE},
    };
    (void)state;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        struct registry *r = NULL;
        struct registry_make make = realm_make(f.realm, 2);
        print_message("row %zu\n", i);
        make.least_suite = rows[i].least;
        assert_int_equal(write_file(&make, REALM_MEMBERS), OK);
        assert_int_equal(registry_open(&r, &f.realm->anchor, span_of(f.file, f.len), 0, &f.fault),
                         OK);
        assert_int_equal(registry_least_suite(r), rows[i].least);
        assert_int_equal(registry_suite(r, rows[i].suite, make.now_ms - 1), rows[i].before);
        assert_int_equal(registry_suite(r, rows[i].suite, make.now_ms), rows[i].since);
        registry_close(&r);
    }
}

/* A document of this form in which something else stands. */
static void what_is_no_registrar_inside_follows_nothing_either(void **state)
{
    struct frame_document frame;
    uint8_t bytes[PAPER_CAP];
    static lianshu_Document d;
    uint8_t inner[2048];
    (void)state;
    const struct span held = appoint(0, 1);
    assert_int_equal(frame_parse_document(held, &frame), OK);
    assert_int_equal(wire_decode(&lianshu_Document_msg, frame.document, &d), OK);
    d.body.size--;
    struct writer i = writer_of(inner, sizeof inner);
    assert_int_equal(wire_encode(&lianshu_Document_msg, &d, &i), OK);
    const struct span insides[] = {span_str("none"), writer_span(&i)};
    for (size_t n = 0; n < T_COUNT(insides); n++) {
        struct writer w = writer_of(bytes, sizeof bytes);
        frame.document = insides[n];
        frame_write_document(&w, &frame);
        assert_int_equal(registrar_follows(held, writer_span(&w), &twice, &f.fault), ERR_REGISTRY);
    }
}

static void what_is_too_long_is_kept_by_its_hash_alone(void **state)
{
    static const uint8_t bytes[TWICE_DOCUMENT_MAX + 1];
    static const uint8_t hash[HASH_LEN] = {9};
    (void)state;
    twice_keep(&twice.held, hash, span_of(bytes, TWICE_DOCUMENT_MAX));
    assert_int_equal(twice.held.len, TWICE_DOCUMENT_MAX);
    twice_keep(&twice.held, hash, span_of(bytes, TWICE_DOCUMENT_MAX + 1));
    assert_int_equal(twice.held.len, 0);
    assert_memory_equal(twice.held.hash, hash, HASH_LEN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_registrars_document_is_followed_by_itself_and_by_a_newer_one_alone),
        CASE(both_documents_are_kept_as_evidence),
        CASE(what_is_no_registrars_document_follows_nothing),
        CASE(what_is_no_registrar_inside_follows_nothing_either),
        CASE(what_is_too_long_is_kept_by_its_hash_alone),
        CASE(a_registry_names_the_document_and_its_number),
        CASE(a_registry_that_demands_a_suite_lets_no_lower_one_pass_from_its_issue_on),
    };
    return cmocka_run_group_tests_name("twice", tests, NULL, NULL);
}
