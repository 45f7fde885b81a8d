/* What waits for officials: held by a gate, or parked. */
#include "core/query.h"

#include <string.h>

enum { WAITING_MAX = 1000 }; /* rows of one answer */

/* The member that an argument names; NULL: any. */
static const char *member_of(const struct query *q, const char *name)
{
    const char *text = json_get_text(q->args, name);
    return text == NULL || text[0] == '\0' ? NULL : text;
}

static void put_code(struct json *item, uint32_t code)
{
    json_put_uint(item, "code", code);
    json_put_text(item, "code_zh", err_zh(err_from_code(code)));
    json_put_text(item, "code_en", err_en(err_from_code(code)));
}

/* Since when: the time of the newest receipt about it. */
static uint64_t since_ms(struct core *core, const struct message_row *message)
{
    struct log_entry entry;
    return log_get(core->store->log, message->last_leaf, &entry) == OK ? entry.time_ms : 0;
}

static enum err add_row(struct query *q, struct json *list, const struct queue_row *row)
{
    const struct document_type *type = type_find(row->type);
    struct message_row message;
    struct json *item = json_map();
    json_put_text(item, "recipient", row->recipient);
    json_put_text(item, "sender", row->sender);
    json_put_text(item, "type", type != NULL ? type->name : "?");
    json_put_text(item, "type_zh", type != NULL ? type->zh : "?");
    json_put_hex(item, "message_id", span_of(row->message_id, sizeof row->message_id));
    /* A notice that was never sealed has no message yet. */
    enum err err = message_get(q->core->store->messages, row->sender, row->message_id, &message);
    json_put_ms(item, "since", err == OK ? since_ms(q->core, &message) : 0);
    json_put_uint(item, "attempts", row->attempts);
    put_code(item, row->code);
    json_put_ms(item, "expires", sweep_ends_ms(row) == STORE_NEVER ? 0 : row->expires_ms);
    json_add(list, item);
    return err == ERR_NOT_FOUND ? OK : err;
}

/* Rows of one state, recipient by recipient: the backlog of a recipient is not walked. */
static enum err add_recipient(struct query *q, struct json *list, const char *recipient,
                              enum queue_state state, bool *more)
{
    const char *sender = member_of(q, "sender");
    struct queue_row row = {.state = state};
    memcpy(row.recipient, recipient, sizeof row.recipient);
    while (!*more) {
        enum err err = queue_next(q->core->store->queue, &row);
        if (err != OK)
            return err == ERR_NOT_FOUND ? OK : err;
        if (strcmp(row.recipient, recipient) != 0 || row.state != state)
            return OK;
        if (sender != NULL && strcmp(row.sender, sender) != 0)
            continue;
        *more = json_count(list) == WAITING_MAX;
        if (!*more && (err = add_row(q, list, &row)) != OK)
            return err;
    }
    return OK;
}

static enum err list_state(struct query *q, enum queue_state state, const char *name)
{
    const char *only = member_of(q, "recipient");
    char recipient[STORE_MEMBER_MAX + 1] = "";
    struct json *list = json_list();
    bool more = false;
    enum err err = OK;
    while (err == OK && !more) {
        err = queue_next_recipient(q->core->store->queue, recipient);
        if (err == OK && (only == NULL || strcmp(only, recipient) == 0))
            err = add_recipient(q, list, recipient, state, &more);
    }
    json_put(q->answer, name, list);
    if (more)
        json_put_flag(q->answer, "more", true);
    return err == ERR_NOT_FOUND ? OK : err;
}

enum err query_held(struct query *q)
{
    return list_state(q, QUEUE_HELD, "held");
}

enum err query_parked(struct query *q)
{
    return list_state(q, QUEUE_PARKED, "parked");
}
