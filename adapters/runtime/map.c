#include "adapters/runtime/map.h"

#include "adapters/runtime/map_table.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CONTAINERS_MAX = 128, TEXT_MAX = 512 };

/* ---- open, close ---- */

static enum err open_tree(struct map **out, struct yaml *yaml, const char *dir, const char *member,
                          struct fault *f)
{
    enum err err = ERR_NO_MEMORY;
    struct map *map = calloc(1, sizeof *map);

    if (map == NULL) {
        yaml_close(&yaml);
        return err;
    }
    map->yaml = yaml;
    map->dir = dir;
    err = fault_set(f, ERR_FIELD_LONG, 0, "member", "a member id");
    if (strlen(member) < sizeof map->member) {
        memcpy(map->member, member, strlen(member) + 1);
        err = map_load(map, f);
    }
    if (err != OK)
        map_close(&map);
    *out = map;
    return err;
}

enum err map_open(struct map **out, const char *dir, const char *member, struct fault *f)
{
    char path[1024];
    struct yaml *yaml = NULL;

    *out = NULL;
    const int n = snprintf(path, sizeof path, "%s/map.yaml", dir);
    if (n < 0 || (size_t)n >= sizeof path)
        return fault_set(f, ERR_FIELD_LONG, 0, "department", "path");
    const enum err err = yaml_open(&yaml, path, f);
    return err == OK ? open_tree(out, yaml, dir, member, f) : err;
}

enum err map_parse(struct map **out, struct span text, const char *name, const char *member,
                   struct fault *f)
{
    struct yaml *yaml = NULL;

    *out = NULL;
    const enum err err = yaml_parse(&yaml, text, name, f);
    return err == OK ? open_tree(out, yaml, NULL, member, f) : err;
}

static void free_records(struct record *records, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < records[i].field_count; k++)
            free(records[i].fields[k].each);
        free(records[i].fields);
    }
    free(records);
}

void map_close(struct map **map)
{
    struct map *m = *map;

    if (m == NULL)
        return;
    free_records(m->records, m->record_count);
    free_records(m->incoming, m->incoming_count);
    yaml_close(&m->shared);
    yaml_close(&m->yaml);
    free(m);
    *map = NULL;
}

const char *map_csv_kind(const struct map *map, const char *file_name)
{
    for (size_t i = 0; i < map->record_count; i++) {
        const char *word = map->records[i].csv;
        if (word != NULL && strncmp(file_name, word, strlen(word)) == 0)
            return map->records[i].name;
    }
    return NULL;
}

const struct record *map_record(const struct map *map, const char *name)
{
    for (size_t i = 0; name != NULL && i < map->record_count; i++)
        if (strcmp(map->records[i].name, name) == 0)
            return &map->records[i];
    return NULL;
}

/* ---- building a canonical document ---- */

/* The maps and lists made so far, by their path. Borrowed from the document. */
struct builder {
    struct json *root;
    struct container {
        char path[MAP_PATH_MAX + 16];
        struct json *node;
        bool list;
    } made[CONTAINERS_MAX];
    size_t made_count;
};

static struct container *find_container(struct builder *b, const char *path, size_t len)
{
    for (size_t i = 0; i < b->made_count; i++)
        if (strlen(b->made[i].path) == len && memcmp(b->made[i].path, path, len) == 0)
            return &b->made[i];
    return NULL;
}

/* The container at path[0..len), made with all above it when missing. List when what follows is
 * an index. NULL: too many, or a path that is no path. */
static struct json *container(struct builder *b, const char *path, size_t len)
{
    struct json *at = b->root;
    bool in_list = false;

    for (size_t from = 0; from < len;) {
        size_t end = from;
        while (end < len && path[end] != '.')
            end++;
        struct container *c = find_container(b, path, end);
        if (c == NULL) {
            if (b->made_count == CONTAINERS_MAX || end >= sizeof c->path)
                return NULL;
            c = &b->made[b->made_count++];
            memcpy(c->path, path, end);
            c->path[end] = '\0';
            c->list = path[end] == '.' && isdigit((unsigned char)path[end + 1]);
            c->node = c->list ? json_list() : json_map();
            char key[MAP_PATH_MAX];
            (void)snprintf(key, sizeof key, "%.*s", (int)(end - from), path + from);
            if (!(in_list ? json_add(at, c->node) : json_put(at, key, c->node)))
                return NULL;
        }
        at = c->node;
        in_list = c->list;
        from = end + 1;
    }
    return at;
}

/* Container and last segment of a target. */
static struct json *place(struct builder *b, const char *target, const char **key)
{
    const char *dot = strrchr(target, '.');

    *key = dot == NULL ? target : dot + 1;
    return container(b, target, dot == NULL ? 0 : (size_t)(dot - target));
}

/* Takes `value` over. Items of a list come in the order of their numbers. */
static bool put_at(struct json *at, const char *key, struct json *value)
{
    return json_kind(at) == JSON_KIND_LIST ? json_add(at, value) : json_put(at, key, value);
}

static bool part_exists(struct builder *b, const char *target)
{
    const char *dot = strchr(target, '.');
    return dot != NULL && find_container(b, target, (size_t)(dot - target)) != NULL;
}

/* "to" and "basis" gather; a text becomes a list of one. */
static void gather(struct builder *b, const char *key, const struct json *value)
{
    struct container *c = find_container(b, key, strlen(key));
    struct json *list;

    if (c == NULL) {
        if (b->made_count == CONTAINERS_MAX)
            return;
        c = &b->made[b->made_count++];
        (void)snprintf(c->path, sizeof c->path, "%s", key);
        c->list = true;
        c->node = json_list();
        (void)json_put(b->root, key, c->node);
    }
    list = c->node;
    if (json_kind(value) == JSON_KIND_TEXT)
        (void)json_add_text(list, json_text(value));
    for (size_t i = 0; json_kind(value) == JSON_KIND_LIST && i < json_count(value); i++)
        (void)json_add(list, json_clone(json_item(value, i)));
}

/* Each file: {"file","role"}. */
static void gather_files(struct builder *b, const struct field *field, const struct json *value)
{
    const size_t n = json_kind(value) == JSON_KIND_LIST ? json_count(value) : 1;

    for (size_t i = 0; i < n; i++) {
        const struct json *one = json_kind(value) == JSON_KIND_LIST ? json_item(value, i) : value;
        struct json *list = json_list();
        struct json *file = json_map();
        (void)json_put_text(file, "file", json_text(one));
        if (field->role != NULL)
            (void)json_put_text(file, "role", field->role);
        (void)json_add(list, file);
        gather(b, "attachments", list);
        json_close(&list);
    }
}

/* ---- out ---- */

struct out_call {
    const struct map *map;
    const struct record *record;
    const struct json *source;
    struct report *report;
    struct builder b;
};

static void put_value(struct out_call *c, const struct field *field, const char *target,
                      const struct json *value)
{
    const char *key;

    if (strcmp(target, "attachments") == 0)
        gather_files(&c->b, field, value);
    else if (strchr(target, '.') == NULL && strcmp(target, "purpose") != 0 &&
             strcmp(target, "conversation") != 0 && strcmp(target, "in_reply_to") != 0)
        gather(&c->b, target, value);
    else {
        struct json *at = place(&c->b, target, &key);
        if (!put_at(at, key, json_clone(value)))
            (void)report_add(c->report, ERR_TOO_LARGE, field->name, "too many places");
    }
}

/* The value of a field under "v", or NULL when there is none or it was refused (reported). */
static struct json *convert(struct out_call *c, const struct field *field, const char *shown,
                            const struct json *in)
{
    struct json *fallback = NULL;
    struct json *held = json_map();
    const char *expected = "";

    if (in == NULL || json_kind(in) == JSON_KIND_NULL) {
        if (field->fallback == NULL) {
            if (field->need)
                (void)report_add(c->report, ERR_FIELD_MISSING, shown, "required");
            json_close(&held);
            return NULL;
        }
        fallback = json_new_text(field->fallback);
        in = fallback;
    }
    const enum err err = value_out(&field->rule, in, held, "v", &expected);
    json_close(&fallback);
    if (err != OK) {
        (void)report_add(c->report, err, shown, "expected: %s", expected);
        json_close(&held);
        return NULL;
    }
    return held;
}

static void out_field(struct out_call *c, const struct field *field, size_t target)
{
    struct json *held = convert(c, field, field->name, json_get(c->source, field->name));

    if (held != NULL && target < field->target_count)
        put_value(c, field, field->target[target], json_get(held, "v"));
    json_close(&held);
}

/* Which field of the table has this name? */
static const struct field *find_field(const struct field *fields, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(fields[i].name, name) == 0)
            return &fields[i];
    return NULL;
}

static void refuse_unknown(struct out_call *c, const struct field *fields, size_t n,
                           const struct json *source, const char *prefix)
{
    void *at = NULL;
    const char *key;
    const struct json *value;
    char shown[TEXT_MAX];

    while (json_entry(source, &at, &key, &value)) {
        if (find_field(fields, n, key) != NULL)
            continue;
        if (prefix[0] == '\0' && c->map->kind != NULL && strcmp(key, c->map->kind) == 0)
            continue;
        (void)snprintf(shown, sizeof shown, "%s%s", prefix, key);
        (void)report_add(c->report, ERR_FIELD_UNKNOWN, shown, "not a field of this kind of record");
    }
}

static void out_item(struct out_call *c, const struct field *field, const struct json *item,
                     size_t i)
{
    char shown[TEXT_MAX], path[MAP_PATH_MAX + 16];

    (void)snprintf(shown, sizeof shown, "%s[%zu].", field->name, i + 1);
    if (json_kind(item) != JSON_KIND_MAP) {
        (void)report_add(c->report, ERR_FIELD_VALUE, field->name, "a list of objects");
        return;
    }
    refuse_unknown(c, field->each, field->each_count, item, shown);
    (void)snprintf(path, sizeof path, "%s.%zu", field->target[0], i);
    struct json *at = container(&c->b, path, strlen(path));
    for (size_t k = 0; k < field->each_count; k++) {
        const struct field *sub = &field->each[k];
        (void)snprintf(shown, sizeof shown, "%s[%zu].%s", field->name, i + 1, sub->name);
        struct json *held = convert(c, sub, shown, json_get(item, sub->name));
        if (held != NULL && !json_put(at, sub->target[0], json_clone(json_get(held, "v"))))
            (void)report_add(c->report, ERR_TOO_LARGE, shown, "too many items");
        json_close(&held);
    }
}

static void out_list(struct out_call *c, const struct field *field)
{
    const struct json *list = json_get(c->source, field->name);

    if (list == NULL || json_kind(list) == JSON_KIND_NULL) {
        if (field->need)
            (void)report_add(c->report, ERR_FIELD_MISSING, field->name, "required");
        return;
    }
    if (json_kind(list) != JSON_KIND_LIST || json_count(list) > MAP_LIST_MAX) {
        (void)report_add(c->report, ERR_FIELD_VALUE, field->name, "a list of at most %d objects",
                         MAP_LIST_MAX);
        return;
    }
    for (size_t i = 0; i < json_count(list); i++)
        out_item(c, field, json_item(list, i), i);
}

/* Text of a constant: "@police" and "{field}" filled in. False: a field is not there. */
static bool expand(const struct out_call *c, const char *text, char out[static TEXT_MAX])
{
    struct writer w = writer_of(out, TEXT_MAX - 1);

    if (text[0] == '@') {
        (void)snprintf(out, TEXT_MAX, "%s.%s", text + 1, c->map->region);
        return true;
    }
    while (*text != '\0') {
        char name[TEXT_MAX];
        const char *end = *text == '{' ? strchr(text, '}') : NULL;
        if (end == NULL) {
            write_bytes(&w, text++, 1);
            continue;
        }
        (void)snprintf(name, sizeof name, "%.*s", (int)(end - text - 1), text + 1);
        const char *value = json_get_text(c->source, name);
        if (value == NULL)
            return false;
        write_span(&w, span_str(value));
        text = end + 1;
    }
    out[w.len] = '\0';
    return !w.full;
}

static void out_constants(struct out_call *c)
{
    char text[TEXT_MAX];

    for (size_t i = 0; i < yaml_count(c->record->set); i++) {
        const struct yaml_node *node = yaml_item(c->record->set, i);
        const char *key;
        uint64_t number;
        if (!expand(c, yaml_text(node), text))
            continue; /* the field that is missing is reported by itself */
        struct json *at = place(&c->b, yaml_key(c->record->set, i), &key);
        const bool is_number = yaml_uint(node, INT64_MAX, &number, NULL) == OK;
        if (!put_at(at, key, is_number ? json_new_uint(number) : json_new_text(text)))
            (void)report_add(c->report, ERR_TOO_LARGE, yaml_key(c->record->set, i),
                             "too many places");
    }
}

static void out_destinations(struct out_call *c)
{
    for (size_t i = 0; i < yaml_count(c->record->to); i++) {
        struct json *one = json_new_text(yaml_text(yaml_item(c->record->to, i)));
        gather(&c->b, "to", one);
        json_close(&one);
    }
}

static void out_record(struct out_call *c)
{
    const struct record *r = c->record;

    (void)json_put_text(c->b.root, "type", r->type->name);
    out_destinations(c);
    refuse_unknown(c, r->fields, r->field_count, c->source, "");
    for (size_t i = 0; i < r->field_count; i++) {
        if (r->fields[i].each != NULL)
            out_list(c, &r->fields[i]);
        else
            out_field(c, &r->fields[i], 0);
    }
    out_constants(c);
    for (size_t i = 0; i < r->field_count; i++)
        if (r->fields[i].target_count > 1 && part_exists(&c->b, r->fields[i].target[1]) &&
            json_get(c->source, r->fields[i].name) != NULL)
            out_field(c, &r->fields[i], 1);
}

enum err map_out(const struct map *map, const char *kind, const struct json *record,
                 struct report *report, struct json **document)
{
    const size_t before = report->count;

    *document = NULL;
    if (json_kind(record) != JSON_KIND_MAP)
        return report_add(report, ERR_SYNTAX, "", "a record is an object");
    if (kind == NULL && json_get(record, "type") != NULL) {
        *document = json_clone(record);
        return *document == NULL ? ERR_NO_MEMORY : OK;
    }
    if (map->kind == NULL)
        return report_add(report, ERR_FIELD_MISSING, "type", "required");
    if (kind == NULL)
        kind = json_get_text(record, map->kind);
    if (kind == NULL)
        return report_add(report, ERR_FIELD_MISSING, map->kind, "required");
    const struct record *r = map_record(map, kind);
    if (r == NULL)
        return report_add(report, ERR_TYPE_UNKNOWN, map->kind, "a kind of record of map.yaml");
    struct out_call *c = calloc(1, sizeof *c);
    if (c == NULL)
        return ERR_NO_MEMORY;
    *c = (struct out_call){.map = map, .record = r, .source = record, .report = report};
    c->b.root = json_map();
    out_record(c);
    *document = c->b.root;
    free(c);
    if (report->count != before || report->more) {
        json_close(document);
        return report->count > before ? report->item[before].err : ERR_FIELD_VALUE;
    }
    return *document == NULL ? ERR_NO_MEMORY : OK;
}
