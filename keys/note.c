#include "keys/note.h"

#include "base/hex.h"
#include "ident.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
    SIGNATURE_LEN = 64,
    PROOF_LEN = NOTE_KEY_HASH_LEN + SIGNATURE_LEN,
    ROOT_TEXT_LEN = 44,
};

/* "— ", U+2014 and a space. */
static const char dash[] = "\xe2\x80\x94 ";

void note_key_hash(uint8_t out[static NOTE_KEY_HASH_LEN], const char *name, enum note_type type,
                   const uint8_t public_key[static KEY_PUBLIC_LEN])
{
    const uint8_t tail[2] = {'\n', (uint8_t)type};
    uint8_t hash[HASH_LEN];
    const struct span spans[] = {span_str(name), span_of(tail, sizeof tail),
                                 span_of(public_key, KEY_PUBLIC_LEN)};
    hash_spans(hash, spans, 3);
    memcpy(out, hash, NOTE_KEY_HASH_LEN);
}

void note_put_line(struct writer *w, const char *name, struct span proof)
{
    char text[NOTE_PROOF_MAX * 2];
    if (proof.len > NOTE_PROOF_MAX) {
        w->full = true;
        return;
    }
    base64_encode(proof, text);
    write_bytes(w, dash, sizeof dash - 1);
    write_bytes(w, name, strlen(name));
    write_bytes(w, " ", 1);
    write_bytes(w, text, strlen(text));
    write_bytes(w, "\n", 1);
}

enum err note_origin(char out[static NOTE_ORIGIN_MAX + 1], const char *hub, const char *realm,
                     uint32_t log_number)
{
    if (!member_is_hub(hub) || log_number == 0)
        return ERR_CHECKPOINT;
    int len = snprintf(out, NOTE_ORIGIN_MAX + 1, "%s.%s/audit/%" PRIu32, hub, realm, log_number);
    return (size_t)len <= NOTE_ORIGIN_MAX ? OK : ERR_CHECKPOINT;
}

bool note_origin_number(const char *origin, const char *hub, const char *realm,
                        uint32_t *log_number)
{
    char prefix[NOTE_ORIGIN_MAX + 1];
    int len = snprintf(prefix, sizeof prefix, "%s.%s/audit/", hub, realm);
    if ((size_t)len > NOTE_ORIGIN_MAX || strncmp(origin, prefix, (size_t)len) != 0)
        return false;
    const char *digit = origin + len;
    uint64_t number = 0;
    if (*digit == '0')
        return false;
    for (; *digit >= '0' && *digit <= '9' && number <= UINT32_MAX; digit++)
        number = number * 10 + (uint64_t)(*digit - '0');
    *log_number = (uint32_t)number;
    return *digit == '\0' && number > 0 && number <= UINT32_MAX;
}

enum err note_sign(const struct checkpoint *checkpoint, const struct key *key, struct writer *w)
{
    uint8_t proof[PROOF_LEN];
    char root[ROOT_TEXT_LEN + 1];
    char text[NOTE_SIGNED_MAX];

    if (key_use(key) != KEY_USE_LOG)
        return ERR_KEY_USE;
    base64_encode(span_of(checkpoint->root, HASH_LEN), root);
    int len = snprintf(text, sizeof text, "%s\n%" PRIu64 "\n%s\n", checkpoint->origin,
                       checkpoint->size, root);
    note_key_hash(proof, checkpoint->origin, NOTE_ED25519, key_public(key));
    enum err err = key_sign(key, span_of(text, (size_t)len), proof + NOTE_KEY_HASH_LEN);
    if (err != OK)
        return err;
    write_bytes(w, text, (size_t)len);
    write_bytes(w, "\n", 1);
    note_put_line(w, checkpoint->origin, span_of(proof, sizeof proof));
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

/* Names of keys and logs: no space, no plus sign (C2SP), and of those nothing but ours. An empty
 * one is that of no line. */
static bool name_valid(const char *name)
{
    return name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789./-")] == '\0';
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

bool note_line(struct span *from, struct note_line *out)
{
    char line[sizeof dash + NOTE_NAME_MAX + 1 + NOTE_PROOF_MAX * 2];
    if (!take_line(from, line, sizeof line) || strncmp(line, dash, sizeof dash - 1) != 0)
        return false;
    char *text = line + sizeof dash - 1;
    char *space = strchr(text, ' ');
    if (space == NULL || space == text || (size_t)(space - text) > NOTE_NAME_MAX)
        return false;
    memcpy(out->name, text, (size_t)(space - text));
    out->name[space - text] = '\0';
    return base64_decode(space + 1, out->proof, NOTE_PROOF_MAX, &out->proof_len) &&
           out->proof_len > NOTE_KEY_HASH_LEN;
}

/* Text that is signed, the proof of the log itself, and what follows. */
struct parsed {
    struct span text;
    struct span lines;
    uint8_t proof[PROOF_LEN];
};

static enum err parse(struct span note, struct checkpoint *out, struct parsed *parsed)
{
    struct span rest = note;
    char line[ROOT_TEXT_LEN + 1];
    struct note_line proof;
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

    if (!note_line(&rest, &proof) || strcmp(proof.name, out->origin) != 0 ||
        proof.proof_len != PROOF_LEN)
        return ERR_CHECKPOINT;
    memcpy(parsed->proof, proof.proof, PROOF_LEN);
    parsed->lines = rest;
    for (unsigned extra = 0; rest.len > 0; extra++) {
        /* A second line of the same name would leave open which one counts. */
        if (extra == NOTE_EXTRA_MAX || !note_line(&rest, &proof) ||
            strcmp(proof.name, out->origin) == 0)
            return ERR_CHECKPOINT;
    }
    return OK;
}

enum err note_parse(struct span note, struct checkpoint *out)
{
    struct parsed parsed;
    return parse(note, out, &parsed);
}

enum err note_open(struct span note, struct checkpoint *out, struct span *text, struct span *lines)
{
    struct parsed parsed;
    enum err err = parse(note, out, &parsed);
    if (err != OK)
        return err;
    *text = parsed.text;
    *lines = parsed.lines;
    return OK;
}

enum err note_verify(struct span note, const char *origin,
                     const uint8_t public_key[static KEY_PUBLIC_LEN], struct checkpoint *out)
{
    struct parsed parsed;
    uint8_t expected[NOTE_KEY_HASH_LEN];
    enum err err = parse(note, out, &parsed);
    if (err != OK)
        return err;
    note_key_hash(expected, out->origin, NOTE_ED25519, public_key);
    if (strcmp(out->origin, origin) != 0 ||
        memcmp(expected, parsed.proof, NOTE_KEY_HASH_LEN) != 0 ||
        key_verify(public_key, parsed.text, parsed.proof + NOTE_KEY_HASH_LEN) != OK)
        return ERR_CHECKPOINT;
    return OK;
}
