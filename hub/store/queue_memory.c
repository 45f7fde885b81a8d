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
    *m =
        (struct queue_memory){.epoch = 1, .member_cap = MEMBERS_FIRST, .lease_due_ms = STORE_NEVER};
    m->member = calloc(MEMBERS_FIRST, sizeof *m->member);
    m->index = calloc(2 * MEMBERS_FIRST, sizeof *m->index);
    m->lease = calloc(LEASE_TABLE, sizeof *m->lease);
    return m->member != NULL && m->index != NULL && m->lease != NULL ? OK : ERR_NO_MEMORY;
}

void queue_memory_fini(struct queue_memory *m)
{
    for (uint32_t i = 0; i < m->member_count; i++)
        free(m->member[i].views);
    free(m->member);
    free(m->index);
    free(m->lease);
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

static enum err grow(struct queue_memory *m)
{
    if (m->member_cap >= QUEUE_MEMBERS_MAX)
        return ERR_TOO_LARGE;
    uint32_t cap = 2 * m->member_cap;
    uint32_t *index = calloc((size_t)2 * cap, sizeof *index);
    if (index == NULL)
        return ERR_NO_MEMORY;
    struct queue_member *member = realloc(m->member, cap * sizeof *member);
    if (member == NULL) {
        free(index);
        return ERR_NO_MEMORY;
    }
    for (uint32_t i = 0; i < m->member_count; i++)
        *index_slot(index, 2 * cap, member, member[i].name) = i + 1;
    free(m->index);
    m->index = index;
    m->member = member;
    m->member_cap = cap;
    return OK;
}

bool member_find(const struct queue_memory *m, const char *name, uint32_t *out)
{
    uint32_t found = *index_slot(m->index, 2 * m->member_cap, m->member, name);
    *out = found - 1;
    return found != 0;
}

enum err member_index(struct queue_memory *m, const char *name, uint32_t *out)
{
    size_t len = strlen(name);
    if (member_find(m, name, out))
        return OK;
    if (len == 0 || len > STORE_MEMBER_MAX)
        return ERR_FIELD_VALUE;
    if (m->member_count == m->member_cap) {
        enum err err = grow(m);
        if (err != OK)
            return err;
    }
    uint32_t i = m->member_count++;
    m->member[i] = (struct queue_member){0};
    memcpy(m->member[i].name, name, len + 1);
    *index_slot(m->index, 2 * m->member_cap, m->member, name) = i + 1;
    *out = i;
    return OK;
}

enum err member_view(struct queue_memory *m, struct queue_member *member, uint64_t lessee,
                     struct view **out)
{
    if (member->views == NULL)
        member->views = calloc(VIEWS, sizeof *member->views);
    if (member->views == NULL)
        return ERR_NO_MEMORY;
    struct view *view = &member->views[0];
    for (size_t i = 0; i < VIEWS && view->lessee != lessee; i++) {
        struct view *other = &member->views[i];
        if (other->lessee == lessee || other->stamp < view->stamp)
            view = other;
    }
    if (view->lessee != lessee)
        *view = (struct view){.lessee = lessee};
    view->stamp = ++m->stamp;
    *out = view;
    return OK;
}

uint64_t conversation_bit(const uint8_t conversation[static STORE_ID_LEN])
{
    uint8_t mixed = 0;
    for (size_t i = 0; i < STORE_ID_LEN; i++)
        mixed = (uint8_t)(mixed * 31 + conversation[i]);
    return UINT64_C(1) << (mixed & 63);
}

static bool before(struct place a, struct place b)
{
    return a.due_ms != b.due_ms ? a.due_ms < b.due_ms : a.seq < b.seq;
}

void lane_offer(struct queue_member *member, uint8_t state, uint8_t lane, struct place place)
{
    if (member->views == NULL || state > QUEUE_WAITING)
        return;
    if (state == QUEUE_READY)
        place.due_ms = 0;
    for (size_t i = 0; i < VIEWS; i++) {
        struct lane *l = &member->views[i].lanes[state][lane];
        if (before(place, l->at))
            l->at = place;
        if (place.due_ms < l->dry_until_ms)
            l->dry_until_ms = place.due_ms;
    }
}

void lane_skip(struct lane *lane, struct place place, uint64_t conversation)
{
    /* A row that was given back may lie before the ones passed over earlier. */
    if (lane->skipped_bits == 0 || before(place, lane->skipped))
        lane->skipped = place;
    lane->skipped_bits |= conversation;
}

bool view_unblock(struct view *view, uint64_t conversation)
{
    bool any = false;
    for (size_t i = 0; i < (size_t)2 * QUEUE_LANES; i++) {
        struct lane *l = &view->lanes[i / QUEUE_LANES][i % QUEUE_LANES];
        if ((l->skipped_bits & conversation) == 0)
            continue;
        if (before(l->skipped, l->at))
            l->at = l->skipped;
        l->skipped_bits = 0;
        l->dry_until_ms = 0;
        any = true;
    }
    return any;
}

void views_unblock(struct queue_member *member, uint64_t conversation)
{
    for (size_t i = 0; i < VIEWS && member->views != NULL && conversation != 0; i++)
        view_unblock(&member->views[i], conversation);
}

void queue_memory_drop(struct queue_memory *m)
{
    for (uint32_t i = 0; i < m->member_count; i++) {
        struct queue_member *member = &m->member[i];
        if (member->touched == m->epoch)
            member->counted = false;
        if (member->views != NULL)
            memset(member->views, 0, VIEWS * sizeof *member->views);
    }
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

enum err lease_add(struct queue_memory *m, const struct lease *lease)
{
    if (m->lease_count >= QUEUE_LEASES_MAX)
        return ERR_QUOTA;
    struct lease *l = lease_slot(m, lease->member, lease->seq);
    if (l->lessee != 0)
        return ERR_EXISTS;
    *l = *lease;
    m->lease_count++;
    m->member[lease->member].leased++;
    if (lease->until_ms < m->lease_due_ms)
        m->lease_due_ms = lease->until_ms;
    return OK;
}

/* Close the gap: entries behind it that hash to or before it move up. */
void lease_remove(struct queue_memory *m, struct lease *lease)
{
    uint32_t gap = (uint32_t)(lease - m->lease);
    m->lease_count--;
    m->member[lease->member].leased--;
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
