#include "store/stream.h"

#include "store/box.h"

enum query { LAST, PUT, NEXT, ACKED, ACK_MARK, ACK_DROP, QUERY_COUNT };

static const char *const queries[QUERY_COUNT] = {
    [LAST] = "SELECT number FROM stream WHERE member = ?1 ORDER BY number DESC LIMIT 1",
    [PUT] = "INSERT INTO stream (member, number, acked, leaf, q, s) VALUES (?1, ?2, 0, ?3, ?4, ?5)",
    [NEXT] = ("SELECT number, leaf, q, s FROM stream WHERE member = ?1 AND number > ?2 "
              "ORDER BY number LIMIT 1"),
    [ACKED] = "SELECT number FROM stream WHERE member = ?1 AND acked = 1 ORDER BY number LIMIT 1",
    [ACK_MARK] = "UPDATE stream SET acked = 1 WHERE member = ?1 AND number = ?2",
    [ACK_DROP] = "DELETE FROM stream WHERE member = ?1 AND number < ?2",
};

enum { CACHE = 256 };

_Static_assert((CACHE & (CACHE - 1)) == 0, "the table is masked");

/* The last number of members that were asked about lately; dropped whole on any rollback. */
struct last {
    char member[STORE_MEMBER_MAX + 1]; /* "": free */
    uint64_t number;
};

struct stream {
    struct stmt *q[QUERY_COUNT];
    struct box box;
    struct last cache[CACHE]; /* by hash; a member takes the place of another */
};

enum err stream_open(struct stream **out, struct db *db, struct fault *f)
{
    *out = NULL;
    struct stream *s = calloc(1, sizeof *s);
    if (s == NULL)
        return fault_set(f, ERR_NO_MEMORY, 0, "stream", "open");
    enum err err = db_prepare(db, queries, QUERY_COUNT, s->q, f);
    if (err != OK)
        stream_close(&s);
    *out = s;
    return err;
}

void stream_close(struct stream **s)
{
    if (*s != NULL)
        box_fini(&(*s)->box);
    free(*s);
    *s = NULL;
}

static enum err one_number(struct stmt *q, const char *member, uint64_t *number)
{
    *number = 0;
    stmt_bind_text(q, 1, member);
    enum err err = stmt_step(q);
    if (err == OK)
        *number = stmt_u64(q, 0);
    return stmt_end(q, err == ERR_NOT_FOUND ? OK : err);
}

static struct last *cache_slot(struct stream *s, const char *member)
{
    uint32_t h = 2166136261u; /* FNV-1a */
    for (; *member != '\0'; member++)
        h = (h ^ (uint8_t)*member) * 16777619u;
    return &s->cache[h & (CACHE - 1)];
}

enum err stream_last(struct stream *s, const char *member, uint64_t *number)
{
    struct last *slot = cache_slot(s, member);
    size_t len = strlen(member);

    *number = 0;
    if (len == 0 || len > STORE_MEMBER_MAX)
        return ERR_FIELD_VALUE;
    if (strcmp(slot->member, member) == 0) {
        *number = slot->number;
        return OK;
    }
    enum err err = one_number(s->q[LAST], member, number);
    if (err == OK) {
        memcpy(slot->member, member, len + 1);
        slot->number = *number;
    }
    return err;
}

void stream_rolled_back(struct stream *s)
{
    memset(s->cache, 0, sizeof s->cache);
}

/* The row of `number` is written. */
static enum err put(struct stream *s, const char *member, uint64_t number)
{
    enum err err = stmt_run(s->q[PUT]);
    if (err == OK)
        cache_slot(s, member)->number = number; /* stream_last has put the member there */
    return err;
}

/* The row of the highest acknowledged number is the lowest there is: all below it are gone. */
enum err stream_acked(struct stream *s, const char *member, uint64_t *number)
{
    return one_number(s->q[ACKED], member, number);
}

enum err stream_put_leaf(struct stream *s, const char *member, uint64_t leaf, uint64_t *number)
{
    struct stmt *q = s->q[PUT];
    enum err err = stream_last(s, member, number);
    if (err != OK)
        return err;
    stmt_bind_text(q, 1, member);
    stmt_bind_u64(q, 2, ++*number);
    stmt_bind_u64(q, 3, leaf);
    return put(s, member, *number);
}

enum err stream_put_receipt(struct stream *s, const char *member, struct span receipt,
                            struct span sig, uint64_t *number)
{
    struct stmt *q = s->q[PUT];
    if (receipt.len > STREAM_RECEIPT_MAX || sig.len > STREAM_RECEIPT_MAX)
        return ERR_TOO_LARGE;
    enum err err = stream_last(s, member, number);
    if (err != OK)
        return err;
    stmt_bind_text(q, 1, member);
    stmt_bind_u64(q, 2, ++*number);
    stmt_bind_blob(q, 4, receipt);
    stmt_bind_blob(q, 5, sig);
    return put(s, member, *number);
}

/* Q and S lie one behind the other in the box; it may move while the second is added. */
static enum err read_receipt(struct stream *s, struct stmt *q, struct stream_entry *out)
{
    size_t q_len = stmt_blob(q, 2).len;
    enum err err = box_keep(&s->box, stmt_blob(q, 2), &out->q);
    if (err == OK)
        err = box_add(&s->box, q_len, stmt_blob(q, 3), &out->s);
    out->q = (struct span){s->box.data, q_len};
    return err;
}

enum err stream_next(struct stream *s, const char *member, uint64_t after, struct stream_entry *out)
{
    struct stmt *q = s->q[NEXT];
    *out = (struct stream_entry){0};
    if (after > STORE_NEVER)
        return ERR_NOT_FOUND;
    stmt_bind_text(q, 1, member);
    stmt_bind_u64(q, 2, after);
    enum err err = stmt_step(q);
    if (err == OK) {
        out->number = stmt_u64(q, 0);
        out->is_leaf = !stmt_is_null(q, 1);
        if (out->is_leaf)
            out->leaf = stmt_u64(q, 1);
        else
            err = read_receipt(s, q, out);
    }
    return stmt_end(q, err);
}

enum err stream_ack(struct stream *s, const char *member, uint64_t number)
{
    uint64_t last;
    uint64_t acked;
    enum err err = stream_last(s, member, &last);
    if (err == OK)
        err = stream_acked(s, member, &acked);
    if (err != OK)
        return err;
    if (number > last)
        return ERR_FIELD_VALUE;
    if (number <= acked)
        return OK;
    stmt_bind_text(s->q[ACK_MARK], 1, member);
    stmt_bind_u64(s->q[ACK_MARK], 2, number);
    err = stmt_run(s->q[ACK_MARK]);
    if (err != OK)
        return err;
    stmt_bind_text(s->q[ACK_DROP], 1, member);
    stmt_bind_u64(s->q[ACK_DROP], 2, number);
    return stmt_run(s->q[ACK_DROP]);
}
