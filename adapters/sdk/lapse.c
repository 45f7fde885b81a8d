/* What is over before the hub took it: told to its caller. The number of a conversation that it had
 * is the hub's to close, or all that follows would wait for it (E508): such a message goes on being
 * offered until the hub has said that it is over, too. */
#include "adapters/sdk/inner.h"
#include "adapters/sdk/inner_sql.h"

/* SQLite's integers are signed. */
#define NEVER_MS ((uint64_t)INT64_MAX)

static enum err is_numbered(struct sdk *s, uint64_t row, bool *is)
{
    struct span bytes;
    struct frame_envelope frame;
    enum err err = frames_get(s, row, &bytes);

    if (err == OK && (err = frame_parse_envelope(bytes, &frame)) == OK)
        err = wire_decode(&lianshu_Header_msg, frame.header, s->header);
    *is = err == OK && s->header->sequence != 0;
    return err;
}

/* Its row is over; what is offered stays. */
static enum err offer_on(struct sdk *s, const struct outbox_row *row)
{
    struct stmt *q = s->sql[SQL_LIVE_PUT];

    stmt_bind_u64(q, 1, row->id);
    stmt_bind_bytes(q, 2, row->message_id, SDK_ID_LEN);
    stmt_bind_u64(q, 3, type_find(row->type)->lane == LANE_REPAIR);
    stmt_bind_u64(q, 4, 0);
    stmt_bind_u64(q, 5, NEVER_MS);
    return stmt_run(q);
}

static enum err lapse_one(struct sdk *s, const uint8_t id[static SDK_ID_LEN], uint64_t row_id,
                          uint64_t now_ms)
{
    struct outbox_row *row;
    bool numbered = false;
    enum err err = is_numbered(s, row_id, &numbered);

    if (err != OK || (err = outbox_over(s, id, now_ms, &row)) != OK)
        return err;
    if (numbered)
        return offer_on(s, row);
    flight_land(s, id, now_ms);
    return OK;
}

enum err outbox_lapse(struct sdk *s, uint64_t now_ms)
{
    struct stmt *q = s->sql[SQL_LIVE_LAPSED];
    uint64_t cursor = 0;

    for (int i = 0; i < SDK_BATCH_MAX; i++) {
        uint8_t id[SDK_ID_LEN];
        stmt_bind_u64(q, 1, now_ms);
        stmt_bind_u64(q, 2, cursor);
        enum err err = stmt_step(q);
        if (err == OK) {
            stmt_copy(q, 0, id, sizeof id);
            cursor = stmt_u64(q, 1);
        }
        if ((err = stmt_end(q, err)) != OK)
            return err == ERR_NOT_FOUND ? kept_release(s, now_ms) : err;
        if ((err = inner_begin(s)) != OK || (err = lapse_one(s, id, cursor, now_ms)) != OK)
            return err;
    }
    return OK;
}
