/* Registrars of a chain of three below the root, each with officials, and registries that they
 * make: whole ones, parts of one registrar, drafts, and files put together by hand. */
#ifndef TESTS_UNIT_REGISTRY_OFFICES_H
#define TESTS_UNIT_REGISTRY_OFFICES_H

#include "unit/registry_world.h"

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
    /* What raw_part says of itself before it is signed, where not NULL. */
    void (*bend)(lianshu_RegistryVersion *version, struct office_paper *paper);
    struct registry *above;
} w;

static inline const struct key *const *keys_of(const struct office *o)
{
    return (const struct key *const *)o->key;
}

static inline void make_office(struct office *o, const char *member)
{
    snprintf(o->member, sizeof o->member, "%s", member);
    for (size_t i = 0; i < OFFICIALS; i++) {
        assert_int_equal(key_make(&o->key[i], KEY_USE_REGISTRAR, 0, &f.realm->entropy), OK);
        memcpy(o->public_key[i], key_public(o->key[i]), KEY_PUBLIC_LEN);
    }
}

static inline struct registrar_make appointment(const struct office *o)
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

static inline void appoint_as(struct office *o, const struct registrar_make *make,
                              const struct office_signers *signers)
{
    struct writer out = writer_of(o->document, sizeof o->document);
    assert_int_equal(registrar_appoint(make, signers, &out), OK);
    o->document_len = out.len;
}

/* By two officials of the registrar above; NULL: by the root. */
static inline void appoint(struct office *o, const struct registrar_make *make,
                           const struct office *by)
{
    const struct key *root = f.realm->root;
    struct office_signers signers = {.anchor = &f.realm->anchor, .keys = &root, .key_count = 1};
    if (by != NULL)
        signers =
            (struct office_signers){.member = by->member, .keys = keys_of(by), .key_count = 2};
    appoint_as(o, make, &signers);
}

static inline struct registry_make version_of(const struct office *o, uint64_t version)
{
    struct registry_make make = realm_make(f.realm, version);
    make.registrar_document = span_of(o->document, o->document_len);
    make.root_count = 0;
    make.officials = keys_of(o);
    make.official_count = 2;
    return make;
}

/* The members of the realm but hub and market are the city's; those two the realm's own. */
static inline size_t city_records(lianshu_MemberRecord *out, bool city)
{
    size_t n = 0;
    for (size_t i = 0; i < REALM_MEMBERS; i++) {
        const char *id = f.realm->records[i].member;
        if ((strcmp(id, REALM_HUB) != 0 && strcmp(id, REALM_MARKET) != 0) == city)
            out[n++] = f.realm->records[i];
    }
    return n;
}

static inline int chain_setup(void **state)
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

static inline int chain_teardown(void **state)
{
    struct office *chain[] = {&w.realm, &w.province, &w.city, &w.district};
    for (size_t i = 0; i < T_COUNT(chain); i++) {
        for (size_t k = 0; k < OFFICIALS; k++)
            key_close(&chain[i]->key[k]);
    }
    registry_close(&w.above);
    return teardown(state);
}

static inline enum err make_file(const struct registry_make *make,
                                 const lianshu_MemberRecord *records, size_t count)
{
    struct writer out = writer_of(f.file, sizeof f.file);
    enum err err = registry_write(make, records, count, &out, &f.fault);
    f.len = out.len;
    return err;
}

static inline enum err open_now(void)
{
    struct registry *r = NULL;
    f.fault.detail[0] = '\0';
    enum err err = registry_open(&r, &f.realm->anchor, span_of(f.file, f.len), 0, &f.fault);
    registry_close(&r);
    return err;
}

/* Parts are made for the next version of a registry that has their registrars above. */
static inline void make_above(void)
{
    const struct registry_make make = version_of(&w.realm, 1);
    assert_int_equal(make_file(&make, f.realm->records, REALM_MEMBERS), OK);
    registry_close(&w.above);
    assert_int_equal(registry_open(&w.above, &f.realm->anchor, span_of(f.file, f.len), 1, &f.fault),
                     OK);
}

/* What one registrar vouches for, as LSG1 of it alone. Not read back: the realm's build does. */
static inline struct span raw_part(size_t slot, const struct office *o, size_t signer_count,
                                   const lianshu_MemberRecord *records, size_t count,
                                   uint64_t until_ms)
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
    struct office_paper paper = {
        .realm = REALM_NAME,
        .type = lianshu_DocumentType_TYPE_REGISTRY,
        .desc = &lianshu_RegistryVersion_msg,
        .body = v,
        .now_ms = REALM_NOW_MS - REALM_DAY_MS,
        .valid_until_ms = until_ms,
        .entropy = &f.realm->entropy,
    };
    if (w.bend != NULL)
        w.bend(v, &paper);
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

static inline int by_member(const void *a, const void *b)
{
    return strcmp(((const lianshu_MemberRecord *)a)->member,
                  ((const lianshu_MemberRecord *)b)->member);
}

static inline struct span city_part(size_t slot, const struct office *o, size_t signer_count)
{
    static lianshu_MemberRecord records[REALM_MEMBERS];
    const size_t n = city_records(records, true);
    qsort(records, n, sizeof records[0], by_member);
    return raw_part(slot, o, signer_count, records, n, REALM_NOW_MS + 30 * REALM_DAY_MS);
}

/* The realm's own two members, and these parts. */
static inline enum err build_with(const struct span *parts, size_t part_count)
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
static inline enum err build_chain(void)
{
    const struct span parts[] = {
        city_part(0, &w.city, 2),
        raw_part(1, &w.province, 2, NULL, 0, REALM_NOW_MS + 30 * REALM_DAY_MS),
    };
    return build_with(parts, 2);
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

static inline void read_mix(struct mix *m, struct span file)
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

static inline enum err open_mix(const struct mix *m)
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

#define CHAIN_CASE(fn) cmocka_unit_test_setup_teardown(fn, chain_setup, chain_teardown)

#endif
