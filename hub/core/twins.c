/* The same act punished under two orders, imposed on both sides of a cut: which of them stands
 * follows from their first documents and from when each was in force (spread.h, guarantee 7).
 * Within one hub there are none: the second is refused (E640). */
#include "core/state.h"

#include "base/calendar.h"
#include "base/hex.h"
#include "base/text.h"

#include <stdio.h>
#include <string.h>

/* In force from the first moment to the second one, by the first hubs' clocks. */
struct life {
    uint64_t from_ms;
    uint64_t to_ms;
};

static bool overlap(const struct life *a, const struct life *b)
{
    return a->from_ms < b->to_ms && b->from_ms < a->to_ms;
}

/* The higher region, then what was accepted first, then the lower hash. */
static bool goes_before(const struct roll_row *a, const struct roll_row *b)
{
    const unsigned level_a = contest_level(a->issuer);
    const unsigned level_b = contest_level(b->issuer);
    if (level_a != level_b)
        return level_a < level_b;
    if (a->accepted_ms != b->accepted_ms)
        return a->accepted_ms < b->accepted_ms;
    return memcmp(a->hash, b->hash, sizeof a->hash) < 0;
}

/* Its end came with a document, or with the clock. */
static enum err end_of(struct core *core, const struct order_row *row, uint64_t *to_ms)
{
    static const uint8_t none[HASH_LEN] = {0};
    struct roll_row change;
    *to_ms = STORE_NEVER;
    if (row->state <= ORDER_SUSPENDED)
        return OK;
    if (memcmp(row->change_document, none, sizeof none) == 0) {
        *to_ms = row->end_date == 0 ? STORE_NEVER : date_end_ms(row->end_date);
        return OK;
    }
    enum err err = roll_get(core->store->roll, row->change_document, &change);
    if (err == OK)
        *to_ms = change.accepted_ms;
    return err == ERR_NOT_FOUND ? OK : err;
}

/* What came before the order itself and waits for it: its end overtakes it. */
static enum err end_that_waits(struct core *core, const uint8_t order[static STORE_ID_LEN],
                               uint64_t *to_ms)
{
    bool any = true;
    enum err err = OK;
    *to_ms = STORE_NEVER;
    for (uint32_t version = 2; err == OK && any; version++) {
        uint8_t hash[HASH_LEN] = {0};
        struct roll_row row;
        any = false;
        while ((err = roll_next_of_version(core->store->roll, order, version, hash, &row)) == OK) {
            any = true;
            if (row.type == lianshu_DocumentType_TYPE_SANCTION_LIFT ||
                row.type == lianshu_DocumentType_TYPE_SANCTION_ANNUL)
                *to_ms = row.accepted_ms;
            else if (row.type == lianshu_DocumentType_TYPE_SANCTION_RESTORE)
                *to_ms = STORE_NEVER;
        }
        err = err == ERR_NOT_FOUND ? OK : err;
    }
    return err;
}

/* The document that the order began with, when it stands. */
static enum err first_document(struct core *core, const uint8_t order[static STORE_ID_LEN],
                               struct roll_row *out)
{
    uint8_t hash[HASH_LEN] = {0};
    enum err err;
    while ((err = roll_next_of_version(core->store->roll, order, 1, hash, out)) == OK)
        if (out->stands == ROLL_STANDS)
            return OK;
    return err;
}

/* One order of the same list, subject and act: which of both goes, and is it to go at all? */
static enum err compare(struct core *core, const struct order_row *other, const struct life *life)
{
    struct spread *s = core->spread;
    struct twins *twins = &s->twins;
    struct roll_row begun;
    struct life theirs = {0};
    uint64_t cursor = 0;
    struct order_row first;
    enum err err = first_document(core, other->id, &begun);
    if (err == OK)
        err = end_of(core, other, &theirs.to_ms);
    if (err != OK) /* of before there was a roll, or it has lost itself */
        return err == ERR_NOT_FOUND ? OK : err;
    theirs.from_ms = begun.accepted_ms;
    err = order_history(core->store->orders, other->id, &cursor, &first);
    if (err != OK)
        return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
    const bool both = overlap(life, &theirs);
    if ((both || other->state <= ORDER_SUSPENDED) &&
        (twins->as_of == 0 || first.seq < twins->as_of))
        twins->as_of = first.seq;
    if (!both)
        return OK;
    if (goes_before(&begun, &s->row) && (!twins->lost || goes_before(&begun, &s->rival))) {
        twins->lost = true;
        s->rival = begun;
    }
    if (twins->count == TWINS_MAX)
        return OK;
    twins->row[twins->count++] = begun;
    return OK;
}

enum err twins_look(struct core *core)
{
    struct spread *s = core->spread;
    const lianshu_SanctionOrder *body = &s->in.body.order;
    uint8_t subject[STORE_TOKEN_LEN];
    uint8_t act[STORE_ID_LEN];
    uint8_t id[STORE_ID_LEN] = {0};
    struct order_row row;
    struct life life = {.from_ms = s->row.accepted_ms};
    s->twins = (struct twins){.count = 0};
    if (s->in.header.type != lianshu_DocumentType_TYPE_SANCTION_ORDER || s->row.version != 1)
        return OK;
    enum err err = orders_token(core, s->in.subject, s->in.persons, s->in.person_count, 0, subject);
    if (err == OK)
        err = view_token(core, 0, span_str(body->decision_number), act);
    if (err == OK)
        err = end_that_waits(core, s->row.about, &life.to_ms);
    if (err != OK)
        return err_class(err) == ERR_CLASS_REJECT ? OK : err; /* the rules refuse it */
    while ((err = order_next_of_subject(core->store->orders, subject, STORE_NEVER, id, &row)) ==
           OK) {
        if (strcmp(row.list, body->list) != 0 || memcmp(row.act, act, sizeof act) != 0 ||
            memcmp(row.id, s->row.about, sizeof row.id) == 0)
            continue;
        err = compare(core, &row, &life);
        if (err != OK)
            return err;
    }
    return err == ERR_NOT_FOUND ? OK : err;
}

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

enum err twins_displace(struct core *core)
{
    const struct twins twins = core->spread->twins; /* ending an order uses the spread */
    for (size_t i = 0; i < twins.count; i++) {
        struct order_row row;
        enum err err = order_get(core->store->orders, twins.row[i].about, STORE_NEVER, &row);
        if (err != OK)
            return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
        row.state = ORDER_ANNULLED;
        row.changed_by[0] = '\0';
        memset(row.change_document, 0, sizeof row.change_document);
        err = orders_end(core, &row);
        if (err == OK)
            err = lose(core, row.id, row.version);
        if (err != OK)
            return err;
    }
    return OK;
}

static enum err tell_one(struct core *core, const struct roll_row *whom,
                         const struct roll_row *winner, const struct roll_row *loser)
{
    const struct roll_row *other = whom == winner ? loser : winner;
    lianshu_HubNotice body = {.kind = lianshu_HubNoticeKind_HUBNOTICE_ACT_TWICE};
    char id[2 * STORE_ID_LEN + 1];
    tell_order(&body, whom->about);
    hex_encode(span_of(other->about, sizeof other->about), id);
    snprintf(body.reference, sizeof body.reference, "%s %s", other->issuer, id);
    text_copy(body.member, sizeof body.member, winner->issuer);
    return tell_notice(core, whom->issuer, &body);
}

enum err twins_tell(struct core *core, const struct roll_row *winner, const struct roll_row *loser)
{
    enum err err = store_count(core->store, "orders.twice", 1);
    if (err == OK && loser->hops[0] == '\0')
        err = contest_refuse_late(core, loser, ERR_ORDER_CONFLICT);
    if (err == OK && spread_ours(core, loser->issuer))
        err = tell_one(core, loser, winner, loser);
    if (err == OK && spread_ours(core, winner->issuer))
        err = tell_one(core, winner, winner, loser);
    return err;
}
