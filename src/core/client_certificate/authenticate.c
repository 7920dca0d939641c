/* API calls of service accounts with a client certificate. */
#include "base/cleanup.h"
#include "base/log.h"
#include "core/access/rights_cache.h"
#include "core/access/service_store.h"
#include "core/authentication/begin.h"
#include "core/client_certificate/client_certificate.h"
#include "core/core.h"
#include "core/field.h"

#define SCHEME "Client-Certificate"
/* A use is an entry in the log this often at most; each call has its own. */
enum { USE_NOTED_S = 3600 };

bool client_certificate_claimed(struct cx_str authorization)
{
    size_t len = sizeof(SCHEME) - 1;
    return authorization.len >= len && strncasecmp(authorization.ptr, SCHEME, len) == 0 &&
           (authorization.len == len || authorization.ptr[len] == ' ');
}

struct coming {
    struct api_request *request;
    struct cx_id tenant_id;
    struct client_certificate certificate;
    bool found, usable;
    struct client_binding_row binding;
    struct user_row user;
    struct service_row service;
    struct principal principal;
};

static void coming_clear(struct coming *coming)
{
    access_principal_clear(&coming->principal);
}

static cx_err read_tenant(struct coming *coming, struct cx_str authorization)
{
    struct api_request *request = coming->request;
    size_t start = sizeof(SCHEME) - 1;
    while (start < authorization.len && authorization.ptr[start] == ' ')
        start++;
    struct cx_str rest = {authorization.ptr + start, authorization.len - start};
    struct cx_id named = {{0}};
    if (rest.len && (cx_failed(cx_id_parse(CX_ID_TENANT, rest, &named)) || cx_id_is_zero(named)))
        return cx_refuse(request->diag, CX_ERR(AUTH), "Authorization", "tenant-form",
                         "After " SCHEME " comes nothing, or the tenant's identifier.");
    return login_tenant(request, rest.len != 0, named, &coming->tenant_id);
}

static cx_err look_up(struct store_tx *tx, void *arg)
{
    struct coming *coming = arg;
    struct arena *arena = coming->request->arena;
    struct principal *principal = &coming->principal;
    access_principal_clear(principal); /* a closure may run again */
    cx_err err = client_certificate_binding(tx, coming->tenant_id, &coming->certificate, arena,
                                            &coming->binding);
    coming->found = cx_is_ok(err);
    if (err.code == CX_E_NOTFOUND)
        return CX_OK;
    CX_TRY(err);
    CX_TRY(user_find(tx, coming->tenant_id, coming->binding.user_id, arena, &coming->user));
    CX_TRY(user_is_usable(tx, coming->tenant_id, &coming->user, &coming->usable));
    if (!coming->usable || !coming->user.service)
        return CX_OK;
    CX_TRY(service_find(tx, coming->tenant_id, coming->user.user_id, arena, &coming->service));
    principal->tenant_id = coming->tenant_id;
    principal->user_id = coming->user.user_id;
    principal->client_binding_id = coming->binding.binding_id;
    CX_TRY(access_principal_load(coming->request->core, tx, coming->request->now_us, principal));
    principal->authenticated = true;
    return CX_OK;
}

/* Its key was proved and its chain holds, so whoever comes may know what is missing. */
static cx_err check(const struct coming *coming)
{
    struct cx_diag *diag = coming->request->diag;
    if (!coming->found)
        return cx_refuse(diag, CX_ERR(AUTH), "", "client-certificate-unknown",
                         "No account here is bound to this client certificate.");
    if (!coming->user.service)
        return cx_refuse(diag, CX_ERR(AUTH), "", "client-certificate-person",
                         "Of a person a certificate is one factor: log in with it and the "
                         "password.");
    if (!coming->usable)
        return cx_refuse(diag, CX_ERR(AUTH), "", "client-certificate-account",
                         "The service account of this certificate is disabled, or nobody active "
                         "owns it.");
    return CX_OK;
}

static cx_err write_use(struct store_tx *tx, void *arg)
{
    const struct coming *coming = arg;
    return client_binding_use(tx, coming->tenant_id, coming->binding.binding_id,
                              coming->request->now_us);
}

/* Which certificate it was, and from where. The request is answered even when this fails. */
static void note_use(struct coming *coming)
{
    struct api_request *request = coming->request;
    const struct field_detail details[] = {{"source_address", request->source_address}};
    struct audit_event event = {.action = "client.certificate.use",
                                .outcome = AUDIT_DONE,
                                .tenant_id = coming->tenant_id,
                                .actor = &coming->principal,
                                .request_id = request->request_id,
                                .object_type = CX_ID_CLIENT_CERTIFICATE,
                                .object_id = coming->binding.binding_id};
    service_note_use(request->core, coming->tenant_id, coming->user.user_id,
                     coming->service.last_used_us, request->now_us);
    if (request->now_us < coming->binding.last_used_us + USE_NOTED_S * CX_US_PER_S)
        return;
    cx_err err = field_details(request->arena, details, 1, &event.details);
    if (cx_is_ok(err))
        err = audit_commit(request->core, &event, write_use, coming);
    if (cx_failed(err))
        cx_log_err(CX_LOG_WARN, err, "use of a client certificate not noted", NULL);
}

cx_err client_certificate_authenticate(struct api_request *request, struct cx_str authorization,
                                       struct principal *ret_principal)
{
    CX_CLEANUP(coming_clear) struct coming coming = {.request = request};
    CX_TRY(read_tenant(&coming, authorization));
    CX_TRY(
        client_certificate_read(request->client_certificate, request->diag, &coming.certificate));
    CX_TRY(client_certificate_verify(request->core, coming.tenant_id, &coming.certificate,
                                     request->arena, request->now_us, request->diag));
    CX_TRY(store_read(request->core->store, look_up, &coming));
    CX_TRY(check(&coming));
    note_use(&coming);
    *ret_principal = coming.principal;
    coming.principal = (struct principal){0};
    return CX_OK;
}
