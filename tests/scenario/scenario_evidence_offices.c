/* Revocations and appointments that registrars signed and that are not theirs to make, in a chain
 * of three: both verifiers refuse each. */
#include "scenario/both.h"
#include "scenario/delegation.h"

#include "frame.h"
#include "wire.h"

#include <stdio.h>
#include <stdlib.h>

#define CITY       "b/registrars/registrar.445100"
#define REVOCATION lianshu_DocumentType_TYPE_KEY_REVOCATION

/* The document without those who issued it, and with as many signatures. */
static struct span unissued(struct span lsd1)
{
    static lianshu_Document d;
    static uint8_t text[PAPER_MAX], paper[PAPER_MAX];
    struct frame_document frame;
    assert_int_equal(frame_parse_document(lsd1, &frame), OK);
    assert_int_equal(wire_decode(&lianshu_Document_msg, frame.document, &d), OK);
    d.issuers_count = 0;
    struct writer w = writer_of(text, sizeof text);
    assert_int_equal(wire_encode(&lianshu_Document_msg, &d, &w), OK);
    frame.document = writer_span(&w);
    struct writer out = writer_of(paper, sizeof paper);
    frame_write_document(&out, &frame);
    return writer_span(&out);
}

static void a_revocation_that_says_what_none_can_is_refused_by_both(void **state)
{
#define SECOND "revocations/registrar.445100-00000002.lsd"
    struct book *b = *state;
    delegation_export(b);
    const uint64_t now_ms = b->world->now_ms;
    struct office far = {.member = "registrar.350000", .key = delegation_city.key};
    const struct {
        lianshu_Revocation body;
        lianshu_DocumentType type;
        const struct office *by;
        const char *label; /* NULL: taken */
    } rows[] = {
        {{.number = 2, .member = SENDER},
         REVOCATION,
         &delegation_city,
         NULL}, /* another key of it */
        {{.number = 2, .member = "health.445100"}, REVOCATION, &delegation_city, NULL},
        {{.number = 2, .member = "finance.445100"},
         REVOCATION,
         &delegation_city,
         NULL}, /* not here */
        {{.number = 2, .member = SENDER, .compromised_since_ms = now_ms},
         REVOCATION,
         &delegation_city,
         NULL},
        {{.number = 2, .member = SENDER, .compromised_since_ms = now_ms + 1},
         REVOCATION,
         &delegation_city,
         "E011 " SECOND},
        {{.number = 2, .member = "somebody"}, REVOCATION, &delegation_city, "E"},
        {{.number = 2, .member = "Market.445100"}, REVOCATION, &delegation_city, "E"},
        {{.number = 3, .member = SENDER}, REVOCATION, &delegation_city, "E814 " SECOND},
        {{.number = 2, .member = SENDER},
         lianshu_DocumentType_TYPE_REGISTRY,
         &delegation_city,
         "E410 " SECOND},
        {{.number = 2, .member = SENDER}, REVOCATION, &far, "E410 " SECOND},
        {{.number = 2, .member = SENDER}, REVOCATION, &delegation_province, "E814 " SECOND},
    };
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        lianshu_Revocation body = rows[i].body;
        print_message("row %zu\n", i);
        body.reason = lianshu_RevocationReason_REVOCATION_COMPROMISED;
        memset(body.kid, (int)i, KID_LEN);
        book_add_file(
            "b", SECOND,
            delegation_called(b, rows[i].by, rows[i].type, &lianshu_Revocation_msg, &body));
        if (rows[i].label != NULL) {
            both_refuse(b, rows[i].label);
            continue;
        }
        both_take(b);
    }
    book_add_file(
        "b", SECOND,
        delegation_revocation(b, &delegation_city, SENDER, 2)); /* the key once more, later */
    both_take(b);
    book_add_file("b", SECOND, unissued(delegation_revocation(b, &delegation_city, SENDER, 2)));
    both_refuse(b, "E814 " SECOND);
#undef SECOND
}

/* */
static void an_appointment_or_part_of_another_is_refused_by_both(void **state)
{
    struct book *b = *state;
    struct office again = {.member = "registrar.000000"};
    size_t len;
    delegation_export(b);
    const lianshu_Revocation other = {.number = 1, .member = SENDER};
    static const char name[] = "registrars/registrar.445100.lsd";
    const struct {
        struct span is;
        const char *label;
    } rows[] = {
        {span_str("none"), "E814 "},
        {unissued(delegation_paper(&delegation_city)), "E814 "},
        {delegation_paper(&delegation_province), "E814 "},
        {delegation_called(b, &delegation_province, lianshu_DocumentType_TYPE_REGISTRAR,
                           &lianshu_Revocation_msg, &other),
         "E410 "},
    };
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        print_message("row %zu\n", i);
        book_add_file("b", name, rows[i].is);
        both_refuse(b, rows[i].label);
    }
    book_add_file("b", name, delegation_paper(&delegation_city));
    char *own = book_read(CITY ".version", &len);
    book_add_file("b", "registrars/registrar.445100.version", span_of(own, len - 1));
    both_refuse(b, "E410 registrars/");
    again.key = delegation_realm.key;
    delegation_appoint(b, &again, &delegation_realm, NULL);
    book_add_file("b", "registrars/registrar.445100.version", span_of(own, len));
    book_add_file("b", "registrars/registrar.000000.version", span_of(own, len));
    book_add_file("b", "registrars/registrar.000000.lsd", delegation_paper(&again));
    both_refuse(b, "E814 registrars/registrar.000000.lsd");
    assert_int_equal(remove("b/registrars/registrar.000000.lsd"), 0);
    book_fit("b");
    both_refuse(b, "E814 registrars/registrar.000000.version"); /* the other half is missing */
    assert_int_equal(remove("b/registrars/registrar.000000.version"), 0);
    char *version = book_read("b/registrars/registrar.440000.version", &len);
    book_add_file("b", "registrars/registrar.445100.version", span_of(version, len));
    both_refuse(b, "E814 registrars/registrar.445100.version");
    assert_int_equal(remove(CITY ".version"), 0);
    book_fit("b");
    both_refuse(b, "E814 registrars/registrar.445100.lsd");
    free(version);
    free(own);
}

#define EACH(fn) cmocka_unit_test_setup_teardown(fn, book_open, delegation_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        EACH(a_revocation_that_says_what_none_can_is_refused_by_both),
        EACH(an_appointment_or_part_of_another_is_refused_by_both),
    };
    return cmocka_run_group_tests_name("evidence_offices", tests, NULL, NULL);
}
