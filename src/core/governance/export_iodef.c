/* IODEF 2, RFC 7970: elements in the order of §3.2, times as §2.10 has them. */
#include "base/cleanup.h"
#include "codec/xml_write.h"
#include "core/governance/export.h"

static cx_err add_time(struct xml_writer *xml, const char *name, cx_time at_us)
{
    char text[CX_TIME_TEXT_MAX];
    CX_TRY(cx_time_format(at_us, text));
    return xml_element(xml, name, cx_str_from(text));
}

static cx_err add_kind_time(struct xml_writer *xml, const struct account *account, const char *name,
                            enum incident_kind kind)
{
    cx_time at_us = 0;
    return account_time_of(account, kind, &at_us) ? add_time(xml, name, at_us) : CX_OK;
}

static const char *status_of(enum incident_state state)
{
    switch (state) {
    case INCIDENT_REPORTED:
        return "new";
    case INCIDENT_CLOSED:
    case INCIDENT_FALSE_ALARM:
        return "resolved";
    case INCIDENT_MERGED:
        return "forwarded";
    default:
        return "in-progress";
    }
}

static cx_err add_id(struct xml_writer *xml, const struct export_source *source, struct cx_str id)
{
    CX_TRY(xml_begin(xml, "IncidentID"));
    CX_TRY(xml_attribute(xml, "name", source->host));
    CX_TRY(xml_text(xml, id));
    return xml_end(xml);
}

/* §3.6: what it was merged into, and what it follows from. */
static cx_err add_related(struct xml_writer *xml, const struct export_source *source)
{
    const struct incident_row *row = &source->account->incident.row;
    const struct cx_id others[] = {row->merged_into, row->parent_id};
    static const char *const TEXTS[] = {"merged into", "follows from"};
    for (size_t i = 0; i < 2; i++) {
        char id[CX_ID_TEXT_MAX];
        if (cx_id_is_zero(others[i]))
            continue;
        cx_id_format(CX_ID_INCIDENT, others[i], id);
        CX_TRY(xml_begin(xml, "RelatedActivity"));
        CX_TRY(add_id(xml, source, cx_str_from(id)));
        CX_TRY(xml_element(xml, "Description", cx_str_from(TEXTS[i])));
        CX_TRY(xml_end(xml));
    }
    return CX_OK;
}

/* §3.2: DetectTime, StartTime, EndTime, RecoveryTime, ReportTime, GenerationTime */
static cx_err add_times(struct xml_writer *xml, const struct account *account)
{
    cx_time recovered_us = 0;
    CX_TRY(add_kind_time(xml, account, "DetectTime", KIND_AWARE));
    CX_TRY(add_kind_time(xml, account, "StartTime", KIND_NON_COMPLIANCE_STARTED));
    CX_TRY(add_kind_time(xml, account, "EndTime", KIND_NON_COMPLIANCE_ENDED));
    if (export_reached(account, INCIDENT_RECOVERED, &recovered_us))
        CX_TRY(add_time(xml, "RecoveryTime", recovered_us));
    CX_TRY(add_kind_time(xml, account, "ReportTime", KIND_REPORTED));
    return add_time(xml, "GenerationTime", account->now_us);
}

static const char *discovery_of(enum incident_source source)
{
    static const char *const WORDS[] = {[SOURCE_SELF] = "internal-notification",
                                        [SOURCE_THIRD_PARTY] = "external-notification",
                                        [SOURCE_AUDIT] = "audit"};
    return WORDS[source];
}

static const char *impact_of(enum incident_type type)
{
    switch (type) {
    case INCIDENT_KEY_COMPROMISE:
        return "breach-credential";
    case INCIDENT_DATA_EXPOSURE:
        return "breach-privacy";
    case INCIDENT_MISISSUANCE:
    case INCIDENT_PLATFORM_COMPROMISE:
        return "loss-of-integrity";
    case INCIDENT_STATUS_FAILURE:
    case INCIDENT_AVAILABILITY:
        return "loss-of-service";
    default:
        return "unknown";
    }
}

/* §3.10 Discovery, §3.12 Assessment */
static cx_err add_assessment(struct xml_writer *xml, const struct account *account)
{
    const struct incident_row *row = &account->incident.row;
    CX_TRY(xml_begin(xml, "Discovery"));
    CX_TRY(xml_attribute(xml, "source", cx_str_from(discovery_of(row->source))));
    CX_TRY(xml_end(xml));
    CX_TRY(xml_begin(xml, "Assessment"));
    CX_TRY(xml_attribute(xml, "occurrence",
                         export_is_confirmed(account) ? CX_STR("actual") : CX_STR("potential")));
    CX_TRY(xml_begin(xml, "BusinessImpact"));
    CX_TRY(xml_attribute(xml, "severity",
                         cx_str_from(incident_word(&incident_levels, (int)row->impact))));
    CX_TRY(xml_attribute(xml, "type", cx_str_from(impact_of(row->type))));
    CX_TRY(xml_end(xml));
    return xml_end(xml);
}

static cx_err add_contact(struct xml_writer *xml, const char *role, const char *type,
                          struct cx_str name)
{
    CX_TRY(xml_begin(xml, "Contact"));
    CX_TRY(xml_attribute(xml, "role", cx_str_from(role)));
    CX_TRY(xml_attribute(xml, "type", cx_str_from(type)));
    CX_TRY(xml_element(xml, "ContactName", name));
    return xml_end(xml);
}

static cx_err add_contacts(struct xml_writer *xml, const struct export_source *source)
{
    const struct account *account = source->account;
    CX_TRY(add_contact(xml, "creator", "organization", source->ca_name));
    for (size_t i = 0; source->may_name && i < account->named_count; i++)
        CX_TRY(add_contact(xml, "reporter", "person", account->named[i]));
    return CX_OK;
}

static const char *action_of(enum incident_kind kind)
{
    switch (kind) {
    case KIND_STATE_CHANGED:
    case KIND_ASSESSED:
    case KIND_CONFIRMED:
        return "status-triage";
    case KIND_ISSUANCE_STOPPED:
    case KIND_REVOCATION_RECORDED:
    case KIND_REVOCATION_PUBLISHED:
        return "remediate-other";
    case KIND_NOTE:
    case KIND_SCOPE_CHANGED:
        return "status-new-info";
    default:
        return "other";
    }
}

/* §3.13: the timeline, in the order of recording. */
static cx_err add_history(struct xml_writer *xml, const struct export_source *source)
{
    const struct incident *incident = &source->account->incident;
    CX_TRY(xml_begin(xml, "History"));
    for (size_t i = 0; i < incident->entry_count; i++) {
        const struct duty_entry *entry = &incident->entries[i].clock;
        CX_TRY(xml_begin(xml, "HistoryItem"));
        CX_TRY(xml_attribute(xml, "action", cx_str_from(action_of(entry->kind))));
        CX_TRY(add_time(xml, "DateTime", entry->at_us));
        CX_TRY(xml_element(xml, "Description",
                           cx_str_from(incident_word(&incident_kinds, (int)entry->kind))));
        if (source->details[i].len)
            CX_TRY(xml_element(xml, "Description", source->details[i]));
        CX_TRY(xml_end(xml));
    }
    return xml_end(xml);
}

static cx_err add_incident(struct xml_writer *xml, const struct export_source *source)
{
    const struct account *account = source->account;
    CX_TRY(xml_begin(xml, "Incident"));
    CX_TRY(xml_attribute(xml, "purpose", CX_STR("reporting")));
    CX_TRY(xml_attribute(xml, "status", cx_str_from(status_of(account->incident.row.state))));
    CX_TRY(xml_attribute(xml, "restriction", CX_STR("need-to-know")));
    CX_TRY(add_id(xml, source, source->id));
    CX_TRY(add_related(xml, source));
    CX_TRY(add_times(xml, account));
    CX_TRY(xml_element(xml, "Description", source->title));
    CX_TRY(xml_element(xml, "Description", source->summary));
    CX_TRY(add_assessment(xml, account));
    CX_TRY(add_contacts(xml, source));
    CX_TRY(add_history(xml, source));
    return xml_end(xml);
}

cx_err export_iodef(const struct export_source *source, struct cx_buf *out)
{
    CX_CLEANUP(xml_writer_clear) struct xml_writer xml = {0};
    CX_TRY(xml_begin_document(&xml));
    CX_TRY(xml_begin(&xml, "IODEF-Document"));
    CX_TRY(xml_attribute(&xml, "version", CX_STR("2.00")));
    CX_TRY(xml_attribute(&xml, "xml:lang", CX_STR("en")));
    CX_TRY(xml_attribute(&xml, "xmlns", CX_STR("urn:ietf:params:xml:ns:iodef-2.0")));
    CX_TRY(add_incident(&xml, source));
    return xml_take(&xml, out);
}
