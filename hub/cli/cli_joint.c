/* A joint notice: drafted at one member, signed by each at its own site, then sent by one of them
 * like any other document (`lianshu send notice.lsd`). */
#include "cli/joint.h"
#include "cli/show.h"

#include "base/clock.h"
#include "base/file.h"
#include "catalogue.h"
#include "check.h"
#include "json.h"
#include "keys/document.h"
#include "validate.h"
#include "wire.h"

#include <stdlib.h>
#include <string.h>

enum {
    VALID_DAYS = 30, /* to find everybody's signature, unless said otherwise */
    VALID_DAYS_MAX = 90,
};

/* ---- what it says ---- */

static struct json *signers(const struct joint_file *file, bool *whole)
{
    struct json *list = json_list();
    *whole = true;
    for (size_t i = 0; i < file->document->issuers_count; i++) {
        const lianshu_Issuer *issuer = &file->document->issuers[i];
        struct json *row = json_map();
        json_put_text(row, "member", issuer->member);
        json_put_hex(row, "kid", span_of(issuer->kid, sizeof issuer->kid));
        json_put_flag(row, "signed", file->signature[i] != NULL);
        json_add(list, row);
        *whole = *whole && file->signature[i] != NULL;
    }
    return list;
}

/* So that nobody signs unread. */
static enum err print(const struct cli *cli, const struct joint_file *file, bool verified)
{
    const lianshu_Document *d = file->document;
    struct json *j = json_map();
    struct json *to = json_list();
    bool whole;
    for (size_t i = 0; i < d->addressees_count; i++)
        json_add_text(to, d->addressees[i]);
    json_put_text(j, "file", file->path);
    json_put_text(j, "realm", d->realm);
    json_put_hex(j, "document_id", span_of(d->id, sizeof d->id));
    json_put_text(j, "title", file->body.title);
    json_put_text(j, "text", file->body.text);
    json_put_text(j, "reference", file->body.reference);
    json_put_date(j, "date", file->body.date);
    json_put(j, "to", to);
    json_put_ms(j, "issued", d->issued_ms);
    json_put_ms(j, "valid_until", d->valid_until_ms);
    json_put(j, "signers", signers(file, &whole));
    json_put_flag(j, "complete", whole);
    json_put_flag(j, "verified", verified);
    const enum err err = show_result(cli, j);
    json_close(&j);
    return err;
}

/* ---- a draft ---- */

static enum err check_keys(const struct json *record, const char *path, struct fault *fault)
{
    static const char *const keys[] = {"type", "to", "facts", "basis", "purpose"};
    void *at = NULL;
    const char *key;
    const struct json *value;
    while (json_entry(record, &at, &key, &value)) {
        bool known = false;
        for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
            known = known || strcmp(key, keys[i]) == 0;
        if (!known)
            return fault_set(fault, ERR_FIELD_UNKNOWN, 0, path, "%s", key);
    }
    const char *type = json_get_text(record, "type");
    return type != NULL && strcmp(type, "joint.notice") == 0
               ? OK
               : fault_set(fault, ERR_TYPE_UNKNOWN, 0, path, "type: joint.notice");
}

static enum err take_body(const struct json *record, lianshu_Document *d, const char *path,
                          struct fault *fault)
{
    const struct document_type *type = type_find(d->type);
    struct fault inner = {0};
    lianshu_JointNotice body = lianshu_JointNotice_init_zero;
    struct writer w = writer_of(d->body.bytes, sizeof d->body.bytes);
    enum err err = json_kind(json_get(record, "facts")) == JSON_KIND_MAP ? OK : ERR_FIELD_MISSING;
    if (err == OK)
        err = json_to_message(json_get(record, "facts"), type->facts, &body, &inner);
    if (err == OK)
        err = facts_validate(type, &body, NULL, &inner);
    if (err == OK)
        err = wire_encode(type->facts, &body, &w);
    d->body.size = (pb_size_t)w.len;
    return err == OK ? OK : fault_set(fault, err, 0, path, "facts.%.200s", inner.where);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* Sorted, each once; the hub reads the facts, whoever they go to. */
static enum err take_addressees(const struct json *record, const struct joint_desk *desk,
                                lianshu_Document *d, const char *path, struct fault *fault)
{
    const struct json *to = json_get(record, "to");
    const size_t most = sizeof d->addressees / sizeof d->addressees[0];
    size_t n = 0;
    if (json_count(to) == 0 || json_count(to) >= most)
        return fault_set(fault, ERR_FIELD_MISSING, 0, path, "to: a list of 1 to %zu member ids",
                         most - 1);
    snprintf(d->addressees[n++], sizeof d->addressees[0], "%s", desk->hub);
    for (size_t i = 0; i < json_count(to); i++) {
        const char *member = json_text(json_item(to, i));
        if (member == NULL || registry_member(desk->registry, member) == NULL)
            return fault_set(fault, ERR_MEMBER_UNKNOWN, 0, path, "to: registered member ids");
        snprintf(d->addressees[n++], sizeof d->addressees[0], "%s", member);
    }
    qsort(d->addressees, n, sizeof d->addressees[0], by_name);
    d->addressees_count = 1;
    for (size_t i = 1; i < n; i++) {
        char *last = d->addressees[d->addressees_count - 1];
        if (strcmp(last, d->addressees[i]) != 0)
            memmove(d->addressees[d->addressees_count++], d->addressees[i],
                    sizeof d->addressees[0]);
    }
    return d->addressees_count >= 2
               ? OK
               : fault_set(fault, ERR_AUDIENCE, 0, path, "to: a member besides the hub");
}

/* Who signs besides the drafter, with the key that it has now. */
static enum err take_issuers(const struct args *args, const struct joint_desk *desk,
                             lianshu_Document *d, struct fault *fault)
{
    const size_t most = FRAME_ISSUERS_MAX;
    const char *member;
    for (size_t i = 0; (member = args_value_at(args, "with", i)) != NULL; i++) {
        const struct registry_key *key;
        if (d->issuers_count == most)
            return fault_set(fault, ERR_TOO_LARGE, 0, "--with", "at most %zu signers", most);
        for (size_t k = 0; k < d->issuers_count; k++) {
            if (strcmp(d->issuers[k].member, member) == 0)
                return fault_set(fault, ERR_EXISTS, 0, "--with", "a member signs once");
        }
        enum err err = registry_current(desk->registry, member, KEY_USE_SIGN, desk->now_ms, &key);
        if (err != OK)
            return fault_set(fault, err, 0, "--with", "a member with a valid key to sign with");
        lianshu_Issuer *issuer = &d->issuers[d->issuers_count++];
        snprintf(issuer->member, sizeof issuer->member, "%s", key->member->id);
        memcpy(issuer->kid, key->kid, KID_LEN);
    }
    return OK;
}

static enum err take_basis(const struct json *record, lianshu_Document *d, const char *path,
                           struct fault *fault)
{
    const struct json *list = json_get(record, "basis");
    for (size_t i = 0; i < json_count(list); i++) {
        const char *text = json_text(json_item(list, i));
        if (text == NULL || i == sizeof d->basis / sizeof d->basis[0] ||
            strlen(text) >= sizeof d->basis[0])
            return fault_set(fault, ERR_FIELD_LONG, 0, path, "basis: at most 16 codes");
        memcpy(d->basis[d->basis_count++], text, strlen(text) + 1);
    }
    const char *purpose = json_get_text(record, "purpose");
    if (purpose != NULL && strlen(purpose) >= sizeof d->purpose)
        return fault_set(fault, ERR_FIELD_LONG, 0, path, "purpose: at most 16 bytes");
    snprintf(d->purpose, sizeof d->purpose, "%s", purpose != NULL ? purpose : "joint");
    return OK;
}

static enum err fill(const struct cli *cli, const struct joint_desk *desk,
                     const struct json *record, lianshu_Document *d, struct fault *fault)
{
    const struct entropy entropy = entropy_system();
    const char *path = cli->args->operand[0];
    uint64_t days;
    enum err err = args_number(cli->args, "days", 1, VALID_DAYS_MAX, VALID_DAYS, &days, fault);
    if (err != OK)
        return err;
    d->type = lianshu_DocumentType_TYPE_JOINT_NOTICE;
    document_prepare(d, desk->realm, desk->member, desk->key, desk->now_ms, &entropy);
    d->valid_until_ms = desk->now_ms + days * DAY_MS;
    if ((err = check_keys(record, path, fault)) == OK &&
        (err = take_body(record, d, path, fault)) == OK &&
        (err = take_addressees(record, desk, d, path, fault)) == OK &&
        (err = take_issuers(cli->args, desk, d, fault)) == OK)
        err = take_basis(record, d, path, fault);
    return err;
}

/* D, signed by the drafter: as everybody who signs after it, at its place. */
static enum err make(const struct cli *cli, const struct joint_desk *desk, lianshu_Document *d,
                     struct span text, struct writer *w, struct fault *fault)
{
    const char *path = cli->args->operand[0];
    struct json *record = NULL;
    uint8_t hash[HASH_LEN];
    enum err err = json_parse(&record, text, path, fault);
    if (err == OK)
        err = fill(cli, desk, record, d, fault);
    json_close(&record);
    if (err != OK)
        return err;
    uint8_t *bytes = malloc(FRAME_DOCUMENT_MAX);
    struct writer encoded = writer_of(bytes, FRAME_DOCUMENT_MAX);
    err = bytes == NULL ? ERR_NO_MEMORY : document_encode(d, &encoded, hash);
    if (err == OK)
        err = document_sign(writer_span(&encoded), &desk->key, 1, w);
    free(bytes);
    return err == OK ? OK : fault_set(fault, err, 0, path, "the document cannot be made");
}

static enum err print_bytes(const struct cli *cli, struct span lsd1, const char *path,
                            struct fault *fault)
{
    struct joint_file file;
    enum err err = joint_read(&file, lsd1, path, fault);
    if (err != OK)
        return err;
    err = print(cli, &file, true);
    joint_close(&file);
    return err;
}

enum err cli_joint_draft(const struct cli *cli, struct fault *fault)
{
    const char *out = args_value(cli->args, "out");
    struct joint_desk desk;
    uint8_t *text = NULL;
    size_t len = 0;
    enum err err =
        joint_desk_open(&desk, args_value(cli->args, "adapter"), cli->world->now_ms(), fault);
    if (err != OK)
        return err;
    lianshu_Document *d = calloc(1, sizeof *d);
    uint8_t *bytes = malloc(FRAME_DOCUMENT_FRAME_MAX);
    struct writer w = writer_of(bytes, FRAME_DOCUMENT_FRAME_MAX);
    err = d == NULL || bytes == NULL
              ? ERR_NO_MEMORY
              : file_read(cli->args->operand[0], JSON_TEXT_MAX, 0, &text, &len, fault);
    if (err == OK)
        err = make(cli, &desk, d, span_of(text, len), &w, fault);
    if (err == OK)
        err = file_write(out, writer_span(&w), 0644, FILE_NEW, fault);
    if (err == OK)
        err = print_bytes(cli, writer_span(&w), out, fault);
    free(text);
    free(bytes);
    free(d);
    joint_desk_close(&desk);
    return err;
}

/* ---- the others ---- */

static enum err read_file(const char *path, uint8_t **data, struct joint_file *file,
                          struct fault *fault)
{
    size_t len;
    *data = NULL;
    *file = (struct joint_file){.document = NULL};
    enum err err = file_read(path, FRAME_DOCUMENT_FRAME_MAX, 0, data, &len, fault);
    return err == OK ? joint_read(file, span_of(*data, len), path, fault) : err;
}

enum err cli_joint_sign(const struct cli *cli, struct fault *fault)
{
    const char *path = cli->args->operand[0];
    struct joint_desk desk;
    struct joint_file file;
    uint8_t *data;
    enum err err =
        joint_desk_open(&desk, args_value(cli->args, "adapter"), cli->world->now_ms(), fault);
    if (err != OK)
        return err;
    uint8_t *bytes = malloc(FRAME_DOCUMENT_FRAME_MAX);
    struct writer w = writer_of(bytes, FRAME_DOCUMENT_FRAME_MAX);
    err = read_file(path, &data, &file, fault);
    if (err == OK && bytes == NULL)
        err = ERR_NO_MEMORY;
    if (err == OK)
        err = joint_verify(&file, &desk, fault);
    if (err == OK)
        err = joint_sign(&file, &desk, &w, fault);
    if (err == OK)
        err = file_write(path, writer_span(&w), 0644, 0, fault);
    if (err == OK)
        err = print_bytes(cli, writer_span(&w), path, fault);
    joint_close(&file);
    free(data);
    free(bytes);
    joint_desk_close(&desk);
    return err;
}

enum err cli_joint_show(const struct cli *cli, struct fault *fault)
{
    const char *adapter = args_value(cli->args, "adapter");
    struct joint_desk desk = {.registry = NULL};
    struct joint_file file;
    uint8_t *data;
    enum err err = read_file(cli->args->operand[0], &data, &file, fault);
    if (err == OK && adapter != NULL) {
        err = joint_desk_open(&desk, adapter, cli->world->now_ms(), fault);
        if (err == OK)
            err = joint_verify(&file, &desk, fault);
    }
    if (err == OK)
        err = print(cli, &file, adapter != NULL);
    joint_close(&file);
    free(data);
    joint_desk_close(&desk);
    return err;
}
