/* Every byte that a member can sign, changed one at a time and signed again: headers, and
 * documents inside good seals. Whatever comes of it, the hub neither ends nor forgets to answer.
 * tests/attacks P-*, D-03, L-10. */
#include "scenario/acts.h"
#include "scenario/forge.h"
#include "scenario/texts.h"

#include "base/clock.h"
#include "catalogue.h"
#include "wire.h"

#include <stdio.h>

static struct forge f;

static const uint8_t masks[] = {0x01, 0x80, 0xff};

/* Each changed frame is answered at once or not taken; then the hub still works. */
static void give(struct world *w, const char *from)
{
    forge_give(w, from, span_of(w->frame, w->frame_len));
    if (core_full(w->core))
        world_turn(w);
}

static void every_byte_of_a_signed_header_may_lie(void **state)
{
    struct world *w = *state;
    attack_connect(w);
    const struct mail mail = {.from = "health.445100",
                              .type = "licence.application",
                              .to = {"market.445100"},
                              .facts = LICENCE_BODY(CLEAN),
                              .conversation = ORDER_ID,
                              .sequence = 1,
                              .not_before_ms = 1};
    world_make(w, &mail, NULL, NULL);
    forge_take(w, &f);
    size_t len = f.env.header.len;
    for (size_t i = 0; i < len; i++) {
        for (size_t m = 0; m < T_COUNT(masks); m++) {
            memcpy(f.header, f.bytes + 8, len); /* behind LSE1 and the length */
            f.header[i] ^= masks[m];
            f.env.header = span_of(f.header, len);
            forge_sign(w, &f, "health.445100");
            give(w, "health.445100");
        }
    }
    world_turn(w);
    assert_int_equal(world_has(w, "market.445100", "licence.application"), 0);
    attack_hub_works(w);
}

/* One document of each sender and type, before it is changed. */
struct original {
    const char *from;
    const char *type;
    const char *facts;
    const char *to[3];
};

static size_t original_document(struct world *w, const struct original *o, uint8_t *out, size_t cap)
{
    static lianshu_Document d;
    static uint64_t body[sizeof(lianshu_Document) / 8];
    struct json *json = NULL;
    struct fault fault = {0};
    const struct document_type *type = type_by_name(o->type);
    const struct key *key = keyring_find(world_site(w, o->from)->keys, KEY_USE_SIGN);
    memset(&d, 0, sizeof d);
    document_prepare(&d, "demo", o->from, key, w->now_ms, &w->entropy);
    d.type = type->number;
    d.by_rule = true;
    d.basis_count = 2;
    strcpy(d.basis[0], "DL116");
    strcpy(d.basis[1], "DL118");
    assert_int_equal(json_parse(&json, span_str(o->facts), "original", &fault), OK);
    assert_int_equal(json_to_message(json, type->facts, body, &fault), OK);
    json_close(&json);
    struct writer b = writer_of(d.body.bytes, sizeof d.body.bytes);
    assert_int_equal(wire_encode(type->facts, body, &b), OK);
    d.body.size = (pb_size_t)b.len;
    uint8_t hash[HASH_LEN];
    struct writer text = writer_of(out, cap);
    assert_int_equal(document_encode(&d, &text, hash), OK);
    return text.len;
}

/* D, whatever it is, signed and sealed as its sender would. */
static void send_document(struct world *w, const struct original *o, struct span d)
{
    static lianshu_Header h;
    static uint8_t lsd1[FRAME_DOCUMENT_FRAME_MAX];
    const struct document_type *type = type_by_name(o->type);
    const struct key *key = keyring_find(world_site(w, o->from)->keys, KEY_USE_SIGN);
    struct writer text = writer_of(lsd1, sizeof lsd1);
    assert_int_equal(document_sign(d, &key, 1, &text), OK);
    const struct span plain = writer_span(&text);
    memset(&h, 0, sizeof h);
    h.type = type->number;
    h.created_ms = w->now_ms;
    h.expires_ms = w->now_ms + HOUR_MS;
    strcpy(h.purpose, "demo");
    h.parts_count = 1;
    h.parts[0].kind = lianshu_PartKind_PART_FACTS;
    strcpy(h.parts[0].audience[h.parts[0].audience_count++].member, "hub.445100");
    for (size_t i = 0; i < T_COUNT(o->to) && o->to[i] != NULL; i++) {
        strcpy(h.destination[h.destination_count++], o->to[i]);
        if (strcmp(o->to[i], "hub.445100") != 0)
            strcpy(h.parts[0].audience[h.parts[0].audience_count++].member, o->to[i]);
    }
    world_seal(w, o->from, key, &h, &plain, NULL);
    give(w, o->from);
}

static const struct original originals[] = {
    {"market.445100", "sanction.order", ORDER_BODY("1"), {"hub.445100"}},
    {"market.445100", "sanction.annul", ANNUL_BODY("2"), {"hub.445100"}},
    {"market.445100", "sanction.suspend", ANNUL_BODY("2"), {"hub.445100"}},
    {"market.445100",
     "subject.register",
     "{\"subject\":" CLEAN ",\"persons\":[" HEAD_PERSON "],\"trade\":\"pharmacy\","
     "\"registered_date\":\"2026-01-01\"}",
     {"hub.445100"}},
    {"market.445100",
     "subject.relation",
     "{\"subject\":" CLEAN ",\"persons\":[" HEAD_PERSON "],\"from_date\":\"2026-01-01\"}",
     {"hub.445100"}},
    {"market.445100",
     "case.referral",
     "{\"case_id\":\"" CASE_ID "\",\"transition\":\"T07\",\"event_ms\":"
     "\"2026-04-01T10:00:00+08:00\",\"owner\":\"police.445100\",\"complexity\":\"complex\"}",
     {"police.445100", "procuratorate.445100"}},
    {"health.445100", "appointment", APPOINTMENT_BODY(CLEAN, HEAD_PERSON), {"market.445100"}},
    {"health.445100", "credit.check", "{\"subject\":" CLEAN ",\"question\":\"q\"}", {"hub.445100"}},
    {"health.445100",
     "sanction.answer",
     "{\"obligation_id\":\"" ORDER_ID "\",\"answer\":\"accepted\",\"decision\":\"x\"}",
     {"hub.445100"}},
};

static void every_byte_of_a_sealed_document_may_lie(void **state)
{
    static uint8_t d[FRAME_DOCUMENT_MAX];
    struct world *w = *state;
    for (size_t o = 0; o < T_COUNT(originals); o++) {
        size_t len = original_document(w, &originals[o], d, sizeof d);
        print_message("%s: %zu bytes\n", originals[o].type, len);
        for (size_t i = 0; i < len; i++) {
            d[i] ^= masks[i % T_COUNT(masks)];
            send_document(w, &originals[o], span_of(d, len));
            d[i] ^= masks[i % T_COUNT(masks)];
        }
        world_turn(w);
        send_document(w, &originals[o], span_of(d, len)); /* and as it should be */
        world_turn(w);
    }
    attack_connect(w);
    attack_hub_works(w);
}

static void every_byte_of_a_control_frame_may_lie(void **state)
{
    struct world *w = *state;
    attack_connect(w);
    lianshu_Control control = {.kind = lianshu_ControlKind_CONTROL_HELLO,
                               .which_body = lianshu_Control_hello_tag};
    strcpy(control.body.hello.member, "police.445100");
    strcpy(control.body.hello.realm, "demo");
    control.body.hello.receipt_stream = 300;
    control.body.hello.credit_messages = 64;
    control.body.hello.unfinished_count = 2;
    struct writer out = writer_of(w->frame, sizeof w->frame);
    assert_int_equal(frame_put_control(&out, &control), OK);
    w->frame_len = out.len;
    for (size_t i = 0; i < out.len; i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            w->frame[i] ^= (uint8_t)(1u << bit);
            give(w, "police.445100");
            w->frame[i] ^= (uint8_t)(1u << bit);
        }
    }
    for (size_t len = 0; len < out.len; len++) {
        w->frame_len = len;
        give(w, "police.445100");
    }
    world_turn(w);
    attack_hub_works(w);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, world_setup, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(every_byte_of_a_signed_header_may_lie),
        CASE(every_byte_of_a_sealed_document_may_lie),
        CASE(every_byte_of_a_control_frame_may_lie),
    };
    return cmocka_run_group_tests_name("attacks on bytes", tests, NULL, NULL);
}
