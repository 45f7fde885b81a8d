/* Messages as people look for them: by either id, of any sender. */
#include "store/message_own.h"

/* The next sender of a fresh row, when it comes before that of the table. */
static bool fresh_sender_next(struct messages *m, const char *after, bool any,
                              char sender[static STORE_MEMBER_MAX + 1])
{
    struct fresh_row fresh;
    struct message_row row;
    uint32_t at = 0;
    while (fresh_walk(m->fresh, FRESH_MESSAGE, &at, &fresh)) {
        if (!message_unpack(fresh.key, fresh.head, &row) || strcmp(row.sender, after) <= 0 ||
            (any && strcmp(row.sender, sender) >= 0))
            continue;
        memcpy(sender, row.sender, sizeof row.sender);
        any = true;
    }
    return any;
}

static enum err sender_next(struct messages *m, char sender[static STORE_MEMBER_MAX + 1])
{
    struct stmt *q = m->q[MESSAGE_SQL_SENDER_NEXT];
    char after[STORE_MEMBER_MAX + 1];
    memcpy(after, sender, sizeof after);
    stmt_bind_text(q, 1, after);
    enum err err = stmt_step(q);
    if (err == OK)
        stmt_copy_text(q, 0, sender, STORE_MEMBER_MAX + 1);
    err = stmt_end(q, err);
    if (err != OK && err != ERR_NOT_FOUND)
        return err;
    return fresh_sender_next(m, after, err == OK, sender) ? OK : ERR_NOT_FOUND;
}

enum err message_next_of_id(struct messages *m, const uint8_t id[static STORE_ID_LEN],
                            char sender[static STORE_MEMBER_MAX + 1], struct message_row *out)
{
    enum err err = sender_next(m, sender);
    while (err == OK) {
        err = message_get(m, sender, id, out);
        if (err != ERR_NOT_FOUND)
            return err;
        err = sender_next(m, sender);
    }
    return err;
}

static enum err find_env(struct messages *m, struct span env_id, struct message_row *out)
{
    struct fresh_row fresh;
    uint32_t at = 0;
    while (fresh_walk(m->fresh, FRESH_MESSAGE, &at, &fresh)) {
        if (message_unpack(fresh.key, fresh.head, out) &&
            memcmp(out->env_id, env_id.data, STORE_HASH_LEN) == 0)
            return OK;
    }
    stmt_bind_blob(m->q[MESSAGE_SQL_BY_ENV], 1, env_id);
    enum err err = stmt_step(m->q[MESSAGE_SQL_BY_ENV]);
    if (err == OK)
        err = message_read(m->q[MESSAGE_SQL_BY_ENV], out);
    return stmt_end(m->q[MESSAGE_SQL_BY_ENV], err);
}

enum err message_find(struct messages *m, struct span id, struct message_row *out)
{
    char sender[STORE_MEMBER_MAX + 1] = "";
    if (id.len == STORE_HASH_LEN)
        return find_env(m, id, out);
    return id.len == STORE_ID_LEN ? message_next_of_id(m, id.data, sender, out) : ERR_FIELD_VALUE;
}

enum err message_next_open(struct messages *m, uint64_t *seq)
{
    struct stmt *q = m->q[MESSAGE_SQL_FRAME_NEXT];
    enum err err = *seq == 0 ? fresh_drain(m->fresh) : OK;
    if (err != OK)
        return err;
    stmt_bind_u64(q, 1, *seq);
    err = stmt_step(q);
    if (err == OK)
        *seq = stmt_u64(q, 0);
    return stmt_end(q, err);
}

enum err message_counts(struct messages *m, uint64_t *known, uint64_t *frames)
{
    struct stmt *q = m->q[MESSAGE_SQL_COUNTS];
    enum err err = stmt_step(q);
    if (err == OK) {
        *known = stmt_u64(q, 0) + fresh_count(m->fresh, FRESH_MESSAGE);
        *frames = stmt_u64(q, 1) + fresh_count(m->fresh, FRESH_FRAME);
    }
    return stmt_end(q, err);
}
