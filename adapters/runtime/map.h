/*
 * map - a department's own records and our documents, by a table (map.yaml) instead of code.
 *
 *   records:  department record ──map_out──> canonical document {"type","to","facts",…}
 *   incoming: canonical document ──map_in──> department record
 *
 * map.yaml: department; kind (the field that tells what a record is); date, time (forms); codes
 * (named tables: word of the department: ours); records and incoming, each with name, type,
 * fields. A field has name and to (one target or several: "facts.persons.0.id", "to", "basis",
 * "attachments"), and may have as (value.h), codes, need, default, role (attachments), each
 * (fields of the items of a list). Records may have to (departments or `hub`), csv (first word
 * of file names) and set (constants; "@police" is that department of the own region,
 * "{field}" the text of a field).
 * A further target is filled only where its part has other content already: the id of an order
 * stands in its sealed part only when there is one.
 *
 * Guarantees:
 *   1. map_open refuses, with the line, what could not work: unknown keys and types, targets that
 *      the type's body does not have, forms, code tables that are missing or ambiguous.
 *   2. map_out refuses unknown fields and kinds, missing fields, values that do not convert;
 *      all problems of a record are reported, each with the department's field name.
 *   3. map_in loses nothing: what the table does not name stands under "其他" in canonical form.
 *   4. A record with the key "type" is canonical already and passes as it is.
 *
 * Ownership: results are the caller's, json_close. Thread rule: read-only after open.
 */
#ifndef ADAPTERS_RUNTIME_MAP_H
#define ADAPTERS_RUNTIME_MAP_H

#include "adapters/runtime/report.h"
#include "base/yaml.h"
#include "json.h"

enum {
    MAP_RECORDS_MAX = 128,
    MAP_FIELDS_MAX = 64, /* of a record, or of the items of a list */
    MAP_TARGETS_MAX = 2,
    MAP_PATH_MAX = 96,
    MAP_LIST_MAX = 256, /* items of a list in a record */
};

struct map;

/* dir/map.yaml. member is the own one: its region completes department names. */
MUST_USE enum err map_open(struct map **out, const char *dir, const char *member, struct fault *f);
/* The same from text; name stands in faults. */
MUST_USE enum err map_parse(struct map **out, struct span text, const char *name,
                            const char *member, struct fault *f);
void map_close(struct map **map);

/* The kind of record whose csv word begins this file name; NULL: none. */
const char *map_csv_kind(const struct map *map, const char *file_name);

/* kind NULL: the record names it itself. */
MUST_USE enum err map_out(const struct map *map, const char *kind, const struct json *record,
                          struct report *report, struct json **document);

MUST_USE enum err map_in(const struct map *map, const struct json *document, struct json **record);

/* The department's name of a canonical place: "persons[1].id" of facts is "人员[2].证件号码".
 * Falls back to the place itself. */
void map_field_name(const struct map *map, const char *kind, const struct json *record,
                    const char *place, char *out, size_t cap);

#endif
