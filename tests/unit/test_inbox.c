/* Checks the promises 3 to 7 and 9 in adapters/sdk/sdk.h: what comes, once, in order, complete. */
#include "exchange.h"

#include "check.h"

#include "case.pb.h"
#include "safety.pb.h"

#include "t.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ENVELOPES = 8, SEEN_MAX = 64, FRAME_ROOM = 1 << 17 };

static const char *const TO_HEALTH[] = {REALM_HEALTH};
static const char *const TO_BOTH[] = {REALM_HEALTH, REALM_POLICE};

struct fixture {
    struct exchange *e;
    struct sdk *market, *health;
    struct sdk_handler handler;
    /* what apply saw */
    unsigned seen;
    uint8_t env_id[SEEN_MAX][HASH_LEN];
    uint8_t message_id[SEEN_MAX][SDK_ID_LEN];
    enum err answer;
    bool reply; /* apply sends an honour back */
    size_t files;
    uint64_t file_bytes;
    bool saved;
    /* envelopes of market */
    uint8_t *envelope[ENVELOPES];
    size_t envelope_len[ENVELOPES];
    size_t envelopes;
};

static struct fixture f;

static enum err apply(void *ctx, struct sdk *sdk, const struct sdk_incoming *m, uint64_t now_ms)
{
    uint8_t id[SDK_ID_LEN];
    static const char *const back[] = {REALM_MARKET};

    (void)ctx;
    assert_true(f.seen < SEEN_MAX);
    memcpy(f.message_id[f.seen], m->message_id, SDK_ID_LEN);
    memcpy(f.env_id[f.seen++], m->env_id, HASH_LEN);
    f.files = m->file_count;
    if (m->file_count > 0) {
        const int fd = open(exchange_path(f.e, "saved"), O_RDWR | O_CREAT | O_TRUNC, 0600);
        struct stat st;
        assert_true(fd >= 0);
        assert_int_equal(sdk_file_save(sdk, m, 0, fd), OK);
        assert_int_equal(fstat(fd, &st), 0);
        f.file_bytes = (uint64_t)st.st_size;
        f.saved = true;
        (void)close(fd);
    }
    if (f.reply) {
        const struct sdk_message answer = {.key = "reply",
                                           .type = lianshu_DocumentType_TYPE_HONOUR,
                                           .to = back,
                                           .to_count = 1,
                                           .facts = exchange_honour("reply")};
        assert_int_equal(sdk_send(sdk, &answer, now_ms, id, NULL, NULL), OK);
    }
    return f.answer;
}

static int setup(void **state)
{
    (void)state;
    memset(&f, 0, sizeof f);
    f.e = exchange_open(2);
    f.handler.apply = apply;
    f.market = exchange_sdk(f.e, REALM_MARKET, NULL);
    f.health = exchange_sdk(f.e, REALM_HEALTH, &f.handler);
    exchange_connect(f.e, f.market);
    exchange_connect(f.e, f.health);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    for (size_t i = 0; i < ENVELOPES; i++)
        free(f.envelope[i]);
    sdk_close(&f.market);
    sdk_close(&f.health);
    exchange_close(&f.e);
    return 0;
}

static void restart(void)
{
    sdk_close(&f.health);
    f.health = exchange_sdk(f.e, REALM_HEALTH, &f.handler);
    exchange_connect(f.e, f.health);
}

static struct span envelope(size_t i)
{
    return span_of(f.envelope[i], f.envelope_len[i]);
}

static void keep(struct span frame)
{
    f.envelope[f.envelopes] = malloc(frame.len);
    assert_non_null(f.envelope[f.envelopes]);
    memcpy(f.envelope[f.envelopes], frame.data, frame.len);
    f.envelope_len[f.envelopes++] = frame.len;
}

/* n envelopes of one conversation (0: each of its own) to health. */
static void make(size_t n, uint8_t conversation)
{
    const uint8_t id[SDK_ID_LEN] = {conversation};
    uint8_t message_id[SDK_ID_LEN];
    char key[32];

    for (size_t i = 0; i < n; i++) {
        (void)snprintf(key, sizeof key, "m%zu-%u", i, conversation);
        struct sdk_message m = {.key = key,
                                .type = lianshu_DocumentType_TYPE_HONOUR,
                                .to = TO_HEALTH,
                                .to_count = 1,
                                .facts = exchange_honour(key)};
        if (conversation != 0)
            m.conversation = span_of(id, sizeof id);
        assert_int_equal(sdk_send(f.market, &m, f.e->now_ms, message_id, NULL, NULL), OK);
    }
    assert_int_equal(sdk_commit(f.market, f.e->now_ms), OK);
    assert_int_equal(exchange_pull(f.e, f.market), n);
    for (size_t i = 0; i < n; i++)
        keep(exchange_frame(f.e, i));
}

/* Receipts that health sends now; *kind of the last, and its code. */
static size_t receipts(lianshu_ReceiptKind *kind, uint32_t *code)
{
    struct frame_receipts r;
    struct frame_receipt entry;
    static lianshu_Receipt q;
    size_t n = 0;

    (void)exchange_pull(f.e, f.health);
    const struct span frame = exchange_find(f.e, FRAME_RECEIPTS);
    if (frame.len == 0)
        return 0;
    assert_int_equal(frame_parse_receipts(frame, &r), OK);
    while (frame_receipts_next(&r, &entry)) {
        assert_int_equal(wire_decode(&lianshu_Receipt_msg, entry.receipt, &q), OK);
        assert_string_equal(q.by, REALM_HEALTH);
        *kind = q.kind;
        *code = q.code;
        n++;
    }
    return n;
}

static void assert_one_receipt(lianshu_ReceiptKind want, enum err want_code)
{
    lianshu_ReceiptKind kind = lianshu_ReceiptKind_RECEIPT_NONE;
    uint32_t code = 0;
    assert_int_equal(receipts(&kind, &code), 1);
    assert_int_equal(kind, want);
    assert_int_equal(code, want_code);
}

static size_t count_receipts(void)
{
    lianshu_ReceiptKind kind;
    uint32_t code;
    return receipts(&kind, &code);
}

/* Promises 3 and 5 */
static void a_message_is_applied_once_and_receipted_after_the_commit(void **state)
{
    (void)state;
    static uint8_t bytes[FRAME_ROOM];

    make(1, 0);
    const size_t n = exchange_delivery(f.e, REALM_HEALTH, envelope(0), 1, 0, bytes, sizeof bytes);
    assert_int_equal(turn_input(f.health, span_of(bytes, n), f.e->now_ms), OK);
    assert_int_equal(f.seen, 1);
    assert_int_equal(count_receipts(), 0); /* not on disk yet */
    assert_int_equal(sdk_commit(f.health, f.e->now_ms), OK);
    assert_one_receipt(lianshu_ReceiptKind_RECEIPT_DELIVERED, OK);
}

static void killed_before_the_commit_it_is_applied_again(void **state)
{
    (void)state;
    static uint8_t bytes[FRAME_ROOM];

    make(1, 0);
    const size_t n = exchange_delivery(f.e, REALM_HEALTH, envelope(0), 1, 0, bytes, sizeof bytes);
    assert_int_equal(turn_input(f.health, span_of(bytes, n), f.e->now_ms), OK);
    restart();
    assert_int_equal(count_receipts(), 0);
    exchange_give(f.e, f.health, span_of(bytes, n));
    assert_int_equal(f.seen, 2);
    assert_one_receipt(lianshu_ReceiptKind_RECEIPT_DELIVERED, OK);
}

static void a_repetition_is_answered_with_the_stored_receipt(void **state)
{
    (void)state;
    static uint8_t first[FRAME_ROOM];

    make(1, 0);
    exchange_deliver(f.e, f.health, envelope(0), 1, 0);
    assert_int_equal(exchange_pull(f.e, f.health), 1);
    const size_t len = f.e->frame_len[0];
    memcpy(first, f.e->frame[0], len);
    for (int i = 0; i < 3; i++) {
        if (i == 1)
            restart(), (void)exchange_pull(f.e, f.health); /* what is not acknowledged goes again */
        exchange_deliver(f.e, f.health, envelope(0), 1, 0);
        assert_int_equal(exchange_pull(f.e, f.health), 1);
        assert_int_equal(f.e->frame_len[0], len);
        assert_memory_equal(f.e->frame[0], first, len);
    }
    assert_int_equal(f.seen, 1);
}

static void receipts_are_repeated_until_acknowledged(void **state)
{
    (void)state;
    static lianshu_Control c;
    uint8_t bytes[FRAME_CONTROL_MAX];
    struct writer w = writer_of(bytes, sizeof bytes);

    make(1, 0);
    exchange_deliver(f.e, f.health, envelope(0), 1, 0);
    assert_int_equal(count_receipts(), 1);
    exchange_connect(f.e, f.health);
    assert_int_equal(count_receipts(), 1);
    c = (lianshu_Control){.kind = lianshu_ControlKind_CONTROL_ACK,
                          .which_body = lianshu_Control_ack_tag};
    assert_int_equal(frame_put_control(&w, &c), OK);
    exchange_give(f.e, f.health, writer_span(&w));
    exchange_connect(f.e, f.health);
    assert_int_equal(count_receipts(), 0);
    restart();
    assert_int_equal(count_receipts(), 0);
}

static void what_apply_sends_is_committed_with_it_or_not_at_all(void **state)
{
    (void)state;
    struct sdk_counts counts;

    make(2, 0);
    f.reply = true;
    f.answer = ERR_FIELD_VALUE;
    exchange_deliver(f.e, f.health, envelope(0), 1, 0);
    assert_one_receipt(lianshu_ReceiptKind_RECEIPT_RETURNED, ERR_FIELD_VALUE);
    assert_int_equal(sdk_counts(f.health, &counts), OK);
    assert_int_equal(counts.queued, 0);
    assert_int_equal(counts.returned, 1);
    f.answer = OK;
    exchange_deliver(f.e, f.health, envelope(1), 1, 0);
    assert_int_equal(sdk_counts(f.health, &counts), OK);
    assert_int_equal(counts.queued, 1);
    assert_int_equal(counts.received, 1);
    assert_true(exchange_pull(f.e, f.health) >= 2);
    assert_true(exchange_find(f.e, FRAME_ENVELOPE).len > 0);
}

static void not_now_means_not_receipted_and_taken_when_it_comes_again(void **state)
{
    (void)state;
    make(1, 0);
    f.answer = ERR_DISK_FULL;
    exchange_deliver(f.e, f.health, envelope(0), 1, 0);
    assert_int_equal(count_receipts(), 0);
    f.answer = OK;
    exchange_deliver(f.e, f.health, envelope(0), 1, 0);
    assert_one_receipt(lianshu_ReceiptKind_RECEIPT_DELIVERED, OK);
    assert_int_equal(f.seen, 2);
}

/* Promise 4: order. Each row delivers the numbers in turn; `after` tells how many were applied. */
static void order_is_that_of_the_delivery_numbers(void **state)
{
    (void)state;
    static const struct {
        size_t i;        /* envelope */
        uint64_t number; /* delivered as */
        uint64_t gap;    /* tombstone */
        unsigned after;
    } steps[] = {
        {1, 2, 0, 0}, /* early: kept */
        {3, 5, 4, 0}, /* 4 was superseded; 1 and 3 are missing */
        {1, 2, 0, 0}, /* again: still not its turn */
        {0, 1, 0, 2}, /* 1, then 2 */
        {2, 3, 0, 4}, /* 3, over the tombstone, 5 */
        {4, 6, 0, 5},
    };
    static const size_t order[] = {0, 1, 2, 3, 4};
    uint8_t want[HASH_LEN], header_hash[HASH_LEN];
    struct frame_envelope frame;

    make(5, 9);
    for (size_t k = 0; k < T_COUNT(steps); k++) {
        print_message("step %zu\n", k);
        exchange_deliver(f.e, f.health, envelope(steps[k].i), steps[k].number, steps[k].gap);
        assert_int_equal(f.seen, steps[k].after);
        if (k == 1)
            restart(); /* what waits, waits on disk */
    }
    for (size_t k = 0; k < T_COUNT(order); k++) {
        assert_int_equal(frame_parse_envelope(envelope(order[k]), &frame), OK);
        envelope_id(&frame, header_hash, want);
        assert_memory_equal(f.env_id[k], want, HASH_LEN);
    }
}

static void conversations_do_not_wait_for_each_other(void **state)
{
    (void)state;
    make(2, 1);
    make(2, 2);
    exchange_deliver(f.e, f.health, envelope(1), 2, 0);
    exchange_deliver(f.e, f.health, envelope(2), 1, 0);
    exchange_deliver(f.e, f.health, envelope(3), 2, 0);
    assert_int_equal(f.seen, 2);
}

static void a_returned_message_does_not_stop_those_behind_it(void **state)
{
    (void)state;
    make(3, 5);
    exchange_deliver(f.e, f.health, envelope(1), 2, 0);
    exchange_deliver(f.e, f.health, envelope(2), 3, 0);
    f.answer = ERR_FIELD_VALUE; /* all three are refused by apply, in order */
    exchange_deliver(f.e, f.health, envelope(0), 1, 0);
    assert_int_equal(f.seen, 3);
    assert_int_equal(count_receipts(), 3);
}

static void a_message_put_off_is_taken_up_by_time_alone(void **state)
{
    (void)state;
    make(2, 6);
    f.answer = ERR_DISK_FULL;
    exchange_deliver(f.e, f.health, envelope(1), 2, 0);
    exchange_deliver(f.e, f.health, envelope(0), 1, 0); /* put off; not kept */
    f.answer = OK;
    exchange_deliver(f.e, f.health, envelope(0), 1, 0);
    assert_int_equal(count_receipts(), 2);
    make(2, 7);
    exchange_deliver(f.e, f.health, envelope(3), 2, 0);
    f.answer = ERR_DISK_FULL;
    f.seen = 0;
    exchange_deliver(f.e, f.health, envelope(3), 2, 0);
    assert_int_equal(f.seen, 0);
    f.answer = OK;
    exchange_deliver(f.e, f.health, envelope(2), 1, 0);
    assert_int_equal(f.seen, 2);
}

/* Promise 6: nothing altered gets through. */
static void an_altered_delivery_is_never_applied(void **state)
{
    (void)state;
    static uint8_t bytes[FRAME_ROOM], spoilt[FRAME_ROOM];

    make(1, 0);
    const size_t n = exchange_delivery(f.e, REALM_HEALTH, envelope(0), 1, 0, bytes, sizeof bytes);
    for (size_t i = 0; i < n; i += 3) {
        memcpy(spoilt, bytes, n);
        spoilt[i] ^= 0x20;
        assert_int_equal(turn_input(f.health, span_of(spoilt, n), f.e->now_ms), OK);
        sdk_rollback(f.health);
        assert_int_equal(f.seen, 0);
    }
    exchange_give(f.e, f.health, span_of(bytes, n));
    assert_int_equal(f.seen, 1);
}

static void an_envelope_without_its_statement_is_ignored(void **state)
{
    (void)state;
    make(1, 0);
    exchange_give(f.e, f.health, envelope(0));
    assert_int_equal(f.seen, 0);
    assert_int_equal(count_receipts(), 0);
}

static void a_statement_for_somebody_else_is_ignored(void **state)
{
    (void)state;
    static uint8_t bytes[FRAME_ROOM];
    uint8_t id[SDK_ID_LEN];
    const struct sdk_message m = {.key = "both",
                                  .type = lianshu_DocumentType_TYPE_HONOUR,
                                  .to = TO_BOTH,
                                  .to_count = 2,
                                  .facts = exchange_honour("both")};

    assert_int_equal(sdk_send(f.market, &m, f.e->now_ms, id, NULL, NULL), OK);
    assert_int_equal(sdk_commit(f.market, f.e->now_ms), OK);
    assert_int_equal(exchange_pull(f.e, f.market), 1);
    keep(exchange_frame(f.e, 0));
    const size_t n = exchange_delivery(f.e, REALM_POLICE, envelope(0), 1, 0, bytes, sizeof bytes);
    exchange_give(f.e, f.health, span_of(bytes, n));
    assert_int_equal(f.seen, 0);
    assert_int_equal(count_receipts(), 0);
}

static void what_expired_before_it_was_accepted_is_returned(void **state)
{
    (void)state;
    make(1, 0);
    f.e->now_ms +=
        20 * REALM_DAY_MS; /* the hub would not do this: its clock says so, it signs it */
    exchange_deliver(f.e, f.health, envelope(0), 1, 0);
    assert_int_equal(f.seen, 0);
    assert_one_receipt(lianshu_ReceiptKind_RECEIPT_RETURNED, ERR_EXPIRED);
    struct sdk_counts counts;
    assert_int_equal(sdk_counts(f.health, &counts), OK);
    assert_int_equal(counts.returned, 1);
}

/* Receipts come back to the sender. */
static void a_members_receipt_ends_the_senders_duty(void **state)
{
    (void)state;
    enum sdk_state s = SDK_QUEUED;
    uint8_t id[SDK_ID_LEN], env_id[SDK_ENV_ID_LEN];

    make(1, 0);
    exchange_verdict(f.e, f.market, envelope(0), lianshu_ReceiptKind_RECEIPT_ACCEPTED, OK, 1);
    exchange_deliver(f.e, f.health, envelope(0), 1, 0);
    assert_int_equal(exchange_pull(f.e, f.health), 1);
    exchange_relay(f.e, f.market, exchange_frame(f.e, 0), 2);
    assert_int_equal(sdk_status(f.market, "m0-0", &s, id, env_id), OK);
    assert_int_equal(s, SDK_FINAL);
}

static void opened_and_acted_are_said_for_what_was_applied_only(void **state)
{
    (void)state;
    const uint8_t unknown[SDK_ENV_ID_LEN] = {1};
    char overlong[SDK_REFERENCE_MAX + 1];

    memset(overlong, 'x', sizeof overlong - 1);
    overlong[sizeof overlong - 1] = '\0';
    make(1, 0);
    exchange_deliver(f.e, f.health, envelope(0), 1, 0);
    assert_int_equal(count_receipts(), 1);
    assert_int_equal(sdk_receipt(f.health, unknown, unknown, lianshu_ReceiptKind_RECEIPT_ACTED, "r",
                                 f.e->now_ms),
                     ERR_NOT_FOUND);
    assert_int_equal(sdk_receipt(f.health, f.message_id[0], f.env_id[0],
                                 lianshu_ReceiptKind_RECEIPT_ACCEPTED, "r", f.e->now_ms),
                     ERR_FIELD_VALUE);
    assert_int_equal(sdk_receipt(f.health, f.message_id[0], f.env_id[0],
                                 lianshu_ReceiptKind_RECEIPT_ACTED, overlong, f.e->now_ms),
                     ERR_FIELD_LONG);
    assert_int_equal(sdk_receipt(f.health, f.message_id[0], f.env_id[0],
                                 lianshu_ReceiptKind_RECEIPT_ACTED, "REG-1", f.e->now_ms),
                     OK);
    assert_int_equal(sdk_commit(f.health, f.e->now_ms), OK);
    assert_one_receipt(lianshu_ReceiptKind_RECEIPT_ACTED, OK);
}

/* ---- promise 9: attachments ---- */

static struct span aefi_facts(void)
{
    static lianshu_BatchFacts b;
    static uint8_t bytes[512];
    struct writer w = writer_of(bytes, sizeof bytes);

    wire_clear(&lianshu_BatchFacts_msg, &b);
    (void)snprintf(b.batch_number, sizeof b.batch_number, "20251101");
    assert_int_equal(wire_encode(&lianshu_BatchFacts_msg, &b, &w), OK);
    return writer_span(&w);
}

static struct span aefi_sealed(void)
{
    static lianshu_AefiReport r;
    static uint8_t bytes[512];
    struct writer w = writer_of(bytes, sizeof bytes);

    wire_clear(&lianshu_AefiReport_msg, &r);
    (void)snprintf(r.symptoms, sizeof r.symptoms, "发热");
    assert_int_equal(wire_encode(&lianshu_AefiReport_msg, &r, &w), OK);
    return writer_span(&w);
}

/* An AEFI report with one file of `bytes` bytes; its envelope is kept. */
static void make_with_file(size_t bytes)
{
    const char *path = exchange_path(f.e, "file");
    const int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
    uint8_t block[4096], id[SDK_ID_LEN];

    assert_true(fd >= 0);
    for (size_t at = 0; at < bytes; at += sizeof block) {
        const size_t n = bytes - at < sizeof block ? bytes - at : sizeof block;
        memset(block, (int)(at >> 12), sizeof block);
        assert_int_equal(write(fd, block, n), n);
    }
    const struct sdk_file file = {"病历.pdf", "application/pdf", "", fd};
    const struct sdk_message m = {.key = "aefi",
                                  .type = lianshu_DocumentType_TYPE_AEFI_REPORT,
                                  .to = TO_HEALTH,
                                  .to_count = 1,
                                  .facts = aefi_facts(),
                                  .sealed = aefi_sealed(),
                                  .files = &file,
                                  .file_count = 1};
    struct fault fault = {0};
    const enum err err = sdk_send(f.market, &m, f.e->now_ms, id, NULL, &fault);
    if (err != OK)
        print_message("%s: %s\n", fault.where, fault.detail);
    assert_int_equal(err, OK);
    assert_int_equal(sdk_commit(f.market, f.e->now_ms), OK);
    (void)close(fd);
    assert_int_equal(exchange_pull(f.e, f.market), 1);
    keep(exchange_frame(f.e, 0));
}

/* Ask market's outbox for what health asks for, until it asks for nothing. Answers the chunks. */
static size_t carry_chunks(size_t stop_after)
{
    size_t chunks = 0;

    for (int turn = 0; turn < 64; turn++) {
        uint8_t wanted[FRAME_CONTROL_MAX];
        (void)exchange_pull(f.e, f.health);
        const struct span ask = exchange_find(f.e, FRAME_CONTROL);
        if (ask.len == 0)
            return chunks;
        static lianshu_Control c;
        assert_int_equal(frame_read_control(ask, &c), OK);
        assert_int_equal(message_id_ms(c.body.chunk_wanted.message_id.bytes), REALM_NOW_MS);
        memcpy(wanted, ask.data, ask.len);
        exchange_give(f.e, f.market, span_of(wanted, ask.len));
        const size_t n = exchange_pull(f.e, f.market);
        for (size_t i = 0; i < n; i++) {
            enum frame_kind kind;
            assert_int_equal(frame_kind(exchange_frame(f.e, i), &kind), OK);
            if (kind != FRAME_CHUNK)
                continue;
            if (chunks == stop_after)
                return chunks;
            chunks++;
            exchange_give(f.e, f.health, exchange_frame(f.e, i));
        }
    }
    return chunks;
}

static void a_message_waits_for_its_attachments(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, CHUNK_PLAIN_LEN, CHUNK_PLAIN_LEN + 1,
                                   20 * CHUNK_PLAIN_LEN + 17};
    for (size_t i = 0; i < T_COUNT(sizes); i++) {
        print_message("%zu bytes\n", sizes[i]);
        if (i > 0) {
            assert_int_equal(teardown(NULL), 0);
            assert_int_equal(setup(NULL), 0);
        }
        make_with_file(sizes[i]);
        exchange_deliver(f.e, f.health, envelope(0), 1, 0);
        assert_int_equal(f.seen, 0);
        assert_int_equal(carry_chunks(SIZE_MAX),
                         sizes[i] / CHUNK_PLAIN_LEN +
                             (sizes[i] == 0 || sizes[i] % CHUNK_PLAIN_LEN != 0));
        assert_int_equal(f.seen, 1);
        assert_true(f.saved);
        assert_int_equal(f.file_bytes, sizes[i]);
    }
}

static void fetching_goes_on_after_a_kill_where_it_was(void **state)
{
    (void)state;
    make_with_file(20 * CHUNK_PLAIN_LEN);
    exchange_deliver(f.e, f.health, envelope(0), 1, 0);
    assert_int_equal(carry_chunks(7), 7);
    restart();
    f.e->now_ms += 2 * SDK_REASK_MS;
    assert_int_equal(carry_chunks(SIZE_MAX), 13);
    assert_int_equal(f.seen, 1);
    assert_int_equal(f.file_bytes, 20 * CHUNK_PLAIN_LEN);
}

static void a_chunk_that_rotted_on_disk_is_fetched_again(void **state)
{
    (void)state;
    make_with_file(3 * CHUNK_PLAIN_LEN);
    exchange_deliver(f.e, f.health, envelope(0), 1, 0);
    assert_int_equal(carry_chunks(2), 2);
    /* As after a power cut: the length is there, the bytes are not. */
    char path[SDK_FILE_PATH_MAX];
    char name[2 * HASH_LEN + 8];
    static lianshu_Header h;
    struct frame_envelope frame;
    assert_int_equal(frame_parse_envelope(envelope(0), &frame), OK);
    assert_int_equal(wire_decode(&lianshu_Header_msg, frame.header, &h), OK);
    for (size_t i = 0; i < HASH_LEN; i++)
        (void)snprintf(name + 2 * i, 3, "%02x", h.attachments[0].root[i]);
    (void)snprintf(path, sizeof path, "%s/files/%s.in", f.health->state_dir, name);
    const int fd = open(path, O_WRONLY);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, "zeros", 5, 100), 5);
    (void)close(fd);
    restart();
    f.e->now_ms += 2 * SDK_REASK_MS;
    assert_true(carry_chunks(SIZE_MAX) >= 3);
    f.e->now_ms += 2 * SDK_REASK_MS;
    (void)carry_chunks(SIZE_MAX);
    assert_int_equal(f.seen, 1);
    assert_int_equal(f.file_bytes, 3 * CHUNK_PLAIN_LEN);
}

static size_t files_in(const struct sdk *s)
{
    char path[SDK_FILE_PATH_MAX];
    size_t n = 0;

    (void)snprintf(path, sizeof path, "%s/files", s->state_dir);
    DIR *dir = opendir(path);
    assert_non_null(dir);
    for (const struct dirent *e = readdir(dir); e != NULL; e = readdir(dir))
        n += e->d_name[0] != '.';
    (void)closedir(dir);
    return n;
}

static void sealed_files_go_when_nobody_needs_them(void **state)
{
    (void)state;
    make_with_file(1000);
    assert_int_equal(files_in(f.market), 1);
    exchange_deliver(f.e, f.health, envelope(0), 1, 0);
    (void)carry_chunks(SIZE_MAX);
    assert_int_equal(f.seen, 1);
    assert_int_equal(files_in(f.health), 0);
    exchange_verdict(f.e, f.market, envelope(0), lianshu_ReceiptKind_RECEIPT_ACCEPTED, OK, 1);
    exchange_connect(f.e, f.health); /* the receipt went while chunks were carried: once more */
    assert_int_equal(exchange_pull(f.e, f.health), 1);
    exchange_relay(f.e, f.market, exchange_frame(f.e, 0), 2);
    assert_int_equal(files_in(f.market), 0);
}

/* A type without facts: the hub reads nothing, so it is no destination either. */
static void what_the_hub_cannot_read_goes_sealed_alone(void **state)
{
    uint8_t id[SDK_ID_LEN], room[512];
    static lianshu_Header header;
    struct frame_envelope frame;
    struct fault fault = {0};
    static const char *const to_hub[] = {REALM_HEALTH, REALM_HUB};
    static const lianshu_Clue clue = {.number = "1",
                                      .source = lianshu_ClueSource_SOURCE_DUTY,
                                      .facts = "x",
                                      .date = 20261122,
                                      .officer = "x"};
    struct writer w = writer_of(room, sizeof room);
    (void)state;

    assert_int_equal(wire_encode(&lianshu_Clue_msg, &clue, &w), OK);
    struct sdk_message m = {
        .key = "clue", .type = lianshu_DocumentType_TYPE_CLUE, .to = TO_HEALTH, .to_count = 1};
    assert_int_equal(sdk_send(f.market, &m, f.e->now_ms, id, NULL, &fault), ERR_FIELD_MISSING);
    assert_string_equal(fault.where, "sealed");
    m.sealed = writer_span(&w);
    m.facts = exchange_honour("x");
    assert_int_equal(sdk_send(f.market, &m, f.e->now_ms, id, NULL, &fault), ERR_FIELD_UNKNOWN);
    m.facts = span_of(NULL, 0);
    m.to = to_hub;
    m.to_count = 2;
    assert_int_equal(sdk_send(f.market, &m, f.e->now_ms, id, NULL, &fault), ERR_AUDIENCE);
    m.to = TO_HEALTH;
    m.to_count = 1;
    assert_int_equal(sdk_send(f.market, &m, f.e->now_ms, id, NULL, &fault), OK);
    assert_int_equal(sdk_commit(f.market, f.e->now_ms), OK);
    assert_int_equal(exchange_pull(f.e, f.market), 1);
    keep(exchange_frame(f.e, 0));

    assert_int_equal(frame_parse_envelope(envelope(0), &frame), OK);
    assert_int_equal(wire_decode(&lianshu_Header_msg, frame.header, &header), OK);
    assert_int_equal(header_check(&header), OK);
    assert_int_equal(header.parts_count, 1);
    assert_int_equal(part_reader(&header.parts[0], REALM_HUB), -1);

    exchange_deliver(f.e, f.health, envelope(0), 1, 0);
    assert_int_equal(f.seen, 1);
    assert_one_receipt(lianshu_ReceiptKind_RECEIPT_DELIVERED, OK);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_message_is_applied_once_and_receipted_after_the_commit),
        CASE(killed_before_the_commit_it_is_applied_again),
        CASE(a_repetition_is_answered_with_the_stored_receipt),
        CASE(receipts_are_repeated_until_acknowledged),
        CASE(what_apply_sends_is_committed_with_it_or_not_at_all),
        CASE(not_now_means_not_receipted_and_taken_when_it_comes_again),
        CASE(order_is_that_of_the_delivery_numbers),
        CASE(conversations_do_not_wait_for_each_other),
        CASE(a_returned_message_does_not_stop_those_behind_it),
        CASE(a_message_put_off_is_taken_up_by_time_alone),
        CASE(an_altered_delivery_is_never_applied),
        CASE(an_envelope_without_its_statement_is_ignored),
        CASE(a_statement_for_somebody_else_is_ignored),
        CASE(what_expired_before_it_was_accepted_is_returned),
        CASE(a_members_receipt_ends_the_senders_duty),
        CASE(opened_and_acted_are_said_for_what_was_applied_only),
        CASE(a_message_waits_for_its_attachments),
        CASE(fetching_goes_on_after_a_kill_where_it_was),
        CASE(a_chunk_that_rotted_on_disk_is_fetched_again),
        CASE(sealed_files_go_when_nobody_needs_them),
        CASE(what_the_hub_cannot_read_goes_sealed_alone),
    };
    return cmocka_run_group_tests_name("inbox", tests, NULL, NULL);
}
