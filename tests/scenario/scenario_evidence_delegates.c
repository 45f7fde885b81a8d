/* Evidence where registrars below the realm's vouch for members and revoke their keys, in a chain
 * of three: by both verifiers, and what both refuse. */
#include "scenario/acts.h"
#include "scenario/evidencebook.h"
#include "scenario/world_inner.h"

#include "base/clock.h"
#include "base/hex.h"
#include "cli/evidence.h"
#include "fault/memory.h"
#include "keys/evidence.h"
#include "keys/registrar.h"
#include "keys/registry.h"
#include "wire.h"

#include <stdio.h>
#include <stdlib.h>

enum { PAPER_MAX = 8 << 10, FILE_CAP = 128 << 10 };

#define SENDER "market.445100"
#define VERIFY "evidence verify b --anchor anchor.yaml"
#define CITY   "b/registrars/registrar.445100"

/* One official each, and its appointment. */
struct office {
    const char *member;
    struct key *key;
    uint8_t document[PAPER_MAX];
    size_t len;
};

static struct office realm = {.member = "registrar.000000"};
static struct office province = {.member = "registrar.440000"};
static struct office city = {.member = "registrar.445100"};

static struct span paper_of(const struct office *o)
{
    return span_of(o->document, o->len);
}

/* ---- appointments ---- */

/* By an office; NULL: by the root. */
static void appoint(struct book *b, struct office *o, const struct office *by, const uint8_t *types)
{
    struct world *w = b->world;
    const struct key *key = o->key;
    const struct key *signer = by == NULL ? keyring_find(w->root, KEY_USE_ROOT) : by->key;
    const struct registrar_make make = {.realm = "demo",
                                        .member = o->member,
                                        .region = strchr(o->member, '.') + 1,
                                        .types = types,
                                        .keys = &key,
                                        .key_count = 1,
                                        .number = 1,
                                        .now_ms = w->now_ms,
                                        .valid_from_ms = WORLD_START_MS,
                                        .valid_until_ms = WORLD_START_MS + 300 * (uint64_t)DAY_MS,
                                        .entropy = &w->entropy};
    const struct office_signers signers = {.member = by == NULL ? NULL : by->member,
                                           .anchor = &w->anchor,
                                           .keys = &signer,
                                           .key_count = 1};
    struct writer out = writer_of(o->document, sizeof o->document);
    assert_int_equal(registrar_appoint(&make, &signers, &out), OK);
    o->len = out.len;
}

static void make_offices(struct book *b)
{
    struct office *const all[] = {&realm, &province, &city};
    for (size_t i = 0; i < T_COUNT(all); i++) {
        key_close(&all[i]->key);
        assert_int_equal(key_make(&all[i]->key, KEY_USE_REGISTRAR, 0, &b->world->entropy), OK);
        appoint(b, all[i], i == 0 ? NULL : all[i - 1], NULL);
    }
}

/* ---- the registry ---- */

/* What one of them vouches for; with `above` a part, else a whole file with these parts. */
struct making {
    const struct office *by;
    const struct registry *above;
    const struct span *parts;
    size_t part_count;
    uint64_t version;
};

static struct span make_file(struct book *b, const struct making *m,
                             const lianshu_MemberRecord *records, size_t count)
{
    static uint8_t files[6][FILE_CAP];
    static size_t next;
    struct world *w = b->world;
    const struct key *key = m->by->key;
    struct fault fault = {.err = OK};
    const struct registry_make make = {.anchor = &w->anchor,
                                       .registrar_document = paper_of(m->by),
                                       .officials = &key,
                                       .official_count = 1,
                                       .parts = m->parts,
                                       .part_count = m->part_count,
                                       .above = m->above,
                                       .version = m->version,
                                       .now_ms = w->now_ms,
                                       .valid_until_ms = w->now_ms + 200 * (uint64_t)DAY_MS,
                                       .entropy = &w->entropy};
    uint8_t *room = files[next++ % T_COUNT(files)];
    struct writer out = writer_of(room, FILE_CAP);
    const enum err err = registry_write(&make, records, count, &out, &fault);
    if (err != OK)
        fail_msg("registry: E%03d %s %s", (int)err, fault.where, fault.detail);
    return writer_span(&out);
}

static struct registry *open_file(struct book *b, struct span file)
{
    struct registry *r = NULL;
    struct fault fault = {.err = OK};
    const enum err err = registry_open(&r, &b->world->anchor, file, 0, &fault);
    if (err != OK)
        fail_msg("registry: E%03d %s %s", (int)err, fault.where, fault.detail);
    return r;
}

/* The sender is the city's, everybody else the realm's; the province has nobody of its own. */
static void delegate(struct book *b)
{
    static lianshu_MemberRecord records[WORLD_SITES];
    static lianshu_MemberRecord own;
    struct world *w = b->world;
    memset(records, 0, sizeof records);
    size_t count = world_add_records(w, records, 0);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(records[i].member, SENDER) != 0)
            continue;
        own = records[i];
        records[i] = records[--count];
    }
    make_offices(b);
    const struct making first = {.by = &realm, .version = 2};
    struct registry *above = open_file(b, make_file(b, &first, records, count));
    const struct making of_province = {.by = &province, .above = above, .version = 1};
    struct span parts[2];
    parts[0] = make_file(b, &of_province, NULL, 0);
    const struct making second = {.by = &realm, .parts = parts, .part_count = 1, .version = 3};
    registry_close(&above);
    above = open_file(b, make_file(b, &second, records, count));
    const struct making of_city = {.by = &city, .above = above, .version = 1};
    parts[1] = make_file(b, &of_city, &own, 1);
    const struct making third = {.by = &realm, .parts = parts, .part_count = 2, .version = 4};
    const struct span file = make_file(b, &third, records, count);
    registry_close(&above);
    struct registry *old = w->registry;
    w->registry = open_file(b, file);
    w->reader.registry = w->registry;
    assert_int_equal(core_registry(w->core, w->registry), OK);
    registry_close(&old);
    world_turn(w);
}

/* ---- revocations ---- */

/* Whatever its officials call a revocation. */
static struct span called_revocation(struct book *b, const struct office *by,
                                     const pb_msgdesc_t *desc, const void *body)
{
    static uint8_t paper[PAPER_MAX];
    struct world *w = b->world;
    const struct key *key = by->key;
    const struct office_paper what = {.realm = "demo",
                                      .type = lianshu_DocumentType_TYPE_KEY_REVOCATION,
                                      .desc = desc,
                                      .body = body,
                                      .now_ms = w->now_ms,
                                      .entropy = &w->entropy};
    const struct office_signers signers = {.member = by->member, .keys = &key, .key_count = 1};
    struct writer out = writer_of(paper, sizeof paper);
    assert_int_equal(office_document(&what, &signers, &out), OK);
    return writer_span(&out);
}

static struct span revocation(struct book *b, const struct office *by, const char *member,
                              uint64_t number)
{
    lianshu_Revocation body = {.number = number,
                               .reason = lianshu_RevocationReason_REVOCATION_COMPROMISED};
    const struct keyring *keys = world_site(b->world, SENDER)->keys;
    snprintf(body.member, sizeof body.member, "%s", member);
    memcpy(body.kid, key_kid(keyring_find(keys, KEY_USE_SIGN)), KID_LEN);
    return called_revocation(b, by, &lianshu_Revocation_msg, &body);
}

/* The sender's act, then the revocation of its key by the registrar that registered it. */
static void export_revoked(struct book *b)
{
    uint8_t env_id[HASH_LEN];
    static uint8_t answer[PAPER_MAX];
    char hex[2 * HASH_LEN + 1];
    char line[512];
    struct world *w = b->world;
    struct writer said = writer_of(answer, sizeof answer);
    delegate(b);
    acts_connect(w);
    world_site(w, "police.445100")->silent = true;
    const struct mail mail = acts_referral();
    world_send(w, &mail, env_id);
    w->now_ms += MINUTE_MS;
    world_turn(w);
    assert_int_equal(core_amend(w->core, revocation(b, &city, SENDER, 1), w->now_ms, &said), OK);
    assert_null(memmem(answer, said.len, "\"error\"", 7));
    world_turn(w);
    hex_encode(span_of(env_id, HASH_LEN), hex);
    book_serve(b);
    snprintf(line, sizeof line, "evidence export %s --anchor anchor.yaml --control control --out b",
             hex);
    must(b->terminal, line);
}

static void both_refuse(struct book *b, const char *label)
{
    refused(b->terminal, VERIFY, CLI_REFUSED, label, "");
    assert_int_equal(book_script(b, "b", "anchor.yaml"), 1);
}

static void a_member_of_a_registrar_three_deep_is_proven_and_so_is_its_revocation(void **state)
{
    struct book *b = *state;
    export_revoked(b);
    must(b->terminal, VERIFY);
    assert_says(b->terminal, "1 are signed by their senders");
    assert_says(b->terminal, "by registrar.445100 up to number 1 are taken into account");
    assert_says(b->terminal, "by registrar.440000 after number 0 are not known here");
    assert_null(strstr(b->terminal->out, "other registrars after version")); /* they are all here */
    assert_int_equal(book_script(b, "b", "anchor.yaml"), 0);
    char *said = read_text("script.out");
    assert_non_null(strstr(said, "by registrar.445100 up to number 1"));
    free(said);
    assert_true(there_is(CITY ".lsd") && there_is("b/registrars/registrar.440000.version"));
}

static void one_byte_of_an_appointment_or_of_its_part_is_found_by_both(void **state)
{
    struct book *b = *state;
    export_revoked(b);
    book_flip(b, "b", "registrars/registrar.440000.lsd");
    book_flip(b, "b", "registrars/registrar.440000.version");
    book_flip(b, "b", "registrars/registrar.445100.lsd");
    book_flip(b, "b", "registrars/registrar.445100.version");
    book_flip(b, "b", "revocations/registrar.445100-00000001.lsd");
}

static void a_delegate_that_is_missing_is_named_by_both(void **state)
{
    struct book *b = *state;
    export_revoked(b);
    assert_int_equal(remove("b/registrars/registrar.440000.lsd"), 0);
    assert_int_equal(remove("b/registrars/registrar.440000.version"), 0);
    book_fit("b");
    both_refuse(b, "E407 registrars/registrar.445100.lsd");
}

/* the province's officials appoint beyond their region. */
static void a_delegate_outside_its_issuers_region_is_refused_by_both(void **state)
{
    struct book *b = *state;
    struct office far = {.member = "registrar.350000"};
    size_t len;
    export_revoked(b);
    assert_int_equal(key_make(&far.key, KEY_USE_REGISTRAR, 0, &b->world->entropy), OK);
    appoint(b, &far, &province, NULL);
    char *version = book_read(CITY ".version", &len);
    assert_int_equal(remove(CITY ".version"), 0);
    assert_int_equal(remove(CITY ".lsd"), 0);
    assert_int_equal(remove("b/revocations/registrar.445100-00000001.lsd"), 0);
    book_add_file("b", "registrars/registrar.350000.version", span_of(version, len));
    book_add_file("b", "registrars/registrar.350000.lsd", paper_of(&far));
    /* Names sort from above downwards: whoever appoints it stands behind it. */
    both_refuse(b, "E4");
    assert_int_equal(remove("b/registrars/registrar.350000.version"), 0);
    assert_int_equal(remove("b/registrars/registrar.350000.lsd"), 0);
    struct office other = {.member = "registrar.450000", .key = far.key};
    appoint(b, &other, &province, NULL);
    book_add_file("b", "registrars/registrar.450000.version", span_of(version, len));
    book_add_file("b", "registrars/registrar.450000.lsd", paper_of(&other));
    both_refuse(b, "E409 registrars/registrar.450000.lsd");
    free(version);
    key_close(&far.key);
}

/* wider in types than who appointed it. */
static void a_delegate_wider_in_types_than_its_issuer_is_refused_by_both(void **state)
{
    struct book *b = *state;
    uint8_t few[GRANT_TYPES_LEN] = {0};
    export_revoked(b);
    grant_add(few, lianshu_DocumentType_TYPE_SANCTION_ORDER);
    appoint(b, &province, &realm, few);
    book_add_file("b", "registrars/registrar.440000.lsd", paper_of(&province));
    both_refuse(b, "E409 registrars/registrar.445100.lsd");
}

/* Whoever may not register a member does not revoke its keys either. */
static void a_revocation_beyond_the_delegates_types_is_refused_by_both(void **state)
{
    struct book *b = *state;
    uint8_t few[GRANT_TYPES_LEN] = {0};
    export_revoked(b);
    grant_add(few, lianshu_DocumentType_TYPE_SANCTION_ORDER);
    appoint(b, &city, &province, few);
    book_add_file("b", "registrars/registrar.445100.lsd", paper_of(&city));
    both_refuse(b, "E409 revocations/registrar.445100-00000001.lsd");
}

static void a_revocation_outside_the_delegates_region_is_refused_by_both(void **state)
{
    struct book *b = *state;
    export_revoked(b);
    book_add_file("b", "revocations/registrar.445100-00000001.lsd",
                  revocation(b, &city, "market.440000", 1));
    both_refuse(b, "E402 revocations/registrar.445100-00000001.lsd");
}

static void a_fourth_registrar_in_a_chain_is_refused_by_both(void **state)
{
    struct book *b = *state;
    struct office district = {.member = "registrar.445102"};
    size_t len;
    export_revoked(b);
    assert_int_equal(key_make(&district.key, KEY_USE_REGISTRAR, 0, &b->world->entropy), OK);
    appoint(b, &district, &city, NULL);
    char *version = book_read(CITY ".version", &len);
    book_add_file("b", "registrars/registrar.445102.version", span_of(version, len));
    book_add_file("b", "registrars/registrar.445102.lsd", paper_of(&district));
    both_refuse(b, "E407 registrars/registrar.445102.lsd");
    free(version);
    key_close(&district.key);
}

/* An empty document would name nobody whose officials could have signed it. */
static void what_is_no_revocation_is_refused_by_both(void **state)
{
    struct book *b = *state;
    export_revoked(b);
    book_add_file("b", "revocations/registrar.445100-00000002.lsd", span_str("no document"));
    both_refuse(b, "E814 revocations/registrar.445100-00000002.lsd");
    /* signed, and about nothing that could be revoked */
    const lianshu_RegistryVersion other = {.version = 2, .valid_until_ms = 7};
    book_add_file("b", "revocations/registrar.445100-00000002.lsd",
                  called_revocation(b, &city, &lianshu_RegistryVersion_msg, &other));
    both_refuse(b, "E210 revocations/registrar.445100-00000002.lsd");
}

static struct {
    struct evidence_pack pack;
    const struct anchor *anchor;
} found;

static enum err verified(void)
{
    struct evidence_reader *reader = NULL;
    struct evidence *evidence = NULL;
    struct fault fault = {0};
    enum err err = evidence_reader_open(&reader, found.anchor);
    if (err == OK)
        err = evidence_verify(reader, found.pack.bundle, &evidence, &fault);
    assert_true((err == OK) == (evidence != NULL));
    evidence_close(&evidence);
    evidence_reader_close(&reader);
    return err;
}

/* A bundle that memory did not suffice for is not called forged. */
static void without_memory_nothing_is_said_of_a_bundle(void **state)
{
    struct book *b = *state;
    export_revoked(b);
    found.anchor = &b->world->anchor;
    assert_int_equal(evidence_pack_read(&found.pack, "b", NULL), OK);
    memory_hold("evidence", verified);
    evidence_pack_close(&found.pack);
}

static int close_all(void **state)
{
    key_close(&realm.key);
    key_close(&province.key);
    key_close(&city.key);
    return book_close(state);
}

#define EACH(fn) cmocka_unit_test_setup_teardown(fn, book_open, close_all)

int main(void)
{
    const struct CMUnitTest tests[] = {
        EACH(a_member_of_a_registrar_three_deep_is_proven_and_so_is_its_revocation),
        EACH(one_byte_of_an_appointment_or_of_its_part_is_found_by_both),
        EACH(a_delegate_that_is_missing_is_named_by_both),
        EACH(a_delegate_outside_its_issuers_region_is_refused_by_both),
        EACH(a_delegate_wider_in_types_than_its_issuer_is_refused_by_both),
        EACH(a_revocation_beyond_the_delegates_types_is_refused_by_both),
        EACH(a_revocation_outside_the_delegates_region_is_refused_by_both),
        EACH(a_fourth_registrar_in_a_chain_is_refused_by_both),
        EACH(what_is_no_revocation_is_refused_by_both),
        EACH(without_memory_nothing_is_said_of_a_bundle),
    };
    return cmocka_run_group_tests_name("evidence_delegates", tests, NULL, NULL);
}
