/* What one verifier of a bundle refuses, the other refuses, though every signature verifies:
 * entries of the log that two readers read differently, records that are none of their registrar's;
 * and both say the same of when something was taken. */
#include "scenario/both.h"
#include "scenario/relog.h"
#include "scenario/reregister.h"

#include "base/clock.h"
#include "cli/evidence.h"
#include "fault/memory.h"
#include "fault/refusal.h"
#include "keys/amend.h"
#include "keys/evidence.h"
#include "keys/registrar.h"
#include "wire.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#define SENDER "market.445100"

/* ---- one encoding ---- */

struct edit {
    const char *what;
    size_t cut;    /* bytes from the end of the body */
    size_t insert; /* before them */
    uint8_t bytes[40];
};

/* The body of a state ends with the member that owes it, or what an order's has. */
static void an_entry_that_has_two_encodings_is_refused_by_both(void **state)
{
    static const struct edit edits[] = {
        {"a field that the message has not", 0, 3, {0x78, 0x01}},
        {"a field twice", 0, 3, {0x3a, 0x01, 'x'}},
        {"an empty text", 0, 2, {0x3a, 0x00}},
        {"out of order", 0, 2, {0x10, 0x01}},
        {"a default", 0, 2, {0x10, 0x00}},
        {"another form of field", 0, 5, {0x3d, 0, 0, 0, 0}},
        {"truncated", 1, 0, {0}},
    };
    struct book *b = *state;
    struct relog_entry *entry = calloc(1, sizeof *entry);
    assert_non_null(entry);
    both_export(b);
    for (size_t i = 0; i < T_COUNT(edits); i++) {
        print_message("%s\n", edits[i].what);
        book_copy("whole", "b");
        relog_find(LOG_OBLIGATION_STATE, 0, entry);
        entry->len -= edits[i].cut;
        memcpy(entry->body + entry->len, edits[i].bytes, edits[i].insert);
        entry->len += edits[i].insert;
        relog_put(entry);
        relog_sign(b);
        both_refuse(b, "E814 log/");
    }
    free(entry);
}

/* Integers and texts that one reader would take and another not. */
static void an_entry_beyond_its_bounds_is_refused_by_both(void **state)
{
    static const uint8_t heads[][16] = {
        {0x10, 0xff, 0xff, 0xff, 0xff, 0x1f}, /* version: more than 32 bits */
        {0x10, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},
        {0x10, 0x81, 0x00},             /* longer than it need be */
        {0x22, 0x02, 0xc3, 0x28},       /* by: no UTF-8 */
        {0x22, 0x03, 0xe2, 0x80, 0xae}, /* a character that hides others */
        {0x22, 0x01, 0x00},
        {0x32, 0x05, 'M', '0', '0', '0', '1'}, /* a measure of five letters */
    };
    static const size_t lens[] = {6, 11, 3, 4, 5, 3, 7};
    struct book *b = *state;
    struct relog_entry *entry = calloc(1, sizeof *entry);
    assert_non_null(entry);
    both_export(b);
    for (size_t i = 0; i < T_COUNT(heads); i++) {
        print_message("row %zu\n", i);
        book_copy("whole", "b");
        relog_find(LOG_OBLIGATION_STATE, 0, entry);
        entry->len = 2 + FRAME_ID_LEN; /* its id, and then this */
        memcpy(entry->body + entry->len, heads[i], lens[i]);
        entry->len += lens[i];
        relog_put(entry);
        relog_sign(b);
        both_refuse(b, "E814 log/");
    }
    free(entry);
}

/* ---- when the hub took it ---- */

static void say_exported(uint64_t ms)
{
    char text[2048];
    size_t len;
    char *about = book_read("b/bundle.json", &len);
    const char *field = memmem(about, len, "\"exported_ms\":", 14);
    assert_non_null(field);
    const size_t head = (size_t)(field + 14 - about);
    const size_t tail = head + strcspn(about + head, ",}");
    const int n = snprintf(text, sizeof text, "%.*s%llu%.*s", (int)head, about,
                           (unsigned long long)ms, (int)(len - tail), about + tail);
    book_add_file("b", "bundle.json", span_of(text, (size_t)n));
    free(about);
}

/* The sender's key counts as revoked from then on, for whoever is said to have it. */
static void add_revocation(struct book *b, const char *member, uint64_t since_ms)
{
    static uint8_t bytes[AMEND_DOCUMENT_MAX];
    struct world *w = b->world;
    struct writer lsd1 = writer_of(bytes, sizeof bytes);
    lianshu_Revocation body = {.number = 1,
                               .reason = lianshu_RevocationReason_REVOCATION_COMPROMISED,
                               .compromised_since_ms = since_ms};
    const struct office_paper paper = {.realm = "demo",
                                       .type = lianshu_DocumentType_TYPE_KEY_REVOCATION,
                                       .desc = &lianshu_Revocation_msg,
                                       .body = &body,
                                       .now_ms = since_ms,
                                       .entropy = &w->entropy};
    const struct key *registrar = keyring_find(w->root, KEY_USE_REGISTRAR);
    const struct office_signers by = {
        .member = "registrar.000000", .keys = &registrar, .key_count = 1};
    snprintf(body.member, sizeof body.member, "%s", member);
    memcpy(body.kid, key_kid(keyring_find(world_site(w, "market.445100")->keys, KEY_USE_SIGN)),
           KID_LEN);
    assert_int_equal(office_document(&paper, &by, &lsd1), OK);
    assert_true(mkdir("b/revocations", 0755) == 0 || errno == EEXIST);
    book_add_file("b", "revocations/registrar.000000-00000001.lsd", writer_span(&lsd1));
}

/* The first entry of that kind is of that time now. */
static void move_entry(struct book *b, unsigned kind, uint64_t ms)
{
    static struct relog_entry of;
    static lianshu_Statement v;
    static lianshu_Receipt q;
    const bool statement = kind == LOG_STATEMENT;
    const pb_msgdesc_t *desc = statement ? &lianshu_Statement_msg : &lianshu_Receipt_msg;
    void *msg = statement ? (void *)&v : (void *)&q;
    relog_find(kind, 0, &of);
    assert_int_equal(wire_decode(desc, span_of(of.body, of.len), msg), OK);
    of.time_ms = v.accepted_ms = q.time_ms = ms;
    struct writer w = writer_of(of.body, sizeof of.body);
    assert_int_equal(wire_encode(desc, msg, &w), OK);
    of.len = w.len;
    relog_put(&of);
    relog_sign(b);
}

/* Do both say of the sender's signature that it proves nothing? */
static bool both_doubt(struct book *b)
{
    static const char why[] = "before the hub took it";
    both_take(b);
    char *said = read_text("script.out");
    const bool doubts = strstr(said, why) != NULL;
    free(said);
    assert_int_equal(doubts, strstr(b->terminal->out, why) != NULL);
    return doubts;
}

/* The first entry that speaks of an envelope says when the hub had it; a later one, which a hub
 * would write to make the signature doubtful, or because it took it late, changes nothing. */
static void the_first_entry_of_an_envelope_says_when_it_was_taken(void **state)
{
    struct book *b = *state;
    book_export_referral(b, "b");
    const uint64_t taken_ms = b->world->now_ms;
    say_exported(taken_ms + HOUR_MS);
    add_revocation(b, SENDER, taken_ms + 10 * (uint64_t)MINUTE_MS);
    assert_false(both_doubt(b));
    move_entry(b, LOG_STATEMENT, taken_ms + 20 * (uint64_t)MINUTE_MS);
    assert_false(both_doubt(b));
    move_entry(b, LOG_RECEIPT, taken_ms + 20 * (uint64_t)MINUTE_MS);
    assert_true(both_doubt(b));
}

/* Of another member it revokes none of this one's. */
static void a_key_is_revoked_of_the_member_that_is_named(void **state)
{
    struct book *b = *state;
    book_export_referral(b, "b");
    const uint64_t since_ms = b->world->now_ms;
    say_exported(since_ms + HOUR_MS);
    add_revocation(b, "health.445100", since_ms);
    assert_false(both_doubt(b));
    add_revocation(b, SENDER, since_ms);
    assert_true(both_doubt(b));
}

/* ---- whom a registrar registers ---- */

/* */
static void records_beyond_their_registrars_region_or_types_are_refused_by_both(void **state)
{
    struct book *b = *state;
    uint8_t few[GRANT_TYPES_LEN] = {0};
    grant_add(few, lianshu_DocumentType_TYPE_SANCTION_ORDER);
    book_export_referral(b, "b");
    reregister(b, &(struct reregister){.types = NULL});
    both_take(b);
    reregister(b, &(struct reregister){.types = few});
    both_refuse(b, "E409 registry/");
    reregister(b, &(struct reregister){.member = "registrar.350000"});
    both_refuse(b, "E409 registry/");
}

/* ---- without memory, and where something below fails ---- */

static struct {
    struct evidence_pack pack;
    const struct anchor *anchor;
} found;

static enum err verified(void)
{
    struct evidence_reader *reader = NULL;
    struct evidence *evidence = NULL;
    struct fault fault = {.err = OK};
    enum err err = evidence_reader_open(&reader, found.anchor);
    if (err == OK)
        err = evidence_verify(reader, found.pack.bundle, &evidence, &fault);
    evidence_close(&evidence);
    evidence_reader_close(&reader);
    return err;
}

static void without_what_it_needs_no_rule_set_is_called_another(void **state)
{
    struct book *b = *state;
    both_order(b);
    book_archive_rules(b, "archive");
    must(b->terminal, "evidence export " ORDER_ID
                      " --anchor anchor.yaml --control control --out b --rules archive");
    assert_true(there_is("b/rules"));
    found.anchor = &b->world->anchor;
    assert_int_equal(evidence_pack_read(&found.pack, "b", NULL), OK);
    memory_hold("evidence with rules", verified);
    refusal_hold("evidence with rules", verified);
    evidence_pack_close(&found.pack);
}

/* With a frame, a part that is opened, and a revocation that doubts its signature. */
static void without_what_it_needs_no_part_or_frame_is_called_forged(void **state)
{
    struct book *b = *state;
    struct evidence_pack shown;
    book_export_referral(b, "b");
    book_disclose(b, "shown", "procuratorate.445100", 1);
    assert_int_equal(evidence_pack_read(&shown, "shown", NULL), OK);
    const struct bundle_file *key = bundle_at(shown.bundle, 0); /* disclosed/ sorts first */
    assert_int_equal(mkdir("b/disclosed", 0755), 0);
    book_add_file("b", key->name, key->bytes);
    evidence_pack_close(&shown);
    add_revocation(b, SENDER, b->world->now_ms);
    assert_true(both_doubt(b));
    found.anchor = &b->world->anchor;
    assert_int_equal(evidence_pack_read(&found.pack, "b", NULL), OK);
    memory_hold("evidence with a part", verified);
    refusal_hold("evidence with a part", verified);
    evidence_pack_close(&found.pack);
}

/* With an earlier checkpoint, whose witnesses are counted. */
static void without_what_it_needs_no_earlier_checkpoint_is_called_forged(void **state)
{
    struct book *b = *state;
    both_export_seen(b);
    found.anchor = &b->world->anchor;
    assert_int_equal(evidence_pack_read(&found.pack, "b", NULL), OK);
    memory_hold("evidence with a checkpoint", verified);
    refusal_hold("evidence with a checkpoint", verified);
    evidence_pack_close(&found.pack);
}

#define EACH(fn) cmocka_unit_test_setup_teardown(fn, book_open, book_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        EACH(an_entry_that_has_two_encodings_is_refused_by_both),
        EACH(an_entry_beyond_its_bounds_is_refused_by_both),
        EACH(the_first_entry_of_an_envelope_says_when_it_was_taken),
        EACH(a_key_is_revoked_of_the_member_that_is_named),
        EACH(records_beyond_their_registrars_region_or_types_are_refused_by_both),
        EACH(without_what_it_needs_no_rule_set_is_called_another),
        EACH(without_what_it_needs_no_part_or_frame_is_called_forged),
        EACH(without_what_it_needs_no_earlier_checkpoint_is_called_forged),
    };
    return cmocka_run_group_tests_name("evidence_said", tests, NULL, NULL);
}
