/* Checks the promises in frame.h. */
#include "frame.h"
#include "wire.h"

#include "t.h"

#include "fuzz/samples.h"

#include <string.h>

static uint8_t room[128 << 10];
static uint8_t again[128 << 10];

typedef void sample_fn(struct writer *w);

static struct span make(sample_fn *sample)
{
    struct writer w = writer_of(room, sizeof room);
    sample(&w);
    assert_false(w.full);
    return writer_span(&w);
}

/* ---- parse and write each kind ---- */

static enum err copy_envelope(struct span in, struct writer *w)
{
    struct frame_envelope e;
    enum err err = frame_parse_envelope(in, &e);
    if (err == OK) {
        frame_write_envelope(w, &e);
        assert_int_equal(w->len, frame_envelope_size(&e));
    }
    return err;
}

static enum err copy_document(struct span in, struct writer *w)
{
    struct frame_document d;
    enum err err = frame_parse_document(in, &d);
    if (err == OK)
        frame_write_document(w, &d);
    return err;
}

static enum err copy_receipts(struct span in, struct writer *w)
{
    struct frame_receipts r;
    struct frame_receipt one;
    unsigned n = 0;
    enum err err = frame_parse_receipts(in, &r);
    if (err != OK)
        return err;
    frame_receipts_begin(w, r.first, r.count);
    while (frame_receipts_next(&r, &one)) {
        frame_receipts_add(w, &one);
        n++;
    }
    assert_int_equal(n, r.count);
    frame_receipts_end(w, r.checkpoint);
    return OK;
}

static enum err copy_statement(struct span in, struct writer *w)
{
    struct frame_statement s;
    enum err err = frame_parse_statement(in, &s);
    if (err == OK)
        frame_write_statement(w, &s);
    return err;
}

static enum err copy_control(struct span in, struct writer *w)
{
    static lianshu_Control k;
    const enum err err = frame_read_control(in, &k);
    return err == OK ? frame_put_control(w, &k) : err;
}

static enum err copy_chunk(struct span in, struct writer *w)
{
    struct frame_chunk c;
    enum err err = frame_parse_chunk(in, &c);
    if (err == OK)
        frame_write_chunk(w, &c);
    return err;
}

static enum err copy_bundle(struct span in, struct writer *w)
{
    struct frame_bundle b;
    struct span one;
    unsigned n = 0;
    enum err err = frame_parse_bundle(in, &b);
    if (err != OK)
        return err;
    frame_bundle_begin(w);
    for (; frame_bundle_next(&b, &one); n++)
        assert_true(frame_bundle_add(w, 0, one));
    assert_int_equal(n, b.count);
    return OK;
}

static enum err copy_registry(struct span in, struct writer *w)
{
    struct frame_registry r;
    struct frame_registrar registrar;
    unsigned number;
    struct span one;
    uint32_t n = 0;
    enum err err = frame_parse_registry(in, &r);
    if (err != OK)
        return err;
    frame_registry_begin(w, r.registrar_count);
    while (frame_registry_registrar(&r, &registrar))
        frame_registry_put(w, &registrar);
    frame_registry_records(w, r.count);
    for (; frame_registry_next(&r, &number, &one); n++)
        frame_registry_add(w, number, one);
    assert_int_equal(n, r.count);
    return OK;
}

static enum err copy_proof(struct span in, struct writer *w)
{
    struct frame_proof p;
    enum err err = frame_parse_proof(in, &p);
    if (err == OK)
        frame_write_proof(w, &p);
    return err;
}

static const struct {
    const char *name;
    sample_fn *sample;
    enum err (*copy)(struct span in, struct writer *w);
    enum frame_kind kind;
} kinds[] = {
    {"LSE1", sample_envelope_frame, copy_envelope, FRAME_ENVELOPE},
    {"LSE1", sample_envelope_form0, copy_envelope, FRAME_ENVELOPE},
    {"LSD1", sample_document_frame, copy_document, FRAME_DOCUMENT},
    {"LSR1", sample_receipts_frame, copy_receipts, FRAME_RECEIPTS},
    {"LSR1", sample_member_receipts, copy_receipts, FRAME_RECEIPTS},
    {"LSV1", sample_statement_frame, copy_statement, FRAME_STATEMENT},
    {"LSK1", sample_control_frame, copy_control, FRAME_CONTROL},
    {"LSC1", sample_chunk_frame, copy_chunk, FRAME_CHUNK},
    {"LSB1", sample_bundle_frame, copy_bundle, FRAME_BUNDLE},
    {"LSG1", sample_registry_file, copy_registry, FRAME_REGISTRY},
    {"LSG1", sample_registry_chain, copy_registry, FRAME_REGISTRY},
    {"LSP1", sample_registry_proof, copy_proof, FRAME_PROOF},
};

static void every_kind_reads_back_to_the_same_bytes(void **state)
{
    (void)state;
    for (size_t i = 0; i < T_COUNT(kinds); i++) {
        enum frame_kind kind;
        struct writer w = writer_of(again, sizeof again);
        print_message("row %zu: %s\n", i, kinds[i].name);
        struct span frame = make(kinds[i].sample);
        assert_int_equal(frame_kind(frame, &kind), OK);
        assert_int_equal(kind, kinds[i].kind);
        assert_string_equal(frame_kind_name(kind), kinds[i].name);
        assert_int_equal(kinds[i].copy(frame, &w), OK);
        assert_true(span_eq(writer_span(&w), frame));
    }
}

static void truncated_or_longer_frames_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < T_COUNT(kinds); i++) {
        struct span frame = make(kinds[i].sample);
        struct writer w = writer_of(again, sizeof again);
        for (size_t len = 0; len < frame.len; len++)
            assert_int_not_equal(kinds[i].copy(span_of(frame.data, len), &w), OK);
        room[frame.len] = 0;
        assert_int_equal(kinds[i].copy(span_of(frame.data, frame.len + 1), &w), ERR_FRAME_LENGTH);
        for (size_t j = 0; j < T_COUNT(kinds); j++) {
            if (kinds[j].kind != kinds[i].kind)
                assert_int_equal(kinds[j].copy(frame, &w), ERR_FRAME_EMPTY);
        }
    }
}

/* A changed byte is refused, or the frame reads back as it stands. */
static void every_flipped_bit_is_refused_or_kept(void **state)
{
    (void)state;
    for (size_t i = 0; i < T_COUNT(kinds); i++) {
        struct span frame = make(kinds[i].sample);
        for (size_t at = 0; at < frame.len; at++) {
            for (unsigned flip = 1; flip < 256; flip <<= 1) {
                struct writer w = writer_of(again, sizeof again);
                room[at] ^= (uint8_t)flip;
                if (kinds[i].copy(frame, &w) == OK)
                    assert_true(span_eq(writer_span(&w), frame));
                room[at] ^= (uint8_t)flip;
            }
        }
    }
}

static void magic_and_version_are_told_apart(void **state)
{
    static const struct {
        const char *frame;
        enum err want;
    } rows[] = {
        {"", ERR_FRAME_EMPTY},       {"L", ERR_FRAME_EMPTY},      {"LSE", ERR_FRAME_EMPTY},
        {"XXXX", ERR_FRAME_EMPTY},   {"LSX1", ERR_FRAME_EMPTY},   {"lse1", ERR_FRAME_EMPTY},
        {"LSE2", ERR_FRAME_VERSION}, {"LSB0", ERR_FRAME_VERSION}, {"LSE1", OK},
    };
    enum frame_kind kind;
    (void)state;
    for (size_t i = 0; i < T_COUNT(rows); i++)
        assert_int_equal(frame_kind(span_str(rows[i].frame), &kind), rows[i].want);
}

/* The recursion of RFC 6962 2.1.1, as it is written there. */
static unsigned path_len_of_rfc(uint64_t m, uint64_t n)
{
    unsigned len = 0;
    while (n > 1) {
        uint64_t k = 1;
        while (k * 2 < n)
            k *= 2;
        if (m < k) {
            n = k;
        } else {
            m -= k;
            n -= k;
        }
        len++;
    }
    return len;
}

static void path_lengths_are_those_of_rfc_6962(void **state)
{
    (void)state;
    for (uint64_t n = 1; n <= 300; n++) {
        for (uint64_t m = 0; m < n; m++)
            assert_int_equal(frame_path_len(m, n), path_len_of_rfc(m, n));
    }
    assert_int_equal(frame_path_len(FRAME_BATCH_MAX - 1, FRAME_BATCH_MAX), FRAME_BATCH_PATH_MAX);
    assert_int_equal(frame_path_len(0, UINT64_C(1) << 62), 62);
}

/* P-14 */
static void signature_paths_have_exactly_their_length(void **state)
{
    static const struct {
        uint64_t index;
        uint64_t size;
        unsigned n;
        enum err want;
    } rows[] = {
        {0, 1, 0, OK},
        {4, 5, 1, OK},
        {0, 5, 3, OK},
        {0, 1, 1, ERR_PATH_SHAPE},
        {0, 5, 2, ERR_PATH_SHAPE},
        {0, 5, 4, ERR_PATH_SHAPE},
        {4, 5, 3, ERR_PATH_SHAPE},
        {5, 5, 3, ERR_PATH_SHAPE},
        {UINT64_MAX, 5, 3, ERR_PATH_SHAPE},
        {0, 0, 0, ERR_PATH_SHAPE},
        {0, (1 << 20) + 1, 21, ERR_PATH_SHAPE},
        {0, UINT64_MAX, 64, ERR_PATH_SHAPE},
    };
    static const uint8_t zeros[64 * 32];
    (void)state;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        struct frame_signature s = {
            .alg = FRAME_ALG_ED25519,
            .kid = zeros,
            .size = rows[i].size,
            .index = rows[i].index,
            .n = rows[i].n,
            .path = {zeros, (size_t)rows[i].n * FRAME_HASH_LEN},
            .sig = zeros,
        };
        struct writer w = writer_of(room, sizeof room);
        print_message("row %zu\n", i);
        frame_write_signature(&w, &s);
        assert_int_equal(frame_parse_signature(writer_span(&w), &s), rows[i].want);
        room[0] = FRAME_ALG_X25519;
        assert_int_equal(frame_parse_signature(writer_span(&w), &s), ERR_SUITE);
    }
}

/* P-13, P-15 */
static void parts_agree_with_their_header(void **state)
{
    struct frame_envelope e;
    lianshu_Header h;
    (void)state;
    sample_header(&h);
    assert_int_equal(frame_parse_envelope(make(sample_envelope_frame), &e), OK);
    assert_int_equal(frame_matches_header(&e, &h), OK);
    assert_int_equal(frame_all_here(&e), OK);
    e.parts[1].wraps.len -= FRAME_WRAP_LEN;
    assert_int_equal(frame_matches_header(&e, &h), ERR_WRAP_COUNT);
    e.parts[1].wraps.len += FRAME_WRAP_LEN;
    h.parts_count--;
    assert_int_equal(frame_matches_header(&e, &h), ERR_WRAP_COUNT);
    h.parts_count++;
    assert_int_equal(frame_parse_envelope(make(sample_envelope_form0), &e), OK);
    assert_int_equal(frame_matches_header(&e, &h), OK);
    assert_int_equal(frame_all_here(&e), ERR_FORM);
}

static void parts_have_known_forms_and_whole_wraps(void **state)
{
    struct frame_envelope e;
    (void)state;
    struct span frame = make(sample_envelope_frame);
    assert_int_equal(frame_parse_envelope(frame, &e), OK);
    size_t form = (size_t)(e.header.data - room) + e.header.len + 1;
    room[form] = 2;
    assert_int_equal(frame_parse_envelope(frame, &e), ERR_FORM);
    room[form] = 1;
    room[form + 4] -= 1; /* |R| is not a multiple of 80 */
    assert_int_equal(frame_parse_envelope(frame, &e), ERR_WRAP_COUNT);
    room[form + 4] += 1;
    room[form - 1] = 0;
    assert_int_equal(frame_parse_envelope(frame, &e), ERR_FRAME_LENGTH);
    room[form - 1] = 9;
    assert_int_equal(frame_parse_envelope(frame, &e), ERR_NESTING);
}

/* P-02: lengths that overflow or promise more than there is. */
static void lengths_are_checked_before_use(void **state)
{
    struct frame_envelope e;
    struct frame_receipts r;
    struct span control;
    (void)state;
    struct span frame = make(sample_envelope_frame);
    memset(room + 4, 0xff, 4);
    assert_int_equal(frame_parse_envelope(frame, &e), ERR_FRAME_LENGTH);
    assert_int_equal(frame_parse_control(span_of("LSK1\xff\xff\xff\xff", 8), &control),
                     ERR_FRAME_LENGTH);
    assert_int_equal(frame_parse_control(span_of("LSK1\0\0\0\0", 8), &control), ERR_FRAME_LENGTH);
    frame = make(sample_receipts_frame);
    memset(room + 12, 0xff, 2);
    assert_int_equal(frame_parse_receipts(frame, &r), ERR_NESTING);
    memset(room + 12, 0, 2);
    assert_int_equal(frame_parse_receipts(frame, &r), ERR_FRAME_LENGTH);
}

static void hub_receipts_need_a_checkpoint(void **state)
{
    static const uint8_t q[] = {1};
    const struct frame_receipt hub = {.form = FRAME_RECEIPT_HUB, .receipt = {q, 1}};
    struct frame_receipts r;
    (void)state;
    struct writer w = writer_of(room, sizeof room);
    frame_receipts_begin(&w, 1, 1);
    frame_receipts_add(&w, &hub);
    frame_receipts_end(&w, span_of("", 0));
    assert_int_equal(frame_parse_receipts(writer_span(&w), &r), ERR_FRAME_LENGTH);
}

static void receipts_of_other_hubs_bring_their_own_checkpoint(void **state)
{
    static const uint8_t q[] = {1};
    static const uint8_t path[2 * FRAME_HASH_LEN];
    struct frame_receipt other = {.form = FRAME_RECEIPT_OTHER_HUB,
                                  .receipt = {q, 1},
                                  .path = {path, sizeof path},
                                  .checkpoint = span_of("note", 4)};
    struct frame_receipt got;
    struct frame_receipts r;
    (void)state;
    struct writer w = writer_of(room, sizeof room);
    frame_receipts_begin(&w, 1, 1);
    frame_receipts_add(&w, &other);
    frame_receipts_end(&w, span_of("", 0));
    assert_int_equal(frame_parse_receipts(writer_span(&w), &r), OK);
    assert_true(frame_receipts_next(&r, &got));
    assert_int_equal(got.form, FRAME_RECEIPT_OTHER_HUB);
    assert_true(span_eq(got.path, other.path));
    assert_true(span_eq(got.checkpoint, other.checkpoint));
    for (size_t cut = 1; cut < w.len; cut++) /* no part of it is enough */
        assert_int_not_equal(frame_parse_receipts(span_of(room, w.len - cut), &r), OK);

    other.checkpoint.len = 0;
    w.len = 0;
    frame_receipts_begin(&w, 1, 1);
    frame_receipts_add(&w, &other);
    frame_receipts_end(&w, span_of("note", 4)); /* the frame's is not its */
    assert_int_equal(frame_parse_receipts(writer_span(&w), &r), ERR_FRAME_LENGTH);

    other.form = FRAME_RECEIPT_OTHER_HUB + 1;
    w.len = 0;
    frame_receipts_begin(&w, 1, 1);
    frame_receipts_add(&w, &other);
    frame_receipts_end(&w, span_of("", 0));
    assert_int_equal(frame_parse_receipts(writer_span(&w), &r), ERR_FORM);
}

static void chunks_are_full_but_for_the_last(void **state)
{
    struct frame_chunk c;
    (void)state;
    struct span frame = make(sample_chunk_frame);
    assert_int_equal(frame_parse_chunk(frame, &c), OK);
    room[4 + 32 + 7] = 1; /* the second of three, too short and with another path */
    assert_int_equal(frame_parse_chunk(frame, &c), ERR_PATH_SHAPE);
    room[4 + 32 + 7] = 3;
    assert_int_equal(frame_parse_chunk(frame, &c), ERR_PATH_SHAPE);

    static const uint8_t zeros[64 + FRAME_CHUNK_TEXT_LEN + FRAME_CHUNK_TAG_LEN];
    static uint8_t large[300 << 10];
    c = (struct frame_chunk){
        .root = zeros,
        .index = 0,
        .count = 2,
        .path = {zeros, 32},
        .cipher = {zeros, FRAME_CHUNK_TEXT_LEN + FRAME_CHUNK_TAG_LEN},
    };
    struct writer w = writer_of(large, sizeof large);
    frame_write_chunk(&w, &c);
    assert_int_equal(frame_parse_chunk(writer_span(&w), &c), OK);
    c.cipher.len--;
    w.len = 0;
    frame_write_chunk(&w, &c);
    assert_int_equal(frame_parse_chunk(writer_span(&w), &c), ERR_FRAME_LENGTH);
}

static void bundles_are_flat_and_bounded(void **state)
{
    static uint8_t inner[64 << 10];
    static uint8_t big[FRAME_BUNDLE_MAX];
    struct frame_bundle b;
    struct span one;
    (void)state;
    struct span bundle = make(sample_bundle_frame);
    memcpy(inner, bundle.data, bundle.len);
    struct writer w = writer_of(again, sizeof again);
    frame_bundle_begin(&w);
    assert_true(frame_bundle_add(&w, 0, span_of(inner, bundle.len)));
    assert_int_equal(frame_parse_bundle(writer_span(&w), &b), ERR_NESTING);

    w = writer_of(again, sizeof again);
    frame_bundle_begin(&w);
    assert_int_equal(frame_parse_bundle(writer_span(&w), &b), ERR_FRAME_LENGTH); /* empty */
    assert_false(frame_bundle_add(&w, 0, span_of(big, sizeof big)));
    struct span frame = make(sample_control_frame);
    for (unsigned i = 0; i < FRAME_BUNDLE_FRAMES_MAX; i++)
        assert_true(frame_bundle_add(&w, 0, frame));
    assert_false(frame_bundle_add(&w, 0, frame));
    assert_int_equal(frame_parse_bundle(writer_span(&w), &b), OK);
    assert_true(frame_bundle_next(&b, &one));
    assert_true(span_eq(one, frame));
    again[4] = FRAME_BUNDLE_FRAMES_MAX + 1;
    assert_int_equal(frame_parse_bundle(writer_span(&w), &b), ERR_NESTING);
}

static void control_kind_and_body_agree(void **state)
{
    static lianshu_Control k;
    static lianshu_Control back;
    (void)state;
    assert_int_equal(frame_read_control(make(sample_control_frame), &back), OK);
    assert_int_equal(back.body.hello.receipt_stream, 41);

    sample_hello(&k);
    k.kind = lianshu_ControlKind_CONTROL_ACK;
    struct writer w = writer_of(room, sizeof room);
    assert_int_equal(frame_put_control(&w, &k), OK);
    assert_int_equal(frame_read_control(writer_span(&w), &back), ERR_HEADER);

    k = (lianshu_Control){.kind = lianshu_ControlKind_CONTROL_ACK};
    w.len = 0;
    assert_int_equal(frame_put_control(&w, &k), OK);
    assert_int_equal(frame_read_control(writer_span(&w), &back), ERR_HEADER);

    k.kind = lianshu_ControlKind_CONTROL_NONE;
    k.which_body = lianshu_Control_ack_tag;
    w.len = 0;
    assert_int_equal(frame_put_control(&w, &k), OK);
    assert_int_equal(frame_read_control(writer_span(&w), &back), ERR_WIRE_ENUM);
}

static void a_full_writer_says_so(void **state)
{
    (void)state;
    for (size_t i = 0; i < T_COUNT(kinds); i++) {
        if (kinds[i].kind == FRAME_CONTROL || kinds[i].kind == FRAME_BUNDLE)
            continue; /* these report by value */
        struct span frame = make(kinds[i].sample);
        size_t len = frame.len;
        struct writer w = writer_of(again, len - 1);
        kinds[i].sample(&w);
        assert_true(w.full);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_reads_back_to_the_same_bytes),
        cmocka_unit_test(truncated_or_longer_frames_are_refused),
        cmocka_unit_test(every_flipped_bit_is_refused_or_kept),
        cmocka_unit_test(magic_and_version_are_told_apart),
        cmocka_unit_test(path_lengths_are_those_of_rfc_6962),
        cmocka_unit_test(signature_paths_have_exactly_their_length),
        cmocka_unit_test(parts_agree_with_their_header),
        cmocka_unit_test(parts_have_known_forms_and_whole_wraps),
        cmocka_unit_test(lengths_are_checked_before_use),
        cmocka_unit_test(hub_receipts_need_a_checkpoint),
        cmocka_unit_test(receipts_of_other_hubs_bring_their_own_checkpoint),
        cmocka_unit_test(chunks_are_full_but_for_the_last),
        cmocka_unit_test(bundles_are_flat_and_bounded),
        cmocka_unit_test(control_kind_and_body_agree),
        cmocka_unit_test(a_full_writer_says_so),
    };
    return cmocka_run_group_tests_name("frame", tests, NULL, NULL);
}
