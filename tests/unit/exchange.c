#include "exchange.h"

#include "base/file.h"
#include "base/log.h"
#include "keys/note.h"

#include "sanction.pb.h"
#include "subject.pb.h"
#include "wire.h"

#include "t.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { COST_OPS = 1, COST_MEMORY = 8 << 10 };

const char *exchange_path(const struct exchange *e, const char *name)
{
    static char path[4][EXCHANGE_PATH];
    static unsigned next;
    char *out = path[next++ % 4];

    (void)snprintf(out, EXCHANGE_PATH, "%s/%s", e->dir, name);
    return out;
}

static void put_file(const struct exchange *e, const char *name, struct span bytes)
{
    assert_int_equal(file_write(exchange_path(e, name), bytes, 0600, 0, NULL), OK);
}

void exchange_keys(struct exchange *e, const char *member)
{
    struct passphrase *passphrase = NULL;
    const struct entropy entropy = entropy_system();
    char name[64];

    assert_int_equal(passphrase_of(&passphrase, span_str("correct horse")), OK);
    (void)snprintf(name, sizeof name, "%s.key", member);
    assert_int_equal(keyfile_write(realm_ring(e->realm, member), exchange_path(e, name), true,
                                   passphrase, (struct keyfile_cost){COST_OPS, COST_MEMORY},
                                   &entropy, NULL),
                     OK);
    passphrase_close(&passphrase);
}

struct exchange *exchange_open(uint8_t seed)
{
    return exchange_open_in(seed, NULL);
}

struct exchange *exchange_open_in(uint8_t seed, const char *folder)
{
    struct exchange *e = calloc(1, sizeof *e);

    assert_non_null(e);
    folder_make_in(e->dir, folder, "exchange");
    log_open(STDERR_FILENO, LOG_LEVEL_OFF);
    e->realm = realm_open(seed);
    e->now_ms = REALM_NOW_MS;
    assert_int_equal(anchor_write(&e->realm->anchor, exchange_path(e, "anchor.yaml"), true, NULL),
                     OK);
    put_file(e, "registry.lsg", span_of(e->realm->file, e->realm->file_len));
    put_file(e, "passphrase", span_str("correct horse\n"));
    exchange_keys(e, REALM_HUB);
    exchange_keys(e, REALM_MARKET);
    exchange_keys(e, REALM_HEALTH);
    exchange_keys(e, REALM_POLICE);
    exchange_keys(e, REALM_INSURANCE);
    return e;
}

void exchange_close(struct exchange **e)
{
    for (size_t i = 0; i < EXCHANGE_FRAMES; i++)
        free((*e)->frame[i]);
    for (size_t i = 0; i < (*e)->kept_count; i++)
        free((*e)->kept[i]);
    realm_close(&(*e)->realm);
    folder_remove((*e)->dir);
    free(*e);
    *e = NULL;
}

struct sdk_config exchange_config(struct exchange *e, const char *member)
{
    static char text[5][EXCHANGE_PATH];

    (void)snprintf(text[0], EXCHANGE_PATH, "%s/%s.key", e->dir, member);
    (void)snprintf(text[1], EXCHANGE_PATH, "%s/passphrase", e->dir);
    (void)snprintf(text[2], EXCHANGE_PATH, "%s/anchor.yaml", e->dir);
    (void)snprintf(text[3], EXCHANGE_PATH, "%s/registry.lsg", e->dir);
    (void)snprintf(text[4], EXCHANGE_PATH, "%s/%s.state", e->dir, member);
    return (struct sdk_config){
        .realm = REALM_NAME,
        .member = member,
        .adapter = "a1",
        .hub = REALM_HUB,
        .key_file = text[0],
        .passphrase_file = text[1],
        .anchor = text[2],
        .registry = text[3],
        .state_dir = text[4],
    };
}

static struct sdk *open_sdk(struct exchange *e, const struct sdk_config *config,
                            const struct sdk_handler *handler)
{
    struct sdk *s = NULL;
    struct fault fault = {0};
    const enum err err = sdk_open(&s, config, handler, e->now_ms, &fault);

    if (err != OK)
        print_message("%s: %s\n", fault.where, fault.detail);
    assert_int_equal(err, OK);
    return s;
}

struct sdk *exchange_sdk(struct exchange *e, const char *member, const struct sdk_handler *handler)
{
    const struct sdk_config config = exchange_config(e, member);
    return open_sdk(e, &config, handler);
}

struct sdk *exchange_second(struct exchange *e, const char *member,
                            const struct sdk_handler *handler)
{
    struct sdk_config config = exchange_config(e, member);
    config.state_dir = exchange_path(e, "second.state");
    config.adapter = "a2";
    config.shared = true;
    return open_sdk(e, &config, handler);
}

void exchange_keep(struct exchange *e, struct span frame)
{
    assert_true(e->kept_count < EXCHANGE_KEPT && frame.len > 0);
    uint8_t *copy = malloc(frame.len);
    assert_non_null(copy);
    memcpy(copy, frame.data, frame.len);
    e->kept[e->kept_count] = copy;
    e->kept_len[e->kept_count++] = frame.len;
}

struct span exchange_kept(const struct exchange *e, size_t i)
{
    assert_true(i < e->kept_count);
    return span_of(e->kept[i], e->kept_len[i]);
}

size_t exchange_receipts(struct exchange *e, struct sdk *s, lianshu_Receipt *last)
{
    static lianshu_Receipt q;
    struct frame_receipts r;
    struct frame_receipt entry;
    size_t n = 0;
    (void)exchange_pull(e, s);
    for (size_t i = 0; i < e->frame_count; i++) {
        if (frame_parse_receipts(exchange_frame(e, i), &r) != OK)
            continue;
        for (; frame_receipts_next(&r, &entry); n++) {
            assert_int_equal(wire_decode(&lianshu_Receipt_msg, entry.receipt, &q), OK);
            if (last != NULL)
                *last = q;
        }
    }
    return n;
}

void exchange_give(struct exchange *e, struct sdk *s, struct span frame)
{
    assert_int_equal(turn_input(s, frame, e->now_ms), OK);
    assert_int_equal(sdk_commit(s, e->now_ms), OK);
}

void exchange_amend(struct exchange *e, struct sdk *s, struct span lsd1)
{
    static uint8_t bytes[4096];
    lianshu_Control c = {.kind = lianshu_ControlKind_CONTROL_AMENDMENTS,
                         .which_body = lianshu_Control_amendments_tag};
    struct writer w = writer_of(bytes, sizeof bytes);
    c.body.amendments.documents_count = 1;
    c.body.amendments.documents[0].size = (pb_size_t)lsd1.len;
    memcpy(c.body.amendments.documents[0].bytes, lsd1.data, lsd1.len);
    assert_int_equal(frame_put_control(&w, &c), OK);
    exchange_give(e, s, writer_span(&w));
}

struct span exchange_office(struct exchange *e, struct office_paper paper,
                            const struct office_signers *by)
{
    static uint8_t bytes[4096];
    struct writer w = writer_of(bytes, sizeof bytes);
    paper.realm = REALM_NAME;
    paper.now_ms = e->now_ms;
    paper.entropy = &e->realm->entropy;
    assert_int_equal(office_document(&paper, by, &w), OK);
    return writer_span(&w);
}

void exchange_connect(struct exchange *e, struct sdk *s)
{
    static lianshu_Control control;
    uint8_t bytes[FRAME_CONTROL_MAX];
    struct writer w = writer_of(bytes, sizeof bytes);

    turn_connection(s, true, e->now_ms);
    assert_int_equal(exchange_pull(e, s), 1); /* hello, and nothing before the welcome */
    assert_int_equal(frame_read_control(exchange_frame(e, 0), &control), OK);
    assert_int_equal(control.which_body, lianshu_Control_hello_tag);
    control = (lianshu_Control){.kind = lianshu_ControlKind_CONTROL_WELCOME,
                                .which_body = lianshu_Control_welcome_tag};
    (void)snprintf(control.body.welcome.hub, sizeof control.body.welcome.hub, "%s", REALM_HUB);
    (void)snprintf(control.body.welcome.realm, sizeof control.body.welcome.realm, "%s", REALM_NAME);
    control.body.welcome.registry_version = 1;
    control.body.welcome.now_ms = e->now_ms;
    assert_int_equal(frame_put_control(&w, &control), OK);
    exchange_give(e, s, writer_span(&w));
}

static void keep_frame(struct exchange *e, struct span frame)
{
    assert_true(e->frame_count < EXCHANGE_FRAMES);
    const size_t i = e->frame_count++;
    free(e->frame[i]);
    e->frame[i] = malloc(frame.len);
    assert_non_null(e->frame[i]);
    memcpy(e->frame[i], frame.data, frame.len);
    e->frame_len[i] = frame.len;
}

size_t exchange_pull(struct exchange *e, struct sdk *s)
{
    struct span frame, inner;
    struct frame_bundle bundle;
    enum frame_kind kind;
    enum err err = OK;

    e->frame_count = e->part_count = 0;
    while (e->part_count < EXCHANGE_FRAMES && (err = turn_output(s, e->now_ms, &frame)) == OK) {
        e->part_count++;
        assert_int_equal(frame_kind(frame, &kind), OK);
        if (kind == FRAME_BUNDLE) {
            assert_int_equal(frame_parse_bundle(frame, &bundle), OK);
            while (frame_bundle_next(&bundle, &inner))
                keep_frame(e, inner);
        } else {
            keep_frame(e, frame);
        }
        s->out_len = 0; /* as sdk_step does once the link took it */
    }
    assert_true(err == OK || err == ERR_NOT_FOUND);
    return e->frame_count;
}

struct span exchange_frame(const struct exchange *e, size_t i)
{
    return span_of(e->frame[i], e->frame_len[i]);
}

struct span exchange_find(const struct exchange *e, enum frame_kind kind)
{
    for (size_t i = 0; i < e->frame_count; i++) {
        enum frame_kind k;
        if (frame_kind(exchange_frame(e, i), &k) == OK && k == kind)
            return exchange_frame(e, i);
    }
    return span_of(NULL, 0);
}

/* ---- the hub's log ---- */

static enum err leaf_at(void *ctx, unsigned level, uint64_t index, merkle_hash out)
{
    struct exchange *e = ctx;
    merkle_root(out, (const merkle_hash *)&e->leaves[index << level], (size_t)1 << level);
    return OK;
}

static void append_leaf(struct exchange *e, enum log_kind kind, uint64_t time_ms, struct span body)
{
    assert_true(e->leaf_count < EXCHANGE_LEAVES);
    assert_int_equal(log_leaf(e->leaves[e->leaf_count++], kind, time_ms, body), OK);
}

struct proof {
    merkle_hash path[MERKLE_PATH_MAX];
    unsigned path_len;
    uint8_t note[NOTE_LEN_MAX];
    struct span checkpoint;
};

/* Of the last leaf, under the tree as it is. */
static void prove(struct exchange *e, struct proof *p)
{
    struct checkpoint c = {.size = e->leaf_count};
    struct writer w = writer_of(p->note, sizeof p->note);

    assert_int_equal(note_origin(c.origin, REALM_HUB, REALM_NAME, 1 + e->logs_lost), OK);
    merkle_root(c.root, (const merkle_hash *)e->leaves, (size_t)e->leaf_count);
    assert_int_equal(note_sign(&c, realm_key(e->realm, REALM_HUB, KEY_USE_LOG), &w), OK);
    p->checkpoint = writer_span(&w);
    assert_int_equal(
        merkle_inclusion(e->leaf_count - 1, e->leaf_count, leaf_at, e, p->path, &p->path_len), OK);
}

static void look(struct span envelope, struct frame_envelope *frame, lianshu_Header *h,
                 uint8_t env_id[static HASH_LEN])
{
    uint8_t header_hash[HASH_LEN];

    assert_int_equal(frame_parse_envelope(envelope, frame), OK);
    assert_int_equal(wire_decode(&lianshu_Header_msg, frame->header, h), OK);
    envelope_id(frame, header_hash, env_id);
}

size_t exchange_verdict_frame(struct exchange *e, struct span envelope, lianshu_ReceiptKind kind,
                              enum err code, const char *about, uint64_t number, uint8_t *out,
                              size_t cap)
{
    static lianshu_Header h;
    static lianshu_Receipt r;
    static struct proof p;
    struct frame_envelope frame;
    uint8_t q[FRAME_RECEIPT_MAX];
    struct writer qw = writer_of(q, sizeof q);
    struct writer w = writer_of(out, cap);

    wire_clear(&lianshu_Receipt_msg, &r);
    look(envelope, &frame, &h, r.env_id);
    (void)snprintf(r.realm, sizeof r.realm, "%s", REALM_NAME);
    (void)snprintf(r.sender, sizeof r.sender, "%s", h.sender);
    (void)snprintf(r.by, sizeof r.by, "%s", REALM_HUB);
    (void)snprintf(r.about, sizeof r.about, "%s", about);
    memcpy(r.message_id, h.message_id, SDK_ID_LEN);
    r.kind = kind;
    r.code = (uint32_t)code;
    r.time_ms = e->now_ms;
    r.log_index = e->leaf_count;
    assert_int_equal(receipt_encode(&r, &qw), OK);
    append_leaf(e, LOG_RECEIPT, r.time_ms, writer_span(&qw));
    prove(e, &p);
    const struct frame_receipt entry = {
        .form = FRAME_RECEIPT_HUB,
        .receipt = writer_span(&qw),
        .path = span_of(p.path, (size_t)p.path_len * HASH_LEN),
    };
    frame_receipts_begin(&w, number, 1);
    frame_receipts_add(&w, &entry);
    frame_receipts_end(&w, p.checkpoint);
    assert_false(w.full);
    return w.len;
}

void exchange_verdict(struct exchange *e, struct sdk *sender, struct span envelope,
                      lianshu_ReceiptKind kind, enum err code, uint64_t number)
{
    static uint8_t bytes[FRAME_CONTROL_MAX];
    const size_t n =
        exchange_verdict_frame(e, envelope, kind, code, "", number, bytes, sizeof bytes);
    exchange_give(e, sender, span_of(bytes, n));
}

void exchange_relay(struct exchange *e, struct sdk *sender, struct span receipts, uint64_t number)
{
    static uint8_t bytes[1 << 17];
    struct writer w = writer_of(bytes, sizeof bytes);
    struct frame_receipts in;
    struct frame_receipt entry;

    assert_int_equal(frame_parse_receipts(receipts, &in), OK);
    frame_receipts_begin(&w, number, in.count);
    while (frame_receipts_next(&in, &entry))
        frame_receipts_add(&w, &entry);
    frame_receipts_end(&w, span_of(NULL, 0));
    exchange_give(e, sender, writer_span(&w));
}

size_t exchange_delivery(struct exchange *e, const char *reader, struct span envelope,
                         uint64_t number, uint64_t gap, uint8_t *out, size_t cap)
{
    static lianshu_Header h;
    static lianshu_Statement v;
    static struct proof p;
    static uint8_t forwarded[FRAME_MAX], stated[SDK_STATEMENT_MAX], body[FRAME_STATEMENT_MAX];
    struct frame_envelope frame;
    struct writer fw = writer_of(forwarded, sizeof forwarded);
    struct writer sw = writer_of(stated, sizeof stated);
    struct writer vw = writer_of(body, sizeof body);
    struct writer w = writer_of(out, cap);

    wire_clear(&lianshu_Statement_msg, &v);
    look(envelope, &frame, &h, v.env_id.bytes);
    v.env_id.size = HASH_LEN;
    (void)snprintf(v.realm, sizeof v.realm, "%s", REALM_NAME);
    (void)snprintf(v.recipient, sizeof v.recipient, "%s", reader);
    v.accepted_ms = e->now_ms;
    v.conversation.size = h.conversation.size;
    memcpy(v.conversation.bytes, h.conversation.bytes, h.conversation.size);
    v.delivery_number = number;
    v.log_index = e->leaf_count;
    if (gap != 0) {
        v.tombstones[0].number = gap;
        v.tombstones[0].count = 1;
        v.tombstones[0].kind = lianshu_ReceiptKind_RECEIPT_SUPERSEDED;
        v.tombstones_count = 1;
    }
    v.hops_count = (pb_size_t)e->hop_count;
    for (size_t i = 0; i < e->hop_count; i++)
        (void)snprintf(v.hops[i], sizeof v.hops[i], "%s", e->hops[i]);
    assert_int_equal(wire_encode(&lianshu_Statement_msg, &v, &vw), OK);
    append_leaf(e, LOG_STATEMENT, v.accepted_ms, writer_span(&vw));
    prove(e, &p);
    const struct frame_statement s = {
        .statement = writer_span(&vw),
        .path = span_of(p.path, (size_t)p.path_len * HASH_LEN),
        .checkpoint = p.checkpoint,
    };
    frame_write_statement(&sw, &s);
    assert_int_equal(envelope_forward(&h, &frame, reader, &fw), OK);
    frame_bundle_begin(&w);
    assert_true(frame_bundle_add(&w, 0, writer_span(&sw)));
    assert_true(frame_bundle_add(&w, 0, writer_span(&fw)));
    return w.len;
}

void exchange_deliver(struct exchange *e, struct sdk *reader, struct span envelope, uint64_t number,
                      uint64_t gap)
{
    static uint8_t bytes[FRAME_BUNDLE_MAX];
    const size_t n =
        exchange_delivery(e, sdk_member(reader), envelope, number, gap, bytes, sizeof bytes);
    exchange_give(e, reader, span_of(bytes, n));
}

struct span exchange_honour(const char *title)
{
    static uint8_t bytes[4][1024];
    static unsigned next;
    static lianshu_Honour h;
    uint8_t *out = bytes[next++ % 4];
    struct writer w = writer_of(out, sizeof bytes[0]);

    wire_clear(&lianshu_Honour_msg, &h);
    h.has_subject = true;
    h.subject.kind = lianshu_SubjectKind_SUBJECT_ENTERPRISE;
    (void)snprintf(h.subject.id, sizeof h.subject.id, "91445100DEMA00013Q");
    (void)snprintf(h.subject.name, sizeof h.subject.name, "潮州示例药业有限公司");
    (void)snprintf(h.subject.region, sizeof h.subject.region, "445100");
    (void)snprintf(h.title, sizeof h.title, "%s", title);
    h.date = 20251101;
    assert_int_equal(wire_encode(&lianshu_Honour_msg, &h, &w), OK);
    return writer_span(&w);
}
