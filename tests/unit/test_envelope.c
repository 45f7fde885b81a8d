/*
 * Checks the promises in keys/envelope.h.
 *
 * `test_envelope all` changes every byte of a frame in 255 ways instead of one.
 */
#include "keys/envelope.h"
#include "realm.h"

#include "check.h"
#include "wire.h"

#include "t.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FRAME_CAP = 128 << 10, BUFFER_CAP = 64 << 10 };

static const char *const FACTS = "facts for the hub";
static const char *const SEALED = "what police and procuratorate may read";
static const char *const OWN = "what only police may read";

struct fixture {
    struct realm *realm;
    struct verifier *verifier;
    struct opener *opener;
    struct envelope_batch *batch;
    lianshu_Header header;
    uint8_t frame[FRAME_CAP];
    size_t len;
    uint8_t env_id[ENVELOPE_ID_LEN];
    uint8_t buffer[BUFFER_CAP];
};

static struct fixture f;
static int flips_per_byte = 1;

static void reader(lianshu_PartHeader *part, const char *member)
{
    snprintf(part->audience[part->audience_count++].member, sizeof part->audience[0].member, "%s",
             member);
}

static void fill(lianshu_Header *h)
{
    *h = (lianshu_Header)lianshu_Header_init_zero;
    h->type = lianshu_DocumentType_TYPE_CASE_REFERRAL;
    h->created_ms = REALM_NOW_MS;
    h->expires_ms = REALM_NOW_MS + REALM_DAY_MS;
    h->destination_count = 2;
    snprintf(h->destination[0], sizeof h->destination[0], REALM_POLICE);
    snprintf(h->destination[1], sizeof h->destination[1], REALM_PROCURATORATE);
    h->parts_count = 3;
    h->parts[0].kind = lianshu_PartKind_PART_FACTS;
    reader(&h->parts[0], REALM_HUB);
    reader(&h->parts[0], REALM_POLICE);
    reader(&h->parts[0], REALM_PROCURATORATE);
    h->parts[1].kind = lianshu_PartKind_PART_SEALED;
    reader(&h->parts[1], REALM_POLICE);
    reader(&h->parts[1], REALM_PROCURATORATE);
    h->parts[2].kind = lianshu_PartKind_PART_SEALED;
    reader(&h->parts[2], REALM_POLICE);
}

static void begin_as(const char *member)
{
    static struct envelope_options options;
    options = (struct envelope_options){
        .realm = REALM_NAME,
        .sender = member,
        .key = realm_key(f.realm, member, KEY_USE_SIGN),
        .registry = f.realm->registry,
        .entropy = &f.realm->entropy,
    };
    assert_int_equal(envelope_batch_begin(f.batch, &options), OK);
}

static void add(lianshu_Header *h, uint8_t env_id[ENVELOPE_ID_LEN])
{
    const struct span plain[] = {span_str(FACTS), span_str(SEALED), span_str(OWN)};
    assert_int_equal(envelope_batch_add(f.batch, h, plain, NULL, env_id), OK);
}

static void take_frame(size_t index)
{
    struct writer w = writer_of(f.frame, sizeof f.frame);
    assert_int_equal(envelope_batch_frame(f.batch, index, &w), OK);
    assert_int_equal(w.len, envelope_batch_frame_len(f.batch, index));
    f.len = w.len;
}

static int setup(void **state)
{
    (void)state;
    memset(&f, 0, sizeof f);
    f.realm = realm_open(2);
    assert_int_equal(verifier_open(&f.verifier, 0), OK);
    assert_int_equal(opener_open(&f.opener, 64), OK);
    assert_int_equal(envelope_batch_open(&f.batch, 0), OK);
    begin_as(REALM_MARKET);
    fill(&f.header);
    add(&f.header, f.env_id);
    assert_int_equal(envelope_batch_finish(f.batch), OK);
    take_frame(0);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    realm_close(&f.realm);
    verifier_close(&f.verifier);
    opener_close(&f.opener);
    envelope_batch_close(&f.batch);
    return 0;
}

/* What a hub or, with a reader, a recipient does with a frame, in the order of PROTOCOL.md 10. */
static enum err receive_span(struct span bytes, const char *reader_id, const char *carried_by,
                             lianshu_Header *h, struct frame_envelope *frame,
                             uint8_t header_hash[HASH_LEN])
{
    uint8_t env_id[ENVELOPE_ID_LEN];
    const struct registry_key *key;
    enum err err = frame_parse_envelope(bytes, frame);
    if (err != OK)
        return err;
    if ((err = wire_decode(&lianshu_Header_msg, frame->header, h)) != OK ||
        (err = header_check(h)) != OK)
        return err;
    if (carried_by != NULL && strcmp(carried_by, h->sender) != 0)
        return ERR_WRONG_SENDER;
    if (strcmp(h->realm, REALM_NAME) != 0)
        return ERR_REALM;
    err = reader_id == NULL ? envelope_check_sender(h, frame)
                            : envelope_check_reader(h, frame, reader_id);
    if (err != OK)
        return err;
    if ((err = registry_signer(f.realm->registry, h->sender, h->sender_kid, KEY_USE_SIGN,
                               REALM_NOW_MS, &key)) != OK)
        return err;
    envelope_id(frame, header_hash, env_id);
    return verifier_check(f.verifier, key->public_key, env_id, frame->signature);
}

static enum err receive(const char *reader_id)
{
    static lianshu_Header h;
    struct frame_envelope frame;
    uint8_t header_hash[HASH_LEN];
    return receive_span(span_of(f.frame, f.len), reader_id, NULL, &h, &frame, header_hash);
}

/* Receive as the reader and open a part; answers the outer code. */
static enum err open_part(const char *reader_id, size_t part, const char *want, enum err *inner)
{
    static lianshu_Header h;
    struct frame_envelope frame;
    uint8_t header_hash[HASH_LEN];
    struct span plain;
    assert_int_equal(receive_span(span_of(f.frame, f.len),
                                  strcmp(reader_id, REALM_HUB) == 0 ? NULL : reader_id, NULL, &h,
                                  &frame, header_hash),
                     OK);
    enum err err = envelope_open(f.opener, realm_ring(f.realm, reader_id), reader_id, &h, &frame,
                                 header_hash, part, f.buffer, sizeof f.buffer, &plain, NULL, inner);
    if (err == OK) {
        assert_int_equal(plain.len, strlen(want));
        assert_memory_equal(plain.data, want, plain.len);
    }
    return err;
}

/* The frame as the hub sends it to reader_id. */
static void forward(const char *reader_id)
{
    static lianshu_Header h;
    static uint8_t out[FRAME_CAP];
    struct frame_envelope frame;
    struct writer w = writer_of(out, sizeof out);
    assert_int_equal(frame_parse_envelope(span_of(f.frame, f.len), &frame), OK);
    assert_int_equal(wire_decode(&lianshu_Header_msg, frame.header, &h), OK);
    assert_int_equal(envelope_forward(&h, &frame, reader_id, &w), OK);
    memcpy(f.frame, out, w.len);
    f.len = w.len;
}

static void every_reader_opens_its_own_parts(void **state)
{
    enum err inner;
    (void)state;
    assert_int_equal(receive(NULL), OK);
    assert_int_equal(open_part(REALM_HUB, 0, FACTS, &inner), OK);
    assert_int_equal(open_part(REALM_HUB, 1, SEALED, &inner), ERR_NOT_IN_AUDIENCE);
    assert_int_equal(open_part(REALM_POLICE, 0, FACTS, &inner), OK);
    assert_int_equal(open_part(REALM_POLICE, 1, SEALED, &inner), OK);
    assert_int_equal(open_part(REALM_POLICE, 2, OWN, &inner), OK);
    assert_int_equal(open_part(REALM_PROCURATORATE, 1, SEALED, &inner), OK);
    assert_int_equal(open_part(REALM_PROCURATORATE, 2, OWN, &inner), ERR_NOT_IN_AUDIENCE);
    assert_int_equal(open_part(REALM_POLICE, 3, OWN, &inner), ERR_NOT_IN_AUDIENCE);
}

/* Guarantee 2 */
static void forwarded_frame_keeps_its_id_and_signature(void **state)
{
    static lianshu_Header h;
    struct frame_envelope frame;
    uint8_t header_hash[HASH_LEN], env_id[ENVELOPE_ID_LEN];
    enum err inner;
    const size_t whole = f.len;
    (void)state;
    forward(REALM_PROCURATORATE);
    assert_true(f.len < whole);
    assert_int_equal(
        receive_span(span_of(f.frame, f.len), REALM_PROCURATORATE, NULL, &h, &frame, header_hash),
        OK);
    envelope_id(&frame, header_hash, env_id);
    assert_memory_equal(env_id, f.env_id, sizeof env_id);
    assert_int_equal(frame.parts[2].form, 0);
    assert_int_equal(open_part(REALM_PROCURATORATE, 0, FACTS, &inner), OK);
    assert_int_equal(open_part(REALM_PROCURATORATE, 1, SEALED, &inner), OK);
}

/* Guarantee 3. P-15 */
static void withheld_part_is_noticed(void **state)
{
    (void)state;
    forward(REALM_PROCURATORATE);
    assert_int_equal(receive(REALM_POLICE), ERR_PART_WITHHELD);
    assert_int_equal(receive(NULL), ERR_FORM); /* a sender's frame has form 1 only */
    assert_int_equal(receive(REALM_HEALTH), ERR_NOT_IN_AUDIENCE);
}

/* C-01: one change a byte, or all 255. */
static void every_changed_byte_is_refused(void **state)
{
    static const char *const as[] = {NULL, REALM_POLICE};
    (void)state;
    for (size_t who = 0; who < T_COUNT(as); who++) {
        assert_int_equal(receive(as[who]), OK); /* warm: the batch is known */
        for (size_t at = 0; at < f.len; at++) {
            for (int flip = 1; flip <= flips_per_byte; flip++) {
                const uint8_t old = f.frame[at];
                f.frame[at] = (uint8_t)(old ^ (flips_per_byte == 1 ? 0x11 : flip));
                assert_int_not_equal(receive(as[who]), OK);
                f.frame[at] = old;
            }
        }
        assert_int_equal(receive(as[who]), OK);
    }
}

static void every_changed_byte_of_a_forwarded_frame_is_refused(void **state)
{
    (void)state;
    forward(REALM_PROCURATORATE);
    for (size_t at = 0; at < f.len; at++) {
        f.frame[at] ^= 0x22;
        assert_int_not_equal(receive(REALM_PROCURATORATE), OK);
        f.frame[at] ^= 0x22;
    }
    assert_int_equal(receive(REALM_PROCURATORATE), OK);
}

static void every_cut_is_refused(void **state)
{
    const size_t whole = f.len;
    (void)state;
    for (f.len = 0; f.len < whole; f.len++)
        assert_int_not_equal(receive(NULL), OK);
    f.len = whole;
    f.frame[f.len++] = 0;
    assert_int_not_equal(receive(NULL), OK);
}

/* Guarantee 1 */
static void batch_has_one_signature_and_one_wrap_a_reader(void **state)
{
    enum { COUNT = 40 };
    uint8_t ids[COUNT][ENVELOPE_ID_LEN];
    enum err inner;
    (void)state;
    begin_as(REALM_MARKET);
    for (size_t i = 0; i < COUNT; i++) {
        fill(&f.header);
        add(&f.header, ids[i]);
    }
    assert_int_equal(envelope_batch_finish(f.batch), OK);
    assert_int_equal(envelope_batch_count(f.batch), COUNT);
    for (size_t i = 0; i < COUNT; i++) {
        take_frame(i);
        assert_int_equal(open_part(REALM_POLICE, 0, FACTS, &inner), OK);
        assert_int_equal(open_part(REALM_POLICE, 1, SEALED, &inner), OK);
        if (i > 0)
            assert_memory_not_equal(ids[i], ids[i - 1], ENVELOPE_ID_LEN);
    }
    assert_int_equal(verifier_stats(f.verifier).signatures, 1);
    assert_int_equal(opener_unwraps(f.opener), 2); /* two audiences */
}

/* Take the frame apart, let the attacker change it, sign it anew with a key of hers. */
static void resign(const struct key *key, const lianshu_Header *h, struct frame_envelope *frame)
{
    static uint8_t out[FRAME_CAP], header[FRAME_HEADER_MAX];
    uint8_t s[BATCH_SIGNATURE_MAX], header_hash[HASH_LEN], env_id[ENVELOPE_ID_LEN];
    struct writer h_w = writer_of(header, sizeof header), s_w = writer_of(s, sizeof s);
    struct writer w = writer_of(out, sizeof out);
    struct batch *batch = NULL;
    size_t index;
    assert_int_equal(wire_encode(&lianshu_Header_msg, h, &h_w), OK);
    frame->header = writer_span(&h_w);
    envelope_id(frame, header_hash, env_id);
    assert_int_equal(batch_open(&batch), OK);
    assert_int_equal(batch_add(batch, env_id, &index), OK);
    assert_int_equal(batch_sign(batch, key), OK);
    assert_int_equal(batch_write(batch, 0, &s_w), OK);
    batch_close(&batch);
    frame->signature = writer_span(&s_w);
    frame_write_envelope(&w, frame);
    memcpy(f.frame, out, w.len);
    f.len = w.len;
}

static void take_apart(lianshu_Header *h, struct frame_envelope *frame)
{
    static uint8_t copy[FRAME_CAP];
    memcpy(copy, f.frame, f.len);
    assert_int_equal(frame_parse_envelope(span_of(copy, f.len), frame), OK);
    assert_int_equal(wire_decode(&lianshu_Header_msg, frame->header, h), OK);
}

/* C-06: Mallory strips the signature and sends Alice's envelope as her own. */
static void stripped_sender_gains_nothing(void **state)
{
    static lianshu_Header h;
    struct frame_envelope frame;
    enum err inner;
    const struct key *health = realm_key(f.realm, REALM_HEALTH, KEY_USE_SIGN);
    (void)state;
    take_apart(&h, &frame);
    resign(health, &h, &frame); /* H says market, the signature is health's */
    assert_int_equal(receive(NULL), ERR_SIGNATURE);
    memcpy(h.sender_kid, key_kid(health), KID_LEN);
    resign(health, &h, &frame); /* H says market, with a kid of health */
    assert_int_equal(receive(NULL), ERR_KEY_NOT_SENDERS);
    snprintf(h.sender, sizeof h.sender, REALM_HEALTH);
    resign(health, &h, &frame); /* verifies as health's, but nobody can open it */
    assert_int_equal(receive(NULL), OK);
    assert_int_equal(open_part(REALM_POLICE, 1, SEALED, &inner), ERR_CANNOT_OPEN);
    assert_int_equal(inner, ERR_UNWRAP);
}

/* C-07, C-08: the hub adds a reader, or Bob wraps the secret for Charlie. */
static void changed_audience_breaks_the_signature(void **state)
{
    static lianshu_Header h;
    static uint8_t header[FRAME_HEADER_MAX], wraps[4 * SEAL_WRAP_LEN];
    struct frame_envelope frame;
    struct writer h_w = writer_of(header, sizeof header);
    struct writer w = writer_of(f.frame, sizeof f.frame);
    (void)state;
    take_apart(&h, &frame);
    snprintf(h.parts[2].audience[0].member, sizeof h.parts[2].audience[0].member,
             REALM_PROCURATORATE);
    assert_int_equal(wire_encode(&lianshu_Header_msg, &h, &h_w), OK);
    frame.header = writer_span(&h_w);
    frame_write_envelope(&w, &frame);
    f.len = w.len;
    assert_int_equal(receive(NULL), ERR_SIGNATURE);

    /* A wrap too many is noticed before any signature. */
    take_apart(&h, &frame);
    memcpy(wraps, frame.parts[1].wraps.data, frame.parts[1].wraps.len);
    frame.parts[1].wraps = span_of(wraps, frame.parts[1].wraps.len + SEAL_WRAP_LEN);
    w = writer_of(f.frame, sizeof f.frame);
    frame_write_envelope(&w, &frame);
    f.len = w.len;
    assert_int_equal(receive(NULL), ERR_WRAP_COUNT);
}

/* C-10: R of another envelope of the same sender in this one. */
static void pasted_wraps_do_not_open(void **state)
{
    static lianshu_Header h, other;
    static uint8_t copy[FRAME_CAP];
    struct frame_envelope frame, other_frame;
    enum err inner;
    const struct key *market = realm_key(f.realm, REALM_MARKET, KEY_USE_SIGN);
    (void)state;
    memcpy(copy, f.frame, f.len);
    assert_int_equal(frame_parse_envelope(span_of(copy, f.len), &other_frame), OK);
    begin_as(REALM_MARKET);
    fill(&other);
    add(&other, f.env_id);
    assert_int_equal(envelope_batch_finish(f.batch), OK);
    take_frame(0);
    take_apart(&h, &frame);
    frame.parts[1].wraps = other_frame.parts[1].wraps;
    resign(market, &h, &frame);
    assert_int_equal(open_part(REALM_POLICE, 1, SEALED, &inner), ERR_CANNOT_OPEN);
    assert_int_equal(inner, ERR_COMMITMENT);
}

/* Two parts of one envelope change places. */
static void exchanged_parts_do_not_open(void **state)
{
    static lianshu_Header h;
    struct frame_envelope frame;
    enum err inner;
    (void)state;
    take_apart(&h, &frame);
    const struct frame_part swap = frame.parts[1];
    frame.parts[1].cipher = frame.parts[0].cipher;
    frame.parts[0].cipher = swap.cipher;
    resign(realm_key(f.realm, REALM_MARKET, KEY_USE_SIGN), &h, &frame);
    assert_int_equal(open_part(REALM_POLICE, 1, SEALED, &inner), ERR_CANNOT_OPEN);
    assert_int_equal(inner, ERR_CIPHERTEXT);
    assert_int_equal(open_part(REALM_HUB, 0, FACTS, &inner), ERR_CANNOT_OPEN);
}

static void unknown_or_foreign_kid_cannot_open(void **state)
{
    static lianshu_Header h;
    struct frame_envelope frame;
    enum err inner;
    (void)state;
    take_apart(&h, &frame);
    memcpy(h.parts[2].audience[0].kid, key_kid(realm_key(f.realm, REALM_POLICE, KEY_USE_SIGN)),
           KID_LEN);
    resign(realm_key(f.realm, REALM_MARKET, KEY_USE_SIGN), &h, &frame);
    assert_int_equal(open_part(REALM_POLICE, 2, OWN, &inner), ERR_CANNOT_OPEN);
    assert_int_equal(inner, ERR_UNWRAP);
}

static void sender_must_be_one_of_the_realm(void **state)
{
    static lianshu_Header h;
    struct frame_envelope frame;
    uint8_t header_hash[HASH_LEN];
    (void)state;
    /* T-12: the connection's identity is compared before anything is verified. */
    assert_int_equal(
        receive_span(span_of(f.frame, f.len), NULL, REALM_HEALTH, &h, &frame, header_hash),
        ERR_WRONG_SENDER);
}

static void what_cannot_be_sent_leaves_the_batch_as_it_was(void **state)
{
    static lianshu_Header h;
    const struct span plain[] = {span_str(FACTS), span_str(SEALED), span_str(OWN)};
    uint8_t env_id[ENVELOPE_ID_LEN];
    enum err inner;
    (void)state;
    begin_as(REALM_MARKET);
    fill(&f.header);
    add(&f.header, f.env_id);
    fill(&h);
    snprintf(h.parts[2].audience[0].member, sizeof h.parts[2].audience[0].member, "police.445199");
    assert_int_equal(envelope_batch_add(f.batch, &h, plain, NULL, env_id), ERR_MEMBER_UNKNOWN);
    fill(&h);
    h.created_ms = REALM_NOW_MS + 400 * REALM_DAY_MS;
    assert_int_equal(envelope_batch_add(f.batch, &h, plain, NULL, env_id), ERR_KEY_EXPIRED);
    fill(&h);
    h.parts[1].audience_count = 0;
    assert_int_equal(envelope_batch_add(f.batch, &h, plain, NULL, env_id), ERR_AUDIENCE);
    fill(&h);
    h.parts[0].audience_count = 2; /* facts that a reader of another part would not get */
    assert_int_equal(envelope_batch_add(f.batch, &h, plain, NULL, env_id), ERR_FACTS_MISSING);
    fill(&h);
    h.parts_count = 0;
    assert_int_equal(envelope_batch_add(f.batch, &h, plain, NULL, env_id), ERR_NESTING);
    assert_int_equal(envelope_batch_count(f.batch), 1);
    assert_int_equal(envelope_batch_finish(f.batch), OK);
    take_frame(0);
    assert_int_equal(open_part(REALM_POLICE, 2, OWN, &inner), OK);
}

static void full_batch_is_told_from_an_envelope_that_never_fits(void **state)
{
    uint8_t *big = calloc(1, SEAL_PLAIN_MAX + 1);
    const struct span large[] = {span_of(big, 300 << 10), span_str(SEALED), span_str(OWN)};
    const struct span never[] = {span_of(big, 600 << 10), span_of(big, 600 << 10), span_str(OWN)};
    const struct span beyond[] = {span_of(big, SEAL_PLAIN_MAX + 1), span_str(SEALED),
                                  span_str(OWN)};
    uint8_t env_id[ENVELOPE_ID_LEN];
    size_t added = 0;
    enum err err;
    (void)state;
    begin_as(REALM_MARKET);
    for (;; added++) {
        fill(&f.header);
        if ((err = envelope_batch_add(f.batch, &f.header, large, NULL, env_id)) != OK)
            break;
    }
    assert_int_equal(err, ERR_BUSY);
    assert_int_equal(added, 3);
    begin_as(REALM_MARKET);
    fill(&f.header);
    assert_int_equal(envelope_batch_add(f.batch, &f.header, never, NULL, env_id), ERR_TOO_LARGE);
    fill(&f.header);
    assert_int_equal(envelope_batch_add(f.batch, &f.header, beyond, NULL, env_id), ERR_TOO_LARGE);
    for (added = 0; added < ENVELOPE_BATCH_MAX; added++) {
        fill(&f.header);
        const struct span plain[] = {span_str(FACTS), span_str(SEALED), span_str(OWN)};
        if ((err = envelope_batch_add(f.batch, &f.header, plain, NULL, env_id)) != OK)
            break;
    }
    assert_int_equal(added, ENVELOPE_BATCH_MAX);
    free(big);
}

static void frames_exist_only_between_finish_and_begin(void **state)
{
    static lianshu_Header h;
    const struct span plain[] = {span_str(FACTS), span_str(SEALED), span_str(OWN)};
    uint8_t env_id[ENVELOPE_ID_LEN];
    struct writer w = writer_of(f.frame, sizeof f.frame);
    (void)state;
    fill(&h);
    assert_int_equal(envelope_batch_add(f.batch, &h, plain, NULL, env_id), ERR_INTERNAL);
    assert_int_equal(envelope_batch_frame(f.batch, 1, &w), ERR_INTERNAL);
    begin_as(REALM_MARKET);
    assert_int_equal(envelope_batch_frame(f.batch, 0, &w), ERR_INTERNAL);
    assert_int_equal(envelope_batch_finish(f.batch), ERR_INTERNAL); /* nothing to sign */
    add(&h, env_id);
    assert_int_equal(envelope_batch_frame(f.batch, 0, &w), ERR_INTERNAL);
    assert_int_equal(envelope_batch_finish(f.batch), OK);
    assert_int_equal(envelope_batch_frame(f.batch, 1, &w), ERR_INTERNAL); /* there is one */
    take_frame(0);
}

static void deks_of_an_envelope_open_its_parts(void **state)
{
    static lianshu_Header h;
    uint8_t deks[ENVELOPE_PART_MAX][SEAL_DEK_LEN], header_hash[HASH_LEN];
    const struct span plain[] = {span_str(FACTS), span_str(SEALED), span_str(OWN)};
    struct frame_envelope frame;
    struct span out;
    (void)state;
    begin_as(REALM_MARKET);
    fill(&h);
    assert_int_equal(envelope_batch_add(f.batch, &h, plain, deks, f.env_id), OK);
    assert_int_equal(envelope_batch_finish(f.batch), OK);
    take_frame(0);
    assert_int_equal(frame_parse_envelope(span_of(f.frame, f.len), &frame), OK);
    hash_bytes(header_hash, frame.header);
    assert_int_equal(seal_open_dek(deks[1], header_hash, 1, frame.parts[1].cipher, f.buffer,
                                   sizeof f.buffer, &out),
                     OK);
    assert_memory_equal(out.data, SEALED, out.len);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        CASE(every_reader_opens_its_own_parts),
        CASE(forwarded_frame_keeps_its_id_and_signature),
        CASE(withheld_part_is_noticed),
        CASE(every_changed_byte_is_refused),
        CASE(every_changed_byte_of_a_forwarded_frame_is_refused),
        CASE(every_cut_is_refused),
        CASE(batch_has_one_signature_and_one_wrap_a_reader),
        CASE(stripped_sender_gains_nothing),
        CASE(changed_audience_breaks_the_signature),
        CASE(pasted_wraps_do_not_open),
        CASE(exchanged_parts_do_not_open),
        CASE(unknown_or_foreign_kid_cannot_open),
        CASE(sender_must_be_one_of_the_realm),
        CASE(what_cannot_be_sent_leaves_the_batch_as_it_was),
        CASE(full_batch_is_told_from_an_envelope_that_never_fits),
        CASE(frames_exist_only_between_finish_and_begin),
        CASE(deks_of_an_envelope_open_its_parts),
    };
    if (argc > 1 && strcmp(argv[1], "all") == 0)
        flips_per_byte = 255;
    return cmocka_run_group_tests_name("envelope", tests, NULL, NULL);
}
