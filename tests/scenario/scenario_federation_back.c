/* The way back over several hubs: receipts with their own proofs, frames kept until the end, what
 * is refused of them, attachments on the way out, withdrawal, and a hub that lost everything. */
#include "scenario/realm.h"
#include "scenario/texts.h"

#include "base/clock.h"
#include "base/hex.h"
#include "folder.h"
#include "keys/attachment.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define FROM "health.445100"
#define TO   "market.220100"
#define MID  "000000"

/* Three hubs in a row, and one that stands beside the way. */
static const struct realm_hub plan[] = {
    {.region = "000000"}, {.region = "445100"}, {.region = "220100"}, {.region = "330000"}};

static int begin(void **state)
{
    *state = realm_new(plan, T_COUNT(plan));
    return 0;
}

static int end(void **state)
{
    realm_free(*state);
    return 0;
}

static struct mail application(void)
{
    return (struct mail){
        .from = FROM, .type = "licence.application", .to = {TO}, .facts = LICENCE_BODY(CLEAN)};
}

static struct site *recipient(struct realm *r)
{
    return world_site(realm_world(r, "220100"), TO);
}

static struct got *letter(struct realm *r)
{
    return world_got(realm_world(r, "220100"), TO, "licence.application", 0);
}

/* An envelope that its recipient has and says nothing about. */
static struct sent post(struct realm *r)
{
    const struct mail mail = application();
    recipient(r)->silent = true;
    return realm_send(r, &mail);
}

static size_t heard(struct realm *r, const struct sent *sent, lianshu_ReceiptKind kind)
{
    return realm_heard(r, FROM, sent, kind);
}

static size_t heard_from(struct realm *r, const struct sent *sent, lianshu_ReceiptKind kind,
                         const char *by)
{
    const struct site *site = world_site(realm_world(r, "445100"), FROM);
    size_t count = 0;
    for (size_t i = 0; i < site->receipt_count; i++)
        count += site->receipts[i].kind == kind && strcmp(site->receipts[i].by, by) == 0 &&
                 memcmp(site->receipts[i].env_id, sent->env_id, HASH_LEN) == 0;
    return count;
}

static void say(struct realm *r, lianshu_ReceiptKind kind, uint32_t code)
{
    world_say(realm_world(r, "220100"), TO, letter(r), kind, code);
    realm_turn(r);
}

/* Hubs that still keep the frame. */
static size_t kept(struct realm *r, const struct sent *sent)
{
    size_t count = 0;
    for (size_t i = 0; i < r->count; i++) {
        struct message_row row;
        struct span frame;
        struct messages *m = r->world[i]->store->messages;
        count +=
            message_get(m, FROM, sent->id, &row) == OK && message_frame(m, row.seq, &frame) == OK;
    }
    return count;
}

/* ---- what comes back ---- */

static void every_stage_comes_back_to_the_sender_once_each_with_its_proof(void **state)
{
    struct realm *r = *state;
    const struct sent sent = post(r);
    /* world_take.c has verified each: a hub's under that hub's own log key. */
    assert_int_equal(heard(r, &sent, lianshu_ReceiptKind_RECEIPT_ACCEPTED), 1);
    assert_int_equal(heard_from(r, &sent, lianshu_ReceiptKind_RECEIPT_RELAYED, "hub." MID), 1);
    assert_int_equal(heard_from(r, &sent, lianshu_ReceiptKind_RECEIPT_RELAYED, "hub.220100"), 1);
    assert_int_equal(heard(r, &sent, lianshu_ReceiptKind_RECEIPT_RELAYED), 2);
    static const lianshu_ReceiptKind kinds[] = {lianshu_ReceiptKind_RECEIPT_DELIVERED,
                                                lianshu_ReceiptKind_RECEIPT_OPENED,
                                                lianshu_ReceiptKind_RECEIPT_ACTED};
    for (size_t i = 0; i < T_COUNT(kinds); i++) {
        say(r, kinds[i], 0);
        assert_int_equal(heard_from(r, &sent, kinds[i], TO), 1);
    }
}

static void relayed_settles_nothing_and_every_hub_keeps_the_frame_until_the_end(void **state)
{
    struct realm *r = *state;
    const struct sent sent = post(r);
    assert_int_equal(kept(r, &sent), 3);
    say(r, lianshu_ReceiptKind_RECEIPT_DELIVERED, 0);
    assert_int_equal(kept(r, &sent), 0);
    for (size_t i = 0; i < r->count; i++)
        assert_int_equal(world_status(r->world[i], "undelivered"), 0);
}

static void one_that_is_returned_ends_everywhere_with_its_code(void **state)
{
    struct realm *r = *state;
    const struct sent sent = post(r);
    say(r, lianshu_ReceiptKind_RECEIPT_RETURNED, ERR_CANNOT_OPEN);
    assert_int_equal(heard(r, &sent, lianshu_ReceiptKind_RECEIPT_RETURNED), 1);
    assert_int_equal(world_code(realm_world(r, "445100"), FROM, sent.env_id), ERR_CANNOT_OPEN);
    assert_int_equal(kept(r, &sent), 0);
}

static void what_runs_out_at_a_far_hub_is_told_by_that_hub(void **state)
{
    struct realm *r = *state;
    const struct mail mail = application();
    world_leave(realm_world(r, "220100"), TO);
    const struct sent sent = realm_send(r, &mail);
    realm_live(r, 2 * (uint64_t)HOUR_MS, 10 * 60 * 1000);
    assert_int_equal(heard_from(r, &sent, lianshu_ReceiptKind_RECEIPT_EXPIRED, "hub.220100"), 1);
    assert_int_equal(kept(r, &sent), 0);
}

static void what_runs_out_before_a_link_is_told_for_everybody_behind_it(void **state)
{
    struct realm *r = *state;
    struct mail mail = application();
    mail.to[1] = "police.220100";
    realm_cut(r, "445100", MID);
    const struct sent sent = realm_send(r, &mail);
    realm_live(r, 2 * (uint64_t)HOUR_MS, 10 * 60 * 1000);
    const struct site *site = world_site(realm_world(r, "445100"), FROM);
    size_t market = 0;
    size_t police = 0;
    for (size_t i = 0; i < site->receipt_count; i++) {
        const lianshu_Receipt *q = &site->receipts[i];
        if (q->kind != lianshu_ReceiptKind_RECEIPT_EXPIRED)
            continue;
        market += strcmp(q->about, TO) == 0;
        police += strcmp(q->about, "police.220100") == 0;
    }
    assert_int_equal(market, 1);
    assert_int_equal(police, 1);
    assert_int_equal(kept(r, &sent), 0);
}

static void receipts_wait_for_a_link_that_is_down_and_come_once(void **state)
{
    struct realm *r = *state;
    const struct sent sent = post(r);
    realm_cut(r, "445100", MID);
    say(r, lianshu_ReceiptKind_RECEIPT_DELIVERED, 0);
    say(r, lianshu_ReceiptKind_RECEIPT_OPENED, 0);
    assert_int_equal(heard(r, &sent, lianshu_ReceiptKind_RECEIPT_DELIVERED), 0);
    assert_int_equal(kept(r, &sent), 1);
    realm_restart(r, MID);
    realm_heal(r, "445100", MID);
    assert_int_equal(heard(r, &sent, lianshu_ReceiptKind_RECEIPT_DELIVERED), 1);
    assert_int_equal(heard(r, &sent, lianshu_ReceiptKind_RECEIPT_OPENED), 1);
    assert_int_equal(kept(r, &sent), 0);
    realm_heal(r, "445100", MID); /* a new connection repeats nothing that was acknowledged */
    assert_int_equal(heard(r, &sent, lianshu_ReceiptKind_RECEIPT_DELIVERED), 1);
}

/* ---- what is refused ---- */

/* A receipt as somebody says it, whatever is true. */
struct lie {
    const char *by;
    lianshu_ReceiptKind kind;
    const char *about;
    unsigned form;
    const char *signer;    /* whose key signs; NULL: that of `by` */
    bool of_another;       /* it names another envelope under this message id */
    const char *from, *to; /* the road that it takes */
    unsigned code;         /* of the refusal */
};

static struct span write_lie(struct realm *r, const struct sent *sent, const struct lie *lie,
                             uint8_t *room, size_t cap)
{
    static uint8_t q_bytes[FRAME_RECEIPT_MAX], proof[NOTE_LEN_MAX];
    lianshu_Receipt q = {.kind = lie->kind, .time_ms = r->now_ms};
    struct writer qw = writer_of(q_bytes, sizeof q_bytes);
    struct writer pw = writer_of(proof, sizeof proof);
    struct writer w = writer_of(room, cap);
    const char *signer = lie->signer != NULL ? lie->signer : lie->by;
    struct world *home = realm_home(r, signer);
    merkle_hash leaf;
    strcpy(q.realm, "demo");
    strcpy(q.sender, FROM);
    strcpy(q.by, lie->by);
    strcpy(q.about, lie->about);
    memcpy(q.message_id, sent->id, sizeof q.message_id);
    memcpy(q.env_id, sent->env_id, HASH_LEN);
    q.env_id[0] ^= lie->of_another;
    assert_int_equal(receipt_encode(&q, &qw), OK);
    struct frame_receipt entry = {.form = lie->form, .receipt = writer_span(&qw)};
    if (lie->form == FRAME_RECEIPT_MEMBER) {
        struct batch *batch = NULL;
        size_t index;
        assert_int_equal(batch_open(&batch), OK);
        receipt_leaf(leaf, entry.receipt);
        assert_int_equal(batch_add(batch, leaf, &index), OK);
        const struct keyring *keys = world_site(home, signer)->keys;
        assert_int_equal(batch_sign(batch, keyring_find(keys, KEY_USE_SIGN)), OK);
        assert_int_equal(batch_write(batch, index, &pw), OK);
        batch_close(&batch);
        entry.signature = writer_span(&pw);
    } else { /* a log of one leaf, well signed */
        struct checkpoint c = {.size = 1};
        assert_int_equal(log_leaf(c.root, LOG_RECEIPT, q.time_ms, entry.receipt), OK);
        assert_int_equal(note_origin(c.origin, lie->by, "demo", 1), OK);
        assert_int_equal(note_sign(&c, keyring_find(home->signer, KEY_USE_LOG), &pw), OK);
        entry.checkpoint = writer_span(&pw);
    }
    frame_receipts_begin(&w, 0, 1);
    frame_receipts_add(&w, &entry);
    frame_receipts_end(&w, lie->form == FRAME_RECEIPT_HUB ? entry.checkpoint : span_of(NULL, 0));
    assert_false(w.full);
    return writer_span(&w);
}

static uint64_t refused(struct realm *r, const char *region, unsigned code)
{
    char name[32];
    snprintf(name, sizeof name, "unverified.%u", code);
    return world_status(realm_world(r, region), name);
}

static void what_is_forged_foreign_or_misdirected_is_refused_with_its_code(void **state)
{
    enum { BY = ERR_RECEIPT_BY, OTHER = ERR_RECEIPT_OTHER };
    enum { MEMBER = FRAME_RECEIPT_MEMBER, HUB = FRAME_RECEIPT_HUB, FAR = FRAME_RECEIPT_OTHER_HUB };
    static const struct lie lies[] = {
#define SAY(k) lianshu_ReceiptKind_RECEIPT_##k
        /* signed by somebody else; by who is no recipient; by nobody's leave */
        {TO, SAY(DELIVERED), "", MEMBER, "police.220100", false, "220100", MID,
         ERR_KEY_NOT_SENDERS},
        {"police.220100", SAY(DELIVERED), "", MEMBER, NULL, false, "220100", MID, BY},
        {"market.330000", SAY(DELIVERED), "", MEMBER, NULL, false, "330000", MID, BY},
        {TO, SAY(ACCEPTED), "", MEMBER, NULL, false, "220100", MID, BY},
        /* the recipient's own, by a road that does not lead to it */
        {TO, SAY(DELIVERED), "", MEMBER, NULL, false, "330000", MID, BY},
        {TO, SAY(DELIVERED), "", MEMBER, NULL, false, "445100", MID, BY},
        /* for another envelope */
        {TO, SAY(DELIVERED), "", MEMBER, NULL, true, "220100", MID, OTHER},
        /* a hub that stands beside the way; one that has nothing to say of this recipient */
        {"hub.330000", SAY(REFUSED), TO, HUB, NULL, false, "330000", MID, BY},
        {"hub.330000", SAY(REFUSED), "market.330000", HUB, NULL, false, "330000", MID, BY},
        {"hub.330000", SAY(RELAYED), "", HUB, NULL, false, "330000", MID, BY},
        /* the right hub by the wrong road, or in the wrong form */
        {"hub.220100", SAY(REFUSED), TO, FAR, NULL, false, "330000", MID, BY},
        {"hub.220100", SAY(REFUSED), TO, FAR, NULL, false, "220100", MID, BY},
        {"hub." MID, SAY(REFUSED), TO, FAR, NULL, false, MID, "445100", BY},
        /* under another hub's key */
        {"hub.220100", SAY(REFUSED), TO, HUB, "hub.330000", false, "220100", MID, ERR_CHECKPOINT},
        {"hub.220100", SAY(REFUSED), TO, FAR, "hub." MID, false, MID, "445100", ERR_CHECKPOINT},
        /* an end of all at once, a first hub's answer, a member's word */
        {"hub.220100", SAY(REFUSED), "", HUB, NULL, false, "220100", MID, BY},
        {"hub.220100", SAY(ACCEPTED), "", HUB, NULL, false, "220100", MID, BY},
        {"hub.220100", SAY(REJECTED), "", HUB, NULL, false, "220100", MID, BY},
        {"hub.220100", SAY(DELIVERED), TO, HUB, NULL, false, "220100", MID, BY},
        {"hub.220100", SAY(REFUSED), TO, HUB, NULL, true, "220100", MID, OTHER},
#undef SAY
    };
    struct realm *r = *state;
    const struct sent sent = post(r);
    const size_t before = world_site(realm_world(r, "445100"), FROM)->receipt_count;
    for (size_t i = 0; i < T_COUNT(lies); i++) {
        static uint8_t room[16 << 10];
        const uint64_t count = refused(r, lies[i].to, lies[i].code);
        realm_give(r, lies[i].from, lies[i].to, write_lie(r, &sent, &lies[i], room, sizeof room));
        realm_pass(r, 1500);
        if (refused(r, lies[i].to, lies[i].code) != count + 1)
            fail_msg("lie %zu is not refused with E%03u", i, lies[i].code);
        assert_int_equal(kept(r, &sent), 3);
    }
    assert_int_equal(world_site(realm_world(r, "445100"), FROM)->receipt_count, before);
}

static void a_repeated_receipt_changes_nothing(void **state)
{
    static const struct lie again = {TO,       lianshu_ReceiptKind_RECEIPT_DELIVERED,
                                     "",       FRAME_RECEIPT_MEMBER,
                                     NULL,     false,
                                     "220100", MID,
                                     0};
    static const struct lie late = {"hub.220100",
                                    lianshu_ReceiptKind_RECEIPT_EXPIRED,
                                    TO,
                                    FRAME_RECEIPT_HUB,
                                    NULL,
                                    false,
                                    "220100",
                                    MID,
                                    0};
    static uint8_t room[16 << 10];
    struct realm *r = *state;
    const struct sent sent = post(r);
    say(r, lianshu_ReceiptKind_RECEIPT_DELIVERED, 0);
    const size_t before = world_site(realm_world(r, "445100"), FROM)->receipt_count;
    realm_pass(r, 1000);
    realm_give(r, "220100", MID, write_lie(r, &sent, &again, room, sizeof room));
    realm_give(r, "220100", MID, write_lie(r, &sent, &late, room, sizeof room));
    realm_pass(r, 1500);
    assert_int_equal(kept(r, &sent), 0);
    assert_int_equal(world_site(realm_world(r, "445100"), FROM)->receipt_count, before);
}

/* ---- withdrawn ---- */

static struct sent withdraw(struct realm *r, const struct sent *sent)
{
    char body[256];
    char id[33];
    char env[65];
    hex_encode(span_of(sent->id, 16), id);
    hex_encode(span_of(sent->env_id, HASH_LEN), env);
    snprintf(body, sizeof body, "{\"message_id\":\"%s\",\"env_id\":\"%s\",\"reason\":1}", id, env);
    const struct mail mail = {
        .from = FROM, .type = "withdraw", .to = {"hub.445100", TO}, .facts = body};
    return realm_send(r, &mail);
}

static void a_withdrawal_follows_its_message_to_the_hub_where_it_waits(void **state)
{
    struct realm *r = *state;
    const struct mail mail = application();
    world_leave(realm_world(r, "220100"), TO);
    const struct sent sent = realm_send(r, &mail);
    (void)withdraw(r, &sent);
    assert_int_equal(heard_from(r, &sent, lianshu_ReceiptKind_RECEIPT_SUPERSEDED, "hub.220100"), 1);
    assert_int_equal(world_code(realm_world(r, "445100"), FROM, sent.env_id), ERR_WITHDRAWN);
    assert_int_equal(kept(r, &sent), 0);
    world_hello(realm_world(r, "220100"), TO);
    realm_turn(r);
    assert_int_equal(realm_has(r, TO, "licence.application"), 0);
    assert_int_equal(realm_has(r, TO, "withdraw"), 1);
}

static void one_that_overtakes_its_message_is_passed_on_all_the_same(void **state)
{
    struct realm *r = *state;
    const struct mail mail = application();
    realm_cut(r, MID, "220100");
    const struct sent sent = realm_send(r, &mail);
    const struct sent back = withdraw(r, &sent);
    realm_heal(r, MID, "220100");
    /* Which of the two comes first is the lanes' affair: both end, and the recipient has both or
     * the withdrawal alone. */
    assert_int_equal(realm_has(r, TO, "withdraw"), 1);
    assert_int_equal(heard(r, &back, lianshu_ReceiptKind_RECEIPT_DELIVERED), 1);
    assert_int_equal(kept(r, &sent), 0);
}

/* ---- a hub that lost everything ---- */

static void after_a_restore_of_the_next_hub_what_is_unfinished_goes_again(void **state)
{
    struct realm *r = *state;
    const struct mail mail = application();
    const struct sent done = realm_send(r, &mail);
    realm_pass(r, 1000);
    realm_cut(r, MID, "220100"); /* so that it is with the middle hub alone */
    const struct sent open = realm_send(r, &mail);
    assert_int_equal(heard(r, &done, lianshu_ReceiptKind_RECEIPT_DELIVERED), 1);
    assert_int_equal(heard_from(r, &open, lianshu_ReceiptKind_RECEIPT_RELAYED, "hub." MID), 1);
    assert_int_equal(world_status(realm_world(r, "445100"), "undelivered"), 0);
    realm_lose(r, MID);
    realm_pass(r, 1000);
    realm_heal(r, MID, "220100");
    realm_pass(r, 1000);
    assert_int_equal(heard(r, &open, lianshu_ReceiptKind_RECEIPT_DELIVERED), 1);
    assert_int_equal(kept(r, &open), 0);
    /* Once each, and nothing that was over went again. */
    assert_int_equal(realm_has(r, TO, "licence.application"), 2);
    assert_int_equal(world_heard(realm_world(r, "445100"), FROM, done.env_id,
                                 lianshu_ReceiptKind_RECEIPT_DELIVERED),
                     1);
}

static void a_restored_hub_in_the_middle_learns_of_an_end_that_it_had_forgotten(void **state)
{
    struct realm *r = *state;
    const struct mail mail = application();
    recipient(r)->silent = true;
    const struct sent sent = realm_send(r, &mail);
    realm_cut(r, "445100", MID);
    say(r, lianshu_ReceiptKind_RECEIPT_DELIVERED, 0); /* it comes to the middle, and no further */
    assert_int_equal(heard(r, &sent, lianshu_ReceiptKind_RECEIPT_DELIVERED), 0);
    realm_lose(r, MID); /* its roads come up with it */
    realm_live(r, 60 * 1000, 5000);
    assert_int_equal(heard(r, &sent, lianshu_ReceiptKind_RECEIPT_DELIVERED), 1);
    assert_int_equal(letter(r)->seen, 1);
    assert_int_equal(kept(r, &sent), 0);
}

/* ---- attachments ---- */

struct file {
    struct attachment *a;
    lianshu_ManifestFile entry;
    int fd;
};

static void make_file(struct world *w, struct file *f, size_t chunks)
{
    const size_t len = chunks * CHUNK_PLAIN_LEN - 7;
    uint8_t *bytes = malloc(len);
    f->fd = folder_nameless();
    memset(bytes, 0x5a, len);
    assert_int_equal(write(f->fd, bytes, len), (ssize_t)len);
    free(bytes);
    assert_int_equal(attachment_open(&f->a, f->fd, NULL, &w->entropy), OK);
    assert_int_equal(attachment_measure(f->a), OK);
    f->entry = (lianshu_ManifestFile){0};
    attachment_manifest(f->a, &f->entry);
    strcpy(f->entry.name, "申请书.pdf");
    strcpy(f->entry.media_type, "application/pdf");
    for (uint64_t i = 0; i < chunks; i++) {
        struct writer out = writer_of(w->frame, sizeof w->frame);
        assert_int_equal(attachment_chunk(f->a, i, &out), OK);
        w->frame_len = out.len;
        world_push(w, FROM);
        world_turn(w);
    }
}

static void drop_file(struct file *f)
{
    attachment_close(&f->a);
    close(f->fd);
}

static uint64_t chunks_at(struct realm *r, const char *region, const struct file *f)
{
    uint64_t have = 0;
    uint64_t count = 0;
    assert_int_equal(
        chunk_have(realm_world(r, region)->store->chunks, FROM, f->entry.root, &have, &count), OK);
    return have;
}

static void attachments_follow_over_every_link_and_go_on_after_a_cut(void **state)
{
    enum { CHUNKS = 70, WINDOW = 64 };
    struct realm *r = *state;
    struct file f;
    make_file(realm_world(r, "445100"), &f, CHUNKS);
    struct mail mail = application();
    mail.file = &f.entry;
    realm_road(r, "445100", MID)->delay_ms = 500;
    recipient(r)->silent = true;
    const struct sent sent = realm_send(r, &mail);
    for (int i = 0; i < 20 && chunks_at(r, MID, &f) == 0; i++)
        realm_pass(r, 500);
    assert_int_equal(chunks_at(r, MID, &f), WINDOW);
    assert_int_equal(realm_has(r, TO, "licence.application"), 0);
    realm_cut(r, "445100", MID); /* what is on its way is lost */
    realm_pass(r, 60 * 1000);
    realm_heal(r, "445100", MID);
    for (int i = 0; i < 40 && realm_has(r, TO, "licence.application") == 0; i++)
        realm_pass(r, 500);
    assert_int_equal(realm_has(r, TO, "licence.application"), 1);
    assert_int_equal(letter(r)->parts_open, 2);
    assert_int_equal(chunks_at(r, MID, &f), CHUNKS);
    assert_int_equal(chunks_at(r, "220100", &f), CHUNKS);
    assert_int_equal(kept(r, &sent), 3);
    drop_file(&f);
}

static void a_hub_gives_chunks_only_of_what_went_out_by_that_link(void **state)
{
    struct realm *r = *state;
    struct file f;
    make_file(realm_world(r, "445100"), &f, 2);
    struct mail mail = application();
    mail.file = &f.entry;
    recipient(r)->silent = true;
    const struct sent sent = realm_send(r, &mail);
    assert_int_equal(chunks_at(r, "220100", &f), 2);
    lianshu_Control control = {.kind = lianshu_ControlKind_CONTROL_CHUNK_WANTED,
                               .which_body = lianshu_Control_chunk_wanted_tag};
    memcpy(control.body.chunk_wanted.root, f.entry.root, HASH_LEN);
    control.body.chunk_wanted.count = 2;
    control.body.chunk_wanted.message_id.size = 16;
    memcpy(control.body.chunk_wanted.message_id.bytes, sent.id, 16);
    uint8_t bytes[256];
    struct writer w = writer_of(bytes, sizeof bytes);
    assert_int_equal(frame_put_control(&w, &control), OK);
    const uint64_t carried = realm_road(r, "330000", MID)->carried;
    realm_give(r, "330000", MID, writer_span(&w));
    realm_pass(r, 1500);
    assert_int_equal(refused(r, MID, ERR_NOT_FOUND), 1);
    assert_in_range(realm_road(r, "330000", MID)->carried - carried, 0, 2); /* busy, no chunk */
    /* And none is taken that nobody asked for. */
    struct world *sender = realm_world(r, "445100");
    struct writer chunk = writer_of(sender->frame, sizeof sender->frame);
    assert_int_equal(attachment_chunk(f.a, 0, &chunk), OK);
    realm_give(r, MID, "330000", writer_span(&chunk));
    realm_pass(r, 1500);
    assert_int_equal(refused(r, "330000", ERR_NO_RIGHT), 1);
    drop_file(&f);
}

int main(void)
{
#define ROAD(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        ROAD(every_stage_comes_back_to_the_sender_once_each_with_its_proof),
        ROAD(relayed_settles_nothing_and_every_hub_keeps_the_frame_until_the_end),
        ROAD(one_that_is_returned_ends_everywhere_with_its_code),
        ROAD(what_runs_out_at_a_far_hub_is_told_by_that_hub),
        ROAD(what_runs_out_before_a_link_is_told_for_everybody_behind_it),
        ROAD(receipts_wait_for_a_link_that_is_down_and_come_once),
        ROAD(what_is_forged_foreign_or_misdirected_is_refused_with_its_code),
        ROAD(a_repeated_receipt_changes_nothing),
        ROAD(a_withdrawal_follows_its_message_to_the_hub_where_it_waits),
        ROAD(one_that_overtakes_its_message_is_passed_on_all_the_same),
        ROAD(after_a_restore_of_the_next_hub_what_is_unfinished_goes_again),
        ROAD(a_restored_hub_in_the_middle_learns_of_an_end_that_it_had_forgotten),
        ROAD(attachments_follow_over_every_link_and_go_on_after_a_cut),
        ROAD(a_hub_gives_chunks_only_of_what_went_out_by_that_link),
    };
    return cmocka_run_group_tests_name("federation_back", tests, NULL, NULL);
}
