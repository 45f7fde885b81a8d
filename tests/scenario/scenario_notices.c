/*
 * Notices of one tick are signed and sealed together: one signature of their documents, one of
 * their envelopes, one key agreement for each member. Each verifies and opens alone, none with
 * what belongs to another (PROTOCOL.md 3.1). And what is aligned in the transaction of
 * its cause is complete after a kill right there.
 */
#include "scenario/acts.h"
#include "scenario/texts.h"

#include "base/clock.h"
#include "store/queue.h"
#include "wire.h"

#include <sqlite3.h>
#include <stdio.h>

enum { NOTICES = 22, FRAME_BYTES = 16 << 10 };

/* A notice as it lies at the hub. */
struct sealed {
    char member[STORE_MEMBER_MAX + 1];
    size_t len;
    uint8_t bytes[FRAME_BYTES];
    struct frame_envelope env; /* points into bytes */
    lianshu_Header header;
    uint8_t header_hash[HASH_LEN];
    uint8_t env_id[HASH_LEN];
};

static struct sealed sealed[NOTICES];

/* An order, and the notices that the next tick has made of it. */
static void seal_notices(struct world *w)
{
    acts_connect(w);
    for (size_t i = 0; i < ACTS_EVERYBODY; i++)
        world_site(w, acts_everybody[i])->silent = true;
    acts_order(w, NULL);
    struct queue_row row = {0};
    size_t count = 0;
    while (queue_next(w->store->queue, &row) == OK) {
        struct span frame;
        struct sealed *s = &sealed[count];
        assert_true(count++ < NOTICES);
        assert_int_equal(message_frame(w->store->messages, row.seq, &frame), OK);
        assert_true(frame.len <= sizeof s->bytes);
        memcpy(s->member, row.recipient, sizeof s->member);
        memcpy(s->bytes, frame.data, frame.len);
        s->len = frame.len;
        assert_int_equal(frame_parse_envelope(span_of(s->bytes, s->len), &s->env), OK);
        assert_int_equal(wire_decode(&lianshu_Header_msg, s->env.header, &s->header), OK);
        envelope_id(&s->env, s->header_hash, s->env_id);
    }
    assert_int_equal(count, NOTICES);
}

static const struct registry_key *signer(struct world *w, const struct sealed *s)
{
    const struct registry_key *key;
    assert_int_equal(registry_signer(w->registry, s->header.sender, s->header.sender_kid,
                                     KEY_USE_SIGN, w->now_ms, &key),
                     OK);
    return key;
}

/* By somebody who knows nothing of the others. */
static enum err verify_alone(struct world *w, const struct sealed *s, struct span signature)
{
    struct verifier *verifier = NULL;
    assert_int_equal(verifier_open(&verifier, VERIFIER_NODES_MIN), OK);
    enum err err = verifier_check(verifier, signer(w, s)->public_key, s->env_id, signature);
    verifier_close(&verifier);
    return err;
}

/* Its document, by the member's key and an opener that has opened nothing before. */
static struct span open_alone(struct world *w, const struct sealed *s, uint8_t *room, size_t cap)
{
    struct opener *opener = NULL;
    struct span plain;
    enum err inner;
    assert_int_equal(opener_open(&opener, 1), OK);
    assert_int_equal(envelope_open(opener, world_site(w, s->member)->keys, s->member, &s->header,
                                   &s->env, s->header_hash, 0, room, cap, &plain, NULL, &inner),
                     OK);
    opener_close(&opener);
    return plain;
}

static enum err verify_document(struct world *w, struct span lsd1, lianshu_Document *out)
{
    struct verifier *verifier = NULL;
    uint8_t hash[HASH_LEN];
    assert_int_equal(verifier_open(&verifier, VERIFIER_NODES_MIN), OK);
    enum err err = registry_verify_document(w->registry, w->now_ms, lsd1, verifier, out, hash);
    verifier_close(&verifier);
    return err;
}

static void notices_of_one_tick_share_one_signature_and_each_opens_alone(void **state)
{
    static uint8_t room[FRAME_MAX];
    static lianshu_Document d;
    struct world *w = *state;
    uint8_t of_documents[FRAME_SIG_LEN];
    struct frame_signature first;
    seal_notices(w);
    assert_int_equal(frame_parse_signature(sealed[0].env.signature, &first), OK);
    assert_int_equal(first.size, NOTICES);
    uint32_t seen = 0;
    for (size_t i = 0; i < NOTICES; i++) {
        struct frame_document document;
        struct frame_signature s;
        assert_int_equal(frame_parse_signature(sealed[i].env.signature, &s), OK);
        assert_int_equal(s.size, NOTICES);
        assert_memory_equal(s.sig, first.sig, FRAME_SIG_LEN);
        assert_true(s.index < NOTICES && (seen >> s.index & 1) == 0);
        seen |= UINT32_C(1) << s.index;
        assert_int_equal(verify_alone(w, &sealed[i], sealed[i].env.signature), OK);

        const struct span lsd1 = open_alone(w, &sealed[i], room, sizeof room);
        assert_int_equal(verify_document(w, lsd1, &d), OK);
        assert_string_equal(d.addressees[0], sealed[i].member);
        assert_int_equal(frame_parse_document(lsd1, &document), OK);
        assert_int_equal(frame_parse_signature(document.signatures[0], &s), OK);
        assert_int_equal(s.size, NOTICES);
        if (i == 0)
            memcpy(of_documents, s.sig, sizeof of_documents);
        assert_memory_equal(s.sig, of_documents, sizeof of_documents);
    }
}

/* One secret for what a member gets of a batch, another one for every other member. */
static void notices_of_one_tick_cost_one_key_agreement_a_member(void **state)
{
    struct world *w = *state;
    seal_notices(w);
    for (size_t i = 0; i < NOTICES; i++) {
        for (size_t k = 0; k < i; k++) {
            const struct span a = sealed[i].env.parts[0].wraps;
            const struct span b = sealed[k].env.parts[0].wraps;
            const bool same = a.len == b.len && memcmp(a.data, b.data, a.len) == 0;
            assert_int_equal(same, strcmp(sealed[i].member, sealed[k].member) == 0);
        }
    }
}

static void a_notice_does_not_verify_with_the_place_of_another(void **state)
{
    static uint8_t room[FRAME_MAX];
    static uint8_t other_room[FRAME_MAX];
    static uint8_t mixed[FRAME_DOCUMENT_FRAME_MAX];
    static lianshu_Document d;
    struct world *w = *state;
    seal_notices(w);
    for (size_t i = 0; i < NOTICES; i++) {
        const struct sealed *other = &sealed[(i + 1) % NOTICES];
        assert_int_equal(verify_alone(w, &sealed[i], other->env.signature), ERR_SIGNATURE);

        struct frame_document mine;
        struct frame_document theirs;
        struct writer out = writer_of(mixed, sizeof mixed);
        assert_int_equal(frame_parse_document(open_alone(w, &sealed[i], room, sizeof room), &mine),
                         OK);
        assert_int_equal(
            frame_parse_document(open_alone(w, other, other_room, sizeof other_room), &theirs), OK);
        assert_int_equal(document_write(mine.document, &theirs.signatures[0], 1, &out), OK);
        assert_int_equal(verify_document(w, writer_span(&out), &d), ERR_SIGNATURE);
    }
}

static void a_member_cannot_open_the_notice_of_another(void **state)
{
    static uint8_t room[FRAME_MAX];
    struct world *w = *state;
    seal_notices(w);
    for (size_t i = 0; i < NOTICES; i++) {
        const char *stranger =
            strcmp(sealed[i].member, "police.445100") == 0 ? "health.445100" : "police.445100";
        struct opener *opener = NULL;
        struct span plain;
        enum err inner;
        assert_int_equal(opener_open(&opener, 1), OK);
        /* It names itself as the reader, then takes the name of the other. */
        assert_int_equal(envelope_open(opener, world_site(w, stranger)->keys, stranger,
                                       &sealed[i].header, &sealed[i].env, sealed[i].header_hash, 0,
                                       room, sizeof room, &plain, NULL, &inner),
                         ERR_NOT_IN_AUDIENCE);
        assert_int_not_equal(envelope_open(opener, world_site(w, stranger)->keys, sealed[i].member,
                                           &sealed[i].header, &sealed[i].env, sealed[i].header_hash,
                                           0, room, sizeof room, &plain, NULL, &inner),
                             OK);
        opener_close(&opener);
    }
}

/* Committed and killed, before it lands or after: a part of the obligations stands, no notice. */
static void killed_right_after_the_commit_that_aligns_at_once(struct world *w, bool landed)
{
    const struct mail mail = {.from = "market.445100",
                              .type = "sanction.order",
                              .to = {"hub.445100"},
                              .facts = ORDER_BODY("1"),
                              .basis = {"DL116", "DL118"},
                              .conversation = ORDER_ID};
    struct core_flight *flight;
    acts_connect(w);
    world_make(w, &mail, NULL, NULL);
    world_push(w, "market.445100");
    if (landed)
        assert_int_equal(core_commit(w->core, w->now_ms), OK);
    else
        assert_int_equal(core_write(w->core, w->now_ms, &flight), OK);
    const uint64_t aligned = world_status(w, "obligations.total");
    assert_true(aligned > 0 && aligned < NOTICES);
    assert_int_equal(world_try_restart(w), OK);
    assert_int_equal(world_status(w, "obligations.total"), aligned);
    assert_int_equal(acts_notices(w), 0);
    world_restart(w);
    world_turn(w);
    assert_int_equal(world_status(w, "obligations.total"), NOTICES);
    assert_int_equal(acts_notices(w), NOTICES);
    acts_obey(w, lianshu_NoticeStage_STAGE_IMPOSE);
    assert_int_equal(world_status(w, "obligations_executed"), NOTICES);
    assert_int_equal(world_status(w, "orders"), 1);
}

static void killed_after_an_alignment_at_once_the_rest_follows_and_nothing_twice(void **state)
{
    killed_right_after_the_commit_that_aligns_at_once(*state, true);
}

static void killed_before_it_landed_the_same(void **state)
{
    killed_right_after_the_commit_that_aligns_at_once(*state, false);
}

/* ---- one of them cannot be made, or not be written ---- */

#define POLICE "police.445100"

/* What the hub shows of the obligations of the police that wait with this code. */
static size_t waiting_with(struct world *w, const char *code)
{
    struct json *answer = world_ask(w, "{\"cmd\":\"obligations\",\"member\":\"" POLICE "\"}");
    const struct json *list = json_get(answer, "obligations");
    size_t count = 0;
    for (size_t i = 0; i < json_count(list); i++) {
        const char *waits = json_get_text(json_item(list, i), "waits");
        count += waits != NULL && (code == NULL || strcmp(waits, code) == 0);
    }
    json_close(&answer);
    return count;
}

/* How many obligations are the police's. */
static size_t of_the_police(struct world *w)
{
    struct json *answer = world_ask(w, "{\"cmd\":\"obligations\",\"member\":\"" POLICE "\"}");
    const size_t count = json_count(json_get(answer, "obligations"));
    json_close(&answer);
    return count;
}

/* All others of the batch have theirs, verified and opened, and so many the police; what waits is
 * shown with its code. */
static void others_have_theirs(struct world *w, size_t of_police, const char *code)
{
    const size_t theirs = of_the_police(w);
    assert_in_range(theirs, 1 + of_police, NOTICES - 1);
    assert_int_equal(acts_notices(w), NOTICES - theirs + of_police);
    assert_int_equal(world_has(w, POLICE, "sanction.notice"), of_police);
    assert_int_equal(world_status(w, "undelivered"), theirs - of_police);
    assert_int_equal(waiting_with(w, code), theirs - of_police);
}

static void everybody_has_theirs(struct world *w)
{
    world_pass(w, 6 * (uint64_t)MINUTE_MS);
    assert_int_equal(acts_notices(w), NOTICES);
    assert_int_equal(world_status(w, "undelivered"), 0);
    assert_int_equal(waiting_with(w, NULL), 0);
    acts_obey(w, lianshu_NoticeStage_STAGE_IMPOSE);
    assert_int_equal(world_status(w, "obligations_executed"), NOTICES);
}

static void a_member_without_a_valid_sealing_key_holds_up_nobody_of_its_batch(void **state)
{
    struct world *w = *state;
    acts_connect(w);
    world_sealless(w, POLICE);
    acts_order(w, NULL);
    others_have_theirs(w, 0, "E405");
    world_restart(w);
    world_pass(w, 20 * (uint64_t)MINUTE_MS); /* tried again, and again in vain */
    others_have_theirs(w, 0, "E405");
    world_sealless(w, NULL);
    everybody_has_theirs(w);
}

/* What it owes ends meanwhile: there is nothing left that its key could open. */
static void what_ends_while_it_waits_for_a_key_is_never_sent(void **state)
{
    struct world *w = *state;
    acts_connect(w);
    world_sealless(w, POLICE);
    acts_order(w, NULL);
    acts_annul(w, NULL);
    world_sealless(w, NULL);
    world_pass(w, 6 * (uint64_t)MINUTE_MS);
    assert_int_equal(world_has(w, POLICE, "sanction.notice"), 0);
    assert_int_equal(world_status(w, "undelivered"), 0);
}

/* Beside the hub: the table takes one sealed notice of the police and no other. */
static void refuse_notices_of_the_police(struct world *w, bool refuse)
{
    static const char make[] = "CREATE UNIQUE INDEX refused ON obligation (member) "
                               "WHERE member = '" POLICE "' AND notice_id <> zeroblob(16)";
    sqlite3 *db = NULL;
    char path[160];
    snprintf(path, sizeof path, "%s/hub.db", w->dir);
    assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    if (sqlite3_exec(db, refuse ? make : "DROP INDEX refused", NULL, NULL, NULL) != SQLITE_OK)
        fail_msg("%s", sqlite3_errmsg(db));
    sqlite3_close(db);
}

static void a_notice_that_cannot_be_written_harms_no_other_of_its_batch(void **state)
{
    struct world *w = *state;
    refuse_notices_of_the_police(w, true);
    world_restart(w);
    acts_connect(w);
    acts_order(w, NULL);
    others_have_theirs(w, 1, "E026");
    assert_false(w->dead);
    refuse_notices_of_the_police(w, false);
    world_restart(w);
    acts_connect(w);
    everybody_has_theirs(w);
    /* Nothing of it was left behind: a number that nobody got would hold up what follows. */
    acts_annul(w, NULL);
    acts_obey(w, lianshu_NoticeStage_STAGE_LIFT);
    assert_int_equal(acts_notices(w), 2 * (size_t)NOTICES);
    assert_int_equal(world_status(w, "undelivered"), 0);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, world_setup, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(notices_of_one_tick_share_one_signature_and_each_opens_alone),
        CASE(notices_of_one_tick_cost_one_key_agreement_a_member),
        CASE(a_notice_does_not_verify_with_the_place_of_another),
        CASE(a_member_cannot_open_the_notice_of_another),
        CASE(killed_after_an_alignment_at_once_the_rest_follows_and_nothing_twice),
        CASE(killed_before_it_landed_the_same),
        CASE(a_member_without_a_valid_sealing_key_holds_up_nobody_of_its_batch),
        CASE(what_ends_while_it_waits_for_a_key_is_never_sent),
        CASE(a_notice_that_cannot_be_written_harms_no_other_of_its_batch),
    };
    return cmocka_run_group_tests_name("notices", tests, NULL, NULL);
}
