/* Steps of one case at random, from six hubs to any of them, over roads that are cut and come back,
 * with envelopes that end on their way and hubs that are killed: in the end any two hubs between
 * which a step went know the same documents up to it, and the same ones stand. tests/model/meet.pml
 * says why.
 *
 *   scenario_cases_random [SEED [LIVES]]     with a count: a campaign, the seeds that follow */
#include "scenario/casehubs.h"

#include "base/clock.h"
#include "base/hex.h"
#include "core/state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LIVES = 3, ACTS = 16, HUBS = 6, ROADS = 5 };

static const char *const regions[HUBS] = {"000000", "440000", "445100",
                                          "445200", "220000", "220100"};
static const char *const roads[ROADS][2] = {{"000000", "440000"},
                                            {"440000", "445100"},
                                            {"440000", "445200"},
                                            {"000000", "220000"},
                                            {"220000", "220100"}};
/* In the order in which a header names them. */
/* In the order in which a header names them. */
static const char *const members[] = {"market.220000", CASE_GIVES, "market.440000", CASE_ASKS,
                                      CASE_THIRD};

struct life {
    struct realm *realm;
    uint64_t random;
    bool up[ROADS];
    size_t taken, refused, ended;
};

/* splitmix64: below that number. */
static size_t below(struct life *life, size_t count)
{
    uint64_t z = life->random += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return (size_t)((z ^ z >> 31) % count);
}

/* ---- what happens ---- */

static void turn_road(struct life *life, size_t road)
{
    life->up[road] = !life->up[road];
    if (life->up[road])
        realm_heal(life->realm, roads[road][0], roads[road][1]);
    else
        realm_cut(life->realm, roads[road][0], roads[road][1]);
}

static void kill_hub(struct life *life, const char *region)
{
    realm_restart(life->realm, region);
    for (size_t i = 0; i < ROADS; i++)
        life->up[i] =
            life->up[i] || strcmp(roads[i][0], region) == 0 || strcmp(roads[i][1], region) == 0;
}

/* By whom, to whom and what for is drawn; the case may refuse it. */
static void take_step(struct life *life)
{
    static const struct work *const kinds[] = {&WORK_REPORTED, &WORK_REPORTED, &WORK_REPORTED,
                                               &WORK_ACCEPTED, &WORK_REPLIED,  &WORK_WITHDRAWN};
    static const char *const parties[] = {CASE_ASKS, CASE_GIVES}; /* from the first step on */
    struct work step = *kinds[below(life, T_COUNT(kinds))];
    const bool reported = strcmp(step.transition, WORK_REPORTED.transition) == 0;
    size_t count = 0;
    if (reported) {
        step.from =
            below(life, 3) > 0 ? parties[below(life, 2)] : members[below(life, T_COUNT(members))];
        for (size_t i = 0; i < T_COUNT(members) && count < 3; i++) {
            if (strcmp(members[i], step.from) != 0 && below(life, 3) == 0)
                step.to[count++] = members[i];
        }
        if (count == 0)
            step.to[count++] = strcmp(step.from, CASE_ASKS) == 0 ? CASE_GIVES : CASE_ASKS;
        step.owner = step.to[below(life, count)];
    }
    struct world *home = realm_home(life->realm, step.from);
    struct mail mail = work_mail(home, &step);
    const bool ends = below(life, 3) == 0;
    if (ends)
        mail.expires_ms = life->realm->now_ms + 20 * (uint64_t)MINUTE_MS;
    const struct sent sent = realm_send(life->realm, &mail);
    const bool taken = world_code(home, step.from, sent.env_id) == 0;
    life->taken += taken;
    life->refused += !taken;
    life->ended += taken && ends;
}

static void act(struct life *life)
{
    static const uint64_t pauses[] = {SECOND_MS, MINUTE_MS, 30 * (uint64_t)MINUTE_MS};
    if (below(life, 2) == 0)
        turn_road(life, below(life, ROADS));
    if (below(life, 12) == 0)
        kill_hub(life, regions[below(life, HUBS)]);
    take_step(life);
    const uint64_t pause = pauses[below(life, T_COUNT(pauses))];
    realm_live(life->realm, pause, pause < MINUTE_MS ? pause : MINUTE_MS);
}

/* ---- what is known in the end ---- */

static void same_up_to(struct realm *r, const char *one, const char *other,
                       const struct casefile_step *last)
{
    struct casefiles *here = realm_world(r, one)->store->casefiles;
    struct casefiles *there = realm_world(r, other)->store->casefiles;
    struct casefile_step a = {.number = 0};
    struct casefile_step b = {.number = 0};
    for (;;) {
        const enum err err = casefile_step_each(here, last->id, &a);
        const enum err also = casefile_step_each(there, last->id, &b);
        const bool over = err == ERR_NOT_FOUND || a.number > last->number;
        assert_int_equal(over, also == ERR_NOT_FOUND || b.number > last->number);
        if (over)
            return;
        assert_int_equal(a.number, b.number);
        assert_memory_equal(a.document, b.document, sizeof a.document);
        assert_int_equal(a.lost, b.lost);
        assert_int_equal(a.code, b.code);
        assert_string_equal(a.state, b.state);
    }
}

/* Each step that was taken there, and each hub that it went to; how many there are. */
static size_t check_hub(struct realm *r, const char *region, const uint8_t id[static STORE_ID_LEN])
{
    struct world *w = realm_world(r, region);
    struct casefile_step step = {.number = 0};
    size_t count = 0;
    while (casefile_step_each(w->store->casefiles, id, &step) == OK) {
        char holder[STORE_MEMBER_MAX + 1] = "";
        while (realm_home(r, step.by) == w &&
               casefile_holder_next(w->store->casefiles, id, step.seq, holder) == OK) {
            const char *other = realm_home(r, holder)->ids[0] + strlen("hub.");
            if (strcmp(other, region) != 0)
                same_up_to(r, region, other, &step);
            count++;
        }
    }
    return count;
}

static void live(uint64_t seed, struct life *life)
{
    uint8_t id[STORE_ID_LEN];
    void *state = NULL;
    casehubs_tree(&state);
    *life = (struct life){.realm = state, .random = seed, .up = {true, true, true, true, true}};
    struct realm *r = life->realm;
    struct work asked = WORK_ASKED;
    asked.to[1] = CASE_THIRD;
    assert_true(hex_decode(CASE_ID, id, sizeof id));
    casehubs_take(r, &asked);
    casehubs_settle(r);
    for (size_t i = 0; i < ACTS; i++)
        act(life);
    for (size_t i = 0; i < ROADS; i++) {
        if (!life->up[i])
            turn_road(life, i);
    }
    for (size_t i = 0; i < 5; i++)
        casehubs_settle(r);
    size_t went = 0;
    for (size_t i = 0; i < HUBS; i++)
        went += check_hub(r, regions[i], id);
    print_message("seed %llu: %zu taken, of these %zu to end soon, %zu refused; went to %zu\n",
                  (unsigned long long)seed, life->taken, life->ended, life->refused, went);
    casehubs_end(&state);
}

static uint64_t first_seed = 1;
static uint64_t lives = LIVES;

static void
whatever_ends_on_its_way_hubs_between_which_a_step_went_know_the_same_up_to_it(void **state)
{
    (void)state;
    size_t taken = 0;
    size_t ended = 0;
    for (uint64_t i = 0; i < lives; i++) {
        struct life life;
        live(first_seed + i, &life);
        taken += life.taken;
        ended += life.ended;
    }
    assert_true(taken > lives && ended > 0);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            whatever_ends_on_its_way_hubs_between_which_a_step_went_know_the_same_up_to_it),
    };
    if (argc > 1)
        first_seed = strtoull(argv[1], NULL, 10);
    if (argc > 1)
        lives = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
    return cmocka_run_group_tests_name("cases_random", tests, NULL, NULL);
}
