/*
 * Every document type that is a department's own word goes through the real hub from one department
 * to another, whole: accepted, delivered once, its facts byte for byte. Samples are those of
 * fuzz/bodies.h. What answers something that must be there before (an order, an obligation, a case)
 * has scenarios of its own.
 */
#include "fuzz/bodies.h"
#include "message.h"
#include "scenario/world.h"
#include "wire.h"

#include <stdlib.h>
#include <string.h>

static bool stands_alone(const struct document_type *type)
{
    static const uint32_t answers[] = {
        lianshu_DocumentType_TYPE_SANCTION_ANSWER,   lianshu_DocumentType_TYPE_SANCTION_EXECUTED,
        lianshu_DocumentType_TYPE_REPAIR_REQUEST,    lianshu_DocumentType_TYPE_REPAIR_DECISION,
        lianshu_DocumentType_TYPE_OBJECTION_REQUEST, lianshu_DocumentType_TYPE_OBJECTION_DECISION,
        lianshu_DocumentType_TYPE_EVIDENCE_REQUEST,  lianshu_DocumentType_TYPE_EVIDENCE,
        lianshu_DocumentType_TYPE_CREDIT_CHECK,      lianshu_DocumentType_TYPE_PREVIEW,
        lianshu_DocumentType_TYPE_WITHDRAW,          lianshu_DocumentType_TYPE_REPORTER_REQUEST,
        lianshu_DocumentType_TYPE_REPORTER_UNMASK,
    };
    for (size_t i = 0; i < T_COUNT(answers); i++)
        if (answers[i] == type->number)
            return false;
    return type->alone == NULL &&
           (type->flags & (TYPE_BY_HUB | TYPE_RULES | TYPE_CASE | TYPE_PART_ONLY)) == 0;
}

static void send_sample(struct world *w, const struct document_type *type,
                        uint8_t env_id[static HASH_LEN])
{
    const struct mail mail = {
        .from = "market.445100",
        .type = type->name,
        .to = {"health.445100"},
        .with = {(type->flags & TYPE_JOINT) != 0 ? "police.445100" : NULL},
        .facts = type->facts == NULL ? NULL : body_sample(type, type->facts),
        .sealed = type->sealed == NULL ? NULL : body_sample(type, type->sealed),
    };
    world_send(w, &mail, env_id);
    world_turn(w);
}

/* The facts that came are the sample's own encoding. */
static void assert_facts(const struct document_type *type, const struct got *got)
{
    static uint8_t room[WORLD_FACTS_MAX];
    struct json *j = NULL;
    void *msg = calloc(1, message_of(type->facts)->size);
    struct writer w = writer_of(room, sizeof room);
    assert_non_null(msg);
    assert_int_equal(json_parse(&j, span_str(body_sample(type, type->facts)), "sample", NULL), OK);
    assert_int_equal(json_to_message(j, type->facts, msg, NULL), OK);
    assert_int_equal(wire_encode(type->facts, msg, &w), OK);
    assert_int_equal(got->facts_len, w.len);
    assert_memory_equal(got->facts, room, w.len);
    free(msg);
    json_close(&j);
}

static void every_type_reaches_the_other_department_whole(void **state)
{
    struct world *w = *state;
    size_t count = 0;
    world_widen(w);
    world_hello(w, "market.445100");
    world_hello(w, "health.445100");
    for (size_t i = 0; type_at(i) != NULL; i++) {
        const struct document_type *type = type_at(i);
        uint8_t env_id[HASH_LEN];
        if (!stands_alone(type))
            continue;
        print_message("%s\n", type->name);
        send_sample(w, type, env_id);
        if (world_heard(w, "market.445100", env_id, lianshu_ReceiptKind_RECEIPT_ACCEPTED) == 0)
            print_message("%s: %u, busy %u\n", type->name, world_code(w, "market.445100", env_id),
                          world_site(w, "market.445100")->last_busy_code);
        assert_int_equal(
            world_heard(w, "market.445100", env_id, lianshu_ReceiptKind_RECEIPT_ACCEPTED), 1);
        assert_int_equal(
            world_heard(w, "market.445100", env_id, lianshu_ReceiptKind_RECEIPT_DELIVERED), 1);
        assert_int_equal(world_has(w, "health.445100", type->name), 1);
        const struct got *got = world_got(w, "health.445100", type->name, 0);
        assert_int_equal(got->seen, 1);
        assert_int_equal(got->parts_open, (type->facts != NULL) + (type->sealed != NULL));
        if (type->facts != NULL)
            assert_facts(type, got);
        count++;
    }
    assert_true(count > 40);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_type_reaches_the_other_department_whole, world_setup,
                                        world_teardown),
    };
    return cmocka_run_group_tests_name("types", tests, NULL, NULL);
}
