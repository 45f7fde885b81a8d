/*
 * Whatever of hub/policy asks for memory and does not get it says so, gives back what it had, and
 * can be asked again: each place in turn (fault/memory.h). The leak checker watches.
 */
#include "fault/memory.h"

#include "policy/retention.h"
#include "policy/rulearchive.h"
#include "policy/rulesets.h"
#include "policy/trial.h"
#include "policy/volume.h"

#include "folder.h"
#include "policy_world.h"
#include "t.h"

static struct ruleset_faults faults;
static struct fault fault;

static enum err one_set(void)
{
    struct ruleset *set = NULL;
    enum err err = ruleset_open(&set, RULES_DIR, &faults);
    assert_true((err == OK) == (set != NULL));
    ruleset_close(&set);
    return err;
}

static enum err all_sets(void)
{
    const struct rulesets_terms terms = {.realm = "demo"};
    struct rulesets *sets = NULL;
    enum err err = rulesets_open(&sets, RULES_DIR, &terms, &faults);
    assert_true((err == OK) == (sets != NULL));
    rulesets_close(&sets);
    return err;
}

static enum err retention(void)
{
    struct retention *r = NULL;
    enum err err = retention_open(&r, RULES_DIR, &faults);
    assert_true((err == OK) == (r != NULL));
    retention_close(&r);
    return err;
}

static enum err volume(void)
{
    struct volume *v = NULL;
    enum err err = volume_open(&v, RULES_DIR, &faults);
    assert_true((err == OK) == (v != NULL));
    volume_close(&v);
    return err;
}

/* In a folder of its own each time: what one life kept, the next one would find. */
static enum err archive(void)
{
    uint8_t hash[RULESET_HASH_LEN];
    char dir[FOLDER_MAX];
    struct rulearchive *a = NULL;
    struct ruleset *set = NULL;
    folder_make(dir, "archive");
    enum err err = ruleset_open(&set, RULES_DIR, &faults);
    if (err == OK)
        err = archive_open(&a, dir, &fault);
    if (err == OK)
        err = archive_keep(a, RULES_DIR, set, &fault);
    if (err == OK) {
        ruleset_hash(set, hash);
        err = archive_find(a, hash) != NULL ? OK : ERR_NO_MEMORY;
        assert_non_null(archive_find(a, hash)); /* what was not loaded is not taken for missing */
    }
    archive_close(&a);
    ruleset_close(&set);
    folder_remove(dir);
    return err;
}

static const char *member_at(void *ctx, size_t i)
{
    (void)ctx;
    return i == 0 ? ISSUER : NULL;
}

/* The answer itself, which is for people, may say less. */
static enum err trial(void)
{
    static const struct trial_members members = {member_at, NULL};
    const lianshu_SanctionOrder order = order_r01();
    const struct decide_input in = input_r01(&world);
    struct json *answer = json_map();
    enum err err = trial_order(world.rules, &world.view, &in, &order, &members, answer);
    json_close(&answer);
    return err;
}

#define HELD(life)                                                                                 \
    static void without_memory_##life(void **state)                                                \
    {                                                                                              \
        (void)state;                                                                               \
        memory_hold(#life, life);                                                                  \
    }

HELD(one_set)
HELD(all_sets)
HELD(retention)
HELD(volume)
HELD(archive)
HELD(trial)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_memory_one_set),   cmocka_unit_test(without_memory_all_sets),
        cmocka_unit_test(without_memory_retention), cmocka_unit_test(without_memory_volume),
        cmocka_unit_test(without_memory_archive),   cmocka_unit_test(without_memory_trial),
    };
    return cmocka_run_group_tests_name("no_memory_rules", tests, world_group_open,
                                       world_group_close);
}
