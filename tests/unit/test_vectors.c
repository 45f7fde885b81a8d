/*
 * Bytes made by another implementation (tests/vectors/envelope.py, written from the text of
 * the protocol alone) verify and open with ours.
 */
#include "keys/envelope.h"
#include "keys/init.h"

#include "check.h"
#include "vectors.h"
#include "wire.h"

#include <stdlib.h>
#include <string.h>

enum { FRAME_CAP = 8192 };

static struct span get(const char *name, uint8_t *buffer)
{
    return vector_get("envelope.txt", name, buffer, FRAME_CAP);
}

static enum err find_sender(void *ctx, const char *member, const uint8_t kid[static KID_LEN],
                            uint8_t public_key[static KEY_PUBLIC_LEN])
{
    uint8_t buffer[FRAME_CAP];
    (void)ctx;
    assert_string_equal(member, "market.445100");
    assert_memory_equal(kid, get("sender.kid", buffer).data, KID_LEN);
    memcpy(public_key, get("sender.public", buffer).data, KEY_PUBLIC_LEN);
    return OK;
}

static void document_made_elsewhere_verifies(void **state)
{
    uint8_t frame[FRAME_CAP], want[FRAME_CAP], hash[HASH_LEN];
    const struct document_signers signers = {find_sender, NULL};
    lianshu_Document *d = calloc(1, sizeof *d);
    struct verifier *verifier = NULL;
    (void)state;
    assert_int_equal(verifier_open(&verifier, 0), OK);
    assert_int_equal(document_verify(get("document", frame), "test", &signers, verifier, d, hash),
                     OK);
    assert_memory_equal(hash, get("document.hash", want).data, HASH_LEN);
    assert_memory_equal(d->body.bytes, "the body", d->body.size);
    assert_int_equal(document_check_addressed(d, "police.445100", "market.445100", false), OK);
    verifier_close(&verifier);
    free(d);
}

static void envelope_made_elsewhere_opens(void **state)
{
    static lianshu_Header h;
    uint8_t bytes[FRAME_CAP], buffer[FRAME_CAP], other[FRAME_CAP];
    uint8_t header_hash[HASH_LEN], env_id[HASH_LEN], dek[SEAL_DEK_LEN];
    struct frame_envelope frame;
    struct verifier *verifier = NULL;
    struct opener *opener = NULL;
    struct keyring *ring = NULL;
    struct key *key = NULL;
    struct span plain;
    enum err inner;
    (void)state;
    assert_int_equal(verifier_open(&verifier, 0), OK);
    assert_int_equal(opener_open(&opener, 4), OK);
    assert_int_equal(keyring_open(&ring, "police.445100", ""), OK);
    assert_int_equal(key_import(&key, KEY_USE_SEAL, 0, get("police.secret", other).data), OK);
    assert_memory_equal(key_kid(key), get("police.kid", other).data, KID_LEN);
    assert_int_equal(keyring_add(ring, &key), OK);

    assert_int_equal(frame_parse_envelope(get("envelope", bytes), &frame), OK);
    assert_int_equal(wire_decode(&lianshu_Header_msg, frame.header, &h), OK);
    assert_int_equal(header_check(&h), OK);
    assert_int_equal(envelope_check_sender(&h, &frame), OK);
    envelope_id(&frame, header_hash, env_id);
    assert_memory_equal(env_id, get("envelope.id", other).data, HASH_LEN);
    assert_int_equal(
        verifier_check(verifier, get("sender.public", other).data, env_id, frame.signature), OK);

    assert_int_equal(envelope_open(opener, ring, "police.445100", &h, &frame, header_hash, 0,
                                   buffer, sizeof buffer, &plain, NULL, &inner),
                     OK);
    assert_memory_equal(plain.data, "facts", plain.len);
    assert_int_equal(envelope_open(opener, ring, "police.445100", &h, &frame, header_hash, 1,
                                   buffer, sizeof buffer, &plain, dek, &inner),
                     OK);
    struct span document = get("document", other);
    assert_int_equal(plain.len, document.len);
    assert_memory_equal(plain.data, document.data, plain.len);
    assert_memory_equal(dek, get("dek1", other).data, SEAL_DEK_LEN);
    keyring_close(&ring);
    opener_close(&opener);
    verifier_close(&verifier);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(document_made_elsewhere_verifies),
        cmocka_unit_test(envelope_made_elsewhere_opens),
    };
    return keys_init() == OK ? cmocka_run_group_tests_name("vectors", tests, NULL, NULL) : 1;
}
