/* Reading the archive, beside the adapter that writes it. */
#include "adapters/sdk/sdk_archive.h"

#include "adapters/sdk/archive.h"
#include "adapters/sdk/beside.h"
#include "keys/guard.h"

#include <stdlib.h>
#include <string.h>

enum { SEALED_MAX = SDK_PACK_KEYS + REST_OVERHEAD };

/* Where a message may stand: sent; sent before it went again; applied. */
#define FIND(rows, packs)                                                                          \
    "SELECT r.env_id, p.first, r.id - p.first, p.keys, p.frames FROM " rows " r JOIN " packs       \
    " p ON p.first = (SELECT max(first) FROM " packs                                               \
    " WHERE first <= r.id) WHERE r.message_id = ?1 AND r.id <= p.last ORDER BY r.id LIMIT 1"
enum { PLACES = 3 };
static const char *const find_sql[PLACES] = {
    FIND("outbox", "outbox_pack"),
    FIND("outbox_past", "outbox_pack"),
    FIND("inbox", "inbox_pack"),
};
static const enum frame_side side_of[PLACES] = {FRAME_SENT, FRAME_SENT, FRAME_APPLIED};

struct sdk_archive {
    struct beside beside;
    const struct key *storage; /* of it */
    struct stmt *sql[PLACES];
    /* what was found last */
    enum frame_side side;
    uint64_t first, index; /* its pack, and its place there */
    uint8_t sealed[SEALED_MAX];
    size_t sealed_len;
    uint8_t *frame;  /* owns; FRAME_MAX */
    uint8_t *opened; /* owns, guarded; SDK_PACK_KEYS */
};

enum err sdk_archive_open(struct sdk_archive **out, const struct sdk_mirror_config *c,
                          struct fault *fault)
{
    enum err err = ERR_NO_MEMORY;
    struct sdk_archive *a = calloc(1, sizeof *a);

    *out = a;
    if (a == NULL)
        return fault_set(fault, err, 0, "archive", "open");
    a->frame = malloc(FRAME_MAX);
    a->opened = guard_alloc(SDK_PACK_KEYS);
    if (a->frame == NULL || a->opened == NULL)
        (void)fault_set(fault, err, 0, "archive", "open");
    else if ((err = beside_open(&a->beside, c, &a->storage, fault)) == OK)
        err = db_prepare(a->beside.db, find_sql, PLACES, a->sql, fault);
    if (err != OK)
        sdk_archive_close(out);
    return err;
}

void sdk_archive_close(struct sdk_archive **archive)
{
    struct sdk_archive *a = *archive;
    if (a == NULL)
        return;
    beside_close(&a->beside);
    guard_free(a->opened);
    free(a->frame);
    free(a);
    *archive = NULL;
}

/* The row at hand. */
static enum err take(struct sdk_archive *a, struct stmt *q, struct sdk_archived *out)
{
    struct span frame;
    const struct span sealed = stmt_blob(q, 3);
    const uint64_t index = stmt_u64(q, 2);
    enum err err =
        index < SDK_PACK_FRAMES ? frames_at(stmt_blob(q, 4), index, &frame) : ERR_CORRUPT;

    if (err != OK || sealed.len > SEALED_MAX || frame.len > FRAME_MAX)
        return ERR_CORRUPT;
    stmt_copy(q, 0, out->env_id, sizeof out->env_id);
    a->first = stmt_u64(q, 1);
    a->index = index;
    a->sealed_len = sealed.len;
    memcpy(a->sealed, sealed.data, sealed.len);
    memcpy(a->frame, frame.data, frame.len);
    out->frame = span_of(a->frame, frame.len);
    return OK;
}

enum err sdk_archive_find(struct sdk_archive *a, const uint8_t message_id[static SDK_ID_LEN],
                          struct sdk_archived *out)
{
    enum err err = ERR_NOT_FOUND;

    for (size_t i = 0; i < PLACES && err == ERR_NOT_FOUND; i++) {
        struct stmt *q = a->sql[i];
        stmt_bind_bytes(q, 1, message_id, SDK_ID_LEN);
        err = stmt_step(q);
        if (err == OK)
            err = take(a, q, out);
        err = stmt_end(q, err);
        a->side = side_of[i];
    }
    return err;
}

enum err sdk_archive_key(struct sdk_archive *a, unsigned part, uint8_t dek[static SEAL_DEK_LEN])
{
    uint8_t bytes[8];
    unsigned known = 0;
    struct span deks;
    struct span one = span_of(NULL, 0);
    const struct rest_place place = archive_place(a->side, a->first, bytes);
    struct writer w = writer_of(a->opened, SDK_PACK_KEYS);
    enum err err = a->sealed_len == 0
                       ? ERR_NOT_IN_AUDIENCE
                       : rest_open(a->storage, &place, span_of(a->sealed, a->sealed_len), &w);

    if (err == OK)
        err = archive_at(writer_span(&w), a->index, &known, &deks);
    if (err == OK && (part >= FRAME_PARTS_MAX || (known >> part & 1) == 0))
        err = ERR_NOT_IN_AUDIENCE;
    for (unsigned i = 0; err == OK && i <= part; i++)
        if ((known >> i & 1) != 0 && !span_take(&deks, SEAL_DEK_LEN, &one))
            err = ERR_CORRUPT;
    if (err == OK)
        memcpy(dek, one.data, SEAL_DEK_LEN);
    guard_wipe(a->opened, SDK_PACK_KEYS);
    return err;
}
