#include "policy/load.h"

#include "base/clock.h"
#include "base/file.h"
#include "ident.h"

#include <assert.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const problem_words[PROBLEMS] = {
    [PROBLEM_SYNTAX] = "syntax",
    [PROBLEM_KEY_UNKNOWN] = "unknown_key",
    [PROBLEM_KEY_MISSING] = "missing_key",
    [PROBLEM_VALUE] = "bad_value",
    [PROBLEM_TOO_MANY] = "too_many",
    [PROBLEM_DUPLICATE] = "duplicate",
    [PROBLEM_MEASURE_UNKNOWN] = "unknown_measure",
    [PROBLEM_LIST_UNKNOWN] = "unknown_list",
    [PROBLEM_DEPARTMENT_UNKNOWN] = "unknown_department",
    [PROBLEM_BASIS_UNKNOWN] = "unknown_basis",
    [PROBLEM_TYPE_UNKNOWN] = "unknown_type",
    [PROBLEM_ROLE_UNKNOWN] = "unknown_role",
    [PROBLEM_RULE_UNKNOWN] = "unknown_rule",
    [PROBLEM_CLOCK_UNKNOWN] = "unknown_clock",
    [PROBLEM_REGION_UNKNOWN] = "unknown_region",
    [PROBLEM_STATE_UNKNOWN] = "unknown_state",
    [PROBLEM_STATE_UNREACHED] = "unreachable_state",
    [PROBLEM_STATE_WITHOUT_EXIT] = "state_without_exit",
    [PROBLEM_TWO_SIDES] = "two_sides",
    [PROBLEM_NEXT_UNTOLD] = "next_untold",
    [PROBLEM_DOCUMENT_UNKNOWN] = "unknown_document",
    [PROBLEM_MUST_WITHOUT_BASIS] = "must_without_basis",
    [PROBLEM_BASIS_NOT_IN_FORCE] = "basis_not_in_force",
    [PROBLEM_MEASURE_OUTSIDE_REGION] = "measure_outside_region",
    [PROBLEM_TERM_OUT_OF_BOUNDS] = "term_out_of_bounds",
    [PROBLEM_PROPAGATION_WITHOUT_BASIS] = "propagation_without_basis",
    [PROBLEM_CONTRADICTION] = "contradiction",
    [PROBLEM_CYCLE] = "cycle",
};

const char *ruleset_problem_word(enum ruleset_problem problem)
{
    assert((unsigned)problem < PROBLEMS);
    return problem_words[problem];
}

void load_problem(struct load *l, unsigned line, enum ruleset_problem problem, const char *fmt, ...)
{
    char text[ERR_DETAIL_MAX];
    va_list args;

    l->faults->total++;
    if (l->faults->count == RULESET_FAULTS_MAX)
        return;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    (void)fault_set(&l->faults->fault[l->faults->count++], ERR_RULE_SET, line, l->file, "%s: %s",
                    problem_words[problem], text);
}

bool load_keys(struct load *l, const struct yaml_node *map, const char *const *keys)
{
    if (yaml_kind(map) != YAML_KIND_MAP) {
        load_problem(l, yaml_line(map), PROBLEM_SYNTAX, "应为键值表 / a map is expected");
        return false;
    }
    for (size_t i = 0; i < yaml_count(map); i++) {
        const char *key = yaml_key(map, i);
        size_t k = 0;
        while (keys[k] != NULL && strcmp(keys[k], key) != 0)
            k++;
        if (keys[k] == NULL)
            load_problem(l, yaml_line(yaml_item(map, i)), PROBLEM_KEY_UNKNOWN, "%s", key);
    }
    return true;
}

const struct yaml_node *load_node(struct load *l, const struct yaml_node *map, const char *key,
                                  bool needed)
{
    const struct yaml_node *node = yaml_get(map, key);
    if (node == NULL && needed)
        load_problem(l, yaml_line(map), PROBLEM_KEY_MISSING, "%s", key);
    return node;
}

const struct yaml_node *load_list(struct load *l, const struct yaml_node *map, const char *key,
                                  bool needed)
{
    const struct yaml_node *node = load_node(l, map, key, needed);
    if (node != NULL && yaml_kind(node) != YAML_KIND_LIST) {
        load_problem(l, yaml_line(node), PROBLEM_SYNTAX, "%s: 应为列表 / a list is expected", key);
        return NULL;
    }
    if (needed && node != NULL && yaml_count(node) == 0)
        load_problem(l, yaml_line(node), PROBLEM_KEY_MISSING, "%s: []", key);
    return node;
}

const char *load_text(struct load *l, const struct yaml_node *map, const char *key, bool needed)
{
    const struct yaml_node *node = load_node(l, map, key, needed);
    if (node == NULL)
        return "";
    const char *text = yaml_text(node);
    if (text == NULL || (needed && text[0] == '\0') || strlen(text) >= RULE_NOTE_MAX) {
        load_problem(l, yaml_line(node), PROBLEM_VALUE, "%s: 应为文字 / text is expected", key);
        return "";
    }
    return text;
}

bool load_bool(struct load *l, const struct yaml_node *map, const char *key, bool absent)
{
    const struct yaml_node *node = yaml_get(map, key);
    bool value = absent;
    if (node != NULL && yaml_bool(node, &value, NULL) != OK)
        load_problem(l, yaml_line(node), PROBLEM_VALUE, "%s: true | false", key);
    return value;
}

static void load_unread(struct load *l, enum err err, const struct fault *f)
{
    if (err == ERR_NO_MEMORY)
        l->no_memory = true;
    load_problem(l, f->line, PROBLEM_SYNTAX, "%s", f->detail[0] == '\0' ? err_en(err) : f->detail);
}

enum err load_err(const struct load *l)
{
    if (l->no_memory)
        return ERR_NO_MEMORY;
    return l->faults->total > 0 ? ERR_RULE_SET : OK;
}

bool load_file(struct load *l, const char *dir, struct yaml **tree, uint8_t **bytes, size_t *len)
{
    char path[PATH_MAX];
    struct fault f = {0};
    *bytes = NULL;
    const int n = snprintf(path, sizeof path, "%s/%s", dir, l->file);
    if ((size_t)n >= sizeof path) {
        load_problem(l, 0, PROBLEM_SYNTAX, "路径过长 / the path is too long");
        return false;
    }
    enum err err = file_read(path, RULESET_FILE_MAX, 0, bytes, len, &f);
    if (err == OK)
        err = yaml_parse(tree, span_of(*bytes, *len), l->file, &f);
    if (err != OK)
        load_unread(l, err, &f);
    return err == OK;
}

void load_tree(struct load *l, struct yaml **tree, const char *dir)
{
    uint8_t *bytes;
    size_t len;
    (void)load_file(l, dir, tree, &bytes, &len); /* a problem of the set, if any */
    free(bytes);
}

uint32_t load_uint(struct load *l, const struct yaml_node *map, const char *key, uint32_t max,
                   uint32_t absent)
{
    const struct yaml_node *node = yaml_get(map, key);
    uint64_t value = absent;
    if (node != NULL && yaml_uint(node, max, &value, NULL) != OK) {
        load_problem(l, yaml_line(node), PROBLEM_VALUE, "%s: 0..%u", key, max);
        return absent;
    }
    return (uint32_t)value;
}

uint32_t load_date(struct load *l, const struct yaml_node *map, const char *key, uint32_t absent)
{
    const struct yaml_node *node = yaml_get(map, key);
    uint32_t date = absent;
    if (node == NULL)
        return absent;
    const char *text = yaml_text(node);
    if (text == NULL || !date_parse(text, &date)) {
        load_problem(l, yaml_line(node), PROBLEM_VALUE, "%s: 应为日期 / a date: 2026-04-01", key);
        return absent;
    }
    return date;
}

struct term load_term(struct load *l, const struct yaml_node *map, const char *key, bool needed,
                      unsigned units)
{
    const struct yaml_node *node = load_node(l, map, key, needed);
    struct term term = {0};
    if (node == NULL)
        return term;
    const char *text = yaml_text(node);
    if (text == NULL || !term_parse(text, &term) || (units & (1u << term.unit)) == 0) {
        load_problem(l, yaml_line(node), PROBLEM_VALUE,
                     "%s: 应为期限 / a term: 3 working_days, 10 years, life", key);
        term = (struct term){0};
    }
    return term;
}

char load_mark(struct load *l, const struct yaml_node *map, const char *key)
{
    const struct yaml_node *node = load_node(l, map, key, true);
    if (node == NULL)
        return 'D';
    const char *text = yaml_text(node);
    if (text == NULL || strlen(text) != 1 || strchr("VSMD", text[0]) == NULL) {
        load_problem(l, yaml_line(node), PROBLEM_VALUE, "%s: V | S | M | D", key);
        return 'D';
    }
    return text[0];
}

const char *load_region(struct load *l, const struct yaml_node *map, const char *key,
                        const char *absent)
{
    const struct yaml_node *node = yaml_get(map, key);
    if (node == NULL)
        return absent;
    const char *text = yaml_text(node);
    if (text == NULL || !region_valid(text)) {
        load_problem(l, yaml_line(node), PROBLEM_REGION_UNKNOWN, "%s: GB/T 2260", key);
        return absent;
    }
    return text;
}

static bool word_index(const char *text, const char *const *words, unsigned *index)
{
    for (unsigned i = 0; text != NULL && words[i] != NULL; i++) {
        if (strcmp(words[i], text) == 0) {
            *index = i;
            return true;
        }
    }
    return false;
}

unsigned load_word(struct load *l, const struct yaml_node *map, const char *key,
                   const char *const *words, unsigned absent)
{
    const struct yaml_node *node = yaml_get(map, key);
    unsigned index = absent;
    if (node != NULL && !word_index(yaml_text(node), words, &index))
        load_problem(l, yaml_line(node), PROBLEM_VALUE, "%s: %s, …", key, words[0]);
    return index;
}

unsigned load_words(struct load *l, const struct yaml_node *map, const char *key,
                    const char *const *words, unsigned absent)
{
    const struct yaml_node *list = load_list(l, map, key, false);
    unsigned set = 0;
    if (list == NULL)
        return absent;
    for (size_t i = 0; i < yaml_count(list); i++) {
        unsigned index = 0;
        if (word_index(yaml_text(yaml_item(list, i)), words, &index))
            set |= 1u << index;
        else
            load_problem(l, yaml_line(yaml_item(list, i)), PROBLEM_VALUE, "%s: %s, …", key,
                         words[0]);
    }
    return set;
}

uint32_t load_departments(struct load *l, const struct yaml_node *map, const char *key, bool needed)
{
    const struct yaml_node *list = load_list(l, map, key, needed);
    uint32_t set = 0;
    for (size_t i = 0; i < yaml_count(list); i++) {
        const struct yaml_node *item = yaml_item(list, i);
        const char *text = yaml_text(item);
        unsigned bit = 0;
        if (text != NULL && department_find(text, &bit))
            set |= UINT32_C(1) << bit;
        else
            load_problem(l, yaml_line(item), PROBLEM_DEPARTMENT_UNKNOWN, "%s",
                         text == NULL ? key : text);
    }
    return set;
}

struct owners load_owners(struct load *l, const struct yaml_node *map, const char *key,
                          const struct owners *absent)
{
    static const char *const keys[] = {"each", "either", NULL};
    static const char *const words[] = {"departments", "every", "issuer", NULL};
    const struct yaml_node *node = load_node(l, map, key, absent == NULL);
    struct owners owners = {0};

    if (node == NULL)
        return absent == NULL ? owners : *absent;
    if (yaml_kind(node) == YAML_KIND_SCALAR) {
        owners.who = (enum who)load_word(l, map, key, words, WHO_EVERY);
        if (owners.who == WHO_DEPARTMENTS)
            load_problem(l, yaml_line(node), PROBLEM_VALUE, "%s: every | issuer | {each, either}",
                         key);
        return owners;
    }
    if (!load_keys(l, node, keys))
        return owners;
    owners.each = load_departments(l, node, "each", false);
    owners.either = load_departments(l, node, "either", false);
    if (owners.each == 0 && owners.either == 0)
        load_problem(l, yaml_line(node), PROBLEM_VALUE, "%s: 无人承担 / nobody owes it", key);
    return owners;
}
