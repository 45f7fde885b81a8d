/* Tombstones: delivery numbers that nothing will fill, kept as runs of consecutive numbers of one
 * kind until the recipient knows of them. */
#include "store/columns.h"
#include "store/queue_own.h"

static enum err read_run(struct stmt *s, struct queue_tombstone *out)
{
    enum err err = OK;
    struct span place = stmt_blob(s, 0);
    struct span rest;
    out->count = stmt_u32(s, 1, &err);
    out->kind = (uint8_t)stmt_u64(s, 2);
    out->leaf = stmt_u64(s, 3);
    if (!span_take(&place, CONVERSATION_KEY_LEN, &rest) || !span_take_uint(&place, 8, &out->first))
        return ERR_CORRUPT;
    return err == OK && out->count == 0 ? ERR_CORRUPT : err;
}

/* The run with the greatest first number below `number`; count 0 when there is none. */
static enum err run_below(struct queue *q, uint32_t member,
                          const uint8_t conversation[static STORE_ID_LEN], uint64_t number,
                          struct queue_tombstone *out)
{
    struct stmt *s = q->q[QUEUE_SQL_TOMB_BELOW];
    uint8_t from[PLACE_LEN];
    uint8_t to[PLACE_LEN];
    *out = (struct queue_tombstone){0};
    place_write(from, member, conversation, 0);
    place_write(to, member, conversation, number);
    stmt_bind_bytes(s, 1, from, sizeof from);
    stmt_bind_bytes(s, 2, to, sizeof to);
    enum err err = stmt_step(s);
    if (err == OK)
        err = read_run(s, out);
    return stmt_end(s, err == ERR_NOT_FOUND ? OK : err);
}

static enum err run_drop(struct queue *q, uint32_t member,
                         const uint8_t conversation[static STORE_ID_LEN], uint64_t first)
{
    struct stmt *s = q->q[QUEUE_SQL_TOMB_DROP];
    uint8_t place[PLACE_LEN];
    place_write(place, member, conversation, first);
    stmt_bind_bytes(s, 1, place, sizeof place);
    enum err err = stmt_run(s);
    if (err == OK)
        member_touch(&q->memory, member)->now.tombstones--;
    return err;
}

/* The run that ends directly below `number`, or what lies below it of one that goes on. */
static enum err run_ending(struct queue *q, uint32_t member,
                           const uint8_t conversation[static STORE_ID_LEN], uint64_t number,
                           struct queue_tombstone *out)
{
    enum err err = run_below(q, member, conversation, number, out);
    if (out->first + out->count < number)
        out->count = 0;
    else if (out->count > 0)
        out->count = (uint32_t)(number - out->first);
    return err;
}

static uint64_t newest(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* Take the neighbours of the same kind into the run and remove them as rows. */
static enum err absorb(struct queue *q, uint32_t member,
                       const uint8_t conversation[static STORE_ID_LEN], struct queue_tombstone *run)
{
    struct queue_tombstone other;
    enum err err = run_below(q, member, conversation, run->first, &other);
    if (err == OK && other.count > 0 && other.first + other.count == run->first &&
        other.kind == run->kind) {
        err = run_drop(q, member, conversation, other.first);
        run->first = other.first;
        run->count += other.count;
        run->leaf = newest(run->leaf, other.leaf);
    }
    uint64_t next = run->first + run->count;
    if (err == OK)
        err = run_below(q, member, conversation, next + 1, &other);
    if (err == OK && other.count > 0 && other.first == next && other.kind == run->kind) {
        err = run_drop(q, member, conversation, other.first);
        run->count += other.count;
        run->leaf = newest(run->leaf, other.leaf);
    }
    return err;
}

enum err queue_tombstone_put(struct queue *q, const struct queue_row *row, uint8_t kind,
                             uint64_t leaf)
{
    struct stmt *s = q->q[QUEUE_SQL_TOMB_PUT];
    struct queue_tombstone run = {.first = row->number, .count = 1, .kind = kind, .leaf = leaf};
    uint8_t place[PLACE_LEN];
    uint32_t member;

    if (row->number == 0)
        return OK;
    enum err err = member_index(&q->memory, row->recipient, &member);
    if (err == OK)
        err = absorb(q, member, row->conversation, &run);
    if (err != OK)
        return err;
    place_write(place, member, row->conversation, run.first);
    stmt_bind_bytes(s, 1, place, sizeof place);
    stmt_bind_u64(s, 2, run.count);
    stmt_bind_u64(s, 3, run.kind);
    stmt_bind_u64(s, 4, run.leaf);
    err = stmt_run(s);
    if (err == OK)
        member_touch(&q->memory, member)->now.tombstones++;
    return err;
}

static bool has_tombstones(const struct queue *q, const char *recipient, uint32_t *member)
{
    return member_find(&q->memory, recipient, member) &&
           q->memory.member[*member].now.tombstones > 0;
}

bool queue_tombstones_any(const struct queue *q, const char *recipient)
{
    uint32_t member;
    return has_tombstones(q, recipient, &member);
}

enum err queue_tombstones(struct queue *q, const char *recipient,
                          const uint8_t conversation[static STORE_ID_LEN], uint64_t below,
                          struct queue_tombstone *out, size_t cap, size_t *count)
{
    struct queue_tombstone run;
    uint64_t at = below; /* every number from here to `below` is closed */
    uint32_t member;
    enum err err = OK;

    *count = 0;
    if (cap == 0)
        return ERR_FIELD_VALUE;
    if (!has_tombstones(q, recipient, &member))
        return OK;
    while (err == OK && at > 1) {
        err = run_ending(q, member, conversation, at, &run);
        if (err != OK || run.count == 0)
            break;
        at = run.first;
        if (*count < cap) {
            memmove(&out[1], &out[0], *count * sizeof *out);
            out[0] = run;
            ++*count;
        } else {
            out[0].first = run.first;
            out[0].count += run.count;
            out[0].kind = 0;
            out[0].leaf = newest(out[0].leaf, run.leaf);
        }
    }
    return err;
}

enum err queue_tombstones_newer(struct queue *q, const char *recipient,
                                const uint8_t conversation[static STORE_ID_LEN], uint64_t number,
                                uint64_t leaf, bool *newer)
{
    struct queue_tombstone run;
    uint32_t member;
    enum err err = OK;

    *newer = false;
    if (number == 0 || !has_tombstones(q, recipient, &member))
        return OK;
    while (err == OK && !*newer) {
        err = run_ending(q, member, conversation, number, &run);
        if (err != OK || run.count == 0)
            break;
        number = run.first;
        *newer = run.leaf > leaf;
    }
    return err;
}

enum err queue_tombstones_done(struct queue *q, const char *recipient,
                               const uint8_t conversation[static STORE_ID_LEN], uint64_t upto)
{
    struct stmt *s = q->q[QUEUE_SQL_TOMB_DONE];
    uint8_t from[PLACE_LEN];
    uint8_t to[PLACE_LEN];
    uint32_t member;
    uint64_t changed;

    if (!has_tombstones(q, recipient, &member))
        return OK;
    place_write(from, member, conversation, 0);
    place_write(to, member, conversation, upto);
    stmt_bind_bytes(s, 1, from, sizeof from);
    stmt_bind_bytes(s, 2, to, sizeof to);
    enum err err = stmt_run_changed(s, &changed);
    if (err == OK && changed > 0)
        member_touch(&q->memory, member)->now.tombstones -= changed;
    return err;
}
