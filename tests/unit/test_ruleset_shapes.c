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
    const struct yaml_node *map; /* whose key has this value; NULL: an item of a list */
};

/* How far the writing of a file came. */
struct walk {
    FILE *out; /* the file again, every value on its line; NULL: places are collected */
    unsigned line;
    const struct yaml_node *spoilt; /* written as `other` */
    const char *other;              /* NULL: not at all, and its key neither */
    struct place place[PLACES_MAX];
    size_t count;
};

static void collect(struct walk *w, const char *name, const struct yaml_node *node,
                    const struct yaml_node *map)
{
    for (size_t i = 0; i < w->count; i++)
        if (strcmp(w->place[i].name, name) == 0 && yaml_kind(w->place[i].node) == yaml_kind(node))
            return;
    assert_true(w->count < PLACES_MAX);
    snprintf(w->place[w->count].name, PLACE_MAX, "%s", name);
    w->place[w->count].map = map;
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
static void visit(struct walk *w, const char *name, const struct yaml_node *node,
                  const struct yaml_node *map)
{
    const enum yaml_kind kind = yaml_kind(node);
    bool first = true;
    if (w->out == NULL)
        collect(w, name, node, map);
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
        if (w->out != NULL && w->other == NULL && yaml_item(node, i) == w->spoilt)
            continue;
        snprintf(below, sizeof below, "%s%s%s", name, key[0] == '\0' ? "" : ".", key);
        if (w->out != NULL)
            (void)fprintf(w->out, "%s%s%s", first ? "" : ", ", key, key[0] == '\0' ? "" : ": ");
        visit(w, below, yaml_item(node, i), kind == YAML_KIND_MAP ? node : NULL);
        first = false;
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
    visit(&w, "", yaml_root(tree), NULL);
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
    visit(w, "", yaml_root(tree), NULL);
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

static const struct place *place_of(const struct walk *w, const char *in, const char *key)
{
    char name[PLACE_MAX];
    snprintf(name, sizeof name, "%s.%s", in, key);
    for (size_t i = 0; i < w->count; i++)
        if (w->place[i].map != NULL && strcmp(w->place[i].name, name) == 0)
            return &w->place[i];
    print_message("no %s\n", name);
    fail();
    return NULL;
}

/* By file and place; the line is that of the map without it. */
static void a_key_that_is_needed_is_missed(void **state)
{
    static const struct {
        const char *file;
        const char *in;
        const char *keys;
    } rows[] = {
        {"bases.yaml", "", "bases"},
        {"bases.yaml", ".bases", "code zh en from mark"},
        {"cases.yaml", "", "documents states steps flows"},
        {"cases.yaml", ".documents", "id zh en mark"},
        {"cases.yaml", ".states", "id zh en"},
        {"cases.yaml", ".groups", "id states"},
        {"cases.yaml", ".steps", "id zh en type from to actor basis mark"},
        {"cases.yaml", ".flows", "id zh en type basis mark"},
        {"clocks.yaml", "", "warnings clocks"},
        {"clocks.yaml", ".warnings", "percents mark"},
        {"clocks.yaml", ".clocks", "id zh en term basis mark"},
        {"credit.yaml", "", "indices classes"},
        {"credit.yaml", ".indices", "code zh en mark"},
        {"credit.yaml", ".classes", "class zh en least mark"},
        {"gates.yaml", "", "gates"},
        {"gates.yaml", ".gates", "id zh en type roles measure deadline mark"},
        {"lists.yaml", "", "classes changes lists offences"},
        {"lists.yaml", ".classes", "severity min max earliest basis mark"},
        {"lists.yaml", ".lists", "code zh en issuers severity min max start_within"},
        {"lists.yaml", ".offences", "why basis mark"},
        {"measures.yaml", "", "edition measures"},
        {"measures.yaml", ".measures", "code zh en force owes"},
        {"rules.yaml", "", "set rules"},
        {"rules.yaml", ".set", "name"},
        {"rules.yaml", ".rules",
         "id zh en event list triggers types subjects severity term earliest_repair measures from "
         "reason deadline breach mark"},
        {"rules.yaml", ".rules.measures", "code roles term"},
        {"rules.yaml", ".rules.alerts", "to clock"},
    };
    struct fixture *f = *state;
    static struct walk w;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        struct yaml *tree = places_of(rows[i].file, &w);
        char key[32];
        for (const char *at = rows[i].keys; *at != '\0'; at += strspn(at, " ")) {
            struct ruleset *rs = NULL;
            const size_t len = strcspn(at, " ");
            snprintf(key, sizeof key, "%.*s", (int)len, at);
            at += len;
            const struct place *place = place_of(&w, rows[i].in, key);
            write_spoilt(f, rows[i].file, tree, place->node, NULL);
            print_message("%s%s\n", rows[i].file, place->name);
            assert_int_equal(ruleset_open(&rs, f->dir, &f->faults), ERR_RULE_SET);
            assert_true(
                has_fault(&f->faults, rows[i].file, yaml_line(place->map), PROBLEM_KEY_MISSING));
        }
        yaml_close(&tree);
        restore(f);
    }
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

/* Words that are none, names that stand for two things, and rows that lack what they need. */
static void a_word_that_says_nothing_or_two_things_is_refused(void **state)
{
    static const struct {
        const char *file, *find, *replace;
        enum ruleset_problem want;
    } rows[] = {
        /* clang-format off */
        {"rules.yaml", "roles: [legal_representative], responsible", "roles: [none], responsible", PROBLEM_ROLE_UNKNOWN},
        {"rules.yaml", "severity: serious", "severity: none", PROBLEM_VALUE},
        {"rules.yaml", "types: [insurance.qualification]", "types: [key.record]", PROBLEM_TYPE_UNKNOWN},
        {"gates.yaml", "type: appointment, look", "look", PROBLEM_KEY_MISSING},
        {"gates.yaml", "measure: M03, action", "action", PROBLEM_KEY_MISSING},
        {"gates.yaml", "breach: refuse", "breach: hold", PROBLEM_KEY_MISSING},
        {"measures.yaml", "owes: {either: [market, drug]}, restricts", "restricts", PROBLEM_KEY_MISSING},
        {"rules.yaml", "{to: {each: [market]}, scope", "{scope", PROBLEM_KEY_MISSING},
        {"clocks.yaml", "[50, 80, 100]", "[0, 80, 100]", PROBLEM_VALUE},
        {"cases.yaml", "actor: any,", "actor: anyone,", PROBLEM_SYNTAX},
        {"cases.yaml", "id: CLUE,", "id: open,", PROBLEM_DUPLICATE},
        {"cases.yaml", "id: settled,", "id: open,", PROBLEM_DUPLICATE},
        {"cases.yaml", "id: settled,", "id: criminal,", PROBLEM_DUPLICATE},
        {"cases.yaml", "id: settled,", "id: MEDIATED,", PROBLEM_DUPLICATE},
        {"lists.yaml", "code: bribery_record", "code: ''", PROBLEM_VALUE},
        {"rules.yaml", "set:\n  name: national-2026-04", "set:\n  name: ''", PROBLEM_VALUE},
        {"gates.yaml", "{id: G06,", "{id: G01,", PROBLEM_DUPLICATE},
        {"rules.yaml", "{code: M01, force: must, term: 10", "{code: M01, force: must, scope: subject, term: 10", PROBLEM_VALUE},
        {"rules.yaml", "mark: V", "mark: VS", PROBLEM_VALUE},
        {"rules.yaml", "mark: V", "mark: ''", PROBLEM_VALUE},
        /* clang-format on */
    };
    struct fixture *f = *state;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        struct ruleset *rs = NULL;
        print_message("row %zu: %s\n", i, rows[i].replace);
        restore(f);
        spoil(f, rows[i].file, rows[i].find, rows[i].replace);
        assert_int_equal(ruleset_open(&rs, f->dir, &f->faults), ERR_RULE_SET);
        assert_true(has_fault(&f->faults, rows[i].file, 0, rows[i].want));
    }
}

/* The superior may hear at any of the warnings. */
static void the_superior_hears_at_one_of_the_warnings(void **state)
{
    struct fixture *f = *state;
    for (unsigned percent = 50; percent <= 80; percent += 30) {
        struct ruleset *rs = NULL;
        char text[32];
        snprintf(text, sizeof text, "escalate_at: %u", percent);
        spoil(f, "clocks.yaml", "escalate_at: 100", text);
        assert_int_equal(ruleset_open(&rs, f->dir, &f->faults), OK);
        assert_int_equal(ruleset_warnings(rs)->escalate_at, percent);
        ruleset_close(&rs);
    }
}

/* The article of a list goes before that of all lists, wherever it stands; of several articles the
 * first in force on the day, or the first of all. */
static void an_offence_names_its_lists_article_of_the_day(void **state)
{
    static const struct {
        const char *list;
        uint32_t date;
        const char *want;
    } rows[] = {
        {"serious_dishonesty", 20260420, "XN"},
        {"serious_dishonesty", 20200420, "XO"},
        {"serious_dishonesty", 19990420, "XO"},
        {"licence_revoked", 20260420, "SAMR44"},
        {"", 20260420, "SAMR44"},
    };
    struct fixture *f = *state;
    for (int behind = 0; behind <= 1; behind++) {
        struct ruleset *rs = NULL;
        static const char own[] =
            "  - {why: [consent], list: serious_dishonesty, basis: [XO, XN], mark: M}\n";
        char text[256];
        restore(f);
        spoil(
            f, "bases.yaml", "\nbases:\n",
            "\nbases:\n  - {code: XO, zh: 旧, en: old, level: 1, mark: D, from: 2010-01-01, to: "
            "2021-12-31}\n  - {code: XN, zh: 新, en: new, level: 1, mark: D, from: 2022-01-01}\n");
        snprintf(text, sizeof text, "%s%s", behind ? "" : own,
                 "  - {why: [consent], basis: [SAMR44], mark: S}\n");
        if (behind)
            snprintf(text + strlen(text), sizeof text - strlen(text), "%s", own);
        spoil(f, "lists.yaml", "  - {why: [consent], basis: [SAMR44], mark: S}\n", text);
        assert_int_equal(ruleset_open(&rs, f->dir, &f->faults), OK);
        for (size_t i = 0; i < T_COUNT(rows); i++) {
            print_message("row %zu\n", i);
            assert_string_equal(ruleset_offence(rs, "consent", rows[i].list, rows[i].date),
                                rows[i].want);
        }
        assert_string_equal(ruleset_offence(rs, "mood", "", 20260420), "");
        ruleset_close(&rs);
    }
}

/* Of files that are no part of a set only those are refused that somebody could take for one. */
static void other_files_beside_the_set_are_of_no_effect(void **state)
{
    static const struct {
        const char *name;
        enum err want;
    } rows[] = {
        {"README", OK},      {"rules.txt", OK},           {"retention.yaml", OK},
        {"volume.yaml", OK}, {"rules.yml", ERR_RULE_SET}, {"more.yaml", ERR_RULE_SET},
    };
    struct fixture *f = *state;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        struct ruleset *rs = NULL;
        char path[PATH_LEN];
        write_text(f->dir, rows[i].name, "a: 1\n", 5);
        print_message("%s\n", rows[i].name);
        assert_int_equal(ruleset_open(&rs, f->dir, &f->faults), rows[i].want);
        ruleset_close(&rs);
        snprintf(path, sizeof path, "%s/%s", f->dir, rows[i].name);
        assert_int_equal(remove(path), 0);
    }
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_key_that_is_needed_is_missed, setup, teardown),
        CASE(a_value_of_another_shape_is_refused_wherever_it_stands),
        CASE(an_empty_list_is_refused_where_one_is_needed),
        CASE(a_term_of_no_use_is_refused),
        CASE(a_word_that_says_nothing_or_two_things_is_refused),
        CASE(the_superior_hears_at_one_of_the_warnings),
        CASE(an_offence_names_its_lists_article_of_the_day),
        CASE(other_files_beside_the_set_are_of_no_effect),
    };
    return cmocka_run_group_tests_name("ruleset_shapes", tests, NULL, NULL);
}
