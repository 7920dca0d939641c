/* TLS BR 2.2.6 §7.1.2.8.2: id-pkix-ocsp-nocheck is not critical. */
#include "pki/lint/rule.h"
#include "pki/lint/oid.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    const struct pki_extension *nocheck = lint_extension(view->certificate, LINT_OID_OCSP_NOCHECK);
    if (nocheck && nocheck->critical)
        lint_found(out, "extensions.ocspNoCheck", "is critical");
}

const struct lint_rule lint_br_ocsp_nocheck_not_critical = {
    .about = {.id = "br-ocsp-nocheck-not-critical",
              .source = PKI_LINT_BASELINE,
              .severity = PKI_LINT_ERROR,
              .citation = "TLS BR 2.2.6 §7.1.2.8.2",
              .title = "id-pkix-ocsp-nocheck is not critical"},
    .kinds = LINT_KIND(OCSP_SIGNER),
    .check = check,
};
