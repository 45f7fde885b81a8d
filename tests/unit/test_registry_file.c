/* Checks what keys/registry.h promises of its file and anchor: guarantees 1 and 2;
 * and registry_proof.h of one record. */
#include "unit/registry_world.h"

#include "folder.h"
#include "keys/registry_proof.h"
#include "wire.h"

#include <unistd.h>

static enum err open_file(uint64_t min_version)
{
    struct registry *r = NULL;
    enum err err =
        registry_open(&r, &f.realm->anchor, span_of(f.file, f.len), min_version, &f.fault);
    assert_true((err == OK) == (r != NULL));
    registry_close(&r);
    return err;
}

/* Guarantee 1: the file. */
static void every_changed_byte_of_the_file_is_refused(void **state)
{
    (void)state;
    for (size_t at = 0; at < f.len; at++) {
        f.file[at] ^= 0x08;
        assert_int_not_equal(open_file(0), OK);
        f.file[at] ^= 0x08;
    }
    assert_int_equal(open_file(0), OK);
    for (size_t len = f.len; len-- > 0;) {
        f.len = len;
        assert_int_not_equal(open_file(0), OK);
    }
}

/* One record replaced, removed, added, exchanged: under the old signature. */
static void altered_records_are_410(void **state)
{
    struct frame_registry frame;
    struct span records[REALM_MEMBERS];
    unsigned number;
    uint8_t *old = malloc(f.len);
    (void)state;
    memcpy(old, f.file, f.len);
    assert_int_equal(frame_parse_registry(span_of(old, f.len), &frame), OK);
    const struct frame_registrar head = first_of(&frame);
    for (size_t i = 0; i < REALM_MEMBERS; i++)
        assert_true(frame_registry_next(&frame, &number, &records[i]));
    static const struct {
        size_t order[REALM_MEMBERS + 1];
        size_t count;
        enum err want;
    } rows[] = {
        {{0, 1, 2, 3, 4, 5}, 6, OK},
        {{0, 1, 2, 3, 4}, 5, ERR_REGISTRY},       /* one removed */
        {{0, 1, 2, 3, 4, 5, 5}, 7, ERR_REGISTRY}, /* one twice */
        {{1, 0, 2, 3, 4, 5}, 6, ERR_REGISTRY},    /* unsorted */
        {{0}, 0, ERR_REGISTRY},
    };
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        struct writer w = writer_of(f.file, sizeof f.file);
        begin_file(&w, head.document, head.version, (uint32_t)rows[i].count);
        for (size_t r = 0; r < rows[i].count; r++)
            frame_registry_add(&w, 0, records[rows[i].order[r]]);
        f.len = w.len;
        assert_int_equal(open_file(0), rows[i].want);
    }

    /* A grant widened. */
    lianshu_MemberRecord record;
    uint8_t bytes[FRAME_RECORD_MAX];
    struct writer record_w = writer_of(bytes, sizeof bytes);
    struct writer w = writer_of(f.file, sizeof f.file);
    assert_int_equal(wire_decode(&lianshu_MemberRecord_msg, records[0], &record), OK);
    snprintf(record.grants[0].region, sizeof record.grants[0].region, "000000");
    assert_int_equal(wire_encode(&lianshu_MemberRecord_msg, &record, &record_w), OK);
    begin_file(&w, head.document, head.version, REALM_MEMBERS);
    frame_registry_add(&w, 0, writer_span(&record_w));
    for (size_t r = 1; r < REALM_MEMBERS; r++)
        frame_registry_add(&w, 0, records[r]);
    f.len = w.len;
    assert_int_equal(open_file(0), ERR_REGISTRY);
    free(old);
}

/* A-06, K-04 */
static void other_roots_and_registrars_are_410(void **state)
{
    struct realm *other = realm_open(4);
    struct registry *r = NULL;
    (void)state;
    /* A whole realm of the attacker's, under our anchor. */
    assert_int_equal(
        registry_open(&r, &f.realm->anchor, span_of(other->file, other->file_len), 0, &f.fault),
        ERR_REGISTRY);
    /* Our registrar document, her registry document and records. */
    struct frame_registry ours, hers;
    struct span record;
    unsigned number;
    struct writer w = writer_of(f.file, sizeof f.file);
    assert_int_equal(frame_parse_registry(span_of(f.realm->file, f.realm->file_len), &ours), OK);
    assert_int_equal(frame_parse_registry(span_of(other->file, other->file_len), &hers), OK);
    begin_file(&w, first_of(&ours).document, first_of(&hers).version, hers.count);
    while (frame_registry_next(&hers, &number, &record))
        frame_registry_add(&w, number, record);
    f.len = w.len;
    assert_int_equal(open_file(0), ERR_REGISTRY);
    /* Registry document where the registrar document belongs. */
    w = writer_of(f.file, sizeof f.file);
    begin_file(&w, first_of(&ours).version, first_of(&ours).version, 0);
    f.len = w.len;
    assert_int_equal(open_file(0), ERR_REGISTRY);
    realm_close(&other);
}

static void realm_is_that_of_the_anchor(void **state)
{
    (void)state;
    snprintf(f.realm->anchor.realm, sizeof f.realm->anchor.realm, "prod");
    assert_int_equal(open_file(0), ERR_REALM);
}

/* threshold two of three. */
static void fewer_roots_than_the_threshold_are_410(void **state)
{
    struct key *roots[3] = {NULL, NULL, NULL};
    struct anchor *anchor = &f.realm->anchor;
    struct registry_make make = realm_make(f.realm, 1);
    (void)state;
    anchor->root_count = 3;
    anchor->threshold = 2;
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(key_make(&roots[i], KEY_USE_ROOT, 0, &f.realm->entropy), OK);
        memcpy(anchor->root[i], key_public(roots[i]), KEY_PUBLIC_LEN);
    }
    make.roots = (const struct key *const *)roots;
    make.root_count = 2;
    assert_int_equal(write_file(&make, REALM_MEMBERS), OK);
    make.roots = (const struct key *const *)roots + 1;
    assert_int_equal(write_file(&make, REALM_MEMBERS), OK);
    make.root_count = 1;
    assert_int_equal(write_file(&make, REALM_MEMBERS), ERR_REGISTRY);
    /* The same root twice, and one that the anchor does not know. */
    const struct key *twice[2] = {roots[0], roots[0]};
    make.roots = twice;
    make.root_count = 2;
    assert_int_equal(write_file(&make, REALM_MEMBERS), ERR_KEY_REUSED);
    const struct key *stranger[2] = {roots[0], f.realm->root};
    make.roots = stranger;
    assert_int_equal(write_file(&make, REALM_MEMBERS), ERR_REGISTRY);
    for (size_t i = 0; i < 3; i++)
        key_close(&roots[i]);
}

/* One root's kid under two root ids, which only a root could sign. */
static void one_root_key_under_two_names_counts_once(void **state)
{
    struct anchor *anchor = &f.realm->anchor;
    struct key *second = NULL;
    struct frame_registry frame;
    struct frame_document frame_d;
    lianshu_Document *d = calloc(1, sizeof *d);
    uint8_t *bytes = malloc(FRAME_DOCUMENT_MAX), *lsd = malloc(DOCUMENT_FRAME_MAX);
    struct writer d_w = writer_of(bytes, FRAME_DOCUMENT_MAX);
    struct writer lsd_w = writer_of(lsd, DOCUMENT_FRAME_MAX);
    struct writer w = writer_of(f.file, sizeof f.file);
    const struct key *keys[2] = {f.realm->root, f.realm->root};
    uint8_t hash[HASH_LEN];
    struct span record;
    unsigned number;
    (void)state;
    assert_int_equal(key_make(&second, KEY_USE_ROOT, 0, &f.realm->entropy), OK);
    memcpy(anchor->root[1], key_public(second), KEY_PUBLIC_LEN);
    anchor->root_count = 2;
    anchor->threshold = 2;
    assert_int_equal(frame_parse_registry(span_of(f.realm->file, f.realm->file_len), &frame), OK);
    assert_int_equal(frame_parse_document(first_of(&frame).document, &frame_d), OK);
    assert_int_equal(wire_decode(&lianshu_Document_msg, frame_d.document, d), OK);
    d->issuers[1] = d->issuers[0];
    snprintf(d->issuers[1].member, sizeof d->issuers[1].member, "root-2.000000");
    d->issuers_count = 2;
    assert_int_equal(document_encode(d, &d_w, hash), OK);
    assert_int_equal(document_sign(writer_span(&d_w), keys, 2, &lsd_w), OK);
    begin_file(&w, writer_span(&lsd_w), first_of(&frame).version, frame.count);
    while (frame_registry_next(&frame, &number, &record))
        frame_registry_add(&w, number, record);
    f.len = w.len;
    assert_int_equal(open_file(0), ERR_REGISTRY);
    assert_non_null(strstr(f.fault.detail, "1 of 2"));
    key_close(&second);
    free(d);
    free(bytes);
    free(lsd);
}

/* Guarantee 2 */
static void older_versions_and_old_ones_are_noticed(void **state)
{
    const struct registry_make make = realm_make(f.realm, 7);
    const struct registry *r = f.realm->registry;
    (void)state;
    assert_int_equal(write_file(&make, REALM_MEMBERS), OK);
    assert_int_equal(open_file(7), OK);
    assert_int_equal(open_file(8), ERR_REGISTRY_ROLLBACK);
    assert_int_equal(registry_fresh(r, REALM_NOW_MS), OK);
    assert_int_equal(registry_fresh(r, registry_valid_until_ms(r) - 1), OK);
    assert_int_equal(registry_fresh(r, registry_valid_until_ms(r)), ERR_REGISTRY_STALE);
    assert_int_equal(registry_fresh(r, REALM_NOW_MS - 2 * REALM_DAY_MS), ERR_REGISTRY_STALE);
}

static void registrar_document_can_be_used_again(void **state)
{
    struct registry_make make = realm_make(f.realm, 2);
    struct frame_registry frame;
    (void)state;
    assert_int_equal(frame_parse_registry(span_of(f.realm->file, f.realm->file_len), &frame), OK);
    make.registrar_document = first_of(&frame).document;
    make.root_count = 0;
    make.now_ms = REALM_NOW_MS;
    assert_int_equal(write_file(&make, REALM_MEMBERS), OK);
    assert_int_equal(open_file(2), OK);
    make.now_ms = REALM_NOW_MS + 31 * REALM_DAY_MS; /* the registrar is none any more */
    make.valid_until_ms = make.now_ms + REALM_DAY_MS;
    assert_int_equal(write_file(&make, REALM_MEMBERS), ERR_REGISTRY);
}

/* K-07, C-04, K-12, A-02 at registration */
static void bad_records_are_not_signed(void **state)
{
    const struct registry_make make = realm_make(f.realm, 2);
    uint8_t keep[KEY_PUBLIC_LEN];
    lianshu_MemberRecord *health = record_of(REALM_HEALTH);
    lianshu_MemberKey *key = &health->keys[1];
    (void)state;
    memcpy(keep, key->public_key, sizeof keep);
    memcpy(key->public_key, record_of(REALM_MARKET)->keys[1].public_key, KEY_PUBLIC_LEN);
    assert_int_equal(write_file(&make, REALM_MEMBERS), ERR_KEY_REUSED);
    memcpy(key->public_key, health->keys[2].public_key, KEY_PUBLIC_LEN);
    assert_int_equal(write_file(&make, REALM_MEMBERS), ERR_KEY_REUSED); /* seal and transport */
    memset(key->public_key, 0, KEY_PUBLIC_LEN);
    assert_int_equal(write_file(&make, REALM_MEMBERS), ERR_KEY_PUBLIC);
    key->public_key[0] = 1;
    assert_int_equal(write_file(&make, REALM_MEMBERS), ERR_KEY_WEAK);
    memcpy(key->public_key, keep, sizeof keep);
    key->valid_until_ms = key->valid_from_ms;
    assert_int_equal(write_file(&make, REALM_MEMBERS), ERR_REGISTRY);
    key->valid_until_ms = UINT64_MAX;
    assert_int_equal(write_file(&make, REALM_MEMBERS), OK);

    lianshu_MemberRecord *last = record_of(REALM_PROCURATORATE);
    snprintf(last->member, sizeof last->member, "procuratorate.440100");
    assert_int_equal(write_file(&make, REALM_MEMBERS), ERR_DELEGATION);
    snprintf(last->member, sizeof last->member, REALM_MARKET);
    assert_int_equal(write_file(&make, REALM_MEMBERS), ERR_REGISTRY); /* one member twice */
}

static void record_that_does_not_fit_names_its_member(void **state)
{
    const struct registry_make make = realm_make(f.realm, 2);
    lianshu_MemberRecord *record = record_of(REALM_INSURANCE);
    (void)state;
    while (record->grants_count < T_COUNT(record->grants)) {
        record->grants[record->grants_count] = record->grants[0];
        record->grants_count++;
    }
    assert_int_equal(write_file(&make, REALM_MEMBERS), ERR_TOO_LARGE);
    assert_string_equal(f.fault.where, REALM_INSURANCE);
}

static void anchor_survives_its_file(void **state)
{
    char path[FOLDER_MAX];
    struct anchor again;
    (void)state;
    close(folder_file(path, "anchor"));
    assert_int_equal(anchor_write(&f.realm->anchor, path, false, &f.fault), ERR_EXISTS);
    assert_int_equal(anchor_write(&f.realm->anchor, path, true, &f.fault), OK);
    assert_int_equal(anchor_read(&again, path, &f.fault), OK);
    assert_string_equal(again.realm, REALM_NAME);
    assert_int_equal(again.threshold, 1);
    assert_memory_equal(again.root[0], f.realm->anchor.root[0], KEY_PUBLIC_LEN);
    unlink(path);
    assert_int_equal(anchor_read(&again, path, &f.fault), ERR_NOT_FOUND);
}

#define GOOD "\"5866666666666666666666666666666666666666666666666666666666666666\""

static void bad_anchors_are_refused_with_their_line(void **state)
{
    static const struct {
        const char *text;
        enum err want;
        unsigned line;
    } rows[] = {
        {"realm: test\nthreshold: 1\nroots: [" GOOD "]\n", OK, 0},
        {"realm: test\nthreshold: 2\nroots: [" GOOD "]\n", ERR_CONFIG, 2},
        {"realm: test\nthreshold: 0\nroots: [" GOOD "]\n", ERR_CONFIG, 2},
        {"realm: test\nthreshold: 1\nroots: [" GOOD ", " GOOD "]\n", ERR_CONFIG, 3},
        {"realm: test\nthreshold: 1\nroots: [\"00\"]\n", ERR_CONFIG, 3},
        {"realm: test\nthreshold: 1\nroots: []\n", ERR_CONFIG, 3},
        {"realm: Test\nthreshold: 1\nroots: [" GOOD "]\n", ERR_CONFIG, 1},
        {"realm: test\nthreshold: 1\nroots: "
         "[\"0000000000000000000000000000000000000000000000000000000000000000\"]\n",
         ERR_KEY_PUBLIC, 3},
        {"realm: test\nthreshold: 1\nroots: "
         "[\"0100000000000000000000000000000000000000000000000000000000000000\"]\n",
         ERR_KEY_WEAK, 3},
        {"realm: test\nthreshold: 1\nroots:\n  - a: b\n", ERR_CONFIG, 4},
        {"realm: test\nthreshold: 1\nroots:\n  - "
         "\"000000000000000000000000000000000000000000000000000000000000000x\"\n",
         ERR_CONFIG, 4},
        {"realm: test\nthreshold: 1\n", ERR_FIELD_MISSING, 1},
        {"realm: test\nthreshold: 1\nroots: [a, a, a, a, a, a, a, a, a, a, a]\n", ERR_CONFIG, 3},
        {"realm: test\nthreshold: 1\nroots: [" GOOD "]\nmore: 1\n", ERR_FIELD_UNKNOWN, 4},
        {"threshold: 1\nroots: [" GOOD "]\n", ERR_FIELD_MISSING, 1},
        {"realm: seventeen-letters\nthreshold: 1\nroots: [" GOOD "]\n", ERR_FIELD_LONG, 1},
        {"realm: test\nnumber: x\nthreshold: 1\nroots: [" GOOD "]\n", ERR_FIELD_VALUE, 2},
        {"realm: test\nnumber: 0\nthreshold: 1\nroots: [" GOOD "]\n", ERR_CONFIG, 2},
        {"realm: test\nroots: [" GOOD "]\n", ERR_FIELD_MISSING, 1},
        {"realm: test\nthreshold: many\nroots: [" GOOD "]\n", ERR_FIELD_VALUE, 2},
    };
    (void)state;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        char path[FOLDER_MAX];
        struct anchor anchor;
        const int fd = folder_file(path, "anchor");
        print_message("row %zu\n", i);
        assert_true(write(fd, rows[i].text, strlen(rows[i].text)) > 0);
        close(fd);
        f.fault.line = 0;
        assert_int_equal(anchor_read(&anchor, path, &f.fault), rows[i].want);
        assert_int_equal(f.fault.line, rows[i].line);
        unlink(path);
    }
}

/* ---- proofs ---- */

static void a_member_is_proven_by_the_anchor_alone(void **state)
{
    static uint8_t bytes[FRAME_PROOF_MAX];
    const struct registry *r = f.realm->registry;
    struct registry_proof *proof = calloc(1, sizeof *proof);
    (void)state;
    for (size_t i = 0; i < registry_member_count(r); i++) {
        const struct registry_member *m = registry_member_at(r, i);
        struct writer out = writer_of(bytes, sizeof bytes);
        assert_int_equal(registry_prove(r, m->id, &out), OK);
        assert_int_equal(registry_proof_open(writer_span(&out), &f.realm->anchor, proof, &f.fault),
                         OK);
        assert_string_equal(proof->record.member, m->id);
        assert_int_equal(proof->index, i);
        assert_int_equal(proof->version, 1);
        assert_string_equal(proof->registrar, "registrar.445100");
    }
    struct writer out = writer_of(bytes, sizeof bytes);
    assert_int_equal(registry_prove(r, "police.000000", &out), ERR_MEMBER_UNKNOWN);
    free(proof);
}

static void every_changed_byte_of_a_proof_is_refused(void **state)
{
    static uint8_t bytes[FRAME_PROOF_MAX];
    struct writer out = writer_of(bytes, sizeof bytes);
    struct registry_proof *proof = calloc(1, sizeof *proof);
    (void)state;
    assert_int_equal(registry_prove(f.realm->registry, REALM_POLICE, &out), OK);
    for (size_t at = 0; at < out.len; at++) {
        bytes[at] ^= 0x04;
        assert_int_not_equal(
            registry_proof_open(writer_span(&out), &f.realm->anchor, proof, &f.fault), OK);
        bytes[at] ^= 0x04;
    }
    for (size_t len = out.len; len-- > 0;)
        assert_int_not_equal(
            registry_proof_open(span_of(bytes, len), &f.realm->anchor, proof, &f.fault), OK);
    f.realm->anchor.root[0][0] ^= 1;
    assert_int_equal(registry_proof_open(writer_span(&out), &f.realm->anchor, proof, &f.fault),
                     ERR_REGISTRY);
    free(proof);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(every_changed_byte_of_the_file_is_refused),
        CASE(altered_records_are_410),
        CASE(other_roots_and_registrars_are_410),
        CASE(realm_is_that_of_the_anchor),
        CASE(fewer_roots_than_the_threshold_are_410),
        CASE(one_root_key_under_two_names_counts_once),
        CASE(older_versions_and_old_ones_are_noticed),
        CASE(registrar_document_can_be_used_again),
        CASE(bad_records_are_not_signed),
        CASE(record_that_does_not_fit_names_its_member),
        CASE(anchor_survives_its_file),
        CASE(a_member_is_proven_by_the_anchor_alone),
        CASE(every_changed_byte_of_a_proof_is_refused),
        CASE(bad_anchors_are_refused_with_their_line),
    };
    return cmocka_run_group_tests_name("registry_file", tests, NULL, NULL);
}
