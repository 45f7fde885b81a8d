#include "fuzz/samples.h"

#include "catalogue.h"
#include "check.h"
#include "fold.h"
#include "frame.h"
#include "wire.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

static void fill(uint8_t *out, size_t len, unsigned seed)
{
    for (size_t i = 0; i < len; i++)
        out[i] = (uint8_t)(seed * 31 + i * 7);
}

static void put(char *out, size_t cap, const char *text)
{
    snprintf(out, cap, "%s", text);
}

#define PUT(field, text)  put(field, sizeof(field), text)
#define FILL(field, seed) fill(field, sizeof(field), seed)

static void audience(lianshu_PartHeader *part, lianshu_PartKind kind, const char *const *members,
                     size_t count)
{
    part->kind = kind;
    part->audience_count = (pb_size_t)count;
    for (size_t i = 0; i < count; i++) {
        PUT(part->audience[i].member, members[i]);
        FILL(part->audience[i].kid, (unsigned)i);
    }
    FILL(part->commitment, 9);
}

void sample_header(lianshu_Header *h)
{
    static const char *const facts[] = {"health.445100", "hub.445100", "insurance.445100"};
    static const char *const sealed[] = {"health.445100", "insurance.445100"};
    uint8_t random[10];
    memset(h, 0, sizeof *h);
    h->suite = FRAME_SUITE;
    PUT(h->realm, "demo");
    h->type = lianshu_DocumentType_TYPE_SANCTION_ORDER;
    PUT(h->sender, "market.445100");
    FILL(h->sender_kid, 1);
    FILL(random, 2);
    message_id_make(SAMPLE_NOW_MS, random, h->message_id);
    h->created_ms = SAMPLE_NOW_MS;
    h->expires_ms = SAMPLE_NOW_MS + 30 * UINT64_C(86400000);
    h->priority = LANE_ORDER;
    h->destination_count = 1;
    PUT(h->destination[0], "hub.445100");
    h->conversation.size = FRAME_ID_LEN;
    fill(h->conversation.bytes, FRAME_ID_LEN, 3);
    h->sequence = 1;
    PUT(h->purpose, "sanction");
    h->registry_version = 7;
    h->parts_count = 3;
    audience(&h->parts[0], lianshu_PartKind_PART_FACTS, facts, 3);
    audience(&h->parts[1], lianshu_PartKind_PART_SEALED, sealed, 2);
    audience(&h->parts[2], lianshu_PartKind_PART_MANIFEST, sealed, 2);
    h->attachments_count = 1;
    h->attachments[0].part = 2;
    FILL(h->attachments[0].root, 4);
    h->attachments[0].chunk_count = 3;
    h->attachments[0].byte_count = 600000;
}

void sample_order(lianshu_SanctionOrder *o)
{
    memset(o, 0, sizeof *o);
    o->has_subject = true;
    o->subject.kind = lianshu_SubjectKind_SUBJECT_ENTERPRISE;
    PUT(o->subject.id, "91445100DEMA00013Q");
    PUT(o->subject.name, "潮州示范医药有限公司");
    PUT(o->subject.region, "445102");
    o->persons_count = 2;
    o->persons[0].role = lianshu_Role_ROLE_LEGAL_REPRESENTATIVE;
    PUT(o->persons[0].id, "999999199001010016");
    PUT(o->persons[0].name, "示范甲");
    o->persons[0].responsible = true;
    o->persons[1].role = lianshu_Role_ROLE_DIRECTLY_RESPONSIBLE;
    PUT(o->persons[1].id, "440524188001010014");
    PUT(o->persons[1].name, "示范乙");
    FILL(o->order_id, 5);
    o->version = 1;
    PUT(o->list, "L01");
    PUT(o->trigger, "R01");
    o->severity = lianshu_Severity_SEVERITY_SERIOUS;
    PUT(o->decision_body, "潮州市市场监督管理局");
    PUT(o->decision_number, "潮市监处罚〔2026〕1号");
    o->decision_date = 20261101;
    o->start_date = 20261122;
    o->earliest_repair_date = 20271122;
    o->max_date = 20361122;
    o->prior_notice_date = 20261010;
    PUT(o->consent_number, "粤药监函〔2026〕9号");
    PUT(o->remedy, "可在六十日内申请行政复议");
    PUT(o->facts_summary, "销售假药");
    o->public_subject = true;
    o->act_date = 20260801;
}

void sample_document(lianshu_Document *d)
{
    lianshu_SanctionOrder order;
    memset(d, 0, sizeof *d);
    PUT(d->realm, "demo");
    FILL(d->salt, 6);
    d->type = lianshu_DocumentType_TYPE_SANCTION_ORDER;
    d->version = 1;
    d->issuers_count = 1;
    PUT(d->issuers[0].member, "market.445100");
    FILL(d->issuers[0].kid, 1);
    FILL(d->id, 7);
    d->issued_ms = SAMPLE_NOW_MS;
    d->by_rule = true;
    d->basis_count = 1;
    PUT(d->basis[0], "drug-law-2019-art-116");
    PUT(d->purpose, "sanction");
    d->conversation.size = FRAME_ID_LEN;
    fill(d->conversation.bytes, FRAME_ID_LEN, 3);
    sample_order(&order);
    struct writer w = writer_of(d->body.bytes, sizeof d->body.bytes);
    enum err err = wire_encode(&lianshu_SanctionOrder_msg, &order, &w);
    assert(err == OK);
    (void)err;
    d->body.size = (pb_size_t)w.len;
}

void sample_receipt(lianshu_Receipt *q)
{
    memset(q, 0, sizeof *q);
    PUT(q->realm, "demo");
    q->kind = lianshu_ReceiptKind_RECEIPT_REJECTED;
    PUT(q->sender, "market.445100");
    FILL(q->message_id, 8);
    FILL(q->env_id, 9);
    PUT(q->by, "hub.445100");
    q->code = 660;
    q->time_ms = SAMPLE_NOW_MS;
    q->log_index = 5;
    q->grounds_count = 1;
    PUT(q->grounds[0].measure, "M03");
    FILL(q->grounds[0].order_id, 5);
    q->grounds[0].order_version = 1;
    PUT(q->grounds[0].rule, "R01");
    PUT(q->grounds[0].basis, "drug-law-2019-art-118");
}

void sample_statement(lianshu_Statement *v)
{
    memset(v, 0, sizeof *v);
    PUT(v->realm, "demo");
    PUT(v->recipient, "health.445100");
    v->env_id.size = FRAME_HASH_LEN;
    fill(v->env_id.bytes, FRAME_HASH_LEN, 9);
    v->accepted_ms = SAMPLE_NOW_MS;
    v->conversation.size = FRAME_ID_LEN;
    fill(v->conversation.bytes, FRAME_ID_LEN, 3);
    v->delivery_number = 2;
    v->tombstones_count = 1;
    v->tombstones[0].number = 1;
    v->tombstones[0].kind = lianshu_ReceiptKind_RECEIPT_SUPERSEDED;
    v->tombstones[0].count = 1;
    v->hops_count = 1;
    PUT(v->hops[0], "hub.445100");
    v->log_index = 6;
}

void sample_hello(lianshu_Control *k)
{
    memset(k, 0, sizeof *k);
    k->kind = lianshu_ControlKind_CONTROL_HELLO;
    k->which_body = lianshu_Control_hello_tag;
    PUT(k->body.hello.member, "market.445100");
    PUT(k->body.hello.realm, "demo");
    k->body.hello.registry_version = 7;
    k->body.hello.receipt_stream = 41;
    k->body.hello.credit_messages = 64;
    k->body.hello.unfinished_count = 2;
    FILL(k->body.hello.unfinished[0], 1);
    FILL(k->body.hello.unfinished[1], 2);
}

void sample_record(lianshu_MemberRecord *r)
{
    memset(r, 0, sizeof *r);
    PUT(r->member, "market.445100");
    PUT(r->name_zh, "潮州市市场监督管理局");
    PUT(r->name_en, "Chaozhou Market Supervision");
    r->keys_count = 1;
    r->keys[0].use = lianshu_KeyUse_KEY_SIGN;
    FILL(r->keys[0].public_key, 1);
    r->keys[0].valid_from_ms = SAMPLE_NOW_MS;
    r->keys[0].valid_until_ms = SAMPLE_NOW_MS + 1;
    r->grants_count = 1;
    grant_add(r->grants[0].types, lianshu_DocumentType_TYPE_SANCTION_ORDER);
    grant_add(r->grants[0].types, lianshu_DocumentType_TYPE_HUB_NOTICE);
    r->grants[0].direction = lianshu_GrantDirection_GRANT_SEND;
    r->grants[0].departments = UINT32_C(1) << 30;
    PUT(r->grants[0].region, "445100");
}

/* ---- frames ---- */

static const char checkpoint[] = "hub.445100.demo/audit/1\n8\nAAAA\n";

static struct span bytes(size_t len)
{
    static uint8_t pool[600000];
    fill(pool, len, 11);
    return span_of(pool, len);
}

void sample_signature(struct writer *w, uint64_t index, uint64_t size)
{
    unsigned n = frame_path_len(index, size);
    struct span material = bytes((size_t)FRAME_BATCH_PATH_MAX * FRAME_HASH_LEN);
    const struct frame_signature s = {
        .alg = FRAME_ALG_ED25519,
        .kid = material.data,
        .size = size,
        .index = index,
        .n = n,
        .path = {material.data, n * (size_t)FRAME_HASH_LEN},
        .sig = material.data,
    };
    frame_write_signature(w, &s);
}

static struct span encode(const pb_msgdesc_t *desc, const void *msg, void *out, size_t cap)
{
    struct writer w = writer_of(out, cap);
    enum err err = wire_encode(desc, msg, &w);
    assert(err == OK);
    (void)err;
    return writer_span(&w);
}

static void envelope(struct writer *w, bool withheld)
{
    static uint8_t header[FRAME_HEADER_MAX];
    uint8_t signature[FRAME_SIGNATURE_MAX];
    lianshu_Header h;
    sample_header(&h);
    struct writer s = writer_of(signature, sizeof signature);
    sample_signature(&s, 2, 5);
    struct frame_envelope e = {
        .header = encode(&lianshu_Header_msg, &h, header, sizeof header),
        .part_count = h.parts_count,
        .signature = writer_span(&s),
    };
    struct span material = bytes(4096);
    for (unsigned i = 0; i < e.part_count; i++) {
        e.parts[i] = (struct frame_part){
            .form = 1,
            .wraps = {material.data, (size_t)h.parts[i].audience_count * FRAME_WRAP_LEN},
            .cipher = {material.data, 512 + 16},
        };
    }
    if (withheld)
        e.parts[0] = (struct frame_part){.wraps_hash = material.data, .cipher_hash = material.data};
    frame_write_envelope(w, &e);
}

void sample_envelope_frame(struct writer *w)
{
    envelope(w, false);
}

void sample_envelope_form0(struct writer *w)
{
    envelope(w, true);
}

void sample_envelope_full(struct writer *w)
{
    uint8_t signature[FRAME_SIGNATURE_MAX];
    struct writer s = writer_of(signature, sizeof signature);
    sample_signature(&s, 0, 1);
    struct frame_envelope e = {
        .header = span_str("h"), .part_count = FRAME_PARTS_MAX, .signature = writer_span(&s)};
    for (unsigned i = 0; i < FRAME_PARTS_MAX; i++) {
        e.parts[i].wraps_hash = bytes(FRAME_HASH_LEN).data;
        e.parts[i].cipher_hash = bytes(FRAME_HASH_LEN).data;
    }
    frame_write_envelope(w, &e);
}

static void document(struct writer *w, const lianshu_Document *d, unsigned signatures)
{
    static uint8_t body[FRAME_DOCUMENT_MAX];
    uint8_t signature[FRAME_SIGNATURE_MAX];
    struct writer s = writer_of(signature, sizeof signature);
    sample_signature(&s, 0, 1);
    struct frame_document f = {
        .document = encode(&lianshu_Document_msg, d, body, sizeof body),
        .count = signatures,
    };
    for (unsigned i = 0; i < signatures; i++)
        f.signatures[i] = writer_span(&s);
    frame_write_document(w, &f);
}

void sample_document_frame(struct writer *w)
{
    static lianshu_Document d;
    sample_document(&d);
    document(w, &d, 2);
}

void sample_document_full(struct writer *w)
{
    uint8_t signature[FRAME_SIGNATURE_MAX];
    struct writer s = writer_of(signature, sizeof signature);
    sample_signature(&s, 0, 1);
    struct frame_document f = {.document = span_str("d"), .count = FRAME_ISSUERS_MAX};
    for (unsigned i = 0; i < FRAME_ISSUERS_MAX; i++)
        f.signatures[i] = writer_span(&s);
    frame_write_document(w, &f);
}

void sample_receipts_frame(struct writer *w)
{
    uint8_t q[FRAME_RECEIPT_MAX];
    lianshu_Receipt receipt;
    sample_receipt(&receipt);
    struct frame_receipt r = {
        .form = FRAME_RECEIPT_HUB,
        .receipt = encode(&lianshu_Receipt_msg, &receipt, q, sizeof q),
        .path = {bytes(96).data, 96},
    };
    frame_receipts_begin(w, 12, 2);
    frame_receipts_add(w, &r);
    r.path.len = 0;
    frame_receipts_add(w, &r);
    frame_receipts_end(w, span_str(checkpoint));
}

void sample_member_receipts(struct writer *w)
{
    uint8_t q[FRAME_RECEIPT_MAX];
    uint8_t signature[FRAME_SIGNATURE_MAX];
    lianshu_Receipt receipt;
    sample_receipt(&receipt);
    receipt.kind = lianshu_ReceiptKind_RECEIPT_DELIVERED;
    PUT(receipt.by, "health.445100");
    struct writer s = writer_of(signature, sizeof signature);
    sample_signature(&s, 0, 2);
    const struct frame_receipt r = {
        .form = FRAME_RECEIPT_MEMBER,
        .receipt = encode(&lianshu_Receipt_msg, &receipt, q, sizeof q),
        .signature = writer_span(&s),
    };
    frame_receipts_begin(w, 0, 1);
    frame_receipts_add(w, &r);
    frame_receipts_end(w, span_of("", 0));
}

void sample_statement_frame(struct writer *w)
{
    uint8_t v[FRAME_STATEMENT_MAX];
    lianshu_Statement statement;
    sample_statement(&statement);
    const struct frame_statement f = {
        .statement = encode(&lianshu_Statement_msg, &statement, v, sizeof v),
        .path = {bytes(64).data, 64},
        .checkpoint = span_str(checkpoint),
    };
    frame_write_statement(w, &f);
}

void sample_control_frame(struct writer *w)
{
    static lianshu_Control control;
    sample_hello(&control);
    enum err err = frame_put_control(w, &control);
    assert(err == OK);
    (void)err;
}

void sample_chunk_frame(struct writer *w)
{
    struct span material = bytes(4096);
    const struct frame_chunk c = {
        .root = material.data,
        .index = 2,
        .count = 3,
        .path = {material.data, frame_path_len(2, 3) * (size_t)FRAME_HASH_LEN},
        .cipher = {material.data, 300},
    };
    frame_write_chunk(w, &c);
}

void sample_bundle_frame(struct writer *w)
{
    static uint8_t room[64 << 10];
    size_t begin = w->len;
    frame_bundle_begin(w);
    struct writer one = writer_of(room, sizeof room);
    sample_statement_frame(&one);
    (void)frame_bundle_add(w, begin, writer_span(&one));
    one.len = 0;
    sample_envelope_form0(&one);
    (void)frame_bundle_add(w, begin, writer_span(&one));
}

void sample_folded_frame(struct writer *w)
{
    static uint8_t room[8 << 10];
    uint8_t q[FRAME_RECEIPT_MAX];
    uint8_t signature[FRAME_SIGNATURE_MAX];
    lianshu_Receipt receipt;
    sample_receipt(&receipt);
    struct frame_receipt one = {
        .form = FRAME_RECEIPT_MEMBER,
        .receipt = encode(&lianshu_Receipt_msg, &receipt, q, sizeof q),
    };
    struct writer all = writer_of(room, sizeof room);
    frame_receipts_begin(&all, 0, 4);
    for (uint64_t i = 0; i < 4; i++) {
        struct writer s = writer_of(signature, sizeof signature);
        sample_signature(&s, i, 4);
        one.signature = writer_span(&s);
        frame_receipts_add(&all, &one);
    }
    frame_receipts_end(&all, span_of("", 0));
    const bool folded = fold(writer_span(&all), w);
    assert(folded);
    (void)folded;
}

/* L and G of one registrar, whose documents `signers` keys sign. */
static struct frame_registrar sample_registrar(unsigned signers)
{
    static uint8_t first[8 << 10];
    static uint8_t second[8 << 10];
    static lianshu_Document d;
    struct writer registrar = writer_of(first, sizeof first);
    struct writer version = writer_of(second, sizeof second);
    sample_document(&d);
    d.type = lianshu_DocumentType_TYPE_REGISTRAR;
    document(&registrar, &d, signers);
    d.type = lianshu_DocumentType_TYPE_REGISTRY;
    document(&version, &d, signers);
    return (struct frame_registrar){writer_span(&registrar), writer_span(&version)};
}

/* Records by the registrars in turn. */
static void registry_of(struct writer *w, unsigned registrars, unsigned records)
{
    uint8_t record[FRAME_RECORD_MAX];
    lianshu_MemberRecord r;
    frame_registry_begin(w, registrars);
    for (unsigned i = 0; i < registrars; i++) {
        const struct frame_registrar registrar = sample_registrar(i + 1);
        frame_registry_put(w, &registrar);
    }
    frame_registry_records(w, records);
    sample_record(&r);
    for (unsigned i = 0; i < records; i++)
        frame_registry_add(w, i % registrars,
                           encode(&lianshu_MemberRecord_msg, &r, record, sizeof record));
}

void sample_registry_file(struct writer *w)
{
    registry_of(w, 1, 2);
}

void sample_registry_chain(struct writer *w)
{
    registry_of(w, 3, 4);
}

void sample_registry_proof(struct writer *w)
{
    static uint8_t hashes[3 * FRAME_HASH_LEN];
    uint8_t record[FRAME_RECORD_MAX];
    lianshu_MemberRecord r;
    sample_record(&r);
    const struct frame_proof proof = {
        .registrar = sample_registrar(2),
        .index = 5,
        .path = span_of(hashes, sizeof hashes),
        .record = encode(&lianshu_MemberRecord_msg, &r, record, sizeof record),
    };
    frame_write_proof(w, &proof);
}
