/* Exports: one incident in the form that another tool reads, and all of them as CSV. Each is an entry of the audit log. */
#include "api_routes.h"
#include "base/cleanup.h"
#include "codec/csv.h"
#include "core/field.h"
#include "core/governance/export.h"

enum { CSV_PAGE = 50, CSV_ARENA_MAX = 64 * 1024 * 1024 };

static cx_err nothing(struct store_tx *tx, void *arg)
{
    (void)tx;
    (void)arg;
    return CX_OK; /* the audit entry is all that is written */
}

static struct cx_str host_of(const struct api_request *request)
{
    struct cx_str url = request->core->options.public_url;
    static const char SCHEME[] = "https://";
    size_t skip = sizeof(SCHEME) - 1;
    bool has = url.len > skip && cx_str_is((struct cx_str){url.ptr, skip}, SCHEME);
    return has ? (struct cx_str){url.ptr + skip, url.len - skip} : url;
}

struct form {
    cx_err (*write)(const struct export_source *source, struct cx_buf *out);
    const char *type;
    struct cx_str name;
};

static struct form form_of(enum api_incident_form form)
{
    if (form == API_INCIDENT_FORM_OCSF)
        return (struct form){export_ocsf, "application/json", CX_STR("incident.ocsf.json")};
    if (form == API_INCIDENT_FORM_VERIS)
        return (struct form){export_veris, "application/json", CX_STR("incident.veris.json")};
    return (struct form){export_iodef, "application/xml", CX_STR("incident.iodef.xml")};
}

cx_err handle_incident_export(struct api_request *request, const struct api_incident_export_in *in,
                              struct api_incident_export_out *ret_out)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf out = CX_BUF_INIT(EXPORT_MAX);
    struct account *account = NULL;
    struct export_source source;
    struct form form = form_of(in->form);
    CX_TRY(account_read(request, in->incident_id, &account));
    CX_TRY(export_source_make(account, request->arena, &source));
    source.host = host_of(request);
    source.ca_name = source.host;
    source.may_name = access_may(&request->principal, PERMISSION_INCIDENT_REPORT_READ, NULL);
    CX_TRY(form.write(&source, &out));
    struct field_detail details[] = {
        {"form", cx_str_from(api_enum_name(&api_enum_incident_form, (int)in->form))}};
    struct audit_event event = {.object_type = CX_ID_INCIDENT, .object_id = in->incident_id};
    CX_TRY(field_details(request->arena, details, 1, &event.details));
    CX_TRY(api_commit(request, &event, nothing, NULL));
    ret_out->raw.content_type = form.type;
    ret_out->raw.filename = form.name;
    return arena_copy(request->arena, cx_buf_view(&out), &ret_out->raw.body);
}

/* ---- all incidents as CSV ---- */

struct csv_export {
    struct core *core;
    struct cx_id tenant_id;
    cx_time now_us;
    struct page_key after;
    bool headed;
};

struct csv_page {
    struct csv_export *export;
    struct arena *arena;
    struct incident_row rows[CSV_PAGE];
    struct account accounts[CSV_PAGE];
    struct report_row *reports[CSV_PAGE];
    size_t report_counts[CSV_PAGE], count;
};

static cx_err read_csv_page(struct store_tx *tx, void *arg)
{
    struct csv_page *page = arg;
    struct csv_export *export = page->export;
    CX_TRY(incident_page(tx, export->tenant_id, false, INCIDENT_REPORTED, &export->after, CSV_PAGE,
                         page->arena, page->rows, &page->count));
    for (size_t i = 0; i < page->count; i++) {
        page->accounts[i].incident.row = page->rows[i];
        CX_TRY(incident_complete(tx, export->core, export->tenant_id, export->now_us, page->arena,
                                 &page->accounts[i].incident));
        CX_TRY(ARENA_NEW_ARRAY(page->arena, REPORTS_MAX, &page->reports[i]));
        CX_TRY(report_list(tx, export->tenant_id, page->rows[i].incident_id, page->arena,
                           page->reports[i], &page->report_counts[i]));
    }
    return CX_OK;
}

static cx_err add_id(struct cx_buf *out, struct cx_id id, bool first)
{
    char text[CX_ID_TEXT_MAX] = "";
    if (!cx_id_is_zero(id))
        cx_id_format(CX_ID_INCIDENT, id, text);
    return csv_cell(out, cx_str_from(text), first);
}

static cx_err add_words(struct cx_buf *out, const struct incident_words *words, uint32_t set)
{
    char text[128];
    size_t len = 0;
    text[0] = '\0';
    for (size_t i = 0; i < words->count; i++) {
        if (!(set & 1u << i))
            continue;
        int wrote =
            snprintf(text + len, sizeof(text) - len, "%s%s", len ? " " : "", words->words[i]);
        if (wrote < 0 || (size_t)wrote >= sizeof(text) - len)
            return CX_ERR(INTERNAL); /* the words are ours */
        len += (size_t)wrote;
    }
    return csv_cell(out, cx_str_from(text), false);
}

static cx_err add_time(struct cx_buf *out, bool has, cx_time at_us)
{
    char text[CX_TIME_TEXT_MAX] = "";
    if (has)
        CX_TRY(cx_time_format(at_us, text));
    return csv_cell(out, cx_str_from(text), false);
}

static cx_err add_times(struct cx_buf *out, const struct account *account)
{
    static const enum incident_kind KINDS[] = {KIND_AWARE, KIND_CONFIRMED, KIND_CONTAINED,
                                               KIND_DISCLOSED};
    cx_time at_us = 0;
    CX_TRY(add_time(out, true, account->incident.row.created_us));
    for (size_t i = 0; i < sizeof(KINDS) / sizeof(KINDS[0]); i++) {
        bool has = account_time_of(account, KINDS[i], &at_us);
        CX_TRY(add_time(out, has, at_us));
    }
    bool recovered = export_reached(account, INCIDENT_RECOVERED, &at_us);
    CX_TRY(add_time(out, recovered, at_us));
    bool closed = export_reached(account, INCIDENT_CLOSED, &at_us);
    return add_time(out, closed, at_us);
}

static cx_err add_duties(struct cx_buf *out, const struct duty_list *duties)
{
    int64_t counts[DUTY_STATE_COUNT] = {0};
    for (size_t i = 0; i < duties->count; i++)
        counts[duties->duties[i].state]++;
    return cx_buf_addf(out, ",\"%lld\",\"%lld\",\"%lld\",\"%lld\"", (long long)counts[DUTY_MET],
                       (long long)counts[DUTY_MET_LATE], (long long)counts[DUTY_OVERDUE],
                       (long long)counts[DUTY_PENDING]);
}

static cx_err add_csv_row(struct cx_buf *out, const struct csv_page *page, size_t i)
{
    const struct incident_row *row = &page->rows[i];
    struct account account = page->accounts[i];
    struct cx_id tenant_id = page->export->tenant_id;
    struct field_place place = {tenant_id, "incident", "title", row->incident_id};
    CX_TRY(account_open_reporters(page->export->core, tenant_id, page->reports[i],
                                  page->report_counts[i], page->arena, &account));
    CX_TRY(field_open_text(page->export->core, place, row->title, page->arena, &account.title));
    if (account_names_reporter(&account, account.title))
        account.title = CX_STR(EXPORT_WITHHELD);
    const char *words[] = {
        incident_word(&incident_types, (int)row->type),
        incident_state_name(row->state),
        incident_word(&incident_severities, (int)incident_severity(row->impact, row->urgency)),
        incident_word(&incident_levels, (int)row->impact),
        incident_word(&incident_levels, (int)row->urgency),
        incident_word(&incident_sources, (int)row->source)};
    CX_TRY(add_id(out, row->incident_id, true));
    for (size_t w = 0; w < sizeof(words) / sizeof(words[0]); w++)
        CX_TRY(csv_cell(out, cx_str_from(words[w]), false));
    CX_TRY(add_words(out, &incident_tracks, row->tracks));
    CX_TRY(add_words(out, &incident_certificates_words, row->certificates));
    CX_TRY(add_times(out, &account));
    CX_TRY(add_duties(out, &account.incident.duties));
    CX_TRY(add_id(out, row->parent_id, false));
    CX_TRY(add_id(out, row->merged_into, false));
    CX_TRY(csv_cell(out, account.title, false));
    return cx_buf_add_str(out, CX_STR("\r\n"));
}

static cx_err next_csv_page(void *state, struct cx_buf *chunk, bool *ret_done)
{
    CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(CSV_ARENA_MAX);
    struct csv_export *export = state;
    struct csv_page *page = NULL;
    CX_TRY(ARENA_NEW(&arena, &page));
    page->export = export;
    page->arena = &arena;
    CX_TRY(store_read(export->core->store, read_csv_page, page));
    if (!export->headed)
        CX_TRY(cx_buf_add_str(
            chunk, CX_STR("id,type,state,severity,impact,urgency,source,tracks,certificates,"
                          "created,aware,confirmed,contained,disclosed,recovered,closed,met,"
                          "met_late,overdue,pending,parent_id,merged_into,title\r\n")));
    export->headed = true;
    for (size_t i = 0; i < page->count; i++)
        CX_TRY(add_csv_row(chunk, page, i));
    if (page->count > 0) {
        const struct incident_row *last = &page->rows[page->count - 1];
        export->after = (struct page_key){last->created_us, last->incident_id};
    }
    *ret_done = page->count < CSV_PAGE;
    return CX_OK;
}

cx_err handle_incident_export_all(struct api_request *request,
                                  const struct api_incident_export_all_in *in,
                                  struct api_incident_export_all_out *ret_out)
{
    struct csv_export *export = NULL;
    struct audit_event event = {.details = CX_STR("{\"form\":\"csv\"}")};
    (void)in;
    CX_TRY(ARENA_NEW(request->arena, &export));
    *export = (struct csv_export){.core = request->core,
                                  .tenant_id = request->principal.tenant_id,
                                  .now_us = request->now_us,
                                  .after = PAGE_START};
    CX_TRY(api_commit(request, &event, nothing, NULL));
    ret_out->raw.content_type = "text/csv; charset=utf-8";
    ret_out->raw.filename = CX_STR("incidents.csv");
    ret_out->raw.next = next_csv_page;
    ret_out->raw.state = export;
    return CX_OK;
}
