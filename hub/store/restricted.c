#include "store/restricted.h"

#include "base/text.h"
#include "store/bloom.h"
#include "store/box.h"
#include "store/columns.h"

#include <stdlib.h>
#include <string.h>

enum query { GET, PUT, DROP, SUBJECTS, SIZE, QUERY_COUNT };

/* A key is the head of a token. Two tokens with one head share an empty row: the table is asked. */
static const char *const queries[QUERY_COUNT] = {
    [GET] = "SELECT packed FROM restricted WHERE head = ?1",
    [PUT] = ("INSERT INTO restricted (head, packed) VALUES (?1, ?2) "
             "ON CONFLICT DO UPDATE SET packed = ?2"),
    [DROP] = "DELETE FROM restricted WHERE head = ?1",
    [SUBJECTS] = "SELECT subject FROM justification ORDER BY subject",
    [SIZE] = "SELECT max(row) FROM justification",
};

enum { TOUCHED_SEEN = 256 };

struct restricted {
    struct stmt *q[QUERY_COUNT];
    uint8_t (*touched)[STORE_TOKEN_LEN]; /* owns; of the open transaction */
    size_t count, cap;
    bool seen[TOUCHED_SEEN]; /* by first byte: is it worth looking? */
    uint8_t packed[RESTRICTED_BYTES_MAX];
    struct bloom filter;
};

/* ---- the filter ---- */

bool restricted_may(const struct restricted *r, const uint8_t subject[static STORE_TOKEN_LEN])
{
    return bloom_may(&r->filter, subject);
}

/* Everybody who ever had a restriction: too much is no harm. */
static enum err filter_load(struct restricted *r)
{
    struct stmt *q = r->q[SIZE];
    uint64_t rows = 0;
    enum err err = stmt_step(q);
    if (err == OK && !stmt_is_null(q, 0))
        rows = stmt_u64(q, 0);
    err = stmt_end(q, err);
    if (err != OK)
        return err;
    err = bloom_open(&r->filter, rows);
    if (err != OK)
        return err;
    q = r->q[SUBJECTS];
    uint8_t subject[STORE_TOKEN_LEN];
    while ((err = stmt_step(q)) == OK) {
        stmt_copy(q, 0, subject, sizeof subject);
        bloom_add(&r->filter, subject);
    }
    return stmt_end(q, err == ERR_NOT_FOUND ? OK : err);
}

/* ---- open and close ---- */

enum err restricted_open(struct restricted **out, struct db *db, bool filter, struct fault *f)
{
    *out = NULL;
    struct restricted *r = calloc(1, sizeof *r);
    if (r == NULL)
        return fault_set(f, ERR_NO_MEMORY, 0, "restricted", "open");
    enum err err = db_prepare(db, queries, QUERY_COUNT, r->q, f);
    if (err == OK && filter && (err = filter_load(r)) != OK)
        fault_set(f, err, 0, "restricted", "filter");
    if (err != OK)
        restricted_close(&r);
    *out = r;
    return err;
}

void restricted_close(struct restricted **r)
{
    if (*r != NULL) {
        free((*r)->touched);
        bloom_close(&(*r)->filter);
    }
    free(*r);
    *r = NULL;
}

/* ---- what was touched ---- */

static bool is_touched(const struct restricted *r, const uint8_t *subject)
{
    if (!r->seen[subject[0]])
        return false;
    for (size_t i = r->count; i > 0; i--) /* mostly one of the last */
        if (memcmp(r->touched[i - 1], subject, STORE_TOKEN_LEN) == 0)
            return true;
    return false;
}

enum err restricted_touch(struct restricted *r, const uint8_t subject[static STORE_TOKEN_LEN])
{
    bloom_add(&r->filter, subject);
    if (is_touched(r, subject))
        return OK;
    if (r->count == r->cap) {
        const size_t cap = r->cap == 0 ? 64 : 2 * r->cap;
        void *grown = realloc(r->touched, cap * sizeof *r->touched);
        if (grown == NULL)
            return ERR_NO_MEMORY;
        r->touched = grown;
        r->cap = cap;
    }
    memcpy(r->touched[r->count++], subject, STORE_TOKEN_LEN);
    r->seen[subject[0]] = true;
    return OK;
}

void restricted_settled(struct restricted *r)
{
    if (r->count == 0)
        return;
    r->count = 0;
    memset(r->seen, 0, sizeof r->seen);
}

/* ---- rows ----
 * u32 sum ‖ token ‖ n × ( measure ‖ scope ‖ issuer ‖ rule ‖ basis ‖ list, each u16|x| ‖ x, ‖
 * order_id ‖ u32 version ‖ u32 subject_index ‖ u32 force ‖ u32 start ‖ u32 end ‖ u64 row ‖
 * u64 begun ) */

static uint64_t head_of(const uint8_t *subject)
{
    struct span from = {subject, 8};
    uint64_t head = 0;
    (void)span_take_uint(&from, 8, &head);
    return head & INT64_MAX;
}

static void put_text(struct writer *w, const char *text)
{
    const struct span s = span_str(text);
    write_uint(w, s.len, 2);
    write_span(w, s);
}

static enum err pack_row(void *arg, const struct justification *row, bool *more)
{
    struct writer *w = arg;
    put_text(w, row->measure);
    put_text(w, row->scope);
    put_text(w, row->issuer);
    put_text(w, row->rule);
    put_text(w, row->basis);
    put_text(w, row->list);
    write_bytes(w, row->order_id, sizeof row->order_id);
    write_uint(w, row->order_version, 4);
    write_uint(w, row->subject_index, 4);
    write_uint(w, row->force, 4);
    write_uint(w, row->start_date, 4);
    write_uint(w, row->end_date, 4);
    write_uint(w, row->row, 8);
    write_uint(w, row->begun_seq, 8);
    *more = !w->full;
    return OK;
}

static bool take_text(struct span *from, char *out, size_t cap)
{
    uint64_t len;
    struct span text;
    if (!span_take_uint(from, 2, &len) || len >= cap || !span_take(from, len, &text))
        return false;
    memcpy(out, text.data, len);
    out[len] = '\0';
    return true;
}

static bool take_u32(struct span *from, uint32_t *out)
{
    uint64_t value = 0;
    const bool taken = span_take_uint(from, 4, &value);
    *out = (uint32_t)value;
    return taken;
}

static bool take_row(struct span *from, struct justification *out)
{
    struct span id;
    const bool texts = take_text(from, out->measure, sizeof out->measure) &&
                       take_text(from, out->scope, sizeof out->scope) &&
                       take_text(from, out->issuer, sizeof out->issuer) &&
                       take_text(from, out->rule, sizeof out->rule) &&
                       take_text(from, out->basis, sizeof out->basis) &&
                       take_text(from, out->list, sizeof out->list) &&
                       span_take(from, sizeof out->order_id, &id);
    if (!texts)
        return false;
    memcpy(out->order_id, id.data, sizeof out->order_id);
    return take_u32(from, &out->order_version) && take_u32(from, &out->subject_index) &&
           take_u32(from, &out->force) && take_u32(from, &out->start_date) &&
           take_u32(from, &out->end_date) && span_take_uint(from, 8, &out->row) &&
           span_take_uint(from, 8, &out->begun_seq);
}

/* Is this the row of that subject, as it was written? */
static bool is_whole(struct span *from, const uint8_t *subject)
{
    uint64_t sum;
    struct span token;
    if (!span_take_uint(from, 4, &sum) || sum != store_sum(*from) ||
        !span_take(from, STORE_TOKEN_LEN, &token))
        return false;
    return memcmp(token.data, subject, STORE_TOKEN_LEN) == 0;
}

static bool in_term(const struct justification *row, uint32_t date)
{
    return row->start_date <= date && (row->end_date == 0 || date <= row->end_date);
}

enum err restricted_find(struct restricted *r, const uint8_t subject[static STORE_TOKEN_LEN],
                         uint32_t date, restriction_fn *fn, void *arg)
{
    struct stmt *q = r->q[GET];
    if (is_touched(r, subject))
        return ERR_NOT_FOUND;
    stmt_bind_u64(q, 1, head_of(subject));
    enum err err = stmt_step(q);
    if (err == ERR_NOT_FOUND)
        return stmt_end(q, OK); /* nothing lives against it */
    struct span from = err == OK ? stmt_blob(q, 0) : (struct span){NULL, 0};
    if (err == OK && !is_whole(&from, subject))
        err = ERR_NOT_FOUND;
    struct justification row;
    memcpy(row.subject, subject, sizeof row.subject);
    row.ended_seq = STORE_NEVER;
    for (bool more = true; err == OK && more && from.len > 0;) {
        if (!take_row(&from, &row))
            err = ERR_CORRUPT; /* its sum is right: not the disk's doing */
        else if (in_term(&row, date))
            err = fn(arg, &row, &more);
    }
    return stmt_end(q, err);
}

/* Does the row under this head belong to another subject? */
static enum err is_shared(struct restricted *r, const uint8_t *subject, bool *shared)
{
    struct stmt *q = r->q[GET];
    stmt_bind_u64(q, 1, head_of(subject));
    enum err err = stmt_step(q);
    *shared = false;
    if (err == OK) {
        struct span from = stmt_blob(q, 0);
        *shared = !is_whole(&from, subject);
    }
    return stmt_end(q, err == ERR_NOT_FOUND ? OK : err);
}

static enum err pack(struct restricted *r, const uint8_t *subject, restricted_each_fn *each,
                     void *ctx)
{
    bool shared;
    enum err err = is_shared(r, subject, &shared);
    if (err != OK)
        return err;
    struct writer w = writer_of(r->packed, sizeof r->packed);
    write_uint(&w, 0, 4);
    write_bytes(&w, subject, STORE_TOKEN_LEN);
    const size_t empty = w.len;
    err = each(ctx, subject, pack_row, &w);
    if (err != OK)
        return err;
    struct stmt *q = r->q[w.len == empty && !shared ? DROP : PUT];
    stmt_bind_u64(q, 1, head_of(subject));
    if (q == r->q[DROP])
        return stmt_run(q);
    const struct span body = span_of(r->packed + 4, w.len - 4);
    struct writer sum = writer_of(r->packed, 4);
    write_uint(&sum, store_sum(body), 4);
    stmt_bind_blob(q, 2, shared || w.full ? span_of(NULL, 0) : writer_span(&w));
    return stmt_run(q);
}

enum err restricted_before_commit(struct restricted *r, restricted_each_fn *each, void *ctx)
{
    enum err err = OK;
    for (size_t i = 0; err == OK && i < r->count; i++)
        err = pack(r, r->touched[i], each, ctx);
    return err;
}
