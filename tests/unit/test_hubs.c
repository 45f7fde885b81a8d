/* Checks what an adapter does when there are several hubs (sdk.h): who reads the facts, whose
 * receipts count, and which way a message may have come. */
#include "outbox_world.h"

#include "base/file.h"
#include "check.h"
#include "keys/note.h"

#include <stdlib.h>

#define HUB_TOP   "hub.000000"
#define HUB_THERE "hub.220100"
#define HUB_ASIDE "hub.330000"
#define THERE     "health.220100"

enum { EXTRA = 4 };

static const char *const extra[EXTRA] = {HUB_TOP, THERE, HUB_THERE, HUB_ASIDE};
static struct keyring *rings[EXTRA];

static void add_key(struct realm *r, size_t i, lianshu_MemberRecord *record, enum key_use use)
{
    struct key *key = NULL;
    assert_int_equal(key_make(&key, use, REALM_NOW_MS, &r->entropy), OK);
    lianshu_MemberKey *mk = &record->keys[record->keys_count++];
    mk->use = (lianshu_KeyUse)use;
    memcpy(mk->public_key, key_public(key), KEY_PUBLIC_LEN);
    mk->valid_from_ms = REALM_NOW_MS - REALM_DAY_MS;
    mk->valid_until_ms = REALM_NOW_MS + 365 * REALM_DAY_MS;
    assert_int_equal(keyring_add(rings[i], &key), OK);
}

/* A nation's hub, a far one with a member, and one that stands aside. */
static void add_hubs(struct realm *r)
{
    static lianshu_MemberRecord records[REALM_MEMBERS + EXTRA];

    memset(records, 0, sizeof records);
    memcpy(records, r->records, sizeof r->records);
    for (size_t i = 0; i < EXTRA; i++) {
        lianshu_MemberRecord *record = &records[REALM_MEMBERS + i];
        (void)snprintf(record->member, sizeof record->member, "%s", extra[i]);
        (void)snprintf(record->name_zh, sizeof record->name_zh, "成员%zu", i);
        (void)snprintf(record->name_en, sizeof record->name_en, "Member %zu", i);
        assert_int_equal(keyring_open(&rings[i], extra[i], "main"), OK);
        add_key(r, i, record, KEY_USE_SIGN);
        add_key(r, i, record, KEY_USE_SEAL);
        if (strcmp(extra[i], THERE) != 0)
            add_key(r, i, record, KEY_USE_LOG);
        memcpy(record->grants, records[1].grants, sizeof record->grants);
        record->grants_count = records[1].grants_count;
    }
    for (size_t i = 0; i < REALM_MEMBERS + EXTRA; i++)
        for (size_t g = 0; g < records[i].grants_count; g++)
            (void)snprintf(records[i].grants[g].region, sizeof records[i].grants[g].region,
                           "000000");
    struct registry_make make = realm_make(r, 2);
    make.region = "000000";
    realm_write(&make, records, REALM_MEMBERS + EXTRA, exchange_path(f.e, "registry.lsg"));
}

static int start(void **state)
{
    (void)state;
    memset(&f, 0, sizeof f);
    f.e = exchange_open(1);
    add_hubs(f.e->realm);
    f.handler.outcome = outcome;
    f.market = exchange_sdk(f.e, REALM_MARKET, &f.handler);
    exchange_connect(f.e, f.market);
    return 0;
}

static int finish(void **state)
{
    for (size_t i = 0; i < EXTRA; i++)
        keyring_close(&rings[i]);
    return teardown(state);
}

static const struct keyring *ring_of(const char *member)
{
    for (size_t i = 0; i < EXTRA; i++)
        if (strcmp(extra[i], member) == 0)
            return rings[i];
    return realm_ring(f.e->realm, member);
}

/* ---- who reads ---- */

static void send_to(const char *key, const char *const *to, size_t count, lianshu_Header *h)
{
    struct frame_envelope env;
    uint8_t id[SDK_ID_LEN];
    const struct sdk_message m = honour(key, to, count);
    assert_int_equal(sdk_send(f.market, &m, f.e->now_ms, id, NULL, NULL), OK);
    assert_int_equal(sdk_commit(f.market, f.e->now_ms), OK);
    assert_true(exchange_pull(f.e, f.market) >= 1);
    assert_int_equal(frame_parse_envelope(exchange_frame(f.e, 0), &env), OK);
    assert_int_equal(wire_decode(&lianshu_Header_msg, env.header, h), OK);
}

static void the_facts_are_read_by_the_hub_of_each_recipient(void **state)
{
    static const char *const to[] = {THERE, REALM_HEALTH, "police.445100"};
    static const char *const readers[] = {THERE, REALM_HEALTH, HUB_THERE, REALM_HUB,
                                          "police.445100"};
    static lianshu_Header h;
    (void)state;
    send_to("k", to, T_COUNT(to), &h);
    const int part = header_facts_part(&h);
    assert_true(part >= 0);
    assert_int_equal(h.parts[part].audience_count, T_COUNT(readers));
    for (size_t i = 0; i < T_COUNT(readers); i++)
        assert_string_equal(h.parts[part].audience[i].member, readers[i]);
    assert_int_equal(h.destination_count, T_COUNT(to));
}

static void a_message_that_stays_here_is_read_by_our_hub_alone(void **state)
{
    static lianshu_Header h;
    (void)state;
    send_to("k", TO_HEALTH, 1, &h);
    assert_int_equal(h.parts[header_facts_part(&h)].audience_count, 2);
    assert_true(part_reader(&h.parts[header_facts_part(&h)], REALM_HUB) >= 0);
}

/* ---- whose receipts count ---- */

struct word {
    const char *by;
    lianshu_ReceiptKind kind;
    const char *about;
    const char *log; /* whose key signs its log; NULL: its own */
    bool of_another; /* it names another envelope */
};

/* A receipt of another hub as our own passes it on: under a log of one leaf, well signed. */
static void hand_on(const lianshu_Header *h, const struct word *word, uint64_t number)
{
    static uint8_t bytes[16 << 10], q[FRAME_RECEIPT_MAX], note[NOTE_LEN_MAX];
    struct writer w = writer_of(bytes, sizeof bytes);
    struct writer qw = writer_of(q, sizeof q);
    struct writer nw = writer_of(note, sizeof note);
    struct checkpoint c = {.size = 1};
    struct frame_envelope env;
    uint8_t header_hash[HASH_LEN];
    lianshu_Receipt r = {.kind = word->kind, .time_ms = f.e->now_ms};
    (void)snprintf(r.realm, sizeof r.realm, REALM_NAME);
    (void)snprintf(r.sender, sizeof r.sender, REALM_MARKET);
    (void)snprintf(r.by, sizeof r.by, "%s", word->by);
    (void)snprintf(r.about, sizeof r.about, "%s", word->about);
    memcpy(r.message_id, h->message_id, sizeof r.message_id);
    assert_int_equal(frame_parse_envelope(exchange_kept(f.e, 0), &env), OK);
    envelope_id(&env, header_hash, r.env_id);
    r.env_id[0] ^= word->of_another;
    assert_int_equal(receipt_encode(&r, &qw), OK);
    assert_int_equal(log_leaf(c.root, LOG_RECEIPT, r.time_ms, writer_span(&qw)), OK);
    assert_int_equal(note_origin(c.origin, word->by, REALM_NAME, 1), OK);
    const struct keyring *ring = ring_of(word->log != NULL ? word->log : word->by);
    assert_int_equal(note_sign(&c, keyring_find(ring, KEY_USE_LOG), &nw), OK);
    const struct frame_receipt entry = {.form = FRAME_RECEIPT_OTHER_HUB,
                                        .receipt = writer_span(&qw),
                                        .checkpoint = writer_span(&nw)};
    frame_receipts_begin(&w, number, 1);
    frame_receipts_add(&w, &entry);
    frame_receipts_end(&w, span_of(NULL, 0));
    exchange_give(f.e, f.market, writer_span(&w));
}

static void post(lianshu_Header *h)
{
    static const char *const to[] = {THERE};
    send_to("k", to, 1, h);
    exchange_keep(f.e, exchange_frame(f.e, 0));
    exchange_verdict(f.e, f.market, exchange_kept(f.e, 0), lianshu_ReceiptKind_RECEIPT_ACCEPTED, OK,
                     1);
    assert_int_equal(f.outcomes, 1);
}

static void receipts_of_hubs_on_the_way_count_each_under_its_own_log(void **state)
{
    static lianshu_Header h;
    (void)state;
    post(&h);
    hand_on(&h, &(struct word){HUB_TOP, lianshu_ReceiptKind_RECEIPT_RELAYED, "", NULL, false}, 2);
    assert_int_equal(f.outcomes, 2);
    assert_string_equal(f.last.receipt.by, HUB_TOP);
    assert_int_equal(f.last.state, SDK_ACCEPTED);
    hand_on(&h, &(struct word){HUB_THERE, lianshu_ReceiptKind_RECEIPT_RELAYED, "", NULL, false}, 3);
    assert_int_equal(f.outcomes, 3);
    assert_int_equal(f.last.state, SDK_ACCEPTED); /* taken over is not delivered */
    hand_on(&h, &(struct word){HUB_THERE, lianshu_ReceiptKind_RECEIPT_EXPIRED, THERE, NULL, false},
            4);
    assert_int_equal(f.outcomes, 4);
    assert_int_equal(f.last.state, SDK_FINAL);
}

static void what_another_hub_may_not_say_counts_for_nothing(void **state)
{
    static const struct word words[] = {
        {HUB_ASIDE, lianshu_ReceiptKind_RECEIPT_RELAYED, "", NULL, false},
        {HUB_ASIDE, lianshu_ReceiptKind_RECEIPT_REFUSED, THERE, NULL, false},
        {HUB_THERE, lianshu_ReceiptKind_RECEIPT_REFUSED, THERE, HUB_ASIDE, false},
        {HUB_THERE, lianshu_ReceiptKind_RECEIPT_REFUSED, "", NULL, false},
        {HUB_THERE, lianshu_ReceiptKind_RECEIPT_REFUSED, REALM_HEALTH, NULL, false},
        {HUB_THERE, lianshu_ReceiptKind_RECEIPT_REJECTED, "", NULL, false},
        {HUB_THERE, lianshu_ReceiptKind_RECEIPT_ACCEPTED, "", NULL, false},
        {HUB_THERE, lianshu_ReceiptKind_RECEIPT_DELIVERED, THERE, NULL, false},
        {HUB_THERE, lianshu_ReceiptKind_RECEIPT_REFUSED, THERE, NULL, true},
        {REALM_HUB, lianshu_ReceiptKind_RECEIPT_REFUSED, THERE, NULL, false},
    };
    static lianshu_Header h;
    (void)state;
    post(&h);
    for (size_t i = 0; i < T_COUNT(words); i++) {
        hand_on(&h, &words[i], 2 + i);
        if (f.outcomes != 1)
            fail_msg("word %zu counts", i);
    }
    /* It was passed over, so the stream goes on behind it. */
    assert_int_equal(f.market->stream, 1 + T_COUNT(words));
}

/* ---- the way ---- */

static void a_message_is_taken_only_by_a_way_from_its_senders_hub_to_ours(void **state)
{
    static const struct {
        const char *hops[4];
        size_t count;
        enum err code;
    } ways[] = {
        {{HUB_THERE, HUB_TOP, REALM_HUB}, 3, OK},
        {{NULL}, 0, ERR_HOPS},                               /* as if from a member of ours */
        {{HUB_TOP, REALM_HUB}, 2, ERR_HOPS},                 /* its first hub is cut off */
        {{HUB_THERE, HUB_TOP}, 2, ERR_HOPS},                 /* not by us */
        {{HUB_THERE, HUB_ASIDE, REALM_HUB}, 3, ERR_HOPS},    /* one that lies beside the way */
        {{HUB_THERE, "hub.110000", REALM_HUB}, 3, ERR_HOPS}, /* one that there is not */
        {{HUB_THERE, HUB_TOP, HUB_TOP, REALM_HUB}, 4, ERR_HOPS_LOOP},
    };
    static lianshu_Receipt last;
    static uint8_t id[SDK_ID_LEN];
    static const char *const to[] = {REALM_MARKET};
    struct passphrase *passphrase = NULL;
    const struct entropy entropy = entropy_system();
    (void)state;
    assert_int_equal(passphrase_of(&passphrase, span_str("correct horse")), OK);
    struct key *transport = NULL;
    assert_int_equal(key_make(&transport, KEY_USE_TRANSPORT, REALM_NOW_MS, &entropy), OK);
    assert_int_equal(keyring_add(rings[1], &transport), OK);
    struct key *storage = NULL;
    assert_int_equal(key_make(&storage, KEY_USE_STORAGE, REALM_NOW_MS, &entropy), OK);
    assert_int_equal(keyring_add(rings[1], &storage), OK);
    assert_int_equal(keyfile_write(rings[1], exchange_path(f.e, THERE ".key"), true, passphrase,
                                   (struct keyfile_cost){1, 8 << 10}, &entropy, NULL),
                     OK);
    passphrase_close(&passphrase);
    struct sdk *far = exchange_sdk(f.e, THERE, NULL);
    exchange_connect(f.e, far);
    for (size_t i = 0; i < T_COUNT(ways); i++) {
        char key[8];
        (void)snprintf(key, sizeof key, "k%zu", i);
        const struct sdk_message m = honour(key, to, 1);
        assert_int_equal(sdk_send(far, &m, f.e->now_ms, id, NULL, NULL), OK);
        assert_int_equal(sdk_commit(far, f.e->now_ms), OK);
        assert_true(exchange_pull(f.e, far) >= 1);
        exchange_keep(f.e, exchange_frame(f.e, 0));
        memcpy(f.e->hops, ways[i].hops, sizeof f.e->hops);
        f.e->hop_count = ways[i].count;
        exchange_deliver(f.e, f.market, exchange_kept(f.e, i), 0, 0);
        assert_int_equal(exchange_receipts(f.e, f.market, &last), 1);
        if (last.code != (uint32_t)ways[i].code)
            fail_msg("way %zu: E%03u", i, (unsigned)last.code);
    }
    sdk_close(&far);
}

int main(void)
{
#define HUBS(name) cmocka_unit_test_setup_teardown(name, start, finish)
    const struct CMUnitTest tests[] = {
        HUBS(the_facts_are_read_by_the_hub_of_each_recipient),
        HUBS(a_message_that_stays_here_is_read_by_our_hub_alone),
        HUBS(receipts_of_hubs_on_the_way_count_each_under_its_own_log),
        HUBS(what_another_hub_may_not_say_counts_for_nothing),
        HUBS(a_message_is_taken_only_by_a_way_from_its_senders_hub_to_ours),
    };
    return cmocka_run_group_tests_name("hubs", tests, NULL, NULL);
}
