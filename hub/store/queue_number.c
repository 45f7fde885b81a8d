/* Delivery numbers. The latest of each conversation stands in the table; the memory spares reading
 * it: of conversations numbered lately it is kept, and most others are new, which is known without
 * looking. Ids begin with their time, so that a new conversation nearly always lies above all that
 * were there when `seen` began, and `seen` knows those that came since. */
#include "store/columns.h"
#include "store/queue_own.h"

_Static_assert((NUMBERS & (NUMBERS - 1)) == 0 && (SEEN_WORDS & (SEEN_WORDS - 1)) == 0,
               "the tables are masked");
_Static_assert(NUMBERS <= UINT16_MAX + 1, "slots are listed as u16");

static bool number_is(const struct number *n, uint32_t member,
                      const uint8_t conversation[static STORE_ID_LEN])
{
    return n->member == member + 1 && memcmp(n->conversation, conversation, STORE_ID_LEN) == 0;
}

/* Its latest number is this one from now on; forgotten when the transaction is undone. */
static void number_set(struct queue_memory *m, struct number *n, uint32_t member,
                       const uint8_t conversation[static STORE_ID_LEN], uint64_t last)
{
    if (n->epoch != m->epoch)
        m->number_touched[m->number_touched_count++] = (uint16_t)(n - m->number);
    n->epoch = m->epoch;
    n->member = member + 1;
    n->last = last;
    memcpy(n->conversation, conversation, STORE_ID_LEN);
}

void numbers_forget(struct queue_memory *m)
{
    for (uint32_t i = 0; i < m->number_touched_count; i++)
        m->number[m->number_touched[i]] = (struct number){.member = 0};
    m->number_touched_count = 0;
}

/* The two bits of a conversation in the filter. */
static bool seen(const struct queue_memory *m, uint64_t hash)
{
    return (m->seen[hash & (SEEN_WORDS - 1)] >> (hash >> 16 & 63) & 1) != 0 &&
           (m->seen[hash >> 24 & (SEEN_WORDS - 1)] >> (hash >> 40 & 63) & 1) != 0;
}

static void see(struct queue_memory *m, uint64_t hash)
{
    if (m->seen_count == SEEN_MAX) {
        memset(m->seen, 0, SEEN_WORDS * sizeof *m->seen);
        m->seen_count = 0;
        m->seen_round++;
    }
    m->seen[hash & (SEEN_WORDS - 1)] |= UINT64_C(1) << (hash >> 16 & 63);
    m->seen[hash >> 24 & (SEEN_WORDS - 1)] |= UINT64_C(1) << (hash >> 40 & 63);
    m->seen_count++;
}

/* The member's highest conversations belong to the present round of the filter. */
static enum err learn_top(struct queue *q, uint32_t member)
{
    struct queue_member *m = &q->memory.member[member];
    struct stmt *s = q->q[QUEUE_SQL_NUMBER_TOP];
    uint8_t from[PLACE_LEN];
    uint8_t to[PLACE_LEN];
    uint8_t high[STORE_ID_LEN];
    enum err err = OK;

    if (m->seen_round == q->memory.seen_round)
        return OK;
    if (m->seen_round == 0) {
        memset(high, 0xff, sizeof high);
        place_write(from, member, (const uint8_t[STORE_ID_LEN]){0}, 0);
        place_write(to, member, high, 0);
        stmt_bind_bytes(s, 1, from, CONVERSATION_KEY_LEN);
        stmt_bind_bytes(s, 2, to, CONVERSATION_KEY_LEN);
        err = stmt_step(s);
        if (err == OK)
            stmt_copy(s, 0, from, CONVERSATION_KEY_LEN);
        err = stmt_end(s, err);
        if (err == OK)
            memcpy(m->numbered, from + CONVERSATION_KEY_LEN - STORE_ID_LEN, sizeof m->numbered);
    }
    if (err != OK && err != ERR_NOT_FOUND)
        return err;
    memcpy(m->numbered_before, m->numbered, sizeof m->numbered_before);
    m->seen_round = q->memory.seen_round;
    return OK;
}

/* The latest number given; 0: none yet. */
static enum err number_last(struct queue *q, uint32_t member, uint64_t hash,
                            const uint8_t conversation[static STORE_ID_LEN], uint64_t *last)
{
    const struct queue_member *m = &q->memory.member[member];
    struct stmt *s = q->q[QUEUE_SQL_NUMBER_GET];
    uint8_t key[PLACE_LEN];

    *last = 0;
    enum err err = learn_top(q, member);
    if (err != OK ||
        (memcmp(conversation, m->numbered_before, STORE_ID_LEN) > 0 && !seen(&q->memory, hash)))
        return err;
    place_write(key, member, conversation, 0);
    stmt_bind_bytes(s, 1, key, CONVERSATION_KEY_LEN);
    err = stmt_step(s);
    if (err == OK)
        *last = stmt_u64(s, 0);
    err = stmt_end(s, err);
    return err == ERR_NOT_FOUND ? OK : err;
}

enum err queue_number(struct queue *q, const char *recipient,
                      const uint8_t conversation[static STORE_ID_LEN], uint64_t *number)
{
    struct queue_memory *m = &q->memory;
    struct stmt *s = q->q[QUEUE_SQL_NUMBER_PUT];
    uint8_t key[PLACE_LEN];
    uint32_t i;

    *number = 0;
    enum err err = member_index(m, recipient, &i);
    if (err != OK)
        return err;
    struct queue_member *member = member_touch(m, i);
    uint64_t hash = conversation_hash(i, conversation);
    struct number *n = &m->number[hash >> 8 & (NUMBERS - 1)];
    uint64_t last = n->last;
    if (!number_is(n, i, conversation))
        err = number_last(q, i, hash, conversation, &last);
    if (err != OK)
        return err;
    place_write(key, i, conversation, 0);
    stmt_later(s);
    stmt_bind_bytes(s, 1, key, CONVERSATION_KEY_LEN);
    stmt_bind_u64(s, 2, last + 1);
    err = stmt_run(s);
    if (err != OK)
        return err;
    if (last == 0)
        see(m, hash);
    if (memcmp(conversation, member->numbered, STORE_ID_LEN) > 0)
        memcpy(member->numbered, conversation, STORE_ID_LEN);
    number_set(m, n, i, conversation, last + 1);
    *number = last + 1;
    return OK;
}
