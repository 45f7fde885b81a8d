#include "base/yaml_tree.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

const struct yaml_node *yaml_root(const struct yaml *y)
{
    return y->root;
}

enum yaml_kind yaml_kind(const struct yaml_node *node)
{
    return node == NULL ? YAML_KIND_NONE : node->kind;
}

unsigned yaml_line(const struct yaml_node *node)
{
    return node == NULL ? 0 : node->line;
}

size_t yaml_count(const struct yaml_node *node)
{
    return node == NULL ? 0 : node->count;
}

const struct yaml_node *yaml_item(const struct yaml_node *node, size_t i)
{
    return i < yaml_count(node) ? node->items[i] : NULL;
}

const char *yaml_key(const struct yaml_node *map, size_t i)
{
    return yaml_kind(map) == YAML_KIND_MAP && i < map->count ? map->items[i]->key : NULL;
}

const struct yaml_node *yaml_get(const struct yaml_node *map, const char *key)
{
    if (yaml_kind(map) != YAML_KIND_MAP)
        return NULL;
    size_t low = 0;
    size_t high = map->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(map->by_key[middle]->key, key);
        if (order == 0)
            return map->by_key[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

const char *yaml_text(const struct yaml_node *node)
{
    return yaml_kind(node) == YAML_KIND_SCALAR ? node->text : NULL;
}

enum err yaml_fault(const struct yaml_node *node, enum err err, struct fault *f, const char *fmt,
                    ...)
{
    char detail[ERR_DETAIL_MAX];
    va_list args;
    va_start(args, fmt);
    vsnprintf(detail, sizeof detail, fmt, args);
    va_end(args);
    return fault_set(f, err, yaml_line(node), node == NULL ? "" : node->tree->name, "%s", detail);
}

/* What a refusal calls a node: its key, or its place in a list. */
static const char *label(const struct yaml_node *node)
{
    return node != NULL && node->key != NULL ? node->key : "the value";
}

enum err yaml_uint(const struct yaml_node *node, uint64_t max, uint64_t *out, struct fault *f)
{
    const char *text = yaml_text(node);
    uint64_t value = 0;
    if (node == NULL)
        return yaml_fault(node, ERR_FIELD_MISSING, f, "a number is missing");
    bool good = text != NULL && *text != '\0';
    for (const char *p = text; good && *p != '\0'; p++) {
        good = *p >= '0' && *p <= '9' && value <= (UINT64_MAX - 9) / 10;
        if (good)
            value = value * 10 + (uint64_t)(*p - '0');
    }
    if (!good || value > max)
        return yaml_fault(node, ERR_FIELD_VALUE, f, "%s: a whole number from 0 to %llu",
                          label(node), (unsigned long long)max);
    *out = value;
    return OK;
}

enum err yaml_bool(const struct yaml_node *node, bool *out, struct fault *f)
{
    const char *text = yaml_text(node);
    if (node == NULL)
        return yaml_fault(node, ERR_FIELD_MISSING, f, "true or false is missing");
    if (text == NULL || (strcmp(text, "true") != 0 && strcmp(text, "false") != 0))
        return yaml_fault(node, ERR_FIELD_VALUE, f, "%s: true or false", label(node));
    *out = text[0] == 't';
    return OK;
}

enum err yaml_copy(const struct yaml_node *node, char *out, size_t cap, struct fault *f)
{
    assert(cap > 0);
    const char *text = yaml_text(node);
    if (node == NULL)
        return yaml_fault(node, ERR_FIELD_MISSING, f, "a text is missing");
    if (text == NULL)
        return yaml_fault(node, ERR_FIELD_VALUE, f, "%s: a text", label(node));
    size_t len = strlen(text);
    if (len >= cap)
        return yaml_fault(node, ERR_FIELD_LONG, f, "%s: at most %zu bytes", label(node), cap - 1);
    memcpy(out, text, len + 1);
    return OK;
}

enum err yaml_need(const struct yaml_node *map, const char *key, enum yaml_kind kind,
                   const struct yaml_node **out, struct fault *f)
{
    static const char *const names[] = {"anything", "a text", "a list", "a map"};
    *out = NULL;
    if (yaml_kind(map) != YAML_KIND_MAP)
        return yaml_fault(map, ERR_FIELD_VALUE, f, "%s: a map with the key %s", label(map), key);
    const struct yaml_node *node = yaml_get(map, key);
    if (node == NULL)
        return yaml_fault(map, ERR_FIELD_MISSING, f, "the key %s is missing", key);
    if (kind != YAML_KIND_NONE && node->kind != kind)
        return yaml_fault(node, ERR_FIELD_VALUE, f, "%s: %s", key, names[kind]);
    *out = node;
    return OK;
}

enum err yaml_only_keys(const struct yaml_node *map, const char *const *keys, struct fault *f)
{
    if (yaml_kind(map) != YAML_KIND_MAP)
        return yaml_fault(map, ERR_FIELD_VALUE, f, "%s: a map", label(map));
    for (size_t i = 0; i < map->count; i++) {
        const struct yaml_node *entry = map->items[i];
        const char *const *key = keys;
        while (*key != NULL && strcmp(*key, entry->key) != 0)
            key++;
        if (*key == NULL)
            return fault_set(f, ERR_FIELD_UNKNOWN, entry->key_line, map->tree->name,
                             "the key %s is unknown", entry->key);
    }
    return OK;
}
