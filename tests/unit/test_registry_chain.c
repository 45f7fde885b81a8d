/* Checks what keys/registry.h and keys/registrar.h promise of chains of registrars, k of n
 * officials and proofs: who may vouch for whom, for how long, and what a file that says otherwise
 * gets. */
#include "unit/registry_world.h"

#include "catalogue.h"
#include "wire.h"

enum { OFFICIALS = 7, PART_CAP = 16 << 10, SEALS = 3 };

/* Keys of one registrar's officials, and its appointment. */
struct office {
    char member[MEMBER_MAX + 1];
    struct key *key[OFFICIALS];
    uint8_t public_key[OFFICIALS][KEY_PUBLIC_LEN];
    uint8_t document[PART_CAP]; /* L */
    size_t document_len;
};

static struct world {
    struct office realm;    /* registrar.000000, by the root */
    struct office province; /* registrar.440000, by the realm's */
    struct office city;     /* registrar.445100, by the province's */
    struct office district; /* registrar.445102, by the city's */
    uint8_t part[2][PART_CAP];
    size_t part_len[2];
    struct registry *above;
} w;

static const struct key *const *keys_of(const struct office *o)
{
    return (const struct key *const *)o->key;
}

static void make_office(struct office *o, const char *member)
{
    snprintf(o->member, sizeof o->member, "%s", member);
    for (size_t i = 0; i < OFFICIALS; i++) {
        assert_int_equal(key_make(&o->key[i], KEY_USE_REGISTRAR, 0, &f.realm->entropy), OK);
        memcpy(o->public_key[i], key_public(o->key[i]), KEY_PUBLIC_LEN);
    }
}

static struct registrar_make appointment(const struct office *o)
{
    return (struct registrar_make){
        .realm = REALM_NAME,
        .member = o->member,
        .region = strchr(o->member, '.') + 1,
        .more = (const uint8_t(*)[KEY_PUBLIC_LEN])o->public_key,
        .more_count = 3,
        .threshold = 2,
        .now_ms = REALM_NOW_MS - REALM_DAY_MS,
        .valid_until_ms = REALM_NOW_MS + 30 * REALM_DAY_MS,
        .entropy = &f.realm->entropy,
    };
}

static void appoint_as(struct office *o, const struct registrar_make *make,
                       const struct office_signers *signers)
{
    struct writer out = writer_of(o->document, sizeof o->document);
    assert_int_equal(registrar_appoint(make, signers, &out), OK);
    o->document_len = out.len;
}

/* By two officials of the registrar above; NULL: by the root. */
static void appoint(struct office *o, const struct registrar_make *make, const struct office *by)
{
    const struct key *root = f.realm->root;
    struct office_signers signers = {.anchor = &f.realm->anchor, .keys = &root, .key_count = 1};
    if (by != NULL)
        signers =
            (struct office_signers){.member = by->member, .keys = keys_of(by), .key_count = 2};
    appoint_as(o, make, &signers);
}

static struct registry_make version_of(const struct office *o, uint64_t version)
{
    struct registry_make make = realm_make(f.realm, version);
    make.registrar_document = span_of(o->document, o->document_len);
    make.root_count = 0;
    make.officials = keys_of(o);
    make.official_count = 2;
    return make;
}

/* The members of the realm but hub and market are the city's; those two the realm's own. */
static size_t city_records(lianshu_MemberRecord *out, bool city)
{
    size_t n = 0;
    for (size_t i = 0; i < REALM_MEMBERS; i++) {
        const char *id = f.realm->records[i].member;
        if ((strcmp(id, REALM_HUB) != 0 && strcmp(id, REALM_MARKET) != 0) == city)
            out[n++] = f.realm->records[i];
    }
    return n;
}

static int chain_setup(void **state)
{
    setup(state);
    memset(&w, 0, sizeof w);
    make_office(&w.realm, "registrar.000000");
    make_office(&w.province, "registrar.440000");
    make_office(&w.city, "registrar.445100");
    make_office(&w.district, "registrar.445102");
    struct office *chain[] = {&w.realm, &w.province, &w.city, &w.district};
    for (size_t i = 0; i < T_COUNT(chain); i++) {
        const struct registrar_make make = appointment(chain[i]);
        appoint(chain[i], &make, i == 0 ? NULL : chain[i - 1]);
    }
    return 0;
}

static int chain_teardown(void **state)
{
    struct office *chain[] = {&w.realm, &w.province, &w.city, &w.district};
    for (size_t i = 0; i < T_COUNT(chain); i++) {
        for (size_t k = 0; k < OFFICIALS; k++)
            key_close(&chain[i]->key[k]);
    }
    registry_close(&w.above);
    return teardown(state);
}

static enum err make_file(const struct registry_make *make, const lianshu_MemberRecord *records,
                          size_t count)
{
    struct writer out = writer_of(f.file, sizeof f.file);
    enum err err = registry_write(make, records, count, &out, &f.fault);
    f.len = out.len;
    return err;
}

static enum err open_now(void)
{
    struct registry *r = NULL;
    f.fault.detail[0] = '\0';
    enum err err = registry_open(&r, &f.realm->anchor, span_of(f.file, f.len), 0, &f.fault);
    registry_close(&r);
    return err;
}

/* Parts are made for the next version of a registry that has their registrars above. */
static void make_above(void)
{
    const struct registry_make make = version_of(&w.realm, 1);
    assert_int_equal(make_file(&make, f.realm->records, REALM_MEMBERS), OK);
    registry_close(&w.above);
    assert_int_equal(registry_open(&w.above, &f.realm->anchor, span_of(f.file, f.len), 1, &f.fault),
                     OK);
}

/* What one registrar vouches for, as LSG1 of it alone. Not read back: the realm's build does. */
static struct span raw_part(size_t slot, const struct office *o, size_t signer_count,
                            const lianshu_MemberRecord *records, size_t count, uint64_t until_ms)
{
    static uint8_t version[PART_CAP];
    lianshu_RegistryVersion *v = calloc(1, sizeof *v);
    struct writer g = writer_of(version, sizeof version);
    struct writer out = writer_of(w.part[slot], sizeof w.part[slot]);
    uint8_t bytes[REALM_MEMBERS][FRAME_RECORD_MAX];
    size_t len[REALM_MEMBERS];
    merkle_hash leaf[REALM_MEMBERS];
    for (size_t i = 0; i < count; i++) {
        struct writer one = writer_of(bytes[i], FRAME_RECORD_MAX);
        assert_int_equal(wire_encode(&lianshu_MemberRecord_msg, &records[i], &one), OK);
        len[i] = one.len;
        merkle_leaf(leaf[i], writer_span(&one));
    }
    v->version = 1;
    v->valid_until_ms = until_ms;
    v->member_count = (uint32_t)count;
    merkle_root(v->root, leaf, count);
    const struct office_paper paper = {
        .realm = REALM_NAME,
        .type = lianshu_DocumentType_TYPE_REGISTRY,
        .desc = &lianshu_RegistryVersion_msg,
        .body = v,
        .now_ms = REALM_NOW_MS - REALM_DAY_MS,
        .valid_until_ms = until_ms,
        .entropy = &f.realm->entropy,
    };
    const struct office_signers signers = {
        .member = o->member, .keys = keys_of(o), .key_count = signer_count};
    assert_int_equal(office_document(&paper, &signers, &g), OK);
    free(v);
    begin_file(&out, span_of(o->document, o->document_len), writer_span(&g), (uint32_t)count);
    for (size_t i = 0; i < count; i++)
        frame_registry_add(&out, 0, span_of(bytes[i], len[i]));
    w.part_len[slot] = out.len;
    return writer_span(&out);
}

static int by_member(const void *a, const void *b)
{
    return strcmp(((const lianshu_MemberRecord *)a)->member,
                  ((const lianshu_MemberRecord *)b)->member);
}

static struct span city_part(size_t slot, const struct office *o, size_t signer_count)
{
    static lianshu_MemberRecord records[REALM_MEMBERS];
    const size_t n = city_records(records, true);
    qsort(records, n, sizeof records[0], by_member);
    return raw_part(slot, o, signer_count, records, n, REALM_NOW_MS + 30 * REALM_DAY_MS);
}

/* The realm's own two members, and these parts. */
static enum err build_with(const struct span *parts, size_t part_count)
{
    static lianshu_MemberRecord records[REALM_MEMBERS];
    const size_t n = city_records(records, false);
    struct registry_make make = version_of(&w.realm, 2);
    make.parts = parts;
    make.part_count = part_count;
    f.fault.detail[0] = '\0';
    return make_file(&make, records, n);
}

/* Province without records of its own, city below it: given in the wrong order all the same. */
static enum err build_chain(void)
{
    const struct span parts[] = {
        city_part(0, &w.city, 2),
        raw_part(1, &w.province, 2, NULL, 0, REALM_NOW_MS + 30 * REALM_DAY_MS),
    };
    return build_with(parts, 2);
}

static void any_two_of_three_officials_sign(void **state)
{
    static const size_t pairs[][2] = {{0, 1}, {1, 2}, {2, 0}};
    (void)state;
    for (size_t i = 0; i < T_COUNT(pairs); i++) {
        const struct key *two[] = {w.realm.key[pairs[i][0]], w.realm.key[pairs[i][1]]};
        struct registry_make make = version_of(&w.realm, 1);
        make.officials = two;
        assert_int_equal(make_file(&make, f.realm->records, REALM_MEMBERS), OK);
        assert_int_equal(open_now(), OK);
    }
}

/* */
static void fewer_officials_than_the_threshold_are_410(void **state)
{
    struct registry_make make = version_of(&w.realm, 1);
    (void)state;
    make.official_count = 1;
    assert_int_equal(make_file(&make, f.realm->records, REALM_MEMBERS), ERR_REGISTRY);
    assert_non_null(strstr(f.fault.detail, "1 of 2 signatures of registrar.000000"));
    assert_int_equal(open_now(), ERR_REGISTRY);
    /* One who is none of them does not count: the fourth key was not appointed. */
    const struct key *stranger[] = {w.realm.key[0], w.realm.key[3]};
    make.officials = stranger;
    make.official_count = 2;
    assert_int_equal(make_file(&make, f.realm->records, REALM_MEMBERS), ERR_REGISTRY);
    /* Nor does another registrar's official. */
    const struct key *other[] = {w.realm.key[0], w.province.key[0]};
    make.officials = other;
    assert_int_equal(make_file(&make, f.realm->records, REALM_MEMBERS), ERR_REGISTRY);
    /* One official twice is one: it cannot even be written. */
    const struct key *twice[] = {w.realm.key[0], w.realm.key[0]};
    make.officials = twice;
    assert_int_equal(make_file(&make, f.realm->records, REALM_MEMBERS), ERR_KEY_REUSED);
}

/* D names one key twice and carries its signature twice. */
static void one_signer_twice_is_410(void **state)
{
    lianshu_Document *d = calloc(1, sizeof *d);
    static uint8_t bytes[FRAME_DOCUMENT_MAX], lsd[DOCUMENT_FRAME_MAX];
    struct writer d_w = writer_of(bytes, sizeof bytes), lsd_w = writer_of(lsd, sizeof lsd);
    const struct key *twice[] = {w.realm.key[0], w.realm.key[0]};
    struct frame_registry frame;
    struct frame_document document;
    struct span record;
    uint8_t hash[HASH_LEN], *old = malloc(FILE_CAP);
    unsigned number;
    (void)state;
    make_above();
    memcpy(old, f.file, f.len);
    assert_int_equal(frame_parse_registry(span_of(old, f.len), &frame), OK);
    assert_int_equal(frame_parse_document(first_of(&frame).version, &document), OK);
    assert_int_equal(wire_decode(&lianshu_Document_msg, document.document, d), OK);
    d->issuers[1] = d->issuers[0];
    assert_int_equal(document_encode(d, &d_w, hash), OK);
    assert_int_equal(document_sign(writer_span(&d_w), twice, 2, &lsd_w), OK);
    struct writer out = writer_of(f.file, sizeof f.file);
    begin_file(&out, first_of(&frame).document, writer_span(&lsd_w), frame.count);
    while (frame_registry_next(&frame, &number, &record))
        frame_registry_add(&out, number, record);
    f.len = out.len;
    assert_int_equal(open_now(), ERR_REGISTRY);
    assert_non_null(strstr(f.fault.detail, "registry document: E221"));
    free(old);
    free(d);
}

static void a_registrar_is_refused_for_each_fault(void **state)
{
    static const struct {
        unsigned threshold;
        size_t keys;
        unsigned twice; /* key 1 is that of official 0 */
        const char *region;
        enum err want;
    } rows[] = {
        {1, 1, 0, "000000", OK},
        {7, 7, 0, "000000", OK},
        {2, 1, 0, "000000", ERR_REGISTRY},
        {8, 7, 0, "000000", ERR_REGISTRY},
        {1, 2, 1, "000000", ERR_KEY_REUSED},
        {1, 1, 0, "440000", ERR_REGISTRY},
        {1, 1, 0, "00", ERR_REGISTRY},
    };
    (void)state;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        struct registrar_make appoint_make = appointment(&w.realm);
        uint8_t keep[KEY_PUBLIC_LEN];
        print_message("row %zu\n", i);
        memcpy(keep, w.realm.public_key[1], sizeof keep);
        if (rows[i].twice != 0)
            memcpy(w.realm.public_key[1], w.realm.public_key[0], sizeof keep);
        appoint_make.threshold = rows[i].threshold;
        appoint_make.more_count = rows[i].keys;
        appoint_make.region = rows[i].region;
        appoint(&w.realm, &appoint_make, NULL);
        struct registry_make make = version_of(&w.realm, 1);
        make.official_count = rows[i].threshold < rows[i].keys ? rows[i].threshold : rows[i].keys;
        assert_int_equal(make_file(&make, f.realm->records, REALM_MEMBERS), rows[i].want);
        memcpy(w.realm.public_key[1], keep, sizeof keep);
    }
}

/* K-12: one key, one purpose. */
static void an_official_has_no_other_key(void **state)
{
    struct registrar_make appoint_make = appointment(&w.realm);
    struct registry_make make;
    struct office_signers signers;
    (void)state;
    /* A member's. */
    memcpy(w.realm.public_key[2], f.realm->records[1].keys[0].public_key, KEY_PUBLIC_LEN);
    appoint(&w.realm, &appoint_make, NULL);
    make = version_of(&w.realm, 1);
    assert_int_equal(make_file(&make, f.realm->records, REALM_MEMBERS), ERR_KEY_REUSED);
    assert_non_null(strstr(f.fault.detail, f.realm->records[1].member));
    /* The root's. */
    memcpy(w.realm.public_key[2], key_public(f.realm->root), KEY_PUBLIC_LEN);
    appoint(&w.realm, &appoint_make, NULL);
    make = version_of(&w.realm, 1);
    assert_int_equal(make_file(&make, f.realm->records, REALM_MEMBERS), ERR_KEY_REUSED);
    assert_non_null(strstr(f.fault.detail, "the root"));
    /* Another registrar's. */
    memcpy(w.realm.public_key[2], w.realm.public_key[3], KEY_PUBLIC_LEN);
    appoint(&w.realm, &appoint_make, NULL);
    memcpy(w.province.public_key[2], w.realm.public_key[0], KEY_PUBLIC_LEN);
    appoint_make = appointment(&w.province);
    signers = (struct office_signers){
        .member = w.realm.member, .keys = keys_of(&w.realm), .key_count = 2};
    appoint_as(&w.province, &appoint_make, &signers);
    const struct span part = city_part(0, &w.province, 2);
    assert_int_equal(build_with(&part, 1), ERR_KEY_REUSED);
}

/* ---- the chain ---- */

static void three_registrars_below_the_root_vouch_for_their_own(void **state)
{
    struct registry *r = NULL;
    (void)state;
    assert_int_equal(build_chain(), OK);
    assert_int_equal(registry_open(&r, &f.realm->anchor, span_of(f.file, f.len), 2, &f.fault), OK);
    assert_int_equal(registry_registrar_count(r), 3);
    assert_string_equal(registry_registrar_at(r, 1)->member, "registrar.440000");
    assert_string_equal(registry_registrar_at(r, 2)->issuer, "registrar.440000");
    assert_int_equal(registry_registrar_at(r, 2)->depth, 3);
    assert_int_equal(registry_registrar_at(r, 2)->member_count, REALM_MEMBERS - 2);
    assert_null(registry_registrar_at(r, 3));
    assert_int_equal(registry_member(r, REALM_HUB)->registrar, 0);
    assert_int_equal(registry_member(r, REALM_POLICE)->registrar, 2);
    assert_int_equal(registry_may(r, REALM_MARKET, lianshu_DocumentType_TYPE_HONOUR, REALM_POLICE),
                     OK);
    registry_close(&r);
}

static void every_changed_byte_of_a_chain_is_refused(void **state)
{
    (void)state;
    assert_int_equal(build_chain(), OK);
    for (size_t at = 0; at < f.len; at += 3) {
        f.file[at] ^= 0x10;
        assert_int_not_equal(open_now(), OK);
        f.file[at] ^= 0x10;
    }
    assert_int_equal(open_now(), OK);
}

static void a_fourth_registrar_is_407(void **state)
{
    (void)state;
    const uint64_t until = REALM_NOW_MS + 30 * REALM_DAY_MS;
    static uint8_t copy[PART_CAP];
    const struct span city = city_part(0, &w.city, 2);
    memcpy(copy, city.data, city.len);
    const struct span parts[] = {
        span_of(copy, city.len),
        raw_part(1, &w.province, 2, NULL, 0, until),
        raw_part(0, &w.district, 2, NULL, 0, until),
    };
    assert_int_equal(build_with(parts, 3), ERR_CHAIN);
    assert_non_null(strstr(f.fault.detail, "registrar.445102 is 4"));
}

/* */
static void an_issuer_that_is_not_there_is_407(void **state)
{
    (void)state;
    /* The city without its province. */
    const struct span city = city_part(0, &w.city, 2);
    assert_int_equal(build_with(&city, 1), ERR_CHAIN);
    /* The root appoints the realm's registrar; another one of its goes beside no one. */
    const struct registrar_make make = appointment(&w.city);
    appoint(&w.city, &make, NULL);
    const struct span by_root = city_part(0, &w.city, 2);
    assert_int_equal(build_with(&by_root, 1), ERR_CHAIN);
    assert_non_null(strstr(f.fault.detail, "root.000000"));
}

/* */
static void a_delegation_is_refused_for_each_fault(void **state)
{
    static const uint8_t orders[GRANT_TYPES_LEN] = {[2] = 1 << 4}; /* sanction.order alone */
    static const struct {
        int from_days, until_days; /* of the city's appointment; the province's are -1 and 30 */
        bool few_types;            /* the province has few */
        bool city_few;             /* so has the city */
        size_t signer_count;       /* of the province's officials */
        size_t part_signers;       /* of the city's */
        enum err want;
        const char *says;
    } rows[] = {
        {-1, 30, false, false, 2, 2, OK, ""},
        {-1, 31, false, false, 2, 2, ERR_DELEGATION, "its time is wider"},
        {-2, 30, false, false, 2, 2, ERR_DELEGATION, "its time is wider"},
        {-1, 30, true, false, 2, 2, ERR_DELEGATION, "its types is wider"},
        {-1, 30, true, true, 2, 2, ERR_DELEGATION, "not for registrar.445100 to register"},
        {-1, 30, false, true, 2, 2, ERR_DELEGATION, "not for registrar.445100 to register"},
        {-1, 30, false, false, 1, 2, ERR_REGISTRY, "E421"},
        {-1, 30, false, false, 2, 1, ERR_REGISTRY, "1 of 2 signatures of registrar.445100"},
    };
    (void)state;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        struct registrar_make province = appointment(&w.province), city = appointment(&w.city);
        print_message("row %zu\n", i);
        province.types = rows[i].few_types ? orders : NULL;
        appoint(&w.province, &province, &w.realm);
        city.types = rows[i].city_few ? orders : NULL;
        city.valid_from_ms = REALM_NOW_MS + (uint64_t)((int64_t)REALM_DAY_MS * rows[i].from_days);
        city.valid_until_ms = REALM_NOW_MS + (uint64_t)((int64_t)REALM_DAY_MS * rows[i].until_days);
        const struct office_signers signers = {.member = w.province.member,
                                               .keys = keys_of(&w.province),
                                               .key_count = rows[i].signer_count};
        appoint_as(&w.city, &city, &signers);
        const struct span parts[] = {
            city_part(0, &w.city, rows[i].part_signers),
            raw_part(1, &w.province, 2, NULL, 0, REALM_NOW_MS + 30 * REALM_DAY_MS),
        };
        assert_int_equal(build_with(parts, 2), rows[i].want);
        assert_non_null(strstr(f.fault.detail, rows[i].says));
    }
}

static void a_delegate_registers_in_its_region_only(void **state)
{
    (void)state;
    snprintf(w.province.member, sizeof w.province.member, "registrar.450000");
    const struct registrar_make make = appointment(&w.province);
    appoint(&w.province, &make, &w.realm);
    const struct span part = city_part(0, &w.province, 2);
    assert_int_equal(build_with(&part, 1), ERR_DELEGATION);
    /* Nor has it a region outside that of the registrar that appointed it. */
    struct registrar_make city = appointment(&w.city);
    appoint(&w.city, &city, &w.province);
    const struct span parts[] = {
        city_part(0, &w.city, 2),
        raw_part(1, &w.province, 2, NULL, 0, REALM_NOW_MS + 30 * REALM_DAY_MS),
    };
    assert_int_equal(build_with(parts, 2), ERR_DELEGATION);
    assert_non_null(strstr(f.fault.detail, "its region is wider"));
}

/* the province appoints itself to the whole realm, or the city to more types. */
static void nobody_appoints_itself(void **state)
{
    (void)state;
    struct registrar_make make = appointment(&w.province);
    make.valid_until_ms += REALM_DAY_MS;
    appoint(&w.province, &make, &w.province);
    const struct span part = city_part(0, &w.province, 2);
    assert_int_equal(build_with(&part, 1), ERR_CHAIN);
    /* In another's name: it is not his key. */
    const struct office_signers forged = {
        .member = w.realm.member, .keys = keys_of(&w.province), .key_count = 2};
    appoint_as(&w.province, &make, &forged);
    const struct span other = city_part(0, &w.province, 2);
    assert_int_equal(build_with(&other, 1), ERR_REGISTRY);
    assert_non_null(strstr(f.fault.detail, "E304"));
}

/* A head that promises longer than a part of it lasts, signed by the realm's own officials. */
static void a_registry_that_outlives_a_part_is_409(void **state)
{
    static uint8_t file[FILE_CAP], lsd[DOCUMENT_FRAME_MAX];
    struct frame_registry frame;
    struct frame_document document;
    struct frame_registrar one;
    struct span record;
    unsigned number;
    lianshu_Document *d = calloc(1, sizeof *d);
    lianshu_RegistryVersion *v = calloc(1, sizeof *v);
    struct writer g = writer_of(lsd, sizeof lsd);
    (void)state;
    const struct span part = raw_part(0, &w.province, 2, NULL, 0, REALM_NOW_MS + 5 * REALM_DAY_MS);
    assert_int_equal(build_with(&part, 1), OK);
    memcpy(file, f.file, f.len);
    assert_int_equal(frame_parse_registry(span_of(file, f.len), &frame), OK);
    assert_int_equal(frame_parse_document(first_of(&frame).version, &document), OK);
    assert_int_equal(wire_decode(&lianshu_Document_msg, document.document, d), OK);
    assert_int_equal(
        wire_decode(&lianshu_RegistryVersion_msg, span_of(d->body.bytes, d->body.size), v), OK);
    v->valid_until_ms++;
    const struct office_paper paper = {
        .realm = REALM_NAME,
        .type = lianshu_DocumentType_TYPE_REGISTRY,
        .desc = &lianshu_RegistryVersion_msg,
        .body = v,
        .now_ms = d->issued_ms,
        .valid_until_ms = v->valid_until_ms,
        .entropy = &f.realm->entropy,
    };
    const struct office_signers signers = {
        .member = w.realm.member, .keys = keys_of(&w.realm), .key_count = 2};
    assert_int_equal(office_document(&paper, &signers, &g), OK);
    struct writer out = writer_of(f.file, sizeof f.file);
    frame_registry_begin(&out, frame.registrar_count);
    for (size_t i = 0; frame_registry_registrar(&frame, &one); i++) {
        if (i == 0)
            one.version = writer_span(&g);
        frame_registry_put(&out, &one);
    }
    frame_registry_records(&out, frame.count);
    while (frame_registry_next(&frame, &number, &record))
        frame_registry_add(&out, number, record);
    f.len = out.len;
    assert_int_equal(open_now(), ERR_DELEGATION);
    assert_non_null(strstr(f.fault.detail, "longer than that of registrar.440000"));
    free(v);
    free(d);
}

static void a_part_that_ends_first_ends_the_registry(void **state)
{
    struct registry *r = NULL;
    const uint64_t until = REALM_NOW_MS + 5 * REALM_DAY_MS;
    (void)state;
    const struct span parts[] = {
        city_part(0, &w.city, 2),
        raw_part(1, &w.province, 2, NULL, 0, until),
    };
    assert_int_equal(build_with(parts, 2), OK);
    assert_int_equal(registry_open(&r, &f.realm->anchor, span_of(f.file, f.len), 2, &f.fault), OK);
    assert_int_equal(registry_valid_until_ms(r), until);
    registry_close(&r);
}

static void one_registrar_twice_is_refused(void **state)
{
    static uint8_t copy[PART_CAP];
    (void)state;
    const struct span first = city_part(0, &w.province, 2);
    memcpy(copy, first.data, first.len);
    const struct span parts[] = {span_of(copy, first.len),
                                 raw_part(1, &w.province, 2, NULL, 0, REALM_NOW_MS + REALM_DAY_MS)};
    assert_int_equal(build_with(parts, 2), ERR_REGISTRY);
    assert_non_null(strstr(f.fault.detail, "there twice"));
}

/* ---- mixing ---- */

/* The file again, with other registrars or records in it. */
struct mix {
    struct frame_registrar registrar[SEALS];
    size_t registrar_count;
    struct span record[REALM_MEMBERS];
    unsigned tag[REALM_MEMBERS];
    size_t record_count;
};

static void read_mix(struct mix *m, struct span file)
{
    struct frame_registry frame;
    assert_int_equal(frame_parse_registry(file, &frame), OK);
    *m = (struct mix){.registrar_count = 0};
    while (frame_registry_registrar(&frame, &m->registrar[m->registrar_count]))
        m->registrar_count++;
    while (m->record_count < REALM_MEMBERS &&
           frame_registry_next(&frame, &m->tag[m->record_count], &m->record[m->record_count]))
        m->record_count++;
}

static enum err open_mix(const struct mix *m)
{
    struct writer out = writer_of(f.file, sizeof f.file);
    frame_registry_begin(&out, (unsigned)m->registrar_count);
    for (size_t i = 0; i < m->registrar_count; i++)
        frame_registry_put(&out, &m->registrar[i]);
    frame_registry_records(&out, (uint32_t)m->record_count);
    for (size_t i = 0; i < m->record_count; i++)
        frame_registry_add(&out, m->tag[i], m->record[i]);
    f.len = out.len;
    return open_now();
}

/* parts of another version, left out, exchanged, or credited to another registrar. */
static void what_the_head_did_not_name_is_410(void **state)
{
    static uint8_t first[FILE_CAP], second[FILE_CAP];
    struct mix good, other, m;
    (void)state;
    assert_int_equal(build_chain(), OK);
    memcpy(first, f.file, f.len);
    read_mix(&good, span_of(first, f.len));
    assert_int_equal(build_chain(), OK); /* the same again: other salts, other documents */
    memcpy(second, f.file, f.len);
    read_mix(&other, span_of(second, f.len));
    assert_int_equal(open_mix(&good), OK);

    m = good;
    m.registrar[2] = other.registrar[2];
    assert_int_equal(open_mix(&m), ERR_REGISTRY);
    m = good;
    m.registrar[0] = other.registrar[0];
    assert_int_equal(open_mix(&m), ERR_REGISTRY);
    m = good; /* one less than signed */
    m.registrar_count = 2;
    for (size_t i = 0; i < m.record_count; i++)
        m.tag[i] = m.tag[i] > 1 ? 1 : m.tag[i];
    assert_int_equal(open_mix(&m), ERR_REGISTRY);
    m = good; /* the province before the realm: nobody below the root comes first */
    m.registrar[0] = good.registrar[1];
    m.registrar[1] = good.registrar[0];
    assert_int_equal(open_mix(&m), ERR_REGISTRY);
    m = good; /* the city before its province */
    m.registrar[1] = good.registrar[2];
    m.registrar[2] = good.registrar[1];
    assert_int_equal(open_mix(&m), ERR_CHAIN);
    for (size_t i = 0; i < good.record_count; i++) {
        for (unsigned tag = 0; tag < SEALS; tag++) {
            if (tag == good.tag[i])
                continue;
            m = good;
            m.tag[i] = tag;
            assert_int_equal(open_mix(&m), ERR_REGISTRY);
        }
    }
}

/* ---- drafts ---- */

static struct registry_make draft_make(void)
{
    struct registry_make make = version_of(&w.realm, 1);
    make.official_count = 1;
    make.later = (const uint8_t(*)[KEY_PUBLIC_LEN])w.realm.public_key + 1;
    make.later_count = 1;
    return make;
}

static enum err sign_file(const struct key *key)
{
    static uint8_t lsd[DOCUMENT_FRAME_MAX], old[FILE_CAP];
    struct writer g = writer_of(lsd, sizeof lsd);
    struct mix m;
    memcpy(old, f.file, f.len);
    read_mix(&m, span_of(old, f.len));
    enum err err = document_add_signature(m.registrar[0].version, key, &g);
    if (err != OK)
        return err;
    m.registrar[0].version = writer_span(&g);
    (void)open_mix(&m);
    return OK;
}

static void a_draft_waits_for_those_it_names_and_nobody_else_believes_it(void **state)
{
    struct registry *r = NULL;
    uint32_t signed_by = 0;
    const struct registry_make make = draft_make();
    (void)state;
    assert_int_equal(make_file(&make, f.realm->records, REALM_MEMBERS), OK);
    assert_int_equal(open_now(), ERR_REGISTRY);
    assert_int_equal(
        registry_open_draft(&r, &f.realm->anchor, span_of(f.file, f.len), &signed_by, &f.fault),
        OK);
    assert_int_equal(signed_by, 1);
    assert_int_equal(registry_member_count(r), REALM_MEMBERS);
    registry_close(&r);
    assert_int_equal(sign_file(w.realm.key[2]),
                     ERR_KEY_NOT_SENDERS); /* an official, but not named */
    assert_int_equal(sign_file(w.realm.key[0]), ERR_EXISTS);
    assert_int_equal(sign_file(w.realm.key[1]), OK);
    assert_int_equal(open_now(), OK);
}

static void every_changed_byte_of_a_draft_is_refused(void **state)
{
    const struct registry_make make = draft_make();
    (void)state;
    assert_int_equal(make_file(&make, f.realm->records, REALM_MEMBERS), OK);
    for (size_t at = 0; at < f.len; at += 3) {
        struct registry *r = NULL;
        uint32_t signed_by;
        f.file[at] ^= 0x02;
        assert_int_not_equal(
            registry_open_draft(&r, &f.realm->anchor, span_of(f.file, f.len), &signed_by, &f.fault),
            OK);
        assert_null(r);
        f.file[at] ^= 0x02;
    }
}

static void a_draft_names_enough_officials(void **state)
{
    struct registry_make make = draft_make();
    (void)state;
    make.later_count = 0; /* one alone, of two */
    assert_int_equal(make_file(&make, f.realm->records, REALM_MEMBERS), ERR_REGISTRY);
    make = draft_make();
    make.later = (const uint8_t(*)[KEY_PUBLIC_LEN])w.province.public_key;
    assert_int_equal(make_file(&make, f.realm->records, REALM_MEMBERS), ERR_REGISTRY);
}

static void a_part_is_made_under_the_registry_above(void **state)
{
    static lianshu_MemberRecord records[REALM_MEMBERS];
    struct registry *r = NULL;
    uint32_t signed_by;
    (void)state;
    make_above();
    const size_t n = city_records(records, true);
    struct registry_make make = version_of(&w.province, 1);
    make.above = w.above;
    assert_int_equal(make_file(&make, records, n), OK);
    const struct span part = span_of(memcpy(w.part[0], f.file, f.len), f.len);
    assert_int_equal(registry_open_part(&r, &f.realm->anchor, w.above, part, &signed_by, &f.fault),
                     OK);
    assert_int_equal(signed_by, 3);
    assert_string_equal(registry_registrar_at(r, 1)->member, "registrar.440000");
    registry_close(&r);
    assert_int_equal(build_with(&part, 1), OK);
    /* Nobody takes it for a registry, nor one whose registrar is appointed by a stranger. */
    f.len = part.len;
    memcpy(f.file, part.data, part.len);
    assert_int_equal(open_now(), ERR_REGISTRY);
    make = version_of(&w.city, 1);
    make.above = w.above;
    assert_int_equal(make_file(&make, records, n), ERR_CHAIN);
}

#define CHAIN_CASE(fn) cmocka_unit_test_setup_teardown(fn, chain_setup, chain_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHAIN_CASE(any_two_of_three_officials_sign),
        CHAIN_CASE(fewer_officials_than_the_threshold_are_410),
        CHAIN_CASE(one_signer_twice_is_410),
        CHAIN_CASE(a_registrar_is_refused_for_each_fault),
        CHAIN_CASE(an_official_has_no_other_key),
        CHAIN_CASE(three_registrars_below_the_root_vouch_for_their_own),
        CHAIN_CASE(every_changed_byte_of_a_chain_is_refused),
        CHAIN_CASE(a_fourth_registrar_is_407),
        CHAIN_CASE(an_issuer_that_is_not_there_is_407),
        CHAIN_CASE(a_delegation_is_refused_for_each_fault),
        CHAIN_CASE(a_delegate_registers_in_its_region_only),
        CHAIN_CASE(nobody_appoints_itself),
        CHAIN_CASE(a_registry_that_outlives_a_part_is_409),
        CHAIN_CASE(a_part_that_ends_first_ends_the_registry),
        CHAIN_CASE(one_registrar_twice_is_refused),
        CHAIN_CASE(what_the_head_did_not_name_is_410),
        CHAIN_CASE(a_draft_waits_for_those_it_names_and_nobody_else_believes_it),
        CHAIN_CASE(every_changed_byte_of_a_draft_is_refused),
        CHAIN_CASE(a_draft_names_enough_officials),
        CHAIN_CASE(a_part_is_made_under_the_registry_above),
    };
    return cmocka_run_group_tests_name("registry_chain", tests, NULL, NULL);
}
