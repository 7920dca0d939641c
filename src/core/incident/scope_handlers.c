/* What an incident reaches: queries over the certificates, kept with what they found. */
#include "api_routes.h"
#include "base/cleanup.h"
#include "core/field.h"
#include "core/incident/scope_store.h"
#include "core/incident/view.h"
#include "core/inventory/search_store.h"

struct scoping {
    struct api_request *request;
    struct row_incident_scope row;
    const struct cx_bytes *serials;
    size_t serial_count;
    bool repeats; /* no filter of its own: that of the scope it corrects */
    struct row_incident_entry entry;
};

static cx_err refuse_scope(struct cx_diag *diag)
{
    return cx_refuse(diag, CX_ERR(NOTFOUND), "scope_id", "scope-unknown",
                     "The incident has no such scope.");
}

/* A scope finds certificates wherever they lie. Who sees only those of some groups must not learn of the others by way of
 * an incident. */
static cx_err check_sees_all(const struct api_request *request)
{
    if (access_may(&request->principal, PERMISSION_CERTIFICATE_READ, NULL))
        return CX_OK;
    return cx_refuse(request->diag, CX_ERR(DENIED), "", "scope-all-needed",
                     "This shows certificates of the whole tenant: it needs the right to read "
                     "them everywhere.");
}

static cx_err split_serials(struct scoping *scoping)
{
    struct arena *arena = scoping->request->arena;
    struct cx_str rest = scoping->row.serials;
    struct cx_bytes *serials = NULL;
    CX_TRY(ARENA_NEW_ARRAY(arena, SCOPE_SERIALS_MAX, &serials));
    scoping->serial_count = 0;
    while (rest.len && scoping->serial_count < SCOPE_SERIALS_MAX) {
        const char *space = memchr(rest.ptr, ' ', rest.len);
        size_t len = space ? (size_t)(space - rest.ptr) : rest.len;
        struct cx_str one = {rest.ptr, len};
        CX_TRY(page_hex_parse(arena, one, &serials[scoping->serial_count++]));
        size_t skip = space ? len + 1 : len;
        rest = (struct cx_str){rest.ptr + skip, rest.len - skip};
    }
    scoping->serials = serials;
    return CX_OK;
}

static cx_err copy_query(struct store_tx *tx, struct scoping *scoping)
{
    struct scope_row earlier;
    struct row_incident_scope *row = &scoping->row;
    cx_err err = scope_find(tx, row->tenant_id, row->incident_id, row->corrects_id,
                            scoping->request->arena, &earlier);
    if (err.code == CX_E_NOTFOUND)
        return cx_refuse(scoping->request->diag, CX_ERR(POLICY), "corrects_id", "scope-unknown",
                         "The incident has no such scope.");
    CX_TRY(err);
    if (!scoping->repeats)
        return CX_OK;
    struct row_incident_scope copy = earlier.row;
    copy.scope_id = row->scope_id;
    copy.has_corrects_id = true;
    copy.corrects_id = row->corrects_id;
    copy.comment = row->comment;
    copy.creator_id = row->creator_id;
    copy.created_us = row->created_us;
    *row = copy;
    return split_serials(scoping);
}

static cx_err write_scope(struct store_tx *tx, void *arg)
{
    struct scoping *scoping = arg;
    struct incident_row incident;
    CX_TRY(check_sees_all(scoping->request)); /* here: with the rights of this transaction */
    cx_err err = incident_find(tx, scoping->row.tenant_id, scoping->row.incident_id,
                               scoping->request->arena, &incident);
    if (err.code == CX_E_NOTFOUND)
        return incident_refuse_unknown(scoping->request->diag);
    CX_TRY(err);
    if (scoping->row.has_corrects_id)
        CX_TRY(copy_query(tx, scoping));
    CX_TRY(scope_run(tx, &scoping->row, scoping->serials, scoping->serial_count));
    return incident_append(tx, &scoping->entry);
}

static cx_err read_filters(struct scoping *scoping, const struct api_incident_scope_in *in)
{
    struct api_request *request = scoping->request;
    struct row_incident_scope *row = &scoping->row;
    CX_CLEANUP(cx_buf_clear) struct cx_buf text = CX_BUF_INIT(SCOPE_SERIALS_MAX * 42);
    *row = (struct row_incident_scope){.tenant_id = request->principal.tenant_id,
                                       .incident_id = in->incident_id,
                                       .has_corrects_id = in->has_corrects_id,
                                       .corrects_id = in->corrects_id,
                                       .has_issuer_id = in->has_issuer_id,
                                       .issuer_id = in->issuer_id,
                                       .has_profile_name = in->has_certificate_profile,
                                       .profile_name = in->certificate_profile,
                                       .has_requester_id = in->has_requester_id,
                                       .requester_id = in->requester_id,
                                       .has_spki_sha256 = in->has_spki_sha256,
                                       .has_issued_after_us = in->has_issued_after,
                                       .issued_after_us = in->issued_after,
                                       .has_issued_before_us = in->has_issued_before,
                                       .issued_before_us = in->issued_before,
                                       .creator_id = request->principal.user_id,
                                       .created_us = request->now_us};
    bool some = in->has_issuer_id || in->has_certificate_profile || in->has_requester_id ||
                in->has_spki_sha256 || in->has_issued_after || in->has_issued_before ||
                in->serials_count;
    scoping->repeats = !some && in->has_corrects_id;
    if (!some && !in->has_corrects_id)
        return cx_refuse(request->diag, CX_ERR(POLICY), "", "scope-filter",
                         "Give a filter, or the scope whose query is to be run again.");
    for (size_t i = 0; i < in->serials_count; i++) {
        for (size_t j = 0; j < i; j++)
            if (cx_str_eq(in->serials[i], in->serials[j]))
                return cx_refuse(request->diag, CX_ERR(POLICY), "serials", "duplicate",
                                 "A serial number is listed twice.");
        if (in->serials[i].len % 2)
            return cx_refuse(request->diag, CX_ERR(PARSE), "serials", "hex-form",
                             "Write an even number of hexadecimal digits.");
        CX_TRY(cx_buf_addf(&text, "%s%.*s", i ? " " : "", CX_STR_ARG(in->serials[i])));
    }
    CX_TRY(arena_copy_str(request->arena, (struct cx_str){(const char *)text.ptr, text.len},
                          &row->serials));
    if (in->has_spki_sha256)
        CX_TRY(page_hex_parse(request->arena, in->spki_sha256, &row->spki_sha256));
    return split_serials(scoping);
}

struct reading {
    struct api_request *request;
    struct cx_id incident_id;
    struct cx_id ids[SCOPES_MAX];
    size_t count;
    struct scope_row *scopes;
};

static cx_err read_scopes(struct store_tx *tx, void *arg)
{
    struct reading *reading = arg;
    struct api_request *request = reading->request;
    struct cx_id tenant_id = request->principal.tenant_id;
    struct incident_row incident;
    cx_err err = incident_find(tx, tenant_id, reading->incident_id, request->arena, &incident);
    if (err.code == CX_E_NOTFOUND)
        return incident_refuse_unknown(request->diag);
    CX_TRY(err);
    CX_TRY(scope_list(tx, tenant_id, reading->incident_id, reading->ids, &reading->count));
    CX_TRY(ARENA_NEW_ARRAY(request->arena, reading->count, &reading->scopes));
    for (size_t i = 0; i < reading->count; i++)
        CX_TRY(scope_find(tx, tenant_id, reading->incident_id, reading->ids[i], request->arena,
                          &reading->scopes[i]));
    return CX_OK;
}

static cx_err view_serials(struct arena *arena, struct cx_str text, struct api_scope_view *view)
{
    struct cx_str *serials = NULL;
    CX_TRY(ARENA_NEW_ARRAY(arena, SCOPE_SERIALS_MAX, &serials));
    while (text.len && view->serials_count < SCOPE_SERIALS_MAX) {
        const char *space = memchr(text.ptr, ' ', text.len);
        size_t len = space ? (size_t)(space - text.ptr) : text.len;
        serials[view->serials_count++] = (struct cx_str){text.ptr, len};
        size_t skip = space ? len + 1 : len;
        text = (struct cx_str){text.ptr + skip, text.len - skip};
    }
    view->has_serials = view->serials_count > 0;
    view->serials = serials;
    return CX_OK;
}

static cx_err view_scope(struct api_request *request, const struct scope_row *scope,
                         struct api_scope_view *ret_view)
{
    const struct row_incident_scope *row = &scope->row;
    struct field_place comment = {row->tenant_id, "incident_scope", "comment", row->scope_id};
    struct api_scope_view view = {.id = row->scope_id,
                                  .has_corrects_id = row->has_corrects_id,
                                  .corrects_id = row->corrects_id,
                                  .has_issuer_id = row->has_issuer_id,
                                  .issuer_id = row->issuer_id,
                                  .has_certificate_profile = row->has_profile_name,
                                  .certificate_profile = row->profile_name,
                                  .has_requester_id = row->has_requester_id,
                                  .requester_id = row->requester_id,
                                  .has_spki_sha256 = row->has_spki_sha256,
                                  .has_issued_after = row->has_issued_after_us,
                                  .issued_after = row->issued_after_us,
                                  .has_issued_before = row->has_issued_before_us,
                                  .issued_before = row->issued_before_us,
                                  .certificate_count = scope->certificate_count,
                                  .valid_count = scope->valid_count,
                                  .revoked_count = scope->revoked_count,
                                  .name_count = scope->name_count,
                                  .requester_count = scope->requester_count,
                                  .creator_id = row->creator_id,
                                  .created = row->created_us};
    CX_TRY(field_open_text(request->core, comment, row->comment, request->arena, &view.comment));
    if (view.has_spki_sha256)
        CX_TRY(page_hex_write(request->arena, row->spki_sha256, &view.spki_sha256));
    CX_TRY(view_serials(request->arena, row->serials, &view));
    *ret_view = view;
    return CX_OK;
}

cx_err handle_incident_scopes(struct api_request *request, const struct api_incident_scopes_in *in,
                              struct api_incident_scopes_out *ret_out)
{
    struct reading *reading = NULL;
    struct api_scope_view *items = NULL;
    CX_TRY(ARENA_NEW(request->arena, &reading));
    reading->request = request;
    reading->incident_id = in->incident_id;
    CX_TRY(store_read(request->core->store, read_scopes, reading));
    CX_TRY(ARENA_NEW_ARRAY(request->arena, reading->count, &items));
    for (size_t i = 0; i < reading->count; i++)
        CX_TRY(view_scope(request, &reading->scopes[i], &items[i]));
    ret_out->body = (struct api_scope_list){.items = items, .items_count = reading->count};
    return CX_OK;
}

struct one {
    struct api_request *request;
    struct cx_id incident_id, scope_id, after;
    struct scope_row scope;
    size_t limit, count;
    struct scope_certificate *rows;
    struct api_scope_certificate_view *views; /* NULL: only the scope itself */
};

static cx_err read_names(struct store_tx *tx, struct one *one, struct cx_id certificate_id,
                         struct api_scope_certificate_view *view)
{
    struct arena *arena = one->request->arena;
    struct search_name_row *rows = NULL;
    struct cx_str *names = NULL;
    size_t count = 0;
    CX_TRY(ARENA_NEW_ARRAY(arena, PKI_NAMES_MAX, &rows));
    CX_TRY(
        search_names(tx, one->request->principal.tenant_id, certificate_id, arena, rows, &count));
    CX_TRY(ARENA_NEW_ARRAY(arena, count, &names));
    for (size_t i = 0; i < count; i++)
        if (rows[i].value.len) /* e-mail and uri names are personal and only in the certificate */
            names[view->names_count++] = rows[i].value;
    view->names = names;
    return CX_OK;
}

static cx_err read_one(struct store_tx *tx, void *arg)
{
    struct one *one = arg;
    struct api_request *request = one->request;
    struct cx_id tenant_id = request->principal.tenant_id;
    cx_err err =
        scope_find(tx, tenant_id, one->incident_id, one->scope_id, request->arena, &one->scope);
    if (err.code == CX_E_NOTFOUND)
        return refuse_scope(request->diag);
    CX_TRY(err);
    if (one->limit == 0)
        return CX_OK;
    CX_TRY(ARENA_NEW_ARRAY(request->arena, one->limit, &one->rows));
    CX_TRY(scope_certificates(tx, tenant_id, one->scope_id, one->after, one->limit, request->arena,
                              one->rows, &one->count));
    CX_TRY(ARENA_NEW_ARRAY(request->arena, one->count, &one->views));
    for (size_t i = 0; i < one->count; i++)
        CX_TRY(read_names(tx, one, one->rows[i].certificate_id, &one->views[i]));
    return CX_OK;
}

cx_err handle_incident_scope(struct api_request *request, const struct api_incident_scope_in *in,
                             struct api_incident_scope_out *ret_out)
{
    struct scoping scoping = {.request = request};
    struct cx_str scope = CX_STR_NONE;
    CX_TRY(read_filters(&scoping, in));
    CX_TRY(cx_id_new_at(request->core->rng, request->now_us, &scoping.row.scope_id));
    CX_TRY(field_id_text(request->arena, CX_ID_SCOPE, scoping.row.scope_id, &scope));
    struct field_place comment = {scoping.row.tenant_id, "incident_scope", "comment",
                                  scoping.row.scope_id};
    CX_TRY(
        field_seal_text(request->core, comment, in->comment, request->arena, &scoping.row.comment));
    const struct entry_draft draft = {.tenant_id = scoping.row.tenant_id,
                                      .incident_id = in->incident_id,
                                      .actor_id = request->principal.user_id,
                                      .kind = in->has_corrects_id ? KIND_SCOPE_CHANGED
                                                                  : KIND_SCOPE_CONCLUDED,
                                      .at_us = request->now_us,
                                      .now_us = request->now_us,
                                      .subject = scope,
                                      .detail = in->comment};
    CX_TRY(incident_entry_prepare(request->core, request->arena, &draft, &scoping.entry));
    struct field_detail details[] = {{"scope", scope}, {"comment", in->comment}};
    struct audit_event event = {.object_type = CX_ID_INCIDENT, .object_id = in->incident_id};
    CX_TRY(field_details(request->arena, details, 2, &event.details));
    CX_TRY(api_commit(request, &event, write_scope, &scoping));
    struct one one = {
        .request = request, .incident_id = in->incident_id, .scope_id = scoping.row.scope_id};
    CX_TRY(store_read(request->core->store, read_one, &one));
    return view_scope(request, &one.scope, &ret_out->body);
}

cx_err handle_incident_scope_certificates(struct api_request *request,
                                          const struct api_incident_scope_certificates_in *in,
                                          struct api_incident_scope_certificates_out *ret_out)
{
    struct one one = {.request = request,
                      .incident_id = in->incident_id,
                      .scope_id = in->scope_id,
                      .limit = (size_t)in->limit};
    if (in->has_after)
        one.after = in->after;
    CX_TRY(check_sees_all(request));
    CX_TRY(store_read(request->core->store, read_one, &one));
    for (size_t i = 0; i < one.count; i++) {
        struct api_scope_certificate_view *view = &one.views[i];
        view->certificate_id = one.rows[i].certificate_id;
        view->has_requester_id = !cx_id_is_zero(one.rows[i].requester_id);
        view->requester_id = one.rows[i].requester_id;
        view->was_revoked = one.rows[i].was_revoked;
        CX_TRY(page_hex_write(request->arena, one.rows[i].serial, &view->serial));
    }
    ret_out->body =
        (struct api_scope_certificate_list){.items = one.views, .items_count = one.count};
    return CX_OK;
}
