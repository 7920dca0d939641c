/* TLS BR 2.2.6 §7.1.2.8.2: A responder has no subjectAltName, no certificatePolicies and no CRL distribution points. */
#include "pki/lint/rule.h"

static void check(const struct lint_view *view, struct lint_out *out)
{
    if (view->san.extension)
        lint_found(out, "extensions.subjectAltName", "is present");
    if (view->policies.extension)
        lint_found(out, "extensions.certificatePolicies", "is present");
    if (view->crl_points.extension)
        lint_found(out, "extensions.cRLDistributionPoints", "is present");
}

const struct lint_rule lint_br_ocsp_extensions = {
    .about = {.id = "br-ocsp-extensions",
              .source = PKI_LINT_BASELINE,
              .severity = PKI_LINT_ERROR,
              .citation = "TLS BR 2.2.6 §7.1.2.8.2",
              .title = "A responder has no subjectAltName, no certificatePolicies and no CRL "
                       "distribution points"},
    .kinds = LINT_KIND(OCSP_SIGNER),
    .check = check,
};
