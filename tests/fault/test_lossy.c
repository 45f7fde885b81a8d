/*
 * R7: two whole adapters and the real core over a link that loses, doubles, delays and cuts, from a
 * seed. Held for every message: applied exactly once, in the order of its conversation without a
 * hole, and final at its sender.
 *
 *   test_lossy [SEED [COUNT]]     by hand up to a million; prints progress, and what replays it
 *
 * The simulated link is worse than TCP: within one connection frames vanish and overtake each
 * other.
 */
#include "unit/exchange.h"

#include "base/calendar.h"
#include "core/core.h"
#include "ident.h"
#include "keys/amend.h"
#include "keys/registrar.h"
#include "policy/ruleset.h"
#include "store/store.h"

#include "subject.pb.h"

#include "t.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    COUNT = 3000,
    CONVERSATIONS = 24, /* and as many messages again without one */
    WINDOW = 400,       /* messages not final at once */
    LOSS = 10,          /* of 100 */
    DOUBLE = 10,
    DELAY_MS = 60, /* up to; what is late is overtaken */
    STEP_MS = 5,   /* what is due meanwhile shares a commit */
    CUT_EVERY_MS = 7000,
    STORM = 5,          /* cuts in a row, now and then */
    RESTART_EVERY = 20, /* cuts */
    EVENTS_MAX = 1 << 16,
    CALM_MS = 3600 * 1000, /* after the last message: so long may it take to become quiet */
    TURNS_MAX = 1 << 30,
};

/* The databases are here when it is there: the run is about the link, not about the disk. */
#define MEMORY "/dev/shm"

/* A frame under way, or a link that comes up again. */
struct event {
    uint64_t due_ms, order;
    unsigned link;
    bool to_hub;
    uint64_t life; /* of the connection that it belongs to */
    uint8_t *bytes;
    size_t len;
};

struct line {
    const char *member;
    struct sdk *sdk;
    uint32_t peer;
    bool up;
    uint64_t life, cut_ms, up_ms;
    unsigned storm;
};

struct run {
    struct exchange *e;
    struct entropy_replay replay;
    struct entropy entropy;
    struct store *store;
    struct core *core;
    struct ruleset *rules;
    struct calendar *calendar;
    struct regions *regions;
    struct merkle_frontier log;
    struct line line[3];              /* sender, reader, the reader's second adapter */
    size_t lines;                     /* of them in use */
    uint64_t later[2][CONVERSATIONS]; /* each of two adapters: what it applied last, and 1 */
    struct event *heap;
    size_t heap_len;
    uint64_t order;
    uint64_t count, sent, final, applied, frames, lost, cuts;
    uint64_t next[CONVERSATIONS]; /* number in its conversation that apply must see next */
    uint8_t *seen;                /* bit 0 applied, bit 1 final; 2 and 3: by which of two */
    bool calm;                    /* nothing is lost any more */
    bool renews;                  /* the reader's seal key is replaced half-way */
    struct key *fresh;            /* NULL: it was */
    time_t shown;
};

static struct run r;

static unsigned dice(unsigned sides)
{
    uint32_t n;
    entropy_fill(&r.entropy, &n, sizeof n);
    return n % sides;
}

/* ---- events, soonest first ---- */

static bool sooner(const struct event *a, const struct event *b)
{
    return a->due_ms != b->due_ms ? a->due_ms < b->due_ms : a->order < b->order;
}

static void push(struct event event)
{
    assert_true(r.heap_len < EVENTS_MAX);
    size_t i = r.heap_len++;
    event.order = r.order++;
    for (; i > 0 && sooner(&event, &r.heap[(i - 1) / 2]); i = (i - 1) / 2)
        r.heap[i] = r.heap[(i - 1) / 2];
    r.heap[i] = event;
}

static struct event pop(void)
{
    const struct event top = r.heap[0];
    const struct event last = r.heap[--r.heap_len];
    size_t i = 0;

    for (size_t child = 1; child < r.heap_len; child = 2 * i + 1) {
        if (child + 1 < r.heap_len && sooner(&r.heap[child + 1], &r.heap[child]))
            child++;
        if (!sooner(&r.heap[child], &last))
            break;
        r.heap[i] = r.heap[child];
        i = child;
    }
    r.heap[i] = last;
    return top;
}

/* ---- the link ---- */

static void carry(unsigned link, bool to_hub, struct span frame)
{
    const struct line *l = &r.line[link];
    r.frames++;
    /* Amendments come before what is refused for them, as the hub's word on one connection does. */
    const bool ordered = r.renews && !to_hub;
    const bool worse = !r.calm && !ordered; /* than TCP */
    if (!l->up || (worse && dice(100) < LOSS)) {
        r.lost++;
        return;
    }
    const int copies = worse && dice(100) < DOUBLE ? 2 : 1;
    for (int i = 0; i < copies; i++) {
        const unsigned delay_ms = ordered ? DELAY_MS : 1 + dice(r.calm ? 2 : DELAY_MS);
        struct event event = {.due_ms = r.e->now_ms + delay_ms,
                              .link = link,
                              .to_hub = to_hub,
                              .life = l->life,
                              .len = frame.len};
        event.bytes = malloc(frame.len);
        assert_non_null(event.bytes);
        memcpy(event.bytes, frame.data, frame.len);
        push(event);
    }
}

static void cut(unsigned link)
{
    struct line *l = &r.line[link];

    l->life++;
    r.cuts++;
    l->up = false;
    core_peer_gone(r.core, l->peer, r.e->now_ms);
    turn_connection(l->sdk, false, r.e->now_ms);
    l->up_ms = r.e->now_ms + 1 + dice(500);
}

static const struct sdk_handler handler;

static void mend(unsigned link)
{
    struct line *l = &r.line[link];

    if (!r.calm && r.cuts % RESTART_EVERY == 0) { /* a kill: nothing but the disk remains */
        sdk_close(&l->sdk);
        l->sdk = link == 2 ? exchange_second(r.e, l->member, &handler)
                           : exchange_sdk(r.e, l->member, &handler);
    }
    l->up = true;
    turn_connection(l->sdk, true, r.e->now_ms);
    if (l->storm == 0 && dice(5) == 0)
        l->storm = STORM;
    l->cut_ms = r.e->now_ms + (l->storm > 0 ? dice(50) : 1 + dice(2 * CUT_EVERY_MS));
    l->storm -= l->storm > 0;
}

/* ---- the application on both ends ---- */

static uint64_t index_of(struct span facts)
{
    static lianshu_Honour h;
    unsigned long long index = 0;

    assert_int_equal(wire_decode(&lianshu_Honour_msg, facts, &h), OK);
    assert_int_equal(sscanf(h.title, "%llu", &index), 1);
    assert_true(index < r.count);
    return index;
}

/* By one of two adapters: each has a message once, in the order of its conversation. What one had
 * applied without its receipt leaving may come to the other again, under the same id. */
static enum err apply_shared(uint64_t index, unsigned by)
{
    const uint64_t conversation = index % (2 * CONVERSATIONS);
    const unsigned mine = 2U << by;

    if ((r.seen[index] & mine) != 0)
        fail_msg("message %llu is applied twice by one adapter", (unsigned long long)index);
    if (conversation < CONVERSATIONS && index + 1 <= r.later[by - 1][conversation])
        fail_msg("message %llu out of order", (unsigned long long)index);
    if (conversation < CONVERSATIONS)
        r.later[by - 1][conversation] = index + 1;
    r.applied += (r.seen[index] & 1) == 0;
    r.seen[index] |= (uint8_t)(mine | 1);
    return OK;
}

static enum err apply(void *ctx, struct sdk *sdk, const struct sdk_incoming *m, uint64_t now_ms)
{
    const uint64_t index = index_of(m->facts);
    const uint64_t conversation = index % (2 * CONVERSATIONS);

    (void)ctx, (void)now_ms;
    if (r.lines > 2)
        return apply_shared(index, sdk == r.line[2].sdk ? 2 : 1);
    if ((r.seen[index] & 1) != 0)
        fail_msg("message %llu is applied twice", (unsigned long long)index);
    if (!r.renews && conversation < CONVERSATIONS &&
        index / (2 * CONVERSATIONS) != r.next[conversation])
        fail_msg("message %llu out of order: number %llu of its conversation was due",
                 (unsigned long long)index, (unsigned long long)r.next[conversation]);
    r.seen[index] |= 1;
    r.applied++;
    if (conversation < CONVERSATIONS)
        r.next[conversation]++;
    return OK;
}

static enum err outcome(void *ctx, struct sdk *sdk, const struct sdk_outcome *o, uint64_t now_ms)
{
    unsigned long long index = 0;

    (void)ctx, (void)sdk, (void)now_ms;
    if (o->state == SDK_REJECTED || o->state == SDK_LAPSED)
        fail_msg("%s: E%03u", o->key, (unsigned)o->receipt.code);
    if (o->state != SDK_FINAL || sscanf(o->key, "m%llu", &index) != 1)
        return OK;
    if ((r.seen[index] & 2) == 0)
        r.final++;
    r.seen[index] |= 2;
    assert_int_equal(r.seen[index] & 3, 3); /* final because it was delivered */
    return OK;
}

static const struct sdk_handler handler = {.apply = apply, .outcome = outcome};

static void send_some(void)
{
    static const char *const to[] = {REALM_HEALTH};
    const uint64_t room = WINDOW - (r.sent - r.final);
    uint64_t n = 1 + dice(32);

    n = n < room ? n : room;
    for (uint64_t i = 0; i < n && r.sent < r.count; i++, r.sent++) {
        char key[24], title[24];
        uint8_t id[SDK_ID_LEN], conversation[SDK_ID_LEN] = {1};
        const unsigned c = (unsigned)(r.sent % (2 * CONVERSATIONS));
        (void)snprintf(key, sizeof key, "m%llu", (unsigned long long)r.sent);
        (void)snprintf(title, sizeof title, "%llu", (unsigned long long)r.sent);
        conversation[1] = (uint8_t)c;
        const struct sdk_message m = {
            .key = key,
            .type = lianshu_DocumentType_TYPE_HONOUR,
            .to = to,
            .to_count = 1,
            .facts = exchange_honour(title),
            .conversation = span_of(conversation, c < CONVERSATIONS ? SDK_ID_LEN : 0),
        };
        assert_int_equal(sdk_send(r.line[0].sdk, &m, r.e->now_ms, id, NULL, NULL), OK);
    }
    assert_int_equal(sdk_commit(r.line[0].sdk, r.e->now_ms), OK);
}

/* ---- the hub ---- */

static enum err sign(void *ctx, uint64_t old_size, const uint8_t (*leaves)[32], size_t count,
                     struct writer *out)
{
    (void)ctx;
    assert_int_equal(old_size, r.log.size);
    for (size_t i = 0; i < count; i++)
        frontier_append(&r.log, leaves[i]);
    struct checkpoint c = {.size = r.log.size};
    assert_int_equal(note_origin(c.origin, REALM_HUB, REALM_NAME, 1), OK);
    frontier_root(&r.log, c.root);
    return note_sign(&c, realm_key(r.e->realm, REALM_HUB, KEY_USE_LOG), out);
}

static enum err head(void *ctx, uint64_t *size, uint8_t root[static 32], struct writer *statement)
{
    (void)ctx;
    (void)statement;
    *size = r.log.size;
    frontier_root(&r.log, root);
    return OK;
}

static void open_hub(void)
{
    static struct ruleset_faults faults;
    struct fault fault = {0};

    frontier_init(&r.log);
    if (ruleset_open(&r.rules, "hub/policy/rules", &faults) != OK ||
        calendar_open(&r.calendar, "schemas/data/calendar.csv", &fault) != OK ||
        regions_open(&r.regions, "schemas/data/regions.csv", &fault) != OK)
        fail_msg("rules, calendar or regions");
    const struct store_options store = {.path = exchange_path(r.e, "hub.state/hub.db")};
    assert_int_equal(store_open(&r.store, &store, &fault), OK);
    const struct core_options options = {
        .realm = REALM_NAME,
        .member = REALM_HUB,
        .store = r.store,
        .registry = r.e->realm->registry,
        .keys = realm_ring(r.e->realm, REALM_HUB),
        .rules = r.rules,
        .calendar = r.calendar,
        .regions = r.regions,
        .entropy = &r.entropy,
        .sign = sign,
        .head = head,
        .rate_per_s = 1000000,
    };
    const enum err err = core_open(&r.core, &options, r.e->now_ms, &fault);
    if (err != OK)
        fail_msg("core: E%03d %s %s", (int)err, fault.where, fault.detail);
    for (size_t i = 0; i < r.lines; i++) {
        char user[CORE_USER_ID_MAX];
        (void)snprintf(user, sizeof user, "%s/001122334455667%zu", r.line[i].member, i);
        assert_int_equal(core_peer(r.core, user, &r.line[i].peer), OK);
    }
}

/* ---- turns ---- */

/* All that is due; true when something arrived. */
static void deliver_due(void)
{
    while (r.heap_len > 0 && r.heap[0].due_ms <= r.e->now_ms) {
        const struct event event = pop();
        struct line *l = &r.line[event.link];
        const struct span frame = span_of(event.bytes, event.len);
        if (event.life == l->life && event.to_hub) {
            assert_int_equal(core_frame(r.core, l->peer, frame, r.e->now_ms), OK);
            if (core_full(r.core))
                assert_int_equal(core_commit(r.core, r.e->now_ms), OK);
        } else if (event.life == l->life) {
            assert_int_equal(turn_input(l->sdk, frame, r.e->now_ms), OK);
        }
        free(event.bytes);
    }
    for (size_t i = 0; i < r.lines; i++) {
        if (r.line[i].sdk == NULL)
            continue;
        assert_int_equal(turn_tick(r.line[i].sdk, r.e->now_ms), OK);
        assert_int_equal(sdk_commit(r.line[i].sdk, r.e->now_ms), OK);
    }
}

static void collect(void)
{
    struct core_output out;
    struct span frame;

    assert_int_equal(core_tick(r.core, r.e->now_ms), OK);
    assert_int_equal(core_commit(r.core, r.e->now_ms), OK);
    while (core_output(r.core, &out)) {
        unsigned to = 0;
        while (r.line[to].peer != out.peer)
            to++;
        carry(to, false, out.frame);
    }
    for (unsigned i = 0; i < r.lines; i++) {
        struct sdk *s = r.line[i].sdk;
        enum err err = OK;
        if (s == NULL)
            continue;
        for (int n = 0; n < SDK_OUTPUT_TURN_MAX; n++) {
            if ((err = turn_output(s, r.e->now_ms, &frame)) != OK)
                break;
            carry(i, true, frame);
            s->out_len = 0;
        }
        assert_true(err == OK || err == ERR_NOT_FOUND);
    }
}

/* To the next moment at which something happens, at most a second on. */
static void advance(void)
{
    uint64_t next = r.e->now_ms + 1000;
    const uint64_t hub = core_due_ms(r.core);

    if (r.heap_len > 0 && r.heap[0].due_ms < next)
        next = r.heap[0].due_ms;
    if (hub < next)
        next = hub;
    for (size_t i = 0; i < r.lines; i++) {
        const struct line *l = &r.line[i];
        if (l->sdk == NULL)
            continue;
        const uint64_t due = l->up ? l->cut_ms : l->up_ms;
        const uint64_t flight = flight_due_ms(l->sdk);
        next = due < next && !(r.calm && l->up) ? due : next;
        next = flight < next ? flight : next;
    }
    if (r.sent < r.count && r.sent - r.final < WINDOW && next > r.e->now_ms + 5)
        next = r.e->now_ms + 5;
    r.e->now_ms = next > r.e->now_ms + STEP_MS ? next : r.e->now_ms + STEP_MS;
}

static void links(void)
{
    for (unsigned i = 0; i < r.lines; i++) {
        struct line *l = &r.line[i];
        if (l->sdk == NULL)
            continue;
        if (!l->up && r.e->now_ms >= l->up_ms)
            mend(i);
        else if (l->up && !r.calm && r.e->now_ms >= l->cut_ms)
            cut(i);
    }
}

static void show(bool last)
{
    const time_t now = time(NULL);

    if (!last && now < r.shown + 5)
        return;
    r.shown = now;
    print_message(
        "%llu of %llu final, %llu applied, %llu frames (%llu lost), %llu cuts, day %.2f\n",
        (unsigned long long)r.final, (unsigned long long)r.count, (unsigned long long)r.applied,
        (unsigned long long)r.frames, (unsigned long long)r.lost, (unsigned long long)r.cuts,
        (double)(r.e->now_ms - REALM_NOW_MS) / (double)REALM_DAY_MS);
}

static struct span office(uint32_t type, const pb_msgdesc_t *desc, const void *body,
                          const char *issuer, const struct key *key)
{
    static uint8_t bytes[AMEND_DOCUMENT_MAX];
    struct writer w = writer_of(bytes, sizeof bytes);
    const struct office_paper paper = {.realm = REALM_NAME,
                                       .type = type,
                                       .desc = desc,
                                       .body = body,
                                       .now_ms = r.e->now_ms,
                                       .entropy = &r.entropy};
    const struct office_signers by = {.member = issuer, .keys = &key, .key_count = 1};
    assert_int_equal(office_document(&paper, &by, &w), OK);
    return writer_span(&w);
}

static void amend(struct span lsd1)
{
    char text[4096];
    struct writer answer = writer_of(text, sizeof text);
    assert_int_equal(core_amend(r.core, lsd1, r.e->now_ms, &answer), OK);
    assert_null(memmem(text, answer.len, "error", 5));
}

/* The reader's new seal key counts, and what is under way was sealed to one that is revoked. */
static void renew(void)
{
    lianshu_KeyRecord record = {.number = 1, .keys_count = 1};
    lianshu_Revocation end = {
        .number = 1, .member = REALM_HEALTH, .reason = lianshu_RevocationReason_REVOCATION_LOST};
    record.keys[0] = (lianshu_MemberKey){.use = lianshu_KeyUse_KEY_SEAL,
                                         .valid_from_ms = r.e->now_ms,
                                         .valid_until_ms = r.e->now_ms + 60 * REALM_DAY_MS};
    memcpy(record.keys[0].public_key, key_public(r.fresh), KEY_PUBLIC_LEN);
    memcpy(end.kid, key_kid(realm_key(r.e->realm, REALM_HEALTH, KEY_USE_SEAL)), KID_LEN);
    key_close(&r.fresh);
    amend(office(lianshu_DocumentType_TYPE_KEY_RECORD, &lianshu_KeyRecord_msg, &record,
                 REALM_HEALTH, realm_key(r.e->realm, REALM_HEALTH, KEY_USE_SIGN)));
    amend(office(lianshu_DocumentType_TYPE_KEY_REVOCATION, &lianshu_Revocation_msg, &end,
                 "registrar.445100", r.e->realm->registrar));
}

/* Killed for good, with what it has applied and not said. */
static void die(unsigned link)
{
    if (r.line[link].up)
        cut(link);
    sdk_close(&r.line[link].sdk);
}

static void run_all(void)
{
    uint64_t calm_ms = 0;

    for (int turn = 0; turn < TURNS_MAX && r.final < r.count; turn++) {
        links();
        if (r.sent < r.count && r.sent - r.final < WINDOW && dice(3) == 0)
            send_some();
        deliver_due();
        collect();
        if (r.fresh != NULL && r.sent > r.count / 2)
            renew();
        if (r.lines > 2 && r.line[1].sdk != NULL && r.applied > r.count / 2)
            die(1);
        advance();
        show(false);
        if (r.sent == r.count && calm_ms == 0)
            calm_ms = r.e->now_ms;
        /* A connection that loses its last frames is not TCP: a new one finds what was lost. */
        if (calm_ms != 0 && !r.calm && r.e->now_ms > calm_ms + 20 * CUT_EVERY_MS) {
            r.calm = true;
            for (unsigned i = 0; i < r.lines; i++)
                if (r.line[i].sdk != NULL)
                    cut(i);
        }
        if (calm_ms != 0)
            assert_true(r.e->now_ms < calm_ms + CALM_MS);
    }
}

static uint64_t seed = 7, wanted = COUNT;

/* The reader's ring has its next key from the beginning. */
static void prepare_renewal(void)
{
    struct key *copy = NULL;
    struct keyring *ring = NULL;
    for (size_t i = 0; i < REALM_MEMBERS; i++)
        if (strcmp(keyring_owner(r.e->realm->rings[i]), REALM_HEALTH) == 0)
            ring = r.e->realm->rings[i];
    assert_int_equal(key_make(&r.fresh, KEY_USE_SEAL, r.e->now_ms, &r.entropy), OK);
    assert_int_equal(key_import(&copy, KEY_USE_SEAL, r.e->now_ms, key_secret(r.fresh)), OK);
    assert_int_equal(keyring_add(ring, &copy), OK);
    exchange_keys(r.e, REALM_HEALTH);
}

/* How many messages the hub had turned back. */
static uint64_t sealed_again(void)
{
    struct db *db = sdk_db(r.line[0].sdk);
    static const char *const text[] = {"SELECT count(*) FROM outbox WHERE told IS NOT NULL"};
    struct stmt *sql[1];
    assert_int_equal(db_prepare(db, text, 1, sql, NULL), OK);
    enum err err = stmt_step(sql[0]);
    const uint64_t count = stmt_u64(sql[0], 0);
    assert_int_equal(stmt_end(sql[0], err), OK);
    return count;
}

static void run_one(bool renews, size_t lines)
{
    uint8_t bytes[ENTROPY_SEED_LEN] = {0};
    const time_t began = time(NULL);

    memcpy(bytes, &seed, sizeof seed);
    r = (struct run){
        .count = lines > 2 ? (wanted + 3) / 4 : wanted, /* much of it is waiting */
        .renews = renews,
        .lines = lines,
        .line = {{.member = REALM_MARKET}, {.member = REALM_HEALTH}, {.member = REALM_HEALTH}}};
    r.e = exchange_open_in(9, access(MEMORY, W_OK) == 0 ? MEMORY : NULL);
    r.entropy = entropy_replay_init(&r.replay, bytes);
    r.heap = calloc(EVENTS_MAX, sizeof *r.heap);
    r.seen = calloc((size_t)wanted, 1);
    assert_non_null(r.heap);
    assert_non_null(r.seen);
    if (renews)
        prepare_renewal();
    open_hub();
    for (size_t i = 0; i < 2; i++)
        r.line[i].sdk = exchange_sdk(r.e, r.line[i].member, &handler);
    if (lines > 2)
        r.line[2].sdk = exchange_second(r.e, r.line[2].member, &handler);
    print_message("replay: test_lossy %llu %llu\n", (unsigned long long)seed,
                  (unsigned long long)wanted);
    run_all();
    show(true);
    print_message("%.0f messages a second\n",
                  (double)r.count / (double)(time(NULL) > began ? time(NULL) - began : 1));
    assert_int_equal(r.applied, r.count);
    assert_int_equal(r.final, r.count);
    assert_int_equal(sealed_again() > 0, renews);
    while (r.heap_len > 0)
        free(pop().bytes);
    free(r.heap);
    free(r.seen);
    for (size_t i = 0; i < lines; i++)
        sdk_close(&r.line[i].sdk);
    core_close(&r.core);
    store_close(&r.store);
    regions_close(&r.regions);
    calendar_close(&r.calendar);
    ruleset_close(&r.rules);
    exchange_close(&r.e);
}

static void every_message_is_applied_once_in_order_and_becomes_final(void **state)
{
    (void)state;
    run_one(false, 2);
}

static void what_was_sealed_to_a_key_that_is_revoked_is_sealed_again_and_applied_once(void **state)
{
    (void)state;
    run_one(true, 2);
}

static void two_adapters_of_a_member_share_its_queue_and_one_dies_in_the_middle(void **state)
{
    (void)state;
    run_one(false, 3);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_message_is_applied_once_in_order_and_becomes_final),
        cmocka_unit_test(two_adapters_of_a_member_share_its_queue_and_one_dies_in_the_middle),
        cmocka_unit_test(what_was_sealed_to_a_key_that_is_revoked_is_sealed_again_and_applied_once),
    };
    if (argc > 1)
        seed = strtoull(argv[1], NULL, 10);
    if (argc > 2)
        wanted = strtoull(argv[2], NULL, 10);
    if (wanted == 0)
        return 2;
    return cmocka_run_group_tests_name("lossy", tests, NULL, NULL);
}
