#include "adapters/runtime/draft.h"

#include "base/hex.h"
#include "message.h"
#include "validate.h"
#include "wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_MAX_LEN = ERR_WHERE_MAX };

struct call {
    struct draft *d;
    const struct json *document;
    const struct draft_context *context;
    struct report *report;
};

static enum err refuse(struct call *c, enum err err, const char *place, const char *detail)
{
    char name[NAME_MAX_LEN];

    (void)snprintf(name, sizeof name, "%s", place);
    if (c->context->map != NULL)
        map_field_name(c->context->map, c->context->kind, c->context->record, place, name,
                       sizeof name);
    return report_add(c->report, err, name, "%s", detail);
}

static bool copy_text(char *out, size_t cap, const char *text)
{
    const size_t len = text == NULL ? 0 : strlen(text);
    if (len >= cap)
        return false;
    memcpy(out, text == NULL ? "" : text, len + 1);
    return true;
}

static void check_keys(struct call *c)
{
    static const char *const keys[] = {"type",    "to",           "facts",
                                       "sealed",  "attachments",  "basis",
                                       "purpose", "conversation", "in_reply_to"};
    void *at = NULL;
    const char *key;
    const struct json *value;

    while (json_entry(c->document, &at, &key, &value)) {
        bool known = false;
        for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
            known = known || strcmp(key, keys[i]) == 0;
        if (!known)
            (void)refuse(c, ERR_FIELD_UNKNOWN, key, "not a field of a document");
    }
}

static void take_destination(struct call *c, const char *name)
{
    struct draft *d = c->d;
    char member[SDK_MEMBER_MAX];
    struct member parsed;

    if (d->to_count == SDK_DESTINATION_MAX) {
        (void)refuse(c, ERR_TOO_LARGE, "to", "at most 31 destinations");
        return;
    }
    /* A group is a department or a member id with slash and star behind it; the SDK resolves it. */
    int len = name == NULL ? 0 : (int)strnlen(name, sizeof member);
    const bool group = len > 2 && strcmp(name + len - 2, "/*") == 0;
    len -= group ? 2 : 0;
    int n = -1;
    if (len == 3 && !group && strcmp(name, "hub") == 0)
        n = snprintf(member, sizeof member, "%s", c->context->hub);
    else if (len > 0)
        n = memchr(name, '.', (size_t)len) != NULL
                ? snprintf(member, sizeof member, "%.*s", len, name)
                : snprintf(member, sizeof member, "%.*s.%s", len, name, c->context->region);
    if (n < 0 || (size_t)n + 2 >= sizeof member || member_parse(member, &parsed) != OK) {
        (void)refuse(c, ERR_MEMBER_UNKNOWN, "to", "a department, a member id, or a group");
        return;
    }
    memcpy(member + n, group ? "/*" : "", group ? 3 : 1);
    memcpy(d->to[d->to_count++], member, sizeof member);
}

static void take_destinations(struct call *c)
{
    const struct json *to = json_get(c->document, "to");

    if (json_kind(to) == JSON_KIND_TEXT)
        take_destination(c, json_text(to));
    for (size_t i = 0; json_kind(to) == JSON_KIND_LIST && i < json_count(to); i++)
        take_destination(c, json_text(json_item(to, i)));
    /* What the hub alone answers or decides needs no address. */
    if (c->d->to_count == 0 && (c->d->type->flags & (TYPE_TO_HUB | TYPE_RULES)) != 0)
        take_destination(c, "hub");
    if (c->d->to_count == 0)
        (void)refuse(c, ERR_FIELD_MISSING, "to", "required");
}

/* One body: JSON to message, check, encode. */
static enum err take_body(struct call *c, const char *part, const pb_msgdesc_t *desc, uint8_t *out,
                          size_t *len)
{
    enum err err;
    struct fault fault = {0};
    char place[NAME_MAX_LEN];
    const struct json *map = json_get(c->document, part);

    if (desc == NULL)
        return refuse(c, ERR_FIELD_UNKNOWN, part, "this type has no such part");
    void *msg = calloc(1, message_of(desc)->size);
    if (msg == NULL)
        return ERR_NO_MEMORY;
    struct writer w = writer_of(out, SDK_BODY_MAX);
    if ((err = json_to_message(map, desc, msg, &fault)) == OK &&
        (err = body_validate(c->d->type, desc, msg, c->context->regions, &fault)) == OK)
        err = wire_encode(desc, msg, &w);
    free(msg);
    *len = w.len;
    if (err == OK)
        return OK;
    /* Cutting is no loss: names of fields are short. */
    (void)snprintf(place, sizeof place, "%.16s.%.200s", part, fault.where);
    return refuse(c, err, place, fault.detail);
}

/* A part that is required, or is there. */
static enum err take_part(struct call *c, const char *part, const pb_msgdesc_t *desc, bool required,
                          uint8_t *out, size_t *len)
{
    if (required && json_kind(json_get(c->document, part)) != JSON_KIND_MAP)
        return refuse(c, ERR_FIELD_MISSING, part, "required");
    return json_get(c->document, part) == NULL ? OK : take_body(c, part, desc, out, len);
}

bool draft_path_valid(const char *path)
{
    size_t parts = 1;

    if (path[0] == '\0' || strlen(path) >= DRAFT_PATH_MAX)
        return false;
    for (const char *p = path; *p != '\0'; p++) {
        if ((unsigned char)*p < 0x20)
            return false;
        if ((p == path || p[-1] == '/') && (*p == '.' || *p == '/'))
            return false;
        parts += *p == '/';
    }
    return parts <= 2 && path[strlen(path) - 1] != '/';
}

static const char *media_type_of(const char *path)
{
    static const struct {
        const char *ending;
        const char *type;
    } known[] = {
        {".pdf", "application/pdf"}, {".json", "application/json"}, {".csv", "text/csv"},
        {".txt", "text/plain"},      {".jpg", "image/jpeg"},        {".png", "image/png"},
        {".xml", "application/xml"}, {".zip", "application/zip"},   {".ofd", "application/ofd"},
    };
    const char *dot = strrchr(path, '.');

    for (size_t i = 0; dot != NULL && i < sizeof known / sizeof known[0]; i++)
        if (strcmp(dot, known[i].ending) == 0)
            return known[i].type;
    return "application/octet-stream";
}

static void take_file(struct call *c, const struct json *one)
{
    static const char *const keys[] = {"file", "name", "role", "media_type"};
    const char *path = json_get_text(one, "file");
    void *at = NULL;
    const char *key;
    const struct json *value;

    while (json_entry(one, &at, &key, &value)) {
        bool known = false;
        for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
            known = known || strcmp(key, keys[i]) == 0;
        if (!known)
            (void)refuse(c, ERR_FIELD_UNKNOWN, "attachments", "file, name, role or media_type");
    }
    if (path == NULL || !draft_path_valid(path)) {
        (void)refuse(c, ERR_FIELD_VALUE, "attachments",
                     "a file name, or one folder and a file name, in source/");
        return;
    }
    if (c->d->file_count == SDK_FILE_MAX) {
        (void)refuse(c, ERR_TOO_LARGE, "attachments", "at most 16");
        return;
    }
    struct draft_file *f = &c->d->files[c->d->file_count++];
    const char *slash = strrchr(path, '/');
    const char *name = json_get_text(one, "name");
    const char *media = json_get_text(one, "media_type");
    memcpy(f->path, path, strlen(path) + 1);
    if (name == NULL)
        name = slash == NULL ? path : slash + 1;
    if (!copy_text(f->name, sizeof f->name, name) ||
        !copy_text(f->media_type, sizeof f->media_type,
                   media == NULL ? media_type_of(path) : media) ||
        !copy_text(f->role, sizeof f->role, json_get_text(one, "role")))
        (void)refuse(c, ERR_FIELD_LONG, "attachments", "name 192, media type 64, role 8 bytes");
}

static void take_basis(struct call *c)
{
    const struct json *list = json_get(c->document, "basis");

    for (size_t i = 0; i < json_count(list); i++) {
        const char *text = json_text(json_item(list, i));
        if (text == NULL || c->d->basis_count == SDK_BASIS_MAX ||
            !copy_text(c->d->basis[c->d->basis_count], sizeof c->d->basis[0], text)) {
            (void)refuse(c, ERR_FIELD_LONG, "basis", "at most 16 codes of at most 48 bytes");
            return;
        }
        c->d->basis_count++;
    }
}

static bool take_hex(struct call *c, const char *key, const char *text, uint8_t *out, size_t len)
{
    if (text == NULL)
        return false;
    if (strlen(text) == 2 * len && hex_decode(text, out, len))
        return true;
    (void)refuse(c, ERR_FIELD_VALUE, key, "lower-case hexadecimal digits");
    return false;
}

static void take_rest(struct call *c)
{
    struct draft *d = c->d;
    const struct json *facts = json_get(c->document, "facts");
    const char *conversation = json_get_text(c->document, "conversation");

    if (conversation == NULL && (d->type->flags & TYPE_CASE) != 0)
        conversation = json_get_text(facts, "case_id");
    if (conversation == NULL && (d->type->flags & TYPE_RULES) != 0)
        conversation = json_get_text(facts, "order_id");
    d->converses = take_hex(c, "conversation", conversation, d->conversation, SDK_ID_LEN);
    d->replies = take_hex(c, "in_reply_to", json_get_text(c->document, "in_reply_to"),
                          d->in_reply_to, SDK_ENV_ID_LEN);
    if (!copy_text(d->purpose, sizeof d->purpose, json_get_text(c->document, "purpose")))
        (void)refuse(c, ERR_FIELD_LONG, "purpose", "at most 16 bytes");
    take_basis(c);
    const struct json *files = json_get(c->document, "attachments");
    for (size_t i = 0; i < json_count(files); i++)
        take_file(c, json_item(files, i));
    if (d->file_count > 0 && (d->type->flags & TYPE_ATTACHMENTS) == 0)
        (void)refuse(c, ERR_FIELD_UNKNOWN, "attachments", "this type has none");
}

enum err draft_make(struct draft *d, const struct json *document,
                    const struct draft_context *context, struct report *report)
{
    enum err err;
    struct call c = {d, document, context, report};
    const size_t before = report->count;
    const char *type = json_get_text(document, "type");

    /* The two bodies are 120 KiB: their lengths say what of them is valid. */
    d->to_count = d->file_count = d->basis_count = 0;
    d->facts_len = d->sealed_len = 0;
    d->converses = d->replies = false;
    d->type = type == NULL ? NULL : type_by_name(type);
    if (d->type == NULL || d->type->alone != NULL ||
        (d->type->flags & (TYPE_BY_HUB | TYPE_PART_ONLY)) != 0)
        return refuse(&c, ERR_TYPE_UNKNOWN, "type", "a type that a department sends");
    check_keys(&c);
    take_destinations(&c);
    /* A type without facts is its sealed body. */
    if ((err = take_part(&c, "facts", d->type->facts, d->type->facts != NULL, d->facts,
                         &d->facts_len)) == ERR_NO_MEMORY ||
        (err = take_part(&c, "sealed", d->type->sealed, d->type->facts == NULL, d->sealed,
                         &d->sealed_len)) == ERR_NO_MEMORY)
        return err;
    take_rest(&c);
    if (report->count == before && !report->more)
        return OK;
    return report->count > before ? report->item[before].err : ERR_FIELD_VALUE;
}
