/* Whom a change of restrictions may concern. What began or ended lately is kept in a small table;
 * what is older than that is looked up by subject, so that nothing depends on memory. */
#include "core/state.h"

#include "base/log.h"

#include <stdlib.h>
#include <string.h>

enum {
    TABLE = 1 << 16, /* slots, a power of two; half of them are used */
    HELD_STEP = 32,  /* held rows of one step */
};

struct change {
    uint8_t token[STORE_TOKEN_LEN];
    uint64_t at; /* 0: free */
};

/* Moments are log sizes: what was asked at a smaller one may be answered differently now. */
struct gates {
    uint64_t highest;  /* of the latest change */
    uint64_t floor;    /* the table knows every change from here on */
    uint64_t day_size; /* when this day began */
    uint32_t day;
    size_t count;
    uint64_t held_seen; /* everything held was looked at since that change */
    uint64_t held_mark; /* of the walk that goes on */
    bool walking;
    struct queue_row held; /* its cursor */
    struct change table[TABLE];
};

/* Where this day began in the log: at worst too much is asked again. */
static enum err find_day(struct core *core, uint32_t today, uint64_t *first)
{
    *first = log_size(core->store->log);
    return *first > 0 && date_from_ms(log_time(core->store->log)) >= today
               ? log_since(core->store->log, date_start_ms(today), first)
               : OK;
}

enum err gates_open(struct core *core)
{
    struct gates *g = calloc(1, sizeof *g);
    if (g == NULL)
        return ERR_NO_MEMORY;
    core->gates = g;
    g->highest = g->floor = log_size(core->store->log) + 1;
    g->day = date_from_ms(core->now_ms);
    return find_day(core, g->day, &g->day_size);
}

void gates_close(struct core *core)
{
    free(core->gates);
    core->gates = NULL;
}

static struct change *slot(struct gates *g, const uint8_t token[static STORE_TOKEN_LEN])
{
    uint32_t at; /* a token is a keyed hash: any of its bytes will do */
    memcpy(&at, token, sizeof at);
    for (;; at++) {
        struct change *c = &g->table[at % TABLE];
        if (c->at == 0 || memcmp(c->token, token, STORE_TOKEN_LEN) == 0)
            return c;
    }
}

void gates_changed(struct core *core, const uint8_t token[static STORE_TOKEN_LEN])
{
    struct gates *g = core->gates;
    g->highest = log_size(core->store->log) + 1; /* its own leaf may be the next one */
    core->work_waiting = true;
    if (g->count == TABLE / 2) {
        memset(g->table, 0, sizeof g->table);
        g->count = 0;
        g->floor = g->highest;
        return;
    }
    struct change *c = slot(g, token);
    g->count += c->at == 0;
    memcpy(c->token, token, STORE_TOKEN_LEN);
    c->at = g->highest;
}

/* Restrictions begin and end at midnight without anybody saying so. */
static void follow_day(struct core *core)
{
    struct gates *g = core->gates;
    uint32_t today = date_from_ms(core->now_ms);
    if (today == g->day)
        return;
    g->day = today;
    g->day_size = log_size(core->store->log);
}

/* Older than the table: the rows of the subject know when they began and ended. */
static enum err changed_since(struct core *core, const uint8_t token[static STORE_TOKEN_LEN],
                              uint64_t gated_at, bool *changed)
{
    enum err err = restriction_changed(core->store->restrictions, token, gated_at, changed);
    if (err == OK && !*changed)
        err = relation_changed(core->store->subjects, token, gated_at, changed);
    if (err == OK && !*changed)
        err = names_since(core, token, gated_at, changed);
    return err;
}

enum err gates_stale(struct core *core, const struct queue_row *row, bool *stale)
{
    struct gates *g = core->gates;
    *stale = false;
    if (row->gated_at == 0)
        return OK;
    follow_day(core);
    if (row->gated_at >= g->highest && row->gated_at >= g->day_size &&
        row->gated_at >= core->rekey.size)
        return OK;
    *stale =
        row->gated_at < g->day_size || row->gated_at < core->rekey.size || row->token_count == 0;
    enum err err = OK;
    for (unsigned i = 0; err == OK && i < row->token_count && !*stale; i++) {
        *stale = slot(g, row->tokens[i])->at > row->gated_at;
        if (!*stale && row->gated_at < g->floor)
            err = changed_since(core, row->tokens[i], row->gated_at, stale);
    }
    return err;
}

static enum err look_at(struct core *core, const struct queue_row *row)
{
    bool stale;
    enum err err = gates_stale(core, row, &stale);
    if (err != OK || !stale)
        return err;
    err = core_begin(core);
    return err == OK ? regate(core, row) : err;
}

enum err gates_step(struct core *core)
{
    struct gates *g = core->gates;
    follow_day(core);
    const uint64_t due = g->highest > g->day_size ? g->highest : g->day_size;
    if (!g->walking) {
        if (g->held_seen >= due)
            return OK;
        g->walking = true;
        g->held_mark = due;
        g->held = (struct queue_row){0};
    }
    for (size_t i = 0; i < HELD_STEP; i++) {
        enum err err = queue_next_in(core->store->queue, QUEUE_HELD, &g->held);
        if (err == ERR_NOT_FOUND) {
            g->walking = false;
            g->held_seen = g->held_mark;
            return OK;
        }
        if (err == OK) {
            const struct queue_row row = g->held; /* the cursor itself must not change */
            err = look_at(core, &row);
        }
        if (err != OK) {
            g->walking = false; /* from the start, once the batch is given up */
            return err;
        }
    }
    core->work_waiting = true;
    return OK;
}
