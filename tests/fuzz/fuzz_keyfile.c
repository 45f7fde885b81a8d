/*
 * Target: keyfile_read and keyfile_read_again.
 * Corpus: tests/fuzz/corpus/keyfile: key files of the least cost.
 * Input: a key file; or "plain" ‖ u16 version ‖ what stands sealed in one: no fuzzer guesses a tag,
 * and whoever knows the passphrase may write what he likes.
 *
 * Holds for every input: a refusal is a refusal of input; what opens is within the bounds of a
 * ring; read to be written again it ends the same way, and with a PIN for a token always in a
 * refusal: there is none here.
 * Inputs that ask for much memory within the bounds would only cost time and are left out.
 */
#include "fuzz/scratch_file.h"

#include "ident.h"
#include "keys/init.h"
#include "keys/keyfile.h"

#include <sodium.h>
#include <string.h>

enum { COST_MAX = 64 << 10, HEAD_LEN = 4 + 2 + 4 + 8 };

static bool costly(struct span in)
{
    struct span head;
    uint64_t ops;
    uint64_t memory;
    return span_take(&in, 6, &head) && span_take_uint(&in, 4, &ops) &&
           span_take_uint(&in, 8, &memory) && memory > COST_MAX && memory <= KEYFILE_MEMORY_MAX;
}

/* The file that seals it, at the least cost. */
static struct span sealed(struct span version, struct span plain, struct span passphrase)
{
    static uint8_t file[KEYFILE_LEN_MAX + 1];
    static const uint8_t salt[crypto_pwhash_SALTBYTES];
    static const uint8_t nonce[crypto_aead_xchacha20poly1305_ietf_NPUBBYTES];
    uint8_t key[crypto_aead_xchacha20poly1305_ietf_KEYBYTES];
    struct writer w = writer_of(file, sizeof file);
    write_bytes(&w, "LSKF", 4);
    write_span(&w, version);
    write_uint(&w, 1, 4);
    write_uint(&w, KEYFILE_MEMORY_MIN, 8);
    write_bytes(&w, salt, sizeof salt);
    write_bytes(&w, nonce, sizeof nonce);
    write_uint(&w, plain.len + crypto_aead_xchacha20poly1305_ietf_ABYTES, 4);
    if (w.full || plain.len > w.cap - w.len - crypto_aead_xchacha20poly1305_ietf_ABYTES)
        return span_of(file, 0);
    must(crypto_pwhash(key, sizeof key, (const char *)passphrase.data, passphrase.len, salt, 1,
                       KEYFILE_MEMORY_MIN, crypto_pwhash_ALG_ARGON2ID13) == 0);
    must(crypto_aead_xchacha20poly1305_ietf_encrypt(file + w.len, NULL, plain.data, plain.len, file,
                                                    w.len, NULL, nonce, key) == 0);
    return span_of(file, w.len + plain.len + crypto_aead_xchacha20poly1305_ietf_ABYTES);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    char path[SCRATCH_PATH_MAX];
    struct passphrase *passphrase;
    struct keyring *ring = NULL;
    struct fault fault = {.err = OK};
    const struct span secret = span_str("correct horse battery");
    struct span in = span_of(data, len);
    struct span word;
    must(keys_init() == OK);
    if (costly(in))
        return 0;
    struct span rest = in;
    if (span_take(&rest, 5, &word) && memcmp(word.data, "plain", 5) == 0 &&
        span_take(&rest, 2, &word))
        in = sealed(word, rest, secret);
    must(passphrase_of(&passphrase, secret) == OK);
    scratch_path(path, "key");
    scratch_write(path, in);
    const enum err err = not_internal(keyfile_read(&ring, path, passphrase, &fault));
    if (err == OK)
        must(strlen(keyring_owner(ring)) <= MEMBER_MAX && keyring_count(ring) <= KEYRING_MAX);
    keyring_close(&ring);
    must(keyfile_read_again(&ring, path, passphrase, NULL, NULL) == err);
    keyring_close(&ring);
    must(keyfile_read_again(&ring, path, passphrase, passphrase, NULL) != OK && ring == NULL);
    passphrase_close(&passphrase);
    return 0;
}
