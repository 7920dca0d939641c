#include "base/clock.h"

#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

static cx_time system_now(const struct cx_clock *clock)
{
    struct timespec ts = {0};
    clock_gettime(CLOCK_REALTIME, &ts);
    return (cx_time)ts.tv_sec * CX_US_PER_S + ts.tv_nsec / 1000 + atomic_load(&clock->offset_us);
}

static cx_time fixed_now(const struct cx_clock *clock)
{
    return atomic_load(&clock->fixed_us) + atomic_load(&clock->offset_us);
}

void cx_clock_system(struct cx_clock *clock)
{
    clock->now = system_now;
    atomic_store(&clock->offset_us, 0);
    atomic_store(&clock->fixed_us, 0);
}

void cx_clock_fixed(struct cx_clock *clock, cx_time at_us)
{
    clock->now = fixed_now;
    atomic_store(&clock->offset_us, 0);
    atomic_store(&clock->fixed_us, at_us);
}

cx_time cx_now(const struct cx_clock *clock)
{
    return clock->now(clock);
}

int64_t cx_monotonic_us(void)
{
    struct timespec ts = {0};
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * CX_US_PER_S + ts.tv_nsec / 1000;
}

/* Days since 1970-01-01 of a civil date (H. Hinnant, "chrono-compatible low-level date algorithms"). */
static int64_t days_from_civil(int64_t year, int month, int day)
{
    year -= month <= 2;
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    int64_t yoe = year - era * 400;
    int64_t doy = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
    return era * 146097 + doe - 719468;
}

static void civil_from_days(int64_t days, struct cx_civil *civil)
{
    days += 719468;
    int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    int64_t doe = days - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int64_t mp = (5 * doy + 2) / 153;
    civil->day = (int)(doy - (153 * mp + 2) / 5 + 1);
    civil->month = (int)(mp < 10 ? mp + 3 : mp - 9);
    civil->year = (int)(yoe + era * 400 + (civil->month <= 2));
}

cx_err cx_civil_from_time(cx_time at_us, struct cx_civil *ret_civil)
{
    int64_t days = at_us / CX_US_PER_DAY;
    int64_t rest = at_us % CX_US_PER_DAY;
    if (rest < 0) {
        rest += CX_US_PER_DAY;
        days--;
    }
    if (days < -719162 || days > 2932896) /* 0001-01-01 … 9999-12-31 */
        return CX_ERR(LIMIT);
    civil_from_days(days, ret_civil);
    ret_civil->us = rest % CX_US_PER_S;
    int64_t seconds = rest / CX_US_PER_S;
    ret_civil->hour = (int)(seconds / 3600);
    ret_civil->minute = (int)(seconds / 60 % 60);
    ret_civil->second = (int)(seconds % 60);
    return CX_OK;
}

static int days_in_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return month == 2 && leap ? 29 : days[month - 1];
}

cx_err cx_time_from_civil(const struct cx_civil *c, cx_time *ret_us)
{
    if (c->year < 1 || c->year > 9999 || c->month < 1 || c->month > 12 || c->day < 1 ||
        c->day > days_in_month(c->year, c->month) || c->hour < 0 || c->hour > 23 || c->minute < 0 ||
        c->minute > 59 || c->second < 0 || c->second > 59 || c->us < 0 || c->us >= CX_US_PER_S)
        return CX_ERR(PARSE);
    int64_t seconds = days_from_civil(c->year, c->month, c->day) * 86400 + c->hour * 3600 +
                      c->minute * 60 + c->second;
    *ret_us = seconds * CX_US_PER_S + c->us;
    return CX_OK;
}

cx_err cx_time_format(cx_time at_us, char ret_text[static CX_TIME_TEXT_MAX])
{
    struct cx_civil c = {0};
    CX_TRY(cx_civil_from_time(at_us, &c));
    if (c.us == 0)
        snprintf(ret_text, CX_TIME_TEXT_MAX, "%04d-%02d-%02dT%02d:%02d:%02dZ", c.year % 10000,
                 c.month % 100, c.day % 100, c.hour % 100, c.minute % 100, c.second % 100);
    else
        snprintf(ret_text, CX_TIME_TEXT_MAX, "%04d-%02d-%02dT%02d:%02d:%02d.%06uZ", c.year % 10000,
                 c.month % 100, c.day % 100, c.hour % 100, c.minute % 100, c.second % 100,
                 (unsigned)c.us % 1000000u);
    return CX_OK;
}

/* Reads exactly count digits at *at. */
static bool read_digits(struct cx_str text, size_t *at, size_t count, int *ret_value)
{
    if (text.len - *at < count)
        return false;
    int value = 0;
    for (size_t i = 0; i < count; i++) {
        char c = text.ptr[*at + i];
        if (c < '0' || c > '9')
            return false;
        value = value * 10 + (c - '0');
    }
    *at += count;
    *ret_value = value;
    return true;
}

static bool read_char(struct cx_str text, size_t *at, char want)
{
    if (*at >= text.len || text.ptr[*at] != want)
        return false;
    (*at)++;
    return true;
}

static bool read_fraction(struct cx_str text, size_t *at, int64_t *ret_us)
{
    int64_t us = 0;
    int digits = 0;
    while (*at < text.len && text.ptr[*at] >= '0' && text.ptr[*at] <= '9') {
        if (++digits > 6)
            return false;
        us = us * 10 + (text.ptr[(*at)++] - '0');
    }
    if (digits == 0)
        return false;
    for (; digits < 6; digits++)
        us *= 10;
    *ret_us = us;
    return true;
}

static bool read_offset(struct cx_str text, size_t *at, int64_t *ret_offset_s)
{
    if (read_char(text, at, 'Z')) {
        *ret_offset_s = 0;
        return true;
    }
    int sign = read_char(text, at, '+') ? 1 : read_char(text, at, '-') ? -1 : 0;
    int hours = 0;
    int minutes = 0;
    if (sign == 0 || !read_digits(text, at, 2, &hours) || !read_char(text, at, ':') ||
        !read_digits(text, at, 2, &minutes) || hours > 23 || minutes > 59)
        return false;
    *ret_offset_s = sign * (hours * 3600 + minutes * 60);
    return true;
}

cx_err cx_time_parse(struct cx_str text, cx_time *ret_us)
{
    struct cx_civil c = {0};
    size_t at = 0;
    int64_t offset_s = 0;
    if (!read_digits(text, &at, 4, &c.year) || !read_char(text, &at, '-') ||
        !read_digits(text, &at, 2, &c.month) || !read_char(text, &at, '-') ||
        !read_digits(text, &at, 2, &c.day) || !read_char(text, &at, 'T') ||
        !read_digits(text, &at, 2, &c.hour) || !read_char(text, &at, ':') ||
        !read_digits(text, &at, 2, &c.minute) || !read_char(text, &at, ':') ||
        !read_digits(text, &at, 2, &c.second))
        return CX_ERR(PARSE);
    if (read_char(text, &at, '.') && !read_fraction(text, &at, &c.us))
        return CX_ERR(PARSE);
    if (!read_offset(text, &at, &offset_s) || at != text.len)
        return CX_ERR(PARSE);
    cx_time local_us = 0;
    CX_TRY(cx_time_from_civil(&c, &local_us));
    *ret_us = local_us - offset_s * CX_US_PER_S;
    return CX_OK;
}
