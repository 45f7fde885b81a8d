/* Checks `lianshu joint` and cli/joint.h in-process: who may draft and sign, what nobody signs, and
 * that the file says who is missing. */
#include "base/clock.h"
#include "base/file.h"
#include "frame.h"
#include "keys/document.h"
#include "terminal.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define DRAFT "joint draft n.json --adapter market.yaml --out n.lsd "

#define MEMBER(name)                                                                               \
    "  - member: " name ".445100\n"                                                                \
    "    name_zh: 部门\n"                                                                        \
    "    name_en: department\n"                                                                    \
    "    keys: [" name ".key.pub]\n"                                                               \
    "    grants:\n"                                                                                \
    "      - {types: [joint.notice], direction: send, departments: [all], region: \"445100\"}\n"

#define FACTS                                                                                      \
    "{\"title\":\"联合告诫\",\"text\":\"规范经营\",\"reference\":\"1号\",\"date\":\"2026-04-01\"}"
#define NOTICE                                                                                     \
    "{\"type\":\"joint.notice\",\"to\":[\"police.445100\"],\"basis\":[\"B-1\"],\"facts\":" FACTS "}"

static void make_member(struct terminal *t, const char *name)
{
    char text[512];
    snprintf(text, sizeof text,
             "key generate --member %s.445100 --use adapter --out %s.key --passphrase-file p", name,
             name);
    must(t, text);
    snprintf(text, sizeof text,
             "realm: demo\nmember: %s.445100\nhub: hub.445100\nkey_file: %s.key\n"
             "passphrase_file: p\nanchor: anchor.yaml\nregistry: registry.lsg\n",
             name, name);
    char path[64];
    snprintf(path, sizeof path, "%s.yaml", name);
    write_text(path, text);
}

static int open_desks(void **state)
{
    if (terminal_open(state) != 0)
        return -1;
    struct terminal *t = *state;
    static const char *const names[] = {"market", "health", "police", "insurance"};
    must(t, "key passphrase p");
    must(t, "key generate --member root.000000 --use root --out root.key --passphrase-file p");
    must(t, "key generate --member registrar.445100 --use registrar --out reg.key "
            "--passphrase-file p");
    for (size_t i = 0; i < T_COUNT(names); i++)
        make_member(t, names[i]);
    write_text("members.yaml",
               "members:\n" MEMBER("market") MEMBER("health") MEMBER("police") MEMBER("insurance"));
    must(t, "registry build --realm demo --root root.key --registrar reg.key --passphrase-file p "
            "--members members.yaml --anchor-out anchor.yaml --out registry.lsg");
    write_text("n.json", NOTICE);
    return 0;
}

#define DESKS(fn) cmocka_unit_test_setup_teardown(fn, open_desks, terminal_close)

static void each_signs_in_any_order_and_the_file_says_who_is_missing(void **state)
{
    struct terminal *t = *state;
    must(t, DRAFT "--with health.445100 --with insurance.445100 --json");
    assert_json(t);
    assert_says(t, "\"to\":[\"hub.445100\",\"police.445100\"]");
    assert_says(t, "\"complete\":false");
    must(t, "joint sign n.lsd --adapter insurance.yaml --json"); /* the third before the second */
    assert_says(t, "\"complete\":false");
    must(t, "joint show n.lsd");
    assert_says(t, "联合告诫");
    assert_says(t, "规范经营");
    must(t, "joint sign n.lsd --adapter health.yaml --json");
    assert_says(t, "\"complete\":true");
    must(t, "joint show n.lsd --adapter police.yaml --json");
    assert_says(t, "\"verified\":true");
}

static void nobody_signs_twice_or_what_is_not_for_it_to_sign(void **state)
{
    struct terminal *t = *state;
    must(t, DRAFT "--with health.445100");
    refused(t, DRAFT "--with health.445100", CLI_REFUSED, "E026", "n.lsd"); /* not written over */
    refused(t, "joint sign n.lsd --adapter market.yaml", CLI_REFUSED, "E026 n.lsd",
            "market.445100 has signed it");
    refused(t, "joint sign n.lsd --adapter police.yaml", CLI_REFUSED, "E316 n.lsd",
            "police.445100 is none of its issuers");
    /* Another key of the same member, which the document does not name. */
    unlink("health.key");
    unlink("health.key.pub");
    must(t, "key generate --member health.445100 --use adapter --out health.key "
            "--passphrase-file p");
    refused(t, "joint sign n.lsd --adapter health.yaml", CLI_REFUSED, "E412 n.lsd",
            "another key of health.445100");
}

/* One byte anywhere in what was signed, or in a signature: nobody adds a name to it. */
static void what_does_not_verify_is_not_signed(void **state)
{
    struct terminal *t = *state;
    uint8_t *data = NULL;
    size_t len = 0;
    must(t, DRAFT "--with health.445100");
    assert_int_equal(file_read("n.lsd", FRAME_DOCUMENT_FRAME_MAX, 0, &data, &len, NULL), OK);
    for (size_t i = 0; i < len; i += 11) {
        data[i] ^= 1;
        assert_int_equal(file_write("x.lsd", span_of(data, len), 0644, 0, NULL), OK);
        data[i] ^= 1;
        print_message("byte %zu of %zu\n", i, len);
        assert_int_equal(run(t, "joint sign x.lsd --adapter health.yaml"), CLI_REFUSED);
    }
    free(data);
    t->now_ms = TERMINAL_NOW_MS + 30 * (uint64_t)DAY_MS;
    refused(t, "joint sign n.lsd --adapter health.yaml", CLI_REFUSED, "E503 n.lsd", "too long ago");
}

/* The signatures of n.lsd, put together otherwise. */
static void rewrite(const size_t *order, size_t count)
{
    static uint8_t bytes[FRAME_DOCUMENT_FRAME_MAX];
    uint8_t *data = NULL;
    size_t len = 0;
    struct frame_document frame;
    struct span signatures[FRAME_ISSUERS_MAX];
    struct writer w = writer_of(bytes, sizeof bytes);
    assert_int_equal(file_read("n.lsd", FRAME_DOCUMENT_FRAME_MAX, 0, &data, &len, NULL), OK);
    assert_int_equal(frame_parse_document(span_of(data, len), &frame), OK);
    for (size_t i = 0; i < count; i++)
        signatures[i] = frame.signatures[order[i]];
    assert_int_equal(document_write(frame.document, signatures, count, &w), OK);
    assert_int_equal(file_write("x.lsd", writer_span(&w), 0644, 0, NULL), OK);
    free(data);
}

static void signatures_that_are_doubled_or_out_of_place_are_refused(void **state)
{
    static const struct {
        size_t order[3];
        size_t count;
        const char *says;
    } rows[] = {
        {{0, 0}, 2, "signature 2"},
        {{1, 0}, 2, "signature 2"},
        {{1, 1}, 2, "signature 2"},
        {{0, 1, 1}, 3, "not a joint notice"},
    };
    struct terminal *t = *state;
    must(t, DRAFT "--with health.445100");
    must(t, "joint sign n.lsd --adapter health.yaml");
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        print_message("row %zu\n", i);
        rewrite(rows[i].order, rows[i].count);
        refused(t, "joint show x.lsd", CLI_REFUSED, rows[i].count == 3 ? "E221" : "E303",
                rows[i].says);
    }
}

static void a_draft_that_says_too_little_or_too_much_is_refused(void **state)
{
    static const struct {
        const char *notice;
        const char *with;
        const char *code;
        const char *says;
    } rows[] = {
        {NOTICE, "market.445100", "E026", "a member signs once"},
        {NOTICE, "health.445100 --with health.445100", "E026", "a member signs once"},
        {NOTICE, "health.440000", "E019", "--with"},
        {NOTICE, "health.445100 --days 91", "E001", "--days"},
        {"{\"type\":\"clue\",\"to\":[\"police.445100\"],\"facts\":" FACTS "}", "health.445100",
         "E017", "joint.notice"},
        {"{\"type\":\"joint.notice\",\"to\":[\"police.445100\"]}", "health.445100", "E010",
         "facts"},
        {"{\"type\":\"joint.notice\",\"to\":[\"police.445100\"],\"facts\":{\"title\":\"x\"}}",
         "health.445100", "E010", "facts."},
        {"{\"type\":\"joint.notice\",\"facts\":" FACTS "}", "health.445100", "E010", "to:"},
        {"{\"type\":\"joint.notice\",\"to\":[\"hub.445100\"],\"facts\":" FACTS "}", "health.445100",
         "E019", "to:"},
        {"{\"type\":\"joint.notice\",\"to\":[\"police.445100\"],\"sealed\":{},\"facts\":" FACTS "}",
         "health.445100", "E009", "sealed"},
        {"{", "health.445100", "E008", "n.json"},
    };
    struct terminal *t = *state;
    char line[256];
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        print_message("row %zu\n", i);
        write_text("n.json", rows[i].notice);
        snprintf(line, sizeof line, DRAFT "--with %s", rows[i].with);
        const int code = run(t, line);
        assert_int_equal(code, strcmp(rows[i].code, "E001") == 0 ? CLI_USAGE : CLI_REFUSED);
        assert_told(t, rows[i].code, rows[i].says);
        assert_false(there_is("n.lsd"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DESKS(each_signs_in_any_order_and_the_file_says_who_is_missing),
        DESKS(nobody_signs_twice_or_what_is_not_for_it_to_sign),
        DESKS(what_does_not_verify_is_not_signed),
        DESKS(signatures_that_are_doubled_or_out_of_place_are_refused),
        DESKS(a_draft_that_says_too_little_or_too_much_is_refused),
    };
    return cmocka_run_group_tests_name("cli_joint", tests, NULL, NULL);
}
