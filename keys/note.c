#include "keys/note.h"

#include "base/hex.h"
#include "ident.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
    KEY_HASH_LEN = 4,
    SIGNATURE_LEN = 64,
    PROOF_LEN = KEY_HASH_LEN + SIGNATURE_LEN,
    PROOF_MAX = 256, /* of a witness, whose algorithm we need not know */
    NAME_MAX_LEN = 128,
    ROOT_TEXT_LEN = 44,
    NOTE_ED25519 = 0x01,
};

/* "— ", U+2014 and a space. */
static const char dash[] = "\xe2\x80\x94 ";

/* SHA-256(name ‖ "\n" ‖ 0x01 ‖ public key)[0..4) */
static void key_hash(uint8_t out[static KEY_HASH_LEN], const char *name,
                     const uint8_t public_key[static KEY_PUBLIC_LEN])
{
    static const uint8_t tail[2] = {'\n', NOTE_ED25519};
    uint8_t hash[HASH_LEN];
    const struct span spans[] = {span_str(name), span_of(tail, sizeof tail),
                                 span_of(public_key, KEY_PUBLIC_LEN)};
    hash_spans(hash, spans, 3);
    memcpy(out, hash, KEY_HASH_LEN);
}

enum err note_origin(char out[static NOTE_ORIGIN_MAX + 1], const char *hub, const char *realm,
                     uint32_t log_number)
{
    if (!member_is_hub(hub) || log_number == 0)
        return ERR_CHECKPOINT;
    int len = snprintf(out, NOTE_ORIGIN_MAX + 1, "%s.%s/audit/%" PRIu32, hub, realm, log_number);
    return len > 0 && len <= NOTE_ORIGIN_MAX ? OK : ERR_CHECKPOINT;
}

enum err note_sign(const struct checkpoint *checkpoint, const struct key *key, struct writer *w)
{
    uint8_t proof[PROOF_LEN];
    char root[ROOT_TEXT_LEN + 1];
    char proof_text[128];
    char text[NOTE_SIGNED_MAX];

    if (key_use(key) != KEY_USE_LOG)
        return ERR_KEY_USE;
    base64_encode(span_of(checkpoint->root, HASH_LEN), root);
    int len = snprintf(text, sizeof text, "%s\n%" PRIu64 "\n%s\n", checkpoint->origin,
                       checkpoint->size, root);
    key_hash(proof, checkpoint->origin, key_public(key));
    enum err err = key_sign(key, span_of(text, (size_t)len), proof + KEY_HASH_LEN);
    if (err != OK)
        return err;
    base64_encode(span_of(proof, sizeof proof), proof_text);
    len += snprintf(text + len, sizeof text - (size_t)len, "\n%s%s %s\n", dash, checkpoint->origin,
                    proof_text);
    write_bytes(w, text, (size_t)len);
    return w->full ? ERR_TOO_LARGE : OK;
}

/* The next line, without its newline, copied as text. False unless there is one of at most
 * cap - 1 bytes, without NUL. */
static bool take_line(struct span *from, char *out, size_t cap)
{
    const uint8_t *end = from->len == 0 ? NULL : memchr(from->data, '\n', from->len);
    struct span line;
    struct span newline;
    if (end == NULL || (size_t)(end - from->data) >= cap)
        return false;
    if (!span_take(from, (size_t)(end - from->data), &line) || !span_take(from, 1, &newline))
        return false;
    if (line.len > 0)
        memcpy(out, line.data, line.len);
    out[line.len] = '\0';
    return strlen(out) == line.len;
}

/* Names of keys and logs: no space, no plus sign (C2SP), and of those nothing but ours. */
static bool name_valid(const char *name)
{
    const size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789./-");
    return len > 0 && name[len] == '\0';
}

static bool parse_size(const char *text, uint64_t *out)
{
    const size_t len = strspn(text, "0123456789");
    *out = 0;
    if (len == 0 || text[len] != '\0' || (text[0] == '0' && len > 1))
        return false;
    for (size_t i = 0; i < len; i++) {
        const uint64_t digit = (uint64_t)(text[i] - '0');
        if (*out > (UINT64_MAX - digit) / 10)
            return false;
        *out = *out * 10 + digit;
    }
    return true;
}

/* "— name base64" */
static bool take_proof(struct span *from, char *name, size_t name_cap, uint8_t proof[PROOF_MAX],
                       size_t *proof_len)
{
    char line[sizeof dash + NAME_MAX_LEN + 1 + PROOF_MAX * 2];
    if (!take_line(from, line, sizeof line) || strncmp(line, dash, sizeof dash - 1) != 0)
        return false;
    char *text = line + sizeof dash - 1;
    char *space = strchr(text, ' ');
    if (space == NULL || (size_t)(space - text) >= name_cap)
        return false;
    memcpy(name, text, (size_t)(space - text));
    name[space - text] = '\0';
    return name[0] != '\0' && base64_decode(space + 1, proof, PROOF_MAX, proof_len) &&
           *proof_len > KEY_HASH_LEN;
}

/* Text that is signed, and the proof of the log itself. */
struct parsed {
    struct span text;
    uint8_t proof[PROOF_LEN];
};

static enum err parse(struct span note, struct checkpoint *out, struct parsed *parsed)
{
    struct span rest = note;
    char line[ROOT_TEXT_LEN + 1];
    char name[NAME_MAX_LEN + 1];
    uint8_t proof[PROOF_MAX];
    size_t len;

    memset(out, 0, sizeof *out);
    if (note.len > NOTE_LEN_MAX)
        return ERR_CHECKPOINT;
    if (!take_line(&rest, out->origin, sizeof out->origin) || !name_valid(out->origin))
        return ERR_CHECKPOINT;
    if (!take_line(&rest, line, sizeof line) || !parse_size(line, &out->size))
        return ERR_CHECKPOINT;
    if (!take_line(&rest, line, sizeof line) || !base64_decode(line, out->root, HASH_LEN, &len) ||
        len != HASH_LEN)
        return ERR_CHECKPOINT;
    parsed->text = span_of(note.data, note.len - rest.len);
    if (!take_line(&rest, line, sizeof line) || line[0] != '\0')
        return ERR_CHECKPOINT;

    if (!take_proof(&rest, name, sizeof name, proof, &len) || strcmp(name, out->origin) != 0 ||
        len != PROOF_LEN)
        return ERR_CHECKPOINT;
    memcpy(parsed->proof, proof, PROOF_LEN);
    for (unsigned extra = 0; rest.len > 0; extra++) {
        /* A second line of the same name would leave open which one counts. */
        if (extra == NOTE_EXTRA_MAX || !take_proof(&rest, name, sizeof name, proof, &len) ||
            strcmp(name, out->origin) == 0)
            return ERR_CHECKPOINT;
    }
    return OK;
}

enum err note_parse(struct span note, struct checkpoint *out)
{
    struct parsed parsed;
    return parse(note, out, &parsed);
}

enum err note_verify(struct span note, const char *origin,
                     const uint8_t public_key[static KEY_PUBLIC_LEN], struct checkpoint *out)
{
    struct parsed parsed;
    uint8_t expected[KEY_HASH_LEN];
    enum err err = parse(note, out, &parsed);
    if (err != OK)
        return err;
    key_hash(expected, out->origin, public_key);
    if (strcmp(out->origin, origin) != 0 || memcmp(expected, parsed.proof, KEY_HASH_LEN) != 0 ||
        key_verify(public_key, parsed.text, parsed.proof + KEY_HASH_LEN) != OK)
        return ERR_CHECKPOINT;
    return OK;
}
