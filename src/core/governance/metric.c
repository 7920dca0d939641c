#include "core/governance/metric.h"
#include "base/checked.h"

enum { READ_PAGE = 100 };

const char *metric_measure_name(enum metric_measure measure)
{
    static const char *const NAMES[METRIC_MEASURE_COUNT] = {"detect", "acknowledge", "contain",
                                                            "notify", "recover"};
    return NAMES[measure];
}

/* ---- moments of one timeline ---- */

struct span {
    bool has_start, has_end;
    cx_time start_us, end_us;
};

/* The earliest time that was ever stated for the kind. */
static bool earliest(const struct incident *incident, enum incident_kind kind, cx_time *ret_us)
{
    bool found = false;
    for (size_t i = 0; i < incident->entry_count; i++) {
        const struct duty_entry *entry = &incident->entries[i].clock;
        if (entry->kind != kind || (found && entry->at_us >= *ret_us))
            continue;
        *ret_us = entry->at_us;
        found = true;
    }
    return found;
}

/* The first entry of the kind at the latest time that was ever stated for it. */
static bool latest(const struct incident *incident, enum incident_kind kind, cx_time *ret_us)
{
    const struct incident_entry *first = incident_first(incident, kind);
    if (!first)
        return false;
    *ret_us = first->clock.at_us;
    for (size_t i = 0; i < incident->entry_count; i++) {
        const struct duty_entry *entry = &incident->entries[i].clock;
        if (entry->corrects == first->clock.seq && entry->at_us > *ret_us)
            *ret_us = entry->at_us;
    }
    return true;
}

static bool is_act(const struct incident_entry *entry)
{
    enum incident_kind kind = entry->clock.kind;
    return !cx_id_is_zero(entry->actor_id) &&
           (kind == KIND_STATE_CHANGED || kind == KIND_ROLE_ASSIGNED || kind == KIND_ASSESSED ||
            kind == KIND_ALERT_ANSWERED);
}

static bool first_act(const struct incident *incident, cx_time *ret_us)
{
    for (size_t i = 0; i < incident->entry_count; i++) {
        if (!is_act(&incident->entries[i]))
            continue;
        *ret_us = incident->entries[i].clock.at_us;
        return true;
    }
    return false;
}

static bool moved_to(const struct duty_entry *entry, enum incident_state *ret_state)
{
    return entry->kind == KIND_STATE_CHANGED &&
           cx_is_ok(incident_state_from_name(entry->subject, ret_state));
}

/* A step back takes the recovery back. */
static bool recovered(const struct incident *incident, cx_time *ret_us)
{
    bool found = false;
    for (size_t i = 0; i < incident->entry_count; i++) {
        enum incident_state state;
        if (!moved_to(&incident->entries[i].clock, &state))
            continue;
        if (state == INCIDENT_RECOVERED && !found)
            *ret_us = incident->entries[i].clock.at_us;
        found = state == INCIDENT_RECOVERED ||
                (found && (state == INCIDENT_VALIDATED || state == INCIDENT_CLOSED));
    }
    return found;
}

static bool was_reopened(const struct incident *incident)
{
    bool ended = false;
    for (size_t i = 0; i < incident->entry_count; i++) {
        enum incident_state state;
        if (!moved_to(&incident->entries[i].clock, &state))
            continue;
        if (ended && state == INCIDENT_TRIAGE)
            return true;
        ended = state == INCIDENT_CLOSED || state == INCIDENT_FALSE_ALARM;
    }
    return false;
}

static struct span span_of(const struct incident *incident, enum metric_measure measure)
{
    struct span span = {0};
    switch (measure) {
    case METRIC_DETECT:
        span.has_start = earliest(incident, KIND_NON_COMPLIANCE_STARTED, &span.start_us) ||
                         earliest(incident, KIND_CAUSE_INTRODUCED, &span.start_us);
        span.has_end = latest(incident, KIND_AWARE, &span.end_us);
        break;
    case METRIC_ACKNOWLEDGE:
        span.has_start = earliest(incident, KIND_REPORTED, &span.start_us);
        span.has_end = first_act(incident, &span.end_us);
        break;
    case METRIC_CONTAIN:
        span.has_start = earliest(incident, KIND_AWARE, &span.start_us);
        span.has_end = latest(incident, KIND_CONTAINED, &span.end_us);
        break;
    case METRIC_NOTIFY:
        span.has_start = earliest(incident, KIND_CONFIRMED, &span.start_us);
        span.has_end = latest(incident, KIND_CUSTOMERS_NOTIFIED, &span.end_us);
        break;
    default:
        span.has_start = earliest(incident, KIND_AWARE, &span.start_us);
        span.has_end = recovered(incident, &span.end_us);
    }
    return span;
}

/* ---- counting ---- */

static bool counts(const struct incident *incident)
{
    return incident->row.state != INCIDENT_FALSE_ALARM && incident->row.state != INCIDENT_MERGED;
}

static bool is_measured(const struct incident *incident, enum metric_measure measure)
{
    if (incident->row.type == INCIDENT_OBLIGATION)
        return false;
    return measure != METRIC_NOTIFY || (incident->row.tracks & 1u << TRACK_CUSTOMER);
}

static int by_seconds(const void *a, const void *b)
{
    const struct metric_sample *left = a, *right = b;
    if (left->seconds != right->seconds)
        return left->seconds < right->seconds ? -1 : 1;
    return cx_bytes_cmp(cx_id_bytes(&left->incident_id), cx_id_bytes(&right->incident_id));
}

static cx_err count_time(struct metric *metric, enum metric_measure measure, struct arena *arena)
{
    struct metric_time *time = &metric->times[measure];
    CX_TRY(ARENA_NEW_ARRAY(arena, metric->incident_count, &time->samples));
    for (size_t i = 0; i < metric->incident_count; i++) {
        const struct incident *incident = &metric->incidents[i];
        if (!counts(incident) || !is_measured(incident, measure))
            continue;
        struct span span = span_of(incident, measure);
        if (!span.has_start || !span.has_end || span.end_us < span.start_us) {
            time->missing_count++;
            continue;
        }
        time->samples[time->count++] = (struct metric_sample){
            incident->row.incident_id, (span.end_us - span.start_us) / CX_US_PER_S};
    }
    if (time->count)
        qsort(time->samples, time->count, sizeof(*time->samples), by_seconds);
    return CX_OK;
}

int64_t metric_percentile(const struct metric_time *time, unsigned percent)
{
    if (time->count == 0)
        return 0;
    size_t rank =
        (time->count * percent + 99) / 100; /* nearest rank: the smallest with that share */
    return time->samples[rank ? rank - 1 : 0].seconds;
}

static cx_err kind_of_duty(struct metric *metric, const struct duty *duty,
                           struct metric_duty **ret_duty)
{
    for (size_t i = 0; i < metric->duty_count; i++) {
        struct metric_duty *seen = &metric->duties[i];
        if (cx_str_eq(seen->rule->id, duty->rule->id) &&
            cx_str_eq(seen->pack->name, duty->pack->name)) {
            *ret_duty = seen;
            return CX_OK;
        }
    }
    if (metric->duty_count == METRIC_DUTIES_MAX)
        return CX_ERR(LIMIT);
    *ret_duty = &metric->duties[metric->duty_count++];
    **ret_duty = (struct metric_duty){.pack = duty->pack, .rule = duty->rule};
    return CX_OK;
}

static void name(struct metric *metric, struct metric_named *list, size_t *count,
                 struct cx_id incident_id, const struct duty *duty)
{
    if (*count == METRIC_NAMED_MAX) {
        metric->complete = false;
        return;
    }
    list[(*count)++] = (struct metric_named){incident_id, duty};
}

static cx_err count_duty(struct metric *metric, struct cx_id incident_id, const struct duty *duty)
{
    struct metric_duty *kind = NULL;
    if (duty->state == DUTY_REPLACED || duty->state == DUTY_ENDED)
        return CX_OK; /* not owed any more before its deadline */
    CX_TRY(kind_of_duty(metric, duty, &kind));
    kind->on_time_count += duty->state == DUTY_MET;
    kind->late_count += duty->state == DUTY_MET_LATE;
    kind->overdue_count += duty->state == DUTY_OVERDUE;
    kind->pending_count += duty->state == DUTY_PENDING;
    if (duty->state == DUTY_MET_LATE || duty->state == DUTY_OVERDUE)
        name(metric, metric->late, &metric->late_count, incident_id, duty);
    if (duty->state == DUTY_MET && duty->met_us >= duty_warning_us(duty, METRIC_NEAR_PERCENT))
        name(metric, metric->near, &metric->near_count, incident_id, duty);
    return CX_OK;
}

int64_t metric_on_time_percent(const struct metric_duty *duty)
{
    size_t decided = duty->on_time_count + duty->late_count + duty->overdue_count;
    return decided ? (int64_t)(duty->on_time_count * 100 / decided) : 100;
}

static int by_rule(const void *a, const void *b)
{
    const struct metric_duty *left = a, *right = b;
    int order = cx_bytes_cmp(cx_str_bytes(left->pack->name), cx_str_bytes(right->pack->name));
    return order ? order
                 : cx_bytes_cmp(cx_str_bytes(left->rule->id), cx_str_bytes(right->rule->id));
}

cx_err metric_count(struct metric *metric, struct arena *arena)
{
    CX_TRY(ARENA_NEW_ARRAY(arena, METRIC_DUTIES_MAX, &metric->duties));
    CX_TRY(ARENA_NEW_ARRAY(arena, METRIC_NAMED_MAX, &metric->late));
    CX_TRY(ARENA_NEW_ARRAY(arena, METRIC_NAMED_MAX, &metric->near));
    for (int measure = 0; measure < METRIC_MEASURE_COUNT; measure++)
        CX_TRY(count_time(metric, (enum metric_measure)measure, arena));
    for (size_t i = 0; i < metric->incident_count; i++) {
        const struct incident *incident = &metric->incidents[i];
        metric->false_alarm_count += incident->row.state == INCIDENT_FALSE_ALARM;
        metric->duplicate_count += incident->row.state == INCIDENT_MERGED;
        metric->reopened_count += was_reopened(incident);
        for (size_t j = 0; counts(incident) && j < incident->duties.count; j++)
            CX_TRY(count_duty(metric, incident->row.incident_id, &incident->duties.duties[j]));
    }
    if (metric->duty_count)
        qsort(metric->duties, metric->duty_count, sizeof(*metric->duties), by_rule);
    return CX_OK;
}

/* ---- reading ---- */

static bool keeps(const struct metric_filter *filter, const struct incident_row *row)
{
    return (!filter->has_type || row->type == filter->type) &&
           (!filter->has_track || (row->tracks & 1u << filter->track)) &&
           (!filter->has_severity ||
            incident_severity(row->impact, row->urgency) == filter->severity);
}

/* Of one page, those in the period; *ret_done: the page went beyond its start, or the list is full. */
static cx_err keep_page(struct metric *metric, const struct incident_row *rows, size_t count,
                        bool *ret_done)
{
    for (size_t i = 0; i < count; i++) {
        *ret_done = rows[i].created_us < metric->filter.from_us;
        if (*ret_done)
            return CX_OK;
        if (!keeps(&metric->filter, &rows[i]))
            continue;
        *ret_done = metric->incident_count == METRIC_INCIDENTS_MAX;
        metric->complete = !*ret_done;
        if (*ret_done)
            return CX_OK;
        metric->incidents[metric->incident_count++].row = rows[i];
    }
    return CX_OK;
}

cx_err metric_read(struct store_tx *tx, struct core *core, struct cx_id tenant_id,
                   const struct metric_filter *filter, cx_time now_us, struct arena *arena,
                   struct metric *ret_metric)
{
    struct metric metric = {.filter = *filter, .complete = true};
    struct page_key after = {filter->until_us, {{0}}}; /* the first is before it */
    struct incident_row *rows = NULL;
    CX_TRY(ARENA_NEW_ARRAY(arena, METRIC_INCIDENTS_MAX, &metric.incidents));
    for (bool done = false; !done;) {
        size_t count = 0;
        CX_TRY(ARENA_NEW_ARRAY(arena, READ_PAGE, &rows));
        CX_TRY(incident_page(tx, tenant_id, false, INCIDENT_REPORTED, &after, READ_PAGE, arena,
                             rows, &count));
        CX_TRY(keep_page(&metric, rows, count, &done));
        done = done || count < READ_PAGE;
        if (count)
            after = (struct page_key){rows[count - 1].created_us, rows[count - 1].incident_id};
    }
    for (size_t i = 0; i < metric.incident_count; i++)
        CX_TRY(incident_complete(tx, core, tenant_id, now_us, arena, &metric.incidents[i]));
    CX_TRY(metric_count(&metric, arena));
    *ret_metric = metric;
    return CX_OK;
}
