/* What the hub itself has taken in and brought to an end is nowhere else: lost with the hub's disk,
 * it would be lost for good. So its frames and attachments stay for as long as a copy of that disk
 * may be old, and a restored hub is offered them again (PROTOCOL 8.3). */
#include "adapters/sdk/inner.h"
#include "adapters/sdk/inner_sql.h"
#include "base/clock.h"

enum err kept_put(struct sdk *s, uint64_t row, const uint8_t message_id[static SDK_ID_LEN],
                  uint64_t now_ms)
{
    struct stmt *q = s->sql[SQL_KEPT_PUT];

    stmt_bind_u64(q, 1, row);
    stmt_bind_bytes(q, 2, message_id, SDK_ID_LEN);
    stmt_bind_u64(q, 3, now_ms + SDK_KEPT_HOURS * (uint64_t)HOUR_MS);
    return stmt_run(q);
}

enum err kept_release(struct sdk *s, uint64_t now_ms)
{
    struct stmt *first = s->sql[SQL_KEPT_FIRST];
    struct stmt *drop = s->sql[SQL_KEPT_DROP];

    for (int i = 0; i < SDK_BATCH_MAX; i++) {
        enum err err = stmt_step(first);
        const uint64_t id = err == OK ? stmt_u64(first, 0) : 0;
        const bool over = err == OK && stmt_u64(first, 1) <= now_ms;
        if ((err = stmt_end(first, err)) != OK || !over)
            return err == ERR_NOT_FOUND ? OK : err;
        stmt_bind_u64(drop, 1, id);
        if ((err = inner_begin(s)) != OK || (err = stmt_run(drop)) != OK ||
            (err = outbox_drop_files(s, id)) != OK)
            return err;
    }
    return OK;
}

enum err kept_again(struct sdk *s)
{
    const enum err err = inner_begin(s);
    return err == OK ? stmt_run(s->sql[SQL_KEPT_AGAIN]) : err;
}

enum err kept_known(struct sdk *s, uint64_t row)
{
    struct stmt *drop = s->sql[SQL_LIVE_DROP];

    stmt_bind_u64(drop, 1, row);
    return stmt_run(drop);
}
