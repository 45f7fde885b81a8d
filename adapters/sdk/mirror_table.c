#include "adapters/sdk/mirror_table.h"

#include <stdlib.h>
#include <string.h>

enum {
    TEXT_LEN = sizeof(((lianshu_MirrorRow *)0)->basis), /* the longest of them */
    TEXT_SLOTS = 2 * MIRROR_TEXTS_MAX,
    ROOM_MIN = 1 << 10,
    GONE = 1, /* head of a subject's chain that has become empty */
};

/* A subject: the place of its first row + 2, and a part of its token that spares most looks at
 * rows of others. Zeros: free. */
struct slot {
    uint32_t tag;
    uint32_t head;
};

struct mirror_table {
    struct slot *slot;
    size_t slot_mask;
    size_t slot_used; /* GONE ones too */
    struct mirror_entry *entry;
    size_t entry_cap, entry_len;
    uint32_t free; /* list of entries that ended: place + 1 */
    uint64_t count;
    char (*text)[TEXT_LEN];
    uint16_t text_count;
    uint16_t text_slot[TEXT_SLOTS]; /* index + 1 */
};

static enum err take_slots(struct mirror_table *t, size_t count)
{
    t->slot = calloc(count, sizeof *t->slot);
    t->slot_mask = count - 1;
    t->slot_used = 0;
    return t->slot == NULL ? ERR_NO_MEMORY : OK;
}

enum err mirror_table_open(struct mirror_table **out, uint64_t room)
{
    size_t cap = ROOM_MIN;
    struct mirror_table *t = calloc(1, sizeof *t);

    *out = NULL;
    if (t == NULL)
        return ERR_NO_MEMORY;
    while (cap < room && cap < (size_t)1 << 30)
        cap *= 2;
    t->entry_cap = room > ROOM_MIN ? (size_t)room : ROOM_MIN;
    t->entry = malloc(t->entry_cap * sizeof *t->entry);
    t->text = malloc(MIRROR_TEXTS_MAX * sizeof *t->text);
    if (t->entry == NULL || t->text == NULL || take_slots(t, 2 * cap) != OK) {
        mirror_table_close(&t);
        return ERR_NO_MEMORY;
    }
    *out = t;
    return OK;
}

void mirror_table_close(struct mirror_table **table)
{
    struct mirror_table *t = *table;

    if (t == NULL)
        return;
    free(t->slot);
    free(t->entry);
    free(t->text);
    free(t);
    *table = NULL;
}

/* ---- subjects ---- */

/* Tokens are HMACs: any bits of them are as good as a hash. */
static uint64_t bits(const uint8_t token[static REST_TOKEN_LEN])
{
    uint64_t word;

    memcpy(&word, token, sizeof word);
    return word;
}

static bool is_of(const struct mirror_table *t, const struct slot *s,
                  const uint8_t token[static REST_TOKEN_LEN])
{
    return s->head > GONE && memcmp(t->entry[s->head - 2].token, token, REST_TOKEN_LEN) == 0;
}

/* The slot of the subject, or the free one where it belongs. */
static struct slot *find(const struct mirror_table *t, const uint8_t token[static REST_TOKEN_LEN])
{
    const uint64_t word = bits(token);
    const uint32_t tag = (uint32_t)(word >> 32);

    for (size_t i = word & t->slot_mask;; i = (i + 1) & t->slot_mask) {
        struct slot *s = &t->slot[i];
        if (s->head == 0 || (s->tag == tag && is_of(t, s, token)))
            return s;
    }
}

static void link(struct mirror_table *t, uint32_t place)
{
    struct mirror_entry *e = &t->entry[place];
    struct slot *s = find(t, e->token);

    e->next = s->head == 0 ? MIRROR_NONE : s->head - 1;
    if (s->head == 0)
        t->slot_used++;
    s->tag = (uint32_t)(bits(e->token) >> 32);
    s->head = place + 2;
}

static enum err grow_slots(struct mirror_table *t)
{
    struct slot *old = t->slot;
    const size_t old_count = t->slot_mask + 1;
    const size_t count = t->count * 2 > old_count / 2 ? 2 * old_count : old_count;

    if (2 * (t->slot_used + 1) <= old_count)
        return OK;
    if (take_slots(t, count) != OK) {
        t->slot = old;
        t->slot_mask = old_count - 1;
        return ERR_NO_MEMORY;
    }
    for (size_t i = 0; i < old_count; i++) {
        if (old[i].head <= GONE)
            continue;
        struct slot *s = find(t, t->entry[old[i].head - 2].token);
        *s = old[i];
        t->slot_used++;
    }
    free(old);
    return OK;
}

static enum err take_entry(struct mirror_table *t, uint32_t *place)
{
    if (t->free != MIRROR_NONE) {
        *place = t->free - 1;
        t->free = t->entry[*place].next;
        return OK;
    }
    if (t->entry_len == t->entry_cap) {
        const size_t cap = t->entry_cap + t->entry_cap / 2;
        struct mirror_entry *grown =
            cap < UINT32_MAX / 2 ? realloc(t->entry, cap * sizeof *grown) : NULL;
        if (grown == NULL)
            return ERR_NO_MEMORY;
        t->entry = grown;
        t->entry_cap = cap;
    }
    *place = (uint32_t)t->entry_len++;
    return OK;
}

/* ---- texts ---- */

static enum err intern(struct mirror_table *t, const char *text, uint16_t *out)
{
    uint32_t h = 2166136261u;

    for (const char *p = text; *p != '\0'; p++)
        h = (h ^ (uint8_t)*p) * 16777619u;
    for (size_t i = h % TEXT_SLOTS;; i = (i + 1) % TEXT_SLOTS) {
        if (t->text_slot[i] == 0) {
            if (t->text_count == MIRROR_TEXTS_MAX)
                return ERR_TOO_LARGE;
            (void)strncat(memset(t->text[t->text_count], 0, TEXT_LEN), text, TEXT_LEN - 1);
            t->text_slot[i] = ++t->text_count;
        }
        *out = (uint16_t)(t->text_slot[i] - 1);
        if (strcmp(t->text[*out], text) == 0)
            return OK;
    }
}

const char *mirror_table_text(const struct mirror_table *t, uint16_t text)
{
    return t->text[text];
}

/* ---- rows ---- */

static enum err add(struct mirror_table *t, const lianshu_MirrorRow *row)
{
    uint32_t place;
    enum err err;
    struct mirror_entry e = {.number = row->number,
                             .order_version = row->order_version,
                             .start_date = row->start_date,
                             .end_date = row->end_date,
                             .force = (uint8_t)row->force};

    for (const struct mirror_entry *i = mirror_table_first(t, row->token); i != NULL;
         i = mirror_table_next(t, i)) {
        if (i->number == row->number)
            return ERR_LIST_MIXED;
    }
    if ((err = intern(t, row->list, &e.list)) != OK ||
        (err = intern(t, row->rule, &e.rule)) != OK ||
        (err = intern(t, row->basis, &e.basis)) != OK || (err = grow_slots(t)) != OK ||
        (err = take_entry(t, &place)) != OK)
        return err;
    memcpy(e.token, row->token, sizeof e.token);
    memcpy(e.order_id, row->order_id.bytes, sizeof e.order_id);
    memcpy(e.measure, row->measure, sizeof e.measure);
    memcpy(e.scope, row->scope, sizeof e.scope);
    t->entry[place] = e;
    link(t, place);
    t->count++;
    return OK;
}

static enum err end(struct mirror_table *t, const lianshu_MirrorRow *row)
{
    struct slot *s = find(t, row->token);
    uint32_t *from = NULL;

    if (s->head <= GONE)
        return ERR_LIST_MIXED;
    uint32_t place = s->head - 2;
    while (t->entry[place].number != row->number) {
        from = &t->entry[place].next;
        if (*from == MIRROR_NONE)
            return ERR_LIST_MIXED;
        place = *from - 1;
    }
    const uint32_t next = t->entry[place].next;
    if (from != NULL)
        *from = next;
    else
        s->head = next == MIRROR_NONE ? GONE : next + 1;
    t->entry[place].next = t->free;
    t->free = place + 1;
    t->count--;
    return OK;
}

enum err mirror_table_apply(struct mirror_table *t, const lianshu_MirrorRow *row)
{
    return row->ended ? end(t, row) : add(t, row);
}

uint64_t mirror_table_count(const struct mirror_table *t)
{
    return t->count;
}

const struct mirror_entry *mirror_table_first(const struct mirror_table *t,
                                              const uint8_t token[static REST_TOKEN_LEN])
{
    const struct slot *s = find(t, token);

    return s->head <= GONE ? NULL : &t->entry[s->head - 2];
}

const struct mirror_entry *mirror_table_next(const struct mirror_table *t,
                                             const struct mirror_entry *entry)
{
    return entry->next == MIRROR_NONE ? NULL : &t->entry[entry->next - 1];
}
