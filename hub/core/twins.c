/* Orders for one act, imposed on both sides of a cut: which of them stand follows from their first
 * documents and from when each was in force (spread.h, guarantee 7), so that every hub comes to the
 * same ones, whatever came to it first. Within one hub there are none: the second is refused
 * (E640).
 */
#include "core/state.h"

#include "base/calendar.h"
#include "base/hex.h"
#include "base/text.h"
#include "keys/hash.h"

#include <stdio.h>
#include <string.h>

/* What two orders for one act have in common, by handles. */
struct act {
    uint8_t subject[STORE_TOKEN_LEN];
    uint8_t number[STORE_TOKEN_LEN]; /* of the decision */
    uint8_t key[TWIN_ACT_LEN];
};

_Static_assert((int)TWIN_ACT_LEN <= (int)HASH_LEN, "the beginning of a hash");

/* The document's; *named: both are somebody here. */
static enum err act_of(struct core *core, const struct incoming *doc, struct act *act, bool *named)
{
    const lianshu_SanctionOrder *body = &doc->body.order;
    uint8_t hash[HASH_LEN];
    enum err err =
        orders_token(core, doc->subject, doc->persons, doc->person_count, 0, act->subject);
    if (err == OK)
        err = view_token(core, NAMES_DECISION, span_str(body->decision_number), act->number);
    if (err != OK)
        return err;
    *named = !names_nobody(act->subject) && !names_nobody(act->number);
    const struct span parts[] = {span_of(act->subject, sizeof act->subject),
                                 span_of(act->number, sizeof act->number), span_str(body->list)};
    hash_spans(hash, parts, sizeof parts / sizeof parts[0]);
    memcpy(act->key, hash, sizeof act->key);
    return OK;
}

bool twins_apply(const struct roll_row *row)
{
    return row->type == lianshu_DocumentType_TYPE_SANCTION_ORDER && row->version == 1;
}

/* ---- what an order is judged on ---- */

/* The log size before the order began here; 0: it did not. */
static enum err begun_at(struct core *core, const uint8_t order[static STORE_ID_LEN],
                         uint64_t *log_size)
{
    struct order_row first;
    uint64_t cursor = 0;
    *log_size = 0;
    enum err err = order_history(core->store->orders, order, &cursor, &first);
    if (err == OK)
        *log_size = first.seq;
    return err == ERR_NOT_FOUND ? OK : err;
}

/* The newest log size at which neither the order itself nor another one for its act was in force or
 * annulled from above: whether that bars it is settled by rank. */
static enum err judged_on(struct core *core, const struct incoming *doc, const struct act *act,
                          uint64_t *as_of)
{
    const lianshu_SanctionOrder *body = &doc->body.order;
    struct order_row other;
    struct twin_row twin;
    enum err err = begun_at(core, body->order_id, as_of);
    while (err == OK) {
        uint64_t before;
        err = order_conflict(core->store->orders, act->subject, body->list, act->number,
                             body->order_id, *as_of == 0 ? STORE_NEVER : *as_of, &other);
        if (err == OK)
            err = twin_get(core->store->twins, other.id, &twin);
        if (err == OK)
            err = begun_at(core, other.id, &before);
        if (err != OK) /* none, or one of before there was a roll: the rules refuse */
            return err == ERR_NOT_FOUND ? OK : err;
        if (before == 0 || (*as_of != 0 && before >= *as_of))
            return ERR_CORRUPT;
        *as_of = before;
    }
    return err;
}

enum err twins_look(struct core *core)
{
    struct spread *s = core->spread;
    struct act act;
    struct twin_row row;
    bool named = false;
    s->others = false;
    s->in.as_of = 0;
    if (!twins_apply(&s->row))
        return begun_at(core, s->row.about, &s->in.as_of);
    enum err err = act_of(core, &s->in, &act, &named);
    if (err != OK)
        return err_class(err) == ERR_CLASS_REJECT ? OK : err; /* the rules refuse it */
    if (!named)
        return begun_at(core, s->row.about, &s->in.as_of);
    row = twin_begin(act.key);
    while (!s->others && (err = twin_next(core->store->twins, &row)) == OK)
        s->others = memcmp(row.order_id, s->row.about, sizeof row.order_id) != 0;
    if (err != OK && err != ERR_NOT_FOUND)
        return err;
    return judged_on(core, &s->in, &act, &s->in.as_of);
}

/* ---- when it was in force ---- */

/* One document about it, those of the versions before it having been looked at. What is over
 * already is not over later because it is annulled, too. */
static void take_end(const struct roll_row *doc, const char *issuer, struct twin_row *row)
{
    const bool annulled = doc->type == lianshu_DocumentType_TYPE_SANCTION_ANNUL;
    if (doc->type == lianshu_DocumentType_TYPE_SANCTION_RESTORE)
        row->to_ms = STORE_NEVER;
    else if ((annulled || doc->type == lianshu_DocumentType_TYPE_SANCTION_LIFT) &&
             row->to_ms == STORE_NEVER)
        row->to_ms = doc->accepted_ms;
    if (annulled && strcmp(doc->issuer, issuer) != 0)
        row->annulled_ms = doc->accepted_ms;
}

/* When its documents end it, and when they annul it from above; of those of one version the one
 * that goes before the others counts, whatever became of it here: so every hub that has them comes
 * to the same moments. */
static enum err over_at(struct core *core, const char *issuer, struct twin_row *twin)
{
    enum err err = OK;
    bool any = true;
    twin->to_ms = twin->annulled_ms = STORE_NEVER;
    for (uint32_t version = 2; err == OK && any; version++) {
        uint8_t hash[HASH_LEN] = {0};
        struct roll_row row;
        struct roll_row best = {.version = 0};
        while ((err = roll_next_of_version(core->store->roll, twin->order_id, version, hash,
                                           &row)) == OK)
            if (best.version == 0 || contest_before(&row, &best))
                best = row;
        err = err == ERR_NOT_FOUND ? OK : err;
        any = best.version != 0;
        take_end(&best, issuer, twin);
    }
    if (twin->clock_ms < twin->to_ms)
        twin->to_ms = twin->clock_ms;
    return err;
}

enum err twins_enter(struct core *core, const struct incoming *doc, const struct roll_row *row,
                     uint32_t end_date, struct twin_acts *acts)
{
    struct twin_row twin = {.level = contest_level(row->issuer),
                            .accepted_ms = row->accepted_ms,
                            .clock_ms = end_date == 0 ? STORE_NEVER : date_end_ms(end_date),
                            .state = TWIN_NEW};
    uint8_t number[STORE_TOKEN_LEN];
    struct twin_row before;
    struct act act;
    bool named;
    acts->count = 0;
    enum err err = orders_name(core, doc);
    if (err == OK)
        err = names_give(core, NAMES_DECISION, span_str(doc->body.order.decision_number), number);
    if (err == OK)
        err = act_of(core, doc, &act, &named);
    if (err != OK)
        return err;
    memcpy(twin.order_id, row->about, sizeof twin.order_id);
    memcpy(twin.hash, row->hash, sizeof twin.hash);
    memcpy(twin.act, act.key, sizeof twin.act);
    err = over_at(core, row->issuer, &twin);
    if (err == OK)
        err = twin_get(core->store->twins, row->about, &before);
    if (err == OK && memcmp(before.act, twin.act, sizeof twin.act) != 0)
        memcpy(acts->key[acts->count++], before.act, sizeof before.act);
    memcpy(acts->key[acts->count++], twin.act, sizeof twin.act);
    return err == OK || err == ERR_NOT_FOUND ? twin_put(core->store->twins, &twin) : err;
}

/* ---- telling ---- */

static enum err tell_one(struct core *core, const struct roll_row *whom,
                         const struct roll_row *stands, const struct roll_row *other)
{
    lianshu_HubNotice body = {.kind = lianshu_HubNoticeKind_HUBNOTICE_ACT_TWICE};
    char id[2 * STORE_ID_LEN + 1];
    if (!spread_ours(core, whom->issuer))
        return OK; /* its own hub sees the same */
    tell_order(&body, whom->about);
    hex_encode(span_of(other->about, sizeof other->about), id);
    snprintf(body.reference, sizeof body.reference, "%s %s", other->issuer, id);
    text_copy(body.member, sizeof body.member, stands->issuer);
    return tell_notice(core, whom->issuer, &body);
}

static enum err tell_lost(struct core *core, const struct roll_row *winner,
                          const struct roll_row *loser, enum err code)
{
    enum err err = store_count(core->store, "orders.twice", 1);
    if (err == OK && loser->hops[0] == '\0')
        err = contest_refuse_late(core, loser, code);
    if (err == OK)
        err = tell_one(core, loser, winner, winner);
    return err == OK ? tell_one(core, winner, winner, loser) : err;
}

/* It had been told that it lost to another one. */
static enum err tell_raised(struct core *core, const struct roll_row *row,
                            const struct twin_row *twin)
{
    static const uint8_t none[HASH_LEN] = {0};
    struct roll_row other;
    if (memcmp(twin->lost_to, none, HASH_LEN) == 0)
        return OK;
    enum err err = roll_get(core->store->roll, twin->lost_to, &other);
    if (err == OK)
        err = tell_one(core, row, row, &other);
    return err == OK || err == ERR_NOT_FOUND ? store_count(core->store, "orders.raised", 1) : err;
}

/* ---- settling ---- */

/* None of its documents stands any more. */
static enum err lose(struct core *core, const uint8_t order[static STORE_ID_LEN], uint32_t newest)
{
    enum err err = OK;
    for (uint32_t version = 1; err == OK && version <= newest; version++) {
        uint8_t hash[HASH_LEN] = {0};
        struct roll_row row;
        while ((err = roll_next_of_version(core->store->roll, order, version, hash, &row)) == OK) {
            if (row.stands != ROLL_STANDS)
                continue;
            err = roll_stand(core->store->roll, row.hash, ROLL_LOST, ERR_ORDER_CONFLICT);
            if (err != OK)
                return err;
        }
        err = err == ERR_NOT_FOUND ? OK : err;
    }
    return err;
}

enum err twins_end(struct core *core, const uint8_t order[static STORE_ID_LEN])
{
    struct order_row row;
    enum err err = order_get(core->store->orders, order, STORE_NEVER, &row);
    if (err != OK)
        return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
    row.state = ORDER_ANNULLED;
    row.changed_by[0] = '\0';
    memset(row.change_document, 0, sizeof row.change_document);
    err = orders_end(core, &row);
    return err == OK ? lose(core, row.id, row.version) : err;
}

/* Does one that goes before it bar it? What it had in effect is over with that. */
static enum err decide(struct core *core, struct twin_row *row)
{
    struct twin_row above;
    struct roll_row winner;
    struct roll_row loser;
    enum err err = twin_above(core->store->twins, row, &above);
    if (err != OK && err != ERR_NOT_FOUND)
        return err;
    const enum twin_state state = err == OK ? TWIN_LOST : TWIN_STANDS;
    if (row->state == state)
        return OK;
    row->state = state;
    if (state == TWIN_LOST)
        memcpy(row->lost_to, above.hash, sizeof row->lost_to);
    err = twin_set(core->store->twins, row);
    if (err != OK || state == TWIN_STANDS)
        return err;
    err = roll_get(core->store->roll, row->hash, &loser);
    if (err == OK)
        err = roll_get(core->store->roll, above.hash, &winner);
    if (err == OK && loser.stands == ROLL_STANDS)
        err = twins_end(core, row->order_id);
    if (err == OK)
        err =
            tell_lost(core, &winner, &loser,
                      above.annulled_ms < row->accepted_ms ? ERR_ACT_ANNULLED : ERR_ORDER_CONFLICT);
    return err == ERR_NOT_FOUND ? OK : err; /* the roll has lost it */
}

/* Nothing bars it any more, and it is without effect: as if it came now. */
static enum err rise(struct core *core, const struct roll_row *row)
{
    struct spread *s = core->spread;
    struct writer lsd1 = writer_of(s->facts.document.bytes, sizeof s->facts.document.bytes);
    struct order_row before;
    struct act act;
    uint64_t as_of = 0;
    bool named;
    enum err err = spread_unseal(core, row, &lsd1);
    if (err == OK)
        err = act_of(core, &s->in, &act, &named);
    if (err == OK)
        err = judged_on(core, &s->in, &act, &as_of);
    if (err != OK)
        return err;
    s->in.as_of = as_of;
    err = judge_spread(core, &s->in, &s->judged);
    if (err_class(err) == ERR_CLASS_REJECT)
        s->judged.err = err;
    else if (err != OK)
        return err;
    if (s->judged.err != OK)
        return roll_stand(core->store->roll, row->hash, ROLL_REFUSED, (uint32_t)s->judged.err);
    err = order_get(core->store->orders, row->about, STORE_NEVER, &before);
    if (err == OK)
        err = contest_go_back(core, row->about, 0);
    if (err == OK || err == ERR_NOT_FOUND)
        err = spread_apply(core, row->seq);
    if (err == OK)
        err = roll_stand(core->store->roll, row->hash, ROLL_STANDS, 0);
    return err == OK ? contest_rise(core, row->about, row->version) : err;
}

static enum err raise_one(struct core *core, struct twin_row *twin)
{
    struct roll_row row;
    if (twin->state != TWIN_STANDS)
        return OK;
    enum err err = roll_get(core->store->roll, twin->hash, &row);
    if (err == ERR_NOT_FOUND ||
        (err == OK && (row.stands != ROLL_LOST || row.code != ERR_ORDER_CONFLICT)))
        return OK;
    if (err == OK)
        err = rise(core, &row);
    if (err == ERR_ERASED) /* its text was kept long enough */
        return OK;
    if (err == OK)
        err = tell_raised(core, &row, twin);
    memset(twin->lost_to, 0, sizeof twin->lost_to);
    return err == OK ? twin_set(core->store->twins, twin) : err;
}

/* By rank: whoever bars another one is decided before it. What loses is over before anything else
 * takes effect. */
static enum err settle(struct core *core, const uint8_t act[static TWIN_ACT_LEN])
{
    static enum err (*const pass[])(struct core *, struct twin_row *) = {decide, raise_one};
    enum err err = OK;
    for (size_t i = 0; err == OK && i < sizeof pass / sizeof pass[0]; i++) {
        struct twin_row row = twin_begin(act);
        while ((err = twin_next(core->store->twins, &row)) == OK)
            if ((err = pass[i](core, &row)) != OK)
                return err;
        err = err == ERR_NOT_FOUND ? OK : err;
    }
    return err;
}

enum err twins_settle(struct core *core, const struct twin_acts *acts)
{
    enum err err = OK;
    for (size_t i = 0; err == OK && i < acts->count; i++)
        err = settle(core, acts->key[i]);
    return err;
}

enum err twins_changed(struct core *core, const uint8_t order[static STORE_ID_LEN])
{
    struct twin_row row = {.level = 0};
    struct roll_row first;
    enum err err = twin_get(core->store->twins, order, &row);
    const struct twin_row before = row;
    if (err == OK)
        err = roll_get(core->store->roll, row.hash, &first);
    if (err == OK)
        err = over_at(core, first.issuer, &row);
    if (err != OK || (row.to_ms == before.to_ms && row.annulled_ms == before.annulled_ms))
        return err == ERR_NOT_FOUND ? OK : err;
    err = twin_set(core->store->twins, &row);
    return err == OK ? settle(core, row.act) : err;
}
