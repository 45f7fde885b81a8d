#include "base/yaml_tree.h"

#include "base/file.h"
#include "base/utf8.h"

#include <yaml.h>

#include <stdlib.h>

enum { BLOCK_LEN = 64 << 10 };

struct yaml_block {
    struct yaml_block *next;
    size_t used;
    size_t cap;
    max_align_t data[];
};

/* A container that is still open. Its items so far lie on the builder's pile from `base` up. */
struct level {
    struct yaml_node *node;
    size_t base;
};

struct builder {
    struct yaml *tree;
    struct fault *fault;
    struct level levels[YAML_DEPTH_MAX];
    size_t depth;
    struct yaml_node **pile; /* finished nodes that wait for their container to close */
    size_t pile_len;
    size_t pile_cap;
    const char *key; /* read, its value not yet */
    unsigned key_line;
    bool done; /* the one document is over */
};

static void *take_from(struct yaml_block **blocks, size_t len)
{
    struct yaml_block *block = *blocks;
    if (block == NULL || len > block->cap - block->used) {
        size_t cap = len > BLOCK_LEN ? len : BLOCK_LEN;
        block = malloc(sizeof *block + cap);
        if (block == NULL)
            return NULL;
        *block = (struct yaml_block){.next = *blocks, .cap = cap};
        *blocks = block;
    }
    void *out = (uint8_t *)block->data + block->used;
    block->used += len;
    return out;
}

static void *take(struct yaml *y, size_t len)
{
    return take_from(&y->blocks, (len + sizeof(max_align_t) - 1) & ~(sizeof(max_align_t) - 1));
}

static void free_blocks(struct yaml_block **blocks)
{
    while (*blocks != NULL) {
        struct yaml_block *next = (*blocks)->next;
        free(*blocks);
        *blocks = next;
    }
}

static enum err refuse(struct builder *b, enum err err, size_t line, const char *why)
{
    return fault_set(b->fault, err, (unsigned)line + 1, b->tree->name, "%s", why);
}

static enum err copy_text(struct builder *b, const yaml_event_t *e, struct yaml_block **to,
                          const char **out)
{
    struct span in = {e->data.scalar.value, e->data.scalar.length};
    if (in.len > YAML_TEXT_MAX)
        return refuse(b, ERR_FIELD_LONG, e->start_mark.line, "at most 4096 bytes in one value");
    if (!utf8_allowed(in))
        return refuse(b, ERR_UTF8, e->start_mark.line, "control or invisible characters");
    char *text = take_from(to, in.len + 1);
    if (text == NULL)
        return refuse(b, ERR_NO_MEMORY, e->start_mark.line, "tree");
    memcpy(text, in.data, in.len);
    text[in.len] = '\0';
    *out = text;
    return OK;
}

static bool in_map(const struct builder *b)
{
    return b->depth > 0 && b->levels[b->depth - 1].node->kind == YAML_KIND_MAP;
}

static enum err pile_up(struct builder *b, struct yaml_node *node)
{
    if (b->pile_len == b->pile_cap) {
        size_t cap = b->pile_cap == 0 ? 256 : b->pile_cap * 2;
        struct yaml_node **more = realloc(b->pile, cap * sizeof *more);
        if (more == NULL)
            return ERR_NO_MEMORY;
        b->pile = more;
        b->pile_cap = cap;
    }
    b->pile[b->pile_len++] = node;
    return OK;
}

/* A new node under the open container, with the key that was read for it. */
static enum err new_node(struct builder *b, enum yaml_kind kind, size_t line,
                         struct yaml_node **out)
{
    if (in_map(b) && b->key == NULL)
        return refuse(b, ERR_SYNTAX, line, "a key must be a text");
    if (++b->tree->node_count > YAML_NODES_MAX)
        return refuse(b, ERR_TOO_LARGE, line, "too many values");
    struct yaml_node *node = take(b->tree, sizeof *node);
    if (node == NULL || (b->depth > 0 && pile_up(b, node) != OK))
        return refuse(b, ERR_NO_MEMORY, line, "tree");
    *node = (struct yaml_node){
        .tree = b->tree,
        .kind = kind,
        .line = (unsigned)line + 1,
        .key = b->key,
        .key_line = b->key_line,
    };
    b->key = NULL;
    if (b->depth == 0)
        b->tree->root = node;
    *out = node;
    return OK;
}

static enum err on_scalar(struct builder *b, const yaml_event_t *e)
{
    size_t line = e->start_mark.line;
    const char *text = NULL;
    if (e->data.scalar.anchor != NULL || e->data.scalar.tag != NULL)
        return refuse(b, ERR_SYNTAX, line, "anchors and tags are not used here");
    const bool is_key = in_map(b) && b->key == NULL;
    enum err err = copy_text(b, e, is_key ? &b->tree->keys : &b->tree->texts, &text);
    if (err != OK)
        return err;
    if (is_key) {
        if (strcmp(text, "<<") == 0 || *text == '\0')
            return refuse(b, ERR_SYNTAX, line, "merge keys and empty keys are not used here");
        b->key = text;
        b->key_line = (unsigned)line + 1;
        return OK;
    }
    struct yaml_node *node;
    if ((err = new_node(b, YAML_KIND_SCALAR, line, &node)) == OK)
        node->text = text;
    return err;
}

static enum err on_open(struct builder *b, enum yaml_kind kind, const yaml_char_t *anchor,
                        const yaml_char_t *tag, size_t line)
{
    struct yaml_node *node;
    if (anchor != NULL || tag != NULL)
        return refuse(b, ERR_SYNTAX, line, "anchors and tags are not used here");
    if (b->depth == YAML_DEPTH_MAX)
        return refuse(b, ERR_TOO_LARGE, line, "nested too deep");
    enum err err = new_node(b, kind, line, &node);
    if (err == OK)
        b->levels[b->depth++] = (struct level){node, b->pile_len};
    return err;
}

static int by_key(const void *a, const void *b)
{
    const struct yaml_node *const *left = a;
    const struct yaml_node *const *right = b;
    int order = strcmp((*left)->key, (*right)->key);
    return order != 0 ? order : (int)(*left)->key_line - (int)(*right)->key_line;
}

/* Sort the entries of a map for yaml_get, and refuse a key that stands twice. */
static enum err index_map(struct builder *b, struct yaml_node *map)
{
    map->by_key = take(b->tree, map->count * sizeof(struct yaml_node *));
    if (map->by_key == NULL)
        return refuse(b, ERR_NO_MEMORY, map->line, "tree");
    memcpy(map->by_key, map->items, map->count * sizeof(struct yaml_node *));
    qsort(map->by_key, map->count, sizeof(struct yaml_node *), by_key);
    for (size_t i = 1; i < map->count; i++) {
        if (strcmp(map->by_key[i - 1]->key, map->by_key[i]->key) == 0)
            return fault_set(b->fault, ERR_SYNTAX, map->by_key[i]->key_line, b->tree->name,
                             "the key %s stands twice", map->by_key[i]->key);
    }
    return OK;
}

static enum err on_close(struct builder *b)
{
    struct level *level = &b->levels[--b->depth];
    struct yaml_node *node = level->node;
    node->count = b->pile_len - level->base;
    b->pile_len = level->base;
    if (node->count == 0)
        return OK;
    node->items = take(b->tree, node->count * sizeof(struct yaml_node *));
    if (node->items == NULL)
        return refuse(b, ERR_NO_MEMORY, node->line, "tree");
    memcpy(node->items, b->pile + level->base, node->count * sizeof(struct yaml_node *));
    return node->kind == YAML_KIND_MAP ? index_map(b, node) : OK;
}

static enum err on_event(struct builder *b, const yaml_event_t *e)
{
    size_t line = e->start_mark.line;
    switch (e->type) {
    case YAML_SCALAR_EVENT:
        return on_scalar(b, e);
    case YAML_MAPPING_START_EVENT:
        return on_open(b, YAML_KIND_MAP, e->data.mapping_start.anchor, e->data.mapping_start.tag,
                       line);
    case YAML_SEQUENCE_START_EVENT:
        return on_open(b, YAML_KIND_LIST, e->data.sequence_start.anchor, e->data.sequence_start.tag,
                       line);
    case YAML_MAPPING_END_EVENT:
    case YAML_SEQUENCE_END_EVENT:
        return on_close(b);
    case YAML_ALIAS_EVENT:
        return refuse(b, ERR_SYNTAX, line, "aliases are not used here");
    case YAML_DOCUMENT_START_EVENT:
        if (b->tree->root != NULL)
            return refuse(b, ERR_SYNTAX, line, "one document a file");
        if (e->data.document_start.version_directive != NULL ||
            e->data.document_start.tag_directives.start !=
                e->data.document_start.tag_directives.end)
            return refuse(b, ERR_SYNTAX, line, "directives are not used here");
        return OK;
    case YAML_STREAM_END_EVENT:
        b->done = true;
        return OK;
    default:
        return OK;
    }
}

static enum err parser_refusal(struct builder *b, const yaml_parser_t *parser)
{
    enum err err = ERR_SYNTAX;
    if (parser->error == YAML_MEMORY_ERROR)
        err = ERR_NO_MEMORY;
    else if (parser->error == YAML_READER_ERROR)
        err = ERR_UTF8;
    return refuse(b, err, parser->problem_mark.line,
                  parser->problem == NULL ? "" : parser->problem);
}

static enum err build(struct builder *b, struct span text)
{
    yaml_parser_t parser;
    if (yaml_parser_initialize(&parser) == 0)
        return refuse(b, ERR_NO_MEMORY, 0, "parser");
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser, text.data, text.len);
    enum err err = OK;
    while (err == OK && !b->done) {
        yaml_event_t event;
        if (yaml_parser_parse(&parser, &event) == 0) {
            err = parser_refusal(b, &parser);
            break;
        }
        err = on_event(b, &event);
        yaml_event_delete(&event);
    }
    yaml_parser_delete(&parser);
    return err;
}

enum err yaml_parse(struct yaml **out, struct span text, const char *name, struct fault *f)
{
    enum err err = ERR_NO_MEMORY;
    struct builder b = {.fault = f};
    *out = NULL;
    struct yaml *y = calloc(1, sizeof *y);
    if (y == NULL)
        return fault_set(f, ERR_NO_MEMORY, 0, name, "tree");
    b.tree = y;
    char *copy = take_from(&y->texts, strlen(name) + 1);
    if (copy == NULL)
        goto out;
    memcpy(copy, name, strlen(name) + 1);
    y->name = copy;
    if (text.len > YAML_FILE_MAX) {
        err = fault_set(f, ERR_TOO_LARGE, 0, name, "at most %d bytes", YAML_FILE_MAX);
        goto out;
    }
    if ((err = build(&b, text)) != OK)
        goto out;
    if (y->root == NULL) {
        struct yaml_node *empty;
        if ((err = new_node(&b, YAML_KIND_MAP, 0, &empty)) != OK)
            goto out;
    }
    *out = y; /* ownership leaves here */
    y = NULL;
    err = OK;
out:
    free(b.pile);
    yaml_close(&y);
    return err;
}

enum err yaml_open(struct yaml **out, const char *path, struct fault *f)
{
    uint8_t *data;
    size_t len;
    *out = NULL;
    enum err err = file_read(path, YAML_FILE_MAX, 0, &data, &len, f);
    if (err != OK)
        return err;
    err = yaml_parse(out, span_of(data, len), path, f);
    free(data);
    return err;
}

void yaml_keep_texts(struct yaml *y)
{
    free_blocks(&y->blocks);
    free_blocks(&y->keys);
    y->root = NULL;
    y->node_count = 0;
}

void yaml_close(struct yaml **y)
{
    if (*y == NULL)
        return;
    yaml_keep_texts(*y);
    free_blocks(&(*y)->texts);
    free(*y);
    *y = NULL;
}
