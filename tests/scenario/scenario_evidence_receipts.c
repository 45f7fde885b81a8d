/* Receipts that a leaf commits to, by members and by other hubs, as a hub would have them that has
 * its log key and puts in what it likes: both verifiers refuse what nobody could have said. */
#include "scenario/both.h"
#include "scenario/relog.h"

#include "base/clock.h"
#include "frame.h"
#include "keys/batch.h"
#include "wire.h"

#include <stdio.h>
#include <stdlib.h>

enum { LEAD_MS = 300 * 1000, ROOM = 8 << 10 };

#define HUB "hub.445100"

/* A receipt on its way into the bundle. */
static struct {
    struct relog_entry leaf;
    char name[BUNDLE_NAME_MAX + 1];
    lianshu_Receipt was, q;
    uint8_t said[FRAME_RECEIPT_MAX];
    uint8_t signature[FRAME_SIGNATURE_MAX];
    uint8_t note[NOTE_LEN_MAX];
    struct frame_receipt entry;
} r;

/* The bundle's first receipt of a member. */
static void export_receipt(struct book *b)
{
    struct frame_receipts all;
    char path[2 * BUNDLE_NAME_MAX];
    size_t len;
    book_export_referral(b, "b");
    book_copy("b", "whole");
    relog_find(LOG_MEMBER_RECEIPT, 0, &r.leaf);
    snprintf(r.name, sizeof r.name, "receipts/%012llu.lsr", (unsigned long long)r.leaf.index);
    snprintf(path, sizeof path, "b/%s", r.name);
    char *bytes = book_read(path, &len);
    assert_int_equal(frame_parse_receipts(span_of(bytes, len), &all), OK);
    assert_true(frame_receipts_next(&all, &r.entry));
    assert_int_equal(wire_decode(&lianshu_Receipt_msg, r.entry.receipt, &r.was), OK);
    free(bytes);
}

static struct span say(void)
{
    struct writer w = writer_of(r.said, sizeof r.said);
    assert_int_equal(wire_encode(&lianshu_Receipt_msg, &r.q, &w), OK);
    return writer_span(&w);
}

/* S by that key over what is said. */
static struct span sign(struct span q, const struct key *key)
{
    struct writer w = writer_of(r.signature, sizeof r.signature);
    struct batch *batch = NULL;
    merkle_hash leaf;
    size_t index;
    receipt_leaf(leaf, q);
    assert_int_equal(batch_open(&batch), OK);
    assert_int_equal(batch_add(batch, leaf, &index), OK);
    assert_int_equal(batch_sign(batch, key), OK);
    assert_int_equal(batch_write(batch, index, &w), OK);
    batch_close(&batch);
    return writer_span(&w);
}

/* As many of that entry, numbered from there, before that checkpoint. */
static void put_frame(const struct frame_receipt *entry, uint64_t first, unsigned count,
                      struct span checkpoint)
{
    static uint8_t room[ROOM];
    struct writer w = writer_of(room, sizeof room);
    frame_receipts_begin(&w, first, count);
    for (unsigned i = 0; i < count; i++)
        frame_receipts_add(&w, entry);
    frame_receipts_end(&w, checkpoint);
    assert_false(w.full);
    book_put_file("b", r.name, writer_span(&w));
}

/* The leaf is of that kind and commits to the entry. */
static void commit(struct book *b, unsigned kind, const struct frame_receipt *entry)
{
    const struct span both[] = {entry->receipt, entry->signature};
    struct relog_entry leaf = r.leaf;
    leaf.kind = kind;
    leaf.len = HASH_LEN;
    hash_spans(leaf.body, both, 2);
    book_copy("whole", "b");
    put_frame(entry, 0, 1, span_of(NULL, 0));
    relog_put(&leaf);
    relog_sign(b);
}

static void stays(lianshu_Receipt *q)
{
    (void)q;
}

static void other_realm(lianshu_Receipt *q)
{
    strcpy(q->realm, "other");
}

static void with_index(lianshu_Receipt *q)
{
    q->log_index = 1;
}

static void as_late_as_may_be(lianshu_Receipt *q)
{
    q->time_ms = r.leaf.time_ms + LEAD_MS;
}

static void later(lianshu_Receipt *q)
{
    q->time_ms = r.leaf.time_ms + LEAD_MS + 1;
}

static void before_its_key(lianshu_Receipt *q)
{
    q->time_ms = 1;
}

static void by_nobody_here(lianshu_Receipt *q)
{
    strcpy(q->by, "finance.445100");
}

/* ---- members ---- */

static void what_a_member_did_not_or_cannot_say_is_refused_by_both(void **state)
{
    static const struct {
        void (*change)(lianshu_Receipt *);
        const char *signer; /* NULL: who it is by */
        const char *label;  /* NULL: taken */
    } rows[] = {
        {stays, NULL, NULL},
        {as_late_as_may_be, NULL, NULL},
        {other_realm, NULL, "E313 receipts/"},
        {with_index, NULL, "E521 receipts/"},
        {later, NULL, "E521 receipts/"},
        {before_its_key, NULL, "E406 receipts/"},
        {by_nobody_here, NULL, "E019 receipts/"},
        {stays, "health.445100", "E304 receipts/"},
    };
    struct book *b = *state;
    export_receipt(b);
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        const char *signer = rows[i].signer != NULL ? rows[i].signer : r.was.by;
        print_message("row %zu\n", i);
        r.q = r.was;
        rows[i].change(&r.q);
        const struct span q = say();
        const struct key *key = keyring_find(world_site(b->world, signer)->keys, KEY_USE_SIGN);
        commit(b, LOG_MEMBER_RECEIPT,
               &(struct frame_receipt){
                   .form = FRAME_RECEIPT_MEMBER, .receipt = q, .signature = sign(q, key)});
        if (rows[i].label == NULL)
            both_take(b);
        else
            both_refuse(b, rows[i].label);
    }
}

static void a_receipt_or_signature_that_is_none_is_refused_by_both(void **state)
{
    struct book *b = *state;
    export_receipt(b);
    r.q = r.was;
    const struct span q = say();
    const struct key *key = keyring_find(world_site(b->world, r.was.by)->keys, KEY_USE_SIGN);
    const struct span s = sign(q, key);
    r.signature[s.len - 1] ^= 1;
    struct frame_receipt entry = {.form = FRAME_RECEIPT_MEMBER, .receipt = q, .signature = s};
    commit(b, LOG_MEMBER_RECEIPT, &entry);
    both_refuse(b, "E303 receipts/");
    entry.signature = span_of(s.data, s.len - 1);
    commit(b, LOG_MEMBER_RECEIPT, &entry);
    both_refuse(b, "E");
    r.signature[s.len - 1] ^= 1;
    entry = (struct frame_receipt){
        .form = FRAME_RECEIPT_MEMBER, .receipt = span_str("none"), .signature = s};
    commit(b, LOG_MEMBER_RECEIPT, &entry);
    both_refuse(b, "E2");
}

/* One receipt alone, of the form that the leaf's kind says. */
static void a_frame_of_more_than_the_one_receipt_is_refused_by_both(void **state)
{
    struct book *b = *state;
    export_receipt(b);
    r.q = r.was;
    const struct span q = say();
    const struct key *key = keyring_find(world_site(b->world, r.was.by)->keys, KEY_USE_SIGN);
    const struct frame_receipt signed_one = {
        .form = FRAME_RECEIPT_MEMBER, .receipt = q, .signature = sign(q, key)};
    const struct frame_receipt others = {.form = FRAME_RECEIPT_OTHER_HUB,
                                         .receipt = q,
                                         .path = span_of(NULL, 0),
                                         .checkpoint = span_str("note")};
    const struct {
        const struct frame_receipt *entry;
        uint64_t first;
        unsigned count;
        struct span checkpoint;
    } rows[] = {
        {&signed_one, 1, 1, span_of(NULL, 0)},
        {&signed_one, 0, 2, span_of(NULL, 0)},
        {&signed_one, 0, 1, span_str("note")},
        {&others, 0, 1, span_of(NULL, 0)},
    };
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        print_message("row %zu\n", i);
        commit(b, LOG_MEMBER_RECEIPT, &signed_one);
        both_take(b);
        put_frame(rows[i].entry, rows[i].first, rows[i].count, rows[i].checkpoint);
        book_fit("b");
        both_refuse(b, "E814 receipts/");
    }
}

/* An entry of a kind that says nothing of its own here commits to no file either. */
static void an_entry_of_another_kind_is_taken_and_commits_to_nothing(void **state)
{
    struct book *b = *state;
    char path[2 * BUNDLE_NAME_MAX];
    export_receipt(b);
    struct relog_entry leaf = r.leaf;
    leaf.kind = LOG_ADMIN;
    relog_put(&leaf);
    relog_sign(b);
    both_refuse(b, "E814 receipts/");
    snprintf(path, sizeof path, "b/%s", r.name);
    assert_int_equal(remove(path), 0);
    book_fit("b");
    both_take(b);
}

/* ---- other hubs ---- */

/* A note of a log of one entry, by the world's own hub: it is as good as another's. */
static struct span note_of(struct book *b, const char *origin, struct span q)
{
    struct checkpoint head = {.size = 1};
    struct writer w = writer_of(r.note, sizeof r.note);
    strcpy(head.origin, origin);
    assert_int_equal(log_leaf(head.root, LOG_RECEIPT, r.q.time_ms, q), OK);
    assert_int_equal(note_sign(&head, keyring_find(b->world->signer, KEY_USE_LOG), &w), OK);
    return writer_span(&w);
}

static void what_another_hubs_log_does_not_have_is_refused_by_both(void **state)
{
    static const struct {
        void (*change)(lianshu_Receipt *);
        const char *by, *origin;
        const char *label; /* NULL: taken */
    } rows[] = {
        {stays, HUB, HUB ".demo/audit/1", NULL},
        {before_its_key, HUB, HUB ".demo/audit/2", NULL}, /* it is good at the export */
        {other_realm, HUB, HUB ".demo/audit/1", "E313 receipts/"},
        {with_index, HUB, HUB ".demo/audit/1", "E808 receipts/"},
        {stays, HUB, "hub.440000.demo/audit/1", "E807 receipts/"},
        {stays, "hub.440000", "hub.440000.demo/audit/1", "E019 receipts/"},
        {stays, "market.445100", "market.445100.demo/audit/1", "E807 receipts/"},
    };
    struct book *b = *state;
    export_receipt(b);
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        print_message("row %zu\n", i);
        r.q = r.was;
        r.q.time_ms = r.leaf.time_ms;
        strcpy(r.q.by, rows[i].by);
        rows[i].change(&r.q);
        const struct span q = say();
        commit(b, LOG_OTHER_RECEIPT,
               &(struct frame_receipt){.form = FRAME_RECEIPT_OTHER_HUB,
                                       .receipt = q,
                                       .path = span_of(NULL, 0),
                                       .checkpoint = note_of(b, rows[i].origin, q)});
        if (rows[i].label == NULL)
            both_take(b);
        else
            both_refuse(b, rows[i].label);
    }
    commit(b, LOG_OTHER_RECEIPT,
           &(struct frame_receipt){.form = FRAME_RECEIPT_OTHER_HUB,
                                   .receipt = span_str("none"),
                                   .checkpoint = span_str("note")});
    both_refuse(b, "E2");
}

#define EACH(fn) cmocka_unit_test_setup_teardown(fn, book_open, book_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        EACH(what_a_member_did_not_or_cannot_say_is_refused_by_both),
        EACH(a_receipt_or_signature_that_is_none_is_refused_by_both),
        EACH(a_frame_of_more_than_the_one_receipt_is_refused_by_both),
        EACH(an_entry_of_another_kind_is_taken_and_commits_to_nothing),
        EACH(what_another_hubs_log_does_not_have_is_refused_by_both),
    };
    return cmocka_run_group_tests_name("evidence_receipts", tests, NULL, NULL);
}
