/* Orders that a revoked key made or changed since it is doubted: they stand, for who is served by
 * a key that was stolen must not be the one to say when they end. Two officials of the hub have
 * them reviewed: each is marked, its issuer and the one above are told at once, and the term of an
 * objection runs until the issuer, or who stands above, confirms or gives it up. The log since then
 * may be long: it is gone through in steps, and where each key's stands is in the database. */
#include "core/query.h"

#include "base/hex.h"
#include "base/log.h"
#include "keys/amend.h"

#include <stdio.h>
#include <string.h>

struct doubt {
    uint8_t kid[KID_LEN];
    char member[STORE_MEMBER_MAX + 1];
    uint64_t first; /* leaf that is not before the doubt */
    uint64_t next;
    uint64_t end;
    uint64_t reviewed; /* orders */
};

struct doubts { /* under way: the first is gone through */
    size_t count;
    struct doubt row[DOUBT_JOBS_MAX];
};

enum { DOUBT_LEN = KID_LEN + STORE_MEMBER_MAX + 4 * 8 };

_Static_assert(DOUBT_LEN *DOUBT_JOBS_MAX <= STORE_META_MAX, "one value holds all of them");

/* One request for each (key, order), however often it is asked for. */
static void review_id(const uint8_t kid[static KID_LEN], const uint8_t order[static STORE_ID_LEN],
                      uint8_t out[static STORE_ID_LEN])
{
    uint8_t hash[HASH_LEN];
    const struct span spans[] = {LABEL("doubt"), span_of(kid, KID_LEN),
                                 span_of(order, STORE_ID_LEN)};
    hash_spans(hash, spans, 3);
    memcpy(out, hash, STORE_ID_LEN);
}

enum err doubt_review(struct core *core, const uint8_t kid[static KID_LEN],
                      const uint8_t order[static STORE_ID_LEN], struct request *out)
{
    uint8_t id[STORE_ID_LEN];
    review_id(kid, order, id);
    return request_of_document(core->store->requests, id, out);
}

/* Is the document of that row signed with the key? */
static enum err by_key(struct core *core, const struct order_row *row,
                       const uint8_t kid[static KID_LEN], bool *is)
{
    struct writer lsd1 = writer_of(core->frame, FRAME_MAX);
    *is = false;
    if (row->sealed.len == 0 || store_is_erased(row->sealed))
        return OK;
    enum err err = plans_unseal(core, row, &lsd1, NULL, NULL);
    for (pb_size_t i = 0; err == OK && i < core->stored.issuers_count; i++)
        *is = *is || memcmp(core->stored.issuers[i].kid, kid, KID_LEN) == 0;
    return err;
}

static enum err write_leaf(struct core *core, const struct order_row *row, const char *member,
                           uint64_t *leaf)
{
    lianshu_Admin body = {.registry_version = registry_version(core->opt.registry)};
    snprintf(body.event, sizeof body.event, "doubt.order");
    snprintf(body.by, sizeof body.by, "%s", member);
    body.document.size = HASH_LEN;
    memcpy(body.document.bytes, row->change_document, HASH_LEN);
    return apply_leaf(core, LOG_ADMIN, &lianshu_Admin_msg, &body, leaf);
}

/* The state that a leaf records: is it to be reviewed, and still in effect? */
static enum err look_at(struct core *core, struct doubt *doubt, const struct log_entry *entry)
{
    lianshu_StateChange change;
    struct order_row row;
    struct order_row now;
    struct request review = {.kind = REQUEST_OBJECTION};
    const uint64_t as_of = entry->index + 1;
    bool is = false;
    enum err err = wire_decode(&lianshu_StateChange_msg, entry->body, &change);
    if (err != OK || strcmp(change.by, doubt->member) != 0)
        return err;
    err = doubt_review(core, doubt->kid, change.id, &review);
    if (err != ERR_NOT_FOUND)
        return err;
    review = (struct request){.kind = REQUEST_OBJECTION};
    err = order_get(core->store->orders, change.id, as_of, &row);
    if (err == OK)
        err = by_key(core, &row, doubt->kid, &is);
    if (err == OK && is)
        err = order_get(core->store->orders, change.id, STORE_NEVER, &now);
    if (err != OK || !is || now.state > ORDER_SUSPENDED)
        return err == ERR_NOT_FOUND ? OK : err;
    review_id(doubt->kid, change.id, review.document);
    memcpy(review.order_id, change.id, sizeof review.order_id);
    snprintf(review.asker, sizeof review.asker, "%s", core->opt.member);
    err = write_leaf(core, &row, doubt->member, &review.seq);
    if (err == OK)
        err = redress_doubt(core, &review, &now);
    doubt->reviewed += err == OK;
    return err;
}

/* ---- what is under way ---- */

static const char DOUBTS[] = "doubt.jobs";

static enum err doubts_put(struct core *core, const struct doubts *doubts)
{
    uint8_t bytes[DOUBT_JOBS_MAX * DOUBT_LEN];
    struct writer w = writer_of(bytes, sizeof bytes);
    for (size_t i = 0; i < doubts->count; i++) {
        const struct doubt *d = &doubts->row[i];
        write_bytes(&w, d->kid, KID_LEN);
        write_bytes(&w, d->member, STORE_MEMBER_MAX);
        write_uint(&w, d->first, 8);
        write_uint(&w, d->next, 8);
        write_uint(&w, d->end, 8);
        write_uint(&w, d->reviewed, 8);
    }
    core->doubt_settled = false;
    return store_meta_put(core->store, DOUBTS, writer_span(&w));
}

static bool take_doubt(struct span *from, struct doubt *out)
{
    struct span kid;
    struct span member;
    if (!span_take(from, KID_LEN, &kid) || !span_take(from, STORE_MEMBER_MAX, &member) ||
        !span_take_uint(from, 8, &out->first) || !span_take_uint(from, 8, &out->next) ||
        !span_take_uint(from, 8, &out->end) || !span_take_uint(from, 8, &out->reviewed))
        return false;
    memcpy(out->kid, kid.data, KID_LEN);
    memcpy(out->member, member.data, STORE_MEMBER_MAX);
    return true;
}

static enum err doubts_get(struct core *core, struct doubts *out)
{
    uint8_t bytes[DOUBT_JOBS_MAX * DOUBT_LEN];
    size_t len;
    *out = (struct doubts){0};
    enum err err = store_meta_get(core->store, DOUBTS, bytes, sizeof bytes, &len);
    if (err != OK)
        return err == ERR_NOT_FOUND ? OK : err;
    for (struct span from = {bytes, len}; from.len > 0; out->count++) {
        if (!take_doubt(&from, &out->row[out->count]))
            return ERR_CORRUPT;
    }
    return OK;
}

/* The one of that key; past the last: there is none. */
static size_t find(const struct doubts *doubts, const uint8_t kid[static KID_LEN])
{
    size_t i = 0;
    while (i < doubts->count && memcmp(doubts->row[i].kid, kid, KID_LEN) != 0)
        i++;
    return i;
}

enum err doubt_begin(struct core *core, const char *member, const uint8_t kid[static KID_LEN])
{
    const struct registry_key *key;
    struct doubts doubts;
    struct doubt begun = {.end = log_size(core->store->log)};
    if (registry_key(core->opt.registry, kid, &key) != OK || key->revoked_ms == 0 ||
        strcmp(key->member->id, member) != 0)
        return ERR_KID_UNKNOWN;
    enum err err = doubts_get(core, &doubts);
    if (err == OK)
        err = query_leaf_at(core, key->revoked_ms, &begun.first);
    if (err != OK)
        return err;
    const size_t i = find(&doubts, kid);
    if (i == DOUBT_JOBS_MAX)
        return ERR_BUSY;
    begun.next = begun.first;
    memcpy(begun.kid, kid, KID_LEN);
    snprintf(begun.member, sizeof begun.member, "%s", member);
    doubts.row[i] = begun;
    doubts.count += i == doubts.count;
    return doubts_put(core, &doubts);
}

/* ---- steps ---- */

static enum err some(struct core *core, struct doubt *doubt)
{
    struct leaf_log *log = core->store->log;
    const uint64_t most = doubt->next + core->opt.doubt_leaves;
    const uint64_t stop = most < doubt->end ? most : doubt->end;
    enum err err = OK;
    for (size_t seen = 0; err == OK && seen < DOUBT_ORDERS && doubt->next < stop; seen++) {
        struct log_entry entry;
        err = log_find(log, LOG_ORDER_STATE, doubt->next, stop, &doubt->next);
        if (err == OK)
            err = log_get(log, doubt->next++, &entry);
        if (err == OK)
            err = look_at(core, doubt, &entry);
    }
    return err == ERR_NOT_FOUND ? OK : err;
}

static void drop_first(struct doubts *doubts)
{
    char kid[2 * KID_LEN + 1];
    const struct doubt *over = &doubts->row[0];
    hex_encode(span_of(over->kid, KID_LEN), kid);
    log_info("doubt_reviewed", "kid=%s leaves=%llu orders=%llu", kid,
             (unsigned long long)(over->end - over->first), (unsigned long long)over->reviewed);
    doubts->count--;
    memmove(doubts->row, doubts->row + 1, doubts->count * sizeof doubts->row[0]);
}

enum err doubt_step(struct core *core, bool *more)
{
    struct doubts doubts;
    *more = false;
    if (core->doubt_settled)
        return OK;
    enum err err = doubts_get(core, &doubts);
    core->doubt_settled = err == OK && doubts.count == 0;
    if (err != OK || doubts.count == 0)
        return err;
    err = core_begin(core);
    if (err == OK)
        err = some(core, &doubts.row[0]);
    if (err == OK && doubts.row[0].next >= doubts.row[0].end)
        drop_first(&doubts);
    if (err == OK)
        err = doubts_put(core, &doubts);
    *more = true;
    return err;
}

/* ---- for people ---- */

enum err doubt_running(struct core *core, uint64_t *count)
{
    struct doubts doubts;
    const enum err err = doubts_get(core, &doubts);
    *count = doubts.count;
    return err;
}

enum err doubt_tell(struct core *core, const uint8_t kid[static KID_LEN], struct json *answer)
{
    struct doubts doubts;
    const enum err err = doubts_get(core, &doubts);
    const size_t i = find(&doubts, kid);
    if (err != OK || i == doubts.count)
        return err;
    const struct doubt *d = &doubts.row[i];
    json_put_uint(answer, "review_percent",
                  d->next == d->first ? 0 : (d->next - d->first) * 100 / (d->end - d->first));
    json_put_uint(answer, "review_orders", d->reviewed);
    return OK;
}
