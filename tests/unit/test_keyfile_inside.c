/* Checks what keys/keyfile.h promises of a file whose passphrase is right and whose inside is not:
 * sealed here by hand, as no program of ours would write it. */
#include "keys/init.h"
#include "keys/key_token.h"
#include "keys/keyfile.h"

#include "base/file.h"
#include "ident.h"

#include "folder.h"
#include "t.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { OPS = 1, ROOM = 16 << 10, PLAIN = 1, LINKED = 2, ENTRY = 2 + 8 + KEY_SECRET_LEN };

static struct {
    char dir[FOLDER_MAX];
    char path[FOLDER_PATH_MAX];
    struct passphrase *passphrase;
    uint8_t text[ROOM]; /* what is sealed */
    uint8_t file[ROOM + 128];
} f;

static int setup(void **state)
{
    (void)state;
    folder_make(f.dir, "keyfile");
    snprintf(f.path, sizeof f.path, "%s/key", f.dir);
    return passphrase_of(&f.passphrase, span_str("correct horse")) != OK;
}

static int teardown(void **state)
{
    (void)state;
    passphrase_close(&f.passphrase);
    folder_remove(f.dir);
    return 0;
}

/* The text under the passphrase, and what comes of reading it. */
static enum err sealed(unsigned version, const struct writer *text)
{
    static const uint8_t salt[crypto_pwhash_SALTBYTES] = {1};
    static const uint8_t nonce[crypto_aead_xchacha20poly1305_ietf_NPUBBYTES] = {2};
    uint8_t key[crypto_aead_xchacha20poly1305_ietf_KEYBYTES];
    struct keyring *ring = NULL;
    struct fault fault;
    unsigned long long len = 0;
    struct writer w = writer_of(f.file, sizeof f.file);
    write_bytes(&w, "LSKF", 4);
    write_uint(&w, version, 2);
    write_uint(&w, OPS, 4);
    write_uint(&w, KEYFILE_MEMORY_MIN, 8);
    write_bytes(&w, salt, sizeof salt);
    write_bytes(&w, nonce, sizeof nonce);
    write_uint(&w, text->len + crypto_aead_xchacha20poly1305_ietf_ABYTES, 4);
    assert_int_equal(crypto_pwhash(key, sizeof key, "correct horse", 13, salt, OPS,
                                   KEYFILE_MEMORY_MIN, crypto_pwhash_ALG_ARGON2ID13),
                     0);
    assert_int_equal(crypto_aead_xchacha20poly1305_ietf_encrypt(w.data + w.len, &len, text->data,
                                                                text->len, w.data, w.len, NULL,
                                                                nonce, key),
                     0);
    assert_int_equal(file_write(f.path, span_of(f.file, w.len + (size_t)len), 0600, 0, &fault), OK);
    const enum err err = keyfile_read(&ring, f.path, f.passphrase, &fault);
    assert_true((err == OK) == (ring != NULL));
    keyring_close(&ring);
    return err;
}

static struct writer begin(const char *owner, size_t owner_len)
{
    struct writer w = writer_of(f.text, sizeof f.text);
    write_uint(&w, owner_len, 1);
    write_bytes(&w, owner, owner_len);
    return w;
}

/* So many keys, of which so many are there. */
static void write_keys(struct writer *w, unsigned says, unsigned there)
{
    write_uint(w, says, 2);
    for (unsigned i = 0; i < there; i++) {
        uint8_t secret[KEY_SECRET_LEN] = {1, (uint8_t)i};
        write_uint(w, KEY_USE_STORAGE, 2);
        write_uint(w, 7, 8);
        write_bytes(w, secret, sizeof secret);
    }
}

static struct writer ring_of(unsigned says, unsigned there)
{
    struct writer w = begin("hub.445100", 10);
    write_uint(&w, 0, 1);
    write_keys(&w, says, there);
    return w;
}

static void a_ring_that_is_cut_anywhere_is_refused(void **state)
{
    struct writer w = ring_of(2, 2);
    (void)state;
    const size_t whole = w.len;
    assert_int_equal(sealed(PLAIN, &w), OK);
    for (w.len = 0; w.len < whole; w.len++)
        assert_int_equal(sealed(PLAIN, &w), ERR_KEY_FILE);
    w.len = whole;
    write_uint(&w, 0, 1);
    assert_int_equal(sealed(PLAIN, &w), ERR_KEY_FILE);
}

static void names_and_counts_have_bounds(void **state)
{
    char name[MEMBER_MAX + KEYRING_NAME_MAX + 2];
    (void)state;
    memset(name, 'a', sizeof name);
    struct writer w = begin(name, MEMBER_MAX + 1);
    write_uint(&w, 0, 1);
    write_uint(&w, 0, 2);
    assert_int_equal(sealed(PLAIN, &w), ERR_KEY_FILE);
    w = begin("hub\0"
              "445100",
              10);
    write_uint(&w, 0, 1);
    write_uint(&w, 0, 2);
    assert_int_equal(sealed(PLAIN, &w), ERR_KEY_FILE);
    w = begin("hub.445100", 10);
    write_uint(&w, KEYRING_NAME_MAX + 1, 1);
    write_bytes(&w, name, KEYRING_NAME_MAX + 1);
    write_uint(&w, 0, 2);
    assert_int_equal(sealed(PLAIN, &w), ERR_KEY_FILE);
    w = begin(name, MEMBER_MAX);
    write_uint(&w, KEYRING_NAME_MAX, 1);
    write_bytes(&w, name, KEYRING_NAME_MAX);
    write_uint(&w, 0, 2);
    assert_int_equal(sealed(PLAIN, &w), OK);
    w = ring_of(KEYRING_MAX + 1, KEYRING_MAX + 1);
    assert_int_equal(sealed(PLAIN, &w), ERR_KEY_FILE);
    w = ring_of(KEYRING_MAX, KEYRING_MAX);
    assert_int_equal(sealed(PLAIN, &w), OK);
}

static void a_key_that_is_none_or_stands_twice_is_refused(void **state)
{
    (void)state;
    struct writer w = ring_of(2, 2);
    f.text[w.len - ENTRY] = 0xff; /* no use */
    assert_int_equal(sealed(PLAIN, &w), ERR_KEY_USE);
    w = ring_of(2, 2);
    memcpy(f.text + w.len - KEY_SECRET_LEN, f.text + w.len - ENTRY - KEY_SECRET_LEN,
           KEY_SECRET_LEN);
    assert_int_equal(sealed(PLAIN, &w), ERR_KEY_REUSED);
}

/* The tail of a file with a link: URI and PIN, each with its length, and nothing behind. */
static void a_link_that_is_none_is_refused_before_any_token(void **state)
{
    static const char uri[] = "pkcs11:";
    char longer[1000];
    (void)state;
    memset(longer, 'u', sizeof longer);
    struct writer w = ring_of(0, 0);
    const size_t head = w.len;
    write_uint(&w, sizeof uri - 1, 2);
    write_bytes(&w, uri, sizeof uri - 1);
    write_uint(&w, 9, 2);
    write_bytes(&w, "secret-12", 9);
    const size_t whole = w.len;
    assert_int_equal(sealed(LINKED, &w), ERR_SYNTAX); /* read, and no URI of a key */
    for (w.len = head; w.len < whole; w.len++)
        assert_int_equal(sealed(LINKED, &w), ERR_KEY_FILE);
    w.len = whole;
    write_uint(&w, 0, 1);
    assert_int_equal(sealed(LINKED, &w), ERR_KEY_FILE);
    w.len = head; /* no URI, one that is too long, one with a NUL, and a PIN that is none */
    write_uint(&w, 0, 2);
    write_uint(&w, 0, 2);
    assert_int_equal(sealed(LINKED, &w), ERR_KEY_FILE);
    w.len = head;
    write_uint(&w, sizeof longer, 2);
    write_bytes(&w, longer, sizeof longer);
    write_uint(&w, 0, 2);
    assert_int_equal(sealed(LINKED, &w), ERR_KEY_FILE);
    w.len = head;
    write_uint(&w, 3, 2);
    write_bytes(&w, "a\0b", 3);
    write_uint(&w, 0, 2);
    assert_int_equal(sealed(LINKED, &w), ERR_KEY_FILE);
    w.len = head;
    write_uint(&w, sizeof uri - 1, 2);
    write_bytes(&w, uri, sizeof uri - 1);
    write_uint(&w, 0, 2);
    assert_int_not_equal(sealed(LINKED, &w), OK);
}

/* Everything at its longest: as many keys, URI and PIN as there may be; one byte more of either is
 * too much. */
static void the_fullest_file_is_read_to_its_end(void **state)
{
    static const struct {
        unsigned uri, pin;
        enum err want;
    } rows[] = {
        {0, 0, ERR_SYNTAX}, /* read, and no URI of a key */
        {1, 0, ERR_KEY_FILE},
        {0, 1, ERR_KEY_FILE},
    };
    char longest[KEY_LINK_URI_MAX + 1];
    (void)state;
    memset(longest, 'a', sizeof longest);
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        struct writer w = begin(longest, MEMBER_MAX);
        write_uint(&w, KEYRING_NAME_MAX, 1);
        write_bytes(&w, longest, KEYRING_NAME_MAX);
        write_keys(&w, KEYRING_MAX, KEYRING_MAX);
        write_uint(&w, KEY_LINK_URI_MAX + rows[i].uri, 2);
        write_bytes(&w, longest, KEY_LINK_URI_MAX + rows[i].uri);
        write_uint(&w, KEY_LINK_PIN_MAX + rows[i].pin, 2);
        write_bytes(&w, longest, KEY_LINK_PIN_MAX + rows[i].pin);
        print_message("row %zu\n", i);
        assert_int_equal(sealed(LINKED, &w), rows[i].want);
    }
}

static void what_is_longer_than_a_full_ring_is_refused_unopened(void **state)
{
    struct writer w = ring_of(KEYRING_MAX, KEYRING_MAX);
    (void)state;
    memset(f.text + w.len, 0, 2000);
    w.len += 2000;
    assert_int_equal(sealed(PLAIN, &w), ERR_KEY_FILE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_ring_that_is_cut_anywhere_is_refused),
        cmocka_unit_test(names_and_counts_have_bounds),
        cmocka_unit_test(a_key_that_is_none_or_stands_twice_is_refused),
        cmocka_unit_test(a_link_that_is_none_is_refused_before_any_token),
        cmocka_unit_test(the_fullest_file_is_read_to_its_end),
        cmocka_unit_test(what_is_longer_than_a_full_ring_is_refused_unopened),
    };
    if (keys_init() != OK)
        return 1;
    return cmocka_run_group_tests_name("keyfile_inside", tests, setup, teardown);
}
