#include "scenario/delegation.h"

#include "scenario/acts.h"
#include "scenario/world_inner.h"

#include "base/clock.h"
#include "base/hex.h"
#include "keys/registrar.h"
#include "keys/registry.h"
#include "wire.h"

#include <stdio.h>

enum { FILE_CAP = 128 << 10 };

struct office delegation_realm = {.member = "registrar.000000"};
struct office delegation_province = {.member = "registrar.440000"};
struct office delegation_city = {.member = "registrar.445100"};

struct span delegation_paper(const struct office *o)
{
    return span_of(o->document, o->len);
}

/* ---- appointments ---- */

/* By an office; NULL: by the root. */
void delegation_appoint(struct book *b, struct office *o, const struct office *by,
                        const uint8_t *types)
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
    struct office *const all[] = {&delegation_realm, &delegation_province, &delegation_city};
    for (size_t i = 0; i < T_COUNT(all); i++) {
        key_close(&all[i]->key);
        assert_int_equal(key_make(&all[i]->key, KEY_USE_REGISTRAR, 0, &b->world->entropy), OK);
        delegation_appoint(b, all[i], i == 0 ? NULL : all[i - 1], NULL);
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
                                       .registrar_document = delegation_paper(m->by),
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
    const struct making first = {.by = &delegation_realm, .version = 2};
    struct registry *above = open_file(b, make_file(b, &first, records, count));
    const struct making of_province = {.by = &delegation_province, .above = above, .version = 1};
    struct span parts[2];
    parts[0] = make_file(b, &of_province, NULL, 0);
    const struct making second = {
        .by = &delegation_realm, .parts = parts, .part_count = 1, .version = 3};
    registry_close(&above);
    above = open_file(b, make_file(b, &second, records, count));
    const struct making of_city = {.by = &delegation_city, .above = above, .version = 1};
    parts[1] = make_file(b, &of_city, &own, 1);
    const struct making third = {
        .by = &delegation_realm, .parts = parts, .part_count = 2, .version = 4};
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

/* Whatever its officials call a document of that type. */
struct span delegation_called(struct book *b, const struct office *by, lianshu_DocumentType type,
                              const pb_msgdesc_t *desc, const void *body)
{
    static uint8_t paper[PAPER_MAX];
    struct world *w = b->world;
    const struct key *key = by->key;
    const struct office_paper what = {.realm = "demo",
                                      .type = type,
                                      .desc = desc,
                                      .body = body,
                                      .now_ms = w->now_ms,
                                      .entropy = &w->entropy};
    const struct office_signers signers = {.member = by->member, .keys = &key, .key_count = 1};
    struct writer out = writer_of(paper, sizeof paper);
    assert_int_equal(office_document(&what, &signers, &out), OK);
    return writer_span(&out);
}

struct span delegation_revocation(struct book *b, const struct office *by, const char *member,
                                  uint64_t number)
{
    lianshu_Revocation body = {.number = number,
                               .reason = lianshu_RevocationReason_REVOCATION_COMPROMISED};
    const struct keyring *keys = world_site(b->world, SENDER)->keys;
    snprintf(body.member, sizeof body.member, "%s", member);
    memcpy(body.kid, key_kid(keyring_find(keys, KEY_USE_SIGN)), KID_LEN);
    return delegation_called(b, by, lianshu_DocumentType_TYPE_KEY_REVOCATION,
                             &lianshu_Revocation_msg, &body);
}

/* The sender's act, then the revocation of its key by the registrar that registered it. */
void delegation_export(struct book *b)
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
    assert_int_equal(core_amend(w->core, delegation_revocation(b, &delegation_city, SENDER, 1),
                                w->now_ms, &said),
                     OK);
    assert_null(memmem(answer, said.len, "\"error\"", 7));
    world_turn(w);
    hex_encode(span_of(env_id, HASH_LEN), hex);
    book_serve(b);
    snprintf(line, sizeof line, "evidence export %s --anchor anchor.yaml --control control --out b",
             hex);
    must(b->terminal, line);
}

int delegation_close(void **state)
{
    key_close(&delegation_realm.key);
    key_close(&delegation_province.key);
    key_close(&delegation_city.key);
    return book_close(state);
}
