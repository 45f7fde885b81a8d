/* How fresh the list of orders is, which documents of an order there were, and how far it is at
 * other hubs. */
#include "core/query.h"

#include <string.h>

/* With each neighbour: when both lists were the same, and what it has not been told. */
enum err query_put_lists(struct query *q)
{
    struct core *core = q->core;
    struct json *list = json_list();
    enum err err = OK;
    for (size_t i = 0; err == OK && i < core->opt.link_count; i++) {
        const char *hub = core->opt.links[i].member;
        struct json *item = json_map();
        uint64_t at_ms;
        uint64_t left;
        json_put_text(item, "hub", hub);
        if (roll_freshness(core, hub, &at_ms))
            json_put_ms(item, "list_equal", at_ms);
        err = roll_backlog(core, hub, &left);
        json_put_uint(item, "untold", left);
        json_add(list, item);
    }
    json_put(q->answer, "lists", list);
    return err;
}

enum err query_put_versions(struct query *q, const uint8_t order[static STORE_ID_LEN],
                            uint32_t newest)
{
    static const char *const words[] = {
        [ROLL_STANDS] = "stands",
        [ROLL_WAITS] = "waits",
        [ROLL_LOST] = "lost",
        [ROLL_REFUSED] = "refused",
    };
    struct json *list = json_list();
    enum err err = OK;
    for (uint32_t version = 1; version <= newest + 1 && err == OK; version++) {
        uint8_t hash[STORE_HASH_LEN] = {0};
        struct roll_row row;
        while ((err = roll_next_of_version(q->core->store->roll, order, version, hash, &row)) ==
               OK) {
            struct json *item = json_map();
            json_put_uint(item, "version", row.version);
            json_put_text(item, "issuer", row.issuer);
            json_put_text(item, "state", words[row.stands]);
            json_put_uint(item, "code", row.code);
            json_put_ms(item, "accepted", row.accepted_ms);
            json_put_text(item, "hops", row.hops);
            json_put_hex(item, "document", span_of(row.hash, sizeof row.hash));
            json_add(list, item);
        }
        err = err == ERR_NOT_FOUND ? OK : err;
    }
    json_put(q->answer, "documents", list);
    return err;
}

static void put_tally(struct query *q, struct json *list, const struct tally_row *row)
{
    struct json *item = json_map();
    json_put_text(item, "hub", row->hub);
    json_put_ms(item, "at", row->at_ms);
    json_put_uint(item, "age_s",
                  q->core->now_ms > row->at_ms ? (q->core->now_ms - row->at_ms) / 1000 : 0);
    json_put_uint(item, "version", row->version);
    json_put_text(item, "state", query_order_word(row->state));
    for (uint32_t i = OBLIGATION_CREATED; i < OBLIGATION_STATES; i++)
        json_put_uint(item, query_obligation_word(i), row->count[i]);
    json_put_uint(item, "unassigned", row->count[0]);
    json_put_uint(item, "overdue", row->overdue);
    json_add(list, item);
}

enum err query_put_tallies(struct query *q, const uint8_t order[static STORE_ID_LEN])
{
    struct json *list = json_list();
    struct tally_row row;
    enum err err = tally_count(q->core, order, &row);
    if (err == OK) {
        put_tally(q, list, &row);
        row.hub[0] = '\0';
    }
    while (err == OK && (err = tally_next(q->core->store->tallies, order, &row)) == OK)
        put_tally(q, list, &row);
    json_put(q->answer, "hubs", list);
    return err == ERR_NOT_FOUND ? OK : err;
}
