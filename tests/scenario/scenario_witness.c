/* Checkpoints cosigned by linked hubs and by an office, and what becomes of forks (cosigning.h). */
#include "scenario/realm.h"
#include "scenario/texts.h"

#include "scenario/world_inner.h"

#include "base/clock.h"
#include "core/state.h"
#include "keys/witness.h"

#include <stdio.h>
#include <stdlib.h>

#define TOP "000000"
#define MID "440000"
#define LOW "445100"

static const struct realm_hub plan[] = {{.region = TOP}, {.region = MID}, {.region = LOW}};

static void reload_all(struct realm *r, uint64_t version)
{
    static uint8_t file[256 << 10];
    const size_t len = realm_registry(r, version, 0, file, sizeof file);
    for (size_t i = 0; i < r->count; i++)
        realm_reload(r, r->plan[i].region, span_of(file, len));
    realm_turn(r);
}

/* Every hub is a witness of those it is linked with, and needs one. */
static int setup(void **state)
{
    struct realm *r = *state = realm_new(plan, T_COUNT(plan));
    for (size_t i = 0; i < r->count; i++)
        (void)world_add_key(r->world[i], r->world[i]->sites[0].keys, KEY_USE_WITNESS);
    reload_all(r, 2);
    for (size_t i = 0; i < r->count; i++)
        r->world[i]->limits.witness.needed = 1;
    return 0;
}

static int end(void **state)
{
    realm_free(*state);
    return 0;
}

static struct cosigning_state state_of(struct realm *r, const char *region)
{
    return cosigning_state(realm_world(r, region)->core);
}

static unsigned cosigners(struct realm *r, const char *region)
{
    struct world *w = realm_world(r, region);
    struct witness_policy policy = {.needed = 1};
    struct cosigners who = {0};
    const struct cosigning_state state = cosigning_state(w->core);
    cosign_policy(&policy, w->registry, w->ids[0]);
    if (state.checkpoint.len > 0)
        assert_int_equal(cosign_count(state.checkpoint, &policy, w->now_ms, &who), OK);
    return who.count;
}

static struct witnessed known(struct realm *r, const char *by, const char *hub)
{
    struct witnessed out;
    assert_int_equal(witnessing_known(realm_world(r, by)->core, hub, &out), OK);
    return out;
}

static void busy_work(struct realm *r)
{
    const struct mail mail = {.from = "health.445100",
                              .type = "licence.application",
                              .to = {"market.445100"},
                              .facts = LICENCE_BODY(CLEAN)};
    (void)realm_send(r, &mail);
}

static void linked_hubs_cosign_each_others_checkpoints_within_a_minute(void **state)
{
    struct realm *r = *state;
    realm_live(r, 60 * SECOND_MS, SECOND_MS);
    for (size_t i = 0; i < T_COUNT(plan); i++)
        assert_true(cosigners(r, plan[i].region) > 0);
    assert_int_equal(cosigners(r, MID), 2);
    const uint64_t before = state_of(r, LOW).size;
    busy_work(r);
    const uint64_t size = realm_world(r, LOW)->core->signed_size;
    assert_true(size > before);
    realm_live(r, 30 * SECOND_MS, SECOND_MS);
    assert_true(state_of(r, LOW).size >= size);
    assert_true(known(r, MID, "hub." LOW).size >= size);
}

static void a_log_that_rests_does_not_grow_by_being_cosigned(void **state)
{
    struct realm *r = *state;
    realm_live(r, 120 * SECOND_MS, SECOND_MS);
    const uint64_t size = realm_world(r, LOW)->core->signed_size;
    const uint64_t cosigned_ms = state_of(r, LOW).cosigned_ms;
    realm_live(r, 120 * SECOND_MS, SECOND_MS);
    assert_int_equal(realm_world(r, LOW)->core->signed_size, size);
    assert_true(state_of(r, LOW).cosigned_ms > cosigned_ms);
}

static void the_cosigned_checkpoint_outlives_a_restart(void **state)
{
    struct realm *r = *state;
    realm_live(r, 30 * SECOND_MS, SECOND_MS);
    const uint64_t size = state_of(r, LOW).size;
    assert_true(size > 0);
    realm_cut(r, MID, LOW);
    world_restart(realm_world(r, LOW));
    assert_int_equal(state_of(r, LOW).size, size);
    assert_int_equal(cosigners(r, LOW), 1);
}

/* What a witness has cosigned it still knows after it was killed. */
static void a_witness_that_was_killed_still_holds_what_it_cosigned(void **state)
{
    struct realm *r = *state;
    realm_live(r, 30 * SECOND_MS, SECOND_MS);
    const uint64_t size = known(r, MID, "hub." LOW).size;
    assert_true(size > 0);
    assert_true(size >= state_of(r, LOW).size);
    realm_restart(r, MID);
    assert_int_equal(known(r, MID, "hub." LOW).size, size);
}

static void without_witnesses_it_is_an_alarm_and_with_them_it_ends(void **state)
{
    struct realm *r = *state;
    realm_restart(r, LOW);
    realm_live(r, 30 * SECOND_MS, SECOND_MS);
    assert_true(state_of(r, LOW).met);
    realm_cut(r, MID, LOW);
    realm_live(r, 62 * SECOND_MS, SECOND_MS);
    assert_false(state_of(r, LOW).met);
    struct json *answer = world_ask(realm_world(r, LOW), "{\"cmd\":\"status\"}");
    assert_true(json_flag(json_get(answer, "log_not_cosigned")));
    json_close(&answer);
    realm_heal(r, MID, LOW);
    realm_live(r, 21 * SECOND_MS, SECOND_MS);
    assert_true(state_of(r, LOW).met);
}

static void a_new_log_is_cosigned_anew_and_the_old_ones_lines_are_not_its_own(void **state)
{
    struct realm *r = *state;
    realm_live(r, 30 * SECOND_MS, SECOND_MS);
    assert_int_equal(cosigners(r, LOW), 1);
    realm_world(r, LOW)->logs_lost = 1;
    realm_restart(r, LOW);
    realm_live(r, 30 * SECOND_MS, SECOND_MS);
    assert_int_equal(cosigners(r, LOW), 1);
    struct checkpoint checkpoint;
    assert_int_equal(note_parse(state_of(r, LOW).checkpoint, &checkpoint), OK);
    assert_string_equal(checkpoint.origin, "hub." LOW ".demo/audit/2");
}

static bool answered(struct world *w)
{
    static lianshu_Control control;
    struct core_output out;
    bool found = false;
    while (core_output(w->core, &out)) {
        if (frame_read_control(out.frame, &control) == OK &&
            control.which_body == lianshu_Control_witness_answer_tag)
            found = true;
    }
    return found;
}

/* What LOW asks when its log has grown. */
static void honest_ask(struct realm *r, uint64_t old_size, lianshu_WitnessAsk *ask)
{
    const struct core *low = realm_world(r, LOW)->core;
    merkle_hash proof[MERKLE_CONSISTENCY_MAX];
    unsigned count = 0;
    assert_true(low->signed_size > old_size);
    assert_int_equal(log_consistency(low->store->log, old_size, low->signed_size, proof, &count),
                     OK);
    ask->old_size = old_size;
    ask->proof.size = (pb_size_t)(count * HASH_LEN);
    memcpy(ask->proof.bytes, proof, ask->proof.size);
    ask->checkpoint.size = (pb_size_t)low->checkpoint_len;
    memcpy(ask->checkpoint.bytes, low->checkpoint, low->checkpoint_len);
}

static void a_cosignature_leaves_when_its_head_is_on_disk_and_not_before(void **state)
{
    struct realm *r = *state;
    static uint8_t bytes[4096];
    struct writer frame = writer_of(bytes, sizeof bytes);
    lianshu_Control control = {.kind = lianshu_ControlKind_CONTROL_WITNESS_ASK,
                               .which_body = lianshu_Control_witness_ask_tag};
    struct world *w = realm_world(r, MID);
    const struct road *road = realm_road(r, MID, LOW);
    const uint32_t peer =
        r->world[road->dialler] == w ? road->peer_at_dialler : road->peer_at_listener;
    realm_live(r, 30 * SECOND_MS, SECOND_MS);
    busy_work(r);
    const uint64_t before = known(r, MID, "hub." LOW).size;
    honest_ask(r, before, &control.body.witness_ask);
    assert_int_equal(frame_put_control(&frame, &control), OK);
    assert_int_equal(core_frame(w->core, peer, writer_span(&frame), w->now_ms), OK);
    assert_int_equal(core_speak(w->core, w->now_ms), OK);
    assert_false(answered(w)); /* open */
    struct core_flight *flight;
    assert_int_equal(core_write(w->core, w->now_ms, &flight), OK);
    assert_non_null(flight);
    assert_int_equal(core_speak(w->core, w->now_ms), OK);
    assert_false(answered(w)); /* in flight */
    while (flight != NULL) {
        core_land(flight);
        assert_int_equal(core_landed(w->core, &flight), OK);
    }
    assert_int_equal(core_speak(w->core, w->now_ms), OK);
    assert_true(answered(w));
    assert_true(known(r, MID, "hub." LOW).size > before);
}

/* The race of tlog-witness: the second ask from one size finds another one. */
static void two_asks_at_once_are_judged_one_after_the_other(void **state)
{
    struct realm *r = *state;
    static uint8_t bytes[4096];
    struct writer frame = writer_of(bytes, sizeof bytes);
    lianshu_Control control = {.kind = lianshu_ControlKind_CONTROL_WITNESS_ASK,
                               .which_body = lianshu_Control_witness_ask_tag};
    realm_live(r, 30 * SECOND_MS, SECOND_MS);
    const uint64_t before = known(r, MID, "hub." LOW).size;
    busy_work(r);
    honest_ask(r, before, &control.body.witness_ask);
    assert_int_equal(frame_put_control(&frame, &control), OK);
    struct world *w = realm_world(r, MID);
    const struct road *road = realm_road(r, MID, LOW);
    const uint32_t peer =
        r->world[road->dialler] == w ? road->peer_at_dialler : road->peer_at_listener;
    for (int i = 0; i < 2; i++)
        assert_int_equal(core_frame(w->core, peer, writer_span(&frame), w->now_ms), OK);
    assert_int_equal(core_commit(w->core, w->now_ms), OK);
    assert_true(answered(w));
    assert_int_equal(core_frame(w->core, peer, writer_span(&frame), w->now_ms), OK);
    realm_turn(r);
    assert_int_equal(known(r, MID, "hub." LOW).fork, OK);
    assert_int_equal(known(r, MID, "hub." LOW).size, realm_world(r, LOW)->core->signed_size);
}

/* ---- the start ---- */

static void new_envelopes_wait_until_a_witness_has_confirmed_the_head(void **state)
{
    struct realm *r = *state;
    struct world *w = realm_world(r, LOW);
    realm_live(r, 30 * SECOND_MS, SECOND_MS);
    realm_road(r, MID, LOW)->delay_ms = SECOND_MS;
    realm_restart(r, LOW);
    assert_false(cosigning_confirmed(w->core));
    busy_work(r);
    assert_int_equal(world_site(w, "health.445100")->last_busy_code, ERR_WITNESSES);
    realm_live(r, 10 * SECOND_MS, SECOND_MS);
    assert_true(cosigning_confirmed(w->core));
    world_site(w, "health.445100")->last_busy_code = 0;
    busy_work(r);
    assert_int_equal(world_site(w, "health.445100")->last_busy_code, 0);
}

static void a_witness_that_is_not_there_does_not_stop_the_hub_for_ever(void **state)
{
    struct realm *r = *state;
    struct world *w = realm_world(r, LOW);
    realm_cut(r, MID, LOW);
    world_restart(w);
    realm_live(r, 29 * SECOND_MS, SECOND_MS);
    assert_false(cosigning_confirmed(w->core));
    realm_live(r, 2 * SECOND_MS, SECOND_MS);
    assert_true(cosigning_confirmed(w->core));
}

/* ---- forks ---- */

static size_t evidence(struct realm *r, const char *region)
{
    struct leaf_log *log = realm_world(r, region)->core->store->log;
    uint64_t index = 0;
    size_t count = 0;
    while (log_find(log, LOG_FORK_EVIDENCE, index, log_size(log), &index) == OK) {
        count++;
        index++;
    }
    return count;
}

/* A checkpoint by LOW's own key of a tree that is not its log. */
static void note_of(struct realm *r, uint64_t size, uint8_t root, lianshu_WitnessAsk *ask)
{
    struct world *w = realm_world(r, LOW);
    struct checkpoint c = {.size = size};
    struct writer out = writer_of(ask->checkpoint.bytes, sizeof ask->checkpoint.bytes);
    memset(c.root, root, HASH_LEN);
    assert_int_equal(note_origin(c.origin, w->ids[0], "demo", 1), OK);
    assert_int_equal(note_sign(&c, keyring_find(w->signer, KEY_USE_LOG), &out), OK);
    ask->checkpoint.size = (pb_size_t)out.len;
}

static void forged_note(struct realm *r, uint64_t size, lianshu_WitnessAsk *ask)
{
    note_of(r, size, 0x66, ask);
}

static void give(struct realm *r, const char *from, const char *to, const lianshu_Control *control)
{
    static uint8_t bytes[4096];
    struct writer w = writer_of(bytes, sizeof bytes);
    assert_int_equal(frame_put_control(&w, control), OK);
    realm_give(r, from, to, writer_span(&w));
}

static lianshu_Control ask_control(void)
{
    return (lianshu_Control){.kind = lianshu_ControlKind_CONTROL_WITNESS_ASK,
                             .which_body = lianshu_Control_witness_ask_tag};
}

/* F-03, L-04: both notes are kept once, cosigning of the honest log goes on */
static void a_fork_is_answered_803_and_kept_with_both_notes(void **state)
{
    struct realm *r = *state;
    realm_live(r, 30 * SECOND_MS, SECOND_MS);
    const struct witnessed before = known(r, MID, "hub." LOW);
    lianshu_Control control = ask_control();
    control.body.witness_ask.old_size = before.size;
    forged_note(r, before.size, &control.body.witness_ask);
    give(r, LOW, MID, &control);
    const struct witnessed after = known(r, MID, "hub." LOW);
    assert_int_equal(after.size, before.size);
    assert_int_equal(after.fork, ERR_LOG_FORK);
    assert_int_equal(evidence(r, MID), 1);
    struct log_entry entry;
    static lianshu_ForkEvidence body;
    assert_int_equal(log_get(realm_world(r, MID)->core->store->log, after.leaf, &entry), OK);
    assert_int_equal(wire_decode(&lianshu_ForkEvidence_msg, entry.body, &body), OK);
    assert_string_equal(body.by, "hub." LOW);
    assert_memory_equal(body.offered.bytes, control.body.witness_ask.checkpoint.bytes,
                        body.offered.size);
    struct witness_head held;
    assert_int_equal(witness_head(span_of(body.held.bytes, body.held.size), &held), OK);
    assert_int_equal(held.checkpoint.size, before.size);
    give(r, LOW, MID, &control);
    assert_int_equal(evidence(r, MID), 1);
    /* TOP is not linked with LOW: it is told, and looks at the notes itself. */
    realm_live(r, 10 * SECOND_MS, SECOND_MS);
    assert_int_equal(known(r, TOP, "hub." LOW).fork, ERR_LOG_FORK);
    assert_int_equal(evidence(r, TOP), 1);
    assert_int_equal(evidence(r, LOW), 0); /* who handed it over */
    struct json *answer = world_ask(realm_world(r, MID), "{\"cmd\":\"topology\"}");
    char *text = NULL;
    size_t len;
    assert_int_equal(json_print(answer, false, &text, &len), OK);
    assert_non_null(strstr(text, "\"log_fork\":\"E803\""));
    free(text);
    json_close(&answer);
    realm_live(r, 30 * SECOND_MS, SECOND_MS);
    assert_true(known(r, MID, "hub." LOW).size >= before.size);
    assert_true(state_of(r, LOW).met);
}

/* With which code the hub of `to` refuses what `from` says; 0: not at all. */
static uint32_t told(struct realm *r, const char *from, const char *to,
                     const lianshu_WitnessAsk *held, const lianshu_WitnessAsk *offered)
{
    struct world *by = realm_world(r, from);
    lianshu_RelayFork body = {.held.size = held->checkpoint.size,
                              .offered.size = offered->checkpoint.size};
    memcpy(body.held.bytes, held->checkpoint.bytes, held->checkpoint.size);
    memcpy(body.offered.bytes, offered->checkpoint.bytes, offered->checkpoint.size);
    const struct outgoing what = {.type = lianshu_DocumentType_TYPE_RELAY_FORK,
                                  .recipient = realm_world(r, to)->ids[0],
                                  .purpose = "federation",
                                  .body = &body};
    const uint64_t since = log_size(realm_world(r, to)->store->log);
    core_set_now(by->core, r->now_ms);
    assert_int_equal(core_begin(by->core), OK);
    assert_int_equal(outgoing_send(by->core, &what), OK);
    by->core->work_waiting = true;
    realm_live(r, 5 * SECOND_MS, SECOND_MS);
    return realm_refused(r, to, since, by->ids[0]);
}

/* Whoever hands it on has nothing to add: it is proof in itself, or it is refused. */
static void what_is_no_fork_is_refused_and_a_fork_goes_round_once(void **state)
{
    struct realm *r = *state;
    lianshu_WitnessAsk one;
    lianshu_WitnessAsk other;
    lianshu_WitnessAsk longer;
    lianshu_WitnessAsk forged;
    realm_live(r, 5 * SECOND_MS, SECOND_MS);
    forged_note(r, 7, &one);
    forged_note(r, 8, &longer);
    note_of(r, 7, 0x77, &other);
    forged = other;
    forged.checkpoint.bytes[forged.checkpoint.size - 3] ^= 1;
    assert_int_equal(told(r, TOP, MID, &one, &one), ERR_CHECKPOINT);
    assert_int_equal(told(r, TOP, MID, &one, &longer), ERR_CHECKPOINT);
    assert_int_equal(told(r, TOP, MID, &one, &forged), ERR_CHECKPOINT);
    assert_int_equal(told(r, TOP, LOW, &one, &other), ERR_NO_RIGHT); /* by way of MID */
    assert_int_equal(evidence(r, MID) + evidence(r, LOW), 0);
    assert_int_equal(told(r, TOP, MID, &one, &other), 0);
    static const char *const regions[] = {MID, LOW}; /* LOW: its own key is not its own alone */
    for (size_t i = 0; i < T_COUNT(regions); i++) {
        assert_int_equal(evidence(r, regions[i]), 1);
        assert_int_equal(known(r, regions[i], "hub." LOW).fork, ERR_LOG_FORK);
    }
    realm_live(r, 5 * SECOND_MS, SECOND_MS);
    assert_int_equal(told(r, TOP, MID, &other, &one), 0);
    assert_int_equal(evidence(r, MID) + evidence(r, LOW), 2);
}

static void a_longer_fork_is_806_and_kept(void **state)
{
    struct realm *r = *state;
    realm_live(r, 30 * SECOND_MS, SECOND_MS);
    const struct witnessed before = known(r, MID, "hub." LOW);
    lianshu_Control control = ask_control();
    control.body.witness_ask.old_size = before.size;
    forged_note(r, before.size + 5, &control.body.witness_ask);
    give(r, LOW, MID, &control);
    assert_int_equal(known(r, MID, "hub." LOW).fork, ERR_CONSISTENCY);
    assert_int_equal(known(r, MID, "hub." LOW).size, before.size);
    assert_int_equal(evidence(r, MID), 1);
}

/* F-03: what the witness holds goes back to the hub, which sees its own signature under a log that
 * it did not write, and stops; the witness has both notes. */
static void evidence_of_a_fork_reaches_both_sides_of_a_link(void **state)
{
    struct realm *r = *state;
    struct world *witness = realm_world(r, MID);
    struct world *w = realm_world(r, LOW);
    realm_live(r, 30 * SECOND_MS, SECOND_MS);
    lianshu_WitnessAsk other; /* cosigned by that witness, it says, when nobody else looked */
    forged_note(r, known(r, MID, "hub." LOW).size, &other);
    assert_int_equal(store_begin(witness->store, witness->now_ms), OK);
    assert_int_equal(store_meta_put(witness->store, "head.hub." LOW "/1",
                                    span_of(other.checkpoint.bytes, other.checkpoint.size)),
                     OK);
    assert_int_equal(store_commit(witness->store), OK);
    w->may_die = true;
    busy_work(r);
    for (unsigned s = 0; s < 60 && !w->dead && w->restarts == 0; s++)
        realm_live(r, SECOND_MS, SECOND_MS);
    assert_true(w->dead || w->restarts > 0);
    assert_int_equal(evidence(r, MID), 1);
    assert_int_not_equal(known(r, MID, "hub." LOW).fork, OK);
}

static void nobody_is_cosigned_for_another_and_nothing_is_kept_of_it(void **state)
{
    struct realm *r = *state;
    realm_live(r, 30 * SECOND_MS, SECOND_MS);
    lianshu_Control control = ask_control();
    forged_note(r, 3, &control.body.witness_ask);
    give(r, TOP, MID, &control); /* signed by LOW's key, offered by another hub */
    assert_int_equal(evidence(r, MID), 0);
    assert_int_equal(known(r, MID, "hub." TOP).fork, OK);
}

static void an_answer_that_nobody_asked_for_is_refused(void **state)
{
    struct realm *r = *state;
    lianshu_Control control = {.kind = lianshu_ControlKind_CONTROL_WITNESS_ANSWER,
                               .which_body = lianshu_Control_witness_answer_tag};
    realm_live(r, 30 * SECOND_MS, SECOND_MS);
    const uint64_t ms = state_of(r, LOW).cosigned_ms;
    give(r, MID, LOW, &control);
    realm_pass(r, 2 * SECOND_MS);
    char name[32];
    snprintf(name, sizeof name, "unverified.%d", (int)ERR_WIRE_ENUM);
    assert_int_equal(world_status(realm_world(r, LOW), name), 1);
    assert_int_equal(state_of(r, LOW).cosigned_ms, ms);
    assert_false(realm_world(r, LOW)->dead);
}

/* L-05: hub and signer restored from one old copy; only the witness knows better */
static void a_hub_restored_with_its_signer_stops_when_a_witness_knows_more(void **state)
{
    struct realm *r = *state;
    struct world *w = realm_world(r, LOW);
    realm_live(r, 30 * SECOND_MS, SECOND_MS);
    lianshu_Control control = {.kind = lianshu_ControlKind_CONTROL_WITNESS_ANSWER,
                               .which_body = lianshu_Control_witness_answer_tag};
    lianshu_WitnessAnswer *answer = &control.body.witness_answer;
    lianshu_WitnessAsk signed_before;
    forged_note(r, w->core->signed_size + 100, &signed_before);
    answer->code = ERR_LOG_ROLLBACK;
    answer->size = w->core->signed_size + 100;
    answer->held.size = signed_before.checkpoint.size;
    memcpy(answer->held.bytes, signed_before.checkpoint.bytes, answer->held.size);
    realm_mute(r, MID, LOW); /* the ask of the next round gets this answer */
    realm_live(r, 21 * SECOND_MS, SECOND_MS);
    w->may_die = true;
    give(r, MID, LOW, &control);
    assert_true(w->dead || w->restarts > 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(linked_hubs_cosign_each_others_checkpoints_within_a_minute),
        TEST(a_log_that_rests_does_not_grow_by_being_cosigned),
        TEST(the_cosigned_checkpoint_outlives_a_restart),
        TEST(a_witness_that_was_killed_still_holds_what_it_cosigned),
        TEST(without_witnesses_it_is_an_alarm_and_with_them_it_ends),
        TEST(a_new_log_is_cosigned_anew_and_the_old_ones_lines_are_not_its_own),
        TEST(a_cosignature_leaves_when_its_head_is_on_disk_and_not_before),
        TEST(two_asks_at_once_are_judged_one_after_the_other),
        TEST(new_envelopes_wait_until_a_witness_has_confirmed_the_head),
        TEST(a_witness_that_is_not_there_does_not_stop_the_hub_for_ever),
        TEST(a_fork_is_answered_803_and_kept_with_both_notes),
        TEST(what_is_no_fork_is_refused_and_a_fork_goes_round_once),
        TEST(a_longer_fork_is_806_and_kept),
        TEST(evidence_of_a_fork_reaches_both_sides_of_a_link),
        TEST(nobody_is_cosigned_for_another_and_nothing_is_kept_of_it),
        TEST(an_answer_that_nobody_asked_for_is_refused),
        TEST(a_hub_restored_with_its_signer_stops_when_a_witness_knows_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
