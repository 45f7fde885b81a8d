/*
 * YAML and JSON without memory, whoever asks for it: we, libyaml or jansson (fault/memory.h). The
 * leak checker watches.
 */
#include "fault/memory.h"

#include "base/yaml.h"
#include "json.h"

#include "t.h"

#include "fuzz/samples.h"

#include <stdlib.h>

static enum err parsed(const char *text)
{
    struct yaml *yaml = NULL;
    struct fault fault;
    const enum err err = yaml_parse(&yaml, span_str(text), "text", &fault);
    assert_true((err == OK) == (yaml != NULL));
    yaml_close(&yaml);
    return err;
}

/* The last memory it takes is for the one node. */
static enum err yaml_of_one_node(void)
{
    return parsed("{}");
}

static enum err yaml_of_nothing(void)
{
    return parsed("");
}

static enum err yaml_of_many(void)
{
    return parsed("a: [1, 2, {b: c}]\nd: e\n");
}

static enum err json_that_is_read(void)
{
    struct json *json = NULL;
    struct fault fault;
    const enum err err = json_parse(
        &json, span_str("{\"a\":[1,2.5,true,null,\"text\"],\"b\":{\"c\":-1}}"), "text", &fault);
    assert_true((err == OK) == (json != NULL));
    json_close(&json);
    return err;
}

static enum err json_of(const pb_msgdesc_t *desc, const void *msg)
{
    struct json *json = NULL;
    const enum err err = json_from_message(&json, desc, msg);
    assert_true((err == OK) == (json != NULL));
    json_close(&json);
    return err;
}

static enum err json_of_a_header(void)
{
    static lianshu_Header header;
    sample_header(&header);
    return json_of(&lianshu_Header_msg, &header);
}

static enum err json_of_an_order(void)
{
    static lianshu_SanctionOrder order;
    sample_order(&order);
    return json_of(&lianshu_SanctionOrder_msg, &order);
}

/* The last map is the one of its union. */
static enum err json_of_a_union(void)
{
    static lianshu_Control control;
    sample_hello(&control);
    return json_of(&lianshu_Control_msg, &control);
}

static enum err json_that_is_built(void)
{
    static const uint8_t bytes[] = {1, 2};
    char *text = NULL;
    size_t len = 0;
    struct json *map = json_map();
    struct json *list = json_list();
    bool done = json_put(map, "list", list);
    done = done && json_put_hex(map, "hex", span_of(bytes, sizeof bytes)) &&
           json_put_text(map, "text", "x") && json_put_uint(map, "uint", 1) &&
           json_put_int(map, "int", -1) && json_put_ms(map, "ms", 1) &&
           json_put_date(map, "date", 20260101) && json_add_text(list, "y");
    enum err err = done ? json_print(map, true, &text, &len) : ERR_NO_MEMORY;
    assert_true((err == OK) == (text != NULL));
    free(text);
    json_close(&map);
    return err;
}

#define TEST(hold, life)                                                                           \
    static void without_memory_##life(void **state)                                                \
    {                                                                                              \
        (void)state;                                                                               \
        hold(#life, life);                                                                         \
    }

TEST(memory_hold, yaml_of_one_node)
TEST(memory_hold, yaml_of_nothing)
TEST(memory_hold, yaml_of_many)
TEST(memory_hold_json, json_that_is_read)
TEST(memory_hold_json, json_of_a_header)
TEST(memory_hold_json, json_of_an_order)
TEST(memory_hold_json, json_of_a_union)
TEST(memory_hold_json, json_that_is_built)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_memory_yaml_of_one_node),
        cmocka_unit_test(without_memory_yaml_of_nothing),
        cmocka_unit_test(without_memory_yaml_of_many),
        cmocka_unit_test(without_memory_json_that_is_read),
        cmocka_unit_test(without_memory_json_of_a_header),
        cmocka_unit_test(without_memory_json_of_an_order),
        cmocka_unit_test(without_memory_json_of_a_union),
        cmocka_unit_test(without_memory_json_that_is_built),
    };
    return cmocka_run_group_tests_name("no_memory_texts", tests, NULL, NULL);
}
