/* VERIS 1.4.1. Actor and action are Unknown: the record does not say who did it, and a guess would count in statistics. */
#include "codec/json_write.h"
#include "core/governance/export.h"

#define VERIS_VERSION "1.4.1"

static const char *standing_of(const struct account *account)
{
    if (account->incident.row.state == INCIDENT_FALSE_ALARM)
        return "False positive";
    return export_is_confirmed(account) ? "Confirmed" : "Suspected";
}

/* "name":{"variety":["word"]} in an object of its own */
static cx_err add_variety(struct json_writer *json, const char *key, const char *name,
                          const char *word)
{
    CX_TRY(json_begin_object(json, key));
    CX_TRY(json_begin_object(json, name));
    CX_TRY(json_begin_array(json, "variety"));
    CX_TRY(json_write_text(json, NULL, word));
    CX_TRY(json_end(json));
    CX_TRY(json_end(json));
    return json_end(json);
}

static cx_err add_unknown(struct json_writer *json, const char *key)
{
    CX_TRY(json_begin_object(json, key));
    CX_TRY(json_begin_object(json, "unknown"));
    CX_TRY(json_end(json));
    return json_end(json);
}

static cx_err add_disclosure(struct json_writer *json)
{
    CX_TRY(json_begin_object(json, "attribute"));
    CX_TRY(json_begin_object(json, "confidentiality"));
    CX_TRY(json_write_text(json, "data_disclosure", "Potentially"));
    CX_TRY(json_end(json));
    return json_end(json);
}

static cx_err add_attribute(struct json_writer *json, enum incident_type type)
{
    switch (type) {
    case INCIDENT_KEY_COMPROMISE:
    case INCIDENT_DATA_EXPOSURE:
        return add_disclosure(json);
    case INCIDENT_STATUS_FAILURE:
    case INCIDENT_AVAILABILITY:
        return add_variety(json, "attribute", "availability", "Interruption");
    case INCIDENT_MISISSUANCE:
        return add_variety(json, "attribute", "integrity", "Misrepresentation");
    default:
        return add_variety(json, "attribute", "integrity", "Unknown");
    }
}

static cx_err add_discovery(struct json_writer *json, enum incident_source source)
{
    if (source == SOURCE_AUDIT)
        return add_variety(json, "discovery_method", "external", "Audit");
    return add_variety(json, "discovery_method", source == SOURCE_SELF ? "internal" : "external",
                       "Unknown");
}

static cx_err add_span(struct json_writer *json, const char *key, bool known, cx_time from_us,
                       cx_time until_us)
{
    CX_TRY(json_begin_object(json, key));
    CX_TRY(json_write_text(json, "unit", known ? "Minutes" : "Unknown"));
    if (known)
        CX_TRY(json_write_i64(json, "value", (until_us - from_us) / (60 * CX_US_PER_S)));
    return json_end(json);
}

static cx_err add_timeline(struct json_writer *json, const struct account *account)
{
    cx_time start_us = 0, aware_us = 0, contained_us = 0;
    struct cx_civil day;
    bool aware = account_time_of(account, KIND_AWARE, &aware_us);
    bool contained = account_time_of(account, KIND_CONTAINED, &contained_us);
    bool started = account_time_of(account, KIND_NON_COMPLIANCE_STARTED, &start_us) ||
                   account_time_of(account, KIND_CAUSE_INTRODUCED, &start_us);
    CX_TRY(cx_civil_from_time(started ? start_us : aware_us, &day));
    CX_TRY(json_begin_object(json, "timeline"));
    CX_TRY(json_begin_object(json, "incident"));
    CX_TRY(json_write_i64(json, "year", day.year));
    CX_TRY(json_write_i64(json, "month", day.month));
    CX_TRY(json_write_i64(json, "day", day.day));
    CX_TRY(json_end(json));
    CX_TRY(
        add_span(json, "discovery", started && aware && start_us <= aware_us, start_us, aware_us));
    CX_TRY(add_span(json, "containment", aware && contained && aware_us <= contained_us, aware_us,
                    contained_us));
    return json_end(json);
}

static cx_err add_victim(struct json_writer *json)
{
    CX_TRY(json_begin_object(json, "victim"));
    CX_TRY(json_begin_array(json, "country"));
    CX_TRY(json_write_text(json, NULL, "Unknown"));
    CX_TRY(json_end(json));
    CX_TRY(json_write_text(json, "employee_count", "Unknown"));
    CX_TRY(json_write_text(json, "industry", "000")); /* unknown */
    return json_end(json);
}

static cx_err add_assets(struct json_writer *json, int64_t count)
{
    CX_TRY(json_begin_object(json, "asset"));
    CX_TRY(json_begin_array(json, "assets"));
    CX_TRY(json_begin_object(json, NULL));
    CX_TRY(json_write_text(json, "variety", "S - Unknown"));
    CX_TRY(json_end(json));
    CX_TRY(json_end(json));
    if (count > 0) {
        CX_TRY(json_write_text(json, "notes", "affected: certificates; see plus"));
    }
    return json_end(json);
}

static cx_err add_plus(struct json_writer *json, const struct account *account)
{
    const struct incident_row *row = &account->incident.row;
    CX_TRY(json_begin_object(json, "plus"));
    CX_TRY(json_write_text(json, "type", incident_word(&incident_types, row->type)));
    CX_TRY(json_write_text(json, "state", incident_state_name(row->state)));
    CX_TRY(json_write_time(json, "created", row->created_us));
    CX_TRY(json_write_time(json, "modified", row->updated_us));
    CX_TRY(json_write_i64(json, "affected_certificates", account->affected.total));
    return json_end(json);
}

cx_err export_veris(const struct export_source *source, struct cx_buf *out)
{
    struct json_writer json = json_writer(out);
    const struct account *account = source->account;
    CX_TRY(json_begin_object(&json, NULL));
    CX_TRY(json_write_text(&json, "schema_version", VERIS_VERSION));
    CX_TRY(json_write_str(&json, "incident_id", source->id));
    CX_TRY(json_write_text(&json, "source_id", "certinext"));
    CX_TRY(json_write_text(&json, "security_incident", standing_of(account)));
    CX_TRY(json_write_str(&json, "summary", source->title));
    CX_TRY(json_write_str(&json, "notes", source->summary));
    CX_TRY(add_unknown(&json, "actor"));
    CX_TRY(add_unknown(&json, "action"));
    CX_TRY(add_assets(&json, account->affected.total));
    CX_TRY(add_attribute(&json, account->incident.row.type));
    CX_TRY(add_discovery(&json, account->incident.row.source));
    CX_TRY(add_timeline(&json, account));
    CX_TRY(add_victim(&json));
    CX_TRY(add_plus(&json, account));
    return json_end(&json);
}
