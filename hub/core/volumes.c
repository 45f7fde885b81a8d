#include "core/query.h"

#include "base/log.h"
#include "policy/volume.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    ROOM_FIRST = 64,
    STEP_MAX = 64, /* rows written in one step */
    DAY_BYTES = 4 + 4 + 8 + 8 + 4 + 4,
    ROW_BYTES = VOLUME_MEASURES_MAX * (1 + VOLUME_WORD_MAX + DAY_BYTES),
};

/* One measure of one member. */
struct day {
    char word[VOLUME_WORD_MAX + 1];
    uint32_t date; /* that is being counted */
    uint32_t days; /* behind it */
    uint64_t count;
    uint64_t usual_milli;
    uint32_t told; /* newest date that was told */
    uint32_t alarms;
    bool due;      /* to be told */
    uint64_t leaf; /* of the last one that was written; 0: none, the first leaf is another's */
};

struct volume_row {
    char member[STORE_MEMBER_MAX + 1];
    struct day day[VOLUME_MEASURES_MAX]; /* those of the table, in its order */
    bool dirty;
};

struct volumes {
    size_t count;
    size_t room;
    struct volume_row **rows; /* owns both; sorted by member */
    size_t due_count;
    uint64_t write_ms;
    size_t next; /* row to be written */
    bool writing;
};

enum err volumes_open(struct core *core)
{
    struct volumes *v = calloc(1, sizeof *v);
    core->volumes = v;
    if (v == NULL)
        return ERR_NO_MEMORY;
    v->rows = calloc(ROOM_FIRST, sizeof v->rows[0]);
    v->room = ROOM_FIRST;
    return v->rows != NULL ? OK : ERR_NO_MEMORY;
}

void volumes_close(struct core *core)
{
    struct volumes *v = core->volumes;
    for (size_t i = 0; v != NULL && i < v->count; i++)
        free(v->rows[i]);
    if (v != NULL)
        free(v->rows);
    free(v);
}

/* ---- rows ---- */

static void name_of(const char *member, char out[static STORE_NAME_MAX])
{
    snprintf(out, STORE_NAME_MAX, "vol.%s", member);
}

/* The slots in the order of the table; what it does not have any more is forgotten. */
static void arrange(const struct volume *volume, struct volume_row *row)
{
    struct day old[VOLUME_MEASURES_MAX];
    memcpy(old, row->day, sizeof old);
    memset(row->day, 0, sizeof row->day);
    for (size_t i = 0; i < volume_count(volume); i++) {
        const char *word = volume_measure(volume, i)->word;
        snprintf(row->day[i].word, sizeof row->day[i].word, "%s", word);
        for (size_t k = 0; k < VOLUME_MEASURES_MAX; k++) {
            if (strcmp(old[k].word, word) == 0)
                row->day[i] = old[k];
        }
    }
}

static bool take_day(struct span *from, struct day *out)
{
    uint64_t len, date, days, told, alarms;
    struct span word;
    if (!span_take_uint(from, 1, &len) || len > VOLUME_WORD_MAX ||
        !span_take(from, (size_t)len, &word) || !span_take_uint(from, 4, &date) ||
        !span_take_uint(from, 4, &days) || !span_take_uint(from, 8, &out->count) ||
        !span_take_uint(from, 8, &out->usual_milli) || !span_take_uint(from, 4, &told) ||
        !span_take_uint(from, 4, &alarms))
        return false;
    memcpy(out->word, word.data, word.len);
    out->date = (uint32_t)date;
    out->days = (uint32_t)days;
    out->told = (uint32_t)told;
    out->alarms = (uint32_t)alarms;
    return true;
}

/* What the store has of it. ERR_NOT_FOUND. */
static enum err load_row(struct core *core, struct volume_row *row)
{
    uint8_t bytes[ROW_BYTES];
    char name[STORE_NAME_MAX];
    size_t len;
    name_of(row->member, name);
    const enum err err = store_meta_get(core->store, name, bytes, sizeof bytes, &len);
    struct span rest = span_of(bytes, len);
    for (size_t i = 0; err == OK && rest.len > 0 && i < VOLUME_MEASURES_MAX; i++) {
        if (!take_day(&rest, &row->day[i]))
            break;
    }
    arrange(core->opt.volume, row);
    return err;
}

static enum err store_row(struct core *core, const struct volume_row *row)
{
    uint8_t bytes[ROW_BYTES];
    char name[STORE_NAME_MAX];
    struct writer w = writer_of(bytes, sizeof bytes);
    for (size_t i = 0; i < VOLUME_MEASURES_MAX; i++) {
        const struct day *day = &row->day[i];
        if (day->word[0] == '\0')
            continue;
        write_uint(&w, strlen(day->word), 1);
        write_span(&w, span_str(day->word));
        write_uint(&w, day->date, 4);
        write_uint(&w, day->days, 4);
        write_uint(&w, day->count, 8);
        write_uint(&w, day->usual_milli, 8);
        write_uint(&w, day->told, 4);
        write_uint(&w, day->alarms, 4);
    }
    name_of(row->member, name);
    return store_meta_put(core->store, name, writer_span(&w));
}

static size_t place_of(const struct volumes *v, const char *member)
{
    size_t low = 0;
    size_t high = v->count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (strcmp(v->rows[middle]->member, member) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* known: only one that has been counted before. NULL: none, it cannot be read, or no memory. */
static struct volume_row *row_of(struct core *core, const char *member, bool known)
{
    struct volumes *v = core->volumes;
    const size_t at = place_of(v, member);
    if (at < v->count && strcmp(v->rows[at]->member, member) == 0)
        return v->rows[at];
    if (v->count == v->room) {
        struct volume_row **more = realloc(v->rows, 2 * v->room * sizeof v->rows[0]);
        if (more == NULL)
            return NULL;
        v->rows = more;
        v->room *= 2;
    }
    struct volume_row *row = calloc(1, sizeof *row);
    if (row == NULL)
        return NULL;
    snprintf(row->member, sizeof row->member, "%s", member);
    const enum err err = load_row(core, row);
    if (err != OK && (known || err != ERR_NOT_FOUND)) { /* what cannot be read is not begun anew */
        free(row);
        return NULL;
    }
    memmove(&v->rows[at + 1], &v->rows[at], (v->count - at) * sizeof v->rows[0]);
    v->rows[at] = row;
    v->count++;
    v->next = 0; /* what is being written moves */
    return row;
}

void volumes_renew(struct core *core, const struct volume *volume)
{
    struct volumes *v = core->volumes;
    core->opt.volume = volume;
    for (size_t i = 0; volume != NULL && i < v->count; i++) {
        arrange(volume, v->rows[i]);
        v->rows[i]->dirty = true;
    }
}

/* ---- counting ---- */

/* Days that are over go into the usual day; those on which it did nothing, too. */
static void turn(const struct volume_measure *m, struct day *day, uint32_t today)
{
    if (day->date == 0)
        day->date = today;
    for (uint32_t n = 0; day->date < today; n++) {
        day->usual_milli = volume_usual(m, day->days, day->usual_milli, day->count);
        day->days++;
        day->count = 0;
        day->date = n < m->days ? date_add_days(day->date, 1) : today;
    }
}

static void count_one(struct core *core, const struct volume_measure *m, struct volume_row *row,
                      struct day *day, uint32_t weight)
{
    turn(m, day, date_from_ms(core->now_ms));
    day->count += weight;
    row->dirty = true;
    if (day->told == day->date || day->count <= volume_limit(m, day->days, day->usual_milli))
        return;
    day->told = day->date;
    day->due = true;
    day->alarms++;
    core->volumes->due_count++;
    log_warn("unusual_volume",
             "member=%s measure=%s count=%llu usual=%llu what=%s：今日%s数远超平日，请审计员询问 / "
             "far more %s today than usual, an auditor should ask",
             row->member, m->word, (unsigned long long)day->count,
             (unsigned long long)(day->usual_milli / VOLUME_MILLI), row->member, m->zh, m->en);
    core_wake_at(core, core->now_ms);
}

void volumes_count(struct core *core, uint32_t peer, uint32_t type)
{
    const struct volume *volume = core->opt.volume;
    struct peer *from = core_peer_at(core, peer);
    if (volume == NULL)
        return;
    if (from->volume == NULL)
        from->volume = row_of(core, from->member, false);
    for (size_t i = 0; from->volume != NULL && i < volume_count(volume); i++) {
        const struct volume_measure *m = volume_measure(volume, i);
        const uint32_t weight = volume_weight(m, type);
        if (weight > 0)
            count_one(core, m, from->volume, &from->volume->day[i], weight);
    }
}

/* ---- written ---- */

static enum err tell_day(struct core *core, const char *member, struct day *day)
{
    lianshu_Unusual body = {
        .date = day->date, .count = day->count, .usual = day->usual_milli / VOLUME_MILLI};
    snprintf(body.member, sizeof body.member, "%s", member);
    snprintf(body.measure, sizeof body.measure, "%s", day->word);
    const enum err err = apply_leaf(core, LOG_UNUSUAL, &lianshu_Unusual_msg, &body, &day->leaf);
    return err == OK ? store_count(core->store, "unusual", 1) : err;
}

static enum err write_row(struct core *core, struct volume_row *row)
{
    enum err err = store_row(core, row);
    for (size_t i = 0; err == OK && i < VOLUME_MEASURES_MAX; i++) {
        if (!row->day[i].due)
            continue;
        err = tell_day(core, row->member, &row->day[i]);
        row->day[i].due = err != OK;
        core->volumes->due_count -= err == OK;
    }
    row->dirty = err != OK;
    return err;
}

enum err volumes_step(struct core *core, bool *more)
{
    struct volumes *v = core->volumes;
    size_t wrote = 0;
    enum err err = OK;
    if (core->opt.volume == NULL || v->count == 0)
        return OK;
    if (!v->writing && v->due_count == 0 && core->now_ms < v->write_ms)
        return OK;
    for (; err == OK && v->next < v->count && wrote < STEP_MAX; v->next++) {
        struct volume_row *row = v->rows[v->next];
        if (!row->dirty)
            continue;
        if (wrote++ == 0)
            err = core_begin(core);
        if (err == OK)
            err = write_row(core, row);
    }
    v->writing = v->next < v->count;
    *more = v->writing;
    if (!v->writing) {
        v->next = 0;
        v->write_ms = core->now_ms + VOLUMES_WRITE_MS;
    }
    return err;
}

void volumes_given_up(struct core *core)
{
    struct volumes *v = core->volumes;
    for (size_t i = 0; i < v->count; i++) {
        struct volume_row *row = v->rows[i];
        for (size_t k = 0; k < VOLUME_MEASURES_MAX; k++) {
            struct day *day = &row->day[k];
            if (day->leaf == 0 || day->leaf < log_size(core->store->log))
                continue;
            v->due_count += !day->due;
            day->due = true;
            day->leaf = 0;
        }
        row->dirty = true;
    }
    v->next = 0;
    v->writing = false;
}

/* ---- shown ---- */

static struct json *day_json(const struct volume_row *row, const struct volume_measure *m,
                             const struct day *day)
{
    struct json *j = json_map();
    const uint64_t limit = volume_limit(m, day->days, day->usual_milli);
    json_put_text(j, "member", row->member);
    json_put_text(j, "counted", m->word);
    json_put_text(j, "counted_zh", m->zh);
    json_put_date(j, "date", day->date);
    json_put_uint(j, "count", day->count);
    json_put_uint(j, "usual", day->usual_milli / VOLUME_MILLI);
    json_put_uint(j, "days", day->days);
    json_put_uint(j, "limit", limit);
    json_put_flag(j, "unusual", day->told == day->date && day->date != 0);
    json_put_date(j, "last_unusual", day->told);
    json_put_uint(j, "unusual_days", day->alarms);
    return j;
}

enum err query_volume(struct query *q)
{
    struct core *core = q->core;
    const struct volume *volume = core->opt.volume;
    struct json *list = json_list();
    for (size_t i = 0; volume != NULL && i < registry_member_count(core->opt.registry); i++) {
        struct volume_row *row = row_of(core, registry_member_at(core->opt.registry, i)->id, true);
        for (size_t k = 0; row != NULL && k < volume_count(volume); k++) {
            turn(volume_measure(volume, k), &row->day[k], date_from_ms(core->now_ms));
            json_add(list, day_json(row, volume_measure(volume, k), &row->day[k]));
        }
    }
    json_put(q->answer, "volume", list);
    json_put_uint(q->answer, "unusual", store_counter(core->store, "unusual"));
    return OK;
}
