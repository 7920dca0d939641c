/* renew, replace and revoke: requests about a certificate that exists. */
#include "api_routes.h"
#include "base/checked.h"
#include "core/access/place.h"
#include "core/api/contract.h"
#include "core/approval/rule_store.h"
#include "core/field.h"
#include "core/issuance/certificate_store.h"
#include "core/issuance/csr_read.h"
#include "core/issuance/reason.h"
#include "core/issuance/request_view.h"
#include "core/issuance/revoke.h"
#include "core/issuance/submit.h"
#include "core/policy/profile_store.h"
#include "core/status/status.h"
#include "core/status/status_store.h"
#include "pki/name.h"

enum { DAY_S = 86400 };

/* A certificate with what it was made of. */
struct subject_of_action {
    const struct principal *principal; /* NULL: who acts has proved to hold the key */
    enum permission permission;        /* for the action */
    struct cx_diag *diag;
    struct cx_id tenant_id, certificate_id;
    struct arena *arena;
    struct certificate_row certificate;
    struct request_row origin; /* the request it came from: its body holds subject, names and key */
    struct access_place_read place;
    struct issuance_body body;
};

static cx_err read_subject(struct store_tx *tx, void *arg)
{
    struct subject_of_action *subject = arg;
    struct arena *arena = subject->arena;
    CX_TRY(certificate_find(tx, subject->tenant_id, subject->certificate_id, arena,
                            &subject->certificate));
    if (subject->principal)
        CX_TRY(access_check_certificate(tx, subject->principal, subject->permission,
                                        subject->certificate_id, arena, subject->diag));
    CX_TRY(access_place_of_certificate(tx, subject->tenant_id, subject->certificate_id, arena,
                                       &subject->place));
    return request_find(tx, subject->tenant_id, subject->certificate.request_id, arena,
                        &subject->origin);
}

static cx_err load_for(struct api_request *request, const struct principal *principal,
                       struct cx_id certificate_id, struct subject_of_action **ret_subject)
{
    struct subject_of_action *subject = NULL;
    CX_TRY(ARENA_NEW(request->arena, &subject));
    subject->principal = principal;
    subject->permission = request->permission;
    subject->diag = request->diag;
    subject->tenant_id = request->principal.tenant_id;
    subject->certificate_id = certificate_id;
    subject->arena = request->arena;
    cx_err err = store_read(request->core->store, read_subject, subject);
    if (err.code == CX_E_NOTFOUND)
        return cx_refuse(request->diag, err, "certificate_id", "certificate-unknown",
                         "There is no such certificate.");
    CX_TRY(err);
    *ret_subject = subject;
    return CX_OK;
}

static cx_err load(struct api_request *request, struct cx_id certificate_id,
                   struct subject_of_action **ret_subject)
{
    return load_for(request, &request->principal, certificate_id, ret_subject);
}

/* The key is the certificate's, also where the server made it and its request holds none. */
static cx_err load_spki(struct api_request *request, struct subject_of_action *subject)
{
    struct cx_bytes der = CX_BYTES_NONE;
    struct pki_certificate certificate;
    if (subject->body.spki.len)
        return CX_OK;
    CX_TRY(certificate_der(request->core, subject->tenant_id, subject->certificate_id,
                           request->arena, &der));
    CX_TRY(pki_certificate_parse(der, NULL, &certificate));
    subject->body.spki = certificate.spki;
    return CX_OK;
}

static cx_err load_body(struct api_request *request, struct subject_of_action *subject)
{
    struct field_place place = {subject->tenant_id, "request", "body", subject->origin.request_id};
    struct cx_bytes bytes = CX_BYTES_NONE;
    CX_TRY(field_open(request->core, place, subject->origin.body, request->arena, &bytes));
    CX_TRY(issuance_body_parse(bytes, request->arena, &subject->body));
    return load_spki(request, subject);
}

static cx_err refuse_revoked(struct api_request *request, const struct certificate_row *certificate)
{
    if (!certificate->revoked_us)
        return CX_OK;
    return cx_refuse(request->diag, CX_ERR(CONFLICT), "certificate_id", "certificate-revoked",
                     "The certificate is revoked: ask for a new one.");
}

/* The rules are those in force now: the newest version of the profile, not the one of then. */
static cx_err find_rules(struct api_request *request, const struct certificate_row *certificate,
                         struct submission *submission)
{
    const struct profile_entry *entry = NULL;
    struct cx_id tenant_id = request->principal.tenant_id;
    cx_err err = profile_get(request->core, tenant_id, certificate->profile_name, 0, &entry);
    if (err.code == CX_E_NOTFOUND)
        return cx_refuse(request->diag, CX_ERR(POLICY), "certificate_id", "profile-unknown",
                         "The certificate's profile is not in force any more.");
    CX_TRY(err);
    submission->profile = &entry->profile;
    return issuer_get(request->core, tenant_id, certificate->issuer_id, &submission->issuer);
}

struct again {
    struct cx_id certificate_id;
    enum request_kind kind;
    struct cx_str comment;
    int64_t validity_days; /* 0: default */
};

/* Issues what subject->body holds now under the rules of today. */
static cx_err submit_again(struct api_request *request, const struct again *again,
                           const struct subject_of_action *subject,
                           struct api_request_view *ret_view)
{
    struct policy_decision decision;
    struct submission submission = {.kind = again->kind,
                                    .decision = &decision,
                                    .requester_id = request->principal.user_id,
                                    .certificate_id = again->certificate_id,
                                    .comment = again->comment,
                                    .tags = subject->place.tags,
                                    .tag_count = subject->place.tag_count,
                                    .group_id = subject->place.group_id};
    CX_TRY(find_rules(request, &subject->certificate, &submission));
    struct policy_ask ask = {.profile = submission.profile,
                             .issuer = &submission.issuer->pki,
                             .key_lists = request->core->key_lists,
                             .now_us = request->now_us,
                             .has_csr = true,
                             .csr = subject->body,
                             .validity_s = again->validity_days * DAY_S};
    CX_TRY(policy_decide(&ask, request->diag, &decision));
    submission.approvals_floor = submission.profile->approvals_issue;
    return request_submit_show(request, &submission, ret_view);
}

cx_err handle_certificate_renew(struct api_request *request,
                                const struct api_certificate_renew_in *in,
                                struct api_certificate_renew_out *ret_out)
{
    struct subject_of_action *subject = NULL;
    struct again again = {in->certificate_id, REQUEST_RENEW, in->comment,
                          in->has_validity_days ? in->validity_days : 0};
    CX_TRY(load(request, in->certificate_id, &subject));
    CX_TRY(refuse_revoked(request, &subject->certificate));
    CX_TRY(load_body(request, subject));
    return submit_again(request, &again, subject, &ret_out->body);
}

static bool same_names(const struct issuance_body *a, const struct issuance_body *b)
{
    if (a->name_count != b->name_count)
        return false;
    for (size_t i = 0; i < a->name_count; i++) {
        bool found = false;
        for (size_t j = 0; j < b->name_count && !found; j++)
            found = pki_name_eq(&a->names[i], &b->names[j]);
        if (!found)
            return false;
    }
    return true;
}

/* Nothing in a CSR is dropped: what it says of the subject must be what the certificate says. */
static bool within_subject(const struct issuance_body *csr, const struct issuance_body *certificate)
{
    for (size_t i = 0; i < csr->subject_count; i++) {
        bool found = false;
        for (size_t j = 0; j < certificate->subject_count && !found; j++)
            found = csr->subject[i].type == certificate->subject[j].type &&
                    cx_str_eq(csr->subject[i].value, certificate->subject[j].value);
        if (!found)
            return false;
    }
    return true;
}

cx_err handle_certificate_replace(struct api_request *request,
                                  const struct api_certificate_replace_in *in,
                                  struct api_certificate_replace_out *ret_out)
{
    struct subject_of_action *subject = NULL;
    struct submission rules = {0};
    struct issuance_body csr;
    struct again again = {in->certificate_id, REQUEST_REPLACE, in->comment,
                          in->has_validity_days ? in->validity_days : 0};
    CX_TRY(load(request, in->certificate_id, &subject));
    CX_TRY(load_body(request, subject));
    CX_TRY(find_rules(request, &subject->certificate, &rules));
    CX_TRY(csr_read(in->csr, rules.profile, request->arena, request->diag, &csr));
    if ((csr.name_count > 0 && !same_names(&csr, &subject->body)) ||
        !within_subject(&csr, &subject->body))
        return cx_refuse(
            request->diag, CX_ERR(POLICY), "csr", "replace-other-names",
            "The CSR has other names than the certificate: make a new request instead.");
    if (cx_bytes_eq(csr.spki, subject->body.spki))
        return cx_refuse(request->diag, CX_ERR(POLICY), "csr", "replace-same-key",
                         "The CSR has the certificate's own key: renew keeps the key.");
    subject->body.spki = csr.spki;
    return submit_again(request, &again, subject, &ret_out->body);
}

struct revocation {
    struct api_request *request;
    const struct certificate_row *certificate;
    uint8_t reason;
    bool by_holder;
};

static cx_err refuse_twice(struct cx_diag *diag)
{
    return cx_refuse(diag, CX_ERR(CONFLICT), "certificate_id", "certificate-revoked",
                     "The certificate is revoked already; reason and time stay as they are.");
}

static cx_err write_revocation(struct store_tx *tx, void *arg)
{
    const struct revocation *revocation = arg;
    struct api_request *request = revocation->request;
    if (!revocation->by_holder)
        CX_TRY(access_check_certificate(tx, &request->principal, PERMISSION_CERTIFICATE_REVOKE,
                                        revocation->certificate->certificate_id, request->arena,
                                        request->diag));
    cx_err err = certificate_revoke(tx, request->principal.tenant_id, revocation->certificate,
                                    revocation->reason, request->now_us);
    return err.code == CX_E_CONFLICT ? refuse_twice(request->diag) : err;
}

static cx_err revoke_now(struct api_request *request, const struct api_certificate_revoke_in *in,
                         const struct certificate_row *certificate, bool by_holder,
                         struct api_revocation_view *ret_view)
{
    struct revocation revocation = {request, certificate, revocation_reason_read(in->reason),
                                    by_holder};
    struct field_detail details[] = {
        {"reason", cx_str_from(api_enum_name(&api_enum_revocation_reason, in->reason))},
        {"comment", in->comment}};
    struct audit_event event = {.tenant_id = request->principal.tenant_id,
                                .object_type = CX_ID_CERTIFICATE,
                                .object_id = in->certificate_id};
    CX_TRY(field_details(request->arena, details, 2, &event.details));
    CX_TRY(api_commit(request, &event, write_revocation, &revocation));
    status_changed(request->core, certificate);
    *ret_view = (struct api_revocation_view){.outcome = API_REVOCATION_OUTCOME_REVOKED,
                                             .certificate_id = in->certificate_id,
                                             .has_revoked = true,
                                             .revoked = request->now_us};
    return CX_OK;
}

/* A revocation as a request, whether or not somebody has to decide on it. */
static cx_err plan_revocation(struct api_request *request,
                              const struct api_certificate_revoke_in *in,
                              struct subject_of_action *subject, struct submission *submission,
                              struct approval_plan *ret_plan)
{
    const struct certificate_row *certificate = &subject->certificate;
    const struct profile_entry *entry = NULL;
    /* The rule of the version that it was issued under: a retired profile must not hinder a revocation. */
    CX_TRY(profile_get(request->core, subject->tenant_id, certificate->profile_name,
                       certificate->profile_version, &entry));
    *submission = (struct submission){.kind = REQUEST_REVOKE,
                                      .profile = &entry->profile,
                                      .requester_id = request->principal.user_id,
                                      .certificate_id = in->certificate_id,
                                      .revoke_reason = revocation_reason_read(in->reason),
                                      .approvals_floor = entry->profile.approvals_revoke,
                                      .comment = in->comment,
                                      .tags = subject->place.tags,
                                      .tag_count = subject->place.tag_count,
                                      .group_id = subject->place.group_id};
    return request_plan(request->core, subject->tenant_id, submission, request->now_us,
                        request->arena, ret_plan);
}

static cx_err revoke_by_request(struct api_request *request, struct subject_of_action *subject,
                                struct submission *submission, struct api_revocation_view *ret_view)
{
    struct cx_id request_id;
    CX_TRY(load_body(request, subject));
    CX_TRY(issuer_get(request->core, subject->tenant_id, subject->certificate.issuer_id,
                      &submission->issuer));
    struct policy_decision decision = {.body = subject->body,
                                       .key_type = subject->certificate.key_type};
    submission->decision = &decision;
    CX_TRY(request_submit_api(request, submission, &request_id));
    *ret_view = (struct api_revocation_view){.outcome = API_REVOCATION_OUTCOME_AWAITING_APPROVAL,
                                             .certificate_id = submission->certificate_id,
                                             .has_request_id = true,
                                             .request_id = request_id};
    return CX_OK;
}

cx_err handle_certificate_revoke(struct api_request *request,
                                 const struct api_certificate_revoke_in *in,
                                 struct api_certificate_revoke_out *ret_out)
{
    struct subject_of_action *subject = NULL;
    struct submission submission;
    struct approval_plan plan;
    CX_TRY(load(request, in->certificate_id, &subject));
    if (subject->certificate.revoked_us)
        return refuse_twice(request->diag);
    CX_TRY(plan_revocation(request, in, subject, &submission, &plan));
    if (approval_total(&plan.stages) == 0)
        return revoke_now(request, in, &subject->certificate, false, &ret_out->body);
    return revoke_by_request(request, subject, &submission, &ret_out->body);
}

/* Nobody is known to act, so where anybody would have to decide there is nobody who asks. */
static cx_err refuse_decided(struct store_tx *tx, void *arg)
{
    struct subject_of_action *subject = arg;
    bool may = false;
    CX_TRY(approval_may_apply(tx, subject->tenant_id, APPROVAL_REVOKE,
                              subject->certificate.profile_name, &may));
    return may ? CX_ERR(DENIED) : CX_OK;
}

cx_err certificate_revoke_by_holder(struct api_request *request,
                                    const struct api_certificate_revoke_in *in,
                                    struct api_revocation_view *ret_view)
{
    struct subject_of_action *subject = NULL;
    const struct profile_entry *entry = NULL;
    CX_TRY(load_for(request, NULL, in->certificate_id, &subject));
    const struct certificate_row *certificate = &subject->certificate;
    if (certificate->revoked_us)
        return refuse_twice(request->diag);
    CX_TRY(profile_get(request->core, subject->tenant_id, certificate->profile_name,
                       certificate->profile_version, &entry));
    cx_err err = entry->profile.approvals_revoke
                     ? CX_ERR(DENIED)
                     : store_read(request->core->store, refuse_decided, subject);
    if (err.code == CX_E_DENIED)
        return cx_refuse(request->diag, err, "certificate_id", "approval-needs-person",
                         "Revoking certificates of this profile takes two persons.");
    CX_TRY(err);
    return revoke_now(request, in, certificate, true, ret_view);
}

cx_err revoke_prepare(struct issuance *run, struct revoke_record *ret_record)
{
    const struct request_row *request = &run->request;
    struct cx_str request_text = CX_STR_NONE, requester = CX_STR_NONE;
    enum api_revocation_reason reason = revocation_reason_view(request->revoke_reason);
    struct audit_event event = {.action = api_operations[API_OP_CERTIFICATE_REVOKE].audit,
                                .outcome = AUDIT_DONE,
                                .tenant_id = run->tenant_id,
                                .actor = run->actor,
                                .request_id = run->call_id,
                                .object_type = CX_ID_CERTIFICATE,
                                .object_id = request->certificate_id};
    CX_TRY(field_id_text(run->arena, CX_ID_REQUEST, request->request_id, &request_text));
    CX_TRY(field_id_text(run->arena, CX_ID_USER, request->requester_id, &requester));
    struct field_detail details[] = {
        {"reason", cx_str_from(api_enum_name(&api_enum_revocation_reason, reason))},
        {"request", request_text},
        {"requester", requester}};
    CX_TRY(field_details(run->arena, details, CX_COUNT_OF(details), &event.details));
    ret_record->event = event;
    return audit_prepare(run->core, run->arena, &ret_record->event, &ret_record->entry);
}

cx_err revoke_approved(struct store_tx *tx, struct issuance *run,
                       const struct revoke_record *record)
{
    const struct request_row *request = &run->request;
    CX_TRY(certificate_find(tx, run->tenant_id, request->certificate_id, run->arena, &run->target));
    cx_err err =
        certificate_revoke(tx, run->tenant_id, &run->target, request->revoke_reason, run->now_us);
    if (cx_is_ok(err))
        err = audit_append(tx, &record->event, record->entry);
    else if (err.code == CX_E_CONFLICT)
        err = CX_OK;
    CX_TRY(err);
    return request_transition(tx, run->tenant_id, request->request_id, REQUEST_APPROVED,
                              REQUEST_DONE, run->now_us);
}
