/* Bundles that are not as they must be: signed once more by a hub that has its log key, and files
 * whose lengths and counts are wrong. Both verifiers refuse each, and neither stumbles. */
#include "scenario/both.h"
#include "scenario/relog.h"

#include "cli/evidence.h"
#include "wire.h"

#include <stdio.h>
#include <stdlib.h>

enum { TEXT_MAX = 64 << 10 };

/* ---- a hub signs another log ---- */

union entry {
    lianshu_Receipt q;
    lianshu_Statement v;
};

static void stays(union entry *e)
{
    (void)e;
}

static void v_realm(union entry *e)
{
    strcpy(e->v.realm, "other");
}

static void v_index(union entry *e)
{
    e->v.log_index++;
}

static void v_time(union entry *e)
{
    e->v.accepted_ms++;
}

static void q_realm(union entry *e)
{
    strcpy(e->q.realm, "other");
}

static void q_by(union entry *e)
{
    strcpy(e->q.by, "hub.440000");
}

static void q_index(union entry *e)
{
    e->q.log_index++;
}

static void q_time(union entry *e)
{
    e->q.time_ms++;
}

/* The first entry of that kind says something else, and the hub signs it. */
static void say_otherwise(struct book *b, unsigned kind, void (*change)(union entry *))
{
    static struct relog_entry of;
    static union entry entry;
    const pb_msgdesc_t *desc = kind == LOG_RECEIPT ? &lianshu_Receipt_msg : &lianshu_Statement_msg;
    relog_find(kind, 0, &of);
    struct writer w = writer_of(of.body, sizeof of.body);
    assert_int_equal(wire_decode(desc, span_of(of.body, of.len), &entry), OK);
    change(&entry);
    assert_int_equal(wire_encode(desc, &entry, &w), OK);
    of.len = w.len;
    relog_put(&of);
    relog_sign(b);
}

/* L-03: a log key signs what its holder likes; what the entries say has to fit all the same. */
static void entries_of_another_realm_hub_place_or_time_are_refused_by_both(void **state)
{
    static const struct {
        unsigned kind;
        void (*change)(union entry *);
        const char *label;
    } rows[] = {
        {LOG_STATEMENT, v_realm, "E313 log/"}, {LOG_STATEMENT, v_index, "E814 log/"},
        {LOG_STATEMENT, v_time, "E814 log/"},  {LOG_RECEIPT, q_realm, "E313 log/"},
        {LOG_RECEIPT, q_by, "E521 log/"},      {LOG_RECEIPT, q_index, "E814 log/"},
        {LOG_RECEIPT, q_time, "E814 log/"},
    };
    struct book *b = *state;
    book_export_referral(b, "b");
    book_copy("b", "whole");
    say_otherwise(b, LOG_STATEMENT, stays);
    both_take(b);
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        print_message("row %zu\n", i);
        book_copy("whole", "b");
        say_otherwise(b, rows[i].kind, rows[i].change);
        both_refuse(b, rows[i].label);
    }
}

/* ---- lengths and counts ---- */

/* The first file whose name begins and ends so. */
static void name_of(const char *begins, const char *ends, char out[static BUNDLE_NAME_MAX + 1])
{
    struct evidence_pack pack;
    const struct bundle_file *file;
    size_t i = 0;
    assert_int_equal(evidence_pack_read(&pack, "whole", NULL), OK);
    while ((file = bundle_at(pack.bundle, i)) != NULL &&
           (strncmp(file->name, begins, strlen(begins)) != 0 || strstr(file->name, ends) == NULL ||
            file->bytes.len == 0))
        i++;
    if (file == NULL)
        fail_msg("no %s*%s", begins, ends);
    snprintf(out, BUNDLE_NAME_MAX + 1, "%s", file->name);
    evidence_pack_close(&pack);
}

static void malform(struct book *b, const char *name, struct span bytes)
{
    book_add_file("b", name, bytes);
    both_refuse(b, "E");
}

/* Each of its fields of four bytes is told to be longer than anything: none is believed. And the
 * file ends before it should, or after. */
struct kind {
    const char *begins, *ends;
    size_t length_at[2]; /* of its first lengths or counts */
};

static void malform_all(struct book *b, const struct kind *kind)
{
    char name[BUNDLE_NAME_MAX + 1];
    char path[2 * BUNDLE_NAME_MAX];
    size_t len;
    name_of(kind->begins, kind->ends, name);
    snprintf(path, sizeof path, "whole/%s", name);
    print_message("%s\n", name);
    char *bytes = book_read(path, &len);
    char *longer = calloc(1, len + 4);
    assert_non_null(longer);
    memcpy(longer, bytes, len);
    malform(b, name, span_of(longer, len + 1));
    malform(b, name, span_of(longer, len - 1));
    malform(b, name, span_of(longer, len / 2));
    malform(b, name, span_of(longer, 3));
    for (size_t i = 0; i < T_COUNT(kind->length_at); i++) {
        const size_t at = kind->length_at[i];
        assert_true(at + 4 <= len);
        memset(longer + at, 0xff, 4);
        malform(b, name, span_of(longer, len));
        memcpy(longer + at, bytes + at, 4);
    }
    memset(longer + len / 2, 0xff, len - len / 2);
    malform(b, name, span_of(longer, len));
    book_add_file("b", name, span_of(bytes, len));
    free(longer);
    free(bytes);
}

static void lengths_and_counts_beyond_a_file_are_refused_by_both(void **state)
{
    /* Tokens, which stand behind the count of reads, are the hub's word. */
    static const struct kind kinds[] = {
        {"registry/", ".lsp", {4, 8}},  {"log/", ".leaf", {26, 26}},
        {"log/", ".path", {0, 4}},      {"receipts/", ".lsr", {12, 15}},
        {"decisions/", ".bin", {0, 4}}, {"documents/", ".lsd", {4, 8}},
        {"reads/", ".bin", {0, 0}},     {"checkpoint", ".txt", {4, 8}}};
    struct book *b = *state;
    both_export(b);
    for (size_t i = 0; i < T_COUNT(kinds); i++)
        malform_all(b, &kinds[i]);
}

static void a_frame_with_lengths_and_counts_beyond_it_is_refused_by_both(void **state)
{
    static const struct kind frame = {"envelopes/", ".lse", {4, 8}};
    struct book *b = *state;
    book_export_referral(b, "b");
    book_copy("b", "whole");
    malform_all(b, &frame);
}

/* What says what the bundle is about, in every wrong form; the last would nest a reader to death.
 */
static void a_bundle_json_of_another_form_is_refused_by_both(void **state)
{
    static const char *const wrong[] = {
        "",
        "x",
        "[]",
        "{}",
        "null",
        "1",
        "{\"format\":1}",
        "{\"format\":1,\"kind\":\"order\",\"id\":[],\"hub\":\"h\",\"realm\":\"demo\",\"exported_"
        "ms\":1}",
        "{\"format\":1,\"kind\":\"order\",\"id\":\"0\",\"hub\":{},\"realm\":\"demo\",\"exported_"
        "ms\":1}",
        "{\"format\":1,\"kind\":\"tree\",\"id\":\"0\",\"hub\":\"h\",\"realm\":\"demo\",\"exported_"
        "ms\":1}",
        "{\"format\":true,\"kind\":\"case\",\"id\":\"0\",\"hub\":\"h\",\"realm\":\"demo\","
        "\"exported_ms\":1}",
        "{\"format\":1,\"kind\":\"case\",\"id\":\"0\",\"hub\":\"h\",\"realm\":\"demo\",\"exported_"
        "ms\":1e999}",
        "{\"format\":1,\"kind\":\"case\",\"id\":\"0\",\"hub\":\"h\",\"realm\":\"demo\",\"exported_"
        "ms\":-1}",
        "{\"format\":1,\"kind\":\"case\",\"id\":\"0\",\"hub\":\"h\",\"realm\":\"demo\",\"exported_"
        "ms\":\"1\"}",
        "{\"format\":1,\"kind\":\"case\",\"id\":\"0\",\"hub\":\"h\",\"realm\":\"demo\"}",
    };
    struct book *b = *state;
    static char deep[TEXT_MAX];
    book_export_referral(b, "b");
    for (size_t i = 0; i < T_COUNT(wrong); i++) {
        print_message("row %zu\n", i);
        malform(b, "bundle.json", span_str(wrong[i]));
    }
    memset(deep, '[', sizeof deep);
    malform(b, "bundle.json", span_of(deep, sizeof deep));
}

/* The checkpoint's key is judged as of the export: who has one that is over would date the export
 * back to when it was good, and write entries of today. L-11 */
static void entries_later_than_the_export_are_refused_by_both(void **state)
{
    struct book *b = *state;
    char text[4096];
    size_t len;
    book_export_referral(b, "b");
    char *about = book_read("b/bundle.json", &len);
    const char *field = memmem(about, len, "\"exported_ms\":", 14);
    assert_non_null(field);
    const size_t head = (size_t)(field + 14 - about) + strspn(field + 14, " ");
    char *end = NULL;
    const unsigned long long exported = strtoull(about + head, &end, 10);
    const size_t rest = len - (size_t)(end - about);
    for (unsigned back = 0; back < 2; back++) {
        const int n = snprintf(text, sizeof text, "%.*s%llu%.*s", (int)head, about, exported - back,
                               (int)rest, end);
        book_add_file("b", "bundle.json", span_of(text, (size_t)n));
        if (back == 0)
            must(b->terminal, "evidence verify b --anchor anchor.yaml");
        else
            both_refuse(b, "E809 log/");
    }
    free(about);
}

/* L-07 */
static void a_checkpoint_of_another_form_is_refused_by_both(void **state)
{
    static const struct {
        const char *was, *is;
    } rows[] = {{"\n\n", "\n"},
                {"/audit/1\n", "/audit/01\n"},
                {"/audit/1\n", "/audit/1\n0"},
                {"/audit/1\n", "/audit/1\n-"},
                {"/audit/1\n", "/audit/1\n99999999999999999999"},
                {"\n\n", "\nmore\n\n"},
                {"\n\n", "==\n\n"},
                {"\xe2\x80\x94 ", "- "},
                {"\n", "\r\n"}};
    struct book *b = *state;
    size_t len;
    book_export_referral(b, "b");
    char *note = book_read("b/checkpoint.txt", &len);
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        char text[NOTE_LEN_MAX];
        const char *at = memmem(note, len, rows[i].was, strlen(rows[i].was));
        assert_non_null(at);
        const size_t before = (size_t)(at - note);
        const size_t after = before + strlen(rows[i].was);
        snprintf(text, sizeof text, "%.*s%s%.*s", (int)before, note, rows[i].is, (int)(len - after),
                 note + after);
        print_message("row %zu\n", i);
        malform(b, "checkpoint.txt", span_str(text));
    }
    free(note);
}

/* The hub signs under a name that is no log's of it. L-07 */
static void a_checkpoint_of_another_log_is_refused_by_both(void **state)
{
#define LOGS "hub.445100.demo/audit/"
    static const char *const origins[] = {
        LOGS "0",  LOGS "01", LOGS "4294967296", LOGS "99999999999999999999",
        LOGS "1x", LOGS,      "hub.445100.demo", "hub.445100.other/audit/1",
        LOGS "1/1"};
    struct book *b = *state;
    struct checkpoint head;
    uint8_t room[NOTE_LEN_MAX];
    size_t len;
    book_export_referral(b, "b");
    char *note = book_read("b/checkpoint.txt", &len);
    assert_int_equal(note_parse(span_of(note, len), &head), OK);
    free(note);
    for (size_t i = 0; i < T_COUNT(origins); i++) {
        struct writer w = writer_of(room, sizeof room);
        print_message("%s\n", origins[i]);
        strcpy(head.origin, origins[i]);
        assert_int_equal(note_sign(&head, keyring_find(b->world->signer, KEY_USE_LOG), &w), OK);
        book_add_file("b", "checkpoint.txt", writer_span(&w));
        both_refuse(b, "E807 checkpoint.txt");
    }
#undef LOGS
}

#define EACH(fn) cmocka_unit_test_setup_teardown(fn, book_open, book_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        EACH(entries_of_another_realm_hub_place_or_time_are_refused_by_both),
        EACH(lengths_and_counts_beyond_a_file_are_refused_by_both),
        EACH(a_frame_with_lengths_and_counts_beyond_it_is_refused_by_both),
        EACH(a_bundle_json_of_another_form_is_refused_by_both),
        EACH(entries_later_than_the_export_are_refused_by_both),
        EACH(a_checkpoint_of_another_form_is_refused_by_both),
        EACH(a_checkpoint_of_another_log_is_refused_by_both),
    };
    return cmocka_run_group_tests_name("evidence_forged", tests, NULL, NULL);
}
