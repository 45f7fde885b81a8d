#include "net/links.h"

#include "base/log.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { EVENTS = ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_DISCONNECTED };

struct row {
    const struct federation_link *link;
    struct endpoint *ep; /* owns; NULL: not dialled */
    uint8_t key[ENDPOINT_KEY_LEN];
    uint32_t peer;
    bool yielded;       /* the other side dials */
    bool gone;          /* hung up by us, not told yet */
    uint32_t gone_peer; /* whom it concerns */
};

struct links {
    struct links_source source;
    struct net_context *net;
    size_t count;
    size_t next; /* whose turn it is to be read */
    struct row row[FEDERATION_DIALLED_MAX];
    uint8_t by_peer[ROUTES_MAX]; /* index into row + 1; 0: none */
};

enum err links_open(struct links **out, struct net_context *net, const struct links_source *source)
{
    *out = calloc(1, sizeof **out);
    if (*out == NULL)
        return ERR_NO_MEMORY;
    (*out)->source = *source;
    (*out)->net = net;
    for (size_t i = 0; i < source->federation->count; i++) {
        const struct federation_link *link = &source->federation->link[i];
        if (link->address[0] == '\0')
            continue;
        assert((*out)->count < FEDERATION_DIALLED_MAX); /* federation_read has counted */
        (*out)->row[(*out)->count++].link = link;
    }
    return OK;
}

void links_close(struct links **links)
{
    if (links == NULL || *links == NULL)
        return;
    for (size_t i = 0; i < (*links)->count; i++)
        endpoint_close(&(*links)->row[i].ep);
    free(*links);
    *links = NULL;
}

static void hang_up(struct links *links, struct row *row)
{
    if (row->ep == NULL)
        return;
    endpoint_close(&row->ep);
    links->by_peer[row->peer] = 0;
    row->gone = true;
    row->gone_peer = row->peer;
}

static enum err dial(struct links *links, struct row *row, const uint8_t *key, const char *user)
{
    const struct links_source *source = &links->source;
    const struct endpoint_keys keys = {source->secret, source->public, key};
    struct fault fault = {.err = OK};
    enum err err = source->number(source->ctx, user, &row->peer);
    if (err == OK && row->peer >= ROUTES_MAX)
        err = ERR_INTERNAL;
    if (err == OK)
        err = endpoint_client(&row->ep, links->net, row->link->address, &keys, &fault);
    if (err != OK)
        return err;
    err = endpoint_watch(row->ep, links->net, EVENTS);
    if (err == OK)
        err = endpoint_dial(row->ep, row->link->address, &fault);
    if (err != OK) {
        /* An address that cannot be dialled is the operator's to mend. */
        log_fault("link_refused", &fault);
        endpoint_close(&row->ep);
        row->yielded = true;
        return err == ERR_CONFIG ? OK : err;
    }
    memcpy(row->key, key, sizeof row->key);
    links->by_peer[row->peer] = (uint8_t)(row - links->row + 1);
    return OK;
}

enum err links_tend(struct links *links, uint64_t now_ms)
{
    enum err err = OK;
    for (size_t i = 0; err == OK && i < links->count; i++) {
        struct row *row = &links->row[i];
        uint8_t key[ENDPOINT_KEY_LEN];
        char user[ENDPOINT_USER_MAX];
        if (row->yielded)
            continue;
        const bool known = links->source.key(links->source.ctx, row->link, now_ms, key, user) == OK;
        if (!known || (row->ep != NULL && memcmp(key, row->key, sizeof key) != 0))
            hang_up(links, row);
        if (known && row->ep == NULL)
            err = dial(links, row, key, user);
    }
    return err;
}

bool links_event(struct links *links, struct links_event *out)
{
    for (size_t i = 0; i < links->count; i++) {
        struct row *row = &links->row[i];
        if (row->gone) {
            row->gone = false;
            *out = (struct links_event){row->gone_peer, false};
            return true;
        }
        const unsigned event = row->ep == NULL ? 0 : endpoint_event(row->ep);
        if (event != 0) {
            *out = (struct links_event){row->peer, event == ZMQ_EVENT_HANDSHAKE_SUCCEEDED};
            return true;
        }
    }
    return false;
}

size_t links_poll(struct links *links, zmq_pollitem_t out[static LINKS_POLL_MAX])
{
    size_t count = 0;
    for (size_t i = 0; i < links->count; i++) {
        struct endpoint *ep = links->row[i].ep;
        if (ep == NULL)
            continue;
        out[count++] = (zmq_pollitem_t){endpoint_zmq(ep), 0, ZMQ_POLLIN, 0};
        out[count++] = (zmq_pollitem_t){endpoint_monitor(ep), 0, ZMQ_POLLIN, 0};
    }
    return count;
}

bool links_recv(struct links *links, uint32_t *peer, struct span *frame)
{
    struct endpoint_in in;
    for (size_t i = 0; i < links->count; i++) {
        struct row *row = &links->row[links->next];
        links->next = (links->next + 1) % links->count;
        if (row->ep == NULL || endpoint_recv(row->ep, &in) != OK)
            continue;
        *peer = row->peer;
        *frame = in.frame;
        return true;
    }
    return false;
}

struct endpoint *links_find(struct links *links, uint32_t peer)
{
    const unsigned at = peer < ROUTES_MAX ? links->by_peer[peer] : 0;
    return at == 0 ? NULL : links->row[at - 1].ep;
}

bool links_yield(struct links *links, uint32_t peer)
{
    const unsigned at = peer < ROUTES_MAX ? links->by_peer[peer] : 0;
    if (at == 0)
        return true;
    struct row *row = &links->row[at - 1];
    if (strcmp(links->source.self, row->link->member) < 0)
        return false;
    hang_up(links, row);
    row->gone = false; /* the peer is there, by another way */
    row->yielded = true;
    return true;
}
