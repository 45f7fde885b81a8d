/* Pages of a mirror: what concerns the member, row by row, chained and sent. */
#include "core/mirror_inner.h"

#include "keys/guard.h"

#include <stdio.h>
#include <string.h>

enum { ROWS_MAX = sizeof(((lianshu_MirrorUpdate *)0)->rows) / sizeof(lianshu_MirrorRow) };

_Static_assert(lianshu_MirrorUpdate_size <= sizeof(((lianshu_Document *)0)->body.bytes),
               "a page fits into a document");

static enum err open_tokens(struct core *core, const struct mirror_row *row)
{
    struct key *key = NULL;
    mirror_tokens_close(&core->mirror->tokens);
    enum err err = mirror_key(&key, core->token_key, row->member, row->adapter, row->generation);
    if (err == OK)
        err = mirror_tokens_open(&core->mirror->tokens, key_secret(key));
    lianshu_MirrorUpdate *u = &core->mirror->update;
    if (err == OK && row->page == 0) {
        u->key.size = MIRROR_KEY_LEN;
        memcpy(u->key.bytes, key_secret(key), MIRROR_KEY_LEN);
    }
    key_close(&key);
    return err;
}

static void describe(lianshu_MirrorRow *line, const struct justification *row)
{
    line->force = row->force;
    line->order_version = row->order_version;
    line->start_date = row->start_date;
    line->end_date = row->end_date;
    snprintf(line->measure, sizeof line->measure, "%.4s", row->measure);
    snprintf(line->list, sizeof line->list, "%s", row->list);
    snprintf(line->rule, sizeof line->rule, "%.16s", row->rule);
    snprintf(line->basis, sizeof line->basis, "%.*s", (int)strcspn(row->basis, " "), row->basis);
    snprintf(line->scope, sizeof line->scope, "%s", row->scope);
    line->order_id.size = sizeof row->order_id;
    memcpy(line->order_id.bytes, row->order_id, sizeof row->order_id);
}

/* One row that concerns the member, begun or ended. */
static enum err add(struct core *core, struct mirror_row *m, uint64_t number, bool ended,
                    const struct justification *row)
{
    lianshu_MirrorUpdate *u = &core->mirror->update;
    lianshu_MirrorRow line = {.number = number, .ended = ended};
    enum err err = mirror_name(core, row, line.token);
    if (err == ERR_NOT_FOUND) {
        /* Whoever asks must know that there is one more than he can find. */
        m->unnamed = ended && m->unnamed > 0 ? m->unnamed - 1 : m->unnamed + !ended;
        return store_count(core->store, "mirror.unnamed", 1);
    }
    if (err != OK)
        return err;
    if (!ended)
        describe(&line, row);
    else if (m->count == 0)
        return ERR_CORRUPT;
    m->count += ended ? UINT64_MAX : 1;
    m->told += m->phase == MIRROR_SNAPSHOT ? 0 : 1;
    m->urgent = m->urgent || ended;
    u->rows[u->rows_count++] = line;
    return OK;
}

/* The next justification of the walk; *fits: it belongs to what is told. */
static enum err next(struct core *core, struct mirror_row *m, uint64_t *number, bool *fits,
                     struct justification *row)
{
    if (m->phase == MIRROR_ENDED) {
        enum err err =
            mirror_next_ended(core->store->mirrors, m->target, &m->cursor_seq, &m->cursor_row, row);
        *number = m->cursor_row;
        *fits = err == OK && *number <= m->last_row; /* it was told that it began */
        return err;
    }
    *number = m->cursor_row;
    enum err err = mirror_next_row(core->store->mirrors, number, row);
    if (err == OK && row->begun_seq >= m->target)
        return ERR_NOT_FOUND; /* it began since: for the next increment */
    if (err == OK)
        m->cursor_row = *number;
    *fits = err == OK && row->ended_seq >= m->target;
    return err;
}

/* Fill the page. *whole: the walk has come to its end. */
static enum err fill(struct core *core, size_t member, struct mirror_row *m, bool *whole)
{
    lianshu_MirrorUpdate *u = &core->mirror->update;
    *whole = false;
    for (int i = 0; i < MIRROR_SCAN_MAX && u->rows_count < ROWS_MAX; i++) {
        struct justification row;
        uint64_t number;
        bool fits;
        const enum mirror_phase phase = m->phase;
        enum err err = next(core, m, &number, &fits, &row);
        if (err == ERR_NOT_FOUND && phase == MIRROR_ENDED) {
            m->phase = MIRROR_BEGUN;
            m->cursor_row = m->last_row;
            continue;
        }
        if (err == ERR_NOT_FOUND) {
            *whole = true;
            return OK;
        }
        if (err == OK && fits && mirror_concerns(core, member, &row))
            err = add(core, m, number, phase == MIRROR_ENDED, &row);
        if (err != OK)
            return err;
    }
    return OK;
}

/* The walk is over, and what it has told is what the member has. */
static void finish(struct mirror_row *m)
{
    if (m->phase == MIRROR_SNAPSHOT) {
        m->first = m->count;
        m->told = 0;
    }
    m->last_row = m->cursor_row;
    m->seen = m->target;
    m->phase = MIRROR_REST;
    m->cursor_seq = m->cursor_row = 0;
    m->open = m->urgent = false;
}

static enum err send(struct core *core, struct mirror_row *m, bool last)
{
    uint8_t conversation[MIRROR_CONVERSATION_LEN];
    lianshu_MirrorUpdate *u = &core->mirror->update;
    snprintf(u->member, sizeof u->member, "%s", m->member);
    memcpy(u->adapter, m->adapter, sizeof u->adapter);
    u->generation = m->generation;
    u->from_size = m->size;
    u->to_size = m->target;
    u->page = (uint32_t)++m->page;
    u->last = last;
    u->count = m->count;
    u->unnamed = (uint32_t)m->unnamed;
    u->as_of_ms = m->as_of_ms;
    u->fresh_until_ms = m->as_of_ms + MIRROR_FRESH_MS;
    u->valid_until_ms = m->as_of_ms + MIRROR_VALID_MS;
    memcpy(u->previous, m->head, sizeof u->previous);
    struct writer room = writer_of(core->mirror->room, sizeof core->mirror->room);
    enum err err = roll_known(core, &u->known_ms);
    if (u->known_ms > u->as_of_ms)
        u->known_ms = u->as_of_ms;
    if (err == OK)
        err = mirror_head(u, &room, u->head);
    if (err != OK)
        return err;
    memcpy(m->head, u->head, sizeof m->head);
    mirror_conversation(m->member, m->adapter, m->generation, conversation);
    const enum lane lane = m->phase == MIRROR_SNAPSHOT ? LANE_BULK
                           : m->urgent                 ? LANE_REPAIR
                                                       : LANE_ORDER;
    const struct outgoing out = {
        .type = lianshu_DocumentType_TYPE_MIRROR_UPDATE,
        .recipient = m->member,
        .conversation = span_of(conversation, sizeof conversation),
        .purpose = "mirror",
        .body = u,
        .valid_until_ms = u->valid_until_ms,
        .lane = &lane,
    };
    err = outgoing_send(core, &out);
    m->sent_ms = core->now_ms;
    m->waiting++;
    m->open = true;
    return err == OK ? store_count(core->store, "mirror.pages", 1) : err;
}

enum err mirror_page(struct core *core, size_t member, struct mirror_row *m)
{
    bool whole = false;
    lianshu_MirrorUpdate *u = &core->mirror->update;
    wire_clear(&lianshu_MirrorUpdate_msg, u);
    memset(u->head, 0, sizeof u->head);
    enum err err = open_tokens(core, m);
    if (err == OK)
        err = fill(core, member, m, &whole);
    /* Nothing that concerns the member has changed: nothing is said, unless it is time to. */
    const bool snapshot = m->phase == MIRROR_SNAPSHOT;
    const bool due = core->now_ms >= m->sent_ms + MIRROR_REFRESH_MS;
    const bool speak = u->rows_count > 0 || (whole && (snapshot || m->open || due));
    if (err == OK && speak)
        err = send(core, m, whole);
    if (whole && speak)
        m->size = m->target;
    if (whole)
        finish(m);
    u->key.size = 0;
    guard_wipe(u->key.bytes, sizeof u->key.bytes);
    guard_wipe(core->mirror->room, sizeof core->mirror->room);
    mirror_tokens_close(&core->mirror->tokens);
    return err;
}
