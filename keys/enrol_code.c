#include "keys/enrol.h"
#include "keys/enrol_parts.h"

#include "keys/guard.h"
#include "keys/private_file.h"

enum {
    CODE_LEN = 12,
    CHECK_LEN = 3,
    SIGNS = (CODE_LEN + CHECK_LEN) * 8 / 5,
    GROUP = 4,
    SIGN_BITS = 5,
};

_Static_assert(CODE_LEN * 8 >= 80, "a code is not guessed");
_Static_assert(SIGNS + SIGNS / GROUP - 1 == ENROL_CODE_TEXT_LEN, "the text of a code");

/* All of it in guarded memory. */
struct enrol_code {
    uint8_t bytes[CODE_LEN + CHECK_LEN];
};

/* Crockford's base 32: no letter that is taken for a digit, none that makes words. */
static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

static void check_of(const uint8_t code[static CODE_LEN], uint8_t out[static CHECK_LEN])
{
    const struct span spans[] = {LABEL("enrol.check"), span_of(code, CODE_LEN)};
    uint8_t hash[HASH_LEN];
    hash_secret(hash, spans, 2);
    memcpy(out, hash, CHECK_LEN);
    guard_wipe(hash, sizeof hash);
}

enum err enrol_code_make(struct enrol_code **out, const struct entropy *entropy)
{
    struct enrol_code *code = guard_alloc(sizeof *code);
    *out = code;
    if (code == NULL)
        return ERR_NO_MEMORY;
    entropy_fill(entropy, code->bytes, CODE_LEN);
    check_of(code->bytes, code->bytes + CODE_LEN);
    return OK;
}

/* -1: no sign of a code; -2: passed over. */
static int value_of(char c)
{
    if (c == ' ' || c == '-' || c == '\t')
        return -2;
    if (c >= 'a' && c <= 'z')
        c = (char)(c - 'a' + 'A');
    if (c == 'O')
        c = '0';
    if (c == 'I' || c == 'L')
        c = '1';
    const char *at = strchr(alphabet, c); /* c is no NUL: a text ends there */
    return at == NULL ? -1 : (int)(at - alphabet);
}

/* Five bits a sign, from the highest bit of the first byte on. */
static void put_sign(uint8_t *bytes, size_t sign, unsigned value)
{
    for (unsigned bit = 0; bit < SIGN_BITS; bit++) {
        const size_t at = sign * SIGN_BITS + bit;
        bytes[at / 8] |= (uint8_t)((value >> (SIGN_BITS - 1 - bit) & 1) << (7 - at % 8));
    }
}

static unsigned get_sign(const uint8_t *bytes, size_t sign)
{
    unsigned value = 0;
    for (unsigned bit = 0; bit < SIGN_BITS; bit++) {
        const size_t at = sign * SIGN_BITS + bit;
        value = value << 1 | (unsigned)(bytes[at / 8] >> (7 - at % 8) & 1);
    }
    return value;
}

static bool parse(struct enrol_code *code, struct span text)
{
    uint8_t check[CHECK_LEN];
    size_t signs = 0;
    for (size_t i = 0; i < text.len; i++) {
        const int value = value_of((char)text.data[i]);
        if (value == -2)
            continue;
        if (value < 0 || signs == SIGNS)
            return false;
        put_sign(code->bytes, signs++, (unsigned)value);
    }
    if (signs != SIGNS)
        return false;
    check_of(code->bytes, check);
    const bool good = guard_equal(check, code->bytes + CODE_LEN, CHECK_LEN);
    guard_wipe(check, sizeof check);
    return good;
}

enum err enrol_code_read(struct enrol_code **out, struct span text)
{
    struct enrol_code *code = guard_alloc(sizeof *code);
    *out = NULL;
    if (code == NULL)
        return ERR_NO_MEMORY;
    if (!parse(code, text)) {
        guard_free(code);
        return ERR_ENROL_CODE;
    }
    *out = code;
    return OK;
}

enum err enrol_code_of(struct enrol_code **out, const struct passphrase *typed)
{
    return enrol_code_read(out, passphrase_text(typed));
}

void enrol_code_close(struct enrol_code **code)
{
    if (code == NULL)
        return;
    guard_free(*code);
    *code = NULL;
}

void enrol_code_text(const struct enrol_code *code, char out[static ENROL_CODE_TEXT_LEN + 1])
{
    size_t at = 0;
    for (size_t i = 0; i < SIGNS; i++) {
        if (i > 0 && i % GROUP == 0)
            out[at++] = '-';
        out[at++] = alphabet[get_sign(code->bytes, i)];
    }
    out[at] = '\0';
}

enum err enrol_code_key(const struct enrol_code *code, const struct enrol_invitation *invitation,
                        struct key **out)
{
    const struct span ikm = span_of(code->bytes, CODE_LEN);
    const uint8_t realm_len = (uint8_t)strlen(invitation->realm);
    const uint8_t member_len = (uint8_t)strlen(invitation->member);
    const struct span info[] = {
        LABEL("enrol.code"),         span_of(&realm_len, 1),
        span_str(invitation->realm), span_of(invitation->id, FRAME_ID_LEN),
        span_of(&member_len, 1),     span_str(invitation->member),
    };
    uint8_t prk[HASH_LEN];
    *out = NULL;
    uint8_t *seed = guard_alloc(KEY_SECRET_LEN);
    if (seed == NULL)
        return ERR_NO_MEMORY;
    hkdf_extract(prk, LABEL("enrol.code"), &ikm, 1);
    hkdf_expand(seed, KEY_SECRET_LEN, prk, info, sizeof info / sizeof info[0]);
    const enum err err = key_import(out, KEY_USE_SIGN, 0, seed);
    guard_wipe(prk, sizeof prk);
    guard_free(seed);
    return err;
}

void enrol_code_key_hash(const uint8_t code_key[static KEY_PUBLIC_LEN],
                         uint8_t out[static HASH_LEN])
{
    const struct span spans[] = {LABEL("enrol.code"), span_of(code_key, KEY_PUBLIC_LEN)};
    hash_spans(out, spans, 2);
}

enum err enrol_code_hash(const struct enrol_code *code, const struct enrol_invitation *invitation,
                         uint8_t out[static HASH_LEN])
{
    struct key *key = NULL;
    const enum err err = enrol_code_key(code, invitation, &key);
    if (err == OK)
        enrol_code_key_hash(key_public(key), out);
    key_close(&key);
    return err;
}
