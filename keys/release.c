#include "keys/release.h"

#include "base/hex.h"
#include "keys/hash.h"
#include "keys/roles.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

enum {
    HASH_HEX = 2 * HASH_LEN,
    KID_HEX = 2 * KID_LEN,
    SIGN_LINE = 5 + KID_HEX + 1 + 2 * RELEASE_SIGNATURE_LEN,
    STATEMENT_BYTES = 128,
    VERSION_DIGITS = 9,
};

static const char SIGN[] = "sign ";
static const char VERSION[] = "version ";

struct list {
    struct span body; /* what is signed */
    struct span rows; /* of it, the files */
    uint64_t version; /* 0: none */
    struct release_signed what;
};

static bool take_line(struct span *from, struct span *line)
{
    const uint8_t *end = from->len == 0 ? NULL : memchr(from->data, '\n', from->len);
    if (end == NULL)
        return false;
    *line = span_of(from->data, (size_t)(end - from->data));
    *from = span_of(end + 1, from->len - line->len - 1);
    return true;
}

static bool hex_span(struct span text, uint8_t *out, size_t len)
{
    char digits[2 * RELEASE_SIGNATURE_LEN + 1];
    assert(text.len == 2 * len && text.len < sizeof digits);
    memcpy(digits, text.data, text.len);
    digits[text.len] = '\0';
    return hex_decode(digits, out, len);
}

static bool take_signer(struct span line, struct release_signer *out)
{
    return line.len == SIGN_LINE && memcmp(line.data, SIGN, 5) == 0 &&
           line.data[5 + KID_HEX] == ' ' &&
           hex_span(span_of(line.data + 5, KID_HEX), out->kid, KID_LEN) &&
           hex_span(span_of(line.data + 5 + KID_HEX + 1, (size_t)2 * RELEASE_SIGNATURE_LEN),
                    out->signature, RELEASE_SIGNATURE_LEN);
}

static bool is_row(struct span line)
{
    uint8_t hash[HASH_LEN];
    return line.len > HASH_HEX + 2 && memcmp(line.data + HASH_HEX, "  ", 2) == 0 &&
           hex_span(span_of(line.data, HASH_HEX), hash, sizeof hash);
}

/* "version 12": from 1, without leading zeros. */
static bool take_version(struct span line, uint64_t *out)
{
    const size_t head = sizeof VERSION - 1;
    if (line.len <= head || line.len > head + VERSION_DIGITS || line.data[head] == '0' ||
        memcmp(line.data, VERSION, head) != 0)
        return false;
    *out = 0;
    for (size_t i = head; i < line.len; i++) {
        if (line.data[i] < '0' || line.data[i] > '9')
            return false;
        *out = *out * 10 + (uint64_t)(line.data[i] - '0');
    }
    return true;
}

static enum err read_list(struct span text, struct list *out)
{
    struct span rest = text;
    struct span line;
    *out = (struct list){.body = span_of(text.data, 0)};
    if (text.len > RELEASE_MAX)
        return ERR_TOO_LARGE;
    if (take_line(&rest, &line) && !take_version(line, &out->version))
        rest = text;
    out->rows = rest;
    while (take_line(&rest, &line)) {
        if (is_row(line) && out->what.signers == 0)
            out->body.len = text.len - rest.len;
        else if (out->what.signers == RELEASE_SIGNERS_MAX ||
                 !take_signer(line, &out->what.signer[out->what.signers++]))
            return ERR_SYNTAX;
    }
    if (rest.len > 0 || out->body.len == 0)
        return ERR_SYNTAX;
    out->rows.len = out->body.len - (size_t)(out->rows.data - text.data);
    hash_bytes(out->what.hash, out->body);
    return OK;
}

enum err release_read(struct span text, struct release_signed *out)
{
    struct list list;
    enum err err = read_list(text, &list);
    *out = list.what;
    return err;
}

static void statement(const char *realm, const uint8_t hash[static HASH_LEN], struct writer *w)
{
    write_span(w, LABEL("release"));
    write_uint(w, strlen(realm), 1);
    write_span(w, span_str(realm));
    write_bytes(w, hash, HASH_LEN);
}

enum err release_vouched(const struct release_reader *reader, const struct release_signed *what,
                         uint8_t officials[static 2][KID_LEN])
{
    uint8_t bytes[STATEMENT_BYTES];
    struct writer w = writer_of(bytes, sizeof bytes);
    uint32_t roles[RELEASE_SIGNERS_MAX] = {0};
    bool enough = false;
    statement(registry_realm(reader->registry), what->hash, &w);
    for (size_t i = 0; i < what->signers; i++) {
        const struct registry_key *key;
        const struct release_signer *s = &what->signer[i];
        enum err err = registry_signer(reader->registry, reader->member, s->kid, KEY_USE_OFFICIAL,
                                       reader->now_ms, &key);
        if (err != OK)
            return err;
        if (key_verify(key->public_key, writer_span(&w), s->signature) != OK)
            return ERR_SIGNATURE;
        roles[i] = key->roles;
        for (size_t j = 0; j < i && !enough; j++) {
            enough = memcmp(what->signer[j].kid, s->kid, KID_LEN) != 0 &&
                     roles_suffice(ROLES_RULE_SET, roles[i], roles[j]);
            memcpy(officials[0], what->signer[j].kid, KID_LEN);
            memcpy(officials[1], s->kid, KID_LEN);
        }
    }
    return enough ? OK : ERR_TWO_OFFICIALS;
}

static enum err check_signers(const struct release_reader *reader, const struct list *list)
{
    uint8_t officials[2][KID_LEN];
    return release_vouched(reader, &list->what, officials);
}

/* By its name, in whatever folder of the release it lies. */
static bool is_named(struct span path, const char *program)
{
    const size_t len = strlen(program);
    return path.len >= len && memcmp(path.data + path.len - len, program, len) == 0 &&
           (path.len == len || path.data[path.len - len - 1] == '/');
}

enum err release_check(const struct release_reader *reader, struct span text, const char *program,
                       const uint8_t hash[static HASH_LEN])
{
    struct list list;
    struct span line;
    char hex[HASH_HEX + 1];
    enum err err = read_list(text, &list);
    if (err == OK)
        err = check_signers(reader, &list);
    if (err != OK)
        return err;
    hex_encode(span_of(hash, HASH_LEN), hex);
    for (struct span rest = list.rows; take_line(&rest, &line);) {
        const struct span name = span_of(line.data + HASH_HEX + 2, line.len - HASH_HEX - 2);
        if (is_named(name, program) && memcmp(line.data, hex, HASH_HEX) == 0)
            return OK;
    }
    return ERR_NOT_FOUND;
}

/* A path below a folder, of plain names: no way out of it, nothing hidden. */
static bool name_is_plain(const char *name)
{
    static const char allowed[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-/";
    const size_t len = strlen(name);
    if (len == 0 || strspn(name, allowed) != len || name[len - 1] == '/')
        return false;
    for (const char *part = name; part != NULL; part = strchr(part, '/')) {
        part += part != name;
        if (*part == '.' || *part == '/' || *part == '-')
            return false;
    }
    return true;
}

bool release_next(struct span *rows, char name[static RELEASE_NAME_MAX + 1],
                  uint8_t hash[static HASH_LEN])
{
    struct span line;
    name[0] = '\0';
    if (!take_line(rows, &line))
        return false;
    const struct span text = span_of(line.data + HASH_HEX + 2, line.len - HASH_HEX - 2);
    const bool listed = hex_span(span_of(line.data, HASH_HEX), hash, HASH_LEN);
    assert(listed); /* when the list was read */
    if (text.len <= RELEASE_NAME_MAX && memchr(text.data, '\0', text.len) == NULL) {
        memcpy(name, text.data, text.len);
        name[text.len] = '\0';
    }
    return true;
}

/* Plain names, each once. */
static enum err check_names(struct span rows)
{
    char name[RELEASE_NAME_MAX + 1];
    char other[RELEASE_NAME_MAX + 1];
    uint8_t hash[HASH_LEN];
    while (release_next(&rows, name, hash)) {
        if (!name_is_plain(name))
            return ERR_FIELD_VALUE;
        for (struct span rest = rows; release_next(&rest, other, hash);) {
            if (strcmp(name, other) == 0)
                return ERR_FIELD_VALUE;
        }
    }
    return OK;
}

enum err release_open(const struct release_reader *reader, struct span text, struct release *out)
{
    struct list list;
    enum err err = read_list(text, &list);
    if (err == OK)
        err = check_signers(reader, &list);
    if (err == OK && list.version == 0)
        err = ERR_FIELD_MISSING;
    if (err == OK)
        err = check_names(list.rows);
    *out = (struct release){list.version, list.rows};
    return err;
}

uint64_t release_version(struct span text)
{
    struct list list;
    return read_list(text, &list) == OK ? list.version : 0;
}

enum err release_sign(struct span text, const char *realm, const struct key *key, struct writer *w)
{
    uint8_t bytes[STATEMENT_BYTES];
    struct writer s = writer_of(bytes, sizeof bytes);
    uint8_t signature[RELEASE_SIGNATURE_LEN];
    char kid[KID_HEX + 1];
    char hex[2 * RELEASE_SIGNATURE_LEN + 1];
    char row[SIGN_LINE + 2];
    struct list list;
    enum err err = read_list(text, &list);
    for (size_t i = 0; err == OK && i < list.what.signers; i++) {
        if (memcmp(list.what.signer[i].kid, key_kid(key), KID_LEN) == 0)
            err = ERR_EXISTS;
    }
    if (err == OK && list.what.signers == RELEASE_SIGNERS_MAX)
        err = ERR_TOO_LARGE;
    if (err != OK)
        return err;
    statement(realm, list.what.hash, &s);
    err = key_sign(key, writer_span(&s), signature);
    if (err != OK)
        return err;
    hex_encode(span_of(key_kid(key), KID_LEN), kid);
    hex_encode(span_of(signature, sizeof signature), hex);
    snprintf(row, sizeof row, "%s%s %s\n", SIGN, kid, hex);
    write_span(w, text);
    write_span(w, span_str(row));
    return w->full ? ERR_TOO_LARGE : OK;
}
