#include "core/incident/report.h"

#include "core/core.h"
#include "core/field.h"
#include "core/protect/protect.h"

enum { ITEM_KEY_COMPROMISE = 3 /* of TLS BR 4.9.1.1 */ };

static cx_err prepare_row(struct core *core, struct arena *arena, const struct report_draft *draft,
                          struct report_new *report)
{
    struct row_incident_report *row = &report->row;
    uint8_t token[PROTECT_INDEX_LEN];
    *row = (struct row_incident_report){.tenant_id = draft->tenant_id,
                                        .incident_id = report->made.row.incident_id,
                                        .may_be_named = draft->may_be_named,
                                        .has_reporter = draft->reporter.len > 0,
                                        .has_proven_spki = draft->proven_spki.len > 0,
                                        .proven_spki = draft->proven_spki,
                                        .received_us = draft->now_us};
    CX_TRY(cx_id_new(core->rng, &row->report_id));
    CX_TRY(field_id_text(arena, CX_ID_REPORT, row->report_id, &report->tracking));
    struct field_place problem = {draft->tenant_id, "incident_report", "problem", row->report_id};
    struct field_place reporter = {draft->tenant_id, "incident_report", "reporter", row->report_id};
    CX_TRY(protect_index(core->protect, draft->tenant_id, "incident_report", "address_index",
                         cx_str_bytes(draft->origin), token));
    CX_TRY(arena_copy(arena, CX_BYTES(token, sizeof(token)), &row->address_index));
    CX_TRY(field_seal_text(core, problem, draft->problem, arena, &row->problem));
    return row->has_reporter
               ? field_seal_text(core, reporter, draft->reporter, arena, &row->reporter)
               : CX_OK;
}

static cx_err prepare_entries(struct core *core, struct arena *arena,
                              const struct report_draft *draft, struct report_new *report)
{
    struct entry_draft entry = {.tenant_id = draft->tenant_id,
                                .incident_id = report->made.row.incident_id,
                                .kind = KIND_REPORT_RECEIVED,
                                .at_us = draft->now_us,
                                .now_us = draft->now_us,
                                .subject = report->tracking,
                                .detail = draft->problem};
    CX_TRY(incident_entry_prepare(core, arena, &entry, &report->received));
    report->has_acknowledged = draft->receipt.len > 0;
    report->has_required = draft->certificates.len > 0;
    entry.kind = KIND_REPORT_ACKNOWLEDGED;
    entry.detail = draft->receipt;
    if (report->has_acknowledged)
        CX_TRY(incident_entry_prepare(core, arena, &entry, &report->acknowledged));
    entry.kind = KIND_LEAF_REVOCATION_REQUIRED;
    entry.item = ITEM_KEY_COMPROMISE;
    entry.detail = draft->certificates;
    return report->has_required ? incident_entry_prepare(core, arena, &entry, &report->required)
                                : CX_OK;
}

/* Until somebody says otherwise the certificates are taken to be under the strictest rules there are. */
cx_err report_prepare(struct core *core, struct arena *arena, const struct report_draft *draft,
                      struct report_new *ret_report)
{
    bool proven = draft->proven_spki.len > 0;
    const struct incident_draft made = {
        .tenant_id = draft->tenant_id,
        .type = proven ? INCIDENT_KEY_COMPROMISE : INCIDENT_PROBLEM_REPORT,
        .certificates = 1u << CERTIFICATES_TLS,
        .impact = proven ? LEVEL_HIGH : LEVEL_MEDIUM,
        .urgency = LEVEL_HIGH,
        .source = SOURCE_THIRD_PARTY,
        .title = proven ? CX_STR("Report: proven key compromise")
                        : CX_STR("Report: problem with a certificate"),
        .summary = draft->problem,
        .aware_us = draft->now_us,
        .now_us = draft->now_us,
        .aware_reason = CX_STR("the report was received")};
    struct report_new report = {.has_acknowledged = false};
    CX_TRY(incident_new_prepare(core, arena, &made, &report.made));
    CX_TRY(prepare_row(core, arena, draft, &report));
    CX_TRY(prepare_entries(core, arena, draft, &report));
    *ret_report = report;
    return CX_OK;
}

cx_err report_insert(struct store_tx *tx, struct report_new *report)
{
    CX_TRY(incident_new_insert(tx, &report->made));
    CX_TRY(row_incident_report_insert(tx, &report->row));
    CX_TRY(incident_append(tx, &report->received));
    if (report->has_acknowledged)
        CX_TRY(incident_append(tx, &report->acknowledged));
    return report->has_required ? incident_append(tx, &report->required) : CX_OK;
}
