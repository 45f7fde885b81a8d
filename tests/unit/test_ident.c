/* Checks the promises in ident.h with the vectors of the domain's identifier table. */
#include "ident.h"

#include "t.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void uscc_vectors_hold(void **state)
{
    static const struct {
        const char *code;
        enum err want;
    } rows[] = {
        {"914403001922038216", OK},
        {"91330100799655058B", OK},
        {"9144030071526726XG", OK},
        {"91110108551385082Q", OK},
        {"9153000021652214XX", OK},
        {"9132070070404786XB", OK},
        {"914403007109245909", OK},
        {"91110000101461180X", OK},
        {"91110000600037341L", OK},
        {"91360106MA35WNBE9F", OK},
        {"91440605MA52ETCC8Y", OK},
        {"91220100DEMA000135", OK},
        {"91220100DEMA000210", OK},
        {"91445100DEMA00013Q", OK},
        {"91445100DEMA00021K", OK},
        {"91110000DEMA000135", OK}, /* another region, the same check character */
        {"914403001922038217", ERR_CHECK_DIGIT},
        {"91110000600037342L", ERR_CHECK_DIGIT},
        {"914403007019245909", ERR_CHECK_DIGIT},
        {"A1110000600037341L", ERR_CHECK_DIGIT},
        {"9144030O1922038216", ERR_IDENTIFIER},
        {"91110108551385082I", ERR_IDENTIFIER},
        {"9111010855138508Q", ERR_IDENTIFIER},
        {"914403001922038216 ", ERR_IDENTIFIER},
        {"91110108551385082q", ERR_IDENTIFIER},
        {"91A10108551385082Q", ERR_IDENTIFIER},
        {"", ERR_IDENTIFIER},
    };
    (void)state;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        bool inner = false;
        print_message("row %zu\n", i);
        assert_int_equal(uscc_check(rows[i].code, &inner), rows[i].want);
        if (rows[i].want == OK)
            assert_true(inner);
    }
}

/* The outer check of a body whose inner check is wrong still holds: a warning, not a refusal. */
static void inner_check_is_reported_apart(void **state)
{
    static const char alphabet[] = "0123456789ABCDEFGHJKLMNPQRTUWXY";
    char code[] = "91110000600037342L";
    bool inner = true;
    unsigned good = 0;
    (void)state;
    for (size_t i = 0; i < 31; i++) {
        code[17] = alphabet[i];
        if (uscc_check(code, &inner) == OK) {
            good++;
            assert_false(inner);
        }
    }
    assert_int_equal(good, 1);
}

static void citizen_vectors_hold(void **state)
{
    static const struct {
        const char *id;
        enum err want;
    } rows[] = {
        {"11010519491231002X", OK},
        {"440524188001010014", OK},
        {"999999199001010016", OK},
        {"000000197001010000", OK},
        {"110105194912310021", ERR_CHECK_DIGIT},
        {"11010519491331002X", ERR_IDENTIFIER},
        {"1101051949123100", ERR_IDENTIFIER},
        {"11010519491231002x", ERR_IDENTIFIER},
        {"1101051949123100X2", ERR_IDENTIFIER},
        {"11010519491231002X0", ERR_IDENTIFIER},
        {"", ERR_IDENTIFIER},
    };
    (void)state;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        print_message("row %zu\n", i);
        assert_int_equal(citizen_check(rows[i].id), rows[i].want);
    }
    assert_int_equal(citizen_birth_date("11010519491231002X"), 19491231);
}

static void approval_vectors_hold(void **state)
{
    static const struct {
        const char *number;
        enum err want;
    } rows[] = {
        {"国药准字H20067255", OK},
        {"国药准字H11021869", OK},
        {"国药准字HJ20200001", OK},
        {"国药准字SC20200001", OK},
        {"国药准字X20200001", ERR_IDENTIFIER},
        {"国药准字H2006725", ERR_IDENTIFIER},
        {"国药准字H200672555", ERR_IDENTIFIER},
        {"国药准字BJ20200001", ERR_IDENTIFIER},
        {"国药准字H2006725x", ERR_IDENTIFIER},
        {"H20067255", ERR_IDENTIFIER},
        {"", ERR_IDENTIFIER},
    };
    (void)state;
    for (size_t i = 0; i < T_COUNT(rows); i++)
        assert_int_equal(product_check(span_str(rows[i].number)), rows[i].want);
}

static void product_vectors_hold(void **state)
{
    static const struct {
        const char *number;
        enum err want;
    } rows[] = {
        {"国药准字H20067255", OK},
        {"国械注准20193011234", OK},
        {"粤械注准20202140001", OK},
        {"国械注进20153770001", OK},
        {"粤潮械备20200012", OK},
        {"国械备20200012", OK},
        {"国械注准2019301123", ERR_IDENTIFIER},
        {"国械注准2019301123A", ERR_IDENTIFIER},
        {"国械注准2019301123-", ERR_IDENTIFIER},
        {"X械注准20193011234", ERR_IDENTIFIER},
        {"粤潮州械备20200012", ERR_IDENTIFIER},
        {"械备20200012", ERR_IDENTIFIER},
        {"06901234567892", OK}, /* GTIN-14 */
        {"26901234567896", OK},
        {"06901234567891", ERR_CHECK_DIGIT},
        {"0690123456789", ERR_IDENTIFIER},
        {"81234567890123456789", ERR_IDENTIFIER}, /* a trace code is no product */
        {"", ERR_IDENTIFIER},
    };
    (void)state;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        print_message("row %zu: %s\n", i, rows[i].number);
        assert_int_equal(product_check(span_str(rows[i].number)), rows[i].want);
    }
    assert_int_equal(subject_id_check(lianshu_SubjectKind_SUBJECT_BATCH, "06901234567892/L-7"), OK);
    assert_int_equal(subject_id_check(lianshu_SubjectKind_SUBJECT_BATCH, "06901234567891/L-7"),
                     ERR_CHECK_DIGIT);
}

static void a_subject_has_the_identifier_of_its_kind(void **state)
{
    (void)state;
    assert_int_equal(subject_id_check(lianshu_SubjectKind_SUBJECT_ENTERPRISE, "91445100DEMA00013Q"),
                     OK);
    assert_int_equal(subject_id_check(lianshu_SubjectKind_SUBJECT_PERSON, "91445100DEMA00013Q"),
                     ERR_IDENTIFIER);
    assert_int_equal(subject_id_check(lianshu_SubjectKind_SUBJECT_PERSON, "999999199001010016"),
                     OK);
    assert_int_equal(subject_id_check(lianshu_SubjectKind_SUBJECT_PRODUCT, "国药准字H20067255"),
                     OK);
    assert_int_equal(subject_id_check(lianshu_SubjectKind_SUBJECT_BATCH, "国药准字H20067255/A-1"),
                     OK);
    assert_int_equal(subject_id_check(lianshu_SubjectKind_SUBJECT_BATCH, "国药准字H20067255/"),
                     ERR_IDENTIFIER);
    assert_int_equal(subject_id_check(lianshu_SubjectKind_SUBJECT_BATCH, "国药准字H20067255"),
                     ERR_IDENTIFIER);
    assert_int_equal(subject_id_check(lianshu_SubjectKind_SUBJECT_NONE, "91445100DEMA00013Q"),
                     ERR_IDENTIFIER);
}

static void normalising_changes_form_only(void **state)
{
    static const struct {
        const char *in;
        const char *want;
    } rows[] = {
        {"  91110108551385082q \n", "91110108551385082Q"},
        {"９１１１０１０８５５１３８５０８２Ｑ", "91110108551385082Q"},
        {"　1101051949123100 2x　", "1101051949123100 2X"},
        {"9144030o1922038216", "9144030O1922038216"}, /* still not a zero */
        {"国药准字ｈ20067255", "国药准字H20067255"},
        {"", ""},
        {"   ", ""},
    };
    char out[64];
    (void)state;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        assert_int_equal(ident_normalise(rows[i].in, out, sizeof out), OK);
        assert_string_equal(out, rows[i].want);
    }
    assert_int_equal(ident_normalise("12345", out, 5), ERR_FIELD_LONG);
    assert_int_equal(ident_normalise("1234  ", out, 5), OK);
    assert_int_equal(ident_normalise("1 3 5", out, 5), ERR_FIELD_LONG);
    assert_int_equal(ident_normalise("12\xff", out, sizeof out), ERR_UTF8);
}

static void a_documents_number_is_one_however_it_is_written(void **state)
{
    static const char *const ways[] = {
        "潮市监处罚〔2026〕17号",     "潮市监处罚[2026]17号",       "潮市监处罚（2026）17号",
        "潮市监处罚(2026)17号",       "潮市监处罚【2026】17号",     "潮市监处罚［２０２６］１７号",
        " 潮市监处罚 〔2026〕 17 号", "潮市监处罚　〈2026〉17号\n",
    };
    char out[64];
    (void)state;
    for (size_t i = 0; i < T_COUNT(ways); i++) {
        assert_int_equal(ident_number(span_str(ways[i]), out, sizeof out), OK);
        assert_string_equal(out, "潮市监处罚[2026]17号");
    }
    assert_int_equal(ident_number(span_str("a-1/b"), out, sizeof out), OK);
    assert_string_equal(out, "A-1/B");
    assert_int_equal(ident_number(span_str(" "), out, 1), OK);
    assert_string_equal(out, "");
    assert_int_equal(ident_number(span_str(""), out, 0), ERR_FIELD_LONG);
    assert_int_equal(ident_number(span_str("12345"), out, 5), ERR_FIELD_LONG);
    assert_int_equal(ident_number(span_str("12\xff"), out, sizeof out), ERR_UTF8);
    /* Another number stays another one. */
    assert_int_equal(ident_number(span_str("潮市监处罚〔2026〕18号"), out, sizeof out), OK);
    assert_string_not_equal(out, "潮市监处罚[2026]17号");
}

static void masks_never_identify(void **state)
{
    char out[IDENT_MASK_MAX];
    (void)state;
    ident_mask("445102199001010014", out, sizeof out);
    assert_string_equal(out, "4451**********0014");
    ident_mask("国药准字H20067255", out, sizeof out);
    assert_string_equal(out, "国药准字*****7255");
    ident_mask("12345678901", out, sizeof out);
    assert_string_equal(out, "1**********");
    ident_mask("12", out, sizeof out);
    assert_string_equal(out, "**");
    ident_mask("", out, sizeof out);
    assert_string_equal(out, "");
    ident_mask("\xff", out, sizeof out);
    assert_string_equal(out, "");
    for (size_t cap = 1; cap < 30; cap++) {
        ident_mask("国药准字H20067255", out, cap);
        assert_true(strlen(out) < cap);
    }
    out[0] = 'x';
    ident_mask("12", out, 0);
    assert_int_equal(out[0], 'x');
}

static void member_ids_are_parsed_or_refused(void **state)
{
    static const struct {
        const char *id;
        enum err want;
    } rows[] = {
        {"market.445100", OK},
        {"health-cdc.445100", OK},
        {"hub.000000", OK},
        {"market-12345678.445100", OK},
        {"circus.445100", ERR_MEMBER_UNKNOWN},
        {"market.44510", ERR_IDENTIFIER},
        {"market.4451000", ERR_IDENTIFIER},
        {"market.44510x", ERR_IDENTIFIER},
        {"market.445100.", ERR_IDENTIFIER},
        {"market.445100 ", ERR_IDENTIFIER},
        {"Market.445100", ERR_IDENTIFIER},
        {"m.445100", ERR_IDENTIFIER},
        {"marketmarketmarket.445100", ERR_IDENTIFIER},
        {"market-.445100", ERR_IDENTIFIER},
        {"market-123456789.445100", ERR_IDENTIFIER},
        {"market-a-b.445100", ERR_IDENTIFIER},
        {"market", ERR_IDENTIFIER},
        {".445100", ERR_IDENTIFIER},
        {"", ERR_IDENTIFIER},
        {"mаrket.445100", ERR_IDENTIFIER}, /* a Cyrillic letter */
    };
    struct member m;
    (void)state;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        print_message("row %zu: %s\n", i, rows[i].id);
        assert_int_equal(member_parse(rows[i].id, &m), rows[i].want);
        assert_int_equal(member_valid(rows[i].id), rows[i].want == OK);
    }
    assert_int_equal(member_parse("health-cdc.445100", &m), OK);
    assert_int_equal(m.department, DEPARTMENT_HEALTH);
    assert_string_equal(m.unit, "cdc");
    assert_string_equal(m.region, "445100");
    assert_true(member_is_hub("hub.445100"));
    assert_false(member_is_hub("hubs.445100"));
}

static void departments_have_distinct_words_and_texts(void **state)
{
    unsigned bit;
    (void)state;
    for (unsigned i = 0; i < 32; i++) {
        assert_non_null(department_zh(i));
        assert_non_null(department_en(i));
        assert_true(department_find(department_name(i), &bit));
        assert_int_equal(bit, i);
    }
    assert_null(department_name(32));
    assert_null(department_zh(32));
    assert_null(department_en(32));
    assert_true(member_is_hub("hub.445100"));
    assert_true(member_is_hub("hub-a.445100"));
    assert_false(member_is_hub("hubs.445100"));
    assert_false(department_find("", &bit));
}

static void regions_form_a_tree_by_prefix(void **state)
{
    static const struct {
        const char *outer;
        const char *inner;
        bool want;
    } rows[] = {
        {"000000", "445102", true},  {"000000", "000000", true},  {"440000", "445102", true},
        {"445100", "445102", true},  {"445102", "445102", true},  {"445100", "445200", false},
        {"445102", "445100", false}, {"440000", "450000", false}, {"445100", "440000", false},
        {"4451", "445102", false},   {"44510x", "445102", false}, {"", "445102", false},
        {"445100", "4451", false},
    };
    (void)state;
    for (size_t i = 0; i < T_COUNT(rows); i++)
        assert_int_equal(region_contains(rows[i].outer, rows[i].inner), rows[i].want);
}

static void the_table_of_the_tree_loads(void **state)
{
    struct regions *r;
    struct fault f;
    (void)state;
    assert_int_equal(regions_open(&r, "schemas/data/regions.csv", &f), OK);
    assert_non_null(regions_at(r, 3342));
    assert_null(regions_at(r, 3343));
    const struct region *chaozhou = regions_find(r, "445100");
    assert_string_equal(chaozhou->name, "潮州市");
    assert_string_equal(chaozhou->parent, "440000");
    assert_int_equal(chaozhou->level, 2);
    assert_int_equal(regions_find(r, "441900")->level, 2); /* a city without counties */
    assert_null(regions_find(r, "445199"));
    regions_close(&r);
    assert_null(r);
    assert_int_equal(regions_open(&r, "schemas/data/none.csv", &f), ERR_NOT_FOUND);
    assert_null(r);
}

static void broken_tables_are_refused_with_their_line(void **state)
{
    static const struct {
        const char *text;
        enum err err;
        unsigned line;
    } rows[] = {
        {"", ERR_SYNTAX, 1},
        {"code,name,level,parent\n44510,x,nation,\n", ERR_REGION, 2},
        {"code,name,level,parent\n000000,全国,nation,\n440000,广东省,province,990000\n", ERR_REGION,
         3},
        {"code,name,level,parent\n000000,全国,nation,\n440000,广东省,land,000000\n", ERR_SYNTAX, 3},
        {"code,name,level,parent\n000000,全国,nation,\n000000,全国,nation,\n", ERR_SYNTAX, 3},
        {"code,name,level,parent\n000000,,nation,\n", ERR_FIELD_LONG, 2},
        {"code,name,level,parent\n000000,\xff,nation,\n", ERR_UTF8, 2},
        {"code,name,level,parent\n0000000,x,nation,\n", ERR_REGION, 2},
        {"code,name,level,parent\n000000,x,a-level-that-is-long,\n", ERR_SYNTAX, 2},
        {"code,name,level,parent\n000000,x,nation,0000000\n", ERR_REGION, 2},
        {"code,name,level,parent\n000000,x,nation,440000\n", ERR_REGION, 2},
    };
    (void)state;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        struct regions *r;
        struct fault f;
        assert_int_equal(regions_parse(&r, span_str(rows[i].text), "regions.csv", &f), rows[i].err);
        assert_int_equal(f.line, rows[i].line);
        assert_null(r);
    }
}

static void a_table_has_so_many_regions_with_names_that_fit(void **state)
{
    enum { LINE = 32 };
    char *text = malloc((REGIONS_MAX + 2) * (size_t)LINE);
    struct regions *r;
    struct fault f;
    char name[REGION_NAME_MAX + 64] = "code,name,level,parent\n000000,";
    (void)state;
    assert_non_null(text);
    size_t len = (size_t)snprintf(text, LINE, "code,name,level,parent\n");
    for (size_t i = 0; i <= REGIONS_MAX; i++)
        len += (size_t)snprintf(text + len, LINE, "%06zu,x,nation,\n", i);
    assert_int_equal(regions_parse(&r, span_of(text, len), "x", &f), ERR_TOO_LARGE);
    assert_int_equal(f.line, REGIONS_MAX + 2);
    free(text);
    len = strlen(name);
    memset(name + len, 'n', REGION_NAME_MAX + 1);
    snprintf(name + len + REGION_NAME_MAX + 1, 16, ",nation,\n");
    assert_int_equal(regions_parse(&r, span_str(name), "x", &f), ERR_FIELD_LONG);
}

static void without_room_nothing_is_normalised(void **state)
{
    char out[1] = {'x'};
    (void)state;
    assert_int_equal(ident_normalise("", out, 0), ERR_FIELD_LONG);
    assert_int_equal(ident_normalise(" ", out, 0), ERR_FIELD_LONG);
    assert_int_equal(ident_number(span_str(""), out, 0), ERR_FIELD_LONG);
    assert_int_equal(out[0], 'x');
    assert_int_equal(uscc_check("9144510\x01", NULL), ERR_IDENTIFIER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(uscc_vectors_hold),
        cmocka_unit_test(inner_check_is_reported_apart),
        cmocka_unit_test(citizen_vectors_hold),
        cmocka_unit_test(approval_vectors_hold),
        cmocka_unit_test(product_vectors_hold),
        cmocka_unit_test(a_subject_has_the_identifier_of_its_kind),
        cmocka_unit_test(normalising_changes_form_only),
        cmocka_unit_test(a_documents_number_is_one_however_it_is_written),
        cmocka_unit_test(masks_never_identify),
        cmocka_unit_test(member_ids_are_parsed_or_refused),
        cmocka_unit_test(departments_have_distinct_words_and_texts),
        cmocka_unit_test(regions_form_a_tree_by_prefix),
        cmocka_unit_test(the_table_of_the_tree_loads),
        cmocka_unit_test(broken_tables_are_refused_with_their_line),
        cmocka_unit_test(a_table_has_so_many_regions_with_names_that_fit),
        cmocka_unit_test(without_room_nothing_is_normalised),
    };
    return cmocka_run_group_tests_name("ident", tests, NULL, NULL);
}
