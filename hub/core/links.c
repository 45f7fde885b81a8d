#include "core/state.h"

#include "base/log.h"
#include "keys/amend.h"
#include "keys/topology.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A link, as long as the process runs. */
struct row {
    const struct link *link;
    bool confirmed; /* by the registry's tree */
    bool up;
    uint64_t since_ms;
    uint64_t heard_ms;
    uint64_t version;
    uint64_t refused; /* a version of its that did not verify; 0: none */
    bool differs;     /* its registry has our version and is another one: said once */
    uint64_t heard;   /* of its stream of receipts everything up to here is on our disk … */
    char log[NOTE_ORIGIN_MAX + 1]; /* … and this is the log of that stream */
};

struct link_book {
    size_t count;
    struct row *rows; /* owns */
    uint64_t told_ms; /* when every link was told last that we are there */
    /* The registry that is being fetched. */
    size_t from; /* row + 1 of who gives it; 0: none is */
    uint32_t peer;
    uint64_t version;
    uint64_t asked_ms;
    uint64_t total; /* 0: not known yet */
    uint64_t len;
    uint8_t *bytes; /* owns total */
};

static struct row *row_of(const struct core *core, const char *member)
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
        struct row *row = &book->rows[i];
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
    const struct row *row = row_of(core, member);
    return row == NULL || !row->confirmed ? NULL : row->link;
}

const struct link *link_of_peer(const struct core *core, uint32_t peer)
{
    const struct peer *p = &core->peers.rows[peer];
    return p->hub ? link_of_member(core, p->member) : NULL;
}

struct link_state link_state(const struct core *core, const char *member)
{
    const struct row *row = row_of(core, member);
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

static bool tell(struct core *core, uint32_t peer)
{
    lianshu_Control control = {.kind = lianshu_ControlKind_CONTROL_REGISTRY_HAVE,
                               .which_body = lianshu_Control_registry_have_tag};
    lianshu_RegistryHave *have = &control.body.registry_have;
    have->version = registry_version(core->opt.registry);
    have->hash.size = HASH_LEN;
    memcpy(have->hash.bytes, registry_hash(core->opt.registry), HASH_LEN);
    const struct span amended = registry_amended(core->opt.registry);
    have->amendments.size = (pb_size_t)amended.len;
    if (amended.len > 0)
        memcpy(have->amendments.bytes, amended.data, amended.len);
    return session_say(core, peer, &control);
}

static void say_hello(struct core *core, uint32_t peer, const struct row *row)
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

/* ---- the registry ---- */

static bool whole(const struct link_book *book)
{
    return book->total > 0 && book->len == book->total;
}

static void stop_fetching(struct link_book *book)
{
    free(book->bytes);
    book->bytes = NULL;
    book->from = 0;
    book->total = 0;
    book->len = 0;
}

static void ask_on(struct core *core)
{
    struct link_book *book = core->links;
    lianshu_Control control = {.kind = lianshu_ControlKind_CONTROL_REGISTRY_WANTED,
                               .which_body = lianshu_Control_registry_wanted_tag};
    control.body.registry_wanted.version = book->version;
    control.body.registry_wanted.offset = book->len;
    book->asked_ms = core->now_ms;
    (void)session_say(core, book->peer, &control); /* not said: given up after a while */
}

/* It has this version: fetch it when it is newer than ours, and none is being fetched. */
static void heard_version(struct core *core, uint32_t peer, struct row *row, uint64_t version)
{
    struct link_book *book = core->links;
    row->version = version;
    row->differs = row->differs && version == registry_version(core->opt.registry);
    if (version <= registry_version(core->opt.registry) || version == row->refused ||
        book->from != 0)
        return;
    book->from = (size_t)(row - book->rows) + 1;
    book->peer = peer;
    book->version = version;
    ask_on(core);
}

/* For the log: the two files by their hashes. */
static void tell_both(struct core *core, uint32_t peer, const lianshu_RegistryHave *have)
{
    struct twice twice = {.type = lianshu_DocumentType_TYPE_REGISTRY, .number = have->version};
    memcpy(twice.issuer, registry_registrar_at(core->opt.registry, 0)->member, sizeof twice.issuer);
    memcpy(twice.held.hash, registry_hash(core->opt.registry), HASH_LEN);
    memcpy(twice.offered.hash, have->hash.bytes, HASH_LEN);
    doubled_found(core, &twice, core_peer_at(core, peer)->user_id);
}

/* Two files of one version: the registrar's mistake, or somebody's who has its key. Ours stays. */
static void compare(struct core *core, uint32_t peer, struct row *row,
                    const lianshu_RegistryHave *have)
{
    const struct span ours = span_of(registry_hash(core->opt.registry), HASH_LEN);
    if (have->version != registry_version(core->opt.registry) || have->hash.size != HASH_LEN ||
        row->differs || span_eq(ours, span_of(have->hash.bytes, HASH_LEN)))
        return;
    row->differs = true;
    log_error("registry_differs", "code=E%03d hub=%s version=%llu", (int)ERR_REGISTRY_DIFFERS,
              row->link->member, (unsigned long long)have->version);
    tell_both(core, peer, have);
    ingest_refuse(core, peer, ERR_REGISTRY_DIFFERS, NULL);
}

static void give_part(struct core *core, uint32_t peer, const lianshu_RegistryWanted *wanted)
{
    const struct span file = registry_file(core->opt.registry);
    lianshu_Control control = {.kind = lianshu_ControlKind_CONTROL_REGISTRY_PART,
                               .which_body = lianshu_Control_registry_part_tag};
    lianshu_RegistryPart *part = &control.body.registry_part;
    if (wanted->version != registry_version(core->opt.registry) || wanted->offset >= file.len) {
        (void)tell(core, peer);
        return;
    }
    const size_t left = file.len - (size_t)wanted->offset;
    part->version = wanted->version;
    part->total = file.len;
    part->offset = wanted->offset;
    part->piece.size = (pb_size_t)(left < LINK_PIECE ? left : LINK_PIECE);
    memcpy(part->piece.bytes, file.data + wanted->offset, part->piece.size);
    (void)session_say(core, peer, &control); /* no room: it asks again */
}

static void take_part(struct core *core, uint32_t peer, const lianshu_RegistryPart *part)
{
    struct link_book *book = core->links;
    if (part->version <= registry_version(core->opt.registry)) {
        ingest_refuse(core, peer, ERR_REGISTRY_ROLLBACK, NULL);
        return;
    }
    if (book->from == 0 || book->peer != peer || part->version != book->version ||
        part->offset != book->len)
        return; /* of a fetch that was given up */
    if (book->total == 0 && part->total <= REGISTRY_FILE_MAX)
        book->bytes = malloc((size_t)part->total + 1);
    if (book->total == 0 && book->bytes != NULL)
        book->total = part->total;
    if (book->bytes == NULL || part->total != book->total || part->piece.size == 0 ||
        part->piece.size > book->total - book->len) {
        ingest_refuse(core, peer, ERR_REGISTRY, NULL);
        stop_fetching(book);
        return;
    }
    memcpy(book->bytes + book->len, part->piece.bytes, part->piece.size);
    book->len += part->piece.size;
    if (book->len < book->total)
        ask_on(core);
}

struct span core_registry_offered(const struct core *core, uint64_t *version)
{
    const struct link_book *book = core->links;
    *version = book->version;
    return whole(book) ? span_of(book->bytes, book->len) : span_of(NULL, 0);
}

void core_registry_judged(struct core *core, enum err err)
{
    struct link_book *book = core->links;
    if (book->from == 0)
        return;
    struct row *row = &book->rows[book->from - 1];
    if (err_class(err) == ERR_CLASS_REJECT) {
        row->refused = book->version;
        ingest_refuse(core, book->peer, err, NULL);
    }
    stop_fetching(book);
}

void links_registry(struct core *core)
{
    struct link_book *book = core->links;
    for (size_t i = 0; i < book->count; i++) {
        book->rows[i].confirmed = confirmed(core, book->rows[i].link);
        book->rows[i].differs = false;
    }
    if (book->from != 0 && book->version <= registry_version(core->opt.registry))
        stop_fetching(book);
    book->told_ms = 0; /* at once */
    core_wake_at(core, core->now_ms);
}

/* ---- hello ---- */

bool links_admit(struct core *core, uint32_t number)
{
    const struct peer *peer = core_peer_at(core, number);
    if (!peer->hub)
        return true;
    struct row *row = row_of(core, peer->member);
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
    struct row *row = row_of(core, peer->member);
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
    struct row *row = peer->hub ? row_of(core, peer->member) : NULL;
    if (row != NULL && peer->in.landed > row->heard)
        row->heard = peer->in.landed;
}

void links_hello(struct core *core, uint32_t number, const lianshu_Hello *body)
{
    struct peer *peer = core_peer_at(core, number);
    struct row *row = row_of(core, peer->member);
    if (strcmp(row->log, body->log) != 0) {
        row->heard = 0;
        snprintf(row->log, sizeof row->log, "%s", body->log);
    }
    if (!peer->dialled)
        say_hello(core, number, row);
    (void)tell(core, number); /* no room: with the next links_step */
    if (!row->up) {
        row->since_ms = core->now_ms;
        log_info("link_up", "hub=%s registry=%llu", peer->member,
                 (unsigned long long)body->registry_version);
    }
    row->up = true;
    row->refused = 0;
    core_wake_at(core, core->now_ms + LINK_TELL_MS);
    heard_version(core, number, row, body->registry_version);
    again_hello(core, peer->member, body->log);
    roll_begin(core, peer->member);
}

void links_gone(struct core *core, uint32_t number)
{
    struct peer *gone = core_peer_at(core, number);
    gone->dialled = false;
    struct row *row = gone->hub ? row_of(core, gone->member) : NULL;
    if (row == NULL)
        return;
    if (core->links->from != 0 && core->links->peer == number)
        stop_fetching(core->links);
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
    struct row *row = p->hub ? row_of(core, p->member) : NULL;
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
        heard_version(core, peer, row, control->body.registry_have.version);
        compare(core, peer, row, &control->body.registry_have);
        amending_heard(core, peer,
                       span_of(control->body.registry_have.amendments.bytes,
                               control->body.registry_have.amendments.size));
        return OK;
    case lianshu_Control_registry_wanted_tag:
        give_part(core, peer, &control->body.registry_wanted);
        return OK;
    case lianshu_Control_registry_part_tag:
        take_part(core, peer, &control->body.registry_part);
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
        const struct row *row = peer->hub ? row_of(core, peer->member) : NULL;
        if (row == NULL || !row->confirmed)
            continue;
        if (peer->ready && row->heard_ms + LINK_SILENCE_MS < core->now_ms) {
            const bool dialled = peer->dialled; /* the connection may still be there: try again */
            core_peer_gone(core, i, core->now_ms);
            peer->dialled = dialled;
        } else if (peer->ready)
            (void)tell(core, i); /* no room: next time */
        else if (peer->dialled)
            say_hello(core, i, row);
    }
}

enum err links_step(struct core *core, bool *more)
{
    struct link_book *book = core->links;
    (void)more;
    if (book->count == 0)
        return OK;
    if (book->from != 0 && !whole(book) && book->asked_ms + LINK_SILENCE_MS < core->now_ms)
        stop_fetching(book);
    if (book->told_ms + LINK_TELL_MS > core->now_ms) {
        core_wake_at(core, book->told_ms + LINK_TELL_MS);
        return OK;
    }
    book->told_ms = core->now_ms;
    core_wake_at(core, core->now_ms + LINK_TELL_MS);
    tell_all(core);
    return OK;
}
