/* OCSF 1.3.0, Incident Finding. Times are milliseconds (timestamp_t). What has no attribute there is under unmapped. */
#include "codec/json_write.h"
#include "core/governance/export.h"

enum { OCSF_CLASS = 2005, OCSF_CATEGORY = 2, US_PER_MS = 1000 };
#define OCSF_VERSION "1.3.0"

struct caption {
    int64_t id;
    const char *text;
};

static const struct caption ACTIVITIES[] = {{1, "Create"}, {2, "Update"}, {3, "Close"}};

static struct caption activity_of(enum incident_state state)
{
    if (state == INCIDENT_REPORTED)
        return ACTIVITIES[0];
    bool ended =
        state == INCIDENT_CLOSED || state == INCIDENT_FALSE_ALARM || state == INCIDENT_MERGED;
    return ACTIVITIES[ended ? 2 : 1];
}

static struct caption status_of(enum incident_state state)
{
    static const struct caption NEW = {1, "New"}, WORKING = {2, "In Progress"},
                                RESOLVED = {4, "Resolved"}, CLOSED = {5, "Closed"};
    switch (state) {
    case INCIDENT_REPORTED:
        return NEW;
    case INCIDENT_VALIDATED:
        return RESOLVED;
    case INCIDENT_CLOSED:
    case INCIDENT_FALSE_ALARM:
    case INCIDENT_MERGED:
        return CLOSED;
    default:
        return WORKING;
    }
}

static struct caption verdict_of(const struct account *account)
{
    static const struct caption UNKNOWN = {0, "Unknown"}, FALSE_POSITIVE = {1, "False Positive"},
                                TRUE_POSITIVE = {2, "True Positive"}, DUPLICATE = {10, "Duplicate"};
    if (account->incident.row.state == INCIDENT_FALSE_ALARM)
        return FALSE_POSITIVE;
    if (account->incident.row.state == INCIDENT_MERGED)
        return DUPLICATE;
    return export_is_confirmed(account) ? TRUE_POSITIVE : UNKNOWN;
}

static cx_err add_caption(struct json_writer *json, const char *id_key, const char *key,
                          struct caption caption)
{
    CX_TRY(json_write_i64(json, id_key, caption.id));
    return json_write_text(json, key, caption.text);
}

static cx_err add_severity(struct json_writer *json, const struct incident_row *row)
{
    static const struct caption SEVERITIES[] = {[SEVERITY_LOW] = {2, "Low"},
                                                [SEVERITY_MEDIUM] = {3, "Medium"},
                                                [SEVERITY_HIGH] = {4, "High"},
                                                [SEVERITY_CRITICAL] = {5, "Critical"}};
    static const struct caption LEVELS[] = {
        [LEVEL_LOW] = {1, "Low"}, [LEVEL_MEDIUM] = {2, "Medium"}, [LEVEL_HIGH] = {3, "High"}};
    CX_TRY(add_caption(json, "severity_id", "severity",
                       SEVERITIES[incident_severity(row->impact, row->urgency)]));
    CX_TRY(add_caption(json, "impact_id", "impact", LEVELS[row->impact]));
    return add_caption(json, "priority_id", "priority", LEVELS[row->urgency]);
}

static cx_err add_class(struct json_writer *json, const struct account *account)
{
    const struct incident_row *row = &account->incident.row;
    struct caption activity = activity_of(row->state);
    CX_TRY(add_caption(json, "activity_id", "activity_name", activity));
    CX_TRY(add_caption(json, "category_uid", "category_name",
                       (struct caption){OCSF_CATEGORY, "Findings"}));
    CX_TRY(add_caption(json, "class_uid", "class_name",
                       (struct caption){OCSF_CLASS, "Incident Finding"}));
    CX_TRY(json_write_i64(json, "type_uid", OCSF_CLASS * 100 + activity.id));
    CX_TRY(json_write_i64(json, "time", row->updated_us / US_PER_MS));
    CX_TRY(add_severity(json, row));
    CX_TRY(add_caption(json, "status_id", "status", status_of(row->state)));
    return add_caption(json, "verdict_id", "verdict", verdict_of(account));
}

static cx_err add_metadata(struct json_writer *json, const struct export_source *source)
{
    CX_TRY(json_begin_object(json, "metadata"));
    CX_TRY(json_write_text(json, "version", OCSF_VERSION));
    CX_TRY(json_write_str(json, "uid", source->id));
    CX_TRY(json_begin_object(json, "product"));
    CX_TRY(json_write_text(json, "name", "CertiNext"));
    CX_TRY(json_write_text(json, "vendor_name", "CertiNext"));
    CX_TRY(json_write_text(json, "version", CERTINEXT_VERSION));
    CX_TRY(json_end(json));
    return json_end(json);
}

static cx_err add_finding(struct json_writer *json, const struct export_source *source)
{
    const struct incident_row *row = &source->account->incident.row;
    cx_time aware_us = 0;
    CX_TRY(json_begin_array(json, "finding_info_list"));
    CX_TRY(json_begin_object(json, NULL));
    CX_TRY(json_write_str(json, "uid", source->id));
    CX_TRY(json_write_str(json, "title", source->title));
    CX_TRY(json_begin_array(json, "types"));
    CX_TRY(json_write_text(json, NULL, incident_word(&incident_types, row->type)));
    CX_TRY(json_end(json));
    CX_TRY(json_write_i64(json, "created_time", row->created_us / US_PER_MS));
    CX_TRY(json_write_i64(json, "modified_time", row->updated_us / US_PER_MS));
    if (account_time_of(source->account, KIND_AWARE, &aware_us))
        CX_TRY(json_write_i64(json, "first_seen_time", aware_us / US_PER_MS));
    CX_TRY(json_end(json));
    return json_end(json);
}

/* The class asks for one of assignee and assignee_group. */
static cx_err add_assignee(struct json_writer *json, const struct account *account)
{
    struct cx_id lead = incident_holder(&account->incident, INCIDENT_ROLE_LEAD);
    CX_TRY(json_begin_object(json, cx_id_is_zero(lead) ? "assignee_group" : "assignee"));
    if (cx_id_is_zero(lead))
        CX_TRY(json_write_text(json, "name", "incident-manager"));
    else
        CX_TRY(json_write_id(json, "uid", CX_ID_USER, lead));
    return json_end(json);
}

static cx_err add_words(struct json_writer *json, const char *key,
                        const struct incident_words *words, uint32_t set)
{
    CX_TRY(json_begin_array(json, key));
    for (size_t i = 0; i < words->count; i++)
        if (set & 1u << i)
            CX_TRY(json_write_text(json, NULL, words->words[i]));
    return json_end(json);
}

static cx_err add_unmapped(struct json_writer *json, const struct account *account)
{
    const struct incident_row *row = &account->incident.row;
    int64_t late = 0, overdue = 0;
    for (size_t i = 0; i < account->incident.duties.count; i++) {
        late += account->incident.duties.duties[i].state == DUTY_MET_LATE;
        overdue += account->incident.duties.duties[i].state == DUTY_OVERDUE;
    }
    CX_TRY(json_begin_object(json, "unmapped"));
    CX_TRY(json_write_text(json, "state", incident_state_name(row->state)));
    CX_TRY(json_write_text(json, "source", incident_word(&incident_sources, row->source)));
    CX_TRY(add_words(json, "tracks", &incident_tracks, row->tracks));
    CX_TRY(add_words(json, "certificates", &incident_certificates_words, row->certificates));
    CX_TRY(json_write_i64(json, "affected_count", account->affected.total));
    CX_TRY(json_write_i64(json, "late_count", late));
    CX_TRY(json_write_i64(json, "overdue_count", overdue));
    if (!cx_id_is_zero(row->merged_into))
        CX_TRY(json_write_id(json, "merged_into", CX_ID_INCIDENT, row->merged_into));
    return json_end(json);
}

cx_err export_ocsf(const struct export_source *source, struct cx_buf *out)
{
    struct json_writer json = json_writer(out);
    const struct account *account = source->account;
    enum incident_type type = account->incident.row.type;
    CX_TRY(json_begin_object(&json, NULL));
    CX_TRY(add_class(&json, account));
    CX_TRY(json_write_bool(&json, "is_suspected_breach",
                           type == INCIDENT_KEY_COMPROMISE || type == INCIDENT_DATA_EXPOSURE ||
                               type == INCIDENT_PLATFORM_COMPROMISE));
    CX_TRY(json_write_str(&json, "message", source->title));
    CX_TRY(json_write_str(&json, "desc", source->summary));
    CX_TRY(add_assignee(&json, account));
    CX_TRY(add_finding(&json, source));
    CX_TRY(add_metadata(&json, source));
    CX_TRY(add_unmapped(&json, account));
    return json_end(&json);
}
