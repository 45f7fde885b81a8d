/* Attachments at their sender (promise 9 of adapters/sdk/sdk.h): one key and one copy for a file
 * and its readers, sealed at rest, given chunk by chunk as the hub asks. */
#include "exchange.h"

#include "check.h"

#include "case.pb.h"

#include "t.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const TO_HEALTH[] = {REALM_HEALTH};
static const char *const TO_BOTH[] = {REALM_HEALTH, REALM_POLICE};

static struct fixture {
    struct exchange *e;
    struct sdk *market;
    struct sdk_progress last; /* what was told of progress */
    unsigned told[SDK_SAVING + 1];
} f;

static void progress(void *ctx, const struct sdk_progress *p)
{
    (void)ctx;
    assert_true(p->bytes <= p->total);
    f.last = *p;
    f.told[p->phase]++;
}

static void open_market(void)
{
    const struct sdk_handler handler = {.progress = progress};
    sdk_close(&f.market);
    f.market = exchange_sdk(f.e, REALM_MARKET, &handler);
    exchange_connect(f.e, f.market);
}

static int setup(void **state)
{
    (void)state;
    f = (struct fixture){.e = exchange_open(7)};
    open_market();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    sdk_close(&f.market);
    exchange_close(&f.e);
    return 0;
}

/* Send a file of `chunks` chunks filled with `fill`; its manifest entry stays in the scratch. */
static enum err send(const char *key, const char *const *to, size_t to_count, size_t chunks,
                     uint8_t fill, uint8_t id[static SDK_ID_LEN])
{
    static uint8_t block[CHUNK_PLAIN_LEN];
    static lianshu_BatchFacts b;
    static lianshu_AefiReport r;
    uint8_t facts[256], sealed[256];
    struct writer wf = writer_of(facts, sizeof facts), ws = writer_of(sealed, sizeof sealed);
    const int fd = open(exchange_path(f.e, "file"), O_RDWR | O_CREAT | O_TRUNC, 0600);

    assert_true(fd >= 0);
    for (size_t i = 0; i < chunks; i++) {
        memset(block, (int)(fill + i), sizeof block);
        assert_int_equal(write(fd, block, sizeof block), sizeof block);
    }
    wire_clear(&lianshu_BatchFacts_msg, &b);
    (void)snprintf(b.batch_number, sizeof b.batch_number, "20251101");
    assert_int_equal(wire_encode(&lianshu_BatchFacts_msg, &b, &wf), OK);
    wire_clear(&lianshu_AefiReport_msg, &r);
    (void)snprintf(r.symptoms, sizeof r.symptoms, "发热");
    assert_int_equal(wire_encode(&lianshu_AefiReport_msg, &r, &ws), OK);
    const struct sdk_file file = {"病历.pdf", "application/pdf", "", fd};
    const struct sdk_message m = {.key = key,
                                  .type = lianshu_DocumentType_TYPE_AEFI_REPORT,
                                  .to = to,
                                  .to_count = to_count,
                                  .facts = writer_span(&wf),
                                  .sealed = writer_span(&ws),
                                  .files = &file,
                                  .file_count = 1};
    enum err err = sdk_send(f.market, &m, f.e->now_ms, id, NULL, NULL);
    if (err == OK)
        err = sdk_commit(f.market, f.e->now_ms);
    (void)close(fd);
    return err;
}

static lianshu_ManifestFile entry(void)
{
    return f.market->manifest->files[0];
}

static size_t copies(void)
{
    char path[SDK_FILE_PATH_MAX];
    size_t n = 0;
    (void)snprintf(path, sizeof path, "%s/files", f.market->state_dir);
    DIR *dir = opendir(path);
    assert_non_null(dir);
    for (const struct dirent *e = readdir(dir); e != NULL; e = readdir(dir))
        n += e->d_name[0] != '.';
    (void)closedir(dir);
    return n;
}

static void the_same_file_for_the_same_readers_is_sealed_once(void **state)
{
    (void)state;
    uint8_t id[SDK_ID_LEN];
    assert_int_equal(send("a", TO_BOTH, 2, 3, 1, id), OK);
    const lianshu_ManifestFile first = entry();
    const unsigned sealed = f.told[SDK_SEALING];
    assert_int_equal(sealed, 3);
    static const char *const other_order[] = {REALM_POLICE, REALM_HEALTH, REALM_POLICE};
    assert_int_equal(send("b", other_order, 3, 3, 1, id), OK);
    assert_memory_equal(entry().root, first.root, HASH_LEN);
    assert_memory_equal(entry().file_key, first.file_key, FILE_KEY_LEN);
    assert_int_equal(f.told[SDK_SEALING], sealed); /* the copy is there */
    open_market();                                 /* as after any number of restarts */
    assert_int_equal(send("c", TO_BOTH, 2, 3, 1, id), OK);
    assert_memory_equal(entry().root, first.root, HASH_LEN);
    assert_int_equal(copies(), 1);
}

static void other_readers_or_other_bytes_have_another_key(void **state)
{
    (void)state;
    uint8_t id[SDK_ID_LEN];
    assert_int_equal(send("a", TO_BOTH, 2, 3, 1, id), OK);
    const lianshu_ManifestFile first = entry();
    assert_int_equal(send("b", TO_HEALTH, 1, 3, 1, id), OK);
    const lianshu_ManifestFile fewer = entry();
    assert_memory_equal(fewer.sha256, first.sha256, HASH_LEN);
    assert_memory_not_equal(fewer.file_key, first.file_key, FILE_KEY_LEN);
    assert_memory_not_equal(fewer.root, first.root, HASH_LEN);
    assert_int_equal(send("c", TO_BOTH, 2, 3, 2, id), OK);
    assert_memory_not_equal(entry().file_key, first.file_key, FILE_KEY_LEN);
    assert_int_equal(copies(), 3);
}

static bool holds(const char *name, const uint8_t *bytes, size_t len)
{
    char path[SDK_FILE_PATH_MAX];
    struct stat st;
    bool found = false;
    (void)snprintf(path, sizeof path, "%s/%s", f.market->state_dir, name);
    const int fd = open(path, O_RDONLY);
    assert_true(fd >= 0 && fstat(fd, &st) == 0);
    uint8_t *all = malloc((size_t)st.st_size + 1);
    assert_non_null(all);
    assert_int_equal(read(fd, all, (size_t)st.st_size), st.st_size);
    found = memmem(all, (size_t)st.st_size, bytes, len) != NULL;
    free(all);
    (void)close(fd);
    return found;
}

static void neither_key_nor_hash_of_a_file_stands_in_the_database(void **state)
{
    (void)state;
    uint8_t id[SDK_ID_LEN];
    assert_int_equal(send("a", TO_BOTH, 2, 1, 1, id), OK);
    const lianshu_ManifestFile first = entry();
    static const char *const files[] = {"adapter.db", "adapter.db-wal"};
    bool root = false;
    for (size_t i = 0; i < T_COUNT(files); i++) {
        assert_false(holds(files[i], first.file_key, FILE_KEY_LEN));
        assert_false(holds(files[i], first.sha256, HASH_LEN));
        root = root || holds(files[i], first.root, HASH_LEN);
    }
    assert_true(root); /* the row is there */
}

/* ---- chunks as the hub asks ---- */

static void want(const uint8_t *root, const uint8_t *id, uint64_t first, uint32_t count)
{
    lianshu_Control c = {.kind = lianshu_ControlKind_CONTROL_CHUNK_WANTED,
                         .which_body = lianshu_Control_chunk_wanted_tag};
    uint8_t bytes[FRAME_CONTROL_MAX];
    struct writer w = writer_of(bytes, sizeof bytes);
    memcpy(c.body.chunk_wanted.root, root, HASH_LEN);
    c.body.chunk_wanted.first = first;
    c.body.chunk_wanted.count = count;
    c.body.chunk_wanted.message_id.size = SDK_ID_LEN;
    memcpy(c.body.chunk_wanted.message_id.bytes, id, SDK_ID_LEN);
    assert_int_equal(frame_put_control(&w, &c), OK);
    exchange_give(f.e, f.market, writer_span(&w));
}

/* The chunks pulled now are [first, first + count); *envelope: one came behind them. */
static void expect(uint64_t first, size_t count, bool envelope)
{
    size_t chunks = 0;
    bool behind = false;
    const size_t n = exchange_pull(f.e, f.market);
    for (size_t i = 0; i < n; i++) {
        enum frame_kind kind;
        struct frame_chunk chunk;
        assert_int_equal(frame_kind(exchange_frame(f.e, i), &kind), OK);
        behind = behind || kind == FRAME_ENVELOPE;
        if (kind != FRAME_CHUNK)
            continue;
        assert_false(behind);
        assert_int_equal(frame_parse_chunk(exchange_frame(f.e, i), &chunk), OK);
        assert_int_equal(chunk.index, first + chunks++);
        assert_int_equal(chunk_verify(chunk.root, chunk.index, chunk.count,
                                      (const merkle_hash *)chunk.path.data,
                                      chunk.path.len / HASH_LEN, chunk.cipher),
                         OK);
    }
    assert_int_equal(chunks, count);
    assert_int_equal(behind, envelope);
}

static void ranges_continue_and_the_envelope_follows_the_last_chunk(void **state)
{
    (void)state;
    uint8_t id[SDK_ID_LEN];
    assert_int_equal(send("a", TO_HEALTH, 1, 12, 1, id), OK);
    const lianshu_ManifestFile file = entry();
    expect(0, 0, true); /* the envelope first: the hub says what it lacks */
    want(file.root, id, 0, 4);
    want(file.root, id, 4, 2); /* continues */
    expect(0, 6, false);
    want(file.root, id, 3, 3); /* anew: a chunk was lost */
    expect(3, 3, false);
    assert_int_equal(f.last.phase, SDK_SENDING);
    assert_int_equal(f.last.bytes, 6 * CHUNK_PLAIN_LEN);
    want(file.root, id, 6, 6);
    expect(6, 6, true);
    assert_int_equal(f.last.bytes, f.last.total);
}

static void after_a_restart_the_hub_says_where_to_go_on(void **state)
{
    (void)state;
    uint8_t id[SDK_ID_LEN];
    assert_int_equal(send("a", TO_HEALTH, 1, 9, 1, id), OK);
    const lianshu_ManifestFile file = entry();
    expect(0, 0, true);
    want(file.root, id, 0, 9);
    open_market(); /* killed before it answered */
    expect(0, 0, true);
    want(file.root, id, 5, 4);
    expect(5, 4, true);
}

static void what_it_does_not_have_is_not_given(void **state)
{
    (void)state;
    static const uint8_t nothing[HASH_LEN] = {9};
    uint8_t id[SDK_ID_LEN];
    assert_int_equal(send("a", TO_HEALTH, 1, 2, 1, id), OK);
    const lianshu_ManifestFile file = entry();
    expect(0, 0, true);
    want(nothing, id, 0, 2);
    expect(0, 0, false);
    want(file.root, id, 2, 1); /* past the end: the envelope asks again where to begin */
    expect(0, 0, false);
    expect(0, 0, true);
    want(file.root, id, 0, 0);
    expect(0, 0, false);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(the_same_file_for_the_same_readers_is_sealed_once),
        CASE(other_readers_or_other_bytes_have_another_key),
        CASE(neither_key_nor_hash_of_a_file_stands_in_the_database),
        CASE(ranges_continue_and_the_envelope_follows_the_last_chunk),
        CASE(after_a_restart_the_hub_says_where_to_go_on),
        CASE(what_it_does_not_have_is_not_given),
    };
    return cmocka_run_group_tests_name("chunks", tests, NULL, NULL);
}
