#include "adapters/sdk/mirror_in.h"

#include "adapters/sdk/mirror_rows.h"
#include "base/clock.h"
#include "ident.h"
#include "keys/guard.h"
#include "sanction.pb.h"
#include "wire.h"

#include <stdlib.h>

enum {
    FUTURE_MS = 300 * 1000,    /* PROTOCOL, order of checks */
    VALID_MAX_MS = 8 * DAY_MS, /* a longer promise would freeze the mirror */
    BODY_MAX = 61440,          /* document.options */
};

struct mirror_in {
    struct mirror_in_options opt;
    struct stmt *sql[MIRROR_SQL_COUNT];
    lianshu_MirrorUpdate update;
    uint8_t room[BODY_MAX];
};

enum err mirror_in_open(struct mirror_in **out, const struct mirror_in_options *options,
                        struct fault *fault)
{
    struct mirror_in *in = calloc(1, sizeof *in);

    *out = NULL;
    if (in == NULL)
        return ERR_NO_MEMORY;
    in->opt = *options;
    const enum err err = db_prepare(in->opt.db, mirror_sql_text, MIRROR_SQL_COUNT, in->sql, fault);
    if (err != OK)
        mirror_in_close(&in);
    *out = in;
    return err;
}

void mirror_in_close(struct mirror_in **in)
{
    free(*in); /* statements belong to the database */
    *in = NULL;
}

/* ---- what stands in a page by itself ---- */

static bool date_is(uint32_t date, bool open)
{
    return (open && date == 0) || date_valid(date);
}

static bool row_is(const lianshu_MirrorRow *row)
{
    if (row->number == 0)
        return false;
    if (row->ended)
        return row->measure[0] == '\0' && row->order_id.size == 0 && row->scope[0] == '\0';
    return row->measure[0] != '\0' && row->order_id.size == sizeof row->order_id.bytes &&
           region_valid(row->scope) && row->force <= (uint32_t)lianshu_Force_FORCE_NOTIFY &&
           date_is(row->start_date, false) && date_is(row->end_date, true);
}

static enum err check_page(const struct mirror_in *in, const lianshu_MirrorUpdate *u,
                           uint64_t accepted_ms, uint64_t now_ms)
{
    const uint64_t latest_ms = accepted_ms + FUTURE_MS;

    if (strcmp(u->member, in->opt.member) != 0 ||
        memcmp(u->adapter, in->opt.adapter, sizeof u->adapter) != 0)
        return ERR_NOT_ADDRESSED;
    if (u->generation == 0 || u->page == 0 || u->as_of_ms == 0)
        return ERR_POISON;
    for (pb_size_t i = 0; i < u->rows_count; i++) {
        if (!row_is(&u->rows[i]))
            return ERR_POISON;
    }
    if (u->generation > latest_ms || u->as_of_ms > latest_ms || u->to_size < u->from_size ||
        u->fresh_until_ms < u->as_of_ms || u->valid_until_ms < u->fresh_until_ms ||
        u->valid_until_ms > u->as_of_ms + VALID_MAX_MS || u->known_ms > u->as_of_ms)
        return ERR_LIST_FORWARD;
    /* An old increment is a link to a newer one; an old snapshot is only old. */
    const uint64_t at_ms = u->from_size == 0 ? now_ms : accepted_ms;
    return u->valid_until_ms <= at_ms ? ERR_LIST_EXPIRED : OK;
}

static enum err check_head(struct mirror_in *in, lianshu_MirrorUpdate *u)
{
    uint8_t head[HASH_LEN];
    struct writer room = writer_of(in->room, sizeof in->room);
    const enum err err = mirror_head(u, &room, head);

    guard_wipe(in->room, sizeof in->room);
    if (err != OK)
        return err;
    return memcmp(head, u->head, HASH_LEN) == 0 ? OK : ERR_LIST_MIXED;
}

/* ---- against what is here ---- */

/* The moment before which a snapshot is one of the log that the hub has given up. */
static enum err floor_ms(struct mirror_in *in, uint64_t *out)
{
    struct stmt *q = in->sql[MIRROR_SQL_FLOOR];

    *out = 0;
    enum err err = stmt_step(q);
    if (err == OK)
        *out = stmt_u64(q, 0);
    return stmt_end(q, err == ERR_NOT_FOUND ? OK : err);
}

static enum err check_first(struct mirror_in *in, const lianshu_MirrorUpdate *u,
                            const struct mirror_state *current)
{
    static const uint8_t none[HASH_LEN];

    if (u->page != 1 || u->from_size != 0 || memcmp(u->previous, none, HASH_LEN) != 0)
        return ERR_LIST_MIXED;
    if (u->key.size != MIRROR_KEY_LEN)
        return ERR_TOKEN;
    /* A hub that was set back makes a new generation of old restrictions. */
    if (current->current && (u->to_size < current->size || u->as_of_ms < current->as_of_ms))
        return ERR_LIST_ROLLBACK;
    uint64_t from_ms;
    const enum err err = floor_ms(in, &from_ms);
    return err == OK && u->as_of_ms < from_ms ? ERR_LIST_ROLLBACK : err;
}

/* A number that is here: the same page again, or another one in its place. */
static enum err check_known(struct mirror_in *in, const lianshu_MirrorUpdate *u)
{
    struct stmt *q = in->sql[MIRROR_SQL_PAGE_HEAD];
    uint8_t head[HASH_LEN] = {0};

    stmt_bind_u64(q, 1, u->generation);
    stmt_bind_u64(q, 2, u->page);
    enum err err = stmt_step(q);
    if (err == OK)
        stmt_copy(q, 0, head, sizeof head);
    if ((err = stmt_end(q, err)) != OK)
        return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
    return memcmp(head, u->head, HASH_LEN) == 0 ? ERR_LIST_ROLLBACK : ERR_LIST_FORK;
}

static enum err check_next(struct mirror_in *in, const lianshu_MirrorUpdate *u,
                           const struct mirror_state *s)
{
    if (u->page <= s->page)
        return check_known(in, u);
    if (u->page > s->page + 1)
        return ERR_LIST_MIXED;
    if (memcmp(u->previous, s->head, HASH_LEN) != 0)
        return ERR_LIST_FORK;
    if (u->key.size != 0)
        return ERR_TOKEN;
    const uint64_t from = s->whole ? s->size : 0;
    if (u->from_size != from)
        return u->from_size < from && s->whole ? ERR_LIST_ROLLBACK : ERR_LIST_MIXED;
    const bool open = s->page > s->step;
    if (open && u->to_size != s->target)
        return ERR_LIST_MIXED;
    return u->as_of_ms < s->as_of_ms ? ERR_LIST_ROLLBACK : OK;
}

static enum err check_count(const lianshu_MirrorUpdate *u, uint64_t before, bool snapshot)
{
    uint64_t count = before;

    for (pb_size_t i = 0; i < u->rows_count; i++) {
        if (u->rows[i].ended && (snapshot || count == 0))
            return ERR_LIST_MIXED;
        count += u->rows[i].ended ? UINT64_MAX : 1;
    }
    return count == u->count ? OK : ERR_LIST_MIXED;
}

/* ---- keeping ---- */

static enum err keep_page(struct mirror_in *in, lianshu_MirrorUpdate *u)
{
    struct stmt *q = in->sql[MIRROR_SQL_PAGE_PUT];
    struct writer w = writer_of(in->room, sizeof in->room);

    u->key.size = 0; /* it stands sealed in the state */
    const enum err err = wire_encode(&lianshu_MirrorUpdate_msg, u, &w);
    if (err != OK)
        return err;
    stmt_bind_u64(q, 1, u->generation);
    stmt_bind_u64(q, 2, u->page);
    stmt_bind_bytes(q, 3, u->head, HASH_LEN);
    stmt_bind_blob(q, 4, writer_span(&w));
    return stmt_run(q);
}

static enum err seal_key(struct mirror_in *in, const lianshu_MirrorUpdate *u,
                         struct mirror_state *s)
{
    uint8_t bytes[8];
    struct writer w = writer_of(s->key, sizeof s->key);
    const struct rest_place place = mirror_key_place(u->generation, bytes);

    return rest_seal(in->opt.storage, &place, span_of(u->key.bytes, MIRROR_KEY_LEN),
                     in->opt.entropy, &w);
}

static enum err drop_below(struct mirror_in *in, uint64_t generation, bool current)
{
    struct stmt *q = in->sql[MIRROR_SQL_DROP_BELOW];

    stmt_bind_u64(q, 1, generation);
    stmt_bind_u64(q, 2, current);
    return stmt_run(q);
}

static enum err keep(struct mirror_in *in, lianshu_MirrorUpdate *u, struct mirror_state *s)
{
    enum err err = OK;

    if (u->page == 1) {
        if ((err = drop_below(in, u->generation, false)) != OK || (err = seal_key(in, u, s)) != OK)
            return err;
        s->generation = u->generation;
    }
    s->page = u->page;
    s->target = u->to_size;
    s->count = u->count;
    s->unnamed = u->unnamed;
    memcpy(s->head, u->head, HASH_LEN);
    if (u->last) {
        s->step = u->page;
        s->size = u->to_size;
        s->step_count = u->count;
        s->step_unnamed = u->unnamed;
        s->as_of_ms = u->as_of_ms;
        s->fresh_until_ms = u->fresh_until_ms;
        s->valid_until_ms = u->valid_until_ms;
        s->known_ms = u->known_ms;
        memcpy(s->step_head, u->head, HASH_LEN);
        if (!s->current)
            err = drop_below(in, u->generation, true);
        s->whole = s->current = true;
    }
    if (err == OK)
        err = keep_page(in, u);
    return err == OK ? mirror_state_put(in->sql[MIRROR_SQL_PUT], s) : err;
}

static enum err judge(struct mirror_in *in, lianshu_MirrorUpdate *u, struct mirror_state *s)
{
    struct mirror_state current;
    struct mirror_state newest;
    enum err err = mirror_state_get(in->sql[MIRROR_SQL_CURRENT], NULL, &current);

    if (err != OK && err != ERR_NOT_FOUND)
        return err;
    err = mirror_state_get(in->sql[MIRROR_SQL_NEWEST], NULL, &newest);
    if (err != OK && err != ERR_NOT_FOUND)
        return err;
    if (u->generation < newest.generation && u->generation != current.generation)
        return ERR_LIST_ROLLBACK;
    err = mirror_state_get(in->sql[MIRROR_SQL_OF], &u->generation, s);
    if (err == OK)
        err = check_next(in, u, s);
    else if (err == ERR_NOT_FOUND)
        err = check_first(in, u, &current);
    return err == OK ? check_count(u, s->count, !s->whole) : err;
}

enum err mirror_take(struct mirror_in *in, struct span body, uint64_t accepted_ms, uint64_t now_ms)
{
    struct mirror_state s = {0};
    lianshu_MirrorUpdate *u = &in->update;

    if (in->opt.storage == NULL)
        return ERR_KEY_FILE;
    if (wire_decode(&lianshu_MirrorUpdate_msg, body, u) != OK)
        return ERR_POISON;
    enum err err = check_page(in, u, accepted_ms, now_ms);
    if (err == OK)
        err = check_head(in, u);
    if (err == OK)
        err = judge(in, u, &s);
    if (err == OK)
        err = keep(in, u, &s);
    guard_wipe(u->key.bytes, sizeof u->key.bytes);
    return err;
}

enum err mirror_forget(struct mirror_in *in)
{
    enum err err = stmt_run(in->sql[MIRROR_SQL_FORGET]);

    return err == OK ? stmt_run(in->sql[MIRROR_SQL_FORGET_PAGES]) : err;
}

enum err mirror_trim(struct mirror_in *in, bool *more)
{
    uint64_t dropped = 0;
    const enum err err = stmt_run_changed(in->sql[MIRROR_SQL_PAGE_DROP], &dropped);

    *more = dropped > 0;
    return err;
}
