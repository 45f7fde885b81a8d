/* Members of the queue and its leases. */
#include "store/queue_memory.h"

#include <stdlib.h>

enum { MEMBERS_FIRST = 256 };

_Static_assert((LEASE_TABLE & (LEASE_TABLE - 1)) == 0, "the table is masked");

static uint32_t hash_name(const char *name)
{
    uint32_t h = 2166136261u; /* FNV-1a; names come from the registry, not from an attacker */
    for (; *name != '\0'; name++)
        h = (h ^ (uint8_t)*name) * 16777619u;
    return h;
}

static uint32_t hash_lease(uint32_t member, uint64_t seq)
{
    uint64_t h = (seq ^ (uint64_t)member << 40) * 0x9e3779b97f4a7c15u;
    return (uint32_t)(h >> 32) & (LEASE_TABLE - 1);
}

enum err queue_memory_init(struct queue_memory *m)
{
    *m = (struct queue_memory){
        .epoch = 1, .save = 1, .member_cap = MEMBERS_FIRST, .lease_due_ms = STORE_NEVER};
    m->member = calloc(MEMBERS_FIRST, sizeof *m->member);
    m->index = calloc(2 * MEMBERS_FIRST, sizeof *m->index);
    m->touched = calloc(MEMBERS_FIRST, sizeof *m->touched);
    m->lease = calloc(LEASE_TABLE, sizeof *m->lease);
    m->node = calloc(NODES, sizeof *m->node); /* pages are there once they are used */
    m->order = calloc(QUEUE_LEASES_MAX, sizeof *m->order);
    m->order_head = calloc(ORDER_TABLE, sizeof *m->order_head);
    m->number = calloc(NUMBERS, sizeof *m->number);
    m->number_touched = calloc(NUMBERS, sizeof *m->number_touched);
    m->seen = calloc(SEEN_WORDS, sizeof *m->seen);
    m->seen_round = 1;
    return m->member != NULL && m->index != NULL && m->touched != NULL && m->lease != NULL &&
                   m->node != NULL && m->order != NULL && m->order_head != NULL &&
                   m->number != NULL && m->number_touched != NULL && m->seen != NULL
               ? OK
               : ERR_NO_MEMORY;
}

void queue_memory_fini(struct queue_memory *m)
{
    for (uint32_t i = 0; i < m->member_count; i++)
        free(m->member[i].views);
    free(m->member);
    free(m->index);
    free(m->touched);
    free(m->lease);
    free(m->node);
    free(m->order);
    free(m->order_head);
    free(m->number);
    free(m->number_touched);
    free(m->seen);
    *m = (struct queue_memory){0};
}

/* The slot that holds the name, or the free one where it belongs. */
static uint32_t *index_slot(uint32_t *index, uint32_t slots, const struct queue_member *member,
                            const char *name)
{
    uint32_t at = hash_name(name) & (slots - 1);
    while (index[at] != 0 && strcmp(member[index[at] - 1].name, name) != 0)
        at = (at + 1) & (slots - 1);
    return &index[at];
}

/* Each allocation replaces its array at once, so that a failed one leaves a whole memory. */
static enum err grow(struct queue_memory *m)
{
    if (m->member_cap >= QUEUE_MEMBERS_MAX)
        return ERR_TOO_LARGE;
    uint32_t cap = 2 * m->member_cap;
    struct queue_member *member = realloc(m->member, cap * sizeof *member);
    if (member == NULL)
        return ERR_NO_MEMORY;
    m->member = member;
    uint32_t *touched = realloc(m->touched, cap * sizeof *touched);
    if (touched == NULL)
        return ERR_NO_MEMORY;
    m->touched = touched;
    uint32_t *index = calloc((size_t)2 * cap, sizeof *index);
    if (index == NULL)
        return ERR_NO_MEMORY;
    for (uint32_t i = 0; i < m->member_count; i++) {
        if (member[i].name[0] != '\0')
            *index_slot(index, 2 * cap, member, member[i].name) = i + 1;
    }
    free(m->index);
    m->index = index;
    m->member_cap = cap;
    return OK;
}

bool member_find(const struct queue_memory *m, const char *name, uint32_t *out)
{
    uint32_t found = *index_slot(m->index, 2 * m->member_cap, m->member, name);
    *out = found - 1;
    return found != 0;
}

static enum err member_add(struct queue_memory *m)
{
    if (m->member_count == m->member_cap) {
        enum err err = grow(m);
        if (err != OK)
            return err;
    }
    struct queue_member *member = &m->member[m->member_count++];
    *member = (struct queue_member){.generation = 1};
    for (unsigned i = 0; i < QUEUE_LANES; i++)
        member->recent[i].from = STORE_NEVER;
    return OK;
}

static void member_name(struct queue_memory *m, uint32_t i, const char *name)
{
    memcpy(m->member[i].name, name, strlen(name) + 1);
    *index_slot(m->index, 2 * m->member_cap, m->member, name) = i + 1;
}

enum err member_index(struct queue_memory *m, const char *name, uint32_t *out)
{
    size_t len = strlen(name);
    if (member_find(m, name, out))
        return OK;
    if (len == 0 || len > STORE_MEMBER_MAX)
        return ERR_FIELD_VALUE;
    enum err err = member_add(m);
    if (err != OK)
        return err;
    *out = m->member_count - 1;
    member_name(m, *out, name);
    return OK;
}

enum err member_restore(struct queue_memory *m, uint64_t number, const char *name,
                        const struct tally *tally)
{
    uint32_t other;
    if (number == 0 || number > QUEUE_MEMBERS_MAX || member_find(m, name, &other))
        return ERR_CORRUPT;
    while (m->member_count < number) {
        enum err err = member_add(m);
        if (err != OK)
            return err;
    }
    struct queue_member *member = &m->member[number - 1];
    if (member->name[0] != '\0')
        return ERR_CORRUPT;
    member_name(m, (uint32_t)number - 1, name);
    member->saved = true;
    member->now = *tally;
    return OK;
}

struct queue_member *member_touch(struct queue_memory *m, uint32_t i)
{
    struct queue_member *member = &m->member[i];
    if (member->epoch != m->epoch) {
        member->epoch = m->epoch;
        member->committed = member->now;
        m->touched[m->touched_count++] = i;
    }
    if (member->save != m->save) {
        member->save = m->save;
        member->marked = member->now;
    }
    return member;
}

uint64_t tally_rows(const struct tally *t, unsigned state)
{
    uint64_t rows = 0;
    for (unsigned lane = 0; lane < QUEUE_LANES; lane++)
        rows += t->count[state][lane];
    return rows;
}

static struct lease *lease_slot(const struct queue_memory *m, uint32_t member, uint64_t seq)
{
    uint32_t at = hash_lease(member, seq);
    while (m->lease[at].lessee != 0 && (m->lease[at].seq != seq || m->lease[at].member != member))
        at = (at + 1) & (LEASE_TABLE - 1);
    return &m->lease[at];
}

struct lease *lease_find(const struct queue_memory *m, uint32_t member, uint64_t seq)
{
    struct lease *l = lease_slot(m, member, seq);
    return l->lessee != 0 ? l : NULL;
}

enum err lease_add(struct queue_memory *m, const struct lease *lease, struct lease **out)
{
    struct queue_member *member = &m->member[lease->member];
    if (m->lease_count >= QUEUE_LEASES_MAX)
        return ERR_QUOTA;
    struct lease *l = lease_slot(m, lease->member, lease->seq);
    if (l->lessee != 0)
        return ERR_EXISTS;
    *l = *lease;
    *out = l;
    m->lease_count++;
    member->leased[lease->state][lease->lane]++;
    if (member->epoch == m->epoch)
        member->claimed = m->epoch; /* the row itself may be undone */
    if (lease->until_ms < m->lease_due_ms)
        m->lease_due_ms = lease->until_ms;
    return OK;
}

/* Close the gap: entries behind it that hash to or before it move up. */
void lease_remove(struct queue_memory *m, struct lease *lease)
{
    uint32_t gap = (uint32_t)(lease - m->lease);
    m->lease_count--;
    m->member[lease->member].leased[lease->state][lease->lane]--;
    m->lease[gap].lessee = 0;
    for (uint32_t at = (gap + 1) & (LEASE_TABLE - 1); m->lease[at].lessee != 0;
         at = (at + 1) & (LEASE_TABLE - 1)) {
        uint32_t home = hash_lease(m->lease[at].member, m->lease[at].seq);
        if (((at - home) & (LEASE_TABLE - 1)) < ((at - gap) & (LEASE_TABLE - 1)))
            continue;
        m->lease[gap] = m->lease[at];
        m->lease[at].lessee = 0;
        gap = at;
    }
    if (m->lease_count == 0)
        m->lease_due_ms = STORE_NEVER;
}

/* Goes on where it last found one: a mass of leases that end together costs one round. */
struct lease *lease_overdue(struct queue_memory *m, uint64_t now_ms)
{
    uint64_t earliest = STORE_NEVER;
    if (now_ms < m->lease_due_ms)
        return NULL;
    for (uint32_t i = 0; i < LEASE_TABLE; i++) {
        uint32_t at = (m->scan_at + i) & (LEASE_TABLE - 1);
        struct lease *l = &m->lease[at];
        if (l->lessee != 0 && l->until_ms <= now_ms) {
            m->scan_at = at;
            return l;
        }
        if (l->lessee != 0 && l->until_ms < earliest)
            earliest = l->until_ms;
    }
    m->lease_due_ms = earliest;
    return NULL;
}
