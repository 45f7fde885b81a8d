#include "policy/term.h"

#include "base/calendar.h"
#include "base/clock.h"

#include <assert.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

/* Tenths of a day, for comparing terms of different units. */
static const struct {
    const char *name;
    const char *one; /* singular */
    uint32_t tenths; /* 0: has no number */
} units[] = {
    [TERM_NONE] = {"none", "none", 0},
    [TERM_HOURS] = {"hours", "hour", 0},
    [TERM_CALENDAR_DAYS] = {"days", "day", 10},
    [TERM_WORKING_DAYS] = {"working_days", "working_day", 14},
    [TERM_MONTHS] = {"months", "month", 305},
    [TERM_YEARS] = {"years", "year", 3660},
    [TERM_LIFE] = {"life", "life", 0},
    [TERM_ORDER] = {"order", "order", 0},
    [TERM_LIST] = {"list", "list", 0},
};

enum { UNITS = sizeof units / sizeof units[0] };

static bool counted(enum term_unit unit)
{
    return unit >= TERM_HOURS && unit <= TERM_YEARS;
}

/* Leading decimal digits, at most five. */
static bool take_number(const char **text, uint32_t *n)
{
    const char *at = *text;
    *n = 0;
    while (*at >= '0' && *at <= '9' && at - *text < 6)
        *n = *n * 10 + (uint32_t)(*at++ - '0');
    if (at == *text || *n == 0 || *n > TERM_N_MAX || (*text)[0] == '0')
        return false;
    *text = at;
    return true;
}

static bool parse_word(const char *text, struct term *out)
{
    for (size_t i = 0; i < UNITS; i++) {
        if (!counted((enum term_unit)i) && strcmp(text, units[i].name) == 0) {
            *out = (struct term){.unit = (enum term_unit)i};
            return true;
        }
    }
    return false;
}

bool term_parse(const char *text, struct term *out)
{
    static const char roll[] = " roll";
    struct term t = {0};

    if (parse_word(text, out))
        return true;
    if (!take_number(&text, &t.n) || *text++ != ' ')
        return false;
    size_t len = strlen(text);
    if (len > strlen(roll) && strcmp(text + len - strlen(roll), roll) == 0) {
        t.roll = ROLL_FORWARD;
        len -= strlen(roll);
    }
    for (size_t i = 0; i < UNITS; i++) {
        const char *name = t.n == 1 ? units[i].one : units[i].name;
        if (counted((enum term_unit)i) && strlen(name) == len && memcmp(text, name, len) == 0)
            t.unit = (enum term_unit)i;
    }
    /* Hours end when they end: there is no last day to move. */
    if (t.unit == TERM_NONE || (t.unit == TERM_HOURS && t.roll != ROLL_NONE))
        return false;
    *out = t;
    return true;
}

void term_print(const struct term *t, char out[static TERM_TEXT_MAX])
{
    assert((size_t)t->unit < UNITS);
    if (!counted(t->unit)) {
        snprintf(out, TERM_TEXT_MAX, "%s", units[t->unit].name);
        return;
    }
    snprintf(out, TERM_TEXT_MAX, "%u %s%s", t->n,
             t->n == 1 ? units[t->unit].one : units[t->unit].name,
             t->roll == ROLL_FORWARD ? " roll" : "");
}

/* The last day of a term whose event fell on date; 0 when it leaves the range. */
static uint32_t last_day(const struct term *t, uint32_t date, const struct calendar *calendar)
{
    assert(t->n <= INT32_MAX);
    switch (t->unit) {
    case TERM_CALENDAR_DAYS:
        return date_add_days(date, (int32_t)t->n);
    case TERM_WORKING_DAYS:
        return calendar == NULL ? 0 : calendar_add_workdays(calendar, date, t->n);
    case TERM_MONTHS:
        return date_add_months(date, (int32_t)t->n);
    default:
        assert(t->unit == TERM_YEARS); /* usable, and no hours */
        return date_add_years(date, (int32_t)t->n);
    }
}

static bool usable(const struct term *t)
{
    return counted(t->unit) && t->n >= 1 && t->n <= TERM_N_MAX;
}

enum err term_due(const struct term *t, uint64_t from_ms, const struct calendar *calendar,
                  uint64_t *due_ms)
{
    *due_ms = 0;
    if (t->unit == TERM_NONE || t->unit == TERM_LIFE)
        return OK;
    if (!usable(t))
        return ERR_TERM;
    if (t->unit == TERM_HOURS) {
        if (date_from_ms(from_ms) == 0)
            return ERR_TERM;
        *due_ms = from_ms + (uint64_t)t->n * HOUR_MS;
        return OK;
    }
    uint32_t from = date_from_ms(from_ms);
    uint32_t last = from == 0 ? 0 : last_day(t, from, calendar);
    if (last != 0 && t->roll == ROLL_FORWARD)
        last = calendar == NULL ? 0 : calendar_roll_forward(calendar, last);
    if (last == 0)
        return ERR_TERM;
    *due_ms = date_end_ms(last);
    assert(*due_ms != 0); /* a day that there is has an end */
    return OK;
}

bool term_by_calendar(const struct term *t)
{
    return t->unit == TERM_WORKING_DAYS || (counted(t->unit) && t->roll == ROLL_FORWARD);
}

bool term_beyond(const struct term *t, uint64_t from_ms, const struct calendar *calendar)
{
    uint64_t due_ms;
    if (!term_by_calendar(t) || calendar == NULL)
        return false;
    if (term_due(t, from_ms, calendar, &due_ms) != OK)
        return true;
    const uint32_t last = date_from_ms(due_ms - 1);
    /* Of a last day that was moved nothing before it was counted. */
    const bool working = t->unit == TERM_WORKING_DAYS;
    const uint32_t first = working ? date_add_days(date_from_ms(from_ms), 1) : last;
    return calendar_until(calendar, first) < last;
}

uint64_t term_share(uint64_t from_ms, uint64_t due_ms, unsigned share)
{
    if (due_ms <= from_ms || share >= 100)
        return due_ms;
    uint64_t span = due_ms - from_ms;
    return from_ms + span / 100 * share + span % 100 * share / 100;
}

enum err term_last_day(const struct term *t, uint32_t date, uint32_t *last)
{
    *last = 0;
    if (t->unit == TERM_LIFE)
        return OK;
    if (!usable(t) || t->unit == TERM_HOURS || t->unit == TERM_WORKING_DAYS || !date_valid(date))
        return ERR_TERM;
    *last = last_day(t, date, NULL);
    return *last == 0 ? ERR_TERM : OK;
}

/* Length in tenths of a day; hours are rounded up. */
static uint64_t length_of(const struct term *t)
{
    if (t->unit == TERM_NONE)
        return 0;
    if (t->unit == TERM_HOURS)
        return ((uint64_t)t->n * 10 + 23) / 24;
    if (!counted(t->unit))
        return UINT64_MAX;
    return (uint64_t)t->n * units[t->unit].tenths;
}

int term_compare(const struct term *a, const struct term *b)
{
    uint64_t x = length_of(a);
    uint64_t y = length_of(b);
    return x < y ? -1 : x > y;
}
