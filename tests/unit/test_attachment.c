/* Checks the promises in keys/attachment.h. */
#include "keys/attachment.h"
#include "keys/init.h"

#include "folder.h"
#include "t.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FILE_TOP = 6 * CHUNK_PLAIN_LEN };

struct fixture {
    struct entropy entropy;
    char path[FOLDER_MAX];
    int fd;
    uint8_t *data;
    size_t len;
    struct attachment *attachment;
    lianshu_ManifestFile file;
    uint8_t *frame;
    uint8_t *again;
};

static struct fixture f;

static int setup(void **state)
{
    (void)state;
    f = (struct fixture){.entropy = entropy_system()};
    f.fd = folder_file(f.path, "file");
    f.data = malloc(FILE_TOP);
    f.frame = malloc(CHUNK_FRAME_MAX);
    f.again = malloc(FILE_TOP + 1);
    for (size_t i = 0; i < FILE_TOP; i++)
        f.data[i] = (uint8_t)(i * 2654435761u >> 13);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    attachment_close(&f.attachment);
    free(f.data);
    free(f.frame);
    free(f.again);
    close(f.fd);
    unlink(f.path);
    return 0;
}

static void write_file(size_t len)
{
    assert_int_equal(ftruncate(f.fd, 0), 0);
    assert_int_equal(pwrite(f.fd, f.data, len, 0), len);
    f.len = len;
}

static void measure(size_t len)
{
    write_file(len);
    attachment_close(&f.attachment);
    assert_int_equal(attachment_open(&f.attachment, f.fd, NULL, &f.entropy), OK);
    assert_int_equal(attachment_measure(f.attachment), OK);
    attachment_manifest(f.attachment, &f.file);
}

static struct frame_chunk chunk(uint64_t index)
{
    struct frame_chunk out;
    struct writer w = writer_of(f.frame, CHUNK_FRAME_MAX);
    assert_int_equal(attachment_chunk(f.attachment, index, &w), OK);
    assert_int_equal(frame_parse_chunk(writer_span(&w), &out), OK);
    return out;
}

static enum err verify(const struct frame_chunk *c)
{
    return chunk_verify(f.file.root, c->index, c->count, (const merkle_hash *)c->path.data,
                        c->path.len / HASH_LEN, c->cipher);
}

static void file_of_any_length_arrives_whole(void **state)
{
    static const size_t lens[] = {0,
                                  1,
                                  CHUNK_PLAIN_LEN - 1,
                                  CHUNK_PLAIN_LEN,
                                  CHUNK_PLAIN_LEN + 1,
                                  3 * CHUNK_PLAIN_LEN,
                                  5 * CHUNK_PLAIN_LEN + 77};
    (void)state;
    for (size_t i = 0; i < T_COUNT(lens); i++) {
        uint8_t hash[HASH_LEN];
        size_t at = 0;
        measure(lens[i]);
        assert_int_equal(f.file.byte_count, lens[i]);
        assert_int_equal(f.file.chunk_count, chunk_count_of(lens[i]));
        for (uint64_t n = 0; n < f.file.chunk_count; n++) {
            const struct frame_chunk c = chunk(n);
            assert_memory_equal(c.root, f.file.root, HASH_LEN);
            assert_int_equal(verify(&c), OK);
            assert_int_equal(chunk_open(f.file.file_key, n, c.count, c.cipher, f.again + at), OK);
            at += c.cipher.len - 16;
        }
        assert_int_equal(at, lens[i]);
        assert_memory_equal(f.again, f.data, at);
        hash_bytes(hash, span_of(f.again, at));
        assert_memory_equal(hash, f.file.sha256, HASH_LEN);
    }
}

/* Guarantee 1 */
static void chunk_can_be_made_again(void **state)
{
    struct writer w = writer_of(f.again, FILE_TOP);
    (void)state;
    measure(4 * CHUNK_PLAIN_LEN + 3);
    assert_int_equal(attachment_chunk(f.attachment, 2, &w), OK);
    (void)chunk(4);
    (void)chunk(2); /* the same bytes, compared below */
    assert_memory_equal(f.frame, f.again, w.len);
}

/* Guarantee 3 */
static void altered_exchanged_or_renumbered_chunks_are_refused(void **state)
{
    (void)state;
    measure(4 * CHUNK_PLAIN_LEN + 3);
    struct frame_chunk c = chunk(1);
    uint8_t *bytes = (uint8_t *)(uintptr_t)c.cipher.data;
    for (size_t at = 0; at < c.cipher.len; at += 4093) {
        bytes[at] ^= 1;
        assert_int_equal(verify(&c), ERR_INCLUSION);
        assert_int_equal(chunk_open(f.file.file_key, 1, c.count, c.cipher, f.again),
                         ERR_CIPHERTEXT);
        bytes[at] ^= 1;
    }
    c.index = 2;
    assert_int_equal(verify(&c), ERR_INCLUSION);
    assert_int_equal(chunk_open(f.file.file_key, 2, c.count, c.cipher, f.again), ERR_CIPHERTEXT);
    c.index = 1;
    c.count--;
    assert_int_equal(verify(&c), ERR_INCLUSION);
    assert_int_equal(chunk_open(f.file.file_key, 1, c.count, c.cipher, f.again), ERR_CIPHERTEXT);
    c.count++;
    f.file.file_key[0] ^= 1;
    assert_int_equal(chunk_open(f.file.file_key, 1, c.count, c.cipher, f.again), ERR_CIPHERTEXT);
    assert_int_equal(chunk_open(f.file.file_key, 1, c.count, span_of(bytes, 15), f.again),
                     ERR_CIPHERTEXT);
}

/* Guarantee 2 */
static void file_that_changes_meanwhile_is_noticed(void **state)
{
    struct writer w = writer_of(f.frame, CHUNK_FRAME_MAX);
    (void)state;
    measure(2 * CHUNK_PLAIN_LEN);
    f.data[CHUNK_PLAIN_LEN + 5] ^= 1;
    write_file(2 * CHUNK_PLAIN_LEN);
    assert_int_equal(attachment_chunk(f.attachment, 1, &w), ERR_CONFLICT);
    assert_int_equal(attachment_chunk(f.attachment, 0, &w), OK);
    write_file(CHUNK_PLAIN_LEN + 7);
    w = writer_of(f.frame, CHUNK_FRAME_MAX);
    assert_int_equal(attachment_chunk(f.attachment, 1, &w), ERR_CONFLICT);
    assert_int_equal(w.len, 0);
}

static void going_on_gives_the_same_chunks_or_none(void **state)
{
    struct writer w = writer_of(f.again, FILE_TOP);
    struct attachment *again = NULL;
    (void)state;
    measure(2 * CHUNK_PLAIN_LEN + 9);
    assert_int_equal(attachment_open(&again, f.fd, &f.file, &f.entropy), OK);
    assert_int_equal(attachment_measure(again), OK);
    assert_int_equal(attachment_chunk(again, 2, &w), OK);
    (void)chunk(2);
    assert_memory_equal(f.frame, f.again, w.len);
    attachment_close(&again);

    f.data[3] ^= 1;
    write_file(2 * CHUNK_PLAIN_LEN + 9);
    assert_int_equal(attachment_open(&again, f.fd, &f.file, &f.entropy), OK);
    assert_int_equal(attachment_measure(again), ERR_CONFLICT);
    w = writer_of(f.again, FILE_TOP);
    assert_int_equal(attachment_chunk(again, 0, &w), ERR_INTERNAL);
    attachment_close(&again);
}

static void two_files_of_one_content_share_nothing(void **state)
{
    uint8_t root[HASH_LEN];
    (void)state;
    measure(1000);
    memcpy(root, f.file.root, sizeof root);
    measure(1000);
    assert_memory_not_equal(root, f.file.root, sizeof root);
}

static void what_is_too_long_is_not_sealed(void **state)
{
    static const uint8_t key[FILE_KEY_LEN] = {1};
    struct writer w = writer_of(f.again, FILE_TOP);
    (void)state;
    assert_int_equal(chunk_seal(key, 0, 1, span_of(f.data, CHUNK_PLAIN_LEN + 1), &w),
                     ERR_TOO_LARGE);
    w.full = true;
    assert_int_equal(chunk_seal(key, 0, 1, span_of(f.data, 1), &w), ERR_TOO_LARGE);
    assert_int_equal(w.len, 0);
    measure(CHUNK_PLAIN_LEN + 1);
    w = writer_of(f.again, FILE_TOP);
    assert_int_equal(attachment_chunk(f.attachment, 2, &w), ERR_INTERNAL);
    /* without a byte of it on the disk */
    assert_int_equal(ftruncate(f.fd, (off_t)CHUNK_COUNT_MAX * CHUNK_PLAIN_LEN + 1), 0);
    assert_int_equal(attachment_measure(f.attachment), ERR_TOO_LARGE);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(file_of_any_length_arrives_whole),
        CASE(chunk_can_be_made_again),
        CASE(altered_exchanged_or_renumbered_chunks_are_refused),
        CASE(file_that_changes_meanwhile_is_noticed),
        CASE(going_on_gives_the_same_chunks_or_none),
        CASE(two_files_of_one_content_share_nothing),
        CASE(what_is_too_long_is_not_sealed),
    };
    return keys_init() == OK ? cmocka_run_group_tests_name("attachment", tests, NULL, NULL) : 1;
}
