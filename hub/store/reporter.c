#include "store/reporter.h"

#include "store/columns.h"

#include <stdlib.h>

enum query { PUT, GET, ASK_PUT, ASK_GET, ASK_TOLD, QUERY_COUNT };

static const char *const queries[QUERY_COUNT] = {
    [PUT] = "INSERT INTO reporter (pseudonym, holder, seq) VALUES (?1, ?2, ?3)",
    [GET] = "SELECT pseudonym, holder, seq FROM reporter WHERE pseudonym = ?1",
    [ASK_PUT] = "INSERT INTO reporter_ask (asker, message_id, pseudonym, told_seq) "
                "VALUES (?1, ?2, ?3, 0)",
    [ASK_GET] = "SELECT asker, message_id, pseudonym, told_seq FROM reporter_ask "
                "WHERE asker = ?1 AND message_id = ?2",
    [ASK_TOLD] = "UPDATE reporter_ask SET told_seq = ?3 "
                 "WHERE asker = ?1 AND message_id = ?2 AND told_seq = 0",
};

struct reporters {
    struct stmt *q[QUERY_COUNT];
};

enum err reporters_open(struct reporters **out, struct db *db, struct fault *f)
{
    *out = NULL;
    struct reporters *r = calloc(1, sizeof *r);
    if (r == NULL)
        return fault_set(f, ERR_NO_MEMORY, 0, "reporter", "open");
    enum err err = db_prepare(db, queries, QUERY_COUNT, r->q, f);
    if (err != OK)
        reporters_close(&r);
    *out = r;
    return err;
}

void reporters_close(struct reporters **r)
{
    free(*r);
    *r = NULL;
}

enum err reporter_put(struct reporters *r, const struct reporter *row)
{
    struct stmt *q = r->q[PUT];
    bind_id(q, 1, row->pseudonym);
    stmt_bind_text(q, 2, row->holder);
    stmt_bind_u64(q, 3, row->seq);
    return stmt_run(q);
}

enum err reporter_get(struct reporters *r, const uint8_t pseudonym[static STORE_ID_LEN],
                      struct reporter *out)
{
    struct stmt *q = r->q[GET];
    *out = (struct reporter){.seq = 0};
    bind_id(q, 1, pseudonym);
    enum err err = stmt_step(q);
    if (err == OK) {
        stmt_copy(q, 0, out->pseudonym, sizeof out->pseudonym);
        stmt_copy_text(q, 1, out->holder, sizeof out->holder);
        out->seq = stmt_u64(q, 2);
    }
    return stmt_end(q, err);
}

enum err reporter_ask_put(struct reporters *r, const struct reporter_ask *row)
{
    struct stmt *q = r->q[ASK_PUT];
    stmt_bind_text(q, 1, row->asker);
    bind_id(q, 2, row->message_id);
    bind_id(q, 3, row->pseudonym);
    return stmt_run(q);
}

enum err reporter_ask_get(struct reporters *r, const char *asker,
                          const uint8_t message_id[static STORE_ID_LEN], struct reporter_ask *out)
{
    struct stmt *q = r->q[ASK_GET];
    *out = (struct reporter_ask){.told_seq = 0};
    stmt_bind_text(q, 1, asker);
    bind_id(q, 2, message_id);
    enum err err = stmt_step(q);
    if (err == OK) {
        stmt_copy_text(q, 0, out->asker, sizeof out->asker);
        stmt_copy(q, 1, out->message_id, sizeof out->message_id);
        stmt_copy(q, 2, out->pseudonym, sizeof out->pseudonym);
        out->told_seq = stmt_u64(q, 3);
    }
    return stmt_end(q, err);
}

enum err reporter_ask_told(struct reporters *r, const struct reporter_ask *row)
{
    struct stmt *q = r->q[ASK_TOLD];
    stmt_bind_text(q, 1, row->asker);
    bind_id(q, 2, row->message_id);
    stmt_bind_u64(q, 3, row->told_seq);
    return stmt_run_one(q);
}
