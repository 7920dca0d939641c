/* From a start and a limit to a deadline. */
#include "core/incident/duty.h"

static int days_of(int year, int month)
{
    static const int DAYS[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month == 2 && leap ? 29 : DAYS[month - 1];
}

static cx_err add_months(cx_time start_us, int64_t months, cx_time *ret_us)
{
    struct cx_civil civil;
    CX_TRY(cx_civil_from_time(start_us, &civil));
    int index = civil.month - 1 + (int)months;
    civil.year += index / 12;
    civil.month = index % 12 + 1;
    if (civil.day > days_of(civil.year, civil.month))
        civil.day = days_of(civil.year, civil.month);
    return cx_time_from_civil(&civil, ret_us);
}

/* 1970-01-01 was a Thursday: 0 is Monday. */
static int weekday_of(cx_time at_us)
{
    int64_t days = at_us / CX_US_PER_DAY - (at_us % CX_US_PER_DAY < 0);
    return (int)(((days + 3) % 7 + 7) % 7);
}

static cx_time add_business_days(cx_time start_us, int64_t days)
{
    cx_time at_us = start_us;
    while (days > 0) {
        at_us += CX_US_PER_DAY;
        if (weekday_of(at_us) < 5)
            days--;
    }
    return at_us;
}

cx_err duty_deadline(const struct rule_limit *limit, cx_time start_us, cx_time stated_us,
                     cx_time *ret_us)
{
    switch (limit->unit) {
    case RULE_SECONDS:
        *ret_us = start_us + limit->value * CX_US_PER_S;
        return CX_OK;
    case RULE_MONTHS:
        return add_months(start_us, limit->value, ret_us);
    case RULE_BUSINESS_DAYS:
        *ret_us = add_business_days(start_us, limit->value);
        return CX_OK;
    case RULE_STATED:
        break;
    }
    *ret_us = stated_us - limit->value * CX_US_PER_S;
    return CX_OK;
}

cx_time duty_warning_us(const struct duty *duty, unsigned percent)
{
    return duty->start_us + (duty->deadline_us - duty->start_us) / 100 * (cx_time)percent;
}
