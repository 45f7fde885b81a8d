/* Records and versions of the registry that a bundle's signatures do not fit, though whoever has
 * the keys of root and registrar signed them: both verifiers refuse each, or say the same of it. */
#include "scenario/both.h"
#include "scenario/relog.h"
#include "scenario/reregister.h"

#include "base/clock.h"
#include "cli/evidence.h"
#include "keys/cosign.h"
#include "keys/evidence.h"
#include "wire.h"

#include <stdio.h>
#include <stdlib.h>

#define HUB    "hub.445100"
#define SENDER "market.445100"
#define FAR_MS (1000 * (uint64_t)DAY_MS)

/* ---- keys ---- */

/* What becomes of a member's keys of that use. */
struct rekeyed {
    const char *member;
    lianshu_KeyUse use, becomes;
    uint64_t from_ms, until_ms, revoked_ms;
};

static void rekey(lianshu_MemberRecord *record, void *ctx)
{
    const struct rekeyed *how = ctx;
    for (pb_size_t i = 0; strcmp(record->member, how->member) == 0 && i < record->keys_count; i++) {
        lianshu_MemberKey *key = &record->keys[i];
        if (key->use != how->use)
            continue;
        key->use = how->becomes;
        key->valid_from_ms = how->from_ms;
        key->valid_until_ms = how->until_ms;
        key->revoked_ms = how->revoked_ms;
    }
}

static void reregister_keys(struct book *b, struct rekeyed *how)
{
    book_copy("whole", "b");
    reregister(b, &(struct reregister){.change = rekey, .ctx = how});
}

static void export_whole(struct book *b)
{
    book_export_referral(b, "b");
    book_copy("b", "whole");
}

static void remove_record(const char *member)
{
    char path[TERMINAL_PATH_MAX];
    snprintf(path, sizeof path, "b/registry/%s.lsp", member);
    assert_int_equal(remove(path), 0);
    book_fit("b");
}

/* L-11 */
static void a_checkpoint_by_a_key_that_is_not_good_at_the_export_is_refused_by_both(void **state)
{
    struct book *b = *state;
    export_whole(b);
    const uint64_t now_ms = b->world->now_ms;
    struct rekeyed rows[] = {
        {.from_ms = now_ms + HOUR_MS, .until_ms = now_ms + FAR_MS},
        {.from_ms = 1, .until_ms = now_ms - HOUR_MS},
        {.from_ms = 1, .until_ms = now_ms + FAR_MS, .revoked_ms = 1},
        {.from_ms = 1, .until_ms = now_ms + FAR_MS, .revoked_ms = now_ms + FAR_MS},
        {.becomes = lianshu_KeyUse_KEY_SIGN, .from_ms = 1, .until_ms = now_ms + FAR_MS},
    };
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        print_message("row %zu\n", i);
        rows[i].member = HUB;
        rows[i].use = lianshu_KeyUse_KEY_LOG;
        if (rows[i].becomes == lianshu_KeyUse_KEY_NONE)
            rows[i].becomes = lianshu_KeyUse_KEY_LOG;
        reregister_keys(b, &rows[i]);
        both_refuse(b, "E807 checkpoint.txt");
    }
    book_copy("whole", "b");
    remove_record(HUB);
    both_refuse(b, "E019 checkpoint.txt");
}

/* When the hub took the one envelope. */
static uint64_t taken_ms(const struct book *b)
{
    struct evidence_reader *reader = NULL;
    struct evidence *e = NULL;
    struct evidence_pack pack;
    assert_int_equal(evidence_reader_open(&reader, &b->world->anchor), OK);
    assert_int_equal(evidence_pack_read(&pack, "whole", NULL), OK);
    assert_int_equal(evidence_verify(reader, pack.bundle, &e, NULL), OK);
    assert_int_equal(e->envelope_count, 1);
    const uint64_t at_ms = e->envelopes[0].accepted_ms;
    evidence_close(&e);
    evidence_pack_close(&pack);
    evidence_reader_close(&reader);
    return at_ms;
}

static void
an_envelope_by_a_key_that_was_not_good_when_it_was_taken_is_refused_by_both(void **state)
{
    struct book *b = *state;
    export_whole(b);
    const uint64_t now_ms = b->world->now_ms;
    const uint64_t at_ms = taken_ms(b);
    struct {
        const char *label; /* NULL: taken */
        struct rekeyed how;
    } rows[] = {
        {NULL, {.from_ms = at_ms, .until_ms = at_ms + 1}},
        {"E406 envelopes/", {.from_ms = at_ms + 1, .until_ms = now_ms + FAR_MS}},
        {"E405 envelopes/", {.from_ms = 1, .until_ms = at_ms}},
        {"E406 envelopes/", {.from_ms = now_ms + HOUR_MS, .until_ms = now_ms + FAR_MS}},
        {"E405 envelopes/", {.from_ms = 1, .until_ms = now_ms - HOUR_MS}},
        {"E408 envelopes/",
         {.becomes = lianshu_KeyUse_KEY_WITNESS, .from_ms = 1, .until_ms = now_ms + FAR_MS}},
        {"E304 envelopes/",
         {.becomes = lianshu_KeyUse_KEY_SEAL, .from_ms = 1, .until_ms = now_ms + FAR_MS}},
    };
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        print_message("row %zu\n", i);
        rows[i].how.member = SENDER;
        rows[i].how.use = lianshu_KeyUse_KEY_SIGN;
        if (rows[i].how.becomes == lianshu_KeyUse_KEY_NONE)
            rows[i].how.becomes = lianshu_KeyUse_KEY_SIGN;
        reregister_keys(b, &rows[i].how);
        if (rows[i].label == NULL)
            both_take(b);
        else
            both_refuse(b, rows[i].label);
    }
    book_copy("whole", "b");
    remove_record(SENDER);
    both_refuse(b, "E019 envelopes/");
}

/* Its own record says that the key was not the sender's any more. */
static void a_signature_by_a_key_that_the_version_revokes_is_doubted_by_both(void **state)
{
    static const char why[] = "before the hub took it";
    struct book *b = *state;
    export_whole(b);
    const uint64_t now_ms = b->world->now_ms;
    const uint64_t at_ms = taken_ms(b);
    const uint64_t revoked_ms[] = {now_ms - HOUR_MS, at_ms, at_ms + 1, now_ms + HOUR_MS};
    for (unsigned i = 0; i < T_COUNT(revoked_ms); i++) {
        const bool late = i >= 2;
        struct rekeyed how = {.member = SENDER,
                              .use = lianshu_KeyUse_KEY_SIGN,
                              .becomes = lianshu_KeyUse_KEY_SIGN,
                              .from_ms = 1,
                              .until_ms = now_ms + FAR_MS,
                              .revoked_ms = revoked_ms[i]};
        reregister_keys(b, &how);
        both_take(b);
        char *said = read_text("script.out");
        assert_int_equal(strstr(b->terminal->out, why) == NULL, late);
        assert_int_equal(strstr(said, why) == NULL, late);
        free(said);
    }
}

/* ---- witnesses ---- */

/* A key more for a member: to witness with. */
struct witnessing {
    const char *member;
    const struct key *key;
    uint64_t from_ms, until_ms, revoked_ms;
};

static void let_witness(lianshu_MemberRecord *record, void *ctx)
{
    const struct witnessing *how = ctx;
    if (strcmp(record->member, how->member) != 0)
        return;
    lianshu_MemberKey *key = &record->keys[record->keys_count++];
    *key = (lianshu_MemberKey){.use = lianshu_KeyUse_KEY_WITNESS,
                               .valid_from_ms = how->from_ms,
                               .valid_until_ms = how->until_ms,
                               .revoked_ms = how->revoked_ms};
    memcpy(key->public_key, key_public(how->key), KEY_PUBLIC_LEN);
}

/* One line by that key below the hub's. */
static void put_cosignature(struct book *b, const struct witnessing *how)
{
    char name[WITNESS_NAME_MAX + 1];
    uint8_t room[NOTE_LEN_MAX];
    size_t len;
    char *note = book_read("whole/checkpoint.txt", &len);
    struct writer w = writer_of(room, sizeof room);
    write_bytes(&w, note, len);
    assert_int_equal(cosign_name(name, how->member, "demo"), OK);
    assert_int_equal(cosign(span_of(note, len), name, how->key, b->world->now_ms / 1000, &w), OK);
    book_put_file("b", "checkpoint.txt", writer_span(&w));
    free(note);
}

/* L-08 */
static void a_witness_counts_while_its_key_is_good_and_never_the_hub_itself(void **state)
{
    struct book *b = *state;
    struct key *key = NULL;
    export_whole(b);
    const uint64_t now_ms = b->world->now_ms;
    assert_int_equal(key_make(&key, KEY_USE_WITNESS, now_ms, &b->world->entropy), OK);
    const struct {
        struct witnessing how;
        bool counts;
    } rows[] = {
        {{SENDER, key, 1, now_ms + FAR_MS, 0}, true},
        {{SENDER, key, 1, now_ms + FAR_MS, now_ms + HOUR_MS}, true},
        {{SENDER, key, 1, now_ms + HOUR_MS, now_ms + FAR_MS}, true},
        {{SENDER, key, 1, now_ms - HOUR_MS, 0}, false},
        {{SENDER, key, 1, now_ms + FAR_MS, now_ms - HOUR_MS}, false},
        {{SENDER, key, now_ms + HOUR_MS, now_ms + FAR_MS, 0}, false},
        {{HUB, key, 1, now_ms + FAR_MS, 0}, false},
    };
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        struct witnessing how = rows[i].how;
        print_message("row %zu\n", i);
        book_copy("whole", "b");
        put_cosignature(b, &how);
        reregister(b, &(struct reregister){.change = let_witness, .ctx = &how});
        both_take(b);
        char *said = read_text("script.out");
        assert_int_equal(strstr(b->terminal->out, "1 independent witnesses") != NULL,
                         rows[i].counts);
        assert_int_equal(strstr(said, "by 1 witnesses") != NULL, rows[i].counts);
        free(said);
    }
    key_close(&key);
}

enum { MORE_MEMBERS = 3 };

struct filling {
    struct book *book;
    unsigned more; /* members that stand in the bundle for their witness keys alone */
    size_t count;  /* of witness keys, of all members but the hub */
};

/* Keys of witnesses, as many as a record has room for. */
static void fill_with_witnesses(lianshu_MemberRecord *record, void *ctx)
{
    struct filling *f = ctx;
    const lianshu_MemberKey first = record->keys[0]; /* for its times */
    record->grants_count = 0;                        /* nobody asks for them here */
    if (strcmp(record->member, SENDER) == 0 && f->more < MORE_MEMBERS) {
        snprintf(record->member, sizeof record->member, "market.44010%u", f->more++);
        record->keys_count = 0;
    }
    while (record->keys_count < T_COUNT(record->keys) &&
           wire_size(&lianshu_MemberRecord_msg, record) + 80 < FRAME_RECORD_MAX) {
        struct key *key = NULL;
        lianshu_MemberKey *row = &record->keys[record->keys_count++];
        assert_int_equal(key_make(&key, KEY_USE_WITNESS, 0, &f->book->world->entropy), OK);
        *row = first;
        row->use = lianshu_KeyUse_KEY_WITNESS;
        memcpy(row->public_key, key_public(key), KEY_PUBLIC_LEN);
        f->count += strcmp(record->member, HUB) != 0;
        key_close(&key);
    }
}

static void more_witnesses_than_are_looked_for_change_nothing(void **state)
{
    struct book *b = *state;
    struct filling f = {.book = b};
    size_t len;
    both_export(b);
    char *own = book_read("b/registry/" SENDER ".lsp", &len);
    for (unsigned i = 0; i < MORE_MEMBERS; i++) {
        char name[BUNDLE_NAME_MAX + 1];
        snprintf(name, sizeof name, "registry/market.44010%u.lsp", i);
        book_add_file("b", name, span_of(own, len));
    }
    free(own);
    reregister(b, &(struct reregister){.change = fill_with_witnesses, .ctx = &f});
    print_message("%zu witnesses\n", f.count);
    assert_true(f.count > WITNESSES_MAX);
    both_take(b);
    assert_null(strstr(b->terminal->out, "independent witnesses"));
}

/* ---- versions ---- */

/* The first proof is that of another registration. */
static void keep_first(struct book *b, char name[static BUNDLE_NAME_MAX + 1], char **was,
                       size_t *len)
{
    char path[TERMINAL_PATH_MAX];
    (void)b;
    snprintf(name, BUNDLE_NAME_MAX + 1, "registry/%s.lsp", HUB);
    snprintf(path, sizeof path, "b/%s", name);
    *was = book_read(path, len);
}

static void records_of_two_versions_or_two_appointments_are_refused_by_both(void **state)
{
    struct book *b = *state;
    char name[BUNDLE_NAME_MAX + 1];
    export_whole(b);
    for (unsigned same = 0; same < 2; same++) {
        char *was;
        size_t len;
        reregister(b, &(struct reregister){.version = 9});
        keep_first(b, name, &was, &len);
        reregister(b, &(struct reregister){.version = 10, .same_office = same});
        both_take(b);
        book_add_file("b", name, span_of(was, len));
        both_refuse(b, "E814 registry/");
        free(was);
    }
}

static void a_bundle_without_records_or_with_too_many_is_refused_by_both(void **state)
{
    enum { MOST = 512 };
    struct evidence_pack pack;
    const struct bundle_file *file;
    struct book *b = *state;
    export_whole(b);
    for (unsigned i = 0; i <= MOST; i++) {
        char name[BUNDLE_NAME_MAX + 1];
        snprintf(name, sizeof name, "registry/m%u.lsp", i);
        book_put_file("b", name, span_str("a record more"));
    }
    book_fit("b");
    both_refuse(b, "E027 registry");
    book_copy("whole", "b");
    assert_int_equal(evidence_pack_read(&pack, "b", NULL), OK);
    for (size_t i = 0; (file = bundle_at(pack.bundle, i)) != NULL; i++) {
        char path[TERMINAL_PATH_MAX];
        snprintf(path, sizeof path, "b/%s", file->name);
        if (strncmp(file->name, "registry/", 9) == 0)
            assert_int_equal(remove(path), 0);
    }
    evidence_pack_close(&pack);
    book_fit("b");
    both_refuse(b, "E814 registry");
}

/* What a reader remembers of one bundle is used for the same bytes only, and gives way. */
static void a_reader_reads_many_bundles_one_after_the_other(void **state)
{
    enum { BUNDLES = 40 };
    struct book *b = *state;
    struct evidence_reader *reader = NULL;
    export_whole(b);
    assert_int_equal(evidence_reader_open(&reader, &b->world->anchor), OK);
    for (uint64_t i = 0; i < BUNDLES; i++) {
        struct evidence_pack pack;
        struct evidence *e = NULL;
        struct fault fault = {.err = OK};
        reregister(b, &(struct reregister){.version = 9 + i});
        assert_int_equal(evidence_pack_read(&pack, "b", NULL), OK);
        for (unsigned again = 0; again < 2; again++) {
            const enum err err = evidence_verify(reader, pack.bundle, &e, &fault);
            if (err != OK)
                fail_msg("E%03d %s %s", (int)err, fault.where, fault.detail);
            for (size_t m = 0; m < e->member_count; m++)
                assert_int_equal(e->members[m].registry_version, 9 + i);
            evidence_close(&e);
        }
        evidence_pack_close(&pack);
    }
    evidence_reader_close(&reader);
}

#define EACH(fn) cmocka_unit_test_setup_teardown(fn, book_open, book_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        EACH(a_checkpoint_by_a_key_that_is_not_good_at_the_export_is_refused_by_both),
        EACH(an_envelope_by_a_key_that_was_not_good_when_it_was_taken_is_refused_by_both),
        EACH(a_signature_by_a_key_that_the_version_revokes_is_doubted_by_both),
        EACH(more_witnesses_than_are_looked_for_change_nothing),
        EACH(a_witness_counts_while_its_key_is_good_and_never_the_hub_itself),
        EACH(records_of_two_versions_or_two_appointments_are_refused_by_both),
        EACH(a_bundle_without_records_or_with_too_many_is_refused_by_both),
        EACH(a_reader_reads_many_bundles_one_after_the_other),
    };
    return cmocka_run_group_tests_name("evidence_records", tests, NULL, NULL);
}
