#include "store/roll.h"

#include "keys/hash.h"
#include "store/box.h"
#include "store/columns.h"

#define COLUMNS "hash, seq, type, urgent, issuer, about, version, accepted_ms, stands, code, hops"

enum query {
    PUT,
    PUT_TEXT,
    DROP,
    DROP_TEXT,
    GET,
    TEXT,
    STAND,
    NEXT,
    AT,
    OF_VERSION,
    RANGE,
    COUNT_RANGE,
    LINK_GET,
    LINK_PUT,
    OWE,
    OWED_NEXT,
    OWED_DONE,
    OWED_MOVE,
    LEFT,
    QUERY_COUNT
};

static const char *const queries[QUERY_COUNT] = {
    [PUT] = "INSERT INTO roll (" COLUMNS ") "
            "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
    [PUT_TEXT] = "INSERT INTO roll_text (seq, sealed) VALUES (?1, ?2)",
    [DROP] = "DELETE FROM roll WHERE seq = ?1",
    [DROP_TEXT] = "DELETE FROM roll_text WHERE seq = ?1",
    [GET] = "SELECT " COLUMNS " FROM roll WHERE hash = ?1",
    [TEXT] = "SELECT sealed FROM roll_text WHERE seq = ?1",
    [STAND] = "UPDATE roll SET stands = ?2, code = ?3 WHERE hash = ?1",
    [NEXT] = "SELECT " COLUMNS " FROM roll WHERE urgent = ?1 AND seq >= ?2 ORDER BY seq LIMIT 1",
    [AT] = "SELECT " COLUMNS " FROM roll WHERE seq = ?1",
    [OF_VERSION] = "SELECT " COLUMNS " FROM roll WHERE about = ?1 AND version = ?2 "
                   "AND version > 0 AND hash > ?3 ORDER BY hash LIMIT 1",
    [RANGE] = "SELECT hash FROM roll WHERE hash >= ?1 AND hash <= ?2 ORDER BY hash",
    [COUNT_RANGE] = "SELECT count(*) FROM roll WHERE hash >= ?1 AND hash <= ?2",
    [LINK_GET] = "SELECT member, urgent, normal, equal_ms, known_ms FROM roll_link"
                 " WHERE member = ?1",
    [LINK_PUT] = ("INSERT INTO roll_link (member, urgent, normal, equal_ms, known_ms) "
                  "VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO UPDATE "
                  "SET urgent = ?2, normal = ?3, equal_ms = ?4, known_ms = ?5"),
    [OWE] = "INSERT INTO roll_owed (member, seq) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
    [OWED_NEXT] = "SELECT seq FROM roll_owed WHERE member = ?1 ORDER BY seq LIMIT 1",
    [OWED_DONE] = "DELETE FROM roll_owed WHERE member = ?1 AND seq = ?2",
    [OWED_MOVE] = "UPDATE roll_owed SET seq = ?2 WHERE seq = ?1",
    [LEFT] = ("SELECT (SELECT count(*) FROM roll JOIN roll_link ON member = ?1 "
              "WHERE seq >= iif(roll.urgent = 1, roll_link.urgent, normal)) + "
              "(SELECT count(*) FROM roll_owed WHERE member = ?1)"),
};

struct roll {
    struct stmt *q[QUERY_COUNT];
    struct box text;
    bool stale[ROLL_BUCKETS];
    uint64_t size[ROLL_BUCKETS]; /* hashes */
    struct roll_digest digest;
    uint8_t first[STORE_HASH_LEN]; /* of the range that is looked through, bound */
    uint8_t last[STORE_HASH_LEN];
};

void roll_rolled_back(struct roll *r)
{
    memset(r->stale, true, sizeof r->stale);
}

enum err roll_open(struct roll **out, struct db *db, struct fault *f)
{
    *out = NULL;
    struct roll *r = calloc(1, sizeof *r);
    if (r == NULL)
        return fault_set(f, ERR_NO_MEMORY, 0, "roll", "open");
    roll_rolled_back(r);
    enum err err = db_prepare(db, queries, QUERY_COUNT, r->q, f);
    if (err != OK)
        roll_close(&r);
    *out = r;
    return err;
}

void roll_close(struct roll **r)
{
    if (*r != NULL)
        box_fini(&(*r)->text);
    free(*r);
    *r = NULL;
}

enum err roll_put(struct roll *r, const struct roll_row *row, struct span sealed)
{
    struct stmt *q = r->q[PUT];
    stmt_bind_bytes(q, 1, row->hash, STORE_HASH_LEN);
    stmt_bind_u64(q, 2, row->seq);
    stmt_bind_u64(q, 3, row->type);
    stmt_bind_u64(q, 4, row->urgent);
    stmt_bind_text(q, 5, row->issuer);
    bind_id(q, 6, row->about);
    stmt_bind_u64(q, 7, row->version);
    stmt_bind_u64(q, 8, row->accepted_ms);
    stmt_bind_u64(q, 9, row->stands);
    stmt_bind_u64(q, 10, row->code);
    stmt_bind_text(q, 11, row->hops);
    enum err err = stmt_run(q);
    if (err != OK)
        return err;
    r->stale[row->hash[0]] = true;
    stmt_bind_u64(r->q[PUT_TEXT], 1, row->seq);
    stmt_bind_blob(r->q[PUT_TEXT], 2, sealed);
    return stmt_run(r->q[PUT_TEXT]);
}

/* Step, read and end. */
static enum err take(struct stmt *q, struct roll_row *out)
{
    *out = (struct roll_row){0};
    enum err err = stmt_step(q);
    if (err != OK)
        return stmt_end(q, err);
    stmt_copy(q, 0, out->hash, sizeof out->hash);
    out->seq = stmt_u64(q, 1);
    out->type = stmt_u32(q, 2, &err);
    out->urgent = stmt_u64(q, 3) != 0;
    stmt_copy_text(q, 4, out->issuer, sizeof out->issuer);
    stmt_copy(q, 5, out->about, sizeof out->about);
    out->version = stmt_u32(q, 6, &err);
    out->accepted_ms = stmt_u64(q, 7);
    out->stands = (enum roll_stand)stmt_u32(q, 8, &err);
    out->code = stmt_u32(q, 9, &err);
    stmt_copy_text(q, 10, out->hops, sizeof out->hops);
    return stmt_end(q, err);
}

enum err roll_get(struct roll *r, const uint8_t hash[static STORE_HASH_LEN], struct roll_row *out)
{
    stmt_bind_bytes(r->q[GET], 1, hash, STORE_HASH_LEN);
    return take(r->q[GET], out);
}

enum err roll_renew(struct roll *r, const struct roll_row *row, struct span sealed)
{
    struct roll_row old;
    enum err err = roll_get(r, row->hash, &old);
    if (err != OK)
        return err;
    stmt_bind_u64(r->q[DROP], 1, old.seq);
    stmt_bind_u64(r->q[DROP_TEXT], 1, old.seq);
    stmt_bind_u64(r->q[OWED_MOVE], 1, old.seq);
    stmt_bind_u64(r->q[OWED_MOVE], 2, row->seq);
    err = stmt_run(r->q[DROP]);
    if (err == OK)
        err = stmt_run(r->q[DROP_TEXT]);
    if (err == OK)
        err = stmt_run(r->q[OWED_MOVE]);
    return err == OK ? roll_put(r, row, sealed) : err;
}

enum err roll_text(struct roll *r, uint64_t seq, struct span *sealed)
{
    struct stmt *q = r->q[TEXT];
    *sealed = span_of(NULL, 0);
    stmt_bind_u64(q, 1, seq);
    enum err err = stmt_step(q);
    if (err == OK)
        err = box_keep(&r->text, stmt_blob(q, 0), sealed);
    return stmt_end(q, err);
}

enum err roll_stand(struct roll *r, const uint8_t hash[static STORE_HASH_LEN],
                    enum roll_stand stands, uint32_t code)
{
    stmt_bind_bytes(r->q[STAND], 1, hash, STORE_HASH_LEN);
    stmt_bind_u64(r->q[STAND], 2, stands);
    stmt_bind_u64(r->q[STAND], 3, code);
    return stmt_run_one(r->q[STAND]);
}

enum err roll_next(struct roll *r, bool urgent, uint64_t from, struct roll_row *out)
{
    stmt_bind_u64(r->q[NEXT], 1, urgent);
    stmt_bind_u64(r->q[NEXT], 2, from);
    return take(r->q[NEXT], out);
}

enum err roll_at(struct roll *r, uint64_t seq, struct roll_row *out)
{
    stmt_bind_u64(r->q[AT], 1, seq);
    return take(r->q[AT], out);
}

enum err roll_next_of_version(struct roll *r, const uint8_t about[static STORE_ID_LEN],
                              uint32_t version, uint8_t hash[static STORE_HASH_LEN],
                              struct roll_row *out)
{
    struct stmt *q = r->q[OF_VERSION];
    bind_id(q, 1, about);
    stmt_bind_u64(q, 2, version);
    stmt_bind_bytes(q, 3, hash, STORE_HASH_LEN);
    enum err err = take(q, out);
    if (err == OK)
        memcpy(hash, out->hash, STORE_HASH_LEN);
    return err;
}

/* ---- what two hubs compare ---- */

/* Hashes whose first two bytes are from `low` to `high`. */
static void bind_range(struct roll *r, struct stmt *q, uint32_t low, uint32_t high)
{
    memset(r->first, 0, sizeof r->first);
    memset(r->last, 0xff, sizeof r->last);
    r->first[0] = (uint8_t)(low >> 8);
    r->first[1] = (uint8_t)low;
    r->last[0] = (uint8_t)(high >> 8);
    r->last[1] = (uint8_t)high;
    stmt_bind_bytes(q, 1, r->first, sizeof r->first);
    stmt_bind_bytes(q, 2, r->last, sizeof r->last);
}

static void cut(struct sha256 *h, uint8_t out[static ROLL_DIGEST_LEN])
{
    uint8_t whole[STORE_HASH_LEN];
    sha256_done(h, whole);
    memcpy(out, whole, ROLL_DIGEST_LEN);
}

void roll_digest_empty(uint8_t out[static ROLL_DIGEST_LEN])
{
    struct sha256 h;
    sha256_init(&h);
    cut(&h, out);
}

static enum err look_through(struct roll *r, uint32_t bucket)
{
    struct stmt *q = r->q[RANGE];
    struct sha256 h;
    sha256_init(&h);
    bind_range(r, q, bucket << 8, bucket << 8 | 0xff);
    r->size[bucket] = 0;
    enum err err;
    while ((err = stmt_step(q)) == OK) {
        sha256_add(&h, stmt_blob(q, 0));
        r->size[bucket]++;
    }
    err = stmt_end(q, err == ERR_NOT_FOUND ? OK : err);
    cut(&h, r->digest.bucket[bucket]);
    r->stale[bucket] = err != OK;
    return err;
}

enum err roll_digest(struct roll *r, const struct roll_digest **out)
{
    *out = &r->digest;
    r->digest.count = 0;
    for (uint32_t i = 0; i < ROLL_BUCKETS; i++) {
        enum err err = r->stale[i] ? look_through(r, i) : OK;
        if (err != OK)
            return err;
        r->digest.count += r->size[i];
    }
    hash_bytes(r->digest.root, span_of(r->digest.bucket[0], sizeof r->digest.bucket));
    return OK;
}

static enum err count(struct roll *r, uint32_t low, uint32_t high, uint64_t *out)
{
    struct stmt *q = r->q[COUNT_RANGE];
    bind_range(r, q, low, high);
    enum err err = stmt_step(q);
    if (err == OK)
        *out = stmt_u64(q, 0);
    return stmt_end(q, err);
}

enum err roll_pieces(struct roll *r, uint8_t bucket, uint32_t *pieces)
{
    for (*pieces = 1; *pieces < ROLL_PIECES_MAX; *pieces *= 2) {
        uint64_t most = 0;
        const uint32_t wide = 256 / *pieces;
        for (uint32_t i = 0; i < *pieces; i++) {
            uint64_t here = 0;
            const uint32_t low = (uint32_t)bucket << 8 | i * wide;
            enum err err = count(r, low, low + wide - 1, &here);
            if (err != OK)
                return err;
            most = here > most ? here : most;
        }
        if (most <= ROLL_PIECE_MAX)
            return OK;
    }
    return OK;
}

enum err roll_piece(struct roll *r, uint8_t bucket, uint32_t piece, uint32_t pieces,
                    uint8_t (*out)[STORE_HASH_LEN], size_t max, size_t *count_out)
{
    *count_out = 0;
    if (pieces == 0 || pieces > ROLL_PIECES_MAX || (pieces & (pieces - 1)) != 0 || piece >= pieces)
        return ERR_FIELD_VALUE;
    struct stmt *q = r->q[RANGE];
    const uint32_t wide = 256 / pieces;
    const uint32_t low = (uint32_t)bucket << 8 | piece * wide;
    bind_range(r, q, low, low + wide - 1);
    enum err err;
    while ((err = stmt_step(q)) == OK) {
        if (*count_out == max)
            return stmt_end(q, ERR_TOO_LARGE);
        stmt_copy(q, 0, out[(*count_out)++], STORE_HASH_LEN);
    }
    return stmt_end(q, err == ERR_NOT_FOUND ? OK : err);
}

/* ---- links ---- */

enum err roll_link_get(struct roll *r, const char *member, struct roll_link *out)
{
    struct stmt *q = r->q[LINK_GET];
    *out = (struct roll_link){0};
    stmt_bind_text(q, 1, member);
    enum err err = stmt_step(q);
    if (err == OK) {
        stmt_copy_text(q, 0, out->member, sizeof out->member);
        out->urgent = stmt_u64(q, 1);
        out->normal = stmt_u64(q, 2);
        out->equal_ms = stmt_u64(q, 3);
        out->known_ms = stmt_u64(q, 4);
    }
    return stmt_end(q, err);
}

enum err roll_link_put(struct roll *r, const struct roll_link *row)
{
    struct stmt *q = r->q[LINK_PUT];
    stmt_bind_text(q, 1, row->member);
    stmt_bind_u64(q, 2, row->urgent);
    stmt_bind_u64(q, 3, row->normal);
    stmt_bind_u64(q, 4, row->equal_ms);
    stmt_bind_u64(q, 5, row->known_ms);
    return stmt_run(q);
}

enum err roll_owe(struct roll *r, const char *member, uint64_t seq)
{
    stmt_bind_text(r->q[OWE], 1, member);
    stmt_bind_u64(r->q[OWE], 2, seq);
    return stmt_run(r->q[OWE]);
}

enum err roll_owed_next(struct roll *r, const char *member, uint64_t *seq)
{
    struct stmt *q = r->q[OWED_NEXT];
    stmt_bind_text(q, 1, member);
    enum err err = stmt_step(q);
    if (err == OK)
        *seq = stmt_u64(q, 0);
    return stmt_end(q, err);
}

enum err roll_owed_done(struct roll *r, const char *member, uint64_t seq)
{
    stmt_bind_text(r->q[OWED_DONE], 1, member);
    stmt_bind_u64(r->q[OWED_DONE], 2, seq);
    return stmt_run_one(r->q[OWED_DONE]);
}

enum err roll_left(struct roll *r, const char *member, uint64_t *count_out)
{
    struct stmt *q = r->q[LEFT];
    stmt_bind_text(q, 1, member);
    enum err err = stmt_step(q);
    if (err == OK)
        *count_out = stmt_u64(q, 0);
    return stmt_end(q, err);
}
