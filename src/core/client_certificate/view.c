#include "core/client_certificate/view.h"

#include "core/field.h"
#include "core/page.h"

static cx_err view_of(struct core *core, struct cx_id tenant_id,
                      const struct client_binding_row *row, struct arena *arena,
                      struct api_client_certificate_view *ret_view)
{
    struct field_place subject = {tenant_id, "client_certificate", "subject", row->binding_id};
    struct api_client_certificate_view view = {
        .id = row->binding_id,
        .user_id = row->user_id,
        .matches = row->whole ? API_CLIENT_CERTIFICATE_MATCH_CERTIFICATE
                              : API_CLIENT_CERTIFICATE_MATCH_KEY,
        .not_after = row->not_after_us,
        .created = row->created_us,
        .created_by_id = row->created_by_id,
        .has_last_used = row->last_used_us != 0,
        .last_used = row->last_used_us,
    };
    CX_TRY(field_open_text(core, subject, row->subject, arena, &view.subject));
    CX_TRY(page_hex_write(arena, row->serial, &view.serial));
    CX_TRY(page_hex_write(arena, CX_BYTES(row->spki_sha256, sizeof(row->spki_sha256)),
                          &view.spki_sha256));
    *ret_view = view;
    return CX_OK;
}

cx_err client_certificate_views(struct core *core, struct cx_id tenant_id,
                                const struct client_binding_row *rows, size_t count,
                                struct arena *arena, struct api_client_certificate_view **ret_items)
{
    struct api_client_certificate_view *items = NULL;
    CX_TRY(ARENA_NEW_ARRAY(arena, count, &items));
    for (size_t i = 0; i < count; i++)
        CX_TRY(view_of(core, tenant_id, &rows[i], arena, &items[i]));
    *ret_items = items;
    return CX_OK;
}
