/* Checks the bounds that keys/envelope.h promises: what a batch, a header and a frame hold, and
 * what is opened or passed on that is not as its header says. */
#include "keys/envelope.h"
#include "realm.h"

#include "wire.h"

#include "t.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FRAME_CAP = 16 << 10, BUFFER_CAP = 4096 };

static const struct span TEXT = {(const uint8_t *)"text", 4};

static struct {
    struct realm *realm;
    struct envelope_batch *batch;
    struct opener *opener;
    lianshu_Header header;
    uint8_t frame[FRAME_CAP];
    struct frame_envelope read;
    uint8_t hash[HASH_LEN];
    uint8_t buffer[BUFFER_CAP];
} f;

static void fill(lianshu_Header *h)
{
    static const char *const readers[] = {REALM_HUB, REALM_POLICE};
    *h = (lianshu_Header)lianshu_Header_init_zero;
    h->type = lianshu_DocumentType_TYPE_CASE_REFERRAL;
    h->created_ms = REALM_NOW_MS;
    h->expires_ms = REALM_NOW_MS + REALM_DAY_MS;
    h->destination_count = 1;
    strcpy(h->destination[0], REALM_POLICE);
    h->parts_count = 2;
    h->parts[0].kind = lianshu_PartKind_PART_FACTS;
    h->parts[0].audience_count = T_COUNT(readers);
    for (size_t i = 0; i < T_COUNT(readers); i++)
        strcpy(h->parts[0].audience[i].member, readers[i]);
    h->parts[1].kind = lianshu_PartKind_PART_SEALED;
    h->parts[1].audience_count = 1;
    strcpy(h->parts[1].audience[0].member, REALM_POLICE);
}

static struct envelope_options options(void)
{
    return (struct envelope_options){.realm = REALM_NAME,
                                     .sender = REALM_MARKET,
                                     .key = realm_key(f.realm, REALM_MARKET, KEY_USE_SIGN),
                                     .registry = f.realm->registry,
                                     .entropy = &f.realm->entropy};
}

static void begin(size_t arena)
{
    const struct envelope_options o = options();
    envelope_batch_close(&f.batch);
    assert_int_equal(envelope_batch_open(&f.batch, arena), OK);
    assert_int_equal(envelope_batch_begin(f.batch, &o), OK);
}

static enum err add(const struct span *plain)
{
    uint8_t id[ENVELOPE_ID_LEN];
    fill(&f.header);
    return envelope_batch_add(f.batch, &f.header, plain, NULL, id);
}

static int setup(void **state)
{
    const struct span plain[] = {TEXT, TEXT};
    struct writer w = writer_of(f.frame, sizeof f.frame);
    (void)state;
    memset(&f, 0, sizeof f);
    f.realm = realm_open(2);
    assert_int_equal(opener_open(&f.opener, 4), OK);
    begin(0);
    assert_int_equal(add(plain), OK);
    assert_int_equal(envelope_batch_finish(f.batch), OK);
    assert_int_equal(envelope_batch_frame(f.batch, 0, &w), OK);
    assert_int_equal(frame_parse_envelope(writer_span(&w), &f.read), OK);
    hash_bytes(f.hash, f.read.header);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    opener_close(&f.opener);
    envelope_batch_close(&f.batch);
    realm_close(&f.realm);
    return 0;
}

/* ---- making ---- */

static void only_a_signing_key_begins_a_batch(void **state)
{
    struct envelope_options o = options();
    (void)state;
    o.key = realm_key(f.realm, REALM_MARKET, KEY_USE_SEAL);
    assert_int_equal(envelope_batch_begin(f.batch, &o), ERR_KEY_USE);
}

/* Whatever of the next one it is that does not fit any more: it has to wait. Of a batch that holds
 * nothing else it never will. */
static void a_batch_of_any_room_says_what_does_not_fit(void **state)
{
    enum { LARGE = 1000 << 10, STEP = 7, SMALL = 1200 };
    uint8_t *large = calloc(1, LARGE);
    const struct span first[] = {span_of(large, LARGE), TEXT};
    const struct span next[] = {TEXT, TEXT};
    (void)state;
    assert_non_null(large);
    for (size_t more = 0; more < SMALL; more += STEP) {
        enum err err = OK;
        begin(FRAME_MAX + more);
        assert_int_equal(add(first), OK);
        size_t count = 1;
        while ((err = add(next)) == OK)
            count++;
        assert_int_equal(err, ERR_BUSY);
        assert_int_equal(envelope_batch_count(f.batch), count);
        assert_true(count < ENVELOPE_BATCH_MAX);
        assert_int_equal(envelope_batch_finish(f.batch), OK);
    }
    const struct span both[] = {first[0], first[0]};
    begin(0);
    assert_int_equal(add(both), ERR_TOO_LARGE);
    assert_int_equal(envelope_batch_count(f.batch), 0);
    free(large);
}

static void a_batch_holds_so_many_envelopes(void **state)
{
    const struct span plain[] = {TEXT, TEXT};
    (void)state;
    begin(0);
    for (size_t i = 0; i < ENVELOPE_BATCH_MAX; i++)
        assert_int_equal(add(plain), OK);
    assert_int_equal(add(plain), ERR_BUSY);
}

static void parts_that_fit_one_by_one_may_be_too_much_for_a_frame(void **state)
{
    enum { HALF = 600 << 10 };
    uint8_t *big = calloc(1, HALF);
    const struct span plain[] = {span_of(big, HALF), span_of(big, HALF)};
    (void)state;
    assert_non_null(big);
    begin(4 << 20);
    assert_int_equal(add(plain), ERR_TOO_LARGE);
    assert_int_equal(envelope_batch_count(f.batch), 0);
    free(big);
}

/* A realm of the hub and of as many members as a part has readers, whose names are as long as a
 * name may be. */
static struct registry *open_long_names(void)
{
    enum { FILE_CAP = 256 << 10, RECORDS = SEAL_READER_MAX };
    static lianshu_MemberRecord records[RECORDS];
    struct registry_make make = realm_make(f.realm, 2);
    struct registry *registry = NULL;
    uint8_t *file = malloc(FILE_CAP);
    struct writer w = writer_of(file, FILE_CAP);
    assert_non_null(file);
    records[0] = f.realm->records[0];
    for (size_t i = 1; i < RECORDS; i++) {
        struct key *key = NULL;
        assert_int_equal(key_make(&key, KEY_USE_SEAL, REALM_NOW_MS, &f.realm->entropy), OK);
        records[i] = f.realm->records[1];
        snprintf(records[i].member, sizeof records[i].member, "procuratorate-%.*s%02zu.445100",
                 UNIT_MAX - 2, "abcdefghijklmnopqrstuvwxyz", i);
        records[i].keys_count = 1;
        records[i].keys[0] = f.realm->records[1].keys[1]; /* for the times */
        memcpy(records[i].keys[0].public_key, key_public(key), KEY_PUBLIC_LEN);
        key_close(&key);
    }
    assert_int_equal(registry_write(&make, records, RECORDS, &w, NULL), OK);
    assert_int_equal(registry_open(&registry, &f.realm->anchor, writer_span(&w), 2, NULL), OK);
    free(file);
    return registry;
}

static void add_readers(lianshu_Header *h, const struct registry *registry, bool facts)
{
    lianshu_PartHeader *part = &h->parts[h->parts_count++];
    part->kind = facts ? lianshu_PartKind_PART_FACTS : lianshu_PartKind_PART_SEALED;
    for (size_t i = 0; i < SEAL_READER_MAX; i++) {
        const struct registry_member *member = registry_member_at(registry, i);
        if (!facts && strcmp(member->id, REALM_HUB) == 0)
            continue;
        strcpy(part->audience[part->audience_count++].member, member->id);
        if (!facts && h->parts_count == 2)
            strcpy(h->destination[h->destination_count++], member->id);
    }
}

/* Whom it goes to takes more than all the rest of a header: as many as there may be have room. */
static void a_header_holds_all_its_readers_however_long_their_names(void **state)
{
    struct registry *registry = open_long_names();
    struct envelope_options o = options();
    struct span plain[ENVELOPE_PART_MAX];
    uint8_t id[ENVELOPE_ID_LEN];
    (void)state;
    o.registry = registry;
    for (unsigned parts = 2; parts <= ENVELOPE_PART_MAX; parts++) {
        lianshu_Header *h = &f.header;
        fill(h);
        h->destination_count = h->parts_count = 0;
        memset(h->parts, 0, sizeof h->parts);
        for (unsigned i = 0; i < parts; i++) {
            plain[i] = TEXT;
            add_readers(h, registry, i == 0);
        }
        h->in_reply_to.size = sizeof h->in_reply_to.bytes;
        h->conversation.size = sizeof h->conversation.bytes;
        h->ext.size = sizeof h->ext.bytes;
        memset(h->ext.bytes, 1, sizeof h->ext.bytes);
        print_message("%u parts\n", parts);
        assert_int_equal(envelope_batch_begin(f.batch, &o), OK);
        assert_int_equal(envelope_batch_add(f.batch, h, plain, NULL, id), OK);
    }
    registry_close(&registry);
}

/* ---- passing on and opening ---- */

static void what_was_withheld_once_is_passed_on_as_it_is(void **state)
{
    static uint8_t bytes[FRAME_CAP];
    static uint8_t again[FRAME_CAP];
    struct writer w = writer_of(bytes, sizeof bytes);
    struct writer w2 = writer_of(again, sizeof again);
    struct frame_envelope half;
    struct span plain;
    enum err inner = OK;
    (void)state;
    assert_int_equal(envelope_forward(&f.header, &f.read, REALM_HUB, &w), OK);
    assert_int_equal(frame_parse_envelope(writer_span(&w), &half), OK);
    assert_int_equal(half.parts[1].form, 0);
    assert_int_equal(envelope_forward(&f.header, &half, REALM_HUB, &w2), OK);
    assert_true(span_eq(writer_span(&w), writer_span(&w2)));
    assert_int_equal(envelope_check_reader(&f.header, &half, REALM_POLICE), ERR_PART_WITHHELD);
    assert_int_equal(envelope_open(f.opener, realm_ring(f.realm, REALM_POLICE), REALM_POLICE,
                                   &f.header, &half, f.hash, 1, f.buffer, sizeof f.buffer, &plain,
                                   NULL, &inner),
                     ERR_PART_WITHHELD);
    assert_int_equal(inner, ERR_PART_WITHHELD);
}

static enum err opened(const lianshu_Header *h, const struct frame_envelope *frame, size_t part,
                       enum err *inner)
{
    struct span plain;
    return envelope_open(f.opener, realm_ring(f.realm, REALM_POLICE), REALM_POLICE, h, frame,
                         f.hash, part, f.buffer, sizeof f.buffer, &plain, NULL, inner);
}

static void a_frame_that_is_not_as_its_header_says_is_not_opened(void **state)
{
    static lianshu_Header h;
    struct frame_envelope frame = f.read;
    enum err inner = OK;
    (void)state;
    assert_int_equal(opened(&f.header, &frame, 1, &inner), OK);
    assert_int_equal(opened(&f.header, &frame, 2, &inner), ERR_NOT_IN_AUDIENCE);
    h = f.header;
    h.parts_count = 1;
    assert_int_equal(opened(&h, &frame, 1, &inner), ERR_NOT_IN_AUDIENCE);
    assert_int_equal(envelope_check_reader(&h, &frame, REALM_POLICE), ERR_WRAP_COUNT);
    frame.parts[1].wraps.len -= SEAL_WRAP_LEN;
    assert_int_equal(opened(&f.header, &frame, 1, &inner), ERR_WRAP_COUNT);
    /* a key of ours, and none to open with */
    h = f.header;
    memcpy(h.parts[1].audience[0].kid, key_kid(realm_key(f.realm, REALM_POLICE, KEY_USE_SIGN)),
           KID_LEN);
    assert_int_equal(opened(&h, &f.read, 1, &inner), ERR_CANNOT_OPEN);
    assert_int_equal(inner, ERR_UNWRAP);
    memset(h.parts[1].audience[0].kid, 7, KID_LEN);
    assert_int_equal(opened(&h, &f.read, 1, &inner), ERR_CANNOT_OPEN);
}

/* A part less in the header than in the frame is passed on as it came. */
static void a_part_that_the_header_lacks_is_passed_on(void **state)
{
    static uint8_t bytes[FRAME_CAP];
    struct writer w = writer_of(bytes, sizeof bytes);
    static lianshu_Header h;
    struct frame_envelope half;
    (void)state;
    h = f.header;
    h.parts_count = 1;
    assert_int_equal(envelope_forward(&h, &f.read, REALM_HUB, &w), OK);
    assert_int_equal(frame_parse_envelope(writer_span(&w), &half), OK);
    assert_int_equal(half.parts[1].form, 1);
}

static void an_opener_takes_wraps_of_one_length_and_realms_that_there_are(void **state)
{
    char realm[512];
    struct span plain;
    enum err inner = OK;
    struct seal_opening what = {.key = realm_key(f.realm, REALM_POLICE, KEY_USE_SEAL),
                                .realm = REALM_NAME,
                                .sender_kid = f.header.sender_kid,
                                .header_hash = f.hash,
                                .commitment = f.header.parts[1].commitment,
                                .place = {.part = 1},
                                .wrap = f.read.parts[1].wraps,
                                .c = f.read.parts[1].cipher};
    (void)state;
    memcpy(what.place.message_id, f.header.message_id, sizeof what.place.message_id);
    assert_int_equal(opener_part(f.opener, &what, f.buffer, sizeof f.buffer, &plain, NULL, &inner),
                     OK);
    what.wrap.len--;
    assert_int_equal(opener_part(f.opener, &what, f.buffer, sizeof f.buffer, &plain, NULL, &inner),
                     ERR_CANNOT_OPEN);
    assert_int_equal(inner, ERR_UNWRAP);
    what.wrap.len++;
    memset(realm, 'r', sizeof realm - 1);
    realm[sizeof realm - 1] = '\0';
    what.realm = realm;
    assert_int_equal(opener_part(f.opener, &what, f.buffer, sizeof f.buffer, &plain, NULL, &inner),
                     ERR_CANNOT_OPEN);
    assert_int_equal(inner, ERR_UNWRAP);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(only_a_signing_key_begins_a_batch),
        CASE(a_batch_of_any_room_says_what_does_not_fit),
        CASE(a_batch_holds_so_many_envelopes),
        CASE(a_header_holds_all_its_readers_however_long_their_names),
        CASE(parts_that_fit_one_by_one_may_be_too_much_for_a_frame),
        CASE(what_was_withheld_once_is_passed_on_as_it_is),
        CASE(a_frame_that_is_not_as_its_header_says_is_not_opened),
        CASE(a_part_that_the_header_lacks_is_passed_on),
        CASE(an_opener_takes_wraps_of_one_length_and_realms_that_there_are),
    };
    return cmocka_run_group_tests_name("envelope_bounds", tests, NULL, NULL);
}
