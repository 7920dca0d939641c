/* Figures of a period, with the incidents behind each. */
#include "api_routes.h"
#include "core/governance/metric.h"

_Static_assert((int)API_METRIC_MEASURE_COUNT == (int)METRIC_MEASURE_COUNT);

struct measuring {
    struct api_request *request;
    struct metric_filter filter;
    struct metric metric;
};

static cx_err read_metric(struct store_tx *tx, void *arg)
{
    struct measuring *measuring = arg;
    struct api_request *request = measuring->request;
    return metric_read(tx, request->core, request->principal.tenant_id, &measuring->filter,
                       request->now_us, request->arena, &measuring->metric);
}

static cx_err view_times(struct arena *arena, const struct metric *metric,
                         struct api_incident_metrics *view)
{
    struct api_metric_time *times = NULL;
    CX_TRY(ARENA_NEW_ARRAY(arena, METRIC_MEASURE_COUNT, &times));
    for (size_t m = 0; m < METRIC_MEASURE_COUNT; m++) {
        const struct metric_time *time = &metric->times[m];
        struct api_metric_sample *samples = NULL;
        CX_TRY(ARENA_NEW_ARRAY(arena, time->count, &samples));
        for (size_t i = 0; i < time->count; i++)
            samples[i] =
                (struct api_metric_sample){time->samples[i].incident_id, time->samples[i].seconds};
        times[m] = (struct api_metric_time){.measure = (enum api_metric_measure)m,
                                            .count = (int64_t)time->count,
                                            .missing_count = (int64_t)time->missing_count,
                                            .has_p50_s = time->count > 0,
                                            .p50_s = metric_percentile(time, 50),
                                            .has_p90_s = time->count > 0,
                                            .p90_s = metric_percentile(time, 90),
                                            .has_max_s = time->count > 0,
                                            .max_s = metric_percentile(time, 100),
                                            .incidents = samples,
                                            .incidents_count = time->count};
    }
    view->times = times;
    view->times_count = METRIC_MEASURE_COUNT;
    return CX_OK;
}

static cx_err view_named(struct arena *arena, const struct metric_named *list, size_t count,
                         const struct api_metric_duty_named **ret_views)
{
    struct api_metric_duty_named *views = NULL;
    CX_TRY(ARENA_NEW_ARRAY(arena, count, &views));
    for (size_t i = 0; i < count; i++)
        views[i] = (struct api_metric_duty_named){
            .incident_id = list[i].incident_id,
            .key = list[i].duty->key,
            .state = (enum api_duty_state)list[i].duty->state,
            .deadline = list[i].duty->deadline_us,
            .has_met = list[i].duty->met_seq > 0,
            .met = list[i].duty->met_us,
        };
    *ret_views = views;
    return CX_OK;
}

static cx_err view_duties(struct arena *arena, const struct metric *metric,
                          struct api_incident_metrics *view)
{
    struct api_metric_duty *duties = NULL;
    CX_TRY(ARENA_NEW_ARRAY(arena, metric->duty_count, &duties));
    for (size_t i = 0; i < metric->duty_count; i++) {
        const struct metric_duty *duty = &metric->duties[i];
        duties[i] = (struct api_metric_duty){
            .pack = duty->pack->name,
            .id = duty->rule->id,
            .title = duty->rule->title,
            .on_time_percent = metric_on_time_percent(duty),
            .on_time_count = (int64_t)duty->on_time_count,
            .late_count = (int64_t)duty->late_count,
            .overdue_count = (int64_t)duty->overdue_count,
            .pending_count = (int64_t)duty->pending_count,
        };
    }
    view->duties = duties;
    view->duties_count = metric->duty_count;
    CX_TRY(view_named(arena, metric->late, metric->late_count, &view->late));
    view->late_count = metric->late_count;
    CX_TRY(view_named(arena, metric->near, metric->near_count, &view->near_misses));
    view->near_misses_count = metric->near_count;
    return CX_OK;
}

static cx_err view_excluded(struct arena *arena, const struct metric *metric,
                            enum incident_state state, size_t count, const struct cx_id **ret_ids)
{
    struct cx_id *ids = NULL;
    size_t found = 0;
    CX_TRY(ARENA_NEW_ARRAY(arena, count, &ids));
    for (size_t i = 0; i < metric->incident_count && found < count; i++)
        if (metric->incidents[i].row.state == state)
            ids[found++] = metric->incidents[i].row.incident_id;
    *ret_ids = ids;
    return CX_OK;
}

static cx_err view_metric(struct arena *arena, const struct metric *metric,
                          struct api_incident_metrics *ret_view)
{
    struct api_incident_metrics view = {.from = metric->filter.from_us,
                                        .until = metric->filter.until_us,
                                        .complete = metric->complete,
                                        .incident_count = (int64_t)metric->incident_count,
                                        .reopened_count = (int64_t)metric->reopened_count,
                                        .false_alarms_count = metric->false_alarm_count,
                                        .duplicates_count = metric->duplicate_count};
    CX_TRY(view_excluded(arena, metric, INCIDENT_FALSE_ALARM, metric->false_alarm_count,
                         &view.false_alarms));
    CX_TRY(
        view_excluded(arena, metric, INCIDENT_MERGED, metric->duplicate_count, &view.duplicates));
    CX_TRY(view_times(arena, metric, &view));
    CX_TRY(view_duties(arena, metric, &view));
    *ret_view = view;
    return CX_OK;
}

cx_err handle_incident_metrics(struct api_request *request,
                               const struct api_incident_metrics_in *in,
                               struct api_incident_metrics_out *ret_out)
{
    struct measuring *measuring = NULL;
    if (in->from >= in->until)
        return cx_refuse(request->diag, CX_ERR(POLICY), "until", "period",
                         "The end of the period is after its start.");
    CX_TRY(ARENA_NEW(request->arena, &measuring));
    *measuring = (struct measuring){.request = request,
                                    .filter = {.from_us = in->from,
                                               .until_us = in->until,
                                               .has_type = in->has_type,
                                               .type = (enum incident_type)in->type,
                                               .has_track = in->has_track,
                                               .track = (enum incident_track)in->track,
                                               .has_severity = in->has_severity,
                                               .severity = (enum incident_severity)in->severity}};
    CX_TRY(store_read(request->core->store, read_metric, measuring));
    return view_metric(request->arena, &measuring->metric, &ret_out->body);
}
