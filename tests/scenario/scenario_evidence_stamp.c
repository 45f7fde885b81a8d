/* Time stamps of RFC 3161 in evidence bundles, by both verifiers and by `openssl ts`. */
#include "scenario/acts.h"
#include "scenario/evidencebook.h"
#include "scenario/stamper.h"
#include "scenario/texts.h"

#include "base/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#define EXPORT(out, stamp)                                                                         \
    "evidence export " ORDER_ID " --out " out                                                      \
    " --anchor anchor.yaml --control control --stamp " stamp
#define VERIFY "evidence verify b --anchor anchor.yaml"

/* An order with a checkpoint behind it, kept as `log anchor` keeps it, that is stamped after
 * so long. */
static struct stamper *stamp_order(struct book *b, uint64_t after_ms)
{
    uint8_t env_id[HASH_LEN];
    size_t len;
    acts_connect(b->world);
    acts_order(b->world, env_id);
    acts_obey(b->world, lianshu_NoticeStage_STAGE_IMPOSE);
    book_keep_checkpoint(b, "kept.stamped");
    struct stamper *s = stamper_open("roots.pem");
    char *note = book_read("kept.stamped", &len);
    stamper_answer(s, span_of(note, len), b->world->now_ms + after_ms, "kept.tsr");
    free(note);
    book_serve(b);
    return s;
}

static void a_stamp_goes_along_and_is_verified_by_all_three(void **state)
{
    struct book *b = *state;
    struct stamper *s = stamp_order(b, 5000);
    must(b->terminal, EXPORT("b", "kept.tsr"));
    must(b->terminal, VERIFY " --roots roots.pem");
    assert_says(b->terminal, "a time-stamping authority proves that the first");
    assert_null(strstr(b->terminal->out, "is not what this program derives"));
    assert_int_equal(book_script_roots(b, "b", "anchor.yaml", "roots.pem"), 0);
    char *said = read_text("script.out");
    assert_non_null(strstr(said, "1 time stamps are good"));
    free(said);
    assert_int_equal(book_openssl_ts("b", "roots.pem"), 0);
    stamper_close(s);
}

static void without_the_authoritys_roots_a_stamp_is_a_claim(void **state)
{
    struct book *b = *state;
    struct stamper *s = stamp_order(b, 5000);
    must(b->terminal, EXPORT("b", "kept.tsr"));
    must(b->terminal, VERIFY);
    assert_says(b->terminal, "verify it with the authority's roots");
    assert_null(strstr(b->terminal->out, "authority proves"));
    assert_int_equal(book_script(b, "b", "anchor.yaml"), 0);
    stamper_close(s);
}

static void a_stamp_of_other_bytes_or_of_another_authority_is_refused(void **state)
{
    struct book *b = *state;
    struct stamper *s = stamp_order(b, 5000);
    struct stamper *other = stamper_open("others.pem");
    must(b->terminal, EXPORT("b", "kept.tsr"));
    refused(b->terminal, VERIFY " --roots others.pem", CLI_REFUSED, "E813 seen/", "");
    assert_int_equal(book_script_roots(b, "b", "anchor.yaml", "others.pem"), 1);
    stamper_answer(s, span_str("something else"), b->world->now_ms, "kept.tsr");
    refused(b->terminal, EXPORT("c", "kept.tsr"), CLI_REFUSED, "E813", "other bytes");
    assert_false(there_is("c"));
    /* By hand into the bundle: also without roots it is not about the checkpoint. */
    book_replace_stamp("b", "kept.tsr");
    refused(b->terminal, VERIFY, CLI_REFUSED, "E813 seen/", "other bytes");
    assert_int_equal(book_script(b, "b", "anchor.yaml"), 1);
    write_text("kept.tsr", "no stamp");
    book_replace_stamp("b", "kept.tsr");
    refused(b->terminal, VERIFY, CLI_REFUSED, "E813 seen/", "not an answer");
    assert_int_equal(book_script(b, "b", "anchor.yaml"), 1);
    stamper_close(other);
    stamper_close(s);
}

/* L-11 */
static void an_entry_younger_than_the_stamp_of_its_checkpoint_is_refused(void **state)
{
    struct book *b = *state;
    struct stamper *s = stamp_order(b, 0);
    size_t len;
    char *note = book_read("kept.stamped", &len);
    stamper_answer(s, span_of(note, len), b->world->now_ms - HOUR_MS, "kept.tsr");
    free(note);
    must(b->terminal, EXPORT("b", "kept.tsr"));
    refused(b->terminal, VERIFY " --roots roots.pem", CLI_REFUSED, "E809 log/", "");
    assert_int_equal(book_script_roots(b, "b", "anchor.yaml", "roots.pem"), 1);
    stamper_close(s);
}

/* A checkpoint of before the measures were taken is stamped: what came later is not its business.
 * The one that the bundle stands on may be stamped too. */
static void a_stamp_bounds_the_entries_of_its_own_checkpoint_alone(void **state)
{
    struct book *b = *state;
    uint8_t env_id[HASH_LEN];
    size_t len;
    acts_connect(b->world);
    acts_order(b->world, env_id);
    book_keep_checkpoint(b, "kept.stamped");
    struct stamper *s = stamper_open("roots.pem");
    char *note = book_read("kept.stamped", &len);
    stamper_answer(s, span_of(note, len), b->world->now_ms, "kept.tsr");
    free(note);
    b->world->now_ms += HOUR_MS;
    acts_obey(b->world, lianshu_NoticeStage_STAGE_IMPOSE);
    book_serve(b);
    must(b->terminal, EXPORT("b", "kept.tsr") " --seen kept.stamped");
    must(b->terminal, VERIFY " --roots roots.pem");
    assert_int_equal(book_script_roots(b, "b", "anchor.yaml", "roots.pem"), 0);
    note = book_read("b/checkpoint.txt", &len);
    for (unsigned late = 0; late < 2; late++) {
        size_t stamp_len;
        const uint64_t at_ms = b->world->now_ms - (late ? HOUR_MS : 0);
        stamper_answer(s, span_of(note, len), at_ms, "own.tsr");
        char *stamp = book_read("own.tsr", &stamp_len);
        book_add_file("b", "checkpoint.tsr", span_of(stamp, stamp_len));
        free(stamp);
        if (late)
            refused(b->terminal, VERIFY " --roots roots.pem", CLI_REFUSED, "E809 log/", "");
        else
            must(b->terminal, VERIFY " --roots roots.pem");
        assert_int_equal(book_script_roots(b, "b", "anchor.yaml", "roots.pem"), late);
    }
    free(note);
    stamper_close(s);
}

/* Tag and length of DER, of less than 64 KiB. */
static void put_head(struct writer *w, uint8_t tag, size_t len)
{
    write_uint(w, tag, 1);
    write_uint(w, 0x82, 1);
    write_uint(w, len, 2);
}

/* The answer with this text in its status, which its authority does not sign: PKIStatusInfo is
 * SEQUENCE {INTEGER 0} there. */
static void say_in_status(const char *path, const char *text)
{
    enum { HEAD = 4, STATUS = 5, INTEGER = 3, AROUND = 4 };
    static uint8_t room[16384];
    size_t len;
    uint8_t *bytes = (uint8_t *)book_read(path, &len);
    struct writer w = writer_of(room, sizeof room);
    const size_t said = strlen(text);
    assert_int_equal(bytes[1], 0x82);
    assert_memory_equal(bytes + HEAD, "\x30\x03\x02\x01\x00", STATUS);
    const size_t status = INTEGER + AROUND + AROUND + said;
    put_head(&w, 0x30, AROUND + status + len - HEAD - STATUS);
    put_head(&w, 0x30, status);
    write_bytes(&w, bytes + HEAD + 2, INTEGER);
    put_head(&w, 0x30, AROUND + said);
    put_head(&w, 0x0c, said);
    write_bytes(&w, text, said);
    write_bytes(&w, bytes + HEAD + STATUS, len - HEAD - STATUS);
    assert_false(w.full);
    book_put_file(".", path, writer_span(&w));
    free(bytes);
}

/* L-11: what whoever made the bundle writes into the status of a good answer is not the stamp's
 * time, however it looks in print. */
static void what_the_status_of_a_stamp_says_is_not_its_time(void **state)
{
    static const char *const texts[] = {
        "granted",
        "x\nTime stamp: Nov 23 00:00:00 2029 GMT\nAccuracy: 0x7FFFFFFF seconds, unspecified "
        "millis, "
        "unspecified micros",
        "x\n\nTST info:\nVersion: 1\nTime stamp: Nov 23 00:00:00 2029 GMT\n",
    };
    struct book *b = *state;
    struct stamper *s = stamp_order(b, 0);
    size_t len;
    char *note = book_read("kept.stamped", &len);
    stamper_answer(s, span_of(note, len), b->world->now_ms - HOUR_MS, "kept.tsr");
    must(b->terminal, EXPORT("b", "kept.tsr"));
    for (size_t i = 0; i < T_COUNT(texts); i++) {
        print_message("row %zu\n", i);
        stamper_answer(s, span_of(note, len), b->world->now_ms - HOUR_MS, "kept.tsr");
        say_in_status("kept.tsr", texts[i]);
        book_replace_stamp("b", "kept.tsr");
        refused(b->terminal, VERIFY " --roots roots.pem", CLI_REFUSED, "E809 log/", "");
        assert_int_equal(book_script_roots(b, "b", "anchor.yaml", "roots.pem"), 1);
        char *said = read_text("script.err");
        assert_non_null(strstr(said, "(E809)"));
        free(said);
    }
    free(note);
    stamper_close(s);
}

/* Of an exported log's stamps the one is taken that covers the bundle. */
static void the_stamp_of_the_covering_checkpoint_is_found_in_an_exported_log(void **state)
{
    struct book *b = *state;
    struct stamper *s = stamp_order(b, 5000);
    char to[64];
    char line[256];
    size_t len;
    char *note = book_read("kept.stamped", &len);
    const uint64_t size = strtoull(strchr(note, '\n') + 1, NULL, 10);
    assert_int_equal(mkdir("log", 0755), 0);
    assert_int_equal(mkdir("log/checkpoints", 0755), 0);
    refused(b->terminal, EXPORT("b", "log"), CLI_REFUSED, "E002 log/checkpoints", "");
    snprintf(to, sizeof to, "log/checkpoints/%llu.tsr", (unsigned long long)size);
    assert_int_equal(rename("kept.tsr", to), 0);
    snprintf(to, sizeof to, "log/checkpoints/%llu.stamped", (unsigned long long)size);
    assert_int_equal(rename("kept.stamped", to), 0);
    write_text("log/checkpoints/1.tsr", "an older one");
    write_text("log/checkpoints/999999.tsr", "of another log");
    must(b->terminal, EXPORT("b", "log"));
    must(b->terminal, VERIFY " --roots roots.pem");
    snprintf(line, sizeof line, "the first %llu entries", (unsigned long long)size);
    assert_says(b->terminal, line);
    free(note);
    refused(b->terminal, EXPORT("c", "nothing"), CLI_USAGE, "E001", "");
    stamper_close(s);
}

#define EACH(fn) cmocka_unit_test_setup_teardown(fn, book_open, book_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        EACH(a_stamp_goes_along_and_is_verified_by_all_three),
        EACH(without_the_authoritys_roots_a_stamp_is_a_claim),
        EACH(a_stamp_of_other_bytes_or_of_another_authority_is_refused),
        EACH(an_entry_younger_than_the_stamp_of_its_checkpoint_is_refused),
        EACH(a_stamp_bounds_the_entries_of_its_own_checkpoint_alone),
        EACH(what_the_status_of_a_stamp_says_is_not_its_time),
        EACH(the_stamp_of_the_covering_checkpoint_is_found_in_an_exported_log),
    };
    return cmocka_run_group_tests_name("evidence_stamp", tests, NULL, NULL);
}
