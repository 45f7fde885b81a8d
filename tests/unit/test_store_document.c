/* Holds store/document.h to its guarantees. */
#include "unit/store_place.h"

static void a_document_takes_effect_once_per_issuer_and_id(void **state)
{
    static const uint8_t id[STORE_ID_LEN] = {7};
    static const uint8_t hash[STORE_HASH_LEN] = {1};
    static const uint8_t other[STORE_HASH_LEN] = {2};
    struct place *p = *state;
    uint8_t got[STORE_HASH_LEN];
    assert_int_equal(document_get(p->s->documents, "market.445100", id, got), ERR_NOT_FOUND);
    assert_int_equal(store_begin(p->s, 1), OK);
    assert_int_equal(document_put(p->s->documents, "market.445100", id, hash, 3), OK);
    assert_int_equal(document_put(p->s->documents, "market.445100", id, hash, 4), OK);
    assert_int_equal(document_put(p->s->documents, "market.445100", id, other, 5), ERR_CONFLICT);
    assert_int_equal(document_put(p->s->documents, "health.445100", id, other, 6), OK);
    assert_int_equal(store_commit(p->s), OK);
    place_reopen(p);
    assert_int_equal(document_get(p->s->documents, "market.445100", id, got), OK);
    assert_memory_equal(got, hash, sizeof got);
    assert_int_equal(document_get(p->s->documents, "health.445100", id, got), OK);
    assert_memory_equal(got, other, sizeof got);
}

static void what_was_rolled_back_took_no_effect(void **state)
{
    static const uint8_t id[STORE_ID_LEN] = {9};
    static const uint8_t hash[STORE_HASH_LEN] = {1};
    struct place *p = *state;
    uint8_t got[STORE_HASH_LEN];
    assert_int_equal(store_begin(p->s, 1), OK);
    assert_int_equal(document_put(p->s->documents, "market.445100", id, hash, 3), OK);
    store_rollback(p->s);
    assert_int_equal(document_get(p->s->documents, "market.445100", id, got), ERR_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_document_takes_effect_once_per_issuer_and_id),
        CASE(what_was_rolled_back_took_no_effect),
    };
    return cmocka_run_group_tests_name("document", tests, NULL, NULL);
}
