/* The steps of issuing that ceremonies share. */
#pragma once
#include "keys/signer.h"

/* Lints tbs under the issuer's stand-in signature; an error of the lint is CX_E_POLICY.
 * issuer_certificate NULL: rules that compare with the issuer are left out (a root). */
cx_err signer_lint(const struct issuer *issuer, const struct pki_profile *profile,
                   const struct pki_certificate *issuer_certificate, struct cx_bytes tbs,
                   struct cx_diag *diag);
cx_err signer_sign_intent(struct signer *signer, const struct issuer *issuer,
                          struct cx_id intent_id, struct cx_bytes tbs, struct arena *arena,
                          struct cx_bytes *ret_der);
/* Journals the intent durably, signs with the issuer's key and journals the certificate. request gives the ids. */
cx_err signer_journal_and_sign(struct signer *signer, const struct issuer *issuer,
                               const struct signer_issue *request, const struct pki_template *tmpl,
                               struct cx_bytes tbs, struct arena *arena, struct cx_diag *diag,
                               struct cx_bytes *ret_der);
