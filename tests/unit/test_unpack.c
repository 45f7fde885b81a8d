/* Checks the promises 6 and 7 in adapters/sdk/sdk.h where an enrolled sender lies within its own
 * signature: nothing of it is shown, and the sender learns why it comes back. */
#include "unit/inbox_world.h"

struct lie {
    const char *what;
    uint32_t type;  /* of the sealed document; 0: as it should be */
    const char *to; /* whom it names as reader; NULL: as it should be */
    bool other_facts;
    bool no_facts;
    bool garbage;  /* in place of its body */
    enum err code; /* of the receipt */
};

/* Market packs the sealed document of a report again, with the lie, and signs everything. */
static void tell(const struct lie *lie, const char *key)
{
    static const uint8_t other[HASH_LEN] = {1};
    uint8_t id[SDK_ID_LEN];
    uint8_t hash[HASH_LEN];
    char to[SDK_MEMBER_MAX];
    struct sdk_message m = {.key = key,
                            .type = lianshu_DocumentType_TYPE_AEFI_REPORT,
                            .to = TO_HEALTH,
                            .to_count = 1,
                            .facts = aefi_facts(),
                            .sealed = aefi_sealed()};
    assert_int_equal(sdk_send(p.market, &m, p.e->now_ms, id, NULL, NULL), OK);
    struct stage *stage = &p.market->stage[p.market->stage_count - 1];
    memcpy(to, stage->to[0], sizeof to);
    if (lie->to != NULL)
        snprintf(stage->to[0], sizeof stage->to[0], "%s", lie->to);
    assert_int_equal(pack_document(p.market, stage, &stage->sealed, &m,
                                   lie->type != 0 ? lie->type : m.type,
                                   lie->garbage ? span_str("\xff\xff") : m.sealed,
                                   lie->no_facts      ? NULL
                                   : lie->other_facts ? other
                                                      : stage->facts_hash,
                                   hash),
                     OK);
    memcpy(stage->to[0], to, sizeof to);
    pair_keep(&p, p.market, 1);
}

static void a_sealed_document_that_does_not_belong_to_its_facts_is_returned_unseen(void **state)
{
    static const struct lie rows[] = {
        {.what = "other facts", .other_facts = true, .code = ERR_FACTS_MISMATCH},
        {.what = "no facts", .no_facts = true, .code = ERR_FACTS_MISMATCH},
        {.what = "another type", .type = lianshu_DocumentType_TYPE_CLUE, .code = ERR_POISON},
        {.what = "another reader", .to = REALM_POLICE, .code = ERR_NOT_ADDRESSED},
        {.what = "no body", .garbage = true, .code = ERR_POISON},
    };
    static lianshu_Receipt last;
    (void)state;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        char key[16];
        print_message("row %zu: %s\n", i, rows[i].what);
        snprintf(key, sizeof key, "k%zu", i);
        tell(&rows[i], key);
        exchange_deliver(p.e, p.health, envelope(i), 1, 0);
        assert_int_equal(f.seen, 0);
        assert_true(exchange_receipts(p.e, p.health, &last) > 0);
        assert_int_equal(last.kind, lianshu_ReceiptKind_RECEIPT_RETURNED);
        assert_int_equal(last.code, rows[i].code);
        assert_memory_equal(last.env_id, p.health->message->env_id, HASH_LEN);
    }
}

static void the_same_report_without_a_lie_is_shown(void **state)
{
    static const struct lie truth = {.what = "nothing"};
    (void)state;
    tell(&truth, "k");
    exchange_deliver(p.e, p.health, envelope(0), 1, 0);
    assert_int_equal(f.seen, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_sealed_document_that_does_not_belong_to_its_facts_is_returned_unseen),
        CASE(the_same_report_without_a_lie_is_shown),
    };
    return cmocka_run_group_tests_name("unpack", tests, NULL, NULL);
}
