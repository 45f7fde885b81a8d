#include "store/stream.h"

#include "store/box.h"

enum query { LAST, ACKED, PUT, GET, ACK_PUT, ACK_DROP, QUERY_COUNT };

static const char *const queries[QUERY_COUNT] = {
    [LAST] = "SELECT first, leaves FROM stream_block WHERE member = ?1 ORDER BY first DESC LIMIT 1",
    [ACKED] = "SELECT value FROM state WHERE kind = 2 AND no = 0 AND name = ?1",
    [PUT] = "INSERT INTO stream_block (member, first, leaves) VALUES (?1, ?2, ?3)",
    [GET] = "SELECT first, leaves FROM stream_block WHERE member = ?1 AND first <= ?2 "
            "ORDER BY first DESC LIMIT 1",
    [ACK_PUT] = "INSERT INTO state (kind, no, name, value) VALUES (2, 0, ?1, ?2) "
                "ON CONFLICT DO UPDATE SET value = ?2",
    [ACK_DROP] = "DELETE FROM stream_block WHERE member = ?1 AND first <= ?2 "
                 "AND first + length(leaves) / 8 <= ?2 + 1",
};

enum {
    ENTRY_LEN = 8,     /* big-endian */
    RECENT_FIRST = 32, /* entries a member has room for at first */
    RECENT_MAX = 512,  /* committed ones that stay in memory */
    MEMBERS_FIRST = 64,
};

struct position {
    uint64_t last;
    uint64_t acked;
};

struct stream_member {
    char name[STORE_MEMBER_MAX + 1];
    struct position now;
    struct position mark;      /* at the savepoint, when changed since */
    struct position committed; /* on disk */
    uint64_t changed;          /* transaction that changed it last */
    uint64_t marked;           /* savepoint since which it changed last */
    uint8_t *recent;           /* owns; entries recent_first … now.last as in a row */
    uint32_t recent_cap;       /* entries */
    uint64_t recent_first;
};

/* Indexes of members. */
struct members_list {
    uint32_t *at; /* owns, member_cap long */
    uint32_t count;
};

struct stream {
    struct stmt *q[QUERY_COUNT];
    struct db *db;
    struct stream_member *member; /* owns */
    uint32_t member_count;
    uint32_t member_cap;
    uint32_t *slot; /* owns; hash table of member + 1, 2 * member_cap long */
    uint64_t transaction;
    uint64_t savepoint;
    struct members_list changed; /* in this transaction */
    struct members_list marked;  /* since the savepoint */

    /* The row read last. */
    struct box box;
    uint32_t box_member; /* + 1; 0: none */
    uint64_t box_first;
    uint64_t box_count;
};

static uint32_t *slot_of(uint32_t *slots, uint32_t mask, const struct stream_member *member,
                         const char *name)
{
    uint32_t h = 2166136261u; /* FNV-1a; names come from the registry, not from an attacker */
    for (const char *p = name; *p != '\0'; p++)
        h = (h ^ (uint8_t)*p) * 16777619u;
    h &= mask;
    while (slots[h] != 0 && strcmp(member[slots[h] - 1].name, name) != 0)
        h = (h + 1) & mask;
    return &slots[h];
}

/* Room for cap members. */
static enum err grow(struct stream *s, uint32_t cap)
{
    uint32_t *slot = calloc((size_t)2 * cap, sizeof *slot);
    struct stream_member *member = realloc(s->member, cap * sizeof *member);
    s->member = member != NULL ? member : s->member;
    uint32_t *changed = realloc(s->changed.at, cap * sizeof *changed);
    s->changed.at = changed != NULL ? changed : s->changed.at;
    uint32_t *marked = realloc(s->marked.at, cap * sizeof *marked);
    s->marked.at = marked != NULL ? marked : s->marked.at;
    if (slot == NULL || member == NULL || changed == NULL || marked == NULL) {
        free(slot);
        return ERR_NO_MEMORY;
    }
    for (uint32_t i = 0; i < s->member_count; i++)
        *slot_of(slot, 2 * cap - 1, member, member[i].name) = i + 1;
    free(s->slot);
    s->slot = slot;
    s->member_cap = cap;
    return OK;
}

enum err stream_open(struct stream **out, struct db *db, struct fault *f)
{
    *out = NULL;
    struct stream *s = calloc(1, sizeof *s);
    if (s == NULL)
        return fault_set(f, ERR_NO_MEMORY, 0, "stream", "open");
    s->db = db;
    s->transaction = 1;
    s->savepoint = 1;
    enum err err = grow(s, MEMBERS_FIRST);
    if (err == OK)
        err = db_prepare(db, queries, QUERY_COUNT, s->q, f);
    else
        fault_set(f, err, 0, "stream", "open");
    if (err != OK)
        stream_close(&s);
    *out = s;
    return err;
}

void stream_close(struct stream **out)
{
    struct stream *s = *out;
    *out = NULL;
    if (s == NULL)
        return;
    for (uint32_t i = 0; i < s->member_count; i++)
        free(s->member[i].recent);
    free(s->member);
    free(s->slot);
    free(s->changed.at);
    free(s->marked.at);
    box_fini(&s->box);
    free(s);
}

/* The position of a member, from its rows: the end of its last row, or what was acknowledged. */
static enum err position_load(struct stream *s, const char *name, struct position *out)
{
    *out = (struct position){0};
    stmt_bind_text(s->q[ACKED], 1, name);
    enum err err = stmt_step(s->q[ACKED]);
    if (err == OK)
        out->acked = stmt_u64(s->q[ACKED], 0);
    err = stmt_end(s->q[ACKED], err == ERR_NOT_FOUND ? OK : err);
    if (err != OK)
        return err;
    out->last = out->acked;
    stmt_bind_text(s->q[LAST], 1, name);
    err = stmt_step(s->q[LAST]);
    if (err == OK)
        out->last = stmt_u64(s->q[LAST], 0) + stmt_blob(s->q[LAST], 1).len / ENTRY_LEN - 1;
    err = stmt_end(s->q[LAST], err == ERR_NOT_FOUND ? OK : err);
    return err == OK && out->last < out->acked ? ERR_CORRUPT : err;
}

static enum err find(struct stream *s, const char *name, struct stream_member **out)
{
    size_t len = strlen(name);
    uint32_t *slot = slot_of(s->slot, 2 * s->member_cap - 1, s->member, name);

    *out = *slot != 0 ? &s->member[*slot - 1] : NULL;
    if (*slot != 0)
        return OK;
    if (len == 0 || len > STORE_MEMBER_MAX)
        return ERR_FIELD_VALUE;
    struct stream_member m = {.recent_first = 1};
    enum err err = position_load(s, name, &m.now);
    if (err == OK && s->member_count == STREAM_MEMBERS_MAX)
        err = ERR_TOO_LARGE;
    if (err == OK && s->member_count == s->member_cap)
        err = grow(s, 2 * s->member_cap);
    if (err != OK)
        return err;
    memcpy(m.name, name, len + 1);
    m.committed = m.now; /* only this module writes its rows, and only before a commit */
    m.recent_first = m.now.last + 1;
    s->member[s->member_count++] = m;
    *slot_of(s->slot, 2 * s->member_cap - 1, s->member, name) = s->member_count;
    *out = &s->member[s->member_count - 1];
    return OK;
}

/* The member is about to change: remember how it was. */
static void touch(struct stream *s, struct stream_member *m)
{
    uint32_t index = (uint32_t)(m - s->member);
    if (m->changed != s->transaction) {
        m->changed = s->transaction;
        s->changed.at[s->changed.count++] = index;
    }
    if (m->marked != s->savepoint) {
        m->marked = s->savepoint;
        m->mark = m->now;
        s->marked.at[s->marked.count++] = index;
    }
}

static enum err may_write(const struct stream *s)
{
    if (db_fatal(s->db) != OK)
        return db_fatal(s->db);
    return db_in_transaction(s->db) ? OK : ERR_INTERNAL;
}

/* Room for one more recent entry; old committed ones make way. */
static enum err recent_room(struct stream_member *m)
{
    uint64_t count = m->now.last + 1 - m->recent_first;
    uint64_t committed =
        m->committed.last >= m->recent_first ? m->committed.last + 1 - m->recent_first : 0;
    if (committed > RECENT_MAX) {
        uint64_t drop = committed - RECENT_MAX / 2;
        memmove(m->recent, m->recent + drop * ENTRY_LEN, (count - drop) * ENTRY_LEN);
        m->recent_first += drop;
        return OK;
    }
    if (count < m->recent_cap)
        return OK;
    if (count - committed >= STREAM_PENDING_MAX)
        return ERR_BUSY;
    uint32_t cap = m->recent_cap == 0 ? RECENT_FIRST : 2 * m->recent_cap;
    uint8_t *grown = realloc(m->recent, (size_t)cap * ENTRY_LEN);
    if (grown == NULL)
        return ERR_NO_MEMORY;
    m->recent = grown;
    m->recent_cap = cap;
    return OK;
}

static uint64_t entry_read(const uint8_t *at)
{
    struct span from = span_of(at, ENTRY_LEN);
    uint64_t leaf = 0;
    (void)span_take_uint(&from, ENTRY_LEN, &leaf);
    return leaf;
}

enum err stream_put(struct stream *s, const char *member, uint64_t leaf, uint64_t *number)
{
    struct stream_member *m;
    enum err err = may_write(s);
    if (err == OK)
        err = find(s, member, &m);
    if (err == OK)
        err = recent_room(m);
    if (err != OK)
        return err;
    touch(s, m);
    struct writer w =
        writer_of(m->recent + (m->now.last + 1 - m->recent_first) * ENTRY_LEN, ENTRY_LEN);
    write_uint(&w, leaf, ENTRY_LEN);
    *number = ++m->now.last;
    return OK;
}

/* An entry that is not in memory any more. */
static enum err stored_entry(struct stream *s, const struct stream_member *m, uint64_t number,
                             uint64_t *leaf)
{
    struct stmt *q = s->q[GET];
    struct span entries;
    uint32_t index = (uint32_t)(m - s->member) + 1;
    enum err err = OK;

    if (s->box_member != index || number < s->box_first || number - s->box_first >= s->box_count) {
        s->box_member = 0;
        stmt_bind_text(q, 1, m->name);
        stmt_bind_u64(q, 2, number);
        err = stmt_step(q);
        if (err == OK) {
            s->box_first = stmt_u64(q, 0);
            err = box_keep(&s->box, stmt_blob(q, 1), &entries);
            s->box_count = entries.len / ENTRY_LEN;
        }
        err = stmt_end(q, err == ERR_NOT_FOUND ? ERR_CORRUPT : err);
        if (err == OK && number - s->box_first >= s->box_count)
            err = ERR_CORRUPT; /* a row is missing */
        if (err != OK)
            return err;
        s->box_member = index;
    }
    *leaf = entry_read(s->box.data + (number - s->box_first) * ENTRY_LEN);
    return OK;
}

enum err stream_next(struct stream *s, const char *member, uint64_t after, uint64_t *number,
                     uint64_t *leaf)
{
    struct stream_member *m;
    enum err err = find(s, member, &m);
    *number = 0;
    *leaf = 0;
    if (err != OK)
        return err;
    uint64_t want = after > m->now.acked ? after : m->now.acked;
    if (want >= m->now.last)
        return ERR_NOT_FOUND;
    *number = ++want;
    if (want < m->recent_first)
        return stored_entry(s, m, want, leaf);
    *leaf = entry_read(m->recent + (want - m->recent_first) * ENTRY_LEN);
    return OK;
}

enum err stream_ack(struct stream *s, const char *member, uint64_t number)
{
    struct stream_member *m;
    enum err err = may_write(s);
    if (err == OK)
        err = find(s, member, &m);
    if (err != OK)
        return err;
    if (number > m->now.last)
        return ERR_FIELD_VALUE;
    if (number <= m->now.acked)
        return OK;
    touch(s, m);
    m->now.acked = number;
    return OK;
}

enum err stream_last(struct stream *s, const char *member, uint64_t *number)
{
    struct stream_member *m;
    enum err err = find(s, member, &m);
    *number = err == OK ? m->now.last : 0;
    return err;
}

enum err stream_acked(struct stream *s, const char *member, uint64_t *number)
{
    struct stream_member *m;
    enum err err = find(s, member, &m);
    *number = err == OK ? m->now.acked : 0;
    return err;
}

/* The new entries of a member that are not acknowledged already. */
static enum err entries_write(struct stream *s, const struct stream_member *m)
{
    struct stmt *q = s->q[PUT];
    uint64_t first = (m->now.acked > m->committed.last ? m->now.acked : m->committed.last) + 1;
    while (first <= m->now.last) {
        uint64_t count = m->now.last + 1 - first;
        count = count > STREAM_BLOCK_ENTRIES ? STREAM_BLOCK_ENTRIES : count;
        stmt_bind_text(q, 1, m->name);
        stmt_bind_u64(q, 2, first);
        stmt_bind_bytes(q, 3, m->recent + (first - m->recent_first) * ENTRY_LEN, count * ENTRY_LEN);
        enum err err = stmt_run(q);
        if (err != OK)
            return err;
        first += count;
    }
    return OK;
}

static enum err ack_write(struct stream *s, const struct stream_member *m)
{
    stmt_bind_text(s->q[ACK_PUT], 1, m->name);
    stmt_bind_u64(s->q[ACK_PUT], 2, m->now.acked);
    enum err err = stmt_run(s->q[ACK_PUT]);
    if (err != OK)
        return err;
    stmt_bind_text(s->q[ACK_DROP], 1, m->name);
    stmt_bind_u64(s->q[ACK_DROP], 2, m->now.acked);
    return stmt_run(s->q[ACK_DROP]);
}

enum err stream_before_commit(struct stream *s)
{
    for (uint32_t i = 0; i < s->changed.count; i++) {
        const struct stream_member *m = &s->member[s->changed.at[i]];
        enum err err = m->now.last != m->committed.last ? entries_write(s, m) : OK;
        if (err == OK && m->now.acked != m->committed.acked)
            err = ack_write(s, m);
        if (err != OK)
            return err;
    }
    return OK;
}

/* A new transaction and no savepoint: nothing is changed since. */
static void begin_anew(struct stream *s)
{
    s->transaction++;
    s->savepoint++;
    s->changed.count = 0;
    s->marked.count = 0;
}

void stream_committed(struct stream *s)
{
    for (uint32_t i = 0; i < s->changed.count; i++) {
        struct stream_member *m = &s->member[s->changed.at[i]];
        m->committed = m->now;
    }
    begin_anew(s);
}

void stream_savepoint(struct stream *s)
{
    s->savepoint++;
    s->marked.count = 0;
}

void stream_rolled_back(struct stream *s)
{
    for (uint32_t i = 0; i < s->changed.count; i++) {
        struct stream_member *m = &s->member[s->changed.at[i]];
        m->now = m->committed;
    }
    begin_anew(s);
}

void stream_rolled_back_to(struct stream *s)
{
    for (uint32_t i = 0; i < s->marked.count; i++) {
        struct stream_member *m = &s->member[s->marked.at[i]];
        m->now = m->mark;
    }
    stream_savepoint(s);
}
