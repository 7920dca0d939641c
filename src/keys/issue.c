/*
 * Issuing: look up → re-check → build → lint under a stand-in signature → journal the intent durably → sign → journal the
 * certificate. Whatever core says of profile and issuer is replaced by this process's own copies before the first
 * check, so a compromised core gets no CA certificate, no forbidden name and no signature without a record.
 */
#include "base/cleanup.h"
#include "base/fault.h"
#include "crypto/hash.h"
#include "crypto/weak_key.h"
#include "keys/issue_internal.h"
#include "pki/lint.h"

enum { TBS_MAX = JOURNAL_DER_MAX };

static cx_err check_kind(const struct signer *signer, const struct issuer *issuer,
                         const struct pki_profile *profile, struct cx_diag *diag)
{
    const bool is_ca = profile->kind == PKI_KIND_SUB_CA || profile->kind == PKI_KIND_ROOT_CA;
    if (is_ca && !signer->is_ceremony)
        return cx_refuse(diag, CX_ERR(POLICY), "/profile", "ca-kind-online",
                         "CA certificates are issued in a ceremony only");
    if ((issuer->spec.kinds >> profile->kind & 1) == 0)
        return cx_refuse(diag, CX_ERR(POLICY), "/profile", "issuer-kind",
                         "this issuer may not issue %s certificates", pki_kind_name(profile->kind));
    return CX_OK;
}

/* An OCSP signer's certificate lets its holder speak for the issuer: only this process may be that holder. */
static cx_err check_responder(struct signer *signer, struct issuer *issuer,
                              const struct pki_template *tmpl, struct cx_diag *diag)
{
    const struct responder *responder = NULL;
    if (tmpl->profile->kind != PKI_KIND_OCSP_SIGNER)
        return CX_OK;
    CX_TRY(issuer_responder(signer->issuers, issuer, diag, &responder));
    if (!cx_bytes_eq(responder->key->spki, tmpl->spki))
        return cx_refuse(diag, CX_ERR(POLICY), "/spki", "ocsp-signer-key",
                         "an OCSP signer's certificate is for the issuer's own responder key only");
    return CX_OK;
}

cx_err signer_lint(const struct issuer *issuer, const struct pki_profile *profile,
                   const struct pki_certificate *issuer_certificate, struct cx_bytes tbs,
                   struct cx_diag *diag)
{
    CX_CLEANUP(cx_buf_clear)
    struct cx_buf der = CX_BUF_INIT(JOURNAL_DER_MAX);
    CX_TRY(pki_certificate_write(tbs, (enum pki_key_type)issuer->spec.key_type,
                                 issuer->lint_signature, &der));
    struct pki_certificate certificate;
    CX_TRY(pki_certificate_parse(cx_buf_view(&der), diag, &certificate));
    const struct pki_lint_context context = {.trust = profile->trust,
                                             .kind = profile->kind,
                                             .baseline = profile->lint_baseline,
                                             .issuer = issuer_certificate,
                                             .ignore = profile->lint_ignore,
                                             .ignore_count = profile->lint_ignore_count};
    struct pki_lint_report report;
    pki_lint(&certificate, &context, &report);
    return pki_lint_verdict(&report, diag);
}

/* Signs a journalled intent. Also used by the ceremonies, for CA certificates. */
cx_err signer_sign_intent(struct signer *signer, const struct issuer *issuer,
                          struct cx_id intent_id, struct cx_bytes tbs, struct arena *arena,
                          struct cx_bytes *ret_der)
{
    CX_CLEANUP(cx_buf_clear)
    struct cx_buf signature = CX_BUF_INIT(CRYPTO_SIGNATURE_MAX + 16),
                  der = CX_BUF_INIT(JOURNAL_DER_MAX);
    cx_err err = issuer->key->sign(issuer->key, tbs, &signature);
    if (cx_is_ok(err))
        err = pki_certificate_write(tbs, issuer->pki.key_type, cx_buf_view(&signature), &der);
    if (cx_is_ok(err))
        err = arena_copy(arena, cx_buf_view(&der), ret_der);
    if (cx_is_ok(err))
        err = journal_signed(signer->journal, intent_id, cx_buf_view(&der));
    if (cx_failed(err))
        journal_release(signer->journal, intent_id);
    return err;
}

cx_err signer_journal_and_sign(struct signer *signer, const struct issuer *issuer,
                               const struct signer_issue *request, const struct pki_template *tmpl,
                               struct cx_bytes tbs, struct arena *arena, struct cx_diag *diag,
                               struct cx_bytes *ret_der)
{
    struct journal_record record = {.type = JOURNAL_INTENDED,
                                    .intent_id = request->intent_id,
                                    .tenant_id = request->tenant_id,
                                    .issuer_id = request->issuer_id,
                                    .profile = tmpl->profile->name,
                                    .version = tmpl->profile->version,
                                    .serial = tmpl->serial};
    struct cx_bytes der;
    CX_TRY(crypto_sha256(tbs, record.hash));
    CX_TRY(journal_intend(signer->journal, &record, arena, diag, &der));
    cx_fault_point("intent-journalled");
    if (der.len == 0)
        CX_TRY(signer_sign_intent(signer, issuer, request->intent_id, tbs, arena, &der));
    cx_fault_point("certificate-signed");
    *ret_der = der;
    return CX_OK;
}

cx_err signer_issue(struct signer *signer, const struct signer_issue *request, struct arena *arena,
                    struct cx_diag *diag, struct cx_bytes *ret_der)
{
    struct issuer *issuer = NULL;
    struct pki_template tmpl = request->tmpl;
    CX_TRY(profile_dir_get(signer->profiles, request->tenant_id, request->profile, request->version,
                           diag, &tmpl.profile));
    CX_TRY(issuer_dir_get(signer->issuers, request->tenant_id, request->issuer_id, diag, &issuer));
    CX_TRY(check_kind(signer, issuer, tmpl.profile, diag));
    CX_TRY(pki_template_check(&tmpl, &issuer->pki, cx_now(&signer->clock), diag));
    CX_TRY(check_responder(signer, issuer, &tmpl, diag));
    CX_TRY(crypto_key_strong(tmpl.spki, signer->key_lists, "/spki", diag));
    CX_CLEANUP(cx_buf_clear) struct cx_buf tbs = CX_BUF_INIT(TBS_MAX);
    CX_TRY(pki_tbs_write(&tmpl, &issuer->pki, &tbs));
    CX_TRY(signer_lint(issuer, tmpl.profile, &issuer->certificate, cx_buf_view(&tbs), diag));
    return signer_journal_and_sign(signer, issuer, request, &tmpl, cx_buf_view(&tbs), arena, diag,
                                   ret_der);
}
