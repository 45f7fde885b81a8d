#include "scenario/factsbook.h"

#include "base/clock.h"
#include "json.h"
#include "keys/rest.h"
#include "wire.h"

#include <stdio.h>

const char *const facts_regions[FACTS_HUBS] = {"000000", "440000", "445100", "220000", "220100"};

struct realm *facts_realm(void)
{
    struct realm_hub plan[FACTS_HUBS] = {{.region = NULL}};
    for (size_t i = 0; i < FACTS_HUBS; i++)
        plan[i].region = facts_regions[i];
    return realm_new(plan, FACTS_HUBS);
}

int facts_setup(void **state)
{
    *state = facts_realm();
    return 0;
}

int facts_teardown(void **state)
{
    realm_free(*state);
    return 0;
}

enum { ROADS = 4 };

static const char *const roads[ROADS][2] = {
    {"445100", "440000"}, {"440000", "000000"}, {"220000", "000000"}, {"220100", "220000"}};

static uint32_t next(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 16;
}

void facts_cut_all(struct realm *r)
{
    for (size_t i = 0; i < ROADS; i++)
        realm_cut(r, roads[i][0], roads[i][1]);
}

void facts_heal_all(struct realm *r, uint32_t seed)
{
    size_t order[ROADS] = {0, 1, 2, 3};
    for (size_t i = ROADS - 1; i > 0; i--) {
        const size_t k = next(&seed) % (i + 1);
        const size_t moved = order[i];
        order[i] = order[k];
        order[k] = moved;
    }
    for (size_t i = 0; i < ROADS; i++) {
        realm_heal(r, roads[order[i]][0], roads[order[i]][1]);
        if (next(&seed) % 2 == 0)
            realm_live(r, MINUTE_MS, 20 * SECOND_MS);
    }
    realm_live(r, MINUTE_MS, 10 * SECOND_MS);
}

void facts_heal_by(struct realm *r, unsigned order)
{
    bool healed[ROADS] = {false};
    for (unsigned left = ROADS; left > 0; left--) {
        unsigned skip = order % left;
        size_t i = 0;
        for (; healed[i] || skip > 0; i++)
            skip -= !healed[i];
        order /= left;
        healed[i] = true;
        realm_heal(r, roads[i][0], roads[i][1]);
        realm_live(r, MINUTE_MS, 20 * SECOND_MS);
    }
}

const char *facts_with_id(const char *text, const char *order_id)
{
    static char out[4096];
    snprintf(out, sizeof out, "%s", text);
    char *at = strstr(out, ORDER_ID);
    assert_non_null(at);
    memcpy(at, order_id, strlen(ORDER_ID));
    return out;
}

void facts_in_every_order(const struct realm_hub plan[static FACTS_HUBS], facts_story *happens,
                          facts_story *stands)
{
    for (unsigned order = 0; order < FACTS_HEALINGS; order++) {
        struct realm *r = realm_new(plan, FACTS_HUBS);
        facts_cut_all(r);
        happens(r);
        facts_heal_by(r, order);
        realm_live(r, 2 * MINUTE_MS, 10 * SECOND_MS);
        stands(r);
        realm_free(r);
    }
}

struct sent facts_send(struct realm *r, const char *from, const char *type, const char *facts)
{
    const bool order = strcmp(type, "sanction.order") == 0;
    const bool fine = strstr(facts, "penalty_record") != NULL;
    const struct mail mail = {
        .from = from,
        .type = type,
        .to = {realm_home(r, from)->ids[0]},
        .facts = facts,
        .basis = {!order ? NULL : (fine ? "AP48" : "DL116"), order && !fine ? "DL118" : NULL},
    };
    return realm_send(r, &mail);
}

struct sent facts_impose(struct realm *r, const char *from, const char *order_id)
{
    const struct sent sent =
        facts_send(r, from, "sanction.order", facts_with_id(ORDER_BODY("1"), order_id));
    assert_int_equal(facts_code(r, from, &sent), OK);
    return sent;
}

uint32_t facts_code(struct realm *r, const char *from, const struct sent *sent)
{
    return world_code(realm_home(r, from), from, sent->env_id);
}

static void id_from(const char *hex, uint8_t out[static 16])
{
    for (size_t i = 0; i < 16; i++) {
        unsigned byte;
        assert_int_equal(sscanf(hex + 2 * i, "%2x", &byte), 1);
        out[i] = (uint8_t)byte;
    }
}

struct order_row facts_order(struct realm *r, const char *region, const char *order_id)
{
    uint8_t id[16];
    struct order_row row = {0};
    id_from(order_id, id);
    const enum err err = order_get(realm_world(r, region)->store->orders, id, STORE_NEVER, &row);
    assert_true(err == OK || err == ERR_NOT_FOUND);
    return row;
}

void facts_assert_order(struct realm *r, const char *order_id, uint32_t version,
                        enum order_state state)
{
    for (size_t i = 0; i < FACTS_HUBS; i++) {
        const struct order_row row = facts_order(r, facts_regions[i], order_id);
        const struct order_row first = facts_order(r, facts_regions[0], order_id);
        if (row.version != version || row.state != state)
            fail_msg("hub.%s: version %u in state %u", facts_regions[i], row.version, row.state);
        assert_memory_equal(row.change_document, first.change_document, HASH_LEN);
    }
}

void facts_everywhere(struct realm *r, const char *order_id, uint8_t out[static HASH_LEN])
{
    for (size_t i = 0; i < FACTS_HUBS; i++) {
        const struct order_row row = facts_order(r, facts_regions[i], order_id);
        uint8_t bytes[8];
        uint8_t hash[HASH_LEN];
        struct writer w = writer_of(bytes, sizeof bytes);
        write_uint(&w, row.version, 4);
        write_uint(&w, row.state, 4);
        const struct span parts[] = {writer_span(&w), span_of(row.change_document, HASH_LEN)};
        hash_spans(hash, parts, 2);
        if (i > 0 && memcmp(hash, out, HASH_LEN) != 0)
            fail_msg("hub.%s has version %u in state %u", facts_regions[i], row.version, row.state);
        memcpy(out, hash, HASH_LEN);
    }
}

size_t facts_owed(struct realm *r, const char *region, const char *order_id)
{
    uint8_t id[16];
    struct obligation row;
    uint64_t cursor = 0;
    size_t count = 0;
    id_from(order_id, id);
    while (obligation_next_of_order(realm_world(r, region)->store->obligations, id, &cursor,
                                    &row) == OK) {
        if (row.member[0] != '\0')
            assert_ptr_equal(realm_home(r, row.member), realm_world(r, region));
        count += row.member[0] != '\0' && row.state < OBLIGATION_CANCELLED;
    }
    return count;
}

void facts_assert_stands(struct realm *r, const char *stands, const char *lost)
{
    facts_assert_order(r, stands, 1, ORDER_ACTIVE);
    for (size_t i = 0; i < FACTS_HUBS; i++) {
        const struct order_row row = facts_order(r, facts_regions[i], lost);
        if (row.version != 0 && row.state != ORDER_ANNULLED)
            fail_msg("hub.%s: %s in state %u", facts_regions[i], lost, row.state);
        assert_int_equal(facts_owed(r, facts_regions[i], lost), 0);
        assert_true(facts_owed(r, facts_regions[i], stands) > 0);
    }
    facts_assert_rolls_equal(r);
}

static const struct roll_digest *digest_of(struct realm *r, const char *region)
{
    const struct roll_digest *digest;
    assert_int_equal(roll_digest(realm_world(r, region)->store->roll, &digest), OK);
    return digest;
}

uint64_t facts_roll_size(struct realm *r, const char *region)
{
    return digest_of(r, region)->count;
}

bool facts_rolls_equal(struct realm *r)
{
    for (size_t i = 1; i < FACTS_HUBS; i++)
        if (memcmp(digest_of(r, facts_regions[i])->root, digest_of(r, facts_regions[0])->root,
                   HASH_LEN) != 0)
            return false;
    return true;
}

void facts_assert_rolls_equal(struct realm *r)
{
    for (size_t i = 0; i < FACTS_HUBS; i++)
        if (memcmp(digest_of(r, facts_regions[i])->root, digest_of(r, facts_regions[0])->root,
                   HASH_LEN) != 0)
            fail_msg("hub.%s knows %llu documents, hub.%s knows %llu", facts_regions[i],
                     (unsigned long long)digest_of(r, facts_regions[i])->count, facts_regions[0],
                     (unsigned long long)digest_of(r, facts_regions[0])->count);
}

size_t facts_said(struct realm *r, const char *region, lianshu_ReceiptKind kind, enum err code)
{
    struct leaf_log *log = realm_world(r, region)->store->log;
    size_t count = 0;
    for (uint64_t i = 0; i < log_size(log); i++) {
        struct log_entry entry;
        lianshu_Receipt q;
        assert_int_equal(log_get(log, i, &entry), OK);
        if (entry.kind == LOG_RECEIPT && wire_decode(&lianshu_Receipt_msg, entry.body, &q) == OK)
            count += q.kind == kind && q.code == (uint32_t)code;
    }
    return count;
}

uint64_t facts_count(struct realm *r, const char *region, const char *name)
{
    return store_counter(realm_world(r, region)->store, name);
}

size_t facts_told(struct realm *r, const char *member, lianshu_HubNoticeKind kind)
{
    struct world *w = realm_home(r, member);
    size_t count = 0;
    for (size_t i = 0; i < world_has(w, member, "hub.notice"); i++) {
        const struct got *got = world_got(w, member, "hub.notice", i);
        lianshu_HubNotice body;
        assert_int_equal(
            wire_decode(&lianshu_HubNotice_msg, span_of(got->facts, got->facts_len), &body), OK);
        count += body.kind == kind;
    }
    return count;
}

/* The signed document, opened from rest with that hub's key. */
static struct span unseal(struct world *w, const struct roll_row *row, uint8_t *room, size_t cap)
{
    struct span sealed;
    struct writer text = writer_of(room, cap);
    const struct key *key = keyring_find(world_site(w, w->ids[0])->keys, KEY_USE_STORAGE);
    const struct rest_place place = {"roll", span_of(row->hash, HASH_LEN), "document"};
    assert_int_equal(roll_text(w->store->roll, row->seq, &sealed), OK);
    assert_int_equal(rest_open(key, &place, sealed, &text), OK);
    return writer_span(&text);
}

static struct roll_row first_text(struct world *w, const char *order_id)
{
    uint8_t id[16];
    uint8_t cursor[HASH_LEN] = {0};
    struct roll_row row;
    id_from(order_id, id);
    assert_int_equal(roll_next_of_version(w->store->roll, id, 1, cursor, &row), OK);
    return row;
}

static struct span seal(struct world *w, const struct roll_row *row, struct span lsd1,
                        struct writer *out)
{
    const struct key *key = keyring_find(world_site(w, w->ids[0])->keys, KEY_USE_STORAGE);
    const struct rest_place place = {"roll", span_of(row->hash, HASH_LEN), "document"};
    assert_int_equal(rest_seal(key, &place, lsd1, &w->entropy, out), OK);
    return writer_span(out);
}

void facts_forge(struct realm *r, const char *from, const char *liar, const char *order_id,
                 const char *hops)
{
    struct world *source = realm_world(r, from);
    struct world *w = realm_world(r, liar);
    uint8_t text[16 << 10];
    uint8_t sealed[20 << 10];
    struct roll_row row = first_text(source, order_id);
    struct roll_link link;
    struct writer out = writer_of(sealed, sizeof sealed);
    const struct span lie = seal(w, &row, unseal(source, &row, text, sizeof text), &out);
    snprintf(row.hops, sizeof row.hops, "%s", hops);
    row.seq = log_size(w->store->log) + 1000; /* beyond what it has told */
    assert_int_equal(store_begin(w->store, w->now_ms), OK);
    assert_int_equal(roll_put(w->store->roll, &row, lie), OK);
    for (size_t i = 0; i < w->link_count; i++) { /* told at once, not found by comparing */
        assert_int_equal(roll_link_get(w->store->roll, w->links[i].member, &link), OK);
        link.normal = row.seq;
        assert_int_equal(roll_link_put(w->store->roll, &link), OK);
    }
    assert_int_equal(store_commit(w->store), OK);
}

static void run(struct world *w, const char *sql, const uint8_t *id)
{
    struct stmt *q[1];
    const char *const text[] = {sql};
    struct fault fault;
    assert_int_equal(db_prepare(w->store->db, text, 1, q, &fault), OK);
    stmt_bind_bytes(q[0], 1, id, 16);
    assert_int_equal(stmt_run(q[0]), OK);
}

void facts_forge_byte(struct realm *r, const char *liar, const char *order_id)
{
    struct world *w = realm_world(r, liar);
    struct stmt *q[1];
    const char *const sql[] = {"UPDATE roll_text SET sealed = ?2 WHERE seq = ?1"};
    uint8_t text[16 << 10];
    uint8_t sealed[20 << 10];
    struct fault fault;
    const struct roll_row row = first_text(w, order_id);
    struct writer out = writer_of(sealed, sizeof sealed);
    const struct span lsd1 = unseal(w, &row, text, sizeof text);
    text[lsd1.len / 2] ^= 1;
    const struct span lie = seal(w, &row, lsd1, &out);
    assert_int_equal(store_begin(w->store, w->now_ms), OK);
    assert_int_equal(db_prepare(w->store->db, sql, 1, q, &fault), OK);
    stmt_bind_u64(q[0], 1, row.seq);
    stmt_bind_blob(q[0], 2, lie);
    assert_int_equal(stmt_run_one(q[0]), OK);
    assert_int_equal(store_commit(w->store), OK);
}

void facts_erase(struct realm *r, const char *region, const char *order_id, unsigned days)
{
    static const char erased[] =
        "UPDATE roll_text SET sealed = x'00' WHERE seq IN (SELECT seq FROM roll WHERE about = ?1)";
    char aged[128];
    struct world *w = realm_world(r, region);
    uint8_t id[16];
    id_from(order_id, id);
    snprintf(aged, sizeof aged, "UPDATE roll SET accepted_ms = %llu WHERE about = ?1",
             (unsigned long long)(r->now_ms - days * (uint64_t)DAY_MS));
    assert_int_equal(store_begin(w->store, w->now_ms), OK);
    run(w, erased, id);
    run(w, aged, id);
    assert_int_equal(store_commit(w->store), OK);
}

void facts_lose(struct realm *r, const char *region, const char *order_id)
{
    static const char *const losses[] = {
        "DELETE FROM roll_text WHERE seq IN (SELECT seq FROM roll WHERE about = ?1)",
        "DELETE FROM document WHERE hash IN (SELECT hash FROM roll WHERE about = ?1)",
        "DELETE FROM roll WHERE about = ?1",
        "DELETE FROM twin WHERE order_id = ?1",
        "DELETE FROM sanction_clock WHERE id = ?1",
        "DELETE FROM sanction WHERE id = ?1",
        "DELETE FROM expansion WHERE order_id = ?1",
        "DELETE FROM obligation WHERE order_id = ?1",
    };
    struct world *w = realm_world(r, region);
    uint8_t id[16];
    id_from(order_id, id);
    assert_int_equal(store_begin(w->store, w->now_ms), OK);
    for (size_t i = 0; i < T_COUNT(losses); i++)
        run(w, losses[i], id);
    assert_int_equal(store_commit(w->store), OK);
    roll_rolled_back(w->store->roll); /* it may be anything now */
}
