/* Checks the promises in fold.h. */
#include "fold.h"

#include "t.h"

#include "fuzz/samples.h"

#include <stdlib.h>
#include <string.h>

static uint8_t room[FRAME_MAX];
static uint8_t packed[FRAME_MAX];
static uint8_t again[FRAME_MAX];

enum { SIZE = 256, LOG_PATH = 17, TEXT_LEN = 600 };

/* ---- frames as they are on a socket ---- */

/* A hash that says which node of which tree it is. */
static void node(uint8_t *out, unsigned tree, unsigned level, uint64_t index)
{
    memset(out, (int)(tree + 1), FRAME_HASH_LEN);
    out[0] = (uint8_t)level;
    out[1] = (uint8_t)(index >> 8);
    out[2] = (uint8_t)index;
}

static size_t path_of(uint8_t *out, unsigned tree, uint64_t index, unsigned levels)
{
    for (unsigned i = 0; i < levels; i++)
        node(out + i * (size_t)FRAME_HASH_LEN, tree, i, (index >> i) ^ 1);
    return levels * (size_t)FRAME_HASH_LEN;
}

/* The signature of leaf `index` in a full batch of SIZE. */
static struct span signature(unsigned batch, uint64_t index,
                             uint8_t bytes[static FRAME_SIGNATURE_MAX])
{
    uint8_t path[FRAME_BATCH_PATH_MAX * FRAME_HASH_LEN];
    uint8_t kid[FRAME_SIG_LEN];
    memset(kid, (int)(0x80 + batch), sizeof kid);
    const struct frame_signature s = {
        .alg = FRAME_ALG_ED25519,
        .kid = kid,
        .size = SIZE,
        .index = index,
        .n = frame_path_len(index, SIZE),
        .path = {path, path_of(path, batch, index, frame_path_len(index, SIZE))},
        .sig = kid,
    };
    struct writer w = writer_of(bytes, FRAME_SIGNATURE_MAX);
    frame_write_signature(&w, &s);
    return writer_span(&w);
}

static struct span checkpoint_of(unsigned log)
{
    static const char *const texts[] = {
        "lianshu hub.one log checkpoint one, as long as a signature and a head are together",
        "lianshu hub.one log checkpoint two, as long as a signature and a head are together"};
    return span_str(texts[log % 2]);
}

static void add_statement(struct writer *bundle, size_t begin, uint64_t index, unsigned log)
{
    static uint8_t bytes[FRAME_STATEMENT_MAX * 2];
    uint8_t path[LOG_PATH * FRAME_HASH_LEN];
    uint8_t text[40];
    struct writer w = writer_of(bytes, sizeof bytes);
    memset(text, (int)index, sizeof text);
    frame_write_statement(&w, &(struct frame_statement){
                                  .statement = span_of(text, sizeof text),
                                  .path = {path, path_of(path, 60, index, LOG_PATH)},
                                  .checkpoint = checkpoint_of(log),
                              });
    assert_true(frame_bundle_add(bundle, begin, writer_span(&w)));
}

static void add_envelope(struct writer *bundle, size_t begin, unsigned batch, uint64_t index,
                         uint8_t fill)
{
    static uint8_t bytes[4096];
    uint8_t text[TEXT_LEN];
    uint8_t wraps[FRAME_WRAP_LEN];
    uint8_t s[FRAME_SIGNATURE_MAX];
    struct writer w = writer_of(bytes, sizeof bytes);
    memset(text, fill, sizeof text);
    memset(wraps, fill, sizeof wraps);
    const struct frame_envelope e = {
        .header = span_of(text, 200),
        .part_count = 1,
        .parts = {{.form = 1, .wraps = {wraps, sizeof wraps}, .cipher = {text, sizeof text}}},
        .signature = signature(batch, index, s),
    };
    frame_write_envelope(&w, &e);
    assert_true(frame_bundle_add(bundle, begin, writer_span(&w)));
}

/* A delivery of `count` envelopes; batches take turns. fill 0: each envelope has other bytes. */
static struct span delivery(unsigned count, unsigned batches, uint8_t fill)
{
    struct writer w = writer_of(room, sizeof room);
    frame_bundle_begin(&w);
    for (unsigned i = 0; i < count; i++) {
        add_statement(&w, 0, 2 * i, 0);
        add_envelope(&w, 0, i % batches, i / batches, fill == 0 ? (uint8_t)(i + 1) : fill);
    }
    return writer_span(&w);
}

/* Receipts of the hub and of a member, one after the other. */
static struct span receipts(unsigned count)
{
    struct writer w = writer_of(room, sizeof room);
    frame_receipts_begin(&w, 7, count);
    for (unsigned i = 0; i < count; i++) {
        uint8_t bytes[FRAME_SIGNATURE_MAX];
        uint8_t path[LOG_PATH * FRAME_HASH_LEN];
        uint8_t q[100];
        memset(q, (int)i, sizeof q);
        struct frame_receipt one = {.form = i % 2 == 0 ? FRAME_RECEIPT_HUB : FRAME_RECEIPT_MEMBER,
                                    .receipt = {q, sizeof q}};
        if (one.form == FRAME_RECEIPT_HUB)
            one.path = span_of(path, path_of(path, 60, i, LOG_PATH));
        else
            one.signature = signature(i / SIZE, i % SIZE, bytes);
        frame_receipts_add(&w, &one);
    }
    frame_receipts_end(&w, checkpoint_of(0));
    return writer_span(&w);
}

/* Folded into `packed`; checks that it comes back the same. Returns its length there. */
static size_t folded_len(struct span frame)
{
    struct writer w = writer_of(packed, sizeof packed);
    struct writer back = writer_of(again, sizeof again);
    assert_true(fold(frame, &w));
    assert_int_equal(unfold(writer_span(&w), &back), OK);
    assert_true(span_eq(writer_span(&back), frame));
    return w.len;
}

/* ---- folding ---- */

static void what_is_folded_comes_back_the_same(void **state)
{
    (void)state;
    for (unsigned n = 2; n <= FRAME_BUNDLE_FRAMES_MAX / 2; n += 5) {
        for (unsigned batches = 1; batches <= 6; batches++)
            (void)folded_len(delivery(n, batches, 0));
        (void)folded_len(receipts(n + 1));
    }
    (void)folded_len(receipts(FRAME_RECEIPTS_MAX));
}

static void proofs_that_repeat_travel_once(void **state)
{
    (void)state;
    const struct span bundle = delivery(32, 1, 0);
    /* An envelope and its statement have 12 hashes, a signature and a checkpoint that are those
     * of their neighbours, on the average. */
    assert_true(folded_len(bundle) + 32 * (12 * FRAME_HASH_LEN + FRAME_SIG_LEN) < bundle.len);
    const struct span several = delivery(32, 4, 0);
    assert_true(folded_len(several) < several.len * 3 / 4);
    const struct span list = receipts(512);
    assert_true(folded_len(list) < list.len / 2);
}

static void the_length_tells_nothing_of_headers_and_contents(void **state)
{
    (void)state;
    const size_t different = folded_len(delivery(32, 2, 0));
    const size_t all_the_same = folded_len(delivery(32, 2, 0x55));
    assert_int_equal(different, all_the_same);
}

static void another_checkpoint_or_batch_is_written_out(void **state)
{
    (void)state;
    struct writer w = writer_of(room, sizeof room);
    frame_bundle_begin(&w);
    for (unsigned i = 0; i < 6; i++)
        add_statement(&w, 0, i, i / 2);
    for (unsigned i = 0; i < 12; i++)
        add_envelope(&w, 0, i, 3, 1);
    (void)folded_len(writer_span(&w));
}

static void what_gains_nothing_travels_as_it_is(void **state)
{
    (void)state;
    typedef void sample_fn(struct writer * w);
    static sample_fn *const samples[] = {
        sample_envelope_frame,  sample_document_frame, sample_member_receipts,
        sample_statement_frame, sample_control_frame,  sample_chunk_frame,
        sample_bundle_frame,    sample_registry_file,
    };
    for (size_t i = 0; i < T_COUNT(samples); i++) {
        struct writer in = writer_of(room, sizeof room);
        struct writer w = writer_of(packed, sizeof packed);
        samples[i](&in);
        assert_false(fold(writer_span(&in), &w));
        assert_int_equal(w.len, 0);
        assert_ptr_equal(fold_out(writer_span(&in), packed).data, room);
    }
}

/* So many statements, the same but for one byte. */
static struct span statements(unsigned count, unsigned levels, struct span checkpoint)
{
    static uint8_t bytes[2 * FRAME_CHECKPOINT_MAX];
    uint8_t path[FRAME_LOG_PATH_MAX * FRAME_HASH_LEN];
    struct writer w = writer_of(room, sizeof room);
    frame_bundle_begin(&w);
    for (unsigned i = 0; i < count; i++) {
        const uint8_t text = (uint8_t)i;
        struct writer one = writer_of(bytes, sizeof bytes);
        frame_write_statement(&one, &(struct frame_statement){
                                        .statement = span_of(&text, 1),
                                        .path = {path, path_of(path, 60, 0, levels)},
                                        .checkpoint = checkpoint,
                                    });
        assert_true(frame_bundle_add(&w, 0, writer_span(&one)));
    }
    return writer_span(&w);
}

/* Steps that take more than they save; and more saved than anybody would believe. */
static void what_is_worth_it_is_folded(void **state)
{
    static const struct {
        unsigned count;
        unsigned levels;
        const char *checkpoint;
        bool folds;
    } rows[] = {
        {2, 0, "short", false},
        {2, 0, "a bit longer", false},
        {8, 8, "a bit longer", true},
        {FRAME_BUNDLE_FRAMES_MAX, FRAME_LOG_PATH_MAX, "a bit longer", false},
    };
    (void)state;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        struct writer w = writer_of(packed, sizeof packed);
        const struct span bundle =
            statements(rows[i].count, rows[i].levels, span_str(rows[i].checkpoint));
        assert_int_equal(fold(bundle, &w), rows[i].folds);
        assert_int_equal(w.len > 0, rows[i].folds);
        assert_true((fold_out(bundle, again).data == again) == rows[i].folds);
    }
}

static void what_is_no_frame_travels_as_it_is(void **state)
{
    (void)state;
    struct span bundle = delivery(8, 1, 0);
    struct writer w = writer_of(packed, sizeof packed);
    for (size_t cut = 0; cut < bundle.len; cut++) {
        assert_false(fold(span_of(bundle.data, cut), &w));
        assert_int_equal(w.len, 0);
    }
}

static void without_room_nothing_is_written(void **state)
{
    (void)state;
    const struct span bundle = delivery(8, 1, 0);
    const size_t len = folded_len(bundle);
    for (size_t cap = 0; cap < len; cap++) {
        struct writer w = writer_of(packed, cap);
        assert_false(fold(bundle, &w));
        assert_int_equal(w.len, 0);
        assert_false(w.full);
    }
}

/* ---- unfolding what was not made by us ---- */

static enum err open_packed(size_t len)
{
    struct writer w = writer_of(again, sizeof again);
    return unfold(span_of(packed, len), &w);
}

/* "LSF1", the length it gives back, and steps. */
static struct writer begin_packed(size_t len)
{
    struct writer w = writer_of(packed, sizeof packed);
    write_bytes(&w, "LSF1", FRAME_MAGIC_LEN);
    write_uint(&w, len, 4);
    return w;
}

static void step(struct writer *w, const char *here, size_t from, size_t count)
{
    write_uint(w, strlen(here), 4);
    write_bytes(w, here, strlen(here));
    write_uint(w, from, 4);
    write_uint(w, count, 2);
}

static void a_folded_frame_that_is_cut_anywhere_is_refused(void **state)
{
    (void)state;
    const size_t len = folded_len(delivery(6, 1, 0));
    for (size_t cut = 0; cut < len; cut++)
        assert_int_not_equal(open_packed(cut), OK);
    packed[len] = 0;
    assert_int_equal(open_packed(len + 1), ERR_FRAME_LENGTH);
}

static void a_changed_byte_never_reaches_beyond_the_rooms(void **state)
{
    (void)state;
    const size_t len = folded_len(delivery(6, 1, 0));
    for (size_t i = 0; i < len; i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            packed[i] ^= (uint8_t)(1U << bit);
            struct writer w = writer_of(again, sizeof again);
            if (unfold(span_of(packed, len), &w) == OK)
                assert_true(!w.full && w.len <= FRAME_MAX);
            packed[i] ^= (uint8_t)(1U << bit);
        }
    }
}

static void what_stands_before_is_all_that_may_be_repeated(void **state)
{
    (void)state;
    static const struct {
        size_t from;
        size_t count;
        enum err want;
    } rows[] = {
        {0, 4, OK},
        {4, 8, OK},
        {8, 4, OK},
        {9, 4, ERR_FRAME_LENGTH},  /* its last byte is not there yet */
        {12, 4, ERR_FRAME_LENGTH}, /* nothing of it is */
        {13, 0, ERR_FRAME_LENGTH},
        {0xffffffff, 4, ERR_FRAME_LENGTH},
        {0xfffffffd, 4, ERR_FRAME_LENGTH}, /* a sum that would wrap */
    };
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        struct writer w = begin_packed(12 + rows[i].count);
        step(&w, "LSB1abcdefgh", rows[i].from, rows[i].count);
        assert_int_equal(open_packed(w.len), rows[i].want);
    }
}

static void the_length_it_names_is_the_length_it_has(void **state)
{
    (void)state;
    static const struct {
        size_t len;
        enum err want;
    } rows[] = {{20, OK}, {19, ERR_FRAME_LENGTH}, {21, ERR_FRAME_LENGTH}, {0, ERR_FRAME_LENGTH}};
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        struct writer w = begin_packed(rows[i].len);
        step(&w, "LSR1abcdefgh", 4, 8);
        assert_int_equal(open_packed(w.len), rows[i].want);
    }
}

/* Sixteen bytes, doubled until there are `len`. */
static size_t doubled(size_t len)
{
    struct writer w = begin_packed(len);
    step(&w, "LSB1aaaaaaaaaaaa", 0, 16);
    for (size_t have = 32; have < len; have *= 2)
        step(&w, "", 0, have);
    return w.len;
}

static void few_bytes_do_not_become_many(void **state)
{
    (void)state;
    assert_int_equal(open_packed(doubled(512)), OK);
    assert_int_equal(open_packed(doubled(1024)), ERR_FRAME_LENGTH);
    struct writer huge = begin_packed((size_t)FRAME_MAX + 1);
    assert_int_equal(open_packed(huge.len), ERR_FRAME_LENGTH);
}

static void only_bundles_and_receipts_are_folded(void **state)
{
    (void)state;
    static const struct {
        const char *frame;
        enum err want;
    } rows[] = {
        {"LSB1abcdefgh", OK},
        {"LSR1abcdefgh", OK},
        {"LSE1abcdefgh", ERR_NESTING},
        {"LSK1abcdefgh", ERR_NESTING},
        {"LSC1abcdefgh", ERR_NESTING},
        {"LSF1abcdefgh", ERR_NESTING},
        {"LSB2abcdefgh", ERR_FRAME_VERSION},
        {"abcdefghijkl", ERR_FRAME_EMPTY},
        {"LSB", ERR_FRAME_EMPTY},
    };
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        struct writer w = begin_packed(strlen(rows[i].frame));
        step(&w, rows[i].frame, 0, 0);
        assert_int_equal(open_packed(w.len), rows[i].want);
    }
}

static void a_folded_frame_in_a_bundle_is_refused(void **state)
{
    (void)state;
    struct frame_bundle b;
    struct writer w = writer_of(room, sizeof room);
    frame_bundle_begin(&w);
    assert_true(frame_bundle_add(&w, 0, span_str("LSF1abcdefgh")));
    assert_int_equal(frame_parse_bundle(writer_span(&w), &b), ERR_NESTING);
}

/* ---- at a socket ---- */

static void what_does_not_unfold_stays_as_it_came(void **state)
{
    (void)state;
    const size_t len = folded_len(delivery(6, 1, 0));
    const struct span whole = fold_in(span_of(packed, len), again);
    assert_ptr_equal(whole.data, again);
    assert_ptr_equal(fold_in(span_of(packed, len - 1), again).data, packed);
    assert_int_equal(fold_in(span_of(packed, len - 1), again).len, len - 1);
    const struct span control = span_str("LSK1abcdefgh");
    assert_ptr_equal(fold_in(control, again).data, control.data);
}

static void what_is_longer_than_a_frame_or_unknown_travels_as_it_is(void **state)
{
    (void)state;
    struct writer w = writer_of(packed, sizeof packed);
    uint8_t *big = calloc(1, FRAME_MAX + 1);
    assert_non_null(big);
    memcpy(big, "LSB1", 4);
    assert_false(fold(span_of(big, FRAME_MAX + 1), &w));
    assert_ptr_equal(fold_out(span_of(big, 8), again).data, big);
    free(big);
    const struct span none = span_str("abcd");
    assert_ptr_equal(fold_in(none, again).data, none.data);
}

/* Frames of a bundle are looked into only as far as they can be read. */
static void a_bundle_of_frames_that_are_none_travels_as_it_is(void **state)
{
    static const char *const frames[] = {"LSE1abcdefgh", "LSR1abcdefgh", "LSV1abcdefgh",
                                         "LSK1abcdefgh"};
    (void)state;
    struct writer w = writer_of(room, sizeof room);
    frame_bundle_begin(&w);
    for (size_t i = 0; i < T_COUNT(frames); i++)
        assert_true(frame_bundle_add(&w, 0, span_str(frames[i])));
    struct writer out = writer_of(packed, sizeof packed);
    assert_false(fold(writer_span(&w), &out));
    assert_int_equal(out.len, 0);
}

/* Room for less than it says that it comes to. */
static void what_does_not_fit_is_not_unfolded(void **state)
{
    (void)state;
    const struct span bundle = delivery(6, 1, 0);
    const size_t whole = bundle.len;
    const size_t len = folded_len(bundle);
    struct writer w = writer_of(again, whole - 1);
    assert_int_equal(unfold(span_of(packed, len), &w), ERR_FRAME_LENGTH);
    w = writer_of(again, whole);
    assert_int_equal(unfold(span_of(packed, len), &w), OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_folded_comes_back_the_same),
        cmocka_unit_test(proofs_that_repeat_travel_once),
        cmocka_unit_test(the_length_tells_nothing_of_headers_and_contents),
        cmocka_unit_test(another_checkpoint_or_batch_is_written_out),
        cmocka_unit_test(what_gains_nothing_travels_as_it_is),
        cmocka_unit_test(what_is_worth_it_is_folded),
        cmocka_unit_test(what_is_no_frame_travels_as_it_is),
        cmocka_unit_test(without_room_nothing_is_written),
        cmocka_unit_test(a_folded_frame_that_is_cut_anywhere_is_refused),
        cmocka_unit_test(a_changed_byte_never_reaches_beyond_the_rooms),
        cmocka_unit_test(what_stands_before_is_all_that_may_be_repeated),
        cmocka_unit_test(the_length_it_names_is_the_length_it_has),
        cmocka_unit_test(few_bytes_do_not_become_many),
        cmocka_unit_test(only_bundles_and_receipts_are_folded),
        cmocka_unit_test(a_folded_frame_in_a_bundle_is_refused),
        cmocka_unit_test(what_does_not_unfold_stays_as_it_came),
        cmocka_unit_test(what_is_longer_than_a_frame_or_unknown_travels_as_it_is),
        cmocka_unit_test(a_bundle_of_frames_that_are_none_travels_as_it_is),
        cmocka_unit_test(what_does_not_fit_is_not_unfolded),
    };
    return cmocka_run_group_tests_name("fold", tests, NULL, NULL);
}
