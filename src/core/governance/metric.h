/*
 * How well a period went, always computed anew from the timelines: nothing of it is stored, so nothing of it can drift.
 *
 * Counted are the incidents that were reported in the period. False alarms and duplicates (merged ones) are counted and named,
 * and are in no time and no rate: a duplicate would count its duties twice. Standing obligations are in no time, since
 * nothing went wrong in them, but their duties are in the rates.
 *
 *   detect       it began (non_compliance_started, else cause_introduced) → aware
 *   acknowledge  reported → the first act of a person on it (moved, assessed, a role given, an alert answered)
 *   contain      aware → contained
 *   notify       confirmed → customers_notified; only what has the track customer
 *   recover      aware → recovered, for the last time when it was moved back in between
 *
 * As with duties, a correction can only make a time longer: a start is the earliest that was ever stated, an end the latest.
 * Percentiles are nearest-rank; a rate is rounded down, so that 100 means all. Pure, but for metric_read.
 */
#pragma once
#include "core/incident/record.h"

enum {
    METRIC_INCIDENTS_MAX =
        1000,                 /* of a period; beyond it the answer says that it is not complete */
    METRIC_DUTIES_MAX = 500,  /* kinds of duties */
    METRIC_NAMED_MAX = 2000,  /* late duties, and near misses, that are named */
    METRIC_NEAR_PERCENT = 90, /* met with less than this share of its time left over: a near miss */
};

enum metric_measure {
    METRIC_DETECT,
    METRIC_ACKNOWLEDGE,
    METRIC_CONTAIN,
    METRIC_NOTIFY,
    METRIC_RECOVER,
    METRIC_MEASURE_COUNT
};
const char *metric_measure_name(enum metric_measure measure);

struct metric_filter {
    cx_time from_us, until_us; /* reported at from or later, and before until */
    bool has_type, has_track, has_severity;
    enum incident_type type;
    enum incident_track track;
    enum incident_severity severity;
};

struct metric_sample {
    struct cx_id incident_id;
    int64_t seconds;
};
struct metric_time {
    struct metric_sample *samples; /* the shortest first */
    size_t count, missing_count;   /* missing: not there yet, or not known */
};
/* 0 when there is no sample. */
int64_t metric_percentile(const struct metric_time *time, unsigned percent);

struct metric_named {
    struct cx_id incident_id;
    const struct duty *duty;
};
struct metric_duty {
    const struct rule_pack *pack;
    const struct rule_duty *rule;
    size_t on_time_count, late_count, overdue_count, pending_count;
};
/* Per cent of those whose deadline passed or that were met, rounded down; 100 when there are none. */
int64_t metric_on_time_percent(const struct metric_duty *duty);

struct metric {
    struct metric_filter filter;
    struct incident *incidents; /* those that the filter keeps, newest first */
    size_t incident_count, false_alarm_count, duplicate_count, reopened_count;
    struct metric_time times[METRIC_MEASURE_COUNT];
    struct metric_duty *duties; /* by document and id */
    size_t duty_count;
    struct metric_named *late, *near; /* met late or overdue; met at the last moment */
    size_t late_count, near_count;
    bool complete;
};

/* Inside a store closure; everything is in arena. */
cx_err metric_read(struct store_tx *tx, struct core *core, struct cx_id tenant_id,
                   const struct metric_filter *filter, cx_time now_us, struct arena *arena,
                   struct metric *ret_metric);
/* Of incidents that were read: fills in all the rest. filter and incidents are set. */
cx_err metric_count(struct metric *metric, struct arena *arena);
