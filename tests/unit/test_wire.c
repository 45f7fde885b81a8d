/*
 * Checks wire.h against nanopb's own interpreter, a second implementation of the same tables:
 * for every message of the corpus and each of its spoilt forms both must come to one verdict.
 */
#include "wire.h"

#include "base/file.h"
#include "message.h"
#include "wire_walk.h"

#include "document.pb.h"
#include "wire.pb.h"

#include "t.h"

#include "fuzz/again.h"

#include <dirent.h>
#include <pb_decode.h>
#include <pb_encode.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { INPUT_MAX = 8192, SPOILT_MAX = 512 };

#define CORPUS "tests/fuzz/corpus/message"

struct judge {
    const struct message *type;
    void *ours;
    void *theirs;
    uint8_t *bytes; /* of INPUT_MAX */
    size_t accepted;
    size_t refused;
};

static bool nanopb_encodes_to(const struct judge *j, const void *msg, struct span in)
{
    pb_ostream_t out = pb_ostream_from_buffer(j->bytes, INPUT_MAX);
    return pb_encode(&out, j->type->desc, msg) && span_eq(span_of(j->bytes, out.bytes_written), in);
}

static bool nanopb_accepts(const struct judge *j, struct span in)
{
    pb_istream_t stream = pb_istream_from_buffer(in.data, in.len);
    return pb_decode(&stream, j->type->desc, j->theirs) && nanopb_encodes_to(j, j->theirs, in);
}

static void both_say_the_same(struct judge *j, struct span in)
{
    const enum err err = wire_decode(j->type->desc, in, j->ours);
    const bool theirs = nanopb_accepts(j, in);
    if (err == OK) {
        assert_true(theirs);
        /* What we decoded is what they decoded: it encodes to the same bytes both ways. */
        assert_true(nanopb_encodes_to(j, j->ours, in));
        struct writer w = writer_of(j->bytes, INPUT_MAX);
        assert_int_equal(wire_encode(j->type->desc, j->theirs, &w), OK);
        assert_true(span_eq(writer_span(&w), in));
        j->accepted++;
        return;
    }
    /* nanopb looks neither at texts nor at enumerations. */
    assert_true(!theirs || err == ERR_WIRE_TEXT || err == ERR_WIRE_ENUM);
    j->refused++;
}

/* Each byte changed in a few ways, each end cut off, a byte more, a byte doubled. */
static void judge_spoilt(struct judge *j, struct span good)
{
    static uint8_t bad[INPUT_MAX + 1];
    static const uint8_t changes[] = {0x01, 0x02, 0x08, 0x80, 0xff};
    const size_t step = 1 + good.len / SPOILT_MAX;
    for (size_t i = 0; i < good.len; i += step) {
        for (size_t c = 0; c < sizeof changes; c++) {
            memcpy(bad, good.data, good.len);
            bad[i] = (uint8_t)(bad[i] ^ changes[c]);
            both_say_the_same(j, span_of(bad, good.len));
        }
        both_say_the_same(j, span_of(good.data, i));
        memcpy(bad, good.data, i + 1);
        memcpy(bad + i + 1, good.data + i, good.len - i);
        both_say_the_same(j, span_of(bad, good.len + 1));
    }
}

static void judge_file(struct judge *j, const char *path)
{
    uint8_t *data = NULL;
    size_t len = 0;
    assert_int_equal(file_read(path, INPUT_MAX, 0, &data, &len, NULL), OK);
    struct span in = span_of(data, len);
    j->type = message_named(until_zero(&in));
    if (j->type != NULL) {
        j->ours = calloc(1, j->type->size);
        j->theirs = calloc(1, j->type->size);
        assert_non_null(j->ours);
        assert_non_null(j->theirs);
        both_say_the_same(j, in);
        judge_spoilt(j, in);
        free(j->ours);
        free(j->theirs);
    }
    free(data);
}

static void every_input_gets_the_verdict_of_a_second_implementation(void **state)
{
    (void)state;
    struct judge j = {.bytes = malloc(INPUT_MAX)};
    DIR *dir = opendir(CORPUS);
    assert_non_null(dir);
    assert_non_null(j.bytes);
    for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
        char path[512];
        (void)snprintf(path, sizeof path, CORPUS "/%s", entry->d_name);
        if (entry->d_name[0] != '.')
            judge_file(&j, path);
    }
    closedir(dir);
    free(j.bytes);
    assert_true(j.accepted > 1000); /* changed numbers and hashes are good messages */
    assert_true(j.refused > 10000);
}

/* Decoding what follows something longer must not show what was there before. */
static void nothing_of_the_message_before_is_left(void **state)
{
    (void)state;
    for (size_t i = 0; message_at(i) != NULL; i++) {
        const struct message *m = message_at(i);
        uint8_t *fresh = calloc(1, m->size);
        uint8_t *used = malloc(m->size);
        uint8_t bytes[2048];
        assert_non_null(fresh);
        assert_non_null(used);
        struct writer w = writer_of(bytes, sizeof bytes);
        assert_int_equal(wire_encode(m->desc, fresh, &w), OK);
        memset(used, 0x01, m->size);
        assert_int_equal(wire_decode(m->desc, writer_span(&w), used), OK);
        struct writer again = writer_of(bytes + w.len, sizeof bytes - w.len);
        assert_int_equal(wire_encode(m->desc, used, &again), OK);
        assert_true(span_eq(writer_span(&again), writer_span(&w)));
        free(fresh);
        free(used);
    }
}

/* Submessages of all sizes up to 2 KiB: their length takes one byte or two. */
static void lengths_around_a_byte_more_are_written_as_nanopb_writes_them(void **state)
{
    (void)state;
    const struct message *m = message_of(&lianshu_Header_msg);
    lianshu_Header *h = calloc(1, sizeof *h);
    static uint8_t ours[32 << 10], theirs[32 << 10];
    assert_non_null(h);
    h->parts_count = 1;
    for (pb_size_t readers = 0; readers <= 32; readers++) {
        h->parts[0].audience_count = readers;
        for (size_t name = 0; name < 40 && readers > 0; name++) {
            memset(h->parts[0].audience[readers - 1].member, 'a', name);
            struct writer w = writer_of(ours, sizeof ours);
            pb_ostream_t out = pb_ostream_from_buffer(theirs, sizeof theirs);
            assert_int_equal(wire_encode(m->desc, h, &w), OK);
            assert_true(pb_encode(&out, m->desc, h));
            assert_true(span_eq(writer_span(&w), span_of(theirs, out.bytes_written)));
        }
    }
    free(h);
}

/* Whatever room there is: all of it fits, or nothing is written. */
static void an_encoding_that_does_not_fit_leaves_the_writer_full(void **state)
{
    (void)state;
    lianshu_Header *h = calloc(1, sizeof *h);
    uint8_t bytes[1024];
    assert_non_null(h);
    h->suite = 1;
    h->parts_count = 2;
    h->parts[1].audience_count = 3;
    for (size_t i = 0; i < 3; i++) /* its length takes two bytes */
        memset(h->parts[1].audience[i].member, 'a', 40);
    struct writer whole = writer_of(bytes, sizeof bytes);
    assert_int_equal(wire_encode(&lianshu_Header_msg, h, &whole), OK);
    for (size_t cap = 0; cap < whole.len; cap++) {
        uint8_t *small = malloc(cap == 0 ? 1 : cap); /* the sanitizer watches its end */
        assert_non_null(small);
        struct writer w = writer_of(small, cap);
        assert_int_equal(wire_encode(&lianshu_Header_msg, h, &w), ERR_TOO_LARGE);
        assert_true(w.full);
        assert_int_equal(w.len, 0);
        free(small);
    }
    free(h);
}

/* One that says nothing of itself still counts. */
static void an_empty_element_of_a_list_is_written(void **state)
{
    static lianshu_Document texts, back;
    static lianshu_Amendments blocks, blocks_back;
    uint8_t bytes[256];
    struct writer w = writer_of(bytes, sizeof bytes);
    (void)state;
    texts.basis_count = 2;
    strcpy(texts.basis[1], "S1");
    assert_int_equal(wire_encode(&lianshu_Document_msg, &texts, &w), OK);
    assert_int_equal(wire_decode(&lianshu_Document_msg, writer_span(&w), &back), OK);
    assert_int_equal(back.basis_count, 2);
    assert_string_equal(back.basis[0], "");
    assert_string_equal(back.basis[1], "S1");
    w = writer_of(bytes, sizeof bytes);
    blocks.documents_count = 2;
    blocks.documents[1].size = 1;
    assert_int_equal(wire_encode(&lianshu_Amendments_msg, &blocks, &w), OK);
    assert_int_equal(wire_decode(&lianshu_Amendments_msg, writer_span(&w), &blocks_back), OK);
    assert_int_equal(blocks_back.documents_count, 2);
    assert_int_equal(blocks_back.documents[0].size, 0);
    assert_int_equal(blocks_back.documents[1].size, 1);
}

/* A second one of a union, also of the same kind, is not what would have been written. */
static void one_of_a_union_is_taken_once(void **state)
{
    static lianshu_Control one, back;
    uint8_t bytes[256];
    struct writer w = writer_of(bytes, sizeof bytes);
    (void)state;
    one.which_body = lianshu_Control_credit_tag;
    one.body.credit.messages = 7;
    assert_int_equal(wire_encode(&lianshu_Control_msg, &one, &w), OK);
    assert_int_equal(wire_decode(&lianshu_Control_msg, writer_span(&w), &back), OK);
    assert_int_equal(back.body.credit.messages, 7);
    const size_t len = w.len;
    write_bytes(&w, bytes, len);
    assert_int_equal(wire_decode(&lianshu_Control_msg, writer_span(&w), &back), ERR_NOT_CANONICAL);
    one.which_body = lianshu_Control_busy_tag;
    w.len = len;
    assert_int_equal(wire_encode(&lianshu_Control_msg, &one, &w), OK);
    assert_int_equal(wire_decode(&lianshu_Control_msg, writer_span(&w), &back), ERR_NOT_CANONICAL);
}

/* A bug of ours is no reason to read beyond the message. */
static void a_count_or_a_length_that_is_none_is_not_encoded(void **state)
{
    static lianshu_Document d;
    static uint8_t bytes[sizeof d];
    struct writer w = writer_of(bytes, sizeof bytes);
    (void)state;
    d.basis_count = T_COUNT(d.basis) + 1;
    assert_int_equal(wire_encode(&lianshu_Document_msg, &d, &w), ERR_TOO_LARGE);
    assert_int_equal(w.len, 0);
    d.basis_count = 1;
    strcpy(d.basis[0], "\xff"); /* nor is a text of a list that is none */
    assert_int_equal(wire_encode(&lianshu_Document_msg, &d, &w), ERR_WIRE_TEXT);
    d.basis_count = 0;
    d.body.size = sizeof d.body.bytes + 1;
    w = writer_of(bytes, sizeof bytes);
    assert_int_equal(wire_encode(&lianshu_Document_msg, &d, &w), ERR_TOO_LARGE);
    assert_int_equal(w.len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_input_gets_the_verdict_of_a_second_implementation),
        cmocka_unit_test(nothing_of_the_message_before_is_left),
        cmocka_unit_test(lengths_around_a_byte_more_are_written_as_nanopb_writes_them),
        cmocka_unit_test(an_encoding_that_does_not_fit_leaves_the_writer_full),
        cmocka_unit_test(an_empty_element_of_a_list_is_written),
        cmocka_unit_test(one_of_a_union_is_taken_once),
        cmocka_unit_test(a_count_or_a_length_that_is_none_is_not_encoded),
    };
    return cmocka_run_group_tests_name("wire", tests, NULL, NULL);
}
