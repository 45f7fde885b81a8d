/* Checks the promises in deploy/day/city.h. */
#include "deploy/day/city.h"

#include "ident.h"

#include "t.h"

#include <stdlib.h>
#include <string.h>

static struct city city;
static struct city other;

static int compare(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void the_same_seed_gives_the_same_city(void **state)
{
    (void)state;
    city_make(&city, 1);
    city_make(&other, 1);
    assert_memory_equal(&city, &other, sizeof city);
    city_make(&other, 2);
    assert_memory_not_equal(&city, &other, sizeof city);
}

static void the_sizes_are_those_of_the_plan(void **state)
{
    static const size_t sizes[TRADE_COUNT] = {11, 20, 7, 890, 77, 724, 11};
    size_t got[TRADE_COUNT] = {0};

    (void)state;
    city_make(&city, 1);
    for (size_t i = 0; i < CITY_COMPANIES; i++)
        got[city.companies[i].trade]++;
    assert_memory_equal(got, sizes, sizeof got);
}

static void every_identifier_is_valid(void **state)
{
    (void)state;
    city_make(&city, 7);
    for (size_t i = 0; i < CITY_COMPANIES; i++) {
        const struct company *c = &city.companies[i];
        bool inner = false;
        assert_int_equal(uscc_check(c->uscc, &inner), OK);
        assert_true(inner);
        assert_int_equal(citizen_check(c->representative.id), OK);
        assert_int_equal(citizen_check(c->manager.id), OK);
        assert_memory_equal(c->uscc + 2, c->region, 6);
        assert_memory_equal(c->uscc + 8, "DEMA", 4);
        assert_memory_equal(c->representative.id, "999999", 6);
        assert_non_null(strstr(c->name, "演示"));
    }
}

static void every_identifier_occurs_once(void **state)
{
    static const char *ids[3 * CITY_COMPANIES];
    size_t count = 0;

    (void)state;
    city_make(&city, 7);
    for (size_t i = 0; i < CITY_COMPANIES; i++) {
        ids[count++] = city.companies[i].uscc;
        ids[count++] = city.companies[i].representative.id;
        ids[count++] = city.companies[i].manager.id;
    }
    qsort(ids, count, sizeof ids[0], compare);
    for (size_t i = 1; i < count; i++)
        assert_string_not_equal(ids[i - 1], ids[i]);
}

static void check_characters_are_those_of_the_standards(void **state)
{
    char code[19] = "91445100DEMA0001";
    char person[19] = "99999919900101001";

    (void)state;
    city_check_uscc(code);
    assert_string_equal(code, "91445100DEMA00013Q");
    city_check_citizen(person);
    assert_string_equal(person, "999999199001010016");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_seed_gives_the_same_city),
        cmocka_unit_test(the_sizes_are_those_of_the_plan),
        cmocka_unit_test(every_identifier_is_valid),
        cmocka_unit_test(every_identifier_occurs_once),
        cmocka_unit_test(check_characters_are_those_of_the_standards),
    };
    return cmocka_run_group_tests_name("city", tests, NULL, NULL);
}
