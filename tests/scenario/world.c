#include "scenario/lawbook.h"
#include "scenario/world_inner.h"

#include "base/calendar.h"
#include "base/clock.h"
#include "catalogue.h"
#include "frame.h"
#include "keys/init.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct site *world_site(struct world *w, const char *member)
{
    for (size_t i = 0; i < WORLD_MEMBERS; i++) {
        if (strcmp(w->sites[i].id, member) == 0)
            return &w->sites[i];
    }
    for (size_t i = WORLD_MEMBERS + 1; i < WORLD_SITES; i++) {
        if (w->sites[i].id != NULL && strcmp(w->sites[i].id, member) == 0)
            return &w->sites[i];
    }
    fail_msg("no site %s", member);
    return NULL;
}
static enum err try_open_core(struct world *w)
{
    char path[96];
    struct fault fault = {0};
    snprintf(path, sizeof path, "%s/hub.db", w->dir);
    const struct store_options room = {
        .path = path, .checkpoint_pages = w->checkpoint_pages, .fresh_window = w->fresh_window};
    enum err err = store_open(&w->store, &room, &fault);
    const struct core_options options = {
        .realm = "demo",
        .member = w->ids[0],
        .links = w->links,
        .link_count = w->link_count,
        .groups = w->groups,
        .store = w->store,
        .registry = w->registry,
        .keys = w->sites[0].keys,
        .rules = w->rules,
        .archive = w->archive,
        .retention = w->retention,
        .volume = w->volume,
        .calendar = w->calendar,
        .regions = w->regions,
        .entropy = &w->entropy,
        .sign = world_sign,
        .head = world_head,
        .sign_ctx = w,
        .witness = w->limits.witness,
        .attempts_max = w->limits.attempts_max,
        .rekey_rows = w->limits.rekey_rows,
        .doubt_leaves = w->limits.doubt_leaves,
        .reads_max = w->limits.reads_max,
        .piece_bytes = w->limits.piece_bytes,
        .rate_per_s = w->limits.rate_per_s,
        .sender_rows_max = w->limits.sender_rows_max,
        .sender_bytes_max = w->limits.sender_bytes_max,
        .backlog_rows_max = w->limits.backlog_rows_max,
        .backlog_bytes_max = w->limits.backlog_bytes_max,
    };
    if (err == OK)
        err = core_open(&w->core, &options, w->now_ms, &fault);
    if (err != OK)
        print_message("core: E%03d %s %s\n", (int)err, fault.where, fault.detail);
    return err;
}

static void name_peers(struct world *w)
{
    for (size_t i = 0; i < WORLD_SITES; i++) {
        char user[CORE_USER_ID_MAX];
        if (w->sites[i].id == NULL || i == WORLD_MEMBERS)
            continue;
        snprintf(user, sizeof user, "%s/0011223344556677", w->sites[i].id);
        assert_int_equal(core_peer(w->core, user, &w->sites[i].peer), OK);
    }
}

static void hello(struct world *w, struct site *site)
{
    lianshu_Control control = {.kind = lianshu_ControlKind_CONTROL_HELLO,
                               .which_body = lianshu_Control_hello_tag};
    strcpy(control.body.hello.member, site->id);
    strcpy(control.body.hello.realm, "demo");
    control.body.hello.registry_version = 1;
    control.body.hello.receipt_stream = site->stream;
    control.body.hello.credit_messages = 64;
    control.body.hello.mirror = !site->keeps_no_mirror;
    control.body.hello.credit_bytes = 8 << 20;
    uint8_t bytes[512];
    struct writer out = writer_of(bytes, sizeof bytes);
    assert_int_equal(frame_put_control(&out, &control), OK);
    site->connected = true;
    world_give(w, site->peer, writer_span(&out));
    world_turn(w);
}

void world_enrol_all(struct world *w, const char *const *members, size_t count, unsigned years)
{
    w->years = years;
    for (size_t i = 0; i < count; i++)
        world_add_later(w, members[i]);
    world_widen(w);
    name_peers(w);
    for (size_t i = 0; i < count; i++)
        world_hello(w, members[i]);
}

void world_enrol(struct world *w, const char *member)
{
    world_enrol_all(w, &member, 1, w->years);
}

struct site *world_second(struct world *w, const char *member)
{
    struct site *second = &w->sites[WORLD_MEMBERS];
    const struct site *first = world_site(w, member);
    char user[CORE_USER_ID_MAX];
    assert_null(second->id);
    second->id = first->id;
    second->partial = true;
    world_site(w, member)->partial = true;
    second->keys = first->keys;
    assert_int_equal(opener_open(&w->openers[WORLD_MEMBERS], 64), OK);
    snprintf(user, sizeof user, "%s/8899aabbccddeeff", member);
    assert_int_equal(core_peer(w->core, user, &second->peer), OK);
    second->stream = first->stream;
    second->connected = true;
    hello(w, second);
    return second;
}

static void open_core(struct world *w)
{
    assert_int_equal(try_open_core(w), OK);
    name_peers(w);
}

struct world *world_prepare(const uint8_t seed[static ENTROPY_SEED_LEN], const char *region,
                            uint64_t now_ms)
{
    static const char *const departments[WORLD_MEMBERS] = {"hub",       "market", "health",
                                                           "insurance", "police", "procuratorate"};
    struct world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    assert_int_equal(keys_init(), OK);
    const char *place = getenv("TMPDIR");
    const int len =
        snprintf(w->dir, sizeof w->dir, "%s/world-XXXXXX", place == NULL ? "/tmp" : place);
    assert_in_range(len, 1, sizeof w->dir - 1);
    assert_non_null(mkdtemp(w->dir));
    for (size_t i = 0; i < WORLD_MEMBERS; i++)
        snprintf(w->ids[i], sizeof w->ids[i], "%s.%s", departments[i], region);
    w->now_ms = now_ms;
    w->entropy = entropy_replay_init(&w->replay, seed);
    sha256_init(&w->transcript);
    frontier_init(&w->log);
    world_make_keys(w);
    return w;
}

void world_begin(struct world *w)
{
    const struct lawbook *law = lawbook_shipped();
    w->rules = law->rules;
    w->retention = law->retention;
    w->volume = law->volume;
    w->calendar = law->calendar;
    w->regions = law->regions;
    assert_int_equal(log_readers_open(&w->others), OK);
    assert_int_equal(verifier_open(&w->verifier, VERIFIER_NODES_DEFAULT), OK);
    assert_int_equal(envelope_batch_open(&w->batch, ENVELOPE_BATCH_BYTES_DEFAULT), OK);
    w->reader = (struct log_reader){.registry = w->registry, .hub = w->ids[0], .at_ms = w->now_ms};
    open_core(w);
}

struct world *world_new(const uint8_t seed[static ENTROPY_SEED_LEN])
{
    struct world *w = world_prepare(seed, "445100", WORLD_START_MS);
    world_make_registry(w);
    world_begin(w);
    return w;
}

void world_free(struct world *w)
{
    core_close(&w->core);
    store_close(&w->store);
    envelope_batch_close(&w->batch);
    log_readers_close(&w->others);
    verifier_close(&w->verifier);
    for (size_t i = 0; i < WORLD_SITES; i++) {
        opener_close(&w->openers[i]);
        if (i != WORLD_MEMBERS)
            keyring_close(&w->sites[i].keys);
        for (size_t g = 0; g < w->sites[i].got_count; g++)
            free(w->sites[i].got[g].facts);
    }
    keyring_close(&w->signer);
    keyring_close(&w->root);
    for (size_t i = 0; i < T_COUNT(w->officials); i++) {
        keyring_close(&w->officials[i]);
        keyring_close(&w->desk[i]);
    }
    if (w->volume != lawbook_shipped()->volume)
        volume_close(&w->volume);
    registry_close(&w->registry);
    static const char *const files[] = {"hub.db", "hub.db-wal", "hub.db-shm", "hub.db-lock",
                                        "hub.db.lock"};
    char path[96];
    for (size_t i = 0; i < T_COUNT(files); i++) {
        snprintf(path, sizeof path, "%s/%s", w->dir, files[i]);
        (void)unlink(path);
    }
    snprintf(path, sizeof path, "%s/chunks", w->dir);
    DIR *chunks = opendir(path);
    for (const struct dirent *e; chunks != NULL && (e = readdir(chunks)) != NULL;)
        (void)unlinkat(dirfd(chunks), e->d_name, 0);
    if (chunks != NULL)
        (void)closedir(chunks);
    (void)rmdir(path);
    (void)rmdir(w->dir);
    free(w);
}

int world_setup(void **state)
{
    static const uint8_t seed[ENTROPY_SEED_LEN] = {1, 2, 3};
    *state = world_new(seed);
    return 0;
}

int world_teardown(void **state)
{
    world_free(*state);
    return 0;
}
/* True when the hub has just ended, as it must on a FATAL error. */
static bool died(struct world *w, enum err err)
{
    if (err == OK)
        return w->dead;
    if (!w->may_die || err_class(err) != ERR_CLASS_FATAL)
        fail_msg("the hub answered E%03d", (int)err);
    w->dead = true;
    return true;
}

void world_give(struct world *w, uint32_t peer, struct span frame)
{
    if (!w->dead)
        (void)died(w, core_frame(w->core, peer, frame, w->now_ms));
}

void world_land(struct world *w)
{
    while (w->flight != NULL) {
        core_land(w->flight);
        if (died(w, core_landed(w->core, &w->flight)))
            w->flight = NULL;
    }
}

/* As hub/net/loop.c does it: what is open sets out, then what has landed is told. */
static enum err commit(struct world *w)
{
    if (!w->overlaps)
        return core_commit(w->core, w->now_ms);
    world_land(w);
    if (w->dead)
        return OK;
    enum err err = core_write(w->core, w->now_ms, &w->flight);
    return err == OK ? core_speak(w->core, w->now_ms) : err;
}

static bool turn_once(struct world *w)
{
    if (died(w, core_tick(w->core, w->now_ms)))
        return false;
    if (died(w, commit(w)))
        return false;
    return world_take_outputs(w) > 0 || core_due_ms(w->core) <= w->now_ms || w->flight != NULL;
}

static bool rest(struct world *w)
{
    return w->idles && (died(w, store_idle(w->store)) || died(w, store_shrink(w->store)));
}

void world_turn(struct world *w)
{
    for (int i = 0; i < 400; i++) {
        if (!w->dead && !turn_once(w) && !w->dead && !rest(w))
            return;
        if (w->dead)
            world_restart(w);
    }
    fail_msg("the hub does not come to rest");
}

void world_settle(struct world *w)
{
    enum { LEASE_AND_MORE_MS = 40 * 1000 };
    for (int i = 0; i < 20 && world_status(w, "undelivered") > 0; i++)
        world_pass(w, LEASE_AND_MORE_MS);
}

void world_push(struct world *w, const char *from)
{
    world_give(w, world_site(w, from)->peer, span_of(w->frame, w->frame_len));
}

void world_send(struct world *w, const struct mail *mail, uint8_t env_id[HASH_LEN])
{
    uint8_t id[HASH_LEN];
    world_make(w, mail, id, NULL);
    if (env_id != NULL)
        memcpy(env_id, id, HASH_LEN);
    for (int i = 0; i < 5; i++) {
        world_push(w, mail->from);
        world_turn(w);
        if (!w->may_die || world_receipt(w, mail->from, id) != NULL)
            return;
        w->now_ms += 1000;
    }
}

struct sent world_post(struct world *w, const struct mail *mail)
{
    struct sent sent;
    world_make(w, mail, sent.env_id, sent.id);
    world_push(w, mail->from);
    world_turn(w);
    return sent;
}

void world_pass(struct world *w, uint64_t ms)
{
    w->now_ms += ms;
    w->reader.at_ms = w->now_ms;
    world_turn(w);
}

void world_hello(struct world *w, const char *member)
{
    hello(w, world_site(w, member));
}

static void empty_inbox(struct site *site)
{
    for (size_t i = 0; i < site->got_count; i++)
        free(site->got[i].facts);
    site->got_count = 0;
}

void world_put_away(struct world *w, const char *member)
{
    empty_inbox(world_site(w, member));
    world_site(w, member)->receipt_count = 0;
}

void world_forget(struct world *w, const char *member)
{
    empty_inbox(world_site(w, member));
    world_site(w, member)->line_count = 0;
}

void world_limit(struct world *w, const struct core_options *limits)
{
    w->limits = *limits;
    world_restart(w);
}

size_t world_heard(struct world *w, const char *sender, const uint8_t env_id[static HASH_LEN],
                   lianshu_ReceiptKind kind)
{
    const struct site *site = world_site(w, sender);
    size_t count = 0;
    for (size_t i = 0; i < site->receipt_count; i++)
        count += site->receipts[i].kind == kind &&
                 memcmp(site->receipts[i].env_id, env_id, HASH_LEN) == 0;
    return count;
}

void world_leave(struct world *w, const char *member)
{
    struct site *site = world_site(w, member);
    site->connected = false;
    core_peer_gone(w->core, site->peer, w->now_ms);
}

enum err world_try_restart(struct world *w)
{
    w->flight = NULL;
    core_close(&w->core);
    store_close(&w->store);
    return try_open_core(w);
}

/* A disk that refuses the start as well is tried again, as a supervisor does. */
void world_restart(struct world *w)
{
    enum err err = OK;
    w->restarts++;
    w->flight = NULL;
    for (int i = 0; i < 5; i++) {
        core_close(&w->core);
        store_close(&w->store);
        if (w->restarts_from != NULL)
            w->restarts_from();
        err = try_open_core(w);
        if (err == OK || !w->may_die)
            break;
    }
    assert_int_equal(err, OK);
    w->dead = false;
    name_peers(w);
    for (size_t i = 1; i < WORLD_SITES; i++) {
        if (w->sites[i].connected && i != WORLD_MEMBERS)
            world_hello(w, w->sites[i].id);
    }
}

const lianshu_Receipt *world_receipt(struct world *w, const char *sender,
                                     const uint8_t env_id[static HASH_LEN])
{
    struct site *site = world_site(w, sender);
    for (size_t i = site->receipt_count; i > 0; i--) {
        if (memcmp(site->receipts[i - 1].env_id, env_id, HASH_LEN) == 0)
            return &site->receipts[i - 1];
    }
    return NULL;
}

lianshu_ReceiptKind world_verdict(struct world *w, const char *sender,
                                  const uint8_t env_id[static HASH_LEN])
{
    const lianshu_Receipt *q = world_receipt(w, sender, env_id);
    return q != NULL ? q->kind : lianshu_ReceiptKind_RECEIPT_NONE;
}

uint32_t world_code(struct world *w, const char *sender, const uint8_t env_id[static HASH_LEN])
{
    const lianshu_Receipt *q = world_receipt(w, sender, env_id);
    return q != NULL ? q->code : UINT32_MAX;
}

struct got *world_got(struct world *w, const char *member, const char *type, size_t index)
{
    struct site *site = world_site(w, member);
    const struct document_type *row = type_by_name(type);
    assert_non_null(row);
    for (size_t i = 0; i < site->got_count; i++) {
        if (site->got[i].type == row->number && index-- == 0)
            return &site->got[i];
    }
    return NULL;
}

size_t world_has(struct world *w, const char *member, const char *type)
{
    size_t count = 0;
    while (world_got(w, member, type, count) != NULL)
        count++;
    return count;
}

struct json *world_ask(struct world *w, const char *request)
{
    static uint8_t answer[CORE_QUERY_BYTES];
    struct writer out = writer_of(answer, sizeof answer);
    struct json *json = NULL;
    while (w->dead || died(w, core_query(w->core, span_str(request), w->now_ms, &out))) {
        world_restart(w); /* and who asked asks again */
        out = writer_of(answer, sizeof answer);
    }
    assert_int_equal(json_parse(&json, writer_span(&out), "answer", NULL), OK);
    if (json_get(json, "error") != NULL)
        fail_msg("%s is answered %.*s", request, (int)out.len, (const char *)answer);
    return json;
}

/* Counters stand in groups by name, those that never counted do not stand there at all. */
static bool is_counter(const struct json *status, const struct json *group)
{
    static const char *const groups[] = {"receipts", "acts", "refused", "unverified"};
    for (size_t i = 0; i < T_COUNT(groups); i++) {
        if (group != NULL && group == json_get(status, groups[i]))
            return true;
    }
    return false;
}

uint64_t world_status(struct world *w, const char *path)
{
    const char *const whole = path;
    world_land(w);
    struct json *json = world_ask(w, "{\"cmd\":\"status\"}");
    const struct json *at = json;
    const struct json *group = NULL;
    char key[64];
    while (*path != '\0') {
        size_t len = strcspn(path, ".");
        snprintf(key, sizeof key, "%.*s", (int)len, path);
        group = at;
        at = json_get(at, key);
        path += len + (path[len] == '.');
    }
    uint64_t value = 0;
    if (!json_uint(at, &value) && (at != NULL || !is_counter(json, group)))
        fail_msg("the status has no number %s", whole);
    json_close(&json);
    return value;
}
