#include "bench/site.h"

#include "base/clock.h"

#include <stdio.h>
#include <stdlib.h>

enum { CREDIT_BYTES = 64 << 20 };

enum err site_open(struct site *s, const struct place *place, struct net_context *net,
                   const char *address, const char *member, uint32_t credit, struct fault *fault)
{
    *s = (struct site){.place = place, .credit = credit};
    s->entropy = entropy_pooled(&s->pool);
    (void)snprintf(s->member, sizeof s->member, "%s", member);
    s->log = (struct log_reader){.registry = place->registry, .hub = PLACE_HUB};
    enum err err = place_keys(place, member, &s->keys, fault);
    if (err != OK || (err = verifier_open(&s->verifier, VERIFIER_NODES_DEFAULT)) != OK)
        return err;
    const struct key *transport = keyring_find(s->keys, KEY_USE_TRANSPORT);
    const struct endpoint_keys keys = {key_secret(transport), key_public(transport), place->server};
    return endpoint_connect(&s->endpoint, net, address, &keys, fault);
}

void site_close(struct site *s)
{
    for (size_t i = 0; i < s->out_count; i++)
        free(s->out[(s->out_first + i) % SITE_OUT_MAX].bytes);
    endpoint_close(&s->endpoint);
    verifier_close(&s->verifier);
    keyring_close(&s->keys);
}

bool site_clear(const struct site *s)
{
    return s->out_count == 0;
}

enum err site_flush(struct site *s)
{
    while (s->out_count > 0) {
        struct site_frame *f = &s->out[s->out_first];
        const enum err err = endpoint_send(s->endpoint, NULL, span_of(f->bytes, f->len));
        if (err != OK)
            return err == ERR_BUSY || err == ERR_UNREACHABLE ? OK : err;
        free(f->bytes);
        s->out_first = (s->out_first + 1) % SITE_OUT_MAX;
        s->out_count--;
    }
    return OK;
}

enum err site_send(struct site *s, struct span frame)
{
    if (s->out_count == 0 && endpoint_send(s->endpoint, NULL, frame) == OK)
        return OK;
    if (s->out_count == SITE_OUT_MAX)
        return ERR_BUSY;
    struct site_frame *f = &s->out[(s->out_first + s->out_count) % SITE_OUT_MAX];
    *f = (struct site_frame){malloc(frame.len), frame.len};
    if (f->bytes == NULL)
        return ERR_NO_MEMORY;
    memcpy(f->bytes, frame.data, frame.len);
    s->out_count++;
    return OK;
}

enum err site_say(struct site *s, const lianshu_Control *control)
{
    uint8_t bytes[FRAME_CONTROL_MAX];
    struct writer w = writer_of(bytes, sizeof bytes);
    const enum err err = frame_put_control(&w, control);
    return err == OK ? site_send(s, writer_span(&w)) : err;
}

enum err site_greet(struct site *s, uint64_t now_ms)
{
    if (s->greeted || now_ms < s->hello_ms)
        return OK;
    lianshu_Control control = {.kind = lianshu_ControlKind_CONTROL_HELLO,
                               .which_body = lianshu_Control_hello_tag};
    lianshu_Hello *h = &control.body.hello;
    (void)snprintf(h->member, sizeof h->member, "%s", s->member);
    (void)snprintf(h->realm, sizeof h->realm, "%s", PLACE_REALM);
    h->registry_version = registry_version(s->place->registry);
    h->receipt_stream = s->stream;
    h->credit_messages = s->credit;
    h->credit_bytes = CREDIT_BYTES;
    s->hello_ms = now_ms + SITE_HELLO_MS;
    return s->out_count == 0 ? site_say(s, &control) : OK;
}

enum err site_ack(struct site *s)
{
    if (s->ack_due == 0)
        return OK;
    lianshu_Control control = {.kind = lianshu_ControlKind_CONTROL_ACK,
                               .which_body = lianshu_Control_ack_tag};
    control.body.ack.receipt_stream = s->ack_due;
    s->ack_due = 0;
    return site_say(s, &control);
}
