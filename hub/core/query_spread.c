/* How fresh the list of orders is, and which documents of an order there were. */
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
