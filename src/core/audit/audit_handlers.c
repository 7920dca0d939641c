/* Operations on the audit log: listing, export, newest checkpoint. Nothing here changes it. */
#include "api_routes.h"
#include "core/audit/audit_list.h"
#include "core/audit/export.h"
#include "core/field.h"

static enum api_audit_outcome outcome_of(struct cx_str name)
{
    if (cx_str_is(name, "done"))
        return API_AUDIT_OUTCOME_DONE;
    return cx_str_is(name, "denied") ? API_AUDIT_OUTCOME_DENIED : API_AUDIT_OUTCOME_FAILED;
}

/* An identifier of any type: its prefix says which. */
static cx_err parse_any_id(struct cx_str text, struct cx_diag *diag, struct cx_id *ret_id)
{
    for (int type = 0; type < CX_ID_COUNT; type++)
        if (cx_is_ok(cx_id_parse((enum cx_id_type)type, text, ret_id)))
            return CX_OK;
    return cx_refuse(diag, CX_ERR(PARSE), "object_id", "id-malformed", "This is no identifier.");
}

/* Details that do not open are left out: the entry itself is plain, and verification says what is wrong. */
static cx_err view_details(struct core *core, const struct audit_item *item, struct arena *arena,
                           struct api_audit_view *view)
{
    cx_err opened = audit_details_open(core, item, arena, &view->details);
    view->has_details = cx_is_ok(opened);
    return opened.code == CX_E_CRYPTO || opened.code == CX_E_POLICY ? CX_OK : opened;
}

static cx_err view_of(struct core *core, const struct audit_item *item, struct arena *arena,
                      struct api_audit_view *ret_view)
{
    const struct audit_record *record = &item->record;
    struct api_audit_view view = {
        .has_index = item->sequenced,
        .index = item->leaf_index,
        .time = record->time_us,
        .action = record->action,
        .outcome = outcome_of(record->outcome),
        .has_actor_id = !cx_id_is_zero(record->user_id),
        .actor_id = record->user_id,
        .has_token_id = !cx_id_is_zero(record->token_id),
        .token_id = record->token_id,
        .has_object_id = !cx_id_is_zero(record->object_id),
        .has_correlation_id = !cx_id_is_zero(record->call_id),
        .has_leaf_hash = item->leaf_hash.len > 0,
    };
    CX_TRY(field_id_text(arena, CX_ID_AUDIT, record->entry_id, &view.id));
    if (view.has_object_id) {
        enum cx_id_type type;
        CX_TRY(audit_object_type(record->object_type, &type));
        CX_TRY(field_id_text(arena, type, record->object_id, &view.object_id));
    }
    if (view.has_correlation_id)
        CX_TRY(field_id_text(arena, CX_ID_CALL, record->call_id, &view.correlation_id));
    if (view.has_leaf_hash)
        CX_TRY(page_hex_write(arena, item->leaf_hash, &view.leaf_hash));
    CX_TRY(view_details(core, item, arena, &view));
    *ret_view = view;
    return CX_OK;
}

cx_err handle_audit_list(struct api_request *request, const struct api_audit_list_in *in,
                         struct api_audit_list_out *ret_out)
{
    struct arena *arena = request->arena;
    struct audit_filter filter = {.tenant_id = request->principal.tenant_id,
                                  .action = in->has_action ? in->action : CX_STR_NONE,
                                  .has_user_id = in->has_actor_id,
                                  .user_id = in->actor_id,
                                  .has_object_id = in->has_object_id,
                                  .limit = (size_t)in->limit};
    if (in->has_object_id)
        CX_TRY(parse_any_id(in->object_id, request->diag, &filter.object_id));
    CX_TRY(page_cursor_parse("audit-entry", in->cursor, request->diag, &filter.after));
    CX_TRY(
        access_scope_of(&request->principal, PERMISSION_AUDIT_READ, request->arena, &filter.scope));
    struct audit_item *items = NULL;
    struct api_audit_view *views = NULL;
    size_t count = 0;
    CX_TRY(audit_list_read(request->core->store, &filter, arena, &items, &count));
    CX_TRY(ARENA_NEW_ARRAY(arena, count, &views));
    for (size_t i = 0; i < count; i++)
        CX_TRY(view_of(request->core, &items[i], arena, &views[i]));
    struct api_audit_page page = {.items = views, .items_count = count};
    page.has_next_cursor = count > 0 && count == filter.limit;
    if (page.has_next_cursor) {
        struct page_key key = {items[count - 1].record.time_us, items[count - 1].record.entry_id};
        CX_TRY(page_cursor_write(arena, "audit-entry", &key, &page.next_cursor));
    }
    ret_out->body = page;
    return CX_OK;
}

cx_err handle_audit_export(struct api_request *request, const struct api_audit_export_in *in,
                           struct api_audit_export_out *ret_out)
{
    struct audit_export *it = NULL;
    CX_TRY(audit_export_start(request->core, request->principal.tenant_id, (uint64_t)in->from_index,
                              (uint64_t)in->limit, request->arena, request->diag, &it));
    ret_out->raw = (struct api_raw){.content_type = "application/x-ndjson",
                                    .next = audit_export_next,
                                    .state = it,
                                    .filename = CX_STR("audit.ndjson")};
    return CX_OK;
}

cx_err handle_audit_checkpoint(struct api_request *request,
                               const struct api_audit_checkpoint_in *in,
                               struct api_audit_checkpoint_out *ret_out)
{
    (void)in;
    struct audit_latest latest;
    cx_err found = audit_latest_checkpoint(request->core, request->principal.tenant_id,
                                           request->arena, &latest);
    if (found.code == CX_E_NOTFOUND)
        return cx_refuse(request->diag, found, "", "audit-checkpoint",
                         "Nothing has been signed yet: ask again in a second.");
    CX_TRY(found);
    struct api_checkpoint_view view = {
        .size = (int64_t)latest.size, .note = latest.note, .vkey = latest.vkey};
    CX_TRY(page_hex_write(request->arena, CX_BYTES(latest.root, sizeof(latest.root)), &view.root));
    ret_out->body = view;
    return CX_OK;
}
