/*
 * yaml - configuration and rule files as a bounded, read-only tree that knows its lines.
 *
 * A strict part of YAML 1.1: mappings, sequences, scalars. Anchors, aliases, tags, merge
 * keys, several documents and repeated keys are refused, for they make a file mean what
 * its reader does not see.
 *
 * Guarantees:
 *   1. Every refusal, here or by yaml_fault, names file and line.
 *   2. The tree has at most YAML_NODES_MAX nodes, YAML_DEPTH_MAX levels and comes from a
 *      file of at most YAML_FILE_MAX bytes; text is valid UTF-8 (base/utf8.h).
 *   3. Accessors accept NULL nodes and answer "absent", so look-ups can be chained.
 *   4. A scalar's type is decided by the accessor, not by its looks: yaml_text gives the
 *      characters of `no`, `012` or `1e3` as they stand.
 *
 * Ownership: nodes and texts are borrowed from the tree and live until yaml_close, nodes and keys
 * at most until yaml_keep_texts.
 * Thread rule: read-only after open; yaml_keep_texts is its owner's.
 */
#ifndef BASE_YAML_H
#define BASE_YAML_H

#include "base/err.h"
#include "base/span.h"

enum {
    YAML_FILE_MAX = 4 << 20,
    YAML_NODES_MAX = 200000,
    YAML_DEPTH_MAX = 16,
    YAML_TEXT_MAX = 4096
};

enum yaml_kind { YAML_KIND_NONE, YAML_KIND_SCALAR, YAML_KIND_LIST, YAML_KIND_MAP };

struct yaml;
struct yaml_node;

/* Load a file, or text whose name stands in faults. An empty file is an empty map. */
MUST_USE enum err yaml_open(struct yaml **out, const char *path, struct fault *f);
MUST_USE enum err yaml_parse(struct yaml **out, struct span text, const char *name,
                             struct fault *f);
void yaml_close(struct yaml **y);
/* Everything was read that is to be: give back all but the texts of values, which are a tenth. */
void yaml_keep_texts(struct yaml *y);

const struct yaml_node *yaml_root(const struct yaml *y);

enum yaml_kind yaml_kind(const struct yaml_node *node);
unsigned yaml_line(const struct yaml_node *node);
size_t yaml_count(const struct yaml_node *node); /* items or entries */
const struct yaml_node *yaml_item(const struct yaml_node *node,
                                  size_t i);                 /* value of a map's i-th entry, too */
const char *yaml_key(const struct yaml_node *map, size_t i); /* NULL beyond the end */
const struct yaml_node *yaml_get(const struct yaml_node *map, const char *key);

/* Characters of a scalar; NULL when absent or not a scalar. */
const char *yaml_text(const struct yaml_node *node);

/* Typed scalars. An absent node (NULL) is ERR_FIELD_MISSING without a line: name it with
 * yaml_need first. Numbers are decimal digits. */
MUST_USE enum err yaml_uint(const struct yaml_node *node, uint64_t max, uint64_t *out,
                            struct fault *f);
MUST_USE enum err yaml_bool(const struct yaml_node *node, bool *out,
                            struct fault *f); /* true, false */
/* Copy a scalar into out[cap]; ERR_FIELD_LONG with the bound when it does not fit. */
MUST_USE enum err yaml_copy(const struct yaml_node *node, char *out, size_t cap, struct fault *f);

/* The entry `key` of map, which must be there and of this kind (YAML_KIND_NONE: any). */
MUST_USE enum err yaml_need(const struct yaml_node *map, const char *key, enum yaml_kind kind,
                            const struct yaml_node **out, struct fault *f);

/* Refuse every key of map that is not in keys (NULL-terminated list), with its line. */
MUST_USE enum err yaml_only_keys(const struct yaml_node *map, const char *const *keys,
                                 struct fault *f);

/* Fill a fault with the node's file and line. */
enum err yaml_fault(const struct yaml_node *node, enum err err, struct fault *f, const char *fmt,
                    ...) __attribute__((format(printf, 4, 5)));

#endif
