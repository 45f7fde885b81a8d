#include "scenario/realm.h"

#include "scenario/world_inner.h"

#include "base/clock.h"
#include "wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define LINK_KID "8899aabbccddeeff"

static size_t index_of(const struct realm *r, const char *region)
{
    for (size_t i = 0; i < r->count; i++) {
        if (strcmp(r->plan[i].region, region) == 0)
            return i;
    }
    fail_msg("no hub in %s", region);
    return 0;
}

struct world *realm_world(struct realm *r, const char *region)
{
    return r->world[index_of(r, region)];
}

struct world *realm_home(struct realm *r, const char *member)
{
    const struct registry_member *home = topology_home_of(r->world[0]->registry, member);
    assert_non_null(home);
    return realm_world(r, home->region);
}

static struct road *road_between(struct realm *r, size_t a, size_t b)
{
    for (size_t i = 0; i < r->road_count; i++) {
        struct road *road = r->road[i];
        if ((road->dialler == a && road->listener == b) ||
            (road->dialler == b && road->listener == a))
            return road;
    }
    return NULL;
}

struct road *realm_road(struct realm *r, const char *one, const char *other)
{
    struct road *road = road_between(r, index_of(r, one), index_of(r, other));
    assert_non_null(road);
    return road;
}

/* ---- the registry ---- */

/* Of everybody here; the records are the caller's until the next call. */
static size_t all_records(struct realm *r, lianshu_MemberRecord **out)
{
    static lianshu_MemberRecord records[REALM_HUBS * (WORLD_MEMBERS + REALM_EXTRA)];
    size_t count = 0;
    memset(records, 0, sizeof records);
    for (size_t i = 0; i < r->count; i++)
        count = world_add_records(r->world[i], records, count);
    *out = records;
    return count;
}

static size_t write_registry(struct realm *r, uint64_t version, unsigned day,
                             const lianshu_MemberRecord *records, size_t count, uint8_t *out,
                             size_t cap)
{
    const struct key *root = keyring_find(r->root, KEY_USE_ROOT);
    const struct key *official = keyring_find(r->root, KEY_USE_REGISTRAR);
    const struct registry_make make = {
        .anchor = &r->anchor,
        .roots = &root,
        .root_count = 1,
        .officials = &official,
        .official_count = 1,
        .region = "000000",
        .version = version,
        .now_ms = r->now_ms,
        .valid_until_ms = r->now_ms + (365 + day) * (uint64_t)DAY_MS,
        .entropy = &r->world[0]->entropy,
    };
    struct writer w = writer_of(out, cap);
    struct fault fault = {0};
    if (registry_write(&make, records, count, &w, &fault) != OK)
        fail_msg("registry: %s %s", fault.where, fault.detail);
    return w.len;
}

size_t realm_registry(struct realm *r, uint64_t version, unsigned day, uint8_t *out, size_t cap)
{
    lianshu_MemberRecord *records;
    const size_t count = all_records(r, &records);
    return write_registry(r, version, day, records, count, out, cap);
}

size_t realm_registry_changed(struct realm *r, uint64_t version, realm_change *change, uint64_t arg,
                              uint8_t *out, size_t cap)
{
    lianshu_MemberRecord *records;
    const size_t count = all_records(r, &records);
    return write_registry(r, version, 0, records, change(records, count, arg), out, cap);
}

static struct registry *open_registry(const struct realm *r, struct span file)
{
    struct registry *registry = NULL;
    struct fault fault = {0};
    if (registry_open(&registry, &r->anchor, file, 0, &fault) != OK)
        fail_msg("registry: %s %s", fault.where, fault.detail);
    return registry;
}

static void make_registry(struct realm *r)
{
    static uint8_t bytes[256 << 10];
    assert_int_equal(keyring_open(&r->root, "root.000000", ""), OK);
    const struct key *root = world_add_key(r->world[0], r->root, KEY_USE_ROOT);
    (void)world_add_key(r->world[0], r->root, KEY_USE_REGISTRAR);
    r->anchor = (struct anchor){.realm = "demo", .threshold = 1, .root_count = 1};
    memcpy(r->anchor.root[0], key_public(root), KEY_PUBLIC_LEN);
    const size_t len = realm_registry(r, 1, 0, bytes, sizeof bytes);
    for (size_t i = 0; i < r->count; i++)
        r->world[i]->registry = open_registry(r, span_of(bytes, len));
}

void realm_reload(struct realm *r, const char *region, struct span file)
{
    struct world *w = realm_world(r, region);
    struct registry *old = w->registry;
    w->registry = open_registry(r, file);
    w->reader.registry = w->registry;
    assert_int_equal(core_registry(w->core, w->registry), OK);
    registry_close(&old);
}

/* ---- roads ---- */

static void add_link(struct realm *r, size_t at, size_t other, enum link_kind kind)
{
    struct world *w = r->world[at];
    r->links[at][w->link_count++] =
        (struct link){r->world[other]->ids[0], kind, r->plan[at].quota_per_s};
    w->links = r->links[at];
    w->groups = r->groups;
}

static void add_road(struct realm *r, size_t dialler, size_t listener, enum link_kind kind)
{
    assert_true(r->road_count < REALM_ROADS);
    struct road *road = calloc(1, sizeof *road);
    assert_non_null(road);
    road->dialler = dialler;
    road->listener = listener;
    r->road[r->road_count++] = road;
    add_link(r, dialler, listener, kind);
    add_link(r, listener, dialler, kind == LINK_PEER ? LINK_PEER : LINK_SUBORDINATE);
}

static void plan_roads(struct realm *r)
{
    const struct registry *registry = r->world[0]->registry;
    for (size_t i = 0; i < r->count; i++) {
        const struct realm_hub *hub = &r->plan[i];
        const struct registry_member *self = topology_hub(registry, r->world[i]->ids[0]);
        const struct registry_member *superior = topology_superior(registry, self);
        if (superior != NULL && !hub->unlinked)
            add_road(r, i, index_of(r, superior->region), LINK_SUPERIOR);
        for (size_t p = 0; p < T_COUNT(hub->peer) && hub->peer[p] != NULL; p++)
            add_road(r, i, index_of(r, hub->peer[p]), LINK_PEER);
    }
}

static void name_peers(struct realm *r, struct road *road)
{
    char user[CORE_USER_ID_MAX];
    snprintf(user, sizeof user, "%s/" LINK_KID, r->world[road->listener]->ids[0]);
    assert_int_equal(core_peer(r->world[road->dialler]->core, user, &road->peer_at_dialler), OK);
    snprintf(user, sizeof user, "%s/" LINK_KID, r->world[road->dialler]->ids[0]);
    assert_int_equal(core_peer(r->world[road->listener]->core, user, &road->peer_at_listener), OK);
}

static void lose_all(struct road *road)
{
    for (size_t i = 0; i < road->count; i++)
        free(road->frame[i].bytes);
    road->count = 0;
}

/* world_carry_fn */
static bool carry(void *ctx, struct world *w, uint32_t peer, struct span frame)
{
    struct realm *r = ctx;
    for (size_t i = 0; i < r->road_count; i++) {
        struct road *road = r->road[i];
        const bool dials = r->world[road->dialler] == w && road->peer_at_dialler == peer;
        if (!dials && (r->world[road->listener] != w || road->peer_at_listener != peer))
            continue;
        if (!road->up || road->mute)
            return true;
        assert_true(road->count < REALM_FRAMES);
        struct road_frame *f = &road->frame[road->count++];
        *f = (struct road_frame){!dials, r->now_ms + road->delay_ms, frame.len, malloc(frame.len)};
        memcpy(f->bytes, frame.data, frame.len);
        return true;
    }
    return false;
}

/* What has arrived, in order; true: something has. */
static bool unload(struct realm *r, struct road *road)
{
    size_t due = 0;
    while (due < road->count && road->frame[due].due_ms <= r->now_ms)
        due++;
    for (size_t i = 0; i < due; i++) {
        struct road_frame *f = &road->frame[i];
        const size_t to = f->to_dialler ? road->dialler : road->listener;
        world_give(r->world[to], f->to_dialler ? road->peer_at_dialler : road->peer_at_listener,
                   span_of(f->bytes, f->len));
        free(f->bytes);
        road->carried++;
    }
    memmove(road->frame, road->frame + due, (road->count - due) * sizeof road->frame[0]);
    road->count -= due;
    return due > 0;
}

/* ---- time ---- */

void realm_turn(struct realm *r)
{
    for (int i = 0; i < 2000; i++) {
        bool moved = false;
        for (size_t h = 0; h < r->count; h++)
            world_turn(r->world[h]);
        for (size_t n = 0; n < r->road_count; n++)
            moved |= unload(r, r->road[n]);
        if (!moved)
            return;
    }
    fail_msg("the hubs do not come to rest");
}

void realm_pass(struct realm *r, uint64_t ms)
{
    r->now_ms += ms;
    for (size_t h = 0; h < r->count; h++) {
        r->world[h]->now_ms = r->now_ms;
        r->world[h]->reader.at_ms = r->now_ms;
    }
    realm_turn(r);
}

void realm_live(struct realm *r, uint64_t ms, uint64_t step_ms)
{
    for (uint64_t past = 0; past < ms; past += step_ms)
        realm_pass(r, step_ms);
}

static void connect(struct realm *r, struct road *road)
{
    road->up = true;
    road->mute = false;
    core_link_up(r->world[road->dialler]->core, road->peer_at_dialler, r->now_ms);
}

static void disconnect(struct realm *r, struct road *road)
{
    road->up = false;
    lose_all(road);
    core_peer_gone(r->world[road->dialler]->core, road->peer_at_dialler, r->now_ms);
    core_peer_gone(r->world[road->listener]->core, road->peer_at_listener, r->now_ms);
}

void realm_cut(struct realm *r, const char *one, const char *other)
{
    disconnect(r, realm_road(r, one, other));
}

void realm_mute(struct realm *r, const char *one, const char *other)
{
    struct road *road = realm_road(r, one, other);
    road->mute = true;
    lose_all(road);
}

void realm_heal(struct realm *r, const char *one, const char *other)
{
    struct road *road = realm_road(r, one, other);
    if (road->up)
        disconnect(r, road);
    connect(r, road);
    realm_turn(r);
}

void realm_restart(struct realm *r, const char *region)
{
    const size_t hub = index_of(r, region);
    for (size_t i = 0; i < r->road_count; i++) {
        struct road *road = r->road[i];
        if ((road->dialler == hub || road->listener == hub) && road->up)
            disconnect(r, road);
    }
    world_restart(r->world[hub]);
    for (size_t i = 0; i < r->road_count; i++) {
        struct road *road = r->road[i];
        if (road->dialler != hub && road->listener != hub)
            continue;
        name_peers(r, road);
        connect(r, road);
    }
    realm_turn(r);
}

/* ---- birth and death ---- */

struct realm *realm_new(const struct realm_hub *plan, size_t count)
{
    struct realm *r = calloc(1, sizeof *r);
    struct fault fault = {0};
    assert_non_null(r);
    assert_in_range(count, 1, REALM_HUBS);
    r->now_ms = WORLD_START_MS;
    r->count = count;
    memcpy(r->plan, plan, count * sizeof *plan);
    assert_int_equal(region_groups_open(&r->groups, "schemas/data/region_groups.csv", &fault), OK);
    for (size_t i = 0; i < count; i++) {
        const uint8_t seed[ENTROPY_SEED_LEN] = {7, (uint8_t)i};
        r->world[i] = world_prepare(seed, plan[i].region, r->now_ms);
        r->world[i]->wide = true;
        r->world[i]->carry = carry;
        r->world[i]->carry_ctx = r;
        for (size_t e = 0; e < REALM_EXTRA && plan[i].extra[e] != NULL; e++)
            world_add_later(r->world[i], plan[i].extra[e]);
    }
    make_registry(r);
    plan_roads(r);
    for (size_t i = 0; i < count; i++)
        world_begin(r->world[i]);
    for (size_t i = 0; i < r->road_count; i++) {
        name_peers(r, r->road[i]);
        connect(r, r->road[i]);
    }
    for (size_t i = 0; i < count; i++) {
        struct world *w = r->world[i];
        for (size_t s = 1; s < WORLD_SITES; s++) {
            if (w->sites[s].id != NULL)
                world_hello(w, w->sites[s].id);
        }
    }
    realm_turn(r);
    return r;
}

void realm_free(struct realm *r)
{
    for (size_t i = 0; i < r->road_count; i++) {
        lose_all(r->road[i]);
        free(r->road[i]);
    }
    for (size_t i = 0; i < r->count; i++)
        world_free(r->world[i]);
    region_groups_close(&r->groups);
    keyring_close(&r->root);
    free(r);
}

/* ---- what happens ---- */

struct sent realm_send(struct realm *r, const struct mail *mail)
{
    struct sent sent = world_post(realm_home(r, mail->from), mail);
    realm_turn(r);
    return sent;
}

void realm_give(struct realm *r, const char *from, const char *to, struct span frame)
{
    const struct road *road = realm_road(r, from, to);
    const size_t hub = index_of(r, to);
    world_give(r->world[hub], road->dialler == hub ? road->peer_at_dialler : road->peer_at_listener,
               frame);
    realm_turn(r);
}

size_t realm_has(struct realm *r, const char *member, const char *type)
{
    return world_has(realm_home(r, member), member, type);
}

size_t realm_heard(struct realm *r, const char *sender, const struct sent *sent,
                   lianshu_ReceiptKind kind)
{
    return world_heard(realm_home(r, sender), sender, sent->env_id, kind);
}

uint32_t realm_refused(struct realm *r, const char *region, uint64_t since, const char *sender)
{
    struct leaf_log *log = realm_world(r, region)->store->log;
    uint32_t code = 0;
    for (uint64_t i = since; i < log_size(log); i++) {
        struct log_entry entry;
        lianshu_Receipt q;
        assert_int_equal(log_get(log, i, &entry), OK);
        if (entry.kind != LOG_RECEIPT)
            continue;
        assert_int_equal(wire_decode(&lianshu_Receipt_msg, entry.body, &q), OK);
        if (q.kind == lianshu_ReceiptKind_RECEIPT_REFUSED && strcmp(q.sender, sender) == 0)
            code = q.code;
    }
    return code;
}

static char lost_dir[64];

static void lose_disk(void)
{
    static const char *const files[] = {"hub.db", "hub.db-wal", "hub.db-shm"};
    char path[96];
    for (size_t i = 0; i < T_COUNT(files); i++) {
        snprintf(path, sizeof path, "%s/%s", lost_dir, files[i]);
        (void)unlink(path);
    }
}

void realm_lose(struct realm *r, const char *region)
{
    struct world *w = realm_world(r, region);
    snprintf(lost_dir, sizeof lost_dir, "%s", w->dir);
    w->restarts_from = lose_disk;
    w->logs_lost++;
    frontier_init(&w->log);
    for (size_t i = 0; i < WORLD_SITES; i++)
        w->sites[i].stream = w->sites[i].line_count = 0;
    realm_restart(r, region);
    w->restarts_from = NULL;
}
