/*
 * Delegated OCSP responders: keys makes the key, and its certificate goes through the same cycle as every other
 * (policy, intent, journal, audit), asked for by the system. RFC 6960 §4.2.2.2.
 */
#include "base/cleanup.h"
#include "base/log.h"
#include "core/core.h"
#include "core/issuance/certificate_store.h"
#include "core/issuance/submit.h"
#include "core/policy/profile_store.h"
#include "core/status/presign.h"
#include "core/status/status_internal.h"
#include "crypto/hash.h"
#include "pki/algorithm.h"

enum {
    RESPONDER_ARENA_MAX = 4 * 1024 * 1024,
    RESPONDER_PROFILE_SHARE = 3,
    RESPONDER_REFUSED_S = 600, /* an issuer may be enabled again */
};

static cx_err commit_system(void *context, struct audit_event *event, store_fn fn, void *arg)
{
    event->action = "system.responder.request";
    return audit_commit(context, event, fn, arg);
}

/* True when the certificate has less than a third of its life left, or there is none. */
static bool is_due(const struct pki_profile *profile, cx_time not_after_us, cx_time now_us)
{
    return not_after_us - now_us <
           profile->validity_default_s / RESPONDER_PROFILE_SHARE * CX_US_PER_S;
}

static cx_err ask(const struct core *core, const struct issuer_entry *issuer,
                  const struct pki_profile *profile, struct cx_bytes spki, struct arena *arena,
                  struct policy_ask *ret_ask)
{
    struct pki_attribute *subject = NULL;
    struct cx_str name = CX_STR_NONE;
    CX_TRY(ARENA_NEW(arena, &subject));
    CX_TRY(arena_printf(arena, &name, "OCSP %.*s", CX_STR_ARG(issuer->name)));
    *subject = (struct pki_attribute){PKI_ATTR_COMMON_NAME, name};
    *ret_ask = (struct policy_ask){.profile = profile,
                                   .issuer = &issuer->pki,
                                   .key_lists = core->key_lists,
                                   .now_us = cx_now(core->clock),
                                   .by_system = true,
                                   .has_csr = true,
                                   .csr = {.subject = subject, .subject_count = 1, .spki = spki}};
    return CX_OK;
}

static cx_err issue_for(struct core *core, const struct issuer_entry *issuer,
                        const struct pki_profile *profile, struct cx_bytes spki,
                        struct arena *arena, struct cx_diag *diag)
{
    struct policy_ask question;
    struct policy_decision decision;
    struct cx_bytes der = CX_BYTES_NONE;
    struct issuance run = {.core = core,
                           .arena = arena,
                           .diag = diag,
                           .tenant_id = issuer->tenant_id,
                           .now_us = cx_now(core->clock)};
    struct submission submission = {
        .kind = REQUEST_ISSUE, .profile = profile, .issuer = issuer, .decision = &decision};
    CX_TRY(ask(core, issuer, profile, spki, arena, &question));
    CX_TRY(policy_decide(&question, diag, &decision));
    CX_TRY(request_submit(&run, &submission, commit_system, core, &der));
    if (der.len == 0)
        return CX_ERR(BUSY);
    return keys_responder_install(core->keys, issuer->tenant_id, issuer->issuer_id, der, diag);
}

struct finding {
    struct cx_id tenant_id, issuer_id;
    struct cx_bytes spki_sha256;
    struct arena *arena;
    struct certificate_row certificate;
};

static cx_err find_issued(struct store_tx *tx, void *arg)
{
    struct finding *finding = arg;
    return certificate_find_by_key(tx, finding->tenant_id, finding->issuer_id, finding->spki_sha256,
                                   finding->arena, &finding->certificate);
}

/* A certificate for this key that was issued but never reached keys: keys or core died in between, and the recovery
 * stored it. CX_E_NOTFOUND when there is none, or none worth installing. */
static cx_err install_issued(struct core *core, const struct issuer_entry *issuer,
                             const struct pki_profile *profile, struct cx_bytes spki,
                             struct arena *arena, struct cx_diag *diag)
{
    uint8_t digest[CRYPTO_SHA256_LEN];
    struct cx_bytes der = CX_BYTES_NONE;
    struct finding finding = {.tenant_id = issuer->tenant_id,
                              .issuer_id = issuer->issuer_id,
                              .spki_sha256 = CX_BYTES(digest, sizeof(digest)),
                              .arena = arena};
    CX_TRY(crypto_sha256(spki, digest));
    CX_TRY(store_read(core->store, find_issued, &finding));
    if (is_due(profile, finding.certificate.not_after_us, cx_now(core->clock)))
        return CX_ERR(NOTFOUND);
    CX_TRY(
        certificate_der(core, issuer->tenant_id, finding.certificate.certificate_id, arena, &der));
    return keys_responder_install(core->keys, issuer->tenant_id, issuer->issuer_id, der, diag);
}

static cx_err certify(struct core *core, const struct issuer_entry *issuer,
                      const struct pki_profile *profile, struct cx_bytes spki, struct arena *arena,
                      struct cx_diag *diag)
{
    cx_err err = install_issued(core, issuer, profile, spki, arena, diag);
    return err.code == CX_E_NOTFOUND ? issue_for(core, issuer, profile, spki, arena, diag) : err;
}

static cx_err find_revoked(struct store_tx *tx, void *arg)
{
    const struct finding *finding = arg;
    return certificate_key_is_revoked(tx, finding->tenant_id, finding->issuer_id,
                                      finding->spki_sha256);
}

/* A certificate of the responder's key was revoked: whoever has the key could go on answering, since clients are
 * told not to check it (id-pkix-ocsp-nocheck). So the key goes, and with it what it has signed. */
static cx_err replace_revoked(struct status_service *service, const struct issuer_entry *issuer,
                              struct arena *arena, struct cx_bytes *spki, cx_time *not_after_us)
{
    struct core *core = service->core;
    uint8_t digest[CRYPTO_SHA256_LEN];
    struct finding finding = {.tenant_id = issuer->tenant_id,
                              .issuer_id = issuer->issuer_id,
                              .spki_sha256 = CX_BYTES(digest, sizeof(digest))};
    CX_TRY(crypto_sha256(*spki, digest));
    cx_err err = store_read(core->store, find_revoked, &finding);
    if (err.code == CX_E_NOTFOUND)
        return CX_OK;
    CX_TRY(err);
    cx_log(CX_LOG_WARN, "responder-revoked: its key is replaced", "issuer",
           issuer->pki.issuer_ref.ptr, NULL);
    CX_TRY(keys_responder_rotate(core->keys, issuer->tenant_id, issuer->issuer_id, *spki));
    return keys_responder(core->keys, issuer->tenant_id, issuer->issuer_id, arena, spki,
                          not_after_us);
}

/* Looked at each time: who died after making a new key has not done this. */
static cx_err forget_old_key(struct status_service *service, const struct issuer_entry *issuer,
                             struct cx_bytes spki)
{
    bool changed = false;
    CX_TRY(presign_key(service->core, issuer->tenant_id, issuer->issuer_id, spki, &changed));
    if (changed && service->ocsp)
        ocsp_cache_drop_issuer(service->ocsp, issuer->issuer_id);
    return CX_OK;
}

static cx_err renew_one(struct status_service *service, const struct issuer_entry *issuer,
                        const struct pki_profile *profile, struct cx_diag *diag)
{
    CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(RESPONDER_ARENA_MAX);
    struct core *core = service->core;
    struct cx_bytes spki = CX_BYTES_NONE;
    cx_time not_after_us = 0;
    cx_err err = keys_responder(core->keys, issuer->tenant_id, issuer->issuer_id, &arena, &spki,
                                &not_after_us);
    if (cx_is_ok(err))
        err = replace_revoked(service, issuer, &arena, &spki, &not_after_us);
    if (cx_is_ok(err))
        err = forget_old_key(service, issuer, spki);
    if (cx_is_ok(err) && is_due(profile, not_after_us, cx_now(core->clock)))
        err = certify(core, issuer, profile, spki, &arena, diag);
    if (cx_failed(err))
        cx_log_err(CX_LOG_WARN, err, "responder-not-renewed", "issuer", issuer->pki.issuer_ref.ptr,
                   "rule", diag->rule, "text", diag->text, NULL);
    return err;
}

static bool is_refused(const struct status_service *service, struct cx_id issuer_id,
                       const struct pki_profile *profile)
{
    const struct responder_refusal *refusal =
        cx_map_get(&service->refused, cx_id_bytes(&issuer_id));
    return refusal && refusal->profile_version == profile->version &&
           cx_now(service->core->clock) < refusal->until_us;
}

/* An issuer may be made without the right to certify a responder: asking again would only fill the log. */
static cx_err refuse_for_now(struct status_service *service, struct cx_id issuer_id,
                             const struct pki_profile *profile, const struct cx_diag *why)
{
    struct responder_refusal *refusal = calloc(1, sizeof(*refusal));
    void *old = NULL;
    if (!refusal)
        return CX_ERR(NOMEM);
    refusal->profile_version = profile->version;
    refusal->until_us = cx_str_is(cx_str_from(why->rule), "issuer-kind")
                            ? INT64_MAX /* an issuer's rights do not change */
                            : cx_now(service->core->clock) + RESPONDER_REFUSED_S * CX_US_PER_S;
    cx_err err = cx_map_put(&service->refused, cx_id_bytes(&issuer_id), refusal, &old);
    free(cx_is_ok(err) ? old : refusal);
    return err;
}

cx_err responder_renew(struct status_service *service, struct cx_id tenant_id)
{
    CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(RESPONDER_ARENA_MAX);
    const struct profile_entry *entry = NULL;
    const struct issuer_entry **issuers = NULL;
    size_t count = 0;
    cx_err worst = CX_OK;
    cx_err err = profile_get(service->core, tenant_id, CX_STR("ocsp-signer"), 0, &entry);
    if (err.code == CX_E_NOTFOUND)
        return CX_OK; /* the tenant has no such profile (yet): its CRLs do without */
    CX_TRY(err);
    CX_TRY(issuer_each(service->core, tenant_id, &arena, &issuers, &count));
    for (size_t i = 0; i < count; i++) {
        struct cx_diag diag = CX_DIAG_INIT;
        if (is_refused(service, issuers[i]->issuer_id, &entry->profile))
            continue;
        err = renew_one(service, issuers[i], &entry->profile, &diag);
        if (err.code == CX_E_POLICY)
            CX_TRY(refuse_for_now(service, issuers[i]->issuer_id, &entry->profile, &diag));
        else if (cx_failed(err))
            worst = err;
    }
    return worst;
}
