/* Hubs as peers: hello on both sides, whose frames are taken at all, the registry from hub to hub
 * piece by piece, and how far receipts have come (links.h). */
#include "scenario/realm.h"
#include "scenario/texts.h"

#include "base/clock.h"
#include "core/state.h"
#include "frame.h"

#include <stdio.h>
#include <stdlib.h>

#define AT    "440000" /* who is told; its neighbours give */
#define ABOVE "000000"
#define BELOW "445100"

enum { FILE_MAX = 256 << 10, PIECE = 1000 };

static const struct realm_hub tree_plan[] = {
    {.region = "000000"}, {.region = "440000"}, {.region = "445100"}};
static const struct realm_hub alone_plan[] = {
    {.region = "000000"}, {.region = "220000"}, {.region = "220100", .unlinked = true}};

static uint8_t file[FILE_MAX];
static size_t file_len;

static int tree(void **state)
{
    struct realm *r = *state = realm_new(tree_plan, T_COUNT(tree_plan));
    file_len = realm_registry(r, 2, 0, file, sizeof file);
    assert_true(file_len > 2 * PIECE);
    return 0;
}

static int alone(void **state)
{
    *state = realm_new(alone_plan, T_COUNT(alone_plan));
    return 0;
}

static int end(void **state)
{
    realm_free(*state);
    return 0;
}

/* Refusals with this code that a hub has counted. */
static uint64_t counted(struct realm *r, const char *region, enum err code)
{
    char name[32];
    realm_pass(r, 2 * SECOND_MS);
    snprintf(name, sizeof name, "unverified.%d", (int)code);
    return world_status(realm_world(r, region), name);
}

static void give(struct realm *r, const char *from, const lianshu_Control *control)
{
    static uint8_t bytes[PIECE + 512];
    struct writer w = writer_of(bytes, sizeof bytes);
    assert_int_equal(frame_put_control(&w, control), OK);
    realm_give(r, from, AT, writer_span(&w));
}

static void give_have(struct realm *r, const char *from, uint64_t version)
{
    lianshu_Control c = {.kind = lianshu_ControlKind_CONTROL_REGISTRY_HAVE,
                         .which_body = lianshu_Control_registry_have_tag};
    c.body.registry_have.version = version;
    give(r, from, &c);
}

struct piece {
    const char *from; /* NULL: ABOVE */
    uint64_t version; /* 0: 2 */
    uint64_t offset;
    uint64_t total; /* 0: as it is */
    size_t len;     /* 0: all there is, up to PIECE; SIZE_MAX: none */
};

static void give_piece(struct realm *r, const struct piece *p)
{
    lianshu_Control c = {.kind = lianshu_ControlKind_CONTROL_REGISTRY_PART,
                         .which_body = lianshu_Control_registry_part_tag};
    lianshu_RegistryPart *part = &c.body.registry_part;
    const size_t left = file_len - (size_t)p->offset;
    size_t len = p->len != 0 ? p->len : left < PIECE ? left : PIECE;
    len = len == SIZE_MAX ? 0 : len;
    part->version = p->version != 0 ? p->version : 2;
    part->offset = p->offset;
    part->total = p->total != 0 ? p->total : file_len;
    part->piece.size = (pb_size_t)len;
    memcpy(part->piece.bytes, file + p->offset, len);
    give(r, p->from != NULL ? p->from : ABOVE, &c);
}

static void give_all(struct realm *r)
{
    for (size_t at = 0; at < file_len; at += PIECE)
        give_piece(r, &(struct piece){.offset = at});
}

static struct span offered(struct realm *r)
{
    uint64_t version;
    return core_registry_offered(realm_world(r, AT)->core, &version);
}

static void is_whole(struct realm *r)
{
    assert_int_equal(offered(r).len, file_len);
    assert_memory_equal(offered(r).data, file, file_len);
}

/* What a hub's own page says of a link. */
static bool shows(struct realm *r, const char *region, const char *hub, const char *text)
{
    struct json *answer = world_ask(realm_world(r, region), "{\"cmd\":\"topology\"}");
    const struct json *hubs = json_get(answer, "hubs");
    bool found = false;
    for (size_t i = 0; i < json_count(hubs); i++) {
        char *row = NULL;
        size_t len;
        if (strcmp(json_get_text(json_item(hubs, i), "hub"), hub) != 0)
            continue;
        assert_int_equal(json_print(json_item(hubs, i), false, &row, &len), OK);
        found = strstr(row, text) != NULL;
        free(row);
    }
    json_close(&answer);
    return found;
}

/* ---- hello ---- */

static void hubs_say_hello_on_both_sides(void **state)
{
    struct realm *r = *state;
    assert_true(shows(r, AT, "hub." ABOVE, "\"state\":\"up\""));
    assert_true(shows(r, ABOVE, "hub." AT, "\"state\":\"up\""));
    realm_cut(r, ABOVE, AT);
    assert_true(shows(r, AT, "hub." ABOVE, "\"state\":\"down\""));
    assert_true(shows(r, ABOVE, "hub." AT, "\"state\":\"down\""));
    assert_true(shows(r, AT, "hub." BELOW, "\"state\":\"up\""));
    realm_heal(r, ABOVE, AT);
    assert_true(shows(r, AT, "hub." ABOVE, "\"state\":\"up\""));
    assert_true(shows(r, ABOVE, "hub." AT, "\"state\":\"up\""));
}

static void a_link_that_falls_silent_counts_as_gone(void **state)
{
    struct realm *r = *state;
    realm_mute(r, ABOVE, AT);
    realm_live(r, 2 * LINK_SILENCE_MS, LINK_TELL_MS);
    assert_true(shows(r, AT, "hub." ABOVE, "\"state\":\"down\""));
    assert_true(shows(r, AT, "hub." BELOW, "\"state\":\"up\""));
}

/* Everything that there is to send, each from a hub that nobody named. */
static void whatever_frame_a_hub_that_is_not_linked_sends_is_refused(void **state)
{
    static const struct {
        lianshu_ControlKind kind;
        pb_size_t body;
    } controls[] = {
        {lianshu_ControlKind_CONTROL_HELLO, lianshu_Control_hello_tag},
        {lianshu_ControlKind_CONTROL_CREDIT, lianshu_Control_credit_tag},
        {lianshu_ControlKind_CONTROL_ACK, lianshu_Control_ack_tag},
        {lianshu_ControlKind_CONTROL_REGISTRY_HAVE, lianshu_Control_registry_have_tag},
        {lianshu_ControlKind_CONTROL_REGISTRY_WANTED, lianshu_Control_registry_wanted_tag},
        {lianshu_ControlKind_CONTROL_REGISTRY_PART, lianshu_Control_registry_part_tag},
    };
    static const char *const magics[] = {"LSE1", "LSV1", "LSR1", "LSC1"};
    struct realm *r = *state;
    struct world *w = realm_world(r, "220000");
    uint32_t peer;
    assert_int_equal(core_peer(w->core, "hub.220100/0123456789abcdef", &peer), OK);
    const uint64_t before = counted(r, "220000", ERR_NOT_FEDERATED);
    const uint64_t envelopes = world_status(w, "envelopes");
    for (size_t i = 0; i < T_COUNT(controls); i++) {
        uint8_t bytes[512];
        struct writer out = writer_of(bytes, sizeof bytes);
        lianshu_Control c = {.kind = controls[i].kind, .which_body = controls[i].body};
        assert_int_equal(frame_put_control(&out, &c), OK);
        world_give(w, peer, writer_span(&out));
    }
    for (size_t i = 0; i < T_COUNT(magics); i++)
        world_give(w, peer, span_str(magics[i]));
    assert_int_equal(counted(r, "220000", ERR_NOT_FEDERATED),
                     before + T_COUNT(controls) + T_COUNT(magics));
    assert_int_equal(world_status(w, "envelopes"), envelopes);
}

/* ---- the registry ---- */

static void a_new_registry_reaches_every_hub(void **state)
{
    struct realm *r = *state;
    realm_reload(r, ABOVE, span_of(file, file_len));
    realm_turn(r);
    is_whole(r);
    realm_reload(r, AT, span_of(file, file_len));
    assert_int_equal(offered(r).len, 0);
    realm_turn(r);
    uint64_t version;
    const struct span below = core_registry_offered(realm_world(r, BELOW)->core, &version);
    assert_int_equal(version, 2);
    assert_int_equal(below.len, file_len);
    assert_memory_equal(below.data, file, file_len);
}

static void pieces_out_of_order_or_of_something_else_are_passed_over(void **state)
{
    struct realm *r = *state;
    give_piece(r, &(struct piece){.offset = 0}); /* nobody asked */
    give_have(r, ABOVE, 2);
    give_piece(r, &(struct piece){.offset = PIECE});
    give_piece(r, &(struct piece){.version = 3});
    give_piece(r, &(struct piece){.from = BELOW});
    give_piece(r, &(struct piece){.offset = 0});
    give_piece(r, &(struct piece){.offset = 0}); /* twice */
    assert_int_equal(offered(r).len, 0);
    for (size_t at = PIECE; at < file_len; at += PIECE)
        give_piece(r, &(struct piece){.offset = at});
    is_whole(r);
    assert_int_equal(counted(r, AT, ERR_REGISTRY), 0);
}

static void a_piece_that_cannot_be_part_of_the_whole_ends_the_fetch(void **state)
{
    static const struct piece wrong[] = {
        {.offset = 0, .total = REGISTRY_FILE_MAX + 1}, /* too large */
        {.offset = 0, .total = 100},                   /* more than there is */
        {.offset = 0, .len = SIZE_MAX},                /* nothing */
    };
    struct realm *r = *state;
    for (size_t i = 0; i < T_COUNT(wrong); i++) {
        give_have(r, ABOVE, 2);
        give_piece(r, &wrong[i]);
        assert_int_equal(counted(r, AT, ERR_REGISTRY), i + 1);
    }
    give_have(r, ABOVE, 2);
    give_piece(r, &(struct piece){.offset = 0});
    give_piece(r, &(struct piece){.offset = PIECE, .total = file_len + 1}); /* another total */
    assert_int_equal(counted(r, AT, ERR_REGISTRY), T_COUNT(wrong) + 1);
    assert_int_equal(offered(r).len, 0);
    give_have(r, ABOVE, 2);
    give_all(r);
    is_whole(r);
}

static void one_that_does_not_verify_is_not_asked_for_again(void **state)
{
    struct realm *r = *state;
    struct world *w = realm_world(r, AT);
    struct registry *opened = NULL;
    struct fault fault = {0};
    file[file_len / 2] ^= 1;
    give_have(r, ABOVE, 2);
    give_all(r);
    is_whole(r);
    const enum err err = registry_open(&opened, &r->anchor, offered(r), 1, &fault);
    assert_int_equal(err_class(err), ERR_CLASS_REJECT);
    core_registry_judged(w->core, err);
    assert_int_equal(counted(r, AT, err), 1);
    assert_int_equal(registry_version(w->registry), 1);
    give_have(r, ABOVE, 2);
    give_all(r);
    assert_int_equal(offered(r).len, 0);
    realm_heal(r, ABOVE, AT); /* it says hello anew */
    give_have(r, ABOVE, 2);
    file[file_len / 2] ^= 1;
    give_all(r);
    is_whole(r);
}

static void an_older_one_is_refused(void **state)
{
    struct realm *r = *state;
    realm_reload(r, AT, span_of(file, file_len));
    for (uint64_t version = 1; version <= 2; version++) {
        give_have(r, ABOVE, version);
        give_piece(r, &(struct piece){.version = version});
        assert_int_equal(counted(r, AT, ERR_REGISTRY_ROLLBACK), version);
    }
    assert_int_equal(offered(r).len, 0);
}

static void two_registries_of_one_version_are_noticed_and_ours_is_kept(void **state)
{
    static uint8_t other[FILE_MAX];
    struct realm *r = *state;
    const size_t len = realm_registry(r, 2, 1, other, sizeof other);
    realm_cut(r, ABOVE, AT);
    realm_reload(r, AT, span_of(file, file_len));
    realm_reload(r, ABOVE, span_of(other, len));
    assert_int_equal(counted(r, AT, ERR_REGISTRY_DIFFERS), 0);
    realm_heal(r, ABOVE, AT);
    assert_int_equal(counted(r, AT, ERR_REGISTRY_DIFFERS), 1);
    assert_int_equal(counted(r, ABOVE, ERR_REGISTRY_DIFFERS), 1);
    assert_true(shows(r, AT, "hub." ABOVE, "\"registry_differs\":true"));
    realm_live(r, 3 * LINK_TELL_MS, LINK_TELL_MS);
    assert_int_equal(counted(r, AT, ERR_REGISTRY_DIFFERS), 1); /* said once */
    const struct span ours = registry_file(realm_world(r, AT)->registry);
    assert_int_equal(ours.len, file_len);
    assert_memory_equal(ours.data, file, file_len);
    /* A later one settles it. */
    const size_t third = realm_registry(r, 3, 0, other, sizeof other);
    realm_reload(r, ABOVE, span_of(other, third));
    realm_reload(r, AT, span_of(other, third));
    realm_turn(r);
    assert_true(shows(r, AT, "hub." ABOVE, "\"registry_differs\":false"));
}

/* ---- receipts ---- */

static uint64_t acked(struct realm *r)
{
    uint64_t number;
    realm_pass(r, SECOND_MS); /* acknowledgements are written lazily */
    assert_int_equal(stream_acked(realm_world(r, AT)->store->stream, "hub." BELOW, &number), OK);
    return number;
}

/* The receipts have landed below, and the acknowledgement is lost with the connection. */
static uint64_t lose_an_acknowledgement(struct realm *r)
{
    const struct mail mail = {.from = "health." BELOW,
                              .type = "licence.application",
                              .to = {"market." AT},
                              .facts = LICENCE_BODY(CLEAN)};
    struct road *road = realm_road(r, AT, BELOW);
    uint64_t last;
    road->delay_ms = 10 * SECOND_MS;
    (void)realm_send(r, &mail);
    realm_pass(r, road->delay_ms);
    realm_pass(r, road->delay_ms);
    realm_cut(r, AT, BELOW);
    road->delay_ms = 0;
    assert_int_equal(stream_last(realm_world(r, AT)->store->stream, "hub." BELOW, &last), OK);
    assert_true(last > 0);
    assert_true(acked(r) < last);
    return last;
}

static void a_hello_acknowledges_the_receipts_that_are_on_disk(void **state)
{
    struct realm *r = *state;
    const uint64_t last = lose_an_acknowledgement(r);
    struct road *road = realm_road(r, AT, BELOW);
    road->delay_ms = 10 * SECOND_MS;
    realm_heal(r, AT, BELOW);
    assert_true(acked(r) < last);
    realm_pass(r, road->delay_ms - SECOND_MS); /* the hello is there, and nothing has come back */
    assert_true(acked(r) >= last);
}

static void a_hello_acknowledges_nothing_of_another_log(void **state)
{
    struct realm *r = *state;
    const uint64_t last = lose_an_acknowledgement(r);
    const uint64_t before = acked(r);
    struct world *at = realm_world(r, AT);
    lianshu_Control c = {.kind = lianshu_ControlKind_CONTROL_HELLO,
                         .which_body = lianshu_Control_hello_tag};
    strcpy(c.body.hello.member, "hub." BELOW);
    strcpy(c.body.hello.realm, "demo");
    c.body.hello.receipt_stream = last;
    for (int known = 0; known < 2; known++) {
        strcpy(c.body.hello.receipt_log, known ? "lianshu/demo/hub." AT "/9" : "");
        give(r, BELOW, &c);
        assert_int_equal(acked(r), before);
    }
    assert_int_equal(at->core->peers.rows[realm_road(r, AT, BELOW)->peer_at_listener].ready, true);
}

#define WITH(plan, fn) cmocka_unit_test_setup_teardown(fn, plan, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH(tree, hubs_say_hello_on_both_sides),
        WITH(tree, a_link_that_falls_silent_counts_as_gone),
        WITH(alone, whatever_frame_a_hub_that_is_not_linked_sends_is_refused),
        WITH(tree, a_new_registry_reaches_every_hub),
        WITH(tree, pieces_out_of_order_or_of_something_else_are_passed_over),
        WITH(tree, a_piece_that_cannot_be_part_of_the_whole_ends_the_fetch),
        WITH(tree, one_that_does_not_verify_is_not_asked_for_again),
        WITH(tree, an_older_one_is_refused),
        WITH(tree, two_registries_of_one_version_are_noticed_and_ours_is_kept),
        WITH(tree, a_hello_acknowledges_the_receipts_that_are_on_disk),
        WITH(tree, a_hello_acknowledges_nothing_of_another_log),
    };
    return cmocka_run_group_tests_name("links", tests, NULL, NULL);
}
