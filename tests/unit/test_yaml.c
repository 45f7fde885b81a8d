/* Checks the promises in base/yaml.h. */
#include "base/yaml.h"

#include "t.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct yaml *parse(const char *text)
{
    struct yaml *y;
    struct fault f = {.detail = ""};
    enum err err = yaml_parse(&y, span_str(text), "hub.yaml", &f);
    if (err != OK)
        print_message("%u: %s\n", f.line, f.detail);
    assert_int_equal(err, OK);
    return y;
}

static void a_file_is_a_tree_that_knows_its_lines(void **state)
{
    (void)state;
    struct yaml *y = parse("# heading\nname: 潮州\nlist:\n  - a\n  - {x: 1, y: [2, 3]}\nempty:\n");
    const struct yaml_node *root = yaml_root(y);
    const struct yaml_node *list = yaml_get(root, "list");
    assert_int_equal(yaml_kind(root), YAML_KIND_MAP);
    assert_int_equal(yaml_count(root), 3);
    assert_string_equal(yaml_key(root, 2), "empty");
    assert_string_equal(yaml_text(yaml_get(root, "name")), "潮州");
    assert_int_equal(yaml_line(yaml_get(root, "name")), 2);
    assert_int_equal(yaml_count(list), 2);
    assert_string_equal(yaml_text(yaml_item(yaml_get(yaml_item(list, 1), "y"), 1)), "3");
    assert_int_equal(yaml_line(yaml_item(list, 1)), 5);
    assert_string_equal(yaml_text(yaml_get(root, "empty")), "");
    yaml_close(&y);
    assert_null(y);
}

static void an_absent_node_answers_absent(void **state)
{
    (void)state;
    struct yaml *y = parse("");
    const struct yaml_node *root = yaml_root(y);
    assert_int_equal(yaml_kind(root), YAML_KIND_MAP);
    assert_int_equal(yaml_count(root), 0);
    assert_null(yaml_get(yaml_get(root, "a"), "b"));
    assert_null(yaml_text(NULL));
    assert_null(yaml_item(NULL, 0));
    assert_null(yaml_key(NULL, 0));
    assert_int_equal(yaml_line(NULL), 0);
    yaml_close(&y);
    yaml_close(&y);
}

static void what_hides_its_meaning_is_refused_with_its_line(void **state)
{
    static const struct {
        const char *text;
        enum err err;
        unsigned line;
    } rows[] = {
        {"a: 1\nb: 2\na: 3\n", ERR_SYNTAX, 3}, /* repeated key */
        {"a: &x 1\n", ERR_SYNTAX, 1},          /* anchor */
        {"a: &x {b: 1}\n", ERR_SYNTAX, 1},
        {"a: 1\nb: *x\n", ERR_SYNTAX, 2}, /* alias */
        {"a: !!str 1\n", ERR_SYNTAX, 1},  /* tag */
        {"a: !x [1]\n", ERR_SYNTAX, 1},
        {"<<: {a: 1}\n", ERR_SYNTAX, 1},      /* merge */
        {"a: 1\n---\nb: 2\n", ERR_SYNTAX, 2}, /* two documents */
        {"%TAG ! tag:x,2000:\n---\na: 1\n", ERR_SYNTAX, 1},
        {"? [a]\n: 1\n", ERR_SYNTAX, 1}, /* key that is no text */
        {"a: [1\n", ERR_SYNTAX, 2},
        {"a:\tb: c\n", ERR_SYNTAX, 1},
        {"a: \"\\0\"\n", ERR_UTF8, 1},
        {"a: \"\\u202e\"\n", ERR_UTF8, 1},
        {"a: \xff\n", ERR_UTF8, 1},
        {"a: [[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]\n", ERR_TOO_LARGE, 1},
        {"\"\": 1\n", ERR_SYNTAX, 1}, /* a key without a letter */
        {"%YAML 1.1\n---\na: 1\n", ERR_SYNTAX, 1},
    };
    (void)state;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        struct yaml *y;
        struct fault f = {.line = 0};
        print_message("row %zu\n", i);
        assert_int_equal(yaml_parse(&y, span_str(rows[i].text), "x.yaml", &f), rows[i].err);
        assert_int_equal(f.line, rows[i].line);
        assert_string_equal(f.where, "x.yaml");
        assert_null(y);
    }
}

static void typed_scalars_are_read_or_refused(void **state)
{
    (void)state;
    struct yaml *y =
        parse("n: 42\nbig: 18446744073709551616\nneg: -1\nhex: 0x10\nyes: yes\nt: true\n"
              "none: \"\"\nlong: abcd\nmap: {}\nlead: 007\n");
    const struct yaml_node *root = yaml_root(y);
    struct fault f;
    uint64_t n = 0;
    bool b = false;
    char text[4];
    assert_int_equal(yaml_uint(yaml_get(root, "n"), 42, &n, &f), OK);
    assert_int_equal(n, 42);
    assert_int_equal(yaml_uint(yaml_get(root, "lead"), 42, &n, &f), OK);
    assert_int_equal(n, 7);
    assert_int_equal(yaml_uint(yaml_get(root, "n"), 41, &n, &f), ERR_FIELD_VALUE);
    assert_int_equal(f.line, 1);
    assert_int_equal(yaml_uint(yaml_get(root, "big"), UINT64_MAX, &n, &f), ERR_FIELD_VALUE);
    assert_int_equal(yaml_uint(yaml_get(root, "neg"), 9, &n, &f), ERR_FIELD_VALUE);
    assert_int_equal(yaml_uint(yaml_get(root, "hex"), 99, &n, &f), ERR_FIELD_VALUE);
    assert_int_equal(yaml_uint(yaml_get(root, "map"), 99, &n, &f), ERR_FIELD_VALUE);
    assert_int_equal(yaml_uint(NULL, 99, &n, &f), ERR_FIELD_MISSING);
    assert_int_equal(yaml_bool(yaml_get(root, "t"), &b, &f), OK);
    assert_true(b);
    assert_int_equal(yaml_bool(yaml_get(root, "yes"), &b, &f), ERR_FIELD_VALUE);
    assert_int_equal(yaml_uint(yaml_get(root, "none"), 99, &n, &f), ERR_FIELD_VALUE);
    assert_int_equal(yaml_bool(NULL, &b, &f), ERR_FIELD_MISSING);
    assert_int_equal(yaml_bool(root, &b, &f), ERR_FIELD_VALUE);
    assert_string_equal(f.detail, "the value: true or false");
    assert_int_equal(yaml_copy(NULL, text, sizeof text, &f), ERR_FIELD_MISSING);
    assert_int_equal(yaml_copy(yaml_get(root, "map"), text, sizeof text, &f), ERR_FIELD_VALUE);
    assert_int_equal(yaml_copy(yaml_get(root, "n"), text, sizeof text, &f), OK);
    assert_int_equal(yaml_copy(yaml_get(root, "long"), text, sizeof text, &f), ERR_FIELD_LONG);
    yaml_close(&y);
}

static void unknown_and_missing_keys_are_named(void **state)
{
    static const char *const keys[] = {"realm", "listen", NULL};
    (void)state;
    struct yaml *y = parse("realm: demo\nlisten: x\nlisten_on: y\n");
    const struct yaml_node *node;
    struct fault f;
    assert_int_equal(yaml_only_keys(yaml_root(y), keys, &f), ERR_FIELD_UNKNOWN);
    assert_int_equal(f.line, 3);
    assert_non_null(strstr(f.detail, "listen_on"));
    assert_int_equal(yaml_need(yaml_root(y), "realm", YAML_KIND_SCALAR, &node, &f), OK);
    assert_int_equal(yaml_need(yaml_root(y), "realm", YAML_KIND_LIST, &node, &f), ERR_FIELD_VALUE);
    assert_int_equal(yaml_need(yaml_root(y), "state", YAML_KIND_SCALAR, &node, &f),
                     ERR_FIELD_MISSING);
    assert_null(node);
    assert_int_equal(yaml_only_keys(yaml_get(yaml_root(y), "realm"), keys, &f), ERR_FIELD_VALUE);
    yaml_close(&y);
}

static void large_maps_find_every_key(void **state)
{
    static char text[200000];
    size_t len = 0;
    char key[16];
    (void)state;
    for (unsigned i = 0; i < 5000; i++)
        len += (size_t)snprintf(text + len, sizeof text - len, "k%u: %u\n", i * 7919 % 5000, i);
    struct yaml *y = parse(text);
    for (unsigned i = 0; i < 5000; i++) {
        snprintf(key, sizeof key, "k%u", i);
        assert_non_null(yaml_get(yaml_root(y), key));
    }
    assert_null(yaml_get(yaml_root(y), "k5000"));
    yaml_close(&y);
}

static void texts_outlive_the_tree(void **state)
{
    (void)state;
    struct yaml *y = parse("realm: demo\nlist: [one, two]\n");
    const char *realm = yaml_text(yaml_get(yaml_root(y), "realm"));
    const char *two = yaml_text(yaml_item(yaml_get(yaml_root(y), "list"), 1));
    yaml_keep_texts(y);
    assert_null(yaml_root(y));
    assert_string_equal(realm, "demo");
    assert_string_equal(two, "two");
    yaml_close(&y);
}

static void what_is_more_than_a_tree_holds_is_refused(void **state)
{
    struct yaml *y;
    struct fault f = {.line = 0};
    char *text = malloc(YAML_FILE_MAX + 2);
    (void)state;
    assert_non_null(text);
    memset(text, 'a', YAML_FILE_MAX + 1);
    assert_int_equal(yaml_parse(&y, span_of(text, YAML_FILE_MAX + 1), "x", &f), ERR_TOO_LARGE);
    memcpy(text, "k: ", 3);
    assert_int_equal(yaml_parse(&y, span_of(text, 3 + YAML_TEXT_MAX), "x", &f), OK);
    yaml_close(&y);
    assert_int_equal(yaml_parse(&y, span_of(text, 4 + YAML_TEXT_MAX), "x", &f), ERR_FIELD_LONG);
    /* a list of so many values */
    size_t len = 0;
    for (size_t i = 0; i < YAML_NODES_MAX; i++, len += 4)
        memcpy(text + len, "- a\n", 4);
    assert_true(len <= YAML_FILE_MAX);
    assert_int_equal(yaml_parse(&y, span_of(text, len), "x", &f), ERR_TOO_LARGE);
    assert_int_equal(yaml_parse(&y, span_of(text, len - 4), "x", &f), OK);
    yaml_close(&y);
    free(text);
}

static void a_map_is_asked_for_and_nothing_else(void **state)
{
    static const char *const keys[] = {"a", NULL};
    const struct yaml_node *node;
    struct fault f;
    (void)state;
    struct yaml *y = parse("- 1\n- [b]\n");
    const struct yaml_node *list = yaml_root(y);
    assert_int_equal(yaml_need(list, "a", YAML_KIND_SCALAR, &node, &f), ERR_FIELD_VALUE);
    assert_null(node);
    assert_int_equal(yaml_only_keys(list, keys, &f), ERR_FIELD_VALUE);
    assert_null(yaml_key(list, 0));
    assert_int_equal(yaml_need(NULL, "a", YAML_KIND_SCALAR, &node, &f), ERR_FIELD_VALUE);
    assert_int_equal(yaml_only_keys(NULL, keys, &f), ERR_FIELD_VALUE);
    assert_string_equal(f.detail, "the value: a map");
    yaml_close(&y);
    y = parse("a: 1\n");
    assert_null(yaml_key(yaml_root(y), 1));
    assert_int_equal(yaml_need(yaml_root(y), "a", YAML_KIND_NONE, &node, &f), OK);
    yaml_close(&y);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_is_a_tree_that_knows_its_lines),
        cmocka_unit_test(an_absent_node_answers_absent),
        cmocka_unit_test(what_hides_its_meaning_is_refused_with_its_line),
        cmocka_unit_test(typed_scalars_are_read_or_refused),
        cmocka_unit_test(unknown_and_missing_keys_are_named),
        cmocka_unit_test(what_is_more_than_a_tree_holds_is_refused),
        cmocka_unit_test(a_map_is_asked_for_and_nothing_else),
        cmocka_unit_test(large_maps_find_every_key),
        cmocka_unit_test(texts_outlive_the_tree),
    };
    return cmocka_run_group_tests_name("yaml", tests, NULL, NULL);
}
