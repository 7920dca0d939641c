/* The parts of an incident's account: adding, changing by a new version, listing, and confirming completed action items. */
#include "api_routes.h"
#include "base/cleanup.h"
#include "core/api/encode.h"
#include "core/field.h"
#include "core/incident/account.h"
#include "core/incident/view.h"

struct writing {
    struct api_request *request;
    struct row_incident_part row;
    const struct api_part_content *content;
    enum api_part_kind kind;
    int64_t number,
        version; /* of a change: the part, and its version that was read; 0: a new part */
    struct row_incident_entry entry; /* of an action item */
};

static cx_err refuse_part(struct cx_diag *diag)
{
    return cx_refuse(diag, CX_ERR(NOTFOUND), "number", "part-unknown",
                     "The incident has no such part.");
}

static const struct part *find(const struct part *parts, size_t count, int64_t number)
{
    for (size_t i = 0; i < count; i++)
        if (parts[i].number == number)
            return &parts[i];
    return NULL;
}

/* An action item answers parts that are there; checked with those read in the same transaction. */
static cx_err check_answers(const struct writing *writing, const struct part *parts, size_t count)
{
    const struct api_part_content *content = writing->content;
    for (size_t i = 0; i < content->answers_count; i++) {
        const struct part *part = find(parts, count, content->answers[i]);
        if (!part || part->kind == API_PART_KIND_ACTION || part_kind_is_single(part->kind))
            return cx_refuse(writing->request->diag, CX_ERR(POLICY), "content.answers",
                             "part-answered",
                             "%lld is no contributing factor and no lesson of this incident.",
                             (long long)content->answers[i]);
    }
    return CX_OK;
}

static cx_err place_new(struct store_tx *tx, struct writing *writing, const struct part *parts,
                        size_t count)
{
    struct row_incident_part *row = &writing->row;
    struct cx_diag *diag = writing->request->diag;
    int64_t last = 0;
    for (size_t i = 0; part_kind_is_single(writing->kind) && i < count; i++)
        if (parts[i].kind == writing->kind)
            return cx_refuse(diag, CX_ERR(CONFLICT), "kind", "part-single",
                             "The incident has this part: change part %lld.",
                             (long long)parts[i].number);
    CX_TRY(part_last_number(tx, row->tenant_id, row->incident_id, &last));
    if (last >= PARTS_MAX)
        return cx_refuse(diag, CX_ERR(LIMIT), "kind", "part-limit",
                         "The account has %d parts, the most there can be.", PARTS_MAX);
    row->number = last + 1;
    row->version = 1;
    return CX_OK;
}

static cx_err place_change(struct writing *writing, const struct part *parts, size_t count)
{
    struct cx_diag *diag = writing->request->diag;
    const struct part *part = find(parts, count, writing->number);
    if (!part)
        return refuse_part(diag);
    if (part->version != writing->version)
        return cx_refuse(diag, CX_ERR(CONFLICT), "version", "part-changed",
                         "Version %lld was added meanwhile: read it first.",
                         (long long)part->version);
    if (part->version >= PARTS_MAX)
        return cx_refuse(diag, CX_ERR(LIMIT), "version", "part-limit",
                         "The part has %d versions, the most there can be.", PARTS_MAX);
    writing->row.number = part->number;
    writing->row.version = part->version + 1;
    return CX_OK;
}

static cx_err write_part(struct store_tx *tx, void *arg)
{
    struct writing *writing = arg;
    struct api_request *request = writing->request;
    struct row_incident_part *row = &writing->row;
    struct incident_row incident;
    struct part *parts = NULL;
    size_t count = 0;
    cx_err err = incident_find(tx, row->tenant_id, row->incident_id, request->arena, &incident);
    if (err.code == CX_E_NOTFOUND)
        return incident_refuse_unknown(request->diag);
    CX_TRY(err);
    if (incident.state == INCIDENT_MERGED || incident.state == INCIDENT_CLOSED)
        return cx_refuse(request->diag, CX_ERR(CONFLICT), "incident_id", "incident-ended",
                         "The incident is %s: reopen it first.",
                         incident_state_name(incident.state));
    CX_TRY(ARENA_NEW_ARRAY(request->arena, PARTS_MAX, &parts));
    CX_TRY(part_list(tx, row->tenant_id, row->incident_id, 0, request->arena, parts, &count));
    CX_TRY(check_answers(writing, parts, count));
    CX_TRY(writing->number ? place_change(writing, parts, count)
                           : place_new(tx, writing, parts, count));
    CX_TRY(row_incident_part_insert(tx, row));
    return writing->kind == API_PART_KIND_ACTION ? incident_append(tx, &writing->entry) : CX_OK;
}

static cx_err seal_content(struct writing *writing)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf json = CX_BUF_INIT(PART_CONTENT_MAX);
    struct api_request *request = writing->request;
    struct row_incident_part *row = &writing->row;
    struct field_place place = {row->tenant_id, "incident_part", "content", row->version_id};
    CX_TRY(api_encode(&api_schema_part_content, writing->content, &json));
    return field_seal(request->core, place, cx_buf_view(&json), request->arena, &row->content);
}

static cx_err prepare(struct writing *writing, struct cx_id incident_id)
{
    struct api_request *request = writing->request;
    const char *kind = api_enum_name(&api_enum_part_kind, writing->kind);
    writing->row = (struct row_incident_part){.tenant_id = request->principal.tenant_id,
                                              .incident_id = incident_id,
                                              .kind = cx_str_from(kind),
                                              .author_id = request->principal.user_id,
                                              .created_us = request->now_us};
    const struct entry_draft draft = {.tenant_id = request->principal.tenant_id,
                                      .incident_id = incident_id,
                                      .actor_id = request->principal.user_id,
                                      .kind = KIND_ACTION_ITEM_CHANGED,
                                      .at_us = request->now_us,
                                      .now_us = request->now_us,
                                      .detail = writing->content->title};
    CX_TRY(part_check(writing->kind, writing->content, request->diag));
    CX_TRY(cx_id_new_at(request->core->rng, request->now_us, &writing->row.version_id));
    CX_TRY(seal_content(writing));
    return incident_entry_prepare(request->core, request->arena, &draft, &writing->entry);
}

static struct api_part_view view_of(const struct part *part)
{
    return (struct api_part_view){.number = part->number,
                                  .version = part->version,
                                  .kind = part->kind,
                                  .content = part->content,
                                  .author_id = part->author_id,
                                  .created = part->created_us};
}

static cx_err write_and_view(struct writing *writing, struct api_part_view *ret_view)
{
    struct api_request *request = writing->request;
    struct row_incident_part *row = &writing->row;
    struct field_detail details[] = {{"kind", row->kind}};
    struct audit_event event = {.object_type = CX_ID_INCIDENT, .object_id = row->incident_id};
    CX_TRY(field_details(request->arena, details, 1, &event.details));
    CX_TRY(api_commit(request, &event, write_part, writing));
    const struct part part = {.number = row->number,
                              .version = row->version,
                              .kind = writing->kind,
                              .content = *writing->content,
                              .author_id = row->author_id,
                              .created_us = row->created_us};
    *ret_view = view_of(&part);
    return CX_OK;
}

cx_err handle_incident_part_add(struct api_request *request,
                                const struct api_incident_part_add_in *in,
                                struct api_incident_part_add_out *ret_out)
{
    struct writing writing = {.request = request, .content = &in->content, .kind = in->kind};
    CX_TRY(prepare(&writing, in->incident_id));
    return write_and_view(&writing, &ret_out->body);
}

struct listing {
    struct api_request *request;
    struct cx_id incident_id;
    int64_t number;
    struct part *parts;
    size_t count;
};

static cx_err read_parts(struct store_tx *tx, void *arg)
{
    struct listing *listing = arg;
    struct api_request *request = listing->request;
    struct incident_row incident;
    struct cx_id tenant_id = request->principal.tenant_id;
    cx_err err = incident_find(tx, tenant_id, listing->incident_id, request->arena, &incident);
    if (err.code == CX_E_NOTFOUND)
        return incident_refuse_unknown(request->diag);
    CX_TRY(err);
    return part_list(tx, tenant_id, listing->incident_id, listing->number, request->arena,
                     listing->parts, &listing->count);
}

/* number 0: the newest of all. */
static cx_err load_parts(struct listing *listing)
{
    struct api_request *request = listing->request;
    CX_TRY(ARENA_NEW_ARRAY(request->arena, PARTS_MAX, &listing->parts));
    CX_TRY(store_read(request->core->store, read_parts, listing));
    for (size_t i = 0; i < listing->count; i++)
        CX_TRY(part_open(request->core, request->principal.tenant_id, request->arena,
                         &listing->parts[i]));
    return CX_OK;
}

cx_err handle_incident_part_change(struct api_request *request,
                                   const struct api_incident_part_change_in *in,
                                   struct api_incident_part_change_out *ret_out)
{
    struct listing listing = {
        .request = request, .incident_id = in->incident_id, .number = in->number};
    struct writing writing = {
        .request = request, .content = &in->content, .number = in->number, .version = in->version};
    CX_TRY(load_parts(&listing));
    if (listing.count == 0)
        return refuse_part(request->diag);
    writing.kind = listing.parts[0].kind; /* a part keeps its kind */
    CX_TRY(prepare(&writing, in->incident_id));
    return write_and_view(&writing, &ret_out->body);
}

cx_err handle_incident_parts(struct api_request *request, const struct api_incident_parts_in *in,
                             struct api_incident_parts_out *ret_out)
{
    struct api_part_view *items = NULL;
    struct listing listing = {.request = request,
                              .incident_id = in->incident_id,
                              .number = in->has_number ? in->number : 0};
    CX_TRY(load_parts(&listing));
    CX_TRY(ARENA_NEW_ARRAY(request->arena, listing.count, &items));
    for (size_t i = 0; i < listing.count; i++)
        items[i] = view_of(&listing.parts[i]);
    ret_out->body = (struct api_part_list){.items = items, .items_count = listing.count};
    return CX_OK;
}

struct validating {
    struct api_request *request;
    int64_t number;
    struct row_incident_sign_off row;
};

static cx_err write_validation(struct store_tx *tx, void *arg)
{
    struct validating *validating = arg;
    struct api_request *request = validating->request;
    struct part *parts = NULL;
    size_t count = 0;
    CX_TRY(ARENA_NEW_ARRAY(request->arena, PARTS_MAX, &parts));
    CX_TRY(part_list(tx, validating->row.tenant_id, validating->row.incident_id,
                     validating->row.number, request->arena, parts, &count));
    if (count == 0 || parts[count - 1].version != validating->row.version)
        return cx_refuse(request->diag, CX_ERR(CONFLICT), "version", "part-changed",
                         "Another version was added meanwhile: read it first.");
    return row_incident_sign_off_insert(tx, &validating->row);
}

static cx_err check_validator(struct api_request *request, const struct listing *listing)
{
    const struct part *last = listing->count ? &listing->parts[listing->count - 1] : NULL;
    if (!last || last->kind != API_PART_KIND_ACTION)
        return cx_refuse(request->diag, CX_ERR(NOTFOUND), "number", "part-unknown",
                         "The incident has no action item with this number.");
    if (last->content.status != API_ACTION_STATUS_COMPLETE)
        return cx_refuse(request->diag, CX_ERR(POLICY), "number", "action-open",
                         "The action item is not complete.");
    if (part_is_of(listing->parts, listing->count, request->principal.user_id))
        return cx_refuse(request->diag, CX_ERR(DENIED), "number", "remediator-validates",
                         "You own this action item or wrote it: somebody else has to confirm it.");
    return CX_OK;
}

cx_err handle_incident_part_validate(struct api_request *request,
                                     const struct api_incident_part_validate_in *in,
                                     struct api_incident_part_validate_out *ret_out)
{
    struct listing listing = {
        .request = request, .incident_id = in->incident_id, .number = in->number};
    struct validating validating = {.request = request,
                                    .row = {.tenant_id = request->principal.tenant_id,
                                            .incident_id = in->incident_id,
                                            .side = CX_STR("validation"),
                                            .number = in->number,
                                            .version = in->version,
                                            .signer_id = request->principal.user_id,
                                            .created_us = request->now_us}};
    struct row_incident_sign_off *row = &validating.row;
    CX_TRY(load_parts(&listing));
    CX_TRY(check_validator(request, &listing));
    CX_TRY(cx_id_new_at(request->core->rng, request->now_us, &row->sign_off_id));
    struct field_place place = {row->tenant_id, "incident_sign_off", "comment", row->sign_off_id};
    CX_TRY(field_seal_text(request->core, place, in->comment, request->arena, &row->comment));
    struct audit_event event = {.object_type = CX_ID_INCIDENT, .object_id = in->incident_id};
    CX_TRY(api_commit(request, &event, write_validation, &validating));
    ret_out->body = view_of(&listing.parts[listing.count - 1]);
    return CX_OK;
}
