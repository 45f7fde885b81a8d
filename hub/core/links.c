#include "core/links_inner.h"

#include "base/log.h"
#include "keys/amend.h"
#include "keys/topology.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct link_row *row_of(const struct core *core, const char *member)
{
    struct link_book *book = core->links;
    for (size_t i = 0; i < book->count; i++) {
        if (strcmp(book->rows[i].link->member, member) == 0)
            return &book->rows[i];
    }
    return NULL;
}

static bool confirmed(const struct core *core, const struct link *link)
{
    const struct registry *r = core->opt.registry;
    const struct registry_member *at = topology_hub(r, core->opt.member);
    const struct registry_member *other = topology_hub(r, link->member);
    return at != NULL && other != NULL &&
           topology_link(r, core->opt.groups, at, other) == link->kind;
}

enum err links_book_open(struct core *core)
{
    struct link_book *book = calloc(1, sizeof *book);
    core->links = book;
    if (book == NULL)
        return ERR_NO_MEMORY;
    book->rows = calloc(core->opt.link_count + 1, sizeof *book->rows);
    if (book->rows == NULL)
        return ERR_NO_MEMORY;
    book->count = core->opt.link_count;
    for (size_t i = 0; i < book->count; i++) {
        struct link_row *row = &book->rows[i];
        row->link = &core->opt.links[i];
        row->confirmed = confirmed(core, row->link);
        row->since_ms = core->now_ms;
    }
    return OK;
}

void links_book_close(struct core *core)
{
    if (core->links == NULL)
        return;
    free(core->links->bytes);
    free(core->links->rows);
    free(core->links);
    core->links = NULL;
}

const struct link *link_of_member(const struct core *core, const char *member)
{
    const struct link_row *row = row_of(core, member);
    return row == NULL || !row->confirmed ? NULL : row->link;
}

const struct link *link_of_peer(const struct core *core, uint32_t peer)
{
    const struct peer *p = &core->peers.rows[peer];
    return p->hub ? link_of_member(core, p->member) : NULL;
}

struct link_state link_state(const struct core *core, const char *member)
{
    const struct link_row *row = row_of(core, member);
    return row == NULL ? (struct link_state){.up = false}
                       : (struct link_state){row->up, row->since_ms, row->heard_ms, row->version,
                                             row->differs};
}

/* The first line of its checkpoint. */
void links_own_log(const struct core *core, char out[static NOTE_ORIGIN_MAX + 1])
{
    const char *origin = (const char *)core->checkpoint;
    const char *end = memchr(origin, '\n', core->checkpoint_len);
    const size_t len = end == NULL ? 0 : (size_t)(end - origin);
    const bool fits = len <= NOTE_ORIGIN_MAX;
    memcpy(out, origin, fits ? len : 0);
    out[fits ? len : 0] = '\0';
}

static void say_hello(struct core *core, uint32_t peer, const struct link_row *row)
{
    lianshu_Control control = {.kind = lianshu_ControlKind_CONTROL_HELLO,
                               .which_body = lianshu_Control_hello_tag};
    lianshu_Hello *h = &control.body.hello;
    snprintf(h->member, sizeof h->member, "%s", core->opt.member);
    snprintf(h->realm, sizeof h->realm, "%s", core->opt.realm);
    h->registry_version = registry_version(core->opt.registry);
    const struct span amended = registry_amended(core->opt.registry);
    h->amendments.size = (pb_size_t)amended.len;
    if (amended.len > 0)
        memcpy(h->amendments.bytes, amended.data, amended.len);
    h->credit_messages = LINK_CREDIT_MESSAGES;
    h->credit_bytes = LINK_CREDIT_BYTES;
    h->receipt_stream = row->heard;
    snprintf(h->receipt_log, sizeof h->receipt_log, "%s", row->log);
    links_own_log(core, h->log);
    (void)session_say(core, peer, &control); /* no room: said again by links_step */
}

void links_registry(struct core *core)
{
    struct link_book *book = core->links;
    for (size_t i = 0; i < book->count; i++) {
        book->rows[i].confirmed = confirmed(core, book->rows[i].link);
        book->rows[i].differs = false;
    }
    if (book->from != 0 && book->version <= registry_version(core->opt.registry))
        links_stop_fetching(book);
    book->rounds = 0;
    book->told_ms = 0; /* at once */
    core_wake_at(core, core->now_ms);
}

/* ---- hello ---- */

bool links_admit(struct core *core, uint32_t number)
{
    const struct peer *peer = core_peer_at(core, number);
    if (!peer->hub)
        return true;
    struct link_row *row = row_of(core, peer->member);
    if (row == NULL || !row->confirmed) {
        ingest_refuse(core, number, ERR_NOT_FEDERATED, NULL);
        return false;
    }
    row->heard_ms = core->now_ms;
    return true;
}

void core_link_up(struct core *core, uint32_t number, uint64_t now_ms)
{
    core_set_now(core, now_ms);
    core->output_ready = false;
    struct peer *peer = core_peer_at(core, number);
    struct link_row *row = row_of(core, peer->member);
    peer->dialled = true;
    if (row == NULL || !row->confirmed)
        return;
    row->heard_ms = core->now_ms;
    say_hello(core, number, row);
}

bool links_streams(const struct core *core, const lianshu_Hello *body)
{
    char log[NOTE_ORIGIN_MAX + 1];
    links_own_log(core, log);
    return log[0] != '\0' && strcmp(log, body->receipt_log) == 0;
}

void links_landed(struct core *core, const struct peer *peer)
{
    struct link_row *row = peer->hub ? row_of(core, peer->member) : NULL;
    if (row != NULL && peer->in.landed > row->heard)
        row->heard = peer->in.landed;
}

void links_hello(struct core *core, uint32_t number, const lianshu_Hello *body)
{
    struct peer *peer = core_peer_at(core, number);
    struct link_row *row = row_of(core, peer->member);
    if (strcmp(row->log, body->log) != 0) {
        row->heard = 0;
        snprintf(row->log, sizeof row->log, "%s", body->log);
    }
    if (!peer->dialled)
        say_hello(core, number, row);
    (void)links_tell(core, number); /* no room: with the next links_step */
    if (!row->up) {
        row->since_ms = core->now_ms;
        log_info("link_up", "hub=%s registry=%llu", peer->member,
                 (unsigned long long)body->registry_version);
    }
    row->up = true;
    row->refused = 0;
    core_wake_at(core, core->now_ms + LINK_TELL_MS);
    links_heard(core, number, row, body->registry_version);
    again_hello(core, peer->member, body->log);
    roll_begin(core, peer->member);
}

void links_gone(struct core *core, uint32_t number)
{
    struct peer *gone = core_peer_at(core, number);
    gone->dialled = false;
    struct link_row *row = gone->hub ? row_of(core, gone->member) : NULL;
    if (row == NULL)
        return;
    if (core->links->from != 0 && core->links->peer == number)
        links_pass_on(core);
    for (uint32_t i = 0; i < core->peers.count; i++) {
        const struct peer *peer = core_peer_at(core, i);
        if (peer->ready && strcmp(peer->member, gone->member) == 0)
            return; /* there is another connection */
    }
    if (row->up) {
        row->since_ms = core->now_ms;
        log_warn("link_down", "hub=%s", gone->member);
    }
    row->up = false;
}

enum err links_control(struct core *core, uint32_t peer, const lianshu_Control *control)
{
    const struct peer *p = core_peer_at(core, peer);
    struct link_row *row = p->hub ? row_of(core, p->member) : NULL;
    if (row == NULL) {
        ingest_refuse(core, peer, ERR_WIRE_ENUM, NULL);
        return OK;
    }
    switch (control->which_body) {
    case lianshu_Control_welcome_tag: /* its hello follows */
        return OK;
    case lianshu_Control_busy_tag: /* it takes the frame again later, by our own clock */
        return OK;
    case lianshu_Control_registry_have_tag:
        links_heard(core, peer, row, control->body.registry_have.version);
        links_compare(core, peer, row, &control->body.registry_have);
        amending_heard(core, peer,
                       span_of(control->body.registry_have.amendments.bytes,
                               control->body.registry_have.amendments.size));
        return OK;
    case lianshu_Control_registry_wanted_tag:
        links_give_part(core, peer, &control->body.registry_wanted);
        return OK;
    case lianshu_Control_registry_part_tag:
        links_take_part(core, peer, &control->body.registry_part);
        return OK;
    case lianshu_Control_witness_ask_tag:
        return witnessing_asked(core, peer, &control->body.witness_ask);
    default:
        ingest_refuse(core, peer, ERR_WIRE_ENUM, NULL);
        return OK;
    }
}

/* ---- time ---- */

/* Say that we are there to those that are, and hello again to those that did not answer. */
static void tell_all(struct core *core)
{
    for (uint32_t i = 0; i < core->peers.count; i++) {
        struct peer *peer = core_peer_at(core, i);
        const struct link_row *row = peer->hub ? row_of(core, peer->member) : NULL;
        if (row == NULL || !row->confirmed)
            continue;
        if (peer->ready && row->heard_ms + LINK_SILENCE_MS < core->now_ms) {
            const bool dialled = peer->dialled; /* the connection may still be there: try again */
            core_peer_gone(core, i, core->now_ms);
            peer->dialled = dialled;
        } else if (peer->ready)
            (void)links_tell(core, i); /* no room: next time */
        else if (peer->dialled)
            say_hello(core, i, row);
    }
}

/* What its stream of receipts could not bring is given again after another hello. */
static void hello_again(struct core *core)
{
    for (uint32_t i = 0; i < core->peers.count; i++) {
        struct peer *peer = core_peer_at(core, i);
        if (peer->again_ms == 0)
            continue;
        core_wake_at(core, peer->again_ms);
        if (core->now_ms < peer->again_ms)
            continue;
        peer->again_ms = 0;
        const struct link_row *row = peer->ready ? row_of(core, peer->member) : NULL;
        if (row != NULL && row->confirmed)
            say_hello(core, i, row);
    }
}

enum err links_step(struct core *core, bool *more)
{
    struct link_book *book = core->links;
    (void)more;
    if (book->count == 0)
        return OK;
    links_turns(core);
    hello_again(core);
    if (book->told_ms + LINK_TELL_MS > core->now_ms) {
        core_wake_at(core, book->told_ms + LINK_TELL_MS);
        return OK;
    }
    book->told_ms = core->now_ms;
    core_wake_at(core, core->now_ms + LINK_TELL_MS);
    tell_all(core);
    return OK;
}
