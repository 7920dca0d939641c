#include "core/intake/view.h"

#include "core/field.h"
#include "core/intake/mapping.h"

static cx_err copy_list(struct arena *arena, const struct cx_str **list, size_t count)
{
    struct cx_str *copies = NULL;
    CX_TRY(ARENA_NEW_ARRAY(arena, count, &copies));
    for (size_t i = 0; i < count; i++)
        CX_TRY(arena_copy_str(arena, (*list)[i], &copies[i]));
    *list = copies;
    return CX_OK;
}

static cx_err copy_mapping(struct arena *arena, struct api_alert_mapping *mapping)
{
    CX_TRY(arena_copy_str(arena, mapping->items, &mapping->items));
    CX_TRY(copy_list(arena, &mapping->rule, mapping->rule_count));
    CX_TRY(copy_list(arena, &mapping->subject, mapping->subject_count));
    CX_TRY(copy_list(arena, &mapping->title, mapping->title_count));
    CX_TRY(copy_list(arena, &mapping->summary, mapping->summary_count));
    CX_TRY(copy_list(arena, &mapping->severity, mapping->severity_count));
    return copy_list(arena, &mapping->skip, mapping->skip_count);
}

cx_err intake_source_mapping(const struct row_alert_source *row, struct arena *arena,
                             struct api_alert_mapping *ret_mapping)
{
    json_auto_t *root = NULL;
    struct cx_diag diag = CX_DIAG_INIT;
    int kind = 0;
    CX_TRY(api_enum_value(&api_enum_alert_source_kind, row->kind, &kind));
    if (row->mapping.len)
        CX_TRY(mapping_parse(cx_str_bytes(row->mapping), arena, &diag, ret_mapping, &root));
    else
        CX_TRY(mapping_builtin((enum api_alert_source_kind)kind, arena, ret_mapping, &root));
    return copy_mapping(arena, ret_mapping); /* the tree goes; its texts stay */
}

cx_err intake_source_view(struct api_request *request, const struct row_alert_source *row,
                          struct api_alert_source_view *ret_view)
{
    struct api_alert_source_view view = {.id = row->source_id,
                                         .name = row->name,
                                         .creator_id = row->creator_id,
                                         .created = row->created_us,
                                         .has_rotated = row->has_rotated_us,
                                         .rotated = row->rotated_us,
                                         .has_previous_until = row->has_previous_until_us,
                                         .previous_until = row->previous_until_us,
                                         .has_ender_id = row->has_ender_id,
                                         .ender_id = row->ender_id,
                                         .has_ended = row->has_ended_us,
                                         .ended = row->ended_us};
    char tenant[CX_ID_TEXT_MAX], source[CX_ID_TEXT_MAX];
    int kind = 0;
    CX_TRY(api_enum_value(&api_enum_alert_source_kind, row->kind, &kind));
    view.kind = (enum api_alert_source_kind)kind;
    CX_TRY(intake_source_mapping(row, request->arena, &view.mapping));
    cx_id_format(CX_ID_TENANT, row->tenant_id, tenant);
    cx_id_format(CX_ID_ALERT_SOURCE, row->source_id, source);
    CX_TRY(arena_printf(request->arena, &view.delivery_path, "/alert/%s/%s", tenant, source));
    *ret_view = view;
    return CX_OK;
}

cx_err intake_delivery_view(struct api_request *request, const struct row_alert_delivery *row,
                            struct api_alert_delivery_view *ret_view)
{
    struct api_alert_delivery_view view = {.id = row->delivery_id,
                                           .delivery = row->label,
                                           .received = row->received_us,
                                           .alert_count = row->alert_count,
                                           .opened_count = row->opened_count,
                                           .skipped_count = row->skipped_count};
    CX_TRY(page_hex_write(request->arena, row->sha256, &view.sha256));
    *ret_view = view;
    return CX_OK;
}

cx_err intake_refuse_unknown_source(struct cx_diag *diag)
{
    return cx_refuse(diag, CX_ERR(NOTFOUND), "source_id", "source-unknown",
                     "There is no such source.");
}
