#include "base/calendar.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/lines.h"
#include "base/utf8.h"

#include <stdlib.h>

struct calendar_day {
    uint32_t date;
    bool workday;
};

struct calendar {
    size_t count;
    struct calendar_day days[CALENDAR_DAYS_MAX];
};

static enum err parse_day(struct calendar *c, struct span line, unsigned number, const char *name,
                          struct fault *f)
{
    char text[DATE_TEXT_LEN + 1];
    struct span date = field_take(&line);
    struct span kind = field_take(&line);
    struct calendar_day day = {0};

    if (!field_copy(date, text, sizeof text) || !date_parse(text, &day.date))
        return fault_set(f, ERR_SYNTAX, number, name, "expected a date YYYY-MM-DD");
    day.workday = span_eq(kind, span_str("workday"));
    if (!day.workday && !span_eq(kind, span_str("holiday")))
        return fault_set(f, ERR_SYNTAX, number, name, "expected holiday or workday");
    if (!utf8_allowed(line))
        return fault_set(f, ERR_UTF8, number, name, "the name of the day");
    if (c->count > 0 && day.date <= c->days[c->count - 1].date)
        return fault_set(f, ERR_SYNTAX, number, name, "dates must rise");
    if (c->count == CALENDAR_DAYS_MAX)
        return fault_set(f, ERR_TOO_LARGE, number, name, "at most %d days", CALENDAR_DAYS_MAX);
    c->days[c->count++] = day;
    return OK;
}

enum err calendar_parse(struct calendar **out, struct span text, const char *name, struct fault *f)
{
    enum err err = ERR_SYNTAX;
    unsigned number = 1;

    *out = NULL;
    struct calendar *c = calloc(1, sizeof *c);
    if (c == NULL)
        return fault_set(f, ERR_NO_MEMORY, 0, name, "calendar");
    if (text.len == 0 || !span_eq(line_take(&text), span_str("date,kind,name"))) {
        err = fault_set(f, ERR_SYNTAX, number, name, "expected the heading date,kind,name");
        goto out;
    }
    while (text.len > 0) {
        number++;
        if ((err = parse_day(c, line_take(&text), number, name, f)) != OK)
            goto out;
    }
    *out = c; /* ownership leaves here */
    c = NULL;
    err = OK;
out:
    free(c);
    return err;
}

enum err calendar_open(struct calendar **out, const char *path, struct fault *f)
{
    uint8_t *data;
    size_t len;
    *out = NULL;
    enum err err = file_read(path, CALENDAR_FILE_MAX, 0, &data, &len, f);
    if (err != OK)
        return err;
    err = calendar_parse(out, span_of(data, len), path, f);
    free(data);
    return err;
}

void calendar_close(struct calendar **c)
{
    free(*c);
    *c = NULL;
}

/* Index of the first day not before date. */
static size_t lower_bound(const struct calendar *c, uint32_t date)
{
    size_t low = 0;
    size_t high = c->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (c->days[middle].date < date)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

bool calendar_covers(const struct calendar *c, uint32_t date)
{
    uint32_t year = date / 10000;
    size_t i = lower_bound(c, year * 10000);
    return i < c->count && c->days[i].date / 10000 == year;
}

uint32_t calendar_until(const struct calendar *c, uint32_t date)
{
    uint32_t until = 0;
    for (uint32_t year = date / 10000; calendar_covers(c, year * 10000 + 101); year++)
        until = year * 10000 + 1231;
    return until;
}

uint64_t calendar_mark(const struct calendar *c)
{
    uint64_t mark = UINT64_C(0xcbf29ce484222325); /* FNV-1a */
    for (size_t i = 0; i < c->count; i++)
        mark = (mark ^ (c->days[i].date * 2 + c->days[i].workday)) * UINT64_C(0x100000001b3);
    return mark | 1;
}

bool calendar_is_workday(const struct calendar *c, uint32_t date)
{
    size_t i = lower_bound(c, date);
    if (i < c->count && c->days[i].date == date)
        return c->days[i].workday;
    return date_valid(date) && date_weekday(date) <= 5;
}

uint32_t calendar_roll_forward(const struct calendar *c, uint32_t date)
{
    while (date != 0 && !calendar_is_workday(c, date))
        date = date_add_days(date, 1);
    return date;
}

uint32_t calendar_add_workdays(const struct calendar *c, uint32_t date, uint32_t days)
{
    for (; days > 0 && date != 0; days--)
        date = calendar_roll_forward(c, date_add_days(date, 1));
    return date;
}
