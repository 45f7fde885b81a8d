/* Streams, windows, attachments and clear columns in the hands of a member: tests/attacks D-01,
 * D-04, S-01, T-12, V-01. Nothing is lost, nothing stays for ever, nobody else is harmed. */
#include "scenario/acts.h"
#include "scenario/forge.h"
#include "scenario/texts.h"

#include "base/clock.h"
#include "keys/attachment.h"
#include "wire.h"

#include <stdio.h>
#include <stdlib.h>

static void hello_with(struct world *w, const char *member, uint64_t stream, uint32_t bytes)
{
    lianshu_Control hello = {.kind = lianshu_ControlKind_CONTROL_HELLO,
                             .which_body = lianshu_Control_hello_tag};
    strcpy(hello.body.hello.member, member);
    strcpy(hello.body.hello.realm, "demo");
    hello.body.hello.receipt_stream = stream;
    hello.body.hello.credit_messages = 64;
    hello.body.hello.credit_bytes = bytes;
    uint8_t frame[512];
    struct writer out = writer_of(frame, sizeof frame);
    assert_int_equal(frame_put_control(&out, &hello), OK);
    forge_give(w, member, writer_span(&out));
}

/* An adapter that knew another hub (restored from a copy) must not make this one forget. */
static void a_stream_number_from_elsewhere_acknowledges_nothing(void **state)
{
    struct world *w = *state;
    uint8_t env_id[HASH_LEN];
    const struct mail mail = acts_application(NULL);
    world_make(w, &mail, env_id, NULL);
    forge_give(w, "health.445100", span_of(w->frame, w->frame_len)); /* accepted while away */
    world_turn(w);
    hello_with(w, "health.445100", 1000, 8 << 20);
    world_turn(w);
    assert_int_equal(world_verdict(w, "health.445100", env_id),
                     lianshu_ReceiptKind_RECEIPT_ACCEPTED);
}

/* D-01, D-04: credit counts bytes too. */
static void a_recipient_gets_no_more_bytes_than_it_has_room_for(void **state)
{
    struct world *w = *state;
    world_hello(w, "health.445100");
    world_site(w, "market.445100")->silent = true;
    for (int i = 0; i < 8; i++) {
        const struct mail mail = acts_application(NULL);
        world_send(w, &mail, NULL);
    }
    hello_with(w, "market.445100", 0, 2 * (uint32_t)w->frame_len + 4096);
    world_turn(w);
    assert_in_range(world_has(w, "market.445100", "licence.application"), 1, 5);
}

/* T-12: hello in another's name, control with another's body, hub's words from an adapter. */
static void nobody_says_hello_for_another(void **state)
{
    struct world *w = *state;
    attack_connect(w);
    lianshu_Control hello = {.kind = lianshu_ControlKind_CONTROL_HELLO,
                             .which_body = lianshu_Control_hello_tag};
    strcpy(hello.body.hello.member, "market.445100");
    strcpy(hello.body.hello.realm, "demo");
    struct writer out = writer_of(w->frame, sizeof w->frame);
    assert_int_equal(frame_put_control(&out, &hello), OK);
    w->frame_len = out.len;
    attack_is_counted(w, "police.445100", ERR_WRONG_SENDER);
    hello.kind = lianshu_ControlKind_CONTROL_ACK; /* and hello's body */
    out = writer_of(w->frame, sizeof w->frame);
    assert_int_equal(frame_put_control(&out, &hello), OK);
    w->frame_len = out.len;
    attack_is_counted(w, "police.445100", ERR_HEADER);
    const lianshu_Control welcome = {.kind = lianshu_ControlKind_CONTROL_WELCOME,
                                     .which_body = lianshu_Control_welcome_tag};
    out = writer_of(w->frame, sizeof w->frame);
    assert_int_equal(frame_put_control(&out, &welcome), OK);
    w->frame_len = out.len;
    attack_is_counted(w, "police.445100", ERR_WIRE_ENUM);
    attack_hub_works(w);
}

/* D-04: one chunk of a file of one. */
static void send_chunk(struct world *w, const char *from, lianshu_ManifestFile *file)
{
    static uint8_t frame[4096];
    uint8_t cipher[FRAME_CHUNK_TAG_LEN + 100] = {1, 2, 3};
    merkle_hash root;
    merkle_leaf(root, span_of(cipher, sizeof cipher));
    const struct frame_chunk chunk = {
        .root = root, .index = 0, .count = 1, .cipher = span_of(cipher, sizeof cipher)};
    struct writer out = writer_of(frame, sizeof frame);
    frame_write_chunk(&out, &chunk);
    forge_give(w, from, writer_span(&out));
    world_turn(w);
    *file = (lianshu_ManifestFile){.byte_count = 100, .chunk_count = 1};
    strcpy(file->name, "a");
    memcpy(file->root, root, sizeof file->root);
}

/* D-04, S-01: what no envelope ever names does not stay on the disk. */
static void chunks_that_nobody_needs_are_swept(void **state)
{
    struct world *w = *state;
    lianshu_ManifestFile file;
    uint64_t have;
    uint64_t count;
    attack_connect(w);
    send_chunk(w, "health.445100", &file);
    assert_int_equal(chunk_have(w->store->chunks, "health.445100", file.root, &have, &count), OK);
    assert_int_equal(have, 1);
    for (int day = 0; day < 40; day++)
        world_pass(w, DAY_MS);
    assert_int_equal(chunk_have(w->store->chunks, "health.445100", file.root, &have, &count), OK);
    assert_int_equal(have, 0);
}

static void ask_chunk(struct world *w, const char *member, const uint8_t *root, const uint8_t *id)
{
    lianshu_Control ask = {.kind = lianshu_ControlKind_CONTROL_CHUNK_WANTED,
                           .which_body = lianshu_Control_chunk_wanted_tag};
    memcpy(ask.body.chunk_wanted.root, root, HASH_LEN);
    ask.body.chunk_wanted.count = 1;
    ask.body.chunk_wanted.message_id.size = 16;
    memcpy(ask.body.chunk_wanted.message_id.bytes, id, 16);
    uint8_t frame[256];
    struct writer out = writer_of(frame, sizeof frame);
    assert_int_equal(frame_put_control(&out, &ask), OK);
    forge_give(w, member, writer_span(&out));
    world_turn(w);
}

/* A message id is unique for its sender only: another sender's use of it takes nothing away. */
static void another_senders_message_id_hides_no_attachment(void **state)
{
    struct world *w = *state;
    lianshu_ManifestFile file;
    uint8_t id[16];
    attack_connect(w);
    world_site(w, "police.445100")->silent = true;
    send_chunk(w, "market.445100", &file);
    struct mail referral = acts_referral();
    referral.file = &file;
    world_make(w, &referral, NULL, id);
    forge_give(w, "market.445100", span_of(w->frame, w->frame_len));
    world_turn(w);
    assert_int_equal(world_has(w, "police.445100", "case.referral"), 1);
    ask_chunk(w, "police.445100", file.root, id);
    assert_int_equal(world_site(w, "police.445100")->chunks_seen, 1);
    struct mail same = acts_application(NULL); /* health sorts before market */
    same.message_id = id;
    world_send(w, &same, NULL);
    ask_chunk(w, "police.445100", file.root, id);
    assert_int_equal(world_site(w, "police.445100")->chunks_seen, 2);
    ask_chunk(w, "health.445100", file.root, id); /* and no reader of it gets nothing */
    assert_int_equal(world_site(w, "health.445100")->chunks_seen, 0);
}

/* V-01: what the hub keeps in clear about a case holds ids and codes only. */
static void a_name_does_not_get_into_the_clear_columns_of_a_case(void **state)
{
    struct world *w = *state;
    uint8_t env_id[HASH_LEN];
    attack_connect(w);
    world_hello(w, "procuratorate.445100");
    struct mail referral = acts_referral();
    referral.facts = CLOCK_OF(CASE_ID, "示例甲 999999199001010016");
    world_send(w, &referral, env_id);
    assert_int_equal(world_verdict(w, "market.445100", env_id),
                     lianshu_ReceiptKind_RECEIPT_REJECTED);
    assert_int_equal(world_code(w, "market.445100", env_id), ERR_PERSONAL_DATA);
    assert_int_equal(world_has(w, "police.445100", "case.referral"), 0);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, world_setup, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_stream_number_from_elsewhere_acknowledges_nothing),
        CASE(a_recipient_gets_no_more_bytes_than_it_has_room_for),
        CASE(nobody_says_hello_for_another),
        CASE(chunks_that_nobody_needs_are_swept),
        CASE(another_senders_message_id_hides_no_attachment),
        CASE(a_name_does_not_get_into_the_clear_columns_of_a_case),
    };
    return cmocka_run_group_tests_name("attacks on streams", tests, NULL, NULL);
}
