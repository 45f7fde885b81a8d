/* The inside of base/yaml.h, shared by its parser and its accessors. */
#ifndef BASE_YAML_TREE_H
#define BASE_YAML_TREE_H

#include "base/yaml.h"

struct yaml_node {
    const struct yaml *tree;
    enum yaml_kind kind;
    unsigned line;
    unsigned key_line;
    const char *key;  /* of a map's entry */
    const char *text; /* of a scalar */
    size_t count;
    const struct yaml_node **items;  /* in the order of the file */
    const struct yaml_node **by_key; /* of a map, sorted */
};

struct yaml_block;

struct yaml {
    struct yaml_block *blocks; /* nodes live here, */
    struct yaml_block *keys;   /* keys here, */
    struct yaml_block *texts;  /* values and the name here */
    const char *name;
    const struct yaml_node *root;
    size_t node_count;
};

#endif
