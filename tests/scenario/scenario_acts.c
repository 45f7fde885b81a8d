/* Two officials decide on what a gate holds: it is released or returned, all of it and once. */
#include "fault/vfs.h"
#include "scenario/acts.h"
#include "scenario/heldbook.h"

#include "base/clock.h"
#include "base/hex.h"
#include "core/state.h"
#include "keys/release_log.h"
#include "keys/roles.h"
#include "t.h"
#include "wire.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- held ---- */

static void what_a_gate_holds_is_accepted_and_waits_with_its_grounds(void **state)
{
    struct world *w = *state;
    held_ban(w);
    const struct sent sent = held_honour(w);
    assert_int_equal(held_heard(w, HEALTH, &sent, lianshu_ReceiptKind_RECEIPT_ACCEPTED), 1);
    held_assert_still(w, &sent);
    const lianshu_Receipt *held = held_last(w, HEALTH, &sent);
    assert_int_equal(held->code, ERR_HELD);
    assert_string_equal(held->about, "");
    assert_true(held->grounds_count > 0);
    assert_string_equal(held->grounds[0].measure, "M02");
    world_restart(w);
    world_pass(w, 10 * 60 * 1000);
    held_assert_still(w, &sent);
}

static void two_officials_release_it_and_it_is_delivered_with_an_advisory(void **state)
{
    struct world *w = *state;
    held_ban(w);
    const struct sent sent = held_honour(w);
    struct act act = held_act(RELEASE, &sent);
    assert_int_equal(officials_act(w, &act), OK);
    assert_int_equal(held_heard(w, HEALTH, &sent, lianshu_ReceiptKind_RECEIPT_RELEASED), 1);
    assert_int_equal(held_last(w, HEALTH, &sent)->kind, lianshu_ReceiptKind_RECEIPT_DELIVERED);
    assert_int_equal(world_has(w, MARKET, "honour"), 1);
    const struct got *got = world_got(w, MARKET, "honour", 0);
    assert_true(got->advisory_count > 0);
    assert_string_equal(got->advisory[0].measure, "M02");
    assert_int_equal(world_status(w, "held"), 0);
    assert_int_equal(world_status(w, "undelivered"), 0);
    assert_int_equal(world_status(w, "acts.release"), 1);
}

static void two_officials_return_it_and_its_sender_hears_why(void **state)
{
    struct world *w = *state;
    held_ban(w);
    struct sent sent = held_honour(w);
    struct act act = held_act(RETURN, &sent);
    assert_int_equal(officials_act(w, &act), OK);
    const lianshu_Receipt *refused = held_last(w, HEALTH, &sent);
    assert_int_equal(refused->kind, lianshu_ReceiptKind_RECEIPT_REFUSED);
    assert_int_equal(refused->code, ERR_RESTRICTED); /* the gate's, when no other is given */
    assert_string_equal(refused->about, MARKET);
    assert_true(refused->grounds_count > 0);
    sent = held_honour(w);
    act = held_act(RETURN, &sent);
    act.reason = ERR_CONSENT;
    assert_int_equal(officials_act(w, &act), OK);
    assert_int_equal(held_last(w, HEALTH, &sent)->code, ERR_CONSENT);
    world_pass(w, 10 * 60 * 1000);
    assert_int_equal(world_has(w, MARKET, "honour"), 0);
    assert_int_equal(world_status(w, "held"), 0);
    assert_int_equal(world_status(w, "acts.return"), 2);
}

static void a_hold_survives_a_restart_and_is_released_after_it(void **state)
{
    struct world *w = *state;
    held_ban(w);
    const struct sent sent = held_honour(w);
    world_restart(w);
    struct act act = held_act(RELEASE, &sent);
    assert_int_equal(officials_act(w, &act), OK);
    world_restart(w);
    world_settle(w);
    assert_int_equal(world_has(w, MARKET, "honour"), 1);
}

static void what_is_released_still_waits_for_its_moment(void **state)
{
    struct world *w = *state;
    held_ban(w);
    const struct mail mail = {.from = HEALTH,
                              .type = "honour",
                              .to = {MARKET},
                              .facts = HONOURED,
                              .not_before_ms = w->now_ms + 60 * 1000};
    const struct sent sent = world_post(w, &mail);
    const struct act act = held_act(RELEASE, &sent);
    assert_int_equal(officials_act(w, &act), OK);
    world_pass(w, 59 * 1000);
    assert_int_equal(world_has(w, MARKET, "honour"), 0);
    world_pass(w, 1000);
    assert_int_equal(world_has(w, MARKET, "honour"), 1);
}

static void a_held_message_can_be_withdrawn(void **state)
{
    struct world *w = *state;
    char env_id[65];
    char id[33];
    char facts[192];
    held_ban(w);
    const struct sent sent = held_honour(w);
    hex_encode(span_of(sent.env_id, sizeof sent.env_id), env_id);
    hex_encode(span_of(sent.id, sizeof sent.id), id);
    snprintf(facts, sizeof facts, "{\"message_id\":\"%s\",\"env_id\":\"%s\"}", id, env_id);
    const struct mail mail = {.from = HEALTH, .type = "withdraw", .to = {MARKET}, .facts = facts};
    const struct sent withdrawal = world_post(w, &mail);
    assert_int_equal(held_heard(w, HEALTH, &withdrawal, lianshu_ReceiptKind_RECEIPT_ACCEPTED), 1);
    assert_int_equal(held_last(w, HEALTH, &sent)->kind, lianshu_ReceiptKind_RECEIPT_SUPERSEDED);
    assert_int_equal(held_last(w, HEALTH, &sent)->code, ERR_WITHDRAWN);
    const struct act act = held_act(RELEASE, &sent);
    assert_int_equal(officials_act(w, &act), ERR_NOT_FOUND);
    assert_int_equal(world_has(w, MARKET, "honour"), 0);
}

static void nobody_has_to_decide_on_what_has_expired(void **state)
{
    struct world *w = *state;
    held_ban(w);
    const struct sent sent = held_honour(w);
    world_pass(w, 2 * (uint64_t)HOUR_MS);
    assert_int_equal(held_last(w, HEALTH, &sent)->kind, lianshu_ReceiptKind_RECEIPT_EXPIRED);
    struct act act = held_act(RELEASE, &sent);
    assert_int_equal(officials_act(w, &act), ERR_NOT_FOUND);
    assert_int_equal(world_has(w, MARKET, "honour"), 0);
}

/* How many advisories an application of that enterprise gets: one when its head is a banned
 * person, which the hub knows only by the registration. */
static size_t advisories(struct world *w)
{
    const struct mail mail = acts_application(NULL);
    const size_t before = world_has(w, MARKET, "licence.application");
    (void)world_post(w, &mail);
    assert_int_equal(world_has(w, MARKET, "licence.application"), before + 1);
    return world_got(w, MARKET, "licence.application", before)->advisory_count;
}

static void effects_wait_for_the_release_and_run_once(void **state)
{
    struct world *w = *state;
    uint8_t bytes[2048];
    struct writer lsd1 = writer_of(bytes, sizeof bytes);
    held_ban(w);
    const struct sent sent = held_register(w);
    assert_int_equal(held_last(w, MARKET, &sent)->kind, lianshu_ReceiptKind_RECEIPT_HELD);
    assert_int_equal(world_status(w, "held"), 1);
    assert_int_equal(advisories(w), 0);
    const struct act act = {
        .verb = RELEASE, .recipient = HUB, .sender = MARKET, .message_id = sent.id};
    officials_make(w, &act, &lsd1);
    assert_int_equal(officials_give(w, writer_span(&lsd1)), OK);
    assert_int_equal(held_last(w, MARKET, &sent)->kind, lianshu_ReceiptKind_RECEIPT_RELEASED);
    assert_int_equal(world_status(w, "held"), 0);
    assert_int_equal(advisories(w), 1);
    const uint64_t size = world_status(w, "log_size");
    assert_int_equal(officials_give(w, writer_span(&lsd1)), OK);
    assert_int_equal(officials_act(w, &act), ERR_NOT_FOUND); /* a new act finds nothing to do */
    assert_int_equal(world_status(w, "log_size"), size);
    assert_int_equal(advisories(w), 1);
}

static void what_is_returned_has_no_effect(void **state)
{
    struct world *w = *state;
    held_ban(w);
    const struct sent sent = held_register(w);
    const struct act act = {
        .verb = RETURN, .recipient = HUB, .sender = MARKET, .message_id = sent.id};
    assert_int_equal(officials_act(w, &act), OK);
    assert_int_equal(held_last(w, MARKET, &sent)->kind, lianshu_ReceiptKind_RECEIPT_REFUSED);
    assert_int_equal(world_status(w, "held"), 0);
    assert_int_equal(advisories(w), 0);
}

/* ---- the same act again ---- */

static void an_act_repeated_has_the_same_answer_and_changes_nothing(void **state)
{
    struct world *w = *state;
    uint8_t bytes[2048];
    char answer[OFFICIALS_ANSWER_MAX];
    struct writer lsd1 = writer_of(bytes, sizeof bytes);
    held_ban(w);
    const struct sent sent = held_honour(w);
    const struct act act = held_act(RELEASE, &sent);
    officials_make(w, &act, &lsd1);
    assert_int_equal(officials_give(w, writer_span(&lsd1)), OK);
    memcpy(answer, officials_answer, sizeof answer);
    const uint64_t size = world_status(w, "log_size");
    assert_int_equal(officials_give(w, writer_span(&lsd1)), OK);
    assert_string_equal(officials_answer, answer);
    world_restart(w);
    const uint64_t restarted = world_status(w, "log_size");
    world_pass(w, 30 * (uint64_t)DAY_MS); /* long after its own end */
    assert_int_equal(officials_give(w, writer_span(&lsd1)), OK);
    assert_string_equal(officials_answer, answer);
    assert_true(restarted >= size);
    assert_int_equal(world_status(w, "acts.release"), 1);
    assert_int_equal(held_heard(w, HEALTH, &sent, lianshu_ReceiptKind_RECEIPT_RELEASED), 1);
    assert_int_equal(world_has(w, MARKET, "honour"), 1);
}

static void one_document_id_with_two_contents_is_equivocation_and_kept(void **state)
{
    struct world *w = *state;
    static const uint8_t id[16] = {1, 2, 3};
    held_ban(w);
    const struct sent first = held_honour(w);
    struct act act = held_act(RELEASE, &first);
    act.document_id = id;
    assert_int_equal(officials_act(w, &act), OK);
    const struct sent second = held_honour(w);
    act = held_act(RELEASE, &second);
    act.document_id = id;
    const uint64_t size = world_status(w, "log_size");
    assert_int_equal(officials_act(w, &act), ERR_EQUIVOCATION);
    assert_int_equal(world_status(w, "log_size"), size + 1);
    assert_int_equal(world_status(w, "held"), 1);
    assert_int_equal(world_has(w, MARKET, "honour"), 1);
}

/* ---- a release of programs, into the log. U-04 ---- */

static const char LIST[] =
    "version 3\n"
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa  bin/x\n";

/* What the hub is asked: the list with signatures of these keys, one of them spoilt. */
static void release_request(struct world *w, const struct key *const *keys, size_t count, int spoil,
                            char out[static OFFICIALS_ANSWER_MAX])
{
    uint8_t room[2][RELEASE_MAX];
    struct writer list = writer_of(room[0], sizeof room[0]);
    struct release_signed what;
    char hex[2 * RELEASE_SIGNATURE_LEN + 1];
    (void)w;
    write_span(&list, span_str(LIST));
    for (size_t i = 0; i < count; i++) {
        struct writer next = writer_of(room[(i + 1) % 2], sizeof room[0]);
        assert_int_equal(release_sign(writer_span(&list), "demo", keys[i], &next), OK);
        list = next;
    }
    assert_int_equal(release_read(writer_span(&list), &what), OK);
    hex_encode(span_of(what.hash, HASH_LEN), hex);
    int len = snprintf(out, OFFICIALS_ANSWER_MAX,
                       "{\"cmd\":\"release\",\"list\":\"%s\",\"signatures\":[", hex);
    for (size_t i = 0; i < what.signers; i++) {
        what.signer[i].signature[7] ^= (int)i == spoil;
        hex_encode(span_of(what.signer[i].kid, KID_LEN), hex);
        len += snprintf(out + len, OFFICIALS_ANSWER_MAX - (size_t)len, "%s\"%s ", i == 0 ? "" : ",",
                        hex);
        hex_encode(span_of(what.signer[i].signature, RELEASE_SIGNATURE_LEN), hex);
        len += snprintf(out + len, OFFICIALS_ANSWER_MAX - (size_t)len, "%s\"", hex);
    }
    snprintf(out + len, OFFICIALS_ANSWER_MAX - (size_t)len, "]}");
}

/* Ask; the code, and the index that was answered. */
static enum err give_release(struct world *w, const char *request, uint64_t *index, bool *repeated)
{
    struct writer answer = writer_of((uint8_t *)officials_answer, sizeof officials_answer - 1);
    struct json *json = NULL;
    assert_int_equal(core_release(w->core, span_str(request), w->now_ms, &answer), OK);
    assert_int_equal(json_parse(&json, writer_span(&answer), "answer", NULL), OK);
    const char *label = json_get_text(json_get(json, "error"), "code");
    const enum err err = label == NULL ? OK : err_from_code((uint32_t)strtoul(label + 1, NULL, 10));
    *repeated = json_flag(json_get(json, "repeated"));
    assert_int_equal(json_uint(json_get(json, "index"), index), err == OK);
    json_close(&json);
    world_turn(w);
    return err;
}

static void a_release_of_two_officials_becomes_one_entry_of_the_log(void **state)
{
    struct world *w = *state;
    char request[OFFICIALS_ANSWER_MAX];
    const struct key *keys[] = {keyring_find(w->officials[0], KEY_USE_OFFICIAL),
                                keyring_find(w->officials[1], KEY_USE_OFFICIAL)};
    struct log_entry entry;
    lianshu_Admin body;
    uint64_t index, again;
    bool repeated;
    release_request(w, keys, 2, -1, request);
    assert_int_equal(give_release(w, request, &index, &repeated), OK);
    assert_false(repeated);
    assert_true(w->core->signed_size > index);
    assert_int_equal(log_get(w->store->log, index, &entry), OK);
    assert_int_equal(entry.kind, LOG_ADMIN);
    assert_int_equal(wire_decode(&lianshu_Admin_msg, entry.body, &body), OK);
    assert_string_equal(body.event, "release");
    assert_string_equal(body.by, "hub.445100");
    assert_memory_equal(body.officials[0], key_kid(keys[0]), KID_LEN);
    assert_memory_equal(body.officials[1], key_kid(keys[1]), KID_LEN);
    /* again, also after a restart: the same entry */
    const uint64_t size = log_size(w->store->log);
    assert_int_equal(give_release(w, request, &again, &repeated), OK);
    assert_int_equal(log_size(w->store->log), size);
    assert_true(repeated && again == index);
    world_restart(w);
    assert_int_equal(give_release(w, request, &again, &repeated), OK);
    assert_true(repeated && again == index);
}

static void a_release_that_two_officials_did_not_sign_is_not_entered(void **state)
{
    struct world *w = *state;
    char request[OFFICIALS_ANSWER_MAX];
    const struct key *one = keyring_find(w->officials[0], KEY_USE_OFFICIAL);
    const struct key *two = keyring_find(w->officials[1], KEY_USE_OFFICIAL);
    const struct key *member = keyring_find(w->sites[0].keys, KEY_USE_SIGN);
    const struct {
        const struct key *keys[2];
        size_t count;
        int spoil;
        enum err want;
    } rows[] = {
        {{NULL, NULL}, 0, -1, ERR_TWO_OFFICIALS}, {{one, NULL}, 1, -1, ERR_TWO_OFFICIALS},
        {{one, two}, 2, 0, ERR_SIGNATURE},        {{one, two}, 2, 1, ERR_SIGNATURE},
        {{one, member}, 2, -1, ERR_KEY_USE},
    };
    static const char *const bad[] = {
        "{\"cmd\":\"release\"}",
        "{\"cmd\":\"release\",\"list\":\"aa\",\"signatures\":[]}",
        "{\"cmd\":\"release\",\"list\":7}",
        "{\"cmd\":\"release\",\"list\":"
        "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\","
        "\"signatures\":[\"a\",7,null]}",
    };
    const uint64_t size = log_size(w->store->log);
    uint64_t index;
    bool repeated;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        print_message("row %zu\n", i);
        release_request(w, rows[i].keys, rows[i].count, rows[i].spoil, request);
        assert_int_equal(give_release(w, request, &index, &repeated), rows[i].want);
    }
    for (size_t i = 0; i < T_COUNT(bad); i++) {
        print_message("bad %zu\n", i);
        assert_int_equal(give_release(w, bad[i], &index, &repeated), ERR_FIELD_VALUE);
    }
    assert_int_equal(log_size(w->store->log), size);
    /* an auditor and an operator are not enough: the security officer must be one of them */
    world_roles(w, ROLES_AUDITOR, ROLES_OPERATOR);
    release_request(w, (const struct key *[]){one, two}, 2, -1, request);
    assert_int_equal(give_release(w, request, &index, &repeated), ERR_TWO_OFFICIALS);
}

/* ---- faults ---- */

/* All of the act or nothing, and then it is done when it is given again. */
static void check_fault(struct world *w, const struct sent *sent, struct span lsd1)
{
    const bool done = world_status(w, "acts.release") == 1;
    assert_int_equal(world_status(w, "held"), done ? 0 : 1);
    world_settle(w);
    assert_int_equal(world_has(w, MARKET, "honour"), done ? 1 : 0);
    assert_int_equal(held_heard(w, HEALTH, sent, lianshu_ReceiptKind_RECEIPT_RELEASED),
                     done ? 1 : 0);
    assert_int_equal(officials_give(w, lsd1), OK);
    world_settle(w);
    assert_int_equal(world_status(w, "acts.release"), 1);
    assert_int_equal(world_status(w, "held"), 0);
    assert_int_equal(world_has(w, MARKET, "honour"), 1);
}

static void a_fault_in_the_middle_leaves_nothing_half_done(void **state)
{
    static const struct vfs_plan plans[] = {
        {.ops = VFS_WRITE, .kind = VFS_NO_SPACE},
        {.ops = VFS_WRITE, .kind = VFS_BROKEN},
        {.ops = VFS_WRITE, .kind = VFS_BROKEN, .torn = true},
        {.ops = VFS_SYNC, .kind = VFS_BROKEN},
    };
    static const uint8_t seed[ENTROPY_SEED_LEN] = {5};
    unsigned faults = 0;
    (void)state;
    for (size_t p = 0; p < T_COUNT(plans); p++) {
        for (uint64_t n = 1, fired = 1; fired > 0; n++) {
            uint8_t bytes[2048];
            struct writer lsd1 = writer_of(bytes, sizeof bytes);
            struct vfs_plan plan = plans[p];
            struct world *w = world_new(seed);
            held_ban(w);
            const struct sent sent = held_honour(w);
            const struct act act = held_act(RELEASE, &sent);
            officials_make(w, &act, &lsd1);
            w->may_die = true;
            plan.nth = n;
            vfs_arm(&plan);
            const enum err err = officials_give(w, writer_span(&lsd1));
            fired = vfs_fired();
            vfs_disarm();
            print_message("plan %zu point %llu: E%03d\n", p, (unsigned long long)n, (int)err);
            check_fault(w, &sent, writer_span(&lsd1));
            world_free(w);
            faults += fired > 0;
        }
    }
    assert_true(faults > 8);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, world_setup, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(what_a_gate_holds_is_accepted_and_waits_with_its_grounds),
        CASE(two_officials_release_it_and_it_is_delivered_with_an_advisory),
        CASE(two_officials_return_it_and_its_sender_hears_why),
        CASE(a_hold_survives_a_restart_and_is_released_after_it),
        CASE(what_is_released_still_waits_for_its_moment),
        CASE(a_held_message_can_be_withdrawn),
        CASE(nobody_has_to_decide_on_what_has_expired),
        CASE(effects_wait_for_the_release_and_run_once),
        CASE(what_is_returned_has_no_effect),
        CASE(an_act_repeated_has_the_same_answer_and_changes_nothing),
        CASE(one_document_id_with_two_contents_is_equivocation_and_kept),
        CASE(a_release_of_two_officials_becomes_one_entry_of_the_log),
        CASE(a_release_that_two_officials_did_not_sign_is_not_entered),
        cmocka_unit_test(a_fault_in_the_middle_leaves_nothing_half_done),
    };
    vfs_install();
    return cmocka_run_group_tests_name("acts", tests, NULL, NULL);
}
