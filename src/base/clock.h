/*
 * Time. Every component takes a struct cx_clock; nothing calls time() itself, so tests and drills
 * travel through months in milliseconds. Times are UTC microseconds since 1970 in an int64_t (…_us).
 */
#pragma once
#include "base/bytes.h"

typedef int64_t cx_time; /* UTC microseconds since 1970-01-01 */

#define CX_US_PER_S INT64_C(1000000)
#define CX_US_PER_DAY (INT64_C(86400) * CX_US_PER_S)

struct cx_clock {
    cx_time (*now)(const struct cx_clock *clock);
    _Atomic int64_t offset_us; /* added to the source; only drills and tests set it */
    _Atomic int64_t fixed_us;  /* used by cx_clock_fixed */
};

/* The machine's clock. */
void cx_clock_system(struct cx_clock *clock);
/* A clock that stands still until it is moved: tests. */
void cx_clock_fixed(struct cx_clock *clock, cx_time at_us);

cx_time cx_now(const struct cx_clock *clock);

/* Monotonic microseconds, for durations and deadlines only. */
int64_t cx_monotonic_us(void);

/* "2026-11-21T21:40:00.123456Z" (RFC 3339). Years 0001 … 9999; CX_E_LIMIT otherwise. */
enum { CX_TIME_TEXT_MAX = 40 };
cx_err cx_time_format(cx_time at_us, char ret_text[static CX_TIME_TEXT_MAX]);
/* RFC 3339 with "Z" or a numeric offset, optional fraction up to 6 digits. */
cx_err cx_time_parse(struct cx_str text, cx_time *ret_us);

struct cx_civil {
    int year, month, day, hour, minute, second;
    int64_t us;
};
/* Proleptic Gregorian calendar, no leap seconds. */
cx_err cx_civil_from_time(cx_time at_us, struct cx_civil *ret_civil);
cx_err cx_time_from_civil(const struct cx_civil *civil, cx_time *ret_us);
