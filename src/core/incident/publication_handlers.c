/*
 * Public texts: preview with what is missing, the text as it was rendered, approval by somebody else, and where it was
 * posted. Posting is core/tracker's, or done by people: what is said in public stays public.
 */
#include "api_routes.h"
#include "base/cleanup.h"
#include "core/field.h"
#include "core/incident/gate.h"
#include "core/incident/posting.h"
#include "core/incident/publication_text.h"
#include "core/incident/view.h"
#include "crypto/hash.h"

static cx_err render(struct api_request *request, const struct account *account,
                     enum api_publication_form form, struct cx_str *ret_text)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf out = CX_BUF_INIT(PUBLICATION_MARKDOWN_MAX);
    CX_TRY(publication_text(account, form, &out));
    return arena_copy_str(request->arena, (struct cx_str){(const char *)out.ptr, out.len},
                          ret_text);
}

cx_err handle_incident_preview(struct api_request *request,
                               const struct api_incident_preview_in *in,
                               struct api_incident_preview_out *ret_out)
{
    struct account *account = NULL;
    struct gap_list gaps = {0};
    struct api_publication_preview *view = &ret_out->body;
    CX_TRY(account_read(request, in->incident_id, &account));
    CX_TRY(render(request, account, in->form, &view->text));
    CX_TRY(gate_publication(account, in->form, view->text, request->arena, &gaps));
    view->template = publication_template(in->form);
    return gaps_view(request->arena, &gaps, &view->gaps, &view->gaps_count);
}

struct publishing {
    struct api_request *request;
    struct row_incident_publication row;
};

static cx_err write_publication(struct store_tx *tx, void *arg)
{
    struct publishing *publishing = arg;
    return row_incident_publication_insert(tx, &publishing->row);
}

static cx_err prepare_row(struct api_request *request, struct cx_id incident_id,
                          enum api_publication_form form, struct cx_str text,
                          struct row_incident_publication *row)
{
    uint8_t digest[CRYPTO_SHA256_LEN];
    *row = (struct row_incident_publication){
        .tenant_id = request->principal.tenant_id,
        .incident_id = incident_id,
        .text_form = cx_str_from(api_enum_name(&api_enum_publication_form, form)),
        .template = publication_template(form),
        .author_id = request->principal.user_id,
        .created_us = request->now_us};
    CX_TRY(cx_id_new_at(request->core->rng, request->now_us, &row->publication_id));
    CX_TRY(crypto_sha256(cx_str_bytes(text), digest));
    CX_TRY(arena_copy(request->arena, CX_BYTES(digest, sizeof(digest)), &row->sha256));
    struct field_place place = {row->tenant_id, "incident_publication", "body",
                                row->publication_id};
    return field_seal_text(request->core, place, text, request->arena, &row->body);
}

static cx_err view_of(struct api_request *request, const struct publication *row,
                      struct api_publication_view *ret_view)
{
    struct api_publication_view view = {
        .id = row->publication_id,
        .form = row->form,
        .template = row->template_name,
        .author_id = row->author_id,
        .created = row->created_us,
        .has_approver_id = !cx_id_is_zero(row->approver_id),
        .approver_id = row->approver_id,
        .has_approved = row->approved_us > 0,
        .approved = row->approved_us,
        .has_url = row->url.len > 0,
        .url = row->url,
        .has_posted = row->posted_us > 0,
        .posted = row->posted_us,
    };
    struct field_place place = {request->principal.tenant_id, "incident_publication", "body",
                                row->publication_id};
    CX_TRY(field_open_text(request->core, place, row->body, request->arena, &view.text));
    CX_TRY(page_hex_write(request->arena, row->sha256, &view.sha256));
    *ret_view = view;
    return CX_OK;
}

struct reading {
    struct api_request *request;
    struct cx_id incident_id;
    struct publication *rows;
    size_t count;
};

static cx_err read_publications(struct store_tx *tx, void *arg)
{
    struct reading *reading = arg;
    struct api_request *request = reading->request;
    struct incident_row incident;
    struct cx_id tenant_id = request->principal.tenant_id;
    cx_err err = incident_find(tx, tenant_id, reading->incident_id, request->arena, &incident);
    if (err.code == CX_E_NOTFOUND)
        return incident_refuse_unknown(request->diag);
    CX_TRY(err);
    return publication_list(tx, tenant_id, reading->incident_id, request->arena, reading->rows,
                            &reading->count);
}

struct finding {
    struct api_request *request;
    struct cx_id incident_id, publication_id;
    struct publication *row;
};

static cx_err find_one(struct store_tx *tx, void *arg)
{
    struct finding *finding = arg;
    return publication_find(tx, finding->request->principal.tenant_id, finding->incident_id,
                            finding->publication_id, finding->request->arena, finding->row);
}

static cx_err load_one(struct api_request *request, struct cx_id incident_id,
                       struct cx_id publication_id, struct publication *ret_row)
{
    struct finding finding = {request, incident_id, publication_id, ret_row};
    cx_err err = store_read(request->core->store, find_one, &finding);
    if (err.code == CX_E_NOTFOUND)
        return cx_refuse(request->diag, err, "publication_id", "publication-unknown",
                         "The incident has no such publication.");
    return err;
}

static cx_err show(struct api_request *request, struct cx_id incident_id,
                   struct cx_id publication_id, struct api_publication_view *ret_view)
{
    struct publication row;
    CX_TRY(load_one(request, incident_id, publication_id, &row));
    return view_of(request, &row, ret_view);
}

cx_err handle_incident_publish(struct api_request *request,
                               const struct api_incident_publish_in *in,
                               struct api_incident_publish_out *ret_out)
{
    struct publishing publishing = {.request = request};
    struct account *account = NULL;
    struct gap_list gaps = {0};
    struct cx_str text = CX_STR_NONE;
    CX_TRY(account_read(request, in->incident_id, &account));
    CX_TRY(render(request, account, in->form, &text));
    CX_TRY(gate_publication(account, in->form, text, request->arena, &gaps));
    if (gaps.count > 0)
        return cx_refuse(request->diag, CX_ERR(POLICY), "form", gaps.gaps[0].gate,
                         "%.*s (%zu things are missing: see the preview.)",
                         CX_STR_ARG(gaps.gaps[0].text), gaps.count);
    CX_TRY(prepare_row(request, in->incident_id, in->form, text, &publishing.row));
    struct field_detail details[] = {{"form", publishing.row.text_form}};
    struct audit_event event = {.object_type = CX_ID_INCIDENT, .object_id = in->incident_id};
    CX_TRY(field_details(request->arena, details, 1, &event.details));
    CX_TRY(api_commit(request, &event, write_publication, &publishing));
    return show(request, in->incident_id, publishing.row.publication_id, &ret_out->body);
}

cx_err handle_incident_publications(struct api_request *request,
                                    const struct api_incident_publications_in *in,
                                    struct api_incident_publications_out *ret_out)
{
    struct reading reading = {.request = request, .incident_id = in->incident_id};
    struct api_publication_view *items = NULL;
    CX_TRY(ARENA_NEW_ARRAY(request->arena, PUBLICATIONS_MAX, &reading.rows));
    CX_TRY(store_read(request->core->store, read_publications, &reading));
    CX_TRY(ARENA_NEW_ARRAY(request->arena, reading.count, &items));
    for (size_t i = 0; i < reading.count; i++)
        CX_TRY(view_of(request, &reading.rows[i], &items[i]));
    ret_out->body = (struct api_publication_list){.items = items, .items_count = reading.count};
    return CX_OK;
}

struct approving {
    struct api_request *request;
    struct cx_id publication_id;
};

static cx_err write_approval(struct store_tx *tx, void *arg)
{
    struct approving *approving = arg;
    struct api_request *request = approving->request;
    cx_err err =
        publication_set_approved(tx, request->principal.tenant_id, approving->publication_id,
                                 request->principal.user_id, request->now_us);
    if (err.code == CX_E_CONFLICT)
        return cx_refuse(request->diag, err, "publication_id", "publication-approved",
                         "It is approved already.");
    return err;
}

cx_err handle_incident_publication_approve(struct api_request *request,
                                           const struct api_incident_publication_approve_in *in,
                                           struct api_incident_publication_approve_out *ret_out)
{
    struct approving approving = {request, in->publication_id};
    struct publication row;
    struct cx_str sha256 = CX_STR_NONE;
    CX_TRY(load_one(request, in->incident_id, in->publication_id, &row));
    CX_TRY(page_hex_write(request->arena, row.sha256, &sha256));
    if (cx_id_eq(row.author_id, request->principal.user_id))
        return cx_refuse(request->diag, CX_ERR(DENIED), "publication_id", "author-approves",
                         "You made this text: somebody else has to approve it.");
    if (!cx_str_eq(sha256, in->sha256))
        return cx_refuse(request->diag, CX_ERR(CONFLICT), "sha256", "publication-text",
                         "That is the hash of another text: read this one first.");
    struct field_detail details[] = {{"sha256", sha256}};
    struct audit_event event = {.object_type = CX_ID_INCIDENT, .object_id = in->incident_id};
    CX_TRY(field_details(request->arena, details, 1, &event.details));
    CX_TRY(api_commit(request, &event, write_approval, &approving));
    return show(request, in->incident_id, in->publication_id, &ret_out->body);
}

struct telling {
    struct api_request *request;
    const struct api_incident_publication_posted_in *in;
    struct posting posting;
};

static cx_err write_posting(struct store_tx *tx, void *arg)
{
    struct telling *telling = arg;
    cx_err err = posting_write(tx, &telling->posting);
    if (err.code == CX_E_CONFLICT)
        return cx_refuse(telling->request->diag, err, "publication_id", "publication-state",
                         "It is not approved yet, or was posted already.");
    return err;
}

static cx_err check_posting(const struct telling *telling, const struct publication *row)
{
    struct cx_diag *diag = telling->request->diag;
    cx_time at_us = telling->posting.at_us;
    bool mail = row->form >= API_PUBLICATION_FORM_MICROSOFT_INITIAL;
    if (!cx_str_starts(telling->in->url, mail ? CX_STR("mailto:") : CX_STR("https://")))
        return cx_refuse(diag, CX_ERR(POLICY), "url", "url-https",
                         "Give the https address at which everybody can read it; of a text that "
                         "is sent by mail, mailto: and whom it went to.");
    if (at_us > telling->request->now_us)
        return cx_refuse(diag, CX_ERR(POLICY), "at", "time-in-future",
                         "What is recorded has happened: the time is later than now.");
    if (row->approved_us == 0 || at_us < row->approved_us)
        return cx_refuse(diag, CX_ERR(POLICY), "at", "publication-unapproved",
                         "It was not approved then.");
    return CX_OK;
}

cx_err handle_incident_publication_posted(struct api_request *request,
                                          const struct api_incident_publication_posted_in *in,
                                          struct api_incident_publication_posted_out *ret_out)
{
    struct publication row;
    struct telling telling = {.request = request,
                              .in = in,
                              .posting = {.core = request->core,
                                          .arena = request->arena,
                                          .tenant_id = request->principal.tenant_id,
                                          .incident_id = in->incident_id,
                                          .publication_id = in->publication_id,
                                          .actor_id = request->principal.user_id,
                                          .url = in->url,
                                          .at_us = in->has_at ? in->at : request->now_us,
                                          .now_us = request->now_us}};
    CX_TRY(load_one(request, in->incident_id, in->publication_id, &row));
    CX_TRY(check_posting(&telling, &row));
    telling.posting.kind = posting_kind(row.form, false);
    CX_TRY(posting_prepare(&telling.posting));
    struct field_detail details[] = {{"url", in->url}};
    struct audit_event event = {.object_type = CX_ID_INCIDENT, .object_id = in->incident_id};
    CX_TRY(field_details(request->arena, details, 1, &event.details));
    CX_TRY(api_commit(request, &event, write_posting, &telling));
    return show(request, in->incident_id, in->publication_id, &ret_out->body);
}
