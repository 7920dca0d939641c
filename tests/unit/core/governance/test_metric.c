/* Figures from timelines that are written out here: corrections, steps back, what does not count. */
#include "tests/lib/test.h"
#include "base/checked.h"
#include "core/governance/metric.h"

#define HOURS(n) ((n)*INT64_C(3600) * CX_US_PER_S)

struct stage {
    struct arena arena;
    struct incident incidents[8];
    struct incident_entry entries[8][32];
    struct metric metric;
};

static struct incident *add(struct stage *stage, enum incident_type type, enum incident_state state)
{
    size_t at = stage->metric.incident_count++;
    struct incident *incident = &stage->incidents[at];
    *incident = (struct incident){.row = {.incident_id = {{(uint8_t)(at + 1)}},
                                          .type = type,
                                          .state = state,
                                          .tracks = 1u << TRACK_CUSTOMER},
                                  .entries = stage->entries[at]};
    return incident;
}

static struct incident_entry *enter(struct incident *incident, enum incident_kind kind, cx_time at)
{
    size_t number = incident->entry_count++;
    incident->entries[number] = (struct incident_entry){
        .clock = {.seq = (int64_t)number + 1, .kind = kind, .at_us = at}, .actor_id = {{9}}};
    return &incident->entries[number];
}

static void move(struct incident *incident, enum incident_state state, cx_time at)
{
    enter(incident, KIND_STATE_CHANGED, at)->clock.subject =
        cx_str_from(incident_state_name(state));
}

static void count(struct stage *stage)
{
    stage->metric.incidents = stage->incidents;
    assert_ok(metric_count(&stage->metric, &stage->arena));
}

static void a_correction_makes_a_time_longer_only(void **state)
{
    (void)state;
    struct stage stage = {.arena = ARENA_INIT(4 << 20)};
    struct incident *incident = add(&stage, INCIDENT_MISISSUANCE, INCIDENT_CONTAINED);
    enter(incident, KIND_AWARE, HOURS(10));
    enter(incident, KIND_CONTAINED, HOURS(20));
    enter(incident, KIND_AWARE, HOURS(8))->clock.corrects = 1;
    enter(incident, KIND_AWARE, HOURS(15))->clock.corrects = 1;
    enter(incident, KIND_CONTAINED, HOURS(18))->clock.corrects = 2;
    enter(incident, KIND_CONTAINED, HOURS(22))->clock.corrects = 2;
    count(&stage);
    assert_int_equal(stage.metric.times[METRIC_CONTAIN].count, 1);
    assert_int_equal(stage.metric.times[METRIC_CONTAIN].samples[0].seconds, 14 * 3600);
    assert_int_equal(stage.metric.times[METRIC_DETECT].missing_count, 1);
    arena_clear(&stage.arena);
}

static void a_recovery_that_was_taken_back_is_none(void **state)
{
    (void)state;
    struct stage stage = {.arena = ARENA_INIT(4 << 20)};
    struct incident *taken = add(&stage, INCIDENT_OTHER, INCIDENT_REMEDIATED);
    enter(taken, KIND_AWARE, 0);
    move(taken, INCIDENT_RECOVERED, HOURS(5));
    move(taken, INCIDENT_REMEDIATED, HOURS(6));
    struct incident *again = add(&stage, INCIDENT_OTHER, INCIDENT_CLOSED);
    enter(again, KIND_AWARE, 0);
    move(again, INCIDENT_RECOVERED, HOURS(5));
    move(again, INCIDENT_REMEDIATED, HOURS(6));
    move(again, INCIDENT_RECOVERED, HOURS(7));
    move(again, INCIDENT_VALIDATED, HOURS(8));
    move(again, INCIDENT_CLOSED, HOURS(9));
    count(&stage);
    assert_int_equal(stage.metric.times[METRIC_RECOVER].count, 1);
    assert_int_equal(stage.metric.times[METRIC_RECOVER].samples[0].seconds, 7 * 3600);
    assert_int_equal(stage.metric.times[METRIC_RECOVER].missing_count, 1);
    arena_clear(&stage.arena);
}

static void false_alarms_and_duplicates_are_counted_and_not_timed(void **state)
{
    (void)state;
    struct stage stage = {.arena = ARENA_INIT(4 << 20)};
    const enum incident_state states[] = {INCIDENT_FALSE_ALARM, INCIDENT_MERGED, INCIDENT_TRIAGE};
    for (size_t i = 0; i < CX_COUNT_OF(states); i++) {
        struct incident *incident = add(&stage, INCIDENT_OTHER, states[i]);
        enter(incident, KIND_REPORTED, 0);
        move(incident, INCIDENT_TRIAGE, HOURS(i + 1));
    }
    add(&stage, INCIDENT_OBLIGATION, INCIDENT_TRIAGE);
    move(&stage.incidents[0], INCIDENT_FALSE_ALARM, HOURS(2));
    move(&stage.incidents[0], INCIDENT_TRIAGE, HOURS(3)); /* reopened */
    count(&stage);
    assert_int_equal(stage.metric.false_alarm_count, 1);
    assert_int_equal(stage.metric.duplicate_count, 1);
    assert_int_equal(stage.metric.reopened_count, 1);
    assert_int_equal(stage.metric.times[METRIC_ACKNOWLEDGE].count, 1);
    assert_int_equal(stage.metric.times[METRIC_ACKNOWLEDGE].samples[0].seconds, 3 * 3600);
    assert_int_equal(stage.metric.times[METRIC_ACKNOWLEDGE].missing_count, 0);
    arena_clear(&stage.arena);
}

static void percentiles_are_nearest_rank(void **state)
{
    (void)state;
    struct metric_sample samples[] = {
        {.seconds = 1}, {.seconds = 2}, {.seconds = 3}, {.seconds = 9}};
    const struct metric_time time = {.samples = samples, .count = CX_COUNT_OF(samples)};
    assert_int_equal(metric_percentile(&time, 50), 2);
    assert_int_equal(metric_percentile(&time, 51), 3);
    assert_int_equal(metric_percentile(&time, 90), 9);
    assert_int_equal(metric_percentile(&time, 100), 9);
    const struct metric_time none = {0};
    assert_int_equal(metric_percentile(&none, 50), 0);
}

static void only_all_is_a_hundred(void **state)
{
    (void)state;
    const struct metric_duty most = {.on_time_count = 999, .late_count = 1, .pending_count = 5};
    const struct metric_duty none = {.pending_count = 5};
    const struct metric_duty late = {.on_time_count = 1, .late_count = 1, .overdue_count = 1};
    assert_int_equal(metric_on_time_percent(&most), 99);
    assert_int_equal(metric_on_time_percent(&none), 100);
    assert_int_equal(metric_on_time_percent(&late), 33);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_correction_makes_a_time_longer_only),
        cmocka_unit_test(a_recovery_that_was_taken_back_is_none),
        cmocka_unit_test(false_alarms_and_duplicates_are_counted_and_not_timed),
        cmocka_unit_test(percentiles_are_nearest_rank),
        cmocka_unit_test(only_all_is_a_hundred),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
