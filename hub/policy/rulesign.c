#include "policy/rulesign.h"

#include "base/file.h"
#include "base/hex.h"
#include "base/text.h"
#include "base/yaml.h"
#include "keys/roles.h"

#include <assert.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    SIGNATURE_LEN = 64,
    STATEMENT_MAX = 256,
    ROW_TEXT_MAX = 128 + MEMBER_MAX + 2 * (KID_LEN + SIGNATURE_LEN)
};

_Static_assert(256 + 2 * RULE_NOTE_MAX + RULESIGN_MAX * ROW_TEXT_MAX < RULESIGN_FILE_MAX,
               "a sheet holds the name of the set and all signatures");

struct signature {
    char member[MEMBER_MAX + 1];
    uint8_t kid[KID_LEN];
    uint64_t signed_ms;
    uint8_t bytes[SIGNATURE_LEN];
};

struct sheet {
    bool current; /* the file is about this content of the set */
    struct signature row[RULESIGN_MAX];
    unsigned count;
};

static void statement(const struct ruleset *rs, const char *realm, uint64_t signed_ms,
                      struct writer *w)
{
    uint8_t hash[RULESET_HASH_LEN];
    ruleset_hash(rs, hash);
    write_span(w, LABEL("ruleset"));
    write_uint(w, strlen(realm), 1);
    write_span(w, span_str(realm));
    write_bytes(w, hash, sizeof hash);
    write_uint(w, ruleset_activate_at_ms(rs), 8);
    write_uint(w, signed_ms, 8);
}

static enum err path_of(const char *dir, char path[static PATH_MAX], struct fault *fault)
{
    int n = snprintf(path, PATH_MAX, "%s/" RULESIGN_FILE, dir);
    return (size_t)n < PATH_MAX ? OK : fault_set(fault, ERR_TOO_LARGE, 0, dir, "path");
}

static enum err read_hex(const struct yaml_node *row, const char *key, uint8_t *out, size_t len,
                         struct fault *fault)
{
    const struct yaml_node *node;
    enum err err = yaml_need(row, key, YAML_KIND_SCALAR, &node, fault);
    if (err == OK && (strlen(yaml_text(node)) != 2 * len || !hex_decode(yaml_text(node), out, len)))
        err = yaml_fault(node, ERR_RULE_SET, fault, "%s: %zu hex digits", key, 2 * len);
    return err;
}

static enum err read_row(const struct yaml_node *row, struct signature *out, struct fault *fault)
{
    static const char *const keys[] = {"member", "kid", "signed_ms", "signature", NULL};
    const struct yaml_node *node;
    enum err err = yaml_only_keys(row, keys, fault);
    if (err == OK)
        err = yaml_need(row, "member", YAML_KIND_SCALAR, &node, fault);
    if (err == OK)
        err = yaml_copy(node, out->member, sizeof out->member, fault);
    if (err == OK)
        err = yaml_need(row, "signed_ms", YAML_KIND_SCALAR, &node, fault);
    if (err == OK)
        err = yaml_uint(node, INT64_MAX, &out->signed_ms, fault);
    if (err == OK)
        err = read_hex(row, "kid", out->kid, sizeof out->kid, fault);
    return err == OK ? read_hex(row, "signature", out->bytes, sizeof out->bytes, fault) : err;
}

static enum err read_rows(const struct yaml_node *root, struct sheet *sheet, struct fault *fault)
{
    const struct yaml_node *list;
    enum err err = yaml_need(root, "signatures", YAML_KIND_LIST, &list, fault);
    for (size_t i = 0; err == OK && i < yaml_count(list); i++) {
        if (sheet->count == RULESIGN_MAX)
            return yaml_fault(list, ERR_TOO_LARGE, fault, "at most %d signatures", RULESIGN_MAX);
        err = read_row(yaml_item(list, i), &sheet->row[sheet->count++], fault);
    }
    return err;
}

/* A file that is not there is an empty sheet. */
static enum err read_sheet(const struct ruleset *rs, const char *dir, struct sheet *sheet,
                           struct fault *fault)
{
    static const char *const keys[] = {"set", "sha256", "signatures", NULL};
    char path[PATH_MAX];
    uint8_t hash[RULESET_HASH_LEN];
    uint8_t said[RULESET_HASH_LEN];
    uint8_t *bytes = NULL;
    size_t len = 0;
    struct yaml *y = NULL;

    *sheet = (struct sheet){.count = 0};
    enum err err = path_of(dir, path, fault);
    if (err == OK)
        err = file_read(path, RULESIGN_FILE_MAX, 0, &bytes, &len, fault);
    if (err == ERR_NOT_FOUND)
        return OK;
    if (err == OK)
        err = yaml_parse(&y, span_of(bytes, len), path, fault);
    if (err == OK)
        err = yaml_only_keys(yaml_root(y), keys, fault);
    if (err == OK)
        err = read_hex(yaml_root(y), "sha256", said, sizeof said, fault);
    ruleset_hash(rs, hash);
    sheet->current = err == OK && memcmp(hash, said, sizeof hash) == 0;
    if (err == OK)
        err = read_rows(yaml_root(y), sheet, fault);
    yaml_close(&y);
    free(bytes);
    return err;
}

static bool counted_before(const struct sheet *sheet, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        if (memcmp(sheet->row[i].kid, sheet->row[n].kid, KID_LEN) == 0)
            return true;
    return false;
}

static enum err verify(const struct ruleset *rs, const char *realm, const struct signature *s,
                       rulesign_find_fn *find, void *ctx, uint32_t *role)
{
    uint8_t public_key[KEY_PUBLIC_LEN];
    uint8_t bytes[STATEMENT_MAX];
    struct writer w = writer_of(bytes, sizeof bytes);
    enum err err = find(ctx, s->member, s->kid, s->signed_ms, public_key, role);
    if (err != OK)
        return err;
    statement(rs, realm, s->signed_ms, &w);
    return key_verify(public_key, writer_span(&w), s->bytes) == OK ? OK : ERR_SIGNATURE;
}

/* Two among these who may sign a rule set together; one alone where one is enough. */
static bool roles_found(const uint32_t *roles, unsigned count, unsigned threshold)
{
    for (unsigned i = 0; i < count; i++) {
        for (unsigned j = 0; j < i; j++) {
            if (roles_suffice(ROLES_RULE_SET, roles[i], roles[j]))
                return true;
        }
    }
    return threshold < 2;
}

enum err rulesign_check(const struct ruleset *rs, const char *dir, const char *realm,
                        unsigned threshold, rulesign_find_fn *find, void *ctx, uint64_t *signed_ms,
                        struct fault *fault)
{
    struct sheet sheet;
    uint32_t roles[RULESIGN_MAX];
    unsigned good = 0;

    *signed_ms = 0;
    if (threshold == 0)
        return OK;
    enum err err = read_sheet(rs, dir, &sheet, fault);
    if (err != OK)
        return err;
    if (sheet.count > 0 && !sheet.current)
        return fault_set(
            fault, ERR_RULE_SET, 0, dir,
            "rules.sig: 内容已改，须重新签署 / the files changed since they were signed");
    for (unsigned i = 0; i < sheet.count; i++) {
        err = verify(rs, realm, &sheet.row[i], find, ctx, &roles[good]);
        if (err != OK)
            return fault_set(fault, err, 0, dir, "rules.sig: signature %u", i + 1);
        if (counted_before(&sheet, i) ||
            !roles_suffice(ROLES_RULE_SET, roles[good], ROLES_SECURITY))
            continue; /* no auditor's */
        /* In the order of signing the last that was needed counts; any later is later still. */
        const bool enough = good >= threshold && roles_found(roles, good, threshold);
        if (!enough && sheet.row[i].signed_ms > *signed_ms)
            *signed_ms = sheet.row[i].signed_ms;
        good++;
    }
    if (good < threshold)
        return fault_set(fault, ERR_TWO_OFFICIALS, 0, dir,
                         "rules.sig: %u/%u 人已签 / officials have signed: lianshu rule sign", good,
                         threshold);
    return roles_found(roles, good, threshold)
               ? OK
               : fault_set(fault, ERR_TWO_OFFICIALS, 0, dir, "rules.sig: %s",
                           roles_needed(ROLES_RULE_SET));
}

enum err rulesign_count(const struct ruleset *rs, const char *dir, unsigned *count,
                        struct fault *fault)
{
    struct sheet sheet;
    enum err err = read_sheet(rs, dir, &sheet, fault);
    *count = err == OK && sheet.current ? sheet.count : 0;
    return err;
}

static void put(struct writer *to, const char *text)
{
    write_span(to, span_str(text));
}

/* Whatever an official called the set. */
static void put_quoted(struct writer *to, const char *text)
{
    put(to, "'");
    for (const char *c = text; *c != '\0'; c++) {
        if (*c == '\'')
            put(to, "'");
        write_uint(to, (uint8_t)*c, 1);
    }
    put(to, "'");
}

static void put_row(struct writer *to, const struct signature *s)
{
    char kid[2 * KID_LEN + 1];
    char signature[2 * SIGNATURE_LEN + 1];
    char text[ROW_TEXT_MAX];
    hex_encode(span_of(s->kid, sizeof s->kid), kid);
    hex_encode(span_of(s->bytes, sizeof s->bytes), signature);
    snprintf(text, sizeof text,
             "  - {member: %s, kid: '%s', signed_ms: %llu,\n     signature: '%s'}\n", s->member,
             kid, (unsigned long long)s->signed_ms, signature);
    put(to, text);
}

static enum err write_sheet(const struct ruleset *rs, const char *dir, const struct sheet *sheet,
                            struct fault *fault)
{
    char path[PATH_MAX];
    uint8_t text[RULESIGN_FILE_MAX];
    uint8_t hash[RULESET_HASH_LEN];
    char hex[2 * RULESET_HASH_LEN + 1];
    struct writer to = writer_of(text, sizeof text);

    const enum err err = path_of(dir, path, fault);
    assert(err == OK); /* it was read from there */
    ruleset_hash(rs, hash);
    hex_encode(span_of(hash, sizeof hash), hex);
    put(&to, "# 规则集的签名；由 lianshu rule sign 写成 / written by lianshu rule sign\nset: ");
    put_quoted(&to, ruleset_name(rs));
    put(&to, "\nsha256: '");
    put(&to, hex);
    put(&to, "'\nsignatures:\n");
    for (unsigned i = 0; i < sheet->count; i++)
        put_row(&to, &sheet->row[i]);
    assert(!to.full); /* the longest name and rows fit */
    return file_write(path, writer_span(&to), 0644, 0, fault);
}

enum err rulesign_add(const struct ruleset *rs, const char *dir, const char *realm,
                      const char *member, const struct key *key, uint64_t now_ms,
                      struct fault *fault)
{
    struct sheet sheet;
    uint8_t bytes[STATEMENT_MAX];
    struct writer w = writer_of(bytes, sizeof bytes);

    enum err err = read_sheet(rs, dir, &sheet, fault);
    if (err != OK)
        return err;
    if (!sheet.current)
        sheet.count = 0; /* what was signed is no more */
    for (unsigned i = 0; i < sheet.count; i++)
        if (memcmp(sheet.row[i].kid, key_kid(key), KID_LEN) == 0)
            return fault_set(fault, ERR_EXISTS, 0, dir, "this official has signed it already");
    if (sheet.count == RULESIGN_MAX)
        return fault_set(fault, ERR_TOO_LARGE, 0, dir, "at most %d signatures", RULESIGN_MAX);
    struct signature *s = &sheet.row[sheet.count++];
    *s = (struct signature){.signed_ms = now_ms};
    text_copy(s->member, sizeof s->member, member);
    memcpy(s->kid, key_kid(key), KID_LEN);
    statement(rs, realm, now_ms, &w);
    err = key_sign(key, writer_span(&w), s->bytes);
    return err == OK ? write_sheet(rs, dir, &sheet, fault) : err;
}
