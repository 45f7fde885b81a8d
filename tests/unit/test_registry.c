/* Checks the promises in keys/registry.h. */
#include "keys/registry.h"

#include "catalogue.h"
#include "realm.h"
#include "wire.h"

#include "t.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FILE_CAP = 64 << 10 };

struct fixture {
    struct realm *realm;
    lianshu_MemberRecord records[REALM_MEMBERS + 1];
    uint8_t file[FILE_CAP];
    size_t len;
    struct fault fault;
};

static struct fixture f;

static int setup(void **state)
{
    (void)state;
    memset(&f, 0, sizeof f);
    f.realm = realm_open(3);
    memcpy(f.records, f.realm->records, sizeof f.realm->records);
    memcpy(f.file, f.realm->file, f.realm->file_len);
    f.len = f.realm->file_len;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    realm_close(&f.realm);
    return 0;
}

static enum err open_file(uint64_t min_version)
{
    struct registry *r = NULL;
    enum err err =
        registry_open(&r, &f.realm->anchor, span_of(f.file, f.len), min_version, &f.fault);
    assert_true((err == OK) == (r != NULL));
    registry_close(&r);
    return err;
}

static enum err write_file(const struct registry_make *make, size_t count)
{
    struct writer w = writer_of(f.file, sizeof f.file);
    enum err err = registry_write(make, f.records, count, &w, &f.fault);
    f.len = w.len;
    return err;
}

/* registry_write sorts what it is given, so a record is found by its name. */
static lianshu_MemberRecord *record_of(const char *member)
{
    for (size_t i = 0; i < REALM_MEMBERS; i++) {
        if (strcmp(f.records[i].member, member) == 0)
            return &f.records[i];
    }
    fail_msg("no record of %s", member);
    return NULL;
}

static void look_ups_find_what_was_registered(void **state)
{
    const struct registry *r = f.realm->registry;
    const struct key *seal = realm_key(f.realm, REALM_POLICE, KEY_USE_SEAL);
    const struct key *transport = realm_key(f.realm, REALM_POLICE, KEY_USE_TRANSPORT);
    const struct registry_key *key;
    const uint8_t nobody[KEY_PUBLIC_LEN] = {9};
    lianshu_MemberRecord record;
    (void)state;
    assert_string_equal(registry_realm(r), REALM_NAME);
    assert_int_equal(registry_version(r), 1);
    assert_int_equal(registry_member_count(r), REALM_MEMBERS);
    for (size_t i = 1; i < REALM_MEMBERS; i++)
        assert_true(strcmp(registry_member_at(r, i - 1)->id, registry_member_at(r, i)->id) < 0);
    const struct registry_member *police = registry_member(r, REALM_POLICE);
    assert_non_null(police);
    assert_int_equal(police->department, DEPARTMENT_POLICE);
    assert_string_equal(police->region, "445100");
    assert_int_equal(registry_record(police, &record), OK);
    assert_string_equal(record.name_en, "Member 4");
    assert_null(registry_member(r, "police.445199"));
    assert_null(registry_member_at(r, REALM_MEMBERS));

    assert_int_equal(registry_key(r, key_kid(seal), &key), OK);
    assert_memory_equal(key->public_key, key_public(seal), KEY_PUBLIC_LEN);
    assert_string_equal(key->member->id, REALM_POLICE);
    assert_int_equal(registry_transport(r, key_public(transport), &key), OK);
    assert_string_equal(key->member->id, REALM_POLICE);
    assert_int_equal(registry_transport(r, key_public(seal), &key), ERR_KEY_USE);
    assert_null(key);
    assert_int_equal(registry_transport(r, nobody, &key), ERR_KID_UNKNOWN);
    assert_int_equal(registry_key(r, nobody, &key), ERR_KID_UNKNOWN);
}

static void keys_are_judged_for_member_use_and_time(void **state)
{
    const struct key *sign = realm_key(f.realm, REALM_MARKET, KEY_USE_SIGN);
    const uint64_t from = REALM_NOW_MS - REALM_DAY_MS;
    const uint64_t until = REALM_NOW_MS + 365 * REALM_DAY_MS;
    const struct {
        const char *member;
        enum key_use use;
        uint64_t at;
        enum err want;
    } rows[] = {
        {REALM_MARKET, KEY_USE_SIGN, from, OK},
        {REALM_MARKET, KEY_USE_SIGN, until - 1, OK},
        {REALM_MARKET, KEY_USE_SIGN, from - 1, ERR_KEY_NOT_YET},
        {REALM_MARKET, KEY_USE_SIGN, until, ERR_KEY_EXPIRED},
        {REALM_MARKET, KEY_USE_LOG, from, ERR_KEY_USE},
        {REALM_MARKET, KEY_USE_SEAL, 0, ERR_KEY_USE},
        {REALM_HEALTH, KEY_USE_SIGN, from, ERR_KEY_NOT_SENDERS},
        {REALM_HEALTH, KEY_USE_LOG, 0, ERR_KEY_NOT_SENDERS},
        {"market.4451000", KEY_USE_SIGN, from, ERR_KEY_NOT_SENDERS},
    };
    (void)state;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        const struct registry_key *key;
        print_message("row %zu\n", i);
        assert_int_equal(registry_signer(f.realm->registry, rows[i].member, key_kid(sign),
                                         rows[i].use, rows[i].at, &key),
                         rows[i].want);
        assert_true((rows[i].want == OK) == (key != NULL));
    }
}

static void newest_key_that_is_valid_is_the_current_one(void **state)
{
    struct key *next = NULL;
    const struct key *old = realm_key(f.realm, REALM_MARKET, KEY_USE_SEAL);
    const struct registry_make make = realm_make(f.realm, 2);
    struct registry *r = NULL;
    const struct registry_key *key;
    (void)state;
    assert_int_equal(key_make(&next, KEY_USE_SEAL, 0, &f.realm->entropy), OK);
    lianshu_MemberRecord *market = record_of(REALM_MARKET);
    lianshu_MemberKey *mk = &market->keys[market->keys_count++];
    mk->use = lianshu_KeyUse_KEY_SEAL;
    mk->valid_from_ms = REALM_NOW_MS + 10 * REALM_DAY_MS;
    mk->valid_until_ms = REALM_NOW_MS + 20 * REALM_DAY_MS;
    memcpy(mk->public_key, key_public(next), KEY_PUBLIC_LEN);
    assert_int_equal(write_file(&make, REALM_MEMBERS), OK);
    assert_int_equal(registry_open(&r, &f.realm->anchor, span_of(f.file, f.len), 0, &f.fault), OK);

    assert_int_equal(registry_current(r, REALM_MARKET, KEY_USE_SEAL, REALM_NOW_MS, &key), OK);
    assert_memory_equal(key->kid, key_kid(old), KID_LEN);
    assert_int_equal(
        registry_current(r, REALM_MARKET, KEY_USE_SEAL, REALM_NOW_MS + 15 * REALM_DAY_MS, &key),
        OK);
    assert_memory_equal(key->kid, key_kid(next), KID_LEN);
    assert_int_equal(
        registry_current(r, REALM_MARKET, KEY_USE_SEAL, REALM_NOW_MS + 20 * REALM_DAY_MS, &key),
        OK);
    assert_memory_equal(key->kid, key_kid(old), KID_LEN);
    assert_int_equal(
        registry_current(r, REALM_MARKET, KEY_USE_SEAL, REALM_NOW_MS + 400 * REALM_DAY_MS, &key),
        ERR_KEY_EXPIRED);
    assert_int_equal(registry_current(r, REALM_MARKET, KEY_USE_LOG, REALM_NOW_MS, &key),
                     ERR_KEY_EXPIRED);
    assert_int_equal(registry_current(r, "market.440000", KEY_USE_SEAL, REALM_NOW_MS, &key),
                     ERR_MEMBER_UNKNOWN);
    registry_close(&r);
    key_close(&next);
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
    uint8_t *old = malloc(f.len);
    (void)state;
    memcpy(old, f.file, f.len);
    assert_int_equal(frame_parse_registry(span_of(old, f.len), &frame), OK);
    const struct frame_registry head = frame;
    for (size_t i = 0; i < REALM_MEMBERS; i++)
        assert_true(frame_registry_next(&frame, &records[i]));
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
        frame_registry_begin(&w, head.registrar, head.version, (uint32_t)rows[i].count);
        for (size_t r = 0; r < rows[i].count; r++)
            frame_registry_add(&w, records[rows[i].order[r]]);
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
    frame_registry_begin(&w, head.registrar, head.version, REALM_MEMBERS);
    frame_registry_add(&w, writer_span(&record_w));
    for (size_t r = 1; r < REALM_MEMBERS; r++)
        frame_registry_add(&w, records[r]);
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
    struct writer w = writer_of(f.file, sizeof f.file);
    assert_int_equal(frame_parse_registry(span_of(f.realm->file, f.realm->file_len), &ours), OK);
    assert_int_equal(frame_parse_registry(span_of(other->file, other->file_len), &hers), OK);
    frame_registry_begin(&w, ours.registrar, hers.version, hers.count);
    while (frame_registry_next(&hers, &record))
        frame_registry_add(&w, record);
    f.len = w.len;
    assert_int_equal(open_file(0), ERR_REGISTRY);
    /* Registry document where the registrar document belongs. */
    w = writer_of(f.file, sizeof f.file);
    frame_registry_begin(&w, ours.version, ours.version, 0);
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
    assert_int_equal(write_file(&make, REALM_MEMBERS), ERR_REGISTRY);
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
    (void)state;
    assert_int_equal(key_make(&second, KEY_USE_ROOT, 0, &f.realm->entropy), OK);
    memcpy(anchor->root[1], key_public(second), KEY_PUBLIC_LEN);
    anchor->root_count = 2;
    anchor->threshold = 2;
    assert_int_equal(frame_parse_registry(span_of(f.realm->file, f.realm->file_len), &frame), OK);
    assert_int_equal(frame_parse_document(frame.registrar, &frame_d), OK);
    assert_int_equal(wire_decode(&lianshu_Document_msg, frame_d.document, d), OK);
    d->issuers[1] = d->issuers[0];
    snprintf(d->issuers[1].member, sizeof d->issuers[1].member, "root-2.000000");
    d->issuers_count = 2;
    assert_int_equal(document_encode(d, &d_w, hash), OK);
    assert_int_equal(document_sign(writer_span(&d_w), keys, 2, &lsd_w), OK);
    frame_registry_begin(&w, writer_span(&lsd_w), frame.version, frame.count);
    while (frame_registry_next(&frame, &record))
        frame_registry_add(&w, record);
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
    make.registrar_document = frame.registrar;
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

/* Guarantee 3 */
static void rights_are_default_deny(void **state)
{
    const uint32_t all = UINT32_MAX;
    const struct {
        uint32_t type;    /* asked for */
        uint32_t send_to; /* departments of the sender's grant */
        const char *send_region;
        uint32_t receive_from; /* departments of the recipient's grant; 0: no grant */
        const char *receive_region;
        enum err want;
    } rows[] = {
        {lianshu_DocumentType_TYPE_HONOUR, all, "445100", all, "445100", OK},
        {lianshu_DocumentType_TYPE_HONOUR, 1u << DEPARTMENT_POLICE, "445100",
         1u << DEPARTMENT_MARKET, "445100", OK},
        {lianshu_DocumentType_TYPE_HONOUR, all, "000000", all, "440000", OK},
        {lianshu_DocumentType_TYPE_APPOINTMENT, all, "445100", all, "445100", ERR_NO_RIGHT},
        /* whoever may send something may take it back, as far and no further */
        {lianshu_DocumentType_TYPE_WITHDRAW, all, "445100", all, "445100", OK},
        {lianshu_DocumentType_TYPE_WITHDRAW, all, "445200", all, "445100", ERR_REGION_RIGHT},
        {lianshu_DocumentType_TYPE_WITHDRAW, all, "445100", 0, "445100", ERR_RECIPIENT_RIGHT},
        {lianshu_DocumentType_TYPE_WITHDRAW, all & ~(1u << DEPARTMENT_POLICE), "445100", all,
         "445100", ERR_RECIPIENT_RIGHT},
        {lianshu_DocumentType_TYPE_HONOUR, all & ~(1u << DEPARTMENT_POLICE), "445100", all,
         "445100", ERR_RECIPIENT_RIGHT},
        {lianshu_DocumentType_TYPE_HONOUR, all, "445200", all, "445100", ERR_REGION_RIGHT},
        {lianshu_DocumentType_TYPE_HONOUR, all, "445102", all, "445100", ERR_REGION_RIGHT},
        {lianshu_DocumentType_TYPE_HONOUR, all, "445100", 0, "445100", ERR_RECIPIENT_RIGHT},
        {lianshu_DocumentType_TYPE_HONOUR, all, "445100", 1u << DEPARTMENT_HEALTH, "445100",
         ERR_RECIPIENT_RIGHT},
        {lianshu_DocumentType_TYPE_HONOUR, all, "445100", all, "440100", ERR_RECIPIENT_RIGHT},
    };
    (void)state;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        const struct registry_make make = realm_make(f.realm, 2);
        struct registry *r = NULL;
        print_message("row %zu\n", i);
        memcpy(f.records, f.realm->records, sizeof f.realm->records);
        lianshu_MemberRecord *from = record_of(REALM_MARKET), *to = record_of(REALM_POLICE);
        from->grants_count = 1;
        from->grants[0] = (lianshu_Grant){.direction = lianshu_GrantDirection_GRANT_SEND,
                                          .departments = rows[i].send_to};
        grant_add(from->grants[0].types, lianshu_DocumentType_TYPE_HONOUR);
        grant_add(from->grants[0].types, lianshu_DocumentType_TYPE_SUBSIDY);
        snprintf(from->grants[0].region, sizeof from->grants[0].region, "%s", rows[i].send_region);
        to->grants_count = rows[i].receive_from != 0;
        to->grants[0] = (lianshu_Grant){.direction = lianshu_GrantDirection_GRANT_RECEIVE,
                                        .departments = rows[i].receive_from};
        grant_add(to->grants[0].types, lianshu_DocumentType_TYPE_HONOUR);
        snprintf(to->grants[0].region, sizeof to->grants[0].region, "%s", rows[i].receive_region);
        assert_int_equal(write_file(&make, REALM_MEMBERS), OK);
        assert_int_equal(registry_open(&r, &f.realm->anchor, span_of(f.file, f.len), 0, &f.fault),
                         OK);
        assert_int_equal(registry_may(r, REALM_MARKET, rows[i].type, REALM_POLICE), rows[i].want);
        assert_int_equal(registry_may(r, REALM_POLICE, rows[i].type, REALM_MARKET), ERR_NO_RIGHT);
        assert_int_equal(registry_may(r, REALM_MARKET, rows[i].type, "police.440000"),
                         ERR_MEMBER_UNKNOWN);
        registry_close(&r);
    }
}

static void members_are_walked_in_order(void **state)
{
    const struct registry *r = f.realm->registry;
    const char *want[] = {REALM_HEALTH, REALM_INSURANCE, REALM_POLICE};
    const uint32_t set =
        1u << DEPARTMENT_HEALTH | 1u << DEPARTMENT_INSURANCE | 1u << DEPARTMENT_POLICE;
    size_t n = 0;
    (void)state;
    for (size_t i = registry_next(r, 0, set, "440000"); i != SIZE_MAX;
         i = registry_next(r, i + 1, set, "440000"))
        assert_string_equal(registry_member_at(r, i)->id, want[n++]);
    assert_int_equal(n, 3);
    assert_true(registry_next(r, 0, set, "445200") == SIZE_MAX);
    assert_true(registry_next(r, 0, 0, "000000") == SIZE_MAX);
}

/* A nation of members without keys. */
static struct registry *nation(void)
{
    static const char *const ids[] = {
        "health-cdc.445100", "health.000000", "health.110000", "health.440000",
        "health.440100",     "health.445100", "health.445102", "health.445122",
        "health.450000",     "market.440000", "market.445100", "registrar.445100",
    };
    static lianshu_MemberRecord records[T_COUNT(ids)];
    static uint8_t file[FILE_CAP];
    struct registry *r = NULL;
    struct writer w = writer_of(file, sizeof file);
    struct registry_make make = realm_make(f.realm, 1);
    make.region = "000000";
    memset(records, 0, sizeof records);
    for (size_t i = 0; i < T_COUNT(ids); i++)
        snprintf(records[i].member, sizeof records[i].member, "%s", ids[T_COUNT(ids) - 1 - i]);
    assert_int_equal(registry_write(&make, records, T_COUNT(ids), &w, &f.fault), OK);
    assert_int_equal(registry_open(&r, &f.realm->anchor, writer_span(&w), 1, &f.fault), OK);
    return r;
}

static void a_group_is_a_department_in_a_subtree_in_the_order_of_ids(void **state)
{
    static const struct {
        const char *group;
        const char *want[9];
    } rows[] = {
        {"health.445122/*", {"health.445122"}},
        {"health.445100/*", {"health.445100", "health.445102", "health.445122"}},
        {"health.440000/*",
         {"health.440000", "health.440100", "health.445100", "health.445102", "health.445122"}},
        {"health.000000/*",
         {"health.000000", "health.110000", "health.440000", "health.440100", "health.445100",
          "health.445102", "health.445122", "health.450000"}},
        {"health-cdc.440000/*", {"health-cdc.445100"}}, /* a part is named, or not meant */
        {"health-cdc.450000/*", {NULL}},
        {"market.000000/*", {"market.440000", "market.445100"}},
        {"police.000000/*", {NULL}},
        {"health.999999/*", {NULL}},
    };
    struct registry *r = nation();
    (void)state;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        const struct registry_member *member;
        size_t cursor = 0;
        size_t n = 0;
        print_message("row %zu: %s\n", i, rows[i].group);
        for (;; n++) {
            assert_int_equal(registry_group(r, rows[i].group, &cursor, &member), OK);
            if (member == NULL)
                break;
            assert_non_null(rows[i].want[n]);
            assert_string_equal(member->id, rows[i].want[n]);
        }
        assert_null(rows[i].want[n]);
        assert_int_equal(registry_group(r, rows[i].group, &cursor, &member), OK);
        assert_null(member); /* the end stays the end */
    }
    registry_close(&r);
}

static void what_is_no_group_is_refused(void **state)
{
    static const struct {
        const char *group;
        enum err want;
    } rows[] = {
        {"", ERR_IDENTIFIER},
        {"/*", ERR_IDENTIFIER},
        {"health.440000", ERR_IDENTIFIER},
        {"health.440000/", ERR_IDENTIFIER},
        {"health.440000/**", ERR_IDENTIFIER},
        {"health.440000/x", ERR_IDENTIFIER},
        {"health.440000/*/*", ERR_IDENTIFIER},
        {"health.44/*", ERR_IDENTIFIER},
        {"health/*", ERR_IDENTIFIER},
        {"*.440000/*", ERR_IDENTIFIER},
        {"Health.440000/*", ERR_IDENTIFIER},
        {"health-.440000/*", ERR_IDENTIFIER},
        {"healthhealthhealthhealthhealthhealthhealth.440000/*", ERR_IDENTIFIER},
        {"weather.440000/*", ERR_MEMBER_UNKNOWN},
    };
    (void)state;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        const struct registry_member *member = registry_member_at(f.realm->registry, 0);
        size_t cursor = 0;
        print_message("row %zu: %s\n", i, rows[i].group);
        assert_int_equal(registry_group(f.realm->registry, rows[i].group, &cursor, &member),
                         rows[i].want);
        assert_null(member);
        assert_int_equal(cursor, 0);
    }
}

static void anchor_survives_its_file(void **state)
{
    char path[] = "/tmp/lianshu-anchor-XXXXXX";
    struct anchor again;
    (void)state;
    close(mkstemp(path));
    assert_int_equal(anchor_write(&f.realm->anchor, path, false, &f.fault), ERR_EXISTS);
    assert_int_equal(anchor_write(&f.realm->anchor, path, true, &f.fault), OK);
    assert_int_equal(anchor_read(&again, path, &f.fault), OK);
    assert_string_equal(again.realm, REALM_NAME);
    assert_int_equal(again.threshold, 1);
    assert_memory_equal(again.root[0], f.realm->anchor.root[0], KEY_PUBLIC_LEN);
    unlink(path);
    assert_int_equal(anchor_read(&again, path, &f.fault), ERR_NOT_FOUND);
}

static void bad_anchors_are_refused_with_their_line(void **state)
{
#define ROOT "\"ec172b93ad5e563b4932c70e1245034c35467ef2efd4d64ebf819683467e2bf0\""
#define GOOD "\"5866666666666666666666666666666666666666666666666666666666666666\""
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
    };
    (void)state;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        char path[] = "/tmp/lianshu-anchor-XXXXXX";
        struct anchor anchor;
        int fd = mkstemp(path);
        print_message("row %zu\n", i);
        assert_true(write(fd, rows[i].text, strlen(rows[i].text)) > 0);
        close(fd);
        f.fault.line = 0;
        assert_int_equal(anchor_read(&anchor, path, &f.fault), rows[i].want);
        assert_int_equal(f.fault.line, rows[i].line);
        unlink(path);
    }
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(look_ups_find_what_was_registered),
        CASE(keys_are_judged_for_member_use_and_time),
        CASE(newest_key_that_is_valid_is_the_current_one),
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
        CASE(rights_are_default_deny),
        CASE(members_are_walked_in_order),
        CASE(a_group_is_a_department_in_a_subtree_in_the_order_of_ids),
        CASE(what_is_no_group_is_refused),
        CASE(anchor_survives_its_file),
        CASE(bad_anchors_are_refused_with_their_line),
    };
    return cmocka_run_group_tests_name("registry", tests, NULL, NULL);
}
