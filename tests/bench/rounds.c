#include "bench/rounds.h"

#include "base/clock.h"
#include "catalogue.h"
#include "ident.h"
#include "keys/batch.h"
#include "wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { DOCUMENT_MAX = 4096 };

static uint64_t clock_ns(clockid_t clock)
{
    struct timespec t;
    (void)clock_gettime(clock, &t); /* always there */
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

uint64_t rounds_cpu_ns(void)
{
    return clock_ns(CLOCK_PROCESS_CPUTIME_ID);
}

uint64_t rounds_wall_ns(void)
{
    return clock_ns(CLOCK_MONOTONIC);
}

void rounds_enterprise(uint64_t n, char id[static ROUNDS_ID_LEN + 1])
{
    static const char digits[] = "0123456789ABCDEFGHJKLMNPQRTUWXY";
    for (const char *check = digits; *check != '\0'; check++) {
        snprintf(id, ROUNDS_ID_LEN + 1, "91445100M%08llu%c", (unsigned long long)n, *check);
        if (uscc_check(id, NULL) == OK)
            return;
    }
    fail_msg("no check character for %s", id);
}

/* ---- making ---- */

struct document {
    uint8_t d[DOCUMENT_MAX];
    uint8_t lsd1[DOCUMENT_MAX];
    size_t d_len, lsd1_len;
};

static struct document documents[ROUNDS_BATCH_MAX];

static void fill_body(lianshu_Document *d, const struct document_type *type,
                      const struct rounds_facts *facts)
{
    static uint64_t body[sizeof(lianshu_Document) / 8];
    struct json *json = NULL;
    struct fault fault = {0};
    enum err err = json_parse(&json, span_str(facts->json), "facts", &fault);
    if (err == OK)
        err = json_to_message(json, type->facts, body, &fault);
    if (err != OK)
        fail_msg("facts: E%03d %s %s", (int)err, fault.where, fault.detail);
    json_close(&json);
    lianshu_Subject *subject = (void *)(uintptr_t)facts_subject(type->facts, body);
    if (facts->enterprise != NULL)
        snprintf(subject->id, sizeof subject->id, "%s", facts->enterprise);
    struct writer w = writer_of(d->body.bytes, sizeof d->body.bytes);
    assert_int_equal(wire_encode(type->facts, body, &w), OK);
    d->body.size = (pb_size_t)w.len;
    wire_clear(type->facts, body);
}

static void make_documents(struct world *w, const struct mail *mail,
                           const struct document_type *type, const struct rounds_facts *facts,
                           size_t count)
{
    static lianshu_Document d;
    const struct key *key = keyring_find(world_site(w, mail->from)->keys, KEY_USE_SIGN);
    struct batch *batch = NULL;
    uint8_t hash[HASH_LEN];
    merkle_hash leaf;
    size_t index;
    assert_int_equal(batch_open(&batch), OK);
    for (size_t i = 0; i < count; i++) {
        memset(&d, 0, sizeof d);
        document_prepare(&d, "demo", mail->from, key, w->now_ms, &w->entropy);
        d.type = type->number;
        d.version = 1;
        d.by_rule = true;
        strcpy(d.purpose, "demo");
        for (size_t k = 0; k < T_COUNT(mail->basis) && mail->basis[k] != NULL; k++)
            strcpy(d.basis[d.basis_count++], mail->basis[k]);
        fill_body(&d, type, &facts[i]);
        struct writer to = writer_of(documents[i].d, DOCUMENT_MAX);
        assert_int_equal(document_encode(&d, &to, hash), OK);
        documents[i].d_len = to.len;
        document_leaf(leaf, hash);
        assert_int_equal(batch_add(batch, leaf, &index), OK);
    }
    assert_int_equal(batch_sign(batch, key), OK);
    for (size_t i = 0; i < count; i++) {
        uint8_t s[BATCH_SIGNATURE_MAX];
        struct writer signature = writer_of(s, sizeof s);
        struct writer to = writer_of(documents[i].lsd1, DOCUMENT_MAX);
        assert_int_equal(batch_write(batch, i, &signature), OK);
        const struct span one = writer_span(&signature);
        assert_int_equal(document_write(span_of(documents[i].d, documents[i].d_len), &one, 1, &to),
                         OK);
        documents[i].lsd1_len = to.len;
    }
    batch_close(&batch);
}

static void add_reader(lianshu_PartHeader *part, const char *member)
{
    strcpy(part->audience[part->audience_count++].member, member);
}

/* Its readers: the hub, and who else it is for; their names are in this order. */
static void make_envelopes(struct world *w, const struct mail *mail,
                           const struct document_type *type, size_t count)
{
    static lianshu_Header h;
    const struct envelope_options options = {
        .realm = "demo",
        .sender = mail->from,
        .key = keyring_find(world_site(w, mail->from)->keys, KEY_USE_SIGN),
        .registry = w->registry,
        .entropy = &w->entropy,
    };
    const bool to_hub = strncmp(mail->to[0], "hub.", 4) == 0;
    assert_int_equal(envelope_batch_begin(w->batch, &options), OK);
    for (size_t i = 0; i < count; i++) {
        uint8_t id[HASH_LEN];
        memset(&h, 0, sizeof h);
        h.type = type->number;
        h.created_ms = w->now_ms;
        h.expires_ms = w->now_ms + HOUR_MS;
        h.priority = (uint32_t)type->lane;
        strcpy(h.purpose, "demo");
        strcpy(h.destination[h.destination_count++], mail->to[0]);
        h.parts_count = 1;
        h.parts[0].kind = lianshu_PartKind_PART_FACTS;
        add_reader(&h.parts[0], "hub.445100");
        if (!to_hub)
            add_reader(&h.parts[0], mail->to[0]);
        const struct span plain = span_of(documents[i].lsd1, documents[i].lsd1_len);
        assert_int_equal(envelope_batch_add(w->batch, &h, &plain, NULL, id), OK);
    }
    assert_int_equal(envelope_batch_finish(w->batch), OK);
}

/* ---- sending ---- */

static void drain(struct world *w)
{
    struct core_output out;
    while (core_output(w->core, &out))
        continue;
}

double rounds_send(struct world *w, const struct mail *mail, const struct rounds_facts *facts,
                   size_t count)
{
    const struct document_type *type = type_by_name(mail->type);
    const uint32_t peer = world_site(w, mail->from)->peer;
    assert_true(count <= ROUNDS_BATCH_MAX && type != NULL);
    w->now_ms += 1000; /* nobody sends more than the hub takes in a second */
    make_documents(w, mail, type, facts, count);
    make_envelopes(w, mail, type, count);
    uint64_t spent = 0;
    for (size_t i = 0; i < count; i++) {
        struct writer to = writer_of(w->frame, sizeof w->frame);
        assert_int_equal(envelope_batch_frame(w->batch, i, &to), OK);
        const uint64_t begin = rounds_cpu_ns();
        assert_int_equal(core_frame(w->core, peer, writer_span(&to), w->now_ms), OK);
        spent += rounds_cpu_ns() - begin;
    }
    const uint64_t begin = rounds_cpu_ns();
    assert_int_equal(core_commit(w->core, w->now_ms), OK);
    spent += rounds_cpu_ns() - begin;
    drain(w);
    return (double)spent / 1000 / (double)count;
}

/* ---- figures ---- */

void rounds_add(struct rounds *r, double us)
{
    assert_true(r->count < ROUNDS_MAX);
    r->us[r->count++] = us;
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double rounds_share(struct rounds *r, unsigned percent)
{
    qsort(r->us, r->count, sizeof r->us[0], by_value);
    return r->count == 0 ? 0 : r->us[r->count * percent / 100];
}

double rounds_median(struct rounds *r)
{
    return rounds_share(r, 50);
}
