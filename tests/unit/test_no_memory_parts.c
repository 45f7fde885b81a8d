/*
 * A registry of several registrars that is put together, a part that is opened under the registry
 * above, and a member that is proven: each says so where it gets no memory (fault/memory.h) or
 * where something below fails (fault/refusal.h), gives back what it had, and can be asked again.
 * The leak checker watches.
 */
#include "unit/registry_offices.h"

#include "fault/memory.h"
#include "fault/refusal.h"

static lianshu_MemberRecord own[REALM_MEMBERS];
static size_t own_count;
static struct span parts[2];
static uint8_t chain[FILE_CAP];
static size_t chain_len;

static int begin(void **state)
{
    (void)chain_setup(state);
    parts[0] = city_part(0, &w.city, 2);
    parts[1] = raw_part(1, &w.province, 2, NULL, 0, REALM_NOW_MS + 30 * REALM_DAY_MS);
    own_count = city_records(own, false);
    assert_int_equal(build_with(parts, 2), OK);
    memcpy(chain, f.file, f.len);
    chain_len = f.len;
    make_above();
    return 0;
}

static enum err registry_of_parts(void)
{
    struct registry_make make = version_of(&w.realm, 2);
    make.parts = parts;
    make.part_count = 2;
    return make_file(&make, own, own_count);
}

static enum err registry_that_is_opened(void)
{
    struct registry *r = NULL;
    const enum err err =
        registry_open(&r, &f.realm->anchor, span_of(chain, chain_len), 2, &f.fault);
    registry_close(&r);
    return err;
}

static enum err part_under_the_registry(void)
{
    struct registry *r = NULL;
    uint32_t signed_by;
    const enum err err =
        registry_open_part(&r, &f.realm->anchor, w.above, parts[1], &signed_by, &f.fault);
    registry_close(&r);
    return err;
}

static void without_memory_there_is_no_registry_of_parts(void **state)
{
    (void)state;
    memory_hold("registry of parts", registry_of_parts);
    memory_hold("registry that is opened", registry_that_is_opened);
    memory_hold("part under the registry", part_under_the_registry);
}

static void where_a_call_fails_there_is_no_registry_of_parts(void **state)
{
    (void)state;
    refusal_hold("registry of parts", registry_of_parts);
    refusal_hold("registry that is opened", registry_that_is_opened);
    refusal_hold("part under the registry", part_under_the_registry);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(without_memory_there_is_no_registry_of_parts, begin,
                                        chain_teardown),
        cmocka_unit_test_setup_teardown(where_a_call_fails_there_is_no_registry_of_parts, begin,
                                        chain_teardown),
    };
    return cmocka_run_group_tests_name("no_memory_parts", tests, NULL, NULL);
}
