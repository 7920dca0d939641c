#include "core/governance/pack.h"
#include "core/field.h"

struct texts {
    char from[CX_TIME_TEXT_MAX], until[CX_TIME_TEXT_MAX];
};

static cx_err day(cx_time at_us, char ret_text[static CX_TIME_TEXT_MAX])
{
    CX_TRY(cx_time_format(at_us, ret_text));
    ret_text[10] = '\0';
    return CX_OK;
}

static void id_of(struct cx_id id, char ret_text[static CX_ID_TEXT_MAX])
{
    cx_id_format(CX_ID_INCIDENT, id, ret_text);
}

/* "2 d 3 h", "4 h 5 min", "6 min": no more than two units. */
static void duration(int64_t seconds, char ret_text[static 64])
{
    long long days = seconds / 86400, hours = seconds / 3600 % 24, minutes = seconds / 60 % 60;
    if (days)
        snprintf(ret_text, 64, "%lld d %lld h", days, hours);
    else if (hours)
        snprintf(ret_text, 64, "%lld h %lld min", hours, minutes);
    else
        snprintf(ret_text, 64, "%lld min", minutes);
}

static cx_err add_summary(const struct pack_source *source, struct document *document)
{
    const struct metric *now = &source->now, *before = &source->before;
    struct texts texts;
    char made[CX_TIME_TEXT_MAX];
    CX_TRY(day(now->filter.from_us, texts.from));
    CX_TRY(day(now->filter.until_us, texts.until));
    CX_TRY(cx_time_format(source->now_us, made));
    CX_TRY(document_addf(document, DOCUMENT_TITLE, "Incidents from %s to %s", texts.from,
                         texts.until));
    CX_TRY(
        document_addf(document, DOCUMENT_PARAGRAPH,
                      "Made at %s from the timelines. The end of the period is not part of it; in "
                      "parentheses the period before, of the same length.",
                      made));
    if (!source->complete || !now->complete || !before->complete)
        CX_TRY(
            document_add(document, DOCUMENT_PARAGRAPH,
                         CX_STR("There was more than a pack has room for: not all is counted.")));
    CX_TRY(document_add(document, DOCUMENT_HEADING, CX_STR("How many")));
    CX_TRY(document_addf(document, DOCUMENT_ITEM, "Reported: %zu (%zu)", now->incident_count,
                         before->incident_count));
    CX_TRY(document_addf(document, DOCUMENT_ITEM, "False alarms: %zu (%zu)", now->false_alarm_count,
                         before->false_alarm_count));
    CX_TRY(document_addf(document, DOCUMENT_ITEM, "Duplicates, merged into others: %zu (%zu)",
                         now->duplicate_count, before->duplicate_count));
    return document_addf(document, DOCUMENT_ITEM, "Reopened: %zu (%zu)", now->reopened_count,
                         before->reopened_count);
}

static size_t count_severity(const struct metric *metric, int severity)
{
    size_t count = 0;
    for (size_t i = 0; i < metric->incident_count; i++) {
        const struct incident_row *row = &metric->incidents[i].row;
        count += (int)incident_severity(row->impact, row->urgency) == severity;
    }
    return count;
}

static size_t count_type(const struct metric *metric, int type)
{
    size_t count = 0;
    for (size_t i = 0; i < metric->incident_count; i++)
        count += (int)metric->incidents[i].row.type == type;
    return count;
}

static cx_err add_kinds(const struct pack_source *source, struct document *document,
                        const struct incident_words *words, const char *heading,
                        size_t (*count)(const struct metric *metric, int value))
{
    CX_TRY(document_add(document, DOCUMENT_HEADING, cx_str_from(heading)));
    for (size_t i = 0; i < words->count; i++) {
        size_t now = count(&source->now, (int)i), before = count(&source->before, (int)i);
        if (now + before > 0)
            CX_TRY(document_addf(document, DOCUMENT_ITEM, "%s: %zu (%zu)", words->words[i], now,
                                 before));
    }
    return CX_OK;
}

static cx_err add_times(const struct pack_source *source, struct document *document)
{
    CX_TRY(document_add(document, DOCUMENT_HEADING, CX_STR("How fast")));
    for (int m = 0; m < METRIC_MEASURE_COUNT; m++) {
        const struct metric_time *now = &source->now.times[m], *before = &source->before.times[m];
        char half[64], most[64], longest[64], past[64] = "none";
        if (before->count)
            duration(metric_percentile(before, 50), past);
        if (now->count == 0) {
            CX_TRY(document_addf(
                document, DOCUMENT_ITEM,
                "Time to %s: none measured, %zu not there yet or not known (median %s)",
                metric_measure_name((enum metric_measure)m), now->missing_count, past));
            continue;
        }
        duration(metric_percentile(now, 50), half);
        duration(metric_percentile(now, 90), most);
        duration(metric_percentile(now, 100), longest);
        CX_TRY(document_addf(document, DOCUMENT_ITEM,
                             "Time to %s: median %s (%s), nine of ten %s, longest %s; of %zu "
                             "incidents, %zu not there yet or not known",
                             metric_measure_name((enum metric_measure)m), half, past, most, longest,
                             now->count, now->missing_count));
    }
    return CX_OK;
}

static cx_err add_rate(struct document *document, const struct metric *metric, const char *name)
{
    struct metric_duty all = {0};
    for (size_t i = 0; i < metric->duty_count; i++) {
        all.on_time_count += metric->duties[i].on_time_count;
        all.late_count += metric->duties[i].late_count;
        all.overdue_count += metric->duties[i].overdue_count;
        all.pending_count += metric->duties[i].pending_count;
    }
    return document_addf(document, DOCUMENT_ITEM,
                         "%s: %lld %% on time; %zu in time, %zu late, %zu overdue, %zu not due yet",
                         name, (long long)metric_on_time_percent(&all), all.on_time_count,
                         all.late_count, all.overdue_count, all.pending_count);
}

static cx_err add_rates(const struct pack_source *source, struct document *document)
{
    CX_TRY(document_add(document, DOCUMENT_HEADING, CX_STR("How punctual")));
    CX_TRY(add_rate(document, &source->now, "All duties"));
    CX_TRY(add_rate(document, &source->before, "The period before"));
    for (size_t i = 0; i < source->now.duty_count; i++) {
        const struct metric_duty *duty = &source->now.duties[i];
        if (metric_on_time_percent(duty) < 100)
            CX_TRY(document_addf(document, DOCUMENT_ITEM, "%.*s (%.*s/%.*s): %lld %% on time",
                                 CX_STR_ARG(duty->rule->title), CX_STR_ARG(duty->pack->name),
                                 CX_STR_ARG(duty->rule->id),
                                 (long long)metric_on_time_percent(duty)));
    }
    return CX_OK;
}

static cx_err add_named(struct document *document, const char *heading,
                        const struct metric_named *list, size_t count)
{
    CX_TRY(document_add(document, DOCUMENT_HEADING, cx_str_from(heading)));
    for (size_t i = 0; i < count; i++) {
        const struct duty *duty = list[i].duty;
        char id[CX_ID_TEXT_MAX], deadline[CX_TIME_TEXT_MAX], met[CX_TIME_TEXT_MAX] = "not yet";
        id_of(list[i].incident_id, id);
        CX_TRY(cx_time_format(duty->deadline_us, deadline));
        if (duty->met_seq > 0)
            CX_TRY(cx_time_format(duty->met_us, met));
        CX_TRY(document_addf(document, DOCUMENT_ITEM, "%s: %.*s; due %s, met %s", id,
                             CX_STR_ARG(duty->rule->title), deadline, met));
    }
    return count ? CX_OK : document_add(document, DOCUMENT_PARAGRAPH, CX_STR("None."));
}

static cx_err add_incident(struct document *document, const struct incident *incident,
                           struct cx_str title)
{
    const struct incident_row *row = &incident->row;
    char id[CX_ID_TEXT_MAX];
    id_of(row->incident_id, id);
    return document_addf(
        document, DOCUMENT_ITEM, "%s: %.*s (%s, %s, %s)", id, CX_STR_ARG(title),
        incident_word(&incident_types, (int)row->type),
        incident_word(&incident_severities, (int)incident_severity(row->impact, row->urgency)),
        incident_state_name(row->state));
}

static cx_err add_open(const struct pack_source *source, struct document *document)
{
    CX_TRY(document_add(document, DOCUMENT_HEADING, CX_STR("Open incidents")));
    for (size_t i = 0; i < source->open_count; i++)
        CX_TRY(add_incident(document, &source->open[i], source->open_titles[i]));
    return source->open_count ? CX_OK : document_add(document, DOCUMENT_PARAGRAPH, CX_STR("None."));
}

static cx_err add_items(const struct pack_source *source, struct document *document)
{
    CX_TRY(document_add(document, DOCUMENT_HEADING, CX_STR("Open action items")));
    for (size_t i = 0; i < source->item_count; i++) {
        const struct part *part = source->items[i].part;
        const struct api_part_content *content = &part->content;
        char id[CX_ID_TEXT_MAX], due[CX_TIME_TEXT_MAX] = "never";
        id_of(source->items[i].incident_id, id);
        if (content->has_due)
            CX_TRY(day(content->due, due));
        CX_TRY(document_addf(document, DOCUMENT_ITEM, "%s, part %lld: %.*s; due %s%s", id,
                             (long long)part->number, CX_STR_ARG(content->title), due,
                             content->has_due && content->due < source->now_us ? ", overdue" : ""));
    }
    return source->item_count ? CX_OK : document_add(document, DOCUMENT_PARAGRAPH, CX_STR("None."));
}

static bool is_efficacy(enum incident_kind kind)
{
    return kind == KIND_EFFICACY_3_POSTED || kind == KIND_EFFICACY_6_POSTED ||
           kind == KIND_EFFICACY_12_POSTED;
}

/* What was said later about whether a remedy works. */
static cx_err add_efficacy(const struct pack_source *source, struct document *document)
{
    size_t count = 0;
    CX_TRY(document_add(document, DOCUMENT_HEADING, CX_STR("Efficacy follow-ups")));
    for (size_t i = 0; i < source->now.incident_count; i++) {
        const struct incident *incident = &source->now.incidents[i];
        for (size_t j = 0; j < incident->duties.count; j++) {
            const struct duty *duty = &incident->duties.duties[j];
            char id[CX_ID_TEXT_MAX], deadline[CX_TIME_TEXT_MAX];
            if (duty->rule->satisfiers.count == 0 || !is_efficacy(duty->rule->satisfiers.kinds[0]))
                continue;
            id_of(incident->row.incident_id, id);
            CX_TRY(day(duty->deadline_us, deadline));
            CX_TRY(document_addf(document, DOCUMENT_ITEM, "%s: %.*s; due %s, %s", id,
                                 CX_STR_ARG(duty->rule->title), deadline,
                                 duty_state_name(duty->state)));
            count++;
        }
    }
    return count ? CX_OK : document_add(document, DOCUMENT_PARAGRAPH, CX_STR("None."));
}

static cx_err add_all(const struct pack_source *source, struct document *document)
{
    CX_TRY(document_add(document, DOCUMENT_HEADING, CX_STR("Incidents of the period")));
    for (size_t i = 0; i < source->now.incident_count; i++)
        CX_TRY(add_incident(document, &source->now.incidents[i], source->titles[i]));
    return source->now.incident_count ? CX_OK
                                      : document_add(document, DOCUMENT_PARAGRAPH, CX_STR("None."));
}

cx_err pack_text(const struct pack_source *source, struct document *document)
{
    const struct metric *now = &source->now;
    CX_TRY(add_summary(source, document));
    CX_TRY(add_kinds(source, document, &incident_severities, "By severity", count_severity));
    CX_TRY(add_kinds(source, document, &incident_types, "By type", count_type));
    CX_TRY(add_times(source, document));
    CX_TRY(add_rates(source, document));
    CX_TRY(add_named(document, "Late and overdue", now->late, now->late_count));
    CX_TRY(add_named(document, "Near misses: met in the last tenth of the time", now->near,
                     now->near_count));
    CX_TRY(add_open(source, document));
    CX_TRY(add_items(source, document));
    CX_TRY(add_efficacy(source, document));
    return add_all(source, document);
}
