/* Checks what keys/registry.h and keys/registrar.h promise of chains of registrars and of proofs:
 * who may vouch for whom, for how long, and what a file that says otherwise gets. */
#include "unit/registry_offices.h"

#include "catalogue.h"

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
static enum err outlive(struct span part)
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
    free(v);
    free(d);
    return open_now();
}

static void a_registry_that_outlives_a_part_is_409(void **state)
{
    static const struct {
        unsigned appointed_days;
        unsigned vouched_days;
    } rows[] = {{30, 5}, {5, 30}, {5, 5}};
    (void)state;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        struct registrar_make make = appointment(&w.province);
        make.valid_until_ms = REALM_NOW_MS + rows[i].appointed_days * REALM_DAY_MS;
        appoint(&w.province, &make, &w.realm);
        print_message("row %zu\n", i);
        assert_int_equal(outlive(raw_part(0, &w.province, 2, NULL, 0,
                                          REALM_NOW_MS + rows[i].vouched_days * REALM_DAY_MS)),
                         ERR_DELEGATION);
        assert_non_null(strstr(f.fault.detail, "longer than that of registrar.440000"));
    }
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

/* ---- parts ---- */

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

int main(void)
{
    const struct CMUnitTest tests[] = {
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
        CHAIN_CASE(a_part_is_made_under_the_registry_above),
    };
    return cmocka_run_group_tests_name("registry_chain", tests, NULL, NULL);
}
