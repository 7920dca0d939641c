/* Tools that may send signed alerts. A secret is made here, sealed, and shown once. */
#include "api_routes.h"
#include "base/cleanup.h"
#include "core/api/encode.h"
#include "core/field.h"
#include "core/intake/mapping.h"
#include "core/intake/signature.h"
#include "core/intake/view.h"

enum { MAPPING_JSON_MAX = 16 * 1024 };
#define HOUR_US (INT64_C(3600) * CX_US_PER_S)

struct listing {
    struct api_request *request;
    struct cx_id source_id; /* of deliveries */
    struct page_key after;
    size_t limit, count;
    struct row_alert_source *sources;
    struct row_alert_delivery *deliveries;
};

static cx_err read_sources(struct store_tx *tx, void *arg)
{
    struct listing *list = arg;
    struct arena *arena = list->request->arena;
    CX_TRY(ARENA_NEW_ARRAY(arena, list->limit, &list->sources));
    return alert_source_page(tx, list->request->principal.tenant_id, &list->after, list->limit,
                             arena, list->sources, &list->count);
}

cx_err handle_alert_source_list(struct api_request *request,
                                const struct api_alert_source_list_in *in,
                                struct api_alert_source_list_out *ret_out)
{
    struct listing list = {.request = request, .limit = (size_t)in->limit};
    struct api_alert_source_view *items = NULL;
    CX_TRY(page_cursor_parse("alert-source", in->cursor, request->diag, &list.after));
    CX_TRY(store_read(request->core->store, read_sources, &list));
    CX_TRY(ARENA_NEW_ARRAY(request->arena, list.count, &items));
    for (size_t i = 0; i < list.count; i++)
        CX_TRY(intake_source_view(request, &list.sources[i], &items[i]));
    struct api_alert_source_page page = {.items = items, .items_count = list.count};
    page.has_next_cursor = list.count == list.limit;
    if (page.has_next_cursor) {
        const struct row_alert_source *last = &list.sources[list.count - 1];
        struct page_key key = {last->created_us, last->source_id};
        CX_TRY(page_cursor_write(request->arena, "alert-source", &key, &page.next_cursor));
    }
    ret_out->body = page;
    return CX_OK;
}

static cx_err read_deliveries(struct store_tx *tx, void *arg)
{
    struct listing *list = arg;
    struct arena *arena = list->request->arena;
    struct cx_id tenant_id = list->request->principal.tenant_id;
    struct row_alert_source source;
    CX_TRY(alert_source_find(tx, tenant_id, list->source_id, arena, &source));
    CX_TRY(ARENA_NEW_ARRAY(arena, list->limit, &list->deliveries));
    return alert_delivery_page(tx, tenant_id, list->source_id, &list->after, list->limit, arena,
                               list->deliveries, &list->count);
}

cx_err handle_alert_delivery_list(struct api_request *request,
                                  const struct api_alert_delivery_list_in *in,
                                  struct api_alert_delivery_list_out *ret_out)
{
    struct listing list = {
        .request = request, .source_id = in->source_id, .limit = (size_t)in->limit};
    struct api_alert_delivery_view *items = NULL;
    CX_TRY(page_cursor_parse("alert-delivery", in->cursor, request->diag, &list.after));
    cx_err err = store_read(request->core->store, read_deliveries, &list);
    if (err.code == CX_E_NOTFOUND)
        return intake_refuse_unknown_source(request->diag);
    CX_TRY(err);
    CX_TRY(ARENA_NEW_ARRAY(request->arena, list.count, &items));
    for (size_t i = 0; i < list.count; i++)
        CX_TRY(intake_delivery_view(request, &list.deliveries[i], &items[i]));
    struct api_alert_delivery_page page = {.items = items, .items_count = list.count};
    page.has_next_cursor = list.count == list.limit;
    if (page.has_next_cursor) {
        const struct row_alert_delivery *last = &list.deliveries[list.count - 1];
        struct page_key key = {last->received_us, last->delivery_id};
        CX_TRY(page_cursor_write(request->arena, "alert-delivery", &key, &page.next_cursor));
    }
    ret_out->body = page;
    return CX_OK;
}

struct reading {
    struct api_request *request;
    struct cx_id source_id, delivery_id;
    struct row_alert_source source;
    struct row_alert_delivery delivery;
};

static cx_err read_delivery(struct store_tx *tx, void *arg)
{
    struct reading *reading = arg;
    return alert_delivery_find(tx, reading->request->principal.tenant_id, reading->source_id,
                               reading->delivery_id, reading->request->arena, &reading->delivery);
}

cx_err handle_alert_delivery_body(struct api_request *request,
                                  const struct api_alert_delivery_body_in *in,
                                  struct api_alert_delivery_body_out *ret_out)
{
    struct reading reading = {
        .request = request, .source_id = in->source_id, .delivery_id = in->delivery_id};
    cx_err err = store_read(request->core->store, read_delivery, &reading);
    if (err.code == CX_E_NOTFOUND)
        return cx_refuse(request->diag, err, "delivery_id", "delivery-unknown",
                         "The source sent no such delivery.");
    CX_TRY(err);
    struct field_place place = {request->principal.tenant_id, "alert_delivery", "body",
                                in->delivery_id};
    ret_out->raw.status = 200;
    ret_out->raw.content_type = "application/json";
    return field_open(request->core, place, reading.delivery.body, request->arena,
                      &ret_out->raw.body);
}

/* ---- making and rotating ---- */

struct making {
    struct api_request *request;
    struct row_alert_source row;
};

/* A new secret in row->secret and, to be shown, in ret_hex. */
static cx_err make_secret(struct making *making, struct cx_str *ret_hex)
{
    struct api_request *request = making->request;
    struct row_alert_source *row = &making->row;
    struct field_place place = {row->tenant_id, "alert_source", "secret", row->source_id};
    uint8_t key[SIGNATURE_KEY_LEN];
    CX_TRY(cx_rng_fill(request->core->rng, key, sizeof(key)));
    cx_err err =
        field_seal(request->core, place, CX_BYTES(key, sizeof(key)), request->arena, &row->secret);
    if (cx_is_ok(err))
        err = page_hex_write(request->arena, CX_BYTES(key, sizeof(key)), ret_hex);
    cx_wipe(key, sizeof(key));
    return err;
}

static cx_err take_mapping(struct making *making, const struct api_alert_source_create_in *in)
{
    struct api_request *request = making->request;
    CX_CLEANUP(cx_buf_clear) struct cx_buf json = CX_BUF_INIT(MAPPING_JSON_MAX);
    bool custom = in->kind == API_ALERT_SOURCE_KIND_CUSTOM;
    if (custom != in->has_mapping)
        return cx_refuse(request->diag, CX_ERR(POLICY), "mapping", "mapping-custom",
                         "The kind custom comes with a mapping, the others with none.");
    if (!custom)
        return CX_OK;
    CX_TRY(mapping_check(&in->mapping, request->diag));
    CX_TRY(api_encode(&api_schema_alert_mapping, &in->mapping, &json));
    return arena_copy_str(request->arena, (struct cx_str){(const char *)json.ptr, json.len},
                          &making->row.mapping);
}

static cx_err write_source(struct store_tx *tx, void *arg)
{
    struct making *making = arg;
    bool taken = false;
    CX_TRY(alert_source_name_taken(tx, making->row.tenant_id, making->row.name, &taken));
    if (taken)
        return cx_refuse(making->request->diag, CX_ERR(CONFLICT), "name", "name-taken",
                         "A source has or had this name.");
    return row_alert_source_insert(tx, &making->row);
}

cx_err handle_alert_source_create(struct api_request *request,
                                  const struct api_alert_source_create_in *in,
                                  struct api_alert_source_create_out *ret_out)
{
    struct making making = {.request = request};
    struct row_alert_source *row = &making.row;
    *row = (struct row_alert_source){
        .tenant_id = request->principal.tenant_id,
        .name = in->name,
        .kind = cx_str_from(api_enum_name(&api_enum_alert_source_kind, in->kind)),
        .mapping = CX_STR(""),
        .creator_id = request->principal.user_id,
        .created_us = request->now_us};
    CX_TRY(cx_id_new_at(request->core->rng, request->now_us, &row->source_id));
    CX_TRY(take_mapping(&making, in));
    CX_TRY(make_secret(&making, &ret_out->body.secret));
    const struct field_detail details[] = {{"name", row->name}, {"kind", row->kind}};
    struct audit_event event = {.object_type = CX_ID_ALERT_SOURCE, .object_id = row->source_id};
    CX_TRY(field_details(request->arena, details, 2, &event.details));
    CX_TRY(api_commit(request, &event, write_source, &making));
    return intake_source_view(request, row, &ret_out->body.source);
}

static cx_err read_source(struct store_tx *tx, void *arg)
{
    struct reading *reading = arg;
    return alert_source_find(tx, reading->request->principal.tenant_id, reading->source_id,
                             reading->request->arena, &reading->source);
}

static cx_err refuse_ended(struct cx_diag *diag)
{
    return cx_refuse(diag, CX_ERR(CONFLICT), "source_id", "source-state",
                     "The source has ended, or another call changed it just now.");
}

static cx_err write_rotation(struct store_tx *tx, void *arg)
{
    struct making *making = arg;
    cx_err err = alert_source_rotate(tx, &making->row);
    return err.code == CX_E_CONFLICT ? refuse_ended(making->request->diag) : err;
}

/* One secret of the source, sealed again for the column of the one before. */
static cx_err keep_previous(struct making *making, struct cx_sealed secret)
{
    struct row_alert_source *row = &making->row;
    struct core *core = making->request->core;
    struct field_place from = {row->tenant_id, "alert_source", "secret", row->source_id};
    struct field_place to = {row->tenant_id, "alert_source", "previous_secret", row->source_id};
    struct cx_bytes key = CX_BYTES_NONE;
    CX_TRY(field_open(core, from, secret, making->request->arena, &key));
    return field_seal(core, to, key, making->request->arena, &row->previous_secret);
}

cx_err handle_alert_source_rotate(struct api_request *request,
                                  const struct api_alert_source_rotate_in *in,
                                  struct api_alert_source_rotate_out *ret_out)
{
    struct reading reading = {.request = request, .source_id = in->source_id};
    cx_err err = store_read(request->core->store, read_source, &reading);
    if (err.code == CX_E_NOTFOUND)
        return intake_refuse_unknown_source(request->diag);
    CX_TRY(err);
    struct making making = {.request = request, .row = reading.source};
    CX_TRY(make_secret(&making, &ret_out->body.secret));
    bool overlaps = in->overlap_hours > 0;
    /* Without an overlap the new one stands in both places: nothing of the old one stays. */
    CX_TRY(keep_previous(&making, overlaps ? reading.source.secret : making.row.secret));
    making.row.has_previous_until_us = overlaps;
    making.row.previous_until_us = request->now_us + in->overlap_hours * HOUR_US;
    making.row.has_rotated_us = true;
    making.row.rotated_us = request->now_us;
    struct audit_event event = {.object_type = CX_ID_ALERT_SOURCE, .object_id = in->source_id};
    CX_TRY(api_commit(request, &event, write_rotation, &making));
    return intake_source_view(request, &making.row, &ret_out->body.source);
}

static cx_err write_end(struct store_tx *tx, void *arg)
{
    struct reading *reading = arg;
    struct api_request *request = reading->request;
    struct cx_id tenant_id = request->principal.tenant_id;
    cx_err err =
        alert_source_find(tx, tenant_id, reading->source_id, request->arena, &reading->source);
    if (err.code == CX_E_NOTFOUND)
        return intake_refuse_unknown_source(request->diag);
    CX_TRY(err);
    err = alert_source_end(tx, tenant_id, reading->source_id, request->principal.user_id,
                           request->now_us);
    if (err.code == CX_E_CONFLICT)
        return refuse_ended(request->diag);
    CX_TRY(err);
    return alert_source_find(tx, tenant_id, reading->source_id, request->arena, &reading->source);
}

cx_err handle_alert_source_end(struct api_request *request,
                               const struct api_alert_source_end_in *in,
                               struct api_alert_source_end_out *ret_out)
{
    struct reading reading = {.request = request, .source_id = in->source_id};
    struct audit_event event = {.object_type = CX_ID_ALERT_SOURCE, .object_id = in->source_id};
    CX_TRY(api_commit(request, &event, write_end, &reading));
    return intake_source_view(request, &reading.source, &ret_out->body);
}
