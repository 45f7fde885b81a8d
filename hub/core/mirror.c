/* Mirrors of restrictions: which adapter is told next, and when it begins anew.
 *
 * A round looks at every adapter that may receive them (`readers`), and ends when none has anything
 * to be told. It begins when a restriction has changed, a receipt has come or a refreshment is due;
 * it costs one comparison otherwise. A step makes at most one page. */
#include "core/mirror_inner.h"

#include "base/log.h"
#include "keys/guard.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

_Static_assert((int)MIRROR_ADAPTER_LEN == (int)PEER_ADAPTER_LEN &&
                   (int)MIRROR_ADAPTER_LEN == (int)MIRROR_ADAPTER_KEY_LEN,
               "one adapter");

/* A page is for one adapter alone; queue_fits_fn. */
static bool fits(void *ctx, uint64_t lessee, const struct queue_row *row)
{
    const struct peer *peer = core_peer_at(ctx, (uint32_t)lessee - 1);
    return row->type != lianshu_DocumentType_TYPE_MIRROR_UPDATE ||
           memcmp(peer->adapter, row->conversation, sizeof peer->adapter) == 0;
}

enum err mirror_open(struct core *core)
{
    core->mirror = calloc(1, sizeof *core->mirror);
    if (core->mirror == NULL)
        return ERR_NO_MEMORY;
    core->mirror->awake = true;
    core->mirror->due_ms = STORE_NEVER;
    queue_fits(core->store->queue, fits, core);
    return OK;
}

void mirror_close(struct core *core)
{
    if (core->mirror == NULL)
        return;
    mirror_tokens_close(&core->mirror->tokens);
    free(core->mirror->measures);
    free(core->mirror->readers);
    guard_wipe(core->mirror, sizeof *core->mirror);
    free(core->mirror);
    core->mirror = NULL;
}

void mirror_wake(struct core *core)
{
    core->mirror->awake = true;
    core->mirror->calm = 0;
    core->mirror->due_ms = STORE_NEVER;
    core->mirror->order_loaded = false;
    core->work_waiting = true;
}

void mirror_peers_changed(struct core *core)
{
    core->mirror->readers_known = false;
    mirror_wake(core);
}

/* ---- one member ---- */

static void due_at(struct mirror *m, uint64_t at_ms)
{
    if (at_ms < m->due_ms)
        m->due_ms = at_ms;
}

static bool outgrown(const struct mirror_row *row)
{
    return row->told > MIRROR_TOLD_MIN && row->told > 2 * row->first;
}

static void begin_generation(struct core *core, struct mirror_row *row, const struct peer *peer,
                             const uint8_t concern[static HASH_LEN])
{
    const uint64_t last = row->generation;
    *row = (struct mirror_row){
        .generation = core->now_ms > last ? core->now_ms : last + 1,
        .phase = MIRROR_SNAPSHOT,
        .target = log_size(core->store->log),
        .as_of_ms = core->now_ms,
    };
    snprintf(row->member, sizeof row->member, "%s", peer->member);
    memcpy(row->adapter, peer->adapter, sizeof row->adapter);
    memcpy(row->concern, concern, sizeof row->concern);
    log_info("mirror_begun", "peer=%s generation=%llu", peer->user_id,
             (unsigned long long)row->generation);
}

static void begin_increment(struct core *core, struct mirror_row *row)
{
    row->phase = MIRROR_ENDED;
    row->target = log_size(core->store->log);
    row->as_of_ms = core->now_ms;
    row->cursor_seq = row->seen;
    row->cursor_row = 0;
}

/* When a mirror that was refused may begin anew. */
static uint64_t mend_ms(const struct mirror_row *row, const struct peer *peer)
{
    return row->sent_ms +
           (uint64_t)(peer->hello_ms > row->sent_ms ? MIRROR_HELLO_MS : MIRROR_RETRY_MS);
}

/* Must it begin anew, and may it now? */
static bool anew(struct core *core, const struct mirror_row *row, const struct peer *peer,
                 const uint8_t concern[static HASH_LEN])
{
    const uint64_t rotate_ms = row->generation + (uint64_t)MIRROR_ROTATE_DAYS * DAY_MS;
    if (row->generation == 0)
        return true;
    if (row->broken && core->now_ms < mend_ms(row, peer)) {
        due_at(core->mirror, mend_ms(row, peer));
        return false;
    }
    return row->broken || row->generation <= core->rekey.begun_ms ||
           memcmp(row->concern, concern, HASH_LEN) != 0 || outgrown(row) ||
           (row->phase == MIRROR_REST && core->now_ms >= rotate_ms);
}

/* Is there something to be done for it now? The row is as it must be then. */
static bool ready(struct core *core, struct mirror_row *row, const struct peer *peer,
                  const uint8_t concern[static HASH_LEN])
{
    if (anew(core, row, peer, concern)) {
        begin_generation(core, row, peer, concern);
        return true;
    }
    if (row->broken)
        return false;
    if (row->phase == MIRROR_SNAPSHOT)
        return row->waiting < MIRROR_WINDOW;
    if (row->phase != MIRROR_REST)
        return true;
    /* One increment at a time: what comes meanwhile is told in the next one, all at once. */
    if (row->waiting > 0)
        return false;
    const uint64_t refresh_ms = row->sent_ms + MIRROR_REFRESH_MS;
    const bool changed = restriction_version(core->store->restrictions) != row->version;
    if (!changed && core->now_ms < refresh_ms) {
        due_at(core->mirror, refresh_ms);
        return false;
    }
    row->version = restriction_version(core->store->restrictions);
    begin_increment(core, row);
    return true;
}

/* *did: it was told something, or more of the walk is done. */
static enum err look(struct core *core, const struct mirror_reader *reader, bool *did)
{
    const struct peer *peer = core_peer_at(core, reader->peer);
    uint8_t concern[HASH_LEN];
    struct mirror_row row;
    *did = false;
    enum err err = mirror_get(core->store->mirrors, peer->member, peer->adapter, &row);
    if (err != OK && err != ERR_NOT_FOUND)
        return err;
    mirror_concern_hash(core, reader->member, concern);
    if (!ready(core, &row, peer, concern))
        return OK;
    *did = true;
    err = core_begin(core);
    if (err == OK)
        err = mirror_page(core, reader->member, &row);
    return err == OK ? mirror_put(core->store->mirrors, &row) : err;
}

/* ---- rounds ---- */

static void settle(struct core *core)
{
    struct mirror *m = core->mirror;
    m->awake = false;
    m->calm = 0;
    core_wake_at(core, m->due_ms);
}

enum err mirror_step(struct core *core)
{
    struct mirror *m = core->mirror;
    const uint64_t version = restriction_version(core->store->restrictions);
    if (!m->awake && version == m->version && core->now_ms < m->due_ms) {
        core_wake_at(core, m->due_ms);
        return OK;
    }
    enum err err = mirror_concerns_load(core);
    const size_t members = m->reader_count;
    if (!m->awake || version != m->version) {
        mirror_wake(core);
        m->version = version;
    }
    bool did = false;
    for (int i = 0; err == OK && !did && i < MIRROR_LOOKS_MAX; i++) {
        if (m->calm >= members) {
            settle(core);
            return OK;
        }
        m->next = m->next < members ? m->next : 0;
        err = look(core, &m->readers[m->next++], &did);
        m->calm = did ? 0 : m->calm + 1;
    }
    core->work_waiting = true;
    return err;
}

enum err mirror_answered(struct core *core, const struct queue_row *row, bool refused)
{
    uint8_t conversation[MIRROR_CONVERSATION_LEN];
    struct mirror_row m;
    enum err err = mirror_get(core->store->mirrors, row->recipient, row->conversation, &m);
    if (err != OK)
        return err == ERR_NOT_FOUND ? OK : err;
    mirror_wake(core);
    mirror_conversation(m.member, m.adapter, m.generation, conversation);
    if (memcmp(conversation, row->conversation, sizeof conversation) != 0)
        return OK; /* of a generation that was given up */
    m.waiting -= m.waiting > 0;
    m.broken = m.broken || refused;
    if (refused)
        log_warn("mirror_refused", "member=%s generation=%llu", m.member,
                 (unsigned long long)m.generation);
    return mirror_put(core->store->mirrors, &m);
}
