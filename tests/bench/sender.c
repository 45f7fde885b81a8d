/* Senders in memory: batches of documents signed and sealed at once, a window of unfinished
 * messages kept until their final receipt, every receipt verified. */
#include "base/clock.h"
#include "bench/bench.h"
#include "bench/official.h"
#include "catalogue.h"
#include "check.h"
#include "frame.h"
#include "keys/envelope.h"
#include "net/gather.h"
#include "wire.h"

#include "sanction.pb.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/timerfd.h>
#include <unistd.h>
#include <zmq.h>

enum {
    FRAME_ROOM = 4096,
    RESEND_MS = 10000,
    LIFE_MS = 3600 * 1000,
    INPUT_MAX = 256,
    POLL_MS = 20,
    DOCUMENT_ROOM = 2048,
};

struct slot {
    bool used;
    bool accepted;
    uint64_t index;
    uint64_t since_ns; /* when the application gave it to us */
    uint64_t again_ms; /* when it goes again */
    size_t len;
    uint8_t frame[FRAME_ROOM];
};

struct sender {
    struct bench *bench;
    struct site site;
    unsigned number;
    uint16_t nonce;
    uint64_t next_index;
    uint64_t limit; /* messages it may send */
    struct slot *slots;
    uint32_t *free_slots;
    uint32_t free_count;
    struct batch *documents;
    struct envelope_batch *envelopes;
    uint64_t next_ns; /* of the next message at a given rate */
    struct gather gather;
    unsigned short seed[3];
    char (*targets)[MEMBER_MAX + 1]; /* owns; the names of plan.target_count members */
    lianshu_Evidence body;           /* but for its order id the same in every message */
    /* of the batch that is being made */
    lianshu_Document document;
    lianshu_Header header;
    uint8_t text[BENCH_BATCH_MAX][DOCUMENT_ROOM];
    size_t text_len[BENCH_BATCH_MAX];
    uint32_t batch_slots[BENCH_BATCH_MAX];
};

/* ---- making messages ---- */

/* A message id that names the slot: receipts need no look-up. Its head is the time, as always. */
static void make_id(const struct sender *s, uint32_t slot, uint64_t now_ms, uint8_t id[static 16])
{
    uint8_t tail[10];
    struct writer w = writer_of(tail, sizeof tail);
    write_uint(&w, s->slots[slot].index, 4);
    write_uint(&w, slot, 4);
    write_uint(&w, s->nonce, 2);
    message_id_make(now_ms, tail, id);
}

static struct slot *slot_of(const struct sender *s, const uint8_t id[static 16])
{
    uint64_t index = 0, number = 0, nonce = 0;
    struct span tail = span_of(id + 6, 10);
    if (!span_take_uint(&tail, 4, &index) || !span_take_uint(&tail, 4, &number) ||
        !span_take_uint(&tail, 2, &nonce) || nonce != s->nonce || number >= s->bench->plan.window)
        return NULL;
    struct slot *slot = &s->slots[number];
    return slot->used && (uint32_t)slot->index == index ? slot : NULL;
}

/* Exactly BENCH_BODY_LEN bytes: the time and number that the receiver measures by, and text. */
static void make_text(lianshu_Evidence *body)
{
    static const char line[] = "事实与依据 facts and grounds. ";
    const size_t text_len = BENCH_BODY_LEN - (2 + sizeof body->order_id) - 3;
    for (size_t n = 0; n < text_len; n++)
        body->summary[n] = n + sizeof line < text_len - text_len % (sizeof line - 1)
                               ? line[n % (sizeof line - 1)]
                               : '.';
}

static enum err fill_body(struct sender *s, const struct slot *slot, lianshu_Document *d)
{
    struct writer id = writer_of(s->body.order_id, sizeof s->body.order_id);
    write_uint(&id, slot->since_ns, 8);
    write_uint(&id, slot->index, 8);
    struct writer w = writer_of(d->body.bytes, sizeof d->body.bytes);
    const enum err err = wire_encode(&lianshu_Evidence_msg, &s->body, &w);
    d->body.size = (pb_size_t)w.len;
    return err;
}

static const char *target_of(const struct sender *s, uint64_t index)
{
    const struct bench_plan *plan = &s->bench->plan;
    const uint64_t n = plan->spread ? index + s->number : s->number;
    return s->targets[n % plan->target_count];
}

static enum err make_document(struct sender *s, size_t i, uint64_t now_ms, const char *target)
{
    lianshu_Document *d = &s->document;
    uint8_t hash[HASH_LEN];
    merkle_hash leaf;
    size_t index;

    wire_clear(&lianshu_Document_msg, d);
    d->type = lianshu_DocumentType_TYPE_EVIDENCE;
    d->version = 1;
    d->addressees_count = 1;
    (void)snprintf(d->addressees[0], sizeof d->addressees[0], "%s", target);
    (void)snprintf(d->purpose, sizeof d->purpose, "bench");
    document_prepare(d, PLACE_REALM, s->site.member, keyring_find(s->site.keys, KEY_USE_SIGN),
                     now_ms, &s->site.entropy);
    enum err err = fill_body(s, &s->slots[s->batch_slots[i]], d);
    if (err != OK)
        return err;
    struct writer w = writer_of(s->text[i], sizeof s->text[i]);
    if ((err = document_encode(d, &w, hash)) != OK)
        return err;
    s->text_len[i] = w.len;
    document_leaf(leaf, hash);
    return batch_add(s->documents, leaf, &index);
}

static enum err add_envelope(struct sender *s, size_t i, uint64_t now_ms, const char *target)
{
    uint8_t signature[BATCH_SIGNATURE_MAX];
    uint8_t lsd1[DOCUMENT_ROOM + BATCH_SIGNATURE_MAX + 64];
    uint8_t env_id[ENVELOPE_ID_LEN];
    struct writer sw = writer_of(signature, sizeof signature);
    struct writer w = writer_of(lsd1, sizeof lsd1);
    lianshu_Header *h = &s->header;

    enum err err = batch_write(s->documents, i, &sw);
    const struct span one = writer_span(&sw);
    if (err == OK)
        err = document_write(span_of(s->text[i], s->text_len[i]), &one, 1, &w);
    if (err != OK)
        return err;
    wire_clear(&lianshu_Header_msg, h);
    wire_clear(&lianshu_PartHeader_msg, &h->parts[0]);
    h->type = lianshu_DocumentType_TYPE_EVIDENCE;
    h->created_ms = now_ms;
    h->expires_ms = now_ms + LIFE_MS;
    h->priority = (uint32_t)type_find(h->type)->lane;
    h->destination_count = 1;
    (void)snprintf(h->destination[0], sizeof h->destination[0], "%s", target);
    (void)snprintf(h->purpose, sizeof h->purpose, "bench");
    make_id(s, s->batch_slots[i], now_ms, h->message_id);
    /* As the SDK does for what is unordered: a conversation of its own. */
    h->conversation.size = sizeof h->message_id;
    memcpy(h->conversation.bytes, h->message_id, sizeof h->message_id);
    h->parts_count = 1;
    h->parts[0].kind = lianshu_PartKind_PART_SEALED;
    h->parts[0].audience_count = 1;
    (void)snprintf(h->parts[0].audience[0].member, sizeof h->parts[0].audience[0].member, "%s",
                   target);
    const struct span plain = writer_span(&w);
    return envelope_batch_add(s->envelopes, h, &plain, NULL, env_id);
}

/* Frames of the batch into their slots, and out in bundles. */
static enum err send_batch(struct sender *s, size_t count, uint64_t now_ms)
{
    static _Thread_local uint8_t bundle[FRAME_BUNDLE_MAX];
    struct writer w = writer_of(bundle, sizeof bundle);

    frame_bundle_begin(&w);
    for (size_t i = 0; i < count; i++) {
        struct slot *slot = &s->slots[s->batch_slots[i]];
        struct writer f = writer_of(slot->frame, sizeof slot->frame);
        enum err err = envelope_batch_frame(s->envelopes, i, &f);
        if (err != OK)
            return err;
        slot->len = f.len;
        slot->again_ms = now_ms + RESEND_MS;
        if (!frame_bundle_add(&w, 0, writer_span(&f))) {
            if ((err = site_send(&s->site, writer_span(&w))) != OK)
                return err;
            w = writer_of(bundle, sizeof bundle);
            frame_bundle_begin(&w);
            if (!frame_bundle_add(&w, 0, writer_span(&f)))
                return ERR_INTERNAL;
        }
    }
    return site_send(&s->site, writer_span(&w));
}

static enum err make_batch(struct sender *s, const uint64_t *since_ns, size_t count)
{
    const uint64_t now_ms = clock_real_ms();
    const struct key *key = keyring_find(s->site.keys, KEY_USE_SIGN);
    const struct envelope_options options = {.realm = PLACE_REALM,
                                             .sender = s->site.member,
                                             .key = key,
                                             .registry = s->bench->place.registry,
                                             .entropy = &s->site.entropy};
    enum err err = OK;

    batch_reset(s->documents);
    for (size_t i = 0; err == OK && i < count; i++) {
        const uint32_t number = s->free_slots[--s->free_count];
        struct slot *slot = &s->slots[number];
        s->batch_slots[i] = number;
        slot->used = true;
        slot->accepted = false;
        slot->index = s->next_index++;
        slot->since_ns = since_ns[i];
        err = make_document(s, i, now_ms, target_of(s, slot->index));
    }
    if (err != OK || (err = batch_sign(s->documents, key)) != OK ||
        (err = envelope_batch_begin(s->envelopes, &options)) != OK)
        return err;
    for (size_t i = 0; err == OK && i < count; i++)
        err = add_envelope(s, i, now_ms, target_of(s, s->slots[s->batch_slots[i]].index));
    if (err != OK || (err = envelope_batch_finish(s->envelopes)) != OK)
        return err;
    atomic_fetch_add(&s->bench->counters.sent, count);
    atomic_fetch_add(&s->bench->in_flight, count);
    return send_batch(s, count, now_ms);
}

static uint64_t now_ms_monotonic(void)
{
    return bench_now_ns() / 1000000;
}

static double mean_ns(const struct sender *s)
{
    return 1e9 * s->bench->plan.sender_count / (double)s->bench->plan.rate_per_s;
}

/* At a given rate: are so many due? */
static bool is_behind(const struct sender *s, uint64_t now, uint32_t count)
{
    return s->next_ns != 0 && (double)now > (double)s->next_ns + count * mean_ns(s);
}

/* Of a backlog whole batches go, as long as four of them are out at a time; or all that there is.
 */
static bool waits_for_room(const struct sender *s, uint64_t now)
{
    const struct bench_plan *plan = &s->bench->plan;
    const uint32_t least = plan->batch < plan->window / 4 ? plan->batch : plan->window / 4;
    return s->free_count < least && s->free_count < s->limit - s->next_index &&
           (plan->rate_per_s == 0 || is_behind(s, now, least));
}

/* Messages whose time has come; at a fixed rate their due time is when latency begins. */
static size_t take_due(struct sender *s, uint64_t since_ns[static BENCH_BATCH_MAX])
{
    const struct bench_plan *plan = &s->bench->plan;
    const uint64_t now = bench_now_ns();
    uint64_t room = s->free_count < plan->batch ? s->free_count : plan->batch;
    size_t count = 0;

    if (room > s->limit - s->next_index)
        room = s->limit - s->next_index;
    if (waits_for_room(s, now))
        return 0;
    if (plan->rate_per_s == 0) {
        for (; count < room; count++)
            since_ns[count] = now;
        return count;
    }
    if (gather_left_ms(&s->gather, room == 0, now_ms_monotonic()) > 0)
        return 0;
    if (s->next_ns == 0)
        s->next_ns = now;
    for (; count < room && s->next_ns <= now; count++) {
        since_ns[count] = s->next_ns;
        s->next_ns += (uint64_t)(-log(1.0 - erand48(s->seed)) * mean_ns(s));
    }
    return count;
}

static enum err fill(struct sender *s)
{
    uint64_t since_ns[BENCH_BATCH_MAX];
    enum err err = OK;

    while (err == OK && s->site.greeted && s->site.out_count < SITE_OUT_MAX / 4 &&
           !atomic_load(&s->bench->stop_sending)) {
        const size_t count = take_due(s, since_ns);
        if (count == 0)
            break;
        err = make_batch(s, since_ns, count);
        gather_committed(&s->gather, 2 * count, now_ms_monotonic()); /* leaves at the hub */
    }
    return err;
}

/* ---- receipts ---- */

static void finish(struct sender *s, struct slot *slot)
{
    slot->used = false;
    s->free_slots[s->free_count++] = (uint32_t)(slot - s->slots);
    atomic_fetch_sub(&s->bench->in_flight, 1);
}

static void take_known(struct sender *s, const lianshu_Receipt *q)
{
    struct bench *b = s->bench;
    struct slot *slot = slot_of(s, q->message_id);

    if (slot == NULL)
        return; /* finished before */
    if (q->kind == lianshu_ReceiptKind_RECEIPT_ACCEPTED) {
        if (slot->accepted)
            return;
        slot->accepted = true;
        atomic_fetch_add(&b->counters.accepted, 1);
        bench_sample(b, &b->to_accepted, slot->since_ns);
        if (b->plan.until_accepted)
            finish(s, slot);
        return;
    }
    if (q->kind == lianshu_ReceiptKind_RECEIPT_DELIVERED) {
        atomic_fetch_add(&b->counters.final, 1);
        bench_sample(b, &b->to_final, slot->since_ns);
    } else if (receipt_kind_final(q->kind)) {
        bench_failed(b, (enum err)q->code, receipt_kind_name(q->kind));
    } else {
        return;
    }
    finish(s, slot);
}

static enum err take_receipts(struct sender *s, struct span frame)
{
    struct frame_receipts in;
    struct frame_receipt entry;
    struct checkpoint checkpoint = {.size = 0};
    struct site *site = &s->site;
    const uint64_t now_ms = clock_real_ms();

    site->log.at_ms = now_ms;
    enum err err = frame_parse_receipts(frame, &in);
    if (err == OK && in.checkpoint.len > 0)
        err = log_reader_checkpoint(&site->log, in.checkpoint, &checkpoint);
    if (err != OK)
        return err;
    if (in.first > site->stream + 1 && s->next_index > 0 && site->stream > 0)
        return ERR_SEQUENCE_GAP;
    uint64_t number = in.first;
    while (frame_receipts_next(&in, &entry)) {
        lianshu_Receipt q;
        const bool seen = in.first != 0 && number <= site->stream;
        number++;
        if (seen)
            continue;
        err = entry.form == FRAME_RECEIPT_HUB
                  ? receipt_verify_hub(&site->log, &checkpoint, entry.receipt,
                                       (const merkle_hash *)entry.path.data,
                                       entry.path.len / HASH_LEN, &q)
                  : receipt_verify(entry.receipt, entry.signature, s->bench->place.registry, now_ms,
                                   site->verifier, &q);
        if (err != OK)
            return err;
        take_known(s, &q);
    }
    if (in.first != 0 && number - 1 > site->stream) {
        site->stream = number - 1;
        site->ack_due = site->stream;
    }
    return OK;
}

static void take_busy(struct sender *s, const lianshu_Busy *busy)
{
    atomic_fetch_add(&s->bench->counters.busy, 1);
    if (busy->message_id.size != 16)
        return;
    struct slot *slot = slot_of(s, busy->message_id.bytes);
    if (slot != NULL && !slot->accepted)
        slot->again_ms = clock_real_ms() + busy->retry_after_ms;
}

static enum err take_control(struct sender *s, struct span frame)
{
    lianshu_Control control;
    const enum err err = frame_read_control(frame, &control);
    if (err != OK)
        return err;
    if (control.which_body == lianshu_Control_busy_tag)
        take_busy(s, &control.body.busy);
    if (control.which_body == lianshu_Control_welcome_tag && !s->site.greeted) {
        s->site.greeted = true;
        atomic_fetch_add(&s->bench->ready, 1);
    }
    return OK;
}

static enum err take_one(struct sender *s, struct span frame)
{
    enum frame_kind kind;
    enum err err = frame_kind(frame, &kind);
    if (err == OK && kind == FRAME_RECEIPTS)
        err = take_receipts(s, frame);
    else if (err == OK && kind == FRAME_CONTROL)
        err = take_control(s, frame);
    return err == ERR_SEQUENCE_GAP ? OK : err; /* not acknowledged, so it comes again */
}

static enum err take_frame(struct sender *s, struct span frame)
{
    enum frame_kind kind;
    struct frame_bundle bundle;
    struct span inner;
    enum err err = frame_kind(frame, &kind);
    if (err != OK || kind != FRAME_BUNDLE)
        return err == OK ? take_one(s, frame) : err;
    err = frame_parse_bundle(frame, &bundle);
    while (err == OK && frame_bundle_next(&bundle, &inner))
        err = take_one(s, inner);
    return err;
}

static enum err take_input(struct sender *s)
{
    struct endpoint_in in;
    enum err err = OK;
    for (int i = 0; err == OK && i < INPUT_MAX && endpoint_recv(s->site.endpoint, &in) == OK; i++)
        if ((err = take_frame(s, in.frame)) != OK)
            bench_failed(s->bench, err, "receipts");
    return err;
}

/* What was refused for the moment, or lost on the way, goes again. */
static enum err resend(struct sender *s, uint64_t now_ms)
{
    enum err err = OK;
    for (uint32_t i = 0; err == OK && i < s->bench->plan.window; i++) {
        struct slot *slot = &s->slots[i];
        if (!slot->used || slot->accepted || slot->again_ms > now_ms ||
            s->site.out_count > SITE_OUT_MAX / 2)
            continue;
        slot->again_ms = now_ms + RESEND_MS;
        atomic_fetch_add(&s->bench->counters.resent, 1);
        err = site_send(&s->site, span_of(slot->frame, slot->len));
    }
    return err;
}

/* ---- the thread ---- */

static enum err sender_open(struct sender *s, struct bench *b, unsigned number)
{
    struct fault fault = {.err = OK};
    char member[MEMBER_MAX + 1];
    const uint32_t window = b->plan.window;
    const uint64_t each = b->plan.count / b->plan.sender_count;

    s->bench = b;
    s->number = number;
    s->limit = b->plan.count == 0 ? UINT32_MAX : each;
    s->slots = calloc(window, sizeof *s->slots);
    s->free_slots = calloc(window, sizeof *s->free_slots);
    s->targets = calloc(b->plan.target_count, sizeof *s->targets);
    if (s->slots == NULL || s->free_slots == NULL || s->targets == NULL)
        return ERR_NO_MEMORY;
    for (unsigned i = 0; i < b->plan.target_count; i++)
        place_member(b->plan.target_first + i, s->targets[i]);
    make_text(&s->body);
    for (uint32_t i = 0; i < window; i++)
        s->free_slots[s->free_count++] = window - 1 - i;
    place_member(b->plan.sender_first + number, member);
    enum err err = site_open(&s->site, &b->place, b->net, b->plan.address, member, 1, &fault);
    if (err == OK)
        err = batch_open(&s->documents);
    if (err == OK)
        err = envelope_batch_open(&s->envelopes, ENVELOPE_BATCH_BYTES_DEFAULT);
    entropy_fill(&s->site.entropy, &s->nonce, sizeof s->nonce);
    s->seed[0] = (unsigned short)(number + 1);
    if (err != OK)
        fprintf(stderr, "sender %u: E%03d %s %s\n", number, (int)err, fault.where, fault.detail);
    return err;
}

static void sender_close(struct sender *s)
{
    site_close(&s->site);
    envelope_batch_close(&s->envelopes);
    batch_close(&s->documents);
    free(s->slots);
    free(s->free_slots);
    free(s->targets);
}

static void set_timer(int fd, const struct sender *senders, unsigned count)
{
    const uint64_t now_ms = now_ms_monotonic();
    uint64_t next = UINT64_MAX;
    for (unsigned i = 0; i < count; i++) {
        /* A receipt wakes it: not the time that has come long ago. */
        if (senders[i].free_count == 0 || waits_for_room(&senders[i], bench_now_ns()))
            continue;
        const uint64_t left_ms = gather_left_ms(&senders[i].gather, false, now_ms);
        const uint64_t gathered_ns = left_ms == 0 ? 0 : (now_ms + left_ms) * 1000000;
        const uint64_t due = gathered_ns > senders[i].next_ns ? gathered_ns : senders[i].next_ns;
        if (senders[i].next_ns != 0 && due < next)
            next = due;
    }
    if (next == UINT64_MAX)
        return;
    const struct itimerspec at = {
        .it_value = {(time_t)(next / 1000000000), (long)(next % 1000000000)}};
    (void)timerfd_settime(fd, TFD_TIMER_ABSTIME, &at, NULL); /* late is measured as late */
}

static enum err sender_turn(struct sender *s, uint64_t now_ms, bool sweep)
{
    enum err err = site_greet(&s->site, now_ms);
    if (err == OK)
        err = take_input(s);
    if (err == OK)
        err = site_ack(&s->site);
    if (err == OK && sweep)
        err = resend(s, now_ms);
    if (err == OK)
        err = fill(s);
    return err == OK ? site_flush(&s->site) : err;
}

static enum err wait_input(struct sender *senders, unsigned count, int timer, struct official *o)
{
    zmq_pollitem_t items[BENCH_SITES_MAX + 2];
    uint64_t fired;
    for (unsigned i = 0; i < count; i++)
        items[i] = (zmq_pollitem_t){
            endpoint_zmq(senders[i].site.endpoint), 0,
            (short)(ZMQ_POLLIN | (site_clear(&senders[i].site) ? 0 : ZMQ_POLLOUT)), 0};
    items[count] = (zmq_pollitem_t){NULL, timer, ZMQ_POLLIN, 0};
    if (o != NULL)
        items[count + 1] = (zmq_pollitem_t){official_zmq(o), 0, ZMQ_POLLIN, 0};
    if (zmq_poll(items, (int)count + (o != NULL ? 2 : 1), POLL_MS) < 0 && errno != EINTR)
        return ERR_INTERNAL;
    if ((items[count].revents & ZMQ_POLLIN) != 0 && read(timer, &fired, sizeof fired) < 0)
        return OK; /* it was set anew in between */
    return OK;
}

void *bench_senders(void *arg)
{
    struct bench *b = arg;
    const unsigned count = b->plan.sender_count;
    struct sender *senders = calloc(count, sizeof *senders);
    const int timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    uint64_t sweep_ms = 0;
    struct official *official = NULL;
    enum err err = senders == NULL || timer < 0 ? ERR_NO_MEMORY : OK;

    (void)prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0); /* only a hint */
    for (unsigned i = 0; err == OK && i < count; i++)
        err = sender_open(&senders[i], b, i);
    if (err == OK && (b->plan.order || b->plan.lift))
        err = official_open(&official, b);
    while (err == OK && !atomic_load(&b->stop)) {
        const uint64_t now_ms = clock_real_ms();
        const bool sweep = now_ms >= sweep_ms;
        if (sweep)
            sweep_ms = now_ms + 200;
        for (unsigned i = 0; err == OK && i < count; i++)
            err = sender_turn(&senders[i], now_ms, sweep);
        if (err == OK && official != NULL)
            err = official_turn(official, now_ms);
        if (b->plan.rate_per_s != 0)
            set_timer(timer, senders, count);
        if (err == OK)
            err = wait_input(senders, count, timer, official);
    }
    if (err != OK)
        bench_failed(b, err, "senders");
    for (unsigned i = 0; senders != NULL && i < count; i++)
        sender_close(&senders[i]);
    official_close(&official);
    free(senders);
    if (timer >= 0)
        close(timer);
    return NULL;
}
