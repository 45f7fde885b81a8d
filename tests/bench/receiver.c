/* Receivers in memory: statement, header, signature and document verified, the part opened, a
 * `delivered` receipt for each, signed in batches. */
#include "base/clock.h"
#include "bench/bench.h"
#include "check.h"
#include "frame.h"
#include "keys/envelope.h"
#include "wire.h"

#include "sanction.pb.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <zmq.h>

enum { INPUT_MAX = 64, OWED_MAX = 512, OWED_FULL = 256, ENTRIES_MAX = 64, POLL_MS = 20 };

struct receiver {
    struct bench *bench;
    struct site site;
    bool deaf, slow;
    uint64_t slow_ms; /* when it opens the next one */
    struct opener *opener;
    struct batch *batch;
    lianshu_Statement statement;
    bool stated; /* statement precedes the next envelope */
    lianshu_Header header;
    lianshu_Document document;
    lianshu_Evidence body;
    uint8_t plain[FRAME_DOCUMENT_FRAME_MAX];
    /* receipts to be signed */
    size_t owed;
    uint8_t q[OWED_MAX][FRAME_RECEIPT_MAX];
    size_t q_len[OWED_MAX];
};

/* ---- receipts ---- */

static enum err owe(struct receiver *r, const uint8_t env_id[static HASH_LEN])
{
    lianshu_Receipt q = {.kind = lianshu_ReceiptKind_RECEIPT_DELIVERED, .time_ms = clock_real_ms()};
    (void)snprintf(q.realm, sizeof q.realm, "%s", PLACE_REALM);
    memcpy(q.sender, r->header.sender, sizeof q.sender);
    memcpy(q.by, r->site.member, sizeof q.by);
    memcpy(q.message_id, r->header.message_id, sizeof q.message_id);
    memcpy(q.env_id, env_id, HASH_LEN);
    struct writer w = writer_of(r->q[r->owed], sizeof r->q[0]);
    const enum err err = receipt_encode(&q, &w);
    r->q_len[r->owed++] = w.len;
    return err;
}

static enum err send_receipts(struct receiver *r, size_t first, size_t count)
{
    static _Thread_local uint8_t bytes[ENTRIES_MAX * (FRAME_RECEIPT_MAX + FRAME_SIGNATURE_MAX)];
    struct writer w = writer_of(bytes, sizeof bytes);
    enum err err = OK;

    frame_receipts_begin(&w, 0, (unsigned)count);
    for (size_t i = first; err == OK && i < first + count; i++) {
        uint8_t signature[BATCH_SIGNATURE_MAX];
        struct writer sw = writer_of(signature, sizeof signature);
        err = batch_write(r->batch, i, &sw);
        const struct frame_receipt entry = {.form = FRAME_RECEIPT_MEMBER,
                                            .receipt = span_of(r->q[i], r->q_len[i]),
                                            .signature = writer_span(&sw)};
        frame_receipts_add(&w, &entry);
    }
    frame_receipts_end(&w, span_of(NULL, 0));
    return err == OK ? site_send(&r->site, writer_span(&w)) : err;
}

static enum err pay(struct receiver *r)
{
    enum err err = OK;
    size_t index;

    if (r->owed == 0)
        return OK;
    batch_reset(r->batch);
    for (size_t i = 0; err == OK && i < r->owed; i++) {
        merkle_hash leaf;
        receipt_leaf(leaf, span_of(r->q[i], r->q_len[i]));
        err = batch_add(r->batch, leaf, &index);
    }
    if (err == OK)
        err = batch_sign(r->batch, keyring_find(r->site.keys, KEY_USE_SIGN));
    for (size_t at = 0; err == OK && at < r->owed; at += ENTRIES_MAX)
        err = send_receipts(r, at, r->owed - at < ENTRIES_MAX ? r->owed - at : ENTRIES_MAX);
    r->owed = 0;
    return err;
}

/* ---- what is delivered ---- */

static enum err take_statement(struct receiver *r, struct span frame)
{
    struct frame_statement s;
    struct checkpoint c;
    r->site.log.at_ms = clock_real_ms();
    enum err err = frame_parse_statement(frame, &s);
    if (err == OK)
        err = log_reader_checkpoint(&r->site.log, s.checkpoint, &c);
    if (err == OK)
        err = statement_verify(&r->site.log, &c, s.statement, (const merkle_hash *)s.path.data,
                               s.path.len / HASH_LEN, &r->statement);
    if (err == OK && strcmp(r->statement.recipient, r->site.member) != 0)
        err = ERR_NOT_ADDRESSED;
    r->stated = err == OK;
    return err;
}

/* The steps of PROTOCOL, order of checks, as a recipient repeats them. */
static enum err verify(struct receiver *r, struct span frame, struct frame_envelope *env,
                       uint8_t header_hash[static HASH_LEN], uint8_t env_id[static HASH_LEN])
{
    const struct registry *registry = r->bench->place.registry;
    const struct registry_key *key;
    lianshu_Header *h = &r->header;

    if (!r->stated)
        return ERR_HEADER;
    r->stated = false;
    enum err err = frame_parse_envelope(frame, env);
    if (err == OK)
        err = wire_decode(&lianshu_Header_msg, env->header, h);
    if (err == OK)
        err = header_check(h);
    if (err == OK)
        err = frame_matches_header(env, h);
    if (err != OK)
        return err;
    envelope_id(env, header_hash, env_id);
    if (memcmp(env_id, r->statement.env_id.bytes, HASH_LEN) != 0)
        return ERR_RECEIPT_OTHER;
    err = registry_signer(registry, h->sender, h->sender_kid, KEY_USE_SIGN,
                          r->statement.accepted_ms, &key);
    if (err == OK)
        err = verifier_check(r->site.verifier, key->public_key, env_id, env->signature);
    if (err == OK && strcmp(h->sender, PLACE_HUB) != 0)
        err = registry_may(registry, h->sender, h->type, r->site.member);
    return err == OK ? envelope_check_reader(h, env, r->site.member) : err;
}

/* Which messages were opened: a bit for each (sender, index). NULL: beyond what we remember. */
static uint8_t *seen_of(struct bench *b, const lianshu_Header *h, uint64_t index, uint8_t *bit)
{
    static const char name[] = "education-";
    if (strncmp(h->sender, name, sizeof name - 1) != 0)
        return NULL;
    const unsigned long number = strtoul(h->sender + sizeof name - 1, NULL, 10);
    if (number < b->plan.sender_first || number - b->plan.sender_first >= b->plan.sender_count ||
        index >= BENCH_SEEN_BITS)
        return NULL;
    *bit = (uint8_t)(1u << index % 8);
    return &b->seen[number - b->plan.sender_first][index / 8];
}

/* What was opened before is receipted again and counted once. */
static void count_opened(struct receiver *r, uint64_t index, uint64_t since_ns)
{
    struct bench *b = r->bench;
    uint8_t bit;
    uint8_t *seen = seen_of(b, &r->header, index, &bit);
    if (seen != NULL && (*seen & bit) != 0) {
        atomic_fetch_add(&b->counters.repeated, 1);
        return;
    }
    if (seen != NULL)
        *seen |= bit;
    atomic_fetch_add(&b->counters.opened, 1);
    if (!r->slow) /* what it suffers is its own doing */
        bench_sample(b, &b->to_opened, since_ns);
}

/* A notice of the hub: what it says does not matter here, when it comes does. */
static enum err take_notice(struct receiver *r)
{
    struct bench *b = r->bench;
    const uint64_t since_ns = atomic_load(&b->official_ns);
    atomic_fetch_add(&b->counters.notices, 1);
    if (since_ns != 0 && b->to_notice.count < BENCH_SAMPLES_MAX)
        b->to_notice.us[b->to_notice.count++] = (uint32_t)((bench_now_ns() - since_ns) / 1000);
    return OK;
}

static enum err take_evidence(struct receiver *r)
{
    uint64_t since_ns = 0, index = 0;
    const enum err err = wire_decode(
        &lianshu_Evidence_msg, span_of(r->document.body.bytes, r->document.body.size), &r->body);
    struct span id = span_of(r->body.order_id, sizeof r->body.order_id);
    if (err != OK)
        return err;
    if (!span_take_uint(&id, 8, &since_ns) || !span_take_uint(&id, 8, &index))
        return ERR_INTERNAL;
    count_opened(r, index, since_ns);
    return OK;
}

static enum err take_envelope(struct receiver *r, struct span frame)
{
    struct frame_envelope env;
    uint8_t header_hash[HASH_LEN], env_id[HASH_LEN], hash[HASH_LEN];
    struct span plain;
    enum err inner;

    enum err err = verify(r, frame, &env, header_hash, env_id);
    if (err == OK)
        err = envelope_open(r->opener, r->site.keys, r->site.member, &r->header, &env, header_hash,
                            0, r->plain, sizeof r->plain, &plain, NULL, &inner);
    if (err == OK)
        err = registry_verify_document(r->bench->place.registry, r->statement.accepted_ms, plain,
                                       r->site.verifier, &r->document, hash);
    if (err == OK)
        err = document_check_addressed(&r->document, r->site.member, r->header.sender, false);
    if (err == OK)
        err = r->header.type == lianshu_DocumentType_TYPE_EVIDENCE ? take_evidence(r)
                                                                   : take_notice(r);
    if (err != OK)
        return err;
    return owe(r, env_id);
}

static enum err take_control(struct receiver *r, struct span frame)
{
    lianshu_Control control;
    const enum err err = frame_read_control(frame, &control);
    if (err == OK && control.which_body == lianshu_Control_welcome_tag && !r->site.greeted) {
        r->site.greeted = true;
        atomic_fetch_add(&r->bench->ready, 1);
    }
    return err;
}

static enum err take_one(struct receiver *r, struct span frame)
{
    enum frame_kind kind;
    enum err err = frame_kind(frame, &kind);
    if (err != OK)
        return err;
    switch (kind) {
    case FRAME_STATEMENT:
        return take_statement(r, frame);
    case FRAME_ENVELOPE:
        return take_envelope(r, frame);
    case FRAME_CONTROL:
        return take_control(r, frame);
    default:
        return OK;
    }
}

static enum err take_frame(struct receiver *r, struct span frame)
{
    enum frame_kind kind;
    struct frame_bundle bundle;
    struct span inner;
    enum err err = frame_kind(frame, &kind);
    if (err != OK || kind != FRAME_BUNDLE)
        return err == OK ? take_one(r, frame) : err;
    if ((err = frame_parse_bundle(frame, &bundle)) != OK)
        return err;
    while (err == OK && frame_bundle_next(&bundle, &inner)) {
        err = take_one(r, inner);
        if (err == OK && r->owed == OWED_MAX)
            err = pay(r);
    }
    return err;
}

/* A deaf one reads its welcome and nothing more; a slow one a frame a second. */
static int frames_now(struct receiver *r, uint64_t now_ms)
{
    if (!r->site.greeted || (!r->deaf && !r->slow))
        return INPUT_MAX;
    if (r->deaf || now_ms < r->slow_ms)
        return 0;
    r->slow_ms = now_ms + 1000;
    return 1;
}

/* Receipts go once nothing more is there to be read, or when they are a batch: the more comes,
 * the more stand under one signature, and none waits for its own sake. */
static enum err receiver_turn(struct receiver *r, uint64_t now_ms)
{
    struct endpoint_in in;
    enum err err = site_greet(&r->site, now_ms);
    const int most = frames_now(r, now_ms);
    int i = 0;

    for (; err == OK && i < most && endpoint_recv(r->site.endpoint, &in) == OK; i++)
        if ((err = take_frame(r, in.frame)) != OK)
            bench_failed(r->bench, err, "delivery");
    if (err == OK && (i == 0 || r->owed >= OWED_FULL))
        err = pay(r);
    return err == OK ? site_flush(&r->site) : err;
}

/* ---- the thread ---- */

static enum err receiver_open(struct receiver *r, struct bench *b, unsigned number)
{
    struct fault fault = {.err = OK};
    char member[MEMBER_MAX + 1];

    r->bench = b;
    r->deaf = number < b->plan.deaf_count;
    r->slow = !r->deaf && number < b->plan.deaf_count + b->plan.slow_count;
    place_member(b->plan.receiver_first + number, member);
    enum err err =
        site_open(&r->site, &b->place, b->net, b->plan.address, member, b->plan.credit, &fault);
    if (err == OK)
        err = opener_open(&r->opener, OPENER_SECRETS_DEFAULT);
    if (err == OK)
        err = batch_open(&r->batch);
    if (err != OK)
        fprintf(stderr, "receiver %u: E%03d %s %s\n", number, (int)err, fault.where, fault.detail);
    return err;
}

static enum err wait_input(struct receiver *rs, unsigned count)
{
    zmq_pollitem_t items[BENCH_SITES_MAX];
    int n = 0;
    long wait_ms = POLL_MS;
    for (unsigned i = 0; i < count; i++) {
        if (rs[i].owed > 0)
            wait_ms = 0;
        const bool reads = !rs[i].site.greeted || (!rs[i].deaf && !rs[i].slow);
        items[n++] = (zmq_pollitem_t){
            endpoint_zmq(rs[i].site.endpoint), 0,
            (short)((reads ? ZMQ_POLLIN : 0) | (site_clear(&rs[i].site) ? 0 : ZMQ_POLLOUT)), 0};
    }
    return zmq_poll(items, n, wait_ms) < 0 && errno != EINTR ? ERR_INTERNAL : OK;
}

void *bench_receivers(void *arg)
{
    struct bench *b = arg;
    const unsigned count = b->plan.receiver_count;
    struct receiver *rs = calloc(count == 0 ? 1 : count, sizeof *rs);
    enum err err = rs == NULL ? ERR_NO_MEMORY : OK;

    for (unsigned i = 0; err == OK && i < count; i++)
        err = receiver_open(&rs[i], b, i);
    while (err == OK && !atomic_load(&b->stop)) {
        const uint64_t now_ms = clock_real_ms();
        for (unsigned i = 0; err == OK && i < count; i++)
            err = receiver_turn(&rs[i], now_ms);
        if (err == OK)
            err = wait_input(rs, count);
    }
    if (err != OK)
        bench_failed(b, err, "receivers");
    for (unsigned i = 0; rs != NULL && i < count; i++) {
        site_close(&rs[i].site);
        opener_close(&rs[i].opener);
        batch_close(&rs[i].batch);
    }
    free(rs);
    return NULL;
}
