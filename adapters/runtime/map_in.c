/* The way back: from our documents to a department's records, and names for its people. */
#include "adapters/runtime/map.h"

#include "adapters/runtime/map_table.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_MAX = 512 };

/* ---- in ---- */

/* The node at a dotted path; NULL: absent. */
static const struct json *find_node(const struct json *at, const char *path)
{
    char key[MAP_PATH_MAX];

    while (*path != '\0' && at != NULL) {
        const size_t n = strcspn(path, ".");
        (void)snprintf(key, sizeof key, "%.*s", (int)n, path);
        at = isdigit((unsigned char)key[0]) ? json_item(at, (size_t)strtoul(key, NULL, 10))
                                            : json_get(at, key);
        path += path[n] == '.' ? n + 1 : n;
    }
    return at;
}

static void in_list(const struct field *field, const struct json *list, struct json *out)
{
    struct json *items = json_list();

    for (size_t i = 0; i < json_count(list); i++) {
        struct json *one = json_map();
        for (size_t k = 0; k < field->each_count; k++) {
            const struct json *value = find_node(json_item(list, i), field->each[k].target[0]);
            if (value != NULL)
                value_in(&field->each[k].rule, value, one, field->each[k].name);
        }
        (void)json_add(items, one);
    }
    (void)json_put(out, field->name, items);
}

/* Does the table name this place, or a place below it? */
static bool named(const struct record *r, const char *path)
{
    const size_t n = strlen(path);

    for (size_t i = 0; i < r->field_count; i++) {
        for (size_t k = 0; k < r->fields[i].target_count; k++) {
            const char *t = r->fields[i].target[k];
            if (strncmp(t, path, n) == 0 && (t[n] == '\0' || t[n] == '.'))
                return true;
        }
    }
    return false;
}

/* What the table does not name, in canonical form. Two levels (part, field) are told apart; a
 * list or object that is named in part counts as named. */
static struct json *rest_of(const struct record *r, const struct json *document)
{
    static const char *const parts[] = {"facts", "sealed"};
    struct json *out = json_map();

    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        void *at = NULL;
        const char *key;
        const struct json *value;
        char path[TEXT_MAX];
        struct json *part = json_map();
        while (json_entry(json_get(document, parts[i]), &at, &key, &value)) {
            (void)snprintf(path, sizeof path, "%s.%s", parts[i], key);
            if (!named(r, path))
                (void)json_put(part, key, json_clone(value));
        }
        if (json_count(part) > 0)
            (void)json_put(out, parts[i], part);
        else
            json_close(&part);
    }
    return out;
}

static const struct record *find_incoming(const struct map *map, const char *type)
{
    for (size_t i = 0; type != NULL && i < map->incoming_count; i++)
        if (strcmp(map->incoming[i].type->name, type) == 0)
            return &map->incoming[i];
    return NULL;
}

enum err map_in(const struct map *map, const struct json *document, struct json **record)
{
    const struct record *r = find_incoming(map, json_get_text(document, "type"));

    if (r == NULL) {
        *record = json_clone(document);
        return *record == NULL ? ERR_NO_MEMORY : OK;
    }
    struct json *out = json_map();
    (void)json_put_text(out, map->kind == NULL ? "kind" : map->kind, r->name);
    for (size_t i = 0; i < r->field_count; i++) {
        const struct field *field = &r->fields[i];
        const struct json *value = find_node(document, field->target[0]);
        if (value == NULL)
            continue;
        if (field->each != NULL)
            in_list(field, value, out);
        else
            value_in(&field->rule, value, out, field->name);
    }
    struct json *rest = rest_of(r, document);
    if (json_count(rest) > 0)
        (void)json_put(out, "其他", rest);
    else
        json_close(&rest);
    *record = out;
    return out == NULL ? ERR_NO_MEMORY : OK;
}

/* ---- names ---- */

/* "facts.persons[1].id" as "facts.persons.1.id". */
static void dotted(const char *place, char out[static TEXT_MAX])
{
    size_t n = 0;

    for (; *place != '\0' && n + 1 < TEXT_MAX; place++)
        if (*place != ']')
            out[n++] = *place == '[' ? '.' : *place;
    out[n] = '\0';
}

/* "facts.persons.1.id" below a list field with target "facts.persons". */
static bool name_item(const struct field *field, const char *path, char *out, size_t cap)
{
    const size_t n = strlen(field->target[0]);
    char *end = NULL;

    if (field->each == NULL || strncmp(path, field->target[0], n) != 0 || path[n] != '.')
        return false;
    const unsigned long i = strtoul(path + n + 1, &end, 10);
    for (size_t k = 0; *end == '.' && k < field->each_count; k++)
        if (strcmp(end + 1, field->each[k].target[0]) == 0) {
            (void)snprintf(out, cap, "%s[%lu].%s", field->name, i + 1, field->each[k].name);
            return true;
        }
    return false;
}

void map_field_name(const struct map *map, const char *kind, const struct json *record,
                    const char *place_name, char *out, size_t cap)
{
    char path[TEXT_MAX];

    dotted(place_name, path);
    (void)snprintf(out, cap, "%s", place_name);
    if (kind == NULL && map->kind != NULL)
        kind = json_get_text(record, map->kind);
    const struct record *r = map_record(map, kind);
    for (size_t i = 0; r != NULL && i < r->field_count; i++) {
        const struct field *field = &r->fields[i];
        for (size_t k = 0; k < field->target_count; k++)
            if (strcmp(field->target[k], path) == 0) {
                (void)snprintf(out, cap, "%s", field->name);
                return;
            }
        if (name_item(field, path, out, cap))
            return;
    }
}
