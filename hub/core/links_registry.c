/* The registry from hub to hub: who has which, and one that is fetched piece by piece. */
#include "core/links_inner.h"

#include "base/log.h"
#include "keys/amend.h"

#include <stdlib.h>
#include <string.h>

bool links_tell(struct core *core, uint32_t peer)
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

static bool whole(const struct link_book *book)
{
    return book->total > 0 && book->len == book->total;
}

void links_stop_fetching(struct link_book *book)
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

static uint64_t turn_ms(const struct link_book *book)
{
    return (uint64_t)LINK_TELL_MS << (book->rounds < 16 ? book->rounds : 16);
}

static void fetch(struct core *core, uint32_t peer, const struct link_row *row)
{
    struct link_book *book = core->links;
    book->last = (size_t)(row - book->rows);
    book->from = book->last + 1;
    book->peer = peer;
    book->version = row->version;
    book->begun_ms = core->now_ms;
    core_wake_at(core, core->now_ms + turn_ms(book));
    ask_on(core);
}

void links_pass_on(struct core *core)
{
    links_stop_fetching(core->links);
    core->links->passing = true;
    core_wake_at(core, core->now_ms);
}

static bool offers(const struct core *core, const struct link_row *row)
{
    return row->confirmed && row->up && row->version > registry_version(core->opt.registry) &&
           row->version != row->refused;
}

/* Another than the last one, in order; book->count: nobody. */
static size_t next_offer(const struct core *core)
{
    const struct link_book *book = core->links;
    for (size_t i = 1; i < book->count; i++) {
        const size_t at = (book->last + i) % book->count;
        if (offers(core, &book->rows[at]))
            return at;
    }
    return book->count;
}

void links_turns(struct core *core)
{
    struct link_book *book = core->links;
    const size_t next = next_offer(core);
    if (book->from != 0 && !whole(book) &&
        (book->asked_ms + LINK_SILENCE_MS < core->now_ms ||
         (next < book->count && book->begun_ms + turn_ms(book) <= core->now_ms)))
        links_pass_on(core);
    if (!book->passing)
        return;
    book->passing = false;
    for (uint32_t i = 0; next < book->count && i < core->peers.count; i++) {
        const struct peer *peer = core_peer_at(core, i);
        if (!peer->ready || strcmp(peer->member, book->rows[next].link->member) != 0)
            continue;
        book->rounds += next <= book->last;
        fetch(core, i, &book->rows[next]);
        return;
    }
}

void links_heard(struct core *core, uint32_t peer, struct link_row *row, uint64_t version)
{
    struct link_book *book = core->links;
    row->version = version;
    row->differs = row->differs && version == registry_version(core->opt.registry);
    if (offers(core, row) && book->from == 0 && !book->passing)
        fetch(core, peer, row);
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

void links_compare(struct core *core, uint32_t peer, struct link_row *row,
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

void links_give_part(struct core *core, uint32_t peer, const lianshu_RegistryWanted *wanted)
{
    const struct span file = registry_file(core->opt.registry);
    lianshu_Control control = {.kind = lianshu_ControlKind_CONTROL_REGISTRY_PART,
                               .which_body = lianshu_Control_registry_part_tag};
    lianshu_RegistryPart *part = &control.body.registry_part;
    if (wanted->version != registry_version(core->opt.registry) || wanted->offset >= file.len) {
        (void)links_tell(core, peer);
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

void links_take_part(struct core *core, uint32_t peer, const lianshu_RegistryPart *part)
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
        links_pass_on(core);
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
    struct link_row *row = &book->rows[book->from - 1];
    if (err_class(err) == ERR_CLASS_REJECT) {
        row->refused = book->version;
        ingest_refuse(core, book->peer, err, NULL);
    }
    links_pass_on(core);
}
