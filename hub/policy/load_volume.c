#include "policy/load.h"
#include "policy/volume.h"

#include "catalogue.h"
#include "document.pb.h"

#include <stdlib.h>
#include <string.h>

enum { NUMBER_MAX = 1000000000, DAYS_MAX = 366, FACTOR_MAX = 1000, WEIGHT_MAX = 1000 };

static const char file_name[] = "volume.yaml";

struct volume {
    struct yaml *tree; /* owns; all strings live here */
    size_t count;
    struct volume_measure measure[VOLUME_MEASURES_MAX];
};

_Static_assert((int)_lianshu_DocumentType_MAX < (int)VOLUME_TYPES_MAX, "every type has a weight");

/* What a row of weights is for: a type, or 0 for the types that are not listed. */
static bool type_of(struct load *l, const struct yaml_node *node, uint32_t *number)
{
    const char *name = load_text(l, node, "type", true);
    const struct document_type *type = type_by_name(name);
    const bool others = strcmp(name, "*") == 0;
    if (type == NULL && !others)
        load_problem(l, yaml_line(node), PROBLEM_VALUE, "type: %s", name);
    *number = others || type == NULL ? 0 : type->number;
    return others || type != NULL;
}

static void load_weights(struct load *l, struct volume_measure *m, const struct yaml_node *list)
{
    static const char *const keys[] = {"type", "weight", NULL};
    bool listed[VOLUME_TYPES_MAX] = {false};
    for (size_t i = 0; i < yaml_count(list); i++) {
        const struct yaml_node *node = yaml_item(list, i);
        uint32_t number;
        if (!load_keys(l, node, keys) || !type_of(l, node, &number))
            continue;
        if (listed[number])
            load_problem(l, yaml_line(node), PROBLEM_DUPLICATE, "%s",
                         yaml_text(yaml_get(node, "type")));
        listed[number] = true;
        m->weight[number] = load_uint(l, node, "weight", WEIGHT_MAX, 0);
    }
    for (size_t i = 1; i < VOLUME_TYPES_MAX; i++)
        m->weight[i] = listed[i] ? m->weight[i] : m->weight[0];
}

static uint32_t load_number(struct load *l, const struct yaml_node *node, const char *key,
                            uint32_t max)
{
    const uint32_t value = load_uint(l, node, key, max, 0);
    if (value == 0)
        load_problem(l, yaml_line(node), PROBLEM_VALUE, "%s: 1..%u", key, max);
    return value;
}

static void load_one(struct load *l, struct volume *v, const struct yaml_node *node)
{
    static const char *const keys[] = {"measure", "zh",    "en",    "days", "least_days", "floor",
                                       "factor",  "first", "basis", "mark", "weights",    NULL};
    if (!load_keys(l, node, keys))
        return;
    if (v->count == VOLUME_MEASURES_MAX) {
        load_problem(l, yaml_line(node), PROBLEM_TOO_MANY, "measure: %d", VOLUME_MEASURES_MAX);
        return;
    }
    struct volume_measure *m = &v->measure[v->count++];
    *m = (struct volume_measure){
        .word = load_text(l, node, "measure", true),
        .zh = load_text(l, node, "zh", true),
        .en = load_text(l, node, "en", true),
        .days = load_number(l, node, "days", DAYS_MAX),
        .least_days = load_number(l, node, "least_days", DAYS_MAX),
        .floor = load_number(l, node, "floor", NUMBER_MAX),
        .factor = load_number(l, node, "factor", FACTOR_MAX),
        .first = load_number(l, node, "first", NUMBER_MAX),
        .basis = load_text(l, node, "basis", true),
        .mark = load_mark(l, node, "mark"),
    };
    if (m->word[0] == '\0' || strlen(m->word) > VOLUME_WORD_MAX)
        load_problem(l, yaml_line(node), PROBLEM_VALUE, "measure: 1..%d", VOLUME_WORD_MAX);
    for (size_t i = 0; i + 1 < v->count; i++) {
        if (strcmp(v->measure[i].word, m->word) == 0)
            load_problem(l, yaml_line(node), PROBLEM_DUPLICATE, "%s", m->word);
    }
    load_weights(l, m, load_list(l, node, "weights", true));
}

static void load_all(struct load *l, struct volume *v)
{
    static const char *const keys[] = {"volume", NULL};
    const struct yaml_node *root = yaml_root(v->tree);
    if (!load_keys(l, root, keys))
        return;
    const struct yaml_node *list = load_list(l, root, "volume", true);
    for (size_t i = 0; i < yaml_count(list); i++)
        load_one(l, v, yaml_item(list, i));
}

enum err volume_open(struct volume **out, const char *dir, struct ruleset_faults *faults)
{
    *out = NULL;
    memset(faults, 0, sizeof *faults);
    struct volume *v = calloc(1, sizeof *v);
    if (v == NULL)
        return ERR_NO_MEMORY;
    struct load l = {.faults = faults, .file = file_name};
    load_tree(&l, &v->tree, dir);
    if (faults->total == 0)
        load_all(&l, v);
    if (v->tree != NULL)
        yaml_keep_texts(v->tree);
    const enum err err = load_err(&l);
    if (err != OK) {
        volume_close(&v);
        return err;
    }
    *out = v;
    return OK;
}

void volume_close(struct volume **v)
{
    if (*v != NULL)
        yaml_close(&(*v)->tree);
    free(*v);
    *v = NULL;
}

size_t volume_count(const struct volume *v)
{
    return v->count;
}

const struct volume_measure *volume_measure(const struct volume *v, size_t i)
{
    return &v->measure[i];
}

uint32_t volume_weight(const struct volume_measure *m, uint32_t type)
{
    return type < VOLUME_TYPES_MAX ? m->weight[type] : 0;
}

uint64_t volume_limit(const struct volume_measure *m, uint32_t days, uint64_t usual_milli)
{
    if (days < m->least_days)
        return m->first;
    const uint64_t times = usual_milli * m->factor / VOLUME_MILLI;
    return times > m->floor ? times : m->floor;
}

uint64_t volume_usual(const struct volume_measure *m, uint32_t days, uint64_t usual_milli,
                      uint64_t count)
{
    const uint64_t limit = volume_limit(m, days, usual_milli);
    const uint64_t counted = (count < limit ? count : limit) * VOLUME_MILLI;
    const uint64_t share = days + 1 < m->days ? days + 1 : m->days;
    return counted >= usual_milli ? usual_milli + (counted - usual_milli) / share
                                  : usual_milli - (usual_milli - counted) / share;
}
