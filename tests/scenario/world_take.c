/* Outputs of the hub, verified, opened and receipted as an adapter does. */
#include "scenario/world_inner.h"

#include "check.h"
#include "frame.h"
#include "wire.h"

#include <stdlib.h>

static void push_receipt(struct world *w, const struct site *site, const struct got *got,
                         lianshu_ReceiptKind kind, uint32_t code)
{
    lianshu_Receipt q = {.kind = kind, .code = code, .time_ms = w->now_ms};
    strcpy(q.realm, "demo");
    strcpy(q.sender, got->sender);
    strcpy(q.by, site->id);
    memcpy(q.message_id, got->message_id, 16);
    memcpy(q.env_id, got->env_id, HASH_LEN);
    uint8_t bytes[FRAME_RECEIPT_MAX];
    uint8_t sig[FRAME_SIGNATURE_MAX];
    struct writer qw = writer_of(bytes, sizeof bytes);
    struct writer sw = writer_of(sig, sizeof sig);
    struct batch *batch = NULL;
    merkle_hash leaf;
    size_t index;
    assert_int_equal(receipt_encode(&q, &qw), OK);
    assert_int_equal(batch_open(&batch), OK);
    receipt_leaf(leaf, writer_span(&qw));
    assert_int_equal(batch_add(batch, leaf, &index), OK);
    assert_int_equal(batch_sign(batch, keyring_find(site->keys, KEY_USE_SIGN)), OK);
    assert_int_equal(batch_write(batch, 0, &sw), OK);
    batch_close(&batch);
    uint8_t frame[4096];
    struct writer fw = writer_of(frame, sizeof frame);
    const struct frame_receipt entry = {
        .form = FRAME_RECEIPT_MEMBER, .receipt = writer_span(&qw), .signature = writer_span(&sw)};
    frame_receipts_begin(&fw, 0, 1);
    frame_receipts_add(&fw, &entry);
    frame_receipts_end(&fw, span_of(NULL, 0));
    world_give(w, site->peer, writer_span(&fw));
}

static void take_statement(struct world *w, struct span frame, lianshu_Statement *out)
{
    struct frame_statement s;
    struct checkpoint c;
    assert_int_equal(frame_parse_statement(frame, &s), OK);
    assert_int_equal(log_reader_checkpoint(&w->reader, s.checkpoint, &c), OK);
    assert_int_equal(statement_verify(&w->reader, &c, s.statement, (const merkle_hash *)s.path.data,
                                      s.path.len / HASH_LEN, out),
                     OK);
}

static void open_parts(struct world *w, struct site *site, const lianshu_Header *h,
                       const struct frame_envelope *env, const uint8_t *header_hash,
                       struct got *got)
{
    static uint8_t buffer[FRAME_MAX];
    static lianshu_Document d;
    for (pb_size_t p = 0; p < h->parts_count; p++) {
        if (part_reader(&h->parts[p], site->id) < 0) {
            assert_int_equal(env->parts[p].form, 0);
            continue;
        }
        struct span plain;
        enum err inner;
        uint8_t hash[HASH_LEN];
        assert_int_equal(envelope_open(w->openers[site - w->sites], site->keys, site->id, h, env,
                                       header_hash, p, buffer, sizeof buffer, &plain, NULL, &inner),
                         OK);
        assert_int_equal(
            registry_verify_document(w->registry, got->accepted_ms, plain, w->verifier, &d, hash),
            OK);
        got->parts_open++;
        if (h->parts[p].kind == lianshu_PartKind_PART_FACTS && got->facts == NULL) {
            got->facts_len = d.body.size;
            got->facts = malloc(d.body.size + 1);
            memcpy(got->facts, d.body.bytes, d.body.size);
        }
    }
}

static struct line *line_of(struct site *site, const uint8_t *conversation)
{
    for (size_t i = 0; i < site->line_count; i++) {
        if (memcmp(site->lines[i].conversation, conversation, 16) == 0)
            return &site->lines[i];
    }
    assert_true(site->line_count < WORLD_LINES_MAX);
    struct line *line = &site->lines[site->line_count++];
    memcpy(line->conversation, conversation, 16);
    return line;
}

/* Whatever the scenario: within a conversation no number is missing that the hub has not declared
 * void, and none comes before its turn. */
static void count_on(struct site *site, const lianshu_Statement *v)
{
    if (v->delivery_number == 0 || site->partial)
        return;
    struct line *line = line_of(site, v->conversation.bytes);
    uint64_t next = line->last + 1;
    for (pb_size_t i = 0; i < v->tombstones_count; i++) {
        const lianshu_Tombstone *t = &v->tombstones[i];
        assert_true(t->count > 0 && t->number + t->count <= v->delivery_number);
        if (t->number <= next && next < t->number + t->count)
            next = t->number + t->count;
    }
    if (next != v->delivery_number)
        fail_msg("%s: number %llu where %llu was expected", site->id,
                 (unsigned long long)v->delivery_number, (unsigned long long)next);
    line->last = next;
}

static void take_envelope(struct world *w, struct site *site, struct span frame,
                          const lianshu_Statement *v)
{
    static lianshu_Header h;
    struct frame_envelope env;
    uint8_t header_hash[HASH_LEN];
    uint8_t env_id[HASH_LEN];
    assert_int_equal(frame_parse_envelope(frame, &env), OK);
    assert_int_equal(wire_decode(&lianshu_Header_msg, env.header, &h), OK);
    assert_int_equal(envelope_check_reader(&h, &env, site->id), OK);
    envelope_id(&env, header_hash, env_id);
    assert_memory_equal(env_id, v->env_id.bytes, HASH_LEN);
    assert_string_equal(v->recipient, site->id);
    const struct registry_key *key;
    assert_int_equal(
        registry_signer(w->registry, h.sender, h.sender_kid, KEY_USE_SIGN, v->accepted_ms, &key),
        OK);
    assert_int_equal(verifier_check(w->verifier, key->public_key, env_id, env.signature), OK);
    struct got *got = NULL;
    for (size_t i = 0; i < site->got_count; i++) {
        if (memcmp(site->got[i].env_id, env_id, HASH_LEN) == 0)
            got = &site->got[i];
    }
    if (got == NULL) {
        assert_true(site->got_count < WORLD_INBOX_MAX);
        got = &site->got[site->got_count++];
        *got = (struct got){.type = h.type,
                            .number = v->delivery_number,
                            .accepted_ms = v->accepted_ms,
                            .advisory_count = v->advisories_count};
        memcpy(got->advisory, v->advisories, sizeof got->advisory);
        memcpy(got->env_id, env_id, HASH_LEN);
        memcpy(got->message_id, h.message_id, 16);
        strcpy(got->sender, h.sender);
        count_on(site, v);
        open_parts(w, site, &h, &env, header_hash, got);
    }
    got->seen++;
    got->accepted_ms = v->accepted_ms;
    got->hop_count = v->hops_count;
    memcpy(got->hop, v->hops, sizeof got->hop);
    got->tombstone_count = 0;
    for (pb_size_t i = 0; i < v->tombstones_count && i < T_COUNT(got->tombstone); i++)
        got->tombstone[got->tombstone_count++] = v->tombstones[i];
    if (!site->silent) {
        got->receipted = true;
        push_receipt(w, site, got, lianshu_ReceiptKind_RECEIPT_DELIVERED, 0);
    }
}

/* As whoever said it proves it: a member, our hub, or another hub by its own log. */
static void verify_receipt(struct world *w, const struct checkpoint *c,
                           const struct frame_receipt *entry, lianshu_Receipt *q)
{
    if (entry->form == FRAME_RECEIPT_HUB)
        assert_int_equal(receipt_verify_hub(&w->reader, c, entry->receipt,
                                            (const merkle_hash *)entry->path.data,
                                            entry->path.len / HASH_LEN, q),
                         OK);
    else if (entry->form == FRAME_RECEIPT_OTHER_HUB)
        assert_int_equal(log_readers_receipt(w->others, w->registry, w->now_ms, entry->receipt,
                                             entry->path, entry->checkpoint, q),
                         OK);
    else
        assert_int_equal(receipt_verify(entry->receipt, entry->signature, w->registry, w->now_ms,
                                        w->verifier, q),
                         OK);
}

static void take_receipts(struct world *w, struct site *site, struct span frame)
{
    struct frame_receipts r;
    struct frame_receipt entry;
    struct checkpoint c = {0};
    assert_int_equal(frame_parse_receipts(frame, &r), OK);
    if (r.checkpoint.len > 0)
        assert_int_equal(log_reader_checkpoint(&w->reader, r.checkpoint, &c), OK);
    uint64_t number = r.first;
    while (frame_receipts_next(&r, &entry)) {
        lianshu_Receipt q;
        verify_receipt(w, &c, &entry, &q);
        assert_string_equal(q.sender, site->id);
        assert_true(site->receipt_count < WORLD_RECEIPTS_MAX);
        if (number == 0 || number > site->stream)
            site->receipts[site->receipt_count++] = q;
        if (number != 0) {
            if (number > site->stream)
                assert_int_equal(number, site->stream + 1);
            site->stream = number > site->stream ? number : site->stream;
            number++;
        }
    }
    if (r.first == 0)
        return;
    lianshu_Control ack = {.kind = lianshu_ControlKind_CONTROL_ACK,
                           .which_body = lianshu_Control_ack_tag};
    ack.body.ack.receipt_stream = site->stream;
    uint8_t bytes[64];
    struct writer aw = writer_of(bytes, sizeof bytes);
    assert_int_equal(frame_put_control(&aw, &ack), OK);
    world_give(w, site->peer, writer_span(&aw));
}

static void take_control(struct site *site, struct span frame)
{
    lianshu_Control control;
    assert_int_equal(frame_read_control(frame, &control), OK);
    if (control.which_body == lianshu_Control_busy_tag) {
        site->last_busy_code = control.body.busy.code;
        site->busy_count++;
    }
    if (control.which_body == lianshu_Control_amendments_tag)
        site->amendments_seen += control.body.amendments.documents_count;
    if (control.which_body == lianshu_Control_chunk_wanted_tag) {
        memcpy(site->wanted_root, control.body.chunk_wanted.root, HASH_LEN);
        site->wanted_first = control.body.chunk_wanted.first;
    }
}

static void take_output(struct world *w, struct site *site, struct span frame)
{
    enum frame_kind kind;
    assert_int_equal(frame_kind(frame, &kind), OK);
    static lianshu_Statement v;
    struct frame_bundle bundle;
    struct span inner;
    switch (kind) {
    case FRAME_BUNDLE:
        assert_int_equal(frame_parse_bundle(frame, &bundle), OK);
        while (frame_bundle_next(&bundle, &inner)) {
            assert_int_equal(frame_kind(inner, &kind), OK);
            if (kind == FRAME_STATEMENT)
                take_statement(w, inner, &v);
            else
                take_envelope(w, site, inner, &v);
        }
        break;
    case FRAME_RECEIPTS:
        take_receipts(w, site, frame);
        break;
    case FRAME_CONTROL:
        take_control(site, frame);
        break;
    case FRAME_CHUNK:
        site->chunks_seen++;
        break;
    default:
        fail_msg("unexpected frame %d", (int)kind);
    }
}

struct held_output {
    uint32_t peer;
    size_t len;
    uint8_t *bytes;
};

/* All outputs of one commit, copied first: taking them sends frames back. */
size_t world_take_outputs(struct world *w)
{
    enum { HELD_MAX = 4096 };
    static struct held_output held[HELD_MAX];
    size_t count = 0;
    struct core_output out;
    while (core_output(w->core, &out)) {
        assert_true(count < HELD_MAX);
        held[count] = (struct held_output){out.peer, out.frame.len, malloc(out.frame.len)};
        memcpy(held[count].bytes, out.frame.data, out.frame.len);
        sha256_add(&w->transcript, out.frame);
        count++;
    }
    for (size_t i = 0; i < count; i++) {
        if (w->carry != NULL &&
            w->carry(w->carry_ctx, w, held[i].peer, span_of(held[i].bytes, held[i].len))) {
            free(held[i].bytes);
            continue;
        }
        for (size_t s = 0; s < WORLD_SITES; s++) {
            if (w->sites[s].id != NULL && w->sites[s].peer == held[i].peer)
                take_output(w, &w->sites[s], span_of(held[i].bytes, held[i].len));
        }
        free(held[i].bytes);
    }
    return count;
}

void world_push_receipt(struct world *w, const char *member, const struct got *got)
{
    world_say(w, member, got, lianshu_ReceiptKind_RECEIPT_DELIVERED, 0);
}

void world_say(struct world *w, const char *member, const struct got *got, lianshu_ReceiptKind kind,
               uint32_t code)
{
    push_receipt(w, world_site(w, member), got, kind, code);
}
