#include "bench/nation.h"

#include "base/clock.h"
#include "base/file.h"
#include "bench/usage.h"
#include "catalogue.h"
#include "core/state.h"
#include "net/lander.h"
#include "net/process.h"
#include "scenario/world_inner.h"

#include <dirent.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    MEMBERS_MAX = 16384,
    REGISTRY_BYTES = 32 << 20,
    WAIT_MS = 1,
    RSS_TURNS = 16,  /* between two looks at the memory */
    BATCH_MAX = 256, /* frames of one turn: LOOP_BATCH_MAX */
    RULES_BYTES = 1 << 20,
};

static const char *const departments[NATION_DEPARTMENTS] = {"market", "health", "insurance",
                                                            "police"};

/* ---- everybody ---- */

static void add_key(lianshu_MemberRecord *record, const struct world *w, const struct key *key)
{
    lianshu_MemberKey *row = &record->keys[record->keys_count++];
    row->use = (lianshu_KeyUse)key_use(key);
    memcpy(row->public_key, key_public(key), sizeof row->public_key);
    row->valid_from_ms = w->now_ms - DAY_MS;
    row->valid_until_ms = w->now_ms + UINT64_C(400) * DAY_MS;
}

static const struct keyring *ring_of(const struct world *w, const char *id)
{
    for (size_t i = 0; i < WORLD_MEMBERS; i++) {
        if (strcmp(w->sites[i].id, id) == 0)
            return w->sites[i].keys;
    }
    return NULL;
}

static void enrol(lianshu_MemberRecord *record, struct world *w, const char *id,
                  const struct entropy *entropy)
{
    static const enum key_use uses[] = {KEY_USE_SIGN, KEY_USE_SEAL, KEY_USE_TRANSPORT};
    const struct keyring *ring = ring_of(w, id);
    snprintf(record->member, sizeof record->member, "%s", id);
    strcpy(record->name_zh, "成员");
    strcpy(record->name_en, "member");
    for (size_t i = 0; i < T_COUNT(uses); i++) {
        struct key *key = NULL;
        if (ring == NULL)
            assert_int_equal(key_make(&key, uses[i], w->now_ms, entropy), OK);
        add_key(record, w, ring != NULL ? keyring_find(ring, uses[i]) : key);
        if (ring == NULL)
            key_close(&key);
    }
    if (member_is_hub(id))
        add_key(record, w, keyring_find(w->signer, KEY_USE_LOG));
    world_all_rights(record);
}

static size_t enrol_all(lianshu_MemberRecord *records, struct world *w,
                        const struct entropy *entropy)
{
    size_t count = 0;
    enrol(&records[count++], w, "hub.445100", entropy);
    enrol(&records[count++], w, "procuratorate.445100", entropy);
    const struct region *region;
    for (size_t r = 0; (region = regions_at(w->regions, r)) != NULL; r++) {
        for (size_t d = 0; d < NATION_DEPARTMENTS; d++) {
            char id[MEMBER_MAX + 1];
            snprintf(id, sizeof id, "%s.%s", departments[d], region->code);
            assert_true(count < MEMBERS_MAX);
            enrol(&records[count++], w, id, entropy);
        }
    }
    return count;
}

/* In a process of its own: what it takes to make a registry is not the hub's memory. */
static void write_registry(struct world *w, const char *path, struct anchor *anchor)
{
    static const uint8_t seed[ENTROPY_SEED_LEN] = {21};
    static struct entropy_replay replay;
    const struct entropy entropy = entropy_replay_init(&replay, seed);
    lianshu_MemberRecord *records = calloc(MEMBERS_MAX, sizeof *records);
    uint8_t *bytes = malloc(REGISTRY_BYTES);
    struct key *root = NULL;
    struct key *registrar = NULL;
    assert_true(records != NULL && bytes != NULL);
    assert_int_equal(key_make(&root, KEY_USE_ROOT, w->now_ms, &entropy), OK);
    assert_int_equal(key_make(&registrar, KEY_USE_REGISTRAR, w->now_ms, &entropy), OK);
    const size_t count = enrol_all(records, w, &entropy);
    *anchor = (struct anchor){.threshold = 1, .root_count = 1};
    strcpy(anchor->realm, "demo");
    memcpy(anchor->root[0], key_public(root), KEY_PUBLIC_LEN);
    const struct key *roots[] = {root};
    const struct key *officials[] = {registrar};
    const struct registry_make make = {
        .anchor = anchor,
        .roots = roots,
        .root_count = 1,
        .officials = officials,
        .official_count = 1,
        .region = "000000",
        .version = 1,
        .now_ms = w->now_ms,
        .valid_until_ms = w->now_ms + UINT64_C(365) * DAY_MS,
        .entropy = &entropy,
    };
    struct writer out = writer_of(bytes, REGISTRY_BYTES);
    struct fault fault = {0};
    if (registry_write(&make, records, count, &out, &fault) != OK)
        fail_msg("registry: %s %s", fault.where, fault.detail);
    FILE *to = fopen(path, "w");
    assert_non_null(to);
    assert_int_equal(fwrite(bytes, 1, out.len, to), out.len);
    assert_int_equal(fclose(to), 0);
}

static void take_registry(struct world *w)
{
    char path[96];
    snprintf(path, sizeof path, "%s/registry", w->dir);
    struct anchor *anchor =
        mmap(NULL, sizeof *anchor, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(anchor != MAP_FAILED);
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        write_registry(w, path, anchor);
        _exit(0);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    struct registry *before = w->registry;
    struct fault fault = {0};
    if (registry_read(&w->registry, anchor, path, 0, &fault) != OK)
        fail_msg("registry: %s %s", fault.where, fault.detail);
    (void)munmap(anchor, sizeof *anchor);
    assert_int_equal(unlink(path), 0);
    w->reader.registry = w->registry;
    assert_int_equal(core_registry(w->core, w->registry), OK);
    registry_close(&before);
}

size_t nation_members(const struct nation *n)
{
    return registry_member_count(n->w->registry) - 2; /* the hub and the procuratorate */
}

/* ---- rules ---- */

static void copy_rules(const char *from, const char *to, const char *old, const char *new)
{
    uint8_t *text;
    size_t len;
    assert_int_equal(file_read(from, RULES_BYTES, 0, &text, &len, NULL), OK);
    const char *at = old == NULL ? NULL : strstr((const char *)text, old);
    assert_true(old == NULL || at != NULL);
    FILE *out = fopen(to, "w");
    assert_non_null(out);
    if (at == NULL)
        fprintf(out, "%s", (const char *)text);
    else
        fprintf(out, "%.*s%s%s", (int)(at - (const char *)text), (const char *)text, new,
                at + strlen(old));
    assert_int_equal(fclose(out), 0);
    free(text);
}

struct ruleset *nation_rules(struct world *w)
{
    static struct ruleset_faults faults;
    struct ruleset *rules = NULL;
    char dir[160];
    snprintf(dir, sizeof dir, "%s/rules", w->dir);
    assert_int_equal(mkdir(dir, 0700), 0);
    for (int remove = 0; remove < 2; remove++) {
        DIR *all = opendir("hub/policy/rules");
        assert_non_null(all);
        for (struct dirent *e; (e = readdir(all)) != NULL;) {
            char from[512];
            char to[512];
            const bool measures = strcmp(e->d_name, "measures.yaml") == 0;
            snprintf(from, sizeof from, "hub/policy/rules/%s", e->d_name);
            snprintf(to, sizeof to, "%s/%s", dir, e->d_name);
            if (e->d_name[0] == '.')
                continue;
            if (remove != 0)
                assert_int_equal(unlink(to), 0);
            else
                copy_rules(from, to, measures ? "owes: issuer" : NULL,
                           "owes: {each: [market, health, insurance, police]}");
        }
        closedir(all);
        if (remove == 0 && ruleset_open(&rules, dir, &faults) != OK)
            fail_msg("rules: %s:%u %s", faults.fault[0].where, faults.fault[0].line,
                     faults.fault[0].detail);
    }
    assert_int_equal(rmdir(dir), 0);
    return rules;
}

/* ---- other messages ---- */

void nation_flow(struct nation *n, size_t count, unsigned per_s)
{
    static const struct mail mail = {
        .from = "health.445100",
        .type = "honour",
        .to = {"procuratorate.445100"},
        .facts = "{\"subject\":{\"kind\":\"enterprise\",\"id\":\"91445100DEMA00021K\",\"name\":"
                 "\"潮州样本药店\",\"region\":\"445103\"},\"title\":\"诚信单位\",\"date\":"
                 "\"2026-04-01\"}"};
    struct flow *f = &n->flow;
    assert_true(count <= NATION_FLOW_MAX);
    for (size_t i = 0; i < f->count; i++)
        free(f->message[i].frame);
    *f = (struct flow){.count = count, .gap_ns = UINT64_C(1000000000) / per_s};
    for (size_t i = 0; i < count; i++) {
        struct flow_message *m = &f->message[i];
        world_make(n->w, &mail, m->id.env_id, m->id.message_id);
        strcpy(m->id.sender, mail.from);
        m->len = n->w->frame_len;
        f->bytes += m->len;
        m->frame = malloc(m->len);
        memcpy(m->frame, n->w->frame, m->len);
    }
    f->next_ns = rounds_wall_ns();
}

static bool flow_due(const struct flow *f, uint64_t now_ns)
{
    return !f->stopped && f->sent < f->count && f->next_ns <= now_ns;
}

static void flow_send(struct nation *n)
{
    struct flow *f = &n->flow;
    while (flow_due(f, rounds_wall_ns())) {
        struct flow_message *m = &f->message[f->sent++];
        m->due_ns = f->next_ns;
        f->next_ns += f->gap_ns;
        world_give(n->w, world_site(n->w, "health.445100")->peer, span_of(m->frame, m->len));
    }
}

/* ---- what the market sends ---- */

static void feed_clear(struct feed *f)
{
    for (size_t i = 0; i < f->count; i++)
        free(f->frame[i].bytes);
    f->count = f->sent = 0;
}

void nation_feed(struct nation *n, struct span frame)
{
    struct feed *f = &n->feed;
    if (f->sent == f->count)
        feed_clear(f);
    assert_true(f->count < NATION_FEED_MAX);
    f->frame[f->count].len = frame.len;
    f->frame[f->count].bytes = malloc(frame.len);
    memcpy(f->frame[f->count++].bytes, frame.data, frame.len);
}

static void feed_send(struct nation *n)
{
    struct feed *f = &n->feed;
    const uint32_t peer = world_site(n->w, "market.445100")->peer;
    for (size_t i = 0; i < BATCH_MAX && f->sent < f->count && !core_full(n->w->core); i++) {
        world_give(n->w, peer, span_of(f->frame[f->sent].bytes, f->frame[f->sent].len));
        f->sent++;
    }
}

/* ---- being a member ---- */

static void answer(struct nation *n, uint32_t peer, struct span frame)
{
    struct back *b = &n->back;
    assert_true(b->count < NATION_BACK_MAX);
    b->frame[b->count].peer = peer;
    b->frame[b->count].len = frame.len;
    b->frame[b->count].bytes = malloc(frame.len);
    memcpy(b->frame[b->count++].bytes, frame.data, frame.len);
}

static void answer_receipts(struct nation *n)
{
    static uint8_t bytes[FRAME_BUNDLE_MAX];
    struct back *b = &n->back;
    struct writer w = writer_of(bytes, sizeof bytes);
    if (b->got_count == 0)
        return;
    post_receipts(n->w, b->site, b->got, b->got_count, &w);
    answer(n, b->site->peer, writer_span(&w));
    b->got_count = 0;
}

static void gather(struct nation *n, struct site *site, const struct got *got)
{
    struct back *b = &n->back;
    if (b->site != site || b->got_count == POST_MAX)
        answer_receipts(n);
    b->site = site;
    b->got[b->got_count++] = *got;
}

static void give_back(struct nation *n)
{
    struct back *b = &n->back;
    for (size_t i = 0; i < b->count; i++) {
        world_give(n->w, b->frame[i].peer, span_of(b->frame[i].bytes, b->frame[i].len));
        free(b->frame[i].bytes);
    }
    b->count = 0;
}

static void take_receipts(struct nation *n, struct site *site, struct span frame)
{
    struct frame_receipts r;
    assert_int_equal(frame_parse_receipts(frame, &r), OK);
    if (r.first == 0)
        return;
    site->stream = r.first + r.count - 1;
    lianshu_Control ack = {.kind = lianshu_ControlKind_CONTROL_ACK,
                           .which_body = lianshu_Control_ack_tag};
    ack.body.ack.receipt_stream = site->stream;
    uint8_t bytes[64];
    struct writer w = writer_of(bytes, sizeof bytes);
    assert_int_equal(frame_put_control(&w, &ack), OK);
    answer(n, site->peer, writer_span(&w));
}

/* An envelope has come: one of the flow, in its order, or a notice. */
static void take_envelope(struct nation *n, struct site *site, struct span frame)
{
    struct flow *f = &n->flow;
    struct frame_envelope env;
    static lianshu_Header h;
    assert_int_equal(frame_parse_envelope(frame, &env), OK);
    assert_int_equal(wire_decode(&lianshu_Header_msg, env.header, &h), OK);
    struct got got = {.sender = ""};
    memcpy(got.message_id, h.message_id, sizeof got.message_id);
    snprintf(got.sender, sizeof got.sender, "%s", h.sender);
    uint8_t header_hash[HASH_LEN];
    envelope_id(&env, header_hash, got.env_id);
    if (h.type == lianshu_DocumentType_TYPE_SANCTION_NOTICE) {
        n->notices++;
    } else if (strcmp(site->id, "procuratorate.445100") == 0) {
        struct flow_message *m = &f->message[f->taken++];
        assert_memory_equal(m->id.env_id, got.env_id, HASH_LEN);
        m->took_ns = rounds_wall_ns() - m->due_ns;
    }
    gather(n, site, &got);
}

static struct site *site_of(struct world *w, uint32_t peer)
{
    for (size_t i = 1; i < WORLD_MEMBERS; i++) {
        if (w->sites[i].peer == peer)
            return &w->sites[i];
    }
    return NULL;
}

static void take_frame(struct nation *n, struct site *site, struct span frame)
{
    enum frame_kind kind;
    struct frame_bundle bundle;
    struct span inner;
    assert_int_equal(frame_kind(frame, &kind), OK);
    if (kind == FRAME_RECEIPTS)
        take_receipts(n, site, frame);
    if (kind != FRAME_BUNDLE)
        return;
    assert_int_equal(frame_parse_bundle(frame, &bundle), OK);
    while (frame_bundle_next(&bundle, &inner)) {
        assert_int_equal(frame_kind(inner, &kind), OK);
        if (kind == FRAME_ENVELOPE)
            take_envelope(n, site, inner);
    }
}

/* Copied first: giving frames back ends the outputs. */
static void take_outputs(struct nation *n)
{
    enum { HELD_MAX = 4096 };
    static struct {
        uint32_t peer;
        size_t len;
        uint8_t *bytes;
    } held[HELD_MAX];
    const uint64_t began = rounds_wall_ns();
    size_t count = 0;
    struct core_output out;
    while (core_output(n->w->core, &out)) {
        assert_true(count < HELD_MAX);
        held[count].peer = out.peer;
        held[count].len = out.frame.len;
        held[count].bytes = malloc(out.frame.len);
        memcpy(held[count].bytes, out.frame.data, out.frame.len);
        count++;
    }
    for (size_t i = 0; i < count; i++) {
        struct site *site = site_of(n->w, held[i].peer);
        if (site != NULL)
            take_frame(n, site, span_of(held[i].bytes, held[i].len));
        free(held[i].bytes);
    }
    answer_receipts(n);
    n->members_ns += rounds_wall_ns() - began;
    give_back(n);
}

/* ---- the loop ---- */

static void land(void *flight)
{
    core_land(flight);
}

static uint64_t now_ms(struct nation *n)
{
    n->w->now_ms = n->began_ms + (rounds_wall_ns() - n->began_ns) / 1000000;
    n->w->reader.at_ms = n->w->now_ms;
    return n->w->now_ms;
}

static void wait_for_work(struct nation *n)
{
    const struct flow *f = &n->flow;
    const uint64_t now_ns = rounds_wall_ns();
    const bool busy =
        flow_due(f, now_ns) || n->feed.sent < n->feed.count ||
        (core_due_ms(n->w->core) <= n->w->now_ms && !(n->flight != NULL && n->ticked));
    uint64_t ns = busy ? 0 : (uint64_t)WAIT_MS * 1000000;
    if (!busy && !f->stopped && f->sent < f->count && f->next_ns - now_ns < ns)
        ns = f->next_ns - now_ns;
    struct pollfd fd = {lander_fd(n->lander), POLLIN, 0};
    const struct timespec wait = {.tv_nsec = (long)ns};
    (void)ppoll(&fd, 1, &wait, NULL);
}

static void take_landed(struct nation *n, bool *landed)
{
    *landed = n->flight != NULL && lander_take(n->lander);
    if (!*landed)
        return;
    assert_int_equal(core_landed(n->w->core, &n->flight), OK);
    n->landed = n->w->core->signed_size;
    if (n->flight != NULL)
        assert_int_equal(lander_begin(n->lander, n->flight), OK);
}

static uint64_t thread_cpu_ns(void)
{
    struct timespec t;
    assert_int_equal(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t), 0);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* A turn of the hub alone; whether it spoke. */
static bool turn_hub(struct nation *n)
{
    struct core *core = n->w->core;
    bool landed;
    take_landed(n, &landed);
    if (!landed) {
        feed_send(n);
        flow_send(n);
        if (!n->ticked && core_due_ms(core) <= now_ms(n)) {
            n->ticked = true;
            assert_int_equal(core_tick(core, n->w->now_ms), OK);
        }
    }
    if (n->flight != NULL)
        return false;
    assert_int_equal(core_write(core, now_ms(n), &n->flight), OK);
    if (n->flight != NULL)
        assert_int_equal(lander_begin(n->lander, n->flight), OK);
    else
        n->landed = core->signed_size;
    n->ticked = false;
    assert_int_equal(core_speak(core, now_ms(n)), OK);
    return true;
}

void nation_turn(struct nation *n)
{
    wait_for_work(n);
    (void)now_ms(n);
    const uint64_t began = thread_cpu_ns();
    const bool spoke = turn_hub(n);
    const uint64_t took = thread_cpu_ns() - began;
    n->turn_max_ns = took > n->turn_max_ns ? took : n->turn_max_ns;
    if (!spoke)
        return;
    if (n->flight == NULL)
        assert_int_equal(store_pause(n->w->store), OK);
    take_outputs(n);
    const uint64_t rss_kib = n->turns++ % RSS_TURNS == 0 ? usage_of(getpid()).rss_kib : 0;
    const uint64_t flow_kib = n->flow.bytes / 1024;
    n->rss_kib = rss_kib > n->rss_kib + flow_kib ? rss_kib - flow_kib : n->rss_kib;
}

void nation_rest(struct nation *n)
{
    const struct core *core = n->w->core;
    for (;;) {
        nation_turn(n);
        if (n->feed.sent == n->feed.count && n->flight == NULL && !core->open_batch &&
            core_due_ms(core) > n->w->now_ms && (n->flow.stopped || n->flow.taken == n->flow.count))
            return;
    }
}

struct nation *nation_open(const uint8_t seed[static ENTROPY_SEED_LEN])
{
    process_harden(); /* the heap as the daemon sets it up, before and after it has opened */
    struct nation *n = calloc(1, sizeof *n);
    assert_non_null(n);
    n->w = world_new(seed);
    take_registry(n->w);
    world_turn(n->w);
    world_hello(n->w, "market.445100");
    world_hello(n->w, "health.445100");
    world_hello(n->w, "procuratorate.445100");
    n->began_ns = rounds_wall_ns();
    n->began_ms = n->w->now_ms;
    assert_int_equal(lander_open(&n->lander, land), OK);
    process_opened();
    return n;
}

void nation_close(struct nation *n)
{
    lander_close(&n->lander);
    for (size_t i = 0; i < n->flow.count; i++)
        free(n->flow.message[i].frame);
    feed_clear(&n->feed);
    world_free(n->w);
    free(n);
}
