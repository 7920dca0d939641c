/* Packs: made on demand beside those that the end of a quarter makes, listed, read. */
#include "api_routes.h"
#include "core/field.h"
#include "core/governance/pack.h"

enum { PERIOD_MAX_DAYS = 1100 };

static cx_err view_of(struct api_request *request, const struct row_incident_pack *row,
                      struct api_pack_view *ret_view)
{
    struct api_pack_view view = {.id = row->pack_id,
                                 .from = row->from_us,
                                 .until = row->until_us,
                                 .has_maker_id = row->has_maker_id,
                                 .maker_id = row->maker_id,
                                 .made = row->made_us};
    CX_TRY(page_hex_write(request->arena, row->markdown_sha256, &view.markdown_sha256));
    *ret_view = view;
    return CX_OK;
}

static cx_err write_pack(struct store_tx *tx, void *arg)
{
    return row_incident_pack_insert(tx, arg);
}

cx_err handle_incident_pack_create(struct api_request *request,
                                   const struct api_incident_pack_create_in *in,
                                   struct api_incident_pack_create_out *ret_out)
{
    struct row_incident_pack row;
    if (in->from >= in->until || in->until - in->from > PERIOD_MAX_DAYS * CX_US_PER_DAY)
        return cx_refuse(request->diag, CX_ERR(POLICY), "until", "period",
                         "The end of the period is after its start, by three years at most.");
    if (in->until > request->now_us)
        return cx_refuse(request->diag, CX_ERR(POLICY), "until", "time-in-future",
                         "The period has not ended yet.");
    CX_TRY(pack_make(request->core, request->principal.tenant_id, in->from, in->until,
                     request->now_us, request->arena, &row));
    row.has_maker_id = true;
    row.maker_id = request->principal.user_id;
    struct audit_event event = {.object_type = CX_ID_PACK, .object_id = row.pack_id};
    CX_TRY(api_commit(request, &event, write_pack, &row));
    return view_of(request, &row, &ret_out->body);
}

struct listing {
    struct api_request *request;
    struct page_key after;
    size_t limit, count;
    struct row_incident_pack *rows;
};

static cx_err read_page(struct store_tx *tx, void *arg)
{
    struct listing *listing = arg;
    struct api_request *request = listing->request;
    return pack_page(tx, request->principal.tenant_id, &listing->after, listing->limit,
                     request->arena, listing->rows, &listing->count);
}

cx_err handle_incident_packs(struct api_request *request, const struct api_incident_packs_in *in,
                             struct api_incident_packs_out *ret_out)
{
    struct listing listing = {.request = request, .limit = (size_t)in->limit};
    struct api_pack_view *items = NULL;
    CX_TRY(page_cursor_parse("incident-pack", in->cursor, request->diag, &listing.after));
    CX_TRY(ARENA_NEW_ARRAY(request->arena, listing.limit, &listing.rows));
    CX_TRY(store_read(request->core->store, read_page, &listing));
    CX_TRY(ARENA_NEW_ARRAY(request->arena, listing.count, &items));
    for (size_t i = 0; i < listing.count; i++)
        CX_TRY(view_of(request, &listing.rows[i], &items[i]));
    struct api_pack_page page = {.items = items, .items_count = listing.count};
    page.has_next_cursor = listing.count == listing.limit;
    if (page.has_next_cursor) {
        const struct row_incident_pack *last = &listing.rows[listing.count - 1];
        struct page_key key = {last->made_us, last->pack_id};
        CX_TRY(page_cursor_write(request->arena, "incident-pack", &key, &page.next_cursor));
    }
    ret_out->body = page;
    return CX_OK;
}

struct finding {
    struct api_request *request;
    struct cx_id pack_id;
    struct row_incident_pack row;
};

static cx_err find(struct store_tx *tx, void *arg)
{
    struct finding *finding = arg;
    struct api_request *request = finding->request;
    cx_err err = pack_find(tx, request->principal.tenant_id, finding->pack_id, request->arena,
                           &finding->row);
    return err.code == CX_E_NOTFOUND
               ? cx_refuse(request->diag, err, "pack_id", "pack-unknown", "There is no such pack.")
               : err;
}

cx_err handle_incident_pack(struct api_request *request, const struct api_incident_pack_in *in,
                            struct api_incident_pack_out *ret_out)
{
    struct finding finding = {.request = request, .pack_id = in->pack_id};
    CX_TRY(store_read(request->core->store, find, &finding));
    const struct row_incident_pack *row = &finding.row;
    struct field_place place = {row->tenant_id, "incident_pack", "markdown", row->pack_id};
    CX_TRY(field_open(request->core, place, row->markdown, request->arena, &ret_out->raw.body));
    ret_out->raw.content_type = "text/markdown; charset=utf-8";
    ret_out->raw.filename = CX_STR("incidents.md");
    return CX_OK;
}
