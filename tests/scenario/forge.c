#include "scenario/forge.h"

#include "scenario/acts.h"

#include "scenario/texts.h"

#include "base/clock.h"
#include "catalogue.h"
#include "keys/batch_statement.h"
#include "wire.h"

#include <malloc.h>
#include <stdio.h>

enum { HEAP_GROWTH_MAX = 8 << 20 };

/* The sanitizer's own count; an ordinary build has none and asks the C library. */
size_t __sanitizer_get_current_allocated_bytes(void) __attribute__((weak));

static size_t heap_before;

static size_t heap_now(void)
{
    if (__sanitizer_get_current_allocated_bytes != NULL)
        return __sanitizer_get_current_allocated_bytes();
    const struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
}

void forge_take(struct world *w, struct forge *f)
{
    memcpy(f->bytes, w->frame, w->frame_len);
    assert_int_equal(frame_parse_envelope(span_of(f->bytes, w->frame_len), &f->env), OK);
    assert_int_equal(wire_decode(&lianshu_Header_msg, f->env.header, &f->h), OK);
}

void forge_application(struct world *w, struct forge *f)
{
    const struct mail mail = acts_application(NULL);
    world_make(w, &mail, NULL, NULL);
    forge_take(w, f);
}

void forge_header(struct forge *f)
{
    struct writer out = writer_of(f->header, sizeof f->header);
    assert_int_equal(wire_encode(&lianshu_Header_msg, &f->h, &out), OK);
    f->env.header = writer_span(&out);
}

size_t forge_signature(const struct key *key, const uint8_t kid[static KID_LEN],
                       const uint8_t leaf[static HASH_LEN], uint8_t out[static FRAME_SIGNATURE_MAX])
{
    uint8_t statement[BATCH_STATEMENT_MAX];
    uint8_t signature[FRAME_SIG_LEN];
    struct writer text = writer_of(statement, sizeof statement);
    batch_statement(&text, kid, 1, leaf);
    assert_int_equal(key_sign(key, writer_span(&text), signature), OK);
    const struct frame_signature s = {
        .alg = FRAME_ALG_ED25519, .kid = kid, .size = 1, .sig = signature};
    struct writer w = writer_of(out, FRAME_SIGNATURE_MAX);
    frame_write_signature(&w, &s);
    return w.len;
}

void forge_write(struct world *w, struct forge *f, struct span s)
{
    f->env.signature = s;
    struct writer out = writer_of(w->frame, sizeof w->frame);
    frame_write_envelope(&out, &f->env);
    assert_false(out.full);
    w->frame_len = out.len;
}

void forge_sign(struct world *w, struct forge *f, const char *by)
{
    uint8_t header_hash[HASH_LEN];
    uint8_t s[FRAME_SIGNATURE_MAX];
    const struct key *key = keyring_find(world_site(w, by)->keys, KEY_USE_SIGN);
    envelope_id(&f->env, header_hash, f->env_id);
    size_t len = forge_signature(key, f->h.sender_kid, f->env_id, s);
    forge_write(w, f, span_of(s, len));
}

static size_t letter_document(struct world *w, const struct letter *letter, uint8_t *out,
                              size_t cap)
{
    static lianshu_Document d;
    static uint64_t body[sizeof(lianshu_Document) / 8];
    struct json *json = NULL;
    struct fault fault = {0};
    const struct document_type *type = type_by_name(letter->type);
    const char *issuer = letter->issuer != NULL ? letter->issuer : letter->from;
    const struct key *key = keyring_find(world_site(w, issuer)->keys, KEY_USE_SIGN);
    memset(&d, 0, sizeof d);
    document_prepare(&d, "demo", issuer, key, w->now_ms, &w->entropy);
    d.type = type->number;
    d.by_rule = true;
    strcpy(d.purpose, "demo");
    assert_int_equal(json_parse(&json, span_str(letter->facts), "letter", &fault), OK);
    assert_int_equal(json_to_message(json, type->facts, body, &fault), OK);
    json_close(&json);
    struct writer b = writer_of(d.body.bytes, sizeof d.body.bytes);
    assert_int_equal(wire_encode(type->facts, body, &b), OK);
    d.body.size = (pb_size_t)b.len;
    if (letter->document != NULL)
        letter->document(&d);
    uint8_t hash[HASH_LEN];
    struct writer lsd1 = writer_of(out, cap);
    assert_int_equal(document_make(&d, key, &lsd1, hash), OK);
    return lsd1.len;
}

void forge_letter(struct world *w, const struct letter *letter, uint8_t env_id[HASH_LEN])
{
    static lianshu_Header h;
    static uint8_t lsd1[FRAME_DOCUMENT_FRAME_MAX];
    const struct document_type *type = type_by_name(letter->type);
    const struct span plain = span_of(lsd1, letter_document(w, letter, lsd1, sizeof lsd1));
    memset(&h, 0, sizeof h);
    h.type = type->number;
    h.created_ms = w->now_ms;
    h.expires_ms = w->now_ms + HOUR_MS;
    h.priority = (uint32_t)type->lane;
    strcpy(h.purpose, "demo");
    h.destination_count = 1;
    strcpy(h.destination[0], letter->to);
    h.parts_count = 1;
    h.parts[0].kind = lianshu_PartKind_PART_FACTS;
    strcpy(h.parts[0].audience[h.parts[0].audience_count++].member, "hub.445100");
    if (strcmp(letter->to, "hub.445100") != 0) /* every other department sorts behind it */
        strcpy(h.parts[0].audience[h.parts[0].audience_count++].member, letter->to);
    if (letter->header != NULL)
        letter->header(&h);
    world_seal(w, letter->from, NULL, &h, &plain, env_id);
}

void forge_receipt(struct world *w, const struct said *said, const struct got *got)
{
    struct site *site = world_site(w, said->by);
    const struct key *key = keyring_find(site->keys, KEY_USE_SIGN);
    lianshu_Receipt q = {.kind = said->kind, .code = said->code, .time_ms = w->now_ms};
    strcpy(q.realm, "demo");
    strcpy(q.sender, got->sender);
    strcpy(q.by, said->by);
    memcpy(q.message_id, got->message_id, sizeof q.message_id);
    memcpy(q.env_id, got->env_id, HASH_LEN);
    uint8_t bytes[FRAME_RECEIPT_MAX];
    uint8_t s[FRAME_SIGNATURE_MAX];
    uint8_t frame[4096];
    merkle_hash leaf;
    struct writer text = writer_of(bytes, sizeof bytes);
    assert_int_equal(receipt_encode(&q, &text), OK);
    receipt_leaf(leaf, writer_span(&text));
    size_t len = forge_signature(key, key_kid(key), leaf, s);
    const struct frame_receipt entry = {
        .form = FRAME_RECEIPT_MEMBER, .receipt = writer_span(&text), .signature = span_of(s, len)};
    struct writer out = writer_of(frame, sizeof frame);
    frame_receipts_begin(&out, 0, 1);
    frame_receipts_add(&out, &entry);
    frame_receipts_end(&out, span_of(NULL, 0));
    forge_give(w, said->by, writer_span(&out));
}

void forge_give(struct world *w, const char *from, struct span frame)
{
    assert_int_equal(core_frame(w->core, world_site(w, from)->peer, frame, w->now_ms), OK);
}

void attack_connect(struct world *w)
{
    world_hello(w, "health.445100");
    world_hello(w, "market.445100");
    world_hello(w, "police.445100");
    heap_before = heap_now();
}

void attack_hub_works(struct world *w)
{
    const struct mail mail = {.from = "health.445100",
                              .type = "honour",
                              .to = {"market.445100"},
                              .facts = HONOUR_BODY(CLEAN)};
    uint8_t env_id[HASH_LEN];
    size_t before = world_has(w, "market.445100", "honour");
    world_send(w, &mail, env_id);
    assert_int_equal(world_code(w, "health.445100", env_id), 0);
    assert_int_equal(world_has(w, "market.445100", "honour"), before + 1);
    if (heap_before > 0)
        assert_true(heap_now() < heap_before + HEAP_GROWTH_MAX);
}

void attack_is_counted(struct world *w, const char *from, enum err code)
{
    struct site *site = world_site(w, from);
    size_t receipts = site->receipt_count;
    uint64_t envelopes = world_status(w, "envelopes");
    uint64_t size = world_status(w, "log_size");
    char name[32];
    snprintf(name, sizeof name, "unverified.%d", (int)code);
    uint64_t before = world_status(w, name);
    site->last_busy_code = 0;
    forge_give(w, from, span_of(w->frame, w->frame_len));
    world_turn(w);
    assert_int_equal(site->last_busy_code, code);
    world_pass(w, 1000); /* the second is over */
    assert_int_equal(world_status(w, name), before + 1);
    assert_int_equal(world_status(w, "log_size"), size + 1);
    assert_int_equal(world_status(w, "envelopes"), envelopes);
    assert_int_equal(world_status(w, "undelivered"), 0);
    assert_int_equal(site->receipt_count, receipts);
}

void attack_is_rejected(struct world *w, const char *from, const uint8_t env_id[static HASH_LEN],
                        enum err code)
{
    uint64_t size = world_status(w, "log_size");
    uint64_t restrictions = world_status(w, "restrictions");
    forge_give(w, from, span_of(w->frame, w->frame_len));
    world_turn(w);
    assert_int_equal(world_verdict(w, from, env_id), lianshu_ReceiptKind_RECEIPT_REJECTED);
    assert_int_equal(world_code(w, from, env_id), code);
    assert_int_equal(world_status(w, "log_size"), size + 1);
    assert_int_equal(world_status(w, "restrictions"), restrictions);
    assert_int_equal(world_status(w, "undelivered"), 0);
}
