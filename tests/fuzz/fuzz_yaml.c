/*
 * Target: yaml_parse and the accessors.
 * Corpus: tests/fuzz/corpus/yaml.
 *
 * Holds for every input: a refusal names a line; in a tree every entry of a map is found by its
 * key, within the depth and the number of nodes that are promised.
 */
#include "fuzz/again.h"

#include "base/yaml.h"

static void look(const struct yaml_node *node)
{
    uint64_t n;
    bool b;
    char text[8];
    struct fault f;
    (void)not_internal(yaml_uint(node, UINT64_MAX, &n, &f));
    must(not_internal(yaml_uint(node, sizeof text, &n, &f)) != OK || n <= sizeof text);
    (void)not_internal(yaml_bool(node, &b, &f));
    (void)not_internal(yaml_copy(node, text, sizeof text, &f));
    const struct yaml_node *none = yaml_get(node, "no key is like this");
    must(yaml_uint(none, UINT64_MAX, &n, &f) == ERR_FIELD_MISSING &&
         yaml_bool(none, &b, &f) == ERR_FIELD_MISSING &&
         yaml_copy(none, text, sizeof text, &f) == ERR_FIELD_MISSING);
    must(yaml_kind(none) == YAML_KIND_NONE && yaml_count(none) == 0 && yaml_line(none) == 0 &&
         yaml_key(none, 0) == NULL && yaml_key(node, yaml_count(node)) == NULL);
    for (size_t i = 0; yaml_kind(node) == YAML_KIND_MAP && i < yaml_count(node); i++)
        must(yaml_get(node, yaml_key(node, i)) == yaml_item(node, i));
}

/* Depth first over the whole tree. */
static void walk(const struct yaml_node *root)
{
    const struct yaml_node *nodes[YAML_DEPTH_MAX + 1] = {root};
    size_t next[YAML_DEPTH_MAX + 1] = {0};
    size_t depth = 1;
    size_t count = 1;
    look(root);
    while (depth > 0) {
        const struct yaml_node *node = yaml_item(nodes[depth - 1], next[depth - 1]++);
        if (node == NULL) {
            depth--;
            continue;
        }
        must(++count <= YAML_NODES_MAX && depth <= YAML_DEPTH_MAX);
        look(node);
        next[depth] = 0;
        nodes[depth++] = node;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct yaml *y;
    struct fault f = {.line = 0};
    if (not_internal(yaml_parse(&y, span_of(data, len), "input", &f)) != OK) {
        must(f.line > 0);
        return 0;
    }
    walk(yaml_root(y));
    yaml_close(&y);
    return 0;
}
