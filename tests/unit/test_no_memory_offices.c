/*
 * Whatever asks for memory and does not get it says so, gives back what it had, and can be asked
 * again: amendments of a registry, each place in turn (fault/memory.h). And so does whatever calls
 * something below that fails (fault/refusal.h). The leak checker watches.
 */
#include "unit/amend_papers.h"

#include "fault/memory.h"
#include "fault/refusal.h"

static uint8_t one[sizeof f.bytes];
static uint8_t two[sizeof f.bytes];
static struct span revoked;
static struct span added;

static struct registry *fresh(enum err *err)
{
    struct registry *r = NULL;
    *err =
        registry_open(&r, &f.realm->anchor, span_of(f.realm->file, f.realm->file_len), 1, &f.fault);
    return r;
}

/* A revocation and a key record, and then the next version that takes over both. */
static enum err amendments(void)
{
    enum err err;
    struct registry *r = fresh(&err);
    struct registry *next = NULL;
    if (err == OK)
        err = registry_amend(r, revoked, NOW, false, NULL, &f.fault);
    if (err == OK)
        err = registry_amend(r, added, NOW, false, NULL, &f.fault);
    if (err == OK)
        next = fresh(&err);
    if (err == OK)
        err = registry_amend_from(next, r, &f.fault);
    if (err == OK)
        assert_int_equal(registry_amendment_count(next), 2);
    registry_close(&next);
    registry_close(&r);
    return err;
}

static enum err both_applied(void)
{
    static lianshu_MemberRecord record_now;
    enum err err;
    struct registry *r = fresh(&err);
    if (err == OK)
        err = registry_amend(r, revoked, NOW, false, NULL, &f.fault);
    if (err == OK)
        err = registry_amend(r, added, NOW, false, NULL, &f.fault);
    if (err == OK)
        err = registry_record_amended(r, registry_member(r, REALM_MARKET), NOW, &record_now);
    registry_close(&r);
    return err;
}

/* Of a revocation, which no version may lose. */
static enum err taken_over(void)
{
    enum err err;
    struct registry *r = fresh(&err);
    struct registry *next = NULL;
    if (err == OK)
        err = registry_amend(r, revoked, NOW, false, NULL, &f.fault);
    if (err == OK)
        next = fresh(&err);
    if (err == OK)
        err = registry_amend_from(next, r, &f.fault);
    if (err == OK)
        assert_int_equal(registry_amendment_count(next), 1);
    registry_close(&next);
    registry_close(&r);
    return err;
}

static void without_what_it_needs_there_are_no_amendments(void **state)
{
    const struct key *key = realm_key(f.realm, REALM_POLICE, KEY_USE_SIGN);
    const lianshu_Revocation body = of_key(1, REALM_POLICE, key, 0);
    const lianshu_MemberKey row = entry(f.key[0], NOW, NOW + 30 * REALM_DAY_MS);
    (void)state;
    revoked = revocation(&body, NULL);
    memcpy(one, revoked.data, revoked.len);
    revoked.data = one;
    added = record(1, &row, 1, 0);
    memcpy(two, added.data, added.len);
    added.data = two;
    memory_hold("amendments", amendments);
    refusal_hold("applied", both_applied);
    refusal_hold("taken over", taken_over);
}

/* A key record that the version contradicts is passed over, once it could be looked at. */
static enum err passed_over(void)
{
    enum err err;
    struct registry *r = fresh(&err);
    if (err == OK)
        err = registry_amend_again(r, added, NOW, &f.fault);
    if (err == OK)
        assert_int_equal(registry_amendment_count(r), 0);
    registry_close(&r);
    return err;
}

static void without_what_it_needs_nothing_is_passed_over(void **state)
{
    const struct key *seal = realm_key(f.realm, REALM_MARKET, KEY_USE_SEAL);
    const lianshu_MemberKey row = entry(seal, NOW, NOW + REALM_DAY_MS); /* as of another time */
    (void)state;
    added = record(1, &row, 1, 0);
    memcpy(two, added.data, added.len);
    added.data = two;
    memory_hold("passed over", passed_over);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(without_what_it_needs_there_are_no_amendments, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(without_what_it_needs_nothing_is_passed_over, setup,
                                        teardown),
    };
    return cmocka_run_group_tests_name("no_memory_offices", tests, NULL, NULL);
}
