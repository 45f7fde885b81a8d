/* Checks the promises in keys/note.h. */
#include "keys/init.h"
#include "keys/note.h"

#include "base/hex.h"

#include "t.h"

#include <stdio.h>
#include <string.h>

#define ORIGIN "hub.445100.test/audit/1"

struct fixture {
    struct key *key;
    struct key *other;
    struct checkpoint checkpoint;
    uint8_t note[NOTE_LEN_MAX + 1];
    size_t len;
};

static struct fixture f;

static void sign(void)
{
    struct writer w = writer_of(f.note, sizeof f.note);
    assert_int_equal(note_sign(&f.checkpoint, f.key, &w), OK);
    assert_true(w.len <= NOTE_SIGNED_MAX);
    f.len = w.len;
}

static int setup(void **state)
{
    const struct entropy e = entropy_system();
    (void)state;
    memset(&f, 0, sizeof f);
    assert_int_equal(key_make(&f.key, KEY_USE_LOG, 0, &e), OK);
    assert_int_equal(key_make(&f.other, KEY_USE_LOG, 0, &e), OK);
    assert_int_equal(note_origin(f.checkpoint.origin, "hub.445100", "test", 1), OK);
    f.checkpoint.size = 1234;
    memset(f.checkpoint.root, 0xa5, HASH_LEN);
    sign();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    key_close(&f.key);
    key_close(&f.other);
    return 0;
}

static enum err verify(void)
{
    struct checkpoint out;
    return note_verify(span_of(f.note, f.len), ORIGIN, key_public(f.key), &out);
}

static void signed_note_verifies_and_says_what_was_signed(void **state)
{
    struct checkpoint out;
    (void)state;
    assert_int_equal(note_verify(span_of(f.note, f.len), ORIGIN, key_public(f.key), &out), OK);
    assert_string_equal(out.origin, ORIGIN);
    assert_int_equal(out.size, 1234);
    assert_memory_equal(out.root, f.checkpoint.root, HASH_LEN);
}

/* The bytes of C2SP signed-note and tlog-checkpoint, written out by hand. */
static void note_has_the_bytes_of_c2sp(void **state)
{
    static const char text[] = ORIGIN "\n1234\npaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaU=\n";
    uint8_t id_text[128], hash[HASH_LEN], proof[4 + 64];
    char want[512], proof_text[128];
    struct writer w = writer_of(id_text, sizeof id_text);
    (void)state;
    write_bytes(&w, ORIGIN "\n\x01", sizeof ORIGIN + 1);
    write_bytes(&w, key_public(f.key), KEY_PUBLIC_LEN);
    hash_bytes(hash, writer_span(&w));
    memcpy(proof, hash, 4);
    assert_int_equal(key_sign(f.key, span_str(text), proof + 4), OK);
    base64_encode(span_of(proof, sizeof proof), proof_text);
    snprintf(want, sizeof want, "%s\n\u2014 " ORIGIN " %s\n", text, proof_text);
    assert_int_equal(f.len, strlen(want));
    assert_memory_equal(f.note, want, f.len);
}

static void every_changed_byte_is_refused(void **state)
{
    (void)state;
    for (size_t at = 0; at < f.len; at++) {
        for (int bit = 0; bit < 8; bit++) {
            f.note[at] ^= (uint8_t)(1 << bit);
            assert_int_equal(verify(), ERR_CHECKPOINT);
            f.note[at] ^= (uint8_t)(1 << bit);
        }
    }
    for (size_t len = f.len; len-- > 0;) {
        f.len = len;
        assert_int_equal(verify(), ERR_CHECKPOINT);
    }
}

static void other_key_or_origin_is_refused(void **state)
{
    struct checkpoint out;
    (void)state;
    assert_int_equal(note_verify(span_of(f.note, f.len), ORIGIN, key_public(f.other), &out),
                     ERR_CHECKPOINT);
    assert_int_equal(
        note_verify(span_of(f.note, f.len), "hub.445100.test/audit/2", key_public(f.key), &out),
        ERR_CHECKPOINT);
    assert_int_equal(note_origin(f.checkpoint.origin, "market.445100", "test", 1), ERR_CHECKPOINT);
    assert_int_equal(note_origin(f.checkpoint.origin, "hub.445100", "test", 0), ERR_CHECKPOINT);
}

/* L-07 */
static void malformed_notes_are_807(void **state)
{
#define ROOT "paWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaU="
#define PROOF                                                                                      \
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
#define LINE    "\u2014 " ORIGIN " " PROOF "\n"
#define WITNESS "\u2014 witness.example AAAAAAAAAAA=\n"
#define NAME32  "abcdefghijklmnopqrstuvwxyzabcdef"
#define NAME    NAME32 NAME32 NAME32 NAME32
    static const struct {
        const char *text;
        enum err want;
    } rows[] = {
        {ORIGIN "\n1\n" ROOT "\n\n" LINE, OK},
        {ORIGIN "\n0\n" ROOT "\n\n" LINE, OK},
        {ORIGIN "\n18446744073709551615\n" ROOT "\n\n" LINE, OK},
        {ORIGIN "\n18446744073709551616\n" ROOT "\n\n" LINE, ERR_CHECKPOINT},
        {ORIGIN "\n01\n" ROOT "\n\n" LINE, ERR_CHECKPOINT},
        {ORIGIN "\n+1\n" ROOT "\n\n" LINE, ERR_CHECKPOINT},
        {ORIGIN "\n\n" ROOT "\n\n" LINE, ERR_CHECKPOINT},
        {ORIGIN "\n1\n" ROOT "\nextra\n\n" LINE, ERR_CHECKPOINT},
        {ORIGIN "\r\n1\r\n" ROOT "\r\n\r\n" LINE, ERR_CHECKPOINT},
        {ORIGIN "\n1\npaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaV=\n\n" LINE, ERR_CHECKPOINT},
        {ORIGIN "\n1\npaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaU\n\n" LINE, ERR_CHECKPOINT},
        {ORIGIN "\n1\npaWl\n\n" LINE, ERR_CHECKPOINT},
        {ORIGIN "\n1\n" ROOT "\n" LINE, ERR_CHECKPOINT},
        {ORIGIN "\n1\n" ROOT "\n\n", ERR_CHECKPOINT},
        {ORIGIN "\n1\n" ROOT "\n\n" LINE "\n", ERR_CHECKPOINT},
        {ORIGIN "\n1\n" ROOT "\n\n" LINE WITNESS, OK},
        {ORIGIN "\n1\n" ROOT "\n\n" LINE WITNESS WITNESS WITNESS WITNESS WITNESS WITNESS WITNESS,
         OK},
        {ORIGIN "\n1\n" ROOT
                "\n\n" LINE WITNESS WITNESS WITNESS WITNESS WITNESS WITNESS WITNESS WITNESS,
         ERR_CHECKPOINT},
        {ORIGIN "\n1\n" ROOT "\n\n" WITNESS LINE, ERR_CHECKPOINT},
        {ORIGIN "\n1\n" ROOT "\n\n" LINE LINE, ERR_CHECKPOINT},
        {ORIGIN "\n1\n" ROOT "\n\n- " ORIGIN " " PROOF "\n", ERR_CHECKPOINT},
        {ORIGIN "\n1\n" ROOT "\n\n\u2014 " ORIGIN "  " PROOF "\n", ERR_CHECKPOINT},
        {ORIGIN "\n1\n" ROOT "\n\n\u2014 " ORIGIN "\n", ERR_CHECKPOINT},
        {ORIGIN " \n1\n" ROOT "\n\n\u2014 " ORIGIN "  " PROOF "\n", ERR_CHECKPOINT},
        {"\n1\n" ROOT "\n\n" LINE, ERR_CHECKPOINT},
        {"", ERR_CHECKPOINT},
        {ORIGIN "\n1\n" ROOT "\n\n" LINE "\u2014 " NAME " AAAAAAAAAAA=\n", OK},
        {ORIGIN "\n1\n" ROOT "\n\n" LINE "\u2014 x" NAME " AAAAAAAAAAA=\n", ERR_CHECKPOINT},
    };
    (void)state;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        struct checkpoint out;
        print_message("row %zu\n", i);
        assert_int_equal(note_parse(span_str(rows[i].text), &out), rows[i].want);
    }
}

static void only_a_log_key_signs_a_note(void **state)
{
    const struct entropy e = entropy_system();
    struct key *key = NULL;
    uint8_t small[64];
    struct writer w = writer_of(f.note, sizeof f.note);
    (void)state;
    assert_int_equal(key_make(&key, KEY_USE_SIGN, 0, &e), OK);
    assert_int_equal(note_sign(&f.checkpoint, key, &w), ERR_KEY_USE);
    w = writer_of(small, sizeof small);
    assert_int_equal(note_sign(&f.checkpoint, f.key, &w), ERR_TOO_LARGE);
    key_close(&key);
}

static void a_log_has_its_number_written_in_one_way(void **state)
{
    static const struct {
        const char *origin;
        uint32_t number; /* 0: none */
    } rows[] = {
        {"hub.445100.test/audit/1", 1},
        {"hub.445100.test/audit/4294967295", UINT32_MAX},
        {"hub.445100.test/audit/4294967296", 0},
        {"hub.445100.test/audit/99999999999999999999999", 0},
        {"hub.445100.test/audit/0", 0},
        {"hub.445100.test/audit/01", 0},
        {"hub.445100.test/audit/", 0},
        {"hub.445100.test/audit/1x", 0},
        {"hub.445100.test/audit/1/", 0},
        {"hub.445200.test/audit/1", 0},
    };
    char out[NOTE_ORIGIN_MAX + 1];
    char realm[2 * NOTE_ORIGIN_MAX];
    uint32_t number;
    (void)state;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        print_message("row %zu\n", i);
        number = 7;
        assert_int_equal(note_origin_number(rows[i].origin, "hub.445100", "test", &number),
                         rows[i].number != 0);
        if (rows[i].number != 0)
            assert_int_equal(number, rows[i].number);
    }
    /* and no realm makes one of more room than there is */
    memset(realm, 'r', sizeof realm - 1);
    realm[sizeof realm - 1] = '\0';
    assert_int_equal(note_origin(out, "hub.445100", realm, 1), ERR_CHECKPOINT);
    assert_false(note_origin_number(rows[0].origin, "hub.445100", realm, &number));
}

static void what_is_too_long_is_no_note_and_no_line(void **state)
{
    static const uint8_t proof[NOTE_PROOF_MAX + 1];
    uint8_t bytes[NOTE_LEN_MAX + 1];
    struct checkpoint out;
    struct writer w = writer_of(bytes, sizeof bytes);
    (void)state;
    memset(bytes, '\n', sizeof bytes);
    memcpy(bytes, f.note, f.len);
    assert_int_equal(note_parse(span_of(bytes, sizeof bytes), &out), ERR_CHECKPOINT);
    note_put_line(&w, "a", span_of(proof, NOTE_PROOF_MAX));
    assert_false(w.full);
    w.len = 0;
    note_put_line(&w, "a", span_of(proof, sizeof proof));
    assert_true(w.full);
    assert_int_equal(w.len, 0);
}

static void the_longest_line_is_read_and_no_longer_name(void **state)
{
    static const uint8_t proof[NOTE_PROOF_MAX] = {1};
    char name[NOTE_NAME_MAX + 2] = {0};
    (void)state;
    for (size_t more = 0; more <= 1; more++) {
        uint8_t bytes[NOTE_LEN_MAX];
        struct note_line line;
        struct writer w = writer_of(bytes, sizeof bytes);
        memset(name, 'a', NOTE_NAME_MAX + more);
        note_put_line(&w, name, span_of(proof, sizeof proof));
        struct span from = writer_span(&w);
        assert_int_equal(note_line(&from, &line), more == 0);
        assert_true(more != 0 || (strcmp(line.name, name) == 0 && line.proof_len == sizeof proof));
    }
}

/* The hash of its key, and something behind it. */
static void a_line_says_more_than_whose_it_is(void **state)
{
    static const uint8_t proof[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    (void)state;
    for (size_t len = 3; len <= 6; len++) {
        uint8_t bytes[64];
        struct note_line line;
        struct writer w = writer_of(bytes, sizeof bytes);
        note_put_line(&w, "a", span_of(proof, len));
        struct span from = writer_span(&w);
        assert_int_equal(note_line(&from, &line), len > 4);
    }
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(signed_note_verifies_and_says_what_was_signed),
        CASE(note_has_the_bytes_of_c2sp),
        CASE(every_changed_byte_is_refused),
        CASE(other_key_or_origin_is_refused),
        CASE(malformed_notes_are_807),
        CASE(only_a_log_key_signs_a_note),
        CASE(a_log_has_its_number_written_in_one_way),
        CASE(what_is_too_long_is_no_note_and_no_line),
        CASE(the_longest_line_is_read_and_no_longer_name),
        CASE(a_line_says_more_than_whose_it_is),
    };
    return keys_init() == OK ? cmocka_run_group_tests_name("note", tests, NULL, NULL) : 1;
}
