/* The table in map.yaml, as map_load.c reads it and map.c applies it. */
#ifndef ADAPTERS_RUNTIME_MAP_TABLE_H
#define ADAPTERS_RUNTIME_MAP_TABLE_H

#include "adapters/runtime/map.h"
#include "adapters/runtime/value.h"
#include "catalogue.h"

/* Texts are borrowed from the YAML tree, which lives as long as the map. */
struct field {
    const char *name;
    const char *target[MAP_TARGETS_MAX];
    size_t target_count;
    struct value_rule rule;
    bool need;
    const char *fallback; /* NULL: none */
    const char *role;     /* of attachments; "" */
    struct field *each;   /* fields of the items; owned */
    size_t each_count;
    const struct yaml_node *items; /* where `each` stands; NULL: no list */
    unsigned line;
};

struct record {
    const char *name;
    const struct document_type *type;
    const char *csv; /* NULL: none */
    const struct yaml_node *to, *set;
    struct field *fields; /* owned */
    size_t field_count;
};

struct map {
    struct yaml *yaml;
    struct yaml *shared;          /* the included file; NULL: none */
    const struct yaml_node *root; /* of the file that is being read */
    const char *dir;              /* of map.yaml; NULL: it came as text */
    const char *kind;             /* name of the field that tells the kind; NULL: canonical only */
    const char *date, *time;
    char member[41], region[7];
    struct record *records, *incoming; /* owned */
    size_t record_count, incoming_count;
};

/* Does the body of desc have this field: "persons.0.id", "persons.id" (in a list)? */
bool map_target_known(const pb_msgdesc_t *desc, const char *path);

/* NULL: no such kind of record. */
const struct record *map_record(const struct map *map, const char *name);

MUST_USE enum err map_load(struct map *map, struct fault *f);

#endif
