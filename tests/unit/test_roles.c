/* Checks keys/roles.h: which two may do what, over every pair of roles, and that a record gives an
 * official exactly one. */
#include "keys/roles.h"

#include "check.h"
#include "realm.h"

#include "t.h"

enum {
    O = ROLES_OPERATOR,
    S = ROLES_SECURITY,
    A = ROLES_AUDITOR,
};

/* Pairs that may do it, each in both orders; every other pair may not. */
static const struct {
    unsigned act;
    uint32_t pairs[3][2];
} MAY[] = {
    {lianshu_OfficialVerb_OFFICIAL_NONE, {{0}}},
    {lianshu_OfficialVerb_OFFICIAL_RELEASE, {{O, O}, {O, S}}},
    {lianshu_OfficialVerb_OFFICIAL_RETURN, {{O, O}, {O, S}}},
    {lianshu_OfficialVerb_OFFICIAL_RESTORED, {{S, O}, {S, S}}},
    {lianshu_OfficialVerb_OFFICIAL_UNMASK, {{S, O}, {S, S}}},
    {lianshu_OfficialVerb_OFFICIAL_REKEY, {{S, O}, {S, S}}},
    {lianshu_OfficialVerb_OFFICIAL_DOUBT, {{S, O}, {S, S}}},
    {ROLES_RULE_SET, {{S, O}, {S, S}}},
};
_Static_assert(T_COUNT(MAY) == ROLES_ACTS, "every act stands in this table");

static bool listed(size_t row, uint32_t first, uint32_t second)
{
    for (size_t i = 0; i < 3; i++) {
        const uint32_t *pair = MAY[row].pairs[i];
        if (pair[0] != 0 &&
            ((pair[0] == first && pair[1] == second) || (pair[0] == second && pair[1] == first)))
            return true;
    }
    return false;
}

static void two_do_what_the_table_has_for_their_roles_and_nothing_else(void **state)
{
    (void)state;
    for (size_t row = 0; row < T_COUNT(MAY); row++) {
        for (uint32_t first = 0; first < 16; first++) {
            for (uint32_t second = 0; second < 16; second++)
                assert_int_equal(roles_suffice(MAY[row].act, first, second),
                                 listed(row, first, second));
        }
    }
    assert_false(roles_suffice(ROLES_ACTS, S, S));
    assert_false(roles_suffice(UINT32_MAX, S, S));
}

static void an_auditor_acts_on_nothing(void **state)
{
    (void)state;
    for (unsigned act = 0; act < ROLES_ACTS; act++) {
        for (uint32_t other = 0; other < 8; other++) {
            assert_false(roles_suffice(act, A, other));
            assert_false(roles_suffice(act, other, A));
        }
    }
}

static void a_word_and_a_role_are_one(void **state)
{
    (void)state;
    unsigned known = 0;
    for (uint32_t role = 0; role < 64; role++) {
        const char *word = roles_word(role);
        assert_int_equal(roles_valid(role), word != NULL);
        if (word != NULL)
            assert_int_equal(roles_of_word(word), role);
        known += word != NULL;
    }
    assert_int_equal(known, 3);
    assert_int_equal(roles_of_word("root"), 0);
    assert_int_equal(roles_of_word(""), 0);
}

static void a_record_gives_an_official_one_role_and_nobody_else_any(void **state)
{
    lianshu_MemberRecord record = {.member = "hub.445100", .keys_count = 1};
    lianshu_MemberKey *key = &record.keys[0];
    (void)state;
    key->valid_until_ms = 1;
    for (int use = lianshu_KeyUse_KEY_SIGN; use <= lianshu_KeyUse_KEY_OFFICIAL; use++) {
        for (uint32_t roles = 0; roles < 16; roles++) {
            const bool official = use == lianshu_KeyUse_KEY_OFFICIAL;
            key->use = (lianshu_KeyUse)use;
            key->roles = roles;
            assert_int_equal(record_check(&record),
                             (official ? roles_valid(roles) : roles == 0) ? OK : ERR_HEADER);
        }
    }
}

/* Two, both of them known, and officials. */
static void a_document_of_others_is_no_act(void **state)
{
    struct realm *realm = realm_open(2);
    const struct key *keys[] = {realm_official(realm, 0), realm_official(realm, 1),
                                realm_key(realm, REALM_HUB, KEY_USE_SIGN), realm->root};
    static const struct {
        size_t count, first, second;
        enum err want;
    } rows[] = {
        {2, 0, 1, OK},
        {1, 0, 0, ERR_TWO_OFFICIALS},
        {3, 0, 1, ERR_TWO_OFFICIALS},
        {2, 0, 2, ERR_TWO_OFFICIALS},
        {2, 0, 3, ERR_KID_UNKNOWN},
    };
    static lianshu_Document d;
    (void)state;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        print_message("row %zu\n", i);
        d.issuers_count = (pb_size_t)rows[i].count;
        memcpy(d.issuers[0].kid, key_kid(keys[rows[i].first]), KID_LEN);
        memcpy(d.issuers[1].kid, key_kid(keys[rows[i].second]), KID_LEN);
        assert_int_equal(roles_check(realm->registry, &d, lianshu_OfficialVerb_OFFICIAL_RESTORED),
                         rows[i].want);
    }
    realm_close(&realm);
}

static void what_an_act_needs_is_said_of_each_and_of_no_other(void **state)
{
    (void)state;
    for (unsigned act = 1; act < ROLES_ACTS; act++)
        assert_true(strlen(roles_needed(act)) > strlen(roles_needed(0)));
    assert_string_equal(roles_needed(ROLES_ACTS), roles_needed(0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_do_what_the_table_has_for_their_roles_and_nothing_else),
        cmocka_unit_test(an_auditor_acts_on_nothing),
        cmocka_unit_test(a_word_and_a_role_are_one),
        cmocka_unit_test(a_record_gives_an_official_one_role_and_nobody_else_any),
        cmocka_unit_test(a_document_of_others_is_no_act),
        cmocka_unit_test(what_an_act_needs_is_said_of_each_and_of_no_other),
    };
    return cmocka_run_group_tests_name("roles", tests, NULL, NULL);
}
