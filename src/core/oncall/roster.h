/*
 * Who is on call, and when nobody is. Pure functions over what a roster says.
 *
 * Time: everything is UTC. At each level the people take turns in the order given; each turn lasts exactly shift_us, the first
 * begins at first_us. There is no summer time: a hand-over that has to follow a wall clock is a new roster in spring and in
 * autumn. Intervals are closed at their start and open at their end, so at the second of a hand-over the new one has it.
 */
#pragma once
#include "base/arena.h"
#include "base/clock.h"
#include "base/id.h"

enum {
    ONCALL_LEVELS_MAX = 3,
    ONCALL_PEOPLE_MAX = 32, /* of a level */
    ONCALL_OVERRIDES_MAX = 200,
    ONCALL_GAPS_MAX = 100,
    ONCALL_AHEAD_DAYS_MAX = 90
};

#define ONCALL_NEVER INT64_MAX

struct oncall_person {
    int64_t level; /* from 1 */
    struct cx_id user_id;
    bool reachable; /* the account works and has an address */
};

struct oncall_override {
    int64_t level;
    cx_time from_us, until_us;
    bool has_person; /* else nobody has the turn */
    struct oncall_person person;
};

struct oncall_plan {
    cx_time begins_us; /* when the roster was made: before it nobody is missed */
    cx_time first_us, shift_us;
    cx_time until_us; /* ONCALL_NEVER: without end */
    int64_t level_count;
    const struct oncall_person *people; /* by level, then turn */
    size_t person_count;
    const struct oncall_override *overrides; /* a later one counts more */
    size_t override_count;
};

/* Whose turn it is; NULL: nobody's. */
const struct oncall_person *oncall_at(const struct oncall_plan *plan, int64_t level, cx_time at_us);

/* A stretch of time without a change. */
struct oncall_turn {
    int64_t level;
    cx_time from_us, until_us;
    const struct oncall_person *person; /* NULL: nobody */
};
/* The turn that at_us is in. It ends with the next hand-over, override or end: two in a row may be one person's. */
struct oncall_turn oncall_turn_at(const struct oncall_plan *plan, int64_t level, cx_time at_us);
/* Turns of all levels with nobody who can be reached, from the one that now_us is in until until_us, by level and time; gaps that touch
 * are one. gaps has room for ONCALL_GAPS_MAX: further ones are left out. */
size_t oncall_gaps(const struct oncall_plan *plan, cx_time now_us, cx_time until_us,
                   struct oncall_turn *gaps);
