/*
 * Checks what adapters/sdk/sdk_archive.h promises: what was sent and applied is found with its
 * keys, after a loss of power too, until its retention is over; and how it lies on the disk
 * (adapters/sdk/archive.h). What `lianshu evidence disclose` makes of it: test_cli_disclose.c.
 */
#include "adapters/sdk/archive.h"
#include "adapters/sdk/inner_sql.h"
#include "adapters/sdk/sdk_archive.h"
#include "fault/vfs.h"
#include "keys/seal.h"
#include "unit/pair.h"

enum { STEPS = 4, A_STEP = 3, KNOWN_MAX = 64, POINTS_MAX = 2000, STRIDE = 13 };

/* Messages whose commit said OK. */
struct known {
    size_t count;
    uint8_t id[KNOWN_MAX][SDK_ID_LEN];
};

static struct pair p;
static struct known sent, applied;
static enum err answer; /* of apply */

static enum err take(void *ctx, struct sdk *sdk, const struct sdk_incoming *m, uint64_t now_ms)
{
    (void)ctx, (void)sdk, (void)m, (void)now_ms;
    return answer;
}

static int setup(void **state)
{
    (void)state;
    memset(&p, 0, sizeof p);
    memset(&sent, 0, sizeof sent);
    memset(&applied, 0, sizeof applied);
    answer = OK;
    pair_open(&p, 5, take);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    pair_close(&p);
    return 0;
}

static void remember(struct known *k, const uint8_t id[static SDK_ID_LEN])
{
    assert_true(k->count < KNOWN_MAX);
    memcpy(k->id[k->count++], id, SDK_ID_LEN);
}

/* A batch of honours to health, numbered from `from`; ERR_… of the commit. */
static enum err send_batch(unsigned from, unsigned to, struct known *k)
{
    static const char *const readers[] = {REALM_HEALTH};
    const struct known before = *k;
    enum err err = OK;

    for (unsigned i = from; i < to && err == OK; i++) {
        char key[16];
        uint8_t id[SDK_ID_LEN];
        (void)snprintf(key, sizeof key, "m%u", i);
        const struct sdk_message m = {.key = key,
                                      .type = lianshu_DocumentType_TYPE_HONOUR,
                                      .to = readers,
                                      .to_count = 1,
                                      .facts = exchange_honour(key)};
        if ((err = sdk_send(p.market, &m, p.e->now_ms, id, NULL, NULL)) == OK)
            remember(k, id);
    }
    if (err == OK)
        err = sdk_commit(p.market, p.e->now_ms);
    if (err != OK)
        *k = before;
    return err;
}

static const lianshu_Header *header_of(struct span frame, struct frame_envelope *env)
{
    static lianshu_Header h;
    assert_int_equal(frame_parse_envelope(frame, env), OK);
    assert_int_equal(wire_decode(&lianshu_Header_msg, env->header, &h), OK);
    return &h;
}

/* What the market sends now, taken by health in one transaction. */
static enum err deliver_all(void)
{
    static uint8_t bytes[1 << 17];
    const struct known before = applied;
    enum err err = OK;

    (void)exchange_pull(p.e, p.market);
    for (size_t i = 0; i < p.e->frame_count && err == OK; i++) {
        struct frame_envelope env;
        const struct span frame = exchange_frame(p.e, i);
        enum frame_kind kind;
        if (frame_kind(frame, &kind) != OK || kind != FRAME_ENVELOPE)
            continue;
        const size_t len = exchange_delivery(p.e, REALM_HEALTH, frame, 0, 0, bytes, sizeof bytes);
        remember(&applied, header_of(frame, &env)->message_id);
        err = turn_input(p.health, span_of(bytes, len), p.e->now_ms);
    }
    if (err == OK)
        err = sdk_commit(p.health, p.e->now_ms);
    if (err != OK)
        applied = before;
    return err;
}

static struct sdk_archive *archive_of(const char *member)
{
    struct sdk_archive *a = NULL;
    struct fault fault = {0};
    const struct sdk_config c = exchange_config(p.e, member);
    const struct sdk_mirror_config config = {member, c.key_file, c.passphrase_file, c.state_dir};
    const enum err err = sdk_archive_open(&a, &config, &fault);
    if (err != OK)
        print_message("%s: %s\n", fault.where, fault.detail);
    assert_int_equal(err, OK);
    return a;
}

/* The frame of this message, and the key of each part that this member reads. */
static void assert_found(struct sdk_archive *a, const uint8_t id[static SDK_ID_LEN])
{
    struct sdk_archived found;
    struct frame_envelope env;
    uint8_t hash[HASH_LEN], env_id[HASH_LEN], dek[SEAL_DEK_LEN], commitment[SEAL_COMMITMENT_LEN];

    assert_int_equal(sdk_archive_find(a, id, &found), OK);
    const lianshu_Header *h = header_of(found.frame, &env);
    assert_memory_equal(h->message_id, id, SDK_ID_LEN);
    envelope_id(&env, hash, env_id);
    assert_memory_equal(found.env_id, env_id, HASH_LEN);
    for (unsigned i = 0; i < h->parts_count; i++) {
        assert_int_equal(sdk_archive_key(a, i, dek), OK);
        seal_commitment(commitment, dek);
        assert_memory_equal(commitment, h->parts[i].commitment, sizeof commitment);
    }
    assert_int_equal(sdk_archive_key(a, h->parts_count, dek), ERR_NOT_IN_AUDIENCE);
    assert_int_equal(sdk_archive_key(a, FRAME_PARTS_MAX, dek), ERR_NOT_IN_AUDIENCE);
}

static void assert_all_found(const char *member, const struct known *k)
{
    struct sdk_archive *a = archive_of(member);
    for (size_t i = 0; i < k->count; i++)
        assert_found(a, k->id[i]);
    sdk_archive_close(&a);
}

static bool is_found(const char *member, const uint8_t id[static SDK_ID_LEN])
{
    struct sdk_archived found;
    struct sdk_archive *a = archive_of(member);
    const enum err err = sdk_archive_find(a, id, &found);
    sdk_archive_close(&a);
    assert_true(err == OK || err == ERR_NOT_FOUND);
    return err == OK;
}

static uint64_t rows(struct sdk *s, const char *sql)
{
    struct stmt *q = NULL;
    assert_int_equal(db_prepare(sdk_db(s), &sql, 1, &q, NULL), OK);
    assert_int_equal(stmt_step(q), OK);
    const uint64_t n = stmt_u64(q, 0);
    assert_int_equal(stmt_end(q, OK), OK);
    return n;
}

static void change(struct sdk *s, const char *sql)
{
    struct stmt *q = NULL;
    assert_int_equal(db_prepare(sdk_db(s), &sql, 1, &q, NULL), OK);
    assert_int_equal(sdk_begin(s), OK);
    assert_int_equal(stmt_run(q), OK);
    assert_int_equal(sdk_commit(s, p.e->now_ms), OK);
}

/* ---- promise 1 ---- */

static void what_was_sent_and_applied_is_found_with_its_keys_and_shares_few_rows(void **state)
{
    (void)state;
    assert_int_equal(send_batch(0, 50, &sent), OK);
    assert_int_equal(deliver_all(), OK);
    assert_int_equal(applied.count, 50);
    assert_all_found(REALM_MARKET, &sent);
    assert_all_found(REALM_HEALTH, &applied);
    assert_true(rows(p.market, "SELECT count(*) FROM outbox_pack") <= 3);
    assert_true(rows(p.health, "SELECT count(*) FROM inbox_pack") <= 3);
    assert_int_equal(rows(p.market, "SELECT count(*) FROM inbox_pack"), 0);
}

static void what_waited_for_its_turn_is_there_once_it_was_applied(void **state)
{
    struct frame_envelope env;
    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        char key[2] = {(char)('a' + i), 0};
        pair_send(&p, p.market, key, 9);
    }
    pair_keep(&p, p.market, 3);
    for (unsigned i = 0; i < 3; i++)
        remember(&applied, header_of(exchange_kept(p.e, i), &env)->message_id);
    exchange_deliver(p.e, p.health, exchange_kept(p.e, 2), 3, 0);
    exchange_deliver(p.e, p.health, exchange_kept(p.e, 1), 2, 0);
    assert_false(is_found(REALM_HEALTH, applied.id[1]));
    exchange_deliver(p.e, p.health, exchange_kept(p.e, 0), 1, 0);
    assert_all_found(REALM_HEALTH, &applied);
}

static void what_was_given_back_or_rolled_back_is_not_there(void **state)
{
    (void)state;
    answer = ERR_POISON;
    assert_int_equal(send_batch(0, 1, &sent), OK);
    assert_int_equal(deliver_all(), OK);
    assert_false(is_found(REALM_HEALTH, sent.id[0]));
    answer = OK;
    struct known none = {0};
    const struct sdk_message m = {.key = "gone",
                                  .type = lianshu_DocumentType_TYPE_HONOUR,
                                  .to = (const char *const[]){REALM_HEALTH},
                                  .to_count = 1,
                                  .facts = exchange_honour("gone")};
    assert_int_equal(sdk_send(p.market, &m, p.e->now_ms, none.id[0], NULL, NULL), OK);
    assert_int_equal(pack_flush(p.market), OK);
    sdk_rollback(p.market);
    assert_false(is_found(REALM_MARKET, none.id[0]));
    assert_int_equal(send_batch(1, 4, &sent), OK);
    assert_int_equal(deliver_all(), OK);
    assert_all_found(REALM_MARKET, &sent);
    assert_all_found(REALM_HEALTH, &(struct known){.count = 0});
    for (size_t i = 1; i < sent.count; i++)
        assert_true(is_found(REALM_HEALTH, sent.id[i]));
}

/* Frames of every size beside each other, with gaps between their rows. */
static void a_frame_of_any_size_is_found_with_its_own_keys(void **state)
{
    static const struct {
        uint64_t row;
        size_t len;
        unsigned known;
    } put[] = {{1, 900, 1},
               {2, 900, 3},
               {3, FRAME_MAX, 0xff},
               {4, 70000, 5},
               {5, 20, 0},
               {6, SDK_PACK_BYTES - 4, 1},
               {9, 100, 0x80},
               {10, 1, 2},
               {11, SDK_PACK_BYTES - 3, 4},
               {12, SDK_PACK_BYTES / 2, 1},
               {13, SDK_PACK_BYTES / 2, 1}};
    uint8_t deks[FRAME_PARTS_MAX][SEAL_DEK_LEN], got[FRAME_PARTS_MAX][SEAL_DEK_LEN];
    uint8_t *bytes = malloc(FRAME_MAX);
    (void)state;
    assert_non_null(bytes);
    assert_int_equal(sdk_begin(p.market), OK);
    for (size_t i = 0; i < T_COUNT(put); i++) {
        memset(bytes, (int)(i + 1), put[i].len);
        memset(deks, (int)(i + 100), sizeof deks);
        const struct kept_frame kept = {.row = put[i].row,
                                        .time_ms = p.e->now_ms,
                                        .frame = span_of(bytes, put[i].len),
                                        .known = put[i].known,
                                        .deks = (const uint8_t(*)[SEAL_DEK_LEN])deks};
        assert_int_equal(frames_put(p.market, FRAME_SENT, &kept), OK);
    }
    assert_int_equal(frames_flush(p.market, FRAME_SENT), OK);
    for (unsigned cold = 0; cold < 2; cold++) {
        for (size_t i = 0; i < T_COUNT(put); i++) {
            struct span frame;
            unsigned known = 0;
            assert_int_equal(frames_get(p.market, put[i].row, &frame), OK);
            assert_int_equal(frame.len, put[i].len);
            assert_int_equal(frame.data[0], i + 1);
            assert_int_equal(frame.data[frame.len - 1], i + 1);
            assert_int_equal(archive_get(p.market, put[i].row, got, &known), OK);
            assert_int_equal(known, put[i].known);
            memset(deks, (int)(i + 100), sizeof deks);
            for (unsigned part = 0; part < FRAME_PARTS_MAX; part++)
                if ((known >> part & 1) != 0)
                    assert_memory_equal(got[part], deks[part], SEAL_DEK_LEN);
        }
        frames_forget(p.market);
    }
    struct span frame;
    unsigned known;
    assert_int_equal(frames_get(p.market, 7, &frame), ERR_NOT_FOUND);
    assert_int_equal(archive_get(p.market, 8, got, &known), ERR_NOT_FOUND);
    assert_int_equal(archive_get(p.market, 14, got, &known), ERR_NOT_FOUND);
    sdk_rollback(p.market);
    free(bytes);
}

/* ---- the power ---- */

/* The power goes at the n-th operation of a life; what a commit said OK about is found after it.
 * False when the life has fewer. */
static bool life_with_power_cut(uint64_t n)
{
    const struct vfs_plan cut = {
        .ops = VFS_WRITE | VFS_SYNC | VFS_TRUNCATE, .nth = n, .kind = VFS_BROKEN, .sticky = true};
    enum err err = OK;

    vfs_disarm();
    vfs_power_on();
    assert_int_equal(setup(NULL), 0);
    vfs_arm(&cut);
    for (unsigned i = 0; i < STEPS && err == OK; i++) {
        err = send_batch(i * A_STEP, (i + 1) * A_STEP, &sent);
        if (err == OK)
            err = deliver_all();
    }
    const bool fired = vfs_fired();
    assert_true(fired || err == OK);
    sdk_close(&p.market);
    sdk_close(&p.health);
    vfs_power_off((enum vfs_tail)(n % VFS_TAILS), n);
    vfs_disarm();
    p.market = exchange_sdk(p.e, REALM_MARKET, NULL);
    p.health = exchange_sdk(p.e, REALM_HEALTH, &p.handler);
    assert_int_equal(send_batch(1000, 1001, &sent), OK); /* and it goes on */
    assert_all_found(REALM_MARKET, &sent);
    assert_all_found(REALM_HEALTH, &applied);
    assert_int_equal(teardown(NULL), 0);
    return fired;
}

static void nothing_that_was_committed_is_lost_with_the_power(void **state)
{
    uint64_t n = 1;
    (void)state;
    while (n < POINTS_MAX && life_with_power_cut(n))
        n += STRIDE;
    print_message("up to point %llu\n", (unsigned long long)n);
    assert_true(n > 60 && n < POINTS_MAX);
}

/* ---- retention ---- */

static void pass(uint64_t days)
{
    p.e->now_ms += days * REALM_DAY_MS;
    for (int i = 0; i < 8; i++) {
        p.e->now_ms += SDK_TRIM_EVERY_MS;
        assert_int_equal(turn_tick(p.market, p.e->now_ms), OK);
        assert_int_equal(sdk_commit(p.market, p.e->now_ms), OK);
        assert_int_equal(turn_tick(p.health, p.e->now_ms), OK);
        assert_int_equal(sdk_commit(p.health, p.e->now_ms), OK);
    }
}

/* An hour after all was looked at, it is looked at again. */
static void pass_hours(void)
{
    p.e->now_ms += 2 * 3600 * 1000;
    pass(0);
}

static void it_is_kept_for_its_days_and_then_gone(void **state)
{
    (void)state;
    assert_int_equal(send_batch(0, 40, &sent), OK);
    assert_int_equal(deliver_all(), OK);
    for (size_t i = 0; i < sent.count; i++)
        exchange_verdict(p.e, p.market, exchange_frame(p.e, i), lianshu_ReceiptKind_RECEIPT_EXPIRED,
                         ERR_EXPIRED, 0);
    pass(SDK_KEEP_DAYS - 1);
    pass_hours();
    assert_all_found(REALM_MARKET, &sent);
    assert_all_found(REALM_HEALTH, &applied);
    pass(2);
    pass_hours();
    assert_int_equal(rows(p.market, "SELECT count(*) FROM outbox_pack"), 0);
    assert_int_equal(rows(p.health, "SELECT count(*) FROM inbox_pack"), 0);
    for (size_t i = 0; i < sent.count; i++) {
        assert_false(is_found(REALM_MARKET, sent.id[i]));
        assert_false(is_found(REALM_HEALTH, sent.id[i]));
    }
}

/* An accepted message that nobody has answered, beside neighbours that ended. */
static void what_is_under_way_outlives_its_days_with_its_neighbours(void **state)
{
    (void)state;
    assert_int_equal(send_batch(0, 3, &sent), OK);
    assert_int_equal(deliver_all(), OK);
    for (size_t i = 0; i < 3; i++)
        exchange_verdict(p.e, p.market, exchange_frame(p.e, i),
                         i == 1 ? lianshu_ReceiptKind_RECEIPT_ACCEPTED
                                : lianshu_ReceiptKind_RECEIPT_EXPIRED,
                         OK, 0);
    pass(SDK_KEEP_DAYS + 2);
    pass_hours();
    assert_true(is_found(REALM_MARKET, sent.id[1]));
    change(p.market, "DELETE FROM outbox_live"); /* it ended; receipts of then know other keys */
    pass_hours();
    assert_false(is_found(REALM_MARKET, sent.id[1]));
    assert_int_equal(rows(p.market, "SELECT count(*) FROM outbox_pack"), 0);
}

/* A row's number is never given twice: a pack would be taken for another's. */
static void numbers_of_forgotten_rows_are_not_given_again(void **state)
{
    (void)state;
    assert_int_equal(send_batch(0, 3, &sent), OK);
    assert_int_equal(deliver_all(), OK);
    change(p.market, "DELETE FROM outbox_live");
    change(p.market, "DELETE FROM outbox");
    change(p.health, "DELETE FROM inbox");
    sdk_close(&p.market);
    sdk_close(&p.health);
    p.market = exchange_sdk(p.e, REALM_MARKET, NULL);
    p.health = exchange_sdk(p.e, REALM_HEALTH, &p.handler);
    exchange_connect(p.e, p.market);
    exchange_connect(p.e, p.health);
    sent.count = applied.count = 0;
    assert_int_equal(send_batch(3, 6, &sent), OK);
    assert_int_equal(deliver_all(), OK);
    assert_all_found(REALM_MARKET, &sent);
    assert_all_found(REALM_HEALTH, &applied);
}

/* ---- promise 2 ---- */

static void keys_that_were_altered_or_belong_to_another_row_do_not_open(void **state)
{
    static const char *const spoil[] = {
        "UPDATE outbox_pack SET keys = (SELECT keys FROM outbox_pack ORDER BY first DESC LIMIT 1)"
        " WHERE first = 1",
        "UPDATE outbox_pack SET keys = substr(keys, 1, length(keys) - 1) WHERE first = 1",
        "UPDATE outbox_pack SET keys = CAST(substr(keys, 2) || x'00' AS BLOB) WHERE first = 1",
    };
    uint8_t dek[SEAL_DEK_LEN];
    struct sdk_archived found;
    for (size_t i = 0; i < T_COUNT(spoil); i++) {
        assert_int_equal(send_batch(0, 1, &sent), OK);
        assert_int_equal(send_batch(1, 2, &sent), OK);
        change(p.market, spoil[i]);
        struct sdk_archive *a = archive_of(REALM_MARKET);
        assert_int_equal(sdk_archive_find(a, sent.id[0], &found), OK);
        assert_int_equal(sdk_archive_key(a, 0, dek), ERR_CORRUPT);
        assert_found(a, sent.id[1]);
        sdk_archive_close(&a);
        assert_int_equal(teardown(state), 0);
        assert_int_equal(setup(state), 0);
    }
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(what_was_sent_and_applied_is_found_with_its_keys_and_shares_few_rows),
        CASE(what_waited_for_its_turn_is_there_once_it_was_applied),
        CASE(what_was_given_back_or_rolled_back_is_not_there),
        CASE(a_frame_of_any_size_is_found_with_its_own_keys),
        cmocka_unit_test(nothing_that_was_committed_is_lost_with_the_power),
        CASE(it_is_kept_for_its_days_and_then_gone),
        CASE(what_is_under_way_outlives_its_days_with_its_neighbours),
        CASE(numbers_of_forgotten_rows_are_not_given_again),
        CASE(keys_that_were_altered_or_belong_to_another_row_do_not_open),
    };
    vfs_install();
    return cmocka_run_group_tests_name("archive", tests, NULL, NULL);
}
