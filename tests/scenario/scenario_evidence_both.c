/* What one verifier of a bundle refuses, the other refuses: files, archives and notes in none of
 * the forms that a bundle has, though every list fits. */
#include "scenario/both.h"
#include "scenario/relog.h"

#include "base/hex.h"
#include "cli/evidence.h"
#include "wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

enum { TAR_MAX = 4 << 20, BLOCK = 512, NOTE_ROOM = 2 * NOTE_LEN_MAX };

/* ---- names ---- */

static void a_file_of_a_name_that_no_bundle_has_is_refused_by_both(void **state)
{
    static const char *const names[] = {
        "checkpoint2.txt",
        "README.old"
        ".md",
        "verify-2.py",
        "report.full.html",
        "bundle.old.json",
        "anchor-2.yaml",
        "manifest.old.sha256",
        "tables/regions-2.csv",
        "log/7",
        "log/7.leaf",
        "log/0000000000001.path",
        "seen/first.txt",
        "seen/7.path", /* of no checkpoint */
        "seen/7.tsr",
        "seen/7.bin",
        "envelopes/00.json",
        "documents/notes.lsd",
        "disclosed/0.dek",
        "reads/000000000001.txt",
        "registry/Market.lsp",
        "rules/0123456789abcdef.yaml",
        "rules/0123456789abcde/r.yaml",
        "rulez/0123456789abcdef/r.yaml",
        "rules/0123456789abcdef/r2.yaml",
        "rules/0123456789abcdef/2r.yaml",
        "rules/0123456789abcdef/.yaml",
        "more/file.txt",
    };
    static const char *const folders[] = {"b/seen",
                                          "b/disclosed",
                                          "b/rules",
                                          "b/tables",
                                          "b/envelopes",
                                          "b/documents",
                                          "b/rules/0123456789abcdef",
                                          "b/rules/0123456789abcde",
                                          "b/rulez",
                                          "b/rulez/0123456789abcdef",
                                          "b/more"};
    struct book *b = *state;
    char path[128];
    both_export(b);
    both_take(b);
    for (size_t i = 0; i < T_COUNT(folders); i++)
        (void)mkdir(folders[i], 0755); /* some are there */
    for (size_t i = 0; i < T_COUNT(names); i++) {
        print_message("%s\n", names[i]);
        if (strstr(names[i], "/.") != NULL)
            continue; /* no name at all: bundle_lend refuses it, and the script its step */
        book_add_file("b", names[i], span_str("anything"));
        both_refuse(b, "E814 ");
        snprintf(path, sizeof path, "b/%s", names[i]);
        assert_int_equal(remove(path), 0);
    }
    book_fit("b");
    both_take(b);
}

/* Beside an entry that commits to nothing a file would be believed by whoever does not look. */
static void a_file_beside_an_entry_of_another_kind_is_refused_by_both(void **state)
{
    static const char *const forms[][2] = {
        {"receipts", ".lsr"}, {"decisions", ".bin"}, {"reads", ".bin"}};
    struct book *b = *state;
    struct relog_entry *state_entry = calloc(1, sizeof *state_entry);
    struct relog_entry *decision = calloc(1, sizeof *decision);
    char name[BUNDLE_NAME_MAX + 1];
    char from[2 * BUNDLE_NAME_MAX];
    size_t len;
    assert_true(state_entry != NULL && decision != NULL);
    both_export(b);
    relog_find(LOG_ORDER_STATE, 0, state_entry);
    relog_find(LOG_DECISION, 0, decision);
    for (size_t i = 0; i < T_COUNT(forms); i++) {
        snprintf(name, sizeof name, "%s/%012llu%s", forms[i][0],
                 (unsigned long long)state_entry->index, forms[i][1]);
        print_message("%s\n", name);
        snprintf(from, sizeof from, "b/decisions/%012llu.bin", (unsigned long long)decision->index);
        char *bytes = book_read(from, &len); /* a record as good as any */
        book_add_file("b", name, span_of(bytes, len));
        free(bytes);
        both_refuse(b, "E814 ");
        snprintf(from, sizeof from, "b/%s", name);
        assert_int_equal(remove(from), 0);
    }
    free(decision);
    free(state_entry);
}

static void what_is_to_be_read_beside_a_record_or_a_frame_is_missed_by_both(void **state)
{
    static const char *const folders[] = {"decisions/", "envelopes/"};
    struct book *b = *state;
    both_export(b);
    for (size_t i = 0; i < T_COUNT(folders); i++) {
        struct evidence_pack pack;
        const struct bundle_file *file;
        char path[2 * BUNDLE_NAME_MAX];
        size_t at = 0;
        assert_int_equal(evidence_pack_read(&pack, "whole", NULL), OK);
        while ((file = bundle_at(pack.bundle, at++)) != NULL &&
               (strncmp(file->name, folders[i], strlen(folders[i])) != 0 ||
                strstr(file->name, ".json") == NULL))
            continue;
        if (file == NULL && i > 0) { /* no frame is with the hub any more */
            evidence_pack_close(&pack);
            continue;
        }
        assert_non_null(file);
        snprintf(path, sizeof path, "b/%s", file->name);
        assert_int_equal(remove(path), 0);
        book_fit("b");
        both_refuse(b, "E814 ");
        book_add_file("b", file->name, file->bytes);
        evidence_pack_close(&pack);
    }
    both_take(b);
}

/* ---- archives ---- */

static struct span tar_of(struct book *b, uint8_t *room)
{
    struct evidence_pack pack;
    struct writer w = writer_of(room, TAR_MAX);
    (void)b;
    assert_int_equal(evidence_pack_read(&pack, "b", NULL), OK);
    bundle_tar(pack.bundle, &w);
    assert_false(w.full);
    evidence_pack_close(&pack);
    return writer_span(&w);
}

static void put_tar(struct book *b, struct span tar)
{
    (void)b;
    book_put_file(".", "b.tar", tar);
}

/* A header says the sum of its bytes. */
static void sum_up(uint8_t *head)
{
    unsigned sum = 0;
    memset(head + 148, ' ', 8);
    for (size_t i = 0; i < BLOCK; i++)
        sum += head[i];
    char digits[8];
    snprintf(digits, sizeof digits, "%06o", sum);
    memcpy(head + 148, digits, 7);
}

/* Readers of archives understand different things by them: one form alone is taken. */
static void an_archive_of_another_form_is_refused_by_both(void **state)
{
    static const struct {
        size_t at;
        uint8_t is;
    } heads[] = {
        {100 + 4, '7'}, /* mode */
        {108, '1'},     /* owner */
        {136, '1'},     /* time */
        {156, '1'},     /* a link */
        {156, 'x'},     /* a header of another name */
        {156, 0},       /* a file, as it used to be said */
        {157, 'a'},     /* a target */
        {263, ' '},     /* version */
        {345, 'p'},     /* a prefix of the name */
        {500, 1},       /* rest */
    };
    struct book *b = *state;
    uint8_t *room = malloc(TAR_MAX);
    assert_non_null(room);
    both_export(b);
    const struct span tar = tar_of(b, room);
    put_tar(b, tar);
    must(b->terminal, "evidence verify b.tar --anchor anchor.yaml");
    assert_int_equal(book_script(b, "b.tar", "anchor.yaml"), 0);
    for (size_t i = 0; i < T_COUNT(heads); i++) {
        uint8_t kept[BLOCK];
        print_message("row %zu\n", i);
        memcpy(kept, room, BLOCK);
        room[heads[i].at] = heads[i].is;
        sum_up(room);
        put_tar(b, tar);
        both_refuse_at(b, "b.tar", "E814 b.tar");
        memcpy(room, kept, BLOCK);
    }
    /* one block too many, and one too few; something behind the end; an order that is none */
    put_tar(b, span_of(room, tar.len - BLOCK));
    both_refuse_at(b, "b.tar", "E814 b.tar");
    memset(room + tar.len, 0, BLOCK);
    put_tar(b, span_of(room, tar.len + BLOCK));
    both_refuse_at(b, "b.tar", "E814 b.tar");
    put_tar(b, span_of(room, tar.len + 1));
    both_refuse_at(b, "b.tar", "E814 b.tar");
    memmove(room + BLOCK, room, tar.len);
    memset(room, 0, BLOCK);
    put_tar(b, span_of(room, tar.len + BLOCK));
    both_refuse_at(b, "b.tar", "E814 b.tar");
    put_tar(b, span_of(room, 0));
    both_refuse_at(b, "b.tar", "E814 b.tar");
    free(room);
}

static void a_link_in_the_place_of_a_file_or_folder_is_refused_by_both(void **state)
{
    struct book *b = *state;
    both_export(b);
    assert_int_equal(symlink("../whole/log", "b/linked"), 0);
    both_refuse(b, "E");
    assert_int_equal(unlink("b/linked"), 0);
    assert_int_equal(unlink("b/report.txt"), 0);
    assert_int_equal(symlink("../whole/report.txt", "b/report.txt"), 0);
    both_refuse(b, "E");
    assert_int_equal(unlink("b/report.txt"), 0);
    assert_int_equal(mkfifo("b/report.txt", 0644), 0);
    both_refuse(b, "E");
}

/* ---- what it says of itself ---- */

static void a_bundle_json_that_two_readers_read_differently_is_refused_by_both(void **state)
{
    static const struct {
        const char *was, *is;
    } rows[] = {
        {"\"kind\"", "\"kind\":\"case\",\"kind\""}, /* twice: the first or the last? */
        {"{", "\xef\xbb\xbf{"},
        {"\"hub.", "\"market."},
        {"\"format\": 1", "\"format\": 1.0"},
        {"\"exported_ms\":", "\"exported_ms\":9999999"}, /* beyond 2^63 */
        {"\"format\": 1", "\"format\": 2"},
        {"\"order\"", "\"an order\""}, /* as long as a kind may be, and longer */
        {"\"order\"", "\"the order\""},
        {"\"order\"", "\"tree\""},
        {"\"order\"", "\"envelope\""}, /* whose id is longer */
        {"\"order\"", "[]"},
        {ORDER_ID, "0"},
        {ORDER_ID, ORDER_ID ORDER_ID ORDER_ID},
        {"\"" ORDER_ID "\"", "7"},
        {"\"demo\"", "\"other\""},
        {"\"demo\"", "7"},
        {"\"demo\"", "\"" ORDER_ID "\""},
        {"\"hub.445100\"", "7"},
        {"\"hub.445100\"", "\"" ORDER_ID ORDER_ID "\""},
    };
    struct book *b = *state;
    size_t len;
    both_export(b);
    char *text = book_read("b/bundle.json", &len);
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        char other[2048];
        char *at = memmem(text, len, rows[i].was, strlen(rows[i].was));
        print_message("row %zu\n", i);
        assert_non_null(at);
        const size_t before = (size_t)(at - text);
        const size_t after = before + strlen(rows[i].was);
        const int n = snprintf(other, sizeof other, "%.*s%s%.*s", (int)before, text, rows[i].is,
                               (int)(len - after), text + after);
        book_add_file("b", "bundle.json", span_of(other, (size_t)n));
        both_refuse(b, "E");
    }
    free(text);
}

/* The id of an obligation is none of an order. */
static void a_bundle_that_is_about_another_kind_of_thing_is_refused_by_both(void **state)
{
    struct book *b = *state;
    struct relog_entry *entry = calloc(1, sizeof *entry);
    static lianshu_StateChange change;
    char hex[2 * FRAME_ID_LEN + 1];
    size_t len;
    assert_non_null(entry);
    both_export(b);
    relog_find(LOG_OBLIGATION_STATE, 0, entry);
    assert_int_equal(
        wire_decode(&lianshu_StateChange_msg, span_of(entry->body, entry->len), &change), OK);
    hex_encode(span_of(change.id, sizeof change.id), hex);
    char *text = book_read("b/bundle.json", &len);
    char *at = memmem(text, len, ORDER_ID, 2 * FRAME_ID_LEN);
    assert_non_null(at);
    memcpy(at, hex, 2 * FRAME_ID_LEN);
    book_add_file("b", "bundle.json", span_of(text, len));
    both_refuse(b, "E814 bundle.json");
    free(text);
    free(entry);
}

/* ---- notes ---- */

/* Lines of signatures behind the log's own: each is read in one way, or the note is none. */
static void a_line_of_a_note_that_two_readers_read_differently_is_refused_by_both(void **state)
{
    static const char *const lines[] = {
        "\xe2\x80\x94 hub.445100.demo/audit/1 AAAAAAAA\n",      /* of the log, once more */
        "\xe2\x80\x94 w.demo/witness AAAAAAB=\n",               /* bits that belong to no byte */
        "\xe2\x80\x94 w.demo/witness AAAA\n",                   /* too short for a key's hash */
        "\xe2\x80\x94 w.demo/witness AAAAAAAA\xe2\x80\xa8\n",   /* a separator of lines */
        "\xe2\x80\x94 w\xc2\x85.demo AAAAAAAA\n\xe2\x80\x94\n", /* another */
        "\xe2\x80\x94  AAAAAAAA\n",
        "- w.demo/witness AAAAAAAA\n",
        "\xe2\x80\x94 w.demo/witness AAAAAAAA\r\n",
        "\xe2\x80\x94 w.demo/witness AAAAAAAA", /* no end */
        "\n",
    };
    struct book *b = *state;
    char note[NOTE_ROOM];
    size_t len;
    both_export(b);
    char *whole = book_read("b/checkpoint.txt", &len);
    for (size_t i = 0; i < T_COUNT(lines); i++) {
        print_message("row %zu\n", i);
        snprintf(note, sizeof note, "%s%s", whole, lines[i]);
        book_add_file("b", "checkpoint.txt", span_str(note));
        both_refuse(b, "E807 checkpoint.txt");
    }
    /* As many as may follow, and one more. */
    for (unsigned count = NOTE_EXTRA_MAX; count <= NOTE_EXTRA_MAX + 1; count++) {
        size_t at = (size_t)snprintf(note, sizeof note, "%s", whole);
        for (unsigned i = 0; i < count; i++)
            at += (size_t)snprintf(note + at, sizeof note - at,
                                   "\xe2\x80\x94 w%u.demo/witness AAAAAAAA\n", i);
        book_add_file("b", "checkpoint.txt", span_str(note));
        if (count == NOTE_EXTRA_MAX)
            both_take(b);
        else
            both_refuse(b, "E807 checkpoint.txt");
    }
    free(whole);
}

#define EACH(fn) cmocka_unit_test_setup_teardown(fn, book_open, book_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        EACH(a_file_of_a_name_that_no_bundle_has_is_refused_by_both),
        EACH(a_file_beside_an_entry_of_another_kind_is_refused_by_both),
        EACH(what_is_to_be_read_beside_a_record_or_a_frame_is_missed_by_both),
        EACH(an_archive_of_another_form_is_refused_by_both),
        EACH(a_link_in_the_place_of_a_file_or_folder_is_refused_by_both),
        EACH(a_bundle_json_that_two_readers_read_differently_is_refused_by_both),
        EACH(a_bundle_that_is_about_another_kind_of_thing_is_refused_by_both),
        EACH(a_line_of_a_note_that_two_readers_read_differently_is_refused_by_both),
    };
    return cmocka_run_group_tests_name("evidence_both", tests, NULL, NULL);
}
