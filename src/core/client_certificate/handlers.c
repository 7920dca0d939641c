/*
 * Operations on bound client certificates: an administrator binds anybody's, a person binds one that this platform issued to
 * them. What is bound is verified first, so that whoever binds it learns what is wrong with it.
 */
#include "api_routes.h"
#include "codec/pem.h"
#include "core/access/service_store.h"
#include "core/access/state_store.h"
#include "core/authentication/factor_rights.h"
#include "core/authentication/session_store.h"
#include "core/client_certificate/client_certificate.h"
#include "core/client_certificate/view.h"
#include "core/core.h"
#include "core/field.h"
#include "core/issuance/certificate_store.h"
#include "core/issuance/dn_text.h"
#include "core/page.h"

static cx_err refuse_unknown(struct cx_diag *diag)
{
    return cx_refuse(diag, CX_ERR(NOTFOUND), "binding_id", "client-certificate-unbound",
                     "No such client certificate is bound.");
}

/* ---- binding ---- */

struct binding {
    struct api_request *request;
    struct cx_id user_id, certificate_id;
    bool own; /* the caller binds their own */
    struct certificate_row issued;
    struct client_certificate certificate;
    struct row_client_certificate row;
    struct client_binding_row made;
};

static cx_err read_issued(struct store_tx *tx, void *arg)
{
    struct binding *binding = arg;
    return certificate_find(tx, binding->request->principal.tenant_id, binding->certificate_id,
                            binding->request->arena, &binding->issued);
}

/* One that this platform issued. Somebody else's is none that one could bind for oneself. */
static cx_err take_issued(struct binding *binding, struct cx_bytes *ret_der)
{
    struct api_request *request = binding->request;
    const struct principal *me = &request->principal;
    cx_err err = store_read(request->core->store, read_issued, binding);
    bool hidden = binding->own ? !cx_id_eq(binding->issued.requester_id, me->user_id)
                               : !access_may(me, PERMISSION_CERTIFICATE_READ, NULL);
    if (err.code == CX_E_NOTFOUND || (cx_is_ok(err) && hidden))
        return cx_refuse(request->diag, CX_ERR(POLICY), "certificate_id", "certificate-unknown",
                         binding->own ? "No such certificate was issued to you."
                                      : "There is no such certificate.");
    CX_TRY(err);
    return certificate_der(request->core, me->tenant_id, binding->certificate_id, request->arena,
                           ret_der);
}

static cx_err take_pem(struct binding *binding, struct cx_str text, struct cx_bytes *ret_der)
{
    static const struct pem_limits limits = {.text_max = PKI_CERTIFICATE_MAX * 2,
                                             .blocks_max = 1,
                                             .label = "CERTIFICATE",
                                             .skip_text = true};
    struct pem_block *blocks = NULL;
    size_t count = 0;
    CX_TRY(pem_parse(binding->request->arena, cx_str_bytes(text), &limits, binding->request->diag,
                     &blocks, &count));
    *ret_der = blocks[0].der;
    return CX_OK;
}

/* What a login would refuse is refused here, as a fault of what was sent and not of who sent it. */
static cx_err verify(struct binding *binding, struct cx_bytes der)
{
    struct api_request *request = binding->request;
    cx_err err = client_certificate_read(der, request->diag, &binding->certificate);
    if (cx_is_ok(err))
        err = client_certificate_verify(request->core, request->principal.tenant_id,
                                        &binding->certificate, request->arena, request->now_us,
                                        request->diag);
    return err.code == CX_E_AUTH ? CX_ERR(POLICY) : err;
}

static cx_err prepare(struct binding *binding, enum api_client_certificate_match match)
{
    struct api_request *request = binding->request;
    const struct client_certificate *certificate = &binding->certificate;
    struct cx_id tenant_id = request->principal.tenant_id;
    struct cx_str subject = CX_STR_NONE;
    binding->row = (struct row_client_certificate){
        .tenant_id = tenant_id,
        .user_id = binding->user_id,
        .matches =
            match == API_CLIENT_CERTIFICATE_MATCH_KEY ? CX_STR("key") : CX_STR("certificate"),
        .spki_sha256 = CX_BYTES(certificate->spki_sha256, sizeof(certificate->spki_sha256)),
        .issuer_sha256 = CX_BYTES(certificate->issuer_sha256, sizeof(certificate->issuer_sha256)),
        .serial = certificate->serial,
        .not_after_us = certificate->not_after_us,
        .created_us = request->now_us,
        .created_by_id = request->principal.user_id,
    };
    CX_TRY(cx_id_new(request->core->rng, &binding->row.binding_id));
    CX_TRY(dn_text(certificate->subject, request->arena, &subject));
    struct field_place place = {tenant_id, "client_certificate", "subject",
                                binding->row.binding_id};
    return field_seal_text(request->core, place, subject, request->arena, &binding->row.subject);
}

static cx_err write_binding(struct store_tx *tx, void *arg)
{
    struct binding *binding = arg;
    struct api_request *request = binding->request;
    struct client_binding_row *rows = NULL;
    struct user_row user;
    size_t count = 0;
    cx_err err = user_find(tx, binding->row.tenant_id, binding->user_id, request->arena, &user);
    if (err.code == CX_E_NOTFOUND)
        return cx_refuse(request->diag, err, "user_id", "user-unknown", "There is no such user.");
    CX_TRY(err);
    if (binding->own)
        CX_TRY(factor_check_rights(tx, request));
    CX_TRY(ARENA_NEW_ARRAY(request->arena, CLIENT_CERTIFICATES_PER_USER_MAX, &rows));
    CX_TRY(client_binding_list(tx, binding->row.tenant_id, binding->user_id, request->arena, rows,
                               &count));
    if (count == CLIENT_CERTIFICATES_PER_USER_MAX)
        return cx_refuse(request->diag, CX_ERR(LIMIT), "", "client-certificates",
                         "At most %d client certificates are bound to one account.",
                         CLIENT_CERTIFICATES_PER_USER_MAX);
    CX_TRY(row_client_certificate_insert(tx, &binding->row));
    return client_binding_find(tx, binding->row.tenant_id, binding->row.binding_id, request->arena,
                               &binding->made);
}

static cx_err bind(struct binding *binding, struct cx_bytes der,
                   enum api_client_certificate_match match,
                   struct api_client_certificate_view *ret_view)
{
    struct api_request *request = binding->request;
    struct api_client_certificate_view *view = NULL;
    struct cx_str id = CX_STR_NONE, key = CX_STR_NONE;
    CX_TRY(verify(binding, der));
    CX_TRY(prepare(binding, match));
    CX_TRY(field_id_text(request->arena, CX_ID_CLIENT_CERTIFICATE, binding->row.binding_id, &id));
    CX_TRY(page_hex_write(request->arena, binding->row.spki_sha256, &key));
    const struct field_detail details[] = {
        {"client_certificate", id}, {"matches", binding->row.matches}, {"spki_sha256", key}};
    struct audit_event event = {.object_type = CX_ID_USER, .object_id = binding->user_id};
    CX_TRY(field_details(request->arena, details, 3, &event.details));
    cx_err err = api_commit(request, &event, write_binding, binding);
    if (err.code == CX_E_CONFLICT)
        return cx_refuse(request->diag, err, "certificate", "client-certificate-bound",
                         "This key is bound to an account already.");
    CX_TRY(err);
    CX_TRY(client_certificate_views(request->core, binding->row.tenant_id, &binding->made, 1,
                                    request->arena, &view));
    *ret_view = *view;
    return CX_OK;
}

cx_err handle_client_certificate_bind(struct api_request *request,
                                      const struct api_client_certificate_bind_in *in,
                                      struct api_client_certificate_bind_out *ret_out)
{
    struct binding *binding = NULL;
    struct cx_bytes der = CX_BYTES_NONE;
    if (in->has_certificate == in->has_certificate_id)
        return cx_refuse(request->diag, CX_ERR(PARSE), "/certificate", "one-of",
                         "Give either certificate or certificate_id.");
    CX_TRY(ARENA_NEW(request->arena, &binding));
    binding->request = request;
    binding->user_id = in->user_id;
    binding->certificate_id = in->certificate_id;
    CX_TRY(in->has_certificate ? take_pem(binding, in->certificate, &der)
                               : take_issued(binding, &der));
    return bind(binding, der, in->matches, &ret_out->body);
}

cx_err handle_factor_certificate_bind(struct api_request *request,
                                      const struct api_factor_certificate_bind_in *in,
                                      struct api_factor_certificate_bind_out *ret_out)
{
    struct binding *binding = NULL;
    struct cx_bytes der = CX_BYTES_NONE;
    CX_TRY(ARENA_NEW(request->arena, &binding));
    binding->request = request;
    binding->own = true;
    binding->user_id = request->principal.user_id;
    binding->certificate_id = in->certificate_id;
    CX_TRY(take_issued(binding, &der));
    return bind(binding, der, in->matches, &ret_out->body);
}

/* ---- list ---- */

struct listing {
    struct api_request *request;
    struct cx_id user_id;
    bool seen;
    struct client_binding_row rows[CLIENT_CERTIFICATES_PER_USER_MAX];
    size_t count;
};

/* One's own, those of a service account that one owns, and those of whomever one may read. */
static cx_err may_see(struct store_tx *tx, struct listing *listing)
{
    const struct principal *me = &listing->request->principal;
    struct access_place place = {0};
    struct cx_id *groups = NULL;
    listing->seen = cx_id_eq(listing->user_id, me->user_id);
    if (listing->seen)
        return CX_OK;
    CX_TRY(service_is_owned_by(tx, me->tenant_id, listing->user_id, me->user_id, &listing->seen));
    CX_TRY(access_groups_of(tx, me->tenant_id, listing->user_id, ACCESS_NOW,
                            listing->request->arena, &groups, &place.group_count));
    place.groups = groups;
    listing->seen = listing->seen || access_may(me, PERMISSION_USER_READ, &place);
    return CX_OK;
}

static cx_err read_list(struct store_tx *tx, void *arg)
{
    struct listing *listing = arg;
    CX_TRY(may_see(tx, listing));
    if (!listing->seen)
        return CX_OK;
    return client_binding_list(tx, listing->request->principal.tenant_id, listing->user_id,
                               listing->request->arena, listing->rows, &listing->count);
}

cx_err handle_client_certificate_list(struct api_request *request,
                                      const struct api_client_certificate_list_in *in,
                                      struct api_client_certificate_list_out *ret_out)
{
    struct listing *listing = NULL;
    struct api_client_certificate_view *items = NULL;
    CX_TRY(ARENA_NEW(request->arena, &listing));
    listing->request = request;
    listing->user_id = in->has_user_id ? in->user_id : request->principal.user_id;
    CX_TRY(store_read(request->core->store, read_list, listing));
    if (!listing->seen)
        return cx_refuse(request->diag, CX_ERR(NOTFOUND), "user_id", "user-unknown",
                         "There is no such user.");
    CX_TRY(client_certificate_views(request->core, request->principal.tenant_id, listing->rows,
                                    listing->count, request->arena, &items));
    ret_out->body =
        (struct api_client_certificate_page){.items = items, .items_count = listing->count};
    return CX_OK;
}

/* ---- removal ---- */

struct removal {
    struct api_request *request;
    struct cx_id binding_id;
    struct client_binding_row row;
};

/* Oneself as any factor, with a fresh one and not the last way to log in; a service account's owner; and whoever may disable
 * users. For others there is none. */
static cx_err check_removal(struct store_tx *tx, struct removal *removal)
{
    struct api_request *request = removal->request;
    const struct principal *me = &request->principal;
    bool owned = false;
    if (cx_id_eq(removal->row.user_id, me->user_id))
        return factor_check_rights(tx, request);
    CX_TRY(service_is_owned_by(tx, me->tenant_id, removal->row.user_id, me->user_id, &owned));
    return owned || access_may(me, PERMISSION_USER_DISABLE, NULL) ? CX_OK
                                                                  : refuse_unknown(request->diag);
}

static cx_err write_removal(struct store_tx *tx, void *arg)
{
    struct removal *removal = arg;
    struct api_request *request = removal->request;
    const struct principal *me = &request->principal;
    bool left = true;
    cx_err err =
        client_binding_find(tx, me->tenant_id, removal->binding_id, request->arena, &removal->row);
    if (err.code == CX_E_NOTFOUND)
        return refuse_unknown(request->diag);
    CX_TRY(err);
    CX_TRY(check_removal(tx, removal));
    CX_TRY(client_binding_remove(tx, me->tenant_id, removal->binding_id, me->user_id,
                                 request->now_us));
    if (cx_id_eq(removal->row.user_id, me->user_id))
        CX_TRY(factors_exist(tx, me->tenant_id, me->user_id, &left));
    if (left)
        return CX_OK;
    return cx_refuse(request->diag, CX_ERR(CONFLICT), "binding_id", "last-factor",
                     "You could not log in any more: set up another way first.");
}

cx_err handle_client_certificate_remove(struct api_request *request,
                                        const struct api_client_certificate_remove_in *in,
                                        struct api_client_certificate_remove_out *ret_out)
{
    struct removal removal = {.request = request, .binding_id = in->binding_id};
    struct api_client_certificate_view *view = NULL;
    struct audit_event event = {.object_type = CX_ID_CLIENT_CERTIFICATE,
                                .object_id = in->binding_id};
    CX_TRY(api_commit(request, &event, write_removal, &removal));
    CX_TRY(client_certificate_views(request->core, request->principal.tenant_id, &removal.row, 1,
                                    request->arena, &view));
    ret_out->body = *view;
    return CX_OK;
}
