/*
 * calendar - which days are working days: weekends, public holidays and make-up workdays.
 *
 * The table is data (schemas/data/calendar.csv, "date,kind,name" with kind holiday or
 * workday), published year by year; a day it does not name follows its weekday.
 *
 * Guarantees:
 *   1. A line that is not well formed, out of order or repeated is refused with file and line.
 *   2. calendar_add_workdays(date, n) is the n-th working day after date; the day of the
 *      event itself is not counted (working-day terms). n = 0 answers date itself.
 *   3. calendar_roll_forward(date) is date, or the next working day when date is not one:
 *      a term whose last day is a holiday ends on the next working day.
 *   4. calendar_covers tells whether the year of date is in the table, calendar_until how far
 *      the years go on from there without a gap: beyond, weekends alone are left out and terms
 *      end too early, so that a caller can warn instead of trusting them.
 *
 * Ownership: the opener owns the calendar. Thread rule: read-only after open.
 */
#ifndef BASE_CALENDAR_H
#define BASE_CALENDAR_H

#include "base/err.h"
#include "base/span.h"

enum { CALENDAR_DAYS_MAX = 8192, CALENDAR_FILE_MAX = 1 << 20 };

struct calendar;

MUST_USE enum err calendar_open(struct calendar **out, const char *path, struct fault *f);
/* The same from text; name stands in faults. */
MUST_USE enum err calendar_parse(struct calendar **out, struct span text, const char *name,
                                 struct fault *f);
void calendar_close(struct calendar **c);

bool calendar_covers(const struct calendar *c, uint32_t date);
/* The last day of the years of the table that follow each other from the year of date on; 0: that
 * year is not in it. */
uint32_t calendar_until(const struct calendar *c, uint32_t date);
/* Tells two tables apart by their days: never 0, and no secret. */
uint64_t calendar_mark(const struct calendar *c);
bool calendar_is_workday(const struct calendar *c, uint32_t date);
uint32_t calendar_add_workdays(const struct calendar *c, uint32_t date, uint32_t days);
uint32_t calendar_roll_forward(const struct calendar *c, uint32_t date);

#endif
