#include "policy/load.h"

#include "base/file.h"
#include "keys/hash.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char *const file_names[FILE_COUNT] = {
    [FILE_BASES] = "bases.yaml",       [FILE_CASES] = "cases.yaml", [FILE_CLOCKS] = "clocks.yaml",
    [FILE_CREDIT] = "credit.yaml",     [FILE_GATES] = "gates.yaml", [FILE_LISTS] = "lists.yaml",
    [FILE_MEASURES] = "measures.yaml", [FILE_RULES] = "rules.yaml",
};

const char *load_file_name(unsigned file)
{
    return file_names[file];
}

static bool file_known(const char *name)
{
    if (strcmp(name, "retention.yaml") == 0 || strcmp(name, "volume.yaml") == 0)
        return true; /* beside the set: retention.h, volume.h */
    for (unsigned i = 0; i < FILE_COUNT; i++)
        if (strcmp(file_names[i], name) == 0)
            return true;
    return false;
}

/* A YAML file that is no part of the set would be silently without effect: refuse it. */
static enum err check_strays(struct load *l, const char *dir)
{
    DIR *d = opendir(dir);
    if (d == NULL) {
        l->file = dir;
        enum err err = file_errno(errno);
        (void)fault_set(&l->faults->fault[l->faults->count++], err, 0, dir,
                        "规则目录不可读 / the rule directory cannot be read");
        l->faults->total++;
        return err;
    }
    for (const struct dirent *entry = readdir(d); entry != NULL; entry = readdir(d)) {
        const char *dot = strrchr(entry->d_name, '.');
        l->file = entry->d_name;
        if (dot != NULL && (strcmp(dot, ".yaml") == 0 || strcmp(dot, ".yml") == 0) &&
            !file_known(entry->d_name))
            load_problem(l, 0, PROBLEM_KEY_UNKNOWN, "不属于规则集 / not part of a rule set");
    }
    (void)closedir(d); /* read only: nothing to lose */
    return OK;
}

static void read_one(struct load *l, const char *dir, unsigned file, struct sha256 *hash)
{
    uint8_t head[sizeof(uint16_t)];
    uint8_t size[sizeof(uint32_t)];
    uint8_t *bytes;
    size_t len;

    l->file = file_names[file];
    if (load_file(l, dir, &l->rs->tree[file], &bytes, &len)) {
        struct writer w = writer_of(head, sizeof head);
        write_uint(&w, strlen(file_names[file]), 2);
        sha256_add(hash, writer_span(&w));
        sha256_add(hash, span_str(file_names[file]));
        w = writer_of(size, sizeof size);
        write_uint(&w, len, 4);
        sha256_add(hash, writer_span(&w));
        sha256_add(hash, span_of(bytes, len));
    }
    free(bytes);
}

static void build(struct load *l)
{
    static const struct {
        unsigned file;
        void (*load)(struct load *l, const struct yaml_node *root);
    } order[] = {
        {FILE_MEASURES, load_measures}, {FILE_BASES, load_bases_file}, {FILE_CLOCKS, load_clocks},
        {FILE_LISTS, load_lists},       {FILE_RULES, load_rules},      {FILE_GATES, load_gates},
        {FILE_CASES, load_cases},       {FILE_CREDIT, load_credit},
    };
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
        l->file = file_names[order[i].file];
        order[i].load(l, yaml_root(l->rs->tree[order[i].file]));
    }
    l->file = file_names[FILE_RULES];
    check_rules(l);
}

enum err ruleset_open(struct ruleset **out, const char *dir, struct ruleset_faults *faults)
{
    enum err err = ERR_NO_MEMORY;
    struct sha256 hash;

    *out = NULL;
    memset(faults, 0, sizeof *faults);
    struct ruleset *rs = calloc(1, sizeof *rs);
    if (rs == NULL)
        return ERR_NO_MEMORY;
    struct load l = {.rs = rs, .faults = faults, .file = dir};
    rs->name = "";

    err = check_strays(&l, dir);
    if (err != OK)
        goto out;
    sha256_init(&hash);
    for (unsigned file = 0; file < FILE_COUNT; file++)
        read_one(&l, dir, file, &hash);
    sha256_done(&hash, rs->hash);
    if ((err = load_err(&l)) != OK)
        goto out; /* what is missing would only cause a flood of unknown codes */
    build(&l);
    for (unsigned file = 0; file < FILE_COUNT; file++)
        yaml_keep_texts(rs->tree[file]);
    if ((err = load_err(&l)) != OK)
        goto out;
    *out = rs;
    rs = NULL;

out:
    ruleset_close(&rs);
    return err;
}

void ruleset_close(struct ruleset **rs)
{
    if (*rs == NULL)
        return;
    for (unsigned file = 0; file < FILE_COUNT; file++)
        yaml_close(&(*rs)->tree[file]);
    free(*rs);
    *rs = NULL;
}

void ruleset_hash(const struct ruleset *rs, uint8_t out[static RULESET_HASH_LEN])
{
    memcpy(out, rs->hash, RULESET_HASH_LEN);
}

uint64_t ruleset_activate_at_ms(const struct ruleset *rs)
{
    return rs->activate_at_ms;
}

const char *ruleset_name(const struct ruleset *rs)
{
    return rs->name;
}

const struct rule_measure *ruleset_measure(const struct ruleset *rs, const char *code)
{
    for (size_t i = 0; i < rs->measure_count; i++)
        if (strcmp(rs->measure[i].code, code) == 0)
            return &rs->measure[i];
    return NULL;
}

const struct rule_list *ruleset_list(const struct ruleset *rs, const char *code)
{
    for (size_t i = 0; i < rs->list_count; i++)
        if (strcmp(rs->list[i].code, code) == 0)
            return &rs->list[i];
    return NULL;
}

const struct rule_basis *ruleset_basis(const struct ruleset *rs, const char *code)
{
    for (size_t i = 0; i < rs->basis_count; i++)
        if (strcmp(rs->basis[i].code, code) == 0)
            return &rs->basis[i];
    return NULL;
}

const struct rule *ruleset_rule(const struct ruleset *rs, const char *id)
{
    for (size_t i = 0; i < rs->rule_count; i++)
        if (strcmp(rs->rule[i].id, id) == 0)
            return &rs->rule[i];
    return NULL;
}

const struct rule_clock *ruleset_clock(const struct ruleset *rs, const char *id)
{
    for (size_t i = 0; i < rs->clock_count; i++)
        if (strcmp(rs->clock[i].id, id) == 0)
            return &rs->clock[i];
    return NULL;
}

const struct rule_state *ruleset_state(const struct ruleset *rs, const char *id)
{
    for (size_t i = 0; i < rs->state_count; i++)
        if (strcmp(rs->state[i].id, id) == 0)
            return &rs->state[i];
    return NULL;
}

const struct rule_paper *ruleset_paper(const struct ruleset *rs, const char *id)
{
    for (size_t i = 0; i < rs->paper_count; i++)
        if (strcmp(rs->paper[i].id, id) == 0)
            return &rs->paper[i];
    return NULL;
}

const struct rule_measure *ruleset_measures(const struct ruleset *rs, size_t *n)
{
    *n = rs->measure_count;
    return rs->measure;
}

const struct rule_list *ruleset_lists(const struct ruleset *rs, size_t *n)
{
    *n = rs->list_count;
    return rs->list;
}

const struct rule *ruleset_rules(const struct ruleset *rs, size_t *n)
{
    *n = rs->rule_count;
    return rs->rule;
}

const struct rule_gate *ruleset_gates(const struct ruleset *rs, size_t *n)
{
    *n = rs->gate_count;
    return rs->gate;
}

const struct rule_clock *ruleset_clocks(const struct ruleset *rs, size_t *n)
{
    *n = rs->clock_count;
    return rs->clock;
}

const struct rule_step *ruleset_steps(const struct ruleset *rs, size_t *n)
{
    *n = rs->step_count;
    return rs->step;
}

const struct rule_state *ruleset_states(const struct ruleset *rs, size_t *n)
{
    *n = rs->state_count;
    return rs->state;
}

const struct rule_flow *ruleset_flows(const struct ruleset *rs, size_t *n)
{
    *n = rs->flow_count;
    return rs->flow;
}

const struct rule_class *ruleset_classes(const struct ruleset *rs, size_t *n)
{
    *n = rs->class_count;
    return rs->class;
}

static bool gives(const struct rule_offence *o, const char *why)
{
    for (uint32_t i = 0; i < o->why_count; i++)
        if (strcmp(o->why[i], why) == 0)
            return true;
    return false;
}

const char *ruleset_offence(const struct ruleset *rs, const char *why, const char *list,
                            uint32_t date)
{
    const struct rule_offence *found = NULL;
    for (size_t i = 0; i < rs->offence_count; i++) {
        const struct rule_offence *o = &rs->offence[i];
        const bool own = o->list != NULL && strcmp(o->list->code, list) == 0;
        if (gives(o, why) && (own || (o->list == NULL && found == NULL)))
            found = o;
    }
    for (uint32_t i = 0; found != NULL && i < found->basis_count; i++) {
        const struct rule_basis *b = ruleset_basis(rs, found->basis[i]);
        if (b->from <= date && (b->to == 0 || date <= b->to))
            return b->code;
    }
    return found == NULL ? "" : found->basis[0];
}

const struct rule_change *ruleset_change(const struct ruleset *rs, unsigned kind)
{
    return kind < RULES_CHANGES ? &rs->change[kind] : NULL;
}

const struct rule_index *ruleset_indices(const struct ruleset *rs, size_t *n)
{
    *n = rs->index_count;
    return rs->index;
}

const struct rule_rating *ruleset_ratings(const struct ruleset *rs, size_t *n)
{
    *n = rs->rating_count;
    return rs->rating;
}

const struct rule_warnings *ruleset_warnings(const struct ruleset *rs)
{
    return &rs->warnings;
}
