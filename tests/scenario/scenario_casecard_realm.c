/* A case between two regions: each side's hub shows the same card. */
#include "scenario/casework.h"
#include "scenario/realm.h"

#include <stdlib.h>

static const struct realm_hub plan[] = {{.region = "000000"},
                                        {.region = "440000"},
                                        {.region = "445100"},
                                        {.region = "220000"},
                                        {.region = "220100"}};

static int tree(void **state)
{
    *state = realm_new(plan, T_COUNT(plan));
    return 0;
}

static int end(void **state)
{
    realm_free(*state);
    return 0;
}

static void take(struct realm *r, const struct work *step)
{
    struct world *home = realm_home(r, step->from);
    const struct mail mail = work_mail(home, step);
    const struct sent sent = realm_send(r, &mail);
    assert_int_equal(world_code(home, step->from, sent.env_id), 0);
}

static char *card_of(struct realm *r, const char *region)
{
    char *text = NULL;
    size_t len;
    struct json *card = work_card(realm_world(r, region));
    assert_int_equal(json_print(card, false, &text, &len), OK);
    json_close(&card);
    return text;
}

static void both_sides_hubs_show_the_same_card(void **state)
{
    struct realm *r = *state;
    struct work referred = WORK_REFERRED;
    struct work taken = WORK_TAKEN;
    referred.to[0] = "police.220100";
    referred.to[1] = CASE_PP;
    referred.owner = "police.220100";
    taken.from = "police.220100";
    taken.owner = "police.220100";
    take(r, &referred);
    take(r, &taken);
    char *one = card_of(r, "445100");
    char *other = card_of(r, "220100");
    assert_non_null(strstr(one, "\"RECEIVED\""));
    assert_string_equal(one, other);
    free(one);
    free(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(both_sides_hubs_show_the_same_card, tree, end),
    };
    return cmocka_run_group_tests_name("casecard_realm", tests, NULL, NULL);
}
