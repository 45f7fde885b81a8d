/* What an enrolled hub may try against its neighbours without forging anything: hold back, repeat,
 * say too much. None of it costs others their way, or a neighbour its disk. */
#include "scenario/factsbook.h"
#include "scenario/world_inner.h"

#include "base/clock.h"
#include "core/state.h"
#include "frame.h"
#include "wire.h"

#include <stdio.h>
#include <stdlib.h>

#define CASE(fn)   cmocka_unit_test_setup_teardown(fn, facts_setup, facts_teardown)
#define BEFORE(fn) cmocka_unit_test_setup_teardown(fn, before, facts_teardown)

/* ---- the registry ---- */

static void give(struct realm *r, const char *from, const char *to, const lianshu_Control *control)
{
    static uint8_t bytes[4096];
    struct writer w = writer_of(bytes, sizeof bytes);
    assert_int_equal(frame_put_control(&w, control), OK);
    realm_give(r, from, to, writer_span(&w));
}

/* One byte of a version that nobody has. */
static void give_drop(struct realm *r, const char *from, const char *to, uint64_t offset)
{
    lianshu_Control have = {.kind = lianshu_ControlKind_CONTROL_REGISTRY_HAVE,
                            .which_body = lianshu_Control_registry_have_tag};
    lianshu_Control part = {.kind = lianshu_ControlKind_CONTROL_REGISTRY_PART,
                            .which_body = lianshu_Control_registry_part_tag};
    have.body.registry_have.version = UINT64_MAX;
    part.body.registry_part.version = UINT64_MAX;
    part.body.registry_part.total = REGISTRY_FILE_MAX;
    part.body.registry_part.offset = offset;
    part.body.registry_part.piece.size = 1;
    give(r, from, to, &have);
    give(r, from, to, &part);
}

static void a_hub_that_promises_a_registry_does_not_keep_another_ones_away(void **state)
{
    static uint8_t file[256 << 10];
    struct realm *r = *state;
    const size_t len = realm_registry(r, 2, 0, file, sizeof file);
    uint64_t version;
    uint64_t offset = 0;
    give_drop(r, "445100", "440000", offset++);
    realm_reload(r, "000000", span_of(file, len));
    for (int i = 0; i < 10; i++) {
        realm_pass(r, 6 * SECOND_MS);
        const struct span offered = core_registry_offered(realm_world(r, "440000")->core, &version);
        if (offered.len == len && version == 2)
            return;
        give_drop(r, "445100", "440000", offset++);
    }
    fail_msg("a minute passed");
}

/* ---- receipts ---- */

/* A hub's receipt for an envelope, from a log of one leaf, well signed. */
static void say_again(struct realm *r, const struct sent *sent, const char *from, const char *to)
{
    static uint8_t room[16 << 10];
    uint8_t q_bytes[FRAME_RECEIPT_MAX];
    uint8_t note[NOTE_LEN_MAX];
    struct world *w = realm_world(r, from);
    struct checkpoint c = {.size = 1};
    lianshu_Receipt q = {.kind = lianshu_ReceiptKind_RECEIPT_RELAYED, .time_ms = r->now_ms};
    struct writer qw = writer_of(q_bytes, sizeof q_bytes);
    struct writer nw = writer_of(note, sizeof note);
    struct writer out = writer_of(room, sizeof room);
    strcpy(q.realm, "demo");
    strcpy(q.sender, "health.445100");
    strcpy(q.by, w->ids[0]);
    memcpy(q.message_id, sent->id, sizeof q.message_id);
    memcpy(q.env_id, sent->env_id, HASH_LEN);
    assert_int_equal(receipt_encode(&q, &qw), OK);
    assert_int_equal(log_leaf(c.root, LOG_RECEIPT, q.time_ms, writer_span(&qw)), OK);
    assert_int_equal(note_origin(c.origin, w->ids[0], "demo", 1), OK);
    assert_int_equal(note_sign(&c, keyring_find(w->signer, KEY_USE_LOG), &nw), OK);
    const struct frame_receipt entry = {.form = FRAME_RECEIPT_HUB, .receipt = writer_span(&qw)};
    frame_receipts_begin(&out, 0, 1);
    frame_receipts_add(&out, &entry);
    frame_receipts_end(&out, writer_span(&nw));
    assert_false(out.full);
    realm_give(r, from, to, writer_span(&out));
}

static void what_a_hub_says_of_a_message_over_and_over_is_kept_once(void **state)
{
    struct realm *r = *state;
    const struct mail mail = {.from = "health.445100",
                              .type = "licence.application",
                              .to = {"market.440000"},
                              .facts = LICENCE_BODY(CLEAN)};
    world_site(realm_world(r, "440000"), "market.440000")->silent = true;
    const struct sent sent = realm_send(r, &mail);
    realm_live(r, MINUTE_MS, 10 * SECOND_MS);
    assert_int_equal(realm_heard(r, mail.from, &sent, lianshu_ReceiptKind_RECEIPT_RELAYED), 1);
    for (int i = 0; i < 20; i++) {
        realm_pass(r, SECOND_MS);
        say_again(r, &sent, "440000", "445100");
    }
    realm_live(r, MINUTE_MS, 10 * SECOND_MS);
    assert_int_equal(realm_heard(r, mail.from, &sent, lianshu_ReceiptKind_RECEIPT_RELAYED), 1);
}

/* The recipient's hub knows its new key at once, those on the way a little later. */
static void a_receipt_under_a_key_that_is_news_on_the_way_is_not_lost(void **state)
{
    static uint8_t file[256 << 10];
    struct realm *r = *state;
    struct world *far = realm_world(r, "220100");
    const struct mail mail = {.from = "health.440000",
                              .type = "licence.application",
                              .to = {"market.220100"},
                              .facts = LICENCE_BODY(CLEAN)};
    world_site(far, mail.to[0])->silent = true;
    const struct sent sent = realm_send(r, &mail);
    realm_pass(r, SECOND_MS);
    (void)world_add_key(far, world_site(far, mail.to[0])->keys, KEY_USE_SIGN);
    const size_t len = realm_registry(r, 2, 0, file, sizeof file);
    realm_reload(r, "220100", span_of(file, len));
    world_say(far, mail.to[0], world_got(far, mail.to[0], mail.type, 0),
              lianshu_ReceiptKind_RECEIPT_DELIVERED, 0);
    realm_live(r, 20 * SECOND_MS, SECOND_MS);
    assert_int_equal(realm_heard(r, mail.from, &sent, lianshu_ReceiptKind_RECEIPT_DELIVERED), 0);
    for (size_t i = 0; i < FACTS_HUBS - 1; i++)
        realm_reload(r, facts_regions[i], span_of(file, len));
    realm_live(r, MINUTE_MS, SECOND_MS);
    assert_int_equal(realm_heard(r, mail.from, &sent, lianshu_ReceiptKind_RECEIPT_DELIVERED), 1);
}

/* ---- room ---- */

static void a_backlog_where_a_message_does_not_go_holds_it_up_nowhere(void **state)
{
    struct realm *r = *state;
    const struct mail fill = {.from = "health.220000",
                              .type = "licence.application",
                              .to = {"market.440000"},
                              .facts = LICENCE_BODY(CLEAN)};
    const struct mail both = {.from = "health.440000",
                              .type = "licence.application",
                              .to = {"market.220000", "market.445100"},
                              .facts = LICENCE_BODY(CLEAN)};
    realm_world(r, "000000")->limits.backlog_rows_max = 2;
    realm_restart(r, "000000");
    realm_live(r, MINUTE_MS, 10 * SECOND_MS);
    realm_road(r, "000000", "440000")->delay_ms = 10 * SECOND_MS;
    (void)realm_send(r, &fill);
    (void)realm_send(r, &fill); /* both on their way to Guangdong for ten seconds */
    (void)realm_send(r, &both);
    realm_pass(r, 10 * SECOND_MS);
    assert_int_equal(realm_has(r, "market.440000", fill.type), 2);
    assert_int_equal(realm_has(r, "market.220000", both.type), 1);
}

/* ---- facts ---- */

/* The hub says that its roll is empty. */
static void say_empty(struct realm *r, const char *from, const char *to)
{
    struct core *core = realm_world(r, from)->core;
    static lianshu_RelayRoll roll;
    uint8_t empty[ROLL_DIGEST_LEN];
    roll_digest_empty(empty);
    memset(&roll, 0, sizeof roll);
    roll.stage = lianshu_RollStage_ROLL_DIGEST;
    roll.at_ms = roll.known_ms = r->now_ms;
    roll.root.size = HASH_LEN;
    roll.buckets.size = sizeof roll.buckets.bytes;
    for (size_t i = 0; i < ROLL_BUCKETS; i++)
        memcpy(roll.buckets.bytes + i * ROLL_DIGEST_LEN, empty, sizeof empty);
    const struct outgoing what = {.type = lianshu_DocumentType_TYPE_RELAY_ROLL,
                                  .recipient = realm_world(r, to)->ids[0],
                                  .purpose = "federation",
                                  .body = &roll};
    assert_int_equal(core_begin(core), OK);
    assert_int_equal(outgoing_send(core, &what), OK);
}

/* What is given to this hub on that road is lost; what it gives arrives. */
static void turn_deaf(struct realm *r, const char *deaf, const char *other)
{
    struct road *road = realm_road(r, deaf, other);
    struct world *w = realm_world(r, deaf);
    struct world *hears = realm_world(r, other);
    const bool dials = r->world[road->dialler] == w;
    for (int i = 0; i < 8; i++) {
        world_turn(w);
        for (size_t k = 0; k < road->count; k++) {
            struct road_frame *f = &road->frame[k];
            if (f->to_dialler != dials)
                world_give(hears, dials ? road->peer_at_listener : road->peer_at_dialler,
                           span_of(f->bytes, f->len));
            free(f->bytes);
        }
        road->count = 0;
        world_turn(hears);
    }
}

static void who_says_over_and_over_that_it_knows_nothing_fills_no_disk(void **state)
{
    struct realm *r = *state;
    struct queue_load in;
    struct queue_load out;
    (void)facts_impose(r, "market.440000", ORDER_ID);
    realm_live(r, MINUTE_MS, 10 * SECOND_MS);
    facts_assert_rolls_equal(r);
    struct world *w = realm_world(r, "440000");
    for (int i = 0; i < 300; i++) {
        peer_answered(core_peer_at(realm_world(r, "445100")->core, 0));
        say_empty(r, "445100", "440000");
        turn_deaf(r, "445100", "440000");
    }
    assert_int_equal(queue_load(w->store->queue, "hub.445100", &in, &out), OK);
    assert_in_range(in.rows, 1, SPREAD_WINDOW + 1);
}

/* What it lies about is believed to be long gone; the text itself comes after that. */
static void a_document_that_was_said_to_be_gone_takes_effect_when_it_comes(void **state)
{
    struct realm *r = *state;
    realm_cut(r, "440000", "000000");
    (void)facts_impose(r, "market.440000", ORDER_ID);
    realm_live(r, MINUTE_MS, 10 * SECOND_MS);
    facts_forge(r, "440000", "220000", ORDER_ID, "");
    facts_erase(r, "220000", ORDER_ID, 1828);
    realm_live(r, MINUTE_MS, 10 * SECOND_MS);
    assert_int_equal(facts_order(r, "000000", ORDER_ID).version, 0);
    assert_int_equal(facts_count(r, "000000", "facts.erased"), 1);
    realm_heal(r, "440000", "000000");
    realm_live(r, 2 * MINUTE_MS, 10 * SECOND_MS);
    assert_int_equal(facts_order(r, "000000", ORDER_ID).version, 1);
}

/* ---- a hub that is added ---- */

#define ADDED "220100"

/* added_ms: since when the hub has keys, 0: it is no member. */
static size_t add_hub(lianshu_MemberRecord *records, size_t count, uint64_t added_ms)
{
    for (size_t i = 0; i < count; i++) {
        const bool is_added = strcmp(records[i].member, "hub." ADDED) == 0;
        if (is_added && added_ms == 0)
            memmove(&records[i], &records[i + 1], (--count - i) * sizeof records[0]);
        for (pb_size_t k = 0; i < count && k < records[i].keys_count; k++)
            records[i].keys[k].valid_from_ms =
                is_added && added_ms != 0 ? added_ms : WORLD_START_MS - DAY_MS;
    }
    return count;
}

static void use_registry(struct realm *r, uint64_t version, uint64_t added_ms)
{
    static uint8_t file[256 << 10];
    const size_t len = realm_registry_changed(r, version, add_hub, added_ms, file, sizeof file);
    for (size_t i = 0; i < FACTS_HUBS; i++) {
        if (added_ms != 0 || strcmp(facts_regions[i], ADDED) != 0)
            realm_reload(r, facts_regions[i], span_of(file, len));
    }
}

/* Before the hub of Changchun is one, Jilin's serves its districts. */
static int before(void **state)
{
    struct realm_hub plan[FACTS_HUBS] = {{.region = NULL}};
    for (size_t i = 0; i < FACTS_HUBS; i++)
        plan[i].region = facts_regions[i];
    plan[3].extra[0] = "market.220102";
    struct realm *r = *state = realm_new(plan, FACTS_HUBS);
    realm_cut(r, ADDED, "220000");
    use_registry(r, 2, 0);
    realm_live(r, HOUR_MS, MINUTE_MS);
    return 0;
}

static void what_was_ordered_before_a_hub_was_added_comes_to_it_and_to_who_was_away(void **state)
{
    struct realm *r = *state;
    realm_cut(r, "445100", "440000");
    (void)facts_impose(r, "market.220102", ORDER_ID);
    realm_live(r, HOUR_MS, MINUTE_MS);
    use_registry(r, 3, r->now_ms);
    realm_heal(r, "445100", "440000");
    realm_heal(r, ADDED, "220000");
    realm_live(r, 30 * MINUTE_MS, MINUTE_MS);
    facts_assert_order(r, ORDER_ID, 1, ORDER_ACTIVE);
    facts_assert_rolls_equal(r);
}

static void what_waits_while_a_hub_is_added_drains_over_the_tree_of_before(void **state)
{
    struct realm *r = *state;
    struct world *home = realm_world(r, "220000");
    const struct mail mail = {.from = "market.220102",
                              .type = "licence.application",
                              .to = {"market.440000"},
                              .facts = LICENCE_BODY(CLEAN)};
    realm_cut(r, "220000", "000000");
    const struct sent sent = realm_send(r, &mail);
    realm_live(r, MINUTE_MS, 10 * SECOND_MS);
    use_registry(r, 3, r->now_ms);
    realm_heal(r, "220000", "000000");
    realm_live(r, MINUTE_MS, 10 * SECOND_MS);
    assert_int_equal(world_has(realm_world(r, "440000"), "market.440000", mail.type), 1);
    assert_int_equal(
        world_heard(home, mail.from, sent.env_id, lianshu_ReceiptKind_RECEIPT_DELIVERED), 1);
}

/* The hub that was there before lies about nothing else: who began later is still its own. */
static void the_hub_above_is_no_first_hub_of_what_came_after(void **state)
{
    struct realm *r = *state;
    use_registry(r, 3, r->now_ms);
    realm_pass(r, SECOND_MS);
    realm_cut(r, ADDED, "220000");
    (void)facts_impose(r, "market." ADDED, ORDER_ID);
    facts_forge(r, ADDED, "220000", ORDER_ID, "");
    realm_live(r, MINUTE_MS, 10 * SECOND_MS);
    assert_true(facts_said(r, "000000", lianshu_ReceiptKind_RECEIPT_REFUSED, ERR_HOPS) > 0);
    assert_int_equal(facts_roll_size(r, "000000"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_hub_that_promises_a_registry_does_not_keep_another_ones_away),
        CASE(what_a_hub_says_of_a_message_over_and_over_is_kept_once),
        CASE(a_receipt_under_a_key_that_is_news_on_the_way_is_not_lost),
        CASE(a_backlog_where_a_message_does_not_go_holds_it_up_nowhere),
        CASE(a_document_that_was_said_to_be_gone_takes_effect_when_it_comes),
        CASE(who_says_over_and_over_that_it_knows_nothing_fills_no_disk),
        BEFORE(what_was_ordered_before_a_hub_was_added_comes_to_it_and_to_who_was_away),
        BEFORE(what_waits_while_a_hub_is_added_drains_over_the_tree_of_before),
        BEFORE(the_hub_above_is_no_first_hub_of_what_came_after),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
