#include "store/document.h"

#include <stdlib.h>
#include <string.h>

enum query { GET, PUT, QUERY_COUNT };

static const char *const queries[QUERY_COUNT] = {
    [GET] = "SELECT hash FROM document WHERE issuer = ?1 AND id = ?2",
    [PUT] = "INSERT INTO document (issuer, id, hash, seq) VALUES (?1, ?2, ?3, ?4)",
};

struct documents {
    struct stmt *q[QUERY_COUNT];
};

enum err documents_open(struct documents **out, struct db *db, struct fault *f)
{
    *out = NULL;
    struct documents *d = calloc(1, sizeof *d);
    if (d == NULL)
        return fault_set(f, ERR_NO_MEMORY, 0, "document", "open");
    enum err err = db_prepare(db, queries, QUERY_COUNT, d->q, f);
    if (err != OK)
        documents_close(&d);
    *out = d;
    return err;
}

void documents_close(struct documents **d)
{
    free(*d);
    *d = NULL;
}

enum err document_get(struct documents *d, const char *issuer,
                      const uint8_t id[static STORE_ID_LEN], uint8_t hash[static STORE_HASH_LEN])
{
    struct stmt *q = d->q[GET];
    stmt_bind_text(q, 1, issuer);
    stmt_bind_bytes(q, 2, id, STORE_ID_LEN);
    enum err err = stmt_step(q);
    if (err == OK)
        stmt_copy(q, 0, hash, STORE_HASH_LEN);
    return stmt_end(q, err);
}

enum err document_put(struct documents *d, const char *issuer,
                      const uint8_t id[static STORE_ID_LEN],
                      const uint8_t hash[static STORE_HASH_LEN], uint64_t seq)
{
    uint8_t known[STORE_HASH_LEN];
    enum err err = document_get(d, issuer, id, known);
    if (err == OK)
        return memcmp(known, hash, STORE_HASH_LEN) == 0 ? OK : ERR_CONFLICT;
    if (err != ERR_NOT_FOUND)
        return err;
    struct stmt *q = d->q[PUT];
    stmt_bind_text(q, 1, issuer);
    stmt_bind_bytes(q, 2, id, STORE_ID_LEN);
    stmt_bind_bytes(q, 3, hash, STORE_HASH_LEN);
    stmt_bind_u64(q, 4, seq);
    return stmt_run(q);
}
