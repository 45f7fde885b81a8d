/*
 * load - what the loaders of the eight files share: the set being built, the list of
 * problems, and typed look-ups that report instead of failing.
 *
 * A reader function that cannot give a value reports the problem with its line and answers a
 * harmless default, so that one run finds every problem of the set.
 *
 * Private to the loader. Thread rule: one loader, one thread.
 */
#ifndef POLICY_LOAD_H
#define POLICY_LOAD_H

#include "policy/ruleset.h"

#include "base/yaml.h"
#include "message.h"

enum {
    FILE_BASES,
    FILE_CASES,
    FILE_CLOCKS,
    FILE_CREDIT,
    FILE_GATES,
    FILE_LISTS,
    FILE_MEASURES,
    FILE_RULES,
    FILE_COUNT,
};

struct ruleset {
    const char *name;
    uint64_t activate_at_ms;
    uint8_t hash[RULESET_HASH_LEN];
    struct yaml *tree[FILE_COUNT]; /* owned: all strings live here, and nothing else of them */
    size_t measure_count;
    size_t list_count;
    size_t basis_count;
    size_t rule_count;
    size_t gate_count;
    size_t clock_count;
    size_t step_count;
    size_t state_count;
    size_t paper_count;
    size_t flow_count;
    size_t class_count;
    size_t offence_count;
    size_t index_count;
    size_t rating_count;
    struct rule_measure measure[RULES_MEASURES_MAX];
    struct rule_list list[RULES_LISTS_MAX];
    struct rule_basis basis[RULES_BASES_MAX];
    struct rule rule[RULES_RULES_MAX];
    size_t item_count;
    struct rule_item item[RULES_ITEMS_MAX]; /* of all rules, one's after the other's */
    struct rule_gate gate[RULES_GATES_MAX];
    struct rule_clock clock[RULES_CLOCKS_MAX];
    struct rule_step step[RULES_STEPS_MAX];
    struct rule_state state[RULES_STATES_MAX];
    struct rule_paper paper[RULES_PAPERS_MAX];
    struct rule_flow flow[RULES_FLOWS_MAX];
    struct rule_class class[RULES_CLASSES_MAX];
    struct rule_change change[RULES_CHANGES];
    struct rule_offence offence[RULES_OFFENCES_MAX];
    struct rule_warnings warnings;
    struct rule_index index[RULES_INDICES_MAX];
    struct rule_rating rating[RULES_RATINGS_MAX];
};

struct load {
    struct ruleset *rs;
    struct ruleset_faults *faults;
    const char *file; /* being read; stands in problems */
    bool no_memory;   /* a file was not read for that */
};

/* The file names, sorted. */
const char *load_file_name(unsigned file);

void load_problem(struct load *l, unsigned line, enum ruleset_problem problem, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* How loading ended: OK without a problem, ERR_NO_MEMORY when that was one, or ERR_RULE_SET. */
MUST_USE enum err load_err(const struct load *l);

/* The file l->file of a directory; *tree and *bytes are the caller's. A file that cannot be read or
 * is no YAML is a problem of the set, under its own name: false then. */
bool load_file(struct load *l, const char *dir, struct yaml **tree, uint8_t **bytes, size_t *len);
/* The same of a file that is no part of a rule set. */
void load_tree(struct load *l, struct yaml **tree, const char *dir);

/* Every key of map is one of keys (NULL-terminated). False when node is no map. */
bool load_keys(struct load *l, const struct yaml_node *map, const char *const *keys);

/* The node under key; missing is a problem when needed. */
const struct yaml_node *load_node(struct load *l, const struct yaml_node *map, const char *key,
                                  bool needed);

/* The list under key of map; its items. Missing or empty is a problem when needed. */
const struct yaml_node *load_list(struct load *l, const struct yaml_node *map, const char *key,
                                  bool needed);

const char *load_text(struct load *l, const struct yaml_node *map, const char *key, bool needed);
bool load_bool(struct load *l, const struct yaml_node *map, const char *key, bool absent);
uint32_t load_uint(struct load *l, const struct yaml_node *map, const char *key, uint32_t max,
                   uint32_t absent);
uint32_t load_date(struct load *l, const struct yaml_node *map, const char *key, uint32_t absent);

/* Units of a term, as bits: of what is due at a moment, of what ends with a day, and others. */
enum {
    TERMS_OF_DAYS = 1 << TERM_CALENDAR_DAYS | 1 << TERM_MONTHS | 1 << TERM_YEARS,
    TERMS_DUE = TERMS_OF_DAYS | 1 << TERM_HOURS | 1 << TERM_WORKING_DAYS,
    TERMS_NONE = 1 << TERM_NONE,
    TERMS_LIFE = 1 << TERM_LIFE,
    TERMS_ALL = (2 << TERM_LIST) - 1,
};
/* A term in one of these units. */
struct term load_term(struct load *l, const struct yaml_node *map, const char *key, bool needed,
                      unsigned units);
char load_mark(struct load *l, const struct yaml_node *map, const char *key);
const char *load_region(struct load *l, const struct yaml_node *map, const char *key,
                        const char *absent);

/* One word out of a table of words; absent when the key is missing. */
unsigned load_word(struct load *l, const struct yaml_node *map, const char *key,
                   const char *const *words, unsigned absent);
/* A list of such words as a bit set. */
unsigned load_words(struct load *l, const struct yaml_node *map, const char *key,
                    const char *const *words, unsigned absent);

uint32_t load_departments(struct load *l, const struct yaml_node *map, const char *key,
                          bool needed);
/* each / either / every / issuer; absent when the key is missing. */
struct owners load_owners(struct load *l, const struct yaml_node *map, const char *key,
                          const struct owners *absent);

/* scope: nation | province | own | subject | a region code, into *region. */
enum scope load_scope(struct load *l, const struct yaml_node *map, enum scope absent,
                      const char **region);
/* The clock that key names, known. */
const struct rule_clock *load_clock(struct load *l, const struct yaml_node *map, const char *key);
/* Too long, or known before. */
void load_code(struct load *l, const char *code, size_t cap, unsigned line, bool known);

/* Values of our own enumerations: roles and kinds as bit sets, force and severity as one. */
uint32_t load_roles(struct load *l, const struct yaml_node *map, const char *key, bool needed);
uint32_t load_kinds(struct load *l, const struct yaml_node *map, const char *key, bool needed);
uint32_t load_force(struct load *l, const struct yaml_node *map, const char *key, uint32_t absent);
uint32_t load_forces(struct load *l, const struct yaml_node *map, const char *key);
uint32_t load_severity(struct load *l, const struct yaml_node *map, const char *key);
uint32_t load_severities(struct load *l, const struct yaml_node *map, const char *key);
uint32_t load_credit_class(struct load *l, const struct yaml_node *map, const char *key);
uint32_t load_credit_classes(struct load *l, const struct yaml_node *map, const char *key);
uint32_t load_type(struct load *l, const struct yaml_node *map, const char *key);

/* Basis codes, each known. Answers the count. */
uint32_t load_bases(struct load *l, const struct yaml_node *map, const char *key,
                    const char *out[static RULE_BASES_MAX]);
const struct rule_measure *load_measure(struct load *l, const struct yaml_node *map,
                                        const char *key);

/* One function a file; in the order in which they need each other. */
void load_measures(struct load *l, const struct yaml_node *root);
void load_bases_file(struct load *l, const struct yaml_node *root);
void load_lists(struct load *l, const struct yaml_node *root);
void load_clocks(struct load *l, const struct yaml_node *root);
void load_rules(struct load *l, const struct yaml_node *root);
void load_gates(struct load *l, const struct yaml_node *root);
void load_credit(struct load *l, const struct yaml_node *root);
void load_cases(struct load *l, const struct yaml_node *root);

/* The part of a rule that is for other events than orders. */
void load_event_part(struct load *l, const struct yaml_node *node, struct rule *rule);

/* Clocks under key, each known. Answers the count. */
uint32_t load_clock_list(struct load *l, const struct yaml_node *map, const char *key,
                         const struct rule_clock *out[static RULE_CLOCKS_MAX]);

/* What can only be seen on the whole set. */
void check_rules(struct load *l);
/* The same of the case table: every state is reached and left, every step is the only one. */
void check_cases(struct load *l);

#endif
