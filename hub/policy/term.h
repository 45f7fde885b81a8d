/*
 * term - statutory terms: how long, counted how, ending when.
 *
 * Legal dates are civil dates in UTC+08:00, written yyyymmdd; moments are milliseconds of
 * UTC. A term says a number, a unit and what happens when its last day is no working day.
 *
 * Guarantees:
 *   1. A term in days, months or years does not count the day of the event and ends at
 *      24:00 of its last day in UTC+08:00: term_due answers the first millisecond after it.
 *   2. A term in hours ends exactly n hours after the event.
 *   3. Working days are the calendar's: weekends and holidays are left out, make-up days
 *      are counted.
 *   4. A month that lacks the day ends on its own last day (31 January + 1 month = 28 or
 *      29 February).
 *   5. ROLL_FORWARD moves a last day that is no working day to the next working day.
 *   6. The same arguments give the same answer; nothing is allocated.
 *
 * Errors: ERR_TERM when n is beyond TERM_N_MAX or the result leaves the years 1970 to 9999.
 * Thread rule: pure functions.
 */
#ifndef POLICY_TERM_H
#define POLICY_TERM_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    TERM_N_MAX = 36600, /* a hundred years in days */
    TERM_TEXT_MAX = 32, /* "10 working_days roll", with NUL */
};

struct calendar;

enum term_unit {
    TERM_NONE = 0, /* no term: nothing is due */
    TERM_HOURS,
    TERM_CALENDAR_DAYS,
    TERM_WORKING_DAYS,
    TERM_MONTHS,
    TERM_YEARS,
    TERM_LIFE,  /* without end */
    TERM_ORDER, /* until the maximum date of the order */
    TERM_LIST,  /* as long as the rule keeps the subject on the list */
};

enum term_roll { ROLL_NONE = 0, ROLL_FORWARD };

struct term {
    uint32_t n;
    enum term_unit unit;
    enum term_roll roll;
};

/* "3 working_days", "10 years", "15 days roll", "24 hours", "life", "order", "list", "none".
 * False when the text is anything else. */
bool term_parse(const char *text, struct term *out);

/* The inverse, NUL-terminated. */
void term_print(const struct term *t, char out[static TERM_TEXT_MAX]);

/* When a term that begins with an event at from_ms is over: the first millisecond after it.
 * 0 for TERM_NONE and TERM_LIFE. TERM_ORDER and TERM_LIST are ERR_TERM: only decide knows. */
MUST_USE enum err term_due(const struct term *t, uint64_t from_ms, const struct calendar *calendar,
                           uint64_t *due_ms);

/* Is the calendar needed to count it? */
bool term_by_calendar(const struct term *t);
/* Counted with a day of a year that the calendar does not name: weekends alone were left out, so
 * that it ends too early. */
bool term_beyond(const struct term *t, uint64_t from_ms, const struct calendar *calendar);

/* The moment at which share percent (0..100) of a term from..due has passed. */
uint64_t term_share(uint64_t from_ms, uint64_t due_ms, unsigned share);

/* Last day of a term of days, months or years that begins on date; 0 for life.
 * 3 years from 20260401 end on 20290401: the day of the event does not count and the last day
 * is the corresponding one (民法典 201, 202). */
MUST_USE enum err term_last_day(const struct term *t, uint32_t date, uint32_t *last);

/* a < b, a == b, a > b as negative, 0, positive. Units are compared by their usual length (a
 * month 30.5 days); life is longest. TERM_NONE is the shortest. */
int term_compare(const struct term *a, const struct term *b);

#endif
