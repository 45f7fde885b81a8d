/* Checks the promise 9 in adapters/sdk/sdk.h: attachments that come with a message. */
#include "unit/inbox_world.h"

#include "check.h"

#include <dirent.h>

/* An AEFI report with one file of `bytes` bytes; its envelope is kept. */
static void make_with_file(size_t bytes)
{
    const char *path = exchange_path(p.e, "file");
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
    const enum err err = sdk_send(p.market, &m, p.e->now_ms, id, NULL, &fault);
    if (err != OK)
        print_message("%s: %s\n", fault.where, fault.detail);
    assert_int_equal(err, OK);
    assert_int_equal(sdk_commit(p.market, p.e->now_ms), OK);
    (void)close(fd);
    assert_int_equal(exchange_pull(p.e, p.market), 1);
    exchange_keep(p.e, exchange_frame(p.e, 0));
}

static void more_attachments_than_fit_are_refused_with_their_place(void **state)
{
    static const struct sdk_file files[SDK_FILE_MAX + 1];
    uint8_t id[SDK_ID_LEN];
    struct fault fault = {0};
    (void)state;
    const struct sdk_message m = {.key = "many",
                                  .type = lianshu_DocumentType_TYPE_AEFI_REPORT,
                                  .to = TO_HEALTH,
                                  .to_count = 1,
                                  .facts = aefi_facts(),
                                  .sealed = aefi_sealed(),
                                  .files = files,
                                  .file_count = T_COUNT(files)};
    assert_int_equal(sdk_send(p.market, &m, p.e->now_ms, id, NULL, &fault), ERR_TOO_LARGE);
    assert_string_equal(fault.where, "attachments");
    assert_int_equal(sdk_commit(p.market, p.e->now_ms), OK);
    assert_int_equal(exchange_pull(p.e, p.market), 0);
}

/* Ask market's outbox for what health asks for, until it asks for nothing. Answers the chunks. */
static size_t carry_chunks(size_t stop_after)
{
    size_t chunks = 0;

    for (int turn = 0; turn < 64; turn++) {
        uint8_t wanted[FRAME_CONTROL_MAX];
        (void)exchange_pull(p.e, p.health);
        const struct span ask = exchange_find(p.e, FRAME_CONTROL);
        if (ask.len == 0)
            return chunks;
        static lianshu_Control c;
        assert_int_equal(frame_read_control(ask, &c), OK);
        assert_int_equal(message_id_ms(c.body.chunk_wanted.message_id.bytes), REALM_NOW_MS);
        memcpy(wanted, ask.data, ask.len);
        exchange_give(p.e, p.market, span_of(wanted, ask.len));
        const size_t n = exchange_pull(p.e, p.market);
        for (size_t i = 0; i < n; i++) {
            enum frame_kind kind;
            assert_int_equal(frame_kind(exchange_frame(p.e, i), &kind), OK);
            if (kind != FRAME_CHUNK)
                continue;
            if (chunks == stop_after)
                return chunks;
            chunks++;
            exchange_give(p.e, p.health, exchange_frame(p.e, i));
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
        exchange_deliver(p.e, p.health, envelope(0), 1, 0);
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
    exchange_deliver(p.e, p.health, envelope(0), 1, 0);
    assert_int_equal(carry_chunks(7), 7);
    restart();
    p.e->now_ms += 2 * SDK_REASK_MS;
    assert_int_equal(carry_chunks(SIZE_MAX), 13);
    assert_int_equal(f.seen, 1);
    assert_int_equal(f.file_bytes, 20 * CHUNK_PLAIN_LEN);
}

static void a_chunk_that_rotted_on_disk_is_fetched_again(void **state)
{
    (void)state;
    make_with_file(3 * CHUNK_PLAIN_LEN);
    exchange_deliver(p.e, p.health, envelope(0), 1, 0);
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
    (void)snprintf(path, sizeof path, "%s/files/%s.in", p.health->state_dir, name);
    const int fd = open(path, O_WRONLY);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, "zeros", 5, 100), 5);
    (void)close(fd);
    restart();
    p.e->now_ms += 2 * SDK_REASK_MS;
    assert_true(carry_chunks(SIZE_MAX) >= 3);
    p.e->now_ms += 2 * SDK_REASK_MS;
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
    assert_int_equal(files_in(p.market), 1);
    exchange_deliver(p.e, p.health, envelope(0), 1, 0);
    (void)carry_chunks(SIZE_MAX);
    assert_int_equal(f.seen, 1);
    assert_int_equal(files_in(p.health), 0);
    exchange_verdict(p.e, p.market, envelope(0), lianshu_ReceiptKind_RECEIPT_ACCEPTED, OK, 1);
    exchange_connect(p.e, p.health); /* the receipt went while chunks were carried: once more */
    assert_int_equal(exchange_pull(p.e, p.health), 1);
    exchange_relay(p.e, p.market, exchange_frame(p.e, 0), 2);
    assert_int_equal(files_in(p.market), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(more_attachments_than_fit_are_refused_with_their_place),
        CASE(a_message_waits_for_its_attachments),
        CASE(fetching_goes_on_after_a_kill_where_it_was),
        CASE(a_chunk_that_rotted_on_disk_is_fetched_again),
        CASE(sealed_files_go_when_nobody_needs_them),
    };
    return cmocka_run_group_tests_name("inbox_files", tests, NULL, NULL);
}
