#include "base/clock.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum {
    YEAR_MIN = 1800,
    YEAR_MAX = 9999,
    ZONE_MS = 8 * HOUR_MS,
    EPOCH_SHIFT_DAYS = 719468, /* 0000-03-01 to 1970-01-01 */
    ERA_DAYS = 146097,         /* 400 years */
};

/* Calendar arithmetic counts years from March, so that the leap day is the last of its year. */

struct civil {
    int32_t year;
    int32_t month;
    int32_t day;
};

static struct civil civil_of(uint32_t date)
{
    return (struct civil){(int32_t)(date / 10000), (int32_t)(date / 100 % 100),
                          (int32_t)(date % 100)};
}

static uint32_t date_of(struct civil c)
{
    return (uint32_t)(c.year * 10000 + c.month * 100 + c.day);
}

static int32_t month_days(int32_t year, int32_t month)
{
    static const uint8_t days[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (month == 2 && leap ? 1 : 0);
}

/* Days since 1970-01-01. */
static int32_t days_of(struct civil c)
{
    int32_t year = c.month <= 2 ? c.year - 1 : c.year;
    int32_t era = year / 400;
    int32_t year_of_era = year - era * 400;
    int32_t month = (c.month + 9) % 12;
    int32_t day_of_year = (153 * month + 2) / 5 + c.day - 1;
    int32_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * ERA_DAYS + day_of_era - EPOCH_SHIFT_DAYS;
}

static struct civil civil_of_days(int64_t days)
{
    int64_t z = days + EPOCH_SHIFT_DAYS;
    int64_t era = z / ERA_DAYS;
    int64_t doe = z - era * ERA_DAYS;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / (ERA_DAYS - 1)) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int64_t mp = (5 * doy + 2) / 153;
    struct civil c = {
        .day = (int32_t)(doy - (153 * mp + 2) / 5 + 1),
        .month = (int32_t)(mp < 10 ? mp + 3 : mp - 9),
    };
    c.year = (int32_t)(yoe + era * 400 + (c.month <= 2 ? 1 : 0));
    return c;
}

bool date_valid(uint32_t date)
{
    struct civil c = civil_of(date);
    return c.year >= YEAR_MIN && c.year <= YEAR_MAX && c.month >= 1 && c.month <= 12 &&
           c.day >= 1 && c.day <= month_days(c.year, c.month);
}

static int64_t last_day(void)
{
    return days_of((struct civil){YEAR_MAX, 12, 31});
}

uint32_t date_from_ms(uint64_t ms)
{
    uint64_t days = ms / DAY_MS + (ms % DAY_MS + ZONE_MS) / DAY_MS;
    if (days > (uint64_t)last_day())
        return 0;
    return date_of(civil_of_days((int64_t)days));
}

uint64_t date_start_ms(uint32_t date)
{
    if (!date_valid(date))
        return 0;
    int64_t days = days_of(civil_of(date));
    return days <= 0 ? 0 : (uint64_t)days * DAY_MS - ZONE_MS;
}

uint64_t date_end_ms(uint32_t date)
{
    if (!date_valid(date))
        return 0;
    int64_t days = days_of(civil_of(date)) + 1;
    return days <= 0 ? 0 : (uint64_t)days * DAY_MS - ZONE_MS;
}

uint32_t date_add_days(uint32_t date, int32_t days)
{
    if (!date_valid(date))
        return 0;
    int64_t sum = (int64_t)days_of(civil_of(date)) + days;
    if (sum > last_day() || sum < days_of((struct civil){YEAR_MIN, 1, 1}))
        return 0;
    return date_of(civil_of_days(sum));
}

uint32_t date_add_months(uint32_t date, int32_t months)
{
    if (!date_valid(date))
        return 0;
    struct civil c = civil_of(date);
    int64_t count = (int64_t)c.year * 12 + c.month - 1 + months;
    if (count < YEAR_MIN * 12 || count >= (YEAR_MAX + 1) * 12)
        return 0;
    c.year = (int32_t)(count / 12);
    c.month = (int32_t)(count % 12 + 1);
    if (c.day > month_days(c.year, c.month))
        c.day = month_days(c.year, c.month);
    return date_of(c);
}

uint32_t date_add_years(uint32_t date, int32_t years)
{
    if (years > YEAR_MAX || years < -YEAR_MAX)
        return 0;
    return date_add_months(date, years * 12);
}

int32_t date_days_between(uint32_t a, uint32_t b)
{
    if (!date_valid(a) || !date_valid(b))
        return 0;
    return days_of(civil_of(b)) - days_of(civil_of(a));
}

unsigned date_weekday(uint32_t date)
{
    if (!date_valid(date))
        return 0;
    /* 1970-01-01 was a Thursday. */
    return (unsigned)((days_of(civil_of(date)) % 7 + 7 + 3) % 7) + 1;
}

void date_format(uint32_t date, char out[static DATE_TEXT_LEN + 1])
{
    snprintf(out, DATE_TEXT_LEN + 1, "%04u-%02u-%02u", (unsigned)(date / 10000 % 10000),
             (unsigned)(date / 100 % 100), (unsigned)(date % 100));
}

/* Exactly n digits at *text, which moves past them. */
static bool take_digits(const char **text, size_t n, uint32_t *out)
{
    *out = 0;
    for (size_t i = 0; i < n; i++, (*text)++) {
        if (**text < '0' || **text > '9')
            return false;
        *out = *out * 10 + (uint32_t)(**text - '0');
    }
    return true;
}

static bool take_char(const char **text, char c)
{
    if (**text != c)
        return false;
    (*text)++;
    return true;
}

static bool take_date(const char **text, uint32_t *date)
{
    uint32_t year;
    uint32_t month;
    uint32_t day;
    if (!take_digits(text, 4, &year) || !take_char(text, '-') || !take_digits(text, 2, &month) ||
        !take_char(text, '-') || !take_digits(text, 2, &day))
        return false;
    *date = year * 10000 + month * 100 + day;
    return date_valid(*date);
}

bool date_parse(const char *text, uint32_t *date)
{
    return take_date(&text, date) && *text == '\0';
}

/* The last instant that has a form. */
static uint64_t last_ms(void)
{
    return (uint64_t)(last_day() + 1) * DAY_MS - ZONE_MS - 1;
}

void clock_format(uint64_t ms, char out[static CLOCK_TEXT_LEN + 1])
{
    if (ms > last_ms())
        ms = last_ms();
    uint32_t date = date_from_ms(ms);
    uint32_t rest = (uint32_t)((ms % DAY_MS + ZONE_MS) % DAY_MS);
    snprintf(out, CLOCK_TEXT_LEN + 1, "%04u-%02u-%02uT%02u:%02u:%02u.%03u+08:00",
             (unsigned)(date / 10000 % 10000), (unsigned)(date / 100 % 100), (unsigned)(date % 100),
             (unsigned)(rest / HOUR_MS % 24), (unsigned)(rest / MINUTE_MS % 60),
             (unsigned)(rest / SECOND_MS % 60), (unsigned)(rest % SECOND_MS));
}

/* ".123" if there; then "+08:00", any other offset, or "Z". */
static bool take_zone(const char **text, uint32_t *fraction, int64_t *offset_ms)
{
    *fraction = 0;
    *offset_ms = 0;
    if (take_char(text, '.') && !take_digits(text, 3, fraction))
        return false;
    if (take_char(text, 'Z'))
        return true;
    bool west = **text == '-';
    if (!take_char(text, '+') && !take_char(text, '-'))
        return false;
    uint32_t hours;
    uint32_t minutes;
    if (!take_digits(text, 2, &hours) || !take_char(text, ':') || !take_digits(text, 2, &minutes))
        return false;
    *offset_ms = (int64_t)hours * HOUR_MS + (int64_t)minutes * MINUTE_MS;
    if (west)
        *offset_ms = -*offset_ms;
    return hours <= 14 && minutes <= 59;
}

bool clock_parse(const char *text, uint64_t *ms)
{
    uint32_t date;
    uint32_t hour;
    uint32_t minute;
    uint32_t second;
    uint32_t fraction;
    int64_t offset_ms;
    if (!take_date(&text, &date) || !take_char(&text, 'T') || !take_digits(&text, 2, &hour) ||
        !take_char(&text, ':') || !take_digits(&text, 2, &minute) || !take_char(&text, ':') ||
        !take_digits(&text, 2, &second) || !take_zone(&text, &fraction, &offset_ms) ||
        *text != '\0' || hour > 23 || minute > 59 || second > 59)
        return false;
    int64_t sum = (int64_t)days_of(civil_of(date)) * DAY_MS + (int64_t)hour * HOUR_MS +
                  (int64_t)minute * MINUTE_MS + (int64_t)second * SECOND_MS + fraction - offset_ms;
    if (sum < 0 || (uint64_t)sum > last_ms())
        return false;
    *ms = (uint64_t)sum;
    return true;
}

uint64_t clock_real_ms(void)
{
    struct timespec now;
    if (clock_gettime(CLOCK_REALTIME, &now) != 0)
        return 0;
    return (uint64_t)now.tv_sec * SECOND_MS + (uint64_t)now.tv_nsec / 1000000u;
}
