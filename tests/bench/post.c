#include "bench/post.h"

#include "base/clock.h"
#include "catalogue.h"
#include "keys/envelope.h"
#include "wire.h"

#include <stdio.h>
#include <stdlib.h>

struct post {
    struct world *w;
    char member[MEMBER_MAX + 1];
    const struct key *key;
    struct batch *documents;
    size_t count;
    struct {
        const struct document_type *type;
        struct span d; /* owns */
    } item[POST_MAX];
    uint8_t frame[FRAME_MAX];
};

struct post *post_open(struct world *w, const char *member)
{
    struct post *p = calloc(1, sizeof *p);
    assert_non_null(p);
    p->w = w;
    snprintf(p->member, sizeof p->member, "%s", member);
    p->key = keyring_find(world_site(w, member)->keys, KEY_USE_SIGN);
    assert_int_equal(batch_open(&p->documents), OK);
    return p;
}

static void forget(struct post *p)
{
    for (size_t i = 0; i < p->count; i++)
        free((void *)(uintptr_t)p->item[i].d.data);
    p->count = 0;
    batch_reset(p->documents);
}

void post_close(struct post **p)
{
    forget(*p);
    batch_close(&(*p)->documents);
    free(*p);
    *p = NULL;
}

static void body_of(const struct document_type *type, const char *facts, lianshu_Document *d)
{
    static uint64_t body[sizeof(lianshu_Document) / 8];
    struct json *json = NULL;
    struct fault fault = {0};
    struct writer w = writer_of(d->body.bytes, sizeof d->body.bytes);
    if (json_parse(&json, span_str(facts), "post", &fault) != OK ||
        json_to_message(json, type->facts, body, &fault) != OK)
        fail_msg("post: %s %s", fault.where, fault.detail);
    json_close(&json);
    assert_int_equal(wire_encode(type->facts, body, &w), OK);
    d->body.size = (pb_size_t)w.len;
}

void post_add(struct post *p, const char *type_name, const char *basis, const char *facts)
{
    static lianshu_Document d;
    const struct document_type *type = type_by_name(type_name);
    uint8_t hash[HASH_LEN];
    merkle_hash leaf;
    size_t index;
    assert_true(type != NULL && p->count < POST_MAX);
    memset(&d, 0, sizeof d);
    document_prepare(&d, "demo", p->member, p->key, p->w->now_ms, &p->w->entropy);
    d.type = type->number;
    d.version = 1;
    d.by_rule = true;
    strcpy(d.purpose, "demo");
    strcpy(d.basis[d.basis_count++], basis);
    body_of(type, facts, &d);
    uint8_t *bytes = malloc(FRAME_DOCUMENT_MAX);
    struct writer w = writer_of(bytes, FRAME_DOCUMENT_MAX);
    assert_int_equal(document_encode(&d, &w, hash), OK);
    document_leaf(leaf, hash);
    assert_int_equal(batch_add(p->documents, leaf, &index), OK);
    p->item[p->count].type = type;
    p->item[p->count++].d = span_of(realloc(bytes, w.len), w.len);
}

static void add_envelope(struct post *p, size_t index)
{
    static lianshu_Header h;
    static uint8_t lsd1[FRAME_DOCUMENT_FRAME_MAX];
    uint8_t s[BATCH_SIGNATURE_MAX];
    uint8_t env_id[HASH_LEN];
    struct writer s_w = writer_of(s, sizeof s);
    struct writer w = writer_of(lsd1, sizeof lsd1);
    assert_int_equal(batch_write(p->documents, index, &s_w), OK);
    const struct span signature = writer_span(&s_w);
    assert_int_equal(document_write(p->item[index].d, &signature, 1, &w), OK);
    memset(&h, 0, sizeof h);
    h.type = p->item[index].type->number;
    h.created_ms = p->w->now_ms;
    h.expires_ms = h.created_ms + HOUR_MS;
    h.priority = (uint32_t)p->item[index].type->lane;
    h.destination_count = h.parts_count = h.parts[0].audience_count = 1;
    h.parts[0].kind = lianshu_PartKind_PART_FACTS;
    strcpy(h.purpose, "demo");
    strcpy(h.destination[0], "hub.445100");
    strcpy(h.parts[0].audience[0].member, "hub.445100");
    const struct span plain = writer_span(&w);
    assert_int_equal(envelope_batch_add(p->w->batch, &h, &plain, NULL, env_id), OK);
}

size_t post_seal(struct post *p)
{
    const struct envelope_options options = {
        .realm = "demo",
        .sender = p->member,
        .key = p->key,
        .registry = p->w->registry,
        .entropy = &p->w->entropy,
    };
    if (p->count == 0)
        return 0;
    assert_int_equal(batch_sign(p->documents, p->key), OK);
    assert_int_equal(envelope_batch_begin(p->w->batch, &options), OK);
    for (size_t i = 0; i < p->count; i++)
        add_envelope(p, i);
    assert_int_equal(envelope_batch_finish(p->w->batch), OK);
    return p->count;
}

struct span post_frame(struct post *p, size_t index)
{
    struct writer w = writer_of(p->frame, sizeof p->frame);
    assert_int_equal(envelope_batch_frame(p->w->batch, index, &w), OK);
    if (index + 1 == p->count)
        forget(p);
    return writer_span(&w);
}

void post_receipts(struct world *w, const struct site *site, const struct got *got, size_t count,
                   struct writer *frame)
{
    static uint8_t bytes[POST_MAX][FRAME_RECEIPT_MAX];
    struct span q[POST_MAX];
    struct batch *batch = NULL;
    assert_true(count > 0 && count <= POST_MAX);
    assert_int_equal(batch_open(&batch), OK);
    for (size_t i = 0; i < count; i++) {
        lianshu_Receipt r = {.kind = lianshu_ReceiptKind_RECEIPT_DELIVERED, .time_ms = w->now_ms};
        struct writer qw = writer_of(bytes[i], sizeof bytes[i]);
        merkle_hash leaf;
        size_t index;
        strcpy(r.realm, "demo");
        strcpy(r.sender, got[i].sender);
        strcpy(r.by, site->id);
        memcpy(r.message_id, got[i].message_id, sizeof r.message_id);
        memcpy(r.env_id, got[i].env_id, HASH_LEN);
        assert_int_equal(receipt_encode(&r, &qw), OK);
        q[i] = writer_span(&qw);
        receipt_leaf(leaf, q[i]);
        assert_int_equal(batch_add(batch, leaf, &index), OK);
    }
    assert_int_equal(batch_sign(batch, keyring_find(site->keys, KEY_USE_SIGN)), OK);
    frame_receipts_begin(frame, 0, (unsigned)count);
    for (size_t i = 0; i < count; i++) {
        uint8_t sig[FRAME_SIGNATURE_MAX];
        struct writer sw = writer_of(sig, sizeof sig);
        assert_int_equal(batch_write(batch, i, &sw), OK);
        const struct frame_receipt entry = {
            .form = FRAME_RECEIPT_MEMBER, .receipt = q[i], .signature = writer_span(&sw)};
        frame_receipts_add(frame, &entry);
    }
    frame_receipts_end(frame, span_of(NULL, 0));
    assert_false(frame->full);
    batch_close(&batch);
}
