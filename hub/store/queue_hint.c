/* Where the next claim looks, rows put lately, and conversations in flight. */
#include "store/queue_memory.h"

#include <stdlib.h>

_Static_assert((ORDER_TABLE & (ORDER_TABLE - 1)) == 0, "the table is masked");

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

void lane_offer(struct queue_member *member, unsigned state, unsigned lane, struct place place)
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
    for (size_t i = 0; i < (size_t)CLAIM_STATES * QUEUE_LANES; i++) {
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

void member_forget(struct queue_memory *m, struct queue_member *member)
{
    member->generation++;
    for (unsigned lane = 0; lane < QUEUE_LANES; lane++)
        recent_drop(m, &member->recent[lane]);
    if (member->views != NULL)
        memset(member->views, 0, VIEWS * sizeof *member->views);
}

uint32_t lane_free(const struct queue_member *member, unsigned state, unsigned lane)
{
    uint32_t rows = member->now.count[state][lane];
    uint32_t leased = member->leased[state][lane];
    return rows > leased ? rows - leased : 0;
}

uint32_t node_make(struct queue_memory *m, const struct queue_member *member, uint64_t seq,
                   struct span place, struct span body)
{
    uint32_t i = m->node_free;
    if (place.len + body.len > NODE_BYTES)
        return 0;
    if (i != 0)
        m->node_free = m->node[i - 1].next;
    else if (m->node_used < NODES)
        i = ++m->node_used;
    else
        return 0;
    struct node *n = &m->node[i - 1];
    n->seq = seq;
    n->next = 0;
    n->generation = member->generation;
    n->place_len = (uint16_t)place.len;
    n->len = (uint16_t)(place.len + body.len);
    if (place.len > 0)
        memcpy(n->bytes, place.data, place.len);
    memcpy(n->bytes + place.len, body.data, body.len);
    return i;
}

void node_free(struct queue_memory *m, uint32_t node)
{
    if (node == 0)
        return;
    m->node[node - 1].next = m->node_free;
    m->node_free = node;
}

void recent_drop(struct queue_memory *m, struct recent *r)
{
    if (r->head != 0) {
        m->node[r->tail - 1].next = m->node_free;
        m->node_free = r->head;
    }
    *r = (struct recent){.from = STORE_NEVER};
}

bool recent_put(struct queue_memory *m, struct queue_member *member, unsigned lane, uint64_t seq,
                struct span place, struct span body)
{
    struct recent *r = &member->recent[lane];
    if (seq < r->from && lane_free(member, QUEUE_READY, lane) == 0)
        *r = (struct recent){.from = seq}; /* nobody waits there, so nothing is kept either */
    if (seq < r->from)
        return false;
    bool last = r->head == 0 || seq > m->node[r->tail - 1].seq;
    uint32_t node = last && r->count < RECENT_MAX ? node_make(m, member, seq, place, body) : 0;
    if (node == 0) {
        recent_drop(m, r);
        return false;
    }
    if (r->head == 0)
        r->head = node;
    else
        m->node[r->tail - 1].next = node;
    r->tail = node;
    r->count++;
    return true;
}

void recent_back(struct queue_memory *m, struct queue_member *member, unsigned lane, uint64_t seq,
                 uint32_t node)
{
    struct recent *r = &member->recent[lane];
    if (seq < r->from) {
        node_free(m, node);
        return;
    }
    bool kept = node != 0 && m->node[node - 1].generation == member->generation;
    if (!kept || (r->head != 0 && seq > m->node[r->head - 1].seq)) {
        node_free(m, node);
        recent_drop(m, r);
        return;
    }
    m->node[node - 1].next = r->head;
    r->head = node;
    if (r->tail == 0)
        r->tail = node;
    r->count++;
}

void recent_without(struct queue_memory *m, struct queue_member *member, unsigned lane,
                    uint64_t seq)
{
    if (seq >= member->recent[lane].from)
        recent_drop(m, &member->recent[lane]);
}

uint32_t recent_take(struct queue_memory *m, struct recent *r)
{
    uint32_t node = r->head;
    if (node == 0)
        return 0;
    r->head = m->node[node - 1].next;
    if (r->head == 0)
        r->tail = 0;
    r->count--;
    m->node[node - 1].next = 0;
    return node;
}

uint64_t conversation_hash(uint32_t member, const uint8_t conversation[static STORE_ID_LEN])
{
    uint64_t half[2];
    memcpy(half, conversation, sizeof half);
    uint64_t h = (half[0] ^ member) * 0x9e3779b97f4a7c15u;
    h = ((h ^ h >> 32) + half[1]) * 0xff51afd7ed558ccdu;
    return h ^ h >> 29;
}

static uint32_t hash_order(uint32_t member, const uint8_t conversation[static STORE_ID_LEN])
{
    return (uint32_t)(conversation_hash(member, conversation) >> 40) & (ORDER_TABLE - 1);
}

static bool order_is(const struct order *o, uint32_t member,
                     const uint8_t conversation[static STORE_ID_LEN])
{
    return o->member == member && memcmp(o->conversation, conversation, STORE_ID_LEN) == 0;
}

struct order *order_find(const struct queue_memory *m, uint32_t member,
                         const uint8_t conversation[static STORE_ID_LEN], uint64_t lessee)
{
    uint32_t at = m->order_head[hash_order(member, conversation)];
    while (at != 0 && (m->order[at - 1].lessee != lessee ||
                       !order_is(&m->order[at - 1], member, conversation)))
        at = m->order[at - 1].next;
    return at == 0 ? NULL : &m->order[at - 1];
}

uint64_t order_upto(const struct queue_memory *m, const struct order *o)
{
    return o != NULL && o->generation == m->member[o->member].generation ? o->upto : 0;
}

static void order_limit(const struct queue_memory *m, struct order *o, uint64_t upto)
{
    uint64_t known = order_upto(m, o);
    o->upto = known < upto ? known : upto;
    o->generation = m->member[o->member].generation;
}

/* There are as many as leases: one is always free. */
static struct order *order_make(struct queue_memory *m, uint32_t member,
                                const uint8_t conversation[static STORE_ID_LEN], uint64_t lessee)
{
    uint32_t *head = &m->order_head[hash_order(member, conversation)];
    uint32_t i = m->order_free;
    if (i != 0)
        m->order_free = m->order[i - 1].next;
    else
        i = ++m->order_used;
    struct order *o = &m->order[i - 1];
    *o = (struct order){.lessee = lessee, .member = member, .next = *head};
    memcpy(o->conversation, conversation, STORE_ID_LEN);
    *head = i;
    return o;
}

void order_join(struct queue_memory *m, struct lease *lease,
                const uint8_t conversation[static STORE_ID_LEN], bool proven)
{
    struct order *o = order_find(m, lease->member, conversation, lease->lessee);
    if (o == NULL)
        o = order_make(m, lease->member, conversation, lease->lessee);
    o->count++;
    uint64_t upto = order_upto(m, o);
    o->upto = proven && lease->number > upto ? lease->number : upto;
    o->generation = m->member[o->member].generation;
    lease->order = (uint32_t)(o - m->order) + 1;
}

void order_leave(struct queue_memory *m, struct lease *lease, bool back)
{
    if (lease->order == 0)
        return;
    uint32_t i = lease->order;
    struct order *o = &m->order[i - 1];
    lease->order = 0;
    if (back)
        order_limit(m, o, lease->number - 1);
    if (--o->count > 0)
        return;
    uint32_t *at = &m->order_head[hash_order(o->member, o->conversation)];
    while (*at != i)
        at = &m->order[*at - 1].next;
    *at = o->next;
    o->next = m->order_free;
    m->order_free = i;
}

void order_number(struct queue_memory *m, uint32_t member,
                  const uint8_t conversation[static STORE_ID_LEN], uint64_t number)
{
    for (uint32_t at = m->order_head[hash_order(member, conversation)]; at != 0;
         at = m->order[at - 1].next) {
        if (order_is(&m->order[at - 1], member, conversation))
            order_limit(m, &m->order[at - 1], number - 1);
    }
}
