#include "core/issuance/request_view.h"
#include "core/access/place.h"
#include "core/api/api.h"
#include "core/approval/approval.h"
#include "core/field.h"
#include "core/issuance/reason.h"
#include "crypto/hash.h"
#include "pki/name.h"

_Static_assert((int)API_REQUEST_STATE_AWAITING_APPROVAL == (int)REQUEST_AWAITING_APPROVAL &&
                   (int)API_REQUEST_STATE_APPROVED == (int)REQUEST_APPROVED &&
                   (int)API_REQUEST_STATE_AWAITING_COLLECTION == (int)REQUEST_AWAITING_COLLECTION &&
                   (int)API_REQUEST_STATE_ISSUING == (int)REQUEST_ISSUING &&
                   (int)API_REQUEST_STATE_DONE == (int)REQUEST_DONE &&
                   (int)API_REQUEST_STATE_REJECTED == (int)REQUEST_REJECTED &&
                   (int)API_REQUEST_STATE_CANCELLED == (int)REQUEST_CANCELLED &&
                   (int)API_REQUEST_STATE_FAILED == (int)REQUEST_FAILED,
               "the contract lists the states in the order of enum request_state");
_Static_assert((int)API_REQUEST_KIND_ISSUE == (int)REQUEST_ISSUE &&
                   (int)API_REQUEST_KIND_RENEW == (int)REQUEST_RENEW &&
                   (int)API_REQUEST_KIND_REPLACE == (int)REQUEST_REPLACE &&
                   (int)API_REQUEST_KIND_REVOKE == (int)REQUEST_REVOKE,
               "the contract lists the kinds in the order of enum request_kind");
_Static_assert((int)API_KEY_TYPE_COUNT == (int)PKI_KEY_COUNT &&
                   (int)API_NAME_KIND_COUNT == (int)PKI_NAME_COUNT,
               "the contract lists key types and name kinds in the order of pki/profile.h");

enum { DAY_S = 86400 };

/* One row an attribute: where the contract's struct keeps it. */
static const struct {
    enum pki_attribute_type type;
    size_t has, value;
} ATTRIBUTES[] = {
#define ATTRIBUTE(TYPE, field)                                                                     \
    {                                                                                              \
        PKI_ATTR_##TYPE, offsetof(struct api_subject, has_##field),                                \
            offsetof(struct api_subject, field)                                                    \
    }
    ATTRIBUTE(COUNTRY, country),
    ATTRIBUTE(STATE, state),
    ATTRIBUTE(LOCALITY, locality),
    ATTRIBUTE(ORGANIZATION, organization),
    ATTRIBUTE(ORGANIZATIONAL_UNIT, organizational_unit),
    ATTRIBUTE(SERIAL_NUMBER, serial_number),
    ATTRIBUTE(EMAIL, email),
    ATTRIBUTE(COMMON_NAME, common_name),
#undef ATTRIBUTE
};

void request_subject_read(const struct api_subject *subject, struct pki_attribute *attributes,
                          size_t *ret_count)
{
    size_t count = 0;
    for (size_t i = 0; i < sizeof(ATTRIBUTES) / sizeof(ATTRIBUTES[0]); i++) {
        const char *base = (const char *)subject;
        bool has = false;
        memcpy(&has, base + ATTRIBUTES[i].has, sizeof(has));
        if (!has)
            continue;
        attributes[count].type = ATTRIBUTES[i].type;
        memcpy(&attributes[count++].value, base + ATTRIBUTES[i].value, sizeof(struct cx_str));
    }
    *ret_count = count;
}

static void subject_view(const struct issuance_body *body, struct api_subject *ret_subject)
{
    for (size_t i = 0; i < body->subject_count; i++) {
        for (size_t j = 0; j < sizeof(ATTRIBUTES) / sizeof(ATTRIBUTES[0]); j++) {
            char *base = (char *)ret_subject;
            bool has = true;
            if (ATTRIBUTES[j].type != body->subject[i].type)
                continue;
            memcpy(base + ATTRIBUTES[j].has, &has, sizeof(has));
            memcpy(base + ATTRIBUTES[j].value, &body->subject[i].value, sizeof(struct cx_str));
        }
    }
}

cx_err request_names_view(const struct pki_name *names, size_t count, struct arena *arena,
                          const struct api_name **ret_names)
{
    struct api_name *views = NULL;
    CX_TRY(ARENA_NEW_ARRAY(arena, count, &views));
    for (size_t i = 0; i < count; i++) {
        views[i].kind = (enum api_name_kind)names[i].kind;
        CX_TRY(pki_name_to_text(arena, &names[i], &views[i].value));
    }
    *ret_names = views;
    return CX_OK;
}

cx_err request_names_read(const struct api_name *names, size_t count, struct arena *arena,
                          struct cx_diag *diag, const struct pki_name **ret_names)
{
    struct pki_name *read = NULL;
    CX_TRY(ARENA_NEW_ARRAY(arena, count, &read));
    for (size_t i = 0; i < count; i++) {
        struct cx_str field = CX_STR_NONE;
        CX_TRY(arena_printf(arena, &field, "/names/%zu", i));
        cx_err err = pki_name_parse(arena, (enum pki_name_kind)names[i].kind, names[i].value,
                                    field.ptr, diag, &read[i]);
        /* The document is well formed, what it names is not: a refusal by rule (422), not malformed input. */
        if (err.code == CX_E_PARSE)
            return CX_ERR(POLICY);
        CX_TRY(err);
    }
    *ret_names = read;
    return CX_OK;
}

static cx_err approvals_view(struct api_request *request, const struct request_row *row,
                             const struct approval_found *found, size_t count,
                             struct api_request_view *view)
{
    struct api_approval_view *views = NULL;
    struct cx_id tenant_id = request->principal.tenant_id;
    CX_TRY(ARENA_NEW_ARRAY(request->arena, count, &views));
    for (size_t i = 0; i < count; i++) {
        CX_TRY(approval_comment_open(request->core, tenant_id, row->request_id, &found[i],
                                     request->arena, &views[i].comment));
        views[i].approver_id = found[i].approver_id;
        views[i].has_behalf_of_id = !cx_id_is_zero(found[i].behalf_of_id);
        views[i].behalf_of_id = found[i].behalf_of_id;
        views[i].decision =
            found[i].approve ? API_APPROVAL_DECISION_APPROVE : API_APPROVAL_DECISION_REJECT;
        views[i].time = found[i].decided_us;
    }
    view->approvals = views;
    view->approvals_count = count;
    return CX_OK;
}

static cx_err body_view(struct api_request *request, const struct issuance_body *body,
                        struct api_request_view *view)
{
    uint8_t digest[CRYPTO_SHA256_LEN];
    view->has_names = true;
    view->names_count = body->name_count;
    CX_TRY(request_names_view(body->names, body->name_count, request->arena, &view->names));
    view->has_subject = body->subject_count > 0;
    subject_view(body, &view->subject);
    view->has_spki_sha256 = body->spki.len > 0;
    if (!body->spki.len)
        return CX_OK;
    CX_TRY(crypto_sha256(body->spki, digest));
    return page_hex_write(request->arena, CX_BYTES(digest, sizeof(digest)), &view->spki_sha256);
}

static cx_err open_body_view(struct api_request *request, const struct request_row *row,
                             struct api_request_view *view)
{
    struct field_place place = {request->principal.tenant_id, "request", "body", row->request_id};
    struct issuance_body body;
    struct cx_bytes bytes = CX_BYTES_NONE;
    CX_TRY(field_open(request->core, place, row->body, request->arena, &bytes));
    CX_TRY(issuance_body_parse(bytes, request->arena, &body));
    return body_view(request, &body, view);
}

static cx_err sealed_view(struct api_request *request, const struct request_row *row,
                          struct api_request_view *view)
{
    struct cx_id tenant_id = request->principal.tenant_id;
    struct field_place comment = {tenant_id, "request", "comment", row->request_id};
    struct field_place failure = {tenant_id, "request", "failure", row->request_id};
    view->has_comment = row->comment.envelope.len > 0;
    if (view->has_comment)
        CX_TRY(
            field_open_text(request->core, comment, row->comment, request->arena, &view->comment));
    view->has_failure = row->failure.envelope.len > 0;
    view->has_failure_rule = row->failure_rule.len > 0;
    view->failure_rule = row->failure_rule;
    if (view->has_failure)
        CX_TRY(
            field_open_text(request->core, failure, row->failure, request->arena, &view->failure));
    return open_body_view(request, row, view);
}

struct parts {
    struct cx_id tenant_id;
    const struct request_row *row;
    struct arena *arena;
    struct access_tag tags[REQUEST_TAGS_MAX];
    size_t tag_count;
    struct approval_found approvals[REQUEST_APPROVALS_MAX];
    size_t approval_count;
};

static cx_err read_parts(struct store_tx *tx, void *arg)
{
    struct parts *parts = arg;
    CX_TRY(request_tags(tx, parts->tenant_id, parts->row->request_id, parts->arena, parts->tags,
                        &parts->tag_count));
    return request_approvals(tx, parts->tenant_id, parts->row->request_id, parts->arena,
                             parts->approvals, &parts->approval_count);
}

static void plain_view(const struct request_row *row, struct api_request_view *view)
{
    bool revoke = row->kind == REQUEST_REVOKE;
    struct cx_id result = revoke ? row->certificate_id : row->result_id;
    *view = (struct api_request_view){
        .id = row->request_id,
        .kind = (enum api_request_kind)row->kind,
        .state = (enum api_request_state)row->state,
        .certificate_profile = row->profile_name,
        .certificate_profile_version = row->profile_version,
        .has_issuer_id = true,
        .issuer_id = row->issuer_id,
        .has_requester_id = !cx_id_is_zero(row->requester_id), /* zero: the system itself asked */
        .requester_id = row->requester_id,
        .has_group_id = !cx_id_is_zero(row->group_id),
        .group_id = row->group_id,
        .has_key_type = true,
        .key_type = (enum api_key_type)row->key_type,
        .has_server_key = true,
        .server_key = row->server_key,
        .has_validity_days = row->validity_s >= DAY_S,
        .validity_days = row->validity_s / DAY_S,
        .has_reason = revoke,
        .has_certificate_id = !cx_id_is_zero(result),
        .certificate_id = result,
        .has_replaces_certificate_id = !revoke && !cx_id_is_zero(row->certificate_id),
        .replaces_certificate_id = row->certificate_id,
        .approvals_needed = row->approvals_needed,
        .created = row->created_us,
        .updated = row->updated_us,
    };
    view->reason = revocation_reason_view(row->revoke_reason);
}

static cx_err tags_view(const struct access_tag *tags, size_t count, struct arena *arena,
                        struct api_request_view *view)
{
    struct api_tag *views = NULL;
    CX_TRY(ARENA_NEW_ARRAY(arena, count, &views));
    for (size_t i = 0; i < count; i++)
        views[i] = (struct api_tag){tags[i].name, tags[i].value};
    view->has_tags = count > 0;
    view->tags = views;
    view->tags_count = count;
    return CX_OK;
}

static cx_err view_parts(struct api_request *request, const struct parts *parts,
                         struct api_request_view *ret_view)
{
    struct api_request_view view;
    plain_view(parts->row, &view);
    CX_TRY(sealed_view(request, parts->row, &view));
    CX_TRY(tags_view(parts->tags, parts->tag_count, request->arena, &view));
    CX_TRY(approvals_view(request, parts->row, parts->approvals, parts->approval_count, &view));
    *ret_view = view;
    return CX_OK;
}

cx_err request_view_open(struct api_request *request, const struct request_open *open,
                         struct api_request_view *ret_view)
{
    struct api_request_view view;
    plain_view(open->row, &view);
    view.has_comment = open->comment.len > 0;
    view.comment = open->comment;
    CX_TRY(body_view(request, open->body, &view));
    CX_TRY(tags_view(open->tags, open->tag_count, request->arena, &view));
    CX_TRY(approvals_view(request, open->row, NULL, 0, &view));
    *ret_view = view;
    return CX_OK;
}

cx_err request_view(struct api_request *request, const struct request_row *row,
                    struct api_request_view *ret_view)
{
    struct parts *parts = NULL;
    CX_TRY(ARENA_NEW(request->arena, &parts));
    parts->tenant_id = request->principal.tenant_id;
    parts->row = row;
    parts->arena = request->arena;
    CX_TRY(store_read(request->core->store, read_parts, parts));
    return view_parts(request, parts, ret_view);
}

struct show {
    const struct principal *principal;
    struct cx_id request_id;
    struct request_row row;
    struct parts parts;
};

static cx_err read_all(struct store_tx *tx, void *arg)
{
    struct show *show = arg;
    CX_TRY(access_check_request(tx, show->principal, PERMISSION_REQUEST_READ, show->request_id,
                                &(struct access_object){0}, show->parts.arena, NULL));
    CX_TRY(
        request_find(tx, show->parts.tenant_id, show->request_id, show->parts.arena, &show->row));
    return read_parts(tx, &show->parts);
}

cx_err request_show(struct api_request *request, struct cx_id request_id,
                    struct api_request_view *ret_view)
{
    struct show *show = NULL;
    CX_TRY(ARENA_NEW(request->arena, &show));
    show->principal = &request->principal;
    show->request_id = request_id;
    show->parts.tenant_id = request->principal.tenant_id;
    show->parts.row = &show->row;
    show->parts.arena = request->arena;
    cx_err err = store_read(request->core->store, read_all, show);
    if (err.code == CX_E_NOTFOUND)
        return cx_refuse(request->diag, err, "request_id", "request-unknown",
                         "There is no such request.");
    CX_TRY(err);
    return view_parts(request, &show->parts, ret_view);
}
