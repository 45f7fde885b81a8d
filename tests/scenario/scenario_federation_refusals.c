/* What a hub may try, and what is refused of members because of the tree: F-01, F-02, F-04, F-06.
 */
#include "scenario/realm.h"
#include "scenario/texts.h"

#include "base/clock.h"
#include "frame.h"
#include "wire.h"

#include <stdio.h>
#include <stdlib.h>

static const struct realm_hub tree_plan[] = {
    {.region = "000000"},
    {.region = "440000"},
    {.region = "445100", .extra = {"health.220200"}}, /* at the wrong hub */
    {.region = "220000"},
    {.region = "220100"},
};

static const struct realm_hub group_plan[] = {
    {.region = "000000"},
    {.region = "110000"},
    {.region = "130000", .peer = {"110000"}},
};

static const struct realm_hub rootless_plan[] = {
    {.region = "440000"},
    {.region = "445100", .extra = {"market.220100"}},
};

static const struct realm_hub alone_plan[] = {
    {.region = "000000"},
    {.region = "220000"},
    {.region = "220100", .unlinked = true},
};

static const struct realm_hub quota_plan[] = {
    {.region = "440000", .quota_per_s = 5},
    {.region = "440300"},
    {.region = "445100"},
};

#define SETUP(name)                                                                                \
    static int name(void **state)                                                                  \
    {                                                                                              \
        *state = realm_new(name##_plan, T_COUNT(name##_plan));                                     \
        return 0;                                                                                  \
    }
SETUP(tree)
SETUP(group)
SETUP(rootless)
SETUP(alone)
SETUP(quota)

static int end(void **state)
{
    realm_free(*state);
    return 0;
}

static struct mail application(const char *from, const char *to)
{
    return (struct mail){
        .from = from, .type = "licence.application", .to = {to}, .facts = LICENCE_BODY(CLEAN)};
}

/* What a hub says in front of an envelope: true or not, its log key signs it. */
struct lie {
    const char *by; /* regions of neighbours */
    const char *to;
    const char *recipient; /* NULL: the hub of `to` */
    const char *hops[8];
    uint32_t share;
    const char *signer; /* region of the hub whose log key signs; NULL: by */
    const uint8_t *env_id;
    uint64_t accepted_ms; /* 0: now */
};

static size_t write_lie(struct realm *r, const struct lie *lie, uint8_t *out, size_t cap)
{
    struct world *by = realm_world(r, lie->by);
    struct world *signer = realm_world(r, lie->signer != NULL ? lie->signer : lie->by);
    lianshu_Statement v = {.accepted_ms = lie->accepted_ms != 0 ? lie->accepted_ms : r->now_ms,
                           .share = lie->share};
    strcpy(v.realm, "demo");
    strcpy(v.recipient, lie->recipient != NULL ? lie->recipient : realm_world(r, lie->to)->ids[0]);
    v.env_id.size = HASH_LEN;
    memcpy(v.env_id.bytes, lie->env_id, HASH_LEN);
    while (v.hops_count < T_COUNT(lie->hops) && lie->hops[v.hops_count] != NULL) {
        strcpy(v.hops[v.hops_count], lie->hops[v.hops_count]);
        v.hops_count++;
    }
    uint8_t body[FRAME_STATEMENT_MAX];
    uint8_t note[NOTE_LEN_MAX];
    struct writer b = writer_of(body, sizeof body);
    struct writer n = writer_of(note, sizeof note);
    assert_int_equal(wire_encode(&lianshu_Statement_msg, &v, &b), OK);
    struct checkpoint c = {.size = 1};
    assert_int_equal(note_origin(c.origin, by->ids[0], "demo", 1), OK);
    assert_int_equal(log_leaf(c.root, LOG_STATEMENT, v.accepted_ms, writer_span(&b)), OK);
    assert_int_equal(note_sign(&c, keyring_find(signer->signer, KEY_USE_LOG), &n), OK);
    const struct frame_statement s = {
        .statement = writer_span(&b), .path = {NULL, 0}, .checkpoint = writer_span(&n)};
    struct writer w = writer_of(out, cap);
    frame_write_statement(&w, &s);
    assert_false(w.full);
    return w.len;
}

/* An honest envelope behind a statement of that hub. */
static void tell(struct realm *r, const struct mail *mail, struct lie *lie)
{
    static uint8_t said[16 << 10];
    uint8_t env_id[HASH_LEN];
    struct world *home = realm_home(r, mail->from);
    world_make(home, mail, env_id, NULL);
    if (lie->env_id == NULL)
        lie->env_id = env_id;
    const size_t len = write_lie(r, lie, said, sizeof said);
    lie->env_id = NULL;
    realm_give(r, lie->by, lie->to, span_of(said, len));
    realm_give(r, lie->by, lie->to, span_of(home->frame, home->frame_len));
}

/* Receipts of the hub itself of that kind and code from leaf `from` on. */
static size_t said_since(struct world *w, uint64_t from, lianshu_ReceiptKind kind, enum err code)
{
    size_t count = 0;
    for (uint64_t i = from; i < log_size(w->store->log); i++) {
        struct log_entry entry;
        lianshu_Receipt q;
        assert_int_equal(log_get(w->store->log, i, &entry), OK);
        if (entry.kind != LOG_RECEIPT)
            continue;
        assert_int_equal(wire_decode(&lianshu_Receipt_msg, entry.body, &q), OK);
        count += q.kind == kind && q.code == (uint32_t)code;
    }
    return count;
}

static uint64_t unverified(struct world *w, enum err code)
{
    char name[32];
    snprintf(name, sizeof name, "unverified.%d", (int)code);
    return world_status(w, name);
}

/* Refused with a receipt for each destination, and nothing else of it is kept. */
static void is_turned_back(struct realm *r, const struct mail *mail, struct lie *lie, enum err code)
{
    struct world *to = realm_world(r, lie->to);
    const uint64_t envelopes = world_status(to, "envelopes");
    const uint64_t from = log_size(to->store->log);
    tell(r, mail, lie);
    assert_int_equal(said_since(to, from, lianshu_ReceiptKind_RECEIPT_REFUSED, code), 1);
    assert_int_equal(world_status(to, "envelopes"), envelopes);
    assert_int_equal(world_status(to, "undelivered"), 0);
}

/* Counted, since nobody can be held to it; nothing is kept. */
static void is_only_counted(struct realm *r, const struct mail *mail, struct lie *lie,
                            enum err code)
{
    struct world *to = realm_world(r, lie->to);
    const uint64_t before = unverified(to, code);
    const uint64_t envelopes = world_status(to, "envelopes");
    tell(r, mail, lie);
    realm_pass(r, 2 * SECOND_MS);
    assert_int_equal(unverified(to, code), before + 1);
    assert_int_equal(world_status(to, "envelopes"), envelopes);
    assert_int_equal(world_status(to, "undelivered"), 0);
}

#define WAY_TO_440000 "hub.220100", "hub.220000", "hub.000000"

static void what_an_honest_hub_would_say_is_taken(void **state)
{
    struct realm *r = *state;
    struct mail mail = application("health.220100", "market.440000");
    struct lie lie = {.by = "000000", .to = "440000", .hops = {WAY_TO_440000}, .share = 1};
    tell(r, &mail, &lie);
    assert_int_equal(realm_has(r, "market.440000", "licence.application"), 1);
}

static void a_stripped_or_forged_hop_is_refused(void **state)
{
    static const char *const ways[][8] = {
        {NULL},                                                   /* none at all */
        {"hub.220100", "hub.000000"},                             /* one left out */
        {"hub.220000", "hub.000000"},                             /* the first left out */
        {"hub.220100", "hub.220000"},                             /* the last is not the speaker */
        {"hub.000000"},                                           /* only the speaker */
        {"hub.220100", "hub.220000", "hub.110000", "hub.000000"}, /* one that there is not */
        {"market.220100", "hub.220100", "hub.220000", "hub.000000"}, /* no hub */
        {"hub.220100", "hub.220000", "hub.445100", "hub.000000"},    /* no neighbours */
    };
    struct realm *r = *state;
    struct mail mail = application("health.220100", "market.440000");
    for (size_t i = 0; i < T_COUNT(ways); i++) {
        struct lie lie = {.by = "000000", .to = "440000", .share = 1};
        print_message("way %zu\n", i);
        memcpy(lie.hops, ways[i], sizeof lie.hops);
        is_turned_back(r, &mail, &lie, ERR_HOPS);
    }
    assert_int_equal(realm_has(r, "market.440000", "licence.application"), 0);
}

static void a_loop_is_refused(void **state)
{
    static const char *const ways[][8] = {
        {"hub.220100", "hub.220000", "hub.000000", "hub.440000", "hub.000000"},
        {"hub.220100", "hub.220000", "hub.000000", "hub.220000", "hub.000000"},
        {"hub.440000", "hub.000000"},
    };
    struct realm *r = *state;
    struct mail mail = application("health.220100", "market.440000");
    for (size_t i = 0; i < T_COUNT(ways); i++) {
        struct lie lie = {.by = "000000", .to = "440000", .share = 1};
        print_message("way %zu\n", i);
        memcpy(lie.hops, ways[i], sizeof lie.hops);
        is_turned_back(r, &mail, &lie, ERR_HOPS_LOOP);
    }
    assert_int_equal(realm_has(r, "market.440000", "licence.application"), 0);
}

static void a_peer_speaks_for_its_own_region_only(void **state)
{
    struct realm *r = *state;
    struct mail mail = application("health.000000", "market.130000");
    struct lie lie = {
        .by = "110000", .to = "130000", .hops = {"hub.000000", "hub.110000"}, .share = 1};
    is_turned_back(r, &mail, &lie, ERR_REGION_NOT_OWNED);
    assert_int_equal(realm_has(r, "market.130000", "licence.application"), 0);
}

static void who_lies_elsewhere_is_not_reached_through_us(void **state)
{
    struct realm *r = *state;
    /* A peer would have us climb for it; a superior would have us climb back. */
    struct mail above = application("health.110000", "market.000000");
    struct lie up = {.by = "110000", .to = "130000", .hops = {"hub.110000"}, .share = 1};
    is_turned_back(r, &above, &up, ERR_REGION_NOT_OWNED);
    struct mail beside = application("health.000000", "market.110000");
    struct lie back = {.by = "000000", .to = "130000", .hops = {"hub.000000"}, .share = 1};
    is_turned_back(r, &beside, &back, ERR_REGION_NOT_OWNED);
    /* A share of nobody, and of a destination that the header has not. */
    struct mail mail = application("health.000000", "market.130000");
    struct lie none = {.by = "000000", .to = "130000", .hops = {"hub.000000"}, .share = 0};
    is_only_counted(r, &mail, &none, ERR_REGION_NOT_OWNED);
    struct lie more = {.by = "000000", .to = "130000", .hops = {"hub.000000"}, .share = 3};
    is_turned_back(r, &mail, &more, ERR_REGION_NOT_OWNED);
    assert_int_equal(realm_has(r, "market.130000", "licence.application"), 0);
    assert_int_equal(realm_has(r, "market.110000", "licence.application"), 0);
}

static void an_envelope_without_a_statement_about_it_is_refused(void **state)
{
    static const uint8_t other[HASH_LEN] = {1};
    struct realm *r = *state;
    struct world *to = realm_world(r, "440000");
    struct mail mail = application("health.220100", "market.440000");
    struct lie lie = {.by = "000000", .to = "440000", .hops = {WAY_TO_440000}, .share = 1};
    lie.env_id = other;
    is_only_counted(r, &mail, &lie, ERR_HOPS);
    lie.recipient = "hub.220000";
    is_only_counted(r, &mail, &lie, ERR_HOPS);
    const struct world *home = realm_world(r, "220100");
    realm_give(r, "000000", "440000", span_of(home->frame, home->frame_len));
    realm_pass(r, 2 * SECOND_MS);
    assert_int_equal(unverified(to, ERR_HOPS), 3);
    assert_int_equal(realm_has(r, "market.440000", "licence.application"), 0);
}

static void a_statement_that_its_hubs_log_does_not_hold_is_refused(void **state)
{
    struct realm *r = *state;
    struct mail mail = application("health.220100", "market.440000");
    struct lie lie = {
        .by = "000000", .to = "440000", .hops = {WAY_TO_440000}, .share = 1, .signer = "220000"};
    is_only_counted(r, &mail, &lie, ERR_CHECKPOINT);
    assert_int_equal(realm_has(r, "market.440000", "licence.application"), 0);
}

static void a_hub_cannot_change_what_it_hands_on(void **state)
{
    static uint8_t said[16 << 10];
    struct realm *r = *state;
    struct world *to = realm_world(r, "440000");
    struct world *home = realm_world(r, "220100");
    struct mail mail = application("health.220100", "market.440000");
    struct frame_envelope env;
    uint8_t hash[HASH_LEN];
    uint8_t id[HASH_LEN];
    world_make(home, &mail, NULL, NULL);
    home->frame[home->frame_len - 200] ^= 1; /* of the ciphertext or of the signature */
    assert_int_equal(frame_parse_envelope(span_of(home->frame, home->frame_len), &env), OK);
    envelope_id(&env, hash, id);
    const struct lie lie = {
        .by = "000000", .to = "440000", .hops = {WAY_TO_440000}, .share = 1, .env_id = id};
    const size_t len = write_lie(r, &lie, said, sizeof said);
    realm_give(r, "000000", "440000", span_of(said, len));
    realm_give(r, "000000", "440000", span_of(home->frame, home->frame_len));
    realm_pass(r, 2 * SECOND_MS);
    assert_int_equal(unverified(to, ERR_SIGNATURE), 1);
    assert_int_equal(realm_has(r, "market.440000", "licence.application"), 0);
}

static void what_a_hub_gives_twice_is_taken_once(void **state)
{
    static uint8_t said[16 << 10];
    struct realm *r = *state;
    struct world *home = realm_world(r, "220100");
    struct mail mail = application("health.220100", "market.440000");
    uint8_t env_id[HASH_LEN];
    world_make(home, &mail, env_id, NULL);
    const struct lie lie = {
        .by = "000000", .to = "440000", .hops = {WAY_TO_440000}, .share = 1, .env_id = env_id};
    const size_t len = write_lie(r, &lie, said, sizeof said);
    for (int i = 0; i < 3; i++) {
        realm_give(r, "000000", "440000", span_of(said, len));
        realm_give(r, "000000", "440000", span_of(home->frame, home->frame_len));
    }
    const struct got *got =
        world_got(realm_world(r, "440000"), "market.440000", "licence.application", 0);
    assert_non_null(got);
    assert_int_equal(got->seen, 1);
    assert_int_equal(realm_has(r, "market.440000", "licence.application"), 1);
}

static void what_ended_on_its_way_is_refused_with_its_code(void **state)
{
    struct realm *r = *state;
    struct world *to = realm_world(r, "440000");
    struct mail mail = application("health.220100", "market.440000");
    struct lie lie = {.by = "000000", .to = "440000", .hops = {WAY_TO_440000}, .share = 1};
    mail.created_ms = r->now_ms - 2 * (uint64_t)HOUR_MS;
    mail.expires_ms = r->now_ms - HOUR_MS;
    lie.accepted_ms = mail.created_ms;
    const uint64_t from = log_size(to->store->log);
    tell(r, &mail, &lie);
    assert_int_equal(said_since(to, from, lianshu_ReceiptKind_RECEIPT_REFUSED, ERR_EXPIRED), 1);
    assert_int_equal(world_status(to, "undelivered"), 0);
}

static void facts_that_the_recipients_hub_cannot_read_are_refused(void **state)
{
    struct realm *r = *state;
    struct world *home = realm_world(r, "445100");
    struct world *to = realm_world(r, "220100");
    const struct mail mail = application("health.445100", "market.220100");
    uint8_t env_id[HASH_LEN];
    const size_t links = home->link_count;
    home->link_count = 0; /* its adapter thinks that there is one hub */
    world_make(home, &mail, env_id, NULL);
    home->link_count = links;
    world_push(home, "health.445100");
    realm_turn(r);
    assert_int_equal(world_verdict(home, "health.445100", env_id),
                     lianshu_ReceiptKind_RECEIPT_REJECTED);
    assert_int_equal(world_code(home, "health.445100", env_id), ERR_FACTS_MISSING);
    /* And when the first hub is no help, the last one refuses. */
    static uint8_t said[16 << 10];
    const struct lie lie = {.by = "220000",
                            .to = "220100",
                            .hops = {"hub.445100", "hub.440000", "hub.000000", "hub.220000"},
                            .share = 1,
                            .env_id = env_id};
    const size_t len = write_lie(r, &lie, said, sizeof said);
    const uint64_t from = log_size(to->store->log);
    realm_give(r, "220000", "220100", span_of(said, len));
    realm_give(r, "220000", "220100", span_of(home->frame, home->frame_len));
    assert_int_equal(said_since(to, from, lianshu_ReceiptKind_RECEIPT_REFUSED, ERR_FACTS_MISSING),
                     1);
    assert_int_equal(realm_has(r, "market.220100", "licence.application"), 0);
}

static void a_member_of_another_hubs_region_is_not_served(void **state)
{
    struct realm *r = *state;
    struct world *w = realm_world(r, "445100");
    const struct mail mail = application("health.220200", "market.445100");
    uint8_t env_id[HASH_LEN];
    world_send(w, &mail, env_id);
    assert_int_equal(world_verdict(w, "health.220200", env_id),
                     lianshu_ReceiptKind_RECEIPT_REJECTED);
    assert_int_equal(world_code(w, "health.220200", env_id), ERR_REGION_NOT_OWNED);
    assert_int_equal(realm_has(r, "market.445100", "licence.application"), 0);
}

static void a_region_that_no_hub_serves_is_refused_to_the_sender(void **state)
{
    struct realm *r = *state;
    struct world *w = realm_world(r, "445100");
    const struct mail mail = application("health.445100", "market.220100");
    uint8_t env_id[HASH_LEN];
    world_send(w, &mail, env_id);
    assert_int_equal(world_verdict(w, "health.445100", env_id),
                     lianshu_ReceiptKind_RECEIPT_REJECTED);
    assert_int_equal(world_code(w, "health.445100", env_id), ERR_NO_HUB);
}

static void a_hub_that_is_not_linked_is_reached_by_nobody(void **state)
{
    struct realm *r = *state;
    const struct mail near = application("health.220000", "market.220100");
    const struct mail far = application("health.000000", "market.220100");
    struct world *w = realm_world(r, "220000");
    uint8_t env_id[HASH_LEN];
    world_send(w, &near, env_id);
    assert_int_equal(world_code(w, "health.220000", env_id), ERR_NOT_FEDERATED);
    const struct sent sent = realm_send(r, &far);
    assert_int_equal(realm_heard(r, "health.000000", &sent, lianshu_ReceiptKind_RECEIPT_REFUSED),
                     1);
    assert_int_equal(world_code(realm_world(r, "000000"), "health.000000", sent.env_id),
                     ERR_NOT_FEDERATED);
    assert_int_equal(world_status(realm_world(r, "000000"), "undelivered"), 0);
}

/* In the registry, but not named; not in the registry at all. */
static void whatever_a_stranger_among_hubs_says_is_refused(void **state)
{
    static const char *const strangers[] = {"hub.220100", "hub.330000"};
    struct realm *r = *state;
    struct world *w = realm_world(r, "220000");
    for (size_t i = 0; i < T_COUNT(strangers); i++) {
        uint32_t peer;
        char user[CORE_USER_ID_MAX];
        uint8_t bytes[512];
        struct writer out = writer_of(bytes, sizeof bytes);
        lianshu_Control control = {.kind = lianshu_ControlKind_CONTROL_HELLO,
                                   .which_body = lianshu_Control_hello_tag};
        const struct mail mail = application("health.220000", "market.000000");
        const uint64_t before = unverified(w, ERR_NOT_FEDERATED);
        const uint64_t envelopes = world_status(w, "envelopes");
        snprintf(user, sizeof user, "%s/0123456789abcdef", strangers[i]);
        assert_int_equal(core_peer(w->core, user, &peer), OK);
        strcpy(control.body.hello.member, strangers[i]);
        strcpy(control.body.hello.realm, "demo");
        assert_int_equal(frame_put_control(&out, &control), OK);
        world_give(w, peer, writer_span(&out));
        world_make(w, &mail, NULL, NULL);
        world_give(w, peer, span_of(w->frame, w->frame_len));
        realm_pass(r, 2 * SECOND_MS);
        assert_int_equal(unverified(w, ERR_NOT_FEDERATED), before + 2);
        assert_int_equal(world_status(w, "envelopes"), envelopes);
    }
}

static void a_link_beyond_its_quota_is_busy_and_no_other_is(void **state)
{
    enum { FLOOD = 50 };
    struct realm *r = *state;
    struct world *from = realm_world(r, "445100");
    struct world *to = realm_world(r, "440000");
    for (int i = 0; i < FLOOD; i++) {
        const struct mail mail = application("health.445100", "market.440000");
        world_make(from, &mail, NULL, NULL);
        world_push(from, "health.445100");
    }
    realm_turn(r);
    assert_in_range(realm_has(r, "market.440000", "licence.application"), 1, FLOOD / 5);
    /* Its neighbour, and the hub's own members, go their way at the same moment. */
    const struct mail beside = application("health.440300", "police.440000");
    const struct mail local = application("health.440000", "insurance.440000");
    (void)realm_send(r, &beside);
    (void)realm_send(r, &local);
    assert_int_equal(realm_has(r, "police.440000", "licence.application"), 1);
    assert_int_equal(realm_has(r, "insurance.440000", "licence.application"), 1);
    realm_live(r, 60 * (uint64_t)SECOND_MS, SECOND_MS);
    assert_true(unverified(to, ERR_QUOTA) > 0);
    assert_int_equal(realm_has(r, "market.440000", "licence.application"), FLOOD);
    assert_int_equal(world_status(from, "undelivered"), 0);
}

#define WITH(plan, fn) cmocka_unit_test_setup_teardown(fn, plan, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH(tree, what_an_honest_hub_would_say_is_taken),
        WITH(tree, a_stripped_or_forged_hop_is_refused),
        WITH(tree, a_loop_is_refused),
        WITH(group, a_peer_speaks_for_its_own_region_only),
        WITH(group, who_lies_elsewhere_is_not_reached_through_us),
        WITH(tree, an_envelope_without_a_statement_about_it_is_refused),
        WITH(tree, a_statement_that_its_hubs_log_does_not_hold_is_refused),
        WITH(tree, a_hub_cannot_change_what_it_hands_on),
        WITH(tree, what_a_hub_gives_twice_is_taken_once),
        WITH(tree, what_ended_on_its_way_is_refused_with_its_code),
        WITH(tree, facts_that_the_recipients_hub_cannot_read_are_refused),
        WITH(tree, a_member_of_another_hubs_region_is_not_served),
        WITH(rootless, a_region_that_no_hub_serves_is_refused_to_the_sender),
        WITH(alone, a_hub_that_is_not_linked_is_reached_by_nobody),
        WITH(alone, whatever_a_stranger_among_hubs_says_is_refused),
        WITH(quota, a_link_beyond_its_quota_is_busy_and_no_other_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
