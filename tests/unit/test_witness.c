/* Checks the promises in keys/witness.h. */
#include "keys/witness.h"
#include "realm.h"

#include "keys/receipt.h"

#include "t.h"

#include <stdio.h>

enum { LEAVES = 300 };

static struct realm *r;
static merkle_hash leaves[LEAVES];
static merkle_hash other[LEAVES]; /* the same up to 100, then another log */

static enum err leaf_at(void *ctx, unsigned level, uint64_t index, merkle_hash out)
{
    const merkle_hash *from = ctx;
    merkle_root(out, from + (index << level), (size_t)1 << level);
    return OK;
}

static int setup(void **state)
{
    (void)state;
    r = realm_open(3);
    for (size_t i = 0; i < LEAVES; i++) {
        char text[16];
        snprintf(text, sizeof text, "%zu", i);
        merkle_leaf(leaves[i], span_str(text));
        merkle_leaf(other[i], i < 100 ? span_str(text) : span_str("other"));
    }
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    realm_close(&r);
    return 0;
}

struct asked {
    const merkle_hash *log; /* NULL: leaves */
    uint64_t old_size;
    uint64_t size;
    unsigned number; /* of the log; 0: 1 */
};

static void put_note(lianshu_WitnessAsk *ask, const struct asked *what, const char *hub,
                     const struct key *key)
{
    struct checkpoint c = {.size = what->size};
    struct writer w = writer_of(ask->checkpoint.bytes, sizeof ask->checkpoint.bytes);
    const merkle_hash *log = what->log != NULL ? what->log : (const merkle_hash *)leaves;
    assert_int_equal(note_origin(c.origin, hub, REALM_NAME, what->number == 0 ? 1 : what->number),
                     OK);
    merkle_root(c.root, log, (size_t)what->size);
    assert_int_equal(note_sign(&c, key, &w), OK);
    ask->checkpoint.size = (pb_size_t)w.len;
}

static void make(lianshu_WitnessAsk *ask, const struct asked *what)
{
    merkle_hash proof[MERKLE_CONSISTENCY_MAX];
    unsigned count = 0;
    const merkle_hash *log = what->log != NULL ? what->log : (const merkle_hash *)leaves;
    *ask = (lianshu_WitnessAsk){.old_size = what->old_size};
    put_note(ask, what, REALM_HUB, realm_key(r, REALM_HUB, KEY_USE_LOG));
    if (what->old_size <= what->size)
        assert_int_equal(
            merkle_consistency(what->old_size, what->size, leaf_at, (void *)log, proof, &count),
            OK);
    ask->proof.size = (pb_size_t)(count * HASH_LEN);
    memcpy(ask->proof.bytes, proof, ask->proof.size);
}

static enum err judge_ask(struct witness_head *held, const lianshu_WitnessAsk *ask)
{
    struct witness_head offered;
    enum err err = witness_read(ask, REALM_HUB, r->registry, REALM_NOW_MS, &offered);
    if (err == OK)
        err = witness_judge(held, &offered, ask);
    if (err == OK)
        *held = offered;
    return err;
}

static enum err asked(struct witness_head *held, const struct asked *what)
{
    lianshu_WitnessAsk ask;
    make(&ask, what);
    return judge_ask(held, &ask);
}

static void a_log_that_only_grows_is_cosigned_from_any_size_to_any_size(void **state)
{
    (void)state;
    for (uint64_t from = 0; from < LEAVES; from += 13) {
        for (uint64_t to = from; to <= LEAVES; to += 29) {
            struct witness_head held = {0};
            assert_int_equal(asked(&held, &(struct asked){.size = from}), OK);
            assert_int_equal(asked(&held, &(struct asked){.old_size = from, .size = to}), OK);
            assert_int_equal(held.checkpoint.size, to);
        }
    }
}

static void the_same_head_again_is_cosigned_again(void **state)
{
    struct witness_head held = {0};
    (void)state;
    assert_int_equal(asked(&held, &(struct asked){.size = 50}), OK);
    assert_int_equal(asked(&held, &(struct asked){.old_size = 50, .size = 50}), OK);
}

/* L-04, F-03 */
static void two_heads_of_one_size_are_a_fork_and_change_nothing(void **state)
{
    struct witness_head held = {0};
    (void)state;
    assert_int_equal(asked(&held, &(struct asked){.size = 200}), OK);
    const struct witness_head before = held;
    for (uint64_t old = 0; old <= 200; old += 50)
        assert_int_equal(
            asked(&held,
                  &(struct asked){.log = (const merkle_hash *)other, .old_size = old, .size = 200}),
            ERR_LOG_FORK);
    assert_memory_equal(&held, &before, sizeof held);
    assert_true(witness_evidence(ERR_LOG_FORK));
}

/* L-04, F-03 */
static void a_longer_fork_has_no_proof_that_leads_to_it(void **state)
{
    struct witness_head held = {0};
    lianshu_WitnessAsk ask;
    (void)state;
    assert_int_equal(asked(&held, &(struct asked){.size = 200}), OK);
    const struct asked fork = {.log = (const merkle_hash *)other, .old_size = 200, .size = 300};
    assert_int_equal(asked(&held, &fork), ERR_CONSISTENCY);
    make(&ask, &fork);
    lianshu_WitnessAsk honest;
    make(&honest, &(struct asked){.old_size = 200, .size = 300});
    ask.proof = honest.proof;
    assert_int_equal(judge_ask(&held, &ask), ERR_CONSISTENCY);
    assert_int_equal(held.checkpoint.size, 200);
    assert_true(witness_evidence(ERR_CONSISTENCY));
}

/* L-06 */
static void wrong_proofs_are_806(void **state)
{
    struct witness_head held = {0};
    lianshu_WitnessAsk good;
    (void)state;
    assert_int_equal(asked(&held, &(struct asked){.size = 100}), OK);
    make(&good, &(struct asked){.old_size = 100, .size = 250});
    for (pb_size_t at = 0; at < good.proof.size; at += 7) {
        lianshu_WitnessAsk ask = good;
        ask.proof.bytes[at] ^= 1;
        assert_int_equal(judge_ask(&held, &ask), ERR_CONSISTENCY);
    }
    lianshu_WitnessAsk ask = good;
    ask.proof.size = 0; /* none, with an old size */
    assert_int_equal(judge_ask(&held, &ask), ERR_CONSISTENCY);
    ask = good;
    ask.proof.size -= 1;
    assert_int_equal(judge_ask(&held, &ask), ERR_CONSISTENCY);
    ask = good;
    ask.proof.size = sizeof ask.proof.bytes; /* 63 */
    assert_int_equal(judge_ask(&held, &ask), ERR_CONSISTENCY);
    struct witness_head none = {0};
    ask = good;
    ask.old_size = 0; /* a proof, with nothing held */
    assert_int_equal(judge_ask(&none, &ask), ERR_CONSISTENCY);
    assert_int_equal(judge_ask(&held, &good), OK);
}

static void an_older_head_is_804_and_another_old_size_811(void **state)
{
    struct witness_head held = {0};
    (void)state;
    assert_int_equal(asked(&held, &(struct asked){.size = 100}), OK);
    assert_int_equal(asked(&held, &(struct asked){.old_size = 50, .size = 99}), ERR_LOG_ROLLBACK);
    assert_int_equal(asked(&held, &(struct asked){.size = 100}), ERR_OLD_SIZE);
    assert_int_equal(asked(&held, &(struct asked){.old_size = 99, .size = 200}), ERR_OLD_SIZE);
    struct witness_head none = {0};
    assert_int_equal(asked(&none, &(struct asked){.old_size = 1, .size = 200}), ERR_OLD_SIZE);
    assert_false(witness_evidence(ERR_OLD_SIZE) || witness_evidence(ERR_LOG_ROLLBACK));
}

/* The race of tlog-witness: two asks from one size; who comes second begins anew. */
static void of_two_asks_from_one_size_the_second_is_not_cosigned(void **state)
{
    struct witness_head held = {0};
    lianshu_WitnessAsk shorter;
    lianshu_WitnessAsk longer;
    (void)state;
    assert_int_equal(asked(&held, &(struct asked){.size = 100}), OK);
    make(&shorter, &(struct asked){.old_size = 100, .size = 150});
    make(&longer, &(struct asked){.old_size = 100, .size = 200});
    assert_int_equal(judge_ask(&held, &longer), OK);
    assert_int_equal(judge_ask(&held, &shorter), ERR_LOG_ROLLBACK);
    assert_int_equal(held.checkpoint.size, 200);
}

static void other_logs_keys_and_hubs_are_807(void **state)
{
    struct witness_head offered;
    struct witness_head held = {0};
    lianshu_WitnessAsk ask;
    struct key *thief = NULL;
    (void)state;
    make(&ask, &(struct asked){.size = 10});
    assert_int_equal(witness_read(&ask, REALM_HUB, r->registry, REALM_NOW_MS, &offered), OK);
    /* somebody else's log */
    assert_int_equal(witness_read(&ask, REALM_MARKET, r->registry, REALM_NOW_MS, &offered),
                     ERR_CHECKPOINT);
    assert_int_equal(witness_read(&ask, "hub.999999", r->registry, REALM_NOW_MS, &offered),
                     ERR_MEMBER_UNKNOWN);
    /* the key's time is over */
    assert_int_equal(
        witness_read(&ask, REALM_HUB, r->registry, REALM_NOW_MS + 400 * REALM_DAY_MS, &offered),
        ERR_CHECKPOINT);
    /* another key, and another hub's name under ours */
    assert_int_equal(key_make(&thief, KEY_USE_LOG, 0, &r->entropy), OK);
    put_note(&ask, &(struct asked){.size = 10}, REALM_HUB, thief);
    assert_int_equal(witness_read(&ask, REALM_HUB, r->registry, REALM_NOW_MS, &offered),
                     ERR_CHECKPOINT);
    put_note(&ask, &(struct asked){.size = 10}, "hub.440000", realm_key(r, REALM_HUB, KEY_USE_LOG));
    assert_int_equal(witness_read(&ask, REALM_HUB, r->registry, REALM_NOW_MS, &offered),
                     ERR_CHECKPOINT);
    key_close(&thief);
    /* lines behind the log's own have no place in an ask */
    make(&ask, &(struct asked){.size = 10});
    static const char more[] = "\u2014 a/witness AAAAAAAA\n";
    memcpy(ask.checkpoint.bytes + ask.checkpoint.size, more, sizeof more - 1);
    ask.checkpoint.size += (pb_size_t)(sizeof more - 1);
    assert_int_equal(witness_read(&ask, REALM_HUB, r->registry, REALM_NOW_MS, &offered),
                     ERR_CHECKPOINT);
    /* a head of another log is never compared with this one */
    assert_int_equal(asked(&held, &(struct asked){.size = 10}), OK);
    assert_int_equal(asked(&held, &(struct asked){.old_size = 10, .size = 20, .number = 2}),
                     ERR_CHECKPOINT);
}

static void an_answer_is_a_line_that_counts_or_what_is_held(void **state)
{
    struct witness_head held = {0};
    lianshu_WitnessAnswer answer = {0};
    struct witness_policy policy = {.count = 1};
    struct key *key = NULL;
    uint64_t time_ms;
    (void)state;
    assert_int_equal(key_make(&key, KEY_USE_WITNESS, 0, &r->entropy), OK);
    snprintf(policy.row[0].name, sizeof policy.row[0].name, "witness.445100.test/witness");
    memcpy(policy.row[0].public_key, key_public(key), KEY_PUBLIC_LEN);
    policy.row[0].valid_until_ms = UINT64_MAX;
    assert_int_equal(asked(&held, &(struct asked){.size = 77}), OK);
    assert_int_equal(witness_answer(&held, held.checkpoint.origin, OK, policy.row[0].name, key,
                                    REALM_NOW_MS, &answer),
                     OK);
    assert_int_equal(cosign_check(span_of(held.note, held.note_len),
                                  span_of(answer.cosignature.bytes, answer.cosignature.size),
                                  policy.row[0].name, &policy, REALM_NOW_MS, &time_ms),
                     OK);
    assert_int_equal(answer.held.size, 0);
    assert_int_equal(witness_answer(&held, held.checkpoint.origin, ERR_LOG_FORK, policy.row[0].name,
                                    key, REALM_NOW_MS, &answer),
                     OK);
    assert_int_equal(answer.code, 803);
    assert_int_equal(answer.size, 77);
    assert_int_equal(answer.cosignature.size, 0);
    assert_memory_equal(answer.held.bytes, held.note, held.note_len);
    key_close(&key);
}

struct mine {
    const merkle_hash *log;
};

static enum err root_of(void *ctx, uint64_t size, merkle_hash root)
{
    const struct mine *mine = ctx;
    merkle_root(root, mine->log, (size_t)size);
    return OK;
}

static enum err look_back(const merkle_hash *log, uint64_t size, struct span held)
{
    struct mine mine = {log};
    return witness_look_back(held, REALM_HUB ".test/audit/1", r->registry, REALM_HUB, REALM_NOW_MS,
                             size, root_of, &mine);
}

/* L-05: what a restored copy hears of its witness */
static void what_our_key_has_signed_and_our_log_is_not_stops_us(void **state)
{
    lianshu_WitnessAsk ask;
    struct key *thief = NULL;
    (void)state;
    make(&ask, &(struct asked){.size = 200});
    const struct span held = span_of(ask.checkpoint.bytes, ask.checkpoint.size);
    assert_int_equal(look_back((const merkle_hash *)leaves, 200, held), OK);
    assert_int_equal(look_back((const merkle_hash *)leaves, 300, held), OK);
    assert_int_equal(look_back((const merkle_hash *)leaves, 199, held), ERR_LOG_ROLLBACK);
    assert_int_equal(look_back((const merkle_hash *)other, 250, held), ERR_LOG_FORK);
    assert_int_equal(look_back((const merkle_hash *)other, 250, span_of(NULL, 0)), OK);
    /* what somebody else signed says nothing about us */
    assert_int_equal(key_make(&thief, KEY_USE_LOG, 0, &r->entropy), OK);
    put_note(&ask, &(struct asked){.size = 299}, REALM_HUB, thief);
    assert_int_equal(look_back((const merkle_hash *)leaves, 200,
                               span_of(ask.checkpoint.bytes, ask.checkpoint.size)),
                     OK);
    key_close(&thief);
}

static enum err no_root(void *ctx, uint64_t size, merkle_hash out)
{
    (void)ctx, (void)size, (void)out;
    return ERR_IO;
}

static void what_cannot_be_looked_up_is_not_called_good(void **state)
{
    static const uint8_t bytes[NOTE_SIGNED_MAX + 1];
    struct witness_head head;
    lianshu_WitnessAsk ask;
    (void)state;
    assert_int_equal(witness_head(span_of(bytes, sizeof bytes), &head), ERR_CHECKPOINT);
    make(&ask, &(struct asked){.size = 7});
    assert_int_equal(witness_look_back(span_of(ask.checkpoint.bytes, ask.checkpoint.size),
                                       REALM_HUB "." REALM_NAME "/audit/1", r->registry, REALM_HUB,
                                       REALM_NOW_MS, 7, no_root, NULL),
                     ERR_IO);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_log_that_only_grows_is_cosigned_from_any_size_to_any_size),
        TEST(the_same_head_again_is_cosigned_again),
        TEST(two_heads_of_one_size_are_a_fork_and_change_nothing),
        TEST(a_longer_fork_has_no_proof_that_leads_to_it),
        TEST(wrong_proofs_are_806),
        TEST(an_older_head_is_804_and_another_old_size_811),
        TEST(of_two_asks_from_one_size_the_second_is_not_cosigned),
        TEST(other_logs_keys_and_hubs_are_807),
        TEST(an_answer_is_a_line_that_counts_or_what_is_held),
        TEST(what_our_key_has_signed_and_our_log_is_not_stops_us),
        TEST(what_cannot_be_looked_up_is_not_called_good),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
