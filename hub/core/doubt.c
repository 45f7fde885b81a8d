/* Orders that a revoked key made or changed since it is doubted: they stand, for who is served by
 * a key that was stolen must not be the one to say when they end. Two officials of the hub have
 * them reviewed: each is marked, its issuer and the one above are told at once, and the term of an
 * objection runs until the issuer, or who stands above, confirms or gives it up. */
#include "core/query.h"

#include "keys/amend.h"

#include <stdio.h>
#include <string.h>

enum { DOUBT_ORDERS_MAX = 256 /* of one act: it is repeated for more */ };

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
static enum err look_at(struct core *core, const struct registry_key *key,
                        const struct log_entry *entry, size_t *count)
{
    lianshu_StateChange change;
    struct order_row row;
    struct order_row now;
    struct request review = {.kind = REQUEST_OBJECTION};
    const uint64_t as_of = entry->index + 1;
    bool is = false;
    enum err err = wire_decode(&lianshu_StateChange_msg, entry->body, &change);
    if (err != OK || strcmp(change.by, key->member->id) != 0)
        return err;
    err = doubt_review(core, key->kid, change.id, &review);
    if (err != ERR_NOT_FOUND)
        return err;
    review = (struct request){.kind = REQUEST_OBJECTION};
    err = order_get(core->store->orders, change.id, as_of, &row);
    if (err == OK)
        err = by_key(core, &row, key->kid, &is);
    if (err == OK && is)
        err = order_get(core->store->orders, change.id, STORE_NEVER, &now);
    if (err != OK || !is || now.state > ORDER_SUSPENDED)
        return err == ERR_NOT_FOUND ? OK : err;
    review_id(key->kid, change.id, review.document);
    memcpy(review.order_id, change.id, sizeof review.order_id);
    snprintf(review.asker, sizeof review.asker, "%s", core->opt.member);
    err = write_leaf(core, &row, key->member->id, &review.seq);
    if (err == OK)
        err = redress_doubt(core, &review, &now);
    *count += err == OK;
    return err;
}

enum err doubt_begin(struct core *core, const char *member, const uint8_t kid[static KID_LEN])
{
    const struct registry_key *key;
    struct leaf_log *log = core->store->log;
    uint64_t next = 0;
    size_t count = 0;
    if (registry_key(core->opt.registry, kid, &key) != OK || key->revoked_ms == 0 ||
        strcmp(key->member->id, member) != 0)
        return ERR_KID_UNKNOWN;
    const uint64_t end = log_size(log);
    enum err err = query_leaf_at(core, key->revoked_ms, &next);
    while (err == OK && count < DOUBT_ORDERS_MAX) {
        struct log_entry entry;
        err = log_find(log, LOG_ORDER_STATE, next, end, &next);
        if (err == OK)
            err = log_get(log, next++, &entry);
        if (err == OK)
            err = look_at(core, key, &entry, &count);
    }
    return err == ERR_NOT_FOUND ? OK : err;
}
