#include "adapters/runtime/map_table.h"

#include "ident.h"
#include "message.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One segment off a dotted path; false at its end. */
static bool take_segment(const char **path, char out[static MAP_PATH_MAX])
{
    size_t n = 0;

    while (**path != '\0' && **path != '.' && n + 1 < MAP_PATH_MAX)
        out[n++] = *(*path)++;
    out[n] = '\0';
    if (**path == '.')
        (*path)++;
    return n > 0;
}

bool map_target_known(const pb_msgdesc_t *desc, const char *path)
{
    char segment[MAP_PATH_MAX];
    const struct message *m = desc == NULL ? NULL : message_of(desc);
    const struct message_field *field = NULL;

    while (take_segment(&path, segment)) {
        if (isdigit((unsigned char)segment[0]) && field != NULL)
            continue; /* an index into the list that the last segment named */
        field = m == NULL ? NULL : message_field(m, segment);
        if (field == NULL)
            return false;
        m = field->sub;
    }
    return field != NULL;
}

/* Is this a place of the canonical document of that type? */
static bool target_valid(const struct document_type *type, const char *target, const char *list)
{
    char path[2 * MAP_PATH_MAX];

    if (strlen(target) >= MAP_PATH_MAX || (list != NULL && strlen(list) >= MAP_PATH_MAX))
        return false;
    path[0] = '\0';
    if (list != NULL) {
        memcpy(path, list, strlen(list) + 1);
        memcpy(path + strlen(list), ".", 2);
    }
    memcpy(path + strlen(path), target, strlen(target) + 1);
    if (strncmp(path, "facts.", 6) == 0)
        return map_target_known(type->facts, path + 6);
    if (strncmp(path, "sealed.", 7) == 0)
        return map_target_known(type->sealed, path + 7);
    static const char *const plain[] = {"to",          "basis",        "purpose",
                                        "attachments", "conversation", "in_reply_to"};
    for (size_t i = 0; list == NULL && i < sizeof plain / sizeof plain[0]; i++)
        if (strcmp(path, plain[i]) == 0)
            return true;
    return false;
}

static enum err load_targets(const struct document_type *type, const struct yaml_node *node,
                             const char *list, struct field *out, struct fault *f)
{
    const size_t n = yaml_kind(node) == YAML_KIND_LIST ? yaml_count(node) : 1;

    if (n == 0 || n > MAP_TARGETS_MAX)
        return yaml_fault(node, ERR_CONFIG, f, "one or two targets");
    for (size_t i = 0; i < n; i++) {
        const char *text = yaml_text(yaml_kind(node) == YAML_KIND_LIST ? yaml_item(node, i) : node);
        if (text == NULL || !target_valid(type, text, list))
            return yaml_fault(node, ERR_CONFIG, f, "the type has no place %s",
                              text == NULL ? "of that name" : text);
        out->target[out->target_count++] = text;
    }
    return OK;
}

/* A table must not use one of our words twice, or the way back would be a guess. */
static enum err load_codes(const struct yaml_node *root, const struct yaml_node *node,
                           struct field *out, struct fault *f)
{
    const struct yaml_node *codes = node;

    if (yaml_kind(node) == YAML_KIND_SCALAR)
        codes = yaml_get(yaml_get(root, "codes"), yaml_text(node));
    if (yaml_kind(codes) != YAML_KIND_MAP || yaml_count(codes) == 0)
        return yaml_fault(node, ERR_CONFIG, f, "no such code table");
    for (size_t i = 0; i < yaml_count(codes); i++) {
        const char *ours = yaml_text(yaml_item(codes, i));
        if (ours == NULL)
            return yaml_fault(codes, ERR_CONFIG, f, "words only");
        for (size_t k = 0; k < i; k++)
            if (strcmp(ours, yaml_text(yaml_item(codes, k))) == 0)
                return yaml_fault(yaml_item(codes, i), ERR_CONFIG, f, "%s stands twice", ours);
    }
    out->rule.codes = codes;
    return OK;
}

static enum err load_field(struct map *map, const struct document_type *type,
                           const struct yaml_node *node, const char *list, struct field *out,
                           struct fault *f)
{
    static const char *const keys[] = {"name",    "to",   "as",   "codes", "need",
                                       "default", "role", "each", NULL};
    enum err err;
    const struct yaml_node *to;

    if (yaml_kind(node) != YAML_KIND_MAP)
        return yaml_fault(node, ERR_CONFIG, f, "a field is a map");
    if ((err = yaml_only_keys(node, keys, f)) != OK ||
        (err = yaml_need(node, "to", YAML_KIND_NONE, &to, f)) != OK ||
        (err = load_targets(type, to, list, out, f)) != OK)
        return err;
    *out = (struct field){.name = yaml_text(yaml_get(node, "name")),
                          .target = {out->target[0], out->target[1]},
                          .target_count = out->target_count,
                          .rule = {.date = map->date, .time = map->time, .member = map->member},
                          .fallback = yaml_text(yaml_get(node, "default")),
                          .role = yaml_text(yaml_get(node, "role")),
                          .items = yaml_get(node, "each"),
                          .line = yaml_line(node)};
    if (out->name == NULL)
        return yaml_fault(node, ERR_CONFIG, f, "name is missing");
    const struct yaml_node *as = yaml_get(node, "as");
    if (as != NULL && value_kind_of(yaml_text(as), &out->rule.as) != OK)
        return yaml_fault(as, ERR_CONFIG, f,
                          "text, id, date, time, yuan, whole, flag, list or derive");
    if ((out->rule.as == VALUE_DATE && map->date == NULL) ||
        (out->rule.as == VALUE_TIME && map->time == NULL))
        return yaml_fault(node, ERR_CONFIG, f, "the file has no such form");
    if (yaml_get(node, "codes") != NULL &&
        (err = load_codes(map->root, yaml_get(node, "codes"), out, f)) != OK)
        return err;
    if (yaml_get(node, "need") != NULL)
        return yaml_bool(yaml_get(node, "need"), &out->need, f);
    return OK;
}

/* Names must differ: a record's fields are looked up by them. */
static enum err check_names(const struct field *fields, size_t n, const struct yaml_node *node,
                            struct fault *f)
{
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < i; k++)
            if (strcmp(fields[i].name, fields[k].name) == 0)
                return yaml_fault(node, ERR_CONFIG, f, "field %s stands twice", fields[i].name);
    return OK;
}

/* The fields that one entry of a list stands for: itself, or those of the group it names. */
static enum err entry_of(const struct map *map, const struct yaml_node *entry,
                         const struct yaml_node **list, size_t *count, struct fault *f)
{
    *list = NULL;
    *count = 1;
    if (yaml_kind(entry) != YAML_KIND_SCALAR)
        return OK;
    *list = yaml_get(yaml_get(map->root, "groups"), yaml_text(entry));
    *count = yaml_count(*list);
    if (yaml_kind(*list) != YAML_KIND_LIST || *count == 0)
        return yaml_fault(entry, ERR_CONFIG, f, "no such group of fields");
    return OK;
}

static enum err count_fields(const struct map *map, const struct yaml_node *node, size_t *out,
                             struct fault *f)
{
    const struct yaml_node *list;
    size_t count;

    *out = 0;
    for (size_t i = 0; i < yaml_count(node); i++) {
        const enum err err = entry_of(map, yaml_item(node, i), &list, &count, f);
        if (err != OK)
            return err;
        *out += count;
    }
    if (yaml_kind(node) != YAML_KIND_LIST || *out == 0 || *out > MAP_FIELDS_MAX)
        return yaml_fault(node, ERR_CONFIG, f, "a list of 1 to %d fields", MAP_FIELDS_MAX);
    return OK;
}

static enum err load_fields(struct map *map, const struct document_type *type,
                            const struct yaml_node *node, const char *list, struct field **out,
                            size_t *count, struct fault *f)
{
    size_t n;
    const struct yaml_node *group;
    enum err err = count_fields(map, node, &n, f);

    if (err != OK)
        return err;
    *out = calloc(n, sizeof **out);
    if (*out == NULL)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < yaml_count(node); i++) {
        size_t members;
        const struct yaml_node *entry = yaml_item(node, i);
        if ((err = entry_of(map, entry, &group, &members, f)) != OK)
            return err;
        for (size_t k = 0; k < members; k++) {
            const struct yaml_node *one = group == NULL ? entry : yaml_item(group, k);
            if ((err = load_field(map, type, one, list, &(*out)[(*count)++], f)) != OK)
                return err;
        }
    }
    return check_names(*out, n, node, f);
}

/* The items of lists: one level, no list in a list. */
static enum err load_items(struct map *map, struct record *r, struct fault *f)
{
    for (size_t i = 0; i < r->field_count; i++) {
        struct field *field = &r->fields[i];
        if (field->items == NULL)
            continue;
        const enum err err = load_fields(map, r->type, field->items, field->target[0], &field->each,
                                         &field->each_count, f);
        if (err != OK)
            return err;
    }
    return OK;
}

static enum err load_set(const struct record *r, struct fault *f)
{
    if (r->set != NULL && yaml_kind(r->set) != YAML_KIND_MAP)
        return yaml_fault(r->set, ERR_CONFIG, f, "set: a map of places and words");
    for (size_t i = 0; i < yaml_count(r->set); i++)
        if (!target_valid(r->type, yaml_key(r->set, i), NULL) ||
            yaml_text(yaml_item(r->set, i)) == NULL)
            return yaml_fault(yaml_item(r->set, i), ERR_CONFIG, f, "the type has no place %s",
                              yaml_key(r->set, i));
    return OK;
}

static enum err load_record(struct map *map, const struct yaml_node *node, struct record *r,
                            struct fault *f)
{
    static const char *const keys[] = {"name", "type", "from", "to", "csv", "set", "fields", NULL};
    enum err err;
    const struct yaml_node *fields;

    if (yaml_kind(node) != YAML_KIND_MAP)
        return yaml_fault(node, ERR_CONFIG, f, "a record is a map");
    if ((err = yaml_only_keys(node, keys, f)) != OK)
        return err;
    r->name = yaml_text(yaml_get(node, "name"));
    r->csv = yaml_text(yaml_get(node, "csv"));
    r->to = yaml_get(node, "to");
    r->set = yaml_get(node, "set");
    const char *type = yaml_text(yaml_get(node, "type"));
    r->type = type == NULL ? NULL : type_by_name(type);
    if (r->name == NULL || r->type == NULL)
        return yaml_fault(node, r->name == NULL ? ERR_CONFIG : ERR_TYPE_UNKNOWN, f,
                          "name and type of the catalogue are needed");
    if ((err = load_set(r, f)) != OK ||
        (err = yaml_need(node, "fields", YAML_KIND_LIST, &fields, f)) != OK ||
        (err = load_fields(map, r->type, fields, NULL, &r->fields, &r->field_count, f)) != OK)
        return err;
    return load_items(map, r, f);
}

/* A record of the included file is passed over when the file has its own for that type, or when
 * the department does not send it. */
static bool wanted(const struct map *map, const struct yaml_node *node, const struct record *own,
                   size_t own_count, bool sends)
{
    const char *type = yaml_text(yaml_get(node, "type"));
    const struct yaml_node *from = yaml_get(node, "from");
    struct member self;
    bool named = !sends;

    for (size_t i = 0; type != NULL && i < own_count; i++)
        if (strcmp(own[i].type->name, type) == 0)
            return false;
    if (member_parse(map->member, &self) != OK)
        return false;
    for (size_t i = 0; i < yaml_count(from) && !named; i++) {
        const char *word = yaml_text(yaml_item(from, i));
        named = word != NULL &&
                (strcmp(word, "all") == 0 || strcmp(word, department_name(self.department)) == 0);
    }
    return named;
}

/* Append the records under `key` of the file being read. */
static enum err load_records(struct map *map, const char *key, bool sends, struct record **out,
                             size_t *count, struct fault *f)
{
    enum err err;
    const struct yaml_node *list = yaml_get(map->root, key);
    const size_t n = yaml_count(list);
    const size_t own = *count;

    if (list == NULL)
        return OK;
    if (yaml_kind(list) != YAML_KIND_LIST || own + n > MAP_RECORDS_MAX)
        return yaml_fault(list, ERR_CONFIG, f, "a list of at most %d", MAP_RECORDS_MAX);
    struct record *more = realloc(*out, (own + n + 1) * sizeof **out);
    if (more == NULL)
        return ERR_NO_MEMORY;
    *out = more;
    for (size_t i = 0; i < n; i++) {
        const struct yaml_node *node = yaml_item(list, i);
        if (map->shared != NULL && !wanted(map, node, *out, own, sends))
            continue;
        struct record *r = &(*out)[(*count)++]; /* counted first: map_close frees what it has */
        *r = (struct record){.name = NULL};
        if ((err = load_record(map, node, r, f)) != OK)
            return err;
        for (size_t k = 0; k + 1 < *count; k++)
            if (strcmp((*out)[k].name, r->name) == 0)
                return yaml_fault(node, ERR_CONFIG, f, "record %s stands twice", r->name);
    }
    return OK;
}

/* The included file: its records serve both ways, but for what comes in another form. */
static enum err load_shared(struct map *map, const struct yaml_node *include, struct fault *f)
{
    static const char *const keys[] = {"codes", "groups", "records", "incoming", NULL};
    enum err err;
    char path[1024];

    if (include == NULL)
        return OK;
    if (map->dir == NULL || yaml_text(include) == NULL)
        return yaml_fault(include, ERR_CONFIG, f, "include: a file, from the place of map.yaml");
    const int n = snprintf(path, sizeof path, "%s/%s", map->dir, yaml_text(include));
    if (n < 0 || (size_t)n >= sizeof path)
        return yaml_fault(include, ERR_FIELD_LONG, f, "include: path");
    if ((err = yaml_open(&map->shared, path, f)) != OK)
        return err;
    map->root = yaml_root(map->shared);
    if ((err = yaml_only_keys(map->root, keys, f)) != OK ||
        (err = load_records(map, "records", true, &map->records, &map->record_count, f)) != OK ||
        (err = load_records(map, "incoming", false, &map->incoming, &map->incoming_count, f)) != OK)
        return err;
    return load_records(map, "records", false, &map->incoming, &map->incoming_count, f);
}

enum err map_load(struct map *map, struct fault *f)
{
    static const char *const keys[] = {"department", "include", "kind",    "date",     "time",
                                       "codes",      "groups",  "records", "incoming", NULL};
    enum err err;
    const struct yaml_node *root = yaml_root(map->yaml);
    struct member own;

    map->root = root;

    if ((err = member_parse(map->member, &own)) != OK)
        return fault_set(f, err, 0, "member", "a member id");
    memcpy(map->region, own.region, sizeof own.region);
    if ((err = yaml_only_keys(root, keys, f)) != OK)
        return err;
    map->kind = yaml_text(yaml_get(root, "kind"));
    map->date = yaml_text(yaml_get(root, "date"));
    map->time = yaml_text(yaml_get(root, "time"));
    if (map->date != NULL && !value_form_valid(map->date, false))
        return yaml_fault(yaml_get(root, "date"), ERR_CONFIG, f, "a form of YYYY, M and D");
    if (map->time != NULL && !value_form_valid(map->time, true))
        return yaml_fault(yaml_get(root, "time"), ERR_CONFIG, f, "a form of YYYY, M, D and h");
    if ((err = load_records(map, "records", true, &map->records, &map->record_count, f)) != OK ||
        (err = load_records(map, "incoming", false, &map->incoming, &map->incoming_count, f)) !=
            OK ||
        (err = load_shared(map, yaml_get(root, "include"), f)) != OK)
        return err;
    if (map->record_count > 0 && map->kind == NULL)
        return yaml_fault(root, ERR_CONFIG, f, "kind is missing");
    return OK;
}
