#include "day/attack.h"

#include "adapters/sdk/link.h"
#include "base/clock.h"
#include "catalogue.h"
#include "day/tell.h"
#include "keys/document.h"
#include "keys/envelope.h"
#include "keys/keyfile.h"
#include "sanction.pb.h"
#include "wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { AGAIN_MS = 1000, STRANGE_MS = 1500, LIFE_MS = 60 * 1000, PLAIN_MAX = 16 << 10 };

static const char PURPOSE[] = "credit";

struct attacker {
    struct attacker_options options;
    struct keyring *keys;
    struct key *foreign; /* enrolled nowhere */
    struct registry *registry;
    struct entropy entropy;
    struct envelope_batch *batch;
    struct link *link;
    lianshu_Document document;
    lianshu_Header header;
    lianshu_Control control;
    uint8_t plain[PLAIN_MAX];
};

/* ---- connection ---- */

static enum err connect_with(struct attacker *a, const struct key *key, struct link **out)
{
    const struct registry_key *hub;
    const enum err err =
        registry_current(a->registry, a->options.hub, KEY_USE_TRANSPORT, clock_real_ms(), &hub);

    if (err != OK)
        return err;
    return link_open(out, a->options.endpoint, key_secret(key), key_public(key), hub->public_key);
}

static bool send_when_up(struct link *link, struct span frame, uint64_t end_ms)
{
    bool unused;

    while (link_send(link, frame) != OK) {
        const uint64_t now = tell_clock_ms();
        if (now >= end_ms || link_wait(link, true, -1, (uint32_t)(end_ms - now), &unused) != OK)
            return false;
    }
    return true;
}

static enum err hello_frame(struct attacker *a, struct writer *w)
{
    lianshu_Hello *hello = &a->control.body.hello;

    memset(&a->control, 0, sizeof a->control);
    a->control.kind = lianshu_ControlKind_CONTROL_HELLO;
    a->control.which_body = lianshu_Control_hello_tag;
    snprintf(hello->member, sizeof hello->member, "%s", a->options.member);
    snprintf(hello->realm, sizeof hello->realm, "%s", a->options.realm);
    hello->registry_version = registry_version(a->registry);
    return frame_put_control(w, &a->control);
}

enum err attacker_open(struct attacker **out, const struct attacker_options *options,
                       struct fault *f)
{
    enum err err = ERR_NO_MEMORY;
    struct anchor anchor;
    struct passphrase *passphrase = NULL;
    struct attacker *a = calloc(1, sizeof *a);
    uint8_t hello[FRAME_CONTROL_MAX];
    struct writer w = writer_of(hello, sizeof hello);

    *out = NULL;
    if (a == NULL)
        return fault_set(f, ERR_NO_MEMORY, 0, "attacker", "%s", "");
    a->options = *options;
    a->entropy = entropy_system();
    if ((err = passphrase_read(&passphrase, options->passphrase_file, f)) != OK ||
        (err = keyfile_read(&a->keys, options->key_file, passphrase, f)) != OK ||
        (err = anchor_read(&anchor, options->anchor, f)) != OK ||
        (err = registry_read(&a->registry, &anchor, options->registry, 0, f)) != OK ||
        (err = key_make(&a->foreign, KEY_USE_SIGN, clock_real_ms(), &a->entropy)) != OK ||
        (err = envelope_batch_open(&a->batch, ENVELOPE_BATCH_BYTES_DEFAULT)) != OK ||
        (err = connect_with(a, keyring_find(a->keys, KEY_USE_TRANSPORT), &a->link)) != OK ||
        (err = hello_frame(a, &w)) != OK)
        goto out;
    if (!send_when_up(a->link, writer_span(&w), tell_clock_ms() + ATTACK_PATIENCE_MS)) {
        err = fault_set(f, ERR_UNREACHABLE, 0, options->endpoint, "%s", "");
        goto out;
    }
    *out = a;
    a = NULL;

out:
    passphrase_close(&passphrase);
    attacker_close(&a);
    return err;
}

void attacker_close(struct attacker **a)
{
    if (*a == NULL)
        return;
    link_close(&(*a)->link);
    envelope_batch_close(&(*a)->batch);
    registry_close(&(*a)->registry);
    key_close(&(*a)->foreign);
    keyring_close(&(*a)->keys);
    free(*a);
    *a = NULL;
}

/* ---- building ---- */

/* The facts document: a credit check of a person that does not exist. */
static enum err make_document(struct attacker *a, const struct craft *craft, struct span *plain)
{
    static const char question[] = "licence";
    lianshu_CreditCheck check = lianshu_CreditCheck_init_zero;
    struct writer body = writer_of(a->document.body.bytes, sizeof a->document.body.bytes);
    struct writer w = writer_of(a->plain, sizeof a->plain);
    uint8_t hash[HASH_LEN];
    const struct key *key =
        craft->foreign_document ? a->foreign : keyring_find(a->keys, KEY_USE_SIGN);
    const uint64_t now = clock_real_ms();
    enum err err;

    check.has_subject = true;
    check.subject.kind = lianshu_SubjectKind_SUBJECT_PERSON;
    snprintf(check.subject.id, sizeof check.subject.id, "%s", "999999199001010016");
    snprintf(check.subject.name, sizeof check.subject.name, "%s", "陈示安");
    snprintf(check.subject.region, sizeof check.subject.region, "%s", "445100");
    snprintf(check.question, sizeof check.question, "%s", question);

    wire_clear(&lianshu_Document_msg, &a->document);
    document_prepare(&a->document, a->options.realm, a->options.member, key, now, &a->entropy);
    a->document.type = craft->type != 0 ? craft->type : lianshu_DocumentType_TYPE_CREDIT_CHECK;
    a->document.version = 1;
    snprintf(a->document.purpose, sizeof a->document.purpose, "%s", PURPOSE);
    a->document.addressees_count = 1;
    snprintf(a->document.addressees[0], sizeof a->document.addressees[0], "%s",
             craft->to != NULL ? craft->to : a->options.hub);
    if ((err = wire_encode(&lianshu_CreditCheck_msg, &check, &body)) != OK)
        return err;
    a->document.body.size = (pb_size_t)body.len;
    if ((err = document_make(&a->document, key, &w, hash)) != OK)
        return err;
    *plain = writer_span(&w);
    return OK;
}

static void fill_audience(lianshu_PartHeader *part, const char *first, const char *second)
{
    if (second != NULL && strcmp(first, second) > 0) {
        const char *swap = first;
        first = second;
        second = swap;
    }
    part->audience_count = second != NULL ? 2 : 1;
    snprintf(part->audience[0].member, sizeof part->audience[0].member, "%s", first);
    if (second != NULL)
        snprintf(part->audience[1].member, sizeof part->audience[1].member, "%s", second);
}

static void fill_header(struct attacker *a, const struct craft *craft, const struct crafted *out)
{
    lianshu_Header *h = &a->header;

    memset(h, 0, sizeof *h);
    h->type = a->document.type;
    h->created_ms = (uint64_t)((int64_t)clock_real_ms() + craft->created_shift_ms);
    h->expires_ms = h->created_ms + (craft->life_ms != 0 ? craft->life_ms : LIFE_MS);
    memcpy(h->message_id, out->message_id, ATTACK_ID_LEN);
    snprintf(h->purpose, sizeof h->purpose, "%s", PURPOSE);
    h->destination_count = 1;
    snprintf(h->destination[0], sizeof h->destination[0], "%s",
             craft->to != NULL ? craft->to : a->options.hub);
    h->parts_count = 1;
    h->parts[0].kind = lianshu_PartKind_PART_FACTS;
    fill_audience(&h->parts[0], a->options.hub, craft->to);
}

enum err attack_craft(struct attacker *a, const struct craft *craft, struct crafted *out)
{
    enum err err;
    struct span plain;
    uint8_t env_id[ENVELOPE_ID_LEN];
    struct writer w = writer_of(out->frame, sizeof out->frame);
    const struct envelope_options options = {
        .realm = a->options.realm,
        .sender = craft->sender != NULL ? craft->sender : a->options.member,
        .key = craft->foreign_key ? a->foreign : keyring_find(a->keys, KEY_USE_SIGN),
        .registry = a->registry,
        .entropy = &a->entropy,
    };

    if ((err = make_document(a, craft, &plain)) != OK)
        return err;
    const uint64_t created = (uint64_t)((int64_t)clock_real_ms() + craft->created_shift_ms);
    if (craft->message_id != NULL)
        memcpy(out->message_id, craft->message_id, ATTACK_ID_LEN);
    else
        entropy_id(&a->entropy, created, out->message_id);
    fill_header(a, craft, out);
    /* The head of a message id is the moment of creation. */
    struct span head = {out->message_id, 6};
    (void)span_take_uint(&head, 6, &a->header.created_ms);
    a->header.expires_ms = a->header.created_ms + (craft->life_ms != 0 ? craft->life_ms : LIFE_MS);

    if ((err = envelope_batch_begin(a->batch, &options)) != OK ||
        (err = envelope_batch_add(a->batch, &a->header, &plain, NULL, env_id)) != OK ||
        (err = envelope_batch_finish(a->batch)) != OK ||
        (err = envelope_batch_frame(a->batch, 0, &w)) != OK)
        return err;
    out->len = w.len;
    return w.full ? ERR_TOO_LARGE : OK;
}

enum err attack_bend_header(struct crafted *c)
{
    static const uint8_t again[] = {0x08, 0x01}; /* suite, a second time */
    static uint8_t header[FRAME_HEADER_MAX];
    static uint8_t frame[ATTACK_FRAME_MAX];
    struct frame_envelope e;
    struct writer h = writer_of(header, sizeof header);
    struct writer w = writer_of(frame, sizeof frame);
    const enum err err = frame_parse_envelope(span_of(c->frame, c->len), &e);

    if (err != OK)
        return err;
    write_span(&h, e.header);
    write_bytes(&h, again, sizeof again);
    e.header = writer_span(&h);
    frame_write_envelope(&w, &e);
    if (h.full || w.full)
        return ERR_TOO_LARGE;
    memcpy(c->frame, frame, w.len);
    c->len = w.len;
    return OK;
}

/* ---- asking and answering ---- */

static enum attack_answer read_receipts(struct span frame, const uint8_t *message_id,
                                        uint32_t *code, uint64_t *log_index)
{
    struct frame_receipts all;
    struct frame_receipt one;
    lianshu_Receipt q;

    if (frame_parse_receipts(frame, &all) != OK)
        return ATTACK_SILENCE;
    while (frame_receipts_next(&all, &one)) {
        if (wire_decode(&lianshu_Receipt_msg, one.receipt, &q) != OK ||
            memcmp(q.message_id, message_id, ATTACK_ID_LEN) != 0)
            continue;
        *code = q.code;
        *log_index = q.log_index;
        if (q.kind == lianshu_ReceiptKind_RECEIPT_ACCEPTED)
            return ATTACK_ACCEPTED;
        if (q.kind == lianshu_ReceiptKind_RECEIPT_REJECTED)
            return ATTACK_REJECTED;
    }
    return ATTACK_SILENCE;
}

static enum attack_answer read_answer(struct attacker *a, struct span frame,
                                      const uint8_t *message_id, uint32_t *code,
                                      uint64_t *log_index)
{
    enum frame_kind kind;

    if (frame_kind(frame, &kind) != OK)
        return ATTACK_SILENCE;
    if (kind == FRAME_RECEIPTS)
        return read_receipts(frame, message_id, code, log_index);
    if (kind != FRAME_CONTROL || frame_read_control(frame, &a->control) != OK ||
        a->control.kind != lianshu_ControlKind_CONTROL_BUSY)
        return ATTACK_SILENCE;
    const lianshu_Busy *busy = &a->control.body.busy;
    if (busy->message_id.size != ATTACK_ID_LEN ||
        memcmp(busy->message_id.bytes, message_id, ATTACK_ID_LEN) != 0)
        return ATTACK_SILENCE;
    *code = busy->code;
    return ATTACK_BUSY;
}

enum attack_answer attack_send(struct attacker *a, const struct crafted *c, uint32_t *code,
                               uint64_t *log_index)
{
    const uint64_t end = tell_clock_ms() + ATTACK_PATIENCE_MS;
    enum attack_answer answer = ATTACK_SILENCE;
    struct span frame;
    bool unused;

    *code = 0;
    *log_index = 0;
    while (tell_clock_ms() < end) {
        const uint64_t again = tell_clock_ms() + AGAIN_MS;
        if (!send_when_up(a->link, span_of(c->frame, c->len), end))
            break;
        for (uint64_t now = tell_clock_ms(); now < again; now = tell_clock_ms()) {
            while (link_recv(a->link, &frame)) {
                answer = read_answer(a, frame, c->message_id, code, log_index);
                if (answer != ATTACK_SILENCE)
                    return answer;
            }
            if (link_wait(a->link, false, -1, (uint32_t)(again - now), &unused) != OK)
                return answer;
        }
    }
    return answer;
}

void attack_throw(struct attacker *a, struct span bytes)
{
    (void)send_when_up(a->link, bytes, tell_clock_ms() + ATTACK_PATIENCE_MS);
}

bool attack_strange_key(struct attacker *a)
{
    struct key *key = NULL;
    struct link *link = NULL;
    struct span frame;
    bool unused;
    bool let_in = false;
    uint8_t hello[FRAME_CONTROL_MAX];
    struct writer w = writer_of(hello, sizeof hello);
    const uint64_t end = tell_clock_ms() + STRANGE_MS;

    if (key_make(&key, KEY_USE_TRANSPORT, clock_real_ms(), &a->entropy) != OK ||
        connect_with(a, key, &link) != OK || hello_frame(a, &w) != OK)
        goto out;
    let_in = send_when_up(link, writer_span(&w), end);
    while (let_in && tell_clock_ms() < end && !link_recv(link, &frame))
        let_in = link_wait(link, false, -1, (uint32_t)(end - tell_clock_ms()), &unused) == OK;

out:
    link_close(&link);
    key_close(&key);
    return let_in;
}
