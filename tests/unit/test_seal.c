/* Checks the promises in keys/seal.h. */
#include "keys/init.h"
#include "keys/seal.h"

#include "vectors.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

enum { READERS = 3, TEXT_MAX = 9000, BUFFER_MAX = 12000 };

struct fixture {
    struct entropy entropy;
    struct key *keys[READERS];
    struct seal_reader readers[READERS];
    struct sealer *sealer;
    struct opener *opener;
    uint8_t sender_kid[KID_LEN];
    uint8_t header_hash[HASH_LEN];
    struct seal_place place;
    uint8_t wraps[READERS * SEAL_WRAP_LEN];
    uint8_t c[BUFFER_MAX];
    size_t c_len;
    uint8_t commitment[SEAL_COMMITMENT_LEN];
    uint8_t dek[SEAL_DEK_LEN];
    uint8_t text[TEXT_MAX];
    uint8_t buffer[BUFFER_MAX];
};

static struct fixture f;

static int setup(void **state)
{
    (void)state;
    memset(&f, 0, sizeof f);
    f.entropy = entropy_system();
    for (size_t i = 0; i < READERS; i++) {
        assert_int_equal(key_make(&f.keys[i], KEY_USE_SEAL, 0, &f.entropy), OK);
        memcpy(f.readers[i].kid, key_kid(f.keys[i]), KID_LEN);
        memcpy(f.readers[i].public_key, key_public(f.keys[i]), KEY_PUBLIC_LEN);
    }
    assert_int_equal(sealer_open(&f.sealer), OK);
    assert_int_equal(opener_open(&f.opener, 64), OK);
    memset(f.sender_kid, 7, sizeof f.sender_kid);
    memset(f.header_hash, 8, sizeof f.header_hash);
    memset(f.place.message_id, 9, sizeof f.place.message_id);
    for (size_t i = 0; i < sizeof f.text; i++)
        f.text[i] = (uint8_t)(i * 31 + 1);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    for (size_t i = 0; i < READERS; i++)
        key_close(&f.keys[i]);
    sealer_close(&f.sealer);
    opener_close(&f.opener);
    return 0;
}

static void begin(void)
{
    assert_int_equal(sealer_begin(f.sealer, "test", f.sender_kid, &f.entropy), OK);
}

/* Seal len bytes of text for all readers, in the batch that is open. */
static void seal(size_t len)
{
    const struct hmac_key *secret;
    struct span wraps;
    const uint8_t *wraps_hash;
    struct writer w = writer_of(f.c, sizeof f.c);
    assert_int_equal(sealer_audience(f.sealer, f.readers, READERS, &secret, &wraps, &wraps_hash),
                     OK);
    assert_int_equal(wraps.len, sizeof f.wraps);
    memcpy(f.wraps, wraps.data, wraps.len);
    seal_dek(f.dek, secret, &f.place);
    seal_commitment(f.commitment, f.dek);
    assert_int_equal(seal_part(f.dek, f.header_hash, f.place.part, span_of(f.text, len), &w), OK);
    f.c_len = w.len;
}

static struct seal_opening opening(size_t reader)
{
    return (struct seal_opening){
        .key = f.keys[reader],
        .realm = "test",
        .sender_kid = f.sender_kid,
        .header_hash = f.header_hash,
        .commitment = f.commitment,
        .place = f.place,
        .wrap = span_of(f.wraps + reader * SEAL_WRAP_LEN, SEAL_WRAP_LEN),
        .c = span_of(f.c, f.c_len),
    };
}

/* Open with a fresh memory; answers the inner code and checks the outer one. */
static enum err open_as(const struct seal_opening *what, struct span *plain)
{
    enum err inner;
    enum err err = opener_part(f.opener, what, f.buffer, sizeof f.buffer, plain, NULL, &inner);
    assert_int_equal(err, inner == OK ? OK : ERR_CANNOT_OPEN);
    if (inner != OK)
        assert_null(plain->data);
    return inner;
}

static void sizes_are_steps_then_padme(void **state)
{
    static const struct {
        size_t plain;
        size_t padded;
    } rows[] = {
        {0, 256},       {1, 256},         {252, 256},     {253, 512},     {508, 512},
        {4091, 4096},   {4092, 4096},     {4093, 4352},   {4348, 4352},   {4349, 4608},
        {8188, 8192},   {8189, 8704},     {16380, 16384}, {16381, 17408}, {65532, 65536},
        {65533, 67584}, {100000, 100352},
    };
    (void)state;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        print_message("row %zu\n", i);
        assert_int_equal(seal_padded_len(rows[i].plain), rows[i].padded);
    }
    for (size_t n = 4093; n < 400000; n += 97)
        assert_true((seal_padded_len(n) - n - 4) * 100 <= 12 * (n + 4));
}

static void every_reader_opens_what_was_sealed(void **state)
{
    static const size_t lens[] = {0, 1, 252, 253, 1024, 4092, 4093, TEXT_MAX};
    (void)state;
    begin();
    for (size_t i = 0; i < T_COUNT(lens); i++) {
        f.place.part = (uint8_t)i;
        seal(lens[i]);
        assert_int_equal(f.c_len, seal_padded_len(lens[i]) + SEAL_TAG_LEN);
        for (size_t r = 0; r < READERS; r++) {
            struct span plain;
            const struct seal_opening what = opening(r);
            assert_int_equal(open_as(&what, &plain), OK);
            assert_int_equal(plain.len, lens[i]);
            assert_memory_equal(plain.data, f.text, lens[i]);
        }
    }
}

/* Guarantee 1 */
static void secret_serves_one_audience_of_one_batch(void **state)
{
    const struct hmac_key *secret;
    struct span wraps;
    const uint8_t *wraps_hash;
    uint8_t first[SEAL_SECRET_LEN];
    (void)state;
    begin();
    assert_int_equal(sealer_audience(f.sealer, f.readers, 2, &secret, &wraps, &wraps_hash), OK);
    memcpy(first, secret, sizeof first);
    assert_int_equal(sealer_audience(f.sealer, f.readers, 3, &secret, &wraps, &wraps_hash), OK);
    assert_memory_not_equal(first, secret, sizeof first);
    assert_int_equal(sealer_audience(f.sealer, f.readers + 1, 2, &secret, &wraps, &wraps_hash), OK);
    assert_memory_not_equal(first, secret, sizeof first);
    assert_int_equal(sealer_audience(f.sealer, f.readers, 2, &secret, &wraps, &wraps_hash), OK);
    assert_memory_equal(first, secret, sizeof first); /* the same audience: the same secret */
    begin();
    assert_int_equal(sealer_audience(f.sealer, f.readers, 2, &secret, &wraps, &wraps_hash), OK);
    assert_memory_not_equal(first, secret, sizeof first);
}

static void more_audiences_than_rows_are_served(void **state)
{
    struct seal_reader reader = f.readers[0];
    const struct hmac_key *secret;
    struct span wraps;
    const uint8_t *wraps_hash;
    (void)state;
    begin();
    for (size_t i = 0; i < 2 * SEALER_AUDIENCE_MAX; i++) {
        reader.kid[0] = (uint8_t)i;
        assert_int_equal(sealer_audience(f.sealer, &reader, 1, &secret, &wraps, &wraps_hash), OK);
        assert_int_equal(wraps.len, SEAL_WRAP_LEN);
    }
}

static void impossible_audiences_are_refused(void **state)
{
    struct seal_reader many[SEAL_READER_MAX + 1];
    struct seal_reader weak = {{1}, {1}};
    const struct hmac_key *secret;
    struct span wraps;
    const uint8_t *wraps_hash;
    (void)state;
    begin();
    for (size_t i = 0; i <= SEAL_READER_MAX; i++)
        many[i] = f.readers[0];
    assert_int_equal(sealer_audience(f.sealer, many, 0, &secret, &wraps, &wraps_hash),
                     ERR_AUDIENCE);
    assert_int_equal(
        sealer_audience(f.sealer, many, SEAL_READER_MAX + 1, &secret, &wraps, &wraps_hash),
        ERR_AUDIENCE);
    assert_int_equal(sealer_audience(f.sealer, &weak, 1, &secret, &wraps, &wraps_hash),
                     ERR_KEY_WEAK);
    assert_int_equal(sealer_audience(f.sealer, &weak, 1, &secret, &wraps, &wraps_hash),
                     ERR_KEY_WEAK);
    assert_int_equal(sealer_begin(f.sealer, "a-realm-that-is-too-long", f.sender_kid, &f.entropy),
                     ERR_REALM);
}

/* C-01 and C-16 for R and C */
static void every_changed_byte_of_wrap_or_cipher_is_refused(void **state)
{
    struct span plain;
    (void)state;
    begin();
    seal(100);
    const struct seal_opening what = opening(1);
    for (size_t i = 0; i < SEAL_WRAP_LEN; i++) {
        f.wraps[SEAL_WRAP_LEN + i] ^= 4;
        assert_int_equal(open_as(&what, &plain), ERR_UNWRAP);
        f.wraps[SEAL_WRAP_LEN + i] ^= 4;
    }
    for (size_t i = 0; i < f.c_len; i++) {
        f.c[i] ^= 4;
        assert_int_equal(open_as(&what, &plain), ERR_CIPHERTEXT);
        f.c[i] ^= 4;
    }
    for (size_t i = 0; i < SEAL_COMMITMENT_LEN; i++) {
        f.commitment[i] ^= 4;
        assert_int_equal(open_as(&what, &plain), ERR_COMMITMENT);
        f.commitment[i] ^= 4;
    }
    assert_int_equal(open_as(&what, &plain), OK);
}

static void cut_or_lengthened_cipher_is_refused(void **state)
{
    struct span plain;
    (void)state;
    begin();
    seal(100);
    struct seal_opening what = opening(0);
    for (size_t len = 0; len < f.c_len; len += 17) {
        what.c = span_of(f.c, len);
        assert_int_equal(open_as(&what, &plain), ERR_CIPHERTEXT);
    }
    what.c = span_of(f.c, f.c_len + 1);
    assert_int_equal(open_as(&what, &plain), ERR_CIPHERTEXT);
}

static void everything_around_the_part_is_bound(void **state)
{
    static const uint8_t other_kid[KID_LEN] = {1};
    static const uint8_t other_hash[HASH_LEN] = {1};
    struct span plain;
    (void)state;
    begin();
    seal(100);
    struct seal_opening what = opening(0);
    what.realm = "prod"; /* C-17 */
    assert_int_equal(open_as(&what, &plain), ERR_UNWRAP);
    what = opening(0);
    what.sender_kid = other_kid; /* C-06, C-10 */
    assert_int_equal(open_as(&what, &plain), ERR_UNWRAP);
    what = opening(0);
    what.key = f.keys[1]; /* another reader's wrap */
    assert_int_equal(open_as(&what, &plain), ERR_UNWRAP);
    what = opening(0);
    what.place.message_id[3] ^= 1; /* another message of the same sender */
    assert_int_equal(open_as(&what, &plain), ERR_COMMITMENT);
    what = opening(0);
    what.place.part ^= 1;
    assert_int_equal(open_as(&what, &plain), ERR_COMMITMENT);
    what = opening(0);
    what.header_hash = other_hash;
    assert_int_equal(open_as(&what, &plain), ERR_CIPHERTEXT);
}

/* C-10: a wrap of the same sender to the same reader, of another batch. */
static void pasted_wrap_of_another_batch_fails_the_commitment(void **state)
{
    uint8_t old[SEAL_WRAP_LEN];
    struct span plain;
    (void)state;
    begin();
    seal(10);
    memcpy(old, f.wraps, sizeof old);
    begin();
    seal(10);
    struct seal_opening what = opening(0);
    what.wrap = span_of(old, sizeof old);
    assert_int_equal(open_as(&what, &plain), ERR_COMMITMENT);
}

/* C-09: two DEKs for two readers; each can be given a C of its own, but H commits to one. */
static void salamander_shows_only_one_face(void **state)
{
    const struct hmac_key *secret;
    struct span wraps, plain;
    const uint8_t *wraps_hash;
    uint8_t dek[SEAL_DEK_LEN], c[1024];
    struct writer w = writer_of(c, sizeof c);
    (void)state;
    begin();
    seal(50);
    assert_int_equal(sealer_audience(f.sealer, f.readers + 1, 1, &secret, &wraps, &wraps_hash), OK);
    seal_dek(dek, secret, &f.place);
    assert_int_equal(seal_part(dek, f.header_hash, f.place.part, span_str("another face"), &w), OK);
    struct seal_opening what = opening(1);
    what.wrap = wraps;
    what.c = writer_span(&w);
    assert_int_equal(open_as(&what, &plain), ERR_COMMITMENT);
    what = opening(0);
    assert_int_equal(open_as(&what, &plain), OK);
}

/* C-11 */
static void encapsulation_of_small_order_is_refused(void **state)
{
    struct span plain;
    uint8_t point[64];
    (void)state;
    begin();
    seal(50);
    const struct seal_opening what = opening(0);
    memset(f.wraps, 0, HPKE_ENC_LEN);
    assert_int_equal(open_as(&what, &plain), ERR_UNWRAP);
    memcpy(f.wraps, vector_get("x25519.txt", "small2.public", point, sizeof point).data,
           HPKE_ENC_LEN);
    assert_int_equal(open_as(&what, &plain), ERR_UNWRAP);
}

/* Seal these padded bytes as they are: what a dishonest sender could do. */
static void seal_raw(const uint8_t *padded, size_t len)
{
    uint8_t key_nonce[44], aad[128];
    const struct span info[] = {LABEL("payload"), span_of(f.header_hash, HASH_LEN)};
    struct writer w = writer_of(aad, sizeof aad);
    unsigned long long c_len;
    hkdf_expand(key_nonce, sizeof key_nonce, f.dek, info, 2);
    write_span(&w, LABEL("aead"));
    write_bytes(&w, f.header_hash, HASH_LEN);
    write_uint(&w, f.place.part, 1);
    crypto_aead_chacha20poly1305_ietf_encrypt(f.c, &c_len, padded, len, aad, w.len, NULL,
                                              key_nonce + 32, key_nonce);
    f.c_len = (size_t)c_len;
}

/* C-16: only the one padding that we would have written. */
static void wrong_padding_is_refused(void **state)
{
    static const struct {
        uint32_t claimed;
        size_t padded;
        int dirty; /* position of a non-zero byte in the padding; -1: none */
        enum err want;
    } rows[] = {
        {100, 256, -1, OK},
        {100, 512, -1, ERR_PADDING}, /* one step too many */
        {100, 255, -1, ERR_PADDING},
        {100, 104, -1, ERR_PADDING}, /* no padding */
        {253, 256, -1, ERR_PADDING}, /* longer than the text */
        {0xffffffff, 256, -1, ERR_PADDING},
        {4000, 4097, -1, ERR_PADDING},
        {100, 256, 104, ERR_PADDING}, /* a byte after the text */
        {100, 256, 255, ERR_PADDING}, /* the last byte */
        {0, 256, -1, OK},
        {0, 3, -1, ERR_PADDING},
        {0, 0, -1, ERR_PADDING},
    };
    (void)state;
    begin();
    seal(1);
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        uint8_t padded[5000] = {0};
        struct span plain;
        struct writer w = writer_of(padded, 4);
        print_message("row %zu\n", i);
        write_uint(&w, rows[i].claimed, 4);
        if (rows[i].dirty >= 0)
            padded[rows[i].dirty] = 1;
        seal_raw(padded, rows[i].padded);
        const struct seal_opening what = opening(0);
        assert_int_equal(open_as(&what, &plain), rows[i].want);
    }
}

/* Guarantee 4 */
static void opened_secrets_are_remembered(void **state)
{
    struct span plain;
    (void)state;
    begin();
    for (uint8_t part = 0; part < 50; part++) {
        f.place.part = part;
        seal(10);
        const struct seal_opening what = opening(0);
        assert_int_equal(open_as(&what, &plain), OK);
    }
    assert_int_equal(opener_unwraps(f.opener), 1);
    /* The memory belongs to one key, one sender and one realm. */
    struct seal_opening what = opening(0);
    what.realm = "prod";
    assert_int_equal(open_as(&what, &plain), ERR_UNWRAP);
    for (int batch = 0; batch < 300; batch++) {
        begin();
        seal(10);
        what = opening(0);
        assert_int_equal(open_as(&what, &plain), OK);
    }
}

static void an_opener_of_any_size_remembers_the_last_secret(void **state)
{
    (void)state;
    for (size_t count = 0; count <= 9; count++) {
        struct span plain;
        opener_close(&f.opener);
        assert_int_equal(opener_open(&f.opener, count), OK);
        for (unsigned batch = 1; batch <= 40; batch++) {
            begin();
            seal(10);
            const struct seal_opening what = opening(0);
            assert_int_equal(open_as(&what, &plain), OK);
            assert_int_equal(open_as(&what, &plain), OK);
            assert_int_equal(opener_unwraps(f.opener), batch);
        }
    }
}

static void failed_wrap_is_not_remembered(void **state)
{
    struct span plain;
    (void)state;
    begin();
    seal(10);
    const struct seal_opening what = opening(0);
    f.wraps[40] ^= 1;
    assert_int_equal(open_as(&what, &plain), ERR_UNWRAP);
    assert_int_equal(open_as(&what, &plain), ERR_UNWRAP);
    assert_int_equal(opener_unwraps(f.opener), 2);
}

static void disclosed_dek_opens_one_part(void **state)
{
    struct span plain;
    uint8_t dek[SEAL_DEK_LEN];
    enum err inner;
    (void)state;
    begin();
    seal(300);
    const struct seal_opening what = opening(2);
    assert_int_equal(opener_part(f.opener, &what, f.buffer, sizeof f.buffer, &plain, dek, &inner),
                     OK);
    assert_memory_equal(dek, f.dek, sizeof dek);
    assert_int_equal(seal_open_dek(dek, f.header_hash, f.place.part, span_of(f.c, f.c_len),
                                   f.buffer, sizeof f.buffer, &plain),
                     OK);
    assert_memory_equal(plain.data, f.text, 300);
    assert_int_equal(seal_open_dek(dek, f.header_hash, 1, span_of(f.c, f.c_len), f.buffer,
                                   sizeof f.buffer, &plain),
                     ERR_CIPHERTEXT);
}

static void short_buffer_is_not_overrun(void **state)
{
    struct span plain;
    enum err inner;
    uint8_t small[64];
    struct writer w = writer_of(small, sizeof small);
    (void)state;
    begin();
    seal(300);
    const struct seal_opening what = opening(0);
    assert_int_equal(opener_part(f.opener, &what, f.buffer, f.c_len - 1, &plain, NULL, &inner),
                     ERR_TOO_LARGE);
    assert_int_equal(seal_open_dek(f.dek, f.header_hash, f.place.part, span_of(f.c, f.c_len),
                                   f.buffer, f.c_len - 1, &plain),
                     ERR_TOO_LARGE);
    assert_int_equal(plain.len, 0);
    assert_int_equal(seal_part(f.dek, f.header_hash, 0, span_of(f.text, 300), &w), ERR_TOO_LARGE);
    assert_int_equal(w.len, 0);

    struct writer full = writer_of(f.buffer, sizeof f.buffer);
    assert_int_equal(seal_part(f.dek, f.header_hash, 0, span_of(f.text, SEAL_PLAIN_MAX + 1), &full),
                     ERR_TOO_LARGE); /* unread */
    full.full = true;
    assert_int_equal(seal_part(f.dek, f.header_hash, 0, span_of(f.text, 1), &full), ERR_TOO_LARGE);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_are_steps_then_padme),
        CASE(every_reader_opens_what_was_sealed),
        CASE(secret_serves_one_audience_of_one_batch),
        CASE(more_audiences_than_rows_are_served),
        CASE(impossible_audiences_are_refused),
        CASE(every_changed_byte_of_wrap_or_cipher_is_refused),
        CASE(cut_or_lengthened_cipher_is_refused),
        CASE(everything_around_the_part_is_bound),
        CASE(pasted_wrap_of_another_batch_fails_the_commitment),
        CASE(salamander_shows_only_one_face),
        CASE(encapsulation_of_small_order_is_refused),
        CASE(wrong_padding_is_refused),
        CASE(opened_secrets_are_remembered),
        CASE(an_opener_of_any_size_remembers_the_last_secret),
        CASE(failed_wrap_is_not_remembered),
        CASE(disclosed_dek_opens_one_part),
        CASE(short_buffer_is_not_overrun),
    };
    return keys_init() == OK ? cmocka_run_group_tests_name("seal", tests, NULL, NULL) : 1;
}
