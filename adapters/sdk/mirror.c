/* Reading the mirror: loaded from its pages, checked, and asked. */
#include "adapters/sdk/sdk_mirror.h"

#include "adapters/sdk/beside.h"
#include "adapters/sdk/inner.h"
#include "adapters/sdk/mirror_rows.h"
#include "adapters/sdk/mirror_table.h"
#include "base/clock.h"
#include "ident.h"
#include "keys/guard.h"
#include "keys/init.h"
#include "sdk_sql.h"

#include <stdio.h>
#include <stdlib.h>

enum { CLOCK_BACK_MS = 300 * 1000 };

struct sdk_mirror {
    struct stmt *sql[MIRROR_SQL_READ_COUNT];
    const struct key *storage;
    char member[SDK_MEMBER_MAX];

    /* What is loaded. generation 0: nothing. */
    struct mirror_state state;
    struct mirror_tokens *tokens;
    struct mirror_table *table;

    lianshu_MirrorUpdate update;
    uint8_t room[SDK_BODY_MAX], again[SDK_BODY_MAX];

    struct beside beside; /* of its own, when it was opened by itself */
};

static enum err prepare(struct sdk_mirror *m, struct db *db, const char *member,
                        struct fault *fault)
{
    (void)snprintf(m->member, sizeof m->member, "%s", member);
    return db_prepare(db, mirror_sql_text, MIRROR_SQL_READ_COUNT, m->sql, fault);
}

enum err sdk_mirror_of(struct sdk *s, struct sdk_mirror **out)
{
    enum err err;

    *out = NULL;
    if (s->mirror == NULL) {
        struct sdk_mirror *m = calloc(1, sizeof *m);
        if (m == NULL)
            return ERR_NO_MEMORY;
        m->storage = keyring_find(s->keys, KEY_USE_STORAGE);
        err = m->storage == NULL ? ERR_KEY_FILE : prepare(m, s->db, s->member, NULL);
        if (err != OK) {
            sdk_mirror_close(&m);
            return err;
        }
        s->mirror = m;
    }
    if ((err = sdk_mirror_refresh(s->mirror)) == OK)
        *out = s->mirror;
    return err;
}

enum err sdk_mirror_open(struct sdk_mirror **out, const struct sdk_mirror_config *c,
                         struct fault *fault)
{
    enum err err;
    struct sdk_mirror *m = calloc(1, sizeof *m);

    *out = NULL;
    if (m == NULL)
        return fault_set(fault, ERR_NO_MEMORY, 0, "mirror", "open");
    if ((err = beside_open(&m->beside, c, &m->storage, fault)) == OK &&
        (err = prepare(m, m->beside.db, c->member, fault)) == OK &&
        (err = sdk_mirror_refresh(m)) != OK)
        (void)fault_set(fault, err, 0, c->state_dir, "mirror");
    if (err != OK)
        sdk_mirror_close(&m);
    *out = m;
    return err;
}

void sdk_mirror_close(struct sdk_mirror **mirror)
{
    struct sdk_mirror *m = *mirror;

    if (m == NULL)
        return;
    mirror_table_close(&m->table);
    mirror_tokens_close(&m->tokens);
    beside_close(&m->beside);
    free(m);
    *mirror = NULL;
}

/* ---- loading ---- */

/* The key of the generation, into the page that carried it or (tokens) as HMAC has it. */
static enum err open_key(struct sdk_mirror *m, const struct mirror_state *s,
                         struct mirror_tokens **tokens, lianshu_MirrorUpdate *page)
{
    uint8_t bytes[8];
    uint8_t *key = guard_alloc(MIRROR_KEY_LEN);
    const struct rest_place place = mirror_key_place(s->generation, bytes);

    if (key == NULL)
        return ERR_NO_MEMORY;
    struct writer w = writer_of(key, MIRROR_KEY_LEN);
    enum err err = rest_open(m->storage, &place, span_of(s->key, sizeof s->key), &w);
    if (err == OK && tokens != NULL)
        err = mirror_tokens_open(tokens, key);
    if (err == OK && page != NULL) {
        page->key.size = MIRROR_KEY_LEN;
        memcpy(page->key.bytes, key, MIRROR_KEY_LEN);
    }
    guard_free(key);
    return err;
}

/* Load one page: it continues the chain, and its rows fit. */
static enum err load_page(struct sdk_mirror *m, const struct mirror_state *s, uint64_t page,
                          uint8_t head[static HASH_LEN], struct mirror_table *table)
{
    size_t len;
    uint8_t computed[HASH_LEN];
    lianshu_MirrorUpdate *u = &m->update;
    enum err err = mirror_page_get(m->sql[MIRROR_SQL_PAGE], s->generation, page, m->room,
                                   sizeof m->room, &len);

    if (err == OK && wire_decode(&lianshu_MirrorUpdate_msg, span_of(m->room, len), u) != OK)
        err = ERR_CORRUPT;
    if (err == OK && page == 1)
        err = open_key(m, s, NULL, u);
    struct writer again = writer_of(m->again, sizeof m->again);
    if (err == OK)
        err = mirror_head(u, &again, computed);
    guard_wipe(u->key.bytes, sizeof u->key.bytes);
    if (page == 1)
        guard_wipe(m->again, sizeof m->again);
    if (err != OK)
        return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
    if (memcmp(computed, u->head, HASH_LEN) != 0 || memcmp(u->previous, head, HASH_LEN) != 0)
        return ERR_CORRUPT;
    memcpy(head, computed, HASH_LEN);
    for (pb_size_t i = 0; i < u->rows_count; i++) {
        if ((err = mirror_table_apply(table, &u->rows[i])) != OK)
            return err == ERR_LIST_MIXED ? ERR_CORRUPT : err;
    }
    return OK;
}

static enum err load_pages(struct sdk_mirror *m, const struct mirror_state *s, uint64_t after,
                           const uint8_t from[static HASH_LEN], struct mirror_table *table)
{
    uint8_t head[HASH_LEN];
    enum err err = OK;

    memcpy(head, from, sizeof head);
    for (uint64_t page = after + 1; err == OK && page <= s->step; page++)
        err = load_page(m, s, page, head, table);
    if (err == OK && (memcmp(head, s->step_head, sizeof head) != 0 ||
                      mirror_table_count(table) != s->step_count))
        err = ERR_CORRUPT;
    return err;
}

static enum err load_anew(struct sdk_mirror *m, const struct mirror_state *s)
{
    static const uint8_t none[HASH_LEN];
    struct mirror_table *table = NULL;
    struct mirror_tokens *tokens = NULL;
    enum err err = open_key(m, s, &tokens, NULL);

    if (err == OK)
        err = mirror_table_open(&table, s->step_count);
    if (err == OK)
        err = load_pages(m, s, 0, none, table);
    if (err == OK) {
        mirror_table_close(&m->table);
        mirror_tokens_close(&m->tokens);
        m->table = table;
        m->tokens = tokens;
        return OK;
    }
    mirror_table_close(&table);
    mirror_tokens_close(&tokens);
    return err;
}

enum err sdk_mirror_refresh(struct sdk_mirror *m)
{
    struct mirror_state s;
    enum err err = mirror_state_get(m->sql[MIRROR_SQL_CURRENT], NULL, &s);

    if (err == ERR_NOT_FOUND) {
        m->state = (struct mirror_state){0}; /* absent, or forgotten: nothing is known */
        return OK;
    }
    if (err != OK || (s.generation == m->state.generation && s.step == m->state.step))
        return err;
    if (s.generation == m->state.generation)
        err = load_pages(m, &s, m->state.step, m->state.step_head, m->table);
    else
        err = load_anew(m, &s);
    if (err == OK)
        m->state = s;
    else if (s.generation == m->state.generation)
        m->state = (struct mirror_state){0}; /* half of it may be in the table: nothing is known */
    return err;
}

/* ---- asking ---- */

static enum sdk_mirror_state state_at(const struct mirror_state *s, uint64_t now_ms)
{
    if (s->generation == 0)
        return SDK_MIRROR_ABSENT;
    if (now_ms >= s->valid_until_ms || now_ms + CLOCK_BACK_MS < s->as_of_ms)
        return SDK_MIRROR_EXPIRED;
    return now_ms < s->fresh_until_ms ? SDK_MIRROR_FRESH : SDK_MIRROR_STALE;
}

static void put_line(struct sdk_mirror_answer *out, const struct mirror_table *table,
                     const struct mirror_entry *e)
{
    if (out->line_count == SDK_MIRROR_LINES) {
        out->more = true;
        return;
    }
    struct sdk_restriction *line = &out->line[out->line_count++];
    line->force = e->force;
    line->order_version = e->order_version;
    line->start_date = e->start_date;
    line->end_date = e->end_date;
    memcpy(line->measure, e->measure, sizeof line->measure);
    memcpy(line->order_id, e->order_id, sizeof line->order_id);
    memcpy(line->scope, e->scope, sizeof line->scope);
    /* Texts are kept padded with zeros and are no longer than the fields of a page. */
    memcpy(line->list, mirror_table_text(table, e->list), sizeof line->list);
    memcpy(line->rule, mirror_table_text(table, e->rule), sizeof line->rule);
    memcpy(line->basis, mirror_table_text(table, e->basis), sizeof line->basis);
}

static void find(const struct sdk_mirror *m, uint8_t kind, const char *id, uint32_t today,
                 struct sdk_mirror_answer *out)
{
    uint8_t token[REST_TOKEN_LEN];

    /* One USCC is one body, whatever kind of body it is called. */
    if (kind == lianshu_SubjectKind_SUBJECT_INDIVIDUAL_BUSINESS ||
        kind == lianshu_SubjectKind_SUBJECT_INSTITUTION)
        kind = lianshu_SubjectKind_SUBJECT_ENTERPRISE;
    mirror_token(m->tokens, kind, span_str(id), token);
    for (const struct mirror_entry *e = mirror_table_first(m->table, token); e != NULL;
         e = mirror_table_next(m->table, e)) {
        if (e->start_date <= today && (e->end_date == 0 || e->end_date >= today))
            put_line(out, m->table, e);
    }
}

enum err sdk_mirror_check(const struct sdk_mirror *m, uint32_t kind, const char *id,
                          uint64_t now_ms, struct sdk_mirror_answer *out)
{
    const struct mirror_state *s = &m->state;

    out->verdict = SDK_MIRROR_UNKNOWN;
    out->state = state_at(s, now_ms);
    out->as_of_ms = s->as_of_ms;
    out->known_ms = s->known_ms;
    out->age_ms = now_ms > s->as_of_ms ? now_ms - s->as_of_ms : 0;
    out->log_size = s->size;
    out->generation = s->generation;
    out->row_count = s->step_count;
    out->unnamed = s->step_unnamed;
    out->line_count = 0;
    out->more = false;
    if (kind == lianshu_SubjectKind_SUBJECT_NONE || kind > lianshu_SubjectKind_SUBJECT_BATCH)
        return ERR_IDENTIFIER;
    const enum err err = subject_id_check((lianshu_SubjectKind)kind, id);
    if (err != OK)
        return err;
    if (out->state == SDK_MIRROR_ABSENT)
        return OK;
    find(m, (uint8_t)kind, id, date_from_ms(now_ms), out);
    if (out->state == SDK_MIRROR_EXPIRED)
        return OK;
    if (out->line_count > 0)
        out->verdict = SDK_MIRROR_RESTRICTED;
    else if (s->step_unnamed == 0)
        out->verdict = SDK_MIRROR_CLEAN;
    return OK;
}

const char *sdk_mirror_verdict_word(enum sdk_mirror_verdict verdict)
{
    static const char *const words[] = {"unknown", "clean", "restricted"};
    return verdict < sizeof words / sizeof words[0] ? words[verdict] : words[0];
}

const char *sdk_mirror_state_word(enum sdk_mirror_state state)
{
    static const char *const words[] = {"absent", "fresh", "stale", "expired"};
    return state < sizeof words / sizeof words[0] ? words[state] : words[0];
}
