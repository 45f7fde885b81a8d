/* Whoever writes into too little room says so and writes nothing beyond it: each writer of keys/,
 * with every room up to what it needs. The memory behind the room is watched. */
#include "keys/attachment.h"
#include "keys/batch.h"
#include "keys/certificate.h"
#include "keys/cosign.h"
#include "keys/document.h"
#include "keys/envelope.h"
#include "keys/hpke.h"
#include "keys/note.h"
#include "keys/receipt.h"
#include "keys/registry_proof.h"
#include "keys/release.h"
#include "keys/rest.h"
#include "keys/root.h"
#include "keys/seal.h"
#include "keys/stamp.h"
#include "keys/tlog_proof.h"
#include "realm.h"
#include "wire.h"

#include "folder.h"
#include "t.h"

#include <stdlib.h>
#include <string.h>

enum { ROOM = 512 << 10, EACH = 600, STEP = 61 };

static struct {
    struct realm *realm;
    struct key *witness;
    struct key *log;
    struct key *new_root;
    struct batch *batch;
    struct envelope_batch *envelopes;
    struct attachment *attachment;
    lianshu_Document document;
    lianshu_Header header;
    uint8_t note[NOTE_LEN_MAX];
    size_t note_len;
    uint8_t lsd1[FRAME_DOCUMENT_FRAME_MAX];
    size_t lsd1_len;
    uint8_t half[FRAME_DOCUMENT_FRAME_MAX]; /* one of two have signed */
    size_t half_len;
    uint8_t frame[FRAME_MAX];
    size_t frame_len;
    int fd;
} f;

static const struct span TEXT = {(const uint8_t *)"text", 4};

static const struct key *signer(void)
{
    return realm_key(f.realm, REALM_HUB, KEY_USE_SIGN);
}

/* ---- what is written from ---- */

static void make_documents(void)
{
    uint8_t hash[HASH_LEN];
    uint8_t d[2048];
    struct writer d_w = writer_of(d, sizeof d);
    struct writer w = writer_of(f.lsd1, sizeof f.lsd1);
    struct writer half = writer_of(f.half, sizeof f.half);
    const struct key *official[] = {realm_official(f.realm, 0)};
    document_prepare(&f.document, REALM_NAME, REALM_HUB, signer(), REALM_NOW_MS, &f.realm->entropy);
    f.document.type = lianshu_DocumentType_TYPE_CREDIT_CERTIFICATE;
    f.document.addressees_count = 1;
    strcpy(f.document.addressees[0], REALM_HEALTH);
    assert_int_equal(document_make(&f.document, signer(), &w, hash), OK);
    f.lsd1_len = w.len;
    lianshu_Document two = f.document;
    two.issuers_count = 2;
    two.issuers[1] = two.issuers[0];
    for (size_t i = 0; i < 2; i++)
        memcpy(two.issuers[i].kid, key_kid(realm_official(f.realm, i)), KID_LEN);
    assert_int_equal(document_encode(&two, &d_w, hash), OK);
    assert_int_equal(document_sign(writer_span(&d_w), official, 1, &half), OK);
    f.half_len = half.len;
}

static void make_envelopes(void)
{
    uint8_t id[ENVELOPE_ID_LEN];
    const struct envelope_options options = {.realm = REALM_NAME,
                                             .sender = REALM_MARKET,
                                             .key = realm_key(f.realm, REALM_MARKET, KEY_USE_SIGN),
                                             .registry = f.realm->registry,
                                             .entropy = &f.realm->entropy};
    static const char *const readers[] = {REALM_HUB, REALM_POLICE};
    lianshu_Header *h = &f.header;
    struct writer w = writer_of(f.frame, sizeof f.frame);
    h->type = lianshu_DocumentType_TYPE_CASE_REFERRAL;
    h->created_ms = REALM_NOW_MS;
    h->expires_ms = REALM_NOW_MS + REALM_DAY_MS;
    h->destination_count = 1;
    strcpy(h->destination[0], REALM_POLICE);
    h->parts_count = 1;
    h->parts[0].kind = lianshu_PartKind_PART_FACTS;
    h->parts[0].audience_count = T_COUNT(readers);
    for (size_t i = 0; i < T_COUNT(readers); i++)
        strcpy(h->parts[0].audience[i].member, readers[i]);
    assert_int_equal(envelope_batch_open(&f.envelopes, 0), OK);
    assert_int_equal(envelope_batch_begin(f.envelopes, &options), OK);
    assert_int_equal(envelope_batch_add(f.envelopes, h, &TEXT, NULL, id), OK);
    assert_int_equal(envelope_batch_finish(f.envelopes), OK);
    assert_int_equal(envelope_batch_frame(f.envelopes, 0, &w), OK);
    f.frame_len = w.len;
}

static int setup(void **state)
{
    struct checkpoint c = {.size = 7};
    merkle_hash leaf = {1};
    size_t index;
    (void)state;
    memset(&f, 0, sizeof f);
    f.realm = realm_open(8);
    assert_int_equal(key_make(&f.witness, KEY_USE_WITNESS, 0, &f.realm->entropy), OK);
    assert_int_equal(key_make(&f.log, KEY_USE_LOG, 0, &f.realm->entropy), OK);
    assert_int_equal(key_make(&f.new_root, KEY_USE_ROOT, 0, &f.realm->entropy), OK);
    assert_int_equal(note_origin(c.origin, REALM_HUB, REALM_NAME, 1), OK);
    struct writer w = writer_of(f.note, sizeof f.note);
    assert_int_equal(note_sign(&c, f.log, &w), OK);
    f.note_len = w.len;
    assert_int_equal(batch_open(&f.batch), OK);
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(batch_add(f.batch, leaf, &index), OK);
    assert_int_equal(batch_sign(f.batch, signer()), OK);
    make_documents();
    make_envelopes();
    f.fd = folder_nameless();
    assert_int_equal(pwrite(f.fd, "text", 4, 0), 4);
    assert_int_equal(attachment_open(&f.attachment, f.fd, NULL, &f.realm->entropy), OK);
    assert_int_equal(attachment_measure(f.attachment), OK);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    attachment_close(&f.attachment);
    envelope_batch_close(&f.envelopes);
    batch_close(&f.batch);
    key_close(&f.witness);
    key_close(&f.log);
    key_close(&f.new_root);
    realm_close(&f.realm);
    close(f.fd);
    return 0;
}

/* ---- the writers ---- */

typedef enum err write_fn(struct writer *w);

static enum err write_batch(struct writer *w)
{
    return batch_write(f.batch, 1, w);
}

static enum err write_document_make(struct writer *w)
{
    uint8_t hash[HASH_LEN];
    return document_make(&f.document, signer(), w, hash);
}

static enum err write_document_sign(struct writer *w)
{
    const struct key *key = signer();
    return document_sign(TEXT, &key, 1, w);
}

static enum err write_signature_more(struct writer *w)
{
    return document_add_signature(span_of(f.half, f.half_len), realm_official(f.realm, 1), w);
}

static enum err write_certificate(struct writer *w)
{
    return certificate_write(f.realm->registry, span_of(f.lsd1, f.lsd1_len), w);
}

static enum err write_note(struct writer *w)
{
    struct checkpoint c;
    return note_parse(span_of(f.note, f.note_len), &c) == OK ? note_sign(&c, f.log, w) : OK;
}

static enum err write_cosignature(struct writer *w)
{
    return cosign(span_of(f.note, f.note_len), "hub.440000.test/witness", f.witness, 7, w);
}

static enum err write_envelope(struct writer *w)
{
    return envelope_batch_frame(f.envelopes, 0, w);
}

static enum err write_forwarded(struct writer *w)
{
    struct frame_envelope frame;
    return frame_parse_envelope(span_of(f.frame, f.frame_len), &frame) == OK
               ? envelope_forward(&f.header, &frame, REALM_POLICE, w)
               : OK;
}

static enum err write_leaf(struct writer *w)
{
    return log_leaf_write(w, LOG_ADMIN, 7, TEXT);
}

static enum err write_receipt(struct writer *w)
{
    const lianshu_Receipt q = {.time_ms = REALM_NOW_MS, .log_index = 9};
    return receipt_encode(&q, w);
}

static enum err write_log_proof(struct writer *w)
{
    static const merkle_hash path[] = {{1}, {2}};
    return tlog_proof_write(w, TEXT, 1, path, T_COUNT(path), span_of(f.note, f.note_len));
}

static enum err write_record_proof(struct writer *w)
{
    return registry_prove(f.realm->registry, REALM_MARKET, w);
}

static enum err write_registry(struct writer *w)
{
    const struct registry_make make = realm_make(f.realm, 2);
    return registry_write(&make, f.realm->records, REALM_MEMBERS, w, NULL);
}

static enum err write_root(struct writer *w)
{
    struct anchor to = f.realm->anchor;
    const struct key *keys[] = {f.realm->root, f.new_root};
    memcpy(to.root[0], key_public(f.new_root), KEY_PUBLIC_LEN);
    const struct root_make make = {.from = &f.realm->anchor,
                                   .to = &to,
                                   .keys = keys,
                                   .key_count = T_COUNT(keys),
                                   .now_ms = REALM_NOW_MS,
                                   .valid_until_ms = REALM_NOW_MS + REALM_DAY_MS,
                                   .entropy = &f.realm->entropy};
    return root_rotate(&make, w, NULL);
}

static enum err write_at_rest(struct writer *w)
{
    const struct rest_place place = {"table", span_str("row"), "column"};
    return rest_seal(realm_key(f.realm, REALM_HUB, KEY_USE_STORAGE), &place, TEXT,
                     &f.realm->entropy, w);
}

static enum err read_at_rest(struct writer *w)
{
    const struct rest_place place = {"table", span_str("row"), "column"};
    const struct key *key = realm_key(f.realm, REALM_HUB, KEY_USE_STORAGE);
    uint8_t sealed[REST_OVERHEAD + 4];
    struct writer s = writer_of(sealed, sizeof sealed);
    return rest_seal(key, &place, TEXT, &f.realm->entropy, &s) == OK
               ? rest_open(key, &place, writer_span(&s), w)
               : OK;
}

static enum err write_hpke(struct writer *w)
{
    return hpke_seal(key_public(realm_key(f.realm, REALM_POLICE, KEY_USE_SEAL)), TEXT, TEXT, TEXT,
                     &f.realm->entropy, w);
}

static enum err write_part(struct writer *w)
{
    static const uint8_t dek[SEAL_DEK_LEN] = {1};
    static const uint8_t hash[HASH_LEN] = {2};
    return seal_part(dek, hash, 0, TEXT, w);
}

static enum err write_chunk(struct writer *w)
{
    return attachment_chunk(f.attachment, 0, w);
}

static enum err write_sealed_chunk(struct writer *w)
{
    static const uint8_t key[FILE_KEY_LEN] = {1};
    return chunk_seal(key, 0, 1, TEXT, w);
}

static enum err write_stamp_request(struct writer *w)
{
    /* the same number each time: a longer one makes a longer request */
    static const uint8_t seed[ENTROPY_SEED_LEN] = {1};
    struct entropy_replay replay;
    const struct entropy entropy = entropy_replay_init(&replay, seed);
    return stamp_request(TEXT, &entropy, w);
}

static enum err write_release(struct writer *w)
{
#define AS "aaaaaaaaaaaaaaaa"
    return release_sign(span_str(AS AS AS AS "  lianshu-hub\n"), REALM_NAME, f.realm->root, w);
}

/* ---- the loop ---- */

static const struct {
    const char *name;
    write_fn *write;
} writers[] = {
    {"batch", write_batch},
    {"document, made", write_document_make},
    {"document, signed", write_document_sign},
    {"a signature more", write_signature_more},
    {"certificate", write_certificate},
    {"note", write_note},
    {"cosignature", write_cosignature},
    {"envelope", write_envelope},
    {"envelope, forwarded", write_forwarded},
    {"leaf", write_leaf},
    {"receipt", write_receipt},
    {"proof of the log", write_log_proof},
    {"proof of a record", write_record_proof},
    {"registry", write_registry},
    {"root", write_root},
    {"at rest", write_at_rest},
    {"from rest", read_at_rest},
    {"hpke", write_hpke},
    {"part", write_part},
    {"chunk", write_chunk},
    {"sealed chunk", write_sealed_chunk},
    {"request for a stamp", write_stamp_request},
    {"release", write_release},
};

/* Room to the byte, so that one more is the watcher's. */
static void write_into(write_fn *write, size_t room, enum err want)
{
    uint8_t *bytes = malloc(room + (room == 0));
    assert_non_null(bytes);
    struct writer w = writer_of(bytes, room);
    const enum err err = write(&w);
    if (err != want)
        print_message("room of %zu: %s\n", room, err_name(err));
    assert_int_equal(err, want);
    assert_true(w.len <= room);
    free(bytes);
}

static void too_little_room_is_said(void **state)
{
    uint8_t *bytes = malloc(ROOM);
    (void)state;
    assert_non_null(bytes);
    for (size_t i = 0; i < T_COUNT(writers); i++) {
        struct writer w = writer_of(bytes, ROOM);
        print_message("%s\n", writers[i].name);
        assert_int_equal(writers[i].write(&w), OK);
        assert_true(w.len > 0);
        for (size_t room = 0; room < w.len; room += w.len < EACH ? 1 : STEP)
            write_into(writers[i].write, room, ERR_TOO_LARGE);
        write_into(writers[i].write, w.len - 1, ERR_TOO_LARGE);
        write_into(writers[i].write, w.len, OK);
    }
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(too_little_room_is_said, setup, teardown),
    };
    return cmocka_run_group_tests_name("room", tests, NULL, NULL);
}
