/* Checks cli/tiles.h and cli/logbook.h with `lianshu log` in-process: a log in a folder, and what
 * is said of every way to spoil it. */
#include "base/file.h"
#include "cli/logbook.h"
#include "keys/cosign.h"
#include "keys/receipt.h"
#include "realm.h"
#include "terminal.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SIZE = 700, LEAF_MS = 1000, BEGIN_MS_BEFORE = 2 * SIZE * LEAF_MS };

#define TRUST  "--anchor anchor.yaml --registry registry.lsg"
#define VERIFY "log verify book " TRUST " --needed 1"
#define ORIGIN REALM_HUB "." REALM_NAME "/audit/1"

struct stage {
    struct realm *realm;
    struct key *witness;
    char name[WITNESS_NAME_MAX + 1];
    uint64_t wrong_at; /* this entry claims wrong_ms; UINT64_MAX: none */
    uint64_t wrong_ms;
    unsigned wrong_kind;
};

static struct stage s;

static uint64_t time_of(uint64_t index)
{
    return REALM_NOW_MS - BEGIN_MS_BEFORE + index * LEAF_MS;
}

static int open_stage(void **state)
{
    if (terminal_open(state) != 0)
        return -1;
    struct terminal *t = *state;
    t->now_ms = REALM_NOW_MS;
    s = (struct stage){.realm = realm_open(5), .wrong_at = UINT64_MAX};
    assert_int_equal(key_make(&s.witness, KEY_USE_WITNESS, 0, &s.realm->entropy), OK);
    lianshu_MemberRecord *record = &s.realm->records[0];
    for (size_t i = 0; strcmp(record->member, REALM_MARKET) != 0; i++)
        record = &s.realm->records[i];
    lianshu_MemberKey *row = &record->keys[record->keys_count++];
    *row = record->keys[0];
    row->use = lianshu_KeyUse_KEY_WITNESS;
    memcpy(row->public_key, key_public(s.witness), KEY_PUBLIC_LEN);
    const struct registry_make make = realm_make(s.realm, 2);
    realm_write(&make, s.realm->records, REALM_MEMBERS, "registry.lsg");
    assert_int_equal(anchor_write(&s.realm->anchor, "anchor.yaml", false, NULL), OK);
    assert_int_equal(cosign_name(s.name, REALM_MARKET, REALM_NAME), OK);
    return 0;
}

static int close_stage(void **state)
{
    key_close(&s.witness);
    realm_close(&s.realm);
    return terminal_close(state);
}

static size_t leaf_of(uint64_t index, uint8_t out[static 256])
{
    char text[64];
    const bool wrong = index == s.wrong_at;
    struct writer w = writer_of(out, 256);
    snprintf(text, sizeof text, "entry %d of the log", (int)index);
    assert_int_equal(log_leaf_write(&w, wrong ? (enum log_kind)s.wrong_kind : LOG_ADMIN,
                                    wrong ? s.wrong_ms : time_of(index), span_str(text)),
                     OK);
    return w.len;
}

/* The checkpoint of `size` entries, cosigned when that is `at_ms`. */
static size_t make_note(uint64_t size, uint64_t at_ms, uint8_t note[static NOTE_LEN_MAX])
{
    struct merkle_frontier f;
    struct checkpoint c = {.size = size};
    struct writer w = writer_of(note, NOTE_LEN_MAX);
    uint8_t leaf[256];
    merkle_hash hash;
    frontier_init(&f);
    for (uint64_t i = 0; i < size; i++) {
        merkle_leaf(hash, span_of(leaf, leaf_of(i, leaf)));
        frontier_append(&f, hash);
    }
    frontier_root(&f, c.root);
    snprintf(c.origin, sizeof c.origin, "%s", ORIGIN);
    assert_int_equal(note_sign(&c, realm_key(s.realm, REALM_HUB, KEY_USE_LOG), &w), OK);
    assert_int_equal(cosign(writer_span(&w), s.name, s.witness, at_ms / 1000, &w), OK);
    return w.len;
}

/* What an export does: from a folder with `from` entries to one with `to`. */
static enum err export(uint64_t from, uint64_t to, struct fault *fault) {
    uint8_t note[NOTE_LEN_MAX]; uint8_t old_note[NOTE_LEN_MAX]; size_t old_len; uint8_t leaf[256];
    struct checkpoint before;
    struct tiles_writer t;
    const size_t len = make_note(to, time_of(to), note);
    if (from > 0)
        assert_int_equal(tiles_checkpoint("book", &before, old_note, &old_len, fault), OK);
    enum err err = tiles_begin(&t, "book", from / 256 * 256, fault);
    while (err == OK && t.next < to)
        err = tiles_add(&t, span_of(leaf, leaf_of(t.next, leaf)), fault);
    if (err == OK) err = tiles_seal(&t, from > 0 ? &before : NULL, span_of(note, len), fault);
    if (err == OK) err = logbook_keep("book", to, "", span_of(note, len), fault);
    tiles_end(&t);
    return err;
}

static void exported(uint64_t from, uint64_t to)
{
    struct fault fault = {0};
    assert_int_equal(export(from, to, &fault), OK);
}

static bool there(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0;
}

/* ---- the layout ---- */

static void names_are_those_of_tlog_tiles(void **state)
{
    char path[TILES_PATH_MAX];
    (void)state;
    tiles_name(path, "d", 0, 1234067, 256);
    assert_string_equal(path, "d/tile/0/x001/x234/067");
    tiles_name(path, "d", TILES_ENTRIES, 273, 112);
    assert_string_equal(path, "d/tile/entries/273.p/112");
    tiles_name(path, "d", 2, 0, 1);
    assert_string_equal(path, "d/tile/2/000.p/1");
}

static void every_size_is_exported_and_verified(void **state)
{
    static const uint64_t sizes[] = {1, 2, 255, 256, 257, 512, SIZE};
    struct terminal *t = *state;
    uint64_t last = 0;
    for (size_t i = 0; i < T_COUNT(sizes); i++) {
        exported(last, sizes[i]);
        must(t, VERIFY);
        last = sizes[i];
    }
    assert_true(there("book/tile/0/002.p/188"));
    assert_true(there("book/tile/entries/001"));
    assert_true(there("book/tile/1/000.p/2"));
    assert_false(there("book/tile/0/000.p/255")); /* what has become whole is gone in parts */
    assert_false(there("book/tile/entries/000.p/255"));
    assert_false(there("book/tile/2"));
}

static void an_export_that_was_cut_short_is_taken_up(void **state)
{
    struct terminal *t = *state;
    uint8_t leaf[256];
    struct tiles_writer w;
    struct fault fault = {0};
    exported(0, 100);
    assert_int_equal(tiles_begin(&w, "book", 0, &fault), OK);
    while (w.next < 300)
        assert_int_equal(tiles_add(&w, span_of(leaf, leaf_of(w.next, leaf)), &fault), OK);
    tiles_end(&w); /* killed here */
    must(t, VERIFY);
    exported(100, 400);
    must(t, VERIFY);
}

/* L-04: an export never follows a fork */
static void an_export_of_another_log_leaves_the_folder_as_it_was(void **state)
{
    struct terminal *t = *state;
    struct fault fault = {0};
    exported(0, 300);
    s.wrong_at = 299; /* of the part that is written anew */
    s.wrong_ms = time_of(299) + 1;
    s.wrong_kind = LOG_ADMIN;
    assert_int_equal(export(300, 400, &fault), ERR_LOG_FORK);
    s.wrong_at = UINT64_MAX;
    exported(0, 300);
    must(t, VERIFY);
}

/* ---- damage ---- */

static void damage(const char *path, size_t at, int with)
{
    FILE *file = fopen(path, "r+b");
    assert_non_null(file);
    assert_int_equal(fseek(file, (long)at, SEEK_SET), 0);
    const int was = fgetc(file);
    assert_int_equal(fseek(file, (long)at, SEEK_SET), 0);
    assert_true(fputc(was ^ with, file) != EOF);
    assert_int_equal(fclose(file), 0);
}

/* L-01 */
static void every_changed_byte_of_entries_and_tiles_is_found(void **state)
{
    struct terminal *t = *state;
    static const char *const files[] = {"book/tile/entries/000.p/40", "book/tile/0/000.p/40"};
    exported(0, 40);
    for (size_t f = 0; f < T_COUNT(files); f++) {
        struct stat st;
        assert_int_equal(stat(files[f], &st), 0);
        for (size_t at = 0; at < (size_t)st.st_size; at += 3) {
            damage(files[f], at, 1 << (at % 8));
            assert_int_equal(run(t, VERIFY), CLI_REFUSED);
            assert_true(strstr(t->err, "E801") != NULL || strstr(t->err, "E802") != NULL);
            damage(files[f], at, 1 << (at % 8));
        }
    }
    must(t, VERIFY);
}

static void a_changed_hash_above_names_the_entries_below(void **state)
{
    struct terminal *t = *state;
    exported(0, SIZE);
    damage("book/tile/1/000.p/2", 33, 1);
    refused(t, VERIFY, CLI_REFUSED, "E801", "over entry 256");
}

/* L-02 */
static void what_is_missing_is_802(void **state)
{
    struct terminal *t = *state;
    exported(0, 300);
    assert_int_equal(truncate("book/tile/entries/001.p/44", 0), 0);
    refused(t, VERIFY, CLI_REFUSED, "E802", "entry 256");
    assert_int_equal(unlink("book/tile/entries/001.p/44"), 0);
    refused(t, VERIFY, CLI_REFUSED, "E802", "missing");
    assert_int_equal(unlink("book/tile/0/000"), 0);
    refused(t, VERIFY, CLI_REFUSED, "E802", "missing");
}

/* L-03: order, repetition; with tiles made to fit the root tells */
static void entries_in_another_order_are_found(void **state)
{
    struct terminal *t = *state;
    uint8_t *data = NULL;
    size_t len;
    exported(0, 9); /* of one length each */
    assert_int_equal(file_read("book/tile/entries/000.p/9", 4096, 0, &data, &len, NULL), OK);
    const size_t one = len / 9;
    uint8_t *swapped = malloc(len);
    memcpy(swapped, data, len);
    memcpy(swapped + 3 * one, data + 4 * one, one);
    memcpy(swapped + 4 * one, data + 3 * one, one);
    assert_int_equal(file_write("book/tile/entries/000.p/9", span_of(swapped, len), 0644, 0, NULL),
                     OK);
    refused(t, VERIFY, CLI_REFUSED, "E801", "entry 3");
    uint8_t *hashes = NULL;
    size_t hashes_len;
    assert_int_equal(file_read("book/tile/0/000.p/9", 4096, 0, &hashes, &hashes_len, NULL), OK);
    merkle_hash third;
    memcpy(third, hashes + 3 * HASH_LEN, HASH_LEN);
    memcpy(hashes + 3 * HASH_LEN, hashes + 4 * HASH_LEN, HASH_LEN);
    memcpy(hashes + 4 * HASH_LEN, third, HASH_LEN);
    assert_int_equal(file_write("book/tile/0/000.p/9", span_of(hashes, hashes_len), 0644, 0, NULL),
                     OK);
    refused(t, VERIFY, CLI_REFUSED, "E803", "");
    free(hashes);
    free(swapped);
    free(data);
}

/* ---- whom to believe ---- */

static void a_checkpoint_without_its_witnesses_is_812(void **state)
{
    struct terminal *t = *state;
    exported(0, 10);
    refused(t, "log verify book " TRUST " --needed 2", CLI_REFUSED, "E812", "1 of 2");
    must(t, "log verify book " TRUST);
}

static void a_checkpoint_by_another_key_is_807(void **state)
{
    struct terminal *t = *state;
    uint8_t note[NOTE_LEN_MAX];
    struct checkpoint c = {.size = 10};
    struct writer w = writer_of(note, sizeof note);
    struct key *log = NULL;
    exported(0, 10);
    assert_int_equal(key_make(&log, KEY_USE_LOG, 0, &s.realm->entropy), OK);
    const size_t len = make_note(10, REALM_NOW_MS, note);
    assert_int_equal(note_parse(span_of(note, len), &c), OK);
    assert_int_equal(note_sign(&c, log, &w), OK);
    assert_int_equal(file_write("book/checkpoint", writer_span(&w), 0644, 0, NULL), OK);
    refused(t, VERIFY, CLI_REFUSED, "E807", "");
    key_close(&log);
}

/* A kept checkpoint of a fork: the folder convicts its hub. */
static void a_kept_checkpoint_of_another_tree_is_803(void **state)
{
    struct terminal *t = *state;
    uint8_t note[NOTE_LEN_MAX];
    struct fault fault = {0};
    exported(0, 50);
    s.wrong_at = 20;
    s.wrong_ms = time_of(20) + 1;
    s.wrong_kind = LOG_ADMIN;
    const size_t len = make_note(40, time_of(40), note);
    s.wrong_at = UINT64_MAX;
    assert_int_equal(logbook_keep("book", 40, "", span_of(note, len), &fault), OK);
    refused(t, VERIFY, CLI_REFUSED, "E803", "40 entries");
    const size_t longer = make_note(60, time_of(60), note);
    assert_int_equal(unlink("book/checkpoints/40"), 0);
    assert_int_equal(logbook_keep("book", 60, "", span_of(note, longer), &fault), OK);
    refused(t, VERIFY, CLI_REFUSED, "E802", "60 entries");
}

/* ---- times ---- */

static void an_entry_claims(uint64_t index, uint64_t ms, unsigned kind)
{
    s.wrong_at = index;
    s.wrong_ms = ms;
    s.wrong_kind = kind;
    exported(0, 200);
    exported(200, 600);
}

/* L-11: written with a stolen key after the witness had seen 200 entries, dated before that */
static void a_back_dated_entry_is_809(void **state)
{
    struct terminal *t = *state;
    an_entry_claims(500, time_of(200) - LOGBOOK_SLACK_MS - 2000, LOG_ADMIN);
    refused(t, VERIFY, CLI_REFUSED, "E809", "entry 500");
}

/* L-11 */
static void an_entry_dated_after_a_witness_saw_it_is_809(void **state)
{
    struct terminal *t = *state;
    an_entry_claims(100, time_of(200) + LOGBOOK_SLACK_MS + 2000, LOG_ADMIN);
    refused(t, VERIFY, CLI_REFUSED, "E809", "entry 100");
}

static void within_the_bounds_nothing_is_said(void **state)
{
    struct terminal *t = *state;
    an_entry_claims(500, time_of(200) - LOGBOOK_SLACK_MS + 2000, LOG_ADMIN);
    must(t, VERIFY);
}

/* It repeats the time of the acceptance. */
static void a_statement_may_be_of_long_before(void **state)
{
    struct terminal *t = *state;
    an_entry_claims(500, time_of(1), LOG_STATEMENT);
    must(t, VERIFY);
}

/* ---- proofs ---- */

/* L-09 */
static void a_proof_is_of_one_entry_at_one_place(void **state)
{
    struct terminal *t = *state;
    char line[256];
    exported(0, SIZE);
    for (int index = 0; index < SIZE; index += 77) {
        snprintf(line, sizeof line, "log prove %d book --out p.tlog-proof", index);
        must(t, line);
        must(t, "log check p.tlog-proof " TRUST " --needed 1");
    }
    char *text = read_text("p.tlog-proof");
    assert_true(strlen(text) < 2048);
    char *at = strstr(text, "index 693");
    assert_non_null(at);
    at[8] = '2';
    write_text("q.tlog-proof", text);
    refused(t, "log check q.tlog-proof " TRUST, CLI_REFUSED, "E808", "entry 692");
    at[8] = '3';
    text[strlen("c2sp.org/tlog-proof@v1\nextra ") + 41] ^= 1;
    write_text("q.tlog-proof", text);
    assert_int_equal(run(t, "log check q.tlog-proof " TRUST), CLI_REFUSED);
    free(text);
    assert_int_equal(run(t, "log prove 700 book --out r.tlog-proof"), CLI_REFUSED);
    assert_int_equal(run(t, "log prove 7x book --out r.tlog-proof"), CLI_USAGE);
}

/* L-06 */
static void two_checkpoints_of_one_log_are_shown_to_fit_or_not(void **state)
{
    struct terminal *t = *state;
    uint8_t note[NOTE_LEN_MAX];
    exported(0, 300);
    size_t len = make_note(77, time_of(77), note);
    assert_int_equal(file_write("old", span_of(note, len), 0644, 0, NULL), OK);
    must(t, "log consistency old book " TRUST);
    len = make_note(301, time_of(301), note);
    assert_int_equal(file_write("old", span_of(note, len), 0644, 0, NULL), OK);
    refused(t, "log consistency old book " TRUST, CLI_REFUSED, "E802", "");
    s.wrong_at = 70;
    s.wrong_kind = LOG_ADMIN;
    len = make_note(77, time_of(77), note);
    assert_int_equal(file_write("old", span_of(note, len), 0644, 0, NULL), OK);
    refused(t, "log consistency old book " TRUST, CLI_REFUSED, "E806", "");
}

static void a_request_of_a_stamp_is_kept_with_what_it_is_about(void **state)
{
    struct terminal *t = *state;
    exported(0, 5);
    must(t, "log anchor book");
    assert_true(there("book/checkpoints/5.tsq"));
    assert_true(there("book/checkpoints/5.stamped"));
    write_text("none.pem", "");
    write_text("no.tsr", "no answer");
    refused(t, "log anchor book --answer no.tsr --roots none.pem", CLI_REFUSED, "E813", "");
    assert_false(there("book/checkpoints/5.tsr"));
    assert_int_equal(run(t, "log anchor book --answer no.tsr"), CLI_USAGE);
}

#define STAGE(fn) cmocka_unit_test_setup_teardown(fn, open_stage, close_stage)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STAGE(names_are_those_of_tlog_tiles),
        STAGE(every_size_is_exported_and_verified),
        STAGE(an_export_that_was_cut_short_is_taken_up),
        STAGE(an_export_of_another_log_leaves_the_folder_as_it_was),
        STAGE(every_changed_byte_of_entries_and_tiles_is_found),
        STAGE(a_changed_hash_above_names_the_entries_below),
        STAGE(what_is_missing_is_802),
        STAGE(entries_in_another_order_are_found),
        STAGE(a_checkpoint_without_its_witnesses_is_812),
        STAGE(a_checkpoint_by_another_key_is_807),
        STAGE(a_kept_checkpoint_of_another_tree_is_803),
        STAGE(a_back_dated_entry_is_809),
        STAGE(an_entry_dated_after_a_witness_saw_it_is_809),
        STAGE(within_the_bounds_nothing_is_said),
        STAGE(a_statement_may_be_of_long_before),
        STAGE(a_proof_is_of_one_entry_at_one_place),
        STAGE(two_checkpoints_of_one_log_are_shown_to_fit_or_not),
        STAGE(a_request_of_a_stamp_is_kept_with_what_it_is_about),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
