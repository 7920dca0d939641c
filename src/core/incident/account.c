#include "core/incident/account.h"
#include "base/checked.h"
#include "core/api/decode.h"
#include "core/field.h"
#include "core/incident/intake_store.h"
#include "core/incident/step_store.h"
#include "core/incident/view.h"

struct reading {
    struct api_request *request;
    struct cx_id incident_id;
    struct account *account;
    struct report_row *reports;
    size_t report_count;
    struct step_cache cache;
};

static cx_err read_rows(struct store_tx *tx, void *arg)
{
    struct reading *reading = arg;
    struct account *account = reading->account;
    struct api_request *request = reading->request;
    struct arena *arena = request->arena;
    struct cx_id tenant_id = request->principal.tenant_id, id = reading->incident_id;
    CX_TRY(incident_load(tx, request->core, tenant_id, id, request->now_us, arena,
                         &account->incident));
    CX_TRY(steps_load(tx, tenant_id, &account->incident, request->now_us, arena, &reading->cache,
                      &account->steps));
    CX_TRY(part_list(tx, tenant_id, id, 0, arena, account->parts, &account->part_count));
    CX_TRY(sign_off_list(tx, tenant_id, id, arena, account->sign_offs, &account->sign_off_count));
    CX_TRY(publication_was_posted(tx, tenant_id, id, API_PUBLICATION_FORM_CLOSURE,
                                  &account->closure_posted));
    CX_TRY(affected_count(tx, tenant_id, id, request->now_us, &account->affected));
    return report_list(tx, tenant_id, id, arena, reading->reports, &reading->report_count);
}

/* Texts are copied into the arena, so that the tree need not outlive this. */
static cx_err copy_texts(struct arena *arena, struct api_part_content *content)
{
    struct cx_str *texts[] = {&content->text,        &content->title,       &content->owner_code,
                              &content->evidence,    &content->timeline,    &content->detection,
                              &content->interaction, &content->methodology, &content->criterion,
                              &content->url,         &content->reference};
    for (size_t i = 0; i < CX_COUNT_OF(texts); i++)
        if (texts[i]->len)
            CX_TRY(arena_copy_str(arena, *texts[i], texts[i]));
    return CX_OK;
}

cx_err part_open(struct core *core, struct cx_id tenant_id, struct arena *arena, struct part *part)
{
    struct field_place place = {tenant_id, "incident_part", "content", part->version_id};
    struct cx_bytes bytes = CX_BYTES_NONE;
    struct cx_diag diag =
        CX_DIAG_INIT; /* what was stored was checked: a refusal is a fault of ours */
    json_t *root = NULL;
    CX_TRY(field_open(core, place, part->sealed, arena, &bytes));
    cx_err err = api_decode_body(&api_schema_part_content, bytes, PART_CONTENT_MAX, arena, &diag,
                                 &part->content, &root);
    if (cx_is_ok(err))
        err = copy_texts(arena, &part->content);
    json_decref(root);
    return err.code == CX_E_PARSE ? CX_ERR(STORE) : err;
}

static cx_err open_timeline(struct api_request *request, struct account *account)
{
    const struct incident *incident = &account->incident;
    struct cx_id tenant_id = request->principal.tenant_id;
    struct field_place title = {tenant_id, "incident", "title", incident->row.incident_id};
    CX_TRY(field_open_text(request->core, title, incident->row.title, request->arena,
                           &account->title));
    struct field_place summary = {tenant_id, "incident", "summary", incident->row.incident_id};
    CX_TRY(field_open_text(request->core, summary, incident->row.summary, request->arena,
                           &account->summary));
    CX_TRY(ARENA_NEW_ARRAY(request->arena, incident->entry_count, &account->details));
    for (size_t i = 0; i < incident->entry_count; i++) {
        const struct incident_entry *entry = &incident->entries[i];
        struct field_place place = {tenant_id, "incident_entry", "detail", entry->entry_id};
        CX_TRY(field_open_text(request->core, place, entry->detail, request->arena,
                               &account->details[i]));
    }
    return CX_OK;
}

cx_err account_open_reporters(struct core *core, struct cx_id tenant_id,
                              const struct report_row *reports, size_t count, struct arena *arena,
                              struct account *account)
{
    CX_TRY(ARENA_NEW_ARRAY(arena, count, &account->reporters));
    CX_TRY(ARENA_NEW_ARRAY(arena, count, &account->named));
    for (size_t i = 0; i < count; i++) {
        const struct report_row *row = &reports[i];
        struct field_place place = {tenant_id, "incident_report", "reporter", row->report_id};
        struct cx_str name = CX_STR_NONE;
        if (row->reporter.envelope.len == 0)
            continue;
        CX_TRY(field_open_text(core, place, row->reporter, arena, &name));
        if (row->may_be_named)
            account->named[account->named_count++] = name;
        else
            account->reporters[account->reporter_count++] = name;
    }
    return CX_OK;
}

bool account_names_reporter(const struct account *account, struct cx_str text)
{
    for (size_t i = 0; i < account->reporter_count; i++) {
        char name[512];
        struct cx_str reporter = account->reporters[i];
        if (reporter.len < 3 || reporter.len >= sizeof(name))
            continue; /* not a name */
        memcpy(name, reporter.ptr, reporter.len);
        name[reporter.len] = '\0';
        if (part_text_has(text, name))
            return true;
    }
    return false;
}

cx_err account_read(struct api_request *request, struct cx_id incident_id,
                    struct account **ret_account)
{
    struct account *account = NULL;
    struct reading reading = {.request = request, .incident_id = incident_id};
    CX_TRY(ARENA_NEW(request->arena, &account));
    CX_TRY(ARENA_NEW_ARRAY(request->arena, PARTS_MAX, &account->parts));
    CX_TRY(ARENA_NEW_ARRAY(request->arena, SIGN_OFFS_MAX, &account->sign_offs));
    CX_TRY(ARENA_NEW_ARRAY(request->arena, REPORTS_MAX, &reading.reports));
    reading.account = account;
    account->now_us = request->now_us;
    cx_err err = store_read(request->core->store, read_rows, &reading);
    if (err.code == CX_E_NOTFOUND)
        return incident_refuse_unknown(request->diag);
    CX_TRY(err);
    for (size_t i = 0; i < account->part_count; i++)
        CX_TRY(part_open(request->core, request->principal.tenant_id, request->arena,
                         &account->parts[i]));
    CX_TRY(open_timeline(request, account));
    CX_TRY(account_open_reporters(request->core, request->principal.tenant_id, reading.reports,
                                  reading.report_count, request->arena, account));
    *ret_account = account;
    return CX_OK;
}

const struct part *account_single(const struct account *account, enum api_part_kind kind)
{
    for (size_t i = 0; i < account->part_count; i++)
        if (account->parts[i].kind == kind)
            return &account->parts[i];
    return NULL;
}

const struct part *account_part(const struct account *account, int64_t number)
{
    for (size_t i = 0; i < account->part_count; i++)
        if (account->parts[i].number == number)
            return &account->parts[i];
    return NULL;
}

bool account_is_validated(const struct account *account, const struct part *part)
{
    for (size_t i = 0; i < account->sign_off_count; i++) {
        const struct sign_off *row = &account->sign_offs[i];
        if (row->side == API_SIGN_OFF_SIDE_VALIDATION && row->number == part->number &&
            row->version == part->version)
            return true;
    }
    return false;
}

bool account_time_of(const struct account *account, enum incident_kind kind, cx_time *ret_us)
{
    const struct incident *incident = &account->incident;
    const struct incident_entry *first = incident_first(incident, kind);
    if (!first)
        return false;
    *ret_us = first->clock.at_us;
    for (size_t i = 0; i < incident->entry_count; i++)
        if (incident->entries[i].clock.corrects == first->clock.seq)
            *ret_us = incident->entries[i].clock.at_us;
    return true;
}
