/*
 * Bytes made by another implementation (tests/interop/vectors.py, written from the text of the
 * protocol alone) verify and open with ours.
 */
#include "base/hex.h"
#include "fold.h"
#include "keys/amend.h"
#include "keys/attachment.h"
#include "keys/cosign.h"
#include "keys/envelope.h"
#include "keys/init.h"
#include "keys/mirror.h"
#include "keys/receipt.h"
#include "keys/registry_proof.h"

#include "check.h"
#include "vectors.h"
#include "wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BUFFER_CAP = 8192, BUFFERS = 16 };

#define REALM "test"
static const uint64_t NOW_MS = UINT64_C(1764000000000);

/* Lent until BUFFERS more were asked for. */
static struct span get(const char *file, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static struct span get(const char *file, const char *format, ...)
{
    static uint8_t buffer[BUFFERS][BUFFER_CAP];
    static unsigned next;
    char name[64];
    char path[64];
    va_list list;
    va_start(list, format);
    vsnprintf(name, sizeof name, format, list);
    va_end(list);
    snprintf(path, sizeof path, "%s.txt", file);
    next = (next + 1) % BUFFERS;
    return vector_get(path, name, buffer[next], BUFFER_CAP);
}

static void same(struct span a, struct span b)
{
    assert_int_equal(a.len, b.len);
    assert_memory_equal(a.data, b.data, a.len);
}

static uint64_t number_of(struct span s)
{
    uint64_t value;
    assert_true(span_take_uint(&s, s.len, &value));
    return value;
}

static void labels_and_key_ids_are_the_same(void **state)
{
    static const struct {
        const char *name;
        struct span label;
    } rows[] = {
#define ROW(name)                                                                                  \
    {                                                                                              \
        name,                                                                                      \
        {                                                                                          \
            (const uint8_t *)LABEL_TEXT(name), sizeof LABEL_TEXT(name) - 1                         \
        }                                                                                          \
    }
        ROW("key"),      ROW("document"),    ROW("envelope"),   ROW("receipt"),
        ROW("batch"),    ROW("wrap"),        ROW("env"),        ROW("dek"),
        ROW("commit"),   ROW("payload"),     ROW("aead"),       ROW("chunk"),
        ROW("log"),      ROW("token"),       ROW("mirror.key"), ROW("mirror.page"),
        ROW("release"),  ROW("enrol.check"), ROW("enrol.code"), ROW("enrol.proof"),
        ROW("rest.key"),
    };
    uint8_t kid[KID_LEN];
    (void)state;
    for (size_t i = 0; i < T_COUNT(rows); i++)
        same(rows[i].label, get("labels", "label.%s", rows[i].name));
    kid_of(kid, ALG_ED25519, get("labels", "kid.ed25519.public").data);
    same(span_of(kid, KID_LEN), get("labels", "kid.ed25519"));
    kid_of(kid, ALG_X25519, get("labels", "kid.x25519.public").data);
    same(span_of(kid, KID_LEN), get("labels", "kid.x25519"));
}

static void every_statement_of_a_batch_verifies(void **state)
{
    static const unsigned sizes[] = {1, 2, 3, 7};
    struct verifier *verifier = NULL;
    (void)state;
    assert_int_equal(verifier_open(&verifier, 0), OK);
    for (size_t n = 0; n < T_COUNT(sizes); n++) {
        for (unsigned i = 0; i < sizes[n]; i++) {
            const uint8_t *public_key = get("batch", "public").data;
            const uint8_t *leaf = get("batch", "%u.%u.leaf", sizes[n], i).data;
            struct span s = get("batch", "%u.%u", sizes[n], i);
            assert_int_equal(verifier_check(verifier, public_key, leaf, s), OK);
        }
    }
    verifier_close(&verifier);
}

static void a_secret_gives_the_same_keys_and_padding(void **state)
{
    static const unsigned padded[] = {0, 252, 253, 4092, 4093, 5000, 65536, 1000000, 1048572};
    struct hmac_key extract;
    struct seal_place place = {.part = 2};
    uint8_t dek[SEAL_DEK_LEN];
    uint8_t commitment[SEAL_COMMITMENT_LEN];
    (void)state;
    seal_extract(&extract, get("seal", "secret").data);
    memcpy(place.message_id, get("seal", "message").data, sizeof place.message_id);
    seal_dek(dek, &extract, &place);
    same(span_of(dek, sizeof dek), get("seal", "dek"));
    seal_commitment(commitment, dek);
    same(span_of(commitment, sizeof commitment), get("seal", "commitment"));
    for (size_t i = 0; i < T_COUNT(padded); i++)
        assert_int_equal(seal_padded_len(padded[i]),
                         number_of(get("seal", "padded.%u", padded[i])));
}

static void what_was_sealed_elsewhere_opens_and_is_sealed_alike_here(void **state)
{
    static const unsigned sizes[] = {0, 1, 252, 253, 4092, 4093, 4800};
    static uint8_t buffer[BUFFER_CAP];
    (void)state;
    for (size_t i = 0; i < T_COUNT(sizes); i++) {
        const uint8_t *dek = get("seal", "dek").data;
        const uint8_t *header = get("seal", "header").data;
        struct span plain = get("seal", "plain.%u", sizes[i]);
        struct span cipher = get("seal", "cipher.%u", sizes[i]);
        struct writer w = writer_of(buffer, sizeof buffer);
        struct span opened;
        assert_int_equal(seal_part(dek, header, 2, plain, &w), OK);
        same(writer_span(&w), cipher);
        assert_int_equal(seal_open_dek(dek, header, 2, cipher, buffer, sizeof buffer, &opened), OK);
        same(opened, plain);
    }
}

static void a_wrap_made_elsewhere_opens(void **state)
{
    struct key *key = NULL;
    uint8_t secret[SEAL_SECRET_LEN];
    struct span wrap = get("seal", "wrap");
    struct span ct = span_of(wrap.data + HPKE_ENC_LEN, wrap.len - HPKE_ENC_LEN);
    (void)state;
    assert_int_equal(key_import(&key, KEY_USE_SEAL, 0, get("seal", "reader").data), OK);
    assert_int_equal(hpke_open(key_secret(key), key_public(key), wrap.data, get("seal", "info"),
                               span_of(NULL, 0), ct, secret),
                     OK);
    same(span_of(secret, sizeof secret), get("seal", "secret"));
    key_close(&key);
}

static enum err find_signer(void *ctx, const char *member, const uint8_t kid[static KID_LEN],
                            uint8_t public_key[static KEY_PUBLIC_LEN])
{
    const bool market = strcmp(member, "market.445100") == 0;
    uint8_t own[KID_LEN];
    (void)ctx;
    memcpy(public_key, get("envelope", market ? "sender.public" : "police.public").data,
           KEY_PUBLIC_LEN);
    kid_of(own, ALG_ED25519, public_key);
    assert_memory_equal(kid, own, KID_LEN);
    return OK;
}

static void documents_made_elsewhere_verify(void **state)
{
    static const char *const names[] = {"document", "joint"};
    const struct document_signers signers = {find_signer, NULL};
    lianshu_Document *d = calloc(1, sizeof *d);
    struct verifier *verifier = NULL;
    uint8_t hash[HASH_LEN];
    (void)state;
    assert_non_null(d);
    assert_int_equal(verifier_open(&verifier, 0), OK);
    for (size_t i = 0; i < T_COUNT(names); i++) {
        struct span lsd1 = get("envelope", "%s", names[i]);
        assert_int_equal(document_verify(lsd1, REALM, &signers, verifier, d, hash), OK);
        same(span_of(hash, sizeof hash), get("envelope", "%s.hash", names[i]));
        assert_int_equal(document_check_addressed(d, "police.445100", "market.445100", false), OK);
    }
    verifier_close(&verifier);
    free(d);
}

/* Header, sender's signature and id of a frame; the frame's bytes are lent. */
static void verify_envelope(struct span bytes, lianshu_Header *h, struct frame_envelope *frame,
                            uint8_t header_hash[static HASH_LEN])
{
    uint8_t env_id[HASH_LEN];
    struct verifier *verifier = NULL;
    assert_int_equal(verifier_open(&verifier, 0), OK);
    assert_int_equal(frame_parse_envelope(bytes, frame), OK);
    assert_int_equal(wire_decode(&lianshu_Header_msg, frame->header, h), OK);
    assert_int_equal(header_check(h), OK);
    envelope_id(frame, header_hash, env_id);
    same(span_of(env_id, sizeof env_id), get("envelope", "envelope.id"));
    assert_int_equal(
        verifier_check(verifier, get("envelope", "sender.public").data, env_id, frame->signature),
        OK);
    verifier_close(&verifier);
}

static void an_envelope_made_elsewhere_opens(void **state)
{
    static lianshu_Header h;
    static uint8_t buffer[BUFFER_CAP];
    uint8_t header_hash[HASH_LEN];
    uint8_t dek[SEAL_DEK_LEN];
    struct frame_envelope frame;
    struct opener *opener = NULL;
    struct keyring *ring = NULL;
    struct key *key = NULL;
    struct span plain;
    enum err inner;
    (void)state;
    assert_int_equal(opener_open(&opener, 4), OK);
    assert_int_equal(keyring_open(&ring, "police.445100", ""), OK);
    assert_int_equal(key_import(&key, KEY_USE_SEAL, 0, get("envelope", "police.secret").data), OK);
    same(span_of(key_kid(key), KID_LEN), get("envelope", "police.kid"));
    assert_int_equal(keyring_add(ring, &key), OK);

    verify_envelope(get("envelope", "envelope"), &h, &frame, header_hash);
    assert_int_equal(envelope_check_sender(&h, &frame), OK);
    assert_int_equal(envelope_open(opener, ring, "police.445100", &h, &frame, header_hash, 0,
                                   buffer, sizeof buffer, &plain, NULL, &inner),
                     OK);
    same(plain, span_str("facts"));
    assert_int_equal(envelope_open(opener, ring, "police.445100", &h, &frame, header_hash, 1,
                                   buffer, sizeof buffer, &plain, dek, &inner),
                     OK);
    same(plain, get("envelope", "document"));
    same(span_of(dek, sizeof dek), get("envelope", "dek1"));
    keyring_close(&ring);
    opener_close(&opener);
}

static void it_is_forwarded_as_elsewhere(void **state)
{
    static lianshu_Header h;
    static uint8_t buffer[BUFFER_CAP];
    uint8_t header_hash[HASH_LEN];
    struct frame_envelope frame;
    struct writer w = writer_of(buffer, sizeof buffer);
    (void)state;
    verify_envelope(get("envelope", "envelope"), &h, &frame, header_hash);
    assert_int_equal(envelope_forward(&h, &frame, "hub.445100", &w), OK);
    same(writer_span(&w), get("envelope", "forwarded"));
    verify_envelope(writer_span(&w), &h, &frame, header_hash);
    assert_int_equal(envelope_check_sender(&h, &frame), ERR_FORM);
    assert_int_equal(envelope_check_reader(&h, &frame, "police.445100"), ERR_PART_WITHHELD);
}

static void receipts_made_elsewhere_verify_and_unfold(void **state)
{
    static uint8_t buffer[BUFFER_CAP];
    struct writer w = writer_of(buffer, sizeof buffer);
    struct verifier *verifier = NULL;
    struct frame_receipts receipts;
    struct frame_receipt one;
    (void)state;
    assert_int_equal(verifier_open(&verifier, 0), OK);
    assert_int_equal(unfold(get("receipts", "folded"), &w), OK);
    same(writer_span(&w), get("receipts", "receipts"));
    assert_int_equal(frame_parse_receipts(writer_span(&w), &receipts), OK);
    for (unsigned i = 0; frame_receipts_next(&receipts, &one); i++) {
        merkle_hash leaf;
        same(one.receipt, get("receipts", "%u.q", i));
        same(one.signature, get("receipts", "%u.s", i));
        receipt_leaf(leaf, one.receipt);
        same(span_of(leaf, sizeof leaf), get("receipts", "%u.leaf", i));
        assert_int_equal(
            verifier_check(verifier, get("receipts", "public").data, leaf, one.signature), OK);
    }
    verifier_close(&verifier);
}

static struct checkpoint verified_head(struct span note)
{
    char origin[NOTE_ORIGIN_MAX + 1];
    struct checkpoint head;
    struct span said = get("log", "origin");
    snprintf(origin, sizeof origin, "%.*s", (int)said.len, (const char *)said.data);
    same(note, get("log", "checkpoint"));
    assert_int_equal(note_verify(note, origin, get("log", "public").data, &head), OK);
    same(span_of(head.root, HASH_LEN), get("log", "root"));
    return head;
}

static void proven(enum log_kind kind, uint64_t index, struct span body, struct span path,
                   const struct checkpoint *head)
{
    merkle_hash leaf;
    merkle_hash hashes[MERKLE_PATH_MAX];
    assert_int_equal(log_leaf(leaf, kind, NOW_MS, body), OK);
    same(span_of(leaf, sizeof leaf), get("log", "leaf.%u", (unsigned)index));
    memcpy(hashes, path.data, path.len);
    assert_int_equal(
        merkle_verify(leaf, index, head->size, hashes, path.len / HASH_LEN, head->root), OK);
}

static void what_a_hub_said_elsewhere_is_proven(void **state)
{
    struct frame_receipts receipts;
    struct frame_receipt one;
    struct frame_statement v;
    (void)state;
    assert_int_equal(frame_parse_receipts(get("log", "receipts"), &receipts), OK);
    assert_int_equal(receipts.first, 7);
    struct checkpoint head = verified_head(receipts.checkpoint);
    assert_true(frame_receipts_next(&receipts, &one));
    same(one.receipt, get("log", "q"));
    proven(LOG_RECEIPT, 1, one.receipt, one.path, &head);

    assert_int_equal(frame_parse_statement(get("log", "statement"), &v), OK);
    head = verified_head(v.checkpoint);
    same(v.statement, get("log", "v"));
    proven(LOG_STATEMENT, 3, v.statement, v.path, &head);

    assert_int_equal(frame_parse_receipts(get("log", "relayed"), &receipts), OK);
    assert_true(frame_receipts_next(&receipts, &one));
    assert_int_equal(one.form, FRAME_RECEIPT_OTHER_HUB);
    head = verified_head(one.checkpoint);
    proven(LOG_RECEIPT, 1, one.receipt, one.path, &head);
}

static void a_log_that_grew_elsewhere_is_consistent(void **state)
{
    merkle_hash proof[MERKLE_CONSISTENCY_MAX];
    struct span hashes = get("log", "consistency.3");
    (void)state;
    memcpy(proof, hashes.data, hashes.len);
    assert_int_equal(merkle_verify_consistency(3, get("log", "root.3").data, 5,
                                               get("log", "root").data, proof,
                                               hashes.len / HASH_LEN),
                     OK);
}

static void a_witness_elsewhere_has_cosigned(void **state)
{
    struct witness_policy policy = {.needed = 1, .count = 1};
    struct witness_key *witness = &policy.row[0];
    struct span name = get("log", "witness.name");
    uint64_t time_ms;
    (void)state;
    snprintf(witness->name, sizeof witness->name, "%.*s", (int)name.len, (const char *)name.data);
    memcpy(witness->public_key, get("log", "witness").data, KEY_PUBLIC_LEN);
    witness->valid_until_ms = UINT64_MAX;
    assert_int_equal(cosign_check(get("log", "checkpoint"), get("log", "cosignature"),
                                  witness->name, &policy, NOW_MS, &time_ms),
                     OK);
    assert_int_equal(time_ms, NOW_MS);
}

static void registry_anchor(struct anchor *anchor)
{
    *anchor = (struct anchor){.realm = REALM, .threshold = 2, .root_count = 3};
    for (unsigned i = 0; i < anchor->root_count; i++)
        memcpy(anchor->root[i], get("registry", "root.%u", i).data, KEY_PUBLIC_LEN);
}

static void a_registry_made_elsewhere_loads_and_is_amended(void **state)
{
    static const char *const amendments[] = {"revocation", "key.record"};
    const struct registry_key *key;
    struct registry *registry = NULL;
    struct anchor anchor;
    struct fault fault;
    (void)state;
    registry_anchor(&anchor);
    assert_int_equal(registry_open(&registry, &anchor, get("registry", "file"), 0, &fault), OK);
    assert_int_equal(registry_version(registry), 3);
    assert_int_equal(registry_member_count(registry), 3);
    assert_int_equal(registry_current(registry, "market.445100", KEY_USE_TRANSPORT, NOW_MS, &key),
                     OK);
    for (size_t i = 0; i < T_COUNT(amendments); i++)
        assert_int_equal(registry_amend(registry, get("registry", "%s", amendments[i]), NOW_MS,
                                        false, NULL, &fault),
                         OK);
    assert_int_equal(registry_current(registry, "market.445100", KEY_USE_TRANSPORT, NOW_MS, &key),
                     ERR_KEY_EXPIRED);
    registry_close(&registry);
}

static void a_record_proven_elsewhere_is_believed(void **state)
{
    static struct registry_proof proof;
    static uint8_t buffer[BUFFER_CAP];
    struct writer w = writer_of(buffer, sizeof buffer);
    struct anchor anchor;
    struct fault fault;
    (void)state;
    registry_anchor(&anchor);
    assert_int_equal(registry_proof_open(get("registry", "proof"), &anchor, &proof, &fault), OK);
    assert_int_equal(proof.index, 1);
    assert_int_equal(wire_encode(&lianshu_MemberRecord_msg, &proof.record, &w), OK);
    same(writer_span(&w), get("registry", "record"));
}

static void a_file_sealed_elsewhere_opens(void **state)
{
    static lianshu_ManifestFile file;
    static uint8_t plain[CHUNK_PLAIN_LEN];
    merkle_hash path[CHUNK_PATH_MAX];
    struct frame_chunk chunk;
    (void)state;
    assert_int_equal(wire_decode(&lianshu_ManifestFile_msg, get("chunk", "manifest"), &file), OK);
    assert_int_equal(frame_parse_chunk(get("chunk", "chunk"), &chunk), OK);
    assert_memory_equal(chunk.root, file.root, HASH_LEN);
    assert_int_equal(chunk_verify(chunk.root, 0, file.chunk_count, NULL, 0, chunk.cipher), OK);
    assert_int_equal(chunk_open(file.file_key, 0, 1, chunk.cipher, plain), OK);
    same(span_of(plain, file.byte_count), get("chunk", "content"));

    assert_int_equal(frame_parse_chunk(get("chunk", "large.last"), &chunk), OK);
    same(span_of(chunk.root, HASH_LEN), get("chunk", "large.root"));
    memcpy(path, chunk.path.data, chunk.path.len);
    assert_int_equal(chunk_verify(chunk.root, chunk.index, chunk.count, path,
                                  chunk.path.len / HASH_LEN, chunk.cipher),
                     OK);
    assert_int_equal(
        chunk_open(get("chunk", "large.key").data, chunk.index, chunk.count, chunk.cipher, plain),
        OK);
    same(span_of(plain, 5), span_str("ZZZZZ"));
}

static void tokens_and_mirrors_are_the_same(void **state)
{
    static lianshu_MirrorUpdate page;
    static uint8_t buffer[BUFFER_CAP];
    struct writer w = writer_of(buffer, sizeof buffer);
    struct key *token_key = NULL;
    struct key *key = NULL;
    struct mirror_tokens *tokens = NULL;
    uint8_t token[REST_TOKEN_LEN];
    uint8_t head[HASH_LEN];
    uint8_t conversation[MIRROR_CONVERSATION_LEN];
    struct span adapter = get("mirror", "adapter");
    struct span code = get("mirror", "code");
    const uint64_t generation = number_of(get("mirror", "generation"));
    (void)state;
    assert_int_equal(key_import(&token_key, KEY_USE_TOKEN, 0, get("mirror", "token.key").data), OK);
    assert_int_equal(rest_token(token, token_key, 1, code), OK);
    same(span_of(token, sizeof token), get("mirror", "hub.token"));
    assert_int_equal(mirror_key(&key, token_key, "market.445100", adapter.data, generation), OK);
    same(span_of(key_secret(key), MIRROR_KEY_LEN), get("mirror", "key"));
    assert_int_equal(mirror_tokens_open(&tokens, key_secret(key)), OK);
    mirror_token(tokens, 1, code, token);
    same(span_of(token, sizeof token), get("mirror", "token"));
    mirror_conversation("market.445100", adapter.data, generation, conversation);
    same(span_of(conversation, sizeof conversation), get("mirror", "conversation"));
    assert_int_equal(wire_decode(&lianshu_MirrorUpdate_msg, get("mirror", "page"), &page), OK);
    assert_int_equal(mirror_head(&page, &w, head), OK);
    same(span_of(head, sizeof head), get("mirror", "head"));
    mirror_tokens_close(&tokens);
    key_close(&key);
    key_close(&token_key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(labels_and_key_ids_are_the_same),
        cmocka_unit_test(every_statement_of_a_batch_verifies),
        cmocka_unit_test(a_secret_gives_the_same_keys_and_padding),
        cmocka_unit_test(what_was_sealed_elsewhere_opens_and_is_sealed_alike_here),
        cmocka_unit_test(a_wrap_made_elsewhere_opens),
        cmocka_unit_test(documents_made_elsewhere_verify),
        cmocka_unit_test(an_envelope_made_elsewhere_opens),
        cmocka_unit_test(it_is_forwarded_as_elsewhere),
        cmocka_unit_test(receipts_made_elsewhere_verify_and_unfold),
        cmocka_unit_test(what_a_hub_said_elsewhere_is_proven),
        cmocka_unit_test(a_log_that_grew_elsewhere_is_consistent),
        cmocka_unit_test(a_witness_elsewhere_has_cosigned),
        cmocka_unit_test(a_registry_made_elsewhere_loads_and_is_amended),
        cmocka_unit_test(a_record_proven_elsewhere_is_believed),
        cmocka_unit_test(a_file_sealed_elsewhere_opens),
        cmocka_unit_test(tokens_and_mirrors_are_the_same),
    };
    return keys_init() == OK ? cmocka_run_group_tests_name("vectors", tests, NULL, NULL) : 1;
}
