#include "bench/official.h"

#include "base/clock.h"
#include "base/hex.h"
#include "catalogue.h"
#include "frame.h"
#include "json.h"
#include "keys/envelope.h"
#include "scenario/texts.h"
#include "wire.h"

#include "sanction.pb.h"

#include <stdio.h>
#include <stdlib.h>

enum { OFFICIAL_LIFE_MS = 3600 * 1000, FACTS_MAX = 16 << 10 };

struct official {
    struct bench *bench;
    struct site site;
    struct envelope_batch *envelopes;
    uint64_t greeted_ms;
    bool sent;
    uint64_t again_ms;
    lianshu_Document document;
    lianshu_Header header;
    lianshu_SanctionOrder order;
    lianshu_SanctionChange change;
    uint8_t lsd1[FACTS_MAX];
    uint8_t frame[2 * FACTS_MAX];
    size_t frame_len;
};

enum err official_open(struct official **out, struct bench *b)
{
    struct fault fault = {.err = OK};
    struct official *o = calloc(1, sizeof *o);
    *out = o;
    if (o == NULL)
        return ERR_NO_MEMORY;
    o->bench = b;
    enum err err =
        site_open(&o->site, &b->place, b->net, b->plan.address, "market.445100", 0, &fault);
    return err == OK ? envelope_batch_open(&o->envelopes, ENVELOPE_BATCH_BYTES_DEFAULT) : err;
}

void official_close(struct official **o)
{
    if (*o == NULL)
        return;
    site_close(&(*o)->site);
    envelope_batch_close(&(*o)->envelopes);
    free(*o);
    *o = NULL;
}

void *official_zmq(struct official *o)
{
    return endpoint_zmq(o->site.endpoint);
}

/* The facts of the order, or of its end, as canonical bytes in the document. */
static enum err fill_facts(struct official *o, const struct document_type *type, const char *text)
{
    struct json *json = NULL;
    struct fault fault = {.err = OK};
    void *body = o->bench->plan.lift ? (void *)&o->change : (void *)&o->order;
    enum err err = json_parse(&json, span_str(text), "official", &fault);
    if (err == OK)
        err = json_to_message(json, type->facts, body, &fault);
    json_close(&json);
    struct writer w = writer_of(o->document.body.bytes, sizeof o->document.body.bytes);
    if (err == OK)
        err = wire_encode(type->facts, body, &w);
    o->document.body.size = (pb_size_t)w.len;
    return err;
}

static enum err make_document(struct official *o, const struct document_type *type, uint64_t now_ms,
                              struct span *lsd1)
{
    const bool lift = o->bench->plan.lift;
    const struct key *key = keyring_find(o->site.keys, KEY_USE_SIGN);
    lianshu_Document *d = &o->document;
    uint8_t hash[HASH_LEN];

    wire_clear(&lianshu_Document_msg, d);
    memset(d->id, 0, sizeof d->id);
    document_prepare(d, PLACE_REALM, o->site.member, key, now_ms, &o->site.entropy);
    d->type = type->number;
    d->version = 1;
    d->by_rule = true;
    (void)snprintf(d->purpose, sizeof d->purpose, "bench");
    (void)snprintf(d->basis[d->basis_count++], sizeof d->basis[0], "%s", lift ? "AP48" : "DL116");
    enum err err = fill_facts(o, type, lift ? ANNUL_BODY("2") : ORDER_BODY("1"));
    struct writer w = writer_of(o->lsd1, sizeof o->lsd1);
    if (err == OK)
        err = document_make(d, key, &w, hash);
    *lsd1 = writer_span(&w);
    return err;
}

static enum err make_frame(struct official *o, uint64_t now_ms)
{
    const struct document_type *type =
        type_by_name(o->bench->plan.lift ? "sanction.annul" : "sanction.order");
    const struct envelope_options options = {.realm = PLACE_REALM,
                                             .sender = o->site.member,
                                             .key = keyring_find(o->site.keys, KEY_USE_SIGN),
                                             .registry = o->bench->place.registry,
                                             .entropy = &o->site.entropy};
    lianshu_Header *h = &o->header;
    struct span lsd1;
    uint8_t env_id[ENVELOPE_ID_LEN];

    enum err err = make_document(o, type, now_ms, &lsd1);
    if (err != OK)
        return err;
    wire_clear(&lianshu_Header_msg, h);
    wire_clear(&lianshu_PartHeader_msg, &h->parts[0]);
    h->type = type->number;
    h->created_ms = now_ms;
    h->expires_ms = now_ms + OFFICIAL_LIFE_MS;
    h->priority = (uint32_t)type->lane;
    h->destination_count = 1;
    (void)snprintf(h->destination[0], sizeof h->destination[0], "%s", PLACE_HUB);
    (void)snprintf(h->purpose, sizeof h->purpose, "bench");
    h->conversation.size = 16;
    if (!hex_decode(ORDER_ID, h->conversation.bytes, 16))
        return ERR_INTERNAL;
    h->parts_count = 1;
    h->parts[0].kind = lianshu_PartKind_PART_FACTS;
    h->parts[0].audience_count = 1;
    (void)snprintf(h->parts[0].audience[0].member, sizeof h->parts[0].audience[0].member, "%s",
                   PLACE_HUB);
    struct writer w = writer_of(o->frame, sizeof o->frame);
    if ((err = envelope_batch_begin(o->envelopes, &options)) == OK &&
        (err = envelope_batch_add(o->envelopes, h, &lsd1, NULL, env_id)) == OK &&
        (err = envelope_batch_finish(o->envelopes)) == OK)
        err = envelope_batch_frame(o->envelopes, 0, &w);
    o->frame_len = w.len;
    return err;
}

/* Welcome and busy matter; of receipts only whether the hub took it. */
static enum err take_one(struct official *o, struct span frame)
{
    enum frame_kind kind;
    struct frame_receipts receipts;
    struct frame_receipt entry;
    lianshu_Control control;
    lianshu_Receipt q;
    enum err err = frame_kind(frame, &kind);
    if (err == OK && kind == FRAME_CONTROL && frame_read_control(frame, &control) == OK) {
        if (control.which_body == lianshu_Control_welcome_tag && !o->site.greeted) {
            o->site.greeted = true;
            o->greeted_ms = clock_real_ms();
        }
        if (control.which_body == lianshu_Control_busy_tag)
            o->again_ms = clock_real_ms() + control.body.busy.retry_after_ms;
    }
    if (err == OK && kind == FRAME_RECEIPTS && frame_parse_receipts(frame, &receipts) == OK)
        while (frame_receipts_next(&receipts, &entry))
            if (wire_decode(&lianshu_Receipt_msg, entry.receipt, &q) == OK && q.code != 0)
                bench_failed(o->bench, (enum err)q.code, "official");
    return err;
}

/* The welcome may come with receipts of an earlier run. */
static enum err take(struct official *o, struct span frame)
{
    enum frame_kind kind;
    struct frame_bundle bundle;
    struct span inner;
    enum err err = frame_kind(frame, &kind);
    if (err != OK || kind != FRAME_BUNDLE)
        return err == OK ? take_one(o, frame) : err;
    err = frame_parse_bundle(frame, &bundle);
    while (err == OK && frame_bundle_next(&bundle, &inner))
        err = take_one(o, inner);
    return err;
}

enum err official_turn(struct official *o, uint64_t now_ms)
{
    struct endpoint_in in;
    enum err err = site_greet(&o->site, now_ms);
    while (err == OK && endpoint_recv(o->site.endpoint, &in) == OK)
        err = take(o, in.frame);
    if (err == OK)
        err = site_flush(&o->site);
    if (err != OK || !o->site.greeted || now_ms < o->greeted_ms + o->bench->plan.official_ms)
        return err;
    if (!o->sent) {
        if ((err = make_frame(o, now_ms)) != OK)
            return err;
        o->sent = true;
        o->again_ms = now_ms;
        atomic_store(&o->bench->official_ns, bench_now_ns());
    }
    if (now_ms >= o->again_ms && atomic_load(&o->bench->counters.notices) == 0) {
        o->again_ms = now_ms + 2000;
        err = site_send(&o->site, span_of(o->frame, o->frame_len));
    }
    return err == OK ? site_flush(&o->site) : err;
}
