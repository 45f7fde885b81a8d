/* Frames, documents and keys of parts that do not belong where they stand: both verifiers refuse
 * each, and take what is named by something that is proven. */
#include "scenario/both.h"
#include "scenario/relog.h"

#include "base/hex.h"
#include "cli/evidence.h"
#include "frame.h"
#include "keys/evidence.h"
#include "wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

enum { PARTS = 2, ID_LEN = 2 * HASH_LEN };

#define READER "procuratorate.445100"

/* The one envelope of the bundle, and the keys of its parts. */
static struct {
    char id[ID_LEN + 1];
    uint8_t dek[PARTS][SEAL_DEK_LEN];
    size_t len;
    uint8_t frame[FRAME_MAX];
} e;

static void read_key(const char *dir, unsigned part)
{
    struct evidence_pack pack;
    assert_int_equal(evidence_pack_read(&pack, dir, NULL), OK);
    const struct bundle_file *key = bundle_at(pack.bundle, 0); /* disclosed/ sorts first */
    const struct bundle_file *frame = bundle_at(pack.bundle, 1);
    assert_int_equal(key->bytes.len, SEAL_DEK_LEN);
    memcpy(e.dek[part], key->bytes.data, SEAL_DEK_LEN);
    snprintf(e.id, sizeof e.id, "%.*s", ID_LEN, strchr(frame->name, '/') + 1);
    e.len = frame->bytes.len;
    memcpy(e.frame, frame->bytes.data, e.len);
    evidence_pack_close(&pack);
}

static void export_envelope(struct book *b)
{
    book_export_referral(b, "b");
    book_disclose(b, "first", READER, 0);
    book_disclose(b, "second", READER, 1);
    read_key("first", 0);
    read_key("second", 1);
    assert_int_equal(mkdir("b/disclosed", 0755), 0);
    assert_int_equal(mkdir("b/documents", 0755), 0);
    book_copy("b", "whole");
}

static void put_key(const char *id, const char *part, struct span dek)
{
    char name[BUNDLE_NAME_MAX + 1];
    snprintf(name, sizeof name, "disclosed/%s%s.dek", id, part);
    book_add_file("b", name, dek);
}

static struct span key_of(unsigned part)
{
    return span_of(e.dek[part], SEAL_DEK_LEN);
}

static void put_named(const char *folder, const char *id, const char *ending, struct span bytes)
{
    char name[BUNDLE_NAME_MAX + 1];
    snprintf(name, sizeof name, "%s/%s%s", folder, id, ending);
    book_add_file("b", name, bytes);
}

/* ---- keys ---- */

static void a_key_of_no_part_that_is_here_is_refused_by_both(void **state)
{
    static const char nobody[] = "0000000000000000000000000000000000000000000000000000000000000000";
    static const struct {
        const char *id; /* NULL: the envelope's */
        const char *part;
        size_t len;
        const char *label;
    } rows[] = {
        {nobody, "-0", SEAL_DEK_LEN, "E814 disclosed/"},
        {NULL, "-2", SEAL_DEK_LEN, "E814 disclosed/"},
        {NULL, "-a", SEAL_DEK_LEN, "E814 disclosed/"},
        {NULL, "--", SEAL_DEK_LEN, "E814 disclosed/"},
        {NULL, "00", SEAL_DEK_LEN, "E814 disclosed/"},
        {NULL, "-0", SEAL_DEK_LEN - 1, "E814 disclosed/"},
        {NULL, "-1", SEAL_DEK_LEN, "E308 disclosed/"},
    };
    struct book *b = *state;
    export_envelope(b);
    put_key(e.id, "-0", key_of(0));
    put_key(e.id, "-1", key_of(1));
    both_take(b);
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        print_message("row %zu\n", i);
        book_copy("whole", "b");
        put_key(rows[i].id != NULL ? rows[i].id : e.id, rows[i].part,
                span_of(e.dek[0], rows[i].len));
        both_refuse(b, rows[i].label);
    }
}

static void a_key_of_a_part_that_is_here_by_its_hash_is_refused_by_both(void **state)
{
    static uint8_t room[FRAME_MAX];
    struct book *b = *state;
    struct frame_envelope frame;
    uint8_t hash[2][HASH_LEN];
    export_envelope(b);
    assert_int_equal(frame_parse_envelope(span_of(e.frame, e.len), &frame), OK);
    struct frame_part *part = &frame.parts[0];
    hash_bytes(hash[0], part->wraps);
    hash_bytes(hash[1], part->cipher);
    *part = (struct frame_part){.form = 0, .wraps_hash = hash[0], .cipher_hash = hash[1]};
    struct writer w = writer_of(room, sizeof room);
    frame_write_envelope(&w, &frame);
    put_named("envelopes", e.id, ".lse", writer_span(&w));
    put_key(e.id, "-1", key_of(1));
    both_take(b);
    put_key(e.id, "-0", key_of(0));
    both_refuse(b, "E814 disclosed/");
}

/* ---- documents ---- */

/* The documents that the keys open. */
static void open_parts(struct book *b, char hex[PARTS][ID_LEN + 1], uint8_t *lsd1[PARTS],
                       size_t len[PARTS])
{
    struct evidence_reader *reader = NULL;
    struct evidence *evidence = NULL;
    struct evidence_pack pack;
    put_key(e.id, "-0", key_of(0));
    put_key(e.id, "-1", key_of(1));
    assert_int_equal(evidence_reader_open(&reader, &b->world->anchor), OK);
    assert_int_equal(evidence_pack_read(&pack, "b", NULL), OK);
    assert_int_equal(evidence_verify(reader, pack.bundle, &evidence, NULL), OK);
    assert_int_equal(evidence->document_count, PARTS);
    for (unsigned i = 0; i < PARTS; i++) {
        const struct evidence_document *d = &evidence->documents[i];
        hex_encode(span_of(d->hash, HASH_LEN), hex[i]);
        len[i] = d->lsd1.len;
        lsd1[i] = malloc(len[i]);
        assert_non_null(lsd1[i]);
        memcpy(lsd1[i], d->lsd1.data, len[i]);
    }
    evidence_pack_close(&pack);
    evidence_close(&evidence);
    evidence_reader_close(&reader);
    book_copy("whole", "b");
}

/* The frame of something that is no document, and its name. */
static struct span no_document(char hex[ID_LEN + 1])
{
    static const uint8_t none[200] = {1, 1};
    static uint8_t room[512];
    uint8_t hash[HASH_LEN];
    const struct frame_document frame = {
        .document = span_of(none, 40), .count = 1, .signatures = {span_of(none, 98)}};
    struct writer w = writer_of(room, sizeof room);
    frame_write_document(&w, &frame);
    hash_bytes(hash, frame.document);
    hex_encode(span_of(hash, sizeof hash), hex);
    return writer_span(&w);
}

/* The sealed document names the facts that were said with it, and not the other way round. */
static void a_document_is_taken_when_an_opened_part_names_it(void **state)
{
    struct book *b = *state;
    char hex[PARTS][ID_LEN + 1];
    uint8_t *lsd1[PARTS];
    size_t len[PARTS];
    export_envelope(b);
    open_parts(b, hex, lsd1, len);
    for (unsigned i = 0; i < PARTS; i++) {
        book_copy("whole", "b");
        put_named("documents", hex[i], ".lsd", span_of(lsd1[i], len[i]));
        both_refuse(b, "E814 documents/");
        put_key(e.id, i == 0 ? "-0" : "-1", key_of(i));
        both_take(b);
    }
    put_named("documents", hex[0], ".lsd", span_of(lsd1[0], len[0]));
    both_take(b);    /* by the second part, which has the first as its facts */
    lsd1[0][8] ^= 1; /* and no other document */
    struct frame_document frame;
    assert_int_equal(frame_parse_document(span_of(lsd1[0], len[0]), &frame), OK);
    uint8_t hash[HASH_LEN];
    hash_bytes(hash, frame.document);
    char other[ID_LEN + 1];
    hex_encode(span_of(hash, sizeof hash), other);
    put_named("documents", other, ".lsd", span_of(lsd1[0], len[0]));
    both_refuse(b, "E814 documents/");
    lsd1[0][8] ^= 1;
    book_copy("whole", "b");
    put_key(e.id, "-0", key_of(0));
    put_named("documents", hex[1], ".lsd", span_of(lsd1[1], len[1]));
    both_refuse(b, "E814 documents/");
    put_key(e.id, "-1", key_of(1));
    put_named("documents", hex[0], ".lsd", span_of(lsd1[0], len[0]));
    both_take(b);
    /* Its hash is over what was signed, and not over the signature. */
    lsd1[0][len[0] - 1] ^= 1;
    put_named("documents", hex[0], ".lsd", span_of(lsd1[0], len[0]));
    both_refuse(b, "E303 documents/");
    lsd1[0][len[0] - 1] ^= 1;
    put_named("documents", hex[1], ".lsd", span_of(lsd1[0], len[0]));
    both_refuse(b, "E814 documents/");
    put_named("documents", hex[1], ".lsd", span_str("none"));
    both_refuse(b, "E2");
    for (unsigned i = 0; i < PARTS; i++)
        free(lsd1[i]);
}

/* A hub that has its log key lets a state name what is no document. */
static void what_a_state_names_and_is_no_document_is_refused_by_both(void **state)
{
    static struct relog_entry entry;
    static lianshu_StateChange change;
    struct book *b = *state;
    char hex[ID_LEN + 1];
    const struct span none = no_document(hex);
    both_export(b);
    relog_find(LOG_OBLIGATION_STATE, 0, &entry);
    assert_int_equal(wire_decode(&lianshu_StateChange_msg, span_of(entry.body, entry.len), &change),
                     OK);
    change.document.size = HASH_LEN;
    assert_true(hex_decode(hex, change.document.bytes, HASH_LEN));
    struct writer body = writer_of(entry.body, sizeof entry.body);
    assert_int_equal(wire_encode(&lianshu_StateChange_msg, &change, &body), OK);
    entry.len = body.len;
    relog_put(&entry);
    relog_sign(b);
    both_take(b);
    put_named("documents", hex, ".lsd", none);
    both_refuse(b, "E2");
}

/* ---- rule sets ---- */

/* A set of one file, under the digits of its hash. */
static void put_rules(const char *text, char name[static BUNDLE_NAME_MAX + 1])
{
    static const char file[] = "extra.yaml";
    uint8_t lens[2][4];
    uint8_t hash[HASH_LEN];
    char hex[ID_LEN + 1];
    struct writer of_name = writer_of(lens[0], sizeof lens[0]);
    struct writer of_text = writer_of(lens[1], sizeof lens[1]);
    write_uint(&of_name, strlen(file), 2);
    write_uint(&of_text, strlen(text), 4);
    const struct span all[] = {writer_span(&of_name), span_str(file), writer_span(&of_text),
                               span_str(text)};
    hash_spans(hash, all, T_COUNT(all));
    hex_encode(span_of(hash, sizeof hash), hex);
    snprintf(name, BUNDLE_NAME_MAX + 1, "b/rules/%.16s", hex);
    assert_int_equal(mkdir(name, 0755), 0);
    snprintf(name, BUNDLE_NAME_MAX + 1, "rules/%.16s/%s", hex, file);
    book_add_file("b", name, span_str(text));
}

/* The first file whose name begins so. */
static void first_of(const char *begins, char name[static BUNDLE_NAME_MAX + 1])
{
    struct evidence_pack pack;
    const struct bundle_file *file;
    size_t i = 0;
    assert_int_equal(evidence_pack_read(&pack, "b", NULL), OK);
    while ((file = bundle_at(pack.bundle, i)) != NULL &&
           strncmp(file->name, begins, strlen(begins)) != 0)
        i++;
    assert_non_null(file);
    snprintf(name, BUNDLE_NAME_MAX + 1, "%s", file->name);
    evidence_pack_close(&pack);
}

static void a_rule_set_that_no_record_names_is_refused_by_both(void **state)
{
    static const char *const texts[] = {"one", "two"}; /* whose hashes begin otherwise */
    struct book *b = *state;
    char name[BUNDLE_NAME_MAX + 1];
    char path[2 * BUNDLE_NAME_MAX];
    both_order(b);
    book_archive_rules(b, "archive");
    must(b->terminal, "evidence export " ORDER_ID
                      " --anchor anchor.yaml --control control --out b --rules archive");
    both_take(b);
    for (size_t i = 0; i < T_COUNT(texts); i++) {
        put_rules(texts[i], name);
        both_refuse(b, "E814 rules/");
        snprintf(path, sizeof path, "b/%s", name);
        assert_int_equal(remove(path), 0);
        book_fit("b");
        both_take(b);
    }
    first_of("rules/", name);
    book_add_file("b", name, span_str("other rules"));
    both_refuse(b, "E814 rules/");
}

/* The record that named the set was erased. */
static void a_rule_set_whose_record_is_not_here_is_refused_by_both(void **state)
{
    struct book *b = *state;
    char name[BUNDLE_NAME_MAX + 1];
    char path[2 * BUNDLE_NAME_MAX];
    both_order(b);
    book_archive_rules(b, "archive");
    must(b->terminal, "evidence export " ORDER_ID
                      " --anchor anchor.yaml --control control --out b --rules archive");
    for (unsigned i = 0; i < 2; i++) { /* .bin and .json of the one decision */
        first_of("decisions/", name);
        snprintf(path, sizeof path, "b/%s", name);
        assert_int_equal(remove(path), 0);
    }
    book_fit("b");
    both_refuse(b, "E814 rules/");
}

/* ---- frames ---- */

static void an_envelope_of_another_realm_is_refused_by_both(void **state)
{
    struct book *b = *state;
    export_envelope(b);
    uint8_t *realm = memmem(e.frame, e.len, "demo", 4);
    assert_non_null(realm);
    memcpy(realm, "memo", 4);
    put_named("envelopes", e.id, ".lse", span_of(e.frame, e.len));
    both_refuse(b, "E313 envelopes/");
    memcpy(realm, "DEMO", 4); /* no name of a realm */
    put_named("envelopes", e.id, ".lse", span_of(e.frame, e.len));
    both_refuse(b, "E213 envelopes/");
}

static void an_envelope_whose_frame_does_not_fit_its_header_is_refused_by_both(void **state)
{
    static uint8_t room[FRAME_MAX];
    struct book *b = *state;
    struct frame_envelope frame;
    export_envelope(b);
    for (unsigned i = 0; i < PARTS; i++) {
        assert_int_equal(frame_parse_envelope(span_of(e.frame, e.len), &frame), OK);
        frame.parts[i].wraps.len -= FRAME_WRAP_LEN;
        struct writer w = writer_of(room, sizeof room);
        frame_write_envelope(&w, &frame);
        put_named("envelopes", e.id, ".lse", writer_span(&w));
        both_refuse(b, "E217 envelopes/");
    }
    assert_int_equal(frame_parse_envelope(span_of(e.frame, e.len), &frame), OK);
    frame.header.len--;
    struct writer w = writer_of(room, sizeof room);
    frame_write_envelope(&w, &frame);
    put_named("envelopes", e.id, ".lse", writer_span(&w));
    both_refuse(b, "E210 envelopes/");
}

/* The entries of that kind are not here. */
static void leave_out(unsigned kind)
{
    struct evidence_pack pack;
    const struct bundle_file *file;
    assert_int_equal(evidence_pack_read(&pack, "b", NULL), OK);
    for (size_t i = 0; (file = bundle_at(pack.bundle, i)) != NULL; i++) {
        char path[2 * BUNDLE_NAME_MAX];
        unsigned is;
        uint64_t time_ms;
        struct span body;
        if (strstr(file->name, ".leaf") == NULL)
            continue;
        assert_int_equal(log_leaf_read(file->bytes, &is, &time_ms, &body), OK);
        if (is != kind)
            continue;
        snprintf(path, sizeof path, "b/%s", file->name);
        assert_int_equal(remove(path), 0);
        strcpy(strrchr(path, '.'), ".path");
        assert_int_equal(remove(path), 0);
    }
    evidence_pack_close(&pack);
    book_fit("b");
}

/* The nth statement is about another envelope, or about none. */
static void say_another(unsigned nth, size_t size)
{
    static struct relog_entry of;
    static lianshu_Statement v;
    relog_find(LOG_STATEMENT, nth, &of);
    assert_int_equal(wire_decode(&lianshu_Statement_msg, span_of(of.body, of.len), &v), OK);
    v.env_id.size = (pb_size_t)size;
    v.env_id.bytes[0] ^= 1;
    struct writer w = writer_of(of.body, sizeof of.body);
    assert_int_equal(wire_encode(&lianshu_Statement_msg, &v, &w), OK);
    of.len = w.len;
    relog_put(&of);
}

static unsigned count_statements(void)
{
    struct evidence_pack pack;
    const struct bundle_file *file;
    unsigned count = 0;
    assert_int_equal(evidence_pack_read(&pack, "b", NULL), OK);
    for (size_t i = 0; (file = bundle_at(pack.bundle, i)) != NULL; i++)
        count += strstr(file->name, ".leaf") != NULL && file->bytes.data[17] == LOG_STATEMENT;
    evidence_pack_close(&pack);
    return count;
}

/* A case's bundle may lack the receipt; some entry has to say when the hub had the envelope. */
static void an_envelope_that_no_entry_speaks_of_is_refused_by_both(void **state)
{
    static const char about[] = "{\"exported_ms\":%llu,\"format\":1,\"hub\":\"hub.445100\",\"id\":"
                                "\"" CASE_ID "\",\"kind\":\"case\",\"realm\":\"demo\"}";
    struct book *b = *state;
    char text[512];
    export_envelope(b);
    const int n =
        snprintf(text, sizeof text, about, (unsigned long long)(b->world->now_ms + 60 * 1000));
    book_add_file("b", "bundle.json", span_of(text, (size_t)n));
    leave_out(LOG_RECEIPT);
    relog_sign(b);
    both_take(b);
    const unsigned statements = count_statements();
    assert_true(statements > 0);
    book_copy("b", "case");
    leave_out(LOG_STATEMENT);
    both_refuse(b, "E814 envelopes/");
    for (size_t size = 0; size <= HASH_LEN; size += HASH_LEN) {
        book_copy("case", "b");
        for (unsigned i = 0; i < statements; i++)
            say_another(i, size);
        relog_sign(b);
        both_refuse(b, "E814 envelopes/");
    }
}

#define EACH(fn) cmocka_unit_test_setup_teardown(fn, book_open, book_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        EACH(a_key_of_no_part_that_is_here_is_refused_by_both),
        EACH(a_key_of_a_part_that_is_here_by_its_hash_is_refused_by_both),
        EACH(a_document_is_taken_when_an_opened_part_names_it),
        EACH(what_a_state_names_and_is_no_document_is_refused_by_both),
        EACH(a_rule_set_that_no_record_names_is_refused_by_both),
        EACH(a_rule_set_whose_record_is_not_here_is_refused_by_both),
        EACH(an_envelope_of_another_realm_is_refused_by_both),
        EACH(an_envelope_whose_frame_does_not_fit_its_header_is_refused_by_both),
        EACH(an_envelope_that_no_entry_speaks_of_is_refused_by_both),
    };
    return cmocka_run_group_tests_name("evidence_parts", tests, NULL, NULL);
}
