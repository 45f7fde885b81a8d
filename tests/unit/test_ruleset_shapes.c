/*
 * Checks the shapes of policy/ruleset.h: a value of another shape than its key asks for is refused
 * wherever it stands, with its line, and so is an empty list of what must be named.
 */
#include "ruleset_copy.h"

#include "base/yaml.h"

enum { PLACE_MAX = 160, PLACES_MAX = 512 };

/* One value of a file, by where it stands: "rules.measures.code", whichever row of a list. */
struct place {
    char name[PLACE_MAX];
    const struct yaml_node *node;
};

/* How far the writing of a file came. */
struct walk {
    FILE *out; /* the file again, every value on its line; NULL: places are collected */
    unsigned line;
    const struct yaml_node *spoilt; /* written as `other` */
    const char *other;
    struct place place[PLACES_MAX];
    size_t count;
};

static void collect(struct walk *w, const char *name, const struct yaml_node *node)
{
    for (size_t i = 0; i < w->count; i++)
        if (strcmp(w->place[i].name, name) == 0 && yaml_kind(w->place[i].node) == yaml_kind(node))
            return;
    assert_true(w->count < PLACES_MAX);
    snprintf(w->place[w->count].name, PLACE_MAX, "%s", name);
    w->place[w->count++].node = node;
}

static void write_quoted(FILE *out, const char *text)
{
    (void)fputc('\'', out);
    for (const char *c = text; *c != '\0'; c++)
        (void)fprintf(out, *c == '\'' ? "''" : "%c", *c);
    (void)fputc('\'', out);
}

/* NOLINTNEXTLINE(misc-no-recursion): YAML_DEPTH_MAX */
static void visit(struct walk *w, const char *name, const struct yaml_node *node)
{
    const enum yaml_kind kind = yaml_kind(node);
    if (w->out == NULL)
        collect(w, name, node);
    for (; w->out != NULL && w->line < yaml_line(node); w->line++)
        (void)fputc('\n', w->out);
    if (node == w->spoilt) {
        (void)fputs(w->other, w->out);
        return;
    }
    if (w->out != NULL && kind == YAML_KIND_SCALAR)
        write_quoted(w->out, yaml_text(node));
    else if (w->out != NULL)
        (void)fputc(kind == YAML_KIND_MAP ? '{' : '[', w->out);
    for (size_t i = 0; i < yaml_count(node); i++) {
        char below[PLACE_MAX];
        const char *key = kind == YAML_KIND_MAP ? yaml_key(node, i) : "";
        snprintf(below, sizeof below, "%s%s%s", name, key[0] == '\0' ? "" : ".", key);
        if (w->out != NULL)
            (void)fprintf(w->out, "%s%s%s", i == 0 ? "" : ", ", key, key[0] == '\0' ? "" : ": ");
        visit(w, below, yaml_item(node, i));
    }
    if (w->out != NULL && kind != YAML_KIND_SCALAR)
        (void)fputc(kind == YAML_KIND_MAP ? '}' : ']', w->out);
}

/* The file with one value written otherwise. */
static void write_spoilt(const struct fixture *f, const char *file, const struct yaml *tree,
                         const struct yaml_node *node, const char *other)
{
    static struct walk w;
    char *text = NULL;
    size_t len = 0;
    w = (struct walk){.out = open_memstream(&text, &len), .line = 1, .spoilt = node};
    w.other = other;
    assert_non_null(w.out);
    visit(&w, "", yaml_root(tree));
    (void)fputc('\n', w.out);
    assert_int_equal(fclose(w.out), 0);
    write_text(f->dir, file, text, len);
    free(text);
}

static struct yaml *tree_of(const char *file)
{
    char path[PATH_LEN];
    struct fault fault = {0};
    struct yaml *tree = NULL;
    snprintf(path, sizeof path, "%s/%s", RULES_DIR, file);
    assert_int_equal(yaml_open(&tree, path, &fault), OK);
    return tree;
}

static bool named_at(const struct ruleset_faults *faults, const char *file, unsigned line)
{
    for (size_t i = 0; i < faults->count; i++)
        if (faults->fault[i].line == line && strcmp(faults->fault[i].where, file) == 0)
            return true;
    return false;
}

static void refuses(struct fixture *f, const char *file, const struct yaml *tree,
                    const struct place *place, const char *other)
{
    struct ruleset *rs = NULL;
    write_spoilt(f, file, tree, place->node, other);
    const enum err err = ruleset_open(&rs, f->dir, &f->faults);
    const bool named = named_at(&f->faults, file, yaml_line(place->node));
    if (err != ERR_RULE_SET || !named)
        print_message("%s%s:%u became %s: %s\n", file, place->name, yaml_line(place->node), other,
                      err_en(err));
    for (size_t i = 0; !named && i < f->faults.count; i++)
        print_message("  got %s:%u %s\n", f->faults.fault[i].where, f->faults.fault[i].line,
                      f->faults.fault[i].detail);
    ruleset_close(&rs);
    assert_int_equal(err, ERR_RULE_SET);
    assert_true(named);
}

/* The places of one file, whose tree is the caller's. */
static struct yaml *places_of(const char *file, struct walk *w)
{
    struct yaml *tree = tree_of(file);
    *w = (struct walk){.out = NULL};
    visit(w, "", yaml_root(tree));
    return tree;
}

/* The writing alone changes nothing; each value of another shape is named. */
static void a_value_of_another_shape_is_refused_wherever_it_stands(void **state)
{
    struct fixture *f = *state;
    static struct walk w;
    size_t spoilt = 0;
    for (size_t i = 0; i < SET_FILES; i++) {
        struct ruleset *rs = NULL;
        struct yaml *tree = places_of(names[i], &w);
        write_spoilt(f, names[i], tree, NULL, "");
        assert_int_equal(ruleset_open(&rs, f->dir, &f->faults), OK);
        ruleset_close(&rs);
        for (size_t k = 0; k < w.count; k++) {
            const enum yaml_kind kind = yaml_kind(w.place[k].node);
            refuses(f, names[i], tree, &w.place[k],
                    kind == YAML_KIND_MAP    ? "'?'"
                    : kind == YAML_KIND_LIST ? "{'?': '?'}"
                                             : "[[]]");
        }
        spoilt += w.count;
        yaml_close(&tree);
        restore(f);
    }
    print_message("%zu values of another shape\n", spoilt);
    assert_true(spoilt > 300);
}

/* A list that must be there names something. */
static void an_empty_list_is_refused_where_one_is_needed(void **state)
{
    static const struct {
        const char *file;
        const char *name;
    } rows[] = {
        {"bases.yaml", ".bases"},
        {"cases.yaml", ".documents"},
        {"cases.yaml", ".states"},
        {"cases.yaml", ".groups.states"},
        {"cases.yaml", ".steps"},
        {"cases.yaml", ".steps.from"},
        {"cases.yaml", ".steps.actor"},
        {"cases.yaml", ".flows"},
        {"clocks.yaml", ".clocks"},
        {"clocks.yaml", ".warnings.percents"},
        {"credit.yaml", ".indices"},
        {"credit.yaml", ".classes"},
        {"gates.yaml", ".gates"},
        {"lists.yaml", ".classes"},
        {"lists.yaml", ".lists"},
        {"lists.yaml", ".lists.issuers"},
        {"lists.yaml", ".offences"},
        {"lists.yaml", ".offences.why"},
        {"lists.yaml", ".offences.basis"},
        {"measures.yaml", ".measures"},
        {"rules.yaml", ".rules"},
        {"rules.yaml", ".rules.triggers"},
        {"rules.yaml", ".rules.subjects"},
        {"rules.yaml", ".rules.measures"},
        {"rules.yaml", ".rules.measures.roles"},
        {"rules.yaml", ".rules.types"},
    };
    struct fixture *f = *state;
    static struct walk w;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        struct yaml *tree = places_of(rows[i].file, &w);
        size_t k = 0;
        while (k < w.count && (strcmp(w.place[k].name, rows[i].name) != 0 ||
                               yaml_kind(w.place[k].node) != YAML_KIND_LIST))
            k++;
        print_message("%s%s\n", rows[i].file, rows[i].name);
        assert_true(k < w.count);
        refuses(f, rows[i].file, tree, &w.place[k], "[]");
        const unsigned line = yaml_line(w.place[k].node);
        assert_true(has_fault(&f->faults, rows[i].file, line, PROBLEM_KEY_MISSING));
        yaml_close(&tree);
        restore(f);
    }
}

/* A term is in a unit that can be counted where it stands: an hour ends no day, and what is due
 * ends at a moment. */
static void a_term_of_no_use_is_refused(void **state)
{
    static const struct {
        const char *file;
        const char *find;
        const char *lead; /* what stands before the term */
        const char *terms[4];
    } rows[] = {
        {"bases.yaml", "longest: 10 years", "longest: ", {"none", "24 hours", "order", "list"}},
        {"clocks.yaml", "term: 24 hours", "term: ", {"none", "life", "order", "list"}},
        {"gates.yaml", "deadline: 3 working_days", "deadline: ", {"none", "life", "order", "list"}},
        {"lists.yaml", "min: 1 year\n", "min: ", {"life", "1 hour", "order", "10 working_days"}},
        {"lists.yaml", "max: 3 years\n", "max: ", {"none", "24 hours", "list", "600 working_days"}},
        {"lists.yaml",
         "start_within: 90 days",
         "start_within: ",
         {"none", "life", "1 hour", "list"}},
        {"lists.yaml", "min: none,", "min: ", {"life", "1 hour", "order", "list"}},
        {"lists.yaml", "earliest: none,", "earliest: ", {"life", "1 hour", "order", "list"}},
        {"rules.yaml", "    term: 3 years", "    term: ", {"none", "9000 hours", "order", "list"}},
        {"rules.yaml",
         "earliest_repair: 1 year",
         "earliest_repair: ",
         {"life", "9000 hours", "order", "list"}},
        {"rules.yaml", "answer: 10 working_days", "answer: ", {"none", "life", "order", "list"}},
        {"rules.yaml", "execute: 20 working_days", "execute: ", {"none", "life", "order", "list"}},
        {"rules.yaml", "deadline: 3 working_days", "deadline: ", {"none", "life", "order", "list"}},
    };
    struct fixture *f = *state;
    for (size_t i = 0; i < 4 * T_COUNT(rows); i++) {
        struct ruleset *rs = NULL;
        const size_t row = i / 4;
        const char *end = rows[row].find[strlen(rows[row].find) - 1] == '\n'  ? "\n"
                          : rows[row].find[strlen(rows[row].find) - 1] == ',' ? ","
                                                                              : "";
        char replace[64];
        snprintf(replace, sizeof replace, "%s%s%s", rows[row].lead, rows[row].terms[i % 4], end);
        print_message("%s: %s\n", rows[row].file, replace);
        spoil(f, rows[row].file, rows[row].find, replace);
        const unsigned line = line_of(f, rows[row].file, replace);
        assert_int_equal(ruleset_open(&rs, f->dir, &f->faults), ERR_RULE_SET);
        assert_true(has_fault(&f->faults, rows[row].file, line, PROBLEM_VALUE));
        restore(f);
    }
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_value_of_another_shape_is_refused_wherever_it_stands),
        CASE(an_empty_list_is_refused_where_one_is_needed),
        CASE(a_term_of_no_use_is_refused),
    };
    return cmocka_run_group_tests_name("ruleset_shapes", tests, NULL, NULL);
}
