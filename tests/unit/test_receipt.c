/* Checks the promises in keys/receipt.h and keys/log_readers.h. */
#include "keys/log_readers.h"
#include "realm.h"
#include "wire.h"

#include "t.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LOG_SIZE = 21, AT = 13 };

struct fixture {
    struct realm *realm;
    struct verifier *verifier;
    lianshu_Receipt receipt;
    lianshu_Statement statement;
    uint8_t q[FRAME_RECEIPT_MAX];
    size_t q_len;
    uint8_t v[FRAME_STATEMENT_MAX];
    size_t v_len;
    uint8_t s[BATCH_SIGNATURE_MAX];
    size_t s_len;
    merkle_hash leaves[LOG_SIZE];
    merkle_hash path[MERKLE_PATH_MAX];
    unsigned path_len;
    uint8_t note[NOTE_LEN_MAX];
    size_t note_len;
    struct log_reader reader;
    struct checkpoint checkpoint;
};

static struct fixture f;

static void encode(void)
{
    struct writer w = writer_of(f.q, sizeof f.q);
    assert_int_equal(receipt_encode(&f.receipt, &w), OK);
    f.q_len = w.len;
}

static void sign_as(const char *member)
{
    struct batch *batch = NULL;
    struct writer w = writer_of(f.s, sizeof f.s);
    merkle_hash leaf;
    size_t index;
    assert_int_equal(batch_open(&batch), OK);
    receipt_leaf(leaf, span_of(f.q, f.q_len));
    assert_int_equal(batch_add(batch, leaf, &index), OK);
    assert_int_equal(batch_sign(batch, realm_key(f.realm, member, KEY_USE_SIGN)), OK);
    assert_int_equal(batch_write(batch, index, &w), OK);
    f.s_len = w.len;
    batch_close(&batch);
}

/* A log of LOG_SIZE leaves with this leaf at AT, and its checkpoint. */
static enum err leaf_at(void *ctx, unsigned level, uint64_t index, merkle_hash out)
{
    (void)ctx;
    merkle_root(out, (const merkle_hash *)&f.leaves[index << level], (size_t)1 << level);
    return OK;
}

static void log_with(enum log_kind kind, uint64_t time_ms, struct span body)
{
    struct checkpoint c = {.size = LOG_SIZE};
    struct writer w = writer_of(f.note, sizeof f.note);
    for (size_t i = 0; i < LOG_SIZE; i++)
        assert_int_equal(log_leaf(f.leaves[i], LOG_ADMIN, i, span_str("other")), OK);
    assert_int_equal(log_leaf(f.leaves[AT], kind, time_ms, body), OK);
    assert_int_equal(merkle_inclusion(AT, LOG_SIZE, leaf_at, NULL, f.path, &f.path_len), OK);
    merkle_root(c.root, (const merkle_hash *)f.leaves, LOG_SIZE);
    assert_int_equal(note_origin(c.origin, REALM_HUB, REALM_NAME, 1), OK);
    assert_int_equal(note_sign(&c, realm_key(f.realm, REALM_HUB, KEY_USE_LOG), &w), OK);
    f.note_len = w.len;
}

static int setup(void **state)
{
    (void)state;
    memset(&f, 0, sizeof f);
    f.realm = realm_open(5);
    assert_int_equal(verifier_open(&f.verifier, 0), OK);
    snprintf(f.receipt.realm, sizeof f.receipt.realm, REALM_NAME);
    f.receipt.kind = lianshu_ReceiptKind_RECEIPT_DELIVERED;
    snprintf(f.receipt.sender, sizeof f.receipt.sender, REALM_MARKET);
    snprintf(f.receipt.by, sizeof f.receipt.by, REALM_HEALTH);
    f.receipt.time_ms = REALM_NOW_MS;
    f.receipt.env_id[0] = 1;
    encode();
    f.reader =
        (struct log_reader){.registry = f.realm->registry, .hub = REALM_HUB, .at_ms = REALM_NOW_MS};
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    realm_close(&f.realm);
    verifier_close(&f.verifier);
    return 0;
}

static enum err verify_member(uint64_t at_ms)
{
    lianshu_Receipt out;
    return receipt_verify(span_of(f.q, f.q_len), span_of(f.s, f.s_len), f.realm->registry, at_ms,
                          f.verifier, &out);
}

static void receipt_of_a_member_verifies(void **state)
{
    (void)state;
    sign_as(REALM_HEALTH);
    assert_int_equal(verify_member(REALM_NOW_MS), OK);
    assert_int_equal(verify_member(REALM_NOW_MS + 400 * REALM_DAY_MS), ERR_KEY_EXPIRED);
}

/* */
static void forged_receipts_are_refused(void **state)
{
    (void)state;
    sign_as(REALM_POLICE); /* says health, signed by police */
    assert_int_equal(verify_member(REALM_NOW_MS), ERR_KEY_NOT_SENDERS);
    sign_as(REALM_HEALTH);
    for (size_t at = 0; at < f.q_len; at++) {
        f.q[at] ^= 1;
        assert_int_not_equal(verify_member(REALM_NOW_MS), OK);
        f.q[at] ^= 1;
    }
    for (size_t at = 0; at < f.s_len; at++) {
        f.s[at] ^= 1;
        assert_int_not_equal(verify_member(REALM_NOW_MS), OK);
        f.s[at] ^= 1;
    }
    snprintf(f.receipt.realm, sizeof f.receipt.realm, "prod");
    encode();
    sign_as(REALM_HEALTH);
    assert_int_equal(verify_member(REALM_NOW_MS), ERR_REALM);
}

static void what_only_a_hub_says_a_member_cannot_sign(void **state)
{
    (void)state;
    f.receipt.kind = lianshu_ReceiptKind_RECEIPT_ACCEPTED;
    encode();
    sign_as(REALM_HEALTH);
    assert_int_equal(verify_member(REALM_NOW_MS), ERR_RECEIPT_BY);
    f.receipt.kind = lianshu_ReceiptKind_RECEIPT_DELIVERED;
    f.receipt.log_index = 3;
    encode();
    sign_as(REALM_HEALTH);
    assert_int_equal(verify_member(REALM_NOW_MS), ERR_RECEIPT_BY);
}

static void hub_receipt(void)
{
    f.receipt.kind = lianshu_ReceiptKind_RECEIPT_ACCEPTED;
    snprintf(f.receipt.by, sizeof f.receipt.by, REALM_HUB);
    f.receipt.log_index = AT;
    encode();
    log_with(LOG_RECEIPT, f.receipt.time_ms, span_of(f.q, f.q_len));
}

static enum err verify_hub(void)
{
    lianshu_Receipt out;
    enum err err = log_reader_checkpoint(&f.reader, span_of(f.note, f.note_len), &f.checkpoint);
    if (err != OK)
        return err;
    return receipt_verify_hub(&f.reader, &f.checkpoint, span_of(f.q, f.q_len),
                              (const merkle_hash *)f.path, f.path_len, &out);
}

static void receipt_of_the_hub_is_a_leaf_of_its_log(void **state)
{
    (void)state;
    hub_receipt();
    assert_int_equal(verify_hub(), OK);
    assert_int_equal(verify_hub(), OK); /* the checkpoint is known now */
}

/* L-09 */
static void receipt_that_is_not_in_the_log_is_refused(void **state)
{
    (void)state;
    hub_receipt();
    for (size_t at = 0; at < f.q_len; at++) {
        f.q[at] ^= 1;
        assert_int_not_equal(verify_hub(), OK);
        f.q[at] ^= 1;
    }
    f.path[1][7] ^= 1;
    assert_int_equal(verify_hub(), ERR_INCLUSION);
    f.path[1][7] ^= 1;
    f.path_len--;
    assert_int_equal(verify_hub(), ERR_INCLUSION);
    f.path_len++;
    f.receipt.log_index = AT + 1;
    encode();
    assert_int_equal(verify_hub(), ERR_INCLUSION);
    snprintf(f.receipt.by, sizeof f.receipt.by, "hub.440000");
    encode();
    assert_int_equal(verify_hub(), ERR_RECEIPT_BY);
}

static void leaf_of_another_kind_or_time_is_no_receipt(void **state)
{
    (void)state;
    hub_receipt();
    log_with(LOG_STATEMENT, f.receipt.time_ms, span_of(f.q, f.q_len));
    assert_int_equal(verify_hub(), ERR_INCLUSION);
    log_with(LOG_RECEIPT, f.receipt.time_ms + 1, span_of(f.q, f.q_len));
    assert_int_equal(verify_hub(), ERR_INCLUSION);
}

static void checkpoint_must_be_the_hubs(void **state)
{
    struct checkpoint out;
    (void)state;
    hub_receipt();
    const struct span note = span_of(f.note, f.note_len);
    f.reader.hub = REALM_HEALTH;
    assert_int_equal(log_reader_checkpoint(&f.reader, note, &out), ERR_CHECKPOINT);
    f.reader.hub = "hub.440000";
    assert_int_equal(log_reader_checkpoint(&f.reader, note, &out), ERR_MEMBER_UNKNOWN);
    f.reader.hub = REALM_HUB;
    f.reader.at_ms = REALM_NOW_MS + 400 * REALM_DAY_MS; /* log key expired */
    assert_int_equal(log_reader_checkpoint(&f.reader, note, &out), ERR_CHECKPOINT);
    f.reader.at_ms = REALM_NOW_MS;
    f.reader.origin = "hub.445100.test/audit/2";
    assert_int_equal(log_reader_checkpoint(&f.reader, note, &out), ERR_CHECKPOINT);
    f.reader.origin = "hub.445100.test/audit/1";
    assert_int_equal(log_reader_checkpoint(&f.reader, note, &out), OK);
    assert_int_equal(log_reader_checkpoint(&f.reader, note, &out), OK);
    /* What is remembered is asked again for origin and key. */
    f.reader.origin = "hub.445100.test/audit/2";
    assert_int_equal(log_reader_checkpoint(&f.reader, note, &out), ERR_CHECKPOINT);
    f.reader.origin = NULL;
    f.reader.at_ms = REALM_NOW_MS + 400 * REALM_DAY_MS;
    assert_int_equal(log_reader_checkpoint(&f.reader, note, &out), ERR_CHECKPOINT);
}

/* keys/log_readers.h, 1 and 2 */
static void another_hubs_receipt_verifies_under_the_key_that_was_good_then(void **state)
{
    struct log_readers *readers = NULL;
    lianshu_Receipt out;
    (void)state;
    assert_int_equal(log_readers_open(&readers), OK);
    hub_receipt();
    const struct span q = span_of(f.q, f.q_len);
    const struct span path = span_of(f.path, (size_t)f.path_len * HASH_LEN);
    const struct span note = span_of(f.note, f.note_len);
    const struct registry *r = f.realm->registry;
    assert_int_equal(log_readers_receipt(readers, r, REALM_NOW_MS, q, path, note, &out), OK);
    assert_string_equal(out.by, REALM_HUB);
    /* The key has expired meanwhile; when it was said it was good. */
    const uint64_t later = REALM_NOW_MS + 400 * REALM_DAY_MS;
    assert_int_equal(log_readers_receipt(readers, r, later, q, path, note, &out), OK);
    f.path[0][0] ^= 1;
    assert_int_equal(log_readers_receipt(readers, r, later, q, path, note, &out), ERR_INCLUSION);
    f.path[0][0] ^= 1;
    /* Said after its key had expired. */
    f.receipt.time_ms = later;
    encode();
    log_with(LOG_RECEIPT, later, span_of(f.q, f.q_len));
    assert_int_equal(log_readers_receipt(readers, r, later, span_of(f.q, f.q_len), path,
                                         span_of(f.note, f.note_len), &out),
                     ERR_CHECKPOINT);
    /* By a member that has no log, and by nobody. */
    static const struct {
        const char *by;
        enum err err;
    } others[] = {{REALM_HEALTH, ERR_CHECKPOINT}, {"hub.440000", ERR_MEMBER_UNKNOWN}};
    f.receipt.time_ms = REALM_NOW_MS;
    for (size_t i = 0; i < T_COUNT(others); i++) {
        snprintf(f.receipt.by, sizeof f.receipt.by, "%s", others[i].by);
        encode();
        log_with(LOG_RECEIPT, REALM_NOW_MS, span_of(f.q, f.q_len));
        assert_int_equal(log_readers_receipt(readers, r, REALM_NOW_MS, span_of(f.q, f.q_len), path,
                                             span_of(f.note, f.note_len), &out),
                         others[i].err);
    }
    log_readers_close(&readers);
}

/* keys/log_readers.h, 3 */
static void many_logs_are_read_with_the_memory_of_a_few(void **state)
{
    struct log_readers *readers = NULL;
    char hub[LOG_READERS + 2][MEMBER_MAX + 1];
    (void)state;
    assert_int_equal(log_readers_open(&readers), OK);
    for (int round = 0; round < 2; round++) {
        for (unsigned i = 0; i < T_COUNT(hub); i++) {
            snprintf(hub[i], sizeof hub[i], "hub.%06u", i * 10000);
            const struct log_reader *one =
                log_readers_of(readers, f.realm->registry, hub[i], REALM_NOW_MS + i);
            assert_string_equal(one->hub, hub[i]);
            assert_int_equal(one->at_ms, REALM_NOW_MS + i);
            assert_ptr_equal(log_readers_of(readers, f.realm->registry, hub[i], 1), one);
        }
    }
    log_readers_close(&readers);
}

static void statement_is_a_leaf_too(void **state)
{
    lianshu_Statement out;
    struct writer w = writer_of(f.v, sizeof f.v);
    (void)state;
    snprintf(f.statement.realm, sizeof f.statement.realm, REALM_NAME);
    snprintf(f.statement.recipient, sizeof f.statement.recipient, REALM_HEALTH);
    f.statement.accepted_ms = REALM_NOW_MS;
    f.statement.log_index = AT;
    f.statement.delivery_number = 4;
    assert_int_equal(wire_encode(&lianshu_Statement_msg, &f.statement, &w), OK);
    log_with(LOG_STATEMENT, REALM_NOW_MS, writer_span(&w));
    assert_int_equal(log_reader_checkpoint(&f.reader, span_of(f.note, f.note_len), &f.checkpoint),
                     OK);
    assert_int_equal(statement_verify(&f.reader, &f.checkpoint, writer_span(&w),
                                      (const merkle_hash *)f.path, f.path_len, &out),
                     OK);
    assert_int_equal(out.delivery_number, 4);
    for (size_t at = 0; at < w.len; at++) {
        f.v[at] ^= 1;
        assert_int_not_equal(statement_verify(&f.reader, &f.checkpoint, writer_span(&w),
                                              (const merkle_hash *)f.path, f.path_len, &out),
                             OK);
        f.v[at] ^= 1;
    }
}

static void log_leaf_has_the_bytes_of_the_protocol(void **state)
{
    merkle_hash got, want;
    static uint8_t long_body[LOG_BODY_MAX + 1];
    (void)state;
    static const char bytes[] = "lianshu.log.v1\0\0\1" /* L("log") */
                                "\4"                   /* kind */
                                "\0\0\0\0\0\0\1\2"     /* time */
                                "\0\3"
                                "abc"; /* u16|body| ‖ body */
    assert_int_equal(log_leaf(got, LOG_DECISION, 0x102, span_str("abc")), OK);
    merkle_leaf(want, span_of(bytes, sizeof bytes - 1));
    assert_memory_equal(got, want, HASH_LEN);
    assert_int_equal(log_leaf(got, LOG_DECISION, 0, span_of(long_body, sizeof long_body)),
                     ERR_TOO_LARGE);
}

static void the_bytes_of_a_leaf_are_read_back_and_nothing_else_is(void **state)
{
    uint8_t bytes[256];
    uint8_t changed[256];
    struct writer w = writer_of(bytes, sizeof bytes);
    merkle_hash hash;
    merkle_hash same;
    unsigned kind;
    uint64_t time_ms;
    struct span body;
    (void)state;
    assert_int_equal(log_leaf_write(&w, LOG_DECISION, 77, span_str("body")), OK);
    assert_int_equal(log_leaf(hash, LOG_DECISION, 77, span_str("body")), OK);
    merkle_leaf(same, writer_span(&w));
    assert_memory_equal(hash, same, HASH_LEN);
    assert_int_equal(log_leaf_read(writer_span(&w), &kind, &time_ms, &body), OK);
    assert_int_equal(kind, LOG_DECISION);
    assert_int_equal(time_ms, 77);
    assert_true(span_eq(body, span_str("body")));
    for (size_t len = 0; len < w.len; len++)
        assert_int_equal(log_leaf_read(span_of(bytes, len), &kind, &time_ms, &body), ERR_LOG_ENTRY);
    assert_int_equal(log_leaf_read(span_of(bytes, w.len + 1), &kind, &time_ms, &body),
                     ERR_LOG_ENTRY);
    memcpy(changed, bytes, w.len);
    changed[0] ^= 1; /* another label */
    assert_int_equal(log_leaf_read(span_of(changed, w.len), &kind, &time_ms, &body), ERR_LOG_ENTRY);
}

static void what_is_longer_than_its_kind_is_refused(void **state)
{
    static const uint8_t bytes[LOG_BODY_MAX + 1];
    merkle_hash leaf;
    lianshu_Receipt q;
    lianshu_Statement v;
    struct checkpoint head = {.size = 1};
    struct log_reader *reader = calloc(1, sizeof *reader);
    uint8_t room[64];
    struct writer w = writer_of(room, sizeof room);
    unsigned kind;
    uint64_t time_ms;
    struct span body;
    (void)state;
    assert_non_null(reader);
    reader->registry = f.realm->registry;
    const struct span longer = span_of(bytes, LOG_BODY_MAX + 1);
    assert_int_equal(log_leaf(leaf, LOG_ADMIN, 7, longer), ERR_TOO_LARGE);
    assert_int_equal(log_leaf_write(&w, LOG_ADMIN, 7, longer), ERR_TOO_LARGE);
    assert_int_equal(w.len, 0);
    assert_int_equal(receipt_verify(span_of(bytes, FRAME_RECEIPT_MAX + 1), span_str(""),
                                    f.realm->registry, REALM_NOW_MS, NULL, &q),
                     ERR_FRAME_LENGTH);
    assert_int_equal(
        statement_verify(reader, &head, span_of(bytes, FRAME_STATEMENT_MAX + 1), NULL, 0, &v),
        ERR_FRAME_LENGTH);
    struct log_readers *readers = NULL;
    assert_int_equal(log_readers_open(&readers), OK);
    assert_int_equal(log_readers_receipt(readers, f.realm->registry, REALM_NOW_MS,
                                         span_of(bytes, FRAME_RECEIPT_MAX + 1), span_str(""),
                                         span_str(""), &q),
                     ERR_FRAME_LENGTH);
    log_readers_close(&readers);
    static uint8_t all[LOG_BODY_MAX + 32];
    struct writer whole = writer_of(all, sizeof all);
    assert_int_equal(log_leaf_write(&whole, LOG_ADMIN, 7, span_of(bytes, LOG_BODY_MAX)), OK);
    assert_int_equal(log_leaf_read(writer_span(&whole), &kind, &time_ms, &body), OK);
    assert_int_equal(body.len, LOG_BODY_MAX);
    assert_int_equal(log_leaf(leaf, LOG_ADMIN, 7, span_of(bytes, LOG_BODY_MAX)), OK);
    /* a leaf of no kind is none */
    assert_int_equal(log_leaf_write(&w, (enum log_kind)0, 7, span_str("")), OK);
    assert_int_equal(log_leaf_read(writer_span(&w), &kind, &time_ms, &body), ERR_LOG_ENTRY);
    free(reader);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(receipt_of_a_member_verifies),
        CASE(forged_receipts_are_refused),
        CASE(what_only_a_hub_says_a_member_cannot_sign),
        CASE(receipt_of_the_hub_is_a_leaf_of_its_log),
        CASE(receipt_that_is_not_in_the_log_is_refused),
        CASE(leaf_of_another_kind_or_time_is_no_receipt),
        CASE(checkpoint_must_be_the_hubs),
        CASE(another_hubs_receipt_verifies_under_the_key_that_was_good_then),
        CASE(many_logs_are_read_with_the_memory_of_a_few),
        CASE(statement_is_a_leaf_too),
        CASE(log_leaf_has_the_bytes_of_the_protocol),
        CASE(the_bytes_of_a_leaf_are_read_back_and_nothing_else_is),
        CASE(what_is_longer_than_its_kind_is_refused),
    };
    return cmocka_run_group_tests_name("receipt", tests, NULL, NULL);
}
