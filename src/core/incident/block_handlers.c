/* Stopping issuance in an incident: trying what a block would stop, placing it, listing, and lifting it by somebody else. */
#include "api_routes.h"
#include "core/api/contract.h"
#include "core/field.h"
#include "core/incident/block_store.h"
#include "core/incident/view.h"
#include "core/policy/block.h"

enum { TRIAL_DAYS = 30 };

struct placing {
    struct api_request *request;
    struct row_issuance_block row;
    struct row_incident_entry entry;
    int64_t recent_count;
};

/* Exactly the member that the kind is about. */
static cx_err check_members(struct cx_diag *diag, const struct api_block_place_in *in)
{
    const struct {
        enum api_block_kind kind;
        const char *field;
        bool has;
    } MEMBERS[] = {
        {API_BLOCK_KIND_ISSUER, "issuer_id", in->has_issuer_id},
        {API_BLOCK_KIND_CERTIFICATE_PROFILE, "certificate_profile", in->has_certificate_profile},
        {API_BLOCK_KIND_REQUESTER, "requester_id", in->has_requester_id},
        {API_BLOCK_KIND_KEY, "spki_sha256", in->has_spki_sha256},
        {API_BLOCK_KIND_NAME, "domain", in->has_domain}};
    for (size_t i = 0; i < sizeof(MEMBERS) / sizeof(MEMBERS[0]); i++)
        if (MEMBERS[i].has != (MEMBERS[i].kind == in->kind))
            return cx_refuse(diag, CX_ERR(POLICY), MEMBERS[i].field, "block-member",
                             "A block of kind %s %s this.",
                             api_enum_name(&api_enum_block_kind, (int)in->kind),
                             MEMBERS[i].has ? "does not have" : "needs");
    return CX_OK;
}

static cx_err fill_row(struct placing *placing, const struct api_block_place_in *in)
{
    struct api_request *request = placing->request;
    struct row_issuance_block *row = &placing->row;
    *row = (struct row_issuance_block){
        .tenant_id = request->principal.tenant_id,
        .incident_id = in->incident_id,
        .kind = cx_str_from(api_enum_name(&api_enum_block_kind, (int)in->kind)),
        .has_issuer_id = in->has_issuer_id,
        .issuer_id = in->issuer_id,
        .has_profile_name = in->has_certificate_profile,
        .profile_name = in->certificate_profile,
        .has_requester_id = in->has_requester_id,
        .requester_id = in->requester_id,
        .has_spki_sha256 = in->has_spki_sha256,
        .has_domain = in->has_domain,
        .domain = in->domain,
        .placer_id = request->principal.user_id,
        .placed_us = request->now_us};
    CX_TRY(check_members(request->diag, in));
    if (in->has_spki_sha256)
        CX_TRY(page_hex_parse(request->arena, in->spki_sha256, &row->spki_sha256));
    return CX_OK;
}

static cx_err find_incident(struct store_tx *tx, struct api_request *request,
                            struct cx_id incident_id)
{
    struct incident_row incident;
    cx_err err =
        incident_find(tx, request->principal.tenant_id, incident_id, request->arena, &incident);
    return err.code == CX_E_NOTFOUND ? incident_refuse_unknown(request->diag) : err;
}

static cx_err read_trial(struct store_tx *tx, void *arg)
{
    struct placing *placing = arg;
    CX_TRY(find_incident(tx, placing->request, placing->row.incident_id));
    return block_count_recent(tx, &placing->row,
                              placing->request->now_us - INT64_C(86400) * TRIAL_DAYS * CX_US_PER_S,
                              &placing->recent_count);
}

cx_err handle_block_try(struct api_request *request, const struct api_block_try_in *in,
                        struct api_block_try_out *ret_out)
{
    /* The two operations have one body. */
    const struct api_block_place_in place = {.incident_id = in->incident_id,
                                             .kind = in->kind,
                                             .has_issuer_id = in->has_issuer_id,
                                             .issuer_id = in->issuer_id,
                                             .has_certificate_profile = in->has_certificate_profile,
                                             .certificate_profile = in->certificate_profile,
                                             .has_requester_id = in->has_requester_id,
                                             .requester_id = in->requester_id,
                                             .has_spki_sha256 = in->has_spki_sha256,
                                             .spki_sha256 = in->spki_sha256,
                                             .has_domain = in->has_domain,
                                             .domain = in->domain,
                                             .reason = in->reason};
    struct placing placing = {.request = request};
    CX_TRY(fill_row(&placing, &place));
    CX_TRY(store_read(request->core->store, read_trial, &placing));
    ret_out->body =
        (struct api_block_trial){.recent_count = placing.recent_count, .days = TRIAL_DAYS};
    return CX_OK;
}

static cx_err write_block(struct store_tx *tx, void *arg)
{
    struct placing *placing = arg;
    struct api_request *request = placing->request;
    int64_t standing = 0;
    CX_TRY(find_incident(tx, request, placing->row.incident_id));
    CX_TRY(block_count_standing(tx, placing->row.tenant_id, &standing));
    if (standing >= BLOCKS_MAX)
        return cx_refuse(request->diag, CX_ERR(LIMIT), "kind", "block-limit",
                         "%d blocks stand, the most there can be: stop something larger.",
                         BLOCKS_MAX);
    cx_err err = row_issuance_block_insert(tx, &placing->row);
    if (err.code == CX_E_CONFLICT) /* a foreign key */
        return cx_refuse(request->diag, CX_ERR(POLICY),
                         placing->row.has_issuer_id ? "issuer_id" : "requester_id",
                         "block-object-unknown", "There is no such issuer or user.");
    CX_TRY(err);
    return incident_append(tx, &placing->entry);
}

static cx_err view_of(struct api_request *request, const struct block_row *block,
                      struct api_block_view *ret_view)
{
    const struct row_issuance_block *row = &block->row;
    struct api_block_view view = {.id = row->block_id,
                                  .incident_id = row->incident_id,
                                  .kind = block->kind,
                                  .has_issuer_id = row->has_issuer_id,
                                  .issuer_id = row->issuer_id,
                                  .has_certificate_profile = row->has_profile_name,
                                  .certificate_profile = row->profile_name,
                                  .has_requester_id = row->has_requester_id,
                                  .requester_id = row->requester_id,
                                  .has_spki_sha256 = row->has_spki_sha256,
                                  .has_domain = row->has_domain,
                                  .domain = row->domain,
                                  .placer_id = row->placer_id,
                                  .placed = row->placed_us,
                                  .has_lifter_id = row->has_lifter_id,
                                  .lifter_id = row->lifter_id,
                                  .has_lifted = row->has_lifted_us,
                                  .lifted = row->lifted_us};
    struct field_place place = {request->principal.tenant_id, "issuance_block", "reason",
                                row->block_id};
    CX_TRY(field_open_text(request->core, place, row->reason, request->arena, &view.reason));
    if (row->has_spki_sha256)
        CX_TRY(page_hex_write(request->arena, row->spki_sha256, &view.spki_sha256));
    *ret_view = view;
    return CX_OK;
}

struct reading {
    struct api_request *request;
    struct cx_id block_id;
    bool lifted_too;
    struct page_key after;
    size_t limit, count;
    struct block_row *rows;
};

static cx_err read_one(struct store_tx *tx, void *arg)
{
    struct reading *reading = arg;
    return block_find(tx, reading->request->principal.tenant_id, reading->block_id,
                      reading->request->arena, reading->rows);
}

static cx_err load_one(struct api_request *request, struct cx_id block_id,
                       struct block_row *ret_row)
{
    struct reading reading = {.request = request, .block_id = block_id, .rows = ret_row};
    cx_err err = store_read(request->core->store, read_one, &reading);
    if (err.code == CX_E_NOTFOUND)
        return cx_refuse(request->diag, err, "block_id", "block-unknown",
                         "There is no such block.");
    return err;
}

static cx_err prepare_entry(struct api_request *request, struct cx_id incident_id,
                            enum incident_kind kind, struct cx_id block_id, struct cx_str reason,
                            struct row_incident_entry *ret_row)
{
    struct entry_draft draft = {.tenant_id = request->principal.tenant_id,
                                .incident_id = incident_id,
                                .actor_id = request->principal.user_id,
                                .kind = kind,
                                .at_us = request->now_us,
                                .now_us = request->now_us,
                                .detail = reason};
    CX_TRY(field_id_text(request->arena, CX_ID_BLOCK, block_id, &draft.subject));
    return incident_entry_prepare(request->core, request->arena, &draft, ret_row);
}

cx_err handle_block_place(struct api_request *request, const struct api_block_place_in *in,
                          struct api_block_place_out *ret_out)
{
    struct placing placing = {.request = request};
    struct row_issuance_block *row = &placing.row;
    struct block_row stored;
    CX_TRY(fill_row(&placing, in));
    CX_TRY(cx_id_new_at(request->core->rng, request->now_us, &row->block_id));
    struct field_place place = {row->tenant_id, "issuance_block", "reason", row->block_id};
    CX_TRY(field_seal_text(request->core, place, in->reason, request->arena, &row->reason));
    CX_TRY(prepare_entry(request, in->incident_id, KIND_ISSUANCE_STOPPED, row->block_id, in->reason,
                         &placing.entry));
    struct field_detail details[] = {{"kind", row->kind}, {"reason", in->reason}};
    struct audit_event event = {.object_type = CX_ID_BLOCK, .object_id = row->block_id};
    CX_TRY(field_details(request->arena, details, 2, &event.details));
    CX_TRY(api_commit(request, &event, write_block, &placing));
    CX_TRY(load_one(request, row->block_id, &stored));
    return view_of(request, &stored, &ret_out->body);
}

static cx_err read_page(struct store_tx *tx, void *arg)
{
    struct reading *reading = arg;
    return block_page(tx, reading->request->principal.tenant_id, reading->lifted_too,
                      &reading->after, reading->limit, reading->request->arena, reading->rows,
                      &reading->count);
}

cx_err handle_block_list(struct api_request *request, const struct api_block_list_in *in,
                         struct api_block_list_out *ret_out)
{
    struct reading reading = {
        .request = request, .lifted_too = in->lifted, .limit = (size_t)in->limit};
    struct api_block_view *items = NULL;
    CX_TRY(page_cursor_parse("block", in->cursor, request->diag, &reading.after));
    CX_TRY(ARENA_NEW_ARRAY(request->arena, reading.limit, &reading.rows));
    CX_TRY(store_read(request->core->store, read_page, &reading));
    CX_TRY(ARENA_NEW_ARRAY(request->arena, reading.count, &items));
    for (size_t i = 0; i < reading.count; i++)
        CX_TRY(view_of(request, &reading.rows[i], &items[i]));
    struct api_block_page page = {.items = items, .items_count = reading.count};
    page.has_next_cursor = reading.count == reading.limit;
    if (page.has_next_cursor) {
        const struct row_issuance_block *last = &reading.rows[reading.count - 1].row;
        const struct page_key key = {last->placed_us, last->block_id};
        CX_TRY(page_cursor_write(request->arena, "block", &key, &page.next_cursor));
    }
    ret_out->body = page;
    return CX_OK;
}

struct lifting {
    struct api_request *request;
    struct cx_id block_id;
    struct row_incident_entry entry;
};

static cx_err write_lifting(struct store_tx *tx, void *arg)
{
    struct lifting *lifting = arg;
    struct api_request *request = lifting->request;
    cx_err err = block_set_lifted(tx, request->principal.tenant_id, lifting->block_id,
                                  request->principal.user_id, request->now_us);
    if (err.code == CX_E_CONFLICT)
        return cx_refuse(request->diag, err, "block_id", "block-lifted", "It is lifted already.");
    CX_TRY(err);
    return incident_append(tx, &lifting->entry);
}

cx_err handle_block_lift(struct api_request *request, const struct api_block_lift_in *in,
                         struct api_block_lift_out *ret_out)
{
    struct lifting lifting = {.request = request, .block_id = in->block_id};
    struct block_row block;
    CX_TRY(load_one(request, in->block_id, &block));
    if (cx_id_eq(block.row.placer_id, request->principal.user_id))
        return cx_refuse(request->diag, CX_ERR(DENIED), "block_id", "placer-lifts",
                         "You placed this block: somebody else has to lift it.");
    CX_TRY(prepare_entry(request, block.row.incident_id, KIND_ISSUANCE_RESUMED, in->block_id,
                         in->reason, &lifting.entry));
    struct field_detail details[] = {{"reason", in->reason}};
    struct audit_event event = {.object_type = CX_ID_BLOCK, .object_id = in->block_id};
    CX_TRY(field_details(request->arena, details, 1, &event.details));
    CX_TRY(api_commit(request, &event, write_lifting, &lifting));
    CX_TRY(load_one(request, in->block_id, &block));
    return view_of(request, &block, &ret_out->body);
}
