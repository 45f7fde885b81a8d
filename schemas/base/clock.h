/*
 * clock - civil dates and instants of Chinese law and daily work, as plain numbers.
 *
 * A date is a uint32_t yyyymmdd in UTC+08:00 (China has no summer time); an instant is
 * a uint64_t of milliseconds since 1970-01-01T00:00:00Z. A day begins at 00:00 and ends
 * at 24:00, which is 00:00 of the next: a term that ends on a date ends at
 * date_end_ms(date).
 *
 * Guarantees:
 *   1. date_valid accepts exactly the Gregorian dates of the years 1800 to 9999; every
 *      other function here expects a valid date and answers 0 for any other.
 *   2. date_from_ms(date_start_ms(d)) == d from 1970-01-02 on, and
 *      date_end_ms(d) == date_start_ms(date_add_days(d, 1)).
 *   3. Months and years are added as the General Rules on terms do: the day of the month
 *      is kept, or becomes the last day of a shorter month. Results beyond the range are 0.
 *   4. What clock_format writes, clock_parse reads back to the same instant; clock_parse
 *      and date_parse refuse every other form, and an instant that has none.
 *   5. clock_real_ms is the only place that reads a clock. Below hub/net and the mains of
 *      adapters, `now` is an argument.
 *
 * Thread rule: pure functions; no state.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

enum {
    CLOCK_TEXT_LEN = 29, /* 2026-11-22T10:00:00.123+08:00 */
    DATE_TEXT_LEN = 10,  /* 2026-11-22 */
    SECOND_MS = 1000,
    MINUTE_MS = 60 * SECOND_MS,
    HOUR_MS = 60 * MINUTE_MS,
    DAY_MS = 24 * HOUR_MS,
};

bool date_valid(uint32_t date);
uint32_t date_from_ms(uint64_t ms);

/* The first instant of the date, and the instant at which it is over (24:00). Before 1970: 0. */
uint64_t date_start_ms(uint32_t date);
uint64_t date_end_ms(uint32_t date);

uint32_t date_add_days(uint32_t date, int32_t days);
uint32_t date_add_months(uint32_t date, int32_t months);
uint32_t date_add_years(uint32_t date, int32_t years);

/* Days from a to b; negative when b is earlier. */
int32_t date_days_between(uint32_t a, uint32_t b);

/* 1 Monday … 7 Sunday. */
unsigned date_weekday(uint32_t date);

/* "2026-11-22". */
void date_format(uint32_t date, char out[static DATE_TEXT_LEN + 1]);
bool date_parse(const char *text, uint32_t *date);

/* "2026-11-22T10:00:00.123+08:00"; instants beyond the year 9999 are written as its end. */
void clock_format(uint64_t ms, char out[static CLOCK_TEXT_LEN + 1]);

/* Reads that form; the fraction may be left out, and Z stands for +00:00. */
bool clock_parse(const char *text, uint64_t *ms);

/* The time of the machine. Mains and hub/net only. */
uint64_t clock_real_ms(void);

#endif
