/*
 * revokeCert: RFC 8555 §7.6. The right to revoke is one of three: the account's order led to the certificate; the account
 * holds valid authorizations for all its names; the request is signed with the certificate's own key. In the third case no
 * person of the tenant acts: possession of the key is the right, and the entry names nobody.
 */
#include "api_routes.h"
#include "base/cleanup.h"
#include "core/issuance/certificate_store.h"
#include "core/issuance/reason.h"
#include "core/issuance/revoke.h"
#include "core/policy/profile_store.h"
#include "core/approval/rule_store.h"
#include "core/protocol/acme/order_store.h"
#include "crypto/hash.h"
#include "pki/certificate.h"
#include "pki/name.h"

struct revoking {
    struct acme_call *call;
    bool ruled; /* somebody may have to decide */
    uint8_t sha256[CRYPTO_SHA256_LEN];
    uint8_t reason;
    struct certificate_row certificate;
    bool authorized;
};

static cx_err read_reason(struct revoking *r, const struct json_node *payload)
{
    int64_t reason = 0;
    struct acme_call *call = r->call;
    if (!json_has(payload, "reason"))
        return CX_OK;
    CX_TRY(acme_refuse_as(
        call, ACME_MALFORMED,
        json_read_i64(payload, "reason", -1000000, 1000000, call->request->diag, &reason)));
    /* Not for subscribers: cACompromise, certificateHold (final here), removeFromCRL, aACompromise. */
    bool allowed = reason == 0 || reason == 1 || (reason >= 3 && reason <= 5) || reason == 9;
    if (!allowed)
        return acme_refuse(call, ACME_BAD_REVOCATION_REASON, "revocation-reason",
                           "Reasons are 0, 1, 3, 4, 5 and 9.");
    r->reason = (uint8_t)reason;
    return CX_OK;
}

static cx_err read_payload(struct revoking *r)
{
    struct acme_call *call = r->call;
    struct api_request *request = call->request;
    json_auto_t *root = NULL;
    struct cx_bytes der = CX_BYTES_NONE;
    CX_TRY(acme_payload(call, &root));
    struct json_node payload = json_top(root);
    CX_TRY(acme_refuse_as(call, ACME_MALFORMED,
                          json_read_base64url(&payload, "certificate", PKI_CERTIFICATE_MAX,
                                              request->arena, request->diag, &der)));
    CX_TRY(crypto_sha256(der, r->sha256));
    return read_reason(r, &payload);
}

/* One valid authorization for the name, as it stands in the certificate. */
static cx_err holds_authorization(struct store_tx *tx, const struct revoking *r, struct cx_str text,
                                  bool *ret_holds)
{
    const struct acme_call *call = r->call;
    struct cx_id id;
    struct acme_authorization like = {.value = text};
    cx_time now_us = call->request->now_us;
    like.wildcard = cx_str_starts(text, CX_STR("*."));
    if (like.wildcard)
        like.value = (struct cx_str){text.ptr + 2, text.len - 2};
    bool ip = cx_is_ok(
        pki_name_parse(call->request->arena, PKI_NAME_IP, like.value, "", NULL, &like.name));
    like.name.kind = ip ? PKI_NAME_IP : PKI_NAME_DNS;
    return acme_authorization_reusable(tx, call->directory.tenant_id, call->account.account_id,
                                       &like, 0, now_us, ret_holds, &id);
}

static cx_err by_authorizations(struct store_tx *tx, struct revoking *r)
{
    const struct acme_call *call = r->call;
    struct cx_str *names = NULL;
    size_t count = 0;
    bool others = false, all = false;
    CX_TRY(ARENA_NEW_ARRAY(call->request->arena, PKI_NAMES_MAX, &names));
    CX_TRY(certificate_names_read(tx, call->directory.tenant_id, r->certificate.certificate_id,
                                  call->request->arena, names, &count, &others));
    all = count > 0 && !others;
    for (size_t i = 0; all && i < count; i++)
        CX_TRY(holds_authorization(tx, r, names[i], &all));
    r->authorized = all;
    return CX_OK;
}

static cx_err read_certificate(struct store_tx *tx, void *arg)
{
    struct revoking *r = arg;
    const struct acme_call *call = r->call;
    struct cx_id account_id;
    r->authorized = false;
    CX_TRY(certificate_find_sha256(tx, call->directory.tenant_id,
                                   CX_BYTES(r->sha256, sizeof(r->sha256)), call->request->arena,
                                   &r->certificate));
    if (!cx_id_eq(r->certificate.issuer_id, call->directory.issuer_id))
        return CX_ERR(NOTFOUND);
    if (call->jws.has_jwk) {
        uint8_t digest[CRYPTO_SHA256_LEN];
        CX_TRY(crypto_sha256(call->spki, digest));
        r->authorized =
            cx_bytes_eq(CX_BYTES(digest, sizeof(digest)),
                        CX_BYTES(r->certificate.spki_sha256, sizeof(r->certificate.spki_sha256)));
        return CX_OK;
    }
    CX_TRY(
        acme_order_account(tx, call->directory.tenant_id, r->certificate.request_id, &account_id));
    r->authorized = cx_id_eq(account_id, call->account.account_id);
    return r->authorized ? CX_OK : by_authorizations(tx, r);
}

static cx_err check(struct revoking *r)
{
    struct acme_call *call = r->call;
    cx_err err = store_read(call->request->core->store, read_certificate, r);
    if (err.code == CX_E_NOTFOUND)
        return acme_refuse(call, ACME_NOT_FOUND, "certificate-unknown",
                           "This directory's issuer has not issued the certificate.");
    CX_TRY(err);
    if (!r->authorized)
        return acme_refuse(call, ACME_UNAUTHORIZED, "revocation-not-authorized",
                           "Sign with the account that ordered it, one authorized for all its "
                           "names, or its own key.");
    if (r->certificate.revoked_us)
        return acme_refuse(call, ACME_ALREADY_REVOKED, "certificate-revoked",
                           "The certificate is revoked already.");
    return CX_OK;
}

static cx_err find_rule(struct store_tx *tx, void *arg)
{
    struct revoking *r = arg;
    return approval_may_apply(tx, r->call->directory.tenant_id, APPROVAL_REVOKE,
                              r->certificate.profile_name, &r->ruled);
}

/* Where a second person has to agree, the first one must be known. */
static cx_err check_person(struct revoking *r)
{
    struct acme_call *call = r->call;
    const struct profile_entry *entry = NULL;
    bool known = !call->jws.has_jwk && !cx_id_is_zero(call->account.scope.eab_id);
    CX_TRY(profile_get(call->request->core, call->directory.tenant_id, r->certificate.profile_name,
                       r->certificate.profile_version, &entry));
    if (known)
        return CX_OK;
    CX_TRY(store_read(call->request->core->store, find_rule, r));
    if (entry->profile.approvals_revoke == 0 && !r->ruled)
        return CX_OK;
    return acme_refuse(call, ACME_UNAUTHORIZED, "approval-needs-binding",
                       "Revoking certificates of this profile takes two persons: sign with an "
                       "account that is bound to one.");
}

static cx_err revoke_certificate(struct revoking *r)
{
    struct acme_call *call = r->call;
    struct api_request *request = call->request;
    struct api_certificate_revoke_in in = {.has_comment = true};
    struct api_certificate_revoke_out out = {0};
    CX_TRY(read_payload(r));
    CX_TRY(check(r));
    CX_TRY(check_person(r));
    in.certificate_id = r->certificate.certificate_id;
    in.reason = revocation_reason_view(r->reason);
    in.comment = call->jws.has_jwk ? CX_STR("ACME: signed with the certificate's key")
                                   : CX_STR("ACME: signed by an account");
    CX_TRY(acme_spend_nonce(call));
    cx_err err = CX_OK;
    if (call->jws.has_jwk) {
        request->principal = (struct principal){.tenant_id = call->directory.tenant_id};
        err = certificate_revoke_by_holder(request, &in, &out.body);
    } else {
        err = handle_certificate_revoke(request, &in, &out);
    }
    CX_TRY(acme_refuse_as(
        call, err.code == CX_E_CONFLICT ? ACME_ALREADY_REVOKED : ACME_UNAUTHORIZED, err));
    if (out.body.outcome != API_REVOCATION_OUTCOME_REVOKED)
        return acme_refuse(call, ACME_UNAUTHORIZED, "revocation-awaits-approval",
                           "The certificate profile asks for a second person: the request to "
                           "revoke waits for them.");
    call->raw->content_type = "text/plain";
    return CX_OK;
}

cx_err handle_acme_revoke(struct api_request *request, const struct api_acme_revoke_in *in,
                          struct api_acme_revoke_out *ret_out)
{
    struct acme_call call;
    struct revoking r = {.call = &call};
    cx_err err = acme_open(&call, request, in->directory_id, in->body, ACME_BY_EITHER,
                           PERMISSION_CERTIFICATE_REVOKE, &ret_out->raw);
    if (cx_is_ok(err))
        err = revoke_certificate(&r);
    return acme_close(&call, err);
}
