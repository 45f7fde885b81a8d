/* Signatures, batches, seals and the documents inside that lie: tests/attacks C-*. Each is refused
 * with its code, leaves one leaf, and the hub goes on. */
#include "scenario/forge.h"
#include "scenario/texts.h"

#include <stdlib.h>

static struct forge f;

/* Add the order of the group, little-endian, to the last 32 bytes of S. */
static void add_group_order(uint8_t *scalar)
{
    static const uint8_t order[32] = {0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58,
                                      0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
                                      0,    0,    0,    0,    0,    0,    0,    0,
                                      0,    0,    0,    0,    0,    0,    0,    0x10};
    unsigned carry = 0;
    for (size_t i = 0; i < sizeof order; i++) {
        carry += (unsigned)scalar[i] + order[i];
        scalar[i] = (uint8_t)carry;
        carry >>= 8;
    }
}

/* C-02, C-03, C-05, A-04: whose key, which key, over what. */
static void a_signature_is_by_the_senders_key_over_this_envelope(void **state)
{
    struct world *w = *state;
    const struct keyring *ring = world_site(w, "health.445100")->keys;
    const struct key *sign = keyring_find(ring, KEY_USE_SIGN);
    uint8_t s[FRAME_SIGNATURE_MAX];
    attack_connect(w);

    forge_application(w, &f);
    memset(f.h.sender_kid, 0x5a, sizeof f.h.sender_kid); /* nobody's */
    forge_header(&f);
    forge_sign(w, &f, "health.445100");
    attack_is_counted(w, "health.445100", ERR_KID_UNKNOWN);

    forge_application(w, &f);
    memcpy(f.h.sender_kid, key_kid(keyring_find(ring, KEY_USE_SEAL)), KID_LEN);
    forge_header(&f);
    forge_sign(w, &f, "health.445100");
    attack_is_counted(w, "health.445100", ERR_KEY_USE);

    forge_application(w, &f); /* C-06 the other way round: my kid, your name */
    memcpy(f.h.sender_kid,
           key_kid(keyring_find(world_site(w, "police.445100")->keys, KEY_USE_SIGN)), KID_LEN);
    forge_header(&f);
    forge_sign(w, &f, "police.445100");
    attack_is_counted(w, "health.445100", ERR_KEY_NOT_SENDERS);

    forge_application(w, &f);
    forge_sign(w, &f, "police.445100"); /* says health's kid */
    attack_is_counted(w, "health.445100", ERR_SIGNATURE);

    forge_application(w, &f);
    memcpy(s, f.env.signature.data, f.env.signature.len);
    add_group_order(s + f.env.signature.len - 32);
    forge_write(w, &f, span_of(s, f.env.signature.len));
    attack_is_counted(w, "health.445100", ERR_SIGNATURE);

    forge_application(w, &f); /* C-05: the same bytes signed as a receipt */
    merkle_hash leaf;
    receipt_leaf(leaf, f.env.header);
    forge_write(w, &f, span_of(s, forge_signature(sign, key_kid(sign), leaf, s)));
    attack_is_counted(w, "health.445100", ERR_SIGNATURE);
    attack_hub_works(w);
}

/* C-14: two envelopes of one batch exchange their signatures; then a path leads elsewhere. */
static void a_place_in_a_batch_is_not_lent(void **state)
{
    static lianshu_Header h[2];
    static uint8_t frames[2][16 << 10];
    struct span plain = {(const uint8_t *)"x", 1};
    struct frame_envelope env[2];
    uint8_t s[FRAME_SIGNATURE_MAX];
    uint8_t id[HASH_LEN];
    struct world *w = *state;
    attack_connect(w);
    forge_application(w, &f);
    const struct envelope_options options = {
        .realm = "demo",
        .sender = "health.445100",
        .key = keyring_find(world_site(w, "health.445100")->keys, KEY_USE_SIGN),
        .registry = w->registry,
        .entropy = &w->entropy,
    };
    assert_int_equal(envelope_batch_begin(w->batch, &options), OK);
    for (size_t i = 0; i < 2; i++) {
        h[i] = f.h;
        memset(h[i].message_id, 0, sizeof h[i].message_id);
        assert_int_equal(envelope_batch_add(w->batch, &h[i], &plain, NULL, id), OK);
    }
    assert_int_equal(envelope_batch_finish(w->batch), OK);
    for (size_t i = 0; i < 2; i++) {
        struct writer out = writer_of(frames[i], sizeof frames[i]);
        assert_int_equal(envelope_batch_frame(w->batch, i, &out), OK);
        assert_int_equal(frame_parse_envelope(writer_span(&out), &env[i]), OK);
    }
    f.env = env[0];
    forge_write(w, &f, env[1].signature);
    attack_is_counted(w, "health.445100", ERR_SIGNATURE);
    f.env = env[0];
    memcpy(s, env[0].signature.data, env[0].signature.len);
    s[40] ^= 1; /* in the path */
    forge_write(w, &f, span_of(s, env[0].signature.len));
    attack_is_counted(w, "health.445100", ERR_SIGNATURE);
    attack_hub_works(w);
}

static void flip_commitment(void)
{
    f.h.parts[0].commitment[0] ^= 1;
}
static void zero_point(void)
{
    memset((uint8_t *)(uintptr_t)f.env.parts[0].wraps.data, 0, 32);
}
static void flip_wrap(void)
{
    ((uint8_t *)(uintptr_t)f.env.parts[0].wraps.data)[40] ^= 1;
}
static void cut_cipher(void)
{
    f.env.parts[0].cipher.len -= 16;
}
static void lengthen_cipher(void) /* by what stands behind it */
{
    f.env.parts[0].cipher.len += 16;
}
static void flip_cipher(void)
{
    ((uint8_t *)(uintptr_t)f.env.parts[0].cipher.data)[9] ^= 1;
}
static void swap_wraps(void)
{
    uint8_t *r = (uint8_t *)(uintptr_t)f.env.parts[0].wraps.data;
    uint8_t first[FRAME_WRAP_LEN];
    memcpy(first, r, sizeof first);
    memmove(r, r + FRAME_WRAP_LEN, FRAME_WRAP_LEN);
    memcpy(r + FRAME_WRAP_LEN, first, sizeof first);
}
static void other_header(void)
{
    f.h.expires_ms++;
}
static void other_message(void)
{
    f.h.message_id[15] ^= 1;
}

/* C-08 to C-11, C-16, C-19: whatever is wrong inside, the sender hears one code. */
static void what_cannot_be_opened_says_nothing_else(void **state)
{
    static void (*const rows[])(void) = {flip_commitment, zero_point,      flip_wrap,
                                         cut_cipher,      lengthen_cipher, flip_cipher,
                                         swap_wraps,      other_header,    other_message};
    struct world *w = *state;
    attack_connect(w);
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        print_message("row %zu\n", i);
        forge_application(w, &f);
        rows[i]();
        forge_header(&f);
        forge_sign(w, &f, "health.445100");
        attack_is_rejected(w, "health.445100", f.env_id, ERR_CANNOT_OPEN);
    }
    assert_int_equal(world_has(w, "market.445100", "licence.application"), 0);
    attack_hub_works(w);
}

/* C-06: a thief signs what it has seen as its own. The wraps name their sender. */
static void a_stolen_envelope_does_not_open_under_another_sender(void **state)
{
    struct world *w = *state;
    attack_connect(w);
    const struct mail mail = {.from = "health.445100",
                              .type = "credit.check",
                              .to = {"hub.445100"},
                              .facts = "{\"subject\":" CLEAN ",\"question\":\"q\"}"};
    world_make(w, &mail, NULL, NULL);
    forge_take(w, &f);
    strcpy(f.h.sender, "market.445100");
    memcpy(f.h.sender_kid,
           key_kid(keyring_find(world_site(w, "market.445100")->keys, KEY_USE_SIGN)), KID_LEN);
    forge_header(&f);
    forge_sign(w, &f, "market.445100");
    attack_is_rejected(w, "market.445100", f.env_id, ERR_CANNOT_OPEN);
    assert_int_equal(world_has(w, "market.445100", "credit.certificate"), 0);
    attack_hub_works(w);
}

static void of_another_realm(lianshu_Document *d)
{
    strcpy(d->realm, "prod");
}
static void of_another_type(lianshu_Document *d)
{
    d->type = lianshu_DocumentType_TYPE_HONOUR;
}
static void for_somebody_else(lianshu_Document *d)
{
    d->by_rule = false;
    d->addressees_count = 1;
    strcpy(d->addressees[0], "market.445100");
}
static void with_half_a_body(lianshu_Document *d)
{
    d->body.size /= 2;
}
static void with_no_body(lianshu_Document *d)
{
    d->body.size = 0;
}
static void signed_by_nobody_else(lianshu_Document *d)
{
    d->issuers_count = 2;
    d->issuers[1] = d->issuers[0];
    strcpy(d->issuers[1].member, "health.445100");
}
static void over_already(lianshu_Document *d)
{
    d->valid_until_ms = d->issued_ms + 1;
}
static void issued_ahead(lianshu_Document *d)
{
    d->issued_ms += 300 * 1000 + 1;
}
static void about_other_facts(lianshu_Document *d)
{
    d->facts.size = HASH_LEN;
}

/* C-07, C-17, P-16: the seal is good, the document inside is not. */
static void a_document_is_judged_for_itself(void **state)
{
    static const struct {
        const char *issuer;
        void (*bend)(lianshu_Document *d);
        uint64_t wait_ms;
        enum err code;
    } rows[] = {
        {"health.445100", NULL, 0, ERR_NOT_ADDRESSED}, /* C-07: another's document */
        {NULL, of_another_realm, 0, ERR_REALM},
        {NULL, of_another_type, 0, ERR_POISON},
        {NULL, for_somebody_else, 0, ERR_NOT_ADDRESSED},
        {NULL, with_half_a_body, 0, ERR_NOT_CANONICAL},
        {NULL, with_no_body, 0, ERR_FIELD_MISSING},
        {NULL, signed_by_nobody_else, 0, ERR_FRAME_LENGTH},
        {NULL, over_already, 1, ERR_EXPIRED},
        {NULL, issued_ahead, 0, ERR_FUTURE},
        {NULL, about_other_facts, 0, ERR_POISON},
    };
    struct world *w = *state;
    attack_connect(w);
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        uint8_t env_id[HASH_LEN];
        const struct letter letter = {.from = "market.445100",
                                      .type = "credit.check",
                                      .to = "hub.445100",
                                      .facts = "{\"subject\":" CLEAN ",\"question\":\"q\"}",
                                      .issuer = rows[i].issuer,
                                      .document = rows[i].bend};
        print_message("row %zu\n", i);
        forge_letter(w, &letter, env_id);
        w->now_ms += rows[i].wait_ms;
        attack_is_rejected(w, "market.445100", env_id, rows[i].code);
    }
    assert_int_equal(world_has(w, "market.445100", "credit.certificate"), 0);
    attack_hub_works(w);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, world_setup, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_signature_is_by_the_senders_key_over_this_envelope),
        CASE(a_place_in_a_batch_is_not_lent),
        CASE(what_cannot_be_opened_says_nothing_else),
        CASE(a_stolen_envelope_does_not_open_under_another_sender),
        CASE(a_document_is_judged_for_itself),
    };
    return cmocka_run_group_tests_name("attacks on seals", tests, NULL, NULL);
}
